"""How well two companies' names fit each other, and a name the label of a domain, with the evidence in words. Pure.

It is evidence, not a decision: what follows from it is for matching to say.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import accumulate, product

import idna

from mappings.identity.names import (
    core_name,
    is_usual,
    joined_letters,
    may_be_left_out,
    normal_name,
    numbers,
    only_loose,
    says_little,
    short_core,
    solid,
    spellings,
    sure_spellings,
    tells,
    without_form_words,
    without_leading_form,
    written_name,
)

#: From here on two names are alike, or a name fits: worth a question.
ALIKE = 0.8
#: Letters below which what is left of a name is too little to go by.
_SHORT = 4
#: Letters from which on a word with a slip is still the same word.
_SLIP = 5
#: Of 1: names whose letters differ more are not alike, however long.
_NEARLY = 0.92
#: What is left of likeness of letters below that.
_UNLIKE = 0.85
#: Words that join others and are left out as often as not.
JOINING = frozenset({"and", "of", "the", "de", "for", "in", "by", "des", "du", "et"})
_DIGITS = re.compile(r"[0-9]+")
_CACHE = 1 << 15


@dataclass(frozen=True, slots=True, order=True)
class Fit:
    """How well something fits, 0 to 1, and what tells."""

    score: float
    why: str

    @property
    def alike(self) -> bool:
        return self.score >= ALIKE


_NO_NAME = Fit(0.0, "no name to compare")


@lru_cache(maxsize=_CACHE)
def fit_of_names(one: str | None, other: str | None) -> Fit:
    """How well two names of companies fit each other. The order of the two decides nothing."""
    if not tells(one) or not tells(other):
        return _NO_NAME
    first, second = normal_name(one), normal_name(other)
    if solid(first) == solid(second):
        return Fit(1.0, "the same name")
    pairs = list(product(spellings(one), spellings(other)))
    # Every spelling of a name has its numbers, but for one that is another name of the company.
    told = [pair for pair in pairs if _numbers(pair[0]) == _numbers(pair[1])]
    if not told:
        return Fit(0.0, "their numbers differ")
    return max(fit for pair in told for fit in _fits(*pair))


def is_the_domain(name: str | None, domain: str) -> bool:
    """Is the domain called as this name is written, letter for letter? It holds also for a name that says nothing else:
    ``Y-Corporation`` at ycorporation.com."""
    letters = "".join(character for character in (name or "").casefold() if character.isalnum())
    label = _label(domain)
    return len(label) >= _SHORT and letters.startswith(label)


def numbers_of(name: str | None) -> tuple[str, ...]:
    """The numbers in a company's name, as ``fit_of_names`` compares them; those of legal forms aside."""
    return _numbers(normal_name(name))


def stem(name: str | None) -> str:
    """A company's name without its numbers: ``store`` of ``Store 12``."""
    return " ".join(_DIGITS.sub(" ", normal_name(name)).split())


def _numbers(name: str) -> tuple[str, ...]:
    # A legal form may hold one: `3AO`.
    return numbers(without_leading_form(name))


def _fits(first: str, second: str) -> Iterator[Fit]:
    if solid(first) == solid(second):
        yield Fit(0.97, "the same name as others spell it")
        return
    bare = without_leading_form(first), without_leading_form(second)
    if solid(bare[0]) == solid(bare[1]) or solid(bare[0]) == solid(second) or solid(first) == solid(bare[1]):
        yield Fit(0.95, "the same name but for a legal form in front")
    named = core_name(first), core_name(second)
    cores = solid(named[0]), solid(named[1])
    if cores[0] == cores[1] and cores[0] not in (solid(first), solid(second)):
        # Beside one another Acme Group and Acme Holdings may be two companies.
        yield Fit(0.8, "the same name with other words behind it")
    elif cores[0] == cores[1]:
        yield Fit(0.95, "the same name but for words that people leave out")
    words = _telling(first), _telling(second)
    if sorted(words[0]) == sorted(words[1]):
        yield Fit(0.95, "the same words in another order")
    for mine, others in (words, words[::-1]):
        yield from _shorter(mine, others)
    for core, name, others in ((named[0], first, words[1]), (named[1], second, words[0])):
        if core != name:
            yield from (Fit(min(fit.score, 0.81), fit.why) for fit in _shorter(_telling(core), others))
    yield from _nearly(first, second)
    ratio = _ratio(solid(first), solid(second)) / 100
    alike = ratio >= _NEARLY and min(len(first), len(second)) > _SHORT
    yield Fit(round(ratio if alike else ratio * _UNLIKE, 3), f"letters {ratio:.0%} alike")


