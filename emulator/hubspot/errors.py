"""HubSpot's error bodies. One function per error that the service is known to send.

Every body has `status`, `message` and, added on the way out, `correlationId`; the rest differs by endpoint, as it does
at the real service (HubSpot: error handling).
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from emulator.hubspot.data.stamps import EPOCH, instant


class HubSpotError(Exception):
    """An answer other than success. `body` lacks the correlationId, which the wire adds."""

    def __init__(self, status: int, body: dict[str, Any], headers: Mapping[str, str] | None = None) -> None:
        super().__init__(f"{status} {body.get('message')}")
        self.status = status
        self.body = {"status": "error", **body}
        self.headers = dict(headers or {})


@dataclass(frozen=True, kw_only=True)
class BadValue:
    """One property value that was refused, with HubSpot's code (`INVALID_OPTION`, ...)."""

    name: str
    code: str
    message: str


def validation(
    message: str,
    *,
    sub_category: str | None = None,
    errors: Sequence[dict[str, Any]] = (),
    context: Mapping[str, Sequence[str]] | None = None,
) -> HubSpotError:
    """400 with category VALIDATION_ERROR."""
    body: dict[str, Any] = {"message": message, "category": "VALIDATION_ERROR"}
    if errors:
        body["errors"] = list(errors)
    if context:
        body["context"] = {key: list(values) for key, values in context.items()}
    if sub_category:
        body["subCategory"] = sub_category
    return HubSpotError(400, body)


def bad_values(bad: Sequence[BadValue], portal_id: int) -> HubSpotError:
    """400 for refused property values: the message embeds JSON, `errors` repeats it. No record is named."""
    embedded = [
        {
            "isValid": False,
            "message": value.message,
            "error": value.code,
            "name": value.name,
            "localizedErrorMessage": value.message,
            "portalId": portal_id,
        }
        for value in bad
    ]
    return validation(
        "Property values were not valid: " + json.dumps(embedded, separators=(",", ":")),
        errors=[
            {"message": value.message, "code": value.code, "context": {"propertyName": [value.name]}}
            for value in bad
        ],
    )


def unreadable_body(problem: str) -> HubSpotError:
    """400 for a body that is no JSON, or JSON of another shape."""
    return validation(f"Invalid input JSON: {problem}")


def missing_credentials() -> HubSpotError:
    """401 without a token, or with one that was never issued."""
    return HubSpotError(
        401,
        {
            "message": "Authentication credentials not found. This API supports OAuth 2.0 authentication and you can"
            " find more details at https://developers.hubspot.com/docs/methods/auth/oauth-overview",
            "category": "INVALID_AUTHENTICATION",
        },
    )


def expired_token(expired_at: datetime, now: datetime) -> HubSpotError:
    """401 for a token whose time is over, counted in seconds, then minutes, hours, days."""
    age = max(int((now - expired_at).total_seconds()), 1)
    unit, length = next(
        (name, length)
        for name, length in (("day", 86400), ("hour", 3600), ("minute", 120), ("second", 1))
        if age >= length
    )
    count = age // (60 if unit == "minute" else length)
    return HubSpotError(
        401,
        {
            "message": f"The OAuth token used to make this call expired {count} {unit}(s) ago.",
            "category": "EXPIRED_AUTHENTICATION",
            "context": {"expire time": [instant(expired_at)]},
        },
    )


def malformed_token(now: datetime) -> HubSpotError:
    """401 for text that is no token at all: read as one that expired in 1970 (20543 days before April 2026)."""
    return expired_token(EPOCH, now)


def missing_scopes(scopes: Iterable[str], *, named: bool = True) -> HubSpotError:
    """403 with the scopes that would help; some endpoints leave the names out."""
    body: dict[str, Any] = {"message": "One or more of the following scopes are required."}
    if named:
        body["context"] = {"requiredGranularScopes": sorted(scopes)}
    body["links"] = {"scopes": "https://developers.hubspot.com/scopes"}
    body["category"] = "MISSING_SCOPES"
    return HubSpotError(403, body)


def too_fast_rolling() -> HubSpotError:
    """429 of the ten-second window."""
    return HubSpotError(
        429,
        {
            "message": "You have reached your ten_secondly_rolling limit.",
            "errorType": "RATE_LIMIT",
            "policyName": "TEN_SECONDLY_ROLLING",
        },
    )


def too_fast_search() -> HubSpotError:
    """429 of search: recorded without a policy name and without rate headers."""
    return HubSpotError(429, {"message": "You have reached your secondly limit.", "category": "RATE_LIMITS"})


def too_many_today() -> HubSpotError:
    """429 of the daily count, shared by all private apps of the account."""
    return HubSpotError(
        429,
        {"message": "You have reached your daily limit.", "errorType": "RATE_LIMIT", "policyName": "DAILY"},
    )


def unknown_object_type(name: str) -> HubSpotError:
    """400 without a category."""
    return HubSpotError(400, {"message": f"Unable to infer object type from: {name}"})


def no_such_record(record_id: str) -> HubSpotError:
    """404: without a category for numbers, with one for text."""
    if record_id.isdigit():
        return HubSpotError(404, {"message": "resource not found"})
    return HubSpotError(
        404,
        {"message": "Object not found.  objectId are usually numeric.", "category": "OBJECT_NOT_FOUND"},
    )


def not_found(message: str, *, sub_category: str | None = None) -> HubSpotError:
    """404 with category OBJECT_NOT_FOUND, as the schema endpoints send it."""
    body = {"message": message, "category": "OBJECT_NOT_FOUND"}
    if sub_category:
        body["subCategory"] = sub_category
    return HubSpotError(404, body)


def contact_exists(existing_id: str, *, in_batch: bool = False) -> HubSpotError:
    """409: a contact has this e-mail. The id stands in the text alone, in batches also in the context."""
    body: dict[str, Any] = {
        "message": f"Contact already exists. Existing ID: {existing_id}",
        "category": "CONFLICT",
    }
    if in_batch:
        body["context"] = {"existingId": [existing_id]}
    return HubSpotError(409, body)


def unique_value_taken(
    *, portal_id: int, object_name: str, name: str, value: str, record_id: str, holder_id: str
) -> HubSpotError:
    """400: another record holds the value of a unique property. The last number is the holder."""
    coordinates = (
        f"PropertyValueCoordinates{{portalId={portal_id},"
        f" objectTypeId=ObjectTypeId{{legacyObjectType={object_name}}},"
        f" propertyName={name}, value={value}}}"
    )
    return validation(f"Cannot set {coordinates} on {record_id}. {holder_id} already has that value.")


def not_unique_property(*, name: str, object_type_id: str, portal_id: int) -> HubSpotError:
    """400: records cannot be named by this property."""
    return validation(
        f"Unable to perform update/upsert by non-unique {object_type_id} property {name} in portal ID {portal_id}"
    )


def duplicate_ids(ids: Sequence[str]) -> HubSpotError:
    """400 for the whole batch: two inputs are one record."""
    return validation(
        f"Duplicate IDs found in batch input: [{', '.join(ids)}]. IDs must be unique", context={"ids": ids}
    )


def missing_rows(object_name: str, ids: Sequence[str]) -> dict[str, Any]:
    """The row of a 207 that names records which are not there."""
    return {
        "status": "error",
        "category": "OBJECT_NOT_FOUND",
        "message": f"Could not get some {object_name} objects, they may be deleted or not exist."
        " Check that ids are valid.",
        "context": {"ids": list(ids)},
    }
