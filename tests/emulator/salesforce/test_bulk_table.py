"""CSV as Bulk API 2.0 takes and gives it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.salesforce.bulk import table


def cells(text: str, *, delimiter: str = "COMMA", line_ending: str = "LF") -> list[tuple[str, ...]]:
    sheet = table.read(text, delimiter=delimiter, line_ending=line_ending)
    return [sheet.header, *(line.cells for line in sheet.lines)]


def problems(text: str) -> list[str | None]:
    return [line.problem for line in table.read(text, delimiter="COMMA", line_ending="LF").lines]


def test_quotes_delimiters_and_line_breaks_inside_a_cell_are_read() -> None:
    text = 'Name,Note\n"Acme, ""the"" best","two\nlines"\nPlain,\n'
    assert cells(text) == [("Name", "Note"), ('Acme, "the" best', "two\nlines"), ("Plain", "")]


def test_values_are_not_trimmed() -> None:
    assert cells("Name,Note\n  Acme ,x \n")[1] == ("  Acme ", "x ")


def test_a_file_may_end_without_a_line_break_and_begin_with_a_byte_order_mark() -> None:
    assert cells("\ufeffName,Note\nAcme,") == [("Name", "Note"), ("Acme", "")]


@pytest.mark.parametrize(("name", "mark"), table.DELIMITERS.items())
def test_every_delimiter_is_read(name: str, mark: str) -> None:
    assert cells(f"A{mark}B\n1{mark}2\n", delimiter=name) == [("A", "B"), ("1", "2")]


def test_another_line_ending_than_the_jobs_fails_the_file() -> None:
    with pytest.raises(
        table.UnreadableFile, match=r"ClientInputError : LineEnding is invalid on user data.*CRLF"
    ):
        cells("A\n1\n", line_ending="CRLF")
    assert cells("A,B\r\n1,2\r\n", line_ending="CRLF") == [("A", "B"), ("1", "2")]


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ('"Acme" ,x', "text follows the closing quote"),
        ('Ac"me,x', "must be doubled"),
        ("Acme", "has 1 cells where the header has 2"),
        ("Acme,x,y", "has 3 cells where the header has 2"),
    ],
)
def test_a_spoilt_row_is_told_apart_from_its_good_neighbours(row: str, words: str) -> None:
    first, second = problems(f"Name,Note\n{row}\nGood,row\n")
    assert first is not None
    assert words in first
    assert second is None


def test_a_file_without_a_header_is_no_table() -> None:
    with pytest.raises(table.UnreadableFile, match="no header"):
        cells("")


_CELLS = st.text(st.characters(codec="utf-8", exclude_characters="\r\x00\ufeff"), max_size=8)


@given(
    rows=st.lists(st.tuples(_CELLS, _CELLS), max_size=5), delimiter=st.sampled_from(sorted(table.DELIMITERS))
)
def test_what_is_written_is_read_back(rows: list[tuple[str, str]], delimiter: str) -> None:
    text = table.write(["A", "B"], rows, delimiter=delimiter, line_ending="LF")
    assert cells(text, delimiter=delimiter) == [("A", "B"), *rows]


@pytest.mark.parametrize(
    ("value", "cell"),
    [
        (None, ""),
        (True, "true"),
        (12.0, "12.0"),
        ("2026-01-31", "2026-01-31"),
        ("2026-01-31T10:00:00.000+0000", "2026-01-31T10:00:00.000Z"),
    ],
)
def test_stored_values_are_shown_as_bulk_shows_them(value: object, cell: str) -> None:
    assert table.shown(value) == cell
