"""The background service: one loop over the schedule, one Run at a time, and never silent about why it waits."""

from __future__ import annotations

import os
import socket
import traceback
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

import structlog

from abm.outcomes.pull import run_outcomes
from connector.errors import ConnectorError
from connector.printable import printable_message
from connector.secrecy import scrub
from service.schedule import Intervals, Job, Trouble, back_off, due, next_due
from sync.core.guard import Guard
from sync.engine import Engine
from sync.errors import LeaseLost, LedgerDamaged, LedgerError, LedgerHeld, LedgerTooNew, SyncError
from sync.ledger.lease import SERVICE, Lease
from sync.ledger.ledger import Ledger
from sync.model.journal import OK, Run
from sync.model.service import ServiceState
from sync.outage import not_before

#: Seconds that the service sleeps at the most before it renews its lease, which lasts three times as long.
_LONGEST_SLEEP = 15.0
#: Seconds until a ledger that takes nothing is tried again.
_TRY_AGAIN = 60.0

#: Of a trace that is logged: its innermost calls, and characters from its end.
_LONGEST_TRACE, _LONGEST_TOLD = 30, 8000

log = structlog.get_logger("tandem")


class Service:
    """Runs until ``stopping`` says so. A batch that is being written is finished first."""

    def __init__(
        self,
        engine: Engine,
        ledger: Ledger,
        intervals: Intervals,
        guard: Guard,
        *,
        clock: Callable[[], datetime],
        wait: Callable[[float], object],
        stopping: Callable[[], bool],
        watch: Callable[[], None] = lambda: None,
    ) -> None:
        self._engine = engine
        self._ledger = ledger
        self._intervals = intervals
        self._guard = guard
        self._clock = clock
        self._wait = wait
        self._stopping = stopping
        #: Looks at the definitions; called after each full compare.
        self._watch = watch
        self._troubles: dict[Job, Trouble] = {}
        #: Why the ledger cannot be worked with now: a full disk, a server that is away.
        self._unstored: Trouble | None = None
        self._since = clock()

    @property
    def troubles(self) -> Mapping[str, str]:
        """Why what went wrong last went wrong, by job; ``ledger`` where nothing can be stored."""
        found = {job.value: trouble.reason for job, trouble in self._troubles.items()}
        return found if self._unstored is None else {**found, "ledger": self._unstored.reason}

    def run(self) -> None:
        """The loop. Raises ``LedgerHeld`` where another service works on this ledger, and what no waiting fixes. A
        ledger that cannot be worked with for a while (a full disk, a server that is started anew) is waited for."""
        lease = self._ledger.lease.acquire("tandem run", name=SERVICE)
        log.info("service started", action="start", pid=os.getpid())
        try:
            while not self._stopping():
                try:
                    self._ledger.lease.renew()
                    job = due(self._last(), self._intervals, self._troubles, self._clock())
                    self._say(job)
                    self._unstored = None
                    if job is not None:
                        self._do(job)
                        continue
                    pause = self._pause()
                except (LeaseLost, LedgerDamaged, LedgerHeld, LedgerTooNew):
                    raise
                except LedgerError as error:
                    pause = self._cannot_store(error)
                self._wait(max(pause, 0.05))
        finally:
            self._end(lease)

    def _pause(self) -> float:
        """Seconds until something is due, or the lease is."""
        times = next_due(self._last(), self._intervals, self._troubles, self._clock()).values()
        return min((min(times) - self._clock()).total_seconds(), _LONGEST_SLEEP)

    def _cannot_store(self, error: LedgerError) -> float:
        """Say so where it can be said, which is not the ledger; seconds until it is tried again."""
        now = self._clock()
        failures = 1 + (self._unstored.failures if self._unstored is not None else 0)
        reason = f"{error} {error.remedy or ''}".strip()
        self._unstored = Trouble(failures=failures, until=now + timedelta(seconds=_TRY_AGAIN), reason=reason)
        log.error(
            "the ledger cannot be worked with", action="ledger_failed", reason=reason, failures=failures
        )
        return _TRY_AGAIN

    def _end(self, lease: Lease) -> None:
        try:
            self._ledger.service.clear()
            self._ledger.lease.release(lease)
        except LedgerError as error:
            log.warning("service stopped, and the ledger does not know it", action="stop", reason=str(error))
        else:
            log.info("service stopped", action="stop")

    def _do(self, job: Job) -> None:
        log.info("run begins", action="run_begin", job=job.value)
        try:
            with self._ledger.lease.holding(f"tandem run ({job.value})") as beat:
                self._engine.beat = beat
                run, asked = self._work(job)
        except LedgerHeld as error:
            # A person's command has the ledger; it will not take long.
            self._fail(job, str(error), asked=self._clock() + timedelta(seconds=5), counted=False)
        except (ConnectorError, SyncError) as error:
            remedy = f" {error.remedy}" if error.remedy else ""
            self._fail(job, f"{error}{remedy}", asked=not_before(error, self._clock()))
        except Exception as error:  # noqa: BLE001 - a fault of ours in one Run must not end all that come after it
            told = "".join(traceback.format_exception(error, limit=-_LONGEST_TRACE))
            told = scrub(told)[-_LONGEST_TOLD:]
            log.error("run broke off", action="run_broke", job=job.value, trace=told)  # noqa: TRY400 - scrubbed
            reason = scrub(f"A fault of Tandem's own: {type(error).__name__}: {error}".rstrip(": "))
            self._fail(job, printable_message(reason), asked=None)
        else:
            if run.outcome == OK:
                self._troubles.pop(job, None)
                log.info(
                    "run ended",
                    action="run_end",
                    job=job.value,
                    counts=dict(run.counts),
                    calls=dict(run.calls),
                )
            elif not self._stopping():
                self._fail(job, run.error or run.outcome or "failed", asked=asked)

    def _work(self, job: Job) -> tuple[Run, datetime | None]:
        """The Run, and before when the CRMs do not want to be asked again."""
        if job is Job.OUTCOMES:
            run, _ = run_outcomes(self._engine, trigger="schedule")
            return run, None
        full = job is Job.FULL
        kind = "full" if full else "sync"

        def afterwards() -> None:
            if full or self._ledger.drift.is_to_look_again():
                self._watch()

        result = self._engine.run(
            guard=self._guard, kind=kind, trigger="schedule", full=full, afterwards=afterwards
        )
        waits = (not_before(error, self._clock()) for error in result.applied.errors.values())
        return result.run, max((until for until in waits if until is not None), default=None)

    def _fail(self, job: Job, reason: str, *, asked: datetime | None, counted: bool = True) -> None:
        before = self._troubles.get(job)
        failures = (before.failures if before is not None else 0) + counted
        now = self._clock()
        until = back_off(failures, asked=asked, now=now) if counted else (asked or now)
        self._troubles[job] = Trouble(failures=failures, until=until, reason=reason)
        log.warning(
            "run failed", action="run_failed", job=job.value, reason=reason, next_try=until.isoformat()
        )

    def _last(self) -> dict[Job, datetime]:
        runs = self._ledger.runs
        last = {
            Job.FULL: runs.last_ok("full"),
            Job.SYNC: runs.last_ok("sync"),
            Job.OUTCOMES: runs.last_ok("outcomes"),
        }
        found = {job: run.started_at for job, run in last.items() if run is not None}
        if Job.FULL in found:
            found[Job.SYNC] = max(found[Job.FULL], found.get(Job.SYNC, found[Job.FULL]))
        return found

    def _say(self, job: Job | None) -> None:
        now = self._clock()
        state = ServiceState(
            pid=os.getpid(),
            host=socket.gethostname(),
            since=self._since,
            seen_at=now,
            next={
                item.value: at
                for item, at in next_due(self._last(), self._intervals, self._troubles, now).items()
            },
            troubles=self.troubles,
            doing=job.value if job is not None else None,
        )
        self._ledger.service.set(state)
