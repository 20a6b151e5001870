"""Processes that die cheaply: one that has imported everything makes a child for each command, and tells its fate.

``python -m tests.e2e.nursery`` reads orders on standard input, a JSON object a line, and answers two lines to each: the
child's process id, and when it has ended its exit code (negative: the signal) with the number of its ledger commits.
"""

from __future__ import annotations

import contextlib
import json
import os
import resource
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from sqlalchemy import Connection, Engine, event

import cli
import crms
import start
from commands.lazy import Named
from sync.ledger.database.transactions import WRITES

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True, kw_only=True)
class Nursery:
    """The warm process, as who gives the orders sees it."""

    process: subprocess.Popen[str]

    def bear(self, words: Sequence[str], said: Path, *, fatal_commit: int = 0, room: int = 0) -> int:
        """A child that runs a command; its process id. What it says, and where it stands, is at ``said``."""
        order: dict[str, Any] = {"words": list(words), "folder": str(said.parent), "said": str(said)}
        order |= {"fatal_commit": fatal_commit, "room": room}
        print(json.dumps(order), file=self._end(self.process.stdin), flush=True)
        return int(self._end(self.process.stdout).readline())

    def fate(self) -> tuple[int, int]:
        """Waits until the child has ended: its exit code, and how often it stored something."""
        ended: dict[str, int] = json.loads(self._end(self.process.stdout).readline())
        return ended["code"], ended["commits"]

    @staticmethod
    def _end(pipe: IO[str] | None) -> IO[str]:
        assert pipe is not None
        return pipe


@contextlib.contextmanager
def opened(secrets: Mapping[str, str]) -> Iterator[Nursery]:
    """A nursery whose children have these secrets in their environment."""
    keep = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    environ = {**keep, **secrets, "PYTHONPATH": str(ROOT), "COLUMNS": "200"}
    words = [sys.executable, "-m", "tests.e2e.nursery"]
    pipe = subprocess.PIPE
    with subprocess.Popen(words, env=environ, cwd=ROOT, stdin=pipe, stdout=pipe, text=True) as process:
        yield Nursery(process=process)
        # Nothing more is ordered.
        Nursery(process=process)._end(process.stdin).close()


class _Commits:
    """Counts what a child stores, on a pipe that survives it, and kills it right before one of them."""

    def __init__(self, told: int, fatal: int) -> None:
        self._told = told
        self._fatal = fatal
        self._count = 0
        event.listen(Engine, "commit", self._on_commit)

    def _on_commit(self, connection: Connection) -> None:
        if not connection.get_execution_options().get(WRITES):
            return
        self._count += 1
        os.write(self._told, b".")
        if self._count == self._fatal:
            os.kill(os.getpid(), signal.SIGKILL)


def _child(order: Mapping[str, Any], told: int) -> None:
    os.chdir(order["folder"])
    if order["room"]:
        # No file may grow beyond this: a disk that is full, as far as the process can tell.
        resource.setrlimit(resource.RLIMIT_FSIZE, (order["room"], resource.RLIM_INFINITY))
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    with Path(order["said"]).open("w", encoding="utf-8") as text:
        os.dup2(text.fileno(), 1)
        os.dup2(text.fileno(), 2)
    code = 1
    try:
        _Commits(told, order["fatal_commit"])
        sys.argv = ["tandem", *order["words"]]
        start.main()
    except SystemExit as end:
        code = int(end.code or 0)
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _import_everything() -> None:
    """What a command imports when it is called, before any is."""
    assert crms.EXPORTERS
    for command in cli.tandem.commands.values():
        if isinstance(command, Named):
            command.load()


def main() -> None:
    """Take orders until there are none."""
    _import_everything()
    for line in sys.stdin:
        order = json.loads(line)
        reader, writer = os.pipe()
        pid = os.fork()
        if pid == 0:
            os.close(reader)
            _child(order, writer)
        os.close(writer)
        print(pid, flush=True)  # noqa: T201  (it speaks on standard output)
        with os.fdopen(reader, "rb") as commits:
            count = len(commits.read())
        _, status = os.waitpid(pid, 0)
        print(json.dumps({"code": os.waitstatus_to_exitcode(status), "commits": count}), flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
