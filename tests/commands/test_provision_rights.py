"""Who is given rights, the proof that they suffice, and what must be named to be retired."""

from dataclasses import replace

import pytest

from emulator.salesforce import definitions
from emulator.salesforce.schema.model import PicklistValue
from tests.commands.provisioned import HUBSPOT_FIELDS, SALESFORCE_FIELDS, holders, lines
from tests.world import World


def test_the_permission_set_and_its_assignment_are_lines_of_their_own(world: World) -> None:
    rights = [line for line in lines(world) if line["object"] == "PermissionSet"]
    assert {(line["attribute"], line["action"]) for line in rights} == {
        ("field permissions", "grant"),
        ("assignment", "grant"),
    }
    by_attribute = {line["attribute"]: line["should"] for line in rights}
    assert set(by_attribute["field permissions"].split(", ")) == SALESFORCE_FIELDS
    assert by_attribute["assignment"] == "tandem@example.com"


def test_rights_go_to_the_users_and_profiles_that_are_named(world: World) -> None:
    world.run("provision", "apply", "--yes")
    assert holders(world) == {"tandem@example.com"}
    world.configure(
        "provision: {assign_to: {users: [Ben.Ortiz@example.com], profiles: [System Administrator]}}"
    )
    (line,) = lines(world)
    assert set(line["should"].split(", ")) == {"ben.ortiz@example.com", "admin@example.com"}
    assert world.run("provision", "apply", "--yes").code == 0
    assert holders(world) == {"tandem@example.com", "ben.ortiz@example.com", "admin@example.com"}
    assert lines(world) == []


def test_nobody_is_given_a_right_on_a_field_that_shows_to_everybody(world: World) -> None:
    assert world.run("provision", "apply", "--yes").code == 0
    tier = world.org.sobject("Account").fields["ABM_Tier__c"]
    world.org.schema.put_field("Account", replace(tier, nillable=False, permissionable=False))
    for row in list(world.org.store.find("FieldPermissions", "Field", "Account.ABM_Tier__c")):
        world.org.store.remove("FieldPermissions", row["Id"])
    world.org.touch_definitions()
    world.configure("provision: {assign_to: {users: [ben.ortiz@example.com]}}")
    ran = world.run("provision", "apply", "--yes")
    assert ran.code == 0, ran.text
    assert lines(world) == []


def test_a_profile_of_hundreds_is_given_the_rights_in_a_few_calls(world: World) -> None:
    world.run("provision", "apply", "--yes")
    world.clock.advance(600)
    profile = world.org.store.find("Profile", "Name", "Standard User")[0]["Id"]
    common = {"ProfileId": profile, "IsActive": True, "LastName": "Many", "Alias": "many"}
    people = [{**common, "Username": f"u{n}@example.com", "Email": f"u{n}@example.com"} for n in range(250)]
    world.org.load("User", people)
    world.configure("provision: {assign_to: {profiles: [Standard User]}}")
    told = world.run("provision", "plan")
    assert " and more (-v)" in told.text
    assert "u249@example.com" not in told.text
    assert "u249@example.com" in world.run("provision", "plan", "-v").text
    before = sum(world.salesforce.calls()["routes"].values())
    ran = world.run("provision", "apply", "--yes")
    assert ran.code == 0, ran.text
    assert sum(world.salesforce.calls()["routes"].values()) - before < 30
    assert {row["Username"] for row in people} <= holders(world)


def test_a_username_that_nobody_has_is_told(world: World) -> None:
    world.run("provision", "apply", "--yes")
    world.configure("provision: {assign_to: {users: [nobody@example.com], profiles: [Sales]}}")
    (line,) = lines(world)
    assert line["stands"] == "nobody@example.com, Sales"
    assert "assign_to" in line["remedy"]


