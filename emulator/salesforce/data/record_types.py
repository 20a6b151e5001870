"""Record types: which values of a picklist each offers.

A value that comes in over the API is offered by no record type but the master one until an administrator says so;
one that a record type does not list at all is offered whole, as it was when the record type was made. Source:
Salesforce, Metadata API developer guide: "RecordType"; User Interface API: "Get Values for All Picklist Fields of a
Record Type".
"""

from __future__ import annotations

import string
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import unquote

from emulator.salesforce.data.store import Row
from emulator.salesforce.errors import reject
from emulator.salesforce.metadata.choices import as_list, flag
from emulator.salesforce.org import MASTER_RECORD_TYPE, Org
from emulator.salesforce.parts import Caller
from emulator.salesforce.schema.model import Field

#: beside the columns of a RecordType row: field -> values that it offers
_OFFERS = "offers"
#: field -> the value that new records begin with
_DEFAULTS = "defaults"
_PUNCTUATION = frozenset(string.punctuation) - frozenset("-_")
_PICKLISTS = frozenset({"picklist", "multipicklist"})


def of(org: Org, object_name: str) -> list[Row]:
    """The record types of an object, but for the master one."""
    return list(org.store.find("RecordType", "SobjectType", object_name))


def add(
    org: Org, object_name: str, name: str, offers: Mapping[str, Iterable[str]] | None = None, **more: Any
) -> str:
    """Make a record type as an administrator does; it offers all values of picklists that `offers` leaves out.

    `more`: further columns of its row.
    """
    row = {
        "Name": name,
        "DeveloperName": name.replace(" ", "_"),
        "SobjectType": object_name,
        "IsActive": True,
        _OFFERS: {field: list(values) for field, values in (offers or {}).items()},
        **more,
    }
    org.touch_definitions()
    return org.load("RecordType", [row])[0]


def keep(org: Org, object_name: str, field_name: str, offered: Iterable[str]) -> None:
    """A picklist changes: record types that offered it whole go on to offer what it had."""
    values = list(offered)
    for row in of(org, object_name):
        held = row.get(_OFFERS) or {}
        if field_name not in held:
            org.store.put("RecordType", {**row, _OFFERS: {**held, field_name: values}})


def drop(org: Org, object_name: str, field_name: str) -> None:
    """A picklist is deleted."""
    for row in of(org, object_name):
        held = {name: values for name, values in (row.get(_OFFERS) or {}).items() if name != field_name}
        org.store.put("RecordType", {**row, _OFFERS: held})


def offered(org: Org, object_name: str, record_type_id: str, field: Field) -> list[str]:
    """The active values of a picklist that a record type offers, in the picklist's order."""
    active = [value.value for value in field.values if value.active]
    if record_type_id == MASTER_RECORD_TYPE:
        return active
    row = next(row for row in of(org, object_name) if row["Id"] == record_type_id)
    listed = (row.get(_OFFERS) or {}).get(field.name)
    return active if listed is None else [value for value in active if value in listed]


def default(org: Org, object_name: str, record_type_id: str, field: Field) -> str | None:
    """The value of a picklist that new records of a record type begin with."""
    row = next((row for row in of(org, object_name) if row["Id"] == record_type_id), {})
    value = (row.get(_DEFAULTS) or {}).get(field.name)
    return str(value) if value in {known.value for known in field.values} else None


# -- as a component of the Metadata API ------------------------------------------------------------------------


def names(org: Org) -> list[str]:
    """The full names of all record types."""
    return sorted(full_name_of(row) for row in org.store.rows("RecordType"))


def full_name_of(row: Row) -> str:
    """Its full name: one of person accounts belongs to an object of their own, one of a package carries its prefix."""
    owner = "PersonAccount" if row.get("IsPersonType") else row["SobjectType"]
    prefix = f"{row['NamespacePrefix']}__" if row.get("NamespacePrefix") else ""
    return f"{owner}.{prefix}{row['DeveloperName']}"


def read(org: Org, full_name: str) -> dict[str, Any] | None:
    """A record type with the values that it offers of each picklist."""
    row = _row(org, full_name)
    if row is None:
        return None
    object_ = org.sobject(str(row["SobjectType"]))
    return {
        "active": bool(row["IsActive"]),
        "label": row["Name"],
        **({"description": row["Description"]} if row.get("Description") else {}),
        "picklistValues": [
            {
                "picklist": field.name,
                "values": [
                    {
                        "fullName": _escaped(value),
                        "default": default(org, object_.name, str(row["Id"]), field) == value,
                    }
                    for value in offered(org, object_.name, str(row["Id"]), field)
                ],
            }
            for field in object_.fields.values()
            if field.type in _PICKLISTS and field.custom
        ],
    }


def write(org: Org, _caller: Caller, full_name: str, metadata: Mapping[str, Any]) -> None:
    """Replace what a record type offers, of the picklists that are named. Raises RecordError."""
    object_name, _, name = full_name.partition(".")
    row = _row(org, full_name)
    if not metadata.get("label"):
        raise reject("REQUIRED_FIELD_MISSING", "Required fields are missing: [Label]", "label")
    if row is None:
        add(org, object_name, name)
        row = _row(org, full_name)
        assert row is not None
    object_name = str(row["SobjectType"])
    offers, defaults = dict(row.get(_OFFERS) or {}), dict(row.get(_DEFAULTS) or {})
    for given in as_list(metadata.get("picklistValues")):
        field = org.sobject(object_name).field(str(given["picklist"]))
        if field is None:
            raise reject("INVALID_FIELD", f"Picklist: {given['picklist']} in picklistValues not found")
        values = [unquote(str(value["fullName"])) for value in as_list(given.get("values"))]
        known = {value.value for value in field.values}
        if unknown := [value for value in values if value not in known]:
            message = f"Picklist value: {unknown[0]} in picklist: {field.name} not found"
            raise reject("INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", message)
        offers[field.name] = values
        chosen = [
            unquote(str(value["fullName"]))
            for value in as_list(given.get("values"))
            if flag(value.get("default"))
        ]
        defaults = {**defaults, field.name: chosen[0] if chosen else None}
    org.store.put(
        "RecordType",
        {
            **row,
            "Name": metadata["label"],
            "Description": metadata.get("description"),
            "IsActive": flag(metadata.get("active")),
            _OFFERS: offers,
            _DEFAULTS: defaults,
        },
    )
    org.touch_definitions()


def _escaped(value: str) -> str:
    """Punctuation in a value is percent-encoded in a record type."""
    return "".join(f"%{ord(sign):02X}" if sign in _PUNCTUATION else sign for sign in value)


def _row(org: Org, full_name: str) -> Row | None:
    return next((row for row in org.store.rows("RecordType") if full_name_of(row) == full_name), None)
