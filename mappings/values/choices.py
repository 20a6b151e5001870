"""Conversions of enums and multi-enums: option keys <-> the values that a System calls them by."""

from __future__ import annotations

from mappings.errors import Unreadable, Unwritable
from mappings.fields import Value
from mappings.systems import NativeField
from mappings.values import canonical
from mappings.values.converter import Directory, Reader, Sendable, Writer, not_a


def enum_reader(native: NativeField) -> Reader:
    """A value outside the options is refused, never guessed at. One that differs from them in capitals alone is none
    outside: neither CRM tells the two apart where it counts or filters a text."""
    meaning = _meaning(native)
    folded = _folded(meaning)

    def read(raw: object, _users: Directory) -> Value:
        if raw is None or raw == "":
            return None
        if not isinstance(raw, str):
            raise not_a("an option", raw)
        known = meaning.get(raw)
        if known is None:
            trimmed = raw.strip()
            known = meaning.get(trimmed) or folded.get(trimmed.casefold())
            if known is None and trimmed:
                raise Unreadable(canonical.unknown_option(raw, native.values.values()))
        return known

    return read


def enum_writer(native: NativeField) -> Writer:
    """Refuses an option that this System has no value for."""

    def write(value: str, _users: Directory) -> Sendable:
        try:
            return native.values[value]
        except KeyError:
            raise _no_option(native, value) from None

    return write


def multi_enum_reader(native: NativeField) -> Reader:
    """A set: order, repeats and stray separators mean nothing."""
    meaning = _meaning(native)

    def read(raw: object, _users: Directory) -> Value:
        if raw is None:
            return None
        if not isinstance(raw, str):
            raise not_a("a list of options", raw)
        spelled = [member for part in raw.split(";") if (member := part.strip())]
        unknown = [member for member in spelled if member not in meaning]
        if unknown:
            raise Unreadable(canonical.unknown_option(";".join(unknown), native.values.values()))
        return canonical.key_set(meaning[member] for member in spelled)

    return read


def multi_enum_writer(native: NativeField) -> Writer:
    """Joined with `;` and never led by one, which in HubSpot would append."""

    def write(value: str, _users: Directory) -> Sendable:
        keys = [key for key in value.split(";") if key]
        missing = [key for key in keys if key not in native.values]
        if missing:
            raise _no_option(native, ";".join(missing))
        return ";".join(dict.fromkeys(native.values[key] for key in keys))

    return write


def _meaning(native: NativeField) -> dict[str, str]:
    """The System's value -> the option that it means."""
    return {**native.read_as, **{spelled: key for key, spelled in native.values.items()}}


def _folded(meaning: dict[str, str]) -> dict[str, str]:
    """The same whatever the capitals, but for values that nothing else tells apart."""
    found: dict[str, set[str]] = {}
    for spelled, key in meaning.items():
        found.setdefault(spelled.casefold(), set()).add(key)
    return {spelled: next(iter(keys)) for spelled, keys in found.items() if len(keys) == 1}


def _no_option(native: NativeField, value: str) -> Unwritable:
    return Unwritable(f"{value!r} has no option in {native.name}")
