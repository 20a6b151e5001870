"""The service: its schedule, what it waits for, what stops it and what does not."""

from __future__ import annotations

import sqlite3
from typing import Any

import pytest
import structlog.testing

from connector.hubspot.client import HubSpotConnector
from connector.secrecy import register
from service.schedule import Intervals
from service.worker import Service
from sync.core.guard import Guard
from sync.engine import Engine
from sync.errors import LedgerError
from sync.ledger.service import ServiceNote
from sync.model.service import ServiceState
from sync.planning.build import Rules
from sync.settings.load import load as load_settings
from tests.e2e.crms import company
from tests.e2e.in_step.test_accounts import quarrel
from tests.e2e.people import SETTLED, People
from tests.world import Ran, World


class Watched:
    """A service over a world, on the world's clock: waiting takes no time."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.waits: list[float] = []
        self.until = world.clock.now().timestamp()

    def run(self, seconds: float) -> list[str]:
        """Let it work for so long; answers with the kinds of the Runs that it made, oldest first."""
        settings = load_settings(self.world.config)
        connectors = self.world.connect()
        end = self.world.clock.now().timestamp() + seconds
        with self.world.ledger() as ledger:
            before = {run.id for run in ledger.runs.latest(1000)}
            rules = Rules(fields=settings.mapping.fields, scope=settings.scope)
            engine = Engine(connectors, ledger, settings.mapping, rules, clock=self.world.clock.now)
            intervals = Intervals(
                sync=settings.schedule.poll,
                full=settings.schedule.full_compare,
                outcomes=settings.schedule.outcomes,
            )
            Service(
                engine,
                ledger,
                intervals,
                Guard(),
                clock=self.world.clock.now,
                wait=self._wait,
                stopping=lambda: self.world.clock.now().timestamp() >= end,
            ).run()
            made = [run for run in ledger.runs.latest(1000) if run.id not in before]
        for connector in connectors.values():
            connector.close()
        return [f"{run.kind} {run.outcome}" for run in reversed(made)]

    def _wait(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.world.clock.advance(seconds)


def test_the_service_syncs_by_its_schedule_and_compares_everything_once_a_day(
    world: World, people: People, ids: list[dict[str, str]]
) -> None:
    people.in_salesforce(ids[0]["salesforce"], MQA_Stage__c="engaged")
    world.clock.advance(SETTLED)
    config = world.config.read_text(encoding="utf-8")
    world.config.write_text(
        f"{config}schedule: {{poll: 20m, full_compare: 24h, outcomes: 1h}}\n", encoding="utf-8"
    )
    made = Watched(world).run(2 * 3600 + 30)
    assert set(made) == {"full ok", "sync ok", "outcomes ok"}
    assert made.count("full ok") == 1
    assert made.count("outcomes ok") == 3
    assert made.count("sync ok") == 6
    assert company(world, ids[0]["hubspot"])["tandem_mqa_stage"] == "engaged"
    # What nobody saw change, such as a value set without a stamp, the daily compare finds.
    people.door("salesforce", "silent", {"id": ids[1]["salesforce"], "values": {"MQA_Stage__c": "awareness"}})
    world.clock.advance(22 * 3600)
    assert "full ok" in Watched(world).run(30)
    assert company(world, ids[1]["hubspot"])["tandem_mqa_stage"] == "awareness"


def test_a_service_whose_ledger_takes_nothing_waits_until_it_does(
    world: World, people: People, ids: list[dict[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A disk that filled up over night ended the service, and nothing was in step until somebody saw it."""
    people.in_salesforce(ids[0]["salesforce"], MQA_Stage__c="engaged")
    world.clock.advance(SETTLED)
    store, refusals = ServiceNote.set, iter(range(5))

    def full(note: ServiceNote, state: ServiceState) -> None:
        if next(refusals, None) is not None:
            raise LedgerError("the disk that holds the ledger is full", remedy="make room")
        store(note, state)

    monkeypatch.setattr(ServiceNote, "set", full)
    watched = Watched(world)
    assert "full ok" in watched.run(600)
    assert watched.waits[:5] == [60.0] * 5
    assert company(world, ids[0]["hubspot"])["tandem_mqa_stage"] == "engaged"


