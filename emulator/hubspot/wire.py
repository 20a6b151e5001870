"""From HTTP to plain values and back: what a handler is asked, and how its answer and its errors are written."""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response

from emulator.hubspot.data.records import Source
from emulator.hubspot.errors import HubSpotError, unreadable_body, validation
from emulator.hubspot.tokens import Token
from emulator.kit.calls import Call
from emulator.kit.faults import FaultsTaken, HttpAnswer
from emulator.kit.gate import call_of, response_of, taken_of

if TYPE_CHECKING:
    from emulator.hubspot.portal import Portal

MAX_ADDRESS = 8_192
#: The dated versions that HubSpot serves today; any other date is a path that is not there.
DATES = ("2026-03", "2026-09")
_DATE = "|".join(DATES)
#: Each family of paths under its dates. From 2026-09 on the settings of webhooks have another name, and 2025-09 has it
#: too (HubSpot: API specifications, app-webhooks).
VERSIONED = re.compile(
    r"^/(crm/objects|crm/properties|crm/pipelines|crm/owners|crm/associations|crm/limits|account-info|oauth"
    rf"|crm-object-schemas)/({_DATE})(?=/|$)"
    r"|^/(webhooks)/(2026-03)(?=/|$)|^/(app-webhooks)/(2026-09|2025-09)(?=/|$)"
)


@dataclass(frozen=True, kw_only=True)
class Ask:
    """One request as a handler sees it."""

    portal: "Portal"
    call: Call
    taken: FaultsTaken
    params: Mapping[str, str]
    token: Token | None
    by: Source

    @property
    def now(self) -> datetime:
        return self.call.at

    @property
    def version(self) -> str | None:
        """The date version of the path (`2026-09`), None for v1 to v4."""
        return version_of(self.call.path)

    @cached_property
    def query(self) -> list[tuple[str, str]]:
        return parse_qsl(self.call.query, keep_blank_values=True)

    @cached_property
    def parsed(self) -> Any:
        """The body. Fractions stay text, so that `87.50` is kept as it was sent."""
        try:
            return json.loads(self.call.body or b"null", parse_float=str)
        except (json.JSONDecodeError, UnicodeDecodeError) as error:
            raise unreadable_body(str(error)) from error

    @cached_property
    def json(self) -> dict[str, Any]:
        """The body as an object."""
        body = self.parsed
        if not isinstance(body, dict):
            raise unreadable_body("an object is expected")
        return body

    @cached_property
    def rows(self) -> list[dict[str, Any]]:
        """The body as a list of objects."""
        body = self.parsed
        if not isinstance(body, list) or not all(isinstance(row, dict) for row in body):
            raise unreadable_body("a list of objects is expected")
        return body

    def one(self, name: str) -> str | None:
        """A query parameter; the last one counts."""
        return dict(self.query).get(name)

    def flag(self, name: str) -> bool:
        return (self.one(name) or "false").lower() == "true"

    def names(self, name: str) -> list[str]:
        """A list parameter: repeated, or separated by commas."""
        return [
            part.strip()
            for key, value in self.query
            if key == name
            for part in value.split(",")
            if part.strip()
        ]

    def limit(self, most: int, default: int) -> int:
        text = self.one("limit")
        if text is None:
            return default
        if not text.isdigit() or not 1 <= int(text) <= most:
            raise validation(f"limit must be a whole number between 1 and {most}, was {text}")
        return int(text)

    def inputs(self, most: int = 100) -> list[dict[str, Any]]:
        """The rows of a batch; 400 above the cap."""
        inputs = self.json.get("inputs")
        if not isinstance(inputs, list) or not all(isinstance(row, dict) for row in inputs):
            raise unreadable_body("inputs must be a list of objects")
        if len(inputs) > most:
            raise validation(f"A batch takes at most {most} inputs, {len(inputs)} were given.")
        return inputs


Handler = Callable[[Ask], HttpAnswer]


def ok(body: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> HttpAnswer:
    """A JSON answer."""
    return HttpAnswer(status=status, body=body, headers=headers or {})


NOTHING = HttpAnswer(status=204)


def error_answer(error: HubSpotError, correlation: UUID) -> HttpAnswer:
    """An error body with its correlation id, in the place where the service writes it."""
    body = dict(error.body)
    ordered: dict[str, Any] = {key: body.pop(key) for key in ("status", "message") if key in body}
    ordered["correlationId"] = str(correlation)
    if "policyName" in body:
        body["requestId"] = str(correlation)
    return HttpAnswer(status=error.status, body={**ordered, **body}, headers=error.headers)


def respond(answer: HttpAnswer, correlation: UUID, headers: Mapping[str, str]) -> Response:
    """The answer with the headers that HubSpot puts on everything."""
    stamped = {"x-hubspot-correlation-id": str(correlation), "x-request-id": str(correlation)}
    return response_of(
        HttpAnswer(status=answer.status, body=answer.body, headers={**headers, **answer.headers, **stamped})
    )


def asked(request: Request, portal: "Portal", token: Token | None, by: Source) -> Ask:
    """What a handler is asked."""
    return Ask(
        portal=portal,
        call=call_of(request),
        taken=taken_of(request),
        params=request.path_params,
        token=token,
        by=by,
    )


def version_of(path: str) -> str | None:
    """The date version of a path (`2026-09`), None for v1 to v4."""
    match = VERSIONED.match(path)
    return None if match is None else next(filter(None, match.group(2, 4, 6)))


def v3_path(path: str) -> str:
    """The v3 or v4 path that a date-versioned path means; other paths as they are, without a slash at the end."""
    path = path.rstrip("/") or "/"
    match = VERSIONED.match(path)
    if match is None:
        return path
    family, rest = next(filter(None, match.group(1, 3, 5))), path[match.end() :]
    if family == "app-webhooks":
        family = "webhooks"
    if family == "crm/associations" or (family == "crm/objects" and "/associations" in rest):
        return f"/crm/v4/{family.removeprefix('crm/')}{rest}"
    if family.startswith("crm/"):
        return f"/crm/v3/{family.removeprefix('crm/')}{rest}"
    return f"/{family}/v3{rest}"
