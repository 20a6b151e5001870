"""What a restart, a reset and a crowd do to the portal."""

import time
from datetime import UTC, datetime
from pathlib import Path

from emulator.hubspot.app import build
from emulator.hubspot.data.records import Source
from emulator.hubspot.data.writes import checked, create, update
from emulator.hubspot.portal import Portal, Settings
from emulator.kit.clock import Clock
from emulator.kit.server import serve
from emulator.kit.state import StateFile
from tests.emulator.hubspot.conftest import people
from tests.emulator.hubspot.judged import Judged

NOON = datetime(2026, 10, 5, 12, tzinfo=UTC)
COMPANIES = "/crm/v3/objects/companies"


def test_everything_answered_survives_a_restart(tmp_path: Path) -> None:
    path = tmp_path / "portal.db"
    with serve(build(StateFile(path), Clock.virtual(NOON), people)) as base:
        first = Judged(base, None)
        first.property(name="sf_account_id", hasUniqueValue=True)
        company = first.company(sf_account_id="001A", city="Paris")
        first("PATCH", f"{COMPANIES}/{company}", {"properties": {"city": "Lyon"}})
        other, gone = first.company(), first.company()
        first("DELETE", f"{COMPANIES}/{gone}")
        deal = first.deal(dealstage="closedwon")
        first("PUT", f"/crm/v4/objects/deals/{deal}/associations/default/companies/{company}")
        first("PATCH", "/crm/v3/pipelines/deals/default/stages/closedwon", {"label": "Won"})
        first("POST", "/__emulator__/tokens", {"token": "pat-mine"})
        seen = [first("GET", f"{COMPANIES}/{company}?propertiesWithHistory=city").json()]
        seen.append(first("GET", f"{COMPANIES}?archived=true").json())
        seen.append(first("GET", "/crm/v3/owners/").json())
        seen.append(first("GET", "/crm/v3/properties/companies").json())
        first.close()
    with serve(build(StateFile(path), Clock.virtual(NOON), people)) as base:
        again = Judged(base, None, token="pat-mine")
        assert [
            again("GET", f"{COMPANIES}/{company}?propertiesWithHistory=city").json(),
            again("GET", f"{COMPANIES}?archived=true").json(),
            again("GET", "/crm/v3/owners/").json(),
            again("GET", "/crm/v3/properties/companies").json(),
        ] == seen
        assert again("GET", f"{COMPANIES}/001A?idProperty=sf_account_id").json()["id"] == company
        assert again("GET", f"/crm/v3/objects/deals/{deal}?associations=companies").json()["associations"]
        assert again("GET", "/crm/v3/pipelines/deals/default/stages/closedwon").json()["label"] == "Won"
        assert again.found() == [company, other]
        assert int(again.company()) > int(gone)
        again.close()


def test_a_reset_returns_to_the_seed_and_empty_leaves_a_fresh_portal(hubspot: Judged) -> None:
    company = hubspot.company()
    hubspot.property(name="note")
    hubspot("POST", "/__emulator__/portal", {"index_lag": 60})
    hubspot("POST", "/__emulator__/reset")
    assert hubspot("GET", f"{COMPANIES}/{company}").status_code == 404
    assert hubspot("GET", "/crm/v3/properties/companies/note").status_code == 404
    assert len(hubspot("GET", "/crm/v3/owners/").json()["results"]) == 2
    assert hubspot("GET", "/__emulator__/portal").json()["index_lag"] == 3.0
    hubspot("POST", "/__emulator__/reset", {"empty": True})
    assert [one["email"] for one in hubspot("GET", "/crm/v3/owners/").json()["results"]] == [
        "admin@example.com"
    ]
    assert hubspot("GET", "/crm/v3/properties/companies/domain").status_code == 200
    hubspot("POST", "/__emulator__/reset")
    assert len(hubspot("GET", "/crm/v3/owners/").json()["results"]) == 2


def test_seeding_is_a_matter_of_seconds(portal: Portal) -> None:
    start = time.process_time()
    portal.load(
        "companies", ({"name": f"C{n}", "domain": f"c{n}.example", "city": "Rome"} for n in range(20_000))
    )
    assert time.process_time() - start < 5  # 100,000 take about four seconds


def test_a_seeded_deal_knows_what_follows_from_its_stage(hubspot: Judged, portal: Portal) -> None:
    row = {"dealname": "Won", "dealstage": "closedwon", "closedate": "2026-01-31T00:00:00Z", "amount": "5"}
    (deal,) = portal.load("deals", [row | {"createdate": "2025-12-01T00:00:00Z"}])
    names = (
        "pipeline",
        "hs_is_closed_won",
        "closedate",
        "hs_v2_date_entered_closedwon",
        "amount_in_home_currency",
    )
    assert hubspot.values("deals", deal, *names) == {
        "pipeline": "default",
        "hs_is_closed_won": "true",
        "closedate": "2026-01-31T00:00:00Z",
        "hs_v2_date_entered_closedwon": "2025-12-01T00:00:00Z",
        "amount_in_home_currency": "5",
    }


def test_the_portal_can_be_written_from_inside(portal: Portal) -> None:
    shelf = portal.shelf("companies")
    person: Source = portal.person("rep@example.com")
    made = create(portal, shelf, checked(portal, shelf, {"name": "Acme"}, before={}), by=person)
    update(portal, shelf, made, checked(portal, shelf, {"city": "Rome"}, before=made.values), by=person)
    assert made.values["city"] == "Rome"
    assert made.versions("city")[0].source.user_id == 9002
    portal.define(
        "companies",
        {
            "name": "key",
            "label": "K",
            "type": "string",
            "fieldType": "text",
            "groupName": "new_group",
            "hasUniqueValue": True,
        },
    )
    assert "key" in shelf.definitions.unique_names()


def test_settings_of_an_account(tmp_path: Path) -> None:
    app = build(
        StateFile(tmp_path / "p.db"),
        Clock.virtual(NOON),
        settings=Settings(portal_id=7, account_type="SANDBOX"),
    )
    with serve(app) as base:
        client = Judged(base, None)
        details = client("GET", "/account-info/v3/details").json()
        assert (details["portalId"], details["accountType"]) == (7, "SANDBOX")
        client.close()
