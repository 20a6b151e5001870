"""What HubSpot means when it says no: bodies and statuses in, Tandem's errors out. Pure.

The only module that knows HubSpot's codes. Their documentation says to treat every field of an error body as
optional (HubSpot: error-handling), and answers by the network's edge are not JSON at all, so nothing here
relies on any single field.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from connector.endings import wait_asked
from connector.errors import (
    AuthFailed,
    ConnectorError,
    QuotaSpent,
    Rejected,
    Retryable,
    RowLocked,
    Throttled,
    Unavailable,
    Unsupported,
)

#: Seconds to wait by policy where no Retry-After is given, which is the rule (HubSpot: usage-details).
TEN_SECONDLY_WAIT = 10.0
SECONDLY_WAIT = 1.0
#: A lock by heavy writes lasts two seconds (HubSpot: error-handling).
LOCK_WAIT = 2.0
#: An account that moves between data centres says how long in Retry-After; a minute where it does not.
MOVING_WAIT = 60.0
EDGE_WAIT = 2.0
#: A malformed token is said to have expired in 1970. No real token has expired ten years ago.
_WRONG_TOKEN_DAYS = 3650

_LONGEST_MESSAGE = 600

_EXPIRED = re.compile(r"expired (\d+) (second|minute|hour|day)")
_HELD = re.compile(
    r"Cannot set PropertyValueCoordinates\{(?P<what>.*?)\} on (?P<row>\d+)\. (?P<holder>\d+) already has"
)
_HELD_PROPERTY = re.compile(r"propertyName=([^,}\s]+)")
_HELD_PAIR = re.compile(r"propertyName=([^,}\s]+), value=(.*)$")
_EXISTING = re.compile(r"Existing ID: (\d+)")

PROPERTY_MISSING = "PROPERTY_DOESNT_EXIST"
READ_ONLY = "READ_ONLY_VALUE"
INVALID_OPTION = "INVALID_OPTION"
UNIQUE_CONFLICT = "UNIQUE_VALUE_CONFLICT"
NOT_FOUND = "OBJECT_NOT_FOUND"
PROPERTY_EXISTS = "PROPERTY_WITH_NAME_EXISTS"
STAGE_LABEL_EXISTS = "STAGE_LABEL_EXISTS"
NOT_UNIQUE = "NON_UNIQUE_PROPERTY"

#: Refusals that any record would meet: they condemn the property, whatever its value.
OF_THE_PROPERTY = frozenset({PROPERTY_MISSING, READ_ONLY})

CONFLICTS = frozenset({"CONFLICT", UNIQUE_CONFLICT, "OBJECT_ALREADY_EXISTS"})
PASSING = frozenset({"RATE_LIMITS", "RATE_LIMIT", "INTERNAL_ERROR", "TIMEOUT", "SERVICE_UNAVAILABLE"})

REMEDIES: Mapping[str, str] = {
    PROPERTY_MISSING: "Run 'tandem provision plan' to see which properties the portal lacks.",
    READ_ONLY: "HubSpot computes this property: stop writing it in the mapping.",
    INVALID_OPTION: "Add the option in HubSpot (Settings > Properties) or map the value to one that exists.",
    UNIQUE_CONFLICT: "Another record holds this unique value: merge the two in HubSpot, or clear one.",
    NOT_FOUND: "The record was deleted, or the app may not see it.",
    "MISSING_CONDITIONAL_REQUIRED_PROPERTY": "A validation rule of the portal asks for another property first.",
    "MISSING_REQUIRED_PROPERTY": "The portal demands a property that was not given: fill it in HubSpot.",
    NOT_UNIQUE: "Choose a property that was created with unique values.",
}


class TokenExpired(AuthFailed):
    """The access token ran out; a refresh token can fix that, a private app's cannot."""


