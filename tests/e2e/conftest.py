"""A fresh world for each test, reached over sockets, and the people in it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from emulator.kit.server import serve
from tests.e2e.people import People
from tests.world import World, open_world


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """Both CRMs, with users and without accounts, before Tandem was set up."""
    with open_world(tmp_path, serve=serve) as made:
        yield made


@pytest.fixture
def people(world: World) -> Iterator[People]:
    """Who works in the CRMs of ``world``; the sales team can own companies in HubSpot too."""
    team = People(world)
    team.invite_the_team_to_hubspot()
    yield team
    team.close()
