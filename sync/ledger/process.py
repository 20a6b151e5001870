"""Which process holds a lease, and whether it is certain that it lives no more.

A process id alone proves nothing: two containers count their processes apart, a machine that was started anew counts
from the beginning, and an id is given again. So a holder is told by its machine's start (boot id), the space that its
id belongs to (PID namespace) and its own start.
"""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from pathlib import Path

from sqlalchemy import Connection, func, select

_PROC = Path("/proc")
#: Of what stands behind the name in ``/proc/PID/stat``: the field that says when the process began.
_STARTED = 19


@dataclass(frozen=True, slots=True, kw_only=True)
class Process:
    """One process. What cannot be known on this system is empty."""

    pid: int
    host: str
    #: Another one after each start of the machine; the same in all its containers.
    boot: str = ""
    #: Where the process id counts.
    pid_space: str = ""
    #: Where the seconds since the machine's start count.
    time_space: str = ""
    #: When it began, in ticks since the machine's start.
    started: str = ""


def this_process() -> Process:
    """The process that asks."""
    return _process(os.getpid(), socket.gethostname())


@lru_cache(maxsize=4)
def _process(pid: int, host: str) -> Process:
    return Process(
        pid=pid,
        host=host,
        boot=_text("sys/kernel/random/boot_id"),
        pid_space=_space("pid"),
        time_space=_space("time"),
        started=_started_at("self"),
    )


def is_gone(other: Process, me: Process, *, local: bool) -> bool:
    """True only where it is certain. ``local``: only processes of one machine can have written what tells of it."""
    if other.host != me.host:
        return False
    if other.boot != me.boot:
        # Machines may share a name, but not a disk of one of them.
        return local and bool(other.boot and me.boot)
    if other.pid_space != me.pid_space:
        return False
    if other.pid == me.pid:
        return other.started != me.started
    try:
        os.kill(other.pid, 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        pass  # it lives, as another user
    started = _started_at(str(other.pid)) if _numbers_are_ours() else ""
    return bool(started and other.started) and started != other.started


def _started_at(pid: str) -> str:
    told = _text(f"{pid}/stat")
    # The name stands in brackets and may hold any of what follows.
    fields = told.rpartition(")")[2].split()
    return fields[_STARTED] if len(fields) > _STARTED else ""


def _numbers_are_ours() -> bool:
    """Does ``/proc`` count processes as we do? In a new PID namespace that of the old one may still be mounted."""
    try:
        return str((_PROC / "self").readlink()) == str(os.getpid())
    except OSError:
        return False


def _space(kind: str) -> str:
    try:
        return str((_PROC / "self" / "ns" / kind).readlink())
    except OSError:
        return ""


def _text(name: str) -> str:
    with suppress(OSError, UnicodeDecodeError):
        return (_PROC / name).read_text(encoding="utf-8").strip()
    return ""


def seconds() -> float:
    """A clock that nobody sets and that goes on while the machine sleeps; the same in all processes of one start."""
    return time.clock_gettime(_CLOCK)


# macOS: its raw clock goes on in its sleep, its CLOCK_MONOTONIC does not.
_CLOCK: int = getattr(time, "CLOCK_BOOTTIME", getattr(time, "CLOCK_MONOTONIC_RAW", time.CLOCK_MONOTONIC))


def server_time(connection: Connection) -> datetime:
    """The time on the server that keeps the ledger: one clock for all machines."""
    now: datetime = connection.scalars(select(func.clock_timestamp())).one()
    return now


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """What is known of processes and of time that passes; tests hand in their own."""

    seconds: Callable[[], float] = seconds
    process: Callable[[], Process] = this_process
    server_time: Callable[[Connection], datetime] = server_time
