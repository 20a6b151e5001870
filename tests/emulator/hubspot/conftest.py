import warnings
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from starlette.applications import Starlette

from connector.hubspot.api.paths import DEFAULT_VERSION, VERSIONS
from emulator.hubspot.app import build
from emulator.hubspot.limits import NONE
from emulator.hubspot.portal import Portal, Settings
from emulator.kit.clock import Clock
from emulator.kit.server import serve
from emulator.kit.state import StateFile
from tests import shared
from tests.emulator.hubspot.judged import Judged
from tests.sweep import sliced

START = datetime(2026, 10, 5, 12, 0, 0, 250_000, tzinfo=UTC)


def people(portal: Portal) -> None:
    """Two owners, and one who left."""
    portal.add_owner(email="admin@example.com", first="Ada", last="Admin", owner_id="101", user_id=9001)
    portal.add_owner(email="rep@example.com", first="Rob", last="Rep", owner_id="102", user_id=9002)
    portal.add_owner(
        email="gone@example.com", first="Gia", last="Gone", owner_id="103", user_id=9003, archived=True
    )


@pytest.fixture(scope="session")
def server() -> Iterator[tuple[Starlette, str]]:
    """One served portal for all tests; `hubspot` puts it back to its beginning before each."""
    app = build(StateFile(), Clock.virtual(START), people, settings=Settings(limits=NONE, courier=False))
    with serve(app) as base:
        yield app, base


@pytest.fixture(scope="session")
def judge() -> Any | None:
    if not shared.CONTRACTS.is_dir():
        return None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the judge is not ours: it leaves its file to the garbage collector
        return shared.judge("openapi_judge").Judge(str(shared.CONTRACTS / "hubspot" / "merged_v3.json"))


@pytest.fixture(params=sliced(VERSIONS, always=[DEFAULT_VERSION]))
def version(request: pytest.FixtureRequest) -> str:
    """The version of HubSpot's API that a test speaks."""
    return str(request.param)


@pytest.fixture
def hubspot(server: tuple[Starlette, str], judge: Any | None, version: str) -> Iterator[Judged]:
    """A client of a fresh portal. Every exchange of the test must please HubSpot's specification."""
    _, base = server
    client = Judged(base, judge, version=version)
    client("POST", "/__emulator__/reset")
    yield client
    client.close()
    assert client.complaints == []


@pytest.fixture
def portal(server: tuple[Starlette, str], hubspot: Judged) -> Portal:
    """The store behind `hubspot`."""
    found: Portal = server[0].state.portal
    return found
