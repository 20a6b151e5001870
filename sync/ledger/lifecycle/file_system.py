"""Which file systems a ledger in a file can be kept on: those that no other machine writes to.

SQLite's locks and the memory that its processes share do not reach over a network (SQLite: useovernet.html,
"write-ahead log"), and what proves that a process has died does not either (``sync.ledger.process``).
"""

from __future__ import annotations

import os
from pathlib import Path

from sync.errors import LedgerError

#: What is mounted, as Linux tells it (proc_pid_mountinfo(5)). Other systems do not, and are not asked.
MOUNTS = Path("/proc/self/mountinfo")

#: Shared by machines over a network, by a host with its virtual machines, or by the nodes of a cluster.
_SHARED = frozenset(
    {
        *("nfs", "nfs4", "cifs", "smb3", "smbfs", "ncpfs", "afs", "coda", "9p", "ceph", "lustre", "gpfs"),
        *("ocfs2", "gfs", "gfs2", "glusterfs", "beegfs", "orangefs", "pvfs2", "panfs", "davfs", "davfs2"),
        *("virtiofs", "vboxsf", "vmhgfs", "prl_fs", "drvfs", "fuse"),
    }
)
#: Of what programs mount (``fuse.sshfs``, ``fuse.s3fs``), that which is a disk of this machine.
_LOCAL_FUSE = frozenset(
    f"fuse.{name}"
    for name in (
        *(
            "fuse-overlayfs",
            "mergerfs",
            "bindfs",
            "unionfs",
            "unionfs-fuse",
            "ntfs-3g",
            "exfat",
            "ext4",
            "fuse2fs",
        ),
        *("gocryptfs", "encfs", "cryfs", "securefs", "zfs", "zfs-fuse"),
    )
)


def check_local(path: Path, mounts: Path | None = None) -> None:
    """Raise LedgerError where the file is, or would be, on a file system that another machine may write to."""
    found = kind_of(path, mounts or MOUNTS)
    if found is not None and (found in _SHARED or (found.startswith("fuse.") and found not in _LOCAL_FUSE)):
        raise LedgerError(
            f"the ledger cannot be kept here: {path.parent} is shared with other machines ({found}), and a file is "
            "safe from two writers on one machine alone",
            remedy="name a file on a disk of this machine under `ledger:`, or PostgreSQL: "
            "postgresql+psycopg://USER@HOST/DATABASE",
        )


def kind_of(path: Path, mounts: Path) -> str | None:
    """The kind of the file system on which the file is, links followed; None where that is not told."""
    try:
        told = mounts.read_text(encoding="utf-8", errors="surrogateescape")
    except OSError:
        return None
    place = os.path.realpath(path)
    best, kind = -1, None
    for line in told.splitlines():
        before, _, behind = line.partition(" - ")
        fields = before.split(" ")
        if len(fields) < 5 or not behind:
            continue
        point = _plain(fields[4])
        # What was mounted last at a place covers what was mounted there before.
        if _is_below(place, point) and len(point) >= best:
            best, kind = len(point), behind.split(" ")[0]
    return kind


def _is_below(place: str, point: str) -> bool:
    return place == point or place.startswith(point.rstrip("/") + "/")


def _plain(written: str) -> str:
    """Blanks and the like are written as three octal digits."""
    for code, meant in (("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")):
        written = written.replace(code, meant)
    return written
