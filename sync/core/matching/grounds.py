"""On what grounds two Records are one account, or are asked about. Pure.

A domain that both share is one piece of evidence. A second one is wanted before anything is linked: names that are the
same but for how people write them, names that both fit the domain's label, or the same host and path below the domain.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import combinations

from mappings.identity.domains import place_below
from mappings.identity.names import normal_name, places_said, tells
from sync.core.matching.fit import (
    ALIKE,
    Fit,
    domain_is_for,
    fit_of_domain,
    fit_of_names,
    is_one_name,
    is_the_domain,
)
from sync.model.records import Record


class Ground(StrEnum):
    """What speaks for it that Records are one account."""

    #: They carry the id that Tandem wrote.
    TANDEM_ID = "same Tandem id"
    #: A domain of one company, and names that are one name.
    DOMAIN_AND_NAMES = "same domain and name"
    #: A domain of one company that both names fit.
    DOMAIN_AND_LABEL = "same domain, which both names fit"
    #: A domain of one company, and the same host or path below it.
    DOMAIN_AND_SITE = "same domain and page"
    #: A domain, and nothing that agrees with it: only a person can tell.
    DOMAIN = "same domain alone"
    #: A domain of many companies, and names that fit: only a person can tell.
    SHARED_DOMAIN = "shared domain"
    #: One Record alone, with nothing that speaks for another.
    ALONE = "one record alone"


#: What the same page is worth, and the most that names are worth which do not decide.
_SAME_SITE = 0.9
#: From here on the domain of a Record without a name is the name of the other.
_NAMED = 0.95

#: Those on which a Link is made without a person.
_DECISIVE = frozenset(
    {
        Ground.TANDEM_ID,
        Ground.DOMAIN_AND_NAMES,
        Ground.DOMAIN_AND_LABEL,
        Ground.DOMAIN_AND_SITE,
        Ground.ALONE,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Grounds:
    """Why Records are one account, or may be."""

    kind: Ground
    #: 0 to 1: how much speaks for it.
    score: float
    #: The same in words: ``same domain acme.com, and the same name``.
    why: str
    #: What the Records are called, in the order of the Records; empty where one has no name.
    names: tuple[str, ...] = ()
    #: The host and path of each, in the same order; empty where one has none.
    hosts: tuple[str, ...] = ()

    @property
    def decisive(self) -> bool:
        """Is it enough to make a Link without a person?"""
        return self.kind in _DECISIVE

    @property
    def likeness(self) -> float:
        """How well the names that there are fit each other, 0 to 1: the two that fit worst; 0 for fewer than two."""
        named = [name for name in self.names if tells(name)]
        fits = (fit_of_names(one, other).score for one, other in combinations(named, 2))
        return min(fits, default=0.0)

    @property
    def unlike(self) -> bool:
        """Are there names, and do two of them not fit each other? A Record without a name says nothing."""
        return sum(1 for name in self.names if tells(name)) > 1 and self.likeness < ALIKE


def grounds(
    kind: Ground, records: Sequence[Record], why: str, *, score: float = 1.0, domain: str | None = None
) -> Grounds:
    """These grounds, with what the Records are called and where they are found."""
    return Grounds(
        kind=kind,
        score=score,
        why=why,
        names=tuple(record.name or "" for record in records),
        hosts=tuple(_site(record, domain) for record in records),
    )


def _site(record: Record, domain: str | None) -> str:
    under = [site for site in record.sites if domain is None or _is_under(site, domain)]
    return next(iter(under), domain or record.domain or "")


def _is_under(site: str, domain: str) -> bool:
    host = site.partition("/")[0]
    return host == domain or host.endswith(f".{domain}")


def weigh(one: Record, other: Record, domain: str) -> Grounds:
    """What speaks for it that two Records which share a domain of one company are one account."""
    kind, fit = _weigh(one, other, domain)
    joint = "but" if kind is Ground.DOMAIN else "and"
    return grounds(
        kind, (one, other), f"same domain {domain}, {joint} {fit.why}", score=fit.score, domain=domain
    )


def _weigh(one: Record, other: Record, domain: str) -> tuple[Ground, Fit]:
    first, second = (_below(record, domain) for record in (one, other))
    if not (tells(one.name) and tells(other.name)):
        return _weigh_nameless(one, other, domain, first, second)
    names = fit_of_names(one.name, other.name)
    doubt = None
    if first and second and first != second:
        doubt = f"they stand at {first} and {second}"
    elif says_other_place(one.name, other.name, domain):
        doubt = "their names tell of different places"
    if doubt is not None:
        return Ground.DOMAIN, Fit(min(names.score, ALIKE), doubt)
    if is_one_name(one.name, other.name, domain, to_the_word=first != second):
        return Ground.DOMAIN_AND_NAMES, names
    if first and first == second:
        parts = [part for part in first.replace("/", ".").split(".") if part]
        fits = [fit_of_domain(record.name, part) for record in (one, other) for part in parts]
        if names.alike or max(fits).alike:
            return Ground.DOMAIN_AND_SITE, Fit(max(_SAME_SITE, names.score), f"the same page {first}")
    if first == second and (fit := domain_is_for(one.name, other.name, domain)) is not None:
        return Ground.DOMAIN_AND_LABEL, fit
    told = names.why if names.alike else f"the names differ ({names.why})"
    return Ground.DOMAIN, Fit(min(names.score, _SAME_SITE), told)


def _weigh_nameless(one: Record, other: Record, domain: str, first: str, second: str) -> tuple[Ground, Fit]:
    """One of them is known by its domain alone: that is its name."""
    named = next((record.name for record in (one, other) if tells(record.name)), None)
    if named is None:
        if first and first == second:
            return Ground.DOMAIN_AND_SITE, Fit(_SAME_SITE, f"the same page {first}")
        if is_the_domain(one.name, domain) and is_the_domain(other.name, domain) and first == second:
            return Ground.DOMAIN_AND_LABEL, Fit(_SAME_SITE, "both are called as the domain is")
        return Ground.DOMAIN, Fit(0.5, "neither has a name")
    fit = fit_of_domain(named, domain)
    if fit.score >= _NAMED and not (first or second):
        return Ground.DOMAIN_AND_LABEL, Fit(fit.score, f"{fit.why}; the other has no name")
    return Ground.DOMAIN, Fit(min(fit.score, ALIKE), "one of them has no name")


def says_other_place(one: str | None, other: str | None, domain: str) -> bool:
    """Does one of the names tell of a place (``Acme (UK)``) that the other does not, nor the domain's suffix?"""
    first, second = places_said(one), places_said(other)
    suffix = domain.rpartition(".")[2]
    return any(suffix not in place.suffixes for place in first ^ second)


def _below(record: Record, domain: str) -> str:
    """What of a Record's address tells companies apart that share the domain: ``aws.``, ``/wholefoods``."""
    return next((place_below(site, domain) for site in record.sites if _is_under(site, domain)), "")


def strangers(records: Iterable[Record]) -> tuple[Record, Record] | None:
    """Of the Records of one System under a domain two whose names do not fit each other: whoever shares a domain with
    them shares it with several companies. None where all may be one."""
    named = sorted(
        (record for record in records if tells(record.name)),
        key=lambda record: (normal_name(record.name), record.id),
    )
    first = named[0] if named else None
    for other in named[1:]:
        if first is not None and not fit_of_names(first.name, other.name).alike:
            return first, other
    return None
