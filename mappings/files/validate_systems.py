"""A System's written spelling -> SystemMapping, with everything that is wrong with it."""

from __future__ import annotations

import re
from collections import abc
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel

from mappings.definitions import SALESFORCE_HELP_LENGTH
from mappings.fields import CanonicalField, FieldType
from mappings.files.schema import NativeWritten, SystemFile
from mappings.files.validate_fields import SALESFORCE_OPTION_LENGTH, Say, judge_digits
from mappings.files.yaml_lines import Path
from mappings.systems import (
    Group,
    IdentityFields,
    NativeField,
    OpportunityNames,
    SystemKind,
    SystemMapping,
)

_SALESFORCE_LABEL_LENGTH = 40
_SALESFORCE_NAME_LENGTH = 40
#: A longer text is a long text area, which cannot be unique.
_SALESFORCE_UNIQUE_LENGTH = 255
_SALESFORCE_CUSTOM = "__c"
_SALESFORCE_PART = re.compile(r"[A-Za-z][A-Za-z0-9]*(?:_[A-Za-z0-9]+)*\Z")
_SALESFORCE_ANY = re.compile(r"[A-Za-z][A-Za-z0-9_]*\Z")
#: Salesforce: "Picklist Limitations". HubSpot: properties, "up to 5,000 options".
_MOST_VALUES = {SystemKind.SALESFORCE: 1000, SystemKind.HUBSPOT: 5000}
_MOST_SALESFORCE_CHOICES = 500
_HUBSPOT_NAME = re.compile(r"[a-z][a-z0-9_]{0,99}\Z")


@dataclass(frozen=True, kw_only=True)
class Canon:
    """The canonical fields that a System may spell; `broken` ones are reported elsewhere."""

    fields: abc.Mapping[str, CanonicalField]
    broken: frozenset[str]


#: What a boolean may be spelled as where a System keeps it in a picklist or a text.
YES_AND_NO = ("true", "false")


def judge_system(name: str, kind: SystemKind, written: SystemFile, canon: Canon, say: Say) -> SystemMapping:
    """`written` is complete: the built-in file of the kind lies under whatever people wrote."""
    identity = _identity(written)
    judge_name(("identity", "external_id"), kind, identity.external_id, create=True, say=say)
    group = Group(**_given(written.group)) if written.group is not None else None
    if group is not None:
        _judge_group(kind, group, say)
    fields: dict[str, NativeField] = {}
    for canonical_name, native in (written.fields or {}).items():
        at: Path = ("fields", canonical_name)
        canonical = canon.fields.get(canonical_name)
        if canonical is None:
            if canonical_name not in canon.broken:
                _unknown_field(at, canonical_name, canon, say)
        elif (spelled := _native(at, kind, canonical, native, say)) is not None:
            fields[canonical_name] = spelled
    _judge_uniqueness(name, kind, identity, fields, say)
    return SystemMapping(
        name=name,
        kind=kind,
        account_object=written.account_object or "",
        opportunity_object=written.opportunity_object or "",
        identity=identity,
        opportunity=OpportunityNames(**_given(written.opportunity)),
        fields={key: fields[key] for key in canon.fields if key in fields},
        stages=dict(written.stages or {}),
        group=group,
    )


def _identity(written: SystemFile) -> IdentityFields:
    given = _given(written.identity)
    domain = given.pop("domain")
    first, *more = [domain] if isinstance(domain, str) else domain
    return IdentityFields(domain=first, more_domains=tuple(more), **given)


def _given(written: BaseModel | None) -> dict[str, Any]:
    return written.model_dump(exclude_none=True) if written is not None else {}


def _unknown_field(at: Path, name: str, canon: Canon, say: Say) -> None:
    # For who mistyped a name, and for nobody else.
    import difflib  # noqa: PLC0415

    close = difflib.get_close_matches(name, canon.fields, n=1)
    hint = f"Did you mean {close[0]}?" if close else "Describe it in canonical.yaml."
    say(at, f"there is no canonical field {name}", hint)


