"""When the service does what: a clock that was wrong for one Run neither silences nor storms what follows."""

from datetime import UTC, datetime, timedelta

import pytest

from service.schedule import Intervals, Job, Trouble, back_off, due, next_due

NOW = datetime(2026, 11, 30, 12, 0, tzinfo=UTC)
EVERY = Intervals(sync=timedelta(minutes=1), full=timedelta(hours=24), outcomes=timedelta(minutes=15))


def minutes_ago(number: float) -> datetime:
    return NOW - timedelta(minutes=number)


def test_nothing_is_due_before_its_interval_is_over() -> None:
    last = {Job.FULL: minutes_ago(60), Job.SYNC: minutes_ago(0.5), Job.OUTCOMES: minutes_ago(14)}
    assert due(last, EVERY, {}, NOW) is None
    assert due(last, EVERY, {}, NOW + timedelta(seconds=30)) is Job.SYNC
    assert next_due(last, EVERY, {}, NOW)[Job.OUTCOMES] == NOW + timedelta(minutes=1)


@pytest.mark.parametrize("job", list(Job))
def test_a_run_of_the_future_does_not_silence_its_job(job: Job) -> None:
    last = dict.fromkeys(Job, NOW) | {job: NOW + timedelta(days=400)}
    assert due(last, EVERY, {}, NOW) is job
    assert next_due(last, EVERY, {}, NOW)[job] == NOW


def test_a_run_of_long_ago_makes_its_job_due_once() -> None:
    last = dict.fromkeys(Job, NOW) | {Job.SYNC: datetime(1970, 1, 1, tzinfo=UTC)}
    assert due(last, EVERY, {}, NOW) is Job.SYNC
    assert due(last | {Job.SYNC: NOW}, EVERY, {}, NOW) is None


def test_a_pause_that_no_crm_asks_for_is_not_kept() -> None:
    last = dict.fromkeys(Job, minutes_ago(30))
    ahead = Trouble(failures=1, until=NOW + timedelta(days=400), reason="the clock was ahead")
    assert due(last, EVERY, {Job.SYNC: ahead}, NOW) is Job.SYNC
    tomorrow = Trouble(failures=1, until=NOW + timedelta(hours=23), reason="the day's calls are used up")
    assert due(last, EVERY, {Job.SYNC: tomorrow}, NOW) is Job.OUTCOMES


def test_failures_are_tried_again_later_and_later_and_at_least_every_hour() -> None:
    pauses = [(back_off(failures, asked=None, now=NOW) - NOW).total_seconds() for failures in range(1, 20)]
    assert pauses[:3] == [30, 60, 120]
    assert pauses == sorted(pauses)
    assert pauses[-1] == 3600
    asked = NOW + timedelta(hours=5)
    assert back_off(1, asked=asked, now=NOW) == asked
