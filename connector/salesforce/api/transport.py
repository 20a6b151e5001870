"""The HTTP session below simple-salesforce: time limits, plain http for loopback alone, nothing from the environment
that could change who we are or whom we trust."""

from __future__ import annotations

import os
from collections.abc import Mapping
from http.cookiejar import DefaultCookiePolicy
from typing import Any

import requests
from requests.adapters import HTTPAdapter

from connector.salesforce.api.settings import SalesforceSettings, is_loopback, is_safe

#: Connections kept open; more threads than this are never in flight.
_POOL = 20


class PlainHttpRefusedError(requests.exceptions.InvalidURL):
    """Somebody pointed us at plain http beyond this machine; a token must not travel there."""


class Timed(HTTPAdapter):
    """Gives every request a time limit: simple-salesforce sends most of its requests without one."""

    def __init__(self, connect: float, read: float) -> None:
        super().__init__(pool_connections=_POOL, pool_maxsize=_POOL)
        self._timeout = (connect, read)

    def send(self, request: requests.PreparedRequest, **options: Any) -> requests.Response:  # type: ignore[override]
        """Send, with our limit where the caller gave none."""
        if options.get("timeout") is None:
            options["timeout"] = self._timeout
        return super().send(request, **options)


class PlainLoopback(Timed):
    """Speaks http where simple-salesforce can only say https. Mounted for loopback addresses alone."""

    def send(self, request: requests.PreparedRequest, **options: Any) -> requests.Response:  # type: ignore[override]
        """Send unencrypted, past any proxy, and only to this machine."""
        url = request.url or ""
        if not is_loopback(url):
            raise PlainHttpRefusedError(f"{url.split('?')[0]} is not this machine: plain http is refused")
        request.url = "http://" + url.partition("://")[2]
        options["proxies"] = {}
        return super().send(request, **options)


def open_session(settings: SalesforceSettings, environ: Mapping[str, str] | None = None) -> requests.Session:
    """A session for one org. ``environ`` is where proxies and certificates are looked up (default: the process's)."""
    environ = os.environ if environ is None else environ
    session = requests.Session()
    # With trust_env, requests lets ~/.netrc replace our bearer token, and REQUESTS_CA_BUNDLE beat session.verify.
    session.trust_env = False
    session.verify = (
        settings.ca_bundle or environ.get("REQUESTS_CA_BUNDLE") or environ.get("CURL_CA_BUNDLE") or True
    )
    proxy = settings.proxy or _proxy_for(settings.login_url, environ)
    if proxy:
        session.proxies = {"https": proxy}
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    timed = Timed(settings.connect_timeout, settings.timeout)
    session.mount("https://", timed)
    session.mount("http://", PlainLoopback(settings.connect_timeout, settings.timeout))
    return session


def allow_instance(session: requests.Session, settings: SalesforceSettings, instance_url: str) -> bool:
    """Prepare for calls to the instance that a login named; False if no token may be sent there."""
    if not is_safe(instance_url):
        return False
    scheme, _, rest = instance_url.partition("://")
    if scheme == "http":
        plain = PlainLoopback(settings.connect_timeout, settings.timeout)
        session.mount(f"https://{rest.split('/')[0]}/", plain)
    return True


def _proxy_for(url: str, environ: Mapping[str, str]) -> str | None:
    if is_loopback(url):
        return None
    bypass = environ.get("NO_PROXY") or environ.get("no_proxy") or ""
    host = url.partition("://")[2].partition("/")[0].partition(":")[0].lower()
    for entry in (part.strip().lower().lstrip(".") for part in bypass.split(",")):
        if entry and (entry in {"*", host} or host.endswith(f".{entry}")):
            return None
    return environ.get("HTTPS_PROXY") or environ.get("https_proxy") or None
