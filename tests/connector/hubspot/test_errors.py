"""What HubSpot's failures mean, from bodies written after its documentation and after what others recorded."""

import importlib.util
import inspect
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import hubspot
import pytest
import urllib3.exceptions

from connector.errors import (
    AuthFailed,
    ConnectorError,
    Fatal,
    QuotaSpent,
    Rejected,
    Retryable,
    RowLocked,
    Throttled,
    Unavailable,
    Unsupported,
)
from connector.hubspot.api.errors import (
    Missing,
    Refused,
    TokenExpired,
    error_of,
    read_body,
    token_error_of,
)
from connector.hubspot.api.transport import translated, translation_of, vendor_errors
from connector.hubspot.records.row_errors import condemned_rows, refusal_of, refusal_of_error, row_errors
from tests import shared

ERRORS = Path(__file__).resolve().parents[3] / "fixtures" / "hubspot" / "errors"
MIDNIGHT = datetime(2026, 11, 3, 5, 0, tzinfo=UTC)


def recorded(name: str) -> tuple[int, dict[str, str], bytes]:
    case = json.loads((ERRORS / f"{name}.json").read_text(encoding="utf-8"))
    body = case["body"] if isinstance(case["body"], str) else json.dumps(case["body"])
    return case["status"], {key.lower(): value for key, value in case["headers"].items()}, body.encode()


def meant(name: str) -> ConnectorError:
    return error_of(*recorded(name), day_ends=MIDNIGHT)


@pytest.mark.parametrize(
    ("name", "kind", "code"),
    [
        ("expired_token", TokenExpired, "EXPIRED_AUTHENTICATION"),
        ("malformed_token", AuthFailed, "EXPIRED_AUTHENTICATION"),
        ("unknown_token", AuthFailed, "INVALID_AUTHENTICATION"),
        ("missing_scopes", AuthFailed, "MISSING_SCOPES"),
        ("missing_scopes_unnamed", AuthFailed, "MISSING_SCOPES"),
        ("rolling_limit", Throttled, "TEN_SECONDLY_ROLLING"),
        ("rolling_limit_with_retry_after", Throttled, "TEN_SECONDLY_ROLLING"),
        ("unnamed_limit", Throttled, "TEN_SECONDLY_ROLLING"),
        ("search_limit", Throttled, "SECONDLY"),
        ("daily_limit", QuotaSpent, "DAILY"),
        ("locked", RowLocked, "LOCKED"),
        ("moving", Unavailable, "MIGRATION_IN_PROGRESS"),
        ("edge_page", Unavailable, "502"),
        ("edge_timeout", Unavailable, "524"),
        ("edge_tls", Unavailable, "526"),
        ("internal_error", Unavailable, "500"),
        ("not_found_without_category", Missing, "OBJECT_NOT_FOUND"),
        ("not_found_page", Missing, "OBJECT_NOT_FOUND"),
        ("unknown_object", Unsupported, None),
        ("property_missing_embedded", Refused, "PROPERTY_DOESNT_EXIST"),
        ("invalid_option", Refused, "INVALID_OPTION"),
        ("read_only_value", Refused, "READ_ONLY_VALUE"),
        ("conditional_required", Refused, "MISSING_CONDITIONAL_REQUIRED_PROPERTY"),
        ("unique_value_held", Refused, "UNIQUE_VALUE_CONFLICT"),
        ("record_exists", Refused, "CONFLICT"),
        ("property_exists", Refused, "PROPERTY_WITH_NAME_EXISTS"),
        ("group_in_use_as_text", Refused, "GROUP_WITH_ACTIVE_PROPERTIES"),
        ("non_unique_key", Unsupported, "NON_UNIQUE_PROPERTY"),
        ("address_too_long", Unsupported, "URI_TOO_LONG"),
        ("redirected", Unsupported, "301"),
    ],
)
def test_every_recorded_failure_has_its_meaning(
    name: str, kind: type[ConnectorError], code: str | None
) -> None:
    error = meant(name)
    assert type(error) is kind
    assert error.code == code


