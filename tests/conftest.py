"""What every test may count on: no network but this machine's own, and generated tests that can be run again."""

import gc
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from connector import secrecy
from tests import memory, network, postgresql, shared

ROOT = Path(__file__).resolve().parents[1]

network.install()
memory.use()
# A proxy would stand between a test and its own server; a CA bundle of this machine would beat the one a test gives.
for variable in (
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "ALL_PROXY",
    "REQUESTS_CA_BUNDLE",
    "CURL_CA_BUNDLE",
    "SSL_CERT_FILE",
):
    os.environ.pop(variable, None)
    os.environ.pop(variable.lower(), None)

# Deadlines measure the machine, not the code, so no profile has one.
settings.register_profile("dev", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True, database=None, print_blob=True)
settings.register_profile(
    "simulate",
    deadline=None,
    max_examples=5000,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
settings.load_profile("ci" if os.environ.get("CI") else "dev")


@pytest.fixture(scope="session", name="shared")
def shared_folder() -> Path:
    """The folder beside this checkout with what the vendors and others published."""
    if not shared.SHARED.is_dir():
        pytest.skip(shared.WHY_SKIPPED)
    return shared.SHARED


@pytest.fixture(scope="session")
def contracts() -> Path:
    """The CRMs' own specifications and recordings of their answers."""
    if not shared.CONTRACTS.is_dir():
        pytest.skip(shared.WHY_SKIPPED)
    return shared.CONTRACTS


@pytest.fixture(scope="session")
def data() -> Path:
    """Account and opportunity lists that Tandem did not make."""
    if not shared.DATA.is_dir():
        pytest.skip(shared.WHY_SKIPPED)
    return shared.DATA


@pytest.fixture(scope="session")
def node_client_dir() -> Path:
    """The folder whose ``node_modules`` holds jsforce, @hubspot/api-client and a SOQL parser, all written for Node.

    Run a script with ``node`` in this folder, or with NODE_PATH set to its ``node_modules``.
    """
    folder = ROOT / ".ci" / "node"
    if not (folder / "node_modules" / ".package-lock.json").is_file():
        pytest.skip("the clients for Node are not installed; .ci/run installs them where npm is")
    return folder


@pytest.fixture(scope="session")
def postgres() -> Iterator[postgresql.Server]:
    """A PostgreSQL server of this process's own; tests that ask for one are skipped where none is installed."""
    programs = postgresql.programs()
    if programs is None:
        pytest.skip(postgresql.WHY_SKIPPED)
    with postgresql.serving(programs) as server:
        yield server


def pytest_collection_finish() -> None:
    """What was imported and collected stays for good: the garbage collector need not walk through it again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)


@pytest.fixture(autouse=True)
def _no_secrets_of_others() -> Iterator[None]:
    """What one test made known as a secret is an ordinary word to the next."""
    yield
    secrecy._KNOWN._known.clear()
