"""A handful of rows in one call, each written only if nobody has modified its record since it was read.

Collections take no conditions; a composite call takes up to 25 requests for single records, each with headers of its
own (Salesforce: "Composite", ``httpHeaders``; "Conditional Request Headers", ``If-Unmodified-Since``). The condition
compares whole seconds, so the rows are read in the same call as well: an edit within the second of the stamp shows
there. An ``If-Match`` would see that, too, but its tag is told by a call of its own for each record.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from email.utils import format_datetime
from typing import Any

from connector.base import NativeRecord, NativeValue, RowUpdate, WriteResult
from connector.errors import (
    AuthFailed,
    ConnectorError,
    Fatal,
    QuotaSpent,
    Rejected,
    Retryable,
    RowLocked,
    Unsupported,
)
from connector.retry import RetryPolicy
from connector.salesforce.api import errors as api_errors
from connector.salesforce.api import soql
from connector.salesforce.api.session import Session
from connector.salesforce.records.read_before_write import Glance

#: Rows of one call: 25 requests, of which one reads.
MOST = 24
_CHANGED = 412
_BLANKS = (None, "")


class GuardedWriter:
    """Writes single records of one org."""

    def __init__(self, session: Session, locks: RetryPolicy) -> None:
        self._session = session
        self._locks = locks

    def update(self, object: str, changes: Sequence[RowUpdate], watch: Sequence[str]) -> list[WriteResult]:
        """See ``Connector.update``. Each row tells the stamp of the version that it was made from."""
        told: dict[str, WriteResult] = {}
        left = {api_errors.to_18(change.id): change for change in changes}
        pace = self._session.pace
        for tries in range(1, self._locks.attempts + 1):
            try:
                told |= self._send(object, left, watch)
            except (Retryable, Fatal, Rejected) as error:
                if not told:
                    raise
                # Others have been written; those that were locked stay refused, unless they may have been written now.
                if isinstance(error, Retryable) and error.maybe_done:
                    told |= {id: WriteResult(id=id, lost=error) for id in left}
                break
            left = {id: left[id] for id in left if _is_locked(told[id])}
            if not left or tries == self._locks.attempts:
                break
            pace.sleep(self._locks.wait(Retryable("", wait=0.0), tries, pace.chance()))
        return [told[api_errors.to_18(change.id)] for change in changes]

    def _send(
        self, object: str, changes: Mapping[str, RowUpdate], watch: Sequence[str]
    ) -> dict[str, WriteResult]:
        glance = Glance(object, watch)
        parts = [glance.part(list(changes)), *(_part(object, id, row) for id, row in changes.items())]

        (first, *answers), whole = self._session.composite(parts, judge=_all_down, idempotent=False)
        glance.take(*first)
        not_before = whole.sent.replace(microsecond=0) if whole.sent is not None else None
        errors = [api_errors.error_from(status, body) for status, body in answers if status >= 300]
        if len(errors) == len(answers) and all(
            isinstance(error, AuthFailed | QuotaSpent) for error in errors
        ):
            raise self._session.named(errors[0])
        return {
            id: self._result(row, status, body, glance.seen.get(id), not_before)
            for (id, row), (status, body) in zip(changes.items(), answers, strict=True)
        }

    def _result(
        self,
        row: RowUpdate,
        status: int,
        body: Any,
        before: NativeRecord | None,
        not_before: datetime | None,
    ) -> WriteResult:
        id = api_errors.to_18(row.id)
        if status < 300:
            return WriteResult(id=id, not_before=not_before, before=before)
        if status != _CHANGED:
            error = api_errors.error_from(status, body)
            if isinstance(error, Retryable) and error.maybe_done:
                return WriteResult(id=id, lost=error)
            return WriteResult(id=id, refusal=api_errors.refusal_from(_faults(error, body)))
        if before is not None and self._is_our_own(row, before):
            # An earlier call whose answer was lost came after the record was read again; the condition held there.
            return WriteResult(id=id, not_before=before.modified_at)
        return WriteResult(id=id, before=before, overtaken=True)

    def _is_our_own(self, row: RowUpdate, before: NativeRecord) -> bool:
        by_us = before.modified_by is not None and before.modified_by == self._session.token.user_id
        shown = [(before.values[name], value) for name, value in row.values.items() if name in before.values]
        return by_us and bool(shown) and all(_same(held, sent) for held, sent in shown)


def _all_down(body: Any) -> None:
    """Raise where no row got through for a passing reason; one that somebody holds is an answer about that row."""
    errors = [
        api_errors.error_from(status, part) if status >= 300 else None
        for status, part in api_errors.sub_answers(body)[1:]
    ]
    down = [error for error in errors if isinstance(error, Retryable) and not isinstance(error, RowLocked)]
    if down and len(down) == len(errors):
        raise next((error for error in down if error.maybe_done), down[0])


def _part(object: str, id: str, row: RowUpdate) -> dict[str, Any]:
    part: dict[str, Any] = {
        "method": "PATCH",
        "path": f"sobjects/{soql.name(object)}/{id}",
        "body": dict(row.values),
    }
    if row.unless_after is not None:
        part["httpHeaders"] = {"If-Unmodified-Since": format_datetime(row.unless_after, usegmt=True)}
    return part


def _same(held: NativeValue, sent: NativeValue) -> bool:
    return held == sent or (held in _BLANKS and sent in _BLANKS)


def _faults(error: ConnectorError, body: Any) -> tuple[api_errors.Fault, ...]:
    found = api_errors.faults_in(body)
    fields = error.fields if isinstance(error, Rejected | Unsupported) else ()
    return found or (
        api_errors.Fault(code=error.code or "UNKNOWN_EXCEPTION", message=str(error), fields=fields),
    )


def _is_locked(result: WriteResult) -> bool:
    return result.refusal is not None and result.refusal.code in api_errors.LOCKED
