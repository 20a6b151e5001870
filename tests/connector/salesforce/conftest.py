"""A made-up org for each test."""

from collections.abc import Iterator

import pytest
import responses

from tests.connector.salesforce.org import Org


@pytest.fixture
def org() -> Iterator[Org]:
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        yield Org(mock)
