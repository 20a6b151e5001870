"""Writing records in collections: up to 1,000 rows as one API call, and for each row an answer of its own.

A write that is watched reads its rows in the same call, right before it writes them: whoever edited a record after
Tandem read it is found out, although Salesforce keeps no history of a field unless somebody tracks it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from connector.base import NativeRecord, RowUpdate, RowUpsert, WriteResult
from connector.errors import ConnectorError, Fatal, Refusal, Rejected, Retryable, Unsupported
from connector.retry import RetryPolicy
from connector.salesforce.api import errors, soql
from connector.salesforce.api.session import COMPOSITE_LIMIT, Session
from connector.salesforce.records.conditional_update import MOST, GuardedWriter
from connector.salesforce.records.read_before_write import Glance

#: Rows of one collection (Salesforce: sObject Collections).
COLLECTION = 200
#: Rows of one call of ours: five collections in one composite request.
WRITE_BATCH = COLLECTION * COMPOSITE_LIMIT
#: The same where one of the five parts reads what stood there before.
WATCHED_BATCH = COLLECTION * (COMPOSITE_LIMIT - 1)
#: Rows that were locked are tried again alone, under the pauses of this policy.
_LOCKS = RetryPolicy(attempts=4, first_wait=1.0, longest_wait=10.0)
#: API calls that one write may spend on finding the row which made its collection fail.
_SEARCH_CALLS = 40

_Row = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Outcome:
    """What is known of one row so far."""

    id: str | None = None
    created: bool = False
    faults: tuple[errors.Fault, ...] = ()
    #: The whole collection was refused with these words, not this row alone.
    whole: bool = False
    not_before: datetime | None = None
    #: No answer tells whether it was written.
    lost: Retryable | None = None

    @property
    def suspicious(self) -> bool:
        return errors.may_be_a_siblings_fault(self.faults, whole_collection=self.whole)


class Writer:
    """Writes one org's records."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._guarded = GuardedWriter(session, _LOCKS)

    def update(
        self, object: str, changes: Sequence[RowUpdate], *, watch: Sequence[str] = ()
    ) -> list[WriteResult]:
        """See ``Connector.update``."""
        if watch and 0 < len(changes) <= MOST and all(change.unless_after is not None for change in changes):
            _distinct([errors.to_18(change.id) for change in changes], "id")
            return self._guarded.update(object, changes, watch)
        attributes = {"type": soql.name(object)}
        ids = [errors.to_18(change.id) for change in changes]
        _distinct(ids, "id")
        written = [
            {"attributes": attributes, "id": id, **change.values}
            for id, change in zip(ids, changes, strict=True)
        ]
        glance = Glance(object, watch) if watch else None
        if glance is not None and len(written) > WATCHED_BATCH:
            raise ValueError(f"{len(written)} rows in one watched write; at most {WATCHED_BATCH}")
        outcomes = self._write("composite/sobjects", written, glance)
        before = glance.seen if glance is not None else {}
        return [_result(outcome, id, before.get(id)) for outcome, id in zip(outcomes, ids, strict=True)]

    def upsert(self, object: str, key_field: str, changes: Sequence[RowUpsert]) -> list[WriteResult]:
        """See ``Connector.upsert``. The key stands once in a row and never in an address."""
        attributes = {"type": soql.name(object)}
        key_lower = soql.name(key_field).lower()
        _distinct([change.key.casefold() for change in changes], "key")
        written: list[_Row] = []
        for change in changes:
            row: _Row = {"attributes": attributes, key_field: change.key}
            row.update((name, value) for name, value in change.values.items() if name.lower() != key_lower)
            written.append(row)
        outcomes = self._write(f"composite/sobjects/{object}/{key_field}", written)
        return [_result(outcome, None) for outcome in outcomes]

    def _write(self, path: str, written: Sequence[_Row], glance: Glance | None = None) -> list[_Outcome]:
        if len(written) > WRITE_BATCH:
            raise ValueError(f"{len(written)} rows in one write; at most {WRITE_BATCH}")
        if not written:
            return []
        outcomes = [_Outcome()] * len(written)
        chunks = _cut(list(range(len(written))), COLLECTION)
        self._send(path, written, chunks, outcomes, glance)
        self._find_culprits(path, written, chunks, outcomes)
        self._wait_for_locks(path, written, outcomes)
        return outcomes

    def _find_culprits(
        self, path: str, written: Sequence[_Row], chunks: list[list[int]], outcomes: list[_Outcome]
    ) -> None:
        """Salesforce runs triggers over a whole collection, so that one bad row can fail all 200. Send those that
        failed again in ever smaller groups, five to a call, until the bad ones stand alone."""
        calls = 0
        groups = [[n for n in chunk if outcomes[n].suspicious] for chunk in chunks if len(chunk) > 1]
        groups = [group for group in groups if group]
        while groups:
            smaller = [part for group in groups for part in _split(group, COMPOSITE_LIMIT)]
            again: list[list[int]] = []
            for start in range(0, len(smaller), COMPOSITE_LIMIT):
                if calls >= _SEARCH_CALLS:
                    return
                calls += 1
                sent = smaller[start : start + COMPOSITE_LIMIT]
                if not self._resend(path, written, sent, outcomes):
                    return
                failed = ([n for n in part if outcomes[n].suspicious] for part in sent if len(part) > 1)
                again += [part for part in failed if part]
            groups = again

    def _wait_for_locks(self, path: str, written: Sequence[_Row], outcomes: list[_Outcome]) -> None:
        """Rows that somebody else held are sent again without the others, after a pause."""
        pace = self._session.pace
        for tries in range(1, _LOCKS.attempts):
            locked = [n for n, outcome in enumerate(outcomes) if errors.is_locked(outcome.faults)]
            if not locked:
                return
            pace.sleep(_LOCKS.wait(Retryable("", wait=0.0), tries, pace.chance()))
            if not self._resend(path, written, _cut(locked, COLLECTION), outcomes):
                return

    def _resend(
        self,
        path: str,
        written: Sequence[_Row],
        chunks: Sequence[Sequence[int]],
        outcomes: list[_Outcome],
    ) -> bool:
        """Send some rows again; where even the call fails, their last refusal stands: others have been written."""
        try:
            self._send(path, written, chunks, outcomes)
        except (Retryable, Fatal, Rejected) as error:
            if isinstance(error, Retryable) and error.maybe_done:
                for n in (n for chunk in chunks for n in chunk):
                    outcomes[n] = _Outcome(lost=error)
            return False
        return True

    def _send(
        self,
        path: str,
        written: Sequence[_Row],
        chunks: Sequence[Sequence[int]],
        outcomes: list[_Outcome],
        glance: Glance | None = None,
    ) -> None:
        """One call with at most five collections; fills in the outcomes. Raises where no collection got through."""
        bodies = [{"allOrNone": False, "records": [written[n] for n in chunk]} for chunk in chunks]
        try:
            if glance is None:
                parts, sent = self._parts(path, bodies)
            else:
                parts, sent = self._watched_parts(path, bodies, glance)
        except (Rejected, Unsupported) as refusal:
            if not _of_some_row(refusal):
                raise
            _refuse(written, chunks[0], refusal, outcomes)
            return
        # The stamp of what was written is a whole second, and none before the one in which we sent.
        not_before = sent.replace(microsecond=0) if sent is not None else None
        refused: list[ConnectorError] = []
        for chunk, (status, body) in zip(chunks, parts, strict=True):
            found = errors.rows_in(body)
            if found is None or len(found) != len(chunk):
                error = errors.error_from(status, body)
                refused.append(error)
                _refuse(written, chunk, error, outcomes)
                continue
            for n, row in zip(chunk, found, strict=True):
                faults = row.faults or ((_SILENT,) if not row.success else ())
                outcomes[n] = _Outcome(
                    id=row.id,
                    created=row.created,
                    faults=faults,
                    not_before=not_before if row.success else None,
                )
        if len(refused) == len(chunks) and not _of_some_row(refused[0]):
            raise self._session.named(refused[0])

    def _parts(
        self, path: str, bodies: Sequence[Mapping[str, Any]]
    ) -> tuple[list[tuple[int, Any]], datetime | None]:
        """Status and body of each collection, and the server's time at sending."""
        if len(bodies) == 1:
            answer = self._session.call("PATCH", path, body=bodies[0], rows=True, idempotent=False)
            return [(answer.status, answer.body)], answer.sent
        parts = [{"method": "PATCH", "path": path, "body": body} for body in bodies]
        answers, whole = self._session.composite(parts, judge=errors.all_down, idempotent=False)
        return answers, whole.sent

    def _watched_parts(
        self, path: str, bodies: Sequence[Mapping[str, Any]], glance: Glance
    ) -> tuple[list[tuple[int, Any]], datetime | None]:
        """The same, with the rows as they stood a moment before; what could not be read is not known."""
        ids = [row["id"] for body in bodies for row in body["records"]]
        parts: list[dict[str, Any]] = [glance.part(ids)]
        parts += [{"method": "PATCH", "path": path, "body": body} for body in bodies]

        def judge(body: Any) -> None:
            errors.all_down({"compositeResponse": body["compositeResponse"][1:]})

        (first, *answers), whole = self._session.composite(parts, judge=judge, idempotent=False)
        glance.take(*first)
        return answers, whole.sent


