"""How a REST resource is written here: an endpoint is a method, a path template and a function from Ask to Reply.

The same endpoints answer HTTP requests and the subrequests of composite calls.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from emulator.salesforce.errors import NOT_FOUND, CallError, Problem, RecordError, refuse
from emulator.salesforce.org import Org
from emulator.salesforce.parts import Caller

OLDEST, NEWEST = 50, 66
_DECODER = json.JSONDecoder()


@dataclass(frozen=True, kw_only=True, slots=True)
class Ask:
    """One request or subrequest. Header names are in lower case."""

    org: Org
    caller: Caller
    method: str
    params: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    #: a subrequest's body, already parsed
    parsed: Any = None
    #: the server's own address, e.g. ``http://127.0.0.1:8701``
    server: str = ""
    access_token: str = ""

    def json(self) -> Any:
        """Return the parsed body. Raises CallError JSON_PARSER_ERROR."""
        if self.parsed is not None:
            return self.parsed
        try:
            # What follows the first value is not looked at: recorded orgs answer 200 to such a body.
            return _DECODER.raw_decode(self.body.decode("utf-8").strip() or "null")[0]
        except ValueError as error:
            message = f"Unexpected character at [line:1, column:1]: {error}"
            raise refuse("JSON_PARSER_ERROR", message) from error

    def object_body(self) -> dict[str, Any]:
        """Return the body as a JSON object. Raises CallError JSON_PARSER_ERROR."""
        found = self.json()
        if not isinstance(found, dict):
            raise refuse(
                "JSON_PARSER_ERROR", "The HTTP entity body is required, but this request has no entity body."
            )
        return found

    def list_in(self, name: str) -> list[dict[str, Any]]:
        """Return the body's list ``name``, empty when absent. Raises CallError when it is no list of objects."""
        found = self.object_body().get(name) or []
        if not isinstance(found, list) or not all(isinstance(item, dict) for item in found):
            raise refuse("JSON_PARSER_ERROR", f"Cannot deserialize {name}: a list of objects was expected")
        return found

    def flag(self, name: str) -> bool:
        """Return a true/false query parameter, false when absent."""
        return self.query.get(name, "false").lower() == "true"


@dataclass(frozen=True, kw_only=True, slots=True)
class Reply:
    """The answer: a JSON body, a text as it is (its content type among the headers), or none."""

    status: int = 200
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)


Handler = Callable[[Ask], Reply]


@dataclass(frozen=True, kw_only=True, slots=True)
class Endpoint:
    """One resource for one method. ``{name}`` takes a path segment, ``{name:path}`` the rest; ``{v}`` the version."""

    method: str
    template: str
    handle: Handler
    #: False: no access token is asked for and the call does not count
    secured: bool = True

    @property
    def pattern(self) -> re.Pattern[str]:
        """The template as a regular expression over a whole path."""
        parts = re.split(r"(\{[a-z_]+(?::path)?\})", self.template)
        return re.compile("".join(_part(part) for part in parts) + "/?")


def _part(part: str) -> str:
    if not part.startswith("{"):
        return re.escape(part)
    name, _, kind = part[1:-1].partition(":")
    return f"(?P<{name}>.+?)" if kind else f"(?P<{name}>[^/]+)"


class Surface:
    """Every endpoint, found by method and path."""

    def __init__(self, endpoints: Iterable[Endpoint]) -> None:
        self.endpoints: list[Endpoint] = []
        self._patterns: list[tuple[re.Pattern[str], Endpoint]] = []
        self.extend(endpoints)

    def extend(self, endpoints: Iterable[Endpoint]) -> None:
        """Add endpoints after those that stand; the first that fits a path answers it."""
        for endpoint in endpoints:
            self.endpoints.append(endpoint)
            self._patterns.append((endpoint.pattern, endpoint))

    def find(self, method: str, path: str) -> tuple[Endpoint, dict[str, str]]:
        """Return the endpoint and its path parameters. Raises CallError NOT_FOUND or METHOD_NOT_ALLOWED."""
        allowed: list[str] = []
        for pattern, endpoint in self._patterns:
            found = pattern.fullmatch(path)
            if found is None:
                continue
            if endpoint.method == method:
                return endpoint, found.groupdict()
            allowed.append(endpoint.method)
        if allowed:
            message = f"HTTP Method '{method}' not allowed. Allowed are {','.join(dict.fromkeys(['HEAD', *allowed]))}"
            raise refuse("METHOD_NOT_ALLOWED", message)
        raise CallError(NOT_FOUND)


def version_of(text: str) -> float:
    """Return the version of a path segment such as ``v62.0``. Raises CallError NOT_FOUND outside v50-v66."""
    found = re.fullmatch(r"v(\d{1,3})\.0", text)
    if found is None or not OLDEST <= int(found[1]) <= NEWEST:
        raise CallError(NOT_FOUND)
    return float(found[1])


def answer(endpoint: Endpoint, ask: Ask) -> Reply:
    """Run an endpoint; a refusal becomes the body that Salesforce answers, and undoes what was written."""
    try:
        with ask.org.store.savepoint():
            return endpoint.handle(ask)
    except CallError as error:
        return refused(error)
    except RecordError as error:
        return rejected(error)


def refused(error: CallError) -> Reply:
    """Return the reply of a refused call."""
    return Reply(status=error.problem.http_status(), body=[error.problem.as_single()], headers=error.headers)


def rejected(error: RecordError) -> Reply:
    """Return the reply of a single-record call whose record was refused."""
    return Reply(status=error.problems[0].http_status(), body=[item.as_single() for item in error.problems])


def not_found(message: str) -> CallError:
    """Make the error of a resource that does not exist."""
    return CallError(Problem(code="NOT_FOUND", message=message))
