"""One property value: checked against its definition and brought into the text that HubSpot keeps."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from emulator.hubspot.data.definitions import Definition
from emulator.hubspot.data.stamps import instant, read_day, read_moment, to_ms
from emulator.hubspot.errors import BadValue

MAX_TEXT = 65_536


def text_of(raw: Any) -> str:
    """The text of a JSON value: HubSpot takes numbers and booleans where it keeps text."""
    if isinstance(raw, bool):
        return "true" if raw else "false"
    return str(raw)


def kept_text(
    definition: Definition, raw: Any, *, present: str | None, options: Sequence[str] | None = None
) -> str | BadValue:
    """The text to keep for `raw`, or why it is refused. An empty text clears.

    `present` is the value that stands (a leading semicolon appends to it); `options` are the values of a property
    whose options live elsewhere. Option values are case-sensitive. Only string properties may carry spaces at their
    ends (HubSpot changelog, April 2025).
    """
    text = text_of(raw)
    if text == "":
        return ""
    match definition.type:
        case "bool":
            return _one_of(definition, text, ["true", "false"])
        case "enumeration":
            allowed = list(options) if options is not None else definition.values
            if definition.multiple:
                return _several_of(definition, text, allowed, present)
            return _one_of(definition, text, allowed)
        case _:
            return _plain(definition, text)


def _plain(definition: Definition, text: str) -> str | BadValue:
    """A value without options."""
    code, problem = "INVALID_LONG", f"{text} was not a valid long."
    try:
        match definition.type:
            case "string" | "phone_number":
                code = "PROPERTY_VALUE_TOO_LONG"
                problem = f"Property value is too long: {len(text)} characters, at most {MAX_TEXT}."
                kept = text if len(text) <= MAX_TEXT else None
            case "number":
                code, problem = "INVALID_INTEGER", f"{text} was not a valid number."
                kept = text if _is_number(text) else None
            case "date":
                code, problem = "INVALID_DATE", f"{text} was not a valid date."
                kept = read_day(text).isoformat()
            case _:
                kept = instant(read_moment(text))
    except ValueError:
        kept = None
    return kept if kept is not None else _bad(definition, code, problem)


def _bad(definition: Definition, code: str, message: str) -> BadValue:
    return BadValue(name=definition.name, code=code, message=message)


def _is_number(text: str) -> bool:
    if text != text.strip() or "_" in text:
        return False
    try:
        return Decimal(text).is_finite()
    except InvalidOperation:
        return False


def _one_of(definition: Definition, text: str, allowed: Sequence[str]) -> str | BadValue:
    if text in allowed:
        return text
    listed = ", ".join(allowed)
    return _bad(definition, "INVALID_OPTION", f"{text} was not one of the allowed options: [{listed}]")


def _several_of(
    definition: Definition, text: str, allowed: Sequence[str], present: str | None
) -> str | BadValue:
    wanted = [part for part in text.split(";") if part]
    for part in wanted:
        checked = _one_of(definition, part, allowed)
        if isinstance(checked, BadValue):
            return checked
    if text.startswith(";") and present:
        wanted = [*present.split(";"), *wanted]
    return ";".join(dict.fromkeys(wanted))


def comparable(kind: str, text: str) -> str | Decimal | int | date | None:
    """A value as search compares it: numbers as numbers, moments in milliseconds, text in lower case.

    None when the text cannot be read as the kind.
    """
    try:
        match kind:
            case "number":
                return Decimal(text)
            case "datetime":
                return to_ms(read_moment(text))
            case "date":
                return read_moment(text).date()
            case "enumeration" | "bool":
                return text
            case _:
                return text.lower()
    except (ValueError, InvalidOperation):
        return None
