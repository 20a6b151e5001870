"""What `--json` prints is what docs/reference/json/ says of it, for every command that takes it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import click
import pytest
from jsonschema import Draft202012Validator, FormatChecker

import cli
from commands.lazy import Named
from mappings.files.load import default_files
from tests.commands.before import Before, both_edited, carried, edited, nothing
from tests.e2e.people import SETTLED
from tests.scene import Scene

ROOT = Path(__file__).resolve().parents[2]
SCHEMAS = ROOT / "docs" / "reference" / "json"


def with_json(command: click.Command, *words: str) -> Iterator[str]:
    """Every command that takes --json."""
    if isinstance(command, Named):
        command = command.load()
    if isinstance(command, click.Group):
        for name, inner in command.commands.items():
            yield from with_json(inner, *words, name)
    elif any("--json" in parameter.opts for parameter in command.params):
        yield " ".join(words)


def refused(scene: Scene) -> None:
    scene.world.hubspot.fault(
        fault="F71", field="hs_ideal_customer_profile", match={"method": "POST", "path": ".*batch/update"}
    )
    carried(scene)


def carried_and_edited_again(scene: Scene) -> None:
    carried(scene)
    scene.marketing(hs_ideal_customer_profile="tier_3")
    scene.world.clock.advance(SETTLED)


def disputed(scene: Scene) -> None:
    both_edited(scene)
    assert scene.run("sync").code == 4


def scores_in_a_file(scene: Scene) -> None:
    (scene.world.folder / "scores.csv").write_text(f"domain,score\n{scene.domain},55\n,12\n")


def everything(scene: Scene) -> None:
    """An edit, a Conflict, a new account, one without a website, twins."""
    twin = {"Website": "https://www.twin.com", "ABM_Tier__c": "tier_2"}
    scene.people.new_in_salesforce(Name="Twin One", **twin)
    scene.people.new_in_salesforce(Name="Twin Two", **twin)
    scene.people.new_in_hubspot(name="Twin", domain="twin.com")
    scene.people.new_in_salesforce(Name="Fresh", Website="https://www.fresh.com", ABM_Tier__c="tier_2")
    scene.people.new_in_salesforce(Name="No Website", ABM_Tier__c="tier_2")
    scene.sales(MQA_Stage__c="evaluating")
    both_edited(scene)


def deal(scene: Scene) -> None:
    row = {"dealname": "Pilot", "dealstage": "closedwon", "pipeline": "default", "amount": "1200"}
    (id,) = scene.people.batches([row], "deals")
    scene.world.portal.associate("deals", id, "companies", scene.company, (5, 341))


def definition_gone(scene: Scene) -> None:
    definitions = scene.world.portal.shelf("companies").definitions
    definitions.archive("tandem_mqa_stage", now=scene.world.clock.now())


def own_mapping(scene: Scene) -> None:
    folder = scene.world.folder / "mappings"
    folder.mkdir(exist_ok=True)
    (folder / "salesforce.yaml").write_text(default_files()["salesforce.yaml"], encoding="utf-8")
    scene.world.configure("scope: {accounts: all}", "mapping: mappings/")


#: What somebody did -> the commands that are then called, one after the other.
STORIES: Mapping[Before, tuple[str, ...]] = {
    nothing: (
        "plan",
        "status",
        "systems list",
        "apply --yes",
        "scores push --yes",
        "doctor",
        "provision apply --yes --probe",
        "stages check -v",
        "stages map --print",
        "stages plan --create-missing hubspot",
        "stages apply --yes --create-missing hubspot",
    ),
    edited: ("apply --yes",),
    refused: ("held list", "held retry --all", "runs list --writes", "runs show {run}"),
    carried: ("undo {run}", "undo {run} --yes", "runs show {run}"),
    carried_and_edited_again: ("undo {run}",),
    everything: ("plan", "sync", "status", "matches list", "explain No", "explain Twin", "conflicts list"),
    disputed: ("conflicts show 1", "explain {name}", "ledger check", "ledger rebuild --yes"),
    scores_in_a_file: ("scores import scores.csv --skip-bad", "scores push --yes"),
    deal: ("outcomes pull", "report pipeline"),
    definition_gone: ("provision drift", "provision plan", "stages check", "provision apply --yes"),
    own_mapping: ("provision adopt tier salesforce Rating --means Hot=tier_1 --yes",),
}
COMMANDS = frozenset(with_json(cli.tandem))


def schema(command: str) -> dict[str, Any]:
    path = SCHEMAS / f"{command.replace(' ', '-')}.json"
    read: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return read


def command_of(line: str) -> str:
    return max((name for name in COMMANDS if f"{line} ".startswith(f"{name} ")), key=len)


@pytest.mark.parametrize("before", STORIES, ids=lambda before: before.__name__)
def test_what_a_command_prints_fits_its_schema(scene: Scene, before: Before) -> None:
    before(scene)
    with scene.world.ledger() as ledger:
        run = ledger.runs.latest(1)[0].id
    wrong: list[str] = []
    for line in STORIES[before]:
        words = [word.format(run=run, name=scene.domain) for word in line.split()]
        ran = scene.run(*words, "--json")
        assert ran.out, ran.text
        judge = Draft202012Validator(schema(command_of(line)), format_checker=FormatChecker())
        wrong += [f"{line}: {error.json_path}: {error.message}" for error in judge.iter_errors(ran.json)]
    assert wrong == []


def test_a_plan_steers_no_terminal_with_a_name_and_is_read_as_it_was_meant(scene: Scene) -> None:
    name = "Acme\u202e evil\u009b31m\u200b"
    scene.people.new_in_salesforce(Name=name, Website="https://www.evil.com", ABM_Tier__c="tier_2")
    scene.world.clock.advance(SETTLED)
    ran = scene.run("plan", "--json")
    assert ran.out.isascii() or not set("\u202e\u009b\u200b") & set(ran.out)
    told = [member["name"] for link in ran.json["links"] for member in link["members"]]
    assert name in told


def test_every_command_that_takes_json_is_tried_and_has_a_schema_and_a_line_in_the_page() -> None:
    assert {command_of(line) for lines in STORIES.values() for line in lines} == COMMANDS
    assert {path.stem for path in SCHEMAS.glob("*.json")} == {name.replace(" ", "-") for name in COMMANDS}
    page = (ROOT / "docs" / "reference" / "json.md").read_text(encoding="utf-8")
    assert set(re.findall(r"`tandem ([a-z ]+)`\]\(json/", page)) == COMMANDS


def objects(part: Any) -> Iterator[dict[str, Any]]:
    if isinstance(part, dict):
        if part.get("type") == "object":
            yield part
        for inner in part.values():
            yield from objects(inner)
    elif isinstance(part, list):
        for inner in part:
            yield from objects(inner)


@pytest.mark.parametrize("command", sorted(COMMANDS))
def test_a_schema_names_every_key_or_what_all_keys_hold(command: str) -> None:
    read = schema(command)
    Draft202012Validator.check_schema(read)
    for found in objects(read):
        assert "additionalProperties" in found
        assert set(found.get("required", [])) <= set(found.get("properties", {}))
