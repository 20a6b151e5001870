"""Salesforce's error codes, ids, headers and answers, turned into our words. Pure: text and bodies in, data out.

The only module that knows error codes. Sources: Salesforce REST API guide, "Status Codes and Error Responses";
SOAP API guide, "StatusCode" and "ExceptionCode".
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from connector.base import Quota
from connector.errors import (
    AuthFailed,
    ConnectorError,
    QuotaSpent,
    Refusal,
    Rejected,
    Retryable,
    RowLocked,
    Throttled,
    Unavailable,
    Unsupported,
)
from connector.salesforce.api.login_errors import login_refusal
from connector.salesforce.api.row_ids import to_18 as to_18  # noqa: PLC0414 - asked for here by all that handles ids

#: Sent with every call; Salesforce shows it as the origin of the change (Salesforce: Change Data Capture guide).
CLIENT = "Tandem"

SESSION_LOST = "INVALID_SESSION_ID"
LOCATOR_LOST = "INVALID_QUERY_LOCATOR"
INVALID_FIELD = "INVALID_FIELD"
#: A definition of that name is there already, in the words of the Tooling API.
NAME_TAKEN = frozenset({"DUPLICATE_DEVELOPER_NAME", "DUPLICATE_VALUE", "FIELD_ALREADY_EXISTS"})
ALREADY_THERE = "DUPLICATE_VALUE"
#: The connected user may not use what was asked for.
HIDDEN = frozenset({"INVALID_TYPE", "NOT_FOUND", "INSUFFICIENT_ACCESS", "INSUFFICIENT_ACCESS_OR_READONLY"})

#: Codes under which good rows fail because of another row of the same 200 (a trigger, a flow, a roll-back).
SIBLING_CODES = frozenset(
    {
        "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY",
        "CANNOT_EXECUTE_FLOW_TRIGGER",
        "ALL_OR_NONE_OPERATION_ROLLED_BACK",
    }
)
#: Codes under which a whole collection is refused for what one of its rows holds.
_COLLECTION_CODES = frozenset(
    {INVALID_FIELD, "JSON_PARSER_ERROR", "MALFORMED_ID", "INVALID_ID_FIELD", "DUPLICATE_EXTERNAL_ID"}
)

_GONE = frozenset({"ENTITY_IS_DELETED"})
_NOBODY = frozenset({"INVALID_CROSS_REFERENCE_KEY", "INACTIVE_OWNER_OR_USER"})
LOCKED = frozenset({"UNABLE_TO_LOCK_ROW"})
_RETRYABLE = frozenset(
    {
        "UNABLE_TO_LOCK_ROW",
        "SERVER_UNAVAILABLE",
        "QUERY_TIMEOUT",
        "REQUEST_LIMIT_EXCEEDED",
        "UNKNOWN_EXCEPTION",
        "ALL_OR_NONE_OPERATION_ROLLED_BACK",
    }
)
#: The call asks for something that the org does not have, or hides from the connected user.
_UNKNOWN_THINGS = frozenset({INVALID_FIELD, "INVALID_TYPE", "NOT_FOUND", "MALFORMED_QUERY", LOCATOR_LOST})
_ACCESS = frozenset(
    {"API_DISABLED_FOR_ORG", "API_CURRENTLY_DISABLED", "INSUFFICIENT_ACCESS", "FUNCTIONALITY_NOT_ENABLED"}
)
#: What an administrator has switched off, or must put right with the user; told as at a log-in.
_ADMINISTRATORS = frozenset(
    {
        "API_DISABLED_FOR_ORG",
        "API_CURRENTLY_DISABLED",
        "INVALID_OPERATION_WITH_EXPIRED_PASSWORD",
        "ORG_LOCKED",
        "PASSWORD_LOCKOUT",
    }
)
_DUPLICATE_KEYS = ("duplicateResut", "duplicateResult")

#: What a person can do about a row that was refused, by code.
REMEDIES = {
    "DUPLICATES_DETECTED": "Merge or tell apart the records that the duplicate rule named, in Salesforce.",
    "DUPLICATE_VALUE": "Another record holds this value; link to it or clear the value there.",
    "DUPLICATE_EXTERNAL_ID": "Several records hold this external id; make the field unique and clear the others.",
    "FIELD_CUSTOM_VALIDATION_EXCEPTION": "Change the record so that the validation rule lets it pass, or the rule.",
    "FIELD_INTEGRITY_EXCEPTION": "Correct the value that Salesforce names.",
    "INVALID_FIELD_FOR_INSERT_UPDATE": (
        "Give the connected user edit access to the fields, or run `tandem provision apply`."
    ),
    INVALID_FIELD: "Run `tandem provision plan` to see which field is missing or hidden from the connected user.",
    "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST": "Add the value to the picklist, or map it to one that is there.",
    "STRING_TOO_LONG": "Shorten the value, or make the field longer in Salesforce.",
    "NUMBER_OUTSIDE_VALID_RANGE": "Correct the value, or give the field more digits in Salesforce.",
    "REQUIRED_FIELD_MISSING": "Map the field that the object requires.",
    "INVALID_CROSS_REFERENCE_KEY": "Check that the owner or record named by the id exists and is visible.",
    "INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY": "Share the record with the connected user.",
    "INSUFFICIENT_ACCESS_OR_READONLY": "Give the connected user edit rights on the record, or unlock its approval.",
    "INACTIVE_OWNER_OR_USER": (
        "Give the record an active owner, or the connected user the permission "
        "“Update Records with Inactive Owners”."
    ),
    "ENTITY_IS_DELETED": "The record was deleted or merged away; the next read follows it.",
    "TOO_MANY_ENUM_VALUE": "Select fewer values.",
    "PICKLIST_INACTIVE_VALUES_EXCEEDED": "Delete inactive values of the picklist in Salesforce.",
    "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY": "A trigger failed on the record; its author must look at the message.",
    "CANNOT_EXECUTE_FLOW_TRIGGER": "A flow failed on the record; its author must look at the message.",
    "UNABLE_TO_LOCK_ROW": "Nothing to do: it is tried again.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One error as Salesforce words it, whichever of its shapes it came in."""

    code: str
    message: str
    fields: tuple[str, ...] = ()
    #: A duplicate rule's verdict: may the caller save all the same? None where no rule spoke.
    allow_save: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RowAnswer:
    """What a collection said about one row."""

    id: str | None
    success: bool
    created: bool = False
    faults: tuple[Fault, ...] = field(default=())


