"""F10-F25: reading Salesforce: pages, stamps that lie, records that go and come back."""

from __future__ import annotations

import pytest

from tests.faults.scene import HS_TIER, STAGE, TIER, WRITES, FiveAccounts
from tests.ids import HUBSPOT, SALESFORCE

QUERY = r"/services/data/v\d+\.0/query"
#: The changes of accounts, whose pages follow under /query/.
CHANGES = {"match": {"path": QUERY + r"(All|/)"}}


@pytest.mark.sweep
def test_f10_short_pages_are_followed_to_the_end(scene: FiveAccounts) -> None:
    """A page holds fewer rows than were asked for, and `done` is false.

    Follows `nextRecordsUrl` until `done` is true, whatever a page holds.
    """
    for name in ("Acme", "Dunlin", "Egret"):
        scene.sales(name, ABM_Tier__c="tier_1")
    scene.later()
    scene.world.salesforce.fault(fault="F10", size=1, times=50, **CHANGES)
    ran = scene.sync()
    assert ran.code == 0, ran.text
    assert len(scene.sent("salesforce", "GET", "/query/"))
    assert [scene.company(name)[HS_TIER] for name in ("Acme", "Dunlin", "Egret")] == ["tier_1"] * 3
    scene.settled()


def test_f11_pages_that_die_half_way_are_begun_again_after_the_last_row(scene: FiveAccounts) -> None:
    """400 INVALID_QUERY_LOCATOR in the middle of a read.

    Asks anew for what follows the last row that came, by stamp and id; no row is left out and the Run goes on.
    """
    for name in ("Acme", "Dunlin", "Egret"):
        scene.sales(name, ABM_Tier__c="tier_1")
    scene.later()
    scene.world.salesforce.fault(fault="F10", size=1, times=50, **CHANGES)
    scene.world.salesforce.fault(fault="F11")
    ran = scene.sync()
    assert ran.code == 0, ran.text
    again = scene.sent("salesforce", "GET", "/queryAll")
    assert len([call for call in again if "Id+%3E" in call["query"] or "Id%20%3E" in call["query"]]) == 1
    assert [scene.company(name)[HS_TIER] for name in ("Acme", "Dunlin", "Egret")] == ["tier_1"] * 3
    scene.settled()


@pytest.mark.sweep
@pytest.mark.parametrize("code", [414, 431])
def test_f12_long_lists_of_ids_never_stand_in_an_address(scene: FiveAccounts, code: int) -> None:
    """414 or 431 because a list of ids makes the address too long.

    Sends lists of ids in the body of a composite call, so this does not come about; where a proxy refuses even
    a short address, the Run ends (exit code 1) and goes on from the Cursor next time.
    """
    scene.people.door("salesforce", "sharing", {"ids": list(scene.accounts.values())[:2]})
    scene.later()
    ran = scene.sync("--full")
    assert ran.code == 0, ran.text
    assert not [call for call in scene.sent("salesforce", "GET", "/query") if "+IN+" in call["query"]]
    assert not [call for call in scene.sent("salesforce", "GET", "/query") if len(call["query"]) > 2_000]
    scene.people.door("salesforce", "sharing", {"ids": list(scene.accounts.values())[:2], "hidden": False})
    scene.sales("Corvid", ABM_Tier__c="tier_1")
    scene.world.salesforce.fault(fault="F12", code=code, match={"path": QUERY + "All"})
    scene.later()
    assert scene.sync().code == 1
    scene.later()
    assert scene.sync("--full").code == 0
    assert scene.company("Corvid")[HS_TIER] == "tier_1"
    scene.settled()


