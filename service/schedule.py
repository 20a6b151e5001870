"""When the background service does what: decided from the ledger's last Runs, without a clock of its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum


class Job(StrEnum):
    """What the service does, in the order in which it does what is due at the same time."""

    #: Read and compare everything, then sync.
    FULL = "full"
    #: Read what changed, then sync.
    SYNC = "sync"
    OUTCOMES = "outcomes"


@dataclass(frozen=True, slots=True, kw_only=True)
class Intervals:
    """How often each job runs."""

    sync: timedelta
    full: timedelta
    outcomes: timedelta

    def of(self, job: Job) -> timedelta:
        return {Job.SYNC: self.sync, Job.FULL: self.full, Job.OUTCOMES: self.outcomes}[job]


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """A job that failed, and when it may be tried again."""

    failures: int
    until: datetime
    reason: str


#: No CRM makes anybody wait for longer than until its next day begins, whatever its time zone.
_LONGEST_PAUSE = timedelta(hours=25)


def due_at(
    job: Job, last: datetime | None, intervals: Intervals, trouble: Trouble | None, now: datetime
) -> datetime | None:
    """When the job is due; None: at once. ``last``: when it last ended well.

    What could only be so late because the clock was ahead at the time (a Run of the future, a pause of a week) is
    not waited for.
    """
    regular = last + intervals.of(job) if last is not None and last <= now else None
    if trouble is None or trouble.until - now > _LONGEST_PAUSE:
        return regular
    return trouble.until if regular is None else max(regular, trouble.until)


def due(
    last: Mapping[Job, datetime],
    intervals: Intervals,
    troubles: Mapping[Job, Trouble],
    now: datetime,
) -> Job | None:
    """The job to do now; a full compare does a sync's work and stands in for it."""
    for job in Job:
        at = due_at(job, last.get(job), intervals, troubles.get(job), now)
        if at is None or at <= now:
            return job
    return None


def next_due(
    last: Mapping[Job, datetime],
    intervals: Intervals,
    troubles: Mapping[Job, Trouble],
    now: datetime,
) -> dict[Job, datetime]:
    """When each job is due next, never before now."""
    found: dict[Job, datetime] = {}
    for job in Job:
        at = due_at(job, last.get(job), intervals, troubles.get(job), now)
        found[job] = now if at is None else max(at, now)
    return found


def back_off(failures: int, *, asked: datetime | None, now: datetime) -> datetime:
    """When to try again after so many failures in a row: 30 seconds, doubled, an hour at most, and not before the
    CRM said."""
    pause = timedelta(seconds=min(30.0 * 2.0 ** min(failures - 1, 12), 3600.0))
    return max(now + pause, asked) if asked is not None else now + pause
