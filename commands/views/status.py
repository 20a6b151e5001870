"""How things stand, for the terminal."""

from __future__ import annotations

from datetime import datetime, timedelta

from humanize import naturaldelta, naturaltime
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from commands.views.runs import calls, took, what
from commands.views.text import plural
from insight.status import Status, held_reasons
from sync.model.journal import OK

_FAINT = "bright_black"


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
        table.add_row(
            run.id,
            run.kind,
            _ago(run.started_at, found.now),
            took(run),
            Text(outcome, style="green" if outcome == OK else "red"),
            what(run),
            calls(run),
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
