"""What was done and seen: Events, Writes and their intents, settlements, Runs."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from connector.errors import Refusal
from sync.model.records import (
    LinkId,
    NativeId,
    SystemName,
    Value,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One fact about one value."""

    #: What happened: ``linked``, ``closed``, ``merged`` (native ids as values), ``edited``, ``unreadable``,
    #: ``respelled``, ``covered``, ``overruled``, ``agreed``, ``undone``, ``unproven`` (it stands as it was written, and
    #: nothing tells that we wrote it).
    kind: str
    link_id: LinkId | None = None
    system: SystemName | None = None
    field: str | None = None
    run_id: str | None = None
    old: Value = None
    new: Value = None
    rule: str | None = None
    #: Who: a CRM's user, a person at the command line, or Tandem.
    by: str | None = None
    note: str | None = None
    #: When; None until it is stored: the ledger's clock then fills it in.
    at: datetime | None = None


class WriteState(StrEnum):
    """What became of a write."""

    #: About to be sent, or sent and the process died before it knew.
    INTENDED = "intended"
    CONFIRMED = "confirmed"
    REFUSED = "refused"
    #: Never sent, or found without effect later, and no longer wanted in this form.
    SUPERSEDED = "superseded"


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldWrite:
    """One field of a write, in canonical values."""

    value: Value
    #: What stood there when it was planned.
    expected: Value = None
    reason: str = ""
    rule: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Intent:
    """One row that is about to be written."""

    link_id: LinkId
    system: SystemName
    #: ``update`` or ``create``.
    kind: str
    #: None for a create.
    native_id: NativeId | None = None
    fields: Mapping[str, FieldWrite]


@dataclass(frozen=True, slots=True, kw_only=True)
class Write:
    """An intent and what became of it."""

    id: int
    run_id: str
    link_id: LinkId
    system: SystemName
    kind: str
    native_id: NativeId | None
    fields: Mapping[str, FieldWrite]
    state: WriteState
    intended_at: datetime
    settled_at: datetime | None
    refusal: Refusal | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Confirmation:
    """What became of one write."""

    write_id: int
    state: WriteState
    #: The native id of a record that was created; None leaves what stands.
    native_id: NativeId | None = None
    refusal: Refusal | None = None
    #: It may have covered somebody's edit; the CRM's history tells, later.
    unchecked: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Settlement:
    """Values that are settled for one Link: what all Systems agree on, and what stands in each of them."""

    link_id: LinkId
    #: Canonical field -> the value that is its Base from now on. Other fields keep theirs.
    base: Mapping[str, Value] = field(default_factory=dict)
    #: System -> canonical field -> the value that is Observed there from now on. Other fields keep theirs; a System
    #: whose Record has left the Link meanwhile is passed over.
    observed: Mapping[str, Mapping[str, Value]] = field(default_factory=dict)
    #: The same for ``current``: what the CRM is known to hold now.
    current: Mapping[str, Mapping[str, Value]] = field(default_factory=dict)
    #: System -> canonical fields whose covered edit is decided by this, and forgotten.
    uncovered: Mapping[str, Collection[str]] = field(default_factory=dict)


#: Run outcome of a Run that did what it set out to do.
OK = "ok"
#: Kind of a Run that took back what another had overwritten (``tandem undo``).
UNDO = "undo"


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One execution."""

    #: Sorts by time and can be typed: ``250131-093000``; a letter follows where a second saw several.
    id: str
    #: ``sync``, ``scores``, ``outcomes`` …
    kind: str
    #: What started it: a person's command, the schedule …
    trigger: str
    started_at: datetime
    #: None while it runs, and for good where it was killed.
    finished_at: datetime | None = None
    #: ``ok``, or why it was not.
    outcome: str | None = None
    counts: Mapping[str, int] = field(default_factory=dict)
    #: API calls, by System.
    calls: Mapping[str, int] = field(default_factory=dict)
    error: str | None = None
