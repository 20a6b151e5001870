"""Field definitions, read from a describe and written as the Tooling API wants them."""

import dataclasses
import json
from typing import Any

import pytest

from connector.base import FieldDefinition, FieldKind, OptionDefinition
from connector.salesforce.metadata import field_bodies, field_merge
from tests.connector.salesforce.org import fixture
from tests.shared import CONTRACTS, needs_contracts

FIELDS = {field["name"]: field for field in fixture("describe_account")["fields"]}


def wanted(name: str, kind: FieldKind, **more: Any) -> FieldDefinition:
    return FieldDefinition(name=name, label=name.removesuffix("__c"), kind=kind, **more)


def options(*values: str) -> tuple[OptionDefinition, ...]:
    return tuple(
        OptionDefinition(value=value, label=value.replace("_", " ").title(), order=order)
        for order, value in enumerate(values)
    )


TIER = wanted("ABM_Tier__c", FieldKind.ENUM, restricted=True, options=options("tier_1", "tier_2", "tier_3"))


# -- read ----------------------------------------------------------------------------------------------------


def test_a_picklist_is_read_with_its_options() -> None:
    tier = field_bodies.definition_from(FIELDS["ABM_Tier__c"])
    assert (tier.kind, tier.restricted, tier.native_type, tier.custom) == (
        FieldKind.ENUM,
        True,
        "Picklist",
        True,
    )
    assert [(option.value, option.label, option.active) for option in tier.options] == [
        ("tier_1", "Tier 1", True),
        ("tier_2", "Tier 2", True),
    ]
    assert tier.length is None


def test_a_number_is_read_with_its_digits() -> None:
    score = field_bodies.definition_from(FIELDS["Engagement_Score__c"])
    assert (score.kind, score.precision, score.scale) == (FieldKind.NUMBER, 5, 2)
    employees = field_bodies.definition_from(FIELDS["NumberOfEmployees"])
    assert (employees.precision, employees.scale, employees.custom) == (8, 0, False)


def test_an_external_id_is_read_as_such() -> None:
    key = field_bodies.definition_from(FIELDS["Tandem_Key__c"])
    assert (key.kind, key.length, key.unique, key.external_id) == (FieldKind.TEXT, 40, True, True)


def test_an_owner_is_a_user_whose_options_live_elsewhere() -> None:
    owner = field_bodies.definition_from(FIELDS["OwnerId"])
    assert (owner.kind, owner.external_options, owner.writable) == (FieldKind.USER, True, True)
    assert field_bodies.definition_from(FIELDS["MasterRecordId"]).kind is FieldKind.OTHER


def test_a_formula_is_not_writable_and_says_that_it_is_one() -> None:
    band = field_bodies.definition_from(FIELDS["Score_Band__c"])
    assert (band.writable, band.native_type) == (False, "Formula(Text)")


def test_a_packages_field_is_managed() -> None:
    managed = frozenset({"vendor__Grade__c"})
    assert field_bodies.definition_from(FIELDS["vendor__Grade__c"], managed).managed
    assert not field_bodies.definition_from(FIELDS["ABM_Tier__c"], managed).managed


def test_a_help_text_is_read_and_a_checkbox_is_a_boolean() -> None:
    target = field_bodies.definition_from(FIELDS["Target_Account__c"])
    assert (target.kind, target.help, target.native_type) == (
        FieldKind.BOOLEAN,
        "On the shared list",
        "Checkbox",
    )


@needs_contracts
@pytest.mark.judge
@pytest.mark.parametrize(
    "object_", ["Account", "Account_PersonAccount", "Opportunity", "Lead", "Contact", "Custom__c"]
)
def test_recorded_describes_are_read_whole(object_: str) -> None:
    path = CONTRACTS / "salesforce" / "recordings" / f"describe_{object_}.json"
    fields = json.loads(path.read_text())["fields"]
    found = {field["name"]: field_bodies.definition_from(field) for field in fields}
    assert len(found) == len(fields)
    for field in fields:
        definition = found[field["name"]]
        assert definition.writable == (field["updateable"] and not field["calculated"])
        assert len(definition.options) == (
            len(field["picklistValues"]) if definition.kind in {FieldKind.ENUM, FieldKind.MULTI_ENUM} else 0
        )


