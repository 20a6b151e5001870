"""From accounts to a draft: what is written, what is held, what is created, and what is settled."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

import pytest

from mappings.fields import Direction, FieldType, OnConflict, SyncRule
from sync.core.diff import Verdict, Why
from sync.core.draft import Context, Draft
from sync.core.plan import Agreement
from sync.core.planner import plan_accounts, rule_text
from sync.model.records import (
    TANDEM_ID,
    Account,
    Base,
    Covered,
    Edited,
    LinkId,
    NativeId,
    Record,
    SystemName,
    Value,
)
from tests.sync.core.desk import NOON, STAGES, TIERS, a_field, a_mapping, an_account, spellings

FIELDS = {
    "tier": a_field("tier", FieldType.ENUM, options=TIERS),
    "stage": a_field(
        "stage",
        FieldType.ENUM,
        rule=SyncRule(on_conflict=OnConflict.parse("furthest")),
        options=STAGES,
        ladder=True,
    ),
    "target": a_field("target", FieldType.BOOLEAN),
    "owner": a_field(
        "owner", FieldType.USER, rule=SyncRule(direction=Direction.parse("from_salesforce"), fill_blank=True)
    ),
    "score": a_field("score", FieldType.NUMBER, rule=SyncRule(direction=Direction.parse("push"))),
}
TWO = ("salesforce", "hubspot")
THREE = (*TWO, "salesforce_emea")
BLANK: dict[str, Value] = {"tier": None, "stage": None, "target": None, "owner": None, "score": None}


def a_context(systems: tuple[str, ...] = TWO, **more: object) -> Context:
    required = {system: {"owner"} for system in systems if system != "hubspot"}
    mapping = a_mapping(FIELDS, systems, required=required)
    return Context(fields=FIELDS, spellings=spellings(mapping), **more)  # type: ignore[arg-type]


def a_side(system: str, *, observed: Mapping[str, Value] | None = None, **values: Value) -> Record:
    """A settled record in which ``values`` were edited since."""
    settled = {**BLANK, "target": "false" if system != "hubspot" else None, **(observed or {})}
    return Record(
        system=SystemName(system),
        id=NativeId(f"{system}-1"),
        link_id=LinkId("tdm1"),
        tandem_id="tdm1",
        name="Acme",
        current={**settled, **values},
        observed=settled,
        stamp=NOON,
        modified_by="u1",
    )


def planned(
    *records: Record, base: Mapping[str, Value] | None = None, context: Context | None = None
) -> Draft:
    account = an_account(*records, base=BLANK if base is None else base)
    return plan_accounts([account], context or a_context(tuple(record.system for record in records)))


def writes(draft: Draft) -> dict[tuple[str, str], tuple[Value, Value]]:
    return {(change.system, change.field): (change.expected, change.value) for change in draft.changes}


def test_an_account_where_nothing_moved_plans_nothing_and_settles_nothing() -> None:
    assert planned(a_side("salesforce"), a_side("hubspot")) == Draft()


def test_an_edit_becomes_a_change_with_what_it_replaces_and_why() -> None:
    draft = planned(a_side("salesforce", tier="tier_1"), a_side("hubspot"))
    (change,) = draft.changes
    assert (change.system, change.record_id, change.field) == ("hubspot", "hubspot-1", "tier")
    assert (change.expected, change.value, change.why) == (None, "tier_1", Why.EDITED)
    assert (change.led_by, change.overrules, change.fills) == (("salesforce",), False, False)
    assert (change.reason, change.rule) == ("edited in salesforce", "two_way, on_conflict manual")
    (agreement,) = draft.agreements
    assert (agreement.base, agreement.after) == (Base("tier_1"), ("hubspot",))
    assert agreement.observed == {"salesforce": "tier_1", "hubspot": "tier_1"}


def test_an_overruled_edit_is_kept_in_the_change_and_in_the_agreement() -> None:
    draft = planned(a_side("salesforce", stage="engaged"), a_side("hubspot", stage="closed"))
    (change,) = draft.changes
    assert (change.system, change.expected, change.overrules) == ("salesforce", "engaged", True)
    assert change.reason == "furthest stage is hubspot's; the value here is overruled"
    assert draft.agreements[0].overruled == {"salesforce": "engaged"}


def test_a_disagreement_becomes_a_conflict_with_every_side_and_what_each_rule_would_do() -> None:
    context = a_context(who=lambda system, id: f"{id}@{system}")
    stamps = (NOON, NOON + timedelta(hours=1))
    sides = (a_side("salesforce", tier="tier_1"), replace(a_side("hubspot", tier="tier_2"), stamp=stamps[1]))
    draft = planned(*sides, context=context)
    (conflict,) = draft.conflicts
    assert (draft.changes, draft.agreements) == ([], [])
    assert (conflict.why, conflict.reason) == (Why.BOTH_EDITED, "edited differently since they last agreed")
    assert conflict.base == Base(None)
    seen = conflict.sides["hubspot"]
    assert (seen.value, seen.observed, seen.at, seen.by) == ("tier_2", None, stamps[1], "u1@hubspot")
    assert conflict.proposals == {"salesforce": "tier_1", "hubspot": "tier_2", "newest": "tier_2"}


def test_a_question_about_values_that_were_taken_away_and_put_back_stands() -> None:
    """Each is what it was when somebody emptied it, and yet nothing was ever agreed on."""
    sides = (
        a_side("salesforce", observed={"tier": "tier_1"}),
        a_side("hubspot", observed={"tier": "tier_2"}),
    )
    draft = planned(*sides, base={name: value for name, value in BLANK.items() if name != "tier"})
    assert [(each.field, each.why) for each in draft.conflicts] == [("tier", Why.FIRST_MEETING)]


def test_a_ladder_also_proposes_the_furthest_stage() -> None:
    manual = {"stage": replace(FIELDS["stage"], rule=SyncRule())}
    context = replace(a_context(), fields=manual)
    draft = planned(a_side("salesforce", stage="engaged"), a_side("hubspot", stage="closed"), context=context)
    assert draft.conflicts[0].proposals["furthest"] == "closed"


def test_the_time_of_an_edit_may_be_known_better_than_by_the_records_stamp() -> None:
    newest = {"tier": replace(FIELDS["tier"], rule=SyncRule(on_conflict=OnConflict.parse("newest")))}
    edits = {"salesforce": NOON + timedelta(days=1), "hubspot": NOON}
    times = {(system, f"{system}-1", "tier"): Edited(at=at) for system, at in edits.items()}
    context = replace(a_context(times=times), fields=newest)
    draft = planned(a_side("salesforce", tier="tier_1"), a_side("hubspot", tier="tier_2"), context=context)
    assert writes(draft) == {("hubspot", "tier"): ("tier_2", "tier_1")}


def test_a_persons_decision_is_carried_out() -> None:
    verdict = Verdict(value="tier_3", seen={"salesforce": "tier_1", "hubspot": "tier_2"}, by="ann")
    context = a_context(verdicts={("tdm1", "tier"): verdict})
    draft = planned(a_side("salesforce", tier="tier_1"), a_side("hubspot", tier="tier_2"), context=context)
    assert writes(draft) == {
        ("salesforce", "tier"): ("tier_1", "tier_3"),
        ("hubspot", "tier"): ("tier_2", "tier_3"),
    }
    assert {change.reason for change in draft.changes} == {"decided by a person; the value here is overruled"}


# -- what cannot be read or written --------------------------------------------------------------------------


def test_a_value_without_a_meaning_is_held_and_nothing_is_planned_for_that_field() -> None:
    broken = replace(
        a_side("hubspot", stage="closed"), unreadable={"tier": "'Platin' is none of the options"}
    )
    draft = planned(a_side("salesforce", tier="tier_1"), broken)
    assert set(writes(draft)) == {("salesforce", "stage")}
    (hold,) = draft.held
    assert (hold.system, hold.field, hold.code) == ("hubspot", "tier", "unreadable")
    assert hold.message == "'Platin' is none of the options"
    assert hold.remedy == "Correct the value in hubspot, or add it to the mapping."
    assert [found.field for found in draft.agreements] == ["stage"]


def test_every_system_that_cannot_be_read_is_named() -> None:
    sides = [replace(a_side(system), unreadable={"tier": "?"}) for system in TWO]
    assert [hold.system for hold in planned(*sides).held] == list(TWO)


def test_a_field_that_was_not_read_yet_is_left_alone() -> None:
    side = a_side("hubspot")
    unread = replace(side, current={k: v for k, v in side.current.items() if k != "tier"})
    assert planned(a_side("salesforce", tier="tier_1"), unread) == Draft()


def test_a_system_that_cannot_take_the_value_is_held_while_the_others_are_written() -> None:
    emea = a_mapping(FIELDS, ("salesforce_emea",), required={"salesforce_emea": {"tier"}})
    context = a_context(THREE)
    context = replace(context, spellings={**context.spellings, **spellings(emea)})
    tiers = {"tier": "tier_2"}
    draft = planned(
        *(a_side(system, observed=tiers, tier=None if system == "hubspot" else "tier_2") for system in THREE),
        base={**BLANK, **tiers},
        context=context,
    )
    assert writes(draft) == {("salesforce", "tier"): ("tier_2", None)}
    (hold,) = draft.held
    assert (hold.system, hold.code) == ("salesforce_emea", "unwritable")
    assert hold.message == "tier__c cannot be blank in this System"
    assert hold.remedy == "Change the value, or what salesforce_emea accepts, and it goes with the next Run."
    (agreement,) = draft.agreements
    assert agreement.after == ("salesforce", "salesforce_emea")
    # The field is not settled: only what led is known to have been carried on.
    settled = agreement.settled({"salesforce": None})
    assert settled is not None
    assert (settled.base, settled.observed) == (None, {"hubspot": None})


def test_an_owner_whom_a_system_does_not_know_is_held_with_the_reason() -> None:
    draft = planned(a_side("salesforce", owner="eve@example.com"), a_side("hubspot"))
    assert draft.changes == []
    assert draft.held[0].message == "no active user has the e-mail eve@example.com"


# -- what is on its way --------------------------------------------------------------------------------------


def carried(record: Record, **values: Value) -> Record:
    """The record after Tandem wrote ``values`` that are not settled yet."""
    return replace(record, current={**record.current, **values}, echo=values)


def test_another_edit_after_a_half_way_one_is_no_conflict_with_our_own_copy() -> None:
    first = a_side("salesforce", observed={"tier": "tier_1"}, tier="tier_3")
    draft = planned(first, carried(a_side("hubspot"), tier="tier_1"), a_side("salesforce_emea"))
    assert writes(draft) == {
        ("hubspot", "tier"): ("tier_1", "tier_3"),
        ("salesforce_emea", "tier"): (None, "tier_3"),
    }
    assert {change.overrules for change in draft.changes} == {False}


def test_what_one_system_refused_is_carried_on_from_where_it_came_from() -> None:
    draft = planned(
        a_side("salesforce", observed={"tier": "tier_1"}),
        carried(a_side("hubspot"), tier="tier_1"),
        a_side("salesforce_emea"),
    )
    (change,) = draft.changes
    assert (change.system, change.value, change.led_by) == ("salesforce_emea", "tier_1", ("salesforce",))


def test_an_edit_taken_back_before_it_reached_everybody_is_taken_back_everywhere() -> None:
    draft = planned(
        a_side("salesforce"), carried(a_side("hubspot"), tier="tier_1"), a_side("salesforce_emea")
    )
    assert writes(draft) == {("hubspot", "tier"): ("tier_1", None)}
    assert draft.changes[0].reason == "edited in salesforce and salesforce_emea"


def test_a_decision_that_one_system_refused_is_not_undone_by_the_edit_it_was_about() -> None:
    verdict = Verdict(value="tier_3", seen={"salesforce": "tier_1", "hubspot": "tier_2"}, by="ann")
    context = a_context(verdicts={("tdm1", "tier"): verdict})
    half = carried(a_side("salesforce"), tier="tier_3")
    draft = planned(half, a_side("hubspot", tier="tier_2"), context=context)
    assert writes(draft) == {("hubspot", "tier"): ("tier_2", "tier_3")}


def test_an_edit_of_a_copy_prevails_although_a_third_system_never_took_the_value() -> None:
    """At their first meeting, and by the ladder, where the value that was carried would win as an equal."""
    draft = planned(
        a_side("salesforce_emea", observed={"stage": "closed"}),
        a_side("hubspot", observed={"stage": "closed"}, stage="awareness"),
        a_side("salesforce"),
        base={name: value for name, value in BLANK.items() if name != "stage"},
    )
    assert writes(draft) == {
        ("salesforce", "stage"): (None, "awareness"),
        ("salesforce_emea", "stage"): ("closed", "awareness"),
    }


def test_a_leader_filled_half_way_gives_it_back_when_the_origin_does() -> None:
    half = carried(a_side("salesforce"), owner="ann@example.com")
    draft = planned(half, a_side("hubspot"))
    assert draft.changes == []
    assert [hold.field for hold in draft.held] == ["owner"]


# -- creates and marks ---------------------------------------------------------------------------------------


def test_an_account_that_a_system_lacks_is_created_with_its_values() -> None:
    only = replace(a_side("hubspot"), current={**BLANK, "tier": "tier_1", "target": "true"}, observed={})
    context = a_context(creates_in=frozenset(TWO))
    draft = planned(only, base={}, context=context)
    (create,) = draft.creates
    assert (create.system, create.name, create.domain) == ("salesforce", "Acme", "acme.com")
    assert writes(draft) == {
        ("salesforce", "tier"): (None, "tier_1"),
        ("salesforce", "target"): (None, "true"),
    }
    assert {(change.record_id, change.fills) for change in draft.changes} == {(None, True)}
    assert draft.changes[0].reason == "blank here, filled from hubspot"


@pytest.mark.parametrize("reason", ["no domain", "out of scope", "not asked for"])
def test_an_account_is_not_created(reason: str) -> None:
    context = a_context(
        creates_in=frozenset() if reason == "not asked for" else frozenset(TWO),
        may_create=lambda _account: reason != "out of scope",
    )
    account = an_account(a_side("hubspot"), base=BLANK, domain=None if reason == "no domain" else "acme.com")
    assert plan_accounts([account], context).creates == []


@pytest.mark.parametrize("name", [None, "", "n/a", "None", "Test 2", "-", "hubspot-1", "tdm1", "12345"])
def test_a_company_without_a_name_is_created_under_its_domain(name: str | None) -> None:
    nameless = replace(a_side("hubspot"), name=name, domain="acme.com")
    account = an_account(nameless, base=BLANK)
    called = replace(account, link=replace(account.link, label=name or nameless.id, domain="acme.com"))
    (create,) = plan_accounts([called], a_context(creates_in=frozenset(TWO))).creates
    assert (create.name, create.domain) == ("acme.com", "acme.com")


def test_a_number_is_a_name_where_the_domain_bears_it_too() -> None:
    account = an_account(replace(a_side("hubspot"), name="360", domain="360.cn"), base=BLANK)
    called = replace(account, link=replace(account.link, label="360", domain="360.cn"))
    (create,) = plan_accounts([called], a_context(creates_in=frozenset(TWO))).creates
    assert create.name == "360"


def test_a_leader_that_is_created_takes_what_the_account_has_even_if_the_rule_lets_nobody_fill() -> None:
    always = {"tier": replace(FIELDS["tier"], rule=SyncRule(direction=Direction.parse("from_salesforce")))}
    context = replace(a_context(creates_in=frozenset(TWO)), fields=always)
    draft = planned(a_side("hubspot", observed={"tier": "tier_1"}), base={}, context=context)
    assert writes(draft) == {("salesforce", "tier"): (None, "tier_1")}


def test_a_field_that_only_one_system_keeps_is_settled_without_a_write() -> None:
    mapping = a_mapping(FIELDS, TWO, lacks={"hubspot": {"tier"}, "salesforce": {"target"}})
    context = replace(a_context(), spellings=spellings(mapping))
    draft = planned(a_side("salesforce", tier="tier_1"), a_side("hubspot", target="true"), context=context)
    assert draft.changes == []
    assert {(found.field, found.base, found.after) for found in draft.agreements} == {
        ("tier", Base("tier_1"), ()),
        ("target", Base("true"), ()),
    }


def test_a_field_that_no_system_keeps_and_a_system_that_lacks_the_field_of_a_create_are_passed_over() -> None:
    mapping = a_mapping(FIELDS, TWO, lacks={"hubspot": {"tier"}, "salesforce": {"tier", "stage"}})
    context = replace(a_context(creates_in=frozenset(TWO)), spellings=spellings(mapping))
    only = replace(a_side("hubspot"), current={**BLANK, "stage": "engaged"}, observed={})
    assert writes(planned(only, base={}, context=context)) == {}


def test_records_are_marked_with_their_links_id() -> None:
    unmarked = replace(a_side("hubspot"), tandem_id="tdmOLD")
    (change,) = planned(a_side("salesforce"), unmarked).changes
    assert (change.field, change.expected, change.value) == (TANDEM_ID, "tdmOLD", "tdm1")
    assert change.reason == "marks the Link"


# -- scores, numbers, users ----------------------------------------------------------------------------------


def test_a_score_is_pushed_to_all_and_a_manual_edit_of_it_is_overruled() -> None:
    context = a_context(pushed=lambda link_id: {"score": "72.5"} if link_id == "tdm1" else {})
    draft = planned(a_side("salesforce", score="99"), a_side("hubspot"), context=context)
    assert writes(draft) == {("salesforce", "score"): ("99", "72.5"), ("hubspot", "score"): (None, "72.5")}
    assert {(change.system, change.overrules) for change in draft.changes} == {
        ("salesforce", True),
        ("hubspot", False),
    }
    assert {change.why for change in draft.changes} == {Why.PUSHED}


def test_a_checkbox_that_was_just_created_is_filled_and_that_overwrites_nothing() -> None:
    fresh = replace(a_side("salesforce"), observed={k: v for k, v in BLANK.items() if k != "target"})
    there = replace(
        a_side("hubspot", target="true"), observed={k: v for k, v in BLANK.items() if k != "target"}
    )
    draft = planned(fresh, there, base={k: v for k, v in BLANK.items() if k != "target"})
    (change,) = draft.changes
    assert (change.expected, change.value, change.fills) == ("false", "true", True)
    assert change.reason == "blank here, filled from hubspot"


def test_a_first_meeting_that_finds_equal_values_settles_them_as_the_base() -> None:
    both = {**BLANK, "tier": "tier_1"}
    records = [
        replace(
            a_side(system),
            current={**both, "target": "false" if system == "salesforce" else None},
            observed={},
        )
        for system in TWO
    ]
    draft = planned(*records, base={})
    assert draft.changes == []
    settled = {found.field: found for found in draft.agreements}
    assert settled["tier"] == Agreement(
        link_id=LinkId("tdm1"),
        field="tier",
        base=Base("tier_1"),
        observed={"salesforce": "tier_1", "hubspot": "tier_1"},
        why=Why.MET,
        led_by=TWO,
    )
    assert (settled["target"].base, settled["target"].observed["salesforce"]) == (Base(None), "false")


@pytest.mark.parametrize(
    ("rule", "text"),
    [
        (SyncRule(), "two_way, on_conflict manual"),
        (SyncRule(on_conflict=OnConflict.parse("hubspot")), "two_way, on_conflict hubspot"),
        (SyncRule(direction=Direction.parse("from_hubspot"), fill_blank=True), "from_hubspot, fill_blank"),
        (SyncRule(direction=Direction.parse("push")), "push"),
    ],
)
def test_a_rule_is_shown_as_it_is_written_in_the_mapping(rule: SyncRule, text: str) -> None:
    assert rule_text(replace(FIELDS["tier"], rule=rule)) == text


def test_accounts_are_decided_one_by_one() -> None:
    def account(id: str, tier: str) -> Account:
        records = [
            replace(a_side("salesforce", tier=tier), tandem_id=id),
            replace(a_side("hubspot"), tandem_id=id),
        ]
        return an_account(*records, base=BLANK, id=id)

    draft = plan_accounts([account("tdm1", "tier_1"), account("tdm2", "tier_2")], a_context())
    assert {change.link_id: change.value for change in draft.changes} == {"tdm1": "tier_1", "tdm2": "tier_2"}


def test_a_score_that_stands_everywhere_is_neither_written_nor_settled_again() -> None:
    scored = {"score": "72.5"}
    context = a_context(pushed=lambda _link_id: scored)
    sides = [a_side(system, observed=scored) for system in TWO]
    assert planned(*sides, base={**BLANK, **scored}, context=context) == Draft()


@pytest.mark.parametrize("made", [False, True], ids=["to be made", "made by Tandem"])
def test_a_score_that_was_pushed_before_arrives_in_a_system_that_joined_while_it_was_not_at_hand(
    *, made: bool
) -> None:
    scored = {"score": "72.5"}
    there = a_side("salesforce", observed=scored)
    base = {**BLANK, **scored}
    records = [there]
    if made:
        unsettled = {name: value for name, value in BLANK.items() if name != "score"}
        records.append(replace(a_side("hubspot"), observed=unsettled, echo={"score": None}))
    context = a_context(creates_in=frozenset({"hubspot"}))
    unscored = planned(*records, base=base, context=context)
    settled = [agreed.observed for agreed in unscored.agreements if agreed.field == "score"]
    assert all("hubspot" not in observed for observed in settled)
    draft = planned(*records, base=base, context=replace(context, pushed=lambda _link_id: scored))
    assert writes(draft)["hubspot", "score"] == (None, "72.5")


def test_a_field_that_a_system_hides_from_us_is_left_alone() -> None:
    context = a_context(lost=frozenset({"tier"}))
    draft = planned(a_side("salesforce", tier="tier_1", stage="engaged"), a_side("hubspot"), context=context)
    assert set(writes(draft)) == {("hubspot", "stage")}


# -- an edit that our own write covered -----------------------------------------------------------------------


def covered_pair() -> tuple[Record, Record]:
    """Sales chose tier 1 and it is written everywhere; marketing's tier 3 came a moment before and was covered."""
    edit = Covered(value="tier_3", instead_of="tier_2", at=NOON, by="u2")
    settled = {"tier": "tier_1"}
    return a_side("salesforce", observed=settled), replace(
        a_side("hubspot", observed=settled), covered={"tier": edit}
    )


