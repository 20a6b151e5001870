"""A Run that dies: a real process, killed from outside when a CRM has seen a certain write of it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from connector.pace import Pace
from emulator.hubspot.app import build as build_hubspot
from emulator.hubspot.portal import Settings as PortalSettings
from emulator.kit.clock import Clock
from emulator.kit.server import serve
from emulator.kit.state import StateFile
from emulator.salesforce.app import build as build_salesforce
from tests.e2e.crms import Kept, account, accounts, company, meet, unclean
from tests.e2e.people import SALES, SETTLED, People
from tests.world import Server, World

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]
#: Writes of the Run that is killed: creates and updates, in each CRM.
WRITES = 4


@dataclass
class Watch:
    """Stands before both CRMs, counts what writes accounts, and lets something happen at one of them."""

    at: int = 0
    #: ``before`` the CRM has it, or ``after``, when the CRM is done and nobody was told.
    moment: str = "before"
    signal: signal.Signals = signal.SIGKILL
    process: subprocess.Popen[str] | None = None
    seen: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def over(self, app: ASGIApp) -> ASGIApp:
        async def watched(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] != "http" or scope["method"] == "GET":
                await app(scope, receive, send)
                return
            body = await _whole(receive)
            answers: list[Message] = []

            async def given() -> Message:
                return {"type": "http.request", "body": body, "more_body": False}

            async def kept(message: Message) -> None:
                answers.append(message)

            strikes = self._counts(scope, body)
            if strikes and self.moment == "before":
                self._strike()
                if self.signal is signal.SIGKILL:
                    return
            await app(scope, given, kept)
            if strikes and self.moment == "after":
                self._strike()
            for message in answers:
                await send(message)

        return watched

    def _counts(self, scope: Scope, body: bytes) -> bool:
        """Is this the write at which it happens? Writes go as collections, or as several of them in one composite."""
        path = scope["path"]
        writes = (
            scope["method"] == "PATCH"
            or path.endswith(("/batch/update", "/batch/upsert"))
            or (path.endswith("/composite") and b'"PATCH"' in body)
        )
        if "/__emulator__/" in path or not writes or self.process is None:
            return False
        with self.lock:
            self.seen.append(f"{scope['method']} {path}")
            return len(self.seen) == self.at

    def _strike(self) -> None:
        assert self.process is not None
        self.process.send_signal(self.signal)
        if self.signal is signal.SIGKILL:
            self.process.wait(timeout=30)


async def _whole(receive: Receive) -> bytes:
    body = b""
    while True:
        message = await receive()
        piece: bytes = message.get("body", b"")
        body += piece
        if not message.get("more_body", False):
            return body


@dataclass(frozen=True, slots=True)
class Scene:
    """What stands before the Run that is killed."""

    kept: Kept
    watch: Watch
    ids: list[dict[str, str]]

    @property
    def world(self) -> World:
        return self.kept.world

    def tandem(self, *arguments: str) -> subprocess.Popen[str]:
        """A command in a process of its own, as cron or a service manager starts it."""
        keep = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
        environ = {**keep, **self.world.secrets, "PYTHONPATH": str(ROOT)}
        return subprocess.Popen(
            [sys.executable, "-m", "cli", "--config", str(self.world.config), *arguments],
            env=environ,
            cwd=self.world.folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )


@pytest.fixture(scope="module")
def standing_scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """Six accounts in step; then two new ones on each side, and edits on each side."""
    watch = Watch()
    clock = Clock()
    # The past of this scene lies in the past of the process that is killed, which knows no other clock than ours.
    clock.advance(-5 * SETTLED)
    portal = PortalSettings(index_lag=0.0)
    salesforce, hubspot = (
        build_salesforce(StateFile(), clock),
        build_hubspot(StateFile(), clock, settings=portal),
    )
    with ExitStack() as stack:
        world = World(
            folder=tmp_path_factory.mktemp("crash"),
            clock=clock,
            pace=Pace.real(),
            salesforce=Server(url=stack.enter_context(serve(watch.over(salesforce))), app=salesforce),
            hubspot=Server(url=stack.enter_context(serve(watch.over(hubspot))), app=hubspot),
        )
        people = People(world)
        people.invite_the_team_to_hubspot()
        ids = meet(world, people, 6)
        for number in range(2):
            people.new_in_salesforce(
                Name=f"New {number}", Website=f"newinsales{number}.com", ABM_Tier__c="tier_1"
            )
            people.new_in_hubspot(
                name=f"Fresh {number}",
                domain=f"newinmarketing{number}.com",
                tandem_mqa_stage="engaged",
                hubspot_owner_id=people.owner_in_hubspot(SALES),
            )
            people.in_salesforce(ids[number]["salesforce"], MQA_Stage__c="negotiating")
            people.in_hubspot(ids[number + 2]["hubspot"], tandem_mqa_stage="evaluating")
        people.close()
        yield Scene(Kept.of(world), watch, ids)


@pytest.fixture
def scene(standing_scene: Scene) -> Scene:
    watch = standing_scene.watch
    watch.process = None
    watch.seen.clear()
    standing_scene.kept.bring_back()
    standing_scene.world.clock.set(datetime.now(UTC))
    return standing_scene


def _run(scene: Scene, *arguments: str, at: int, moment: str, by: signal.Signals) -> tuple[int, str]:
    watch = scene.watch
    watch.at, watch.moment, watch.signal = at, moment, by
    with scene.tandem(*arguments) as process:
        watch.process = process
        said, _ = process.communicate(timeout=60)
    return process.returncode, said


def test_the_run_that_is_killed_makes_four_writes(scene: Scene) -> None:
    code, said = _run(scene, "sync", at=0, moment="before", by=signal.SIGKILL)
    assert code == 0, said
    assert len(scene.watch.seen) == WRITES, scene.watch.seen
    assert unclean(scene.world) == ""


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("at", range(1, WRITES + 1))
def test_a_run_that_is_killed_at_a_write_is_made_good_by_the_next(scene: Scene, at: int, moment: str) -> None:
    world = scene.world
    code, said = _run(scene, "sync", at=at, moment=moment, by=signal.SIGKILL)
    assert code == -signal.SIGKILL, said
    assert len(scene.watch.seen) >= at
    # Somebody goes on working before anybody notices.
    people = People(world)
    people.in_hubspot(scene.ids[0]["hubspot"], hs_ideal_customer_profile="tier_3")
    people.in_salesforce(scene.ids[2]["salesforce"], ABM_Tier__c="tier_2")
    people.close()

    again = world.run("sync")
    assert again.code == 0, again.text
    assert unclean(world) == ""
    assert len(world.org.store.table("Account").rows) == 10
    assert len(world.portal.shelf("companies").records) == 10
    assert len(accounts(world)) == 10
    assert all(set(found.records) == {"salesforce", "hubspot"} for found in accounts(world))
    # Every edit arrived, those before the crash and those after.
    for number in range(2):
        assert company(world, scene.ids[number]["hubspot"])["tandem_mqa_stage"] == "negotiating"
        assert account(world, scene.ids[number + 2]["salesforce"])["MQA_Stage__c"] == "evaluating"
    assert account(world, scene.ids[0]["salesforce"])["ABM_Tier__c"] == "tier_3"
    assert company(world, scene.ids[2]["hubspot"])["hs_ideal_customer_profile"] == "tier_2"
    quiet = world.run("plan")
    assert quiet.code == 0, quiet.text
    with world.ledger() as ledger:
        assert ledger.writes.open() == []
        assert [run.outcome for run in ledger.runs.latest(2)] == ["ok", None]


def test_a_service_that_is_told_to_stop_finishes_the_batch_in_hand(scene: Scene) -> None:
    world = scene.world
    code, said = _run(scene, "run", at=1, moment="before", by=signal.SIGTERM)
    assert code == 0, said
    assert "service stopped" in said
    assert len(scene.watch.seen) < WRITES
    with world.ledger() as ledger:
        assert ledger.writes.open() == []
        assert ledger.runs.latest(1)[0].outcome == "stopped"
        assert ledger.check() == []
    again = world.run("sync")
    assert again.code == 0, again.text
    assert unclean(world) == ""
    assert len(world.org.store.table("Account").rows) == len(world.portal.shelf("companies").records) == 10
