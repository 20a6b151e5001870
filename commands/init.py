"""init: the configuration and the mapping, written out for people to edit."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import click
from rich.text import Text

from commands.app import App, pass_app
from connector.errors import ConnectorError
from mappings.files.load import CANONICAL, default_files
from sync.errors import SettingsError
from sync.settings.load import load

#: Marks the folder of ``tandem demo``, which is thrown away with all that is in it.
DEMO_MARK = ".tandem-demo"
#: By which Tandem's own project file is known.
_OURS = 'name = "tandem-sync"'
_HOST = re.compile(r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)+")
_EXPECT = {"salesforce": "expect_org_id", "hubspot": "expect_portal_id"}
SYSTEMS = ("salesforce", "hubspot")
MAPPINGS = "mappings"

_HEAD = """\
# What Tandem works with. Paths are relative to this file. Secrets stand elsewhere and are named here:
# env:NAME (an environment variable), file:PATH (a file that only you can read), keyring:NAME or credential:NAME.

# Everything that Tandem remembers. On a server: postgresql+psycopg://USER@HOST/DATABASE (the password in ~/.pgpass)
ledger: sqlite:///tandem.db

systems:
"""

_SALESFORCE = """\
  salesforce:
    kind: salesforce
    # Your org's own domain (Setup, My Domain): client_credentials is refused at login.salesforce.com and at
    # test.salesforce.com. The other methods work there too.
    login_url: {url}
    api_version: "62.0"
    # Other methods: jwt_bearer (client_id, username, private_key), refresh_token (client_id, client_secret,
    # refresh_token).
    auth: {{method: client_credentials, client_id: env:SF_CLIENT_ID, client_secret: env:SF_CLIENT_SECRET}}
    # Refuse to work with any other org. `tandem doctor` tells the id.
    # expect_org_id: 00D000000000001EAA
    # The share of the org's daily API calls that Tandem may use.
    quota_share: 0.25
"""

_HUBSPOT = """\
  hubspot:
    kind: hubspot
    base_url: {url}
    # A service key (Settings, Integrations, Service Keys), or the token of a private app that you have. Other method:
    # refresh_token (client_id, client_secret, refresh_token) of an app of the developer platform.
    auth: {{method: access_token, access_token: env:HUBSPOT_ACCESS_TOKEN}}
    # Refuse to work with any other portal. `tandem doctor` tells the id.
    # expect_portal_id: "12345678"
    # The share of the portal's daily API calls that Tandem may use.
    quota_share: 0.25
"""

_TAIL = """\

# Which fields are kept in step, by which rule, and what each CRM calls them. Without this line: the built-in mapping.
mapping: mappings/

# Which accounts: target_accounts, linked, all, or fields with the values wanted, such as {tier: [tier_1, tier_2]}.
# `create: false` leaves an account alone that one CRM lacks.
scope: {accounts: target_accounts, create: true}

# A Run that would overwrite more than this stops before its first write.
guard: {max_change_share: 0.3, max_changes: 5000}

# The zone in which people are told times, and in which a date without an offset is meant. Without this line: UTC.
# timezone: Europe/Berlin

# For the background service, `tandem run`.
schedule: {poll: 60s, full_compare: 24h, outcomes: 15m}

