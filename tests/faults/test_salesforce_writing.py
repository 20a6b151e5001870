"""F26-F45: writing to Salesforce: rows that are refused, answers that are lost, automation that has its own mind."""

from __future__ import annotations

import pytest

from tests.e2e.people import MARKETING, SALES
from tests.faults.scene import CREATES, HS_STAGE, HS_TIER, SCORE, STAGE, TARGET, TIER, FiveAccounts
from tests.ids import HUBSPOT, SALESFORCE
from tests.simulation.wire_tap import Tap, tapped

DATA = r"/services/data/v\d+\.0/"
NEW = {"hs_is_target_account": "true", "hs_ideal_customer_profile": "tier_1"}


def only_in_hubspot(scene: FiveAccounts, *names: str) -> list[str]:
    """Companies that Salesforce lacks and that Tandem is to create there."""
    ben = scene.company("Acme")["hubspot_owner_id"]
    return [
        scene.people.new_in_hubspot(
            MARKETING, name=name, domain=f"{name.lower()}.net", hubspot_owner_id=ben, **NEW
        )
        for name in names
    ]


def held_codes(scene: FiveAccounts) -> list[tuple[str, str]]:
    """Field and code of everything that is held."""
    return [(item.hold.field, item.hold.code) for item in scene.held()]


@pytest.mark.sweep
def test_f26_several_records_under_one_key_hold_the_row(scene: FiveAccounts) -> None:
    """300 with a list of addresses: several records answer to one external id.

    Takes it for an error: the record is held with what to do about the duplicates, nothing is picked, and it is
    created once the key is unique again.
    """
    only_in_hubspot(scene, "Falk")
    scene.later()
    scene.world.salesforce.fault(fault="F26", match=CREATES)
    ran = scene.sync()
    assert ran.code == 0, ran.text
    assert held_codes(scene) == [("", "DUPLICATE_EXTERNAL_ID")]
    assert "Falk" not in scene.living_accounts()
    scene.settled()
    assert scene.living_accounts().count("Falk") == 1
    assert scene.held() == []


@pytest.mark.sweep
def test_f27_a_key_never_stands_in_an_address(scene: FiveAccounts) -> None:
    """A false 404 for an external id with a dot in an address.

    Cannot happen: keys stand in the bodies of collections, never in an address.
    """
    only_in_hubspot(scene, "Falk")
    scene.later()
    scene.world.salesforce.fault(fault="F27", match={"path": DATA + r"sobjects/Account/Tandem_Id__c/"})
    assert scene.sync().code == 0
    link = next(row for row in scene.world.org.store.rows("Account") if row["Name"] == "Falk")["Tandem_Id__c"]
    assert not [call for call in scene.world.salesforce.calls()["recent"] if link in call["path"]]
    scene.settled()


@pytest.mark.sweep
def test_f28_any_status_of_success_is_success(scene: FiveAccounts) -> None:
    """An upsert that updated answers 200 or 204 by version, one that created 201.

    Upserts go by collections, whose rows say `created`; what was made is counted by that, not by the status.
    """
    only_in_hubspot(scene, "Falk")
    scene.later()
    scene.world.salesforce.fault(fault="F28", seconds=60)
    ran = scene.sync()
    assert ran.code == 0, ran.text
    assert "created salesforce 1" in ran.text
    scene.settled()
    assert scene.living_accounts().count("Falk") == 1


