"""From what a caller sends for a field to what the org stores, or to Salesforce's complaint about it. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any

from emulator.salesforce.data.ids import long_id
from emulator.salesforce.data.stamps import parse_date, parse_datetime
from emulator.salesforce.errors import Problem, RecordError
from emulator.salesforce.schema.model import Field

_EMAIL = re.compile(r"[^@\s,;<>()\[\]\"]+@[^@\s,;<>()\[\]\"]+\.[A-Za-z0-9-]{2,}\Z")
_XSD = {
    "boolean": "boolean",
    "int": "int",
    "double": "double",
    "currency": "double",
    "percent": "double",
    "date": "date",
    "datetime": "dateTime",
}
#: the names that the JSON parser's complaint uses
_JSON = {**_XSD, "datetime": "datetime"}
_INT_LIMIT = 2**31


class Unreadable(RecordError):
    """The value is not of the field's type at all: JSON calls fail whole, Bulk rows fail to deserialize."""

    def __init__(self, field: Field, raw: object) -> None:
        self.field = field
        self.raw = raw
        token = "VALUE_STRING" if isinstance(raw, str) else _token(raw)
        super().__init__(
            Problem(
                code="JSON_PARSER_ERROR",
                message=(
                    f"Cannot deserialize instance of {_JSON.get(field.type, 'string')} from {token} value "
                    f"{_shown(raw)} or request may be missing a required field at [line:1, column:2]"
                ),
            )
        )

    @property
    def xsd(self) -> str:
        """The field's type as Bulk API names it, e.g. ``xsd:date``."""
        return f"xsd:{_XSD.get(self.field.type, 'string')}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Taken:
    """A value ready to be stored, or the problem with it."""

    value: Any = None
    problem: Problem | None = None


def take(field: Field, raw: object) -> Taken:
    """Return the value to store for what a caller sent. Raises Unreadable.

    Text is trimmed, an empty text is a blank, numbers are rounded half up to the field's scale.
    """
    if raw is None and field.type != "boolean":
        return Taken()
    if isinstance(raw, dict | list):
        raise Unreadable(field, raw)
    return _READERS.get(field.type, _string)(field, raw)


def _boolean(field: Field, raw: object) -> Taken:
    if raw is None:
        message = f"{field.label}: value not of required type: null"
        return _bad(field, "INVALID_TYPE_ON_FIELD_IN_RECORD", message)
    if isinstance(raw, bool):
        return Taken(value=raw)
    word = str(raw).strip().lower()
    if word in ("true", "1"):
        return Taken(value=True)
    if word in ("false", "0", ""):
        return Taken(value=False)
    raise Unreadable(field, raw)


def _number(field: Field, raw: object) -> Taken:
    if isinstance(raw, bool):
        raise Unreadable(field, raw)
    text = str(raw).strip()
    if not text:
        return Taken()
    try:
        exact = Decimal(text)
        if not exact.is_finite():
            raise Unreadable(field, raw)
        if exact.adjusted() > 30:
            return _out_of_range(field, text)
        rounded = exact.quantize(Decimal(1).scaleb(-field.scale), rounding=ROUND_HALF_UP)
    except InvalidOperation as error:
        raise Unreadable(field, raw) from error
    if abs(rounded) >= Decimal(10) ** (field.precision - field.scale):
        return _out_of_range(field, text)
    return Taken(value=float(rounded))


def _out_of_range(field: Field, text: str) -> Taken:
    message = f"{field.label}: value outside of valid range on numeric field: {text}"
    return _bad(field, "NUMBER_OUTSIDE_VALID_RANGE", message)


def _integer(field: Field, raw: object) -> Taken:
    if isinstance(raw, bool) or (isinstance(raw, float) and not raw.is_integer()):
        raise Unreadable(field, raw)
    text = str(raw).strip()
    if not text:
        return Taken()
    try:
        value = int(raw) if isinstance(raw, float) else int(text)
    except ValueError as error:
        raise Unreadable(field, raw) from error
    limit = min(10**field.digits, _INT_LIMIT) if field.digits else _INT_LIMIT
    return Taken(value=value) if abs(value) < limit else _out_of_range(field, text)


def _moment(field: Field, raw: object) -> Taken:
    if not isinstance(raw, str):
        raise Unreadable(field, raw)
    text = raw.strip()
    if not text:
        return Taken()
    read = parse_date(text) if field.type == "date" else parse_datetime(text)
    if read is None:
        raise Unreadable(field, raw)
    if not "1700" <= read[:4] <= "4000":
        return _out_of_range(field, text)
    return Taken(value=read)


def _reference(field: Field, raw: object) -> Taken:
    text = _text(raw).strip()
    if not text:
        return Taken()
    whole = long_id(text)
    if whole is None:
        return _bad(field, "MALFORMED_ID", f"{field.label}: id value of incorrect type: {text}")
    return Taken(value=whole)


def _string(field: Field, raw: object) -> Taken:
    text = _text(raw).strip()
    if not text:
        return Taken()
    if field.length and len(text) > field.length:
        message = f"{field.label}: data value too large: {text} (max length={field.length})"
        return _bad(field, "STRING_TOO_LONG", message)
    if field.type == "email" and not _EMAIL.match(text):
        return _bad(field, "INVALID_EMAIL_ADDRESS", f"{field.label}: invalid email address: {text}")
    if field.restricted and field.type in ("picklist", "multipicklist"):
        allowed = field.active_values()
        for part in text.split(";") if field.type == "multipicklist" else (text,):
            if part not in allowed:
                message = f"{field.label}: bad value for restricted picklist field: {part}"
                return _bad(field, "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", message)
    if field.type == "multipicklist":
        order = {value.value: place for place, value in enumerate(field.values)}
        parts = sorted(
            dict.fromkeys(part for part in text.split(";") if part), key=lambda p: order.get(p, len(order))
        )
        text = ";".join(parts)
    return Taken(value=text)


_READERS: Mapping[str, Callable[[Field, object], Taken]] = {
    "boolean": _boolean,
    "double": _number,
    "currency": _number,
    "percent": _number,
    "int": _integer,
    "date": _moment,
    "datetime": _moment,
    "reference": _reference,
}


def _text(raw: object) -> str:
    if isinstance(raw, bool):
        return "true" if raw else "false"
    return str(raw)


def _bad(field: Field, code: str, message: str) -> Taken:
    return Taken(problem=Problem(code=code, message=message, fields=(field.name,)))


def _token(raw: object) -> str:
    if isinstance(raw, bool):
        return "VALUE_TRUE" if raw else "VALUE_FALSE"
    if isinstance(raw, int):
        return "VALUE_NUMBER_INT"
    if isinstance(raw, float):
        return "VALUE_NUMBER_FLOAT"
    return "START_OBJECT" if isinstance(raw, dict) else "START_ARRAY"


def _shown(raw: object) -> str:
    if isinstance(raw, dict):
        return "{"
    return "[" if isinstance(raw, list) else _text(raw)
