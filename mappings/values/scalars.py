"""Conversions of text, numbers, booleans and users."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Context, Decimal
from functools import lru_cache

from mappings.definitions import FieldLimits
from mappings.errors import Unreadable, Unwritable
from mappings.fields import CanonicalField, Value
from mappings.systems import NativeField, SystemKind
from mappings.values import canonical
from mappings.values.converter import Directory, Sendable, Writer, not_a

#: HubSpot refuses longer text (HubSpot: properties).
HUBSPOT_TEXT_LENGTH = 65_536


def read_text(raw: object, _users: Directory) -> Value:
    """Anything but text is refused: a text field that answers a number is the wrong field."""
    if raw is None:
        return None
    if isinstance(raw, str):
        return canonical.text(raw)
    raise not_a("text", raw)


def text_writer(native: NativeField, room: FieldLimits) -> Writer:
    """Refuses text that the field would cut."""
    longest = room.length
    if longest is None and native.kind is SystemKind.HUBSPOT:
        longest = HUBSPOT_TEXT_LENGTH

    def write(value: str, _users: Directory) -> Sendable:
        # Both CRMs run on UTF-16 text, where a character outside the first plane counts twice.
        size = len(value) if value.isascii() else len(value.encode("utf-16-le")) // 2
        if longest is not None and size > longest:
            raise Unwritable(f"the text has {size} characters, {native.name} holds {longest}")
        return value

    return write


#: Every whole number up to here has a float of its own; Salesforce keeps numbers as floats.
_EXACT_FLOAT = 2**53

#: Scores repeat: 10,001 of them have two digits after the point.
_CACHE = 1 << 14

#: Room enough that rounding to a scale never loses a digit in front of the point.
_CONTEXT = Context(prec=2 * canonical.MAX_DIGITS, rounding=ROUND_HALF_UP)


def read_number(raw: object, _users: Directory) -> Value:
    """JSON numbers and decimal text alike: `1.0` is `1`, `1.5E7` is `15000000`."""
    if raw is None:
        return None
    if isinstance(raw, str):
        return canonical.number_from_text(raw)
    if isinstance(raw, bool):
        raise not_a("a number", raw)
    if isinstance(raw, float):
        return canonical.number_from_float(raw)
    if isinstance(raw, int | Decimal):
        return canonical.decimal_text(Decimal(raw))
    raise not_a("a number", raw)


def number_writer(field: CanonicalField, native: NativeField, room: FieldLimits) -> Writer:
    """Rounds half up to the scale, then holds the number against precision and bounds."""
    step = Decimal(1).scaleb(-room.scale) if room.scale is not None else None
    ceiling = Decimal(10) ** (room.precision - (room.scale or 0)) if room.precision is not None else None
    as_text = native.kind is SystemKind.HUBSPOT

    @lru_cache(maxsize=_CACHE)
    def spell(value: str) -> Sendable:
        number = _decimal(value)
        if step is not None:
            number = number.quantize(step, context=_CONTEXT)
        if ceiling is not None and abs(number) >= ceiling:
            raise Unwritable(f"{value} has more digits than {native.name} holds")
        if field.minimum is not None and number < field.minimum:
            raise Unwritable(f"{value} is below the least allowed value, {field.minimum}")
        if field.maximum is not None and number > field.maximum:
            raise Unwritable(f"{value} is above the greatest allowed value, {field.maximum}")
        if as_text:
            return canonical.decimal_text(number)
        if number == number.to_integral_value() and abs(number) <= _EXACT_FLOAT:
            return int(number)
        return float(number)

    def write(value: str, _users: Directory) -> Sendable:
        return spell(value)

    return write


def _decimal(value: str) -> Decimal:
    try:
        text = canonical.number_from_text(value)
    except Unreadable as error:
        raise Unwritable(error.reason) from None
    if text is None:
        raise Unwritable(f"{value!r} is not a number")
    return Decimal(text)


def read_boolean(raw: object, _users: Directory) -> Value:
    """Three states: null is blank, not false."""
    if raw is True:
        return "true"
    if raw is False:
        return "false"
    if raw is None:
        return None
    if isinstance(raw, str):
        return canonical.boolean(raw)
    raise not_a("true or false", raw)


def boolean_writer(native: NativeField) -> Writer:
    """JSON booleans for Salesforce, words for HubSpot."""
    spelled: dict[str, Sendable] = (
        {"true": "true", "false": "false"}
        if native.kind is SystemKind.HUBSPOT
        else {"true": True, "false": False}
    )

    def write(value: str, _users: Directory) -> Sendable:
        try:
            return spelled[value]
        except KeyError:
            raise Unwritable(f"{value!r} is neither true nor false") from None

    return write


def read_user(raw: object, users: Directory) -> Value:
    """A native id to an e-mail."""
    if raw is None or raw == "":
        return None
    if not isinstance(raw, str):
        raise not_a("a user's id", raw)
    address = users.email_of(raw)
    address = canonical.email(address) if address is not None else None
    if address is None:
        raise Unreadable(f"{raw} is no user with an e-mail that Tandem can see")
    return address


def write_user(value: str, users: Directory) -> Sendable:
    """An e-mail to the id of its one active user."""
    native_id = users.id_of(value)
    if native_id is None:
        raise Unwritable(users.why_nobody(value))
    return native_id
