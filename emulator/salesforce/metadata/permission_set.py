"""PermissionSet in Metadata API's words, kept as the rows that REST shows.

Source: Salesforce, Metadata API developer guide: "PermissionSet". An upsert replaces the whole list of field
permissions, as observed by integrators.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from emulator.salesforce import definitions
from emulator.salesforce.data.store import Row
from emulator.salesforce.errors import reject
from emulator.salesforce.metadata.choices import as_list, flag
from emulator.salesforce.org import Org
from emulator.salesforce.parts import Caller
from emulator.salesforce.schema.setup import RIGHTS

_KNOWN_RIGHTS = frozenset(name for name, _ in RIGHTS)
_OBJECT_FLAGS: Mapping[str, str] = {
    "allowCreate": "PermissionsCreate",
    "allowDelete": "PermissionsDelete",
    "allowEdit": "PermissionsEdit",
    "allowRead": "PermissionsRead",
    "modifyAllRecords": "PermissionsModifyAllRecords",
    "viewAllRecords": "PermissionsViewAllRecords",
}


def find(org: Org, name: str) -> Row | None:
    """The permission set of that API name; those that profiles own are not components."""
    return next(
        (row for row in org.store.find("PermissionSet", "Name", name) if not row.get("ProfileId")), None
    )


def names(org: Org) -> list[str]:
    """The API names of all permission sets that no profile owns."""
    return sorted(str(row["Name"]) for row in org.store.rows("PermissionSet") if not row.get("ProfileId"))


def read(org: Org, name: str) -> dict[str, Any] | None:
    """The permission set with its field and object permissions, or None."""
    row = find(org, name)
    if row is None:
        return None
    fields = [
        {
            "editable": bool(item.get("PermissionsEdit")),
            "field": item["Field"],
            "readable": bool(item.get("PermissionsRead")),
        }
        for item in org.store.find("FieldPermissions", "ParentId", row["Id"])
    ]
    objects = [
        {
            **{key: bool(item.get(column)) for key, column in _OBJECT_FLAGS.items()},
            "object": item["SobjectType"],
        }
        for item in org.store.find("ObjectPermissions", "ParentId", row["Id"])
    ]
    rights = [
        {"enabled": True, "name": right} for right in sorted(_KNOWN_RIGHTS) if row.get(f"Permissions{right}")
    ]
    found: dict[str, Any] = {
        "description": row.get("Description"),
        "fieldPermissions": sorted(fields, key=lambda item: str(item["field"])),
        "hasActivationRequired": bool(row.get("HasActivationRequired")),
        "label": row.get("Label"),
        "objectPermissions": sorted(objects, key=lambda item: str(item["object"])),
        "userPermissions": rights,
    }
    return {key: value for key, value in found.items() if value is not None}


def write(org: Org, caller: Caller, name: str, metadata: Mapping[str, Any]) -> None:
    """Create or replace a permission set. Raises RecordError; nothing is changed then."""
    label = metadata.get("label")
    if not label:
        raise reject("REQUIRED_FIELD_MISSING", "Required fields are missing: [Label]", "Label")
    fields = [_field_permission(org, item) for item in as_list(metadata.get("fieldPermissions"))]
    objects = [_object_permission(org, item) for item in as_list(metadata.get("objectPermissions"))]
    rights = _rights(metadata)
    row = find(org, name)
    if row is None:
        now = org.now()
        made = {
            "Name": name,
            "CreatedById": caller.user_id,
            "LastModifiedById": caller.user_id,
            "CreatedDate": now,
        }
        (set_id,) = org.load("PermissionSet", [made])
        row = org.store.get("PermissionSet", set_id) or made
    org.store.put(
        "PermissionSet",
        {
            **row,
            "Label": label,
            "Description": metadata.get("description"),
            "HasActivationRequired": flag(metadata.get("hasActivationRequired")),
            **rights,
            "LastModifiedById": caller.user_id,
            "LastModifiedDate": org.now(),
            "SystemModstamp": org.now(),
        },
    )
    _replace(org, "FieldPermissions", str(row["Id"]), fields)
    _replace(org, "ObjectPermissions", str(row["Id"]), objects)
    org.touch_definitions()


def delete(org: Org, name: str) -> None:
    """Delete a permission set with its grants and assignments. Raises RecordError."""
    row = find(org, name)
    if row is None:
        raise no_such(name)
    for table, field in (
        ("FieldPermissions", "ParentId"),
        ("ObjectPermissions", "ParentId"),
        ("PermissionSetAssignment", "PermissionSetId"),
    ):
        for item in list(org.store.find(table, field, row["Id"])):
            org.store.remove(table, item["Id"])
    org.store.remove("PermissionSet", row["Id"])
    org.touch_definitions()


def no_such(name: str) -> Exception:
    """The error of a permission set that does not exist."""
    return reject("INVALID_CROSS_REFERENCE_KEY", f"no PermissionSet named {name} found", "fullName")


def _replace(org: Org, table: str, set_id: str, rows: list[dict[str, Any]]) -> None:
    for item in list(org.store.find(table, "ParentId", set_id)):
        org.store.remove(table, item["Id"])
    org.load(table, [{**row, "ParentId": set_id} for row in rows])


def _field_permission(org: Org, item: Mapping[str, Any]) -> dict[str, Any]:
    full_name = str(item.get("field") or "")
    object_name, _, field_name = full_name.partition(".")
    object_ = org.schema.get(object_name)
    info = object_.field(field_name) if object_ else None
    if object_ is None or info is None:
        message = f"In field: field - no CustomField named {full_name} found"
        raise reject("INVALID_CROSS_REFERENCE_KEY", message, "field")
    if not info.permissionable:
        message = f"You cannot deploy to a required field: {object_.name}.{info.name}"
        raise reject("FIELD_INTEGRITY_EXCEPTION", message, "field")
    edit = flag(item.get("editable"))
    return {
        "SobjectType": object_.name,
        "Field": f"{object_.name}.{info.name}",
        "PermissionsRead": edit or flag(item.get("readable")),
        "PermissionsEdit": edit,
    }


def _object_permission(org: Org, item: Mapping[str, Any]) -> dict[str, Any]:
    object_ = definitions.object_of(org, str(item.get("object") or ""))
    return {
        "SobjectType": object_.name,
        **{column: flag(item.get(key)) for key, column in _OBJECT_FLAGS.items()},
    }


def _rights(metadata: Mapping[str, Any]) -> dict[str, bool]:
    enabled = {f"Permissions{name}": False for name in _KNOWN_RIGHTS}
    for item in as_list(metadata.get("userPermissions")):
        name = str(item.get("name"))
        if name not in _KNOWN_RIGHTS:
            message = f"Unknown user permission: {name}"
            raise reject("INVALID_CROSS_REFERENCE_KEY", message, "userPermissions")
        enabled[f"Permissions{name}"] = flag(item.get("enabled"))
    return enabled
