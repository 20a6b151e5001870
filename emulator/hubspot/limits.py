"""Rate limits by the emulator's clock (HubSpot: usage guidelines)."""

from collections import deque
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from emulator.hubspot.errors import HubSpotError, too_fast_rolling, too_fast_search, too_many_today

_ROLLING = timedelta(seconds=10)
_SECOND = timedelta(seconds=1)


@dataclass(frozen=True, kw_only=True)
class Limits:
    """How much an app may do. The defaults are those of a Professional account; 0 means no limit."""

    rolling: int = 190
    rolling_oauth: int = 110
    search_per_second: int = 5
    daily: int = 625_000

    def changed(self, order: dict[str, Any]) -> "Limits":
        """These limits with some replaced. Raises ValueError in words."""
        known = ("rolling", "rolling_oauth", "search_per_second", "daily")
        if unknown := sorted(set(order) - set(known)):
            raise ValueError(f"unknown limits: {', '.join(unknown)} (known: {', '.join(known)})")
        if bad := [name for name, number in order.items() if not isinstance(number, int) or number < 0]:
            raise ValueError(f"limits must be whole numbers, 0 for none: {', '.join(bad)}")
        return replace(self, **order)


NONE = Limits(rolling=0, rolling_oauth=0, search_per_second=0, daily=0)


class Usage:
    """Who called when. Bursts are counted by app, the day by account."""

    def __init__(self, limits: Limits, *, zone: str) -> None:
        self.limits = limits
        self._zone = ZoneInfo(zone)
        self._calls: dict[str, deque[datetime]] = {}
        self._searches: dict[str, deque[datetime]] = {}
        self._day = ""
        self.today = 0

    def use(self, app: str, *, oauth: bool, search: bool, now: datetime) -> dict[str, str]:
        """Count one call; answers the rate headers. Raises the 429 whose limit is reached.

        A refused call counts too; search answers carry no rate headers.
        """
        self._turn_day(now)
        calls = self._window(self._calls, app, now, _ROLLING)
        searches = self._window(self._searches, app, now, _SECOND)
        most = self.limits.rolling_oauth if oauth else self.limits.rolling
        if self.limits.daily and self.today >= self.limits.daily:
            raise _with(too_many_today(), {} if search else self._headers(most, len(calls), oauth=oauth))
        self.today += 1
        if search and self.limits.search_per_second:
            if len(searches) >= self.limits.search_per_second:
                raise too_fast_search()
            searches.append(now)
        if most:
            if len(calls) >= most:
                raise _with(
                    too_fast_rolling(), {} if search else self._headers(most, len(calls), oauth=oauth)
                )
            calls.append(now)
        return {} if search else self._headers(most, len(calls), oauth=oauth)

    def set_today(self, count: int, now: datetime) -> None:
        """Let so many calls of the day be used up: other apps share it."""
        self._turn_day(now)
        self.today = count

    def resets_at(self, now: datetime) -> datetime:
        """The next midnight in the portal's time zone."""
        local = now.astimezone(self._zone)
        return (local + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)

    def _turn_day(self, now: datetime) -> None:
        day = now.astimezone(self._zone).date().isoformat()
        if day != self._day:
            self._day, self.today = day, 0

    @staticmethod
    def _window(
        windows: dict[str, deque[datetime]], app: str, now: datetime, length: timedelta
    ) -> deque[datetime]:
        window = windows.setdefault(app, deque())
        while window and now - window[0] >= length:
            window.popleft()
        return window

    def _headers(self, most: int, used: int, *, oauth: bool) -> dict[str, str]:
        most = most or 1_000_000
        headers = {
            "X-HubSpot-RateLimit-Interval-Milliseconds": "10000",
            "X-HubSpot-RateLimit-Max": str(most),
            "X-HubSpot-RateLimit-Remaining": str(max(0, most - used)),
        }
        if not oauth:
            daily = self.limits.daily or 1_000_000
            headers["X-HubSpot-RateLimit-Daily"] = str(daily)
            headers["X-HubSpot-RateLimit-Daily-Remaining"] = str(max(0, daily - self.today))
        return headers


def _with(error: HubSpotError, headers: dict[str, str]) -> HubSpotError:
    error.headers.update(headers)
    return error