@pytest.mark.sweep
@pytest.mark.parametrize("status", [200, 400])
def test_f29_rows_count_whatever_the_status_says(scene: FiveAccounts, status: int) -> None:
    """200, or 400, with rows of which some failed.

    Judges each row by its own `success`, never by the status: the good ones are written, the bad one is held.
    """
    for name in ("Acme", "Blume"):
        scene.marketing(name, hs_ideal_customer_profile="tier_1")
    scene.later()
    scene.refuse("F37", scene.accounts["Acme"])
    if status == 400:
        scene.world.salesforce.fault(fault="F29", seconds=1, match={"path": DATA + "composite"})
    ran = scene.sync()
    assert ran.code == 0, ran.text
    assert scene.account("Acme")[TIER] == "tier_2"
    assert scene.account("Blume")[TIER] == "tier_1"
    assert held_codes(scene) == [("", "FIELD_CUSTOM_VALIDATION_EXCEPTION")]
    scene.settled()
    assert scene.account("Acme")[TIER] == "tier_1"


@pytest.mark.sweep
def test_f30_good_rows_of_a_rolled_back_collection_are_written(scene: FiveAccounts) -> None:
    """ALL_OR_NONE_OPERATION_ROLLED_BACK on rows that are good.

    Sends `allOrNone: false`; where automation rolls all back all the same, the rows are sent again in smaller
    groups until the bad one stands alone.
    """
    only_in_hubspot(scene, "Falk", "Gull")
    scene.later()
    rolled = {
        "statusCode": "ALL_OR_NONE_OPERATION_ROLLED_BACK",
        "message": "Record rolled back",
        "fields": [],
    }
    body = [{"success": False, "errors": [rolled]}, {"success": False, "errors": [rolled]}]
    scene.world.salesforce.fault(status=200, body=body, match=CREATES)
    ran = scene.sync()
    assert ran.code == 0, ran.text
    assert "created salesforce 2" in ran.text
    assert held_codes(scene) == []
    scene.settled()


@pytest.mark.sweep
def test_f31_a_failed_row_without_an_id_is_known_by_its_place(scene: FiveAccounts) -> None:
    """A row that was not created has no id.

    Matches rows by their place in the call: the one that failed is held, the other is linked to the right
    company.
    """
    companies = only_in_hubspot(scene, "Falk", "Gull")
    scene.later()
    scene.refuse("F37", 0)
    ran = scene.sync()
    assert ran.code == 0, ran.text
    made = [name for name in ("Falk", "Gull") if name in scene.living_accounts()]
    assert len(made) == 1
    rows = {str(row["Name"]): row for row in scene.world.org.store.rows("Account")}
    with scene.world.ledger() as ledger:
        company = ledger.accounts.record(HUBSPOT, companies[("Falk", "Gull").index(made[0])])
        account = ledger.accounts.record(SALESFORCE, str(rows[made[0]]["Id"]))
    assert company is not None
    assert account is not None
    assert company.link_id == account.link_id
    scene.settled()
    assert {"Falk", "Gull"} < set(scene.living_accounts())


def test_f32_several_edits_of_one_record_are_one_row(scene: FiveAccounts) -> None:
    """The same record twice in one call is refused.

    Puts all Changes of a record into one row before anything is sent.
    """
    scene.marketing("Acme", hs_ideal_customer_profile="tier_1")
    scene.marketing("Acme", tandem_mqa_stage="engaged")
    scene.later()
    ran = scene.sync()
    assert ran.code == 0, ran.text
    assert "written salesforce 2" in ran.text
    assert (scene.account("Acme")[TIER], scene.account("Acme")[STAGE]) == ("tier_1", "engaged")
    scene.settled()


@pytest.mark.sweep
def test_f33_a_locked_row_is_tried_again_alone(scene: FiveAccounts) -> None:
    """UNABLE_TO_LOCK_ROW on some rows.

    Tries these rows again alone after 1 to 10 seconds, three times, within the same Run; the others are written
    at once.
    """
    for name in ("Acme", "Blume"):
        scene.marketing(name, hs_ideal_customer_profile="tier_1")
    scene.later()
    scene.refuse("F33", scene.accounts["Acme"], seconds=2)
    began = scene.now
    ran = scene.sync()
    assert ran.code == 0, ran.text
    assert 2 <= (scene.now - began).total_seconds() <= 30
    assert scene.account("Acme")[TIER] == scene.account("Blume")[TIER] == "tier_1"
    assert held_codes(scene) == []
    scene.settled()