@pytest.mark.sweep
def test_f13_a_field_that_is_taken_away_is_held_and_the_others_go_on(scene: FiveAccounts) -> None:
    """400 INVALID_FIELD: the connected user lost sight of a field that it read yesterday.

    Says which field is lost, leaves that field alone in all CRMs and keeps the others in step; once it is back,
    a full read carries what was edited meanwhile.
    """
    scene.people.door("salesforce", "fields", {"fields": ["Account.ABM_Tier__c"]})
    scene.marketing("Acme", hs_ideal_customer_profile="tier_1", tandem_mqa_stage="engaged")
    scene.later()
    ran = scene.sync()
    assert ran.code == 0, ran.text
    assert "ABM_Tier__c" in ran.text
    assert "tandem provision" in ran.text
    assert scene.account("Acme")[STAGE] == "engaged"
    assert scene.account("Acme")[TIER] == "tier_2"
    assert "ABM_Tier__c" in scene.world.run("status").text
    scene.later()
    again = scene.sync()
    assert again.code == 0, again.text
    assert "ABM_Tier__c" in again.text
    scene.people.door("salesforce", "fields", {"fields": ["Account.ABM_Tier__c"], "hidden": False})
    scene.settled()
    assert scene.account("Acme")[TIER] == "tier_1"
    assert "ABM_Tier__c" not in scene.world.run("status").text


@pytest.mark.sweep
def test_f13_a_field_that_goes_between_two_calls_of_a_run_is_asked_for_once_more(scene: FiveAccounts) -> None:
    """400 INVALID_FIELD right after the definitions said that the field is there.

    Where it goes within a Run, the definitions are read again, once; a field that they show and that cannot be read
    ends the Run (exit code 1) with its name.
    """
    scene.sales("Acme", MQA_Stage__c="engaged")
    scene.later()
    scene.world.salesforce.fault(fault="F13", field=TIER, match={"path": QUERY + "All"})
    ran = scene.sync()
    assert ran.code == 0, ran.text
    assert scene.company("Acme")["tandem_mqa_stage"] == "engaged"
    before = scene.cursor("salesforce")
    scene.later()
    scene.world.salesforce.fault(fault="F13", field=TIER, match={"path": QUERY + "All"}, seconds=60)
    ran = scene.sync()
    assert ran.code == 1
    assert "No such column 'ABM_Tier__c' on entity 'Account'" in ran.text
    assert "tandem provision plan" in ran.text
    assert scene.cursor("salesforce") == before
    scene.settled()


@pytest.mark.sweep
def test_f14_a_row_that_turns_up_late_with_an_older_stamp_is_not_missed(scene: FiveAccounts) -> None:
    """A row becomes visible after the read that should have found it, with an older stamp.

    Every read looks back by five minutes before the Cursor; rows that were seen are recognised by their values.
    """
    scene.people.door("salesforce", "settings", {"commit_lag": 30})
    scene.sales("Acme", ABM_Tier__c="tier_1")
    scene.later(10)
    scene.quiet()
    scene.people.door("salesforce", "settings", {"commit_lag": 0})
    scene.later(60)
    ran = scene.sync()
    assert ran.code == 0, ran.text
    assert scene.company("Acme")[HS_TIER] == "tier_1"
    scene.settled()


@pytest.mark.sweep
def test_f15_thousands_of_rows_with_one_stamp_are_read_by_stamp_and_id(scene: FiveAccounts) -> None:
    """More rows with one identical SystemModstamp than a page holds.

    Reads in the order of stamp and id, so that a broken read goes on behind the very row where it stopped.
    """
    stamp = scene.now.strftime("%Y-%m-%dT%H:%M:%S.000+0000")
    rows = [{"Name": f"Load {n}", "SystemModstamp": stamp, "LastModifiedDate": stamp} for n in range(40)]
    scene.people.door("salesforce", "load", {"object": "Account", "rows": rows})
    scene.later()
    scene.world.salesforce.fault(fault="F10", size=9, times=50, **CHANGES)
    scene.world.salesforce.fault(fault="F11", after=1)
    ran = scene.sync()
    assert ran.code == 0, ran.text
    with scene.world.ledger() as ledger:
        assert ledger.accounts.counts()["salesforce"].present == 45
    scene.settled()


@pytest.mark.sweep
def test_f16_a_write_that_is_not_visible_yet_is_not_undone(scene: FiveAccounts) -> None:
    """A row that was just written is invisible to queries for some seconds.

    Remembers from when on a read can know of the write; an older copy is put aside, and is no edit.
    """
    scene.marketing("Acme", hs_ideal_customer_profile="tier_1")
    scene.later()
    scene.world.salesforce.fault(fault="F16", lag=20, match=WRITES, seconds=1)
    ran = scene.sync()
    assert ran.code == 0, ran.text
    scene.later(1)
    scene.quiet("--full")
    scene.later()
    scene.quiet("--full")
    assert scene.account("Acme")[TIER] == "tier_1"
    assert scene.company("Acme")[HS_TIER] == "tier_1"


