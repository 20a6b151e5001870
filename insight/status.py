"""How things stand: last Runs, Cursors, backlog, Conflicts, what is held, what runs next and, if nothing does, why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from humanize import naturaldelta

from insight.held import hold_json
from insight.runs import run_json
from sync.ledger.accounts.accounts import RecordCounts
from sync.ledger.ledger import Ledger
from sync.ledger.systems import Cursor
from sync.model.definitions import Drift
from sync.model.inbox import Held
from sync.model.journal import Run
from sync.model.service import ServiceState

#: A service that has not been heard of for this long is not running, whatever it last said.
_SILENT = timedelta(minutes=5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """Everything that ``tandem status`` tells."""

    now: datetime
    runs: list[Run]
    cursors: dict[tuple[str, str], Cursor]
    counts: dict[str, RecordCounts]
    links: int
    conflicts: dict[str, int]
    held: Sequence[Held]
    matches: int
    unsettled_writes: int
    service: ServiceState | None
    #: Fields that a System no longer shows, in its own words, by System.
    lost: Mapping[str, Sequence[str]]
    #: Definitions that are not as the mapping has them.
    drift: Drift | None = None

    @property
    def why_nothing_runs(self) -> str | None:
        """Why no Run will begin by itself; None where the service is alive."""
        if self.service is None:
            return "the service is not running; start it with: tandem run"
        silent = self.now - self.service.seen_at
        if silent > _SILENT and self.service.doing is None:
            return (
                f"the service (process {self.service.pid} on {self.service.host}) has been silent for "
                f"{naturaldelta(silent)}; start it again with: tandem run"
            )
        return None


def status(ledger: Ledger, now: datetime) -> Status:
    """Read it all out of the ledger; no System is asked."""
    return Status(
        now=now,
        runs=ledger.runs.latest(8),
        cursors=ledger.cursors.all(),
        counts=ledger.accounts.counts(),
        links=ledger.accounts.open_links(),
        conflicts=ledger.conflicts.count(),
        held=ledger.held.list(),
        matches=len(ledger.matches.list()),
        unsettled_writes=len(ledger.writes.open()),
        service=ledger.service.get(),
        drift=ledger.drift.get(),
        lost=ledger.fields.hidden(),
    )


def held_reasons(held: Sequence[Held]) -> list[tuple[str, int]]:
    """What is held, by reason, the most frequent first."""
    counts: dict[str, int] = {}
    for item in held:
        hold = item.hold
        what = f"{hold.system} {hold.field or 'record'}: {hold.message}"
        counts[what] = counts.get(what, 0) + 1
    return sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))


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
        "ambiguous": found.matches,
        "held": [hold_json(item) for item in found.held],
        "unsettled_writes": found.unsettled_writes,
        "drift": None
        if found.drift is None
        else {"since": found.drift.since.isoformat(), "lines": list(found.drift.lines)},
        "lost_fields": {system: list(fields) for system, fields in found.lost.items()},
        "runs": [run_json(run) for run in found.runs],
        "next": {job: at.isoformat() for job, at in service.next.items()} if service else {},
        "why_nothing_runs": found.why_nothing_runs,
    }
