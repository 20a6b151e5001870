"""explain: how a value came to be what it is."""

from dataclasses import replace
from typing import Any
from unittest import mock

import pytest

from sync.model.journal import FieldWrite, Intent
from sync.model.records import LinkId, NativeId
from tests.ids import HUBSPOT
from tests.scene import Scene, Town


def told(scene: Scene, *arguments: str) -> list[dict[str, Any]]:
    ran = scene.run("explain", scene.link, *arguments, "--json")
    assert ran.code == 0, ran.text
    return list(ran.json["timeline"])


def whats(moments: list[dict[str, Any]]) -> list[tuple[str, str | None, str | None, str | None]]:
    return [(moment["what"], moment["system"], moment["old"], moment["new"]) for moment in moments]


def test_an_edit_is_told_with_its_author_and_with_what_became_of_it(scene: Scene) -> None:
    scene.sales(ABM_Tier__c="tier_1")
    run = scene.sync()
    edit, write = told(scene, "tier")[-2:]
    assert (edit["what"], edit["system"], edit["old"], edit["new"]) == (
        "edited",
        "salesforce",
        "tier_2",
        "tier_1",
    )
    assert edit["by"] == "Ben Ortiz"
    assert edit["at"] < write["at"]
    assert (write["what"], write["system"], write["new"], write["run"]) == (
        "written",
        "hubspot",
        "tier_1",
        run,
    )
    assert write["why"] == "edited in salesforce; rule two_way, on_conflict manual"


def test_what_tandem_wrote_itself_is_no_edit(scene: Scene) -> None:
    scene.sales(ABM_Tier__c="tier_1")
    scene.sync()
    scene.sync()
    scene.run("plan", "--full")
    edits = [moment for moment in told(scene) if moment["what"] == "edited"]
    assert [(moment["system"], moment["new"]) for moment in edits] == [("salesforce", "tier_1")]


def test_the_first_sight_of_a_value_is_no_edit(scene: Scene) -> None:
    assert {moment["what"] for moment in told(scene)} == {"linked", "seen", "written"}


def test_what_stood_in_each_crm_at_first_sight_is_told(scene: Scene) -> None:
    scene.sales(ABM_Tier__c="tier_1")
    scene.sync()
    seen = [moment for moment in told(scene, "tier") if moment["what"] == "seen"]
    assert [(one["system"], one["new"]) for one in seen] == [("hubspot", None), ("salesforce", "tier_2")]
    untouched = [moment for moment in told(scene) if moment["what"] == "seen" and moment["field"] == "owner"]
    assert [(one["system"], one["new"]) for one in untouched] == [("salesforce", "ben.ortiz@example.com")]


def test_the_same_edit_on_both_sides_is_told_as_an_agreement(scene: Scene) -> None:
    scene.sales(ABM_Tier__c="tier_1")
    scene.marketing(hs_ideal_customer_profile="tier_1")
    scene.sync()
    assert [what for what, *_ in whats(told(scene, "tier"))][-3:] == ["edited", "edited", "agreed"]


def test_a_conflict_is_told_from_its_opening_to_its_end(scene: Scene) -> None:
    scene.sales(ABM_Tier__c="tier_1")
    scene.marketing(hs_ideal_customer_profile="tier_3")
    scene.sync()
    number = next(
        item["id"] for item in scene.run("conflicts", "list", "--json").json if item["link_id"] == scene.link
    )
    scene.world.clock.advance(60)
    scene.run("conflicts", "resolve", str(number), "--use", "hubspot", "--note", "agreed", "--yes")
    scene.sync()
    story = told(scene, "tier")
    kinds = [moment["what"] for moment in story]
    assert kinds[-5:-3] == ["conflict", "decided"]
    assert set(kinds[-3:-1]) == {"overruled", "written"}
    assert kinds[-1] == "settled"
    assert "salesforce tier_1 by Ben Ortiz" in story[-5]["why"]
    assert story[-4]["why"] == f"Conflict {number}: agreed"
    overruled = next(moment for moment in story if moment["what"] == "overruled")
    assert (overruled["system"], overruled["old"], overruled["new"]) == ("salesforce", "tier_1", "tier_3")


