"""Migrations and tables agree; an older ledger is brought up to date with a backup; a newer one is refused."""

from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, create_engine, text

from sync.errors import LedgerError, LedgerHeld, LedgerTooNew
from sync.ledger import Ledger
from sync.ledger.database.tables import METADATA
from sync.ledger.lifecycle import migrate
from sync.model.records import LinkId
from tests.ids import SALESFORCE
from tests.sync.ledger.makers import ACME, HandClock, account

NEXT = '''
"""A step that does not exist yet."""
import sqlalchemy as sa
from alembic import op

revision = "9999"
down_revision = "{today}"


def upgrade():
    op.create_table("moods", sa.Column("name", sa.Text(), primary_key=True))
    with op.batch_alter_table("links") as links:
        links.add_column(sa.Column("mood", sa.Text(), nullable=True))
        links.alter_column("label", new_column_name="title")
    {more}
'''


TODAY = migrate.revisions()[-1]


def shape(connection: Connection) -> dict[str, str]:
    rows = connection.execute(text("SELECT name, sql FROM sqlite_master WHERE name NOT LIKE 'sqlite_%'"))
    # A table that was made anew under another name has its own in quotes.
    return {
        name: " ".join(sql.replace('"', "").split())
        for name, sql in rows
        if sql and name != "alembic_version"
    }


def test_migrations_and_tables_agree(ledger: Ledger) -> None:
    with ledger._store.reading() as connection:
        context = MigrationContext.configure(
            connection, opts={"compare_type": True, "compare_server_default": True}
        )
        assert compare_metadata(context, METADATA) == []


@pytest.mark.parametrize("ledger", ["memory"], indirect=True)
def test_migrations_and_tables_make_the_same_database_to_the_letter(ledger: Ledger) -> None:
    with ledger._store.reading() as connection:
        migrated = shape(connection)
    engine = create_engine("sqlite://")
    with engine.connect() as connection:
        METADATA.create_all(connection)
        assert migrated == shape(connection)
    engine.dispose()


def test_migrations_stand_in_one_line() -> None:
    assert migrate.revisions()[0] == "0001"
    assert len(set(migrate.revisions())) == len(migrate.revisions())


def test_the_versions_that_the_names_of_the_files_tell_are_those_of_the_steps() -> None:
    steps = ScriptDirectory(str(migrate.SCRIPTS)).walk_revisions()
    assert migrate.revisions() == tuple(step.revision for step in steps)[::-1]


# -- an older ledger -------------------------------------------------------------------------------------


def future(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, more: str = "pass") -> None:
    """From here on, Tandem is one version further."""
    scripts = tmp_path / "migrations"
    shutil.copytree(migrate.SCRIPTS, scripts, ignore=shutil.ignore_patterns("__pycache__"))
    (scripts / "versions" / "9999_next.py").write_text(NEXT.format(more=more, today=TODAY))
    monkeypatch.setattr(migrate, "SCRIPTS", scripts)


@pytest.fixture
def old(tmp_path: Path, clock: HandClock) -> Path:
    """A ledger with an account in it, in a folder of its own."""
    folder = tmp_path / "home"
    folder.mkdir()
    path = folder / "tandem.db"
    with Ledger.open(f"sqlite:///{path}", clock) as ledger:
        account(ledger)
    return path


def query(path: Path, sql: str) -> list[tuple[object, ...]]:
    connection = sqlite3.connect(path)
    try:
        return connection.execute(sql).fetchall()
    finally:
        connection.close()


