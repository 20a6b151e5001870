"""Tandem is upgraded: the ledger that an earlier version left goes on where it stood."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass, replace

import pytest

from tests.e2e.crms import standing
from tests.e2e.people import SETTLED, People
from tests.sync.ledger.makers import former_ledger
from tests.world import World, open_world

TIER = "ABM_Tier__c"


@dataclass(frozen=True, slots=True, kw_only=True)
class Weeks:
    """Two CRMs that an earlier version has kept in step for some time."""

    world: World
    #: Acme in Salesforce, which is in step.
    acme: str


def weeks(world: World) -> Weeks:
    """Accounts in step, one in conflict, one refused, a question, a score and an opportunity; then a restore."""
    people = People(world)
    people.invite_the_team_to_hubspot()
    world.configure("scope: {accounts: all}")
    assert world.run("provision", "apply", "--yes").code == 0
    people.see_the_fields()
    pairs = [
        (
            people.new_in_salesforce(Name=name, Website=f"https://www.{domain}", ABM_Tier__c="tier_2"),
            people.new_in_hubspot(name=f"{name} Inc.", domain=domain),
        )
        for name, domain in (("Acme", "acme.com"), ("Globex", "globex.com"), ("Hooli", "hooli.com"))
    ]
    people.new_in_salesforce(Name="Initech")
    people.new_in_hubspot(name="Initech", domain="initech.com")
    _sync(world, 0, 4)
    world.clock.advance(SETTLED)
    opportunity = {"Name": "Pilot", "AccountId": pairs[0][0], "StageName": "Closed Won", "Amount": 5000}
    people.collections([{**opportunity, "CloseDate": "2026-02-01"}], "Opportunity")
    people.in_salesforce(pairs[0][0], MQA_Stage__c="engaged")
    people.in_salesforce(pairs[1][0], ABM_Tier__c="tier_1")
    people.in_hubspot(pairs[1][1], hs_ideal_customer_profile="tier_3")
    field = world.org.sobject("Account").fields[TIER]
    world.org.schema.put_field(
        "Account", replace(field, values=tuple(one for one in field.values if one.value != "tier_1"))
    )
    world.org.touch_definitions()
    people.in_hubspot(pairs[2][1], hs_ideal_customer_profile="tier_1")
    (world.folder / "scores.csv").write_text(
        "domain,score,as_of\nacme.com,71.5,2026-03-01\n", encoding="utf-8"
    )
    assert world.run("scores", "import", "scores.csv").code == 0
    _sync(world, 4)
    world.clock.advance(SETTLED)
    assert world.run("outcomes", "pull").code == 0
    for _ in range(9):
        world.clock.advance(SETTLED)
        _sync(world, 4)
    assert world.run("ledger", "backup", "kept.db").code == 0
    assert world.run("ledger", "restore", "kept.db", "--yes").code == 0
    people.close()
    return Weeks(world=world, acme=pairs[0][0])


def _sync(world: World, *codes: int) -> None:
    world.clock.advance(SETTLED)
    ran = world.run("sync")
    assert ran.code in codes, ran.text


@pytest.fixture(scope="module")
def upgraded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Weeks]:
    """The CRMs as that version left them, beside its ledger."""
    with open_world(tmp_path_factory.mktemp("weeks")) as world:
        found = weeks(world)
        path = world.folder / "tandem.db"
        path.unlink()
        former_ledger(path)
        yield found


def test_a_run_on_the_ledger_of_an_earlier_version_finds_nothing_to_do(upgraded: Weeks) -> None:
    world = upgraded.world
    before = standing(world)
    planned = world.run("plan", "--full", "--json").json
    assert [planned[what] for what in ("changes", "creates", "closures")] == [[], [], []]
    assert [conflict["label"] for conflict in planned["conflicts"]] == ["Globex Inc."]
    ran = world.run("sync")
    assert ran.code == 4, ran.text
    assert "1 Conflict open" in ran.text
    assert standing(world) == before
    with world.ledger() as ledger:
        assert ledger.check() == []
        assert len(ledger.held.list()) == 1
        assert len(ledger.matches.list()) == 1
        assert ledger.accounts.open_links() == 3
    kept = world.folder / "tandem.db.0003.bak"
    assert kept.stat().st_mode & 0o777 == 0o600
    with sqlite3.connect(kept) as connection:
        assert connection.execute("SELECT version_num FROM alembic_version").fetchall() == [("0003",)]
    world.clock.advance(SETTLED)
    again = world.run("sync")
    assert again.code == 4, again.text
    assert standing(world) == before
