"""Ctrl-C ends any command at any moment with 130, without a traceback, and says what was finished."""

from __future__ import annotations

import os
import pty
import re
import select
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from connector.clock import Pace
from emulator.hubspot.app import build as build_hubspot
from emulator.hubspot.portal import Settings as PortalSettings
from emulator.kit.clock import Clock
from emulator.kit.server import serve
from emulator.kit.state import StateFile
from emulator.population import populate
from emulator.salesforce.app import build as build_salesforce
from sync.model.progress import Progress
from tests.e2e import nursery
from tests.e2e.crms import Kept
from tests.e2e.nursery import Nursery
from tests.e2e.people import SETTLED
from tests.e2e.watching import Watch
from tests.world import Server, World

READING = (["plan"], ["sync"], ["doctor"], ["provision", "plan"], ["outcomes", "pull"])
ROOT = Path(__file__).resolve().parents[2]
#: The process interrupts itself when it comes to import this.
_AT_IMPORT = """
import os, signal, sys
class Finder:
    def find_spec(self, name, path=None, target=None):
        if name == {module!r}:
            sys.meta_path.remove(self)
            os.kill(os.getpid(), signal.SIGINT)
finder = Finder()
sys.meta_path.insert(0, finder)
sys.argv = ["tandem", *{words!r}]
import start
start.main()
"""


@dataclass(frozen=True, slots=True)
class InterruptedTandem:
    """Both CRMs on loopback, with sixty companies each that have never met."""

    kept: Kept
    watch: Watch
    nursery: Nursery

    @property
    def world(self) -> World:
        return self.kept.world

    def environ(self) -> dict[str, str]:
        keep = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
        return {**keep, **self.world.secrets, "PYTHONPATH": str(ROOT), "COLUMNS": "200"}

    def interrupted(
        self, words: Sequence[str], *, at: int, writes: bool = False, only: str = ""
    ) -> tuple[int, str]:
        """Run a command in a process of its own and press Ctrl-C when it asks a CRM for the so-many-th time."""
        self.watch.at, self.watch.writes, self.watch.moment = at, writes, "before"
        self.watch.signal, self.watch.only = signal.SIGINT, only
        self.watch.seen.clear()
        said = self.world.folder / "said.txt"
        # It asks nothing before the lease is taken; so no request goes uncounted.
        self.watch.pid = self.nursery.bear(["--config", str(self.world.config), *words], said)
        code, _ = self.nursery.fate()
        self.watch.pid = None
        assert len(self.watch.seen) >= at, "it ended before it was interrupted"
        return code, said.read_text(encoding="utf-8")


@contextmanager
def unprovisioned(folder: Path) -> Iterator[InterruptedTandem]:
    """The same before any field of Tandem was made."""
    watch = Watch()
    clock = Clock()
    clock.advance(-5 * SETTLED)
    org = build_salesforce(StateFile(), clock)
    portal = build_hubspot(StateFile(), clock, settings=PortalSettings(index_lag=0.0))
    populate(org.state.org, portal.state.portal, accounts=60, seed=7)
    with ExitStack() as stack:
        world = World(
            folder=folder,
            clock=clock,
            pace=Pace.real(),
            salesforce=Server(url=stack.enter_context(serve(watch.over(org))), app=org),
            hubspot=Server(url=stack.enter_context(serve(watch.over(portal))), app=portal),
        )
        world.configure("guard: {max_change_share: 1.0}")
        clock.advance(SETTLED)
        # Makes the ledger.
        assert world.run("provision", "plan").code == 3
        yield InterruptedTandem(Kept.of(world), watch, stack.enter_context(nursery.opened(world.secrets)))


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[InterruptedTandem]:
    with unprovisioned(tmp_path_factory.mktemp("interrupt")) as scene:
        ran = scene.world.run("provision", "apply", "--yes")
        assert ran.code == 0, ran.text
        yield InterruptedTandem(Kept.of(scene.world), scene.watch, scene.nursery)


@pytest.fixture
def scene(kept: InterruptedTandem) -> InterruptedTandem:
    kept.kept.bring_back()
    return kept


