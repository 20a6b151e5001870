"""The one place that knows both CRMs: builds a Connector for each System, and the files for administrators."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from urllib.parse import unquote, urlsplit

from commands.app import Exporter, Page
from connector import hubspot, salesforce
from connector.base import Connector, Deployment
from connector.clock import Pace
from connector.hubspot.properties.export import definitions_file
from connector.network import Network
from connector.salesforce.metadata.deployable import metadata_zip, source_project
from connector.secrecy import register
from sync.errors import SettingsError
from sync.settings.load import Settings
from sync.settings.secrets import Form, Secret
from sync.settings.systems import (
    AccessTokenAuth,
    ClientCredentialsAuth,
    HubSpotSystem,
    JwtBearerAuth,
    PasswordAuth,
    SalesforceSystem,
    System,
)


def connect(settings: Settings, pace: Pace) -> dict[str, Connector]:
    """A Connector for each System. ``SettingsError`` with every secret that is missing; nothing is sent yet."""
    connectors: dict[str, Connector] = {}
    problems: list[str] = []
    network = _network(settings, problems)
    for name, system in settings.systems.items():
        reader = _SecretReader(settings.file.parent, problems)
        try:
            if isinstance(system, SalesforceSystem):
                connectors[name] = _salesforce(name, system, reader, pace, network)
            else:
                connectors[name] = _hubspot(name, system, reader, pace, network)
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

    def __call__(self, secret: Secret, form: Form = Form.TOKEN) -> str:
        try:
            return secret.read(self.folder, form)
        except SettingsError as error:
            self.failed = True
            self._problems.extend(f"{problem} {error.remedy or ''}".strip() for problem in error.problems)
            return ""


def _network(settings: Settings, problems: list[str]) -> Network:
    """Certificates and proxy for all Systems; what is wrong with them is added to the problems."""
    section = settings.network
    proxy = section.proxy
    if isinstance(proxy, Secret):
        proxy = _SecretReader(settings.file.parent, problems)(proxy)
        with suppress(ValueError):
            register(unquote(urlsplit(proxy).password or ""))
    bundle = settings.path(section.ca_bundle) if section.ca_bundle is not None else None
    network = Network.of(ca_bundle=bundle, proxy=proxy or None)
    problems.extend(network.problems())
    return network


def _salesforce(
    name: str, system: SalesforceSystem, read: _SecretReader, pace: Pace, network: Network
) -> Connector:
    auth = system.auth
    save: Callable[[str], None] | None = None
    kind: salesforce.Auth
    if isinstance(auth, ClientCredentialsAuth):
        kind = salesforce.ClientCredentials(
            client_id=read(auth.client_id, Form.ID), client_secret=read(auth.client_secret)
        )
    elif isinstance(auth, JwtBearerAuth):
        kind = salesforce.JwtBearer(
            client_id=read(auth.client_id, Form.ID),
            username=auth.username,
            private_key=read(auth.private_key, Form.KEY),
        )
    elif isinstance(auth, PasswordAuth):
        token = read(auth.security_token) if auth.security_token is not None else ""
        kind = salesforce.Password(
            username=auth.username, password=read(auth.password, Form.PASSWORD), security_token=token
        )
    else:
        kind = salesforce.RefreshToken(
            client_id=read(auth.client_id, Form.ID),
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
    return salesforce.connect(settings, pace=pace, save_refresh_token=save, network=network)


def _hubspot(
    name: str, system: HubSpotSystem, read: _SecretReader, pace: Pace, network: Network
) -> Connector:
    auth = system.auth
    kind: hubspot.AccessToken | hubspot.RefreshToken
    if isinstance(auth, AccessTokenAuth):
        kind = hubspot.AccessToken(access_token=read(auth.access_token))
    else:
        kind = hubspot.RefreshToken(
            client_id=read(auth.client_id, Form.ID),
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
        network=network,
    )


def _sfdx(system: System, found: Deployment) -> Mapping[str, bytes]:
    return source_project(found, api_version=system.api_version)


def _mdapi(system: System, found: Deployment) -> Mapping[str, bytes]:
    return {"": metadata_zip(found, api_version=system.api_version)}


def _json(_system: System, found: Deployment) -> Mapping[str, bytes]:
    return {"": definitions_file(found)}


EXPORTERS: Mapping[str, Exporter] = {"sfdx": _sfdx, "mdapi": _mdapi, "hubspot": _json}


def _in_salesforce(system: System, _org: str, object: str, id: str) -> str | None:
    # Only a domain of the org's own leads to its records; login.salesforce.com is everybody's.
    if not isinstance(system, SalesforceSystem) or urlsplit(system.login_url).hostname in _EVERYBODYS:
        return None
    return f"{system.login_url.rstrip('/')}/lightning/r/{object}/{id}/view"


def _in_hubspot(_system: System, portal: str, _object: str, id: str) -> str | None:
    return f"https://app.hubspot.com/contacts/{portal}/record/{_COMPANY}/{id}"


_EVERYBODYS = ("login.salesforce.com", "test.salesforce.com")
#: HubSpot's number of the object (HubSpot: object type ids).
_COMPANY = "0-2"
PAGES: Mapping[str, Page] = {"salesforce": _in_salesforce, "hubspot": _in_hubspot}
