"""The domain that recognises a company, out of what people type into a website field.

Both CRMs keep it as free text: `acme.com`, `http://www.acme.com/`, `HTTPS://Acme.com/en`, `http//acme.com`,
`[Acme](https://acme.com)`, `facebook.com/acme, acme.com`.
The public suffix list that tldextract carries decides where the registrable part begins; its
private section is used too, so that `acme.github.io` and `other.github.io` stay two companies, and so are the
hosts of services that give each customer one (`acme.zendesk.com`).
Nothing is fetched.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache, lru_cache
from html import unescape
from importlib import resources
from ipaddress import ip_address
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import unquote

import idna
from ruamel.yaml import YAML

from mappings.identity.names import names_nobody, normal_name

if TYPE_CHECKING:
    from tldextract import TLDExtract

#: What stands between two addresses in one cell; brackets and quotes bring markdown and HTML along.
_SEPARATORS = re.compile(r"[\s,;|<>()\[\]{}\"']+")
#: Also as it is mistyped: `http//`, `htp:`, `http.//`; a name in front of an attribute, as `href=`.
_SCHEME = re.compile(
    r"h?t{1,3}ps?[:.]*[/\\]+|[A-Za-z][A-Za-z0-9+-]*(?:=|:[/\\]*)(?=[^0-9])|[/\\]{2,}", re.IGNORECASE
)
_HOST = re.compile(r"[a-z0-9_-]+(?:\.[a-z0-9_-]+)+\Z")
_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\Z")
#: A percent that is left stands for a blank.
_END_OF_HOST = re.compile(r"[/?#\\%]")
_END_OF_PATH = re.compile(r"[?#\\%;]")
_LANGUAGE = re.compile(r"[a-z]{2}(?:[-_][a-z]{2})?")
_DOTS = re.compile(r"\.{2,}")
#: Signs of emphasis and of lists.
_AROUND = "*_`~-.:=+!^\u00b7%"
_ESCAPED_BLANKS = re.compile(r"\A(?:%20|%09|%0a|%0d|%c2%a0|\+)+", re.IGNORECASE)
_BLANK_ESCAPE = re.compile(r"%(?=20|09|0a|0d)", re.IGNORECASE)
#: What a word processor makes of a text: quotes, bullets, dashes and marks become blanks, what is not seen goes.
_TYPOGRAPHY = {
    **dict.fromkeys(
        map(
            ord,
            "\u201c\u201d\u201e\u2018\u2019\u201a\u00ab\u00bb\u2039\u203a\u2022\u2023\u25e6\u25cf\u25cb\u25aa\u25a0\u2043\u2219\u2013\u2014\u2192\u2026",
        ),
        " ",
    ),
    **dict.fromkeys(
        map(
            ord,
            "\u2122\u00ae\u00a9\u2120\u00ad\u200b\u200c\u200d\u200e\u200f\u2060\ufeff\u202a\u202b\u202c\u202d\u202e",
        ),
        "",
    ),
    **dict.fromkeys(map(ord, "\u2044\u2215\u29f8"), "/"),
    **dict.fromkeys(map(ord, "\u2010\u2011"), "-"),
    **dict.fromkeys(map(ord, "\u3002\uff61"), "."),
    **dict.fromkeys(map(ord, "\u3001\uff0c\uff1b\uff5c"), ","),
}
_CACHE = 1 << 17


@lru_cache(maxsize=_CACHE)
def registrable_domains(text: str | None) -> tuple[str, ...]:
    """Every registrable domain that the text holds, in small ASCII letters, each once.

    Websites stand first, then those of e-mail addresses, then those that belong to many companies; among equals the
    order is that of the text. A public suffix alone (`co.uk`, `github.io`), an IP address and a bare word are none.
    """
    if not text:
        return ()
    found: dict[str, int] = {}
    for word in _SEPARATORS.split(_plain(text)):
        domain = _registrable(word) if "." in word or "%" in word or not word.isascii() else None
        if domain is not None:
            rank = 2 if _is_listed(domain) else int("@" in word and "//" not in word)
            found[domain] = min(rank, found.get(domain, rank))
    return tuple(sorted(found, key=found.__getitem__))


def registrable_domain(text: str | None) -> str | None:
    """The registrable domain of a website, a domain or an e-mail address; None when the text holds none.

    Of several the first that ``registrable_domains`` names.
    """
    return next(iter(registrable_domains(text)), None)


def company_domains(text: str | None) -> tuple[str, ...]:
    """The registrable domains of the text that belong to one company each."""
    return tuple(domain for domain in registrable_domains(text) if not _is_listed(domain))


def is_shared(domain: str | None) -> bool:
    """Does this domain (or website, or e-mail) belong to many companies, so that it says nothing?

    Free-mail providers, social networks, site builders, link shorteners and placeholders; the
    lists are `shared_domains.yaml` and `domain_lists/`.
    """
    found = registrable_domain(domain)
    return found is not None and _is_listed(found)


def is_unreadable(text: str | None) -> bool:
    """Does the cell say something of which no domain could be read? Dashes, `n/a` and the like say nothing."""
    plain = normal_name(text)
    return bool(plain) and not names_nobody(plain) and not registrable_domains(text)


@lru_cache(maxsize=_CACHE)
def company_sites(text: str | None) -> tuple[str, ...]:
    """The addresses in the text under domains of one company each that say more than the domain does, in the order of
    ``company_domains``: host and path in small letters, without `www.` and what stands behind the path
    (`amazon.com/wholefoods`)."""
    found: dict[str, list[str]] = {domain: [] for domain in company_domains(text)}
    for word in _SEPARATORS.split(_plain(text or "")) if found else ():
        domain = _registrable(word) if "." in word or "%" in word or not word.isascii() else None
        if domain in found and not ("@" in word and "//" not in word):
            host, path = _host_and_path(word)
            site = f"{host.removeprefix('www.')}{path}"
            if place_below(site, domain):
                found[domain].append(site)
    return tuple(dict.fromkeys(site for sites in found.values() for site in sites))


def place_below(site: str, domain: str) -> str:
    """What of an address below a company's domain may tell one company from another: ``aws.`` of aws.amazon.com,
    ``/wholefoods`` of amazon.com/wholefoods. Empty where it is the domain's own page, in any language."""
    host, slash, path = site.partition("/")
    labels = [label for label in host.removesuffix(domain).split(".") if label and not _is_usual(label)]
    parts = [part for part in path.split("/") if part and not _is_usual(part)] if slash else []
    below = "".join(f"{label}." for label in labels[-1:])
    return below + "".join(f"/{part}" for part in parts[:2])


