"""Transactions on the ledger's database, and what its errors mean to people.

One method of the ledger is one transaction; nothing here is ever open while the caller talks to a CRM.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Connection, Engine, Executable, Table, event, func, insert, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from sync.errors import LedgerError
from sync.ledger.many import execute_many

#: Tells the time, aware and in UTC.
Clock = Callable[[], datetime]

#: Rows of one keyset chunk, and ids of one ``IN``: far below SQLite's 32,766 bound values.
CHUNK = 1000

#: Marks the connections whose transactions take the write lock at once (see ``_begin``).
WRITES = "tandem_writes"

_T = TypeVar("_T")

#: What the database says (lower case), and what that means to people.
_MEANINGS: tuple[tuple[str, str, str], ...] = (
    (
        "disk is full",
        "the disk that holds the ledger is full; nothing was stored by this step",
        "make room on that disk, then run the same command again: it goes on where it stopped",
    ),
    (
        "readonly database",
        "the ledger cannot be written to",
        "give the file and its folder to the user that Tandem runs as: chown, chmod u+w",
    ),
    (
        "database is locked",
        "the ledger is busy: another process has been writing to it for too long",
        "run the same command again; `tandem status` tells which process holds the ledger",
    ),
    (
        "malformed",
        "the ledger is damaged",
        "run `tandem ledger check`, then `tandem ledger restore` with the newest backup",
    ),
    (
        "not a database",
        "the ledger's file is no SQLite database",
        "run `tandem ledger restore` with the newest backup, or name another file under `ledger:`",
    ),
    (
        "unable to open",
        "the ledger's file cannot be opened",
        "check that it exists and that the user that Tandem runs as may read and write it and its folder",
    ),
    (
        "disk i/o error",
        "the disk that holds the ledger does not answer properly; nothing was stored by this step",
        "check the disk and its free space, then run `tandem ledger check`",
    ),
)


def explained(error: Exception) -> LedgerError:
    """The database's error as a sentence with a remedy; ``raise explained(error) from error``."""
    said = str(error.orig if isinstance(error, DBAPIError) and error.orig is not None else error)
    for words, meaning, remedy in _MEANINGS:
        if words in said.lower():
            return LedgerError(f"{meaning} ({said})", remedy=remedy)
    return LedgerError(f"the ledger refused a step: {said}", remedy="run `tandem ledger check`")


@dataclass(slots=True, kw_only=True)
class Store:
    """The ledger's database and its clock, as every part of the ledger uses them."""

    engine: Engine
    clock: Clock
    read_only: bool = False
    #: A database in memory has one connection; its transactions must take turns.
    turns: threading.RLock | None = None

    def reading(self) -> AbstractContextManager[Connection]:
        """One transaction that sees one state of the ledger."""
        return self._transaction(writes=False)

    def writing(self) -> AbstractContextManager[Connection]:
        """One transaction that is stored whole or not at all."""
        if self.read_only:
            raise LedgerError(
                "this ledger was opened for reading only",
                remedy="run a command that may write, as the ledger's owner",
            )
        return self._transaction(writes=True)

    @contextmanager
    def _transaction(self, *, writes: bool) -> Iterator[Connection]:
        turn: AbstractContextManager[object] = self.turns or nullcontext()
        try:
            with (
                turn,
                self.engine.connect().execution_options(**{WRITES: writes}) as connection,
                connection.begin(),
            ):
                yield connection
        except SQLAlchemyError as error:
            raise explained(error) from error


def begin_as_told(engine: Engine) -> None:
    """Let writers take SQLite's write lock when they begin.

    A transaction that reads first and writes later would fail at once, without waiting, when another process wrote
    in between; one that begins IMMEDIATE waits its turn (``busy_timeout``) instead.
    """

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        writes = connection.get_execution_options().get(WRITES, False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def chunks(items: Iterable[_T], size: int = CHUNK) -> Iterator[list[_T]]:
    """The items in lists of at most ``size``."""
    rest = iter(items)
    while chunk := list(islice(rest, size)):
        yield chunk


def upsert(
    connection: Connection,
    table: Table,
    rows: Sequence[dict[str, Any]],
    *,
    keep: Sequence[str] = (),
    change: Callable[[Any], dict[str, ColumnElement[Any]]] | None = None,
) -> None:
    """Insert rows, or overwrite those with the same primary key.

    Columns in ``keep`` stay as first stored; ``change`` gives others from the row that was to be inserted
    (SQL's ``excluded``). All rows have the same columns.
    """
    if not rows:
        return

    def build() -> Executable:
        insert = postgresql.insert(table) if connection.dialect.name == "postgresql" else sqlite.insert(table)
        keys = [column.name for column in table.primary_key]
        values: dict[str, Any] = {
            name: insert.excluded[name] for name in rows[0] if name not in keys and name not in keep
        }
        if change is not None:
            values.update(change(insert.excluded))
        if values:
            return insert.on_conflict_do_update(index_elements=keys, set_=values)
        return insert.on_conflict_do_nothing()

    execute_many(connection, ("upsert", table.name, tuple(keep), change), build, rows)


def insert_numbered(connection: Connection, table: Table, rows: Sequence[dict[str, Any]]) -> list[int]:
    """Insert rows into a table that numbers them itself; their numbers, in the order of the rows."""
    if not rows:
        return []
    if connection.dialect.name == "sqlite":
        # RETURNING would cost a statement for each row, because SQLite does not promise an order. Inside a
        # transaction that holds the write lock the next numbers are ours to give.
        last = connection.scalars(select(func.coalesce(func.max(table.c.id), 0))).one()
        numbers = list(range(last + 1, last + 1 + len(rows)))
        numbered = [{"id": number, **row} for number, row in zip(numbers, rows, strict=True)]
        execute_many(connection, ("insert", table.name), lambda: insert(table), numbered)
        return numbers
    return list(connection.scalars(insert(table).returning(table.c.id, sort_by_parameter_order=True), rows))