_SILENT = errors.Fault(code="UNKNOWN_EXCEPTION", message="Salesforce gave no reason")


def _of_some_row(error: ConnectorError) -> bool:
    """A whole collection was refused, but for the content of one of its rows."""
    return errors.may_be_a_siblings_fault((_as_fault(error),), whole_collection=True)


def _as_fault(error: ConnectorError) -> errors.Fault:
    fields = (
        error.fields if isinstance(error, Rejected) else errors.fields_named(error.code or "", str(error))
    )
    return errors.Fault(code=error.code or "UNKNOWN_EXCEPTION", message=str(error), fields=fields)


def _refuse(
    written: Sequence[_Row], chunk: Sequence[int], error: ConnectorError, outcomes: list[_Outcome]
) -> None:
    """A whole collection was refused, or nobody knows. Where Salesforce named the field, the rows that hold it are the
    culprits."""
    if isinstance(error, Retryable) and error.maybe_done:
        for n in chunk:
            outcomes[n] = _Outcome(lost=error)
        return
    fault = _as_fault(error)
    named = {field.lower() for field in fault.fields}
    for n in chunk:
        own = any(field.lower() in named for field in written[n])
        outcomes[n] = _Outcome(faults=(fault,), whole=not own)


def _result(outcome: _Outcome, id: str | None, before: NativeRecord | None = None) -> WriteResult:
    refusal: Refusal | None = errors.refusal_from(outcome.faults) if outcome.faults else None
    return WriteResult(
        id=outcome.id or id,
        created=outcome.created,
        refusal=refusal,
        lost=outcome.lost,
        not_before=outcome.not_before,
        before=before,
    )


def _cut(rows: list[int], size: int) -> list[list[int]]:
    return [rows[start : start + size] for start in range(0, len(rows), size)]


def _split(rows: list[int], parts: int) -> list[list[int]]:
    size = -(-len(rows) // parts)
    return _cut(rows, size)


def _distinct(names: Sequence[str], what: str) -> None:
    twice = [name for name, times in Counter(names).items() if times > 1]
    if twice:
        raise ValueError(f"the same {what} stands in several rows: {', '.join(twice)}")
