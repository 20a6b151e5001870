"""Putting a backup in the place of a ledger."""

from __future__ import annotations

from pathlib import Path

import pytest

from sync.errors import LedgerError, LedgerHeld
from sync.ledger import Ledger
from sync.ledger.lease import SERVICE
from sync.ledger.lifecycle import file as lifecycle_file
from tests.sync.ledger.makers import HandClock, account


@pytest.fixture
def backup(path: Path, clock: HandClock) -> Path:
    """A backup of a ledger that went on afterwards."""
    copy = path.with_name("copy.db")
    with Ledger.open(f"sqlite:///{path}", clock) as ledger:
        account(ledger, 1)
        ledger.backup(copy)
        account(ledger, 2)
    return copy


def accounts(path: Path, clock: HandClock) -> int:
    with Ledger.open(f"sqlite:///{path}", clock) as ledger:
        assert ledger.check() == []
        return ledger.accounts.open_links()


def test_a_backup_takes_the_place_of_the_ledger_which_is_kept(
    path: Path, backup: Path, clock: HandClock
) -> None:
    kept = Ledger.restore(f"sqlite:///{path}", backup, clock)
    assert kept == path.with_name("tandem.db.250301-093000.replaced")
    assert (accounts(path, clock), accounts(kept, clock), accounts(backup, clock)) == (1, 2, 1)
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_restore_leaves_nothing_beside_the_backup(path: Path, backup: Path, clock: HandClock) -> None:
    before = {file.name for file in path.parent.iterdir()}
    kept = Ledger.restore(f"sqlite:///{path}", backup, clock)
    assert kept is not None
    assert {file.name for file in path.parent.iterdir()} == before | {kept.name}


def test_a_ledger_that_is_gone_or_damaged_is_restored(path: Path, backup: Path, clock: HandClock) -> None:
    path.write_bytes(b"nonsense")
    assert Ledger.restore(f"sqlite:///{path}", backup, clock) is not None
    assert accounts(path, clock) == 1
    path.unlink()
    assert Ledger.restore(f"sqlite:///{path}", backup, clock) is None
    assert accounts(path, clock) == 1


def test_a_ledger_is_not_replaced_while_a_process_works_with_it(
    path: Path, backup: Path, clock: HandClock
) -> None:
    with Ledger.open(f"sqlite:///{path}", clock) as working:
        working.lease.acquire("tandem run")
        with pytest.raises(LedgerHeld, match="tandem run"):
            Ledger.restore(f"sqlite:///{path}", backup, clock)
        assert working.accounts.open_links() == 2


def test_a_ledger_is_not_replaced_under_a_service_that_sleeps_between_two_runs(
    path: Path, backup: Path, clock: HandClock
) -> None:
    with Ledger.open(f"sqlite:///{path}", clock) as working:
        working.lease.acquire("tandem run", name=SERVICE)
        with pytest.raises(LedgerHeld, match="tandem run"):
            Ledger.restore(f"sqlite:///{path}", backup, clock)
        assert working.accounts.open_links() == 2


@pytest.mark.parametrize("fatal", ["name_also", "companions"])
def test_a_restore_that_is_cut_off_leaves_a_ledger_in_its_place(
    path: Path, backup: Path, clock: HandClock, monkeypatch: pytest.MonkeyPatch, fatal: str
) -> None:
    """Without one, the next command would begin with an empty one, and every Base would be gone."""
    real = getattr(lifecycle_file, fatal)

    def dies(*given: Path) -> object:
        if given[0] == path:
            if fatal == "name_also":
                real(*given)
            raise KeyboardInterrupt
        return real(*given)

    with monkeypatch.context() as patched:
        patched.setattr(lifecycle_file, fatal, dies)
        with pytest.raises(KeyboardInterrupt):
            Ledger.restore(f"sqlite:///{path}", backup, clock)
    assert accounts(path, clock) == 2


def test_a_backup_brings_no_lease_with_it(path: Path, clock: HandClock) -> None:
    copy = path.with_name("copy.db")
    with Ledger.open(f"sqlite:///{path}", clock) as working:
        lease = working.lease.acquire("tandem run", name=SERVICE)
        working.backup(copy)
        working.lease.release(lease)
    Ledger.restore(f"sqlite:///{path}", copy, clock)
    with Ledger.open(f"sqlite:///{path}", clock) as restored:
        assert restored.lease.current(SERVICE) is None
        assert restored.lease.current() is None


@pytest.mark.parametrize("spoil", ["missing", "nonsense", "cut", "itself", "torn"])
def test_a_backup_that_is_no_sound_ledger_changes_nothing(
    path: Path, backup: Path, clock: HandClock, spoil: str
) -> None:
    whole = backup.read_bytes()
    if spoil == "missing":
        backup.unlink()
    elif spoil == "nonsense":
        backup.write_bytes(b"nonsense")
    elif spoil == "cut":
        backup.write_bytes(whole[:8192])
    elif spoil == "torn":
        backup.write_bytes(whole[:4096] + b"\xff" * (len(whole) - 4096))
    else:
        backup = path
    with pytest.raises(LedgerError) as caught:
        Ledger.restore(f"sqlite:///{path}", backup, clock)
    assert caught.value.remedy
    with Ledger.open(f"sqlite:///{path}", clock) as ledger:
        assert ledger.lease.current() is None
    assert accounts(path, clock) == 2
    assert not [file.name for file in path.parent.iterdir() if "new" in file.name or "replaced" in file.name]


def test_a_ledger_in_memory_cannot_be_restored(backup: Path, clock: HandClock) -> None:
    with pytest.raises(LedgerError, match="in memory"):
        Ledger.restore("sqlite://", backup, clock)
