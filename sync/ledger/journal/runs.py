"""Runs: one execution each, with its counts and its outcome."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta

from sqlalchemy import bindparam, exists, insert, select, update

from sync.errors import LedgerError
from sync.ledger.database.tables import runs, writes
from sync.ledger.database.transactions import Store
from sync.model.journal import OK, UNDO, Run

_RUN = select(runs).where(runs.c.id == bindparam("id"))
_SINCE = select(runs).where(runs.c.started_at >= bindparam("after")).order_by(runs.c.id)


class Runs:
    """The journal of Runs."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def start(self, kind: str, trigger: str) -> Run:
        now = self._store.clock()
        stem = now.astimezone(UTC).strftime("%y%m%d-%H%M%S")
        with self._store.writing() as connection:
            taken = set(connection.scalars(select(runs.c.id).where(runs.c.id.startswith(stem))))
            # plain, a … y, za … zy, zza …: each sorts after the one before
            suffixes = [
                "",
                *("z" * more + letter for more in range(40) for letter in "abcdefghijklmnopqrstuvwxy"),
            ]
            id = next((stem + suffix for suffix in suffixes if stem + suffix not in taken), None)
            if id is None:
                raise LedgerError("a thousand Runs began within one second", remedy="check the clock")
            run = Run(id=id, kind=kind, trigger=trigger, started_at=now)
            connection.execute(
                insert(runs),
                {"id": id, "kind": kind, "trigger": trigger, "started_at": now, "counts": {}, "calls": {}},
            )
        return run

    def finish(
        self,
        id: str,
        outcome: str,
        *,
        counts: Mapping[str, int] | None = None,
        calls: Mapping[str, int] | None = None,
        error: str | None = None,
    ) -> Run:
        """Say how the Run ended; raises LedgerError where there is none of this id."""
        with self._store.writing() as connection:
            connection.execute(
                update(runs)
                .where(runs.c.id == id)
                .values(
                    finished_at=self._store.clock(),
                    outcome=outcome,
                    counts=dict(counts or {}),
                    calls=dict(calls or {}),
                    error=error,
                )
            )
        run = self.get(id)
        if run is None:
            raise LedgerError(f"there is no Run {id}", remedy="`tandem status` lists the last Runs")
        return run

    def get(self, id: str) -> Run | None:
        with self._store.reading() as connection:
            row = connection.execute(_RUN, {"id": id}).one_or_none()
            return None if row is None else Run(**row._mapping)  # noqa: SLF001  (SQLAlchemy's documented name)

    def undos(self, ids: Iterable[str]) -> set[str]:
        """Those of these Runs that took another one back."""
        query = select(runs.c.id).where(runs.c.kind == UNDO, runs.c.id.in_(sorted(set(ids))))
        with self._store.reading() as connection:
            return set(connection.scalars(query))

    def of_trigger(self, trigger: str) -> Run | None:
        """The newest Run that was started by this and ended well."""
        query = (
            select(runs)
            .where(runs.c.trigger == trigger, runs.c.outcome == OK)
            .order_by(runs.c.id.desc())
            .limit(1)
        )
        with self._store.reading() as connection:
            row = connection.execute(query).one_or_none()
            return None if row is None else Run(**row._mapping)  # noqa: SLF001

    def latest(self, count: int = 10) -> list[Run]:
        """The last Runs, newest first."""
        with self._store.reading() as connection:
            rows = connection.execute(select(runs).order_by(runs.c.id.desc()).limit(count))
            return [Run(**row._mapping) for row in rows]  # noqa: SLF001

    def find(
        self, *, since: datetime | None = None, wrote: bool = False, limit: int | None = None
    ) -> list[Run]:
        """Runs that began at this time or later, newest first; ``wrote``: only those that meant to write something."""
        query = select(runs).order_by(runs.c.id.desc()).limit(limit)
        if since is not None:
            query = query.where(runs.c.started_at >= since)
        if wrote:
            query = query.where(exists().where(writes.c.run_id == runs.c.id))
        with self._store.reading() as connection:
            return [Run(**row._mapping) for row in connection.execute(query)]  # noqa: SLF001

    def since(self, span: timedelta) -> list[Run]:
        """The Runs that began within this span until now, oldest first."""
        after = self._store.clock() - span
        with self._store.reading() as connection:
            rows = connection.execute(_SINCE, {"after": after})
            return [Run(**row._mapping) for row in rows]  # noqa: SLF001

    def last_ok(self, kind: str) -> Run | None:
        """The newest Run of this kind that ended well. One of a later time than now's is left out: a clock that was
        ahead for one Run would silence all that follow it."""
        with self._store.reading() as connection:
            row = connection.execute(
                select(runs)
                .where(runs.c.kind == kind, runs.c.outcome == OK, runs.c.started_at <= self._store.clock())
                .order_by(runs.c.started_at.desc(), runs.c.id.desc())
                .limit(1)
            ).one_or_none()
            return None if row is None else Run(**row._mapping)  # noqa: SLF001
