"""A fresh world for each test; and provisioned ones, made once and put back for each test that begins with them."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from sync.local_time import tell_in
from tests.e2e.crms import Kept
from tests.scene import (
    KeptScene,
    KeptTown,
    Scene,
    Town,
    open_kept_scene,
    open_kept_town,
)
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
def standing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KeptTown]:
    """Provisioned CRMs, which each test begins anew."""
    with open_kept_town(tmp_path_factory.mktemp("town")) as made:
        yield made


@pytest.fixture(scope="session")
def kept_scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KeptScene]:
    """One account at rest, which each test finds as it was."""
    with open_kept_scene(tmp_path_factory.mktemp("scene")) as made:
        yield made


@pytest.fixture
def town(request: pytest.FixtureRequest, standing: KeptTown) -> Town:
    """Provisioned CRMs without accounts. A test with a scene finds that scene's town at ``scene.town``."""
    if "scene" in request.fixturenames:
        pytest.fail("ask for town or for scene: they are in different CRMs. A scene has a town of its own.")
    return standing.begin_anew()


@pytest.fixture
def scene(kept_scene: KeptScene) -> Scene:
    """One account that stands in both CRMs, after one Run."""
    return kept_scene.begin_anew()


@pytest.fixture(scope="session")
def kept_ladders(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kept]:
    """Ladders in order for an hour, which each test begins anew."""
    with open_world(tmp_path_factory.mktemp("ready")) as world:
        applied = world.run("stages", "apply", "--yes")
        assert applied.code == 0, applied.text
        world.clock.advance(3600)
        yield Kept.of(world)


@pytest.fixture
def ready(kept_ladders: Kept) -> World:
    """A world whose ladders were brought in order some time ago, and nothing else, which is quicker."""
    kept_ladders.bring_back()
    return kept_ladders.world
