"""The retry policy, on a clock that moves only when somebody sleeps."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from connector.clock import Pace
from connector.errors import AuthFailed, Rejected, Retryable, RowLocked, Throttled, Unavailable
from connector.retry import RetryPolicy


class Time:
    """A calendar that stands still until somebody sleeps, and remembers each sleep."""

    def __init__(self) -> None:
        self.present = datetime(2026, 3, 1, 12, tzinfo=UTC)
        self.slept: list[float] = []

    def pace(self, chance: float = 0.0) -> Pace:
        return Pace.virtual(lambda: self.present, self.advance, chance=lambda: chance)

    def advance(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.present += timedelta(seconds=seconds)


def failing(*errors: Exception) -> tuple[Callable[[], str], list[int]]:
    """Work that fails with each error in turn and then succeeds, and the list of its tries."""
    tries: list[int] = []

    def work() -> str:
        tries.append(len(tries))
        if len(tries) <= len(errors):
            raise errors[len(tries) - 1]
        return "done"

    return work, tries


def test_a_passing_fault_is_tried_again_until_it_passes() -> None:
    time = Time()
    work, tries = failing(Unavailable("down"), Throttled("slow down"))
    assert RetryPolicy().call(work, pace=time.pace(), idempotent=True) == "done"
    assert len(tries) == 3


@pytest.mark.parametrize("error", [Rejected("no"), AuthFailed("no"), ValueError("no")])
def test_what_cannot_succeed_later_is_not_tried_again(error: Exception) -> None:
    time = Time()
    work, tries = failing(error)
    with pytest.raises(type(error)):
        RetryPolicy().call(work, pace=time.pace(), idempotent=True)
    assert len(tries) == 1
    assert time.slept == []


def test_a_call_that_may_have_been_done_is_never_sent_twice_unless_it_is_idempotent() -> None:
    time = Time()
    work, tries = failing(Unavailable("connection lost", maybe_done=True))
    with pytest.raises(Unavailable):
        RetryPolicy().call(work, pace=time.pace(), idempotent=False)
    assert len(tries) == 1

    work, tries = failing(Unavailable("connection lost", maybe_done=True))
    assert RetryPolicy().call(work, pace=time.pace(), idempotent=True) == "done"


def test_a_refused_call_is_sent_again_even_if_it_is_not_idempotent() -> None:
    time = Time()
    work, tries = failing(Throttled("slow down"))
    assert RetryPolicy().call(work, pace=time.pace(), idempotent=False) == "done"
    assert len(tries) == 2


def test_the_wait_is_never_shorter_than_the_crm_asks_for() -> None:
    time = Time()
    work, _ = failing(Throttled("ten seconds, please", wait=10.0))
    RetryPolicy(first_wait=0.5).call(work, pace=time.pace(), idempotent=True)
    assert time.slept == [10.0]


def test_waits_double_and_carry_jitter_from_the_injected_chance() -> None:
    time = Time()
    work, _ = failing(*(Unavailable("down", wait=0.0) for _ in range(4)))
    RetryPolicy(first_wait=2.0, longest_wait=8.0, jitter=0.5).call(
        work, pace=time.pace(chance=0.5), idempotent=True
    )
    assert time.slept == [2.5, 5.0, 10.0, 10.0]


def test_the_last_error_comes_out_unchanged_after_the_last_try() -> None:
    time = Time()
    errors = [RowLocked(f"locked {n}") for n in range(9)]
    work, tries = failing(*errors)
    with pytest.raises(RowLocked) as raised:
        RetryPolicy(attempts=3).call(work, pace=time.pace(), idempotent=True)
    assert raised.value is errors[2]
    assert len(tries) == 3


def test_no_try_begins_after_the_total_time_and_nobody_waits_for_it_in_vain() -> None:
    time = Time()
    work, tries = failing(*(Throttled("slow", wait=50.0) for _ in range(9)))
    with pytest.raises(Throttled):
        RetryPolicy(attempts=9, total=100.0).call(work, pace=time.pace(), idempotent=True)
    assert time.slept == [50.0, 50.0]
    assert len(tries) == 3


def test_each_wait_is_told_to_the_observer() -> None:
    time = Time()
    told: list[tuple[int, str, float]] = []
    work, _ = failing(Unavailable("down", wait=2.0))

    def observe(tries: int, error: Retryable, seconds: float) -> None:
        told.append((tries, str(error), seconds))

    RetryPolicy().call(work, pace=time.pace(), idempotent=True, observe=observe)
    assert told == [(1, "down", 2.0)]
