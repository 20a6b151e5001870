"""Between the seam's words for a definition and ours. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from connector.base import FieldDefinition, FieldKind, ObjectSchema, OptionDefinition
from mappings.fields import FieldType
from mappings.model import DesiredField, DesiredOption
from mappings.systems import SystemKind
from provision.fields.state import Standing, StandingField, StandingOption, StandingRecordType

#: How the native types begin that Salesforce computes itself.
_COMPUTED = ("Formula(", "AutoNumber")


def standing_of(schema: ObjectSchema, kind: str) -> Standing:
    """A Connector's answer in the words of the core."""
    return Standing(
        object=schema.object,
        fields={name: _standing_field(field, kind) for name, field in schema.fields.items()},
        invisible=schema.invisible,
        archived={name: _standing_field(field, kind) for name, field in schema.archived.items()},
        record_types={
            name: StandingRecordType(label=found.label, offers=found.offers)
            for name, found in schema.record_types.items()
        },
        groups=schema.groups,
    )


def with_hidden(standing: Standing, hidden: Mapping[str, FieldDefinition], kind: str) -> Standing:
    """The same with fields that field-level security hides and that could be read another way."""
    found = {name: replace(_standing_field(field, kind), hidden=True) for name, field in hidden.items()}
    return replace(
        standing, fields={**standing.fields, **found}, invisible=standing.invisible - hidden.keys()
    )


def _standing_field(field: FieldDefinition, kind: str) -> StandingField:
    salesforce = kind == SystemKind.SALESFORCE
    return StandingField(
        name=field.name,
        label=field.label,
        type=None if field.kind is FieldKind.OTHER else FieldType(field.kind.value),
        native_type=field.native_type,
        help=field.help or "",
        length=field.length,
        precision=field.precision,
        scale=field.scale,
        unique=field.unique,
        external_id=field.external_id,
        restricted=field.restricted,
        options=tuple(
            StandingOption(
                value=option.value,
                label=option.label,
                active=option.active,
                # Salesforce's describe, which is where options are read, tells no descriptions.
                description=None if salesforce else option.description or "",
            )
            for option in sorted(field.options, key=lambda option: option.order)
        ),
        external_options=field.external_options,
        writable=field.writable,
        # Salesforce: field-level security belongs to a permission set; a HubSpot app has all that its scopes give.
        grantable=salesforce and field.custom and not field.native_type.startswith(_COMPUTED),
        # Salesforce: standard fields are not CustomField, which is all that the Tooling API lets us change.
        required=field.required,
        changeable=not field.managed and (field.custom or not salesforce),
        custom=field.custom,
        default=field.default or "",
        tracked=field.tracked,
        group=field.group or "",
        shown_as=field.shown_as or "",
    )


def definition_of(wanted: DesiredField) -> FieldDefinition:
    """A definition of ours, in the seam's words."""
    return FieldDefinition(
        name=wanted.name,
        label=wanted.label,
        kind=FieldKind(wanted.type.value),
        help=wanted.help or None,
        length=wanted.length,
        precision=wanted.precision,
        scale=wanted.scale,
        unique=wanted.unique,
        external_id=wanted.external_id,
        restricted=wanted.restricted,
        options=tuple(_option(option) for option in wanted.options),
        group=wanted.group.name if wanted.group is not None else None,
        group_label=wanted.group.label if wanted.group is not None else None,
        shown_as=wanted.shown_as or None,
        tracked=wanted.tracked,
    )


def extended(held: FieldDefinition, wanted: DesiredField) -> FieldDefinition:
    """Somebody else's definition as it stands, with the options of the contract that it lacks or has retired."""
    there = {option.value for option in held.options}
    ours = {option.value for option in wanted.options}
    kept = [replace(option, active=option.active or option.value in ours) for option in held.options]
    lacking = [_option(option) for option in wanted.options if option.value not in there]
    options = [replace(option, order=place) for place, option in enumerate([*kept, *lacking])]
    return replace(held, options=tuple(options))


def without_others(
    definition: FieldDefinition, held: FieldDefinition, wanted: DesiredField
) -> FieldDefinition:
    """A definition that retires every value which is not the contract's, and deletes none."""
    ours = {option.value for option in wanted.options} | set(wanted.read_as)
    named = {option.value for option in definition.options}
    every = [*definition.options, *(option for option in held.options if option.value not in named)]
    options = [
        replace(option, order=place, active=option.active and option.value in ours)
        for place, option in enumerate(every)
    ]
    return replace(definition, options=tuple(options))


def _option(option: DesiredOption) -> OptionDefinition:
    return OptionDefinition(
        value=option.value, label=option.label, order=option.order, description=option.description or None
    )