@pytest.mark.parametrize(
    ("module", "words"),
    [
        ("cli", ["status"]),
        ("rich.console", ["status"]),
        ("commands.lazy", ["status"]),
        ("commands.app", ["status"]),
        ("sqlalchemy", ["status"]),
        ("commands.status", ["status"]),
        ("crms", ["plan"]),
        ("structlog", ["run"]),
    ],
)
def test_while_it_is_still_being_loaded(scene: InterruptedTandem, module: str, words: list[str]) -> None:
    code = _AT_IMPORT.format(module=module, words=["--config", str(scene.world.config), *words])
    ran = subprocess.run(
        [sys.executable, "-c", code],
        env=scene.environ(),
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 130, ran.stderr
    assert "Stopped" in ran.stderr
    assert "Traceback" not in ran.stderr


@pytest.mark.parametrize("at", [1, 2, 4])
@pytest.mark.parametrize(
    "words", [["plan"], ["sync"], ["doctor"], ["provision", "plan"], ["outcomes", "pull"]], ids=str
)
def test_while_it_reads(scene: InterruptedTandem, words: list[str], at: int) -> None:
    code, said = scene.interrupted(words, at=at)
    assert code == 130, said
    assert "error Stopped." in said
    assert "what to do  Run the same command again" in said
    assert "Traceback" not in said
    # Nothing is left behind that would keep the next one away.
    assert scene.world.run("status").code in {0, 4}
    with scene.world.ledger() as ledger:
        assert ledger.lease.current() is None


def test_a_first_import_says_what_it_has_read_and_goes_on_from_there(scene: InterruptedTandem) -> None:
    code, said = scene.interrupted(["plan"], at=9)
    assert code == 130, said
    assert re.search(r"Finished until then: \w+: \d+ accounts read", said), (said, scene.watch.seen)
    assert scene.world.run("plan").code in {3, 4}


def test_while_it_writes_it_says_how_many_of_how_many_and_the_next_run_finishes(
    scene: InterruptedTandem,
) -> None:
    code, said = scene.interrupted(["apply", "--yes"], at=1, writes=True)
    assert code == 130, said
    assert "Finished until then: " in said
    assert "Traceback" not in said
    with scene.world.ledger() as ledger:
        (run,) = ledger.runs.latest(1)
        assert run.outcome == "stopped"
        assert ledger.lease.current() is None
    scene.world.clock.advance(SETTLED)
    assert scene.world.run("apply", "--yes").code in {0, 4}


def test_while_it_makes_fields_it_says_how_many_and_the_next_one_makes_the_others(
    tmp_path: Path,
) -> None:
    with unprovisioned(tmp_path) as scene:
        code, said = scene.interrupted(
            ["provision", "apply", "--yes"], at=2, only="^POST /crm/.*properties.*/companies$"
        )
        assert code == 130, said
        assert re.search(r"Finished until then: \w+: \d of \d fields written", said), (said, scene.watch.seen)
        assert "Traceback" not in said
        scene.world.clock.advance(SETTLED)
        ran = scene.world.run("provision", "apply", "--yes")
        assert ran.code == 0, ran.text
        with scene.world.ledger() as ledger:
            assert ledger.lease.current() is None


def test_while_it_makes_stages_it_is_stopped_in_the_same_way(tmp_path: Path) -> None:
    with unprovisioned(tmp_path) as scene:
        code, said = scene.interrupted(
            ["stages", "apply", "--yes"], at=1, only="^POST /crm/.*properties.*/companies$"
        )
        assert code == 130, said
        assert "error Stopped." in said
        assert re.search(r"Finished until then: \w+: \d of \d fields written", said), (said, scene.watch.seen)
        assert "Traceback" not in said
        scene.world.clock.advance(SETTLED)
        assert scene.world.run("stages", "apply", "--yes").code == 0


def test_at_a_question(scene: InterruptedTandem) -> None:
    code, said = on_a_terminal(scene, ["apply"], until="Write ")
    assert code == 130, said
    assert "Stopped." in said
    assert "Traceback" not in said


def test_the_background_service_finishes_what_it_has_in_hand(scene: InterruptedTandem) -> None:
    code, said = scene.interrupted(["run"], at=3)
    assert code == 130, said
    assert '"event": "service stopped"' in said
    assert "Traceback" not in said


def test_a_terminal_is_shown_counts_and_logs_for_people_and_a_pipe_is_not(scene: InterruptedTandem) -> None:
    code, said = on_a_terminal(scene, ["run"], until="run begins")
    assert code == 130, said
    assert re.search(r"\d\d:\d\d:\d\d  run begins: job full", said), said
    assert '{"' not in said
    code, said = on_a_terminal(scene, ["plan"], until="accounts read")
    assert re.search(r"salesforce: \d+ accounts read", said), said
    piped = scene.world.run("plan")
    assert "accounts read" not in piped.text


def test_progress_is_told_with_thousands_and_with_a_total_where_there_is_one() -> None:
    told = Progress(system="hubspot", what="records written", done=1200, total=8400).text
    assert told == "hubspot: 1,200 of 8,400 records written"
    assert Progress(system="hubspot", what="accounts read", done=1200).text == "hubspot: 1,200 accounts read"


def on_a_terminal(scene: InterruptedTandem, words: Sequence[str], *, until: str) -> tuple[int, str]:
    """Run a command on a terminal, press Ctrl-C when it has said so much, and give all that it said."""
    leader, follower = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-m", "start", "--config", str(scene.world.config), *words],
        env={**scene.environ(), "TERM": "xterm"},
        cwd=ROOT,
        stdin=follower,
        stdout=follower,
        stderr=follower,
    ) as process:
        os.close(follower)
        said, pressed = b"", False
        while True:
            # Between two steps of the interpreter a key may go unheard; a person presses it again.
            if pressed and not select.select([leader], [], [], 0.2)[0]:
                process.send_signal(signal.SIGINT)
                continue
            try:
                piece = os.read(leader, 65536)
            except OSError:
                break
            said += piece
            if not pressed and until.encode() in said:
                pressed = True
                process.send_signal(signal.SIGINT)
        code = process.wait()
    os.close(leader)
    assert pressed, said.decode(errors="replace")
    return code, re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", said.decode(errors="replace"))


def test_a_reader_that_has_seen_enough_is_not_shown_a_traceback(scene: InterruptedTandem) -> None:
    scene.world.run("plan")
    reader, writer = os.pipe()
    os.close(reader)
    ran = subprocess.run(
        [sys.executable, "-m", "start", "--config", str(scene.world.config), "status"],
        env=scene.environ(),
        cwd=ROOT,
        stdout=writer,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    os.close(writer)
    assert (ran.returncode, ran.stderr) == (1, "")
