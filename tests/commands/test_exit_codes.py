"""The exit code tells the state, and every command tells the same of the same one: with --json and without."""

from __future__ import annotations

import pytest

from tests.e2e.people import SETTLED
from tests.scene import Scene


def at_rest(scene: Scene) -> None:
    scene.sync()


def edited(scene: Scene) -> None:
    """A change is pending."""
    scene.sales(ABM_Tier__c="tier_1")
    scene.world.clock.advance(SETTLED)


def disputed(scene: Scene) -> None:
    """A Conflict is open, and nothing else is to be done."""
    scene.sales(ABM_Tier__c="tier_1")
    scene.marketing(hs_ideal_customer_profile="tier_3")
    scene.sync()
    scene.sync()


def asked(scene: Scene) -> None:
    """A question of matching is open, and nothing else is to be done."""
    scene.people.new_in_salesforce(Name="Infomaniak", Website="https://www.infomaniak.com")
    scene.people.new_in_hubspot(name="Infomaniak", domain="infomaniak.ch")
    scene.sync()
    scene.sync()


#: What each command ends with: at rest, with a change pending, with a Conflict open, with a question open.
CODES = {
    "plan": (0, 3, 4, 4),
    "apply --yes": (0, 0, 4, 4),
    "sync": (0, 0, 4, 4),
    "status": (0, 0, 4, 4),
    "scores push --yes": (0, 0, 4, 4),
    "undo {run} --yes": (0, 0, 4, 4),
    "conflicts list": (0, 0, 4, 0),
    "matches list": (0, 0, 0, 4),
    "held list": (0, 0, 0, 0),
    "runs list": (0, 0, 0, 0),
    "ledger check": (0, 0, 0, 0),
    "provision plan": (0, 0, 0, 0),
    "provision drift": (0, 0, 0, 0),
    "report pipeline": (0, 0, 0, 0),
    "outcomes pull": (0, 0, 0, 0),
}
STATES = (at_rest, edited, disputed, asked)


@pytest.mark.parametrize("json", [False, True], ids=["for people", "for programs"])
@pytest.mark.parametrize("command", sorted(CODES))
@pytest.mark.parametrize("number", range(len(STATES)), ids=[state.__name__ for state in STATES])
def test_a_command_ends_with_the_code_of_the_state(
    scene: Scene, number: int, command: str, *, json: bool
) -> None:
    STATES[number](scene)
    with scene.world.ledger() as ledger:
        run = ledger.runs.latest(1)[0].id
    words = command.format(run=run).split()
    ran = scene.run(*words, *(["--json"] if json else []))
    assert ran.code == CODES[command][number], ran.text
