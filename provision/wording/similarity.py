"""What a stage is most like: by its words, their synonyms, its place. Proposals for a person, never decisions."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from rapidfuzz import fuzz, process

from provision.wording.vocabulary import ENGLISH, WORDS, Meaning

#: Of 100: below this two labels only happen to share letters.
_NEAR = 80.0
#: A synonym must be met more closely: short words are near to many others.
_SYNONYM = 88.0

_NUMBERING = re.compile(
    r"^\s*(?:(?:stage|phase|step|stufe|étape|etapa|fase)\s*)?\d+(?:\.\d+)*[\s\-.:)%\u2013\u2014]*\s",
    re.IGNORECASE,
)
_APOSTROPHES = str.maketrans("", "", "'\u2019`")
#: Words that say it only where they stand alone: "Closed, no budget" is no win.
_ONLY_ALONE = frozenset(
    {"closed", "customer", "client", "kunde", "new", "active", "lead", "target", "neu", "ny"}
)
_NEGATIONS = frozenset(
    {"not", "no", "never", "without", "nicht", "kein", "keine", "ohne", "non", "pas", "sans", "sin"}
)
_NO_LETTER = re.compile(r"[\W_]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """One value of the contract that something may be like."""

    value: str
    #: Everything it is called: its key, its labels, its spellings in the Systems.
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Suggestion:
    """What something most likely means, and why."""

    value: str
    reason: str
    #: The words are the same. Everything else is for a person to confirm.
    sure: bool = False


def plain(text: str) -> str:
    """A label without case, accents, punctuation and a leading number: ``"3 - Négociation"`` -> ``negociation``."""
    bare = _NUMBERING.sub("", text).translate(_APOSTROPHES)
    letters = "".join(
        letter
        for letter in unicodedata.normalize("NFKD", bare.casefold())
        if not unicodedata.combining(letter)
    )
    return " ".join(_NO_LETTER.sub(" ", unicodedata.normalize("NFC", letters)).split())


_SPOKEN: dict[str, tuple[Meaning, str]] = {}
for _meaning, _languages in WORDS.items():
    for _language, _words in _languages.items():
        for _word in _words:
            _SPOKEN.setdefault(plain(_word), (_meaning, _language))


def spoken(label: str) -> tuple[Meaning, str, str] | None:
    """What a label says: its meaning, the language and the word by which it was known; None where nothing is known."""
    text = plain(label)
    if not text:
        return None
    found = process.extractOne(text, _SPOKEN.keys(), scorer=fuzz.ratio, score_cutoff=_SYNONYM)
    if found is None:
        found = _longest_within(text)
    if found is None:
        return None
    meaning, language = _SPOKEN[found[0]]
    return meaning, language, found[0]


def _longest_within(text: str) -> tuple[str, float, int] | None:
    """The longest known expression that stands in a label word for word: ``signed with partner`` says ``signed``."""
    if _NEGATIONS & set(text.split()):
        return None
    padded = f" {text} "
    within = [
        word
        for word in _SPOKEN.keys() - _ONLY_ALONE
        # Scripts without spaces are looked at letter by letter.
        if f" {word} " in padded
        or (not word.isascii() and len(word) > 1 and word in text and _unspaced(word))
    ]
    return (max(within, key=len), 100.0, 0) if within else None


def _unspaced(word: str) -> bool:
    return all(ord(letter) > 0x2E80 for letter in word)


def ending(label: str) -> Meaning | None:
    """``WON`` or ``LOST`` where a label says so in clear words; "Closed" alone says neither."""
    said = spoken(label)
    if said is None or said[0] not in {Meaning.WON, Meaning.LOST} or said[2] in _ONLY_ALONE:
        return None
    return said[0]


def language_of(label: str) -> str | None:
    """The language of a label where it is known not to be English; ``another script`` for letters we cannot read."""
    known = spoken(label)
    if known is not None:
        return None if known[1] == ENGLISH else known[1]
    letters = [letter for letter in label if letter.isalpha()]
    foreign = [letter for letter in letters if not unicodedata.name(letter, "").startswith("LATIN")]
    return "another script" if letters and len(foreign) * 2 > len(letters) else None


def nearest(
    names: Sequence[str], candidates: Sequence[Candidate], *, order: Sequence[str] = (), value: str = ""
) -> Suggestion | None:
    """Which candidate something is most like, by its words, then by synonyms, then by its place.

    ``names``: what it is called, its label first. ``order``: all values as people see them in the System, in which
    ``value`` and the candidates' values stand; the candidate before it is the careful choice.
    """
    return (
        _by_words(names, candidates)
        or _by_synonym(names, candidates)
        or _by_near_words(names, candidates)
        or _by_place(value, candidates, order)
    )


def _by_words(names: Sequence[str], candidates: Sequence[Candidate]) -> Suggestion | None:
    for name in names:
        text = plain(name)
        for candidate in candidates:
            same = next((known for known in candidate.names if text and plain(known) == text), None)
            if same is not None:
                return Suggestion(value=candidate.value, reason=f"the same words as {same!r}", sure=True)
    return None


def _by_synonym(names: Sequence[str], candidates: Sequence[Candidate]) -> Suggestion | None:
    for name in names:
        said = spoken(name)
        if said is None:
            continue
        meaning, language, word = said
        for candidate in candidates:
            if meaning in _meanings(candidate.names):
                tongue = "" if language == ENGLISH else f" in {language}"
                return Suggestion(value=candidate.value, reason=f"{word!r} is another word for it{tongue}")
    return None


def _meanings(names: Iterable[str]) -> Collection[Meaning]:
    return {said[0] for said in map(spoken, names) if said is not None}


def _by_near_words(names: Sequence[str], candidates: Sequence[Candidate]) -> Suggestion | None:
    known = {(candidate.value, name): plain(name) for candidate in candidates for name in candidate.names}
    best: tuple[float, str, str] | None = None
    for name in names:
        found = process.extractOne(plain(name), known, scorer=fuzz.token_sort_ratio, score_cutoff=_NEAR)
        if found is not None and (best is None or found[1] > best[0]):
            value, called = found[2]
            best = (found[1], value, called)
    if best is None:
        return None
    return Suggestion(value=best[1], reason=f"{best[0]:.0f} % like {best[2]!r}")


def _by_place(value: str, candidates: Sequence[Candidate], order: Sequence[str]) -> Suggestion | None:
    """The nearest rung before it: too low a rung is put right by the next step, too high a one hides a lack."""
    if value not in order:
        return None
    by_name = {name: candidate.value for candidate in candidates for name in candidate.names}
    place = order.index(value)
    before = next((by_name[name] for name in reversed(order[:place]) if name in by_name), None)
    if before is not None:
        return Suggestion(value=before, reason=f"it stands behind {before}")
    after = next((by_name[name] for name in order[place + 1 :] if name in by_name), None)
    return Suggestion(value=after, reason=f"it stands before {after}") if after is not None else None
