"""The search endpoint: the lagging index behind it, pages by number (HubSpot: search the CRM)."""

from typing import Any

from emulator.hubspot import bodies
from emulator.hubspot.api.objects import BASE, shelf_of, shown
from emulator.hubspot.api.rule import Rule, objects
from emulator.hubspot.data.index import Entry
from emulator.hubspot.data.search import MAX_RESULTS, Search, parse
from emulator.hubspot.errors import HubSpotError
from emulator.hubspot.portal import Shelf
from emulator.hubspot.wire import Ask, ok
from emulator.kit.faults import HttpAnswer


def search_objects(ask: Ask) -> HttpAnswer:
    """Hits as the index knows them: values may be older than the record's."""
    shelf = shelf_of(ask)
    search = parse(
        ask.json,
        len(ask.call.body.decode(errors="replace")),
        definitions=shelf.definitions,
        linked=lambda name, record_id: _linked(ask, shelf, name, record_id),
    )
    found = _hits(ask, shelf, search)
    page = found[search.offset : min(search.offset + search.limit, MAX_RESULTS)]
    results = []
    for entry in page:
        record = shelf.records.find(entry.id)
        if record is not None:
            results.append(shown(shelf, record, names=search.properties, values=entry.values))
    body: dict[str, Any] = {"total": len(found), "results": results}
    if search.offset + len(page) < len(found):
        body["paging"] = {"next": {"after": str(search.offset + len(page))}}
    return ok(body)


def _hits(ask: Ask, shelf: Shelf, search: Search) -> list[Entry]:
    """All hits in order; the pages of one search over an unchanged index are computed once."""
    fault = ask.taken.options("F83")
    lag = float(fault.get("lag", 60)) if fault is not None else None
    entries = ask.portal.entries(shelf, lag=lag)
    live_links = "associations." in search.key
    key = (shelf.index.version, search.key)
    if not live_links and shelf.hits.get("key") == key:
        found: list[Entry] = shelf.hits["found"]
        return found
    kinds = {definition.name: definition.type for definition in shelf.definitions.listed()}
    found = search.run(entries, searched=shelf.type.searched, kind_of=kinds)
    shelf.hits = {"key": key, "found": found}
    return found


def _linked(ask: Ask, shelf: Shelf, name: str, record_id: str) -> frozenset[str]:
    try:
        origin = ask.portal.shelf(name).type.name
    except HubSpotError:
        return frozenset()
    return frozenset(ask.portal.associations.of(origin, record_id, shelf.type.name))


RULES = (
    Rule(
        method="POST",
        path=f"{BASE}/search",
        handler=search_objects,
        scopes=objects("read"),
        search=True,
        body=bodies.SearchBody,
    ),
)
