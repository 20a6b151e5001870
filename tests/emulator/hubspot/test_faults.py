"""The bad days: each recipe of the control door, as a client meets it."""

from typing import Any

import pytest
import requests

from emulator.hubspot.faults import NATURAL, RECIPES
from tests.emulator.hubspot.judged import Judged, embedded, where

COMPANIES = "/crm/v3/objects/companies"


def test_every_id_of_the_catalogue_is_a_recipe_or_natural() -> None:
    ids = {recipe.id for recipe in RECIPES} | set(NATURAL)
    assert ids == {f"F{number}" for number in range(60, 104)}
    assert not {recipe.id for recipe in RECIPES} & set(NATURAL)


def test_an_unsupported_fault_is_refused_with_what_is_supported(hubspot: Judged) -> None:
    answer = hubspot("POST", "/__emulator__/faults", {"fault": "F33"})
    assert answer.status_code == 400
    assert "supported: F60, F61" in answer.json()["problems"][0]
    natural = hubspot("POST", "/__emulator__/faults", {"fault": "F90"})
    assert "does so by itself: merge two records" in natural.json()["problems"][0]


@pytest.mark.parametrize(
    ("fault", "options", "status", "part"),
    [
        ("F60", {}, 401, "expired 75 second(s) ago"),
        ("F60", {"age": 3000}, 401, "expired 50 minute(s) ago"),
        ("F61", {}, 401, "day(s) ago"),
        ("F62", {}, 403, "requiredGranularScopes"),
        ("F63", {}, 429, "TEN_SECONDLY_ROLLING"),
        ("F64", {}, 429, "DAILY"),
        ("F66", {}, 423, "locked"),
        ("F67", {"retry_after": 7}, 477, "migrated"),
        ("F68", {"status": 524}, 524, "<html>"),
    ],
)
def test_whole_answers(hubspot: Judged, fault: str, options: dict[str, Any], status: int, part: str) -> None:
    hubspot.fault(fault, **options)
    answer = hubspot("GET", COMPANIES)
    assert answer.status_code == status
    assert part in answer.text
    assert hubspot("GET", COMPANIES).status_code == 200
    if fault == "F67":
        assert answer.headers["Retry-After"] == "7"
    hubspot.complaints.clear()


def test_a_scope_error_may_leave_the_names_out(hubspot: Judged) -> None:
    hubspot.fault("F62", named=False)
    assert "context" not in hubspot("GET", COMPANIES).json()


def test_a_gateway_may_time_out_after_the_write(hubspot: Judged) -> None:
    hubspot.fault("F68", work_done=True, match={"method": "POST", "path": COMPANIES})
    assert hubspot("POST", COMPANIES, {"properties": {"name": "Acme"}}).status_code == 502
    assert len(hubspot("GET", COMPANIES).json()["results"]) == 1
    hubspot.complaints.clear()


def test_a_connection_may_drop_after_the_write(hubspot: Judged) -> None:
    hubspot.fault(drop="after", match={"method": "POST", "path": COMPANIES})
    with pytest.raises(requests.ConnectionError):
        hubspot("POST", COMPANIES, {"properties": {"name": "Acme"}})
    assert len(hubspot("GET", COMPANIES).json()["results"]) == 1


def test_search_alone_is_throttled(hubspot: Judged) -> None:
    hubspot.fault("F65")
    assert hubspot("GET", COMPANIES).status_code == 200
    assert hubspot.search().status_code == 429
    hubspot.fault("F84")
    assert "10,000" in hubspot.search().json()["message"]


def test_a_body_may_lack_its_category(hubspot: Judged) -> None:
    hubspot.fault("F69", field="city")
    body = hubspot("POST", COMPANIES, {"properties": {"name": "x", "city": "y"}}).json()
    assert "category" not in body
    assert embedded(body["message"])[0]["name"] == "city"


@pytest.mark.parametrize(
    ("fault", "code"),
    [("F71", "INVALID_OPTION"), ("F72", "READ_ONLY_VALUE"), ("F77", "PROPERTY_DOESNT_EXIST")],
)
def test_a_value_is_refused_by_order(hubspot: Judged, fault: str, code: str) -> None:
    company = hubspot.company()
    hubspot.fault(fault, field="city")
    body = {"inputs": [{"id": company, "properties": {"city": "Rome"}}]}
    answer = hubspot("POST", f"{COMPANIES}/batch/update", body)
    assert answer.status_code == 400
    assert answer.json()["errors"] == [
        {
            "code": code,
            "context": {"propertyName": ["city"]},
            "message": answer.json()["errors"][0]["message"],
        }
    ]
    assert hubspot("POST", f"{COMPANIES}/batch/update", body).status_code == 200


def test_a_fault_that_names_a_value_also_meets_a_call_that_only_reads(hubspot: Judged) -> None:
    """A batch read lists its properties, and gives them no values."""
    hubspot.fault("F71")
    read = {"inputs": [{"id": "1"}], "properties": ["name", "domain"]}
    answer = hubspot("POST", f"{COMPANIES}/batch/read", read)
    assert answer.status_code == 400
    assert "INVALID_OPTION" in answer.text
    hubspot.fault("F71")
    assert hubspot("POST", f"{COMPANIES}/search", {"properties": ["name"]}).status_code == 400
    hubspot.complaints.clear()


