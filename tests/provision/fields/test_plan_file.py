"""A plan of definitions as a file: it reads back, and it stands as long as nothing else has moved."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from mappings.fields import FieldType
from provision.fields.compare import compare
from provision.fields.plan import DefinitionPlan, check_still_stands, from_text, to_text
from provision.fields.state import (
    Action,
    Standing,
    StandingOption,
)
from sync.errors import StalePlan
from tests.provision.fields.definitions import MAPPING, NOW, SCORE, STAGE, TIER, in_order, with_field, without


def a_plan(*standings: Callable[[Standing], Standing], portal: str = "1") -> DefinitionPlan:
    standing = in_order("hubspot")
    for change in standings:
        standing = change(standing)
    return DefinitionPlan(
        created_at=NOW, identities={"hubspot": portal}, lines=compare(MAPPING, "hubspot", standing)
    )


def lose_tier(standing: Standing) -> Standing:
    return without(standing, TIER["hubspot"])


def relabel_score(standing: Standing) -> Standing:
    return with_field(standing, SCORE["hubspot"], label="Score")


def test_a_saved_plan_reads_back_as_it_was() -> None:
    plan = a_plan(lose_tier, relabel_score)
    assert from_text(to_text(plan), name="plan.json") == plan


def test_plans_that_write_the_same_have_one_fingerprint() -> None:
    beyond = a_plan(
        lose_tier, lambda s: with_field(s, SCORE["hubspot"], type=FieldType.TEXT, native_type="string/text")
    )
    assert a_plan(lose_tier).fingerprint == beyond.fingerprint
    assert a_plan(lose_tier).fingerprint != a_plan(relabel_score).fingerprint


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("no json", "not a saved plan"),
        ("[]", "not a plan of definitions"),
        ('{"format": 1, "changes": []}', "not a plan of definitions"),
        ('{"format": 1, "kind": "definitions"}', "damaged"),
        (to_text(a_plan(lose_tier)).replace("tier_3", "tier_9"), "edited after it was saved"),
    ],
)
def test_a_file_that_is_no_such_plan_is_refused(text: str, told: str) -> None:
    with pytest.raises(StalePlan, match=told) as caught:
        from_text(text, name="plan.json")
    assert "tandem provision plan -o FILE" in str(caught.value.remedy)


def test_a_saved_plan_stands_while_nothing_else_has_moved() -> None:
    check_still_stands(a_plan(lose_tier, relabel_score), a_plan(lose_tier, relabel_score))
    # Interrupted and begun again: what is done is not missed.
    check_still_stands(a_plan(lose_tier, relabel_score), a_plan(relabel_score))
    check_still_stands(a_plan(lose_tier), a_plan())


def test_a_saved_plan_whose_create_was_cut_short_still_stands() -> None:
    hidden = a_plan(lambda s: without(s, TIER["hubspot"], invisible=frozenset({TIER["hubspot"]})))
    assert [line.action for line in hidden.steps] == [Action.GRANT]
    check_still_stands(a_plan(lose_tier), hidden)


def test_a_saved_plan_is_refused_once_definitions_have_moved() -> None:
    with pytest.raises(StalePlan, match="tandem_engagement_score: label"):
        check_still_stands(a_plan(lose_tier), a_plan(lose_tier, relabel_score))


def test_a_saved_plan_is_refused_once_something_is_off_the_contract_of_which_it_says_nothing() -> None:
    def more(standing: Standing) -> Standing:
        held = standing.fields[STAGE].options
        return with_field(standing, STAGE, options=(*held, StandingOption(value="x", label="X")))

    with pytest.raises(StalePlan, match="tandem_mqa_stage: options, x"):
        check_still_stands(a_plan(relabel_score), a_plan(relabel_score, more))
    check_still_stands(a_plan(relabel_score, more), a_plan(relabel_score))


def test_a_saved_plan_stands_however_many_records_it_touches_by_now() -> None:
    saved = a_plan(relabel_score)
    lines = tuple(replace(line, effect="tier_4 on 7 records") for line in saved.lines)
    check_still_stands(saved, replace(saved, lines=lines))


def test_a_saved_plan_is_refused_for_another_portal() -> None:
    with pytest.raises(StalePlan, match="other orgs or portals"):
        check_still_stands(a_plan(lose_tier), a_plan(lose_tier, portal="2"))
