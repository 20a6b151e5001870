"""Writing many records as one job of Bulk API 2.0: a handful of API calls for any number of rows, and for each row an
answer of its own.

A job is made, given its rows as CSV, closed and asked for until it has ended; then its result files are read. Nothing
runs before a job is closed, so that a job whose upload may have been lost is thrown away and another one made. The
files hold rows in any order: they are matched by id, or by the key of an upsert. Source: Salesforce, Bulk API 2.0
developer guide.
"""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from connector.base import Begun, NativeValue, RowUpdate, RowUpsert, WriteResult
from connector.errors import (
    AuthFailed,
    ConnectorError,
    QuotaSpent,
    Refusal,
    Rejected,
    Retryable,
    Unavailable,
    Unsupported,
)
from connector.salesforce.api import errors, soql
from connector.salesforce.api.errors import INVALID_FIELD, REMEDIES, Fault, fields_named, without_value
from connector.salesforce.api.session import Answer, Session
from connector.salesforce.records import rows

#: Rows of one job. A job may be larger; but until it has ended, nobody knows what became of any of its rows.
BULK_BATCH = 50_000
#: Bytes of one upload (Salesforce: 150 MB once it is encoded in base64, "100 MB of CSV").
_LARGEST = 100_000_000
#: Seconds before the first look at a job, the factor by which they grow, and how far.
_FIRST_WAIT, _GROWTH, _LONGEST_WAIT = 1.0, 1.5, 10.0
#: Seconds after which a job that has not ended is stopped.
_PATIENCE = 3600.0
#: Looks in a row that may be lost, each after all tries of the retry policy.
_LOST_LOOKS = 5
#: Times that an upload or a closing whose answer was lost is begun again.
_TRIES = 3
_ENDED = frozenset({"JobComplete", "Failed", "Aborted"})

_JOBS = "jobs/ingest"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Order:
    """What all rows of a job have in common."""

    object: str
    operation: str
    #: The column by which its rows are known.
    key: str

    @property
    def body(self) -> dict[str, str]:
        told = {"object": self.object, "operation": self.operation, "contentType": "CSV", "lineEnding": "LF"}
        return told | ({"externalIdFieldName": self.key} if self.operation == "upsert" else {})

    def known_by(self, value: str) -> str:
        """A row's key in the form in which two spellings of it are equal."""
        return errors.to_18(value) if self.operation == "update" else value.casefold()


class NoJobs(Exception):
    """The org takes no jobs, now or at all; nothing was sent. Its cause says why."""