def test_a_refusal_is_told_in_the_words_of_the_crm_and_so_is_the_end_of_it(scene: Scene) -> None:
    scene.world.hubspot.fault(
        fault="F71",
        field="hs_ideal_customer_profile",
        match={"method": "POST", "path": ".*batch/update"},
    )
    scene.sales(ABM_Tier__c="tier_1")
    scene.sync()
    shown = scene.run("explain", scene.link, "tier")
    assert "held: hubspot tier" in shown.text
    assert "Tried again from" in shown.text
    scene.sync()
    kinds = [(moment["what"], moment["why"]) for moment in told(scene, "tier")][-3:]
    assert [kind for kind, _ in kinds] == ["edited", "refused", "written"]
    assert "INVALID_OPTION" in str(kinds[1][1])
    assert "edited in salesforce; rule two_way, on_conflict manual" in str(kinds[1][1])
    assert "held" not in scene.run("explain", scene.link, "tier").text


def test_what_a_crash_left_open_is_told_as_what_became_of_it(scene: Scene) -> None:
    with scene.world.ledger() as ledger:
        run = ledger.runs.start("sync", "command")
        never = FieldWrite(value="tier_3", expected="tier_2", reason="edited in salesforce")
        ledger.writes.intend(
            run.id,
            [
                Intent(
                    link_id=LinkId(scene.link),
                    system=HUBSPOT,
                    kind="update",
                    native_id=NativeId(scene.company),
                    fields={"tier": never},
                )
            ],
        )
    assert whats(told(scene, "tier"))[-1] == ("intended", "hubspot", "tier_2", "tier_3")
    scene.sync()
    assert whats(told(scene, "tier"))[-1] == ("not written", "hubspot", "tier_2", "tier_3")


def test_an_undo_is_told_as_what_it_put_back(scene: Scene) -> None:
    scene.sales(ABM_Tier__c="tier_1")
    scene.run("undo", scene.sync(), "--yes")
    assert whats(told(scene, "tier"))[-1] == ("put back", "hubspot", "tier_1", "tier_2")


def test_edits_in_both_crms_are_told_with_who_and_when_by_the_history_of_the_field(scene: Scene) -> None:
    scene.sales(ABM_Tier__c="tier_1")
    scene.sync()
    scene.marketing(hs_ideal_customer_profile="tier_3")
    scene.people.in_hubspot(scene.company, description="touched later")
    scene.sync()
    moved = [
        (one["what"], one["system"], one["new"], one["by"])
        for one in told(scene, "tier")
        if one["what"] in {"edited", "written", "history"}
    ]
    assert moved == [
        ("written", "hubspot", "tier_2", "Tandem"),
        ("edited", "salesforce", "tier_1", "Ben Ortiz"),
        ("written", "hubspot", "tier_1", "Tandem"),
        ("edited", "hubspot", "tier_3", "Chloe Park"),
        ("written", "salesforce", "tier_3", "Tandem"),
    ]


def test_an_edit_that_no_run_has_seen_is_told_out_of_the_crms_history(scene: Scene) -> None:
    scene.marketing(hs_ideal_customer_profile="tier_3")
    scene.marketing(hs_ideal_customer_profile="tier_1")
    scene.sync()
    (unseen,) = [moment for moment in told(scene, "tier") if moment["what"] == "history"]
    assert (unseen["system"], unseen["old"], unseen["new"], unseen["by"]) == (
        "hubspot",
        "tier_2",
        "tier_3",
        "Chloe Park",
    )


def test_an_edit_that_a_rule_put_aside_is_told_with_both_values_and_the_rule(scene: Scene) -> None:
    scene.marketing(tandem_mqa_stage="engaged")
    scene.sales(MQA_Stage__c="evaluating")
    scene.sync()
    overruled, written = told(scene, "mqa_stage")[-2:]
    assert (overruled["what"], overruled["system"], overruled["old"], overruled["new"], overruled["why"]) == (
        "overruled",
        "hubspot",
        "engaged",
        "evaluating",
        "the furthest stage counts by the rule",
    )
    assert "rule two_way, on_conflict furthest" in written["why"]


def test_what_no_person_set_is_told_by_what_set_it(scene: Scene) -> None:
    scene.world.clock.advance(600)
    scene.people.in_hubspot(scene.company, user="salesforce", tandem_mqa_stage="engaged")
    scene.sync()
    edit = next(moment for moment in told(scene, "mqa_stage") if moment["what"] == "edited")
    assert edit["by"] == "HubSpot's own Salesforce connector"


