"""The connector against a server that behaves as HubSpot does, over real connections."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import urllib3

from connector.base import (
    Connector,
    FieldDefinition,
    FieldKind,
    OptionDefinition,
    Page,
    RowUpdate,
    RowUpsert,
)
from connector.clock import Pace
from connector.errors import AuthFailed, QuotaSpent, Rejected, Throttled, Unavailable, Unsupported
from connector.hubspot import AccessToken, HubSpotSettings, RefreshToken, connect
from emulator.hubspot.app import build
from emulator.hubspot.portal import Portal, Settings
from emulator.kit.clock import Clock
from emulator.kit.server import serve
from emulator.kit.state import StateFile
from tests.connector.hubspot.stub import SPOKEN, Judged
from tests.hubspot_versions import dated

START = datetime(2026, 11, 2, 12, 0, tzinfo=UTC)
FIELDS = ("name", "tandem_tier", "tandem_key")

TIER = FieldDefinition(
    name="tandem_tier",
    label="Tier",
    kind=FieldKind.ENUM,
    options=tuple(
        OptionDefinition(value=f"tier_{number}", label=f"Tier {number}", order=number - 1)
        for number in (1, 2, 3)
    ),
)
KEY = FieldDefinition(name="tandem_key", label="Key", kind=FieldKind.TEXT, unique=True)
TARGET = FieldDefinition(name="tandem_target_account", label="Target account", kind=FieldKind.BOOLEAN)


@dataclass
class EmulatedPortal:
    """A portal, the connector to it, and the doors behind which a test can act."""

    portal: Portal
    clock: Clock
    base: str
    hubspot: Connector
    http: urllib3.PoolManager

    def ask(self, method: str, path: str, body: Any = None, token: str | None = None) -> Any:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        answer = self.http.request(method, self.base + path, json=body, headers=headers)
        assert answer.status < 400, answer.data
        return answer.json() if answer.data else None

    def fault(self, fault: str, *, times: int = 1, path: str | None = None, **options: Any) -> None:
        order: dict[str, Any] = {"fault": fault, "times": times, **options}
        if path is not None:
            order["match"] = {"path": dated(path, SPOKEN.get())}
        self.ask("POST", "/__emulator__/faults", order)

    def edit(self, id: str, **values: str) -> None:
        """A person's edit at the screen."""
        person = next(iter(self.portal.owners.by_id.values()))["email"]
        self.ask("PATCH", f"/__emulator__/as/{person}/crm/v3/objects/companies/{id}", {"properties": values})

    def answered(self, route: str) -> list[int]:
        """Statuses of the API calls whose path starts so in the version that is spoken, oldest first."""
        route = dated(route, SPOKEN.get())
        calls = self.ask("GET", "/__emulator__/calls")["recent"]
        return [call["status"] for call in calls if call["path"].startswith(route)]


@pytest.fixture(scope="module")
def served() -> Iterator[tuple[Portal, Clock, str]]:
    clock = Clock.virtual(START)
    app = build(StateFile(None), clock, settings=Settings(index_lag=3.0))
    with serve(app) as base:
        yield app.state.portal, clock, base


@pytest.fixture
def scene(served: tuple[Portal, Clock, str]) -> Iterator[EmulatedPortal]:
    portal, clock, base = served
    with urllib3.PoolManager() as http:
        settings = HubSpotSettings(
            name="hubspot",
            base_url=base,
            auth=AccessToken(access_token="pat-emulator"),
            api_version=SPOKEN.get(),
        )
        hubspot = connect(settings, pace=Pace.virtual(clock.now, clock.advance))
        judged = Judged(hubspot)
        made = EmulatedPortal(portal, clock, base, hubspot, http)
        made.ask("POST", "/__emulator__/reset", {"empty": True})
        made.ask("DELETE", "/__emulator__/faults")
        made.ask("POST", "/__emulator__/calls/reset")
        # Each test has a day of its own: the share of the day is counted over 24 hours.
        clock.advance(86_400)
        yield made
        hubspot.close()
        assert not judged.complaints, "\n".join(judged.complaints)


