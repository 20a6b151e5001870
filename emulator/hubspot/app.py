"""The HubSpot server: every route behind authentication, limits and scopes, with HubSpot's headers on its answers."""

from collections.abc import Awaitable, Callable

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from emulator.hubspot.api import (
    account,
    associations,
    batches,
    objects,
    pipelines,
    properties,
    search,
    webhooks,
)
from emulator.hubspot.api.rule import Rule
from emulator.hubspot.bodies import refusal
from emulator.hubspot.control import PortalDoor
from emulator.hubspot.data.records import Source
from emulator.hubspot.errors import HubSpotError, not_found
from emulator.hubspot.faults import NATURAL, RECIPES
from emulator.hubspot.portal import Portal, Seed, Settings
from emulator.hubspot.tokens import Token
from emulator.hubspot.wire import MAX_ADDRESS, asked, error_answer, respond, v3_path, version_of
from emulator.kit.calls import Call
from emulator.kit.clock import Clock
from emulator.kit.faults import FaultBook, HttpAnswer
from emulator.kit.gate import assemble, call_of
from emulator.kit.state import StateFile

# Fixed words before parameters: `/batch/read` must not be read as a record's id.
RULES = (
    *batches.RULES,
    *search.RULES,
    *objects.RULES,
    *properties.RULES,
    *pipelines.RULES,
    *associations.RULES,
    *account.RULES,
    *webhooks.RULES,
)
_OUTSIDE = Source("OAUTH", "token")
_TOO_LONG = HttpAnswer(
    status=414,
    body="<html><body><h1>414 Request-URI Too Large</h1></body></html>",
    headers={"content-type": "text/html"},
)


def build(
    state: StateFile, clock: Clock, seed: Seed | None = None, *, settings: Settings | None = None
) -> Starlette:
    """A portal's server. `app.state.portal` is the store behind it.

    The portal is founded when the state file is empty, with HubSpot's own definitions and what `seed` adds.
    """
    portal = Portal(state, clock, settings or Settings(), seed)
    app = assemble(
        [Route(rule.path, _endpoint(portal, rule), methods=[rule.method]) for rule in RULES],
        state=state,
        clock=clock,
        faults=FaultBook(clock, RECIPES, natural=NATURAL),
        reset=portal.reset,
        counts=_counts,
        rewrite=v3_path,
        extras=PortalDoor(portal).routes,
        missing=_missing(portal),
    )
    app.state.portal = portal
    return app


def _missing(portal: Portal) -> Callable[[Request], Response]:
    """What no route answers: another version, another object, another verb."""

    def answer(request: Request) -> Response:
        correlation = portal.correlation()
        error = not_found(f"{request.method} {request.url.path} is not there")
        return respond(error_answer(error, correlation), correlation, {})

    return answer


def _counts(_call: Call, route: str) -> bool:
    return not route.startswith(("/oauth/", "/webhooks/"))


def _endpoint(portal: Portal, rule: Rule) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        correlation = portal.correlation()
        call = call_of(request)
        headers: dict[str, str] = {}
        try:
            if len(call.path) + len(call.query) > MAX_ADDRESS:
                return respond(_TOO_LONG, correlation, headers)
            if not rule.serves(version_of(call.path)):
                raise not_found(f"{call.method} {call.path} is no operation of this version")
            token, by = _who(portal, rule, call)
            ask = asked(request, portal, token, by)
            if token is not None:
                headers = portal.usage.use(
                    str(token.app_id), oauth=token.oauth, search=rule.search, now=call.at
                )
                token.require(rule.scopes(ask))
            if rule.body is not None and (refused := refusal(rule.body, ask.parsed)):
                raise refused
            answer = rule.handler(ask)
        except HubSpotError as error:
            answer = error_answer(error, correlation)
        return respond(answer, correlation, headers)

    return endpoint


def _who(portal: Portal, rule: Rule, call: Call) -> tuple[Token | None, Source]:
    if call.user is not None:
        try:
            return None, portal.person(call.user)
        except LookupError as error:
            raise not_found(str(error)) from error
    if not rule.auth:
        return None, _OUTSIDE
    token = portal.tokens.bearer(call.header("authorization"), call.at)
    return token, portal.app(token)
