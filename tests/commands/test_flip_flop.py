"""A field that something in a CRM sets again and again is parked, told, and decided by a person."""

import pytest

from tests.scene import Scene


def back_and_forth(scene: Scene, times: int) -> None:
    """A flow in Salesforce insists on tier_1, a workflow in HubSpot on tier_2."""
    for _ in range(times):
        scene.sales(ABM_Tier__c="tier_1")
        scene.sync()
        scene.marketing(hs_ideal_customer_profile="tier_2")
        scene.sync()


def parked(scene: Scene) -> list[str]:
    """Fields of the account that wait for a person because they went back and forth."""
    found = scene.run("conflicts", "list", "--json").json
    return [
        item["field"]
        for item in found
        if item["link_id"] == scene.link and "back and forth" in item["reason"]
    ]


def test_a_value_that_goes_back_and_forth_is_parked_and_told(scene: Scene) -> None:
    back_and_forth(scene, 1)
    assert parked(scene) == []
    back_and_forth(scene, 4)
    assert parked(scene) == ["tier"]
    assert "Conflict" in scene.run("status").text
    timeline = scene.run("explain", scene.link, "tier", "--json").json["timeline"]
    assert any(
        "back and forth" in (moment["why"] or "") for moment in timeline if moment["what"] == "conflict"
    )


@pytest.mark.sweep
def test_a_parked_field_is_left_alone_and_the_others_travel_on(scene: Scene) -> None:
    back_and_forth(scene, 5)
    before = scene.tiers
    assert before[0] != before[1]
    scene.sales(MQA_Stage__c="engaged")
    scene.sync()
    assert scene.in_hubspot("tandem_mqa_stage") == "engaged"
    assert scene.tiers == before


def test_it_is_over_by_itself_once_the_systems_agree(scene: Scene) -> None:
    back_and_forth(scene, 5)
    scene.sales(ABM_Tier__c="tier_3")
    scene.marketing(hs_ideal_customer_profile="tier_3")
    scene.sync()
    assert parked(scene) == []


@pytest.mark.sweep
def test_a_person_decides_it(scene: Scene) -> None:
    back_and_forth(scene, 5)
    number = next(
        item["id"] for item in scene.run("conflicts", "list", "--json").json if item["link_id"] == scene.link
    )
    assert scene.run("conflicts", "resolve", str(number), "--use", "hubspot", "--yes").code == 0
    scene.sync()
    assert scene.tiers == ("tier_2", "tier_2")
    assert parked(scene) == []


def test_a_parked_field_stays_parked_until_a_person_decides_however_long_that_takes(scene: Scene) -> None:
    back_and_forth(scene, 5)
    before = scene.tiers
    scene.world.clock.advance(3 * 86_400)
    scene.sales(MQA_Stage__c="engaged")
    scene.sync()
    assert parked(scene) == ["tier"]
    assert scene.tiers == before


# -- a computed score ------------------------------------------------------------------------------------------


def give_score(scene: Scene, score: str) -> None:
    (scene.world.folder / "scores.csv").write_text(
        f"domain,score\n{scene.domain},{score}\n", encoding="utf-8"
    )
    scene.world.configure("scope: {accounts: all}", "scores: {source: csv, path: scores.csv}")
    assert scene.run("scores", "import").code == 0
    scene.sync()


def held(scene: Scene) -> list[tuple[str, str]]:
    with scene.world.ledger() as ledger:
        found = ledger.held.of_links([scene.link]).items()
        return [(system, item.hold.code) for (_, system, _), item in found]


@pytest.mark.sweep
def test_a_score_that_something_keeps_replacing_is_left_alone_until_there_is_another_one(
    scene: Scene,
) -> None:
    give_score(scene, "40")
    for _ in range(5):
        scene.marketing(tandem_engagement_score="7")
        scene.sync()
    assert scene.in_hubspot("tandem_engagement_score") == "7"
    assert held(scene) == [("hubspot", "flip_flop")]
    assert float(str(scene.in_salesforce("Engagement_Score__c"))) == 40
    scene.world.clock.advance(2 * 86_400)
    scene.marketing(tandem_engagement_score="8")
    scene.sync()
    assert scene.in_hubspot("tandem_engagement_score") == "8"
    assert parked(scene) == []
    give_score(scene, "60")
    assert scene.in_hubspot("tandem_engagement_score") == "60"
    assert held(scene) == []
