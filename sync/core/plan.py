"""The Plan: ordered, immutable, fingerprinted Changes and Conflicts, with their price; as data and as JSON."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, ClassVar, Protocol

from sync.core.conflicts import Conflict
from sync.core.diff import Why
from sync.core.hold import Hold
from sync.core.matching.match import Proposal
from sync.core.matching.question import MatchQuestion
from sync.model.records import (
    TANDEM_ID,
    Account,
    Base,
    LinkId,
    LinkSide,
    LinkSideField,
    NativeId,
    RecordKey,
    SystemName,
    Value,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One field write meant for one System."""

    __pydantic_config__: ClassVar[dict[str, str]] = {"extra": "forbid"}

    link_id: LinkId
    #: The account's name, for people.
    label: str
    system: SystemName
    #: Native id; None where the record is to be created.
    record_id: NativeId | None
    field: str
    #: The value that stands there now and that this Change replaces; another value there makes it stale.
    #: None for a record that is to be created.
    expected: Value
    value: Value
    why: Why
    #: Systems whose value decided.
    led_by: tuple[str, ...] = ()
    #: By what the rule knew which edit was the newest; empty where it did not ask.
    evidence: str = ""
    #: This System's own value that the rule puts aside with this Change; it is ``expected``.
    overrules: bool = False
    #: Nobody ever gave a value here; ``expected`` is a blank, or this System's way to show one.
    fills: bool = False
    #: The rule in force, as it is written in the mapping.
    rule: str = ""

    @property
    def side(self) -> LinkSide:
        """Whose row it goes into."""
        return LinkSide(self.link_id, self.system)

    @property
    def key(self) -> LinkSideField:
        """The field that it is for; a Plan holds one Change for each."""
        return LinkSideField(self.link_id, self.system, self.field)

    @property
    def sort_key(self) -> tuple[str, str, str, str]:
        return (self.label.casefold(), self.link_id, self.field, self.system)

    @property
    def reason(self) -> str:
        """Why, in a few words for people."""
        others = " and ".join(self.led_by)
        blank = "blank here, " if self.expected is None or self.fills else ""
        sentence = {
            Why.EDITED: f"edited in {others}" if others else "the edit was taken back",
            Why.AGREED: f"same edit in {others}",
            Why.FILLED: f"{blank}filled from {others or 'the Base'}",
            Why.LEADS: f"{others} leads",
            Why.NEWEST: f"newest edit is {others}'s" + (f" ({self.evidence})" if self.evidence else ""),
            Why.FURTHEST: f"furthest stage is {others}'s",
            Why.PREFERRED: f"the rule prefers {others}",
            Why.PUSHED: "marks the Link" if self.field == TANDEM_ID else "computed score",
            Why.DECIDED: "decided by a person",
            Why.UNDONE: f"put back: {self.rule}",
        }[self.why]
        return f"{sentence}; the value here is overruled" if self.overrules else sentence


@dataclass(frozen=True, slots=True, kw_only=True)
class Create:
    """A record that a System lacks; its field values are Changes without a record id."""

    __pydantic_config__: ClassVar[dict[str, str]] = {"extra": "forbid"}

    link_id: LinkId
    label: str
    system: SystemName
    name: str
    domain: str | None

    @property
    def side(self) -> LinkSide:
        """Whose record it makes."""
        return LinkSide(self.link_id, self.system)

    @property
    def sort_key(self) -> tuple[str, str, str]:
        return (self.label.casefold(), self.link_id, self.system)


@dataclass(frozen=True, slots=True, kw_only=True)
class Closure:
    """A Link that ends because one of its Records is gone; nothing is deleted anywhere."""

    link_id: LinkId
    label: str
    system: SystemName
    record_id: NativeId
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """What a field's Base and Observed become, once the Systems in ``after`` have confirmed their write.

    A System in ``after`` without a Change cannot take the value; it is held, and so is the field.
    """

    link_id: LinkId
    field: str
    #: None where the Base stays as it is.
    base: Base | None
    observed: Mapping[str, Value]
    after: tuple[str, ...] = ()
    #: The decision, for the history: why, who led, and what was put aside.
    why: Why = Why.QUIET
    led_by: tuple[str, ...] = ()
    overruled: Mapping[str, Value] = dataclasses.field(default_factory=dict)

    def settled(self, confirmed: Mapping[str, Value]) -> Agreement | None:
        """What is settled once these Systems have confirmed; they are given with what stands there now.

        Where all of ``after`` did: Base and every Observed. Where only some did: Observed of the Systems that
        needed no write, so that a later edit there is known to stand on top of the value that is on its way,
        instead of against it; and of those that did, where their own edit was put aside, that edit: it is what stood
        there before our copy. Where none did: nothing, and the edit waits as it stands.
        """
        missing = [system for system in self.after if system not in confirmed]
        if missing and len(missing) == len(self.after):
            return None
        if missing:
            unwritten = {name: value for name, value in self.observed.items() if name not in self.after}
            replaced = {name: value for name, value in self.overruled.items() if name in confirmed}
            return dataclasses.replace(self, base=None, observed=unwritten | replaced)
        stands = {name: confirmed.get(name, value) for name, value in self.observed.items()}
        return dataclasses.replace(self, observed=stands)


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """An account that is created nowhere yet, because it was saved a moment ago: its counterpart may not be shown."""

    label: str
    system: SystemName
    record_id: NativeId
    until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Merge:
    """Two records of a System that people made one of, as the reading for this Plan showed it."""

    #: The account that it concerns.
    link_id: LinkId
    label: str
    system: SystemName
    #: The record that ended, and the one that it is now.
    record_id: NativeId
    survivor: NativeId