class Missing(Rejected):
    """404: nothing answers to this name or id."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Detail:
    """One reason out of an error body."""

    code: str
    message: str
    fields: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorBody:
    """An error body, as much of it as there was."""

    message: str = ""
    category: str | None = None
    sub_category: str | None = None
    correlation_id: str | None = None
    policy: str | None = None
    details: tuple[Detail, ...] = ()
    context: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def code(self) -> str | None:
        if self.details:
            return self.details[0].code
        if _HELD.search(self.message):
            return UNIQUE_CONFLICT
        if "non-unique" in self.message:
            return NOT_UNIQUE
        if self.sub_category:
            return self.sub_category.rpartition(".")[2]
        return self.category

    @property
    def fields(self) -> tuple[str, ...]:
        named = [name for detail in self.details for name in detail.fields]
        if held := _HELD.search(self.message):
            named += _HELD_PROPERTY.findall(held["what"])
        return tuple(dict.fromkeys(named))

    @property
    def holder(self) -> str | None:
        """The record that already has the unique value."""
        if existing := self.context.get("existingId"):
            return existing[0]
        if held := _HELD.search(self.message):
            return held["holder"]
        named = _EXISTING.search(self.message)
        return named[1] if named else None

    @property
    def held_value(self) -> tuple[str, str] | None:
        """The unique property and its value that somebody else has, where the text names them."""
        held = _HELD.search(self.message)
        pair = _HELD_PAIR.search(held["what"]) if held else None
        return (pair[1], pair[2]) if pair else None

    @property
    def row(self) -> str | None:
        """The record that could not take the unique value, where the text names it."""
        held = _HELD.search(self.message)
        return held["row"] if held else None

    @property
    def sentence(self) -> str:
        """HubSpot's own words, with the id by which their support finds the request."""
        words = self.message or "HubSpot gave no reason"
        if len(words) > _LONGEST_MESSAGE:
            words = words[:_LONGEST_MESSAGE] + " …"
        return f"{words} (correlation id {self.correlation_id})" if self.correlation_id else words


def read_body(body: bytes, headers: Mapping[str, str]) -> ErrorBody:
    """Read what there is: JSON of any shape, an HTML page, nothing. The correlation id may stand in a header only."""
    correlation = headers.get("x-hubspot-correlation-id") or headers.get("x-request-id")
    try:
        parsed = json.loads(body)
    except (ValueError, RecursionError):
        parsed = None
    if not isinstance(parsed, dict):
        return ErrorBody(message=_first_words(body), correlation_id=correlation)
    return body_of(parsed, correlation)


def body_of(parsed: Mapping[str, Any], correlation: str | None = None) -> ErrorBody:
    """An error out of JSON: a whole body, or one entry of a partial answer's ``errors``."""
    message = _text(parsed.get("message")) or _text(parsed.get("error_description")) or ""
    return ErrorBody(
        message=message,
        category=_text(parsed.get("category"))
        or _text(parsed.get("errorType"))
        or _text(parsed.get("error")),
        sub_category=_text(parsed.get("subCategory")),
        correlation_id=_text(parsed.get("correlationId")) or correlation,
        policy=_text(parsed.get("policyName")),
        details=tuple(_details(parsed.get("errors"))) or tuple(_embedded(message)),
        context=_context(parsed.get("context")),
    )


def _details(errors: object) -> Iterator[Detail]:
    for item in errors if isinstance(errors, list) else []:
        if not isinstance(item, dict):
            continue
        context = _context(item.get("context"))
        message = _text(item.get("message")) or ""
        code = _text(item.get("code")) or _text(item.get("error"))
        # An entry that says nothing but words is no better than the body's own message.
        if code:
            named = context.get("propertyName") or context.get("properties") or ()
            yield Detail(code=code.rpartition(".")[2], message=message, fields=named)


def _embedded(message: str) -> Iterator[Detail]:
    """Reasons written as JSON text inside the message: ``Property values were not valid: [{"isValid":false,…}]``."""
    start = message.find("[{")
    if start < 0:
        return
    try:
        reasons, _ = json.JSONDecoder().raw_decode(message, start)
    except ValueError:
        return
    for reason in reasons:
        if isinstance(reason, dict) and reason.get("error"):
            name = _text(reason.get("name"))
            yield Detail(
                code=str(reason["error"]),
                message=_text(reason.get("message")) or "",
                fields=(name,) if name else (),
            )


