"""Who may see and change what: field-level security and rights, from the rows that administrators write.

A custom field that no permission set grants does not exist for anybody, System Administrators included; that is how
fields made through the API behave (Salesforce: FieldPermissions).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from emulator.salesforce.data.store import Store
from emulator.salesforce.schema.book import SchemaBook
from emulator.salesforce.schema.model import Field, SObject

_INPUTS = ("FieldPermissions", "PermissionSetAssignment", "PermissionSet", "User", "Profile")


@dataclass(frozen=True, kw_only=True, slots=True)
class View:
    """One object as one user sees it."""

    object: SObject
    #: every readable field by its API name
    readable: Mapping[str, Field]
    #: names of the fields whose values the user may set
    editable: frozenset[str]
    #: what the user may do with records beside reading them: ``create``, ``edit``
    allows: frozenset[str] = frozenset({"create", "edit"})

    def field(self, name: str) -> Field | None:
        """Return a readable field by its name, in any case."""
        found = self.readable.get(name)
        if found is not None:
            return found
        found = self.object.field(name)
        return self.readable.get(found.name) if found else None


class Access:
    """Answers from rows, remembered until one of them changes."""

    def __init__(self, schema: SchemaBook, store: Store) -> None:
        self._schema = schema
        self._store = store
        self._views: dict[tuple[str, str], View] = {}
        self._stand: tuple[int, ...] = ()
        #: fields taken from everybody, as ``Object.Field``, and rights on records, as ``Object:create``,
        #: ``Object:edit`` and ``Object:read``: a profile that an administrator edited
        self.withdrawn: set[str] = set()

    def view(self, user_id: str, object_: SObject) -> View:
        """Return what the user sees of the object."""
        stand = self._fingerprint()
        if stand != self._stand:
            self._views.clear()
            self._stand = stand
        key = (user_id, object_.name)
        found = self._views.get(key)
        if found is None:
            found = self._views[key] = self._make(user_id, object_)
        return found

    def forget(self) -> None:
        """Derive everything anew."""
        self._stand = ()

    def permission_sets(self, user_id: str) -> frozenset[str]:
        """Return the ids of the permission sets in force for the user, the profile's own one among them."""
        assigned = {
            row["PermissionSetId"]
            for row in self._store.find("PermissionSetAssignment", "AssigneeId", user_id)
            if row.get("PermissionSetId")
        }
        user = self._store.get("User", user_id)
        if user is not None and user.get("ProfileId"):
            assigned |= {
                row["Id"] for row in self._store.find("PermissionSet", "ProfileId", user["ProfileId"])
            }
        return frozenset(assigned)

    def has_right(self, user_id: str, name: str) -> bool:
        """Tell whether a profile or permission set gives the user the right, e.g. ``ViewSetup``."""
        field = f"Permissions{name}"
        sets = (self._store.get("PermissionSet", set_id) for set_id in self.permission_sets(user_id))
        return any(row is not None and row.get(field) for row in sets)

    def _fingerprint(self) -> tuple[int, ...]:
        versions = tuple(self._store.table(name).version for name in _INPUTS)
        return (self._schema.version, len(self.withdrawn), *versions)

    def _make(self, user_id: str, object_: SObject) -> View:
        read: set[str] = set()
        edit: set[str] = set()
        sets = self.permission_sets(user_id)
        for row in self._store.find("FieldPermissions", "SobjectType", object_.name):
            if row["ParentId"] in sets:
                name = row["Field"].split(".", 1)[1]
                read |= {name} if row.get("PermissionsRead") else set()
                edit |= {name} if row.get("PermissionsEdit") else set()
        readable = {
            name: field
            for name, field in object_.fields.items()
            if (not field.needs_grant or name in read) and f"{object_.name}.{name}" not in self.withdrawn
        }
        allows = frozenset(
            right for right in ("create", "edit") if f"{object_.name}:{right}" not in self.withdrawn
        )
        editable = frozenset(
            name
            for name, field in readable.items()
            if allows and (field.createable or field.updateable) and (not field.needs_grant or name in edit)
        )
        return View(object=object_, readable=readable, editable=editable, allows=allows)

    def reads(self, object_name: str) -> bool:
        """Whether people may read records of an object at all."""
        return f"{object_name}:read" not in self.withdrawn