@dataclass(frozen=True, slots=True, kw_only=True)
class PromisedLink:
    """A Link that a Plan opens, or that Records join."""

    id: str
    label: str
    evidence: str
    #: The Records that come to it.
    records: tuple[RecordKey, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a Run would do. Changes and creates stand in order, whatever order they are given in."""

    created_at: datetime
    #: System name -> org or portal id that the Plan was made for.
    identities: Mapping[str, str]
    changes: tuple[Change, ...] = ()
    creates: tuple[Create, ...] = ()
    conflicts: tuple[Conflict, ...] = ()
    proposals: tuple[Proposal, ...] = ()
    ambiguous: tuple[MatchQuestion, ...] = ()
    held: tuple[Hold, ...] = ()
    closures: tuple[Closure, ...] = ()
    #: What people merged, and the reading has followed.
    merges: tuple[Merge, ...] = ()
    agreements: tuple[Agreement, ...] = ()
    #: Calls that reading took, by System.
    read_calls: Mapping[str, int] = dataclasses.field(default_factory=dict)
    #: Calls that applying will take, by System.
    price: Mapping[str, int] = dataclasses.field(default_factory=dict)
    #: Open Links in the ledger, for shares.
    linked: int = 0
    #: Records that were looked at, are in no other System and are left as they are.
    alone: int = 0
    #: Accounts that wait for their counterpart.
    waiting: tuple[Waiting, ...] = ()
    #: Accounts of which something was left out on purpose: more was looked at than was meant.
    left_out: int = 0
    #: Accounts that were asked for by name, and that no Run keeps in step.
    out_of_reach: tuple[Account, ...] = ()
    #: Links of which a Record went out of sight since the last Run.
    hidden: int = 0
    #: Linked accounts with a score.
    scored: int = 0
    #: The Run whose overwriting this Plan takes back; None for every other Plan.
    undoes: str | None = None

    def __post_init__(self) -> None:
        # A frozen class has no other way to put its own fields in order.
        object.__setattr__(self, "changes", tuple(sorted(self.changes, key=lambda change: change.sort_key)))
        object.__setattr__(self, "creates", tuple(sorted(self.creates, key=lambda create: create.sort_key)))

    @property
    def asked(self) -> tuple[MatchQuestion, ...]:
        """What a person is asked now: no other question need be answered first."""
        return tuple(question for question in self.ambiguous if not question.waits)

    @property
    def empty(self) -> bool:
        """Nothing to write."""
        return not self.changes and not self.creates

    @property
    def due(self) -> bool:
        """Something to write, or a Link to open or to close."""
        return not self.empty or bool(self.proposals or self.closures)

    @property
    def fingerprint(self) -> str:
        """The same for two Plans that would write the same values over the same values of the same orgs, and open and
        close the same Links."""
        return fingerprint_of(
            self.identities, self.changes, self.creates, self.undoes, self.promised_links, self.closures
        )

    @property
    def promised_links(self) -> tuple[PromisedLink, ...]:
        """The Links that are opened, or that Records join."""
        return tuple(
            PromisedLink(
                id=proposal.link.id,
                label=proposal.link.label,
                evidence=proposal.link.evidence,
                records=tuple(member.key for member in proposal.members),
            )
            for proposal in self.proposals
        )

    def creates_json(self) -> list[dict[str, Any]]:
        return [asdict(create) for create in self.creates]

    def rows(self) -> Counter[str]:
        """Records to be written, by System."""
        touched = {(change.system, change.link_id) for change in self.changes}
        made = {(create.system, create.link_id) for create in self.creates}
        return Counter(system for system, _ in touched | made)


class CallsFor(Protocol):
    """How many calls of a System it takes to write so many rows."""

    def __call__(self, *, creating: int, updating: int) -> int: ...


def price(
    changes: Sequence[Change], creates: Sequence[Create], calls_for: Mapping[str, CallsFor]
) -> dict[str, int]:
    """Calls that applying takes, by System: creates and updates go in calls of their own. ``calls_for``: how many it
    takes to write a number of rows."""
    made = {(create.system, create.link_id) for create in creates}
    touched = {(change.system, change.link_id) for change in changes}
    calls: dict[str, int] = {}
    for system, calls_of in calls_for.items():
        creating = sum(1 for key in made if key[0] == system)
        updating = sum(1 for key in touched - made if key[0] == system)
        calls[system] = calls_of(creating=creating, updating=updating)
    return calls


def fingerprint_of(
    identities: Mapping[str, str],
    changes: Iterable[Change],
    creates: Iterable[Create],
    undoes: str | None,
    links: Iterable[PromisedLink] = (),
    closures: Iterable[Closure] = (),
) -> str:
    """What names everything that would be written."""
    content: list[Any] = [
        dict(identities),
        [change_json(change) for change in changes],
        [asdict(create) for create in creates],
    ]
    if undoes is not None:
        content.append({"undoes": undoes})
    opened = sorted([link.id, sorted(link.records)] for link in links)
    closed = sorted([closure.link_id, closure.system, closure.record_id] for closure in closures)
    if opened or closed:
        content.append({"links": opened, "closures": closed})
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()


def change_json(change: Change) -> dict[str, Any]:
    """A Change as it is saved, and as its fingerprint is made of it."""
    values = asdict(change) | {"why": change.why.value, "led_by": list(change.led_by)}
    if not change.evidence:
        # A Plan that was saved before there was such a thing has the same fingerprint.
        del values["evidence"]
    return values


def digest(changes: Sequence[Change], name: str) -> str:
    """Names what was refused: with other values it is another matter and is tried at once."""
    values = sorted((c.field, c.value or "") for c in changes if name in {"", c.field})
    return hashlib.sha256(repr(values).encode()).hexdigest()[:16]
