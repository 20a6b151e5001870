"""The line in this process is held against a socket: what a client asks, is answered and is denied is the same."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime
from typing import Any

import pytest
import requests
import urllib3
from starlette.applications import Starlette

from emulator.hubspot.app import build
from emulator.kit.clock import Clock
from emulator.kit.server import serve
from emulator.kit.state import StateFile
from tests.line import answering

AUTHORISED = {"authorization": "Bearer pat-emulator"}
Line = Callable[[Starlette], AbstractContextManager[str]]


@contextmanager
def portal(line: Line, **fault: Any) -> Iterator[tuple[str, Starlette]]:
    app = build(StateFile(), Clock.virtual(datetime(2026, 3, 2, 9, 0, tzinfo=UTC)))
    if fault:
        app.state.faults.add(fault)
    with line(app) as url:
        yield url, app


def companies(app: Starlette) -> list[str]:
    return [record.values["name"] for record in app.state.portal.shelves["companies"].records]


def asked(line: Line, method: str, path: str, fault: dict[str, Any], **how: Any) -> tuple[Any, Any]:
    """What the client got or suffered, and what the portal noted of the call."""
    with portal(line, **fault) as (url, app), requests.Session() as session:
        session.trust_env = False
        try:
            answer = session.request(method, url + path, timeout=5, **how)
        except requests.RequestException as error:
            got: Any = (
                type(error),
                type(error.args[0]),
                error.args[0].args[1:] and type(error.args[0].args[1]),
            )
        else:
            got = (answer.status_code, answer.reason, list(answer.headers.items()), answer.content)
        noted = [
            (call.method, call.path, call.query, call.status, call.fault) for call in app.state.calls.recent
        ]
        return got, (noted, companies(app))


@pytest.mark.parametrize(
    ("method", "path", "fault", "how"),
    [
        ("GET", "/crm/v3/owners?limit=1&email=a%20b%2Bc%40example.com", {}, {"headers": AUTHORISED}),
        (
            "POST",
            "/crm/v3/objects/companies",
            {},
            {"headers": AUTHORISED, "json": {"properties": {"name": "Ä"}}},
        ),
        ("POST", "/crm/v3/objects/companies", {}, {"headers": AUTHORISED, "data": "{"}),
        ("POST", "/oauth/v1/token", {}, {"data": {"grant_type": "refresh_token", "client_id": "a b"}}),
        ("DELETE", "/crm/v3/objects/companies/1", {}, {"headers": AUTHORISED}),
        ("HEAD", "/crm/v3/owners", {}, {"headers": AUTHORISED}),
        ("GET", "/crm/v3/objects/caf%C3%A9/1", {}, {"headers": AUTHORISED}),
        ("GET", "/crm/v3/owners", {}, {}),
        ("GET", "/nowhere", {}, {"headers": AUTHORISED}),
        ("GET", "/crm/v3/owners", {"status": 503, "body": "<html>"}, {"headers": AUTHORISED}),
        (
            "POST",
            "/crm/v3/objects/companies",
            {"drop": "before"},
            {"headers": AUTHORISED, "json": {"properties": {"name": "lost"}}},
        ),
        (
            "POST",
            "/crm/v3/objects/companies",
            {"drop": "after"},
            {"headers": AUTHORISED, "json": {"properties": {"name": "made"}}},
        ),
    ],
)
def test_a_client_gets_over_the_line_what_it_gets_over_a_socket(
    method: str, path: str, fault: dict[str, Any], how: dict[str, Any]
) -> None:
    assert asked(answering, method, path, fault, **how) == asked(serve, method, path, fault, **how)


def test_an_emulator_hears_over_the_line_the_headers_that_it_hears_over_a_socket() -> None:
    heard = []
    for line in (answering, serve):
        app = build(StateFile(), Clock.virtual(datetime(2026, 3, 2, 9, 0, tzinfo=UTC)))
        taken = app.state.faults.take

        def noting(call: Any, *, taken: Any = taken) -> Any:
            heard.append({**call.headers, "host": call.headers["host"].partition(":")[0]})
            return taken(call)

        app.state.faults.take = noting
        with line(app) as url, urllib3.PoolManager() as pool:
            pool.request("POST", f"{url}/crm/v3/owners", body=b"{}", headers=AUTHORISED)
            pool.request("GET", f"{url}/crm/v3/owners")
    assert heard[:2] == heard[2:]


def test_a_client_whose_patience_ends_before_the_delay_does_is_not_answered_and_the_work_is_done() -> None:
    with portal(answering, delay=20) as (url, app), requests.Session() as session:
        session.trust_env = False
        with pytest.raises(requests.ReadTimeout):
            session.post(
                f"{url}/crm/v3/objects/companies",
                json={"properties": {"name": "late"}},
                headers=AUTHORISED,
                timeout=(5, 10),
            )
        assert companies(app) == ["late"]


def test_a_connection_is_used_again_and_one_that_was_dropped_is_not() -> None:
    with portal(answering, drop="before", after=2) as (url, _), urllib3.PoolManager(retries=False) as pool:
        for _ in range(2):
            pool.request("GET", f"{url}/crm/v3/owners", headers=AUTHORISED)
        [connections] = [pool.connection_from_url(url)]
        assert connections.num_connections == 1
        with pytest.raises(urllib3.exceptions.ProtocolError):
            pool.request("GET", f"{url}/crm/v3/owners", headers=AUTHORISED)
        assert pool.request("GET", f"{url}/crm/v3/owners", headers=AUTHORISED).status == 200


def test_others_are_reached_by_sockets_while_a_line_stands() -> None:
    with portal(answering), portal(serve) as (url, app), requests.Session() as session:
        session.trust_env = False
        assert session.get(f"{url}/crm/v3/owners", headers=AUTHORISED, timeout=5).status_code == 200
        assert len(app.state.calls.recent) == 1


def test_nobody_answers_at_a_line_that_was_taken_down() -> None:
    with portal(answering) as (url, _):
        pass
    with portal(answering), requests.Session() as session, pytest.raises(requests.ConnectionError):
        session.get(f"{url}/crm/v3/owners", timeout=5)