def _native(
    at: Path, kind: SystemKind, canonical: CanonicalField, written: NativeWritten, say: Say
) -> NativeField | None:
    name = written.name
    if name is None:
        say(at, f"{canonical.name} has no name here", "Add name: the field's API name.")
        return None
    create = written.create if written.create is not None else True
    judge_name((*at, "name"), kind, name, create=create, say=say)
    if written.builtin is not None:
        judge_name((*at, "builtin"), kind, written.builtin, create=False, say=say)
    if create and kind is SystemKind.SALESFORCE:
        _judge_shown_text(at, canonical, written, say)
    if written.unique and canonical.type not in (FieldType.TEXT, FieldType.NUMBER):
        say((*at, "unique"), f"{canonical.type.noun} cannot be unique", "Remove unique.")
    if written.unique and create and kind is SystemKind.SALESFORCE and canonical.type is FieldType.TEXT:
        _judge_unique_text(at, canonical, written, say)
    _judge_time(at, canonical, written, say)
    if written.track_history is not None and kind is SystemKind.HUBSPOT:
        say((*at, "track_history"), "HubSpot keeps the history of every property", "Remove track_history.")
    _judge_native_limits(at, canonical, written, say)
    values = _values(at, canonical, written, say)
    if create:
        _judge_number_of_values(at, kind, canonical, values, say)
        _judge_lengths(at, kind, written, say)
    return NativeField(
        name=name,
        kind=kind,
        values=values,
        read_as=_read_as(at, canonical, written, values, say),
        labels=_labels(at, canonical, written, say),
        label=written.label,
        help=written.help,
        create=create,
        builtin=written.builtin,
        required=bool(written.required),
        unique=bool(written.unique),
        stored_as_datetime=bool(written.stored_as_datetime),
        zone=written.zone if written.zone is not None else "UTC",
        track_history=written.track_history,
        length=written.length,
        precision=written.precision,
        scale=written.scale,
    )


# --- names -----------------------------------------------------------------------------------


def judge_name(at: Path, kind: SystemKind, name: str, *, create: bool, say: Say) -> None:
    """Would the CRM take this API name? Stricter for a field that Tandem has to create."""
    if kind is SystemKind.HUBSPOT:
        _judge_hubspot_name(at, name, create=create, say=say)
    else:
        _judge_salesforce_name(at, name, create=create, say=say)


def _judge_hubspot_name(at: Path, name: str, *, create: bool, say: Say) -> None:
    if not _HUBSPOT_NAME.match(name):
        say(
            at,
            f"HubSpot refuses the name {name!r}",
            "Begin with a small letter; then small letters, digits and underscores, 100 in all.",
        )
    elif create and name.startswith("hs_"):
        remedy = "Choose another name, or add create: false when the portal has it."
        say(at, f"{name} begins with hs_, which HubSpot keeps for itself", remedy)


def _judge_salesforce_name(at: Path, name: str, *, create: bool, say: Say) -> None:
    if not create:
        if not _SALESFORCE_ANY.match(name):
            remedy = "Use the field's API name: letters, digits and underscores."
            say(at, f"Salesforce has no names like {name!r}", remedy)
        return
    base = name.removesuffix(_SALESFORCE_CUSTOM)
    if base == name:
        remedy = f"Write {name}__c, or add create: false when {name} is a standard field."
        say(at, f"Tandem cannot create {name}: a custom field ends in __c", remedy)
    elif not _SALESFORCE_PART.match(base):
        say(
            at,
            f"Salesforce refuses the name {name!r}",
            "Begin with a letter; then letters, digits and single underscores, none at the end.",
        )
    elif len(base) > _SALESFORCE_NAME_LENGTH:
        remedy = f"Salesforce takes {_SALESFORCE_NAME_LENGTH} before __c."
        say(at, f"{name} has {len(base)} characters before __c", remedy)


def _judge_group(kind: SystemKind, group: Group, say: Say) -> None:
    if kind is SystemKind.SALESFORCE:
        say(("group",), "Salesforce fields have no group", "Remove group.")
    else:
        _judge_hubspot_name(("group", "name"), group.name, create=True, say=say)


