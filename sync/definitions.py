"""Field definitions between the mapping and the CRMs: read, compared, made, shown to the connected user, looked at
again."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from connector.base import Connector, FieldDefinition, FieldKind, ObjectSchema, OptionDefinition
from connector.errors import ConnectorError, Rejected
from mappings.fields import FieldType
from mappings.model import DesiredField, DesiredOption
from mappings.model import Mapping as FieldMapping
from mappings.systems import SystemKind
from sync.definition_plan import DefinitionPlan
from sync.errors import DefinitionsRefused
from sync.identity import identify
from sync.ledger.ledger import Ledger
from sync.provision import compare
from sync.standing import STEPS, Action, Line, Standing, StandingField, StandingOption

#: HubSpot may serve an old definition for some minutes after it was changed (HubSpot community: properties).
SETTLING = timedelta(minutes=5)

_COMPUTED = "Formula("


# -- which fields a System has ---------------------------------------------------------------------------------


def with_builtin_fields(
    mapping: FieldMapping, connectors: Mapping[str, Connector], ledger: Ledger
) -> FieldMapping:
    """The mapping with the vendor's own fields where a System has them. Which it has is asked once, and again by
    provisioning: a field must not change its place because a portal was upgraded overnight."""
    for name, connector in connectors.items():
        system = mapping.systems[name]
        if not any(native.builtin for native in system.fields.values()):
            continue
        known = ledger.notes.get(_builtin_key(name))
        if known is None:
            known = remember_builtin_fields(
                mapping, name, connector.schema(system.account_object).fields, ledger
            )
        mapping = mapping.with_builtin(name, known.split())
    return mapping


def remember_builtin_fields(
    mapping: FieldMapping, system: str, present: Iterable[str], ledger: Ledger
) -> str:
    """Keep which of the vendor's fields (and of ours in their place) a System has; returns their names."""
    spelled = mapping.systems[system]
    wanted = {native.builtin for native in spelled.fields.values()} | set(spelled.native_names)
    known = " ".join(name for name in sorted(present) if name in wanted)
    ledger.notes.set(_builtin_key(system), known)
    return known


def _builtin_key(system: str) -> str:
    return f"builtin:{system}"


# -- between the seam's words and ours -------------------------------------------------------------------------


def standing_of(schema: ObjectSchema, kind: str) -> Standing:
    """A Connector's answer in the words of the core."""
    return Standing(
        object=schema.object,
        fields={name: _standing_field(field, kind) for name, field in schema.fields.items()},
        invisible=schema.invisible,
        archived={name: _standing_field(field, kind) for name, field in schema.archived.items()},
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
            StandingOption(value=option.value, label=option.label, active=option.active)
            for option in sorted(field.options, key=lambda option: option.order)
        ),
        external_options=field.external_options,
        writable=field.writable,
        # Salesforce: field-level security belongs to a permission set; a HubSpot app has all that its scopes give.
        grantable=salesforce and field.custom and not field.native_type.startswith(_COMPUTED),
        # Salesforce: standard fields are not CustomField, which is all that the Tooling API lets us change.
        changeable=not field.managed and (field.custom or not salesforce),
        custom=field.custom,
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
    )


def extended(held: FieldDefinition, wanted: DesiredField) -> FieldDefinition:
    """Somebody else's definition as it stands, with the options of the contract that it lacks or has retired."""
    there = {option.value for option in held.options}
    ours = {option.value for option in wanted.options}
    kept = [replace(option, active=option.active or option.value in ours) for option in held.options]
    lacking = [_option(option) for option in wanted.options if option.value not in there]
    options = [replace(option, order=place) for place, option in enumerate([*kept, *lacking])]
    return replace(held, options=tuple(options))


def _option(option: DesiredOption) -> OptionDefinition:
    return OptionDefinition(
        value=option.value, label=option.label, order=option.order, description=option.description or None
    )


# -- reading and writing ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """One System's definitions against the mapping, as they stand now."""

    #: With the vendor's own fields in their place.
    mapping: FieldMapping
    schema: ObjectSchema
    lines: tuple[Line, ...]


