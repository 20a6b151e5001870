from typing import Any

import pytest
import requests

from tests.emulator.hubspot.judged import Judged

COMPANIES = "/crm/v3/objects/companies"
CONTACTS = "/crm/v3/objects/contacts"


def batch(
    hubspot: Judged, verb: str, *inputs: dict[str, Any], at: str = COMPANIES, **more: Any
) -> requests.Response:
    if verb == "read":
        more = {"properties": [], "propertiesWithHistory": []} | more
    return hubspot("POST", f"{at}/batch/{verb}", {"inputs": list(inputs), **more})


def test_a_batch_takes_a_hundred(hubspot: Judged) -> None:
    row = {"properties": {"name": "Acme"}}
    assert batch(hubspot, "create", *[row] * 101).status_code == 400
    answer = batch(hubspot, "create", *[row] * 100)
    assert answer.status_code == 201
    assert len(answer.json()["results"]) == 100
    assert answer.json()["status"] == "COMPLETE"


def test_reading_names_what_is_missing(hubspot: Judged) -> None:
    company = hubspot.company(city="Paris")
    answer = batch(hubspot, "read", {"id": company}, {"id": "4711"}, {"id": "4712"}, properties=["city"])
    assert answer.status_code == hubspot.partial()
    body = answer.json()
    assert [row["properties"]["city"] for row in body["results"]] == ["Paris"]
    assert body["numErrors"] == 1
    assert body["errors"][0]["category"] == "OBJECT_NOT_FOUND"
    assert body["errors"][0]["context"] == {"ids": ["4711", "4712"]}


def test_reading_by_a_unique_property_and_with_history(hubspot: Judged) -> None:
    hubspot.property(name="sf_account_id", hasUniqueValue=True)
    company = hubspot.company(sf_account_id="001A")
    answer = batch(
        hubspot, "read", {"id": "001A"}, idProperty="sf_account_id", propertiesWithHistory=["sf_account_id"]
    ).json()
    assert answer["results"][0]["id"] == company
    assert answer["results"][0]["propertiesWithHistory"]["sf_account_id"][0]["value"] == "001A"
    assert batch(hubspot, "read", *[{"id": "1"}] * 51, propertiesWithHistory=["name"]).status_code == 400
    assert batch(hubspot, "read", {"id": "x"}, idProperty="domain").status_code == 400


def test_results_are_not_in_the_order_of_inputs(hubspot: Judged) -> None:
    ids = [hubspot.company(name=str(number)) for number in range(20)]
    answered = [row["id"] for row in batch(hubspot, "read", *({"id": id} for id in ids)).json()["results"]]
    assert answered != ids
    assert sorted(answered) == sorted(ids)


def test_creating_without_trace_ids_is_all_or_nothing_and_names_the_first_conflict(hubspot: Judged) -> None:
    existing = [
        hubspot("POST", CONTACTS, {"properties": {"email": f"{name}@acme.example"}}).json()["id"]
        for name in "ab"
    ]
    rows = [{"properties": {"email": f"{name}@acme.example"}} for name in "cab"]
    answer = batch(hubspot, "create", *rows, at=CONTACTS)
    assert answer.status_code == 409
    assert answer.json()["message"] == f"Contact already exists. Existing ID: {existing[0]}"
    assert len(hubspot("GET", CONTACTS).json()["results"]) == 2


def test_a_create_batch_with_one_nameless_row_makes_nothing(hubspot: Judged) -> None:
    rows = [{"properties": {"name": "Good"}}, {"properties": {"city": "Rome"}}]
    assert batch(hubspot, "create", *rows).status_code == 400
    assert hubspot("GET", COMPANIES).json()["results"] == []


def test_a_create_batch_with_one_unique_value_twice_makes_nothing(hubspot: Judged) -> None:
    hubspot.property(name="sf_account_id", hasUniqueValue=True)
    row = {"properties": {"name": "x", "sf_account_id": "001A"}}
    assert batch(hubspot, "create", row, row).status_code == 400
    assert hubspot("GET", COMPANIES).json()["results"] == []


