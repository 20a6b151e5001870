"""Opportunity stages that one System has and another lacks: which to make, as what, and where they stand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from connector.schemas import Stage, percent
from mappings.systems import SystemKind, SystemMapping
from provision.fields.compare_rights import RIGHTS
from provision.fields.state import Action, Line

#: HubSpot: pipelines, "100 stages per pipeline".
MOST_HUBSPOT_STAGES = 100
#: HubSpot closes a stage of 0 or 1 (HubSpot: pipelines), so an open one stands between.
_LOWEST_OPEN, _HIGHEST_OPEN = 0.01, 0.99
#: The attribute of a line that makes a stage.
STAGE = "stage"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """One stage to be made, as the System will have it, and why it is not simply a copy."""

    stage: Stage
    origin: str
    changed: str = ""
    #: It stands there, and is retired.
    retired: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """The stages of one System against those of another, by name."""

    missing: tuple[Wanted, ...] = ()
    #: There under the same name, and meaning something else.
    other: tuple[tuple[Stage, Stage], ...] = ()
    #: There under another name, as the only stage in which a sale ends so.
    same: tuple[tuple[Stage, Stage], ...] = ()


def same_name(label: str) -> str:
    """How both CRMs tell names of stages apart: without case and spaces (HubSpot: pipelines)."""
    return "".join(label.split()).casefold()


def compare_stages(
    kind: SystemKind,
    have: Sequence[Stage],
    models: Mapping[str, Sequence[Stage]],
) -> Compared:
    """Which active stages of other Systems (``models``, by name) a System lacks, each with its place among its own.

    ``have``: its stages; where it has pipelines those of the one that is added to.
    """
    placed = [stage for stage in have if stage.active]
    retired = {same_name(stage.label): stage for stage in have if not stage.active}
    pipeline = next((stage for stage in have if stage.pipeline is not None), None)
    made: list[Wanted] = []
    other: list[tuple[Stage, Stage]] = []
    same: list[tuple[Stage, Stage]] = []
    wanted = [(origin, stage) for origin, stages in models.items() for stage in stages if stage.active]
    behind, of = -1, None
    for origin, stage in wanted:
        behind, of = (behind if origin == of else -1), origin
        at = next((n for n, one in enumerate(placed) if same_name(one.label) == same_name(stage.label)), None)
        if at is not None:
            behind = max(behind, at) if not placed[at].closed else behind
            if placed[at].outcome != stage.outcome:
                other.append((stage, placed[at]))
            continue
        twin = _only_end(stage, models[origin], placed)
        if twin is not None:
            same.append((stage, twin))
            continue
        old = retired.get(same_name(stage.label))
        if old is not None and old.outcome != stage.outcome:
            other.append((stage, old))
            continue
        copy, changed = _as_in(kind, stage, pipeline)
        if old is not None:
            copy, changed = replace(old, active=True), "it is retired there, and comes back as it was"
        at = _place(placed, copy, behind)
        placed.insert(at, copy)
        made.append(Wanted(stage=copy, origin=origin, changed=changed, retired=old is not None))
        if not copy.closed:
            behind = at
    places = {id(stage): order for order, stage in enumerate(placed)}
    return Compared(
        missing=tuple(replace(one, stage=replace(one.stage, order=places[id(one.stage)])) for one in made),
        other=tuple(other),
        same=tuple(same),
    )


def _only_end(stage: Stage, model: Sequence[Stage], placed: Sequence[Stage]) -> Stage | None:
    """The stage that is to one System what this one is to the other: the only one that is won, or lost. What ends a
    sale is told by flags, and a second won stage beside "Gewonnen" would only be in people's way."""
    if not stage.closed:
        return None
    theirs = [one for one in model if one.active and one.outcome == stage.outcome]
    ours = [one for one in placed if one.outcome == stage.outcome]
    return ours[0] if len(theirs) == len(ours) == 1 else None


def _place(placed: Sequence[Stage], stage: Stage, behind: int) -> int:
    """Behind the stage before it, before the first that is likelier to be won, and before all that are closed."""
    if stage.closed:
        return len(placed)
    for at, one in enumerate(placed):
        if at > behind and (one.closed or one.probability > stage.probability):
            return at
    return len(placed)


