"""HTTP dates mean the same moment in every form, whichever Connector reads them."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.http_dates import believed, http_date

#: RFC 9110, 5.6.7, writes this moment in each of its forms.
MOMENT = datetime(1994, 11, 6, 8, 49, 37, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    [
        "Sun, 06 Nov 1994 08:49:37 GMT",
        "Sunday, 06-Nov-94 08:49:37 GMT",
        "Sun Nov  6 08:49:37 1994",
        # No form of HTTP's, but what proxies write; the zone is the sender's word.
        "Sun, 06 Nov 1994 08:49:37 +0000",
        "Sun, 06 Nov 1994 08:49:37 -0000",
        "Sun, 06 Nov 1994 08:49:37",
        "Sun, 06 Nov 1994 09:49:37 +0100",
    ],
)
def test_every_form_of_a_date_is_the_same_moment_in_utc(text: str) -> None:
    moment = http_date(text)
    assert moment == MOMENT
    assert moment is not None
    assert moment.utcoffset() == timedelta(0)


@pytest.mark.parametrize("text", [None, "", " ", "yesterday", "Mon, 99 Nov 2026 12:00:00 GMT", "1794052800"])
def test_what_is_no_date_is_none(text: str | None) -> None:
    assert http_date(text) is None


@given(st.text(max_size=60))
def test_no_header_breaks_the_reader(text: str) -> None:
    moment = http_date(text)
    assert moment is None or moment.tzinfo is UTC


@given(
    st.sampled_from(["Sun, 06 Nov {} 08:49:37 {}", "06 Nov {} 23:59:59 {}"]),
    st.integers(0, 99_999),
    st.integers(-9_999, 9_999),
)
def test_no_year_and_no_zone_breaks_the_reader(form: str, year: int, zone: int) -> None:
    moment = http_date(form.format(year, f"{zone:+05}"))
    assert moment is None or moment.tzinfo is UTC


def test_no_read_goes_on_from_a_moment_that_is_far_ahead() -> None:
    ours = datetime(2026, 3, 1, 12, tzinfo=UTC)
    assert believed(ours + timedelta(hours=23), ours=ours) == ours + timedelta(hours=23)
    assert believed(ours + timedelta(days=2), ours=ours) is None
    assert believed(ours - timedelta(days=900), ours=ours) == ours - timedelta(days=900)
    assert believed(datetime(1970, 1, 1, tzinfo=UTC), ours=ours) is None
    assert believed(None, ours=ours) is None
