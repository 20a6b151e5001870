"""doctor on what surrounds Tandem: each check with a set-up in which it is well and one in which it is not."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, get_args
from unittest import mock

import pytest

from connector.base import Identity, Quota, Surroundings, User, Version
from connector.clock import Pace
from connector.hubspot.api.paths import DEFAULT_VERSION, VERSIONS
from connector.hubspot.records.history import version_of
from emulator.hubspot.portal import Settings as PortalSettings
from emulator.hubspot.tokens import ALL_SCOPES, PRIVATE_APP, Token
from emulator.salesforce.data.rules import Rule
from mappings.fields import Direction, DirectionKind, SyncRule
from mappings.files.load import load as load_mapping
from provision.doctor.api_versions import environment_checks, login_checks, version_check
from provision.doctor.checks import Check, State
from provision.doctor.environment import allowance_checks, clock_checks
from provision.doctor.permissions import right_checks
from provision.doctor.second_writers import Writers, coexistence_checks, kept, writers
from sync.model.users import UserDirectory
from sync.settings.systems import HubSpotSystem, HubSpotVersion, SalesforceSystem
from tests.e2e.people import ADMIN, People
from tests.scene import Town, open_town
from tests.world import World, open_world

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
PAIR = {"salesforce": "salesforce", "hubspot": "hubspot"}
OAUTH = """\
    auth: {method: refresh_token, client_id: env:HS_ID, client_secret: env:HS_ID, refresh_token: env:HS_REFRESH}
