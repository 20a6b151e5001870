"""What kind of org or portal it is, as findings: API version, what its edition has, production or not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import get_args

from connector.base import Identity, Surroundings
from provision.doctor.checks import Check, State
from sync.settings.systems import HubSpotVersion, PasswordAuth, SalesforceSystem, System

#: HubSpot: changelog, "Deprecating support for HubSpot v4 APIs" and "Legacy APIs and legacy apps: what's going
#: unsupported and when".
_UNDATED = {"v3": "its v4 paths (associations) until 30 March 2027, and v1 to v3 until September 2027"}
_UNDATED_UNTIL = (2027, 9)
#: HubSpot: a dated version is supported for so many months from its date.
_DATED_FOR = 18
#: Months ahead of the end from which on it is told as something to do.
_AHEAD = 6
#: Salesforce brings three versions a year, and retires none that is younger than this many (three years; Salesforce:
#: "API End-of-Life Policy").
_SAFE_VERSIONS = 9
#: A version is supported for three years at least (the same page). This one came in that month, counted from the year
#: 0, and another one came and comes every four months.
_FIRST = (62, 2024 * 12 + 9)
_BETWEEN = 4
_SUPPORTED = 36
#: Up to this one they end together (Salesforce: "API End-of-Life Policy", versions 31.0 to 40.0).
_LAST_OF_OLD = 40
#: What Tandem makes of what an edition has, or lacks.
_HAS: Mapping[str, str] = {
    "multi-currency": "amounts are kept with their currency",
    "person accounts": "they are left out: Tandem keeps companies in step",
    "field history": "who changed a field, and when, can be told",
    "ABM properties": "HubSpot's own target account and tier are used",
    "Salesforce connector": "HubSpot's own Salesforce connector is or was installed",
}
_LACKS: Mapping[str, str] = {
    "field history": "Tandem cannot tell who else changed a field, nor which of two edits came first",
    "ABM properties": "Tandem makes properties of its own in their place",
}
_SWITCH_ON: Mapping[str, str] = {
    "field history": "Tick Set History Tracking for the object in Setup, Object Manager (tandem provision plan shows "
    "the fields).",
}


def version_check(system: str, settings: System, told: Surroundings, now: datetime) -> Check:
    """Whether the API version of the configuration is there, and for how long."""
    version = settings.api_version
    if isinstance(settings, SalesforceSystem):
        return _numbered(system, version, told.versions, now)
    return _hubspot(system, version, now)


def _hubspot(system: str, version: str, now: datetime) -> Check:
    newest = get_args(HubSpotVersion)[0]
    year, month = _ends(version)
    left = (year - now.year) * 12 + month - now.month
    if version in _UNDATED:
        message = f"{version}: HubSpot supports {_UNDATED[version]}"
    else:
        message = f"{version}, supported until {month:02d}/{year}"
    if left <= 0:
        message = f"{version} is not supported any more, since {month:02d}/{year}"
    elif version not in _UNDATED and left > _AHEAD:
        return Check(about=system, name="API version", message=message)
    remedy = f'Write `api_version: "{newest}"` in tandem.yaml, and look with: tandem doctor'
    if version == newest:
        remedy = "Upgrade Tandem: this one knows no newer version of HubSpot's API."
    return Check(about=system, name="API version", state=State.WARN, message=message, remedy=remedy)


def _numbered(system: str, version: str, offered: Sequence[str], now: datetime) -> Check:
    number = int(float(version))
    if number <= _LAST_OF_OLD:
        message, ends = (
            f"{version}: Salesforce supports it until Summer '27 and retires it with Summer '28",
            (2027, 6),
        )
    else:
        months = _FIRST[1] + (number - _FIRST[0]) * _BETWEEN + _SUPPORTED
        ends = (months // 12, months % 12 + 1)
        message = f"{version}, supported until {ends[1]:02d}/{ends[0]} at least"
    left = (ends[0] - now.year) * 12 + ends[1] - now.month
    if not offered:
        return Check(about=system, name="API version", message=message)
    newest = max(offered, key=float)
    message = f"{message}; the org's newest is {newest}"
    behind = float(newest) - float(version)
    if behind <= _SAFE_VERSIONS and left > _AHEAD:
        return Check(about=system, name="API version", message=message)
    return Check(
        about=system,
        name="API version",
        state=State.WARN,
        message=message,
        remedy=f'Write `api_version: "{newest}"` in tandem.yaml, and look with: tandem doctor',
    )


def login_checks(system: str, settings: System) -> Iterator[Check]:
    """A way to log in that is coming to its end."""
    if isinstance(settings, SalesforceSystem) and isinstance(settings.auth, PasswordAuth):
        yield Check(
            about=system,
            name="log-in",
            state=State.WARN,
            # Salesforce: SOAP API Developer Guide, "SOAP login() retirement"; absent from API 65.0 and later.
            message="by password: Salesforce ends it with Summer '27, and from API 65.0 on it is not there",
            remedy="Make an External Client App; write `method: client_credentials` or `jwt_bearer` in tandem.yaml.",
        )


def _ends(version: str) -> tuple[int, int]:
    """Year and month from which on HubSpot supports it no more."""
    if version in _UNDATED:
        return _UNDATED_UNTIL
    year, _, month = version.partition("-")
    months = int(year) * 12 + int(month) - 1 + _DATED_FOR
    return months // 12, months % 12 + 1


def feature_checks(system: str, told: Surroundings) -> Iterator[Check]:
    """What the edition has of what matters, and what it lacks, each with what follows."""
    for name, there in told.features.items():
        if there:
            means = _HAS.get(name, "")
            yield Check(about=system, name="edition", message=f"{name}: yes{f'; {means}' if means else ''}")
        elif name in _SWITCH_ON:
            yield Check(
                about=system,
                name="edition",
                state=State.WARN,
                message=f"{name}: no; {_LACKS[name]}",
                remedy=_SWITCH_ON[name],
            )
        else:
            means = _LACKS.get(name, "")
            yield Check(about=system, name="edition", message=f"{name}: no{f'; {means}' if means else ''}")


def environment_checks(identities: Mapping[str, Identity], local: frozenset[str]) -> Iterator[Check]:
    """A production org beside somebody's sandbox: their records would be mixed. ``local``: emulators, which are
    neither."""
    kinds = {
        name: "production" if identity.environment == "production" else "no production"
        for name, identity in identities.items()
        if name not in local
    }
    if len(set(kinds.values())) > 1:
        told = ", ".join(f"{name} is {identities[name].environment}" for name in kinds)
        yield Check(
            about="configuration",
            name="environments",
            state=State.WARN,
            message=f"production beside a test environment: {told}",
            remedy="Correct login_url, base_url or the credentials, unless test accounts are to reach production.",
        )
