"""F83-F92: reading HubSpot: a search that lags, values with three states, merges and the recycle bin."""

from __future__ import annotations

import pytest

from tests.e2e.people import MARKETING, SALES
from tests.faults.scene import BEGINNING, HS_STAGE, HS_TARGET, HS_TIER, STAGE, TARGET, TIER, FiveAccounts
from tests.ids import HUBSPOT

SEARCH = {"path": r"/crm/.*/companies/search"}


@pytest.mark.sweep
def test_f83_a_search_that_lags_loses_nothing_and_undoes_nothing(scene: FiveAccounts) -> None:
    """A new record is missing from search for up to a minute, and a changed one is found with its old values.

    Search only tells who may have changed, looking back two and a half minutes; the values are read by id. What
    search does not know yet comes with the next Run.
    """
    new = scene.people.new_in_hubspot(MARKETING, name="Falk", domain="falk.net", **{HS_TARGET: "true"})
    scene.sales("Acme", ABM_Tier__c="tier_1")
    scene.marketing("Blume", hs_ideal_customer_profile="tier_3")
    scene.world.hubspot.fault(fault="F83", lag=60, seconds=130)
    scene.later(5)
    ran = scene.sync()
    assert ran.code == 0, ran.text
    assert scene.company("Acme")[HS_TIER] == "tier_1"
    assert scene.account("Blume")[TIER] == "tier_2"
    # Search still finds Acme with the value from before our own write.
    scene.later(30)
    scene.quiet()
    scene.later(60)
    ran = scene.sync()
    assert ran.code == 0, ran.text
    assert scene.account("Blume")[TIER] == "tier_3"
    assert scene.company("Acme")[HS_TIER] == "tier_1"
    assert scene.living_accounts().count("Falk") == 1
    assert scene.record(new).live
    scene.settled()


@pytest.mark.sweep
def test_f84_no_search_goes_past_its_limit(scene: FiveAccounts) -> None:
    """400 past 10,000 results of one search.

    Pages by the last id that was read and never by offset, so no search comes near the limit; should HubSpot
    refuse all the same, the Run ends and the next one goes on.
    """
    scene.marketing("Acme", hs_ideal_customer_profile="tier_1")
    scene.later()
    scene.world.hubspot.fault(fault="F84")
    ran = scene.sync()
    assert ran.code == 1
    assert "10,000" in ran.text
    scene.settled()
    assert scene.account("Acme")[TIER] == "tier_1"


@pytest.mark.sweep
def test_f85_any_number_of_records_with_one_stamp_is_read_by_id(scene: FiveAccounts) -> None:
    """More records with one `hs_lastmodifieddate` than a page, or than a whole search, can hold.

    Holds the time bounds fixed and goes on behind the last id.
    """
    scene.world.portal.load("companies", [{"name": f"Load {n}"} for n in range(450)])
    scene.later()
    searches = len(scene.sent("hubspot", "POST", "/companies/search"))
    ran = scene.sync()
    assert ran.code == 0, ran.text
    assert len(scene.sent("hubspot", "POST", "/companies/search")) - searches == 3
    with scene.world.ledger() as ledger:
        assert ledger.accounts.counts()["hubspot"].present == 455
    scene.settled()


@pytest.mark.sweep
def test_f86_a_stamp_that_moves_alone_writes_nothing(scene: FiveAccounts) -> None:
    """The stamp moved and no value changed: scores, scripts, associations.

    Compares values: nothing is planned and nothing written.
    """
    scene.people.door("hubspot", "touch", {"object": "companies"})
    scene.later()
    scene.quiet()


@pytest.mark.sweep
def test_f87_never_set_and_set_to_false_are_told_apart(scene: FiveAccounts) -> None:
    """`null`, absent and `"false"` mean different things.

    A property that nobody ever set is blank and takes the other System's value; one that somebody set to false
    is an answer, and an edit.
    """
    scene.people.new_in_salesforce(
        SALES, Name="Falk", Website="falk.net", **{**BEGINNING, TARGET: True, TIER: None}
    )
    falk = scene.people.new_in_hubspot(MARKETING, name="Falk", domain="falk.net")
    scene.later()
    assert scene.sync().code == 0
    assert scene.record(falk).values[HS_TARGET] == "true"
    scene.marketing("Acme", hs_is_target_account="false")
    scene.later()
    assert scene.sync().code == 0
    assert scene.account("Acme")[TARGET] is False
    scene.settled()