def _as_in(kind: SystemKind, stage: Stage, pipeline: Stage | None) -> tuple[Stage, str]:
    probability, changed = stage.probability, ""
    if stage.closed:
        probability = 1.0 if stage.won else 0.0
        if probability != stage.probability:
            changed = f"{stage.outcome} is {percent(probability)} here"
    elif kind is SystemKind.HUBSPOT:
        probability = min(max(probability, _LOWEST_OPEN), _HIGHEST_OPEN)
        if probability != stage.probability:
            changed = f"{percent(stage.probability)} would close it here"
    copy = Stage(
        # Salesforce's id of a stage is the name that the API carries; HubSpot gives a number of its own.
        id=stage.label,
        label=stage.label,
        pipeline=pipeline.pipeline if pipeline is not None else None,
        pipeline_label=pipeline.pipeline_label if pipeline is not None else None,
        order=0,
        closed=stage.closed,
        won=stage.won,
        probability=probability,
    )
    return copy, changed


def stage_lines(
    system: SystemMapping, compared: Compared, *, standing: int, lacking: str = ""
) -> tuple[Line, ...]:
    """What making the missing stages would do, as lines of a plan. ``standing``: stages that are there already.
    ``lacking``: the right that it takes, by the CRM's own name, where the connected user or app has it not."""
    lines = [_line(system, wanted) for wanted in compared.missing]
    if lines and lacking:
        lines.append(_no_right(system, lacking))
    if system.kind is SystemKind.HUBSPOT and lines and standing + len(lines) > MOST_HUBSPOT_STAGES:
        full = replace(
            lines[0],
            action=Action.WRONG,
            field=system.opportunity.stage,
            stands=f"{standing} stages",
            should=f"{standing + len(lines)} stages",
            reason=f"HubSpot allows {MOST_HUBSPOT_STAGES} stages in a pipeline",
            effect="",
            remedy="Name another pipeline with --pipeline, or leave out --create-missing.",
            blocks=True,
        )
        return (full,)
    return (
        *lines,
        *(
            Line(
                system=system.name,
                object=system.opportunity_object,
                field=held.label,
                canonical=None,
                action=Action.WRONG,
                attribute=STAGE,
                stands=held.meaning if held.active else f"retired, {held.meaning}",
                should=stage.meaning,
                reason="it has the same name and another meaning, and Tandem changes nobody's stage",
                remedy="Rename one of them, or put its type right where stages are defined.",
            )
            for stage, held in compared.other
        ),
        *(
            Line(
                system=system.name,
                object=system.opportunity_object,
                field=held.label,
                canonical=None,
                action=Action.KEEP,
                attribute=STAGE,
                stands=held.meaning,
                reason=f"the only stage that is {held.outcome}, as {stage.label!r} is in the other System",
            )
            for stage, held in compared.same
        ),
    )


def _no_right(system: SystemMapping, right: str) -> Line:
    if system.kind is SystemKind.SALESFORCE:
        place = "Setup, Object Manager, Opportunity, Stage"
    else:
        place = "Settings, Objects, Deals, Pipelines"
    return Line(
        system=system.name,
        object=RIGHTS,
        field=right,
        canonical=None,
        action=Action.WRONG,
        stands="missing",
        reason="the connected user or app may not make opportunity stages",
        remedy=f"Give it {right}, or have the stages made by hand in {place}.",
        blocks=True,
    )


def _line(system: SystemMapping, wanted: Wanted) -> Line:
    stage = wanted.stage
    effect = "no record changes; stages behind it move down"
    if system.kind is SystemKind.SALESFORCE:
        # Salesforce Help, "Sales Processes": an opportunity's record type offers the stages of its sales process.
        effect += "; where record types have sales processes, tick it there (Setup, Sales Processes)"
    pipeline = f", in {stage.pipeline_label}" if stage.pipeline_label else ""
    return Line(
        system=system.name,
        object=system.opportunity_object,
        field=stage.label,
        canonical=None,
        action=Action.CREATE,
        attribute=STAGE,
        stands="retired" if wanted.retired else "missing",
        should=f"{stage.meaning}, place {stage.order + 1}{pipeline}",
        reason=f"{wanted.origin} has it{f'; {wanted.changed}' if wanted.changed else ''}",
        effect=effect,
    )