@pytest.mark.sweep
def test_f33_a_row_that_stays_locked_is_held_and_written_by_a_later_run(scene: FiveAccounts) -> None:
    """UNABLE_TO_LOCK_ROW that lasts.

    Where a lock outlasts that, the row is held and comes with a later Run.
    """
    scene.marketing("Acme", hs_ideal_customer_profile="tier_1")
    scene.later()
    scene.refuse("F33", scene.accounts["Acme"], seconds=600)
    ran = scene.sync()
    assert ran.code == 0, ran.text
    assert held_codes(scene) == [("", "UNABLE_TO_LOCK_ROW")]
    scene.settled()
    assert scene.account("Acme")[TIER] == "tier_1"


def refused_as_a_duplicate(scene: FiveAccounts, fault: str) -> None:
    only_in_hubspot(scene, "Falk", "Gull")
    scene.later()
    scene.refuse(fault, 0, twin=scene.accounts["Acme"])
    ran = scene.sync()
    assert ran.code == 0, ran.text
    assert held_codes(scene) == [("", "DUPLICATES_DETECTED")]
    assert len([name for name in ("Falk", "Gull") if name in scene.living_accounts()]) == 1
    assert scene.links() == 7
    with scene.world.ledger() as ledger:
        twin = ledger.accounts.record(SALESFORCE, scene.accounts["Acme"])
        company = ledger.accounts.record(HUBSPOT, scene.companies["Acme"])
    assert twin is not None
    assert company is not None
    assert twin.link_id == company.link_id
    calls = scene.world.salesforce.calls()["api"]
    scene.later(30)
    assert scene.sync().code == 0
    assert scene.world.salesforce.calls()["api"] - calls == 2  # nothing but what an idle Run asks
    scene.settled()
    assert {"Falk", "Gull"} < set(scene.living_accounts())


@pytest.mark.sweep
def test_f34_a_duplicate_that_might_be_saved_waits_for_a_person(scene: FiveAccounts) -> None:
    """DUPLICATES_DETECTED with `allowSave: true`, under the key `duplicateResut`.

    Is not forced and never linked to the record that a fuzzy rule names: the record is held for a person, tried
    again with back-off, and the others are written.
    """
    refused_as_a_duplicate(scene, "F34")


@pytest.mark.sweep
def test_f35_a_duplicate_that_may_not_be_saved_waits_for_a_person(scene: FiveAccounts) -> None:
    """DUPLICATES_DETECTED with `allowSave: false`.

    Cannot be forced: held with the words of the rule, and what to merge.
    """
    refused_as_a_duplicate(scene, "F35")


@pytest.mark.sweep
def test_f36_a_unique_value_that_another_record_holds_names_that_record(scene: FiveAccounts) -> None:
    """DUPLICATE_VALUE names the record that holds our unique id, by 15 characters.

    Holds the mark alone with the other record's id, and writes the rest of the row; a person merges the two or
    clears one. Nothing is linked unseen.
    """
    scene.people.new_in_salesforce(
        SALES, Name="Falk", Website="falk.net", Target_Account__c=True, ABM_Tier__c="tier_3"
    )
    scene.people.new_in_hubspot(MARKETING, name="Falk", domain="falk.net", tandem_mqa_stage="engaged")
    scene.later()
    holder = scene.accounts["Egret"]
    scene.refuse("F36", 0, field="Tandem_Id__c", twin=holder[:15], times=2)
    ran = scene.sync()
    assert ran.code == 0, ran.text
    assert held_codes(scene) == [("tandem_id", "DUPLICATE_VALUE")]
    falk = next(row for row in scene.world.org.store.rows("Account") if row["Name"] == "Falk")
    assert holder[:15] in scene.held()[0].hold.message
    assert falk.get("Tandem_Id__c") is None
    scene.settled()
    falk = next(row for row in scene.world.org.store.rows("Account") if row["Name"] == "Falk")
    assert falk[STAGE] == "engaged"
    assert falk.get("Tandem_Id__c")
    assert scene.held() == []


