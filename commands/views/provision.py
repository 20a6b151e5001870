"""What provisioning would do, as a terminal shows it."""

from __future__ import annotations

from collections.abc import Mapping

from rich.console import Group, RenderableType
from rich.text import Text

from commands.views.listing import Column, Listing, Names
from commands.views.text import FAINT, plural
from provision.fields.plan import DefinitionPlan
from provision.fields.state import NO_RECORD, Action, Line

#: The sign in front of a line, and its colour.
MARKS: Mapping[Action, tuple[str, str]] = {
    Action.CREATE: ("+", "green"),
    Action.CHANGE: ("~", "yellow"),
    Action.GRANT: ("*", "cyan"),
    Action.WRONG: ("!", "bold red"),
    Action.SETTLING: ("…", FAINT),
    Action.KEEP: ("=", FAINT),
}
#: In place of the action's own: what makes a field hold less, because it was named.
_NARROWS = ("-", "red")
#: Attributes whose text is no list.
_PROSE = frozenset({"label", "help", "option descriptions"})
#: So many of a long list are shown.
_MOST_PARTS = 12
_QUIET = frozenset({Action.KEEP})


def provision_view(plan: DefinitionPlan, *, verbose: bool = False) -> RenderableType:
    """Every finding by System and object, what stands and what should stand side by side, below it the reason and what
    becomes of records; then counts.

    ``verbose``: with fields that are in order, and where no record changes.
    """
    parts: list[RenderableType] = []
    for system, identity in plan.identities.items():
        lines = [line for line in plan.lines if line.system == system]
        for object in dict.fromkeys(line.object for line in lines):
            head = Text.assemble((system, "bold"), f" {object}", (f"  {identity}", FAINT))
            parts += _of_object(head, [line for line in lines if line.object == object], verbose=verbose)
    parts.append(_totals(plan))
    silent = any(line.effect == NO_RECORD for line in plan.steps)
    if silent and not verbose:
        parts.append(Text("Where nothing is said of records, none changes.", style=FAINT))
    return Group(*parts)


def _of_object(head: Text, lines: list[Line], *, verbose: bool) -> list[RenderableType]:
    shown = [line for line in lines if verbose or line.action not in _QUIET]
    quiet = len(lines) - len(shown)
    parts: list[RenderableType] = [_listing(head, shown, verbose=verbose)] if shown else [head]
    if quiet:
        parts.append(Text(f"  = {quiet:,} in order", style=FAINT if shown else "green"))
    return parts


def _listing(head: Text, lines: list[Line], *, verbose: bool) -> Listing:
    rows = []
    for line in lines:
        mark, style = _NARROWS if line.narrows and line.action is Action.CHANGE else MARKS[line.action]
        told = [part for part in (_sides(line, whole=verbose), _reason(line, verbose=verbose)) if part.plain]
        rows.append(
            (
                head,
                Text(mark, style=style),
                Text(line.field, style=style),
                Text(line.attribute or _verb(line), style="" if line.attribute else FAINT),
                Text("\n").join(told),
            )
        )
    return Listing(
        columns=(
            Column(name="object"),
            Column(name="", least=1),
            Column(name="field", least=18),
            Column(name="what", least=12),
            Column(name="stands, should and why", least=24),
        ),
        rows=rows,
        headings=1,
        names=Names.NOWHERE,
    )


def _verb(line: Line) -> str:
    return "in order" if line.action is Action.KEEP else str(line.action)


def _sides(line: Line, *, whole: bool) -> Text:
    stands, should = (
        text if whole or line.attribute in _PROSE else _shortened(text) for text in (line.stands, line.should)
    )
    if not should:
        return Text(stands)
    return Text.assemble((stands or "∅", "red"), (" → ", FAINT), (should, "green"))


def _shortened(text: str) -> str:
    """A list of values, fields or people as far as anybody reads it."""
    parts = text.split(", ")
    if len(parts) <= _MOST_PARTS + 1:
        return text
    # How many are left out cannot be told: a value may hold a comma itself.
    return f"{', '.join(parts[:_MOST_PARTS])} and more (-v)"


def _reason(line: Line, *, verbose: bool) -> Text:
    text = Text(line.reason, style=FAINT)
    if line.effect and (verbose or line.effect != NO_RECORD):
        text.append(f"; {line.effect}", style="red" if line.narrows else "")
    if line.remedy:
        text.append(f". {line.remedy}", style="red" if line.blocks else "yellow")
    return text


def _totals(plan: DefinitionPlan) -> Text:
    counts = plan.counts()
    if not plan.steps and not plan.problems and not counts[Action.WRONG]:
        return Text(f"In order: {plural(counts[Action.KEEP], 'field')}.", style="green")
    named = [
        ("to create", counts[Action.CREATE], "green"),
        ("to change", counts[Action.CHANGE], "yellow"),
        ("to grant", counts[Action.GRANT], "cyan"),
        ("for you to fix first", len(plan.problems), "bold red"),
        ("off the contract", counts[Action.WRONG] - len(plan.problems), "red"),
        ("settling", counts[Action.SETTLING], FAINT),
        ("in order", counts[Action.KEEP], "green"),
    ]
    parts = [Text(f"{count:,} {words}", style=style) for words, count, style in named if count]
    return Text(", ").join(parts)
