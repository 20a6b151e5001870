"""Pipelines and stages (HubSpot: CRM pipelines v3)."""

# ruff: noqa: D103 - RULES at the end says which route each handler answers

from collections.abc import Callable

from emulator.hubspot import bodies
from emulator.hubspot.api.rule import Rule, schemas
from emulator.hubspot.data.pipelines import Pipelines
from emulator.hubspot.data.stamps import instant
from emulator.hubspot.wire import NOTHING, Ask, ok
from emulator.kit.faults import HttpAnswer

BASE = "/crm/v3/pipelines/{objectType}"
ONE = f"{BASE}/{{pipelineId}}"
STAGES = f"{ONE}/stages"
STAGE = f"{STAGES}/{{stageId}}"


def _pipelines(ask: Ask) -> Pipelines:
    return ask.portal.pipelines[ask.portal.shelf(ask.params["objectType"]).type.name]


def _used(ask: Ask) -> Callable[[str], list[str]] | None:
    """Who stands in a stage; None where the version deletes without looking (before 2026-09, unless asked)."""
    wanted = ask.flag("validateReferencesBeforeDelete") or ask.flag("validateDealStageUsagesBeforeDelete")
    if not wanted and (ask.version or "") < "2026-09":
        return None
    shelf = ask.portal.shelf(ask.params["objectType"])
    name = "dealstage" if shelf.type.name == "deals" else "lifecyclestage"
    return lambda stage_id: [r.id for r in shelf.records if r.live and r.values.get(name) == stage_id]


def _keep(ask: Ask, action: str, identifier: str, raw: object) -> None:
    pipelines = _pipelines(ask)
    pipelines.audits.append(
        {
            "identifier": identifier,
            "action": action,
            "portalId": ask.portal.settings.portal_id,
            "timestamp": instant(ask.now),
            "rawObject": raw,
            **({"fromUserId": ask.by.user_id} if ask.by.user_id is not None else {}),
        }
    )
    ask.portal.keep_pipelines(pipelines.object_name)


def list_pipelines(ask: Ask) -> HttpAnswer:
    return ok({"results": _pipelines(ask).listed()})


def create_pipeline(ask: Ask) -> HttpAnswer:
    made = _pipelines(ask).create(ask.json, instant(ask.now))
    _keep(ask, "CREATE", made["id"], made)
    return ok(made, 201)


def get_pipeline(ask: Ask) -> HttpAnswer:
    return ok(_pipelines(ask).get(ask.params["pipelineId"]))


def change_pipeline(ask: Ask) -> HttpAnswer:
    changed = _pipelines(ask).change(ask.params["pipelineId"], ask.json, instant(ask.now))
    _keep(ask, "UPDATE", changed["id"], changed)
    return ok(changed)


def replace_pipeline(ask: Ask) -> HttpAnswer:
    replaced = _pipelines(ask).replace(ask.params["pipelineId"], ask.json, instant(ask.now), used=_used(ask))
    _keep(ask, "UPDATE", replaced["id"], replaced)
    return ok(replaced)


def delete_pipeline(ask: Ask) -> HttpAnswer:
    _pipelines(ask).delete(ask.params["pipelineId"], used=_used(ask))
    _keep(ask, "DELETE", ask.params["pipelineId"], {})
    return NOTHING


def audit(ask: Ask) -> HttpAnswer:
    identifier = ask.params.get("stageId") or ask.params["pipelineId"]
    return ok({"results": [entry for entry in _pipelines(ask).audits if entry["identifier"] == identifier]})


def list_stages(ask: Ask) -> HttpAnswer:
    pipelines = _pipelines(ask)
    return ok({"results": pipelines.stages(pipelines.get(ask.params["pipelineId"])["id"])})


def create_stage(ask: Ask) -> HttpAnswer:
    made = _pipelines(ask).add_stage(ask.params["pipelineId"], ask.json, instant(ask.now))
    _keep(ask, "CREATE", made["id"], made)
    return ok(made, 201)


def get_stage(ask: Ask) -> HttpAnswer:
    return ok(_pipelines(ask).stage(ask.params["pipelineId"], ask.params["stageId"]))


def change_stage(ask: Ask) -> HttpAnswer:
    """PATCH and PUT alike: PUT's body names everything."""
    stage_id = ask.params["stageId"]
    changed = _pipelines(ask).change_stage(ask.params["pipelineId"], stage_id, ask.json, instant(ask.now))
    _keep(ask, "UPDATE", stage_id, changed)
    return ok(changed)


def delete_stage(ask: Ask) -> HttpAnswer:
    _pipelines(ask).delete_stage(ask.params["pipelineId"], ask.params["stageId"], used=_used(ask))
    _keep(ask, "DELETE", ask.params["stageId"], {})
    return NOTHING


RULES = tuple(
    Rule(
        method=method,
        path=path,
        handler=handler,
        scopes=schemas("read" if method == "GET" else "write"),
        body=body,
    )
    for method, path, handler, body in (
        ("GET", BASE, list_pipelines, None),
        ("POST", BASE, create_pipeline, bodies.Pipeline),
        ("GET", ONE, get_pipeline, None),
        ("PATCH", ONE, change_pipeline, bodies.Pipeline),
        ("PUT", ONE, replace_pipeline, bodies.Pipeline),
        ("DELETE", ONE, delete_pipeline, None),
        ("GET", f"{ONE}/audit", audit, None),
        ("GET", STAGES, list_stages, None),
        ("POST", STAGES, create_stage, bodies.Stage),
        ("GET", STAGE, get_stage, None),
        ("PATCH", STAGE, change_stage, bodies.Stage),
        ("PUT", STAGE, change_stage, bodies.Stage),
        ("DELETE", STAGE, delete_stage, None),
        ("GET", f"{STAGE}/audit", audit, None),
    )
)
