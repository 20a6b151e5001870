"""The lease: at most one process works with the CRMs on one ledger at a time.

It is a row with an expiry, not a file lock: it holds on a network disk and on PostgreSQL, and it tells people who
holds it. A holder that died on this machine, or that let it expire, is succeeded without further ado.
"""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, and_, delete, select, update

from sync.errors import LeaseLost, LedgerHeld
from sync.ledger.database.tables import lease
from sync.ledger.database.transactions import Store, upsert

#: What every Run needs.
RUN = "run"
#: What keeps a second service away. It is held as long as the service lives, also between its Runs.
SERVICE = "service"

#: Long enough for a slow batch and its retries between two renewals, short enough to wait for after a power cut.
TTL = timedelta(minutes=10)

#: Seconds between two looks at a lease that another process holds.
_LOOK_AGAIN = 0.5

#: Leases that this process took, by (name, since). A container that starts again has the process id and host name of
#: the one before: a row with our own process id that we did not write was left by a process that is gone.
_OURS: set[tuple[str, datetime]] = set()


@dataclass(frozen=True, slots=True, kw_only=True)
class Lease:
    """Who works with the ledger, and until when unless it is renewed."""

    name: str
    #: For people: ``tandem run``.
    holder: str
    pid: int
    host: str
    since: datetime
    expires_at: datetime


class Leases:
    """Takes, renews and gives back leases."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def acquire(self, holder: str, *, name: str = RUN, ttl: timedelta = TTL) -> Lease:
        """Take the lease; raises LedgerHeld, which says by whom, where another process holds it."""
        now = self._store.clock()
        wanted = Lease(
            name=name,
            holder=holder,
            pid=os.getpid(),
            host=socket.gethostname(),
            since=now,
            expires_at=now + ttl,
        )
        with self._store.writing() as connection:
            refuse_if_held(connection, name, now)
            upsert(connection, lease, [_row_of(wanted)])
            # Before anybody sees the row: another thread would take it for one that was left behind.
            _OURS.add((name, now))
        return wanted

    def renew(self, held: Lease, *, ttl: timedelta = TTL) -> Lease:
        """Hold it for longer; raises LedgerHeld or LeaseLost where it was lost meanwhile (stop writing then)."""
        now = self._store.clock()
        renewed = replace(held, expires_at=now + ttl)
        with self._store.writing() as connection:
            done = connection.execute(update(lease).where(_same(held)).values(expires_at=renewed.expires_at))
            if done.rowcount == 1:
                return renewed
            refuse_if_held(connection, held.name, now)
        raise LeaseLost(
            f"the ledger's lease {held.name!r} expired and was taken by another process, which has ended",
            remedy="run the same command again",
        )

    def release(self, held: Lease) -> None:
        """Give it back; does nothing where it was lost."""
        # First of all: where it cannot be given back (a full disk), this process must be able to take it again.
        _OURS.discard((held.name, held.since))
        with self._store.writing() as connection:
            connection.execute(delete(lease).where(_same(held)))

    @contextmanager
    def holding(
        self,
        holder: str,
        *,
        name: str = RUN,
        ttl: timedelta = TTL,
        patience: timedelta = timedelta(),
        wait: Callable[[float], object] = time.sleep,
    ) -> Iterator[Callable[[], None]]:
        """Hold the lease while the block runs. Yields what long work calls between two steps: it renews the lease
        when a tenth of its time is over, and raises as ``renew`` does where it was lost.

        ``patience``: for so long it waits for another process to give the lease back, before LedgerHeld.
        """
        held = self._acquire_patiently(holder, name, ttl, patience, wait)

        def beat() -> None:
            nonlocal held
            if self._store.clock() - (held.expires_at - ttl) > ttl / 10:
                held = self.renew(held, ttl=ttl)

        try:
            yield beat
        finally:
            self.release(held)

    def _acquire_patiently(
        self, holder: str, name: str, ttl: timedelta, patience: timedelta, wait: Callable[[float], object]
    ) -> Lease:
        until = self._store.clock() + patience
        while True:
            try:
                return self.acquire(holder, name=name, ttl=ttl)
            except LedgerHeld:
                if self._store.clock() >= until:
                    raise
            wait(_LOOK_AGAIN)

    def current(self, name: str = RUN) -> Lease | None:
        """Who holds it now; None where nobody does, or only one that is gone."""
        with self._store.reading() as connection:
            return _alive(connection, name, self._store.clock())


def refuse_if_held(connection: Connection, name: str, now: datetime, *, but_ours: bool = False) -> None:
    """Raise LedgerHeld where a living process holds the lease; ``but_ours``: where another one does."""
    found = _alive(connection, name, now)
    if found is not None and not (but_ours and _is_ours(found)):
        raise LedgerHeld(
            name=found.name,
            holder=found.holder,
            pid=found.pid,
            host=found.host,
            since=found.since,
            expires_at=found.expires_at,
        )


def _alive(connection: Connection, name: str, now: datetime) -> Lease | None:
    row = connection.execute(select(lease).where(lease.c.name == name)).one_or_none()
    if row is None or row.expires_at <= now or _is_gone(row):
        return None
    return Lease(**row._mapping)  # noqa: SLF001  (SQLAlchemy's documented name)


def _is_gone(row: Row[Any]) -> bool:
    """True only where it is certain: nothing is known of processes on other machines."""
    if row.host != socket.gethostname():
        return False
    if row.pid == os.getpid():
        return (row.name, row.since) not in _OURS
    try:
        os.kill(row.pid, 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False  # it lives, as another user
    return False


def _is_ours(found: Lease) -> bool:
    mine = found.host == socket.gethostname() and found.pid == os.getpid()
    return mine and (found.name, found.since) in _OURS


def _same(held: Lease) -> Any:
    return and_(
        lease.c.name == held.name,
        lease.c.pid == held.pid,
        lease.c.host == held.host,
        lease.c.since == held.since,
    )


def _row_of(wanted: Lease) -> dict[str, Any]:
    return {
        "name": wanted.name,
        "holder": wanted.holder,
        "pid": wanted.pid,
        "host": wanted.host,
        "since": wanted.since,
        "expires_at": wanted.expires_at,
    }
