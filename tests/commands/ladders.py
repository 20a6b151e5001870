"""The ladder as it stands in both CRMs, and what people do to it."""

from dataclasses import replace
from typing import Any

from emulator.salesforce.schema.model import PicklistValue
from tests.world import World

RUNGS = ["identified", "awareness", "engaged", "evaluating", "negotiating", "closed"]
SALESFORCE, HUBSPOT = "MQA_Stage__c", "tandem_mqa_stage"
PAIR = {"salesforce": "salesforce", "hubspot": "hubspot"}


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
