"""What is written for a spreadsheet comes back as it was, and no cell of it runs."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync.core.spreadsheets import from_csv, to_csv

SIGNS = "=+-@\uff1d\uff0b\uff0d\uff20"
CELLS = st.text(st.sampled_from("'=+-@ab ,;\"\t\n\uff1d\u202e\u200b"), max_size=8) | st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\r\0"), max_size=20
)


@given(st.lists(CELLS, min_size=1, max_size=4))
def test_every_cell_comes_back_as_it_was(cells: list[str]) -> None:
    rows = [("key", cell) for cell in cells]
    read = from_csv(to_csv(("mark", "name"), rows), ("mark", "name"), remedy="")
    assert [(row["mark"], row["name"]) for _, row in read] == rows


@pytest.mark.parametrize("sign", SIGNS)
@pytest.mark.parametrize("before", ["", "'", "''"])
def test_no_cell_is_a_formula(sign: str, before: str) -> None:
    text = to_csv(("name",), [(f'{before}{sign}HYPERLINK("http://x")',)])
    (_, (cell,)) = csv.reader(io.StringIO(text))
    assert cell.startswith("'")
