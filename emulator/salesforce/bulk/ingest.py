"""Ingest jobs: rows of CSV in, rows of results out.

Source: Salesforce, Bulk API 2.0 developer guide. A job takes emulator time: each time it is asked for it goes one
step further (UploadComplete, InProgress, then its end), and after `jobs.PATIENCE` seconds it goes to its end at once.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from emulator.kit.faults import FaultsTaken
from emulator.salesforce.bulk import table
from emulator.salesforce.bulk.jobs import Job, JobBook, with_faults
from emulator.salesforce.data import dml
from emulator.salesforce.data.dml import Asked, Saved, Work
from emulator.salesforce.errors import NOT_FOUND, CallError, Problem, refuse
from emulator.salesforce.org import Org
from emulator.salesforce.parts import Caller
from emulator.salesforce.schema.model import Field, SObject

OPERATIONS: Mapping[str, Work] = {
    "insert": "create",
    "update": "update",
    "upsert": "upsert",
    "delete": "delete",
    "hardDelete": "delete",
}
#: rows that are saved together (Salesforce: triggers run over chunks of 200)
CHUNK = 200
NULL = "#N/A"
_KNOWN = frozenset(
    {
        "object",
        "operation",
        "contentType",
        "lineEnding",
        "columnDelimiter",
        "externalIdFieldName",
        "assignmentRuleId",
        "concurrencyMode",
    }
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Ended:
    """What came of a job's rows. The lists hold cells as they are printed."""

    header: tuple[str, ...]
    successful: list[list[str]]
    failed: list[list[str]]
    unprocessed: list[list[str]]


def create(org: Org, book: JobBook, caller: Caller, body: Mapping[str, Any]) -> Job:
    """Open a job. Raises CallError for a body that no job can be made of."""
    unknown = sorted(set(body) - _KNOWN)
    if unknown:
        raise refuse("JSON_PARSER_ERROR", f'Unrecognized field "{unknown[0]}" in the job')
    operation = _choice(body, "operation", OPERATIONS, None)
    object_ = _object(org, caller, str(body.get("object") or ""))
    _choice(body, "contentType", ("CSV",), "CSV")
    if operation == "hardDelete" and not org.access.has_right(caller.user_id, "BulkApiHardDelete"):
        raise refuse(
            "FUNCTIONALITY_NOT_ENABLED",
            "hardDelete operation requires special user profile permission, please contact your system administrator",
        )
    key = _key(object_, body) if operation == "upsert" else None
    return book.put(
        with_faults(
            book.open(
                caller,
                sort="ingest",
                operation=operation,
                object_name=object_.name,
                state="Open",
                external_id_field=key.name if key else None,
                assignment_rule=body.get("assignmentRuleId"),
                line_ending=_choice(body, "lineEnding", table.LINE_ENDINGS, "LF"),
                delimiter=_choice(body, "columnDelimiter", table.DELIMITERS, "COMMA"),
            ),
            caller,
        )
    )


def _choice(body: Mapping[str, Any], name: str, choices: Any, default: str | None) -> str:
    value = body.get(name, default)
    if value is None:
        raise refuse("MISSING_ARGUMENT", f"{name} not specified")
    if value not in choices:
        raise refuse("INVALID_INPUT", f"{value} is not a valid value for {name} ({', '.join(choices)})")
    return str(value)


def _object(org: Org, caller: Caller, name: str) -> SObject:
    found = org.schema.get(name)
    if found is None or not org.view(caller, found).readable:
        raise refuse("INVALID_TYPE", f"InvalidEntity : Unable to find object: {name}")
    return found


def _key(object_: SObject, body: Mapping[str, Any]) -> Field:
    name = body.get("externalIdFieldName")
    if not name:
        raise refuse(
            "MISSING_ARGUMENT", "External ID was blank for an upsert job: externalIdFieldName not specified"
        )
    field = object_.field(str(name))
    if field is None or not (field.external_id or field.id_lookup or field.name == "Id"):
        raise refuse(
            "INVALID_FIELD",
            f"InvalidJob : External ID field {name} is not an indexed field of {object_.name}",
        )
    return field


def upload(book: JobBook, caller: Caller, job: Job, text: str) -> Job:
    """Take the job's one file. Raises CallError when the job is not open or has its file already."""
    if job.state != "Open" or book.upload(job) is not None:
        raise refuse(
            "INVALID_REQUEST_STATE", f"Found multiple contents for job: <{job.id}>, please 'Close' / 'Abort' / 'Delete'"
            " the current Job then create a new Job and make sure you only do 'PUT' once on a given Job.",
        )  # fmt: skip
    book.keep_upload(job, text)
    return book.put(with_faults(job, caller))