# -- headers -------------------------------------------------------------------------------------------


def quota_from(header: str | None) -> Quota | None:
    """Read ``Sforce-Limit-Info``; further parts (bursts, per app) are passed over, nonsense is None.
    Salesforce counts over the last 24 hours, so there is no moment at which all calls come back."""
    found = re.search(r"(?:^|[;,\s])api-usage=(\d{1,12})/(\d{1,12})(?!\d)", header or "")
    return Quota(used=int(found[1]), limit=int(found[2])) if found else None


# -- errors of a whole call ------------------------------------------------------------------------------------


def faults_in(body: object) -> tuple[Fault, ...]:
    """Every error in a body, in any of Salesforce's shapes: an array of ``errorCode`` or ``statusCode`` entries,
    one such entry, or OAuth's ``error`` object. Empty where the body is none of these."""
    entries = body if isinstance(body, list) else [body]
    found: list[Fault] = []
    for entry in entries:
        if not isinstance(entry, dict):
            continue
        code = entry.get("errorCode") or entry.get("statusCode") or entry.get("error")
        if not isinstance(code, str):
            continue
        message = str(entry.get("message") or entry.get("error_description") or code)
        told = entry.get("fields")
        fields = tuple(str(name) for name in told) if isinstance(told, list) else ()
        verdict: dict[str, Any] = next(
            (entry[key] for key in _DUPLICATE_KEYS if isinstance(entry.get(key), dict)), {}
        )
        found.append(
            Fault(
                code=code,
                message=without_value(code, message),
                fields=fields or fields_named(code, message),
                allow_save=verdict.get("allowSave") is True if "allowSave" in verdict else None,
            )
        )
    return tuple(found)


