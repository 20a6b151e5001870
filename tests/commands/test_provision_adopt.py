"""provision adopt: a field that is there already is taken over with its spellings, or refused with the reason."""

from dataclasses import replace
from typing import Any

import pytest

from emulator.salesforce import definitions
from emulator.salesforce.schema.model import Field, PicklistValue
from mappings.fields import FieldType
from mappings.files.load import default_files
from provision.fields.adopt import adopt as adopt_field
from provision.fields.state import StandingField
from sync.settings.load import load
from tests.world import World


@pytest.fixture
def own(world: World) -> World:
    """A world with a mapping folder of its own, as `tandem init` writes it."""
    folder = world.folder / "mappings"
    folder.mkdir()
    for name, text in default_files().items():
        (folder / name).write_text(text, encoding="utf-8")
    world.configure("mapping: mappings/")
    return world


def salesforce_field(world: World, field: Field, *, edit: bool = True) -> None:
    """A field that an administrator made and let everybody with the integration user's profile use."""
    definitions.create_field(world.org, "Account", field)
    row = next(iter(world.org.store.find("Profile", "Name", "System Administrator")))
    owned = next(iter(world.org.store.find("PermissionSet", "ProfileId", row["Id"])))
    definitions.grant(world.org, owned["Id"], "Account", field.name, edit=edit)


def hubspot_property(world: World, name: str, type_: str, field_type: str, **more: Any) -> None:
    world.portal.define(
        "companies",
        {
            "name": name,
            "label": name,
            "groupName": "companyinformation",
            "type": type_,
            "fieldType": field_type,
            **more,
        },
    )


def left_to_plan(world: World, name: str) -> list[dict[str, Any]]:
    world.clock.advance(600)
    lines = world.run("provision", "plan", "--json").json["lines"]
    return [line for line in lines if line["field"] == name and line["action"] != "keep"]


def test_a_text_that_holds_tiers_is_adopted_with_its_spellings(own: World) -> None:
    salesforce_field(own, Field(name="Segment__c", label="Segment", type="string", length=80))
    own.org.load(
        "Account",
        [
            {"Name": f"Account {number}", "Segment__c": value}
            for number, value in enumerate(["Tier 1", "Tier 1", "T1", "Tier 2", "Tier 3", "whatever"])
        ],
    )
    ran = own.run("provision", "adopt", "tier", "salesforce", "Segment__c", "--yes")
    assert ran.code == 0, ran.err
    assert "Tier 1 2 tier_1" in ran.text
    assert "Not mapped: whatever" in ran.text
    text = (own.folder / "mappings" / "salesforce.yaml").read_text()
    assert "# a standard field: it is there, and it is never blank" in text
    assert left_to_plan(own, "Segment__c") == []
    assert left_to_plan(own, "ABM_Tier__c") == []

    tier = load(own.config).mapping.systems["salesforce"].fields["tier"]
    assert (tier.name, tier.create) == ("Segment__c", False)
    assert tier.values == {"tier_1": "Tier 1", "tier_2": "Tier 2", "tier_3": "Tier 3"}
    assert tier.read_as == {"T1": "tier_1"}


def test_a_picklist_of_yes_and_no_is_adopted_for_a_boolean(own: World) -> None:
    values = tuple(PicklistValue(value=value, label=value) for value in ("Yes", "No"))
    salesforce_field(own, Field(name="Named__c", label="Named", type="picklist", length=255, values=values))
    ran = own.run("provision", "adopt", "target_account", "salesforce", "Named__c", "--yes")
    assert ran.code == 0, ran.err
    assert left_to_plan(own, "Named__c") == []
    own.run("provision", "apply", "--yes")
    assert own.run("plan").code == 0


def test_a_boolean_that_is_spelled_out_goes_both_ways(own: World) -> None:
    values = tuple(PicklistValue(value=value, label=value) for value in ("Yes", "No"))
    salesforce_field(own, Field(name="Named__c", label="Named", type="picklist", length=255, values=values))
    own.run("provision", "adopt", "target_account", "salesforce", "Named__c", "--yes")
    own.run("provision", "apply", "--yes")
    own.clock.advance(600)
    own.org.load("Account", [{"Name": "Acme", "Website": "acme.com", "Named__c": "Yes"}])
    own.clock.advance(60)
    ran = own.run("sync")
    assert ran.code == 0, ran.text
    (company,) = own.portal.shelf("companies").records
    assert company.values["hs_is_target_account"] == "true"
    own.clock.advance(60)
    assert own.run("plan").code == 0


