"""The resources under `/jobs`. Source: Salesforce, Bulk API 2.0 developer guide."""

from __future__ import annotations

import json
from email import message_from_bytes, policy
from typing import Any

from emulator.salesforce.bulk import extract, ingest
from emulator.salesforce.bulk.jobs import Job, as_json, listed
from emulator.salesforce.errors import refuse
from emulator.salesforce.rest.surface import Ask, Endpoint, Reply

_JOBS = "/services/data/{v}/jobs"
#: bytes of one upload (Salesforce: Bulk API limits)
LARGEST_UPLOAD = 150 * 1024 * 1024
_CSV = "text/csv"


def _ingest_job(ask: Ask) -> Job:
    return ask.org.jobs.get(ask.params["job_id"], "ingest")


def _query_job(ask: Ask) -> Job:
    return ask.org.jobs.get(ask.params["job_id"], "query")


def create_ingest(ask: Ask) -> Reply:
    """POST jobs/ingest: with a JSON body, or with the job and its rows in one multipart body."""
    book, kind = ask.org.jobs, ask.headers.get("content-type", "")
    if not kind.startswith("multipart/"):
        return Reply(body=as_json(ingest.create(ask.org, book, ask.caller, ask.object_body()), full=False))
    described, rows = _parts(kind, ask.body)
    job = ingest.create(ask.org, book, ask.caller, described)
    job = ingest.upload(book, ask.caller, job, rows)
    return Reply(body=as_json(ingest.close(ask.org, book, ask.caller, job), full=False))


def _parts(kind: str, body: bytes) -> tuple[dict[str, Any], str]:
    """The two parts of a multipart job, named `job` and `content`. Raises CallError."""
    message = message_from_bytes(f"Content-Type: {kind}\r\n\r\n".encode() + body, policy=policy.HTTP)
    found: dict[str, str] = {}
    for part in message.iter_parts():
        name = part.get_param("name", header="content-disposition")
        raw = part.get_payload(decode=True)
        if isinstance(raw, bytes):
            found[str(name)] = (
                raw.decode("utf-8").replace("\r\n", "\n") if name == "job" else raw.decode("utf-8")
            )
    if set(found) != {"job", "content"}:
        raise refuse("INVALID_MULTIPART_REQUEST", "A job needs a part named job and a part named content")
    try:
        described = json.loads(found["job"])
    except ValueError as error:
        raise refuse("JSON_PARSER_ERROR", f"The part named job is no JSON: {error}") from None
    if not isinstance(described, dict):
        raise refuse("JSON_PARSER_ERROR", "The part named job must be a JSON object")
    return described, found["content"]


def upload(ask: Ask) -> Reply:
    """PUT the rows of a job."""
    if not ask.headers.get("content-type", "").startswith(_CSV):
        raise refuse("INVALID_CONTENT_TYPE", "The rows of a job must be sent as text/csv")
    if len(ask.body) > LARGEST_UPLOAD:
        raise refuse("EXCEEDED_MAX_SIZE_REQUEST", "The upload is larger than 150 MB", status=413)
    try:
        text = ask.body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise refuse("INVALID_INPUT", f"The rows are not UTF-8: {error.reason}") from None
    ingest.upload(ask.org.jobs, ask.caller, _ingest_job(ask), text)
    return Reply(status=201)


def change_ingest(ask: Ask) -> Reply:
    """PATCH a job's state: UploadComplete or Aborted."""
    book, job, state = ask.org.jobs, _ingest_job(ask), ask.object_body().get("state")
    if state == "UploadComplete":
        return Reply(body=as_json(ingest.close(ask.org, book, ask.caller, job), full=False))
    if state == "Aborted":
        return Reply(body=as_json(ingest.abort(book, job), full=False))
    raise refuse("INVALID_INPUT", f"{state} is not a valid value for state (UploadComplete, Aborted)")


