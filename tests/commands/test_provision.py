"""provision against both emulators: plan, apply, plan again, and whatever comes between."""

from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import delete

from emulator.hubspot.portal import Settings
from emulator.hubspot.tokens import ALL_SCOPES, PRIVATE_APP, Token
from emulator.salesforce import definitions
from emulator.salesforce.schema.model import Field, PicklistValue
from emulator.salesforce.seed import Seed
from sync.ledger.database.tables import definitions_written
from tests.commands.provisioned import (
    CUSTOM_FIELD,
    HUBSPOT_FIELDS,
    PROPERTIES,
    SALESFORCE_FIELDS,
    lines,
    visible,
    visible_in_portal,
)
from tests.world import World, open_world


def test_plan_apply_plan(world: World) -> None:
    planned = world.run("provision", "plan")
    assert planned.code == 3
    assert "+ ABM_Tier__c" in planned.text
    assert "8 to create, 2 to grant, 4 in order" in planned.text
    assert "tandem provision apply" in planned.text

    applied = world.run("provision", "apply", "--yes")
    assert applied.code == 0, applied.err
    assert "10 steps carried out" in applied.text

    assert world.run("provision", "plan").code == 0
    seen = visible(world)
    assert seen["salesforce"] >= SALESFORCE_FIELDS
    assert seen["hubspot"] >= HUBSPOT_FIELDS
    assert world.run("plan").code == 0


def test_what_is_in_order_is_shown_on_request(world: World) -> None:
    world.run("provision", "apply", "--yes")
    assert "MQA_Stage__c" not in world.run("provision", "plan").out
    assert "= MQA_Stage__c" in world.run("provision", "plan", "-v").text


def test_planning_writes_to_no_crm(world: World) -> None:
    world.run("provision", "plan")
    world.run("provision", "plan", "-o", "fields.json")
    assert not SALESFORCE_FIELDS & set(world.org.sobject("Account").fields)
    assert not HUBSPOT_FIELDS & set(world.portal.shelf("companies").definitions.properties)


def test_applying_twice_does_nothing_the_second_time(world: World) -> None:
    world.run("provision", "apply", "--yes")
    world.salesforce.app.state.calls.reset()
    world.hubspot.app.state.calls.reset()
    again = world.run("provision", "apply")
    assert again.code == 0
    for server in (world.salesforce, world.hubspot):
        written = [call for call in server.calls()["routes"] if call.startswith(("POST", "PATCH"))]
        # Logging in, and asking several things in one call, are POSTs too.
        assert all(call.endswith(("/token", "/composite", "/access-token-info")) for call in written), written


def test_nobody_there_to_confirm_writes_nothing(world: World) -> None:
    ran = world.run("provision", "apply")
    assert ran.code == 2
    assert "--yes" in ran.text
    assert not SALESFORCE_FIELDS & set(world.org.sobject("Account").fields)


def test_only_what_differs_is_changed_and_nobody_elses_option_is_lost(world: World) -> None:
    world.run("provision", "apply", "--yes")
    tier = world.org.sobject("Account").fields["ABM_Tier__c"]
    kept = tuple(
        replace(value, active=value.value != "tier_2") for value in tier.values if value.value != "tier_3"
    )
    custom = (*kept, PicklistValue(value="strategic", label="Strategic"))
    world.org.schema.put_field("Account", replace(tier, label="Account tier", values=custom))
    world.org.touch_definitions()
    shelf = world.portal.shelf("companies").definitions
    shelf.change("tandem_mqa_stage", {"label": "Stage", "description": "?"}, now=world.clock.now(), user=None)
    world.clock.advance(600)

    found = {(line["field"], line["action"], line["attribute"]) for line in lines(world)}
    assert {
        ("ABM_Tier__c", "change", "label"),
        ("ABM_Tier__c", "change", "options"),
        ("ABM_Tier__c", "wrong", "options"),
        ("tandem_mqa_stage", "change", "label"),
        ("tandem_mqa_stage", "change", "help"),
    } == found

    applied = world.run("provision", "apply", "--yes")
    assert applied.code == 0, applied.err
    mended = world.org.sobject("Account").fields["ABM_Tier__c"]
    assert [value.value for value in mended.values if value.active] == [
        "tier_1",
        "tier_2",
        "tier_3",
        "strategic",
    ]
    assert mended.label == "ABM tier"
    assert shelf.properties["tandem_mqa_stage"].doc["label"] == "MQA stage"
    # The option beyond the contract is still told, and no reason to fail.
    after = world.run("provision", "plan")
    assert after.code == 0
    assert "strategic" in after.out


