"""matches: records that may be one account, and what a person says about them."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.e2e.people import SETTLED
from tests.scene import StandingTown, Town, open_standing_town


@pytest.fixture(scope="module")
def standing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StandingTown]:
    with open_standing_town(tmp_path_factory.mktemp("town")) as made:
        yield made


@pytest.fixture
def town(standing: StandingTown) -> Town:
    return standing.begin_anew()


def sync(town: Town) -> None:
    town.world.clock.advance(SETTLED)
    ran = town.world.run("sync", "--json")
    assert ran.code in {0, 4}, ran.text


def listed(town: Town, *options: str) -> list[dict[str, Any]]:
    ran = town.world.run("matches", "list", "--json", *options)
    assert ran.code in {0, 4}
    return list(ran.json)


def linked(town: Town, account: str) -> dict[str, str]:
    """The records of the account that a Salesforce record belongs to, by System."""
    with town.world.ledger() as ledger:
        record = ledger.accounts.record("salesforce", account)
        assert record is not None
        if record.link_id is None:
            return {}
        found = ledger.accounts.by_link(record.link_id)
        assert found is not None
        return {system: member.id for system, member in found.records.items()}


def namesakes(town: Town) -> tuple[str, str]:
    """Acme in Salesforce with a domain, and a company of the same name in HubSpot without one."""
    account = town.people.new_in_salesforce(Name="Acme GmbH", Website="acme.com", ABM_Tier__c="tier_1")
    company = town.people.new_in_hubspot(name="ACME")
    sync(town)
    return account, company


def test_namesakes_wait_and_nothing_is_created_for_them_meanwhile(town: Town) -> None:
    namesakes(town)
    (match,) = listed(town)
    assert (match["kind"], match["names_alike"]) == ("name", 100)
    assert match["evidence"] == "the same name, and no common domain"
    assert len(town.world.portal.shelf("companies").records) == 1
    shown = town.world.run("matches", "list")
    assert shown.code == 4
    assert "100%" in shown.out
    assert "tandem matches accept" in shown.out


def test_an_accepted_match_is_one_account_from_the_next_run_on(town: Town) -> None:
    account, company = namesakes(town)
    (match,) = listed(town)
    ran = town.world.run("matches", "accept", str(match["id"]), "--yes")
    assert ran.code == 0, ran.text
    sync(town)
    assert linked(town, account) == {"salesforce": account, "hubspot": company}
    record = town.world.portal.shelf("companies").records.find(company)
    assert record is not None
    assert record.values["hs_ideal_customer_profile"] == "tier_1"
    assert listed(town) == []


def test_a_rejected_match_is_two_accounts_for_good(town: Town) -> None:
    account, company = namesakes(town)
    (match,) = listed(town)
    assert town.world.run("matches", "reject", str(match["id"]), "--yes").code == 0
    sync(town)
    # The one with a domain is an account like any other now, and gets a company of its own.
    assert linked(town, account)["hubspot"] != company
    town.people.in_hubspot(company, name="Acme Inc.")
    sync(town)
    assert listed(town) == []
    assert linked(town, account)["hubspot"] != company


def test_duplicates_are_a_group_of_which_a_person_picks(town: Town) -> None:
    account = town.people.new_in_salesforce(Name="Acme", Website="acme.com", ABM_Tier__c="tier_1")
    companies = [town.people.new_in_hubspot(name=name, domain="acme.com") for name in ("Acme", "Acme Ltd")]
    sync(town)
    (match,) = listed(town)
    assert match["kind"] == "duplicate"
    assert {record["id"] for record in match["records"]} == {account, *companies}
    number = str(match["id"])
    refused = town.world.run("matches", "accept", number, "--yes")
    assert refused.code == 2
    assert "These are several records of hubspot" in refused.text
    stranger = town.world.run("matches", "accept", number, account, "999", "--yes")
    assert stranger.code == 2
    assert f"999 is not among the records of Match {number}." in stranger.text
    assert town.world.run("matches", "accept", number, account, companies[1], "--yes").code == 0
    sync(town)
    assert linked(town, account) == {"salesforce": account, "hubspot": companies[1]}
    assert listed(town) == []
    # The other one stays alone, whatever happens to it.
    town.people.in_hubspot(companies[0], name="Acme (old)")
    sync(town)
    assert linked(town, account)["hubspot"] == companies[1]


def test_a_question_ends_when_one_of_the_duplicates_is_gone(town: Town) -> None:
    account = town.people.new_in_salesforce(Name="Acme", Website="acme.com")
    companies = [town.people.new_in_hubspot(name=name, domain="acme.com") for name in ("Acme", "Acme Ltd")]
    sync(town)
    town.people.archives_in_hubspot(companies[0])
    town.people.in_hubspot(companies[1], name="Acme Corporation")
    sync(town)
    sync(town)
    assert listed(town) == []
    assert linked(town, account)["hubspot"] == companies[1]


def test_any_two_records_are_pinned_by_id(town: Town) -> None:
    account = town.people.new_in_salesforce(Name="Acme", Website="acme.com", ABM_Tier__c="tier_1")
    company = town.people.new_in_hubspot(name="Umbrella", domain="umbrella.example")
    town.world.configure("scope: {accounts: linked, create: false}")
    sync(town)
    ran = town.world.run("matches", "pin", f"salesforce:{account[:15]}", company, "--yes")
    assert ran.code == 0, ran.text
    sync(town)
    assert linked(town, account) == {"salesforce": account, "hubspot": company}
    # And taken apart again, for good.
    assert (
        town.world.run("matches", "reject", f"salesforce:{account}", f"hubspot:{company}", "--yes").code == 0
    )
    sync(town)
    assert linked(town, account).get("hubspot") is None
    town.people.in_hubspot(company, name="Umbrella Corp")
    sync(town)
    assert linked(town, account).get("hubspot") is None


def test_a_record_that_belongs_to_another_account_is_not_pinned_away(town: Town) -> None:
    one, other = town.scene(), town.scene()
    ran = town.world.run("matches", "pin", f"salesforce:{one.account}", f"hubspot:{other.company}", "--yes")
    assert ran.code == 2
    assert "is linked with one of them already" in ran.text
    assert linked(town, one.account) == {"salesforce": one.account, "hubspot": one.company}


def test_what_is_not_known_is_told_as_such(town: Town) -> None:
    town.scene()
    ran = town.world.run("matches", "pin", "salesforce:001000000000000AAA", "hubspot:1", "--yes")
    assert ran.code == 2
    assert "is not known to the ledger" in ran.text
    assert town.world.run("matches", "accept", "77", "--yes").code == 2
    assert "There is no match 77." in town.world.run("matches", "reject", "77", "--yes").text
