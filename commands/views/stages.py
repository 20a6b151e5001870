"""What was found about stages, and a first mapping of them, as a terminal shows it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from commands.views.text import plural
from provision.stages.contract import StageReport
from provision.stages.findings import Kept, Kind, StageFinding
from provision.stages.first_mapping import Mapped

_FAINT = "bright_black"
#: Told with ``-v`` only, but where something has to be done.
_QUIET = frozenset({Kind.NOTE, Kind.GONE})


def stages_view(
    report: StageReport, *, verbose: bool = False, undecided: Sequence[str] = ()
) -> RenderableType:
    """Every finding by System and field, what Tandem does with it and what a person can do, then counts.

    ``undecided``: places of guesses that nobody has decided yet.
    """
    parts: list[RenderableType] = []
    for system, identity in report.identities.items():
        parts.append(Text.assemble((system, "bold"), (f"  {identity}", _FAINT)))
        mine = [finding for finding in report.findings if finding.system == system]
        shown = [finding for finding in mine if verbose or not _is_quiet(finding)]
        kept = [one for one in report.kept if one.system == system] if verbose else []
        if shown:
            parts.append(_table(shown))
        if kept:
            parts.append(_kept_table(kept))
        if not (shown or kept):
            parts.append(Text("  = in order", style="green"))
    parts.append(_totals(report, verbose=verbose))
    if undecided:
        guesses = plural(len(undecided), "guess", "guesses")
        parts.append(Text(f"{guesses} still to be decided: {', '.join(undecided)}", style="yellow"))
    return Group(*parts)


def _is_quiet(finding: StageFinding) -> bool:
    return finding.kind in _QUIET and not finding.drift and not finding.proposal


def _mark(finding: StageFinding) -> tuple[str, str]:
    if finding.mends:
        return "~", "yellow"
    if finding.drift:
        return "!", "bold red"
    return ("·", _FAINT) if _is_quiet(finding) else ("?", "cyan")


def _table(findings: Sequence[StageFinding]) -> Table:
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column("what", no_wrap=True)
    table.add_column("value", max_width=36)
    table.add_column("stands")
    table.add_column("records", justify="right", no_wrap=True)
    table.add_column("reason", ratio=1)
    about = None
    for finding in findings:
        if (finding.object, finding.field) != about:
            about = (finding.object, finding.field)
            table.add_row(Text(f"  {finding.object}.{finding.field}", style=_FAINT))
        mark, style = _mark(finding)
        table.add_row(
            Text(f"  {mark} {finding.kind}", style=style),
            _named(finding),
            _sides(finding),
            Text(plural(finding.records, "record") if finding.records else "", style="bold"),
            _reason(finding),
        )
    return table


def _kept_table(kept: Sequence[Kept]) -> Table:
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column("value", max_width=60)
    table.add_column("means", no_wrap=True)
    table.add_column("stands")
    about = None
    for one in kept:
        if (one.object, one.field) != about:
            about = (one.object, one.field)
            table.add_row(Text(f"  {one.object}.{one.field}", style=_FAINT))
        table.add_row(
            Text.assemble(("  = ", "green"), _named(one)), Text(one.means), Text(one.stands, style=_FAINT)
        )
    return table


def _named(finding: StageFinding | Kept) -> Text:
    text = Text(finding.label or finding.value)
    if finding.value and finding.label and finding.value != finding.label:
        text.append(f" {finding.value}", style=_FAINT)
    if finding.pipeline:
        text.append(f" ({finding.pipeline})", style=_FAINT)
    return text


def _sides(finding: StageFinding) -> Text:
    if not finding.should:
        return Text(finding.stands)
    return Text.assemble((finding.stands or "∅", "red"), (" → ", _FAINT), (finding.should, "green"))


def _reason(finding: StageFinding) -> Text:
    text = Text(finding.reason, style=_FAINT)
    if finding.where:
        text.append(f" ({finding.where})", style=_FAINT)
    if finding.proposal:
        text.append("\nlooks like ", style=_FAINT).append(finding.proposal, style="green")
        text.append(f": {finding.because}", style=_FAINT)
    if finding.does:
        text.append(f"\nTandem {finding.does}", style="default")
    if finding.remedy:
        text.append(f"\n→ {finding.remedy}", style="default")
    return text


def _totals(report: StageReport, *, verbose: bool) -> Text:
    kinds = Counter(_sort(finding) for finding in report.findings)
    if not report.findings or not any(kinds[sort] for sort in ("mends", "person", "contradiction")):
        line = Text(
            f"In order: {plural(report.rungs, 'rung')} and {plural(report.stages, 'opportunity stage')}.",
            style="green",
        )
    else:
        named = [
            ("mends", "for tandem stages apply", "yellow"),
            ("person", "for you to decide", "bold red"),
            ("contradiction", "to know about the CRM's own definitions", "cyan"),
        ]
        parts = [Text(f"{kinds[sort]:,} {words}", style=style) for sort, words, style in named if kinds[sort]]
        line = Text(", ").join(parts)
    if kinds["note"] and not verbose:
        line.append(f" ({plural(kinds['note'], 'note')}: -v)", style=_FAINT)
    return line


def _sort(finding: StageFinding) -> str:
    if finding.mends:
        return "mends"
    if finding.drift:
        return "person"
    return "note" if _is_quiet(finding) else "contradiction"


def mapped_view(mapped: Mapping[str, Sequence[Mapped]]) -> RenderableType:
    """What would be written into which file, those that a person must decide on top."""
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column("entry", no_wrap=True)
    table.add_column("value", no_wrap=True)
    table.add_column("reason")
    for file, entries in mapped.items():
        table.add_row(Text(file, style="bold"))
        for entry in sorted(entries, key=lambda entry: entry.sure):
            mark, style = ("+", "green") if entry.sure else ("?", "yellow")
            table.add_row(
                Text(f"  {mark} {entry.key}", style=style),
                Text(entry.value, style=style),
                Text(entry.told, style=_FAINT),
            )
    return table
