"""How far long work has come, for whoever watches it or stops it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """So many of one kind are finished in one System."""

    system: str
    #: ``accounts read``, ``records written``.
    what: str
    done: int
    #: How many there will be; None where nobody can tell before the end.
    total: int | None = None

    @property
    def text(self) -> str:
        """``SYSTEM: 1,200 of 8,400 accounts read``."""
        of = f" of {self.total:,}" if self.total is not None and self.total >= self.done else ""
        return f"{self.system}: {self.done:,}{of} {self.what}"


Report = Callable[[Progress], None]


def unwatched(_progress: Progress) -> None:
    """Nobody watches."""
