"""Whether a ledger is sound."""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy import Column, Connection, func, or_, select, type_coerce

from sync.errors import LedgerError
from sync.ledger.accounts.rows import waits
from sync.ledger.database.column_types import PLAIN, Json
from sync.ledger.database.tables import METADATA, links, records
from sync.ledger.database.transactions import CHUNK, Store
from sync.model.records import RecordState

#: A person reads them; the first few tell what is wrong.
_SHOWN = 20


def problems(store: Store) -> list[str]:
    """Everything that is wrong, a sentence each; reads the whole ledger."""
    try:
        with store.reading() as connection:
            if connection.dialect.name != "sqlite":
                # The server itself answers for its files, and lets no reference go.
                return [*_unreadable(connection), *_contradictions(connection)]
            torn = _torn(connection)
            # what a torn file says about its content is worth nothing
            return torn or [*_references(connection), *_unreadable(connection), *_contradictions(connection)]
    except LedgerError as error:
        return [error.message]


def damage(store: Store) -> list[str]:
    """What a rebuild cannot do without: that everything but the Records is readable and belongs somewhere."""
    with store.reading() as connection:
        torn = _torn(connection) if connection.dialect.name == "sqlite" else []
        if torn:
            return torn
        references = _references(connection) if connection.dialect.name == "sqlite" else []
        return [line for line in references if not line.startswith(f"{records.name}:")] + _unreadable(
            connection
        )


def sizes(store: Store) -> dict[str, int]:
    """How many rows each table holds."""
    with store.reading() as connection:
        return {
            table.name: connection.scalars(select(func.count()).select_from(table)).one()
            for table in METADATA.sorted_tables
        }


def _torn(connection: Connection) -> list[str]:
    said = [str(row[0]) for row in connection.exec_driver_sql(f"PRAGMA integrity_check({_SHOWN})")]
    return [] if said == ["ok"] else [f"the file is damaged: {line}" for line in said]


def _references(connection: Connection) -> list[str]:
    broken: dict[tuple[str, str], int] = {}
    for table, _row, parent, _key in connection.exec_driver_sql("PRAGMA foreign_key_check"):
        broken[table, parent] = broken.get((table, parent), 0) + 1
    return [
        f"{table}: {count} rows belong to {parent} that do not exist"
        for (table, parent), count in sorted(broken.items())
    ]


def _unreadable(connection: Connection) -> list[str]:
    found = []
    for table in METADATA.sorted_tables:
        for column in table.columns:
            if isinstance(column.type, Json):
                count = _without_json(connection, column)
                if count:
                    found.append(f"{table.name}.{column.name}: {count} rows hold no JSON")
    return found


def _without_json(connection: Connection, column: Column[Any]) -> int:
    if connection.dialect.name == "sqlite":
        query = select(func.count()).where(column.is_not(None), func.json_valid(column) == 0)
        return connection.scalars(query).one()
    # PostgreSQL before 16 cannot tell without failing at the first one.
    written = select(type_coerce(column, PLAIN)).where(column.is_not(None))
    with connection.execute(written.execution_options(yield_per=CHUNK)) as rows:
        return sum(not _is_json(text) for text in rows.scalars())


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


def _contradictions(connection: Connection) -> list[str]:
    """What the ledger itself never stores."""
    questions = {
        "records: {} wait for a decision and are not marked so": select(func.count()).where(
            waits(), ~records.c.dirty
        ),
        "records: {} belong to a Link that is closed": select(func.count())
        .select_from(records.join(links, links.c.id == records.c.link_id))
        .where(links.c.closed_at.is_not(None)),
        "records: {} are merged away or without a Link, and yet marked as waiting": select(
            func.count()
        ).where(
            records.c.dirty, or_(records.c.link_id.is_(None), records.c.state != RecordState.PRESENT.value)
        ),
    }
    counted = {words: connection.scalars(query).one() for words, query in questions.items()}
    return [words.format(count) for words, count in counted.items() if count]
