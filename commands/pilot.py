"""The part of a Run that a person asks for: --account, --field, --system, --limit of plan, apply and sync."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

import click
from rich.text import Text

from commands.app import App
from commands.filters import field_named, system_named
from commands.views.text import plural
from insight.account_notes import notes_on
from sync.core.pilot import Pilot
from sync.core.plan import Plan
from sync.errors import SettingsError
from sync.model.records import Account

F = TypeVar("F", bound=Callable[..., Any])

_OPTIONS = (
    click.option(
        "--account",
        "accounts",
        multiple=True,
        metavar="NAME|DOMAIN|ID",
        help="Only this account: a piece of its name, its domain, a record's id. May be given several times.",
    ),
    click.option(
        "--field",
        "fields",
        multiple=True,
        help="Only this field, by its name in the mapping or in a CRM; no record is created. May be given several "
        "times.",
    ),
    click.option("--system", help="Write only to this System."),
    click.option(
        "--limit", type=click.IntRange(min=1), help="At the most so many accounts, the first by name."
    ),
)


def pilot_options(command: F) -> F:
    """The options of a pilot."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def pilot_of(
    app: App, accounts: Sequence[str], fields: Sequence[str], system: str | None, limit: int | None
) -> Pilot:
    """What the options ask for; ``SettingsError`` with every name that is none."""
    problems: list[str] = []
    remedies: list[str] = []
    named: list[str] = []
    for name in fields:
        try:
            named.append(field_named(app.settings.mapping, name))
        except SettingsError as error:
            problems.extend(error.problems)
            remedies.append(error.remedy or "")
    where = None
    if system is not None:
        try:
            where = system_named(app.settings.systems, system)
        except SettingsError as error:
            problems.extend(error.problems)
            remedies.append(error.remedy or "")
    if any(not name.strip() for name in accounts):
        problems.append("An account without a name.")
        remedies.append("Give a piece of its name, its domain, a record's id or a Link.")
    if problems:
        raise SettingsError(problems, remedy=" ".join(dict.fromkeys(remedies)))
    return Pilot(accounts=tuple(accounts), fields=frozenset(named), system=where, limit=limit)


def told(pilot: Pilot, plan: Plan) -> Iterator[Text]:
    """What part of the whole this is, and what is left."""
    if pilot.whole:
        return
    parts = [
        *(f"account {name}" for name in pilot.accounts),
        *(f"field {name}" for name in sorted(pilot.fields)),
        *([f"System {pilot.system}"] if pilot.system is not None else []),
        *([f"{plural(pilot.limit, 'account')} at the most"] if pilot.limit is not None else []),
    ]
    yield Text(f"Only a part: {', '.join(parts)}.", style="bold")
    if plan.left_out:
        yield Text(
            f"{plural(plan.left_out, 'account')} would get more; that is left to the next Run without these options."
            + (" A record is created whole, so not by a Run of single fields." if pilot.fields else ""),
            style="yellow",
        )


def out_of_reach(app: App, plan: Plan) -> list[str]:
    """What is said of accounts that were named and that no Run keeps in step, each with the reason; the filter matches
    nothing in them."""
    return [
        f"{account.link.label} is not kept in step. {_why(app, account)}".strip()
        for account in plan.out_of_reach
    ]


def _ended(app: App, account: Account) -> bool:
    stored = app.ledger.accounts.links([account.link.id]).get(account.link.id)
    return stored is not None and stored.closed_at is not None


def _why(app: App, account: Account) -> str:
    closed = _ended(app, account)
    notes = notes_on(
        account,
        closed=closed,
        systems=app.settings.systems,
        scope=app.settings.scope,
        matches=app.ledger.matches.list(None),
    )
    return " ".join([*(["Its Link has ended."] if closed else []), *notes])
