"""Records that are perhaps one account because of their names. Pure; it only ever asks, a person decides.

The domain beats the name: Records with different domains are never proposed, whatever they are called, so one of a
pair has none. Names that name nobody (``n/a``, ``test``, ``self-employed``) are passed over.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field

from rapidfuzz import fuzz

from mappings.names import normal_name
from sync.match import Ambiguous
from sync.records import Record

#: Of 100: two names that are less alike are two companies.
ALIKE = 92.0
#: Shorter names are alike by chance; they must be equal.
_SHORT = 6
#: Names are compared within those that begin alike; where these are more, only equal ones are met.
_CROWD = 2_000
_BLOCK = 3

_JUNK = frozenset(
    normal_name(name)
    for name in (
        "n/a, na, none, null, nil, unknown, unbekannt, inconnu, undefined, no name, noname, no company, not available, "
        "not applicable, not provided, tbd, tba, xxx, xx, x, asdf, qwerty, abc, 123, test, testing, tests, "
        "test account, test company, test test, demo, demo account, sample, example, dummy, temp, company, "
        "my company, the company, "
        "business, home, personal, private, privat, individual, self, self employed, self-employed, selfemployed, "
        "selbständig, freelance, freelancer, freelancing, consultant, independent, independent consultant, retired, "
        "student, unemployed, between jobs, stealth, stealth startup, confidential, various, other, misc, do not use, "
        "duplicate, delete, to delete, new account, new company"
    ).split(", ")
)

_Key = tuple[str, str]


def likeness(one: str | None, other: str | None) -> float:
    """How alike two companies' names are, 0 to 100; legal forms, accents and punctuation aside."""
    first, second = normal_name(one), normal_name(other)
    return float(fuzz.ratio(first, second)) if first and second else 0.0


def tells(name: str | None) -> str:
    """The name in its normal form; empty where it names nobody."""
    plain = normal_name(name)
    return "" if plain in _JUNK or len(plain.replace(" ", "")) < 2 else plain


def namesakes(
    new: Iterable[Record], known: Iterable[Record], apart: Collection[frozenset[_Key]] = ()
) -> list[Ambiguous]:
    """Groups of Records whose names are alike, each with at least one of ``new``.

    ``known``: whatever a new Record may be matched with, itself included or not. ``apart``: pairs that a person keeps
    apart.
    """
    desk = _Names()
    for record in new:
        desk.add(record)
    groups = _Groups()
    for record in known:
        for other in desk.alike(record):
            pair = frozenset({(record.system, record.id), (other.system, other.id)})
            if other.system != record.system and not (record.domain and other.domain) and pair not in apart:
                groups.join(record, other)
    return list(groups.told())


@dataclass(slots=True)
class _Names:
    """New Records by their names."""

    equal: dict[str, list[Record]] = field(default_factory=lambda: defaultdict(list))
    blocks: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))

    def add(self, record: Record) -> None:
        name = tells(record.name)
        if name:
            if name not in self.equal:
                self.blocks[name[:_BLOCK]].append(name)
            self.equal[name].append(record)

    def alike(self, record: Record) -> Iterator[Record]:
        name = tells(record.name)
        if not name:
            return
        yield from self.equal.get(name, ())
        block = self.blocks.get(name[:_BLOCK], ())
        if len(name) < _SHORT or len(block) > _CROWD:
            return
        for other in block:
            if other != name and fuzz.ratio(name, other, score_cutoff=ALIKE) >= ALIKE:
                yield from self.equal[other]


@dataclass(slots=True)
class _Groups:
    records: dict[_Key, Record] = field(default_factory=dict)
    parent: dict[_Key, _Key] = field(default_factory=dict)

    def join(self, one: Record, other: Record) -> None:
        for record in (one, other):
            self.records.setdefault((record.system, record.id), record)
            self.parent.setdefault((record.system, record.id), (record.system, record.id))
        self.parent[self._root((one.system, one.id))] = self._root((other.system, other.id))

    def told(self) -> Iterator[Ambiguous]:
        members: dict[_Key, list[_Key]] = defaultdict(list)
        for key in sorted(self.records):
            members[self._root(key)].append(key)
        for keys in sorted(members.values()):
            records = tuple(self.records[key] for key in keys)
            score = min(likeness(records[0].name, record.name) for record in records[1:])
            said = "the same name" if score == 100 else f"names {score:.0f}% alike"
            yield Ambiguous(
                key="name " + " ".join(":".join(key) for key in keys),
                records=records,
                reason=f"{said}, and no common domain",
                kind="name",
            )

    def _root(self, key: _Key) -> _Key:
        while self.parent[key] != key:
            self.parent[key] = key = self.parent[self.parent[key]]
        return key
