"""How connections to a ledger's database are made, and what each of them is told at its beginning."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any, cast

from sqlalchemy import URL, Connection, Dialect, Engine, create_engine, event
from sqlalchemy.pool import Pool, PoolProxiedConnection, QueuePool, StaticPool

from sync.ledger.database.transactions import WRITES

#: Seconds that one process waits for another's transaction.
_BUSY = 30.0

#: Seconds that the server waits for the next statement of a transaction before it takes it back.
_IDLE = 45.0

#: Statements compiled for SQLite, by all engines of this process. There are as many as Tandem has.
_COMPILED: dict[Any, Any] = {}
_dialects: list[Dialect] = []

#: Any number, the same for every Tandem.
_WRITERS = 746826


def file_engine(path: Path, *, read_only: bool = False, foreign_keys: bool = True) -> Engine:
    """Connections to a SQLite file that exists."""
    # Never "create": a file that vanishes while Tandem runs must not come back empty.
    uri = f"{path.as_uri()}?mode={'ro' if read_only else 'rw'}"
    return _sqlite_engine(uri, QueuePool, read_only=read_only, foreign_keys=foreign_keys)


def _sqlite_engine(
    uri: str, pool: type[Pool], *, read_only: bool = False, foreign_keys: bool = True
) -> Engine:
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
    # SQLAlchemy keeps compiled statements with each engine and by its dialect. A process may open thousands of ledgers
    # (rehearsals, copies, tests), and would compile the same statements for each.
    engine.dialect = _first_dialect(engine)
    engine.update_execution_options(compiled_cache=_COMPILED)
    begin_as_told(engine)
    return engine


def _first_dialect(engine: Engine) -> Dialect:
    if not _dialects:
        _dialects.append(engine.dialect)
    return _dialects[0]


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


def memory_engine() -> Engine:
    """The one connection to a database that lives as long as it does."""
    return _sqlite_engine("file::memory:", StaticPool)


def driver(pooled: PoolProxiedConnection) -> sqlite3.Connection:
    """SQLite's own connection."""
    found: Any = pooled.driver_connection
    return cast("sqlite3.Connection", found)


def server_engine(url: URL) -> Engine:
    """Connections to PostgreSQL. Raises ModuleNotFoundError where its driver is not installed."""
    # A server that was started anew between two Runs of the service is no failure.
    engine = create_engine(url, client_encoding="utf8", pool_pre_ping=True)

    @event.listens_for(engine, "connect")
    def _connected(connection: Any, _record: object) -> None:
        connection.execute(f"SET lock_timeout = '{_BUSY:.0f}s'")
        # A process that is stopped in the middle of a transaction must not keep all others out.
        connection.execute(f"SET idle_in_transaction_session_timeout = '{_IDLE:.0f}s'")
        connection.commit()

    begin_as_told(engine)
    return engine


def begin_as_told(engine: Engine) -> None:
    """Let one writer at a time into the ledger, from the beginning of its transaction to the end.

    The ledger reads first and writes later in many a transaction. On SQLite such a one would fail at once, without
    waiting, when another process wrote in between; one that begins IMMEDIATE waits its turn (``busy_timeout``). On
    PostgreSQL two of them would both go by what they read; there a lock that belongs to the transaction lets them wait.
    """
    words = (
        {True: f"SELECT pg_advisory_xact_lock({_WRITERS})"}
        if engine.dialect.name == "postgresql"
        else {True: "BEGIN IMMEDIATE", False: "BEGIN"}
    )

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        said = words.get(connection.get_execution_options().get(WRITES, False))
        if said is not None:
            connection.exec_driver_sql(said)
