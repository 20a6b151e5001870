"""A Plan that would touch too much is stopped before its first write, with the numbers."""

from __future__ import annotations

from typing import Any

import pytest

from sync.core.diff import Why
from sync.core.guard import MIN_ACCOUNTS, MIN_NEW_LINKS, Guard
from sync.core.matching.grounds import Ground, grounds
from sync.core.matching.match import Proposal
from sync.core.plan import Change, Closure, Create, Plan
from sync.errors import UnsafePlan
from sync.model.records import TANDEM_ID, Link, LinkId, NativeId, Record
from tests.ids import HUBSPOT, SALESFORCE
from tests.sync.core.desk import NOON


def changes(count: int, **more: Any) -> tuple[Change, ...]:
    given: dict[str, Any] = {
        "label": "Acme",
        "system": "hubspot",
        "record_id": "9",
        "field": "tier",
        "expected": "tier_2",
        "value": "tier_1",
        "why": Why.EDITED,
    }
    return tuple(Change(link_id=LinkId(f"tdm{n}"), **{**given, **more}) for n in range(count))


def sentences(guard: Guard, plan: Plan) -> list[str]:
    return [limit.sentence for limit in guard.broken(plan)]


def a_plan(**more: Any) -> Plan:
    return Plan(**{"created_at": NOON, "identities": {}, "linked": 100, **more})


def creates(count: int) -> tuple[Create, ...]:
    return tuple(
        Create(link_id=LinkId(f"new{n}"), label="N", system=HUBSPOT, name="N", domain="n.io")
        for n in range(count)
    )


def closures(count: int) -> tuple[Closure, ...]:
    return tuple(
        Closure(
            link_id=LinkId(f"tdm{n}"), label="A", system=HUBSPOT, record_id=NativeId("9"), reason="deleted"
        )
        for n in range(count)
    )


def joined(count: int, *, unlike: int, stored: bool = False) -> tuple[Proposal, ...]:
    """So many new Links of two records, of which some have names that do not fit."""
    names = [("Acme", "Amazon Web Services") if n < unlike else ("Acme", "Acme Inc.") for n in range(count)]
    pairs = [
        tuple(
            Record(system=system, id=NativeId(f"{n}"), name=name)
            for system, name in zip((HUBSPOT, SALESFORCE), both, strict=True)
        )
        for n, both in enumerate(names)
    ]
    return tuple(
        Proposal(
            link=Link(id=LinkId(f"new{n}"), label="A", domain=None, evidence="same id", stored=stored),
            # Of a Link that stands, only the record that joins it.
            members=pair[stored:],
            grounds=grounds(Ground.TANDEM_ID, pair, "same Tandem id"),
        )
        for n, pair in enumerate(pairs)
    )


def proposals(count: int, *, stored: bool = False) -> tuple[Proposal, ...]:
    return tuple(
        Proposal(
            link=Link(id=LinkId(f"tdm{n}"), label="A", domain=None, evidence="same domain", stored=stored),
            members=(),
            grounds=grounds(Ground.ALONE, (), "only in hubspot"),
        )
        for n in range(count)
    )


def test_a_plan_within_the_limits_passes() -> None:
    Guard().check(a_plan(changes=changes(30), closures=closures(30)))


def test_more_writes_than_allowed_are_refused_with_both_numbers() -> None:
    with pytest.raises(UnsafePlan) as refused:
        Guard(max_changes=1200).check(a_plan(changes=changes(1201, expected=None)))
    assert str(refused.value) == (
        "The Plan is larger than the guard allows; nothing was written. "
        "It writes 1,201 field values; max_changes is 1,200."
    )
    assert refused.value.remedy == (
        "Look at it with: tandem plan. If it is right, let this one Run through with: --max-changes 1201"
    )
    assert refused.value.exit_code == 5


def test_creates_count_among_the_writes() -> None:
    plan = a_plan(changes=changes(2, expected=None), creates=creates(3))
    assert sentences(Guard(max_changes=5), plan) == []
    assert sentences(Guard(max_changes=4), plan) == [
        "It writes 2 field values and creates 3 records; max_changes is 4."
    ]
    assert [limit.needed for limit in Guard(max_changes=4).broken(plan)] == ["5"]


def test_more_than_a_share_of_overwritten_accounts_is_refused_with_the_numbers() -> None:
    assert sentences(Guard(), a_plan(changes=changes(31))) == [
        "It overwrites values of 31 of 100 linked accounts (31%); max_change_share is 30%."
    ]


def test_a_share_of_closing_links_is_refused_as_well_and_all_limits_are_told_at_once() -> None:
    plan = a_plan(changes=changes(40), closures=closures(50))
    with pytest.raises(UnsafePlan) as refused:
        Guard(max_changes=39).check(plan)
    assert "It writes 40 field values; max_changes is 39." in str(refused.value)
    assert "It overwrites values of 40 of 100 linked accounts (40%)" in str(refused.value)
    assert "It would close the Link of 50 of 100 linked accounts (50%)" in str(refused.value)
    assert (refused.value.remedy or "").endswith("with: --max-changes 40 --max-change-share 0.5")
    Guard(max_changes=40, max_change_share=0.5).check(plan)


@pytest.mark.parametrize("moved", [31, 34, 67, 99, 100])
def test_what_is_said_to_let_a_plan_through_does(moved: int) -> None:
    plan = a_plan(changes=changes(moved), linked=101)
    (limit,) = Guard().broken(plan)
    assert limit.option == "--max-change-share"
    Guard(max_change_share=float(limit.needed)).check(plan)


