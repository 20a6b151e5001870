# ruff: noqa: T201  (it prints what it found)
"""``python -m tests.mutation``: break the core in known ways, one at a time, in a copy of the tree; a test must notice.

Writes docs/contribute/mutations.md. Exit code 1 where a breaking went unnoticed, or does not fit the code any more.
"""

from __future__ import annotations

import argparse
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from tests import postgresql

ROOT = Path(__file__).resolve().parents[2]
_CORE = ("tests/sync/core/test_laws.py", "tests/sync/core/test_planner.py", "tests/sync/core/test_history.py")
_RACES = ("tests/simulation/test_races.py",)
_CRASH = ("tests/sync/core/test_absorb.py", "tests/sync/ledger/test_writes.py", "tests/e2e/test_crash.py")
_DEATHS = ("tests/simulation/test_crashes.py", "tests/e2e/test_crash.py")


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


MUTATIONS: tuple[Mutation, ...] = (
    Mutation(
        what="the oldest edit wins instead of the newest",
        file="sync/diff.py",
        old="youngest = max(times.values())",
        new="youngest = min(times.values())",
        tests=_CORE,
    ),
    Mutation(
        what="the lowest rung wins instead of the furthest",
        file="sync/diff.py",
        old="highest = max(ranks.values())",
        new="highest = min(ranks.values())",
        tests=_CORE,
    ),
    Mutation(
        what="an overruled value leaves no trace",
        file="sync/diff.py",
        old="overruled={name: claim for name, claim in claims.items() if name in writes}",
        new="overruled={}",
        tests=_CORE,
    ),
    Mutation(
        what="what was written is not Observed, so our own write looks like an edit",
        file="sync/diff.py",
        old="name: side.shows(decision.value) if name in decision.writes else side.current",
        new="name: side.current",
        tests=_CORE,
    ),
    Mutation(
        what="every value that stands counts as an edit",
        file="sync/claims.py",
        old="return self.settled and not self.carried and self.current != self.observed",
        new="return self.settled and not self.carried",
        tests=_CORE,
    ),
    Mutation(
        what="a decision is settled although no System confirmed it",
        file="sync/plan.py",
        old="if missing and len(missing) == len(self.after):",
        new="if False:",
        tests=("tests/sync/core/test_plan.py", *_CORE),
    ),
    Mutation(
        what="a stale copy is believed",
        file="sync/absorb.py",
        old="reading.modified_at < known for known in",
        new="reading.modified_at < known and False for known in",
        tests=("tests/sync/core/test_absorb.py", *_CORE),
    ),
    Mutation(
        what="an intent is stored as if it were confirmed, and forgotten by a crash",
        file="sync/ledger/writes.py",
        old='"state": WriteState.INTENDED.value',
        new='"state": WriteState.CONFIRMED.value',
        tests=_CRASH,
    ),
    Mutation(
        what="a refused write is confirmed",
        file="sync/apply.py",
        old="state = WriteState.REFUSED",
        new="state = WriteState.CONFIRMED",
        tests=(
            "tests/faults/test_salesforce_writing.py",
            "tests/faults/test_hubspot_writing.py",
            "tests/simulation/test_histories.py",
        ),
    ),
    Mutation(
        what="after a crash every open write is taken for landed",
        file="sync/recover.py",
        old="if record is not None and write.id in sent.taken",
        new="if record is not None",
        tests=("tests/simulation/test_crashes.py",),
    ),
    Mutation(
        what="what landed right before a crash is taken for somebody's edit",
        file="sync/recover.py",
        old="if write is not None and known is not None and known.link_id == write.link_id:",
        new="if False:",
        tests=_DEATHS,
    ),
    Mutation(
        what="after a crash one value of a row tells that all of it landed",
        file="sync/landing.py",
        old="and all(name in reading.values",
        new="and any(name in reading.values",
        tests=("tests/sync/core/test_landing.py",),
    ),
    Mutation(
        what="what landed right before a crash settles nothing",
        file="sync/recover.py",
        old="settlements=_settlements(ledger, pullers, writes, arrived, sent.taken),",
        new="settlements=(),",
        tests=_DEATHS,
    ),
    Mutation(
        what="a confirmation settles nothing",
        file="sync/apply.py",
        old="settlements=settlements,",
        new="settlements=(),",
        tests=("tests/sync/core/test_history.py", "tests/simulation/test_crashes.py"),
    ),
    Mutation(
        what="an old backup is believed about what people did since",
        file="sync/restored.py",
        old="if moved and stood and",
        new="if False and",
        tests=("tests/commands/test_ledger.py",),
    ),
    Mutation(
        what="a decision is taken over although the Systems have moved on since it was shown",
        file="sync/deciding.py",
        old="or now.finding != answer.conflict.finding",
        new="",
        tests=("tests/commands/test_conflicts.py",),
    ),
    Mutation(
        what="a Conflict outlives the account that it is about",
        file="sync/ledger/linking.py",
        old='.where(conflicts.c.link_id == link_id, conflicts.c.state != "closed")',
        new='.where(conflicts.c.link_id == "")',
        tests=("tests/sync/ledger/test_inbox.py",),
    ),
    Mutation(
        what="HubSpot is read from the Cursor on, without looking back for what the index showed late",
        file="connector/hubspot/reading.py",
        old="since = until - self._overlap",
        new="since = until",
        tests=("tests/connector/hubspot/test_reading.py",),
    ),
    Mutation(
        what="Salesforce is read from the Cursor on, without looking back for late commits",
        file="connector/salesforce/reading.py",
        old="start.since - timedelta(seconds=self._session.settings.overlap)",
        new="start.since",
        tests=("tests/connector/salesforce/test_reading.py",),
    ),
    Mutation(
        what="nobody asks HubSpot's history what our write covered",
        file="sync/covering.py",
        old="if value in {shown, field.value}:",
        new="if False:",
        tests=_RACES,
    ),
    Mutation(
        what="what Salesforce told of before the write is not looked at",
        file="sync/apply.py",
        old="if result.before is None:\n            return record",
        new="if True:\n            return record",
        tests=_RACES,
    ),
    Mutation(
        what="a covered edit is decided against what covered it, not against what both replaced",
        file="sync/claims.py",
        old="observed=side.shows(before),",
        new="observed=side.current,",
        tests=_RACES,
    ),
    Mutation(
        what="the planner leaves out one of the Systems that are to be written",
        file="sync/planner.py",
        old="for system in decision.writes:",
        new="for system in decision.writes[:1]:",
        tests=("tests/sync/core/test_one_decision.py",),
    ),
    Mutation(
        what="an account that was made a moment ago is created in the other CRM at once",
        file="sync/engine.py",
        old="max(self._settling, puller.connector.capabilities.search_lag)",
        new="timedelta()",
        tests=_RACES,
    ),
    Mutation(
        what="a record's stamp decides which edit is the newest, whatever the field's history tells",
        file="sync/evidence.py",
        old="brought = next((",
        new="brought = None and next((",
        tests=("tests/simulation/test_newest.py",),
    ),
    Mutation(
        what="a value whose history knows no edit of it is as young as its record",
        file="sync/evidence.py",
        old="told[each.key] = Edited(at=at or each.record.stamp, evidence=Evidence.NO_EDIT_KNOWN)",
        new="told[each.key] = Edited(at=at or each.record.stamp)",
        tests=("tests/simulation/test_newest.py",),
    ),
    Mutation(
        what="a rule that can tell by now drops what a person decided",
        file="sync/diff.py",
        old="if verdict is None or not _fits(verdict, sides):",
        new="if verdict is None or not decision.is_conflict:",
        tests=_CORE,
    ),
    Mutation(
        what="a value that an earlier Run brought tells after a crash that the row landed",
        file="sync/landing.py",
        old="and (stood is None or each.at > stood)",
        new="",
        tests=_DEATHS,
    ),
    Mutation(
        what="an edit that is saved once more counts as a newer one",
        file="sync/origins.py",
        old="found[-1] = Entry(value=value, brought=version)",
        new="pass",
        tests=("tests/sync/core/test_origins.py", "tests/simulation/test_newest.py"),
    ),
    Mutation(
        what="what Tandem wrote back is as young as its writing",
        file="sync/evidence.py",
        old="if brought is not None and not is_ours(brought, each.puller.acting_as):",
        new="if brought is not None:",
        tests=("tests/simulation/test_newest.py",),
    ),
    Mutation(
        what="an edit that nobody remembers is as young as our carrying of it",
        file="sync/records.py",
        old="in {Evidence.NO_EDIT_KNOWN, Evidence.CARRIED}",
        new="in {Evidence.NO_EDIT_KNOWN}",
        tests=("tests/sync/core/test_origins.py",),
    ),
    Mutation(
        what="a bulk job that outlives its process is not waited for",
        file="sync/jobs.py",
        old="fates |= _finish(pullers[system].connector, job, beat)",
        new="pass",
        tests=("tests/simulation/test_jobs.py",),
    ),
    Mutation(
        what="a row that Salesforce did not write because somebody was faster is taken for written",
        file="connector/salesforce/guarded.py",
        old="before=before, overtaken=True",
        new="before=None",
        tests=_RACES,
    ),
    Mutation(
        what="a parked field is written again once a day has passed",
        file="sync/flipping.py",
        old="parked=asked | {",
        new="parked=frozenset() | {",
        tests=("tests/commands/test_flip_flop.py",),
    ),
    Mutation(
        what="a ledger that is busy is rebuilt as if it were damaged, and its Conflicts are gone",
        file="sync/ledger/meanings.py",
        old='frozenset({"malformed", "not a database"})',
        new='frozenset({"malformed", "not a database", "database is locked"})',
        tests=("tests/commands/test_ledger.py",),
    ),
    Mutation(
        what="two writers of a ledger on PostgreSQL go by what both of them read",
        file="sync/ledger/engines.py",
        old='f"SELECT pg_advisory_xact_lock({_WRITERS})"',
        new='"SELECT 1"',
        tests=("tests/sync/ledger/test_postgresql.py",),
        server=True,
    ),
    Mutation(
        what="a rebuild gives the ledger back before the new one is in its place",
        file="commands/ledger.py",
        old="""                # Still held: whoever waits for the lease must find the new one.
                opened.close()
""",
        new="""                from sync.ledger.lease import RUN
                held = opened.lease.current(RUN)
                opened.lease.release(held)
                opened.close()
""",
        tests=("tests/commands/test_ledger.py",),
    ),
)


