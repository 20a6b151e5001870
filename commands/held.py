"""held: what could not be written, listed and tried again."""

from __future__ import annotations

from collections.abc import Sequence

import click
from rich.text import Text

from commands.app import App, json_option, pass_app
from commands.filters import accounts_named, field_named, system_named, told_filters
from commands.pages import page_of
from commands.views.held import show_held
from commands.views.listing import Remark, show
from commands.views.text import plural
from insight.fields_held import field_held_json, fields_held
from insight.held import held_accounts, held_json
from sync.core.hold import Hold
from sync.errors import SettingsError
from sync.ledger.ledger import Ledger
from sync.model.inbox import Held
from sync.model.records import NativeId, SystemName


@click.group()
def held() -> None:
    """What could not be written: why, what to do, and when it is tried again."""


_ACCOUNT = click.option(
    "--account",
    metavar="NAME|DOMAIN|ID",
    help="Only this account's: a piece of its name, its domain, a record's id.",
)
_FIELD = click.option("--field", help="Only this field, by its name in the mapping or in a CRM.")
_SYSTEM = click.option("--system", help="Only what this System refused.")


@held.command("list", epilog="Example: tandem held list --field tier")
@_ACCOUNT
@_FIELD
@_SYSTEM
@json_option
@pass_app
def list_(app: App, account: str | None, field: str | None, system: str | None, *, as_json: bool) -> None:
    """Everything that is held, with the CRM's own words, a remedy, the next try and the record's page."""
    found = _found(app, app.ledger, account=account, field=field, system=system)
    whole = _whole(app, app.ledger, field=field, system=system)
    told = held_accounts(app.ledger, found, page_of(app, app.ledger) if found else _no_page)
    if as_json:
        app.json([*map(field_held_json, whole), *map(held_json, told)])
    elif told or whole:
        show_held(app.console, told, app.clock(), whole)
    else:
        asked = told_filters(account=account, field=field, system=system)
        show(app.console, Remark(Text(f"Nothing{asked} is held.", style="green")))


@held.command(epilog="Example: tandem held retry --system hubspot")
@_ACCOUNT
@_FIELD
@_SYSTEM
@click.option("--all", "every", is_flag=True, help="All of it.")
@json_option
@pass_app
def retry(
    app: App, account: str | None, field: str | None, system: str | None, *, every: bool, as_json: bool
) -> None:
    """Let what is held be tried by the next Run, however long its pause. Writes to no System."""
    if every == any((account, field, system)):
        raise SettingsError(
            ["Say what is to be tried again."], remedy="Give --account, --field or --system; or --all alone."
        )
    with app.writer("tandem held retry", patient=True) as ledger:
        found = _found(app, ledger, account=account, field=field, system=system)
        if not (found or every):
            raise SettingsError(
                [
                    f"Nothing{told_filters(account=account, field=field, system=system)} is held.",
                    *(hold.message for hold in _whole(app, ledger, field=field, system=system)),
                ],
                remedy="See what is: tandem held list",
            )
        ledger.held.due_at_once(item.hold for item in found)
        ledger.accounts.mark_for_decision({item.hold.link_id for item in found})
        after = _found(app, ledger, account=account, field=field, system=system)
    if as_json:
        app.json([held_json(item) for item in held_accounts(app.ledger, after, page_of(app, app.ledger))])
    elif found:
        app.console.print(f"{plural(len(found), 'held value')} due now. The next Run tries: tandem apply")
    else:
        app.console.print("Nothing is held.")


def _found(
    app: App, ledger: Ledger, *, account: str | None, field: str | None, system: str | None
) -> Sequence[Held]:
    """What is held and fits; ``SettingsError`` where a name fits nothing that there is."""
    name = None if field is None else field_named(app.settings.mapping, field)
    where = None if system is None else system_named(app.settings.systems, system)
    links = None if account is None else {one.link.id for one in accounts_named(ledger, account)}
    return [
        item
        for item in ledger.held.list(system=where)
        if name in (None, item.hold.field) and (links is None or item.hold.link_id in links)
    ]


def _whole(app: App, ledger: Ledger, *, field: str | None, system: str | None) -> list[Hold]:
    """Fields that wait as a whole and fit; they are every account's. The names are known to be right."""
    name = None if field is None else field_named(app.settings.mapping, field)
    return [
        hold
        for hold in fields_held(ledger, app.settings.mapping)
        if name in (None, hold.field) and system in (None, hold.system)
    ]


def _no_page(_system: SystemName, _id: NativeId) -> str | None:
    return None
