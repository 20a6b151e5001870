"""The list of mutations fits the code, so that ``make mutate`` tries each of them."""

from __future__ import annotations

from collections import Counter

from tests.mutation.__main__ import MUTATIONS
from tests.mutation.trial import misfits


def test_every_mutation_still_stands_once_in_the_code_and_its_tests_are_there() -> None:
    assert list(misfits(MUTATIONS)) == []


def test_no_mutation_is_told_twice() -> None:
    assert [what for what, count in Counter(each.what for each in MUTATIONS).items() if count > 1] == []


def test_no_line_is_broken_twice_in_the_same_way() -> None:
    breakings = Counter((each.file, each.old, each.new) for each in MUTATIONS)
    assert [breaking for breaking, count in breakings.items() if count > 1] == []
