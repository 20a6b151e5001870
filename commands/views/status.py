"""How things stand, for the terminal."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from humanize import naturaldelta, naturaltime
from rich.console import Group, RenderableType
from rich.text import Text

from commands.calls import NEAR
from commands.views.listing import Column, Listing, Names
from commands.views.runs import calls, outcome, took, what
from commands.views.text import FAINT, line, plural
from insight.runs import RunFold
from insight.status import Status, held_reasons
from sync.local_time import in_words

#: Reasons of what is held that are told, the most frequent first.
_REASONS = 8


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
        *_call_lines(found),
    )


def _systems(found: Status) -> Listing:
    rows: list[tuple[str | Text, ...]] = []
    for system, counts in found.counts.items():
        read = [cursor for (name, _), cursor in found.cursors.items() if name == system]
        last = max((cursor.read_at for cursor in read), default=None)
        full = max((cursor.full_at for cursor in read if cursor.full_at), default=None)
        rows.append(
            (
                Text(system, style="bold"),
                *(
                    f"{n:,}"
                    for n in (
                        *(counts.present, counts.linked, counts.dirty),
                        *(counts.deleted, counts.invisible),
                    )
                ),
                _ago(last, found.now),
                _ago(full, found.now),
            )
        )
    return Listing(
        columns=(
            Column(name="System", least=10),
            Column(name="accounts", least=8, right=True),
            Column(name="linked", least=6, right=True),
            Column(name="to decide", least=6, right=True),
            Column(name="deleted", least=7, right=True, spare=1),
            Column(name="invisible", least=9, right=True, spare=2),
            Column(name="last read", least=9, right=True),
            Column(name="last full read", least=9, right=True),
        ),
        rows=rows,
        names=Names.EVERYWHERE,
    )


def _waiting(found: Status) -> RenderableType:
    lines: list[RenderableType] = [Text(f"{plural(found.links, 'linked account')}.")]
    if found.conflicts:
        said = ", ".join(f"{field} {count:,}" for field, count in found.conflicts.items())
        total = plural(sum(found.conflicts.values()), "Conflict")
        lines.append(Text(f"{total} open ({said}): tandem conflicts list", style="yellow"))
    if found.matches:
        lines.append(
            Text(
                f"{plural(found.matches, 'match waits', 'matches wait')} for a person: tandem matches list",
                style="yellow",
            )
        )
    if found.apart:
        first = found.apart[0]
        named = f"{first.label} {first.field}" + (" …" if len(found.apart) > 1 else "")
        said = f"{plural(len(found.apart), 'value differs', 'values differ')} since an undo put one back"
        lines.append(Text(f"{said} ({named}): tandem explain ACCOUNT FIELD", style="yellow"))
    if found.unsettled_writes:
        lines.append(
            Text(
                f"{plural(found.unsettled_writes, 'write')} of a Run that died; the next Run finds out.",
                style="yellow",
            )
        )
    lines += [Text(f"■ every account: {line(hold.message)}", style="red") for hold in found.fields_held]
    reasons = held_reasons(found.held)
    for reason in reasons[:_REASONS]:
        like = "; the others in like words" if reason.varied else ""
        lines.append(Text(f"■ {reason.values:,} held: {reason.text}{like}", style="red"))
    if len(reasons) > _REASONS:
        more = plural(len(reasons) - _REASONS, "more reason")
        lines.append(Text(f"■ … and {more}", style="red"))
    if reasons or found.fields_held:
        lines.append(Text("What to do about each: tandem held list", style=FAINT))
    return Group(*lines)


def _drift_lines(found: Status) -> list[RenderableType]:
    if found.drift is None:
        return []
    since = naturaldelta(found.now - found.drift.since)
    head = f"Definitions have drifted for {since}; look with: tandem provision plan"
    return [Text(head, style="red"), *(Text(f"  {line}", style="red") for line in found.drift.lines), Text()]


def _runs(found: Status) -> RenderableType:
    if not found.runs:
        return Text("No Run yet. Begin with: tandem plan", style=FAINT)
    listing = Listing(
        columns=(
            Column(name="Run", least=13, whole=True),
            Column(name="kind", least=8),
            Column(name="began", least=9),
            Column(name="took", least=10, spare=1),
            Column(name="outcome", least=7),
            Column(name="what", least=20),
            Column(name="API calls", least=14, spare=2),
        ),
        rows=[_run_row(fold, found) for fold in found.runs],
    )
    return Group(listing, *_unfinished(found))


def _run_row(fold: RunFold, found: Status) -> tuple[str | Text, ...]:
    run = fold.runs[0]
    done = what(run)
    if len(fold.runs) > 1:
        done = f"{done}, and so {len(fold.runs) - 1:,} before it since {_ago(fold.runs[-1].started_at, found.now)}"
    return (
        run.id,
        run.kind,
        _ago(run.started_at, found.now),
        took(run),
        outcome(run, found.running),
        done,
        calls(run),
    )


def _unfinished(found: Status) -> Iterator[Text]:
    """Who works with the ledger, and what became of those who no longer do."""
    if found.died:
        ids = ", ".join(run.id for run in found.died)
        yield Text(
            f"{plural(len(found.died), 'Run')} died before the end: {ids}. The next Run finds out what was "
            "written, and goes on.",
            style="yellow",
        )
    lease = found.lease
    if lease is not None:
        ends = in_words(lease.expires_at)
        yield Text(
            f"{lease.holder} works with the ledger (process {lease.pid} on {lease.host}, since "
            f"{naturaldelta(found.now - lease.since)}). Its lease ends at {ends} unless it is renewed; should it "
            "have died there, the next Run begins then.",
            style="cyan",
        )


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
        said = f"  next {job}: in {naturaldelta(max(at - found.now, timedelta(0)))}"
        lines.append(Text(f"{said}, because {trouble}" if trouble else said, style="red" if trouble else ""))
    return lines


def _call_lines(found: Status) -> Iterator[Text]:
    for day in found.calls:
        allowed = day.allowance
        counted = "since" if allowed.resets_at is not None else "in 24 hours, since"
        yield Text(
            f"{allowed.system}: {day.used:,} of Tandem's {allowed.ours:,} calls of the day are used ({counted} "
            f"{in_words(allowed.day_began(found.now))}).",
            style="yellow" if day.used >= NEAR * allowed.ours else "",
        )


def _ago(at: datetime | None, now: datetime) -> str:
    return "never" if at is None else naturaltime(max(now - at, timedelta(0)))
