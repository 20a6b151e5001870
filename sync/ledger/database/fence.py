"""Whether this process still holds the leases that it took: asked in every transaction that writes.

A process can be stopped for longer than its lease lasts, in the middle of anything: by a signal, by a machine that is
put to sleep, by a disk. So each acquisition has a number that is higher than all before it, the fence, and what it was
is looked at in the same transaction in which something is stored. Who was succeeded meanwhile stores nothing.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, and_, select, update

from sync.errors import LeaseLost
from sync.ledger.database.tables import lease
from sync.ledger.process import Machine, Process, is_gone

#: The longest that a lease lasts unless it is renewed: so long is waited for a process of which nothing is known.
TTL = timedelta(seconds=45)
#: Part of its time after which a lease is renewed.
_DUE = 0.1

#: There are two or three.
_ALL = select(lease)


@dataclass(frozen=True, slots=True, kw_only=True)
class Lease:
    """Who works with the ledger, and until when unless it is renewed."""

    name: str
    #: For people: ``tandem run``. Empty: nobody.
    holder: str
    pid: int
    host: str
    since: datetime
    #: By the server's clock, or that of the machine.
    expires_at: datetime
    #: Higher than that of everybody who held it before.
    fence: int = 0
    #: See :class:`sync.ledger.process.Process`.
    boot: str = ""
    pid_space: str = ""
    time_space: str = ""
    started: str = ""
    #: When it expires, in seconds since the machine's start; None on a server.
    ends: float | None = None

    @property
    def process(self) -> Process:
        return Process(
            pid=self.pid,
            host=self.host,
            boot=self.boot,
            pid_space=self.pid_space,
            time_space=self.time_space,
            started=self.started,
        )


@dataclass(slots=True, kw_only=True)
class _Held:
    lease: Lease
    ttl: timedelta
    #: Until when nobody else can have it, in seconds since the machine's start.
    deadline: float
    #: The thread that took it: the main loop, which renews it. Another one would go on when that one hangs.
    thread: int
    #: Another one has it, as was found out.
    lost: bool = False


class Fence:
    """The leases that are held through one :class:`sync.ledger.database.transactions.Store`."""

    def __init__(self, clock: Callable[[], datetime], machine: Machine) -> None:
        self.machine = machine
        self._clock = clock
        self._held: dict[str, _Held] = {}

    # -- time ------------------------------------------------------------------------------------------

    def now(self, connection: Connection) -> datetime:
        """By the clock that leases on this ledger go by."""
        if connection.dialect.name == "postgresql":
            return self.machine.server_time(connection)
        return self._clock()

    def lasting(self, connection: Connection, ttl: timedelta) -> dict[str, Any]:
        """The columns that say until when a lease lasts that is taken or renewed now."""
        if connection.dialect.name == "postgresql":
            return {"expires_at": self.machine.server_time(connection) + ttl, "ends": None}
        return {
            "expires_at": self._clock() + ttl,
            "ends": self.machine.seconds() + ttl.total_seconds(),
        }

    def is_alive(self, connection: Connection, found: Lease) -> bool:
        """Somebody holds it, as far as can be known from here."""
        if not found.holder:
            return False
        me, local = self.machine.process(), connection.dialect.name != "postgresql"
        if is_gone(found.process, me, local=local):
            return False
        same_clock = (found.boot, found.time_space) == (me.boot, me.time_space) and bool(found.boot)
        if local and same_clock and found.ends is not None:
            return self.machine.seconds() < found.ends
        left = found.expires_at - self.now(connection)
        # One that lasts longer than any lease was written when the clock of this machine was ahead.
        return timedelta() < left <= (TTL if local and found.boot else left)

    # -- what is held ----------------------------------------------------------------------------------

    def hold(self, taken: Lease, *, began: float, ttl: timedelta) -> None:
        """``began``: seconds since the machine's start, read before it was taken."""
        self._held[taken.name] = _Held(
            lease=taken, ttl=ttl, deadline=began + ttl.total_seconds(), thread=threading.get_ident()
        )

    def drop(self, given_back: Lease) -> None:
        """It is not held any more."""
        mine = self._held.get(given_back.name)
        if mine is not None and mine.lease.fence == given_back.fence:
            del self._held[given_back.name]

    def left(self, name: str) -> float | None:
        """Seconds for which nobody else can have the lease; None where it is not held."""
        mine = self._held.get(name)
        return None if mine is None else mine.deadline - self.machine.seconds()

    def is_main_loop(self, name: str) -> bool:
        """Was this lease taken by the thread that asks?"""
        mine = self._held.get(name)
        return mine is not None and mine.thread == threading.get_ident()

    def is_due(self) -> bool:
        """Should the thread that asks renew what it holds?"""
        if not self._held:
            return False
        now, thread = self.machine.seconds(), threading.get_ident()
        return any(
            mine.thread == thread and not mine.lost and _is_due(mine, now) for mine in self._held.values()
        )

    def check(self, connection: Connection) -> None:
        """Raise ``LeaseLost`` where a lease that was taken is another's now."""
        if not self._held:
            return
        found = {row.name: row for row in connection.execute(_ALL)}
        for name, mine in list(self._held.items()):
            row = found.get(name)
            if row is None or not _is(row, mine.lease):
                raise _lost(mine, None if row is None else lease_of(row))

    def renew(self, connection: Connection) -> Callable[[], None]:
        """Have all that is held last from now on, within the caller's transaction. Answers with what to call once that
        is stored."""
        began = self.machine.seconds()
        renewed = list(self._held.values())
        until = {mine.lease.name: self.lasting(connection, mine.ttl) for mine in renewed}
        for mine in renewed:
            done = connection.execute(
                update(lease).where(is_row_of(mine.lease)).values(until[mine.lease.name])
            )
            if done.rowcount != 1:
                raise _lost(mine, find(connection, mine.lease.name))

        def stored() -> None:
            for mine in renewed:
                mine.lease = replace(mine.lease, **until[mine.lease.name])
                mine.deadline = began + mine.ttl.total_seconds()

        return stored


