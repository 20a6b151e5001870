"""Opening a ledger: made where there is none, brought up to date with a backup, refused where it is not fit."""

from __future__ import annotations

import sqlite3
import threading
from contextlib import closing, suppress
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any, cast

from sqlalchemy import URL, Engine, create_engine, make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError
from sqlalchemy.pool import Pool, PoolProxiedConnection, QueuePool, StaticPool

from sync.errors import LedgerError
from sync.ledger import files, migrating
from sync.ledger.lease import RUN, refuse_if_held
from sync.ledger.store import Clock, Store, begin_as_told, explained

#: Seconds that one process waits for another's transaction.
_BUSY = 30.0

#: Held while an empty ledger is copied.
_BLANK_TURN = threading.Lock()

#: Any number, the same for every Tandem: PostgreSQL lets one process at a time bring a ledger up to date.
_UPGRADE_LOCK = 746826


def open_store(url: str, clock: Clock, *, read_only: bool) -> Store:
    """See ``Ledger.open``."""
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise LedgerError(
            f"{url!r} is no database URL", remedy="write `ledger: sqlite:///tandem.db`"
        ) from error
    backend = parsed.get_backend_name()
    if backend == "postgresql":
        return _open_server(parsed, clock, read_only=read_only)
    if backend != "sqlite":
        raise LedgerError(
            f"a ledger cannot be kept in {backend}",
            remedy="write `ledger: sqlite:///tandem.db` or `ledger: postgresql+psycopg://…`",
        )
    if parsed.database in (None, "", ":memory:"):
        return _open_memory(clock)
    return _open_file(Path(str(parsed.database)).expanduser().absolute(), clock, read_only=read_only)


# -- SQLite ----------------------------------------------------------------------------------------------


def _open_file(path: Path, clock: Clock, *, read_only: bool) -> Store:
    files.check_folder(path)
    if not path.exists():
        if read_only:
            raise LedgerError(
                f"there is no ledger yet: {path}", remedy="`tandem sync` or `tandem apply` makes it"
            )
        with suppress(FileExistsError), files.made_whole(path) as draft:
            _make(draft, clock)
    files.check_whole(path)
    if read_only:
        files.check_readable_alone(path)
    else:
        files.check_writable(path)
        files.make_private(path)
    store = Store(engine=file_engine(path, read_only=read_only), clock=clock, read_only=read_only)
    try:
        with store.reading() as connection:
            found = migrating.revision(connection)
        _check_version(found, path)
        if found != migrating.revisions()[-1]:
            if read_only:
                raise LedgerError(
                    f"the ledger has the older version {found}, and was opened for reading only",
                    remedy="run a command that may write, such as `tandem sync`: it brings the ledger up to date",
                )
            _bring_up_to_date(path, store, str(found))
        if not read_only:
            _log_ahead(store)
    except BaseException:
        store.engine.dispose()
        raise
    return store


def _check_version(found: str | None, path: Path) -> None:
    if found is None:
        raise LedgerError(
            f"the ledger has no tables: {path} is not a ledger",
            remedy="run `tandem ledger restore` with the newest backup, or name another file under `ledger:`",
        )


def _make(path: Path, clock: Clock) -> None:
    store = Store(engine=file_engine(path, foreign_keys=False), clock=clock)
    try:
        with store.writing() as connection:
            migrating.upgrade(connection)
        _log_ahead(store)
    finally:
        store.engine.dispose()


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
        refuse_if_held(connection, RUN, store.clock())
    kept = path.with_name(f"{path.name}.{found}.bak")
    fresh = kept.with_name(kept.name + ".new")
    fresh.unlink(missing_ok=True)
    backup(store, fresh)
    fresh.replace(kept)
    # Copying a table, as SQLite's migrations must, breaks the references to it for a moment.
    migration = Store(engine=file_engine(path, foreign_keys=False), clock=store.clock)
    try:
        with migration.writing() as connection:
            if migrating.revision(connection) != found:
                return  # another process was faster
            migrating.upgrade(connection)
            broken = connection.exec_driver_sql("PRAGMA foreign_key_check").all()
            if broken:
                raise LedgerError(
                    f"the ledger could not be brought up to date: {len(broken)} rows would lose what they belong to; "
                    "it stands as it was",
                    remedy="run `tandem ledger check` with the Tandem that wrote it",
                )
    finally:
        migration.engine.dispose()


