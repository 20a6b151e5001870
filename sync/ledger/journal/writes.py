"""Writes: what was meant to be written, and what became of it.

Intent, write, confirm are three steps, the first and the last each a transaction of its own: after a crash the
intents that were never settled tell which records to look at before anything else is done.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import BindParameter, Integer, Row, Select, Update, bindparam, func, select, text, update

from connector.errors import Refusal
from sync.ledger.accounts.rows import put_records, settle
from sync.ledger.database.executemany import execute_many
from sync.ledger.database.tables import runs, writes
from sync.ledger.database.transactions import Store, chunks, insert_numbered
from sync.ledger.events import append
from sync.model.journal import UNDO, Confirmation, Event, FieldWrite, Intent, Settlement, Write, WriteState
from sync.model.records import LinkId, Record, SystemName, Value

_IDS: BindParameter[Any] = bindparam("ids", expanding=True)
_UNCHECKED = (
    select(writes)
    .where(writes.c.unchecked, writes.c.system == bindparam("system"), writes.c.id > bindparam("after"))
    .order_by(writes.c.id)
    .limit(bindparam("most", type_=Integer))
)
_CHECKED = update(writes).where(writes.c.id.in_(_IDS)).values(unchecked=False)
_OFTEN = (
    select(writes.c.link_id)
    .where(writes.c.link_id.in_(_IDS), writes.c.intended_at >= bindparam("since"))
    .group_by(writes.c.link_id, writes.c.system)
    .having(func.count() > bindparam("more_than"))
)


class Writes:
    """The journal of writes."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def intend(self, run_id: str, intents: Iterable[Intent]) -> list[int]:
        """Store what is about to be written; the ids stand in the order of the intents."""
        now, ready = self._store.clock(), list(intents)
        ids: list[int] = []
        with self._store.writing() as connection:
            for chunk in chunks(ready):
                ids += insert_numbered(
                    connection,
                    writes,
                    [
                        {
                            "run_id": run_id,
                            "link_id": intent.link_id,
                            "system": intent.system,
                            "native_id": intent.native_id,
                            "kind": intent.kind,
                            "fields": {name: _field_row(field) for name, field in intent.fields.items()},
                            "state": WriteState.INTENDED.value,
                            "intended_at": now,
                        }
                        for intent in chunk
                    ],
                )
        return ids

    def confirm(
        self,
        results: Iterable[Confirmation],
        *,
        records: Iterable[Record] = (),
        settlements: Iterable[Settlement] = (),
        events: Iterable[Event] = (),
    ) -> None:
        """Store what became of writes, and with it everything that follows from it, in one transaction.

        ``records`` are stored whole first (a created one with its Link), then ``settlements``, then ``events``.
        """
        now = self._store.clock()
        outcomes, stored, settled, happened = list(results), list(records), list(settlements), list(events)
        with self._store.writing() as connection:
            for chunk in chunks(outcomes):
                execute_many(
                    connection,
                    "confirm",
                    _confirming,
                    [
                        {
                            "_id": result.write_id,
                            "_state": result.state.value,
                            "_native_id": result.native_id,
                            "_settled_at": now,
                            "_unchecked": result.unchecked,
                            "_refusal": None if result.refusal is None else asdict(result.refusal),
                        }
                        for result in chunk
                    ],
                )
            put_records(connection, stored, now)
            settle(connection, settled)
            append(connection, happened, now)

    def open(self, *, but: str | None = None) -> list[Write]:
        """Writes of which nobody knows what became of them, oldest first; without those of the Run ``but``."""
        # The condition is the index's own, to the letter, or SQLite would not use it; no write is ``unknown`` any more.
        query = select(writes).where(text("state IN ('intended', 'unknown')"))
        if but is not None:
            query = query.where(writes.c.run_id != but)
        return self._read(query)

    def unchecked(self, system: SystemName, limit: int = 1000, *, after: int = 0) -> list[Write]:
        """Writes to this System that may have covered somebody's edit, oldest first, from the one that follows
        ``after``."""
        with self._store.reading() as connection:
            rows = connection.execute(_UNCHECKED, {"system": system, "after": after, "most": limit})
            return [_write_of(row) for row in rows]

    def check(
        self, write_ids: Iterable[int], *, records: Iterable[Record] = (), events: Iterable[Event] = ()
    ) -> None:
        """These writes were looked up; with them, what they turned out to have covered."""
        now, ids, stored, happened = self._store.clock(), list(write_ids), list(records), list(events)
        with self._store.writing() as connection:
            for chunk in chunks(ids):
                connection.execute(_CHECKED, {"ids": chunk})
            put_records(connection, stored, now, seen=False)
            append(connection, happened, now)

    def of_run(self, run_id: str) -> list[Write]:
        return self._read(select(writes).where(writes.c.run_id == run_id))

    def of_link(self, link_id: LinkId) -> list[Write]:
        return self._read(select(writes).where(writes.c.link_id == link_id))

    def of_links(self, link_ids: Iterable[str], *, since: datetime | None = None) -> list[Write]:
        """Writes to these Links, intended at ``since`` or later, oldest first."""
        loaded: list[Write] = []
        for chunk in chunks(sorted(link_ids)):
            query = select(writes).where(writes.c.link_id.in_(chunk))
            loaded += self._read(query if since is None else query.where(writes.c.intended_at >= since))
        return sorted(loaded, key=lambda write: write.id)

    def undone(self, link_ids: Iterable[str] | None = None) -> list[Write]:
        """What undos have put back, oldest first; of these Links alone, where they are given."""
        undos = select(runs.c.id).where(runs.c.kind == UNDO)
        query = select(writes).where(writes.c.run_id.in_(undos), writes.c.state == WriteState.CONFIRMED)
        return self._read(query if link_ids is None else query.where(writes.c.link_id.in_(sorted(link_ids))))

    def often_written(self, link_ids: Iterable[str], *, since: datetime, more_than: int) -> list[str]:
        """Those of these Links of which one Record was written more than so many times since then."""
        link_ids_written: set[str] = set()
        with self._store.reading() as connection:
            for chunk in chunks(sorted(link_ids)):
                asked = {"ids": chunk, "since": since, "more_than": more_than}
                link_ids_written.update(connection.scalars(_OFTEN, asked))
        return sorted(link_ids_written)

    def _read(self, query: Select[Any]) -> list[Write]:
        with self._store.reading() as connection:
            return [_write_of(row) for row in connection.execute(query.order_by(writes.c.id))]


def _confirming() -> Update:
    return (
        update(writes)
        .where(writes.c.id == bindparam("_id"))
        .values(
            state=bindparam("_state"),
            settled_at=bindparam("_settled_at"),
            native_id=func.coalesce(bindparam("_native_id"), writes.c.native_id),
            refusal=bindparam("_refusal"),
            unchecked=bindparam("_unchecked"),
        )
    )


def _field_row(field: FieldWrite) -> dict[str, Value]:
    return {"value": field.value, "expected": field.expected, "reason": field.reason, "rule": field.rule}


def _write_of(row: Row[Any]) -> Write:
    refusal = row.refusal
    return Write(
        id=row.id,
        run_id=row.run_id,
        link_id=row.link_id,
        system=row.system,
        kind=row.kind,
        native_id=row.native_id,
        fields={name: FieldWrite(**field) for name, field in row.fields.items()},
        state=WriteState(row.state),
        intended_at=row.intended_at,
        settled_at=row.settled_at,
        refusal=None if refusal is None else Refusal(**{**refusal, "fields": tuple(refusal["fields"])}),
    )
