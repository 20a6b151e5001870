"""A three-route CRM behind the gate: what the control door promises, seen through HTTP."""

from datetime import UTC, datetime
from typing import Any

import pytest
import requests
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from emulator.kit.calls import Call
from emulator.kit.clock import Clock
from emulator.kit.faults import FaultBook, FaultRefused, HttpAnswer, Options, Recipe
from emulator.kit.gate import assemble, call_of, taken_of
from emulator.kit.server import serve
from emulator.kit.state import StateFile

NOON = datetime(2026, 10, 5, 12, tzinfo=UTC)


def _too_fast(call: Call, options: Options) -> HttpAnswer:
    return HttpAnswer(
        status=429, body={"policy": options.get("policy", "DAILY"), "path": call.path}, headers={"x-a": "b"}
    )


RECIPES = (
    Recipe(
        id="F1",
        summary="too fast",
        sort="answer",
        answer=_too_fast,
        options=frozenset({"policy"}),
        path="/thing",
    ),
    Recipe(id="F2", summary="rows fail", sort="rows", method="POST", path="/thing"),
    Recipe(id="F3", summary="another mood", sort="mode"),
    Recipe(
        id="F4",
        summary="work done, answer lost",
        sort="answer",
        answer=lambda _call, _options: HttpAnswer(status=504, body="<html>"),
        work_done=True,
    ),
)


class Things:
    def __init__(self, state: StateFile) -> None:
        self.state = state
        self.count = 0

    async def add(self, request: Request) -> Response:
        taken = taken_of(request)
        if request.query_params.get("explode"):
            self.state.put("thing", "never", {})
            raise RuntimeError("explode")
        self.count += 1
        self.state.put("thing", str(self.count), {"by": call_of(request).user})
        names = ["a", "b", "c"]
        return JSONResponse(
            {
                "count": self.count,
                "by": call_of(request).user,
                "bad_rows": sorted(taken.rows("F2", names)),
                "mood": taken.options("F3") is not None,
            },
            status_code=201,
        )

    async def get(self, request: Request) -> Response:
        return JSONResponse({"id": request.path_params["id"]})

    def reset(self, empty: bool) -> None:
        if empty:
            self.state.clear()
        else:
            self.state.rewind()
        self.count = len(self.state.load("thing"))


def build(clock: Clock | None = None) -> Starlette:
    clock = clock or Clock.virtual(NOON)
    state = StateFile()
    things = Things(state)
    things.reset(empty=False)
    state.mark()
    app = assemble(
        [Route("/thing", things.add, methods=["POST"]), Route("/thing/{id}", things.get, methods=["GET"])],
        state=state,
        clock=clock,
        faults=FaultBook(clock, RECIPES),
        reset=things.reset,
        counts=lambda _call, route: route != "/token",
    )
    app.state.things = things
    return app


class Client:
    def __init__(self, base: str) -> None:
        self.base = base
        self.session = requests.Session()
        self.session.trust_env = False

    def __call__(self, method: str, path: str, body: Any = None) -> requests.Response:
        return self.session.request(method, self.base + path, json=body, timeout=10)

    def fault(self, **spec: Any) -> requests.Response:
        return self("POST", "/__emulator__/faults", spec)


@pytest.fixture
def app() -> Starlette:
    return build()


@pytest.fixture
def client(app: Starlette) -> Any:
    with serve(app) as base:
        yield Client(base)


def test_calls_are_counted_by_route_and_the_door_is_not(client: Client) -> None:
    client("POST", "/thing")
    client("GET", "/thing/7?a=1")
    client("GET", "/thing/8")
    client("GET", "/token")
    calls = client("GET", "/__emulator__/calls").json()
    assert (calls["total"], calls["api"]) == (4, 3)
    assert calls["routes"] == {"POST /thing": 1, "GET /thing/{id}": 2, "GET /token": 1}
    assert calls["recent"][1] | {"at": ""} == {
        "at": "",
        "method": "GET",
        "path": "/thing/7",
        "query": "a=1",
        "route": "/thing/{id}",
        "status": 200,
        "fault": None,
    }
    client("POST", "/__emulator__/calls/reset")
    assert client("GET", "/__emulator__/calls").json()["total"] == 0


def test_a_recipe_answers_instead_of_the_work_as_often_as_told(client: Client, app: Starlette) -> None:
    assert client.fault(fault="F1", times=2, after=1, policy="BURST").status_code == 201
    answers = [client("POST", "/thing") for _ in range(4)]
    assert [answer.status_code for answer in answers] == [201, 429, 429, 201]
    assert answers[1].json() == {"policy": "BURST", "path": "/thing"}
    assert answers[1].headers["x-a"] == "b"
    assert app.state.things.count == 2
    assert client("GET", "/__emulator__/calls").json()["recent"][1]["fault"] == "F1"


