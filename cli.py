"""The command line: the one place that builds Connectors and turns errors into exit codes."""

from __future__ import annotations

import gc
import signal
import sys
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from types import FrameType

import click
from rich.console import Console
from rich.text import Text

from commands.app import App, Exit, Exporter
from commands.conflicts import conflicts
from commands.demo import demo
from commands.doctor import doctor
from commands.emulator import emulator
from commands.explain import explain
from commands.ledger import ledger
from commands.matches import matches
from commands.outcomes import outcomes
from commands.provision import provision
from commands.report import report
from commands.scores import scores
from commands.service import run as run_service
from commands.service import status
from commands.setup import init
from commands.stages import stages
from commands.syncing import apply, plan, sync
from commands.undo import undo
from connector import hubspot, salesforce
from connector.base import Connector, Deployment
from connector.errors import ConnectorError, Retryable, WrongIdentity
from connector.hubspot.export import definitions_file
from connector.pace import Pace
from connector.salesforce.project import metadata_zip, source_project
from mappings.errors import MappingError
from sync.errors import SettingsError, SyncError
from sync.secrets import Secret
from sync.settings import (
    AccessTokenAuth,
    ClientCredentialsAuth,
    HubSpotSystem,
    JwtBearerAuth,
    PasswordAuth,
    SalesforceSystem,
    Settings,
    System,
)

#: Calls to one System at the same time: what both CRMs take without a murmur.
_IN_FLIGHT = 6


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--config",
    type=click.Path(path_type=Path, dir_okay=False),
    default=Path("tandem.yaml"),
    envvar="TANDEM_CONFIG",
    show_default=True,
    show_envvar=True,
    help="The configuration file.",
)
@click.version_option(package_name="tandem-sync")
@click.pass_context
def tandem(context: click.Context, config: Path) -> None:
    """Keep target accounts in step between Salesforce and HubSpot."""
    # A clock that is handed in is a rehearsal's, where one call after the other tells the same story each time.
    in_flight = _IN_FLIGHT if context.obj is None else 1
    pace: Pace = context.obj or Pace.real()
    app = App(
        config=config,
        connect=partial(connect, pace=pace),
        console=Console(highlight=False),
        clock=pace.wall,
        wait=pace.sleep,
        run=partial(run, pace=pace),
        in_flight=in_flight,
        exporters=_EXPORTERS,
    )
    context.obj = app
    context.call_on_close(app.close)


for command in (
    demo,
    init,
    doctor,
    plan,
    apply,
    sync,
    undo,
    run_service,
    status,
    conflicts,
    matches,
    ledger,
    explain,
    scores,
    outcomes,
    report,
    emulator,
    provision,
    stages,
):
    tandem.add_command(command)


def connect(settings: Settings, pace: Pace) -> dict[str, Connector]:
    """A Connector for each System. ``SettingsError`` with every secret that is missing; nothing is sent yet."""
    connectors: dict[str, Connector] = {}
    problems: list[str] = []
    for name, system in settings.systems.items():
        reader = _SecretReader(settings.file.parent, problems)
        try:
            if isinstance(system, SalesforceSystem):
                connectors[name] = _salesforce(name, system, reader, pace)
            else:
                connectors[name] = _hubspot(name, system, reader, pace)
        except ValueError as error:
            if not reader.failed:
                problems.append(str(error))
    if problems:
        raise SettingsError(problems, remedy="Fix these and run the command again: tandem doctor")
    return connectors


class _SecretReader:
    """Reads the secrets of one System and collects what is missing instead of stopping at the first."""

    def __init__(self, folder: Path, problems: list[str]) -> None:
        self.folder = folder
        self.failed = False
        self._problems = problems

    def __call__(self, secret: Secret) -> str:
        try:
            return secret.read(self.folder)
        except SettingsError as error:
            self.failed = True
            self._problems.extend(f"{problem} {error.remedy or ''}".strip() for problem in error.problems)
            return ""