def test_a_translation_is_never_written_over_the_words_that_were_given(world: World) -> None:
    values = [
        PicklistValue(value=value, label=label, translation=f"{label} (de)")
        for value, label in (("tier_1", "Best"), ("tier_2", "Good"), ("other", "Other"))
    ]
    own = Field(
        name="Segment__c",
        label="Segment",
        type="picklist",
        metadata_type="Picklist",
        values=tuple(values),
        translation="Bereich",
        id="00N000000000001AAA",
    )
    world.org.schema.put_field("Account", own)
    for row in list(world.org.store.find("PermissionSet", "Label", "00eSystem Administrator")):
        definitions.grant(world.org, row["Id"], "Account", "Segment__c")
    folder = world.folder / "mappings"
    folder.mkdir()
    (folder / "salesforce.yaml").write_text("fields: {tier: {name: Segment__c, create: false}}\n")
    (folder / "canonical.yaml").write_text("fields: {}\n")
    world.configure("mapping: mappings/")
    ran = world.run("provision", "apply", "--yes", "--allow-destructive", "Segment__c")
    assert ran.code == 0, ran.text
    held = world.org.sobject("Account").fields["Segment__c"]
    assert held.label == "Segment"
    assert [(value.label, value.active) for value in held.values] == [
        ("Best", True),
        ("Good", True),
        ("Other", False),
        ("Tier 3", True),
    ]


def test_a_text_of_ours_that_is_too_short_is_widened(world: World) -> None:
    world.run("provision", "apply", "--yes")
    id_field = world.org.sobject("Account").fields["Tandem_Id__c"]
    world.org.schema.put_field("Account", replace(id_field, length=36))
    world.org.touch_definitions()
    assert world.run("provision", "apply", "--yes").code == 0
    assert world.org.sobject("Account").fields["Tandem_Id__c"].length == 64


def test_a_field_that_nobody_may_see_is_granted(world: World) -> None:
    definitions.create_field(
        world.org, "Account", Field(name="Target_Account__c", label="Target account", type="boolean")
    )
    found = [line for line in lines(world) if line["field"] == "Target_Account__c"]
    # What else is to be said of it is seen through the hiding.
    assert [(line["action"], line["attribute"]) for line in found] == [
        ("grant", ""),
        ("change", "help"),
        ("change", "history"),
    ]
    assert found[0]["stands"] == "hidden"
    assert world.run("provision", "apply", "--yes").code == 0
    assert "Target_Account__c" in visible(world)["salesforce"]
    assert world.run("provision", "plan").code == 0


def test_a_hidden_field_of_another_type_is_told_before_it_is_shown(world: World) -> None:
    definitions.create_field(
        world.org, "Account", Field(name="ABM_Tier__c", label="Tier", type="string", length=9)
    )
    ran = world.run("provision", "apply", "--yes")
    assert ran.code == 1
    assert "salesforce ABM_Tier__c (type: Text → enum): it is of another type" in ran.text
    assert "ABM_Tier__c" not in visible(world)["salesforce"]


def test_all_problems_are_told_before_the_first_write(world: World) -> None:
    definitions.create_field(
        world.org, "Account", Field(name="ABM_Tier__c", label="ABM tier", type="string", length=80)
    )
    world.org.load("PermissionSet", [{"Name": "Sales", "Label": "Sales"}])
    (mine,) = (row["Id"] for row in world.org.store.find("PermissionSet", "Name", "Sales"))
    user = world.org.find_user("tandem@example.com")
    assert user is not None
    world.org.load("PermissionSetAssignment", [{"AssigneeId": user["Id"], "PermissionSetId": mine}])
    definitions.grant(world.org, mine, "Account", "ABM_Tier__c")
    group = world.portal.shelf("companies").type.name
    world.portal.define(
        group,
        {
            "name": "tandem_id",
            "label": "Tandem Id",
            "type": "string",
            "fieldType": "text",
            "groupName": "companyinformation",
        },
    )

    assert world.run("provision", "plan").code == 1
    ran = world.run("provision", "apply", "--yes")
    assert ran.code == 1
    assert "Nothing was written" in ran.text
    assert "salesforce ABM_Tier__c (type: Text → enum)" in ran.text
    assert "hubspot tandem_id (unique: no → yes)" in ran.text
    assert "Target_Account__c" not in world.org.sobject("Account").fields
    assert "tandem_mqa_stage" not in world.portal.shelf("companies").definitions.properties