@pytest.mark.sweep
def test_f37_a_validation_rule_holds_the_record_with_its_own_words(scene: FiveAccounts) -> None:
    """FIELD_CUSTOM_VALIDATION_EXCEPTION in the language of the user.

    Holds the record with the rule's own words and writes the others. It is not sent again unchanged before its
    pause (a minute, doubled each time, a day at most); other values are tried at once.
    """
    for name in ("Acme", "Blume"):
        scene.marketing(name, hs_ideal_customer_profile="tier_1")
    scene.later()
    scene.people.door(
        "salesforce",
        "rules",
        {
            "sort": "validation",
            "field": TIER,
            "pattern": "tier_1",
            "message": "Bitte erst den Vertrag prüfen.",
        },
    )
    ran = scene.sync()
    assert ran.code == 0, ran.text
    assert "Bitte erst den Vertrag prüfen." in ran.text
    assert "Bitte erst den Vertrag prüfen." in scene.world.run("status").text
    assert len(scene.held()) == 2
    scene.later(20)
    calls = scene.world.salesforce.calls()["api"]
    ran = scene.sync()
    assert ran.code == 0, ran.text
    assert "held 2" in ran.text
    assert scene.world.salesforce.calls()["api"] - calls == 2  # nothing but what an idle Run asks
    # Other values are another matter.
    scene.marketing("Acme", hs_ideal_customer_profile="tier_3")
    scene.later(5)
    assert scene.sync().code == 0
    assert scene.account("Acme")[TIER] == "tier_3"
    scene.world.org.rules.clear()
    scene.settled()
    assert scene.account("Blume")[TIER] == "tier_1"
    assert scene.held() == []


@pytest.mark.sweep
def test_f38_fields_that_may_not_be_written_are_held_and_the_rest_is_written(scene: FiveAccounts) -> None:
    """INVALID_FIELD_FOR_INSERT_UPDATE names several fields in its text.

    Holds these fields with the hint to give edit access, and sends the rest of the row again without them.
    """
    scene.marketing(
        "Acme", hs_ideal_customer_profile="tier_1", tandem_mqa_stage="engaged", hs_is_target_account="false"
    )
    scene.later()
    scene.refuse("F38", scene.accounts["Acme"], fields=[TIER, STAGE], times=2)
    ran = scene.sync()
    assert ran.code == 0, ran.text
    assert sorted(held_codes(scene)) == [
        ("mqa_stage", "INVALID_FIELD_FOR_INSERT_UPDATE"),
        ("tier", "INVALID_FIELD_FOR_INSERT_UPDATE"),
    ]
    assert scene.account("Acme")[TARGET] is False
    assert scene.account("Acme")[TIER] == "tier_2"
    scene.settled()
    assert (scene.account("Acme")[TIER], scene.account("Acme")[STAGE]) == ("tier_1", "engaged")


@pytest.mark.sweep
def test_f39_a_picklist_value_that_is_not_there_holds_the_field_alone(scene: FiveAccounts) -> None:
    """INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST.

    Holds the field, not the record, and says to add the value to the picklist or map it; the other fields are
    written.
    """
    scene.marketing("Acme", hs_ideal_customer_profile="tier_1", tandem_mqa_stage="engaged")
    scene.later()
    scene.refuse("F39", scene.accounts["Acme"], field=TIER, times=2)
    ran = scene.sync()
    assert ran.code == 0, ran.text
    assert held_codes(scene) == [("tier", "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST")]
    assert "Add the value to the picklist" in (scene.held()[0].hold.remedy or "")
    assert scene.account("Acme")[STAGE] == "engaged"
    scene.settled()
    assert scene.account("Acme")[TIER] == "tier_1"


