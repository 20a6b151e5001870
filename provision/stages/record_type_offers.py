"""Opportunity stages that people cannot choose because no record type offers them (Salesforce: sales processes). Pure.

Salesforce Help, "Sales Processes": an opportunity's record type offers the stages of its sales process, and a stage
that is new in the value set is in none of them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from connector.schemas import Stage
from mappings.systems import SystemMapping
from provision.fields.state import StandingRecordType
from provision.stages.findings import Kind, StageFinding


def offer_findings(
    system: SystemMapping, stages: Sequence[Stage], kinds: Mapping[str, StandingRecordType]
) -> tuple[StageFinding, ...]:
    """Active stages that none of the record types offers, of those that tell; empty where there are none."""
    field = system.opportunity.stage
    telling = [kind for kind in kinds.values() if field in kind.offers]
    offered = frozenset[str]().union(*(kind.offers[field] for kind in telling))
    if not telling:
        return ()
    names = ", ".join(kind.label for kind in telling)
    return tuple(
        StageFinding(
            system=system.name,
            object=system.opportunity_object,
            field=field,
            kind=Kind.NOT_OFFERED,
            value=stage.id,
            label=stage.label,
            stands=stage.meaning,
            reason=f"of the record types that the connected user may use ({names}) none offers it",
            does="reads it where it meets it",
            remedy="Tick it in Setup, Sales Processes, if people are to choose it; else retire it.",
        )
        for stage in stages
        if stage.active and stage.id not in offered
    )
