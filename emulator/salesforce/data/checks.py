"""What the org says against a row that is about to be saved, beyond the form of its values."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from emulator.salesforce.data.ids import short_id
from emulator.salesforce.data.store import Row
from emulator.salesforce.errors import Problem
from emulator.salesforce.org import MASTER_RECORD_TYPE, Org
from emulator.salesforce.parts import Caller
from emulator.salesforce.schema.model import Field, SObject

#: rights records that only people with setup rights write: object -> right
_SETUP_RIGHTS = {
    "FieldPermissions": "ManageProfilesPermissionsets",
    "ObjectPermissions": "ManageProfilesPermissionsets",
    "PermissionSet": "ManageProfilesPermissionsets",
    "PermissionSetAssignment": "AssignPermissionSets",
    "User": "ManageUsers",
}


def problems(org: Org, caller: Caller, object_: SObject, row: Row, before: Row | None) -> Iterator[Problem]:
    """Yield what stands against the row: rights, references, owner, uniqueness, rules of setup objects."""
    right = _SETUP_RIGHTS.get(object_.name)
    if right is not None and not org.access.has_right(caller.user_id, right):
        yield Problem(
            code="INSUFFICIENT_ACCESS_OR_READONLY",
            message="insufficient access rights on object id",
            status=403,
        )
        return
    if ("create" if before is None else "edit") not in org.view(caller, object_).allows:
        message = "insufficient access rights on object id"
        yield Problem(code="INSUFFICIENT_ACCESS_OR_READONLY", message=message, status=403)
        return
    yield from _references(org, caller, object_, row, before)
    yield from _owner(org, caller, object_, row)
    yield from _unique(org, object_, row, before)
    if object_.name == "FieldPermissions":
        yield from _grant(org, row)
    if object_.name == "PermissionSetAssignment":
        yield from _assignment(org, row)


def after(org: Org, caller: Caller, object_: SObject, row: Row) -> None:
    """Do what follows from a saved row: a grant that grants nothing is no row at all (FieldPermissions)."""
    del caller
    if object_.name == "FieldPermissions" and not row.get("PermissionsRead"):
        org.store.remove(object_.name, row["Id"])


def _references(
    org: Org, caller: Caller, object_: SObject, row: Row, before: Row | None
) -> Iterator[Problem]:
    for field in object_.fields.values():
        value = row.get(field.name)
        if field.type != "reference" or not value or (before is not None and before.get(field.name) == value):
            continue
        if not (field.createable or field.updateable):
            continue
        yield from _reference(org, caller, field, str(value))


def _reference(org: Org, caller: Caller, field: Field, value: str) -> Iterator[Problem]:
    if "RecordType" in field.reference_to:
        known = value == MASTER_RECORD_TYPE or org.store.get("RecordType", value) is not None
        if not known:
            message = f"Record Type ID: this ID value isn't valid for the user: {value}"
            yield Problem(code="INVALID_CROSS_REFERENCE_KEY", message=message, fields=(field.name,))
        return
    targets = [found for name in field.reference_to if (found := org.schema.get(name)) is not None]
    target = next((item for item in targets if item.prefix == value[:3]), None)
    if target is None:
        message = f"{field.label}: id value of incorrect type: {value}"
        yield Problem(code="FIELD_INTEGRITY_EXCEPTION", message=message, fields=(field.name,))
        return
    row = org.store.get(target.name, value)
    if row is None or row.get("IsDeleted"):
        yield Problem(code="INVALID_CROSS_REFERENCE_KEY", message="invalid cross reference id")
    elif not org.visible(caller, row):
        message = f"insufficient access rights on cross-reference id: {short_id(value)}"
        yield Problem(code="INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY", message=message)


def _owner(org: Org, caller: Caller, object_: SObject, row: Row) -> Iterator[Problem]:
    """Any save of a record whose owner is inactive fails, also one that does not touch the owner."""
    owner_id = row.get("OwnerId")
    owner = org.store.get("User", owner_id) if owner_id else None
    if owner is None or owner.get("IsActive"):
        return
    if not org.access.has_right(caller.user_id, "UpdateWithInactiveOwner"):
        message = f"operation performed with inactive user [{owner_id}] as owner of [{object_.name.lower()}]"
        yield Problem(code="INACTIVE_OWNER_OR_USER", message=message)


def _unique(org: Org, object_: SObject, row: Row, before: Row | None) -> Iterator[Problem]:
    for field in object_.fields.values():
        value: Any = row.get(field.name)
        if not field.unique or value is None or (before is not None and before.get(field.name) == value):
            continue
        for twin in org.store.find(object_.name, field.name, value):
            same = not field.case_sensitive or twin.get(field.name) == value
            if same and twin["Id"] != row["Id"] and not twin.get("IsDeleted"):
                message = (
                    f"duplicate value found: {field.name} duplicates value on record with id:"
                    f" {short_id(twin['Id'])}"
                )
                yield Problem(code="DUPLICATE_VALUE", message=message)
                break


def _grant(org: Org, row: Row) -> Iterator[Problem]:
    object_name, _, field_name = str(row["Field"]).partition(".")
    object_ = org.schema.get(str(row["SobjectType"]))
    field = object_.field(field_name) if object_ is not None else None
    if object_ is None or field is None or object_name.lower() != object_.name.lower():
        message = f"Field Name: bad value for restricted picklist field: {row['Field']}"
        yield Problem(code="INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", message=message, fields=("Field",))
        return
    if not field.permissionable:
        message = f"You cannot deploy to a required field: {object_.name}.{field.name}"
        yield Problem(code="FIELD_INTEGRITY_EXCEPTION", message=message, fields=("Field",))
    if row.get("PermissionsEdit") and not row.get("PermissionsRead"):
        message = "The field permission Edit requires the permission Read"
        yield Problem(code="FIELD_INTEGRITY_EXCEPTION", message=message, fields=("PermissionsEdit",))
    if row.get("PermissionsEdit") and field.calculated:
        message = f"Edit access cannot be granted to the read-only field {object_.name}.{field.name}"
        yield Problem(code="FIELD_INTEGRITY_EXCEPTION", message=message, fields=("PermissionsEdit",))
    for twin in org.store.find("FieldPermissions", "ParentId", row["ParentId"]):
        if twin["Id"] != row["Id"] and twin["Field"].lower() == str(row["Field"]).lower():
            message = (
                f"duplicate value found: <unknown> duplicates value on record with id: {short_id(twin['Id'])}"
            )
            yield Problem(code="DUPLICATE_VALUE", message=message)


def _assignment(org: Org, row: Row) -> Iterator[Problem]:
    for twin in org.store.find("PermissionSetAssignment", "AssigneeId", row["AssigneeId"]):
        if twin["Id"] != row["Id"] and twin.get("PermissionSetId") == row.get("PermissionSetId"):
            message = (
                f"Duplicate PermissionSetAssignment. Assignee: {short_id(row['AssigneeId'])};"
                f" Permission Set: {short_id(str(row['PermissionSetId']))}"
            )
            yield Problem(code="DUPLICATE_VALUE", message=message)
