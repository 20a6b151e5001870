"""The laws of the decision table, for any number of Systems and every rule."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from itertools import product

from hypothesis import given
from hypothesis import strategies as st

from mappings.fields import Direction, DirectionKind, FieldType, OnConflict, OnConflictKind, SyncRule
from sync.core.diff import CONFLICTS, Decision, Side, Verdict, Why, decide, settle
from sync.model.records import Base, Value
from tests.sync.core.generated_fields import (
    FLAVOURS,
    NAMES,
    RUNGS,
    START,
    TIMES,
    GeneratedField,
    generated_fields,
)


def close_enough(state: GeneratedField, side: Side, value: Value) -> bool:
    """Holds it, or is a number so near that the rule spares the write."""
    band = state.rule.dead_band
    near = (
        band is not None
        and side.current is not None
        and value is not None
        and abs(Decimal(side.current) - Decimal(value)) < band
    )
    return side.has(value) or near


# -- 1 Quiet -----------------------------------------------------------------------------------------------


@given(generated_fields(history=False))
def test_where_nothing_left_observed_nothing_changes(state: GeneratedField) -> None:
    still = {
        name: replace(side, settled=True, observed=side.current, new=False)
        for name, side in state.sides.items()
    }
    state = replace(state, sides=still, pushed=None)
    decision = state.decide()
    assert (decision.why, decision.writes, decision.overruled) == (Why.QUIET, (), {})
    after = state.after(decision)
    assert (after.base, after.sides) == (state.base, still)


@given(generated_fields(history=False), st.lists(TIMES, min_size=5, max_size=5))
def test_a_touch_without_a_change_of_value_does_nothing(state: GeneratedField, times: list[None]) -> None:
    if state.rule.on_conflict.kind is OnConflictKind.NEWEST:
        return
    touched = {
        name: replace(side, edited_at=at)
        for (name, side), at in zip(state.sides.items(), times, strict=False)
    }
    assert replace(state, sides=touched).decide() == state.decide()


# -- 2 Mirror ----------------------------------------------------------------------------------------------


def renamed(state: GeneratedField, names: dict[str, str], order: list[str]) -> GeneratedField:
    rule = state.rule
    leader, winner = rule.direction.system, rule.on_conflict.system
    rule = replace(
        rule,
        direction=Direction(kind=rule.direction.kind, system=names[leader] if leader else None),
        on_conflict=OnConflict(kind=rule.on_conflict.kind, system=names[winner] if winner else None),
    )
    sides = {names[name]: state.sides[name] for name in order}
    return replace(state, spec=replace(state.spec, rule=rule), sides=sides)


def in_any_order(decision: Decision, names: dict[str, str]) -> tuple[object, ...]:
    return (
        decision.why,
        decision.value,
        decision.is_base,
        {names[name] for name in decision.writes},
        {names[name] for name in decision.led_by},
        {names[name]: value for name, value in decision.overruled.items()},
    )


@given(generated_fields(history=False), st.permutations(NAMES), st.permutations(NAMES))
def test_swapping_systems_with_their_rules_swaps_the_outcome(
    state: GeneratedField, swapped: list[str], shuffled: list[str]
) -> None:
    names = dict(zip(NAMES, swapped, strict=True))
    order = [name for name in shuffled if name in state.sides]
    same = {name: name for name in NAMES}
    mirrored = renamed(state, names, order).decide()
    assert in_any_order(mirrored, same) == in_any_order(state.decide(), names)


# -- 3 Quiescent -------------------------------------------------------------------------------------------


@given(generated_fields(history=False))
def test_applied_and_planned_again_there_is_nothing_to_do_unless_a_conflict_is_open(
    state: GeneratedField,
) -> None:
    first = state.decide()
    after = state.after(first)
    again = after.decide()
    if first.is_conflict:
        assert again == first
    else:
        assert (again.writes, again.is_conflict) == ((), False)
        assert after.after(again) == after


# -- 4 Convergent ------------------------------------------------------------------------------------------


@given(generated_fields())
def test_after_apply_all_systems_agree_unless_a_conflict_or_the_rule_says_otherwise(
    state: GeneratedField,
) -> None:
    decision = state.decide()
    if decision.is_conflict or not decision.is_base:
        return
    after = state.after(decision)
    assert after.base == Base(decision.value)
    for side in after.sides.values():
        assert close_enough(state, side, decision.value)


@given(generated_fields())
def test_only_the_rule_leaves_systems_apart_without_a_conflict(state: GeneratedField) -> None:
    decision = state.decide()
    if decision.is_conflict or decision.is_base:
        return
    kind = state.rule.direction.kind
    leader = state.sides.get(state.rule.direction.system or "")
    assert (
        kind is DirectionKind.NONE
        or (kind is DirectionKind.PUSH and state.pushed is None)
        or (kind is DirectionKind.FROM and (leader is None or leader.blank))
        or (decision.why is Why.QUIET and state.base is None)
    )
    assert decision.writes == ()


# -- 5 No lost edit ----------------------------------------------------------------------------------------


@given(generated_fields(history=False))
def test_an_edit_is_carried_or_overruled_or_in_conflict_or_stands(state: GeneratedField) -> None:
    decision = state.decide()
    for name, value in state.edited().items():
        if name in decision.writes:
            assert decision.overruled[name] == value
        else:
            left_by_rule = not decision.is_base
            assert left_by_rule or close_enough(state, state.sides[name], decision.value)


@given(generated_fields(history=False))
def test_what_is_overruled_was_really_there_and_is_really_replaced(state: GeneratedField) -> None:
    decision = state.decide()
    for name, value in decision.overruled.items():
        assert name in decision.writes
        assert value == state.sides[name].current
        assert not state.sides[name].has(decision.value)


@given(generated_fields(history=False))
def test_a_value_of_a_system_that_joins_is_never_replaced_unsaid(state: GeneratedField) -> None:
    decision = state.decide()
    if state.rule.direction.kind is DirectionKind.PUSH:
        return
    for name, side in state.sides.items():
        if side.joins and not side.blank and name in decision.writes:
            in_step_with_base = state.base is not None and side.has(state.base.value)
            assert in_step_with_base or decision.overruled[name] == side.current


@given(generated_fields(history=False))
def test_the_value_that_wins_is_one_that_somebody_holds(state: GeneratedField) -> None:
    decision = state.decide()
    if not decision.writes:
        return
    known = {side.current for side in state.sides.values()} | {state.pushed, None}
    known |= {state.base.value} if state.base else set()
    assert decision.value in known
    for name in decision.led_by:
        assert state.sides[name].has(decision.value)


@given(generated_fields())
def test_a_conflict_names_what_at_least_two_systems_want(state: GeneratedField) -> None:
    decision = state.decide()
    if decision.why in CONFLICTS:
        assert (decision.writes, decision.is_base) == ((), False)
        assert len({side.current for side in state.sides.values()}) > 1
        assert settle(decision, state.sides) is None


# -- 6 Agreement advances the Base -------------------------------------------------------------------------


@given(generated_fields(two_way=True, exactly=True), st.data())
def test_the_same_edit_everywhere_is_no_change_but_the_base_moves(
    state: GeneratedField, data: st.DataObject
) -> None:
    value = data.draw(st.sampled_from([side.current for side in state.sides.values()]))
    base = state.base.value if state.base else None
    sides = {
        name: replace(side, current=value, observed=base, settled=True, new=False)
        for name, side in state.sides.items()
    }
    decision = replace(state, sides=sides).decide()
    assert decision.writes == ()
    if state.base is not None:
        assert decision.value == value
        assert decision.why is (Why.QUIET if value == base else Why.AGREED)
        assert decision.is_base


# -- first meeting -----------------------------------------------------------------------------------------


@given(generated_fields(two_way=True))
def test_at_the_first_meeting_a_blank_side_takes_the_others_value(state: GeneratedField) -> None:
    sides = {
        name: replace(side, settled=False, observed=None, current=side.shows(None))
        for name, side in state.sides.items()
    }
    first, *others = sides
    current = state.sides[first].current
    sides[first] = replace(sides[first], current=current)
    decision = decide(state.spec, sides)
    if sides[first].blank:
        assert (decision.why, decision.value, decision.writes) == (Why.MET, None, ())
    else:
        assert decision.value == current
        assert set(decision.writes) == {name for name in others if not sides[name].has(current)}
        assert decision.why is (Why.FILLED if decision.writes else Why.MET)
        assert decision.overruled == {}


# -- an oracle, written from the laws' words over plain dictionaries -----------------------------------------

CONFLICT = "conflict"


def says(rule: SyncRule, base: str, now: dict[str, Value], times: dict[str, int]) -> Value:
    """What every System shall hold, by the laws' text; all were settled at ``base``, and each spells exactly."""
    if rule.direction.system is not None:
        lead = now[rule.direction.system]
        wishes: set[Value] = {value for value in now.values() if value not in (None, base)}
        return the_one(wishes) if lead is None and rule.fill_blank and wishes else lead
    moved = {name: value for name, value in now.items() if value != base}
    if len(set(moved.values())) <= 1:
        return the_one(set(moved.values()) or {base})
    kind = rule.on_conflict.kind
    if kind is OnConflictKind.FURTHEST:
        return max(moved.values(), key=lambda value: -1 if value is None else RUNGS.index(value))
    if kind is OnConflictKind.NEWEST:
        latest = max(times[name] for name in moved)
        return the_one({value for name, value in moved.items() if times[name] == latest})
    return moved.get(rule.on_conflict.system or "", CONFLICT)


