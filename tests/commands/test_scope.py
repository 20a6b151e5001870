"""Which accounts are kept in step: an empty scope is told, and `linked` links what stands in several CRMs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from sync.model.records import NativeId, RecordKey
from sync.planning.new_links import look_again
from sync.settings.sections import Scope
from tests.e2e.people import SETTLED
from tests.ids import HUBSPOT
from tests.scene import KeptTown, Town, open_kept_town
from tests.world import World


@pytest.fixture(scope="module")
def standing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KeptTown]:
    with open_kept_town(tmp_path_factory.mktemp("town")) as made:
        yield made


@pytest.fixture
def town(standing: KeptTown) -> Town:
    return standing.begin_anew()


@pytest.fixture
def world(town: Town) -> World:
    """Two accounts that stand in both CRMs, one that stands in each alone; no one is flagged."""
    people = town.people
    for name in ("Acme", "Zenith"):
        people.new_in_salesforce(Name=name, Website=f"https://www.{name.lower()}.com", ABM_Tier__c="tier_2")
        people.new_in_hubspot(name=name, domain=f"{name.lower()}.com")
    people.new_in_salesforce(Name="Sales Only", Website="https://www.sales-only.com")
    people.new_in_hubspot(name="Marketing Only", domain="marketing-only.com")
    town.world.clock.advance(SETTLED)
    return town.world


def linked(world: World) -> int:
    with world.ledger() as ledger:
        return ledger.accounts.open_links()


@pytest.mark.parametrize("command", [("plan",), ("sync",), ("apply", "--yes")])
def test_where_no_account_is_flagged_it_is_told_what_was_read_why_it_is_left_out_and_what_to_do(
    world: World, command: tuple[str, ...]
) -> None:
    world.configure("scope: {accounts: target_accounts}")
    ran = world.run(*command)
    assert ran.code == 0
    assert "In sync" not in ran.text
    assert "salesforce: 3 accounts read, none in scope" in ran.text
    assert "3: target_account (Target_Account__c) is not set" in ran.text
    assert "hubspot: 3 accounts read, none in scope" in ran.text
    assert "3: target_account (hs_is_target_account) is not set" in ran.text
    assert "Flag an account in a CRM, or widen the scope in tandem.yaml" in ran.text


def test_programs_that_ask_for_json_are_told_of_an_empty_scope_beside_it(world: World) -> None:
    world.configure("scope: {accounts: target_accounts}")
    for command in ("plan", "sync"):
        ran = world.run(command, "--json")
        assert ran.json
        assert "salesforce: 3 accounts read, none in scope" in " ".join(ran.err.split())


def test_where_values_make_the_scope_the_field_that_leaves_accounts_out_is_named(world: World) -> None:
    world.configure("scope: {accounts: {tier: [tier_1]}}")
    text = world.run("plan").text
    assert "3: tier (ABM_Tier__c) is none of tier_1" in text
    assert "Give an account one of these values in a CRM" in text


def test_where_nothing_was_read_it_is_told(town: Town) -> None:
    text = town.world.run("plan").text
    assert "salesforce: 0 accounts read, none in scope" in text
    assert "tandem doctor" in text


def test_a_scope_that_is_widened_after_a_run_takes_in_what_was_left_out_before(world: World) -> None:
    world.configure("scope: {accounts: target_accounts}")
    assert world.run("sync").code == 0
    world.configure("scope: {accounts: all, create: false}")
    assert len(world.run("plan", "--full", "--json").json["links"]) == 4
    assert world.run("apply", "--yes").code == 0
    assert linked(world) == 4


@pytest.mark.parametrize("after_another", [False, True])
def test_under_linked_what_stands_in_several_crms_is_linked_and_nothing_is_created(
    world: World, *, after_another: bool
) -> None:
    if after_another:
        world.configure("scope: {accounts: target_accounts}")
        assert world.run("sync").code == 0
    world.configure("scope: {accounts: linked}")
    planned = world.run("plan", "--full", "--json").json
    assert [link["label"] for link in planned["links"]] == ["Acme", "Zenith"]
    assert planned["creates"] == []
    assert {change["field"] for change in planned["changes"]} >= {"tier"}
    assert world.run("sync").code == 0
    assert linked(world) == 2
    assert len(list(world.org.store.rows("Account"))) == 3
    assert len(list(world.portal.shelf("companies").records)) == 3


def test_under_linked_what_stands_alone_is_told_as_such(town: Town) -> None:
    town.people.new_in_salesforce(Name="Sales Only", Website="https://www.sales-only.com")
    town.world.clock.advance(SETTLED)
    town.world.configure("scope: {accounts: linked}")
    text = town.world.run("sync").text
    assert "1: only in salesforce, and scope: linked creates nothing" in text
    assert "tandem matches pin" in text


def test_a_full_look_does_not_make_anew_what_was_deleted_in_one_crm(town: Town) -> None:
    scene = town.scene()
    scene.world.clock.advance(SETTLED)
    scene.people.deletes_in_salesforce(scene.account)
    scene.sync()
    assert linked(scene.world) == 0
    # As if the mark in HubSpot had never been written.
    with scene.world.ledger() as ledger:
        record = ledger.accounts.record(HUBSPOT, scene.company)
        assert record is not None
        ledger.accounts.put([replace(record, tandem_id=None)])
        ledger.accounts.matched([RecordKey(HUBSPOT, NativeId(scene.company))])
        look_again(ledger, Scope(accounts="all"))
        assert list(ledger.accounts.unmatched_groups()) == []
