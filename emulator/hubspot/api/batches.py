"""Batches of up to 100 records, each with its own rules of partial success (HubSpot: CRM objects v3, batch)."""

# ruff: noqa: D103 - RULES at the end says which route each handler answers

from collections.abc import Sequence
from typing import Any

from emulator.hubspot import bodies
from emulator.hubspot.api.objects import (
    BASE,
    find,
    link,
    shelf_of,
    shown,
    shown_after_write,
    wanted_links,
    young_properties,
)
from emulator.hubspot.api.rule import Rule, objects
from emulator.hubspot.data import writes
from emulator.hubspot.data.records import Record
from emulator.hubspot.data.stamps import instant
from emulator.hubspot.errors import HubSpotError, duplicate_ids, missing_rows, not_unique_property, validation
from emulator.hubspot.portal import Shelf
from emulator.hubspot.wire import NOTHING, Ask, ok
from emulator.kit.faults import HttpAnswer

MAX_WITH_HISTORY = 50


def batch(
    ask: Ask, results: list[dict[str, Any]], errors: Sequence[dict[str, Any]] = (), *, good: int = 200
) -> HttpAnswer:
    """A batch answer: 207 with errors, and from 2026-09 on the ordinary status with errors beside the results (HubSpot:
    API specifications, batch answers). The order of results is no promise, so it is not the order of inputs."""
    ask.portal.random.shuffle(results)
    at = instant(ask.now)
    body: dict[str, Any] = {
        "status": "COMPLETE",
        "results": results,
        "startedAt": at,
        "completedAt": instant(ask.portal.clock.now()),
    }
    if not errors:
        return ok(body, good)
    return ok(
        {**body, "numErrors": len(errors), "errors": list(errors)},
        207 if (ask.version or "") < "2026-09" else good,
    )


def hit_rows(ask: Ask, inputs: Sequence[dict[str, Any]]) -> dict[int, dict[str, Any]]:
    """The rows that fault F75 lets fail, by index."""
    options = ask.taken.options("F75")
    if options is None:
        return {}
    failed = {}
    for index in ask.taken.rows("F75", [str(row.get("id", "")) for row in inputs]):
        context: dict[str, Any] = {"ids": [str(inputs[index]["id"])]} if inputs[index].get("id") else {}
        if inputs[index].get("objectWriteTraceId"):
            context = {"objectWriteTraceId": [inputs[index]["objectWriteTraceId"]]}
        failed[index] = {
            "status": "error",
            "category": options.get("category", "VALIDATION_ERROR"),
            "message": options.get("message", "The record could not be written."),
            "context": context,
        }
    return failed


def traced(doc: dict[str, Any], row: dict[str, Any]) -> dict[str, Any]:
    """A result with the trace id of its input."""
    return {**doc, "objectWriteTraceId": row["objectWriteTraceId"]} if row.get("objectWriteTraceId") else doc


def refuse_twice(keys: Sequence[str]) -> None:
    """400 for the whole batch when two inputs name one record."""
    twice = list(dict.fromkeys(key for key in keys if keys.count(key) > 1))
    if twice:
        raise duplicate_ids(twice)


def read_batch(ask: Ask) -> HttpAnswer:
    shelf = shelf_of(ask)
    history = [str(name) for name in ask.json.get("propertiesWithHistory") or ()]
    inputs = ask.inputs(MAX_WITH_HISTORY if history else 100)
    names = [str(name) for name in ask.json.get("properties") or ()]
    id_property = ask.json.get("idProperty")
    archived = ask.flag("archived")
    results, missing = [], []
    hit = hit_rows(ask, inputs)
    for index, row in enumerate(inputs):
        record = find(ask, shelf, str(row.get("id", "")), id_property)
        if index in hit:
            continue
        if record is None or (record.archived_at is not None) != archived:
            missing.append(str(row.get("id", "")))
        else:
            results.append(shown(shelf, record, names=names, history=history))
    errors = [missing_rows(shelf.type.legacy, missing)] if missing else []
    return batch(ask, results, [*errors, *hit.values()])


def create_batch(ask: Ask) -> HttpAnswer:
    """Without trace ids all or nothing: the first conflict fails the batch. With them row by row."""
    shelf = shelf_of(ask)
    inputs = ask.inputs()
    partial = bool(inputs) and all(row.get("objectWriteTraceId") for row in inputs)
    hit = hit_rows(ask, inputs)
    if hit and not partial:
        raise validation(next(iter(hit.values()))["message"])
    unknown = young_properties(ask, shelf)
    ready, errors = [], list(hit.values())
    seen: set[tuple[str, str]] = set()
    for index, row in enumerate(inputs):
        if index in hit:
            continue
        try:
            kept = writes.checked(ask.portal, shelf, row.get("properties"), before={}, unknown=unknown)
            links = wanted_links(ask, shelf, row.get("associations"))
            writes.refuse_bare(shelf, kept)
            writes.refuse_taken(ask.portal, shelf, "", kept, in_batch=True)
            _refuse_same_unique(shelf, kept, seen)
        except HubSpotError as error:
            if not partial:
                raise
            errors.append(writes.row_error(error, trace=str(row["objectWriteTraceId"])))
            continue
        ready.append((row, kept, links))
    results = []
    for row, kept, links in ready:
        record = writes.create(ask.portal, shelf, kept, by=ask.by, in_batch=True)
        link(ask, shelf, record, links)
        results.append(traced(shown_after_write(shelf, record, record.values, new=True), row))
    return batch(ask, results, errors, good=201)