def by_rule(text: str) -> Context:
    tiers = {"tier": replace(FIELDS["tier"], rule=SyncRule(on_conflict=OnConflict.parse(text)))}
    return replace(a_context(who=lambda _system, id: id), fields=tiers)


def test_an_edit_that_our_write_covered_is_in_conflict_as_if_it_had_been_seen_in_time() -> None:
    draft = planned(*covered_pair(), base={"tier": "tier_1"}, context=by_rule("manual"))
    (conflict,) = draft.conflicts
    assert conflict.why is Why.BOTH_EDITED
    assert {name: seen.value for name, seen in conflict.sides.items()} == {
        "salesforce": "tier_1",
        "hubspot": "tier_3",
    }
    assert conflict.sides["hubspot"].by == "u2"


def test_a_covered_edit_that_the_rule_puts_aside_needs_no_write_and_is_kept() -> None:
    draft = planned(*covered_pair(), base={"tier": "tier_1"}, context=by_rule("salesforce"))
    assert (draft.changes, draft.conflicts) == ([], [])
    assert draft.agreements[0].overruled == {"hubspot": "tier_3"}


def test_a_covered_edit_that_wins_is_put_back_and_carried_on() -> None:
    draft = planned(*covered_pair(), base={"tier": "tier_1"}, context=by_rule("hubspot"))
    assert {system: value for (system, _), (_, value) in writes(draft).items()} == {
        "salesforce": "tier_3",
        "hubspot": "tier_3",
    }
