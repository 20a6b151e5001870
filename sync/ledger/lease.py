"""The lease: at most one process works with the CRMs on one ledger at a time.

It is a row with an expiry, not a file lock: it holds on PostgreSQL, and it tells people who holds it. A holder that is
known to be dead (``sync.ledger.process``), or that let it expire, is succeeded without further ado, and one that was
only asleep learns it before it writes again (``sync.ledger.database.fence``). The row stays when the lease is given
back: its fence must go on growing.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import datetime, timedelta

from sqlalchemy import Connection, inspect, select, update

from sync.errors import LeaseLost, LedgerHeld
from sync.ledger.database.fence import TTL, Lease, find, is_row_of
from sync.ledger.database.tables import lease
from sync.ledger.database.transactions import Store, upsert

__all__ = ["RUN", "SERVICE", "TTL", "Lease", "Leases", "free_all", "refuse_if_held"]

#: What every Run needs.
RUN = "run"
#: What keeps a second service away. It is held as long as the service lives, also between its Runs.
SERVICE = "service"

#: Seconds that must be left of the lease when a write is sent to a CRM, where its answer may take as long as that.
ENOUGH = 30.0

#: Seconds between two looks at a lease that another process holds.
_LOOK_AGAIN = 0.5

#: Leases that this process took, by (name, fence, since). One that it could not give back (a full disk) is its own
#: still by all that the row tells.
_OURS: set[tuple[str, int, datetime]] = set()


class Leases:
    """Takes, renews and gives back leases."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._fence = store.fence

    def acquire(self, holder: str, *, name: str = RUN, ttl: timedelta = TTL) -> Lease:
        """Take the lease, for 45 seconds at the most; raises LedgerHeld, which says by whom, where another process
        holds it."""
        ttl = min(ttl, TTL)
        began = self._fence.machine.seconds()
        me = self._fence.machine.process()
        since = self._store.clock()
        with self._store.leasing() as connection:
            refuse_if_held(self._store, connection, name)
            before = find(connection, name)
            taken = Lease(
                name=name,
                holder=holder,
                since=since,
                fence=1 + (before.fence if before is not None else 0),
                **asdict(me),
                **self._fence.lasting(connection, ttl),
            )
            upsert(connection, lease, [asdict(taken)])
            # Before anybody sees the row: another thread would take it for one that was left behind.
            _OURS.add(_key(taken))
        self._fence.hold(taken, began=began, ttl=ttl)
        return taken

    def renew(self) -> None:
        """Have everything that is held last for its full time from now; raises LeaseLost where some of it was lost
        meanwhile (stop writing then)."""
        self._store.renew()

    def look(self, patience: float, *, name: str = RUN) -> None:
        """Called right before a write is sent to a CRM whose answer may take so many seconds. Raises LeaseLost where
        the lease is another's, or would be before the CRM has surely dealt with it. The main loop renews it here;
        another thread does not."""
        enough = min(patience, ENOUGH)
        left = self._fence.left(name)
        if left is None:
            raise LeaseLost(
                f"the ledger's lease {name!r} is not held, and nothing is written to a CRM without it",
                remedy="run the same command again",
            )
        if self._fence.is_main_loop(name) and left < enough:
            self._store.renew()
        with self._store.reading() as connection:
            self._fence.check(connection)
        # At last, as late as can be.
        left = self._fence.left(name) or 0.0
        if left < enough:
            raise LeaseLost(
                f"only {max(left, 0.0):.0f} seconds are left of the ledger's lease {name!r}, which was not renewed in "
                f"time; a write to a CRM may take {patience:.0f}, and was not sent",
                remedy="run the same command again",
            )

    def release(self, held: Lease) -> None:
        """Give it back; does nothing where it was lost."""
        # First of all: where it cannot be given back (a full disk), this process must be able to take it again.
        _OURS.discard(_key(held))
        self._fence.drop(held)
        with self._store.leasing() as connection:
            connection.execute(update(lease).where(is_row_of(held)).values(holder=""))

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
            if self._fence.is_due():
                self._store.renew()

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
            return _holder(self._store, connection, name)


def refuse_if_held(store: Store, connection: Connection, name: str, *, but_ours: bool = False) -> None:
    """Raise LedgerHeld where a living process holds the lease; ``but_ours``: where another one does."""
    found = _holder(store, connection, name)
    if found is not None and not (but_ours and _key(found) in _OURS and _is_mine(store, found)):
        raise LedgerHeld(
            name=found.name,
            holder=found.holder,
            pid=found.pid,
            host=found.host,
            since=found.since,
            expires_at=found.expires_at,
        )


def free_all(connection: Connection) -> None:
    """Nobody holds this ledger, which was copied while somebody did."""
    connection.execute(update(lease).values(holder="", fence=lease.c.fence + 1))


def _holder(store: Store, connection: Connection, name: str) -> Lease | None:
    """Who holds it and lives, as far as can be known."""
    # A ledger of an earlier version is asked, too, before it is brought up to date.
    known = {column["name"] for column in inspect(connection).get_columns(lease.name)}
    columns = [column for column in lease.c if column.name in known]
    row = connection.execute(select(*columns).where(lease.c.name == name)).one_or_none()
    if row is None:
        return None
    found = Lease(**row._mapping)  # noqa: SLF001  (SQLAlchemy's documented name)
    if _is_mine(store, found) and _key(found) not in _OURS:
        return None
    return found if store.fence.is_alive(connection, found) else None


def _is_mine(store: Store, found: Lease) -> bool:
    """This process took it."""
    return found.process == store.fence.machine.process()


def _key(held: Lease) -> tuple[str, int, datetime]:
    return held.name, held.fence, held.since
