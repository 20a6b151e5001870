"""Histories of people, faults, kills and Runs. A failure names its seed: python -m tests.simulation --seed N."""

from __future__ import annotations

import os

import pytest

from tests.simulation.crms import Crms
from tests.simulation.history import History

#: How many histories the ordinary tests play; TANDEM_SIM_COUNT asks for more, TANDEM_SIM_SEED for others.
_COUNT = int(os.environ.get("TANDEM_SIM_COUNT", "200"))
_FIRST = int(os.environ.get("TANDEM_SIM_SEED", "1"))


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(_FIRST, _FIRST + _COUNT))
def test_a_history_ends_with_both_crms_agreed_and_no_edit_lost(crms: Crms, seed: int) -> None:
    told = History(crms, seed).play()
    assert not told.faults, str(told)
