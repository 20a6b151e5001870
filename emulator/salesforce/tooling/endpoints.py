"""The resources under `/tooling`. Source: Salesforce, Tooling API developer guide."""

from __future__ import annotations

from typing import Any

from emulator.salesforce import definitions
from emulator.salesforce.data import histories
from emulator.salesforce.errors import NOT_FOUND, CallError, refuse, reject
from emulator.salesforce.metadata import custom_field, custom_field_shown
from emulator.salesforce.org import Org
from emulator.salesforce.parts import Caller
from emulator.salesforce.rest.surface import Ask, Endpoint, Reply
from emulator.salesforce.schema.model import Field, SObject
from emulator.salesforce.soql import SoqlError, run
from emulator.salesforce.tooling.definition_rows import OBJECTS, Workshop, custom_field_row
from emulator.salesforce.tooling.query_rules import check

_TOOLING = "/services/data/{v}/tooling"


def query(ask: Ask) -> Reply:
    """GET tooling/query."""
    text = ask.query.get("q")
    if text is None:
        raise refuse("MALFORMED_QUERY", "A query string has to be specified")
    try:
        answer = run(Workshop(ask.org, ask.caller), text, version=f"{ask.caller.version:.1f}")
        check(text, answer)
    except SoqlError as error:
        raise refuse(error.code, error.message) from None
    records = [_addressed(record) for record in answer.records()]
    return Reply(
        body={
            "size": len(records),
            "totalSize": answer.total_size,
            "done": True,
            "queryLocator": None,
            "entityTypeName": answer.object_name,
            "records": records,
        }
    )


def _addressed(value: Any) -> Any:
    """The record with the Tooling API's addresses, at every depth."""
    if isinstance(value, list):
        return [_addressed(item) for item in value]
    if not isinstance(value, dict):
        return value
    made = {key: _addressed(item) for key, item in value.items()}
    if isinstance(made.get("attributes"), dict) and "url" in made["attributes"]:
        url = str(made["attributes"]["url"]).replace("/sobjects/", "/tooling/sobjects/", 1)
        made["attributes"] = {**made["attributes"], "url": url}
    return made


def resources(ask: Ask) -> Reply:
    """GET tooling: what stands below it."""
    base = f"{ask.caller.base}/tooling"
    return Reply(body={name: f"{base}/{name}" for name in ("query", "sobjects")})


def objects(ask: Ask) -> Reply:
    """GET tooling/sobjects: the objects in brief."""
    base = f"{ask.caller.base}/tooling/sobjects"
    found = [
        {
            "name": info.name,
            "label": info.name,
            "queryable": True,
            "createable": info.name == "CustomField",
            "updateable": info.name == "CustomField",
            "deletable": info.name == "CustomField",
            "urls": {"sobject": f"{base}/{info.name}", "rowTemplate": f"{base}/{info.name}/{{ID}}"},
        }
        for info in OBJECTS.values()
    ]
    return Reply(body={"encoding": "UTF-8", "maxBatchSize": 200, "sobjects": found})


def _may_customize(org: Org, caller: Caller) -> None:
    if not org.access.has_right(caller.user_id, "CustomizeApplication"):
        raise refuse("INSUFFICIENT_ACCESS_OR_READONLY", "insufficient access rights on object id", status=403)


def _definition(ask: Ask) -> tuple[str, Field, bool | None]:
    """The object's name, the field that a body defines, and whether its history is to be tracked."""
    body = ask.object_body()
    if unknown := sorted(set(body) - {"FullName", "Metadata", "attributes"}):
        raise reject("INVALID_FIELD", f"No such column '{unknown[0]}' on sobject of type CustomField")
    missing = [key for key in ("FullName", "Metadata") if not body.get(key)]
    if missing:
        raise reject(
            "REQUIRED_FIELD_MISSING", f"Required fields are missing: [{', '.join(missing)}]", *missing
        )
    if not isinstance(body["Metadata"], dict):
        raise refuse("JSON_PARSER_ERROR", "Metadata must be an object at [line:1, column:2]")
    names = [item.name for item in ask.org.schema]
    object_name, field = custom_field.read(str(body["FullName"]), body["Metadata"], objects=names)
    return object_name, field, custom_field.tracks(body["Metadata"])


def create_field(ask: Ask) -> Reply:
    """POST tooling/sobjects/CustomField: 201 with the new definition's id."""
    _may_customize(ask.org, ask.caller)
    object_name, field, tracked = _definition(ask)
    if tracked:
        histories.check(ask.org, object_name)
    made = definitions.create_field(ask.org, object_name, field)
    histories.track(ask.org, object_name, field.name, on=tracked)
    return Reply(status=201, body={"id": made.id, "success": True, "errors": []})


def _found(ask: Ask) -> tuple[SObject, Field]:
    found = definitions.find_field(ask.org, ask.params["field_id"])
    if found is None:
        raise CallError(NOT_FOUND)
    return found


def show_field(ask: Ask) -> Reply:
    """GET tooling/sobjects/CustomField/{id}."""
    object_, field = _found(ask)
    url = f"{ask.caller.base}/tooling/sobjects/CustomField/{field.id}"
    row = custom_field_row(object_, field, tracked=histories.tracks(ask.org, object_.name, field.name))
    return Reply(body={"attributes": {"type": "CustomField", "url": url}, **row})


def change_field(ask: Ask) -> Reply:
    """PATCH tooling/sobjects/CustomField/{id} with the whole Metadata: 204."""
    _may_customize(ask.org, ask.caller)
    object_, before = _found(ask)
    body = {"FullName": f"{object_.name}.{before.name}", **ask.object_body()}
    object_name, field, tracked = _definition(_with(ask, body))
    if (object_name.lower(), field.name.lower()) != (object_.name.lower(), before.name.lower()):
        raise reject(
            "FIELD_INTEGRITY_EXCEPTION", "The name of a field that is in use cannot be changed", "FullName"
        )
    if field.type != before.type:
        raise reject(
            "FIELD_INTEGRITY_EXCEPTION",
            f"Cannot change the type of {object_.name}.{before.name} from {custom_field_shown.type_of(before)} to"
            f" {custom_field_shown.type_of(field)}",
            "Metadata",
        )
    histories.track(ask.org, object_.name, field.name, on=tracked)
    definitions.update_field(ask.org, object_.name, field)
    return Reply(status=204)


def _with(ask: Ask, body: dict[str, Any]) -> Ask:
    return Ask(org=ask.org, caller=ask.caller, method=ask.method, params=ask.params, parsed=body)


def drop_field(ask: Ask) -> Reply:
    """DELETE tooling/sobjects/CustomField/{id}: 204."""
    _may_customize(ask.org, ask.caller)
    object_, field = _found(ask)
    definitions.delete_field(ask.org, object_.name, field.name)
    return Reply(status=204)


_FIELD = _TOOLING + "/sobjects/CustomField"
ENDPOINTS = [
    Endpoint(method="GET", template=_TOOLING, handle=resources),
    Endpoint(method="GET", template=_TOOLING + "/query", handle=query),
    Endpoint(method="GET", template=_TOOLING + "/sobjects", handle=objects),
    Endpoint(method="POST", template=_FIELD, handle=create_field),
    Endpoint(method="GET", template=_FIELD + "/{field_id}", handle=show_field),
    Endpoint(method="PATCH", template=_FIELD + "/{field_id}", handle=change_field),
    Endpoint(method="DELETE", template=_FIELD + "/{field_id}", handle=drop_field),
]
