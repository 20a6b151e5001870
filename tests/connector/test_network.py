"""Certificates and proxy: one answer for both CRMs, and broken values are sentences."""

import os
from pathlib import Path

import certifi
import pytest

from connector.http import Bounds, HttpSession, open_pool
from connector.network import Network

HUBSPOT, SALESFORCE = "https://api.hubapi.com", "https://acme.my.salesforce.com"
BOUNDS = Bounds(connect=1, read=1)


def proxies(network: Network, url: str) -> tuple[str | None, str | None]:
    """The proxy of a session of requests, and of a pool of urllib3."""
    session = HttpSession(network, BOUNDS, now=lambda: 0.0)
    session.allow(url)
    pool = open_pool(url, network, BOUNDS, connections=1, now=lambda: 0.0)
    return next(iter(session.proxies.values()), None), None if pool.proxy is None else pool.proxy.url


@pytest.mark.parametrize("url", [HUBSPOT, SALESFORCE])
@pytest.mark.parametrize(
    ("environ", "proxy"),
    [
        ({}, None),
        ({"HTTPS_PROXY": "http://proxy:3128"}, "http://proxy:3128"),
        ({"https_proxy": "http://proxy:3128"}, "http://proxy:3128"),
        ({"HTTPS_PROXY": "http://proxy:3128", "NO_PROXY": "localhost,.salesforce.com,hubapi.com"}, None),
        ({"HTTPS_PROXY": "http://proxy:3128", "NO_PROXY": "*"}, None),
        ({"HTTPS_PROXY": "http://proxy:3128", "NO_PROXY": "elsewhere.example"}, "http://proxy:3128"),
        ({"HTTP_PROXY": "http://proxy:3128"}, None),
    ],
)
def test_both_crms_go_through_the_proxy_of_the_environment(
    url: str, environ: dict[str, str], proxy: str | None
) -> None:
    assert proxies(Network.of(environ=environ), url) == (proxy, proxy)


def test_the_configuration_goes_before_the_environment(tmp_path: Path) -> None:
    bundle = tmp_path / "ours.pem"
    environ = {"HTTPS_PROXY": "http://theirs:1", "REQUESTS_CA_BUNDLE": "theirs.pem"}
    network = Network.of(ca_bundle=bundle, proxy="http://ours:3128", environ=environ)
    assert network.certificates == str(bundle)
    assert network.proxy_for(HUBSPOT) == "http://ours:3128"
    assert network.proxy_for("http://127.0.0.1:8702") is None


@pytest.mark.parametrize("name", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"])
def test_both_crms_trust_the_certificates_of_the_environment(name: str) -> None:
    network = Network.of(environ={name: certifi.where()})
    assert network.certificates == certifi.where()
    assert HttpSession(network, BOUNDS, now=lambda: 0.0).verify == certifi.where()
    pool = open_pool(HUBSPOT, network, BOUNDS, connections=1, now=lambda: 0.0)
    assert pool.connection_pool_kw["ca_certs"] == certifi.where()
    assert list(network.problems()) == []


def test_without_a_word_of_anybody_certifis_certificates_are_trusted() -> None:
    assert Network.of(environ={}).certificates == certifi.where()


# -- broken values -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("proxy", "words"),
    [
        ("proxy:3128", "write http://HOST:PORT"),
        ("socks5://proxy:1080", "SOCKS"),
        ("http://", "write http://HOST:PORT"),
        ("http://proxy:port", "write http://HOST:PORT"),
        ("http://proxy:99999", "write http://HOST:PORT"),
        ("http://[::1", "write http://HOST:PORT"),
        ("http://proxy:3128/path", "write http://HOST:PORT"),
        ("http://pro xy:3128", "without blanks"),
        ("http://proxy:3128\nX-Header: 1", "without blanks"),
    ],
)
@pytest.mark.parametrize("source", ["network.proxy", "HTTPS_PROXY"])
def test_a_broken_proxy_is_a_sentence_that_names_its_place(proxy: str, words: str, source: str) -> None:
    network = (
        Network.of(proxy=proxy, environ={})
        if source == "network.proxy"
        else Network.of(environ={source: proxy})
    )
    (problem,) = network.problems()
    assert problem.startswith(source)
    assert words in problem


def test_a_proxys_password_is_not_repeated() -> None:
    (problem,) = Network.of(proxy="ftp://jo:geheim@proxy:1", environ={}).problems()
    assert "geheim" not in problem


def test_broken_certificates_are_sentences_that_name_their_file(tmp_path: Path) -> None:
    rubbish, fifo = tmp_path / "rubbish.pem", tmp_path / "fifo"
    rubbish.write_text("no certificate")
    os.mkfifo(fifo)
    for path in (rubbish, fifo, tmp_path, tmp_path / "missing.pem"):
        (problem,) = Network.of(ca_bundle=path, environ={}).problems()
        assert problem.startswith(f"network.ca_bundle names {path}, which ")


def test_both_are_told_at_once(tmp_path: Path) -> None:
    assert len(list(Network.of(ca_bundle=tmp_path, proxy="x", environ={}).problems())) == 2
