"""Tests stand on one harness a level, and each has a name of its own."""

import ast
import re
from collections import defaultdict
from functools import cache
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]


@cache
def classes() -> dict[str, list[str]]:
    """Classes of the tests by name, with the modules that define one of it."""
    named: dict[str, list[str]] = defaultdict(list)
    for path in sorted(TESTS.rglob("*.py")):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.ClassDef):
                named[node.name].append(str(path.relative_to(TESTS)))
    return named


def test_every_harness_that_the_page_names_stands_once_under_that_name() -> None:
    page = (TESTS / "README.md").read_text(encoding="utf-8")
    section = page.partition("## What the names mean")[2].partition("\n## ")[0]
    names = re.findall(r"\*\*(\w+)\*\*", section)
    assert len(names) >= 15
    assert {name: where for name in names if len(where := classes().get(name, [])) != 1} == {}
