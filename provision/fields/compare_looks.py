"""How a field looks to people: label, help, default, group and values, against how they should be."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from mappings.definitions import DesiredField
from mappings.fields import FieldType
from mappings.systems import SystemKind
from provision.fields.state import NO_RECORD, Action, Line, Standing, StandingField, StandingOption

#: What a line differs in whose values are taken away.
RETIRE = "retire"
#: What lines differ in that a value set decides.
OPTIONS, ORDER, OPTION_LABELS, OPTION_DESCRIPTIONS = (
    "options",
    "order",
    "option labels",
    "option descriptions",
)
DEFAULT, RESTRICTED = "default", "restricted"
OF_VALUE_SET = frozenset({OPTIONS, ORDER, OPTION_LABELS, OPTION_DESCRIPTIONS, RETIRE, DEFAULT, RESTRICTED})
#: What lines differ in whose remedy is words, or writes words.
OF_WORDS = OF_VALUE_SET | {"label", "help"}
#: What a line differs in whose values some record type does not offer.
RECORD_TYPES = "record types"


@dataclass(frozen=True, slots=True, kw_only=True)
class Looks:
    """Judges how the fields of one object of one System look."""

    system: str
    kind: SystemKind
    standing: Standing
    #: Fields that may be made to hold less because somebody named them.
    destructive: Collection[str] = field(default=())

    @property
    def where(self) -> str:
        if self.kind is SystemKind.SALESFORCE:
            return f"Setup, Object Manager, {self.standing.object}"
        return "Settings, Properties"

    def line(self, wanted: DesiredField, action: Action, **more: str | bool) -> Line:
        return Line(
            system=self.system,
            object=self.standing.object,
            field=wanted.name,
            canonical=wanted.canonical,
            action=action,
            **more,  # type: ignore[arg-type]
        )

    def change(self, wanted: DesiredField, attribute: str, now: str, want: str, reason: str) -> Line:
        return self.line(
            wanted,
            Action.CHANGE,
            attribute=attribute,
            stands=now,
            should=want,
            reason=reason,
            effect=NO_RECORD,
        )

    def narrowing(
        self, wanted: DesiredField, attribute: str, now: str, want: str, reason: str, otherwise: str
    ) -> Line:
        """What makes a field hold less: a step where the field is named, else told with what to type."""
        if wanted.name in self.destructive:
            return self.line(
                wanted,
                Action.CHANGE,
                attribute=attribute,
                stands=now,
                should=want,
                reason=f"{reason}; named to be narrowed",
                narrows=True,
            )
        return self.line(
            wanted,
            Action.WRONG,
            attribute=attribute,
            stands=now,
            should=want,
            reason=reason,
            remedy=f"{otherwise}, or have it done: tandem provision apply --allow-destructive {wanted.name}",
            narrows=True,
        )

    def texts(self, wanted: DesiredField, held: StandingField) -> Iterator[Line]:
        """Label, help and what else people see belong to whoever made the field."""
        if not (wanted.create and held.custom and held.changeable):
            return
        if not same_words(held.label, wanted.label):
            yield self.change(wanted, "label", held.label, wanted.label, "relabelled there")
        if wanted.help and not same_words(held.help, wanted.help):
            yield self.change(wanted, "help", held.help, wanted.help, "another help text there")
        if held.default and not held.value_set:
            none = "unticked" if held.type is FieldType.BOOLEAN else "none"
            now = "ticked" if held.type is FieldType.BOOLEAN else held.default
            yield self.change(wanted, DEFAULT, now, none, "a new record would begin with what nobody decided")
        if wanted.group is not None and held.group and held.group != wanted.group.name:
            yield self.change(wanted, "group", held.group, wanted.group.name, "people look for it elsewhere")
        if wanted.shown_as and held.shown_as and held.shown_as != wanted.shown_as:
            yield self.change(
                wanted, "field type", held.shown_as, wanted.shown_as, "it is filled in otherwise there"
            )

    def options(self, wanted: DesiredField, held: StandingField) -> Iterator[Line]:
        # A text that was adopted for a choice of values has no options of its own.
        if not wanted.options or held.external_options or held.type is FieldType.TEXT:
            return
        there = {option.value: option for option in held.options}
        ours = [option.value for option in wanted.options]
        active = [option.value for option in held.options if option.active]
        yield from self._lacking(wanted, held, [value for value in ours if value not in active])
        if wanted.create and held.changeable:
            stands = [option.value for option in held.options if option.value in ours]
            should = [value for value in ours if value in there]
            told = [*self._option_texts(wanted, there)]
            if stands != should:
                told.append(
                    self.change(
                        wanted,
                        ORDER,
                        ", ".join(stands),
                        ", ".join(should),
                        "people see them in another order",
                    )
                )
            yield from (self._shared(line, held) for line in told)
        # What differs in capitals alone is read as ours.
        known = {value.casefold() for value in (*ours, *wanted.read_as)}
        beyond = [value for value in active if value.casefold() not in known]
        if beyond:
            yield self._beyond(wanted, held, beyond)
        if wanted.restricted and not held.restricted:
            yield self._open(wanted, held)
        yield from self.offers(wanted, held)

    def _beyond(self, wanted: DesiredField, held: StandingField, beyond: Sequence[str]) -> Line:
        """Values outside the contract."""
        if beyond and wanted.name in self.destructive and held.changeable and not held.value_set:
            return self.line(
                wanted,
                Action.CHANGE,
                attribute=RETIRE,
                stands=", ".join(beyond),
                should="inactive",
                reason="outside the contract, and named to be retired",
                effect="records that hold one keep it, and are held back until it is mapped or changed",
                narrows=True,
            )
        by_hand = "Add them to the options in canonical.yaml, or move the records and retire the values there"
        ours = held.changeable and not held.value_set
        return self.line(
            wanted,
            Action.WRONG,
            attribute=OPTIONS,
            stands=", ".join(beyond),
            reason="outside the contract; a record that holds one is held back and told in status",
            remedy=f"{by_hand} (tandem provision apply --allow-destructive {wanted.name})."
            if ours
            else f"{by_hand}.",
            narrows=ours,
        )

    def _open(self, wanted: DesiredField, held: StandingField) -> Line:
        """A picklist that takes any value."""
        reason = "it takes any value, also one outside the contract"
        by_hand = f"Restrict it to its value set in {self.where}"
        if wanted.create and held.custom and held.changeable and not held.value_set:
            return self.narrowing(wanted, RESTRICTED, "no", "yes", reason, by_hand)
        return self.line(
            wanted,
            Action.WRONG,
            attribute=RESTRICTED,
            stands="no",
            should="yes",
            reason=reason,
            remedy=f"{by_hand}.",
        )

    def _shared(self, line: Line, held: StandingField) -> Line:
        """A change of values that other fields have too is not Tandem's to make."""
        if not held.value_set:
            return line
        return Line(
            system=line.system,
            object=line.object,
            field=line.field,
            canonical=line.canonical,
            action=Action.WRONG,
            attribute=line.attribute,
            stands=line.stands,
            should=line.should,
            reason=f"{line.reason}; other fields share the values of {held.value_set}",
            remedy=f"Change it in Setup, Picklist Value Sets, {held.value_set}.",
        )

    def _lacking(self, wanted: DesiredField, held: StandingField, lacking: Sequence[str]) -> Iterator[Line]:
        if not lacking:
            return
        hidden = {option.value for option in held.options}
        retired = [value for value in lacking if value in hidden]
        if held.changeable and not held.value_set:
            new = [value for value in lacking if value not in hidden]
            if new:
                yield self.change(wanted, OPTIONS, "missing", ", ".join(new), "the contract has more values")
            if retired:
                yield self.change(
                    wanted,
                    OPTIONS,
                    "inactive",
                    ", ".join(retired),
                    "values of the contract are retired there",
                )
            return
        where = f"Setup, Picklist Value Sets, {held.value_set}" if held.value_set else self.where
        yield self.line(
            wanted,
            Action.WRONG,
            attribute=OPTIONS,
            stands="missing or inactive",
            should=", ".join(lacking),
            reason=f"other fields share the values of {held.value_set}"
            if held.value_set
            else "the System does not let Tandem change this field's options",
            remedy=f"Add them in {where}, or write `values: {{{lacking[0]}: null}}` for this System.",
            blocks=True,
        )

    def _option_texts(self, wanted: DesiredField, there: Mapping[str, StandingOption]) -> Iterator[Line]:
        both = [(there[option.value], option) for option in wanted.options if option.value in there]
        labels = [(held.label, ours.label) for held, ours in both if not same_words(held.label, ours.label)]
        if labels:
            now, want = (", ".join(column) for column in zip(*labels, strict=True))
            yield self.change(wanted, OPTION_LABELS, now, want, "values are relabelled there")
        described = [
            (f"{ours.value}: {held.description or '∅'}", f"{ours.value}: {ours.description}")
            for held, ours in both
            if held.description is not None
            and ours.description
            and not same_words(held.description, ours.description)
        ]
        if described:
            now, want = ("; ".join(column) for column in zip(*described, strict=True))
            yield self.change(wanted, OPTION_DESCRIPTIONS, now, want, "values are described otherwise there")

    # -- what else holds a part of it ------------------------------------------------------------------------

    def offers(self, wanted: DesiredField, held: StandingField | None) -> Iterator[Line]:
        """Values that a record type does not offer to people, nor takes from anybody where the picklist is restricted.

        ``held``: None for a field that is yet to be made, whose values no record type offers.
        """
        lacking = lacking_offers(wanted, self.standing, made=held is not None)
        for name, values in lacking.items():
            yield self.line(
                wanted,
                Action.CHANGE,
                attribute=RECORD_TYPES,
                stands=f"not offered by {self.standing.record_types[name].label}",
                should=", ".join(values),
                reason="its records could not be given the value",
                effect="people may choose it on records of this type",
            )

    def groups(self, wanted: Sequence[DesiredField]) -> Iterator[Line]:
        """The label of each group that fields of ours stand in."""
        for group in dict.fromkeys(one.group for one in wanted if one.group is not None and one.create):
            held = self.standing.groups.get(group.name)
            if held is not None and not same_words(held, group.label):
                yield Line(
                    system=self.system,
                    object=GROUP,
                    field=group.name,
                    canonical=None,
                    action=Action.CHANGE,
                    attribute="label",
                    stands=held,
                    should=group.label,
                    reason="relabelled there",
                    effect=NO_RECORD,
                )


#: In place of an object's name in a line: it is no field's.
GROUP = "property group"


def group_key(name: str) -> str:
    """A group among fields, where both are listed."""
    return f"{GROUP} {name}"


def same_words(one: str, other: str) -> bool:
    """A CRM trims a text and ends its lines in its own way; that is no difference."""
    return one.split() == other.split()


def lacking_offers(wanted: DesiredField, standing: Standing, *, made: bool) -> dict[str, tuple[str, ...]]:
    """By record type, the values of the contract that it does not offer. ``made``: the field is there already."""
    values = [option.value for option in wanted.options] if wanted.type.has_options else []
    found: dict[str, tuple[str, ...]] = {}
    for name, kind in standing.record_types.items():
        offered = kind.offers.get(wanted.name) if made else frozenset[str]()
        # Of a picklist that the connected user does not see, nobody can tell.
        lacking = tuple(value for value in values if offered is not None and value not in offered)
        if lacking:
            found[name] = lacking
    return found