def test_a_unique_conflict_in_an_upsert_is_an_error_of_its_row(hubspot: Judged) -> None:
    hubspot.property(name="sf_account_id", hasUniqueValue=True)
    hubspot.property(name="erp_id", hasUniqueValue=True)
    holder = hubspot.company(erp_id="E1")
    row = {"id": "001B", "idProperty": "sf_account_id", "objectWriteTraceId": "t1"}
    answer = batch(hubspot, "upsert", row | {"properties": {"name": "x", "erp_id": "E1"}})
    assert answer.status_code == hubspot.partial()
    (error,) = answer.json()["errors"]
    assert error["message"].endswith(f"{holder} already has that value.")
    assert error["context"] == {"objectWriteTraceId": ["t1"]}


def test_an_upsert_by_record_id_updates_and_never_creates(hubspot: Judged) -> None:
    company = hubspot.company()
    rows = [{"id": id, "properties": {"city": "Rome"}} for id in (company, "4711")]
    answer = batch(hubspot, "upsert", *rows)
    assert answer.status_code == hubspot.partial()
    assert [(row["id"], row["new"]) for row in answer.json()["results"]] == [(company, False)]
    assert answer.json()["errors"][0]["context"] == {"ids": ["4711"]}


def test_creating_with_trace_ids_is_partial(hubspot: Judged) -> None:
    existing = hubspot("POST", CONTACTS, {"properties": {"email": "a@acme.example"}}).json()["id"]
    rows = [
        {"properties": {"email": f"{name}@acme.example"}, "objectWriteTraceId": f"row-{name}"}
        for name in "abc"
    ]
    rows[2]["properties"] = {"email": "c@acme.example", "nonsense": "1"}
    answer = batch(hubspot, "create", *rows, at=CONTACTS)
    assert answer.status_code == hubspot.partial(201)
    body = answer.json()
    assert [row["objectWriteTraceId"] for row in body["results"]] == ["row-b"]
    errors = {error["context"]["objectWriteTraceId"][0]: error for error in body["errors"]}
    assert errors["row-a"] == {
        "status": "error",
        "category": "CONFLICT",
        "message": f"Contact already exists. Existing ID: {existing}",
        "context": {"objectWriteTraceId": ["row-a"], "existingId": [existing]},
    }
    assert errors["row-c"]["category"] == "VALIDATION_ERROR"
    assert body["numErrors"] == 2


def test_updating_is_partial_over_missing_records(hubspot: Judged) -> None:
    company = hubspot.company()
    answer = batch(
        hubspot,
        "update",
        {"id": company, "properties": {"city": "Rome"}},
        {"id": "4711", "properties": {"city": "Rome"}},
    )
    assert answer.status_code == hubspot.partial()
    assert [row["id"] for row in answer.json()["results"]] == [company]
    assert answer.json()["errors"][0]["context"] == {"ids": ["4711"]}


def test_one_bad_property_refuses_the_whole_update_without_saying_whose(hubspot: Judged) -> None:
    good, bad = hubspot.company(), hubspot.company()
    answer = batch(
        hubspot,
        "update",
        {"id": good, "properties": {"city": "Rome"}},
        {"id": bad, "properties": {"hs_is_target_account": "maybe"}},
    )
    assert answer.status_code == 400
    assert bad not in answer.text
    assert hubspot.values("companies", good, "city") == {"city": None}


def test_the_same_id_twice_refuses_the_whole_update(hubspot: Judged) -> None:
    company = hubspot.company()
    row = {"id": company, "properties": {"city": "Rome"}}
    answer = batch(hubspot, "update", row, row)
    assert answer.status_code == 400
    body = answer.json()
    assert body["message"] == f"Duplicate IDs found in batch input: [{company}]. IDs must be unique"
    assert body["context"] == {"ids": [company]}