@pytest.fixture
def provisioned(scene: EmulatedPortal) -> EmulatedPortal:
    for wanted in (TIER, KEY, TARGET):
        scene.hubspot.create_field("companies", wanted)
    scene.clock.advance(600)
    return scene


def create(scene: EmulatedPortal, *keys: str, **values: str) -> list[str]:
    rows = [RowUpsert(key=key, values={"name": f"Company {key}", **values}) for key in keys]
    results = scene.hubspot.upsert("companies", "tandem_key", rows)
    assert [result.refusal for result in results] == [None] * len(rows)
    return [str(result.id) for result in results]


def since(scene: EmulatedPortal, position: str | None) -> tuple[list[Page], str]:
    pages = list(scene.hubspot.changes("companies", FIELDS, position))
    return pages, pages[-1].position


def values_of(pages: list[Page]) -> dict[str, Mapping[str, Any]]:
    return {record.id: record.values for page in pages for record in page.records}


# -- reading -------------------------------------------------------------------------------------------------


def test_an_edit_that_search_does_not_know_yet_is_read_in_time(provisioned: EmulatedPortal) -> None:
    (id,) = create(provisioned, "k1")
    provisioned.clock.advance(600)
    _, position = since(provisioned, None)
    provisioned.edit(id, tandem_tier="tier_2")
    pages, position = since(provisioned, position)
    assert values_of(pages) == {}
    provisioned.clock.advance(60)
    pages, position = since(provisioned, position)
    assert values_of(pages)[id]["tandem_tier"] == "tier_2"


def test_an_index_that_lags_two_minutes_loses_no_edit(provisioned: EmulatedPortal) -> None:
    (id,) = create(provisioned, "k1")
    provisioned.clock.advance(600)
    provisioned.fault("F83", times=1000, lag=120)
    _, position = since(provisioned, None)
    provisioned.edit(id, tandem_tier="tier_3")
    seen: list[str | None] = []
    for _ in range(4):
        provisioned.clock.advance(60)
        pages, position = since(provisioned, position)
        seen += [str(values["tandem_tier"]) for values in values_of(pages).values()]
    assert "tier_3" in seen


def test_the_first_read_pages_through_a_portal_and_sees_what_was_just_written(
    provisioned: EmulatedPortal,
) -> None:
    ids = create(provisioned, *(f"k{number}" for number in range(230)))
    pages, _ = since(provisioned, None)
    assert set(values_of(pages)) == set(ids)
    assert len(pages) == 3


def test_an_archived_company_is_told_and_a_restored_one_comes_back(provisioned: EmulatedPortal) -> None:
    (id,) = create(provisioned, "k1")
    _, position = since(provisioned, None)
    provisioned.clock.advance(30)
    provisioned.ask("DELETE", f"/crm/v3/objects/companies/{id}", token="pat-emulator")
    pages, position = since(provisioned, position)
    assert [gone.id for page in pages for gone in page.removals] == [id]
    assert provisioned.hubspot.read("companies", FIELDS, [id]) == {}
    fate = provisioned.hubspot.fate("companies", [id])
    assert fate[id].merged_into is None
    assert fate[id].at is not None
    provisioned.ask("POST", "/__emulator__/restore", {"ids": [id]})
    assert id in provisioned.hubspot.read("companies", FIELDS, [id])
    assert provisioned.hubspot.fate("companies", [id]) == {}


