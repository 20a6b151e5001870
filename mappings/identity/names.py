"""A company's name in the form in which two spellings of it are equal."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from functools import cache, lru_cache
from importlib import resources
from typing import Any

from ruamel.yaml import YAML

_DOTTED = re.compile(r"\b(?:\w\.){2,}(?:\w\b)?")
_SPACED_FORMS = re.compile(
    r"\b(?:sp z o ?o|s r o|s r l|s p a|d o o|s a s|a s|s a|s ?a(?: ?b| ?p ?i)? de c ?v|s de r ?l de c ?v)\Z"
)
#: Scripts without spaces write them onto the name.
_GLUED_FORMS = re.compile(
    r"\A(?:株式会社|有限会社|合同会社|주식회사|유한회사)(?=.)"
    r"|(?<=.)(?:株式会社|有限会社|合同会社|주식회사|유한회사|股份有限公司|有限责任公司|有限公司|股份公司)\Z"
)
#: The last word of a spaced form is one letter, or `oo`.
_LETTERS = 2
_APOSTROPHE = re.compile("['\u2019\u2018`]")
_NOT_A_WORD = re.compile(r"[\W_]+")
#: Letters of a name that tells anything.
_FEWEST = 2
_CACHE = 1 << 17


@lru_cache(maxsize=_CACHE)
def normal_name(text: str | None) -> str:
    """Case-folded words without accents, punctuation, a leading `the` and trailing legal forms.

    A name that is nothing but legal forms keeps them: it is all there is to know it by. Empty
    when the text holds no letter or digit.
    """
    folded = (text or "").casefold()
    plain = (
        (folded if folded.isascii() else _without_accents(folded))
        .replace("&", " and ")
        .replace("+", " plus ")
    )
    joined = _DOTTED.sub(lambda found: found.group().replace(".", ""), plain)
    words = _NOT_A_WORD.sub(" ", _APOSTROPHE.sub("", joined)).split()
    if len(words) > 1 and words[-1] == "the":
        # As lists sort it: Hershey Company (The).
        words = words[:-1]
    if len(words) > 1 and words[0] == "the":
        words = words[1:]
    while len(words) > 1 and words[0] in _words("leading_forms"):
        words = words[1:]
    return _GLUED_FORMS.sub("", " ".join(_without_legal_forms(words)))


def core_name(normal: str) -> str:
    """Of a normal name what is left without the words behind it that people leave out; itself where it has none."""
    words = normal.split()
    while len(words) > 1 and words[-1] in _words("loose_words"):
        words = _without_legal_forms(words[:-1])
    return " ".join(words)


def _without_accents(folded: str) -> str:
    apart = unicodedata.normalize("NFKD", folded)
    bare = "".join(character for character in apart if not unicodedata.combining(character))
    # Taking letters apart can bring up one that folds again (the lunate sigma).
    return unicodedata.normalize("NFC", bare.casefold())


def _without_legal_forms(words: list[str]) -> list[str]:
    kept = list(words)
    while len(kept) > 1:
        spaced = _SPACED_FORMS.search(" ".join(kept)) if len(kept[-1]) <= _LETTERS else None
        if spaced is not None and spaced.start() > 0:
            kept = " ".join(kept)[: spaced.start()].split()
        elif kept[-1] in _words("legal_forms") or (kept[-1] == "and" and len(kept) < len(words)):
            kept = kept[:-1]
        else:
            break
    return kept


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
