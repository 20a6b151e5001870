"""Objects, fields and picklist values as data."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any


@dataclass(frozen=True, kw_only=True, slots=True)
class PicklistValue:
    """One choice. ``value`` is what the API carries, ``label`` what people see."""

    value: str
    label: str
    active: bool = True
    default: bool = False
    #: what describe calls it, where the user's language has another word for it
    translation: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Field:
    """One field of an object; the names are describe's own, in snake case."""

    name: str
    label: str
    #: describe's type, e.g. ``string``, ``picklist``, ``double``, ``datetime``
    type: str
    #: characters; 0 for types without a length
    length: int = 0
    precision: int = 0
    scale: int = 0
    digits: int = 0
    nillable: bool = True
    createable: bool = True
    updateable: bool = True
    defaulted_on_create: bool = False
    default: bool | str | None = None
    calculated: bool = False
    formula: str | None = None
    filterable: bool = True
    sortable: bool = True
    groupable: bool = True
    aggregatable: bool = True
    permissionable: bool = True
    unique: bool = False
    case_sensitive: bool = False
    external_id: bool = False
    id_lookup: bool = False
    name_field: bool = False
    auto_number: bool = False
    reference_to: tuple[str, ...] = ()
    relationship: str | None = None
    polymorphic: bool = False
    restricted: bool = False
    values: tuple[PicklistValue, ...] = ()
    #: name of the shared value list the values come from, e.g. ``OpportunityStage``
    value_set: str | None = None
    compound: str | None = None
    extra_type: str | None = None
    help_text: str | None = None
    description: str | None = None
    #: the definition's own id (``00N…``); None for standard fields
    id: str | None = None
    #: Metadata API's type of a custom field, e.g. ``Checkbox``, ``Html``
    metadata_type: str | None = None
    byte_length: int | None = None
    #: what describe calls it, where the user's language has another word for it
    translation: str | None = None
    #: people see the values in the order of their labels, whatever their own order
    sorted: bool = False

    @property
    def custom(self) -> bool:
        """Whether people added this field."""
        return self.name.endswith("__c")

    @property
    def required(self) -> bool:
        """Whether a create without a value is refused."""
        return (
            self.createable and not self.nillable and not self.defaulted_on_create and self.type != "boolean"
        )

    @property
    def needs_grant(self) -> bool:
        """Whether field-level security hides the field until it is granted.

        A required custom field is visible to everybody and cannot be granted (Salesforce: CustomField, ``required``).
        """
        return self.custom and self.permissionable

    def active_values(self) -> frozenset[str]:
        """Return the API values that may be chosen today."""
        return frozenset(value.value for value in self.values if value.active)

    def to_doc(self) -> dict[str, Any]:
        """Return a JSON document that `from_doc` reads back."""
        return asdict(self)

    @classmethod
    def from_doc(cls, doc: Mapping[str, Any]) -> Field:
        """Read what `to_doc` wrote."""
        values = tuple(PicklistValue(**value) for value in doc["values"])
        return cls(**{**doc, "values": values, "reference_to": tuple(doc["reference_to"])})


@dataclass(frozen=True, kw_only=True, slots=True)
class ChildRelationship:
    """Another object's reference field that points here."""

    child: str
    field: str
    name: str | None
    cascade_delete: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class SObject:
    """One object of the org."""

    name: str
    label: str
    plural: str
    #: first three characters of its records' ids
    prefix: str | None
    fields: Mapping[str, Field]
    createable: bool = True
    updateable: bool = True
    deletable: bool = True
    undeletable: bool = True
    mergeable: bool = False
    replicateable: bool = True
    searchable: bool = True
    layoutable: bool = True
    queryable: bool = True
    retrieveable: bool = True
    triggerable: bool = True
    feed_enabled: bool = False
    deep_cloneable: bool = False
    children: tuple[ChildRelationship, ...] = ()

    def field(self, name: str) -> Field | None:
        """Return a field by its name; names are not case-sensitive."""
        found = self.fields.get(name)
        if found is not None:
            return found
        lowered = name.lower()
        return next((field for key, field in self.fields.items() if key.lower() == lowered), None)

    def by_relationship(self, name: str) -> Field | None:
        """Return the reference field whose parent is called ``name`` in SOQL and in nested writes."""
        lowered = name.lower()
        return next(
            (field for field in self.fields.values() if (field.relationship or "").lower() == lowered), None
        )

    def with_field(self, field: Field) -> SObject:
        """Return this object with ``field`` added or replaced."""
        return replace(self, fields={**self.fields, field.name: field})

    def without_field(self, name: str) -> SObject:
        """Return this object without the field ``name``."""
        return replace(self, fields={key: field for key, field in self.fields.items() if key != name})

    def with_children(self, children: Iterable[ChildRelationship]) -> SObject:
        """Return this object with other child relationships."""
        return replace(self, children=tuple(children))
