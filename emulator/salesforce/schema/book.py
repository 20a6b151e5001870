"""The org's schema as it stands: the standard objects with what administrators added to them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from emulator.kit.state import StateFile
from emulator.salesforce.schema import opportunities, sales, setup
from emulator.salesforce.schema.model import ChildRelationship, Field, PicklistValue, SObject

_FIELD = "field"
_SET = "value_set"

#: names under which a parent lists its children in SOQL: (child, field) -> name, and whether deleting cascades
_CHILD_NAMES: dict[tuple[str, str], tuple[str | None, bool]] = {
    ("Account", "ParentId"): ("ChildAccounts", False),
    ("Contact", "AccountId"): ("Contacts", True),
    ("Opportunity", "AccountId"): ("Opportunities", True),
    ("Opportunity", "ContactId"): ("Opportunities", False),
    ("Task", "WhatId"): ("Tasks", True),
    ("Task", "WhoId"): ("Tasks", True),
    ("OpportunityHistory", "OpportunityId"): ("OpportunityHistories", True),
    ("OpportunityFieldHistory", "OpportunityId"): ("Histories", True),
    ("AccountHistory", "AccountId"): ("Histories", True),
    ("FieldPermissions", "ParentId"): ("FieldPerms", True),
    ("ObjectPermissions", "ParentId"): ("ObjectPerms", True),
    ("PermissionSetAssignment", "PermissionSetId"): ("Assignments", True),
    ("PermissionSetAssignment", "AssigneeId"): ("PermissionSetAssignments", True),
    ("PermissionSet", "ProfileId"): (None, True),
    ("User", "ProfileId"): ("Users", False),
    ("Contact", "ReportsToId"): (None, False),
    ("User", "ManagerId"): ("ManagedUsers", False),
}


class SchemaBook:
    """Objects by name (any case), custom fields and shared value sets; changes are kept in the state file."""

    def __init__(self, state: StateFile) -> None:
        self._state = state
        self._objects: dict[str, SObject] = {}
        self._sets: dict[str, tuple[PicklistValue, ...]] = {}
        #: counts every change, so that whoever derives something from the schema knows when to derive it anew
        self.version = 0
        self.reload()

    def reload(self) -> None:
        """Read the schema from the standard objects and the state file."""
        self._objects = {
            item.name.lower(): item for item in (*sales.OBJECTS, *opportunities.OBJECTS, *setup.OBJECTS)
        }
        for key, doc in self._state.load(_FIELD).items():
            owner = self._objects[key.split(".", 1)[0].lower()]
            self._objects[owner.name.lower()] = owner.with_field(Field.from_doc(doc))
        self._sets = {
            name: tuple(PicklistValue(**value) for value in values)
            for name, values in self._state.load(_SET).items()
        }
        self._relate()

    def __iter__(self) -> Iterator[SObject]:
        return iter(self._objects.values())

    def get(self, name: str) -> SObject | None:
        """Return an object by its API name, in any case."""
        return self._objects.get(name.lower())

    def by_prefix(self, prefix: str) -> SObject | None:
        """Return the object whose ids start with ``prefix`` (three characters)."""
        return next((item for item in self._objects.values() if item.prefix == prefix), None)

    def put_field(self, object_name: str, field: Field) -> None:
        """Add a field, or replace the one of that name."""
        owner = self._objects[object_name.lower()]
        self._objects[owner.name.lower()] = owner.with_field(field)
        self._state.put(_FIELD, f"{owner.name}.{field.name}", field.to_doc())
        self._relate()

    def drop_field(self, object_name: str, field_name: str) -> None:
        """Forget a custom field."""
        owner = self._objects[object_name.lower()]
        self._objects[owner.name.lower()] = owner.without_field(field_name)
        self._state.delete(_FIELD, f"{owner.name}.{field_name}")
        self._relate()

    def value_set(self, name: str) -> tuple[PicklistValue, ...] | None:
        """Return a shared value set's values, or None when there is no such set."""
        return self._sets.get(name)

    def value_sets(self) -> dict[str, tuple[PicklistValue, ...]]:
        """Return every shared value set."""
        return dict(self._sets)

    def put_value_set(self, name: str, values: Iterable[PicklistValue]) -> None:
        """Set a shared value set's values, and with them the values of every field that uses it."""
        whole = tuple(values)
        self._sets[name] = whole
        doc = [{"value": v.value, "label": v.label, "active": v.active, "default": v.default} for v in whole]
        self._state.put(_SET, name, doc)
        for item in list(self._objects.values()):
            for field in item.fields.values():
                if field.value_set == name and field.values != whole:
                    self.put_field(item.name, replace(field, values=whole))

    def _relate(self) -> None:
        """Give every object the list of references that point at it."""
        children: dict[str, list[ChildRelationship]] = {}
        for item in self._objects.values():
            for field in item.fields.values():
                for target in field.reference_to:
                    name, cascade = _CHILD_NAMES.get((item.name, field.name), (None, False))
                    if field.custom:
                        name = f"{item.plural.replace(' ', '')}__r"
                    children.setdefault(target.lower(), []).append(
                        ChildRelationship(
                            child=item.name, field=field.name, name=name, cascade_delete=cascade
                        )
                    )
        for key, item in self._objects.items():
            self._objects[key] = item.with_children(children.get(key, ()))
        self.version += 1
