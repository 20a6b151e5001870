"""Bulk API 2.0 ingest jobs over HTTP."""

import csv
import io
import json
from typing import Any

import pytest

from emulator.salesforce.schema.fields import reference
from tests.emulator.salesforce.client import KEY, Api

Rows = list[dict[str, str]]


def opened(api: Api, operation: str, **more: Any) -> str:
    answered = api.post("/jobs/ingest", {"object": "Account", "operation": operation, **more})
    assert answered.status_code == 200, answered.text
    assert answered.json()["state"] == "Open"
    return str(answered.json()["id"])


def sent(api: Api, job: str, text: str) -> None:
    headers = {"Content-Type": "text/csv; charset=UTF-8"}
    put = api.call("PUT", f"/jobs/ingest/{job}/batches", data=text.encode(), headers=headers)
    assert (put.status_code, put.content) == (201, b"")
    closed = api.patch(f"/jobs/ingest/{job}", {"state": "UploadComplete"})
    assert closed.json()["state"] == "UploadComplete"


def ended(api: Api, job: str) -> dict[str, Any]:
    """Ask for the job until it has come to its end."""
    info: dict[str, Any] = {}
    for _ in range(3):
        info = api.get(f"/jobs/ingest/{job}").json()
        if info["state"] not in ("UploadComplete", "InProgress"):
            break
    assert info["state"] in ("JobComplete", "Failed"), info
    return info


def file_of(api: Api, job: str, which: str) -> Rows:
    answered = api.get(f"/jobs/ingest/{job}/{which}")
    assert answered.status_code == 200, answered.text
    assert answered.headers["content-type"].startswith("text/csv")
    return list(csv.DictReader(io.StringIO(answered.content.decode())))


def done(api: Api, operation: str, text: str, **more: Any) -> tuple[dict[str, Any], Rows, Rows]:
    """Run a job to its end: its info, the rows that succeeded, the rows that failed."""
    job = opened(api, operation, **more)
    sent(api, job, text)
    info = ended(api, job)
    return info, file_of(api, job, "successfulResults"), file_of(api, job, "failedResults")


def test_a_job_goes_one_step_with_every_poll(api: Api) -> None:
    job = opened(api, "insert")
    sent(api, job, "Name\nAcme\n")
    states = [api.get(f"/jobs/ingest/{job}").json()["state"] for _ in range(3)]
    assert states == ["InProgress", "JobComplete", "JobComplete"]


def test_a_job_ends_by_the_clock_alone(api: Api) -> None:
    job = opened(api, "insert")
    sent(api, job, "Name\nAcme\n")
    api.clock.advance(10)
    assert api.get(f"/jobs/ingest/{job}").json()["state"] == "JobComplete"


def test_the_info_of_an_open_and_of_an_ended_job(api: Api) -> None:
    body = api.post("/jobs/ingest", {"object": "account", "operation": "insert"}).json()
    job = body.pop("id")
    assert body == {
        "operation": "insert",
        "object": "Account",
        "createdById": api.user("tandem@example.com"),
        "createdDate": "2026-03-02T09:00:00.000+0000",
        "systemModstamp": "2026-03-02T09:00:00.000+0000",
        "state": "Open",
        "concurrencyMode": "Parallel",
        "contentType": "CSV",
        "apiVersion": 62.0,
        "contentUrl": f"services/data/v62.0/jobs/ingest/{job}/batches",
        "lineEnding": "LF",
        "columnDelimiter": "COMMA",
    }
    sent(api, job, "Name\nAcme\n")
    info = ended(api, job)
    assert info["jobType"] == "V2Ingest"
    assert (info["numberRecordsProcessed"], info["numberRecordsFailed"], info["retries"]) == (1, 0, 0)
    assert "contentUrl" not in info


def test_complete_does_not_mean_that_every_row_succeeded(abm: Api) -> None:
    info, good, bad = done(abm, "insert", "Name,ABM_Tier__c\nAcme,tier_1\nBolt,gold\n,tier_2\n")
    assert (info["state"], info["numberRecordsProcessed"], info["numberRecordsFailed"]) == (
        "JobComplete",
        3,
        2,
    )
    assert good == [
        {"sf__Id": good[0]["sf__Id"], "sf__Created": "true", "Name": "Acme", "ABM_Tier__c": "tier_1"}
    ]
    assert {row["sf__Error"] for row in bad} == {
        (
            "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST:ABM Tier: bad value for restricted picklist field: gold"
            ":ABM_Tier__c --"
        ),
        "REQUIRED_FIELD_MISSING:Required fields are missing: [Name]:Name --",
    }
    assert abm.query("SELECT Name FROM Account") != []


