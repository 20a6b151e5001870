"""What an administrator deploys by hand where the API may not change definitions. Nothing is written to a CRM."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from connector.base import FieldDefinition, FieldKind
from mappings.model import DesiredField
from sync.definition_words import definition_of, extended
from sync.survey import Survey
from sync.provision import writes
from sync.standing import Action

_CHOICES = frozenset({FieldKind.ENUM, FieldKind.MULTI_ENUM})


@dataclass(frozen=True, slots=True, kw_only=True)
class Export:
    """One System's definitions as they should stand once they are deployed."""

    object: str
    fields: Sequence[FieldDefinition]
    #: Fields that the connected user must be able to write, and that rights can be given on.
    granted: Sequence[str]
    #: What stands there now, by name.
    held: dict[str, FieldDefinition]


def export_of(system: str, found: Survey) -> Export:
    """Every field that Tandem would make or change. A picklist that stands there keeps everybody's values: a value that
    a deployed picklist leaves out is deactivated (Salesforce: Metadata API, "CustomValue")."""
    held = dict(found.schema.fields)
    changed = {line.field for line in found.lines if line.action is Action.CHANGE}
    fields: list[FieldDefinition] = []
    granted: list[str] = []
    for wanted in found.mapping.definitions(system):
        there = held.get(wanted.name)
        hidden = wanted.name in found.schema.invisible
        reachable = wanted.create or hidden or (there is not None and there.custom)
        if reachable and writes(found.mapping, system, wanted.canonical):
            granted.append(wanted.name)
        if there is None:
            # Of a hidden one nobody can tell here which values it has; the rights come first.
            if wanted.create and not hidden:
                fields.append(definition_of(wanted))
        elif there.managed:
            continue
        elif wanted.create and there.custom:
            fields.append(_over(there, wanted))
        elif wanted.name in changed and there.kind in _CHOICES:
            fields.append(extended(there, wanted))
    return Export(
        object=found.mapping.systems[system].account_object, fields=fields, granted=granted, held=held
    )


def _over(held: FieldDefinition, wanted: DesiredField) -> FieldDefinition:
    """Our definition over one that stands: its type, digits and room stay, and so do values that are not ours."""
    ours = definition_of(wanted)
    names = {option.value for option in ours.options}
    others = [option for option in held.options if option.value not in names] if ours.options else []
    options = [replace(option, order=place) for place, option in enumerate([*ours.options, *others])]
    return replace(
        ours,
        kind=held.kind,
        length=max(ours.length, held.length) if ours.length and held.length else ours.length,
        precision=held.precision if held.precision is not None else ours.precision,
        scale=held.scale if held.scale is not None else ours.scale,
        unique=held.unique or ours.unique,
        external_id=held.external_id or ours.external_id,
        restricted=held.restricted if ours.options else ours.restricted,
        group=held.group or ours.group,
        options=tuple(options),
    )
