"""The HTTP below the vendors' libraries: no secret leaves for a host that was not named, and no answer is endless.

A library that is handed what is made here (a session of requests, a pool of urllib3) follows no redirect, reaches the
hosts that it was opened for and no other, trusts and passes by what :class:`connector.network.Network` says, and reads
so many bytes for so long and no more, whatever request it makes by itself.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass
from http.cookiejar import DefaultCookiePolicy
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import requests
import urllib3
import urllib3.exceptions
from requests.adapters import HTTPAdapter
from urllib3.connectionpool import HTTPConnectionPool

from connector.network import Network, is_loopback

#: Connections kept open; more threads than this are never in flight.
_POOL = 20
_CHUNK = 64 * 1024


class ForeignHostError(urllib3.exceptions.HTTPError, requests.exceptions.InvalidURL):
    """A request to a host that nobody named; nothing was sent."""


class PlainHttpRefusedError(requests.exceptions.InvalidURL):
    """Somebody pointed us at plain http beyond this machine; a token must not travel there."""


class EndlessAnswerError(urllib3.exceptions.HTTPError, requests.exceptions.RequestException):
    """An answer that is longer, or takes longer, than any that a CRM gives. What was asked may have been done."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """How long one exchange may take and how much it may bring."""

    #: Seconds to wait for a connection, and for the next byte of an answer.
    connect: float
    read: float
    #: Seconds from sending to the last byte.
    total: float = 600.0
    #: Bytes of an answer after decompression. The largest that a CRM gives is a file of results of Bulk API 2.0, which
    #: Tandem asks for in pieces of 50,000 rows: about 20 MB.
    size: int = 256 * 1024 * 1024


def read_within(
    answer: urllib3.BaseHTTPResponse, bounds: Bounds, *, began: float, now: Callable[[], float]
) -> bytes:
    """The whole body, decompressed. ``EndlessAnswerError`` where it does not end within its bounds."""
    kept: list[bytes] = []
    size = 0
    while True:
        # What has come is taken at once: a server that sends a byte a minute never fills a chunk.
        chunk = answer.read1(_CHUNK, decode_content=True)
        if not chunk:
            break
        size += len(chunk)
        kept.append(chunk)
        endless = None
        if size > bounds.size:
            endless = f"the answer is longer than {bounds.size // (1024 * 1024)} MB"
        elif now() - began > bounds.total:
            endless = f"the answer was not complete after {bounds.total:.0f} seconds"
        if endless is not None:
            answer.close()
            raise EndlessAnswerError(endless)
    answer.release_conn()
    return b"".join(kept)


# -- requests ------------------------------------------------------------------------------------------------


class _Exchange(HTTPAdapter):
    """Sends to the hosts that are allowed, and reads within bounds."""

    def __init__(self, bounds: Bounds, now: Callable[[], float]) -> None:
        super().__init__(pool_connections=_POOL, pool_maxsize=_POOL)
        self._bounds = bounds
        self._now = now
        #: Host and port -> the host and port that is spoken to in plain http in its place; None: https.
        self.allowed: dict[str, str | None] = {}

    def send(self, request: requests.PreparedRequest, **options: Any) -> requests.Response:  # type: ignore[override]
        """Send, with our time limit where the caller gave none."""
        url = request.url or ""
        parts, place = urlsplit(url), _place(url)
        if place not in self.allowed:
            raise ForeignHostError(f"{parts.netloc} is not a host that was to be reached; nothing was sent")
        plain = self.allowed[place]
        if plain is not None:
            # simple-salesforce says https whatever it is told.
            request.url = urlunsplit(("http", plain, parts.path, parts.query, ""))
            options["proxies"] = {}
        elif parts.scheme != "https":
            raise PlainHttpRefusedError(f"{url.partition('?')[0]} is not this machine: plain http is refused")
        if options.get("timeout") is None:
            options["timeout"] = (self._bounds.connect, self._bounds.read)
        began = self._now()
        answer = super().send(request, **options)
        try:
            body = read_within(answer.raw, self._bounds, began=began, now=self._now)
        except EndlessAnswerError:
            raise
        except urllib3.exceptions.DecodeError as error:
            raise requests.exceptions.ContentDecodingError(error) from error
        except urllib3.exceptions.ReadTimeoutError as error:
            raise requests.exceptions.ReadTimeout(error) from error
        except urllib3.exceptions.HTTPError as error:
            raise requests.exceptions.ChunkedEncodingError(error) from error
        answer._content = body  # noqa: SLF001 - requests would read the body itself, and without end
        answer._content_consumed = True  # type: ignore[attr-defined]  # noqa: SLF001
        return answer


def _place(url: str) -> str:
    """Host and port, whether or not the port is written: simple-salesforce leaves 443 out."""
    parts = urlsplit(url)
    host = (parts.hostname or "").lower()
    try:
        port = parts.port or (80 if parts.scheme == "http" else 443)
    except ValueError:
        port = 0
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


class HttpSession(requests.Session):
    """A session that reaches the hosts of one org and follows no redirect."""

    #: None while requests makes a session of its own kind, whose adapters are not wanted.
    _exchange: _Exchange | None = None

    def __init__(self, network: Network, bounds: Bounds, *, now: Callable[[], float]) -> None:
        super().__init__()
        # With trust_env, requests lets ~/.netrc replace our bearer token, and REQUESTS_CA_BUNDLE beat session.verify.
        self.trust_env = False
        self.verify = network.certificates
        self._network = network
        self._exchange = exchange = _Exchange(bounds, now)
        self._allowed = exchange.allowed
        self.mount("https://", exchange)
        self.mount("http://", exchange)
        self.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))

    def get_redirect_target(self, resp: requests.Response) -> str | None:
        """None: a redirect would carry what the request holds to another place. It is an answer like any other."""
        return None

    def allow(self, url: str) -> None:
        """Let requests go to the host of this address: by https, or by plain http to this machine."""
        parts = urlsplit(url)
        plain = _place(url) if parts.scheme == "http" and is_loopback(url) else None
        self._allowed[_place(url)] = plain
        if plain is not None and parts.port in {None, 80}:
            # Without a port, and with https in place of http, that is where simple-salesforce goes.
            self._allowed[_place(f"https://{parts.hostname}")] = plain
        proxy = self._network.proxy_for(url)
        if proxy is not None:
            self.proxies[f"https://{parts.hostname}"] = proxy

    def mount(self, prefix: str | bytes, adapter: Any) -> None:
        """Only what this session itself mounted: a library that mounts ``file://`` would open a way past it."""
        if self._exchange is not None and adapter is self._exchange:
            super().mount(prefix, adapter)