def test_a_value_of_the_wrong_type_fails_its_row_alone(api: Api) -> None:
    _, good, bad = done(api, "insert", "Name,NumberOfEmployees\nAcme,many\nBolt,5\n")
    assert [row["Name"] for row in good] == ["Bolt"]
    assert bad[0]["sf__Error"] == (
        "INVALID_FIELD:Failed to deserialize field at col 1. Due to, 'many' is not a valid value for the type"
        " xsd:int:NumberOfEmployees --"
    )


def test_results_come_in_another_order_than_the_rows(api: Api) -> None:
    names = [f"Account {number:03}" for number in range(60)]
    _, good, _ = done(api, "insert", "Name\n" + "\n".join(names) + "\n")
    found = [row["Name"] for row in good]
    assert found != names
    assert sorted(found) == names


def test_an_empty_cell_is_left_alone_and_only_the_null_mark_clears(api: Api) -> None:
    first, second = api.account(Website="acme.com"), api.account(Website="bolt.com")
    _, good, bad = done(api, "update", f"Id,Website\n{first},\n{second[:15]},#N/A\n")
    assert (len(good), bad) == (2, [])
    websites = {row["Id"]: row["Website"] for row in api.query("SELECT Id, Website FROM Account")}
    assert websites == {first: "acme.com", second: None}


def test_an_upsert_says_which_rows_it_created(abm: Api) -> None:
    known = abm.account(Ext__c="k1")
    info, good, _ = done(abm, "upsert", "Ext__c,Name\nk1,New\nk2,Other\n", externalIdFieldName="Ext__c")
    assert info["externalIdFieldName"] == "Ext__c"
    assert {row["Ext__c"]: row["sf__Created"] for row in good} == {"k1": "false", "k2": "true"}
    assert next(row["sf__Id"] for row in good if row["Ext__c"] == "k1") == known


def test_a_parent_may_be_named_by_its_external_id(abm: Api) -> None:
    abm.field(reference("Partner__c", "Partner", "Account", "Partner__r"))
    parent = abm.account(Ext__c="p1")
    text = "Name,Owner.Username,Partner__r.Ext__c\nChild,ben.ortiz@example.com,p1\nOrphan,,p9\n"
    _, good, bad = done(abm, "insert", text)
    assert [row["Name"] for row in good] == ["Child"]
    assert bad[0]["sf__Error"].startswith(
        "INVALID_FIELD:Foreign key external ID: p9 not found for field Ext__c"
    )
    (child,) = abm.query("SELECT Partner__c, Owner.Username FROM Account WHERE Name = 'Child'")
    assert (child["Partner__c"], child["Owner"]["Username"]) == (parent, "ben.ortiz@example.com")


@pytest.mark.parametrize("header", ["Nme", "Owner.Shoe", "Boss.Name", "Hidden__c"])
def test_an_unknown_or_invisible_column_fails_the_job_before_any_row(api: Api, header: str) -> None:
    api.field(type(KEY)(name="Hidden__c", label="Hidden", type="string", length=10), granted=False)
    job = opened(api, "insert")
    sent(api, job, f"Name,{header}\nAcme,x\n")
    info = ended(api, job)
    assert (info["state"], info["numberRecordsProcessed"]) == ("Failed", 0)
    assert info["errorMessage"] == f"InvalidBatch : Field name not found : {header}"
    assert file_of(api, job, "unprocessedrecords") == [{"Name": "Acme", header: "x"}]
    assert file_of(api, job, "successfulResults") == []
    assert api.query("SELECT Id FROM Account") == []


def test_a_delete_goes_to_the_bin_and_a_hard_delete_does_not(api: Api) -> None:
    soft, hard = api.account(), api.account()
    assert done(api, "delete", f"Id\n{soft}\n")[0]["numberRecordsFailed"] == 0
    refused = api.post("/jobs/ingest", {"object": "Account", "operation": "hardDelete"})
    assert (refused.status_code, refused.json()[0]["errorCode"]) == (400, "FUNCTIONALITY_NOT_ENABLED")
    profile = api.org.store.get("PermissionSet", api.profile_set())
    api.org.store.put("PermissionSet", {**(profile or {}), "PermissionsBulkApiHardDelete": True})
    assert done(api, "hardDelete", f"Id\n{hard}\n")[0]["numberRecordsFailed"] == 0
    assert [row["Id"] for row in api.query("SELECT Id FROM Account", deleted=True)] == [soft]


def test_delimiter_and_line_ending_of_a_job_hold_for_its_results(api: Api) -> None:
    job = opened(api, "insert", columnDelimiter="SEMICOLON", lineEnding="CRLF")
    sent(api, job, "Name;Website\r\nAcme;acme.com\r\n")
    ended(api, job)
    content = api.get(f"/jobs/ingest/{job}/successfulResults").content
    assert content.startswith(b'"sf__Id";"sf__Created";"Name";"Website"\r\n')