def test_merged_companies_are_found_by_their_old_ids(provisioned: EmulatedPortal) -> None:
    first, second = create(provisioned, "k1", "k2")
    _, position = since(provisioned, None)
    provisioned.clock.advance(60)
    merged = provisioned.ask(
        "POST",
        "/crm/v3/objects/companies/merge",
        {"primaryObjectId": first, "objectIdToMerge": second},
        token="pat-emulator",
    )
    survivor = merged["id"]
    assert survivor not in {first, second}
    assert {
        id: gone.merged_into for id, gone in provisioned.hubspot.fate("companies", [first, second]).items()
    } == {
        first: survivor,
        second: survivor,
    }
    provisioned.clock.advance(60)
    pages, _ = since(provisioned, position)
    (record,) = [record for page in pages for record in page.records if record.id == survivor]
    assert set(record.merged_ids) == {first, second}


def test_more_records_of_one_stamp_than_a_page_holds_are_all_read(provisioned: EmulatedPortal) -> None:
    provisioned.portal.load("companies", ({"name": f"Company {number}"} for number in range(1_050)))
    _, position = since(provisioned, None)
    provisioned.clock.advance(3600)
    provisioned.ask("POST", "/__emulator__/touch", {"object": "companies"})
    provisioned.clock.advance(10)
    pages, _ = since(provisioned, position)
    assert sum(len(page.records) for page in pages) == 1_050
    assert 429 not in provisioned.answered("/crm/v3/objects")


def test_a_field_that_the_portal_does_not_have_is_named(scene: EmulatedPortal) -> None:
    with pytest.raises(Unsupported, match="tandem_tier"):
        since(scene, None)


# -- writing -------------------------------------------------------------------------------------------------


def test_an_upsert_repeated_makes_no_second_company(provisioned: EmulatedPortal) -> None:
    first = create(provisioned, "k1", "k2")
    assert create(provisioned, "k2", "k1") == first[::-1]
    found = provisioned.hubspot.read_by_key("companies", FIELDS, "tandem_key", ["k1", "k2", "k3"])
    assert {key: record.id for key, record in found.items()} == {"k1": first[0], "k2": first[1]}


def test_a_create_whose_answer_was_lost_is_found_by_its_key(provisioned: EmulatedPortal) -> None:
    provisioned.fault("F68", path="/crm/v3/objects/companies/batch/upsert", work_done=True, status=504)
    with pytest.raises(Unavailable) as lost:
        create(provisioned, "k1")
    assert lost.value.maybe_done
    id = provisioned.hubspot.read_by_key("companies", FIELDS, "tandem_key", ["k1"])["k1"].id
    pages, _ = since(provisioned, None)
    assert set(values_of(pages)) == {id}


def test_what_was_written_is_what_is_read_back(provisioned: EmulatedPortal) -> None:
    (id,) = create(provisioned, "k1", tandem_tier="tier_1")
    (result,) = provisioned.hubspot.update("companies", [RowUpdate(id=id, values={"tandem_tier": "tier_2"})])
    record = provisioned.hubspot.read("companies", FIELDS, [id])[id]
    assert result.stored == {"tandem_tier": "tier_2"}
    assert record.values["tandem_tier"] == "tier_2"
    assert result.not_before is not None
    assert record.modified_at >= result.not_before


def test_a_blank_clears_a_value(provisioned: EmulatedPortal) -> None:
    (id,) = create(provisioned, "k1", tandem_tier="tier_1")
    provisioned.hubspot.update("companies", [RowUpdate(id=id, values={"tandem_tier": ""})])
    assert provisioned.hubspot.read("companies", FIELDS, [id])[id].values["tandem_tier"] in {None, ""}


def test_a_bad_option_is_held_and_the_other_rows_are_written(provisioned: EmulatedPortal) -> None:
    ids = create(provisioned, *(f"k{number}" for number in range(100)))
    rows = [RowUpdate(id=id, values={"tandem_tier": "tier_1"}) for id in ids]
    rows[13] = RowUpdate(id=ids[13], values={"tandem_tier": "gold"})
    results = provisioned.hubspot.update("companies", rows)
    assert [place for place, result in enumerate(results) if result.refusal] == [13]
    refused = results[13].refusal
    assert refused is not None
    assert (refused.code, refused.fields) == ("INVALID_OPTION", ("tandem_tier",))
    found = provisioned.hubspot.read("companies", FIELDS, ids)
    assert sum(record.values["tandem_tier"] == "tier_1" for record in found.values()) == 99


