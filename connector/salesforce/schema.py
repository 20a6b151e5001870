"""Definitions and rights in one org: reading them, making fields, and letting the connected user see them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from connector.base import FieldDefinition, ObjectSchema, Rights
from connector.errors import AuthFailed, ConnectorError, Rejected, Unsupported
from connector.salesforce import definitions, soql, wire
from connector.salesforce.describes import Describes, Description
from connector.salesforce.session import Session

PERMISSION_SET = "Tandem_Sync"
LABEL = "Tandem sync"
ABOUT = "Fields that Tandem keeps in step. Made and kept by Tandem."
#: Rows of one collection.
_COLLECTION = 200


class Schema:
    """Reads and extends one org's definitions."""

    def __init__(self, session: Session, describes: Describes) -> None:
        self._session = session
        self._describes = describes

    def read(self, object: str) -> ObjectSchema:
        """See ``Connector.schema``. Two API calls."""
        description = self._describes.of(object, fresh=True)
        existing, managed = self._custom_fields(object)
        return ObjectSchema(
            object=description.object,
            label=description.label,
            fields={
                field["name"]: definitions.definition_from(field, managed)
                for field in description.fields.values()
            },
            invisible=frozenset(name for name in existing if not description.has(name)),
            record_types=description.record_types,
        )

    def _custom_fields(self, object: str) -> tuple[frozenset[str], frozenset[str]]:
        """Names of all custom fields, and of those in installed packages. Empty where we may not ask."""
        try:
            found = self._session.everything(soql.custom_fields(object), path="tooling/query")
        except (AuthFailed, Unsupported) as error:
            if error.code not in wire.HIDDEN:
                raise
            return frozenset(), frozenset()
        names: set[str] = set()
        managed: set[str] = set()
        for row in found:
            prefix = row.get("NamespacePrefix")
            name = f"{prefix}__{row['DeveloperName']}__c" if prefix else f"{row['DeveloperName']}__c"
            names.add(name)
            if (row.get("ManageableState") or "unmanaged").startswith("installed"):
                managed.add(name)
        return frozenset(names), frozenset(managed)

    # -- fields ----------------------------------------------------------------------------------------------

    def create(self, object: str, definition: FieldDefinition) -> None:
        """See ``Connector.create_field``. Looks after a refusal, and after a lost answer, whether it is there."""
        if not definition.name.endswith("__c"):
            raise self._rejected(f"{definition.name} is a standard field and cannot be made", definition)
        metadata = self._made(definition)
        body = {"FullName": f"{soql.name(object)}.{soql.name(definition.name)}", "Metadata": metadata}
        self._describes.forget(object)
        try:
            self._session.call("POST", "tooling/sobjects/CustomField", body=body, idempotent=False)
        except ConnectorError as error:
            if not (error.code in wire.NAME_TAKEN or getattr(error, "maybe_done", False)):
                raise
            held = self._held(object, definition.name)
            if held is None:
                raise
            differences = definitions.same_form(held[1], definition)
            if differences:
                raise self._rejected(
                    f"{object}.{definition.name} exists already, but {' and '.join(differences)}", definition
                ) from error
        self._describes.forget(object)

    def update(self, object: str, definition: FieldDefinition) -> None:
        """See ``Connector.update_field``."""
        held = self._held(object, definition.name) if definition.name.endswith("__c") else None
        if held is None:
            raise self._rejected(
                f"{object}.{definition.name} is no custom field of this org, so that it cannot be changed here",
                definition,
            )
        id, before, full_name = held[0], held[1], held[2]
        try:
            after = definitions.merged(before, definition)
        except definitions.UnmadeError as error:
            raise self._rejected(str(error), definition) from error
        if after is None:
            return
        self._session.call(
            "PATCH", f"tooling/sobjects/CustomField/{id}", body={"FullName": full_name, "Metadata": after}
        )
        self._describes.forget(object)

    def _held(self, object: str, field: str) -> tuple[str, Mapping[str, Any], str] | None:
        """Id, metadata and full name of a custom field, seen by the Tooling API whether or not we may use it."""
        found = self._session.everything(soql.custom_field(object, field), path="tooling/query")
        if not found:
            return None
        id = found[0]["Id"]
        row = self._session.call("GET", f"tooling/sobjects/CustomField/{quote(id, safe='')}").body
        return id, row["Metadata"], row["FullName"]

    def _made(self, definition: FieldDefinition) -> dict[str, Any]:
        try:
            return definitions.metadata_of(definition)
        except definitions.UnmadeError as error:
            raise self._rejected(str(error), definition) from error

    def _rejected(self, message: str, definition: FieldDefinition) -> Rejected:
        return self._session.named(Rejected(message, code="DEFINITION", fields=(definition.name,)))

    # -- rights ----------------------------------------------------------------------------------------------

    def rights(
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
            if error.code not in wire.HIDDEN:
                raise
            return None
        assigned = {wire.to_18(row["AssigneeId"]) for row in assignments}
        names = {row["Username"].casefold() for row in people}
        held = {(row.get("Profile") or {}).get("Name") for row in people}
        return Rights(
            name=PERMISSION_SET,
            exists=bool(sets),
            fields={row["Field"].partition(".")[2]: bool(row["PermissionsEdit"]) for row in permissions},
            lacking={
                row["Username"]: wire.to_18(row["Id"])
                for row in people
                if wire.to_18(row["Id"]) not in assigned
            },
            unknown=(
                *(name for name in users if name.casefold() not in names),
                *(name for name in profiles if name not in held),
            ),
        )

    def grant(self, object: str, fields: Sequence[str], user_ids: Sequence[str]) -> None:
        """See ``Connector.grant``: permission set, field permissions, assignment, each made where it is missing.

        One API call to look, and one for each step that was not done; all may be repeated after a break.
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
        assigned = {wire.to_18(row["AssigneeId"]) for row in assignments}
        for user_id in dict.fromkeys(wire.to_18(id) for id in user_ids):
            if user_id not in assigned:
                self._assign(set_id, user_id)
        self._describes.forget(object)

    def _ask(self, *statements: str) -> list[list[dict[str, Any]]]:
        parts = [{"method": "GET", "path": f"query/?q={quote(text, safe='')}"} for text in statements]
        answers, _ = self._session.composite(parts, judge=wire.any_failed)
        return [self._session.rest_of(body) for _, body in answers]

    def _make_set(self) -> str:
        body = {"Name": PERMISSION_SET, "Label": LABEL, "Description": ABOUT}
        try:
            answer = self._session.call("POST", "sobjects/PermissionSet", body=body, idempotent=False)
        except ConnectorError as error:
            if error.code not in wire.NAME_TAKEN and not getattr(error, "maybe_done", False):
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
                    method, "composite/sobjects", body=body, rows=True, judge=wire.any_row_refused
                )
            except AuthFailed as error:
                error.remedy = (
                    "Give the connected user “Manage Profiles and Permission Sets”, then run again."
                )
                raise

    def _assign(self, set_id: str, user_id: str) -> None:
        body = {"AssigneeId": user_id, "PermissionSetId": set_id}
        try:
            self._session.call("POST", "sobjects/PermissionSetAssignment", body=body)
        except Rejected as error:
            if error.code != wire.ALREADY_THERE:
                raise


def _grantable(description: Description, field: str) -> bool:
    """Whether field-level security applies: fields that everybody sees (required and system ones) refuse a grant.
    A field that we do not see yet is the very one to be granted."""
    seen = description.fields.get(field.lower())
    return seen is None or bool(seen.get("permissionable", True))


def _editable(description: Description, field: str) -> bool:
    seen = description.fields.get(field.lower())
    return seen is None or not seen.get("calculated")
