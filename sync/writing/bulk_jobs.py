"""Bulk jobs that outlived the process which began them: they are brought to their end before anything is read.

As long as one runs, it may still write what was planned before people went on editing; so nothing is planned before
it has ended. What it refused is known then, row by row; what it wrote is read back like any write of which nobody
heard (``sync.writing.recovery``).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import TypeVar

from connector.base import Connector, WriteResult
from sync.ledger.ledger import Ledger
from sync.model.journal import Confirmation, WriteState
from sync.model.records import SystemName
from sync.system_session import SystemSession

T = TypeVar("T")

#: Seconds of waiting for a call after which it is told that the Run still lives: the lease must not come near its end
#: while other calls are still to be sent.
_BEAT = 5.0


def finish_jobs(
    ledger: Ledger, sessions: Mapping[SystemName, SystemSession], *, beat: Callable[[], None]
) -> dict[str, frozenset[str]]:
    """Wait for every job that is not known to have ended, and settle the rows that it refused. Answers with the
    native ids of those that it wrote, by System. Raises what the Connector raises: then nothing may be planned yet."""
    wrote: dict[str, frozenset[str]] = {}
    for system, jobs in ledger.jobs.open().items():
        if system not in sessions:
            continue
        fates: dict[str, WriteResult] = {}
        for job in jobs:
            fates |= _finish(sessions[system].connector, job, beat)
        _settle_refused(ledger, system, fates)
        ledger.jobs.end(system, jobs)
        wrote[system] = frozenset(fate.id for fate in fates.values() if fate.refusal is None and fate.id)
    return wrote


def _finish(connector: Connector, job: str, beat: Callable[[], None]) -> dict[str, WriteResult]:
    with ThreadPoolExecutor(max_workers=1) as threads:
        return dict(kept_alive(threads.submit(connector.finish, job), beat))


def kept_alive(work: Future[T], beat: Callable[[], None]) -> T:
    """What comes of work in another thread, which may take longer than a lease lasts."""
    while wait((work,), timeout=_BEAT).not_done:
        beat()
    return work.result()


def _settle_refused(ledger: Ledger, system: SystemName, fates: Mapping[str, WriteResult]) -> None:
    refused: list[Confirmation] = []
    for write in ledger.writes.open():
        fate = fates.get(write.native_id or write.link_id) if write.system == system else None
        if fate is not None and fate.refusal is not None:
            refused.append(Confirmation(write_id=write.id, state=WriteState.REFUSED, refusal=fate.refusal))
    ledger.writes.confirm(refused)
