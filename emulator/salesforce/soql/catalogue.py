"""What a query engine must know of an org: its objects, as the running user sees them, and their rows.

Rows are plain mappings keyed by exact field API names and hold values as the REST API prints them:
text `str`, checkboxes `bool`, numbers `int` or `float`, dates `YYYY-MM-DD`, times of day `HH:MM:SS.mmmZ`,
datetimes `YYYY-MM-DDTHH:MM:SS.mmm+0000` (UTC, always this width, so that text order is time order),
ids in their 18-character form, and `None` for blank. A missing key reads as `None`.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any, Protocol

Row = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class FieldInfo:
    """One field that the running user may read; `type` is describe's word for it."""

    name: str
    type: str
    #: `Owner` for `OwnerId`, `Region__r` for `Region__c`
    relationship_name: str | None = None
    #: the objects that a reference may point to
    reference_to: tuple[str, ...] = ()
    custom: bool = False
    filterable: bool = True
    sortable: bool = True
    groupable: bool = True
    #: (value, label) in the order of the definition, which is the order of ORDER BY
    picklist: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class ChildInfo:
    """A relationship read from its parent: `Contacts` of Account is `AccountId` of Contact."""

    relationship_name: str
    child_object: str
    field: str


@dataclass(frozen=True, kw_only=True)
class ObjectInfo:
    """One object with exactly the fields that the running user may read."""

    name: str
    fields: tuple[FieldInfo, ...]
    children: tuple[ChildInfo, ...] = field(default=())

    @cached_property
    def _fields(self) -> dict[str, FieldInfo]:
        return {info.name.lower(): info for info in self.fields}

    @cached_property
    def _parents(self) -> dict[str, FieldInfo]:
        return {info.relationship_name.lower(): info for info in self.fields if info.relationship_name}

    @cached_property
    def _children(self) -> dict[str, ChildInfo]:
        return {info.relationship_name.lower(): info for info in self.children}

    def field(self, name: str) -> FieldInfo | None:
        """The field of that API name, whatever its case."""
        return self._fields.get(name.lower())

    def parent(self, relationship: str) -> FieldInfo | None:
        """The reference field that the relationship name follows."""
        return self._parents.get(relationship.lower())

    def child(self, relationship: str) -> ChildInfo | None:
        """The child relationship of that name."""
        return self._children.get(relationship.lower())


class Catalogue(Protocol):
    """An org through the eyes of one user, for one query.

    Whether deleted rows are among the rows (`queryAll`) and which rows sharing hides is the catalogue's
    decision. The three look-ups only make queries fast: their answers are filtered again.
    """

    @property
    def user_id(self) -> str:
        """The running user, 18 characters, for USING SCOPE mine."""

    def now(self) -> datetime:
        """Aware; TODAY and its kin are counted from it, in UTC."""

    def object(self, name: str) -> ObjectInfo | None:
        """The object of that API name, whatever its case; None when missing, invisible or not queryable."""

    def rows(self, name: str) -> Iterable[Row]:
        """Every visible row of the object."""

    def by_id(self, name: str, record_id: str) -> Row | None:
        """The visible row of that 18-character id."""

    def by_value(self, name: str, field: str, value: Any) -> Iterable[Row] | None:
        """Rows whose field may equal the value, whatever its case; None when the field has no index."""

    def at_or_after(self, name: str, field: str, value: str) -> Iterable[Row] | None:
        """Rows whose date or datetime is not before the value, in its ascending order; None without an index."""
