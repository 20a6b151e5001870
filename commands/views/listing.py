"""Lists of records: a table on a terminal, one record a line everywhere else. Nothing in them is ever cut."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import click
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from commands.views.text import FAINT

#: Blanks between two columns.
_GAP = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column of a Listing."""

    name: str
    #: It folds down to so many characters, and no further while another column can go.
    least: int = 10
    #: Left out where there is no room for all, the highest first; 0: never.
    spare: int = 0
    style: str = ""
    right: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """Rows of text under their columns."""

    columns: tuple[Column, ...]
    rows: Sequence[Sequence[str | Text]]

    def shown(self, width: int) -> tuple[dict[int, int], tuple[str, ...]]:
        """The columns that fit, by place, each with its width; and the names of those that are left out."""
        natural = [
            max(
                [cell_len(column.name), *(cell_len(line) for row in self.rows for line in _lines(row[place]))]
            )
            for place, column in enumerate(self.columns)
        ]
        widths = {place: min(natural[place], column.least) for place, column in enumerate(self.columns)}
        left_out: list[int] = []
        while _taken(widths) > width:
            place = max(widths, key=lambda each: self.columns[each].spare)
            if self.columns[place].spare == 0:
                break
            left_out.append(place)
            del widths[place]
        while _taken(widths) > width and max(widths.values()) > 1:
            widths[max(widths, key=widths.__getitem__)] -= 1
        # The rest of the room goes to whichever column shows the smallest part of its text in one line.
        for _ in range(width - _taken(widths)):
            tight = min(widths, key=lambda each: widths[each] / natural[each])
            widths[tight] += widths[tight] < natural[tight]
        return widths, tuple(self.columns[place].name for place in sorted(left_out))

    def table(self, width: int) -> tuple[Table, tuple[str, ...]]:
        """For a terminal of this width, with the names of the columns that are left out."""
        widths, left_out = self.shown(width)
        table = Table(box=None, pad_edge=False, padding=(0, _GAP, 0, 0), header_style=FAINT)
        for place, taken in widths.items():
            column = self.columns[place]
            table.add_column(
                column.name,
                width=taken,
                overflow="fold",
                style=column.style,
                justify="right" if column.right else "left",
            )
        for row in self.rows:
            table.add_row(*(_text(row[place]) for place in widths))
        return table, left_out

    def lines(self) -> Iterator[str]:
        """One record a line, columns apart by tabs, for other programs."""
        for row in self.rows:
            yield "\t".join(" ".join(_text(cell).plain.split()) for cell in row).rstrip()


def show(console: Console, listing: Listing) -> None:
    """As it suits what ``console`` writes to."""
    if not console.is_terminal:
        for line in listing.lines():
            click.echo(line, file=console.file)
        return
    table, left_out = listing.table(console.width)
    console.print(table)
    if left_out:
        named = ", ".join(left_out)
        console.print(
            Text(f"No room for: {named}. A wider terminal, a pipe or --json shows them.", style=FAINT)
        )


def remark(console: Console, text: Text) -> None:
    """What is no record: beside the list on a terminal, on standard error where programs read the list."""
    if console.is_terminal:
        console.print(text)
    else:
        click.echo(text.plain, err=True)


def _taken(widths: dict[int, int]) -> int:
    return sum(widths.values()) + _GAP * max(len(widths) - 1, 0)


def _lines(cell: str | Text) -> list[str]:
    return _text(cell).plain.splitlines() or [""]


def _text(cell: str | Text) -> Text:
    return Text(cell) if isinstance(cell, str) else cell
