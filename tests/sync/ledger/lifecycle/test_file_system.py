"""A ledger in a file belongs on a disk that no other machine writes to."""

from __future__ import annotations

from pathlib import Path

import pytest

from sync.errors import LedgerError
from sync.ledger import Ledger
from sync.ledger.lifecycle import file_system
from sync.ledger.lifecycle.file_system import check_local, kind_of
from tests.sync.ledger.makers import HandClock

LOCAL = "24 1 254:0 / / rw,relatime shared:1 - ext4 /dev/root rw"


@pytest.fixture
def mounts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What is mounted, as the test writes it."""
    file = tmp_path / "mountinfo"
    monkeypatch.setattr(file_system, "MOUNTS", file)
    return file


def mounted(mounts: Path, kind: str, point: Path | str) -> None:
    at = str(point).replace(" ", "\\040")
    mounts.write_text(
        f"{LOCAL}\n30 24 0:50 / {at} rw - {kind} server:/export rw,vers=4.2\n", encoding="utf-8"
    )


@pytest.mark.parametrize(
    "kind",
    [
        *(
            "nfs",
            "nfs4",
            "cifs",
            "smb3",
            "9p",
            "ceph",
            "lustre",
            "afs",
            "ocfs2",
            "gfs2",
            "virtiofs",
            "vboxsf",
        ),
        *("fuse", "fuse.sshfs", "fuse.s3fs", "fuse.gcsfuse", "fuse.rclone", "fuse.glusterfs"),
    ],
)
def test_a_ledger_that_other_machines_share_is_refused_and_not_made(
    tmp_path: Path, clock: HandClock, mounts: Path, kind: str
) -> None:
    folder = tmp_path / "shared folder"
    folder.mkdir()
    mounted(mounts, kind, folder)
    with pytest.raises(LedgerError, match=rf"is shared with other machines \({kind}\)") as caught:
        Ledger.open(f"sqlite:///{folder}/tandem.db", clock)
    assert "postgresql+psycopg://" in (caught.value.remedy or "")
    assert list(folder.iterdir()) == []


def test_one_that_stands_there_is_neither_read_nor_restored(
    tmp_path: Path, clock: HandClock, mounts: Path
) -> None:
    mounts.write_text(LOCAL + "\n", encoding="utf-8")
    folder = tmp_path / "data"
    folder.mkdir()
    url = f"sqlite:///{folder}/tandem.db"
    with Ledger.open(url, clock) as ledger:
        ledger.backup(tmp_path / "copy.db")
    mounted(mounts, "nfs4", folder)
    with pytest.raises(LedgerError, match="is shared"):
        Ledger.open(url, clock, read_only=True)
    with pytest.raises(LedgerError, match="is shared"):
        Ledger.restore(url, tmp_path / "copy.db", clock)


def test_a_backup_may_lie_anywhere(tmp_path: Path, clock: HandClock, mounts: Path) -> None:
    shared = tmp_path / "backups"
    shared.mkdir()
    mounted(mounts, "cifs", shared)
    with Ledger.open(f"sqlite:///{tmp_path}/tandem.db", clock) as ledger:
        ledger.backup(shared / "monday.db")
    assert Ledger.restore(f"sqlite:///{tmp_path}/tandem.db", shared / "monday.db", clock) is not None


def test_a_link_to_a_shared_folder_is_followed(tmp_path: Path, mounts: Path) -> None:
    shared = tmp_path / "shared"
    shared.mkdir()
    mounted(mounts, "nfs", shared)
    (tmp_path / "here").symlink_to(shared)
    with pytest.raises(LedgerError):
        check_local(tmp_path / "here" / "tandem.db")


@pytest.mark.parametrize(
    "kind", ["ext4", "xfs", "btrfs", "overlay", "tmpfs", "zfs", "fuse.mergerfs", "fuseblk"]
)
def test_a_disk_of_this_machine_is_none(tmp_path: Path, mounts: Path, kind: str) -> None:
    mounted(mounts, kind, tmp_path)
    check_local(tmp_path / "tandem.db")


def test_where_nothing_tells_what_is_mounted_nothing_is_refused(tmp_path: Path) -> None:
    check_local(tmp_path / "tandem.db", tmp_path / "missing")


def test_the_mount_that_covers_a_place_last_counts(tmp_path: Path, mounts: Path) -> None:
    mounts.write_text(
        f"{LOCAL}\n30 24 0:50 / /data rw - nfs a:/b rw\n31 30 0:51 / /data rw - xfs /dev/b rw\n"
        "32 30 0:52 / /database rw - cifs //a/b rw\nnot a line\n",
        encoding="utf-8",
    )
    assert kind_of(Path("/data/tandem.db"), mounts) == "xfs"
    assert kind_of(Path("/database/tandem.db"), mounts) == "cifs"
    assert kind_of(Path("/databases/tandem.db"), mounts) == "ext4"


def test_this_machine_tells_what_is_mounted() -> None:
    if not file_system.MOUNTS.exists():
        pytest.skip("only Linux tells it")
    assert kind_of(Path("/proc/version"), file_system.MOUNTS) == "proc"
