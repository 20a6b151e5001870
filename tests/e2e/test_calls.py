"""What a Run costs in API calls, as the CRMs count them: a short slice of what ``make bench`` measures."""

from __future__ import annotations

import pytest

from benchmarks.targets import IDLE_CALLS, writing_calls
from tests.e2e.crms import meet
from tests.e2e.people import SETTLED, People
from tests.world import World

ACCOUNTS = 1000


@pytest.mark.slow
def test_a_thousand_edits_cost_full_calls_only_and_what_was_said_and_no_news_next_to_nothing(
    world: World, people: People
) -> None:
    writing = _edits_both_ways(world, people, ACCOUNTS)
    for system, calls in writing.items():
        assert calls["spent"] == calls["seen"] <= writing_calls(system, ACCOUNTS)
        assert calls["spent"] - calls["idle"] == calls["price"]


def test_ten_edits_cost_one_call_as_was_said(world: World, people: People) -> None:
    for calls in _edits_both_ways(world, people, 10).values():
        assert calls["spent"] - calls["idle"] == calls["price"] == 1


@pytest.mark.sweep
@pytest.mark.slow
def test_10_000_accounts_are_synced_at_the_price_that_was_said(world: World, people: People) -> None:
    for calls in _edits_both_ways(world, people, 10_000).values():
        assert calls["spent"] - calls["idle"] == calls["price"]


def _edits_both_ways(world: World, people: People, accounts: int) -> dict[str, dict[str, int]]:
    """Edit so many accounts in one CRM, then in the other; by the System that was written to: what the Plan said
    (``price``), what the Run took (``spent``), what the CRM saw of it, and what a Run with no news takes."""
    ids = meet(world, people, accounts, "guard: {max_changes: 100000, max_change_share: 1.0}")
    found: dict[str, dict[str, int]] = {}
    people.edit_many_in_salesforce([id["salesforce"] for id in ids], MQA_Stage__c="engaged")
    price = _price(world)
    ran = _sync(world)
    assert ran["counts"] == {"written.hubspot": accounts}
    found["hubspot"] = _calls(world, "hubspot", ran, price)

    _sync(world)
    people.edit_many_in_hubspot([id["hubspot"] for id in ids], hs_ideal_customer_profile="tier_2")
    price = _price(world)
    ran = _sync(world)
    assert ran["counts"]["written.salesforce"] > accounts // 2
    found["salesforce"] = _calls(world, "salesforce", ran, price)

    _sync(world)
    idle = _sync(world)
    assert idle["counts"] == {}
    assert idle["calls"] == _seen(world)
    assert max(idle["calls"].values()) <= IDLE_CALLS
    return {system: {**calls, "idle": idle["calls"][system]} for system, calls in found.items()}


def _calls(
    world: World, system: str, ran: dict[str, dict[str, int]], price: dict[str, int]
) -> dict[str, int]:
    return {"price": price[system], "spent": ran["calls"][system], "seen": _seen(world)[system]}


def _price(world: World) -> dict[str, int]:
    """What a Plan says that applying it takes. What changed has been read once it is there."""
    world.clock.advance(2 * SETTLED)
    found: dict[str, int] = world.run("plan", "--json").json["price"]
    return found


def _sync(world: World) -> dict[str, dict[str, int]]:
    world.clock.advance(2 * SETTLED)
    for server in (world.salesforce, world.hubspot):
        server.app.state.calls.reset()
    ran = world.run("sync", "--json")
    assert ran.code == 0, ran.text
    found: dict[str, dict[str, int]] = ran.json
    return found


def _seen(world: World) -> dict[str, int]:
    """Calls of the last Run that count against the CRMs' limits."""
    return {"salesforce": world.salesforce.calls()["api"], "hubspot": world.hubspot.calls()["api"]}
