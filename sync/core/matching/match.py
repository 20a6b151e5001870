"""Which Records are one account.

Evidence in this order: the Link that the ledger holds, the external id that Tandem wrote, the registrable
domain together with a second piece that agrees with it. A pair is proposed only where each System offers exactly one
candidate; everything else is reported and waits for a person. Names propose nothing by themselves.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from itertools import combinations, product
from operator import attrgetter

from mappings.identity.names import name_to_show, normal_name, tells
from sync.core.matching.fit import fit_of_names, numbers_of, stem
from sync.core.matching.grounds import Ground, Grounds, grounds, strangers, weigh
from sync.model.records import Link, LinkId, Record, RecordKey, RecordState, by_system, link_id

#: Records that a person keeps apart: each with those that it is never one account with.
Apart = Mapping[RecordKey, AbstractSet[RecordKey]]
NOBODY: Apart = {}
#: So many different names under one shared domain are compared each with each.
_FEW_NAMES = 200


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
    #: Domains that turn out to belong to several companies, with what tells it in words.
    shared: Mapping[str, str] = field(default_factory=dict)


def match(group: Iterable[Record], *, apart: Apart = NOBODY) -> Matched:
    """Match Records that share an external id or a domain; some may be linked already.

    A domain alone links nothing: it takes a second piece of evidence that agrees with it (``grounds``), and a domain
    under which one System has Records with names that do not fit each other belongs to several companies. Such Records
    are asked about; whose names are different in a number are different.

    ``apart``: whom a person keeps apart; they never become one Link, and whoever is kept apart from all others is an
    account of its own.

    The group must hold all Records of every Link that it touches, or a Link could be given a second Record of a
    System. A Record that is gone is matched with nothing; a linked one keeps its place in its Link.
    """
    records = sorted(
        (record for record in group if record.link_id is not None or record.state is RecordState.PRESENT),
        key=attrgetter("key"),
    )
    by_domain = _by(records, lambda record: set(record.domains))
    desk = _Desk(apart=apart, shared=shared_domains(by_domain))
    for record in records:
        if record.link_id is not None:
            desk.linked[record.key] = record.link_id
            desk.members[record.link_id].append(record)
    for tandem_id, sharing in _by(records, lambda record: {record.link_id, record.tandem_id}).items():
        desk.pair(sharing, key=tandem_id, known_id=LinkId(tandem_id))
    for domain, sharing in by_domain.items():
        for part in _by_names(sharing) if domain in desk.shared else [sharing]:
            desk.pair(part, key=domain, known_id=None)
    return Matched(
        proposals=tuple(
            Proposal(link=desk.links[id], members=tuple(joined), grounds=desk.grounds[id])
            for id, joined in desk.joining.items()
        ),
        ambiguous=tuple(desk.ambiguous),
        alone=tuple(record for record in records if desk.free(record)),
        shared=desk.shared,
    )


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
    #: Domains that belong to several companies, with what tells it.
    shared: Mapping[str, str] = field(default_factory=dict)
    #: Link of every Record that has one, in the ledger or by a proposal.
    linked: dict[RecordKey, LinkId] = field(default_factory=dict)
    #: All Records of each Link.
    members: dict[str, list[Record]] = field(default_factory=lambda: defaultdict(list))
    links: dict[str, Link] = field(default_factory=dict)
    grounds: dict[str, Grounds] = field(default_factory=dict)
    #: Link -> Records that join it now.
    joining: dict[str, list[Record]] = field(default_factory=dict)
    ambiguous: list[Ambiguous] = field(default_factory=list)
    #: Records that wait for a person.
    waiting: set[RecordKey] = field(default_factory=set)

    def free(self, record: Record) -> bool:
        return record.key not in self.linked and record.key not in self.waiting

    def pair(self, sharing: Sequence[Record], *, key: str, known_id: LinkId | None) -> None:
        """Make one Link out of Records that share ``key``, or report them where a person must tell. Without a
        ``known_id`` the key is a domain."""
        links = sorted({self.linked[record.key] for record in sharing if record.key in self.linked})
        single = (record for record in sharing if record.key not in self.linked)
        accounts = [*(self.members[id] for id in links), *([record] for record in single)]
        foes = self.apart if known_id is not None else _numbered_apart(sharing, self.apart)
        for candidates in _undivided(accounts, foes):
            self._pair(candidates, key=key, known_id=known_id)

    def _pair(self, candidates: Sequence[Record], *, key: str, known_id: LinkId | None) -> None:
        new = [record for record in candidates if self.free(record)]
        waiting = [record for record in candidates if record.key in self.waiting]
        links = sorted({self.linked[record.key] for record in candidates if record.key in self.linked})
        crowded = _crowded(candidates)
        short = self._short(candidates, links) if known_id is None else []
        if not new and not (crowded and len(links) > 1) and not (short and len(links) > 1):
            return
        if len(candidates) < 2:
            return
        evidence = f"same domain {key}" if known_id is None else "same Tandem id"
        doubt = self._divided(candidates) or _doubt(crowded, links, waiting)
        if doubt is not None:
            reason = f"{evidence}, but {doubt}"
            if known_id is None and key in self.shared:
                reason += f"; {self.shared[key]}"
            self._ask(candidates, new, short, key=key, reason=reason, crowded=bool(crowded))
            return
        if known_id is not None:
            agreed = grounds(Ground.TANDEM_ID, candidates, evidence)
        elif key in self.shared:
            why = f"{evidence}, but it is shared: {self.shared[key]}"
            agreed = grounds(Ground.SHARED_DOMAIN, candidates, why, score=0.9, domain=key)
        else:
            agreed = _weakest(candidates, self.linked, self.shared, key)
        if not agreed.decisive:
            self._ask(candidates, new, short, key=key, reason=agreed.why, crowded=False)
        elif links:
            self._join(links[0], candidates, new, agreed)
        else:
            link = propose_link(new, evidence=agreed.why, known_id=known_id)
            self.links[link.id] = link
            self.grounds[link.id] = agreed
            self._take(link.id, new)

    def _ask(
        self,
        candidates: Sequence[Record],
        new: Sequence[Record],
        short: Sequence[LinkId],
        *,
        key: str,
        reason: str,
        crowded: bool,
    ) -> None:
        self.waiting.update(record.key for record in new)
        for id in short:
            self._withdraw(id)
        taken = any(question.key == key for question in self.ambiguous)
        self.ambiguous.append(
            Ambiguous(
                key=" ".join([key, *candidates[0].key]) if taken else key,
                records=tuple(candidates),
                reason=reason,
                kind="duplicate" if crowded else "ambiguous",
            )
        )

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
        members = [record.key for record in self.joining.pop(id)]
        for key in members:
            del self.linked[key]
        self.waiting.update(members)
        del self.links[id], self.grounds[id], self.members[id]

    def _divided(self, candidates: Sequence[Record]) -> str | None:
        """Are two of them kept apart that are not one account already?"""
        keys = {record.key for record in candidates}
        for key in keys:
            mine = self.linked.get(key)
            if any(mine is None or self.linked.get(foe) != mine for foe in keys & self.apart.get(key, set())):
                return "a person keeps some of them apart"
        return None

    def _join(
        self, id: LinkId, candidates: Sequence[Record], new: Sequence[Record], grounds: Grounds
    ) -> None:
        if id not in self.links:
            self.links[id] = Link(
                id=id, label=_label(candidates), domain=_domain(candidates), evidence=grounds.why, stored=True
            )
            self.grounds[id] = grounds
        self._take(id, new)

    def _take(self, id: LinkId, records: Sequence[Record]) -> None:
        self.joining.setdefault(id, []).extend(records)
        self.members[id].extend(records)
        self.linked.update((record.key, id) for record in records)


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


def _weakest(
    candidates: Sequence[Record], linked: Mapping[RecordKey, LinkId], shared: Mapping[str, str], domain: str
) -> Grounds:
    """Of what binds these Records to each other best the weakest: what is one Link already needs nothing more."""
    part = [linked.get(record.key) or str(number) for number, record in enumerate(candidates)]
    pairs = [
        (_best(one, other, shared, domain), first, second)
        for (first, one), (second, other) in combinations(enumerate(candidates), 2)
        if part[first] != part[second]
    ]
    bound: list[Grounds] = []
    for weighed, first, second in sorted(pairs, key=lambda pair: (not pair[0].decisive, -pair[0].score)):
        mine, others = part[first], part[second]
        if mine != others:
            part = [mine if each == others else each for each in part]
            bound.append(weighed)
    return min(bound, key=lambda weighed: (weighed.decisive, weighed.score))


def _best(one: Record, other: Record, shared: Mapping[str, str], domain: str) -> Grounds:
    common = [name for name in one.domains if name in other.domains and name not in shared]
    weighed = (weigh(one, other, name) for name in common)
    nothing = grounds(
        Ground.DOMAIN, (one, other), f"same domain {domain} as others of the account", score=0.0
    )
    return max(weighed, key=lambda candidate: (candidate.decisive, candidate.score), default=nothing)


def shared_domains(by_domain: Mapping[str, Sequence[Record]]) -> dict[str, str]:
    """Domains that belong to several companies, by what their Records are called, with what tells it."""
    shared: dict[str, str] = {}
    for domain, records in by_domain.items():
        present = (record for record in records if record.state is RecordState.PRESENT)
        for system, several in sorted(by_system(present).items()):
            pair = strangers(several)
            if pair is not None:
                one, other = pair
                shared[domain] = f"{one.name} and {other.name} stand under it in {system}"
                break
    return shared


def _by_names(sharing: Sequence[Record]) -> Iterator[list[Record]]:
    """Records under one shared domain in parts whose names fit each other; nothing else binds them."""
    parts: dict[str, list[Record]] = defaultdict(list)
    for record in sharing:
        parts[normal_name(record.name) if tells(record.name) else " ".join(record.key)].append(record)
    names = sorted(parts)
    of = {name: name for name in names}
    # Where very many stand under a domain, those of one name alone are asked about.
    for one, other in combinations(names, 2) if len(names) <= _FEW_NAMES else ():
        if of[one] != of[other] and fit_of_names(parts[one][0].name, parts[other][0].name).alike:
            kept, joined = of[one], of[other]
            of = {name: kept if part == joined else part for name, part in of.items()}
    together: dict[str, list[Record]] = defaultdict(list)
    for name in names:
        together[of[name]].extend(parts[name])
    for part in together.values():
        yield sorted(part, key=attrgetter("key"))


def _numbered_apart(sharing: Sequence[Record], apart: Apart) -> Apart:
    """``apart``, and whose names are the same but for different numbers: two shops of one company."""
    by_numbers: dict[tuple[str, ...], list[Record]] = defaultdict(list)
    for record in sharing:
        by_numbers[numbers_of(record.name)].append(record)
    by_numbers.pop((), None)
    if len(by_numbers) < 2:
        return apart
    stems = {record.key: stem(record.name) for several in by_numbers.values() for record in several}
    kept_apart = {key: set(foes) for key, foes in apart.items()}
    for mine, others in combinations(by_numbers.values(), 2):
        for one, other in product(mine, others):
            if fit_of_names(stems[one.key], stems[other.key]).alike:
                kept_apart.setdefault(one.key, set()).add(other.key)
                kept_apart.setdefault(other.key, set()).add(one.key)
    return kept_apart


def _undivided(accounts: Sequence[Sequence[Record]], apart: Apart) -> Iterator[list[Record]]:
    """The Records of these accounts in as many parts as people have divided them into, each sorted.

    An account is divided from another where any two of their Records are kept apart. What nobody has divided stays
    together: three Records of which two are kept apart may still be one account with the third, either of them.
    """
    foes = [frozenset().union(*(apart.get(record.key, ()) for record in account)) for account in accounts]
    unreached = list(range(len(accounts)))
    while unreached:
        reached = part = [unreached.pop(0)]
        while reached and unreached:
            # A large group that nobody has divided is reached in one step.
            near = [
                other
                for other in unreached
                if any(
                    not foes[one] or foes[one].isdisjoint(record.key for record in accounts[other])
                    for one in reached
                )
            ]
            unreached = [other for other in unreached if other not in set(near)]
            reached, part = near, [*part, *near]
        yield sorted((record for one in part for record in accounts[one]), key=attrgetter("key"))


def propose_link(members: Sequence[Record], *, evidence: str, known_id: LinkId | None = None) -> Link:
    """A Link for Records that are not linked yet, with an id derived from the first of them."""
    first = min(members, key=attrgetter("key"))
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
