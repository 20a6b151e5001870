"""F01-F09: logging in to Salesforce, being let in, and its allowance of calls."""

from __future__ import annotations

from datetime import timedelta

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from connector.clock import Pace
from tests.faults.scene import HS_TIER, TIER, FiveAccounts
from tests.sweep import sliced

DATA = r"/services/data/v\d+\.0/"
#: A refresh token of the web flow, and where it is kept.
BY_REFRESH = (
    "{method: refresh_token, client_id: env:SF_CLIENT_ID, client_secret: env:SF_CLIENT_SECRET, "
    "refresh_token: 'file:refresh.token'}"
)


def connect_by_browser(scene: FiveAccounts) -> None:
    """Tandem logs in with the refresh token of a user who connected it in a browser."""
    given = scene.people.door(
        "salesforce", "refresh_tokens", {"client_id": "emulator", "user": "tandem@example.com"}
    )
    scene.secret("refresh.token", given["done"]["refresh_token"])
    scene.log_in_by("salesforce", BY_REFRESH)


@pytest.mark.sweep
def test_f01_a_session_that_ends_in_the_middle_of_a_run_is_renewed_once(scene: FiveAccounts) -> None:
    """401 INVALID_SESSION_ID in the middle of a Run.

    Logs in once more and repeats the call once; the Run goes on as if nothing had been.
    """
    scene.sales("Acme", ABM_Tier__c="tier_1")
    scene.later()
    scene.world.salesforce.fault(fault="F01", match={"path": DATA + "queryAll"})
    ran = scene.sync()
    assert ran.code == 0, ran.text
    assert len(scene.sent("salesforce", "POST", "/oauth2/token")) == 2
    assert scene.company("Acme")[HS_TIER] == "tier_1"
    scene.settled()


def test_f01_a_session_that_is_refused_right_after_a_login_stops_the_run(scene: FiveAccounts) -> None:
    """401 again, right after a new login.

    Where the new session is refused as well, the Run stops (exit code 1) and says to look at the login history;
    the Cursors stay.
    """
    scene.sales("Acme", ABM_Tier__c="tier_1")
    scene.later()
    before = scene.cursor("salesforce")
    scene.world.salesforce.fault(fault="F01", seconds=60)
    ran = scene.sync()
    assert ran.code == 1
    assert "right after a new login" in ran.text
    assert "tandem doctor" in ran.text
    assert scene.cursor("salesforce") == before
    assert len(scene.sent("salesforce", "POST", "/oauth2/token")) == 2
    scene.settled()
    assert scene.company("Acme")[HS_TIER] == "tier_1"


@pytest.mark.sweep
def test_f02_a_dead_refresh_token_stops_the_run_and_keeps_the_cursors(scene: FiveAccounts) -> None:
    """400 invalid_grant: the refresh token is dead.

    Stops the Run at once (exit code 1) without a retry, and says to connect again; the Cursors stay, so nothing
    is lost meanwhile.
    """
    connect_by_browser(scene)
    scene.sales("Acme", ABM_Tier__c="tier_1")
    scene.later()
    before = scene.cursor("salesforce")
    scene.world.salesforce.fault(fault="F02", seconds=60)
    ran = scene.sync()
    assert ran.code == 1
    assert "expired access/refresh token" in ran.text
    assert "Connect again" in ran.text
    assert len(scene.sent("salesforce", "POST", "/oauth2/token")) == 1
    assert scene.cursor("salesforce") == before
    assert scene.last_run().outcome == "failed"
    scene.settled()
    assert scene.company("Acme")[HS_TIER] == "tier_1"


@pytest.mark.sweep
def test_f03_a_rotated_refresh_token_is_stored_before_it_is_needed(scene: FiveAccounts) -> None:
    """The token answer carries a new refresh token, and the old one dies.

    Writes the new one to its place before the access token is used: a Run that fails right afterwards leaves
    the next one able to log in.
    """
    connect_by_browser(scene)
    scene.people.door("salesforce", "settings", {"rotate_refresh_tokens": True})
    first = (scene.world.folder / "refresh.token").read_text()
    scene.sales("Acme", ABM_Tier__c="tier_1")
    scene.later()
    # Nothing that the first session sends is answered.
    scene.world.salesforce.fault(drop="before", match={"path": DATA}, seconds=100)
    assert scene.sync().code == 1
    second = (scene.world.folder / "refresh.token").read_text()
    assert second not in {first, ""}
    scene.later(300)
    scene.settled()
    assert scene.company("Acme")[HS_TIER] == "tier_1"


