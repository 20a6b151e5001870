r"""The one canonical text of every value.

| type | text |
|---|---|
| text | trimmed, line ends `\n`, Unicode NFC |
| number, currency | plain decimal without exponent, trailing zeros or `-0`: `15000000`, `72.5` |
| boolean | `true`, `false` |
| enum | the option's key |
| multi_enum | the keys sorted, each once, joined with `;` |
| date | `YYYY-MM-DD` |
| datetime | UTC, `YYYY-MM-DDTHH:MM:SS[.mmm]Z`, no fraction when it is zero |
| user | trimmed, case-folded e-mail |

Blank is None for all of them. Equal meaning is equal text; the engine relies on it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import lru_cache

from mappings.errors import Unreadable
from mappings.fields import CanonicalField, FieldType, Value

#: Far beyond what either CRM stores; stops `1E999999999` from becoming a gigabyte of zeros.
MAX_DIGITS = 60

_NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,9})?\Z")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}\Z")
_CACHE = 1 << 16


def text(raw: str) -> Value:
    """Trimmed, with one form of line end and of composed characters."""
    trimmed = raw.strip()
    if not trimmed.isascii():
        trimmed = unicodedata.normalize("NFC", trimmed)
    if "\r" in trimmed:
        trimmed = trimmed.replace("\r\n", "\n").replace("\r", "\n")
    return trimmed or None


def decimal_text(number: Decimal) -> str:
    """The canonical text of a finite Decimal. Unreadable when it is longer than MAX_DIGITS."""
    if not number.is_finite() or abs(number.adjusted()) > MAX_DIGITS:
        raise Unreadable(f"{number} is not a number of a usable size")
    plain = f"{number:f}"
    if "." in plain:
        plain = plain.rstrip("0").rstrip(".")
    return "0" if plain in ("-0", "0", "") else plain


@lru_cache(maxsize=_CACHE)
def number_from_text(raw: str) -> Value:
    """From decimal or scientific text; grouping marks are refused, because `1,000` is two numbers."""
    trimmed = raw.strip()
    if not trimmed:
        return None
    if not _NUMBER.match(trimmed):
        raise Unreadable(f"{raw!r} is not a number")
    return decimal_text(Decimal(trimmed))


@lru_cache(maxsize=_CACHE)
def number_from_float(raw: float) -> str:
    """From a JSON number."""
    # repr gives the shortest text that reads back as the same float: 72.1, not 72.0999999...
    return decimal_text(Decimal(repr(raw)))


@lru_cache(maxsize=_CACHE)
def email(raw: str) -> Value:
    """Trimmed and case-folded. The `.invalid` that Salesforce sandboxes append is taken off.

    `.invalid` is reserved and never a real domain (RFC 2606), so nothing is lost.
    """
    folded = raw.strip().casefold()
    if not folded.isascii():
        folded = unicodedata.normalize("NFC", unicodedata.normalize("NFKC", folded).casefold()).strip()
    name, at, domain = folded.rpartition("@")
    shortened = domain.removesuffix(".invalid")
    return (f"{name}{at}{shortened}" if "." in shortened else folded) or None


def boolean(raw: str) -> Value:
    """From `true` or `false` in any case; blank stays blank, which is not false."""
    folded = raw.strip().lower()
    if folded in ("true", "false"):
        return folded
    if folded:
        raise Unreadable(f"{raw!r} is neither true nor false")
    return None


@lru_cache(maxsize=_CACHE)
def day_from_text(raw: str) -> str:
    """From `YYYY-MM-DD`, and a day that the calendar has."""
    try:
        if _DAY.match(raw):
            return date.fromisoformat(raw).isoformat()
    except ValueError:
        pass
    raise Unreadable(f"{raw!r} is not a date like 2026-11-22")


def moment_text(moment: datetime) -> str:
    """The canonical text of an aware datetime, cut to whole milliseconds."""
    try:
        utc = moment.astimezone(UTC)
    except OverflowError:
        raise Unreadable(f"{moment.isoformat()} lies outside the years 1 to 9999") from None
    stamp = utc.isoformat(timespec="milliseconds").removesuffix("+00:00")
    return stamp.removesuffix(".000") + "Z"


@lru_cache(maxsize=_CACHE)
def moment_from_text(raw: str) -> datetime:
    """An aware datetime from ISO 8601; a time without a zone could mean anything and is refused."""
    try:
        moment = datetime.fromisoformat(raw) if "T" in raw else None
    except ValueError:
        moment = None
    if moment is None:
        raise Unreadable(f"{raw!r} is not a time like 2026-11-22T09:30:00Z")
    if moment.tzinfo is None:
        raise Unreadable(f"{raw!r} is a time without a time zone")
    return moment


def key_set(keys: Iterable[str]) -> Value:
    """The text of a set of option keys."""
    return ";".join(sorted(set(keys))) or None


def from_text(field: CanonicalField, raw: str) -> Value:
    """What a person or a file says about a field -> its canonical value.

    For scores that are imported and conflicts that are resolved by hand. Raises Unreadable.
    """
    trimmed = raw.strip()
    if not trimmed:
        return None
    if field.type is FieldType.ENUM:
        return _known(field, trimmed)
    if field.type is FieldType.MULTI_ENUM:
        keys = (key.strip() for key in trimmed.split(";"))
        return key_set(_known(field, key) for key in keys if key)
    return _FROM_TEXT[field.type](trimmed)


_FROM_TEXT: dict[FieldType, Callable[[str], Value]] = {
    FieldType.TEXT: text,
    FieldType.NUMBER: number_from_text,
    FieldType.CURRENCY: number_from_text,
    FieldType.BOOLEAN: boolean,
    FieldType.DATE: day_from_text,
    FieldType.DATETIME: lambda raw: moment_text(moment_from_text(raw)),
    FieldType.USER: email,
}


def _known(field: CanonicalField, key: str) -> str:
    if field.option(key) is None:
        raise Unreadable(unknown_option(key, (option.value for option in field.options)))
    return key


def unknown_option(raw: object, known: Iterable[str]) -> str:
    """The reason that names what would have been understood."""
    return f"{raw!r} is none of the options {', '.join(known)}"
