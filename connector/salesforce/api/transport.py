"""The HTTP session below simple-salesforce, and which hosts it may reach: the login's, and the instance's."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlsplit

from connector.http import Bounds, HttpSession
from connector.network import Network, is_loopback, is_safe
from connector.salesforce.api.settings import SalesforceSettings

#: Domains of Salesforce under which orgs live (Salesforce Help: "My Domain URL Formats", "Allow the Required Domains").
_SALESFORCE = ("salesforce.com", "salesforce.mil", "force.com", "cloudforce.com", "sfcrmproducts.cn")


def open_session(settings: SalesforceSettings, network: Network, now: Callable[[], float]) -> HttpSession:
    """A session for one org, which reaches its login at first."""
    bounds = Bounds(connect=settings.connect_timeout, read=settings.timeout)
    session = HttpSession(network, bounds, now=now)
    session.allow(settings.login_url)
    return session


def is_instance_of(login_url: str, instance_url: str) -> bool:
    """Tell whether a token may be sent to the instance that a login named: encrypted, and at the login's own host or
    under the same domain of Salesforce's."""
    if not is_safe(instance_url):
        return False
    if is_loopback(login_url) or is_loopback(instance_url):
        return is_loopback(login_url) and is_loopback(instance_url)
    login, instance = urlsplit(login_url), urlsplit(instance_url)
    if login.netloc.lower() == instance.netloc.lower():
        return True
    host = (login.hostname or "", instance.hostname or "")
    return instance.port in {None, 443} and any(
        all(name == domain or name.endswith(f".{domain}") for name in host) for domain in _SALESFORCE
    )
