"""A file that a person names: read as text, or refused in words that say what it is instead."""

from __future__ import annotations

import codecs
import stat
from pathlib import Path

_UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_KINDS = (
    (stat.S_ISDIR, "is a folder"),
    (stat.S_ISFIFO, "is a pipe"),
    (stat.S_ISCHR, "is a device"),
    (stat.S_ISBLK, "is a device"),
    (stat.S_ISSOCK, "is a socket"),
)


class NoTextFile(ValueError):
    """It cannot be read. ``str(error)`` goes on where the file's name ends, without a full stop."""

    def __init__(self, what: str, remedy: str) -> None:
        super().__init__(what)
        #: What to do about it, in a sentence.
        self.remedy = remedy


def read_bytes(file: Path) -> bytes:
    """What stands in a plain file. Raises NoTextFile; a pipe or a device is not even opened, for it may never end."""
    try:
        mode = file.stat().st_mode
        for is_kind, what in _KINDS:
            if is_kind(mode):
                raise NoTextFile(f"{what}, not a file", "Name a file.")
        return file.read_bytes()
    except FileNotFoundError as error:
        raise NoTextFile("is not there", "Name a file that is there.") from error
    except (OSError, ValueError) as error:
        if isinstance(error, NoTextFile):
            raise
        said = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise NoTextFile(
            f"cannot be read: {said}", "See that the path is right and that you may read it."
        ) from error


def read_text(file: Path) -> str:
    """UTF-8, with a mark of byte order or without. Raises NoTextFile."""
    data = read_bytes(file)
    remedy = "Save it as UTF-8 text."
    if data.startswith(_UTF_16):
        raise NoTextFile("is UTF-16", remedy)
    if b"\0" in data:
        raise NoTextFile("holds zero bytes, so it is no text", remedy)
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        place = data.count(b"\n", 0, error.start) + 1
        raise NoTextFile(f"is not UTF-8 (line {place:,})", remedy) from error
