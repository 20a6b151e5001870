"""A HubSpot that says what a test tells it to, below hubspot-api-client: it stands in for urllib3's pool.

What the connector sends is kept as bytes would leave this machine, and held against HubSpot's published
specification where that lies beside this checkout.
"""

import io
import json
import re
import threading
import warnings
from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from functools import cache
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from urllib3 import HTTPResponse

from connector.base import Connector
from connector.clock import Pace
from connector.hubspot.api.paths import DEFAULT_VERSION
from connector.hubspot.api.settings import AccessToken, HubSpotSettings
from connector.hubspot.client import HubSpotConnector
from connector.network import Network
from connector.retry import RetryPolicy
from tests import shared
from tests.hubspot_versions import dated, numbered

BASE = "http://127.0.0.1:8702"
START = datetime(2026, 11, 2, 12, 0, tzinfo=UTC)

#: The version of HubSpot's API that a test speaks (conftest.py gives it every test in turn).
SPOKEN = ContextVar("SPOKEN", default=DEFAULT_VERSION)

#: What the judge says of right requests: the specification types `sorts` as text, the API takes objects.
FALSE_ALARMS = re.compile(r"req sorts/\d+: ")


@dataclass
class Clock:
    """Time that passes only when somebody sleeps or advances it."""

    at: datetime = START
    slept: list[float] = field(default_factory=list)

    def now(self) -> datetime:
        return self.at

    def advance(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.at += timedelta(seconds=seconds)

    @property
    def pace(self) -> Pace:
        return Pace.virtual(self.now, self.advance)


@dataclass(frozen=True)
class Sent:
    """One request as it left."""

    method: str
    #: As the numbered version has it, whatever version was spoken.
    path: str
    #: As it left.
    address: str
    query: dict[str, str]
    body: Any
    headers: Mapping[str, str]
    form: Mapping[str, str] | None
    timeout: Any

    @property
    def route(self) -> str:
        return f"{self.method} {self.path}"

    @property
    def inputs(self) -> list[dict[str, Any]]:
        inputs: list[dict[str, Any]] = self.body["inputs"]
        return inputs


@dataclass(frozen=True)
class Said:
    """One answer."""

    body: Any = None
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


Answer = Said | BaseException | Callable[[Sent], Said]


class Pool:
    """Answers from a script. A route's answers are given in turn; the last one is given again and again."""

    def __init__(self, clock: Clock, judge: Any = None, *, version: str = DEFAULT_VERSION) -> None:
        self.clock = clock
        self.version = version
        self.judge = judge
        self.sent: list[Sent] = []
        self.complaints: list[str] = []
        self._script: dict[str, deque[Answer]] = {}
        self._lock = threading.Lock()

    def on(self, route: str, *answers: Answer) -> None:
        """Script a route, as ``GET /crm/v3/owners/``: it is waited for where the version spoken has it."""
        self._script[route] = deque(answers)

    def routes(self) -> list[str]:
        return [sent.route for sent in self.sent]

    def to(self, route: str) -> list[Sent]:
        return [sent for sent in self.sent if sent.route == route]

    def request(
        self,
        method: str,
        url: str,
        *,
        body: str | None = None,
        fields: Any = None,
        headers: Mapping[str, str],
        timeout: Any = None,
        **_: Any,
    ) -> HTTPResponse:
        """urllib3.PoolManager.request, as hubspot-api-client calls it."""
        address = urlsplit(url)
        query = dict(parse_qsl(address.query))
        form = None
        if headers.get("Content-Type") == "application/x-www-form-urlencoded":
            form = dict(fields)
        elif fields:
            query |= dict(fields)
        path = numbered(address.path)
        if address.path != dated(path, self.version):
            raise AssertionError(f"{address.path} is no path of {self.version}")
        sent = Sent(
            method,
            path,
            address.path,
            query,
            json.loads(body) if body else None,
            dict(headers),
            form,
            timeout,
        )
        with self._lock:
            self.sent.append(sent)
            answers = self._script.get(sent.route)
            if not answers:
                raise AssertionError(f"nothing is scripted for {sent.route} {sent.query}")
            answer = answers.popleft() if len(answers) > 1 else answers[0]
        self._hold_against_specification(sent)
        if callable(answer):
            answer = answer(sent)
        if isinstance(answer, BaseException):
            raise answer
        return self._response(answer)

    def clear(self) -> None:
        """urllib3.PoolManager.clear."""

    def _hold_against_specification(self, sent: Sent) -> None:
        if self.judge is not None and not sent.path.startswith("/oauth/"):
            address = f"{BASE}{sent.path}?{urlencode(sent.query)}" if sent.query else f"{BASE}{sent.path}"
            self.complaints += complaints(self.judge, sent.method, address, sent.body)

    def _response(self, said: Said) -> HTTPResponse:
        text = isinstance(said.body, str)
        raw = (said.body if text else "" if said.body is None else json.dumps(said.body)).encode()
        headers = {
            "Content-Type": "text/html" if text else "application/json;charset=utf-8",
            "Date": format_datetime(self.clock.now(), usegmt=True),
            **said.headers,
        }
        return HTTPResponse(body=io.BytesIO(raw), status=said.status, headers=headers, preload_content=False)


def complaints(judge: Any, method: str, address: str, body: Any) -> list[str]:
    """What the specification has against a request, but for what is known to be the specification's fault."""
    found = judge.check(method, address, body)
    return [f"{method} {address}: {text}" for text in found if not FALSE_ALARMS.match(text)]


class Judged:
    """Stands between a connector and its real pool; holds a few requests of each route against the specification."""

    ENOUGH = 5

    def __init__(self, hubspot: Connector) -> None:
        assert isinstance(hubspot, HubSpotConnector)
        self._client = hubspot._transport._api.rest_client
        self._pool = self._client.pool_manager
        self._client.pool_manager = self
        self._judge = specification()
        self._seen: Counter[str] = Counter()
        self.complaints: list[str] = []

    def request(self, method: str, url: str, **parts: Any) -> Any:
        address = urlsplit(url)
        route = f"{method} {address.path}"
        self._seen[route] += 1
        if self._judge is not None and "/oauth/" not in route and self._seen[route] <= self.ENOUGH:
            query = f"?{urlencode(parts['fields'])}" if parts.get("fields") else ""
            body = json.loads(parts["body"]) if parts.get("body") else None
            spelt = url.replace(address.path, numbered(address.path), 1)
            self.complaints += complaints(self._judge, method, spelt + query, body)
        return self._pool.request(method, url, **parts)

    def clear(self) -> None:
        self._pool.clear()


@contextmanager
def stubbed(
    clock: Clock | None = None,
    *,
    judge: Any = None,
    retry: RetryPolicy | None = None,
    **settings: Any,
) -> Iterator[tuple[HubSpotConnector, Pool]]:
    """A connector whose calls end in a Pool. At the end every request must have kept to the specification."""
    clock = clock or Clock()
    chosen: dict[str, Any] = {
        "name": "hubspot",
        "base_url": BASE,
        "auth": AccessToken(access_token="pat-stub"),
        "api_version": SPOKEN.get(),
        **settings,
    }
    pool = Pool(clock, judge, version=chosen["api_version"])
    hubspot = HubSpotConnector(
        HubSpotSettings(**chosen), pace=clock.pace, retry=retry or RetryPolicy(), network=Network()
    )
    hubspot._transport._api.rest_client.pool_manager = pool
    try:
        yield hubspot, pool
    finally:
        hubspot.close()
    assert not pool.complaints, "\n".join(pool.complaints)


@cache
def specification() -> Any:
    """The judge of HubSpot requests, or None where the specification does not lie beside this checkout."""
    if not shared.CONTRACTS.is_dir():
        return None
    with warnings.catch_warnings():
        # The judge uses a class that jsonschema has deprecated, and leaves its file to be closed.
        warnings.simplefilter("ignore")
        return shared.judge("openapi_judge").Judge(str(shared.CONTRACTS / "hubspot" / "merged_v3.json"))


# -- answers in HubSpot's form -------------------------------------------------------------------------------


def stamp(at: datetime) -> str:
    """As Java prints an instant: without a fraction where the milliseconds are zero."""
    whole = at.strftime("%Y-%m-%dT%H:%M:%S")
    milliseconds = at.microsecond // 1000
    return f"{whole}.{milliseconds:03d}Z" if milliseconds else f"{whole}Z"


def company(id: str, at: datetime = START, **properties: str | None) -> dict[str, Any]:
    held = {"hs_object_id": id, "hs_lastmodifieddate": stamp(at), "hs_merged_object_ids": None, **properties}
    return {
        "id": id,
        "properties": held,
        "createdAt": stamp(START),
        "updatedAt": stamp(at),
        "archived": False,
    }


def archived(id: str, at: datetime) -> dict[str, Any]:
    return {**company(id, at), "archived": True, "archivedAt": stamp(at)}


def results(*items: Any, after: str | None = None, **more: Any) -> Said:
    paging = {"paging": {"next": {"after": after}}} if after is not None else {}
    return Said({"results": list(items), **paging, **more})


def batch(*items: Any, errors: list[dict[str, Any]] | None = None) -> Said:
    times = {"startedAt": stamp(START), "completedAt": stamp(START), "status": "COMPLETE"}
    if errors is None:
        return Said({**times, "results": list(items)})
    return Said({**times, "results": list(items), "numErrors": len(errors), "errors": errors}, status=207)


def refusal(status: int, message: str, *, errors: list[dict[str, Any]] | None = None, **more: Any) -> Said:
    body = {"status": "error", "message": message, "correlationId": "c-1", **more}
    return Said(body if errors is None else {**body, "errors": errors}, status=status)


def properties(*names: str) -> Said:
    """A list of text properties."""
    return results(
        *(
            {
                "name": name,
                "label": name,
                "type": "string",
                "fieldType": "text",
                "groupName": "companyinformation",
                "description": "",
                "options": [],
            }
            for name in names
        )
    )
