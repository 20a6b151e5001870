"""What the definition of each field should be in a System: pure data for provisioning."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from mappings.fields import CanonicalField, DirectionKind, FieldType, Option
from mappings.systems import Group, NativeField, SystemKind, SystemMapping

#: The widest id that Tandem writes is a UUID of 36 characters; the rest is head room.
EXTERNAL_ID_LENGTH = 64

#: HubSpot: properties, ``fieldType`` by what a property holds.
_SHOWN_AS: Mapping[FieldType, str] = {
    FieldType.TEXT: "text",
    FieldType.NUMBER: "number",
    FieldType.CURRENCY: "number",
    FieldType.BOOLEAN: "booleancheckbox",
    FieldType.ENUM: "select",
    FieldType.MULTI_ENUM: "checkbox",
    FieldType.DATE: "date",
    FieldType.DATETIME: "date",
    FieldType.USER: "select",
}
#: A longer text is a long text area.
_TRACKED_LENGTH = 255

EXTERNAL_ID_LABEL = "Tandem Id"
EXTERNAL_ID_HELP = "Written by Tandem to recognise this account. Do not edit."


@dataclass(frozen=True, kw_only=True)
class FieldLimits:
    """How much one System's field holds; None where nothing is known or nothing limits it."""

    length: int | None = None
    precision: int | None = None
    scale: int | None = None


@dataclass(frozen=True, kw_only=True)
class DesiredOption:
    """One option as this System should have it; `order` counts from 0."""

    value: str
    label: str
    order: int
    description: str = ""


@dataclass(frozen=True, kw_only=True)
class DesiredField:
    """One native field definition as it should be; the connector turns it into the CRM's own words."""

    #: None for the external id, which is no canonical field.
    canonical: str | None
    name: str
    label: str
    help: str
    type: FieldType
    length: int | None = None
    precision: int | None = None
    scale: int | None = None
    options: tuple[DesiredOption, ...] = ()
    #: The System should refuse values outside `options` (Salesforce restricted picklist).
    restricted: bool = False
    unique: bool = False
    external_id: bool = False
    required: bool = False
    group: Group | None = None
    #: HubSpot: how people fill it in; empty elsewhere.
    shown_as: str = ""
    #: May Tandem create it? False for fields of the vendor or of another team.
    create: bool = True
    #: The System should keep its former values (True), or need not (False); None where nobody cares.
    tracked: bool | None = None
    #: Further values of the System that mean an option of ours: read as such, never written, left in place.
    read_as: tuple[str, ...] = ()


def limits(canonical: CanonicalField, native: NativeField) -> FieldLimits:
    """What this System's field holds.

    For a Salesforce field that Tandem itself creates, an unset limit gets the value the
    definition will be created with, because Salesforce demands one.
    """
    length = native.length if native.length is not None else canonical.length
    precision = native.precision if native.precision is not None else canonical.precision
    scale = native.scale if native.scale is not None else canonical.scale
    if native.kind is SystemKind.SALESFORCE and native.create:
        if canonical.type is FieldType.TEXT:
            length = length if length is not None else 255
        if canonical.type.is_numeric:
            precision = precision if precision is not None else 18
            default_scale = 2 if canonical.type is FieldType.CURRENCY else 6
            scale = scale if scale is not None else min(default_scale, precision)
    return FieldLimits(length=length, precision=precision, scale=scale)


def desired_fields(fields: tuple[CanonicalField, ...], system: SystemMapping) -> tuple[DesiredField, ...]:
    """The external id first, then every canonical field that this System keeps, in mapping order."""
    external_id = DesiredField(
        canonical=None,
        name=system.identity.external_id,
        label=EXTERNAL_ID_LABEL,
        help=EXTERNAL_ID_HELP,
        type=FieldType.TEXT,
        length=EXTERNAL_ID_LENGTH,
        unique=True,
        external_id=True,
        group=system.group,
        shown_as=_SHOWN_AS[FieldType.TEXT] if system.kind is SystemKind.HUBSPOT else "",
    )
    kept = ((canonical, system.fields.get(canonical.name)) for canonical in fields)
    return (
        external_id,
        *(_desired(canonical, native, system.group) for canonical, native in kept if native),
    )