def file_engine(path: Path, *, read_only: bool = False, foreign_keys: bool = True) -> Engine:
    """Connections to a SQLite file that exists."""
    # Never "create": a file that vanishes while Tandem runs must not come back empty.
    uri = f"{path.as_uri()}?mode={'ro' if read_only else 'rw'}"
    return _engine(uri, QueuePool, read_only=read_only, foreign_keys=foreign_keys)


def _engine(uri: str, pool: type[Pool], *, read_only: bool = False, foreign_keys: bool = True) -> Engine:
    def connect() -> sqlite3.Connection:
        connection = sqlite3.connect(
            uri, uri=True, timeout=_BUSY, isolation_level=None, check_same_thread=False, cached_statements=256
        )
        try:
            for pragma in _pragmas(read_only=read_only, foreign_keys=foreign_keys):
                connection.execute(f"PRAGMA {pragma}")
        except sqlite3.Error:
            connection.close()
            raise
        return connection

    engine = create_engine("sqlite+pysqlite://", creator=connect, poolclass=pool)
    begin_as_told(engine)
    return engine


def _pragmas(*, read_only: bool, foreign_keys: bool) -> list[str]:
    settings = [
        f"foreign_keys = {'ON' if foreign_keys else 'OFF'}",
        "temp_store = MEMORY",
        "cache_size = -32768",
    ]
    if read_only:
        return [*settings, "query_only = ON"]
    # FULL: a commit survives a power cut, not only a crash of Tandem. An intent that is forgotten while the CRM has
    # the write would leave a change without its reason and beyond `undo`. It costs one fsync for each transaction,
    # and a transaction belongs to a batch of up to a thousand rows that just went over the network.
    return [*settings, "synchronous = FULL", "journal_size_limit = 67108864"]


def _open_memory(clock: Clock) -> Store:
    store = Store(engine=_engine("file::memory:", StaticPool), clock=clock, turns=threading.RLock())
    with _BLANK_TURN, closing(store.engine.raw_connection()) as pooled:
        _blank(migrating.SCRIPTS).backup(_driver(pooled))
    return store


@lru_cache(maxsize=1)
def _blank(_scripts: Path) -> sqlite3.Connection:
    """An empty ledger to copy: a rehearsal opens thousands, and running the migrations is most of what it takes."""
    store = Store(engine=_engine("file::memory:", StaticPool), clock=lambda: datetime.now(UTC))
    with store.writing() as connection:
        migrating.upgrade(connection)
    return _driver(store.engine.raw_connection())


def _driver(pooled: PoolProxiedConnection) -> sqlite3.Connection:
    driver: Any = pooled.driver_connection
    return cast("sqlite3.Connection", driver)


def backup(store: Store, path: Path) -> None:
    """Copy the ledger, as it stands at one moment, to a new file that only its owner can read."""
    if store.engine.dialect.name != "sqlite":
        raise LedgerError("a ledger on PostgreSQL is backed up there", remedy="pg_dump --format=custom")
    files.check_folder(path)
    if path.exists():
        raise LedgerError(f"there is something already: {path}", remedy="name a file that does not exist yet")
    with files.made_whole(path) as draft:
        try:
            with (
                closing(store.engine.raw_connection()) as pooled,
                closing(sqlite3.connect(draft)) as copy,
            ):
                _driver(pooled).backup(copy)
        except (sqlite3.Error, SQLAlchemyError) as error:
            raise explained(error) from error


# -- PostgreSQL ------------------------------------------------------------------------------------------


def _open_server(url: URL, clock: Clock, *, read_only: bool) -> Store:
    try:
        engine = create_engine(url)
    except ModuleNotFoundError as error:
        raise LedgerError(
            f"the driver for PostgreSQL is missing: {error.name}",
            remedy="pip install 'tandem-sync[postgres]'",
        ) from error
    store = Store(engine=engine, clock=clock, read_only=read_only)
    try:
        with store.reading() as connection:
            found = migrating.revision(connection)
        if found != migrating.revisions()[-1]:
            with store.writing() as connection:
                connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_UPGRADE_LOCK})")
                if found is not None:
                    refuse_if_held(connection, RUN, clock())
                migrating.upgrade(connection)
    except BaseException:
        engine.dispose()
        raise
    return store
