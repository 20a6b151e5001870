"""docs/contribute/faults.md, made from the tests: ``python -m tests.faults.table`` writes it anew.

A test's name begins with the id of its fault. The first paragraph of its docstring says what goes wrong, the
second what Tandem does about it; several tests of one fault make one row.
"""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
PAGE = FOLDER.parents[1] / "docs" / "contribute" / "faults.md"
#: Every id of the catalogue.
IDS = tuple(f"F{number:02}" for number in range(1, 111))
_NAME = re.compile(r"test_(f\d{2,3})_(\w+)")
#: The files in the order of the catalogue, each with the heading that it has on the page.
FILES = {
    "test_salesforce_session.py": "Salesforce: logging in, being let in",
    "test_salesforce_reading.py": "Salesforce: reading",
    "test_salesforce_writing.py": "Salesforce: writing",
    "test_salesforce_bulk_and_schema.py": "Salesforce: Bulk API, definitions, opportunities",
    "test_hubspot_session.py": "HubSpot: logging in, limits, bad days",
    "test_hubspot_writing.py": "HubSpot: writing",
    "test_hubspot_reading.py": "HubSpot: reading",
    "test_hubspot_definitions.py": "HubSpot: definitions, owners, deals",
    "test_both.py": "Both",
}
_HEAD = """\
# What Tandem does when something goes wrong

One row for each of 110 faults that Salesforce, HubSpot or the machine between them are known to have. Each row is a
test in `tests/faults/` that brings the fault about in a whole Run: the real commands and connectors against both
emulators over HTTP. Afterwards the fault is gone, and the next Run completes the work: nothing is lost, and nothing is
there twice.

This page is made from the tests: `python -m tests.faults.table`.

"held" means: kept in the ledger with the CRM's own words and what to do, shown in `tandem status`, and tried again
after a minute, doubled each time up to a day, or at once when its values change. "Ends the Run" means exit code 1
unless another is named; the Cursor stays where it was.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What one test tells."""

    id: str
    file: str
    fault: str
    answer: str


def told() -> Iterator[Told]:
    """What all fault tests tell, in the order in which they stand. ``ValueError`` for one that tells nothing."""
    for file in FILES:
        tree = ast.parse((FOLDER / file).read_text(encoding="utf-8"))
        for node in tree.body:
            found = _NAME.fullmatch(node.name) if isinstance(node, ast.FunctionDef) else None
            if found is None or not isinstance(node, ast.FunctionDef):
                continue
            paragraphs = [" ".join(part.split()) for part in (ast.get_docstring(node) or "").split("\n\n")]
            if len(paragraphs) != 2 or not all(paragraphs):
                raise ValueError(f"{file}: {node.name} must say what goes wrong and what Tandem does")
            fault, answer = paragraphs
            yield Told(id=found[1].upper(), file=file, fault=fault, answer=answer)


def page() -> str:
    """The whole page."""
    by_id: dict[str, list[Told]] = defaultdict(list)
    for item in told():
        by_id[item.id].append(item)
    parts = [_HEAD]
    for file, heading in FILES.items():
        rows = sorted(id for id, items in by_id.items() if items[0].file == file)
        rows.sort(key=lambda id: int(id[1:]))
        lines = [_row(id, by_id[id]) for id in rows]
        head = ["| fault | what goes wrong | what Tandem does |", "| --- | --- | --- |"]
        parts.append("\n".join([f"## {heading}\n", f"`tests/faults/{file}`\n", *head, *lines]) + "\n")
    return "\n".join(parts)


def _row(id: str, items: list[Told]) -> str:
    fault = items[0].fault
    answer = " ".join(dict.fromkeys(item.answer for item in items))
    return f"| {id} | {_cell(fault)} | {_cell(answer)} |"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
