"""plan, apply, sync for a part: accounts, fields, one System. What is left out is left to the next Run, whole."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st

from tests.e2e.crms import Kept, standing
from tests.e2e.people import SETTLED, TEAM
from tests.ids import HUBSPOT
from tests.scene import Town, open_town
from tests.world import World

FIELDS = ("target_account", "tier", "owner", "engagement_score", "mqa_stage")


class Morning:
    """Linked accounts that were edited on one side or both, new pairs, new accounts of one side, one that was
    deleted, a question, a decision and a score."""

    def __init__(self, town: Town) -> None:
        self.world = town.world
        world, people = town.world, town.people
        scenes = [town.scene() for _ in range(5)]
        edited, both, gone, decided, three = scenes
        decided.sales(ABM_Tier__c="tier_1")
        decided.marketing(hs_ideal_customer_profile="tier_3")
        decided.sync()
        world.clock.advance(SETTLED)
        edited.sales(ABM_Tier__c="tier_1", MQA_Stage__c="engaged")
        both.sales(ABM_Tier__c="tier_1", MQA_Stage__c="engaged")
        both.marketing(hs_ideal_customer_profile="tier_3", tandem_mqa_stage="evaluating")
        three.marketing(hubspot_owner_id=people.owner_in_hubspot(TEAM[2]))
        people.archives_in_hubspot(gone.company)
        for name in ("Pair", "Twin"):
            people.new_in_salesforce(
                Name=name, Website=f"https://www.{name.lower()}.com", ABM_Tier__c="tier_2"
            )
            people.new_in_hubspot(name=name, domain=f"{name.lower()}.com", tandem_mqa_stage="awareness")
        people.new_in_salesforce(Name="Twin", Website="https://www.twin.com")
        people.new_in_salesforce(Name="Sales Only", Website="https://www.salesonly.com", ABM_Tier__c="tier_2")
        people.new_in_hubspot(name="Marketing Only", domain="marketingonly.com")
        world.clock.advance(SETTLED)
        assert world.run("conflicts", "resolve", "--all", "--use", "salesforce", "--yes").code == 0
        (world.folder / "scores.csv").write_text(f"domain,score\n{edited.domain},71\npair.com,12\n")
        assert world.run("scores", "import", "scores.csv").code == 0
        self.names = [scene.domain for scene in scenes] + ["pair.com", "salesonly.com", "marketingonly.com"]
        self.kept = Kept.of(world)

    def begin_anew(self) -> World:
        self.kept.bring_back()
        return self.world


@pytest.fixture(scope="module")
def morning(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Morning]:
    with open_town(tmp_path_factory.mktemp("pilot")) as town:
        yield Morning(town)


def stands(world: World) -> Left:
    """Everything that a Run leaves behind, but for times and the order in which it came."""
    dropped = {"LastModifiedDate", "SystemModstamp", "CreatedDate", "Id"}
    accounts = [
        {name: value for name, value in row.items() if name not in dropped and not name.endswith("Date")}
        for row in world.org.store.rows("Account")
    ]
    names = (
        *("name", "domain", "tandem_id", "hs_ideal_customer_profile", "hs_is_target_account"),
        *("tandem_mqa_stage", "tandem_engagement_score", "hubspot_owner_id"),
    )
    companies = [
        {name: record.values.get(name) for name in names}
        for record in world.portal.shelf("companies").records
    ]
    with world.ledger() as ledger:
        links = [
            (
                account.link.id,
                dict(account.link.base),
                {
                    name: (dict(r.current), dict(r.observed), r.tandem_id)
                    for name, r in account.records.items()
                },
            )
            for account in ledger.accounts.all_linked()
        ]
        conflicts = [(c.finding.link_id, c.finding.field, c.state) for c in ledger.conflicts.list()]
        questions = [stored.match.key for stored in ledger.matches.list()]
        problems = [str(problem) for problem in ledger.check()]
    found: dict[str, list[Any]] = {
        "salesforce": sorted(json.dumps(row, sort_keys=True, default=str) for row in accounts),
        "hubspot": sorted(json.dumps(row, sort_keys=True) for row in companies),
        "link": links,
        "conflict": conflicts,
        "question": questions,
        "problem": problems,
    }
    return Left(
        f"{kind} {json.dumps(one, sort_keys=True, default=str)}"
        for kind, ones in found.items()
        for one in ones
    )


def run(world: World, *words: str, codes: frozenset[int] = frozenset({0, 4})) -> None:
    """An account whose Link has ended is told to whoever names it, and nothing is done."""
    world.clock.advance(SETTLED)
    ran = world.run(*words)
    assert ran.code in codes or "Its Link has ended." in ran.err, ran.text


class Left(frozenset[str]):
    """What stands, one text a fact."""

    def __repr__(self) -> str:
        return f"<{len(self)} facts>"


@pytest.fixture(scope="module")
def whole(morning: Morning) -> Left:
    """What two full Runs leave."""
    world = morning.begin_anew()
    run(world, "sync")
    run(world, "sync")
    return stands(world)


PILOTS = st.fixed_dictionaries(
    {},
    optional={
        "--account": st.lists(st.integers(0, 7), min_size=1, max_size=3, unique=True),
        "--field": st.lists(st.sampled_from(FIELDS), min_size=1, max_size=2, unique=True),
        "--system": st.sampled_from(["salesforce", "hubspot"]).map(lambda name: [name]),
        "--limit": st.integers(1, 4).map(lambda most: [most]),
    },
).filter(bool)


@given(pilots=st.lists(PILOTS, min_size=1, max_size=3), saved=st.booleans())
@example(pilots=[{"--field": ["tier"]}], saved=False)
@example(pilots=[{"--field": ["target_account"], "--system": ["hubspot"]}], saved=True)
@example(pilots=[{"--account": [5]}, {"--limit": [2]}], saved=False)
@example(pilots=[{"--limit": [4]}, {"--account": [2]}], saved=True)
@settings(
    max_examples=int(os.environ.get("TANDEM_PILOTS", "3")),
    phases=(Phase.explicit, Phase.generate),
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_a_pilot_and_then_the_whole_is_the_same_as_the_whole_alone(
    morning: Morning, whole: Left, pilots: list[dict[str, list[Any]]], *, saved: bool
) -> None:
    world = morning.begin_anew()
    for pilot in pilots:
        given_ones = pilot | {"--account": [morning.names[n] for n in pilot.get("--account", [])]}
        words = [word for option, values in given_ones.items() for v in values for word in (option, str(v))]
        if saved:
            run(world, "plan", *words, "-o", "part.json", codes=frozenset({0, 3, 4}))
            run(world, "apply", "part.json", "--yes")
        else:
            run(world, "sync", *words)
    run(world, "sync")
    run(world, "sync")
    assert sorted(stands(world) ^ whole) == []


def test_a_pilot_writes_to_the_accounts_that_were_named_and_to_no_others(morning: Morning) -> None:
    world = morning.begin_anew()
    planned = world.run("plan", "--account", "pair.com", "--account", morning.names[0], "--json").json
    assert {each["label"] for each in planned["links"]} == {"Pair"}
    assert {each["label"] for each in planned["changes"]} == {"Pair", "Acme 1 Inc."}
    assert planned["creates"] == planned["closures"] == planned["ambiguous"] == []


def test_a_pilot_of_one_field_writes_that_field_and_creates_nothing(morning: Morning) -> None:
    world = morning.begin_anew()
    planned = world.run("plan", "--field", "ABM_Tier__c", "--json").json
    assert {each["field"] for each in planned["changes"]} == {"tier"}
    assert planned["creates"] == []
    text = world.run("plan", "--field", "tier").text
    assert "Only a part: field tier." in text
    assert "A record is created whole" in text


def test_an_account_that_only_a_score_waits_for_is_not_put_to_rest_by_a_pilot_of_another_field(
    morning: Morning,
) -> None:
    """Nothing in the CRMs moves there: no read brings the account back once it rests."""
    world = morning.begin_anew()
    run(world, "sync")
    run(world, "sync")
    (world.folder / "scores.csv").write_text(f"domain,score\n{morning.names[4]},35\n")
    assert world.run("scores", "import", "scores.csv").code == 0
    run(world, "sync", "--field", "tier")
    planned = world.run("plan", "--json").json
    assert {(each["field"], each["value"]) for each in planned["changes"]} == {("engagement_score", "35")}


def test_a_pilot_of_one_system_writes_to_no_other(morning: Morning) -> None:
    world = morning.begin_anew()
    planned = world.run("plan", "--system", "hubspot", "--json").json
    assert {each["system"] for each in planned["changes"]} == {HUBSPOT}
    assert {each["system"] for each in planned["creates"]} == {HUBSPOT}


def test_a_limit_takes_the_first_accounts_by_name_and_says_how_many_are_left(morning: Morning) -> None:
    world = morning.begin_anew()
    ran = world.run("plan", "--limit", "2")
    assert "Only a part: 2 accounts at the most." in ran.text
    assert "6 accounts would get more" in ran.text
    planned = world.run("plan", "--limit", "2", "--json").json
    parts = ("changes", "creates", "conflicts", "closures")
    assert len({each["link_id"] for part in parts for each in planned[part]}) == 2


@pytest.mark.parametrize("command", ["plan", "apply", "sync"])
def test_names_that_fit_nothing_are_all_told_and_nothing_is_written(morning: Morning, command: str) -> None:
    world = morning.begin_anew()
    ran = world.run(command, "--field", "teir", "--system", "hubspt")
    assert ran.code == 2
    assert "There is no field teir; did you mean tier?" in ran.text
    assert "There is no System hubspt; did you mean hubspot?" in ran.text
    before = standing(world)
    ran = world.run(command, "--account", "nosuch", "--account", "only")
    assert ran.code == 2
    assert "No account fits 'nosuch'." in ran.text
    assert "'only' fits several accounts: " in ran.text
    assert "Sales Only (salesonly.com): salesforce" in ran.text
    assert "Marketing Only (marketingonly.com): hubspot" in ran.text
    assert standing(world) == before
    with world.ledger() as ledger:
        assert ledger.runs.latest(1)[0].outcome == "ok"


@pytest.mark.parametrize("command", [("plan",), ("apply", "--yes"), ("sync",)])
def test_an_account_that_is_out_of_scope_is_named_with_the_reason(
    morning: Morning, command: tuple[str, ...]
) -> None:
    world = morning.begin_anew()
    world.configure("scope: {accounts: target_accounts}")
    ran = world.run(*command, "--account", "salesonly.com")
    assert ran.code == 2
    assert "Sales Only is not kept in step. It is not in hubspot, and not in the scope" in ran.text


def test_a_part_of_a_saved_plan_cannot_be_chosen_afterwards(morning: Morning) -> None:
    world = morning.begin_anew()
    assert world.run("plan", "-o", "it.json").code == 4
    ran = world.run("apply", "it.json", "--limit", "2", "--yes")
    assert ran.code == 2
    assert "carried out as it was reviewed" in ran.text
