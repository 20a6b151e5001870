"""Bulk jobs as data, kept in the state file, and the times that they take."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Literal

from emulator.salesforce.data.ids import long_id
from emulator.salesforce.data.stamps import moment
from emulator.salesforce.errors import NOT_FOUND, CallError
from emulator.salesforce.parts import Caller, Home

_JOB, _UPLOAD, _RESULT = "bulk", "bulk_upload", "bulk_result"
#: jobs in a final state disappear after this (Salesforce: Bulk API limits)
_LIFE = timedelta(days=7)
#: seconds after which a job is done though nobody asked for it
PATIENCE = 2.0

State = Literal["Open", "UploadComplete", "InProgress", "JobComplete", "Failed", "Aborted"]
FINAL: frozenset[State] = frozenset({"JobComplete", "Failed", "Aborted"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Job:
    """One ingest or query job."""

    id: str
    sort: Literal["ingest", "query"]
    operation: str
    object: str
    created_by: str
    created_at: str
    changed_at: str
    version: float
    state: State
    line_ending: str = "LF"
    delimiter: str = "COMMA"
    external_id_field: str | None = None
    assignment_rule: str | None = None
    query: str | None = None
    #: when the upload was complete, as an ISO moment; None while the job is open
    closed_at: str | None = None
    error: str | None = None
    processed: int = 0
    failed: int = 0
    #: faults that were meant for any request of this job, kept for the moment in which its rows are written
    faults: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    @property
    def final(self) -> bool:
        return self.state in FINAL


class JobBook:
    """The jobs of one org, with what was uploaded to them and what came of it."""

    def __init__(self, org: Home) -> None:
        self._org = org
        self._jobs: dict[str, Job] = {}
        self._uploads: dict[str, str] = {}
        self._results: dict[str, Any] = {}
        self.reload()

    def reload(self) -> None:
        """Read everything from the state file."""
        state = self._org.state
        self._jobs = {key: Job(**doc) for key, doc in state.load(_JOB).items()}
        self._uploads = dict(state.load(_UPLOAD))
        self._results = dict(state.load(_RESULT))

    def put(self, job: Job) -> Job:
        """Keep a job as it is now, and note the time."""
        kept = replace(job, changed_at=self._org.now())
        self._jobs[job.id] = kept
        self._org.state.put(_JOB, job.id, asdict(kept))
        return kept

    def get(self, job_id: str, sort: str) -> Job:
        """A living job by id of either length. Raises CallError NOT_FOUND."""
        job = self._jobs.get(long_id(job_id) or job_id)
        if job is None or job.sort != sort or self._faded(job):
            raise CallError(NOT_FOUND)
        return job

    def all(self, sort: str) -> list[Job]:
        """The living jobs, the newest first."""
        living = [job for job in self._jobs.values() if job.sort == sort and not self._faded(job)]
        return sorted(living, key=lambda job: job.id, reverse=True)

    def drop(self, job: Job) -> None:
        """Forget a job, its upload and its results."""
        for kind, table in ((_JOB, self._jobs), (_UPLOAD, self._uploads), (_RESULT, self._results)):
            table.pop(job.id, None)
            self._org.state.delete(kind, job.id)

    def open(
        self,
        caller: Caller,
        *,
        sort: Literal["ingest", "query"],
        operation: str,
        object_name: str,
        **more: Any,
    ) -> Job:
        """Make a job; `more` are fields of `Job`."""
        now = self._org.now()
        job = Job(
            id=self._org.next_id("750"),
            sort=sort,
            operation=operation,
            object=object_name,
            created_by=caller.user_id,
            created_at=now,
            changed_at=now,
            version=caller.version,
            **more,
        )
        return self.put(job)

    def keep_upload(self, job: Job, text: str) -> None:
        self._uploads[job.id] = text
        self._org.state.put(_UPLOAD, job.id, text)

    def upload(self, job: Job) -> str | None:
        return self._uploads.get(job.id)

    def keep_result(self, job: Job, result: Any) -> None:
        self._results[job.id] = result
        self._org.state.put(_RESULT, job.id, result)

    def result(self, job: Job) -> Any:
        return self._results.get(job.id)

    def overdue(self, job: Job) -> bool:
        """Whether the job has had the time that it takes, however often it was asked for."""
        if job.closed_at is None:
            return False
        return self._org.clock.now() - datetime.fromisoformat(job.closed_at) >= timedelta(seconds=PATIENCE)

    def _faded(self, job: Job) -> bool:
        return job.final and self._org.clock.now() - moment(job.changed_at) > _LIFE


def with_faults(job: Job, caller: Caller) -> Job:
    """The job with the faults of this request noted on it."""
    if not caller.taken.active:
        return job
    return replace(
        job, faults={**job.faults, **{key: dict(value) for key, value in caller.taken.active.items()}}
    )


def milliseconds(job: Job) -> int:
    """What the job took, for its info: a figure that grows with its rows."""
    return 0 if not job.final else 120 + job.processed // 8


def as_json(job: Job, *, full: bool) -> dict[str, Any]:
    """A job's info: short where it was just made or changed, full where it is asked for."""
    path = f"services/data/v{job.version:.1f}/jobs/{job.sort}/{job.id}"
    info: dict[str, Any] = {
        "id": job.id,
        "operation": job.operation,
        "object": job.object,
        "createdById": job.created_by,
        "createdDate": job.created_at,
        "systemModstamp": job.changed_at,
        "state": job.state,
        "concurrencyMode": "Parallel",
        "contentType": "CSV",
        "apiVersion": job.version,
    }
    if job.external_id_field:
        info["externalIdFieldName"] = job.external_id_field
    if job.assignment_rule:
        info["assignmentRuleId"] = job.assignment_rule
    if full:
        info["jobType"] = "V2Ingest" if job.sort == "ingest" else "V2Query"
    if job.sort == "ingest" and job.state == "Open":
        info["contentUrl"] = f"{path}/batches"
    info |= {"lineEnding": job.line_ending, "columnDelimiter": job.delimiter}
    if not full:
        return info
    info |= {
        "numberRecordsProcessed": job.processed,
        "retries": 0,
        "totalProcessingTime": milliseconds(job),
    }
    if job.sort == "query":
        return {**info, "isPkChunkingSupported": True}
    info |= {
        "numberRecordsFailed": job.failed,
        "apiActiveProcessingTime": milliseconds(job),
        "apexProcessingTime": 0,
    }
    return {**info, "errorMessage": job.error} if job.error else info


def listed(jobs: Iterable[Job]) -> dict[str, Any]:
    """The answer to a question for all jobs."""
    return {"done": True, "records": [as_json(job, full=True) for job in jobs], "nextRecordsUrl": None}
