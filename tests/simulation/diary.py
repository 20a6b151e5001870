"""The plain record of a history: what people did, what Tandem was seen to change, and when.

Nothing here knows the engine.

Everything has a *moment*, a number that only grows, so that of two things within one tick of the clock it is known
which came first.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from tests.simulation.fields import Value

#: (System, record).
Place = tuple[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """One value that a person entered."""

    number: int
    moment: int
    at: datetime
    system: str
    record: str
    field: str
    value: Value
    #: What the person saw there and replaced; of a merge: in both records.
    before: frozenset[Value]
    #: A merge left what one of the two records held: news for the account of the other one alone.
    kept: bool = False


@dataclass(slots=True, kw_only=True)
class Landed:
    """One value that a request of Tandem's changed in a CRM, as the CRM itself shows it before and after."""

    moment: int
    at: datetime
    #: Which Run's request it was, from 0.
    run: int
    system: str
    record: str
    field: str
    before: Value
    after: Value
    #: It was written by a Bulk API job, whose rows were read some time before.
    bulk: bool
    #: Its Run was the undo of another one.
    undo: bool
    #: The answer arrived.
    answered: bool
    #: The process lived to store what the answer told.
    stored: bool = False

    @property
    def clear(self) -> bool:
        return self.answered and self.stored


@dataclass(slots=True, kw_only=True)
class Respelled(Landed):
    """One value that a CRM wrote in another way while a request of Tandem's saved other fields of its record."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Restored:
    """A value that the undo of a Run said to have put back, whether or not it stood there already."""

    #: Which Run.
    run: int
    system: str
    record: str
    field: str
    value: Value


@dataclass(slots=True, kw_only=True)
class Ran:
    """One Run, or as much of it as its process lived for."""

    began: int
    undo: bool
    #: None where it was killed or failed.
    ended: int | None = None
    at_end: datetime | None = None
    #: It ended, and nothing of it failed.
    well: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """What a person decided about a Conflict."""

    moment: int
    #: When the Run began of which the person was shown the Conflict.
    shown: int
    #: System -> record of the account, and what the person was shown of it.
    members: Mapping[str, str]
    seen: Mapping[str, Value]
    field: str
    value: Value


@dataclass(slots=True, kw_only=True)
class Diary:
    """Everything that happened."""

    edits: list[Edit] = field(default_factory=list)
    landed: list[Landed] = field(default_factory=list)
    respelled: list[Respelled] = field(default_factory=list)
    #: When a good answer came to a request of Tandem's that named a record.
    named: dict[Place, list[int]] = field(default_factory=dict)
    #: What stood in each record when it was first seen: what its CRM puts there by itself, too.
    met: dict[Place, Mapping[str, Value]] = field(default_factory=dict)
    restored: list[Restored] = field(default_factory=list)
    #: When Tandem made a record.
    made: dict[Place, int] = field(default_factory=dict)
    runs: list[Ran] = field(default_factory=list)
    decided: list[Decided] = field(default_factory=list)
    #: When people last saved a record, whatever they changed in it.
    saves: dict[Place, list[datetime]] = field(default_factory=dict)
    #: (System, record) -> private field -> what people last entered there.
    private: dict[Place, dict[str, str]] = field(default_factory=dict)
    #: Records that people made, deleted and merged away: (System, record) -> domain, or the survivor.
    created: dict[Place, str] = field(default_factory=dict)
    deleted: set[Place] = field(default_factory=set)
    undeleted: set[Place] = field(default_factory=set)
    merged: dict[Place, str] = field(default_factory=dict)
    #: When a record was deleted or merged away, unless it came back.
    gone: dict[Place, int] = field(default_factory=dict)
    #: What was computed, in order: moment, domain, score.
    computed: list[tuple[int, str, Value]] = field(default_factory=list)
    #: (System, field) of which Salesforce keeps the history.
    tracked: frozenset[tuple[str, str]] = frozenset()
    #: When a Run ended well, and the records that stood there when it began.
    settled: list[tuple[int, datetime, frozenset[Place]]] = field(default_factory=list)
    #: In words, for whoever reads a failure.
    lines: list[str] = field(default_factory=list)
    moment: int = 0

    def tick(self) -> int:
        self.moment += 1
        return self.moment

    def scores(self) -> dict[str, Value]:
        """Domain -> the score that was last computed for it."""
        return {domain: score for _, domain, score in self.computed}
