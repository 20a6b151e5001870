"""The budget of calls, on a clock that moves only when somebody sleeps."""

import threading
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.base import Quota
from connector.budget import Budget, Window
from connector.clock import Pace
from connector.errors import QuotaSpent

START = datetime(2026, 3, 1, 12, tzinfo=UTC)
BURST = Window(name="burst", calls=190, seconds=10.0)
SEARCH = Window(name="search", calls=4, seconds=1.0)


class Time:
    def __init__(self) -> None:
        self.present = START
        self.pace = Pace.virtual(lambda: self.present, self.advance)

    def advance(self, seconds: float) -> None:
        self.present += timedelta(seconds=seconds)

    @property
    def passed(self) -> float:
        return (self.present - START).total_seconds()


@pytest.fixture
def time() -> Time:
    return Time()


def calls(budget: Budget, number: int, *windows: str) -> None:
    for _ in range(number):
        with budget.spend(*windows):
            pass


def test_a_full_window_makes_the_next_call_wait_and_none_before_it(time: Time) -> None:
    budget = Budget(pace=time.pace, windows=[BURST])
    calls(budget, 190, "burst")
    assert time.passed == 0.0
    calls(budget, 1, "burst")
    assert time.passed == 10.0
    assert budget.calls == 191


def test_a_call_obeys_every_window_that_it_names(time: Time) -> None:
    budget = Budget(pace=time.pace, windows=[BURST, SEARCH])
    calls(budget, 12, "burst", "search")
    assert time.passed == pytest.approx(2.0)
    calls(budget, 100, "burst")
    assert time.passed == pytest.approx(2.0)


@given(lengths=st.lists(st.floats(0.0, 3.0), min_size=1, max_size=60))
def test_no_window_of_the_crm_ever_holds_more_calls_wherever_in_its_span_a_call_is_counted(
    lengths: list[float],
) -> None:
    time = Time()
    budget = Budget(pace=time.pace, windows=[Window(name="w", calls=5, seconds=2.0)])
    spans: list[tuple[float, float]] = []
    for length in lengths:
        with budget.spend("w"):
            began = time.passed
            time.advance(length)
            spans.append((began, time.passed))
    # The unkindest counting: an old call is counted when it ended, a new one when it began.
    for (_, ended), (began, _) in zip(spans, spans[5:], strict=False):
        assert began - ended >= 2.0 - 1e-5


def test_only_so_many_calls_are_in_flight_at_once(time: Time) -> None:
    budget = Budget(pace=time.pace, in_flight=3)
    inside = 0
    most = 0
    lock = threading.Lock()
    together = threading.Barrier(3)

    def work() -> None:
        nonlocal inside, most
        with budget.spend():
            with lock:
                inside += 1
                most = max(most, inside)
            together.wait(timeout=10)  # passes only in threes: proves that three do run side by side
            with lock:
                inside -= 1

    threads = [threading.Thread(target=work) for _ in range(9)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == 3
    assert budget.calls == 9


def test_many_threads_together_keep_within_the_window(time: Time) -> None:
    lock = threading.Lock()
    stamps: list[float] = []

    def advance(seconds: float) -> None:
        with lock:
            time.present += timedelta(seconds=seconds)

    budget = Budget(
        pace=Pace.virtual(lambda: time.present, advance), windows=[Window(name="w", calls=10, seconds=5.0)]
    )

    def work() -> None:
        for _ in range(10):
            with budget.spend("w"), lock:
                stamps.append(time.passed)

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    stamps.sort()
    assert len(stamps) == 60
    assert all(later - earlier >= 5.0 - 1e-5 for earlier, later in zip(stamps, stamps[10:], strict=False))


def test_our_share_of_the_day_is_a_limit_and_says_when_it_comes_back(time: Time) -> None:
    budget = Budget(pace=time.pace, quota_share=0.25)
    calls(budget, 1)
    budget.learn(Quota(limit=40, used=1))
    calls(budget, 9)
    with pytest.raises(QuotaSpent, match=r"10 of our 10 calls a day") as spent, budget.spend():
        pass
    assert spent.value.resets_at == START + timedelta(hours=24)
    assert "quota_share" in str(spent.value.remedy)
    assert budget.calls == 10


def test_our_share_comes_back_after_24_hours(time: Time) -> None:
    budget = Budget(pace=time.pace, quota_share=0.25)
    budget.learn(Quota(limit=40, used=1))
    calls(budget, 10)
    time.advance(24 * 3600)
    calls(budget, 10)
    with pytest.raises(QuotaSpent), budget.spend():
        pass
    assert budget.calls == 20


def test_calls_of_an_earlier_process_count_towards_our_share(time: Time) -> None:
    budget = Budget(pace=time.pace, quota_share=0.25)
    budget.learn(Quota(limit=40, used=1))
    budget.recall([(START - timedelta(hours=3), 9)])
    calls(budget, 1)
    with pytest.raises(QuotaSpent), budget.spend():
        pass


def test_an_org_that_others_have_used_up_stops_us_before_the_last_calls(time: Time) -> None:
    budget = Budget(pace=time.pace, quota_share=0.25)
    budget.learn(Quota(limit=100_000, used=98_000))
    with pytest.raises(QuotaSpent, match="98000 of the 100000") as spent, budget.spend():
        pass
    assert spent.value.code == "QUOTA_CEILING"


def test_an_old_word_on_the_days_use_is_asked_again_rather_than_believed_for_ever(time: Time) -> None:
    budget = Budget(pace=time.pace)
    budget.learn(Quota(limit=100, used=100))
    time.advance(601)
    calls(budget, 1)
    assert budget.calls == 1


def test_a_hold_keeps_everybody_back(time: Time) -> None:
    budget = Budget(pace=time.pace, windows=[SEARCH])
    budget.hold(7.0)
    budget.hold(2.0)
    calls(budget, 1)
    assert time.passed == 7.0


def test_a_hold_of_one_window_lets_other_calls_pass(time: Time) -> None:
    budget = Budget(pace=time.pace, windows=[BURST, SEARCH])
    budget.hold(7.0, "search")
    calls(budget, 1, "burst")
    assert time.passed == 0.0
    calls(budget, 1, "burst", "search")
    assert time.passed == 7.0


def test_a_window_takes_the_size_that_the_crm_tells(time: Time) -> None:
    budget = Budget(pace=time.pace, windows=[BURST])
    budget.resize("burst", 100)
    calls(budget, 101, "burst")
    assert time.passed == 10.0


def test_a_free_call_is_not_counted(time: Time) -> None:
    budget = Budget(pace=time.pace, quota_share=0.1)
    budget.learn(Quota(limit=10, used=10))
    with budget.spend(free=True):
        pass
    assert budget.calls == 0


def test_a_call_that_fails_frees_its_place(time: Time) -> None:
    budget = Budget(pace=time.pace, windows=[SEARCH], in_flight=1)
    for _ in range(3):
        with pytest.raises(RuntimeError), budget.spend("search"):
            raise RuntimeError
    calls(budget, 1, "search")
    assert time.passed == 0.0
