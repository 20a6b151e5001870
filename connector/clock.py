"""Time and chance, handed in from outside, so that nothing in this room reads a clock by itself."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """What a Connector knows of time. Production uses :meth:`real`; tests and emulators hand in a clock of theirs."""

    #: Seconds on a clock that never jumps; only differences between two readings mean anything.
    now: Callable[[], float]
    #: Waits the given number of seconds.
    sleep: Callable[[float], None]
    #: The calendar: aware, UTC. For what a CRM must be told (expiry of a signed assertion) and for people.
    wall: Callable[[], datetime]
    #: A number from 0 up to, not including, 1.
    chance: Callable[[], float]

    @classmethod
    def real(cls) -> Pace:
        """This machine's clocks, and a random source that differs from process to process."""
        return cls(
            now=time.monotonic,
            sleep=time.sleep,
            wall=lambda: datetime.now(UTC),
            chance=random.SystemRandom().random,
        )

    @classmethod
    def virtual(
        cls,
        now: Callable[[], datetime],
        advance: Callable[[float], object],
        *,
        chance: Callable[[], float] = lambda: 0.0,
    ) -> Pace:
        """A calendar that stands still until somebody sleeps: sleeping advances it, and takes no time."""

        def sleep(seconds: float) -> None:
            advance(seconds)

        return cls(now=lambda: now().timestamp(), sleep=sleep, wall=now, chance=chance)
