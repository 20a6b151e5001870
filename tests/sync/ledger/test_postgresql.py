"""What is PostgreSQL's own: reaching it, taking turns on it, copies of it."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from sqlalchemy import Connection, make_url, text

from sync.errors import LedgerDamaged, LedgerError, LedgerHeld, LedgerMissing
from sync.ledger import Ledger
from sync.ledger.lease import SERVICE
from sync.ledger.lifecycle import migrate, server
from sync.ledger.lifecycle.copy import copy_rows
from sync.model.journal import Event
from tests.ids import SALESFORCE
from tests.postgresql import Server
from tests.sync.ledger.lifecycle.test_migrate import TODAY, future
from tests.sync.ledger.makers import HandClock, account, record
from tests.sync.ledger.test_lease import end, line, process


@pytest.fixture
def url(postgres: Server) -> str:
    """A database without tables."""
    return postgres.make("bare")


def links(url: str, clock: HandClock) -> list[str]:
    with Ledger.open(url, clock) as ledger:
        assert ledger.check() == []
        return [found.link.id for found in ledger.accounts.all_linked()]


def version(url: str, clock: HandClock) -> str | None:
    store = server.connect(make_url(url), clock)
    with store.reading() as connection:
        found = migrate.revision(connection)
    store.engine.dispose()
    return found


# -- reaching it -----------------------------------------------------------------------------------------------


def test_a_database_without_tables_becomes_a_ledger_but_for_a_reader(url: str, clock: HandClock) -> None:
    with pytest.raises(LedgerMissing, match="no ledger yet in the database bare") as caught:
        Ledger.open(url, clock, read_only=True)
    assert "tandem sync" in str(caught.value.remedy)
    with Ledger.open(url, clock) as ledger:
        link = account(ledger)
    with Ledger.open(url, clock, read_only=True) as reader:
        assert reader.accounts.by_link(link) is not None
        with pytest.raises(LedgerError, match="for reading only"):
            reader.accounts.put([record()])


@pytest.mark.sweep
def test_a_url_without_a_driver_means_the_same_ledger(url: str, clock: HandClock) -> None:
    with Ledger.open(url, clock) as ledger:
        link = account(ledger)
    assert links(url.replace("+psycopg", ""), clock) == [link]


@pytest.mark.sweep
def test_a_ledger_can_have_a_schema_of_its_own_beside_another_program(
    postgres: Server, url: str, tmp_path: Path, clock: HandClock
) -> None:
    postgres.run("CREATE TABLE songs (title TEXT)", "bare")
    postgres.run("CREATE SCHEMA tandem", "bare")
    own = f"{url}&options=-csearch_path=tandem"
    with Ledger.open(own, clock) as ledger:
        link = account(ledger)
        ledger.backup(tmp_path / "copy.db")
    Ledger.restore(own, tmp_path / "copy.db", clock, beside=tmp_path)
    assert links(own, clock) == [link]
    postgres.run("SELECT title FROM public.songs", "bare")


@pytest.mark.parametrize(
    ("change", "says", "remedy"),
    [
        (("/bare", "/nowhere"), "lacks something", "createdb --encoding=UTF8"),
        (("tandem@", "stranger@"), "does not know this user", "createuser"),
        (("@/bare?host=", "@127.0.0.1:1/bare?x="), "does not answer", "right host and port"),
        (("host=", "host=/nowhere"), "does not answer", "see that it runs"),
        (("?", "?options=-csearch_path=nowhere&"), "the schema for the ledger is not there", "CREATE SCHEMA"),
        (("psycopg", "psycopg2"), "not reached through psycopg2", "postgresql+psycopg://USER@HOST/DATABASE"),
        (("/bare", "/"), "names no database", "postgresql+psycopg://USER@HOST/DATABASE"),
    ],
)
def test_a_server_that_does_not_let_us_in_says_what_to_do(
    url: str, clock: HandClock, change: tuple[str, str], says: str, remedy: str
) -> None:
    wrong = url.replace(*change).partition("?x=")[0]
    with pytest.raises(LedgerError, match=says) as caught:
        Ledger.open(wrong, clock)
    assert remedy in str(caught.value.remedy)
    assert "\n" not in caught.value.message


@pytest.mark.sweep
def test_a_user_who_may_make_no_tables_is_told_who_must_own_the_database(
    postgres: Server, url: str, clock: HandClock
) -> None:
    postgres.run("DROP ROLE IF EXISTS guest")
    postgres.run("CREATE ROLE guest LOGIN")
    with pytest.raises(LedgerError, match="permission denied") as caught:
        Ledger.open(url.replace("tandem@", "guest@"), clock)
    assert "ALTER DATABASE" in str(caught.value.remedy)
    assert version(url, clock) is None


@pytest.mark.sweep
def test_a_database_that_cannot_hold_every_name_is_refused(postgres: Server, clock: HandClock) -> None:
    narrow = postgres.make("narrow", "ENCODING 'LATIN1' LOCALE 'C'")
    with pytest.raises(LedgerError, match="keeps text as LATIN1") as caught:
        Ledger.open(narrow, clock)
    assert "--encoding=UTF8" in str(caught.value.remedy)


def test_a_database_of_another_program_is_refused_untouched(
    postgres: Server, url: str, clock: HandClock
) -> None:
    postgres.run("CREATE TABLE songs (title TEXT)", "bare")
    with pytest.raises(LedgerError, match="another program"):
        Ledger.open(url, clock)


@pytest.mark.sweep
def test_text_is_in_the_order_of_its_characters_whatever_the_language_of_the_database(
    on_server: Ledger,
) -> None:
    """In English a comes before B. A page that is read up to B would then begin again before a."""
    with on_server._store.reading() as connection:
        assert connection.scalars(text("SELECT 'a' < 'B'")).one() is True
        other = text(
            "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'public' "
            "AND data_type = 'text' AND collation_name IS DISTINCT FROM 'C'"
        )
        assert connection.execute(other).all() == []
    on_server.accounts.put([record(id=id, domain=None) for id in ("a", "B", "é", "z")])
    assert [found.id for found in on_server.accounts.incomplete()] == ["B", "a", "z", "é"]


@pytest.mark.sweep
def test_a_server_that_was_started_anew_between_two_steps_is_no_failure(
    postgres: Server, on_server: Ledger
) -> None:
    link = account(on_server)
    postgres.run("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'ledger'")
    assert on_server.accounts.by_link(link) is not None


def test_a_server_that_goes_away_within_a_step_stores_nothing_of_it(
    postgres: Server, on_server: Ledger
) -> None:
    def interrupted() -> None:
        with on_server._store.writing() as connection:
            connection.exec_driver_sql("INSERT INTO meta VALUES ('half', 'done')")
            postgres.run("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'ledger'")
            connection.exec_driver_sql("INSERT INTO meta VALUES ('other', 'half')")

    with pytest.raises(LedgerError, match="does not answer") as caught:
        interrupted()
    assert "run the same command again" in str(caught.value.remedy)
    with on_server._store.reading() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM meta WHERE key = 'half'").scalar_one() == 0


# -- taking turns ----------------------------------------------------------------------------------------------


@pytest.mark.sweep
def test_of_processes_that_ask_for_the_lease_one_gets_it(url: str, clock: HandClock) -> None:
    Ledger.open(url, clock).close()
    asking = [process(url, f"tandem {number}") for number in range(2)]
    try:
        said = sorted(line(running) for running in asking)
        assert said[0] == "held"
        assert said[1].startswith("refused: the ledger's lease 'run' is held by tandem")
    finally:
        for running in asking:
            end(running)
    with Ledger.open(url, clock) as ledger:
        assert ledger.lease.current() is None


@pytest.mark.sweep
def test_of_several_that_find_nobody_at_work_in_the_same_moment_one_gets_the_lease(on_server: Ledger) -> None:
    """Nobody has ever held it: there is no row yet that the others could wait for."""
    got: list[str] = []

    def ask(name: str) -> None:
        try:
            got.append(on_server.lease.acquire(name).holder)
        except LedgerHeld:
            got.append("refused")

    threads = [threading.Thread(target=ask, args=(f"tandem {number}",)) for number in range(3)]
    with on_server._store.writing() as connection:
        # What they insert has to wait for this, what they ask has not.
        connection.exec_driver_sql(
            "INSERT INTO lease (name, holder, pid, host, since, expires_at, fence, boot, pid_space, time_space,"
            " started) VALUES ('run', '', 0, '', '', '', 0, '', '', '', '')"
        )
        for thread in threads:
            thread.start()
        _until_all_wait(connection, 3)
        connection.rollback()
    for thread in threads:
        thread.join()
    assert sorted(got)[:2] == ["refused", "refused"]


def _until_all_wait(connection: Connection, count: int) -> None:
    waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted"
    for _ in range(20_000):
        if connection.exec_driver_sql(waiting).scalar_one() >= count:
            return
    pytest.fail(f"not all of {count} wait for their turn")


def test_a_writer_goes_by_what_the_one_before_it_stored(on_server: Ledger, clock: HandClock) -> None:
    ids: list[str] = []
    threads = [
        threading.Thread(target=lambda: ids.append(on_server.runs.start("sync", "test").id)) for _ in range(4)
    ]
    with on_server._store.writing() as connection:
        for thread in threads:
            thread.start()
        _until_all_wait(connection, 4)
    for thread in threads:
        thread.join()
    assert sorted(ids) == ["250301-093000", "250301-093000a", "250301-093000b", "250301-093000c"]


@pytest.mark.sweep
def test_a_reader_sees_one_moment_and_waits_for_nobody(on_server: Ledger) -> None:
    with on_server._store.reading() as reader:
        before = reader.exec_driver_sql("SELECT count(*) FROM records").scalar_one()
        account(on_server)
        assert reader.exec_driver_sql("SELECT count(*) FROM records").scalar_one() == before


# -- brought up to date ----------------------------------------------------------------------------------------


@pytest.mark.sweep
def test_an_older_ledger_is_brought_up_to_date_and_a_copy_of_it_is_kept(
    url: str, tmp_path: Path, clock: HandClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Ledger.open(url, clock) as ledger:
        link = account(ledger)
        held = ledger.lease.acquire("tandem run")
        with monkeypatch.context() as later:
            future(tmp_path, later)
            with pytest.raises(LedgerError, match=f"older version {TODAY}"):
                Ledger.open(url, clock, read_only=True)
            with pytest.raises(LedgerHeld, match="tandem run"):
                Ledger.open(url, clock, beside=tmp_path)
            assert version(url, clock) == TODAY
            ledger.lease.release(held)
            Ledger.open(url, clock, beside=tmp_path).close()
            assert version(url, clock) == "9999"
            # An older backup comes back as what the ledger is today.
            kept = tmp_path / f"bare.{TODAY}.bak"
            assert Ledger.restore(url, kept, clock, beside=tmp_path) is not None
            assert version(url, clock) == "9999"
    assert links(f"sqlite:///{kept}", clock) == [link]
    assert kept.stat().st_mode & 0o777 == 0o600


def test_a_migration_that_fails_leaves_the_older_ledger_as_it_was(
    url: str, tmp_path: Path, clock: HandClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Ledger.open(url, clock) as ledger:
        link = account(ledger)
    with monkeypatch.context() as later:
        future(tmp_path, later, "op.execute('INSERT INTO nowhere VALUES (1)')")
        with pytest.raises(LedgerError, match="nowhere"):
            Ledger.open(url, clock, beside=tmp_path)
    assert links(url, clock) == [link]


# -- copies ----------------------------------------------------------------------------------------------------


@pytest.mark.sweep
def test_a_backup_is_a_ledger_in_a_file_and_comes_back(
    url: str, postgres: Server, tmp_path: Path, clock: HandClock
) -> None:
    odd = record(
        id="odd", name="Müller \ud83d & \0 Söhne", current={"note": "nul \0, half \ud83d"}, domain=None
    )
    with Ledger.open(url, clock) as ledger:
        first = account(ledger, 1)
        ledger.accounts.put([odd])
        run = ledger.runs.start("sync", "test")
        ledger.events.append([Event(kind="note", link_id=first, run_id=run.id)])
        stored = ledger.accounts.record(SALESFORCE, "odd")
        ledger.backup(tmp_path / "copy.db")
        sizes = ledger.sizes()
        second = account(ledger, 2)
    assert (tmp_path / "copy.db").stat().st_mode & 0o777 == 0o600
    with Ledger.open(f"sqlite:///{tmp_path / 'copy.db'}", clock) as copy:
        assert (copy.check(), copy.sizes()) == ([], sizes)
        assert copy.accounts.record(SALESFORCE, "odd") == stored
    kept = Ledger.restore(url, tmp_path / "copy.db", clock, older=False, beside=tmp_path)
    assert kept == tmp_path / "bare.250301-093000.replaced"
    assert links(f"sqlite:///{kept}", clock) == [first, second]
    assert links(url, clock) == [first]
    with Ledger.open(url, clock) as back:
        assert back.sizes() == sizes
        assert back.accounts.record(SALESFORCE, "odd") == stored
        # Numbers go on after those that came with it.
        back.events.append([Event(kind="note", link_id=first, run_id=run.id)])
        assert len(back.events.of_link(first)) == 2


@pytest.mark.sweep
def test_a_ledger_in_a_file_moves_to_a_server(filed: Ledger, path: Path, url: str, clock: HandClock) -> None:
    link = account(filed)
    assert Ledger.restore(url, path, clock, beside=path.parent) is None
    assert links(url, clock) == [link]


@pytest.mark.parametrize("name", ["run", SERVICE])
def test_a_ledger_is_not_replaced_while_a_process_works_with_it(
    on_server: Ledger, server_url: str, tmp_path: Path, clock: HandClock, name: str
) -> None:
    on_server.backup(tmp_path / "copy.db")
    account(on_server)
    with (
        Ledger.open(server_url, clock) as working,
        working.lease.holding("tandem run", name=name),
        pytest.raises(LedgerHeld, match="tandem run"),
    ):
        Ledger.restore(server_url, tmp_path / "copy.db", clock, beside=tmp_path)
    assert on_server.accounts.open_links() == 1
    assert [file.name for file in tmp_path.iterdir()] == ["copy.db"]


@pytest.mark.sweep
def test_a_restore_that_fails_half_way_leaves_the_ledger_as_it_was(
    on_server: Ledger, server_url: str, tmp_path: Path, clock: HandClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    on_server.backup(tmp_path / "copy.db")
    account(on_server)

    def dies(*given: object) -> None:
        copy_rows(*given)  # type: ignore[arg-type]
        raise KeyboardInterrupt

    monkeypatch.setattr("sync.ledger.lifecycle.restore.copy_rows", dies)
    with pytest.raises(KeyboardInterrupt):
        Ledger.restore(server_url, tmp_path / "copy.db", clock, beside=tmp_path)
    assert on_server.accounts.open_links() == 1
    assert on_server.check() == []


def test_what_is_no_json_is_told_by_the_check(url: str, clock: HandClock) -> None:
    with Ledger.open(url, clock) as ledger:
        account(ledger)
        with ledger._store.writing() as connection:
            connection.exec_driver_sql("UPDATE links SET base = '{tier'")
        assert ledger.check() == ["links.base: 1 rows hold no JSON"]
        assert ledger.damage() == ["links.base: 1 rows hold no JSON"]


@pytest.mark.sweep
def test_a_ledger_that_does_not_say_its_version_is_damaged(
    url: str, postgres: Server, clock: HandClock
) -> None:
    Ledger.open(url, clock).close()
    postgres.run("DELETE FROM alembic_version", "bare")
    with pytest.raises(LedgerDamaged, match="does not say which version"):
        Ledger.open(url, clock)
