"""Figures beside their targets, as a terminal shows them."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from typing import NoReturn

from rich.console import Console
from rich.table import Table

from benchmarks.targets import Figure


def report(figures: Iterable[Figure], *, beside: Mapping[str, str] | None = None) -> NoReturn:
    """Print the figures, and end with 1 where one is missed. ``beside``: what is only told, above them."""
    table = Table("what", "measured", "target", "", box=None, header_style="bold")
    for column in (1, 2):
        table.columns[column].justify = "right"
    for what, shown in (beside or {}).items():
        table.add_row(what, shown, "", "")
    missed = 0
    for figure in figures:
        missed += figure.missed
        target = f"{figure.target:g}" if figure.target is not None else ""
        verdict = "missed" if figure.missed else "ok" if figure.target is not None else ""
        table.add_row(figure.what, figure.shown, target, verdict, style="red" if figure.missed else None)
    Console(width=120).print(table)
    sys.exit(1 if missed else 0)
