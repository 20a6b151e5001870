"""Plans that an earlier version saved are read as it wrote them; what does not fit is refused with its place."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from provision.fields.plan import from_text
from provision.fields.state import Action
from sync.core.diff import Why
from sync.core.plan_file import from_json
from sync.errors import StalePlan

SAVED = Path(__file__).with_name("saved")


def data(name: str) -> Any:
    return json.loads((SAVED / name).read_text(encoding="utf-8"))


def test_a_plan_of_changes_is_read_as_it_was_saved() -> None:
    plan = from_json((SAVED / "changes.json").read_text(encoding="utf-8"), name="changes.json")
    owner, tier = plan.changes
    assert (owner.label, owner.record_id, owner.fills, owner.evidence) == ("Acme", None, True, "")
    assert (tier.label, tier.why, tier.led_by, tier.overrules) == ("Müller", Why.NEWEST, ("hubspot",), True)
    assert [(create.system, create.domain) for create in plan.creates] == [("hubspot", None)]
    assert plan.undoes is None


def test_a_plan_of_definitions_is_read_as_it_was_saved() -> None:
    plan = from_text((SAVED / "definitions.json").read_text(encoding="utf-8"), name="definitions.json")
    assert [(line.action, line.blocks) for line in plan.lines] == [
        (Action.CHANGE, False),
        (Action.WRONG, True),
    ]
    assert plan.asked == {"allow_destructive": ["ABM_Tier__c"]}


@pytest.mark.parametrize(
    ("harm", "place"),
    [
        (lambda plan: plan["changes"][0].update(why="moody"), "changes.0.why"),
        (lambda plan: plan["changes"][1].update(label=5), "changes.1.label"),
        (lambda plan: plan["changes"][1].update(colour="red"), "changes.1.colour"),
        (lambda plan: plan["changes"][1].pop("field"), "changes.1.field"),
        (lambda plan: plan["changes"].append("more"), "changes.2"),
        (lambda plan: plan["creates"][0].update(name=None), "creates.0.name"),
        (lambda plan: plan.update(changes={}), "changes"),
        (lambda plan: plan.update(identities=["00D1"]), "identities"),
        (lambda plan: plan.update(created_at="yesterday"), "created_at"),
        (lambda plan: plan.pop("fingerprint"), "fingerprint"),
    ],
)
def test_a_place_that_does_not_fit_is_named(harm: Callable[[Any], object], place: str) -> None:
    plan = data("changes.json")
    harm(plan)
    with pytest.raises(StalePlan, match=rf"p\.json is damaged or was edited by hand \({place}: ") as refused:
        from_json(json.dumps(plan), name="p.json")
    assert refused.value.remedy == "Make a new one with: tandem plan -o FILE"


@pytest.mark.parametrize(
    ("harm", "place"),
    [
        (lambda plan: plan["lines"][0].update(action="paint"), "lines.0.action"),
        (lambda plan: plan["lines"][0].update(colour="red"), "lines.0.colour"),
        (lambda plan: plan["lines"][1].pop("system"), "lines.1.system"),
        (lambda plan: plan.update(lines=None), "lines"),
        (lambda plan: plan.update(asked=7), "asked"),
    ],
)
def test_a_place_of_definitions_that_does_not_fit_is_named(harm: Callable[[Any], object], place: str) -> None:
    plan = data("definitions.json")
    harm(plan)
    with pytest.raises(StalePlan, match=rf"p\.json is damaged or was edited by hand \({place}: ") as refused:
        from_text(json.dumps(plan), name="p.json")
    assert refused.value.remedy == "Make a new one with: tandem provision plan -o FILE"


def test_a_plan_of_definitions_without_a_fingerprint_was_edited() -> None:
    plan = data("definitions.json")
    del plan["fingerprint"]
    with pytest.raises(StalePlan, match="no longer matches"):
        from_text(json.dumps(plan), name="p.json")