def _judge_uniqueness(
    system: str, kind: SystemKind, identity: IdentityFields, fields: dict[str, NativeField], say: Say
) -> None:
    taken: dict[str, tuple[str, Path]] = {}

    def take(at: Path, native_name: str, use: str) -> None:
        # Salesforce tells no names apart by case.
        key = native_name.casefold() if kind is SystemKind.SALESFORCE else native_name
        if key in taken:
            other, other_at = taken[key]
            message = f"{native_name} of {system} is used for {other} and for {use}"
            say(at, message, "Give each a native field of its own.", or_at=other_at)
        else:
            taken[key] = (use, at)

    take(("identity", "external_id"), identity.external_id, "the external id")
    take(("identity", "name"), identity.name, "the account's name")
    for native_name in (identity.domain, *identity.more_domains):
        take(("identity", "domain"), native_name, "the account's domain")
    for canonical_name, native in fields.items():
        take(("fields", canonical_name, "name"), native.name, canonical_name)
        if native.builtin is not None:
            take(("fields", canonical_name, "builtin"), native.builtin, canonical_name)


# --- options ---------------------------------------------------------------------------------


def _known(canonical: CanonicalField) -> list[str]:
    """The values that a System may spell in its own way."""
    if canonical.type is FieldType.BOOLEAN:
        return list(YES_AND_NO)
    return list(dict.fromkeys(option.value for option in canonical.options))


def _values(at: Path, canonical: CanonicalField, written: NativeWritten, say: Say) -> dict[str, str]:
    """Canonical -> native, complete: an option that is not named is spelled as it is."""
    given = written.values or {}
    known = _known(canonical)
    if given and not known and not canonical.type.has_options:
        say((*at, "values"), f"{canonical.type.noun} has no values to spell", "Remove values.")
    if not canonical.type.has_options and not (given and known):
        return {}
    for key in given:
        if key not in known:
            message = f"{canonical.name} has no value {key!r}"
            say((*at, "values", key), message, f"Its values are {', '.join(known)}.")
    spelled: dict[str, str] = {}
    meaning: dict[str, str] = {}
    for key in known:
        native = given.get(key, key)
        if native is None:
            continue
        here: Path = (*at, "values", key)
        if native in meaning:
            message = f"{meaning[native]} and {key} are both spelled {native!r}"
            say(here, message, "What is read back must mean one of them: spell them apart.")
            continue
        if ";" in native:
            say(here, f"{native!r} contains ';'", "Both CRMs part values with it.")
        spelled[key] = native
        meaning[native] = key
    return spelled


def _read_as(
    at: Path, canonical: CanonicalField, written: NativeWritten, values: dict[str, str], say: Say
) -> dict[str, str]:
    """Further values of the System -> the option that each means."""
    given = written.read_as or {}
    known = _known(canonical)
    if given and not known and not canonical.type.has_options:
        say((*at, "read_as"), f"{canonical.type.noun} has no values to read", "Remove read_as.")
        return {}
    if given and not values and known == list(YES_AND_NO):
        say((*at, "read_as"), "a boolean that is not spelled out has no values to read", "Add values.")
        return {}
    read: dict[str, str] = {}
    for native, key in given.items():
        here: Path = (*at, "read_as", native)
        if key not in known:
            say(here, f"{canonical.name} has no value {key!r}", f"Its values are {', '.join(known)}.")
        elif values.get(key) != native and native in values.values():
            meant = next(option for option, spelled in values.items() if spelled == native)
            say(here, f"{native!r} already means {meant}", "Remove it here, or spell that one otherwise.")
        elif values.get(key) != native:
            read[native] = key
    return read


def _judge_number_of_values(
    at: Path, kind: SystemKind, canonical: CanonicalField, values: dict[str, str], say: Say
) -> None:
    several = canonical.type is FieldType.MULTI_ENUM and kind is SystemKind.SALESFORCE
    most = _MOST_SALESFORCE_CHOICES if several else _MOST_VALUES[kind]
    if len(values) > most:
        name = "Salesforce" if kind is SystemKind.SALESFORCE else "HubSpot"
        say(at, f"{canonical.name} has {len(values):,} values", f"{name} takes {most:,} in one field.")
    if kind is SystemKind.SALESFORCE:
        seen: dict[str, str] = {}
        for key, native in values.items():
            other = seen.setdefault(native.casefold(), native)
            if other != native:
                message = f"{other!r} and {native!r} differ in capitals alone"
                say((*at, "values", key), message, "Salesforce takes them for one value: spell them apart.")


