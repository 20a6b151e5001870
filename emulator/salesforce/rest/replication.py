"""getUpdated and getDeleted: which records changed or went in a span of time. Source: Salesforce REST API."""

from __future__ import annotations

from datetime import datetime, timedelta

from emulator.salesforce.data import recycle
from emulator.salesforce.data.stamps import moment, parse_datetime, stamp
from emulator.salesforce.data.user_view import Eyes
from emulator.salesforce.errors import refuse
from emulator.salesforce.rest.records import object_of
from emulator.salesforce.rest.surface import Ask, Endpoint, Reply

_S = "/services/data/{v}/sobjects/{object}"
_UPDATED_DAYS, _DELETED_DAYS = 30, 15


def updated(ask: Ask) -> Reply:
    """GET updated: ids whose SystemModstamp lies in the span.

    ``latestDateCovered`` stops before the first write that is not committed yet.
    """
    object_ = object_of(ask)
    start, end = _span(ask, _UPDATED_DAYS)
    rows = Eyes(ask.org, ask.caller).at_or_after(object_.name, "SystemModstamp", stamp(start))
    if rows is None:
        rows = Eyes(ask.org, ask.caller).rows(object_.name)
    low, high = stamp(start), stamp(end)
    ids = [row["Id"] for row in rows if low <= row["SystemModstamp"] < high]
    return Reply(body={"ids": ids, "latestDateCovered": stamp(_covered(ask, object_.name, end))})


def deleted(ask: Ask) -> Reply:
    """GET deleted: deletes of the span, as far as the delete log still reaches."""
    object_ = object_of(ask)
    start, end = _span(ask, _DELETED_DAYS)
    now = ask.org.clock.now()
    reach = now - timedelta(days=_DELETED_DAYS)
    options = ask.caller.taken.options("F19")
    kept = ask.org.settings.delete_log_seconds if options is None else float(options.get("kept", 3600))
    if kept is not None:
        reach = max(reach, now - timedelta(seconds=kept))
    low, high = stamp(max(start, reach)), stamp(end)
    log = sorted(recycle.deletions(ask.org, object_).items(), key=lambda item: (item[1], item[0]))
    return Reply(
        body={
            "deletedRecords": [
                {"deletedDate": at, "id": record_id} for record_id, at in log if low <= at < high
            ],
            "earliestDateAvailable": stamp(reach),
            "latestDateCovered": stamp(_covered(ask, object_.name, end)),
        }
    )


def _covered(ask: Ask, object_name: str, end: datetime) -> datetime:
    now = ask.org.clock.now()
    covered = min(end, now)
    options = ask.caller.taken.options("F20")
    lag = ask.org.settings.covered_lag if options is None else float(options.get("lag", 300))
    if lag:
        covered = min(covered, now - timedelta(seconds=lag))
    for record_id in ask.org.store.late(object_name, stamp(now)):
        row = ask.org.store.get(object_name, record_id)
        if row is not None and row.get("SystemModstamp"):
            covered = min(covered, moment(row["SystemModstamp"]))
    return covered.replace(second=0, microsecond=0)


def _span(ask: Ask, days: int) -> tuple[datetime, datetime]:
    """Read start and end, whole minutes. Raises CallError INVALID_REPLICATION_DATE."""
    ends = []
    for name in ("start", "end"):
        # A plus sign that a client did not encode arrives as a blank.
        text = ask.query.get(name, "").replace(" ", "+")
        read = parse_datetime(text)
        if read is None:
            raise refuse(
                "INVALID_REPLICATION_DATE", f"{name}: '{text}' is not a valid value for the type xsd:dateTime"
            )
        ends.append(moment(read).replace(second=0))
    start, end = ends
    if end - start < timedelta(minutes=1):
        raise refuse("INVALID_REPLICATION_DATE", "endDate before startDate or less than a minute after it")
    if start < ask.org.clock.now() - timedelta(days=days):
        raise refuse("INVALID_REPLICATION_DATE", f"startDate cannot be more than {days} days ago")
    return start, end


ENDPOINTS = [
    Endpoint(method="GET", template=_S + "/updated", handle=updated),
    Endpoint(method="GET", template=_S + "/deleted", handle=deleted),
]
