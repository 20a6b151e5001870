"""ORDER BY: several keys, blanks first unless told otherwise, picklists in the order of their definition."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from emulator.salesforce.soql.catalogue import FieldInfo

Sorted = TypeVar("Sorted")

_AS_THEY_ARE = frozenset(
    {"int", "double", "currency", "percent", "long", "boolean", "date", "datetime", "time", "id", "reference"}
)


@dataclass(frozen=True, kw_only=True, slots=True)
class SortKey:
    """One key: how to read it, and the field whose type decides how values compare."""

    read: Callable[[Any], Any]
    field: FieldInfo
    descending: bool
    nulls_last: bool


def sort(rows: Sequence[Sorted], keys: Sequence[SortKey]) -> list[Sorted]:
    """The rows in order. Sorting is stable, so the least key goes first."""
    ordered = list(rows)
    for key in reversed(keys):
        ordered = _sorted_by(ordered, key)
    return ordered


def _sorted_by(rows: list[Sorted], key: SortKey) -> list[Sorted]:
    read = key.read
    pairs = [(read(row), row) for row in rows]
    blank = [row for value, row in pairs if value is None]
    filled = [pair for pair in pairs if pair[0] is not None]
    rank = _rank(key.field)
    filled.sort(key=lambda pair: rank(pair[0]), reverse=key.descending)
    in_order = [row for _, row in filled]
    return in_order + blank if key.nulls_last else blank + in_order


def _rank(field: FieldInfo) -> Callable[[Any], Any]:
    if field.type in _AS_THEY_ARE:
        return lambda value: value
    if field.type == "picklist" and field.picklist:
        places = {value: place for place, (value, _) in enumerate(field.picklist)}
        return lambda value: (places.get(value, len(places)), str(value).casefold())
    return lambda value: str(value).casefold()