def _desired(canonical: CanonicalField, native: NativeField, group: Group | None) -> DesiredField:
    room = limits(canonical, native)
    options = [
        (native.values[option.value], native.labels.get(option.value, option.label), option)
        for option in canonical.options
        if option.value in native.values
    ]
    if canonical.type is FieldType.BOOLEAN:
        # Spelled out in this System, a yes or no is a choice of two values.
        options = [
            (value, value, Option(value=key, label=value, order=0)) for key, value in native.values.items()
        ]
    return DesiredField(
        canonical=canonical.name,
        name=native.name,
        label=native.label if native.label is not None else canonical.label,
        help=native.help if native.help is not None else _help(canonical, native),
        type=_type(canonical, native),
        length=room.length,
        precision=room.precision,
        scale=room.scale,
        options=tuple(
            DesiredOption(value=value, label=label, order=order, description=option.description)
            for order, (value, label, option) in enumerate(options)
        ),
        restricted=canonical.type.has_options,
        unique=native.unique,
        required=native.required,
        group=group,
        shown_as=_SHOWN_AS[_type(canonical, native)] if native.kind is SystemKind.HUBSPOT else "",
        create=native.create,
        tracked=_tracked(canonical, native, room),
        read_as=tuple(native.read_as),
    )


def _tracked(canonical: CanonicalField, native: NativeField, room: FieldLimits) -> bool | None:
    """By default a field of ours that people edit too: what Tandem alone writes stands in its ledger."""
    if native.kind is not SystemKind.SALESFORCE or native.track_history is not None:
        return native.track_history
    # Salesforce Help, "Field History Tracking": of these it keeps that they changed, and not from what.
    wordless = canonical.type is FieldType.MULTI_ENUM or (room.length or 0) > _TRACKED_LENGTH
    pushed = canonical.rule.direction.kind in (DirectionKind.PUSH, DirectionKind.NONE)
    return True if native.create and not wordless and not pushed else None


def _type(canonical: CanonicalField, native: NativeField) -> FieldType:
    if native.stored_as_datetime:
        return FieldType.DATETIME
    return FieldType.ENUM if canonical.type is FieldType.BOOLEAN and native.values else canonical.type


def _help(canonical: CanonicalField, native: NativeField) -> str:
    """The canonical help; on a ladder with the entry criteria, so that they stand where people choose a rung."""
    if not canonical.ladder:
        return canonical.help
    rungs = [
        Rung(
            label=native.labels.get(option.value, option.label),
            owner=option.owner,
            criteria=option.description,
        )
        for option in canonical.options
        if option.value in native.values
    ]
    limit = SALESFORCE_HELP_LENGTH if native.kind is SystemKind.SALESFORCE else None
    return help_with_criteria(canonical.help, rungs, limit)


#: Salesforce: Metadata API, "CustomField", ``inlineHelpText``.
SALESFORCE_HELP_LENGTH = 510

_MARK = " • "
#: Fewer characters of a criterion than this say nothing.
_LEAST = 24


@dataclass(frozen=True, kw_only=True)
class Rung:
    """One rung as people see it: its label, the team that moves accounts there, what must be true before."""

    label: str
    owner: str
    criteria: str


def help_with_criteria(text: str, rungs: Sequence[Rung], limit: int | None) -> str:
    """The help of a ladder with what every rung asks for. ``limit``: the most characters, None for any number.

    What does not fit goes in this order: the owners, the help itself, the ends of the longest criteria. Where not even
    that is enough, the help stands alone: labels without criteria would only look as if they said something.
    """
    told = [rung for rung in rungs if rung.criteria]
    if not told:
        return text
    for candidate in _shorter_and_shorter(text, told, limit):
        if limit is None or len(candidate) <= limit:
            return candidate
    return text


def _shorter_and_shorter(text: str, rungs: Sequence[Rung], limit: int | None) -> Iterator[str]:
    plain = [rung.criteria for rung in rungs]
    yield _joined(text, rungs, plain, owners=True)
    yield _joined(text, rungs, plain, owners=False)
    yield _joined("", rungs, plain, owners=False)
    if limit is not None:
        room = limit - len(_joined("", rungs, [""] * len(rungs), owners=False))
        if room >= _LEAST * len(rungs):
            yield _joined("", rungs, _cut_to(plain, room), owners=False)


def _joined(text: str, rungs: Sequence[Rung], criteria: Sequence[str], *, owners: bool) -> str:
    parts = [text] if text else []
    for rung, words in zip(rungs, criteria, strict=True):
        owner = f" ({rung.owner})" if owners and rung.owner else ""
        parts.append(f"{rung.label}{owner}: {words}")
    return _MARK.join(parts)


def _cut_to(texts: Sequence[str], room: int) -> list[str]:
    """The texts, the longest of them cut to one length, so that all together have at most ``room`` characters."""
    most = max(map(len, texts))
    while sum(min(len(text), most) for text in texts) > room:
        most -= 1
    return [text if len(text) <= most else f"{text[: most - 1].rstrip()}…" for text in texts]
