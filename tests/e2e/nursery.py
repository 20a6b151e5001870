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
import sys
from collections.abc import Sequence
from pathlib import Path

from sqlalchemy import Connection, Engine, event

import cli
from sync.ledger.database.transactions import WRITES


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


def _child(words: Sequence[str], folder: str, said: str, told: int, fatal: int, room: int) -> None:
    os.chdir(folder)
    if room:
        # No file may grow beyond this: a disk that is full, as far as the process can tell.
        resource.setrlimit(resource.RLIMIT_FSIZE, (room, resource.RLIM_INFINITY))
    with Path(said).open("w", encoding="utf-8") as text:
        os.dup2(text.fileno(), 1)
        os.dup2(text.fileno(), 2)
        code = 1
        with contextlib.suppress(BaseException):
            _Commits(told, fatal)
            code = int(cli.run(list(words)))
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def main() -> None:
    """Take orders until there are none."""
    for line in sys.stdin:
        order = json.loads(line)
        reader, writer = os.pipe()
        pid = os.fork()
        if pid == 0:
            os.close(reader)
            _child(
                order["words"], order["folder"], order["said"], writer, order["fatal_commit"], order["room"]
            )
        os.close(writer)
        print(pid, flush=True)  # noqa: T201  (it speaks on standard output)
        with os.fdopen(reader, "rb") as commits:
            count = len(commits.read())
        _, status = os.waitpid(pid, 0)
        print(json.dumps({"code": os.waitstatus_to_exitcode(status), "commits": count}), flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
