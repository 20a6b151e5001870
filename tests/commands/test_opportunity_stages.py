"""Opportunity stages of both CRMs: told one by one, and made where they are missing."""

from typing import Any

import pytest

from connector.hubspot.api.paths import DEFAULT_VERSION
from emulator.hubspot.tokens import ALL_SCOPES, PRIVATE_APP, Token
from emulator.salesforce import definitions
from emulator.salesforce.data import record_types
from emulator.salesforce.definitions import Stage
from tests.commands.ladders import drift, findings, picklist, put_picklist, reset_calls, written
from tests.hubspot_versions import dated
from tests.world import World

PIPELINES = dated("/crm/v3/pipelines/", DEFAULT_VERSION)


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
