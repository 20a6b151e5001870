"""What people are asked: pairs of Records that may be one account, all of which can be answered with yes. Pure.

Of all pairs that may be one account the best are asked, each account one question for each System that it lacks, equal
names first. What is left over waits, and is asked again when an answer has come. The order in which the Records came
decides nothing.
"""

from __future__ import annotations

import gc
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from itertools import combinations
from operator import attrgetter

from sync.core.matching.candidates import candidates
from sync.core.matching.fit import ALIKE, Fit, fit_of_domain, fit_of_names
from sync.core.matching.match import NOBODY, Ambiguous, Apart
from sync.core.matching.question import MatchQuestion
from sync.model.inbox import DUPLICATE
from sync.model.records import TANDEM_ID, LinkId, Record, RecordKey, SystemName, by_system

#: From here on two names differ in how they are written only.
_THE_SAME = 0.95
#: What a pair is worth at the most of which one fits another as well.
_UNDECIDED = 0.8
#: What is left of the fit of names where each has a domain of its own.
_OTHER_DOMAINS = 0.9
#: What a domain tells of a name is worth less than a name.
_BY_DOMAIN = 0.95
_AMBIGUOUS = "ambiguous"
#: Records of one group that are all compared with each other.
_FEW = 100


def resemblance(one: Record, other: Record) -> Fit | None:
    """How well two Records fit whose domains are not the same one; None where nobody is to be asked."""
    names = fit_of_names(one.name, other.name)
    if one.domains and other.domains:
        if not set(one.domains).isdisjoint(other.domains):
            return None
        labels = {_label(domain) for domain in one.domains} & {_label(domain) for domain in other.domains}
        for label in sorted(labels):
            fits = min(fit_of_domain(one.name, label), fit_of_domain(other.name, label))
            mine, others = (
                next(domain for domain in record.domains if _label(domain) == label)
                for record in (one, other)
            )
            differ = f"{mine} and {others} differ in their suffix"
            if names.alike:
                return Fit(names.score, f"{names.why}; {differ}")
            if fits.alike:
                return Fit(ALIKE, f"{differ}, and both names fit")
        if labels or names.score < _THE_SAME:
            return None
        return Fit(
            round(names.score * _OTHER_DOMAINS, 3),
            f"{names.why}, but {one.domains[0]} is not {other.domains[0]}",
        )
    known = [
        Fit(round(fit.score * _BY_DOMAIN, 3), fit.why)
        for mine, beside in ((one, other), (other, one))
        for domain in mine.domains
        for fit in (fit_of_domain(beside.name, _label(domain)),)
    ]
    best = max((names, *known))
    return Fit(best.score, f"{best.why}, and no common domain") if best.alike else None


