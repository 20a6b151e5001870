"""CustomField as it is read back: by Metadata API, by the Tooling API, and as Setup prints its type. Pure.

Source: Salesforce, Metadata API developer guide: "CustomField"; what the Tooling API shows: public recordings.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from emulator.salesforce.metadata.choices import shown_value
from emulator.salesforce.metadata.custom_field import KEYS, TYPE_NAMES
from emulator.salesforce.schema.model import Field


def type_of(info: Field) -> str:
    """The field's type in Metadata API's words; standard fields are told by describe's."""
    if info.metadata_type:
        return info.metadata_type
    if info.type == "textarea" and info.length > 255:
        return "LongTextArea"
    return {"int": "Number", "combobox": "Picklist", "id": "Lookup"}.get(
        info.type, TYPE_NAMES.get(info.type, "Text")
    )


def shown(info: Field, *, tracked: bool = False) -> dict[str, Any]:
    """The field's metadata without what says nothing, in the words in which it is sent."""
    kind = type_of(info)
    found: dict[str, Any] = {
        "description": info.description,
        "inlineHelpText": info.help_text,
        "label": info.label,
        "type": kind,
        "trackHistory": tracked,
        "trackTrending": False,
    }
    if kind != "Checkbox" and info.formula is None:
        found["required"] = info.custom and not info.nillable
    if kind in {"Text", "Number", "Email"} and info.formula is None:
        found |= {"externalId": info.external_id, "unique": info.unique}
    elif info.formula is None:
        found["externalId"] = False
    if kind == "Text":
        found["length"] = None if info.formula else info.length
        found["caseSensitive"] = info.case_sensitive if info.unique else None
    if kind in {"LongTextArea", "Html"}:
        found |= {"length": info.length, "visibleLines": 3}
    if kind == "MultiselectPicklist":
        found["visibleLines"] = 4
    if kind == "Checkbox":
        found["defaultValue"] = "true" if info.default else "false"
    if info.type in {"double", "currency", "percent", "int"}:
        found |= {"precision": info.precision or info.digits, "scale": info.scale}
    if info.type == "reference" and info.reference_to:
        found |= {
            "referenceTo": info.reference_to[0],
            "relationshipName": (info.relationship or "").removesuffix("__r"),
        }
    if info.formula is not None:
        found |= {"formula": info.formula, "formulaTreatBlanksAs": "BlankAsZero"}
    if info.type in {"picklist", "multipicklist"}:
        found["valueSet"] = _shown_set(info)
    return {key: value for key, value in found.items() if value is not None}


def _shown_set(info: Field) -> dict[str, Any]:
    if info.value_set and info.custom:
        return {"restricted": True, "valueSetName": info.value_set}
    values = [shown_value(value) for value in info.values]
    return {"restricted": info.restricted, "valueSetDefinition": {"sorted": info.sorted, "value": values}}


def shown_by_tooling(info: Field, *, tracked: bool = False) -> dict[str, Any]:
    """The metadata as the Tooling API shows it: every key, `valueName` for `fullName`, nulls beside what is set."""
    found = shown(info, tracked=tracked)
    values = found.get("valueSet")
    if values is not None:
        definition = values.get("valueSetDefinition")
        found["valueSet"] = {
            "controllingField": None,
            "restricted": values["restricted"],
            "valueSetDefinition": definition
            and {
                "sorted": definition["sorted"],
                "value": [_tooling_value(value) for value in definition["value"]],
            },
            "valueSetName": values.get("valueSetName"),
            "valueSettings": [],
        }
    return {key: found.get(key) for key in KEYS}


def _tooling_value(value: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "color": None,
        "default": value["default"],
        "description": None,
        "isActive": value.get("isActive"),
        "label": value["label"],
        "urls": None,
        "valueName": value["fullName"],
    }


def data_type(info: Field) -> str:
    """The type as Setup prints it, e.g. `Text(100) (External ID) (Unique Case Insensitive)`."""
    kind = type_of(info)
    words = {
        "Text": f"Text({info.length})",
        "TextArea": "Text Area(255)",
        "LongTextArea": f"Long Text Area({info.length})",
        "Html": f"Rich Text Area({info.length})",
        "DateTime": "Date/Time",
        "Url": f"URL({info.length})",
        "MultiselectPicklist": "Picklist (Multi-Select)",
        "Lookup": f"Lookup({','.join(info.reference_to)})",
    }
    if kind in {"Number", "Currency", "Percent"}:
        precision = info.precision or info.digits
        return f"{kind}({precision - info.scale}, {info.scale})"
    if info.formula is not None:
        return f"Formula ({kind})"
    unique = f" (Unique Case {'Sensitive' if info.case_sensitive else 'Insensitive'})" if info.unique else ""
    return words.get(kind, kind) + (" (External ID)" if info.external_id else "") + unique


def developer_name(full_name: str) -> str:
    """The developer name: the field's name without its ending."""
    return re.sub(r"__c\Z", "", full_name.rpartition(".")[2])
