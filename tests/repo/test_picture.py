"""The picture and the transcript in README.md are what `tandem demo` shows, at 80 columns."""

from __future__ import annotations

import runpy
from pathlib import Path
from typing import Any

import pytest
from rich.cells import cell_len
from rich.text import Text

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def made() -> dict[str, Any]:
    return runpy.run_path(str(ROOT / "docs" / "picture.py"))


@pytest.fixture(scope="module")
def lines(made: dict[str, Any]) -> list[Text]:
    found: list[Text] = made["told"]()
    return found


def test_the_picture_is_what_the_demo_shows(made: dict[str, Any], lines: list[Text]) -> None:
    assert made["PICTURE"].read_text(encoding="utf-8") == made["picture"](lines), "run: make picture"


def test_the_transcript_in_the_readme_is_what_the_demo_shows(made: dict[str, Any], lines: list[Text]) -> None:
    page = made["README"].read_text(encoding="utf-8")
    assert page == made["readme"](lines, page), "run: make picture"


def test_the_demo_fits_a_terminal_of_80_columns(lines: list[Text]) -> None:
    # A line that is to be copied must not be broken.
    said = [line.plain.rstrip() for line in lines]
    assert [line for line in said if cell_len(line) > 80 and not line.startswith("  export ")] == []


def test_the_demo_shows_what_nobody_else_has_and_explains_its_words(lines: list[Text]) -> None:
    text = "\n".join(line.plain for line in lines)
    for command in ("matches list", "matches accept", "explain", "undo", "conflicts resolve", "status"):
        assert f"$ tandem {command} " in f"{text} ".replace("\n", " "), command
    for word in ("System", "Link", "Base", "Conflict", "Run"):
        assert any(line.plain.startswith(f"  {word} ") for line in lines), word
