"""A process that dies: really killed, at each request that it sends and before each commit of its ledger; or that
stands still there, until another one has taken its place.

The story has creates and updates both ways, a merge, a Conflict, a push of scores and a pull of outcomes. Wherever it
is cut off, the same commands once more end where the story that nobody disturbed ends. `make test` cuts it off at a few
places, `make sweep` at all of them.
"""

from __future__ import annotations

import os
import signal
import sqlite3
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from connector.clock import Pace
from emulator.hubspot.app import build as build_hubspot
from emulator.hubspot.portal import Settings as PortalSettings
from emulator.kit.clock import Clock
from emulator.kit.server import serve
from emulator.kit.state import StateFile
from emulator.salesforce.app import build as build_salesforce
from sync.ledger import Ledger
from sync.model.records import LinkId
from tests.e2e import nursery
from tests.e2e.crms import Kept, account, company, meet, unclean
from tests.e2e.dying import DyingTandem
from tests.e2e.people import SALES, SETTLED, People
from tests.e2e.watching import Watch
from tests.ids import HUBSPOT, SALESFORCE
from tests.postgresql import Server as DatabaseServer
from tests.sweep import sliced
from tests.world import Server, World

pytestmark = pytest.mark.slow

#: The commands of the story, as cron would give them.
STORY = (("sync", "--full"), ("scores", "push", "--yes"), ("outcomes", "pull"))
#: Bytes that a disk has more each time it fills up.
STEP_OF_ROOM = 60_000
#: Places to be stopped at are dealt out to so many tests.
FREEZES = 13
#: Places to die at are dealt out to so many tests.
SLICES = 39
#: Of those places, so many-th are tried over a server too.
SELDOM = 4


@pytest.fixture(scope="module")
def kept_scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DyingTandem]:
    """Six accounts in step. Then people made new ones on each side, edited, merged and quarrelled, and scores came."""
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
        order = {"email": "tandem@example.com", "first": "Tandem", "last": "Integration"}
        people.door("hubspot", "owners", order)
        ids = meet(world, people, 6)
        _play(world, people, ids)
        people.close()
        born_in = stack.enter_context(nursery.opened(world.secrets))
        yield DyingTandem(Kept.of(world), watch, ids, born_in)


def _play(world: World, people: People, ids: list[dict[str, str]]) -> None:
    for number in range(2):
        people.new_in_salesforce(
            Name=f"New {number}", Website=f"newinsales{number}.com", ABM_Tier__c="tier_1"
        )
        people.new_in_hubspot(
            name=f"Fresh {number}",
            domain=f"newinmarketing{number}.com",
            tandem_mqa_stage="engaged",
            **({"hubspot_owner_id": people.owner_in_hubspot(SALES)} if number else {}),
        )
        people.in_salesforce(ids[number]["salesforce"], MQA_Stage__c="negotiating")
        people.in_hubspot(ids[number + 2]["hubspot"], tandem_mqa_stage="evaluating")
    people.in_salesforce(ids[4]["salesforce"], ABM_Tier__c="tier_1")
    people.in_hubspot(ids[4]["hubspot"], hs_ideal_customer_profile="tier_3")
    double = people.new_in_hubspot(name="Company 05 again", domain="elsewhere05.com")
    people.merges_in_hubspot(double, ids[5]["hubspot"])
    people.in_salesforce(ids[5]["salesforce"], MQA_Stage__c="awareness")
    opportunity = {"Name": "Pilot", "AccountId": ids[0]["salesforce"], "StageName": "Closed Won"}
    people.collections([{**opportunity, "CloseDate": "2026-02-01", "Amount": 5000}], "Opportunity")
    (deal,) = people.batches(
        [{"dealname": "Pilot too", "dealstage": "closedwon", "pipeline": "default"}], "deals"
    )
    world.portal.associate("deals", deal, "companies", ids[1]["hubspot"], (5, 341))
    rows = "".join(f"company{number:02}.com,{60 + number}\n" for number in range(4))
    (world.folder / "scores.csv").write_text(f"domain,score\n{rows}", encoding="utf-8")
    assert world.run("scores", "import", "scores.csv").code == 0


