"""Tandem over lists of accounts and opportunities that nobody made for it."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pytest

from tests.e2e.people import SETTLED, TEAM, People
from tests.ids import HUBSPOT, SALESFORCE
from tests.shared import needs_data
from tests.world import World

pytestmark = needs_data

_STAGES = {
    "Won": "Closed Won",
    "Lost": "Closed Lost",
    "Engaging": "Negotiation/Review",
    "Prospecting": "Prospecting",
}


@pytest.fixture(scope="session")
def maven(data: Path) -> tuple[list[dict[str, str]], list[dict[str, str]]]:
    """85 accounts and 8,800 opportunities of a hardware seller."""
    return _table(data / "maven_crm/accounts.csv"), _table(data / "maven_crm/sales_pipeline.csv")


@pytest.mark.slow
def test_85_accounts_and_8_800_opportunities_of_a_real_pipeline_come_together(
    world: World, people: People, maven: tuple[list[dict[str, str]], list[dict[str, str]]]
) -> None:
    accounts, pipeline = maven
    world.configure("scope: {accounts: all}")
    users = people.users_of_salesforce()
    ids = people.collections(
        [
            {
                "Name": row["account"],
                "Website": _as_sales_types_it(_domain(row["account"]), number),
                "Industry": row["sector"],
                "NumberOfEmployees": int(row["employees"]),
                "OwnerId": users[TEAM[number % len(TEAM)]],
            }
            for number, row in enumerate(accounts)
        ]
    )
    people.batches(
        [
            {"name": _as_marketing_types_it(row["account"], number), "domain": _domain(row["account"])}
            for number, row in enumerate(accounts)
        ]
    )
    account_ids = dict(zip((row["account"] for row in accounts), ids, strict=True))
    job = people.bulk("Opportunity", list(_opportunities(pipeline, account_ids, users)))
    assert (job["state"], job["numberRecordsProcessed"], job["numberRecordsFailed"]) == (
        "JobComplete",
        8800,
        0,
    )
    world.clock.advance(SETTLED)

    assert world.run("provision", "apply", "--yes").code == 0
    planned = world.run("plan", "--json")
    assert planned.code == 3, planned.text
    assert (len(planned.json["links"]), planned.json["creates"], planned.json["ambiguous"]) == (85, [], [])
    applied = world.run("apply", "--yes", "--json")
    assert applied.code == 0, applied.text
    assert applied.json["counts"]["linked"] == 85
    assert applied.json["counts"]["written.hubspot"] == 85  # the owner, which HubSpot did not know

    pulled = world.run("outcomes", "pull", "--json")
    assert pulled.code == 0, pulled.text
    told = pulled.json["salesforce"]
    assert {name: told[name] for name in ("read", "won", "lost", "open", "without_account", "unlinked")} == {
        "read": 8800,
        "won": 4238,
        "lost": 2473,
        "open": 2089,
        "without_account": 1425,
        "unlinked": 0,
    }
    said = world.run("outcomes", "pull").text
    assert "1,425 opportunities without an account" in said

    # Nothing was made twice, and a second look finds nothing to do.
    assert len(world.org.store.table("Account").rows) == 85
    assert len(world.portal.shelf("companies").records) == 85
    assert world.run("plan").code == 0
    with world.ledger() as ledger:
        assert ledger.accounts.open_links() == 85
        assert ledger.outcomes.counts()["salesforce"].won == 4238


# -- 10,000 accounts -----------------------------------------------------------------------------------------


@pytest.mark.sweep
@pytest.mark.slow
def test_10_000_accounts_are_synced_edited_on_both_sides_and_left_in_peace(
    world: World, people: People, data: Path
) -> None:
    world.configure("scope: {accounts: all}", "guard: {max_changes: 100000}")
    domains = _load_10_000(world, people, data)
    assert world.run("provision", "apply", "--yes").code == 0

    people.see_the_fields()
    world.clock.advance(SETTLED)
    before = _calls(world)
    first = world.run("sync", "--json")
    assert first.code == 4, first.text
    # The domains of six of them (eBay, Twitter …) are pages of many companies: their names only ask a person.
    assert first.json["counts"]["linked"] == 9_994
    # Tiers went to Salesforce, owners to HubSpot, and each record was marked, in full calls only.
    assert first.json["counts"]["written.salesforce"] == 9_994
    assert first.json["counts"]["written.hubspot"] == 9_994
    # Fewer than 11,000 rows to update go in calls of 800: a job would have to read them all once more before it.
    assert _written_since(world, before) == {"salesforce": 13, "hubspot": 100}
    assert len(world.org.store.table("Account").rows) == len(domains) == 10_000

    with world.ledger() as ledger:
        accounts = sorted(ledger.accounts.all_linked(), key=lambda account: account.link.id)
    sales, marketing = accounts[:100], accounts[100:200]
    world.clock.advance(SETTLED)
    for account in sales:
        people.in_salesforce(account.records[SALESFORCE].id, MQA_Stage__c="engaged")
    for account in marketing:
        people.in_hubspot(
            account.records[HUBSPOT].id, hs_ideal_customer_profile=_other(account.link.base["tier"])
        )
    world.clock.advance(SETTLED)

    before = _calls(world)
    second = world.run("sync", "--json")
    assert second.code == 4, second.text
    assert second.json["counts"] == {"written.hubspot": 100, "written.salesforce": 100}
    assert _written_since(world, before) == {"salesforce": 1, "hubspot": 1}
    companies = world.portal.shelf("companies").records
    for account in sales:
        company = companies.find(account.records[HUBSPOT].id)
        assert company is not None
        assert company.values.get("tandem_mqa_stage") == "engaged"
    for account in marketing:
        row = world.org.store.get("Account", account.records[SALESFORCE].id)
        assert row is not None
        assert row["ABM_Tier__c"] == _other(account.link.base["tier"])

    world.clock.advance(SETTLED)
    third = world.run("sync", "--json")
    assert (third.code, third.json["counts"]) == (4, {}), third.text
    world.clock.advance(SETTLED)
    before = _calls(world)
    fourth = world.run("sync", "--json")
    assert (fourth.code, fourth.json["counts"]) == (4, {}), fourth.text
    assert _written_since(world, before) == {"salesforce": 0, "hubspot": 0}
    assert max(fourth.json["calls"].values()) <= 3
    with world.ledger() as ledger:
        assert ledger.check() == []


# -- making them ---------------------------------------------------------------------------------------------


def _table(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def _domain(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower()) + ".com"


def _as_sales_types_it(domain: str, number: int) -> str:
    forms = ("https://www.{}", "www.{}", "{}", "http://{}/", "https://{}/en/index.html", "HTTPS://WWW.{}/")
    return forms[number % len(forms)].format(domain)


def _as_marketing_types_it(name: str, number: int) -> str:
    return (name, name.upper(), f"{name}, Inc.", f"The {name} Company")[number % 4]


def _opportunities(
    pipeline: Sequence[Mapping[str, str]], account_ids: Mapping[str, str], users: Mapping[str, str]
) -> Iterator[dict[str, str]]:
    owners = [users[email] for email in TEAM]
    agents = sorted({row["sales_agent"] for row in pipeline})
    for row in pipeline:
        yield {
            "Name": f"{row['opportunity_id']} {row['product']}",
            "AccountId": account_ids[row["account"]] if row["account"] else "",
            "StageName": _STAGES[row["deal_stage"]],
            "CloseDate": row["close_date"] or "2026-12-31",
            "Amount": row["close_value"],
            "OwnerId": owners[agents.index(row["sales_agent"]) % len(owners)],
        }


def _load_10_000(world: World, people: People, data: Path) -> list[str]:
    """Fortune 1000, S&P 500 and generated companies, in both CRMs: tiers in one, owners in the other."""
    names = [row["company"] for row in _table(data / "fortune1000_2022/fortune1000.csv")]
    names += [row["Security"] for row in _table(data / "sp500/constituents.csv")]
    by_domain = {_domain(name): name for name in names if _domain(name) != ".com"}
    number = 0
    while len(by_domain) < 10_000:
        number += 1
        by_domain.setdefault(f"subsidiary{number}.com", f"Subsidiary {number} GmbH")
    users = list(people.users_of_salesforce().items())
    owners = [id for email, id in users if email in TEAM]
    world.org.load(
        "Account",
        [
            {
                "Name": name,
                "Website": _as_sales_types_it(domain, index),
                "OwnerId": owners[index % len(owners)],
            }
            for index, (domain, name) in enumerate(by_domain.items())
        ],
    )
    world.portal.load(
        "companies",
        [
            {
                "name": _as_marketing_types_it(name, index),
                "domain": domain,
                "hs_ideal_customer_profile": f"tier_{index % 3 + 1}",
            }
            for index, (domain, name) in enumerate(by_domain.items())
        ],
    )
    return list(by_domain)


def _other(tier: str | None) -> str:
    return "tier_1" if tier != "tier_1" else "tier_2"


def _calls(world: World) -> dict[str, dict[str, int]]:
    return {"salesforce": world.salesforce.calls()["routes"], "hubspot": world.hubspot.calls()["routes"]}


def _written_since(world: World, before: Mapping[str, Mapping[str, int]]) -> dict[str, int]:
    """Calls of one Run that wrote accounts."""

    def more(system: str, route: str) -> int:
        return _calls(world)[system].get(route, 0) - before[system].get(route, 0)

    return {
        # One composite call of every command asks who is there; a write that fits goes without one.
        "salesforce": more("salesforce", "POST /services/data/{v}/composite")
        - 1
        + more("salesforce", "PATCH /services/data/{v}/composite/sobjects"),
        "hubspot": sum(
            more("hubspot", f"POST /crm/v3/objects/{{objectType}}/batch/{kind}")
            for kind in ("create", "update", "upsert")
        ),
    }
