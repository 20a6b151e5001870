"""The stories of fixtures/scenarios, each decided as it says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from mappings.fields import CanonicalField, Direction, OnConflict, SyncRule
from mappings.files.load import load
from sync.core.conflicts import proposals
from sync.core.diff import CONFLICTS, Side, Verdict, Why, decide, settle
from sync.model.records import Base
from tests.sync.core.generated_fields import START, WHOLE, Shows, checkbox, exact

FOLDER = Path(__file__).resolve().parents[3] / "fixtures" / "scenarios"
SYSTEMS = ("salesforce", "hubspot", "salesforce_emea")
SHOWS: Mapping[str, Shows] = {"exact": exact, "checkbox": checkbox, "whole": WHOLE}
SIDE_KEYS = {"is", "was", "new", "carried", "shows", "edited"}
KEYS = {"name", "field", "rule", "base", "pushed", "decided", "parked", "expect", *SYSTEMS}
EXPECT_KEYS = {"why", "writes", "overruled", "base", "proposals"}
FIELDS = load(
    None, {"salesforce": "salesforce", "hubspot": "hubspot", "salesforce_emea": "salesforce"}
).fields


@dataclass(frozen=True)
class Scenario:
    file: str
    told: Mapping[str, Any]

    def __str__(self) -> str:
        return f"{self.file}: {self.told['name']}"

    @property
    def spec(self) -> CanonicalField:
        spec = FIELDS[self.told["field"]]
        written = dict(self.told.get("rule", {}))
        rule = spec.rule
        if "direction" in written:
            # Another direction is another rule: what belonged to the old one does not stay.
            rule = SyncRule(direction=Direction.parse(written.pop("direction")))
        if "on_conflict" in written:
            rule = replace(rule, on_conflict=OnConflict.parse(written.pop("on_conflict")))
        if "dead_band" in written:
            rule = replace(rule, dead_band=Decimal(written.pop("dead_band")))
        return replace(spec, rule=replace(rule, **written))

    @property
    def sides(self) -> dict[str, Side]:
        return {name: a_side(self.told[name]) for name in SYSTEMS if name in self.told}

    @property
    def verdict(self) -> Verdict | None:
        return Verdict(by="ops", **self.told["decided"]) if "decided" in self.told else None


def a_side(told: Mapping[str, Any]) -> Side:
    assert set(told) <= SIDE_KEYS
    shows = SHOWS[told.get("shows", "exact")]
    if told.get("new"):
        return Side(current=shows(None), new=True, shows=shows)
    at = told.get("edited")
    return Side(
        current=told["is"],
        observed=told.get("was"),
        settled="was" in told,
        carried=told.get("carried", False),
        edited_at=datetime.combine(START, time.fromisoformat(at), START.tzinfo) if at else None,
        shows=shows,
    )


def read() -> list[Scenario]:
    found = []
    for path in sorted(FOLDER.glob("*.yaml")):
        told = YAML(typ="safe").load(path)
        assert set(told) == {"about", "scenarios"}
        found += [Scenario(file=path.stem, told=scenario) for scenario in told["scenarios"]]
    return found


SCENARIOS = read()


@pytest.mark.parametrize("scenario", SCENARIOS, ids=str)
def test_a_scenario_ends_as_it_says(scenario: Scenario) -> None:
    told, expect = scenario.told, scenario.told["expect"]
    assert set(told) <= KEYS
    assert set(expect) <= EXPECT_KEYS
    base = Base(told["base"]) if "base" in told else None
    sides = scenario.sides
    decision = decide(
        scenario.spec,
        sides,
        base=base,
        pushed=told.get("pushed"),
        verdict=scenario.verdict,
        parked=told.get("parked", False),
    )
    assert decision.why == expect["why"]
    assert dict.fromkeys(decision.writes, decision.value) == expect.get("writes", {})
    assert decision.overruled == expect.get("overruled", {})
    settled = settle(decision, sides)
    after = (decision.base if settled is not None else None) or base
    assert after == (Base(expect["base"]) if "base" in expect else base)
    if decision.why in CONFLICTS:
        would = proposals(scenario.spec, sides, base)
        for rule, value in expect.get("proposals", {}).items():
            assert would[rule] == value
    else:
        assert "proposals" not in expect


def test_the_scenarios_tell_enough() -> None:
    names = [scenario.told["name"] for scenario in SCENARIOS]
    assert len(names) == len(set(names)) >= 40
    assert {scenario.told["expect"]["why"] for scenario in SCENARIOS} == {*Why} - {Why.UNDONE}
    assert {scenario.told["field"] for scenario in SCENARIOS} == {*FIELDS}