def test_an_email_as_id_changes_nothing_and_says_so_by_silence(hubspot: Judged) -> None:
    contact = hubspot("POST", CONTACTS, {"properties": {"email": "a@acme.example"}}).json()["id"]
    row = {"id": "a@acme.example", "properties": {"firstname": "Ann"}}
    answer = batch(hubspot, "update", row, at=CONTACTS)
    assert (answer.status_code, answer.json()["results"]) == (200, [])
    assert hubspot.values("contacts", contact, "firstname") == {"firstname": None}
    assert (
        batch(hubspot, "update", row | {"idProperty": "email"}, at=CONTACTS).json()["results"][0]["id"]
        == contact
    )


@pytest.mark.parametrize("verb", ["update", "upsert"])
def test_a_property_that_is_not_unique_names_no_record(hubspot: Judged, verb: str) -> None:
    row = {"id": "acme.example", "idProperty": "domain", "properties": {"city": "Rome"}}
    answer = batch(hubspot, verb, row)
    assert answer.status_code == 400
    assert answer.json()["message"] == (
        "Unable to perform update/upsert by non-unique 0-2 property domain in portal ID 24680135"
    )


def test_a_unique_conflict_in_an_update_is_an_error_of_its_row(hubspot: Judged) -> None:
    hubspot.property(name="sf_account_id", hasUniqueValue=True)
    holder, other, third = hubspot.company(sf_account_id="001A"), hubspot.company(), hubspot.company()
    answer = batch(
        hubspot,
        "update",
        {"id": other, "properties": {"sf_account_id": "001A"}, "objectWriteTraceId": "t1"},
        {"id": third, "properties": {"sf_account_id": "001C"}},
    )
    assert answer.status_code == hubspot.partial()
    (error,) = answer.json()["errors"]
    assert f"{holder} already has that value." in error["message"]
    assert error["context"] == {"ids": [other], "objectWriteTraceId": ["t1"]}
    assert [row["id"] for row in answer.json()["results"]] == [third]


def test_upserting_creates_or_updates_by_a_unique_property(hubspot: Judged) -> None:
    hubspot.property(name="sf_account_id", hasUniqueValue=True)
    known = hubspot.company(sf_account_id="001A")
    answer = batch(
        hubspot,
        "upsert",
        {"id": "001A", "idProperty": "sf_account_id", "properties": {"city": "Rome"}},
        {"id": "001B", "idProperty": "sf_account_id", "properties": {"name": "New"}},
    )
    assert answer.status_code == 200
    rows = {row["new"]: row for row in answer.json()["results"]}
    assert rows[False]["id"] == known
    assert rows[True]["properties"]["sf_account_id"] == "001B"
    again = batch(
        hubspot, "upsert", {"id": "001B", "idProperty": "sf_account_id", "properties": {"city": "Bonn"}}
    )
    assert [(row["new"], row["id"]) for row in again.json()["results"]] == [(False, rows[True]["id"])]


def test_two_inputs_of_one_record_are_refused(hubspot: Judged) -> None:
    hubspot.property(name="sf_account_id", hasUniqueValue=True)
    row = {"id": "001B", "idProperty": "sf_account_id", "properties": {"name": "New"}}
    answer = batch(hubspot, "upsert", row, row)
    assert answer.status_code == 400
    assert answer.json()["message"].startswith("Duplicate IDs found in batch input: [001B")
    assert hubspot("GET", COMPANIES).json()["results"] == []


def test_archiving_answers_204_whatever_was_before(hubspot: Judged) -> None:
    company = hubspot.company()
    for _ in range(2):
        assert batch(hubspot, "archive", {"id": company}, {"id": "4711"}).status_code == 204
    assert hubspot("GET", f"{COMPANIES}/{company}").status_code == 404
