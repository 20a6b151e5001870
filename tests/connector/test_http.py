"""No secret leaves for a host that was not named, and no answer is endless: with real servers, for both libraries."""

import gzip
import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from typing import Any

import pytest
import requests
import urllib3
import zeep.exceptions
from simple_salesforce.api import Salesforce

from connector.clock import Pace
from connector.errors import ConnectorError, Fatal, Unavailable, Unsupported
from connector.http import Bounds, EndlessAnswerError, ForeignHostError, HttpSession, open_pool
from connector.hubspot import AccessToken, HubSpotSettings
from connector.hubspot import connect as connect_hubspot
from connector.network import Network
from connector.retry import RetryPolicy
from connector.salesforce import ClientCredentials, SalesforceSettings
from connector.salesforce import connect as connect_salesforce
from connector.salesforce.api.metadata_api import metadata_api
from connector.secrecy import register

Reply = Callable[[BaseHTTPRequestHandler], None]
ONCE = RetryPolicy(attempts=1)


@dataclass
class Server:
    """A server that answers everything in one way and keeps what it was asked."""

    reply: Reply
    asked: list[str] = field(default_factory=list)
    url: str = ""
    connections: int = 0


@pytest.fixture
def serve() -> Iterator[Callable[[Reply], Server]]:
    running: list[ThreadingHTTPServer] = []

    def start(reply: Reply) -> Server:
        server = Server(reply)

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def setup(self) -> None:
                server.connections += 1
                super().setup()

            def _any(self) -> None:
                self.body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode("latin-1")
                server.asked.append(f"{self.command} {self.path}")
                server.reply(self)

            do_GET = do_POST = do_PATCH = _any  # noqa: N815 - names that http.server calls

            def log_message(self, *_: object) -> None:
                """Nothing: tests are quiet."""

        listening = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        listening.daemon_threads = True
        threading.Thread(target=listening.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        running.append(listening)
        server.url = f"http://127.0.0.1:{listening.server_address[1]}"
        return server

    yield start
    for listening in running:
        listening.shutdown()
        listening.server_close()


def say(status: int, body: bytes, **headers: str) -> Reply:
    def reply(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    return reply


def trickle(handler: BaseHTTPRequestHandler) -> None:
    """Byte after byte, without end; each comes before anybody's patience is over."""
    handler.send_response(200)
    handler.end_headers()
    try:
        while True:
            handler.wfile.write(b" ")
            handler.wfile.flush()
    except OSError:
        """The other side has hung up, as it should."""


BOUNDS = Bounds(connect=5, read=5, total=30, size=1024 * 1024)


def session_to(url: str, *, bounds: Bounds = BOUNDS, now: Callable[[], float] = lambda: 0.0) -> HttpSession:
    session = HttpSession(Network(), bounds, now=now)
    session.allow(url)
    return session


def by_requests(url: str, *, bounds: Bounds = BOUNDS, now: Callable[[], float] = lambda: 0.0) -> bytes:
    with session_to(url, bounds=bounds, now=now) as session:
        return session.get(f"{url}/x").content


def by_urllib3(url: str, *, bounds: Bounds = BOUNDS, now: Callable[[], float] = lambda: 0.0) -> bytes:
    with open_pool(url, Network(), bounds, connections=1, now=now) as pool:
        return pool.request("GET", f"{url}/x").data


Get = Callable[..., bytes]
both = pytest.mark.parametrize("get", [by_requests, by_urllib3])


# -- redirects and other hosts -------------------------------------------------------------------------------


@both
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_an_answer_and_is_not_followed(
    serve: Callable[[Reply], Server], get: Get, status: int
) -> None:
    thief = serve(say(200, b"got you"))
    server = serve(say(status, b"moved", Location=f"{thief.url}/x"))
    assert get(server.url) == b"moved"
    assert thief.asked == []


def test_a_soap_call_that_is_redirected_does_not_take_the_session_along(
    serve: Callable[[Reply], Server],
) -> None:
    thief = serve(say(200, b"<x/>", Content_Type="text/xml"))
    server = serve(say(307, b"", Location=f"{thief.url}/services/Soap/m/62.0"))
    session = session_to(server.url)
    client = Salesforce(
        session_id="secret",
        instance_url=server.url.replace("http:", "https:"),
        version="62.0",
        session=session,
    )
    with pytest.raises(zeep.exceptions.Error):
        metadata_api(client, session).describe_metadata()
    assert server.asked == ["POST /services/Soap/m/62.0/"]
    assert thief.asked == []


def test_a_request_to_a_host_that_nobody_named_is_not_sent(serve: Callable[[Reply], Server]) -> None:
    named, other = serve(say(200, b"")), serve(say(200, b""))
    with pytest.raises(ForeignHostError, match="nothing was sent"):
        session_to(named.url).get(f"{other.url}/x")
    foreign = other.url.replace("127.0.0.1", "localhost")
    with pytest.raises(ForeignHostError, match="nothing was sent"):
        open_pool(named.url, Network(), BOUNDS, connections=1, now=lambda: 0.0).request("GET", foreign)
    assert other.asked == []


def test_a_library_cannot_mount_a_way_past_the_session(serve: Callable[[Reply], Server]) -> None:
    named, other = serve(say(200, b"")), serve(say(200, b""))
    session = session_to(named.url)
    session.mount(other.url, requests.adapters.HTTPAdapter())
    with pytest.raises(ForeignHostError):
        session.get(other.url)


@pytest.mark.parametrize(
    ("named", "asked"),
    [
        ("https://acme.my.salesforce.com:443", "https://acme.my.salesforce.com/x"),
        ("https://acme.my.salesforce.com", "https://acme.my.salesforce.com:443/x"),
        ("http://127.0.0.1:443", "https://127.0.0.1/x"),
        ("http://127.0.0.1", "https://127.0.0.1/x"),
        ("http://127.0.0.1:80", "https://127.0.0.1/x"),
    ],
)
def test_a_port_that_goes_without_saying_makes_no_foreign_host(
    monkeypatch: pytest.MonkeyPatch, named: str, asked: str
) -> None:
    """simple-salesforce leaves 443 out of an instance's address."""
    sent: list[str] = []

    def send(_: object, request: requests.PreparedRequest, **__: Any) -> requests.Response:
        sent.append(str(request.url))
        raise requests.exceptions.ConnectionError("far enough")

    monkeypatch.setattr(requests.adapters.HTTPAdapter, "send", send)
    with pytest.raises(requests.exceptions.ConnectionError, match="far enough"):
        session_to(named).get(asked)
    expected = named if named.count(":") > 1 else f"{named}:80"
    assert sent == [asked if named.startswith("https") else f"{expected}/x"]


@pytest.mark.parametrize(
    "other", ["https://acme.my.salesforce.com:8443/x", "https://acme.my.salesforce.com.evil.com/x"]
)
def test_another_port_or_a_longer_name_is_a_foreign_host(other: str) -> None:
    with pytest.raises(ForeignHostError):
        session_to("https://acme.my.salesforce.com").get(other)


def test_plain_http_leaves_this_machine_in_no_case() -> None:
    session = session_to("http://crm.example")
    with pytest.raises(requests.exceptions.InvalidURL, match="plain http is refused"):
        session.get("http://crm.example/x")


# -- bounds --------------------------------------------------------------------------------------------------


@both
def test_an_answer_that_trickles_for_ever_ends(serve: Callable[[Reply], Server], get: Get) -> None:
    seconds = count()
    with pytest.raises(EndlessAnswerError, match="not complete after 30 seconds"):
        get(serve(trickle).url, now=lambda: float(next(seconds)))


@both
def test_an_answer_that_grows_when_it_is_unpacked_ends(serve: Callable[[Reply], Server], get: Get) -> None:
    bomb = gzip.compress(b"0" * 64 * 1024 * 1024)
    assert len(bomb) < BOUNDS.size
    with pytest.raises(EndlessAnswerError, match="longer than 1 MB"):
        get(serve(say(200, bomb, Content_Encoding="gzip")).url)


@both
def test_an_answer_within_its_bounds_is_read_whole_and_unpacked(
    serve: Callable[[Reply], Server], get: Get
) -> None:
    text = bytes(range(256)) * 3000
    assert get(serve(say(200, gzip.compress(text), Content_Encoding="gzip")).url) == text
    assert get(serve(say(200, text)).url) == text
    assert get(serve(say(200, b"")).url) == b""


def test_a_refusal_is_bounded_as_well(serve: Callable[[Reply], Server]) -> None:
    with pytest.raises(EndlessAnswerError):
        by_urllib3(serve(say(500, b"0" * (BOUNDS.size + 1))).url)


@both
def test_connections_are_used_again(serve: Callable[[Reply], Server], get: Get) -> None:
    """A body that was read gives its connection back, or each call would open a new one."""
    server = serve(say(200, b"ok"))
    if get is by_requests:
        with session_to(server.url) as session:
            for _ in range(3):
                session.get(f"{server.url}/x")
    else:
        with open_pool(server.url, Network(), BOUNDS, connections=1, now=lambda: 0.0) as pool:
            for _ in range(3):
                pool.request("GET", f"{server.url}/x")
    assert (len(server.asked), server.connections) == (3, 1)


# -- the Connectors ------------------------------------------------------------------------------------------


def hubspot(url: str) -> Any:
    settings = HubSpotSettings(
        name="hubspot", auth=AccessToken(access_token="pat-na1-0123-of-hubspot"), base_url=url
    )
    return connect_hubspot(settings, retry=ONCE, network=Network(), pace=Pace.real())


def salesforce(url: str) -> Any:
    auth = ClientCredentials(client_id="a", client_secret="app-secret-of-salesforce")
    settings = SalesforceSettings(name="salesforce", login_url=url, auth=auth)
    return connect_salesforce(settings, policy=ONCE, network=Network())


@pytest.mark.parametrize("connect", [hubspot, salesforce])
def test_a_connector_that_is_redirected_names_the_place_and_sends_nothing_there(
    serve: Callable[[Reply], Server], connect: Callable[[str], Any]
) -> None:
    thief = serve(say(200, b"{}"))
    server = serve(say(307, b"", Location=thief.url))
    with pytest.raises((Unsupported, Unavailable, Fatal)):
        connect(server.url).users()
    assert thief.asked == []


@pytest.mark.parametrize("connect", [hubspot, salesforce])
@pytest.mark.parametrize("status", [400, 401, 403, 502])
def test_a_server_that_repeats_what_it_was_sent_gives_no_secret_away(
    serve: Callable[[Reply], Server], connect: Callable[[str], Any], status: int
) -> None:
    register("pat-na1-0123-of-hubspot")
    register("app-secret-of-salesforce")

    def repeat(handler: BaseHTTPRequestHandler) -> None:
        told = f"{handler.headers} {handler.body}"  # type: ignore[attr-defined]
        say(status, json.dumps({"error": told, "message": told, "errorCode": told}).encode())(handler)

    server = serve(repeat)
    with pytest.raises(ConnectorError) as caught:
        connect(server.url).users()
    assert server.asked
    for secret in ("pat-na1-0123-of-hubspot", "app-secret-of-salesforce"):
        assert secret not in f"{caught.value} {caught.value.remedy} {caught.value.code}"


def test_urllib3_is_told_no_answer_twice(serve: Callable[[Reply], Server]) -> None:
    """Neither repeats nor redirects are urllib3's matter: what may be sent twice is known above it."""
    server = serve(say(503, b"", Retry_After="0"))
    with open_pool(server.url, Network(), BOUNDS, connections=1, now=lambda: 0.0) as pool:
        assert pool.request("GET", f"{server.url}/x").status == 503
    assert len(server.asked) == 1
    assert isinstance(pool, urllib3.PoolManager)
