"""Conflicts: what the Systems disagree about, what each rule would do, and how a person's decision is read."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from mappings.fields import CanonicalField, OnConflict, OnConflictKind, SyncRule
from sync.core.diff import Side, Why, decide
from sync.model.records import Base, Evidence, LinkId, Value


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What one System holds in a Conflict, and what is known of the edit."""

    value: Value
    observed: Value
    at: datetime | None = None
    by: str | None = None
    #: By what ``at`` is known.
    evidence: Evidence = Evidence.STAMP


@dataclass(frozen=True, slots=True, kw_only=True)
class Conflict:
    """Systems left the Base differently, or met with different values, and the rule cannot decide."""

    link_id: LinkId
    label: str
    field: str
    why: Why
    #: None where they never agreed.
    base: Base | None
    sides: Mapping[str, Seen]
    #: What each rule would make of it: the name of the rule -> the value; a rule that cannot tell is missing.
    proposals: Mapping[str, Value] = dataclasses.field(default_factory=dict)
    #: The ledger's number, once it is recorded.
    id: int | None = None

    @property
    def reason(self) -> str:
        """The reason as a sentence without a full stop."""
        return SENTENCES[self.why]


SENTENCES: Mapping[Why, str] = {
    Why.BOTH_EDITED: "edited differently since they last agreed",
    Why.FIRST_MEETING: "different values when the records met",
    Why.UNDECIDABLE: "edited differently, and the rule cannot tell which wins",
    Why.FLIP_FLOP: "went back and forth within a day, so two writers fight over it",
}


def proposals(spec: CanonicalField, sides: Mapping[str, Side], base: Base | None) -> dict[str, Value]:
    """What each rule that could be chosen would decide."""
    candidates = {name: OnConflict(kind=OnConflictKind.SYSTEM, system=name) for name in sides}
    candidates["newest"] = OnConflict(kind=OnConflictKind.NEWEST)
    if spec.ladder:
        candidates["furthest"] = OnConflict(kind=OnConflictKind.FURTHEST)
    proposed: dict[str, Value] = {}
    for name, on_conflict in candidates.items():
        rule = SyncRule(on_conflict=on_conflict)
        decision = decide(replace(spec, rule=rule), sides, base=base)
        if not decision.is_conflict:
            proposed[name] = decision.value
    return proposed