def test_f40_a_text_that_is_too_long_is_held_without_being_told(scene: FiveAccounts) -> None:
    """STRING_TOO_LONG repeats the whole value in its text.

    Holds the record; the message keeps the label and the limit, and the value is neither logged nor stored.
    """
    only_in_hubspot(scene, "Falk")
    scene.later()
    scene.refuse("F40", 0, field="Name", value="A secret that nobody is to read")
    ran = scene.sync()
    assert ran.code == 0, ran.text
    hold = scene.held()[0].hold
    assert hold.code == "STRING_TOO_LONG"
    assert "max length" in hold.message
    assert "secret" not in hold.message + ran.text + scene.world.run("status").text
    scene.settled()
    assert "Falk" in scene.living_accounts()


@pytest.mark.sweep
def test_f41_an_owner_who_is_somebody_else_by_now_is_looked_up_by_the_next_run(scene: FiveAccounts) -> None:
    """INVALID_CROSS_REFERENCE_KEY: the owner is not there.

    Holds the record; the next Run reads who the users are (once a day otherwise), looks the owner up again by e-mail
    and tries once more.
    """
    store, address = scene.world.org.store, "chloe.park@example.com"
    chloe = scene.world.portal.owners.person(address)
    assert chloe is not None
    scene.people.new_in_hubspot(
        MARKETING, name="Falk", domain="falk.net", hubspot_owner_id=chloe["id"], **NEW
    )
    # Chloe's user is closed, and she gets another one with the same address.
    before = next(dict(row) for row in store.rows("User") if row["Email"] == address)
    again = f"{str(before['Id'])[:-4]}9AAA"
    store.put("User", {**before, "IsActive": False})
    store.put("User", {**before, "Id": again, "Username": "chloe.again@example.com"})
    scene.later()
    scene.refuse("F41", 0)
    ran = scene.sync()
    assert ran.code == 0, ran.text
    assert held_codes(scene) == [("", "INVALID_CROSS_REFERENCE_KEY")]
    scene.settled()
    falk = next(row for row in store.rows("Account") if row["Name"] == "Falk")
    assert falk["OwnerId"] == again
    assert scene.held() == []


@pytest.mark.sweep
def test_f42_an_inactive_owner_holds_the_record_and_nobody_else(scene: FiveAccounts) -> None:
    """INACTIVE_OWNER_OR_USER although the owner was not sent.

    Holds the record and names the permission that would help; the others are written, and the record follows
    once its owner is active.
    """
    users = scene.people.users_of_salesforce()
    emil = next(id for email, id in users.items() if email.startswith("emil"))
    before = scene.account("Acme")["OwnerId"]
    door = scene.people.door
    door("salesforce", "silent", {"id": scene.accounts["Acme"], "values": {"OwnerId": emil}})
    for name in ("Acme", "Blume"):
        scene.marketing(name, hs_ideal_customer_profile="tier_1")
    scene.later()
    ran = scene.sync()
    assert ran.code == 0, ran.text
    assert held_codes(scene) == [("", "INACTIVE_OWNER_OR_USER")]
    assert "Update Records with Inactive Owners" in (scene.held()[0].hold.remedy or "")
    assert scene.account("Blume")[TIER] == "tier_1"
    door("salesforce", "silent", {"id": scene.accounts["Acme"], "values": {"OwnerId": before}})
    scene.settled()
    assert scene.account("Acme")[TIER] == "tier_1"


