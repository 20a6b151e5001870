"""Killed at any moment, the ledger holds whole steps and nothing else."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from sync.ledger import Ledger
from sync.model.journal import WriteState
from tests.ids import HUBSPOT
from tests.sync.ledger.makers import HandClock

ROOT = Path(__file__).parents[3]

#: Accounts that one step intends, and then confirms.
BATCH = 40

#: Stores intents and confirmations as fast as it can, telling after each step which one is stored.
STORM = f"""
import sys
from datetime import datetime, UTC
from sync.ledger import *
from sync.model.journal import *
from sync.model.records import Link, Record, RecordKey
ledger = Ledger.open(sys.argv[1], lambda: datetime.now(UTC))
run = ledger.runs.start("sync", "storm")
numbers = range({BATCH})
zero = {{"tier": "0"}}
ledger.accounts.put(Record(system="hubspot", id=str(n), current=zero, observed=zero) for n in numbers)
ledger.accounts.link(
    (Link(id=f"tdm{{n}}", label="x", domain=None, evidence="x"), [RecordKey("hubspot", str(n))]) for n in numbers
)
step = 0
while True:
    step += 1
    fields = {{"tier": FieldWrite(value=str(step), expected=str(step - 1))}}
    ids = ledger.writes.intend(
        run.id,
        (Intent(link_id=f"tdm{{n}}", system="hubspot", kind="update", fields=fields) for n in numbers),
    )
    print("intended", step, flush=True)
    values = {{"tier": str(step)}}
    ledger.writes.confirm(
        [Confirmation(write_id=id, state=WriteState.CONFIRMED) for id in ids],
        records=[
            Record(system="hubspot", id=str(n), link_id=f"tdm{{n}}", current=values, observed=values) for n in numbers
        ],
        settlements=[Settlement(link_id=f"tdm{{n}}", base=values) for n in numbers],
        events=[Event(kind="written", link_id=f"tdm{{n}}", run_id=run.id, new=str(step)) for n in numbers],
    )
    print("confirmed", step, flush=True)
"""


@pytest.mark.parametrize("told", [3, 8])
def test_a_process_killed_in_a_storm_of_commits_leaves_whole_steps(
    path: Path, clock: HandClock, told: int
) -> None:
    storm = subprocess.Popen(
        [sys.executable, "-c", STORM, f"sqlite:///{path}"], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    assert storm.stdout is not None
    said = [storm.stdout.readline().split() for _ in range(told)]
    storm.kill()
    rest, _ = storm.communicate()
    said += [words.split() for words in rest.splitlines() if len(words.split()) == 2]

    with Ledger.open(f"sqlite:///{path}", clock) as ledger:
        assert ledger.check() == []
        (run,) = (run for run in ledger.runs.latest() if run.finished_at is None)
        writes = ledger.writes.of_run(run.id)
        open_writes = ledger.writes.open()
        assert len(writes) % BATCH == 0
        assert len(open_writes) in (0, BATCH)
        # what was told to be stored is stored; at most one step more than was told
        intended = sum(words[0] == "intended" for words in said)
        confirmed = sum(words[0] == "confirmed" for words in said)
        done = (len(writes) - len(open_writes)) // BATCH
        assert intended <= len(writes) // BATCH <= intended + 1
        assert confirmed <= done <= confirmed + 1
        # the records, the Bases and the journal stand exactly where the confirmations stand
        expected = {"tier": str(done)}
        for account in ledger.accounts.all_linked():
            assert account.records[HUBSPOT].current == expected
            assert account.link.base == (expected if done else {})
            assert len(ledger.events.of_link(account.link.id)) == done
        assert {write.state for write in writes if write not in open_writes} <= {WriteState.CONFIRMED}
