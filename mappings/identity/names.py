"""A company's name in the form in which two spellings of it are equal."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib import resources
from typing import Any

from ruamel.yaml import YAML

_DOTTED = re.compile(r"\b(?:\w\.){2,}(?:\w\b)?")
#: Scripts without spaces write them onto the name.
_GLUED_FORMS = re.compile(
    r"\A(?:株式会社|有限会社|合同会社|주식회사|유한회사)(?=.)"
    r"|(?<=.)(?:株式会社|有限会社|合同会社|주식회사|유한회사|股份有限公司|有限责任公司|有限公司|股份公司)\Z"
)
#: Only short words are taken together for one form: `s a r l`, `g mbh`.
_LETTERS = 3
#: How many words one form has at most: `spolka z ograniczona odpowiedzialnoscia`, `s a de c v`.
_MOST_WORDS = 6
_APOSTROPHE = re.compile("['\u2019\u2018`\u02bc]")
_NOT_A_WORD = re.compile(r"[\W_]+")
_MARKS = re.compile("[\u2122\u00ae\u00a9\u2120\u200b-\u200f\u2060\ufeff\u00ad]")
#: What somebody noted behind or before a name that stands twice.
_NOTED = re.compile(
    r"\A\W*(?:duplicate|dupe|dup|do not use|inactive)\s*[-\u2013\u2014:\])]+\s*(?=\w)"
    r"|[\s]*[-\u2013\u2014:(\[*_]+\s*(?:duplicate|dupe|dup|do not use|inactive)\W*\Z"
)
#: Where a company is registered, as lists of filings have it: `INC /DE/`, `CORP/CA`.
_REGISTER = re.compile(r"(?<=\w)\s*/\s*([a-z]{2,3})\s*/?\s*\Z")
_BRACKETS = re.compile(r"\s*[(\[]([^()\[\]]*)[)\]]\s*\Z")
_SHARES = re.compile(r"class [a-z]|[a-z] shares?")
#: What follows is another name of the same company.
_ALSO = re.compile(
    r"[\s,;(\[-]+(?:formerly(?: known as)?|previously(?: known as)?|f/?k/?a|n/?k/?a|now known as|d/?b/?a|a/?k/?a"
    r"|also known as|doing business as|trading as|t/a)\b[.:)]*\s*",
)
_GERMAN = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ø": "oe", "å": "aa"})
#: A name that is the address of a website: `https://www.acme.com/`, `acme.io`.
_ADDRESS = re.compile(r"(?:https?://)?(?:www\.)?([\w-]+)\.(?:[a-z]{2,3}\.)?[a-z]{2,6}/?\Z")
#: Where one part of a glued word ends and the next begins: `HuddleUp`, `SiriusXM`.
_PARTS = re.compile("(?<=[a-z\u00df-\u00f6\u00f8-\u00ff])(?=[A-Z\u00c0-\u00d6\u00d8-\u00de])")
#: Letters from which on a part is a word of its own.
_PART = 4
#: Letters and digits inside a word that look like others: `Linkedln`, `AuthO`.
_LOOK_ALIKE = re.compile("(?<=[a-z])I|(?<=[A-Za-z])[01](?![0-9])")
_LOOKS = str.maketrans({"I": "l", "1": "l", "0": "o"})
#: Letters of a name that tells anything.
_FEWEST = 2
_CACHE = 1 << 17


@lru_cache(maxsize=_CACHE)
def normal_name(text: str | None) -> str:
    """Case-folded words without accents, punctuation, a leading `the`, legal forms, abbreviations, register marks,
    places in brackets behind it, and what it was called formerly.

    A name that is nothing but legal forms keeps them: it is all there is to know it by. Empty
    when the text holds no letter or digit.
    """
    folded = (text or "").casefold()
    plain = _ALSO.split(_bare(folded), maxsplit=1)[0]
    return _normal(plain) or _normal(folded)


@lru_cache(maxsize=_CACHE)
def spellings(text: str | None) -> tuple[str, ...]:
    """The normal names that this name has as others write it, the usual one first: `mueller` of `Müller`, `acme` of
    `acme.com`, both names of `Vision Service Plan dba VSP Global`, other scripts in Latin letters, `sirius xm` of
    `SiriusXM`, `linkedln` of `LinkedIn`, `msb` of `Magic Sandbox (MSB)`."""
    found, front, inside = _writings(text)
    short = inside if _is_short_for(inside, front) or _is_short_for(front, inside) else ""
    return tuple(dict.fromkeys(name for name in (*found, front, short, *_glued(text)) if name))


@lru_cache(maxsize=_CACHE)
def sure_spellings(text: str | None) -> tuple[str, ...]:
    """Of its spellings those that are no other company's: without what stands in brackets behind it only where that is
    its own short form, or a class of its shares."""
    found, front, inside = _writings(text)
    if not (_SHARES.fullmatch(inside) or (len(inside) > 1 and solid(inside) in _short_forms(front))):
        front = ""
    return tuple(dict.fromkeys(name for name in (*found, front) if name))


def _writings(text: str | None) -> tuple[tuple[str, ...], str, str]:
    """The name as it is written, and what stands in front of a bracket and inside of it; empty where there is none."""
    usual = normal_name(text)
    if not usual:
        return (), "", ""
    folded = _bare((text or "").casefold())
    found = (usual, *_other_writings(usual, folded))
    bracket = _BRACKETS.search(folded)
    if bracket is None or bracket.start() == 0:
        return found, "", ""
    return found, _normal(folded[: bracket.start()]), _normal(bracket[1])


def _is_short_for(short: str, long: str) -> bool:
    """Is the first one word made of letters of the second in their order, from its first one on?"""
    letters = iter(solid(long))
    return (
        1 < len(short) <= len(solid(long)) // 2
        and " " not in short
        and short[:1] == long[:1]
        and all(letter in letters for letter in short)
    )


def _glued(text: str | None) -> Iterator[str]:
    """The name with its glued words apart, and with letters as what they look like."""
    if text is None or text.islower() or text.isupper():
        return
    if text.istitle() and "0" not in text and "1" not in text:
        return
    if _PARTS.search(text):
        yield _normal(_ALSO.split(_bare(_parted(text).casefold()), maxsplit=1)[0])
    if _LOOK_ALIKE.search(text):
        yield _normal(_LOOK_ALIKE.sub(lambda found: found[0].translate(_LOOKS), text).casefold())


def _parted(text: str) -> str:
    words: list[str] = []
    for word in text.split():
        part = ""
        pieces = _PARTS.split(word)
        for piece, behind in zip(pieces, [*pieces[1:], ""], strict=True):
            part += piece
            if len(part) >= (_PART - 1 if len(behind) > _PART + 1 else _PART) or part == "The":
                words.append(part)
                part = ""
        if part:
            words.append(part)
    return " ".join(words)


def _short_forms(normal: str) -> set[str]:
    words = normal.split()
    return {
        solid(normal),
        "".join(word[0] for word in words),
        "".join(word[0] for word in words if word not in {"and", "of", "the", "for", "in"}),
    }


def _other_writings(usual: str, folded: str) -> list[str]:
    found: list[str] = []
    composed = unicodedata.normalize("NFC", folded)
    if not folded.isascii():
        found.append(_normal(_ALSO.split(composed.translate(_GERMAN), maxsplit=1)[0]))
        found.append(_normal(_in_latin(usual)))
    found.extend(_normal(other.strip(" )]")) for other in _ALSO.split(folded)[1:])
    address = _ADDRESS.match(folded.strip())
    if address is not None:
        found.append(_normal(address[1]))
    return found


def written_name(text: str | None) -> str:
    """The normal name with its abbreviations as they are written, as a domain has them."""
    return _normal(_ALSO.split(_bare((text or "").casefold()), maxsplit=1)[0], abbreviations={})


def _bare(folded: str) -> str:
    """Without what somebody noted beside the name, and without trademarks' signs."""
    return _NOTED.sub("", _MARKS.sub("", folded).replace("(the)", " ")) or folded


