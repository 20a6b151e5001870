"""Scores that are pushed and outcomes that are read back, as the ledger keeps them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from sync.model.records import LinkId, NativeId, RecordKey, SystemName

#: Kinds of key; any other is the name of the System whose native id the key is.
DOMAIN = "domain"


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """One computed score."""

    #: A registrable domain, a Link's id, or a native id; ``key_kind`` tells which.
    key: str
    key_kind: str = DOMAIN
    #: Canonical number text.
    score: str
    #: The moment that the score speaks of.
    as_of: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredScore:
    """A score, where it came from, and whose it is."""

    score: Score
    source: str
    imported_at: datetime
    #: None where no account, or more than one, answers to the key.
    link_id: LinkId | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """An opportunity's result as the feedback loop needs it."""

    system: SystemName
    #: Native id of the opportunity or deal.
    id: NativeId
    #: Native id of its account or company; None where it has none.
    account_id: str | None
    name: str
    #: Native stage id, and what people see.
    stage: str
    stage_label: str | None = None
    #: The shared buyer stage; None where the stage is not mapped.
    buyer_stage: str | None = None
    pipeline: str | None = None
    #: Plain decimal text in the deal's own currency.
    amount: str | None = None
    currency: str | None = None
    close_date: date | None = None
    closed: bool
    won: bool
    #: 0.0 to 1.0
    probability: float | None = None
    owner_email: str | None = None
    created_at: datetime
    modified_at: datetime
    #: When it was found to be gone from the CRM.
    removed_at: datetime | None = None
    #: The account's Link; worked out by the ledger, whatever is given.
    link_id: LinkId | None = None

    @property
    def key(self) -> RecordKey:
        """Which opportunity or deal it is."""
        return RecordKey(self.system, self.id)


@dataclass(frozen=True, slots=True, kw_only=True)
class OutcomeVersion:
    """An Outcome as it once stood."""

    system: SystemName
    id: NativeId
    #: The CRM's modification stamp of this version.
    at: datetime
    stage: str
    amount: str | None
    close_date: date | None
    closed: bool
    won: bool