def _go_on_working(world: World, ids: list[dict[str, str]]) -> None:
    """People know of no crash."""
    people = People(world)
    people.in_hubspot(ids[0]["hubspot"], hs_ideal_customer_profile="tier_3")
    people.in_salesforce(ids[2]["salesforce"], ABM_Tier__c="tier_2")
    people.close()


def _ended_with(words: Sequence[str]) -> int:
    """A Conflict stays open all along: whatever plans says so."""
    return 0 if words[0] == "outcomes" else 4


def _tell_the_story(world: World) -> None:
    for words in STORY:
        ran = world.run(*words)
        assert ran.code == _ended_with(words), ran.text
    # What a first Run could not know yet (an account that it made) a second one may push to.
    assert world.run("scores", "push", "--yes").code == 4


def _picture(world: World) -> dict[str, Any]:
    """Both CRMs and the ledger, without what a story that was cut off may do at another time or in another order."""
    drawn: dict[str, Any] = {}
    with world.ledger() as ledger:
        for found in ledger.accounts.all_linked():
            link = found.link
            drawn[f"link {link.domain} {link.label}"] = {
                "base": {name: value for name, value in link.base.items() if value is not None},
                "observed": {name: dict(record.observed) for name, record in found.records.items()},
                "current": {name: dict(record.current) for name, record in found.records.items()},
                "salesforce": _told(account(world, found.records[SALESFORCE].id), "ABM_Tier__c"),
                "hubspot": company(world, found.records[HUBSPOT].id) | {"tandem_id": ""},
            }
        labels = {found.link.id: found.link.label for found in ledger.accounts.all_linked()}
        drawn["conflicts"] = [
            {
                "account": labels[each.finding.link_id],
                "field": each.finding.field,
                "base": each.finding.base,
                "sides": {name: (side.value, side.by) for name, side in each.finding.sides.items()},
            }
            for each in ledger.conflicts.list()
        ]
        drawn["matches"] = [each.match.evidence for each in ledger.matches.list()]
        drawn["held"] = [(each.hold.system, each.hold.field) for each in ledger.held.list()]
        drawn["outcomes"] = sorted(
            (each.system, each.name, each.stage, labels.get(each.link_id or LinkId("")))
            for each in ledger.outcomes.all()
        )
        drawn["open"] = ledger.writes.open()
        drawn["unsound"] = ledger.check()
    drawn["accounts"] = len(world.org.store.table("Account").rows)
    drawn["companies"] = len(world.portal.shelf("companies").records)
    # A quarrel about a tier, and an owner that HubSpot never had: its account has its maker for want of another.
    expected = ("Company 04 Inc.: tier", "Fresh 0: owner")
    drawn["unclean"] = [line for line in unclean(world).splitlines() if not line.startswith(expected)]
    return drawn


def _told(row: Mapping[str, Any], *more: str) -> dict[str, Any]:
    names = ("Name", "Website", "OwnerId", "MQA_Stage__c", "Target_Account__c", "Engagement_Score__c", *more)
    return {name: row.get(name) for name in names}


@dataclass(frozen=True, slots=True)
class Place:
    """Where a process dies."""

    words: Sequence[str]
    #: ``before`` or ``after`` a request, or right before a ``commit``.
    moment: str
    at: int

    def __str__(self) -> str:
        return f"{' '.join(self.words)}: {self.moment} {self.at}"


@pytest.fixture(scope="module")
def undisturbed(kept_scene: DyingTandem) -> tuple[dict[str, Any], list[Place]]:
    """How the story ends that nobody disturbs, and all places at which it can be."""
    scene = kept_scene
    places: list[Place] = []
    scene.begin_anew()
    for words in STORY:
        scene.watch.at = 0
        lived = scene.let_die(words)
        assert lived.code == _ended_with(words), lived.said
        places += (
            Place(words, moment, at + 1) for at in range(lived.requests) for moment in ("before", "after")
        )
        places += (Place(words, "commit", at + 1) for at in range(lived.commits))
    _go_on_working(scene.world, scene.ids)
    _tell_the_story(scene.world)
    return _picture(scene.world), places


