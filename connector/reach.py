"""Why a host was not reached: its address, DNS, the connection, the proxy, or a certificate that is not trusted. Pure.

Libraries wrap the system's own error in several of their own, whose words are of no use to people.
"""

from __future__ import annotations

import errno
import socket
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

import requests.exceptions
import urllib3.exceptions


@dataclass(frozen=True, slots=True, kw_only=True)
class Unreached:
    """Why a host was not reached, and what to do about it."""

    why: str
    remedy: str


#: What OpenSSL says of a certificate (its verify code) -> what that means, and the cure.
_CERTIFICATES = {
    9: ("is not valid yet", "Set this machine's clock: timedatectl set-ntp true."),
    10: ("has expired", "Check this machine's clock; else its owner renews the certificate."),
    18: ("is signed by itself", ""),
    19: ("comes from a chain that is signed by itself", ""),
    20: ("comes from nobody whom this machine trusts", ""),
    21: ("comes from nobody whom this machine trusts", ""),
    62: ("is another host's", "Check the address in tandem.yaml, and what stands between here and there."),
    64: ("is another host's", "Check the address in tandem.yaml, and what stands between here and there."),
}
#: What to do about a certificate of which nothing more is known.
UNTRUSTED = (
    "Where a proxy of your own opens connections, name its certificates in tandem.yaml (network:); else check the "
    "address there."
)


def unreached(error: BaseException, url: str) -> Unreached | None:
    """Why no connection to this address came about; None where there was one, or nothing tells."""
    parts = urlsplit(url)
    host = parts.hostname or url
    place = f"{host}:{parts.port}" if parts.port else host
    chain = list(_chain(error))
    for judge in (_of_address, _of_proxy, _of_certificate, _of_name, _of_connection):
        for one in chain:
            found = judge(one, host, place)
            if found is not None:
                return found
    return None


def _chain(error: BaseException) -> Iterator[BaseException]:
    """The error and everything that it wraps, the outermost first."""
    waiting, seen = [error], set[int]()
    while waiting:
        one = waiting.pop(0)
        if id(one) in seen:
            continue
        seen.add(id(one))
        yield one
        inner = (one.__cause__, one.__context__, getattr(one, "reason", None), *one.args)
        waiting += [each for each in inner if isinstance(each, BaseException)]


def _of_address(error: BaseException, _host: str, place: str) -> Unreached | None:
    wrong = (
        requests.exceptions.MissingSchema,
        requests.exceptions.InvalidSchema,
        urllib3.exceptions.LocationValueError,
    )
    if isinstance(error, wrong):
        return Unreached(why=f"{place} is no address", remedy="Write it as https://HOST in tandem.yaml.")
    return None


def _of_proxy(error: BaseException, _host: str, place: str) -> Unreached | None:
    if isinstance(error, requests.exceptions.ProxyError | urllib3.exceptions.ProxyError):
        return Unreached(
            why=f"the proxy does not lead to {place}",
            remedy="Check the proxy in tandem.yaml (network:) or HTTPS_PROXY, and that it lets this host through.",
        )
    return None


def _of_certificate(error: BaseException, host: str, place: str) -> Unreached | None:
    if isinstance(error, ssl.SSLCertVerificationError):
        meaning, cure = _CERTIFICATES.get(error.verify_code, ("is not trusted", ""))
        return Unreached(
            why=f"the certificate of {host} {meaning} ({error.verify_message})", remedy=cure or UNTRUSTED
        )
    if isinstance(error, ssl.SSLError):
        return Unreached(
            why=f"{place} speaks no TLS that this machine knows ({getattr(error, 'reason', None) or error})",
            remedy="Check address and port in tandem.yaml, and what stands between here and there.",
        )
    return None


def _of_name(error: BaseException, host: str, _place: str) -> Unreached | None:
    if isinstance(error, socket.gaierror | urllib3.exceptions.NameResolutionError):
        passing = isinstance(error, socket.gaierror) and error.errno == socket.EAI_AGAIN
        return Unreached(
            why=f"DNS knows no host {host}" if not passing else f"DNS does not answer when asked for {host}",
            remedy="Check its spelling in tandem.yaml, and this machine's DNS.",
        )
    return None


_NO_WAY = frozenset({errno.ENETUNREACH, errno.EHOSTUNREACH, errno.ENETDOWN, errno.EHOSTDOWN})


def _of_connection(error: BaseException, _host: str, place: str) -> Unreached | None:
    if isinstance(error, ConnectionRefusedError):
        return Unreached(
            why=f"nothing listens at {place} (connection refused)",
            remedy="Check address and port in tandem.yaml, and that the server runs.",
        )
    if isinstance(error, requests.exceptions.ConnectTimeout | urllib3.exceptions.ConnectTimeoutError):
        return Unreached(
            why=f"{place} does not take the connection in time",
            remedy="Check the network and the firewall between this machine and there.",
        )
    if isinstance(error, OSError) and error.errno in _NO_WAY:
        return Unreached(why=f"no way leads to {place}", remedy="Check this machine's network.")
    if isinstance(error, ConnectionResetError):
        return Unreached(
            why=f"the connection to {place} was broken off",
            remedy="Check what stands between here and there: a firewall, a proxy; then try again.",
        )
    return None