def _salesforce(name: str, system: SalesforceSystem, read: _SecretReader, pace: Pace) -> Connector:
    auth = system.auth
    save: Callable[[str], None] | None = None
    kind: salesforce.Auth
    if isinstance(auth, ClientCredentialsAuth):
        kind = salesforce.ClientCredentials(
            client_id=read(auth.client_id), client_secret=read(auth.client_secret)
        )
    elif isinstance(auth, JwtBearerAuth):
        kind = salesforce.JwtBearer(
            client_id=read(auth.client_id), username=auth.username, private_key=read(auth.private_key)
        )
    elif isinstance(auth, PasswordAuth):
        token = read(auth.security_token) if auth.security_token is not None else ""
        kind = salesforce.Password(username=auth.username, password=read(auth.password), security_token=token)
    else:
        kind = salesforce.RefreshToken(
            client_id=read(auth.client_id),
            client_secret=read(auth.client_secret) if auth.client_secret is not None else None,
            refresh_token=read(auth.refresh_token),
        )
        reference = auth.refresh_token

        def save(token: str) -> None:
            reference.write(read.folder, token)

    settings = salesforce.SalesforceSettings(
        name=name,
        login_url=system.login_url,
        api_version=system.api_version,
        auth=kind,
        expect_org_id=system.expect_org_id,
        quota_share=system.quota_share,
        bulk_from=system.bulk_from,
        guarded_up_to=system.guarded_up_to,
    )
    return salesforce.connect(settings, pace=pace, save_refresh_token=save)


def _hubspot(name: str, system: HubSpotSystem, read: _SecretReader, pace: Pace) -> Connector:
    auth = system.auth
    kind: hubspot.AccessToken | hubspot.RefreshToken
    if isinstance(auth, AccessTokenAuth):
        kind = hubspot.AccessToken(access_token=read(auth.access_token))
    else:
        kind = hubspot.RefreshToken(
            client_id=read(auth.client_id),
            client_secret=read(auth.client_secret),
            refresh_token=read(auth.refresh_token),
        )
    return hubspot.connect(
        hubspot.HubSpotSettings(
            name=name,
            auth=kind,
            base_url=system.base_url,
            api_version=system.api_version,
            burst=system.burst,
            expect_portal_id=system.expect_portal_id,
            quota_share=system.quota_share,
        ),
        pace=pace,
    )


def _sfdx(system: System, found: Deployment) -> Mapping[str, bytes]:
    return source_project(found, api_version=system.api_version)


def _mdapi(system: System, found: Deployment) -> Mapping[str, bytes]:
    return {"": metadata_zip(found, api_version=system.api_version)}


def _json(_system: System, found: Deployment) -> Mapping[str, bytes]:
    return {"": definitions_file(found)}


_EXPORTERS: Mapping[str, Exporter] = {"sfdx": _sfdx, "mdapi": _mdapi, "hubspot": _json}


def _fail(message: str, remedy: str | None, code: int) -> int:
    console = Console(stderr=True, highlight=False, soft_wrap=True)
    console.print(Text.assemble(("error ", "bold red"), message))
    if remedy:
        console.print(Text.assemble(("what to do  ", "bold"), remedy))
    return code


def run(arguments: list[str] | None = None, *, pace: Pace | None = None) -> int:
    """Run one command and return its exit code. ``pace``: clocks and chance; this machine's unless told."""
    try:
        code = tandem.main(args=arguments, prog_name="tandem", standalone_mode=False, obj=pace)
    except click.exceptions.Abort:
        return _fail("Stopped; nothing more was written.", None, Exit.FAILED)
    except click.ClickException as error:
        error.show()
        return Exit.USAGE
    except (SyncError, ConnectorError, MappingError) as error:
        return _fail(*_told(error))
    return code if isinstance(code, int) else Exit.OK


def _told(error: SyncError | ConnectorError | MappingError) -> tuple[str, str | None, int]:
    """Message, remedy and exit code of an error that people are told of."""
    if isinstance(error, SyncError):
        return str(error), error.remedy, error.exit_code
    if isinstance(error, MappingError):
        return str(error), "Fix these and run the command again.", Exit.USAGE
    message, remedy = str(error), error.remedy
    if remedy is None and isinstance(error, Retryable):
        remedy = (
            "Run the same command again later; it goes on where it stopped. If it stays so: tandem doctor."
        )
    if error.system and not message.startswith(error.system):
        message = f"{error.system}: {message}"
    return message, remedy, Exit.REFUSED if isinstance(error, WrongIdentity) else Exit.FAILED


def spare_the_collector() -> None:
    """A large Run makes a few million small objects that live until it ends, and no circles worth looking for: with
    Python's own thresholds a tenth of its time would go into looking."""
    gc.set_threshold(50_000, 20, 20)


def main() -> None:
    """Entry point of the ``tandem`` command."""
    spare_the_collector()
    signal.signal(signal.SIGTERM, _interrupt)
    sys.exit(run())


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    main()
