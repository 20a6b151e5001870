"""What the engine knows: Records, Links, and the facts it keeps about each.

A canonical value is a text or None (blank); equal meaning is equal text (decision record 0002).
"""

from __future__ import annotations

import hashlib
from base64 import b32encode
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple, NewType, Protocol, TypeVar

#: A canonical value; None is blank.
Value = str | None

#: A blank, and how a checkbox shows it.
EMPTY = (None, "false")

#: The name that the configuration gives a System.
SystemName = NewType("SystemName", str)
#: The id that a CRM gave a record.
NativeId = NewType("NativeId", str)
#: The id of a Link; it stands in the CRMs, too.
LinkId = NewType("LinkId", str)
#: The address of a record's page, for people; None where nothing tells it.
PageOf = Callable[[SystemName, NativeId], str | None]


class RecordKey(NamedTuple):
    """Which Record it is among those of all Systems."""

    system: SystemName
    id: NativeId


class RecordField(NamedTuple):
    """Which canonical field of which Record."""

    system: SystemName
    id: NativeId
    field: str


class LinkedField(NamedTuple):
    """Which canonical field of which account."""

    link_id: LinkId
    field: str


class LinkSide(NamedTuple):
    """One account in one System, whether it has a Record there or not."""

    link_id: LinkId
    system: SystemName


class LinkSideField(NamedTuple):
    """Which canonical field of which account in which System."""

    link_id: LinkId
    system: SystemName
    field: str


class LinkSideValue(NamedTuple):
    """A value that such a field holds, or held."""

    link_id: LinkId
    system: SystemName
    field: str
    value: Value


class _OfASystem(Protocol):
    @property
    def system(self) -> SystemName: ...


_T = TypeVar("_T", bound=_OfASystem)


def by_system(items: Iterable[_T]) -> dict[SystemName, list[_T]]:
    """What is of one System together, in the order given."""
    grouped: dict[SystemName, list[_T]] = {}
    for item in items:
        grouped.setdefault(item.system, []).append(item)
    return grouped


def ids_by_system(keys: Iterable[RecordKey]) -> dict[SystemName, list[NativeId]]:
    """Native ids of these Records under their Systems, for questions that are asked of one System at a time."""
    return {system: [key.id for key in listed] for system, listed in by_system(keys).items()}


#: The reserved canonical field that holds the Link's id in each System's unique external id field.
TANDEM_ID = "tandem_id"
#: The canonical field that every mapping has for who looks after an account.
OWNER = "owner"


class RecordState(StrEnum):
    """Whether a Record still stands in its System."""

    PRESENT = "present"
    #: The CRM says that it was deleted (archived).
    DELETED = "deleted"
    #: Merged into another record of the same System.
    MERGED = "merged"
    #: Neither found nor deleted: the connected user may no longer see it.
    INVISIBLE = "invisible"


class Evidence(StrEnum):
    """By what it is known when a value was edited, as people are told."""

    #: The CRM's own history of the field.
    FIELD_HISTORY = "field history"
    #: A history in which no edit of it stands: the value is older than the record's stamp, or than the history.
    NO_EDIT_KNOWN = "a history that knows no edit of it"
    #: Tandem's own writing of the value: somebody had edited it before, and nobody knows when.
    CARRIED = "Tandem's own writing of it"
    #: The stamp of the version in which the value was first seen; an edit of another field moves it, too.
    STAMP = "the record's stamp"


@dataclass(frozen=True, slots=True, kw_only=True)
class Edited:
    """When a value was edited, and by whom, as far as known."""

    at: datetime | None
    #: Native id of a user; an app, or what works by itself, in words.
    by: str | None = None
    evidence: Evidence = Evidence.STAMP

    @property
    def or_earlier(self) -> bool:
        """Is ``at`` only the latest moment at which it can have been?"""
        return self.evidence in {Evidence.NO_EDIT_KNOWN, Evidence.CARRIED}


