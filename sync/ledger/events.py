"""Events: field-level facts that explain how a value came to be what it is."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, insert, select

from sync.ledger.database.executemany import execute_many
from sync.ledger.database.tables import events
from sync.ledger.database.transactions import Store, chunks
from sync.model.journal import Event
from sync.model.records import LinkId, NativeId, RecordKey, SystemName


def append(connection: Connection, given: Iterable[Event], now: datetime) -> None:
    """Store facts in the order given; those without a time happened now."""
    for chunk in chunks(given):
        execute_many(
            connection,
            ("insert", events.name),
            lambda: insert(events),
            [
                {
                    "at": event.at or now,
                    "run_id": event.run_id,
                    "link_id": event.link_id,
                    "system": event.system,
                    "field": event.field,
                    "kind": event.kind,
                    "old": event.old,
                    "new": event.new,
                    "rule": event.rule,
                    "by": event.by,
                    "note": event.note,
                }
                for event in chunk
            ],
        )


class Events:
    """The journal of values."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def append(self, given: Iterable[Event]) -> None:
        """Store facts in the order given, in one transaction."""
        ready = list(given)
        with self._store.writing() as connection:
            append(connection, ready, self._store.clock())

    def of_link(self, link_id: LinkId, field: str | None = None) -> list[Event]:
        """What is known of a Link or of one field of it, oldest first."""
        query = select(*(events.c[name] for name in Event.__slots__)).where(events.c.link_id == link_id)
        if field is not None:
            query = query.where(events.c.field == field)
        return self._read(query.order_by(events.c.at, events.c.id))

    def of_links(self, link_ids: Iterable[str], *, kind: str) -> list[Event]:
        """What happened of this kind to these Links, oldest first."""
        events_of: list[Event] = []
        for chunk in chunks(sorted(link_ids)):
            query = select(*(events.c[name] for name in Event.__slots__)).where(
                events.c.link_id.in_(chunk), events.c.kind == kind
            )
            events_of += self._read(query.order_by(events.c.at, events.c.id))
        return events_of

    def ever_linked(self, keys: Iterable[RecordKey]) -> set[RecordKey]:
        """Of these Records, given as (System, native id), those that have come to a Link at some time."""
        asked = set(keys)
        linked: set[RecordKey] = set()
        with self._store.reading() as connection:
            for chunk in chunks(sorted({id for _, id in asked})):
                query = select(events.c.system, events.c.new).where(
                    events.c.kind == "linked", events.c.new.in_(chunk)
                )
                linked.update(
                    RecordKey(SystemName(row.system), NativeId(row.new)) for row in connection.execute(query)
                )
        return linked & asked

    def of_run(self, run_id: str) -> list[Event]:
        """What one Run did, in the order in which it did it."""
        query = select(*(events.c[name] for name in Event.__slots__)).where(events.c.run_id == run_id)
        return self._read(query.order_by(events.c.id))

    def _read(self, query: Select[Any]) -> list[Event]:
        with self._store.reading() as connection:
            return [Event(**row._mapping) for row in connection.execute(query)]  # noqa: SLF001
