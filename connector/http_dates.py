"""Moments as HTTP writes them (RFC 9110, 5.6.7)."""

from __future__ import annotations

from datetime import UTC, datetime
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
