"""Query jobs: a SOQL statement in, CSV out, page by page.

Source: Salesforce, Bulk API 2.0 developer guide: "Query". No GROUP BY, no aggregates, no OFFSET, no child lists.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from emulator.salesforce.bulk import table
from emulator.salesforce.bulk.jobs import Job, JobBook
from emulator.salesforce.data.user_view import Eyes
from emulator.salesforce.errors import refuse
from emulator.salesforce.org import Org
from emulator.salesforce.parts import Caller
from emulator.salesforce.soql import SoqlError, parse, run
from emulator.salesforce.soql.tree import FunctionCall, Item

OPERATIONS = ("query", "queryAll")
#: rows of a page unless the caller says otherwise
PAGE = 50_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Page:
    """One page of a job's rows. `locator` is the text `null` on the last page, as the real header says it."""

    csv: str
    locator: str
    rows: int


def create(org: Org, book: JobBook, caller: Caller, body: Mapping[str, Any]) -> Job:
    """Open a query job. Raises CallError for a statement that Bulk API cannot run."""
    operation = body.get("operation")
    if operation not in OPERATIONS:
        raise refuse(
            "INVALID_INPUT", f"{operation} is not a valid value for operation ({', '.join(OPERATIONS)})"
        )
    text = str(body.get("query") or "")
    delimiter, line_ending = body.get("columnDelimiter", "COMMA"), body.get("lineEnding", "LF")
    if delimiter not in table.DELIMITERS or line_ending not in table.LINE_ENDINGS:
        raise refuse(
            "INVALID_INPUT", f"{delimiter} and {line_ending} are not a column delimiter and a line ending"
        )
    try:
        answer = run(Eyes(org, caller, deleted=operation == "queryAll"), _runnable(text))
    except SoqlError as error:
        raise refuse(error.code, error.message) from None
    return book.open(
        caller,
        sort="query",
        operation=str(operation),
        object_name=answer.object_name,
        state="UploadComplete",
        query=text,
        delimiter=str(delimiter),
        line_ending=str(line_ending),
        closed_at=org.clock.now().isoformat(),
    )


def _runnable(text: str) -> str:
    query = parse(text)
    refused = {
        "GROUP BY": query.group is not None,
        "OFFSET": query.offset is not None,
        "aggregate functions": any(
            isinstance(item, Item)
            and isinstance(item.what, FunctionCall)
            and item.what.function not in _ALLOWED
            for item in query.select
        ),
        "parent-to-child relationships and TYPEOF": any(not isinstance(item, Item) for item in query.select),
    }
    named = [what for what, there in refused.items() if there]
    if named:
        raise SoqlError(
            "ASYNC_QUERY_UNSUPPORTED_QUERY", f"Bulk API 2.0 queries do not support {', '.join(named)}"
        )
    return text


_ALLOWED = frozenset({"FIELDS", "TOLABEL", "FORMAT", "CONVERTCURRENCY"})


def step(org: Org, book: JobBook, caller: Caller, job: Job) -> Job:
    """Let a job go on, because it is asked for; its rows are read when it reaches its end."""
    if job.final:
        return job
    if job.state == "UploadComplete" and not book.overdue(job):
        return book.put(replace(job, state="InProgress"))
    reader = replace(caller, user_id=job.created_by, version=job.version)
    try:
        answer = run(Eyes(org, reader, deleted=job.operation == "queryAll"), job.query or "")
    except SoqlError as error:
        return book.put(replace(job, state="Failed", error=error.message))
    rows = [[table.shown(value) for value in cells] for cells in answer.cells()]
    book.keep_result(job, {"header": list(answer.columns), "rows": rows})
    return book.put(replace(job, state="JobComplete", processed=len(rows)))


def page(book: JobBook, job: Job, *, locator: str | None, most: str | None) -> Page:
    """The rows after a locator. Raises CallError for a job without results or a locator that is none."""
    if job.state != "JobComplete":
        raise refuse("INVALID_REQUEST_STATE", f"The results of a job in state {job.state} are not ready")
    doc = book.result(job)
    size = PAGE
    if most is not None:
        if not most.isdigit() or int(most) < 1:
            raise refuse(
                "ILLEGAL_QUERY_PARAMETER_VALUE", f"maxRecords must be a whole number above 0, not {most}"
            )
        size = int(most)
    start = _place(locator) if locator else 0
    if start and start >= len(doc["rows"]):
        raise refuse("INVALID_QUERY_LOCATOR", "invalid query locator")
    rows = doc["rows"][start : start + size]
    stop = start + len(rows)
    following = (
        "null" if stop >= len(doc["rows"]) else base64.urlsafe_b64encode(f"MT{stop}".encode()).decode()
    )
    text = table.write(doc["header"], rows, delimiter=job.delimiter, line_ending=job.line_ending)
    return Page(csv=text, locator=following, rows=len(rows))


def _place(locator: str) -> int:
    try:
        text = base64.urlsafe_b64decode(locator.encode()).decode()
    except (binascii.Error, UnicodeDecodeError):
        text = ""
    if not text.startswith("MT") or not text[2:].isdigit():
        raise refuse("INVALID_QUERY_LOCATOR", "invalid query locator")
    return int(text[2:])


def abort(book: JobBook, job: Job) -> Job:
    """Stop a query job."""
    if job.final:
        raise refuse("INVALID_REQUEST_STATE", f"Aborting a job in state {job.state} is not allowed")
    return book.put(replace(job, state="Aborted"))


def drop(book: JobBook, job: Job) -> None:
    """Delete a query job that has come to its end."""
    if not job.final:
        raise refuse("INVALID_REQUEST_STATE", f"Deleting a job in state {job.state} is not allowed")
    book.drop(job)
