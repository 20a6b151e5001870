"""stages apply broken off at any request, before or after it took effect, is finished by the next one."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from emulator.salesforce import definitions
from tests.sweep import sliced
from tests.world import Server, World, open_world

APPLY = ("stages", "apply", "--create-missing", "salesforce", "--create-missing", "hubspot", "--yes")
PLAN = ("stages", "plan", *APPLY[2:-1])
#: Requests that each CRM is sent by an undisturbed apply, at the most.
MOST = {"salesforce": 26, "hubspot": 38}
POINTS = [
    (system, drop, at) for system, most in MOST.items() for drop in ("after", "before") for at in range(most)
]
OTHERS = {"label": "Partner", "value": "partner", "displayOrder": 1, "hidden": False}


@contextmanager
def begun(folder: Path) -> Iterator[World]:
    """A ladder that somebody began in HubSpot with a value of their own, and none in Salesforce."""
    with open_world(folder) as world:
        definition = {
            "name": "tandem_mqa_stage",
            "label": "Stage",
            "type": "enumeration",
            "fieldType": "select",
        }
        first = {"label": "Warm", "value": "engaged", "displayOrder": 0, "hidden": False}
        world.portal.define(
            "companies", {**definition, "groupName": "companyinformation", "options": [first, OTHERS]}
        )
        yield world


def server(world: World, system: str) -> Server:
    return world.salesforce if system == "salesforce" else world.hubspot


def state(world: World) -> dict[str, Any]:
    """Everything that an apply brings about, in both CRMs."""
    field = world.org.sobject("Account").fields["MQA_Stage__c"]
    granted = world.org.store.find("FieldPermissions", "Field", "Account.MQA_Stage__c")
    doc = world.portal.shelf("companies").definitions.properties["tandem_mqa_stage"].doc
    return {
        "picklist": [(value.value, value.label, value.active) for value in field.values],
        "help": (field.help_text, doc["description"]),
        "granted": [row["PermissionsEdit"] for row in granted],
        "options": [(option["value"], option["label"], option["hidden"]) for option in doc["options"]],
        "stages": [(one.name, one.probability, one.active) for one in definitions.stages(world.org)],
        "deals": [
            (one["label"], one["metadata"]["probability"])
            for _, one in world.portal.pipelines["deals"].all_stages()
        ],
    }


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What an apply leaves that nothing breaks."""
    with begun(tmp_path_factory.mktemp("undisturbed")) as world:
        assert world.run(*APPLY).code == 0
        for system, most in MOST.items():
            calls = server(world, system).calls()["routes"].values()
            assert sum(calls) <= most, f"{system} is sent more requests than are broken off"
        return state(world)


@pytest.mark.parametrize(
    ("system", "drop", "at"), sliced(POINTS, always=[("hubspot", "before", 13), ("hubspot", "after", 37)])
)
def test_an_apply_that_breaks_off_at_any_request_is_finished_by_the_next(
    tmp_path: Path, undisturbed: dict[str, Any], system: str, drop: str, at: int
) -> None:
    with begun(tmp_path) as world:
        before = world.portal.shelf("companies").definitions.properties["tandem_mqa_stage"].doc["options"]
        assert OTHERS in before
        server(world, system).fault(drop=drop, match={"path": ".*"}, times=999, after=at)
        first = world.run(*APPLY)
        assert first.code != 0 or at >= sum(server(world, system).calls()["routes"].values()), first.text
        server(world, system).app.state.faults.clear()
        world.clock.advance(600)
        again = world.run(*APPLY)
        assert again.code == 0, again.text
        world.clock.advance(600)
        left = world.run(*PLAN)
        assert left.code == 0, left.text
        assert state(world) == undisturbed
