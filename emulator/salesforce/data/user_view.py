"""The org through one user's eyes: what the query engine asks for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from emulator.salesforce.data import histories, recycle
from emulator.salesforce.org import Org
from emulator.salesforce.parts import Caller
from emulator.salesforce.schema.model import Field, SObject
from emulator.salesforce.soql import ChildInfo, FieldInfo, ObjectInfo, Row


class Eyes:
    """Implements the query engine's catalogue for one call.

    ``deleted`` adds what is in the recycle bin (queryAll). Rows whose transaction is not committed yet are seen as
    they were before it.
    """

    def __init__(self, org: Org, caller: Caller, *, deleted: bool = False) -> None:
        self._org = org
        self._caller = caller
        self._deleted = deleted
        self._objects: dict[str, ObjectInfo | None] = {}
        self._late: dict[str, dict[str, Any]] = {}
        self._now = org.now()
        options = caller.taken.options("F21")
        self._unshared = org.unshared | {str(item) for item in (options or {}).get("records", ())}

    @property
    def user_id(self) -> str:
        """The running user."""
        return self._caller.user_id

    def now(self) -> datetime:
        """The org's present."""
        return self._org.clock.now()

    def object(self, name: str) -> ObjectInfo | None:
        """The object with the fields that the user may read."""
        key = name.lower()
        if key not in self._objects:
            found = self._org.schema.get(name)
            self._objects[key] = self._info(found) if found is not None and self._shown(found) else None
        return self._objects[key]

    def _shown(self, object_: SObject) -> bool:
        return (
            object_.queryable
            and histories.kept(self._org, object_.name)
            and self._org.access.reads(object_.name)
        )

    def rows(self, name: str) -> Iterable[Row]:
        """Every visible row."""
        late = self._late_of(name)
        if late:
            return self._seen(self._with_late(self._org.store.rows(name), late))
        return self._seen(self._org.store.rows(name))

    def by_id(self, name: str, record_id: str) -> Row | None:
        """The visible row of that id."""
        row = self._org.store.get(name, record_id)
        late = self._late_of(name)
        if record_id in late:
            row = late[record_id]
        return next(iter(self._seen([row])), None) if row is not None else None

    def by_value(self, name: str, field: str, value: Any) -> Iterable[Row] | None:
        """Rows by an indexed field: ids, references, names, external ids. No index while rows are late."""
        found = self._org.sobject(name).field(field)
        indexed = found is not None and (
            found.type in ("id", "reference") or found.external_id or found.unique or found.id_lookup
        )
        if not indexed or self._late_of(name) or isinstance(value, float):
            return None
        if found is not None and found.type == "id":
            row = self.by_id(name, str(value))
            return [row] if row is not None else []
        return self._seen(self._org.store.find(name, field, value))

    def at_or_after(self, name: str, field: str, value: str) -> Iterable[Row] | None:
        """Rows by one of the stamps. No index while rows are late."""
        if field not in ("SystemModstamp", "LastModifiedDate", "CreatedDate") or self._late_of(name):
            return None
        return self._seen(self._org.store.table(name).from_stamp(field, value))

    def shares(self, row: Row) -> bool:
        """Whether sharing shows the row to the user."""
        return row["Id"] not in self._unshared or row.get("OwnerId") == self._caller.user_id

    def _late_of(self, name: str) -> dict[str, Any]:
        if name not in self._late:
            self._late[name] = self._org.store.late(name, self._now)
        return self._late[name]

    @staticmethod
    def _with_late(rows: Iterable[Row], late: dict[str, Any]) -> Iterator[Row]:
        for row in rows:
            shown = late.get(row["Id"], row)
            if shown is not None:
                yield shown

    def _seen(self, rows: Iterable[Row]) -> Iterable[Row]:
        """Leave out what is deleted or not shared."""
        if not self._deleted:
            rows = (row for row in rows if not row.get("IsDeleted"))
        else:
            rows = (row for row in rows if not row.get("IsDeleted") or recycle.in_bin(self._org, row))
        return filter(self.shares, rows) if self._unshared else rows

    def _info(self, object_: SObject) -> ObjectInfo:
        view = self._org.view(self._caller, object_)
        children = tuple(
            ChildInfo(relationship_name=child.name, child_object=child.child, field=child.field)
            for child in object_.children
            if child.name is not None
        )
        fields = tuple(_field(field) for field in view.readable.values())
        return ObjectInfo(name=object_.name, fields=fields, children=children)


def _field(field: Field) -> FieldInfo:
    return FieldInfo(
        name=field.name,
        type=field.type,
        relationship_name=field.relationship if field.reference_to else None,
        reference_to=field.reference_to,
        custom=field.custom,
        filterable=field.filterable,
        sortable=field.sortable,
        groupable=field.groupable,
        picklist=tuple((value.value, value.label) for value in field.values),
    )