def find(connection: Connection, name: str) -> Lease | None:
    """The lease of this name, whoever holds it; None where nobody ever did."""
    row = connection.execute(select(lease).where(lease.c.name == name)).one_or_none()
    return None if row is None else lease_of(row)


def lease_of(row: Row[Any]) -> Lease:
    """What the row tells."""
    return Lease(**row._mapping)  # noqa: SLF001  (SQLAlchemy's documented name)


def is_row_of(held: Lease) -> Any:
    """Finds the row as long as it tells of this acquisition."""
    return and_(
        lease.c.name == held.name,
        lease.c.fence == held.fence,
        lease.c.holder == held.holder,
        lease.c.pid == held.pid,
        lease.c.host == held.host,
        lease.c.since == held.since,
    )


def _lost(held: _Held, now: Lease | None) -> LeaseLost:
    """For who finds that another one has its lease, or had it meanwhile."""
    held.lost = True
    mine = held.lease
    if now is not None and now.holder and now.fence > mine.fence:
        taken = f"was taken by {now.holder} (process {now.pid} on {now.host})"
    else:
        taken = "was taken by another process, which has ended"
    return LeaseLost(
        f"the ledger's lease {mine.name!r} expired while {mine.holder} stood still, and {taken}; this process "
        "writes nothing more",
        remedy="run the same command again",
    )


def _is(row: Row[Any], held: Lease) -> bool:
    return bool(
        row.fence == held.fence
        and row.holder == held.holder
        and row.pid == held.pid
        and row.host == held.host
        and row.since == held.since
    )


def _is_due(mine: _Held, now: float) -> bool:
    ttl = mine.ttl.total_seconds()
    return now - (mine.deadline - ttl) > _DUE * ttl