# Where computed engagement scores come from: a file with a column `domain` (or the key named here) and one `score`.
scores: {source: csv, path: scores.csv, key: domain, max_age: 7d}
"""

_PARTS = {"salesforce": _SALESFORCE, "hubspot": _HUBSPOT}
_URLS = {"salesforce": "https://YOUR-DOMAIN.my.salesforce.com", "hubspot": "https://api.hubapi.com"}
_EMULATORS = {"salesforce": "http://127.0.0.1:8701", "hubspot": "http://127.0.0.1:8702"}
_SECRETS = {
    "salesforce": ("SF_CLIENT_ID", "SF_CLIENT_SECRET"),
    "hubspot": ("HUBSPOT_ACCESS_TOKEN",),
}
_EMULATED = {
    "SF_CLIENT_ID": "emulator",
    "SF_CLIENT_SECRET": "emulator",
    "HUBSPOT_ACCESS_TOKEN": "pat-emulator",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wanted:
    """What somebody wants written."""

    systems: Sequence[str]
    emulator: bool = False
    #: The org's own address; None where it is to be filled in.
    login_url: str | None = None
    #: Ask the CRMs who they are, once it is written.
    test: bool = False


def _read_domain(_context: click.Context, parameter: click.Parameter, text: str | None) -> str | None:
    try:
        return None if text is None else org_address(text)
    except ValueError as error:
        raise click.BadParameter(str(error), param=parameter) from error


@click.command(epilog="Example: tandem init --salesforce --hubspot --domain acme")
@click.option("--salesforce", is_flag=True, help="Salesforce alone.")
@click.option("--hubspot", is_flag=True, help="HubSpot alone.")
@click.option(
    "--domain",
    callback=_read_domain,
    metavar="DOMAIN",
    help="The Salesforce org's own domain: acme, or acme.my.salesforce.com.",
)
@click.option("--emulator", is_flag=True, help="Point at the local emulators (tandem emulator serve).")
@click.option("--test", is_flag=True, help="Log in to each CRM once it is written, and say who answers.")
@click.option("--force", is_flag=True, help="Replace files that exist already.")
@pass_app
def init(
    app: App,
    *,
    salesforce: bool,
    hubspot: bool,
    domain: str | None,
    emulator: bool,
    test: bool,
    force: bool,
) -> None:
    """Write tandem.yaml and editable mappings. Replaces nothing.

    On a terminal and without options it asks, one question at a time: which CRMs, which domain, and whether to test the
    credentials. Elsewhere, or with options, it asks nothing.
    """
    _refuse_checkout(app.config)
    asked = [name for name, wanted in zip(SYSTEMS, (salesforce, hubspot), strict=True) if wanted]
    wanted = _Wanted(systems=asked or SYSTEMS, emulator=emulator, login_url=domain, test=test)
    _refuse_existing(app.config, wanted, force=force)
    if sys.stdin.isatty() and sys.stdout.isatty() and not (asked or domain or emulator or test):
        wanted = _ask()
    files = written_files(app.config, wanted.systems, emulator=wanted.emulator, login_url=wanted.login_url)
    _write(files)
    for path in files:
        app.console.print(Text.assemble(("wrote ", "green"), str(path)))
    if wanted.test:
        _test(app)
    app.console.print(Text("Next:", style="bold"))
    for step in _next_steps(app.config, wanted.systems, emulator=wanted.emulator):
        app.console.print(Text(f"  {step}"), soft_wrap=True)


def _refuse_checkout(config: Path) -> None:
    """Settings and a ledger among Tandem's own files would be lost with the next version, or be published with it."""
    folder = config.absolute().parent
    if (folder / DEMO_MARK).exists():
        # `make demo` plays in the checkout; what it writes is made anew each time.
        return
    for place in (folder, *folder.parents):
        project = place / "pyproject.toml"
        if project.is_file() and _OURS in project.read_text(encoding="utf-8", errors="replace"):
            elsewhere = place.parent / "tandem"
            raise SettingsError(
                [f"{folder} belongs to Tandem's own files in {place}; nothing was written."],
                remedy=f"Go to a folder of your own: mkdir -p {elsewhere} && cd {elsewhere}. Then: tandem init",
            )


def _refuse_existing(config: Path, wanted: _Wanted, *, force: bool) -> None:
    existing = [path for path in written_files(config, wanted.systems, emulator=False) if path.exists()]
    if existing and not force:
        raise SettingsError(
            [f"{path} exists already; nothing was written." for path in existing],
            remedy="Edit it, move it away, or replace all of them with: tandem init --force",
        )


def _write(files: Mapping[Path, str]) -> None:
    try:
        for path, text in files.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise SettingsError(
            [f"{error.filename or 'a file'} cannot be written: {error.strerror}."],
            remedy="Go to a folder that you may write to, and run it again: tandem init",
        ) from error


# -- questions -------------------------------------------------------------------------------------------------


