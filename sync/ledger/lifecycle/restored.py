"""That a ledger was put back, and knows less than the CRMs do."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, delete, insert, select

from sync.ledger.database.tables import restored
from sync.ledger.database.transactions import Store

_AS_OF = select(restored.c.as_of)


class RestoredNote:
    """The last moment that a ledger knows of which was put back, until a Run has compared it with the CRMs."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def as_of(self) -> datetime | None:
        """None for a ledger that was not put back, or has been compared since."""
        with self._store.reading() as connection:
            return connection.scalars(_AS_OF).one_or_none()

    def set(self, as_of: datetime) -> None:
        """It was put back."""
        with self._store.writing() as connection:
            keep_restored(connection, as_of)

    def clear(self) -> None:
        """It has been compared."""
        with self._store.writing() as connection:
            connection.execute(delete(restored))


def keep_restored(connection: Connection, as_of: datetime) -> None:
    """The same within a transaction of the caller's."""
    connection.execute(delete(restored))
    connection.execute(insert(restored), {"as_of": as_of})