def _shorter(mine: Sequence[str], others: Sequence[str]) -> Iterator[Fit]:
    """What tells that the first is the second with something left out."""
    whole = "".join(mine)
    if not whole or (says_little(mine) and len(mine) < 2):
        return
    if says_little(mine):
        if whole in list(accumulate(others))[:-1]:
            yield Fit(0.8, "common words with words behind them left out")
    elif whole in list(accumulate(others))[:-1]:
        yield Fit(0.88 if len(whole) >= _SHORT else 0.82, "words behind it are left out")
    elif len(mine) < len(others) and set(mine) <= set(others):
        told = len(mine) > 1 or len(whole) >= _SHORT
        usual = all(is_usual(word) for word in others if word not in mine)
        yield Fit(
            0.86 if len(mine) > 1 else 0.81 if told else ALIKE if usual else 0.75, "some words are left out"
        )
    elif len(mine) == 1 and len(whole) > 2 and whole == _initials(others):
        yield Fit(0.81, "the first letters of its words")
    elif is_partly_initials(mine, others):
        yield Fit(0.83, "the first letters of its first words")


def is_partly_initials(mine: Sequence[str], others: Sequence[str]) -> bool:
    """Does the first begin with the first letters of words of which the second is made (``BNY Mellon``)?"""
    used = len(others) - len(mine) + 1
    return used > 1 and len(mine) > 1 and mine[1:] == others[used:] and mine[0] == _initials(others[:used])


def _nearly(first: str, second: str) -> Iterator[Fit]:
    """What tells that one is the other with a slip of the pen, or with its end cut off."""
    if has_a_slip(solid(first), solid(second)):
        yield Fit(0.88, "one letter differs")
    elif is_cut(first, second) or is_cut(second, first):
        yield Fit(0.84, "the end of the name is left out")
    else:
        first, second = short_core(first), short_core(second)
        if has_a_slip(solid(first), solid(second)):
            yield Fit(0.83, "one letter differs, and words behind it are left out")
        elif is_cut(first, second) or is_cut(second, first):
            yield Fit(0.81, "the end of the name is left out, and words behind it")


def has_a_slip(one: str, other: str) -> bool:
    """Are these letters the same but for one, and enough of them?"""
    least = min(len(one), len(other))
    return (
        least >= (_SLIP + 2 if len(one) == len(other) else _SLIP)
        and _is_slip(one, other)
        and _DIGITS.findall(one) == _DIGITS.findall(other)
        and not says_little([one])
        and not says_little([other])
    )


def is_cut(short: str, long: str) -> bool:
    """Is the first the second without its last letters (``Trumin`` of ``Truminds``), or without a word that is glued
    onto it (``Kakao`` of ``kakaobank``)?"""
    letters, whole = solid(short), solid(long)
    if len(letters) >= len(whole) or not whole.startswith(letters) or is_usual(letters):
        return False
    return len(letters) in cuts(long)


def cuts(name: str) -> list[int]:
    """How many letters are left of a name (in its normal form) of which the end is cut off."""
    whole = solid(name)
    size = len(whole)
    most = 3 if size - 3 >= 2 * _SHORT else 2
    found = [size - cut for cut in range(1, most + 1) if size - cut >= _SLIP and whole[-cut:].isalpha()]
    if " " not in name:
        # One word is left of another that is glued onto it.
        found += [left for left in range(_SHORT, size - 2) if is_usual(whole[left:])]
    return found


