"""From HTTP to endpoints and back: who calls, what the daily limit says, and the headers that every answer carries."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import parse_qsl, unquote_plus

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Match, Route
from starlette.types import Scope

from emulator.kit.calls import Call
from emulator.kit.gate import call_of, taken_of
from emulator.salesforce.errors import EXPIRED_SESSION, NOT_FOUND, CallError, Problem
from emulator.salesforce.limits import DAILY_LIMIT_REACHED
from emulator.salesforce.org import Org
from emulator.salesforce.parts import Caller
from emulator.salesforce.rest.surface import Ask, Endpoint, Reply, Surface, answer, refused, version_of

#: bytes of a request's address, and of address and headers together (Salesforce: REST limits)
MOST_URI = MOST_HEAD = 16_384
_NO_API = Problem(code="API_DISABLED_FOR_ORG", message="API is not enabled for this Organization or Partner")
_BEARERS = ("bearer ", "oauth ")


class _Slashed(Route):
    """A route that takes a slash at its end too, and counts as the same route.

    A POST may name another method, for clients that cannot send PATCH: ``?_HttpMethod=PATCH``.
    """

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        path = scope["path"]
        if len(path) > 1 and path.endswith("/"):
            scope = {**scope, "path": path[:-1]}
        if scope.get("method") != "POST" or b"_HttpMethod" not in scope.get("query_string", b""):
            return super().matches(scope)
        meant = dict(parse_qsl(scope["query_string"].decode())).get("_HttpMethod")
        if meant is None:
            return super().matches(scope)
        match, child = super().matches({**scope, "method": meant})
        return match, {**child, "method": meant}


def routes(org: Org, surface: Surface) -> list[BaseRoute]:
    """Return the server's routes for every endpoint, and the one that answers everything else."""
    made: list[BaseRoute] = [
        _Slashed(endpoint.template, _serve(org, endpoint), methods=[endpoint.method])
        for endpoint in surface.endpoints
    ]
    return [*made, Route("/services/data/{rest:path}", _nothing_here(org, surface), methods=_METHODS)]


_METHODS = ["GET", "POST", "PATCH", "PUT", "DELETE", "HEAD", "OPTIONS"]


def access_token(headers: dict[str, str]) -> str:
    """Return the token of an Authorization header, or an empty text."""
    value = headers.get("authorization", "")
    return next((value[len(kind) :].strip() for kind in _BEARERS if value.lower().startswith(kind)), "")


def caller_of(org: Org, request: Request, *, version: float = 62.0) -> Caller:
    """Return who makes this request: the token's user, or the person of the people's door.

    Raises CallError INVALID_SESSION_ID, or NOT_FOUND for a person who does not exist.
    """
    call = call_of(request)
    if call.user is not None:
        person = org.find_user(unquote_plus(call.user))
        if person is None:
            raise CallError(Problem(code="NOT_FOUND", message=f"no user is called {call.user}"))
        user_id: str | None = str(person["Id"])
    else:
        user_id = org.sessions.user_of(access_token(call.headers))
    if user_id is None:
        raise CallError(EXPIRED_SESSION)
    return Caller(
        user_id=user_id,
        version=version,
        client=_option(call.headers.get("sforce-call-options"), "client"),
        allow_save=(_option(call.headers.get("sforce-duplicate-rule-header"), "allowSave") or "").lower()
        == "true",
        taken=taken_of(request),
    )


def server_of(request: Request) -> str:
    """Return the address under which the client reached this server."""
    return str(request.base_url).rstrip("/")


def finish(org: Org, request: Request, reply: Reply) -> Response:
    """Return the HTTP answer, with the limit's and the clock's headers."""
    options = taken_of(request).options("F07")
    used = int(options.get("used", 98_000)) if options is not None else None
    limit = org.usage.header(used=used)
    if options is not None and options.get("extra"):
        limit += f"; {options['extra']}"
    headers = {"Sforce-Limit-Info": limit, **reply.headers}
    if reply.body is None:
        return Response(status_code=reply.status, headers=headers)
    if isinstance(reply.body, str):
        return Response(reply.body.encode(), status_code=reply.status, headers=headers)
    content = json.dumps(reply.body, separators=(",", ":"), ensure_ascii=False).encode()
    return Response(
        content, status_code=reply.status, headers=headers, media_type="application/json;charset=UTF-8"
    )


def _serve(org: Org, endpoint: Endpoint) -> Callable[[Request], Awaitable[Response]]:
    async def handle(request: Request) -> Response:
        if (late := _too_long(call_of(request))) is not None:
            return late
        return finish(org, request, _reply(org, endpoint, request))

    return handle


def _reply(org: Org, endpoint: Endpoint, request: Request) -> Reply:
    call = call_of(request)
    params: dict[str, Any] = dict(request.path_params)
    try:
        version = version_of(params["v"]) if "v" in params else 62.0
        nobody = Caller(user_id="", version=version, taken=taken_of(request))
        caller = caller_of(org, request, version=version) if endpoint.secured else nobody
        if endpoint.secured and call.user is None:
            if not org.access.has_right(caller.user_id, "ApiEnabled"):
                raise CallError(_NO_API)
            if org.usage.exhausted():
                raise CallError(DAILY_LIMIT_REACHED)
            org.usage.note()
    except CallError as error:
        return refused(error)
    ask = Ask(
        org=org,
        caller=caller,
        method=call.method,
        params={key: str(value) for key, value in params.items()},
        query=dict(parse_qsl(call.query, keep_blank_values=True)),
        headers=call.headers,
        body=call.body,
        server=server_of(request),
        access_token=access_token(call.headers),
    )
    return answer(endpoint, ask)


def _nothing_here(org: Org, surface: Surface) -> Callable[[Request], Awaitable[Response]]:
    async def handle(request: Request) -> Response:
        call = call_of(request)
        try:
            caller_of(org, request)
            surface.find(call.method, call.path)
            error = CallError(NOT_FOUND)
        except CallError as found:
            error = found
        return finish(org, request, refused(error))

    return handle


def _too_long(call: Call) -> Response | None:
    """Answer 414 or 431 as the edge does, before anybody looks at the token."""
    uri = len(call.path) + len(call.query) + 1
    if uri > MOST_URI:
        return Response(
            "<h1>Bad Message 414</h1><pre>reason: URI Too Long</pre>", 414, media_type="text/html"
        )
    head = uri + sum(len(name) + len(value) + 4 for name, value in call.headers.items())
    if head > MOST_HEAD:
        text = "<h1>Bad Message 431</h1><pre>reason: Request Header Fields Too Large</pre>"
        return Response(text, 431, media_type="text/html")
    return None


def _option(header: str | None, name: str) -> str | None:
    """Return one value of a header such as ``client=Astro; defaultNamespace=x``."""
    for part in (header or "").replace(",", ";").split(";"):
        key, _, value = part.strip().partition("=")
        if key.strip().lower() == name.lower():
            return value.strip()
    return None
