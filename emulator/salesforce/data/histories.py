"""The rows that the org writes beside a save: OpportunityHistory, and the history of tracked fields.

Source: Salesforce Help, "Field History Tracking"; what it refuses: forcedotcom/salesforcedx-vscode #501, cli #1922.
"""

from __future__ import annotations

from typing import Any

from emulator.salesforce.data.store import Row
from emulator.salesforce.errors import reject
from emulator.salesforce.org import Org
from emulator.salesforce.parts import Caller
from emulator.salesforce.schema.model import SObject

_WATCHED = ("StageName", "Amount", "CloseDate", "Probability", "ForecastCategory")
_TRACKS = {"Account": "AccountHistory", "Opportunity": "OpportunityFieldHistory"}


def kept(org: Org, object_name: str) -> bool:
    """Whether an object can be asked for; one that keeps the history of another is there once that is switched on."""
    owners = [owner for owner, history in _TRACKS.items() if history == object_name]
    return all(owner in org.settings.histories for owner in owners)


def tracks(org: Org, object_name: str, field_name: str) -> bool:
    """Whether the field's history is tracked."""
    return f"{object_name}.{field_name}" in org.settings.tracked


def track(org: Org, object_name: str, field_name: str, *, on: bool | None) -> None:
    """Begin or end to track a field; None leaves it as it is. Raises RecordError."""
    full, tracked = f"{object_name}.{field_name}", org.settings.tracked
    if on is None or on == (full in tracked):
        return
    if not on:
        org.configure(tracked=tuple(name for name in tracked if name != full))
        return
    check(org, object_name)
    org.configure(tracked=(*tracked, full))


def check(org: Org, object_name: str) -> None:
    """Raise RecordError where no further field of the object may be tracked."""
    tracked = org.settings.tracked
    if object_name not in org.settings.histories:
        message = f"The entity: {object_name} does not have history tracking enabled"
        raise reject("FIELD_INTEGRITY_EXCEPTION", message, "TrackHistory")
    if sum(name.startswith(f"{object_name}.") for name in tracked) >= org.settings.most_tracked:
        message = "exceeded the allowed number of fields to track on a given entity"
        raise reject("FIELD_INTEGRITY_EXCEPTION", message, "TrackHistory")


def keep(org: Org, caller: Caller, object_: SObject, row: Row, before: Row | None) -> None:
    """Write the history rows of one save."""
    if object_.name == "Opportunity":
        _opportunity(org, caller, row, before)
    history = _TRACKS.get(object_.name)
    if history is None:
        return
    if before is None:
        tracked = any(name.startswith(f"{object_.name}.") for name in org.settings.tracked)
        if tracked:
            _field(org, caller, history, object_, row, "created", None, None, None)
        return
    for name in org.settings.tracked:
        owner, _, field_name = name.partition(".")
        field = object_.field(field_name)
        if owner == object_.name and field is not None and row.get(field.name) != before.get(field.name):
            old, new = before.get(field.name), row.get(field.name)
            _field(org, caller, history, object_, row, field.name, old, new, field.type)


def _opportunity(org: Org, caller: Caller, row: Row, before: Row | None) -> None:
    changed = [name for name in _WATCHED if before is None or before.get(name) != row.get(name)]
    if not changed:
        return
    history_object = org.sobject("OpportunityHistory")
    now = org.now()
    history_id = org.new_id(history_object)
    org.store.put(
        history_object.name,
        {
            "Id": history_id,
            "OpportunityId": row["Id"],
            "CreatedById": caller.user_id,
            "CreatedDate": now,
            "SystemModstamp": now,
            "IsDeleted": False,
            **{name: row.get(name) for name in (*_WATCHED, "ExpectedRevenue")},
            "PrevAmount": before.get("Amount") if before else None,
            "PrevCloseDate": before.get("CloseDate") if before else None,
        },
    )
    links = {
        link: history_id
        for field, link in (
            ("Amount", "LastAmountChangedHistoryId"),
            ("CloseDate", "LastCloseDateChangedHistoryId"),
        )
        if before is not None and field in changed
    }
    if links:
        org.store.put("Opportunity", {**row, **links})


def _field(
    org: Org,
    caller: Caller,
    history: str,
    object_: SObject,
    row: Row,
    name: str,
    old: Any,
    new: Any,
    kind: str | None,
) -> None:
    history_object = org.sobject(history)
    org.store.put(
        history,
        {
            "Id": org.new_id(history_object),
            "IsDeleted": False,
            f"{object_.name}Id": row["Id"],
            "CreatedById": caller.user_id,
            "CreatedDate": org.now(),
            "Field": name.removesuffix("Id") if name == "OwnerId" else name,
            "DataType": {"reference": "EntityId", "boolean": "Boolean", "double": "Double"}.get(
                kind or "", "Text" if kind else None
            ),
            "OldValue": old,
            "NewValue": new,
        },
    )