def test_an_older_ledger_is_brought_up_to_date_and_a_backup_of_it_is_kept(
    old: Path, tmp_path: Path, clock: HandClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    future(tmp_path, monkeypatch)
    Ledger.open(f"sqlite:///{old}", clock).close()
    assert query(old, "SELECT version_num FROM alembic_version") == [("9999",)]
    assert query(old, "SELECT id, title, mood FROM links") == [("tdm001", "Acme 1", None)]
    assert query(old, "SELECT count(*) FROM records WHERE link_id = 'tdm001'") == [(2,)]
    kept = old.with_name(f"tandem.db.{TODAY}.bak")
    assert query(kept, "SELECT version_num FROM alembic_version") == [(TODAY,)]
    assert query(kept, "SELECT id, label FROM links") == [("tdm001", "Acme 1")]
    assert kept.stat().st_mode & 0o777 == 0o600
    assert sorted(file.name for file in old.parent.iterdir()) == ["tandem.db", f"tandem.db.{TODAY}.bak"]


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ("op.execute('INSERT INTO nowhere VALUES (1)')", "no such table: nowhere"),
        ("op.execute('DELETE FROM links')", "2 rows would lose what they belong to"),
    ],
)
def test_a_migration_that_fails_leaves_the_older_ledger_as_it_was(
    old: Path, tmp_path: Path, clock: HandClock, monkeypatch: pytest.MonkeyPatch, more: str, says: str
) -> None:
    before = query(old, "SELECT * FROM sqlite_master ORDER BY name")
    future(tmp_path, monkeypatch, more)
    with pytest.raises(LedgerError, match=says):
        Ledger.open(f"sqlite:///{old}", clock)
    assert query(old, "SELECT * FROM sqlite_master ORDER BY name") == before
    assert query(old, "SELECT version_num FROM alembic_version") == [(TODAY,)]
    assert query(old, "SELECT id, label FROM links") == [("tdm001", "Acme 1")]


def test_an_older_ledger_is_not_changed_by_a_reader(
    old: Path, tmp_path: Path, clock: HandClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    future(tmp_path, monkeypatch)
    with pytest.raises(LedgerError, match=f"older version {TODAY}") as caught:
        Ledger.open(f"sqlite:///{old}", clock, read_only=True)
    assert "tandem sync" in str(caught.value.remedy)
    assert query(old, "SELECT version_num FROM alembic_version") == [(TODAY,)]


def test_a_ledger_is_not_changed_under_the_feet_of_a_process_that_works_with_it(
    old: Path, tmp_path: Path, clock: HandClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Ledger.open(f"sqlite:///{old}", clock) as working:
        held = working.lease.acquire("tandem run")
        future(tmp_path, monkeypatch)
        with pytest.raises(LedgerHeld, match="tandem run"):
            Ledger.open(f"sqlite:///{old}", clock)
        assert query(old, "SELECT version_num FROM alembic_version") == [(TODAY,)]
        working.lease.release(held)
    Ledger.open(f"sqlite:///{old}", clock).close()
    assert query(old, "SELECT version_num FROM alembic_version") == [("9999",)]


def test_a_ledger_of_a_newer_version_is_refused_untouched(
    old: Path, tmp_path: Path, clock: HandClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as later:
        future(tmp_path, later)
        later.setattr(migrate, "tandem_version", lambda: "9.9.0")
        Ledger.open(f"sqlite:///{old}", clock).close()
    before = old.read_bytes()
    with pytest.raises(LedgerTooNew) as caught:
        Ledger.open(f"sqlite:///{old}", clock)
    assert "version 9999" in caught.value.message
    assert "Tandem 9.9.0 wrote it" in caught.value.message
    assert "use Tandem 9.9.0 or newer" in str(caught.value.remedy)
    assert "tandem ledger restore" in str(caught.value.remedy)
    assert caught.value.exit_code == 1
    assert old.read_bytes() == before


def test_two_processes_that_both_bring_a_ledger_up_to_date_do_it_once(
    old: Path, tmp_path: Path, clock: HandClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    from sync.ledger.lifecycle import opening
    from sync.ledger.lifecycle.copy import backup

    future(tmp_path, monkeypatch)

    def backup_slowly(*given: object) -> None:
        monkeypatch.setattr(opening, "backup", backup)
        Ledger.open(f"sqlite:///{old}", clock).close()
        backup(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(opening, "backup", backup_slowly)
    Ledger.open(f"sqlite:///{old}", clock).close()
    assert query(old, "SELECT version_num FROM alembic_version") == [("9999",)]


def test_a_ledger_that_does_not_say_its_version_is_refused(old: Path, clock: HandClock) -> None:
    connection = sqlite3.connect(old)
    connection.execute("DELETE FROM alembic_version")
    connection.commit()
    connection.close()
    with pytest.raises(LedgerError, match="does not say which version"):
        Ledger.open(f"sqlite:///{old}", clock)


def test_records_survive_being_reopened(old: Path, clock: HandClock) -> None:
    with Ledger.open(f"sqlite:///{old}", clock) as ledger:
        found = ledger.accounts.by_link(LinkId("tdm001"))
        assert found is not None
        assert found.records[SALESFORCE].current == ACME.current
