"""``decide`` alone decides: what is planned for generated accounts is what it says of each field, and nothing else."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from mappings.fields import CanonicalField, Direction, FieldType, OnConflict, SyncRule
from sync.core.conflicts import proposals
from sync.core.diff import Verdict, settle
from sync.core.draft import Context, Draft
from sync.core.planner import AskTimes, Question, plan_accounts, questions
from sync.model.records import (
    TANDEM_ID,
    Account,
    Covered,
    Edited,
    Evidence,
    LinkedField,
    LinkId,
    LinkSideValue,
    NativeId,
    Record,
    RecordField,
    SystemName,
    Value,
)
from tests.sync.core.desk import NOON, STAGES, TIERS, a_field, a_mapping, an_account, spellings

SYSTEMS = ("salesforce", "hubspot", "salesforce_emea")
VALUES: dict[str, tuple[Value, ...]] = {
    "tier": (None, *TIERS),
    "stage": (None, *STAGES),
    "target": (None, "true", "false"),
    "owner": (None, "ann@example.com", "bob@example.com", "gone@example.com"),
    "score": (None, "40", "40.44", "41"),
    "note": (None, "x"),
}
RULES: dict[str, tuple[SyncRule, ...]] = {
    "tier": tuple(SyncRule(on_conflict=OnConflict.parse(text)) for text in ("manual", "newest", "hubspot")),
    "stage": tuple(SyncRule(on_conflict=OnConflict.parse(text)) for text in ("furthest", "manual")),
    "target": (SyncRule(), SyncRule(direction=Direction.parse("from_hubspot"))),
    "owner": tuple(
        SyncRule(direction=Direction.parse("from_salesforce"), fill_blank=fill) for fill in (True, False)
    ),
    "score": (SyncRule(direction=Direction.parse("push")),),
    "note": (SyncRule(direction=Direction.parse("none")),),
}
TYPES = {
    "tier": FieldType.ENUM,
    "stage": FieldType.ENUM,
    "target": FieldType.BOOLEAN,
    "owner": FieldType.USER,
    "score": FieldType.NUMBER,
    "note": FieldType.TEXT,
}
OPTIONS = {"tier": TIERS, "stage": STAGES}
HOURS = st.sampled_from([NOON + timedelta(hours=hour) for hour in range(3)])


@st.composite
def fields(draw: st.DrawFn) -> dict[str, CanonicalField]:
    return {
        name: a_field(
            name,
            TYPES[name],
            rule=draw(st.sampled_from(RULES[name])),
            options=OPTIONS.get(name, ()),
            ladder=name == "stage",
        )
        for name in VALUES
    }


@st.composite
def records(draw: st.DrawFn, system: str) -> Record:
    """As readings, writes, crashes and merges may leave it."""

    def some(name: str) -> Value:
        return draw(st.sampled_from(VALUES[name]))

    current = {name: some(name) for name in VALUES if draw(st.integers(0, 19))}
    observed = {
        name: current[name] if name in current and draw(st.booleans()) else some(name)
        for name in VALUES
        if draw(st.integers(0, 3))
    }
    return Record(
        system=SystemName(system),
        id=NativeId(f"{system}-1"),
        link_id=LinkId("tdm1"),
        tandem_id=draw(st.sampled_from(["tdm1", None])),
        name="Acme",
        current=current,
        observed=observed,
        unreadable={name: "odd" for name in VALUES if not draw(st.integers(0, 29))},
        echo={name: current[name] for name in current if not draw(st.integers(0, 5))},
        covered={
            name: Covered(value=some(name), instead_of=some(name), at=draw(HOURS), by="u2")
            for name in current
            if not draw(st.integers(0, 7))
        },
        stamp=draw(HOURS),
        modified_by="u1",
    )


@st.composite
def desks(draw: st.DrawFn) -> tuple[Account, Context]:
    """An account, and all that is known beside it."""
    there = SYSTEMS[: draw(st.integers(2, 3))]
    known = there[: draw(st.integers(1, len(there)))]
    account = an_account(
        *(draw(records(system)) for system in known),
        base={name: draw(st.sampled_from(VALUES[name])) for name in VALUES if draw(st.booleans())},
    )
    spec = draw(fields())
    mapping = a_mapping(spec, there, required={"salesforce": {"owner"}}, scale={"hubspot": 1})
    verdicts = {
        LinkedField(LinkId("tdm1"), name): Verdict(
            value=draw(st.sampled_from(VALUES[name])),
            seen={system: record.current.get(name) for system, record in account.records.items()},
            by="ann",
        )
        for name in VALUES
        if not draw(st.integers(0, 5))
    }
    score = draw(st.sampled_from([None, "40", "41"]))
    return account, Context(
        fields=spec,
        spellings=spellings(mapping),
        creates_in=frozenset(map(SystemName, there)) if draw(st.booleans()) else frozenset(),
        lost=frozenset(name for name in VALUES if not draw(st.integers(0, 19))),
        parked=frozenset(LinkedField(LinkId("tdm1"), name) for name in VALUES if not draw(st.integers(0, 5))),
        put_back=frozenset(
            LinkSideValue(LinkId("tdm1"), SystemName(system), "score", score)
            for system in there
            if not draw(st.integers(0, 5))
        ),
        pushed=lambda _link_id: {} if score is None else {"score": score},
        verdicts=verdicts,
    )


@given(desks(), st.data())
def test_what_is_planned_for_an_account_is_what_decide_says_of_each_of_its_fields(
    desk: tuple[Account, Context], data: st.DataObject
) -> None:
    account, context = desk
    histories = {
        RecordField(system, record.id, name): Edited(
            at=data.draw(HOURS), by="u2", evidence=Evidence.FIELD_HISTORY
        )
        for system, record in account.records.items()
        for name in ("tier", "stage")
        if data.draw(st.booleans())
    }
    asked: list[LinkedField] = []

    def ask(contested: Iterable[LinkedField]) -> dict[RecordField, Edited]:
        asked.extend(contested)
        return histories

    asks: AskTimes | None = ask if data.draw(st.booleans()) else None
    draft = plan_accounts([account], context, asks)
    # A field that nobody contests is decided by what is known without asking.
    for name in VALUES:
        knows = ("tdm1", name) in asked
        of_field = questions(account, replace(context, times=histories) if knows else context)
        assert_planned(draft, name, of_field.get(name), account, context)


def assert_planned(
    draft: Draft, name: str, question: Question | None, account: Account, context: Context
) -> None:
    changes = {each.system: each for each in draft.changes if each.field == name}
    conflicts = [each for each in draft.conflicts if each.field == name]
    agreements = [each for each in draft.agreements if each.field == name]
    held = {each.system: each.code for each in draft.held if each.field == name}
    assert len(changes) == sum(1 for each in draft.changes if each.field == name)
    if question is None:
        assert (changes, conflicts, agreements) == ({}, [], [])
        return
    decision = question.decide()
    if decision.is_conflict:
        (conflict,) = conflicts
        assert (conflict.why, conflict.base) == (decision.why, question.base)
        assert conflict.proposals == proposals(question.spec, question.sides, question.base)
        assert (changes, agreements, held) == ({}, [], {})
        return
    assert conflicts == []
    # What a System cannot take is held, and decided all the same.
    unwritable = {system for system, code in held.items() if code == "unwritable"}
    assert {*changes, *unwritable} == set(decision.writes)
    assert not unwritable & changes.keys()
    assert {system for system, code in held.items() if code == "flip_flop"} == set(decision.fought)
    for system, change in changes.items():
        assert (change.value, change.why, change.led_by) == (decision.value, decision.why, decision.led_by)
        assert (change.evidence, change.overrules) == (decision.evidence, system in decision.overruled)
        record = account.records.get(system)
        assert change.expected == (record.current[name] if record is not None else None)
        assert context.spellings[system].unwritable(name, decision.value) is None
    observed = settle(decision, question.sides)
    assert observed is not None
    if agreements:
        (agreement,) = agreements
        assert (agreement.base, agreement.observed) == (decision.base, observed)
        assert (agreement.after, agreement.why) == (decision.writes, decision.why)
        assert (agreement.led_by, agreement.overruled) == (decision.led_by, decision.overruled)
    else:
        # The ledger holds it already.
        assert decision.writes == ()
        assert decision.base in {None, account.link.base_of(name)}
        for holder, value in observed.items():
            record = account.records[SystemName(holder)]
            assert (record.observed.get(name, "never"), name in record.covered) == (value, False)


@given(desks())
def test_the_records_are_marked_and_nothing_else_is_planned_beside_the_fields(
    desk: tuple[Account, Context],
) -> None:
    account, context = desk
    draft = plan_accounts([account], context)
    planned = {each.field for each in draft.changes} | {each.field for each in draft.conflicts}
    planned |= {each.field for each in draft.agreements}
    assert planned <= {*VALUES, TANDEM_ID}
    marked = {each.system for each in draft.changes if each.field == TANDEM_ID}
    assert marked == {
        system for system, record in account.records.items() if record.tandem_id != account.link.id
    }