def test_a_system_that_is_configured_no_more_is_said_to_be(scene: Scene) -> None:
    config = scene.world.config.read_text(encoding="utf-8")
    scene.world.configure("scope: {accounts: all}", systems=["salesforce"])
    try:
        ran = scene.run("explain", scene.link, "--json")
    finally:
        scene.world.config.write_text(config, encoding="utf-8")
    assert ran.code == 0, ran.text
    assert ran.json["unasked"] == {"hubspot": "it is no longer in tandem.yaml"}
    assert ran.json["records"]["hubspot"] == scene.company


def test_the_history_of_another_portal_is_not_taken_for_this_ones(scene: Scene) -> None:
    other = replace(scene.world.portal.settings, portal_id=99)
    with mock.patch.object(scene.world.portal, "settings", other):
        unasked = scene.run("explain", scene.link, "--json").json["unasked"]
    assert list(unasked) == ["hubspot"]
    assert "99" in unasked["hubspot"]


def test_a_crm_that_cannot_be_asked_hides_nothing_of_the_ledger(scene: Scene) -> None:
    scene.sales(ABM_Tier__c="tier_1")
    scene.sync()
    secret = scene.world.secrets.pop("HUBSPOT_ACCESS_TOKEN")
    scene.world.salesforce.fault(status=503, body="<html></html>", times=50)
    try:
        ran = scene.run("explain", scene.link, "tier", "--json")
        shown = scene.run("explain", scene.link, "tier").text
    finally:
        scene.world.secrets["HUBSPOT_ACCESS_TOKEN"] = secret
        scene.world.salesforce.app.state.faults.clear()
    assert ran.code == 0
    assert "HUBSPOT_ACCESS_TOKEN" in ran.json["unasked"]["hubspot"]
    assert "503" in ran.json["unasked"]["salesforce"]
    edit = next(one for one in ran.json["timeline"] if one["what"] == "edited")
    assert (edit["by"], edit["why"]) == ("Ben Ortiz", "by whom the record was saved last")
    assert "What hubspot itself remembers is missing here" in shown
    before = scene.world.hubspot.calls()["api"]
    assert scene.run("explain", scene.link, "--no-live", "--json").json["unasked"] == {}
    assert scene.world.hubspot.calls()["api"] == before


@pytest.mark.parametrize("name", ["link", "account", "company", "domain", "name"])
def test_an_account_is_found_by_whatever_a_person_has_at_hand(scene: Scene, name: str) -> None:
    ran = scene.run("explain", getattr(scene, name), "--json")
    assert ran.code == 0, ran.text
    assert ran.json["link_id"] == scene.link


def test_an_account_is_found_by_what_people_paste(scene: Scene) -> None:
    for pasted in (
        scene.account[:15],
        f"https://acme.lightning.force.com/lightning/r/Account/{scene.account}/view",
        f"https://app.hubspot.com/contacts/24680135/record/0-2/{scene.company}?eschref=1",
        f"https://www.{scene.domain}/en",
        f"info@{scene.domain}",
        scene.name.upper(),
    ):
        ran = scene.run("explain", pasted, "tier", "--no-live", "--json")
        assert (pasted, ran.code) == (pasted, 0)
        assert ran.json["link_id"] == scene.link
    assert scene.run("explain", "https://app.hubspot.com/contacts/1/record/0-2/99999999").code == 2


def test_a_field_goes_by_its_name_in_a_crm_too(scene: Scene) -> None:
    for name in ("ABM_Tier__c", "hs_ideal_customer_profile", "tandem_tier"):
        ran = scene.run("explain", scene.link, name, "--no-live", "--json")
        assert list(ran.json["now"]) == ["tier"]


def test_an_account_that_was_deleted_in_one_crm_keeps_its_story(scene: Scene) -> None:
    scene.people.archives_in_hubspot(scene.company)
    scene.sync()
    for name in (scene.link, scene.account, scene.company, scene.domain):
        story = scene.run("explain", name, "--json").json
        assert (story["link_id"], story["closed"]) == (
            scene.link,
            "hubspot: was deleted there; the other records stay as they are",
        )
        assert story["timeline"][-1]["what"] == "closed"


