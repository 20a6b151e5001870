"""Both CRMs, set up once for all tests here."""

import gc
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.simulation.acme import Acme
from tests.simulation.crms import Crms, open_crms

_HERE = Path(__file__).parent


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


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A killed process leaves its sockets to the system; in a rehearsal they are left to the garbage collector, which
    says so whenever it finds them."""
    for item in items:
        if item.path.is_relative_to(_HERE):
            item.add_marker(pytest.mark.filterwarnings("ignore::ResourceWarning"))


@pytest.fixture(autouse=True, scope="module")
def _bury_the_dead() -> Iterator[None]:
    """None of them is left to a test of somebody else's. Not after each test: to look through everything that stands
    takes a tenth of what a history takes."""
    yield
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()
