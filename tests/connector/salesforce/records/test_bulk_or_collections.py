"""What becomes of thousands of rows where a job cannot do it all, or outlives who began it."""

from __future__ import annotations

import pytest
from requests import PreparedRequest

from connector.errors import AuthFailed, Unavailable
from tests.connector.salesforce.org import Org, Reply, sent
from tests.connector.salesforce.records.test_bulk import LOST, Jobs, id_of, updates

LOCKED = "UNABLE_TO_LOCK_ROW:unable to obtain exclusive access to this record:--"


def collections(org: Org, refusal: str | None = None) -> list[list[str]]:
    """Let collections write, or refuse every row; the ids of each call come in the answer."""
    calls: list[list[str]] = []

    def write(request: PreparedRequest) -> Reply:
        ids = [row["id"] for row in sent(request)["records"]]
        calls.append(ids)
        error = [{"statusCode": refusal, "message": "no", "fields": []}] if refusal else []
        return 200, [{"id": id, "success": not error, "errors": error} for id in ids]

    org.on("PATCH", "/composite/sobjects", write)
    return calls


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (400, "ExceededQuota"),
        (400, "FeatureNotEnabled"),
        (403, "FUNCTIONALITY_NOT_ENABLED"),
        (403, "API_DISABLED_FOR_ORG"),
    ],
)
def test_an_org_that_takes_no_jobs_is_written_to_in_collections_and_asked_for_no_other_job(
    org: Org, status: int, code: str
) -> None:
    asked: list[str] = []

    def refuse(_: PreparedRequest) -> Reply:
        asked.append(code)
        return status, [{"errorCode": code, "message": "no jobs today"}]

    org.on("POST", "/jobs/ingest", refuse)
    calls = collections(org)
    connector = org.connect(bulk_from=3)
    assert connector.limits.writes(10_000, creating=False) == [10_000]
    for _ in range(2):
        results = connector.update("Account", updates(4))
        assert [(result.id, result.refusal) for result in results] == [(id_of(n), None) for n in range(4)]
    assert (len(asked), len(calls)) == (1, 2)
    assert connector.limits.writes(1700, creating=False) == [800, 800, 100]


def test_credentials_that_are_refused_are_no_reason_to_write_another_way(org: Org) -> None:
    org.on("POST", "/jobs/ingest", (401, [{"errorCode": "INVALID_SESSION_ID", "message": "over"}]))
    calls = collections(org)
    with pytest.raises(AuthFailed):
        org.connect(bulk_from=3).update("Account", updates(4))
    assert calls == []


def test_rows_that_a_job_found_locked_are_sent_again_alone(org: Org) -> None:
    Jobs(org, lambda row: LOCKED if row["Name"] in {"n1", "n3"} else "")
    calls = collections(org)
    results = org.connect(bulk_from=3).update("Account", updates(5))
    assert [result.refusal for result in results] == [None] * 5
    assert [result.id for result in results] == [id_of(n) for n in range(5)]
    assert calls == [[id_of(1), id_of(3)]]


def test_rows_that_stay_locked_are_refused_for_now_and_the_jobs_other_answers_are_kept(org: Org) -> None:
    Jobs(org, lambda row: LOCKED if row["Name"] == "n1" else "")
    collections(org, "UNABLE_TO_LOCK_ROW")
    results = org.connect(bulk_from=3).update("Account", updates(3))
    assert [result.refusal and (result.refusal.code, result.refusal.retryable) for result in results] == [
        None,
        ("UNABLE_TO_LOCK_ROW", True),
        None,
    ]


def test_a_call_that_fails_after_a_job_does_not_lose_what_the_job_did(org: Org) -> None:
    Jobs(org, lambda row: LOCKED if row["Name"] == "n1" else "")
    org.on("PATCH", "/composite/sobjects", (503, "busy"))
    results = org.connect(bulk_from=3).update("Account", updates(3))
    assert [result.lost is None for result in results] == [True, False, True]


# -- jobs that outlive who began them --------------------------------------------------------------------------


def test_a_job_is_told_of_before_it_is_filled(org: Org) -> None:
    jobs = Jobs(org)
    told: list[tuple[str, int]] = []
    org.connect(bulk_from=3).update(
        "Account", updates(3), begun=lambda job: told.append((job, len(jobs.uploads)))
    )
    assert told == [("750000000000001AAA", 0)]


def test_a_job_that_nobody_can_take_note_of_is_never_run(org: Org) -> None:
    jobs = Jobs(org)

    def full(_: str) -> None:
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        org.connect(bulk_from=3).update("Account", updates(3), begun=full)
    assert jobs.states == {"750000000000001AAA": "Open"}
    assert jobs.uploads == []


def begun_elsewhere(org: Org, state: str) -> Jobs:
    """A job of three rows, one of which is refused, left in this state by a process that died."""
    jobs = Jobs(org, lambda row: "STRING_TOO_LONG:no:Name --" if row["Name"] == "n1" else "")
    org.connect(bulk_from=3).update("Account", updates(3))
    jobs.states["750000000000001AAA"] = state
    jobs.info = {"object": "Account", "operation": "update"}
    return jobs


@pytest.mark.parametrize("state", ["UploadComplete", "InProgress", "JobComplete"])
def test_a_job_of_another_process_is_waited_for_and_every_row_told(org: Org, state: str) -> None:
    jobs = begun_elsewhere(org, state)
    jobs.polls = 3
    found = org.connect(bulk_from=3).finish("750000000000001AAA")
    assert jobs.states["750000000000001AAA"] == "JobComplete"
    assert {id: fate.refusal.code if fate.refusal else None for id, fate in found.items()} == {
        id_of(0): None,
        id_of(1): "STRING_TOO_LONG",
        id_of(2): None,
    }


def test_a_job_that_was_never_told_to_run_is_thrown_away(org: Org) -> None:
    jobs = begun_elsewhere(org, "Open")
    assert org.connect(bulk_from=3).finish("750000000000001AAA") == {}
    assert jobs.states["750000000000001AAA"] == "Aborted"


@pytest.mark.parametrize(("processed", "files"), [(0, 0), (2, 3), (None, 3)])
def test_a_job_that_was_thrown_away_before_its_first_row_is_asked_for_no_file(
    org: Org, processed: int | None, files: int
) -> None:
    jobs = begun_elsewhere(org, "Aborted")
    jobs.info["numberRecordsProcessed"] = processed
    before = len(org.paths())
    found = org.connect(bulk_from=3).finish("750000000000001AAA")
    asked = [path for path in org.paths()[before:] if path.endswith(("Results", "records"))]
    assert (len(asked), bool(found)) == (files, bool(files))


def test_a_job_that_salesforce_has_forgotten_tells_nothing(org: Org) -> None:
    org.on("GET", "/jobs/ingest/750000000000001AAA", (404, [{"errorCode": "NOT_FOUND", "message": "gone"}]))
    assert org.connect(bulk_from=3).finish("750000000000001AAA") == {}


def test_a_look_that_is_lost_leaves_the_job_open(org: Org) -> None:
    jobs = begun_elsewhere(org, "InProgress")
    jobs.instead["look"] = [LOST] * 100
    with pytest.raises(Unavailable):
        org.connect(bulk_from=3).finish("750000000000001AAA")
