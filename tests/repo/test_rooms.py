"""What the rooms promise beside their imports: no decision reads a clock, and no name says nothing of what is in it.

Which room may import which is held by the contracts in pyproject.toml (`make lint`).
"""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ROOMS = (
    *("commands", "service", "console", "insight", "provision", "abm", "sync", "mappings", "connector"),
    "emulator",
)
#: Where decisions stand: the time is handed to them.
DECIDING = ("sync/core", "sync/model", "mappings/values")
CLOCK_READINGS = frozenset({"now", "today", "utcnow"})
#: Names under which anything can be put, and so everything is.
DUMPING_GROUNDS = frozenset({"common", "helper", "helpers", "manager", "managers", "misc", "util", "utils"})


def clock_readings(text: str) -> Iterator[int]:
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Attribute) and node.attr in CLOCK_READINGS:
            yield node.lineno


def says_nothing(path: Path) -> bool:
    return not DUMPING_GROUNDS.isdisjoint(path.with_suffix("").parts)


def modules(room: str) -> list[Path]:
    return sorted((ROOT / room).rglob("*.py"))


@pytest.mark.parametrize("room", DECIDING)
def test_no_decision_reads_a_clock(room: str) -> None:
    found = [
        f"{path.relative_to(ROOT)}:{line}"
        for path in modules(room)
        for line in clock_readings(path.read_text(encoding="utf-8"))
    ]
    assert modules(room)
    assert not found


def test_a_reading_of_the_clock_is_found() -> None:
    assert list(clock_readings("from datetime import datetime\nx = datetime.now()")) == [2]
    assert not list(clock_readings("def f(now): return now"))


@pytest.mark.parametrize("room", ROOMS)
def test_every_name_of_a_module_says_what_is_in_it(room: str) -> None:
    assert modules(room)
    assert not [path for path in modules(room) if says_nothing(path.relative_to(ROOT))]


def test_a_name_that_says_nothing_is_found() -> None:
    assert says_nothing(Path("sync/utils.py"))
    assert says_nothing(Path("console/helpers/__init__.py"))
    assert not says_nothing(Path("sync/guard.py"))


@pytest.mark.parametrize("room", ROOMS)
def test_every_room_says_what_it_is_for(room: str) -> None:
    folders = {path.parent for path in modules(room) if "migrations" not in path.parts}
    silent = [
        str(folder.relative_to(ROOT))
        for folder in sorted(folders)
        if not (folder / "__init__.py").is_file()
        or not ast.get_docstring(ast.parse((folder / "__init__.py").read_text(encoding="utf-8")))
    ]
    assert not silent