def _normal(folded: str, abbreviations: Mapping[str, str] | None = None) -> str:
    words = _split(_placeless(folded), abbreviations)
    if len(words) > 1 and words[-1] == "the":
        # As lists sort it: Hershey Company (The).
        words = words[:-1]
    if len(words) > 1 and words[0] == "the":
        words = words[1:]
    words = _without_legal_forms(words)
    while len(words) > 1 and words[0] in _words("leading_forms"):
        words = words[1:]
    return _GLUED_FORMS.sub("", " ".join(words))


def _split(folded: str, abbreviations: Mapping[str, str] | None = None) -> list[str]:
    """The words, abbreviations written out."""
    plain = (
        (folded if folded.isascii() else _without_accents(folded))
        .replace("&", " and ")
        .replace("+", " plus ")
    )
    joined = _DOTTED.sub(lambda found: found.group().replace(".", ""), plain)
    words = _NOT_A_WORD.sub(" ", _APOSTROPHE.sub("", joined)).split()
    if abbreviations is None:
        abbreviations = _abbreviations()
    # A name that is one short word is not an abbreviation of anything.
    return [abbreviations.get(word, word) for word in words] if len(words) > 1 else words


def _placeless(folded: str) -> str:
    """Without the places behind a name: `/de/`, `(germany)`."""
    register = _REGISTER.search(folded)
    if register is not None and register[1] in _words("registers"):
        folded = folded[: register.start()]
    bracket = _BRACKETS.search(folded)
    if bracket is not None and bracket.start() > 0 and bracket[1].strip().replace(".", "") in _places():
        folded = folded[: bracket.start()]
    return folded