def test_a_validation_rule_asks_for_more(hubspot: Judged) -> None:
    hubspot.fault("F73", field="closed_lost_reason")
    body = hubspot("POST", "/crm/objects/2026-09/deals", {"properties": {"dealname": "x"}}).json()
    assert body["errors"][0]["code"] == "MISSING_CONDITIONAL_REQUIRED_PROPERTY"


def test_conflicts_by_order(hubspot: Judged) -> None:
    row = {"properties": {"name": "x"}}
    hubspot.fault("F74", existing="4711")
    answer = hubspot("POST", f"{COMPANIES}/batch/create", {"inputs": [row, row]})
    assert (answer.status_code, answer.json()["message"]) == (
        409,
        "Contact already exists. Existing ID: 4711",
    )
    hubspot.fault("F82", existing="4712")
    assert hubspot("POST", COMPANIES, row).json()["message"].endswith("4712")
    hubspot.fault("F80", holder="4713", field="name")
    message = hubspot("POST", COMPANIES, row).json()["message"]
    assert "value=x}" in message
    assert message.endswith("4713 already has that value.")


@pytest.mark.parametrize(("fault", "verb"), [("F76", "update"), ("F79", "upsert")])
def test_duplicates_by_order(hubspot: Judged, fault: str, verb: str) -> None:
    hubspot.fault(fault)
    answer = hubspot("POST", f"{COMPANIES}/batch/{verb}", {"inputs": [{"id": "12", "properties": {}}]})
    assert answer.json()["context"] == {"ids": ["12"]}


def test_rows_of_a_batch_fail_by_order(hubspot: Judged) -> None:
    first, second, third = (hubspot.company() for _ in range(3))
    hubspot.fault("F75", rows=[second, 2], message="Locked by a workflow", category="WORKFLOW")
    rows = [{"id": id, "properties": {"city": "Rome"}} for id in (first, second, third)]
    answer = hubspot("POST", f"{COMPANIES}/batch/update", {"inputs": rows})
    assert answer.status_code == hubspot.partial()
    assert [row["id"] for row in answer.json()["results"]] == [first]
    errors = answer.json()["errors"]
    assert [error["context"]["ids"] for error in errors] == [[second], [third]]
    assert (errors[0]["message"], errors[0]["category"]) == ("Locked by a workflow", "WORKFLOW")
    assert hubspot.values("companies", second, "city") == {"city": None}


def test_rows_of_a_create_fail_by_their_trace_ids(hubspot: Judged) -> None:
    rows = [{"properties": {"name": name}, "objectWriteTraceId": name} for name in "ab"]
    hubspot.fault("F75", rows=[1])
    answer = hubspot("POST", f"{COMPANIES}/batch/create", {"inputs": rows})
    assert [row["objectWriteTraceId"] for row in answer.json()["results"]] == ["a"]
    assert answer.json()["errors"][0]["context"] == {"objectWriteTraceId": ["b"]}
    hubspot.fault("F75", rows=[1])
    bare = [{"properties": row["properties"]} for row in rows]
    assert hubspot("POST", f"{COMPANIES}/batch/create", {"inputs": bare}).status_code == 400
    assert len(hubspot("GET", COMPANIES).json()["results"]) == 1


def test_a_batch_may_answer_200_and_change_nothing(hubspot: Judged) -> None:
    company = hubspot.company()
    hubspot.fault("F78")
    body = {"inputs": [{"id": company, "properties": {"city": "Rome"}}]}
    answer = hubspot("POST", f"{COMPANIES}/batch/update", body)
    assert (answer.status_code, answer.json()["results"]) == (200, [])
    assert hubspot.values("companies", company, "city") == {"city": None}


def test_record_writes_may_not_know_a_young_property(hubspot: Judged) -> None:
    hubspot.property(name="young")
    hubspot.fault("F70", seconds=10, age=300)
    refused = hubspot("POST", COMPANIES, {"properties": {"name": "x", "young": "1"}})
    assert refused.json()["errors"][0]["code"] == "PROPERTY_DOESNT_EXIST"
    assert hubspot("POST", COMPANIES, {"properties": {"name": "x"}}).status_code == 201
    hubspot.advance(11)
    assert hubspot.company(young="1")


def test_definition_reads_may_be_old(hubspot: Judged) -> None:
    hubspot.property(name="kept", label="Old")
    hubspot.advance(400)
    hubspot.property(name="young")
    hubspot("PATCH", "/crm/v3/properties/companies/kept", {"label": "New"})
    hubspot.fault("F98", seconds=70, age=300)
    assert hubspot("GET", "/crm/v3/properties/companies/young").status_code == 404
    assert hubspot("GET", "/crm/v3/properties/companies/kept").json()["label"] == "Old"
    listed = {row["name"] for row in hubspot("GET", "/crm/v3/properties/companies").json()["results"]}
    assert "kept" in listed
    assert "young" not in listed
    hubspot.advance(71)
    assert hubspot("GET", "/crm/v3/properties/companies/young").status_code == 200


def test_search_may_lag_longer(hubspot: Judged) -> None:
    company = hubspot.company(name="Fresh")
    hubspot.advance(30)
    hubspot.fault("F83", times=2)
    assert hubspot.found(where("name", "EQ", "Fresh")) == []
    assert hubspot.found(where("name", "EQ", "Fresh")) == []
    assert hubspot.found(where("name", "EQ", "Fresh")) == [company]