def test_a_probe_writes_values_over_themselves_and_fills_no_blank(world: World) -> None:
    """For a moment the account was a target of tier 1, for every flow and everybody who looked."""
    world.run("provision", "apply", "--yes")
    world.clock.advance(600)
    account = {"Name": "Acme", "Website": "acme.com", "ABM_Tier__c": "tier_2"}
    (account_id,) = world.org.load("Account", [account])
    world.portal.load("companies", [{"name": "Acme", "domain": "acme.com"}])
    world.clock.advance(60)
    before = dict(world.org.store.get("Account", account_id) or {})
    ran = world.run("provision", "apply", "--probe", "--yes")
    assert ran.code == 0, ran.err
    assert f"probed salesforce Account {account_id}: " in ran.text
    assert "not proven salesforce Account: the right to write" in ran.text
    assert "--probe-record hubspot=ID" in ran.text
    probes = world.run("provision", "apply", "--probe", "--yes", "--json").json["probes"]
    salesforce, hubspot = probes
    assert "ABM_Tier__c" in salesforce["rewritten"]
    assert {"MQA_Stage__c", "Engagement_Score__c"} <= set(salesforce["untried"])
    assert hubspot["rewritten"] == salesforce["marked"] == hubspot["marked"] == []
    after = dict(world.org.store.get("Account", account_id) or {})
    stamps = {"SystemModstamp", "LastModifiedDate", "LastModifiedById"}
    assert {k: v for k, v in after.items() if k not in stamps} == {
        k: v for k, v in before.items() if k not in stamps
    }
    assert not [call for call in world.hubspot.calls()["routes"] if call.endswith("/batch/update")]


def test_blanks_are_tried_on_a_record_that_a_person_named_for_it(world: World) -> None:
    world.run("provision", "apply", "--yes")
    world.clock.advance(600)
    accounts = [{"Name": "Acme", "Website": "acme.com"}, {"Name": "Test"}]
    acme, test = world.org.load("Account", accounts)
    (company,) = world.portal.load("companies", [{"name": "Test"}])
    world.clock.advance(60)
    stamp = (world.org.store.get("Account", acme) or {})["SystemModstamp"]
    named = ("--probe-record", f"salesforce={test}", "--probe-record", f"hubspot={company}")
    probes = world.run("provision", "apply", *named, "--yes", "--json").json["probes"]
    assert [one["record"] for one in probes] == [test, company]
    assert all(one["marked"] for one in probes)
    assert (world.org.store.get("Account", acme) or {})["SystemModstamp"] == stamp
    held = world.org.store.get("Account", test) or {}
    assert [held.get(name) for name in ("ABM_Tier__c", "MQA_Stage__c")] == [None, None]


@pytest.mark.parametrize(
    ("given", "code", "told"),
    [
        ("salesforce", 2, "names no System and record"),
        ("pipedrive=7", 2, "tandem.yaml has no System pipedrive"),
        ("salesforce=001000000000009AAA", 1, "has no Account 001000000000009AAA"),
    ],
)
def test_a_test_record_that_is_not_there_is_told(world: World, given: str, code: int, told: str) -> None:
    ran = world.run("provision", "apply", "--probe-record", given, "--yes")
    assert (ran.code, told in ran.text) == (code, True), ran.text


def test_a_probe_says_which_record_cannot_be_written_and_leaves_no_mark(world: World) -> None:
    world.run("provision", "apply", "--yes")
    world.clock.advance(600)
    (company_id,) = world.portal.load("companies", [{"name": "Acme", "domain": "acme.com"}])
    world.clock.advance(60)
    world.hubspot.fault(
        status=400,
        body={"status": "error", "category": "VALIDATION_ERROR", "message": "no"},
        match={"method": "POST", "path": r".*/batch/update"},
        times=1,
    )
    ran = world.run("provision", "apply", "--probe-record", f"hubspot={company_id}", "--yes")
    assert ran.code == 1, ran.text
    company = world.portal.shelf("companies").records.find(company_id)
    assert company is not None
    assert not any(company.values.get(name) for name in HUBSPOT_FIELDS)


def test_a_probe_waits_for_properties_that_hubspot_made_moments_ago(world: World) -> None:
    world.configure(systems=["hubspot"])
    (company_id,) = world.portal.load("companies", [{"name": "Acme", "domain": "acme.com"}])
    world.clock.advance(60)
    world.hubspot.fault(fault="F70", age=300, seconds=10)
    assert world.run("provision", "apply", "--probe-record", f"hubspot={company_id}", "--yes").code == 0


