"""Deals, stages, owners and the portal itself."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from connector.base import Opportunity, Quota
from connector.errors import WrongIdentity
from connector.hubspot.api.bodies import Position
from connector.hubspot.api.settings import RefreshToken
from connector.hubspot.client import HubSpotConnector
from connector.hubspot.records.deal_bodies import companies_of, stages_of
from tests.connector.hubspot.stub import (
    START,
    Clock,
    Pool,
    Said,
    archived,
    company,
    properties,
    refusal,
    results,
    specification,
    stamp,
    stubbed,
)

LIST = "GET /crm/v3/objects/deals"
SEARCH = "POST /crm/v3/objects/deals/search"
READ = "POST /crm/v3/objects/deals/batch/read"
COMPANIES = "POST /crm/v4/associations/deals/companies/batch/read"
PIPELINES = "GET /crm/v3/pipelines/deals"
DETAILS = "GET /account-info/v3/details"
OWNERS = "GET /crm/v3/owners/"
APP = "POST /oauth/v2/private-apps/get/access-token-info"
USAGE = "GET /account-info/v3/api-usage/daily/private-apps"

DETAILS_SAID = Said(
    {
        "portalId": 424242,
        "accountType": "STANDARD",
        "timeZone": "America/New_York",
        "companyCurrency": "USD",
        "additionalCurrencies": [],
        "uiDomain": "app.hubspot.com",
    }
)


def deal(id: str, **more: str | None) -> dict[str, Any]:
    held: dict[str, str | None] = {
        "dealname": f"Deal {id}",
        "amount": "1500.50",
        "closedate": "2026-12-31T23:30:00Z",
        "dealstage": "closedwon",
        "pipeline": "default",
        "hs_is_closed": "true",
        "hs_is_closed_won": "true",
        "hs_deal_stage_probability": "1",
        "hubspot_owner_id": "77",
        "createdate": stamp(START - timedelta(days=9)),
        "deal_currency_code": "EUR",
    }
    return company(id, START, **{**held, **more})


def stage(id: str, label: str, order: int, probability: str, **metadata: str) -> dict[str, Any]:
    return {
        "id": id,
        "label": label,
        "displayOrder": order,
        "archived": False,
        "metadata": {"probability": probability, **metadata},
    }


PIPELINES_SAID = results(
    {
        "id": "default",
        "label": "Sales",
        "displayOrder": 0,
        "archived": False,
        "stages": [
            stage("closedwon", "Signed", 2, "1.0", isClosed="true"),
            stage("appointment", "First talk", 0, "0.2", isClosed="false"),
            stage("odd", "Closed lost", 1, "0.8", isClosed="false"),
            stage("lost", "Gone", 3, "0.0"),
        ],
    }
)


def linked(*rows: tuple[str, list[tuple[str, list[int]]]]) -> Said:
    return results(
        *(
            {
                "from": {"id": id},
                "to": [
                    {
                        "toObjectId": int(other),
                        "associationTypes": [
                            {"category": "HUBSPOT_DEFINED", "typeId": kind} for kind in kinds
                        ],
                    }
                    for other, kinds in links
                ],
            }
            for id, links in rows
        ),
        status="COMPLETE",
    )


@pytest.fixture
def portal(pool: Pool) -> Pool:
    pool.on("GET /crm/v3/properties/deals", properties(*deal("1")["properties"]))
    pool.on("GET /crm/v3/properties/companies", properties("name", "hs_is_target_account"))
    pool.on(LIST, lambda sent: results() if sent.query["archived"] == "true" else results(deal("1")))
    pool.on(COMPANIES, linked(("1", [("500", [5, 341])])))
    pool.on(PIPELINES, PIPELINES_SAID)
    pool.on(DETAILS, DETAILS_SAID)
    pool.on(APP, Said({"userId": 1, "hubId": 424242, "appId": 19_083_857, "scopes": ["oauth"]}))
    return pool


def read(hubspot: HubSpotConnector, pool: Pool, **more: str | None) -> Opportunity:
    pool.on(LIST, lambda sent: results() if sent.query["archived"] == "true" else results(deal("1", **more)))
    (page,) = hubspot.opportunities(None)
    return page.opportunities[0]


# -- deals ---------------------------------------------------------------------------------------------------


def test_a_deal_is_read_with_its_company(hubspot: HubSpotConnector, portal: Pool) -> None:
    assert read(hubspot, portal) == Opportunity(
        id="1",
        name="Deal 1",
        account_id="500",
        pipeline="default",
        stage="closedwon",
        amount="1500.50",
        currency="EUR",
        close_date=date(2026, 12, 31),
        closed=True,
        won=True,
        probability=1.0,
        owner_id="77",
        created_at=START - timedelta(days=9),
        modified_at=START,
    )
    assert portal.to(PIPELINES) == []


def test_a_closing_time_is_the_day_of_utc(hubspot: HubSpotConnector, portal: Pool) -> None:
    assert read(hubspot, portal, closedate="2026-12-31T23:59:59.999Z").close_date == date(2026, 12, 31)
    assert read(hubspot, portal, closedate="2027-01-01T00:00:00Z").close_date == date(2027, 1, 1)
    assert read(hubspot, portal, closedate=None).close_date is None


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("1500", "1500"),
        ("1500.00", "1500.00"),
        ("1.5E7", "15000000"),
        ("", None),
        (None, None),
        ("n/a", None),
    ],
)
def test_an_amount_is_plain_digits(
    hubspot: HubSpotConnector, portal: Pool, text: str | None, amount: str | None
) -> None:
    found = read(hubspot, portal, amount=text)
    assert found.amount == amount
    assert (found.currency is None) == (amount is None)


def test_a_portal_with_one_currency_names_it_itself(hubspot: HubSpotConnector, portal: Pool) -> None:
    assert read(hubspot, portal, deal_currency_code=None).currency == "USD"


def test_a_portal_without_currency_and_flags_is_read_all_the_same(
    hubspot: HubSpotConnector, portal: Pool
) -> None:
    lacking = {"deal_currency_code", "hs_is_closed", "hs_is_closed_won", "hs_deal_stage_probability"}
    names = [name for name in deal("1")["properties"] if name not in lacking]
    portal.on("GET /crm/v3/properties/deals", properties(*names))
    item = deal("1")
    item["properties"] = {name: item["properties"][name] for name in names}
    portal.on(LIST, lambda sent: results() if sent.query["archived"] == "true" else results(item))
    (page,) = hubspot.opportunities(None)
    assert page.opportunities[0].currency == "USD"
    assert page.opportunities[0].won


@pytest.mark.parametrize(
    ("stage_id", "closed", "won", "probability"),
    [
        ("closedwon", True, True, 1.0),
        ("lost", True, False, 0.0),
        ("odd", False, False, 0.8),
        ("appointment", False, False, 0.2),
        ("unknown", False, False, None),
    ],
)
def test_a_deal_without_flags_is_judged_by_its_stages_probability_and_never_by_its_label(
    hubspot: HubSpotConnector, portal: Pool, stage_id: str, closed: bool, won: bool, probability: float | None
) -> None:
    found = read(
        hubspot,
        portal,
        dealstage=stage_id,
        hs_is_closed=None,
        hs_is_closed_won=None,
        hs_deal_stage_probability=None,
    )
    assert (found.closed, found.won, found.probability) == (closed, won, probability)


def test_the_flags_of_a_lost_deal_decide(hubspot: HubSpotConnector, portal: Pool) -> None:
    found = read(hubspot, portal, hs_is_closed_won="false", hs_deal_stage_probability="0", dealstage="lost")
    assert (found.closed, found.won) == (True, False)


def test_later_reads_ask_for_changed_deals_only(hubspot: HubSpotConnector, portal: Pool) -> None:
    gone = archived("9", START - timedelta(seconds=5))
    portal.on(LIST, results(gone))
    portal.on(SEARCH, Said({"total": 1, "results": [company("1")]}))
    portal.on(READ, Said({"status": "COMPLETE", "results": [deal("1")]}))
    position = Position(until=START - timedelta(minutes=1)).text()
    (page,) = hubspot.opportunities(position)
    assert [found.id for found in page.opportunities] == ["1"]
    assert [removal.id for removal in page.removals] == ["9"]
    assert Position.of(page.position).until == START


def test_idle_deals_cost_two_calls(hubspot: HubSpotConnector, portal: Pool) -> None:
    list(hubspot.opportunities(None))
    portal.on(LIST, results())
    portal.on(SEARCH, Said({"total": 0, "results": []}))
    before = len(portal.sent)
    (page,) = hubspot.opportunities(Position(until=START).text())
    assert page.opportunities == ()
    assert len(portal.sent) - before == 2


def test_the_primary_company_is_preferred_and_its_two_rows_are_one() -> None:
    answer = linked(
        ("1", [("600", [341]), ("500", [341, 5]), ("500", [5])]),
        ("2", [("900", [341]), ("800", [341])]),
        ("3", []),
    )
    assert companies_of(answer.body) == {"1": "500", "2": "800"}


def test_companies_are_asked_for_a_hundred_deals_at_a_time(hubspot: HubSpotConnector, portal: Pool) -> None:
    portal.on(
        LIST,
        lambda sent: (
            results()
            if sent.query["archived"] == "true"
            else results(*(deal(str(number)) for number in range(1, 101)))
        ),
    )
    list(hubspot.opportunities(None))
    assert [len(sent.inputs) for sent in portal.to(COMPANIES)] == [100]


# -- stages --------------------------------------------------------------------------------------------------


def test_stages_stand_in_their_order_with_what_they_mean(hubspot: HubSpotConnector, portal: Pool) -> None:
    found = [(one.id, one.closed, one.won, one.probability) for one in hubspot.stages()]
    assert found == [
        ("appointment", False, False, 0.2),
        ("odd", False, False, 0.8),
        ("closedwon", True, True, 1.0),
        ("lost", True, False, 0.0),
    ]
    assert {one.pipeline_label for one in hubspot.stages()} == {"Sales"}


def test_an_archived_stage_is_not_active() -> None:
    said = PIPELINES_SAID.body["results"][0]
    gone = {**said, "stages": [{**said["stages"][0], "archived": True}]}
    (found,) = stages_of({"results": [gone]})
    assert not found.active


# -- owners --------------------------------------------------------------------------------------------------


def test_owners_are_known_by_their_id_and_the_deactivated_ones_too(
    hubspot: HubSpotConnector, pool: Pool
) -> None:
    person = {"firstName": "Ada", "lastName": "Byron", "email": "ada@acme.example", "type": "PERSON"}
    pool.on(
        OWNERS,
        lambda sent: (
            results({"id": "9", "userId": None, "archived": True, "email": "old@acme.example"})
            if sent.query["archived"] == "true"
            else results(
                {"id": "1", "userId": 555, "archived": False, **person},
                after=None if "after" in sent.query else "x",
            )
        ),
    )
    found = [(user.id, user.email, user.name, user.active) for user in hubspot.users()]
    assert found == [
        ("1", "ada@acme.example", "Ada Byron", True),
        ("1", "ada@acme.example", "Ada Byron", True),
        ("9", "old@acme.example", "old@acme.example", False),
    ]
    assert [sent.query.get("after") for sent in pool.sent] == [None, "x", None]


# -- the portal ----------------------------------------------------------------------------------------------


def test_the_portal_is_asked_who_it_is_once_in_a_session(hubspot: HubSpotConnector, portal: Pool) -> None:
    identity = hubspot.identity()
    assert hubspot.identity() is identity
    assert (identity.id, identity.environment, identity.currency) == ("424242", "production", "USD")
    assert identity.time_zone == "America/New_York"
    assert identity.features == frozenset()
    assert identity.acting_as == "19083857"
    assert portal.to(APP)[0].body == {"tokenKey": "pat-stub"}
    assert len(portal.sent) == 2
    assert hubspot.calls == 1


def test_a_token_that_does_not_tell_its_app_is_good_enough(hubspot: HubSpotConnector, portal: Pool) -> None:
    portal.on(APP, refusal(404, "unknown"))
    assert hubspot.identity().acting_as is None


def test_an_oauth_token_is_never_put_into_an_address() -> None:
    auth = RefreshToken(client_id="a", client_secret="b", refresh_token="c")
    with stubbed(auth=auth) as (hubspot, pool):
        pool.on("POST /oauth/v1/token", Said({"access_token": "hush", "expires_in": 1800}))
        pool.on("POST /oauth/v3/token/introspect", Said({"active": True, "app_id": 77, "scopes": ["oauth"]}))
        pool.on(DETAILS, DETAILS_SAID)
        pool.on("GET /crm/v3/properties/companies", properties("name"))
        assert hubspot.identity().acting_as == "77"
        assert not any("hush" in sent.path for sent in pool.sent)


def test_the_names_asked_for_the_identity_serve_the_first_read(
    hubspot: HubSpotConnector, portal: Pool
) -> None:
    portal.on("GET /crm/v3/objects/companies", results())
    hubspot.identity()
    list(hubspot.changes("companies", ["name"], None))
    assert len(portal.to("GET /crm/v3/properties/companies")) == 1


@pytest.mark.parametrize(
    ("kind", "environment"),
    [("SANDBOX", "sandbox"), ("DEVELOPER_TEST", "developer"), ("NEW_KIND", "new_kind"), (None, "unknown")],
)
def test_the_environment_is_what_hubspot_says(
    hubspot: HubSpotConnector, portal: Pool, kind: str | None, environment: str
) -> None:
    portal.on(DETAILS, Said({**DETAILS_SAID.body, "accountType": kind, "additionalCurrencies": ["EUR"]}))
    portal.on("GET /crm/v3/properties/companies", properties("name"))
    assert hubspot.identity().environment == environment
    assert hubspot.identity().features == {"multi_currency"}


def test_another_portal_than_the_expected_one_is_refused() -> None:
    with stubbed(judge=specification(), expect_portal_id="1") as (hubspot, pool):
        pool.on(DETAILS, DETAILS_SAID)
        with pytest.raises(WrongIdentity, match="424242") as caught:
            hubspot.identity()
        assert caught.value.system == "hubspot"


def test_the_day_ends_at_the_portals_midnight_once_it_is_known(
    hubspot: HubSpotConnector, portal: Pool
) -> None:
    hubspot.identity()
    headers = {"X-HubSpot-RateLimit-Daily": "625000", "X-HubSpot-RateLimit-Daily-Remaining": "624000"}
    portal.on(OWNERS, Said({"results": []}, headers=headers))
    hubspot.users()
    assert hubspot.quota() == Quota(limit=625_000, used=1_000, resets_at=datetime(2026, 11, 3, 5, tzinfo=UTC))


def test_the_days_use_is_asked_for_only_where_no_answer_told_it(
    hubspot: HubSpotConnector, pool: Pool
) -> None:
    usage = {
        "name": "private-apps-api-calls-daily",
        "usageLimit": 500_000,
        "currentUsage": 17,
        "collectedAt": stamp(START),
        "resetsAt": stamp(START + timedelta(hours=12)),
        "fetchStatus": "SUCCESS",
    }
    pool.on(USAGE, results(usage))
    assert hubspot.quota() == Quota(limit=500_000, used=17, resets_at=START + timedelta(hours=12))
    hubspot.quota()
    assert len(pool.sent) == 1


def test_a_token_that_may_not_ask_for_the_days_use_leaves_it_unknown(
    hubspot: HubSpotConnector, pool: Pool
) -> None:
    pool.on(USAGE, refusal(403, "no", category="MISSING_SCOPES"))
    assert hubspot.quota() == Quota(limit=None, used=None)


def test_an_oauth_app_is_told_no_daily_numbers(clock: Clock) -> None:
    auth = RefreshToken(client_id="a", client_secret="b", refresh_token="c")
    with stubbed(clock, auth=auth) as (hubspot, pool):
        assert hubspot.quota() == Quota(limit=None, used=None)
        assert pool.sent == []


def test_a_connector_says_what_it_is(hubspot: HubSpotConnector) -> None:
    assert (hubspot.name, hubspot.kind) == ("hubspot", "hubspot")
    assert hubspot.limits.write_batch == hubspot.limits.read_batch == hubspot.limits.page == 100
