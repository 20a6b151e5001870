"""What is read from a CRM and written to it, in the CRM's own words; imported from ``connector.base``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

from connector.errors import Refusal, Retryable

#: What HubSpot's own Salesforce connector is called as the source of a value.
OWN_CONNECTOR = "HubSpot's own Salesforce connector"

#: What a CRM's JSON can hold for one field.
NativeValue = str | bool | int | float | None


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
    #: No answer tells whether it was written; it was not sent again. Everything else here says nothing then.
    lost: Retryable | None = None
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
    #: Set by what works by itself, whichever user it is booked on: a workflow, a calculation, another connector.
    automatic: bool = False
    #: What set it, in words for people, else in the CRM's own word (``CRM_UI``); None where the CRM does not say.
    source: str | None = None

    @property
    def author(self) -> str | None:
        """Whose value it was: a user by native id, else an app or what works by itself, in words."""
        if self.automatic:
            return self.source
        if self.by_app:
            return f"app {self.by or 'unknown'}"
        return self.by or self.source


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """Somebody who can own a record."""

    id: str
    email: str | None
    name: str
    active: bool
    #: The id by which histories name them, where that is another one (HubSpot: an owner's ``userId``).
    writes_as: str | None = None


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
class ValueCounts:
    """How many records hold which value of one field."""

    values: Mapping[str, int] = field(default_factory=dict)
    #: Records whose further values the CRM did not name.
    others: int = 0
