"""Bulk API 2.0 query jobs over HTTP."""

from typing import Any

import pytest

from tests.emulator.salesforce.client import Api


def asked(api: Api, query: str, **more: Any) -> dict[str, Any]:
    answered = api.post("/jobs/query", {"operation": "query", "query": query, **more})
    assert answered.status_code == 200, answered.text
    made: dict[str, Any] = answered.json()
    return made


def ended(api: Api, job: str) -> dict[str, Any]:
    info: dict[str, Any] = {}
    for _ in range(3):
        info = api.get(f"/jobs/query/{job}").json()
        if info["state"] not in ("UploadComplete", "InProgress"):
            break
    assert info["state"] in ("JobComplete", "Failed"), info
    return info


def test_a_query_job_is_read_page_by_page_until_the_locator_says_null(api: Api) -> None:
    names = ["Acme", 'Bolt "B"', "Cobra"]
    for name in names:
        api.account(Name=name)
    job = asked(api, "SELECT Name, Owner.Username, AnnualRevenue FROM Account ORDER BY Name")
    assert (job["object"], job["state"], job["operation"]) == ("Account", "UploadComplete", "query")
    info = ended(api, job["id"])
    assert (info["state"], info["jobType"], info["numberRecordsProcessed"]) == ("JobComplete", "V2Query", 3)
    path = f"/jobs/query/{job['id']}/results"
    first = api.get(path, params={"maxRecords": "2"})
    assert first.headers["Sforce-NumberOfRecords"] == "2"
    assert first.content.decode() == (
        '"Name","Owner.Username","AnnualRevenue"\n'
        '"Acme","tandem@example.com",""\n"Bolt ""B""","tandem@example.com",""\n'
    )
    last = api.get(path, params={"maxRecords": "2", "locator": first.headers["Sforce-Locator"]})
    assert (last.headers["Sforce-Locator"], last.headers["Sforce-NumberOfRecords"]) == ("null", "1")
    assert "Cobra" in last.content.decode()


def test_an_empty_answer_is_a_header_alone(api: Api) -> None:
    job = asked(api, "SELECT Id FROM Account")["id"]
    ended(api, job)
    answered = api.get(f"/jobs/query/{job}/results")
    assert (answered.content, answered.headers["Sforce-Locator"]) == (b'"Id"\n', "null")


def test_query_all_shows_the_recycle_bin(api: Api) -> None:
    record_id = api.account()
    api.delete(f"/sobjects/Account/{record_id}")
    for operation, rows in (("query", 0), ("queryAll", 1)):
        job = asked(api, "SELECT Id, IsDeleted FROM Account", operation=operation)["id"]
        assert ended(api, job)["numberRecordsProcessed"] == rows


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("SELECT Foo__c FROM Account", "INVALID_FIELD"),
        ("SELECT Id FROM", "MALFORMED_QUERY"),
        ("SELECT COUNT(Id) FROM Account", "ASYNC_QUERY_UNSUPPORTED_QUERY"),
        ("SELECT Name FROM Account GROUP BY Name", "ASYNC_QUERY_UNSUPPORTED_QUERY"),
        ("SELECT Id FROM Account LIMIT 5 OFFSET 1", "ASYNC_QUERY_UNSUPPORTED_QUERY"),
        ("SELECT Id, (SELECT Id FROM Contacts) FROM Account", "ASYNC_QUERY_UNSUPPORTED_QUERY"),
    ],
)
def test_a_statement_that_bulk_cannot_run_is_refused(api: Api, query: str, code: str) -> None:
    answered = api.post("/jobs/query", {"operation": "query", "query": query})
    assert (answered.status_code, answered.json()[0]["errorCode"]) == (400, code)


def test_results_have_to_be_ready_and_locators_genuine(api: Api) -> None:
    job = asked(api, "SELECT Id FROM Account")["id"]
    path = f"/jobs/query/{job}/results"
    assert api.get(path).json()[0]["errorCode"] == "INVALID_REQUEST_STATE"
    assert api.delete(f"/jobs/query/{job}").json()[0]["errorCode"] == "INVALID_REQUEST_STATE"
    ended(api, job)
    assert api.get(path, params={"locator": "xyz"}).json()[0]["errorCode"] == "INVALID_QUERY_LOCATOR"
    assert api.get(path, params={"maxRecords": "0"}).json()[0]["errorCode"] == "ILLEGAL_QUERY_PARAMETER_VALUE"
    assert api.delete(f"/jobs/query/{job}").status_code == 204


def test_a_query_job_is_aborted_and_listed(api: Api) -> None:
    job = asked(api, "SELECT Id FROM Account")["id"]
    assert api.patch(f"/jobs/query/{job}", {"state": "Aborted"}).json()["state"] == "Aborted"
    assert [item["state"] for item in api.get("/jobs/query").json()["records"]] == ["Aborted"]
    assert api.get("/jobs/ingest").json()["records"] == []
