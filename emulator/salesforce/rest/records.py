"""sObject Rows: one record by id or by external id. Source: Salesforce REST API, sObject Rows."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from emulator.salesforce.access import View
from emulator.salesforce.data import dml
from emulator.salesforce.data.ids import long_id
from emulator.salesforce.data.stamps import http_date, moment, parse_http_date
from emulator.salesforce.data.store import Row
from emulator.salesforce.errors import IS_DELETED, CallError, RecordError, refuse
from emulator.salesforce.parts import Caller
from emulator.salesforce.rest.surface import Ask, Endpoint, Reply, not_found
from emulator.salesforce.schema.model import Field, SObject
from emulator.salesforce.soql.errors import NO_SUCH_COLUMN

_S = "/services/data/{v}/sobjects/{object}"
#: objects whose rows carry an ETag (Salesforce: conditional requests)
_TAGGED = ("Account",)


def object_of(ask: Ask) -> SObject:
    """Return the object that the path names. Raises CallError NOT_FOUND."""
    found = ask.org.sobject(ask.params["object"])
    if not ask.org.access.reads(found.name):
        raise not_found("The requested resource does not exist")
    return found


def create(ask: Ask) -> Reply:
    """POST: 201 with the new id."""
    object_ = object_of(ask)
    saved = _one(ask, "create", object_, ask.object_body())
    location = f"{ask.caller.base}/sobjects/{object_.name}/{saved.id}"
    return Reply(status=201, body=success(saved), headers={"Location": location})


def get(ask: Ask) -> Reply:
    """GET by id, with conditional headers."""
    object_ = object_of(ask)
    row = _readable(ask, object_, ask.params["id"])
    return _shown(ask, object_, row)


def update(ask: Ask) -> Reply:
    """PATCH by id: 204; guarded by If-Match (Account) and If-Unmodified-Since."""
    object_ = object_of(ask)
    body = ask.object_body()
    if any(name.lower() == "id" for name in body):
        raise refuse("INVALID_FIELD", "The Id field should not be specified in the sobject data.")
    record_id = _url_id(ask, ask.params["id"])
    guarded = _guard(ask, object_, ask.org.store.get(object_.name, record_id))
    if guarded is not None:
        return guarded
    _one(ask, "update", object_, {**body, "Id": record_id})
    return Reply(status=204)


def delete(ask: Ask) -> Reply:
    """DELETE by id: 204."""
    object_ = object_of(ask)
    _one(ask, "delete", object_, {"Id": _url_id(ask, ask.params["id"])})
    return Reply(status=204)


def get_by_key(ask: Ask) -> Reply:
    """GET by external id; several matches answer 300 with their addresses."""
    object_ = object_of(ask)
    key = _key(ask, object_)
    found = dml.matches(ask.org, ask.caller, object_, key, _value(ask, key))
    if not found:
        raise not_found("The requested resource does not exist")
    if len(found) > 1:
        return _several(ask, object_, found)
    return _shown(ask, object_, found[0])


def upsert(ask: Ask) -> Reply:
    """PATCH by external id: 201 for a new record, 200 (or 204, see Settings) for a changed one, 300 for several."""
    object_ = object_of(ask)
    key = _key(ask, object_)
    value = _value(ask, key)
    body = ask.object_body()
    if named := next((name for name in body if name.lower() in ("id", key.name.lower())), None):
        raise refuse("INVALID_FIELD", f"The {named} field should not be specified in the sobject data.")
    found = dml.matches(ask.org, ask.caller, object_, key, value)
    if len(found) > 1:
        return _several(ask, object_, found)
    if found and (guarded := _guard(ask, object_, found[0])) is not None:
        return guarded
    if not found and ask.flag("updateOnly"):
        raise not_found("The requested resource does not exist")
    if key.name == "Id":
        saved = _one(ask, "update", object_, {**body, "Id": value})
    else:
        saved = _one(ask, "upsert", object_, {**body, key.name: value}, key)
    if saved.created:
        location = f"{ask.caller.base}/sobjects/{object_.name}/{saved.id}"
        return Reply(status=201, body={**success(saved), "created": True}, headers={"Location": location})
    if ask.caller.taken.options("F28") is not None or ask.org.settings.upsert_status == 204:
        return Reply(status=204)
    return Reply(status=200, body={**success(saved), "created": False})


def create_without_key(ask: Ask) -> Reply:
    """POST to an external id field's address (``/sobjects/Account/Id``): an upsert that can only create."""
    if ask.params["id"].lower() != "id":
        raise not_found("The requested resource does not exist")
    made = create(ask)
    return replace(made, body={**made.body, "created": True})


def delete_by_key(ask: Ask) -> Reply:
    """DELETE by external id: 204."""
    object_ = object_of(ask)
    key = _key(ask, object_)
    found = dml.matches(ask.org, ask.caller, object_, key, _value(ask, key))
    if not found:
        raise not_found("The requested resource does not exist")
    if len(found) > 1:
        return _several(ask, object_, found)
    _one(ask, "delete", object_, {"Id": found[0]["Id"]})
    return Reply(status=204)


def success(saved: dml.Saved) -> dict[str, Any]:
    """Return the body of a write that went well."""
    return {"id": saved.id, "success": True, "errors": []}


def printed(view: View, row: Row, caller: Caller, names: list[str] | None = None) -> dict[str, Any]:
    """Return a record as the API prints it; ``names`` (API names) limits its fields."""
    url = f"{caller.base}/sobjects/{view.object.name}/{row['Id']}"
    body: dict[str, Any] = {"attributes": {"type": view.object.name, "url": url}}
    for name in names if names is not None else view.readable:
        body[name] = row.get(name)
    return body


