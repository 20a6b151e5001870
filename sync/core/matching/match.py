"""Which Records are one account.

Evidence in this order: the Link that the ledger holds, the external id that Tandem wrote, the registrable
domain. A pair is proposed only where each System offers exactly one candidate; everything else is reported
and waits for a person. Names propose nothing by themselves.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from itertools import combinations

from mappings.identity.names import name_to_show
from sync.core.matching.grounds import Ground, Grounds, grounds, weigh
from sync.model.records import Link, LinkId, Record, RecordKey, RecordState, link_id

#: A Record's name in the whole: its System and its native id there.
_Key = RecordKey

#: Records that a person keeps apart: each with those that it is never one account with.
Apart = Mapping[_Key, AbstractSet[_Key]]
NOBODY: Apart = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """A new Link, or Records that join one that exists."""

    link: Link
    #: The Records that are linked by this proposal (those that already belong to the Link are not repeated).
    members: tuple[Record, ...]
    #: Why they are one account.
    grounds: Grounds


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


def match(group: Iterable[Record], *, apart: Apart = NOBODY) -> Matched:
    """Match Records that share an external id or a domain; some may be linked already.

    ``apart``: whom a person keeps apart; they never become one Link, and whoever is kept apart from all others is an
    account of its own.

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
        desk.pair(sharing, key=tandem_id, evidence="same Tandem id", known_id=LinkId(tandem_id))
    for domain, sharing in _by(records, lambda record: {record.domain}).items():
        desk.pair(sharing, key=domain, evidence=f"same domain {domain}", known_id=None)
    return Matched(
        proposals=tuple(
            Proposal(link=desk.links[id], members=tuple(joined), grounds=desk.grounds[id])
            for id, joined in desk.joining.items()
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

    #: Whom a person keeps apart.
    apart: Apart = field(default_factory=dict)
    #: Link of every Record that has one, in the ledger or by a proposal.
    linked: dict[_Key, LinkId] = field(default_factory=dict)
    #: All Records of each Link.
    members: dict[str, list[Record]] = field(default_factory=lambda: defaultdict(list))
    links: dict[str, Link] = field(default_factory=dict)
    grounds: dict[str, Grounds] = field(default_factory=dict)
    #: Link -> Records that join it now.
    joining: dict[str, list[Record]] = field(default_factory=dict)
    ambiguous: list[Ambiguous] = field(default_factory=list)
    #: Records that wait for a person.
    waiting: set[_Key] = field(default_factory=set)

    def free(self, record: Record) -> bool:
        return _key(record) not in self.linked and _key(record) not in self.waiting

    def pair(self, sharing: Sequence[Record], *, key: str, evidence: str, known_id: LinkId | None) -> None:
        """Make one Link out of Records that share ``key``, or report them where a System offers two."""
        links = sorted({self.linked[_key(record)] for record in sharing if _key(record) in self.linked})
        single = (record for record in sharing if _key(record) not in self.linked)
        accounts = [*(self.members[id] for id in links), *([record] for record in single)]
        for candidates in _undivided(accounts, self.apart):
            self._pair(candidates, key=key, evidence=evidence, known_id=known_id)

    def _pair(
        self, candidates: Sequence[Record], *, key: str, evidence: str, known_id: LinkId | None
    ) -> None:
        new = [record for record in candidates if self.free(record)]
        waiting = [record for record in candidates if _key(record) in self.waiting]
        links = sorted({self.linked[_key(record)] for record in candidates if _key(record) in self.linked})
        crowded = _crowded(candidates)
        short = self._short(candidates, links) if known_id is None else []
        if not new and not (crowded and len(links) > 1) and not (short and len(links) > 1):
            return
        doubt = self._divided(candidates) or _doubt(crowded, links, waiting)
        if doubt is not None:
            self.waiting.update(map(_key, new))
            for id in short:
                self._withdraw(id)
            taken = any(found.key == key for found in self.ambiguous)
            self.ambiguous.append(
                Ambiguous(
                    key=" ".join([key, *_key(candidates[0])]) if taken else key,
                    records=tuple(candidates),
                    reason=f"{evidence}, but {doubt}",
                    kind="duplicate" if crowded else "ambiguous",
                )
            )
        elif links:
            self.grounds.setdefault(links[0], _grounds(candidates, key, evidence, known_id))
            self._join(links[0], candidates, new, evidence)
        elif len(new) > 1:
            link = propose_link(new, evidence=evidence, known_id=known_id)
            self.links[link.id] = link
            self.grounds[link.id] = _grounds(new, key, evidence, known_id)
            self._take(link.id, new)

    def _short(self, candidates: Sequence[Record], links: Sequence[LinkId]) -> list[LinkId]:
        """Links that are proposed here and lack a System in which another of these stands: it would be made there once
        more."""
        systems = {record.system for record in candidates}
        return [
            id
            for id in links
            if id in self.joining
            and not self.links[id].stored
            and not systems <= {record.system for record in self.members[id]}
        ]

    def _withdraw(self, id: LinkId) -> None:
        """Propose this Link no more; its Records wait for a person."""
        members = [_key(record) for record in self.joining.pop(id)]
        for key in members:
            del self.linked[key]
        self.waiting.update(members)
        del self.links[id], self.grounds[id], self.members[id]

    def _divided(self, candidates: Sequence[Record]) -> str | None:
        """Are two of them kept apart that are not one account already?"""
        keys = {_key(record) for record in candidates}
        for key in keys:
            mine = self.linked.get(key)
            if any(mine is None or self.linked.get(foe) != mine for foe in keys & self.apart.get(key, set())):
                return "a person keeps some of them apart"
        return None

    def _join(self, id: LinkId, candidates: Sequence[Record], new: Sequence[Record], evidence: str) -> None:
        if id not in self.links:
            self.links[id] = Link(
                id=id, label=_label(candidates), domain=_domain(candidates), evidence=evidence, stored=True
            )
        self._take(id, new)

    def _take(self, id: LinkId, records: Sequence[Record]) -> None:
        self.joining.setdefault(id, []).extend(records)
        self.members[id].extend(records)
        self.linked.update((_key(record), id) for record in records)


def _grounds(records: Sequence[Record], key: str, evidence: str, known_id: LinkId | None) -> Grounds:
    if known_id is not None:
        return grounds(Ground.TANDEM_ID, records, evidence)
    return min(
        (weigh(one, other, key) for one, other in combinations(records, 2)),
        key=lambda found: (found.decisive, found.score),
    )


def _crowded(candidates: Sequence[Record]) -> str:
    """The Systems that offer several, with how many; empty where none does."""
    counts = Counter(record.system for record in candidates)
    return ", ".join(f"{count} in {system}" for system, count in counts.items() if count > 1)


def _doubt(crowded: str, links: Sequence[str], waiting: Sequence[Record]) -> str | None:
    """Why these cannot be one Link without a person; None where they can."""
    if crowded:
        return crowded
    if len(links) > 1:
        return f"{len(links)} Links"
    return "one of them waits for a decision" if waiting else None


def _undivided(accounts: Sequence[Sequence[Record]], apart: Apart) -> Iterator[list[Record]]:
    """The Records of these accounts in as many parts as people have divided them into, each sorted.

    An account is divided from another where any two of their Records are kept apart. What nobody has divided stays
    together: three Records of which two are kept apart may still be one account with the third, either of them.
    """
    foes = [frozenset().union(*(apart.get(_key(record), ()) for record in account)) for account in accounts]
    open_ones = list(range(len(accounts)))
    while open_ones:
        reached = part = [open_ones.pop(0)]
        while reached and open_ones:
            # A large group that nobody has divided is reached in one step.
            near = [
                other
                for other in open_ones
                if any(not foes[one] or foes[one].isdisjoint(map(_key, accounts[other])) for one in reached)
            ]
            open_ones = [other for other in open_ones if other not in set(near)]
            reached, part = near, [*part, *near]
        yield sorted((record for one in part for record in accounts[one]), key=_key)


def propose_link(members: Sequence[Record], *, evidence: str, known_id: LinkId | None = None) -> Link:
    """A Link for Records that are not linked yet, with an id derived from the first of them."""
    first = min(members, key=_key)
    return Link(
        id=known_id or link_id(first.system, first.id),
        label=_label(members),
        domain=_domain(members),
        evidence=evidence,
    )


def _label(records: Sequence[Record]) -> str:
    """What people see the account called; where nothing names it, what stands there, or an id."""
    shown = name_to_show((record.name for record in records), _domain(records))
    return shown or next((record.name for record in records if record.name), records[0].id)


def _domain(records: Sequence[Record]) -> str | None:
    return next((record.domain for record in records if record.domain), None)