def _ask() -> _Wanted:
    chosen = click.prompt(
        "Which CRMs", type=click.Choice(["both", *SYSTEMS]), default="both", show_choices=True
    )
    systems = SYSTEMS if chosen == "both" else (chosen,)
    login_url = None
    if "salesforce" in systems:
        login_url = click.prompt(
            "Your Salesforce org's own domain (Setup, My Domain), such as acme.my.salesforce.com",
            value_proc=_address_asked,
        )
    test = click.confirm("Log in now, to test the credentials", default=True)
    if test:
        for name in (name for system in systems for name in _SECRETS[system]):
            if not os.environ.get(name):
                # For this process alone: it is written nowhere.
                os.environ[name] = click.prompt(f"{name} (is not shown, and kept nowhere)", hide_input=True)
    return _Wanted(systems=systems, login_url=login_url, test=test)


def _address_asked(text: str) -> str:
    try:
        return org_address(text)
    except ValueError as error:
        raise click.UsageError(str(error)) from error


def org_address(text: str) -> str:
    """The address of an org, from what people call its domain. ValueError with what to write where it is none."""
    said = text.strip().rstrip("/")
    parts = urlsplit(said if "://" in said else f"https://{said}")
    host = (parts.hostname or "").lower()
    local = host in {"127.0.0.1", "localhost", "::1"}
    if host and "." not in host and not local:
        host = f"{host}.my.salesforce.com"
    if not _HOST.fullmatch(host) and not local:
        raise ValueError(f"{text!r} is no domain; write it as acme.my.salesforce.com")
    if host in {"login.salesforce.com", "test.salesforce.com"}:
        raise ValueError(f"{host} is everybody's; write the org's own, as acme.my.salesforce.com")
    host = host.replace(".lightning.force.com", ".my.salesforce.com")
    port = f":{parts.port}" if parts.port else ""
    return f"{'http' if local and parts.scheme == 'http' else 'https'}://{host}{port}"


def _test(app: App) -> None:
    """Ask each CRM who it is; what fails is told, and the files stay."""
    settings = load(app.config)
    for name in settings.systems:
        try:
            with closing(
                app.connect(settings.model_copy(update={"systems": {name: settings.systems[name]}}))[name]
            ) as one:
                identity = one.identity()
        except (ConnectorError, SettingsError) as error:
            app.console.print(Text.assemble((f"{name} ", "bold red"), str(error)), soft_wrap=True)
            if error.remedy:
                app.console.print(Text.assemble(("  what to do  ", "bold"), error.remedy), soft_wrap=True)
        else:
            key = _EXPECT[settings.systems[name].kind]
            said = f'answers: {identity.name} ({identity.id}). To work with no other, write {key}: "{identity.id}"'
            app.console.print(Text.assemble((f"{name} ", "bold green"), said), soft_wrap=True)


def written_files(
    config: Path, systems: Sequence[str], *, emulator: bool, login_url: str | None = None
) -> dict[Path, str]:
    """Every file that ``init`` writes, with its text."""
    urls = {**(_EMULATORS if emulator else _URLS), **({"salesforce": login_url} if login_url else {})}
    parts = [_PARTS[name].format(url=urls[name]) for name in systems]
    wanted = (CANONICAL, *(f"{name}.yaml" for name in systems))
    folder = config.parent / MAPPINGS
    mapping = {folder / name: text for name, text in default_files().items() if name in wanted}
    return {config: "".join([_HEAD, "\n".join(parts), _TAIL]), **mapping}


def _next_steps(config: Path, systems: Sequence[str], *, emulator: bool) -> list[str]:
    tandem = "tandem" if config == Path("tandem.yaml") else f"tandem --config {config}"
    values = [
        f"{name}={_EMULATED[name] if emulator else '…'}" for system in systems for name in _SECRETS[system]
    ]
    return [
        *(["tandem emulator serve    (in a second terminal)"] if emulator else []),
        f"export {' '.join(values)}",
        f"{tandem} doctor           what is reached, and what is missing",
        f"{tandem} provision plan   the fields that Tandem would create",
        f"{tandem} stages check     whether the stages of both sides mean the same",
    ]
