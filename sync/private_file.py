"""Files with what concerns people or is secret: whole, for their owner alone, and never through a link."""

from __future__ import annotations

import os
import secrets
import stat
from contextlib import suppress
from pathlib import Path

OWNER_ONLY = 0o600


def open_private(path: Path) -> int:
    """Make a file that nobody but its owner may use, open to be written; OSError where something stands there, a link
    included. Gives the handle."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, OWNER_ONLY)
    # The umask could have taken away even what the owner needs.
    os.fchmod(handle, OWNER_ONLY)
    return handle


def write_private(path: Path, content: bytes) -> None:
    """Put the content there in one step, with mode 600; a link that stands there is replaced and not followed.

    Raises OSError, and leaves what stood there as it was. A device, FIFO or folder is no place for a file.
    """
    with suppress(FileNotFoundError):
        if not stat.S_ISREG(path.stat().st_mode):
            raise FileExistsError(0, "it is no file", str(path))
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}.new")
    handle = open_private(draft)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise
