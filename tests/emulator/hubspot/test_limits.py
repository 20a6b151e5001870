import pytest

from tests.emulator.hubspot.judged import Judged

COMPANIES = "/crm/v3/objects/companies"


def limit(hubspot: Judged, **limits: int) -> None:
    assert hubspot("POST", "/__emulator__/portal", {"limits": limits}).status_code == 200


@pytest.fixture
def limited(hubspot: Judged) -> Judged:
    limit(hubspot, rolling=3, search_per_second=2, daily=100, rolling_oauth=2)
    return hubspot


def test_the_headers_count_down(limited: Judged) -> None:
    first, second = limited("GET", COMPANIES), limited("GET", COMPANIES)
    assert first.headers["X-HubSpot-RateLimit-Max"] == "3"
    assert first.headers["X-HubSpot-RateLimit-Interval-Milliseconds"] == "10000"
    assert first.headers["X-HubSpot-RateLimit-Remaining"] == "2"
    assert second.headers["X-HubSpot-RateLimit-Remaining"] == "1"
    assert first.headers["X-HubSpot-RateLimit-Daily"] == "100"
    assert second.headers["X-HubSpot-RateLimit-Daily-Remaining"] == "98"


def test_the_window_rolls_with_the_clock(limited: Judged) -> None:
    for _ in range(2):
        limited("GET", COMPANIES)
    limited.advance(6)
    limited("GET", COMPANIES)
    answer = limited("GET", COMPANIES)
    assert answer.status_code == 429
    body = answer.json()
    assert body["message"] == "You have reached your ten_secondly_rolling limit."
    assert (body["errorType"], body["policyName"]) == ("RATE_LIMIT", "TEN_SECONDLY_ROLLING")
    assert "Retry-After" not in answer.headers
    limited.advance(4)
    assert limited("GET", COMPANIES).status_code == 200


def test_search_has_its_own_second_and_no_rate_headers(limited: Judged) -> None:
    answers = [limited.search() for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert not [name for answer in answers for name in answer.headers if "ratelimit" in name.lower()]
    body = answers[2].json()
    assert body.pop("correlationId")
    assert body == {
        "status": "error",
        "message": "You have reached your secondly limit.",
        "category": "RATE_LIMITS",
    }
    limited.advance(1)
    assert limited.search().status_code == 200


def test_the_day_ends_at_midnight_in_the_portals_zone(limited: Judged) -> None:
    limit(limited, daily=2, rolling=0)
    limited("GET", COMPANIES)
    limited("GET", COMPANIES)
    body = limited("GET", COMPANIES).json()
    assert body.pop("correlationId") == body.pop("requestId")
    assert body == {
        "status": "error",
        "message": "You have reached your daily limit.",
        "errorType": "RATE_LIMIT",
        "policyName": "DAILY",
    }
    limited("POST", "/__emulator__/clock", {"set": "2026-10-06T03:59:59Z"})
    assert limited("GET", COMPANIES).status_code == 429
    limited("POST", "/__emulator__/clock", {"set": "2026-10-06T04:00:00Z"})
    assert limited("GET", COMPANIES).status_code == 200


def test_the_usage_of_the_day_can_be_asked_for(limited: Judged) -> None:
    limited("POST", "/__emulator__/portal", {"used_today": 41})
    usage = limited("GET", "/account-info/v3/api-usage/daily/private-apps").json()["results"][0]
    assert (usage["usageLimit"], usage["currentUsage"], usage["fetchStatus"]) == (100, 42, "SUCCESS")
    assert usage["resetsAt"] == "2026-10-06T04:00:00Z"


def test_two_apps_share_the_day_but_not_the_burst(limited: Judged) -> None:
    limited("POST", "/__emulator__/tokens", {"token": "pat-other", "app_id": 777})
    for _ in range(3):
        limited("GET", COMPANIES)
    assert limited("GET", COMPANIES).status_code == 429
    answer = limited("GET", COMPANIES, token="pat-other")
    assert answer.status_code == 200
    assert answer.headers["X-HubSpot-RateLimit-Daily-Remaining"] == "95"


def test_token_and_door_calls_cost_nothing(limited: Judged) -> None:
    limited("POST", "/__emulator__/calls/reset")
    limited("GET", "/oauth/v1/refresh-tokens/emulator-refresh", token=None)
    limited("GET", COMPANIES)
    calls = limited("GET", "/__emulator__/calls").json()
    assert (calls["total"], calls["api"]) == (2, 1)
    assert calls["routes"] == {
        "GET /oauth/v1/refresh-tokens/{token}": 1,
        "GET /crm/v3/objects/{objectType}": 1,
    }


def test_wrong_limits_are_refused_in_words(hubspot: Judged) -> None:
    answer = hubspot("POST", "/__emulator__/portal", {"limits": {"rolling": -1}})
    assert answer.status_code == 400
    assert answer.json()["problems"] == ["limits must be whole numbers, 0 for none: rolling"]
    assert "known: rolling" in hubspot("POST", "/__emulator__/portal", {"limits": {"hourly": 1}}).text
