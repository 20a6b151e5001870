"""How values stand in the ledger's columns.

Times are UTC ISO text of one fixed width, so that text order is time order and a person with a database shell can
read them. JSON is canonical (sorted keys, no spaces), so that equal content is equal text: ``current <> observed``
is a question SQL can answer.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import Text
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator

_READABLE = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False)
_READER = json.JSONDecoder()
_ASCII = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=True)


def canonical(value: Any) -> str:
    """JSON text that is equal for equal content."""
    written = _READABLE.encode(value)
    if not written.isascii():
        try:
            written.encode()
        except UnicodeEncodeError:  # half of a surrogate pair: legal in JSON, impossible in UTF-8
            return _ASCII.encode(value)
    return written


def storable(value: str | None) -> str | None:
    """The text as a database can hold it: half surrogate pairs and NUL become ``?``.

    One odd name in a CRM must not stop the records beside it.
    """
    if value is None or (value.isascii() and "\0" not in value):
        return value
    return value.replace("\0", "?").encode("utf-8", "replace").decode()


def utc_text(value: datetime) -> str:
    """``2025-01-31T09:30:00.000000Z``; refuses a time without a zone."""
    if value.tzinfo is None:
        raise ValueError(f"{value.isoformat()} has no time zone")
    utc = value if value.tzinfo is UTC else value.astimezone(UTC)
    return utc.isoformat(timespec="microseconds")[:26] + "Z"


#: Text in the order of its characters, whatever the language of the database: as SQLite and Python have it.
PLAIN = Text().with_variant(Text(collation="C"), "postgresql")


class AnyText(TypeDecorator[str]):
    """Text of any origin, stored as :func:`storable`."""

    impl = PLAIN
    cache_ok = True

    # ``bind_processor`` instead of ``process_bind_param``, here and below: one call less for each value.
    def bind_processor(self, dialect: Dialect) -> Callable[[str | None], str | None]:
        return storable


class UtcText(TypeDecorator[datetime]):
    """An aware time, stored as UTC text of fixed width."""

    impl = PLAIN
    cache_ok = True

    def bind_processor(self, dialect: Dialect) -> Callable[[datetime | None], str | None]:
        return _write_time

    def process_result_value(self, value: str | None, dialect: Dialect) -> datetime | None:
        return None if value is None else datetime.fromisoformat(value)


class DateText(TypeDecorator[date]):
    """A date, stored as ``2025-01-31``."""

    impl = PLAIN
    cache_ok = True

    def process_bind_param(self, value: date | None, dialect: Dialect) -> str | None:
        return None if value is None else value.isoformat()

    def process_result_value(self, value: str | None, dialect: Dialect) -> date | None:
        return None if value is None else date.fromisoformat(value)


class Json(TypeDecorator[Any]):
    """A JSON value, stored as canonical text; SQL NULL is None."""

    impl = PLAIN
    cache_ok = True

    def bind_processor(self, dialect: Dialect) -> Callable[[Any], str | None]:
        return _write_json

    # instead of process_result_value: one call less for each value, and a first meeting reads millions
    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[str | None], Any]:
        return _read_json


def _write_time(value: datetime | None) -> str | None:
    return None if value is None else utc_text(value)


def _write_json(value: Any) -> str | None:
    if value is None:
        return None
    if not value and isinstance(value, dict):
        return "{}"
    return canonical(value)


def _read_json(value: str | None) -> Any:
    if value is None:
        return None
    return {} if value == "{}" else _READER.raw_decode(value)[0]
