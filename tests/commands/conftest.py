"""A fresh world for each test; and a provisioned one, made once and put back for each test that begins with it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from sync.local_time import tell_in
from tests.scene import Scene, StandingTown, Town, open_standing_town
from tests.world import World, open_world


@pytest.fixture(autouse=True)
def _in_utc() -> None:
    """What a test before this one configured is not how this one is told times."""
    tell_in(None)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """Both CRMs, with users and without accounts, before Tandem was set up."""
    with open_world(tmp_path) as made:
        yield made


@pytest.fixture(scope="session")
def standing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StandingTown]:
    """Provisioned CRMs, which each test begins anew."""
    with open_standing_town(tmp_path_factory.mktemp("town")) as made:
        yield made


@pytest.fixture
def town(standing: StandingTown) -> Town:
    """Provisioned CRMs without accounts."""
    return standing.begin_anew()


@pytest.fixture
def scene(town: Town) -> Scene:
    """One account that stands in both CRMs, after one Run."""
    return town.scene()
