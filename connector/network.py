"""How this machine reaches the CRMs: which certificates it trusts and which proxy it goes through, the same for all."""

from __future__ import annotations

import ipaddress
import os
import ssl
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import proxy_bypass_environment  # type: ignore[attr-defined]

import certifi

#: Where the environment names certificates, as requests, curl and OpenSSL look for them, in this order.
_CA_VARIABLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE")
_PROXY_VARIABLES = ("HTTPS_PROXY", "https_proxy")
_BYPASS_VARIABLES = ("NO_PROXY", "no_proxy")


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkValue:
    """A value, and where it was found: a key of tandem.yaml or a variable of the environment."""

    value: str
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """Certificates and proxy for every exchange with a CRM."""

    #: A file of certificates in PEM; None: those that certifi carries.
    ca_bundle: NetworkValue | None = None
    #: A proxy for https, ``http://HOST:PORT``; None: none.
    proxy: NetworkValue | None = None
    #: Hosts that are reached past the proxy, as ``NO_PROXY`` lists them.
    bypass: str = ""

    @classmethod
    def of(
        cls,
        *,
        ca_bundle: Path | None = None,
        proxy: str | None = None,
        environ: Mapping[str, str] | None = None,
    ) -> Network:
        """What the configuration says; where it says nothing, the environment (default: the process's)."""
        environ = os.environ if environ is None else environ
        return cls(
            ca_bundle=(
                _first(environ, _CA_VARIABLES)
                if ca_bundle is None
                else NetworkValue(value=str(ca_bundle), source="network.ca_bundle")
            ),
            proxy=(
                _first(environ, _PROXY_VARIABLES)
                if proxy is None
                else NetworkValue(value=proxy, source="network.proxy")
            ),
            bypass=next((environ[name] for name in _BYPASS_VARIABLES if environ.get(name)), ""),
        )

    @property
    def certificates(self) -> str:
        """The file of certificates to trust."""
        return certifi.where() if self.ca_bundle is None else self.ca_bundle.value

    def proxy_for(self, url: str) -> str | None:
        """The proxy on the way to an address; None where it is reached directly, as this machine always is."""
        host = urlsplit(url).hostname or ""
        if self.proxy is None or is_loopback(url) or proxy_bypass_environment(host, {"no": self.bypass}):
            return None
        return self.proxy.value

    def problems(self) -> Iterator[str]:
        """Every value that cannot be worked with, as a sentence with what to type. A proxy's address may hold a
        password, so it is not repeated."""
        if self.ca_bundle is not None:
            yield from _bundle_problems(self.ca_bundle)
        if self.proxy is not None:
            yield from _proxy_problems(self.proxy)


def is_loopback(url: str) -> bool:
    """Tell whether an address can only be this machine."""
    host = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def is_safe(url: str) -> bool:
    """Tell whether a secret may be sent there: encrypted, or not leaving this machine."""
    parts = urlsplit(url)
    return bool(parts.hostname) and (parts.scheme == "https" or (parts.scheme == "http" and is_loopback(url)))


def _first(environ: Mapping[str, str], names: tuple[str, ...]) -> NetworkValue | None:
    return next((NetworkValue(value=environ[name], source=name) for name in names if environ.get(name)), None)


def _bundle_problems(bundle: NetworkValue) -> Iterator[str]:
    place = f"{bundle.source} names {bundle.value}"
    try:
        # A FIFO would be waited for, and a folder is not what both libraries take.
        if not Path(bundle.value).is_file():
            yield f"{place}, which is no file: name a file of certificates in PEM."
            return
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cafile=bundle.value)
    except ssl.SSLError:
        yield f"{place}, which holds no certificate in PEM (-----BEGIN CERTIFICATE-----)."
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        yield f"{place}, which cannot be read: {reason}."


def _proxy_problems(proxy: NetworkValue) -> Iterator[str]:
    how = f"{proxy.source} is no address of a proxy: write http://HOST:PORT"
    if not proxy.value.isprintable() or " " in proxy.value:
        yield f"{how}, without blanks and line breaks."
        return
    try:
        parts = urlsplit(proxy.value)
        host, port = parts.hostname, parts.port
    except ValueError:
        yield f"{how}."
        return
    if parts.scheme not in {"http", "https"}:
        yield f"{how}; proxies that speak another protocol (SOCKS) are not supported."
    elif not host or port == 0 or parts.path.strip("/") or parts.query or parts.fragment:
        yield f"{how}."
