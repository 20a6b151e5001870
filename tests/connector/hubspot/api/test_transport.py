"""One call: its token, its place in the budget, its repetitions, and what is learnt from its answer."""

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
import urllib3.exceptions

from connector.errors import AuthFailed, Fatal, QuotaSpent, Throttled, Unavailable, Unsupported
from connector.hubspot.api.paths import Paths
from connector.hubspot.api.settings import AccessToken, HubSpotSettings, RefreshToken
from connector.hubspot.client import HubSpotConnector
from tests.connector.hubspot.stub import (
    START,
    Clock,
    Pool,
    Said,
    Sent,
    refusal,
    results,
    stubbed,
)

OWNERS = "GET /crm/v3/owners/"
TOKEN = "POST /oauth/v1/token"
OAUTH = RefreshToken(client_id="app", client_secret="hush", refresh_token="refresh-1")


def granted(token: str, *, life: int = 1800, refresh: str = "refresh-1") -> Said:
    return Said({"token_type": "bearer", "access_token": token, "refresh_token": refresh, "expires_in": life})


def tokens_sent(pool: Pool) -> list[str]:
    return [sent.headers["Authorization"].removeprefix("Bearer ") for sent in pool.to(OWNERS)]


# -- every call ----------------------------------------------------------------------------------------------


def test_every_call_carries_the_token_and_a_timeout(hubspot: HubSpotConnector, pool: Pool) -> None:
    pool.on(OWNERS, results())
    hubspot.users()
    for sent in pool.sent:
        assert sent.headers["Authorization"] == "Bearer pat-stub"
        assert sent.timeout.connect_timeout == 5.0
        assert sent.timeout.read_timeout == 60.0


def test_urllib3_itself_repeats_and_redirects_nothing() -> None:
    with stubbed() as (hubspot, _):
        retries = hubspot._transport._api.configuration.retries
    assert retries is False


