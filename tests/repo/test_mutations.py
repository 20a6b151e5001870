"""The list of mutations fits the code, so that ``make mutate`` tries each of them."""

from __future__ import annotations

from collections import Counter

from tests.mutation.__main__ import MUTATIONS, misfits


def test_every_mutation_still_stands_once_in_the_code_and_its_tests_are_there() -> None:
    assert list(misfits()) == []


def test_no_mutation_is_told_twice() -> None:
    assert [what for what, count in Counter(each.what for each in MUTATIONS).items() if count > 1] == []
