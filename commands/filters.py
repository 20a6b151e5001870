"""Names that people type, held against what there is: a name that fits nothing is told, never an empty answer."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from difflib import get_close_matches

import click

from commands.app import App
from mappings.model import Mapping
from sync.errors import SettingsError
from sync.ledger.ledger import Ledger
from sync.local_time import zone
from sync.model.records import Account, SystemName

#: More accounts than this are no answer to a name.
_MOST = 1000
_UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_SPAN = re.compile(r"(\d{1,6})([mhdw])")


def field_named(mapping: Mapping, name: str) -> str:
    """The field of the mapping that goes by this name, there or in a CRM."""
    if name in mapping.fields:
        return name
    natives: dict[str, str] = {}
    for system in mapping.systems.values():
        for canonical, native in system.fields.items():
            natives.setdefault(native.name.lower(), canonical)
            natives.setdefault((native.builtin or native.name).lower(), canonical)
    if name.lower() in natives:
        return natives[name.lower()]
    raise SettingsError(
        [f"There is no field {name}{meant(name, mapping.fields)}"],
        remedy=f"Use one of {', '.join(mapping.fields)}.",
    )


def system_named(systems: Iterable[str], name: str) -> SystemName:
    """The System of this name in tandem.yaml."""
    known = list(systems)
    if name in known:
        return SystemName(name)
    raise SettingsError(
        [f"There is no System {name}{meant(name, known)}"], remedy=f"Use one of {', '.join(known)}."
    )


def named_filters(app: App, field: str | None, system: str | None) -> tuple[str | None, SystemName | None]:
    """The filters of what waits in the ledger, where fields and Systems may be that the configuration has lost."""
    if field is not None and field not in app.ledger.conflicts.count():
        field = field_named(app.settings.mapping, field)
    known = dict.fromkeys([*app.settings.systems, *app.ledger.systems.known()])
    return field, None if system is None else system_named(known, system)


def told_filters(*, account: str | None = None, field: str | None = None, system: str | None = None) -> str:
    """What was asked for, as a sentence goes on about it: "of field tier in hubspot"; empty where nothing was."""
    parts = [
        *([f" of account {account}"] if account is not None else []),
        *([f" of field {field}"] if field is not None else []),
        *([f" in {system}"] if system is not None else []),
    ]
    return "".join(parts)


def accounts_named(ledger: Ledger, text: str, *, most: int = _MOST) -> list[Account]:
    """Accounts by what a person types: a Link, a record's id or page, a domain, a piece of the name."""
    found = ledger.accounts.find(text, most)
    if not found:
        raise SettingsError(
            [f"No account fits {text!r}."],
            remedy="Give a Link, a record's id, a domain or a piece of the name; or read first: tandem plan",
        )
    return found


def meant(name: str, known: Iterable[str]) -> str:
    """What ends a sentence about a name that fits nothing: the one that may have been meant, if any comes close."""
    near = closest(name, known)
    return "." if near is None else f"; did you mean {near}?"


def closest(name: str, known: Iterable[str]) -> str | None:
    """Which of these was meant, if any comes close."""
    by_lower = {one.lower(): one for one in known}
    close = get_close_matches(name.lower(), by_lower, n=1)
    return by_lower[close[0]] if close else None


def read_when(
    _context: click.Context, parameter: click.Parameter, text: str | None
) -> timedelta | datetime | None:
    """A time that people type: how long ago, or a date."""
    if text is None:
        return None
    span = _SPAN.fullmatch(text.strip())
    if span is not None:
        return timedelta(**{_UNITS[span[2]]: int(span[1])})
    try:
        at = datetime.fromisoformat(text.strip())
    except ValueError as error:
        raise click.BadParameter(
            f"{text!r} is neither a span (30m, 12h, 7d) nor a date (2026-03-02).", param=parameter
        ) from error
    return at


def since(given: timedelta | datetime | None, now: datetime) -> datetime | None:
    """The moment that a span or a date stands for; ``SettingsError`` where no moment is that long ago. A date is meant
    in the zone in which times are told."""
    if given is None:
        return None
    try:
        if isinstance(given, timedelta):
            return now - given
        return (given if given.tzinfo is not None else given.replace(tzinfo=zone())).astimezone(UTC)
    except OverflowError as error:
        raise SettingsError(
            ["Nothing is that long ago."], remedy="Give a span such as 30m, 12h or 7d, or a date."
        ) from error
