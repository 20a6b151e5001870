"""sObject Collections: many records in one call. Source: Salesforce REST API, sObject Collections."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from emulator.salesforce.data import dml
from emulator.salesforce.data.ids import long_id
from emulator.salesforce.data.user_view import Eyes
from emulator.salesforce.errors import refuse
from emulator.salesforce.rest.records import asked_fields, object_of, printed
from emulator.salesforce.rest.surface import Ask, Endpoint, Reply

_C = "/services/data/{v}/composite/sobjects"
#: records of one call that writes, and of one that reads by POST
MOST, MOST_READ = 200, 2000
#: consecutive runs of one type in a call
MOST_CHUNKS = 10


def create(ask: Ask) -> Reply:
    """POST: create up to 200 records."""
    rows, all_or_none = _rows(ask)
    return _outcome(ask, dml.save(ask.org, ask.caller, "create", rows, all_or_none=all_or_none))


def update(ask: Ask) -> Reply:
    """PATCH: change up to 200 records by id."""
    rows, all_or_none = _rows(ask)
    return _outcome(ask, dml.save(ask.org, ask.caller, "update", rows, all_or_none=all_or_none))


def upsert(ask: Ask) -> Reply:
    """PATCH by external id field: one type only; each result says whether it was created."""
    object_ = object_of(ask)
    view = ask.org.view(ask.caller, object_)
    key = view.field(ask.params["field"])
    if key is None or not (key.external_id or key.id_lookup):
        message = f"Provided external ID field does not exist or is not accessible: {ask.params['field']}"
        raise refuse("NOT_FOUND", message)
    rows, all_or_none = _rows(ask)
    if any(row.object.name != object_.name for row in rows):
        message = f"All records must be of the type {object_.name} that the address names"
        raise refuse("INVALID_INPUT", message)
    saved = dml.save(ask.org, ask.caller, "upsert", rows, all_or_none=all_or_none, key=key)
    return _outcome(ask, saved, upserted=True)


def delete(ask: Ask) -> Reply:
    """DELETE ?ids=…&allOrNone=…"""
    ids = [part.strip() for part in ask.query.get("ids", "").split(",") if part.strip()]
    if not ids:
        raise refuse("REQUIRED_FIELD_MISSING", "At least 1 record is required")
    _few(ids, MOST)
    rows = []
    for record_id in ids:
        object_ = ask.org.schema.by_prefix((long_id(record_id) or "")[:3])
        rows.append(dml.Asked(object=object_ or ask.org.sobject("Account"), values={"Id": record_id}))
    saved = dml.save(ask.org, ask.caller, "delete", rows, all_or_none=ask.flag("allOrNone"))
    return _outcome(ask, saved)


def read(ask: Ask) -> Reply:
    """GET ?ids=…&fields=…: null where there is no record."""
    ids = [part.strip() for part in ask.query.get("ids", "").split(",") if part.strip()]
    return _read(ask, ids, ask.query.get("fields", ""))


def read_by_post(ask: Ask) -> Reply:
    """POST {"ids": […], "fields": […]}: up to 2,000 records."""
    body = ask.object_body()
    ids, fields = body.get("ids") or [], body.get("fields") or []
    if not isinstance(ids, list) or not isinstance(fields, list):
        raise refuse("JSON_PARSER_ERROR", "ids and fields must be lists of text")
    return _read(ask, [str(item) for item in ids], ",".join(str(item) for item in fields))


def _read(ask: Ask, ids: list[str], fields: str) -> Reply:
    object_ = object_of(ask)
    if not ids:
        raise refuse("REQUIRED_FIELD_MISSING", "At least 1 record is required")
    if not fields:
        raise refuse("REQUIRED_FIELD_MISSING", "The fields parameter is required")
    _few(ids, MOST_READ)
    view = ask.org.view(ask.caller, object_)
    names = asked_fields(view, fields)
    eyes = Eyes(ask.org, ask.caller)
    body = []
    for record_id in ids:
        whole = long_id(record_id)
        if whole is None:
            raise refuse("MALFORMED_ID", f"malformed id {record_id}")
        row = ask.org.store.get(object_.name, whole)
        shown = row is not None and not row.get("IsDeleted") and eyes.shares(row)
        body.append(printed(view, row, ask.caller, names) if row is not None and shown else None)
    return Reply(body=body)


def _rows(ask: Ask) -> tuple[list[dml.Asked], bool]:
    body = ask.object_body()
    records = body.get("records")
    if not isinstance(records, list) or not records:
        raise refuse("REQUIRED_FIELD_MISSING", "At least 1 record is required")
    _few(records, MOST)
    rows = [_row(ask, record) for record in records]
    kinds = [row.object.name for row in rows]
    chunks = sum(kind != before for kind, before in zip(kinds, [None, *kinds], strict=False))
    if chunks > MOST_CHUNKS:
        message = (
            f"Cannot have more than {MOST_CHUNKS} chunks in a single operation."
            " Please rearrange the data to reduce chunking."
        )
        raise refuse("INVALID_INPUT", message)
    return rows, bool(body.get("allOrNone", False))


def _row(ask: Ask, record: Any) -> dml.Asked:
    if not isinstance(record, dict):
        raise refuse("JSON_PARSER_ERROR", "Records must be JSON objects")
    attributes = record.get("attributes")
    kind = attributes.get("type") if isinstance(attributes, dict) else None
    if kind is None:
        raise refuse("INVALID_INPUT", "The record's attributes must name its type")
    object_ = ask.org.schema.get(str(kind))
    if object_ is None:
        message = (
            f"sObject type '{kind}' is not supported. If you are attempting to use a custom object, be sure to append"
            " the '__c' after the entity name. Please reference your WSDL or the describe call for the appropriate"
            " names."
        )
        raise refuse("INVALID_TYPE", message)
    return dml.Asked(
        object=object_, values={key: value for key, value in record.items() if key != "attributes"}
    )


def _few(items: Sequence[Any], most: int) -> None:
    if len(items) > most:
        message = f"record limit reached. cannot submit more than {most} records in this operation"
        raise refuse("EXCEEDED_ID_LIMIT", message)


def _outcome(ask: Ask, saved: list[dml.Saved], *, upserted: bool = False) -> Reply:
    """Answer row by row: 200 even when every row failed, or 400 with the same rows (fault F29)."""
    body = []
    for item in saved:
        # A failed row carries no id, not even in an update: only its place tells which record it was.
        row: dict[str, Any] = {"id": item.id} if item.success else {}
        row |= {"success": item.success, "errors": [problem.as_row() for problem in item.problems]}
        if upserted and item.success:
            row["created"] = item.created
        body.append(row)
    failed = any(not item.success for item in saved)
    status = 400 if failed and ask.caller.taken.options("F29") is not None else 200
    return Reply(status=status, body=body)


ENDPOINTS = [
    Endpoint(method="POST", template=_C, handle=create),
    Endpoint(method="PATCH", template=_C, handle=update),
    Endpoint(method="DELETE", template=_C, handle=delete),
    Endpoint(method="GET", template=_C + "/{object}", handle=read),
    Endpoint(method="POST", template=_C + "/{object}", handle=read_by_post),
    Endpoint(method="PATCH", template=_C + "/{object}/{field}", handle=upsert),
]
