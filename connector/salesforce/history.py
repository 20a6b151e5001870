"""What Salesforce remembers of a field whose history is tracked: its values, when, and by whom.

Tracking is set per object and field by an administrator, for at most 20 fields of an object; rows are kept for 18 to
24 months (Salesforce Help, "Field History Tracking").
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from connector.base import Version
from connector.errors import Unsupported
from connector.salesforce import rows, soql, wire
from connector.salesforce.session import Session

#: Object -> where its history stands, and the field that names the record.
_PLACES = {
    "Account": ("AccountHistory", "AccountId"),
    "Opportunity": ("OpportunityFieldHistory", "OpportunityId"),
}
_ID = re.compile(r"[0-9A-Za-z]{15}(?:[0-9A-Za-z]{3})?")
_COLUMNS = ("Field", "NewValue", "CreatedDate", "CreatedById")


def history(
    session: Session, object: str, fields: Sequence[str], ids: Sequence[str]
) -> dict[str, dict[str, list[Version]]]:
    """See ``Connector.history``. One call for 500 records."""
    if object not in _PLACES:
        return {}
    place, parent = _PLACES[object]
    wanted = {_tracked_as(field): field for field in fields}
    found: dict[str, dict[str, list[Version]]] = {}
    for part in soql.in_lists([wire.to_18(id) for id in ids]):
        try:
            told = session.everything(soql.by_values(place, (*_COLUMNS, parent), parent, part))
        except Unsupported:
            # History is not tracked for this object at all, or the connected user may not see it.
            return {}
        for row in told:
            field = wanted.get(row["Field"])
            # A lookup leaves two rows: one with the names, one with the ids.
            if field is None or (field != row["Field"] and not _is_id(row["NewValue"])):
                continue
            version = Version(
                value=row["NewValue"],
                at=rows.moment(row["CreatedDate"]),
                by=row.get("CreatedById"),
                by_app=False,
            )
            found.setdefault(wire.to_18(row[parent]), {}).setdefault(field, []).append(version)
    for of_record in found.values():
        for versions in of_record.values():
            versions.sort(key=lambda version: version.at, reverse=True)
    return found


def _tracked_as(field: str) -> str:
    """History names a standard lookup without its ``Id``: ``OwnerId`` is ``Owner`` there."""
    return field.removesuffix("Id") if field.endswith("Id") and not field.endswith("__c") else field


def _is_id(value: object) -> bool:
    return value is None or (isinstance(value, str) and _ID.fullmatch(value) is not None)
