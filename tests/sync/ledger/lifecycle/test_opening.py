"""Making, opening, backing up and refusing ledgers."""

from __future__ import annotations

import os
import shutil
import sqlite3
import stat
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from sync.errors import LedgerError
from sync.ledger import Ledger
from sync.ledger.database.errors import explained
from tests.ids import SALESFORCE
from tests.sync.ledger.makers import ACME, HandClock, account, record

#: The user without rights, by convention.
NOBODY = 65534


def url(path: Path) -> str:
    return f"sqlite:///{path}"


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def files(path: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in path.parent.iterdir()}


# -- making ----------------------------------------------------------------------------------------------


def test_a_ledger_is_made_where_there_is_none_and_found_again(path: Path, clock: HandClock) -> None:
    with Ledger.open(url(path), clock) as ledger:
        ledger.accounts.put([ACME])
    assert sorted(files(path)) == ["tandem.db"]
    with Ledger.open(url(path), clock) as ledger:
        assert ledger.accounts.record(SALESFORCE, ACME.id) == ACME
        assert ledger.check() == []


@pytest.mark.parametrize("umask", [0o000, 0o777])
def test_only_its_owner_can_read_the_ledger_whatever_the_umask(
    path: Path, clock: HandClock, umask: int
) -> None:
    before = os.umask(umask)
    try:
        with Ledger.open(url(path), clock) as ledger:
            ledger.accounts.put([ACME])
            seen = {file.name: mode(file) for file in path.parent.iterdir()}
            ledger.backup(path.with_name("copy.db"))
    finally:
        os.umask(before)
    assert seen == {"tandem.db": 0o600, "tandem.db-wal": 0o600, "tandem.db-shm": 0o600}
    assert mode(path.with_name("copy.db")) == 0o600


def test_a_ledger_that_others_can_read_is_made_private(path: Path, clock: HandClock) -> None:
    Ledger.open(url(path), clock).close()
    path.chmod(0o644)
    Ledger.open(url(path), clock).close()
    assert mode(path) == 0o600


def test_the_database_is_set_to_survive_a_power_cut_and_to_wait_its_turn(filed: Ledger) -> None:
    with filed._store.reading() as connection:
        said = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar_one()
            for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        }
    assert said == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "busy_timeout": 30_000}


def test_a_path_may_hold_what_a_url_would_take_apart(tmp_path: Path, clock: HandClock) -> None:
    folder = tmp_path / "50% é #1 ?x"
    folder.mkdir()
    path = folder / "tandem.db"
    from sqlalchemy import URL

    with Ledger.open(URL.create("sqlite", database=str(path)).render_as_string(), clock) as ledger:
        ledger.accounts.put([ACME])
    assert path.exists()


