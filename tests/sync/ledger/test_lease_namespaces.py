"""Two containers on one machine: process ids that say nothing to each other."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import pytest

from sync.errors import LedgerHeld
from sync.ledger import Ledger
from tests.sync.ledger.makers import HandClock

ROOT = Path(__file__).parents[3]

#: Says its process id, takes the lease, says so or why not, and lives until it is told to end.
PROCESS = """
import os, sys
from datetime import datetime, UTC
from sync.errors import SyncError
from sync.ledger import Ledger
ledger = Ledger.open(sys.argv[1], lambda: datetime.now(UTC))
print(os.getpid(), flush=True)
for order in sys.stdin:
    try:
        if order.strip() == "take":
            ledger.lease.acquire(sys.argv[2])
        else:
            ledger.runs.start("sync", "command")
        print("done", flush=True)
    except SyncError as error:
        print(error, flush=True)
"""

#: A process in a namespace of its own, as root and as anybody else who may.
WAYS = (
    ("unshare", "--pid", "--fork", "--mount-proc", "--kill-child"),
    ("unshare", "--user", "--map-root-user", "--pid", "--fork", "--mount-proc", "--kill-child"),
)


@cache
def way() -> Sequence[str]:
    for words in WAYS:
        try:
            if subprocess.run([*words, "true"], capture_output=True, check=False).returncode == 0:
                return words
        except FileNotFoundError:
            break
    pytest.skip("PID namespaces need unshare(1), and the right to make them")


class Contained:
    """A process in a container."""

    def __init__(self, running: subprocess.Popen[str]) -> None:
        self.running = running
        self.pid = int(self._line())

    def __call__(self, order: str) -> str:
        assert self.running.stdin is not None
        self.running.stdin.write(order + "\n")
        self.running.stdin.flush()
        return self._line()

    def _line(self) -> str:
        assert self.running.stdout is not None
        return self.running.stdout.readline().strip()


@contextmanager
def contained(url: str, holder: str) -> Iterator[Contained]:
    with subprocess.Popen(
        [*way(), sys.executable, "-c", PROCESS, url, holder],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as running:
        try:
            yield Contained(running)
        finally:
            running.kill()


def test_of_two_containers_with_one_disk_one_works_with_the_ledger(path: Path, clock: HandClock) -> None:
    """Each looked for the other's process id in its own, did not find it, and took the lease."""
    url = f"sqlite:///{path}"
    Ledger.open(url, clock).close()
    with contained(url, "tandem run") as first, contained(url, "tandem sync") as other:
        assert first.pid == other.pid == 1
        assert first("take") == "done"
        assert "is held by tandem run (process 1 on" in other("take")
        assert first("write") == "done"
        with Ledger.open(url, clock) as outside, pytest.raises(LedgerHeld, match="tandem run"):
            outside.lease.acquire("tandem apply")


def test_a_container_that_was_killed_is_waited_for_by_another(path: Path, clock: HandClock) -> None:
    url = f"sqlite:///{path}"
    Ledger.open(url, clock).close()
    with contained(url, "tandem run") as first:
        assert first("take") == "done"
    with contained(url, "tandem sync") as other:
        assert "is held by tandem run (process 1 on" in other("take")
