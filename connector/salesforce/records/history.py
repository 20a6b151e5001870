"""What Salesforce remembers of a field whose history is tracked: its values, when, and by whom.

Tracking is set per object and field by an administrator, for at most 20 fields of an object; rows are kept for 18 to
24 months (Salesforce Help, "Field History Tracking"). An object whose tracking is off has no history object at all.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any
from urllib.parse import quote

from connector.base import Version
from connector.errors import AuthFailed, Rejected, Unsupported
from connector.salesforce.api import errors, soql
from connector.salesforce.api.session import COMPOSITE_LIMIT, Session
from connector.salesforce.api.stamps import moment

#: Object -> where its history stands, and the field that names the record.
_PLACES = {
    "Account": ("AccountHistory", "AccountId"),
    "Opportunity": ("OpportunityFieldHistory", "OpportunityId"),
}
_ID = re.compile(r"[0-9A-Za-z]{15}(?:[0-9A-Za-z]{3})?")
_COLUMNS = ("Id", "Field", "NewValue", "CreatedDate", "CreatedById")


#: An org whose edition has no field history tracking has no such column.
_NO_COLUMN = "INVALID_FIELD"


def tracked(session: Session, object: str) -> Mapping[str, bool] | None:
    """Whether each field's history is tracked; None where the org does not tell. One API call."""
    try:
        found = session.everything(soql.tracked_fields(object), path="tooling/query")
    except (AuthFailed, Rejected, Unsupported) as error:
        if error.code not in errors.HIDDEN and error.code != _NO_COLUMN:
            raise
        return None
    return {row["QualifiedApiName"]: bool(row["IsFieldHistoryTracked"]) for row in found}


class Histories:
    """Reads one org's field histories."""

    def __init__(self, session: Session) -> None:
        self._session = session
        #: Objects without a history, as far as this session was told.
        self._untracked: set[str] = set()

    def of(
        self, object: str, fields: Sequence[str], ids: Sequence[str]
    ) -> dict[str, dict[str, list[Version]]]:
        """See ``Connector.history``. Five statements of 500 records to a call."""
        if object not in _PLACES or object in self._untracked or not ids or not fields:
            return {}
        wanted = {_tracked_as(field): field for field in fields}
        told: dict[str, dict[str, list[tuple[Version, str]]]] = {}
        try:
            for row in self._rows(object, sorted(wanted), ids):
                field = wanted.get(row["Field"])
                # A lookup leaves two rows: one with the names, one with the ids.
                if field is None or (field != row["Field"] and not _is_id(row["NewValue"])):
                    continue
                record = errors.to_18(row[_PLACES[object][1]])
                told.setdefault(record, {}).setdefault(field, []).append((self._version(row), row["Id"]))
        except Unsupported:
            # History is not tracked for this object at all, or the connected user may not see it.
            self._untracked.add(object)
            return {}
        return {
            record: {field: _newest_first(versions) for field, versions in of_record.items()}
            for record, of_record in told.items()
        }

    def _version(self, row: Mapping[str, Any]) -> Version:
        by = row.get("CreatedById")
        return Version(
            value=row["NewValue"],
            at=moment(row["CreatedDate"]),
            by=by,
            by_app=by is not None and by == self._session.token.user_id,
        )

    def _rows(self, object: str, fields: Sequence[str], ids: Sequence[str]) -> Iterator[Mapping[str, Any]]:
        place, parent = _PLACES[object]
        tracked = ",".join(soql.literal(field) for field in fields)
        statements = (
            soql.by_values(place, (*_COLUMNS, parent), parent, part, [f"Field IN ({tracked})"])
            for part in soql.in_lists(dict.fromkeys(errors.to_18(id) for id in ids))
        )
        while texts := list(islice(statements, COMPOSITE_LIMIT)):
            parts = [{"method": "GET", "path": f"query/?q={quote(text, safe='')}"} for text in texts]
            answers, _ = self._session.composite(parts, judge=errors.any_failed)
            for _, body in answers:
                yield from self._session.rest_of(body)


def _newest_first(versions: list[tuple[Version, str]]) -> list[Version]:
    """Times are whole seconds; within one the ids tell which row was made later."""
    versions.sort(key=lambda one: (one[0].at, one[1]), reverse=True)
    return [version for version, _ in versions]


def _tracked_as(field: str) -> str:
    """History names a standard lookup without its ``Id``: ``OwnerId`` is ``Owner`` there."""
    return field.removesuffix("Id") if field.endswith("Id") and not field.endswith("__c") else field


def _is_id(value: object) -> bool:
    return value is None or (isinstance(value, str) and _ID.fullmatch(value) is not None)
