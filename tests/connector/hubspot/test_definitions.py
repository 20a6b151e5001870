"""Property definitions: read as they stand, created once, brought up to date without losing anybody's option."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.base import FieldDefinition, FieldKind, OptionDefinition
from connector.errors import Rejected
from connector.hubspot.client import HubSpotConnector
from connector.hubspot.properties.bodies import creation_of, definition_of, merged_options
from tests.connector.hubspot.stub import Clock, Pool, Said, Sent, refusal, results

ALL = "GET /crm/v3/properties/companies"
ONE = "GET /crm/v3/properties/companies/tandem_tier"
CREATE = "POST /crm/v3/properties/companies"
CHANGE = "PATCH /crm/v3/properties/companies/tandem_tier"
GROUP = "GET /crm/v3/properties/companies/groups/tandem"
CREATE_GROUP = "POST /crm/v3/properties/companies/groups"

MISSING = refusal(404, "resource not found")
EXISTS = refusal(
    409,
    "A property named 'tandem_tier' already exists.",
    category="OBJECT_ALREADY_EXISTS",
    subCategory="Properties.PROPERTY_WITH_NAME_EXISTS",
)


def option(value: str, order: int = 0, **more: Any) -> OptionDefinition:
    return OptionDefinition(value=value, label=value.title(), order=order, **more)


TIER = FieldDefinition(
    name="tandem_tier",
    label="Tier",
    kind=FieldKind.ENUM,
    help="How well the account fits.",
    options=(option("tier_1", 0), option("tier_2", 1)),
)


def held(*values: str, **more: Any) -> dict[str, Any]:
    """The property as HubSpot would answer it, with these options."""
    return {
        "name": "tandem_tier",
        "label": "Tier",
        "description": "How well the account fits.",
        "type": "enumeration",
        "fieldType": "select",
        "groupName": "tandem",
        "hasUniqueValue": False,
        "options": [
            {"value": value, "label": value.title(), "displayOrder": place, "hidden": False}
            for place, value in enumerate(values)
        ],
        **more,
    }


def echo(sent: Sent) -> Said:
    return Said({"description": "", "options": [], **sent.body}, status=201)


def values(sent: Sent) -> list[tuple[str, int]]:
    return [(item["value"], item["displayOrder"]) for item in sent.body["options"]]


# -- reading -------------------------------------------------------------------------------------------------


def test_a_schema_tells_the_living_and_the_archived_apart(hubspot: HubSpotConnector, pool: Pool) -> None:
    pool.on(
        ALL,
        lambda sent: (
            results(held("a", name="old"))
            if sent.query.get("archived") == "true"
            else results(held("tier_1"))
        ),
    )
    pool.on(CREATE_GROUP.replace("POST", "GET"), results({"name": "tandem", "label": "Ours"}))
    schema = hubspot.schema("companies")
    assert schema.groups == {"tandem": "Ours"}
    assert set(schema.fields) == {"tandem_tier"}
    assert set(schema.archived) == {"old"}
    assert not schema.unsettled
    assert len(pool.sent) == 3


@pytest.mark.parametrize(
    ("item", "expected"),
    [
        ({"type": "string", "fieldType": "text"}, FieldKind.TEXT),
        ({"type": "string", "fieldType": "textarea"}, FieldKind.TEXT),
        ({"type": "string", "fieldType": "html"}, FieldKind.OTHER),
        ({"type": "phone_number", "fieldType": "phonenumber"}, FieldKind.TEXT),
        ({"type": "number", "fieldType": "number"}, FieldKind.NUMBER),
        ({"type": "number", "fieldType": "number", "showCurrencySymbol": True}, FieldKind.CURRENCY),
        ({"type": "bool", "fieldType": "booleancheckbox"}, FieldKind.BOOLEAN),
        ({"type": "enumeration", "fieldType": "booleancheckbox"}, FieldKind.BOOLEAN),
        ({"type": "enumeration", "fieldType": "radio"}, FieldKind.ENUM),
        ({"type": "enumeration", "fieldType": "checkbox"}, FieldKind.MULTI_ENUM),
        ({"type": "enumeration", "fieldType": "select", "referencedObjectType": "OWNER"}, FieldKind.USER),
        ({"type": "date", "fieldType": "date"}, FieldKind.DATE),
        ({"type": "datetime", "fieldType": "date"}, FieldKind.DATETIME),
        ({"type": "object_coordinates", "fieldType": "text"}, FieldKind.OTHER),
    ],
)
def test_each_type_has_its_kind(item: dict[str, Any], expected: FieldKind) -> None:
    assert definition_of({"name": "x", "label": "X", **item}).kind is expected


def test_what_may_not_be_written_is_known() -> None:
    def read(**more: Any) -> FieldDefinition:
        return definition_of(held("a", **more))

    assert read().writable
    assert not read(calculated=True).writable
    assert not read(modificationMetadata={"readOnlyValue": True}).writable
    assert read(modificationMetadata={"readOnlyDefinition": True, "readOnlyOptions": True}).managed
    assert not read(modificationMetadata={"readOnlyDefinition": True, "readOnlyOptions": False}).managed
    assert not read(hubspotDefined=True).custom
    assert read(externalOptions=True).external_options
    assert not read(externalOptions=True).restricted


def test_options_stand_in_their_order_and_hidden_ones_are_not_active() -> None:
    item = held()
    item["options"] = [
        {"value": "b", "label": "B", "displayOrder": 1, "hidden": True},
        {"value": "a", "label": "A", "displayOrder": 0, "hidden": False},
    ]
    first, second = definition_of(item).options
    assert (first.value, first.active) == ("a", True)
    assert (second.value, second.active) == ("b", False)


def test_a_schema_is_unsettled_for_five_minutes_after_our_own_change(
    hubspot: HubSpotConnector, pool: Pool, clock: Clock
) -> None:
    pool.on(ALL, results(held("tier_1")))
    pool.on("GET /crm/v3/properties/deals", results())
    for object in ("companies", "deals"):
        pool.on(f"GET /crm/v3/properties/{object}/groups", results())
    pool.on(ONE, Said(held("tier_1")))
    pool.on(CHANGE, Said(held("tier_1", "tier_2")))
    hubspot.update_field("companies", TIER)
    assert hubspot.schema("companies").unsettled
    assert not hubspot.schema("deals").unsettled
    clock.advance(300)
    assert not hubspot.schema("companies").unsettled


# -- creating ------------------------------------------------------------------------------------------------


def test_a_property_is_created_in_its_group_which_is_made_first(
    hubspot: HubSpotConnector, pool: Pool
) -> None:
    pool.on(ONE, MISSING)
    pool.on(GROUP, MISSING)
    pool.on(CREATE_GROUP, echo)
    pool.on(CREATE, echo)
    hubspot.create_field("companies", TIER)
    assert pool.routes() == [ONE, GROUP, CREATE_GROUP, CREATE]
    assert pool.to(CREATE_GROUP)[0].body == {"name": "tandem", "label": "Tandem", "displayOrder": -1}
    assert pool.to(CREATE)[0].body == {
        "groupName": "tandem",
        "name": "tandem_tier",
        "label": "Tier",
        "description": "How well the account fits.",
        "type": "enumeration",
        "fieldType": "select",
        "options": [
            {"value": "tier_1", "label": "Tier_1", "displayOrder": 0, "hidden": False},
            {"value": "tier_2", "label": "Tier_2", "displayOrder": 1, "hidden": False},
        ],
    }


def test_a_group_that_appears_meanwhile_is_as_good(hubspot: HubSpotConnector, pool: Pool) -> None:
    pool.on(ONE, MISSING)
    pool.on(GROUP, MISSING, Said({"name": "tandem", "label": "Tandem"}))
    pool.on(CREATE_GROUP, refusal(409, "exists", category="OBJECT_ALREADY_EXISTS"))
    pool.on(CREATE, echo)
    hubspot.create_field("companies", TIER)
    assert len(pool.to(CREATE)) == 1


def test_a_group_of_the_definitions_own_is_used(hubspot: HubSpotConnector, pool: Pool) -> None:
    pool.on("GET /crm/v3/properties/companies/score", MISSING)
    pool.on("GET /crm/v3/properties/companies/groups/abm_sync", Said({"name": "abm_sync", "label": "x"}))
    pool.on(CREATE, echo)
    wanted = FieldDefinition(name="score", label="Score", kind=FieldKind.NUMBER, group="abm_sync")
    hubspot.create_field("companies", wanted)
    assert pool.to(CREATE)[0].body["groupName"] == "abm_sync"


def test_a_yes_or_no_property_gets_its_two_options() -> None:
    body = creation_of(FieldDefinition(name="x", label="X", kind=FieldKind.BOOLEAN))
    assert (body["type"], body["fieldType"]) == ("bool", "booleancheckbox")
    assert [(item["value"], item["label"]) for item in body["options"]] == [("true", "Yes"), ("false", "No")]


def test_a_key_is_created_with_unique_values() -> None:
    body = creation_of(FieldDefinition(name="x", label="X", kind=FieldKind.TEXT, external_id=True))
    assert body["hasUniqueValue"] is True
    assert "options" not in body


def test_an_owner_property_refers_to_owners() -> None:
    body = creation_of(FieldDefinition(name="x", label="X", kind=FieldKind.USER))
    assert (body["referencedObjectType"], body["externalOptions"]) == ("OWNER", True)


def test_a_kind_that_hubspot_has_no_property_for_is_refused() -> None:
    with pytest.raises(Rejected, match="cannot be created"):
        creation_of(FieldDefinition(name="x", label="X", kind=FieldKind.OTHER))


def test_creating_what_exists_in_the_same_form_succeeds(hubspot: HubSpotConnector, pool: Pool) -> None:
    pool.on(ONE, MISSING, Said(held("tier_1", "tier_2", "theirs")))
    pool.on(GROUP, Said({"name": "tandem", "label": "Tandem"}))
    pool.on(CREATE, EXISTS)
    hubspot.create_field("companies", TIER)
    assert pool.routes()[-1] == ONE


@pytest.mark.parametrize(
    ("there", "words"),
    [
        (held(type="string", fieldType="text"), "string/text and not enumeration/select"),
        (held("tier_1"), "lacks the options tier_2"),
        (held("tier_1", "tier_2", calculated=True), "computes it"),
    ],
)
def test_creating_what_exists_in_another_form_says_how_it_differs(
    hubspot: HubSpotConnector, pool: Pool, there: dict[str, Any], words: str
) -> None:
    pool.on(ONE, MISSING, Said(there))
    pool.on(GROUP, Said({"name": "tandem", "label": "Tandem"}))
    pool.on(CREATE, EXISTS)
    with pytest.raises(Rejected, match=words) as caught:
        hubspot.create_field("companies", TIER)
    assert caught.value.fields == ("tandem_tier",)
    assert caught.value.remedy


def test_a_key_that_exists_without_unique_values_is_not_taken_for_ours(
    hubspot: HubSpotConnector, pool: Pool
) -> None:
    there = held(name="tandem_key", type="string", fieldType="text")
    pool.on("GET /crm/v3/properties/companies/tandem_key", MISSING, Said(there))
    pool.on(GROUP, Said({"name": "tandem", "label": "Tandem"}))
    pool.on(CREATE, EXISTS)
    wanted = FieldDefinition(name="tandem_key", label="Key", kind=FieldKind.TEXT, unique=True)
    with pytest.raises(Rejected, match="need not be unique"):
        hubspot.create_field("companies", wanted)


def test_an_archived_name_comes_back_and_is_brought_to_our_definition(
    hubspot: HubSpotConnector, pool: Pool
) -> None:
    pool.on(ONE, Said(held("gold", archived=True)))
    pool.on(GROUP, Said({"name": "tandem", "label": "Tandem"}))
    pool.on(CREATE, Said(held("gold", label="Old tier"), status=201))
    pool.on(CHANGE, Said(held("tier_1", "tier_2", "gold")))
    hubspot.create_field("companies", TIER)
    assert pool.sent[0].query == {"archived": "true"}
    (change,) = pool.to(CHANGE)
    assert change.body["label"] == "Tier"
    assert values(change) == [("tier_1", 0), ("tier_2", 1), ("gold", 2)]


def test_an_archived_name_of_another_type_is_not_retyped(hubspot: HubSpotConnector, pool: Pool) -> None:
    pool.on(ONE, Said(held(type="string", fieldType="text", archived=True)))
    with pytest.raises(Rejected, match="archived property"):
        hubspot.create_field("companies", TIER)
    assert pool.routes() == [ONE]


def test_a_create_whose_answer_was_lost_finds_its_own_property(hubspot: HubSpotConnector, pool: Pool) -> None:
    pool.on(ONE, MISSING, Said(held("tier_1", "tier_2")))
    pool.on(GROUP, Said({"name": "tandem", "label": "Tandem"}))
    pool.on(CREATE, Said("<html>timeout</html>", status=504), EXISTS)
    hubspot.create_field("companies", TIER)
    assert len(pool.to(CREATE)) == 2


# -- bringing up to date -------------------------------------------------------------------------------------


def test_options_are_merged_and_written_whole(hubspot: HubSpotConnector, pool: Pool) -> None:
    pool.on(ONE, Said(held("theirs", "tier_1")))
    pool.on(CHANGE, Said(held()))
    hubspot.update_field("companies", TIER)
    (change,) = pool.to(CHANGE)
    assert values(change) == [("tier_1", 0), ("tier_2", 1), ("theirs", 2)]
    assert set(change.body) == {"options"}


def test_a_definition_that_stands_already_is_not_written(hubspot: HubSpotConnector, pool: Pool) -> None:
    pool.on(ONE, Said(held("tier_1", "tier_2", "theirs")))
    hubspot.update_field("companies", TIER)
    assert pool.routes() == [ONE]


def test_only_label_and_help_are_written_where_only_they_differ(
    hubspot: HubSpotConnector, pool: Pool
) -> None:
    pool.on(ONE, Said(held("tier_1", "tier_2", label="Old", description="Old.")))
    pool.on(CHANGE, Said(held()))
    hubspot.update_field("companies", TIER)
    assert pool.to(CHANGE)[0].body == {"label": "Tier", "description": "How well the account fits."}


def test_the_wording_of_hubspots_own_properties_is_left_alone(hubspot: HubSpotConnector, pool: Pool) -> None:
    pool.on(ONE, Said(held("tier_1", label="Ideal Customer Profile Tier", hubspotDefined=True)))
    pool.on(CHANGE, Said(held()))
    hubspot.update_field("companies", TIER)
    assert set(pool.to(CHANGE)[0].body) == {"options"}


def test_external_options_are_left_alone(hubspot: HubSpotConnector, pool: Pool) -> None:
    pool.on(ONE, Said(held(externalOptions=True)))
    hubspot.update_field("companies", TIER)
    assert pool.routes() == [ONE]


def test_a_definition_that_nobody_may_change_is_refused(hubspot: HubSpotConnector, pool: Pool) -> None:
    pool.on(ONE, Said(held("a", modificationMetadata={"readOnlyDefinition": True, "readOnlyValue": False})))
    with pytest.raises(Rejected, match="does not let anybody change"):
        hubspot.update_field("companies", TIER)


def test_a_property_of_another_kind_is_not_changed(hubspot: HubSpotConnector, pool: Pool) -> None:
    pool.on(ONE, Said(held(type="string", fieldType="text")))
    with pytest.raises(Rejected, match="string/text and not enumeration/select"):
        hubspot.update_field("companies", TIER)
    assert pool.routes() == [ONE]


def test_granting_costs_no_call(hubspot: HubSpotConnector, pool: Pool) -> None:
    hubspot.grant("companies", ["tandem_tier"])
    assert pool.sent == []


options = st.lists(
    st.builds(
        OptionDefinition,
        value=st.sampled_from(list("abcdefgh")),
        label=st.text(max_size=3),
        order=st.integers(-1, 9),
        active=st.booleans(),
    ),
    max_size=6,
    unique_by=lambda item: item.value,
)


@given(there=options, wanted=options)
def test_merging_loses_nobodys_option_and_changes_only_ours(
    there: list[OptionDefinition], wanted: list[OptionDefinition]
) -> None:
    merged = {item.value: item for item in merged_options(there, wanted)}
    assert merged.keys() == {item.value for item in (*there, *wanted)}
    assert sorted(item.order for item in merged.values()) == list(range(len(merged)))
    ours = {item.value for item in wanted}
    for item in wanted:
        assert (merged[item.value].label, merged[item.value].active) == (item.label, item.active)
    for item in there:
        if item.value not in ours:
            assert merged[item.value].label == item.label


@given(there=options, wanted=options)
def test_merging_twice_changes_nothing_more(
    there: list[OptionDefinition], wanted: list[OptionDefinition]
) -> None:
    once = merged_options(there, wanted)
    assert merged_options(once, wanted) == once
