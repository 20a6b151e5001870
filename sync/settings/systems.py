"""How each System is reached: the sections below ``systems``."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import (
    BeforeValidator,
    Field,
)

from sync.settings.secrets import PLACES, Secret
from sync.settings.sections import SettingsSection, Words


def _secret(value: object) -> object:
    return Secret.parse(value) if isinstance(value, str) else Secret.parse("")


#: ``env:NAME``, ``file:PATH``, ``keyring:NAME``; never the secret itself.
SecretRef = Annotated[Secret, BeforeValidator(_secret)]


def _proxy(value: object) -> object:
    if not isinstance(value, str) or not value.strip():
        message = "write http://HOST:PORT, or env:NAME, file:PATH or keyring:NAME with that in it"
        raise ValueError(message)
    if value.partition(":")[0] in PLACES:
        return Secret.parse(value)
    if "@" in value:
        raise ValueError("write no user and password here: put the whole address into env:NAME or file:PATH")
    return value.strip()


class NetworkSection(SettingsSection):
    """How this machine reaches the CRMs, the same for all of them."""

    #: A file of certificates in PEM to trust instead of the usual ones.
    ca_bundle: Words | None = None
    #: ``http://HOST:PORT``, or where such an address with a user and password in it is kept.
    proxy: Annotated[Secret | str, BeforeValidator(_proxy)] | None = None


class ClientCredentialsAuth(SettingsSection):
    """Salesforce: an app's own id and secret; runs as the app's execution user."""

    method: Literal["client_credentials"]
    client_id: SecretRef
    client_secret: SecretRef


class JwtBearerAuth(SettingsSection):
    """Salesforce: an assertion signed with the app's private key."""

    method: Literal["jwt_bearer"]
    client_id: SecretRef
    username: Words
    private_key: SecretRef


class SalesforceRefreshTokenAuth(SettingsSection):
    """Salesforce: a refresh token of the web server flow."""

    method: Literal["refresh_token"]
    client_id: SecretRef
    client_secret: SecretRef | None = None
    refresh_token: SecretRef


class PasswordAuth(SettingsSection):
    """Salesforce: username, password and security token. Deprecated by Salesforce."""

    method: Literal["password"]
    username: Words
    password: SecretRef
    security_token: SecretRef | None = None


class AccessTokenAuth(SettingsSection):
    """HubSpot: a private app's token or a service key."""

    method: Literal["access_token"]
    access_token: SecretRef


class HubSpotRefreshTokenAuth(SettingsSection):
    """HubSpot: an OAuth app installed in the portal."""

    method: Literal["refresh_token"]
    client_id: SecretRef
    client_secret: SecretRef
    refresh_token: SecretRef


SalesforceAuth = Annotated[
    ClientCredentialsAuth | JwtBearerAuth | SalesforceRefreshTokenAuth | PasswordAuth,
    Field(discriminator="method"),
]


HubSpotAuth = Annotated[AccessTokenAuth | HubSpotRefreshTokenAuth, Field(discriminator="method")]


class SalesforceSystem(SettingsSection):
    """One Salesforce org."""

    kind: Literal["salesforce"]
    login_url: Words = "https://login.salesforce.com"
    api_version: Words = "62.0"
    auth: SalesforceAuth
    expect_org_id: Words | None = None
    quota_share: Annotated[float, Field(gt=0, le=1)] = 0.25
    bulk_from: Annotated[int, Field(ge=1, le=50_000)] | None = None
    guarded_up_to: Annotated[int, Field(ge=0, le=24)] = 10


#: Versions of HubSpot's API that Tandem is tested with, the newest first.
HubSpotVersion = Literal["2026-09", "2026-03", "v3"]


class HubSpotSystem(SettingsSection):
    """One HubSpot portal."""

    kind: Literal["hubspot"]
    base_url: Words = "https://api.hubapi.com"
    #: HubSpot retires the undated paths in 2027 (HubSpot: changelog).
    api_version: HubSpotVersion = "2026-09"
    #: Calls in any 10 seconds: 190 on Professional and Enterprise, 100 below, 250 with the add-on
    #: (HubSpot: usage-details).
    burst: Annotated[int, Field(ge=1)] = 190
    auth: HubSpotAuth
    expect_portal_id: Words | None = None
    quota_share: Annotated[float, Field(gt=0, le=1)] = 0.25


System = SalesforceSystem | HubSpotSystem


#: What each kind of CRM calls one customer's own of it.
TENANTS = {"salesforce": "org", "hubspot": "portal"}
