"""The ladder of the contract against what one System has: by value, label, order and active flag.

Nobody's value is ever taken away: what stands beyond the contract is told, with how many records carry it and what it
most likely means.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from mappings.definitions import SALESFORCE_HELP_LENGTH, DesiredField
from mappings.fields import CanonicalField
from mappings.model import Mapping as FieldMapping
from mappings.systems import SystemKind
from provision.fields.compare_looks import OPTION_LABELS, OPTIONS, ORDER, RECORD_TYPES, lacking_offers
from provision.fields.state import STEPS, Action, Line, Standing, StandingField, StandingOption
from provision.stages.findings import Counted, Kept, Kind, StageFinding
from provision.wording.similarity import Candidate, nearest

#: What :func:`compare` says about options as a whole is told here value by value, and by record type.
_BY_VALUE = frozenset({OPTIONS, OPTION_LABELS, ORDER, RECORD_TYPES})


@dataclass(frozen=True, slots=True, kw_only=True)
class Ladder:
    """One ladder as one System should have it."""

    system: str
    kind: SystemKind
    object: str
    canonical: CanonicalField
    wanted: DesiredField
    #: The System's value -> the canonical one, further spellings that are read included.
    meaning: dict[str, str]
    #: Labels that the mapping gives for this System alone.
    own_labels: bool
    #: A help text that the mapping gives for this System alone.
    own_help: bool

    @property
    def values(self) -> tuple[str, ...]:
        """The System's values that the contract knows, as they are written."""
        return tuple(option.value for option in self.wanted.options)

    def candidates(self) -> list[Candidate]:
        """What something beyond the contract may be like."""
        spelled = {self.meaning[option.value]: option for option in self.wanted.options}
        return [
            Candidate(
                value=option.value,
                names=tuple(
                    dict.fromkeys(
                        (option.value, option.label, spelled[option.value].value, spelled[option.value].label)
                    )
                ),
            )
            for option in self.canonical.options
            if option.value in spelled
        ]


def ladders(mapping: FieldMapping, system: str) -> tuple[Ladder, ...]:
    """Every ladder that a System keeps, the mapping's own spelling and the vendor's fields in their place."""
    spelled = mapping.systems[system]
    wanted = {field.canonical: field for field in mapping.definitions(system)}
    return tuple(
        Ladder(
            system=system,
            kind=spelled.kind,
            object=spelled.account_object,
            canonical=mapping.fields[name],
            wanted=wanted[name],
            meaning={**native.read_as, **{value: key for key, value in native.values.items()}},
            own_labels=bool(native.labels),
            own_help=native.help is not None,
        )
        for name, native in spelled.fields.items()
        if mapping.fields[name].ladder
    )


def kept_rungs(ladder: Ladder, standing: Standing, findings: Iterable[StageFinding]) -> tuple[Kept, ...]:
    """The rungs that people can choose there, and of which nothing is to be said."""
    held = standing.fields.get(ladder.wanted.name)
    if held is None or held.hidden:
        return ()
    told = {finding.value for finding in findings if finding.drift}
    there = {option.value for option in held.options}
    return tuple(
        Kept(
            system=ladder.system,
            object=ladder.object,
            field=ladder.wanted.name,
            value=option.value,
            label=option.label,
            means=ladder.meaning[option.value],
        )
        for option in ladder.wanted.options
        if option.value in there and option.value not in told
    )