# -- made ----------------------------------------------------------------------------------------------------


def test_a_checkbox_has_a_default_and_never_says_required() -> None:
    assert field_bodies.metadata_of(wanted("Target__c", FieldKind.BOOLEAN, help="On the list")) == {
        "label": "Target",
        "inlineHelpText": "On the list",
        "type": "Checkbox",
        "defaultValue": "false",
    }


def test_a_picklist_is_made_with_its_values_in_order() -> None:
    assert field_bodies.metadata_of(TIER) == {
        "label": "ABM_Tier",
        "type": "Picklist",
        "required": False,
        "valueSet": {
            "restricted": True,
            "valueSetDefinition": {
                "sorted": False,
                "value": [
                    {"fullName": "tier_1", "label": "Tier 1", "default": False},
                    {"fullName": "tier_2", "label": "Tier 2", "default": False},
                    {"fullName": "tier_3", "label": "Tier 3", "default": False},
                ],
            },
        },
    }


def test_a_number_and_a_key_are_made_as_asked() -> None:
    score = field_bodies.metadata_of(wanted("Score__c", FieldKind.NUMBER, precision=5, scale=2))
    assert (score["type"], score["precision"], score["scale"], score["unique"]) == ("Number", 5, 2, False)
    key = field_bodies.metadata_of(wanted("Key__c", FieldKind.TEXT, length=40, unique=True, external_id=True))
    assert key == {
        "label": "Key",
        "type": "Text",
        "length": 40,
        "required": False,
        "unique": True,
        "externalId": True,
        "caseSensitive": False,
    }


@pytest.mark.parametrize(
    ("kind", "type_"),
    [
        (FieldKind.DATE, "Date"),
        (FieldKind.DATETIME, "DateTime"),
        (FieldKind.CURRENCY, "Currency"),
        (FieldKind.MULTI_ENUM, "MultiselectPicklist"),
    ],
)
def test_the_other_kinds_are_made(kind: FieldKind, type_: str) -> None:
    assert field_bodies.metadata_of(wanted("X__c", kind, options=options("one")))["type"] == type_


def test_a_long_text_is_a_long_text_area_and_cannot_be_a_key() -> None:
    assert field_bodies.metadata_of(wanted("Note__c", FieldKind.TEXT, length=2000))["type"] == "LongTextArea"
    with pytest.raises(field_bodies.UnmadeError, match="255"):
        field_bodies.metadata_of(wanted("Note__c", FieldKind.TEXT, length=2000, unique=True))


def test_a_person_is_a_lookup_of_users_that_outlives_them() -> None:
    made = field_bodies.metadata_of(wanted("Account_Development_Representative__c", FieldKind.USER))
    assert (made["type"], made["referenceTo"], made["deleteConstraint"]) == ("Lookup", "User", "SetNull")
    assert made["relationshipName"] == "Tandem_Account_Development_Representativ"
    read = field_merge.definition_from_metadata("X__c", made)
    assert (read.kind, read.native_type, read.external_options) == (FieldKind.USER, "Lookup(User)", True)


def test_a_lookup_of_something_else_is_no_person() -> None:
    held = {"type": "Lookup", "referenceTo": "Contact"}
    assert field_merge.definition_from_metadata("X__c", held).kind is FieldKind.OTHER
    assert field_merge.same_form(held, wanted("X__c", FieldKind.USER)) == [
        "it points to Contact, not to User"
    ]


def test_a_kind_that_cannot_be_made_is_refused_with_a_way_out() -> None:
    with pytest.raises(field_bodies.UnmadeError, match="Object Manager"):
        field_bodies.metadata_of(wanted("X__c", FieldKind.OTHER))


@needs_contracts
@pytest.mark.judge
def test_every_key_of_a_body_is_one_that_the_tooling_api_knows() -> None:
    wsdl = (CONTRACTS / "salesforce" / "wsdl" / "tooling-v61.0.wsdl").read_text()
    head = wsdl.index('<xsd:complexType name="CustomField">')
    known = wsdl[head : wsdl.index("</xsd:complexType>", head)]
    for kind in FieldKind:
        if kind is FieldKind.OTHER:
            continue
        for key in field_bodies.metadata_of(wanted("X__c", kind, help="h", options=options("one"))):
            assert f'name="{key}"' in known, (kind, key)


