"""What a portal needs to be reached. The configuration file is read elsewhere; this is what comes out of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import urlsplit

from connector.hubspot.api.paths import DEFAULT_VERSION, Paths
from connector.network import is_loopback

#: Calls in any 10 seconds that a private app or service key may make on Professional and Enterprise
#: (HubSpot: usage-details); 100 on Free and Starter, 110 for an OAuth app, 250 with the add-on.
BURST = 190
#: HubSpot allows 5 searches a second and answers them without rate headers (HubSpot: search); one is left to others.
SEARCHES_PER_SECOND = 4
#: How long HubSpot's search index is trusted to lag; measured by integrators at 5 to 120 seconds.
INDEX_LAG = 150.0


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessToken:
    """A service key, or the token of a private app or developer-platform app. Does not expire."""

    access_token: str = field(repr=False)

    def __post_init__(self) -> None:
        if not self.access_token.strip():
            raise ValueError("access_token is empty: give a service key (pat-…)")


@dataclass(frozen=True, slots=True, kw_only=True)
class RefreshToken:
    """An OAuth app that an administrator has installed in the portal."""

    client_id: str
    client_secret: str = field(repr=False)
    refresh_token: str = field(repr=False)

    def __post_init__(self) -> None:
        missing = [
            name
            for name, text in (
                ("client_id", self.client_id),
                ("client_secret", self.client_secret),
                ("refresh_token", self.refresh_token),
            )
            if not text.strip()
        ]
        if missing:
            raise ValueError(
                f"{', '.join(missing)} missing: an OAuth app needs its id, secret and refresh token"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class HubSpotSettings:
    """One HubSpot portal. Raises ValueError, naming every problem, where it cannot be right."""

    #: The System's name in the configuration.
    name: str
    auth: AccessToken | RefreshToken
    base_url: str = "https://api.hubapi.com"
    #: Refuse to write to any other portal.
    expect_portal_id: str | None = None
    #: Share of the portal's daily calls that may be used up before a Run stops; other apps use the same day.
    quota_share: float = 0.25
    #: Seconds to wait for a connection, and for the next byte of an answer.
    connect_timeout: float = 5.0
    timeout: float = 60.0
    #: One of ``paths.VERSIONS``.
    api_version: str = DEFAULT_VERSION
    #: Calls in any 10 seconds.
    burst: int = BURST
    searches_per_second: int = SEARCHES_PER_SECOND
    #: Calls at the same time.
    in_flight: int = 10
    #: Seconds by which every read of changes looks back.
    overlap: float = INDEX_LAG

    def __post_init__(self) -> None:
        problems = list(_problems(self))
        if problems:
            raise ValueError(f"System {self.name!r}: " + "; ".join(problems))

    @property
    def paths(self) -> Paths:
        return Paths(self.api_version)


def _problems(settings: HubSpotSettings) -> list[str]:
    found: list[str] = []
    try:
        Paths(settings.api_version)
    except ValueError as error:
        found.append(str(error))
    address = urlsplit(settings.base_url)
    if address.scheme not in {"http", "https"} or not address.hostname:
        found.append(f"base_url {settings.base_url!r} is no address: write https://api.hubapi.com")
    elif address.scheme == "http" and not is_loopback(settings.base_url):
        found.append(f"base_url {settings.base_url!r} would send the token in clear: write https://")
    if address.path not in {"", "/"} or address.query:
        found.append(
            f"base_url {settings.base_url!r} holds more than scheme, host and port: leave the rest out"
        )
    if not 0 < settings.quota_share <= 1:
        found.append(f"quota_share {settings.quota_share} is no share: write a number above 0 and up to 1")
    found += [
        f"{name} must be above 0"
        for name in ("connect_timeout", "timeout", "burst", "searches_per_second", "in_flight")
        if getattr(settings, name) <= 0
    ]
    if settings.overlap < 0:
        found.append("overlap must not be negative")
    return found
