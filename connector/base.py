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
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Protocol

from connector.errors import Refusal

#: What a CRM's JSON can hold for one field.
NativeValue = str | bool | int | float | None

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


@dataclass(frozen=True, slots=True, kw_only=True)
class NativeRecord:
    """One record as read, in the CRM's words."""

    #: Salesforce: always the 18-character form.
    id: str
    values: Mapping[str, NativeValue]
    #: The CRM's own modification stamp (SystemModstamp, hs_lastmodifieddate).
    modified_at: datetime
    #: Native id of the last writer, where the CRM tells it cheaply.
    modified_by: str | None = None
    #: Ids that were merged into this record (HubSpot's survivor of a merge has a new id of its own).
    merged_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Removal:
    """A record that is no longer there under its id."""

    id: str
    at: datetime | None
    #: Native id of the survivor where the record was merged away; None for a deletion.
    merged_into: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A piece of a read. ``position`` may be stored once the page's content has been stored."""

    records: tuple[NativeRecord, ...] = ()
    removals: tuple[Removal, ...] = ()
    position: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RowUpdate:
    """Fields to set on a record that exists."""

    id: str
    values: Mapping[str, NativeValue]
    #: Stamp of the version that this was made from: a record that was modified later is not to be written, as far as
    #: the CRM can be told so in the call that writes (``Limits.guarded``).
    unless_after: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RowUpsert:
    """A record to create, or to update where the unique key is already held."""

    key: str
    values: Mapping[str, NativeValue]


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteResult:
    """What became of one row; results stand in the order of the rows."""

    #: Native id, where the CRM told it (always on success).
    id: str | None
    created: bool = False
    #: None on success.
    refusal: Refusal | None = None
    #: Not written, because the record was modified after ``RowUpdate.unless_after``; ``before`` tells how it stands.
    overtaken: bool = False
    #: No later read that is current can carry an older stamp than this one: a read that does is stale.
    not_before: datetime | None = None
    #: Values that the CRM says it now holds for the written fields, where its answer carries them.
    stored: Mapping[str, NativeValue] = field(default_factory=dict)
    #: The record as it stood right before the write, where that was asked for and the CRM can tell.
    before: NativeRecord | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """A value that a field held, as the CRM's own history tells."""

    value: NativeValue
    at: datetime
    #: Native id of the user, or of the app, that set it; None where the CRM does not say.
    by: str | None
    #: Set through the API by an app. Salesforce does not tell: there, by the user that we are connected as.
    by_app: bool
    #: What set it, in the CRM's own word (HubSpot: ``CRM_UI``, ``SALESFORCE`` …); None where it does not say.
    source: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """Somebody who can own a record."""

    id: str
    email: str | None
    name: str
    active: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Opportunity:
    """A Salesforce Opportunity or HubSpot deal, as the feedback loop needs it."""

    id: str
    name: str
    #: Native id of the account or (primary) company; None where there is none.
    account_id: str | None
    pipeline: str | None
    #: Native stage id: Salesforce StageName, HubSpot stage id.
    stage: str
    #: Plain decimal text in the deal's own currency; None where blank.
    amount: str | None
    currency: str | None
    close_date: date | None
    #: By the CRM's own flags or probability, never by the stage's label.
    closed: bool
    won: bool
    probability: float | None
    owner_id: str | None
    created_at: datetime
    modified_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class OpportunityPage:
    """A piece of a read of opportunities."""

    opportunities: tuple[Opportunity, ...] = ()
    removals: tuple[Removal, ...] = ()
    position: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """One opportunity stage by the CRM's own definition."""

    id: str
    label: str
    pipeline: str | None
    pipeline_label: str | None
    order: int
    closed: bool
    won: bool
    #: 0.0 to 1.0
    probability: float
    active: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class ValueCounts:
    """How many records hold which value of one field."""

    values: Mapping[str, int] = field(default_factory=dict)
    #: Records whose further values the CRM did not name.
    others: int = 0