def test_every_fixture_is_used() -> None:
    (cases,) = test_every_recorded_failure_has_its_meaning.pytestmark  # type: ignore[attr-defined]
    assert {case[0] for case in cases.args[1]} == {path.stem for path in ERRORS.glob("*.json")}


@pytest.mark.parametrize(
    ("name", "wait"),
    [
        ("rolling_limit", 10.0),
        ("rolling_limit_with_retry_after", 17.0),
        ("unnamed_limit", 10.0),
        ("search_limit", 1.0),
        ("locked", 2.0),
        ("moving", 3600.0),
    ],
)
def test_a_wait_is_as_long_as_the_policy_asks(name: str, wait: float) -> None:
    error = meant(name)
    assert isinstance(error, Retryable)
    assert error.wait == wait
    assert not error.maybe_done


@pytest.mark.parametrize(
    ("name", "maybe"),
    [("edge_page", True), ("edge_timeout", True), ("internal_error", True), ("edge_tls", False)],
)
def test_it_is_known_whether_the_edge_reached_hubspot(name: str, maybe: bool) -> None:
    error = meant(name)
    assert isinstance(error, Unavailable)
    assert error.maybe_done is maybe


def test_a_spent_day_ends_at_the_portals_midnight() -> None:
    error = meant("daily_limit")
    assert isinstance(error, QuotaSpent)
    assert error.resets_at == MIDNIGHT


def test_the_missing_scope_is_named_in_the_remedy() -> None:
    assert "crm.objects.companies.write" in (meant("missing_scopes").remedy or "")


def test_a_page_of_the_edge_is_told_by_its_words_and_its_correlation_id() -> None:
    said = str(meant("edge_page"))
    assert "502 Bad Gateway" in said
    assert "<" not in said
    assert "5f1d3c52" in said


@pytest.mark.parametrize(
    ("name", "fields"),
    [
        ("property_missing_embedded", ("abm_tier",)),
        ("invalid_option", ("tandem_tier",)),
        ("unique_value_held", ("tandem_account_id",)),
        ("record_exists", ()),
    ],
)
def test_a_refusal_names_the_fields_wherever_the_body_hides_them(name: str, fields: tuple[str, ...]) -> None:
    error = meant(name)
    assert isinstance(error, Rejected)
    assert error.fields == fields


@pytest.mark.parametrize(
    ("name", "holder"), [("unique_value_held", "194235510142"), ("record_exists", "3401")]
)
def test_the_holder_of_a_unique_value_is_read_out_of_the_text(name: str, holder: str) -> None:
    error = meant(name)
    assert isinstance(error, Rejected)
    assert error.holder == holder
    assert refusal_of_error(error).holder == holder


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b'"text"',
        b"\xff\xfe",
        b'{"message": 5}',
        b'{"errors": [1, {}], "context": 3}',
        b'{"message": "x [{"}',
    ],
)
def test_no_body_breaks_the_reader(body: bytes) -> None:
    said = read_body(body, {"x-request-id": "r-9"})
    assert said.correlation_id == "r-9"
    assert isinstance(error_of(400, {}, body), Refused)


def test_a_long_dump_of_options_is_cut_but_its_property_is_kept() -> None:
    detail = {"message": "x" * 5000, "code": "INVALID_OPTION", "context": {"propertyName": ["tier"]}}
    error = error_of(400, {}, json.dumps({"message": "x" * 5000, "errors": [detail]}).encode())
    assert len(str(error)) < 700
    assert isinstance(error, Rejected)
    assert error.fields == ("tier",)


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (400, {"status": "BAD_REFRESH_TOKEN", "message": "missing or invalid refresh token"}, AuthFailed),
        (400, {"error": "invalid_grant", "error_description": "revoked"}, AuthFailed),
        (401, {"message": "no"}, AuthFailed),
        (429, {"message": "You have reached your secondly limit."}, Throttled),
        (503, "<html>busy</html>", Unavailable),
        (400, "<html>what</html>", AuthFailed),
    ],
)
def test_a_refused_refresh_is_final_unless_it_may_pass(
    status: int, body: Any, kind: type[ConnectorError]
) -> None:
    raw = (body if isinstance(body, str) else json.dumps(body)).encode()
    assert type(token_error_of(status, {}, raw)) is kind