def main() -> int:
    """Try each; 1 where one went unnoticed."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutation", description=__doc__)
    parser.add_argument("--only", default="", help="those whose sentence holds this text")
    parser.add_argument("--jobs", type=int, default=2)
    given = parser.parse_args()
    wanted = [mutation for mutation in MUTATIONS if given.only in mutation.what]
    if postgresql.programs() is None:
        for mutation in [mutation for mutation in wanted if mutation.server]:
            wanted.remove(mutation)
            print(f"not tried: {mutation.what}: {postgresql.WHY_SKIPPED}")
    with ThreadPoolExecutor(given.jobs) as workers:
        caught = list(workers.map(_tried, wanted))
    for mutation, by in zip(wanted, caught, strict=True):
        print(f"{'caught' if by else 'UNNOTICED'}: {mutation.what}" + (f"\n    by {by}" if by else ""))
    if wanted == list(MUTATIONS):
        (ROOT / "docs/contribute/mutations.md").write_text(
            "".join(_page(zip(wanted, caught, strict=True))), encoding="utf-8"
        )
    return 0 if all(caught) else 1


def _tried(mutation: Mutation) -> str | None:
    """The test that noticed; None where none did."""
    with tempfile.TemporaryDirectory() as folder:
        tree = Path(folder) / "tree"
        _copy(tree)
        path = tree / mutation.file
        text = path.read_text(encoding="utf-8")
        if text.count(mutation.old) != 1:
            sys.exit(
                f"{mutation.file} does not hold {mutation.old!r} once: bring the list of mutations up to date"
            )
        path.write_text(text.replace(mutation.old, mutation.new), encoding="utf-8")
        for test in mutation.tests:
            if not (tree / test).exists():
                continue
            command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", test]
            ran = subprocess.run(command, cwd=tree, capture_output=True, text=True, check=False)
            found = re.search(r"^FAILED (\S+::\S+)", ran.stdout, re.MULTILINE)
            if ran.returncode == 1 and found is not None:
                return found.group(1).partition("[")[0]
            if ran.returncode != 0:
                print(f"{mutation.what}: no verdict by {test}\n{ran.stdout[-2000:]}", file=sys.stderr)
    return None


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


if __name__ == "__main__":
    sys.exit(main())
