"""A scripted HubSpot for the tests of this room."""

from collections.abc import Iterator

import pytest

from connector.hubspot.client import HubSpotConnector
from tests.connector.hubspot.stub import Clock, Pool, specification, stubbed


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
