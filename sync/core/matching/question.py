"""One question of matching: two Records that may be one account. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from sync.model.inbox import match_key
from sync.model.records import Record


@dataclass(frozen=True, slots=True, kw_only=True)
class MatchQuestion:
    """Two Records that may be one account, where only a person can tell."""

    #: Sorted by System and id.
    records: tuple[Record, Record]
    #: ``duplicate`` where both stand in one System, ``name`` where names alone are alike.
    kind: str
    #: The evidence, in words.
    reason: str
    #: 0 to 1: how much speaks for it.
    score: float
    #: It is asked when another question is answered that touches one of the two.
    waits: bool = False

    @property
    def key(self) -> str:
        """Names the question for good."""
        return match_key(record.key for record in self.records)