@dataclass(frozen=True, slots=True, kw_only=True)
class Covered:
    """A person's edit that Tandem wrote over, because it came between reading and writing."""

    value: Value
    #: What the person replaced; it is what our write meant to replace.
    instead_of: Value
    at: datetime
    #: Native id of the person, else an app or what works by itself, in words; None where unknown.
    by: str | None = None
    #: Other Systems that the same Run gave the value to which covered it.
    copies: tuple[str, ...] = ()
    #: An undo covered it: what that wrote had come from no other System.
    undo: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One account in one System, as last read and as last settled."""

    system: SystemName
    id: NativeId
    link_id: LinkId | None = None
    name: str | None = None
    #: Registrable domain derived from the website, None where there is none that identifies a company.
    domain: str | None = None
    #: Further domains that its fields name and that identify a company.
    more_domains: tuple[str, ...] = ()
    #: Addresses under them that say more than the domain, as host and path (``amazon.com/wholefoods``).
    sites: tuple[str, ...] = ()
    #: What stands in the System's external id field.
    tandem_id: str | None = None
    #: Canonical values as last read or as last written by us.
    current: Mapping[str, Value] = field(default_factory=dict)
    #: Canonical values as last settled. A field that is missing here has never been settled (no Base exists).
    observed: Mapping[str, Value] = field(default_factory=dict)
    #: Fields whose native value has no canonical meaning, with the reason in words.
    unreadable: Mapping[str, str] = field(default_factory=dict)
    #: Values written by us that were not read back yet, or that other Systems have not taken over yet.
    echo: Mapping[str, Value] = field(default_factory=dict)
    #: Edits that stand there no longer, because we wrote over them unseen, until they are decided.
    covered: Mapping[str, Covered] = field(default_factory=dict)
    #: The CRM's modification stamp of the version in ``current``.
    stamp: datetime | None = None
    #: A read with an older stamp than this is stale (it does not know our own last write).
    not_before: datetime | None = None
    #: Native id of the last writer, where known.
    modified_by: str | None = None
    state: RecordState = RecordState.PRESENT

    @property
    def key(self) -> RecordKey:
        """Which Record it is among those of all Systems."""
        return RecordKey(self.system, self.id)

    @property
    def domains(self) -> tuple[str, ...]:
        """All domains that identify it, the first one first."""
        return (*(() if self.domain is None else (self.domain,)), *self.more_domains)

    @property
    def settled(self) -> bool:
        """True where nothing about this Record waits for a decision."""
        return not self.unreadable and not self.covered and self.current == self.observed


@dataclass(frozen=True, slots=True)
class Base:
    """The value on which all Systems last agreed, which may be a blank. Where they never did, there is none."""

    value: Value


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """Which native ids in which Systems are one account."""

    id: LinkId
    #: A name for people, from one of the Records.
    label: str
    domain: str | None
    #: Why these Records are one account, in words (``same domain acme.com``).
    evidence: str
    #: Values that all Systems last agreed on; a field that is missing here has no Base yet.
    base: Mapping[str, Value] = field(default_factory=dict)
    #: True once the Link stands in the ledger; False for a proposal of this Plan.
    stored: bool = False

    def base_of(self, field: str) -> Base | None:
        """The Base of a canonical field."""
        return Base(self.base[field]) if field in self.base else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """A Link with its Records, by System: the unit that is diffed."""

    link: Link
    records: Mapping[SystemName, Record]


#: An id of 18 characters without its last three, which only repeat its upper and lower case: what a CRM with such ids
#: shows in addresses and reports.
SHORT_ID = 15


def names_id(text: str, native_id: NativeId) -> bool:
    """Does a person mean this native id, whole or in its short form?"""
    return with_its_case(text) == native_id or (
        len(text) == SHORT_ID and len(native_id) == SHORT_ID + 3 and native_id.startswith(text)
    )


#: Each stands for the capitals among five characters of a short id, the lowest bit for the first of them.
_CAPITALS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"


def with_its_case(id: str) -> str:
    """An id of 18 characters with the capitals that its last three tell of, whatever became of them on the way; any
    other text as it is. Of a short id nothing tells which letters were capitals."""
    if len(id) != SHORT_ID + 3 or not (id.isascii() and id.isalnum()):
        return id
    marks = [_CAPITALS.find(mark) for mark in id[SHORT_ID:].upper()]
    if min(marks) < 0:
        return id
    capital = [bool(bits >> place & 1) for bits in marks for place in range(SHORT_ID // 3)]
    short = "".join(
        letter.upper() if is_capital else letter.lower()
        for letter, is_capital in zip(id[:SHORT_ID], capital, strict=True)
    )
    # A digit has no capital: then this is an id of another kind.
    if any(is_capital and not letter.isalpha() for letter, is_capital in zip(short, capital, strict=True)):
        return id
    return short + id[SHORT_ID:].upper()


def link_id(system: SystemName, native_id: NativeId) -> LinkId:
    """The id of the Link that begins with this record.

    Derived, not drawn: a Plan computed twice, or on a lost ledger, names the same account the same way, so that
    a create repeated after a crash meets the record that it made the first time.
    """
    digest = hashlib.sha256(f"{system}\0{native_id}".encode()).digest()
    return LinkId("tdm" + b32encode(digest[:15]).decode().lower())
