"""What kind of org or portal it is, as findings: API version, what its edition has, production or not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from connector.base import Identity, Surroundings
from provision.doctor.checks import Check, State
from sync.settings.systems import SalesforceSystem, System

#: HubSpot: changelog, "legacy APIs": the undated paths are unsupported from September 2027.
_UNDATED_UNTIL = (2027, 9)
#: HubSpot: a dated version is supported for so many months from its date.
_DATED_FOR = 18
#: Months ahead of the end from which on it is told as something to do.
_AHEAD = 6
#: Salesforce brings three versions a year, and retires none that is younger than this many (three years; Salesforce:
#: "API End-of-Life Policy").
_SAFE_VERSIONS = 9
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
        return _numbered(system, version, told.versions)
    ends = _ends(version)
    if ends is None:
        return Check(about=system, name="API version", message=version)
    year, month = ends
    left = (year - now.year) * 12 + month - now.month
    message = (
        f"{version}, supported until {month:02d}/{year}"
        if left > 0
        else f"{version} is not supported any more"
    )
    newer = _latest_dated(now)
    if version[:1].isdigit() and version > newer:
        message, left = f"{version} is not out yet", 0
    if left > _AHEAD or version == newer:
        return Check(about=system, name="API version", message=message)
    return Check(
        about=system,
        name="API version",
        state=State.WARN,
        message=message,
        remedy=f'Write `api_version: "{newer}"` in tandem.yaml, and look with: tandem doctor',
    )


def _numbered(system: str, version: str, offered: Sequence[str]) -> Check:
    if not offered:
        return Check(about=system, name="API version", message=version)
    newest = max(offered, key=float)
    behind = float(newest) - float(version)
    message = f"{version}; the org's newest is {newest}"
    if behind <= _SAFE_VERSIONS:
        return Check(about=system, name="API version", message=message)
    return Check(
        about=system,
        name="API version",
        state=State.WARN,
        message=f"{message}, and versions are retired after some years",
        remedy=f'Write `api_version: "{newest}"` in tandem.yaml, and look with: tandem doctor',
    )


def _ends(version: str) -> tuple[int, int] | None:
    if not version[:1].isdigit():
        return _UNDATED_UNTIL
    year, _, month = version.partition("-")
    if not (year.isdigit() and month.isdigit()):
        return None
    months = int(year) * 12 + int(month) - 1 + _DATED_FOR
    return months // 12, months % 12 + 1


def _latest_dated(now: datetime) -> str:
    """HubSpot dates a version each March and September."""
    if now.month >= 9:
        return f"{now.year}-09"
    return f"{now.year}-03" if now.month >= 3 else f"{now.year - 1}-09"


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
