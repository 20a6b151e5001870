"""Rights on fields in one org: what the permission set that Tandem keeps gives and to whom, and giving it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any
from urllib.parse import quote

from connector.base import Bundle, Power, Rights
from connector.errors import AuthFailed, ConnectorError, Rejected, Unsupported
from connector.salesforce.api import errors, soql
from connector.salesforce.api.describe_cache import Describes, Description
from connector.salesforce.api.session import Session

PERMISSION_SET = "Tandem_Sync"
LABEL = "Tandem sync"
ABOUT = "Fields that Tandem keeps in step. Made and kept by Tandem."
#: API names without ``Permissions``, any of which will do, and what Setup calls the first.
_POWERS: Mapping[Power, tuple[tuple[str, ...], str]] = {
    Power.DEFINE: (("CustomizeApplication",), "Customize Application"),
    Power.ADMINISTER: (
        ("ModifyMetadata", "ModifyAllData"),
        "Modify Metadata Through Metadata API Functions",
    ),
    Power.GRANT: (("ManageProfilesPermissionsets",), "Manage Profiles and Permission Sets"),
    Power.ASSIGN: (("AssignPermissionSets",), "Assign Permission Sets"),
}
#: Metadata API's name of what may be done with an object's records -> ObjectPermissions' column.
OBJECT_RIGHTS: Mapping[str, str] = {
    "allowCreate": "PermissionsCreate",
    "allowDelete": "PermissionsDelete",
    "allowEdit": "PermissionsEdit",
    "allowRead": "PermissionsRead",
    "modifyAllRecords": "PermissionsModifyAllRecords",
    "viewAllRecords": "PermissionsViewAllRecords",
}
#: Rows of one collection.
_COLLECTION = 200


class FieldRights:
    """Reads and gives rights on one org's fields."""

    def __init__(self, session: Session, describes: Describes) -> None:
        self._session = session
        self._describes = describes

    def read(
        self, object: str, user_id: str | None, users: Sequence[str], profiles: Sequence[str]
    ) -> Rights | None:
        """See ``Connector.rights``. One API call."""
        if not (user_id or users or profiles):
            return None
        try:
            sets, permissions, assignments, people = self._ask(
                soql.permission_set(PERMISSION_SET),
                soql.field_permissions(PERMISSION_SET, object),
                soql.assignments(PERMISSION_SET),
                soql.users_named(user_id, users, profiles),
            )
        except (AuthFailed, Rejected, Unsupported) as error:
            if error.code not in errors.HIDDEN:
                raise
            return None
        assigned = {errors.to_18(row["AssigneeId"]) for row in assignments}
        names = {row["Username"].casefold() for row in people}
        held = {(row.get("Profile") or {}).get("Name") for row in people}
        return Rights(
            name=PERMISSION_SET,
            exists=bool(sets),
            fields={row["Field"].partition(".")[2]: bool(row["PermissionsEdit"]) for row in permissions},
            lacking={
                row["Username"]: errors.to_18(row["Id"])
                for row in people
                if errors.to_18(row["Id"]) not in assigned
            },
            unknown=(
                *(name for name in users if name.casefold() not in names),
                *(name for name in profiles if name not in held),
            ),
        )

    def bundle(self) -> Bundle:
        """See ``Connector.bundle``."""
        try:
            fields, objects = self._ask(
                soql.all_field_permissions(PERMISSION_SET),
                soql.object_permissions(PERMISSION_SET, list(OBJECT_RIGHTS.values())),
            )
        except (AuthFailed, Rejected, Unsupported) as error:
            if error.code not in errors.HIDDEN:
                raise
            return Bundle()
        return Bundle(
            fields={row["Field"]: bool(row["PermissionsEdit"]) for row in fields},
            objects={
                row["SobjectType"]: frozenset(
                    right for right, column in OBJECT_RIGHTS.items() if row.get(column)
                )
                for row in objects
            },
        )

    def powers(self, user_id: str | None) -> dict[Power, tuple[str, bool]]:
        """See ``Connector.powers``: by profile or by any permission set."""
        if user_id is None:
            return {}
        columns = [f"Permissions{name}" for names, _ in _POWERS.values() for name in names]
        try:
            profiles, sets = self._ask(
                soql.rights_of_profile(user_id, columns), soql.rights_of_sets(user_id, columns)
            )
        except (AuthFailed, Rejected, Unsupported):
            return {}
        given = [row.get("Profile") or {} for row in profiles]
        given += [row.get("PermissionSet") or {} for row in sets]
        return {
            power: (label, any(one.get(f"Permissions{name}") for one in given for name in names))
            for power, (names, label) in _POWERS.items()
        }

    def grant(self, object: str, fields: Sequence[str], user_ids: Sequence[str]) -> None:
        """See ``Connector.grant``: permission set, field permissions, assignment, each made where it is missing.

        One API call to look, and one for each step that was not done (for each 200 users); all may be repeated after a
        break.
        """
        description = self._describes.of(object)
        wanted = {
            f"{object}.{field}": _editable(description, field)
            for field in fields
            if _grantable(description, field)
        }
        sets, permissions, assignments = self._ask(
            soql.permission_set(PERMISSION_SET),
            soql.field_permissions(PERMISSION_SET, object),
            soql.assignments(PERMISSION_SET),
        )
        set_id = sets[0]["Id"] if sets else self._make_set()
        held = {row["Field"].lower(): row for row in permissions}
        missing = [
            {
                "attributes": {"type": "FieldPermissions"},
                "ParentId": set_id,
                "SobjectType": object,
                "Field": field,
                "PermissionsRead": True,
                "PermissionsEdit": editable,
            }
            for field, editable in wanted.items()
            if field.lower() not in held
        ]
        short = [
            {
                "attributes": {"type": "FieldPermissions"},
                "id": held[field.lower()]["Id"],
                "PermissionsRead": True,
                "PermissionsEdit": True,
            }
            for field, editable in wanted.items()
            if editable and field.lower() in held and not held[field.lower()]["PermissionsEdit"]
        ]
        self._write_permissions("POST", missing)
        self._write_permissions("PATCH", short)
        assigned = {errors.to_18(row["AssigneeId"]) for row in assignments}
        lacking = [id for id in dict.fromkeys(errors.to_18(id) for id in user_ids) if id not in assigned]
        if len(lacking) == 1:
            self._assign(set_id, lacking[0])
        else:
            self._assign_all(set_id, lacking)
        self._describes.forget(object)

    def _ask(self, *statements: str) -> list[list[dict[str, Any]]]:
        parts = [{"method": "GET", "path": f"query/?q={quote(text, safe='')}"} for text in statements]
        answers, _ = self._session.composite(parts, judge=errors.any_failed)
        return [self._session.rest_of(body) for _, body in answers]

    def _make_set(self) -> str:
        body = {"Name": PERMISSION_SET, "Label": LABEL, "Description": ABOUT}
        try:
            answer = self._session.call("POST", "sobjects/PermissionSet", body=body, idempotent=False)
        except ConnectorError as error:
            if error.code not in errors.NAME_TAKEN and not getattr(error, "maybe_done", False):
                raise
            found = self._session.everything(soql.permission_set(PERMISSION_SET))
            if not found:
                raise
            return str(found[0]["Id"])
        return str(answer.body["id"])

    def _write_permissions(self, method: str, records: Sequence[Mapping[str, Any]]) -> None:
        for start in range(0, len(records), _COLLECTION):
            body = {"allOrNone": False, "records": records[start : start + _COLLECTION]}
            # Made twice, a permission answers DUPLICATE_VALUE and does no harm; a locked one is worth another try.
            try:
                self._session.call(
                    method, "composite/sobjects", body=body, rows=True, judge=errors.any_row_refused
                )
            except AuthFailed as error:
                error.remedy = (
                    "Give the connected user “Manage Profiles and Permission Sets”, then run again."
                )
                raise

    def _assign_all(self, set_id: str, user_ids: Sequence[str]) -> None:
        """A profile may have hundreds of users. One who cannot have it (another licence) keeps it from nobody else."""
        refused: Rejected | None = None
        for start in range(0, len(user_ids), _COLLECTION):
            part = user_ids[start : start + _COLLECTION]
            records = [
                {
                    "attributes": {"type": "PermissionSetAssignment"},
                    "AssigneeId": id,
                    "PermissionSetId": set_id,
                }
                for id in part
            ]
            try:
                self._session.call(
                    "POST",
                    "composite/sobjects",
                    body={"allOrNone": False, "records": records},
                    rows=True,
                    judge=partial(errors.any_row_refused, names=[f"user {id}" for id in part]),
                )
            except Rejected as error:
                refused = refused or error
        if refused is not None:
            raise refused

    def _assign(self, set_id: str, user_id: str) -> None:
        body = {"AssigneeId": user_id, "PermissionSetId": set_id}
        try:
            self._session.call("POST", "sobjects/PermissionSetAssignment", body=body)
        except Rejected as error:
            if error.code != errors.ALREADY_THERE:
                raise


def _grantable(description: Description, field: str) -> bool:
    """Whether field-level security applies: fields that everybody sees (required and system ones) refuse a grant.
    A field that we do not see yet is the very one to be granted."""
    seen = description.fields.get(field.lower())
    return seen is None or bool(seen.get("permissionable", True))


def _editable(description: Description, field: str) -> bool:
    seen = description.fields.get(field.lower())
    return seen is None or not (seen.get("calculated") or seen.get("autoNumber"))
