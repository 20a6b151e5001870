"""Taking over a field that a System has already: what speaks against it, and what its values mean. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from mappings.definitions import limits
from mappings.fields import CanonicalField, FieldType
from mappings.systems import NativeField, SystemKind, SystemMapping
from provision.fields.state import StandingField
from provision.wording.similarity import Candidate, nearest, plain

#: Canonical type -> types of a System's field that can hold it.
_HOLDS: Mapping[FieldType, frozenset[FieldType]] = {
    FieldType.TEXT: frozenset({FieldType.TEXT}),
    FieldType.NUMBER: frozenset({FieldType.NUMBER, FieldType.CURRENCY}),
    FieldType.CURRENCY: frozenset({FieldType.NUMBER, FieldType.CURRENCY}),
    FieldType.BOOLEAN: frozenset({FieldType.BOOLEAN, FieldType.ENUM, FieldType.TEXT}),
    FieldType.ENUM: frozenset({FieldType.ENUM, FieldType.TEXT}),
    FieldType.MULTI_ENUM: frozenset({FieldType.MULTI_ENUM}),
    FieldType.DATE: frozenset({FieldType.DATE, FieldType.DATETIME}),
    FieldType.DATETIME: frozenset({FieldType.DATETIME}),
    FieldType.USER: frozenset({FieldType.USER}),
}
_YES = frozenset({"yes", "y", "true", "t", "1", "on", "x", "ja", "oui", "si", "sim", "tak", "wahr", "target"})
_NO = frozenset({"no", "n", "false", "f", "0", "off", "nein", "non", "nao", "nie", "falsch"})
#: Salesforce: Metadata API, "CustomField": a text of more than 255 characters.
_LONG_TEXT = "LongTextArea"
#: A customer's number may well be unique.
_MAY_BE_UNIQUE = frozenset({FieldType.TEXT, FieldType.NUMBER})
_NUMBER = re.compile(r"\d+")


@dataclass(frozen=True, slots=True, kw_only=True)
class ValueSpelling:
    """One value of the field, as its System spells it."""

    value: str
    #: Records that hold it; None where nobody can count them.
    records: int | None
    #: It is one of the picklist's active values.
    offered: bool
    #: The canonical value; None where nobody can tell.
    means: str | None
    #: It is written for that value, and not only read as it.
    written: bool = False
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Adoption:
    """What the mapping would say of the field."""

    field: str
    system: str
    name: str
    native_type: str
    spellings: tuple[ValueSpelling, ...]
    #: Records with further values that the System did not name.
    others: int
    #: Canonical values that nothing there is spelled as; they are written as told here.
    new: Mapping[str, str]
    #: Canonical values that nothing there is spelled as, and that Tandem may not add there.
    lacking: tuple[str, ...]
    #: The entry below ``fields: FIELD:``.
    keys: Mapping[str, Any]
    #: The field offers values, and is no text that takes any.
    is_choice: bool


def refusals(
    canonical: CanonicalField,
    held: StandingField,
    system: SystemMapping,
    *,
    written: bool,
    managed: bool,
) -> list[str]:
    """Everything that speaks against taking the field over; each a sentence with its remedy."""
    found: list[str] = []
    what = f"{held.name} of {system.name}"
    used = {
        system.identity.name: "the account's name",
        **dict.fromkeys((system.identity.domain, *system.identity.more_domains), "the account's domain"),
        system.identity.external_id: "Tandem's own id",
        **{native.name: name for name, native in system.fields.items() if name != canonical.name},
    }
    if held.name in used:
        found.append(f"{what} is used for {used[held.name]} already. Name another field.")
    if held.type not in _HOLDS[canonical.type]:
        able = ", ".join(sorted(_HOLDS[canonical.type]))
        found.append(
            f"{what} is of type {held.native_type or held.type}, and {canonical.name} is {canonical.type.noun}. "
            f"Name a field that holds {able}."
        )
    if managed and system.kind is SystemKind.SALESFORCE:
        found.append(
            f"{what} belongs to an installed package, whose next version may change or remove it. "
            "Name a field of your own."
        )
    if written and not held.writable:
        if not held.grantable:
            found.append(
                f"{what} is read only: the System computes or locks it ({held.native_type}). Name another field, "
                f"or give {canonical.name} the rule `direction: from_{system.name}`."
            )
        else:
            found.append(
                f"{what} may not be written by the connected user. "
                "Give it the right to edit the field, then run again."
            )
    if held.type in _HOLDS[canonical.type]:
        found += _narrow(canonical, held, system)
        if held.native_type == _LONG_TEXT and has_spellings(canonical, held):
            found.append(
                f"{what} is a long text, by which Salesforce neither counts nor filters records. "
                "Name a text of at most 255 characters, or a picklist."
            )
    if held.unique and canonical.type not in _MAY_BE_UNIQUE:
        found.append(
            f"{what} takes a value once, and many accounts share a value of {canonical.name}. "
            "Name a field that is not unique."
        )
    return found


def misnamed(
    canonical: CanonicalField, found: Adoption, given: Mapping[str, str], system: SystemMapping
) -> list[str]:
    """Values and meanings that a person named and that there are not. ``given``: what was said that they mean."""
    keys = _keys(canonical)
    wrong = [
        f"{value!r} cannot mean {key!r}: {canonical.name} has no such value. Name one of {', '.join(keys)}."
        for value, key in given.items()
        if key not in keys
    ]
    wrong += [
        f"No record holds {one.value!r}, and {found.name} of {system.name} does not offer it. Look how it is spelled."
        for one in found.spellings
        if one.value in given and one.records == 0 and not one.offered and not found.others
    ]
    return wrong


def meaningless(canonical: CanonicalField, found: Adoption, system: SystemMapping) -> list[str]:
    """What speaks against a field of whose values none means anything."""
    keys = _keys(canonical)
    wrong = []
    if found.spellings and all(one.means is None for one in found.spellings):
        several = len(found.spellings)
        wrong.append(
            f"None of the {several:,} values of {found.name} of {system.name} means a value of {canonical.name} "
            f"({', '.join(keys)}). Name another field, or say what they mean: "
            f'--means "{found.spellings[0].value}={keys[0]}"'
        )
    return wrong


def _narrow(canonical: CanonicalField, held: StandingField, system: SystemMapping) -> list[str]:
    room = limits(canonical, NativeField(name=held.name, kind=system.kind, create=False))
    found = []
    if room.length is not None and held.length is not None and held.length < room.length:
        found.append((f"{held.length} characters", f"{room.length}"))
    if room.precision is not None and held.precision is not None:
        digits, scale = room.precision - (room.scale or 0), room.scale or 0
        if held.precision - (held.scale or 0) < digits or (held.scale or 0) < scale:
            found.append((f"({held.precision},{held.scale or 0})", f"({room.precision},{scale})"))
    longest = max((len(option.value) for option in canonical.options), default=0)
    if held.type is FieldType.TEXT and held.length is not None and longest > held.length:
        found.append((f"{held.length} characters", f"{longest}"))
    return [
        f"{held.name} of {system.name} holds {has}, and {canonical.name} needs {needs}: "
        "values would be cut. Widen it there, or narrow the field in canonical.yaml."
        for has, needs in found
    ]


def has_spellings(canonical: CanonicalField, held: StandingField) -> bool:
    """Whether the field's values are words that must be mapped."""
    if canonical.type is FieldType.BOOLEAN:
        return held.type is not FieldType.BOOLEAN
    return canonical.type.has_options


