"""One value, two ways: a System's raw value <-> its canonical text, and what the System will hold.

Raw values are what the CRM's JSON carries.

- Salesforce: booleans, numbers, null, `a;b` for multi-select picklists, `YYYY-MM-DD`,
  `2024-09-10T13:12:38.000+0000`.
- HubSpot: text for everything; null is unset, `""` clears; a datetime is ISO text or epoch
  milliseconds, a date `YYYY-MM-DD` or epoch milliseconds at midnight UTC (HubSpot: properties).
  A multi-select that starts with `;` would append instead of replace, so none is ever made.
"""

from __future__ import annotations

from collections.abc import Callable

from mappings.definitions import limits
from mappings.errors import Unwritable
from mappings.fields import CanonicalField, FieldType, Value
from mappings.systems import NativeField, SystemKind
from mappings.values import choices, scalars, times
from mappings.values.converter import Converter, Directory, Reader, Sendable, Writer

__all__ = ["Converter", "Directory", "converter", "holds", "to_canonical", "to_native"]


def to_canonical(field: CanonicalField, native: NativeField, raw: object, users: Directory) -> Value:
    """A System's raw value -> canonical. Raises Unreadable. For many records use a Translator."""
    return converter(field, native).read(raw, users)


def to_native(field: CanonicalField, native: NativeField, value: Value, users: Directory) -> Sendable:
    """A canonical value -> what to send. Raises Unwritable. For many records use a Translator."""
    return converter(field, native).write(value, users)


def holds(field: CanonicalField, native: NativeField, value: Value) -> Value:
    """What the System will show once `value` is written: rounded, cut to seconds, or `false`.

    The engine remembers this as Observed, so that a spelling which the System cannot hold
    exactly never looks like somebody's edit.
    """
    return converter(field, native).holds(value)


def converter(field: CanonicalField, native: NativeField) -> Converter:
    """Compile the conversions of one field; options and limits are looked up once, here."""
    read = _READERS[field.type](field, native)
    write = _WRITERS[field.type](field, native)
    blank = _blank(field, native)

    def write_or_clear(value: Value, users: Directory) -> Sendable:
        if value is not None:
            return write(value, users)
        if native.required:
            raise Unwritable(f"{native.name} cannot be blank in this System")
        return blank

    return Converter(read=read, write=write_or_clear)


def _blank(field: CanonicalField, native: NativeField) -> Sendable:
    if native.kind is SystemKind.HUBSPOT:
        return ""
    # A Salesforce checkbox knows no null; an unchecked box is the nearest that it can show.
    return False if field.type is FieldType.BOOLEAN and not native.values else None


_READERS: dict[FieldType, Callable[[CanonicalField, NativeField], Reader]] = {
    FieldType.TEXT: lambda _field, _native: scalars.read_text,
    FieldType.NUMBER: lambda _field, _native: scalars.read_number,
    FieldType.CURRENCY: lambda _field, _native: scalars.read_number,
    # A yes or no that a System spells out is kept there as a choice of values.
    FieldType.BOOLEAN: lambda _field, native: (
        choices.enum_reader(native) if native.values else scalars.read_boolean
    ),
    FieldType.USER: lambda _field, _native: scalars.read_user,
    FieldType.ENUM: lambda _field, native: choices.enum_reader(native),
    FieldType.MULTI_ENUM: lambda _field, native: choices.multi_enum_reader(native),
    FieldType.DATE: lambda _field, native: times.date_reader(native),
    FieldType.DATETIME: lambda _field, native: times.moment_reader(native),
}

_WRITERS: dict[FieldType, Callable[[CanonicalField, NativeField], Writer]] = {
    FieldType.TEXT: lambda field, native: scalars.text_writer(native, limits(field, native)),
    FieldType.NUMBER: lambda field, native: scalars.number_writer(field, native, limits(field, native)),
    FieldType.CURRENCY: lambda field, native: scalars.number_writer(field, native, limits(field, native)),
    FieldType.BOOLEAN: lambda _field, native: (
        choices.enum_writer(native) if native.values else scalars.boolean_writer(native)
    ),
    FieldType.USER: lambda _field, _native: scalars.write_user,
    FieldType.ENUM: lambda _field, native: choices.enum_writer(native),
    FieldType.MULTI_ENUM: lambda _field, native: choices.multi_enum_writer(native),
    FieldType.DATE: lambda _field, native: times.date_writer(native),
    FieldType.DATETIME: lambda _field, native: times.moment_writer(native),
}
