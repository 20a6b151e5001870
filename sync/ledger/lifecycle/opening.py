"""Opening a ledger: made where there is none, brought up to date with a backup, refused where it is not fit."""

from __future__ import annotations

import sqlite3
import threading
from contextlib import closing, suppress
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path

from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from sync.errors import LedgerDamaged, LedgerError, LedgerMissing
from sync.ledger.database.connections import driver, file_engine, memory_engine
from sync.ledger.database.errors import explained
from sync.ledger.database.transactions import Clock, Store
from sync.ledger.lease import RUN, refuse_if_held
from sync.ledger.lifecycle import file, migrate
from sync.ledger.lifecycle.copy import backup
from sync.ledger.lifecycle.file_system import check_local
from sync.ledger.lifecycle.server import open_server
from sync.ledger.process import Machine

#: Held while an empty ledger is copied.
_BLANK_TURN = threading.Lock()


def open_store(
    url: str, clock: Clock, *, read_only: bool, beside: Path, machine: Machine | None = None
) -> Store:
    """See ``Ledger.open``."""
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise LedgerError(
            "`ledger:` is no database URL", remedy="write `ledger: sqlite:///tandem.db`"
        ) from error
    backend = parsed.get_backend_name()
    if backend == "postgresql":
        return open_server(parsed, clock, read_only=read_only, beside=beside, machine=machine)
    if backend != "sqlite":
        raise LedgerError(
            f"a ledger cannot be kept in {backend}",
            remedy="write `ledger: sqlite:///tandem.db` or `ledger: postgresql+psycopg://…`",
        )
    if parsed.database in (None, "", ":memory:"):
        return _open_memory(clock, machine)
    path = Path(str(parsed.database)).expanduser().absolute()
    return _open_file(path, clock, read_only=read_only, machine=machine)


def _open_file(path: Path, clock: Clock, *, read_only: bool, machine: Machine | None) -> Store:
    file.check_folder(path)
    check_local(path)
    if not path.exists():
        if read_only:
            raise LedgerMissing(
                f"there is no ledger yet: {path}", remedy="`tandem sync` or `tandem apply` makes it"
            )
        with suppress(FileExistsError), file.made_whole(path) as draft:
            _make(draft)
    file.check_whole(path)
    if read_only:
        file.check_readable_alone(path)
    else:
        file.check_writable(path)
        file.make_private(path)
    store = Store(
        engine=file_engine(path, read_only=read_only),
        clock=clock,
        read_only=read_only,
        machine=machine or Machine(),
    )
    try:
        with store.reading() as connection:
            found = migrate.revision(connection)
        _check_version(found, path)
        if found != migrate.revisions()[-1]:
            if read_only:
                raise migrate.too_old_to_read(str(found))
            _bring_up_to_date(path, store, str(found))
        if not read_only:
            _log_ahead(store)
    except BaseException:
        store.engine.dispose()
        raise
    return store


def _check_version(found: str | None, path: Path) -> None:
    if found is None:
        raise LedgerDamaged(
            f"the ledger has no tables: {path} is not a ledger",
            remedy="run `tandem ledger restore` with the newest backup, or name another file under `ledger:`",
        )


def _make(path: Path) -> None:
    """A file with an empty ledger, copied from the one in memory."""
    try:
        with _BLANK_TURN, closing(sqlite3.connect(path)) as made:
            _blank(migrate.SCRIPTS).backup(made)
            made.execute("PRAGMA journal_mode = WAL")
    except sqlite3.Error as error:
        raise explained(error) from error


def _log_ahead(store: Store) -> None:
    """Let readers read while one writes (SQLite: wal.html). The file remembers it; so only a ledger is told."""
    try:
        with closing(store.engine.raw_connection()) as pooled:
            pooled.cursor().execute("PRAGMA journal_mode = WAL")
    except (sqlite3.Error, SQLAlchemyError) as error:
        raise explained(error) from error


def _bring_up_to_date(path: Path, store: Store, found: str) -> None:
    """Back up, then migrate; both or nothing. A process that works with the ledger now would be surprised: refuse."""
    with store.reading() as connection:
        refuse_if_held(store, connection, RUN)
    kept = path.with_name(f"{path.name}.{found}.bak")
    fresh = kept.with_name(kept.name + ".new")
    fresh.unlink(missing_ok=True)
    backup(store, fresh)
    fresh.replace(kept)
    migrate_file(path, store.clock, found)


def migrate_file(path: Path, clock: Clock, found: str) -> None:
    """Bring a file of the version ``found`` to today's, whole or not at all. Nothing happens to one of another."""
    if found == migrate.revisions()[-1]:
        return
    # Copying a table, as SQLite's migrations must, breaks the references to it for a moment.
    migration = Store(engine=file_engine(path, foreign_keys=False), clock=clock)
    try:
        with migration.writing() as connection:
            if migrate.revision(connection) != found:
                return  # another process was faster
            migrate.upgrade(connection)
            broken = connection.exec_driver_sql("PRAGMA foreign_key_check").all()
            if broken:
                raise LedgerError(
                    f"the ledger could not be brought up to date: {len(broken)} rows would lose what they belong to; "
                    "it stands as it was",
                    remedy="run `tandem ledger check` with the Tandem that wrote it",
                )
    finally:
        migration.engine.dispose()


def _open_memory(clock: Clock, machine: Machine | None) -> Store:
    store = Store(engine=memory_engine(), clock=clock, turns=threading.RLock(), machine=machine or Machine())
    with _BLANK_TURN, closing(store.engine.raw_connection()) as pooled:
        _blank(migrate.SCRIPTS).backup(driver(pooled))
    return store


@lru_cache(maxsize=1)
def _blank(_scripts: Path) -> sqlite3.Connection:
    """An empty ledger to copy: a rehearsal opens thousands, and running the migrations is most of what it takes to make
    one."""
    store = Store(engine=memory_engine(), clock=lambda: datetime.now(UTC))
    with store.writing() as connection:
        migrate.upgrade(connection)
    return driver(store.engine.raw_connection())
