"""Why nothing is in scope, for the terminal."""

from __future__ import annotations

from collections.abc import Iterator

from rich.text import Text

from commands.views.text import plural
from insight.scope import EmptyScope


def empty_scope_lines(found: EmptyScope) -> Iterator[Text]:
    """A line for each System and each reason, and what to do."""
    yield Text("No account is kept in step yet.", style="bold yellow")
    for name, counted in found.systems.items():
        inside = f"{counted.in_scope:,} in scope" if counted.in_scope else "none in scope"
        yield Text.assemble((f"  {name}: ", "bold"), f"{plural(counted.read, 'account')} read, {inside}")
        for reason, count in counted.left_out[:5]:
            yield Text(f"    {count:,}: {reason}")
        if len(counted.left_out) > 5:
            rest = sum(count for _, count in counted.left_out[5:])
            yield Text(f"    {rest:,}: for other reasons")
    yield Text.assemble(("what to do  ", "bold"), found.remedy)