def test_a_hubspot_number_is_adopted_beside_a_salesforce_currency(own: World) -> None:
    hubspot_property(own, "intent_score", "number", "number")
    salesforce_field(own, Field(name="Worth__c", label="Worth", type="currency", precision=18, scale=2))
    for system, name in (("hubspot", "intent_score"), ("salesforce", "Worth__c")):
        ran = own.run("provision", "adopt", "engagement_score", system, name, "--yes")
        assert ran.code == 0, ran.err
        assert left_to_plan(own, name) == []


@pytest.mark.parametrize(
    ("field", "made", "edit", "why"),
    [
        (
            "tier",
            Field(name="X__c", label="X", type="double", precision=5, scale=0),
            True,
            "is of type Number",
        ),
        ("target_account", Field(name="X__c", label="X", type="date"), True, "is of type Date"),
        (
            "engagement_score",
            Field(
                name="X__c",
                label="X",
                type="double",
                precision=18,
                scale=2,
                formula="1",
                calculated=True,
                createable=False,
                updateable=False,
            ),
            True,
            "computes or locks it",
        ),
        ("tier", Field(name="X__c", label="X", type="string", length=80), False, "may not be written"),
        (
            "engagement_score",
            Field(name="X__c", label="X", type="double", precision=3, scale=0),
            True,
            "values would be cut",
        ),
        ("tier", Field(name="X__c", label="X", type="string", length=3), True, "values would be cut"),
        (
            "tier",
            Field(name="X__c", label="X", type="string", length=80, unique=True),
            True,
            "takes a value once",
        ),
        (
            "tier",
            Field(name="X__c", label="X", type="textarea", length=32000, filterable=False, groupable=False),
            True,
            "is a long text",
        ),
        (
            "tier",
            Field(name="X__c", label="X", type="string", length=30, auto_number=True, updateable=False),
            True,
            "computes or locks it (AutoNumber)",
        ),
    ],
)
def test_a_field_that_cannot_hold_it_is_refused_with_the_reason(
    own: World, field: str, made: Field, edit: bool, why: str
) -> None:
    salesforce_field(own, made, edit=edit)
    before = (own.folder / "mappings" / "salesforce.yaml").read_text()
    ran = own.run("provision", "adopt", field, "salesforce", "X__c", "--yes")
    assert ran.code == 1
    assert why in ran.text
    assert (own.folder / "mappings" / "salesforce.yaml").read_text() == before


def names_of(own: World, *values: str) -> None:
    listed = tuple(PicklistValue(value=value, label=value) for value in values)
    field = Field(name="Metal__c", label="Metal", type="picklist", length=255, values=listed)
    salesforce_field(own, field)


def adopt(own: World, *more: str) -> Any:
    return own.run("provision", "adopt", "tier", "salesforce", "Metal__c", "--yes", *more)


def test_a_picklist_of_which_no_value_means_anything_is_taken_over_once_a_person_says_what_they_mean(
    own: World,
) -> None:
    names_of(own, "Platinum", "Gold", "Silver", "Lead=Tin")
    own.org.load("Account", [{"Name": "A", "Metal__c": "Gold"}])
    refused = adopt(own)
    assert refused.code == 1
    assert "None of the 4 values of Metal__c" in refused.text
    assert '--means "Gold=tier_1"' in refused.text
    wrong = adopt(own, "--means", "Gold=tier_9", "--means", "Platnum=tier_1")
    assert wrong.code == 2
    assert "'Gold' cannot mean 'tier_9'" in wrong.text
    assert "No record holds 'Platnum'" in wrong.text
    assert adopt(own, "--means", "Gold").code == 2

    said = [
        word
        for value in ("Platinum=tier_1", "Gold=Tier 2", "Silver=tier_3", "Lead=Tin=tier_3")
        for word in ("--means", value)
    ]
    assert adopt(own, *said).code == 0
    assert [line["attribute"] for line in left_to_plan(own, "Metal__c")] == ["restricted"]
    tier = load(own.config).mapping.systems["salesforce"].fields["tier"]
    assert tier.values == {"tier_1": "Platinum", "tier_2": "Gold", "tier_3": "Silver"}
    assert tier.read_as == {"Lead=Tin": "tier_3"}
    # Counted again some day, what was said stands.
    text = (own.folder / "mappings" / "salesforce.yaml").read_text()
    assert adopt(own).code == 0
    assert (own.folder / "mappings" / "salesforce.yaml").read_text() == text


