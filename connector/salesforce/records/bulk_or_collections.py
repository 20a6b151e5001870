"""Thousands of rows at once: one job for what its CSV can hold, collections for the rest.

What a job could not do, collections do: rows that somebody else had locked, and all of them where the org takes no
job.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from connector.base import Begun, RowUpdate, RowUpsert, WriteResult
from connector.errors import ConnectorError, Retryable
from connector.salesforce.api import errors
from connector.salesforce.api.session import Session
from connector.salesforce.records.bulk import BulkWriter, NoJobs, fits
from connector.salesforce.records.write import WATCHED_BATCH, WRITE_BATCH, Writer

#: Locked rows of one job that are sent again at once; more of them mean that somebody else is loading data.
_MOST_LOCKED = 2_000

#: Rows from which a job of about eight calls takes fewer than collections, 800 rows a call. Before an update the rows
#: are read again, 2,000 a call.
_CREATE_FROM, _UPDATE_FROM = 6_000, 11_000

log = logging.getLogger(__name__)

R = TypeVar("R", RowUpdate, RowUpsert)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ways(Generic[R]):
    """The two ways in which rows of one kind are written."""

    #: At most ``batch`` rows.
    collections: Callable[[Sequence[R]], list[WriteResult]]
    batch: int
    job: Callable[[Sequence[R], Begun], list[WriteResult]]
    fit: Callable[[R], bool]


class LargeWriter:
    """Writes one org's records, thousands at a time."""

    def __init__(self, session: Session, writer: Writer) -> None:
        self._session = session
        self._writer = writer
        self._bulk = BulkWriter(session)
        #: Rows from which a job is made.
        self.create_from = session.settings.bulk_from or _CREATE_FROM
        self.update_from = session.settings.bulk_from or _UPDATE_FROM
        #: The org takes no jobs; asked once in a session.
        self.refused = False

    def update(
        self, object: str, rows: Sequence[RowUpdate], *, watch: Sequence[str], begun: Begun
    ) -> list[WriteResult]:
        """See ``Connector.update``."""
        ways: _Ways[RowUpdate] = _Ways(
            collections=lambda some: self._writer.update(object, some, watch=watch),
            batch=WATCHED_BATCH,
            job=lambda some, begun: self._bulk.update(object, some, begun),
            fit=lambda row: fits(row.values.values()),
        )
        return self._both_ways(rows, ways, begun)

    def upsert(
        self, object: str, key_field: str, rows: Sequence[RowUpsert], *, begun: Begun
    ) -> list[WriteResult]:
        """See ``Connector.upsert``."""
        ways: _Ways[RowUpsert] = _Ways(
            collections=lambda some: self._writer.upsert(object, key_field, some),
            batch=WRITE_BATCH,
            job=lambda some, begun: self._bulk.upsert(object, key_field, some, begun),
            fit=lambda row: fits((row.key, *row.values.values())),
        )
        return self._both_ways(rows, ways, begun)

    def finish(self, job: str) -> dict[str, WriteResult]:
        """See ``Connector.finish``."""
        return self._bulk.finish(job)

    def _both_ways(self, written: Sequence[R], ways: _Ways[R], begun: Begun) -> list[WriteResult]:
        """What does not fit goes first: should that fail, no job has been begun."""
        odd = [n for n, row in enumerate(written) if not ways.fit(row)]
        told = self._in_collections(written, odd, ways)
        plain = [n for n in range(len(written)) if n not in told]
        told |= self._in_a_job(written, plain, ways, begun)
        return [told[n] for n in range(len(written))]

    def _in_a_job(
        self, written: Sequence[R], places: Sequence[int], ways: _Ways[R], begun: Begun
    ) -> dict[int, WriteResult]:
        if self.refused or not places:
            return self._in_collections(written, places, ways)
        try:
            results = ways.job([written[n] for n in places], begun)
        except NoJobs as refusal:
            self.refused = True
            log.warning(
                "%s takes no Bulk API job (%s); %d rows go in calls of %d",
                self._session.settings.name,
                refusal.__cause__,
                len(places),
                ways.batch,
            )
            return self._in_collections(written, places, ways)
        told = dict(zip(places, results, strict=True))
        return told | self._unlocked(written, told, ways)

    def _unlocked(
        self, written: Sequence[R], told: dict[int, WriteResult], ways: _Ways[R]
    ) -> dict[int, WriteResult]:
        """Rows that were locked, sent again without the others. Where that fails as a whole their refusal stands, and
        they are held for another try: the job has been done, and its answers must not be lost."""
        locked = [n for n, result in told.items() if _is_locked(result)]
        if not locked or len(locked) > _MOST_LOCKED:
            return {}
        try:
            return self._in_collections(written, locked, ways)
        except Retryable as error:
            # They may have been written by now.
            return {n: WriteResult(id=told[n].id, lost=error) for n in locked} if error.maybe_done else {}
        except ConnectorError:
            return {}

    def _in_collections(
        self, written: Sequence[R], places: Sequence[int], ways: _Ways[R]
    ) -> dict[int, WriteResult]:
        told: dict[int, WriteResult] = {}
        for start in range(0, len(places), ways.batch):
            part = places[start : start + ways.batch]
            told.update(zip(part, ways.collections([written[n] for n in part]), strict=True))
        return told


def _is_locked(result: WriteResult) -> bool:
    return result.refusal is not None and result.refusal.code in errors.LOCKED
