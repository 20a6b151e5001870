"""A process dies at work on a Bulk API job. The next one lets the job end before it plans anything."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import closing

import pytest

from tests.simulation.acme import GUARD, Acme
from tests.simulation.crms import Crms
from tests.simulation.wire_tap import Killed
from tests.sweep import sliced

FIELD = "territory"
MADE, FILLED, CLOSED = (
    "POST /services/data/v62.0/jobs/ingest",
    "PUT ",
    "PATCH /services/data/v62.0/jobs/ingest",
)
LOOKED, READ = "GET /services/data/v62.0/jobs/ingest", "/successfulResults"


@pytest.fixture
def bulk(acme: Acme) -> Iterator[Acme]:
    """Every row goes by a job."""
    with acme.configured(bulk_from=1) as configured:
        yield configured


def book(acme: Acme) -> tuple[Counter[str], int]:
    """The states of the writes of the field, and how many jobs are open."""
    with closing(sqlite3.connect(acme.ledger)) as database:
        states = Counter(
            state for (state,) in database.execute(f"SELECT state FROM writes WHERE fields LIKE '%{FIELD}%'")
        )
        return states, database.execute("SELECT count(*) FROM jobs").fetchone()[0]


def at_once(acme: Acme) -> None:
    """The next Run, a second later: a job that was begun still runs."""
    acme.crms.clock.advance(1)
    acme.app = acme.app or acme.crms.app(acme.ledger)
    acme.app.engine.run(guard=GUARD)


def test_a_run_that_lives_leaves_no_job_open(bulk: Acme) -> None:
    bulk.edit("hubspot", FIELD, "north")
    bulk.run()
    assert bulk.values(FIELD) == {"salesforce": "north", "hubspot": "north"}
    assert book(bulk) == (Counter(confirmed=1), 0)


@pytest.mark.parametrize(
    ("at", "answered"),
    sliced(
        [(at, answered) for at in (MADE, FILLED, CLOSED, LOOKED, READ) for answered in (False, True)],
        always=[(CLOSED, False), (READ, True)],
    ),
)
def test_wherever_a_process_dies_the_next_run_settles_its_job(bulk: Acme, at: str, *, answered: bool) -> None:
    def die() -> None:
        if not answered:
            raise Killed

    bulk.edit("hubspot", FIELD, "north")
    bulk.run_while(at, die, killed=True)
    at_once(bulk)
    assert bulk.values(FIELD) == {"salesforce": "north", "hubspot": "north"}
    states, jobs = book(bulk)
    assert (states["intended"], states["confirmed"], jobs) == (0, 1, 0)
    bulk.run()
    assert book(bulk) == (states, 0)
    accounts = [row for row in bulk.crms.accounts().values() if row["Name"] == "Acme"]
    assert len(accounts) == 1


@pytest.mark.sweep
def test_an_edit_on_top_of_what_a_dying_process_had_written_is_carried(bulk: Acme) -> None:
    bulk.edit("hubspot", FIELD, "north")
    bulk.run_while(READ, lambda: None, killed=True)
    bulk.edit("salesforce", FIELD, "south")
    for _ in range(2):
        bulk.run()
    assert "south" in {*bulk.values(FIELD).values()}
    conflict = bulk.conflict(FIELD)
    assert bulk.values(FIELD) == {"salesforce": "south", "hubspot": "south"} or conflict == {
        "salesforce": "south",
        "hubspot": "north",
    }


@pytest.mark.sweep
def test_a_job_that_still_runs_does_not_write_after_the_next_plan_was_made(bulk: Acme) -> None:
    """What it writes is old by then: it would take back what was edited and carried since."""
    bulk.edit("hubspot", FIELD, "north")
    bulk.run_while(CLOSED, lambda: None, killed=True)
    bulk.edit("hubspot", FIELD, "west")
    at_once(bulk)
    bulk.run()
    assert bulk.values(FIELD) == {"salesforce": "west", "hubspot": "west"}


@pytest.mark.sweep
def test_an_edit_that_a_job_covered_is_found_where_salesforce_tracks_the_field(
    crms: Crms, bulk: Acme
) -> None:
    crms.door("salesforce", "settings", {"tracked": ["Account.Territory__c"]})
    bulk.edit("hubspot", FIELD, "north")
    bulk.run_while(CLOSED, lambda: bulk.edit("salesforce", FIELD, "south"))
    bulk.run()
    assert bulk.conflict(FIELD) == {"salesforce": "south", "hubspot": "north"}


@pytest.mark.sweep
def test_an_edit_that_a_job_covered_after_its_process_died_is_found_where_salesforce_tracks_the_field(
    crms: Crms, bulk: Acme
) -> None:
    crms.door("salesforce", "settings", {"tracked": ["Account.Territory__c"]})
    bulk.edit("hubspot", FIELD, "north")
    bulk.run_while(CLOSED, lambda: bulk.edit("salesforce", FIELD, "south"), killed=True)
    bulk.run()
    assert bulk.conflict(FIELD) == {"salesforce": "south", "hubspot": "north"}


def test_a_row_that_the_job_of_a_dead_process_refused_is_refused_in_the_ledger(
    crms: Crms, bulk: Acme
) -> None:
    crms.world.salesforce.fault(fault="F37", rows=[0], match={"path": ".*/jobs/ingest.*"})
    bulk.edit("hubspot", FIELD, "north")
    bulk.run_while(READ, lambda: None, killed=True)
    at_once(bulk)
    states, jobs = book(bulk)
    assert (states["refused"], jobs) == (1, 0)
    bulk.run()
    assert bulk.values(FIELD) == {"salesforce": "north", "hubspot": "north"}
