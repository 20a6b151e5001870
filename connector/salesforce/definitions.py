"""Field definitions: describe's words and the Tooling API's bodies, to and from the seam's. Pure.

Sources: Salesforce Tooling API, "CustomField"; Metadata API, "CustomField" and "CustomValue".
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

from connector.base import FieldDefinition, FieldKind, OptionDefinition

#: Describe's type -> our kind, and the name that administrators know it by.
_KINDS: Mapping[str, tuple[FieldKind, str]] = {
    "string": (FieldKind.TEXT, "Text"),
    "textarea": (FieldKind.TEXT, "LongTextArea"),
    "email": (FieldKind.TEXT, "Email"),
    "phone": (FieldKind.TEXT, "Phone"),
    "url": (FieldKind.TEXT, "Url"),
    "double": (FieldKind.NUMBER, "Number"),
    "int": (FieldKind.NUMBER, "Number"),
    "long": (FieldKind.NUMBER, "Number"),
    "percent": (FieldKind.NUMBER, "Percent"),
    "currency": (FieldKind.CURRENCY, "Currency"),
    "boolean": (FieldKind.BOOLEAN, "Checkbox"),
    "picklist": (FieldKind.ENUM, "Picklist"),
    "multipicklist": (FieldKind.MULTI_ENUM, "MultiselectPicklist"),
    "date": (FieldKind.DATE, "Date"),
    "datetime": (FieldKind.DATETIME, "DateTime"),
}
#: Characters beyond which a text must be a long text area.
_TEXT_LIMIT = 255
#: Keys of a value set that are read back empty, and are refused beside ``valueSetDefinition`` when written.
_EMPTY_SIBLINGS = ("valueSetName", "valueSettings", "controllingField")
_PICKLISTS = (FieldKind.ENUM, FieldKind.MULTI_ENUM)
_NUMBERS = (FieldKind.NUMBER, FieldKind.CURRENCY)
_DATES = {FieldKind.DATE: "Date", FieldKind.DATETIME: "DateTime"}


class UnmadeError(ValueError):
    """A definition that cannot be made in Salesforce; the text says why and what to do."""


def definition_from(field: Mapping[str, Any], managed: frozenset[str] = frozenset()) -> FieldDefinition:
    """A field of a describe answer. ``managed``: names of fields that belong to installed packages."""
    type_ = field["type"]
    kind, native = _KINDS.get(type_, (FieldKind.OTHER, type_))
    if type_ == "reference":
        to = field.get("referenceTo") or []
        kind, native = (FieldKind.USER if to == ["User"] else FieldKind.OTHER), f"Lookup({', '.join(to)})"
    elif type_ == "textarea" and field.get("htmlFormatted"):
        kind, native = FieldKind.OTHER, "Html"
    elif type_ == "textarea" and (field.get("length") or 0) <= _TEXT_LIMIT:
        native = "TextArea"
    calculated = bool(field.get("calculated"))
    whole = type_ in {"int", "long"}
    return FieldDefinition(
        name=field["name"],
        label=field["label"],
        kind=kind,
        help=field.get("inlineHelpText") or None,
        length=field.get("length") or None if kind is FieldKind.TEXT else None,
        precision=(field.get("digits") if whole else field.get("precision")) if kind in _NUMBERS else None,
        scale=(0 if whole else field.get("scale")) if kind in _NUMBERS else None,
        unique=bool(field.get("unique")),
        external_id=bool(field.get("externalId")),
        restricted=bool(field.get("restrictedPicklist")),
        options=tuple(
            OptionDefinition(
                value=option["value"],
                label=option["label"] or option["value"],
                order=order,
                active=option["active"],
            )
            for order, option in enumerate(field.get("picklistValues") or ())
        )
        if kind in _PICKLISTS
        else (),
        native_type=f"Formula({native})" if calculated else native,
        custom=bool(field.get("custom")),
        writable=bool(field.get("updateable")) and not calculated,
        external_options=kind is FieldKind.USER,
        managed=field["name"] in managed,
    )


def metadata_of(definition: FieldDefinition) -> dict[str, Any]:
    """The Tooling API's ``Metadata`` of a field that is to be made. ``UnmadeError`` where it cannot be."""
    kind = definition.kind
    if kind is FieldKind.TEXT:
        typed = _text(definition)
    elif kind is FieldKind.BOOLEAN:
        # Salesforce refuses `required` on a checkbox, and asks for a default.
        typed = {"type": "Checkbox", "defaultValue": "false"}
    elif kind in _NUMBERS:
        typed = _number(definition)
    elif kind in _PICKLISTS:
        typed = _picklist(definition)
    elif kind in _DATES:
        typed = {"type": _DATES[kind], "required": False}
    else:
        raise UnmadeError(
            f"{definition.name}: a field of kind {kind.value} cannot be made over the API; "
            "make it in Salesforce's Object Manager"
        )
    return {
        "label": definition.label,
        **({"inlineHelpText": definition.help} if definition.help else {}),
        **typed,
    }


def _text(definition: FieldDefinition) -> dict[str, Any]:
    length = definition.length or _TEXT_LIMIT
    if length <= _TEXT_LIMIT:
        sensitive = {"caseSensitive": False} if definition.unique else {}
        return {"type": "Text", "length": length, **_uniqueness(definition), **sensitive}
    if definition.unique or definition.external_id:
        raise UnmadeError(
            f"{definition.name}: a text that is unique or an external id has at most 255 characters"
        )
    return {"type": "LongTextArea", "length": length, "visibleLines": 3}


