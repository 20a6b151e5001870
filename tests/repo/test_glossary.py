"""Every public class stands in the glossary, and no name stands for two things.

``python tests/repo/test_glossary.py`` writes the glossary's tables of classes anew, out of the classes' own docstrings.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
(PAGE,) = ROOT.glob("docs/**/glossary.md")

#: Where Tandem itself stands, and the program that plays the CRMs.
TANDEM = (
    *("cli.py", "commands", "service", "console", "insight", "provision", "abm", "sync", "mappings"),
    *("connector", "benchmarks"),
)
EMULATORS = ("emulator",)
#: Two adapters of one seam: each may have, under the same name, what the other has.
MIRRORS = (
    ("connector.salesforce", "connector.hubspot"),
    ("emulator.salesforce", "emulator.hubspot"),
)

_TITLES = {"Classes": TANDEM, "Classes of the emulators": EMULATORS}


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One public class."""

    name: str
    module: str
    what: str


def entries_in(module: str, text: str) -> Iterator[Entry]:
    for node in ast.parse(text).body:
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
            yield Entry(name=node.name, module=module, what=_first_sentence(ast.get_docstring(node) or ""))


def _first_sentence(docstring: str) -> str:
    sentence = " ".join(docstring.split("\n\n", maxsplit=1)[0].split()).split(". ")[0].removesuffix(".")
    return sentence.replace("|", "\\|")


def entries(places: Iterable[str]) -> list[Entry]:
    found = [
        entry
        for place in places
        for path in ([ROOT / place] if place.endswith(".py") else sorted((ROOT / place).rglob("*.py")))
        if path.exists()
        for entry in entries_in(_module(path), path.read_text(encoding="utf-8"))
    ]
    return sorted(found, key=lambda entry: (entry.name.casefold(), entry.module))


def _module(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def table(places: Iterable[str]) -> str:
    rows = [f"| `{entry.name}` | `{entry.module}` | {entry.what} |" for entry in entries(places)]
    return "\n".join(["| class | where | what |", "|---|---|---|", *rows])


def with_tables(page: str) -> str:
    """The page with its tables as they should be; they are the last sections of it."""
    head = page.split("\n## Classes\n", 1)[0].rstrip()
    note = "Written by `python tests/repo/test_glossary.py` out of the classes' own words."
    sections = [f"## {title}\n\n{note}\n\n{table(places)}" for title, places in _TITLES.items()]
    return "\n\n".join([head, *sections]) + "\n"


def doubles(found: Iterable[Entry]) -> list[str]:
    """Names that stand for two things."""
    by_name: dict[str, list[Entry]] = {}
    for entry in found:
        by_name.setdefault(entry.name, []).append(entry)
    return [
        f"{name}: {', '.join(entry.module for entry in same)}"
        for name, same in by_name.items()
        if len(same) > 1 and not _is_mirrored(same)
    ]


def _is_mirrored(same: list[Entry]) -> bool:
    return len(same) == 2 and any(
        {_room(entry.module, rooms) for entry in same} == set(rooms) for rooms in MIRRORS
    )


def _room(module: str, rooms: tuple[str, ...]) -> str | None:
    return next((room for room in rooms if module.startswith(f"{room}.")), None)


def test_every_public_class_stands_in_the_glossary() -> None:
    page = PAGE.read_text(encoding="utf-8")
    wanted = with_tables(page)
    stands, should = set(page.splitlines()), set(wanted.splitlines())
    assert page == wanted, (
        f"run: python tests/repo/test_glossary.py\nmissing: {sorted(should - stands)}\n"
        f"out of date: {sorted(stands - should)}"
    )


def test_every_public_class_says_what_it_is() -> None:
    silent = [f"{entry.module}.{entry.name}" for entry in entries((*TANDEM, *EMULATORS)) if not entry.what]
    assert not silent


@pytest.mark.parametrize("places", [TANDEM, EMULATORS], ids=["Tandem", "emulators"])
def test_no_name_of_a_public_class_stands_for_two_things(places: tuple[str, ...]) -> None:
    found = entries(places)
    assert len(found) > 100
    assert not doubles(found)


def test_a_second_class_of_a_name_is_found_but_for_that_of_the_other_adapter() -> None:
    def entry(module: str) -> Entry:
        return Entry(name="Answer", module=module, what="What came back")

    ours, theirs = entry("connector.salesforce.api.session"), entry("connector.hubspot.api.transport")
    assert doubles([ours, theirs]) == []
    assert doubles([ours, entry("connector.salesforce.api.soql")])
    assert doubles([ours, entry("sync.answers")])
    assert doubles([ours, theirs, entry("sync.answers")])


def test_a_class_that_is_not_in_the_glossary_is_found() -> None:
    (entry,) = entries_in(
        "sync.a", 'class New:\n    """What is new. And more."""\n\n\nclass _Own:\n    pass\n'
    )
    assert entry == Entry(name="New", module="sync.a", what="What is new")
    assert f"| `{entry.name}` |" not in table(TANDEM)


if __name__ == "__main__":
    PAGE.write_text(with_tables(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
