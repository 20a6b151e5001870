"""docs/contribute/faults.md says what the tests say, and no fault is left out."""

from __future__ import annotations

from tests.faults.table import FILES, FOLDER, IDS, PAGE, page, told


def test_every_fault_of_the_catalogue_has_a_test() -> None:
    assert {item.id for item in told()} == set(IDS)


def test_every_file_of_faults_is_on_the_page() -> None:
    assert {file.name for file in FOLDER.glob("test_*.py")} == {*FILES, "test_table.py"}


def test_the_page_is_as_the_tests_tell_it() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "make it anew with: python -m tests.faults.table"


def test_a_fault_that_cannot_happen_says_why() -> None:
    never = [item for item in told() if item.answer.startswith("Cannot happen")]
    assert never
    assert all(item.answer.startswith("Cannot happen: ") and len(item.answer) > 40 for item in never)
