"""What a server says of waiting and of going on, read so that every wait and every list has an end."""

from __future__ import annotations

import math

from connector.errors import Unavailable
from connector.http_dates import http_date

#: Seconds that a server may make us wait; who is away for longer is asked again after it.
LONGEST_WAIT = 3600.0


def wait_asked(header: str | None, *, date: str | None) -> float | None:
    """Seconds that a ``Retry-After`` header asks for, from 0 to an hour; None where it asks for nothing readable.

    It holds seconds or a moment (RFC 9110, 10.2.3). ``date``: the ``Date`` header of the same answer, for a moment of
    the server's means nothing on a clock of ours that is ahead or behind.
    """
    text = (header or "").strip()
    try:
        seconds = float(text)
    except ValueError:
        until, now = http_date(text), http_date(date)
        if until is None or now is None:
            return None
        seconds = (until - now).total_seconds()
    return None if math.isnan(seconds) else min(max(seconds, 0.0), LONGEST_WAIT)


class Pages:
    """The pages of one list. A list that begins anew, or stands still, is broken off instead of read for ever."""

    def __init__(self, what: str) -> None:
        """``what``: the list, for a message: ``owners of HubSpot``."""
        self._what = what
        self._seen: set[str] = set()

    def go_on(self, cursor: str) -> str:
        """The cursor of the next page. ``Unavailable`` where it was there before."""
        if cursor in self._seen:
            raise Unavailable(
                f"{self._what}: the list came back to a page that was read already", code="CURSOR_CAME_BACK"
            )
        self._seen.add(cursor)
        return cursor
