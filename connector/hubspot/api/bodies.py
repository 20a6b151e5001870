"""Records, as HubSpot's JSON spells them: request bodies out, records and results in. Pure.

Every property value is text or null in an answer. A requested property that was never set comes back null or
is left out, and so is one that does not exist (HubSpot: properties); telling these apart is for ``schema``.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from connector.base import NativeRecord, NativeValue, Removal, WriteResult

#: Records of one batch call, and of one page of a list (HubSpot: usage-details, companies).
BATCH = 100
LIST_PAGE = 100
SEARCH_PAGE = 200
#: Characters of a list's query; above it the property names go into a batch read's body, short of a 414.
LONGEST_QUERY = 4000

#: Moves with every write; the stamp that search filters by. Contacts call it ``lastmodifieddate``.
STAMP = "hs_lastmodifieddate"
#: Ids that were merged into this record, ``;`` between them.
MERGED = "hs_merged_object_ids"
ID = "hs_object_id"

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)


# -- times -------------------------------------------------------------------------------------------------


def instant(text: str | float) -> datetime:
    """A stamp as HubSpot prints it: ISO 8601 with or without a fraction, or milliseconds since 1970."""
    if isinstance(text, int | float) or text.lstrip("-").isdigit():
        return _EPOCH + int(text) * _MILLISECOND
    at = datetime.fromisoformat(text)
    return at.astimezone(UTC) if at.tzinfo is not None else at.replace(tzinfo=UTC)


def milliseconds(at: datetime) -> int:
    """A time as search filters take it (as text), rounded down."""
    return (at - _EPOCH) // _MILLISECOND


# -- requests ------------------------------------------------------------------------------------------------


def search_body(window: ModifiedWindow) -> dict[str, Any]:
    """Ids and stamps of records modified within fixed bounds, in the order of their ids.

    Ten thousand records can carry one stamp and a search shows no more than ten thousand, so neither paging by
    offset nor moving on by stamp can see them all; the id goes on where the last page ended (HubSpot: search).
    """
    return {
        "filterGroups": [
            {
                "filters": [
                    {"propertyName": STAMP, "operator": "GTE", "value": str(milliseconds(window.since))},
                    {"propertyName": STAMP, "operator": "LTE", "value": str(milliseconds(window.upper))},
                    {"propertyName": ID, "operator": "GT", "value": window.after_id},
                ]
            }
        ],
        "sorts": [{"propertyName": ID, "direction": "ASCENDING"}],
        "properties": [ID, STAMP],
        "limit": SEARCH_PAGE,
    }


def batch_read_body(
    ids: Iterable[str], fields: Sequence[str], *, key_field: str | None = None
) -> dict[str, Any]:
    """Records by id, or by the unique property ``key_field``; 100 a call."""
    body: dict[str, Any] = {
        "inputs": [{"id": id} for id in ids],
        "properties": asked_for(fields),
        "propertiesWithHistory": [],
    }
    if key_field is not None:
        body["idProperty"] = key_field
    return body


def update_body(rows: Mapping[str, Mapping[str, NativeValue]]) -> dict[str, Any]:
    """Rows by record id. Trace ids let HubSpot say which row an error concerns (HubSpot: error-handling)."""
    return {
        "inputs": [
            {"id": id, "objectWriteTraceId": id, "properties": written(values)} for id, values in rows.items()
        ]
    }


def upsert_body(key_field: str, rows: Mapping[str, Mapping[str, NativeValue]]) -> dict[str, Any]:
    """Rows by the value of a unique property, which is written too, so that every answer carries it."""
    return {
        "inputs": [
            {
                "id": key,
                "idProperty": key_field,
                "objectWriteTraceId": key,
                "properties": {**written(values), key_field: key},
            }
            for key, values in rows.items()
        ]
    }


def asked_for(fields: Sequence[str]) -> list[str]:
    """The properties to request: those wanted, and those that every record is judged by."""
    return list(dict.fromkeys((*fields, STAMP, MERGED)))


def written(values: Mapping[str, NativeValue]) -> dict[str, str]:
    """Values as text. A blank is empty text, which clears; what null would do is not documented."""
    return {name: _written(value) for name, value in values.items()}


def _written(value: NativeValue) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


# -- answers -------------------------------------------------------------------------------------------------


def record_of(item: Mapping[str, Any], fields: Sequence[str]) -> NativeRecord:
    """One record of a read; a property that the answer leaves out reads as None."""
    held = item["properties"]
    merged = held.get(MERGED)
    return NativeRecord(
        id=str(item["id"]),
        values={name: held.get(name) for name in fields},
        modified_at=instant(held.get(STAMP) or item["updatedAt"]),
        merged_ids=tuple(part for part in merged.split(";") if part) if merged else (),
    )


def stamps_of(answer: Mapping[str, Any]) -> dict[str, datetime]:
    """Ids and stamps of a search page, in its order."""
    return {
        str(item["id"]): instant(item["properties"].get(STAMP) or item["updatedAt"])
        for item in answer["results"]
    }


def absent_fields(items: Iterable[Mapping[str, Any]], fields: Sequence[str]) -> set[str]:
    """Requested properties that some record leaves out altogether: unknown to HubSpot, or never set."""
    left_out: set[str] = set()
    for item in items:
        held = item["properties"]
        left_out.update(name for name in fields if name not in held)
    return left_out


def removal_of(item: Mapping[str, Any]) -> Removal:
    """A record out of an archived list or archived batch read."""
    archived_at = item.get("archivedAt")
    return Removal(id=str(item["id"]), at=instant(archived_at) if archived_at else None)


def next_page(answer: Mapping[str, Any]) -> str | None:
    """The token of a list's next page."""
    after = ((answer.get("paging") or {}).get("next") or {}).get("after")
    return None if after is None else str(after)


