"""What a Run costs in API calls, as the CRMs count them: a short slice of what ``make bench`` measures."""

from __future__ import annotations

import pytest

from benchmarks.targets import IDLE_CALLS, writing_calls
from tests.e2e.crms import meet
from tests.e2e.people import SETTLED, People
from tests.world import World

ACCOUNTS = 1000


@pytest.mark.slow
def test_a_thousand_edits_cost_full_calls_only_and_no_news_next_to_nothing(
    world: World, people: People
) -> None:
    ids = meet(world, people, ACCOUNTS, "guard: {max_changes: 10000, max_change_share: 1.0}")

    people.edit_many_in_salesforce([id["salesforce"] for id in ids], MQA_Stage__c="engaged")
    ran = _sync(world)
    assert ran["counts"] == {"written.hubspot": ACCOUNTS}
    assert ran["calls"]["hubspot"] == _seen(world)["hubspot"] <= writing_calls("hubspot", ACCOUNTS)

    _sync(world)
    people.edit_many_in_hubspot([id["hubspot"] for id in ids], hs_ideal_customer_profile="tier_2")
    ran = _sync(world)
    assert ran["counts"]["written.salesforce"] > ACCOUNTS // 2
    assert ran["calls"]["salesforce"] == _seen(world)["salesforce"] <= writing_calls("salesforce", ACCOUNTS)

    _sync(world)
    idle = _sync(world)
    assert idle["counts"] == {}
    assert idle["calls"] == _seen(world)
    assert max(idle["calls"].values()) <= IDLE_CALLS


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
