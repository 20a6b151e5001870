"""Why a host was not reached, out of what the libraries raise."""

from __future__ import annotations

import errno
import socket
import ssl

import pytest
import requests
import urllib3
import urllib3.exceptions

from connector.reach import unreached


def wrapped(error: BaseException) -> requests.ConnectionError:
    """As requests wraps what urllib3 wraps."""
    pool = urllib3.HTTPSConnectionPool("api.hubapi.com", 443)
    return requests.ConnectionError(urllib3.exceptions.MaxRetryError(pool, "/", error))  # type: ignore[arg-type]


def raised_from(error: BaseException, cause: BaseException) -> BaseException:
    error.__cause__ = cause
    return error


def certificate(code: int, words: str) -> ssl.SSLCertVerificationError:
    error = ssl.SSLCertVerificationError(1, words)
    error.verify_code, error.verify_message = code, words
    return error


POOL = urllib3.HTTPSConnectionPool("x", 443)


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (requests.exceptions.MissingSchema("no"), "acme.example is no address"),
        (socket.gaierror(socket.EAI_NONAME, "unknown"), "DNS knows no host acme.example"),
        (socket.gaierror(socket.EAI_AGAIN, "later"), "DNS does not answer when asked for acme.example"),
        (
            ConnectionRefusedError(errno.ECONNREFUSED, "no"),
            "nothing listens at acme.example (connection refused)",
        ),
        (ConnectionResetError(errno.ECONNRESET, "no"), "the connection to acme.example was broken off"),
        (OSError(errno.ENETUNREACH, "no"), "no way leads to acme.example"),
        (
            urllib3.exceptions.ConnectTimeoutError("slow"),
            "acme.example does not take the connection in time",
        ),
        (
            urllib3.exceptions.ProxyError("no", ConnectionRefusedError(errno.ECONNREFUSED, "no")),
            "the proxy does not lead to acme.example",
        ),
        (certificate(10, "certificate has expired"), "has expired (certificate has expired)"),
        (certificate(62, "Hostname mismatch"), "the certificate of acme.example is another host's"),
        (certificate(18, "self-signed certificate"), "is signed by itself"),
        (
            certificate(20, "unable to get local issuer certificate"),
            "comes from nobody whom this machine trusts",
        ),
        (ssl.SSLError(1, "[SSL: WRONG_VERSION_NUMBER]"), "speaks no TLS that this machine knows"),
    ],
)
def test_address_name_connection_proxy_and_certificate_are_told_apart(
    error: BaseException, told: str
) -> None:
    for one in (error, wrapped(error), wrapped(raised_from(urllib3.exceptions.HTTPError("?"), error))):
        found = unreached(one, "https://acme.example/path")
        assert found is not None
        assert told in found.why
        assert found.remedy


def test_a_port_is_told_with_its_host() -> None:
    found = unreached(ConnectionRefusedError(), "http://127.0.0.1:8701")
    assert found is not None
    assert "nothing listens at 127.0.0.1:8701" in found.why


def test_of_an_answer_that_broke_off_nothing_is_told() -> None:
    assert unreached(requests.exceptions.ReadTimeout("slow"), "https://acme.example") is None
