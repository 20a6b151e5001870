"""The one retry policy: which calls may be sent again, how long to wait between them, and when to give up.

It decides by the classes of :mod:`connector.errors` alone. A call that is not idempotent is never sent again
once the CRM may have done its work (``Retryable.maybe_done``): better an honest error than a second record.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from tenacity import RetryCallState, Retrying

from connector.clock import Pace
from connector.errors import Retryable

T = TypeVar("T")

#: Told before each wait: how many tries were made, what went wrong, seconds until the next try.
Observer = Callable[[int, Retryable, float], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryPolicy:
    """Exponential back-off with jitter, under two limits: tries and total time."""

    #: Tries in all, the first included.
    attempts: int = 5
    #: Seconds from the first try after which no further one is begun.
    total: float = 120.0
    #: Seconds before the second try where the error asks for less; doubled each time.
    first_wait: float = 0.5
    #: Seconds that doubling never exceeds (a wait asked for by the CRM does).
    longest_wait: float = 30.0
    #: Share of a wait that chance may add, so that callers which failed together do not return together.
    jitter: float = 0.5

    def wait(self, error: Retryable, tries: int, chance: float) -> float:
        """Seconds to wait after ``tries`` failed tries; never less than the error asks for."""
        backoff = min(self.longest_wait, self.first_wait * 2.0 ** (tries - 1))
        return max(backoff, error.wait) * (1.0 + self.jitter * chance)

    def call(
        self,
        work: Callable[[], T],
        *,
        pace: Pace,
        idempotent: bool,
        observe: Observer | None = None,
    ) -> T:
        """Do ``work``, again if need be; raises its last error unchanged when the policy gives up."""
        began = pace.now()

        def worth_another(state: RetryCallState) -> bool:
            error = _error(state)
            return isinstance(error, Retryable) and (idempotent or not error.maybe_done)

        def next_wait(state: RetryCallState) -> float:
            error = _error(state)
            return (
                self.wait(error, state.attempt_number, pace.chance()) if isinstance(error, Retryable) else 0.0
            )

        def enough(state: RetryCallState) -> bool:
            # The wait counts too: a try that could only begin after the limit is not worth waiting for.
            return (
                state.attempt_number >= self.attempts
                or pace.now() - began + state.upcoming_sleep > self.total
            )

        def before_sleep(state: RetryCallState) -> None:
            error = _error(state)
            if observe is not None and isinstance(error, Retryable):
                observe(state.attempt_number, error, state.upcoming_sleep)

        return Retrying(
            sleep=pace.sleep,
            stop=enough,
            wait=next_wait,
            retry=worth_another,
            before_sleep=before_sleep,
            reraise=True,
        )(work)


def _error(state: RetryCallState) -> BaseException | None:
    return None if state.outcome is None else state.outcome.exception()
