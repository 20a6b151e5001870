"""What happens to accounts over weeks: quarrels, deletions, merges, newcomers, scores, outcomes; and the service."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from emulator.kit.server import serve
from service.schedule import Intervals
from service.worker import Service
from sync.core.guard import Guard
from sync.engine import Engine
from sync.errors import LedgerError
from sync.ledger.service import ServiceNote
from sync.model.records import NativeId, SystemName
from sync.model.service import ServiceState
from sync.planning.build import Rules
from sync.settings.load import load as load_settings
from tests.e2e.crms import Kept, account, accounts, company, load, meet, unclean, writes
from tests.e2e.people import SETTLED, TEAM, People
from tests.ids import HUBSPOT, SALESFORCE
from tests.world import Ran, World, open_world

TIERS = ("tier_1", "tier_2", "tier_3")


@pytest.fixture(scope="module")
def met(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Kept, list[dict[str, str]]]]:
    """Six target accounts that both CRMs have, in step."""
    with open_world(tmp_path_factory.mktemp("story"), serve=serve) as world:
        people = People(world)
        people.invite_the_team_to_hubspot()
        found = meet(world, people, 6, scope="target_accounts")
        people.close()
        yield Kept.of(world), found


@pytest.fixture
def world(met: tuple[Kept, list[dict[str, str]]]) -> World:
    kept, _ = met
    kept.bring_back()
    return kept.world


@pytest.fixture
def people(world: World) -> Iterator[People]:
    team = People(world)
    yield team
    team.close()


@pytest.fixture
def ids(met: tuple[Kept, list[dict[str, str]]]) -> list[dict[str, str]]:
    return met[1]


def later(world: World, *arguments: str) -> Ran:
    """Time passes, and a command is run; by default a sync."""
    world.clock.advance(SETTLED)
    return world.run(*(arguments or ("sync",)))


def quiet(world: World, *, asked: bool = False) -> None:
    """Nothing is left to do, and nothing was made twice. ``asked``: a question is open."""
    before = writes(world)
    ran = later(world)
    assert ran.code == (4 if asked else 0), ran.text
    assert "nothing to do" in ran.text
    assert writes(world) == before


def tiers(world: World, id: dict[str, str]) -> tuple[Any, Any]:
    return account(world, id["salesforce"])["ABM_Tier__c"], company(world, id["hubspot"])[
        "hs_ideal_customer_profile"
    ]


def labels(world: World) -> list[str]:
    return [found.link.label for found in accounts(world)]


# -- quarrels ------------------------------------------------------------------------------------------------


def quarrel(world: World, people: People, *ids: dict[str, str]) -> None:
    """Both sides give these accounts another tier than they had, and not the same."""
    for id in ids:
        stood, _ = tiers(world, id)
        one, other = (tier for tier in TIERS if tier != stood)
        people.in_salesforce(id["salesforce"], ABM_Tier__c=one)
        people.in_hubspot(id["hubspot"], hs_ideal_customer_profile=other)


def number_of(world: World, id: dict[str, str]) -> str:
    link = next(f.link for f in accounts(world) if f.records[HUBSPOT].id == id["hubspot"])
    ran = world.run("conflicts", "list", "--json")
    return str(next(found["id"] for found in ran.json if found["link_id"] == link.id))


def test_conflicts_are_decided_by_value_by_system_and_by_filter(
    world: World, people: People, ids: list[dict[str, str]]
) -> None:
    quarrel(world, people, *ids[:4])
    standing = [tiers(world, id) for id in ids[:4]]
    ran = later(world)
    assert ran.code == 4
    assert "4 Conflicts open: tandem conflicts list" in ran.text
    assert [tiers(world, id) for id in ids[:4]] == standing

    listed = world.run("conflicts", "list")
    assert listed.code == 4
    assert all(f"Company {number:02}" in listed.text for number in range(4))
    shown = world.run("conflicts", "show", number_of(world, ids[0]))
    assert shown.code == 0
    assert "by Ben Ortiz" in shown.text
    assert "edited differently since they last agreed" in shown.text

    by_value, by_system = number_of(world, ids[0]), number_of(world, ids[1])
    assert world.run("conflicts", "resolve", by_value, "--value", "tier_3", "--yes").code == 0
    assert world.run("conflicts", "resolve", by_system, "--use", "salesforce", "--yes").code == 0
    rest = world.run("conflicts", "resolve", "--all", "--field", "tier", "--use", "hubspot", "--yes")
    assert rest.code == 0
    assert world.run("conflicts", "list").code == 0

    ran = later(world)
    assert ran.code == 0, ran.text
    assert tiers(world, ids[0]) == ("tier_3", "tier_3")
    assert tiers(world, ids[1]) == (standing[1][0], standing[1][0])
    assert tiers(world, ids[2]) == (standing[2][1], standing[2][1])
    assert tiers(world, ids[3]) == (standing[3][1], standing[3][1])
    quiet(world)
    assert unclean(world) == ""


def test_what_cannot_be_decided_is_told_and_nothing_is_decided(
    world: World, people: People, ids: list[dict[str, str]]
) -> None:
    quarrel(world, people, ids[0])
    assert later(world).code == 4
    number = number_of(world, ids[0])
    for arguments, said in (
        ((number, "--value", "gold"), "gold is no value of tier; use one of tier_1, tier_2, tier_3"),
        ((number, "--use", "newest_of_all"), "newest_of_all"),
        (("99", "--use", "hubspot"), "There is no Conflict 99."),
        ((number,), "Give"),
        (("--use", "hubspot"), "Say which Conflicts."),
    ):
        ran = world.run("conflicts", "resolve", *arguments, "--yes")
        assert ran.code == 2, arguments
        assert said in ran.text
    assert world.run("conflicts", "list").code == 4


def test_a_decision_that_an_edit_overtook_is_not_carried_out(
    world: World, people: People, ids: list[dict[str, str]]
) -> None:
    quarrel(world, people, ids[0])
    assert later(world).code == 4
    number = number_of(world, ids[0])
    before = tiers(world, ids[0])
    assert world.run("conflicts", "resolve", number, "--use", "hubspot", "--yes").code == 0
    # Before the next Run somebody in sales changes its mind once more.
    people.in_salesforce(ids[0]["salesforce"], ABM_Tier__c=None)
    ran = later(world)
    assert ran.code == 4, ran.text
    assert tiers(world, ids[0]) == (None, before[1])
    assert world.run("conflicts", "list").code == 4
    assert world.run("conflicts", "resolve", "--all", "--use", "hubspot", "--yes").code == 0
    assert later(world).code == 0
    assert tiers(world, ids[0]) == (before[1], before[1])
    quiet(world)


def test_one_quarrel_does_not_hold_up_other_fields_and_accounts(
    world: World, people: People, ids: list[dict[str, str]]
) -> None:
    quarrel(world, people, ids[0])
    people.in_salesforce(ids[0]["salesforce"], MQA_Stage__c="engaged")
    people.in_salesforce(ids[1]["salesforce"], MQA_Stage__c="awareness")
    assert later(world).code == 4
    assert company(world, ids[0]["hubspot"])["tandem_mqa_stage"] == "engaged"
    assert company(world, ids[1]["hubspot"])["tandem_mqa_stage"] == "awareness"


# -- going and coming ----------------------------------------------------------------------------------------


def test_deletions_close_the_link_and_nothing_is_made_again(
    world: World, people: People, ids: list[dict[str, str]]
) -> None:
    people.archives_in_hubspot(ids[0]["hubspot"])
    people.deletes_in_salesforce(ids[1]["salesforce"], user=TEAM[1])
    before = writes(world)
    ran = later(world)
    assert (ran.code, "closed 2" in ran.text) == (0, True), ran.text
    assert labels(world) == [f"Company {number:02} Inc." for number in (2, 3, 4, 5)]
    for _ in range(2):
        quiet(world)
    full = later(world, "sync", "--full")
    assert "nothing to do" in full.text
    assert writes(world) == before
    # What is left of them goes on by itself: an edit there is carried to nobody.
    people.in_salesforce(ids[0]["salesforce"], MQA_Stage__c="engaged")
    quiet(world)


def test_records_that_come_back_are_in_step_again(
    world: World, people: People, ids: list[dict[str, str]]
) -> None:
    people.archives_in_hubspot(ids[0]["hubspot"])
    people.deletes_in_salesforce(ids[1]["salesforce"], user=TEAM[1])
    assert later(world).code == 0
    people.door("hubspot", "restore", {"object": "companies", "ids": [ids[0]["hubspot"]]})
    people.door("salesforce", "undelete", {"ids": [ids[1]["salesforce"]]})
    people.in_salesforce(ids[0]["salesforce"], MQA_Stage__c="engaged")
    # HubSpot moves no stamp when it brings a company back, so that the next full compare finds it.
    assert later(world, "sync", "--full").code == 0
    assert labels(world) == [f"Company {number:02} Inc." for number in range(6)]
    assert company(world, ids[0]["hubspot"])["tandem_mqa_stage"] == "engaged"
    quiet(world)
    assert unclean(world) == ""


def test_a_merge_in_hubspot_moves_the_link_and_asks_about_what_is_left(
    world: World, people: People, ids: list[dict[str, str]]
) -> None:
    survivor = people.merges_in_hubspot(ids[0]["hubspot"], ids[1]["hubspot"])
    ran = later(world)
    assert ran.code == 4, ran.text
    linked = {found.records[SALESFORCE].id: found.records[HUBSPOT].id for found in accounts(world)}
    assert linked[NativeId(ids[0]["salesforce"])] == survivor
    assert ids[1]["salesforce"] not in linked
    asked = world.run("matches", "list")
    assert asked.code == 4
    assert ids[1]["salesforce"] in asked.text
    people.in_salesforce(ids[0]["salesforce"], MQA_Stage__c="engaged")
    assert later(world).code == 4
    assert company(world, survivor)["tandem_mqa_stage"] == "engaged"
    assert len(world.portal.shelf("companies").records) == 7  # six, and the survivor's new id
    quiet(world, asked=True)


def test_a_merge_in_salesforce_moves_the_link_and_asks_about_what_is_left(
    world: World, people: People, ids: list[dict[str, str]]
) -> None:
    people.merges_in_salesforce(ids[2]["salesforce"], ids[3]["salesforce"], user=TEAM[1])
    ran = later(world)
    assert ran.code == 4, ran.text
    linked = {found.records[HUBSPOT].id: found.records[SALESFORCE].id for found in accounts(world)}
    assert linked[NativeId(ids[2]["hubspot"])] == ids[2]["salesforce"]
    assert ids[3]["hubspot"] not in linked
    asked = world.run("matches", "list")
    assert asked.code == 4
    assert ids[3]["hubspot"] in asked.text
    quiet(world, asked=True)
    assert "nothing to do" in later(world, "sync", "--full").text
    assert len(world.org.store.table("Account").rows) == 6


def test_a_merge_into_a_company_that_nobody_linked_keeps_the_account_in_step(
    world: World, people: People, ids: list[dict[str, str]]
) -> None:
    other = people.new_in_hubspot(name="Company 00 again", domain="another00.com")
    assert later(world).code == 0
    survivor = people.merges_in_hubspot(other, ids[0]["hubspot"])
    people.in_salesforce(ids[0]["salesforce"], MQA_Stage__c="engaged")
    assert later(world).code == 0
    # The account goes by the name that the survivor bears.
    assert labels(world) == ["Company 00 again", *(f"Company {number:02} Inc." for number in range(1, 6))]
    assert company(world, survivor)["tandem_mqa_stage"] == "engaged"
    assert world.run("matches", "list").code == 0
    quiet(world)


def test_a_record_that_is_merely_hidden_is_not_taken_for_deleted(
    world: World, people: People, ids: list[dict[str, str]]
) -> None:
    people.door("salesforce", "sharing", {"ids": [ids[0]["salesforce"]], "hidden": True})
    people.in_hubspot(ids[0]["hubspot"], tandem_mqa_stage="engaged")
    people.in_hubspot(ids[1]["hubspot"], tandem_mqa_stage="engaged")
    ran = later(world, "sync", "--full")
    assert ran.code == 0, ran.text
    assert "no longer shows" in ran.text
    assert "it is not deleted" in ran.text
    assert len(labels(world)) == 6
    assert account(world, ids[1]["salesforce"])["MQA_Stage__c"] == "engaged"
    assert "it is not deleted" in world.run("status").text
    people.door("salesforce", "sharing", {"ids": [ids[0]["salesforce"]], "hidden": False})
    assert later(world, "sync", "--full").code == 0
    assert account(world, ids[0]["salesforce"])["MQA_Stage__c"] == "engaged"
    quiet(world)
    assert "it is not deleted" not in world.run("status").text
    assert unclean(world) == ""


def test_a_conflict_of_an_account_that_is_no_more_closes_with_it(
    world: World, people: People, ids: list[dict[str, str]]
) -> None:
    quarrel(world, people, ids[0], ids[1], ids[2])
    assert later(world).code == 4
    people.archives_in_hubspot(ids[0]["hubspot"])
    people.merges_in_hubspot(ids[3]["hubspot"], ids[1]["hubspot"])
    ran = later(world)
    assert "1 Conflict open" in ran.text
    left = world.run("conflicts", "list", "--json").json
    assert [found["account"] for found in left] == ["Company 02 Inc."]


def test_another_website_or_name_changes_nothing_about_a_link(
    world: World, people: People, ids: list[dict[str, str]]
) -> None:
    people.in_salesforce(ids[0]["salesforce"], Website="https://www.renamed.example.com")
    people.in_hubspot(ids[1]["hubspot"], domain="moved-to.com", name="Quite Another Ltd.")
    # Nor does it when the new website is that of an account that is linked already.
    people.in_salesforce(ids[2]["salesforce"], Website="company03.com")
    assert later(world).code in {0, 4}
    linked = {found.records[SALESFORCE].id: found.records[HUBSPOT].id for found in accounts(world)}
    assert linked == {id["salesforce"]: id["hubspot"] for id in ids}
    for id in ids[:3]:
        people.in_salesforce(id["salesforce"], MQA_Stage__c="engaged")
    assert later(world).code in {0, 4}
    assert [company(world, id["hubspot"])["tandem_mqa_stage"] for id in ids[:3]] == ["engaged"] * 3
    assert company(world, ids[0]["hubspot"])["domain"] == "company00.com"
    assert company(world, ids[1]["hubspot"])["name"] == "Quite Another Ltd."
    assert len(world.org.store.table("Account").rows) == len(world.portal.shelf("companies").records) == 6


def test_hosts_of_many_and_names_of_nobody_make_no_match(
    world: World, people: People, ids: list[dict[str, str]]
) -> None:
    twins = (
        ("Bakery", "https://www.facebook.com/bakery", "facebook.com/butcher", "Butcher"),
        ("Florist", "florist.wixsite.com/shop", "jeweller.wixsite.com/home", "Jeweller"),
        ("Gmail user", "gmail.com", "gmail.com", "Another user"),
        ("n/a", "n/a", "", "n/a"),
        ("Test", "", "", "test"),
        ("Self-employed", "", "", "self employed"),
        # The domain beats the name.
        ("Globex GmbH", "globex.de", "initech.com", "Initech"),
    )
    world.configure("scope: {accounts: linked, create: false}")
    made = [
        (people.new_in_salesforce(Name=name, Website=site), people.new_in_hubspot(name=other, domain=host))
        for name, site, host, other in twins
    ]
    assert later(world).code == 0
    assert len(accounts(world)) == 6
    assert world.run("matches", "list", "--json").json == []
    assert later(world, "sync", "--full").code == 0
    assert len(accounts(world)) == 6
    assert len(made) == len(twins)


def test_two_linked_accounts_that_are_merged_in_both_crms_are_one(
    world: World, people: People, ids: list[dict[str, str]]
) -> None:
    survivor = people.merges_in_hubspot(ids[0]["hubspot"], ids[1]["hubspot"])
    people.merges_in_salesforce(ids[0]["salesforce"], ids[1]["salesforce"], user=TEAM[1])
    people.in_salesforce(ids[0]["salesforce"], MQA_Stage__c="engaged")
    assert later(world).code == 0
    assert later(world).code == 0
    assert {found.records[SALESFORCE].id: found.records[HUBSPOT].id for found in accounts(world)} == {
        ids[0]["salesforce"]: survivor,
        **{id["salesforce"]: id["hubspot"] for id in ids[2:]},
    }
    assert company(world, survivor)["tandem_mqa_stage"] == "engaged"
    assert world.run("matches", "list").code == 0
    quiet(world)
    assert unclean(world) == ""


# -- people --------------------------------------------------------------------------------------------------


def test_an_owner_whom_the_other_crm_does_not_know_is_held_until_somebody_invites_them(
    world: World, people: People, ids: list[dict[str, str]]
) -> None:
    stranger = people.users_of_salesforce()["tandem@example.com"]
    before = company(world, ids[0]["hubspot"])["hubspot_owner_id"]
    people.in_salesforce(ids[0]["salesforce"], OwnerId=stranger, MQA_Stage__c="engaged")
    ran = later(world)
    assert ran.code == 0
    assert "no active user has the e-mail tandem@example.com" in ran.text
    assert company(world, ids[0]["hubspot"])["hubspot_owner_id"] == before
    assert company(world, ids[0]["hubspot"])["tandem_mqa_stage"] == "engaged"
    order = {"email": "tandem@example.com", "first": "Tandem", "last": "Integration"}
    invited = people.door("hubspot", "owners", order)
    # Users are read once a day.
    world.clock.advance(24 * 3600)
    assert later(world).code == 0
    assert company(world, ids[0]["hubspot"])["hubspot_owner_id"] == invited["id"]
    quiet(world)
    assert unclean(world) == ""


def test_an_account_that_is_made_without_an_owner_is_not_given_its_maker(
    world: World, people: People, ids: list[dict[str, str]]
) -> None:
    order = {"email": "tandem@example.com", "first": "Tandem", "last": "Integration"}
    people.door("hubspot", "owners", order)
    fresh = people.new_in_hubspot(name="Fresh", domain="fresh.com", hs_is_target_account="true")
    assert later(world).code == 0
    quiet(world)
    assert company(world, fresh)["hubspot_owner_id"] in {None, ""}
    made = next(found for found in accounts(world) if found.link.domain == "fresh.com")
    # Whoever takes it over in sales is its owner in both.
    ben = people.users_of_salesforce()["ben.ortiz@example.com"]
    people.in_salesforce(made.records[SALESFORCE].id, OwnerId=ben)
    assert later(world).code == 0
    assert company(world, fresh)["hubspot_owner_id"] == people.owner_in_hubspot("ben.ortiz@example.com")


# -- newcomers -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("system", ["salesforce", "hubspot"])
def test_an_account_that_comes_into_scope_later_is_made_in_the_other_crm_exactly_once(
    world: World, people: People, ids: list[dict[str, str]], system: str
) -> None:
    if system == "salesforce":
        id = people.new_in_salesforce(Name="Newcomer", Website="https://www.newcomer.com/")
    else:
        id = people.new_in_hubspot(name="Newcomer", domain="newcomer.com")
    quiet(world)
    assert len(accounts(world)) == 6
    if system == "salesforce":
        people.in_salesforce(id, Target_Account__c=True, ABM_Tier__c="tier_1")
    else:
        people.in_hubspot(id, hs_is_target_account="true", hs_ideal_customer_profile="tier_1")
    ran = later(world)
    assert ran.code == 0, ran.text
    other = "hubspot" if system == "salesforce" else "salesforce"
    assert f"created {other} 1" in ran.text
    made = next(found for found in accounts(world) if found.link.domain == "newcomer.com")
    assert set(made.records) == {"salesforce", "hubspot"}
    assert tiers(world, {name: record.id for name, record in made.records.items()}) == ("tier_1", "tier_1")
    for _ in range(2):
        quiet(world)
    assert "nothing to do" in later(world, "sync", "--full").text
    assert len(world.org.store.table("Account").rows) == 7
    assert len(world.portal.shelf("companies").records) == 7


def test_an_account_without_a_website_is_made_elsewhere_as_soon_as_it_has_one(
    world: World, people: People, ids: list[dict[str, str]]
) -> None:
    id = people.new_in_salesforce(Name="Bare", Target_Account__c=True)
    assert later(world).code == 0
    assert len(world.portal.shelf("companies").records) == 6
    assert "no website in salesforce, so a duplicate cannot be ruled out" in world.run("status").text
    people.in_salesforce(id, Website="www.bare-metal.com")
    assert later(world).code == 0
    assert len(world.portal.shelf("companies").records) == 7
    made = next(found for found in accounts(world) if found.records[SALESFORCE].id == id)
    assert set(made.records) == {"salesforce", "hubspot"}
    assert company(world, made.records[HUBSPOT].id)["domain"] == "bare-metal.com"
    quiet(world)
    assert "no website" not in world.run("status").text


def test_a_counterpart_that_somebody_enters_later_joins_instead_of_being_made_twice(
    world: World, people: People, ids: list[dict[str, str]]
) -> None:
    people.new_in_salesforce(Name="Joining", Website="joining.com")
    quiet(world)
    company_id = people.new_in_hubspot(name="Joining Inc.", domain="joining.com", hs_is_target_account="true")
    assert later(world).code == 0
    made = next(found for found in accounts(world) if found.link.domain == "joining.com")
    assert made.records[HUBSPOT].id == company_id
    assert set(made.records) == {"salesforce", "hubspot"}
    assert len(world.org.store.table("Account").rows) == len(world.portal.shelf("companies").records) == 7
    quiet(world)


# -- scores --------------------------------------------------------------------------------------------------


def write_scores(world: World, *rows: str) -> None:
    text = "\n".join(["domain,score", *rows, ""])
    (world.folder / "scores.csv").write_text(text, encoding="utf-8")


def _map(world: World, text: str) -> None:
    folder = world.folder / "mappings"
    folder.mkdir()
    (folder / "canonical.yaml").write_text(text, encoding="utf-8")
    config = world.config.read_text(encoding="utf-8")
    world.config.write_text(f"{config}mapping: mappings/\n", encoding="utf-8")


def scored(world: World) -> int:
    with world.ledger() as ledger:
        return ledger.scores.counts(stale_before=world.clock.now()).total


def test_bad_rows_of_scores_are_told_by_line_and_nothing_is_taken(
    world: World, people: People, ids: list[dict[str, str]]
) -> None:
    write_scores(world, "company00.com,71.5", "company01.com,abc", ",5", "gmail.com,7", "company02.com,140")
    ran = world.run("scores", "import", "scores.csv")
    assert ran.code == 2
    assert "scores.csv:2:" not in ran.text
    for line in (3, 4, 5, 6):
        assert f"scores.csv:{line}:" in ran.text
    assert "--skip-bad" in ran.text
    assert scored(world) == 0
    assert world.run("scores", "import", "scores.csv", "--skip-bad").code == 0
    assert scored(world) == 1


def test_scores_reach_both_crms_and_only_what_moved_enough_is_pushed_again(
    world: World, people: People, ids: list[dict[str, str]]
) -> None:
    _map(world, "fields:\n  engagement_score:\n    rule: {dead_band: 1}\n")
    write_scores(world, *(f"https://www.company{number:02}.com/,{60 + number}" for number in range(6)))
    assert world.run("scores", "import", "scores.csv").code == 0
    people.in_salesforce(ids[0]["salesforce"], MQA_Stage__c="engaged")
    assert later(world, "scores", "push", "--yes").code == 0
    assert [float(account(world, id["salesforce"])["Engagement_Score__c"]) for id in ids] == [
        60,
        61,
        62,
        63,
        64,
        65,
    ]
    assert [float(company(world, id["hubspot"])["tandem_engagement_score"]) for id in ids] == [
        60,
        61,
        62,
        63,
        64,
        65,
    ]
    # Scores and nothing else: the stage waits for a sync.
    assert company(world, ids[0]["hubspot"])["tandem_mqa_stage"] is None
    assert later(world).code == 0
    assert company(world, ids[0]["hubspot"])["tandem_mqa_stage"] == "engaged"
    quiet(world)

    write_scores(world, "company00.com,60.4", "company01.com,80")
    assert world.run("scores", "import", "scores.csv").code == 0
    before = writes(world)
    assert later(world, "scores", "push", "--yes").code == 0
    assert float(account(world, ids[0]["salesforce"])["Engagement_Score__c"]) == 60
    assert float(company(world, ids[1]["hubspot"])["tandem_engagement_score"]) == 80
    assert float(account(world, ids[1]["salesforce"])["Engagement_Score__c"]) == 80
    assert writes(world)["hubspot"] == before["hubspot"] + 1
    quiet(world)
    # An old score is not pushed over a newer edit, and a score that somebody edits is put right again.
    people.in_hubspot(ids[1]["hubspot"], tandem_engagement_score="3")
    assert later(world).code == 0
    assert float(company(world, ids[1]["hubspot"])["tandem_engagement_score"]) == 80


def test_a_score_that_is_too_old_is_not_pushed(
    world: World, people: People, ids: list[dict[str, str]]
) -> None:
    write_scores(world, "company00.com,50")
    assert world.run("scores", "import", "scores.csv").code == 0
    world.clock.advance(8 * 24 * 3600)
    assert world.run("scores", "push", "--yes").code == 0
    assert company(world, ids[0]["hubspot"])["tandem_engagement_score"] is None


# -- outcomes ------------------------------------------------------------------------------------------------


def test_an_opportunity_that_is_reopened_is_no_longer_won(
    world: World, people: People, ids: list[dict[str, str]]
) -> None:
    opportunity = {"Name": "Pilot", "AccountId": ids[0]["salesforce"], "StageName": "Closed Won"}
    (id,) = people.collections([{**opportunity, "CloseDate": "2026-02-01", "Amount": 5000}], "Opportunity")
    told = later(world, "outcomes", "pull", "--json").json["salesforce"]
    assert (told["new"], told["won"], told["open"], told["unlinked"]) == (1, 1, 0, 0)
    people.salesforce("PATCH", f"sobjects/Opportunity/{id}", json={"StageName": "Negotiation/Review"})
    told = later(world, "outcomes", "pull", "--json").json["salesforce"]
    assert (told["changed"], told["won"], told["open"]) == (1, 0, 1)
    people.salesforce("DELETE", f"sobjects/Opportunity/{id}")
    told = later(world, "outcomes", "pull", "--json").json["salesforce"]
    assert (told["removed"], told["won"], told["open"]) == (1, 0, 0)


# -- one CRM alone -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("system", ["salesforce", "hubspot"])
def test_one_crm_alone_gets_fields_scores_and_gives_outcomes(tmp_path: Path, system: str) -> None:
    with open_world(tmp_path, systems=(system,)) as world:
        people = People(world)
        people.invite_the_team_to_hubspot()
        load(world, people, 3)
        world.configure("scope: {accounts: all}", systems=(system,))
        assert world.run("provision", "apply", "--yes").code == 0
        ran = later(world)
        assert ran.code == 0, ran.text
        assert len(accounts(world)) == 3
        write_scores(world, "company00.com,70", "company01.com,20")
        assert world.run("scores", "import", "scores.csv").code == 0
        assert later(world, "scores", "push", "--yes").code == 0
        ids = [found.records[SystemName(system)].id for found in accounts(world)]
        if system == "salesforce":
            assert float(account(world, ids[0])["Engagement_Score__c"]) == 70
            row = {"Name": "Pilot", "AccountId": ids[0], "StageName": "Closed Won", "CloseDate": "2026-02-01"}
            people.collections([row], "Opportunity")
        else:
            assert float(company(world, ids[0])["tandem_engagement_score"]) == 70
            deal = {"dealname": "Pilot", "dealstage": "closedwon", "pipeline": "default"}
            (deal_id,) = people.batches([deal], "deals")
            world.portal.associate("deals", deal_id, "companies", ids[0], (5, 341))
        told = later(world, "outcomes", "pull", "--json").json
        assert set(told) == {system}
        assert (told[system]["won"], told[system]["unlinked"], told[system]["without_account"]) == (1, 0, 0)
        assert later(world).code == 0
        assert world.run("report", "pipeline").code == 0
        assert world.run("plan").code == 0
        people.close()


# -- the service ---------------------------------------------------------------------------------------------


class Watched:
    """A service over a world, on the world's clock: waiting takes no time."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.waits: list[float] = []
        self.until = world.clock.now().timestamp()

    def run(self, seconds: float) -> list[str]:
        """Let it work for so long; answers with the kinds of the Runs that it made, oldest first."""
        settings = load_settings(self.world.config)
        connectors = self.world.connect()
        end = self.world.clock.now().timestamp() + seconds
        with self.world.ledger() as ledger:
            before = {run.id for run in ledger.runs.latest(1000)}
            rules = Rules(fields=settings.mapping.fields, scope=settings.scope)
            engine = Engine(connectors, ledger, settings.mapping, rules, clock=self.world.clock.now)
            intervals = Intervals(
                sync=settings.schedule.poll,
                full=settings.schedule.full_compare,
                outcomes=settings.schedule.outcomes,
            )
            Service(
                engine,
                ledger,
                intervals,
                Guard(),
                clock=self.world.clock.now,
                wait=self._wait,
                stopping=lambda: self.world.clock.now().timestamp() >= end,
            ).run()
            made = [run for run in ledger.runs.latest(1000) if run.id not in before]
        for connector in connectors.values():
            connector.close()
        return [f"{run.kind} {run.outcome}" for run in reversed(made)]

    def _wait(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.world.clock.advance(seconds)


def test_the_service_syncs_by_its_schedule_and_compares_everything_once_a_day(
    world: World, people: People, ids: list[dict[str, str]]
) -> None:
    people.in_salesforce(ids[0]["salesforce"], MQA_Stage__c="engaged")
    world.clock.advance(SETTLED)
    config = world.config.read_text(encoding="utf-8")
    world.config.write_text(
        f"{config}schedule: {{poll: 20m, full_compare: 24h, outcomes: 1h}}\n", encoding="utf-8"
    )
    made = Watched(world).run(2 * 3600 + 30)
    assert set(made) == {"full ok", "sync ok", "outcomes ok"}
    assert made.count("full ok") == 1
    assert made.count("outcomes ok") == 3
    assert made.count("sync ok") == 6
    assert company(world, ids[0]["hubspot"])["tandem_mqa_stage"] == "engaged"
    # What nobody saw change, such as a value set without a stamp, the daily compare finds.
    people.door("salesforce", "silent", {"id": ids[1]["salesforce"], "values": {"MQA_Stage__c": "awareness"}})
    world.clock.advance(22 * 3600)
    assert "full ok" in Watched(world).run(30)
    assert company(world, ids[1]["hubspot"])["tandem_mqa_stage"] == "awareness"


def test_a_service_whose_ledger_takes_nothing_waits_until_it_does(
    world: World, people: People, ids: list[dict[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A disk that filled up over night ended the service, and nothing was in step until somebody saw it."""
    people.in_salesforce(ids[0]["salesforce"], MQA_Stage__c="engaged")
    world.clock.advance(SETTLED)
    store, refusals = ServiceNote.set, iter(range(5))

    def full(note: ServiceNote, state: ServiceState) -> None:
        if next(refusals, None) is not None:
            raise LedgerError("the disk that holds the ledger is full", remedy="make room")
        store(note, state)

    monkeypatch.setattr(ServiceNote, "set", full)
    watched = Watched(world)
    assert "full ok" in watched.run(600)
    assert watched.waits[:5] == [60.0] * 5
    assert company(world, ids[0]["hubspot"])["tandem_mqa_stage"] == "engaged"


def test_a_service_whose_ledger_takes_nothing_says_so_by_its_exit_code(
    world: World, ids: list[dict[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise LedgerError("the disk that holds the ledger is full", remedy="make room")

    monkeypatch.setattr(ServiceNote, "set", full)
    ran = world.run("run", "--once")
    assert ran.code == 1
    assert "the disk that holds the ledger is full make room" in ran.text


def test_a_service_whose_crm_is_down_backs_off_and_says_why(
    world: World, people: People, ids: list[dict[str, str]]
) -> None:
    assert Watched(world).run(10)
    config = world.config.read_text(encoding="utf-8")
    world.config.write_text(f"{config}schedule: {{outcomes: 24h}}\n", encoding="utf-8")
    world.hubspot.fault(status=503, times=10_000)
    watched = Watched(world)
    made = watched.run(2 * 3600)
    failed = [kind for kind in made if kind.startswith("sync")]
    assert set(failed) == {"sync failed"}
    # 120 would be one a minute.
    assert 4 <= len(failed) <= 12
    world.hubspot.app.state.faults.clear()
    assert "sync ok" in watched.run(120)


def test_status_says_what_the_service_waits_for_while_it_runs(
    world: World, people: People, ids: list[dict[str, str]]
) -> None:
    world.hubspot.fault(status=503, times=10_000)
    told: list[Ran] = []
    states: list[ServiceState | None] = []

    class Curious(Watched):
        def _wait(self, seconds: float) -> None:
            if not told:
                told.append(self.world.run("status"))
                with self.world.ledger() as ledger:
                    states.append(ledger.service.get())
            super()._wait(seconds)

    Curious(world).run(60)
    assert "HubSpot or its edge failed with 503" in told[0].text
    (state,) = states
    assert state is not None
    assert state.troubles
    assert all(at >= state.seen_at for at in state.next.values())
    assert "the service is not running" in world.run("status").text


def test_guard_and_conflicts_do_not_stop_the_service(
    world: World, people: People, ids: list[dict[str, str]]
) -> None:
    quarrel(world, people, ids[0])
    people.in_salesforce(ids[1]["salesforce"], MQA_Stage__c="engaged")
    world.clock.advance(SETTLED)
    made = Watched(world).run(300)
    assert set(made) <= {"full ok", "sync ok", "outcomes ok"}
    assert company(world, ids[1]["hubspot"])["tandem_mqa_stage"] == "engaged"
    assert world.run("status").code == 4