def error_from(status: int, body: object) -> ConnectorError:
    """The error for a call that failed as a whole. ``body``: parsed JSON, or text where it was none."""
    faults = faults_in(body)
    if status == 420 or status >= 500 or (not faults and status < 300):
        return _unavailable(status, body, faults)
    if not faults:
        if status == 300 and isinstance(body, list):
            return Rejected(
                f"{len(body)} records answer to one external id",
                code="DUPLICATE_EXTERNAL_ID",
                remedy=REMEDIES["DUPLICATE_EXTERNAL_ID"],
            )
        return Unsupported(f"Salesforce answered {status} with {_first_bytes(body)}", code=str(status))
    return _error_of(faults[0], status)


def _error_of(fault: Fault, status: int) -> ConnectorError:
    code, message = fault.code, fault.message
    error: ConnectorError
    if code == "REQUEST_LIMIT_EXCEEDED" and message.startswith("Concurrent"):
        # One code, two waits: too many at once (seconds) or too many today (hours). Only the text tells.
        error = Throttled(message, wait=2.0, code=code)
    elif code == "REQUEST_LIMIT_EXCEEDED":
        error = QuotaSpent(
            message, code=code, remedy="Wait until calls of the last 24 hours fall away, or buy more."
        )
    elif code in LOCKED:
        error = RowLocked(message, code=code)
    elif code in _RETRYABLE:
        error = Unavailable(message, code=code, maybe_done=code != "QUERY_TIMEOUT")
    elif code == SESSION_LOST or status == 401:
        error = AuthFailed(message, code=code, remedy="Check the credentials with `tandem doctor`.")
    elif code in _ADMINISTRATORS and (known := login_refusal(code, message)) is not None:
        error = AuthFailed(f"{known.what} ({message})", code=code, remedy=known.remedy)
    elif code in _ACCESS or code.startswith("INSUFFICIENT_ACCESS"):
        error = AuthFailed(
            message, code=code, remedy="Give the connected user this right, then run `tandem doctor`."
        )
    elif code in _UNKNOWN_THINGS:
        error = Unsupported(message, code=code, remedy=REMEDIES.get(INVALID_FIELD))
    else:
        refusal = refusal_from((fault,))
        error = Rejected(
            message,
            code=code,
            fields=refusal.fields,
            remedy=refusal.remedy,
            gone=refusal.gone,
            holder=refusal.holder,
        )
    return error


def any_row_refused(body: Any, names: Sequence[str] = ()) -> None:
    """Raise the error of the first row of a collection that was refused, unless what it wanted is there already.
    ``names``: whom the rows are about, for its words."""
    for place, row in enumerate(rows_in(body) or ()):
        if row.faults and row.faults[0].code != ALREADY_THERE:
            fault = row.faults[0]
            if names:
                fault = replace(fault, message=f"{names[place]}: {fault.message}")
            raise _error_of(fault, 400)


def _unavailable(status: int, body: object, faults: tuple[Fault, ...]) -> Retryable:
    if faults:
        return Unavailable(faults[0].message, code=faults[0].code, maybe_done=True)
    return Unavailable(
        f"Salesforce answered {status} with {_first_bytes(body)}", code=str(status), maybe_done=True
    )


def _first_bytes(body: object) -> str:
    text = body.decode("utf-8", "replace") if isinstance(body, bytes) else str(body or "")
    return f"a page that is not its API's: {text[:60]!r}" if text.strip() else "an empty page"


# -- errors of single rows -------------------------------------------------------------------------------------


def rows_in(body: object) -> list[RowAnswer] | None:
    """The answers of a collection in the order of its rows; None where the body speaks of the whole call.
    Salesforce sends rows with status 200 and, at times, with 400: only the shape tells."""
    if not isinstance(body, list) or not all(isinstance(row, dict) and "success" in row for row in body):
        return None
    return [
        RowAnswer(
            id=to_18(row["id"]) if row.get("id") else None,
            success=row["success"] is True,
            created=row.get("created") is True,
            faults=() if row["success"] is True else faults_in(row.get("errors") or []),
        )
        for row in body
    ]