class BulkWriter:
    """Writes one org's records, thousands at a time."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def update(self, object: str, changes: Sequence[RowUpdate], begun: Begun) -> list[WriteResult]:
        """See ``Connector.update``; nothing is told of what stood there before. ``NoJobs`` where none can be made."""
        order = _Order(object=soql.name(object), operation="update", key="Id")
        written = [{**change.values, "Id": errors.to_18(change.id)} for change in changes]
        return self._write(order, written, begun)

    def upsert(
        self, object: str, key_field: str, changes: Sequence[RowUpsert], begun: Begun
    ) -> list[WriteResult]:
        """See ``Connector.upsert``. ``NoJobs`` where none can be made."""
        order = _Order(object=soql.name(object), operation="upsert", key=soql.name(key_field))
        key = key_field.lower()
        written = [
            {name: value for name, value in change.values.items() if name.lower() != key}
            | {key_field: change.key}
            for change in changes
        ]
        return self._write(order, written, begun)

    def finish(self, job: str) -> dict[str, WriteResult]:
        """See ``Connector.finish``."""
        try:
            info = self._look(job)
            if info["state"] == "Open":
                # Nobody fills it any more; as long as it is open, it has written nothing.
                self._abort(job)
                return {}
            if info["state"] not in _ENDED:
                info = self._wait(job)
        except Unsupported:
            # Salesforce forgets a job seven days after its end (Salesforce: Bulk API limits).
            return {}
        if info["state"] == "Aborted" and info.get("numberRecordsProcessed") == 0:
            # Thrown away before its first row: none of its files tells anything.
            return {}
        key = info.get("externalIdFieldName") if info["operation"] == "upsert" else "Id"
        order = _Order(object=str(info["object"]), operation=str(info["operation"]), key=str(key))
        return self._fates(order, job, None, None)

    def _write(self, order: _Order, written: Sequence[Row], begun: Begun) -> list[WriteResult]:
        if len(written) > BULK_BATCH:
            raise ValueError(f"{len(written)} rows in one job; at most {BULK_BATCH}")
        keys = [order.known_by(str(row[order.key])) for row in written]
        twice = [key for key, times in Counter(keys).items() if times > 1]
        if twice:
            raise ValueError(f"the same {order.key} stands in several rows: {', '.join(twice)}")
        found = self._run(order, written, begun) if written else {}
        ids = [key if order.operation == "update" else None for key in keys]
        return [found.get(key) or _unprocessed(id, _IN_NO_FILE) for key, id in zip(keys, ids, strict=True)]

    def _run(self, order: _Order, written: Sequence[Row], begun: Begun) -> dict[str, WriteResult]:
        """What became of the rows, by key; a row that is not in the answer is in no file."""
        content = table(order.key, written)
        if len(content.encode()) > _LARGEST and len(written) > 1:
            half = len(written) // 2
            return self._run(order, written[:half], begun) | self._run(order, written[half:], begun)
        job, sent = self._start(order, content, begun)
        info = self._wait(job)
        if info["state"] == "Failed" and not info.get("numberRecordsProcessed"):
            raise self._session.named(job_error(str(info.get("errorMessage") or "")))
        # The stamp of what was written is a whole second, and none before the one in which the job was closed.
        not_before = sent.replace(microsecond=0) if sent is not None else None
        return self._fates(order, job, len(written), not_before)

    # -- a job -----------------------------------------------------------------------------------------------

    def _start(self, order: _Order, content: str, begun: Begun) -> tuple[str, datetime | None]:
        """The id of a job that runs, and the server's time when it was told to."""
        lost: Retryable | None = None
        for _ in range(_TRIES):
            # A job that is made twice does no harm: it writes nothing until it is closed.
            made = self._make(order)
            job = str(made.body["id"])
            begun(job)
            try:
                self._session.call("PUT", f"{_JOBS}/{job}/batches", body=content, csv=True, idempotent=False)
            except Retryable as error:
                if not error.maybe_done:
                    raise
                lost = error
                # How much of it arrived, Salesforce does not tell; so this job must never run.
                if self._look(job)["state"] == "Open":
                    self._abort(job)
                continue
            return job, self._close(job) or made.sent
        raise lost or Unavailable("no Bulk job could be started")

    def _make(self, order: _Order) -> Answer:
        try:
            return self._session.call("POST", _JOBS, body=order.body)
        except (Rejected, Unsupported, AuthFailed) as error:
            # Bulk API is not enabled, not allowed to this user, or its jobs of the day are spent (Salesforce: Bulk API
            # 2.0 errors: FeatureNotEnabled, InvalidUser, ExceededQuota).
            if error.code == errors.SESSION_LOST:
                raise
            raise NoJobs from error

    def _close(self, job: str) -> datetime | None:
        """Let the job run. None where it does, but the moment is not known."""
        lost: Retryable | None = None
        for _ in range(_TRIES):
            try:
                body = {"state": "UploadComplete"}
                return self._session.call("PATCH", f"{_JOBS}/{job}", body=body, idempotent=False).sent
            except Retryable as error:
                if not error.maybe_done:
                    raise
                lost = error
            if self._look(job)["state"] != "Open":
                return None
        raise lost or Unavailable(f"Bulk job {job} could not be started", maybe_done=True)

    def _wait(self, job: str) -> Mapping[str, Any]:
        """The job at its end. One that takes too long is stopped: what it has not written by then stays unwritten."""
        pace, pause, lost, stopped = self._session.pace, _FIRST_WAIT, 0, False
        until = pace.now() + _PATIENCE
        while True:
            pace.sleep(pause)
            pause = min(pause * _GROWTH, _LONGEST_WAIT)
            try:
                info = self._look(job)
            except Retryable:
                lost += 1
                if lost > _LOST_LOOKS:
                    raise
                continue
            lost = 0
            if info["state"] in _ENDED:
                return info
            if pace.now() > until:
                if stopped:
                    message = f"Bulk job {job} neither ends nor can be stopped"
                    raise self._session.named(Unavailable(message, code="BULK_JOB", maybe_done=True))
                self._abort(job)
                stopped, until = True, pace.now() + _PATIENCE / 10

    def _look(self, job: str) -> Mapping[str, Any]:
        info: Mapping[str, Any] = self._session.call("GET", f"{_JOBS}/{job}").body
        return info

    def _abort(self, job: str) -> None:
        try:
            self._session.call("PATCH", f"{_JOBS}/{job}", body={"state": "Aborted"})
        except Rejected:
            # It came to an end of its own in the meantime; the next look tells which.
            return

    # -- what became of its rows -----------------------------------------------------------------------------

    def _fates(
        self, order: _Order, job: str, number: int | None, not_before: datetime | None
    ) -> dict[str, WriteResult]:
        """Read one file after the other until every row has been found; all of them where nobody knows how many there
        are (``number`` None)."""
        is_update = order.operation == "update"

        def written(row: Mapping[str, str], _: str) -> WriteResult:
            created = row["sf__created"].lower() == "true"
            return WriteResult(id=errors.to_18(row["sf__id"]), created=created, not_before=not_before)

        def refused(row: Mapping[str, str], key: str) -> WriteResult:
            id = errors.to_18(row["sf__id"]) or (key if is_update else None)
            return WriteResult(id=id, refusal=errors.refusal_from(faults_of_cell(row["sf__error"])))

        def left(_: Mapping[str, str], key: str) -> WriteResult:
            return _unprocessed(key if is_update else None, _LEFT)

        files: Sequence[tuple[str, Callable[[Mapping[str, str], str], WriteResult]]] = (
            ("successfulResults", written),
            ("failedResults", refused),
            ("unprocessedrecords", left),
        )
        found: dict[str, WriteResult] = {}
        for name, fate in files:
            if number is not None and len(found) >= number:
                break
            text = self._session.call("GET", f"{_JOBS}/{job}/{name}", csv=True).body
            for row in read(str(text or "")):
                key = order.known_by(row[order.key.lower()])
                found.setdefault(key, fate(row, key))
        return found


