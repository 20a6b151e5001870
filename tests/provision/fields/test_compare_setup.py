"""What else an administrator sets, and the rights: groups, histories, record types, permission sets."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from mappings.fields import FieldType
from provision.fields.compare import compare
from provision.fields.compare_looks import group_key
from provision.fields.compare_rights import with_powers
from provision.fields.state import (
    Action,
    Line,
    StandingField,
    StandingOption,
)
from tests.provision.fields.definitions import (
    MAPPING,
    OURS,
    SCORE,
    TIER,
    findings,
    in_order,
    options,
    record_types,
    told,
    with_field,
    without,
)


@pytest.mark.parametrize(
    ("attribute", "changes", "stands", "should"),
    [
        ("group", {"group": "companyinformation"}, "companyinformation", "tandem"),
        ("field type", {"shown_as": "radio"}, "radio", "select"),
    ],
)
def test_a_property_of_ours_stands_where_it_should_in_the_form_it_should(
    attribute: str, changes: dict[str, str], stands: str, should: str
) -> None:
    (line,) = findings("hubspot", with_field(in_order("hubspot"), TIER["hubspot"], **changes))
    assert (line.action, line.attribute, line.stands, line.should) == (
        Action.CHANGE,
        attribute,
        stands,
        should,
    )


def test_a_group_is_labelled_as_the_mapping_has_it() -> None:
    standing = replace(in_order("hubspot"), groups={"tandem": "Somebody's", "other": "Other"})
    assert told(findings("hubspot", standing)) == [("tandem", Action.CHANGE, "label", "Somebody's", "Tandem")]
    assert findings("hubspot", replace(standing, groups={"tandem": "Tandem"})) == []


def test_a_group_that_was_relabelled_moments_ago_is_no_drift() -> None:
    standing = replace(in_order("hubspot"), groups={"tandem": "Somebody's"})
    (line,) = [
        line
        for line in compare(MAPPING, "hubspot", standing, {group_key("tandem")})
        if line.action is not Action.KEEP
    ]
    assert (line.field, line.action) == ("tandem", Action.SETTLING)


def test_a_checkbox_of_ours_begins_unticked() -> None:
    ticked = with_field(in_order("salesforce"), "Target_Account__c", default="true")
    assert told(findings("salesforce", ticked)) == [
        ("Target_Account__c", Action.CHANGE, "default", "ticked", "unticked")
    ]


def test_an_option_is_described_as_agreed_where_the_crm_tells_descriptions() -> None:
    stage = next(wanted for wanted in MAPPING.definitions("hubspot") if wanted.canonical == "mqa_stage")
    held = [StandingOption(value=o.value, label=o.label, description=o.description) for o in stage.options]
    described = with_field(in_order("hubspot"), stage.name, options=tuple(held))
    assert findings("hubspot", described) == []
    held[0] = replace(held[0], description="")
    (line,) = findings("hubspot", with_field(described, stage.name, options=tuple(held)))
    assert (line.action, line.attribute) == (Action.CHANGE, "option descriptions")
    assert line.stands == f"{stage.options[0].value}: ∅"
    assert stage.options[0].description in line.should


def test_fields_that_people_edit_are_tracked_and_what_tandem_alone_writes_need_not_be() -> None:
    wanted = {field.name: field.tracked for field in MAPPING.definitions("salesforce")}
    assert wanted == {
        "Tandem_Id__c": None,
        "Target_Account__c": True,
        "ABM_Tier__c": True,
        "OwnerId": True,
        "Engagement_Score__c": None,
        "MQA_Stage__c": True,
    }
    assert {field.tracked for field in MAPPING.definitions("hubspot")} == {None}


def test_the_history_of_an_object_is_switched_on_before_its_first_field_is_tracked() -> None:
    standing = in_order("salesforce")
    for name in (*OURS, "OwnerId"):
        standing = with_field(standing, name, tracked=False)
    (first, *others) = findings("salesforce", standing)
    assert (first.field, first.attribute, first.should) == ("Account", "history", "on")
    assert {(line.field, line.action, line.attribute) for line in others} == {
        (name, Action.CHANGE, "history") for name in (*OURS, "OwnerId")
    }


def test_an_edition_without_history_is_asked_for_none() -> None:
    standing = in_order("salesforce")
    for name in standing.fields:
        standing = with_field(standing, name, tracked=None)
    assert findings("salesforce", standing) == []


def test_what_does_not_fit_into_the_twenty_is_told_in_the_order_of_the_mapping() -> None:
    standing = in_order("salesforce")
    for name in (*OURS, "OwnerId"):
        standing = with_field(standing, name, tracked=False)
    others = {
        f"Other{n}": StandingField(name=f"Other{n}", label="x", type=FieldType.TEXT, tracked=True)
        for n in range(18)
    }
    standing = replace(standing, fields={**standing.fields, **others})
    lines = {line.field: line for line in findings("salesforce", standing)}
    assert [lines[name].action for name in ("Target_Account__c", "ABM_Tier__c")] == [Action.CHANGE] * 2
    assert [lines[name].action for name in ("OwnerId", "MQA_Stage__c")] == [Action.WRONG] * 2
    assert "18 fields of Account are tracked, and Salesforce allows 20" in lines["OwnerId"].reason
    assert "track_history: false" in lines["OwnerId"].remedy
    assert not any(line.blocks for line in lines.values())


def test_a_value_that_a_record_type_does_not_offer_is_drift() -> None:
    standing = replace(in_order("salesforce"), record_types=record_types(ABM_Tier__c=("tier_1", "other")))
    (line,) = findings("salesforce", standing)
    assert (line.field, line.action, line.attribute) == ("ABM_Tier__c", Action.CHANGE, "record types")
    assert (line.stands, line.should) == ("not offered by Partners", "tier_2, tier_3")


def test_of_a_picklist_that_nobody_can_see_nothing_is_said_of_record_types() -> None:
    assert findings("salesforce", replace(in_order("salesforce"), record_types=record_types())) == []


def test_a_field_that_is_yet_to_be_made_is_offered_by_no_record_type() -> None:
    standing = replace(without(in_order("salesforce"), "ABM_Tier__c"), record_types=record_types())
    assert [(line.action, line.attribute) for line in findings("salesforce", standing)] == [
        (Action.CREATE, ""),
        (Action.CHANGE, "record types"),
    ]


NARROWER: Mapping[str, tuple[str, dict[str, Any]]] = {
    "retire": (TIER["salesforce"], {"options": options("tier_1", "tier_2", "tier_3", "tier_4")}),
    "restricted": (TIER["salesforce"], {"restricted": False}),
    "precision": (SCORE["salesforce"], {"precision": 9}),
}


@pytest.mark.parametrize("attribute", NARROWER)
def test_a_field_is_made_smaller_only_where_it_is_named(attribute: str) -> None:
    name, changes = NARROWER[attribute]
    standing = with_field(in_order("salesforce"), name, **changes)
    (told_only,) = findings("salesforce", standing)
    assert (told_only.action, told_only.narrows, told_only.blocks) == (Action.WRONG, True, False)
    assert f"--allow-destructive {name}" in told_only.remedy
    (step,) = [
        line
        for line in compare(MAPPING, "salesforce", standing, destructive={name})
        if line.action is not Action.KEEP
    ]
    assert (step.action, step.attribute, step.narrows) == (Action.CHANGE, attribute, True)
    other = compare(MAPPING, "salesforce", standing, destructive={"MQA_Stage__c"})
    assert told_only in other


# -- rights --------------------------------------------------------------------------------------------------


POWERS = {
    "define": ("Customize Application", False),
    "administer": ("Modify Metadata", False),
    "grant": ("Manage Profiles", True),
}
LABEL = Line(
    system="salesforce",
    object="Account",
    field="A__c",
    canonical=None,
    action=Action.CHANGE,
    attribute="label",
)


def test_a_missing_right_is_named_with_the_fields_that_need_it_and_stops_everything() -> None:
    grant = replace(LABEL, field="B__c", action=Action.GRANT, attribute="")
    change, granted, right = with_powers("salesforce", POWERS, [LABEL, grant], tracked=True)
    assert (change, granted) == (LABEL, grant)
    assert (right.field, right.blocks) == ("Customize Application", True)
    assert right.reason.endswith("may not do what is planned for A__c")
    held = {name: (right, True) for name, (right, _) in POWERS.items()}
    assert with_powers("salesforce", held, [LABEL, grant], tracked=True) == (LABEL, grant)


@pytest.mark.parametrize(
    ("field", "attribute", "tracked", "left"),
    [
        ("OwnerId", "history", True, True),
        ("A__c", "history", False, True),
        ("A__c", "history", True, False),
        ("A__c", "record types", True, True),
    ],
)
def test_what_only_the_metadata_api_can_set_is_left_to_a_person_without_its_right(
    field: str, attribute: str, *, tracked: bool, left: bool
) -> None:
    powers = {**POWERS, "define": ("Customize Application", True)}
    step = replace(LABEL, field=field, attribute=attribute)
    (line,) = with_powers("salesforce", powers, [step], tracked=tracked)
    assert line.action is (Action.WRONG if left else Action.CHANGE)
    assert not line.blocks
    assert ("Modify Metadata" in line.remedy) is left
