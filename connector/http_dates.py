"""Moments as HTTP writes them (RFC 9110, 5.6.7)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime


def http_date(text: str | None) -> datetime | None:
    """The moment of a ``Date`` or ``Retry-After`` header, in UTC; None where it is missing or broken.

    All three forms are read, the obsolete ones too. What names no zone (asctime's form never does) is in UTC: HTTP
    knows no other.
    """
    try:
        moment = parsedate_to_datetime(text or "")
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


#: Neither CRM is as old.
_FIRST_YEAR = 2000
#: How far a server's clock may be ahead of ours and still be believed.
_AHEAD = timedelta(days=1)


def believed(told: datetime | None, *, ours: datetime) -> datetime | None:
    """The server's clock where a read may go on from it; None where it is more than a day ahead of our own.

    One that is far too late would leave out everything until then. One that is too early costs a longer read and loses
    nothing.
    """
    if told is None or told.year < _FIRST_YEAR:
        return None
    return told if told <= ours + _AHEAD else None
