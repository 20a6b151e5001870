"""A scripted HubSpot for the tests of this room."""

from collections.abc import Iterator

import pytest

from connector.hubspot.api.paths import DEFAULT_VERSION, VERSIONS
from connector.hubspot.client import HubSpotConnector
from tests.connector.hubspot.stub import SPOKEN, Clock, Pool, specification, stubbed
from tests.sweep import sliced


@pytest.fixture(autouse=True, params=sliced(VERSIONS, always=[DEFAULT_VERSION]))
def spoken(request: pytest.FixtureRequest) -> Iterator[str]:
    """The version of HubSpot's API that the connector speaks."""
    before = SPOKEN.set(request.param)
    yield str(request.param)
    SPOKEN.reset(before)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def stub(clock: Clock) -> Iterator[tuple[HubSpotConnector, Pool]]:
    with stubbed(clock, judge=specification()) as pair:
        yield pair


@pytest.fixture
def hubspot(stub: tuple[HubSpotConnector, Pool]) -> HubSpotConnector:
    return stub[0]


@pytest.fixture
def pool(stub: tuple[HubSpotConnector, Pool]) -> Pool:
    return stub[1]
