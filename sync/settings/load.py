"""tandem.yaml: read, checked as a whole, and turned into frozen settings. Every problem is told at once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from zoneinfo import ZoneInfo

from pydantic import (
    Field,
    field_validator,
)
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from mappings.errors import MappingError, Problem
from mappings.fields import DirectionKind
from mappings.files.load import load as load_mapping
from mappings.files.text_file import NoTextFile, read_text
from mappings.files.yaml_lines import Path as KeyPath
from mappings.files.yaml_lines import line_of, read_layer
from mappings.model import Mapping as FieldMapping
from sync.errors import SettingsError
from sync.local_time import read_zone
from sync.settings.sections import Provision, Schedule, Scope, ScoreSettings, SettingsSection, Words
from sync.settings.systems import NetworkSection, System

if TYPE_CHECKING:
    from sync.core.guard import Guard


class GuardSection(SettingsSection):
    """What one Run may change at the most."""

    max_change_share: Annotated[float, Field(ge=0, le=1)] = 0.3
    max_changes: Annotated[int, Field(ge=1)] = 5000
    score_swing: Annotated[float, Field(ge=0)] = 30.0
    max_swing_share: Annotated[float, Field(ge=0, le=1)] = 0.3
    max_unlike_share: Annotated[float, Field(ge=0, le=1)] = 0.1

    def guard(self) -> Guard:
        # Who only looks at the ledger needs no guard, and none of what it guards.
        from sync.core.guard import Guard  # noqa: PLC0415

        return Guard(
            max_change_share=self.max_change_share,
            max_changes=self.max_changes,
            score_swing=self.score_swing,
            max_swing_share=self.max_swing_share,
            max_unlike_share=self.max_unlike_share,
        )


#: What can keep a ledger, as SQLAlchemy names it.
_DATABASES = frozenset({"sqlite", "postgresql", "postgresql+psycopg"})


class SettingsFile(SettingsSection):
    """The file as people write it; its kind tells which keys a System has, its method which ones ``auth`` has."""

    ledger: Words = "sqlite:///tandem.db"
    systems: Annotated[dict[str, Annotated[System, Field(discriminator="kind")]], Field(min_length=1)]
    mapping: Words | None = None
    scope: Scope = Scope()
    guard: GuardSection = GuardSection()
    schedule: Schedule = Schedule()
    scores: ScoreSettings = ScoreSettings()
    provision: Provision = Provision()
    network: NetworkSection = NetworkSection()
    timezone: Words | None = None

    @field_validator("timezone")
    @classmethod
    def _is_zone(cls, name: str | None) -> str | None:
        if name is not None:
            read_zone(name)
        return name

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


class Settings(SettingsSection):
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
    network: NetworkSection = NetworkSection()
    #: The zone in which people are told times and mean the ones that they write; None where they named none.
    zone: ZoneInfo | None = None

    def path(self, text: str) -> Path:
        """A path of the configuration, absolute."""
        return (self.file.parent / text).resolve()


def load(file: Path, *, adopting: str | None = None) -> Settings:
    """Read tandem.yaml and the mapping that it names. ``adopting``: a field that may lack its places in it.

    Raises ``SettingsError`` with all problems of both, each with file and line.
    """
    another = "Or name another one with: tandem --config PATH"
    if not file.exists():
        raise SettingsError(
            [f"There is no configuration file {file}."],
            remedy=f"Write one with: tandem init. {another}",
        )
    try:
        text = read_text(file)
    except NoTextFile as error:
        raise SettingsError([f"{file} {error}."], remedy=f"{error.remedy} {another}") from error
    layer, problems = read_layer(file.name, text, SettingsFile)
    if not layer.data and not problems:
        raise SettingsError(
            [f"{file} says nothing: it is empty, or all of it is a comment."],
            remedy=f"Write it anew with: tandem init --force. {another}",
        )
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
        network=written.network,
        zone=None if written.timezone is None else read_zone(written.timezone),
    )


def _against_mapping(
    data: Mapping[str, Any],
    mapping: FieldMapping,
    systems: Iterable[str],
    file: str,
    lines: dict[KeyPath, int],
) -> list[Problem]:
    """Names in the configuration that the mapping does not know."""
    problems: list[Problem] = []

    def add(place: KeyPath, message: str, remedy: str) -> None:
        problems.append(Problem(file=file, line=line_of(lines, place), message=message, remedy=remedy))

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
    return problems


def _absolute(url: str, folder: Path) -> str:
    """A relative SQLite file is relative to the configuration, not to where the command happens to run."""
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite" or not parsed.database or parsed.database == ":memory:":
        return url
    return parsed.set(database=str((folder / parsed.database).resolve())).render_as_string(
        hide_password=False
    )
