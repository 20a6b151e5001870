"""Field definitions: describe's words and the Tooling API's bodies, to and from the seam's. Pure.

Sources: Salesforce Tooling API, "CustomField"; Metadata API, "CustomField" and "CustomValue".
"""

from __future__ import annotations

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
TEXT_LIMIT = 255
#: Counted up by Salesforce, and written by nobody.
AUTO_NUMBER = "AutoNumber"
PICKLISTS = (FieldKind.ENUM, FieldKind.MULTI_ENUM)
NUMBERS = (FieldKind.NUMBER, FieldKind.CURRENCY)
#: Metadata API, "CustomField": ``relationshipName`` is a developer name.
_RELATIONSHIP_LENGTH = 40
_DATES = {FieldKind.DATE: "Date", FieldKind.DATETIME: "DateTime"}


class UnmadeError(ValueError):
    """A definition that cannot be made in Salesforce; the text says why and what to do."""


def definition_from(
    field: Mapping[str, Any],
    managed: frozenset[str] = frozenset(),
    tracked: Mapping[str, bool] | None = None,
) -> FieldDefinition:
    """A field of a describe answer. ``managed``: names of fields that belong to installed packages. ``tracked``: whose
    history is tracked; None where the org does not tell."""
    type_ = field["type"]
    kind, native = _KINDS.get(type_, (FieldKind.OTHER, type_))
    if type_ == "reference":
        to = field.get("referenceTo") or []
        kind, native = (FieldKind.USER if to == ["User"] else FieldKind.OTHER), f"Lookup({', '.join(to)})"
    elif type_ == "textarea" and field.get("htmlFormatted"):
        kind, native = FieldKind.OTHER, "Html"
    elif type_ == "textarea" and (field.get("length") or 0) <= TEXT_LIMIT:
        native = "TextArea"
    elif field.get("autoNumber"):
        native = AUTO_NUMBER
    calculated = bool(field.get("calculated"))
    whole = type_ in {"int", "long"}
    return FieldDefinition(
        name=field["name"],
        label=field["label"],
        kind=kind,
        help=field.get("inlineHelpText") or None,
        length=field.get("length") or None if kind is FieldKind.TEXT else None,
        precision=(field.get("digits") if whole else field.get("precision")) if kind in NUMBERS else None,
        scale=(0 if whole else field.get("scale")) if kind in NUMBERS else None,
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
        if kind in PICKLISTS
        else (),
        native_type=f"Formula({native})" if calculated else native,
        custom=bool(field.get("custom")),
        writable=bool(field.get("updateable")) and not calculated,
        required=field.get("nillable") is False and kind is not FieldKind.BOOLEAN,
        permissionable=field.get("permissionable") is not False,
        external_options=kind is FieldKind.USER,
        managed=field["name"] in managed,
        default=_default(field, kind),
        tracked=tracked.get(field["name"], False) if tracked is not None else None,
    )


def _default(field: Mapping[str, Any], kind: FieldKind) -> str | None:
    """What a new record gets; None for nothing, and for a checkbox that is not ticked."""
    if kind is FieldKind.BOOLEAN:
        return "true" if field.get("defaultValue") is True else None
    chosen = [value["value"] for value in field.get("picklistValues") or () if value.get("defaultValue")]
    return chosen[0] if chosen else field.get("defaultValueFormula") or None


def metadata_of(definition: FieldDefinition) -> dict[str, Any]:
    """The Tooling API's ``Metadata`` of a field that is to be made. ``UnmadeError`` where it cannot be."""
    kind = definition.kind
    if kind is FieldKind.TEXT:
        typed = _text(definition)
    elif kind is FieldKind.BOOLEAN:
        # Salesforce refuses `required` on a checkbox, and asks for a default.
        typed = {"type": "Checkbox", "defaultValue": "false"}
    elif kind in NUMBERS:
        typed = _number(definition)
    elif kind in PICKLISTS:
        typed = _picklist(definition)
    elif kind in _DATES:
        typed = {"type": _DATES[kind], "required": False}
    elif kind is FieldKind.USER:
        typed = _person(definition)
    else:
        raise UnmadeError(
            f"{definition.name}: a field of kind {kind.value} cannot be made over the API; "
            "make it in Salesforce's Object Manager"
        )
    return {
        "label": definition.label,
        **({"inlineHelpText": definition.help} if definition.help else {}),
        **typed,
        **({"trackHistory": True} if definition.tracked else {}),
    }


def _text(definition: FieldDefinition) -> dict[str, Any]:
    length = definition.length or TEXT_LIMIT
    if length <= TEXT_LIMIT:
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


def _person(definition: FieldDefinition) -> dict[str, Any]:
    # What a user's page would list under this name has to be the only one of it among all that point to users.
    listed = f"Tandem_{definition.name.removesuffix('__c')}"[:_RELATIONSHIP_LENGTH].rstrip("_")
    return {
        "type": "Lookup",
        "referenceTo": "User",
        "relationshipName": listed,
        "deleteConstraint": "SetNull",
        "required": False,
    }


def _picklist(definition: FieldDefinition) -> dict[str, Any]:
    several = definition.kind is FieldKind.MULTI_ENUM
    if definition.value_set:
        return {
            "type": "MultiselectPicklist" if several else "Picklist",
            "required": False,
            "valueSet": {"restricted": True, "valueSetName": definition.value_set},
            **({"visibleLines": 4} if several else {}),
        }
    values = [
        {"fullName": option.value, "label": option.label, "default": False}
        for option in in_order(definition)
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


def in_order(definition: FieldDefinition) -> list[OptionDefinition]:
    """The options as people are to see them."""
    return sorted(definition.options, key=lambda option: option.order)


def _uniqueness(definition: FieldDefinition) -> dict[str, Any]:
    return {"required": False, "unique": definition.unique, "externalId": definition.external_id}
