"""Files of tests in memory where this machine has room: a ledger waits for the disk at the end of each transaction, for
the sake of a power cut that no test has. Half of the time that the tests took was that wait."""

from __future__ import annotations

import os
import shutil
import tempfile

#: Where Linux keeps files in memory, and how many bytes of it must be free.
_PLACE, _ENOUGH = "/dev/shm", 4 << 30


def place() -> str | None:
    """Where files may be kept in memory; None where that is not possible."""
    there = os.access(_PLACE, os.W_OK) and shutil.disk_usage(_PLACE).free > _ENOUGH
    return _PLACE if there else None


def use() -> None:
    """From now on, and in processes that are started, files that are temporary are made there; TMPDIR has its way."""
    found = place()
    if found is not None and "TMPDIR" not in os.environ:
        os.environ["TMPDIR"] = tempfile.tempdir = found
