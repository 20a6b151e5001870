"""One pair of emulators for all fault tests: set up once, and put back to that moment before each test."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from shutil import copyfile

import pytest
import requests

from emulator.kit.server import serve
from tests.e2e.people import People
from tests.faults.scene import ACCOUNTS, BEGINNING, FiveAccounts
from tests.world import World, open_world

_LEDGER = "tandem.db"


@dataclass(frozen=True, kw_only=True)
class _Stage:
    """The scene at its beginning: what both CRMs and the ledger go back to."""

    scene: FiveAccounts
    at: datetime


@pytest.fixture(scope="session")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[_Stage]:
    """Both CRMs provisioned, five accounts linked and in step, search caught up."""
    with open_world(tmp_path_factory.mktemp("stage"), serve=serve) as world:
        people = People(world)
        people.invite_the_team_to_hubspot()
        assert world.run("provision", "apply", "--yes").code == 0
        people.see_the_fields()
        accounts = {
            name: people.new_in_salesforce(Name=name, Website=f"https://www.{domain}", **BEGINNING)
            for name, domain in ACCOUNTS.items()
        }
        companies = {
            name: people.new_in_hubspot(name=name, domain=domain) for name, domain in ACCOUNTS.items()
        }
        scene = FiveAccounts(world=world, people=people, accounts=accounts, companies=companies)
        world.clock.advance(600)
        assert scene.sync().code == 0
        world.clock.advance(600)
        scene.quiet()
        scene.in_step()
        world.org.state.mark()
        world.portal.state.mark()
        yield _Stage(scene=scene, at=world.clock.now())
        people.close()


@pytest.fixture
def scene(stage: _Stage, tmp_path: Path) -> Iterator[FiveAccounts]:
    """The five accounts in step, in a folder of their own; no fault is waiting."""
    world = stage.scene.world
    for server in (world.salesforce, world.hubspot):
        requests.post(f"{server.url}/__emulator__/reset", json={}, timeout=30).raise_for_status()
    world.clock.set(stage.at)
    copyfile(world.folder / _LEDGER, tmp_path / _LEDGER)
    here: World = replace(world, folder=tmp_path, secrets=dict(world.secrets))
    here.configure()
    people = People(here)
    yield FiveAccounts(
        world=here,
        people=people,
        accounts=dict(stage.scene.accounts),
        companies=dict(stage.scene.companies),
    )
    people.close()
