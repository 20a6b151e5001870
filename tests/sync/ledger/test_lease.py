"""At most one process works with the CRMs on one ledger."""

from __future__ import annotations

import itertools
import os
import re
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from sync.errors import LeaseLost, LedgerError, LedgerHeld
from sync.ledger import Ledger
from sync.ledger.database.tables import lease
from sync.ledger.database.transactions import Store
from sync.ledger.process import this_process
from tests.ids import SALESFORCE
from tests.sync.ledger.makers import HandClock

ROOT = Path(__file__).parents[3]

#: Takes the lease, says so, and lives until its input is closed; or says why it was refused.
PROCESS = """
import sys
from datetime import datetime, UTC
from sync.errors import LedgerHeld
from sync.ledger import Ledger
from sync.ledger.process import Machine
now = datetime(2025, 3, 1, 9, 30, tzinfo=UTC)
machine = Machine(seconds=now.timestamp, server_time=lambda _: now)
ledger = Ledger.open(sys.argv[1], lambda: now, machine=machine)
try:
    ledger.lease.acquire(sys.argv[2])
except LedgerHeld as error:
    print("refused:", error, "|", error.remedy, "|", error.exit_code, flush=True)
else:
    print("held", flush=True)
    sys.stdin.read()
"""


def process(at: Path | str, holder: str) -> subprocess.Popen[str]:
    url = f"sqlite:///{at}" if isinstance(at, Path) else at
    return subprocess.Popen(
        [sys.executable, "-c", PROCESS, url, holder],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def line(running: subprocess.Popen[str]) -> str:
    assert running.stdout is not None
    return running.stdout.readline().strip()


def end(running: subprocess.Popen[str]) -> None:
    running.kill()
    running.communicate()


def written_by(ledger: Ledger, **other: object) -> None:
    """Let the row have been written by another process."""
    with ledger._store.leasing() as connection:
        connection.execute(update(lease).values(**other))


@contextmanager
def second(ledger: Ledger, clock: HandClock, **told: Any) -> Iterator[Ledger]:
    """The same ledger as another process sees it, of which that is known."""
    known = replace(this_process(), pid=2**22 + 7, started="1")
    machine = replace(clock.machine, process=lambda: replace(known, **told))
    store = ledger._store
    yield Ledger(Store(engine=store.engine, clock=clock, turns=store.turns, machine=machine))


def test_of_two_processes_one_gets_the_lease_and_the_other_learns_who_has_it(
    path: Path, clock: HandClock
) -> None:
    Ledger.open(f"sqlite:///{path}", clock, machine=clock.machine).close()
    both = [process(path, "tandem run"), process(path, "tandem sync")]
    try:
        said = {running.pid: line(running) for running in both}
        (winner,) = [running for running in both if said[running.pid] == "held"]
        (refusal,) = [words for words in said.values() if words != "held"]
        holder = "tandem run" if winner is both[0] else "tandem sync"
        assert re.fullmatch(
            rf"refused: the ledger's lease 'run' is held by {holder} \(process {winner.pid} on "
            rf"{re.escape(socket.gethostname())}\) since 2025-03-01 09:30:00 UTC; "
            rf"it expires at 2025-03-01 09:30:45 UTC "
            rf"\| .*kill {winner.pid}.* \| 5",
            refusal,
        )
    finally:
        for running in both:
            end(running)


def test_a_process_that_was_killed_is_succeeded_at_once(path: Path, clock: HandClock) -> None:
    with Ledger.open(f"sqlite:///{path}", clock, machine=clock.machine) as ledger:
        running = process(path, "tandem run")
        assert line(running) == "held"
        with pytest.raises(LedgerHeld) as caught:
            ledger.lease.acquire("tandem sync")
        assert (caught.value.pid, caught.value.holder) == (running.pid, "tandem run")
        end(running)
        assert ledger.lease.current() is None
        assert ledger.lease.acquire("tandem sync").holder == "tandem sync"


def test_a_lease_is_free_once_it_was_given_back(ledger: Ledger) -> None:
    held = ledger.lease.acquire("tandem sync")
    assert ledger.lease.current() == held
    ledger.lease.release(held)
    assert ledger.lease.current() is None
    ledger.lease.acquire("tandem sync")


def test_a_lease_that_could_not_be_given_back_is_taken_again_by_the_same_process(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The service would have waited for itself, ten minutes after each time that the disk was full."""

    def full(*_: object) -> None:
        raise LedgerError("the disk is full")

    held = ledger.lease.acquire("tandem run")
    with monkeypatch.context() as patched:
        patched.setattr("sync.ledger.lease.update", full)
        with pytest.raises(LedgerError, match="the disk is full"):
            ledger.lease.release(held)
    with ledger.lease.holding("tandem run"):
        assert ledger.lease.current() is not None


def test_one_process_cannot_take_a_lease_twice(ledger: Ledger) -> None:
    ledger.lease.acquire("tandem run")
    with pytest.raises(LedgerHeld, match=str(os.getpid())):
        ledger.lease.acquire("tandem run")


@pytest.mark.every_database
def test_leases_of_different_names_do_not_hinder_each_other(ledger: Ledger) -> None:
    ledger.lease.acquire("tandem run")
    assert ledger.lease.acquire("tandem console", name="console").name == "console"


def test_a_lease_that_is_not_renewed_is_free_once_it_has_expired(ledger: Ledger, clock: HandClock) -> None:
    ledger.lease.acquire("tandem run")
    written_by(ledger, host="elsewhere")
    clock.wait(seconds=44)
    with pytest.raises(LedgerHeld, match="elsewhere"):
        ledger.lease.acquire("tandem sync")
    clock.wait(seconds=1)
    assert ledger.lease.acquire("tandem sync").since == clock.now


def test_a_lease_that_is_renewed_is_kept(ledger: Ledger, clock: HandClock) -> None:
    held = ledger.lease.acquire("tandem run")
    clock.wait(seconds=40)
    ledger.lease.renew()
    clock.wait(seconds=40)
    with second(ledger, clock) as other, pytest.raises(LedgerHeld):
        other.lease.acquire("tandem sync")
    found = ledger.lease.current()
    assert found is not None
    assert (found.fence, found.since) == (held.fence, held.since)


@pytest.mark.every_database
def test_a_holder_that_overslept_and_was_succeeded_learns_it_when_it_renews(
    ledger: Ledger, clock: HandClock
) -> None:
    slow = ledger.lease.acquire("tandem run")
    clock.wait(minutes=2)
    with second(ledger, clock) as other:
        quick = other.lease.acquire("tandem sync")
        with pytest.raises(LeaseLost, match="was taken by tandem sync"):
            ledger.lease.renew()
        ledger.lease.release(slow)
        assert other.lease.current() == quick


def test_a_holder_that_overslept_without_harm_goes_on(ledger: Ledger, clock: HandClock) -> None:
    ledger.lease.acquire("tandem run")
    clock.wait(minutes=2)
    ledger.lease.renew()
    ledger.lease.look(60.0)
    ledger.users.doubt(SALESFORCE)


def test_a_container_that_starts_again_with_the_same_process_id_is_not_locked_out(
    ledger: Ledger, clock: HandClock
) -> None:
    ledger.lease.acquire("tandem run")
    written_by(ledger, since=clock.now - timedelta(seconds=5))
    assert ledger.lease.acquire("tandem run").since == clock.now


def test_work_that_takes_longer_than_the_lease_keeps_it_by_its_beat(ledger: Ledger, clock: HandClock) -> None:
    with ledger.lease.holding("a long first sync") as beat:
        first = ledger.lease.current()
        for _ in range(30):
            clock.wait(seconds=40)
            beat()
        held = ledger.lease.current()
        assert first is not None
        assert held is not None
        assert held.since == first.since
        assert held.expires_at > clock()
    assert ledger.lease.current() is None


def test_a_beat_after_the_lease_was_lost_stops_the_work(ledger: Ledger, clock: HandClock) -> None:
    with ledger.lease.holding("slow") as beat:
        clock.wait(hours=1)
        with second(ledger, clock) as other:
            other.lease.release(other.lease.acquire("quick"))
        with pytest.raises(LeaseLost, match="which has ended"):
            beat()


def test_who_has_patience_waits_until_the_lease_is_given_back(
    filed: Ledger, path: Path, clock: HandClock
) -> None:
    other = process(path, "tandem run (sync)")
    try:
        assert line(other) == "held"
        waited: list[float] = []

        def wait(seconds: float) -> None:
            waited.append(seconds)
            clock.wait(seconds=seconds)
            if len(waited) == 3:
                end(other)

        with filed.lease.holding("ann", patience=timedelta(minutes=1), wait=wait):
            assert waited == [0.5, 0.5, 0.5]
    finally:
        end(other)


def test_patience_ends(filed: Ledger, path: Path, clock: HandClock) -> None:
    other = process(path, "tandem run (sync)")
    try:
        assert line(other) == "held"
        with (
            pytest.raises(LedgerHeld, match=re.escape("tandem run (sync)")),
            filed.lease.holding(
                "ann",
                patience=timedelta(seconds=5),
                wait=lambda seconds: clock.wait(seconds=seconds),
            ),
        ):
            pass
    finally:
        end(other)


# -- the fence -----------------------------------------------------------------------------------------------


@pytest.mark.every_database
def test_each_acquisition_has_a_higher_number_than_all_before_it(ledger: Ledger) -> None:
    fences = []
    for _ in range(3):
        held = ledger.lease.acquire("tandem run")
        fences.append(held.fence)
        ledger.lease.release(held)
    assert all(before < after for before, after in itertools.pairwise(fences))


@pytest.mark.every_database
def test_who_was_asleep_while_its_lease_was_taken_stores_nothing(ledger: Ledger, clock: HandClock) -> None:
    ledger.lease.acquire("tandem run")
    clock.wait(minutes=1)
    with second(ledger, clock) as other:
        taken = other.lease.acquire("tandem sync")
        with pytest.raises(LeaseLost, match="was taken by tandem sync"):
            ledger.runs.start("sync", "command")
        other.lease.release(taken)
    with pytest.raises(LeaseLost, match="writes nothing more"):
        ledger.runs.start("sync", "command")
    assert ledger.runs.latest() == []


@pytest.mark.every_database
def test_who_was_asleep_while_its_lease_was_taken_writes_nothing_to_a_crm(
    ledger: Ledger, clock: HandClock
) -> None:
    ledger.lease.acquire("tandem run")
    ledger.lease.look(60.0)
    with second(ledger, clock) as other:
        clock.wait(minutes=1)
        other.lease.acquire("tandem sync")
        clock.wait(minutes=-1)  # this process does not know that it slept
        with pytest.raises(LeaseLost, match="was taken by tandem sync"):
            ledger.lease.look(60.0)


def test_no_write_to_a_crm_begins_that_could_outlast_the_lease(ledger: Ledger, clock: HandClock) -> None:
    """Nobody renews it for another thread: it would go on when the main loop hangs."""
    ledger.lease.acquire("tandem run")
    clock.wait(seconds=20)
    refused: list[LeaseLost] = []

    def write() -> None:
        ledger.lease.look(10.0)
        try:
            ledger.lease.look(60.0)
        except LeaseLost as error:
            refused.append(error)

    thread = threading.Thread(target=write)
    thread.start()
    thread.join()
    (error,) = refused
    assert "only 25 seconds are left" in str(error)
    # The main loop itself renews it first.
    ledger.lease.look(60.0)
    assert (ledger._store.fence.left("run") or 0.0) == 45.0


def test_without_the_lease_nothing_is_written_to_a_crm(ledger: Ledger) -> None:
    with pytest.raises(LeaseLost, match="is not held"):
        ledger.lease.look(60.0)


def test_what_the_main_loop_does_with_the_ledger_renews_the_lease(ledger: Ledger, clock: HandClock) -> None:
    """A large Plan is made for minutes, in which nothing else would."""
    ledger.lease.acquire("tandem run")
    for _ in range(10):
        clock.wait(seconds=30)
        ledger.runs.latest()
        clock.wait(seconds=30)
        ledger.users.doubt(SALESFORCE)
    with second(ledger, clock) as other, pytest.raises(LedgerHeld):
        other.lease.acquire("tandem sync")


def test_a_renewal_that_was_not_stored_counts_for_nothing(ledger: Ledger, clock: HandClock) -> None:
    ledger.lease.acquire("tandem run")
    clock.wait(seconds=30)
    with pytest.raises(RuntimeError), ledger._store.writing():
        raise RuntimeError
    assert ledger._store.fence.left("run") == 15.0


def test_no_lease_lasts_longer_than_is_waited_for_a_process_of_which_nothing_is_known(
    ledger: Ledger, clock: HandClock
) -> None:
    held = ledger.lease.acquire("tandem run", ttl=timedelta(days=1))
    clock.wait(seconds=45)
    with second(ledger, clock) as other:
        other.lease.acquire("tandem sync")
    ledger.lease.release(held)


# -- who is dead ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("other", "free"),
    [
        pytest.param({"holder": "tandem run"}, False, id="this process"),
        pytest.param({"started": "1"}, True, id="another one that had its id before"),
        pytest.param({"pid": 2**22 + 5}, True, id="one that is not there"),
        pytest.param({"pid": os.getppid()}, True, id="one whose id another one has now"),
        pytest.param({"pid": 2**22 + 5, "pid_space": "pid:[7]"}, False, id="one of another container"),
        pytest.param({"pid": 2**22 + 5, "host": "elsewhere"}, False, id="one of another host"),
        pytest.param({"pid": 2**22 + 5, "boot": "another"}, True, id="one before the machine was started"),
        pytest.param({"pid": 2**22 + 5, "boot": "", "started": ""}, False, id="one of a former Tandem"),
    ],
)
def test_the_death_of_a_holder_is_proven_or_waited_for(
    filed: Ledger, path: Path, clock: HandClock, other: dict[str, Any], *, free: bool
) -> None:
    filed.lease.acquire("tandem run")
    written_by(filed, **other)
    with Ledger.open(f"sqlite:///{path}", clock, machine=clock.machine) as asking:
        if free:
            asking.lease.acquire("tandem sync")
        else:
            with pytest.raises(LedgerHeld):
                asking.lease.acquire("tandem sync")
            clock.wait(seconds=46)
            asking.lease.acquire("tandem sync")


def test_on_a_server_a_machine_of_the_same_name_is_not_taken_for_this_one_started_anew(
    on_server: Ledger, clock: HandClock
) -> None:
    on_server.lease.acquire("tandem run")
    with second(on_server, clock, boot="another") as other:
        with pytest.raises(LedgerHeld):
            other.lease.acquire("tandem sync")
        clock.wait(seconds=46)
        other.lease.acquire("tandem sync")


def test_a_process_of_another_user_counts_as_alive(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    def forbidden(pid: int, signal: int) -> None:
        raise PermissionError

    ledger.lease.acquire("tandem run")
    written_by(ledger, pid=os.getppid(), started="")
    monkeypatch.setattr(os, "kill", forbidden)
    with pytest.raises(LedgerHeld):
        ledger.lease.acquire("tandem sync")


# -- clocks --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("skew", [timedelta(hours=5), -timedelta(hours=5)])
def test_on_one_machine_a_calendar_that_jumps_neither_frees_a_lease_nor_keeps_it(
    filed: Ledger, path: Path, clock: HandClock, skew: timedelta
) -> None:
    filed.lease.acquire("tandem run")
    machine = replace(clock.machine, process=lambda: replace(this_process(), pid=os.getppid(), started="1"))
    with Ledger.open(f"sqlite:///{path}", lambda: clock.now + skew, machine=machine) as jumped:
        with pytest.raises(LedgerHeld):
            jumped.lease.acquire("tandem sync")
        clock.wait(seconds=46)
        jumped.lease.acquire("tandem sync")


@pytest.mark.parametrize("skew", [timedelta(hours=5), -timedelta(hours=5), timedelta(seconds=50)])
def test_two_hosts_whose_clocks_differ_go_by_that_of_the_server(
    on_server: Ledger, clock: HandClock, skew: timedelta
) -> None:
    on_server.lease.acquire("tandem run")
    elsewhere = replace(this_process(), host="elsewhere", boot="another", pid=4)
    machine = replace(
        clock.machine,
        process=lambda: elsewhere,
        seconds=lambda: clock.now.timestamp() + skew.total_seconds(),
    )
    there = Ledger(Store(engine=on_server._store.engine, clock=lambda: clock.now + skew, machine=machine))
    with pytest.raises(LedgerHeld):
        there.lease.acquire("tandem sync")
    clock.wait(seconds=44)
    with pytest.raises(LedgerHeld):
        there.lease.acquire("tandem sync")
    on_server.lease.renew()
    clock.wait(seconds=44)
    with pytest.raises(LedgerHeld):
        there.lease.acquire("tandem sync")
    clock.wait(seconds=2)
    there.lease.acquire("tandem sync")
    there.lease.look(60.0)
    with pytest.raises(LeaseLost, match="elsewhere"):
        on_server.runs.start("sync", "command")


def test_the_time_of_a_server_is_its_own(server_url: str, clock: HandClock) -> None:
    with Ledger.open(server_url, clock) as opened:
        held = opened.lease.acquire("tandem run")
        assert abs(held.expires_at - datetime.now(UTC) - timedelta(seconds=45)) < timedelta(seconds=30)
        opened.lease.release(held)
