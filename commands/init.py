"""init: the configuration and the mapping, written out for people to edit."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click
from rich.text import Text

from commands.app import App, pass_app
from mappings.files.load import CANONICAL, default_files
from sync.errors import SettingsError

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
    # refresh_token), password (username, password, security_token).
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
    # The token of a private app, or a service key. Other method: refresh_token (client_id, client_secret,
    # refresh_token) of an OAuth app.
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


@click.command(epilog="Example: tandem init --emulator")
@click.option("--salesforce", is_flag=True, help="Salesforce alone.")
@click.option("--hubspot", is_flag=True, help="HubSpot alone.")
@click.option("--emulator", is_flag=True, help="Point at the local emulators (tandem emulator serve).")
@click.option("--force", is_flag=True, help="Replace files that exist already.")
@pass_app
def init(app: App, *, salesforce: bool, hubspot: bool, emulator: bool, force: bool) -> None:
    """Write tandem.yaml and editable mappings. Asks nothing and replaces nothing."""
    asked = [name for name, wanted in zip(SYSTEMS, (salesforce, hubspot), strict=True) if wanted]
    chosen = asked or SYSTEMS
    files = written_files(app.config, chosen, emulator=emulator)
    existing = [path for path in files if path.exists()]
    if existing and not force:
        raise SettingsError(
            [f"{path} exists already; nothing was written." for path in existing],
            remedy="Edit it, move it away, or replace all of them with: tandem init --force",
        )
    try:
        for path, text in files.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise SettingsError(
            [f"{error.filename or app.config} cannot be written: {error.strerror}."]
        ) from error
    for path in files:
        app.console.print(Text.assemble(("wrote ", "green"), str(path)))
    app.console.print(Text("Next:", style="bold"))
    for step in _next_steps(app.config, chosen, emulator=emulator):
        app.console.print(Text(f"  {step}"), soft_wrap=True)


def written_files(config: Path, systems: Sequence[str], *, emulator: bool) -> dict[Path, str]:
    """Every file that ``init`` writes, with its text."""
    urls = _EMULATORS if emulator else _URLS
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
