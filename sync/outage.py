"""When asking a CRM again makes sense, by what it said."""

from __future__ import annotations

from datetime import datetime, timedelta

from connector.errors import ConnectorError, QuotaSpent, Retryable
from connector.secrecy import scrub
from sync.local_time import MINUTES, in_words

#: An allowance of the day comes back over hours: asking every minute would only use up what falls free.
_QUOTA_PAUSE = timedelta(hours=1)


def not_before(error: BaseException, now: datetime) -> datetime | None:
    """When asking again makes sense, by what the CRM said; None where it said nothing. Where it said that the day's
    calls are used up and not until when: in an hour."""
    if isinstance(error, QuotaSpent):
        return error.resets_at or now + _QUOTA_PAUSE
    if isinstance(error, Retryable):
        return now + timedelta(seconds=error.wait)
    return None


def sentence(error: BaseException, now: datetime) -> str:
    """What went wrong, for people, and until when there is no use in trying where that is longer than a minute."""
    text = scrub(str(error)) or type(error).__name__
    until = not_before(error, now) if isinstance(error, ConnectorError) else None
    if until is None or until - now < timedelta(minutes=1):
        return text
    return f"{text.rstrip('.')}; not before {in_words(until, MINUTES)}"