def _refuse_same_unique(shelf: Shelf, kept: dict[str, str], seen: set[tuple[str, str]]) -> None:
    for name in shelf.definitions.unique_names():
        if kept.get(name):
            place = (name, kept[name].lower())
            if place in seen:
                raise validation(f"Duplicate {name} found in batch input: {kept[name]}")
            seen.add(place)


def update_batch(ask: Ask) -> HttpAnswer:
    """Partial, but one bad property value refuses the whole call, and nothing says whose it was."""
    shelf = shelf_of(ask)
    inputs = ask.inputs()
    refuse_twice(
        [
            f"{row.get('idProperty')}:{row.get('id')}" if row.get("idProperty") else str(row.get("id"))
            for row in inputs
        ]
    )
    hit = hit_rows(ask, inputs)
    unknown = young_properties(ask, shelf)
    ready: list[tuple[dict[str, Any], Record, dict[str, str]]] = []
    missing = []
    for index, row in enumerate(inputs):
        key, id_property = str(row.get("id", "")), row.get("idProperty")
        record = find(ask, shelf, key, id_property)
        record = record if record is not None and record.live else None
        kept = writes.checked(
            ask.portal, shelf, row.get("properties"), before=record.values if record else {}, unknown=unknown
        )
        if index in hit:
            continue
        if record is not None:
            ready.append((row, record, kept))
        elif id_property or key.isdigit():
            missing.append(key)
        # An e-mail as id without idProperty: accepted, and nothing happens (hubspot-api-nodejs, issue 548).
    refuse_twice([record.id for _, record, _ in ready])
    errors = [*([missing_rows(shelf.type.legacy, missing)] if missing else []), *hit.values()]
    if ask.taken.options("F78") is not None:
        return batch(ask, [], errors)
    results = []
    for row, record, kept in ready:
        try:
            written = writes.update(ask.portal, shelf, record, kept, by=ask.by)
        except HubSpotError as error:
            errors.append(_with_ids(writes.row_error(error, trace=row.get("objectWriteTraceId")), record.id))
            continue
        results.append(traced(shown_after_write(shelf, record, written), row))
    return batch(ask, results, errors)


def _with_ids(row: dict[str, Any], record_id: str) -> dict[str, Any]:
    return {**row, "context": {"ids": [record_id], **row["context"]}}


def upsert_batch(ask: Ask) -> HttpAnswer:
    """Create or update by a unique property. Two inputs for one record are refused."""
    shelf = shelf_of(ask)
    inputs = ask.inputs()
    hit = hit_rows(ask, inputs)
    unknown = young_properties(ask, shelf)
    ready: list[tuple[dict[str, Any], Record | None, dict[str, str]]] = []
    missing = []
    for index, row in enumerate(inputs):
        key, id_property = str(row.get("id", "")), row.get("idProperty")
        if id_property == "hs_object_id":
            raise not_unique_property(
                name=id_property, object_type_id=shelf.type.type_id, portal_id=ask.portal.settings.portal_id
            )
        record = find(ask, shelf, key, id_property)
        record = record if record is not None and record.live else None
        raw = row.get("properties")
        if id_property and isinstance(raw, dict):
            raw = {id_property: key, **raw}
        kept = writes.checked(ask.portal, shelf, raw, before=record.values if record else {}, unknown=unknown)
        if record is None and not id_property:
            missing.append(key)
        elif index not in hit:
            ready.append((row, record, kept))
    keys = [
        (record.id if record else f"{row.get('idProperty')}={str(row.get('id')).lower()}")
        for row, record, _ in ready
    ]
    if len(set(keys)) < len(keys):
        raise duplicate_ids(
            [str(row.get("id")) for (row, _, _), key in zip(ready, keys, strict=True) if keys.count(key) > 1]
        )
    errors = [*([missing_rows(shelf.type.legacy, missing)] if missing else []), *hit.values()]
    results = []
    for row, record, kept in ready:
        try:
            if record is None:
                made = writes.create(ask.portal, shelf, kept, by=ask.by, in_batch=True)
                doc = shown_after_write(shelf, made, made.values, new=True)
            else:
                written = writes.update(ask.portal, shelf, record, kept, by=ask.by)
                doc = shown_after_write(shelf, record, written)
        except HubSpotError as error:
            errors.append(writes.row_error(error, trace=row.get("objectWriteTraceId")))
            continue
        results.append(traced({**doc, "new": record is None}, row))
    return batch(ask, results, errors)


def archive_batch(ask: Ask) -> HttpAnswer:
    """204 whatever the prior state."""
    shelf = shelf_of(ask)
    for row in ask.inputs():
        record = writes.live(shelf, str(row.get("id", "")))
        if record is not None:
            writes.archive(ask.portal, shelf, record, by=ask.by)
    return NOTHING


RULES = tuple(
    Rule(method="POST", path=f"{BASE}/batch/{name}", handler=handler, scopes=objects(right), body=body)
    for name, handler, right, body in (
        ("read", read_batch, "read", bodies.Reading),
        ("create", create_batch, "write", bodies.NewRows),
        ("update", update_batch, "write", bodies.Rows),
        ("upsert", upsert_batch, "write", bodies.Rows),
        ("archive", archive_batch, "write", bodies.Ids),
    )
)
