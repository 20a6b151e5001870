# ruff: noqa: T201  (it prints what it found)
"""Break the tree in known ways, one at a time, in a copy of it; a test must notice.

What noticed must pass in a copy that is not broken: a test that always fails notices nothing.
Writes docs/contribute/mutations.md. Exit code 1 where a breaking went unnoticed, or does not fit the code any more.
"""

from __future__ import annotations

import argparse
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from tests import postgresql

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutation:
    """One deliberate breaking."""

    what: str
    file: str
    old: str
    new: str
    #: Where it should be noticed, the quickest first.
    tests: Sequence[str]
    #: Noticed only where a PostgreSQL server can be started.
    server: bool = False


def main(mutations: Sequence[Mutation]) -> int:
    """Try each; 1 where one went unnoticed."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutation", description=__doc__)
    parser.add_argument("--only", default="", help="those whose sentence holds this text")
    parser.add_argument("--jobs", type=int, default=2)
    given = parser.parse_args()
    if outdated := list(misfits(mutations)):
        print("\n".join(outdated), file=sys.stderr)
        return 1
    wanted = [mutation for mutation in mutations if given.only in mutation.what]
    if postgresql.programs() is None:
        for mutation in [mutation for mutation in wanted if mutation.server]:
            wanted.remove(mutation)
            print(f"not tried: {mutation.what}: {postgresql.WHY_SKIPPED}")
    with ThreadPoolExecutor(given.jobs) as workers:
        caught = list(workers.map(_tried, wanted))
    for mutation, by in zip(wanted, caught, strict=True):
        print(f"{'caught' if by else 'UNNOTICED'}: {mutation.what}" + (f"\n    by {by}" if by else ""))
    failing = _failing_anyway(sorted({by for by in caught if by is not None}))
    if failing:
        print(f"nothing is proven by tests that fail with nothing broken:\n{failing}", file=sys.stderr)
        return 1
    if wanted == list(mutations):
        (ROOT / "docs/contribute/mutations.md").write_text(
            "".join(_page(zip(wanted, caught, strict=True))), encoding="utf-8"
        )
    return 0 if all(caught) else 1


def misfits(mutations: Iterable[Mutation]) -> Iterator[str]:
    """What in the list of mutations does not fit the code any more, a sentence each."""
    for mutation in mutations:
        path = ROOT / mutation.file
        held = path.read_text(encoding="utf-8").count(mutation.old) if path.is_file() else 0
        if held != 1:
            yield f"{mutation.file} holds {mutation.old!r} {held} times, not once: {mutation.what}"
        for test in mutation.tests:
            if not (ROOT / test).is_file():
                yield f"there is no {test}, which is to notice: {mutation.what}"


def _tried(mutation: Mutation) -> str | None:
    """The test that noticed; None where none did."""
    with tempfile.TemporaryDirectory() as folder:
        tree = Path(folder) / "tree"
        _copy(tree)
        path = tree / mutation.file
        text = path.read_text(encoding="utf-8")
        path.write_text(text.replace(mutation.old, mutation.new), encoding="utf-8")
        for test in mutation.tests:
            ran = _pytest(tree, "-x", test)
            found = re.search(r"^FAILED (\S+::\S+)", ran.stdout, re.MULTILINE)
            if ran.returncode == 1 and found is not None:
                return found.group(1).partition("[")[0]
            if ran.returncode != 0:
                print(f"{mutation.what}: no verdict by {test}\n{ran.stdout[-2000:]}", file=sys.stderr)
    return None


def _failing_anyway(tests: Sequence[str]) -> str:
    """What pytest says of those of these tests that fail in a copy that is not broken; empty where all pass."""
    if not tests:
        return ""
    with tempfile.TemporaryDirectory() as folder:
        tree = Path(folder) / "tree"
        _copy(tree)
        ran = _pytest(tree, "-n", "2", *tests)
        return ran.stdout[-4000:] if ran.returncode != 0 else ""


def _pytest(tree: Path, *given: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *given]
    return subprocess.run(command, cwd=tree, capture_output=True, text=True, check=False)


def _copy(tree: Path) -> None:
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    for name in listed.stdout.splitlines():
        if (ROOT / name).is_file():
            (tree / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, tree / name)


def _page(tried: Iterator[tuple[Mutation, str | None]]) -> Iterator[str]:
    yield "# Mutations\n\n"
    yield "Deliberate breakings of the code that merges, remembers and reads, and the test that notices each.\n"
    yield "`make mutate` tries them one at a time in a copy of the tree, and writes this page.\n\n"
    yield "| what is broken | where | noticed by |\n|---|---|---|\n"
    for mutation, by in tried:
        yield f"| {mutation.what} | `{mutation.file}` | {f'`{by}`' if by else '**nothing**'} |\n"