def _judge_lengths(at: Path, kind: SystemKind, written: NativeWritten, say: Say) -> None:
    """Values and labels of this System alone; the canonical ones are judged where they stand."""
    if kind is not SystemKind.SALESFORCE:
        return
    for part, given in (("value", written.values), ("label", written.labels)):
        for key, text in (given or {}).items():
            if text is not None and len(text) > SALESFORCE_OPTION_LENGTH:
                message = f"this {part} has {len(text)} characters"
                say((*at, f"{part}s", key), message, f"Salesforce takes {SALESFORCE_OPTION_LENGTH}.")


def _labels(at: Path, canonical: CanonicalField, written: NativeWritten, say: Say) -> dict[str, str]:
    given = written.labels or {}
    for key in given:
        if canonical.option(key) is None:
            message = f"{canonical.name} has no value {key!r} to label"
            say((*at, "labels", key), message, "Use the canonical values as keys.")
    shown: set[str] = set()
    for option in canonical.options:
        label = given.get(option.value, option.label)
        if label.casefold() in shown and option.value in given:
            here: Path = (*at, "labels", option.value)
            say(here, f"the label {label!r} is used twice", "Give each value a label of its own.")
        shown.add(label.casefold())
    return dict(given)


# --- the rest of a definition ----------------------------------------------------------------


def _judge_shown_text(at: Path, canonical: CanonicalField, written: NativeWritten, say: Say) -> None:
    label = written.label if written.label is not None else canonical.label
    if len(label) > _SALESFORCE_LABEL_LENGTH:
        say(
            (*at, "label"),
            f"the label {label!r} has {len(label)} characters",
            f"Salesforce takes {_SALESFORCE_LABEL_LENGTH}: shorten it, or add a shorter label in salesforce.yaml.",
        )
    shown = written.help if written.help is not None else canonical.help
    if len(shown) > SALESFORCE_HELP_LENGTH:
        say(
            (*at, "help"),
            f"the help of {canonical.name} has {len(shown)} characters",
            f"Salesforce takes {SALESFORCE_HELP_LENGTH}: shorten it, or add a shorter help in salesforce.yaml.",
        )


def _judge_unique_text(at: Path, canonical: CanonicalField, written: NativeWritten, say: Say) -> None:
    length = written.length if written.length is not None else canonical.length
    if length is not None and length > _SALESFORCE_UNIQUE_LENGTH:
        say(
            (*at, "unique"),
            f"{canonical.name} holds {length:,} characters, and no two records the same",
            f"Salesforce takes {_SALESFORCE_UNIQUE_LENGTH} in a unique field: shorten it, or remove unique.",
        )


def _judge_time(at: Path, canonical: CanonicalField, written: NativeWritten, say: Say) -> None:
    if written.stored_as_datetime and canonical.type is not FieldType.DATE:
        message = f"{canonical.name} is {canonical.type.noun}, not a date"
        say((*at, "stored_as_datetime"), message, "Remove stored_as_datetime.")
    if written.zone is None:
        return
    if not written.stored_as_datetime:
        remedy = "Remove zone, or add stored_as_datetime: true."
        say((*at, "zone"), "zone does nothing for a field that keeps no times", remedy)
    try:
        ZoneInfo(written.zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        message = f"there is no time zone {written.zone!r}"
        say((*at, "zone"), message, "Use a name like Europe/Berlin, or UTC.")


def _judge_native_limits(at: Path, canonical: CanonicalField, written: NativeWritten, say: Say) -> None:
    if written.length is not None and canonical.type is not FieldType.TEXT:
        say((*at, "length"), f"{canonical.type.noun} has no length", "Remove length.")
    if canonical.type.is_numeric:
        precision = written.precision if written.precision is not None else canonical.precision
        scale = written.scale if written.scale is not None else canonical.scale
        judge_digits(at, precision, scale, say)
        return
    for key in ("precision", "scale"):
        if getattr(written, key) is not None:
            say((*at, key), f"{canonical.type.noun} has no {key}", f"Remove {key}.")
