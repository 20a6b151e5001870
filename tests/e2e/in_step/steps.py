"""What tests of accounts in step do and look at again and again."""

from __future__ import annotations

from typing import Any

from tests.e2e.crms import account, accounts, company, writes
from tests.e2e.people import SETTLED
from tests.world import Ran, World

TIERS = ("tier_1", "tier_2", "tier_3")


def later(world: World, *arguments: str) -> Ran:
    """Time passes, and a command is run; by default a sync."""
    world.clock.advance(SETTLED)
    return world.run(*(arguments or ("sync",)))


def quiet(world: World, *, asked: bool = False) -> None:
    """Nothing is left to do, and nothing was made twice. ``asked``: a question is open."""
    before = writes(world)
    ran = later(world)
    assert ran.code == (4 if asked else 0), ran.text
    assert "nothing to do" in ran.text
    assert writes(world) == before


def tiers(world: World, id: dict[str, str]) -> tuple[Any, Any]:
    return account(world, id["salesforce"])["ABM_Tier__c"], company(world, id["hubspot"])[
        "hs_ideal_customer_profile"
    ]


def labels(world: World) -> list[str]:
    return [found.link.label for found in accounts(world)]
