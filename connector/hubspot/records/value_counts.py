"""How many records hold which value: HubSpot cannot group, so each value is a search of its own."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from connector.base import ValueCounts
from connector.hubspot.api.bodies import STAMP
from connector.hubspot.api.transport import Transport

#: Values that are told by name; each costs a search.
MOST_NAMED = 20
#: Characters of a search's body (HubSpot: search, "3,000 characters").
_LONGEST_BODY = 3000
_PAGE = 200

Filter = Mapping[str, Any]


def value_counts(
    transport: Transport, object: str, field: str, besides: Sequence[str], *, text: bool
) -> ValueCounts:
    """See ``Connector.value_counts``."""
    search = _Search(transport, object, field, text=text)
    found: dict[str, int] = {}
    while True:
        known = [*besides, *found]
        if not search.fits(known):
            return _by_elimination(search, known, found)
        total, held = search.others_than(known)
        if total <= _PAGE or len(found) >= MOST_NAMED:
            named = dict(Counter(held).most_common()) if total <= _PAGE else {}
            return ValueCounts(values=found | named, others=total - sum(named.values()))
        # An index that is late may go on naming what was to be left out.
        fresh = Counter(value for value in held if value not in known)
        if not fresh:
            return ValueCounts(values=found, others=total)
        value = fresh.most_common(1)[0][0]
        found[value] = search.holding(value)


def latest(transport: Transport, object: str, most: int) -> list[str]:
    """See ``Connector.latest``."""
    newest = {"propertyName": STAMP, "direction": "DESCENDING"}
    body = {"filterGroups": [], "sorts": [newest], "properties": [STAMP], "limit": most}
    found = transport.read(transport.paths.search(object), body=body, search=True).data
    return [str(item["id"]) for item in found["results"]]


def _by_elimination(search: _Search, known: Sequence[str], found: Mapping[str, int]) -> ValueCounts:
    """Too many values for one filter: count all that hold something, then those that are known, as many at a time as a
    filter takes."""
    parts = search.parts([value for value in known if value not in found])
    rest = search.total() - sum(found.values()) - sum(map(search.holding_any, parts))
    return ValueCounts(values=dict(found), others=max(rest, 0))


class _Search:
    """Searches over one property of one object."""

    def __init__(self, transport: Transport, object: str, field: str, *, text: bool) -> None:
        self._transport = transport
        self._path = transport.paths.search(object)
        self._field = field
        self._text = text

    def fits(self, known: Sequence[str]) -> bool:
        return len(json.dumps(self._body(self._not_in(known), _PAGE))) <= _LONGEST_BODY

    def others_than(self, known: Sequence[str]) -> tuple[int, list[str]]:
        """How many hold something else, and what the first of them hold."""
        data = self._ask(self._not_in(known), _PAGE)
        held = [item["properties"].get(self._field) for item in data["results"]]
        return data["total"], [str(value) for value in held if value]

    def holding(self, value: str) -> int:
        return int(self._ask([{"propertyName": self._field, "operator": "EQ", "value": value}], 1)["total"])

    def holding_any(self, values: Sequence[str]) -> int:
        return int(self._ask(self._in(values), 1)["total"])

    def parts(self, values: Sequence[str]) -> Iterator[Sequence[str]]:
        """The values in as few parts as fit into a search each."""
        part: list[str] = []
        for value in values:
            if part and len(json.dumps(self._body(self._in([*part, value]), 1))) > _LONGEST_BODY:
                yield part
                part = []
            part.append(value)
        if part:
            yield part

    def _in(self, values: Sequence[str]) -> list[Filter]:
        return [{"propertyName": self._field, "operator": "IN", "values": self._spelled(values)}]

    def _spelled(self, values: Sequence[str]) -> list[str]:
        """IN and NOT_IN compare what a text holds in small letters (HubSpot: search, "values must be lowercase")."""
        return list(dict.fromkeys(value.lower() for value in values)) if self._text else list(values)

    def total(self) -> int:
        return int(self._ask(self._not_in(()), 1)["total"])

    def _not_in(self, known: Sequence[str]) -> list[Filter]:
        some: list[Filter] = [{"propertyName": self._field, "operator": "HAS_PROPERTY"}]
        if known:
            some.append({"propertyName": self._field, "operator": "NOT_IN", "values": self._spelled(known)})
        return some

    def _ask(self, filters: Sequence[Filter], limit: int) -> Any:
        return self._transport.read(self._path, body=self._body(filters, limit), search=True).data

    def _body(self, filters: Sequence[Filter], limit: int) -> dict[str, Any]:
        return {"filterGroups": [{"filters": list(filters)}], "properties": [self._field], "limit": limit}
