"""One statement for many rows, without the work that SQLAlchemy does anew for every value of every row.

A Run of 10,000 accounts stores a few million values. SQLAlchemy looks up each of them by name in each row, and each
passes through several calls; here names and conversions are looked up once for a statement.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Executable
from sqlalchemy.exc import StatementError
from sqlalchemy.sql.compiler import SQLCompiler

_Convert = Callable[[Any], Any]


@dataclass(frozen=True, slots=True)
class _Prepared:
    text: str
    #: Name of each value, and how it is converted, in the order of the statement.
    values: tuple[tuple[str, _Convert | None], ...]
    #: Values that are the same for every row, converted.
    constant: Mapping[str, Any]
    by_position: bool


#: By dialect, what the caller names the statement, and the columns of its rows.
_prepared: dict[tuple[str, Hashable, tuple[str, ...]], _Prepared | None] = {}


def execute_many(
    connection: Connection, name: Hashable, build: Callable[[], Executable], rows: Sequence[Mapping[str, Any]]
) -> None:
    """Carry out ``build()`` for each row. All rows have the same columns; under one ``name`` the statement is
    always the same, so that it is built once."""
    if not rows:
        return
    columns = tuple(rows[0])
    key = (connection.dialect.name, name, columns)
    if key not in _prepared:
        _prepared[key] = _prepare(connection, build(), columns)
    prepared = _prepared[key]
    if prepared is None:
        connection.execute(build(), rows)
        return
    try:
        values = _values(prepared, rows)
    except (TypeError, ValueError) as error:
        raise StatementError(str(error), prepared.text, None, error) from error
    connection.exec_driver_sql(prepared.text, values)


def _values(prepared: _Prepared, rows: Sequence[Mapping[str, Any]]) -> Any:
    """The rows as the driver takes them: in the order of the statement, or by name."""
    constant, values = prepared.constant, prepared.values
    if prepared.by_position:
        return [
            tuple(
                [
                    constant[name]
                    if name in constant
                    else row[name]
                    if convert is None
                    else convert(row[name])
                    for name, convert in values
                ]
            )
            for row in rows
        ]
    varying = [(name, convert) for name, convert in values if name not in constant]
    return [
        {
            **constant,
            **{name: row[name] if convert is None else convert(row[name]) for name, convert in varying},
        }
        for row in rows
    ]


def _prepare(connection: Connection, statement: Any, columns: tuple[str, ...]) -> _Prepared | None:
    """None where the statement fills in values by itself, which only SQLAlchemy can do."""
    dialect = connection.dialect
    compiled: SQLCompiler = statement.compile(dialect=dialect, column_keys=list(columns))
    if compiled.insert_prefetch or compiled.update_prefetch or compiled.post_compile_params:
        return None
    converts: dict[str, _Convert | None] = {
        name: bind.type.dialect_impl(dialect).bind_processor(dialect)
        for bind, name in compiled.bind_names.items()
    }
    order = compiled.positiontup if compiled.positional else list(converts)
    constant: dict[str, Any] = {}
    for name, value in compiled.params.items():
        if name not in columns:
            convert = converts[name]
            constant[name] = value if convert is None else convert(value)
    return _Prepared(
        text=str(compiled),
        values=tuple((name, converts[name]) for name in order or ()),
        constant=constant,
        by_position=compiled.positional,
    )