def test_an_archived_property_comes_back(world: World) -> None:
    world.run("provision", "apply", "--yes")
    world.portal.shelf("companies").definitions.archive("tandem_mqa_stage", now=world.clock.now())
    world.clock.advance(600)
    (line,) = lines(world)
    assert (line["field"], line["stands"]) == ("tandem_mqa_stage", "archived")
    assert world.run("provision", "apply", "--yes").code == 0
    assert "tandem_mqa_stage" in visible(world)["hubspot"]


def test_an_archived_property_comes_back_with_the_options_that_records_may_hold(world: World) -> None:
    world.configure(systems=["hubspot"])
    assert world.run("provision", "apply", "--yes").code == 0
    shelf = world.portal.shelf("companies").definitions
    before = shelf.properties["tandem_mqa_stage"].doc["options"]
    more = [*before, {"label": "Parked", "value": "parked", "displayOrder": 99, "hidden": False}]
    shelf.change("tandem_mqa_stage", {"options": more}, now=world.clock.now(), user=None)
    world.portal.load("companies", [{"name": "Acme", "domain": "acme.com", "tandem_mqa_stage": "parked"}])
    shelf.archive("tandem_mqa_stage", now=world.clock.now())
    world.clock.advance(600)
    assert world.run("provision", "apply", "--yes").code == 0
    values = [option["value"] for option in shelf.properties["tandem_mqa_stage"].doc["options"]]
    assert values == [*(option["value"] for option in before), "parked"]
    world.clock.advance(600)
    (told,) = lines(world)
    assert (told["stands"], told["effect"]) == ("parked", "parked on 1; records keep them")


@pytest.mark.parametrize(
    ("path", "drop"),
    [
        (CUSTOM_FIELD, "before"),
        (CUSTOM_FIELD, "after"),
        (r".*/sobjects/PermissionSet$", "after"),
        (r".*/composite/sobjects", "before"),
        (r".*/composite/sobjects", "after"),
        (r".*/sobjects/PermissionSetAssignment", "before"),
    ],
)
def test_cut_off_between_two_steps_in_salesforce_it_is_finished_by_the_next_try(
    world: World, path: str, drop: str
) -> None:
    world.configure(systems=["salesforce"])
    # More often than a call is repeated: the command gives up, as if it had been killed there.
    world.salesforce.fault(drop=drop, match={"method": "POST", "path": path}, times=9)
    first = world.run("provision", "apply", "--yes")
    world.salesforce.app.state.faults.clear()
    again = world.run("provision", "apply", "--yes")
    assert again.code == 0, again.text
    assert world.run("provision", "plan").code == 0
    assert visible(world)["salesforce"] >= SALESFORCE_FIELDS
    if drop == "before":
        assert first.code == 1
        assert "tandem provision apply" in first.text


@pytest.mark.parametrize(("skip", "drop"), [(0, "after"), (1, "before"), (2, "after")])
def test_cut_off_between_two_steps_in_hubspot_it_is_finished_by_the_next_try(
    world: World, skip: int, drop: str
) -> None:
    world.configure(systems=["hubspot"])
    world.hubspot.fault(drop=drop, match={"method": "POST", "path": PROPERTIES}, times=9, after=skip)
    world.run("provision", "apply", "--yes")
    world.hubspot.app.state.faults.clear()
    again = world.run("provision", "apply", "--yes")
    assert again.code == 0, again.text
    assert world.run("provision", "plan").code == 0
    assert visible(world)["hubspot"] >= HUBSPOT_FIELDS


