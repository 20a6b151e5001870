"""Property definitions and groups (HubSpot: CRM properties v3)."""

# ruff: noqa: D103 - RULES at the end says which route each handler answers

from datetime import timedelta
from typing import Any

from emulator.hubspot import bodies
from emulator.hubspot.api.batches import batch
from emulator.hubspot.api.objects import shelf_of
from emulator.hubspot.api.rule import Rule, schemas
from emulator.hubspot.data import writes
from emulator.hubspot.data.definitions import Definition
from emulator.hubspot.errors import HubSpotError, not_found
from emulator.hubspot.portal import Shelf
from emulator.hubspot.wire import NOTHING, Ask, ok
from emulator.kit.faults import HttpAnswer

BASE = "/crm/v3/properties/{objectType}"


def _user(ask: Ask) -> str | None:
    return str(ask.by.user_id) if ask.by.user_id is not None else None


def _stale(ask: Ask, shelf: Shelf, *, archived: bool) -> dict[str, dict[str, Any]] | None:
    """An older copy of the definitions while fault F98 stands, else None."""
    options = ask.taken.options("F98")
    if options is None:
        return None
    moment = ask.now - timedelta(seconds=float(options.get("age", 300)))
    return shelf.definitions.as_of(moment, archived=archived)


def _changed(ask: Ask, shelf: Shelf, definition: Definition) -> None:
    ask.portal.keep_definitions(shelf)
    if definition.unique:
        shelf.records.rebuild_holders()


def list_properties(ask: Ask) -> HttpAnswer:
    shelf, archived = shelf_of(ask), ask.flag("archived")
    stale = _stale(ask, shelf, archived=archived)
    docs = (
        list(stale.values())
        if stale is not None
        else [d.doc for d in shelf.definitions.listed(archived=archived)]
    )
    return ok({"results": docs})


def get_property(ask: Ask) -> HttpAnswer:
    shelf, archived, name = shelf_of(ask), ask.flag("archived"), ask.params["propertyName"]
    stale = _stale(ask, shelf, archived=archived)
    if stale is None:
        return ok(shelf.definitions.existing(name, archived=archived).doc)
    if name not in stale:
        raise not_found(f'No property named "{name}" was found.')
    return ok(stale[name])


def create_property(ask: Ask) -> HttpAnswer:
    shelf = shelf_of(ask)
    made = shelf.definitions.create(ask.json, now=ask.now, user=_user(ask))
    _changed(ask, shelf, made)
    return ok(made.doc, 201)


def change_property(ask: Ask) -> HttpAnswer:
    shelf = shelf_of(ask)
    found = shelf.definitions.change(ask.params["propertyName"], ask.json, now=ask.now, user=_user(ask))
    _changed(ask, shelf, found)
    return ok(found.doc)


def archive_property(ask: Ask) -> HttpAnswer:
    shelf = shelf_of(ask)
    _changed(ask, shelf, shelf.definitions.archive(ask.params["propertyName"], now=ask.now))
    return NOTHING


def create_batch(ask: Ask) -> HttpAnswer:
    """Row by row: what exists already is an error of its row alone."""
    shelf = shelf_of(ask)
    results, errors = [], []
    for row in ask.inputs():
        try:
            made = shelf.definitions.create(row, now=ask.now, user=_user(ask))
        except HubSpotError as error:
            errors.append(writes.row_error(error))
            continue
        _changed(ask, shelf, made)
        results.append(made.doc)
    return batch(ask, results, errors, good=201)


def read_batch(ask: Ask) -> HttpAnswer:
    shelf, archived = shelf_of(ask), bool(ask.json.get("archived"))
    results, errors = [], []
    for row in ask.inputs():
        try:
            results.append(shelf.definitions.existing(str(row.get("name", "")), archived=archived).doc)
        except HubSpotError as error:
            errors.append({**writes.row_error(error), "context": {"name": [str(row.get("name", ""))]}})
    return batch(ask, results, errors)


def archive_batch(ask: Ask) -> HttpAnswer:
    """204 whatever the prior state; a property in use still refuses."""
    shelf = shelf_of(ask)
    for row in ask.inputs():
        if shelf.definitions.get(str(row.get("name", ""))):
            _changed(ask, shelf, shelf.definitions.archive(str(row["name"]), now=ask.now))
    return NOTHING


def list_groups(ask: Ask) -> HttpAnswer:
    return ok({"results": list(shelf_of(ask).definitions.groups.values())})


def get_group(ask: Ask) -> HttpAnswer:
    return ok(shelf_of(ask).definitions.existing_group(ask.params["groupName"]))


def create_group(ask: Ask) -> HttpAnswer:
    shelf = shelf_of(ask)
    made = shelf.definitions.create_group(ask.json)
    ask.portal.keep_definitions(shelf)
    return ok(made, 201)


def change_group(ask: Ask) -> HttpAnswer:
    shelf = shelf_of(ask)
    group = shelf.definitions.existing_group(ask.params["groupName"])
    group.update({key: ask.json[key] for key in ("label", "displayOrder") if key in ask.json})
    ask.portal.keep_definitions(shelf)
    return ok(group)


def archive_group(ask: Ask) -> HttpAnswer:
    shelf = shelf_of(ask)
    shelf.definitions.archive_group(ask.params["groupName"])
    ask.portal.keep_definitions(shelf)
    return NOTHING


RULES = tuple(
    Rule(
        method=method,
        path=path,
        handler=handler,
        scopes=schemas("read" if right == "r" else "write"),
        body=body,
    )
    for method, path, handler, right, body in (
        ("GET", BASE, list_properties, "r", None),
        ("POST", BASE, create_property, "w", bodies.NewProperty),
        ("GET", f"{BASE}/groups", list_groups, "r", None),
        ("POST", f"{BASE}/groups", create_group, "w", bodies.Group),
        ("GET", f"{BASE}/groups/{{groupName}}", get_group, "r", None),
        ("PATCH", f"{BASE}/groups/{{groupName}}", change_group, "w", bodies.Group),
        ("DELETE", f"{BASE}/groups/{{groupName}}", archive_group, "w", None),
        ("POST", f"{BASE}/batch/create", create_batch, "w", bodies.NewProperties),
        ("POST", f"{BASE}/batch/read", read_batch, "r", bodies.PropertyNames),
        ("POST", f"{BASE}/batch/archive", archive_batch, "w", bodies.PropertyNames),
        ("GET", f"{BASE}/{{propertyName}}", get_property, "r", None),
        ("PATCH", f"{BASE}/{{propertyName}}", change_property, "w", bodies.PropertyChange),
        ("DELETE", f"{BASE}/{{propertyName}}", archive_property, "w", None),
    )
)
