"""stages on ladders and pipelines as large organisations have them: 57 stages, foreign languages, real descriptions."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from connector.base import FieldDefinition, ObjectSchema
from connector.salesforce.metadata.field_bodies import definition_from
from emulator.salesforce import definitions
from emulator.salesforce.definitions import Stage
from mappings.files.load import load as load_mapping
from mappings.model import Mapping
from provision.fields.compare import compare
from provision.fields.translate import standing_of
from provision.stages.findings import Counted, Kind, StageFinding
from provision.stages.ladders import Ladder, ladder_findings, ladders
from tests.shared import CONTRACTS, needs_contracts
from tests.world import World

PAIR = {"salesforce": "salesforce", "hubspot": "hubspot"}
#: Words for a stage in eight languages; seven of each with a number make 57 with one over.
WORDS = ("Prüfung", "Négociation", "Evaluación", "Proposta", "Onderhandeling", "Förhandling", "交渉", "谈判")
LABELS = [f"{word} {number}" for number in range(8) for word in WORDS][:57]


def write(folder: Path, name: str, text: str) -> None:
    folder.mkdir(exist_ok=True)
    (folder / f"{name}.yaml").write_text(text, encoding="utf-8")


def test_a_ladder_of_57_rungs_in_eight_languages_is_made_kept_and_mended_in_both_crms(world: World) -> None:
    rungs = "\n".join(
        f"      - {{value: r{n}, label: {label}, description: {label} ist erreicht.}}"
        for n, label in enumerate(LABELS)
    )
    write(world.folder / "mappings", "canonical", f"fields:\n  mqa_stage:\n    ladder:\n{rungs}\n")
    world.configure("mapping: mappings/")
    applied = world.run("stages", "apply", "--yes")
    assert applied.code == 0, applied.text
    world.clock.advance(600)
    assert world.run("stages", "check").code == 0

    field = world.org.sobject("Account").fields["MQA_Stage__c"]
    assert [value.label for value in field.values] == LABELS
    moved = (*field.values[3:], *field.values[:2])
    world.org.schema.put_field("Account", replace(field, values=moved))
    world.org.touch_definitions()
    shelf = world.portal.shelf("companies").definitions
    held = [dict(option) for option in shelf.properties["tandem_mqa_stage"].doc["options"]]
    held[50]["label"] = "谈判 (新)"
    shelf.change("tandem_mqa_stage", {"options": held}, now=world.clock.now(), user=None)
    world.clock.advance(600)
    found = world.run("stages", "check", "--json").json["findings"]
    assert {(one["system"], one["kind"], one["value"]) for one in found if one["drift"]} == {
        ("salesforce", "missing", "r2"),
        ("salesforce", "order", ""),
        ("hubspot", "label", "r50"),
    }
    assert world.run("stages", "apply", "--yes").code == 0
    world.clock.advance(600)
    assert world.run("stages", "check").code == 0


def test_57_opportunity_stages_in_eight_languages_are_mapped_by_their_ids_and_made_in_hubspot(
    world: World,
) -> None:
    assert world.run("stages", "apply", "--yes").code == 0
    world.clock.advance(600)
    closed = [one for one in definitions.stages(world.org) if one.closed]
    opened = [
        Stage(name=f"S{n}", label=label, probability=round(n * 95 / 56), forecast_category="Pipeline")
        for n, label in enumerate(LABELS)
    ]
    definitions.put_stages(world.org, [*opened, *closed])
    checked = world.run("stages", "check", "--json").json["findings"]
    unmapped = [one["value"] for one in checked if one["kind"] == "unmapped"]
    assert unmapped == [one.name for one in opened]

    mapped = world.run("stages", "map", "--json").json
    (file,) = [name for name in mapped if name.endswith("salesforce.yaml")]
    values = [entry["value"] for entry in mapped[file] if entry["key"].startswith("S")]
    assert len(values) == 57
    world.configure("mapping: mappings/")
    checked = world.run("stages", "check", "--json").json
    assert checked["drift"] == 0
    assert all("mappings/salesforce.yaml:" in place for place in checked["undecided"])

    # What a person decided, and said so by taking the mark away, stands however often it is mapped again.
    path = world.folder / "mappings" / "salesforce.yaml"
    lines = path.read_text(encoding="utf-8").splitlines()
    at = next(number for number, line in enumerate(lines) if line.lstrip().startswith("S0:"))
    lines[at] = "  S0: decision  # Jana, 2 March"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    assert world.run("stages", "map").code == 0
    assert path.read_text(encoding="utf-8").splitlines() == lines
    assert load_mapping(world.folder / "mappings", PAIR).systems["salesforce"].stages["S0"] == "decision"

    made = world.run("stages", "apply", "--create-missing", "hubspot", "--yes")
    assert made.code == 0, made.text
    labels = [one["label"] for one in world.portal.pipelines["deals"].stages("default")]
    assert [label for label in labels if label in LABELS] == LABELS


# -- real descriptions ---------------------------------------------------------------------------------------


@needs_contracts
@pytest.mark.parametrize("name", ["Account", "Account_PersonAccount", "Opportunity"])
def test_any_picklist_of_a_real_org_can_be_a_ladder(tmp_path: Path, name: str) -> None:
    file = CONTRACTS / "salesforce" / "recordings" / f"describe_{name}.json"
    described = json.loads(file.read_text(encoding="utf-8"))
    judged = 0
    for field in described["fields"]:
        values = [value["value"] for value in field["picklistValues"] if value["active"]]
        labels = {value["value"]: value["label"] for value in field["picklistValues"] if value["active"]}
        if field["type"] != "picklist" or len({label.casefold() for label in labels.values()}) < len(labels):
            continue
        if not field["updateable"] or not 3 <= len(values) <= 400:
            continue
        of, mapping = ladder_over(tmp_path / field["name"], field["name"], labels)
        held = definition_from(field)
        found = findings(of, mapping, held, described["name"])
        assert not [one for one in found if one.drift], (field["name"], found)
        lacking = replace(held, options=held.options[1:])
        found = findings(of, mapping, lacking, described["name"])
        assert (Kind.MISSING, values[0]) in {(one.kind, one.value) for one in found if one.drift}
        judged += 1
    assert judged >= 3


def ladder_over(folder: Path, name: str, labels: dict[str, str]) -> tuple[Ladder, Mapping]:
    """A mapping whose ladder is spelled as a picklist of that org."""
    rungs = "".join(
        f"      - {{value: r{n}, label: {json.dumps(label)}}}\n" for n, label in enumerate(labels.values())
    )
    spelled = "".join(f"      r{n}: {json.dumps(value)}\n" for n, value in enumerate(labels))
    write(folder, "canonical", f"fields:\n  mqa_stage:\n    ladder:\n{rungs}")
    write(
        folder,
        "salesforce",
        f"fields:\n  mqa_stage:\n    name: {name}\n    create: false\n    values:\n{spelled}",
    )
    mapping = load_mapping(folder, {"salesforce": "salesforce"})
    (of,) = ladders(mapping, "salesforce")
    return of, mapping


def findings(of: Ladder, mapping: Mapping, held: FieldDefinition, object: str) -> tuple[StageFinding, ...]:
    schema = ObjectSchema(object=object, label=object, fields={held.name: held})
    standing = standing_of(schema, "salesforce")
    lines = compare(mapping, "salesforce", standing)
    return ladder_findings(of, standing, lines, Counted())