def test_a_field_for_a_person_is_made_in_both_and_shown_where_its_grant_was_cut_off(world: World) -> None:
    folder = world.folder / "mappings"
    folder.mkdir()
    (folder / "canonical.yaml").write_text("fields: {researcher: {type: user, label: Researcher}}\n")
    (folder / "salesforce.yaml").write_text("fields: {researcher: {name: Researcher__c}}\n")
    (folder / "hubspot.yaml").write_text("fields: {researcher: {name: researcher}}\n")
    world.configure("mapping: mappings/")
    world.salesforce.fault(drop="before", match={"path": r".*/composite/sobjects"}, times=9)
    assert world.run("provision", "apply", "--yes").code == 1
    world.salesforce.app.state.faults.clear()
    assert ("Researcher__c", "grant") in {(line["field"], line["action"]) for line in lines(world)}
    again = world.run("provision", "apply", "--yes")
    assert again.code == 0, again.text
    assert world.org.sobject("Account").fields["Researcher__c"].reference_to == ("User",)
    assert world.run("provision", "plan").code == 0


def test_one_crm_that_fails_does_not_stop_the_other(world: World) -> None:
    world.salesforce.fault(
        status=403,
        body=[{"message": "insufficient access", "errorCode": "INSUFFICIENT_ACCESS"}],
        match={"method": "POST", "path": CUSTOM_FIELD},
        times=50,
    )
    ran = world.run("provision", "apply", "--yes")
    assert ran.code == 1
    assert "salesforce:" in ran.text
    assert "hubspot:" not in ran.err
    assert visible(world)["hubspot"] >= HUBSPOT_FIELDS


def test_one_field_that_is_refused_does_not_stop_the_others(world: World) -> None:
    world.configure(systems=["salesforce"])
    refusal = [{"message": "label is already in use", "errorCode": "FIELD_INTEGRITY_EXCEPTION"}]
    world.salesforce.fault(
        status=400, body=refusal, match={"method": "POST", "path": CUSTOM_FIELD}, after=2, times=1
    )
    ran = world.run("provision", "apply", "--yes")
    assert ran.code == 1
    assert "salesforce ABM_Tier__c" in ran.text
    assert "label is already in use" in ran.text
    assert visible(world)["salesforce"] >= SALESFORCE_FIELDS - {"ABM_Tier__c"}


def test_the_vendors_own_field_is_given_what_it_lacks_and_keeps_the_rest(world: World) -> None:
    shelf = world.portal.shelf("companies").definitions
    named = [("tier_1", "Top"), ("tier_2", "Tier 2"), ("watch", "Watch list")]
    told = [{"value": value, "label": label, "displayOrder": n} for n, (value, label) in enumerate(named)]
    shelf.change("hs_ideal_customer_profile", {"options": told}, now=world.clock.now(), user=None)
    world.configure(systems=["hubspot"])
    assert world.run("provision", "apply", "--yes").code == 0
    held = shelf.properties["hs_ideal_customer_profile"].doc["options"]
    assert [(option["value"], option["label"]) for option in held] == [*named, ("tier_3", "Tier 3")]


def test_created_and_still_hidden_never_ends_as_success(world: World) -> None:
    # An administrator's own rule takes the field from everybody, whatever the permission set says.
    world.org.withdraw(["Account.MQA_Stage__c"])
    ran = world.run("provision", "apply", "--yes")
    assert ran.code == 1
    assert "MQA_Stage__c" in ran.err
    assert "may not see it" in ran.text


def test_old_definitions_served_for_minutes_are_no_drift(world: World) -> None:
    world.hubspot.fault(fault="F98", times=200, match={"path": r"/crm/.*properties"})
    world.clock.advance(3600)
    ran = world.run("provision", "apply", "--yes")
    assert ran.code == 0, ran.text
    world.clock.advance(60)
    later = world.run("provision", "plan", "--json")
    assert later.code == 0
    settling = {line["field"] for line in later.json["lines"] if line["action"] == "settling"}
    assert settling == HUBSPOT_FIELDS


