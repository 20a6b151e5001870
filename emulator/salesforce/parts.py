"""What the parts of an org are told by the org: its settings, who calls, and where they keep what they know."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

from emulator.kit.clock import Clock
from emulator.kit.faults import FaultsTaken
from emulator.kit.state import StateFile
from emulator.salesforce.data.store import Row, Store
from emulator.salesforce.schema.model import SObject


@dataclass(frozen=True, kw_only=True, slots=True)
class Settings:
    """What an administrator or a test sets on the org as a whole."""

    #: API calls in a rolling day
    daily_calls: int = 100_000
    #: seconds without use after which an access token dies
    session_seconds: int = 7200
    #: each use of a refresh token gives a new one and kills the old one
    rotate_refresh_tokens: bool = False
    #: seconds between a write and the moment queries see it
    commit_lag: float = 0.0
    #: fields with history tracking, as ``Object.Field``
    tracked: tuple[str, ...] = ()
    #: objects whose history may be tracked
    histories: tuple[str, ...] = ("Account", "Opportunity")
    #: fields of one object that may be tracked
    most_tracked: int = 20
    #: seconds back to which the delete log still reaches; None: the full 15 days
    delete_log_seconds: float | None = None
    #: seconds by which getUpdated's latestDateCovered stays behind
    covered_lag: float = 0.0
    #: HTTP status of an upsert that updated: 200 with a body, or 204 as old versions answer
    upsert_status: int = 200


@dataclass(frozen=True, kw_only=True, slots=True)
class Caller:
    """Who makes a call, and how: everything beside its data that changes the outcome."""

    user_id: str
    version: float = 62.0
    #: ``client`` of Sforce-Call-Options
    client: str | None = None
    #: ``allowSave`` of Sforce-Duplicate-Rule-Header
    allow_save: bool = False
    #: a change by automation: moves SystemModstamp alone
    automated: bool = False
    taken: FaultsTaken = field(default_factory=FaultsTaken)

    @property
    def base(self) -> str:
        """The version's path, e.g. ``/services/data/v62.0``."""
        return f"/services/data/v{self.version:.1f}"


class Home(Protocol):
    """An org, as its parts know it."""

    state: StateFile
    clock: Clock
    store: Store
    settings: Settings

    @property
    def id(self) -> str:
        """The organisation's 18-character id."""

    def now(self) -> str:
        """The present as a stamp."""

    def user(self, user_id: str) -> Row:
        """Return a user's row. Raises CallError for an unknown user."""

    def find_user(self, name: str) -> Row | None:
        """Return a user by id of either length or by username."""

    def next_id(self, prefix: str) -> str:
        """Return a fresh id with this three-character prefix."""

    def target(self, record_id: str) -> tuple[SObject, Row] | None:
        """Return the object and the row behind any record id."""
