"""Which Records are one account.

Evidence in this order: the Link that the ledger holds, the external id that Tandem wrote, the registrable
domain. A pair is proposed only where each System offers exactly one candidate; everything else is reported
and waits for a person. Names propose nothing by themselves.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import combinations

from sync.records import Link, Record, RecordState, link_id

#: A Record's name in the whole: its System and its native id there.
_Key = tuple[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """A new Link, or Records that join one that exists."""

    link: Link
    #: The Records that are linked by this proposal (those that already belong to the Link are not repeated).
    members: tuple[Record, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ambiguous:
    """Records that may be one account, where only a person can tell which."""

    #: What they share: a domain or an external id.
    key: str
    records: tuple[Record, ...]
    reason: str
    #: ``duplicate`` where one System offers several, ``name`` where only names are alike.
    kind: str = "ambiguous"


@dataclass(frozen=True, slots=True, kw_only=True)
class Matched:
    """What became of one group of Records."""

    proposals: tuple[Proposal, ...] = ()
    ambiguous: tuple[Ambiguous, ...] = ()
    #: Records that no other System knows.
    alone: tuple[Record, ...] = ()


def match(group: Iterable[Record], *, apart: Collection[frozenset[_Key]] = ()) -> Matched:
    """Match Records that share an external id or a domain; some may be linked already.

    ``apart``: pairs that a person keeps apart; they never become one Link.

    The group must hold all Records of every Link that it touches, or a Link could be given a second Record of a
    System. A Record that is gone is matched with nothing; a linked one keeps its place in its Link.
    """
    records = sorted(
        (record for record in group if record.link_id is not None or record.state is RecordState.PRESENT),
        key=_key,
    )
    desk = _Desk(apart=apart)
    for record in records:
        if record.link_id is not None:
            desk.linked[_key(record)] = record.link_id
            desk.members[record.link_id].append(record)
    for tandem_id, sharing in _by(records, lambda record: {record.link_id, record.tandem_id}).items():
        desk.pair(sharing, key=tandem_id, evidence="same Tandem id", known_id=tandem_id)
    for domain, sharing in _by(records, lambda record: {record.domain}).items():
        desk.pair(sharing, key=domain, evidence=f"same domain {domain}", known_id=None)
    return Matched(
        proposals=tuple(
            Proposal(link=desk.links[id], members=tuple(joined)) for id, joined in desk.joining.items()
        ),
        ambiguous=tuple(desk.ambiguous),
        alone=tuple(record for record in records if desk.free(record)),
    )


def _key(record: Record) -> _Key:
    return (record.system, record.id)


def _by(records: Sequence[Record], keys: Callable[[Record], set[str | None]]) -> dict[str, list[Record]]:
    """Records by what they share; keys in order, so that the order of the Records decides nothing."""
    groups: dict[str, list[Record]] = defaultdict(list)
    for record in records:
        for key in keys(record):
            if key is not None:
                groups[key].append(record)
    return dict(sorted(groups.items()))


@dataclass(slots=True)
class _Desk:
    """What was found so far."""

    #: Pairs that a person keeps apart.
    apart: Collection[frozenset[_Key]] = ()
    #: Link of every Record that has one, in the ledger or by a proposal.
    linked: dict[_Key, str] = field(default_factory=dict)
    #: All Records of each Link.
    members: dict[str, list[Record]] = field(default_factory=lambda: defaultdict(list))
    links: dict[str, Link] = field(default_factory=dict)
    #: Link -> Records that join it now.
    joining: dict[str, list[Record]] = field(default_factory=dict)
    ambiguous: list[Ambiguous] = field(default_factory=list)
    #: Records that wait for a person.
    waiting: set[_Key] = field(default_factory=set)

    def free(self, record: Record) -> bool:
        return _key(record) not in self.linked and _key(record) not in self.waiting

    def pair(self, sharing: Sequence[Record], *, key: str, evidence: str, known_id: str | None) -> None:
        """Make one Link out of Records that share ``key``, or report them where a System offers two."""
        new = [record for record in sharing if self.free(record)]
        if not new:
            return
        waiting = [record for record in sharing if _key(record) in self.waiting]
        links = sorted({self.linked[_key(record)] for record in sharing if _key(record) in self.linked})
        standing = [record for id in links for record in self.members[id]]
        candidates = sorted([*standing, *waiting, *new], key=_key)
        doubt = _kept_apart(candidates, self.apart) or _doubt(candidates, links, waiting)
        if doubt is not None:
            self.waiting.update(map(_key, new))
            crowded = len({record.system for record in candidates}) < len(candidates)
            self.ambiguous.append(
                Ambiguous(
                    key=key,
                    records=tuple(candidates),
                    reason=f"{evidence}, but {doubt}",
                    kind="duplicate" if crowded else "ambiguous",
                )
            )
        elif links:
            self._join(links[0], candidates, new, evidence)
        elif len(new) > 1:
            link = propose_link(new, evidence=evidence, known_id=known_id)
            self.links[link.id] = link
            self._take(link.id, new)

    def _join(self, id: str, candidates: Sequence[Record], new: Sequence[Record], evidence: str) -> None:
        if id not in self.links:
            self.links[id] = Link(
                id=id, label=_label(candidates), domain=_domain(candidates), evidence=evidence, stored=True
            )
        self._take(id, new)

    def _take(self, id: str, records: Sequence[Record]) -> None:
        self.joining.setdefault(id, []).extend(records)
        self.members[id].extend(records)
        self.linked.update((_key(record), id) for record in records)


def _doubt(candidates: Sequence[Record], links: Sequence[str], waiting: Sequence[Record]) -> str | None:
    """Why these cannot be one Link without a person; None where they can."""
    counts = Counter(record.system for record in candidates)
    crowded = [f"{count} in {system}" for system, count in counts.items() if count > 1]
    if crowded:
        return ", ".join(crowded)
    if len(links) > 1:
        return f"{len(links)} Links"
    return "one of them waits for a decision" if waiting else None


def _kept_apart(candidates: Sequence[Record], apart: Collection[frozenset[_Key]]) -> str | None:
    if not apart:
        return None
    keys = [_key(record) for record in candidates]
    kept = any(frozenset(pair) in apart for pair in combinations(keys, 2))
    return "a person keeps them apart" if kept else None


def propose_link(members: Sequence[Record], *, evidence: str, known_id: str | None = None) -> Link:
    """A Link for Records that are not linked yet, with an id derived from the first of them."""
    first = min(members, key=_key)
    return Link(
        id=known_id or link_id(first.system, first.id),
        label=_label(members),
        domain=_domain(members),
        evidence=evidence,
    )


def _label(records: Sequence[Record]) -> str:
    named = [record.name for record in records if record.name]
    return named[0] if named else records[0].id


def _domain(records: Sequence[Record]) -> str | None:
    return next((record.domain for record in records if record.domain), None)
