"""What is computed for accounts over weeks: scores, outcomes, also with one CRM alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from sync.model.records import SystemName
from tests.e2e.crms import account, accounts, company, load, writes
from tests.e2e.in_step.steps import later, quiet
from tests.e2e.people import People
from tests.world import World, open_world

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
