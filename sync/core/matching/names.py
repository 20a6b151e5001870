"""Records that are perhaps one account because of their names. Pure; it only ever asks, a person decides.

The domain beats the name: Records with different domains are never proposed, whatever they are called, so one of a
pair has none. Names that name nobody (``n/a``, ``test``, ``self-employed``) are passed over.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from rapidfuzz import fuzz

from mappings.identity.names import core_name, normal_name, solid, tells
from sync.core.matching.match import NOBODY, Ambiguous, Apart
from sync.model.records import Record, RecordKey

#: Of 100: two names that are less alike are two companies.
ALIKE = 92.0
#: Shorter names are alike by chance; they must be equal.
_SHORT = 6
#: Names are compared within those that begin alike; where these are more, only equal ones are met.
_CROWD = 2_000
_BLOCK = 3
#: How alike two names are of which one has words behind it that people leave out.
_NEARLY = 95.0

_Key = RecordKey


def likeness(one: str | None, other: str | None) -> float:
    """How alike two companies' names are, 0 to 100; legal forms, accents and punctuation aside."""
    first, second = normal_name(one), normal_name(other)
    if not first or not second:
        return 0.0
    if solid(first) == solid(second):
        return 100.0
    ratio = float(fuzz.ratio(first, second))
    return max(ratio, _NEARLY) if _is_longer(first, second) or _is_longer(second, first) else ratio


def _is_longer(name: str, other: str) -> bool:
    """Is it the other name with words behind it that people leave out: ``altria group`` beside ``altria``?"""
    return name != other and core_name(name) == other


def namesakes(new: Iterable[Record], known: Iterable[Record], apart: Apart = NOBODY) -> list[Ambiguous]:
    """Groups of Records whose names are alike, each with at least one of ``new``.

    ``known``: whatever a new Record may be matched with, itself included or not. ``apart``: whom a person keeps apart.
    """
    desk = _Names()
    for record in new:
        desk.add(record)
    groups = _Groups()
    for record in known:
        for other in desk.alike(record):
            parted = (other.system, other.id) in apart.get((record.system, record.id), ())
            if other.system != record.system and not (record.domain and other.domain) and not parted:
                groups.join(record, other)
    return list(groups.told())


@dataclass(slots=True)
class _Names:
    """New Records by their names, without spaces."""

    equal: dict[str, list[Record]] = field(default_factory=lambda: defaultdict(list))
    #: The same by what is left without words that people leave out.
    longer: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    blocks: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))

    def add(self, record: Record) -> None:
        name = tells(record.name)
        if name:
            whole = solid(name)
            if whole not in self.equal:
                self.blocks[whole[:_BLOCK]].append(whole)
            self.equal[whole].append(record)
            core = solid(core_name(name))
            if core != whole:
                self.longer[core].add(whole)

    def alike(self, record: Record) -> Iterator[Record]:
        name = tells(record.name)
        if not name:
            return
        for whole in self._alike(name):
            yield from self.equal.get(whole, ())

    def _alike(self, name: str) -> set[str]:
        whole, core = solid(name), core_name(name)
        found = {whole, *self.longer.get(whole, ())}
        if core != name and tells(core):
            found.add(solid(core))
        block = self.blocks.get(whole[:_BLOCK], ())
        if len(whole) >= _SHORT and len(block) <= _CROWD:
            found.update(other for other in block if fuzz.ratio(whole, other, score_cutoff=ALIKE) >= ALIKE)
        return found


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
