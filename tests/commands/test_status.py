"""Spans in ``tandem status`` are words that people say."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from datetime import timedelta

import pytest
from rich.console import Console
from sqlalchemy import insert

from commands.views.status import status_view
from insight.status import status, status_json
from sync.ledger import Ledger
from sync.ledger.database.tables import lease
from sync.ledger.lease import SERVICE
from sync.ledger.process import this_process
from sync.model.inbox import HoldReason
from sync.model.service import ServiceState
from tests.ids import HUBSPOT
from tests.sync.core.desk import a_mapping
from tests.sync.ledger.makers import HandClock, account


def told(ledger: Ledger, clock: HandClock) -> str:
    console = Console(width=200, color_system=None)
    with console.capture() as caught:
        console.print(status_view(status(ledger, a_mapping({}, ()), clock.now)))
    return " ".join(caught.get().split())


@pytest.fixture
def ledger(clock: HandClock) -> Ledger:
    return Ledger.open("sqlite://", clock)


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.mark.parametrize(
    ("took", "since", "words"),
    [
        (timedelta(0), timedelta(0), ["now 0 seconds ok", "now never"]),
        (
            timedelta(seconds=125),
            timedelta(0),
            ["2 minutes ago 2 minutes and 5 seconds ok", "2 minutes ago never"],
        ),
        (
            timedelta(hours=2, minutes=5, seconds=7),
            timedelta(hours=1),
            ["3 hours ago 2 hours and 5 minutes ok", "3 hours ago never"],
        ),
        (timedelta(seconds=1), timedelta(days=2), ["2 days ago 1 second ok", "2 days ago never"]),
    ],
)
def test_when_a_run_began_and_how_long_it_took(
    ledger: Ledger, clock: HandClock, took: timedelta, since: timedelta, words: list[str]
) -> None:
    account(ledger)
    ledger.cursors.set(HUBSPOT, "companies", "1")
    run = ledger.runs.start("sync", "test")
    clock.now += took
    ledger.runs.finish(run.id, "ok")
    clock.now += since
    text = told(ledger, clock)
    assert all(word in text for word in words), text


def test_a_service_says_how_long_it_runs_and_when_it_is_due(ledger: Ledger, clock: HandClock) -> None:
    began = clock.now
    now = clock.wait(hours=26)
    ledger.lease.acquire("tandem run", name=SERVICE, ttl=timedelta(days=1))
    ledger.service.set(
        ServiceState(
            pid=os.getpid(),
            host=socket.gethostname(),
            since=began,
            seen_at=now,
            next={"sync": now - timedelta(seconds=3), "full": now + timedelta(hours=5)},
            troubles={"full": "HubSpot does not answer"},
            doing=None,
        )
    )
    text = told(ledger, clock)
    assert f"(process {os.getpid()} on {socket.gethostname()}, a day)" in text
    assert "next sync: in a moment" in text
    assert "next full: in 5 hours, because HubSpot does not answer" in text
    clock.wait(minutes=20)
    assert "has been silent for 20 minutes; start it again" in told(ledger, clock)


def a_run(ledger: Ledger, clock: HandClock, kind: str = "sync", **counts: int) -> str:
    clock.wait(minutes=1)
    run = ledger.runs.start(kind, "test")
    ledger.runs.finish(run.id, "ok", counts=counts)
    return run.id


def test_runs_that_did_nothing_are_one_line_and_push_none_out_that_did_something(
    ledger: Ledger, clock: HandClock
) -> None:
    wrote = a_run(ledger, clock, written=3)
    empty = [a_run(ledger, clock, read=0) for _ in range(40)]
    pulled = a_run(ledger, clock, kind="outcomes")
    text = told(ledger, clock)
    assert wrote in text
    assert pulled in text
    assert [id for id in empty if id in text] == [empty[-1]]
    assert "nothing, and so 39 before it since 40 minutes ago" in text


def dying(ledger: Ledger, holder: str, *, name: str = "run", pid: int, host: str, clock: HandClock) -> None:
    """Leave a lease behind as another process would."""
    with ledger._store.writing() as connection:
        connection.execute(
            insert(lease),
            {
                "name": name,
                "holder": holder,
                "pid": pid,
                "host": host,
                "since": clock.now,
                "expires_at": clock.now + timedelta(seconds=45),
                "fence": 1,
                **{column: getattr(this_process(), column) for column in ("boot", "pid_space", "time_space")},
                "started": "1",
            },
        )


@pytest.fixture
def gone() -> int:
    """The id of a process that has ended."""
    with subprocess.Popen([sys.executable, "-c", ""]) as ended:
        ended.wait()
    return ended.pid


def test_a_run_whose_process_was_killed_is_said_to_have_died(
    ledger: Ledger, clock: HandClock, gone: int
) -> None:
    dying(ledger, "tandem sync", pid=gone, host=socket.gethostname(), clock=clock)
    run = ledger.runs.start("sync", "test")
    text = told(ledger, clock)
    assert f"1 Run died before the end: {run.id}." in text
    assert "sync now died" in text
    assert "works with the ledger" not in text
    assert status_json(status(ledger, a_mapping({}, ()), clock.now))["died"] == [run.id]


def test_a_run_of_another_machine_runs_for_all_that_is_known_until_its_lease_ends(
    ledger: Ledger, clock: HandClock
) -> None:
    dying(ledger, "tandem sync", pid=1, host="elsewhere", clock=clock)
    run = ledger.runs.start("sync", "test")
    text = told(ledger, clock)
    assert "running" in text
    assert "tandem sync works with the ledger (process 1 on elsewhere, since a moment)." in text
    assert "Its lease ends at 2025-03-01 09:30:45 UTC unless it is renewed" in text
    clock.wait(minutes=11)
    assert f"1 Run died before the end: {run.id}." in told(ledger, clock)


def test_a_service_that_was_killed_in_the_middle_of_a_run_is_not_said_to_run(
    ledger: Ledger, clock: HandClock, gone: int
) -> None:
    host = socket.gethostname()
    dying(ledger, "tandem run", name=SERVICE, pid=gone, host=host, clock=clock)
    ledger.service.set(
        ServiceState(
            pid=gone, host=host, since=clock.now, seen_at=clock.now, next={}, troubles={}, doing="sync"
        )
    )
    text = told(ledger, clock)
    assert "The service runs" not in text
    assert f"the service (process {gone} on {host}) died without a word after 2025-03-01 09:30:00 UTC" in text
    assert "while it did its sync; start it again with: tandem run" in text


def test_what_is_held_is_one_line_a_reason_whatever_each_record_makes_a_crm_say(
    ledger: Ledger, clock: HandClock
) -> None:
    ledger.held.hold(
        [
            HoldReason(
                link_id=account(ledger, number),
                system=HUBSPOT,
                field="owner",
                code="INVALID",
                message=f"no user with the e-mail p{number}@example.com (row {number})",
            )
            for number in range(1, 30)
        ]
    )
    text = told(ledger, clock)
    assert text.count("■") == 1
    assert "■ 29 held: hubspot owner: no user with the e-mail p1@example.com (row 1)" in text
    assert "tandem held list" in text
