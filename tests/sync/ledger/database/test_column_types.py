"""How values stand in the ledger's columns."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.dialects import sqlite

from sync.errors import LedgerError, LedgerHeld, LedgerTooNew, SettingsError, StalePlan, SyncError, UnsafePlan
from sync.ledger.database.column_types import UtcText, canonical, storable, utc_text

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(st.characters()),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(st.characters()), inner, max_size=3),
    max_leaves=8,
)
MOMENTS = st.datetimes(timezones=st.sampled_from([UTC, timezone(timedelta(hours=5, minutes=30))])).filter(
    lambda moment: 2 < moment.year < 9998
)


@given(VALUES)
def test_json_comes_back_and_can_be_stored(value: object) -> None:
    written = canonical(value)
    assert json.loads(written) == value
    assert written.encode()


@given(st.dictionaries(st.text(), st.text()))
def test_equal_content_is_equal_text_whatever_its_order(value: dict[str, str]) -> None:
    assert canonical(dict(reversed(value.items()))) == canonical(value)


@given(MOMENTS, MOMENTS)
def test_text_order_is_time_order_and_the_moment_comes_back(one: datetime, other: datetime) -> None:
    assert (utc_text(one) < utc_text(other)) == (one < other)
    assert len(utc_text(one)) == 27
    assert UtcText().process_result_value(utc_text(one), sqlite.dialect()) == one


def test_a_time_without_a_zone_has_no_place() -> None:
    with pytest.raises(ValueError, match="no time zone"):
        utc_text(datetime(2025, 1, 1))  # noqa: DTZ001  (that is the point)


@given(st.text(st.characters()) | st.none())
def test_any_text_can_be_stored(value: str | None) -> None:
    kept = storable(value)
    assert (kept is None) == (value is None)
    if value is not None and kept is not None:
        assert len(kept) == len(value)
        assert "\0" not in kept.encode().decode()


# -- errors ----------------------------------------------------------------------------------------------


def test_every_error_has_its_exit_code() -> None:
    codes = {kind: kind.exit_code for kind in (SyncError, SettingsError, UnsafePlan, StalePlan)}
    assert codes == {SyncError: 1, SettingsError: 2, UnsafePlan: 5, StalePlan: 5}
    assert (LedgerError.exit_code, LedgerTooNew.exit_code, LedgerHeld.exit_code) == (1, 1, 5)


def test_a_settings_error_tells_all_problems_at_once() -> None:
    error = SettingsError(["tandem.yaml:3: no such key: legder", "tandem.yaml:9: poll must be at least 10s"])
    assert str(error).splitlines() == list(error.problems)
    with pytest.raises(ValueError, match="at least one problem"):
        SettingsError([])
