"""Tables that people fill in with a spreadsheet: written so that it shows them whole, read as it saves them. Pure."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence

from sync.errors import SettingsError

#: What a spreadsheet takes for the beginning of a formula; some take the wide signs of East Asian keyboards, too.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")  # noqa: RUF001 - they are meant


def to_csv(names: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """The table as text, without the mark in front that tells its encoding."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(names)
    writer.writerows([_guarded(cell) for cell in row] for row in rows)
    return text.getvalue()


def from_csv(text: str, needed: Sequence[str], *, remedy: str) -> Iterator[tuple[int, dict[str, str]]]:
    """Rows with the number of their line; a table that a spreadsheet saved with semicolons or tabs is one, too.

    ``SettingsError`` with ``remedy`` where it lacks one of the columns ``needed``, or is no table.
    """
    text = text.removeprefix("\ufeff")
    head = text.split("\n", 1)[0]
    delimiter = max(",;\t", key=head.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    try:
        names = [name.strip() for name in next(reader, [])]
        missing = [name for name in needed if name not in names]
        if missing:
            raise SettingsError([f"The table has no column {name}." for name in missing], remedy=remedy)
        for cells in reader:
            if any(cell.strip() for cell in cells):
                padded = [*cells, *[""] * (len(names) - len(cells))]
                yield reader.line_num, {name: _plain(cell) for name, cell in zip(names, padded, strict=False)}
    except csv.Error as error:
        raise SettingsError([f"line {reader.line_num}: {error}"], remedy=remedy) from error


def _is_at_risk(cell: str) -> bool:
    """A formula, or one behind apostrophes, which is told apart from a formula that we guarded by one more of them."""
    return cell.lstrip("'").startswith(_FORMULA)


def _guarded(cell: str) -> str:
    return f"'{cell}" if _is_at_risk(cell) else cell


def _plain(cell: str) -> str:
    return cell[1:] if cell.startswith("'") and _is_at_risk(cell[1:]) else cell
