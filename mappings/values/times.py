"""Conversions of dates and times. Times are compared as times: every one is told in UTC."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from zoneinfo import ZoneInfo

from mappings.errors import Unreadable, Unwritable
from mappings.fields import Value
from mappings.systems import NativeField, SystemKind
from mappings.values import canonical
from mappings.values.converter import Directory, Reader, Sendable, Writer, not_a

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCH_MILLISECONDS = re.compile(r"-?[0-9]{1,16}\Z")

#: Salesforce refuses days outside these (Salesforce: valid date range).
_SALESFORCE_FIRST_DAY, _SALESFORCE_LAST_DAY = "1700-01-01", "4000-12-31"


def date_reader(native: NativeField) -> Reader:
    """The day, from a date or, where the System keeps one, from a time in its zone."""
    if native.stored_as_datetime:
        return _zoned_date_reader(native)
    return _read_date_or_epoch if native.kind is SystemKind.HUBSPOT else _read_date


def _read_date(raw: object, _users: Directory) -> Value:
    if raw is None or raw == "":
        return None
    if isinstance(raw, str):
        return canonical.day_from_text(raw)
    raise not_a("a date", raw)


def _read_date_or_epoch(raw: object, _users: Directory) -> Value:
    moment = _from_epoch(raw)
    if moment is None:
        return _read_date(raw, _users)
    if moment.timetz() != time(tzinfo=UTC):
        raise Unreadable(f"{raw!r} is not midnight UTC, so it is no date")
    return moment.date().isoformat()


def _zoned_date_reader(native: NativeField) -> Reader:
    zone = _zone(native)
    take_epoch = native.kind is SystemKind.HUBSPOT

    def read(raw: object, _users: Directory) -> Value:
        if raw is None or raw == "":
            return None
        moment = _from_epoch(raw) if take_epoch else None
        if moment is None:
            if not isinstance(raw, str):
                raise not_a("a time", raw)
            moment = canonical.moment_from_text(raw)
        try:
            return moment.astimezone(zone).date().isoformat()
        except OverflowError:
            raise Unreadable(f"{raw!r} lies outside the years 1 to 9999") from None

    return read


def date_writer(native: NativeField) -> Writer:
    """The day, or midnight of it in the zone of a field that keeps times."""
    if native.stored_as_datetime:
        return _zoned_date_writer(native)

    def write(value: str, _users: Directory) -> Sendable:
        return _checked_day(native, value)

    return write


def _zoned_date_writer(native: NativeField) -> Writer:
    zone = _zone(native)

    def write(value: str, _users: Directory) -> Sendable:
        day = date.fromisoformat(_checked_day(native, value))
        try:
            stamp = canonical.moment_text(datetime.combine(day, time(), tzinfo=zone))
        except Unreadable as error:
            raise Unwritable(error.reason) from None
        return _spelled_moment(native, stamp)

    return write


def _checked_day(native: NativeField, value: str) -> str:
    try:
        day = canonical.day_from_text(value)
    except Unreadable as error:
        raise Unwritable(error.reason) from None
    _check_salesforce_range(native, day)
    return day


def moment_reader(native: NativeField) -> Reader:
    """ISO text with a zone; from HubSpot epoch milliseconds too."""
    return _read_moment_or_epoch if native.kind is SystemKind.HUBSPOT else _read_moment


def _read_moment(raw: object, _users: Directory) -> Value:
    if raw is None or raw == "":
        return None
    if isinstance(raw, str):
        return canonical.moment_text(canonical.moment_from_text(raw))
    raise not_a("a time", raw)


def _read_moment_or_epoch(raw: object, _users: Directory) -> Value:
    moment = _from_epoch(raw)
    return _read_moment(raw, _users) if moment is None else canonical.moment_text(moment)


def moment_writer(native: NativeField) -> Writer:
    """ISO text in UTC, in the form that the CRM itself prints."""

    def write(value: str, _users: Directory) -> Sendable:
        try:
            stamp = canonical.moment_text(canonical.moment_from_text(value))
        except Unreadable as error:
            raise Unwritable(error.reason) from None
        _check_salesforce_range(native, stamp[:10])
        return _spelled_moment(native, stamp)

    return write


def _spelled_moment(native: NativeField, stamp: str) -> str:
    # Salesforce keeps whole seconds; sending the fraction would only be read back without it.
    return stamp if native.kind is SystemKind.HUBSPOT else f"{stamp[:19]}.000+0000"


def _check_salesforce_range(native: NativeField, day: str) -> None:
    if native.kind is SystemKind.HUBSPOT:
        return
    if not _SALESFORCE_FIRST_DAY <= day <= _SALESFORCE_LAST_DAY:
        raise Unwritable(f"{day} lies outside the years 1700 to 4000 that Salesforce holds")


def _from_epoch(raw: object) -> datetime | None:
    if isinstance(raw, str):
        if not _EPOCH_MILLISECONDS.match(raw):
            return None
    elif not isinstance(raw, int) or isinstance(raw, bool):
        return None
    try:
        return _EPOCH + timedelta(milliseconds=int(raw))
    except OverflowError:
        raise Unreadable(f"{raw!r} lies outside the years 1 to 9999") from None


def _zone(native: NativeField) -> tzinfo:
    return UTC if native.zone == "UTC" else ZoneInfo(native.zone)
