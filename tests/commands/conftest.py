"""A fresh world for each test."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.world import World, open_world


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """Both CRMs, with users and without accounts, before Tandem was set up."""
    with open_world(tmp_path) as made:
        yield made
