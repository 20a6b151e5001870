"""Which Records matching must look at together.

A Record is *new* here where it is new or changed since matching last looked. New Records belong together where they
share a domain, an external id, or a Link; with them come the Records that share one of these with a new one, and
the Links' other Records, so that matching sees that a System is taken. Every new Record is in exactly one group.
What is not new leads no further: a group does not depend on the page on which it was found.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import BindParameter, Connection, Integer, Select, and_, bindparam, select, tuple_

from sync.ledger.accounts.rows import RECORD, record_of
from sync.ledger.database.tables import further_domains, records
from sync.ledger.database.transactions import CHUNK, Store, chunks
from sync.model.records import NativeId, Record, RecordKey, RecordState, SystemName

#: What a group is known by, so that it is given once: its first domain; without any its first external id; without
#: any its first Record.
_Anchor = tuple[int, str, str]
#: A value that makes Records belong together: ``("domain", "acme.com")`` or ``("link", "tdm…")``.
_Tie = tuple[str, str]

_NEW = records.c.unmatched
_PRESENT = records.c.state == RecordState.PRESENT.value
_DELETED = records.c.state == RecordState.DELETED.value

_MOST: BindParameter[int] = bindparam("most", type_=Integer)
_DOMAINS = (
    select(records.c.domain)
    .where(_NEW, records.c.domain > bindparam("last"))
    .distinct()
    .order_by(records.c.domain)
    .limit(_MOST)
)
_EXTERNAL_IDS = (
    select(records.c.tandem_id)
    .where(_NEW, records.c.domain.is_(None), records.c.tandem_id > bindparam("last"))
    .distinct()
    .order_by(records.c.tandem_id)
    .limit(_MOST)
)
_OTHERS = (
    select(records.c.system, records.c.id)
    .where(
        _NEW,
        records.c.domain.is_(None),
        records.c.tandem_id.is_(None),
        tuple_(records.c.system, records.c.id)
        > tuple_(bindparam("system", type_=records.c.system.type), bindparam("id", type_=records.c.id.type)),
    )
    .order_by(records.c.system, records.c.id)
    .limit(_MOST)
)
_IDS: BindParameter[Any] = bindparam("ids", expanding=True)
#: Present Records by what makes them belong together, and whether they are new.
_BY_DOMAIN, _BY_EXTERNAL_ID, _BY_LINK = (
    select(*RECORD, records.c.unmatched).where(column.in_(_IDS), _PRESENT)
    for column in (records.c.domain, records.c.tandem_id, records.c.link_id)
)
#: Those that name one of the domains beside their first.
_BY_FURTHER_DOMAIN = (
    select(*RECORD, records.c.unmatched)
    .join(
        further_domains,
        and_(further_domains.c.system == records.c.system, further_domains.c.id == records.c.id),
    )
    .where(further_domains.c.domain.in_(_IDS), _PRESENT)
)
_BY_ID = select(*RECORD, records.c.unmatched).where(
    records.c.id.in_(_IDS), _PRESENT, records.c.system == bindparam("system")
)
#: One that we cannot see keeps its place; one that was deleted gives way.
_MATES = select(*RECORD).where(records.c.link_id.in_(_IDS), ~_DELETED)


def groups(store: Store) -> Iterator[list[Record]]:
    """Groups by domain, then by external id, then single Records, read in pages; each sorted by System and id."""
    for page in (_domains, _external_ids, _others):
        last: Sequence[str] = ("", "")
        while True:
            with store.reading() as connection:
                seeds = page(connection, last)
                web = _Web(connection)
                web.reach(seeds)
            if not seeds:
                break
            anchors = {seed.anchor for seed in seeds}
            yield from (members for anchor, members in web.components() if anchor in anchors)
            last = seeds[-1].anchor[1:]


@dataclass(frozen=True, slots=True)
class _Seed:
    anchor: _Anchor
    tie: _Tie | None


def _domains(connection: Connection, last: Sequence[str]) -> list[_Seed]:
    domains = connection.scalars(_DOMAINS, {"last": last[0], "most": CHUNK})
    return [_Seed((0, domain, ""), ("domain", domain)) for domain in domains]


def _external_ids(connection: Connection, last: Sequence[str]) -> list[_Seed]:
    external_ids = connection.scalars(_EXTERNAL_IDS, {"last": last[0], "most": CHUNK})
    return [_Seed((1, key, ""), ("link", key)) for key in external_ids]


def _others(connection: Connection, last: Sequence[str]) -> list[_Seed]:
    rows = connection.execute(_OTHERS, {"system": last[0], "id": last[1], "most": CHUNK})
    return [_Seed((2, row.system, row.id), None) for row in rows]


@dataclass(slots=True)
class _Web:
    """Records around some seeds, and the ties between the new ones."""

    connection: Connection
    new: dict[RecordKey, Record] = field(default_factory=dict)
    known: dict[RecordKey, Record] = field(default_factory=dict)
    #: Records of the Links that were met, by Link.
    mates: dict[str, list[Record]] = field(default_factory=dict)
    parent: dict[_Tie, _Tie] = field(default_factory=dict)

    def reach(self, seeds: Iterable[_Seed]) -> None:
        """Load what belongs together, until nothing new comes."""
        open_ties = {seed.tie for seed in seeds if seed.tie is not None}
        singles: dict[str, list[str]] = {}
        for seed in seeds:
            if seed.tie is None:
                singles.setdefault(seed.anchor[1], []).append(seed.anchor[2])
        for system, ids in singles.items():
            self._load(_BY_ID, ids, system=system)
            open_ties |= {
                tie
                for id in ids
                if (record := self.new.get(RecordKey(SystemName(system), NativeId(id)))) is not None
                for tie in _ties(record)
            }
        reached: set[_Tie] = set()
        while open_ties:
            reached |= open_ties
            domains = sorted(value for kind, value in open_ties if kind == "domain")
            keys = sorted(value for kind, value in open_ties if kind == "link")
            self._load(_BY_DOMAIN, domains)
            self._load(_BY_FURTHER_DOMAIN, domains)
            self._load(_BY_EXTERNAL_ID, keys)
            self._load(_BY_LINK, keys)
            open_ties = {tie for record in self.new.values() for tie in _ties(record)} - reached
        met = {
            record.link_id
            for record in (*self.new.values(), *self.known.values())
            if record.link_id is not None
        }
        for chunk in chunks(sorted(met)):
            for row in self.connection.execute(_MATES, {"ids": chunk}):
                self.mates.setdefault(row.link_id, []).append(record_of(row))

    def _load(self, query: Select[Any], values: Sequence[str], **more: str) -> None:
        for chunk in chunks(values):
            for row in self.connection.execute(query, {"ids": chunk, **more}).all():
                record = record_of(row)
                (self.new if row[-1] else self.known)[record.key] = record

    def components(self) -> Iterator[tuple[_Anchor, list[Record]]]:
        """The groups, each with what it is known by."""
        for record in self.new.values():
            ties = _ties(record)
            for tie in ties:
                self.parent.setdefault(tie, tie)
            for tie in ties[1:]:
                self.parent[self._root(tie)] = self._root(ties[0])
        members: dict[_Tie, dict[RecordKey, Record]] = {}
        anchors: dict[_Tie, _Anchor] = {}
        for key, record in self.new.items():
            ties = _ties(record)
            root = self._root(ties[0]) if ties else ("record", "\0".join(key))
            members.setdefault(root, {})[key] = record
            anchors[root] = min(anchors.get(root, _anchor(record)), _anchor(record))
        for key, record in self.known.items():
            for root in {self._root(tie) for tie in _ties(record) if tie in self.parent}:
                members[root][key] = record
        for root, group in members.items():
            for link_id in {record.link_id for record in group.values()} - {None}:
                group.update((mate.key, mate) for mate in self.mates.get(str(link_id), ()))
            yield anchors[root], [group[key] for key in sorted(group)]

    def _root(self, tie: _Tie) -> _Tie:
        while self.parent[tie] != tie:
            self.parent[tie] = tie = self.parent[self.parent[tie]]
        return tie


def _ties(record: Record) -> list[_Tie]:
    ties = [("domain", domain) for domain in record.domains]
    return ties + [("link", key) for key in (record.tandem_id, record.link_id) if key is not None]


def _anchor(record: Record) -> _Anchor:
    if record.domain is not None:
        return (0, record.domain, "")
    if record.tandem_id is not None:
        return (1, record.tandem_id, "")
    return (2, record.system, record.id)