def _context(context: object) -> dict[str, tuple[str, ...]]:
    if not isinstance(context, dict):
        return {}
    return {
        str(key): tuple(map(str, value)) if isinstance(value, list) else (str(value),)
        for key, value in context.items()
    }


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None


def _first_words(body: bytes) -> str:
    """An edge page is told by its first words; its markup is of no use to anybody."""
    text = re.sub(r"<[^>]*>", " ", body[:2000].decode("utf-8", "replace"))
    return " ".join(text.split())[:120]


# -- whole answers -----------------------------------------------------------------------------------------


def error_of(
    status: int, headers: Mapping[str, str], body: bytes, *, day_ends: datetime | None = None
) -> ConnectorError:
    """What an answer outside 2xx means. Header names are in lower case; ``day_ends`` is the portal's next midnight."""
    said = read_body(body, headers)
    wait = wait_asked(headers.get("retry-after"), date=headers.get("date"))
    if status == 429:
        return _throttled(said, wait, day_ends)
    if decide := _BY_STATUS.get(status):
        return decide(said, wait)
    if status >= 500:
        return _unavailable(status, said, wait)
    if 300 <= status < 400:
        return Unsupported(
            f"HubSpot redirected the call to {headers.get('location', 'an unnamed place')}; it was not followed",
            code=str(status),
            remedy="Set base_url to the address of the API itself.",
        )
    return _refused(said)


def _unauthorised(said: ErrorBody, _wait: float | None) -> ConnectorError:
    age = _EXPIRED.search(said.message)
    if said.category == "EXPIRED_AUTHENTICATION" and not (
        age and age[2] == "day" and int(age[1]) > _WRONG_TOKEN_DAYS
    ):
        return TokenExpired(
            f"HubSpot: {said.sentence}", code=said.category, remedy="Connect the app to the portal again."
        )
    return AuthFailed(
        f"HubSpot does not know this token: {said.sentence}",
        code=said.category,
        remedy="Copy the key again: in HubSpot, Settings, Integrations, Service Keys.",
    )


#: Words of a refusal that no scope would help -> what it is, and the cure.
_BLOCKED = (
    (
        re.compile(r"\bIP\b|allow ?list|white ?list", re.IGNORECASE),
        "HubSpot does not take calls from this machine's address",
        "Have a super admin allow this machine's IP address in the portal's security settings.",
    ),
    (
        re.compile(r"disabled|deactivated|suspended|blocked|uninstalled", re.IGNORECASE),
        "The app is switched off in the portal",
        "See under Settings > Integrations whether the app or key is switched off, and have it switched on.",
    ),
)


def _forbidden(said: ErrorBody, _wait: float | None) -> ConnectorError:
    if said.category != "MISSING_SCOPES" and "scope" not in said.message.lower():
        for words, what, cure in _BLOCKED:
            if words.search(said.message):
                return AuthFailed(f"{what}: {said.sentence}", code=said.category, remedy=cure)
    scopes = said.context.get("requiredGranularScopes") or said.context.get("requiredScopes") or ()
    named = ", ".join(scopes) or "HubSpot does not say which"
    return AuthFailed(
        f"The app lacks a right ({named}): {said.sentence}",
        code=said.category,
        remedy=f"Add the scope to the app: {named}."
        if scopes
        else "Compare the app's scopes with the documentation.",
    )


def _not_found(said: ErrorBody, _wait: float | None) -> ConnectorError:
    if "infer object type" in said.message:
        return Unsupported(f"HubSpot: {said.sentence}", code="UNKNOWN_OBJECT")
    return Missing(f"HubSpot: {said.sentence}", code=said.code or NOT_FOUND, gone=True)


