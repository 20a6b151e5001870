"""StandardValueSet and GlobalValueSet in Metadata API's words.

Source: Salesforce, Metadata API developer guide: "StandardValueSet", "GlobalValueSet". A value that is left out of a
deployed set is deactivated.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from emulator.salesforce import definitions
from emulator.salesforce.definitions import STAGE_SET, Stage
from emulator.salesforce.errors import reject
from emulator.salesforce.metadata.choices import as_list, check_values, flag, read_value, shown_value
from emulator.salesforce.org import Org
from emulator.salesforce.schema.model import Field, PicklistValue

#: standard value sets beside the stages: name -> the fields that use it
STANDARD: Mapping[str, tuple[str, ...]] = {
    "AccountRating": ("Account.Rating", "Lead.Rating"),
    "AccountType": ("Account.Type",),
    "Industry": ("Account.Industry", "Lead.Industry"),
    "LeadSource": (
        "Account.AccountSource",
        "Contact.LeadSource",
        "Lead.LeadSource",
        "Opportunity.LeadSource",
    ),
    "OpportunityType": ("Opportunity.Type",),
    "TaskStatus": ("Task.Status",),
    "TaskPriority": ("Task.Priority",),
}


def read_standard(org: Org, name: str) -> dict[str, Any] | None:
    """A standard value set, or None when there is none of that name."""
    if name == STAGE_SET:
        return {"sorted": False, "standardValue": [_shown_stage(stage) for stage in definitions.stages(org)]}
    fields = _fields(org, name)
    if not fields:
        return None
    values = [shown_value(value) for value in fields[0][1].values]
    return {"sorted": False, "standardValue": values}


def write_standard(org: Org, name: str, metadata: Mapping[str, Any]) -> None:
    """Replace a standard value set. Raises RecordError."""
    values = as_list(metadata.get("standardValue"))
    if not values:
        raise reject(
            "REQUIRED_FIELD_MISSING", "Required fields are missing: [standardValue]", "standardValue"
        )
    if name == STAGE_SET:
        definitions.put_stages(org, [_stage(value) for value in values])
        return
    fields = _fields(org, name)
    if not fields:
        raise reject("INVALID_CROSS_REFERENCE_KEY", f"no StandardValueSet named {name} found", "fullName")
    given = tuple(read_value(value) for value in values)
    check_values(given)
    for object_name, info in fields:
        merged = definitions.merged_values(info.values, given)
        org.schema.put_field(object_name, replace(info, values=merged))
    org.touch_definitions()


def _fields(org: Org, name: str) -> list[tuple[str, Field]]:
    found: list[tuple[str, Field]] = []
    for full_name in STANDARD.get(name, ()):
        object_name, _, field_name = full_name.partition(".")
        object_ = org.schema.get(object_name)
        info = object_.field(field_name) if object_ else None
        if object_ and info:
            found.append((object_.name, info))
    return found


def _stage(value: Mapping[str, Any]) -> Stage:
    plain = read_value(value)
    try:
        probability = float(value.get("probability") or 0)
    except ValueError:
        raise reject(
            "FIELD_INTEGRITY_EXCEPTION", f"The probability of {plain.value} is no number", "probability"
        ) from None
    return Stage(
        name=plain.value,
        label=plain.label,
        active=plain.active,
        probability=probability,
        forecast_category=str(value.get("forecastCategory") or "Pipeline"),
        closed=flag(value.get("closed")),
        won=flag(value.get("won")),
        description=value.get("description"),
    )


def _shown_stage(stage: Stage) -> dict[str, Any]:
    found = shown_value(PicklistValue(value=stage.name, label=stage.label, active=stage.active))
    return {
        **found,
        **({"description": stage.description} if stage.description else {}),
        "closed": stage.closed,
        "forecastCategory": stage.forecast_category,
        "probability": int(stage.probability),
        "won": stage.won,
    }


def read_global(org: Org, name: str) -> dict[str, Any] | None:
    """A global value set, or None when there is none of that name."""
    values = None if name == STAGE_SET else org.schema.value_set(name)
    if values is None:
        return None
    return {
        "customValue": [shown_value(value) for value in values],
        "masterLabel": name.replace("_", " "),
        "sorted": False,
    }


def write_global(org: Org, name: str, metadata: Mapping[str, Any]) -> None:
    """Create or replace a global value set. Raises RecordError."""
    if not metadata.get("masterLabel"):
        raise reject("REQUIRED_FIELD_MISSING", "Required fields are missing: [MasterLabel]", "MasterLabel")
    given = tuple(read_value(value) for value in as_list(metadata.get("customValue")))
    check_values(given)
    definitions.put_value_set(org, name, given)


def global_names(org: Org) -> list[str]:
    """The names of the global value sets."""
    return sorted(name for name in org.schema.value_sets() if name != STAGE_SET)
