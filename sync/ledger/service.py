"""What the background service last told of itself."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import delete, insert, select

from sync.ledger.database.column_types import utc_text
from sync.ledger.database.tables import service
from sync.ledger.database.transactions import Store
from sync.model.service import ServiceState


class ServiceNote:
    """The state of the service that works with this ledger; no row where none does."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def get(self) -> ServiceState | None:
        """None where none runs, or where it said that it ends."""
        with self._store.reading() as connection:
            row = connection.execute(select(service)).one_or_none()
        if row is None:
            return None
        return ServiceState(
            pid=row.pid,
            host=row.host,
            since=row.since,
            seen_at=row.seen_at,
            next={job: datetime.fromisoformat(at) for job, at in row.next.items()},
            troubles=row.troubles,
            doing=row.doing,
        )

    def set(self, state: ServiceState) -> None:
        """There is one service, and this is how it stands."""
        row = {
            "host": state.host,
            "pid": state.pid,
            "since": state.since,
            "seen_at": state.seen_at,
            "next": {job: utc_text(at) for job, at in state.next.items()},
            "troubles": dict(state.troubles),
            "doing": state.doing,
        }
        with self._store.writing() as connection:
            connection.execute(delete(service))
            connection.execute(insert(service), row)

    def clear(self) -> None:
        """It ends."""
        with self._store.writing() as connection:
            connection.execute(delete(service))