def test_a_bad_refresh_token_is_named_by_hubspots_own_status() -> None:
    error = token_error_of(400, {}, b'{"status": "BAD_REFRESH_TOKEN", "message": "bad"}')
    assert error.code == "BAD_REFRESH_TOKEN"


# -- rows ----------------------------------------------------------------------------------------------------


def test_rows_of_a_partial_answer_are_told_apart_by_id_and_by_trace() -> None:
    answer = {
        "errors": [
            {
                "status": "error",
                "category": "OBJECT_NOT_FOUND",
                "message": "Could not get some COMPANY objects",
                "context": {"ids": ["7", "8"]},
            },
            {
                "status": "error",
                "category": "CONFLICT",
                "message": "exists",
                "context": {"objectWriteTraceId": ["acme"], "existingId": ["99"]},
            },
            {"status": "error", "category": "INTERNAL_ERROR", "message": "later", "context": {"ids": ["5"]}},
        ]
    }
    gone, taken, passing = row_errors(answer)
    assert gone.ids == ("7", "8")
    assert gone.refusal.gone
    assert taken.trace_ids == ("acme",)
    assert taken.conflict
    assert taken.refusal.holder == "99"
    assert passing.refusal.retryable
    assert not taken.refusal.retryable


def rows_at_fault(name: str, rows: dict[str, dict[str, object]]) -> set[str]:
    _, headers, body = recorded(name)
    return set(condemned_rows(read_body(body, headers), rows))


def test_a_property_that_does_not_exist_condemns_every_row_that_carries_it() -> None:
    rows: dict[str, dict[str, object]] = {"1": {"abm_tier": "a"}, "2": {"name": "x"}, "3": {"abm_tier": ""}}
    assert rows_at_fault("property_missing_embedded", rows) == {"1", "3"}


def test_a_wrong_option_condemns_only_the_rows_that_hold_it() -> None:
    rows: dict[str, dict[str, object]] = {
        "1": {"tandem_tier": "gold"},
        "2": {"tandem_tier": "tier_1"},
        "3": {"name": "gold"},
    }
    assert rows_at_fault("invalid_option", rows) == {"1"}


def test_a_unique_value_condemns_the_row_that_is_named() -> None:
    rows: dict[str, dict[str, object]] = {"194235157366": {"name": "x"}, "2": {"name": "y"}}
    assert rows_at_fault("unique_value_held", rows) == {"194235157366"}


def test_a_unique_value_condemns_the_row_that_sends_it_where_the_record_is_new() -> None:
    rows: dict[str, dict[str, object]] = {
        "k1": {"tandem_account_id": "acme-1"},
        "k2": {"tandem_account_id": "b"},
    }
    assert rows_at_fault("unique_value_held", rows) == {"k1"}


def test_a_refusal_that_names_nothing_condemns_nobody() -> None:
    rows: dict[str, dict[str, object]] = {"1": {"name": "x"}}
    assert rows_at_fault("record_exists", rows) == set()


def test_a_refusal_says_what_a_person_can_do() -> None:
    _, headers, body = recorded("property_missing_embedded")
    assert "tandem provision plan" in (refusal_of(read_body(body, headers)).remedy or "")


# -- the libraries' own exceptions ---------------------------------------------------------------------------


def exception_classes_of_hubspot() -> list[type[BaseException]]:
    """Every exception of hubspot-api-client, out of its 60 files, without importing the packages around them."""
    root = Path(hubspot.__file__).parent
    found: list[type[BaseException]] = []
    for path in sorted(root.rglob("exceptions.py")):
        name = ".".join(("hubspot", *path.relative_to(root).with_suffix("").parts))
        spec = importlib.util.spec_from_file_location(name, path)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        found += [
            thing
            for _, thing in inspect.getmembers(module, inspect.isclass)
            if issubclass(thing, Exception) and thing.__module__ == name
        ]
    return found


