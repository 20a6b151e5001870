"""What a plan may make smaller: only what is named, after its records were counted, and never what they make use of."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from emulator.hubspot.tokens import ALL_SCOPES, PRIVATE_APP, Token
from emulator.salesforce.schema.model import PicklistValue
from tests.e2e.crms import Kept
from tests.sweep import sliced
from tests.world import World, open_world

NOTE, TIER, SCORE = "Note__c", "ABM_Tier__c", "Engagement_Score__c"


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kept]:
    """Both CRMs, provisioned with a note of 80 characters beside the five fields."""
    with open_world(tmp_path_factory.mktemp("narrow")) as world:
        wanted(world)
        assert world.run("provision", "apply", "--yes").code == 0
        world.clock.advance(600)
        yield Kept.of(world)


@pytest.fixture
def world(kept: Kept) -> World:
    kept.bring_back()
    wanted(kept.world)
    return kept.world


def wanted(world: World, length: int = 80, **spelled: object) -> None:
    """A mapping with a note of so many characters."""
    folder = world.folder / "mappings"
    folder.mkdir(exist_ok=True)
    note = {"type": "text", "label": "Note", "length": length}
    for file, entry in (
        ("canonical", note),
        ("salesforce", {"name": NOTE, **spelled}),
        ("hubspot", {"name": "tandem_note"}),
    ):
        (folder / f"{file}.yaml").write_text(json.dumps({"fields": {"note": entry}}), encoding="utf-8")
    world.configure("mapping: mappings/")


def hold(world: World, **values: object) -> None:
    world.org.load("Account", [{"Name": "Acme", **values}])


def change(world: World, field: str, **changes: Any) -> None:
    held = world.org.sobject("Account").fields[field]
    world.org.schema.put_field("Account", replace(held, **changes))
    world.org.touch_definitions()


def line(world: World, field: str, *arguments: str) -> dict[str, Any]:
    """What is told of one Salesforce field."""
    lines = world.run("provision", "plan", "--json", *arguments).json["lines"]
    (found,) = [one for one in lines if one["field"] == field and one["action"] not in {"keep", "settling"}]
    return dict(found)


def length(world: World) -> int:
    return world.org.sobject("Account").fields[NOTE].length


def test_a_mapping_that_asks_for_less_is_told_and_nothing_is_cut(world: World) -> None:
    wanted(world, 40)
    told = line(world, NOTE)
    assert (told["action"], told["attribute"], told["stands"], told["should"]) == (
        "wrong",
        "length",
        "80",
        "40",
    )
    assert "Write `length: 80` in the mapping" in told["remedy"]
    assert f"tandem provision apply --allow-destructive {NOTE}" in told["remedy"]
    assert told["effect"] == "no record holds more than 40 characters"
    assert world.run("provision", "apply", "--yes").code == 0
    assert length(world) == 80


@pytest.mark.sweep
def test_a_text_is_cut_where_it_is_named(world: World) -> None:
    wanted(world, 40)
    hold(world, Note__c="x" * 40)
    assert line(world, NOTE, "--allow-destructive", NOTE)["action"] == "change"
    shown = world.run("provision", "plan", "--allow-destructive", NOTE)
    assert f"- {NOTE}" in shown.text
    assert world.run("provision", "apply", "--yes", "--allow-destructive", NOTE).code == 0
    assert length(world) == 40


def test_a_text_that_records_make_use_of_is_not_cut_and_nothing_else_is_written(world: World) -> None:
    wanted(world, 40)
    hold(world, Note__c="x" * 41)
    change(world, TIER, label="Rank")
    ran = world.run("provision", "apply", "--yes", "--allow-destructive", NOTE)
    assert ran.code == 1
    assert "Nothing was written" in ran.text
    assert "1 record holds more than 40 characters" in ran.text
    assert "Shorten or correct these records first" in ran.text
    assert (length(world), world.org.sobject("Account").fields[TIER].label) == (80, "Rank")


@pytest.mark.sweep
def test_digits_are_cut_where_they_are_named_and_no_number_needs_them(world: World) -> None:
    change(world, SCORE, precision=12, scale=4)
    hold(world, **{SCORE: 999.9999})
    assert line(world, SCORE, "--allow-destructive", SCORE)["effect"] == (
        "no record holds a number of 1000 or more; all are rounded to 2 places"
    )
    assert world.run("provision", "apply", "--yes", "--allow-destructive", SCORE).code == 0
    held = world.org.sobject("Account").fields[SCORE]
    assert (held.precision, held.scale) == (5, 2)


@pytest.mark.parametrize("number", sliced([1000.0, -1000.0], always=[1000.0]))
def test_digits_that_numbers_need_are_not_cut(world: World, number: float) -> None:
    change(world, SCORE, precision=12)
    hold(world, **{SCORE: number})
    told = line(world, SCORE, "--allow-destructive", SCORE)
    assert (told["action"], told["blocks"]) == ("wrong", True)
    assert told["effect"] == "1 record holds a number of 1000 or more"


def test_values_beyond_the_contract_are_counted_before_they_are_retired(world: World) -> None:
    held = world.org.sobject("Account").fields[TIER].values
    change(world, TIER, values=(*held, PicklistValue(value="tier_4", label="Tier 4")))
    hold(world, **{TIER: "tier_4"})
    hold(world, **{TIER: "tier_1"})
    assert line(world, TIER)["effect"] == "tier_4 on 1; records keep them"
    told = line(world, TIER, "--allow-destructive", TIER)
    assert (told["attribute"], told["narrows"]) == ("retire", True)
    assert told["effect"] == "tier_4 on 1; these records keep them, and are held back"


@pytest.mark.sweep
def test_a_value_with_a_comma_is_one_value_when_it_is_counted(world: World) -> None:
    held = world.org.sobject("Account").fields[TIER].values
    change(world, TIER, values=(*held, PicklistValue(value="Gold, top", label="Gold, top")))
    hold(world, **{TIER: "Gold, top"})
    planned = world.run("provision", "plan", "--allow-destructive", TIER)
    assert f"Carry it out with: tandem provision apply --allow-destructive {TIER}" in planned.text
    told = line(world, TIER, "--allow-destructive", TIER)
    assert told["effect"] == "Gold, top on 1; these records keep them, and are held back"


def test_values_beyond_the_contract_are_counted_where_others_share_them_too(world: World) -> None:
    held = world.org.sobject("Account").fields[TIER].values
    more = (*held, PicklistValue(value="tier_4", label="Tier 4"))
    world.org.schema.put_value_set("Tiers", more)
    change(world, TIER, value_set="Tiers", values=more)
    hold(world, **{TIER: "tier_4"})
    told = line(world, TIER)
    assert (told["narrows"], told["effect"]) == (False, "tier_4 on 1; records keep them")


@pytest.mark.sweep
def test_an_open_picklist_is_closed_where_it_is_named_and_tells_what_records_hold(world: World) -> None:
    change(world, TIER, restricted=False)
    hold(world, **{TIER: "platinum"})
    assert "platinum on 1" in line(world, TIER)["effect"]
    assert world.run("provision", "apply", "--yes", "--allow-destructive", TIER).code == 0
    assert world.org.sobject("Account").fields[TIER].restricted


def test_a_field_is_narrowed_in_the_system_that_is_named_with_it(world: World) -> None:
    change(world, TIER, restricted=False)
    assert line(world, TIER, "--allow-destructive", f"salesforce:{TIER}")["action"] == "change"
    for strange in (f"hubspot:{TIER}", f"emea:{TIER}"):
        ran = world.run("provision", "plan", "--allow-destructive", strange)
        assert ran.code == 2
        assert f"No System has a field {strange} in the mapping." in ran.text


@pytest.mark.sweep
def test_history_is_kept_on_until_its_end_is_named(world: World) -> None:
    wanted(world, track_history=False)
    assert f"Account.{NOTE}" in world.org.settings.tracked
    told = line(world, NOTE)
    assert (told["action"], told["attribute"], told["should"]) == ("wrong", "history", "not tracked")
    assert world.run("provision", "apply", "--yes", "--allow-destructive", NOTE).code == 0
    assert f"Account.{NOTE}" not in world.org.settings.tracked
    assert "off the contract" not in world.run("provision", "plan").text


def test_a_saved_plan_carries_what_it_may_narrow(world: World, tmp_path: Path) -> None:
    wanted(world, 40)
    file = str(tmp_path / "plan.json")
    assert world.run("provision", "plan", "-o", file, "--allow-destructive", NOTE).code == 3
    twice = world.run("provision", "apply", file, "--yes", "--allow-destructive", NOTE)
    assert twice.code == 2
    assert "a saved plan carries its own" in twice.text
    assert world.run("provision", "apply", file, "--yes").code == 0
    assert length(world) == 40


@pytest.mark.sweep
def test_a_saved_plan_is_refused_once_records_have_outgrown_it(world: World, tmp_path: Path) -> None:
    wanted(world, 40)
    file = str(tmp_path / "plan.json")
    world.run("provision", "plan", "-o", file, "--allow-destructive", NOTE)
    hold(world, Note__c="x" * 41)
    ran = world.run("provision", "apply", file, "--yes")
    assert ran.code == 1
    assert length(world) == 80


def test_without_the_right_to_define_fields_nothing_is_tried(world: World) -> None:
    change(world, TIER, label="Rank")
    definitions = world.portal.shelf("companies").definitions
    stage = definitions.properties["tandem_mqa_stage"]
    stage.doc = {**stage.doc, "label": "Rank"}
    for kind in ("PermissionSet", "Profile"):
        for row in list(world.org.store.rows(kind)):
            world.org.store.put(kind, {**row, "PermissionsCustomizeApplication": False})
    scopes = ALL_SCOPES - {"crm.schemas.companies.write"}
    world.portal.tokens.add(Token(text="pat-poor", app_id=PRIVATE_APP, scopes=frozenset(scopes)))
    world.secrets["HUBSPOT_ACCESS_TOKEN"] = "pat-poor"
    ran = world.run("provision", "apply", "--yes")
    assert ran.code == 1
    assert "Nothing was written" in ran.text
    assert (
        f"salesforce Customize Application: the connected user or app may not do what is planned for {TIER}"
        in ran.text
    )
