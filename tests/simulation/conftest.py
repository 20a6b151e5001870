"""Both CRMs, set up once for all tests here."""

import gc
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.simulation.acme import Acme
from tests.simulation.crms import Crms, open_crms


@pytest.fixture(scope="session")
def crms(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Crms]:
    with open_crms(Path(tmp_path_factory.mktemp("crms"))) as opened:
        yield opened


@pytest.fixture
def acme(crms: Crms) -> Iterator[Acme]:
    made = Acme(crms)
    yield made
    if made.app is not None:
        made.app.close()


@pytest.fixture(autouse=True)
def _bury_the_dead() -> Iterator[None]:
    """A killed process leaves its sockets to the system; in a rehearsal they are left to the garbage collector, which
    says so when it finds them."""
    yield
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()
