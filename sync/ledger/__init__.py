"""The ledger: the database of everything that Tandem remembers between two Runs."""

from sync.ledger.abm.outcomes import OutcomeCounts, OutcomesPut
from sync.ledger.abm.scores import Imported, ScoreCounts
from sync.ledger.accounts.accounts import RecordCounts
from sync.ledger.database.transactions import Clock
from sync.ledger.lease import Lease
from sync.ledger.ledger import Ledger
from sync.ledger.systems import Cursor, KnownSystem

__all__ = [
    "Clock",
    "Cursor",
    "Imported",
    "KnownSystem",
    "Lease",
    "Ledger",
    "OutcomeCounts",
    "OutcomesPut",
    "RecordCounts",
    "ScoreCounts",
]
