"""tandem.yaml: read, checked as a whole, and turned into frozen settings. Every problem is told at once."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StrictBool,
    StrictStr,
    StringConstraints,
    field_validator,
)
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from mappings.errors import MappingError, Problem
from mappings.fields import DirectionKind, Value
from mappings.files import Path as KeyPath
from mappings.files import line_of, read_layer
from mappings.load import load as load_mapping
from mappings.model import Mapping as FieldMapping
from sync.core.guard import Guard
from sync.errors import SettingsError
from sync.secrets import Secret

Words = Annotated[StrictStr, StringConstraints(strip_whitespace=True, min_length=1)]

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_DURATION = re.compile(r"(\d+)\s*([smhd])")


def _duration(value: object) -> object:
    match = _DURATION.fullmatch(value.strip()) if isinstance(value, str) else None
    if match is None:
        raise ValueError("write a number and a unit: 60s, 15m, 24h or 7d")
    return timedelta(seconds=int(match[1]) * _UNITS[match[2]])


def _secret(value: object) -> object:
    return Secret.parse(value) if isinstance(value, str) else Secret.parse("")


#: ``60s``, ``15m``, ``24h``, ``7d``.
Duration = Annotated[timedelta, BeforeValidator(_duration)]
#: ``env:NAME``, ``file:PATH``, ``keyring:NAME``; never the secret itself.
SecretRef = Annotated[Secret, BeforeValidator(_secret)]


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)


class ClientCredentialsAuth(_Section):
    """Salesforce: an app's own id and secret; runs as the app's execution user."""

    method: Literal["client_credentials"]
    client_id: SecretRef
    client_secret: SecretRef


class JwtBearerAuth(_Section):
    """Salesforce: an assertion signed with the app's private key."""

    method: Literal["jwt_bearer"]
    client_id: SecretRef
    username: Words
    private_key: SecretRef


class SalesforceRefreshTokenAuth(_Section):
    """Salesforce: a refresh token of the web server flow."""

    method: Literal["refresh_token"]
    client_id: SecretRef
    client_secret: SecretRef | None = None
    refresh_token: SecretRef


class PasswordAuth(_Section):
    """Salesforce: username, password and security token. Deprecated by Salesforce."""

    method: Literal["password"]
    username: Words
    password: SecretRef
    security_token: SecretRef | None = None


class AccessTokenAuth(_Section):
    """HubSpot: a private app's token or a service key."""

    method: Literal["access_token"]
    access_token: SecretRef


class HubSpotRefreshTokenAuth(_Section):
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


class SalesforceSystem(_Section):
    """One Salesforce org."""

    kind: Literal["salesforce"]
    login_url: Words = "https://login.salesforce.com"
    api_version: Words = "62.0"
    auth: SalesforceAuth
    expect_org_id: Words | None = None
    quota_share: Annotated[float, Field(gt=0, le=1)] = 0.25
    bulk_from: Annotated[int, Field(ge=1, le=50_000)] | None = None
    guarded_up_to: Annotated[int, Field(ge=0, le=24)] = 10


class HubSpotSystem(_Section):
    """One HubSpot portal."""

    kind: Literal["hubspot"]
    base_url: Words = "https://api.hubapi.com"
    #: ``v3``, or a date such as ``2026-03``: HubSpot retires the undated paths in 2027 (HubSpot: changelog).
    api_version: Words = "v3"
    #: Calls in any 10 seconds: 190 on Professional and Enterprise, 100 below, 250 with the add-on
    #: (HubSpot: usage-details).
    burst: Annotated[int, Field(ge=1)] = 190
    auth: HubSpotAuth
    expect_portal_id: Words | None = None
    quota_share: Annotated[float, Field(gt=0, le=1)] = 0.25


System = SalesforceSystem | HubSpotSystem


