"""CSV as Bulk API 2.0 reads and writes it. Pure.

Source: Salesforce, Bulk API 2.0: "Prepare CSV Files", "Valid CSV Record Rows". Values are not trimmed, quotes are
doubled, a blank outside the quotes next to a quote spoils the row.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

DELIMITERS = {"BACKQUOTE": "`", "CARET": "^", "COMMA": ",", "PIPE": "|", "SEMICOLON": ";", "TAB": "\t"}
LINE_ENDINGS = {"LF": "\n", "CRLF": "\r\n"}
LineEnding = Literal["LF", "CRLF"]

_DATETIME = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3})\+0000\Z")


class UnreadableFile(ValueError):
    """A file that is no table at all: the job fails with this message before any row is written."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """One data row as it was sent; `problem` says why it cannot be read."""

    cells: tuple[str, ...]
    problem: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class CsvTable:
    """A header and its rows."""

    header: tuple[str, ...]
    lines: tuple[Line, ...]


def read(text: str, *, delimiter: str, line_ending: str) -> CsvTable:
    """Read a file. `delimiter` and `line_ending` are the job's words, e.g. COMMA and LF. Raises Unreadable."""
    text = text.removeprefix("\ufeff")
    mark, ending = DELIMITERS[delimiter], LINE_ENDINGS[line_ending]
    first = re.search(r"\r\n|\n|\r", text)
    if first is not None and first.group(0) != ending:
        raise UnreadableFile(
            f"ClientInputError : LineEnding is invalid on user data. Current LineEnding setting is {line_ending}"
        )
    records = _records(text, mark, ending)
    if not records:
        raise UnreadableFile("InvalidBatch : The file has no header row")
    header, *rows = records
    if header.problem:
        raise UnreadableFile(f"InvalidBatch : {header.problem}")
    width = len(header.cells)
    lines = tuple(_checked(row, width) for row in rows if row.cells != ("",) or width == 1)
    return CsvTable(header=header.cells, lines=lines)


def _checked(line: Line, width: int) -> Line:
    if line.problem or len(line.cells) == width:
        return line
    return Line(cells=line.cells, problem=f"the row has {len(line.cells)} cells where the header has {width}")


@cache
def _splitter(mark: str, ending: str) -> re.Pattern[str]:
    """One cell and what ends it: the delimiter, the end of the line, or the end of the file."""
    sign, end = re.escape(mark), re.escape(ending)
    return re.compile(
        rf'(?:"(?P<quoted>(?:[^"]|"")*)"(?P<after>[^{sign}\r\n]*)|(?P<plain>[^{sign}\r\n]*))(?P<end>{sign}|{end}|\Z)'
    )


def _records(text: str, mark: str, ending: str) -> list[Line]:
    pattern = _splitter(mark, ending)
    found: list[Line] = []
    cells: list[str] = []
    problem: str | None = None
    place = 0
    while place < len(text) or cells:
        match = pattern.match(text, place)
        if match is None:
            raise UnreadableFile(
                f"ClientInputError : the file cannot be read from character {place} on: an unfinished quote"
                " or another line ending than the job's"
            )
        cell, wrong = _cell(match)
        cells.append(cell)
        problem = problem or wrong
        place = match.end()
        if match["end"] != mark:
            found.append(Line(cells=tuple(cells), problem=problem))
            cells, problem = [], None
        elif place >= len(text):
            found.append(Line(cells=(*cells, ""), problem=problem))
            break
    return found


def _cell(match: re.Match[str]) -> tuple[str, str | None]:
    if match["quoted"] is None:
        plain = match["plain"]
        if '"' in plain:
            return plain, "a quote inside a cell must be doubled, and the cell must stand in quotes"
        return plain, None
    wrong = "text follows the closing quote of a cell" if match["after"] else None
    return match["quoted"].replace('""', '"') + match["after"], wrong


def write(header: Sequence[str], rows: Iterable[Sequence[str]], *, delimiter: str, line_ending: str) -> str:
    """Write a file: every cell in quotes, one line per row, the header first."""
    mark, ending = DELIMITERS[delimiter], LINE_ENDINGS[line_ending]

    def line(cells: Sequence[str]) -> str:
        return mark.join('"' + cell.replace('"', '""') + '"' for cell in cells) + ending

    return "".join(map(line, [header, *rows]))


def shown(value: Any) -> str:
    """A stored value as a cell: blank for null, `true`, `12.0`, datetimes with `Z`."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    text = str(value)
    stamp = _DATETIME.match(text)
    return f"{stamp.group(1)}Z" if stamp else text