def test_a_job_and_its_rows_may_come_in_one_body(api: Api) -> None:
    described = json.dumps({"object": "Account", "operation": "insert"})
    files = {
        "job": (None, described, "application/json"),
        "content": ("rows.csv", "Name\nAcme\n", "text/csv"),
    }
    answered = api.call("POST", "/jobs/ingest", files=files)
    assert answered.json()["state"] == "UploadComplete", answered.text
    assert ended(api, answered.json()["id"])["numberRecordsProcessed"] == 1


def test_a_job_is_aborted_deleted_and_listed(api: Api) -> None:
    aborted, open_ = opened(api, "insert"), opened(api, "insert")
    assert api.patch(f"/jobs/ingest/{aborted}", {"state": "Aborted"}).json()["state"] == "Aborted"
    assert [job["id"] for job in api.get("/jobs/ingest").json()["records"]] == [open_, aborted]
    assert api.delete(f"/jobs/ingest/{open_}").json()[0]["errorCode"] == "INVALID_REQUEST_STATE"
    gone = api.delete(f"/jobs/ingest/{aborted}")
    assert (gone.status_code, gone.content) == (204, b"")
    assert api.get(f"/jobs/ingest/{aborted}").status_code == 404


def test_ended_jobs_disappear_after_a_week(api: Api) -> None:
    job = opened(api, "insert")
    api.patch(f"/jobs/ingest/{job}", {"state": "Aborted"})
    api.clock.advance(8 * 86_400)
    api.log_in()
    assert api.get(f"/jobs/ingest/{job}").status_code == 404


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"operation": "insert"}, "INVALID_TYPE"),
        ({"object": "Nope", "operation": "insert"}, "INVALID_TYPE"),
        ({"object": "Account"}, "MISSING_ARGUMENT"),
        ({"object": "Account", "operation": "merge"}, "INVALID_INPUT"),
        ({"object": "Account", "operation": "insert", "contentType": "XML"}, "INVALID_INPUT"),
        ({"object": "Account", "operation": "insert", "lineEnding": "CR"}, "INVALID_INPUT"),
        ({"object": "Account", "operation": "upsert"}, "MISSING_ARGUMENT"),
        ({"object": "Account", "operation": "upsert", "externalIdFieldName": "Website"}, "INVALID_FIELD"),
        ({"object": "Account", "operation": "insert", "colour": "red"}, "JSON_PARSER_ERROR"),
    ],
)
def test_a_job_that_cannot_be_is_refused(api: Api, body: dict[str, str], code: str) -> None:
    answered = api.post("/jobs/ingest", body)
    assert (answered.status_code, answered.json()[0]["errorCode"]) == (400, code)


def test_the_rows_are_sent_once_and_only_as_csv(api: Api) -> None:
    job = opened(api, "insert")
    path = f"/jobs/ingest/{job}/batches"
    assert api.call("PUT", path, json={}).json()[0]["errorCode"] == "INVALID_CONTENT_TYPE"
    headers = {"Content-Type": "text/csv"}
    assert api.call("PUT", path, data=b"Name\nA\n", headers=headers).status_code == 201
    assert (
        api.call("PUT", path, data=b"Name\nA\n", headers=headers).json()[0]["errorCode"]
        == "INVALID_REQUEST_STATE"
    )
    assert api.get(f"/jobs/ingest/{job}/successfulResults").json()[0]["errorCode"] == "INVALID_REQUEST_STATE"


def test_a_row_fault_given_before_the_job_hits_its_rows(api: Api) -> None:
    api.fault("F33", rows=[1, 201])
    names = "\n".join(f"A{number:03}" for number in range(250))
    info, _, bad = done(api, "insert", f"Name\n{names}\n")
    assert info["numberRecordsFailed"] == 2
    assert {row["Name"] for row in bad} == {"A001", "A201"}
    assert all(
        row["sf__Error"].startswith("UNABLE_TO_LOCK_ROW:unable to obtain exclusive access") for row in bad
    )


def test_rows_may_be_lost_from_every_result_file(api: Api) -> None:
    api.fault("F48", rows=[0])
    info, good, bad = done(api, "insert", "Name\nLost\nKept\n")
    assert ([row["Name"] for row in good], bad) == (["Kept"], [])
    assert info["numberRecordsProcessed"] == 1


def test_a_job_survives_a_restart_of_the_server(api: Api) -> None:
    job = opened(api, "insert")
    sent(api, job, "Name\nAcme\n")
    api.org.reload()
    assert ended(api, job)["numberRecordsProcessed"] == 1
    api.org.reload()
    assert [row["Name"] for row in file_of(api, job, "successfulResults")] == ["Acme"]


@pytest.mark.slow
def test_thousands_of_rows_are_written_in_one_job(abm: Api) -> None:
    rows = "\n".join(f"k{number},Account {number},tier_1" for number in range(8_800))
    info, good, bad = done(abm, "upsert", f"Ext__c,Name,ABM_Tier__c\n{rows}\n", externalIdFieldName="Ext__c")
    assert (info["numberRecordsProcessed"], len(good), bad) == (8_800, 8_800, [])
