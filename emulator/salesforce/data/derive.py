"""What a row carries that follows from its other fields: names, addresses, the meaning of a stage, fiscal periods."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from emulator.salesforce.parts import Home
from emulator.salesforce.schema.model import SObject

#: ForecastCategory -> ForecastCategoryName
FORECAST_NAMES: Mapping[str, str] = {
    "Omitted": "Omitted",
    "Pipeline": "Pipeline",
    "BestCase": "Best Case",
    "MostLikely": "Most Likely",
    "Forecast": "Commit",
    "Closed": "Closed",
}
_PARTS = ("City", "Country", "GeocodeAccuracy", "Latitude", "Longitude", "PostalCode", "State", "Street")
_COMPOUNDS = ("BillingAddress", "ShippingAddress", "MailingAddress", "OtherAddress", "Address")
_PARTS_OF = {
    name: {part[0].lower() + part[1:]: name.removesuffix("Address") + part for part in _PARTS}
    for name in _COMPOUNDS
}


def derived(
    org: Home, object_: SObject, row: Mapping[str, Any], before: Mapping[str, Any] | None
) -> dict[str, Any]:
    """Return the fields that follow from ``row``; ``before`` is the row as it stood, or None for a new one."""
    made = _addresses(object_, row)
    if object_.name in ("Contact", "User"):
        made["Name"] = " ".join(part for part in (row.get("FirstName"), row.get("LastName")) if part) or None
    elif object_.name == "Opportunity":
        made |= _opportunity(org, row, before)
    elif object_.name == "Task":
        made |= _task(org, row)
    elif object_.name == "PermissionSetAssignment":
        made["IsActive"] = True
    elif object_.name == "PermissionSet":
        owned = bool(row.get("ProfileId"))
        made |= {"IsCustom": not owned, "IsOwnedByProfile": owned, "Type": "Profile" if owned else "Regular"}
    return made


def stage_of(org: Home, name: object) -> Mapping[str, Any] | None:
    """Return the OpportunityStage row that a StageName points at, or None for a name that is no stage."""
    return next(iter(org.store.find("OpportunityStage", "ApiName", name)), None)


def _addresses(object_: SObject, row: Mapping[str, Any]) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for name in _COMPOUNDS:
        names = _PARTS_OF[name]
        if name in object_.fields and not row.keys().isdisjoint(names.values()):
            parts = {key: row.get(part) for key, part in names.items()}
            made[name] = parts if any(value is not None for value in parts.values()) else None
    return made


def _opportunity(org: Home, row: Mapping[str, Any], before: Mapping[str, Any] | None) -> dict[str, Any]:
    stage = stage_of(org, row.get("StageName")) or {}
    moved = before is None or before.get("StageName") != row.get("StageName")
    given = before is not None and before.get("Probability") != row.get("Probability")
    probability = row.get("Probability")
    # The stage's own probability is written at every move, unless the same call sets one.
    if (moved and not given) or probability is None:
        set_by_caller = before is None and probability is not None
        probability = probability if set_by_caller else float(stage.get("DefaultProbability") or 0)
    category = str(stage.get("ForecastCategory") or "Pipeline")
    amount = row.get("Amount")
    close = str(row.get("CloseDate") or "")
    made: dict[str, Any] = {
        "IsClosed": bool(stage.get("IsClosed")),
        "IsWon": bool(stage.get("IsWon")),
        "Probability": probability,
        "ForecastCategory": category,
        "ForecastCategoryName": FORECAST_NAMES[category],
        "ExpectedRevenue": None if amount is None else round(amount * probability / 100, 2),
    }
    if close:
        year, quarter = int(close[:4]), (int(close[5:7]) - 1) // 3 + 1
        made |= {"FiscalYear": year, "FiscalQuarter": quarter, "Fiscal": f"{year} {quarter}"}
    if moved and before is not None:
        made["LastStageChangeDate"] = org.now()
    return made


def _task(org: Home, row: Mapping[str, Any]) -> dict[str, Any]:
    about = org.target(row["WhatId"]) if row.get("WhatId") else None
    account = None
    if about is not None:
        account = about[1]["Id"] if about[0].name == "Account" else about[1].get("AccountId")
    return {
        "IsClosed": row.get("Status") == "Completed",
        "IsHighPriority": row.get("Priority") == "High",
        "AccountId": account,
    }