def test_a_deleted_row_is_gone_and_the_others_are_written(provisioned: EmulatedPortal) -> None:
    first, second = create(provisioned, "k1", "k2")
    provisioned.ask("DELETE", f"/crm/v3/objects/companies/{first}", token="pat-emulator")
    rows = [RowUpdate(id=id, values={"tandem_tier": "tier_1"}) for id in (first, second)]
    gone, written = provisioned.hubspot.update("companies", rows)
    assert gone.refusal is not None
    assert gone.refusal.gone
    assert written.refusal is None


def test_a_unique_value_names_its_holder(provisioned: EmulatedPortal) -> None:
    first, second = create(provisioned, "k1", "k2")
    (result,) = provisioned.hubspot.update("companies", [RowUpdate(id=second, values={"tandem_key": "k1"})])
    assert result.refusal is not None
    assert (result.refusal.holder, result.refusal.fields) == (first, ("tandem_key",))


def test_a_success_that_changed_nothing_is_noticed(provisioned: EmulatedPortal) -> None:
    (id,) = create(provisioned, "k1")
    provisioned.fault("F78")
    (result,) = provisioned.hubspot.update("companies", [RowUpdate(id=id, values={"tandem_tier": "tier_1"})])
    assert result.refusal is not None
    assert result.refusal.code == "NOT_WRITTEN"
    assert not result.refusal.gone


def test_rows_that_a_batch_refuses_keep_their_own_reasons(provisioned: EmulatedPortal) -> None:
    ids = create(provisioned, "k1", "k2", "k3")
    provisioned.fault("F75", rows=[ids[1]], message="not today")
    rows = [RowUpdate(id=id, values={"tandem_tier": "tier_1"}) for id in ids]
    results = provisioned.hubspot.update("companies", rows)
    assert [result.refusal is None for result in results] == [True, False, True]
    assert results[1].refusal is not None
    assert "not today" in results[1].refusal.message


def test_a_property_created_a_moment_ago_can_be_written(scene: EmulatedPortal) -> None:
    for wanted in (KEY, TIER):
        scene.hubspot.create_field("companies", wanted)
    scene.fault("F70", times=4, age=3)
    (id,) = create(scene, "k1", tandem_tier="tier_1")
    assert scene.hubspot.read("companies", FIELDS, [id])[id].values["tandem_tier"] == "tier_1"


# -- limits and tokens ---------------------------------------------------------------------------------------


def test_a_portal_is_read_and_written_at_full_speed_without_one_429(provisioned: EmulatedPortal) -> None:
    # The edition allows less than the settings assume; the first answer tells.
    provisioned.ask("POST", "/__emulator__/portal", {"limits": {"rolling": 50}})
    ids = provisioned.portal.load("companies", ({"name": f"Company {number}"} for number in range(3_000)))
    pages = list(provisioned.hubspot.changes("companies", ["name"], None))
    assert sum(len(page.records) for page in pages) >= len(ids)
    provisioned.clock.advance(0.5)
    for start in range(0, 3_000, 100):
        rows = [RowUpdate(id=id, values={"tandem_tier": "tier_1"}) for id in ids[start : start + 100]]
        assert all(result.refusal is None for result in provisioned.hubspot.update("companies", rows))
    assert 429 not in provisioned.answered("/crm")
    provisioned.ask("POST", "/__emulator__/portal", {"limits": {"rolling": 190}})


@pytest.mark.parametrize("fault", ["F63", "F66"])
def test_a_passing_refusal_is_waited_for(provisioned: EmulatedPortal, fault: str) -> None:
    before = provisioned.clock.now()
    provisioned.fault(fault, path="/crm/v3/owners")
    assert provisioned.hubspot.users()
    assert provisioned.clock.now() - before >= timedelta(seconds=10 if fault == "F63" else 2)


