"""What an org needs to be reached. The configuration file is read elsewhere; this is what comes out of it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from connector.network import is_safe

_LOGIN_HOSTS = ("login.salesforce.com", "test.salesforce.com")


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientCredentials:
    """An app that acts as the one user its administrator chose (Salesforce: OAuth 2.0 client credentials flow)."""

    client_id: str
    client_secret: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class JwtBearer:
    """An app that signs its own assertions with a private key (Salesforce: OAuth 2.0 JWT bearer flow)."""

    client_id: str
    username: str
    #: The RSA private key itself, in PEM text.
    private_key: str = field(repr=False)
    #: What the assertion is meant for; None: worked out from the login URL.
    audience: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RefreshToken:
    """An app that a person has allowed to act for them (Salesforce: OAuth 2.0 refresh token flow)."""

    client_id: str
    #: None for a public client.
    client_secret: str | None = field(default=None, repr=False)
    refresh_token: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Password:
    """A user's name, password and security token: over SOAP, or over OAuth where an app is given as well."""

    username: str
    password: str = field(repr=False)
    #: Empty where the caller's network is trusted by the org.
    security_token: str = field(default="", repr=False)
    client_id: str | None = None
    client_secret: str | None = field(default=None, repr=False)


Auth = ClientCredentials | JwtBearer | RefreshToken | Password


@dataclass(frozen=True, slots=True, kw_only=True)
class SalesforceSettings:
    """One Salesforce org. Raises ValueError, naming every problem, where it cannot be right."""

    #: The System's name in the configuration.
    name: str
    login_url: str = "https://login.salesforce.com"
    api_version: str = "62.0"
    auth: Auth
    #: Refuse to work with any other org; 15 or 18 characters.
    expect_org_id: str | None = None
    #: Part (0 to 1) of the org's daily calls that we may use ourselves.
    quota_share: float = 0.25
    #: Part (0 to 1) of the org's daily calls beyond which we stop, whoever used them.
    quota_ceiling: float = 0.95
    #: Seconds to wait for a connection, and for the next byte of an answer.
    connect_timeout: float = 10.0
    timeout: float = 120.0
    #: Calls at the same time. Salesforce limits only those that run for 20 seconds or more, to 25.
    in_flight: int = 10
    #: Seconds by which every read of changes looks back, for transactions that commit late.
    overlap: float = 300.0
    #: Rows to create, or to update, from which they are written as one job of Bulk API 2.0; None: where a job begins
    #: to take fewer calls.
    bulk_from: int | None = None
    #: Rows of one write up to which each is written by itself, on the condition that nobody modified its record since
    #: it was read; 0: never.
    guarded_up_to: int = 10

    def __post_init__(self) -> None:
        found = [*_address_problems(self.login_url), *_auth_problems(self.auth)]
        if not re.fullmatch(r"\d\d\.0", self.api_version):
            found.append(f'api_version is {self.api_version!r}: write it like "62.0", in quotes')
        if self.expect_org_id is not None and not re.fullmatch(
            r"00D[0-9A-Za-z]{12}(?:[0-9A-Za-z]{3})?", self.expect_org_id
        ):
            found.append(
                f"expect_org_id is {self.expect_org_id!r}: an org id has 15 or 18 characters and begins with 00D"
            )
        found += [
            f"{name} must be above 0 and at most 1"
            for name in ("quota_share", "quota_ceiling")
            if not 0.0 < getattr(self, name) <= 1.0
        ]
        found += [
            f"{name} must be above 0"
            for name in ("connect_timeout", "timeout", "in_flight")
            if getattr(self, name) <= 0
        ]
        if self.bulk_from is not None and not 0 < self.bulk_from <= 50_000:
            found.append("bulk_from must be above 0 and at most 50000, the rows of one job")
        if not 0 <= self.guarded_up_to <= 24:
            found.append("guarded_up_to must be from 0 to 24, the rows that one call takes")
        if self.overlap < 0:
            found.append("overlap must not be negative")
        if found:
            raise ValueError(f"{self.name}: " + "; ".join(found))


def audience(auth: JwtBearer, login_url: str) -> str:
    """What a signed assertion must name as its audience: one of Salesforce's two login hosts, also for an org that
    is reached by its own domain (Salesforce: OAuth 2.0 JWT bearer flow)."""
    if auth.audience:
        return auth.audience
    host = urlsplit(login_url).hostname or ""
    if host in _LOGIN_HOSTS or not host.endswith(".salesforce.com"):
        return login_url.rstrip("/")
    return "https://test.salesforce.com" if ".sandbox." in host else "https://login.salesforce.com"


def _address_problems(login_url: str) -> list[str]:
    parts = urlsplit(login_url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        return [f"login_url is {login_url!r}: write it like https://login.salesforce.com"]
    if parts.username or parts.password:
        return ["login_url must not hold a user name or password"]
    if parts.path.strip("/") or parts.query or parts.fragment:
        return [f"login_url is {login_url!r}: leave out everything after the host"]
    if not is_safe(login_url):
        return [f"login_url is {login_url!r}: plain http is accepted for this machine alone; use https"]
    return []


def _auth_problems(auth: Auth) -> list[str]:
    needed = {
        ClientCredentials: ("client_id", "client_secret"),
        JwtBearer: ("client_id", "username", "private_key"),
        RefreshToken: ("client_id", "refresh_token"),
        Password: ("username", "password"),
    }[type(auth)]
    found = [f"auth: {name} is empty" for name in needed if not str(getattr(auth, name)).strip()]
    if isinstance(auth, Password) and bool(auth.client_id) != bool(auth.client_secret):
        found.append("auth: give client_id and client_secret together, or neither")
    return found