def show_ingest(ask: Ask) -> Reply:
    """GET a job: it goes one step further each time."""
    job = ingest.step(ask.org, ask.org.jobs, ask.caller, _ingest_job(ask))
    return Reply(body=as_json(job, full=True))


def list_ingest(ask: Ask) -> Reply:
    """GET all ingest jobs."""
    return Reply(body=listed(ask.org.jobs.all("ingest")))


def ingest_results(ask: Ask) -> Reply:
    """GET successfulResults, failedResults or unprocessedrecords of a job."""
    job = ingest.step(ask.org, ask.org.jobs, ask.caller, _ingest_job(ask))
    return Reply(body=ingest.results(ask.org.jobs, job, ask.params["which"]), headers={"content-type": _CSV})


def delete_ingest(ask: Ask) -> Reply:
    """DELETE a job: 204 without a body."""
    ingest.drop(ask.org.jobs, _ingest_job(ask))
    return Reply(status=204)


def create_query(ask: Ask) -> Reply:
    """POST jobs/query."""
    return Reply(
        body=as_json(extract.create(ask.org, ask.org.jobs, ask.caller, ask.object_body()), full=False)
    )


def show_query(ask: Ask) -> Reply:
    """GET a query job: it goes one step further each time."""
    job = extract.step(ask.org, ask.org.jobs, ask.caller, _query_job(ask))
    return Reply(body=as_json(job, full=True))


def list_query(ask: Ask) -> Reply:
    """GET all query jobs."""
    return Reply(body=listed(ask.org.jobs.all("query")))


def change_query(ask: Ask) -> Reply:
    """PATCH a query job: Aborted is all that it can be set to."""
    state = ask.object_body().get("state")
    if state != "Aborted":
        raise refuse("INVALID_INPUT", f"{state} is not a valid value for state (Aborted)")
    return Reply(body=as_json(extract.abort(ask.org.jobs, _query_job(ask)), full=False))


def query_results(ask: Ask) -> Reply:
    """GET a page of a query job's rows; the next page's locator and the page's size stand in the headers."""
    page = extract.page(
        ask.org.jobs, _query_job(ask), locator=ask.query.get("locator"), most=ask.query.get("maxRecords")
    )
    headers = {"content-type": _CSV, "Sforce-Locator": page.locator, "Sforce-NumberOfRecords": str(page.rows)}
    return Reply(body=page.csv, headers=headers)


def delete_query(ask: Ask) -> Reply:
    """DELETE a query job: 204 without a body."""
    extract.drop(ask.org.jobs, _query_job(ask))
    return Reply(status=204)


ENDPOINTS = [
    Endpoint(method="POST", template=_JOBS + "/ingest", handle=create_ingest),
    Endpoint(method="GET", template=_JOBS + "/ingest", handle=list_ingest),
    Endpoint(method="PUT", template=_JOBS + "/ingest/{job_id}/batches", handle=upload),
    Endpoint(method="GET", template=_JOBS + "/ingest/{job_id}", handle=show_ingest),
    Endpoint(method="PATCH", template=_JOBS + "/ingest/{job_id}", handle=change_ingest),
    Endpoint(method="DELETE", template=_JOBS + "/ingest/{job_id}", handle=delete_ingest),
    Endpoint(method="GET", template=_JOBS + "/ingest/{job_id}/{which}", handle=ingest_results),
    Endpoint(method="POST", template=_JOBS + "/query", handle=create_query),
    Endpoint(method="GET", template=_JOBS + "/query", handle=list_query),
    Endpoint(method="GET", template=_JOBS + "/query/{job_id}", handle=show_query),
    Endpoint(method="PATCH", template=_JOBS + "/query/{job_id}", handle=change_query),
    Endpoint(method="DELETE", template=_JOBS + "/query/{job_id}", handle=delete_query),
    Endpoint(method="GET", template=_JOBS + "/query/{job_id}/results", handle=query_results),
]