_LEFT = "Salesforce ended the job before it came to this row"
_IN_NO_FILE = "the job ended and this row is in none of its result files"


def _unprocessed(id: str | None, message: str) -> WriteResult:
    refusal = Refusal(
        code="UNPROCESSED",
        message=message,
        remedy="Nothing to do: it is tried again. If it stays so: the org's Bulk batches of the day may be spent.",
        retryable=True,
    )
    return WriteResult(id=id, refusal=refusal)


#: Characters of one cell (Salesforce: Bulk API limits).
_LONGEST = 32_000
#: What a cell must say to clear a field: an empty one leaves it as it is (Salesforce: Valid CSV Record Rows).
_NULL = "#N/A"

Row = Mapping[str, NativeValue]


def fits(values: Iterable[NativeValue]) -> bool:
    """Can these values stand in a CSV? A text that reads like the mark for null would clear its field, and there is no
    way to quote it; nor may a cell be longer than 32,000 characters."""
    texts = [value for value in values if isinstance(value, str)]
    return all(len(text) <= _LONGEST and text.strip().upper() != _NULL for text in texts)


def table(key: str, written: Sequence[Row]) -> str:
    """Rows as CSV: the key first, then every other field that any row has, by name. A row's missing field is an empty
    cell, which leaves the field as it is."""
    names = [key, *sorted({name for row in written for name in row} - {key})]
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(names)
    writer.writerows([_cell(row[name]) if name in row else "" for name in names] for row in written)
    return text.getvalue()


def _cell(value: NativeValue) -> str:
    if value is None or value == "":
        # An empty text clears a field in JSON too.
        return _NULL
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return value
    return rows.plain_decimal(value) or ""


def read(text: str) -> Iterator[dict[str, str]]:
    """The rows of a result file, by column names in lower case: Salesforce may spell them its own way."""
    lines = csv.reader(io.StringIO(text, newline=""))
    header = [name.lower() for name in next(lines, [])]
    for line in lines:
        if line:
            yield dict(zip(header, line, strict=False))


def faults_of_cell(text: str) -> tuple[Fault, ...]:
    """The errors of one row of a Bulk job, ``CODE:message:FIELD --``, one after the other where there are several."""
    found: list[Fault] = []
    for part in re.split(r"--\s*;\s*(?=[A-Z][A-Z0-9_]+:)", text.strip()):
        code, _, rest = part.partition(":")
        if not rest or not re.fullmatch(r"[A-Z][A-Z0-9_]+", code):
            found.append(Fault(code="UNKNOWN_EXCEPTION", message=part or "Salesforce gave no reason"))
            continue
        # The message may hold colons of its own; the fields stand behind the last one.
        message, colon, named = rest.removesuffix("--").rstrip().rpartition(":")
        if not colon or not re.fullmatch(r"[\w.,\s]*", named) or named[:1].isspace():
            message, named = rest.removesuffix("--").rstrip(), ""
        fields = tuple(re.split(r"[,\s]+", named.strip())) if named.strip() else ()
        message = without_value(code, message)
        found.append(Fault(code=code, message=message, fields=fields or fields_named(code, message)))
    return tuple(found)


def job_error(message: str) -> ConnectorError:
    """Why a Bulk job failed before its first row, as in ``InvalidBatch : Field name not found : Tier__c``."""
    message = message or "the Bulk job failed and Salesforce gave no reason"
    code, _, _ = message.partition(" : ")
    unknown = re.search(r"Field name not found : (\S+)", message)
    if unknown is not None:
        return Unsupported(message, code=INVALID_FIELD, remedy=REMEDIES[INVALID_FIELD], fields=(unknown[1],))
    if code in {"ExceededQuota", "ApiBatchItems"} or "Limit exceeded" in message:
        return QuotaSpent(
            message, code=code, remedy="Wait until Bulk batches of the last 24 hours fall away."
        )
    if code in {"InternalServerError", "TooManyLockFailure", "ServerUnavailable"}:
        return Unavailable(message, code=code, maybe_done=True)
    return Rejected(message, code=code if " " not in code else "BULK_JOB_FAILED")
