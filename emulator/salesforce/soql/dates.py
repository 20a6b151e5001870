"""Date literals and date functions. A date range such as LAST_N_DAYS:3 is whole days, in UTC; fiscal is calendar.

Sources: SOQL reference, "Date Formats and Date Literals in WHERE" and "Date Functions". Weeks begin on Sunday.
"""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

from emulator.salesforce.data.stamps import parse_datetime


def datetime_text(literal: str) -> str | None:
    """A datetime literal in the form that rows hold, or None when there is no such moment."""
    return parse_datetime(literal)


def date_text(literal: str) -> str | None:
    """A date literal, or None when there is no such day."""
    try:
        return date.fromisoformat(literal).isoformat()
    except ValueError:
        return None


def midnight(day: date) -> str:
    """The first moment of a day, in the form that rows hold."""
    return f"{day.isoformat()}T00:00:00.000+0000"


def _month(day: date, months: int) -> date:
    """The first day of the month that many months away."""
    index = day.year * 12 + day.month - 1 + months
    return date(index // 12, index % 12 + 1, 1)


def _week(day: date, weeks: int) -> date:
    return day - timedelta(days=(day.weekday() + 1) % 7) + timedelta(weeks=weeks)


def _quarter(day: date, quarters: int) -> date:
    return _month(date(day.year, (day.month - 1) // 3 * 3 + 1, 1), quarters * 3)


_UNITS: dict[str, Callable[[date, int], date]] = {
    "DAY": lambda day, n: day + timedelta(days=n),
    "WEEK": _week,
    "MONTH": _month,
    "QUARTER": _quarter,
    "YEAR": lambda day, n: date(day.year + n, 1, 1),
}


def span(formula: str, now: datetime) -> tuple[date, date]:
    """The days of a range: the first one, and the first one after it.

    >>> span("LAST_N_DAYS:2", datetime(2026, 3, 10, 9, tzinfo=UTC))
    (datetime.date(2026, 3, 8), datetime.date(2026, 3, 11))
    """
    today = now.astimezone(UTC).date()
    word, _, count = formula.replace("FISCAL_", "").partition(":")
    first, last = _whole_units(word, int(count or 0))
    if word in {"LAST_90_DAYS", "NEXT_90_DAYS"}:
        first, last = (-90, 0) if word.startswith("LAST") else (1, 90)
    unit = _UNITS[_unit(word)]
    return unit(today, first), unit(today, last + 1)


def _unit(word: str) -> str:
    if word in {"TODAY", "YESTERDAY", "TOMORROW"}:
        return "DAY"
    return word.removesuffix("_AGO").rsplit("_", 1)[-1].removesuffix("S")


def _whole_units(word: str, count: int) -> tuple[int, int]:
    """The first and the last unit of a range, counted from the present one."""
    if word.endswith("_AGO"):
        return -count, -count
    if word.startswith("LAST_N_"):
        return -count, 0 if word.endswith("DAYS") else -1
    if word.startswith("NEXT_N_"):
        return 1, count
    offset = {"YESTERDAY": -1, "LAST": -1, "TOMORROW": 1, "NEXT": 1}.get(word.split("_", maxsplit=1)[0], 0)
    return offset, offset


def _day(value: str) -> date:
    return date.fromisoformat(value[:10])


#: what each date function gives for a stored date or datetime
FUNCTIONS: dict[str, Callable[[str], int | str]] = {
    "CALENDAR_YEAR": lambda value: _day(value).year,
    "CALENDAR_QUARTER": lambda value: (_day(value).month - 1) // 3 + 1,
    "CALENDAR_MONTH": lambda value: _day(value).month,
    "FISCAL_YEAR": lambda value: _day(value).year,
    "FISCAL_QUARTER": lambda value: (_day(value).month - 1) // 3 + 1,
    "FISCAL_MONTH": lambda value: _day(value).month,
    "DAY_IN_MONTH": lambda value: _day(value).day,
    "DAY_IN_WEEK": lambda value: (_day(value).weekday() + 1) % 7 + 1,
    "DAY_IN_YEAR": lambda value: _day(value).timetuple().tm_yday,
    "DAY_ONLY": lambda value: value[:10],
    "HOUR_IN_DAY": lambda value: int(value[11:13]),
    "WEEK_IN_MONTH": lambda value: (_day(value).day - 1) // 7 + 1,
    "WEEK_IN_YEAR": lambda value: (_day(value).timetuple().tm_yday - 1) // 7 + 1,
}
