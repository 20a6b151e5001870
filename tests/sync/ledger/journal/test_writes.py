"""Intent and confirmation, and the journals beside them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from connector.errors import Refusal
from sync.errors import LedgerError
from sync.ledger import Ledger
from sync.model.journal import OK, Confirmation, Event, FieldWrite, Intent, Run, Settlement, WriteState
from sync.model.records import Link, LinkId, NativeId, RecordKey
from tests.ids import HUBSPOT, SALESFORCE
from tests.sync.ledger.makers import HandClock, Statements, account, hubspot_id, record

TIER = {"tier": FieldWrite(value="tier_2", expected="tier_1", reason="edited in Salesforce", rule="two_way")}


def intent(link: str, **change: Any) -> Intent:
    made = Intent(link_id=LinkId(link), system=HUBSPOT, kind="update", native_id=hubspot_id(1), fields=TIER)
    return replace(made, **change)


@pytest.fixture
def run(ledger: Ledger) -> Run:
    return ledger.runs.start("sync", "tandem sync")


def test_an_intent_is_stored_before_anything_is_known_of_it(
    ledger: Ledger, run: Run, clock: HandClock
) -> None:
    link = account(ledger)
    (id,) = ledger.writes.intend(run.id, [intent(link)])
    (write,) = ledger.writes.of_run(run.id)
    assert write.id == id
    assert (write.run_id, write.link_id, write.system, write.kind, write.native_id) == (
        run.id,
        link,
        "hubspot",
        "update",
        hubspot_id(1),
    )
    assert write.fields == TIER
    assert (write.state, write.intended_at, write.settled_at, write.refusal) == (
        WriteState.INTENDED,
        clock.now,
        None,
        None,
    )


def test_ids_stand_in_the_order_of_the_intents(ledger: Ledger, run: Run) -> None:
    link = account(ledger)
    intents = [intent(link, native_id=f"{number}") for number in range(2500)]
    ids = ledger.writes.intend(run.id, intents)
    stored = {write.id: write.native_id for write in ledger.writes.of_run(run.id)}
    assert [stored[id] for id in ids] == [item.native_id for item in intents]


def test_an_intent_for_a_link_that_does_not_exist_is_refused(ledger: Ledger, run: Run) -> None:
    with pytest.raises(LedgerError):
        ledger.writes.intend(run.id, [intent("unknown")])
    assert ledger.writes.of_run(run.id) == []


def test_a_confirmation_brings_the_record_and_its_account_up_to_date_in_one_step(
    ledger: Ledger, run: Run, clock: HandClock
) -> None:
    link = account(ledger)
    (id,) = ledger.writes.intend(run.id, [intent(link)])
    stored = ledger.accounts.records(HUBSPOT, [hubspot_id(1)])[hubspot_id(1)]
    written = replace(
        stored, current={**stored.current, "tier": "tier_2"}, echo={"tier": "tier_2"}, not_before=clock.now
    )
    clock.wait(seconds=3)
    ledger.writes.confirm(
        [Confirmation(write_id=id, state=WriteState.CONFIRMED)],
        records=[written],
        settlements=[
            Settlement(link_id=link, base={"tier": "tier_2"}, observed={"hubspot": {"tier": "tier_2"}})
        ],
        events=[
            Event(kind="written", link_id=link, system=HUBSPOT, field="tier", old="tier_1", new="tier_2")
        ],
    )
    (write,) = ledger.writes.of_link(link)
    assert (write.state, write.settled_at, write.native_id) == (
        WriteState.CONFIRMED,
        clock.now,
        hubspot_id(1),
    )
    found = ledger.accounts.by_link(link)
    assert found is not None
    assert found.link.base == {"tier": "tier_2"}
    assert found.records[HUBSPOT] == replace(written, observed={"tier": "tier_2", "owner": None})
    assert [event.new for event in ledger.events.of_link(link, "tier")] == ["tier_2"]
    assert list(ledger.accounts.dirty()) == []


@pytest.mark.every_database
def test_a_create_gives_the_link_its_new_record(ledger: Ledger, run: Run) -> None:
    link = Link(id=LinkId("tdm9"), label="Acme", domain=None, evidence="only in salesforce")
    ledger.accounts.put([record()])
    ledger.accounts.link([(link, [RecordKey(SALESFORCE, record().id)])])
    (id,) = ledger.writes.intend(run.id, [intent("tdm9", kind="create", native_id=None)])
    ledger.writes.confirm(
        [Confirmation(write_id=id, state=WriteState.CONFIRMED, native_id=NativeId("9009"))],
        records=[record(system="hubspot", id="9009", link_id="tdm9", tandem_id="tdm9")],
    )
    assert ledger.writes.of_link(LinkId("tdm9"))[0].native_id == "9009"
    found = ledger.accounts.by_link(LinkId("tdm9"))
    assert found is not None
    assert set(found.records) == {"salesforce", "hubspot"}


def test_a_confirmation_that_cannot_be_stored_whole_is_not_stored_at_all(ledger: Ledger, run: Run) -> None:
    link = account(ledger)
    (id,) = ledger.writes.intend(run.id, [intent(link)])
    with pytest.raises(LedgerError):
        ledger.writes.confirm(
            [Confirmation(write_id=id, state=WriteState.CONFIRMED)],
            settlements=[Settlement(link_id=link, base={"tier": "tier_2"})],
            events=[Event(kind="written", run_id="no such run")],
        )
    assert [write.id for write in ledger.writes.open()] == [id]
    found = ledger.accounts.by_link(link)
    assert found is not None
    assert found.link.base == {}


def test_a_refusal_keeps_the_words_of_the_crm(ledger: Ledger, run: Run) -> None:
    link = account(ledger)
    (id,) = ledger.writes.intend(run.id, [intent(link)])
    refusal = Refusal(
        code="INVALID_OPTION", message="tier_2 is not allowed", fields=("abm_tier",), remedy="add it"
    )
    ledger.writes.confirm([Confirmation(write_id=id, state=WriteState.REFUSED, refusal=refusal)])
    (write,) = ledger.writes.of_link(link)
    assert (write.state, write.refusal) == (WriteState.REFUSED, refusal)


def test_open_are_the_writes_of_which_nobody_knows_what_became(
    ledger: Ledger, run: Run, clock: HandClock
) -> None:
    link = account(ledger)
    states = list(WriteState)
    ids = ledger.writes.intend(run.id, [intent(link) for _ in states])
    ledger.writes.confirm(
        Confirmation(write_id=id, state=state)
        for id, state in zip(ids, states, strict=True)
        if state is not WriteState.INTENDED
    )
    clock.wait(minutes=1)
    later = ledger.runs.start("sync", "schedule")
    (mine,) = ledger.writes.intend(later.id, [intent(link)])
    assert [write.state for write in ledger.writes.open(but=later.id)] == [WriteState.INTENDED]
    assert [write.id for write in ledger.writes.open()][-1] == mine


def test_a_batch_is_confirmed_in_a_handful_of_statements(
    ledger: Ledger, run: Run, statements: Statements
) -> None:
    links = [account(ledger, number) for number in range(1, 61)]
    with statements() as sent:
        ids = ledger.writes.intend(run.id, [intent(link) for link in links])
    assert len(sent) <= 2
    records = ledger.accounts.records(HUBSPOT, [hubspot_id(number) for number in range(1, 61)])
    with statements() as sent:
        ledger.writes.confirm(
            [Confirmation(write_id=id, state=WriteState.CONFIRMED) for id in ids],
            records=records.values(),
            settlements=[
                Settlement(link_id=link, base={"tier": "x"}, observed={"hubspot": {"tier": "x"}})
                for link in links
            ],
            events=[Event(kind="written", link_id=link) for link in links],
        )
    assert len(sent) <= 7


# -- runs ------------------------------------------------------------------------------------------------


def test_a_run_tells_how_it_ended(ledger: Ledger, clock: HandClock) -> None:
    run = ledger.runs.start("sync", "tandem sync")
    assert ledger.runs.get(run.id) == run
    assert run.finished_at is None
    clock.wait(minutes=2)
    ended = ledger.runs.finish(run.id, OK, counts={"changes": 3}, calls={"hubspot": 7})
    assert ended == replace(
        run, finished_at=clock.now, outcome="ok", counts={"changes": 3}, calls={"hubspot": 7}
    )
    assert ledger.runs.get(run.id) == ended
    assert ledger.runs.latest() == [ended]


@pytest.mark.every_database
def test_ids_of_runs_sort_as_they_began_even_within_one_second(ledger: Ledger, clock: HandClock) -> None:
    ids = [ledger.runs.start("sync", "test").id for _ in range(60)]
    clock.wait(seconds=1)
    ids.append(ledger.runs.start("sync", "test").id)
    assert ids[0] == "250301-093000"
    assert ids == sorted(set(ids))
    assert [run.id for run in ledger.runs.latest(3)] == ids[:-4:-1]


def test_the_last_run_that_went_well_is_found_by_its_kind(ledger: Ledger, clock: HandClock) -> None:
    wanted = ledger.runs.start("sync", "test")
    ledger.runs.finish(wanted.id, OK)
    for kind, outcome in (("sync", "failed"), ("outcomes", OK)):
        clock.wait(minutes=1)
        ledger.runs.finish(ledger.runs.start(kind, "test").id, outcome, error="it broke")
    clock.wait(minutes=1)
    ledger.runs.start("sync", "test")
    found = ledger.runs.last_ok("sync")
    assert found is not None
    assert found.id == wanted.id
    assert ledger.runs.last_ok("scores") is None


def test_a_run_that_nobody_knows_cannot_end(ledger: Ledger) -> None:
    assert ledger.runs.get("unknown") is None
    with pytest.raises(LedgerError, match="no Run unknown"):
        ledger.runs.finish("unknown", OK)


# -- events ----------------------------------------------------------------------------------------------


def test_events_come_back_as_they_happened(ledger: Ledger, run: Run, clock: HandClock) -> None:
    link = account(ledger)
    edited = Event(
        kind="edited",
        at=datetime(2025, 2, 28, 12, tzinfo=UTC),
        link_id=link,
        system=SALESFORCE,
        field="tier",
        old=None,
        new="tier_2",
        by="Ann",
    )
    written = Event(
        kind="written", link_id=link, system=HUBSPOT, field="tier", run_id=run.id, rule="two_way", note="n"
    )
    other = Event(kind="linked", link_id=link, run_id=run.id)
    ledger.events.append([written, edited, other])
    stored = replace(written, at=clock.now)
    assert ledger.events.of_link(link, "tier") == [edited, stored]
    assert ledger.events.of_link(link) == [edited, stored, replace(other, at=clock.now)]
    assert ledger.events.of_run(run.id) == [stored, replace(other, at=clock.now)]
    assert ledger.events.of_link(LinkId("unknown")) == []


def test_a_time_without_a_zone_is_refused(ledger: Ledger) -> None:
    with pytest.raises(LedgerError, match="has no time zone"):
        ledger.events.append([Event(kind="edited", at=datetime(2025, 1, 1))])  # noqa: DTZ001  (that is the point)
