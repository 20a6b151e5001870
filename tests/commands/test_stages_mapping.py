"""A first mapping of stages, one CRM alone, and lifecycle stages that stand in for the ladder."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from emulator.salesforce import definitions
from mappings.files.load import load as load_mapping
from tests.commands.ladders import PAIR, drift, findings
from tests.world import World, open_world

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
