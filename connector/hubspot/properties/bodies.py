"""Property definitions, as HubSpot's JSON spells them. Pure.

Kinds (HubSpot: properties): ``type`` says what is stored, ``fieldType`` how it is shown; they must fit.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from connector.base import FieldDefinition, FieldKind, OptionDefinition
from connector.errors import Rejected

#: The group that holds what Tandem creates, where a definition names none.
GROUP = "tandem"
GROUP_LABEL = "Tandem"

_SPELLED: Mapping[FieldKind, tuple[str, str]] = {
    FieldKind.TEXT: ("string", "text"),
    FieldKind.NUMBER: ("number", "number"),
    FieldKind.CURRENCY: ("number", "number"),
    FieldKind.BOOLEAN: ("bool", "booleancheckbox"),
    FieldKind.ENUM: ("enumeration", "select"),
    FieldKind.MULTI_ENUM: ("enumeration", "checkbox"),
    FieldKind.DATE: ("date", "date"),
    FieldKind.DATETIME: ("datetime", "date"),
    FieldKind.USER: ("enumeration", "select"),
}
#: By type and fieldType; an empty fieldType stands for all others of the type.
_KINDS: Mapping[tuple[str, str], FieldKind] = {
    ("bool", ""): FieldKind.BOOLEAN,
    # HubSpot's own older yes-or-no properties are stored so.
    ("enumeration", "booleancheckbox"): FieldKind.BOOLEAN,
    ("enumeration", "checkbox"): FieldKind.MULTI_ENUM,
    ("enumeration", ""): FieldKind.ENUM,
    ("number", ""): FieldKind.NUMBER,
    ("string", "html"): FieldKind.OTHER,
    ("string", "file"): FieldKind.OTHER,
    ("string", ""): FieldKind.TEXT,
    ("phone_number", ""): FieldKind.TEXT,
    ("date", ""): FieldKind.DATE,
    ("datetime", ""): FieldKind.DATETIME,
}
#: Its options are the stages of the portal's lifecycle, which are set in Settings, Objects, and not as options.
_KEPT_ELSEWHERE = frozenset({"lifecyclestage"})
_WITH_OPTIONS = frozenset({FieldKind.ENUM, FieldKind.MULTI_ENUM, FieldKind.BOOLEAN})
#: A bool needs exactly these two, or it is refused (INVALID_BOOLEAN_OPTION).
_YES_NO = (
    OptionDefinition(value="true", label="Yes", order=0),
    OptionDefinition(value="false", label="No", order=1),
)


def definition_of(item: Mapping[str, Any]) -> FieldDefinition:
    """One property out of a list or single read."""
    may = item.get("modificationMetadata") or {}
    kind = _kind(item)
    unique = item.get("hasUniqueValue") is True
    external = item.get("externalOptions") is True
    return FieldDefinition(
        name=item["name"],
        label=item.get("label") or item["name"],
        kind=kind,
        help=item.get("description") or None,
        unique=unique,
        external_id=unique,
        restricted=kind in {FieldKind.ENUM, FieldKind.MULTI_ENUM} and not external,
        options=_options_of(item.get("options") or ()),
        group=item.get("groupName"),
        shown_as=item.get("fieldType"),
        native_type=f"{item.get('type')}/{item.get('fieldType')}",
        custom=item.get("hubspotDefined") is not True,
        writable=item.get("calculated") is not True and may.get("readOnlyValue") is not True,
        external_options=external,
        managed=item["name"] in _KEPT_ELSEWHERE
        or (may.get("readOnlyDefinition") is True and may.get("readOnlyOptions", True) is True),
    )


def _kind(item: Mapping[str, Any]) -> FieldKind:
    if item.get("referencedObjectType") == "OWNER":
        return FieldKind.USER
    if item.get("showCurrencySymbol") is True and item.get("type") == "number":
        return FieldKind.CURRENCY
    native_type, field_type = str(item.get("type")), str(item.get("fieldType"))
    return _KINDS.get((native_type, field_type)) or _KINDS.get((native_type, "")) or FieldKind.OTHER


def _options_of(items: Iterable[Mapping[str, Any]]) -> tuple[OptionDefinition, ...]:
    numbered = [
        OptionDefinition(
            value=str(item["value"]),
            label=item.get("label") or str(item["value"]),
            order=order if (order := item.get("displayOrder")) is not None and order >= 0 else place,
            active=item.get("hidden") is not True,
            description=item.get("description") or None,
        )
        for place, item in enumerate(items)
    ]
    return tuple(sorted(numbered, key=lambda option: option.order))


def creation_of(wanted: FieldDefinition) -> dict[str, Any]:
    """The body that creates a property. Raises ``Rejected`` for a kind that cannot be created."""
    if wanted.kind not in _SPELLED:
        raise Rejected(
            f"HubSpot properties of kind {wanted.kind} cannot be created ({wanted.name})",
            code="UNSUPPORTED_KIND",
            fields=(wanted.name,),
            remedy="Create the property by hand and name it in the mapping.",
        )
    native_type, field_type = _SPELLED[wanted.kind]
    field_type = wanted.shown_as or field_type
    body: dict[str, Any] = {
        "groupName": wanted.group or GROUP,
        "name": wanted.name,
        "label": wanted.label,
        "type": native_type,
        "fieldType": field_type,
    }
    if wanted.help:
        body["description"] = wanted.help
    if wanted.unique or wanted.external_id:
        body["hasUniqueValue"] = True
    if wanted.kind is FieldKind.USER:
        body |= {"referencedObjectType": "OWNER", "externalOptions": True}
    elif wanted.kind in _WITH_OPTIONS:
        body["options"] = _spelled(wanted.options or (_YES_NO if wanted.kind is FieldKind.BOOLEAN else ()))
    return body


def change_of(held: FieldDefinition, wanted: FieldDefinition) -> dict[str, Any]:
    """The body that brings label, help, group, form and options to what is wanted; empty where they stand so already.

    A list of options replaces the whole list, and an option that it leaves out is removed (HubSpot: properties).
    So all that stand there are sent again: ours first, in our order, the others behind them as they stood.
    """
    body: dict[str, Any] = {}
    # HubSpot keeps the wording of its own properties to itself; their options may be an administrator's.
    if held.custom and wanted.label != held.label:
        body["label"] = wanted.label
    if held.custom and wanted.help is not None and wanted.help != held.help:
        body["description"] = wanted.help
    if held.custom and wanted.group is not None and wanted.group != held.group:
        body["groupName"] = wanted.group
    if held.custom and wanted.shown_as is not None and wanted.shown_as != held.shown_as:
        body["fieldType"] = wanted.shown_as
    if wanted.kind in _WITH_OPTIONS and wanted.options and not held.external_options:
        merged = merged_options(held.options, wanted.options)
        if _spelled(merged) != _spelled(held.options):
            body["options"] = _spelled(merged)
    return body


def with_options_of(held: FieldDefinition, wanted: FieldDefinition) -> FieldDefinition:
    """The same with the options that only another definition of it has."""
    if wanted.kind is FieldKind.BOOLEAN or not wanted.options:
        return wanted
    return replace(wanted, options=merged_options(held.options, wanted.options))


def merged_options(
    held: Sequence[OptionDefinition], wanted: Sequence[OptionDefinition]
) -> tuple[OptionDefinition, ...]:
    """Every option of either list, numbered afresh: the wanted ones in their order, then the others in theirs."""
    ours = {option.value for option in wanted}
    in_order = [
        *sorted(wanted, key=lambda option: option.order),
        *(option for option in held if option.value not in ours),
    ]
    described = {option.value: option.description for option in held}
    return tuple(
        OptionDefinition(
            value=option.value,
            label=option.label,
            order=place,
            active=option.active,
            description=option.description or described.get(option.value),
        )
        for place, option in enumerate(in_order)
    )


def _spelled(options: Sequence[OptionDefinition]) -> list[dict[str, Any]]:
    # HubSpot puts an option without displayOrder last, so each one carries its own.
    return [
        {
            "label": option.label,
            "value": option.value,
            "displayOrder": place,
            "hidden": not option.active,
            **({"description": option.description} if option.description else {}),
        }
        for place, option in enumerate(sorted(options, key=lambda option: option.order))
    ]


def differences(held: FieldDefinition, wanted: FieldDefinition) -> list[str]:
    """Why a property that already has the name is not the one that is wanted; as words for people."""
    found = []
    if not _fits(held, wanted):
        found.append(f"it is {held.native_type} and not {'/'.join(_SPELLED.get(wanted.kind, ('?', '?')))}")
    if (wanted.unique or wanted.external_id) and not held.unique:
        found.append("its values need not be unique, and that cannot be changed later")
    if not held.writable:
        found.append("HubSpot computes it")
    return found


def _fits(held: FieldDefinition, wanted: FieldDefinition) -> bool:
    # A currency is a number with a sign before it; the sign is an administrator's taste.
    numbers = {FieldKind.NUMBER, FieldKind.CURRENCY}
    return held.kind is wanted.kind or (held.kind in numbers and wanted.kind in numbers)


def missing_options(held: FieldDefinition, wanted: FieldDefinition) -> tuple[str, ...]:
    """Values that the property does not offer yet."""
    if held.external_options:
        return ()
    there = {option.value for option in held.options}
    return tuple(option.value for option in wanted.options if option.value not in there)


def group_creation(name: str, label: str | None = None) -> dict[str, Any]:
    """The body that creates a property group; without a label, with its name in words."""
    words = GROUP_LABEL if name == GROUP else name.replace("_", " ").capitalize()
    return {"name": name, "label": label or words, "displayOrder": -1}
