"""What is asked does not depend on when a Record came, and a quiet ledger is not walked through."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sync.bookkeeping import tidy
from sync.core.plan import Plan
from sync.ledger import Ledger
from sync.model.inbox import MatchState
from sync.model.records import NativeId, Record, RecordKey, RecordState, SystemName
from sync.planning.build import Look
from sync.planning.match_decisions import accept, reject
from sync.planning.new_links import look_again, match_new
from sync.settings.sections import Scope
from sync.writing.apply import Applied
from tests.ids import HUBSPOT, SALESFORCE

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
#: Whatever has a name is asked about, and nothing becomes an account by itself.
SCOPE = Scope(accounts="linked")
NAMES = (
    "Acme",
    "Acme Inc.",
    "Acme Networks",
    "ACME Networks",
    "Acmee",
    "Bosch Rexroth",
    "Rexroth Bosch",
    "Bosch",
)


def record(number: int, system: SystemName, name: str, **more: Any) -> Record:
    return Record(system=system, id=NativeId(str(number)), name=name, **more)


def ledger() -> Ledger:
    return Ledger.open("sqlite://", lambda: NOW)


def run(ledger: Ledger, *came: Record, scope: Scope = SCOPE, meanwhile: Sequence[Record] = ()) -> None:
    """These Records come, and a Run matches them. ``meanwhile``: what it reads again while it writes."""
    ledger.accounts.put(came)
    seen: list[RecordKey] = []
    proposals, asked, _ = match_new(ledger, scope, seen, set(), NOW, frozenset(), [])
    ledger.accounts.link((found.link, [member.key for member in found.members]) for found in proposals)
    ledger.accounts.put(meanwhile)
    plan = Plan(created_at=NOW, identities={}, ambiguous=tuple(asked))
    tidy(ledger, Look(plan=plan, links=frozenset(), records=tuple(seen)), Applied(), "run", frozenset())


def asked(ledger: Ledger) -> set[tuple[str, str, float | None]]:
    return {
        (stored.match.key, state.value, stored.match.score)
        for state in (MatchState.OPEN, MatchState.WAITING)
        for stored in ledger.matches.list(state)
    }


@st.composite
def some_records(draw: st.DrawFn) -> list[Record]:
    return [
        record(n, draw(st.sampled_from((HUBSPOT, SALESFORCE))), draw(st.sampled_from(NAMES)))
        for n in range(draw(st.integers(2, 8)))
    ]


@given(some_records(), st.data())
@settings(max_examples=60, deadline=None)
def test_when_a_record_came_decides_nothing(records: list[Record], data: st.DataObject) -> None:
    order: Sequence[Record] = data.draw(st.permutations(records))
    with ledger() as at_once, ledger() as one_by_one:
        run(at_once, *records)
        for each in order:
            run(one_by_one, each)
        assert asked(at_once) == asked(one_by_one)


@given(some_records(), st.data())
@settings(max_examples=60, deadline=None)
def test_every_question_can_be_answered_and_no_record_is_lost_by_it(
    records: list[Record], data: st.DataObject
) -> None:
    with ledger() as known:
        run(known, *records)
        for _ in range(3 * len(records)):
            open_ones = sorted(known.matches.list(), key=lambda stored: stored.match.key)
            if not open_ones:
                break
            stored = data.draw(st.sampled_from(open_ones))
            if data.draw(st.booleans()):
                accept(known, stored, by="ann")
            else:
                reject(known, stored, by="ann")
            run(known)
        # In the end nothing waits for an answer that will not be asked for.
        assert known.matches.list() == []
        assert known.matches.list(MatchState.WAITING) == []
        assert known.check() == []


def test_all_open_questions_can_be_accepted_in_any_order() -> None:
    records = [
        record(n, system, name)
        for n, (system, name) in enumerate(
            (system, name) for name in NAMES for system in (HUBSPOT, SALESFORCE)
        )
    ]
    with ledger() as known:
        run(known, *records)
        open_ones = known.matches.list()
        assert len(open_ones) == len(NAMES)
        for stored in reversed(open_ones):
            accept(known, stored, by="ann")


def test_who_is_left_alone_is_asked_about_no_more() -> None:
    with ledger() as known:
        run(known, record(1, HUBSPOT, "Acme"), record(2, SALESFORCE, "Acme"))
        (stored,) = known.matches.list()
        reject(known, stored, by="ann", leave_alone=True)
        run(known, record(3, SALESFORCE, "Acme"))
        assert asked(known) == set()


def test_a_record_whose_counterpart_goes_while_a_run_writes_is_looked_at_by_the_next_one() -> None:
    """Matching saw both, and the question is dropped at the end: who is left would never be looked at again."""
    scope = Scope(accounts="all")
    with ledger() as known:
        run(known, record(1, HUBSPOT, "Acme"), record(2, SALESFORCE, "Acme"), scope=scope)
        (stored,) = known.matches.list()
        assert stored.match.members == ((HUBSPOT, "1"), (SALESFORCE, "2"))
        gone = record(1, HUBSPOT, "Acme", state=RecordState.DELETED)
        run(known, scope=scope, meanwhile=(gone,))
        assert known.matches.list() == []
        run(known, scope=scope)
        left = known.accounts.record(SALESFORCE, NativeId("2"))
        assert left is not None
        assert left.link_id is not None


@pytest.mark.parametrize("first", [1, 2, 3, 4])
def test_of_two_records_one_must_be_in_scope(first: int) -> None:
    records = [
        record(1, HUBSPOT, "Acme", current={"target_account": "true"}),
        record(2, SALESFORCE, "Acme Networks"),
        record(3, HUBSPOT, "Bosch"),
        record(4, SALESFORCE, "Bosch"),
    ]
    with ledger() as known:
        run(known, records[first - 1], scope=Scope())
        run(known, *(each for each in records if each.id != str(first)), scope=Scope())
        (stored,) = known.matches.list()
    assert {id for _, id in stored.match.members} == {"1", "2"}


# -- a full Run ----------------------------------------------------------------------------------------------


@pytest.fixture
def quiet() -> Ledger:
    """A ledger of Records that are out of scope."""
    known = ledger()
    run(
        known,
        *(record(n, HUBSPOT, f"Quiet {n}", current={"tier": "tier_3"}) for n in range(5)),
        scope=Scope(),
    )
    return known


def test_another_scope_has_what_was_left_alone_looked_at_again(quiet: Ledger) -> None:
    look_again(quiet, Scope())
    assert not quiet.accounts.has_unmatched()
    look_again(quiet, Scope(accounts={"tier": ["tier_3"]}))
    assert quiet.accounts.has_unmatched()


def test_the_same_scope_does_not_walk_through_what_was_left_alone(
    quiet: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    look_again(quiet, Scope())
    monkeypatch.setattr(quiet.accounts, "passed_over", lambda: pytest.fail("the ledger was walked through"))
    look_again(quiet, Scope())
