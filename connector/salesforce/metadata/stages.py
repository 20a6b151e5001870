"""Opportunity stages as the standard value set that holds them: read whole, added to, written whole.

A value that is left out of a written set is deactivated (Salesforce: Metadata API, "StandardValueSet"), so what is read
is written back, and every active stage that the read left out is put in again.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from connector.base import Stage
from connector.salesforce.api.session import Session

STAGE_SET = "OpportunityStage"
_TYPE = "StandardValueSet"


def create_stages(session: Session, standing: Sequence[Stage], wanted: Sequence[Stage]) -> None:
    """See ``Connector.create_stages``. ``standing``: the stages as OpportunityStage shows them, inactive ones too."""
    active = {stage.id.casefold() for stage in standing if stage.active}
    lacking = [stage for stage in wanted if stage.id.casefold() not in active]
    if not lacking:
        return
    held = session.metadata(lambda api: getattr(api, _TYPE).read([STAGE_SET]), writes=False)
    session.metadata(lambda api: getattr(api, _TYPE).update([_extended(api, held, standing, lacking)]))


def _extended(api: Any, held: Any, standing: Sequence[Stage], wanted: Sequence[Stage]) -> Any:
    """The value set with what is wanted in its place."""
    values = list(held.standardValue or ())
    there = {str(value.fullName).casefold() for value in values}
    left_out = [stage for stage in standing if stage.active and stage.id.casefold() not in there]
    values += [_value(api, stage) for stage in left_out]
    ours = {stage.id.casefold() for stage in wanted}
    # A stage that stands inactive comes back as it was, not as we would have made it.
    retired = {name: value for value in values if (name := str(value.fullName).casefold()) in ours}
    others = [value for value in values if str(value.fullName).casefold() not in ours]
    places = {stage.id.casefold(): place for place, stage in enumerate(standing)}
    kept = sorted(
        (value for value in others if value.isActive is not False),
        key=lambda value: places.get(str(value.fullName).casefold(), len(places)),
    )
    for stage in sorted(wanted, key=lambda stage: stage.order):
        value = retired.get(stage.id.casefold())
        if value is None:
            value = _value(api, stage)
        else:
            value.isActive = True
        kept.insert(min(max(stage.order, 0), len(kept)), value)
    inactive = [value for value in others if value.isActive is False]
    return getattr(api, _TYPE)(fullName=STAGE_SET, sorted=bool(held.sorted), standardValue=[*kept, *inactive])


def _value(api: Any, stage: Stage) -> Any:
    return api.StandardValue(
        fullName=stage.id,
        default=False,
        label=stage.label,
        closed=stage.closed,
        won=stage.won,
        probability=round(stage.probability * 100),
        forecastCategory=_forecast(stage),
    )


def _forecast(stage: Stage) -> str:
    """Won is in the forecast as closed, lost is left out of it, all else is pipeline, as in a new org."""
    if stage.closed:
        return "Closed" if stage.won else "Omitted"
    return "Pipeline"