def test_a_service_whose_ledger_takes_nothing_says_so_by_its_exit_code(
    world: World, ids: list[dict[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise LedgerError("the disk that holds the ledger is full", remedy="make room")

    monkeypatch.setattr(ServiceNote, "set", full)
    ran = world.run("run", "--once")
    assert ran.code == 1
    assert "the disk that holds the ledger is full make room" in ran.text


_FAULTS = (
    RecursionError("maximum recursion depth exceeded"),
    MemoryError(),
    KeyError("results"),
    sqlite3.OperationalError("database is locked"),
    ZeroDivisionError("\x1b[2J emulator-secret-0815"),
)


@pytest.mark.parametrize("fault", _FAULTS, ids=lambda fault: type(fault).__name__)
def test_a_fault_in_a_run_is_logged_and_the_next_one_is_tried(
    world: World,
    people: People,
    ids: list[dict[str, str]],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    fault: Exception,
) -> None:
    register("emulator-secret-0815")
    people.in_salesforce(ids[0]["salesforce"], MQA_Stage__c="engaged")
    world.clock.advance(SETTLED)
    read, faults = HubSpotConnector.changes, iter([fault, fault])

    def broken(connector: HubSpotConnector, *asked: Any, **more: Any) -> Any:
        due = next(faults, None)
        if due is not None:
            raise due
        return read(connector, *asked, **more)

    monkeypatch.setattr(HubSpotConnector, "changes", broken)
    with structlog.testing.capture_logs() as logged:
        made = Watched(world).run(3600)
    assert [one.split()[1] for one in made[:2]] == ["failed", "failed"]
    assert "full ok" in made
    broke = [event for event in logged if event.get("action") == "run_broke"]
    assert len(broke) == 2
    assert type(fault).__name__ in broke[0]["trace"]
    assert "in broken" in broke[0]["trace"]
    failed = [event["reason"] for event in logged if event.get("action") == "run_failed"]
    assert "A fault of Tandem's own" in failed[0]
    told = f"{logged} {capsys.readouterr()}"
    assert "emulator-secret-0815" not in told
    assert not any("\x1b" in reason for reason in failed)
    assert company(world, ids[0]["hubspot"])["tandem_mqa_stage"] == "engaged"


@pytest.mark.parametrize("end", [KeyboardInterrupt, SystemExit])
def test_whoever_ends_the_service_ends_it_in_the_middle_of_a_run_too(
    world: World, ids: list[dict[str, str]], monkeypatch: pytest.MonkeyPatch, end: type[BaseException]
) -> None:
    def ended(*_: Any, **__: Any) -> Any:
        raise end

    monkeypatch.setattr(HubSpotConnector, "changes", ended)
    with pytest.raises(end):
        Watched(world).run(3600)
    assert ids


def test_a_service_whose_crm_is_down_backs_off_and_says_why(
    world: World, people: People, ids: list[dict[str, str]]
) -> None:
    assert Watched(world).run(10)
    config = world.config.read_text(encoding="utf-8")
    world.config.write_text(f"{config}schedule: {{outcomes: 24h}}\n", encoding="utf-8")
    world.hubspot.fault(status=503, times=10_000)
    watched = Watched(world)
    made = watched.run(2 * 3600)
    failed = [kind for kind in made if kind.startswith("sync")]
    assert set(failed) == {"sync failed"}
    # 120 would be one a minute.
    assert 4 <= len(failed) <= 12
    world.hubspot.app.state.faults.clear()
    assert "sync ok" in watched.run(120)


def test_status_says_what_the_service_waits_for_while_it_runs(
    world: World, people: People, ids: list[dict[str, str]]
) -> None:
    world.hubspot.fault(status=503, times=10_000)
    told: list[Ran] = []
    states: list[ServiceState | None] = []

    class Curious(Watched):
        def _wait(self, seconds: float) -> None:
            if not told:
                told.append(self.world.run("status"))
                with self.world.ledger() as ledger:
                    states.append(ledger.service.get())
            super()._wait(seconds)

    Curious(world).run(60)
    assert "HubSpot or its edge failed with 503" in told[0].text
    (state,) = states
    assert state is not None
    assert state.troubles
    assert all(at >= state.seen_at for at in state.next.values())
    assert "the service is not running" in world.run("status").text


def test_guard_and_conflicts_do_not_stop_the_service(
    world: World, people: People, ids: list[dict[str, str]]
) -> None:
    quarrel(world, people, ids[0])
    people.in_salesforce(ids[1]["salesforce"], MQA_Stage__c="engaged")
    world.clock.advance(SETTLED)
    made = Watched(world).run(300)
    assert set(made) <= {"full ok", "sync ok", "outcomes ok"}
    assert company(world, ids[1]["hubspot"])["tandem_mqa_stage"] == "engaged"
    assert world.run("status").code == 4