def close(org: Org, book: JobBook, caller: Caller, job: Job) -> Job:
    """The client has sent all: the job may run."""
    if job.state != "Open":
        raise refuse("INVALID_REQUEST_STATE", f"Closing a job in state {job.state} is not allowed")
    closed_at = org.clock.now().isoformat()
    return book.put(replace(with_faults(job, caller), state="UploadComplete", closed_at=closed_at))


def abort(book: JobBook, job: Job) -> Job:
    """Stop a job; what was not yet written stays unprocessed."""
    if job.final:
        raise refuse("INVALID_REQUEST_STATE", f"Aborting a job in state {job.state} is not allowed")
    return book.put(replace(job, state="Aborted"))


def drop(book: JobBook, job: Job) -> None:
    """Delete a job. Raises CallError while it is open or at work."""
    if job.state in ("Open", "InProgress"):
        raise refuse(
            "INVALID_REQUEST_STATE",
            f"Deleting a job in state {job.state} is not allowed: it must be UploadComplete, JobComplete, Aborted"
            " or Failed",
        )
    book.drop(job)


def step(org: Org, book: JobBook, caller: Caller, job: Job) -> Job:
    """Let a job go on, because it is asked for. Its rows are written when it reaches its end."""
    if job.final or job.state == "Open":
        return job
    if job.state == "UploadComplete" and not book.overdue(job):
        return book.put(replace(with_faults(job, caller), state="InProgress"))
    return run(org, book, caller, job)