def the_one(values: set[Value]) -> Value:
    return next(iter(values)) if len(values) == 1 else CONFLICT


ALL_RULES = [
    *(
        SyncRule(direction=Direction.parse(f"from_{name}"), fill_blank=fill)
        for name, fill in product(NAMES[:2], (False, True))
    ),
    *(SyncRule(on_conflict=OnConflict.parse(text)) for text in ("manual", "newest", "furthest", *NAMES[:2])),
]


@given(
    st.sampled_from(ALL_RULES),
    st.integers(2, 5).flatmap(
        lambda n: st.lists(
            st.tuples(st.one_of(st.none(), st.sampled_from(RUNGS)), st.integers(0, 3)), min_size=n, max_size=n
        )
    ),
    st.sampled_from(RUNGS),
)
def test_settled_systems_end_where_the_laws_say(
    rule: SyncRule, drawn: list[tuple[Value, int]], base: str
) -> None:
    names = NAMES[: len(drawn)]
    now = {name: value for name, (value, _) in zip(names, drawn, strict=True)}
    times = {name: at for name, (_, at) in zip(names, drawn, strict=True)}
    sides = {
        name: Side(
            current=now[name], observed=base, settled=True, edited_at=START + timedelta(hours=times[name])
        )
        for name in names
    }
    decision = decide(FLAVOURS[0].field(rule), sides, base=Base(base))
    wanted = says(rule, base, now, times)
    if wanted == CONFLICT:
        assert decision.is_conflict
    else:
        assert (decision.is_conflict, decision.value) == (False, wanted)
        assert set(decision.writes) == {name for name in names if now[name] != wanted}
        assert set(decision.overruled) == {
            name for name in decision.writes if now[name] != base and now[name] != wanted
        }