"""
ORG = {"kind": "salesforce", "auth": {"method": "password", "username": "a", "password": "env:A"}}
PRIVATE = "    auth: {method: access_token, access_token: env:HUBSPOT_ACCESS_TOKEN}\n"


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """Both CRMs, provisioned, the team in both. Tests put back what they change."""
    with open_town(tmp_path_factory.mktemp("town")) as made:
        yield made


@pytest.fixture
def world(town: Town) -> Iterator[World]:
    world = town.world
    secrets, config = dict(world.secrets), world.config.read_text(encoding="utf-8")
    yield world
    world.secrets.clear()
    world.secrets.update(secrets)
    world.config.write_text(config, encoding="utf-8")
    world.org.rules.clear()


#: What the last look found: a look takes a while, and most tests ask it twice.
LAST: list[dict[str, Any]] = []


def checks(world: World, about: str, name: str) -> list[tuple[str, str]]:
    """Look, and answer with state and message of the checks of one name; whatever is not well says what to do."""
    LAST[:] = world.run("doctor", "--json").json["checks"]
    assert all(one["remedy"] for one in LAST if one["state"] != "ok"), LAST
    return told(about, name)


def told(about: str, name: str) -> list[tuple[str, str]]:
    """The same of the last look."""
    return [(one["state"], one["message"]) for one in LAST if (one["about"], one["name"]) == (about, name)]


def remedies(about: str, name: str) -> str:
    """What is to be done about the checks of one name, by the last look."""
    return " ".join(one["remedy"] for one in LAST if (one["about"], one["name"]) == (about, name))


@contextmanager
def without_right(world: World, right: str) -> Iterator[None]:
    rows = [
        (name, row)
        for name in ("PermissionSet", "Profile")
        for row in list(world.org.store.rows(name))
        if row.get(f"Permissions{right}")
    ]
    for name, row in rows:
        world.org.store.put(name, {**row, f"Permissions{right}": False})
    yield
    for name, row in rows:
        world.org.store.put(name, row)


# -- rights and scopes ---------------------------------------------------------------------------------------


def test_each_right_and_scope_is_told_by_name(world: World) -> None:
    ((state, said),) = checks(world, "salesforce", "rights")
    assert (state, said.split(", ")) == (
        "ok",
        [
            *("ApiEnabled", "ViewSetup", "CustomizeApplication", "ModifyMetadata"),
            *("ManageProfilesPermissionsets", "AssignPermissionSets"),
        ],
    )
    assert told("salesforce", "scopes") == [("ok", "api, refresh_token")]
    ((state, said),) = told("hubspot", "scopes")
    assert (state, len(said.split(", "))) == ("ok", 8)


@pytest.mark.parametrize(
    ("right", "label"),
    [
        ("ModifyMetadata", "Modify Metadata Through Metadata API Functions"),
        ("ManageProfilesPermissionsets", "Manage Profiles and Permission Sets"),
        ("AssignPermissionSets", "Assign Permission Sets"),
    ],
)
def test_a_right_that_is_missing_is_named_as_setup_calls_it(world: World, right: str, label: str) -> None:
    with without_right(world, right):
        (_, (state, said)) = checks(world, "salesforce", "rights")
        assert (state, said.startswith(f"{right} is missing")) == ("warn", True)
        assert f"Tick “{label}”" in remedies("salesforce", "rights")


def test_rights_and_scopes_of_which_nobody_tells_are_said_to_be_unknown(world: World) -> None:
    org = SalesforceSystem.model_validate(ORG)
    (check,) = right_checks("salesforce", org, Surroundings(server_time=None))
    assert (check.state, "View Setup" in check.remedy) == (State.WARN, True)
    world.hubspot.fault(status=404, body="{}", times=9, match={"path": "/oauth/.*"})
    try:
        assert checks(world, "hubspot", "scopes") == [
            ("warn", "HubSpot does not tell the scopes of this token")
        ]
        assert "crm.objects.companies.read" in remedies("hubspot", "scopes")
    finally:
        world.hubspot.app.state.faults.clear()


@pytest.mark.parametrize(
    ("withdrawn", "state", "words"),
    [
        ("Account:create", "warn", "may not create Account records"),
        ("Account:edit", "fail", "may not edit Account records"),
        ("Opportunity:read", "warn", "may not read Opportunity records"),
    ],
)
def test_a_right_on_records_that_is_missing_is_told(
    world: World, withdrawn: str, state: str, words: str
) -> None:
    whole = "Account: read, Account: create, Account: edit, Opportunity: read"
    assert checks(world, "salesforce", "records") == [("ok", whole)]
    world.org.withdraw([withdrawn])
    try:
        ((said, message),) = checks(world, "salesforce", "records")
        assert (said, words in message) == (state, True)
        assert "under Object Settings" in remedies("salesforce", "records")
    finally:
        world.org.withdraw([withdrawn], hidden=False)


def test_a_token_that_may_not_use_salesforces_api_is_told_by_its_scope(world: World) -> None:
    register = world.org.sessions.register
    register(
        client_id="emulator",
        client_secret="emulator",
        run_as="tandem@example.com",
        scope="id refresh_token",
    )
    try:
        ((state, said),) = checks(world, "salesforce", "reached")
        assert state == "fail"
        assert "the scope api is missing (held: id, refresh_token)" in said
        assert "App Manager" in remedies("salesforce", "reached")
    finally:
        register(client_id="emulator", client_secret="emulator", run_as="tandem@example.com")


def test_a_scope_that_only_provisioning_needs_is_a_warning(world: World) -> None:
    scopes = ALL_SCOPES - {"crm.schemas.companies.write", "crm.objects.companies.write"}
    world.portal.tokens.add(Token(text="pat-poor", app_id=PRIVATE_APP, scopes=scopes))
    world.secrets["HUBSPOT_ACCESS_TOKEN"] = "pat-poor"
    (_, write, schema) = checks(world, "hubspot", "scopes")
    assert write == ("fail", "crm.objects.companies.write is missing, which it takes to write companies")
    assert schema == ("warn", "crm.schemas.companies.write is missing, which it takes to make properties")
    said = remedies("hubspot", "scopes")
    assert "tandem provision export" in said
    assert "Add the scope to the service key or private app, and use the new key" in said


def test_an_oauth_apps_scopes_and_name_are_asked_with_the_token_in_the_body(world: World) -> None:
    world.config.write_text(
        world.config.read_text(encoding="utf-8").replace(PRIVATE, OAUTH), encoding="utf-8"
    )
    world.secrets |= {"HS_ID": "emulator", "HS_REFRESH": "emulator-refresh"}
    world.hubspot.app.state.calls.reset()
    ((state, _),) = checks(world, "hubspot", "scopes")
    assert state == "ok"
    assert told("hubspot", "acting as") == [("ok", "20411906")]
    assert "POST /oauth/v3/token/introspect" in world.hubspot.calls()["routes"]

    poor = ALL_SCOPES - {"crm.objects.deals.read", "crm.schemas.deals.read", "crm.schemas.deals.write"}
    world.portal.tokens.refresh["poor"] = poor
    world.secrets["HS_REFRESH"] = "poor"
    (_, missing, *_) = checks(world, "hubspot", "scopes")
    assert missing == (
        "fail",
        "crm.objects.deals.read is missing, which it takes to read deals, for outcomes",
    )
    ((state, said),) = told("hubspot", "stages")
    assert (state, "crm.schemas.deals.read" in said) == ("fail", True)
    assert "have it installed again" in remedies("hubspot", "scopes")


# -- version and edition -------------------------------------------------------------------------------------


def test_an_api_version_that_the_org_does_not_have_is_told_with_those_it_has(world: World) -> None:
    text = world.config.read_text(encoding="utf-8")
    world.config.write_text(text.replace("kind: salesforce", 'kind: salesforce\n    api_version: "99.0"'))
    assert checks(world, "salesforce", "reached") == [
        ("fail", "this org has no API version 99.0 (it has 50.0 to 66.0)")
    ]
    assert "api_version" in remedies("salesforce", "reached")


def test_an_api_version_that_will_soon_be_retired_is_told_with_the_one_to_write() -> None:
    org = SalesforceSystem.model_validate({**ORG, "api_version": "50.0"})
    there = Surroundings(server_time=None, versions=("50.0", "66.0"))
    said = version_check("salesforce", org, there, NOW)
    assert (said.state, 'api_version: "66.0"' in said.remedy) == (State.WARN, True)
    org = SalesforceSystem.model_validate({**ORG, "api_version": "62.0"})
    assert version_check("salesforce", org, there, NOW).state is State.OK
    late = version_check("salesforce", org, there, datetime(2027, 5, 1, tzinfo=UTC))
    assert late.message == "62.0, supported until 10/2027 at least; the org's newest is 66.0"
    assert late.state is State.WARN
    org = SalesforceSystem.model_validate({**ORG, "api_version": "40.0"})
    assert "retires it with Summer '28" in version_check("salesforce", org, there, NOW).message


def test_a_log_in_by_password_is_told_with_its_end_and_with_what_takes_its_place() -> None:
    (said,) = login_checks("salesforce", SalesforceSystem.model_validate(ORG))
    assert (said.state, "Summer '27" in said.message) == (State.WARN, True)
    assert "client_credentials" in said.remedy
    auth = {"method": "client_credentials", "client_id": "env:A", "client_secret": "env:A"}
    assert list(login_checks("salesforce", SalesforceSystem.model_validate({**ORG, "auth": auth}))) == []


@pytest.mark.parametrize(
    ("version", "at", "message", "remedy"),
    [
        ("2026-09", "2026-12-01", "2026-09, supported until 03/2028", None),
        ("2026-09", "2027-10-01", "2026-09, supported until 03/2028", "Upgrade Tandem"),
        ("2026-09", "2028-03-01", "2026-09 is not supported any more, since 03/2028", "Upgrade Tandem"),
        ("2026-03", "2026-12-01", "2026-03, supported until 09/2027", None),
        ("2026-03", "2027-04-01", "2026-03, supported until 09/2027", 'Write `api_version: "2026-09"`'),
        (
            "v3",
            "2026-12-01",
            "v3: HubSpot supports its v4 paths (associations) until 30 March 2027, and v1 to v3 until September 2027",
            'Write `api_version: "2026-09"`',
        ),
        ("v3", "2027-10-01", "v3 is not supported any more, since 09/2027", 'Write `api_version: "2026-09"`'),
    ],
)
def test_a_version_of_hubspots_api_is_told_with_its_end(
    version: str, at: str, message: str, remedy: str | None
) -> None:
    token = {"method": "access_token", "access_token": "env:A"}
    portal = HubSpotSystem.model_validate({"kind": "hubspot", "auth": token, "api_version": version})
    now = datetime.fromisoformat(at).replace(tzinfo=UTC)
    said = version_check("hubspot", portal, Surroundings(server_time=None), now)
    assert said.message == message
    assert said.state is (State.OK if remedy is None else State.WARN)
    assert said.remedy.startswith(remedy or "")


def test_the_versions_that_may_be_configured_are_those_that_the_connector_speaks() -> None:
    assert get_args(HubSpotVersion) == VERSIONS
    assert HubSpotSystem.model_fields["api_version"].default == DEFAULT_VERSION


def test_what_the_edition_has_and_lacks_is_told_with_what_follows(world: World) -> None:
    said = dict(message.split(": ", 1) for _, message in checks(world, "salesforce", "edition"))
    assert said["field history"].startswith("yes")
    assert (said["person accounts"], said["multi-currency"]) == ("no", "no")
    account = world.org.sobject("Account")
    for name in ("IsPersonAccount", "CurrencyIsoCode"):
        world.org.schema.put_field("Account", replace(account.fields["Name"], name=name, name_field=False))
    world.org.touch_definitions()
    try:
        said = dict(message.split(": ", 1) for _, message in checks(world, "salesforce", "edition"))
        assert said["person accounts"] == "yes; they are left out: Tandem keeps companies in step"
        assert said["multi-currency"] == "yes; amounts are kept with their currency"
    finally:
        for name in ("IsPersonAccount", "CurrencyIsoCode"):
            world.org.schema.drop_field("Account", name)
        world.org.touch_definitions()
    histories = world.org.settings.histories
    world.org.configure(histories=())
    try:
        ((_, message),) = [one for one in checks(world, "salesforce", "edition") if one[0] == "warn"]
        assert message.startswith("field history: no; Tandem cannot tell who else changed a field")
        assert "Set History Tracking" in remedies("salesforce", "edition")
    finally:
        world.org.configure(histories=histories)


def test_a_portal_without_abm_properties_is_told_what_is_done_instead(tmp_path: Path) -> None:
    with open_world(tmp_path, portal=PortalSettings(abm=False), systems=["hubspot"]) as poor:
        said = [message for _, message in checks(poor, "hubspot", "edition")]
    assert "ABM properties: no; Tandem makes properties of its own in their place" in said


def test_production_beside_a_test_environment_is_told() -> None:
    def identity(environment: str) -> Identity:
        return Identity(id="1", name="x", environment=environment, acting_as=None)

    mixed = {"salesforce": identity("sandbox"), "hubspot": identity("production")}
    (check,) = environment_checks(mixed, frozenset())
    assert "salesforce is sandbox, hubspot is production" in check.message
    assert check.state is State.WARN
    assert not list(environment_checks(mixed, frozenset({"hubspot"})))
    both = {"salesforce": identity("sandbox"), "hubspot": identity("developer")}
    assert not list(environment_checks(both, frozenset()))


def test_the_ids_are_told_against_the_configured_ones(world: World) -> None:
    ((_, said),) = checks(world, "salesforce", "identity")
    assert said.endswith("expect_org_id is not set")
    text = world.config.read_text(encoding="utf-8")
    expected = "kind: salesforce\n    expect_org_id: 00D000000000001EAA"
    world.config.write_text(text.replace("kind: salesforce", expected), encoding="utf-8")
    ((_, said),) = checks(world, "salesforce", "identity")
    assert said.endswith("as expect_org_id says")


# -- the day's calls, clocks, rules --------------------------------------------------------------------------


def test_a_day_whose_calls_are_nearly_spent_is_told(world: World) -> None:
    used = world.org.usage.as_json()["DailyApiRequests"]
    world.org.usage.set(90_000)
    try:
        ((state, said),) = checks(world, "salesforce", "quota")
    finally:
        world.org.usage.set(used["Max"] - used["Remaining"])
    assert (state, "of 100,000 calls left today" in said) == ("warn", True)
    assert checks(world, "salesforce", "quota")[0][0] == "ok"


def test_bulk_batches_that_are_nearly_spent_are_told(world: World) -> None:
    assert checks(world, "salesforce", "bulk batches") == [("ok", "15,000 of 15,000 left today")]
    told = Surroundings(server_time=None, allowances={"bulk batches": Quota(limit=15_000, used=12_000)})
    (check,) = allowance_checks("salesforce", told)
    assert (check.state, check.message) == (State.WARN, "3,000 of 15,000 left today")
    assert "Bulk Data Load Jobs" in check.remedy


@pytest.mark.parametrize(("seconds", "said"), [(120, "120 s ahead of"), (-90, "90 s behind"), (5, "agrees")])
def test_a_clock_that_is_off_is_told(seconds: int, said: str) -> None:
    (check,) = clock_checks("hubspot", Surroundings(server_time=NOW), NOW + timedelta(seconds=seconds))
    assert said in check.message
    assert (check.state is State.WARN) == (abs(seconds) > 30)


def test_a_machine_that_is_ahead_of_both_crms_is_told_of_each(world: World) -> None:
    assert [checks(world, "salesforce", "clock"), told("hubspot", "clock")] == [
        [("ok", "agrees with the System's")]
    ] * 2
    pace, clock = world.pace, world.clock
    world.pace = Pace.virtual(lambda: clock.now() + timedelta(minutes=5), clock.advance)
    try:
        ((state, said),) = checks(world, "salesforce", "clock")
        assert (state, "s ahead of the System" in said) == ("warn", True)
        assert told("hubspot", "clock")[0][0] == "warn"
        assert "NTP" in remedies("hubspot", "clock")
    finally:
        world.pace = pace


def rule(name: str, sort: Any, field: str | None = None, **more: Any) -> Rule:
    return Rule(name=name, sort=sort, field=field, pattern="x", message="no", **more)


def test_rules_that_touch_synced_fields_are_told(world: World) -> None:
    assert checks(world, "salesforce", "rules") == []
    world.org.rules.put(rule("Tier_Set", "validation", "ABM_Tier__c"))
    world.org.rules.put(rule("Other", "validation", "Description"))
    world.org.rules.put(rule("Same_Name", "duplicate", fields=("Name",)))
    assert [message for _, message in checks(world, "salesforce", "rules")] == [
        "the validation rule Tier_Set looks at ABM_Tier__c",
        "the duplicate rule Same Name is active",
    ]


def test_validation_rules_too_many_to_look_into_are_told_by_name(world: World) -> None:
    for number in range(5):
        world.org.rules.put(rule(f"Rule_{number:02d}", "validation", "Description"))
    with mock.patch("connector.salesforce.metadata.inspect._MOST_RULES", 2):
        assert checks(world, "salesforce", "rules") == [
            ("warn", "3 further validation rules were not looked into")
        ]
    (unread,) = [one for one in LAST if one["name"] == "rules"]
    assert list(unread["details"]) == ["Rule_02", "Rule_03", "Rule_04"]


def test_flows_and_triggers_on_accounts_are_told(world: World) -> None:
    assert checks(world, "salesforce", "automation") == []
    world.org.rules.put(rule("Set_Tier", "flow", "ABM_Tier__c", rewrite="trim"))
    world.org.rules.put(rule("Score", "flow", "Description", rewrite="trim"))
    world.org.rules.put(rule("AccountTrigger", "trigger", "Description", rewrite="trim"))
    assert checks(world, "salesforce", "automation") == [
        ("warn", "2 flows on accounts may set fields too: Score, Set Tier"),
        ("warn", "1 Apex trigger on accounts may set fields too: AccountTrigger"),
    ]


# -- owners --------------------------------------------------------------------------------------------------


def test_accounts_of_inactive_users_queues_and_nobody_are_counted(world: World) -> None:
    users = {row["Email"]: row["Id"] for row in world.org.store.rows("User")}
    before = [one for one in checks(world, "owners", "salesforce") if "accounts" in one[1]]
    assert before == []
    gone = [{"Name": f"Left {n}", "OwnerId": users["emil.voss@example.com"]} for n in range(3)]
    ids = world.org.load("Account", [*gone, {"Name": "Queued", "OwnerId": "00G5e000000000AEAQ"}])
    left = world.portal.add_owner(email="left@example.com", first="Le", last="Ft", archived=True)
    owned = [{"name": "C", "hubspot_owner_id": left["id"]}, {"name": "D", "hubspot_owner_id": "99"}]
    companies = world.portal.load("companies", owned)
    world.clock.advance(600)
    try:
        assert [one for one in checks(world, "owners", "salesforce") if one[1].startswith("accounts")] == [
            ("warn", "accounts owned by inactive users: 3"),
            ("warn", "accounts owned by queues: 1"),
        ]
        assert "Update Records with Inactive Owners" in remedies("owners", "salesforce")
        assert [one for one in told("owners", "hubspot") if one[1].startswith("accounts")] == [
            ("warn", "accounts owned by inactive users: 1"),
            ("warn", "accounts whose owner is no user that may own records: 1"),
        ]
    finally:
        for id in ids:
            world.org.store.remove("Account", id)
        shelf = world.portal.shelf("companies")
        for id in companies:
            record = shelf.records.find(id)
            assert record is not None
            shelf.records.archive(record, now=world.clock.now())


def test_the_owners_of_a_large_portal_are_counted_in_a_few_searches(tmp_path: Path) -> None:
    with open_world(tmp_path, systems=["hubspot"]) as large:
        for number in range(400):
            large.portal.add_owner(email=f"p{number}@example.com", first="P", last=str(number))
        left = large.portal.add_owner(email="left@example.com", first="Le", last="Ft", archived=True)
        large.portal.load("companies", [{"name": "C", "hubspot_owner_id": left["id"]}])
        large.clock.advance(600)
        found = [said for said in checks(large, "owners", "hubspot") if said[1].startswith("accounts")]
        words = "accounts of inactive users or of nobody, too many owners to tell them apart: 1"
        assert found == [("warn", words)]
        searches = [
            calls for route, calls in large.hubspot.calls()["routes"].items() if route.endswith("/search")
        ]
        assert sum(searches) <= 4


# -- second writers ------------------------------------------------------------------------------------------


def test_second_writers_are_told_by_the_fields_own_history() -> None:
    def version(by: str, source: str, *, days: int = 1, app: bool = True) -> Version:
        who = {"sourceId": by} if app else {"updatedByUserId": by}
        at = NOW - timedelta(days=days)
        return version_of({"value": "x", "timestamp": at.isoformat(), "sourceType": source, **who})

    history = {
        "1": {
            "tandem_tier": [
                version("us", "INTEGRATION"),
                version("77", "INTEGRATION"),
                version("88", "INTEGRATION", days=90),
            ],
            "hubspot_owner_id": [
                version("5", "SALESFORCE", app=False),
                version("9", "CRM_UI", app=False),
                version("3", "AUTOMATION_PLATFORM", app=False),
            ],
        }
    }
    identity = Identity(id="1", name="portal", environment="production", acting_as="us")
    ada = User(id="70001", email="ada@acme.com", name="Ada Marsh", active=True, writes_as="9")
    looked = writers("hubspot", identity, history, UserDirectory([ada]), NOW, looked=1)
    found = list(looked.checks)
    assert [check.name for check in found] == [*(["second writer"] * 3), "edits by people"]
    assert "own Salesforce connector set hubspot_owner_id" in found[0].message
    assert "Don't sync" in found[0].remedy
    assert "app 77 set tandem_tier" in found[1].message
    assert "a workflow in HubSpot set hubspot_owner_id" in found[2].message
    assert "Ada Marsh 1" in found[3].message
    assert looked.programs["app 77"] == {"tandem_tier"}


def test_a_user_that_is_none_of_salesforces_people_is_a_program() -> None:
    automated = Version(value="x", at=NOW - timedelta(days=1), by="0055e00000auto", by_app=False, source=None)
    identity = Identity(id="1", name="org", environment="production", acting_as="us")
    found = writers("salesforce", identity, {"1": {"Tier": [automated]}}, UserDirectory([]), NOW, looked=1)
    (check,) = found.checks
    assert (check.state, check.message.split(" in ")[0]) == (
        State.WARN,
        "user 0055e00000auto, who is none of the org's people set Tier",
    )


def test_another_integrations_user_is_told_in_salesforce_whether_history_is_tracked_or_not(
    town: Town,
) -> None:
    scene, world = town.scene(), town.world
    (ben,) = [row for row in world.org.store.rows("User") if row["Email"] == "ben.ortiz@example.com"]
    scene.sales(ABM_Tier__c="tier_1")
    tracked = world.org.settings.tracked
    world.org.configure(tracked=())
    world.org.touch_definitions()
    try:
        (saved,) = checks(world, "salesforce", "last saved by")
        assert saved == ("ok", "Ben Ortiz 1 in 30 days, of 1 accounts looked at")
        world.org.store.put("User", {**ben, "Name": "HubSpot Integration"})
        second = checks(world, "salesforce", "second writer")[-1]
        assert second[0] == "warn"
        assert second[1].startswith("HubSpot Integration was the last to save 1 in 30 days")
        assert "history is not tracked" in second[1]
        assert "direction: from_salesforce" in remedies("salesforce", "second writer")
        world.org.configure(tracked=("Account.ABM_Tier__c",))
        scene.sales(ABM_Tier__c="tier_3")
        said = [message for _, message in checks(world, "salesforce", "second writer")]
        assert said[0] == "HubSpot Integration set ABM_Tier__c in 30 days, of 1 accounts looked at"
    finally:
        world.org.store.put("User", ben)
        world.org.configure(tracked=tracked)


def test_people_who_edit_in_hubspot_are_told_by_name_and_not_by_the_number_of_their_user(town: Town) -> None:
    scene = town.scene()
    scene.marketing(tandem_mqa_stage="engaged")
    ((state, said),) = checks(town.world, "hubspot", "edits by people")
    assert (state, said.startswith("Chloe Park")) == ("ok", True)
    timeline = scene.run("explain", scene.link, "mqa_stage", "--live", "--json").json["timeline"]
    assert [moment["by"] for moment in timeline if moment["new"] == "engaged"] == ["Chloe Park"]


def test_hubspots_own_connector_is_told_with_the_mappings_to_switch_off(town: Town) -> None:
    scene, world = town.scene(), town.world
    assert checks(world, "hubspot", "coexistence") == []
    here = "HubSpot's own Salesforce connector is here, and "
    definition = {"name": "salesforceaccountid", "label": "Salesforce Account ID", "type": "string"}
    world.portal.define("companies", {**definition, "fieldType": "text", "groupName": "companyinformation"})
    try:
        assert checks(world, "hubspot", "coexistence") == [
            ("ok", f"{here}left these fields alone for 30 days")
        ]
        town.people.in_hubspot(scene.company, user="salesforce", tandem_mqa_stage="engaged")
        assert checks(world, "hubspot", "coexistence") == [
            ("warn", f"{here}writes fields that Tandem keeps (in hubspot: tandem_mqa_stage)")
        ]
        said = remedies("hubspot", "coexistence")
        assert "Set Don't sync for hs_is_target_account ↔ Target_Account__c" in said
        assert "tandem_mqa_stage ↔ MQA_Stage__c; leave all other mappings to it" in said
        assert "hubspot_owner_id ↔ OwnerId can only be two-way there" in said
        assert "leave all other mappings to it" in said
        (writer,) = told("hubspot", "second writer")
        assert "own Salesforce connector set tandem_mqa_stage" in writer[1]
    finally:
        world.portal.shelf("companies").definitions.archive("salesforceaccountid", now=world.clock.now())


def test_where_no_account_was_looked_at_hubspots_connector_is_met_with_a_proposal() -> None:
    beside = {"hubspot": Writers(beside_connector=True)}
    found: list[Check] = list(coexistence_checks(load_mapping(None, PAIR), beside))
    assert [(check.state, "may write the fields" in check.message) for check in found] == [(State.WARN, True)]


def test_an_owner_that_is_left_to_hubspots_connector_is_no_matter_any_more() -> None:
    mapping = load_mapping(None, PAIR)
    rule = SyncRule(direction=Direction(kind=DirectionKind.NONE))
    owner = replace(mapping.fields["owner"], rule=rule)
    left = replace(mapping, fields={**mapping.fields, "owner": owner})
    (check,) = coexistence_checks(left, {"hubspot": Writers(beside_connector=True)})
    assert "OwnerId" not in check.remedy
    assert "owner" not in kept(left, "hubspot")


def test_hubspots_connector_that_writes_to_salesforce_alone_has_not_left_the_fields_alone() -> None:
    found = {
        "salesforce": Writers(looked=50, programs={"HubSpot Integration": frozenset({"ABM_Tier__c"})}),
        "hubspot": Writers(looked=50, beside_connector=True),
    }
    (check,) = coexistence_checks(load_mapping(None, PAIR), found)
    assert check.state is State.WARN
    assert "(in salesforce as HubSpot Integration: ABM_Tier__c)" in check.message


def test_before_anything_is_linked_second_writers_are_looked_for_among_what_changed_last(
    tmp_path: Path,
) -> None:
    with open_world(tmp_path, systems=["hubspot"]) as fresh:
        assert fresh.run("provision", "apply", "--yes").code == 0
        people = People(fresh)
        try:
            company = people.new_in_hubspot(user=ADMIN, name="Acme", domain="acme.com")
            people.in_hubspot(company, user="salesforce", hs_is_target_account="true")
        finally:
            people.close()
        fresh.clock.advance(600)
        ((state, said),) = checks(fresh, "hubspot", "second writer")
        assert (state, said) == (
            "warn",
            "HubSpot's own Salesforce connector set hs_is_target_account in 30 days, of 1 accounts looked at",
        )
