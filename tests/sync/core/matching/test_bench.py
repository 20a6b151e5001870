"""What the bench of matching holds Tandem to."""

from __future__ import annotations

from benchmarks.identity import all_together, by_token_set, decidable, each_by_itself, hard, listed, strangers
from tests.shared import DATA, needs_data


def test_no_trap_is_linked() -> None:
    found = each_by_itself(strangers())
    assert (found.linked, found.wrong) == (0, 0)


@needs_data
def test_nine_of_ten_companies_with_one_website_are_linked_and_the_others_asked_about() -> None:
    found = each_by_itself(listed(DATA))
    assert found.linked > 0.93 * found.pairs
    assert (found.wrong, found.linked + found.asked) == (0, found.pairs)


@needs_data
def test_hard_names_are_asked_about_and_few_of_the_questions_are_needless() -> None:
    pairs = decidable(hard(DATA))
    found = all_together(pairs)
    assert found.linked == 0
    assert found.asked - found.needless > 0.9 * found.pairs
    assert found.needless < 0.1 * found.asked
    # Which of two ways finds more says nothing without what it links wrongly.
    assert by_token_set(pairs).wrong > found.wrong