@pytest.mark.sweep
def test_f17_a_value_that_changes_without_a_stamp_is_found_by_the_full_read(scene: FiveAccounts) -> None:
    """A value changed and no stamp did, as formula fields do.

    The full compare (`schedule.full_compare`, every 24 hours unless told; `tandem sync --full`) reads every
    record and finds it.
    """
    scene.people.door(
        "salesforce", "silent", {"id": scene.accounts["Acme"], "values": {"ABM_Tier__c": "tier_1"}}
    )
    scene.later()
    scene.quiet()
    scene.later()
    ran = scene.sync("--full")
    assert ran.code == 0, ran.text
    assert scene.company("Acme")[HS_TIER] == "tier_1"
    scene.settled()


def test_f18_a_stamp_that_moves_alone_writes_nothing(scene: FiveAccounts) -> None:
    """The stamp changed and no mapped value did: a trigger, a roll-up, sharing.

    Compares values: nothing is planned and nothing written.
    """
    scene.people.door("salesforce", "touch", {"ids": list(scene.accounts.values())})
    scene.later()
    scene.quiet()


@pytest.mark.sweep
def test_f19_a_trimmed_delete_log_hides_no_delete(scene: FiveAccounts) -> None:
    """getDeleted reaches back less far than was asked.

    Cannot happen: Tandem never asks the delete log; `queryAll` tells deleted records by `IsDeleted`, and the
    full read looks for ids that went missing.
    """
    scene.world.salesforce.fault(fault="F19", kept=1, seconds=3600)
    scene.people.deletes_in_salesforce(scene.accounts["Egret"])
    scene.later()
    ran = scene.sync()
    assert ran.code == 0, ran.text
    assert "closed 1" in ran.text
    assert not scene.sent("salesforce", "GET", "/deleted")
    assert scene.record(scene.companies["Egret"]).live


@pytest.mark.sweep
def test_f20_a_covered_date_that_stays_behind_hides_no_change(scene: FiveAccounts) -> None:
    """getUpdated covers less than was asked.

    Cannot happen: Tandem never asks getUpdated; it queries by stamp, and the Cursor is Salesforce's own time at
    the beginning of the read.
    """
    scene.world.salesforce.fault(fault="F20", lag=600, seconds=3600)
    scene.sales("Acme", ABM_Tier__c="tier_1")
    scene.later()
    assert scene.sync().code == 0
    assert not scene.sent("salesforce", "GET", "/updated")
    assert scene.company("Acme")[HS_TIER] == "tier_1"
    scene.settled()


@pytest.mark.sweep
def test_f21_a_record_that_sharing_hides_is_not_deleted(scene: FiveAccounts) -> None:
    """A record disappears because sharing changed.

    Pauses the account and says that it is invisible, not deleted; the Link stays, the company is left alone,
    and what was edited meanwhile is carried once the record shows again.
    """
    ids = [scene.accounts["Acme"]]
    scene.people.door("salesforce", "sharing", {"ids": ids})
    scene.marketing("Acme", hs_ideal_customer_profile="tier_1")
    scene.later()
    ran = scene.sync("--full")
    assert ran.code == 0, ran.text
    assert scene.links() == 5
    assert [item.hold.code for item in scene.held()] == ["invisible"]
    assert "it is not deleted" in scene.world.run("status").text
    assert scene.record(scene.companies["Acme"]).live
    assert scene.living_companies() == sorted(scene.companies)
    scene.people.door("salesforce", "sharing", {"ids": ids, "hidden": False})
    scene.later()
    assert scene.sync("--full").code == 0
    assert scene.account("Acme")[TIER] == "tier_1"
    assert scene.held() == []
    scene.settled()


