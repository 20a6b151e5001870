"""Histories of people, faults, kills and Runs. A failure names its seed: python -m tests.simulation --seed N."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from tests.simulation.crms import Crms
from tests.simulation.history import History

#: How many histories there are; TANDEM_SIM_COUNT asks for more or fewer, TANDEM_SIM_SEED for others.
_ASKED = os.environ.get("TANDEM_SIM_COUNT")
_COUNT = int(_ASKED or 200)
#: How many of them every run of the tests plays; the sweep plays them all.
_ALWAYS = _COUNT if _ASKED else 50
_FIRST = int(os.environ.get("TANDEM_SIM_SEED", "1"))


def _seeds() -> Iterator[object]:
    for seed in range(_FIRST, _FIRST + _COUNT):
        yield pytest.param(seed, marks=() if seed < _FIRST + _ALWAYS else pytest.mark.sweep)


@pytest.mark.slow
@pytest.mark.parametrize("seed", list(_seeds()))
def test_a_history_ends_with_both_crms_agreed_and_no_edit_lost(crms: Crms, seed: int) -> None:
    told = History(crms, seed).play()
    assert not told.faults, str(told)
