"""The ledger: the database of everything that Tandem remembers between two Runs."""

from sync.ledger.accounts import RecordCounts
from sync.ledger.conflicts import ConflictSide, ConflictState, Finding, Recorded, StoredConflict
from sync.ledger.events import Event
from sync.ledger.held import Held, HoldReason
from sync.ledger.lease import Lease
from sync.ledger.ledger import Ledger
from sync.ledger.linking import MovedLink, StoredLink
from sync.ledger.matches import Match, MatchState, StoredMatch
from sync.ledger.outcomes import Outcome, OutcomeCounts, OutcomesPut, OutcomeVersion
from sync.ledger.rows import Settlement
from sync.ledger.runs import Run
from sync.ledger.scores import Imported, Score, ScoreCounts, StoredScore
from sync.ledger.store import Clock
from sync.ledger.systems import Cursor, KnownSystem
from sync.ledger.writes import Confirmation, FieldWrite, Intent, Write, WriteState

__all__ = [
    "Clock",
    "Confirmation",
    "ConflictSide",
    "ConflictState",
    "Cursor",
    "Event",
    "FieldWrite",
    "Finding",
    "Held",
    "HoldReason",
    "Imported",
    "Intent",
    "KnownSystem",
    "Lease",
    "Ledger",
    "Match",
    "MatchState",
    "MovedLink",
    "Outcome",
    "OutcomeCounts",
    "OutcomeVersion",
    "OutcomesPut",
    "RecordCounts",
    "Recorded",
    "Run",
    "Score",
    "ScoreCounts",
    "Settlement",
    "StoredConflict",
    "StoredLink",
    "StoredMatch",
    "StoredScore",
    "Write",
    "WriteState",
]