@pytest.mark.sweep
def test_f22_the_link_follows_a_merge_to_the_account_that_is_left(scene: FiveAccounts) -> None:
    """Two accounts are merged: the loser is deleted and names its master.

    The Link moves to the surviving account; the company stays, nothing is deleted and nothing made anew.
    """
    other = scene.people.new_in_salesforce(Name="Acme Inc", Website="acme-inc.com", ABM_Tier__c="tier_3")
    scene.later()
    assert scene.sync().code == 0
    scene.people.merges_in_salesforce(other, scene.accounts["Acme"])
    scene.later()
    ran = scene.sync()
    assert ran.code in {0, 4}, ran.text
    assert scene.links() == 5
    assert scene.record(scene.companies["Acme"]).live
    assert scene.living_companies() == sorted(scene.companies)
    with scene.world.ledger() as ledger:
        record = ledger.accounts.record(SALESFORCE, other)
        company = ledger.accounts.record(HUBSPOT, scene.companies["Acme"])
    assert record is not None
    assert company is not None
    assert record.link_id == company.link_id
    # The survivor's own tier differs from what was agreed on: that is an edit like any other.
    assert scene.row(other)[TIER] == scene.company("Acme")[HS_TIER]


@pytest.mark.sweep
def test_f23_two_links_that_become_one_are_settled_without_a_flip_flop(scene: FiveAccounts) -> None:
    """A merge leaves one account for two linked companies.

    The surviving account keeps its own Link; the other Link ends, and the company left behind waits for a
    person (`tandem status` counts it). Neither company is written from both, however often Tandem runs.
    """
    scene.people.merges_in_salesforce(scene.accounts["Acme"], scene.accounts["Blume"])
    scene.later()
    ran = scene.sync()
    assert ran.code == 4, ran.text
    assert scene.links() == 4
    blume = dict(scene.company("Blume"))
    for _ in range(3):
        scene.later()
        scene.quiet("--full")
    scene.marketing("Blume", hs_ideal_customer_profile="tier_3")
    scene.later()
    scene.quiet()
    assert scene.account("Acme")[TIER] == "tier_2"
    assert scene.company("Blume")["tandem_mqa_stage"] == blume["tandem_mqa_stage"]
    assert scene.living_companies() == sorted(scene.companies)
    assert scene.living_accounts() == ["Acme", "Corvid", "Dunlin", "Egret"]
    with scene.world.ledger() as ledger:
        asked = [stored.match for stored in ledger.matches.list()]
    # Are the two companies one as well? Yes: the one left behind waits to be merged there; no: it is its own account.
    assert [match.members for match in asked] == [
        (("hubspot", scene.companies["Acme"]), ("hubspot", scene.companies["Blume"]))
    ]
    assert "was merged into" in asked[0].evidence
    assert "1 match waits for a person: tandem matches list" in scene.world.run("status").text


@pytest.mark.sweep
def test_f24_a_write_to_a_record_that_was_just_deleted_asks_what_became_of_it(scene: FiveAccounts) -> None:
    """404 ENTITY_IS_DELETED: the record went between read and write.

    The row is held; the next Run asks `queryAll` what became of it, and closes the Link, follows the merge, or
    writes once it is back.
    """
    scene.marketing("Acme", hs_ideal_customer_profile="tier_1")
    scene.later()
    scene.refuse("F24", scene.accounts["Acme"])
    ran = scene.sync()
    assert ran.code == 0, ran.text
    assert [item.hold.code for item in scene.held()] == ["ENTITY_IS_DELETED"]
    # It was not deleted for good: somebody took it out of the bin.
    scene.settled()
    assert scene.held() == []
    assert scene.account("Acme")[TIER] == "tier_1"


@pytest.mark.sweep
def test_f25_an_account_that_comes_back_finds_its_company_again(scene: FiveAccounts) -> None:
    """An account that was deleted is taken out of the bin.

    Its Link opens again with the same company and goes on where it ended; no second company is made.
    """
    scene.people.deletes_in_salesforce(scene.accounts["Acme"])
    scene.later()
    ran = scene.sync()
    assert ran.code == 0, ran.text
    assert scene.links() == 4
    assert scene.record(scene.companies["Acme"]).live
    scene.later(3 * 24 * 3600)
    scene.people.door("salesforce", "undelete", {"ids": [scene.accounts["Acme"]]})
    scene.later()
    ran = scene.sync()
    assert ran.code == 0, ran.text
    assert scene.links() == 5
    assert scene.living_companies() == sorted(scene.companies)
    scene.sales("Acme", ABM_Tier__c="tier_1")
    scene.settled()
    assert scene.company("Acme")[HS_TIER] == "tier_1"