def _locked(said: ErrorBody, wait: float | None) -> ConnectorError:
    return RowLocked(
        f"Locked by heavy writes: {said.sentence}", code="LOCKED", wait=max(wait or 0.0, LOCK_WAIT)
    )


def _moving(said: ErrorBody, wait: float | None) -> ConnectorError:
    return Unavailable(
        f"The portal is being moved between data centres: {said.sentence}",
        code="MIGRATION_IN_PROGRESS",
        wait=wait or MOVING_WAIT,
    )


def _too_slow(said: ErrorBody, wait: float | None) -> ConnectorError:
    return Unavailable(
        f"HubSpot's edge gave up waiting for the request: {said.sentence}",
        code="408",
        wait=wait or EDGE_WAIT,
    )


def _too_long(said: ErrorBody, _wait: float | None) -> ConnectorError:
    return Unsupported(f"HubSpot found the address too long: {said.sentence}", code="URI_TOO_LONG")


_BY_STATUS: Mapping[int, Callable[[ErrorBody, float | None], ConnectorError]] = {
    401: _unauthorised,
    403: _forbidden,
    404: _not_found,
    408: _too_slow,
    414: _too_long,
    423: _locked,
    477: _moving,
}


def _throttled(said: ErrorBody, wait: float | None, day_ends: datetime | None) -> ConnectorError:
    policy = (said.policy or said.message).upper()
    if "DAILY" in policy:
        return QuotaSpent(
            f"The portal's API calls of the day are used up: {said.sentence}",
            resets_at=day_ends,
            code="DAILY",
            remedy="All private apps of the portal share the day: see Settings > Integrations > Private apps.",
        )
    # "ten_secondly" holds "secondly", so the longer name is asked first; an unknown policy waits the longer time.
    secondly = "TEN_SECONDLY" not in policy and "SECONDLY" in policy
    shortest = SECONDLY_WAIT if secondly else TEN_SECONDLY_WAIT
    return Throttled(
        f"Too many calls: {said.sentence}",
        code="SECONDLY" if secondly else "TEN_SECONDLY_ROLLING",
        wait=max(wait or 0.0, shortest),
    )


def _unavailable(status: int, said: ErrorBody, wait: float | None) -> ConnectorError:
    # 521, 523, 525 and 526 are the edge's word that it never reached HubSpot; the others may have done the work.
    return Unavailable(
        f"HubSpot or its edge failed with {status}: {said.sentence}",
        code=str(status),
        wait=wait or EDGE_WAIT,
        maybe_done=status not in {521, 523, 525, 526},
        remedy="See status.hubspot.com." if status in {522, 525, 526} else None,
    )


def _refused(said: ErrorBody) -> ConnectorError:
    code = said.code
    if code == NOT_UNIQUE or "infer object type" in said.message:
        return Unsupported(f"HubSpot: {said.sentence}", code=code, remedy=REMEDIES.get(code or ""))
    return Refused(said)


class Refused(Rejected):
    """400 or 409: the values are refused. Keeps the body, because a batch is refused as a whole and names no record."""

    def __init__(self, said: ErrorBody) -> None:
        code = said.code or "VALIDATION_ERROR"
        super().__init__(
            f"HubSpot: {said.sentence}",
            code=code,
            fields=said.fields,
            remedy=REMEDIES.get(code),
            holder=said.holder,
        )
        self.said = said


def token_error_of(status: int, headers: Mapping[str, str], body: bytes) -> ConnectorError:
    """What a refused refresh means. HubSpot answers 400 with its own ``status`` instead of an OAuth code
    (HubSpot: oauth-guide); that is final, anything above 499 or 429 is not."""
    error = error_of(status, headers, body)
    if isinstance(error, Retryable):
        return error
    said = read_body(body, headers)
    try:
        code = _text(json.loads(body).get("status")) or said.category
    except (ValueError, AttributeError, RecursionError):
        code = said.category
    return AuthFailed(
        f"HubSpot gave no access token: {said.sentence}",
        code=code,
        remedy="Install the app in the portal again and store the new refresh token.",
    )
