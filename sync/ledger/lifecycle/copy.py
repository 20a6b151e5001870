"""A ledger copied whole: into a file that is a ledger by itself, wherever it is kept, and out of one."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from sqlalchemy import BigInteger, Connection, Integer, MetaData, Table, delete, func, insert, select
from sqlalchemy.exc import SQLAlchemyError

from sync.errors import LedgerError
from sync.ledger.database.connections import driver, file_engine
from sync.ledger.database.errors import explained
from sync.ledger.database.transactions import CHUNK, WRITES, Store
from sync.ledger.lifecycle import file, migrate


def backup(store: Store, path: Path) -> None:
    """Copy the ledger, as it stands at one moment, to a new file that only its owner can read."""
    file.check_folder(path)
    if path.exists():
        raise LedgerError(f"there is something already: {path}", remedy="name a file that does not exist yet")
    with file.made_whole(path) as draft:
        if store.engine.dialect.name != "sqlite":
            with store.reading() as connection:
                to_file(connection, draft)
            return
        try:
            with (
                closing(store.engine.raw_connection()) as pooled,
                closing(sqlite3.connect(draft)) as copy,
            ):
                driver(pooled).backup(copy)
        except (sqlite3.Error, SQLAlchemyError) as error:
            raise explained(error) from error


def to_file(source: Connection, path: Path) -> None:
    """Fill an empty file with what the connection sees; it is a ledger of the same version then."""
    engine = file_engine(path)
    try:
        with engine.connect().execution_options(**{WRITES: True}) as target, target.begin():
            migrate.upgrade(target, migrate.revision(source))
            copy_rows(source, target)
    except SQLAlchemyError as error:
        raise explained(error) from error
    finally:
        engine.dispose()


def copy_rows(source: Connection, target: Connection) -> None:
    """Give the target every row of the source, which has the same version, in the place of its own."""
    found = MetaData()
    # A file holds a ledger's tables and nothing else.
    found.reflect(source if source.dialect.name == "sqlite" else target)
    for table in found.sorted_tables:
        if table.name == migrate.VERSION_TABLE:
            continue
        target.execute(delete(table))
        # Not the driver's own way to stream: the source may be written by nobody meanwhile, but read by this alone.
        with source.execute(select(table).execution_options(yield_per=CHUNK)) as rows:
            for chunk in rows.mappings().partitions():
                target.execute(insert(table), [dict(row) for row in chunk])
        if target.dialect.name == "postgresql":
            _count_on(target, table)


def _count_on(target: Connection, table: Table) -> None:
    """Have a table that numbers its rows go on after those that it was given."""
    for column in table.primary_key:
        if isinstance(column.type, Integer | BigInteger):
            last = select(func.coalesce(func.max(column), 0) + 1).scalar_subquery()
            counter = func.pg_get_serial_sequence(table.name, column.name)
            target.execute(select(func.setval(counter, last, False)))