def asked_fields(view: View, text: str) -> list[str]:
    """Return the API names of a ``fields=`` list. Raises CallError INVALID_FIELD."""
    names = []
    for part in text.split(","):
        field = view.field(part.strip())
        if field is None:
            detail = NO_SUCH_COLUMN.format(field=part.strip(), entity=view.object.name)
            raise refuse("INVALID_FIELD", f"\n{text}\n^\nERROR at Row:1:Column:8\n{detail}")
        names.append(field.name)
    # The Id comes along whether it was asked for or not.
    return names if "Id" in names else [*names, "Id"]


def etag(row: Row) -> str:
    """Return the entity tag of a row: another one for every content."""
    digest = hashlib.md5(json.dumps(row, sort_keys=True).encode(), usedforsecurity=False)
    return f'"{digest.hexdigest()}"'


def _one(
    ask: Ask, work: dml.Work, object_: SObject, values: Mapping[str, Any], key: Field | None = None
) -> dml.Saved:
    """Do one row through the many-row path, so that row faults hit it too. Raises RecordError."""
    saved = dml.save(ask.org, ask.caller, work, [dml.Asked(object=object_, values=values)], key=key)[0]
    if not saved.success:
        raise RecordError(*saved.problems)
    return saved


def _shown(ask: Ask, object_: SObject, row: Row) -> Reply:
    view = ask.org.view(ask.caller, object_)
    names = asked_fields(view, ask.query["fields"]) if ask.query.get("fields") else None
    headers = {}
    modified = moment(row["LastModifiedDate"]) if row.get("LastModifiedDate") else None
    if modified is not None:
        headers["Last-Modified"] = http_date(modified)
    if object_.name in _TAGGED:
        headers["ETag"] = etag(row)
        if ask.headers.get("if-none-match") in (etag(row), "*"):
            return Reply(status=304, headers=headers)
    since = ask.headers.get("if-modified-since")
    if since is not None and modified is not None:
        asked = _http_moment(since)
        if modified <= asked:
            return Reply(status=304, headers=headers)
    return Reply(body=printed(view, row, ask.caller, names), headers=headers)


def _http_moment(text: str) -> Any:
    asked = parse_http_date(text)
    if asked is None:
        raise refuse("INVALID_INPUT", f"Invalid date in a conditional header: {text}", status=400)
    return asked


def _guard(ask: Ask, object_: SObject, row: Row | None) -> Reply | None:
    """Return 412 when a precondition of the request does not hold."""
    since = ask.headers.get("if-unmodified-since")
    if since is not None:
        asked = _http_moment(since)
        if row is not None and row.get("LastModifiedDate") and moment(row["LastModifiedDate"]) > asked:
            return Reply(status=412)
    wanted = ask.headers.get("if-match")
    if wanted is None or object_.name not in _TAGGED:
        return None
    if row is None:
        return Reply(status=412)
    tags = [tag.strip().removesuffix('-gzip"').rstrip("-") for tag in wanted.split(",")]
    whole = [tag if tag.endswith('"') else f'{tag}"' for tag in tags]
    return None if etag(row) in whole or wanted.strip() == "*" else Reply(status=412)


def _readable(ask: Ask, object_: SObject, record_id: str) -> Row:
    whole = long_id(record_id)
    if whole is None or whole[:3] != object_.prefix:
        raise not_found(f"Provided external ID field does not exist or is not accessible: {record_id}")
    row = ask.org.store.get(object_.name, whole)
    if row is None or not _shared(ask, row):
        raise not_found("The requested resource does not exist")
    if row.get("IsDeleted"):
        raise CallError(IS_DELETED)
    return row


def _shared(ask: Ask, row: Row) -> bool:
    options = ask.caller.taken.options("F21")
    return ask.org.visible(ask.caller, row) and row["Id"] not in (options or {}).get("records", ())


def _url_id(ask: Ask, text: str) -> str:
    whole = long_id(text)
    if whole is None:
        raise not_found(f"Provided external ID field does not exist or is not accessible: {text}")
    del ask
    return whole


def _key(ask: Ask, object_: SObject) -> Field:
    name = ask.params["field"]
    key = ask.org.view(ask.caller, object_).field(name)
    if key is None or not (key.external_id or key.id_lookup):
        raise not_found(f"Provided external ID field does not exist or is not accessible: {name}")
    value = ask.params["value"]
    # Salesforce takes the end of such a value for a file extension (sObject Rows by External ID).
    if "@" in value and value.lower().endswith(".inc"):
        raise not_found("The requested resource does not exist")
    return key


def _value(ask: Ask, key: Field) -> Any:
    text = ask.params["value"]
    if key.type in ("double", "int"):
        try:
            return float(text) if key.type == "double" else int(text)
        except ValueError as error:
            raise not_found("The requested resource does not exist") from error
    return text


def _several(ask: Ask, object_: SObject, found: list[Row]) -> Reply:
    return Reply(status=300, body=[f"{ask.caller.base}/sobjects/{object_.name}/{row['Id']}" for row in found])


ENDPOINTS = [
    Endpoint(method="POST", template=_S, handle=create),
    Endpoint(method="GET", template=_S + "/{id}", handle=get),
    Endpoint(method="PATCH", template=_S + "/{id}", handle=update),
    Endpoint(method="DELETE", template=_S + "/{id}", handle=delete),
    Endpoint(method="POST", template=_S + "/{id}", handle=create_without_key),
    Endpoint(method="GET", template=_S + "/{field}/{value:path}", handle=get_by_key),
    Endpoint(method="PATCH", template=_S + "/{field}/{value:path}", handle=upsert),
    Endpoint(method="DELETE", template=_S + "/{field}/{value:path}", handle=delete_by_key),
]
