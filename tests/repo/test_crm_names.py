"""What differs between CRMs is asked of their connectors: the rooms above know no CRM by name."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
#: Rooms that work with any CRM.
ROOMS = ("sync", "insight", "abm")

#: Each file that may name a CRM, and why.
MAY_NAME_ONE = {
    # People say there which CRM a System is, how it is reached and how Tandem logs in to it.
    "sync/settings/load.py",
    "sync/settings/systems.py",
    "sync/settings/sections.py",
}

_NAME = re.compile(r"salesforce|hubspot", re.IGNORECASE)
_KIND = re.compile(
    r"\bSystemKind\b|\b(?:connectors?|system|settings)(?:\[\w+\])?\.kind\b\s*(?:==|!=|is\b|in\b|not\b)"
)


def complaints(name: str, text: str) -> Iterator[str]:
    for number, line in enumerate(text.splitlines(), start=1):
        if _NAME.search(line):
            yield f"{name}:{number} names a CRM: {line.strip()}"
        elif _KIND.search(line):
            yield f"{name}:{number} asks which CRM it is: {line.strip()}"


def files() -> list[Path]:
    return [
        path
        for room in ROOMS
        for path in sorted((ROOT / room).rglob("*.py"))
        if str(path.relative_to(ROOT)) not in MAY_NAME_ONE
    ]


def test_no_room_that_works_with_any_crm_knows_one_by_name() -> None:
    found = [
        line
        for path in files()
        for line in complaints(str(path.relative_to(ROOT)), path.read_text(encoding="utf-8"))
    ]
    assert len(files()) > 50
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    "line",
    [
        '"""HubSpot keeps every value."""',
        "if isinstance(system, SalesforceSystem):",
        "if connector.kind == kind:",
        "if self.connectors[name].kind != wanted:",
        "from mappings.systems import SystemKind",
        'remedy="See Salesforce Setup"',
    ],
)
def test_a_line_that_asks_which_crm_it_is_is_found(line: str) -> None:
    assert list(complaints("page", line))


@pytest.mark.parametrize(
    "line", ["if rule.kind is OnConflictKind.NEWEST:", "if connector.capabilities.record_types:", "run.kind"]
)
def test_a_line_that_asks_something_else_is_left_alone(line: str) -> None:
    assert not list(complaints("page", line))
