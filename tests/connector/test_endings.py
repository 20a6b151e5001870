"""Every wait and every list has an end, whatever a server says."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.endings import LONGEST_WAIT, Pages, wait_asked
from connector.errors import Unavailable

DATE = "Mon, 30 Nov 2026 12:00:00 GMT"


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, None),
        ("", None),
        ("soon", None),
        ("nan", None),
        ("NaN", None),
        ("-nan", None),
        ("0", 0.0),
        ("7", 7.0),
        (" 7 ", 7.0),
        ("1.5", 1.5),
        ("-5", 0.0),
        ("-inf", 0.0),
        ("inf", LONGEST_WAIT),
        ("1e308", LONGEST_WAIT),
        ("1e999", LONGEST_WAIT),
        ("99999999999999999999", LONGEST_WAIT),
        ("Mon, 30 Nov 2026 12:00:30 GMT", 30.0),
        ("Mon, 30 Nov 2026 12:00:30 -0000", 30.0),
        ("Monday, 30-Nov-26 12:00:30 GMT", 30.0),
        ("Mon, 30 Nov 2026 11:00:00 GMT", 0.0),
        ("Mon, 30 Nov 2099 12:00:00 GMT", LONGEST_WAIT),
        ("Mon, 99 Nov 2026 12:00:00 GMT", None),
    ],
)
def test_what_retry_after_asks_for_is_read_and_bounded(header: str | None, seconds: float | None) -> None:
    assert wait_asked(header, date=DATE) == seconds


@given(st.text(max_size=40), st.none() | st.text(max_size=40))
def test_no_header_makes_a_wait_that_is_none(header: str, date: str | None) -> None:
    asked = wait_asked(header, date=date)
    assert asked is None or 0.0 <= asked <= LONGEST_WAIT


def test_a_moment_means_nothing_without_the_servers_own_time() -> None:
    assert wait_asked("Mon, 30 Nov 2026 12:00:30 GMT", date=None) is None
    assert wait_asked("Mon, 30 Nov 2026 12:00:30 GMT", date="yesterday") is None


def test_a_list_that_comes_back_to_a_page_is_broken_off() -> None:
    pages = Pages("owners")
    assert [pages.go_on("a"), pages.go_on("b")] == ["a", "b"]
    with pytest.raises(Unavailable, match="owners: the list came back"):
        pages.go_on("a")
