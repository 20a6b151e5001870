"""What HubSpot does by itself when a value is written. Pure: values and rules in, values out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from emulator.hubspot.data.stamps import instant


@dataclass(frozen=True, kw_only=True)
class Settled:
    """`wanted`: what is left of the request; `derived`: what HubSpot adds of its own."""

    wanted: Mapping[str, str]
    derived: Mapping[str, str] = field(default_factory=dict)


def settle_company(
    before: Mapping[str, str], wanted: Mapping[str, str], *, lifecycle: Sequence[str], now: datetime
) -> Settled:
    """The website follows a first domain; the lifecycle moves forward alone."""
    settled = settle_lifecycle(before, wanted, lifecycle=lifecycle, now=now)
    domain = wanted.get("domain")
    if domain and "website" not in wanted and not before.get("website"):
        return Settled(wanted=settled.wanted, derived={**settled.derived, "website": domain})
    return settled


def settle_lifecycle(
    before: Mapping[str, str], wanted: Mapping[str, str], *, lifecycle: Sequence[str], now: datetime
) -> Settled:
    """A backward move is dropped without a word; clearing is allowed (HubSpot: companies guide)."""
    new, old = wanted.get("lifecyclestage"), before.get("lifecyclestage")
    if not new or new == old:
        return Settled(wanted=wanted)
    if old in lifecycle and lifecycle.index(new) < lifecycle.index(old):
        return Settled(wanted={name: value for name, value in wanted.items() if name != "lifecyclestage"})
    return Settled(wanted=wanted, derived={f"hs_lifecyclestage_{new}_date": instant(now)})


def settle_deal(
    before: Mapping[str, str],
    wanted: Mapping[str, str],
    *,
    stages: Mapping[str, Mapping[str, Any]],
    now: datetime,
) -> Settled:
    """Closing flags, probability, stage dates and the close date follow from the stage.

    A deal that enters a closed stage gets the present as its close date, unless the same request sends one.
    """
    derived: dict[str, str] = {}
    if "amount" in wanted:
        derived["amount_in_home_currency"] = wanted["amount"]
    new, old = wanted.get("dealstage", before.get("dealstage")), before.get("dealstage")
    stage = stages.get(new) if new else None
    if stage is None or (new == old and "hs_is_closed" in before):
        return Settled(wanted=wanted, derived=derived)
    probability = stage["metadata"]["probability"]
    closed = stage["metadata"]["isClosed"] == "true"
    stamp = instant(now)
    derived |= {
        "hs_deal_stage_probability": probability,
        "hs_is_closed": "true" if closed else "false",
        "hs_is_closed_won": "true" if closed and float(probability) == 1 else "false",
        "hs_is_closed_lost": "true" if closed and float(probability) == 0 else "false",
        "hs_v2_date_entered_current_stage": stamp,
        f"hs_v2_date_entered_{new}": stamp,
    }
    if old:
        derived[f"hs_v2_date_exited_{old}"] = stamp
    was_closed = before.get("hs_is_closed") == "true"
    if closed and not was_closed and not wanted.get("closedate"):
        derived["closedate"] = stamp
    return Settled(wanted=wanted, derived=derived)


def owner_assigned(before: Mapping[str, str], wanted: Mapping[str, str], *, now: datetime) -> dict[str, str]:
    """The date of a new owner."""
    new = wanted.get("hubspot_owner_id")
    return (
        {"hubspot_owner_assigneddate": instant(now)} if new and new != before.get("hubspot_owner_id") else {}
    )


def merged_values(primary: Mapping[str, str], loser: Mapping[str, str]) -> dict[str, str]:
    """The primary's values win; its blanks take the loser's (HubSpot: merge records)."""
    return {**loser, **primary}
