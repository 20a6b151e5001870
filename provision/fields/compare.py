"""Definitions as they should be against definitions as they stand: what to create, to change, to grant, and what only
a person can fix.

Nothing is ever deleted or retyped, and nothing is narrowed but in fields that somebody names; what would need that is
told, with its remedy, and left alone.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace

from mappings.definitions import DesiredField
from mappings.fields import DirectionKind, FieldType
from mappings.model import Mapping as FieldMapping
from mappings.systems import SystemKind
from provision.fields.compare_history import to_track, tracking
from provision.fields.compare_looks import Looks, group_key
from provision.fields.state import NO_RECORD, Action, Line, Standing, StandingField

#: HubSpot: properties, "up to ten unique ID properties per object".
UNIQUE_PROPERTIES = 10
#: Salesforce: Metadata API, "CustomField": a longer text is another type of field.
LONGEST_TEXT = 255
#: Salesforce Help, "Custom Field Types": a number has 18 digits at most.
MOST_DIGITS = 18
_LATE = "written moments ago; the CRM may go on showing the old definition for some minutes"
_WIDER = "it holds more than the mapping allows"


def writes(mapping: FieldMapping, system: str, canonical: str | None) -> bool:
    """Does Tandem ever write this field to this System? A formula may well be the leader of a field."""
    if canonical is None:
        return True
    rule = mapping.fields[canonical].rule
    if rule.direction.kind is DirectionKind.FROM:
        return rule.direction.system != system or rule.fill_blank
    return rule.direction.kind is not DirectionKind.NONE


def compare(
    mapping: FieldMapping,
    system: str,
    standing: Standing,
    settling: Collection[str] = (),
    destructive: Collection[str] = (),
) -> tuple[Line, ...]:
    """Every finding about one System's account fields, in the order of the mapping; a field in order has one line.

    ``mapping``: with the vendor's own fields in their place (``Mapping.with_builtin``). ``settling``: fields
    (and groups, by ``group_key``) that were written as they should be moments ago, in a CRM that goes on serving old
    definitions for a while.
    ``destructive``: the System's own names of fields that may be made to hold less: values beyond the contract retired,
    length and digits cut to it, an open picklist closed.
    """
    spelled = mapping.systems[system]
    every = mapping.definitions(system)
    looks = Looks(system=system, kind=spelled.kind, standing=standing, destructive=destructive)
    judge = _Judge(looks=looks, to_track=to_track(every, standing))
    found: list[Line] = []
    for name in dict.fromkeys((spelled.identity.name, spelled.identity.domain)):
        found += judge.present(name)
    histories = list(tracking(looks, every, settling=tuple(settling)))
    found += [line for line in histories if line.field == standing.object]
    for wanted in every:
        lines = judge.field(wanted, written=writes(mapping, system, wanted.canonical))
        lines += [line for line in histories if line.field == wanted.name]
        if wanted.name in settling and lines:
            lines = [judge.settling(wanted)]
        found += lines or [judge.in_order(wanted)]
    found += [
        replace(line, action=Action.SETTLING, stands="", should="", reason=_LATE, effect="")
        if group_key(line.field) in settling
        else line
        for line in looks.groups(every)
    ]
    return tuple(found)


def form_of(wanted: DesiredField) -> str:
    """What a field is, in a few words: ``number (5,2)``, ``enum tier_1, tier_2``, ``text (64), unique``."""
    if wanted.options:
        return f"{wanted.type} {', '.join(option.value for option in wanted.options)}"
    if wanted.precision is not None:
        return f"{wanted.type} ({wanted.precision},{wanted.scale or 0})"
    length = f" ({wanted.length})" if wanted.length is not None else ""
    return f"{wanted.type}{length}{', unique' if wanted.unique else ''}"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Judge:
    """Judges the fields of one object of one System."""

    #: How they look to people; it says which System and object, too.
    looks: Looks
    #: Fields whose history is to be tracked, and may be.
    to_track: Collection[str] = ()

    def settling(self, wanted: DesiredField) -> Line:
        return self.looks.line(wanted, Action.SETTLING, reason=_LATE)

    # -- is it there ---------------------------------------------------------------------------------------

    def present(self, name: str) -> list[Line]:
        """A field by which accounts are recognised: it must be there and visible, whatever it is."""
        if name in self.looks.standing.fields:
            return []
        line = Line(
            system=self.looks.system,
            object=self.looks.standing.object,
            field=name,
            canonical=None,
            action=Action.WRONG,
            stands="missing or hidden",
            reason="accounts are recognised by it",
            remedy=f"Let the connected user read it ({self.looks.where}), or name another field under `identity:`.",
            blocks=True,
        )
        return [line]

    def in_order(self, wanted: DesiredField) -> Line:
        return self.looks.line(
            wanted, Action.KEEP, stands=self.looks.standing.fields[wanted.name].native_type
        )

    def field(self, wanted: DesiredField, *, written: bool) -> list[Line]:
        """Everything to be said about one field; nothing where it is in order."""
        held = self.looks.standing.fields.get(wanted.name)
        if held is None:
            return list(self._missing(wanted))
        found = list(self._hard(wanted, held))
        if not any(line.attribute == "type" for line in found):
            if held.hidden and held.writable:
                found.append(self._hidden(wanted))
            elif written:
                found += self._rights(wanted, held)
            found += self.looks.texts(wanted, held)
            found += self.looks.options(wanted, held)
        return found

    def _missing(self, wanted: DesiredField) -> Iterator[Line]:
        named = {name.casefold(): name for name in self.looks.standing.fields}.get(wanted.name.casefold())
        archived = self.looks.standing.archived.get(wanted.name)
        unique = sum(1 for held in self.looks.standing.fields.values() if held.unique and held.custom)
        if named is not None:
            yield self.looks.line(
                wanted,
                Action.WRONG,
                attribute="name",
                stands=named,
                should=wanted.name,
                reason="the name differs in capitals, and answers carry the System's spelling",
                remedy=f"Write `name: {named}` in the mapping.",
                blocks=True,
            )
        elif wanted.name in self.looks.standing.invisible:
            yield self._hidden(wanted)
        elif not wanted.create:
            yield self.looks.line(
                wanted,
                Action.WRONG,
                stands="missing or hidden",
                should=form_of(wanted),
                reason="Tandem does not create this field (create: false)",
                remedy=f"Create it in {self.looks.where}, show it to the connected user, or correct its name.",
                blocks=True,
            )
        elif archived is not None:
            yield from self._archived(wanted, archived)
        elif wanted.unique and self.looks.kind is SystemKind.HUBSPOT and unique >= UNIQUE_PROPERTIES:
            yield self.looks.line(
                wanted,
                Action.WRONG,
                attribute="unique",
                stands=f"{unique} unique properties",
                should=form_of(wanted),
                reason=f"HubSpot allows {UNIQUE_PROPERTIES} unique properties on an object",
                remedy="Archive one that nobody uses, or name one of them under `identity: external_id:`.",
                blocks=True,
            )
        else:
            first = "false" if wanted.type is FieldType.BOOLEAN and self._has_no_blank else "blank"
            yield self.looks.line(
                wanted,
                Action.CREATE,
                stands="missing",
                should=form_of(wanted),
                reason=self._purpose(wanted),
                effect=f"{first} on every record"
                + (", and its history is kept from then on" if wanted.name in self.to_track else ""),
            )
            yield from self.looks.offers(wanted, None)

    def _hidden(self, wanted: DesiredField) -> Line:
        return self.looks.line(
            wanted,
            Action.GRANT,
            stands="hidden",
            should="visible and writable",
            reason="it is there, and the connected user may not see it",
            effect=NO_RECORD,
        )

    @property
    def _has_no_blank(self) -> bool:
        # Salesforce: a checkbox is true or false, never blank.
        return self.looks.kind is SystemKind.SALESFORCE

    @property
    def _can_become_unique(self) -> bool:
        # HubSpot: properties, "hasUniqueValue" is fixed once the property exists.
        return self.looks.kind is SystemKind.SALESFORCE

    @staticmethod
    def _purpose(wanted: DesiredField) -> str:
        return f"keeps {wanted.canonical}" if wanted.canonical else "recognises accounts that Tandem has met"

    def _archived(self, wanted: DesiredField, archived: StandingField) -> Iterator[Line]:
        wrong = list(self._hard(wanted, archived))
        for line in wrong:
            yield self.looks.line(
                wanted,
                Action.WRONG,
                attribute=line.attribute,
                stands=f"archived, {line.stands}",
                should=line.should,
                reason="creating it would bring the archived one back and retype its values",
                remedy="Choose another name in the mapping; an archived property is forgotten after 90 days.",
                blocks=True,
            )
        if not wrong:
            yield self.looks.line(
                wanted,
                Action.CREATE,
                stands="archived",
                should=form_of(wanted),
                reason=self._purpose(wanted),
                effect="records show again what they held when it was archived",
            )

    # -- is it the right one -------------------------------------------------------------------------------

    def _hard(self, wanted: DesiredField, held: StandingField) -> Iterator[Line]:
        """What no update fixes without touching what records hold."""
        if not _fits(wanted, held):
            yield self.looks.line(
                wanted,
                Action.WRONG,
                attribute="type",
                stands=held.native_type or str(held.type),
                should=str(wanted.type),
                reason="it is of another type, and retyping could lose values",
                remedy=f"Name another field in the mapping, or retype it by hand in {self.looks.where}.",
                blocks=True,
            )
            return
        yield from self._room(wanted, held)
        lacks = [
            attribute
            for attribute, lacking in (
                ("unique", wanted.unique and not held.unique),
                ("external id", wanted.external_id and not held.external_id),
            )
            if lacking
        ]
        if lacks:
            elsewhere = (
                "in the mapping" if wanted.canonical else "under `identity: external_id:`; Tandem creates it"
            )
            by_hand = (
                f"Tick Unique and External ID in {self.looks.where}, or name"
                if self._can_become_unique
                else "Name"
            )
            yield self.looks.line(
                wanted,
                Action.WRONG,
                attribute=" and ".join(lacks) if self._can_become_unique else "unique",
                stands="no",
                should="yes",
                reason="two accounts could hold the same value",
                remedy=f"{by_hand} another field {elsewhere}.",
                blocks=True,
            )

    def _room(self, wanted: DesiredField, held: StandingField) -> Iterator[Line]:
        """Length and digits: a field that is too narrow would refuse or cut what the other System holds."""
        ours = wanted.create and held.custom and held.changeable
        if wanted.length is not None and held.length is not None:
            now, want = str(held.length), str(wanted.length)
            if held.length < wanted.length and ours and wanted.length <= LONGEST_TEXT:
                yield self.looks.change(wanted, "length", now, want, "longer values would be refused")
            elif held.length < wanted.length:
                yield self._too_narrow(wanted, "length", now, want)
            elif held.length > wanted.length and ours and wanted.canonical is not None:
                yield self.looks.narrowing(
                    wanted, "length", now, want, _WIDER, f"Write `length: {now}` in the mapping"
                )
        if wanted.precision is not None and held.precision is not None:
            yield from self._digits(wanted, held, ours=ours)

    def _digits(self, wanted: DesiredField, held: StandingField, *, ours: bool) -> Iterator[Line]:
        """Digits before the point and after it, each of which may be too few or more than agreed."""
        scale, places = wanted.scale or 0, held.scale or 0
        digits, room = (wanted.precision or 0) - scale, (held.precision or 0) - places
        now, want = f"({held.precision},{places})", f"({wanted.precision},{scale})"
        if room < digits or places < scale:
            wide = max(digits, room) + max(scale, places)
            if ours and wide <= MOST_DIGITS:
                made = f"({wide},{max(scale, places)})"
                yield self.looks.change(
                    wanted, "precision", now, made, "larger or finer numbers would be refused"
                )
            else:
                yield self._too_narrow(wanted, "precision", now, want)
        elif (room > digits or places > scale) and ours:
            otherwise = f"Write `precision: {held.precision}` and `scale: {places}` in the mapping"
            yield self.looks.narrowing(wanted, "precision", now, want, _WIDER, otherwise)

    def _too_narrow(self, wanted: DesiredField, attribute: str, now: str, want: str) -> Line:
        return self.looks.line(
            wanted,
            Action.WRONG,
            attribute=attribute,
            stands=now,
            should=want,
            reason="it cannot hold what the mapping allows",
            remedy=f"Widen it in {self.looks.where}, or write its own {attribute} for this System in the mapping.",
            blocks=True,
        )

    def _rights(self, wanted: DesiredField, held: StandingField) -> Iterator[Line]:
        if held.writable:
            return
        if held.grantable:
            yield self.looks.line(
                wanted,
                Action.GRANT,
                attribute="rights",
                stands="read only",
                should="writable",
                reason="the connected user may see it, and not write it",
                effect=NO_RECORD,
            )
        else:
            rule = f"give it the rule `direction: from_{self.looks.system}`" if wanted.canonical else ""
            yield self.looks.line(
                wanted,
                Action.WRONG,
                attribute="rights",
                stands="read only",
                should="writable",
                reason=f"the System computes or locks it ({held.native_type})",
                remedy=f"Name another field in the mapping{', or ' if rule else ''}{rule}.",
                blocks=True,
            )


def _fits(wanted: DesiredField, held: StandingField) -> bool:
    if held.type is None:
        return False
    if wanted.type is FieldType.USER and held.type is FieldType.ENUM:
        return held.external_options  # its options are people
    if wanted.type is FieldType.ENUM and held.type is FieldType.TEXT:
        return not wanted.create  # somebody's text that holds the values; ours would be a choice
    # A currency is a number with a sign before it; that is an administrator's taste.
    return held.type is wanted.type or (wanted.type.is_numeric and held.type.is_numeric)
