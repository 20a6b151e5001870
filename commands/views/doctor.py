"""What the doctor found, as a terminal shows it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from provision.doctor.checks import Check, State

_FAINT = "bright_black"
_MARKS: Mapping[State, tuple[str, str]] = {
    State.OK: ("✓", "green"),
    State.WARN: ("!", "yellow"),
    State.FAIL: ("✗", "bold red"),
}
#: Details of one check that are listed; ``--json`` has all of them.
_LISTED = 10


def doctor_view(checks: Sequence[Check]) -> RenderableType:
    """One line for each check, and below it what to do where something is to be done."""
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column("check", no_wrap=True)
    table.add_column("what", no_wrap=True)
    table.add_column("message")
    about = None
    for check in checks:
        if check.about != about:
            about = check.about
            table.add_row(Text(about, style="bold"))
        mark, style = _MARKS[check.state]
        table.add_row(Text(f"  {mark}", style=style), Text(check.name, style=_FAINT), _message(check, style))
    return Group(table, _totals(checks))


def _message(check: Check, style: str) -> Text:
    text = Text(check.message, style="" if check.state is State.OK else style)
    if check.state is State.OK:
        return text
    if check.details and not all(detail in check.message for detail in check.details):
        more = len(check.details) - _LISTED
        listed = ", ".join(check.details[:_LISTED]) + (f" and {more:,} more" if more > 0 else "")
        text.append(f" ({listed})")
    if check.remedy:
        text.append(f"\n→ {check.remedy}", style="default")
    return text


def _totals(checks: Sequence[Check]) -> Text:
    counts = Counter(check.state for check in checks)
    words = [
        (State.FAIL, "to fix", "bold red"),
        (State.WARN, "to look at", "yellow"),
        (State.OK, "well", "green"),
    ]
    parts = [Text(f"{counts[state]:,} {word}", style=style) for state, word, style in words if counts[state]]
    return Text(", ").join(parts)