class Scope(_Section):
    """Which accounts are kept in step, and whether a System that lacks one gets it."""

    #: ``target_accounts``, ``linked``, ``all``, or canonical fields with the values that are in scope.
    accounts: Literal["target_accounts", "linked", "all"] | dict[str, list[Words]] = "target_accounts"
    #: Create an account in scope in the Systems that lack it.
    create: StrictBool = True

    def includes(self, values: Mapping[str, Value]) -> bool:
        """Is a Record with these canonical values in scope?"""
        if self.accounts == "all":
            return True
        if self.accounts == "target_accounts":
            return values.get("target_account") == "true"
        if isinstance(self.accounts, dict):
            return all(values.get(name) in wanted for name, wanted in self.accounts.items())
        return False


class GuardSection(_Section):
    """What one Run may change at the most."""

    max_change_share: Annotated[float, Field(ge=0, le=1)] = 0.3
    max_changes: Annotated[int, Field(ge=1)] = 5000
    score_swing: Annotated[float, Field(ge=0)] = 30.0
    max_swing_share: Annotated[float, Field(ge=0, le=1)] = 0.3

    def guard(self) -> Guard:
        return Guard(
            max_change_share=self.max_change_share,
            max_changes=self.max_changes,
            score_swing=self.score_swing,
            max_swing_share=self.max_swing_share,
        )


class Schedule(_Section):
    """When the background service does what."""

    poll: Duration = timedelta(seconds=60)
    full_compare: Duration = timedelta(hours=24)
    outcomes: Duration = timedelta(minutes=15)


class ScoreSettings(_Section):
    """Where computed scores come from and how their rows are read."""

    source: Literal["csv"] = "csv"
    path: Words | None = None
    #: What names an account in the file: ``domain``, ``tandem_id``, or a System's name (its native id).
    key: Words = "domain"
    #: Column of the key; the key's own name unless told.
    key_column: Words | None = None
    #: Column of the score.
    column: Words = "score"
    #: The canonical field that it is pushed to; its rule must be ``push``.
    field: Words = "engagement_score"
    #: Column with the time the score was computed; the time of the import where there is none.
    as_of_column: Words | None = None
    #: A score older than this is not pushed any more.
    max_age: Duration = timedelta(days=7)


class AssignTo(_Section):
    """Salesforce: who is given the permission set beside the connected user."""

    #: Usernames, as people log in.
    users: tuple[Words, ...] = ()
    #: Names of profiles, all of whose active users get it.
    profiles: tuple[Words, ...] = ()


class Provision(_Section):
    """What provisioning does beside the fields themselves."""

    assign_to: AssignTo = AssignTo()


#: What can keep a ledger, as SQLAlchemy names it.
_DATABASES = frozenset({"sqlite", "postgresql", "postgresql+psycopg"})


class SettingsFile(_Section):
    """The file as people write it; its kind tells which keys a System has, its method which ones ``auth`` has."""

    ledger: Words = "sqlite:///tandem.db"
    systems: Annotated[dict[str, Annotated[System, Field(discriminator="kind")]], Field(min_length=1)]
    mapping: Words | None = None
    scope: Scope = Scope()
    guard: GuardSection = GuardSection()
    schedule: Schedule = Schedule()
    scores: ScoreSettings = ScoreSettings()
    provision: Provision = Provision()

    @field_validator("ledger")
    @classmethod
    def _is_database(cls, text: str) -> str:
        how = "write sqlite:///FILE or postgresql+psycopg://USER@HOST/DATABASE"
        try:
            url = make_url(text)
        except ArgumentError as error:
            raise ValueError(how) from error
        if url.drivername not in _DATABASES:
            raise ValueError(how)
        if url.password is not None or "password" in url.query:
            raise ValueError("write no password here: PGPASSWORD or ~/.pgpass (mode 600) gives it")
        return text