class Provisioner:
    """Brings the account fields of every System in order. The caller holds the lease."""

    def __init__(
        self,
        connectors: Mapping[str, Connector],
        ledger: Ledger,
        mapping: FieldMapping,
        *,
        clock: Callable[[], datetime],
        only: Collection[str] | None = None,
    ) -> None:
        self.connectors = connectors
        self.ledger = ledger
        self.mapping = mapping
        self._clock = clock
        #: The canonical fields that are worked on; None for everything.
        self._only = only
        self._surveys: dict[str, Survey] = {}

    def plan(self) -> DefinitionPlan:
        """What applying would do. Nothing is written to any System."""
        identities = identify(self.connectors, self.ledger)
        self._surveys = {
            name: survey(connector, self.mapping, settling=self._settling(name))
            for name, connector in self.connectors.items()
        }
        return DefinitionPlan(
            created_at=self._clock(),
            identities={name: identity.id for name, identity in identities.items()},
            lines=tuple(
                line
                for found in self._surveys.values()
                for line in found.lines
                if self._only is None or line.canonical in self._only
            ),
        )

    def found(self, system: str) -> Survey:
        """What the last plan found in a System."""
        return self._surveys[system]

    def apply(self, plan: DefinitionPlan) -> DefinitionPlan:
        """Carry out the plan that :meth:`plan` just gave, and read all definitions again.

        Fields first, then grants; each step may be repeated. One System that fails does not stop the others.
        Raises ``DefinitionsRefused`` before the first write where a person must mend something first, and
        afterwards where a step failed or a field is still missing, wrong or hidden. What is answered may hold
        steps: a field that was hidden shows only now where else it differs, and nobody has agreed to that yet.
        """
        refuse_problems(plan)
        errors = [
            error
            for name in self.connectors
            for error in self._carry_out(name, [line for line in plan.steps if line.system == name])
        ]
        if errors:
            raise _failed(errors)
        after = self.plan() if plan.steps else plan
        for name, found in self._surveys.items():
            remember_builtin_fields(self.mapping, name, found.schema.fields, self.ledger)
        shown = {(line.system, line.field) for line in plan.steps if line.action is Action.GRANT}
        _refuse_unfinished(
            line
            for line in after.lines
            if line.action is not Action.CHANGE or (line.system, line.field) not in shown
        )
        return after

    def _carry_out(self, system: str, steps: list[Line]) -> list[ConnectorError]:
        """One System's steps. A field that is refused does not stop the others; anything worse ends this System."""
        connector, found = self.connectors[system], self._surveys[system]
        object = found.mapping.systems[system].account_object
        wanted = {field.name: field for field in found.mapping.definitions(system)}
        asked = {
            action: dict.fromkeys(line.field for line in steps if line.action is action) for action in STEPS
        }
        errors: list[ConnectorError] = []
        written: dict[str, DesiredField] = {}
        try:
            for name in (*asked[Action.CREATE], *asked[Action.CHANGE]):
                try:
                    if name in asked[Action.CREATE]:
                        connector.create_field(object, definition_of(wanted[name]))
                    elif wanted[name].create:
                        connector.update_field(object, definition_of(wanted[name]))
                    else:
                        connector.update_field(object, extended(found.schema.fields[name], wanted[name]))
                    written[name] = wanted[name]
                except Rejected as error:
                    errors.append(_about(system, error, name))
            created = [name for name in asked[Action.CREATE] if name in written]
            to_grant = list(dict.fromkeys((*created, *asked[Action.GRANT])))
            if to_grant:
                connector.grant(object, to_grant)
        except ConnectorError as error:
            errors.append(_about(system, error))
        finally:
            self._note_written(system, written)
        return errors

    # -- what is still settling ----------------------------------------------------------------------------

    def _note_written(self, system: str, written: Mapping[str, DesiredField]) -> None:
        """Remember what was written and when, for a CRM whose definitions are read late."""
        if self.connectors[system].kind == SystemKind.HUBSPOT and written:
            note = {
                "at": self._clock().isoformat(),
                "fields": {
                    **self._settling(system),
                    **{name: _digest(field) for name, field in written.items()},
                },
            }
            self.ledger.notes.set(f"provisioned:{system}", json.dumps(note))

    def _settling(self, system: str) -> Mapping[str, str]:
        note = self.ledger.notes.get(f"provisioned:{system}")
        if note is None:
            return {}
        data = json.loads(note)
        recent = self._clock() - datetime.fromisoformat(data["at"]) < SETTLING
        return dict(data["fields"]) if recent else {}


def survey(
    connector: Connector, mapping: FieldMapping, *, settling: Mapping[str, str] | None = None
) -> Survey:
    """Read one System's definitions and compare them. ``settling``: fields written moments ago, with the digest of
    what was written; a field that should by now be otherwise is not among them."""
    name = connector.name
    schema = connector.schema(mapping.systems[name].account_object)
    mapping = mapping.with_builtin(name, schema.fields)
    wanted = {field.name: _digest(field) for field in mapping.definitions(name)}
    fresh = {field for field, digest in (settling or {}).items() if wanted.get(field) == digest}
    lines = compare(mapping, name, standing_of(schema, connector.kind), fresh)
    return Survey(mapping=mapping, schema=schema, lines=lines)


def _digest(wanted: DesiredField) -> str:
    return hashlib.sha256(repr(wanted).encode()).hexdigest()


def refuse_problems(plan: DefinitionPlan) -> None:
    """``DefinitionsRefused`` with everything that a person must mend first."""
    refuse_problems_in(plan.lines)


def refuse_problems_in(lines: Iterable[Line]) -> None:
    """The same for the findings about one System."""
    problems = [line for line in lines if line.blocks]
    if problems:
        told = [f"  {_sentence(line)} {line.remedy}" for line in problems]
        raise DefinitionsRefused(
            "\n".join(["Nothing was written: these fields cannot be brought into order by Tandem.", *told]),
            remedy="Mend these, then run: tandem provision plan",
        )


def _refuse_unfinished(lines: Iterable[Line]) -> None:
    left = [line for line in lines if line.blocks or line.action in STEPS]
    if left:
        raise DefinitionsRefused(
            "\n".join(
                ["Everything was written, and yet:", *(f"  {_sentence(line)} {line.remedy}" for line in left)]
            ),
            remedy="Give the connected user the rights that are missing (tandem doctor tells them), "
            "then run again: tandem provision apply",
        )


def _about(system: str, error: ConnectorError, field: str = "") -> ConnectorError:
    """The error, with its System's name and the field in front."""
    where = " ".join(part for part in (system, field) if part)
    return ConnectorError(f"{where}: {error}", code=error.code, remedy=error.remedy)


def _failed(errors: Iterable[ConnectorError]) -> DefinitionsRefused:
    told = [f"  {error} {error.remedy or ''}".rstrip() for error in errors]
    return DefinitionsRefused(
        "\n".join(["Not everything could be written; what was written stays:", *told]),
        remedy="Mend this, then run again: tandem provision apply. Steps that are done are not repeated.",
    )


def _sentence(line: Line) -> str:
    sides = f" ({line.attribute}: {line.stands} → {line.should})" if line.attribute and line.should else ""
    what = line.reason or line.stands
    return f"{line.system} {line.field}{sides}: {what}."
