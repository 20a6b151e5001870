"""How things stand: last Runs, Cursors, backlog, Conflicts, what is held, what runs next and, if nothing does, why."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from humanize import naturaldelta

from insight.apart import Apart, apart
from insight.fields_held import fields_held
from insight.held import hold_json
from insight.runs import RunFold, folded, run_json, running
from mappings.model import Mapping as FieldMapping
from sync.core.hold import Hold
from sync.ledger.accounts.accounts import RecordCounts
from sync.ledger.calls import CallsOfTheDay
from sync.ledger.lease import SERVICE, Lease
from sync.ledger.ledger import Ledger
from sync.ledger.systems import Cursor
from sync.local_time import in_words
from sync.model.definitions import Drift
from sync.model.inbox import Held
from sync.model.journal import Run
from sync.model.service import ServiceState

#: A service that has not been heard of for this long is not running, whatever it last said.
_SILENT = timedelta(minutes=5)
#: So many Runs are shown, where those that did nothing count once …
_SHOWN = 8
#: … of so many.
_LOOKED_AT = 300
#: Of one code, what begins with the same words is one reason.
_WORDS = 3
#: What differs from record to record in what a CRM says: names in quotes, addresses, ids and figures.
_OWN = re.compile(r"'[^']*'|\"[^\"]*\"|“[^”]*”|\S+@\S+|\b(?=\w*\d)\w+\b")


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """Everything that ``tandem status`` tells."""

    now: datetime
    runs: list[RunFold]
    cursors: dict[tuple[str, str], Cursor]
    counts: dict[str, RecordCounts]
    links: int
    conflicts: dict[str, int]
    #: What undos left different.
    apart: Sequence[Apart]
    held: Sequence[Held]
    matches: int
    unsettled_writes: int
    service: ServiceState | None
    #: Fields that a System no longer shows, in its own words, by System.
    lost: Mapping[str, Sequence[str]]
    #: Fields that wait as a whole, each with what is said of it: those that are lost, and those of people unknown.
    fields_held: Sequence[Hold] = ()
    #: Definitions that are not as the mapping has them.
    drift: Drift | None = None
    #: Who works with the ledger now.
    lease: Lease | None = None
    #: The process of the service lives, as far as can be told from here.
    service_lives: bool = True
    #: The Run that is under way.
    running: str | None = None
    #: What was used of Tandem's share of each System's day.
    calls: Sequence[CallsOfTheDay] = ()

    @property
    def died(self) -> list[Run]:
        """Runs that nobody ended, and nobody will."""
        return [
            run
            for fold in self.runs
            for run in fold.runs
            if run.finished_at is None and run.id != self.running
        ]

    @property
    def why_nothing_runs(self) -> str | None:
        """Why no Run will begin by itself; None where the service is alive."""
        if self.service is None:
            return "the service is not running; start it with: tandem run"
        silent = self.now - self.service.seen_at
        if not self.service_lives:
            doing = f", while it did its {self.service.doing}" if self.service.doing else ""
            return (
                f"the service (process {self.service.pid} on {self.service.host}) died without a word after "
                f"{in_words(self.service.seen_at)}{doing}; start it again with: tandem run"
            )
        if silent > _SILENT and self.service.doing is None:
            return (
                f"the service (process {self.service.pid} on {self.service.host}) has been silent for "
                f"{naturaldelta(silent)}; start it again with: tandem run"
            )
        return None


def status(ledger: Ledger, mapping: FieldMapping, now: datetime) -> Status:
    """Read it all out of the ledger; no System is asked."""
    runs = ledger.runs.latest(_LOOKED_AT)
    lease = ledger.lease.current()
    service = ledger.service.get()
    return Status(
        now=now,
        runs=folded(runs)[:_SHOWN],
        lease=lease,
        running=running(runs, lease),
        service_lives=service is None or _lives(service, ledger.lease.current(SERVICE), lease),
        cursors=ledger.cursors.all(),
        counts=ledger.accounts.counts(),
        links=ledger.accounts.open_links(),
        conflicts=ledger.conflicts.count(),
        apart=apart(ledger, mapping),
        held=ledger.held.list(),
        matches=len(ledger.matches.list()),
        unsettled_writes=len(ledger.writes.open()),
        service=service,
        drift=ledger.drift.get(),
        lost=ledger.fields.hidden(),
        fields_held=fields_held(ledger, mapping),
        calls=ledger.calls.of_the_day(),
    )


class HeldReason(NamedTuple):
    """Why so many values are held: the first one in the CRM's own words."""

    text: str
    values: int
    #: The words of the others differ, in what is particular to each record.
    varied: bool


def held_reasons(held: Sequence[Held]) -> list[HeldReason]:
    """What is held, by reason, the most frequent first."""
    said: dict[tuple[str, str, str, str], list[str]] = {}
    for item in held:
        hold = item.hold
        alike = " ".join(_OWN.sub("…", hold.message).split()[:_WORDS])
        said.setdefault((hold.system, hold.field, hold.code, alike), []).append(hold.message)
    reasons = [
        HeldReason(f"{system} {field or 'record'}: {messages[0]}", len(messages), len(set(messages)) > 1)
        for (system, field, _, _), messages in said.items()
    ]
    return sorted(reasons, key=lambda reason: (-reason.values, reason.text))


def _lives(service: ServiceState, own: Lease | None, work: Lease | None) -> bool:
    """Its lease or that of its Run is held; a long Run may outlast the former."""
    return any(
        held is not None and (held.pid, held.host) == (service.pid, service.host) for held in (own, work)
    )


def _lease_json(lease: Lease, running: str | None) -> dict[str, Any]:
    return {
        "run": running,
        "holder": lease.holder,
        "pid": lease.pid,
        "host": lease.host,
        "since": lease.since.isoformat(),
        "lease_ends_at": lease.expires_at.isoformat(),
    }


def status_json(found: Status) -> dict[str, Any]:
    """For programs."""
    service = found.service
    return {
        "links": found.links,
        "systems": {
            name: {field: getattr(counts, field) for field in RecordCounts.__slots__}
            for name, counts in found.counts.items()
        },
        "conflicts": found.conflicts,
        "apart": [each.as_json() for each in found.apart],
        "ambiguous": found.matches,
        "held": [hold_json(item) for item in found.held],
        "unsettled_writes": found.unsettled_writes,
        "drift": None
        if found.drift is None
        else {"since": found.drift.since.isoformat(), "lines": list(found.drift.lines)},
        "lost_fields": {system: list(fields) for system, fields in found.lost.items()},
        "runs": [run_json(run) for fold in found.runs for run in fold.runs][:_SHOWN],
        "working": None if found.lease is None else _lease_json(found.lease, found.running),
        "died": [run.id for run in found.died],
        "calls_of_the_day": {
            day.allowance.system: {
                "used": day.used,
                "share": day.allowance.ours,
                "allowed": day.allowance.calls,
                "counts_from": day.allowance.day_began(found.now).isoformat(),
            }
            for day in found.calls
        },
        "next": {job: at.isoformat() for job, at in service.next.items()} if service else {},
        "why_nothing_runs": found.why_nothing_runs,
    }
