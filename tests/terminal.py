"""A program at a terminal of its own: what it shows, and what a person types."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import subprocess
import termios
from collections.abc import Mapping, Sequence
from pathlib import Path

#: Seconds without a byte after which a program is taken to hang.
_PATIENCE = 120.0


def at_terminal(
    words: Sequence[str], *, typed: Sequence[str] = (), cwd: Path, env: Mapping[str, str]
) -> tuple[int, str]:
    """Run a program at a terminal of 100 columns. ``typed``: lines that are there to be read, one for each question.
    Answers with its exit code and everything that the terminal showed."""
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (40, 100))
    process = subprocess.Popen(
        list(words),
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        cwd=cwd,
        env={**env, "TERM": "xterm", "COLUMNS": "100"},
        start_new_session=True,
        # Its own terminal, so that a Ctrl-C that is typed there reaches it.
        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),  # noqa: PLW1509
    )
    os.close(theirs)
    shown = b""
    waiting = [f"{line}\n".encode() for line in typed]
    try:
        while select.select([ours], [], [], _PATIENCE)[0]:
            try:
                some = os.read(ours, 65536)
            except OSError:
                break
            if not some:
                break
            shown += some
            # A question ends with a colon and a blank, and no line.
            if waiting and shown.endswith(b": "):
                os.write(ours, waiting.pop(0))
        else:
            process.kill()
            raise AssertionError(f"nothing came for {_PATIENCE:.0f} seconds after: {shown[-400:]!r}")
    finally:
        code = process.wait(timeout=_PATIENCE)
        os.close(ours)
    return code, shown.decode("utf-8", "replace")