def test_a_field_that_takes_no_blank_is_mapped_as_required(own: World) -> None:
    salesforce_field(own, Field(name="Tier__c", label="T", type="string", length=80, nillable=False))
    ran = own.run("provision", "adopt", "tier", "salesforce", "Tier__c", "--yes")
    assert "takes no blank" in ran.text
    assert load(own.config).mapping.systems["salesforce"].fields["tier"].required


def test_lifecycle_stages_are_adopted_as_far_as_they_go_and_what_is_lacking_is_told(own: World) -> None:
    ran = own.run("provision", "adopt", "mqa_stage", "hubspot", "lifecyclestage", "--yes")
    assert ran.code == 0, ran.err
    assert "negotiating has no value there, and Tandem may not add one" in ran.text
    assert load(own.config).mapping.systems["hubspot"].fields["mqa_stage"].values == {
        "identified": "subscriber",
        "awareness": "lead",
        "engaged": "marketingqualifiedlead",
        "closed": "customer",
    }
    assert not [line for line in left_to_plan(own, "lifecyclestage") if line["blocks"]]


def further_field(own: World, name: str, in_salesforce: str, form: str) -> None:
    """A field beside the five, kept in Salesforce so far."""
    for file, text in (("canonical", form), ("salesforce", f"{{name: {in_salesforce}}}")):
        (own.folder / "mappings" / f"{file}.yaml").write_text(
            f"fields:\n  {name}: {text}\n", encoding="utf-8"
        )


def test_nothing_is_added_to_values_that_are_kept_elsewhere(own: World) -> None:
    mapping = load(own.config).mapping
    held = StandingField(name="hs_x", label="X", type=FieldType.ENUM, external_options=True)
    found = adopt_field(mapping.fields["tier"], held, mapping.systems["hubspot"], {"Tier 2": 4})
    assert (found.new, found.lacking) == ({}, ("tier_1", "tier_3"))
    assert found.keys["values"] == {"tier_1": None, "tier_2": "Tier 2", "tier_3": None}


def test_nothing_is_added_to_values_that_other_fields_share(own: World) -> None:
    values = tuple(PicklistValue(value=value, label=value) for value in ("Tier 1", "Tier 2"))
    own.org.schema.put_value_set("Tiers", values)
    field = Field(name="Metal__c", label="M", type="picklist", length=255, values=values, restricted=True)
    salesforce_field(own, replace(field, value_set="Tiers"))
    ran = adopt(own)
    assert ran.code == 0, ran.err
    assert "tier_3 has no value there, and Tandem may not add one" in ran.text
    assert left_to_plan(own, "Metal__c") == []


def test_a_value_that_is_retired_there_is_made_active_again_and_not_made_twice(own: World) -> None:
    options = [
        {"label": f"Tier {place}", "value": value, "displayOrder": place, "hidden": value == "B"}
        for place, value in enumerate("ABC", start=1)
    ]
    hubspot_property(own, "prio", "enumeration", "select", options=options)
    ran = own.run("provision", "adopt", "tier", "hubspot", "prio", "--yes")
    assert "B 0 tier_2 (retired there, and made active again by an apply)" in ran.text
    (line,) = left_to_plan(own, "prio")
    assert (line["action"], line["stands"], line["should"]) == ("change", "inactive", "B")
    assert own.run("provision", "apply", "--yes").code == 0
    held = own.portal.shelf("companies").definitions.properties["prio"].doc["options"]
    assert [(one["value"], one["hidden"]) for one in held] == [("A", False), ("B", False), ("C", False)]