# -- urllib3 -------------------------------------------------------------------------------------------------


class _Pool(urllib3.PoolManager):
    """Reaches the host that it was opened for and no other, and reads within bounds."""

    host: str
    bounds: Bounds
    now: Callable[[], float]

    def connection_from_host(
        self, host: str | None, port: int | None = None, scheme: str | None = "http", pool_kwargs: Any = None
    ) -> HTTPConnectionPool:
        """The connections to a host."""
        if (host or "").lower() != self.host:
            raise ForeignHostError(f"{host} is not a host that was to be reached; nothing was sent")
        return super().connection_from_host(host, port, scheme, pool_kwargs)

    def urlopen(  # type: ignore[override]
        self,
        method: str,
        url: str,
        redirect: bool = True,  # noqa: FBT001, FBT002 - urllib3's own signature
        **options: Any,
    ) -> urllib3.BaseHTTPResponse:
        """One exchange, its body read. A redirect is an answer like any other."""
        began = self.now()
        answer = super().urlopen(method, url, redirect=False, **{**options, "preload_content": False})
        return urllib3.HTTPResponse(
            body=io.BytesIO(read_within(answer, self.bounds, began=began, now=self.now)),
            headers=answer.headers,
            status=answer.status,
            reason=answer.reason,
            decode_content=False,
            enforce_content_length=False,
            request_method=method,
        )


class _ProxiedPool(_Pool, urllib3.ProxyManager):
    """The same through a proxy."""


def open_pool(
    url: str, network: Network, bounds: Bounds, *, connections: int, now: Callable[[], float]
) -> urllib3.PoolManager:
    """A pool of connections to the host of one address; it repeats nothing and follows no redirect."""
    options: dict[str, Any] = {
        "maxsize": connections,
        "cert_reqs": "CERT_REQUIRED",
        "ca_certs": network.certificates,
        "timeout": urllib3.Timeout(connect=bounds.connect, read=bounds.read),
        "retries": False,
    }
    proxy = network.proxy_for(url)
    pool: _Pool = _Pool(**options) if proxy is None else _ProxiedPool(proxy_url=proxy, **options)
    pool.host, pool.bounds, pool.now = (urlsplit(url).hostname or "").lower(), bounds, now
    return pool
