from urllib.parse import urlencode
from uuid import UUID

import pytest
import requests

from tests.emulator.hubspot.judged import Judged

COMPANIES = "/crm/v3/objects/companies"
GRANT = {
    "grant_type": "refresh_token",
    "client_id": "emulator",
    "client_secret": "emulator",
    "refresh_token": "emulator-refresh",
}


def token_call(hubspot: Judged, path: str = "/oauth/v1/token", **changes: str) -> dict[str, object]:
    answer = hubspot(
        "POST",
        path,
        token=None,
        data=urlencode(GRANT | changes),
        headers={"content-type": "application/x-www-form-urlencoded"},
    )
    body: dict[str, object] = answer.json() | {"http": answer.status_code}
    return body


def test_the_private_app_token_opens_every_door(hubspot: Judged) -> None:
    assert hubspot("GET", COMPANIES).status_code == 200


@pytest.mark.parametrize("token", [None, "pat-na1-revoked"])
def test_a_missing_or_revoked_token_is_no_expiry(hubspot: Judged, token: str | None) -> None:
    answer = hubspot("GET", COMPANIES, token=token)
    assert answer.status_code == 401
    assert answer.json()["category"] == "INVALID_AUTHENTICATION"
    assert answer.json()["message"].startswith("Authentication credentials not found.")


def test_a_malformed_token_is_read_as_one_of_1970(hubspot: Judged) -> None:
    hubspot("POST", "/__emulator__/clock", {"set": "2026-03-31T12:00:00Z"})
    answer = hubspot("GET", COMPANIES, token="nonsense")
    assert answer.status_code == 401
    assert answer.json()["category"] == "EXPIRED_AUTHENTICATION"
    assert answer.json()["message"] == "The OAuth token used to make this call expired 20543 day(s) ago."


def test_an_oauth_token_lives_half_an_hour(hubspot: Judged) -> None:
    issued = token_call(hubspot)
    assert issued["expires_in"] == 1800
    assert issued["refresh_token"] == "emulator-refresh"
    token = str(issued["access_token"])
    assert len(token) > 200
    hubspot.advance(1799)
    assert hubspot("GET", COMPANIES, token=token).status_code == 200
    assert hubspot("GET", f"/oauth/v1/access-tokens/{token}", token=None).json()["expires_in"] == 1
    hubspot.advance(76)
    answer = hubspot("GET", COMPANIES, token=token)
    assert answer.status_code == 401
    assert answer.json()["message"] == "The OAuth token used to make this call expired 75 second(s) ago."
    assert answer.json()["context"] == {"expire time": ["2026-10-05T12:30:00.250Z"]}
    assert hubspot("GET", f"/oauth/v1/access-tokens/{token}", token=None).status_code == 404


def form_of(hubspot: Judged, path: str, **form: str) -> requests.Response:
    app = {"client_id": "emulator", "client_secret": "emulator"}
    return requests.post(hubspot.base + path, data={**app, **form}, timeout=30)


JOURNAL = "developer.webhooks_journal.read"


@pytest.mark.parametrize("date", ["2026-03", "2026-09"])
def test_an_app_gets_a_token_of_its_own_by_its_credentials_under_a_date(hubspot: Judged, date: str) -> None:
    path = f"/oauth/{date}/token"
    issued = form_of(hubspot, path, grant_type="client_credentials", scope=JOURNAL).json()
    assert issued.keys() == {"token_type", "access_token", "expires_in"}
    # It is for the app's own affairs, and opens no portal's companies.
    assert hubspot("GET", COMPANIES, token=issued["access_token"]).status_code == 403
    hubspot.complaints.clear()
    for wrong in ({"scope": ""}, {"scope": "everything"}, {"client_secret": "x", "scope": JOURNAL}):
        assert form_of(hubspot, path, grant_type="client_credentials", **wrong).status_code == 400
    numbered = form_of(hubspot, "/oauth/v1/token", grant_type="client_credentials", scope=JOURNAL)
    assert (numbered.status_code, numbered.json()["status"]) == (400, "BAD_GRANT_TYPE")


def test_a_token_that_was_revoked_is_none(hubspot: Judged) -> None:
    token = str(token_call(hubspot)["access_token"])
    assert form_of(hubspot, "/oauth/2026-09/token/revoke", token=token).status_code == 204
    assert hubspot("GET", COMPANIES, token=token).status_code == 401
    assert form_of(hubspot, "/oauth/2026-09/token/revoke", token="emulator-refresh").status_code == 204
    assert token_call(hubspot)["status"] == "BAD_REFRESH_TOKEN"
    assert form_of(hubspot, "/oauth/2026-09/token/revoke", token="never-there").status_code == 204
    assert form_of(hubspot, "/oauth/2026-09/token/revoke", token="x", client_id="x").status_code == 400


def test_the_dated_token_path_is_the_same_door(hubspot: Judged) -> None:
    assert token_call(hubspot, "/oauth/2026-03/token")["http"] == 200


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"refresh_token": "old"}, "BAD_REFRESH_TOKEN"),
        ({"client_secret": "x"}, "BAD_CLIENT_SECRET"),
        ({"client_id": "x"}, "BAD_CLIENT_ID"),
        ({"grant_type": "password"}, "BAD_GRANT_TYPE"),
    ],
)
def test_a_refused_refresh_says_why_in_its_status(
    hubspot: Judged, change: dict[str, str], status: str
) -> None:
    refused = token_call(hubspot, **change)
    assert (refused["http"], refused["status"]) == (400, status)


def test_a_refresh_token_knows_its_portal(hubspot: Judged) -> None:
    assert (
        hubspot("GET", "/oauth/v1/refresh-tokens/emulator-refresh", token=None).json()["hub_id"] == 24_680_135
    )
    assert hubspot("GET", "/oauth/v1/refresh-tokens/other", token=None).status_code == 404


def test_a_missing_scope_is_named(hubspot: Judged) -> None:
    hubspot("POST", "/__emulator__/tokens", {"token": "pat-reader", "scopes": ["crm.objects.companies.read"]})
    assert hubspot("GET", COMPANIES, token="pat-reader").status_code == 200
    answer = hubspot("POST", COMPANIES, {"properties": {"name": "Acme"}}, token="pat-reader")
    assert answer.status_code == 403
    assert answer.json()["category"] == "MISSING_SCOPES"
    assert answer.json()["context"] == {"requiredGranularScopes": ["crm.objects.companies.write"]}


def test_a_key_that_may_only_write_schemas_is_refused_reading_without_a_scope_name(hubspot: Judged) -> None:
    hubspot(
        "POST", "/__emulator__/tokens", {"token": "pat-writer", "scopes": ["crm.schemas.companies.write"]}
    )
    answer = hubspot("GET", "/crm/v3/properties/companies", token="pat-writer")
    assert answer.status_code == 403
    assert "context" not in answer.json()


def test_the_correlation_id_stands_in_body_and_headers(hubspot: Judged) -> None:
    answer = hubspot("GET", f"{COMPANIES}/1")
    correlation = answer.json()["correlationId"]
    assert str(UUID(correlation)) == correlation
    assert answer.headers["x-hubspot-correlation-id"] == answer.headers["x-request-id"] == correlation
    assert hubspot("GET", f"{COMPANIES}/1").json()["correlationId"] != correlation


def test_the_account_says_which_portal_it_is(hubspot: Judged) -> None:
    details = hubspot("GET", "/account-info/v3/details").json()
    assert details["portalId"] == 24_680_135
    assert details["accountType"] == "STANDARD"
    assert details["utcOffset"] == "-04:00"
    assert hubspot("GET", "/account-info/2026-03/details").json() == details
