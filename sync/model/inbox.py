"""What waits for a person or for a later Run: Conflicts, holds, matches, Links to be named."""

from __future__ import annotations

import dataclasses
import hashlib
from base64 import b32encode
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sync.model.records import Base, Evidence, Link, LinkId, RecordKey, SystemName, Value


class ConflictState(StrEnum):
    """Where a Conflict stands."""

    OPEN = "open"
    #: A person decided, and the decision waits to be carried out.
    DECIDED = "decided"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True, kw_only=True)
class ConflictSide:
    """What one System says."""

    value: Value
    #: When it was edited there, as far as known, and by whom.
    at: datetime | None = None
    by: str | None = None
    #: By what that is known.
    evidence: Evidence = Evidence.STAMP


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A Conflict as a Plan found it."""

    link_id: LinkId
    field: str
    #: Why no rule decided, in words.
    reason: str
    #: None where the field never had one.
    base: Base | None = None
    #: By System.
    sides: Mapping[str, ConflictSide]
    #: What each rule that could be chosen would make of it: name of the rule -> value.
    proposals: Mapping[str, Value] = dataclasses.field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredConflict:
    """A Conflict as it stands in the ledger."""

    #: What people type: ``tandem conflicts resolve 12``.
    id: int
    finding: Finding
    state: ConflictState
    #: The value that a person decided for; only meaningful where ``decided_by`` is set, since None is blank.
    decision: Value
    decided_by: str | None
    decided_at: datetime | None
    note: str | None
    opened_run: str | None
    opened_at: datetime
    closed_at: datetime | None
    close_reason: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldReason:
    """What was refused just now."""

    link_id: LinkId
    system: SystemName
    #: Empty where the whole Record is held.
    field: str = ""
    #: The CRM's own code, or ours.
    code: str
    message: str
    remedy: str | None = None
    #: Of what was refused: with other values it is another matter, and its tries are counted anew.
    digest: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """What is held, since when, and when it is due again."""

    hold: HoldReason
    #: Refusals in a row.
    attempts: int
    first_at: datetime
    last_at: datetime
    next_try_at: datetime

    def waits(self, now: datetime) -> bool:
        """Is it too early to try again? A refusal of the future was noted by a clock that was ahead, and its pause
        means nothing."""
        return self.last_at <= now < self.next_try_at


#: The kind of a question about two Records of one System.
DUPLICATE = "duplicate"
#: The kind of what a merge of two accounts has left behind in another System.
MERGED = "merged"


class MatchState(StrEnum):
    """What a person said about it."""

    OPEN = "open"
    #: It is asked when another question about one of the two is answered.
    WAITING = "waiting"
    ACCEPTED = "accepted"
    REJECTED = "rejected"


def match_key(members: Iterable[RecordKey]) -> str:
    """What the question about these two Records is called, whoever asks it and whenever."""
    parts = "\0".join(part for member in sorted(members) for part in member)
    return "m" + b32encode(hashlib.sha256(parts.encode()).digest())[:12].decode().lower()


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """Two Records that may be one account."""

    #: Why it could not be decided: ``duplicate``, ``name``, ``merged`` …
    kind: str
    #: (System, native id), sorted.
    members: tuple[RecordKey, RecordKey]
    #: In words.
    evidence: str
    #: How much speaks for it, 0 to 1; None where nothing was weighed.
    score: float | None = None
    #: Another question about one of the two is to be answered first.
    waits: bool = False

    @property
    def key(self) -> str:
        """Names the question, so that it is asked once."""
        return match_key(self.members)


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredMatch:
    """A Match as it stands in the ledger."""

    #: What people type: ``tandem matches accept 7``.
    id: int
    match: Match
    state: MatchState
    opened_at: datetime
    decided_by: str | None
    decided_at: datetime | None
    note: str | None
    #: Which of them a person leaves alone: matched with nobody, and created nowhere else.
    left_alone: tuple[RecordKey, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredLink:
    """A Link as it stands in the ledger, open or closed."""

    link: Link
    opened_at: datetime
    closed_at: datetime | None
    close_reason: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class MovedLink:
    """What became of a Link when a Record of it was merged away."""

    #: The Link of the Record that was merged away; None where it had none.
    link_id: LinkId | None
    #: The Link of the survivor now.
    survivor_link_id: LinkId | None

    @property
    def left_behind(self) -> bool:
        """True where the survivor had a Link of its own: two Links are one account now, and one lost its Record."""
        return self.link_id is not None and self.link_id != self.survivor_link_id