@dataclass(frozen=True, slots=True)
class Place:
    """A country (or another place) that a name tells of."""

    name: str
    #: Last labels of domains that say no more than that: ``de`` of Germany.
    suffixes: frozenset[str] = frozenset()


@lru_cache(maxsize=_CACHE)
def places_said(text: str | None) -> frozenset[Place]:
    """The places that stand in a name and that its normal form leaves out: in brackets behind it, or as a short form
    that is a legal form elsewhere (``Acme (UK)``, ``Acme UK``)."""
    folded = _bare((text or "").casefold())
    register = _REGISTER.search(folded)
    if register is not None:
        folded = folded[: register.start()]
    found: set[Place] = set()
    bracket = _BRACKETS.search(folded)
    if bracket is not None and bracket.start() > 0:
        inside = bracket[1].strip().replace(".", "")
        if inside in _places():
            found.add(_countries().get(inside, Place(inside)))
        folded = folded[: bracket.start()]
    words = _NOT_A_WORD.sub(" ", folded).split()
    # Whoever writes it into the name means it, whatever the domain ends in.
    found.update(Place(word) for word in words[1:] if word in _words("countries_like_forms"))
    return frozenset(found)


@cache
def _countries() -> dict[str, Place]:
    return {
        name: Place(names[0], frozenset(names[-1].split()))
        for names in _lists()["countries"]
        for name in names[:-1]
    }


def may_be_left_out(words: Iterable[str]) -> bool:
    """Are these words behind a name that people leave out, and that make no other company of it?"""
    return all(word in _words("trade_words") or only_loose([word]) for word in words)


def only_loose(words: Iterable[str]) -> bool:
    """Are these words such as `group` and `worldwide`? A holding may be another company than what it holds."""
    return all(word in _words("loose_words") and not word.startswith("holding") for word in words)


def core_name(normal: str) -> str:
    """Of a normal name what is left without the words behind it that people leave out, and without `groupe` in front;
    itself where it has none."""
    words = normal.split()
    while len(words) > 1 and words[-1] in _words("loose_words"):
        words = _without_legal_forms(words[:-1])
    if len(words) > 1 and words[0] in _words("loose_words_in_front"):
        words = words[1:]
    return " ".join(words)


def short_core(normal: str) -> str:
    """Of a normal name what is left without all words behind it that say what a company makes, or how it is held."""
    front, _, end = normal.rpartition(" ")
    if not front or (
        end not in _left_out() and normal[: normal.index(" ")] not in _words("loose_words_in_front")
    ):
        return normal
    words = core_name(normal).split()
    while len(words) > 1 and may_be_left_out(words[-1:]):
        words = words[:-1]
    return " ".join(words)


def is_usual(word: str) -> bool:
    """Is this a word that stands in many names, whole or short: `bank`, `technology`, `lab`?"""
    return word in _usual()


@cache
def _left_out() -> frozenset[str]:
    return _words("trade_words") | _words("loose_words")


@cache
def _usual() -> frozenset[str]:
    told = (_words(kind) for kind in ("common_words", "trade_words", "loose_words", "glued_words"))
    return frozenset().union(*told, _abbreviations(), _abbreviations().values(), _forms()[0])


_ALONE = re.compile(r"\b[a-z](?: [a-z])+\b")


def joined_letters(normal: str) -> str:
    """Letters that stand alone as one word: ``jb hunt`` of ``j b hunt``."""
    return _ALONE.sub(lambda found: found[0].replace(" ", ""), normal)


def without_leading_form(normal: str) -> str:
    """Of a normal name what is left without a legal form of any country in front; itself where there is none."""
    words = normal.split()
    for size in range(min(_MOST_WORDS, len(words) - 1), 0, -1):
        if _is_form(words[:size]):
            return " ".join(words[size:])
    return normal


def without_form_words(glued: str) -> str:
    """Of a domain's label what is left without `the` in front and a legal form behind: `kroger` of `thekrogerco`."""
    bare = glued.removeprefix("the") if len(glued) > len("the") + _FEWEST else glued
    for form in _words("glued_forms"):
        if bare.endswith(form) and len(bare) > len(form) + 1 and bare != f"the{form}":
            return bare.removesuffix(form)
    return bare


def numbers(normal: str) -> tuple[str, ...]:
    """The numbers in a name, in order of size: companies whose names differ in one are two."""
    return tuple(sorted(re.findall(r"[0-9]+", normal)))


