"""What planning needs to know beside the accounts, and what it has found."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from mappings.fields import CanonicalField
from sync.core.conflicts import Conflict
from sync.core.diff import Verdict
from sync.core.hold import Hold
from sync.core.plan import Agreement, Change, Closure, Create
from sync.model.records import (
    Account,
    Edited,
    LinkedField,
    LinkId,
    LinkSide,
    LinkSideField,
    LinkSideValue,
    Record,
    RecordField,
    SystemName,
    Value,
)
from sync.model.spelling import Spelling

#: What is known of edits.
EditTimes = Mapping[RecordField, Edited]


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What planning needs to know beside the account itself."""

    fields: Mapping[str, CanonicalField]
    spellings: Mapping[str, Spelling]
    #: Systems in which a missing record is created; empty where the scope forbids it.
    creates_in: frozenset[SystemName] = frozenset()
    #: Are records marked with their Link's id?
    marks: bool = True
    #: Is the account one that may be created where it is missing (still in scope)?
    may_create: Callable[[Account], bool] = lambda _account: True
    #: Native id of a record there that carries this Link's id although it belongs to another account,
    #: or to none. To create the account there would write over that record.
    marked: Mapping[LinkSide, str] = field(default_factory=dict)
    #: Fields that some System no longer shows: they are left alone everywhere until it does.
    lost: frozenset[str] = frozenset()
    #: Fields that went back and forth, as (Link, field): only a person writes them.
    parked: frozenset[LinkedField] = frozenset()
    #: Computed values that somebody keeps putting back, as (Link, System, field, value): they are left as they stand.
    put_back: frozenset[LinkSideValue] = frozenset()
    #: Computed scores by Link: canonical field -> value.
    pushed: Callable[[LinkId], Mapping[str, Value]] = lambda _link_id: {}
    #: Decisions of people by (Link, field).
    verdicts: Mapping[LinkedField, Verdict] = field(default_factory=dict)
    #: What was found out about edits; of all others the Record's stamp has to do.
    times: EditTimes = field(default_factory=dict)
    #: Names of native user ids, for people: (system, id) -> name.
    who: Callable[[SystemName, str | None], str | None] = lambda _system, _id: None

    def edited(self, record: Record, name: str) -> Edited:
        """When a field of a Record was edited, and by whom, as far as known."""
        known = self.times.get(RecordField(record.system, record.id, name))
        return known or Edited(at=record.stamp, by=record.modified_by)


@dataclass(slots=True)
class Draft:
    """What planning has found so far."""

    changes: list[Change] = field(default_factory=list)
    creates: list[Create] = field(default_factory=list)
    conflicts: list[Conflict] = field(default_factory=list)
    held: list[Hold] = field(default_factory=list)
    closures: list[Closure] = field(default_factory=list)
    agreements: list[Agreement] = field(default_factory=list)


def drop(draft: Draft, keys: set[LinkSideField]) -> None:
    """Take Changes, given as (Link, System, field), out of a draft, and with them what hangs on them."""
    rows_left_out = {(link_id, system) for link_id, system, _ in keys}
    draft.changes = [change for change in draft.changes if change.key not in keys]
    kept = {change.side for change in draft.changes}
    draft.creates = [
        create for create in draft.creates if create.side not in rows_left_out or create.side in kept
    ]
    # An Agreement that still writes somewhere is settled as far as it goes.
    draft.agreements = [
        agreement
        for agreement in draft.agreements
        if not agreement.after
        or any((agreement.link_id, system, agreement.field) not in keys for system in agreement.after)
    ]
