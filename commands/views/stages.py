"""What was found about stages, and a first mapping of them, as a terminal shows it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from rich.console import Group, RenderableType
from rich.text import Text

from commands.views.listing import Column, Listing, Names
from commands.views.text import FAINT, plural
from provision.stages.contract import StageReport
from provision.stages.findings import Kept, Kind, StageFinding
from provision.stages.first_mapping import Mapped

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
        parts.append(Text.assemble((system, "bold"), (f"  {identity}", FAINT)))
        mine = [finding for finding in report.findings if finding.system == system]
        shown = [finding for finding in mine if verbose or not _is_quiet(finding)]
        kept = [one for one in report.kept if one.system == system] if verbose else []
        if shown:
            parts.append(_listing(shown))
        if kept:
            parts.append(_kept_listing(kept))
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
    if finding.fixable:
        return "~", "yellow"
    if finding.drift:
        return "!", "bold red"
    return ("·", FAINT) if _is_quiet(finding) else ("?", "cyan")


def _listing(findings: Sequence[StageFinding]) -> Listing:
    rows = []
    for finding in findings:
        mark, style = _mark(finding)
        rows.append(
            (
                f"  {finding.object}.{finding.field}",
                Text(f"  {mark}", style=style),
                Text(finding.kind, style=style),
                _named(finding),
                _sides(finding),
                Text(plural(finding.records, "record") if finding.records else "", style="bold"),
                _reason(finding),
            )
        )
    return Listing(
        columns=(
            Column(name="field", style=FAINT),
            Column(name="", least=3),
            Column(name="what", least=10),
            Column(name="value", least=12),
            Column(name="stands", least=12),
            Column(name="records", least=9, whole=True),
            Column(name="reason", least=18),
        ),
        rows=rows,
        headings=1,
        names=Names.NOWHERE,
    )


def _kept_listing(kept: Sequence[Kept]) -> Listing:
    return Listing(
        columns=(
            Column(name="field", style=FAINT),
            Column(name="", least=3),
            Column(name="value", least=20),
            Column(name="means", least=12),
            Column(name="stands", least=12),
        ),
        rows=[
            (
                f"  {one.object}.{one.field}",
                Text("  =", style="green"),
                _named(one),
                one.means,
                Text(one.stands, style=FAINT),
            )
            for one in kept
        ],
        headings=1,
        names=Names.NOWHERE,
    )


def _named(finding: StageFinding | Kept) -> Text:
    text = Text(finding.label or finding.value)
    if finding.value and finding.label and finding.value != finding.label:
        text.append(f" {finding.value}", style=FAINT)
    if finding.pipeline:
        text.append(f" ({finding.pipeline})", style=FAINT)
    return text


def _sides(finding: StageFinding) -> Text:
    if not finding.should:
        return Text(finding.stands)
    return Text.assemble((finding.stands or "∅", "red"), (" → ", FAINT), (finding.should, "green"))


def _reason(finding: StageFinding) -> Text:
    where = f" ({finding.where})" if finding.where else ""
    text = Text(_sentence(f"{finding.reason}{where}"), style=FAINT)
    if finding.proposal:
        text.append("\nIt looks like ", style=FAINT).append(finding.proposal, style="green")
        text.append(f": {_ended(finding.because)}", style=FAINT)
    if finding.does:
        text.append(f"\nTandem {_ended(finding.does)}", style="default")
    if finding.remedy:
        text.append(f"\n→ {_sentence(finding.remedy)}", style="default")
    return text


def _sentence(text: str) -> str:
    return _ended(text[:1].upper() + text[1:])


def _ended(text: str) -> str:
    """With a full stop; not behind what is to be copied."""
    return text if not text or text.endswith((".", "!", "?", ":")) or "tandem " in text[-40:] else f"{text}."


def _totals(report: StageReport, *, verbose: bool) -> Text:
    kinds = Counter(_sort(finding) for finding in report.findings)
    if not report.findings or not any(kinds[sort] for sort in ("fixable", "person", "contradiction")):
        line = Text(
            f"In order: {plural(report.rungs, 'rung')} and {plural(report.stages, 'opportunity stage')}.",
            style="green",
        )
    else:
        named = [
            ("fixable", "for tandem stages apply", "yellow"),
            ("person", "for you to decide", "bold red"),
            ("contradiction", "to know about the CRM's own definitions", "cyan"),
        ]
        parts = [Text(f"{kinds[sort]:,} {words}", style=style) for sort, words, style in named if kinds[sort]]
        line = Text(", ").join(parts)
    if kinds["note"] and not verbose:
        line.append(f" ({plural(kinds['note'], 'note')}: -v)", style=FAINT)
    return line


def _sort(finding: StageFinding) -> str:
    if finding.fixable:
        return "fixable"
    if finding.drift:
        return "person"
    return "note" if _is_quiet(finding) else "contradiction"


def mapped_view(mapped: Mapping[str, Sequence[Mapped]]) -> RenderableType:
    """What would be written into which file, those that a person must decide on top."""
    return Listing(
        columns=(
            Column(name="file", style="bold"),
            Column(name="", least=1),
            Column(name="entry", least=18),
            Column(name="value", least=14),
            Column(name="reason", least=18, style=FAINT),
        ),
        rows=[
            (
                file,
                Text(mark, style=style),
                Text(entry.key, style=style),
                Text(entry.value, style=style),
                entry.told,
            )
            for file, entries in mapped.items()
            for entry in sorted(entries, key=lambda entry: entry.sure)
            for mark, style in [("+", "green") if entry.sure else ("?", "yellow")]
        ],
        headings=1,
        names=Names.NOWHERE,
    )
