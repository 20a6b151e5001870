"""Two Salesforce orgs and a HubSpot portal keep one list: the same laws, whoever of the three speaks."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace

import pytest

from emulator.kit.server import serve
from emulator.kit.state import StateFile
from emulator.salesforce.app import build
from emulator.salesforce.seed import Seed
from tests.e2e.people import SETTLED, TEAM, People
from tests.sweep import sliced
from tests.world import Ran, Server, World, open_world

_EMEA = """\
  salesforce_emea:
    kind: salesforce
    login_url: {url}
    auth: {{method: client_credentials, client_id: env:SF_CLIENT_ID, client_secret: env:SF_CLIENT_SECRET}}
scope: {{accounts: all}}
provision: {{assign_to: {{users: [ben.ortiz@example.com]}}}}"""

_NUMBERS = itertools.count(1)

TIER = {
    "salesforce": "ABM_Tier__c",
    "salesforce_emea": "ABM_Tier__c",
    "hubspot": "hs_ideal_customer_profile",
}
STAGE = {
    "salesforce": "MQA_Stage__c",
    "salesforce_emea": "MQA_Stage__c",
    "hubspot": "tandem_mqa_stage",
}


@dataclass(kw_only=True)
class Three:
    """Acme, in three Systems."""

    world: World
    people: dict[str, People]
    orgs: dict[str, World]
    ids: dict[str, str]

    def run(self, *arguments: str) -> Ran:
        self.world.clock.advance(SETTLED)
        return self.world.run(*arguments)

    def edit(self, system: str, name: str, value: str) -> None:
        self.world.clock.advance(1)
        if system == "hubspot":
            self.people[system].in_hubspot(self.ids[system], **{name: value})
        else:
            self.people[system].in_salesforce(self.ids[system], **{name: value})

    def values(self, names: dict[str, str]) -> dict[str, object]:
        found: dict[str, object] = {}
        for system, name in names.items():
            if system == "hubspot":
                record = self.world.portal.shelf("companies").records.find(self.ids[system])
                assert record is not None
                found[system] = record.values.get(name)
            else:
                row = self.orgs[system].org.store.get("Account", self.ids[system])
                assert row is not None
                found[system] = row.get(name)
        return found

    def pending(self) -> int:
        return self.run("plan", "--full").code


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Three]:
    with open_world(tmp_path_factory.mktemp("three")) as world:
        emea = build(StateFile(), world.clock, Seed(organization_id="00D0000000000E2EAA", name="EMEA"))
        for email in TEAM:
            first, _, last = email.partition("@")[0].partition(".")
            world.portal.add_owner(email=email, first=first.title(), last=last.title())
        with serve(emea) as url:
            world.configure(_EMEA.format(url=url))
            orgs = {
                "salesforce": world,
                "salesforce_emea": replace(world, salesforce=Server(url=url, app=emea)),
            }
            with (
                closing(People(world)) as americas,
                closing(People(orgs["salesforce_emea"])) as europe,
            ):
                people = {"salesforce": americas, "salesforce_emea": europe, "hubspot": americas}
                three = Three(world=world, people=people, orgs=orgs, ids={})
                assert three.run("provision", "apply", "--yes").code == 0
                yield three


@pytest.fixture
def three(opened: Three) -> Three:
    """A company of its own, which the three have met: Salesforce brought the tier, HubSpot the stage."""
    domain = f"company{next(_NUMBERS)}.com"
    opened.world.clock.advance(SETTLED)
    opened.ids = {
        "salesforce": opened.people["salesforce"].new_in_salesforce(
            Name=domain, Website=domain, ABM_Tier__c="tier_1"
        ),
        "salesforce_emea": opened.people["salesforce_emea"].new_in_salesforce(
            Name=domain, Website=f"https://www.{domain}/de"
        ),
        "hubspot": opened.people["hubspot"].new_in_hubspot(
            name=domain, domain=domain, tandem_mqa_stage="engaged"
        ),
    }
    ran = opened.run("sync")
    assert ran.code in {0, 4}, ran.text
    return opened


def everywhere(value: str) -> dict[str, str]:
    return dict.fromkeys(("salesforce", "salesforce_emea", "hubspot"), value)


def test_a_company_that_somebody_makes_in_all_three_is_not_made_once_more(three: Three) -> None:
    """HubSpot's search does not show it yet, while the two orgs have met already."""
    domain = f"company{next(_NUMBERS)}.com"
    three.world.clock.advance(SETTLED)
    three.people["salesforce"].new_in_salesforce(Name=domain, Website=domain)
    three.people["salesforce_emea"].new_in_salesforce(Name=domain, Website=domain)
    three.people["hubspot"].new_in_hubspot(name=domain, domain=domain)
    assert three.world.run("sync").code == 0
    assert three.run("sync").code == 0
    companies = three.world.portal.shelves["companies"].records
    assert len([record for record in companies if record.values.get("domain") == domain]) == 1
    assert three.pending() == 0