def ladder_findings(
    ladder: Ladder,
    standing: Standing,
    lines: Iterable[Line],
    counted: Counted | None,
) -> tuple[StageFinding, ...]:
    """Everything about one ladder in one System; empty where it is in order.

    ``lines``: what :func:`provision.fields.compare.compare` says about the field. ``counted``: how many records
    carry a value beyond the contract; None where nobody could count.
    """
    judge = _Judge(ladder=ladder, counted=counted)
    lines = [line for line in lines if line.canonical == ladder.canonical.name]
    found = list(judge.field(lines))
    held = standing.fields.get(ladder.wanted.name)
    if held is None or held.hidden or any(line.action is Action.SETTLING for line in lines):
        return tuple(found)
    if any(line.attribute == "type" for line in lines):
        return tuple(found)
    found += judge.criteria()
    found += judge.values(held)
    found += judge.order(held)
    found += judge.beyond(held)
    if not held.external_options:
        found += judge.record_types(standing)
    return tuple(found)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Judge:
    ladder: Ladder
    counted: Counted | None

    def _finding(self, kind: Kind, **more: str | bool | int | None) -> StageFinding:
        return StageFinding(
            system=self.ladder.system,
            object=self.ladder.object,
            field=self.ladder.wanted.name,
            canonical=self.ladder.canonical.name,
            kind=kind,
            **more,  # type: ignore[arg-type]
        )

    def _records(self, value: str) -> int | None:
        """Records beyond the contract are counted; what the contract knows need not be."""
        return None if self.counted is None else self.counted.values.get(value, 0)

    def field(self, lines: Iterable[Line]) -> Iterator[StageFinding]:
        """The field as a whole, in provisioning's own words."""
        for line in lines:
            if line.action is Action.KEEP or line.attribute in _BY_VALUE:
                continue
            # Somebody else's picklist may be open by its nature; what it holds beyond the contract is counted.
            open_by_nature = line.attribute == "restricted" and not self.ladder.wanted.create
            settling = line.action is Action.SETTLING or open_by_nature
            yield self._finding(
                Kind.NOTE if settling else Kind.FIELD,
                label=line.attribute or "field",
                stands=line.stands,
                should=line.should,
                reason=line.reason,
                remedy=line.remedy,
                drift=not settling,
                fixable=line.action in STEPS,
            )

    def _can_fix_values(self, held: StandingField) -> bool:
        return held.changeable and not held.value_set

    def _can_fix_texts(self, held: StandingField) -> bool:
        return self._can_fix_values(held) and self._is_ours(held)

    def _is_ours(self, held: StandingField) -> bool:
        """How it looks is part of the contract, and not the taste of whoever made it."""
        return held.changeable and self.ladder.wanted.create

    def _place(self, held: StandingField) -> str:
        """Where a person changes what Tandem does not."""
        return f"in Setup, Picklist Value Sets, {held.value_set}" if held.value_set else "there by hand"

    def values(self, held: StandingField) -> Iterator[StageFinding]:
        """Value by value: is it there, can it be chosen, is it called what it should be?"""
        there = {option.value: option for option in held.options}
        for option in self.ladder.wanted.options:
            stands = there.get(option.value)
            fixable = self._can_fix_values(held)
            place = self._place(held)
            by_hand = "" if fixable else f"Add it {place}, or spell it under `values:` as the System does."
            if stands is None:
                yield self._finding(
                    Kind.MISSING,
                    value=option.value,
                    label=option.label,
                    stands="missing",
                    should=option.label,
                    reason="the contract has this rung, and nobody can choose it there",
                    remedy=by_hand,
                    drift=True,
                    fixable=fixable,
                )
                continue
            if not stands.active:
                yield self._finding(
                    Kind.INACTIVE,
                    value=option.value,
                    label=stands.label,
                    stands="inactive",
                    should="active",
                    reason="retired there; records keep it, and nobody can choose it",
                    remedy=by_hand and f"Make it active {place}.",
                    drift=True,
                    fixable=fixable,
                )
            if stands.label != option.label and (self.ladder.wanted.create or self.ladder.own_labels):
                fixable = self._can_fix_texts(held)
                yield self._finding(
                    Kind.LABEL,
                    value=option.value,
                    label=stands.label,
                    stands=stands.label,
                    should=option.label,
                    reason="people see it under another name",
                    remedy="" if fixable else f"Rename it {place}, or write its label under `labels:`.",
                    drift=self._is_ours(held),
                    fixable=fixable,
                )

    def criteria(self) -> Iterator[StageFinding]:
        """Entry criteria for which the help text has no room."""
        wanted = self.ladder.wanted
        if self.ladder.kind is not SystemKind.SALESFORCE or self.ladder.own_help or not wanted.create:
            return
        cut = [
            option
            for option in wanted.options
            if option.description and option.description not in wanted.help
        ]
        if cut:
            yield self._finding(
                Kind.CRITERIA,
                label="help",
                stands=f"{len(cut):,} of {len(wanted.options):,} rungs",
                reason=f"a help text takes {SALESFORCE_HELP_LENGTH} characters, and their entry criteria cannot be "
                "read there in full",
                does="shortens the longest ones, and leaves all of them out where not even their beginnings fit",
                remedy="Shorten their descriptions in canonical.yaml, or write a help for this System alone.",
            )

    def order(self, held: StandingField) -> Iterator[StageFinding]:
        """Do people see the rungs from the first to the last?"""
        ours = self.ladder.values
        stands = [option.value for option in held.options if option.value in ours]
        should = [value for value in ours if value in stands]
        if stands == should:
            return
        fixable = self._can_fix_texts(held)
        yield self._finding(
            Kind.ORDER,
            stands=", ".join(stands),
            should=", ".join(should),
            reason="people see the rungs in another order",
            does="" if fixable else "ranks them in the order of the contract",
            remedy="" if fixable else f"Reorder them {self._place(held)}.",
            drift=self._is_ours(held),
            fixable=fixable,
        )

    def beyond(self, held: StandingField) -> Iterator[StageFinding]:
        """Values that the contract does not have, those that records carry first."""
        known = {value.casefold() for value in self.ladder.meaning}
        shown = [option for option in held.options if option.value.casefold() not in known]
        listed = {option.value for option in held.options}
        gone = [
            StandingOption(value=value, label=value, active=False)
            for value in (self.counted.values if self.counted else ())
            if value not in listed and value.casefold() not in known
        ]
        order = [option.value for option in held.options]
        candidates = self.ladder.candidates()
        for option in sorted([*shown, *gone], key=lambda option: -(self._records(option.value) or 0)):
            records = self._records(option.value)
            if not option.active and not records:
                continue
            proposal = nearest((option.label, option.value), candidates, order=order, value=option.value)
            states = [
                "not among the options" if option.value not in listed else "",
                "inactive" if option.value in listed and not option.active else "",
            ]
            remedy = "Add a rung to the ladder, or move the records and retire the value there."
            if proposal is not None:
                key = option.value if option.value.isidentifier() else f'"{option.value}"'
                remedy = f"Write `read_as: {{{key}: {proposal.value}}}` (tandem stages map), or add a rung."
            yield self._finding(
                Kind.OFF_CONTRACT,
                value=option.value,
                label=option.label,
                stands=", ".join(filter(None, states)) or "can be chosen",
                records=records,
                reason="the contract has no such rung",
                proposal=proposal.value if proposal else "",
                because=proposal.reason if proposal else "nothing in the contract is like it",
                does="holds back this field of the records that carry it, and leaves the value where it is",
                remedy=remedy,
                drift=True,
            )
        if self.counted is not None and self.counted.others:
            yield self._finding(
                Kind.OFF_CONTRACT,
                stands="further values",
                records=self.counted.others,
                reason="these records carry values beyond the contract that the System does not name",
                does="holds back this field of the records that carry them",
                remedy="Map the values above first, then check again.",
                drift=True,
            )

    def record_types(self, standing: Standing) -> Iterator[StageFinding]:
        """Record types that do not offer every rung: their records could not be given it. Those of which nobody could
        tell are for a person to look at."""
        name = self.ladder.wanted.name
        for kind, values in lacking_offers(self.ladder.wanted, standing, made=True).items():
            yield self._finding(
                Kind.NOT_OFFERED,
                value=kind,
                label=standing.record_types[kind].label,
                stands="does not offer",
                should=", ".join(values),
                reason="accounts of this record type could not be given the rung",
                does="has it offered too, and takes nothing away",
                drift=True,
                fixable=True,
            )
        unknown = [kind.label for kind in standing.record_types.values() if name not in kind.offers]
        if unknown:
            yield self._finding(
                Kind.NOTE,
                label="record types",
                stands=", ".join(unknown),
                reason="what these record types offer could not be read",
                does="writes all values whatever the record type",
                remedy="See in Setup, Object Manager, Record Types that each of them offers the whole ladder.",
            )
