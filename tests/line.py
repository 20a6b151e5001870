"""A line to an emulator in this process: what a client sends through urllib3 is handed to the emulator as a call.

No socket, no HTTP parser and no second thread stand between the two, which were half of what a request cost. All that
a client does above its connection is the real thing: headers, pools, time limits, retries, and what becomes of an
answer that never came. Real sockets have tests of their own (tests/e2e, tests/faults, tests/connector), and
test_line.py holds the line against them.
"""

from __future__ import annotations

import contextlib
import http
import io
import itertools
import threading
from collections.abc import Coroutine, Iterator, Mapping
from dataclasses import dataclass, field
from http.client import RemoteDisconnected
from typing import Any, TypeVar
from unittest import mock
from urllib.parse import unquote

from starlette.types import ASGIApp, Message, Scope
from urllib3._collections import HTTPHeaderDict
from urllib3.connection import HTTPConnection
from urllib3.connectionpool import HTTPConnectionPool
from urllib3.response import HTTPResponse

from emulator.kit.gate import PATIENCE
from emulator.kit.server import ConnectionDropped

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """What an emulator answered."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes
    #: Seconds that it took its time, by a fault; nobody waits for them.
    waited: float


@dataclass(slots=True, kw_only=True)
class _End:
    """The emulator at the other end of a line. It listens to one caller at a time."""

    app: ASGIApp
    turn: threading.Lock = field(default_factory=threading.Lock)


#: Emulators by their made-up ports. Nobody listens at these: a request that went past the line would be refused.
_ends: dict[int, _End] = {}
_ports = itertools.count(1)


@contextlib.contextmanager
def answering(app: ASGIApp) -> Iterator[str]:
    """Let every client of this process that speaks through urllib3 reach ``app``, at the address that is given."""
    port = next(_ports)
    _ends[port] = _End(app=app)
    try:
        with mock.patch.object(HTTPConnectionPool, "ConnectionCls", staticmethod(_connection)):
            yield f"http://127.0.0.1:{port}"
    finally:
        del _ends[port]


def call(
    app: ASGIApp, method: str, url: str, headers: list[tuple[bytes, bytes]], body: bytes, client: str = "line"
) -> Heard:
    """Ask an emulator. Raises ConnectionDropped where it hangs up."""
    path, _, query = url.partition("?")
    waited = 0.0

    async def wait(seconds: float) -> None:
        nonlocal waited
        waited += seconds

    scope: Scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": unquote(path),
        "raw_path": path.encode("ascii"),
        "root_path": "",
        "query_string": query.encode("ascii"),
        "headers": headers,
        "client": (client, 0),
        "server": ("127.0.0.1", 0),
        PATIENCE: wait,
    }
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Message) -> None:
        sent.append(message)

    async def work() -> None:
        await app(scope, receive, send)

    _carried_out(work())
    start, *rest = sent
    return Heard(
        status=int(start["status"]),
        headers=[(name.decode("latin-1"), value.decode("latin-1")) for name, value in start["headers"]],
        body=b"" if method == "HEAD" else b"".join(part.get("body", b"") for part in rest),
        waited=waited,
    )


def _carried_out(work: Coroutine[Any, Any, _T]) -> _T:
    """The emulators wait for nothing that needs an event loop, so that none is set up for them."""
    try:
        work.send(None)
    except StopIteration as done:
        value: _T = done.value
        return value
    work.close()
    raise RuntimeError("an emulator waits for something that only an event loop brings")


def _connection(*, port: int | None, **how: Any) -> HTTPConnection:
    """A socket everywhere else: the histories' emulators stay while other tests serve theirs on loopback."""
    return _Line(port=port, **how) if port in _ends else HTTPConnection(port=port, **how)


class _Line(HTTPConnection):
    """One connection of urllib3's. What it is told to send is kept, and handed over when the answer is asked for."""

    _asked: tuple[str, str] = ("", "")
    _headers: list[tuple[bytes, bytes]]
    _parts: list[bytes]

    def connect(self) -> None:
        self.sock = _Plug()

    @property
    def is_connected(self) -> bool:
        return self.sock is not None

    def putrequest(
        self, method: str, url: str, skip_host: bool = False, skip_accept_encoding: bool = False
    ) -> None:
        self._asked, self._headers, self._parts = (method, url), [], []
        if not skip_host:
            self.putheader("Host", f"{self.host}:{self.port}")
        if not skip_accept_encoding:
            self.putheader("Accept-Encoding", "identity")

    def putheader(self, header: str | bytes, *values: Any) -> None:
        name = header if isinstance(header, bytes) else header.encode("ascii")
        value = b"\r\n\t".join(
            one if isinstance(one, bytes) else str(one).encode("latin-1") for one in values
        )
        if name.lower() == b"transfer-encoding":
            raise NotImplementedError("a body in chunks: send it over a socket")
        self._headers.append((name.lower(), value))

    def endheaders(self, message_body: Any = None, *, encode_chunked: bool = False) -> None:
        if self.sock is None:
            self.connect()

    def send(self, data: Any) -> None:
        self._parts.append(bytes(data))

    def getresponse(self) -> HTTPResponse:  # type: ignore[override]
        options = self._response_options
        assert options is not None
        self._response_options = None
        end, limit = _ends[self.port or 0], self.timeout
        try:
            with end.turn:
                heard = call(end.app, *self._asked, self._headers, b"".join(self._parts))
        except ConnectionDropped:
            self.close()
            raise RemoteDisconnected("Remote end closed connection without response") from None
        if isinstance(limit, int | float) and heard.waited > limit:
            # The work goes on where nobody waits for it any more.
            raise TimeoutError("timed out")
        headers = HTTPHeaderDict(heard.headers)
        return HTTPResponse(
            body=io.BytesIO(heard.body),
            headers=headers,
            status=heard.status,
            version=11,
            version_string="HTTP/1.1",
            reason=_REASONS.get(heard.status, ""),
            preload_content=options.preload_content,
            decode_content=options.decode_content,
            original_response=_Original(headers),  # type: ignore[arg-type]
            enforce_content_length=options.enforce_content_length,
            request_method=options.request_method,
            request_url=options.request_url,
        )


_REASONS: Mapping[int, str] = {status.value: status.phrase for status in http.HTTPStatus}


class _Plug:
    """Stands where a connection's socket stands."""

    def settimeout(self, seconds: float | None) -> None:
        pass

    def close(self) -> None:
        pass


class _Original:
    """An answer that was read to its end: its connection may go back to the pool."""

    def __init__(self, headers: HTTPHeaderDict) -> None:
        self.msg = headers

    def isclosed(self) -> bool:
        return True

    def close(self) -> None:
        pass
