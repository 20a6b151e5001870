"""A made-up org behind ``responses``: a login, a clock, and answers that each test gives."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import responses
from requests import PreparedRequest

from connector.base import Connector
from connector.clock import Pace
from connector.network import Network
from connector.salesforce import Auth, ClientCredentials, SalesforceSettings, connect

FIXTURES = Path(__file__).resolve().parents[3] / "fixtures" / "salesforce"
URL = "http://127.0.0.1:8701"
DATA = f"{URL}/services/data/v62.0"
START = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)
ORG_ID = "00D000000000001EAA"
USER_ID = "005000000000001AAA"

#: What an answer is made from: status and body, or status, body and headers.
Reply = tuple[int, Any] | tuple[int, Any, Mapping[str, str]]
Handler = Callable[[PreparedRequest], Reply]


def fixture(name: str) -> Any:
    return json.loads((FIXTURES / f"{name}.json").read_text())


def stamp(at: datetime) -> str:
    """A moment as Salesforce prints it."""
    return f"{at:%Y-%m-%dT%H:%M:%S}.000+0000"


def account(number: int, at: datetime = START, **values: Any) -> dict[str, Any]:
    """An Account row of a query answer."""
    id = f"001{number:012d}AAA"
    return {
        "attributes": {"type": "Account", "url": f"/services/data/v62.0/sobjects/Account/{id}"},
        "Id": id,
        "SystemModstamp": stamp(at),
        "LastModifiedById": "005000000000009AAA",
        **values,
    }


def page(rows: list[dict[str, Any]], next_url: str | None = None) -> dict[str, Any]:
    body: dict[str, Any] = {"totalSize": len(rows), "done": next_url is None, "records": rows}
    return body | ({"nextRecordsUrl": next_url} if next_url else {})


class Org:
    """Everything a test wants to say and to know about one fake org."""

    def __init__(self, mock: responses.RequestsMock) -> None:
        self.mock = mock
        self.present = START
        self.slept: list[float] = []
        #: How far Salesforce's clock is ahead of ours.
        self.ahead = timedelta()
        self.logins: list[dict[str, str]] = []
        self.requests: list[PreparedRequest] = []
        self.pace = Pace.virtual(lambda: self.present, self.advance)
        self._routes: list[tuple[str, str, Handler]] = []
        self._token = 0
        self.login(self._grant)
        self.on("GET", "/sobjects/Account/describe", (200, fixture("describe_account")))
        for method in (responses.GET, responses.POST, responses.PATCH, responses.PUT):
            mock.add_callback(method, re.compile(rf"{re.escape(DATA)}/"), callback=self._answer)

    def advance(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.present += timedelta(seconds=seconds)

    # -- answers -----------------------------------------------------------------------------------------

    def on(self, method: str, path: str, *replies: Reply | Handler) -> None:
        """Answer calls below the API's root; the last of several replies stands from then on."""
        left = list(replies)

        def handle(request: PreparedRequest) -> Reply:
            reply = left.pop(0) if len(left) > 1 else left[0]
            return reply(request) if callable(reply) else reply

        self._routes.insert(0, (method, path, handle))

    def login(self, handler: Handler) -> None:
        def answer(request: PreparedRequest) -> tuple[int, Mapping[str, str], str]:
            text = request.body.decode() if isinstance(request.body, bytes) else str(request.body)
            self.logins.append({name: values[0] for name, values in parse_qs(text).items()})
            status, body, *headers = handler(request)
            return status, {"Date": self.date, **(headers[0] if headers else {})}, _text(body)

        url = f"{URL}/services/oauth2/token"
        self.mock.remove(responses.POST, url)
        self.mock.add_callback(responses.POST, url, callback=answer)

    def _grant(self, _: PreparedRequest) -> Reply:
        self._token += 1
        return 200, {
            "access_token": f"token-{self._token}",
            "instance_url": URL,
            "id": f"https://login.salesforce.com/id/{ORG_ID}/{USER_ID}",
            "token_type": "Bearer",
        }

    def _answer(self, request: PreparedRequest) -> tuple[int, Mapping[str, str], str]:
        self.requests.append(request)
        path = urlsplit(str(request.url)).path.removeprefix("/services/data/v62.0")
        for method, route, handler in self._routes:
            if request.method == method and path.rstrip("/") == route.rstrip("/"):
                status, body, *headers = handler(request)
                usual = {
                    "Date": self.date,
                    "Sforce-Limit-Info": f"api-usage={len(self.requests)}/100000",
                    "Content-Type": "application/json;charset=UTF-8",
                }
                return status, {**usual, **(headers[0] if headers else {})}, _text(body)
        raise AssertionError(f"nobody answers {request.method} {path}")

    @property
    def date(self) -> str:
        return format_datetime(self.present + self.ahead, usegmt=True)

    # -- what was asked ----------------------------------------------------------------------------------

    def bodies(self) -> list[Any]:
        return [sent(request) for request in self.requests if request.body]

    def queries(self) -> list[str]:
        """Every statement that was sent, on its own or within a composite call."""
        found: list[str] = []
        for request in self.requests:
            parts = sent(request).get("compositeRequest", []) if request.body else []
            for url in (str(request.url), *(part["url"] for part in parts)):
                found += parse_qs(urlsplit(url).query).get("q", [])
        return found

    def paths(self) -> list[str]:
        return [
            urlsplit(str(request.url)).path.removeprefix("/services/data/v62.0") for request in self.requests
        ]

    def connect(self, auth: Auth | None = None, **more: Any) -> Connector:
        options = {
            name: more.pop(name) for name in ("save_refresh_token", "policy", "budget") if name in more
        }
        settings = SalesforceSettings(
            name="salesforce",
            login_url=URL,
            auth=auth or ClientCredentials(client_id="app", client_secret="hush"),
            **more,
        )
        return connect(settings, pace=self.pace, network=Network(), **options)


def sent(request: PreparedRequest) -> Any:
    """The JSON body of a request."""
    assert request.body is not None
    return json.loads(request.body)


def _text(body: Any) -> str:
    return body if isinstance(body, str) else json.dumps(body) if body is not None else ""
