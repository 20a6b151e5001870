"""doctor: whether everything is reached and in order, and what to do where it is not."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from dataclasses import asdict

import click

from commands.app import App, Exit, end, json_option, pass_app
from connector.base import User
from insight.doctor_view import doctor_view
from sync.checks import Check, State
from sync.doctor import Visit, is_local, ledger_checks, visit
from sync.edition import environment_checks
from sync.errors import SettingsError
from sync.ledger.systems import KnownSystem
from sync.owner_map import owner_checks
from sync.settings import Settings
from sync.surroundings import linked_sample, surroundings_checks


@click.command(epilog="Example: tandem doctor --json")
@json_option
@pass_app
def doctor(app: App, *, as_json: bool) -> None:
    """Check reach, identity, edition, rights, quotas, fields, rules, owners, second writers and ledger; each finding
    with a remedy. Writes nothing.
    """
    with app.working("Looking …"):
        checks = _checks(app)
    failed = any(check.state is State.FAIL for check in checks)
    if as_json:
        app.json({"ok": not failed, "checks": [asdict(check) for check in checks]})
    else:
        app.console.print(doctor_view(checks))
    if failed:
        end(Exit.FAILED)


def _checks(app: App) -> list[Check]:
    try:
        settings = app.settings
    except SettingsError as error:
        return [_configuration(problem, error.remedy) for problem in error.problems]
    ledger, known = ledger_checks(settings.ledger, app.clock)
    samples = linked_sample(settings.ledger, app.clock) if known else {}
    visits = {
        name: _visit(app, settings, name, known.get(name), samples.get(name, ())) for name in settings.systems
    }
    users: dict[str, Sequence[User]] = {
        name: found.users for name, found in visits.items() if found.users is not None
    }
    identities = {name: found.identity for name, found in visits.items() if found.identity is not None}
    local = frozenset(name for name, system in settings.systems.items() if is_local(system))
    return [
        Check(about="configuration", name="file", message=str(settings.file)),
        *environment_checks(identities, local),
        *(check for found in visits.values() for check in found.checks),
        *owner_checks(users),
        *ledger,
    ]


def _visit(
    app: App, settings: Settings, name: str, known: KnownSystem | None, sample: Sequence[str]
) -> Visit:
    """One System by itself, so that the missing secret of another one does not matter."""
    system = settings.systems[name]
    try:
        connector = app.connect(settings.model_copy(update={"systems": {name: system}}))[name]
    except SettingsError as error:
        problems = [
            Check(about=name, name="settings", state=State.FAIL, message=problem, remedy=error.remedy or "")
            for problem in error.problems
        ]
        return Visit(checks=problems)
    with closing(connector):
        found = visit(system, connector, settings.mapping, known, app.clock)
        if found.identity is not None:
            found.checks += surroundings_checks(
                connector, system, settings.mapping, found.survey, sample, found.users or (), app.clock
            )
        return found


def _configuration(problem: str, remedy: str | None) -> Check:
    return Check(about="configuration", name="file", state=State.FAIL, message=problem, remedy=remedy or "")
