"""Transactions on the ledger's database.

One method of the ledger is one transaction; nothing here is ever open while the caller talks to a CRM. A process that
took the ledger's lease writes as long as it has it (``sync.ledger.database.fence``), and renews it on the way.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from typing import TYPE_CHECKING, Any, TypeVar

from sqlalchemy import ColumnElement, Connection, Engine, Executable, Table, func, insert, select
from sqlalchemy.dialects import sqlite
from sqlalchemy.exc import SQLAlchemyError

from sync.errors import LedgerError
from sync.ledger.database.errors import explained
from sync.ledger.database.executemany import execute_many
from sync.ledger.database.fence import Fence
from sync.ledger.process import Machine

if TYPE_CHECKING:
    from sqlalchemy.dialects import postgresql

#: Tells the time, aware and in UTC.
Clock = Callable[[], datetime]

#: Rows of one keyset chunk, and ids of one ``IN``: far below SQLite's 32,766 bound values.
CHUNK = 1000

#: Marks the connections whose transactions take the write lock at once (see ``connections.begin_as_told``).
WRITES = "tandem_writes"

_T = TypeVar("_T")


@dataclass(slots=True, kw_only=True)
class Store:
    """The ledger's database and its clock, as every part of the ledger uses them."""

    engine: Engine
    clock: Clock
    read_only: bool = False
    #: A database in memory has one connection; its transactions must take turns.
    turns: threading.RLock | None = None
    machine: Machine = field(default_factory=Machine)
    #: The leases that are held through this Store.
    fence: Fence = field(init=False)

    def __post_init__(self) -> None:
        self.fence = Fence(self.clock, self.machine)

    def reading(self) -> AbstractContextManager[Connection]:
        """One transaction that sees one state of the ledger."""
        if self.fence.is_due():
            self.renew()
        return self._transaction(writes=False)

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """One transaction that is stored whole or not at all. ``LeaseLost`` where a lease that was taken through this
        Store is another process's now."""
        with self.leasing() as connection:
            if not self.fence.is_due():
                self.fence.check(connection)
                yield connection
                return
            renewed = self.fence.renew(connection)
            yield connection
        renewed()

    def leasing(self) -> AbstractContextManager[Connection]:
        """The same whoever has the lease: for taking and giving it back, and for what may be added at any time."""
        if self.read_only:
            raise LedgerError(
                "this ledger was opened for reading only",
                remedy="run a command that may write, as the ledger's owner",
            )
        return self._transaction(writes=True)

    def renew(self) -> None:
        """Have the leases that are held last for their full time from now; ``LeaseLost`` where one was lost."""
        with self.leasing() as connection:
            renewed = self.fence.renew(connection)
        renewed()

    @contextmanager
    def _transaction(self, *, writes: bool) -> Iterator[Connection]:
        turn: AbstractContextManager[object] = self.turns or nullcontext()
        try:
            with turn, self._connected(writes=writes) as connection, connection.begin():
                yield connection
        except SQLAlchemyError as error:
            raise explained(error) from error

    def _connected(self, *, writes: bool) -> Connection:
        connection = self.engine.connect()
        if connection.dialect.name != "postgresql":
            return connection.execution_options(**{WRITES: writes})
        # A writer must see what the one before it stored while it waited for its turn.
        return connection.execution_options(
            **{WRITES: writes},
            isolation_level="READ COMMITTED" if writes else "REPEATABLE READ",
            postgresql_readonly=not writes,
        )


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
        insert = _insert(connection, table)
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


def _insert(connection: Connection, table: Table) -> postgresql.Insert | sqlite.Insert:
    """An INSERT in the database's own dialect: the two spell ON CONFLICT alike, and SQL's standard not at all."""
    if connection.dialect.name != "postgresql":
        return sqlite.insert(table)
    # Only who keeps the ledger on PostgreSQL waits for this import.
    from sqlalchemy.dialects import postgresql  # noqa: PLC0415

    return postgresql.insert(table)


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
