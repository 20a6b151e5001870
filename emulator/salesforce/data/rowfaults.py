"""Faults that hit rows of a write through the normal row-error path."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from emulator.kit.faults import Options
from emulator.salesforce.data.input_rows import not_writable
from emulator.salesforce.data.rules import duplicates_detected, lock_problem
from emulator.salesforce.errors import IS_DELETED, Problem
from emulator.salesforce.parts import Caller
from emulator.salesforce.schema.model import SObject

Make = Callable[[str, SObject, Options, str], Problem]
_NAMELESS_TWIN = "5e00000000000zz"


def _field(options: Options, fallback: str = "Name") -> str:
    return str(options.get("field") or fallback)


def _label(object_: SObject, name: str) -> str:
    field = object_.field(name)
    return field.label if field is not None else name


def _locked(record_id: str, _object: SObject, _options: Options, _path: str) -> Problem:
    return lock_problem([record_id] if record_id else [])


def _duplicate(*, allow_save: bool) -> Make:
    def make(record_id: str, object_: SObject, options: Options, path: str) -> Problem:
        del record_id
        twin = str(options.get("twin") or f"{object_.prefix}{_NAMELESS_TWIN[:12]}AAA")
        return duplicates_detected(
            object_.name,
            [twin],
            rule=f"Standard_{object_.name}_Duplicate_Rule",
            allow_save=allow_save,
            path=path,
            message=options.get("message"),
        )

    return make


def _duplicate_value(record_id: str, object_: SObject, options: Options, _path: str) -> Problem:
    del record_id
    field = _field(options, "Ext__c")
    holder = str(options.get("twin") or f"{object_.prefix}{_NAMELESS_TWIN[:12]}")[:15]
    message = f"duplicate value found: {field} duplicates value on record with id: {holder}"
    return Problem(code="DUPLICATE_VALUE", message=message)


def _validation(_id: str, _object: SObject, options: Options, _path: str) -> Problem:
    message = str(options.get("message") or "Bitte erst den Vertrag prüfen lassen.")
    fields = (str(options["field"]),) if options.get("field") else ()
    return Problem(code="FIELD_CUSTOM_VALIDATION_EXCEPTION", message=message, fields=fields)


def _not_writable(_id: str, object_: SObject, options: Options, _path: str) -> Problem:
    del object_
    named = options.get("fields") or [_field(options)]
    return not_writable([str(name) for name in named])


def _picklist(_id: str, object_: SObject, options: Options, _path: str) -> Problem:
    field = _field(options, "Rating")
    value = options.get("value", "unknown")
    message = f"{_label(object_, field)}: bad value for restricted picklist field: {value}"
    return Problem(code="INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", message=message, fields=(field,))


def _too_long(_id: str, object_: SObject, options: Options, _path: str) -> Problem:
    field = _field(options)
    info = object_.field(field)
    length = (info.length if info is not None else 0) or 255
    message = f"{_label(object_, field)}: data value too large: {options.get('value', 'x' * 12)} (max length={length})"
    return Problem(code="STRING_TOO_LONG", message=message, fields=(field,))


def _reference(_id: str, object_: SObject, options: Options, _path: str) -> Problem:
    del object_
    return Problem(
        code="INVALID_CROSS_REFERENCE_KEY",
        message=str(options.get("message") or "invalid cross reference id"),
    )


def _inactive(_id: str, object_: SObject, options: Options, _path: str) -> Problem:
    owner = str(options.get("owner") or "0055e000000000zAAA")
    message = f"operation performed with inactive user [{owner}] as owner of [{object_.name.lower()}]"
    return Problem(code="INACTIVE_OWNER_OR_USER", message=str(options.get("message") or message))


def _deleted(_id: str, _object: SObject, _options: Options, _path: str) -> Problem:
    return IS_DELETED


#: fault id -> what hits the row
ROW_FAULTS: Mapping[str, Make] = {
    "F24": _deleted,
    "F33": _locked,
    "F34": _duplicate(allow_save=True),
    "F35": _duplicate(allow_save=False),
    "F36": _duplicate_value,
    "F37": _validation,
    "F38": _not_writable,
    "F39": _picklist,
    "F40": _too_long,
    "F41": _reference,
    "F42": _inactive,
}


def row_faults(caller: Caller, names: Sequence[str], objects: Sequence[SObject]) -> dict[int, Problem]:
    """Return which rows of this write fail, and with what; ``names`` are the rows' ids or keys."""
    hit: dict[int, Problem] = {}
    for fault_id, make in ROW_FAULTS.items():
        options: Mapping[str, Any] | None = caller.taken.options(fault_id)
        if options is None or (fault_id == "F34" and caller.allow_save):
            continue
        for place in sorted(caller.taken.rows(fault_id, names)):
            hit.setdefault(place, make(names[place], objects[place], options, caller.base))
    return hit
