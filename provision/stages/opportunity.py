"""Opportunity stages of one System: what each means to Tandem, and where their definitions contradict themselves.

Closed and won are the CRM's own flags (Salesforce: OpportunityStage; HubSpot: pipelines, derived from a probability of
0 or 1), never a label and never a probability that stands beside a flag.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from connector.schemas import Stage, percent
from mappings.systems import BuyerStage, SystemKind, SystemMapping
from provision.stages.findings import Counted, Kept, Kind, StageFinding
from provision.wording.similarity import Suggestion, ending, language_of, plain, spoken
from provision.wording.vocabulary import Meaning

#: What a label's meaning is among the buyer stages.
_BUYER_STAGES: Mapping[Meaning, BuyerStage] = {
    Meaning.IDENTIFIED: BuyerStage.AWARENESS,
    Meaning.AWARENESS: BuyerStage.AWARENESS,
    Meaning.ENGAGED: BuyerStage.AWARENESS,
    Meaning.EVALUATING: BuyerStage.CONSIDERATION,
    Meaning.NEGOTIATING: BuyerStage.DECISION,
}
_OPEN = (BuyerStage.AWARENESS, BuyerStage.CONSIDERATION, BuyerStage.DECISION)
#: From these probabilities on an open stage is most likely the next buyer stage.
_CONSIDERATION_FROM, _DECISION_FROM = 0.3, 0.7


def propose_buyer_stage(
    stage: Stage, siblings: Sequence[Stage], agreed: Mapping[str, BuyerStage]
) -> Suggestion:
    """What an opportunity stage most likely means. Never fails: what nothing tells is placed by its order.

    ``siblings``: the stages of its pipeline. ``agreed``: what stages of other Systems are mapped to, by plain label.
    """
    if stage.closed:
        outcome = BuyerStage.CLOSED_WON if stage.won else BuyerStage.CLOSED_LOST
        return Suggestion(value=outcome, reason="by the CRM's own flags", sure=True)
    known = agreed.get(plain(stage.label))
    if known is not None and not known.is_closed:
        return Suggestion(value=known, reason="as another System's stage of that name is mapped", sure=True)
    said = spoken(stage.label)
    if said is not None and said[0] in _BUYER_STAGES:
        meaning, language, word = said
        tongue = "" if language == "English" else f", {language}"
        return Suggestion(value=_BUYER_STAGES[meaning], reason=f"by its name ({word!r}{tongue})")
    open_ones = [other for other in siblings if not other.closed and other.active]
    if 0.0 < stage.probability < 1.0 and len({other.probability for other in open_ones}) > 1:
        return Suggestion(
            value=_by_probability(stage.probability),
            reason=f"by its probability of {percent(stage.probability)}",
        )
    place = open_ones.index(stage) if stage in open_ones else 0
    third = min(place * len(_OPEN) // max(len(open_ones), 1), len(_OPEN) - 1)
    return Suggestion(value=_OPEN[third], reason=f"by its place alone, {place + 1} of {len(open_ones) or 1}")


def _by_probability(probability: float) -> BuyerStage:
    if probability >= _DECISION_FROM:
        return BuyerStage.DECISION
    return BuyerStage.CONSIDERATION if probability >= _CONSIDERATION_FROM else BuyerStage.AWARENESS


def kept_stages(system: SystemMapping, stages: Sequence[Stage]) -> tuple[Kept, ...]:
    """Every opportunity stage that has a buyer stage, and which."""
    several = len({stage.pipeline for stage in stages}) > 1
    return tuple(
        Kept(
            system=system.name,
            object=system.opportunity_object,
            field=system.opportunity.stage,
            value=stage.id,
            label=stage.label,
            pipeline=(stage.pipeline_label or "") if several else "",
            stands=stage.meaning if stage.active else f"inactive, {stage.meaning}",
            means=str(meant),
        )
        for stage in stages
        if (meant := system.buyer_stage(stage.id, closed=stage.closed, won=stage.won)) is not None
    )


def opportunity_findings(
    system: SystemMapping,
    stages: Sequence[Stage],
    counted: Counted | None,
    agreed: Mapping[str, BuyerStage],
) -> tuple[StageFinding, ...]:
    """Everything about the opportunity stages of one System, in their order; empty where nothing is to be said.

    ``counted``: how many opportunities stand in stages that cannot be chosen or are not mapped.
    """
    judge = _Judge(system=system, stages=tuple(stages), counted=counted, agreed=agreed)
    found = [finding for stage in stages for finding in judge.stage(stage)]
    for pipeline, members in judge.pipelines().items():
        found += judge.pipeline(pipeline, members)
    return (*found, *judge.not_there())


@dataclass(frozen=True, slots=True, kw_only=True)
class _Judge:
    system: SystemMapping
    stages: tuple[Stage, ...]
    counted: Counted | None
    agreed: Mapping[str, BuyerStage]

    def pipelines(self) -> dict[str | None, list[Stage]]:
        found: dict[str | None, list[Stage]] = defaultdict(list)
        for stage in self.stages:
            found[stage.pipeline].append(stage)
        return found

    def _finding(self, kind: Kind, stage: Stage | None, **more: str | bool | int | None) -> StageFinding:
        told: dict[str, str | bool | int | None] = {}
        if stage is not None:
            several = len(self.pipelines()) > 1
            told = {
                "value": stage.id,
                "label": stage.label,
                "pipeline": (stage.pipeline_label or "") if several else "",
                "stands": stage.meaning if stage.active else f"inactive, {stage.meaning}",
                "records": self._records(stage.id),
            }
        return StageFinding(
            system=self.system.name,
            object=self.system.opportunity_object,
            field=self.system.opportunity.stage,
            kind=kind,
            **{**told, **more},  # type: ignore[arg-type]
        )

    def _records(self, stage_id: str) -> int | None:
        return None if self.counted is None else self.counted.values.get(stage_id)

    # -- one stage -----------------------------------------------------------------------------------------

    def stage(self, stage: Stage) -> Iterator[StageFinding]:
        """Everything about one stage: its mapping first, then its definition."""
        yield from self._mapping(stage)
        if not stage.active:
            if self._records(stage.id):
                yield self._finding(
                    Kind.LEFT_BEHIND,
                    stage,
                    reason="nobody can choose it any more, and records still stand in it",
                    does=self._counts_as(stage),
                    remedy="Move these records on, or leave them: their outcomes are read all the same.",
                )
            return
        yield from self._flags(stage)
        yield from self._label(stage)

    def _buyer_stage(self, stage: Stage) -> BuyerStage | None:
        return self.system.buyer_stage(stage.id, closed=stage.closed, won=stage.won)

    def _counts_as(self, stage: Stage) -> str:
        meant = self._buyer_stage(stage)
        return f"counts it as {meant}" if meant is not None else "gives its records no buyer stage"

    def _mapping(self, stage: Stage) -> Iterator[StageFinding]:
        mapped = self.system.stages.get(stage.id)
        if self._buyer_stage(stage) is None:
            if not stage.active and not self._records(stage.id):
                return
            proposal = propose_buyer_stage(stage, self.pipelines()[stage.pipeline], self.agreed)
            yield self._finding(
                Kind.OVERRULED if mapped is not None else Kind.UNMAPPED,
                stage,
                should=proposal.value,
                reason=f"mapped to {mapped}, and the CRM says it is open"
                if mapped is not None
                else "no buyer stage is agreed for it",
                proposal=proposal.value,
                because=proposal.reason,
                does="gives its records no buyer stage",
                remedy="Map it under `stages:`; a first mapping: tandem stages map"
                + (" --force" if mapped is not None else ""),
                drift=True,
            )
        elif mapped is not None and mapped is not self._buyer_stage(stage):
            yield self._finding(
                Kind.OVERRULED,
                stage,
                should=str(self._buyer_stage(stage)),
                reason=f"mapped to {mapped}, and the CRM's flags say {stage.outcome}",
                does=self._counts_as(stage),
                remedy=f"Map it to {self._buyer_stage(stage)} to have both say the same.",
            )

    def _contradiction(self, stage: Stage, reason: str, does: str, remedy: str) -> StageFinding:
        return self._finding(Kind.CONTRADICTION, stage, reason=reason, does=does, remedy=remedy)

    def _flags(self, stage: Stage) -> Iterator[StageFinding]:
        """Flags against probability. Where HubSpot derives the one from the other they cannot differ."""
        said = self._counts_as(stage)
        if stage.won and stage.probability < 1.0:
            yield self._contradiction(
                stage,
                f"won at {percent(stage.probability)}",
                f"{said}: the flag decides, whatever the probability",
                "Set its probability to 100 % where stages are defined, so that forecasts agree.",
            )
        elif stage.closed and not stage.won and stage.probability > 0.0:
            yield self._contradiction(
                stage,
                f"lost at {percent(stage.probability)}",
                f"{said}: the flag decides, whatever the probability",
                "Set its probability to 0 % where stages are defined, so that forecasts agree.",
            )
        elif not stage.closed and stage.probability == 1.0:
            yield self._contradiction(
                stage,
                "certain at 100 %, and not closed",
                f"{said}: it is open until it is closed",
                "Mark it closed where stages are defined, or lower its probability.",
            )

    def _label(self, stage: Stage) -> Iterator[StageFinding]:
        """What people read against what the CRM reckons with."""
        says, said = ending(stage.label), self._counts_as(stage)
        hubspot = self.system.kind is SystemKind.HUBSPOT
        if says is not None and not stage.closed:
            yield self._contradiction(
                stage,
                f"its name says {says}, and it is not closed",
                f"{said}: names decide nothing",
                f"Set its probability to {'100' if says is Meaning.WON else '0'} %, which closes it."
                if hubspot
                else "Mark it closed where stages are defined, or rename it.",
            )
        elif says is not None and (says is Meaning.WON) is not stage.won:
            yield self._contradiction(
                stage,
                f"its name says {says}, and the CRM says {stage.outcome}",
                f"{said}: names decide nothing",
                "Put its type right where stages are defined, or rename it.",
            )
        elif says is None and stage.closed and hubspot:
            # HubSpot closes whatever stands at 0 or 1, meant or not.
            remedy = "Lower it to 99 %" if stage.won else "Raise it to 1 %"
            yield self._contradiction(
                stage,
                f"{percent(stage.probability)} makes it {stage.outcome}, and its name does not say so",
                f"{said}, as HubSpot does",
                f"{remedy} in the pipeline's settings if that is not meant.",
            )
        language = language_of(stage.label)
        if language is not None:
            yield self._finding(
                Kind.NOTE,
                stage,
                reason=f"named in {'another script' if language == 'another script' else language}",
                does=f"{said}; knows it by its id {stage.id!r} and needs no translation",
            )

    # -- a pipeline, and beyond ----------------------------------------------------------------------------

    def pipeline(self, _id: str | None, members: Sequence[Stage]) -> Iterator[StageFinding]:
        """Several stages that are won, none, two of one name."""
        active = [stage for stage in members if stage.active]
        won = [stage for stage in active if stage.won]
        names = ", ".join(stage.label for stage in won)
        if len(won) > 1:
            for stage in won:
                yield self._contradiction(
                    stage,
                    f"one of {len(won)} won stages ({names})",
                    "counts each of them as closed_won",
                    "Nothing, if all of them are sales; else close the others as lost.",
                )
        if active and not won:
            yield self._finding(
                Kind.CONTRADICTION,
                None,
                pipeline=members[0].pipeline_label or "",
                reason="no stage is won, so that nothing can be",
                does="will never see an opportunity won here",
                remedy="Mark the stage of a signed deal as won where stages are defined.",
            )
        by_name: dict[str, list[Stage]] = defaultdict(list)
        for stage in active:
            by_name[plain(stage.label) or stage.label].append(stage)
        for same in by_name.values():
            for stage in same[1:]:
                yield self._contradiction(
                    stage,
                    f"named like {same[0].label!r} ({same[0].id})",
                    "tells the two apart by their ids",
                    "Rename one of them: people cannot tell them apart.",
                )

    def not_there(self) -> Iterator[StageFinding]:
        """Mapped stages that the System does not have, and records in stages that it does not define."""
        there = {stage.id for stage in self.stages}
        unmapped = {stage.id: stage.label for stage in self.stages if stage.id not in self.system.stages}
        for value, mapped in self.system.stages.items():
            if value not in there:
                meant = _misspelt(value, unmapped)
                remedy = "Remove it from `stages:`, or correct its id if it was renamed."
                if meant:
                    remedy = f"Write {meant} in its place, if that is what was meant."
                yield self._finding(
                    Kind.GONE,
                    None,
                    value=value,
                    label=value,
                    stands="not there",
                    reason=f"mapped to {mapped}, and the System has no such stage",
                    proposal=meant,
                    because="the mapping does not know that stage, and its name is nearly the same"
                    if meant
                    else "",
                    does="does nothing with it",
                    remedy=remedy,
                )
        for value, records in (self.counted.values if self.counted else {}).items():
            if value not in there:
                known = self.system.stages.get(value)
                yield self._finding(
                    Kind.LEFT_BEHIND,
                    None,
                    value=value,
                    label=value,
                    stands="not defined",
                    records=records,
                    reason="records stand in a stage that the System does not define",
                    does=f"counts the open ones as {known}"
                    if known
                    else "counts only the closed ones, by their flags",
                    remedy="" if known else f'Map it under `stages:` ("{value}": …), or move the records.',
                    drift=known is None,
                )


def _misspelt(value: str, stages: Mapping[str, str]) -> str:
    """The id of the stage (id -> label) that a mapped one which is not there was most likely meant to be."""
    for names in (list(stages), list(stages.values())):
        near = get_close_matches(value.casefold(), [name.casefold() for name in names], n=1, cutoff=0.8)
        if near:
            return list(stages)[[name.casefold() for name in names].index(near[0])]
    return ""


def agreed_names(
    systems: Iterable[tuple[SystemMapping, Sequence[Stage]]], *, besides: str
) -> dict[str, BuyerStage]:
    """What the stages of all Systems but one are mapped to, by their plain labels."""
    return {
        plain(stage.label): mapped
        for system, stages in systems
        if system.name != besides
        for stage in stages
        if (mapped := system.stages.get(stage.id)) is not None
    }