def test_a_probe_that_waited_in_vain_for_new_properties_says_so(world: World) -> None:
    world.configure(systems=["hubspot"])
    (company_id,) = world.portal.load("companies", [{"name": "Acme", "domain": "acme.com"}])
    world.clock.advance(60)
    world.hubspot.fault(fault="F70", age=300, seconds=60)
    ran = world.run("provision", "apply", "--probe-record", f"hubspot={company_id}", "--yes")
    assert ran.code == 1
    assert "HubSpot's writes do not know it yet: try again in some minutes" in ran.text
    company = world.portal.shelf("companies").records.find(company_id)
    assert company is not None
    assert not any(company.values.get(name) for name in HUBSPOT_FIELDS)


@pytest.mark.parametrize("answered", [True, False])
def test_a_mark_that_a_probe_left_behind_is_taken_back_before_anything_is_synced(
    world: World, *, answered: bool
) -> None:
    world.configure("scope: {accounts: all}")
    assert world.run("provision", "apply", "--yes").code == 0
    world.clock.advance(600)
    (account_id,) = world.org.load("Account", [{"Name": "Acme", "Website": "acme.com"}])
    world.clock.advance(600)
    # The mark lands, and then the connection is gone: before its answer, or before it is taken back.
    place = {"method": "PATCH", "path": r".*/composite/sobjects"}
    if not answered:
        world.salesforce.fault(drop="after", match=place, times=1)
    world.salesforce.fault(drop="before", match=place, times=99, after=1 if answered else 0)
    ran = world.run("provision", "apply", "--probe-record", f"salesforce={account_id}", "--yes")
    assert ran.code == 1
    assert "could not be taken back" in ran.text
    assert (world.org.store.get("Account", account_id) or {})["ABM_Tier__c"] == "tier_1"
    world.salesforce.app.state.faults.clear()
    # Somebody has decided one of them meanwhile.
    definitions.set_silently(world.org, "Account", account_id, {"MQA_Stage__c": "engaged"})
    assert world.run("sync").code == 0
    # To take it back was to save the record a moment ago.
    world.clock.advance(600)
    assert world.run("sync").code == 0
    (company,) = world.portal.shelf("companies").records
    assert (company.values.get("hs_ideal_customer_profile"), company.values["tandem_mqa_stage"]) == (
        None,
        "engaged",
    )
    held = world.org.store.get("Account", account_id) or {}
    assert [held.get(name) for name in ("ABM_Tier__c", "Engagement_Score__c")] == [None, None]


def test_values_are_retired_only_where_their_field_is_named(world: World) -> None:
    world.run("provision", "apply", "--yes")
    tier = world.org.sobject("Account").fields["ABM_Tier__c"]
    more = (*tier.values, PicklistValue(value="gold", label="Gold"))
    world.org.schema.put_field("Account", replace(tier, values=more))
    world.org.touch_definitions()
    shelf = world.portal.shelf("companies").definitions
    options = [*shelf.properties["tandem_mqa_stage"].doc["options"]]
    options.append({"label": "Old", "value": "old", "displayOrder": 99, "hidden": False})
    shelf.change("tandem_mqa_stage", {"options": options}, now=world.clock.now(), user=None)
    world.clock.advance(600)

    ran = world.run("provision", "apply", "--yes")
    assert ran.code == 0
    assert "2 off the contract" in ran.text
    active = {
        value.value for value in world.org.sobject("Account").fields["ABM_Tier__c"].values if value.active
    }
    assert "gold" in active

    named = ("--allow-destructive", "ABM_Tier__c", "--allow-destructive", "tandem_mqa_stage")
    ran = world.run("provision", "apply", *named, "--yes")
    assert ran.code == 0, ran.text
    values = {
        value.value: value.active for value in world.org.sobject("Account").fields["ABM_Tier__c"].values
    }
    assert values == {"tier_1": True, "tier_2": True, "tier_3": True, "gold": False}
    hidden = {
        option["value"] for option in shelf.properties["tandem_mqa_stage"].doc["options"] if option["hidden"]
    }
    assert hidden == {"old"}
    world.clock.advance(600)
    assert lines(world) == []


def test_a_field_that_is_not_in_the_mapping_cannot_be_named_for_retiring(world: World) -> None:
    ran = world.run("provision", "plan", "--allow-destructive", "Nope__c")
    assert ran.code == 2
    assert "Nope__c" in ran.text