def test_a_search_limit_is_waited_for(provisioned: EmulatedPortal) -> None:
    _, position = since(provisioned, None)
    provisioned.fault("F65", path="/crm/v3/objects/companies/search")
    pages, _ = since(provisioned, position)
    assert len(pages) == 1


def test_a_spent_day_says_when_the_portal_wakes(provisioned: EmulatedPortal) -> None:
    provisioned.hubspot.identity()
    provisioned.fault("F64")
    with pytest.raises(QuotaSpent) as caught:
        provisioned.hubspot.users()
    assert caught.value.resets_at is not None
    assert caught.value.resets_at.hour == 5


def test_a_limit_that_never_ends_is_raised_after_some_tries(provisioned: EmulatedPortal) -> None:
    provisioned.fault("F63", times=100)
    with pytest.raises(Throttled):
        provisioned.hubspot.users()


@pytest.mark.parametrize("fault", ["F60", "F61", "F62"])
def test_a_wrong_token_stops_everything_at_once(provisioned: EmulatedPortal, fault: str) -> None:
    provisioned.fault(fault, times=10)
    before = provisioned.hubspot.calls
    with pytest.raises(AuthFailed):
        provisioned.hubspot.users()
    assert provisioned.hubspot.calls == before + 1


def test_the_portal_says_who_it_is(scene: EmulatedPortal) -> None:
    identity = scene.hubspot.identity()
    assert identity.id == str(scene.portal.settings.portal_id)
    assert identity.environment == "production"
    assert identity.acting_as == "19083857"
    quota = scene.hubspot.quota()
    assert quota.limit == 625_000
    assert quota.used == 1


# -- definitions ---------------------------------------------------------------------------------------------


def test_a_definition_reads_back_as_it_was_wanted(provisioned: EmulatedPortal) -> None:
    schema = provisioned.hubspot.schema("companies")
    tier = schema.fields["tandem_tier"]
    assert (tier.kind, tier.label, tier.group) == (FieldKind.ENUM, "Tier", "tandem")
    assert [(option.value, option.label) for option in tier.options] == [
        ("tier_1", "Tier 1"),
        ("tier_2", "Tier 2"),
        ("tier_3", "Tier 3"),
    ]
    assert schema.fields["tandem_key"].unique
    assert schema.fields["tandem_target_account"].kind is FieldKind.BOOLEAN
    assert tier.custom
    assert tier.writable
    assert not schema.fields["hs_lastmodifieddate"].writable
    assert schema.fields["hs_is_target_account"].kind is FieldKind.BOOLEAN
    assert schema.fields["hubspot_owner_id"].external_options


def test_creating_the_same_property_again_changes_nothing(provisioned: EmulatedPortal) -> None:
    before = provisioned.hubspot.schema("companies").fields["tandem_tier"]
    provisioned.hubspot.create_field("companies", TIER)
    assert provisioned.hubspot.schema("companies").fields["tandem_tier"] == before


def test_a_name_that_is_taken_by_another_type_is_refused(provisioned: EmulatedPortal) -> None:
    wanted = FieldDefinition(name="tandem_tier", label="Tier", kind=FieldKind.NUMBER)
    with pytest.raises(Rejected, match="enumeration/select and not number/number"):
        provisioned.hubspot.create_field("companies", wanted)


def test_an_archived_property_comes_back_with_its_values_in_our_form(provisioned: EmulatedPortal) -> None:
    (id,) = create(provisioned, "k1", tandem_tier="tier_2")
    provisioned.ask("DELETE", "/crm/v3/properties/companies/tandem_tier", token="pat-emulator")
    assert "tandem_tier" in provisioned.hubspot.schema("companies").archived
    provisioned.hubspot.create_field("companies", TIER)
    assert provisioned.hubspot.read("companies", FIELDS, [id])[id].values["tandem_tier"] == "tier_2"
    assert "tandem_tier" not in provisioned.hubspot.schema("companies").archived


