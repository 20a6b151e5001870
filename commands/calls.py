"""The share of a System's day, kept across commands: each stores its calls, and learns those of the others."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sync.errors import LedgerError
from sync.ledger.calls import Allowance
from sync.ledger.ledger import Ledger

if TYPE_CHECKING:
    from connector.base import Connector

#: Calls after which they are stored; so many are not counted where the process is killed.
_STORED_EVERY = 10
#: Part of Tandem's share from which on people are told.
NEAR = 0.9


@dataclass(slots=True, kw_only=True)
class CallKeeper:
    """Of one System."""

    connector: Connector
    #: Part of the System's day that Tandem may use.
    share: float
    #: The ledger; None as long as there is none.
    ledger: Callable[[], Ledger | None]
    _stored: int = 0
    #: How many there were when they were last stored, or that was tried.
    _looked: int | None = None
    #: Why they could not be stored.
    _failed: LedgerError | None = None
    _told: Allowance | None = None
    _turn: threading.Lock = field(default_factory=threading.Lock)

    def before_call(self) -> None:
        """Called before each call, in whichever thread."""
        if self._looked is not None and self.connector.calls - self._looked < _STORED_EVERY:
            return
        # One of several threads is enough.
        if self._turn.acquire(blocking=False):
            try:
                self._store()
            finally:
                self._turn.release()

    def end(self) -> str | None:
        """Store the rest. A sentence where the share is nearly used up, or nothing could be stored."""
        if self._looked is None:
            return None
        with self._turn:
            self._store()
        ledger, told = self.ledger(), self._told
        if self._failed is not None:
            return f"{self.connector.name}: the calls of this command are not counted: {self._failed}"
        if ledger is None or told is None:
            return None
        for day in ledger.calls.of_the_day():
            if day.allowance.system == told.system and day.used >= NEAR * told.ours:
                return (
                    f"{told.system}: {day.used:,} of Tandem's {told.ours:,} calls of the day are used. At the last one "
                    "it stops; quota_share of this system in tandem.yaml says how many there are."
                )
        return None

    def _store(self) -> None:
        self._looked = self.connector.calls
        ledger = self.ledger()
        if ledger is None:
            return
        try:
            self._store_in(ledger)
        except LedgerError as error:
            # The command goes on or not by what it needs itself of the ledger.
            self._failed = error
        else:
            self._failed = None

    def _store_in(self, ledger: Ledger) -> None:
        made = self.connector.calls
        self.connector.recall(ledger.calls.count(self.connector.name, made - self._stored))
        self._stored = made
        known = self.connector.allowance
        if known is not None and known.limit is not None:
            told = Allowance(
                system=self.connector.name, calls=known.limit, share=self.share, resets_at=known.resets_at
            )
            if told != self._told:
                ledger.calls.learn(told)
                self._told = told
