"""Moments as HubSpot prints and reads them."""

from datetime import UTC, date, datetime, timedelta

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def instant(moment: datetime) -> str:
    """ISO 8601 with milliseconds, but without a fraction when they are zero, as Java's Instant prints."""
    moment = moment.astimezone(UTC)
    digits = "milliseconds" if moment.microsecond // 1000 else "seconds"
    return moment.isoformat(timespec=digits).replace("+00:00", "Z")


def to_ms(moment: datetime) -> int:
    """Whole milliseconds since 1970."""
    return (moment - EPOCH) // timedelta(milliseconds=1)


def from_ms(ms: int) -> datetime:
    """The moment of so many milliseconds since 1970. Raises ValueError beyond the calendar."""
    try:
        return EPOCH + timedelta(milliseconds=ms)
    except OverflowError as error:
        raise ValueError(f"{ms} is beyond the calendar") from error


def read_moment(text: str) -> datetime:
    """Epoch milliseconds, an ISO date-time (no zone: UTC) or an ISO date (its midnight). Raises ValueError."""
    if text.lstrip("-").isdigit():
        return from_ms(int(text))
    moment = datetime.fromisoformat(text)
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def read_day(text: str) -> date:
    """An ISO date, or a moment that is a midnight in UTC. Raises ValueError."""
    moment = read_moment(text)
    if moment.hour or moment.minute or moment.second or moment.microsecond:
        raise ValueError(f"{text} is not midnight in UTC")
    return moment.date()