@pytest.mark.parametrize(
    "harmless",
    [
        {"expected": None},
        {"expected": "false", "fills": True},
        {"why": Why.PUSHED},
        {"field": TANDEM_ID},
    ],
    ids=["a blank", "a checkbox that was just created", "a score", "a mark"],
)
def test_what_overwrites_nobodys_value_does_not_count_into_the_share(harmless: dict[str, Any]) -> None:
    assert sentences(Guard(), a_plan(changes=changes(100, **harmless))) == []


def test_marks_do_not_count_among_the_writes() -> None:
    assert sentences(Guard(max_changes=5), a_plan(changes=changes(100, field=TANDEM_ID))) == []


def test_in_a_small_ledger_a_share_says_nothing() -> None:
    few = MIN_ACCOUNTS - 1
    assert sentences(Guard(), a_plan(changes=changes(few), closures=closures(few), linked=few)) == []
    assert len(sentences(Guard(), a_plan(changes=changes(few), linked=few + 1))) == 1


def test_the_first_run_is_held_to_the_share_of_the_accounts_that_it_links() -> None:
    first = {"linked": 0, "proposals": proposals(50)}
    assert sentences(Guard(), a_plan(changes=changes(15), **first)) == []
    assert sentences(Guard(), a_plan(changes=changes(16), **first)) == [
        "It overwrites values of 16 of 50 linked accounts (32%); max_change_share is 30%."
    ]


def test_records_that_join_a_link_make_no_account_more() -> None:
    joining = {"linked": 10, "proposals": proposals(15, stored=True)}
    assert sentences(Guard(), a_plan(changes=changes(10), **joining)) == []


def test_raising_a_limit_lets_the_same_plan_pass() -> None:
    Guard(max_change_share=1.0, max_changes=1000).check(a_plan(changes=changes(100), closures=closures(100)))


def scores(count: int, *, by: float) -> tuple[Change, ...]:
    return changes(count, field="engagement_score", expected="50", value=str(50 + by), why=Why.PUSHED)


def test_scores_that_most_move_far_are_stopped_with_the_numbers() -> None:
    assert sentences(Guard(), a_plan(changes=scores(31, by=30.5), scored=100)) == [
        "It moves 31 of 100 scores (31%) by more than 30 points; max_swing_share is 30%."
    ]
    assert sentences(Guard(max_swing_share=0.31), a_plan(changes=scores(31, by=-40), scored=100)) == []


def test_scores_that_move_a_little_or_that_are_few_pass() -> None:
    assert sentences(Guard(), a_plan(changes=scores(90, by=30), scored=100)) == []
    assert sentences(Guard(), a_plan(changes=scores(30, by=50), scored=100)) == []
    assert sentences(Guard(), a_plan(changes=scores(19, by=50), scored=19)) == []
    assert len(sentences(Guard(), a_plan(changes=scores(19, by=50), scored=20))) == 1
    first = changes(90, field="engagement_score", expected=None, value="90", why=Why.PUSHED)
    assert sentences(Guard(), a_plan(changes=first, scored=100)) == []


def test_a_full_read_may_miss_half_of_the_records_and_more_only_where_as_many_may_change() -> None:
    assert Guard(max_change_share=0.3).max_missing_share == 0.5
    assert Guard(max_change_share=0.8).max_missing_share == 0.8


def test_accounts_that_go_out_of_sight_together_stop_the_run() -> None:
    assert sentences(Guard(), a_plan(hidden=30)) == []
    assert sentences(Guard(), a_plan(hidden=31)) == [
        "It can no longer see 31 of 100 linked accounts (31%); max_change_share is 30%."
    ]


@pytest.mark.parametrize("stored", [False, True], ids=["new", "joining one that stands"])
def test_more_than_a_share_of_links_with_unlike_names_is_refused_with_the_numbers(stored: bool) -> None:
    assert sentences(Guard(), a_plan(proposals=joined(20, unlike=2, stored=stored))) == []
    plan = a_plan(proposals=joined(20, unlike=3, stored=stored))
    (limit,) = Guard().broken(plan)
    assert limit.sentence == (
        "It makes one account of records whose names do not fit each other in 3 of 20 new Links (15%); "
        "max_unlike_share is 10%."
    )
    assert (limit.option, limit.needed) == ("--max-unlike-share", "0.15")
    assert sentences(Guard(max_unlike_share=0.15), plan) == []


def test_among_few_new_links_a_share_of_unlike_names_says_nothing() -> None:
    few = MIN_NEW_LINKS - 1
    assert sentences(Guard(), a_plan(proposals=joined(few, unlike=few))) == []
    assert len(sentences(Guard(), a_plan(proposals=joined(few + 1, unlike=few)))) == 1


def test_records_of_one_account_alone_are_no_links_with_unlike_names() -> None:
    alone = proposals(100)
    assert sentences(Guard(), a_plan(proposals=(*alone, *joined(MIN_NEW_LINKS, unlike=1)))) == []


@pytest.mark.parametrize("nameless", [None, "", "n/a", "test"])
def test_a_record_without_a_name_is_not_unlike(nameless: str | None) -> None:
    pair = tuple(
        Record(system=system, id=NativeId("1"), name=name)
        for system, name in ((HUBSPOT, nameless), (SALESFORCE, "Acme"))
    )
    assert not grounds(Ground.DOMAIN_AND_LABEL, pair, "same domain").unlike
