"""stages against both emulators: drift made by people, found, planned, mended, and found no more."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from connector.hubspot.api.paths import DEFAULT_VERSION
from emulator.hubspot.tokens import ALL_SCOPES, PRIVATE_APP, Token
from emulator.salesforce import definitions
from emulator.salesforce.data import record_types
from emulator.salesforce.definitions import Stage
from emulator.salesforce.schema.model import PicklistValue
from mappings.files.load import load as load_mapping
from tests.e2e.crms import Kept
from tests.hubspot_versions import dated
from tests.world import World, open_world

RUNGS = ["identified", "awareness", "engaged", "evaluating", "negotiating", "closed"]
SALESFORCE, HUBSPOT = "MQA_Stage__c", "tandem_mqa_stage"
PIPELINES = dated("/crm/v3/pipelines/", DEFAULT_VERSION)
PAIR = {"salesforce": "salesforce", "hubspot": "hubspot"}


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kept]:
    with open_world(tmp_path_factory.mktemp("ready")) as world:
        applied = world.run("stages", "apply", "--yes")
        assert applied.code == 0, applied.text
        world.clock.advance(3600)
        yield Kept.of(world)


@pytest.fixture
def ready(kept: Kept) -> World:
    """A world whose ladders were brought in order some time ago, and nothing else, which is quicker."""
    kept.bring_back()
    return kept.world


def findings(world: World) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = world.run("stages", "check", "--json").json["findings"]
    return found


def drift(world: World) -> set[tuple[str, str, str]]:
    return {(one["system"], one["kind"], one["value"]) for one in findings(world) if one["drift"]}


def picklist(world: World) -> list[PicklistValue]:
    return list(world.org.sobject("Account").fields[SALESFORCE].values)


def put_picklist(world: World, values: list[PicklistValue], **more: Any) -> None:
    """What an administrator does in Setup."""
    field = world.org.sobject("Account").fields[SALESFORCE]
    world.org.schema.put_field("Account", replace(field, values=tuple(values), **more))
    world.org.touch_definitions()


def options(world: World) -> list[dict[str, Any]]:
    doc = world.portal.shelf("companies").definitions.properties[HUBSPOT].doc
    return [dict(option) for option in doc["options"]]


def put_options(world: World, given: list[dict[str, Any]], **more: Any) -> None:
    """What an administrator does in Settings, Properties."""
    numbered = [{**option, "displayOrder": place} for place, option in enumerate(given)]
    shelf = world.portal.shelf("companies").definitions
    shelf.change(HUBSPOT, {"options": numbered, **more}, now=world.clock.now(), user=None)


def written(server: Any) -> list[str]:
    """Calls that change something."""
    calls = [call for call in server.calls()["routes"] if call.startswith(("POST", "PATCH", "PUT", "DELETE"))]
    return [
        call
        for call in calls
        if not call.endswith(("/token", "/composite", "/private-app", "/search", "/access-token-info"))
    ]


def reset_calls(world: World) -> None:
    world.salesforce.app.state.calls.reset()
    world.hubspot.app.state.calls.reset()


# -- ladders -------------------------------------------------------------------------------------------------


def test_what_was_just_provisioned_is_in_order(world: World) -> None:
    assert world.run("provision", "apply", "--yes").code == 0
    checked = world.run("stages", "check", "-v")
    assert checked.code == 0, checked.text
    assert "In order: 12 rungs and 17 opportunity stages." in checked.text
    # Listed with -v is what each of them means.
    assert "= Evaluating evaluating evaluating" in checked.text
    assert "= Contract Sent contractsent decision open at 90 %" in checked.text
    kept = world.run("stages", "check", "--json").json["kept"]
    assert len(kept) == 29
    assert {one["means"] for one in kept if one["value"] in {"Closed Won", "closedwon"}} == {"closed_won"}


def test_before_provisioning_the_ladder_is_missing_and_stages_apply_makes_it_alone(world: World) -> None:
    assert world.run("stages", "check").code == 3
    applied = world.run("stages", "apply", "--yes")
    assert applied.code == 0, applied.text
    assert world.run("stages", "check").code == 0
    assert "ABM_Tier__c" not in world.org.sobject("Account").fields


def test_drift_made_by_people_in_both_crms_is_found_mended_and_found_no_more(ready: World) -> None:
    held = {value.value: value for value in picklist(ready)}
    put_picklist(
        ready,
        [
            held["awareness"],
            held["identified"],
            replace(held["engaged"], label="Engagiert"),
            replace(held["evaluating"], active=False),
            held["closed"],
            PicklistValue(value="Discovery Call", label="Discovery Call"),
        ],
        help_text="Ask Jana.",
    )
    company = {option["value"]: option for option in options(ready)}
    put_options(
        ready,
        [
            company["closed"],
            company["identified"],
            {**company["awareness"], "hidden": True},
            {**company["engaged"], "label": "Warm"},
            company["evaluating"],
            {"label": "Parked", "value": "parked", "hidden": False},
        ],
        description="?",
    )
    ready.clock.advance(600)

    checked = ready.run("stages", "check")
    assert checked.code == 3
    assert "tandem stages plan" in checked.text
    assert drift(ready) == {
        ("salesforce", "order", ""),
        ("salesforce", "label", "engaged"),
        ("salesforce", "inactive", "evaluating"),
        ("salesforce", "missing", "negotiating"),
        ("salesforce", "off contract", "Discovery Call"),
        ("salesforce", "field", ""),
        ("hubspot", "order", ""),
        ("hubspot", "inactive", "awareness"),
        ("hubspot", "label", "engaged"),
        ("hubspot", "missing", "negotiating"),
        ("hubspot", "off contract", "parked"),
        ("hubspot", "field", ""),
    }

    assert ready.run("stages", "plan").code == 3
    applied = ready.run("stages", "apply", "--yes")
    assert applied.code == 0, applied.text
    ready.clock.advance(600)
    assert ready.run("stages", "plan").code == 0

    assert [value.value for value in picklist(ready) if value.active] == [*RUNGS, "Discovery Call"]
    assert [option["value"] for option in options(ready) if not option["hidden"]] == [*RUNGS, "parked"]
    assert "Nobody has reached out yet." in (ready.org.sobject("Account").fields[SALESFORCE].help_text or "")
    # What people added is theirs: it is still there, and still told.
    assert drift(ready) == {
        ("salesforce", "off contract", "Discovery Call"),
        ("hubspot", "off contract", "parked"),
    }


def test_a_record_type_that_does_not_offer_a_rung_is_found_mended_and_takes_it_then(ready: World) -> None:
    partner = record_types.add(ready.org, "Account", "Partner", {SALESFORCE: RUNGS[:4]})
    record_types.add(ready.org, "Account", "Customer")
    (off,) = [one for one in findings(ready) if one["drift"]]
    assert (off["kind"], off["value"], off["should"]) == ("not offered", "Partner", "negotiating, closed")
    assert "Partner" in ready.run("stages", "check").text
    applied = ready.run("stages", "apply", "--yes")
    assert applied.code == 0, applied.text
    assert ready.run("stages", "check").code == 0
    field = ready.org.sobject("Account").fields[SALESFORCE]
    assert record_types.offered(ready.org, "Account", partner, field) == RUNGS


def test_what_a_shared_value_set_lacks_is_for_a_person_in_the_check_as_in_the_plan(ready: World) -> None:
    values = [replace(picklist(ready)[0], label="Erkannt"), *picklist(ready)[1:5]]
    ready.org.schema.put_value_set("Rungs", tuple(values))
    put_picklist(ready, values, value_set="Rungs")
    found = [one for one in findings(ready) if one["drift"]]
    assert {(one["kind"], one["value"]) for one in found} == {("missing", "closed"), ("label", "identified")}
    assert not any(one["fixable"] for one in found)
    assert all("Picklist Value Sets, Rungs" in one["remedy"] for one in found)
    assert "tandem stages plan" not in ready.run("stages", "check").text
    assert ready.run("stages", "plan").code == 1


def test_a_new_rung_reaches_the_record_types_too(ready: World) -> None:
    partner = record_types.add(ready.org, "Account", "Partner")
    put_picklist(ready, picklist(ready)[:4])
    record_types.keep(ready.org, "Account", SALESFORCE, RUNGS[:4])
    assert ("salesforce", "missing", "closed") in drift(ready)
    assert ready.run("stages", "apply", "--yes").code == 0
    field = ready.org.sobject("Account").fields[SALESFORCE]
    assert record_types.offered(ready.org, "Account", partner, field) == RUNGS
    assert drift(ready) == set()


def test_rungs_with_punctuation_and_foreign_letters_reach_the_record_types_once(world: World) -> None:
    folder = world.folder / "mappings"
    folder.mkdir()
    spelled = {
        "identified": "R&D / Prüfung (1+1)",
        "awareness": "100 %",
        "engaged": "交渉.",
        "closed": "A-B_C",
    }
    values = ", ".join(f"{key}: {json.dumps(value, ensure_ascii=False)}" for key, value in spelled.items())
    text = f"fields:\n  mqa_stage:\n    values: {{{values}}}\n"
    (folder / "salesforce.yaml").write_text(text, encoding="utf-8")
    world.configure("mapping: mappings/")
    partner = record_types.add(world.org, "Account", "Partner")
    for _ in range(2):
        applied = world.run("stages", "apply", "--yes")
        assert applied.code == 0, applied.text
        field = world.org.sobject("Account").fields[SALESFORCE]
        wanted = [spelled.get(rung, rung) for rung in RUNGS]
        assert record_types.offered(world.org, "Account", partner, field) == wanted
        (row,) = record_types.of(world.org, "Account")
        assert row["offers"][SALESFORCE] == wanted
        # The next one finds a part of them there, and adds the others.
        world.org.store.put("RecordType", {**row, "offers": {SALESFORCE: wanted[:4]}})


def test_entry_criteria_stand_with_each_option_in_hubspot_and_are_mended_there(ready: World) -> None:
    told = {option["value"]: option.get("description") or "" for option in options(ready)}
    assert all("." in text for text in told.values()), told
    changed = [{**option, "description": "Whatever."} for option in options(ready)]
    put_options(ready, changed)
    ready.clock.advance(600)
    assert ("hubspot", "field", "") in drift(ready)
    assert ready.run("stages", "apply", "--yes").code == 0
    assert {option["value"]: option["description"] for option in options(ready)} == told


def test_a_value_that_records_carry_is_counted_proposed_mapped_and_then_read(ready: World) -> None:
    put_picklist(ready, [*picklist(ready), PicklistValue(value="Demo Scheduled", label="Demo Scheduled")])
    put_options(ready, [*options(ready), {"label": "Demo Scheduled", "value": "demo", "hidden": False}])
    ready.org.load("Account", [{"Name": f"A{n}", SALESFORCE: "Demo Scheduled"} for n in range(3)])
    ready.portal.load("companies", ({"name": f"C{n}", HUBSPOT: "demo"} for n in range(2)))
    ready.clock.advance(600)

    found = {(one["system"], one["value"]): one for one in findings(ready) if one["drift"]}
    assert {key: (one["records"], one["proposal"]) for key, one in found.items()} == {
        ("salesforce", "Demo Scheduled"): (3, "evaluating"),
        ("hubspot", "demo"): (2, "evaluating"),
    }
    shown = ready.run("stages", "check")
    assert "3 records" in shown.text
    assert "read_as" in shown.text

    assert ready.run("stages", "map").code == 0
    ready.configure("mapping: mappings/")
    mapping = load_mapping(ready.folder / "mappings", PAIR)
    assert mapping.systems["salesforce"].fields["mqa_stage"].read_as == {"Demo Scheduled": "evaluating"}
    assert mapping.systems["hubspot"].fields["mqa_stage"].read_as == {"demo": "evaluating"}
    again = ready.run("stages", "check")
    assert again.code == 0, again.text
    # Provisioning, which compares the same fields, has nothing to say against them either.
    lines = ready.run("provision", "plan", "--json").json["lines"]
    assert {line["action"] for line in lines if line["canonical"] == "mqa_stage"} == {"keep"}


def test_f95_and_f54_the_options_of_others_survive_every_repair(ready: World) -> None:
    put_options(ready, [*options(ready)[1:], {"label": "Partner", "value": "partner", "hidden": True}])
    put_picklist(ready, [*picklist(ready)[1:], PicklistValue(value="Partner", label="Partner", active=True)])
    ready.clock.advance(600)
    applied = ready.run("stages", "apply", "--yes")
    assert applied.code == 0, applied.text
    assert {option["value"]: option["hidden"] for option in options(ready)} == {
        **dict.fromkeys(RUNGS, False),
        "partner": True,
    }
    assert {value.value: value.active for value in picklist(ready)} == dict.fromkeys(
        [*RUNGS, "Partner"], True
    )


def test_applying_twice_writes_nothing_the_second_time(ready: World) -> None:
    put_options(ready, options(ready)[1:])
    put_picklist(ready, picklist(ready)[::-1])
    ready.clock.advance(600)
    assert ready.run("stages", "apply", "--yes").code == 0
    reset_calls(ready)
    again = ready.run("stages", "apply", "--yes")
    assert again.code == 0, again.text
    assert written(ready.salesforce) == []
    assert written(ready.hubspot) == []


def test_f96_an_archived_ladder_comes_back_with_its_values_and_in_order(ready: World) -> None:
    ready.portal.shelf("companies").definitions.archive(HUBSPOT, now=ready.clock.now())
    ready.clock.advance(600)
    assert drift(ready) == {("hubspot", "field", "")}
    applied = ready.run("stages", "apply", "--yes")
    assert applied.code == 0, applied.text
    assert [option["value"] for option in options(ready)] == RUNGS
    assert ready.run("stages", "check").code == 0


def test_f97_a_property_of_another_type_under_the_ladders_name_is_refused(world: World) -> None:
    definition = {"name": HUBSPOT, "label": "Stage", "type": "number", "fieldType": "number"}
    world.portal.define("companies", {**definition, "groupName": "companyinformation"})
    checked = world.run("stages", "check")
    assert checked.code == 3
    assert "another type" in checked.text
    refused = world.run("stages", "apply", "--yes")
    assert refused.code == 1
    assert "Nothing was written" in refused.text
    assert SALESFORCE not in world.org.sobject("Account").fields


def test_f98_an_old_definition_that_is_served_after_a_repair_is_no_drift(ready: World) -> None:
    put_options(ready, options(ready)[1:])
    ready.clock.advance(600)
    assert ready.run("stages", "apply", "--yes").code == 0
    # HubSpot goes on serving the definition from before for some minutes.
    put_options(ready, options(ready)[1:])
    checked = ready.run("stages", "check", "-v")
    assert checked.code == 0, checked.text
    assert "Written moments ago" in checked.text
    ready.clock.advance(600)
    assert ready.run("stages", "check").code == 3


def test_a_saved_plan_is_refused_once_the_definitions_have_moved(ready: World) -> None:
    put_options(ready, options(ready)[1:])
    ready.clock.advance(600)
    assert ready.run("stages", "plan", "-o", "stages.json").code == 3
    put_options(ready, [{**option, "label": f"{option['label']}!"} for option in options(ready)])
    ready.clock.advance(600)
    refused = ready.run("stages", "apply", "stages.json", "--yes")
    assert refused.code == 5
    assert len(options(ready)) == 5


def test_a_saved_plan_carries_the_systems_and_the_pipeline_that_it_was_made_for(ready: World) -> None:
    due = {"label": "Prospecting", "displayOrder": 0, "metadata": {"probability": "0.1"}}
    second = {"label": "Renewals", "displayOrder": 1, "stages": [due]}
    made = ready.portal.pipelines["deals"].create(second, "2026-03-02T09:00:00Z")
    planned = ready.run(
        "stages", "plan", "--create-missing", "hubspot", "--pipeline", "Renewals", "-o", "stages.json"
    )
    assert planned.code == 3, planned.text
    again = ready.run("stages", "apply", "stages.json", "--pipeline", "default", "--yes")
    assert again.code == 2
    assert "stages.json says what it was made for" in again.text
    applied = ready.run("stages", "apply", "stages.json", "--yes")
    assert applied.code == 0, applied.text
    held = [one["label"] for one in ready.portal.pipelines["deals"].stages(made["id"])]
    assert held == [one.label for one in definitions.stages(ready.org)]


@pytest.mark.parametrize(("made", "applied"), [("stages", "provision"), ("provision", "stages")])
def test_a_plan_of_the_other_command_is_refused_with_the_command_that_carries_it_out(
    ready: World, made: str, applied: str
) -> None:
    put_options(ready, options(ready)[1:])
    ready.clock.advance(600)
    assert ready.run(made, "plan", "-o", "saved.json").code == 3
    refused = ready.run(applied, "apply", "saved.json", "--yes")
    assert refused.code == 5
    assert f"Carry it out with: tandem {made} apply saved.json" in refused.text


def test_every_refusal_of_a_stage_plan_names_tandem_stages(ready: World) -> None:
    put_options(ready, options(ready)[1:])
    ready.clock.advance(600)
    assert ready.run("stages", "plan", "-o", "stages.json").code == 3
    saved = ready.folder / "stages.json"
    text = saved.read_text(encoding="utf-8")
    told = []
    for bad in ("{", text.replace("identified", "identifeid"), text.replace('"format": 1', '"format": 99')):
        saved.write_text(bad, encoding="utf-8")
        refused = ready.run("stages", "apply", "stages.json", "--yes")
        assert refused.code == 5, refused.text
        told.append(refused.text)
    saved.write_text(text, encoding="utf-8")
    put_options(ready, [{**option, "label": f"{option['label']}!"} for option in options(ready)])
    ready.clock.advance(600)
    told.append(ready.run("stages", "apply", "stages.json", "--yes").text)
    ready.portal.shelf("companies").definitions.archive(HUBSPOT, now=ready.clock.now())
    definition = {"name": HUBSPOT, "label": "Stage", "type": "number", "fieldType": "number"}
    ready.portal.define("companies", {**definition, "groupName": "companyinformation"})
    told.append(ready.run("stages", "apply", "--yes").text)
    assert all("tandem stages plan" in text for text in told), told
    assert not any("tandem provision" in text for text in told), told


def test_a_field_that_the_connected_user_may_not_see_is_granted(ready: World) -> None:
    for row in list(ready.org.store.find("FieldPermissions", "Field", f"Account.{SALESFORCE}")):
        ready.org.store.remove("FieldPermissions", row["Id"])
    assert drift(ready) == {("salesforce", "field", "")}
    assert ready.run("stages", "apply", "--yes").code == 0
    assert ready.run("stages", "check").code == 0


# -- opportunity stages --------------------------------------------------------------------------------------


def stage(name: str, at: float, *, closed: bool = False, won: bool = False, **more: Any) -> Stage:
    category = ("Closed" if won else "Omitted") if closed else "Pipeline"
    return Stage(
        name=name,
        label=more.pop("label", name),
        probability=at,
        forecast_category=category,
        closed=closed,
        won=won,
        **more,
    )


def test_f56_renamed_two_won_won_at_zero_and_retired_stages_are_told_one_by_one(ready: World) -> None:
    org = ready.org
    row = {"CloseDate": "2026-05-01", "StageName": "Value Proposition"}
    org.load("Opportunity", [{"Name": f"O{n}", **row} for n in range(4)])
    definitions.put_stages(
        org,
        [
            *(one for one in definitions.stages(org) if one.name != "Value Proposition"),
            stage("Renewal", 0, closed=True, won=True, label="Verlängert"),
            stage("On Ice", 20, label="Lost for now"),
        ],
    )
    definitions.rename_stage(org, "Prospecting", "Akquise")
    found = findings(ready)
    told = {(one["kind"], one["value"], one["reason"]) for one in found if one["field"] == "StageName"}
    assert told == {
        ("note", "Prospecting", "named in German"),
        ("left behind", "Value Proposition", "nobody can choose it any more, and records still stand in it"),
        ("contradiction", "Renewal", "won at 0 %"),
        ("contradiction", "Renewal", "one of 2 won stages (Closed Won, Verlängert)"),
        ("contradiction", "Closed Won", "one of 2 won stages (Closed Won, Verlängert)"),
        ("unmapped", "On Ice", "no buyer stage is agreed for it"),
        ("contradiction", "On Ice", "its name says lost, and it is not closed"),
    }
    records = {one["value"]: one["records"] for one in found if one["kind"] == "left behind"}
    assert records == {"Value Proposition": 4}
    # Only what would lose a deal's stage is drift.
    assert drift(ready) == {("salesforce", "unmapped", "On Ice")}


def test_f99_a_hubspot_stage_goes_by_its_probability_and_not_by_its_name(ready: World) -> None:
    pipelines = ready.portal.pipelines["deals"]
    at = "2026-03-02T09:00:00Z"
    lost = pipelines.add_stage(
        "default", {"label": "Closed lost (Q4)", "metadata": {"probability": "0.8"}}, at
    )
    new = pipelines.add_stage("default", {"label": "New inquiry", "metadata": {"probability": "0.0"}}, at)
    found = {(one["value"], one["kind"]): one for one in findings(ready) if one["system"] == "hubspot"}
    assert found[lost["id"], "unmapped"]["stands"] == "open at 80 %"
    assert found[lost["id"], "contradiction"]["reason"] == "its name says lost, and it is not closed"
    assert found[new["id"], "contradiction"]["reason"] == "0 % makes it lost, and its name does not say so"
    assert (new["id"], "unmapped") not in found


def test_missing_deal_stages_are_made_to_match_salesforces_and_mapped(ready: World) -> None:
    before = [dict(one) for _, one in ready.portal.pipelines["deals"].all_stages()]
    planned = ready.run("stages", "plan", "--create-missing", "hubspot", "-o", "stages.json")
    assert planned.code == 3
    assert "+ Needs Analysis" in planned.text
    applied = ready.run("stages", "apply", "stages.json", "--yes")
    assert applied.code == 0, applied.text
    after = {one["id"]: one for _, one in ready.portal.pipelines["deals"].all_stages()}
    assert len(after) == len(before) + 8
    for one in before:
        kept = after[one["id"]]
        assert (kept["label"], kept["metadata"]) == (one["label"], one["metadata"])
    assert ready.run("stages", "plan", "--create-missing", "hubspot").code == 0

    assert ready.run("stages", "check").code == 3
    assert ready.run("stages", "map").code == 0
    ready.configure("mapping: mappings/")
    assert ready.run("stages", "check").code == 0


def test_salesforces_stages_are_extended_and_nobodys_is_deactivated(ready: World) -> None:
    org = ready.org
    definitions.put_stages(org, [one for one in definitions.stages(org) if one.name != "Perception Analysis"])
    before = {one.name: one for one in definitions.stages(org)}
    applied = ready.run("stages", "apply", "--create-missing", "salesforce", "--yes")
    assert applied.code == 0, applied.text
    after = {one.name: one for one in definitions.stages(org)}
    assert {name: after[name] for name in before} == before
    assert {name for name in after if name not in before} == {
        "Appointment Scheduled",
        "Qualified To Buy",
        "Presentation Scheduled",
        "Decision Maker Bought-In",
        "Contract Sent",
    }
    assert not any(after[name].closed for name in after if name not in before)
    reset_calls(ready)
    assert ready.run("stages", "apply", "--create-missing", "salesforce", "--yes").code == 0
    assert written(ready.salesforce) == []


def test_both_sides_may_be_brought_to_the_same_stages_in_one_plan(ready: World) -> None:
    arguments = ("--create-missing", "salesforce", "--create-missing", "hubspot")
    applied = ready.run("stages", "apply", *arguments, "--yes")
    assert applied.code == 0, applied.text
    assert ready.run("stages", "plan", *arguments).code == 0
    names = {one.label for one in definitions.stages(ready.org)}
    assert names == {one["label"] for _, one in ready.portal.pipelines["deals"].all_stages()}


def test_a_right_that_making_stages_takes_is_missed_before_anything_is_written(ready: World) -> None:
    scopes = frozenset(scope for scope in ALL_SCOPES if scope != "crm.schemas.deals.write")
    ready.portal.tokens.add(Token(text="pat-poor", app_id=PRIVATE_APP, scopes=scopes))
    ready.secrets["HUBSPOT_ACCESS_TOKEN"] = "pat-poor"
    for row in list(ready.org.store.find("Profile", "Name", "System Administrator")):
        rights = {f"Permissions{name}": False for name in ("ModifyMetadata", "ModifyAllData")}
        ready.org.store.put("Profile", {**row, **rights})
    put_picklist(ready, picklist(ready)[:5])
    reset_calls(ready)
    both = ("--create-missing", "hubspot", "--create-missing", "salesforce")
    refused = ready.run("stages", "apply", "--yes", *both)
    assert refused.code == 1
    assert "Give it crm.schemas.deals.write, or have the stages made by hand in Settings" in refused.text
    assert "Give it Modify Metadata Through Metadata API Functions, or have the stages made" in refused.text
    assert written(ready.salesforce) == written(ready.hubspot) == []


def test_a_stage_that_no_record_type_of_opportunities_offers_is_told_until_one_does(ready: World) -> None:
    names = [one.name for one in definitions.stages(ready.org)]
    record_types.add(ready.org, "Opportunity", "Renewal", {"StageName": names[2:]})
    record_types.add(ready.org, "Opportunity", "New business", {"StageName": names[1:-1]})
    (found,) = [one for one in findings(ready) if one["kind"] == "not offered"]
    assert (found["value"], found["drift"], found["fixable"]) == (names[0], False, False)
    told = ready.run("stages", "check").text
    assert "(Renewal, New business) none offers it" in told
    assert "Sales Processes" in told
    record_types.add(ready.org, "Opportunity", "Everything")
    assert not [one for one in findings(ready) if one["kind"] == "not offered"]


def test_a_break_between_two_stages_leaves_a_state_from_which_the_next_apply_goes_on(ready: World) -> None:
    arguments = ("--create-missing", "hubspot", "--yes")
    order = [one["id"] for _, one in ready.portal.pipelines["deals"].all_stages()]
    ready.hubspot.fault(status=403, body="{}", times=1, after=3, match={"method": "POST", "path": PIPELINES})
    broken = ready.run("stages", "apply", "--create-missing", "hubspot", "--yes")
    assert broken.code == 1
    assert "tandem stages apply" in broken.text
    assert ready.run("stages", "apply", *arguments).code == 0
    stages = [one for _, one in ready.portal.pipelines["deals"].all_stages()]
    assert len(stages) == len(order) + 8
    assert [one["id"] for one in stages if one["id"] in order] == order


def test_an_answer_that_got_lost_makes_no_stage_twice(ready: World) -> None:
    ready.hubspot.fault(drop="after", times=1, match={"method": "POST", "path": PIPELINES})
    applied = ready.run("stages", "apply", "--create-missing", "hubspot", "--yes")
    assert applied.code == 0, applied.text
    assert len(list(ready.portal.pipelines["deals"].all_stages())) == 15


def test_a_pipeline_in_which_nothing_is_to_be_made_is_not_passed_over(ready: World) -> None:
    for command in ("plan", "apply"):
        refused = ready.run("stages", command, "--pipeline", "default")
        assert refused.code == 2
        assert "with --create-missing" in refused.text


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--create-missing", "pipedrive"), "there is no System pipedrive"),
        (("--create-missing", "hubspot", "--pipeline", "nowhere"), "default (Sales Pipeline)"),
    ],
)
def test_a_system_or_pipeline_that_is_not_there_is_named_with_those_that_are(
    ready: World, arguments: tuple[str, ...], words: str
) -> None:
    refused = ready.run("stages", "plan", *arguments)
    assert refused.code == 2
    assert words in refused.text


# -- a first mapping -----------------------------------------------------------------------------------------


def test_a_first_mapping_leaves_every_word_that_people_wrote(ready: World) -> None:
    assert ready.run("init", "--force").code == 0
    ready.configure("mapping: mappings/")
    file = ready.folder / "mappings" / "hubspot.yaml"
    text = file.read_text(encoding="utf-8")
    made = ready.portal.pipelines["deals"].add_stage(
        "default", {"label": "Zebra: #1", "metadata": {"probability": "0.5"}}, "2026-03-02T09:00:00Z"
    )
    ready.run("stages", "map", "--print")
    assert file.read_text(encoding="utf-8") == text
    mapped = ready.run("stages", "map")
    assert mapped.code == 0
    assert "1 line marked DECIDE" in mapped.text
    lines = file.read_text(encoding="utf-8").splitlines()
    (added,) = [line for line in lines if line not in text.splitlines()]
    assert added.startswith(f'  "{made["id"]}": consideration')
    assert added.endswith("# DECIDE: Zebra: #1, open at 50 %, by its probability of 50 %")
    assert [line for line in lines if line != added] == text.splitlines()
    assert ready.run("stages", "check").code == 0
    again = ready.run("stages", "map")
    assert "nothing was written" in again.text
    assert file.read_text(encoding="utf-8").splitlines() == lines


def test_what_people_mapped_is_replaced_only_by_force(ready: World) -> None:
    assert ready.run("init", "--force").code == 0
    ready.configure("mapping: mappings/")
    file = ready.folder / "mappings" / "salesforce.yaml"
    text = file.read_text(encoding="utf-8").replace("Prospecting: awareness", "Prospecting: decision  # ours")
    file.write_text(text, encoding="utf-8")
    assert ready.run("stages", "map").code == 0
    assert file.read_text(encoding="utf-8") == text
    assert ready.run("stages", "map", "--force").code == 0
    stages = load_mapping(ready.folder / "mappings", PAIR).systems["salesforce"].stages
    assert stages["Prospecting"] == "awareness"


def test_guesses_are_told_with_file_and_line_until_somebody_decides(ready: World) -> None:
    made = ready.portal.pipelines["deals"].add_stage(
        "default", {"label": "Zebra", "metadata": {"probability": "0.5"}}, "2026-03-02T09:00:00Z"
    )
    assert ready.run("stages", "map").code == 0
    ready.configure("mapping: mappings/")
    file = ready.folder / "mappings" / "hubspot.yaml"
    lines = file.read_text(encoding="utf-8").splitlines()
    (at,) = [number for number, line in enumerate(lines, start=1) if made["id"] in line]
    assert f"1 guess still to be decided: mappings/hubspot.yaml:{at}" in ready.run("stages", "check").text
    lines[at - 1] = lines[at - 1].split("#")[0]
    file.write_text("\n".join(lines), encoding="utf-8")
    assert ready.run("stages", "check", "--json").json["undecided"] == []


def test_a_stage_that_the_crm_does_not_have_is_told_with_file_line_and_what_was_meant(ready: World) -> None:
    folder = ready.folder / "mappings"
    folder.mkdir()
    names = [
        one.name for one in definitions.stages(ready.org) if not one.closed and one.name != "Prospecting"
    ]
    mapped = "".join(f"  {json.dumps(name)}: consideration\n" for name in names)
    text = f"stages:\n{mapped}  Prospectin: awareness\n  Long Gone: awareness\n"
    (folder / "salesforce.yaml").write_text(text, encoding="utf-8")
    ready.configure("mapping: mappings/")
    gone = {one["value"]: one for one in findings(ready) if one["kind"] == "gone"}
    assert gone["Prospectin"]["where"] == f"mappings/salesforce.yaml:{len(names) + 2}"
    assert gone["Prospectin"]["proposal"] == "Prospecting"
    assert (gone["Long Gone"]["where"], gone["Long Gone"]["proposal"]) == (
        f"mappings/salesforce.yaml:{len(names) + 3}",
        "",
    )
    shown = ready.run("stages", "check").text
    assert "Write Prospecting in its place" in shown
    assert "Long Gone" not in shown
    assert "Long Gone" in ready.run("stages", "check", "-v").text


def test_a_first_mapping_is_told_as_data(ready: World) -> None:
    entries = ready.run("stages", "map", "--print", "--json").json
    (salesforce,) = [found for file, found in entries.items() if file.endswith("salesforce.yaml")]
    assert {"key": "Closed Won", "value": "closed_won"}.items() <= salesforce[8].items()
    assert not (ready.folder / "mappings").exists()


# -- alone ---------------------------------------------------------------------------------------------------


@pytest.fixture(params=["salesforce", "hubspot"])
def alone(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    with open_world(tmp_path, systems=[request.param]) as made:
        yield made


def test_the_contract_holds_for_one_crm_alone(alone: World) -> None:
    assert alone.run("stages", "check").code == 3
    assert alone.run("stages", "apply", "--yes").code == 0
    assert alone.run("stages", "check").code == 0
    refused = alone.run(
        "stages",
        "plan",
        "--create-missing",
        next(iter(json.loads(alone.run("stages", "check", "--json").out)["identities"])),
    )
    assert refused.code == 2
    assert "second System" in refused.text


# -- lifecycle stages ----------------------------------------------------------------------------------------

LIFECYCLE = """\
fields:
  mqa_stage:
    name: lifecyclestage
    create: false
    values: {identified: subscriber, awareness: lead, engaged: marketingqualifiedlead, evaluating: salesqualifiedlead,
             negotiating: opportunity, closed: customer}
    read_as: {evangelist: closed}
