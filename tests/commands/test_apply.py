"""apply, scores push, undo: one reading, one Plan, and after a question only what is about to be written over is read
again."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from tests.e2e.people import SETTLED
from tests.ids import SALESFORCE
from tests.scene import Scene, Town


@dataclass(frozen=True)
class Person:
    """Somebody at a terminal, who does something and then says yes."""

    does: Callable[[], None]

    def isatty(self) -> bool:
        return True

    def readline(self, _size: int = -1) -> str:
        self.does()
        return "y\n"


def calls(scene: Scene) -> dict[str, int]:
    world = scene.world
    return {"salesforce": world.salesforce.calls()["api"], "hubspot": world.hubspot.calls()["api"]}


def spent(scene: Scene, before: dict[str, int]) -> dict[str, int]:
    return {name: count - before[name] for name, count in calls(scene).items()}


def ask(monkeypatch: pytest.MonkeyPatch, does: Callable[[], None] = lambda: None) -> None:
    monkeypatch.setattr("sys.stdin", Person(does=does))


def test_what_apply_shows_is_carried_out_at_the_price_of_one_reading(scene: Scene) -> None:
    scene.sales(ABM_Tier__c="tier_1")
    scene.sync()
    scene.sync()
    scene.sales(ABM_Tier__c="tier_3")
    scene.world.clock.advance(SETTLED)
    before = calls(scene)
    synced = scene.run("sync", "--json").json
    by_sync = spent(scene, before)
    scene.sync()
    scene.sales(ABM_Tier__c="tier_2")
    scene.world.clock.advance(SETTLED)
    before = calls(scene)
    applied = scene.run("apply", "--yes", "--json").json
    assert spent(scene, before) == applied["calls"] == by_sync == synced["calls"]
    assert applied["counts"] == {"written.hubspot": 1}
    assert scene.tiers == ("tier_2", "tier_2")


def test_after_a_question_the_rows_to_be_written_are_read_again_and_nothing_else(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene.sales(ABM_Tier__c="tier_3")
    scene.world.clock.advance(SETTLED)
    seen: list[dict[str, int]] = []
    ask(monkeypatch, lambda: seen.append(calls(scene)))
    ran = scene.run("apply")
    assert ran.code == 0, ran.text
    assert scene.tiers == ("tier_3", "tier_3")
    # One call reads the company, one writes it; Salesforce is not asked.
    assert spent(scene, seen[0]) == {"salesforce": 0, "hubspot": 2}
    assert re.search(r"hubspot .* \d+ read \+ 2 to apply", ran.text), ran.text


def test_an_apply_that_asks_costs_what_it_said_also_where_it_creates(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene.people.new_in_salesforce(Name="Fresh", Website="https://www.fresh.com", ABM_Tier__c="tier_2")
    scene.people.new_in_hubspot(name="Pair", domain="pair.com")
    scene.people.new_in_hubspot(name="Other", domain="other.com")
    scene.people.new_in_salesforce(Name="Pair", Website="https://www.pair.com", ABM_Tier__c="tier_1")
    scene.world.clock.advance(SETTLED)
    seen: list[dict[str, int]] = []
    ask(monkeypatch, lambda: seen.append(calls(scene)))
    ran = scene.run("apply")
    assert ran.code == 0, ran.text
    cost = spent(scene, seen[0])
    told = {
        name: int(count)
        for name, count in re.findall(r"(salesforce|hubspot) [^a-z]* read \+ (\d+) to apply", ran.text)
    }
    assert told == cost


def test_what_somebody_edits_while_the_question_stands_is_left_for_the_next_run(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene.sales(ABM_Tier__c="tier_3", MQA_Stage__c="engaged")
    scene.world.clock.advance(SETTLED)
    ask(monkeypatch, lambda: scene.marketing(hs_ideal_customer_profile="tier_1"))
    ran = scene.run("apply")
    assert "1 stale Change left out" in ran.text
    assert f"{scene.name} Inc.: hubspot tier" in ran.text
    assert scene.tiers == ("tier_3", "tier_1")
    assert scene.in_hubspot("tandem_mqa_stage") == "engaged"
    # Nobody's edit is lost: the next Run finds both.
    scene.sync()
    assert scene.tiers == ("tier_3", "tier_1")
    assert [(each["field"], each["why"]) for each in scene.pending()] == [("tier", "both_edited")]


def test_an_account_that_comes_up_by_itself_while_the_question_stands_is_not_created(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    world, people = town.world, town.people
    people.new_in_salesforce(Name="Lone", Website="https://www.lone.com", ABM_Tier__c="tier_2")
    other = people.new_in_salesforce(Name="Other", Website="https://www.other.com", ABM_Tier__c="tier_2")
    world.clock.advance(SETTLED)

    def marketing_is_faster() -> None:
        people.new_in_hubspot(name="Lone Inc.", domain="lone.com")
        world.clock.advance(SETTLED)

    ask(monkeypatch, marketing_is_faster)
    ran = world.run("apply")
    assert ran.code == 0, ran.text
    assert "Lone: hubspot" in ran.text
    assert names(town).count("Lone") + names(town).count("Lone Inc.") == 1
    assert names(town).count("Other") == 1
    world.clock.advance(SETTLED)
    assert world.run("sync").code == 0
    with world.ledger() as ledger:
        (account,) = ledger.accounts.find("lone.com")
        assert sorted(account.records) == ["hubspot", "salesforce"]
        assert ledger.accounts.record(SALESFORCE, other) is not None
    assert not world.run("plan", "--full", "--json").json["creates"]


def test_an_account_that_is_gone_when_the_question_is_answered_is_not_created(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = town.people.new_in_salesforce(Name="Gone", Website="https://www.gone.com", ABM_Tier__c="tier_2")
    town.world.clock.advance(SETTLED)
    ask(monkeypatch, lambda: town.people.deletes_in_salesforce(gone))
    ran = town.world.run("apply")
    assert ran.code == 0, ran.text
    assert "Gone" not in names(town)
    with town.world.ledger() as ledger:
        assert ledger.accounts.find("gone.com")[0].link.stored is False


def names(town: Town) -> list[str]:
    return [str(record.values.get("name")) for record in town.world.portal.shelf("companies").records]


# -- a saved Plan ------------------------------------------------------------------------------------------------


def test_a_saved_plan_opens_and_closes_the_links_that_were_reviewed_and_no_others(town: Town) -> None:
    world, people = town.world, town.people
    reviewed, later, gone = town.scene(), "later.com", town.scene()
    people.new_in_salesforce(Name="First", Website="https://www.first.com", ABM_Tier__c="tier_2")
    people.new_in_hubspot(name="First Inc.", domain="first.com")
    world.clock.advance(SETTLED)
    assert world.run("plan", "-o", "it.json").code == 3
    # What comes and goes after the review is for another one.
    people.new_in_salesforce(Name="Later", Website=f"https://www.{later}", ABM_Tier__c="tier_2")
    people.new_in_hubspot(name="Later Inc.", domain=later)
    people.archives_in_hubspot(gone.company)
    world.clock.advance(SETTLED)
    ran = world.run("apply", "it.json", "--yes")
    assert ran.code == 0, ran.text
    with world.ledger() as ledger:
        stored = {domain: ledger.accounts.find(domain)[0].link.stored for domain in ("first.com", later)}
        closed = ledger.accounts.links([gone.link, reviewed.link])
    assert stored == {"first.com": True, later: False}
    assert [link.closed_at for link in closed.values()] == [None, None]
    # The next Run does what was left.
    world.clock.advance(SETTLED)
    assert world.run("sync").code == 0
    with world.ledger() as ledger:
        assert ledger.accounts.find(later)[0].link.stored
        (ended,) = ledger.accounts.links([gone.link]).values()
        assert ended.closed_at is not None


def test_a_link_that_was_edited_into_a_saved_plan_is_refused(town: Town) -> None:
    town.people.new_in_salesforce(Name="First", Website="https://www.first.com", ABM_Tier__c="tier_2")
    town.world.clock.advance(SETTLED)
    assert town.world.run("plan", "-o", "it.json").code == 3
    file = town.world.folder / "it.json"
    plan = json.loads(file.read_text())
    plan["links"][0]["records"] = [["hubspot", "1"]]
    file.write_text(json.dumps(plan))
    ran = town.world.run("apply", "it.json", "--yes")
    assert ran.code == 5
    assert "was edited after it was saved" in ran.text


# -- scores --------------------------------------------------------------------------------------------------


def test_scores_push_plans_scores_and_nothing_else(town: Town) -> None:
    scene, world = town.scene(), town.world
    town.people.new_in_salesforce(Name="Fresh", Website="https://www.fresh.com", ABM_Tier__c="tier_2")
    scene.sales(MQA_Stage__c="engaged")
    score(scene, "71")
    before = calls(scene)
    ran = scene.run("scores", "push", "--yes", "--json")
    assert ran.code == 0, ran.text
    assert ran.json["counts"] == {"written.hubspot": 1, "written.salesforce": 1}
    assert ran.json["calls"] == spent(scene, before)
    assert float(str(scene.in_salesforce("Engagement_Score__c"))) == 71
    assert scene.in_hubspot("tandem_mqa_stage") is None
    with world.ledger() as ledger:
        assert not ledger.accounts.find("fresh.com")[0].link.stored
    # What waited goes with the next Run.
    scene.sync()
    assert scene.in_hubspot("tandem_mqa_stage") == "engaged"
    with world.ledger() as ledger:
        assert ledger.accounts.find("fresh.com")[0].link.stored


def test_a_score_that_was_edited_away_meanwhile_is_left_for_the_next_run(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    score(scene, "40")
    assert scene.run("scores", "push", "--yes").code == 0
    score(scene, "50")
    ask(monkeypatch, lambda: scene.marketing(tandem_engagement_score="3"))
    ran = scene.run("scores", "push")
    assert "1 stale Change left out" in ran.text
    assert scene.in_hubspot("tandem_engagement_score") == "3"
    assert float(str(scene.in_salesforce("Engagement_Score__c"))) == 50
    scene.sync()
    assert scene.in_hubspot("tandem_engagement_score") == "50"


def score(scene: Scene, value: str) -> None:
    scene.world.clock.advance(SETTLED)
    at = scene.world.clock.now().isoformat()
    (scene.world.folder / "scores.csv").write_text(f"domain,score,as_of\n{scene.domain},{value},{at}\n")
    assert scene.run("scores", "import", "scores.csv").code == 0


# -- undo ----------------------------------------------------------------------------------------------------


def test_what_is_edited_while_the_question_stands_is_not_undone(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene.sales(ABM_Tier__c="tier_1", MQA_Stage__c="engaged")
    run = scene.sync()
    ask(monkeypatch, lambda: scene.marketing(hs_ideal_customer_profile="tier_3"))
    ran = scene.run("undo", run)
    assert ran.code == 0, ran.text
    assert "1 stale Change left out" in ran.text
    assert scene.tiers == ("tier_1", "tier_3")
    assert scene.in_hubspot("tandem_mqa_stage") is None
