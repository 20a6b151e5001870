"""What one prepared statement for many rows gains over SQLAlchemy's own: processor time to store records, both ways."""

from __future__ import annotations

import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, create_engine, delete, insert, select

from sync.ledger import Ledger
from sync.ledger.database.executemany import execute_many
from sync.ledger.database.tables import records
from sync.model.records import NativeId, Record, SystemName

#: As often as it takes for the median to stand.
_TIMES = 5
_FIELDS = {f"field_{number}": f"value {number}" for number in range(20)}
#: Below this it gains nothing, and the module should go.
_LEAST = 1.05


def _stored(ledger: Ledger, connection: Connection, count: int) -> list[dict[str, Any]]:
    """Rows as the ledger stores them."""
    ledger.accounts.put(
        Record(
            system=SystemName("salesforce"),
            id=NativeId(f"{number:018}"),
            name=f"Account {number}",
            domain=f"account{number}.example",
            current=_FIELDS,
            observed=_FIELDS,
            stamp=datetime(2026, 1, 1, tzinfo=UTC),
        )
        for number in range(count)
    )
    return [dict(row) for row in connection.execute(select(records)).mappings()]


def _prepared(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    execute_many(connection, "benchmark", lambda: insert(records), rows)


def _plain(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    connection.execute(insert(records), rows)


def _seconds(
    store: Callable[[Connection, Sequence[Mapping[str, Any]]], None],
    connection: Connection,
    rows: Sequence[Mapping[str, Any]],
) -> float:
    connection.execute(delete(records))
    began = time.process_time()
    store(connection, rows)
    return time.process_time() - began


def main() -> None:
    """Print both times and how many times faster it is as JSON; exit 1 where it gains nothing."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{Path(folder) / 'tandem.db'}"
        engine = create_engine(url)
        with Ledger.open(url, lambda: datetime.now(UTC)) as ledger, engine.connect() as connection:
            rows = _stored(ledger, connection, count)
            plain = statistics.median(_seconds(_plain, connection, rows) for _ in range(_TIMES))
            prepared = statistics.median(_seconds(_prepared, connection, rows) for _ in range(_TIMES))
            connection.rollback()
        engine.dispose()
    gain = plain / prepared
    figures = {"rows": count, "sqlalchemy": plain, "prepared": prepared, "times": gain}
    print(json.dumps({name: round(figure, 3) for name, figure in figures.items()}))
    if gain < _LEAST:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
