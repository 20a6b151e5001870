"""A custom field's ``Metadata`` as it is read back, and what is written over it. Pure.

Sources: Salesforce Tooling API, "CustomField"; Metadata API, "CustomField" and "CustomValue".
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

from connector.base import FieldDefinition, FieldKind, OptionDefinition
from connector.salesforce.metadata.field_bodies import (
    AUTO_NUMBER,
    NUMBERS,
    PICKLISTS,
    TEXT_LIMIT,
    UnmadeError,
    in_order,
    metadata_of,
)

#: Keys of a value set that are read back empty, and are refused beside ``valueSetDefinition`` when written.
_EMPTY_SIBLINGS = ("valueSetName", "valueSettings", "controllingField")
#: Digits of a number, all together.
_MOST_DIGITS = 18


_KINDS: Mapping[str, FieldKind] = {
    **dict.fromkeys(
        ("Text", "TextArea", "LongTextArea", "Email", "Phone", "Url", AUTO_NUMBER), FieldKind.TEXT
    ),
    **dict.fromkeys(("Number", "Percent"), FieldKind.NUMBER),
    "Currency": FieldKind.CURRENCY,
    "Checkbox": FieldKind.BOOLEAN,
    "Picklist": FieldKind.ENUM,
    "MultiselectPicklist": FieldKind.MULTI_ENUM,
    "Date": FieldKind.DATE,
    "DateTime": FieldKind.DATETIME,
}


def definition_from_metadata(name: str, metadata: Mapping[str, Any]) -> FieldDefinition:
    """A custom field as the Tooling API shows it, also where describe does not."""
    value_set = metadata.get("valueSet") or {}
    values = (value_set.get("valueSetDefinition") or {}).get("value") or []
    type_ = str(metadata.get("type"))
    chosen = [_value_name(value) for value in values if value.get("default")]
    ticked = type_ == "Checkbox" and str(metadata.get("defaultValue")).lower() == "true"
    person = type_ == "Lookup" and metadata.get("referenceTo") == "User"
    return FieldDefinition(
        name=name,
        label=metadata.get("label") or name,
        kind=FieldKind.USER if person else _KINDS.get(type_, FieldKind.OTHER),
        help=metadata.get("inlineHelpText") or None,
        length=metadata.get("length"),
        precision=metadata.get("precision"),
        scale=metadata.get("scale"),
        unique=metadata.get("unique") is True,
        external_id=metadata.get("externalId") is True,
        restricted=value_set.get("restricted") is True,
        options=tuple(
            OptionDefinition(
                value=_value_name(value),
                label=value.get("label") or _value_name(value),
                order=order,
                active=value.get("isActive") is not False,
                description=value.get("description") or None,
            )
            for order, value in enumerate(values)
        ),
        native_type=_native_type(type_, metadata),
        external_options=person,
        writable=not metadata.get("formula") and type_ != AUTO_NUMBER,
        required=metadata.get("required") is True,
        # A required field shows to everybody (Salesforce Help, "Field-Level Security").
        permissionable=metadata.get("required") is not True,
        source=metadata,
        default="true" if ticked else (chosen[0] if chosen else None),
        tracked=metadata.get("trackHistory") is True,
        value_set=value_set.get("valueSetName") or None,
    )


def _native_type(type_: str, metadata: Mapping[str, Any]) -> str:
    if metadata.get("formula"):
        return f"Formula({type_})"
    return f"{type_}({metadata['referenceTo']})" if metadata.get("referenceTo") else type_


def same_form(metadata: Mapping[str, Any], definition: FieldDefinition) -> list[str]:
    """Differences that no update fixes between a field that exists and the one wanted; empty where it will do."""
    wanted = metadata_of(definition)
    found = []
    if metadata.get("type") != wanted["type"]:
        found.append(f"it is a {metadata.get('type')}, not a {wanted['type']}")
    if metadata.get("referenceTo") != wanted.get("referenceTo"):
        found.append(f"it points to {metadata.get('referenceTo')}, not to {wanted.get('referenceTo')}")
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


def merged(
    metadata: Mapping[str, Any], definition: FieldDefinition, *, narrow: bool = False
) -> dict[str, Any] | None:
    """A field's ``Metadata`` with our label, help, default, options, tracking and (if more) room; None where nothing
    would change.

    A value left out would be deactivated in every record's picklist (Salesforce: Metadata API, "CustomValue"),
    so all that are there stay, ours first. Only a value that ``definition`` names as inactive is deactivated.
    ``narrow``: make it as small as ``definition`` has it, close an open picklist where ``definition`` is restricted,
    and end to track it where ``definition`` says so.
    """
    before = without_nulls(metadata)
    after = copy.deepcopy(before)
    after["label"] = definition.label
    if definition.help:
        after["inlineHelpText"] = definition.help
    if definition.tracked or (narrow and definition.tracked is False):
        after["trackHistory"] = definition.tracked
    if definition.kind is FieldKind.BOOLEAN and before.get("type") == "Checkbox":
        after["defaultValue"] = definition.default or "false"
    if definition.kind is FieldKind.TEXT and definition.length and "length" in after:
        after["length"] = _length(after, definition.name, definition.length, narrow=narrow)
    if definition.kind in NUMBERS and definition.precision is not None and "precision" in after:
        after |= _digits(after, definition, narrow=narrow)
    if definition.kind in PICKLISTS and definition.options:
        value_set = after.setdefault("valueSet", {})
        if value_set.get("valueSetName"):
            known = (
                f"{definition.name} takes its values from the global value set {value_set['valueSetName']}"
            )
            raise UnmadeError(f"{known}; add them there, in Setup, Picklist Value Sets")
        held = value_set.setdefault("valueSetDefinition", {"sorted": False}).get("value") or []
        value_set["valueSetDefinition"]["value"] = _merged_values(held, definition)
        labels = [option.label.casefold() for option in in_order(definition)]
        if labels != sorted(labels):
            # Sorted by label, the values would not stand in the order that is wanted.
            value_set["valueSetDefinition"]["sorted"] = False
        if narrow and definition.restricted:
            value_set["restricted"] = True
    return None if after == before else after


def _length(metadata: Mapping[str, Any], name: str, wanted: int, *, narrow: bool) -> int:
    held = int(metadata["length"])
    if wanted > TEXT_LIMIT and held < wanted and metadata.get("type") == "Text":
        raise UnmadeError(
            f"{name} holds at most 255 characters as a Text; change its type to Long Text Area in Object Manager"
        )
    return wanted if narrow else max(held, wanted)


def _digits(metadata: Mapping[str, Any], definition: FieldDefinition, *, narrow: bool) -> dict[str, int]:
    scale = definition.scale or 0
    precision = definition.precision or _MOST_DIGITS
    if narrow:
        return {"precision": precision, "scale": scale}
    held, places = int(metadata["precision"]), int(metadata.get("scale") or 0)
    after = max(scale, places)
    before = max(precision - scale, held - places)
    if before + after > _MOST_DIGITS:
        raise UnmadeError(
            f"{definition.name} would need {before} digits before the point and {after} after it; Salesforce takes "
            f"{_MOST_DIGITS} in all"
        )
    return {"precision": before + after, "scale": after}


def _merged_values(held: list[dict[str, Any]], definition: FieldDefinition) -> list[dict[str, Any]]:
    there = {_value_name(value): value for value in held}
    ours = []
    for option in in_order(definition):
        if not option.active and option.value not in there:
            continue
        value = dict(there.get(option.value) or {"valueName": option.value, "default": False})
        value["label"] = option.label
        value["default"] = option.value == definition.default
        if option.description:
            value["description"] = option.description
        if option.active and value.get("isActive") is False:
            value["isActive"] = True
        if not option.active:
            value["isActive"] = False
        ours.append(value)
    names = {_value_name(value) for value in ours}
    others = [
        {**value, "default": _value_name(value) == definition.default}
        for value in held
        if _value_name(value) not in names
    ]
    return [*ours, *others]


def _value_name(value: Mapping[str, Any]) -> str:
    # The Tooling API reads `valueName` where it writes `fullName`.
    return str(value.get("valueName") or value.get("fullName"))


def without_nulls(metadata: Mapping[str, Any]) -> dict[str, Any]:
    """Without the keys that stand for nothing: written back, some of them (``valueSetName``) are refused."""
    found: dict[str, Any] = _told(metadata)
    for name in _EMPTY_SIBLINGS:
        if not found.get("valueSet", {name: True}).get(name):
            found["valueSet"].pop(name, None)
    return found


def _told(value: Any) -> Any:
    if isinstance(value, dict | Mapping):
        return {name: _told(part) for name, part in value.items() if part is not None}
    if isinstance(value, list):
        return [_told(part) for part in value]
    return value
