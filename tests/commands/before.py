"""What somebody did before a command, so that it has something to do or to tell."""

from collections.abc import Callable

from tests.e2e.people import SETTLED
from tests.scene import Scene

Before = Callable[[Scene], None]


def nothing(_scene: Scene) -> None:
    """As the last Run left it."""


def edited(scene: Scene) -> None:
    scene.sales(ABM_Tier__c="tier_1")
    scene.world.clock.advance(SETTLED)


def both_edited(scene: Scene) -> None:
    scene.sales(ABM_Tier__c="tier_1")
    scene.marketing(hs_ideal_customer_profile="tier_3")
    scene.world.clock.advance(SETTLED)


def carried(scene: Scene) -> None:
    edited(scene)
    assert scene.run("sync").code == 0
