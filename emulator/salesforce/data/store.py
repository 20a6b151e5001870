"""The org's rows: dicts in memory, written through to the state file, with undo and with the indexes queries need.

A row maps field API names to values as the REST API prints them; a missing key is a blank. Rows are never changed
in place: an update puts a new dict, so whoever holds an old one holds a snapshot.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from emulator.kit.state import StateFile

Row = Mapping[str, Any]
_ROW = "row:"
_IDS = "ids"


def index_key(value: object) -> object:
    """Return what an index files ``value`` under: text whatever its case, as the API compares it."""
    return value.lower() if isinstance(value, str) else value


class Table:
    """Every row of one object, deleted ones included."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.rows: dict[str, Row] = {}
        #: counts every change
        self.version = 0
        self._values: dict[str, dict[object, dict[str, None]]] = {}
        self._stamps: dict[str, list[tuple[str, str]]] = {}

    def set(self, record_id: str, row: Row | None) -> Row | None:
        """Put a row, or take it out (None); return what stood there before."""
        before = self.rows.get(record_id)
        if row is None:
            self.rows.pop(record_id, None)
        else:
            self.rows[record_id] = row
        self.version += 1
        for field, index in self._values.items():
            old = index_key(before.get(field)) if before else None
            new = index_key(row.get(field)) if row else None
            if old != new or before is None or row is None:
                if old is not None and old in index:
                    index[old].pop(record_id, None)
                if new is not None:
                    index.setdefault(new, {})[record_id] = None
        for field, log in self._stamps.items():
            stamp = row.get(field) if row else None
            if stamp is not None and (before is None or before.get(field) != stamp):
                entry = (stamp, record_id)
                if not log or log[-1] <= entry:
                    log.append(entry)
                else:
                    insort(log, entry)
        return before

    def with_value(self, field: str, value: object) -> list[Row]:
        """Return the rows whose ``field`` equals ``value``, whatever the case of its text."""
        index = self._values.get(field)
        if index is None:
            index = self._values[field] = {}
            for record_id, row in self.rows.items():
                if (key := index_key(row.get(field))) is not None:
                    index.setdefault(key, {})[record_id] = None
        return [self.rows[record_id] for record_id in index.get(index_key(value), ())]

    def from_stamp(self, field: str, stamp: str) -> Iterator[Row]:
        """Yield the rows whose datetime ``field`` is ``stamp`` or later, in ascending order."""
        log = self._stamps.get(field)
        if log is None:
            found = ((row[field], record_id) for record_id, row in self.rows.items() if row.get(field))
            log = self._stamps[field] = sorted(found)
        seen: set[str] = set()
        for at, record_id in log[bisect_left(log, (stamp, "")) :]:
            row = self.rows.get(record_id)
            # The log keeps the entries of rows that have moved on: only the one that still stands counts.
            if row is not None and row.get(field) == at and record_id not in seen:
                seen.add(record_id)
                yield row


class Store:
    """All tables. Every change is journalled while a savepoint is open, and kept in the state file."""

    def __init__(self, state: StateFile) -> None:
        self._state = state
        self._tables: dict[str, Table] = {}
        self._journal: list[tuple[str, str, Row | None]] | None = None
        #: rows that queries must not see yet: (object, id) -> (visible from, the row until then)
        self._late: dict[tuple[str, str], tuple[str, Row | None]] = {}

    def reload(self, names: Iterable[str]) -> None:
        """Read all rows of these objects from the state file."""
        self._tables = {}
        self._late = {}
        for name in names:
            table = self.table(name)
            table.rows.update(self._state.load(_ROW + name))
            table.version += 1

    def table(self, name: str) -> Table:
        """Return one object's table; ``name`` is the API name exactly."""
        found = self._tables.get(name)
        if found is None:
            found = self._tables[name] = Table(name)
        return found

    def get(self, name: str, record_id: str) -> Row | None:
        """Return a row by its 18-character id, deleted or not, however late queries will see it."""
        return self.table(name).rows.get(record_id)

    def rows(self, name: str) -> Iterable[Row]:
        """Return every row of an object, deleted ones included."""
        return self.table(name).rows.values()

    def find(self, name: str, field: str, value: object) -> list[Row]:
        """Return the rows whose field equals the value, whatever the case of its text, deleted ones included."""
        return self.table(name).with_value(field, value)

    def put(self, name: str, row: Row, *, visible_from: str | None = None) -> None:
        """Put a row under its Id. ``visible_from`` (a stamp): queries see the row before it until then."""
        record_id = row["Id"]
        before = self.table(name).set(record_id, row)
        if self._journal is not None:
            self._journal.append((name, record_id, before))
        if visible_from is not None:
            earlier = self._late.get((name, record_id))
            self._late[name, record_id] = (visible_from, earlier[1] if earlier else before)
        self._state.put(_ROW + name, record_id, row)

    def remove(self, name: str, record_id: str) -> None:
        """Take a row out for good."""
        before = self.table(name).set(record_id, None)
        if self._journal is not None and before is not None:
            self._journal.append((name, record_id, before))
        self._late.pop((name, record_id), None)
        self._state.delete(_ROW + name, record_id)

    def put_many(self, name: str, rows: Iterable[Row]) -> int:
        """Put many rows at once: the way to load a population. Returns how many."""
        table = self.table(name)
        whole = list(rows)
        for row in whole:
            table.set(row["Id"], row)
        self._state.put_many(_ROW + name, ((row["Id"], row) for row in whole))
        return len(whole)

    def late(self, name: str, now: str) -> dict[str, Row | None]:
        """Return what queries see instead of rows that are not committed yet: id -> earlier row, or None."""
        if not self._late:
            return {}
        for key in [key for key, (visible, _) in self._late.items() if visible <= now]:
            del self._late[key]
        return {record_id: row for (owner, record_id), (_, row) in self._late.items() if owner == name}

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        """Undo every change of the block when it raises. Nests."""
        outer = self._journal
        journal: list[tuple[str, str, Row | None]] = []
        self._journal = journal
        try:
            yield
        except BaseException:
            self._journal = None
            for name, record_id, before in reversed(journal):
                self._late.pop((name, record_id), None)
                if before is None:
                    self.remove(name, record_id)
                else:
                    self.put(name, before)
            raise
        else:
            if outer is not None:
                outer.extend(journal)
        finally:
            self._journal = outer
