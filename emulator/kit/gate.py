"""The way into an emulated CRM: every request is read whole, offered to the faults, worked on alone, kept and counted.

A CRM's endpoint finds what it needs in the ASGI scope: `call_of(request)` and `taken_of(request)`.
"""

import asyncio
import json
import re
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from email.utils import format_datetime
from typing import Any

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from emulator.kit.calls import Answered, Call, CallLog
from emulator.kit.clock import Clock
from emulator.kit.control import DOOR, Door
from emulator.kit.faults import FaultBook, FaultsTaken, HttpAnswer
from emulator.kit.server import drop_connection
from emulator.kit.state import StateFile

_AS_USER = re.compile(rf"{DOOR}/as/(?P<user>[^/]+)(?P<path>/.*)")

PATIENCE = "emulator.patience"
"""Where a client in this process puts, in the ASGI scope, how a delay passes; over a socket it takes its time."""

Counts = Callable[[Call, str], bool]
"""Whether a call of a route template counts against the CRM's API quota."""


def call_of(request: Request) -> Call:
    """The request as the gate saw it; `user` is set for calls through the people's door."""
    call: Call = request.scope["emulator.call"]
    return call


def taken_of(request: Request) -> FaultsTaken:
    """The faults that stand for this request."""
    taken: FaultsTaken = request.scope["emulator.taken"]
    return taken


def response_of(answer: HttpAnswer) -> Response:
    """An `Answer` as a Starlette response: JSON for dicts and lists, else text or bytes as they are."""
    headers = dict(answer.headers)
    if isinstance(answer.body, dict | list):
        headers.setdefault("content-type", "application/json;charset=utf-8")
        return Response(json.dumps(answer.body), status_code=answer.status, headers=headers)
    return Response(answer.body, status_code=answer.status, headers=headers)


def always(_call: Call, _route: str) -> bool:
    """Every call counts."""
    return True


def assemble(
    routes: Sequence[BaseRoute],
    *,
    state: StateFile,
    clock: Clock,
    faults: FaultBook,
    reset: Callable[[bool], None],
    calls: CallLog | None = None,
    counts: Counts = always,
    rewrite: Callable[[str], str] = str,
    extras: Sequence[BaseRoute] = (),
    missing: Callable[[Request], Response] | None = None,
) -> Starlette:
    """A CRM's routes behind the gate, with the control door beside them.

    `rewrite` turns a path into the one that is routed: for a CRM that spells one endpoint in several ways.
    `reset(empty)` puts the CRM's own memory back (the gate's counters and faults are cleared by the door); `extras`
    are further routes of the door, written with their full path. `missing` answers what no route does, in the CRM's
    own form.
    """
    calls = calls if calls is not None else CallLog()
    doors = Door(clock=clock, calls=calls, faults=faults, reset=reset).routes
    app = Starlette(
        routes=[*extras, *doors, *routes],
        middleware=[
            Middleware(
                Gate, state=state, clock=clock, faults=faults, calls=calls, counts=counts, rewrite=rewrite
            )
        ],
    )
    app.router.redirect_slashes = False
    if missing is not None:
        for status in (404, 405):
            app.add_exception_handler(status, _in_form(missing))
    app.state.calls = calls
    app.state.faults = faults
    app.state.clock = clock
    return app


def _in_form(missing: Callable[[Request], Response]) -> Callable[[Request, Exception], Awaitable[Response]]:
    # Not in a thread of its own, where Starlette sends whatever is no coroutine.
    async def handle(request: Request, _error: Exception) -> Response:
        return missing(request)

    return handle


class Gate:
    """ASGI middleware around one CRM. Requests are worked on one at a time, each in one state transaction."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        state: StateFile,
        clock: Clock,
        faults: FaultBook,
        calls: CallLog,
        counts: Counts,
        rewrite: Callable[[str], str],
    ) -> None:
        self._app = app
        self._state = state
        self._clock = clock
        self._faults = faults
        self._calls = calls
        self._counts = counts
        self._rewrite = rewrite
        self._lock = asyncio.Lock()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        user: str | None = None
        if person := _AS_USER.fullmatch(scope["path"]):
            user = person["user"]
            scope["path"] = person["path"]
            scope["raw_path"] = person["path"].encode()
        elif scope["path"].startswith(DOOR):
            body = await _whole_body(receive)
            await _send_all(await self._work(scope, body), send)
            return
        body = await _whole_body(receive)
        call = Call(
            method=scope["method"],
            path=scope["path"],
            query=scope["query_string"].decode(),
            body=body,
            headers={name.decode().lower(): value.decode("latin-1") for name, value in scope["headers"]},
            user=user,
            at=self._clock.now(),
        )
        # A person's edit is there to set a scene: the faults are meant for the client under test.
        taken = FaultsTaken() if user is not None else self._faults.take(call)
        scope["path"] = self._rewrite(scope["path"])
        scope["emulator.call"] = call
        scope["emulator.taken"] = taken
        if taken.delay:
            await scope.get(PATIENCE, asyncio.sleep)(taken.delay)
        answered_by_fault = taken.answer is not None and not taken.work_done
        messages: list[Message] = []
        if taken.drop != "before" and not answered_by_fault:
            messages = await self._work(scope, body)
        if taken.answer is not None:
            messages = await _collect(response_of(taken.answer), scope)
        dropped = taken.drop is not None
        if user is None:
            self._note(scope, call, taken, None if dropped else messages[0]["status"])
        if dropped:
            await drop_connection(scope)
            return
        await _send_all(_dated(messages, self._clock.now()), send)

    async def _work(self, scope: Scope, body: bytes) -> list[Message]:
        async with self._lock:
            with self._state.transaction():
                return await _collect(self._app, scope, body)

    def _note(self, scope: Scope, call: Call, taken: FaultsTaken, status: int | None) -> None:
        route = getattr(scope.get("route"), "path", None) or self._route_of(scope)
        self._calls.note(
            Answered(
                at=call.at,
                method=call.method,
                path=call.path,
                query=call.query,
                route=route,
                status=status,
                fault=taken.name,
            ),
            counts=self._counts(call, route),
        )

    @staticmethod
    def _route_of(scope: Scope) -> str:
        """The template of a request that never reached the router."""
        app: Starlette = scope["app"]
        for route in app.routes:
            match, _ = route.matches(scope)
            if match.value == 2:
                return str(getattr(route, "path", scope["path"]))
        return str(scope["path"])


async def _whole_body(receive: Receive) -> bytes:
    chunks: list[bytes] = []
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return b"".join(chunks)
        chunks.append(message.get("body", b""))
        if not message.get("more_body", False):
            return b"".join(chunks)


async def _collect(app: Any, scope: Scope, body: bytes = b"") -> list[Message]:
    """Run an ASGI app to its end and keep what it sends: nothing leaves before the writes are kept."""
    messages: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Message) -> None:
        messages.append(message)

    await app(scope, receive, send)
    return messages


def _dated(messages: Sequence[Message], now: datetime) -> list[Message]:
    """Put the clock's own Date on an answer: clients compare it with theirs."""
    start, *rest = messages
    headers = [pair for pair in start.get("headers", ()) if pair[0].lower() != b"date"]
    date = (b"date", format_datetime(now, usegmt=True).encode())
    return [{**start, "headers": [*headers, date]}, *rest]


async def _send_all(messages: Sequence[Message], send: Send) -> None:
    for message in messages:
        await send(message)
