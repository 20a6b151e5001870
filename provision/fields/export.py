"""What an administrator deploys by hand where the API may not change definitions. Nothing is written to a CRM."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from connector.base import (
    Connector,
    Deployment,
    FieldDefinition,
    FieldKind,
    OptionDefinition,
    RecordType,
    ValueSet,
)
from mappings.definitions import DesiredField
from provision.fields.compare import writes
from provision.fields.compare_history import object_is_tracked, standard_fields, to_track
from provision.fields.compare_looks import GROUP, lacking_offers
from provision.fields.state import Action
from provision.fields.survey import Survey
from provision.fields.translate import definition_of, extended

_CHOICES = frozenset({FieldKind.ENUM, FieldKind.MULTI_ENUM})


def deployment_of(connector: Connector, found: Survey) -> Deployment:
    """Every field that Tandem would make or change, those too that the connected user does not see yet. A picklist that
    stands there keeps everybody's values: a value that a deployed picklist leaves out is deactivated (Salesforce:
    Metadata API, "CustomValue"). Two calls for each custom field that stands there, two more for a picklist,
    and one for each set."""
    system, object = found.system, found.schema.object
    wanted = found.mapping.definitions(system)
    stored = connector.stored_fields(
        object, [field.name for field in wanted if _may_change(found.schema.fields.get(field.name))]
    )
    held = {**found.schema.fields, **found.hidden, **stored}
    standing = found.standing
    choices = [
        field.name
        for field in wanted
        if (there := held.get(field.name)) is not None and there.custom and there.kind in _CHOICES
    ]
    sets = connector.value_sets(object, choices)
    tracked = to_track(wanted, standing)
    changed = {line.field for line in found.lines if line.action is Action.CHANGE}
    fields: list[FieldDefinition] = []
    granted: list[str] = []
    for field in wanted:
        there = held.get(field.name)
        grantable = field.create if there is None else there.custom and there.permissionable
        if grantable and writes(found.mapping, system, field.canonical):
            granted.append(field.name)
        # Made anew, an archived property comes back; records may hold the options that only it had.
        before = there or found.schema.archived.get(field.name)
        made = _made(field, before, changed=field.name in changed)
        if made is None:
            continue
        made = replace(made, tracked=field.name in tracked or bool(there and there.tracked) or None)
        fields.append(replace(made, value_set=sets[field.name].name) if field.name in sets else made)
    standard = standard_fields(sorted(tracked), standing)
    return Deployment(
        object=found.mapping.systems[system].account_object,
        fields=fields,
        granted=granted,
        bundle=connector.bundle(),
        held=held,
        value_sets=_extended_sets(sets, {field.name: field for field in wanted}),
        tracks=bool(tracked) and not object_is_tracked(standing),
        tracked=standard,
        record_types=_record_types(found, wanted),
        groups={line.field: line.should for line in found.lines if line.object == GROUP},
    )


def _may_change(held: FieldDefinition | None) -> bool:
    return held is not None and held.custom and not held.managed


def _made(wanted: DesiredField, held: FieldDefinition | None, *, changed: bool) -> FieldDefinition | None:
    """The field as it is to be deployed; None where nothing is."""
    if held is None:
        return definition_of(wanted) if wanted.create else None
    if held.managed:
        return None
    if wanted.create and held.custom:
        return _over(held, wanted)
    return extended(held, wanted) if changed and held.kind in _CHOICES else None


def _over(held: FieldDefinition, wanted: DesiredField) -> FieldDefinition:
    """Our definition over one that stands: its type, digits and room stay, and so do values that are not ours."""
    ours = definition_of(wanted)
    names = {option.value for option in ours.options}
    others = [option for option in held.options if option.value not in names] if ours.options else []
    options = [replace(option, order=place) for place, option in enumerate([*ours.options, *others])]
    precision, scale = _digits(ours, held)
    return replace(
        ours,
        kind=held.kind,
        length=max(ours.length, held.length) if ours.length and held.length else ours.length,
        precision=precision,
        scale=scale,
        unique=held.unique or ours.unique,
        external_id=held.external_id or ours.external_id,
        restricted=held.restricted if ours.options else ours.restricted,
        options=tuple(options),
    )


def _digits(ours: FieldDefinition, held: FieldDefinition) -> tuple[int | None, int | None]:
    """Room for the digits of both, before the point and after it."""
    if held.precision is None or ours.precision is None:
        return ours.precision, ours.scale
    scale = max(ours.scale or 0, held.scale or 0)
    before = max(ours.precision - (ours.scale or 0), held.precision - (held.scale or 0))
    return before + scale, scale


def _extended_sets(sets: Mapping[str, ValueSet], wanted: Mapping[str, DesiredField]) -> tuple[ValueSet, ...]:
    """Each set once, with what the contract has and it lacks or has retired; nobody's value is touched otherwise."""
    found: dict[str, ValueSet] = {}
    for field, held in sets.items():
        before = found.get(held.name, held)
        ours = {option.value: option for option in definition_of(wanted[field]).options}
        kept = [replace(option, active=option.active or option.value in ours) for option in before.options]
        there = {option.value for option in kept}
        lacking: list[OptionDefinition] = [option for name, option in ours.items() if name not in there]
        options = [replace(option, order=place) for place, option in enumerate([*kept, *lacking])]
        found[held.name] = replace(before, options=tuple(options))
    return tuple(found.values())


def _record_types(found: Survey, wanted: tuple[DesiredField, ...]) -> dict[str, RecordType]:
    """What record types are to offer, of the picklists of which they offer too little."""
    standing = found.standing
    offers: dict[str, dict[str, frozenset[str]]] = {}
    for field in wanted:
        made = field.name in standing.fields
        if not (made or field.create):
            continue
        for name, lacking in lacking_offers(field, standing, made=made).items():
            held = standing.record_types[name].offers.get(field.name, frozenset())
            offers.setdefault(name, {})[field.name] = held | frozenset(lacking)
    return {name: replace(found.schema.record_types[name], offers=of) for name, of in offers.items()}