"""


def test_lifecycle_stages_that_stand_in_for_the_ladder_are_compared_and_left_to_people(ready: World) -> None:
    folder = ready.folder / "mappings"
    folder.mkdir()
    (folder / "hubspot.yaml").write_text(LIFECYCLE, encoding="utf-8")
    ready.configure("mapping: mappings/")
    ready.portal.load("companies", ({"name": f"C{n}", "lifecyclestage": "other"} for n in range(2)))
    ready.clock.advance(600)
    (off,) = [one for one in findings(ready) if one["drift"]]
    assert (off["field"], off["value"], off["records"], off["fixable"]) == (
        "lifecyclestage",
        "other",
        2,
        False,
    )

    shelf = ready.portal.shelf("companies").definitions
    kept = [dict(o) for o in shelf.properties["lifecyclestage"].doc["options"] if o["value"] != "lead"]
    shelf.change("lifecyclestage", {"options": kept}, now=ready.clock.now(), user=None)
    ready.clock.advance(600)
    assert ("hubspot", "missing", "lead") in drift(ready)
    refused = ready.run("stages", "apply", "--yes")
    assert refused.code == 1
    assert "does not let Tandem change this field's options" in refused.text
    assert [o["value"] for o in shelf.properties["lifecyclestage"].doc["options"]] == [
        o["value"] for o in kept
    ]
