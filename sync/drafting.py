"""What planning needs to know beside the accounts, and what it has found."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field

from mappings.fields import CanonicalField
from sync.conflicts import Conflict
from sync.diff import Verdict
from sync.plan import Agreement, Change, Closure, Create, Hold
from sync.records import Account, Edited, Record, Value
from sync.spelling import Spelling


def by_stamp(record: Record, _field: str) -> Edited:
    """What is known of an edit as long as nobody has asked a history."""
    return Edited(at=record.stamp, by=record.modified_by)


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What planning needs to know beside the account itself."""

    fields: Mapping[str, CanonicalField]
    spellings: Mapping[str, Spelling]
    #: Systems in which a missing record is created; empty where the scope forbids it.
    creates_in: frozenset[str] = frozenset()
    #: Are records marked with their Link's id?
    marks: bool = True
    #: Is the account one that may be created where it is missing (still in scope)?
    may_create: Callable[[Account], bool] = lambda _account: True
    #: (Link, System) -> native id of a record there that carries this Link's id although it belongs to another account,
    #: or to none. To create the account there would write over that record.
    marked: Mapping[tuple[str, str], str] = field(default_factory=dict)
    #: Fields that some System no longer shows: they are left alone everywhere until it does.
    lost: frozenset[str] = frozenset()
    #: Fields that went back and forth, as (Link, field): only a person writes them.
    parked: frozenset[tuple[str, str]] = frozenset()
    #: Computed values that somebody keeps putting back, as (Link, System, field, value): they are left as they stand.
    put_back: frozenset[tuple[str, str, str, Value]] = frozenset()
    #: Computed scores by Link: canonical field -> value.
    pushed: Callable[[str], Mapping[str, Value]] = lambda _link_id: {}
    #: Decisions of people by (Link, field).
    verdicts: Mapping[tuple[str, str], Verdict] = field(default_factory=dict)
    #: When a field of a Record was edited, and by whom.
    edited: Callable[[Record, str], Edited] = by_stamp
    #: Names of native user ids, for people: (system, id) -> name.
    who: Callable[[str, str | None], str | None] = lambda _system, _id: None


@dataclass(slots=True)
class Draft:
    """What planning has found so far."""

    changes: list[Change] = field(default_factory=list)
    creates: list[Create] = field(default_factory=list)
    conflicts: list[Conflict] = field(default_factory=list)
    held: list[Hold] = field(default_factory=list)
    closures: list[Closure] = field(default_factory=list)
    agreements: list[Agreement] = field(default_factory=list)
    #: Fields, as (Link, field), whose Systems say different things, so that it matters who spoke last.
    contested: list[tuple[str, str]] = field(default_factory=list)

    def without(self, links: Collection[str]) -> Draft:
        """What was found of other Links."""
        return Draft(
            changes=[item for item in self.changes if item.link_id not in links],
            creates=[item for item in self.creates if item.link_id not in links],
            conflicts=[item for item in self.conflicts if item.link_id not in links],
            held=[item for item in self.held if item.link_id not in links],
            closures=[item for item in self.closures if item.link_id not in links],
            agreements=[item for item in self.agreements if item.link_id not in links],
            contested=[item for item in self.contested if item[0] not in links],
        )

    def extend(self, other: Draft) -> None:
        """Add what another draft has found."""
        for name in Draft.__slots__:
            getattr(self, name).extend(getattr(other, name))