def test_what_one_of_three_knows_fills_the_other_two(three: Three) -> None:
    assert three.values(TIER) == everywhere("tier_1")
    assert three.values(STAGE) == everywhere("engaged")
    assert three.pending() == 0


@pytest.mark.parametrize(
    "edited", sliced(["salesforce", "salesforce_emea", "hubspot"], always=["salesforce_emea"])
)
def test_an_edit_in_any_of_three_reaches_the_other_two(three: Three, edited: str) -> None:
    three.edit(edited, TIER[edited], "tier_3")
    assert three.run("sync").code == 0
    assert three.values(TIER) == everywhere("tier_3")
    assert three.pending() == 0


def test_of_three_stages_the_furthest_wins_in_all(three: Three) -> None:
    three.edit("salesforce", STAGE["salesforce"], "awareness")
    three.edit("salesforce_emea", STAGE["salesforce_emea"], "negotiating")
    three.edit("hubspot", STAGE["hubspot"], "evaluating")
    assert three.run("sync").code == 0
    assert three.values(STAGE) == everywhere("negotiating")


@pytest.mark.sweep
def test_two_of_three_that_differ_are_a_conflict_and_one_decision_settles_all_three(three: Three) -> None:
    three.edit("salesforce_emea", TIER["salesforce_emea"], "tier_2")
    three.edit("hubspot", TIER["hubspot"], "tier_3")
    assert three.run("sync").code == 4
    before = three.values(TIER)
    assert before == {"salesforce": "tier_1", "salesforce_emea": "tier_2", "hubspot": "tier_3"}
    [conflict] = three.run("conflicts", "list", "--json").json
    decided = three.run("conflicts", "resolve", str(conflict["id"]), "--use", "salesforce_emea", "--yes")
    assert decided.code == 0, decided.text
    assert three.run("sync").code == 0
    assert three.values(TIER) == everywhere("tier_2")
    assert three.pending() == 0


def test_one_of_three_that_is_down_misses_nothing_and_keeps_nobody_waiting(three: Three) -> None:
    three.orgs["salesforce_emea"].salesforce.fault(
        status=503, match={"method": "POST", "path": ".*composite.*"}, times=60
    )
    three.edit("hubspot", TIER["hubspot"], "tier_2")
    three.run("sync")
    three.orgs["salesforce_emea"].salesforce.app.state.faults.clear()
    assert three.run("sync").code == 0
    assert three.values(TIER) == everywhere("tier_2")
    assert three.pending() == 0


@pytest.mark.sweep
def test_what_a_run_overwrote_in_two_of_three_goes_back_in_both(three: Three) -> None:
    three.edit("hubspot", TIER["hubspot"], "tier_3")
    run = three.run("sync", "--json").json["run"]
    undone = three.run("undo", run, "--yes")
    assert undone.code == 0, undone.text
    assert {key: three.values(TIER)[key] for key in ("salesforce", "salesforce_emea")} == {
        "salesforce": "tier_1",
        "salesforce_emea": "tier_1",
    }
