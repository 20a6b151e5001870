"""The control door: what a tester tells an emulator beside its CRM's own API. Paths start with `/__emulator__`."""

import json
from collections.abc import Callable
from datetime import datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from emulator.kit.calls import CallLog
from emulator.kit.clock import Clock
from emulator.kit.faults import FaultBook, FaultRefused

DOOR = "/__emulator__"


def refused(*problems: str) -> JSONResponse:
    """400 with every problem in words."""
    return JSONResponse({"problems": list(problems)}, status_code=400)


async def json_of(request: Request) -> dict[str, Any]:
    """The body as a JSON object; an empty body is an empty object. Raises ValueError in words."""
    raw = await request.body()
    try:
        body = json.loads(raw or b"{}")
    except json.JSONDecodeError as error:
        raise ValueError(f"the body is no JSON: {error}") from error
    if not isinstance(body, dict):
        raise ValueError("the body must be a JSON object")  # noqa: TRY004 - told to a person, not a programmer
    return body


class Door:
    """The routes that every emulator has: calls, faults, clock, reset."""

    def __init__(
        self, *, clock: Clock, calls: CallLog, faults: FaultBook, reset: Callable[[bool], None]
    ) -> None:
        self._clock = clock
        self._calls = calls
        self._faults = faults
        self._reset = reset

    @property
    def routes(self) -> list[BaseRoute]:
        return [
            Route(f"{DOOR}/calls", self.get_calls, methods=["GET"]),
            Route(f"{DOOR}/calls/reset", self.reset_calls, methods=["POST"]),
            Route(f"{DOOR}/faults", self.get_faults, methods=["GET"]),
            Route(f"{DOOR}/faults", self.add_fault, methods=["POST"]),
            Route(f"{DOOR}/faults", self.clear_faults, methods=["DELETE"]),
            Route(f"{DOOR}/clock", self.get_clock, methods=["GET"]),
            Route(f"{DOOR}/clock", self.move_clock, methods=["POST"]),
            Route(f"{DOOR}/reset", self.reset_all, methods=["POST"]),
        ]

    async def get_calls(self, _request: Request) -> Response:
        return JSONResponse(self._calls.as_json())

    async def reset_calls(self, _request: Request) -> Response:
        self._calls.reset()
        return JSONResponse(self._calls.as_json())

    async def get_faults(self, _request: Request) -> Response:
        return JSONResponse(self._faults.as_json())

    async def add_fault(self, request: Request) -> Response:
        try:
            fault = self._faults.add(await json_of(request))
        except FaultRefused as error:
            return refused(*error.problems)
        except ValueError as error:
            return refused(str(error))
        return JSONResponse(fault.as_json(), status_code=201)

    async def clear_faults(self, _request: Request) -> Response:
        self._faults.clear()
        return Response(status_code=204)

    async def get_clock(self, _request: Request) -> Response:
        return JSONResponse({"now": self._clock.now().isoformat(), "frozen": self._clock.frozen})

    async def move_clock(self, request: Request) -> Response:
        try:
            _move(self._clock, await json_of(request))
        except ValueError as error:
            return refused(str(error))
        return await self.get_clock(request)

    async def reset_all(self, request: Request) -> Response:
        try:
            empty = bool((await json_of(request)).get("empty", False))
        except ValueError as error:
            return refused(str(error))
        self._faults.clear()
        self._calls.reset()
        self._clock.reset()
        self._reset(empty)
        return Response(status_code=204)


def _move(clock: Clock, order: dict[str, Any]) -> None:
    """Carry out `{"set": iso}`, `{"advance": seconds}`, `{"freeze": true|false}`, in this order where several stand."""
    if unknown := sorted(set(order) - {"set", "advance", "freeze"}):
        raise ValueError(f"unknown keys: {', '.join(unknown)} (known: set, advance, freeze)")
    moment = datetime.fromisoformat(order["set"]) if "set" in order else None
    seconds = order.get("advance", 0)
    if isinstance(seconds, bool) or not isinstance(seconds, int | float):
        raise ValueError("advance must be a number of seconds")  # noqa: TRY004 - as above
    if moment is not None:
        clock.set(moment)
    if seconds:
        clock.advance(seconds)
    if "freeze" in order:
        if order["freeze"]:
            clock.freeze()
        else:
            clock.run()
