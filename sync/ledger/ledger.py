"""The ledger as one thing: everything that Tandem remembers between two Runs."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Self

from sync.ledger.abm.outcomes import Outcomes
from sync.ledger.abm.scores import Scores
from sync.ledger.accounts.accounts import Accounts
from sync.ledger.calls import Calls
from sync.ledger.database.transactions import Clock, Store
from sync.ledger.drift import DriftNote
from sync.ledger.events import Events
from sync.ledger.fields import Fields
from sync.ledger.inbox.conflicts import Conflicts
from sync.ledger.inbox.held import Holds
from sync.ledger.inbox.matches import Matches
from sync.ledger.journal.bulk_jobs import Jobs
from sync.ledger.journal.runs import Runs
from sync.ledger.journal.writes import Writes
from sync.ledger.lease import Leases
from sync.ledger.lifecycle import check, copy, opening, rebuild, restore, systems
from sync.ledger.lifecycle.rebuild import Before
from sync.ledger.lifecycle.restored import RestoredNote
from sync.ledger.process import Machine
from sync.ledger.service import ServiceNote
from sync.ledger.systems import Cursors, Systems, Users
from sync.model.records import LinkId, RecordKey


class Ledger:
    """Links, Records, Bases, Cursors, intents, Conflicts, Runs, Outcomes and scores, each under its own attribute.

    One method call is one transaction, and calls may come from several threads. Every method raises
    :class:`sync.errors.LedgerError` where the database fails it; then nothing of that call is stored.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self.systems = Systems(store)
        self.fields = Fields(store)
        self.drift = DriftNote(store)
        self.service = ServiceNote(store)
        self.restored = RestoredNote(store)
        self.users = Users(store)
        self.cursors = Cursors(store)
        self.accounts = Accounts(store)
        self.runs = Runs(store)
        self.writes = Writes(store)
        self.jobs = Jobs(store)
        self.events = Events(store)
        self.conflicts = Conflicts(store)
        self.held = Holds(store)
        self.matches = Matches(store)
        self.scores = Scores(store)
        self.outcomes = Outcomes(store)
        self.lease = Leases(store)
        self.calls = Calls(store)

    @classmethod
    def open(
        cls,
        url: str,
        clock: Clock,
        *,
        read_only: bool = False,
        beside: Path = Path(),
        machine: Machine | None = None,
    ) -> Self:
        """Open the ledger, make it where there is none, and bring an older one up to date (a backup is kept).

        ``sqlite:///path``, ``sqlite://`` (in memory, for tests and rehearsals) or ``postgresql+psycopg://…``. With
        ``read_only`` nothing is made, changed or brought up to date. ``beside``: the folder for copies of a ledger that
        is no file. ``machine``: what is known of processes and of time that passes; this machine's unless told. Raises
        LedgerError, LedgerTooNew.
        """
        store = opening.open_store(url, clock, read_only=read_only, beside=beside, machine=machine)
        return cls(store)

    def backup(self, path: Path) -> None:
        """Copy the ledger, as it stands at one moment, to a new file; others may go on working meanwhile."""
        copy.backup(self._store, path)

    @staticmethod
    def restore(
        url: str,
        backup: Path,
        clock: Clock,
        *,
        older: bool = True,
        by_holder: bool = False,
        beside: Path = Path(),
    ) -> Path | None:
        """Put a backup in the place of the ledger. Returns where that one is kept, if there was one: beside it, or in
        the folder ``beside`` where it is no file. ``older``: the backup may know less than the CRMs do, and the next
        Run compares it with them. ``by_holder``: this process has the leases, and gives them up with the ledger.

        Raises LedgerHeld while a process works with it, LedgerError where the backup is not a sound ledger; then
        everything stands as it was.
        """
        return restore.restore(url, backup, clock, older=older, by_holder=by_holder, beside=beside)

    def rename_system(self, old: str, new: str) -> None:
        """Whatever is known of the System ``old`` is known of ``new``, of which nothing may be known yet."""
        systems.rename(self._store, old, new)

    def losses(self, system: str) -> systems.Losses:
        """What would be lost with this System."""
        return systems.losses(self._store, system)

    def forget_system(self, system: str) -> None:
        """See :func:`sync.ledger.lifecycle.systems.forget`."""
        systems.forget(self._store, system)
        self.scores.resolve()

    def check(self) -> list[str]:
        """Everything that is wrong with the ledger, a sentence each; reads all of it."""
        return check.problems(self._store)

    def damage(self) -> list[str]:
        """What of it cannot be taken over into another ledger, a sentence each."""
        return check.damage(self._store)

    def sizes(self) -> dict[str, int]:
        """How many rows each table holds."""
        return check.sizes(self._store)

    # -- for a rebuild ---------------------------------------------------------------------------------

    def memory(self) -> dict[RecordKey, Before]:
        """Which Link each Record belonged to and what was settled there, by (System, native id)."""
        return rebuild.memory(self._store)

    def forget_records(self, objects: Mapping[str, str]) -> None:
        """Forget what the CRMs can tell again: see :func:`sync.ledger.lifecycle.rebuild.forget_records`."""
        rebuild.forget_records(self._store, objects)

    def marks(self) -> dict[RecordKey, tuple[LinkId | None, LinkId | None]]:
        """Of present Records: the Link in their external id, and their own; by (System, native id)."""
        return rebuild.marks(self._store)

    def empty_links(self) -> list[LinkId]:
        """Open Links without a Record."""
        return rebuild.empty_links(self._store)

    def close(self) -> None:
        """Release the database; what was stored is stored."""
        self._store.engine.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()
