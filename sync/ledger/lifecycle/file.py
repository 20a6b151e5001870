"""The ledger as a file: its owner's alone, made whole or not at all, refused untouched where it is not ours."""

from __future__ import annotations

import errno
import itertools
import os
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from sync.errors import LedgerDamaged, LedgerError
from sync.private_file import OWNER_ONLY, open_private

_MAGIC = b"SQLite format 3\x00"
_HEADER = 100

#: What a disk says that knows no links.
_NO_LINKS = (errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EMLINK)

#: Tells the drafts of one process apart.
_DRAFTS = itertools.count(1)


def companions(path: Path) -> tuple[Path, Path]:
    """Where SQLite keeps what is not yet in the file itself."""
    return path.with_name(path.name + "-wal"), path.with_name(path.name + "-shm")


def check_folder(path: Path) -> None:
    """Raise LedgerError where the file cannot be at this place."""
    folder = path.parent
    if not folder.is_dir():
        raise LedgerError(
            f"the folder of the ledger does not exist: {folder}",
            remedy=f"make it (mkdir -p {folder}), or name another file under `ledger:`",
        )
    if path.is_dir():
        raise LedgerError(f"the ledger is a folder: {path}", remedy="name a file under `ledger:`")
    if path.exists() and not path.is_file():
        # A pipe would wait for ever.
        raise LedgerError(f"the ledger is a pipe or a device: {path}", remedy="name a file under `ledger:`")


def check_writable(path: Path) -> None:
    """Raise LedgerError where this user may not write the file, or not make its companions beside it."""
    for what, place in (("ledger", path), ("folder of the ledger", path.parent)):
        if not os.access(place, os.W_OK):
            raise LedgerError(
                f"the {what} cannot be written to: {place}",
                remedy=f"give it to the user that Tandem runs as (chown), or chmod u+w {place}",
            )


def check_readable_alone(path: Path) -> None:
    """Raise LedgerError where nobody has the ledger open, and this user may not make what SQLite reads it with
    (SQLite: wal.html, "Read-Only Databases")."""
    if not companions(path)[1].exists() and not os.access(path.parent, os.W_OK):
        raise LedgerError(
            f"the ledger cannot be read here: SQLite needs to make files beside it, in {path.parent}",
            remedy="run the command as the user that owns the ledger, or copy the ledger and name the copy",
        )


def check_whole(path: Path) -> None:
    """Raise LedgerError where the file is plainly no SQLite database, or has lost its end. Only reads.

    The header says how many pages there are (SQLite: fileformat2, "The Database Header"); while a write-ahead log
    stands beside it that may be out of date, and SQLite itself must judge.
    """
    remedy = "run `tandem ledger restore` with the newest backup, or name another file under `ledger:`"
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            header = file.read(_HEADER)
    except OSError as error:
        raise LedgerError(
            f"the ledger cannot be read: {path} ({error.strerror})",
            remedy="run Tandem as the user that owns the file",
        ) from error
    if size == 0:
        raise LedgerDamaged(f"the ledger is empty: {path} was cut off, or is not a ledger", remedy=remedy)
    if header[: len(_MAGIC)] != _MAGIC:
        raise LedgerDamaged(f"the ledger's file is no SQLite database: {path}", remedy=remedy)
    log = companions(path)[0]
    if log.exists() and log.stat().st_size > 0:
        return
    page = int.from_bytes(header[16:18], "big")
    pages = int.from_bytes(header[28:32], "big")
    counted = header[24:28] == header[92:96]
    expected = (65536 if page == 1 else page) * pages
    if len(header) < _HEADER or (counted and size < expected):
        raise LedgerDamaged(
            f"the ledger has lost its end: {path} has {size:,} bytes and should have {expected:,}",
            remedy=remedy,
        )


def make_private(path: Path) -> None:
    """Take the rights of everybody but the owner away, where this user may."""
    for file in (path, *companions(path)):
        with suppress(FileNotFoundError, PermissionError):
            if stat.S_IMODE(file.stat().st_mode) & 0o077:
                file.chmod(OWNER_ONLY)


@contextmanager
def made_whole(path: Path, *, replacing: bool = False) -> Iterator[Path]:
    """Gives the path of a new, empty, private file beside ``path``, which takes the place's name when the block is
    through; raises FileExistsError where the place was taken meanwhile, but for ``replacing``, where it takes the place
    of what stands there in one step. Nothing is left behind by a failure."""
    draft = path.with_name(f"{path.name}.new-{os.getpid()}-{next(_DRAFTS)}")
    _forget(draft)  # left by a process of the same number that was killed
    try:
        with _explained(draft):
            os.close(open_private(draft))
        yield draft
        with _explained(path):
            if replacing:
                draft.replace(path)
            else:
                _name(draft, path)
    finally:
        _forget(draft)


def name_also(path: Path, other: Path) -> None:
    """Give the file a second name; on a disk that knows no links, make a copy of that name."""
    with _explained(other):
        try:
            other.hardlink_to(path)
        except OSError as error:
            if error.errno not in _NO_LINKS:
                raise
            shutil.copy2(path, other)


def _name(draft: Path, path: Path) -> None:
    try:
        # unlike a rename, a link never replaces what another process made meanwhile
        path.hardlink_to(draft)
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        if path.exists():  # a disk that knows no links, and no better way
            raise FileExistsError(path) from error
        draft.rename(path)


def _forget(draft: Path) -> None:
    for file in (draft, *companions(draft)):
        file.unlink(missing_ok=True)


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    try:
        yield
    except FileExistsError:
        raise
    except OSError as error:
        raise LedgerError(
            f"the ledger cannot be made: {path.parent} ({error.strerror})",
            remedy="give the folder to the user that Tandem runs as, and see that its disk is not full",
        ) from error
