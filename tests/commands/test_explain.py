"""explain: how a value came to be what it is."""

from collections.abc import Iterator
from typing import Any

import pytest

from sync.ledger.writes import FieldWrite, Intent
from tests.scene import Scene, Town, open_town


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    with open_town(tmp_path_factory.mktemp("town")) as made:
        yield made


@pytest.fixture
def scene(town: Town) -> Scene:
    return town.scene()


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
    assert {moment["what"] for moment in told(scene)} == {"linked", "written"}


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
                    link_id=scene.link,
                    system="hubspot",
                    kind="update",
                    native_id=scene.company,
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


def test_live_asks_what_the_crms_remember(scene: Scene) -> None:
    scene.people.door("salesforce", "settings", {"tracked": ["Account.ABM_Tier__c"]})
    scene.sales(ABM_Tier__c="tier_1")
    scene.sync()
    history = [moment for moment in told(scene, "tier", "--live") if moment["what"] == "history"]
    assert ("salesforce", "tier_1", "Ben Ortiz") in {
        (moment["system"], moment["new"], moment["by"]) for moment in history
    }
    assert ("hubspot", "tier_2", "tier_1") in {
        (moment["system"], moment["old"], moment["new"]) for moment in history
    }


@pytest.mark.parametrize("name", ["link", "account", "company", "domain", "name"])
def test_an_account_is_found_by_whatever_a_person_has_at_hand(scene: Scene, name: str) -> None:
    ran = scene.run("explain", getattr(scene, name), "--json")
    assert ran.code == 0, ran.text
    assert ran.json["link_id"] == scene.link


def test_several_hits_are_listed(town: Town, scene: Scene) -> None:
    town.scene()
    ran = scene.run("explain", "Acme")
    assert ran.code == 2
    assert "accounts fit 'Acme'" in ran.text
    assert scene.link in ran.out


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


def test_nobody_is_named_for_an_edit_of_a_record_that_tandem_saved_last(scene: Scene) -> None:
    scene.sales(ABM_Tier__c="tier_1")
    scene.people.in_salesforce(scene.account, user="tandem@example.com", Description="saved once more")
    scene.sync()
    (edit,) = [moment for moment in told(scene, "tier") if moment["what"] == "edited"]
    assert (edit["system"], edit["by"]) == ("salesforce", None)
