"""What a sound ledger holds, as a terminal shows it."""

from __future__ import annotations

from collections.abc import Mapping

from rich.console import Group, RenderableType
from rich.text import Text

from commands.views.listing import Column, Listing, Names


def ledger_view(rows: Mapping[str, int]) -> RenderableType:
    """How much stands in each table."""
    listing = Listing(
        columns=(Column(name="table", least=20), Column(name="rows", least=14, right=True)),
        rows=[(f"  {name}", f"{count:,}") for name, count in rows.items()],
        names=Names.NOWHERE,
    )
    return Group(Text("The ledger is sound.", style="green"), listing)
