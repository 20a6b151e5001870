"""Spans in ``tandem status`` are words that people say."""

from __future__ import annotations

from datetime import timedelta

import pytest
from rich.console import Console

from commands.views.status import status_view
from insight.status import status
from sync.ledger import Ledger
from sync.model.service import ServiceState
from tests.ids import HUBSPOT
from tests.sync.ledger.makers import HandClock, account


def told(ledger: Ledger, clock: HandClock) -> str:
    console = Console(width=200, color_system=None)
    with console.capture() as caught:
        console.print(status_view(status(ledger, clock.now)))
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
    ledger.service.set(
        ServiceState(
            pid=4711,
            host="crm-sync",
            since=began,
            seen_at=now,
            next={"sync": now - timedelta(seconds=3), "full": now + timedelta(hours=5)},
            troubles={"full": "HubSpot does not answer"},
            doing=None,
        )
    )
    text = told(ledger, clock)
    assert "(process 4711 on crm-sync, a day)" in text
    assert "next sync: in a moment" in text
    assert "next full: in 5 hours, because HubSpot does not answer" in text
    clock.wait(minutes=20)
    assert "has been silent for 20 minutes; start it again" in told(ledger, clock)
