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

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from connector.limits import (
    Capabilities,
    Limits,
    Quota,
)
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

#: Told the id of a bulk job before it can write anything. Where it raises, the job is never run.
Begun = Callable[[str], None]


def nobody_asks(job: str, /) -> None:
    """For callers that would not take up a job which outlives them."""


#: Tells which of the given record versions (id -> stamp) have been read before and need not be read again.
Seen = Callable[[Mapping[str, datetime]], set[str]]


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


class Connector(Protocol):
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

    def surroundings(self, object: str, fields: Sequence[str]) -> Surroundings:
        """Clock, rights and scopes by name, features, and the rules on an object that touch fields. For a person who
        looks why something is refused. Salesforce: eight calls and one for each validation rule; HubSpot: one that is
        not counted, and one for the names of properties."""
        ...

    # -- records -----------------------------------------------------------------------------------------

    def changes(
        self, object: str, fields: Sequence[str], position: str | None, seen: Seen | None = None
    ) -> Iterator[Page]:
        """Everything that changed since ``position`` (None: everything there is), oldest first, removals included.

        Re-reads an overlap window so that late commits and lagging indexes lose nothing; ``seen`` lets it
        leave out versions that were read before. Values are current truth (never a search index's copy).
        Yields at least one page, so that an idle read still advances the position. Asking for a field that
        does not exist or is invisible raises ``Unsupported`` naming it.
        """
        ...

    def read(self, object: str, fields: Sequence[str], ids: Sequence[str]) -> Mapping[str, NativeRecord]:
        """Current records by native id, keyed by the id asked for (a merged HubSpot id answers with its survivor,
        whose ``id`` differs). Ids that are deleted or invisible are absent."""
        ...

    def read_by_key(
        self, object: str, fields: Sequence[str], key_field: str, keys: Sequence[str]
    ) -> Mapping[str, NativeRecord]:
        """Current records by a unique external id, keyed by it; absent where there is none. Not from a search index."""
        ...

    def fate(self, object: str, ids: Sequence[str]) -> Mapping[str, Removal]:
        """For ids that a read did not find: those that were deleted or merged away. An id that is in neither answer
        merely became invisible to the connected user."""
        ...

    def update(
        self,
        object: str,
        rows: Sequence[RowUpdate],
        *,
        watch: Sequence[str] = (),
        begun: Begun = nobody_asks,
    ) -> list[WriteResult]:
        """Write at most ``limits.write_batch`` rows, or from ``limits.bulk_from`` to ``limits.bulk_batch`` of them in a
        bulk job, which tells nothing of what stood there; one result per row, in order. Ids must be distinct.
        Raises only when the fate of every row is equally unknown or untouched. A row that the CRM may have written
        without saying so is never sent again here (``WriteResult.lost``, or ``Retryable.maybe_done`` of what is
        raised): somebody may have edited it since, so the caller reads it first. ``watch``: fields to tell as they
        stood right before (``WriteResult.before``), where that takes no further call. ``begun`` is told of each bulk
        job, whose fate must be asked for (``finish``) should this process not live to see it."""
        ...

    def upsert(
        self, object: str, key_field: str, rows: Sequence[RowUpsert], *, begun: Begun = nobody_asks
    ) -> list[WriteResult]:
        """Create or update by unique key. Keys must be distinct. A row of which no answer tells is not sent again here
        either: repeated, it makes no second record, but it writes over what somebody has edited in the first."""
        ...

    def finish(self, job: str) -> Mapping[str, WriteResult]:
        """Bring a bulk job of an earlier process to its end, and tell the fate of its rows, by the id of an update or
        the key of an upsert. One that was not told to run never will be, and one that runs is waited for: nothing of
        it may be written any more once this returns. A row that is not in the answer was not written, as far as the
        CRM remembers (Salesforce: for seven days)."""
        ...

    def history(
        self, object: str, fields: Sequence[str], ids: Sequence[str]
    ) -> Mapping[str, Mapping[str, Sequence[Version]]]:
        """What the fields of many records held, the newest value first, by record id and field; nothing where the CRM
        does not keep it. HubSpot: every property, one call for 50 records. Salesforce: only fields whose history an
        administrator has tracked, one call for 2,500 records."""
        ...

    def remembers(self, object: str) -> frozenset[str]:
        """Fields of which ``history`` tells every edit, so that one of which it tells nothing has not been edited since
        the record was made or the history was begun. HubSpot: none, since its histories begin with the record and
        leave no value out. Salesforce: the tracked fields; one call."""
        ...

    # -- people, opportunities ---------------------------------------------------------------------------

    def users(self) -> Sequence[User]:
        """Everybody who can own a record, inactive ones included."""
        ...

    def opportunities(self, position: str | None) -> Iterator[OpportunityPage]:
        """Opportunities or deals changed since ``position``, with removals."""
        ...

    def stages(self) -> Sequence[Stage]:
        """Every opportunity stage of every pipeline."""
        ...

    def latest(self, object: str, most: int) -> Sequence[str]:
        """Ids of the living records that changed last, the newest first; ``most``: 200 at most. One call. HubSpot's
        search is some seconds late."""
        ...

    def value_counts(self, object: str, field: str, *, besides: Sequence[str] = ()) -> ValueCounts:
        """How many living records hold each value of a single-choice field, but for blanks and for those ``besides``.
        Spellings of a free text that differ in case alone are one value to both CRMs.

        Salesforce: one call, and one more from 2,000 values on. HubSpot: one search where no record holds another
        value, and one more for each that is found, of which 20 at most are named; where ``besides`` are too many for
        one filter, a few more, and none is. Its search is some seconds late. Asking for a field that does not exist
        raises ``Unsupported``.
        """
        ...

    # -- definitions -------------------------------------------------------------------------------------

    def schema(self, object: str) -> ObjectSchema:
        """Definitions as they stand now (not from a cache)."""
        ...

    def stored_fields(self, object: str, fields: Sequence[str]) -> Mapping[str, FieldDefinition]:
        """These custom fields as they are stored: whether or not the connected user sees them, and in the words that
        they were given, not in a translation into that user's language. Salesforce: two calls for each. HubSpot:
        none, for a definition is served as it is stored."""
        ...

    def value_sets(self, object: str, fields: Sequence[str]) -> Mapping[str, ValueSet]:
        """Of these picklists those that share their values with others, and the set. Salesforce: two calls for each
        field and one for each set. HubSpot has none."""
        ...

    def count_beyond(
        self, object: str, field: str, *, length: int | None = None, size: int | None = None
    ) -> int | None:
        """How many living records hold a text of more than ``length`` characters, or a number of ``size`` or more
        on either side of zero; None where the CRM cannot tell. Salesforce: one call."""
        ...

    def create_field(self, object: str, definition: FieldDefinition) -> None:
        """Define a field (and its group). Succeeds if it exists already in the same form."""
        ...

    def update_field(self, object: str, definition: FieldDefinition, *, narrow: bool = False) -> None:
        """Bring label, help, default, options, group and form to ``definition``, begin to track it, and widen a text or
        number that is too small for it. Options are read, merged and written whole, so that nobody else's value is
        lost; nothing is retyped or deleted, and only with ``narrow`` is a text or number made smaller, or a picklist
        closed to other values."""
        ...

    def track_history(self, object: str, fields: Sequence[str] = ()) -> None:
        """Let the object's history be tracked, and these standard fields with it; a custom field says so in its own
        definition. Safe to repeat. Salesforce: one call, two with fields. HubSpot keeps every property's history."""
        ...

    def offer_values(self, object: str, record_type: str, values: Mapping[str, Sequence[str]]) -> None:
        """Have a record type, by API name, offer these values too; nothing that it offers is taken away. Safe to
        repeat. Salesforce: two calls. HubSpot has none."""
        ...

    def label_group(self, object: str, name: str, label: str) -> None:
        """Relabel a group of fields. Safe to repeat. HubSpot: one call. Salesforce has none."""
        ...

    def create_stages(self, stages: Sequence[Stage]) -> None:
        """Define opportunity stages that are missing; one that stands inactive is made active again.

        ``order`` is a stage's place, from 0, among the active stages of its pipeline once all are there. Nothing that
        stands is renamed, redefined, deactivated or removed, though it may move down. Safe to repeat: what stands
        already, by label or id, is passed over. Salesforce: the value set is read, merged and written whole, three
        calls. HubSpot: one call, one for each new stage, and one for each that moves down; the id is HubSpot's own.
        """
        ...

    def rights(self, object: str, users: Sequence[str] = (), profiles: Sequence[str] = ()) -> Rights | None:
        """What the bundle of rights gives on an object's fields, and who lacks it of the connected user, the users of
        these usernames and all active users of these profiles. None where there is no such thing (HubSpot), or where
        the connected user may not look. Salesforce: one call."""
        ...

    def bundle(self) -> Bundle:
        """Everything that the bundle of rights gives on fields and objects, of those too that are not ours; nothing
        where it is not there, or where the connected user may not look. Salesforce: one call. HubSpot has none."""
        ...

    def powers(self, object: str) -> Mapping[Power, tuple[str, bool]]:
        """What the connected user or app may do with an object's definitions: the right, by the CRM's own name, and
        whether it is held. A right that the CRM does not tell of is left out. Salesforce: one call; HubSpot: one that
        is not counted."""
        ...

    def grant(self, object: str, fields: Sequence[str], assignees: Sequence[str] = ()) -> None:
        """Make fields readable and writable for the connected user (Salesforce: permission set, field permissions,
        assignment), and for the users of these ids. Safe to repeat. HubSpot has no such step."""
        ...

    def remember(self, calls: int, at: datetime) -> None:
        """Count calls that an earlier process made at ``at`` towards our share of the day."""
        ...

    def close(self) -> None:
        """Release connections."""
        ...