# -- there already -------------------------------------------------------------------------------------------


def test_a_field_of_the_same_form_will_do_though_it_is_wider() -> None:
    assert (
        field_merge.same_form({"type": "Text", "length": 80}, wanted("X__c", FieldKind.TEXT, length=40)) == []
    )


def test_a_field_of_another_form_is_told_apart_in_words() -> None:
    found = field_merge.same_form(
        {"type": "Text", "length": 20, "unique": None}, wanted("X__c", FieldKind.TEXT, length=40, unique=True)
    )
    assert found == ["its length is 20, less than 40", "it is not unique"]
    assert field_merge.same_form({"type": "Picklist"}, wanted("X__c", FieldKind.BOOLEAN)) == [
        "it is a Picklist, not a Checkbox"
    ]


def test_values_of_somebody_else_survive_an_update_and_ours_come_back_to_life() -> None:
    merged = field_merge.merged(fixture("custom_field_tier")["Metadata"], TIER)
    assert merged is not None
    values = merged["valueSet"]["valueSetDefinition"]["value"]
    assert [(value["valueName"], value["label"], value.get("isActive")) for value in values] == [
        ("tier_1", "Tier 1", None),
        ("tier_2", "Tier 2", True),
        ("tier_3", "Tier 3", None),
        ("strategic", "Strategic", None),
    ]
    # What the administrator set on a value stays as it was, but that a new record begins with it.
    assert values[0]["color"] == "#ff0000"
    assert [value["default"] for value in values] == [False] * 4
    assert merged["label"] == "ABM_Tier"


def test_a_default_that_is_wanted_is_kept() -> None:
    held = fixture("custom_field_tier")["Metadata"]
    merged = field_merge.merged(held, dataclasses.replace(TIER, default="strategic"))
    assert merged is not None
    values = merged["valueSet"]["valueSetDefinition"]["value"]
    assert [value["valueName"] for value in values if value["default"]] == ["strategic"]


NARROW = {"type": "Text", "label": "Note", "length": 80, "required": False}


@pytest.mark.parametrize(
    ("held", "definition", "expected"),
    [
        (NARROW, wanted("Note__c", FieldKind.TEXT, length=40), {"length": 40}),
        (
            NARROW,
            wanted("Note__c", FieldKind.TEXT, length=40, tracked=False),
            {"length": 40, "trackHistory": False},
        ),
        (
            {"type": "Number", "label": "Note", "precision": 18, "scale": 4},
            wanted("Note__c", FieldKind.NUMBER, precision=5, scale=2),
            {"precision": 5, "scale": 2},
        ),
    ],
)
def test_a_field_is_made_smaller_only_where_that_is_asked(
    held: dict[str, Any], definition: FieldDefinition, expected: dict[str, Any]
) -> None:
    held = {**held, "trackHistory": True}
    assert field_merge.merged(held, definition) is None
    assert field_merge.merged(held, definition, narrow=True) == {**held, **expected}


@pytest.mark.parametrize(
    ("held", "asked", "made"),
    [((3, 0), (5, 2), (5, 2)), ((5, 1), (5, 2), (6, 2)), ((5, 3), (5, 2), (6, 3)), ((18, 6), (5, 2), None)],
)
def test_a_number_is_given_the_digits_that_it_lacks(
    held: tuple[int, int], asked: tuple[int, int], made: tuple[int, int] | None
) -> None:
    metadata = {"type": "Number", "label": "Score", "precision": held[0], "scale": held[1]}
    definition = wanted("Score__c", FieldKind.NUMBER, precision=asked[0], scale=asked[1])
    merged = field_merge.merged(metadata, definition)
    assert (merged and (merged["precision"], merged["scale"])) == made


