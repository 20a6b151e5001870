"""What goes wrong at the edges: each is told with its remedy and its exit code, writes nothing and loses nothing."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from emulator.hubspot.portal import Settings as PortalSettings
from emulator.hubspot.tokens import ALL_SCOPES
from emulator.salesforce.seed import Seed
from tests.e2e.crms import Kept, account, accounts, company, load, meet, standing, unclean, writes
from tests.e2e.people import SETTLED, People
from tests.world import Ran, World, open_world

ALL = "scope: {accounts: all}"


@pytest.fixture(scope="module")
def met(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Kept, list[dict[str, str]]]]:
    """Six accounts that both CRMs have and that were synced, and an edit that waits to be carried."""
    with open_world(tmp_path_factory.mktemp("met")) as world:
        people = People(world)
        people.invite_the_team_to_hubspot()
        found = meet(world, people, 6)
        people.in_salesforce(found[0]["salesforce"], MQA_Stage__c="engaged")
        people.close()
        world.clock.advance(SETTLED)
        yield Kept.of(world), found


@pytest.fixture
def empty(tmp_path: Path) -> Iterator[tuple[World, People]]:
    """A world of its own for a test that needs more accounts."""
    with open_world(tmp_path) as made:
        team = People(made)
        team.invite_the_team_to_hubspot()
        yield made, team
        team.close()


@contextmanager
def nothing_is_written(world: World) -> Iterator[None]:
    before = standing(world)
    # Whatever is written from here on has another stamp.
    world.clock.advance(1)
    yield
    assert standing(world) == before


def carried(world: World) -> Ran:
    """What was refused is mended: the edit that waited arrives, and both agree."""
    world.clock.advance(SETTLED)
    ran = world.run("sync")
    assert ran.code == 0, ran.text
    assert accounts(world)[0].link.base["mqa_stage"] == "engaged"
    assert unclean(world) == ""
    return ran


# -- credentials and rights ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("secret", "system", "remedy"),
    [
        ("SF_CLIENT_SECRET", "salesforce: login refused", "Check client_id and client_secret."),
        ("HUBSPOT_ACCESS_TOKEN", "hubspot: HubSpot does not know this token", "Copy the key again"),
    ],
)
def test_wrong_credentials_name_the_system_and_what_to_check(
    world: World, ids: list[dict[str, str]], secret: str, system: str, remedy: str
) -> None:
    right = world.secrets[secret]
    world.secrets[secret] = "wrong"
    with nothing_is_written(world):
        ran = world.run("sync")
    assert ran.code == 1
    assert system in ran.text
    assert remedy in ran.text
    assert right not in ran.text
    world.secrets[secret] = right
    carried(world)


def test_all_missing_secrets_are_told_at_once(world: World, ids: list[dict[str, str]]) -> None:
    kept = dict(world.secrets)
    world.secrets.clear()
    with nothing_is_written(world):
        ran = world.run("sync")
    assert ran.code == 2
    assert all(f"env:{name} is not set" in ran.text for name in kept)
    world.secrets.update(kept)
    carried(world)


def test_a_missing_right_to_read_is_named(world: World, people: People, ids: list[dict[str, str]]) -> None:
    _limit_the_token(world, people, without="crm.objects.companies.read")
    with nothing_is_written(world):
        ran = world.run("sync")
    assert ran.code == 1
    assert "Add the scope to the app: crm.objects.companies.read." in ran.text
    world.secrets["HUBSPOT_ACCESS_TOKEN"] = "pat-emulator"
    carried(world)


def test_a_missing_right_to_write_stops_one_system_alone(
    world: World, people: People, ids: list[dict[str, str]]
) -> None:
    people.in_hubspot(ids[1]["hubspot"], tandem_mqa_stage="evaluating")
    world.clock.advance(SETTLED)
    _limit_the_token(world, people, without="crm.objects.companies.write")
    ran = world.run("sync")
    assert ran.code == 1
    assert "Add the scope to the app: crm.objects.companies.write." in ran.text
    assert account(world, ids[1]["salesforce"])["MQA_Stage__c"] == "evaluating"
    assert company(world, ids[0]["hubspot"])["tandem_mqa_stage"] is None
    world.secrets["HUBSPOT_ACCESS_TOKEN"] = "pat-emulator"
    carried(world)


def _limit_the_token(world: World, people: People, *, without: str) -> None:
    scopes = sorted(scope for scope in ALL_SCOPES if scope != without)
    people.door("hubspot", "tokens", {"token": "pat-half", "scopes": scopes})
    world.secrets["HUBSPOT_ACCESS_TOKEN"] = "pat-half"


# -- configuration and mapping -------------------------------------------------------------------------------


def test_every_unknown_key_is_told_with_its_line_and_the_likely_one(
    world: World, ids: list[dict[str, str]]
) -> None:
    world.configure("scop: {accounts: all}", "guard: {max_change: 3}")
    with nothing_is_written(world):
        ran = world.run("sync")
    assert ran.code == 2
    assert "tandem.yaml:10: unknown key scop. Did you mean scope?" in ran.text
    assert "tandem.yaml:11: unknown key guard.max_change. Did you mean max_changes?" in ran.text
    world.configure(ALL)
    carried(world)


def _map(world: World, text: str) -> None:
    folder = world.folder / "mappings"
    folder.mkdir()
    (folder / "salesforce.yaml").write_text(text, encoding="utf-8")
    world.configure(ALL, "mapping: mappings/")


def test_a_mapping_to_a_field_of_another_type_is_refused_by_provisioning(
    world: World, ids: list[dict[str, str]]
) -> None:
    _map(world, "fields:\n  tier:\n    name: NumberOfEmployees\n    create: false\n")
    with nothing_is_written(world):
        ran = world.run("provision", "apply", "--yes")
    assert ran.code == 1
    assert "NumberOfEmployees (type: Number → enum): it is of another type" in ran.text
    assert "Name another field in the mapping" in ran.text
    world.configure(ALL)
    carried(world)


def test_values_that_a_field_of_another_type_cannot_hold_are_held_and_the_others_go_on(
    world: World, ids: list[dict[str, str]]
) -> None:
    _map(world, "fields:\n  tier:\n    name: NumberOfEmployees\n    create: false\n")
    ran = world.run("sync")
    assert ran.code == 0
    assert "Cannot deserialize instance of int" in ran.text
    assert all(account(world, id["salesforce"]).get("NumberOfEmployees") is None for id in ids)
    assert company(world, ids[0]["hubspot"])["tandem_mqa_stage"] == "engaged"
    assert "6 held: salesforce record: Cannot deserialize" in world.run("status").text


def test_mapping_a_field_anew_does_not_look_as_if_everybody_had_cleared_it(
    world: World, people: People, ids: list[dict[str, str]]
) -> None:
    tiers = [company(world, id["hubspot"])["hs_ideal_customer_profile"] for id in ids]
    _map(world, "fields:\n  tier:\n    name: Ranking__c\n")
    assert world.run("provision", "apply", "--yes").code == 0
    ran = world.run("sync")
    assert ran.code == 0, ran.text
    assert [company(world, id["hubspot"])["hs_ideal_customer_profile"] for id in ids] == tiers
    assert [account(world, id["salesforce"])["Ranking__c"] for id in ids] == tiers
    world.clock.advance(SETTLED)
    assert world.run("plan").code == 0
    # And back: the old field has kept its values; nothing is to be written.
    world.configure(ALL)
    assert world.run("plan").code == 0
    assert [company(world, id["hubspot"])["hs_ideal_customer_profile"] for id in ids] == tiers


# -- values --------------------------------------------------------------------------------------------------


def test_a_stage_of_salesforce_off_the_ladder_is_held_and_the_others_go_on(
    world: World, people: People, ids: list[dict[str, str]]
) -> None:
    odd = ids[2]["salesforce"]
    people.door("salesforce", "silent", {"id": odd, "values": {"MQA_Stage__c": "Legacy"}})
    people.door("salesforce", "touch", {"ids": [odd]})
    people.in_hubspot(ids[2]["hubspot"], tandem_mqa_stage="evaluating")
    world.clock.advance(SETTLED)
    ran = world.run("sync")
    assert ran.code == 0
    assert "'Legacy' is none of the options identified, awareness" in ran.text
    assert "'Legacy' is none of the options" in world.run("status").text
    assert account(world, odd)["MQA_Stage__c"] == "Legacy"
    assert company(world, ids[2]["hubspot"])["tandem_mqa_stage"] == "evaluating"
    assert company(world, ids[0]["hubspot"])["tandem_mqa_stage"] == "engaged"
    people.in_salesforce(odd, MQA_Stage__c="identified")
    carried(world)
    # The furthest stage stands: nobody's edit was lost meanwhile.
    assert account(world, odd)["MQA_Stage__c"] == "evaluating"
    assert "none of the options" not in world.run("status").text


def test_a_stage_of_hubspot_off_the_ladder_is_held_and_the_others_go_on(
    world: World, people: People, ids: list[dict[str, str]]
) -> None:
    definition = world.portal.shelf("companies").definitions.existing("tandem_mqa_stage")
    option = {"label": "Legacy", "value": "legacy", "displayOrder": 9, "hidden": False}
    definition.doc = {**definition.doc, "options": [*definition.doc["options"], option]}
    people.in_hubspot(ids[2]["hubspot"], tandem_mqa_stage="legacy")
    people.in_salesforce(ids[2]["salesforce"], MQA_Stage__c="evaluating")
    world.clock.advance(SETTLED)
    ran = world.run("sync")
    assert ran.code == 0
    assert "'legacy' is none of the options identified, awareness" in ran.text
    assert company(world, ids[2]["hubspot"])["tandem_mqa_stage"] == "legacy"
    assert account(world, ids[2]["salesforce"])["MQA_Stage__c"] == "evaluating"
    assert company(world, ids[0]["hubspot"])["tandem_mqa_stage"] == "engaged"
    people.in_hubspot(ids[2]["hubspot"], tandem_mqa_stage="identified")
    carried(world)
    assert company(world, ids[2]["hubspot"])["tandem_mqa_stage"] == "evaluating"


# -- saved Plans ---------------------------------------------------------------------------------------------


def test_a_plan_file_that_was_edited_is_refused(world: World, ids: list[dict[str, str]]) -> None:
    assert world.run("plan", "-o", "it.json").code == 3
    file = world.folder / "it.json"
    text = file.read_text(encoding="utf-8")
    for damaged in (text.replace('"engaged"', '"closed"'), text[:300], "", "[]", "{}"):
        file.write_text(damaged, encoding="utf-8")
        with nothing_is_written(world):
            ran = world.run("apply", "it.json", "--yes")
        assert ran.code == 5, damaged
        assert "Make a new one with: tandem plan -o FILE" in ran.text
    file.write_bytes(b"\x00")
    with nothing_is_written(world):
        ran = world.run("apply", "it.json", "--yes")
    assert ran.code == 2
    assert "it.json holds zero bytes, so it is no text. what to do Save it as UTF-8 text." in ran.text
    carried(world)


def test_a_stale_plan_file_is_refused_and_names_what_moved(
    world: World, people: People, ids: list[dict[str, str]]
) -> None:
    people.in_salesforce(ids[1]["salesforce"], MQA_Stage__c="engaged")
    world.clock.advance(SETTLED)
    assert world.run("plan", "-o", "it.json").code == 3
    people.in_salesforce(ids[1]["salesforce"], MQA_Stage__c="closed")
    world.clock.advance(SETTLED)
    with nothing_is_written(world):
        ran = world.run("apply", "it.json", "--yes")
    assert ran.code == 5
    assert "Company 01" in ran.text
    assert "--skip-stale" in ran.text
    ran = world.run("apply", "it.json", "--yes", "--skip-stale")
    assert ran.code == 0
    assert "1 stale Change left out" in ran.text
    assert company(world, ids[0]["hubspot"])["tandem_mqa_stage"] == "engaged"
    assert company(world, ids[1]["hubspot"])["tandem_mqa_stage"] is None
    carried(world)
    assert company(world, ids[1]["hubspot"])["tandem_mqa_stage"] == "closed"


def test_a_plan_made_for_another_portal_is_refused(
    world: World, tmp_path: Path, ids: list[dict[str, str]]
) -> None:
    assert world.run("plan", "-o", "it.json").code == 3
    other = tmp_path / "other"
    other.mkdir()
    with open_world(other, portal=PortalSettings(portal_id=999)) as elsewhere:
        elsewhere.configure(ALL)
        assert elsewhere.run("provision", "apply", "--yes").code == 0
        (other / "it.json").write_bytes((world.folder / "it.json").read_bytes())
        with nothing_is_written(elsewhere):
            ran = elsewhere.run("apply", "it.json", "--yes")
    assert ran.code == 5
    assert "made for other orgs or portals" in ran.text


# -- the ledger ----------------------------------------------------------------------------------------------

_HOLD = """
import sys
from datetime import UTC, datetime
sys.path.insert(0, {root!r})
from sync.ledger.ledger import Ledger
ledger = Ledger.open({url!r}, lambda: datetime.now(UTC))
ledger.lease.acquire("tandem sync")
print("held", flush=True)
sys.stdin.read()
"""


def test_a_ledger_that_another_process_works_with_is_left_alone(
    world: World, ids: list[dict[str, str]]
) -> None:
    code = _HOLD.format(root=str(Path(__file__).parents[3]), url=f"sqlite:///{world.folder}/tandem.db")
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        try:
            assert other.stdout is not None
            assert other.stdout.readline() == "held\n"
            for command in (("sync",), ("plan",), ("apply", "--yes"), ("outcomes", "pull")):
                with nothing_is_written(world):
                    ran = world.run(*command)
                assert ran.code == 5, command
                assert f"kill {other.pid}" in ran.text
            assert world.run("conflicts", "list").code == 0
            assert world.run("status").code == 0
        finally:
            other.kill()
    # The other died without a word; its lease dies with it.
    carried(world)


def test_a_service_that_may_not_work_says_so_by_its_exit_code(
    world: World, ids: list[dict[str, str]]
) -> None:
    world.secrets["SF_CLIENT_SECRET"] = "wrong"
    with nothing_is_written(world):
        ran = world.run("run", "--once")
    assert ran.code == 1
    assert "login refused" in ran.text


def _newer(file: Path) -> None:
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
        connection.commit()


def _cut(file: Path) -> None:
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])


def _emptied(file: Path) -> None:
    file.write_bytes(b"")


def _foreign(file: Path) -> None:
    file.write_bytes(b"id,name\n1,Acme\n" * 500)


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (_newer, "which this Tandem"),
        (_cut, "the ledger has lost its end"),
        (_emptied, "the ledger is empty"),
        (_foreign, "no SQLite database"),
    ],
)
def test_a_ledger_that_is_not_fit_is_refused_and_kept_as_it_is(
    world: World, ids: list[dict[str, str]], damage: Callable[[Path], None], said: str
) -> None:
    file = world.folder / "tandem.db"
    whole = file.read_bytes()
    damage(file)
    damaged = file.read_bytes()
    with nothing_is_written(world):
        ran = world.run("sync")
    assert ran.code == 1
    assert said in ran.text
    assert "tandem ledger restore" in ran.text
    assert file.read_bytes() == damaged
    file.write_bytes(whole)
    carried(world)


@pytest.mark.parametrize(
    ("portal", "seed"),
    [(PortalSettings(portal_id=999), None), (None, Seed(organization_id="00D000000000009EAA"))],
    ids=["another portal", "another org"],
)
def test_a_ledger_of_another_org_is_refused(
    world: World,
    tmp_path: Path,
    ids: list[dict[str, str]],
    portal: PortalSettings | None,
    seed: Seed | None,
) -> None:
    other = tmp_path / "other"
    other.mkdir()
    with open_world(other, portal=portal, seed=seed) as elsewhere:
        team = People(elsewhere)
        team.invite_the_team_to_hubspot()
        load(elsewhere, team, 6)
        elsewhere.configure(ALL)
        (other / "tandem.db").write_bytes((world.folder / "tandem.db").read_bytes())
        for command in (("sync",), ("provision", "apply", "--yes"), ("apply", "--yes"), ("outcomes", "pull")):
            with nothing_is_written(elsewhere):
                ran = elsewhere.run(*command)
            assert ran.code == 5, command
            assert "but this ledger belongs to" in ran.text
            assert "name another ledger" in ran.text
        team.close()


@pytest.mark.parametrize(
    ("key", "before", "said"),
    [
        ("expect_org_id: 00D000000000077EAA", "auth: {method: client", "not to 00D000000000077EAA"),
        ("expect_portal_id: '77'", "auth: {method: access", "77 is expected"),
    ],
)
def test_credentials_of_another_org_than_the_expected_one_are_refused(
    world: World, ids: list[dict[str, str]], key: str, before: str, said: str
) -> None:
    text = world.config.read_text(encoding="utf-8")
    world.config.write_text(text.replace(before, f"{key}\n    {before}"), encoding="utf-8")
    with nothing_is_written(world):
        ran = world.run("sync")
    assert ran.code == 5
    assert said in ran.text
    assert key.partition(":")[0] in ran.text
    world.config.write_text(text, encoding="utf-8")
    carried(world)


# -- servers -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("system", ["salesforce", "hubspot"])
@pytest.mark.parametrize("status", [200, 503])
def test_a_server_that_answers_with_a_page_is_told_from_a_crm(
    world: World, ids: list[dict[str, str]], system: str, status: int
) -> None:
    server = world.salesforce if system == "salesforce" else world.hubspot
    page = "<html><body>Please log in to the guest network</body></html>"
    server.fault(status=status, body=page, headers={"content-type": "text/html"}, times=100)
    with nothing_is_written(world):
        ran = world.run("sync")
    assert ran.code == 1
    assert f"error {system}: " in ran.text
    assert "what to do" in ran.text
    server.app.state.faults.clear()
    carried(world)


def test_a_system_that_cannot_be_reached_stops_the_run_before_it_writes(
    world: World, people: People, ids: list[dict[str, str]]
) -> None:
    people.in_hubspot(ids[1]["hubspot"], tandem_mqa_stage="evaluating")
    world.clock.advance(SETTLED)
    world.configure(ALL, urls={"hubspot": "http://127.0.0.1:9"})
    with nothing_is_written(world):
        ran = world.run("sync")
    assert ran.code == 1
    assert "hubspot: HubSpot cannot be reached" in ran.text
    assert "what to do" in ran.text
    assert "cannot be reached" in world.run("status").text
    world.configure(ALL)
    carried(world)


def test_a_system_that_goes_down_while_it_is_written_to_does_not_stop_the_other(
    world: World, people: People, ids: list[dict[str, str]]
) -> None:
    people.in_hubspot(ids[1]["hubspot"], tandem_mqa_stage="evaluating")
    world.clock.advance(SETTLED)
    world.hubspot.fault(status=503, times=100, match={"method": "POST", "path": ".*/batch/update"})
    ran = world.run("sync")
    assert ran.code == 1
    assert "hubspot: " in ran.text
    assert account(world, ids[1]["salesforce"])["MQA_Stage__c"] == "evaluating"
    assert company(world, ids[0]["hubspot"])["tandem_mqa_stage"] is None
    world.hubspot.app.state.faults.clear()
    carried(world)


# -- limits and consent --------------------------------------------------------------------------------------


def test_a_plan_beyond_the_guard_is_refused_with_the_numbers(
    world: World, people: People, ids: list[dict[str, str]]
) -> None:
    for each in ids[1:3]:
        people.in_salesforce(each["salesforce"], MQA_Stage__c="engaged")
    world.clock.advance(SETTLED)
    world.configure(ALL, "guard: {max_changes: 2}")
    for command in (("sync",), ("apply", "--yes"), ("run", "--once")):
        with nothing_is_written(world):
            ran = world.run(*command)
        assert ran.code == (1 if command[0] == "run" else 5), command
        assert "It writes 3 field values; max_changes is 2." in ran.text
        assert "--max-changes 3" in ran.text
    assert "The guard would stop it: It writes 3 field values" in world.run("plan").text
    assert world.run("sync", "--max-changes", "3").code == 0
    world.configure(ALL)
    carried(world)


def test_too_large_a_share_of_overwritten_accounts_is_refused(empty: tuple[World, People]) -> None:
    world, people = empty
    ids = meet(world, people, 30)
    for each in ids[:12]:
        people.in_hubspot(each["hubspot"], hs_ideal_customer_profile="")
    world.clock.advance(SETTLED)
    with nothing_is_written(world):
        ran = world.run("sync")
    assert ran.code == 5
    assert "12 of 30 linked accounts (40%)" in ran.text
    assert "max_change_share is 30%" in ran.text
    assert world.run("sync", "--max-change-share", "0.4").code == 0
    assert unclean(world) == ""


def test_ids_that_somebody_copied_to_strangers_stop_the_first_run_of_a_new_ledger(
    empty: tuple[World, People],
) -> None:
    world, people = empty
    ids = meet(world, people, 12)
    # The records were mixed up, and the ledger that knew them is gone.
    for each in ids[:3]:
        people.in_salesforce(each["salesforce"], Name="Amazon Web Services", Website="https://amazon.com")
    for path in world.folder.glob("tandem.db*"):
        path.unlink()
    world.clock.advance(SETTLED)
    shown = world.run("plan", "--json").json["links"]
    assert sorted(link["unlike"] for link in shown) == 9 * [False] + 3 * [True]
    with nothing_is_written(world):
        ran = world.run("sync")
    assert ran.code == 5
    assert "names do not fit each other in 3 of 12 new Links (25%); max_unlike_share is 10%" in ran.text
    world.run("plan", "-o", "all.plan.json")
    with nothing_is_written(world):
        assert world.run("apply", "all.plan.json", "--yes").code == 5
    assert world.run("sync", "--max-unlike-share", "0.25").code in {0, 4}


def test_many_deletions_and_scores_that_swing_stop_a_run_that_may_pass_when_told_so(
    empty: tuple[World, People],
) -> None:
    world, people = empty
    ids = meet(world, people, 25)
    scores = ("scores: {source: csv, path: scores.csv}",)
    world.configure(ALL, *scores)

    def give(score: int) -> None:
        domains = [str(record.values["domain"]) for record in world.portal.shelf("companies").records]
        lines = "".join(f"{domain},{score}\n" for domain in domains)
        (world.folder / "scores.csv").write_text(f"domain,score\n{lines}", encoding="utf-8")
        assert world.run("scores", "import").code == 0
        world.clock.advance(SETTLED)

    give(20)
    assert world.run("sync").code == 0
    give(90)
    with nothing_is_written(world):
        ran = world.run("sync")
    assert ran.code == 5
    assert "25 of 25 scores (100%) by more than 30 points; max_swing_share is 30%" in ran.text
    assert world.run("sync", "--max-swing-share", "1").code == 0
    for each in ids[:9]:
        people.archives_in_hubspot(each["hubspot"])
    world.clock.advance(SETTLED)
    with nothing_is_written(world):
        ran = world.run("sync")
    assert ran.code == 5
    assert "would close the Link of 9 of 25 linked accounts (36%)" in ran.text
    assert world.run("sync", "--max-change-share", "0.4").code == 0


def test_a_side_that_turned_empty_is_not_believed(empty: tuple[World, People]) -> None:
    world, people = empty
    ids = meet(world, people, 25)
    people.door("salesforce", "sharing", {"ids": [each["salesforce"] for each in ids[:20]]})
    # The integration user sees all; for this test it sees what is shared.
    with nothing_is_written(world):
        ran = world.run("sync", "--full")
    assert ran.code == 5, ran.text
    assert "salesforce showed 5 accounts; the ledger knows 25" in ran.text


def test_nobody_at_the_terminal_is_no_consent(world: World, ids: list[dict[str, str]]) -> None:
    with nothing_is_written(world):
        for command in (("apply",), ("provision", "apply"), ("scores", "push")):
            ran = world.run(*command)
            # What has nothing to write needs no consent.
            assert ran.code == (2 if command == ("apply",) else 0), (command, ran.text)
            if ran.code == 2:
                assert "Add --yes to write without a question." in ran.text
    carried(world)
    assert writes(world) == {"salesforce": 0, "hubspot": 1}
