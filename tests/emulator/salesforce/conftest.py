"""One served org for all tests of this folder, put back to its seed before each."""

from collections.abc import Iterator

import pytest
import requests

from emulator.kit.clock import Clock
from emulator.kit.server import serve
from emulator.kit.state import StateFile
from emulator.salesforce.app import build
from emulator.salesforce.org import Org
from tests.emulator.salesforce.client import KEY, LOOSE_KEY, SCORE, START, TARGET, TIER, Api


@pytest.fixture(scope="session")
def served() -> Iterator[tuple[str, Org, Clock]]:
    clock = Clock.virtual(START)
    app = build(StateFile(), clock)
    with serve(app) as server:
        yield server, app.state.org, clock


@pytest.fixture
def anonymous(served: tuple[str, Org, Clock]) -> Iterator[Api]:
    """The org, nobody logged in."""
    server, org, clock = served
    with requests.Session() as session:
        made = Api(server=server, org=org, clock=clock, session=session)
        assert made.call("POST", "/__emulator__/reset").status_code == 204
        yield made


@pytest.fixture
def api(anonymous: Api) -> Api:
    """The org, the integration user logged in."""
    anonymous.log_in()
    return anonymous


@pytest.fixture
def abm(api: Api) -> Api:
    """The org with granted custom fields on Account: a tier, a target flag, a score, a unique and a loose key."""
    for field in (TIER, TARGET, SCORE, KEY, LOOSE_KEY):
        api.field(field)
    return api
