"""The emulator's time: tokens, stamps, rate windows and lags all ask this clock, never the machine's."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from emulator.kit.state import StateFile

_KIND = "clock"


def _machine_time() -> datetime:
    return datetime.now(UTC)


class Clock:
    """Machine time plus an offset that is kept in the state file, or standing still when frozen.

    A clock that stands still moves by `advance` and `set` alone.
    """

    def __init__(
        self, state: StateFile | None = None, *, machine: Callable[[], datetime] = _machine_time
    ) -> None:
        self._state = state
        self._machine = machine
        self._offset = timedelta()
        self._frozen: datetime | None = None
        saved = state.load(_KIND).get(_KIND) if state else None
        if saved:
            self._offset = timedelta(seconds=saved["offset"])
            self._frozen = datetime.fromisoformat(saved["frozen"]) if saved["frozen"] else None
        self._start = (self._offset, self._frozen)

    @classmethod
    def virtual(cls, start: datetime) -> "Clock":
        """A clock that stands at `start` (aware) until it is moved. Kept in memory alone."""
        clock = cls()
        clock._frozen = _aware(start)
        clock._start = (clock._offset, clock._frozen)
        return clock

    @property
    def frozen(self) -> bool:
        """True while the clock stands still."""
        return self._frozen is not None

    def now(self) -> datetime:
        """The present, aware, in UTC."""
        return self._frozen if self._frozen is not None else self._machine() + self._offset

    def advance(self, seconds: float) -> datetime:
        """Move by `seconds` (negative: back) and answer the new present."""
        return self.set(self.now() + timedelta(seconds=seconds))

    def set(self, moment: datetime) -> datetime:
        """Move to `moment` (aware); a running clock runs on from there."""
        moment = _aware(moment)
        if self._frozen is not None:
            self._frozen = moment
        else:
            self._offset = moment - self._machine()
        self._save()
        return self.now()

    def freeze(self) -> datetime:
        """Stand still from now on."""
        self._frozen = self.now()
        self._save()
        return self._frozen

    def run(self) -> datetime:
        """Go on from where the clock stands."""
        if self._frozen is not None:
            self._offset = self._frozen - self._machine()
            self._frozen = None
            self._save()
        return self.now()

    def reset(self) -> datetime:
        """Return to the offset, or the standstill, of the beginning."""
        self._offset, self._frozen = self._start
        self._save()
        return self.now()

    def _save(self) -> None:
        if self._state is not None:
            frozen = self._frozen.isoformat() if self._frozen else None
            self._state.put(_KIND, _KIND, {"offset": self._offset.total_seconds(), "frozen": frozen})


def _aware(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise ValueError(f"{moment.isoformat()} has no time zone: write it with Z or an offset")
    return moment.astimezone(UTC)
