"""F60-F67: being let in by HubSpot, its allowance of calls, and its bad days."""

from __future__ import annotations

import pytest

from tests.faults.scene import HS_TIER, TIER, FiveAccounts

CRM = {"path": r"/crm/"}
UPDATES = {"method": "POST", "path": r"/crm/.*/batch/update"}


@pytest.mark.sweep
def test_f60_a_token_that_ran_out_is_renewed_and_the_call_repeated(scene: FiveAccounts) -> None:
    """401 EXPIRED_AUTHENTICATION, "expired 75 second(s) ago".

    Asks for a new token with the refresh token and repeats the call; by the clock a token is renewed before it
    runs out.
    """
    scene.secret("hubspot.token", "emulator-refresh")
    scene.log_in_by(
        "hubspot",
        "{method: refresh_token, client_id: env:SF_CLIENT_ID, client_secret: env:SF_CLIENT_SECRET, "
        "refresh_token: 'file:hubspot.token'}",
    )
    scene.marketing("Acme", hs_ideal_customer_profile="tier_1")
    scene.later()
    scene.world.hubspot.fault(fault="F60", match=CRM)
    ran = scene.sync()
    assert ran.code == 0, ran.text
    assert len(scene.sent("hubspot", "POST", "/oauth/")) >= 2
    assert scene.account("Acme")[TIER] == "tier_1"
    scene.settled()


@pytest.mark.sweep
@pytest.mark.parametrize(
    ("fault", "words"),
    [("F60", "Connect the app to the portal again"), ("F61", "Copy the key again")],
)
def test_f61_a_wrong_token_is_told_from_one_that_ran_out(scene: FiveAccounts, fault: str, words: str) -> None:
    """401 "expired 20543 day(s) ago": the token is no token.

    Stops at once (exit code 1) and says to copy the token again, not to wait or refresh.
    """
    scene.sales("Acme", ABM_Tier__c="tier_1")
    scene.later()
    before = scene.cursor("hubspot")
    scene.world.hubspot.fault(fault=fault, seconds=60)
    ran = scene.sync()
    assert ran.code == 1
    assert words in ran.text
    assert scene.cursor("hubspot") == before
    scene.settled()
    assert scene.company("Acme")[HS_TIER] == "tier_1"


@pytest.mark.sweep
@pytest.mark.parametrize("named", [True, False])
def test_f62_a_missing_scope_is_named_and_the_other_crm_is_still_written(
    scene: FiveAccounts, named: bool
) -> None:
    """403 MISSING_SCOPES, with or without their names.

    Ends the writing to HubSpot (exit code 1) and names the scopes where HubSpot does; Salesforce is written all
    the same, and the rest follows once the scope is there.
    """
    scene.sales("Acme", ABM_Tier__c="tier_1")
    scene.marketing("Blume", hs_ideal_customer_profile="tier_3")
    scene.later()
    scene.world.hubspot.fault(fault="F62", named=named, seconds=60, match=UPDATES)
    ran = scene.sync()
    assert ran.code == 1
    assert ("crm.objects.companies.write" in ran.text) is named
    assert "lacks a right" in ran.text
    assert scene.account("Blume")[TIER] == "tier_3"
    scene.settled()
    assert scene.company("Acme")[HS_TIER] == "tier_1"


def test_f63_the_ten_second_window_is_waited_out(scene: FiveAccounts) -> None:
    """429 TEN_SECONDLY_ROLLING, without Retry-After.

    All calls to the portal wait ten seconds, then the call is repeated within the same Run.
    """
    scene.sales("Acme", ABM_Tier__c="tier_1")
    scene.later()
    scene.world.hubspot.fault(fault="F63", match=CRM)
    began = scene.now
    ran = scene.sync()
    assert ran.code == 0, ran.text
    assert 10 <= (scene.now - began).total_seconds() <= 30
    assert scene.company("Acme")[HS_TIER] == "tier_1"
    scene.settled()


@pytest.mark.sweep
def test_f64_a_day_that_is_used_up_stops_until_the_portals_midnight(scene: FiveAccounts) -> None:
    """429 DAILY at noon: another app used the day up.

    Stops at once without a retry; `tandem run` and `tandem status` name the portal's own midnight, and the next
    Run goes on from the Cursor.
    """
    scene.sales("Acme", ABM_Tier__c="tier_1")
    scene.later()
    before = scene.cursor("hubspot")
    calls = scene.world.hubspot.calls()["api"]
    scene.world.hubspot.fault(fault="F64", seconds=3600, match=CRM)
    ran = scene.sync()
    assert ran.code == 1
    assert scene.world.hubspot.calls()["api"] - calls <= 3
    assert scene.cursor("hubspot") == before
    # Midnight of US/Eastern.
    assert "not before 2026-03-03 05:00 UTC" in scene.world.run("status").text
    scene.later(24 * 3600)
    scene.settled()
    assert scene.company("Acme")[HS_TIER] == "tier_1"


@pytest.mark.sweep
def test_f65_searches_are_slowed_down_by_themselves(scene: FiveAccounts) -> None:
    """429 "You have reached your secondly limit." of search, without rate headers.

    Searches have a window of their own (four a second); where HubSpot still refuses, they wait a second and go
    on.
    """
    scene.marketing("Acme", hs_ideal_customer_profile="tier_1")
    scene.later()
    scene.world.hubspot.fault(fault="F65", times=2)
    began = scene.now
    ran = scene.sync()
    assert ran.code == 0, ran.text
    assert 1 <= (scene.now - began).total_seconds() <= 10
    assert scene.account("Acme")[TIER] == "tier_1"
    scene.settled()


@pytest.mark.sweep
def test_f66_a_lock_by_heavy_writes_is_waited_out(scene: FiveAccounts) -> None:
    """423: locked by heavy writes.

    Waits two seconds at least and repeats the call within the same Run.
    """
    scene.sales("Acme", ABM_Tier__c="tier_1")
    scene.later()
    scene.world.hubspot.fault(fault="F66", match=UPDATES)
    began = scene.now
    ran = scene.sync()
    assert ran.code == 0, ran.text
    assert 2 <= (scene.now - began).total_seconds() <= 10
    assert scene.company("Acme")[HS_TIER] == "tier_1"
    scene.settled()


@pytest.mark.sweep
def test_f67_a_portal_that_moves_is_left_alone_as_long_as_it_asks(scene: FiveAccounts) -> None:
    """477 with Retry-After: 3600: the account moves between data centres.

    Ends the Run (exit code 1) without asking again; `tandem run` waits as long as HubSpot asked, and `tandem
    status` says until when.
    """
    scene.sales("Acme", ABM_Tier__c="tier_1")
    scene.later()
    calls = scene.world.hubspot.calls()["api"]
    scene.world.hubspot.fault(fault="F67", seconds=3000, match=CRM)
    ran = scene.sync()
    assert ran.code == 1
    assert scene.world.hubspot.calls()["api"] - calls <= 3
    assert "moved between data centres" in ran.text
    assert "not before 2026-03-02 10:22 UTC" in scene.world.run("status").text
    scene.later(3600)
    scene.settled()
    assert scene.company("Acme")[HS_TIER] == "tier_1"
