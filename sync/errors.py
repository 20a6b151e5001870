"""What can go wrong in the engine and its ledger.

    SyncError               exit code 1
    ├── SettingsError       2   the configuration is wrong; lists every problem
    ├── UnsafePlan          5   a Plan would change more than is safe, or somewhere else than expected
    ├── StalePlan           5   a saved Plan no longer fits what stands in the CRMs
    ├── DefinitionsRefused  1   fields of a CRM cannot be brought into order, or were not
    └── LedgerError         1   the ledger cannot be opened, read or written
        ├── LedgerMissing   1   there is none yet, and a reader makes none
        ├── LedgerDamaged   1   what it holds cannot be read any more
        ├── LedgerTooNew    1   a newer Tandem wrote it
        ├── LeaseLost       1   another process took the lease meanwhile
        └── LedgerHeld      5   another process works with it

Every error says in ``remedy`` what to do next; ``exit_code`` is what the command line ends with.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import ClassVar

from connector.secrecy import scrub
from sync.local_time import in_words


class SyncError(Exception):
    """Root of everything that the engine raises. ``str(error)`` is a sentence for people."""

    #: What the command line ends with.
    exit_code: ClassVar[int] = 1

    def __init__(self, message: str, *, remedy: str | None = None) -> None:
        self.message = scrub(message)
        super().__init__(self.message)
        #: What a person can type or change about it.
        self.remedy = None if remedy is None else scrub(remedy)


class SettingsError(SyncError):
    """The configuration cannot be used; all its problems are told at once."""

    exit_code = 2

    def __init__(self, problems: Sequence[str], *, remedy: str | None = None) -> None:
        if not problems:
            raise ValueError("a SettingsError needs at least one problem")
        #: One sentence each, with file and line where there is one.
        self.problems = tuple(map(scrub, problems))
        super().__init__("\n".join(self.problems), remedy=remedy)


class UnsafePlan(SyncError):
    """The Plan was refused before its first write."""

    exit_code = 5


class StalePlan(SyncError):
    """A saved Plan no longer fits what stands in the CRMs."""

    exit_code = 5


class DefinitionsRefused(SyncError):
    """Fields of a CRM cannot be brought into order by Tandem, or are not in order although it did what it could."""


class LedgerError(SyncError):
    """The ledger cannot be opened, read or written."""


class LedgerMissing(LedgerError):
    """There is no ledger yet, and it was to be read only."""


class LedgerDamaged(LedgerError):
    """What the ledger holds cannot be read any more, now or later: it is restored, or made anew."""


class LedgerTooNew(LedgerError):
    """The ledger was written by a newer version of Tandem; nothing was touched."""


class LeaseLost(LedgerError):
    """This process stood still for so long that another one took its lease: it writes nothing more."""


class LedgerHeld(LedgerError):
    """Another process holds the lease that this work needs."""

    exit_code = 5

    def __init__(
        self, *, name: str, holder: str, pid: int, host: str, since: datetime, expires_at: datetime
    ) -> None:
        super().__init__(
            f"the ledger's lease {name!r} is held by {holder} (process {pid} on {host}) "
            f"since {in_words(since)}; it expires at {in_words(expires_at)}",
            remedy=f"wait for it to end, or stop it: kill {pid} (on {host}); a lease that is not renewed "
            "is free once it has expired",
        )
        self.name = name
        self.holder = holder
        self.pid = pid
        self.host = host
        self.since = since
        self.expires_at = expires_at
