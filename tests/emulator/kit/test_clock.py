from datetime import UTC, datetime, timedelta

import pytest

from emulator.kit.clock import Clock
from emulator.kit.state import StateFile

NOON = datetime(2026, 10, 5, 12, tzinfo=UTC)


def test_a_virtual_clock_moves_by_hand_alone() -> None:
    clock = Clock.virtual(NOON)
    assert clock.now() == clock.now() == NOON
    clock.advance(90)
    assert clock.now() == NOON + timedelta(seconds=90)


def test_a_running_clock_keeps_its_offset_across_a_restart() -> None:
    state = StateFile()
    Clock(state, machine=lambda: NOON).advance(3600)
    assert Clock(state, machine=lambda: NOON).now() == NOON + timedelta(hours=1)


def test_a_frozen_clock_stays_frozen_across_a_restart() -> None:
    state = StateFile()
    Clock(state, machine=lambda: NOON).freeze()
    later = Clock(state, machine=lambda: NOON + timedelta(days=1))
    assert later.now() == NOON
    assert later.run() == NOON


def test_reset_returns_to_the_beginning() -> None:
    clock = Clock.virtual(NOON)
    clock.advance(5)
    clock.run()
    clock.reset()
    assert clock.frozen
    assert clock.now() == NOON


def test_a_moment_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="no time zone"):
        Clock.virtual(NOON).set(datetime(2026, 1, 1))  # noqa: DTZ001 - the point of the test