def run(org: Org, book: JobBook, caller: Caller, job: Job) -> Job:
    """Write the job's rows as the user who opened it, and end it."""
    job = with_faults(job, caller)
    worker = replace(
        caller,
        user_id=job.created_by,
        version=job.version,
        taken=FaultsTaken(active=job.faults),
        allow_save=False,
    )
    object_ = org.sobject(job.object)
    text = book.upload(job) or ""
    try:
        sheet = table.read(text, delimiter=job.delimiter, line_ending=job.line_ending)
        columns = [_column(org, worker, object_, job, name) for name in sheet.header]
    except table.UnreadableFile as error:
        return book.put(replace(job, state="Failed", error=str(error)))
    ended = _Work(org, worker, job, object_, sheet, columns).end()
    book.keep_result(job, _as_doc(ended))
    processed = len(ended.successful) + len(ended.failed)
    return book.put(
        replace(job, state="JobComplete", faults={}, processed=processed, failed=len(ended.failed))
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class _Column:
    """What a header cell means: a field, or a parent named by a field of its own."""

    field: Field
    parent: str | None = None
    parent_key: str | None = None
    parent_type: str | None = None


def _column(org: Org, caller: Caller, object_: SObject, job: Job, name: str) -> _Column:
    """`Name`, `Owner.Username`, `Region__r.Code__c`, `User:Owner.Username`. Raises table.Unreadable."""
    view = org.view(caller, object_)
    type_, _, path = name.rpartition(":")
    head, _, key = path.partition(".")
    if not key:
        field = view.field(name)
        if field is None:
            raise table.UnreadableFile(f"InvalidBatch : Field name not found : {name}")
        return _Column(field=field)
    field = object_.by_relationship(head)
    target = org.schema.get(type_ or (field.reference_to[0] if field and field.reference_to else ""))
    key_field = org.view(caller, target).field(key) if target else None
    if field is None or field.name not in view.readable or target is None or key_field is None:
        raise table.UnreadableFile(f"InvalidBatch : Field name not found : {name}")
    del job
    return _Column(field=field, parent=head, parent_key=key_field.name, parent_type=target.name)


class _Work:
    """One run over the rows of a job."""

    def __init__(
        self,
        org: Org,
        caller: Caller,
        job: Job,
        object_: SObject,
        sheet: table.CsvTable,
        columns: Sequence[_Column],
    ) -> None:
        self._org = org
        self._caller = caller
        self._job = job
        self._object = object_
        self._sheet = sheet
        self._columns = columns
        self._key = object_.field(job.external_id_field) if job.external_id_field else None

    def end(self) -> Ended:
        successful: list[list[str]] = []
        failed: list[list[str]] = []
        lost = self._lost()
        for start in range(0, len(self._sheet.lines), CHUNK):
            lines = self._sheet.lines[start : start + CHUNK]
            good = [line for place, line in enumerate(lines, start) if not line.problem and place not in lost]
            failed += [
                ["", f"INVALID_INPUT_FORMAT:{line.problem}:--", *line.cells] for line in lines if line.problem
            ]
            for line, saved in zip(good, self._save(good, start), strict=True):
                if saved.success:
                    created = "true" if saved.created else "false"
                    successful.append([str(saved.id), created, *line.cells])
                else:
                    failed.append([saved.id or "", self._error(saved), *line.cells])
        # The order of result rows is not that of the upload (Salesforce: Get Job Failed Record Results).
        shuffle = random.Random(self._job.id).shuffle
        shuffle(successful)
        shuffle(failed)
        return Ended(header=self._sheet.header, successful=successful, failed=failed, unprocessed=[])

    def _lost(self) -> frozenset[int]:
        """Rows that end in no file, as when the day's batches ran out (fault F48)."""
        return self._caller.taken.rows("F48", [""] * len(self._sheet.lines))

    def _save(self, lines: Sequence[table.Line], start: int) -> list[Saved]:
        caller = replace(self._caller, taken=_shifted(self._caller.taken, start))
        rows = [Asked(object=self._object, values=self._values(line)) for line in lines]
        work = OPERATIONS[self._job.operation]
        saved = dml.save(self._org, caller, work, rows, key=self._key, lenient=True)
        if self._job.operation == "hardDelete":
            self._purge([item.id for item in saved if item.success and item.id])
        return saved

    def _purge(self, record_ids: Sequence[str]) -> None:
        for record_id in record_ids:
            self._org.note_purged(self._object.name, record_id, self._org.now())
            self._org.store.remove(self._object.name, record_id)

    def _values(self, line: table.Line) -> dict[str, Any]:
        """The row's record: blank cells are left out, `#N/A` clears."""
        values: dict[str, Any] = {}
        for column, cell in zip(self._columns, line.cells, strict=True):
            if cell == "":
                continue
            if cell == NULL:
                values[column.field.name] = None
            elif column.parent is None:
                values[column.field.name] = cell
            else:
                values[column.parent] = {"attributes": {"type": column.parent_type}, column.parent_key: cell}
        return values

    def _error(self, saved: Saved) -> str:
        """`CODE:message:FIELD --`, one after the other when there are several."""
        wrong = saved.unreadable
        if wrong is not None:
            place = next(
                (
                    place
                    for place, column in enumerate(self._columns)
                    if column.field.name == wrong.field.name
                ),
                0,
            )
            return (
                f"INVALID_FIELD:Failed to deserialize field at col {place}. Due to, '{wrong.raw}' is not a valid value"
                f" for the type {wrong.xsd}:{wrong.field.name} --"
            )
        return ";".join(map(_problem, saved.problems))


def _problem(problem: Problem) -> str:
    fields = f"{', '.join(problem.fields)} --" if problem.fields else "--"
    return f"{problem.code}:{problem.message}:{fields}"


def _shifted(taken: FaultsTaken, start: int) -> FaultsTaken:
    """The row faults of one chunk: row numbers count from the chunk's first row."""

    def place(options: Mapping[str, Any]) -> dict[str, Any]:
        rows = options.get("rows", [0])
        return {**options, "rows": [row - start if isinstance(row, int) else row for row in rows]}

    return replace(taken, active={key: place(options) for key, options in taken.active.items()})


def results(book: JobBook, job: Job, which: str) -> str:
    """One of the three result files as CSV; `which` is the resource's name. Raises CallError."""
    if which not in _FILES:
        raise CallError(NOT_FOUND)
    if not job.final:
        raise refuse("INVALID_REQUEST_STATE", f"The results of a job in state {job.state} are not ready")
    doc = book.result(job)
    if doc is None:
        return _untouched(book, job, which)
    added, rows = _FILES[which], doc[which]
    return table.write([*added, *doc["header"]], rows, delimiter=job.delimiter, line_ending=job.line_ending)


_FILES: Mapping[str, tuple[str, ...]] = {
    "successfulResults": ("sf__Id", "sf__Created"),
    "failedResults": ("sf__Id", "sf__Error"),
    "unprocessedrecords": (),
}


def _as_doc(ended: Ended) -> dict[str, Any]:
    return {
        "header": list(ended.header),
        "successfulResults": ended.successful,
        "failedResults": ended.failed,
        "unprocessedrecords": ended.unprocessed,
    }


def _untouched(book: JobBook, job: Job, which: str) -> str:
    """The files of a job that ended before its first row: everything is unprocessed."""
    header: tuple[str, ...] = ()
    rows: list[list[str]] = []
    try:
        sheet = table.read(book.upload(job) or "", delimiter=job.delimiter, line_ending=job.line_ending)
        header = sheet.header
        rows = [list(line.cells) for line in sheet.lines] if which == "unprocessedrecords" else []
    except table.UnreadableFile:
        return book.upload(job) or "" if which == "unprocessedrecords" else ""
    return table.write([*_FILES[which], *header], rows, delimiter=job.delimiter, line_ending=job.line_ending)
