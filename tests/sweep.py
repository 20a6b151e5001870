"""Which variations of a search belong to every run of the tests, and which to `make sweep` alone.

A test that is marked ``sweep`` is left out by ``make test`` and run by ``make sweep``, or when it is asked for by name.
Of a test with many variations the marks stand on variations: :func:`sliced` says at the test which of them run always.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

import pytest
from _pytest.mark.structures import ParameterSet


def sliced(values: Iterable[Any], *, always: Collection[Any]) -> list[ParameterSet]:
    """All the values for ``pytest.mark.parametrize``, those that do not run ``always`` marked ``sweep``."""
    everything = list(values)
    assert all(value in everything for value in always), f"{always} is not among the variations"
    return [
        pytest.param(
            *(value if isinstance(value, tuple) else (value,)),
            marks=() if value in always else pytest.mark.sweep,
        )
        for value in everything
    ]