def test_an_old_label_of_a_group_is_served_for_minutes_and_is_no_drift(world: World) -> None:
    assert world.run("provision", "apply", "--yes").code == 0
    world.clock.advance(3600)
    groups = world.portal.shelf("companies").definitions.groups
    groups["tandem"]["label"] = "Somebody's"
    old = {"results": [{**group} for group in groups.values()]}
    place = {"method": "GET", "path": r"/crm/.*properties.*/companies/groups"}
    world.hubspot.fault(status=200, body=old, match=place, times=3)
    ran = world.run("provision", "apply", "--yes")
    assert ran.code == 0, ran.text
    assert "HubSpot may show the old definition of tandem for some minutes" in ran.text
    assert groups["tandem"]["label"] == "Tandem"
    assert world.run("provision", "plan").code == 0


@pytest.mark.parametrize(("seconds", "code"), [(10, 0), (200, 1)])
def test_what_a_killed_apply_made_and_hubspot_does_not_show_yet_is_waited_for(
    world: World, seconds: int, code: int
) -> None:
    world.configure(systems=["hubspot"])
    world.clock.advance(3600)
    assert world.run("provision", "apply", "--yes").code == 0
    with world.ledger() as ledger, ledger._store.writing() as connection:
        # It did not live to note what it wrote.
        connection.execute(delete(definitions_written))
    world.hubspot.fault(fault="F98", seconds=seconds, match={"path": r"/crm/.*properties"})
    ran = world.run("provision", "apply", "--yes")
    assert ran.code == code, ran.text
    assert ("run the same command again in some minutes" in ran.text) is (code == 1)
    world.clock.advance(600)
    assert world.run("provision", "plan").code == 0


def test_what_should_be_otherwise_by_now_is_drift_even_minutes_later(world: World) -> None:
    world.run("provision", "apply", "--yes")
    folder = world.folder / "mappings"
    folder.mkdir()
    (folder / "canonical.yaml").write_text("fields: {engagement_score: {label: Score}}\n")
    world.configure("mapping: mappings/")
    found = {(line["field"], line["attribute"]) for line in lines(world)}
    assert found == {("tandem_engagement_score", "label"), ("Engagement_Score__c", "label")}


# -- one CRM, other people's portals -----------------------------------------------------------------------------


@pytest.mark.parametrize("system", ["salesforce", "hubspot"])
def test_one_crm_alone_is_provisioned(world: World, system: str) -> None:
    world.configure(systems=[system])
    assert world.run("provision", "plan").code == 3
    assert world.run("provision", "apply", "--yes").code == 0
    made = {line["system"] for line in world.run("provision", "plan", "--json").json["lines"]}
    assert made == {system}


def test_a_portal_without_the_vendors_fields_gets_ours(tmp_path: Any) -> None:
    with open_world(tmp_path, portal=Settings(abm=False), systems=["hubspot"]) as world:
        assert world.run("provision", "apply", "--yes").code == 0
        assert visible_in_portal(world) >= {"tandem_target_account", "tandem_tier"}
        # HubSpot brings its own fields later: ours stay in use.
        for name in ("hs_is_target_account", "hs_ideal_customer_profile"):
            world.portal.define(
                "companies",
                {
                    "name": name,
                    "label": name,
                    "type": "string",
                    "fieldType": "text",
                    "groupName": "companyinformation",
                },
            )
        world.clock.advance(600)
        assert lines(world) == []


def test_a_token_without_the_right_to_read_definitions_is_told(world: World) -> None:
    scopes = {scope for scope in ALL_SCOPES if ".schemas.companies" not in scope}
    world.portal.tokens.add(Token(text="pat-poor", app_id=PRIVATE_APP, scopes=frozenset(scopes)))
    world.secrets["HUBSPOT_ACCESS_TOKEN"] = "pat-poor"
    ran = world.run("provision", "plan")
    assert ran.code == 1
    assert "crm.schemas.companies.read" in ran.text


def test_another_org_than_the_ledgers_is_refused(tmp_path: Any) -> None:
    with open_world(tmp_path) as world:
        world.run("provision", "plan")
    with open_world(tmp_path, seed=Seed(organization_id="00D000000000002EAA", name="Other")) as world:
        ran = world.run("provision", "apply", "--yes")
        assert ran.code == 5
        assert "00D000000000002EAA (Other)" in ran.text
        assert not SALESFORCE_FIELDS & set(world.org.sobject("Account").fields)