def _ratio(one: str, other: str) -> float:
    # What is not compared needs no library: a status is told without it.
    from rapidfuzz import fuzz  # noqa: PLC0415

    return fuzz.ratio(one, other)


def _is_slip(one: str, other: str) -> bool:
    return _osa()(one, other, score_cutoff=1) == 1


@cache
def _osa() -> Callable[..., int]:
    from rapidfuzz.distance import OSA  # noqa: PLC0415

    return OSA.distance


def _telling(name: str) -> list[str]:
    """The words but those that join others; letters that stand alone are one word (``J B Hunt``)."""
    words = joined_letters(name).split()
    return [word for word in words if word not in JOINING] or words


def _initials(words: Sequence[str]) -> str:
    return "".join(word[0] for word in words)


@lru_cache(maxsize=_CACHE)
def fit_of_domain(name: str | None, domain: str | None) -> Fit:
    """How well a company's name fits the label of a registrable domain (`acme` of acme.co.uk)."""
    if not tells(name) or not domain:
        return _NO_NAME
    label = _label(domain)
    if not label:
        return Fit(0.0, "the domain has no label")
    ways = dict.fromkeys((*spellings(name), written_name(name)))
    labels = dict.fromkeys((label, without_form_words(label)))
    found = [fit for way in ways for label in labels for fit in _label_fits(way, label)]
    return max(found, default=Fit(0.0, f"nothing of the name stands in {domain}"))


def _label(domain: str) -> str:
    label = domain.partition(".")[0]
    if label.startswith("xn--"):
        try:
            label = idna.decode(label)
        except idna.IDNAError:
            return ""
        return solid(next(iter(spellings(label)[::-1]), ""))
    return label.replace("-", "").replace("_", "").casefold()


def _label_fits(name: str, label: str) -> Iterator[Fit]:
    words, told = name.split(), _telling(name)
    if label in (solid(name), "".join(told), solid(without_leading_form(name))):
        yield Fit(1.0, "the domain is the name")
        return
    if numbers(name) and numbers(label) and numbers(name) != numbers(label):
        return
    if label == solid(core_name(name)):
        yield Fit(0.95, "the domain is the name but for words that people leave out")
    if label in {*accumulate(words), *accumulate(told)}:
        yield Fit(0.75 if says_little([label]) else 0.9, "the domain is the name's first words")
    letters = {
        _initials(words),
        _initials(told),
        _initials(["n" if word == "and" else word for word in words]),
    }
    if len(label) > 1 and len(words) > 1 and label in letters:
        yield Fit(0.85 if len(label) > 2 else 0.8, "the domain is the first letters of the name")
    if len(label) >= _SHORT and label in told and not says_little([label]):
        yield Fit(0.82, "the domain is one of the name's words")
    if len(label) > 2 and len(told) > 1 and (_spells(label, words) or _spells(label, told)):
        yield Fit(0.82, "the domain is made of the beginnings of the name's words")
    whole = "".join(told)
    if (
        len(whole) >= _SHORT
        and label.startswith(whole)
        and not says_little(told)
        and not numbers(label[len(whole) :])
    ):
        yield Fit(0.82, "the domain begins with the name")
    ratio = _ratio(whole, label) / 100
    if ratio >= _NEARLY - 0.02 and len(label) > _SHORT + 1 and numbers(name) == numbers(label):
        yield Fit(round(ratio, 3), f"letters of name and domain {ratio:.0%} alike")


def _spells(label: str, words: Sequence[str]) -> bool:
    """Is the label made of beginnings of the words, in their order, from the first on, two of them at least?"""
    #: How far the label is spelled, by how many words were used.
    reached = {(size, 1) for size in range(1, len(words[0]) + 1) if label.startswith(words[0][:size])}
    for word in words[1:]:
        reached |= {
            (at + size, used + 1)
            for at, used in reached
            for size in range(1, len(word) + 1)
            if label.startswith(word[:size], at)
        }
    return any(at == len(label) and used > 1 for at, used in reached)