def _without_accents(folded: str) -> str:
    apart = unicodedata.normalize("NFKD", folded)
    bare = "".join(character for character in apart if not unicodedata.combining(character))
    # Taking letters apart can bring up one that folds again (the lunate sigma).
    whole = unicodedata.normalize("NFC", bare.casefold())
    return whole if whole.isascii() else "".join(_latin(character) for character in whole)


@cache
def _latin(character: str) -> str:
    """Letters that no accent makes: `ø`, `ł`, `đ`, `æ`, `þ`; those of other scripts as they are."""
    if character.isascii() or not unicodedata.name(character, "").startswith("LATIN"):
        return character
    return _in_latin(character)


def _in_latin(text: str) -> str:
    # Its tables are large, and most names are ASCII.
    from anyascii import anyascii  # noqa: PLC0415

    return anyascii(text).casefold()


def _without_legal_forms(words: list[str]) -> list[str]:
    kept = list(words)
    while len(kept) > 1:
        sizes = range(min(_MOST_WORDS, len(kept) - 1), 0, -1)
        size = next((size for size in sizes if _is_form(kept[-size:])), 0)
        if size == 0 and not (kept[-1] == "and" and len(kept) < len(words)):
            break
        kept = kept[: -(size or 1)]
    return kept


def _is_form(words: list[str]) -> bool:
    """Are these words one legal form: `gmbh`, `s a r l`, `societe anonyme`?"""
    joined = "".join(words)
    short, spelled = _forms()
    if len(words) == 1:
        return joined in short
    return " ".join(words) in spelled or (joined in short and max(map(len, words)) <= _LETTERS)


@cache
def _forms() -> tuple[frozenset[str], frozenset[str]]:
    """Legal forms without spaces, and those of several words."""
    # Nobody waits for its code who compares no names.
    from cleanco.termdata import terms_by_country, terms_by_type  # noqa: PLC0415

    told = {term for lists in (terms_by_country, terms_by_type) for terms in lists.values() for term in terms}
    spelled = {" ".join(_split(term.casefold().strip())) for term in [*told, *_lists()["spelled_forms"]]}
    return frozenset({form.replace(" ", "") for form in spelled} | _words("legal_forms")), frozenset(spelled)


@cache
def _abbreviations() -> dict[str, str]:
    return dict(_lists()["abbreviations"])


def is_abbreviated(normal: str, text: str | None) -> bool:
    """Does this normal name write out what the text has short: `labs` for `Lab`, `technology` for `Tech`?"""
    found = _long_forms().intersection(normal.split())
    return bool(found) and any(word not in (text or "").casefold() for word in found)


@cache
def _long_forms() -> frozenset[str]:
    return frozenset(_abbreviations().values())


@cache
def _places() -> frozenset[str]:
    return frozenset(_lists()["places"])


#: ``test 2``, ``xxxx``, ``12345``.
_TYPED = re.compile(r"test[0-9]*|(.)\1*|[0-9]+")


def names_nobody(normal: str) -> bool:
    """Is this normal name what people type where they have no company: ``n/a``, ``test 2``, ``self-employed``?"""
    return normal in _nobody() or _TYPED.fullmatch(normal.replace(" ", "")) is not None


def tells(name: str | None) -> str:
    """The name in its normal form; empty where it names nobody."""
    plain = normal_name(name)
    return "" if names_nobody(plain) or len(solid(plain)) < _FEWEST else plain


def solid(normal: str) -> str:
    """Without spaces: ``a o smith`` and ``ao smith`` are one name."""
    return normal.replace(" ", "")


def says_little(words: Iterable[str]) -> bool:
    """Are these words that many companies begin with, such as `american` or `first national`?"""
    return all(word in _words("common_words") or len(word) < _FEWEST for word in words)


def name_to_show(names: Iterable[str | None], domain: str | None) -> str | None:
    """What a company may be called in a CRM: the first name that names somebody, else the domain.

    ``n/a``, ``test`` and bare numbers name nobody, unless the domain bears them too (``360`` at 360.cn).
    """
    label = (domain or "").partition(".")[0]
    for name in names:
        plain = normal_name(name)
        if plain and (not names_nobody(plain) or solid(plain) == label):
            return name
    return domain


@cache
def _nobody() -> frozenset[str]:
    return frozenset(normal_name(name) for names in _lists()["nobody"].values() for name in names)


@cache
def _words(kind: str) -> frozenset[str]:
    return frozenset(word for line in _lists()[kind] for word in line.split())


@cache
def _lists() -> dict[str, Any]:
    text = resources.files("mappings").joinpath("names.yaml").read_text(encoding="utf-8")
    lists: dict[str, Any] = YAML(typ="safe", pure=True).load(text)
    return lists
