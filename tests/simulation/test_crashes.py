"""A process dies in the middle of a write. Named by what must hold after the next one."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest

from sync.ledger.ledger import Ledger
from sync.model.abm import Score
from sync.model.records import LinkId, SystemName
from tests.simulation.acme import Acme, write_to
from tests.simulation.crms import Crms
from tests.simulation.wire_tap import Killed


def _states(acme: Acme) -> list[str]:
    with closing(sqlite3.connect(acme.ledger)) as database:
        return [
            state for (state,) in database.execute("SELECT state FROM writes WHERE fields LIKE '%territory%'")
        ]


@pytest.mark.parametrize(("edited", "written"), [("hubspot", "salesforce"), ("salesforce", "hubspot")])
def test_a_write_that_was_never_sent_is_not_taken_for_landed(acme: Acme, edited: str, written: str) -> None:
    def die() -> None:
        raise Killed

    acme.edit(edited, "territory", "north")
    acme.run_while(write_to(written), die, killed=True)
    assert _states(acme) == ["intended"]
    acme.run()
    assert _states(acme) == ["superseded", "confirmed"]
    assert acme.values("territory") == {"salesforce": "north", "hubspot": "north"}


def test_a_write_that_was_never_sent_is_not_taken_for_landed_because_an_earlier_one_brought_the_same(
    acme: Acme,
) -> None:
    """HubSpot's history holds a value of the row, set by us a moment before."""

    def die() -> None:
        raise Killed

    acme.edit("salesforce", "contract", "ours")
    acme.run()
    acme.edit("hubspot", "contract", "theirs")
    acme.edit("salesforce", "territory", "home")
    acme.run_while(write_to("hubspot"), die, killed=True, later=30)
    acme.run()
    assert acme.values("territory") == {"salesforce": "home", "hubspot": "home"}
    assert acme.values("contract") == {"salesforce": "ours", "hubspot": "ours"}


@pytest.mark.parametrize("tracked", [[], ["Account.Tier__c", "Account.MQA_Stage__c", "Account.Segment__c"]])
@pytest.mark.parametrize(("edited", "written"), [("hubspot", "salesforce"), ("salesforce", "hubspot")])
def test_a_row_is_not_taken_for_landed_because_somebody_entered_one_of_its_values(
    acme: Acme, edited: str, written: str, tracked: list[str]
) -> None:
    """What the row was to bring beside it still has to come, and what it never met is nobody's spelling of it."""
    acme.crms.door("salesforce", "settings", {"tracked": tracked})

    def die() -> None:
        acme.edit(written, "tier", "tier_3")
        raise Killed

    acme.edit(written, "mqa_stage", "awareness")
    acme.run()
    acme.edit(edited, "mqa_stage", "negotiating")
    acme.edit(edited, "tier", "tier_3")
    acme.edit(edited, "segment", "large")
    acme.run_while(write_to(written), die, killed=True)
    for _ in range(2):
        acme.run()
    for name, value in (("mqa_stage", "negotiating"), ("tier", "tier_3"), ("segment", "large")):
        assert acme.values(name) == {"salesforce": value, "hubspot": value}


def test_a_write_that_landed_before_the_crash_is_not_sent_again(acme: Acme) -> None:
    acme.edit("salesforce", "territory", "north")
    acme.run_while(write_to("hubspot"), lambda: None, killed=True)
    acme.run()
    assert _states(acme) == ["confirmed"]
    assert acme.values("territory") == {"salesforce": "north", "hubspot": "north"}


@pytest.mark.parametrize("edited", ["salesforce", "hubspot"])
def test_a_copy_that_landed_before_the_crash_does_not_overrule_whoever_it_came_from(
    acme: Acme, edited: str
) -> None:
    """On a ladder the higher rung wins; a copy of ours is no edit, though it stands higher."""
    other = "hubspot" if edited == "salesforce" else "salesforce"
    acme.edit(edited, "mqa_stage", "engaged")
    acme.run()
    acme.edit(edited, "mqa_stage", "evaluating")
    acme.run_while(write_to(other), lambda: None, killed=True)
    acme.edit(edited, "mqa_stage", "awareness")
    acme.run()
    assert acme.values("mqa_stage") == {"salesforce": "awareness", "hubspot": "awareness"}


def test_an_edit_on_top_of_what_landed_before_the_crash_is_one(acme: Acme) -> None:
    """HubSpot's history knows that our value stood there before."""
    acme.edit("salesforce", "territory", "north")
    acme.run_while(write_to("hubspot"), lambda: None, killed=True)
    acme.edit("hubspot", "territory", "south")
    acme.run()
    assert _states(acme)[0] == "confirmed"
    assert acme.values("territory") == {"salesforce": "south", "hubspot": "south"}
    assert acme.conflict("territory") is None


@pytest.mark.parametrize("edited", ["salesforce", "hubspot"])
def test_an_edit_that_met_a_crash_is_never_silently_gone(acme: Acme, edited: str) -> None:
    """Where no history is kept, both values stand against each other, and a person is asked."""
    other = "hubspot" if edited == "salesforce" else "salesforce"
    acme.edit(edited, "territory", "north")
    acme.run_while(write_to(other), lambda: None, killed=True)
    acme.edit(other, "territory", "south")
    acme.edit(edited, "territory", "east")
    acme.run()
    assert acme.conflict("territory") == {edited: "east", other: "south"}


