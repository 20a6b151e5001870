"""doctor: whether everything is reached and in order, and what to do where it is not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, replace

import click

from commands.app import App, json_option, pass_app
from commands.exit_codes import Exit, end
from commands.views.doctor import doctor_view
from connector.base import Connector, Identity, User
from mappings.model import Mapping as FieldMapping
from provision.doctor.api_versions import environment_checks
from provision.doctor.checks import Check, State
from provision.doctor.environment import Looked, linked_sample, look_around
from provision.doctor.examine import Visit, is_local, ledger_checks, visit
from provision.doctor.owners import owned_checks, owner_checks
from provision.doctor.second_writers import coexistence_checks
from sync.core.identities import gone, mismatches
from sync.errors import SettingsError
from sync.identify import tenant_of, tenants
from sync.ledger.systems import KnownSystem
from sync.settings.load import Settings


@click.command(epilog="Example: tandem doctor --json")
@click.option("-v", "--verbose", is_flag=True, help="Tell each thing that is well, too.")
@json_option
@pass_app
def doctor(app: App, *, verbose: bool, as_json: bool) -> None:
    """Check reach, identity, edition, rights, quotas, fields, rules, owners, second writers and ledger; each finding
    with a remedy. Writes nothing.
    """
    with app.working("Looking …"):
        checks = _checks(app)
    failed = any(check.state is State.FAIL for check in checks)
    if as_json:
        app.json({"ok": not failed, "checks": [asdict(check) for check in checks]})
    else:
        app.console.print(doctor_view(checks, verbose=verbose))
    if failed:
        end(Exit.FAILED)


def _checks(app: App) -> list[Check]:
    try:
        settings = app.settings
    except SettingsError as error:
        return [_configuration(problem, error.remedy) for problem in error.problems]
    ledger, known = ledger_checks(settings.ledger, app.clock)
    samples = linked_sample(settings.ledger, app.clock) if known else {}
    with ExitStack() as stack:
        seen = {
            name: _see(app, stack, settings, name, known.get(name), samples.get(name, ()))
            for name in settings.systems
        }
        users: dict[str, Sequence[User]] = {
            name: one.visit.users for name, one in seen.items() if one.visit.users is not None
        }
        owned = [
            check
            for name, one in seen.items()
            if one.connector is not None and users.get(name)
            for check in owned_checks(one.connector, one.mapping, users, one.looked.rights)
        ]
    identities = {name: one.visit.identity for name, one in seen.items() if one.visit.identity is not None}
    local = frozenset(name for name, system in settings.systems.items() if is_local(system))
    beside = list(
        coexistence_checks(
            replace(
                settings.mapping, systems={name: one.mapping.systems[name] for name, one in seen.items()}
            ),
            {name: one.looked.writers for name, one in seen.items()},
        )
    )
    return [
        Check(about="configuration", name="file", message=str(settings.file)),
        *environment_checks(identities, local),
        *_name_checks(settings, identities, known),
        *(
            check
            for name, one in seen.items()
            for check in (*one.visit.checks, *one.looked.checks, *(c for c in beside if c.about == name))
        ),
        *owner_checks(users),
        *owned,
        *ledger,
    ]


def _name_checks(
    settings: Settings, identities: Mapping[str, Identity], known: Mapping[str, KnownSystem]
) -> Iterator[Check]:
    """Systems that were renamed, taken out or named twice. Another org behind a known name: see its identity."""
    before = tenants(known)
    answering = {name: tenant_of(settings.systems[name].kind, one) for name, one in identities.items()}
    fitting = {
        name: one for name, one in before.items() if name not in answering or one.same_as(answering[name])
    }
    moved = {
        name
        for name, one in before.items()
        if any(other.same_as(one) for new, other in answering.items() if new not in before)
    }
    wrong = mismatches(fitting, answering)
    wrong += [
        gone(name, one) for name, one in before.items() if name not in settings.systems and name not in moved
    ]
    for one in wrong:
        yield Check(
            about="configuration", name="systems", state=State.FAIL, message=one.message, remedy=one.remedy
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Seen:
    """One System, with the way back to it; None where there was none."""

    visit: Visit
    looked: Looked
    #: With the vendor's own fields in their place, where they could be read.
    mapping: FieldMapping
    connector: Connector | None


def _see(
    app: App,
    stack: ExitStack,
    settings: Settings,
    name: str,
    known: KnownSystem | None,
    sample: Sequence[str],
) -> _Seen:
    """One System by itself, so that the missing secret of another one does not matter."""
    system = settings.systems[name]
    try:
        connector = app.connected(settings.model_copy(update={"systems": {name: system}}))[name]
    except SettingsError as error:
        problems = [
            Check(about=name, name="settings", state=State.FAIL, message=problem, remedy=error.remedy or "")
            for problem in error.problems
        ]
        unseen = Visit(checks=problems)
        return _Seen(visit=unseen, looked=Looked(), mapping=settings.mapping, connector=None)
    stack.callback(connector.close)
    found = visit(system, connector, settings.mapping, known, app.clock)
    mapping = found.survey.mapping if found.survey is not None else settings.mapping
    if found.identity is None:
        return _Seen(visit=found, looked=Looked(), mapping=mapping, connector=None)
    looked = look_around(connector, system, mapping, found.survey, sample, found.users or (), app.clock)
    return _Seen(visit=found, looked=looked, mapping=mapping, connector=connector)


def _configuration(problem: str, remedy: str | None) -> Check:
    return Check(about="configuration", name="file", state=State.FAIL, message=problem, remedy=remedy or "")
