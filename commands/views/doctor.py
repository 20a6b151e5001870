"""What the doctor found, as a terminal shows it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from rich.console import Group, RenderableType
from rich.text import Text

from commands.views.listing import Column, Listing, Names
from commands.views.text import FAINT, line
from provision.doctor.checks import Check, State

_MARKS: Mapping[State, tuple[str, str]] = {
    State.OK: ("✓", "green"),
    State.WARN: ("!", "yellow"),
    State.FAIL: ("✗", "bold red"),
}
#: Details of one check that are listed; ``--json`` has all of them.
_LISTED = 10


#: Is told also where it is well: people copy it into tandem.yaml.
_ALWAYS = frozenset({"identity", "file"})


def doctor_view(checks: Sequence[Check], *, verbose: bool = False) -> RenderableType:
    """One line for each check, and below it what to do where something is to be done. What is well is one line for each
    System, unless ``verbose``."""
    checks, every = (checks if verbose else list(_folded(checks))), checks
    listing = Listing(
        columns=(
            Column(name="about", style="bold"),
            Column(name="state", least=1),
            Column(name="check", least=12),
            Column(name="message", least=20),
        ),
        rows=[_row(check) for check in checks],
        headings=1,
        names=Names.NOWHERE,
    )
    return Group(listing, _totals(every))


def _folded(checks: Sequence[Check]) -> Iterator[Check]:
    """What is well in one check for each thing that it is about, behind what is not."""
    for about in dict.fromkeys(check.about for check in checks):
        ours = [check for check in checks if check.about == about]
        well = [check for check in ours if check.state is State.OK and check.name not in _ALWAYS]
        yield from (check for check in ours if check.state is not State.OK or check.name in _ALWAYS)
        names = list(dict.fromkeys(check.name for check in well))
        if names:
            yield Check(about=about, name="well", message=", ".join(names))


def _row(check: Check) -> tuple[str | Text, ...]:
    mark, style = _MARKS[check.state]
    return (
        check.about,
        Text(mark, style=style),
        Text(check.name, style=FAINT),
        _message(check, style),
    )


def _message(check: Check, style: str) -> Text:
    text = Text(check.message, style="" if check.state is State.OK else style)
    if check.state is State.OK:
        return text
    if check.details and not all(detail in check.message for detail in check.details):
        more = len(check.details) - _LISTED
        listed = ", ".join(line(detail) for detail in check.details[:_LISTED]) + (
            f" and {more:,} more" if more > 0 else ""
        )
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
