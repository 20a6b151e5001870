"""Which of any number of names are worth comparing with which. Pure.

Names are never compared each with each, nor are any left out where many begin alike: those that can fit share a
*trait* (the whole name, its words in any order, its first words, one half of its letters …), and whoever shares one is
found through an index of it. Where a trait is shared by very many, each name meets those that stand next to it in
the order of their letters, read from both ends. What it costs grows with the number of names.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import accumulate, combinations

from rapidfuzz import fuzz

from mappings.identity.names import (
    core_name,
    is_abbreviated,
    joined_letters,
    numbers,
    says_little,
    short_core,
    solid,
    spellings,
    tells,
    without_leading_form,
    written_name,
)
from sync.core.matching.fit import JOINING, Fit, cuts, has_a_slip
from sync.model.records import Record, SystemName

#: Of 100: letters that are less alike are no slip of the pen.
_NEARLY = 92.0
#: From so many letters on one that is another one leaves them alike.
_LONG = 14
#: Letters below which a slip makes another name.
_SHORT = 5
#: So many that share a trait are all met; of more those that stand nearest by their letters.
_WIDE = 64
#: From this fit on two names differ in how they are written only, and nobody else is looked for.
_THE_SAME = 0.95
#: How many others a Record is kept in mind with, the best first.
_KEPT = 8
#: Words of a name whose first letters may stand for them before others.
_INITIALS = 5
#: Words of a name that its words are looked up by.
_WORDS = 6

#: Says how well two Records fit, None where nobody is to be asked about them.
Fits = Callable[[Record, Record], Fit | None]
#: Are the letters of any two of these names alike?
_Near = Callable[[Sequence[str], Sequence[str]], bool]
#: Traits of one spelling of a name.
_Traits = Callable[[str], Iterable[str]]


@dataclass(frozen=True, slots=True)
class Candidates:
    """Two Records of two Systems that may be one account."""

    one: Record
    other: Record
    fit: Fit


def candidates(
    new: Iterable[Record],
    known: Iterable[Record],
    fits: Fits,
    leads: Callable[[Record], bool] = lambda _record: True,
) -> list[Candidates]:
    """Pairs that fit by name, each with at least one of ``new``; the order of the Records decides nothing.

    ``known``: whoever a new Record may be one account with, itself included or not. ``leads``: whether a person may be
    asked about this Record, and whoever fits it; of any two one must.
    """
    by_key: dict[tuple[str, str], tuple[Record, bool]] = {record.key: (record, False) for record in known}
    by_key.update((record.key, (record, True)) for record in new)
    book = _Book(fits=fits, leads=leads)
    for key in sorted(by_key):
        record, is_new = by_key[key]
        book.add(record, new=is_new)
    del by_key
    book.meet_the_same()
    for kind in _KINDS if book.open_ones else ():
        book.meet(kind)
    return book.found()


@dataclass(slots=True)
class _Book:
    """All names, by number."""

    fits: Fits
    leads: Callable[[Record], bool]
    records: list[Record] = field(default_factory=list)
    names: list[tuple[str, ...]] = field(default_factory=list)
    #: The same without spaces.
    wholes: list[tuple[str, ...]] = field(default_factory=list)
    #: Labels of their domains.
    labels: list[tuple[str, ...]] = field(default_factory=list)
    new: list[bool] = field(default_factory=list)
    leading: list[bool] = field(default_factory=list)
    #: Those that look for their like: between any two of whom one is new and one has not met its like, one of these.
    open_ones: list[int] = field(default_factory=list)
    #: Pairs that were compared, each as one number.
    met: set[int] = field(default_factory=set)
    pairs: list[tuple[float, int, int, Fit]] = field(default_factory=list)

    def add(self, record: Record, *, new: bool) -> None:
        told = spellings(record.name) if tells(record.name) else ()
        labels = tuple(dict.fromkeys(domain.partition(".")[0].replace("-", "") for domain in record.domains))
        if told or labels:
            if any(is_abbreviated(name, record.name) for name in told):
                # A domain has it as it is written.
                told = tuple(dict.fromkeys((*told, written_name(record.name))))
            self.records.append(record)
            self.names.append(tuple(map(joined_letters, told)))
            wholes = tuple(dict.fromkeys(map(solid, told)))
            self.wholes.append(wholes)
            self.labels.append(labels)
            self.new.append(new)
            self.leading.append(self.leads(record))

    def meet_the_same(self) -> None:
        """Equal names first: who has met one of the same name looks for no other, though others may look for it."""
        blocks: dict[str, list[int]] = defaultdict(list)
        for number, told in enumerate(self.wholes):
            for whole in told:
                blocks[whole].append(number)
        settled: set[int] = set()
        for whole in sorted(blocks):
            numbers_of: dict[SystemName, list[int]] = defaultdict(list)
            for number in blocks[whole]:
                numbers_of[self.records[number].system].append(number)
            for one, other in combinations(sorted(numbers_of), 2):
                for pair in self._abreast(numbers_of[one], numbers_of[other]):
                    fit = self._compare(*pair)
                    if fit is not None and fit.score >= _THE_SAME and settled.isdisjoint(pair):
                        settled.update(pair)
        self.open_ones = [number for number, new in enumerate(self.new) if new and number not in settled]
        # Who is not new looks for nobody, and may be looking for one that has met its like: the fewer of both look.
        left = [number for number, new in enumerate(self.new) if not new and number not in settled]
        met = [number for number in sorted(settled) if self.new[number]]
        self.open_ones += left if len(left) < len(met) else met
        leading = [number for number, leads in enumerate(self.leading) if leads]
        if len(leading) < len(self.open_ones):
            self.open_ones = leading

    def _abreast(self, ones: Sequence[int], others: Sequence[int]) -> Iterator[tuple[int, int]]:
        """All pairs; where they are very many, of each only those beside it in the order of domains and ids."""
        if len(ones) * len(others) <= _WIDE * _WIDE:
            yield from ((one, other) for one in ones for other in others)
            return

        def by_domain(number: int) -> tuple[str, int]:
            return (self.records[number].domain or "", number)

        mine, theirs = sorted(ones, key=by_domain), sorted(others, key=by_domain)
        # Whoever shares a domain's label stands beside one another; the rest is taken as it comes.
        near = [(self.records[number].domain or "", number) for number in theirs]
        for place, number in enumerate(mine):
            domain = self.records[number].domain
            at = place if domain is None else bisect_left(near, (domain.partition(".")[0], -1))
            for other in {*theirs[place : place + 2], *theirs[at : at + 2]}:
                yield number, other

    def meet(self, kind: _Kind) -> None:
        """Have those who look for their like meet whoever has a trait of ``others`` that is one of ``mine``, and the
        other way round."""
        mine, others = (kind.mine, kind.of_domain), (kind.others, kind.of_domain and kind.mine is kind.others)
        if kind.of_domain and not any(self.labels):
            return
        roles = [(mine, others)] if kind.mutual else [(mine, others), (others, mine)]
        for indexed, looked_up in roles:
            index = _Index(self)
            for number in self.open_ones:
                index.add(self._traits(number, *indexed), number)
            beside_each = {system: index.beside(system) for system in {one.system for one in self.records}}
            for number, record in enumerate(self.records):
                beside = beside_each[record.system]
                for trait in self._traits(number, *looked_up) if beside else ():
                    for system, by_trait in beside:
                        having = by_trait.get(trait)
                        if having is None:
                            continue
                        if len(having) > _WIDE:
                            having = index.nearest(system, trait, number)
                        for other in having:
                            if kind.near is None or kind.near(self.wholes[number], self.wholes[other]):
                                self._compare(number, other)

    def _traits(self, number: int, traits: _Traits, of_domain: bool) -> Iterable[str]:  # noqa: FBT001  (with its traits)
        if of_domain:
            return self.labels[number]
        told = self.names[number]
        if len(told) == 1:
            return traits(told[0])
        return {trait for name in told for trait in traits(name)}

    def whole(self, number: int) -> str:
        told = self.wholes[number]
        return told[0] if told else self.labels[number][0]

    def _compare(self, one: int, other: int) -> Fit | None:
        if other < one:
            one, other = other, one
        told = one * len(self.names) + other
        if told in self.met or not (self.new[one] or self.new[other]):
            return None
        if not (self.leading[one] or self.leading[other]):
            return None
        self.met.add(told)
        fit = self.fits(self.records[one], self.records[other])
        if fit is not None:
            self.pairs.append((-fit.score, one, other, fit))
        return fit

    def found(self) -> list[Candidates]:
        """The best of each, best first."""
        kept: dict[int, int] = defaultdict(int)
        best: list[Candidates] = []
        for _, one, other, fit in sorted(self.pairs):
            if kept[one] < _KEPT or kept[other] < _KEPT:
                kept[one] += 1
                kept[other] += 1
                best.append(Candidates(self.records[one], self.records[other], fit))
        return best


class _Index:
    """Numbers by System and trait."""

    def __init__(self, book: _Book) -> None:
        self._book = book
        self._numbers: dict[SystemName, dict[str, list[int]]] = defaultdict(dict)
        self._ordered: dict[tuple[SystemName, str], tuple[list[tuple[str, int]], list[tuple[str, int]]]] = {}

    def add(self, traits: Iterable[str], number: int) -> None:
        having = self._numbers[self._book.records[number].system]
        for trait in traits:
            known = having.get(trait)
            if known is None:
                having[trait] = [number]
            else:
                known.append(number)

    def beside(self, system: SystemName) -> list[tuple[SystemName, dict[str, list[int]]]]:
        """By trait who stands in another System than this one."""
        return [(other, by_trait) for other, by_trait in self._numbers.items() if other != system]

    def nearest(self, system: SystemName, trait: str, number: int) -> list[int]:
        """Of very many in a System that have this trait those whose letters stand next to this one's."""
        ordered = self._ordered.get((system, trait))
        if ordered is None:
            whole = [(self._book.whole(other), other) for other in self._numbers[system][trait]]
            ordered = sorted(whole), sorted((name[::-1], other) for name, other in whole)
            self._ordered[system, trait] = ordered
        name = self._book.whole(number)
        found: set[int] = set()
        for names, looked_for in zip(ordered, (name, name[::-1]), strict=True):
            at = bisect_left(names, (looked_for, -1))
            found.update(other for _, other in names[max(0, at - _WIDE // 4) : at + _WIDE // 4])
        return sorted(found)


def _alike(ones: Sequence[str], others: Sequence[str]) -> bool:
    for mine in ones:
        for theirs in others:
            if fuzz.ratio(mine, theirs, score_cutoff=_NEARLY):
                if numbers(mine) == numbers(theirs):
                    return True
            # Of longer names with a slip the letters are alike.
            elif len(mine) < _LONG and abs(len(mine) - len(theirs)) < 2 and has_a_slip(mine, theirs):
                return True
    return False


# -- traits ---------------------------------------------------------------------------------------------------


def _cores(name: str) -> Iterator[str]:
    """The name, and what it comes to without the words that people leave out."""
    return iter({solid(name), solid(core_name(name)), solid(without_leading_form(name))})


def _any_order(name: str) -> Iterator[str]:
    words = name.split()
    if len(words) > 1:
        yield " ".join(sorted(words))


def _whole(name: str) -> Iterator[str]:
    yield solid(name)


def _begun(name: str) -> Iterator[str]:
    """What the name is called where words behind it are left out, its last letters, or a word that is glued onto it."""
    forms = [name]
    if " " in name:
        yield from list(accumulate(name.split()))[:-1]
        short = short_core(name)
        if short != name:
            forms.append(short)
    for form in forms:
        whole = solid(form)
        for size in cuts(form):
            # One letter less is found as a slip.
            if size < len(whole) - 1 or form is not name:
                yield whole[:size]


def _main_words(name: str) -> Iterator[str]:
    """The words that a longer form of the name would have, too: two, or the one."""
    words = name.split()
    if len(words) > 1:
        yield " ".join(sorted(_longest(words, 2) if len(words) > 2 else words))
    elif not says_little(words):
        yield name


def _some_words(name: str) -> Iterator[str]:
    words = name.split()
    if len(words) > 1:
        told = sorted(set(_longest(words, _WORDS) if len(words) > _WORDS else words))
        yield from told
        if len(words) > 2:
            yield from (" ".join(pair) for pair in combinations(told, 2))


def _longest(words: Sequence[str], most: int) -> list[str]:
    return sorted(words, key=_rank)[:most]


@lru_cache(maxsize=1 << 16)
def _rank(word: str) -> tuple[bool, int, str]:
    return says_little([word]), -len(word), word


def _letters(name: str) -> Iterator[str]:
    words = name.split()
    if len(words) > 2:
        yield "".join(word[0] for word in words)
        if not JOINING.isdisjoint(words):
            yield "".join(word[0] for word in words if word not in JOINING)


def _first_letters(name: str) -> Iterator[str]:
    """Also of the first words alone: Bank of New York Mellon is BNY Mellon."""
    yield from _letters(name)
    words = name.split()
    if len(words) > 2:
        words = [word for word in words if word not in JOINING]
        for used in range(2, min(len(words), _INITIALS)):
            yield "".join(word[0] for word in words[:used]) + "".join(words[used:])


def _short_name(name: str) -> Iterator[str]:
    first, blank, _ = name.partition(" ")
    if len(first) < (5 if blank else 9):
        yield solid(name)


def _halves(name: str) -> Iterator[str]:
    """Where one letter differs, one half of the letters is the same."""
    whole = solid(name)
    if len(whole) >= _SHORT:
        size = len(whole)
        yield f"{size}<{whole[: (size + 1) // 2]}"
        yield f"{size}>{whole[(size + 1) // 2 :]}"


def _halves_of_near(name: str) -> Iterator[str]:
    whole = solid(name)
    if len(whole) >= _SHORT:
        for size in (len(whole) - 1, len(whole), len(whole) + 1):
            yield f"{size}<{whole[: (size + 1) // 2]}"
            yield f"{size}>{whole[-(size // 2) :]}"


def _all_but_one(name: str) -> Iterator[str]:
    """Where the letters of one word differ, all others are the same."""
    words = name.split()
    if len(words) > 2:
        for place in range(len(words)):
            yield "".join(words[:place] + words[place + 1 :])


def _as_a_domain(name: str) -> Iterator[str]:
    """What the domain of a company of this name may be called."""
    words = name.split()
    yield from accumulate(words)
    yield from _letters(name)


@dataclass(frozen=True, slots=True)
class _Kind:
    """Names that one way of looking finds."""

    #: Traits of one, and of the other.
    mine: _Traits
    others: _Traits
    #: Only where their letters are alike.
    near: _Near | None = None
    #: Whoever has a trait of the other is met by it, too: to look from one side is enough.
    mutual: bool = False
    #: Not of the name of one, but of the label of its domain; of both where the traits are the same.
    of_domain: bool = False


_KINDS = (
    _Kind(_cores, _cores, mutual=True),
    _Kind(_any_order, _any_order, mutual=True),
    _Kind(_cores, _begun),
    _Kind(_main_words, _some_words),
    _Kind(_short_name, _first_letters),
    _Kind(_halves, _halves_of_near, near=_alike, mutual=True),
    _Kind(_all_but_one, _all_but_one, near=_alike, mutual=True),
    _Kind(_whole, _as_a_domain, of_domain=True),
    _Kind(_whole, _whole, mutual=True, of_domain=True),
)
