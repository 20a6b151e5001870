"""What a CRM allows, and what writing to it costs. Imported from ``connector.base``."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    """What a CRM can do and how it behaves, where CRMs differ and callers must know."""

    #: How long a record that was just made may be missing from what ``changes`` gives.
    search_lag: timedelta
    #: How long a definition may be served as it was before it was changed.
    definition_lag: timedelta
    #: What clears a field.
    blank: str | None
    #: Objects have record types, which offer some of a picklist's values and not others.
    record_types: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Quota:
    """API calls of the day, as the CRM last said."""

    limit: int | None
    used: int | None
    resets_at: datetime | None = None


#: A bulk job is made, filled, closed and looked at a few times, and two files are read.
_CALLS_OF_A_JOB = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How a CRM wants to be written to and read from; used to price Plans."""

    #: Rows of one update or upsert call as the engine should chunk them (Salesforce 800: four collections of 200, and a
    #: part that reads).
    write_batch: int
    #: Rows of one read by id.
    read_batch: int
    #: Rows of one page of a full read.
    page: int
    #: Calls that tell that nothing, or little, has changed.
    news: int = 1
    #: Rows to create from which one bulk job is cheaper than calls of ``write_batch``; None: there are no jobs.
    bulk_from: int | None = None
    #: The same of rows to update, which are read again before a job because it does not tell what stood there.
    bulk_update_from: int | None = None
    #: Rows of one bulk job at the most.
    bulk_batch: int = 0
    #: Rows of one update up to which the CRM can be told for each not to write it where somebody was faster.
    guarded: int = 0

    def writes(self, rows: int, *, creating: bool) -> list[int]:
        """The sizes of the upserts, or updates, in which so many rows are to be written."""
        sizes: list[int] = []
        while rows > 0:
            in_bulk = self._in_bulk(rows, creating=creating)
            sizes.append(min(rows, self.bulk_batch if in_bulk else self.write_batch))
            rows -= sizes[-1]
        return sizes

    def reads(self, rows: int) -> int:
        """API calls that it takes to read so many rows by their ids."""
        return -(-rows // self.read_batch)

    def calls(self, *, creating: int, updating: int) -> int:
        """API calls that it takes to write so many rows, what must be read for it included; of jobs about: they are
        looked at until they have ended."""
        made = sum(
            _CALLS_OF_A_JOB if self._in_bulk(size, creating=True) else 1
            for size in self.writes(creating, creating=True)
        )
        changed = sum(
            _CALLS_OF_A_JOB + self.reads(size) if self._in_bulk(size, creating=False) else 1
            for size in self.writes(updating, creating=False)
        )
        return made + changed

    def _in_bulk(self, rows: int, *, creating: bool) -> bool:
        least = self.bulk_from if creating else self.bulk_update_from
        return least is not None and rows >= least and self.bulk_batch > 0
