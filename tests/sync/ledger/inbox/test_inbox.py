"""What waits for people or for time: Conflicts, what is held, and Matches."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from sync.errors import LedgerError
from sync.ledger import Ledger
from sync.ledger.inbox.held import pause
from sync.model.inbox import ConflictSide, ConflictState, Finding, HoldReason, Match, MatchState
from sync.model.records import Base, LinkId, NativeId, RecordKey
from tests.ids import HUBSPOT, SALESFORCE
from tests.sync.ledger.makers import HandClock, account


def finding(link: str, **change: Any) -> Finding:
    made = Finding(
        link_id=LinkId(link),
        field="tier",
        reason="both sides left the Base",
        base=Base(None),
        sides={
            "salesforce": ConflictSide(value="tier_1", at=datetime(2025, 2, 1, 8, tzinfo=UTC), by="Ann"),
            "hubspot": ConflictSide(value=None),
        },
        proposals={"newest": "tier_1"},
    )
    return replace(made, **change)


# -- conflicts -------------------------------------------------------------------------------------------


def test_a_conflict_comes_back_as_it_was_found(ledger: Ledger, clock: HandClock) -> None:
    link = account(ledger)
    run = ledger.runs.start("sync", "test")
    recorded = ledger.conflicts.record([finding(link)], looked_at=[link], run_id=run.id)
    (stored,) = ledger.conflicts.list()
    assert recorded == (stored.id,)
    assert stored.finding == finding(link)
    assert (stored.state, stored.opened_at, stored.opened_run) == (ConflictState.OPEN, clock.now, run.id)
    assert ledger.conflicts.get(stored.id) == stored
    assert ledger.conflicts.get(99) is None


@pytest.mark.every_database
def test_a_conflict_that_still_stands_keeps_its_id_and_learns_what_the_sides_say_now(
    ledger: Ledger, clock: HandClock
) -> None:
    link = account(ledger)
    (id,) = ledger.conflicts.record([finding(link)], looked_at=[link])
    opened = clock.now
    clock.wait(days=1)
    now = finding(
        link, sides={"salesforce": ConflictSide(value="tier_3"), "hubspot": ConflictSide(value=None)}
    )
    assert ledger.conflicts.record([now], looked_at=[link]) == ()
    stored = ledger.conflicts.get(id)
    assert stored is not None
    assert (stored.finding, stored.opened_at) == (now, opened)


def test_a_conflict_that_is_not_found_again_is_dissolved(ledger: Ledger, clock: HandClock) -> None:
    link, other = account(ledger), account(ledger, 2)
    first, second = ledger.conflicts.record([finding(link), finding(other)], looked_at=[link, other])
    clock.wait(days=1)
    assert ledger.conflicts.record([], looked_at=[link]) == ()
    closed = ledger.conflicts.get(first)
    assert closed is not None
    assert (closed.state, closed.closed_at) == (ConflictState.CLOSED, clock.now)
    assert [stored.id for stored in ledger.conflicts.list()] == [second]


def test_a_conflict_of_a_link_that_was_not_looked_at_stands(ledger: Ledger) -> None:
    link = account(ledger)
    ledger.conflicts.record([finding(link)], looked_at=[link])
    assert ledger.conflicts.record([], looked_at=["another"]) == ()
    assert len(ledger.conflicts.list()) == 1


def test_a_conflict_that_comes_back_is_a_new_one(ledger: Ledger) -> None:
    link = account(ledger)
    (first,) = ledger.conflicts.record([finding(link)], looked_at=[link])
    ledger.conflicts.record([], looked_at=[link])
    (second,) = ledger.conflicts.record([finding(link)], looked_at=[link])
    assert second > first


def test_a_decision_waits_to_be_carried_out_and_wakes_the_account(ledger: Ledger, clock: HandClock) -> None:
    link = account(ledger)
    (id,) = ledger.conflicts.record([finding(link)], looked_at=[link])
    decided = ledger.conflicts.decide(id, None, by="ann", note="agreed by phone")
    assert (decided.state, decided.decision, decided.decided_by, decided.decided_at, decided.note) == (
        ConflictState.DECIDED,
        None,
        "ann",
        clock.now,
        "agreed by phone",
    )
    assert ledger.conflicts.decisions([link]) == {(link, "tier"): decided}
    assert [found.link.id for found in ledger.accounts.dirty()] == [link]
    assert ledger.conflicts.list() == []
    assert [stored.id for stored in ledger.conflicts.list(state=ConflictState.DECIDED)] == [id]


def test_a_decision_survives_a_crash_between_plan_and_apply(ledger: Ledger) -> None:
    link = account(ledger)
    (id,) = ledger.conflicts.record([finding(link)], looked_at=[link])
    ledger.conflicts.decide(id, "tier_1", by="ann")
    assert ledger.conflicts.record([], looked_at=[link]) == ()
    assert set(ledger.conflicts.decisions([link])) == {(link, "tier")}


@pytest.mark.every_database
def test_a_decision_that_no_longer_fits_what_the_sides_say_is_open_anew(ledger: Ledger) -> None:
    link = account(ledger)
    (id,) = ledger.conflicts.record([finding(link)], looked_at=[link])
    ledger.conflicts.decide(id, "tier_1", by="ann")
    assert ledger.conflicts.record([finding(link)], looked_at=[link]) == ()
    (stored,) = ledger.conflicts.list()
    assert (stored.id, stored.decided_by, stored.decision) == (id, None, None)


def test_a_decision_that_was_carried_out_closes_the_conflict(ledger: Ledger) -> None:
    link = account(ledger)
    (id,) = ledger.conflicts.record([finding(link)], looked_at=[link])
    ledger.conflicts.decide(id, "tier_1", by="ann")
    ledger.conflicts.close([id], "decided and carried out")
    assert ledger.conflicts.decisions([link]) == {}
    stored = ledger.conflicts.get(id)
    assert stored is not None
    assert (stored.state, stored.close_reason, stored.decision) == (
        ConflictState.CLOSED,
        "decided and carried out",
        "tier_1",
    )


def test_what_is_closed_or_unknown_cannot_be_decided(ledger: Ledger) -> None:
    link = account(ledger)
    (id,) = ledger.conflicts.record([finding(link)], looked_at=[link])
    ledger.conflicts.close([id], "the Link is gone")
    with pytest.raises(LedgerError, match="is closed: the Link is gone"):
        ledger.conflicts.decide(id, "tier_1", by="ann")
    with pytest.raises(LedgerError, match="no Conflict 99"):
        ledger.conflicts.decide(99, "tier_1", by="ann")


def test_the_inbox_is_listed_by_field_system_account_and_state(ledger: Ledger) -> None:
    link, other = account(ledger), account(ledger, 2)
    found = [
        finding(link),
        finding(link, field="owner"),
        finding(other, sides={"salesforce": ConflictSide(value="a"), "pipedrive": ConflictSide(value="b")}),
    ]
    tier, owner, third = ledger.conflicts.record(found, looked_at=[link, other])
    ledger.conflicts.close([third], "gone")

    def ids(**filters: Any) -> list[int]:
        return [stored.id for stored in ledger.conflicts.list(**filters)]

    assert ids() == [tier, owner]
    assert ids(field="owner") == [owner]
    assert ids(state=None, system="pipedrive") == [third]
    assert ids(link_id=link, limit=1) == [tier]
    assert ids(state=ConflictState.CLOSED) == [third]
    assert ledger.conflicts.count() == {"owner": 1, "tier": 1}


# -- held ------------------------------------------------------------------------------------------------

HOLD = HoldReason(
    link_id=LinkId("tdm001"), system=HUBSPOT, field="tier", code="INVALID_OPTION", message="no", digest="d1"
)


def test_refusals_in_a_row_are_counted_and_wait_longer_each_time(ledger: Ledger, clock: HandClock) -> None:
    account(ledger)
    first = clock.now
    waits = []
    for _ in range(3):
        (held,) = ledger.held.hold([HOLD])
        waits.append(held.next_try_at - clock.now)
        clock.wait(hours=1)
    assert waits == [timedelta(minutes=1), timedelta(minutes=2), timedelta(minutes=4)]
    (held,) = ledger.held.list()
    assert (held.hold, held.attempts, held.first_at, held.last_at) == (
        HOLD,
        3,
        first,
        clock.now - timedelta(hours=1),
    )


def test_other_values_are_another_matter(ledger: Ledger, clock: HandClock) -> None:
    account(ledger)
    ledger.held.hold([HOLD])
    ledger.held.hold([HOLD])
    clock.wait(days=1)
    (held,) = ledger.held.hold([replace(HOLD, digest="d2")])
    assert (held.attempts, held.first_at) == (1, clock.now)
    assert ledger.held.list() == [held]


@pytest.mark.every_database
def test_what_is_held_is_due_when_its_time_has_come(ledger: Ledger, clock: HandClock) -> None:
    account(ledger)
    whole = replace(HOLD, field="", code="LOCKED")
    ledger.held.hold([HOLD], pause=lambda _: timedelta(hours=1))
    ledger.held.hold([whole], pause=lambda _: timedelta(minutes=1))

    def waiting(now: datetime) -> list[HoldReason]:
        return [held.hold for held in ledger.held.of_links(["tdm001"]).values() if held.waits(now)]

    assert sorted(waiting(clock.now), key=lambda hold: hold.field) == [whole, HOLD]
    assert waiting(clock.wait(minutes=1)) == [HOLD]
    assert waiting(clock.wait(hours=1)) == []


def test_what_a_clock_that_was_ahead_has_held_is_tried_at_once(ledger: Ledger, clock: HandClock) -> None:
    account(ledger)
    clock.now += timedelta(days=400)
    ledger.held.hold([HOLD])
    clock.now -= timedelta(days=400)
    (held,) = ledger.held.list()
    assert not held.waits(clock.now)
    # Once it is refused by the right time, its pause is an ordinary one, however far ahead the first refusal was.
    ledger.held.hold([HOLD])
    (held,) = ledger.held.list()
    assert held.waits(clock.now)
    assert not held.waits(clock.now + pause(held.attempts))


def test_what_was_written_is_released(ledger: Ledger) -> None:
    account(ledger)
    whole = replace(HOLD, field="")
    ledger.held.hold([HOLD, whole, replace(HOLD, system=SALESFORCE)])
    ledger.held.release([("tdm001", "hubspot", "tier"), ("tdm001", "hubspot", "unknown")])
    assert set(ledger.held.of_links(["tdm001", "tdm002"])) == {
        ("tdm001", "hubspot", ""),
        ("tdm001", "salesforce", "tier"),
    }
    assert [held.hold for held in ledger.held.list(system=HUBSPOT)] == [whole]


def test_a_link_that_ends_takes_its_conflicts_and_what_is_held_with_it(ledger: Ledger) -> None:
    account(ledger)
    ledger.held.hold([HOLD])
    (id,) = ledger.conflicts.record([finding("tdm001")], looked_at=[])
    ledger.accounts.close(LinkId("tdm001"), "hubspot: was deleted there")
    assert ledger.held.list() == []
    assert ledger.conflicts.list() == []
    closed = ledger.conflicts.get(id)
    assert closed is not None
    assert closed.close_reason == "the account is no longer linked: hubspot: was deleted there"


def test_releasing_nothing_releases_nothing(ledger: Ledger) -> None:
    account(ledger)
    ledger.held.hold([HOLD])
    ledger.held.release([])
    assert len(ledger.held.list()) == 1


@pytest.mark.parametrize(("attempts", "wait"), [(1, 1), (2, 2), (11, 1024), (12, 1440), (10_000, 1440)])
def test_the_pause_doubles_from_a_minute_to_a_day(attempts: int, wait: int) -> None:
    assert pause(attempts) == timedelta(minutes=wait)


# -- matches ---------------------------------------------------------------------------------------------

MATCH = Match(
    kind="duplicate",
    members=(RecordKey(HUBSPOT, NativeId("1")), RecordKey(SALESFORCE, NativeId("3"))),
    evidence="same domain, but 2 in hubspot",
    score=0.9,
)
OTHER = replace(MATCH, members=(RecordKey(HUBSPOT, NativeId("2")), RecordKey(SALESFORCE, NativeId("3"))))


def test_a_question_is_asked_once(ledger: Ledger, clock: HandClock) -> None:
    (stored,) = ledger.matches.record([MATCH])
    assert (stored.match, stored.state, stored.opened_at) == (MATCH, MatchState.OPEN, clock.now)
    clock.wait(days=1)
    assert ledger.matches.record([MATCH]) == [stored]
    assert ledger.matches.list() == [stored]


def test_a_decided_question_stays_decided(ledger: Ledger, clock: HandClock) -> None:
    (stored,) = ledger.matches.record([MATCH])
    decided = ledger.matches.decide(stored.id, MatchState.REJECTED, by="ann", note="two branches")
    assert (decided.decided_by, decided.decided_at, decided.note) == ("ann", clock.now, "two branches")
    (again,) = ledger.matches.record([replace(MATCH, evidence="said otherwise")])
    assert (again.state, again.match.evidence) == (MatchState.REJECTED, MATCH.evidence)
    assert ledger.matches.list() == []
    assert ledger.matches.list(None) == [again]
    assert ledger.matches.get(stored.id) == again


@pytest.mark.every_database
def test_what_was_accepted_and_has_come_apart_is_asked_anew(ledger: Ledger) -> None:
    (stored,) = ledger.matches.record([MATCH])
    ledger.matches.decide(stored.id, MatchState.ACCEPTED, by="ann", left_alone=[MATCH.members[0]])
    (again,) = ledger.matches.record([replace(MATCH, evidence="the same name")])
    assert (again.id, again.state, again.decided_by) == (stored.id, MatchState.OPEN, None)
    assert again.left_alone == ()


@pytest.mark.every_database
def test_a_question_that_waits_is_open_when_its_turn_comes(ledger: Ledger) -> None:
    (waiting,) = ledger.matches.record([replace(MATCH, waits=True)])
    assert waiting.state is MatchState.WAITING
    assert ledger.matches.list() == []
    (stored,) = ledger.matches.record([MATCH])
    assert (stored.id, stored.state) == (waiting.id, MatchState.OPEN)


@pytest.mark.every_database
def test_whom_a_person_leaves_alone_is_left_alone_until_somebody_says_otherwise(ledger: Ledger) -> None:
    second, first = sorted(
        ledger.matches.record([MATCH, OTHER]), key=lambda stored: stored.match.members, reverse=True
    )
    ledger.matches.decide(first.id, MatchState.REJECTED, by="ann", left_alone=first.match.members)
    ledger.matches.decide(
        second.id, MatchState.REJECTED, by="ann", left_alone=[RecordKey(HUBSPOT, NativeId("2"))]
    )
    assert ledger.matches.left_alone() == {*first.match.members, (HUBSPOT, NativeId("2"))}
    ledger.matches.release([RecordKey(HUBSPOT, NativeId("2")), RecordKey(SALESFORCE, NativeId("3"))])
    assert ledger.matches.left_alone() == {(HUBSPOT, NativeId("1"))}


def test_questions_that_no_longer_arise_are_dropped_unless_they_were_decided(ledger: Ledger) -> None:
    one, two = ledger.matches.record([MATCH, OTHER])
    ledger.matches.decide(two.id, MatchState.ACCEPTED, by="ann")
    ledger.matches.drop([one.match.key, two.match.key])
    assert [stored.id for stored in ledger.matches.list(None)] == [two.id]


def test_a_match_that_nobody_knows_cannot_be_decided(ledger: Ledger) -> None:
    with pytest.raises(LedgerError, match="no Match 9"):
        ledger.matches.decide(9, MatchState.ACCEPTED, by="ann")