def test_a_number_that_would_need_too_many_digits_is_refused() -> None:
    metadata = {"type": "Number", "label": "Score", "precision": 18, "scale": 16}
    with pytest.raises(field_bodies.UnmadeError, match="Salesforce takes 18 in all"):
        field_merge.merged(metadata, wanted("Score__c", FieldKind.NUMBER, precision=5, scale=2))


def test_a_field_that_is_to_be_tracked_says_so_and_is_never_untracked_unasked() -> None:
    metadata = {**NARROW, "trackHistory": False}
    merged = field_merge.merged(metadata, wanted("Note__c", FieldKind.TEXT, tracked=True))
    assert merged is not None
    assert merged["trackHistory"] is True
    assert field_bodies.metadata_of(wanted("Note__c", FieldKind.TEXT, tracked=True))["trackHistory"] is True
    assert "trackHistory" not in field_bodies.metadata_of(wanted("Note__c", FieldKind.TEXT))
    assert (
        field_merge.merged({**NARROW, "trackHistory": True}, wanted("Note__c", FieldKind.TEXT, tracked=False))
        is None
    )


def test_nothing_that_was_null_is_written_back() -> None:
    merged = field_merge.merged(fixture("custom_field_tier")["Metadata"], TIER)
    assert merged is not None
    assert "null" not in json.dumps(merged)
    assert set(merged["valueSet"]) == {"restricted", "valueSetDefinition"}


@pytest.mark.parametrize("empty", [None, [], ""])
def test_empty_siblings_of_a_value_set_are_not_written_back(empty: object) -> None:
    metadata = fixture("custom_field_tier")["Metadata"]
    metadata["valueSet"] |= {"valueSettings": empty, "valueSetName": empty, "controllingField": empty}
    merged = field_merge.merged(metadata, TIER)
    assert merged is not None
    assert set(merged["valueSet"]) == {"restricted", "valueSetDefinition"}


def test_an_update_that_changes_nothing_is_nothing() -> None:
    once = field_merge.merged(fixture("custom_field_tier")["Metadata"], TIER)
    assert once is not None
    assert field_merge.merged(once, TIER) is None


def test_only_an_option_wanted_inactive_is_retired_and_none_is_made() -> None:
    resting = wanted(
        "ABM_Tier__c",
        FieldKind.ENUM,
        options=(
            OptionDefinition(value="tier_1", label="T1", order=0, active=False),
            OptionDefinition(value="never", label="Never", order=1, active=False),
        ),
    )
    merged = field_merge.merged(fixture("custom_field_tier")["Metadata"], resting)
    assert merged is not None
    values = {value["valueName"]: value for value in merged["valueSet"]["valueSetDefinition"]["value"]}
    assert [name for name, value in values.items() if value.get("isActive") is False] == ["tier_1", "tier_2"]
    assert len(values) == 3


@pytest.mark.parametrize(("held", "asked", "then"), [(40, 80, 80), (80, 40, 80), (80, None, 80)])
def test_a_text_is_widened_and_never_narrowed(held: int, asked: int | None, then: int) -> None:
    metadata = {"type": "Text", "label": "old", "length": held}
    merged = field_merge.merged(metadata, wanted("X__c", FieldKind.TEXT, length=asked))
    assert merged is not None
    assert merged["length"] == then


def test_a_text_is_not_widened_past_what_its_type_holds() -> None:
    with pytest.raises(field_bodies.UnmadeError, match="Long Text Area"):
        field_merge.merged(
            {"type": "Text", "label": "X", "length": 80}, wanted("X__c", FieldKind.TEXT, length=900)
        )


def test_an_open_picklist_is_not_closed() -> None:
    metadata = {
        "type": "Picklist",
        "label": "x",
        "valueSet": {"restricted": False, "valueSetDefinition": {"value": []}},
    }
    merged = field_merge.merged(metadata, TIER)
    assert merged is not None
    assert merged["valueSet"]["restricted"] is False


def test_a_global_value_set_is_left_alone_and_named() -> None:
    metadata = {
        "type": "Picklist",
        "label": "x",
        "valueSet": {"valueSetName": "Tiers", "valueSetDefinition": None},
    }
    with pytest.raises(field_bodies.UnmadeError, match="global value set Tiers"):
        field_merge.merged(metadata, TIER)
