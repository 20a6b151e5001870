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
#: Histories among the first two hundred in which the engine is known to break its promise, and how.
_KNOWN = {
    121: "an edit that is read before an open write is settled leaves behind what its System had agreed on",
}


def _seeds() -> Iterator[object]:
    for seed in range(_FIRST, _FIRST + _COUNT):
        known = _KNOWN.get(seed)
        marks = [pytest.mark.xfail(reason=known, strict=False)] if known else []
        yield pytest.param(seed, marks=marks if seed < _FIRST + _ALWAYS else [*marks, pytest.mark.sweep])


@pytest.mark.slow
@pytest.mark.parametrize("seed", list(_seeds()))
def test_a_history_ends_with_both_crms_agreed_and_no_edit_lost(crms: Crms, seed: int) -> None:
    told = History(crms, seed).play()
    assert not told.faults, str(told)