def test_merged_accounts_are_told_as_merged_in_the_stories_of_both(town: Town) -> None:
    kept, lost = town.scene(), town.scene()
    town.world.clock.advance(600)
    survivor = town.people.merges_in_hubspot(kept.company, lost.company)
    town.world.clock.advance(600)
    merges = kept.run("plan", "--json").json["merges"]
    assert {(merge["record_id"], merge["survivor"]) for merge in merges} >= {(lost.company, survivor)}
    assert {merge["link_id"] for merge in merges} == {kept.link, lost.link}
    kept.sync()
    for name in (lost.company, kept.company, survivor):
        story = kept.run("explain", name, "--json").json
        assert story["link_id"] == kept.link
        told_of = [moment["why"] for moment in story["timeline"] if moment["what"] == "merged"]
        assert f"{lost.company} was merged into {survivor}" in told_of
    story = lost.run("explain", lost.account, "--json").json
    assert (story["link_id"], story["timeline"][-1]["what"]) == (lost.link, "closed")
    assert any("A person is asked beside" in note for note in story["notes"])


def test_a_record_that_is_not_linked_is_told_with_the_reason(town: Town) -> None:
    def notes(record: str) -> str:
        return " ".join(town.world.run("explain", record, "--no-live", "--json").json["notes"])

    scene = town.scene()
    town.world.clock.advance(600)
    twins = [town.people.new_in_hubspot(name="Dup", domain="dup.example.com") for _ in range(2)]
    town.people.new_in_salesforce(Name="Dup", Website="dup.example.com")
    nameless = town.people.new_in_salesforce(Name="n/a")
    scene.sync()
    assert "tandem matches list" in notes(twins[0])
    assert "it has no website, so a duplicate cannot be ruled out" in notes(nameless)
    town.world.configure("scope: {accounts: target_accounts}")
    try:
        assert (
            "It is not in hubspot, and not in the scope of tandem.yaml (scope: accounts: target_a"
            in notes(nameless)
        )
    finally:
        town.world.configure("scope: {accounts: all}")


def test_several_hits_are_listed(scene: Scene) -> None:
    scene.town.scene()
    ran = scene.run("explain", "cme", "--json")
    assert ran.code == 2
    assert len(ran.json["accounts"]) > 1
    with mock.patch("commands.explain._HITS", 1):
        assert "More than 1 accounts fit 'cme'" in scene.run("explain", "cme").text
        assert scene.run("explain", "cme", "--json").json["more"]


def test_people_see_what_stands_now_and_what_happened(scene: Scene) -> None:
    shown = scene.run("explain", scene.domain)
    assert shown.code == 0
    assert f"same domain {scene.domain}" in shown.out
    assert "∅ → tier_2" in shown.out


def test_an_account_that_nobody_knows_is_told_as_such(town: Town) -> None:
    ran = town.world.run("explain", "nobody.example")
    assert ran.code == 2
    assert "No account fits 'nobody.example'." in ran.text


def test_a_field_that_is_not_mapped_is_named_with_those_that_are(scene: Scene) -> None:
    ran = scene.run("explain", scene.link, "colour")
    assert ran.code == 2
    assert "There is no field colour." in ran.text
    assert "mqa_stage" in ran.text


def test_each_side_of_a_conflict_is_told_with_its_author_also_where_users_were_read_by_an_earlier_run(
    scene: Scene,
) -> None:
    scene.sales(ABM_Tier__c="tier_1")
    scene.marketing(hs_ideal_customer_profile="tier_3")
    scene.sync()
    (conflict,) = [moment for moment in told(scene, "tier") if moment["what"] == "conflict"]
    assert "(hubspot tier_3 by Chloe Park, salesforce tier_1 by Ben Ortiz)" in conflict["why"]


def test_a_side_of_a_conflict_that_no_person_set_names_what_set_it(scene: Scene) -> None:
    scene.sales(ABM_Tier__c="tier_1")
    scene.world.clock.advance(600)
    scene.people.in_hubspot(scene.company, user="salesforce", hs_ideal_customer_profile="tier_3")
    scene.sync()
    (conflict,) = [moment for moment in told(scene, "tier") if moment["what"] == "conflict"]
    assert "(hubspot tier_3 by HubSpot's own Salesforce connector, salesforce" in conflict["why"]


def test_nobody_is_named_for_an_edit_of_a_record_that_tandem_saved_last(scene: Scene) -> None:
    scene.sales(ABM_Tier__c="tier_1")
    scene.people.in_salesforce(scene.account, user="tandem@example.com", Description="saved once more")
    scene.sync()
    edits = [moment for moment in told(scene, "tier", "--no-live") if moment["what"] == "edited"]
    assert [(edit["system"], edit["by"]) for edit in edits] == [("salesforce", None)]
