"""The domain that recognises a company, out of what people type into a website field.

Both CRMs keep it as free text: `acme.com`, `http://www.acme.com/`, `HTTPS://Acme.com/en`.
The public suffix list that tldextract carries decides where the registrable part begins; its
private section is used too, so that `acme.github.io` and `other.github.io` stay two companies.
Nothing is fetched.
"""

from __future__ import annotations

import re
from functools import cache, lru_cache
from importlib import resources
from ipaddress import ip_address
from typing import TYPE_CHECKING

import idna
from ruamel.yaml import YAML

if TYPE_CHECKING:
    from tldextract import TLDExtract

_SEPARATORS = re.compile(r"[\s,;|<>()\[\]\"']+")
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:/*(?=[^0-9])|//")
_PORT = re.compile(r":[0-9]*\Z")
_HOST = re.compile(r"[a-z0-9_-]+(?:\.[a-z0-9_-]+)+\Z")
_END_OF_HOST = re.compile(r"[/?#\\]")
_CACHE = 1 << 17


@lru_cache(maxsize=_CACHE)
def registrable_domain(text: str | None) -> str | None:
    """The registrable domain in small ASCII letters; None when the text holds none.

    Takes a website, a domain or an e-mail address; of several the first that is one. A public
    suffix alone (`co.uk`, `github.io`), an IP address and a bare word are none.
    """
    if not text:
        return None
    candidates = (_registrable(word) for word in _SEPARATORS.split(text) if word)
    return next((domain for domain in candidates if domain is not None), None)


def company_domain(text: str | None) -> str | None:
    """The registrable domain, where it belongs to one company: None where it is shared."""
    domain = registrable_domain(text)
    return None if domain is None or _is_listed(domain) else domain


def is_shared(domain: str | None) -> bool:
    """Does this domain (or website, or e-mail) belong to many companies, so that it says nothing?

    Free-mail providers, social networks, site builders, link shorteners and placeholders; the
    list is `shared_domains.yaml`.
    """
    found = registrable_domain(domain)
    return found is not None and _is_listed(found)


def _registrable(word: str) -> str | None:
    rest = word
    while (scheme := _SCHEME.match(rest)) is not None:
        rest = rest[scheme.end() :]
    host = _END_OF_HOST.split(rest, maxsplit=1)[0].rpartition("@")[2]
    host = _PORT.sub("", host).lower()
    if not host.isascii():
        try:
            host = idna.encode(host.strip("."), uts46=True).decode("ascii")
        except idna.IDNAError:
            return None
    host = host.strip(".")
    if not _HOST.match(host) or _is_address(host):
        return None
    return _extract()(host).top_domain_under_public_suffix or None


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
    domains, families = _shared()
    return domain in domains or domain.partition(".")[0] in families


@cache
def _shared() -> tuple[frozenset[str], frozenset[str]]:
    """Single domains, and words that stand in front of many suffixes."""
    text = resources.files("mappings").joinpath("shared_domains.yaml").read_text(encoding="utf-8")
    lists = YAML(typ="safe", pure=True).load(text)
    families = frozenset(lists.pop("families"))
    return frozenset(domain for domains in lists.values() for domain in domains), families