def _is_usual(label: str) -> bool:
    """Is this part of an address what every company has: ``www``, ``en-us``, ``index.html``, ``about``?"""
    plain = label.partition(".")[0]
    return plain in _shared().usual_parts or _LANGUAGE.fullmatch(plain) is not None


def _plain(text: str) -> str:
    """Without HTML's names of characters, and with typographic and full-width signs as a keyboard has them."""
    if "&" in text and ";" in text:
        text = unescape(text)
    return text if text.isascii() else unicodedata.normalize("NFKC", text.translate(_TYPOGRAPHY))


def _registrable(word: str) -> str | None:
    host, _ = _host_and_path(word)
    if not host or not _HOST.match(host) or _is_address(host):
        return None
    domain = _extract()(host).top_domain_under_public_suffix
    if domain in _shared().tenant_hosts:
        domain = _tenant(host, domain)
    return domain if all(map(_LABEL.match, domain.split("."))) else None


def _host_and_path(word: str) -> tuple[str, str]:
    """Both in small letters; no host where it is none that the internet has."""
    rest = _ESCAPED_BLANKS.sub("", word)
    if "%" in rest.partition("/")[0]:
        rest = unquote(_BLANK_ESCAPE.sub("%25", rest))
    rest = rest.lstrip(_AROUND)
    while (scheme := _SCHEME.match(rest)) is not None:
        rest = rest[scheme.end() :]
    host = _END_OF_HOST.split(rest, maxsplit=1)[0]
    path = rest[len(host) :] if rest[len(host) :].startswith("/") else ""
    host = _DOTS.sub(".", host.rpartition("@")[2].partition(":")[0].strip(_AROUND)).lower()
    if not host.isascii():
        try:
            host = idna.encode(host, uts46=True).decode("ascii")
        except idna.IDNAError:
            return "", ""
    path = _END_OF_PATH.split(path, maxsplit=1)[0].strip(_AROUND).rstrip("/").lower()
    return host, path


def _tenant(host: str, service: str) -> str:
    """The host of one customer of a service; the service's own domain where it is the service itself."""
    label = host.removesuffix(service).rstrip(".").rpartition(".")[2]
    return service if not label or label in _shared().own_hosts else f"{label}.{service}"


def _is_address(host: str) -> bool:
    if not host[-1].isdigit():
        # No address of four numbers; one of six groups is no host to us in any case.
        return False
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


@cache
def _extract() -> TLDExtract:
    # It brings an HTTP client along that nobody calls; who takes no text for a domain need not wait for it.
    from tldextract import TLDExtract  # noqa: PLC0415

    return TLDExtract(
        cache_dir=None,
        suffix_list_urls=(),
        fallback_to_snapshot=True,
        include_psl_private_domains=True,
    )


def _is_listed(domain: str) -> bool:
    shared = _shared()
    return domain in shared.domains or domain.partition(".")[0] in shared.families


class _Shared(NamedTuple):
    domains: frozenset[str]
    #: Words that stand in front of many suffixes.
    families: frozenset[str]
    #: Services of which each customer has a host below.
    tenant_hosts: frozenset[str]
    #: Labels in front of such a service that are no customer.
    own_hosts: frozenset[str]
    #: Parts of addresses that every company has.
    usual_parts: frozenset[str]


@cache
def _shared() -> _Shared:
    kept = YAML(typ="safe", pure=True).load(_file("shared_domains.yaml"))
    families, tenants = frozenset(kept.pop("families")), frozenset(kept.pop("tenant_hosts"))
    own = frozenset(word for line in kept.pop("own_hosts") for word in line.split())
    usual = frozenset(word for line in kept.pop("usual_parts") for word in line.split()) | own
    one_company = frozenset(kept.pop("one_company"))
    by_hand = frozenset(domain for domains in kept.values() for domain in domains)
    # A host below a service tells its customer, which is more than that many share the service.
    tenants |= _listed("tenant_hosts") - by_hand - one_company
    public = _listed("mail_providers") | _listed("throw_away") | _listed("link_pages")
    return _Shared(by_hand | (public - one_company - tenants), families, tenants, own, usual)


def _listed(name: str) -> frozenset[str]:
    """A public list; see `make domain-lists`."""
    lines = _file(f"domain_lists/{name}.txt").splitlines()
    return frozenset(line for line in lines if line and not line.startswith("#"))


def _file(name: str) -> str:
    return resources.files("mappings").joinpath(name).read_text(encoding="utf-8")