def test_the_story_that_nobody_disturbs_has_all_that_can_go_wrong(
    kept_scene: DyingTandem, undisturbed: tuple[dict[str, Any], list[Place]]
) -> None:
    drawn, places = undisturbed
    assert drawn["accounts"] == 10
    assert drawn["companies"] == 12  # and what the merged ones became
    assert [(each["account"], each["field"]) for each in drawn["conflicts"]] == [("Company 04 Inc.", "tier")]
    assert [name for _, name, *_ in drawn["outcomes"]] == ["Pilot too", "Pilot"]
    assert (drawn["open"], drawn["unsound"], drawn["unclean"], drawn["held"]) == ([], [], [], [])
    assert len([each for each in places if each.moment == "after"]) > 30
    assert len([each for each in places if each.moment == "commit"]) > 30


def _cut_off(scene: DyingTandem, place: Place) -> None:
    """Let a process die there; people go on working, and so do the commands."""
    fatal_commit = place.at if place.moment == "commit" else 0
    scene.watch.at = 0 if place.moment == "commit" else place.at
    scene.watch.moment, scene.watch.signal, scene.watch.writes = place.moment, signal.SIGKILL, False
    died = scene.let_die(place.words, fatal_commit=fatal_commit)
    assert died.code == -signal.SIGKILL, f"{place}: {died.said}"
    _go_on_working(scene.world, scene.ids)
    _tell_the_story(scene.world)


@pytest.mark.parametrize("part", sliced(range(SLICES), always=[29]))
def test_a_story_that_is_cut_off_anywhere_ends_as_if_it_had_not_been(
    kept_scene: DyingTandem, undisturbed: tuple[dict[str, Any], list[Place]], part: int
) -> None:
    wanted, places = undisturbed
    scene = kept_scene
    for place in places[part::SLICES]:
        scene.begin_anew()
        _cut_off(scene, place)
        assert _picture(scene.world) == wanted, place
        quiet = scene.world.run("plan", "--full", "--json")
        assert (quiet.json["changes"], quiet.json["creates"]) == ([], []), place


@pytest.mark.parametrize("part", sliced(range(SLICES), always=[20]), ids=lambda part: f"PostgreSQL-{part}")
def test_a_story_over_a_server_that_is_cut_off_anywhere_ends_as_if_it_had_not_been(
    kept_scene: DyingTandem,
    undisturbed: tuple[dict[str, Any], list[Place]],
    postgres: DatabaseServer,
    part: int,
) -> None:
    wanted, places = undisturbed
    scene = kept_scene
    for place in places[part * SELDOM :: SLICES * SELDOM]:
        scene.begin_anew()
        url = postgres.make("crash")
        Ledger.restore(url, scene.world.folder / "tandem.db", scene.world.clock.now, older=False)
        config = scene.world.config.read_text(encoding="utf-8")
        scene.world.config.write_text(f"ledger: {url}\n{config}", encoding="utf-8")
        _cut_off(scene, place)
        assert _picture(scene.world) == wanted, place


