"""One System's allowance: calls per rolling window, calls in flight, and our share of the CRM's day.

Every Connector has exactly one :class:`Budget`, shared by all its threads; each API call is made inside
``with budget.spend(...)``. The budget waits for a free slot (on the injected clock) and refuses with
:class:`~connector.errors.QuotaSpent` when the day's share is gone; it also counts the calls.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

from connector.base import Quota
from connector.clock import Pace
from connector.errors import QuotaSpent

_DAY = timedelta(hours=24)
#: Our own calls of the last 24 hours are remembered by the minute: exact enough, and small.
_BUCKET = timedelta(minutes=1)
#: Seconds to look again where a window is full of calls that have not ended yet.
_GLANCE = 0.02
#: Seconds of the shortest wait: a calendar that counts microseconds must move by it.
_TICK = 0.001
#: Seconds for which the CRM's word on the day's use is believed. Without an end to it, a budget that once
#: refused would never make the call that tells it otherwise.
_BELIEVED = 600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """At most ``calls`` within any ``seconds`` in a row."""

    name: str
    calls: int
    seconds: float


class _Log:
    """The calls of one window. A call counts from the moment it begins until ``seconds`` after it *ended*.

    The CRM stamps a call somewhere between the two; counting the whole span keeps within the CRM's own
    window whatever the network does, so that a full speed run is never told to slow down.
    """

    def __init__(self, window: Window) -> None:
        self.window = window
        self.in_flight = 0
        self.ended: deque[float] = deque()
        self.held_until: float | None = None

    def free_in(self, now: float) -> float:
        """Seconds until one more call may begin; 0 if now."""
        if self.held_until is not None:
            if self.held_until > now:
                return max(self.held_until - now, _TICK)
            self.held_until = None
        while self.ended and self.ended[0] <= now - self.window.seconds:
            self.ended.popleft()
        over = self.in_flight + len(self.ended) - self.window.calls
        if over < 0:
            return 0.0
        if over >= len(self.ended):
            return _GLANCE
        return max(self.ended[over] + self.window.seconds - now, _TICK)


class Budget:
    """A System's allowance of calls. Thread-safe."""

    def __init__(
        self,
        *,
        pace: Pace,
        windows: Sequence[Window] = (),
        in_flight: int = 10,
        quota_share: float | None = None,
        quota_ceiling: float = 0.95,
        patience: float = 0.0,
        day_began: Callable[[datetime], datetime] = lambda now: now - _DAY,
    ) -> None:
        """``quota_share``: part of the daily allowance (0 to 1) that we may use ourselves in any 24 hours; None: all.
        ``quota_ceiling``: part of it beyond which we stop whoever used it, so that we never take the last call.
        ``day_began``: when the CRM's day began of which that moment is a part; a rolling one of 24 hours unless told.
        ``patience``: seconds that the answer to a write may take."""
        self._pace = pace
        #: Called right before a write is sent, with the seconds that its answer may take; raises where it must not be.
        self.before_write: Callable[[float], None] = lambda _seconds: None
        self._patience = patience
        self._day_began = day_began
        #: Called before each call that the CRM counts.
        self.before_call: Callable[[], None] = lambda: None
        self._lock = threading.Lock()
        self._slots = threading.BoundedSemaphore(in_flight)
        self._logs = {window.name: _Log(window) for window in windows}
        #: Every call passes here; it holds calls back and never counts them.
        self._gate = _Log(Window(name="", calls=2**31, seconds=0.0))
        self._share = quota_share
        self._ceiling = quota_ceiling
        self._calls = 0
        self._day: deque[tuple[datetime, int]] = deque()
        self._day_total = 0
        self._quota: Quota | None = None
        self._learned_at = 0.0

    @property
    def calls(self) -> int:
        """Calls begun so far."""
        return self._calls

    @property
    def quota(self) -> Quota | None:
        """The daily allowance as the CRM last told it."""
        return self._quota

    @contextmanager
    def spend(self, *windows: str, free: bool = False, writes: bool = False) -> Iterator[None]:
        """Hold one call's place in the named windows and in flight while the block runs.

        ``free``: a call that the CRM does not count (a token request); it still obeys windows and holds.
        ``writes``: what is sent changes something. Raises ``QuotaSpent`` before anything is sent; waits as long as the
        windows ask for.
        """
        logs = [self._logs[name] for name in windows]
        if not free:
            self.before_call()
        self._enter(logs, free=free)
        try:
            with self._slots:
                if writes:
                    # After all waiting.
                    self.before_write(self._patience)
                yield
        finally:
            self._leave(logs)

    def learn(self, quota: Quota) -> None:
        """Take over what the CRM said about the day's allowance."""
        with self._lock:
            self._quota = quota
            self._learned_at = self._pace.now()

    def resize(self, name: str, calls: int) -> None:
        """The CRM said that a window allows another number of calls than we thought."""
        with self._lock:
            log = self._logs[name]
            log.window = Window(name=name, calls=max(calls, 1), seconds=log.window.seconds)

    def hold(self, seconds: float, *windows: str) -> None:
        """Let nobody begin a call (in the named windows; in none named: at all) for this long, because the CRM
        told one of us to wait."""
        with self._lock:
            until = self._pace.now() + seconds
            for log in [self._logs[name] for name in windows] or [self._gate]:
                log.held_until = until if log.held_until is None else max(log.held_until, until)

    def recall(self, calls: Sequence[tuple[datetime, int]]) -> None:
        """These calls were made, by us and by other processes of ours, oldest first."""
        with self._lock:
            self._day = deque(calls)
            self._day_total = sum(count for _, count in calls)

    def _enter(self, logs: Sequence[_Log], *, free: bool) -> None:
        while True:
            with self._lock:
                if not free:
                    self._refuse_if_spent()
                now = self._pace.now()
                wait = max(log.free_in(now) for log in (self._gate, *logs))
                if wait <= 0.0:
                    for log in logs:
                        log.in_flight += 1
                    if not free:
                        self._calls += 1
                        self._count(1, self._pace.wall())
                    return
            self._pace.sleep(wait)

    def _leave(self, logs: Sequence[_Log]) -> None:
        with self._lock:
            now = self._pace.now()
            for log in logs:
                log.in_flight -= 1
                log.ended.append(now)

    def _refuse_if_spent(self) -> None:
        quota = self._quota
        if quota is None or quota.limit is None:
            return
        self._forget(self._pace.wall())
        if self._share is not None and self._day_total >= int(self._share * quota.limit):
            raise QuotaSpent(
                f"{self._day_total} of our {int(self._share * quota.limit)} calls a day are used "
                f"(quota_share {self._share:g} of {quota.limit})",
                resets_at=self._our_reset(quota),
                code="QUOTA_SHARE",
                remedy="Wait, or raise quota_share of this system in tandem.yaml.",
            )
        fresh = self._pace.now() - self._learned_at < _BELIEVED
        if fresh and quota.used is not None and quota.used >= self._ceiling * quota.limit:
            # Whoever used them: the last calls of the day belong to people and other programs.
            raise QuotaSpent(
                f"{quota.used} of the {quota.limit} daily calls are used, by us and others together; "
                f"we stop at {self._ceiling:.0%}",
                resets_at=quota.resets_at,
                code="QUOTA_CEILING",
                remedy="Wait until the allowance is renewed, and see which program uses it up.",
            )

    def _our_reset(self, quota: Quota) -> datetime | None:
        # Of a rolling day, calls come back one after the other.
        if quota.resets_at is not None:
            return quota.resets_at
        return self._day[0][0] + _DAY if self._day else None

    def _count(self, calls: int, at: datetime) -> None:
        if self._day and timedelta(0) <= at - self._day[-1][0] < _BUCKET:
            began, count = self._day[-1]
            self._day[-1] = (began, count + calls)
        else:
            self._day.append((at, calls))
        self._day_total += calls

    def _forget(self, now: datetime) -> None:
        began = self._day_began(now)
        while self._day and self._day[0][0] <= began:
            self._day_total -= self._day.popleft()[1]
