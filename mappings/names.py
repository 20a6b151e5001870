"""A company's name in the form in which two spellings of it are equal."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

#: Words that say how a company is registered, not which one it is. Compared after dots and
#: accents are gone, so `S.A.` is `sa` and `GmbH & Co. KG` is `gmbh co kg`.
_LEGAL_FORMS = frozenset(
    """
    ab ag aps as asa bhd bv bvba co company corp corporation cv doo dba eg eirl ev gmbh gesmbh
    inc incorporated kft kg kgaa kk limited llc llp lp ltd ltda mbh nv ohg oy oyj plc pllc pte
    pty pvt private proprietary publ sa sab sac sae sarl sas sasu scs sdn se sl slu snc spa spzoo srl
    sro ug unlimited zrt
    """.split()  # a list of ninety words reads as words
)

_DOTTED = re.compile(r"\b(?:\w\.){2,}(?:\w\b)?")
_SPACED_FORMS = re.compile(r"\b(?:sp z o ?o|s r o|s r l|s p a|d o o|s a s|a s|s a)\Z")
#: The last word of a spaced form is one letter, or `oo`.
_LETTERS = 2
_APOSTROPHE = re.compile("['\u2019\u2018`]")
_NOT_A_WORD = re.compile(r"[\W_]+")
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
    if len(words) > 1 and words[0] == "the":
        words = words[1:]
    return " ".join(_without_legal_forms(words))


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
        elif kept[-1] in _LEGAL_FORMS or (kept[-1] == "and" and len(kept) < len(words)):
            kept = kept[:-1]
        else:
            break
    return kept
