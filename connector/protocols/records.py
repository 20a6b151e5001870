"""What a Connector does with a CRM's records: accounts, people, opportunities."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from connector.records import (
    NativeRecord,
    OpportunityPage,
    Page,
    Removal,
    RowUpdate,
    RowUpsert,
    User,
    ValueCounts,
    Version,
    WriteResult,
)

#: Told the id of a bulk job before it can write anything. Where it raises, the job is never run.
Begun = Callable[[str], None]


def nobody_asks(job: str, /) -> None:
    """For callers that would not take up a job which outlives them."""


#: Tells which of the given record versions (id -> stamp) have been read before and need not be read again.
Seen = Callable[[Mapping[str, datetime]], set[str]]


class RecordCalls(Protocol):
    """Reading and writing records."""

    def changes(
        self, object: str, fields: Sequence[str], position: str | None, seen: Seen | None = None
    ) -> Iterator[Page]:
        """Everything that changed since ``position`` (None: everything there is), oldest first, removals included.

        Re-reads an overlap window so that late commits and lagging indexes lose nothing; ``seen`` lets it
        leave out versions that were read before. Values are current truth (never a search index's copy).
        Yields at least one page, so that an idle read still advances the position. Asking for a field that
        does not exist or is invisible raises ``Unsupported`` naming it.
        """
        ...

    def read(self, object: str, fields: Sequence[str], ids: Sequence[str]) -> Mapping[str, NativeRecord]:
        """Current records by native id, keyed by the id asked for (a merged HubSpot id answers with its survivor,
        whose ``id`` differs). Ids that are deleted or invisible are absent."""
        ...

    def read_by_key(
        self, object: str, fields: Sequence[str], key_field: str, keys: Sequence[str]
    ) -> Mapping[str, NativeRecord]:
        """Current records by a unique external id, keyed by it; absent where there is none. Not from a search index."""
        ...

    def fate(self, object: str, ids: Sequence[str]) -> Mapping[str, Removal]:
        """For ids that a read did not find: those that were deleted or merged away. An id that is in neither answer
        merely became invisible to the connected user."""
        ...

    def update(
        self,
        object: str,
        rows: Sequence[RowUpdate],
        *,
        watch: Sequence[str] = (),
        begun: Begun = nobody_asks,
    ) -> list[WriteResult]:
        """Write at most ``limits.write_batch`` rows, or from ``limits.bulk_from`` to ``limits.bulk_batch`` of them in a
        bulk job, which tells nothing of what stood there; one result per row, in order. Ids must be distinct.
        Raises only when the fate of every row is equally unknown or untouched. A row that the CRM may have written
        without saying so is never sent again here (``WriteResult.lost``, or ``Retryable.maybe_done`` of what is
        raised): somebody may have edited it since, so the caller reads it first. ``watch``: fields to tell as they
        stood right before (``WriteResult.before``), where that takes no further call. ``begun`` is told of each bulk
        job, whose fate must be asked for (``finish``) should this process not live to see it."""
        ...

    def upsert(
        self, object: str, key_field: str, rows: Sequence[RowUpsert], *, begun: Begun = nobody_asks
    ) -> list[WriteResult]:
        """Create or update by unique key. Keys must be distinct. A row of which no answer tells is not sent again here
        either: repeated, it makes no second record, but it writes over what somebody has edited in the first."""
        ...

    def finish(self, job: str) -> Mapping[str, WriteResult]:
        """Bring a bulk job of an earlier process to its end, and tell the fate of its rows, by the id of an update or
        the key of an upsert. One that was not told to run never will be, and one that runs is waited for: nothing of
        it may be written any more once this returns. A row that is not in the answer was not written, as far as the
        CRM remembers (Salesforce: for seven days)."""
        ...

    def history(
        self, object: str, fields: Sequence[str], ids: Sequence[str]
    ) -> Mapping[str, Mapping[str, Sequence[Version]]]:
        """What the fields of many records held, the newest value first, by record id and field; nothing where the CRM
        does not keep it. HubSpot: every property, one call for 50 records. Salesforce: only fields whose history an
        administrator has tracked, one call for 2,500 records."""
        ...

    def remembers(self, object: str) -> frozenset[str]:
        """Fields of which ``history`` tells every edit, so that one of which it tells nothing has not been edited since
        the record was made or the history was begun. HubSpot: none, since its histories begin with the record and
        leave no value out. Salesforce: the tracked fields; one call."""
        ...

    def users(self) -> Sequence[User]:
        """Everybody who can own a record, inactive ones included."""
        ...

    def opportunities(self, position: str | None) -> Iterator[OpportunityPage]:
        """Opportunities or deals changed since ``position``, with removals."""
        ...

    def latest(self, object: str, most: int) -> Sequence[str]:
        """Ids of the living records that changed last, the newest first; ``most``: 200 at most. One call. HubSpot's
        search is some seconds late."""
        ...

    def value_counts(self, object: str, field: str, *, besides: Sequence[str] = ()) -> ValueCounts:
        """How many living records hold each value of a single-choice field, but for blanks and for those ``besides``.
        Spellings of a free text that differ in case alone are one value to both CRMs.

        Salesforce: one call, and one more from 2,000 values on. HubSpot: one search where no record holds another
        value, and one more for each that is found, of which 20 at most are named; where ``besides`` are too many for
        one filter, a few more, and none is. Its search is some seconds late. Asking for a field that does not exist
        raises ``Unsupported``.
        """
        ...