def by_asked_id(records: Iterable[NativeRecord], asked: Iterable[str]) -> dict[str, NativeRecord]:
    """Match records to the ids asked for, never by order; a merged id is matched to the survivor that names it."""
    found: dict[str, NativeRecord] = {}
    survivors: dict[str, NativeRecord] = {}
    for record in records:
        found[record.id] = record
        survivors.update(dict.fromkeys(record.merged_ids, record))
    matched = ((id, found.get(id) or survivors.get(id)) for id in asked)
    return {id: record for id, record in matched if record is not None}


def result_of(item: Mapping[str, Any], names: Iterable[str]) -> WriteResult:
    """One row that was written. ``stored`` is what the answer says the record now holds of the written fields."""
    held = item["properties"]
    return WriteResult(
        id=str(item["id"]),
        created=item.get("new") is True,
        not_before=instant(item["updatedAt"]),
        stored={name: held[name] for name in names if name in held},
    )


# -- positions -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class ModifiedWindow:
    """A pass over what was modified within fixed bounds."""

    since: datetime
    upper: datetime
    #: The last id that was read.
    after_id: str = "0"


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """How far an object has been read."""

    #: HubSpot's time when the read began: everything modified earlier is known once the read is through.
    until: datetime
    #: An unfinished full read: the list's token of its next page.
    list_after: str | None = None
    #: An unfinished pass.
    window: ModifiedWindow | None = None

    def text(self) -> str:
        """The opaque form; times are milliseconds, which is all that HubSpot keeps."""
        parts: dict[str, object] = {"until": milliseconds(self.until)}
        if self.list_after is not None:
            parts["list_after"] = self.list_after
        if self.window is not None:
            parts |= {
                "since": milliseconds(self.window.since),
                "upper": milliseconds(self.window.upper),
                "after_id": self.window.after_id,
            }
        return json.dumps(parts, separators=(",", ":"))

    @classmethod
    def of(cls, text: str) -> Position:
        """Raises ValueError for a text that no HubSpot connector wrote."""
        try:
            parts = json.loads(text)
            window = (
                ModifiedWindow(
                    since=instant(parts["since"]), upper=instant(parts["upper"]), after_id=parts["after_id"]
                )
                if "since" in parts
                else None
            )
            return cls(until=instant(parts["until"]), list_after=parts.get("list_after"), window=window)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"{text!r} is no position of a HubSpot object") from error