@pytest.mark.sweep
def test_f04_a_clock_that_is_minutes_off_is_named_as_the_reason(scene: FiveAccounts) -> None:
    """A signed login is refused because this machine's clock is 6 minutes off.

    Stops (exit code 1) and says by how many minutes, and in which direction, the clock differs from
    Salesforce's.
    """
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    public = key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    scene.secret("key.pem", private.decode())
    scene.people.door("salesforce", "keys", {"client_id": "emulator", "public_key": public.decode()})
    scene.log_in_by(
        "salesforce",
        "{method: jwt_bearer, client_id: env:SF_CLIENT_ID, username: tandem@example.com, private_key: 'file:key.pem'}",
    )
    scene.sales("Acme", ABM_Tier__c="tier_1")
    scene.later()
    clock = scene.world.clock
    right = scene.world.pace
    scene.world.pace = Pace.virtual(lambda: clock.now() - timedelta(minutes=6), clock.advance)
    ran = scene.sync()
    assert ran.code == 1
    assert "clock is 6 minutes behind Salesforce's" in ran.text
    scene.world.pace = right
    scene.settled()
    assert scene.company("Acme")[HS_TIER] == "tier_1"


@pytest.mark.sweep
def test_f05_a_day_without_calls_left_stops_for_hours_and_goes_on_from_the_cursor(
    scene: FiveAccounts,
) -> None:
    """403 REQUEST_LIMIT_EXCEEDED: the calls of the last 24 hours are used up.

    Stops at once without a retry; `tandem run` waits an hour at least before it asks again, `tandem status`
    says until when, and the next Run goes on from the Cursor.
    """
    scene.sales("Acme", ABM_Tier__c="tier_1")
    scene.later()
    before = scene.cursor("salesforce")
    calls = scene.world.salesforce.calls()["total"]
    scene.world.salesforce.fault(fault="F05", seconds=3600)
    ran = scene.sync()
    assert ran.code == 1
    assert "TotalRequests Limit exceeded" in ran.text
    assert scene.world.salesforce.calls()["total"] - calls == 2  # a login, and one call that was refused
    assert scene.cursor("salesforce") == before
    status = scene.world.run("status")
    again = scene.now + timedelta(hours=1)
    assert f"not before {again:%Y-%m-%d %H:%M} UTC" in status.text, status.text
    scene.later(4000)
    scene.settled()
    assert scene.company("Acme")[HS_TIER] == "tier_1"


@pytest.mark.sweep
@pytest.mark.parametrize("which", ["requests", "transactions"])
def test_f06_too_many_calls_at_once_are_waited_out(scene: FiveAccounts, which: str) -> None:
    """403 REQUEST_LIMIT_EXCEEDED: too many long calls at the same time.

    Backs off by seconds (all calls to the org, not this one alone) and goes on within the same Run.
    """
    scene.sales("Acme", ABM_Tier__c="tier_1")
    scene.later()
    scene.world.salesforce.fault(fault="F06", which=which, times=2, match={"path": DATA + "queryAll"})
    began = scene.now
    ran = scene.sync()
    assert ran.code == 0, ran.text
    assert 4 <= (scene.now - began).total_seconds() <= 60
    assert scene.company("Acme")[HS_TIER] == "tier_1"
    scene.settled()


@pytest.mark.sweep
def test_f07_a_run_stops_short_of_the_orgs_last_calls(scene: FiveAccounts) -> None:
    """Sforce-Limit-Info says that 98,000 of 100,000 calls are used.

    Stops before the last 5 percent, which belong to people and other programs (exit code 1), and says the
    numbers; nothing is half written.
    """
    scene.marketing("Acme", hs_ideal_customer_profile="tier_1")
    scene.later()
    scene.world.salesforce.fault(fault="F07", used=98_000, seconds=60)
    ran = scene.sync()
    assert ran.code == 1
    assert "98000 of the 100000 daily calls are used" in ran.text
    assert scene.account("Acme")[TIER] == "tier_2"
    scene.settled()
    assert scene.account("Acme")[TIER] == "tier_1"


@pytest.mark.sweep
def test_f08_an_org_that_is_unavailable_for_seconds_is_asked_again(scene: FiveAccounts) -> None:
    """503 SERVER_UNAVAILABLE.

    Asks again after a growing pause with jitter, up to five times, within the same Run.
    """
    scene.sales("Acme", ABM_Tier__c="tier_1")
    scene.later()
    scene.world.salesforce.fault(fault="F08", times=3, match={"path": DATA})
    ran = scene.sync()
    assert ran.code == 0, ran.text
    assert scene.company("Acme")[HS_TIER] == "tier_1"
    scene.settled()


@pytest.mark.parametrize("code", sliced([503, 420], always=[503]))
def test_f09_a_maintenance_page_is_not_taken_for_an_answer(scene: FiveAccounts, code: int) -> None:
    """An HTML page of maintenance with 502, 503 or 420.

    Is asked again; where the page stays, the Run ends (exit code 1) with the status and the page's first bytes,
    never the whole page.
    """
    scene.sales("Acme", ABM_Tier__c="tier_1")
    scene.later()
    scene.world.salesforce.fault(fault="F09", code=code, match={"path": DATA}, seconds=600)
    ran = scene.sync()
    assert ran.code == 1
    assert f"Salesforce answered {code}" in ran.text
    assert "trust.salesforce.com" not in ran.text
    scene.later(900)
    scene.settled()
    assert scene.company("Acme")[HS_TIER] == "tier_1"