class Settings(_Section):
    """The configuration, complete and checked."""

    #: The configuration file; relative paths in it are relative to its folder.
    file: Path
    ledger: str
    systems: dict[str, System]
    mapping: FieldMapping
    #: The folder with the mapping files; None where the built-in mapping is used.
    mapping_folder: Path | None = None
    scope: Scope
    guard: GuardSection
    schedule: Schedule
    scores: ScoreSettings
    provision: Provision = Provision()

    def path(self, text: str) -> Path:
        """A path of the configuration, absolute."""
        return (self.file.parent / text).resolve()


def load(file: Path, *, adopting: str | None = None) -> Settings:
    """Read tandem.yaml and the mapping that it names. ``adopting``: a field that may lack its places in it.

    Raises ``SettingsError`` with all problems of both, each with file and line.
    """
    try:
        text = file.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise SettingsError(
            [f"There is no configuration file {file}."],
            remedy="Write one with: tandem init. Or name another one with: tandem --config PATH",
        ) from error
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError([f"{file} cannot be read: {error}"]) from error
    layer, problems = read_layer(file.name, text, SettingsFile)
    data = layer.data
    mapping: FieldMapping | None = None
    folder = data.get("mapping")
    # Only what is sound was left in it.
    kinds = {name: raw["kind"] for name, raw in data.get("systems", {}).items()}
    if kinds:
        try:
            place = file.parent / folder if isinstance(folder, str) else None
            mapping = load_mapping(place, kinds, adopting=adopting)
        except MappingError as error:
            problems.extend(error.problems)
    if mapping is not None:
        problems.extend(_against_mapping(data, mapping, kinds, file.name, layer.lines))
    if problems or mapping is None:
        raise SettingsError(
            [str(problem) for problem in problems], remedy="Fix these and run the command again."
        )
    written = SettingsFile.model_validate(data)
    return Settings(
        file=file.resolve(),
        ledger=_absolute(written.ledger, file.resolve().parent),
        systems=written.systems,
        mapping=mapping,
        mapping_folder=file.resolve().parent / folder if isinstance(folder, str) else None,
        scope=written.scope,
        guard=written.guard,
        schedule=written.schedule,
        scores=written.scores,
        provision=written.provision,
    )


def _against_mapping(
    data: Mapping[str, Any],
    mapping: FieldMapping,
    systems: Iterable[str],
    file: str,
    lines: dict[KeyPath, int],
) -> list[Problem]:
    """Names in the configuration that the mapping does not know."""
    found: list[Problem] = []

    def add(place: KeyPath, message: str, remedy: str) -> None:
        found.append(Problem(file=file, line=line_of(lines, place), message=message, remedy=remedy))

    accounts = (data.get("scope") or {}).get("accounts")
    for name in accounts if isinstance(accounts, dict) else ():
        if name not in mapping.fields:
            remedy = f"Use one of {', '.join(mapping.fields)}."
            add(("scope", "accounts", name), f"scope.accounts names the unknown field {name!r}", remedy)
    scores = data.get("scores") or {}
    pushed = scores.get("field", "engagement_score")
    spec = mapping.fields.get(pushed)
    if scores and (spec is None or spec.rule.direction.kind is not DirectionKind.PUSH):
        able = [
            name for name, field in mapping.fields.items() if field.rule.direction.kind is DirectionKind.PUSH
        ]
        remedy = f"Use one of {', '.join(able)}." if able else "Give a field the rule direction: push."
        add(("scores", "field"), f"scores.field {pushed!r} is not pushed by Tandem", remedy)
    key = scores.get("key", "domain")
    if key not in {"domain", "tandem_id", *systems}:
        remedy = f"Use domain, tandem_id or a System: {', '.join(systems)}."
        add(("scores", "key"), f"scores.key is {key!r}", remedy)
    return found


def _absolute(url: str, folder: Path) -> str:
    """A relative SQLite file is relative to the configuration, not to where the command happens to run."""
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite" or not parsed.database or parsed.database == ":memory:":
        return url
    return parsed.set(database=str((folder / parsed.database).resolve())).render_as_string(
        hide_password=False
    )
