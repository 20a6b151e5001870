"""Histories of people, faults, kills and Runs. A failure names its seed: python -m tests.simulation --seed N."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.simulation.crms import Crms, open_crms
from tests.simulation.history import History

#: How many histories the ordinary tests play; TANDEM_SIM_COUNT asks for more, TANDEM_SIM_SEED for others.
_COUNT = int(os.environ.get("TANDEM_SIM_COUNT", "12"))
_FIRST = int(os.environ.get("TANDEM_SIM_SEED", "1"))


@pytest.fixture(scope="module")
def crms(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Crms]:
    with open_crms(Path(tmp_path_factory.mktemp("crms"))) as opened:
        yield opened


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(_FIRST, _FIRST + _COUNT))
def test_a_history_ends_with_both_crms_agreed_and_no_edit_lost(crms: Crms, seed: int) -> None:
    told = History(crms, seed).play()
    assert not told.faults, str(told)
