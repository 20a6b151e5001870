"""systems: the orgs and portals that the ledger knows, renamed and forgotten."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

import click
from rich.text import Text
from sqlalchemy import make_url

from commands.app import App, json_option, pass_app, yes_option
from commands.filters import meant
from commands.missing_systems import ask
from commands.views.listing import Column, Listing, show
from commands.views.text import plural
from sync.core.identities import Tenant
from sync.errors import SettingsError
from sync.identify import known_tenants
from sync.ledger.lease import SERVICE
from sync.ledger.ledger import Ledger
from sync.ledger.lifecycle.systems import Losses
from sync.local_time import MINUTES, local, zone_name


@click.group()
def systems() -> None:
    """The orgs and portals that the ledger knows, and what tandem.yaml calls them."""


@systems.command("list", epilog="Example: tandem systems list")
@json_option
@pass_app
def list_(app: App, *, as_json: bool) -> None:
    """Every System of the ledger and of tandem.yaml. Asks no CRM."""
    ledger, configured = app.any_ledger, app.settings.systems
    known, tenants, counts = ledger.systems.known(), known_tenants(ledger), ledger.accounts.counts()
    names = dict.fromkeys([*configured, *known])
    if as_json:
        app.json(
            [
                {
                    "system": name,
                    "kind": known[name].kind if name in known else configured[name].kind,
                    "id": known[name].identity if name in known else None,
                    "name": known[name].identity_name if name in known else None,
                    "first_seen_at": known[name].first_seen_at.isoformat() if name in known else None,
                    "accounts": counts[name].present if name in counts else 0,
                    "linked": counts[name].linked if name in counts else 0,
                    "configured": name in configured,
                    "known": name in known,
                }
                for name in names
            ]
        )
        return
    listing = Listing(
        columns=(
            Column(name="System", least=12, style="bold"),
            Column(name="what it is", least=24),
            Column(name="accounts", least=8, right=True),
            Column(name="linked", least=6, right=True),
            Column(name=f"known since ({zone_name()})", least=16, spare=1),
            Column(name="where", least=20),
        ),
        rows=[
            (
                name,
                str(tenants[name]) if name in tenants else configured[name].kind,
                f"{counts[name].present:,}" if name in counts else "0",
                f"{counts[name].linked:,}" if name in counts else "0",
                local(known[name].first_seen_at, MINUTES) if name in known else "",
                _where(name, configured, known),
            )
            for name in names
        ],
    )
    show(app.console, listing)


def _where(name: str, configured: Collection[str], known: Collection[str]) -> Text:
    if name in configured and name in known:
        return Text("tandem.yaml and ledger", style="green")
    return Text("tandem.yaml alone" if name in configured else "ledger alone", style="yellow")


@systems.command(epilog="Example: tandem systems rename hubspot hubspot_main")
@click.argument("old")
@click.argument("new")
@yes_option
@pass_app
def rename(app: App, old: str, new: str, *, yes: bool) -> None:
    """Let the ledger call a System NEW, as tandem.yaml does, that it knew as OLD. Writes to no CRM.

    The CRM is asked whether NEW is the same org or portal.
    """
    with _alone(app, f"tandem systems rename {old} {new}") as ledger:
        tenant = _known(ledger, old)
        problems = []
        if new not in app.settings.systems:
            problems.append(f"{new} is no System in {app.config}: call it so there first.")
        if new in known_tenants(ledger):
            problems.append(f"The ledger knows a System {new} already.")
        if old in app.settings.systems:
            problems.append(f"{app.config} has a System {old}: take it out or call it {new} there.")
        if problems:
            raise SettingsError(problems, remedy="See what there is: tandem systems list")
        answering = ask(app.settings, new, app.connected)
        if answering is None:
            raise SettingsError(
                [f"{new} cannot be asked whether it is {tenant}."], remedy="See why: tandem doctor"
            )
        if not answering.same_as(tenant):
            raise SettingsError(
                [f"{new} is {answering}, and {old} was {tenant}."],
                remedy=f"Correct the credentials of {new}; or let {old} be forgotten: tandem systems forget {old}",
            )
        app.confirm(f"Let the ledger call {tenant} {new}, not {old}?", yes=yes)
        ledger.rename_system(old, new)
    app.console.print(f"The ledger calls {tenant} {new} now. Look: tandem plan")


@systems.command(epilog="Example: tandem systems forget salesforce_emea")
@click.argument("name")
@yes_option
@pass_app
def forget(app: App, name: str, *, yes: bool) -> None:
    """Let the ledger forget a System: its records, what is open about them, its outcomes. Writes to no CRM.

    Tells what is lost and keeps a copy of the ledger first. Where NAME is still in tandem.yaml, the next Run reads it
    as a new one.
    """
    with _alone(app, f"tandem systems forget {name}") as ledger:
        tenant = _known(ledger, name)
        app.console.print(Text(f"{name} is {tenant}. With it goes what the ledger knows of it:"))
        for line in _loss_lines(ledger.losses(name)):
            app.console.print(Text(f"  {line}"))
        app.console.print("Runs and what they wrote stay told. No CRM is written to.")
        app.confirm(f"Forget {name}?", yes=yes)
        kept = _copy(app, name)
        ledger.backup(kept)
        ledger.forget_system(name)
    app.console.print(f"Forgotten. The ledger before is kept: {kept}")
    app.console.print(f"Take it back with: tandem ledger restore {kept}")


def _loss_lines(losses: Losses) -> Iterator[str]:
    words = {
        "records": ("record", "records"),
        "links": ("account that stands nowhere else", "accounts that stand nowhere else"),
        "conflicts": ("open Conflict", "open Conflicts"),
        "held": ("held value", "held values"),
        "decisions": ("decision about who is who", "decisions about who is who"),
        "outcomes": ("outcome", "outcomes"),
        "scores": ("score by its ids", "scores by its ids"),
        "writes": ("write that nobody knows landed", "writes of which nobody knows whether they landed"),
    }
    counts: dict[str, int] = asdict(losses)
    found = [plural(count, *words[name]) for name, count in counts.items() if count]
    yield from found or ["nothing but its name"]


@contextmanager
def _alone(app: App, holder: str) -> Iterator[Ledger]:
    """The ledger, with nobody else at work with it, the service neither."""
    ledger = app.any_ledger
    with ledger.lease.holding(holder, wait=app.wait), ledger.lease.holding(holder, name=SERVICE):
        yield ledger


def _known(ledger: Ledger, name: str) -> Tenant:
    known = known_tenants(ledger)
    if name not in known:
        raise SettingsError(
            [f"The ledger knows no System {name}{meant(name, known)}"],
            remedy="See what it knows: tandem systems list",
        )
    return known[name]


def _copy(app: App, name: str) -> Path:
    """Where the ledger is kept as it was."""
    parsed = make_url(app.settings.ledger)
    stamp = f"{app.clock():%y%m%d-%H%M%S}.before-forget-{name}"
    if parsed.get_backend_name() == "sqlite" and parsed.database:
        path = Path(parsed.database)
        return path.with_name(f"{path.name}.{stamp}")
    return app.folder / f"{parsed.database}.{stamp}"
