"""How things stand: last Runs, Cursors, backlog, Conflicts, what is held, what runs next and, if nothing does, why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from humanize import naturaldelta, naturaltime, precisedelta
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from insight.show import plural
from sync.ledger.accounts.accounts import RecordCounts
from sync.ledger.ledger import Ledger
from sync.ledger.systems import Cursor
from sync.model.definitions import Drift
from sync.model.inbox import Held
from sync.model.journal import OK, Run
from sync.model.service import ServiceState

_FAINT = "bright_black"
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


def status_view(found: Status) -> RenderableType:
    """For people."""
    return Group(
        _systems(found),
        Text(),
        _waiting(found),
        Text(),
        *_drift_lines(found),
        _runs(found),
        Text(),
        *_service_lines(found),
    )


def _systems(found: Status) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 3, 0, 0), header_style=_FAINT)
    for name in (
        "System",
        "accounts",
        "linked",
        "to decide",
        "deleted",
        "invisible",
        "last read",
        "last full read",
    ):
        table.add_column(name, justify="left" if name == "System" else "right")
    for system, counts in found.counts.items():
        read = [cursor for (name, _), cursor in found.cursors.items() if name == system]
        last = max((cursor.read_at for cursor in read), default=None)
        full = max((cursor.full_at for cursor in read if cursor.full_at), default=None)
        table.add_row(
            Text(system, style="bold"),
            *(
                f"{n:,}"
                for n in (counts.present, counts.linked, counts.dirty, counts.deleted, counts.invisible)
            ),
            _ago(last, found.now),
            _ago(full, found.now),
        )
    return table


def _waiting(found: Status) -> RenderableType:
    lines: list[RenderableType] = [Text(f"{plural(found.links, 'linked account')}.")]
    if found.conflicts:
        told = ", ".join(f"{field} {count:,}" for field, count in found.conflicts.items())
        total = plural(sum(found.conflicts.values()), "Conflict")
        lines.append(Text(f"{total} open ({told}): tandem conflicts list", style="yellow"))
    if found.matches:
        lines.append(
            Text(
                f"{plural(found.matches, 'match waits', 'matches wait')} for a person: tandem matches list",
                style="yellow",
            )
        )
    if found.unsettled_writes:
        lines.append(
            Text(
                f"{plural(found.unsettled_writes, 'write')} of a Run that died; the next Run finds out.",
                style="yellow",
            )
        )
    lines += [
        Text(
            f"■ {system} no longer shows {', '.join(fields)}, left alone in every System: tandem provision plan",
            style="red",
        )
        for system, fields in found.lost.items()
    ]
    for text, count in held_reasons(found.held)[:8]:
        lines.append(Text(f"■ {count:,} held: {text}", style="red"))
    return Group(*lines)


def held_reasons(held: Sequence[Held]) -> list[tuple[str, int]]:
    """What is held, by reason, the most frequent first."""
    counts: dict[str, int] = {}
    for item in held:
        hold = item.hold
        what = f"{hold.system} {hold.field or 'record'}: {hold.message}"
        counts[what] = counts.get(what, 0) + 1
    return sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))


def _drift_lines(found: Status) -> list[RenderableType]:
    if found.drift is None:
        return []
    since = naturaldelta(found.now - found.drift.since)
    head = f"Definitions have drifted for {since}; look with: tandem provision plan"
    return [Text(head, style="red"), *(Text(f"  {line}", style="red") for line in found.drift.lines), Text()]


def _runs(found: Status) -> RenderableType:
    if not found.runs:
        return Text("No Run yet. Begin with: tandem plan", style=_FAINT)
    table = Table(box=None, pad_edge=False, padding=(0, 3, 0, 0), header_style=_FAINT)
    for name in ("Run", "kind", "began", "took", "outcome", "what", "API calls"):
        table.add_column(name, no_wrap=name != "what")
    for run in found.runs:
        outcome = run.outcome or "running or killed"
        what = (
            run.error
            or ", ".join(f"{name.replace('.', ' ')} {n:,}" for name, n in run.counts.items())
            or "nothing"
        )
        table.add_row(
            run.id,
            run.kind,
            _ago(run.started_at, found.now),
            _took(run.finished_at - run.started_at) if run.finished_at else "",
            Text(outcome, style="green" if outcome == OK else "red"),
            what,
            ", ".join(f"{system} {n:,}" for system, n in sorted(run.calls.items())),
        )
    return table


def _service_lines(found: Status) -> list[RenderableType]:
    why_not = found.why_nothing_runs
    if why_not is not None or found.service is None:
        return [Text(f"Nothing runs by itself: {why_not}", style="yellow")]
    service = found.service
    lines: list[RenderableType] = [
        Text(
            f"The service runs (process {service.pid} on {service.host}, {naturaldelta(found.now - service.since)})."
        )
    ]
    if service.doing:
        lines.append(Text(f"  now: {service.doing}", style="green"))
    for job, at in sorted(service.next.items(), key=lambda pair: pair[1]):
        trouble = service.troubles.get(job)
        told = f"  next {job}: in {naturaldelta(max(at - found.now, timedelta(0)))}"
        lines.append(Text(f"{told}, because {trouble}" if trouble else told, style="red" if trouble else ""))
    return lines


def _ago(at: datetime | None, now: datetime) -> str:
    return "never" if at is None else naturaltime(max(now - at, timedelta(0)))


def _took(span: timedelta) -> str:
    """To the second within the hour, to the minute beyond."""
    unit = "seconds" if span < timedelta(hours=1) else "minutes"
    return precisedelta(span, minimum_unit=unit, format="%0.0f")


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
        "held": [
            {
                "link_id": item.hold.link_id,
                "system": item.hold.system,
                "field": item.hold.field,
                "code": item.hold.code,
                "message": item.hold.message,
                "remedy": item.hold.remedy,
                "attempts": item.attempts,
                "since": item.first_at.isoformat(),
                "next_try_at": item.next_try_at.isoformat(),
            }
            for item in found.held
        ],
        "unsettled_writes": found.unsettled_writes,
        "drift": None
        if found.drift is None
        else {"since": found.drift.since.isoformat(), "lines": list(found.drift.lines)},
        "lost_fields": {system: list(fields) for system, fields in found.lost.items()},
        "runs": [
            {
                "id": run.id,
                "kind": run.kind,
                "trigger": run.trigger,
                "started_at": run.started_at.isoformat(),
                "finished_at": run.finished_at.isoformat() if run.finished_at else None,
                "outcome": run.outcome,
                "counts": dict(run.counts),
                "calls": dict(run.calls),
                "error": run.error,
            }
            for run in found.runs
        ],
        "next": {job: at.isoformat() for job, at in service.next.items()} if service else {},
        "why_nothing_runs": found.why_nothing_runs,
    }