def may_be_counted(canonical: CanonicalField) -> bool:
    """Whether the CRMs can tell how many records hold each value: a record that holds several has no one value."""
    return canonical.type is not FieldType.MULTI_ENUM


def adopt(
    canonical: CanonicalField,
    held: StandingField,
    system: SystemMapping,
    counts: Mapping[str, int] | None,
    others: int = 0,
    *,
    given: Mapping[str, str] = MappingProxyType({}),
    zone: str | None = None,
) -> Adoption:
    """The mapping of a field that nothing speaks against. ``counts``: records by value, as the data has them; None
    where nobody counted. ``given``: what a person said that values mean. ``zone``: the System's own time zone."""
    keys: dict[str, Any] = {"name": held.name, "create": False}
    spellings: tuple[ValueSpelling, ...] = ()
    new: dict[str, str] = {}
    lacking: tuple[str, ...] = ()
    if held.required and held.type is not FieldType.BOOLEAN:
        keys["required"] = True
    if has_spellings(canonical, held):
        spellings = _spellings(canonical, held, counts, given)
        new = _new(canonical, spellings)
        if held.type is not FieldType.TEXT and not _takes_more(held):
            new, lacking = {}, tuple(new)
        chosen = {one.means: one.value for one in spellings if one.written and one.means is not None}
        values = {key: chosen.get(key, new.get(key)) for key in _keys(canonical)}
        if canonical.type is FieldType.BOOLEAN or any(key != value for key, value in values.items()):
            keys["values"] = values
        also = {one.value: one.means for one in spellings if one.means is not None and not one.written}
        if also:
            keys["read_as"] = also
    if canonical.type is FieldType.DATE and held.type is FieldType.DATETIME:
        keys["stored_as_datetime"] = True
        if zone:
            keys["zone"] = zone
    return Adoption(
        field=canonical.name,
        system=system.name,
        name=held.name,
        native_type=held.native_type,
        spellings=spellings,
        others=others,
        new=new,
        lacking=lacking,
        keys=keys,
        is_choice=bool(held.options),
    )


