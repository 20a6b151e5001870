"""Deals and their stages, as HubSpot's JSON spells them. Pure.

Won and lost are a matter of probability (1 and 0) and of the flags derived from it, never of a stage's label:
HubSpot's own example has a stage labelled "Closed lost" that is open (HubSpot: pipelines).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

from connector.base import NativeRecord, Opportunity, Stage, User
from connector.hubspot.api.bodies import instant

#: Properties that every portal has.
DEAL_FIELDS = ("dealname", "amount", "closedate", "dealstage", "pipeline", "hubspot_owner_id", "createdate")
_FLAGS = ("hs_is_closed", "hs_is_closed_won", "hs_deal_stage_probability")
#: Exists in portals that have several currencies.
CURRENCY_FIELD = "deal_currency_code"
#: Properties that a portal may lack.
OPTIONAL_DEAL_FIELDS = (*_FLAGS, CURRENCY_FIELD)
#: The pipeline that every portal begins with.
DEFAULT_PIPELINE = "default"
#: Deal to its primary company (HubSpot: associations).
_PRIMARY_COMPANY = 5


def stages_of(answer: Mapping[str, Any]) -> list[Stage]:
    """Every stage of every pipeline, in their order."""
    return [
        _stage_of(stage, pipeline)
        for pipeline in sorted(answer["results"], key=_place)
        for stage in sorted(pipeline.get("stages") or (), key=_place)
    ]


def _place(item: Mapping[str, Any]) -> int:
    return int(item.get("displayOrder") or 0)


def _stage_of(stage: Mapping[str, Any], pipeline: Mapping[str, Any]) -> Stage:
    metadata = stage.get("metadata") or {}
    probability = _fraction(metadata.get("probability")) or 0.0
    # Derived by HubSpot: closed is exactly where the probability is 0 or 1.
    closed = metadata["isClosed"] == "true" if "isClosed" in metadata else probability in {0.0, 1.0}
    return Stage(
        id=str(stage["id"]),
        label=stage["label"],
        pipeline=str(pipeline["id"]),
        pipeline_label=pipeline["label"],
        order=_place(stage),
        closed=closed,
        won=closed and probability == 1.0,
        probability=probability,
        active=stage.get("archived") is not True and pipeline.get("archived") is not True,
    )


def flat(label: str) -> str:
    """A stage's label as HubSpot tells labels apart: without case and spaces (HubSpot: pipelines)."""
    return "".join(label.split()).lower()


def placed_stages(held: Sequence[Stage], wanted: Sequence[Stage]) -> list[Stage]:
    """The stages of one pipeline once those that are wanted and missing stand in their places."""
    placed = list(held)
    there = {flat(stage.label) for stage in held}
    for stage in sorted(wanted, key=lambda stage: stage.order):
        if flat(stage.label) not in there:
            placed.insert(min(max(stage.order, 0), len(placed)), stage)
            there.add(flat(stage.label))
    return placed


def stage_creation(stage: Stage, place: int) -> dict[str, Any]:
    """The body that creates a stage. Closed is what HubSpot derives from a probability of 0 or 1."""
    return {"label": stage.label, **moved_stage(stage, place)}


def moved_stage(stage: Stage, place: int) -> dict[str, Any]:
    """The body that moves a stage; it must repeat the stage's metadata (HubSpot: pipelines)."""
    return {"displayOrder": place, "metadata": {"probability": format(stage.probability, "g")}}


def deal_of(
    record: NativeRecord,
    *,
    company: str | None,
    stages: Mapping[str, Stage],
    home_currency: str | None,
) -> Opportunity:
    """One deal. The deal's own flags decide; where the portal leaves them blank, its stage's probability does."""
    held = {name: None if value in {None, ""} else str(value) for name, value in record.values.items()}
    stage_id = held["dealstage"] or ""
    stage = stages.get(stage_id)
    probability = _fraction(held["hs_deal_stage_probability"])
    if probability is None and stage is not None:
        probability = stage.probability
    flag = held["hs_is_closed"]
    closed = flag == "true" if flag is not None else stage is not None and stage.closed
    flag = held["hs_is_closed_won"]
    won = flag == "true" if flag is not None else closed and probability == 1.0
    closes, created = held["closedate"], held["createdate"]
    amount = _decimal(held["amount"])
    return Opportunity(
        id=record.id,
        name=held["dealname"] or "",
        account_id=company,
        pipeline=held["pipeline"],
        stage=stage_id,
        amount=amount,
        currency=(held.get(CURRENCY_FIELD) or home_currency) if amount is not None else None,
        # A datetime in HubSpot and a date in Salesforce: the day is UTC's, for every zone the same.
        close_date=instant(closes).date() if closes else None,
        closed=closed or won,
        won=won,
        probability=probability,
        owner_id=held["hubspot_owner_id"],
        created_at=instant(created) if created else record.modified_at,
        modified_at=record.modified_at,
    )


def needs_stages(records: Iterable[NativeRecord]) -> bool:
    """Whether some deal lacks a flag or the probability, so that its stage's definition must be asked."""
    return any(record.values[name] in {None, ""} for record in records for name in _FLAGS)


def companies_of(answer: Mapping[str, Any]) -> dict[str, str]:
    """The company of each deal: its primary one, else the only or first one, in the order of their ids.

    A primary company comes with a second, unlabelled row for the same link (HubSpot: associations).
    """
    found: dict[str, str] = {}
    for entry in answer["results"]:
        types: dict[str, set[int]] = {}
        for link in entry["to"]:
            kinds = types.setdefault(str(link["toObjectId"]), set())
            kinds.update(kind["typeId"] for kind in link["associationTypes"])
        if types:
            ranked = sorted(types, key=lambda company: (_PRIMARY_COMPANY not in types[company], int(company)))
            found[str(entry["from"]["id"])] = ranked[0]
    return found


def owner_of(item: Mapping[str, Any]) -> User:
    """One owner. ``id`` is what ``hubspot_owner_id`` holds; ``userId`` is another number, refused there."""
    name = " ".join(part for part in (item.get("firstName"), item.get("lastName")) if part)
    email = item.get("email") or None
    user = item.get("userId") or item.get("userIdIncludingInactive")
    return User(
        id=str(item["id"]),
        email=email,
        name=name or email or "",
        active=item.get("archived") is not True,
        writes_as=None if user is None else str(user),
    )


def _fraction(text: object) -> float | None:
    try:
        return float(str(text)) if text not in {None, ""} else None
    except ValueError:
        return None


def _decimal(text: str | None) -> str | None:
    """HubSpot may print a number in scientific form; plain digits are the same everywhere."""
    if text is None:
        return None
    try:
        return format(Decimal(text), "f")
    except InvalidOperation:
        return None
