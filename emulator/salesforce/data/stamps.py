"""How Salesforce writes moments: whole seconds, printed with milliseconds and ``+0000``.

The text form sorts like the moment it names, so the store keeps it as text.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta, timezone
from email.utils import format_datetime, parsedate_to_datetime

_WITH_ZONE = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?\s?(Z|[+-]\d\d:?\d\d)?\Z",
    re.IGNORECASE,
)
_DATE = re.compile(r"(\d{4})-(\d\d)-(\d\d)\Z")


def stamp(moment: datetime) -> str:
    """Print a moment as the API does, e.g. ``2024-09-10T13:12:38.000+0000``: stored values are whole seconds."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000+0000")


def moment(text: str) -> datetime:
    """Read a stamp that `stamp` printed."""
    return datetime.strptime(text[:19], "%Y-%m-%dT%H:%M:%S").replace(tzinfo=UTC)


def parse_datetime(text: str) -> str | None:
    """Return the stamp for a datetime in any form that the API takes in, or None when it is none.

    A datetime without a zone is read as UTC; a bare date is its midnight in UTC.
    """
    found = _WITH_ZONE.match(text)
    try:
        if found is None:
            day = parse_date(text)
            return None if day is None or not _DATE.match(text) else f"{day}T00:00:00.000+0000"
        year, month, day_of_month, hour, minute, second = (int(part) for part in found.groups()[:6])
        zone = found.group(8)
        offset = timedelta()
        if zone and zone.upper() != "Z":
            hours, minutes = int(zone[1:3]), int(zone[-2:])
            offset = timedelta(hours=hours, minutes=minutes) * (-1 if zone[0] == "-" else 1)
        return stamp(datetime(year, month, day_of_month, hour, minute, second, tzinfo=timezone(offset)))
    except (ValueError, OverflowError):
        return None


def parse_date(text: str) -> str | None:
    """Return ``YYYY-MM-DD`` for a date, or for a datetime whose time part the API drops; None when it is none."""
    try:
        return (
            date.fromisoformat(text[:10]).isoformat() if _DATE.match(text[:10]) and _tail_ok(text) else None
        )
    except ValueError:
        return None


def _tail_ok(text: str) -> bool:
    return len(text) == 10 or _WITH_ZONE.match(text) is not None


def http_date(moment_: datetime) -> str:
    """Print a moment for an HTTP header."""
    return format_datetime(moment_.astimezone(UTC).replace(microsecond=0), usegmt=True)


def parse_http_date(text: str) -> datetime | None:
    """Read the moment of an HTTP header, or None when it is malformed."""
    try:
        found = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError):
        return None
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
