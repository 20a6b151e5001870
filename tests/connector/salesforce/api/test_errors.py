"""Salesforce's codes, ids and headers, on bodies alone."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector import errors
from connector.salesforce.api import errors as api_errors
from tests.shared import CONTRACTS, needs_contracts

FIXTURES = Path(__file__).resolve().parents[4] / "fixtures" / "salesforce"
FAULTS = json.loads((FIXTURES / "faults.json").read_text())
ROW_ERRORS = json.loads((FIXTURES / "row_errors.json").read_text())


@pytest.mark.parametrize("case", FAULTS, ids=lambda case: str(case["name"]))
def test_each_answer_becomes_the_error_that_says_what_to_do(case: dict[str, Any]) -> None:
    error = api_errors.error_from(case["status"], case["body"])
    assert type(error) is getattr(errors, case["becomes"])
    assert str(error).strip()


def test_too_many_at_once_means_seconds_and_too_many_today_means_stop() -> None:
    now = api_errors.error_from(
        403, [{"message": "ConcurrentPerOrgLongTxn Limit exceeded", "errorCode": "REQUEST_LIMIT_EXCEEDED"}]
    )
    today = api_errors.error_from(
        403, [{"message": "TotalRequests Limit exceeded.", "errorCode": "REQUEST_LIMIT_EXCEEDED"}]
    )
    assert isinstance(now, errors.Retryable)
    assert now.wait >= 2.0
    assert isinstance(today, errors.Fatal)
    assert today.remedy


def test_an_html_page_is_quoted_by_its_first_bytes_only() -> None:
    error = api_errors.error_from(503, "<html>" + "x" * 5000)
    assert len(str(error)) < 200
    assert isinstance(error, errors.Unavailable)
    assert error.maybe_done


@pytest.mark.parametrize("case", ROW_ERRORS, ids=lambda case: str(case["name"]))
def test_each_row_error_becomes_a_refusal(case: dict[str, Any]) -> None:
    rows = api_errors.rows_in([{"success": False, "errors": case["errors"]}])
    assert rows is not None
    refusal = api_errors.refusal_from(rows[0].faults)
    wanted = case["refusal"]
    assert {name: getattr(refusal, name) for name in wanted} == wanted | {"fields": tuple(wanted["fields"])}


def test_a_text_that_is_too_long_is_not_repeated() -> None:
    (case,) = [case for case in ROW_ERRORS if case["name"] == "text too long"]
    refusal = api_errors.refusal_from(api_errors.faults_in(case["errors"]))
    assert refusal.message == "Notes: data value too large (max length=255)"


def test_an_alerting_and_a_blocking_duplicate_rule_have_different_remedies() -> None:
    alert, block = (
        api_errors.refusal_from(api_errors.faults_in(case["errors"]))
        for case in ROW_ERRORS
        if case["name"].startswith("duplicate rule")
    )
    assert alert.remedy
    assert block.remedy
    assert alert.remedy != block.remedy
    assert "blocks" in block.remedy


def test_rows_are_recognised_by_shape_not_by_status() -> None:
    assert (
        api_errors.rows_in([{"success": False, "errors": [{"statusCode": "X", "message": "x"}]}]) is not None
    )
    assert api_errors.rows_in([{"errorCode": "INVALID_FIELD", "message": "x"}]) is None
    assert api_errors.rows_in("<html>") is None


def test_a_failed_row_without_an_id_is_read_and_a_created_row_says_so() -> None:
    rows = api_errors.rows_in(
        [
            {"id": "001000000000001", "success": True, "errors": [], "created": True},
            {"success": False, "errors": [{"statusCode": "MALFORMED_ID", "message": "malformed id 1"}]},
        ]
    )
    assert rows is not None
    assert (rows[0].id, rows[0].created, rows[0].faults) == ("001000000000001AAA", True, ())
    assert (rows[1].id, rows[1].faults[0].code) == (None, "MALFORMED_ID")


@pytest.mark.parametrize(
    ("short", "long"),
    [
        ("001000000000001", "001000000000001AAA"),
        ("0018M00000Gv3Zx", "0018M00000Gv3ZxQAJ"),
        ("001A0000006Vm9r", "001A0000006Vm9rIAC"),
        ("a0B", "a0B"),
        ("0018M00000Gv3ZxQAJ", "0018M00000Gv3ZxQAJ"),
    ],
)
def test_an_id_of_15_characters_gets_its_three_check_letters(short: str, long: str) -> None:
    assert api_errors.to_18(short) == long


@given(st.text("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz", min_size=15, max_size=15))
def test_two_ids_that_differ_in_case_alone_differ_in_their_check_letters(id: str) -> None:
    long = api_errors.to_18(id)
    assert long[:15] == id
    assert api_errors.to_18(long) == long
    assert (api_errors.to_18(id.swapcase()).lower() == long.lower()) == (id == id.swapcase())


@needs_contracts
def test_recorded_ids_of_18_characters_are_what_their_first_15_give() -> None:
    text = (CONTRACTS / "salesforce" / "recordings" / "interactions.jsonl").read_text()
    found = {
        part[:18]
        for part in text.split('"id\\" : \\"')[1:] + text.split("/sobjects/Account/")[1:]
        if part[:18].isalnum() and len(part) >= 18 and not part[18:19].isalnum() and "x" not in part[:6]
    }
    real = {id for id in found if api_errors.to_18(id[:15]) == id}
    # Some recordings carry made-up ids; most are real, and real ones are what the algorithm says.
    assert len(real) > 40
    assert len(real) / len(found) > 0.8


@pytest.mark.parametrize(
    ("header", "used", "limit"),
    [
        ("api-usage=18/5000", 18, 5000),
        ("api-usage=10018/100000; per-app-api-usage=17/250(appName=x)", 10018, 100000),
        ("api-bursts=1/750; api-usage=25/5000", 25, 5000),
        ("per-app-api-usage=17/250(appName=x), api-usage=5/15000", 5, 15000),
    ],
)
def test_the_limit_header_is_read_whatever_else_it_carries(header: str, used: int, limit: int) -> None:
    quota = api_errors.quota_from(header)
    assert quota is not None
    assert (quota.used, quota.limit) == (used, limit)


@pytest.mark.parametrize(
    "header", [None, "", "api-usage=", "nonsense", "per-app-api-usage=17/250(appName=x)"]
)
def test_a_limit_header_that_says_nothing_is_nothing(header: str | None) -> None:
    assert api_errors.quota_from(header) is None


def test_one_dead_part_fails_a_call_that_needs_them_all() -> None:
    body = {
        "compositeResponse": [
            {"httpStatusCode": 200, "body": {"records": []}},
            {
                "httpStatusCode": 400,
                "body": [{"errorCode": "MALFORMED_QUERY", "message": "unexpected token"}],
            },
        ]
    }
    with pytest.raises(errors.Unsupported, match="unexpected token"):
        api_errors.any_failed(body)
    api_errors.all_down(body)


@needs_contracts
@pytest.mark.judge
@pytest.mark.parametrize(
    ("file", "status", "becomes"),
    [
        ("expired_session_response.json", 401, errors.AuthFailed),
        ("query_error_response.json", 400, errors.Unsupported),
        ("sobject_find_error_response.json", 404, errors.Unsupported),
        ("write_error_response.json", 400, errors.Unsupported),
        ("delete_error_response.json", 404, errors.ConnectorError),
        ("upsert_multiple_error_response.json", 300, errors.Rejected),
    ],
)
def test_recorded_error_bodies_are_understood(
    file: str, status: int, becomes: type[errors.ConnectorError]
) -> None:
    body = json.loads((CONTRACTS / "salesforce" / "restforce" / file).read_text())
    error = api_errors.error_from(status, body)
    assert isinstance(error, becomes)
    assert error.code


@needs_contracts
@pytest.mark.judge
def test_recorded_collections_are_read_row_by_row() -> None:
    rows = 0
    lines = (CONTRACTS / "salesforce" / "recordings" / "interactions.jsonl").read_text().splitlines()
    for line in lines:
        pair = json.loads(line)
        if pair["method"] in {"POST", "PATCH"} and "/composite/sobjects" in pair["uri"]:
            answers = api_errors.rows_in(json.loads(pair["response_body"]))
            assert answers is not None, pair["uri"]
            assert all(answer.success and answer.id for answer in answers)
            rows += len(answers)
    assert rows > 20


@needs_contracts
@pytest.mark.judge
def test_every_code_that_we_know_is_one_of_salesforces() -> None:
    known = (
        set(api_errors.REMEDIES)
        | api_errors._RETRYABLE
        | api_errors._ACCESS
        | api_errors._UNKNOWN_THINGS
        | api_errors.SIBLING_CODES
        | api_errors._COLLECTION_CODES
        | {api_errors.SESSION_LOST, api_errors.ALREADY_THERE}
    )
    wsdl = (CONTRACTS / "salesforce" / "wsdl" / "partner.wsdl").read_text()
    assert {code for code in known if f'"{code}"' not in wsdl} == set()