def _later(monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
    """Let this process live so much later than others on the same machine."""
    real = time.clock_gettime
    monkeypatch.setattr(time, "clock_gettime", lambda clock: real(clock) + seconds)


def _whole(path: Path) -> list[str]:
    """All that stands there, but for the calls: those that were made are counted, whoever has the lease."""
    counted = ('INSERT INTO "calls"', 'INSERT INTO "allowances"')
    with closing(sqlite3.connect(path)) as ledger:
        return [line for line in ledger.iterdump() if not line.startswith(counted)]


def _is_locked(path: Path) -> bool:
    with closing(sqlite3.connect(path, timeout=0.1, isolation_level=None)) as ledger:
        try:
            ledger.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError:
            return True
        return False


def _stop_outside_of_a_transaction(pid: int, path: Path) -> None:
    """One that is stopped in the middle of a transaction lets nobody write, and nobody take its place."""
    while _is_locked(path):
        os.kill(pid, signal.SIGCONT)
        os.kill(pid, signal.SIGSTOP)


@pytest.mark.parametrize("part", sliced(range(FREEZES), always=[11]))
def test_a_process_that_stood_still_while_another_took_its_place_writes_nothing_more(
    kept_scene: DyingTandem,
    undisturbed: tuple[dict[str, Any], list[Place]],
    monkeypatch: pytest.MonkeyPatch,
    part: int,
) -> None:
    wanted, places = undisturbed
    scene, watch = kept_scene, kept_scene.watch
    ledger = scene.world.folder / "tandem.db"
    for place in [each for each in places if each.moment == "before"][part::FREEZES]:
        scene.begin_anew()
        watch.at, watch.moment, watch.signal, watch.writes = place.at, "before", signal.SIGSTOP, False
        watch.struck.clear()
        with ThreadPoolExecutor(max_workers=1) as thread, monkeypatch.context() as patched:
            slow = thread.submit(scene.let_die, place.words)
            assert watch.struck.wait(60.0), place
            pid = watch.pid
            assert pid is not None
            try:
                _stop_outside_of_a_transaction(pid, ledger)
                early = scene.world.run(*place.words)
                assert early.code == 5, f"{place}: {early.text}"
                assert f"process {pid} on" in early.text
                _later(patched, 46.0)
                taken = scene.world.run(*place.words)
                assert taken.code == (4 if place.words[0] == "sync" else 0), f"{place}: {taken.text}"
                stored = _whole(ledger)
                watch.wrote.clear()
            finally:
                os.kill(pid, signal.SIGCONT)
            ended = slow.result(timeout=60.0)
        assert ended.code == 1, f"{place}: {ended.said}"
        assert "stood still" in ended.said, f"{place}: {ended.said}"
        assert "Traceback" not in ended.said
        assert watch.wrote == [], place
        assert _whole(ledger) == stored, place
        _go_on_working(scene.world, scene.ids)
        _tell_the_story(scene.world)
        assert _picture(scene.world) == wanted, place


@pytest.mark.sweep
def test_a_service_that_is_told_to_stop_finishes_the_batch_in_hand(kept_scene: DyingTandem) -> None:
    scene = kept_scene
    scene.begin_anew()
    world, watch = scene.world, scene.watch
    watch.at, watch.moment, watch.signal, watch.writes = 1, "before", signal.SIGTERM, True
    stopped = scene.let_die(("run",))
    watch.writes = False
    assert stopped.code == 0, stopped.said
    assert "service stopped" in stopped.said
    assert stopped.requests < 4
    with world.ledger() as ledger:
        assert ledger.writes.open() == []
        assert ledger.runs.latest(1)[0].outcome == "stopped"
        assert ledger.check() == []
    assert world.run("sync").code == 4
    assert len(world.org.store.table("Account").rows) == 10


@pytest.mark.sweep
def test_a_disk_that_fills_up_at_any_point_of_a_run_is_told_and_tears_nothing(
    kept_scene: DyingTandem, undisturbed: tuple[dict[str, Any], list[Place]]
) -> None:
    scene, wanted = kept_scene, undisturbed[0]
    scene.watch.at = 0
    full = 0
    for room in range(40_000, 4_000_000, STEP_OF_ROOM):
        scene.begin_anew()
        ended = scene.let_die(("sync", "--full"), room=room)
        if ended.code == 4:
            break
        full += 1
        assert ended.code == 1, f"{room}: {ended.said}"
        assert "the disk that holds the ledger" in ended.said, ended.said
        assert "nothing was stored by this step" in ended.said
        with scene.world.ledger() as ledger:
            assert ledger.check() == []
        _go_on_working(scene.world, scene.ids)
        _tell_the_story(scene.world)
        assert _picture(scene.world) == wanted, room
    assert full > 3