def _number(definition: FieldDefinition) -> dict[str, Any]:
    money = definition.kind is FieldKind.CURRENCY
    return {
        "type": "Currency" if money else "Number",
        "precision": definition.precision or 18,
        "scale": definition.scale if definition.scale is not None else 2,
        **({"required": False} if money else _uniqueness(definition)),
    }


def _picklist(definition: FieldDefinition) -> dict[str, Any]:
    several = definition.kind is FieldKind.MULTI_ENUM
    values = [
        {"fullName": option.value, "label": option.label, "default": False}
        for option in _in_order(definition)
        if option.active
    ]
    return {
        "type": "MultiselectPicklist" if several else "Picklist",
        "required": False,
        "valueSet": {
            "restricted": definition.restricted,
            "valueSetDefinition": {"sorted": False, "value": values},
        },
        **({"visibleLines": 4} if several else {}),
    }


def same_form(metadata: Mapping[str, Any], definition: FieldDefinition) -> list[str]:
    """Differences that no update mends between a field that exists and the one wanted; empty where it will do."""
    wanted = metadata_of(definition)
    found = []
    if metadata.get("type") != wanted["type"]:
        found.append(f"it is a {metadata.get('type')}, not a {wanted['type']}")
    found += [
        f"its {name} is {metadata[name]}, less than {wanted[name]}"
        for name in ("length", "precision", "scale")
        if name in wanted and name in metadata and (metadata[name] or 0) < wanted[name]
    ]
    found += [
        f"it is not {words}"
        for name, words in (("unique", "unique"), ("externalId", "an external id"))
        if wanted.get(name) and not metadata.get(name)
    ]
    return found


def merged(metadata: Mapping[str, Any], definition: FieldDefinition) -> dict[str, Any] | None:
    """A field's ``Metadata`` with our label, help, options and (if more) length; None where nothing would change.

    A value left out would be deactivated in every record's picklist (Salesforce: Metadata API, "CustomValue"),
    so all that are there stay, ours first. Only a value that ``definition`` names as inactive is deactivated, and an
    open picklist is not closed.
    """
    before = _without_nulls(metadata)
    for name in _EMPTY_SIBLINGS:
        if not before.get("valueSet", {name: True}).get(name):
            before["valueSet"].pop(name, None)
    after = copy.deepcopy(before)
    after["label"] = definition.label
    if definition.help:
        after["inlineHelpText"] = definition.help
    if before.get("type") == "Text" and definition.length is not None:
        after["length"] = min(max(definition.length, before.get("length") or 0), _TEXT_LIMIT)
    if definition.kind is FieldKind.TEXT and definition.length and "length" in after:
        after["length"] = _widened(after, definition.name, definition.length)
    if definition.kind in _PICKLISTS:
        value_set = after.setdefault("valueSet", {})
        if value_set.get("valueSetName"):
            known = (
                f"{definition.name} takes its values from the global value set {value_set['valueSetName']}"
            )
            raise UnmadeError(f"{known}; add them there, in Setup, Picklist Value Sets")
        held = value_set.setdefault("valueSetDefinition", {"sorted": False}).get("value") or []
        value_set["valueSetDefinition"]["value"] = _merged_values(held, definition)
    return None if after == before else after


def _widened(metadata: Mapping[str, Any], name: str, wanted: int) -> int:
    if wanted > _TEXT_LIMIT and metadata["length"] < wanted and metadata.get("type") == "Text":
        raise UnmadeError(
            f"{name} holds at most 255 characters as a Text; change its type to Long Text Area in Object Manager"
        )
    return max(int(metadata["length"]), wanted)


def _merged_values(held: list[dict[str, Any]], definition: FieldDefinition) -> list[dict[str, Any]]:
    there = {_value_name(value): value for value in held}
    ours = []
    for option in _in_order(definition):
        if not option.active and option.value not in there:
            continue
        value = dict(there.get(option.value) or {"valueName": option.value, "default": False})
        value["label"] = option.label
        if option.description:
            value["description"] = option.description
        if option.active and value.get("isActive") is False:
            value["isActive"] = True
        if not option.active:
            value["isActive"] = False
        ours.append(value)
    names = {_value_name(value) for value in ours}
    return [*ours, *(value for value in held if _value_name(value) not in names)]


def _value_name(value: Mapping[str, Any]) -> str:
    # The Tooling API reads `valueName` where it writes `fullName`.
    return str(value.get("valueName") or value.get("fullName"))


def _in_order(definition: FieldDefinition) -> list[OptionDefinition]:
    return sorted(definition.options, key=lambda option: option.order)


def _uniqueness(definition: FieldDefinition) -> dict[str, Any]:
    return {"required": False, "unique": definition.unique, "externalId": definition.external_id}


def _without_nulls(value: Any) -> Any:
    """Without the keys that stand for nothing: written back, some of them (``valueSetName``) are refused."""
    if isinstance(value, dict | Mapping):
        return {name: _without_nulls(part) for name, part in value.items() if part is not None}
    if isinstance(value, list):
        return [_without_nulls(part) for part in value]
    return value