def test_an_option_that_a_person_added_survives_ours(provisioned: EmulatedPortal) -> None:
    person = [
        {"label": option.label, "value": option.value, "displayOrder": option.order, "hidden": False}
        for option in TIER.options
    ]
    person.append({"label": "Strategic", "value": "strategic", "displayOrder": 0, "hidden": False})
    path = "/crm/v3/properties/companies/tandem_tier"
    provisioned.ask("PATCH", path, {"options": person}, token="pat-emulator")
    wanted = FieldDefinition(
        name="tandem_tier",
        label="ABM tier",
        kind=FieldKind.ENUM,
        options=(*TIER.options, OptionDefinition(value="tier_4", label="Tier 4", order=3)),
    )
    provisioned.hubspot.update_field("companies", wanted)
    tier = provisioned.hubspot.schema("companies").fields["tandem_tier"]
    assert [option.value for option in tier.options] == ["tier_1", "tier_2", "tier_3", "tier_4", "strategic"]
    assert tier.label == "ABM tier"


def test_an_old_copy_of_a_definition_is_known_to_be_unsettled(provisioned: EmulatedPortal) -> None:
    provisioned.fault("F98", times=100, age=300)
    provisioned.hubspot.create_field(
        "companies", FieldDefinition(name="tandem_engagement_score", label="Score", kind=FieldKind.NUMBER)
    )
    schema = provisioned.hubspot.schema("companies")
    assert schema.unsettled


# -- deals ---------------------------------------------------------------------------------------------------


def test_a_won_deal_is_read_with_its_primary_company(provisioned: EmulatedPortal) -> None:
    first, second = create(provisioned, "k1", "k2")
    deal = provisioned.ask(
        "POST",
        "/crm/v3/objects/deals",
        {
            "properties": {
                "dealname": "Big",
                "amount": "1000",
                "dealstage": "closedwon",
                "pipeline": "default",
            }
        },
        token="pat-emulator",
    )
    provisioned.portal.associate("deals", deal["id"], "companies", second, [341])
    provisioned.portal.associate("deals", deal["id"], "companies", first, [5, 341])
    (page,) = provisioned.hubspot.opportunities(None)
    (found,) = page.opportunities
    assert (found.account_id, found.won, found.closed, found.amount) == (first, True, True, "1000")
    assert found.currency == "USD"
    stage = next(one for one in provisioned.hubspot.stages() if one.id == "closedwon")
    assert (stage.won, stage.probability) == (True, 1.0)


def test_owners_who_left_are_still_known(provisioned: EmulatedPortal) -> None:
    owner = provisioned.ask(
        "POST", "/__emulator__/owners", {"email": "left@acme.example", "first": "Lee", "archived": True}
    )
    users = {user.email: user for user in provisioned.hubspot.users()}
    assert users["left@acme.example"].id == owner["id"]
    assert not users["left@acme.example"].active
    assert users["admin@example.com"].active


def test_an_oauth_app_keeps_to_its_smaller_limit_and_outlives_its_tokens(scene: EmulatedPortal) -> None:
    auth = RefreshToken(client_id="emulator", client_secret="emulator", refresh_token="emulator-refresh")
    settings = HubSpotSettings(name="hubspot", base_url=scene.base, auth=auth, api_version=SPOKEN.get())
    oauth = connect(settings, pace=Pace.virtual(scene.clock.now, scene.clock.advance))
    try:
        for _ in range(70):
            assert oauth.users()
        scene.clock.advance(3600)
        assert oauth.users()
        scene.fault("F60", path="/crm/v3/owners")
        assert oauth.users()
        statuses = scene.answered("/crm/v3/owners")
        assert len(statuses) == 145
        assert statuses.count(401) == 1
        assert 429 not in statuses
        assert len(scene.answered("/oauth/v1/token")) == 3
    finally:
        oauth.close()
