"""The zone in which people are told times."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from sync import local_time

AT = datetime(2026, 7, 1, 22, 30, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    yield
    local_time.tell_in(None)


def test_times_are_told_in_utc_until_somebody_names_a_zone() -> None:
    assert (local_time.in_words(AT), local_time.zone_name()) == ("2026-07-01 22:30:00 UTC", "UTC")
    local_time.tell_in(local_time.read_zone("Europe/Berlin"))
    assert (local_time.in_words(AT), local_time.zone_name()) == ("2026-07-02 00:30:00 CEST", "Europe/Berlin")
    assert local_time.local(AT, local_time.MINUTES) == "2026-07-02 00:30"
    local_time.tell_in(None)
    assert local_time.in_words(AT) == "2026-07-01 22:30:00 UTC"


def test_a_time_at_the_end_of_the_calendar_can_be_told() -> None:
    local_time.tell_in(local_time.read_zone("Asia/Tokyo"))
    assert local_time.in_words(datetime.max.replace(tzinfo=UTC)).endswith("UTC")
    assert local_time.local(datetime.max.replace(tzinfo=UTC), local_time.MINUTES) == "9999-12-31 23:59"


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("Europe/Berln", "Europe/Berlin"),
        ("europe/berlin", "Europe/Berlin"),
        ("Berlin", "Europe/Berlin"),
        ("Germany/Berlin", "Europe/Berlin"),
        ("America/New York", "America/New_York"),
        ("new york", "America/New_York"),
        ("Asia/Kolkatta", "Asia/Kolkata"),
    ],
)
def test_a_zone_that_is_none_is_told_with_the_one_that_may_be_meant(name: str, meant: str) -> None:
    with pytest.raises(ValueError, match=f"did you mean {meant}\\?\\)$"):
        local_time.read_zone(name)


@pytest.mark.parametrize(
    "name",
    ["PST", "CEST", "UTC+2", "+02:00", "GMT-5", "Mars/Olympus Mons Base", "Zz", "..", "/etc/passwd"],
)
def test_an_abbreviation_or_an_offset_is_no_zone_and_none_is_guessed(name: str) -> None:
    with pytest.raises(
        ValueError, match=r"write a place, such as Europe/Berlin or America/New_York, or UTC$"
    ):
        local_time.read_zone(name)
