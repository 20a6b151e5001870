"""Notes: small facts that must outlive a Run and belong to no record."""

from __future__ import annotations

from sqlalchemy import select

from sync.ledger.store import Store, upsert
from sync.ledger.tables import meta


class Notes:
    """Text by key."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def get(self, key: str) -> str | None:
        with self._store.reading() as connection:
            return connection.scalars(select(meta.c.value).where(meta.c.key == key)).one_or_none()

    def set(self, key: str, value: str) -> None:
        with self._store.writing() as connection:
            upsert(connection, meta, [{"key": key, "value": value}])