@pytest.mark.sweep
def test_f43_an_account_that_somebody_was_faster_to_edit_is_decided_anew(scene: FiveAccounts) -> None:
    """412 from a conditional write (Account).

    The row is not written, and the record's answer is not held against it: where the field itself stands as it was
    expected, the row is sent once more within the Run; otherwise the next Run decides anew.
    """
    scene.marketing("Acme", hs_ideal_customer_profile="tier_1")
    scene.later()
    meanwhile = iter([lambda: scene.sales("Acme", **{STAGE: "engaged"})])
    tap = Tap()

    def act() -> None:
        if tap.sent and "/composite" in tap.request.url and any("/query" in path for _, path in tap.sent):
            next(meanwhile, lambda: None)()

    tap.between = act
    with tapped(tap):
        ran = scene.sync()
    assert ran.code == 0, ran.text
    assert next(meanwhile, None) is None
    assert scene.account("Acme")[TIER] == "tier_1"
    assert held_codes(scene) == []
    scene.settled()
    assert scene.company("Acme")[HS_STAGE] == "engaged"


@pytest.mark.sweep
@pytest.mark.parametrize("lost", [{"fault": "F44"}, {"drop": "after"}])
def test_f44_a_record_whose_creation_was_not_answered_is_not_made_twice(
    scene: FiveAccounts, lost: dict[str, str]
) -> None:
    """A timeout, and yet the record was created.

    The record is looked for by Tandem's own unique id before anything is sent again: somebody may have edited it since.
    Where no answer ever comes, the Run ends with what it found there.
    """
    only_in_hubspot(scene, "Falk")
    scene.later()
    scene.world.salesforce.fault(**lost, match=CREATES)
    ran = scene.sync()
    assert ran.code == 0, ran.text
    assert scene.living_accounts().count("Falk") == 1
    only_in_hubspot(scene, "Gull")
    scene.later()
    scene.world.salesforce.fault(**lost, match=CREATES, times=20)
    ran = scene.sync()
    assert ran.code == 0, ran.text
    scene.settled()
    assert scene.living_accounts().count("Gull") == 1
    assert scene.links() == 7


@pytest.mark.sweep
def test_f45_what_a_trigger_makes_of_a_value_is_its_spelling_and_no_edit(scene: FiveAccounts) -> None:
    """A trigger rewrites the field that was just written.

    Keeps what is read back as that System's spelling of the value: nothing comes back as an edit and nothing is
    written again.
    """
    scene.people.door("salesforce", "rules", {"sort": "trigger", "field": SCORE, "rewrite": "round"})
    scores = scene.world.folder / "scores.csv"
    scores.write_text("domain,score\nacme.com,71.46\n", encoding="utf-8")
    scene.world.configure("scores: {source: csv, path: scores.csv}")
    assert scene.world.run("scores", "import").code == 0
    scene.later()
    assert scene.sync().code == 0
    assert float(scene.account("Acme")[SCORE]) == 71
    for _ in range(3):
        scene.later()
        scene.quiet()
    scene.later()
    scene.quiet("--full")
    assert float(scene.company("Acme")["tandem_engagement_score"]) == 71.46
    # A person's edit on top of it is one, and goes the way of every other.
    scene.sales("Acme", MQA_Stage__c="engaged")
    scene.later()
    assert scene.sync().code == 0
    assert scene.company("Acme")[HS_STAGE] == "engaged"
    assert scene.company("Acme")[HS_TIER] == "tier_2"


@pytest.mark.sweep
def test_f37_a_score_that_was_refused_is_pushed_again(scene: FiveAccounts) -> None:
    """A rule refuses a computed score, which nobody edits.

    What Tandem alone wants (a score, its own mark) is tried again by the same pauses, although no value of the
    account waits.
    """
    (scene.world.folder / "scores.csv").write_text("domain,score\nacme.com,71.46\n", encoding="utf-8")
    scene.world.configure("scores: {source: csv, path: scores.csv}")
    assert scene.world.run("scores", "import").code == 0
    scene.refuse("F37", scene.accounts["Acme"])
    assert scene.sync().code == 0
    assert held_codes(scene) == [("", "FIELD_CUSTOM_VALIDATION_EXCEPTION")]
    scene.settled()
    assert float(scene.account("Acme")[SCORE]) == 71.46
    assert scene.held() == []
