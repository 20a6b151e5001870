"""stages against both emulators: drift made by people, found, planned, mended, and found no more."""

import json
from dataclasses import replace

import pytest

from emulator.salesforce import definitions
from emulator.salesforce.data import record_types
from emulator.salesforce.schema.model import PicklistValue
from mappings.files.load import load as load_mapping
from tests.commands.ladders import (
    HUBSPOT,
    PAIR,
    RUNGS,
    SALESFORCE,
    drift,
    findings,
    options,
    picklist,
    put_options,
    put_picklist,
    reset_calls,
    written,
)
from tests.world import World

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
