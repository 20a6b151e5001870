"""Single records: list, read, create, update, archive, merge (HubSpot: CRM objects v3)."""

# ruff: noqa: D103 - RULES at the end says which route each handler answers

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any

from emulator.hubspot import bodies
from emulator.hubspot.api.rule import Rule, objects
from emulator.hubspot.data import writes
from emulator.hubspot.data.associations import LinkType, invalid_ids
from emulator.hubspot.data.records import Record
from emulator.hubspot.errors import no_such_record, not_unique_property, validation
from emulator.hubspot.portal import Portal, Shelf
from emulator.hubspot.wire import NOTHING, Ask, ok
from emulator.kit.faults import HttpAnswer

BASE = "/crm/v3/objects/{objectType}"
MAX_PAGE = 100


def shelf_of(ask: Ask) -> Shelf:
    """The object type that the path names."""
    return ask.portal.shelf(ask.params["objectType"])


def shown(
    shelf: Shelf,
    record: Record,
    *,
    names: Sequence[str] = (),
    history: Sequence[str] = (),
    unset: bool = True,
    values: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """A record as the API answers it.

    Asked for but unset: null. Unknown names: left out without a word. `unset` False leaves out the nulls, as
    answers to writes do; `values` are those of the search index.
    """
    values = record.values if values is None else values
    kind = shelf.type
    wanted = dict.fromkeys(["createdate", *(names or kind.shown), "hs_object_id", kind.modified])
    wanted |= dict.fromkeys(history)
    properties = {
        name: values.get(name)
        for name in sorted(wanted)
        if shelf.definitions.get(name) and (unset or values.get(name) is not None)
    }
    doc: dict[str, Any] = {
        "id": record.id,
        "properties": properties,
        "createdAt": values["createdate"],
        "updatedAt": values[kind.modified],
        "archived": record.archived_at is not None,
    }
    if record.archived_at is not None:
        doc["archivedAt"] = record.archived_at
    if history:
        doc["propertiesWithHistory"] = {
            name: [version.as_json() for version in record.versions(name)]
            for name in history
            if shelf.definitions.get(name) and record.versions(name)
        }
    return doc


def shown_after_write(
    shelf: Shelf, record: Record, written: Iterable[str], *, new: bool = False
) -> dict[str, Any]:
    """A record as writes answer it: what was sent and what HubSpot set, without nulls."""
    sources = ("hs_object_source", "hs_object_source_id", "hs_object_source_label") if new else ()
    return shown(shelf, record, names=[*written, *sources, "createdate"], unset=False)


def linked(portal: Portal, shelf: Shelf, record: Record, goals: Sequence[str]) -> dict[str, Any]:
    """The `associations` of a v3 record answer; primary and unlabelled rows stand beside each other."""
    found: dict[str, Any] = {}
    for name in goals:
        goal = portal.shelf(name).type.name
        rows = [
            {"id": to_id, "type": kind.name}
            for to_id, type_ids in sorted(portal.associations.of(shelf.type.name, record.id, goal).items())
            for kind in (portal.associations.types[type_id] for type_id in sorted(type_ids))
        ]
        if rows:
            found[goal] = {"results": rows}
    return found


def young_properties(ask: Ask, shelf: Shelf) -> Collection[str]:
    """Properties that record writes have not heard of yet: fault F70 stands for the request."""
    options = ask.taken.options("F70")
    if options is None:
        return writes.NOBODY
    age = timedelta(seconds=float(options.get("age", 300)))
    return frozenset(
        definition.name
        for definition in shelf.definitions.listed()
        if ask.now - definition.created < age and not definition.doc.get("hubspotDefined")
    )


def find(ask: Ask, shelf: Shelf, key: str, id_property: str | None) -> Record | None:
    """A record by id, or by a unique property; archived ones too. 400 for a property that is not unique."""
    if id_property is None or id_property == "hs_object_id":
        return shelf.records.find(key)
    definition = shelf.definitions.get(id_property)
    if definition is None or not definition.unique:
        raise not_unique_property(
            name=id_property, object_type_id=shelf.type.type_id, portal_id=ask.portal.settings.portal_id
        )
    return shelf.records.find_by(id_property, key)


def existing(ask: Ask, shelf: Shelf, *, archived: bool = False) -> Record:
    """The record that the path names; 404 else."""
    key = ask.params["objectId"]
    record = find(ask, shelf, key, ask.one("idProperty"))
    if record is None or (record.archived_at is not None) != archived:
        raise no_such_record(key)
    return record


def list_objects(ask: Ask) -> HttpAnswer:
    shelf = shelf_of(ask)
    limit = ask.limit(MAX_PAGE, 10)
    after = ask.one("after") or "0"
    if not after.isdigit():
        raise validation(
            f'Cannot deserialize value of type `long` from String "{after}": not a valid `long` value'
        )
    records, more = shelf.records.page(after=int(after), limit=limit, archived=ask.flag("archived"))
    names, history, goals = (
        ask.names("properties"),
        ask.names("propertiesWithHistory"),
        ask.names("associations"),
    )
    results = []
    for record in records:
        doc = shown(shelf, record, names=names, history=history)
        if goals and (links := linked(ask.portal, shelf, record, goals)):
            doc["associations"] = links
        results.append(doc)
    body: dict[str, Any] = {"results": results}
    if more:
        link = f"https://api.hubapi.com{ask.call.path}?limit={limit}&after={records[-1].id}"
        body["paging"] = {"next": {"after": records[-1].id, "link": link}}
    return ok(body)


def get_object(ask: Ask) -> HttpAnswer:
    shelf = shelf_of(ask)
    record = existing(ask, shelf, archived=ask.flag("archived"))
    doc = shown(shelf, record, names=ask.names("properties"), history=ask.names("propertiesWithHistory"))
    if links := linked(ask.portal, shelf, record, ask.names("associations")):
        doc["associations"] = links
    return ok(doc)


def wanted_links(ask: Ask, shelf: Shelf, specs: Any) -> list[tuple[str, str, list[LinkType]]]:
    """The links that a create asks for, checked: (object name, id, types). 400 when a record is not there."""
    found = []
    for spec in specs or ():
        to_id = str((spec.get("to") or {}).get("id", ""))
        type_ids = [int(kind.get("associationTypeId", -1)) for kind in spec.get("types") or ()]
        goal = next(
            (
                ask.portal.associations.types[id].goal
                for id in type_ids
                if id in ask.portal.associations.types
            ),
            "",
        )
        kinds = ask.portal.associations.check(shelf.type.name, goal, spec.get("types") or ())
        if not kinds or writes.live(ask.portal.shelf(goal), to_id) is None:
            raise invalid_ids()
        found.append((goal, to_id, kinds))
    return found


def link(ask: Ask, shelf: Shelf, record: Record, links: Iterable[tuple[str, str, list[LinkType]]]) -> None:
    """Set the links of a new record."""
    for goal, to_id, kinds in links:
        ask.portal.associations.link(shelf.type.name, record.id, goal, to_id, kinds)
    ask.portal.keep_links()


def create_object(ask: Ask) -> HttpAnswer:
    shelf = shelf_of(ask)
    kept = writes.checked(
        ask.portal, shelf, ask.json.get("properties"), before={}, unknown=young_properties(ask, shelf)
    )
    links = wanted_links(ask, shelf, ask.json.get("associations"))
    record = writes.create(ask.portal, shelf, kept, by=ask.by)
    link(ask, shelf, record, links)
    location = f"https://api.hubapi.com{ask.call.path.rstrip('/')}/{record.id}"
    return ok(shown_after_write(shelf, record, record.values, new=True), 201, {"Location": location})


def update_object(ask: Ask) -> HttpAnswer:
    shelf = shelf_of(ask)
    record = existing(ask, shelf)
    kept = writes.checked(
        ask.portal,
        shelf,
        ask.json.get("properties"),
        before=record.values,
        unknown=young_properties(ask, shelf),
    )
    written = writes.update(ask.portal, shelf, record, kept, by=ask.by)
    return ok(shown_after_write(shelf, record, written))


def archive_object(ask: Ask) -> HttpAnswer:
    """204 also for what is gone already."""
    shelf = shelf_of(ask)
    record = find(ask, shelf, ask.params["objectId"], ask.one("idProperty"))
    if record is None:
        raise no_such_record(ask.params["objectId"])
    if record.live:
        writes.archive(ask.portal, shelf, record, by=ask.by)
    return NOTHING


def merge_objects(ask: Ask) -> HttpAnswer:
    shelf = shelf_of(ask)
    ids = [str(ask.json[key]) for key in ("primaryObjectId", "objectIdToMerge")]
    primary, loser = (writes.live(shelf, record_id) for record_id in ids)
    if primary is None or loser is None:
        raise no_such_record(ids[0] if primary is None else ids[1])
    survivor = writes.merge(ask.portal, shelf, primary, loser, by=ask.by)
    return ok(shown(shelf, survivor, names=[*shelf.type.shown, "hs_merged_object_ids"]))


RULES = (
    Rule(method="GET", path=BASE, handler=list_objects, scopes=objects("read")),
    Rule(method="POST", path=BASE, handler=create_object, scopes=objects("write"), body=bodies.NewRecord),
    Rule(
        method="POST", path=f"{BASE}/merge", handler=merge_objects, scopes=objects("write"), body=bodies.Merge
    ),
    Rule(method="GET", path=f"{BASE}/{{objectId}}", handler=get_object, scopes=objects("read")),
    Rule(
        method="PATCH",
        path=f"{BASE}/{{objectId}}",
        handler=update_object,
        scopes=objects("write"),
        body=bodies.Change,
    ),
    Rule(method="DELETE", path=f"{BASE}/{{objectId}}", handler=archive_object, scopes=objects("write")),
)
