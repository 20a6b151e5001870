"""What happens to accounts over weeks: quarrels, deletions, merges, people, newcomers."""

from __future__ import annotations

import pytest

from sync.model.records import NativeId
from tests.e2e.crms import account, accounts, company, unclean, writes
from tests.e2e.in_step.steps import TIERS, labels, later, quiet, tiers
from tests.e2e.people import TEAM, People
from tests.ids import HUBSPOT, SALESFORCE
from tests.world import World

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