def test_a_multi_select_is_adopted_by_its_values(own: World) -> None:
    further_field(
        own,
        "regions",
        "Regions__c",
        "{type: multi_enum, options: [{value: emea, label: EMEA}, {value: apac, label: APAC}]}",
    )
    options = [
        {"label": label, "value": f"v{place}", "displayOrder": place, "hidden": False}
        for place, label in enumerate(("EMEA", "APAC", "Moon"))
    ]
    hubspot_property(own, "regions", "enumeration", "checkbox", options=options)
    ran = own.run("provision", "adopt", "regions", "hubspot", "regions", "--yes")
    assert ran.code == 0, ran.err
    assert "Not mapped: v2" in ran.text
    regions = load(own.config).mapping.systems["hubspot"].fields["regions"]
    assert regions.values == {"emea": "v0", "apac": "v1"}
    assert not [line for line in left_to_plan(own, "regions") if line["blocks"]]


def test_a_field_that_both_crms_have_is_described_once_and_adopted_twice(own: World) -> None:
    (own.folder / "mappings" / "canonical.yaml").write_text(
        "fields:\n  city_code:\n    type: text\n    length: 20\n    rule: {direction: from_salesforce}\n",
        encoding="utf-8",
    )
    hubspot_property(own, "place", "string", "text")
    salesforce_field(own, Field(name="Place__c", label="Place", type="string", length=20))
    refused = own.run("provision", "plan")
    assert refused.code == 2
    assert "tandem provision adopt city_code SYSTEM NATIVE_NAME" in refused.text
    assert own.run("provision", "adopt", "city_code", "hubspot", "place", "--yes").code == 0
    assert "salesforce does not keep city_code" in own.run("provision", "plan").text
    assert own.run("provision", "adopt", "city_code", "salesforce", "Place__c", "--yes").code == 0
    assert left_to_plan(own, "Place__c") == left_to_plan(own, "place") == []


def test_a_day_that_is_kept_as_a_time_is_that_of_the_systems_own_zone(own: World) -> None:
    further_field(own, "renewal", "Renewal__c", "{type: date}")
    hubspot_property(own, "renewal_at", "datetime", "date")
    zone = own.connect()["hubspot"].identity().time_zone
    assert own.run("provision", "adopt", "renewal", "hubspot", "renewal_at", "--yes").code == 0
    renewal = load(own.config).mapping.systems["hubspot"].fields["renewal"]
    assert (renewal.stored_as_datetime, renewal.zone) == (True, zone)


def test_a_calculated_property_is_refused(own: World) -> None:
    ran = own.run("provision", "adopt", "engagement_score", "hubspot", "num_associated_contacts", "--yes")
    assert ran.code == 1
    assert "computes or locks it" in ran.text


def test_a_field_that_is_used_already_or_misspelled_is_refused(own: World) -> None:
    taken = own.run("provision", "adopt", "tier", "salesforce", "Website", "--yes")
    assert "used for the account's domain already" in taken.text
    misspelled = own.run("provision", "adopt", "tier", "salesforce", "website", "--yes")
    assert "Write it as the System does: Website" in misspelled.text
    unknown = own.run("provision", "adopt", "teir", "sales", "Website", "--yes")
    assert unknown.code == 2
    assert "There is no field teir; did you mean tier?" in unknown.text
    assert "There is no System sales" in unknown.text


def test_the_built_in_mapping_is_not_changed(world: World) -> None:
    ran = world.run("provision", "adopt", "tier", "salesforce", "Industry", "--yes")
    assert ran.code == 2
    assert "tandem init" in ran.text


def test_nothing_is_written_where_nobody_confirms(own: World) -> None:
    salesforce_field(own, Field(name="Segment__c", label="Segment", type="string", length=80))
    before = (own.folder / "mappings" / "salesforce.yaml").read_text()
    assert own.run("provision", "adopt", "tier", "salesforce", "Segment__c").code == 2
    assert (own.folder / "mappings" / "salesforce.yaml").read_text() == before
