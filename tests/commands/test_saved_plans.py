"""A saved Plan does what was reviewed and nothing else; fresh records wait alike in every command."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from tests.scene import Scene, Town

ONE_SIDED = {"Name": "Lone", "Website": "https://www.lone.com", "ABM_Tier__c": "tier_2"}


def names(town: Town) -> list[str]:
    return [str(record.values.get("name")) for record in town.world.portal.shelf("companies").records]


def saved(town: Town) -> Any:
    return json.loads((town.world.folder / "it.json").read_text())


# -- what waits ------------------------------------------------------------------------------------------------


def at_first(town: Town) -> None:
    """Everything is read."""


def later(town: Town) -> None:
    """Only what changed is read."""
    assert town.world.run("sync").code == 0


@pytest.mark.parametrize("before", [at_first, later])
@pytest.mark.parametrize("command", [("plan",), ("plan", "--full"), ("apply", "--yes"), ("sync",)])
def test_a_record_that_was_saved_a_moment_ago_waits_alike_in_every_command(
    town: Town, before: Any, command: tuple[str, ...]
) -> None:
    before(town)
    town.people.new_in_salesforce(**ONE_SIDED)
    town.people.new_in_salesforce(**{**ONE_SIDED, "Name": "Second", "Website": "https://www.second.com"})
    town.world.clock.advance(20)
    ran = town.world.run(*command)
    until = r"2 accounts wait until \d\d:\d\d UTC, so that their counterpart may appear\."
    assert re.search(until, ran.text), ran.text
    assert ran.code == 0
    assert names(town) == []
    town.world.clock.advance(120)
    assert "wait until" not in town.world.run("plan").text
    assert len(town.world.run("plan", "--json").json["creates"]) == 2


def test_the_time_that_is_told_is_when_the_account_is_created(town: Town) -> None:
    town.people.new_in_salesforce(**ONE_SIDED)
    text = town.world.run("plan").text
    hour, minute = re.search(r"until (\d\d):(\d\d) UTC", text).groups()  # type: ignore[union-attr]
    now = town.world.clock.now()
    until = now.replace(hour=int(hour), minute=int(minute), second=0, microsecond=0)
    assert 0 < (until - now).total_seconds() <= 180
    town.world.clock.advance((until - now).total_seconds())
    assert len(town.world.run("plan", "--json").json["creates"]) == 1


def test_programs_are_told_who_waits_and_until_when(town: Town) -> None:
    id = town.people.new_in_salesforce(**ONE_SIDED)
    (waiting,) = town.world.run("plan", "--json").json["waiting"]
    assert (waiting["label"], waiting["system"], waiting["record_id"]) == ("Lone", "salesforce", id)
    assert waiting["until"] > town.world.clock.now().isoformat()


# -- apply never refuses its own Plan ----------------------------------------------------------------------------


@pytest.mark.parametrize("full", [(), ("--full",)])
@pytest.mark.parametrize("pause", [0, 10, 3600])
def test_apply_never_refuses_a_plan_that_nobody_has_touched(
    town: Town, full: tuple[str, ...], pause: int
) -> None:
    scene = town.scene()
    scene.sales(ABM_Tier__c="tier_3")
    town.people.new_in_salesforce(**ONE_SIDED)
    town.people.new_in_salesforce(Name="Pair", Website="https://www.pair.com", ABM_Tier__c="tier_2")
    town.people.new_in_hubspot(name="Pair", domain="pair.com")
    town.world.clock.advance(61)
    assert town.world.run("plan", *full, "-o", "it.json").code == 3
    town.world.clock.advance(pause)
    ran = town.world.run("apply", "it.json", "--yes")
    assert ran.code == 0, ran.text
    assert scene.tiers == ("tier_3", "tier_3")
    assert names(town).count("Lone") == 1
    with town.world.ledger() as ledger:
        assert ledger.accounts.find("pair.com")[0].link.stored


def test_what_only_a_full_compare_finds_is_applied_from_the_file(town: Town) -> None:
    town.world.configure("scope: {accounts: target_accounts}")
    town.people.new_in_salesforce(**ONE_SIDED)
    town.world.clock.advance(120)
    assert town.world.run("sync").code == 0
    town.world.configure("scope: {accounts: all}")
    assert town.world.run("plan", "--full", "-o", "it.json").code == 3
    assert town.world.run("apply", "it.json", "--yes").code == 0
    assert names(town) == ["Lone"]


def test_a_pair_that_appeared_after_the_review_is_left_for_the_next_plan(town: Town) -> None:
    town.people.new_in_salesforce(**ONE_SIDED)
    town.world.clock.advance(120)
    assert town.world.run("plan", "-o", "it.json").code == 3
    town.people.new_in_salesforce(Name="Pair", Website="https://www.pair.com", ABM_Tier__c="tier_2")
    town.people.new_in_hubspot(name="Pair", domain="pair.com")
    town.people.new_in_salesforce(**{**ONE_SIDED, "Name": "Other", "Website": "https://www.other.com"})
    town.world.clock.advance(120)
    ran = town.world.run("apply", "it.json", "--yes")
    assert ran.code == 0, ran.text
    assert sorted(names(town)) == ["Lone", "Pair"]
    with town.world.ledger() as ledger:
        assert [ledger.accounts.find(name)[0].link.stored for name in ("lone.com", "pair.com")] == [
            True,
            False,
        ]
    planned = town.world.run("plan", "--json").json
    assert {link["label"] for link in planned["links"]} == {"Pair", "Other"}


def test_what_came_up_after_the_review_in_an_account_that_is_written_is_not_forgotten(scene: Scene) -> None:
    scene.sales(ABM_Tier__c="tier_3")
    scene.world.clock.advance(600)
    assert scene.run("plan", "-o", "it.json").code == 3
    at = scene.world.clock.now().isoformat()
    (scene.world.folder / "scores.csv").write_text(f"domain,score,as_of\n{scene.domain},71,{at}\n")
    assert scene.run("scores", "import", "scores.csv").code == 0
    assert scene.run("apply", "it.json", "--yes").code == 0
    assert scene.in_hubspot("tandem_engagement_score") is None
    scene.sync()
    assert scene.in_hubspot("tandem_engagement_score") == "71"


# -- what no longer stands ---------------------------------------------------------------------------------------


def test_each_value_that_no_longer_stands_is_named_with_what_stands_there_now(town: Town) -> None:
    scenes = [town.scene() for _ in range(12)]
    for scene in scenes:
        scene.sales(ABM_Tier__c="tier_3")
    town.world.clock.advance(600)
    assert town.world.run("plan", "-o", "it.json").code == 3
    for scene in scenes:
        scene.marketing(hs_ideal_customer_profile="tier_1")
    town.world.clock.advance(600)
    ran = town.world.run("apply", "it.json", "--yes")
    assert ran.code == 5
    assert "12 things in the saved Plan no longer stand; nothing was written." in ran.text
    for scene in scenes:
        assert (
            f"{scene.name} Inc.: hubspot tier tier_2 → tier_3 is not due any more; tier_1 stands" in ran.text
        )
    ran = town.world.run("apply", "it.json", "--yes", "--skip-stale", "--json")
    assert len(ran.json["stale"]) == ran.json["skipped"] == 12


def test_a_link_and_a_creation_that_no_longer_stand_are_named(town: Town) -> None:
    lone = town.people.new_in_salesforce(**ONE_SIDED)
    pair = town.people.new_in_salesforce(Name="Pair", Website="https://www.pair.com", ABM_Tier__c="tier_2")
    town.people.new_in_hubspot(name="Pair", domain="pair.com")
    town.world.clock.advance(120)
    assert town.world.run("plan", "-o", "it.json").code == 3
    town.people.deletes_in_salesforce(lone)
    town.people.deletes_in_salesforce(pair)
    town.world.clock.advance(120)
    ran = town.world.run("apply", "it.json", "--yes")
    assert ran.code == 5
    assert "Lone: is not to be linked as it was reviewed" in ran.text
    assert "Pair: is not to be linked as it was reviewed" in ran.text
    assert names(town) == ["Pair"]


def test_what_somebody_has_done_meanwhile_by_hand_is_no_reason_to_refuse(scene: Scene) -> None:
    scene.sales(ABM_Tier__c="tier_3", MQA_Stage__c="engaged")
    scene.world.clock.advance(600)
    assert scene.run("plan", "-o", "it.json").code == 3
    scene.marketing(hs_ideal_customer_profile="tier_3")
    scene.world.clock.advance(600)
    ran = scene.run("apply", "it.json", "--yes")
    assert ran.code == 0, ran.text
    assert scene.in_hubspot("tandem_mqa_stage") == "engaged"


# -- once ----------------------------------------------------------------------------------------------------------


def test_a_plan_that_was_applied_says_in_which_run_and_writes_nothing(scene: Scene) -> None:
    scene.sales(ABM_Tier__c="tier_3")
    scene.world.clock.advance(600)
    assert scene.run("plan", "-o", "it.json").code == 3
    run = scene.run("apply", "it.json", "--yes", "--json").json["run"]
    scene.sales(ABM_Tier__c="tier_2")
    scene.world.clock.advance(600)
    ran = scene.run("apply", "it.json")
    assert ran.code == 0
    assert f"Applied already in Run {run}" in ran.text
    assert scene.run("apply", "it.json", "--json").json["applied_in"] == run
    assert scene.tiers == ("tier_2", "tier_3")


def test_a_later_plan_that_does_the_same_again_is_another_plan(scene: Scene) -> None:
    for value, other in (("tier_3", "tier_2"), ("tier_3", "tier_2")):
        scene.sales(ABM_Tier__c=value)
        scene.world.clock.advance(600)
        assert scene.run("plan", "-o", "it.json").code == 3
        assert scene.run("apply", "it.json", "--yes").code == 0
        assert scene.tiers == (value, value)
        scene.sales(ABM_Tier__c=other)
        scene.sync()
