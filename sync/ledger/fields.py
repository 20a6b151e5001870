"""What the ledger knows of the fields of each System: which were read, where each is kept, what was written to them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import BindParameter, bindparam, delete, insert, select

from sync.ledger.database.tables import (
    builtin_fields,
    definitions_seen,
    definitions_written,
    fields_read,
    native_names,
    probe_marks,
)
from sync.ledger.database.transactions import Store, upsert
from sync.model.definitions import DefinitionsSeen, FieldsRead, ProbeMarks
from sync.model.records import SystemName

_OF_SYSTEM: BindParameter[Any] = bindparam("system")
_READ = select(fields_read).where(fields_read.c.system == _OF_SYSTEM)
_NATIVE_NAMES = select(native_names).where(native_names.c.system == _OF_SYSTEM)
_BUILTIN = select(builtin_fields.c.present).where(builtin_fields.c.system == _OF_SYSTEM)
_SEEN = select(definitions_seen).where(definitions_seen.c.system == _OF_SYSTEM)
_MARKS = select(probe_marks).where(probe_marks.c.system == _OF_SYSTEM)
_FORGET_READ = delete(fields_read).where(fields_read.c.system == _OF_SYSTEM)


class Fields:
    """Facts about the fields of each System."""

    def __init__(self, store: Store) -> None:
        self._store = store

    # -- what Runs read ------------------------------------------------------------------------------------

    def read(self, system: SystemName) -> FieldsRead:
        """What the last Run read; nothing before the first one."""
        with self._store.reading() as connection:
            rows = connection.execute(_READ, {"system": system}).all()
        return FieldsRead(
            names=frozenset(row.name for row in rows),
            hidden=frozenset(row.name for row in rows if row.hidden),
        )

    def keep_read(self, system: SystemName, read: FieldsRead) -> None:
        """This is what a Run read, and nothing else."""
        rows = [
            {"system": system, "name": name, "hidden": name in read.hidden} for name in sorted(read.names)
        ]
        with self._store.writing() as connection:
            connection.execute(_FORGET_READ, {"system": system})
            if rows:
                connection.execute(insert(fields_read), rows)

    def hidden(self) -> dict[str, list[str]]:
        """The fields that Systems would not show to the last Run; Systems that showed all are left out."""
        query = (
            select(fields_read).where(fields_read.c.hidden).order_by(fields_read.c.system, fields_read.c.name)
        )
        hidden: dict[str, list[str]] = {}
        with self._store.reading() as connection:
            for row in connection.execute(query):
                hidden.setdefault(row.system, []).append(row.name)
        return hidden

    def native_names(self, system: SystemName) -> dict[str, str]:
        """Where the System kept each canonical field when it was last mapped: canonical name -> its own name."""
        with self._store.reading() as connection:
            rows = connection.execute(_NATIVE_NAMES, {"system": system})
            return {row.field: row.native for row in rows}

    def keep_native_names(self, system: SystemName, names: Mapping[str, str]) -> None:
        """Where these are kept now. A field that is not mapped for a while keeps its place: it may come back in
        another."""
        rows = [{"system": system, "field": field, "native": native} for field, native in names.items()]
        with self._store.writing() as connection:
            upsert(connection, native_names, rows)

    # -- definitions ---------------------------------------------------------------------------------------

    def builtin(self, system: SystemName) -> frozenset[str] | None:
        """Which of the vendor's own fields, and of ours in their place, it had; None where it was never asked."""
        with self._store.reading() as connection:
            present = connection.scalars(_BUILTIN, {"system": system}).one_or_none()
        return None if present is None else frozenset(present)

    def keep_builtin(self, system: SystemName, present: Iterable[str]) -> None:
        with self._store.writing() as connection:
            upsert(connection, builtin_fields, [{"system": system, "present": sorted(present)}])

    def seen(self, system: SystemName) -> DefinitionsSeen | None:
        """How the definitions were when they were last looked at; None before that."""
        with self._store.reading() as connection:
            row = connection.execute(_SEEN, {"system": system}).one_or_none()
        return None if row is None else DefinitionsSeen(at=row.at, digest=row.digest)

    def keep_seen(self, system: SystemName, seen: DefinitionsSeen) -> None:
        with self._store.writing() as connection:
            upsert(connection, definitions_seen, [{"system": system, "at": seen.at, "digest": seen.digest}])

    def written(self, system: SystemName, since: datetime) -> dict[str, str]:
        """Definitions that were written after ``since``: the System's own name of the field -> a digest of what was
        written."""
        with self._store.reading() as connection:
            rows = connection.execute(
                select(definitions_written).where(
                    definitions_written.c.system == system, definitions_written.c.at > since
                )
            )
            return {row.name: row.digest for row in rows}

    def keep_written(self, system: SystemName, name: str, digest: str, at: datetime) -> None:
        """A definition was written just now."""
        row = {"system": system, "name": name, "digest": digest, "at": at}
        with self._store.writing() as connection:
            upsert(connection, definitions_written, [row])

    # -- probes --------------------------------------------------------------------------------------------

    def marks(self, system: SystemName) -> ProbeMarks | None:
        """What a probe may have left in a record; None where nothing is left."""
        with self._store.reading() as connection:
            row = connection.execute(_MARKS, {"system": system}).one_or_none()
        return None if row is None else ProbeMarks(object=row.object, record=row.record, marks=row.marks)

    def keep_marks(self, system: SystemName, marks: ProbeMarks) -> None:
        """A probe is about to write these."""
        row = {"system": system, "object": marks.object, "record": marks.record, "marks": dict(marks.marks)}
        with self._store.writing() as connection:
            upsert(connection, probe_marks, [row])

    def forget_marks(self, system: SystemName) -> None:
        """Nothing is left of them."""
        with self._store.writing() as connection:
            connection.execute(delete(probe_marks).where(probe_marks.c.system == system))