# -- what a person decided -----------------------------------------------------------------------------------


@given(generated_fields(history=False), st.data())
def test_what_a_person_decided_counts_until_it_was_carried_out(
    state: GeneratedField, data: st.DataObject
) -> None:
    value = data.draw(st.sampled_from([side.current for side in state.sides.values()]))
    seen = {name: side.current for name, side in state.sides.items()}
    decided = decide(
        state.spec,
        state.sides,
        base=state.base,
        pushed=state.pushed,
        verdict=Verdict(value=value, seen=seen, by="ops"),
    )
    undecided = state.decide()
    quiet = all(side.settled and side.current == side.observed for side in state.sides.values())
    pushed = state.rule.direction.kind in {DirectionKind.PUSH, DirectionKind.NONE}
    carried_out = state.base == Base(value) and not undecided.is_conflict
    if quiet or pushed or carried_out:
        assert decided == undecided
    else:
        assert (decided.why, decided.value) == (Why.DECIDED, value)
        assert set(decided.writes) == {name for name, side in state.sides.items() if not side.has(value)}


@given(generated_fields(two_way=True, exactly=True), st.data())
def test_a_decision_about_values_that_no_longer_stand_is_not_carried_out(
    state: GeneratedField, data: st.DataObject
) -> None:
    first = state.decide()
    value = data.draw(st.sampled_from([side.current for side in state.sides.values()]))
    moved = data.draw(st.sampled_from(sorted(state.sides)))
    seen = {name: side.current for name, side in state.sides.items()} | {moved: "something else"}
    decided = decide(
        state.spec,
        state.sides,
        base=state.base,
        verdict=Verdict(value=value, seen=seen, by="ops"),
    )
    if first.is_conflict and not state.sides[moved].has(value):
        assert decided == first


def test_numbers_are_compared_by_value_and_band_only() -> None:
    rule = SyncRule(direction=Direction(kind=DirectionKind.PUSH), dead_band=Decimal(1))
    spec = replace(FLAVOURS[2].field(rule), type=FieldType.NUMBER)
    sides = {
        "salesforce": Side(current="40", observed="40", settled=True),
        "hubspot": Side(current="41.9", observed="40", settled=True),
    }
    decision = decide(spec, sides, pushed="40.9", base=Base("40"))
    assert (decision.writes, decision.overruled) == (("hubspot",), {"hubspot": "41.9"})
