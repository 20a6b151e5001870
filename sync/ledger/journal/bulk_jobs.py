"""Bulk jobs: what a System is still at work on, whether or not the process lives that began it."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import delete, insert, select

from sync.ledger.database.tables import jobs
from sync.ledger.database.transactions import Store, chunks
from sync.model.records import SystemName

_OPEN = select(jobs).order_by(jobs.c.begun_at, jobs.c.id)


class Jobs:
    """The jobs whose rows were not all confirmed yet."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def begin(self, system: SystemName, id: str, run_id: str) -> None:
        """Store that a job is about to be run."""
        with self._store.writing() as connection:
            connection.execute(
                insert(jobs).values(system=system, id=id, run_id=run_id, begun_at=self._store.clock())
            )

    def open(self) -> dict[SystemName, list[str]]:
        """The ids of jobs by System, oldest first."""
        jobs: dict[SystemName, list[str]] = {}
        with self._store.reading() as connection:
            for row in connection.execute(_OPEN):
                jobs.setdefault(row.system, []).append(row.id)
        return jobs

    def end(self, system: SystemName, ids: Iterable[str]) -> None:
        """Nothing about these jobs is open any more."""
        ready = list(ids)
        with self._store.writing() as connection:
            for chunk in chunks(ready):
                connection.execute(delete(jobs).where(jobs.c.system == system, jobs.c.id.in_(chunk)))