@pytest.mark.sweep
def test_f88_moments_are_compared_as_moments(scene: FiveAccounts) -> None:
    """One moment is printed as `…13Z` here and as `…13.000Z` there.

    Parses every moment; a record whose stamp is merely printed otherwise is not read again.
    """
    assert scene.now.microsecond == 0
    scene.marketing("Acme", hs_ideal_customer_profile="tier_1")
    scene.later(0.5)
    scene.marketing("Blume", hs_ideal_customer_profile="tier_3")
    scene.later()
    assert scene.sync().code == 0
    assert scene.account("Acme")[TIER] == "tier_1"
    assert scene.account("Blume")[TIER] == "tier_3"
    reads = len(scene.sent("hubspot", "POST", "/batch/read"))
    scene.later(10)
    scene.quiet()
    assert len(scene.sent("hubspot", "POST", "/batch/read")) == reads
    scene.settled()


def test_f89_a_misspelt_property_is_told_before_anything_is_read(scene: FiveAccounts) -> None:
    """A property that does not exist is silently absent from every answer.

    Checks the names against the definitions: the field waits, with its name and what to do, and no blank is taken for
    an edit; the other fields go on.
    """
    folder = scene.world.folder / "mappings"
    folder.mkdir()
    (folder / "hubspot.yaml").write_text("fields: {mqa_stage: {name: tandem_mqa_stag}}\n", encoding="utf-8")
    scene.world.configure("mapping: mappings/")
    scene.later()
    ran = scene.sync()
    assert ran.code == 0
    assert "hubspot no longer shows tandem_mqa_stag" in ran.text
    assert "fix it: tandem provision apply" in ran.text
    assert scene.account("Acme")[STAGE] == "awareness"
    scene.world.configure()
    scene.settled()


@pytest.mark.sweep
def test_f90_the_link_follows_a_merge_to_the_new_company(scene: FiveAccounts) -> None:
    """Two companies are merged: the survivor has a third id, and a read of the old one answers with it.

    The Link moves to the survivor's id; nothing is made anew, and the next edit reaches the survivor.
    """
    other = scene.people.new_in_hubspot(MARKETING, name="Acme Corp", domain="acme-corp.com")
    scene.later()
    assert scene.sync().code == 0
    survivor = scene.people.merges_in_hubspot(scene.companies["Acme"], other)
    scene.companies["Acme"] = survivor
    scene.sales("Acme", ABM_Tier__c="tier_1")
    scene.later()
    ran = scene.sync()
    assert ran.code == 0, ran.text
    assert scene.links() == 5
    assert scene.record(survivor).values[HS_TIER] == "tier_1"
    assert len(scene.living_companies()) == 5
    assert scene.living_accounts() == sorted(scene.accounts)
    scene.settled(again=True)


@pytest.mark.sweep
def test_f91_an_id_that_left_the_list_is_looked_for_among_the_merged(scene: FiveAccounts) -> None:
    """An id is gone from the list and is not archived.

    A full read asks what became of it, finds it in the survivor's `hs_merged_object_ids` and moves the Link;
    two linked companies that became one leave one Link and a question to a person.
    """
    survivor = scene.people.merges_in_hubspot(scene.companies["Acme"], scene.companies["Blume"])
    scene.later()
    ran = scene.sync("--full")
    assert ran.code == 4, ran.text
    assert scene.links() == 4
    assert scene.living_accounts() == sorted(scene.accounts)
    with scene.world.ledger() as ledger:
        record = ledger.accounts.record(HUBSPOT, survivor)
        asked = [stored.match.members for stored in ledger.matches.list()]
    assert record is not None
    assert record.link_id is not None
    assert len(asked) == 1
    before = (dict(scene.account("Acme")), dict(scene.account("Blume")), dict(scene.record(survivor).values))
    for _ in range(2):
        scene.later()
        scene.quiet("--full")
    assert (scene.account("Acme"), scene.account("Blume"), scene.record(survivor).values) == before


@pytest.mark.sweep
def test_f92_a_company_that_is_restored_finds_its_account_again(scene: FiveAccounts) -> None:
    """A company is archived, and later restored with the same id.

    The archive ends the Link and deletes nothing in Salesforce, nor is the company made anew; a restore moves
    no stamp, so the next full read links it again, and what was edited meanwhile goes there.
    """
    scene.people.archives_in_hubspot(scene.companies["Acme"])
    scene.later()
    ran = scene.sync()
    assert ran.code == 0, ran.text
    assert scene.links() == 4
    assert not scene.account("Acme")["IsDeleted"]
    scene.sales("Acme", ABM_Tier__c="tier_1")
    scene.later()
    assert scene.sync().code == 0
    assert "Acme" not in scene.living_companies()
    scene.people.door("hubspot", "restore", {"object": "companies", "ids": [scene.companies["Acme"]]})
    scene.later()
    ran = scene.sync("--full")
    assert ran.code == 0, ran.text
    assert scene.links() == 5
    assert scene.living_companies() == sorted(scene.companies)
    assert scene.conflicts() == {}
    assert scene.company("Acme")[HS_TIER] == "tier_1"
    assert scene.company("Acme")[HS_STAGE] == scene.account("Acme")[STAGE]