def _takes_more(held: StandingField) -> bool:
    """Tandem may add values to the field: they are its own, and its definition may be changed."""
    return held.changeable and not held.value_set and not held.external_options


def _keys(canonical: CanonicalField) -> list[str]:
    if canonical.type is FieldType.BOOLEAN:
        return ["true", "false"]
    return [option.value for option in canonical.options]


def _spellings(
    canonical: CanonicalField,
    held: StandingField,
    counts: Mapping[str, int] | None,
    given: Mapping[str, str],
) -> tuple[ValueSpelling, ...]:
    labels = {option.value: option.label for option in held.options}
    offered = {option.value for option in held.options if option.active}
    met = counts or {}
    values = sorted({*labels, *met, *given}, key=lambda value: (-met.get(value, 0), value))
    meanings = {
        value: (given[value], "as you said")
        if value in given
        else _meaning(canonical, value, labels.get(value, value))
        for value in values
    }
    # A value that is retired there is made active again rather than made twice, where that is Tandem's to do.
    may_write = set(labels) if _takes_more(held) else set(offered)
    if held.external_options:
        may_write |= met.keys()
    best: dict[str, str] = {}
    said = {value: place for place, value in enumerate(given)}
    # A picklist takes what it offers; else what a person said first, else the spelling that most records have.
    for value in sorted(
        values, key=lambda value: (value not in offered, said.get(value, len(said)), -met.get(value, 0))
    ):
        means = meanings[value][0]
        if means is not None and (value in may_write or held.type is FieldType.TEXT):
            best.setdefault(means, value)
    return tuple(
        ValueSpelling(
            value=value,
            records=met.get(value, 0) if counts is not None else None,
            offered=value in offered,
            means=meanings[value][0],
            written=meanings[value][0] is not None and best.get(meanings[value][0] or "") == value,
            reason=meanings[value][1],
        )
        for value in values
    )


def _meaning(canonical: CanonicalField, value: str, label: str) -> tuple[str | None, str]:
    """The canonical value that a spelling means, and why; None where only a person can tell."""
    if canonical.type is FieldType.BOOLEAN:
        for name in (value, label):
            if plain(name) in _YES:
                return "true", "a word for yes"
            if plain(name) in _NO:
                return "false", "a word for no"
        return None, "neither yes nor no"
    candidates = [Candidate(value=one.value, names=(one.value, one.label)) for one in canonical.options]
    proposal = nearest([label, value], candidates)
    numbered = _by_number(canonical, [value, label])
    if proposal is not None and (proposal.sure or numbered is None):
        return proposal.value, proposal.reason
    return (numbered, "the same number") if numbered is not None else (None, "like none of them")


def _by_number(canonical: CanonicalField, names: Sequence[str]) -> str | None:
    """``T1`` and ``1 - strategic`` say which of ``Tier 1``, ``Tier 2`` they mean."""
    numbers = {
        number: one.value for one in canonical.options if (number := _only_number(one.label)) is not None
    }
    if len(numbers) != len(canonical.options):
        return None
    return next((numbers[found] for name in names if (found := _only_number(name)) in numbers), None)


def _only_number(text: str) -> int | None:
    found = _NUMBER.findall(text)
    return int(found[0]) if len(found) == 1 else None


def _new(canonical: CanonicalField, spellings: Sequence[ValueSpelling]) -> dict[str, str]:
    """How canonical values are spelled that nothing there means."""
    met = {one.means for one in spellings if one.written}
    taken = {one.value for one in spellings}
    if canonical.type is FieldType.BOOLEAN:
        fresh = {"true": "Yes", "false": "No"}
    else:
        # In the words of the others: by label where those are spelled by label.
        by_label = any(
            one.written and one.value == option.label and option.label != option.value
            for one in spellings
            for option in canonical.options
        )
        fresh = {option.value: option.label if by_label else option.value for option in canonical.options}
    return {key: value for key, value in fresh.items() if key not in met and value not in taken}
