"""Records that are perhaps one account because of their names. Pure; it only ever asks, a person decides.

The domain beats the name: Records with different domains are never proposed, whatever they are called, so one of a
pair has none. Names that name nobody (``n/a``, ``test``, ``self-employed``) are passed over.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from rapidfuzz import fuzz

from mappings.identity.names import (
    core_name,
    normal_name,
    numbers,
    solid,
    spellings,
    tells,
    without_leading_form,
)
from sync.core.matching.fit import fit_of_names
from sync.core.matching.match import NOBODY, Ambiguous, Apart
from sync.model.records import Record, RecordKey

#: Of 100: two names that are less alike are two companies.
ALIKE = 92.0
#: Shorter names are alike by chance; they must be equal.
_SHORT = 6
#: Names are compared within those that begin alike; where these are more, only equal ones are met.
_CROWD = 2_000
_BLOCK = 3
#: From this fit on two names differ in how they are written only.
_THE_SAME = 0.95

_Key = RecordKey


def likeness(one: str | None, other: str | None) -> float:
    """How alike two companies' names are as they stand, 0 to 100; spelling, legal forms and the order of words aside.

    Words that are left out count as letters that are missing, so that the nearest of several names comes first.
    """
    fit = fit_of_names(one, other)
    if fit.score >= _THE_SAME or fit.score == 0:
        return 100 * fit.score
    return float(fuzz.ratio(normal_name(one), normal_name(other)))


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
    #: The same by what a name comes to where words are left out, or stand in another order.
    looser: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    blocks: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))

    def add(self, record: Record) -> None:
        if not tells(record.name):
            return
        for name in spellings(record.name):
            whole = solid(name)
            if whole not in self.equal:
                self.blocks[whole[:_BLOCK]].append(whole)
            self.equal[whole].append(record)
            for loose in _looser(name):
                self.looser[loose].add(whole)

    def alike(self, record: Record) -> Iterator[Record]:
        if not tells(record.name):
            return
        found = {whole for name in spellings(record.name) for whole in self._alike(name)}
        yield from {
            (other.system, other.id): other for whole in found for other in self.equal[whole]
        }.values()

    def _alike(self, name: str) -> set[str]:
        whole = solid(name)
        found = {whole, *self.looser.get(whole, ())}
        for loose in _looser(name):
            found |= {loose, *self.looser.get(loose, ())} if " " in loose else {loose}
        block = self.blocks.get(whole[:_BLOCK], ())
        if len(whole) >= _SHORT and len(block) <= _CROWD:
            mine = numbers(whole)
            found.update(
                other
                for other in block
                if fuzz.ratio(whole, other, score_cutoff=ALIKE) >= ALIKE and numbers(other) == mine
            )
        return {whole for whole in found if whole in self.equal}


def _looser(name: str) -> Iterator[str]:
    """What a name comes to without the words that people leave out, and in any order of its words (with spaces)."""
    for shorter in (core_name(name), without_leading_form(name)):
        if shorter != name and tells(shorter):
            yield solid(shorter)
    words = name.split()
    if len(words) > 1:
        yield " ".join(sorted(words))


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