def test_an_undo_that_died_stays_undone(acme: Acme) -> None:
    acme.edit("salesforce", "territory", "north")
    acme.run()
    acme.edit("salesforce", "territory", "south")
    acme.run()
    assert acme.app is not None
    last = acme.app.ledger.runs.latest(1)[0].id
    acme.run_while(write_to("hubspot"), lambda: None, killed=True, undo=last)
    acme.run()
    assert acme.values("territory") == {"salesforce": "south", "hubspot": "north"}
    acme.run()
    assert acme.values("territory") == {"salesforce": "south", "hubspot": "north"}


def test_a_decision_whose_run_died_is_carried_out_once_and_closed(acme: Acme) -> None:
    acme.edit("salesforce", "territory", "north")
    acme.edit("hubspot", "territory", "south")
    acme.run()
    assert acme.app is not None
    (asked,) = acme.app.ledger.conflicts.list()
    acme.app.ledger.conflicts.decide(asked.id, "south", by="ann")
    acme.run_while(write_to("salesforce"), lambda: None, killed=True)
    acme.run()
    assert acme.values("territory") == {"salesforce": "south", "hubspot": "south"}
    closed = acme.app.ledger.conflicts.get(asked.id)
    assert closed is not None
    assert closed.close_reason == "decided and carried out"


def test_a_blank_that_landed_before_the_crash_is_nobodys_edit(acme: Acme) -> None:
    acme.edit("salesforce", "territory", "north")
    acme.run()
    acme.edit("salesforce", "territory", "")
    acme.run_while(write_to("hubspot"), lambda: None, killed=True)
    acme.edit("salesforce", "territory", "east")
    acme.run()
    assert acme.conflict("territory") is None
    assert acme.values("territory") == {"salesforce": "east", "hubspot": "east"}


@pytest.mark.parametrize("edited", ["salesforce", "hubspot"])
def test_what_landed_before_the_crash_is_told_as_no_edit(acme: Acme, edited: str) -> None:
    other = "hubspot" if edited == "salesforce" else "salesforce"
    acme.edit(edited, "territory", "north")
    acme.run()
    acme.edit(edited, "territory", "south")
    acme.run_while(write_to(other), lambda: None, killed=True)
    acme.run()
    assert acme.app is not None
    record = acme.app.ledger.accounts.record(SystemName(other), acme.ids[other])
    assert record is not None
    told = acme.app.ledger.events.of_link(record.link_id or LinkId(""), "territory")
    assert {event.system for event in told if event.kind == "edited"} == {edited}


def test_a_half_written_account_goes_on_from_there(acme: Acme) -> None:
    """Salesforce has confirmed and HubSpot has not: what was confirmed is settled, and only the rest is sent."""
    acme.edit("hubspot", "territory", "north")
    acme.edit("salesforce", "segment", "large")
    acme.run_while(write_to("hubspot"), lambda: None, killed=True)
    acme.edit("hubspot", "territory", "south")
    acme.run()
    assert acme.values("territory") == {"salesforce": "south", "hubspot": "south"}
    assert acme.values("segment") == {"salesforce": "large", "hubspot": "large"}
    assert acme.conflict("territory") is None


def test_a_score_finds_its_account_although_the_run_that_linked_it_died(crms: Crms, acme: Acme) -> None:
    crms.salesforce("POST", "sobjects/Account", {"Name": "Beta", "Website": "beta.com"})
    with Ledger.open(f"sqlite:///{acme.ledger}", crms.clock.now) as ledger:
        ledger.scores.put([Score(key="beta.com", score="41.5", as_of=crms.clock.now())], source="csv")
    acme.run_while("/batch/upsert", lambda: None, killed=True)
    for _ in range(3):
        acme.run()
    [made] = [account for account in crms.accounts().values() if account["Name"] == "Beta"]
    assert made["Engagement_Score__c"] == 41.5


@pytest.mark.parametrize(("edited", "written"), [("hubspot", "salesforce"), ("salesforce", "hubspot")])
def test_an_undo_leaves_what_a_person_entered_before_the_run_could_bring_it(
    crms: Crms, acme: Acme, edited: str, written: str
) -> None:
    """The write of the Run changed nothing. HubSpot's history names the person; Salesforce, which tracks nothing here,
    tells who had saved the record right before."""
    crms.door("salesforce", "settings", {"tracked": []})
    acme.edit(edited, "territory", "north")
    acme.run_while(write_to(written), lambda: acme.edit(written, "territory", "north"))
    assert acme.app is not None
    last = acme.app.ledger.runs.latest(1)[0].id
    acme.run(undo=last)
    acme.run()
    assert acme.values("territory") == {"salesforce": "north", "hubspot": "north"}


def test_an_undo_of_a_run_that_covered_an_edit_does_not_lose_it(acme: Acme) -> None:
    acme.edit("salesforce", "mqa_stage", "engaged")
    acme.run_while(write_to("hubspot"), lambda: acme.edit("hubspot", "mqa_stage", "negotiating"))
    assert acme.app is not None
    last = acme.app.ledger.runs.latest(1)[0].id
    acme.run(undo=last)
    acme.run()
    assert acme.values("mqa_stage") == {"salesforce": "negotiating", "hubspot": "negotiating"}