def test_bodies_of_answers_are_not_logged(
    hubspot: HubSpotConnector, pool: Pool, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    pool.on(OWNERS, results({"id": "1", "email": "somebody@acme.example"}))
    hubspot.users()
    assert "somebody@acme.example" not in caplog.text


def test_one_pool_of_connections_serves_every_call(hubspot: HubSpotConnector, pool: Pool) -> None:
    pool.on(OWNERS, results())
    hubspot.users()
    assert hubspot._transport._api.rest_client.pool_manager is pool
    assert len(pool.sent) == hubspot.calls == 2


def test_an_error_names_its_system(hubspot: HubSpotConnector, pool: Pool) -> None:
    pool.on(OWNERS, refusal(403, "no", category="MISSING_SCOPES"))
    with pytest.raises(AuthFailed) as caught:
        hubspot.users()
    assert caught.value.system == "hubspot"


def test_a_redirect_is_refused_and_not_followed(hubspot: HubSpotConnector, pool: Pool) -> None:
    pool.on(OWNERS, Said("", status=302, headers={"Location": "https://elsewhere.example/"}))
    with pytest.raises(Unsupported, match=r"elsewhere\.example"):
        hubspot.users()
    assert len(pool.sent) == 1


def test_a_404_for_a_whole_list_never_passes_for_an_empty_one(hubspot: HubSpotConnector, pool: Pool) -> None:
    pool.on("POST /crm/v3/objects/companies/batch/read", refusal(404, "resource not found"))
    with pytest.raises(Unsupported):
        hubspot.read("companies", ["name"], ["1"])


def test_success_that_is_not_json_is_an_answer_that_was_lost(hubspot: HubSpotConnector, pool: Pool) -> None:
    pool.on(OWNERS, Said("<html>welcome</html>"))
    with pytest.raises(Unavailable) as caught:
        hubspot.users()
    assert caught.value.maybe_done


def test_an_answer_without_a_date_is_dated_by_this_machine(
    hubspot: HubSpotConnector, pool: Pool, clock: Clock
) -> None:
    pool.on(OWNERS, Said({"results": []}, headers={"Date": "yesterday"}))
    answer = hubspot._transport.read(hubspot._transport.paths.owners())
    assert answer.at == clock.now()


# -- waiting -------------------------------------------------------------------------------------------------


def test_the_rolling_limit_is_waited_for_and_the_call_repeated(
    hubspot: HubSpotConnector, pool: Pool, clock: Clock
) -> None:
    limit = refusal(429, "You have reached your ten_secondly_rolling limit.", category="RATE_LIMITS")
    pool.on(OWNERS, limit, results())
    hubspot.users()
    assert len(pool.sent) == 3
    assert clock.now() - START >= timedelta(seconds=10)


def test_a_lock_is_waited_for_at_least_two_seconds(
    hubspot: HubSpotConnector, pool: Pool, clock: Clock
) -> None:
    pool.on(OWNERS, refusal(423, "locked"), results())
    hubspot.users()
    assert clock.now() - START >= timedelta(seconds=2)


def test_a_spent_day_is_not_waited_for(hubspot: HubSpotConnector, pool: Pool, clock: Clock) -> None:
    pool.on(OWNERS, refusal(429, "You have reached your daily limit.", policyName="DAILY"))
    with pytest.raises(QuotaSpent) as caught:
        hubspot.users()
    assert len(pool.sent) == 1
    assert clock.slept == []
    assert caught.value.resets_at == datetime(2026, 11, 3, tzinfo=UTC)


def test_a_spent_day_ends_at_midnight_where_the_portal_is(hubspot: HubSpotConnector, pool: Pool) -> None:
    hubspot._transport.learn_zone("America/New_York")
    pool.on(OWNERS, refusal(429, "You have reached your daily limit.", policyName="DAILY"))
    with pytest.raises(QuotaSpent) as caught:
        hubspot.users()
    assert caught.value.resets_at == datetime(2026, 11, 3, 5, tzinfo=UTC)


def test_an_unknown_time_zone_does_not_stop_anything(hubspot: HubSpotConnector) -> None:
    hubspot._transport.learn_zone("Mars/Olympus")
    assert hubspot._transport.day_ends() == datetime(2026, 11, 3, tzinfo=UTC)


def test_a_portal_that_moves_house_is_not_waited_for_within_a_run(
    hubspot: HubSpotConnector, pool: Pool, clock: Clock
) -> None:
    pool.on(OWNERS, Said({"message": "moving"}, status=477, headers={"Retry-After": "3600"}))
    with pytest.raises(Unavailable) as caught:
        hubspot.users()
    assert caught.value.wait == 3600
    assert clock.slept == []


@pytest.mark.parametrize(("asked", "waited"), [("inf", 3600.0), ("nan", 2.0), ("-1", 2.0), ("90", 90.0)])
def test_the_wait_that_hubspot_asks_for_is_bounded(
    hubspot: HubSpotConnector, pool: Pool, asked: str, waited: float
) -> None:
    pool.on(OWNERS, Said("down", status=503, headers={"Retry-After": asked}))
    with pytest.raises(Unavailable) as caught:
        hubspot.users()
    assert caught.value.wait == waited


def test_a_list_that_begins_anew_is_broken_off(hubspot: HubSpotConnector, pool: Pool) -> None:
    pool.on(OWNERS, results({"id": "1", "email": "jo@acme.example"}, after="1"))
    with pytest.raises(Unavailable, match="read already"):
        hubspot.users()
    assert len(pool.sent) < 5


def test_an_edge_that_fails_is_tried_five_times(hubspot: HubSpotConnector, pool: Pool) -> None:
    pool.on(OWNERS, Said("<html>bad gateway</html>", status=502))
    with pytest.raises(Unavailable):
        hubspot.users()
    assert len(pool.sent) == 5


def test_a_connection_that_broke_is_opened_again(hubspot: HubSpotConnector, pool: Pool) -> None:
    pool.on(OWNERS, urllib3.exceptions.ProtocolError("reset by peer"), results())
    assert hubspot.users() == []


def test_an_untrusted_certificate_is_not_tried_again(hubspot: HubSpotConnector, pool: Pool) -> None:
    # The library turns TLS errors into an ApiException with no body, which its own error handling then trips over.
    pool.on(OWNERS, urllib3.exceptions.SSLError("self-signed certificate"))
    with pytest.raises(Fatal, match="No trusted connection"):
        hubspot.users()
    assert len(pool.sent) == 1


# -- the budget ----------------------------------------------------------------------------------------------


def worst(moments: list[datetime], seconds: float) -> int:
    """The most calls that fall into any span of so many seconds."""
    return max(
        sum(start <= moment < start + timedelta(seconds=seconds) for moment in moments) for start in moments
    )


def test_no_ten_seconds_see_more_than_190_calls(hubspot: HubSpotConnector, pool: Pool, clock: Clock) -> None:
    moments: list[datetime] = []

    def note(_sent: Sent) -> Said:
        moments.append(clock.now())
        return results()

    pool.on(OWNERS, note)
    for _ in range(250):
        hubspot.users()
    assert len(moments) == 500
    assert worst(moments, 10) == 190


def test_no_second_sees_more_than_four_searches(hubspot: HubSpotConnector, pool: Pool, clock: Clock) -> None:
    moments: list[datetime] = []

    def note(_sent: Sent) -> Said:
        moments.append(clock.now())
        return Said({"total": 0, "results": []})

    pool.on("POST /crm/v3/objects/companies/search", note)
    for _ in range(20):
        hubspot._transport.read(hubspot._transport.paths.search("companies"), body={"limit": 1}, search=True)
    assert worst(moments, 1) == 4


def test_a_search_limit_holds_searches_back_and_nothing_else(
    hubspot: HubSpotConnector, pool: Pool, clock: Clock
) -> None:
    pool.on("POST /crm/v3/objects/companies/search", refusal(429, "You have reached your secondly limit."))
    pool.on(OWNERS, results())
    with pytest.raises(Throttled):
        hubspot._transport.read(hubspot._transport.paths.search("companies"), body={"limit": 1}, search=True)
    before = clock.now()
    hubspot.users()
    assert clock.now() == before


def test_the_smaller_limit_of_a_smaller_edition_is_learnt_from_an_answer(
    hubspot: HubSpotConnector, pool: Pool, clock: Clock
) -> None:
    headers = {"X-HubSpot-RateLimit-Interval-Milliseconds": "10000", "X-HubSpot-RateLimit-Max": "100"}
    pool.on(OWNERS, Said({"results": []}, headers=headers))
    for _ in range(60):
        hubspot.users()
    assert clock.now() - START >= timedelta(seconds=10)


def test_our_share_of_the_day_stops_us_before_hubspot_does(clock: Clock) -> None:
    headers = {"X-HubSpot-RateLimit-Daily": "100", "X-HubSpot-RateLimit-Daily-Remaining": "90"}
    with stubbed(clock, quota_share=0.1) as (hubspot, pool):
        pool.on(OWNERS, Said({"results": []}, headers=headers))
        for _ in range(5):
            hubspot.users()
        with pytest.raises(QuotaSpent):
            hubspot.users()
        assert len(pool.sent) == 10
        assert hubspot.quota().limit == 100
        assert hubspot.quota().used == 10


# -- OAuth ---------------------------------------------------------------------------------------------------


def test_an_access_token_is_fetched_once_and_renewed_before_it_runs_out(clock: Clock) -> None:
    with stubbed(clock, auth=OAUTH) as (hubspot, pool):
        pool.on(TOKEN, granted("first"), granted("second"))
        pool.on(OWNERS, results())
        hubspot.users()
        clock.advance(1600)
        hubspot.users()
        clock.advance(90)
        hubspot.users()
        assert tokens_sent(pool) == ["first"] * 4 + ["second"] * 2
        assert hubspot.calls == 6
        form = pool.to(TOKEN)[0].form
    assert form == {
        "grant_type": "refresh_token",
        "client_id": "app",
        "client_secret": "hush",
        "refresh_token": "refresh-1",
    }


def test_a_new_refresh_token_is_used_from_then_on(clock: Clock) -> None:
    with stubbed(clock, auth=OAUTH) as (hubspot, pool):
        pool.on(TOKEN, granted("first", refresh="refresh-2"), granted("second"))
        pool.on(OWNERS, results())
        hubspot.users()
        clock.advance(1800)
        hubspot.users()
        assert [(sent.form or {})["refresh_token"] for sent in pool.to(TOKEN)] == ["refresh-1", "refresh-2"]


def test_many_threads_ask_for_one_token(clock: Clock) -> None:
    gate = threading.Barrier(4)

    def slow_grant(_sent: Sent) -> Said:
        return granted("first")

    with stubbed(clock, auth=OAUTH) as (hubspot, pool):
        pool.on(TOKEN, slow_grant)
        pool.on(OWNERS, results())

        def ask(_: int) -> None:
            gate.wait(timeout=10)
            hubspot.users()

        with ThreadPoolExecutor(4) as workers:
            list(workers.map(ask, range(4)))
        assert len(pool.to(TOKEN)) == 1


def test_a_token_that_expired_early_is_renewed_and_the_call_made_once_more(clock: Clock) -> None:
    expired = refusal(
        401,
        "The OAuth token used to make this call expired 75 second(s) ago.",
        category="EXPIRED_AUTHENTICATION",
    )
    with stubbed(clock, auth=OAUTH) as (hubspot, pool):
        pool.on(TOKEN, granted("first"), granted("second"))
        pool.on(OWNERS, expired, results())
        hubspot.users()
        assert tokens_sent(pool) == ["first", "second", "second"]
        # HubSpot counts the call that it refused, and no request for a token.
        assert hubspot.calls == 3


def test_a_token_is_asked_for_where_only_one_call_may_be_under_way(clock: Clock) -> None:
    with stubbed(clock, auth=OAUTH, in_flight=1) as (hubspot, pool):
        pool.on(TOKEN, granted("first"))
        pool.on(OWNERS, results())
        with ThreadPoolExecutor(1) as workers:
            workers.submit(hubspot.users).result(timeout=10)
        assert len(pool.to(TOKEN)) == 1


def test_a_token_that_is_expired_again_at_once_ends_the_run(clock: Clock) -> None:
    expired = refusal(401, "expired 75 second(s) ago", category="EXPIRED_AUTHENTICATION")
    with stubbed(clock, auth=OAUTH) as (hubspot, pool):
        pool.on(TOKEN, granted("first"), granted("second"))
        pool.on(OWNERS, expired)
        with pytest.raises(AuthFailed):
            hubspot.users()
        assert len(pool.to(OWNERS)) == 2


def test_a_token_said_to_have_expired_in_1970_is_wrong_and_not_renewed(clock: Clock) -> None:
    wrong = refusal(401, "expired 20543 day(s) ago", category="EXPIRED_AUTHENTICATION")
    with stubbed(clock, auth=OAUTH) as (hubspot, pool):
        pool.on(TOKEN, granted("first"))
        pool.on(OWNERS, wrong)
        with pytest.raises(AuthFailed, match="does not know this token"):
            hubspot.users()
        assert len(pool.to(TOKEN)) == len(pool.to(OWNERS)) == 1


def test_a_private_apps_token_cannot_be_renewed(hubspot: HubSpotConnector, pool: Pool) -> None:
    pool.on(OWNERS, refusal(401, "expired 75 second(s) ago", category="EXPIRED_AUTHENTICATION"))
    with pytest.raises(AuthFailed):
        hubspot.users()
    assert len(pool.sent) == 1


def test_a_refused_refresh_token_ends_the_run(clock: Clock) -> None:
    with stubbed(clock, auth=OAUTH) as (hubspot, pool):
        pool.on(TOKEN, Said({"status": "BAD_REFRESH_TOKEN", "message": "unknown"}, status=400))
        with pytest.raises(AuthFailed) as caught:
            hubspot.users()
        assert caught.value.code == "BAD_REFRESH_TOKEN"


def test_a_token_address_that_is_down_is_tried_again(clock: Clock) -> None:
    with stubbed(clock, auth=OAUTH) as (hubspot, pool):
        pool.on(TOKEN, Said("<html>busy</html>", status=503), granted("first"))
        pool.on(OWNERS, results())
        hubspot.users()
        assert tokens_sent(pool) == ["first", "first"]


@pytest.mark.parametrize("said", [Said({"ok": True}), Said(["x"])])
def test_a_grant_without_a_token_is_no_grant(clock: Clock, said: Said) -> None:
    with stubbed(clock, auth=OAUTH) as (hubspot, pool):
        pool.on(TOKEN, *([said] * 5))
        with pytest.raises(Unavailable, match="something that is no token"):
            hubspot.users()


def test_a_token_of_a_few_seconds_still_serves_some_calls(clock: Clock) -> None:
    with stubbed(clock, auth=OAUTH) as (hubspot, pool):
        pool.on(TOKEN, granted("short", life=60))
        pool.on(OWNERS, results())
        hubspot.users()
        assert len(pool.to(TOKEN)) == 1


# -- settings and paths --------------------------------------------------------------------------------------


def test_no_secret_is_shown() -> None:
    settings = HubSpotSettings(name="hubspot", auth=OAUTH)
    private = HubSpotSettings(name="hubspot", auth=AccessToken(access_token="pat-na1-secret"))
    shown = f"{settings!r} {settings} {private!r}"
    assert "hush" not in shown
    assert "refresh-1" not in shown
    assert "pat-na1-secret" not in shown


@pytest.mark.parametrize(
    "address", ["http://127.0.0.1:8702", "http://localhost:1", "http://[::1]:9", "https://api.hubapi.com"]
)
def test_plain_http_is_for_this_machine(address: str) -> None:
    assert HubSpotSettings(name="h", auth=AccessToken(access_token="x"), base_url=address).base_url == address


def test_every_problem_of_the_settings_is_named_at_once() -> None:
    with pytest.raises(ValueError, match="in clear") as caught:
        HubSpotSettings(
            name="h",
            auth=AccessToken(access_token="x"),
            base_url="http://api.hubapi.com/crm",
            api_version="2026-04",
            quota_share=3,
            timeout=0,
            overlap=-1,
        )
    for words in (
        "in clear",
        "holds more",
        "api_version '2026-04'",
        'write one of "2026-09", "2026-03", "v3"',
        "quota_share",
        "timeout",
        "overlap",
    ):
        assert words in str(caught.value)


@pytest.mark.parametrize("address", ["api.hubapi.com", "ftp://api.hubapi.com", "https://"])
def test_an_address_that_is_none_is_refused(address: str) -> None:
    with pytest.raises(ValueError, match="is no address"):
        HubSpotSettings(name="h", auth=AccessToken(access_token="x"), base_url=address)


def test_empty_secrets_are_refused() -> None:
    with pytest.raises(ValueError, match="access_token is empty"):
        AccessToken(access_token=" ")
    with pytest.raises(ValueError, match="client_secret, refresh_token missing"):
        RefreshToken(client_id="app", client_secret="", refresh_token="")


def test_dated_paths_are_a_matter_of_one_setting() -> None:
    numbered, dated = Paths("v3"), Paths("2026-03")
    assert Paths() == Paths("2026-09")
    assert numbered.batch("companies", "read") == "/crm/v3/objects/companies/batch/read"
    assert dated.batch("companies", "read") == "/crm/objects/2026-03/companies/batch/read"
    assert dated.search("companies") == "/crm/objects/2026-03/companies/search"
    assert dated.property("companies", "tier") == "/crm/properties/2026-03/companies/tier"
    assert dated.pipelines("deals") == "/crm/pipelines/2026-03/deals"
    assert dated.owners() == "/crm/owners/2026-03"
    assert numbered.associations("deals", "companies") == "/crm/v4/associations/deals/companies/batch/read"
    assert dated.associations("deals", "companies") == "/crm/associations/2026-03/deals/companies/batch/read"
    assert dated.account_details() == "/account-info/2026-03/details"
    assert dated.token() == "/oauth/2026-03/token"


def test_a_name_cannot_lead_to_another_address() -> None:
    assert Paths().property("companies", "a/b?c") == "/crm/properties/2026-09/companies/a%2Fb%3Fc"


def test_calls_go_where_the_setting_says(clock: Clock) -> None:
    with stubbed(clock, api_version="2026-03") as (hubspot, pool):
        pool.on(OWNERS, results())
        hubspot.users()
        assert {sent.address for sent in pool.sent} == {"/crm/owners/2026-03"}


def test_an_answer_is_read_whatever_the_case_of_its_headers(hubspot: HubSpotConnector, pool: Pool) -> None:
    pool.on(
        OWNERS,
        Said(
            {"results": []},
            headers={"x-hubspot-ratelimit-daily": "10", "X-HUBSPOT-RATELIMIT-DAILY-REMAINING": "7"},
        ),
    )
    hubspot.users()
    assert json.dumps([hubspot.quota().limit, hubspot.quota().used]) == "[10, 3]"
