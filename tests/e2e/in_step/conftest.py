"""Six target accounts that both CRMs have, in step, as each test finds them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from emulator.kit.server import serve
from tests.e2e.crms import Kept, meet
from tests.e2e.people import People
from tests.world import World, open_world


@pytest.fixture(scope="module")
def met(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Kept, list[dict[str, str]]]]:
    """Six target accounts that both CRMs have, in step."""
    with open_world(tmp_path_factory.mktemp("story"), serve=serve) as world:
        people = People(world)
        people.invite_the_team_to_hubspot()
        found = meet(world, people, 6, scope="target_accounts")
        people.close()
        yield Kept.of(world), found


@pytest.fixture
def world(met: tuple[Kept, list[dict[str, str]]]) -> World:
    kept, _ = met
    kept.bring_back()
    return kept.world


@pytest.fixture
def people(world: World) -> Iterator[People]:
    team = People(world)
    yield team
    team.close()


@pytest.fixture
def ids(met: tuple[Kept, list[dict[str, str]]]) -> list[dict[str, str]]:
    """Their native ids, by System."""
    return met[1]