def _label(domain: str) -> str:
    return domain.partition(".")[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Pair:
    one: Record
    other: Record
    kind: str
    fit: Fit
    #: Values that both have, beside what matching goes by.
    shared: int = 0

    @property
    def weight(self) -> tuple[bool, float, bool, int]:
        """What decides who is asked first; the higher, the sooner."""
        marked = self.one.tandem_id is not None and self.one.tandem_id == self.other.tandem_id
        same = self.one.domain is not None and self.one.domain == self.other.domain
        return (marked, self.fit.score, same, self.shared)


def questions(
    groups: Sequence[Ambiguous],
    new: Sequence[Record],
    known: Iterable[Record],
    *,
    systems_of: Mapping[LinkId, AbstractSet[SystemName]],
    apart: Apart = NOBODY,
    may_ask: Callable[[Sequence[Record]], bool] = lambda _records: True,
    leads: Callable[[Record], bool] = lambda _record: True,
) -> list[MatchQuestion]:
    """What to ask about groups that matching could not decide, and about names: of ``new`` Records that nothing else
    says anything of, among each other and with ``known`` ones.

    ``systems_of``: the Systems in which the accounts of these Links stand. ``apart``: whom a person keeps apart.
    ``may_ask``: whether a person is to be asked about these Records at all; ``leads``: whether about this one and
    whoever fits it. Of two Records that are asked about one leads.
    """

    choice = _Choice(systems_of=systems_of, apart=apart)

    def fits(one: Record, other: Record) -> Fit | None:
        return resemblance(one, other) if choice.may_join(one, other) and may_ask((one, other)) else None

    with _uncollected():
        pairs = [pair for pair in _of_groups(groups) if may_ask((pair.one, pair.other))]
        pairs.extend(
            _Pair(one=alike.one, other=alike.other, kind="name", fit=alike.fit)
            for alike in candidates(new, known, fits, leads)
        )
        for pair in sorted(pairs, key=_rank):
            choice.weigh(pair)
        asked = choice.questions()
    return [*asked, *(pair for pair in _duplicates(groups, asked, apart) if may_ask(pair.records))]


@contextmanager
def _uncollected() -> Iterator[None]:
    """Millions of tuples are made of which none refers back to another: a third of the time would go into looking for
    cycles among them."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def _rank(pair: _Pair) -> tuple[object, ...]:
    marked, score, same, shared = pair.weight
    return (not marked, -score, not same, -shared, pair.one.key, pair.other.key)


def _of_groups(groups: Iterable[Ambiguous]) -> Iterator[_Pair]:
    """Every two Records of two Systems; where a group is large, those that fit by name."""
    for group in groups:
        if len(group.records) > _FEW:
            for each in candidates(group.records, (), partial(_named, group)):
                yield _Pair(one=each.one, other=each.other, kind=_AMBIGUOUS, fit=each.fit)
            continue
        for one, other in combinations(sorted(group.records, key=attrgetter("key")), 2):
            if one.system != other.system:
                yield _Pair(
                    one=one,
                    other=other,
                    kind=_AMBIGUOUS,
                    fit=_named(group, one, other),
                    shared=_shared(one, other),
                )


def _named(group: Ambiguous, one: Record, other: Record) -> Fit:
    names = fit_of_names(one.name, other.name)
    return Fit(names.score, f"{group.reason}; {names.why}")


def _shared(one: Record, other: Record) -> int:
    return sum(
        value is not None and other.current.get(name) == value
        for name, value in one.current.items()
        if name != TANDEM_ID
    )


@dataclass(slots=True)
class _Choice:
    """Which of the pairs are asked. Accounts that would be one if all were answered with yes are taken together."""

    systems_of: Mapping[LinkId, AbstractSet[SystemName]]
    apart: Apart
    parent: dict[str, str] = field(default_factory=dict)
    systems: dict[str, set[SystemName]] = field(default_factory=dict)
    #: Whom a person keeps apart from one of those that are taken together, and the Records themselves.
    foes: dict[str, set[RecordKey]] = field(default_factory=dict)
    members: dict[str, set[RecordKey]] = field(default_factory=dict)
    asked: list[_Pair] = field(default_factory=list)
    later: list[_Pair] = field(default_factory=list)
    #: By account and System of the other one: the best that was asked, to tell whether another fits as well.
    best: dict[tuple[str, SystemName], list[_Pair]] = field(default_factory=lambda: defaultdict(list))

    def weigh(self, pair: _Pair) -> None:
        one, other = self._account(pair.one), self._account(pair.other)
        if not self.may_join(pair.one, pair.other):
            return
        self.best[one, pair.other.system].append(pair)
        self.best[other, pair.one.system].append(pair)
        first, second = self._root(one), self._root(other)
        if first == second:
            return
        if self.systems[first] & self.systems[second] or self.foes[first] & self.members[second]:
            self.later.append(pair)
            return
        self.parent[second] = first
        self.systems[first] |= self.systems.pop(second)
        self.foes[first] |= self.foes.pop(second)
        self.members[first] |= self.members.pop(second)
        self.asked.append(pair)

    def questions(self) -> list[MatchQuestion]:
        asked = [self._question(pair) for pair in self.asked]
        met = {record.key for question in asked for record in question.records}
        waiting: list[MatchQuestion] = []
        for pair in self.later:
            # One is enough to say why a Record waits.
            if not {pair.one.key, pair.other.key} <= met:
                met |= {pair.one.key, pair.other.key}
                waiting.append(self._question(pair, waits=True))
        return [*asked, *waiting]

    def _question(self, pair: _Pair, *, waits: bool = False) -> MatchQuestion:
        rivals = [
            record
            for mine, other in ((pair.one, pair.other), (pair.other, pair.one))
            for rival in self.best[self._account(mine), other.system]
            if rival is not pair and rival.weight == pair.weight
            for record in (rival.one, rival.other)
            if record.system == other.system
        ]
        score, reason = pair.fit.score, pair.fit.why
        if rivals:
            rival = min(rivals, key=attrgetter("key"))
            score = min(score, _UNDECIDED)
            reason += f"; {rival.system} {rival.id} fits as well"
        first, second = sorted((pair.one, pair.other), key=attrgetter("key"))
        return MatchQuestion(records=(first, second), kind=pair.kind, reason=reason, score=score, waits=waits)

    def _account(self, record: Record) -> str:
        account = record.link_id or "\0".join(record.key)
        if account not in self.parent:
            self.parent[account] = account
            self.systems[account] = set(self._own(record))
            self.foes[account], self.members[account] = set(), set()
        root = self._root(account)
        self.members[root].add(record.key)
        self.foes[root].update(self.apart.get(record.key, ()))
        return account

    def _own(self, record: Record) -> AbstractSet[SystemName]:
        """Where the account of this Record stands already."""
        mine = frozenset({record.system})
        return mine if record.link_id is None else self.systems_of.get(record.link_id, mine) | mine

    def may_join(self, one: Record, other: Record) -> bool:
        """Could they be one account as things stand?"""
        return other.key not in self.apart.get(one.key, ()) and self._own(one).isdisjoint(self._own(other))

    def _root(self, account: str) -> str:
        while self.parent[account] != account:
            self.parent[account] = account = self.parent[self.parent[account]]
        return account


def _duplicates(
    groups: Iterable[Ambiguous], asked: Iterable[MatchQuestion], apart: Apart
) -> Iterator[MatchQuestion]:
    """Records that are left over although nothing is asked that could bring them to an account: each is asked about
    beside one of its own System."""
    met = {record.key for question in asked for record in question.records}
    pending = frozenset(met)
    for group in groups:
        for records in by_system(sorted(group.records, key=attrgetter("key"))).values():
            # The one that has an account stands for the others; else one that is asked about, else the first.
            foremost = sorted(records, key=lambda record: (record.link_id is None, record.key not in met))
            for record in records:
                key = record.key
                foes = apart.get(key, ())
                beside = next((each for each in foremost if each is record or each.key not in foes), record)
                if beside is record or record.link_id is not None or key in met:
                    continue
                met.add(key)
                first, second = sorted((beside, record), key=attrgetter("key"))
                score = fit_of_names(beside.name, record.name).score
                yield MatchQuestion(
                    records=(first, second),
                    kind=DUPLICATE,
                    reason=group.reason,
                    score=score,
                    # First it must be told which account that one belongs to.
                    waits=beside.key in pending,
                )