# -- enough to go by without a person --------------------------------------------------------------------------


@lru_cache(maxsize=_CACHE)
def is_one_name(one: str | None, other: str | None, domain: str, *, to_the_word: bool = False) -> bool:
    """Are these two names of companies which share this domain one name but for how people write it? So few doubts are
    left that nobody is asked.

    ``to_the_word``: nothing but spelling and legal forms may differ; no words are left out.
    """
    if not tells(one) or not tells(other):
        return False
    pairs = [
        (first, second)
        for first, second in product(sure_spellings(one), sure_spellings(other))
        if _numbers(first) == _numbers(second)
    ]
    return any(_is_one_name(*pair) for pair in pairs) or (
        not to_the_word
        and any(
            _is_short_for(first, second, domain) or _has_a_slip(first, second, domain)
            for pair in pairs
            for first, second in (pair, pair[::-1])
        )
    )


def _is_one_name(first: str, second: str) -> bool:
    bare = without_leading_form(first), without_leading_form(second)
    return (
        solid(first) == solid(second)
        or solid(bare[0]) == solid(bare[1])
        or solid(bare[0]) == solid(second)
        or solid(first) == solid(bare[1])
        or sorted(_telling(first)) == sorted(_telling(second))
    )


def _is_short_for(short: str, long: str, domain: str) -> bool:
    """Is the first the second without words that make no other company of it, and what the domain is called?"""
    whole, words = solid(short), _telling(long)
    left = next((words[used:] for used, said in enumerate(accumulate(words), start=1) if said == whole), None)
    if left is None:
        return False
    shown = fit_of_domain(short, domain)
    if left and only_loose(left):
        return shown.alike or len(short.split()) > 1
    return may_be_left_out(left) and shown.score >= _NEARLY


def _has_a_slip(first: str, second: str, domain: str) -> bool:
    """Are they the same but for one letter of one word, and the domain's name besides?"""
    mine, others = first.split(), second.split()
    differ = [(one, other) for one, other in zip(mine, others, strict=False) if one != other]
    return (
        len(mine) == len(others)
        and len(differ) == 1
        and all(len(word) >= _SLIP and word.isalpha() for word in differ[0])
        and _is_slip(*differ[0])
        and fit_of_domain(first, domain).alike
    )


def domain_is_for(one: str | None, other: str | None, domain: str) -> Fit | None:
    """Where one name is the domain's and the other is what it stands for, or both are written short in it (``IBM`` and
    ``International Business Machines`` at ibm.com): how well. None where it could be a part of the company."""
    label = _label(domain)
    if not label or not tells(one) or not tells(other) or numbers_of(one) != numbers_of(other):
        return None
    named = [
        any(label in (solid(way), "".join(_telling(way))) for way in sure_spellings(name))
        for name in (one, other)
    ]
    short = [_shown_by(name, label) for name in (one, other)]
    if (named[0] and short[1]) or (short[0] and named[1]) or all(short):
        return Fit(0.9, f"the domain is short for a name: {label}")
    return None


def _shown_by(name: str | None, label: str) -> bool:
    """Is the label made of the first letters of this name's words, or of their beginnings?"""
    for way in dict.fromkeys((*sure_spellings(name), written_name(name))):
        words, told = way.split(), _telling(way)
        letters = (_initials(words), _initials(told), _initials(["n" if w == "and" else w for w in words]))
        if len(words) > 1 and len(label) > 1 and label in letters:
            return True
        # The last word must have its part in it, or it could be the name of the whole company of which this is a part.
        if len(told) > 1 and label not in accumulate(told) and _spells_all(label, told):
            return True
    return False


def _spells_all(label: str, words: Sequence[str]) -> bool:
    """Is the label made of beginnings of all the words, in their order?"""
    reached = {0}
    for word in words:
        reached = {
            at + size
            for at in reached
            for size in range(1, len(word) + 1)
            if label.startswith(word[:size], at)
        }
    return len(label) in reached