def test_a_raw_fault_needs_no_recipe(client: Client) -> None:
    client.fault(
        match={"method": "get", "path": "/thing/9"}, status=503, body="<html>", headers={"Retry-After": "2"}
    )
    assert client("GET", "/thing/1").status_code == 200
    answer = client("GET", "/thing/9")
    assert (answer.status_code, answer.text, answer.headers["Retry-After"]) == (503, "<html>", "2")


def test_row_and_mode_faults_reach_the_handler(client: Client) -> None:
    client.fault(fault="F2")
    client.fault(fault="F2", rows=["b", 2])
    client.fault(fault="F3", seconds=30)
    first, second = client("POST", "/thing").json(), client("POST", "/thing").json()
    assert first["bad_rows"] == [1, 2]
    assert second["bad_rows"] == []
    assert first["mood"]
    assert second["mood"]
    client("POST", "/__emulator__/clock", {"advance": 31})
    assert not client("POST", "/thing").json()["mood"]


def test_work_may_be_done_although_the_answer_is_bad(client: Client, app: Starlette) -> None:
    client.fault(fault="F4", match={"path": "/thing"})
    assert client("POST", "/thing").status_code == 504
    assert app.state.things.count == 1


@pytest.mark.parametrize(("drop", "done"), [("before", 0), ("after", 1)])
def test_a_dropped_connection_gives_no_answer(client: Client, app: Starlette, drop: str, done: int) -> None:
    client.fault(drop=drop)
    with pytest.raises(requests.ConnectionError):
        client("POST", "/thing")
    assert app.state.things.count == done
    assert client("GET", "/thing/1").status_code == 200
    assert client("GET", "/__emulator__/calls").json()["recent"][0]["status"] is None


def test_an_impossible_fault_is_refused_with_every_problem(client: Client) -> None:
    answer = client.fault(fault="F99", times=0, wrong=1, match={"path": "(", "host": "x"})
    assert answer.status_code == 400
    problems = " | ".join(answer.json()["problems"])
    for part in (
        "unknown fault F99 (supported: F1, F2, F3, F4)",
        "wrong",
        "host",
        "regular expression",
        "times",
    ):
        assert part in problems
    assert client("GET", "/__emulator__/faults").json()["faults"] == []


def test_faults_can_be_listed_and_cleared(client: Client) -> None:
    client.fault(fault="F1", times=3)
    client("POST", "/thing")
    listed = client("GET", "/__emulator__/faults").json()
    assert listed["faults"][0]["remaining"] == 2
    assert listed["supported"]["F3"] == "another mood"
    client("DELETE", "/__emulator__/faults")
    assert client("POST", "/thing").status_code == 201


def test_a_person_writes_past_the_faults_and_the_count(client: Client) -> None:
    client.fault(fault="F1")
    answer = client("POST", "/__emulator__/as/anna@example.com/thing")
    assert answer.json()["by"] == "anna@example.com"
    assert client("GET", "/__emulator__/calls").json()["total"] == 0


def test_the_clock_is_told_through_the_door(client: Client) -> None:
    assert client("POST", "/__emulator__/clock", {"set": "2026-01-01T00:00:00Z"}).json()["frozen"]
    assert client("GET", "/__emulator__/clock").json()["now"] == "2026-01-01T00:00:00+00:00"
    assert client("POST", "/__emulator__/clock", {"advance": "soon"}).status_code == 400
    assert client("POST", "/__emulator__/clock", {"forward": 1}).status_code == 400


def test_reset_puts_back_what_the_server_started_with(client: Client, app: Starlette) -> None:
    client("POST", "/thing")
    client.fault(fault="F1")
    client("POST", "/__emulator__/clock", {"advance": 60})
    assert client("POST", "/__emulator__/reset").status_code == 204
    assert app.state.things.count == 0
    assert client("GET", "/__emulator__/faults").json()["faults"] == []
    assert client("GET", "/__emulator__/clock").json()["now"] == NOON.isoformat()


def test_a_request_that_crashes_the_server_keeps_nothing(client: Client, app: Starlette) -> None:
    assert client("POST", "/thing?explode=1").status_code == 500
    assert app.state.things.state.is_empty()


def test_a_recipe_refuses_options_it_does_not_know() -> None:
    with pytest.raises(FaultRefused, match="unknown keys: colour"):
        FaultBook(Clock.virtual(NOON), RECIPES).add({"fault": "F1", "colour": "red"})
