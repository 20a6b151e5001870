"""The seam between Tandem and one CRM.

Glossary of the seam. A **System** is one org or portal; a **Connector** speaks to it in its own words.
An *object* is the CRM's name of a kind of record (``Account``, ``companies``); a *field* is the CRM's API
name (``ABM_Tier__c``, ``hs_is_target_account``). *Values* are what the CRM's JSON holds for a field:
Salesforce gives booleans, numbers, text and null; HubSpot gives text and null. Their meaning is the
business of ``mappings``; a Connector never interprets them. A *position* is an opaque text that says how
far an object has been read; only the Connector that made it can read it.

All times are aware and in UTC. All calls may raise :class:`connector.errors.Retryable` (after the retry
policy gave up) or :class:`connector.errors.Fatal`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from connector.limits import (
    Capabilities,
    Limits,
    Quota,
)
from connector.protocols.definitions import DefinitionCalls
from connector.protocols.records import Begun, RecordCalls, Seen, nobody_asks
from connector.records import (
    OWN_CONNECTOR,
    NativeRecord,
    NativeValue,
    Opportunity,
    OpportunityPage,
    Page,
    Removal,
    RowUpdate,
    RowUpsert,
    User,
    ValueCounts,
    Version,
    WriteResult,
)
from connector.schemas import (
    Bundle,
    Deployment,
    FieldDefinition,
    FieldKind,
    ObjectSchema,
    OptionDefinition,
    Power,
    RecordType,
    Rights,
    Rule,
    Stage,
    Surroundings,
    ValueSet,
)

__all__ = [
    "OWN_CONNECTOR",
    "Begun",
    "Bundle",
    "Capabilities",
    "Connector",
    "DefinitionCalls",
    "Deployment",
    "FieldDefinition",
    "FieldKind",
    "Identity",
    "Limits",
    "NativeRecord",
    "NativeValue",
    "ObjectSchema",
    "Opportunity",
    "OpportunityPage",
    "OptionDefinition",
    "Page",
    "Power",
    "Quota",
    "RecordCalls",
    "RecordType",
    "Removal",
    "Rights",
    "RowUpdate",
    "RowUpsert",
    "Rule",
    "Seen",
    "Stage",
    "Surroundings",
    "User",
    "ValueCounts",
    "ValueSet",
    "Version",
    "WriteResult",
    "nobody_asks",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Who we are talking to, and as whom."""

    #: Salesforce organisation id (18 characters) or HubSpot portal id.
    id: str
    name: str
    #: ``production``, ``sandbox``, ``developer``, ``emulator`` … as the CRM says.
    environment: str
    #: Native id of the user (Salesforce) or app (HubSpot) whose name our writes carry; None where unknown.
    acting_as: str | None
    #: Display name of that user or app.
    acting_as_name: str | None = None
    time_zone: str | None = None
    currency: str | None = None
    #: Features of the edition that matter to us: ``multi_currency``, ``person_accounts``, ``field_history``.
    features: frozenset[str] = frozenset()


class Connector(RecordCalls, DefinitionCalls, Protocol):
    """One CRM org or portal."""

    @property
    def name(self) -> str:
        """The System's name in the configuration."""
        ...

    @property
    def kind(self) -> str:
        """``salesforce`` or ``hubspot``."""
        ...

    @property
    def capabilities(self) -> Capabilities:
        """What this CRM can do and how it behaves, for whoever would else have to ask which CRM it is."""
        ...

    @property
    def limits(self) -> Limits: ...

    @property
    def calls(self) -> int:
        """API calls made by this Connector so far (what the CRM counts; token requests are not)."""
        ...

    def identity(self) -> Identity:
        """Ask who and where we are. One API call; the answer may be kept for the life of the session."""
        ...

    def quota(self) -> Quota:
        """The last known daily allowance; asks the CRM only if no answer has told it yet."""
        ...

    @property
    def allowance(self) -> Quota | None:
        """The daily allowance as an answer last told it; None before. Asks nobody."""
        ...

    def before_calls(self, look: Callable[[], None]) -> None:
        """Have ``look`` called before each call that the CRM counts, in the thread that makes it."""
        ...

    def recall(self, calls: Sequence[tuple[datetime, int]]) -> None:
        """These calls were made, by us and by other processes of ours, oldest first: what counts towards our share of
        the day."""
        ...

    def before_writes(self, look: Callable[[float], None]) -> None:
        """Have ``look`` called right before each request that changes something, the repeated ones too, with the
        seconds that its answer may take at the most; where it raises, nothing is sent. It is called in the thread that
        sends."""
        ...

    def close(self) -> None:
        """Release connections."""
        ...
