"""At most one process works with the CRMs on one ledger."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import update

from sync.errors import LedgerError, LedgerHeld
from sync.ledger import Lease, Ledger
from sync.ledger.database.tables import lease
from tests.sync.ledger.makers import HandClock

ROOT = Path(__file__).parents[3]

#: Takes the lease, says so, and lives until its input is closed; or says why it was refused.
PROCESS = """
import sys
from datetime import datetime, UTC
from sync.errors import LedgerHeld
from sync.ledger import Ledger
ledger = Ledger.open(sys.argv[1], lambda: datetime(2025, 3, 1, 9, 30, tzinfo=UTC))
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
    with ledger._store.writing() as connection:
        connection.execute(update(lease).values(**other))


def test_of_two_processes_one_gets_the_lease_and_the_other_learns_who_has_it(
    path: Path, clock: HandClock
) -> None:
    Ledger.open(f"sqlite:///{path}", clock).close()
    both = [process(path, "tandem run"), process(path, "tandem sync")]
    try:
        said = {running.pid: line(running) for running in both}
        (winner,) = [running for running in both if said[running.pid] == "held"]
        (refusal,) = [words for words in said.values() if words != "held"]
        holder = "tandem run" if winner is both[0] else "tandem sync"
        assert re.fullmatch(
            rf"refused: the ledger's lease 'run' is held by {holder} \(process {winner.pid} on "
            rf"{re.escape(socket.gethostname())}\) since 2025-03-01 09:30:00 UTC; "
            rf"it expires at 2025-03-01 09:40:00 UTC "
            rf"\| .*kill {winner.pid}.* \| 5",
            refusal,
        )
    finally:
        for running in both:
            end(running)


def test_a_process_that_was_killed_is_succeeded_at_once(path: Path, clock: HandClock) -> None:
    with Ledger.open(f"sqlite:///{path}", clock) as ledger:
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
        patched.setattr("sync.ledger.lease.delete", full)
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
    ledger.lease.acquire("tandem run", ttl=timedelta(minutes=10))
    written_by(ledger, host="elsewhere")
    clock.wait(minutes=9, seconds=59)
    with pytest.raises(LedgerHeld, match="elsewhere"):
        ledger.lease.acquire("tandem sync")
    clock.wait(seconds=1)
    assert ledger.lease.acquire("tandem sync").since == clock.now


def test_a_lease_that_is_renewed_is_kept(ledger: Ledger, clock: HandClock) -> None:
    held = ledger.lease.acquire("tandem run", ttl=timedelta(minutes=10))
    clock.wait(minutes=8)
    held = ledger.lease.renew(held, ttl=timedelta(minutes=10))
    clock.wait(minutes=8)
    with pytest.raises(LedgerHeld):
        ledger.lease.acquire("tandem sync")
    assert ledger.lease.current() == held


def test_a_holder_that_overslept_and_was_succeeded_learns_it_when_it_renews(
    ledger: Ledger, clock: HandClock
) -> None:
    slow = ledger.lease.acquire("tandem run", ttl=timedelta(minutes=1))
    clock.wait(minutes=2)
    quick = ledger.lease.acquire("tandem sync")
    with pytest.raises(LedgerHeld, match="tandem sync"):
        ledger.lease.renew(slow)
    ledger.lease.release(slow)
    assert ledger.lease.current() == quick
    ledger.lease.release(quick)
    with pytest.raises(LedgerError, match="expired and was taken"):
        ledger.lease.renew(slow)


def test_a_holder_that_overslept_without_harm_goes_on(ledger: Ledger, clock: HandClock) -> None:
    held = ledger.lease.acquire("tandem run", ttl=timedelta(minutes=1))
    clock.wait(minutes=2)
    assert ledger.lease.renew(held).expires_at > clock.now


def test_a_container_that_starts_again_with_the_same_process_id_is_not_locked_out(
    ledger: Ledger, clock: HandClock
) -> None:
    ledger.lease.acquire("tandem run")
    written_by(ledger, since=clock.now - timedelta(seconds=5))
    assert ledger.lease.acquire("tandem run").since == clock.now


@pytest.mark.every_database
def test_a_process_of_another_user_counts_as_alive(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    def forbidden(pid: int, signal: int) -> None:
        raise PermissionError

    ledger.lease.acquire("tandem run")
    written_by(ledger, pid=1)
    monkeypatch.setattr(os, "kill", forbidden)
    with pytest.raises(LedgerHeld):
        ledger.lease.acquire("tandem sync")


def test_nothing_is_supposed_of_processes_on_other_machines(ledger: Ledger) -> None:
    held = ledger.lease.acquire("tandem run")
    written_by(ledger, host="elsewhere", pid=2**22 + 5)
    found = ledger.lease.current()
    assert found == Lease(
        name="run",
        holder="tandem run",
        pid=2**22 + 5,
        host="elsewhere",
        since=held.since,
        expires_at=held.expires_at,
    )


def test_work_that_takes_longer_than_the_lease_keeps_it_by_its_beat(ledger: Ledger, clock: HandClock) -> None:
    with ledger.lease.holding("a long first sync") as beat:
        first = ledger.lease.current()
        for _ in range(30):
            clock.wait(minutes=2)
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
        other = ledger.lease.acquire("quick")
        ledger.lease.release(other)
        with pytest.raises(LedgerError, match="expired"):
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
