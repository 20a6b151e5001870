"""Carry out a Plan: intent, write, confirm, each its own ledger transaction; none is held across the network.

A row that a System refuses is held with the System's own words and stops nobody else. Where a System refuses
named fields, the rest of the row is sent again without them. Base and Observed move with the confirmations
(``sync.core.confirmations``), and the Base only when every System that a decision writes to has confirmed.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import timedelta
from operator import attrgetter
from typing import NamedTuple

from connector.base import RowUpdate, RowUpsert, WriteResult
from connector.errors import ConnectorError, Retryable
from sync.core.confirmations import Settling
from sync.core.hold import Hold
from sync.core.plan import Change, Plan
from sync.core.readings import after_write
from sync.ledger.ledger import Ledger
from sync.model.journal import Confirmation, Event, WriteState
from sync.model.progress import Progress, Report, unwatched
from sync.model.records import TANDEM_ID, LinkedField, LinkId, LinkSide, NativeId, Record, SystemName, Value
from sync.reading.lost_updates import event as covered_event
from sync.reading.lost_updates import seen_before, there_already
from sync.reading.pull import Puller
from sync.system_session import SystemSession
from sync.writing.bulk_jobs import kept_alive
from sync.writing.recovery import read_back
from sync.writing.rows import (
    Row,
    chunks,
    held_of,
    intent,
    left_of,
    may_cover,
    names_nobody,
    native,
    rows,
    stands,
    to_hold,
)

#: Rows that were read longer ago are read again right before they are written: one call more for each chunk.
_OLD = timedelta(seconds=30)
#: Times that a row is sent in one Run, as long as no answer tells what became of it.
_TRIES = 5


@dataclass(slots=True, kw_only=True)
class Applied:
    """What became of a Plan."""

    created: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    held: list[Hold] = field(default_factory=list)
    #: Changes that no longer stood as planned when it came to them.
    moved: list[Change] = field(default_factory=list)
    #: A System that could not be written to the end, and why.
    errors: dict[str, ConnectorError] = field(default_factory=dict)
    #: The Run was asked to stop before all was written.
    stopped: bool = False
    #: By canonical field, the value that a record holds now that its write was confirmed.
    confirmed: dict[LinkSide, dict[str, Value]] = field(default_factory=dict)
    #: Fields in which an edit was found that these writes covered.
    covered: dict[LinkSide, frozenset[str]] = field(default_factory=dict)


class _Sent(NamedTuple):
    """A call that is under way."""

    rows: Sequence[Row]
    write_ids: Sequence[int]
    results: Future[list[WriteResult]]
    #: Bulk jobs that it has begun.
    jobs: list[str]
    #: How often these rows have been sent, this time included.
    tries: int


class Applier:
    """Carries out Plans for one Run."""

    def __init__(
        self,
        ledger: Ledger,
        sessions: Mapping[SystemName, SystemSession],
        pullers: Mapping[SystemName, Puller],
        run_id: str,
        *,
        stop: Callable[[], bool] = lambda: False,
        beat: Callable[[], None] = lambda: None,
        report: Report = unwatched,
        in_flight: int = 1,
        age: Callable[[], timedelta] = timedelta,
    ) -> None:
        """``in_flight``: calls to one System at the same time; its budget may allow fewer. ``age``: how long ago
        what the Plan was made from was read."""
        self._age = age
        self._ledger = ledger
        self._sessions = sessions
        self._pullers = pullers
        self._run_id = run_id
        self._stop = stop
        self._beat = beat
        self._report = report
        self._in_flight = in_flight
        self._settling = Settling(())
        #: The Systems that the Plan writes a field to.
        self._given: Mapping[LinkedField, tuple[str, ...]] = {}

    def apply(self, plan: Plan) -> Applied:
        """Write everything that the Plan says; what went wrong is in the answer, and in the ledger."""
        applied = Applied()
        self._settling = Settling(plan.agreements, plan.creates)
        self._given = _systems_given(plan)
        self._ledger.accounts.settle(
            self._settling.at_once(), events=self._settling.overruled_at_once(self._run_id)
        )
        for system, listed in rows(plan).items():
            try:
                self._write_system(system, listed, applied)
            except ConnectorError as error:
                applied.errors[system] = error
            if self._stop():
                applied.stopped = True
                break
        self._ledger.accounts.settle(self._settling.at_last())
        return applied

    def _write_system(self, system: SystemName, listed: Sequence[Row], applied: Applied) -> None:
        """Creates before updates, and last what is sent again without the fields that were refused."""
        again: list[Row] = []
        self._progress = Progress(system=system, what="records written", done=0, total=len(listed))
        for creating in (True, False):
            rows_of_kind = [row for row in listed if (row.create is not None) is creating]
            again += self._write_chunks(system, rows_of_kind, applied)
        for creating in (True, False):
            self._write_chunks(
                system, [row for row in again if (row.create is not None) is creating], applied
            )

    def _write_chunks(self, system: SystemName, listed: Sequence[Row], applied: Applied) -> list[Row]:
        """Several calls at a time. Each is intended before it is sent and confirmed as it comes back; where one
        fails, no further one is begun, and those under way are still confirmed."""
        session = self._sessions[system]

        creating = bool(listed) and listed[0].create is not None

        def sizes(rows: int) -> list[int]:
            # An org that refuses a bulk job is asked for no other one.
            return session.limits.writes(rows, creating=creating)

        waiting = deque((chunk, 1) for chunk in chunks(listed, sizes(len(listed))))
        under_way: deque[_Sent] = deque()
        again: list[Row] = []
        failed: ConnectorError | None = None
        with ThreadPoolExecutor(max_workers=self._in_flight) as threads:
            while True:
                while waiting and failed is None and len(under_way) < self._in_flight and not self._stop():
                    self._beat()
                    chunk, tries = waiting.popleft()
                    if tries == 1:
                        chunk = self._still_as_planned(session, chunk, applied)
                    if len(sizes(len(chunk))) != 1:
                        # Nothing is left of it, or too few rows for one bulk job.
                        waiting.extendleft(
                            (part, tries) for part in reversed(list(chunks(chunk, sizes(len(chunk)))))
                        )
                        continue
                    ids = self._ledger.writes.intend(self._run_id, [intent(row) for row in chunk])
                    jobs: list[str] = []
                    results = threads.submit(self._send, session, chunk, jobs)
                    under_way.append(_Sent(chunk, ids, results, jobs, tries))
                if not under_way:
                    break
                sent = under_way.popleft()
                try:
                    results_or_lost = _or_lost(sent, lambda: kept_alive(sent.results, self._beat))  # noqa: B023  called at once
                    again += self._confirm(system, sent, results_or_lost, applied)
                    self._progress = replace(self._progress, done=self._progress.done + len(sent.rows))
                    self._report(self._progress)
                    if sent.jobs:
                        self._ledger.jobs.end(system, sent.jobs)
                    if left := self._read_back(session, sent, results_or_lost, applied):
                        waiting.append((left, sent.tries + 1))
                except ConnectorError as error:
                    # What became of these rows is not known; the next Run reads them back.
                    failed = failed or error
        if failed is not None:
            raise failed
        return again

    def _still_as_planned(
        self, session: SystemSession, chunk: Sequence[Row], applied: Applied
    ) -> Sequence[Row]:
        """Rows that were read a while ago, or whose write does not tell what stood there, are read again, and what is
        not as planned any more waits for the next Run. It makes the gap small; what slips through all the same is
        found out afterwards (``sync.reading.lost_updates``)."""
        chunk = self._of_open_links(chunk, applied)
        if not chunk:
            return chunk
        long = len(chunk) > session.limits.write_batch
        if chunk[0].create is not None or (self._age() < _OLD and not long):
            return chunk
        now = self._pullers[session.name].read_again(
            row.record_id for row in chunk if row.record_id is not None
        )
        moved = [change for row in chunk for change in row.changes if not stands(change, now)]
        if not moved:
            return chunk
        applied.moved.extend(moved)
        gone = {(change.link_id, change.field) for change in moved}
        kept = (
            row.without(frozenset(each.field for each in row.changes if (row.link_id, each.field) in gone))
            for row in chunk
        )
        return [row for row in kept if row.changes]

    def _of_open_links(self, chunk: Sequence[Row], applied: Applied) -> Sequence[Row]:
        """Without rows of accounts that came to their end since they were planned: a record that was read back may have
        been merged into another account's, and what is made for the old one belongs to nobody."""
        links = self._ledger.accounts.links({row.link_id for row in chunk})
        closed = {id for id, stored in links.items() if stored.closed_at is not None}
        applied.moved.extend(change for row in chunk if row.link_id in closed for change in row.changes)
        return [row for row in chunk if row.link_id not in closed] if closed else chunk

    def _confirm(
        self, system: SystemName, sent: _Sent, results: Sequence[WriteResult], applied: Applied
    ) -> list[Row]:
        """Store what became of the rows. Answers with those to send again, without the refused fields."""
        session = self._sessions[system]
        known = self._ledger.accounts.records(
            system, [row.record_id for row in sent.rows if row.record_id is not None]
        )
        confirmations: list[Confirmation] = []
        done: list[tuple[Row, Record]] = []
        entered: list[Event] = []
        holds: list[Hold] = []
        again: list[Row] = []
        for write_id, row, result in zip(sent.write_ids, sent.rows, results, strict=True):
            if result.lost is not None:
                continue
            if result.refusal is not None:
                state = WriteState.REFUSED
                holds.extend(held_of(row, result.refusal, session))
                left = left_of(row, result.refusal, session)
                if left is not None:
                    again.append(left)
            elif result.overtaken:
                # Somebody was faster. Where another field was meant, there is nothing to decide anew.
                state = WriteState.SUPERSEDED
                before = result.before
                if before is not None and not seen_before(
                    row.changes, before, session.spelling, session.acting_as
                ):
                    again.append(replace(row, stamp=before.modified_at))
            else:
                state = WriteState.CONFIRMED
                record = self._after(session, row, result, known)
                record = self._uncover(session, row, result, record, applied)
                done.append((row, record))
                entered += self._entered(session, row, result)
                written = {change.field: record.current.get(change.field) for change in row.changes}
                applied.confirmed.setdefault(LinkSide(row.link_id, system), {}).update(written)
                applied.created[system] += result.created
            confirmations.append(
                Confirmation(
                    write_id=write_id,
                    state=state,
                    native_id=None if result.id is None else NativeId(result.id),
                    refusal=result.refusal,
                    unchecked=state is WriteState.CONFIRMED
                    and may_cover(row, result)
                    and _is_unchecked(row, result, session),
                )
            )
        wrote = {row.link_id: applied.confirmed[LinkSide(row.link_id, system)] for row, _ in done}
        events = [
            *entered,
            *self._covered_events(session, done, applied),
            *self._settling.overruled(system, wrote, self._run_id),
        ]
        settlements = self._settling.confirmed(system, wrote, applied.confirmed, applied.covered)
        self._ledger.writes.confirm(
            confirmations, records=(record for _, record in done), settlements=settlements, events=events
        )
        if any(
            result.refusal is not None and names_nobody(row, result.refusal, session)
            for row, result in zip(sent.rows, results, strict=True)
        ):
            self._ledger.users.doubt(system)
        if holds:
            self._ledger.held.hold(to_hold(holds, sent.rows))
            applied.held.extend(holds)
        return again

    def _read_back(
        self, session: SystemSession, sent: _Sent, results: Sequence[WriteResult], applied: Applied
    ) -> list[Row]:
        """Find out what became of rows of which no answer tells. Answers with those to send again: what did not land,
        as far as there stands still what it was to replace. Raises where the System does not tell, or is silent for
        the last time; the writes stay open then."""
        outcomes = zip(sent.write_ids, sent.rows, results, strict=True)
        lost = {write_id: (row, result.lost) for write_id, row, result in outcomes if result.lost is not None}
        if not lost:
            return []
        if sent.tries >= _TRIES:
            raise next(error for _, error in lost.values())
        writes = [write for write in self._ledger.writes.open() if write.id in lost]
        outcome = read_back(self._ledger, session, self._pullers[session.name], writes)
        wrote: dict[LinkId, dict[str, Value]] = {}
        for write in writes:
            record = outcome.arrived.get(write.id)
            if record is None:
                continue
            there = {
                name: record.echo.get(name, session.spelling.shows(name, write.fields[name].value))
                for name in outcome.taken[write.id]
            }
            confirmed = applied.confirmed.setdefault(LinkSide(write.link_id, session.name), {})
            confirmed.update(there)
            if TANDEM_ID in write.fields:
                confirmed[TANDEM_ID] = write.link_id
            wrote[write.link_id] = confirmed
            applied.created[session.name] += write.kind == "create"
        self._ledger.writes.confirm(
            outcome.confirmations(writes),
            records=outcome.created,
            settlements=self._settling.confirmed(session.name, wrote, applied.confirmed, applied.covered),
            events=[
                *outcome.unproven(writes),
                *self._settling.overruled(session.name, wrote, self._run_id),
            ],
        )
        again: list[Row] = []
        for row in (row for write_id, (row, _) in lost.items() if write_id not in outcome.arrived):
            moved = [
                change for change in row.changes if row.create is None and not stands(change, outcome.records)
            ]
            applied.moved.extend(moved)
            left = row.without(frozenset(change.field for change in moved))
            if left.create is not None or left.changes:
                again.append(replace(left, stamp=None))
        return again

    def _send(self, session: SystemSession, chunk: Sequence[Row], jobs: list[str]) -> list[WriteResult]:
        """Write one chunk. A bulk job is stored before it may run, so that the next Run waits for its end should this
        one not live to see it."""
        account = session.system.account_object

        def begun(job: str) -> None:
            self._ledger.jobs.begin(session.name, job, self._run_id)
            jobs.append(job)

        if chunk[0].create is not None:
            key = session.system.identity.external_id
            upserts = [RowUpsert(key=row.link_id, values=native(row, session)) for row in chunk]
            return session.connector.upsert(account, key, upserts, begun=begun)
        guarded = len(chunk) <= session.limits.guarded
        known = (
            self._ledger.accounts.records(session.name, (row.record_id or "" for row in chunk))
            if guarded
            else {}
        )
        updates = [
            RowUpdate(
                id=row.record_id or "",
                values=native(row, session),
                unless_after=row.stamp or (known[row.record_id].stamp if row.record_id in known else None),
            )
            for row in chunk
        ]
        watch = {
            session.system.fields[c.field].name for row in chunk for c in row.changes if c.field != TANDEM_ID
        }
        return session.connector.update(account, updates, watch=sorted(watch), begun=begun)

    def _uncover(
        self, session: SystemSession, row: Row, result: WriteResult, record: Record, applied: Applied
    ) -> Record:
        """Keep with the Record what the System says that this row covered."""
        if result.before is None:
            return record
        covered = seen_before(row.changes, result.before, session.spelling, session.acting_as)
        if not covered:
            return record
        applied.covered[LinkSide(row.link_id, row.system)] = frozenset(covered)
        edits = {
            name: replace(
                edit,
                copies=tuple(
                    each for each in self._given[LinkedField(row.link_id, name)] if each != row.system
                ),
            )
            for name, edit in covered.items()
        }
        return replace(record, covered={**record.covered, **edits})

    def _covered_events(
        self, session: SystemSession, done: Sequence[tuple[Row, Record]], applied: Applied
    ) -> list[Event]:
        return [
            covered_event(
                row.link_id,
                row.system,
                self._run_id,
                change.field,
                record.covered[change.field],
                change.value,
                session.directory,
            )
            for row, record in done
            for change in sorted(row.changes, key=attrgetter("field"))
            if change.field in applied.covered.get(LinkSide(row.link_id, row.system), ())
        ]

    def _entered(self, session: SystemSession, row: Row, result: WriteResult) -> list[Event]:
        """Edits that brought the very values of the row a moment before it: it changed nothing there, and an undo has
        nothing to take back."""
        before = result.before
        if before is None or before.modified_by in {None, session.acting_as}:
            return []
        entered = there_already(row.changes, before, session.spelling)
        return [
            Event(
                kind="edited",
                link_id=row.link_id,
                system=row.system,
                field=change.field,
                run_id=self._run_id,
                old=change.expected,
                new=entered[change.field],
                by=session.directory.writer(before.modified_by),
                at=before.modified_at,
            )
            for change in row.changes
            if change.field in entered
        ]

    def _after(
        self, session: SystemSession, row: Row, result: WriteResult, known: Mapping[str, Record]
    ) -> Record:
        """What is known of the Record now that the System confirmed the row."""
        spelling = session.spelling
        shown = {
            change.field: spelling.shows(change.field, change.value)
            for change in row.changes
            if change.field != TANDEM_ID
        }
        as_stored = spelling.translator.read(result.stored, spelling.users).values if result.stored else {}
        now_there = {name: as_stored.get(name, value) for name, value in shown.items()}
        if result.created:
            # What we left blank is ours too: a default that the CRM puts there (the creator as owner) is no edit.
            blank = {name: spelling.shows(name, None) for name in session.system.fields}
            now_there = {**blank, **now_there}
        record = known.get(row.record_id) if row.record_id is not None else None
        if record is None:
            create = row.create
            record = Record(
                system=row.system,
                id=NativeId(result.id or ""),
                link_id=row.link_id,
                name=create.name if create is not None else None,
                domain=create.domain if create is not None else None,
            )
        marked = row.create is not None or any(change.field == TANDEM_ID for change in row.changes)
        after = after_write(record, now_there, not_before=result.not_before)
        return replace(after, tandem_id=row.link_id if marked else record.tandem_id)


def _systems_given(plan: Plan) -> dict[LinkedField, tuple[str, ...]]:
    systems: dict[LinkedField, tuple[str, ...]] = {}
    for change in plan.changes:
        key = LinkedField(change.link_id, change.field)
        systems[key] = (*systems.get(key, ()), change.system)
    return systems


def _or_lost(sent: _Sent, results: Callable[[], list[WriteResult]]) -> list[WriteResult]:
    """What became of the rows; where the whole call was not answered, that nobody knows it. A bulk job is another
    matter: the next Run waits for its end."""
    try:
        return results()
    except Retryable as error:
        if not error.maybe_done or sent.jobs:
            raise
        return [WriteResult(id=row.record_id, lost=error) for row in sent.rows]


def _is_unchecked(row: Row, result: WriteResult, session: SystemSession) -> bool:
    """Is it still to be asked of the CRM's history whether this row covered an edit? Where the call was repeated, what
    it saw before may have been its own first try."""
    return result.before is None or bool(there_already(row.changes, result.before, session.spelling))
