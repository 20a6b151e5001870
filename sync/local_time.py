"""The time zone in which people are told when something happened; for programs every time is UTC.

There is one of it in a process, as there is one configuration: whoever reads that sets it (``timezone:``), and whatever
tells a time asks here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta, tzinfo
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

#: To the second, and to the minute.
SECONDS = "%Y-%m-%d %H:%M:%S"
MINUTES = "%Y-%m-%d %H:%M"
#: No clock on earth is further ahead of UTC.
FURTHEST_AHEAD = timedelta(hours=14)

_ABBREVIATION = re.compile(r"[A-Z]{2,5}|(?:UTC|GMT)?\s*[+-]\d{1,2}(?::?\d\d)?")


class _LocalTime:
    """What this process tells times in."""

    zone: tzinfo = UTC


def tell_in(zone: tzinfo | None) -> None:
    """From now on people are told times in this zone; None for UTC."""
    _LocalTime.zone = zone or UTC


def zone() -> tzinfo:
    """In which people are told times, and mean them where they write none."""
    return _LocalTime.zone


def zone_name() -> str:
    """As a head over a column says it: ``UTC``, ``Europe/Berlin``."""
    return str(getattr(_LocalTime.zone, "key", "UTC"))


def local(at: datetime, form: str = SECONDS) -> str:
    """A moment as the clock on the wall shows it, without its zone."""
    try:
        return at.astimezone(_LocalTime.zone).strftime(form)
    except OverflowError:
        return at.strftime(form)


def in_words(at: datetime, form: str = SECONDS) -> str:
    """A moment with its zone: ``2026-03-02 10:00:00 CET``."""
    try:
        there = at.astimezone(_LocalTime.zone)
    except OverflowError:
        there = at
    return f"{there.strftime(form)} {there.tzname()}"


def read_zone(name: str) -> ZoneInfo:
    """The zone that somebody named. ValueError with what may have been meant where there is none."""
    # Every command tells times; only whoever names a zone needs the zones of the world.
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones  # noqa: PLC0415

    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(_remedy(name, available_timezones())) from None


def _remedy(name: str, known: Iterable[str]) -> str:
    places = sorted(
        place for place in known if "/" in place and not place.startswith(("Etc/", "posix/", "right/"))
    )
    missing = f"there is no time zone {name!r}"
    spelled = re.sub(r"[\s_]+", "_", name.strip()).casefold()
    whole = {place.casefold(): place for place in places}
    if spelled not in whole and _ABBREVIATION.fullmatch(name.strip()):
        return f"{missing}; write a place, such as Europe/Berlin or America/New_York, or UTC"
    cities = {place.rpartition("/")[2].casefold(): place for place in places}
    close = (
        whole.get(spelled)
        or cities.get(spelled.rpartition("/")[2])
        or _closest(spelled, whole)
        or _closest(spelled.rpartition("/")[2], cities)
    )
    if close is None:
        return f"{missing}; write a place, such as Europe/Berlin or America/New_York, or UTC"
    return f"{missing} (did you mean {close}?)"


def _closest(spelled: str, known: dict[str, str]) -> str | None:
    # For who mistyped a name, and for nobody else.
    import difflib  # noqa: PLC0415

    close = difflib.get_close_matches(spelled, known, n=1, cutoff=0.7)
    return known[close[0]] if close else None