def test_a_ledger_that_another_process_made_meanwhile_is_used(
    path: Path, clock: HandClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    from sync.ledger.lifecycle import opening

    make = opening._make

    def make_slowly(draft: Path) -> None:
        make(draft)
        monkeypatch.setattr(opening, "_make", make)
        with Ledger.open(url(path), clock) as other:
            other.accounts.put([ACME])

    monkeypatch.setattr(opening, "_make", make_slowly)
    with Ledger.open(url(path), clock) as ledger:
        assert ledger.accounts.record(SALESFORCE, ACME.id) == ACME
    assert sorted(files(path)) == ["tandem.db"]


def test_a_ledger_that_could_not_be_made_leaves_nothing_behind(
    path: Path, clock: HandClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    from sync.ledger.lifecycle import opening

    def fail(*_: object) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr(opening, "_blank", fail)
    with pytest.raises(LedgerError, match="disk that holds the ledger is full"):
        Ledger.open(url(path), clock)
    assert files(path) == {}


# -- refusing --------------------------------------------------------------------------------------------


def refused(path: Path, clock: HandClock, *, read_only: bool = False) -> LedgerError:
    """The refusal to open the file, which says what to do and touched nothing."""
    before = files(path) if path.parent.is_dir() else None
    with pytest.raises(LedgerError) as caught:
        Ledger.open(url(path), clock, read_only=read_only)
    assert caught.value.remedy
    assert before == (files(path) if path.parent.is_dir() else None)
    return caught.value


def test_a_missing_folder_is_named_with_the_command_that_makes_it(tmp_path: Path, clock: HandClock) -> None:
    error = refused(tmp_path / "no" / "tandem.db", clock)
    assert "folder of the ledger does not exist" in error.message
    assert f"mkdir -p {tmp_path / 'no'}" in str(error.remedy)


def test_a_folder_is_no_ledger(path: Path, clock: HandClock) -> None:
    path.mkdir()
    with pytest.raises(LedgerError, match="is a folder"):
        Ledger.open(url(path), clock)


@pytest.mark.parametrize("content", [b"hello", b"PK\x03\x04" + bytes(5000), b"\x00" * 4096])
def test_a_file_that_is_no_database_is_refused_untouched(
    path: Path, clock: HandClock, content: bytes
) -> None:
    path.write_bytes(content)
    assert "no SQLite database" in refused(path, clock).message


@pytest.mark.parametrize("left", [1, 2])
def test_a_ledger_that_lost_its_end_is_refused_untouched(path: Path, clock: HandClock, left: int) -> None:
    Ledger.open(url(path), clock).close()
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) * left // 3])
    assert "lost its end" in refused(path, clock).message


def test_a_ledger_of_a_few_bytes_is_refused_untouched(path: Path, clock: HandClock) -> None:
    Ledger.open(url(path), clock).close()
    path.write_bytes(path.read_bytes()[:50])
    assert "lost its end" in refused(path, clock).message


def test_an_empty_file_is_not_taken_for_a_new_ledger(path: Path, clock: HandClock) -> None:
    path.touch()
    assert "is empty" in refused(path, clock).message


def test_a_database_of_another_program_is_refused_untouched(path: Path, clock: HandClock) -> None:
    other = sqlite3.connect(path)
    other.execute("CREATE TABLE songs (title TEXT)")
    other.close()
    assert "another program" in refused(path, clock).message


def test_a_database_without_tables_is_refused_untouched(path: Path, clock: HandClock) -> None:
    other = sqlite3.connect(path)
    other.execute("PRAGMA user_version = 1")
    other.close()
    assert "no tables" in refused(path, clock).message


@pytest.mark.parametrize("bad", ["tandem.db", "mysql://host/db", "://"])
def test_a_url_that_names_no_ledger_says_how_to_write_one(clock: HandClock, bad: str) -> None:
    with pytest.raises(LedgerError) as caught:
        Ledger.open(bad, clock)
    assert "sqlite:///tandem.db" in str(caught.value.remedy)


def test_postgresql_without_its_driver_names_the_extra(
    clock: HandClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(LedgerError) as caught:
        Ledger.open("postgresql+psycopg://localhost/tandem", clock)
    assert "tandem-sync[postgres]" in str(caught.value.remedy)


# -- reading only ----------------------------------------------------------------------------------------


def test_a_ledger_for_reading_is_never_made(path: Path, clock: HandClock) -> None:
    assert "no ledger yet" in refused(path, clock, read_only=True).message


def test_a_ledger_for_reading_refuses_to_be_written(path: Path, clock: HandClock) -> None:
    with Ledger.open(url(path), clock) as ledger:
        ledger.accounts.put([ACME])
    with Ledger.open(url(path), clock, read_only=True) as ledger:
        assert ledger.accounts.record(SALESFORCE, ACME.id) == ACME
        with pytest.raises(LedgerError, match="for reading only"):
            ledger.accounts.put([ACME])


def test_a_reader_sees_what_a_writer_stored_meanwhile(filed: Ledger, path: Path, clock: HandClock) -> None:
    with Ledger.open(url(path), clock, read_only=True) as reader:
        assert reader.accounts.record(SALESFORCE, ACME.id) is None
        filed.accounts.put([ACME])
        assert reader.accounts.record(SALESFORCE, ACME.id) == ACME


# -- rights, as a user who is not root -------------------------------------------------------------------


@pytest.fixture
def public(clock: HandClock) -> Iterator[Path]:
    """Where a ledger can be, in a folder that belongs to a user without special rights, who is us meanwhile."""
    Ledger.open("sqlite://", clock).close()  # everything that is imported late is imported by now
    folder = Path(tempfile.mkdtemp())
    root = os.getuid() == 0
    if root:
        os.chown(folder, NOBODY, NOBODY)
        os.setresuid(NOBODY, NOBODY, 0)
    try:
        yield folder / "tandem.db"
    finally:
        if root:
            os.setresuid(0, 0, 0)
        folder.chmod(0o700)
        shutil.rmtree(folder)


def test_a_file_that_may_only_be_read_is_named_with_the_remedy(public: Path, clock: HandClock) -> None:
    Ledger.open(url(public), clock).close()
    public.chmod(0o400)
    error = refused(public, clock)
    assert error.message == f"the ledger cannot be written to: {public}"
    assert f"chmod u+w {public}" in str(error.remedy)


def test_a_file_of_somebody_else_is_named_with_the_remedy(public: Path, clock: HandClock) -> None:
    Ledger.open(url(public), clock).close()
    public.chmod(0o000)
    with pytest.raises(LedgerError, match="cannot be read") as caught:
        Ledger.open(url(public), clock)
    assert "as the user that owns the file" in str(caught.value.remedy)


def test_a_folder_that_may_not_be_written_is_named_with_the_remedy(public: Path, clock: HandClock) -> None:
    public.parent.chmod(0o555)
    assert "cannot be made" in refused(public, clock).message


def test_a_folder_that_may_not_be_written_is_no_place_for_a_ledger_that_is_there(
    public: Path, clock: HandClock
) -> None:
    Ledger.open(url(public), clock).close()
    public.parent.chmod(0o555)
    assert "folder of the ledger cannot be written to" in refused(public, clock).message


def test_a_reader_who_cannot_make_what_sqlite_needs_is_told_so(public: Path, clock: HandClock) -> None:
    Ledger.open(url(public), clock).close()
    public.chmod(0o400)
    public.parent.chmod(0o555)
    assert "SQLite needs to make files beside it" in refused(public, clock, read_only=True).message


def test_a_ledger_can_be_read_where_nothing_may_be_written_while_its_owner_has_it_open(
    public: Path, clock: HandClock
) -> None:
    with Ledger.open(url(public), clock) as ledger:
        ledger.accounts.put([ACME])
        public.parent.chmod(0o555)
        with Ledger.open(url(public), clock, read_only=True) as reader:
            assert reader.accounts.record(SALESFORCE, ACME.id) == ACME


# -- a full disk -----------------------------------------------------------------------------------------


def test_a_full_disk_says_so_and_nothing_of_the_step_is_stored(filed: Ledger, path: Path) -> None:
    filed.accounts.put([ACME])
    with filed._store.reading() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
        connection.exec_driver_sql(f"PRAGMA max_page_count = {pages + 3}")
    with pytest.raises(LedgerError, match="disk that holds the ledger is full") as caught:
        filed.accounts.put([record(id=f"{number}", name="x" * 500) for number in range(1000)])
    assert "make room" in str(caught.value.remedy)
    assert filed.accounts.counts()["salesforce"].present == 1
    assert filed.check() == []
    with filed._store.reading() as connection:
        connection.exec_driver_sql("PRAGMA max_page_count = 1000000")
    filed.accounts.put([record(id="2")])
    assert filed.accounts.counts()["salesforce"].present == 2


def test_a_disk_without_room_for_what_sqlite_keeps_beside_the_ledger_is_full() -> None:
    error = sqlite3.OperationalError("disk I/O error")
    error.sqlite_errorname = "SQLITE_IOERR_SHMSIZE"
    assert "disk that holds the ledger is full" in explained(error).message
    error.sqlite_errorname = "SQLITE_IOERR_READ"
    assert "does not answer properly" in explained(error).message


def test_a_ledger_that_vanishes_while_it_is_open_does_not_come_back_empty(filed: Ledger, path: Path) -> None:
    filed.accounts.put([ACME])
    filed._store.engine.dispose()
    path.unlink()
    with pytest.raises(LedgerError, match="cannot be opened"):
        filed.accounts.put([ACME])
    assert not path.exists()


# -- backup ----------------------------------------------------------------------------------------------


def test_a_backup_is_a_ledger_of_the_same_content(filed: Ledger, path: Path, clock: HandClock) -> None:
    link = account(filed)
    copy = path.with_name("copy.db")
    filed.backup(copy)
    filed.accounts.close(link, "later")
    with Ledger.open(url(copy), clock) as restored:
        assert restored.check() == []
        assert [found.link.id for found in restored.accounts.all_linked()] == [link]


def test_a_backup_replaces_nothing(filed: Ledger, path: Path) -> None:
    copy = path.with_name("copy.db")
    copy.write_text("precious")
    with pytest.raises(LedgerError, match="something already"):
        filed.backup(copy)
    assert copy.read_text() == "precious"


def test_a_backup_into_a_missing_folder_says_so(filed: Ledger, tmp_path: Path) -> None:
    with pytest.raises(LedgerError, match="does not exist"):
        filed.backup(tmp_path / "no" / "copy.db")
