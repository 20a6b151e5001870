"""What can go wrong with a call or with one row of it, in Salesforce's own codes.

Every code is one of the partner WSDL's StatusCode or ExceptionCode values.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

#: HTTP status of a single-record call for codes that do not answer 400.
STATUS_OF_CODE: Mapping[str, int] = {
    "ENTITY_IS_DELETED": 404,
    "NOT_FOUND": 404,
    "INVALID_SESSION_ID": 401,
    "INSUFFICIENT_ACCESS": 403,
    "INSUFFICIENT_ACCESS_OR_READONLY": 403,
    "API_DISABLED_FOR_ORG": 403,
    "REQUEST_LIMIT_EXCEEDED": 403,
    "METHOD_NOT_ALLOWED": 405,
    "SERVER_UNAVAILABLE": 503,
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Problem:
    """One error of one record."""

    code: str
    message: str
    fields: tuple[str, ...] = ()
    #: further keys of the error body, such as ``duplicateResut``
    extra: Mapping[str, Any] = field(default_factory=dict)
    #: None: the status that the code usually has
    status: int | None = None

    def http_status(self) -> int:
        """Return the HTTP status of a single-record call that fails with this."""
        return self.status or STATUS_OF_CODE.get(self.code, 400)

    def as_single(self) -> dict[str, Any]:
        """Print the error as single-record calls do (``errorCode``)."""
        body: dict[str, Any] = {**self.extra, "message": self.message, "errorCode": self.code}
        if self.code not in _WITHOUT_FIELDS:
            body["fields"] = list(self.fields)
        return body

    def as_row(self) -> dict[str, Any]:
        """Print the error as sObject Collections do (``statusCode``)."""
        return {**self.extra, "statusCode": self.code, "message": self.message, "fields": list(self.fields)}


_WITHOUT_FIELDS = frozenset(
    {
        "INVALID_FIELD",
        "INVALID_TYPE",
        "MALFORMED_QUERY",
        "NOT_FOUND",
        "INVALID_SESSION_ID",
        "JSON_PARSER_ERROR",
        "REQUEST_LIMIT_EXCEEDED",
        "INVALID_QUERY_LOCATOR",
        "METHOD_NOT_ALLOWED",
        "SERVER_UNAVAILABLE",
        "MALFORMED_ID",
        "DUPLICATES_DETECTED",
        "INVALID_BATCH_SIZE",
        "API_DISABLED_FOR_ORG",
        "PROCESSING_HALTED",
    }
)


class RecordError(Exception):
    """One record cannot be read or written; carries every problem found."""

    def __init__(self, *problems: Problem) -> None:
        super().__init__("; ".join(f"{problem.code}: {problem.message}" for problem in problems))
        self.problems = problems


class CallError(Exception):
    """The whole call is refused."""

    def __init__(self, problem: Problem, *, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(f"{problem.code}: {problem.message}")
        self.problem = problem
        self.headers = dict(headers or {})


def refuse(code: str, message: str, *fields: str, status: int | None = None) -> CallError:
    """Make the error that refuses a whole call."""
    return CallError(Problem(code=code, message=message, fields=fields, status=status))


def reject(code: str, message: str, *fields: str, status: int | None = None) -> RecordError:
    """Make the error that refuses one record."""
    return RecordError(Problem(code=code, message=message, fields=fields, status=status))


NOT_FOUND = Problem(code="NOT_FOUND", message="The requested resource does not exist")
EXPIRED_SESSION = Problem(code="INVALID_SESSION_ID", message="Session expired or invalid")
IS_DELETED = Problem(code="ENTITY_IS_DELETED", message="entity is deleted")