def refusal_from(faults: Sequence[Fault]) -> Refusal:
    """Why a row was refused, from all that Salesforce said about it; the first error names it."""
    if not faults:
        return Refusal(code="UNKNOWN_EXCEPTION", message="Salesforce gave no reason", retryable=True)
    first = faults[0]
    fields: dict[str, None] = {}
    for fault in faults:
        fields.update(dict.fromkeys(fault.fields))
    return Refusal(
        code=first.code,
        message="; ".join(dict.fromkeys(fault.message for fault in faults)),
        fields=tuple(fields),
        remedy=_remedy(first),
        retryable=first.code in _RETRYABLE,
        gone=first.code in _GONE,
        holder=_holder(first),
        nobody=first.code in _NOBODY,
    )


def is_locked(faults: Sequence[Fault]) -> bool:
    """The row was held by another transaction; nothing was done to it."""
    return bool(faults) and faults[0].code in LOCKED


def may_be_a_siblings_fault(faults: Sequence[Fault], *, whole_collection: bool) -> bool:
    """The row may have failed for what another row of its collection holds."""
    codes = _COLLECTION_CODES | SIBLING_CODES if whole_collection else SIBLING_CODES
    return bool(faults) and faults[0].code in codes


def _remedy(fault: Fault) -> str | None:
    if fault.code == "DUPLICATES_DETECTED" and fault.allow_save is False:
        return "The duplicate rule blocks this record; merge the records that it names, in Salesforce."
    return REMEDIES.get(fault.code)


def _holder(fault: Fault) -> str | None:
    # A duplicate *rule* matches fuzzily, so that only a unique field's error names a record to rely on.
    if fault.code != "DUPLICATE_VALUE":
        return None
    found = re.search(r"record with id: ([0-9A-Za-z]{15}(?:[0-9A-Za-z]{3})?)\b", fault.message)
    return to_18(found[1]) if found else None


def without_value(code: str, message: str) -> str:
    """STRING_TOO_LONG repeats the whole value; people's texts have no business in a log or ledger."""
    if code != "STRING_TOO_LONG":
        return message
    # Greedy: the value itself may say "(max length=…)".
    kept, _, rest = message.partition("data value too large")
    limit = re.search(r".*(\(max length=\d+\))", rest, flags=re.DOTALL)
    return f"{kept}data value too large{f' {limit[1]}' if limit else ''}"


def fields_named(code: str, message: str) -> tuple[str, ...]:
    """Field names that stand in the text alone."""
    if code == "INVALID_FIELD_FOR_INSERT_UPDATE":
        found = re.search(r"fields: (.+?)\. Please", message, flags=re.DOTALL)
        return tuple(name.strip() for name in found[1].split(",")) if found else ()
    if code == INVALID_FIELD:
        return tuple(re.findall(r"No such column '([^']+)'", message))
    if code == "REQUIRED_FIELD_MISSING":
        found = re.search(r"\[([^\]]+)\]", message)
        return tuple(name.strip() for name in found[1].split(",")) if found else ()
    if code == "DUPLICATE_VALUE":
        found = re.search(r"duplicate value found: (\w+) duplicates", message)
        return (found[1],) if found else ()
    return ()


def sub_answers(body: Any) -> list[tuple[int, Any]]:
    """Status and body of each part of a composite call, in order. ``Unavailable`` where the answer is no such thing."""
    try:
        return [(int(part["httpStatusCode"]), part.get("body")) for part in body["compositeResponse"]]
    except (KeyError, TypeError, ValueError) as error:
        raise Unavailable(
            f"a composite call was answered with {_first_bytes(body)}", maybe_done=True
        ) from error


def any_failed(body: Any) -> None:
    """Raise the error of the first part of a composite call that failed."""
    for status, part in sub_answers(body):
        if status >= 300:
            raise error_from(status, part)


def all_down(body: Any) -> None:
    """Raise where no part of a composite call got through for a passing reason; a part that did is an answer."""
    errors = [
        error_from(status, part) if status >= 300 and rows_in(part) is None else None
        for status, part in sub_answers(body)
    ]
    down = [error for error in errors if isinstance(error, Retryable)]
    if down and len(down) == len(errors):
        # What may have been done speaks for all: the call must not be repeated for the sake of the others.
        raise next((error for error in down if error.maybe_done), down[0])
