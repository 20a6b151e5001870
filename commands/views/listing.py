"""Lists of records: a table on a terminal, one record a line everywhere else. Nothing in them is ever cut."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from itertools import groupby

import click
from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, Group, RenderableType
from rich.padding import Padding
from rich.segment import Segment
from rich.table import Table
from rich.text import Text

from commands.views.text import FAINT, harmless_text, line, one_line

#: Blanks between two columns.
_GAP = 2
#: Blanks in front of the rows below a heading.
_INDENT = 2
#: Between the parts of a heading.
_APART = Text("  ")


class Names(Enum):
    """Where the columns of a Listing are named."""

    TERMINAL = auto()
    #: In a pipe, too, where figures would say nothing without.
    EVERYWHERE = auto()
    NOWHERE = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column of a Listing."""

    name: str
    #: It folds down to so many characters, and no further while another column can go.
    least: int = 10
    #: Left out where there is no room for all, the highest first; 0: never.
    spare: int = 0
    style: str = ""
    #: Figures: to the right, and never folded.
    right: bool = False
    #: Ids: folded between words only.
    whole: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """Rows of text under their columns, for any console: a table on a terminal, lines elsewhere."""

    columns: tuple[Column, ...]
    rows: Sequence[Sequence[str | Text]]
    #: On a terminal, so many columns at the front stand as a line above the rows that share them.
    headings: int = 0
    names: Names = Names.TERMINAL

    def shown(self, width: int) -> tuple[dict[int, int], tuple[str, ...]]:
        """The columns that fit, by place, each with its width; and the names of those that are left out."""
        columns = list(enumerate(self.columns))[self.headings :]
        natural = {
            place: max(
                [
                    cell_len(column.name) if self.names is not Names.NOWHERE else 0,
                    *(cell_len(line) for row in self.rows for line in _lines(row[place])),
                ]
            )
            for place, column in columns
        }
        # A column in which nothing stands needs no room.
        widths = {
            place: min(natural[place], max(column.least, self._whole(place)))
            for place, column in columns
            if natural[place]
        }
        left_out: list[int] = []
        while _taken(widths) > width:
            place = max(widths, key=lambda each: self.columns[each].spare)
            if self.columns[place].spare == 0:
                break
            left_out.append(place)
            del widths[place]
        while _taken(widths) > width and max(widths.values(), default=0) > 1:
            widths[max(widths, key=widths.__getitem__)] -= 1
        # The rest of the room goes to whichever column shows the smallest part of its text in one line.
        for _ in range(width - _taken(widths) if widths else 0):
            tight = min(widths, key=lambda each: widths[each] / natural[each])
            widths[tight] += widths[tight] < natural[tight]
        return widths, tuple(self.columns[place].name for place in sorted(left_out))

    def _whole(self, place: int) -> int:
        """The longest word of a column whose words are not broken."""
        column = self.columns[place]
        if not (column.right or column.whole):
            return 0
        words = [word for row in self.rows for word in _text(row[place]).plain.split()]
        if self.names is not Names.NOWHERE:
            words += column.name.split()
        return max(map(cell_len, words), default=0)

    def table(self, width: int) -> tuple[RenderableType, tuple[str, ...]]:
        """For a terminal of this width, with the names of the columns that are left out."""
        indent = _INDENT if self.headings else 0
        widths, left_out = self.shown(width - indent)
        parts: list[RenderableType] = []
        named = self.names is not Names.NOWHERE
        for heading, rows in groupby(
            self.rows, lambda row: tuple(_text(cell) for cell in row[: self.headings])
        ):
            table = self._rows(list(rows), widths, named=named)
            if not self.headings:
                parts.append(table)
                continue
            above = _APART.join(
                _styled(cell, self.columns[place].style) for place, cell in enumerate(heading) if cell.plain
            )
            parts += [above, Padding(table, (0, 0, 0, indent), expand=False)]
            named = False
        return Group(*parts), left_out

    def _rows(self, rows: Sequence[Sequence[str | Text]], widths: dict[int, int], *, named: bool) -> Table:
        table = Table(
            box=None, pad_edge=False, padding=(0, _GAP, 0, 0), header_style=FAINT, show_header=named
        )
        for place, taken in widths.items():
            column = self.columns[place]
            table.add_column(
                column.name,
                width=taken,
                overflow="fold",
                style=column.style,
                justify="right" if column.right else "left",
            )
        for row in rows:
            table.add_row(*(_text(row[place]) for place in widths))
        return table

    def lines(self) -> Iterator[str]:
        """One record a line, columns apart by tabs, for other programs."""
        if self.names is Names.EVERYWHERE and self.rows:
            yield "\t".join(column.name for column in self.columns).rstrip()
        for row in self.rows:
            yield "\t".join(one_line(_text(cell).plain) for cell in row).rstrip()

    def __rich_console__(
        self, console: Console, options: ConsoleOptions
    ) -> Iterator[RenderableType | Segment]:
        """As it suits what ``console`` writes to."""
        if not console.is_terminal:
            for line in self.lines():
                # As a Text its tabs would become blanks.
                yield Segment(line)
                yield Segment.line()
            return
        table, left_out = self.table(options.max_width)
        yield table
        if left_out:
            named = ", ".join(left_out)
            yield Text(f"No room for: {named}. A wider terminal, a pipe or --json shows them.", style=FAINT)


@dataclass(frozen=True, slots=True)
class Remark:
    """What is no record: a total, a hint. It stands beside a list on a terminal, and must not stand in one that a
    program reads."""

    text: Text

    def __rich_console__(self, _console: Console, _options: ConsoleOptions) -> Iterator[RenderableType]:
        yield self.text


def show(console: Console, told: RenderableType) -> None:
    """Print it; what is no record goes to standard error where programs read the records."""
    if isinstance(told, Group):
        for part in told.renderables:
            show(console, part)
    elif isinstance(told, Remark) and not console.is_terminal:
        click.echo(harmless_text(told.text).plain, err=True)
    else:
        console.print(told)


def _taken(widths: dict[int, int]) -> int:
    return sum(widths.values()) + _GAP * max(len(widths) - 1, 0)


def _lines(cell: str | Text) -> list[str]:
    return _text(cell).plain.split("\n")


def _text(cell: str | Text) -> Text:
    """What is a mere str came from outside, and is one line whatever stands in it."""
    text = Text(line(cell)) if isinstance(cell, str) else harmless_text(cell)
    if "\t" in text.plain:
        text = text.copy()
        text.plain = text.plain.replace("\t", " ")
    return text


def _styled(text: Text, style: str) -> Text:
    return Text.assemble((text.plain, style)) if style and not text.spans and not text.style else text