class FieldKind(StrEnum):
    """Kinds of field definitions, common to the CRMs."""

    TEXT = "text"
    NUMBER = "number"
    BOOLEAN = "boolean"
    ENUM = "enum"
    MULTI_ENUM = "multi_enum"
    DATE = "date"
    DATETIME = "datetime"
    CURRENCY = "currency"
    USER = "user"
    #: Anything else (address, formula result types, rich text …); ``native_type`` says what.
    OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class OptionDefinition:
    """One value of a picklist or enumeration."""

    value: str
    label: str
    order: int
    #: Salesforce: active. HubSpot: not hidden.
    active: bool = True
    description: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ValueSet:
    """Values that several picklists may share (Salesforce: a global value set)."""

    name: str
    label: str
    options: tuple[OptionDefinition, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldDefinition:
    """One field as defined in the CRM, or as we want it to be."""

    name: str
    label: str
    kind: FieldKind
    help: str | None = None
    #: Characters of a text; None where the CRM has no such notion.
    length: int | None = None
    #: Salesforce: all digits of a number, and the digits after the point.
    precision: int | None = None
    scale: int | None = None
    unique: bool = False
    external_id: bool = False
    #: Picklist refuses values outside ``options``.
    restricted: bool = False
    options: tuple[OptionDefinition, ...] = ()
    #: HubSpot property group, by its name.
    group: str | None = None
    #: The label of that group, where it has to be made; None: made out of its name.
    group_label: str | None = None
    #: HubSpot: how it is shown (``select``, ``radio``, ``textarea`` …); None: as its kind has it.
    shown_as: str | None = None
    #: What a new record gets (Salesforce); None: nothing, and of a boolean, false.
    default: str | None = None
    #: The name of the set that it shares its values with other fields in (Salesforce), where that was asked for.
    value_set: str | None = None
    #: Its former values are kept (Salesforce, "Field History Tracking"); None where the CRM does not tell, or keeps
    #: them in any case.
    tracked: bool | None = None
    #: The CRM's own type name(s), for messages: ``Picklist``, ``enumeration/select``.
    native_type: str = ""
    #: Made by us or an administrator, not part of the product.
    custom: bool = True
    #: The connected user may write it (false for formulas, roll-ups, read-only standard fields).
    writable: bool = True
    #: Options live elsewhere (owners, pipelines) and must not be compared.
    external_options: bool = False
    #: The field belongs to an installed package and cannot be changed.
    managed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordType:
    """A kind of an object's records (Salesforce), which may offer a part of a picklist's values only."""

    label: str
    #: Picklist -> the values that it offers; a picklist that the connected user does not see is not among them.
    offers: Mapping[str, frozenset[str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectSchema:
    """The definitions of one object as the connected user sees them."""

    object: str
    label: str
    fields: Mapping[str, FieldDefinition]
    #: Fields that exist but which the connected user cannot see (Salesforce field-level security), as far as known.
    invisible: frozenset[str] = frozenset()
    #: Archived definitions by name, which a create would bring back with their old values (HubSpot).
    archived: Mapping[str, FieldDefinition] = field(default_factory=dict)
    #: Right after a definition was changed the CRM may still serve the old copy: not drift.
    unsettled: bool = False
    #: The record types that the connected user may use, by API name, but for the one that every object has
    #: (Salesforce).
    record_types: Mapping[str, RecordType] = field(default_factory=dict)
    #: Groups of fields with their labels (HubSpot).
    groups: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rights:
    """What the bundle of rights gives that Tandem keeps in an org (Salesforce: a permission set), and to whom."""

    name: str
    #: It is there.
    exists: bool
    #: Fields that it lets people read, and whether they may write them too.
    fields: Mapping[str, bool]
    #: Users who should have it and have it not, by username with their ids; the connected user among them.
    lacking: Mapping[str, str]
    #: Usernames and profiles that were asked for and that no active user has.
    unknown: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployment:
    """One object's definitions as they should stand, for an administrator to deploy. What stands is in it already, so
    that nobody's value is lost."""

    object: str
    fields: Sequence[FieldDefinition]
    #: Fields that the connected user must be able to write, and that rights can be given on.
    granted: Sequence[str]
    #: What stands there now, by name.
    held: Mapping[str, FieldDefinition]
    #: Sets that fields share their values in, with what they lack.
    value_sets: Sequence[ValueSet] = ()
    #: The object's history is to be switched on; and these standard fields tracked.
    tracks: bool = False
    tracked: Sequence[str] = ()
    #: By API name, what record types are to offer of the picklists that they offer too little of.
    record_types: Mapping[str, RecordType] = field(default_factory=dict)
    #: Groups whose label is another, with the one that they should have.
    groups: Mapping[str, str] = field(default_factory=dict)


class Power(StrEnum):
    """What bringing definitions in order takes."""

    #: Make and change fields.
    DEFINE = "define"
    #: Change history tracking and record types.
    ADMINISTER = "administer"
    #: Keep the bundle of rights, and give it to users.
    GRANT = "grant"
    ASSIGN = "assign"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A rule of an administrator that may refuse a write, or write itself."""

    #: ``validation rule``, ``duplicate rule``, ``flow``, ``Apex trigger``.
    kind: str
    name: str
    #: Those of the fields asked for that it looks at; empty where the CRM does not tell.
    fields: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What a System says of itself and of us beside its records."""

    #: Its clock when it answered; None where it does not tell.
    server_time: datetime | None
    #: What our user may do, by the CRM's own names, of what was asked about (Salesforce: user permissions); empty where
    #: it does not tell.
    rights: Mapping[str, bool] = field(default_factory=dict)
    #: What our user may do with records, such as ``Account: edit``, of what was asked about.
    access: Mapping[str, bool] = field(default_factory=dict)
    #: What our token may be used for (OAuth scopes); None where it does not tell.
    scopes: frozenset[str] | None = None
    #: What the edition has of what matters here, by its name: ``multi-currency``, ``field history`` …
    features: Mapping[str, bool] = field(default_factory=dict)
    #: API versions that it answers to, the newest last; empty where it does not tell.
    versions: tuple[str, ...] = ()
    rules: tuple[Rule, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Quota:
    """API calls of the day, as the CRM last said."""

    limit: int | None
    used: int | None
    resets_at: datetime | None = None


#: A bulk job is made, filled, closed and looked at a few times, and two files are read.
_CALLS_OF_A_JOB = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How a CRM wants to be written to and read from; used to price Plans."""

    #: Rows of one update or upsert call as the engine should chunk them (Salesforce 800: four collections of 200, and a
    #: part that reads).
    write_batch: int
    #: Rows of one read by id.
    read_batch: int
    #: Rows of one page of a full read.
    page: int
    #: Rows to create from which one bulk job is cheaper than calls of ``write_batch``; None: there are no jobs.
    bulk_from: int | None = None
    #: The same of rows to update, which are read again before a job because it does not tell what stood there.
    bulk_update_from: int | None = None
    #: Rows of one bulk job at the most.
    bulk_batch: int = 0
    #: Rows of one update up to which the CRM can be told for each not to write it where somebody was faster.
    guarded: int = 0

    def writes(self, rows: int, *, creating: bool) -> list[int]:
        """The sizes of the upserts, or updates, in which so many rows are to be written."""
        sizes: list[int] = []
        while rows > 0:
            in_bulk = self._in_bulk(rows, creating=creating)
            sizes.append(min(rows, self.bulk_batch if in_bulk else self.write_batch))
            rows -= sizes[-1]
        return sizes

    def calls(self, *, creating: int, updating: int) -> int:
        """API calls that it takes to write so many rows, what must be read for it included; of jobs about: they are
        looked at until they have ended."""
        made = sum(
            _CALLS_OF_A_JOB if self._in_bulk(size, creating=True) else 1
            for size in self.writes(creating, creating=True)
        )
        changed = sum(
            _CALLS_OF_A_JOB - (-size // self.read_batch) if self._in_bulk(size, creating=False) else 1
            for size in self.writes(updating, creating=False)
        )
        return made + changed

    def _in_bulk(self, rows: int, *, creating: bool) -> bool:
        least = self.bulk_from if creating else self.bulk_update_from
        return least is not None and rows >= least and self.bulk_batch > 0


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
        looks why something is refused. Salesforce: seven calls and one for each validation rule; HubSpot: one that is
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
        Raises only when the fate of every row is equally unknown or untouched. ``watch``: fields to tell as they
        stood right before (``WriteResult.before``), where that takes no further call. ``begun`` is told of each bulk
        job, whose fate must be asked for (``finish``) should this process not live to see it."""
        ...

    def upsert(
        self, object: str, key_field: str, rows: Sequence[RowUpsert], *, begun: Begun = nobody_asks
    ) -> list[WriteResult]:
        """Create or update by unique key; safe to repeat. Keys must be distinct."""
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

    def value_counts(self, object: str, field: str, *, besides: Sequence[str] = ()) -> ValueCounts:
        """How many living records hold each value of a single-choice field, but for blanks and for those ``besides``.

        Salesforce: one call. HubSpot: one search where no record holds another value, and one more for each that is
        found, of which 20 at most are named; where ``besides`` are too many for one filter, a few more, and none is.
        Its search is some seconds late. Asking for a field that does not exist raises ``Unsupported``.
        """
        ...

    # -- definitions -------------------------------------------------------------------------------------

    def schema(self, object: str) -> ObjectSchema:
        """Definitions as they stand now (not from a cache)."""
        ...

    def hidden_fields(self, object: str, fields: Sequence[str]) -> Mapping[str, FieldDefinition]:
        """Definitions of fields that exist and that the connected user does not see. Salesforce: two calls for each.
        HubSpot has none."""
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
