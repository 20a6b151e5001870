"""Picklist choices in Metadata API's words, and the values that JSON and XML spell differently. Pure.

Source: Salesforce, Metadata API developer guide: "CustomValue".
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from emulator.salesforce.errors import reject
from emulator.salesforce.schema.model import PicklistValue


def flag(value: Any) -> bool:
    """A boolean of JSON or of XML."""
    return value is True or str(value).lower() == "true"


def as_list(value: Any) -> list[Any]:
    """A repeated element: XML gives one of them bare, and none as nothing."""
    if value is None:
        return []
    return list(value) if isinstance(value, list | tuple) else [value]


def read_value(value: Mapping[str, Any]) -> PicklistValue:
    """One choice: `fullName` as it is sent, `valueName` as the Tooling API shows it. Raises RecordError."""
    name = value.get("fullName") or value.get("valueName")
    if not name:
        raise reject("FIELD_INTEGRITY_EXCEPTION", "Must specify 'fullName' for a picklist value")
    return PicklistValue(
        value=str(name),
        label=str(value.get("label") or name),
        active=value.get("isActive") is None or flag(value["isActive"]),
        default=flag(value.get("default")),
    )


def check_values(values: tuple[PicklistValue, ...]) -> None:
    """Raise RecordError for choices that stand twice, or for two defaults."""
    seen: set[str] = set()
    for value in values:
        if value.value.lower() in seen:
            raise reject("DUPLICATE_VALUE", f"Duplicate picklist value: {value.value}", "valueSet")
        seen.add(value.value.lower())
    if sum(value.default for value in values) > 1:
        raise reject("FIELD_INTEGRITY_EXCEPTION", "Only one picklist value may be the default")


def shown_value(value: PicklistValue) -> dict[str, Any]:
    """One choice in the words in which it is sent."""
    found: dict[str, Any] = {"fullName": value.value, "default": value.default, "label": value.label}
    return found if value.active else {**found, "isActive": False}
