"""doctor on good set-ups and bad ones: every finding has a remedy, and none hides another System's."""

import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest

from connector.base import Connector, Quota, User, ValueCounts
from emulator.hubspot.portal import Settings
from emulator.hubspot.tokens import ALL_SCOPES, PRIVATE_APP, Token
from emulator.salesforce.seed import Seed
from mappings.files.load import load as load_mapping
from provision.doctor.checks import Check, State
from provision.doctor.examine import quota_check
from provision.doctor.owners import owned_checks, owner_checks
from tests.world import World, open_world


@pytest.fixture(scope="module")
def settled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Both CRMs, provisioned, with the same people. Tests put back what they change."""
    with open_world(tmp_path_factory.mktemp("settled")) as world:
        for row in world.org.store.rows("User"):
            if row["IsActive"]:
                world.portal.add_owner(email=row["Email"].upper(), first="A", last="Person")
        assert world.run("provision", "apply", "--yes").code == 0
        yield world


@pytest.fixture
def well(settled: World) -> Iterator[World]:
    secrets = dict(settled.secrets)
    yield settled
    settled.secrets.clear()
    settled.secrets.update(secrets)
    settled.salesforce.app.state.faults.clear()
    settled.hubspot.app.state.faults.clear()
    settled.org.withdraw(list(settled.org.access.withdrawn), hidden=False)
    settled.configure()


def checks(world: World, *, about: str | None = None, state: str | None = None) -> list[dict[str, Any]]:
    found = world.run("doctor", "--json").json["checks"]
    return [c for c in found if about in {None, c["about"]} and state in {None, c["state"]}]


def failed(world: World) -> dict[str, dict[str, Any]]:
    """What is to be mended, by System; each has a message and a remedy."""
    found = checks(world, state="fail")
    assert all(check["message"] and check["remedy"] for check in found), found
    return {check["about"]: check for check in found}


def test_a_set_up_in_order_is_well(well: World) -> None:
    ran = well.run("doctor", "-v")
    assert ran.code == 0, ran.text
    assert "✗" not in ran.out
    for told in (
        "Tandem Rehearsal (00D000000000001EAA)",
        "emulator, on this machine",
        "acting as Tandem Integration",
        "62.0, supported until 10/2027 at least; the org's newest is 66.0",
        "of 100,000 calls left today; Tandem's share is 25,000",
        "6 present, visible, writable and of the right type; Tandem_Id__c is unique",
        "10 opportunity stages, 1 of them won",
        "HubSpot portal 24680135",
        "US/Eastern, USD",
        "the CRM's own hs_is_target_account is used",
        "users: 6, active: 5",
        "readable by its owner alone",
        "no contradictions",
    ):
        assert told in ran.text


def stored(ledger: Path) -> list[str]:
    """All that stands in the ledger, but for how many calls were made."""
    with closing(sqlite3.connect(ledger)) as opened:
        counted = ('INSERT INTO "calls"', 'INSERT INTO "allowances"')
        return [line for line in opened.iterdump() if not line.startswith(counted)]


def test_the_doctor_writes_nothing(well: World) -> None:
    ledger = well.folder / "tandem.db"
    before = stored(ledger)
    for server in (well.salesforce, well.hubspot):
        server.app.state.calls.reset()
    well.run("doctor")
    assert stored(ledger) == before
    for server in (well.salesforce, well.hubspot):
        written = [call for call in server.calls()["routes"] if call.startswith(("POST", "PATCH", "DELETE"))]
        reads = ("/token", "/composite", "/access-token-info", "/search")
        assert all(call.endswith(reads) for call in written), written


def test_before_provisioning_the_missing_fields_are_named_with_the_command(world: World) -> None:
    ran = world.run("doctor", "-v")
    assert ran.code == 1
    assert "missing: Tandem_Id__c, Target_Account__c, ABM_Tier__c" in ran.text
    assert "missing: tandem_id, tandem_engagement_score, tandem_mqa_stage" in ran.text
    assert "tandem provision apply" in ran.text
    assert "is not there yet; the first command that needs it makes it" in ran.text
    assert not (world.folder / "tandem.db").exists()


# -- one System fails, the other is told all the same --------------------------------------------------------------


def _others_are_well(world: World, broken: str) -> None:
    (other,) = {"salesforce", "hubspot"} - {broken}
    assert {check["name"] for check in checks(world, about=other, state="ok")} >= {
        "reached",
        "identity",
        "quota",
        "fields",
        "stages",
    }


def test_a_wrong_client_secret_is_told(well: World) -> None:
    well.secrets["SF_CLIENT_SECRET"] = "wrong"
    found = failed(well)
    assert found.keys() == {"salesforce"}
    assert "invalid client credentials" in found["salesforce"]["message"]
    assert "client_secret" in found["salesforce"]["remedy"]
    _others_are_well(well, "salesforce")


def test_a_wrong_token_is_told(well: World) -> None:
    well.secrets["HUBSPOT_ACCESS_TOKEN"] = "pat-wrong"
    found = failed(well)
    assert found.keys() == {"hubspot"}
    assert "does not know this token" in found["hubspot"]["message"]
    _others_are_well(well, "hubspot")


def test_a_missing_secret_is_told(well: World) -> None:
    del well.secrets["HUBSPOT_ACCESS_TOKEN"]
    found = failed(well)
    assert found.keys() == {"hubspot"}
    assert "env:HUBSPOT_ACCESS_TOKEN is not set" in found["hubspot"]["message"]
    _others_are_well(well, "hubspot")


def test_a_page_instead_of_an_answer_is_told(well: World) -> None:
    page = "<html><head><title>Maintenance</title></head><body>Down for maintenance</body></html>"
    well.salesforce.fault(status=503, body=page, headers={"content-type": "text/html"}, times=50)
    found = failed(well)
    assert found.keys() == {"salesforce"}
    assert "answered 503 with a page that is not its API's" in found["salesforce"]["message"]
    _others_are_well(well, "salesforce")


def test_a_host_that_does_not_answer_is_told(well: World) -> None:
    well.configure(urls={"hubspot": "http://127.0.0.1:9"})
    found = failed(well)
    assert found.keys() == {"hubspot"}
    _others_are_well(well, "hubspot")


def test_a_missing_scope_is_told_and_the_rest_is_looked_at(well: World) -> None:
    scopes = frozenset(scope for scope in ALL_SCOPES if "owners" not in scope)
    well.portal.tokens.add(Token(text="pat-poor", app_id=PRIVATE_APP, scopes=scopes))
    well.secrets["HUBSPOT_ACCESS_TOKEN"] = "pat-poor"
    found = {check["name"]: check for check in checks(well, about="hubspot", state="fail")}
    assert set(found) == {"users", "scopes"}
    for check in found.values():
        assert "crm.objects.owners.read" in check["message"] + check["remedy"]
    assert any(check["name"] == "stages" for check in checks(well, about="hubspot", state="ok"))


def test_another_portal_than_expected_is_told(well: World) -> None:
    text = well.config.read_text()
    well.config.write_text(text.replace("kind: hubspot", 'kind: hubspot\n    expect_portal_id: "99"'))
    found = failed(well)
    assert "99 is expected" in found["hubspot"]["message"]
    assert "expect_portal_id" in found["hubspot"]["remedy"]


def test_another_org_than_the_ledgers_is_told(tmp_path: Path) -> None:
    with open_world(tmp_path, systems=["salesforce"]) as world:
        world.run("provision", "apply", "--yes")
    seed = Seed(organization_id="00D000000000002EAA", name="Other")
    with open_world(tmp_path, seed=seed, systems=["salesforce"]) as world:
        identity = next(check for check in checks(world, state="fail") if check["name"] == "identity")
        assert "Other (00D000000000002EAA), but the ledger belongs to Tandem Rehearsal" in identity["message"]


def test_a_field_that_was_hidden_since_is_told(well: World) -> None:
    well.org.withdraw(["Account.ABM_Tier__c"])
    found = failed(well)
    assert found["salesforce"]["message"] == "hidden from the connected user, or read only: ABM_Tier__c"
    assert "tandem provision apply" in found["salesforce"]["remedy"]


def test_a_wrong_configuration_is_told_whole(well: World) -> None:
    well.configure("sheduel: {}", "guard: {max_changes: 0}")
    ran = well.run("doctor")
    assert ran.code == 1
    assert "sheduel" in ran.text
    assert "max_changes" in ran.text


def test_no_configuration_at_all_says_to_write_one(world: World) -> None:
    world.config.unlink()
    ran = world.run("doctor")
    assert ran.code == 1
    assert "tandem init" in ran.text


def test_a_ledger_that_others_can_read_is_told(well: World) -> None:
    ledger = well.folder / "tandem.db"
    ledger.chmod(0o644)
    try:
        found = failed(well)
        assert "can be opened by others (mode 644)" in found["ledger"]["message"]
        assert found["ledger"]["remedy"] == f"chmod 600 {ledger}"
    finally:
        ledger.chmod(0o600)


def test_a_ledger_that_is_no_ledger_is_told(world: World) -> None:
    ledger = world.folder / "tandem.db"
    ledger.touch(mode=0o600)
    os.truncate(ledger, 0)
    found = failed(world)
    assert "empty" in found["ledger"]["message"]
    assert "tandem ledger restore" in found["ledger"]["remedy"]


def test_a_portal_without_the_vendors_fields_is_told_what_is_used_instead(tmp_path: Path) -> None:
    with open_world(tmp_path, portal=Settings(abm=False), systems=["hubspot"]) as world:
        told = {check["name"]: check["message"] for check in checks(world, about="hubspot")}
        assert "tandem_target_account is used instead" in told["target_account"]


# -- owners and quotas, without a CRM ------------------------------------------------------------------------------


def user(id: str, email: str | None, *, active: bool = True) -> User:
    return User(id=id, email=email, name=f"User {id}", active=active)


def warnings(users: dict[str, list[User]]) -> list[tuple[str, str, tuple[str, ...]]]:
    found: list[Check] = [check for check in owner_checks(users) if check.state is State.WARN]
    assert all(check.remedy for check in found)
    return [(check.name, check.message, check.details) for check in found]


def test_owners_are_matched_by_e_mail_whatever_its_capitals() -> None:
    assert warnings({"salesforce": [user("1", "Ada@Acme.com")], "hubspot": [user("9", "ada@acme.com")]}) == []


def test_a_sandbox_user_is_matched_all_the_same() -> None:
    users = {"salesforce": [user("1", "ada@acme.com.invalid")], "hubspot": [user("9", "ada@acme.com")]}
    assert warnings(users) == []


class Counted:
    """A System that says who owns how many accounts, and answers nothing else."""

    name = "hubspot"

    def __init__(self, owned: dict[str, int], others: int = 0) -> None:
        self._owned, self._others = owned, others

    def value_counts(self, object: str, field: str, *, besides: Sequence[str] = ()) -> ValueCounts:
        assert (object, field) == ("companies", "hubspot_owner_id")
        left = {id: count for id, count in self._owned.items() if id not in besides}
        return ValueCounts(values=left, others=self._others)


def owned(users: dict[str, list[User]], counted: Counted) -> list[tuple[str, str, tuple[str, ...]]]:
    mapping = load_mapping(None, {"salesforce": "salesforce", "hubspot": "hubspot"})
    found = list(owned_checks(cast(Connector, counted), mapping, users, {}))
    assert all(bool(check.remedy) is (check.state is State.WARN) for check in found)
    return [(check.state.value, check.message, check.details) for check in found]


def test_an_owner_without_a_counterpart_is_told_with_the_accounts_and_whoever_owns_none_is_no_matter() -> (
    None
):
    users = {
        "salesforce": [user("1", "ada@acme.com"), user("2", "gone@acme.com", active=False)],
        "hubspot": [
            user("9", "ada@acme.com"),
            user("8", "bea@acme.com"),
            user("7", "gone@acme.com"),
            user("6", "cleo@acme.com"),
        ],
    }
    assert warnings(users) == []
    assert owned(users, Counted({"9": 500, "8": 3, "7": 40})) == [
        (
            "warn",
            "accounts of users without a counterpart in salesforce: 43",
            ("bea@acme.com 3", "gone@acme.com (inactive there) 40"),
        ),
        (
            "ok",
            "further active users without a counterpart in salesforce, who own no account: 1",
            ("cleo@acme.com",),
        ),
    ]
    assert owned({"hubspot": users["hubspot"]}, Counted({"9": 500})) == []


def test_owners_too_many_to_be_told_apart_are_counted_together() -> None:
    users = {"salesforce": [user("1", "ada@acme.com")], "hubspot": [user("8", "bea@acme.com")]}
    assert [message for _, message, _ in owned(users, Counted({}, others=1200))] == [
        "active users without a counterpart in salesforce, who own none that is counted: 1",
        "accounts of unmatched or inactive users or of nobody, too many owners to tell them apart: 1,200",
    ]


def test_an_e_mail_that_two_active_users_share_names_nobody() -> None:
    users = {"salesforce": [user("1", "ada@acme.com"), user("2", "Ada@acme.com"), user("3", None)]}
    assert warnings(users) == [
        ("salesforce", "without an e-mail: 1", ("User 3",)),
        ("salesforce", "e-mails shared by several active users: 1", ("ada@acme.com",)),
    ]


@pytest.mark.parametrize(
    ("quota", "state"),
    [
        (Quota(limit=1000, used=799), State.OK),
        (Quota(limit=1000, used=800), State.WARN),
        (Quota(limit=1000, used=1000), State.FAIL),
        (Quota(limit=1000, used=1200), State.FAIL),
        (Quota(limit=None, used=None), State.OK),
    ],
)
def test_a_day_that_is_nearly_spent_is_told(quota: Quota, state: State) -> None:
    check = quota_check("salesforce", quota, 0.25)
    assert check.state is state
    assert bool(check.remedy) is (state is not State.OK)


def test_what_is_well_is_folded_and_who_the_systems_are_is_told(well: World) -> None:
    told, whole = well.run("doctor"), well.run("doctor", "-v")
    assert "Tandem Rehearsal (00D000000000001EAA)" in told.text
    assert "reached, environment, acting as" in told.text
    assert "10 opportunity stages" not in told.text
    assert len(told.out.splitlines()) * 2 < len(whole.out.splitlines())
    assert told.out.splitlines()[-1] == whole.out.splitlines()[-1]


def test_everything_that_a_token_may_not_is_told_at_once(well: World) -> None:
    gone = ("crm.objects.owners.read", "crm.objects.deals.read", "crm.schemas.companies.write")
    before = well.portal.tokens.by_text["pat-emulator"]
    well.portal.tokens.add(replace(before, scopes=before.scopes - set(gone)))
    try:
        found = [check["message"] for check in checks(well, about="hubspot") if check["name"] == "scopes"]
    finally:
        well.portal.tokens.add(before)
    for scope in gone:
        assert any(message.startswith(f"{scope} is missing") for message in found), found


def test_a_system_under_another_name_and_one_that_was_taken_out_are_told(well: World) -> None:
    (well.folder / "scores.csv").unlink(missing_ok=True)
    assert well.run("plan").code in {0, 3, 4}
    text = well.config.read_text()
    try:
        well.config.write_text(text.replace("  hubspot:\n", "  hubspot_main:\n"))
        (said,) = [check for check in checks(well, state="fail") if check["name"] == "systems"]
        assert "hubspot_main is portal 24680135, known as hubspot." in said["message"]
        assert "tandem systems rename hubspot hubspot_main" in said["remedy"]
        well.configure(systems=("salesforce",))
        (said,) = [check for check in checks(well, state="fail") if check["name"] == "systems"]
        assert "hubspot, portal 24680135, is in the ledger and not in tandem.yaml." in said["message"]
    finally:
        well.config.write_text(text)
