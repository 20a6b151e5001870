"""The Mapping: which canonical fields are kept in step, and how each System spells them.

The one import that other rooms need: `from mappings.model import Mapping, CanonicalField, ...`.
"""

from __future__ import annotations

from collections import abc
from dataclasses import dataclass, replace

from mappings.definitions import DesiredField, DesiredOption, desired_fields
from mappings.errors import MappingError, Problem, Unreadable, Unwritable
from mappings.fields import (
    CanonicalField,
    Direction,
    DirectionKind,
    FieldType,
    OnConflict,
    OnConflictKind,
    Option,
    SyncRule,
    Value,
)
from mappings.people import NOBODY_SPECIAL, People
from mappings.systems import (
    BuyerStage,
    Group,
    IdentityFields,
    NativeField,
    OpportunityNames,
    SystemKind,
    SystemMapping,
)
from mappings.values.record import Directory, Read, Translator, Written

__all__ = [
    "BuyerStage",
    "CanonicalField",
    "DesiredField",
    "DesiredOption",
    "Direction",
    "DirectionKind",
    "Directory",
    "FieldType",
    "Group",
    "IdentityFields",
    "Mapping",
    "MappingError",
    "NativeField",
    "OnConflict",
    "OnConflictKind",
    "OpportunityNames",
    "Option",
    "People",
    "Problem",
    "Read",
    "SyncRule",
    "SystemKind",
    "SystemMapping",
    "Translator",
    "Unreadable",
    "Unwritable",
    "Value",
    "Written",
]


@dataclass(frozen=True, kw_only=True)
class Mapping:
    """Canonical fields by name, in the order they were written, and one SystemMapping per System."""

    fields: abc.Mapping[str, CanonicalField]
    systems: abc.Mapping[str, SystemMapping]
    people: People = NOBODY_SPECIAL

    def translator(self, system: str) -> Translator:
        """The compiled converters of one System; build it once per Run, it is immutable."""
        return Translator(self.fields, self.systems[system])

    def definitions(self, system: str) -> tuple[DesiredField, ...]:
        """What the field definitions of one System should be; the external id comes first."""
        return desired_fields(tuple(self.fields.values()), self.systems[system])

    def with_builtin(self, system: str, present: abc.Collection[str]) -> Mapping:
        """The same Mapping, using the vendor's own fields where `present` (native names) has them.

        A field of Tandem's that is already there stays in use even when the vendor's field
        appears later: moving to an empty field would read as everybody clearing the value.
        """
        spelled = self.systems[system]
        fields = {name: _with_builtin(native, present) for name, native in spelled.fields.items()}
        return replace(self, systems={**self.systems, system: replace(spelled, fields=fields)})


def _with_builtin(native: NativeField, present: abc.Collection[str]) -> NativeField:
    if native.builtin is None or native.builtin not in present or native.name in present:
        return native
    return replace(native, name=native.builtin, builtin=None, create=False)