def test_every_exception_of_hubspot_api_client_is_translated() -> None:
    classes = exception_classes_of_hubspot()
    assert sum(kind.__name__ == "ApiException" for kind in classes) >= 60
    unmapped = [kind for kind in classes if translation_of(kind) is None]
    assert not unmapped


def test_an_exception_with_an_answer_means_what_the_answer_says() -> None:
    status, headers, body = recorded("rolling_limit")
    for kind in exception_classes_of_hubspot():
        if kind.__name__ != "ServiceException":
            continue
        error: Any = kind.__new__(kind)
        error.status, error.headers, error.body = status, headers, body
        assert isinstance(translated(error), Throttled)


def test_every_exception_of_urllib3_is_translated() -> None:
    classes = [
        thing
        for _, thing in inspect.getmembers(urllib3.exceptions, inspect.isclass)
        if issubclass(thing, urllib3.exceptions.HTTPError)
    ]
    assert len(classes) > 20
    unmapped = [kind for kind in classes if translation_of(kind) is None]
    assert not unmapped


@pytest.mark.parametrize(
    ("error", "kind", "maybe"),
    [
        (urllib3.exceptions.ConnectTimeoutError("slow"), Unavailable, False),
        (urllib3.exceptions.ReadTimeoutError(None, "/", "slow"), Unavailable, True),  # type: ignore[arg-type]
        (urllib3.exceptions.ProtocolError("reset"), Unavailable, True),
        (urllib3.exceptions.SSLError("certificate"), Fatal, False),
        (urllib3.exceptions.LocationParseError("x"), Fatal, False),
        (
            urllib3.exceptions.MaxRetryError(None, "/", urllib3.exceptions.ConnectTimeoutError("slow")),  # type: ignore[arg-type]
            Unavailable,
            False,
        ),
    ],
)
def test_a_broken_connection_says_whether_the_work_may_be_done(
    error: Exception, kind: type[ConnectorError], maybe: bool
) -> None:
    ours = translated(error)
    assert type(ours) is kind
    assert getattr(ours, "maybe_done", False) is maybe


def test_somebody_elses_exception_is_let_through() -> None:
    with pytest.raises(ZeroDivisionError), vendor_errors():
        _ = 1 / 0


@shared.needs_contracts
@pytest.mark.judge
@pytest.mark.parametrize("name", ["companies", "custom-object"])
def test_every_recorded_429_is_a_search_to_be_repeated_after_a_second(contracts: Path, name: str) -> None:
    file = contracts / "hubspot" / "recordings" / f"hubspot-export-objects-export-records-{name}.jsonl"
    exchanges = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    refused = [exchange for exchange in exchanges if exchange["status"] == 429]
    assert len(refused) > 20
    for exchange in refused:
        error = error_of(429, {}, json.dumps(exchange["response"]).encode())
        assert isinstance(error, Throttled)
        assert error.wait == 1.0


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("Requests from this IP address are not allowed.", "does not take calls from this machine's address"),
        ("This private app has been disabled.", "The app is switched off in the portal"),
        ("The app was uninstalled from this account", "The app is switched off in the portal"),
        ("This app hasn't been granted all required scopes to make this call.", "The app lacks a right"),
        ("", "The app lacks a right"),
    ],
)
def test_what_no_scope_would_help_is_not_told_as_a_missing_scope(said: str, told: str) -> None:
    error = error_of(403, {}, json.dumps({"status": "error", "message": said}).encode())
    assert isinstance(error, AuthFailed)
    assert told in str(error)
    assert error.remedy


@pytest.mark.parametrize("body", [b"[" * 100_000, b'{"a":' * 100_000], ids=["lists", "objects"])
def test_a_refusal_that_is_nested_without_end_is_a_refusal_all_the_same(body: bytes) -> None:
    assert read_body(body, {}).message
    assert token_error_of(400, {}, body).code is None
