"""Carry out a Plan: intent, write, confirm, each its own ledger transaction; none is held across the network.

A row that a System refuses is held with the System's own words and stops nobody else. Where a System refuses
named fields, the rest of the row is sent again without them. Base and Observed move with the confirmations
(``sync.settling``), and the Base only when every System that a decision writes to has confirmed.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import NamedTuple

from connector.base import NativeValue, RowUpdate, RowUpsert, WriteResult
from connector.errors import ConnectorError, Refusal
from sync.covering import event as covered_event
from sync.covering import seen_before
from sync.jobs import kept_alive
from sync.ledger.events import Event
from sync.ledger.held import Hold as LedgerHold
from sync.ledger.ledger import Ledger
from sync.ledger.writes import Confirmation, FieldWrite, Intent, WriteState
from sync.plan import Change, Create, Hold, Plan
from sync.pull import Puller
from sync.records import TANDEM_ID, Record, Value
from sync.settling import Settling

#: Rows that were read longer ago are read again right before they are written: one call more for each chunk.
_OLD = timedelta(seconds=30)


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """All Changes of one Record: one row of a write."""

    link_id: str
    system: str
    #: None where the record is created.
    record_id: str | None
    changes: tuple[Change, ...]
    create: Create | None = None

    def without(self, fields: frozenset[str]) -> Row:
        return replace(self, changes=tuple(change for change in self.changes if change.field not in fields))


@dataclass(slots=True, kw_only=True)
class Applied:
    """What became of a Plan."""

    written: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    created: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    held: list[Hold] = field(default_factory=list)
    #: A System that could not be written to the end, and why.
    errors: dict[str, ConnectorError] = field(default_factory=dict)
    #: The Run was asked to stop before all was written.
    stopped: bool = False
    #: (Link, System) -> canonical field -> the value that stands there now.
    standing: dict[tuple[str, str], dict[str, Value]] = field(default_factory=dict)
    #: (Link, System) -> fields in which an edit was found that these writes covered.
    covered: dict[tuple[str, str], frozenset[str]] = field(default_factory=dict)


def rows(plan: Plan) -> dict[str, list[Row]]:
    """The Plan's Changes by System, one row per record; creates first."""
    creates = {(create.link_id, create.system): create for create in plan.creates}
    grouped: dict[tuple[str, str], list[Change]] = {key: [] for key in creates}
    for change in plan.changes:
        grouped.setdefault((change.link_id, change.system), []).append(change)
    found: dict[str, list[Row]] = defaultdict(list)
    for (link_id, system), changes in grouped.items():
        create = creates.get((link_id, system))
        record_id = changes[0].record_id if create is None else None
        found[system].append(
            Row(link_id=link_id, system=system, record_id=record_id, changes=tuple(changes), create=create)
        )
    for listed in found.values():
        listed.sort(key=lambda row: row.create is None)
    return found


class _Sent(NamedTuple):
    """A call that is under way."""

    rows: Sequence[Row]
    write_ids: Sequence[int]
    results: Future[list[WriteResult]]
    #: Bulk jobs that it has begun.
    jobs: list[str]


class Applier:
    """Carries out Plans for one Run."""

    def __init__(
        self,
        ledger: Ledger,
        pullers: Mapping[str, Puller],
        run_id: str,
        *,
        stop: Callable[[], bool] = lambda: False,
        beat: Callable[[], None] = lambda: None,
        in_flight: int = 1,
        age: Callable[[], timedelta] = timedelta,
    ) -> None:
        """``in_flight``: calls to one System at the same time; its budget may allow fewer. ``age``: how long ago
        what the Plan was made from was read."""
        self._age = age
        self._ledger = ledger
        self._pullers = pullers
        self._run_id = run_id
        self._stop = stop
        self._beat = beat
        self._in_flight = in_flight
        self._settling = Settling(())

    def apply(self, plan: Plan) -> Applied:
        """Write everything that the Plan says; what went wrong is in the answer, and in the ledger."""
        applied = Applied()
        self._settling = Settling(plan.agreements, plan.creates)
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

    def _write_system(self, system: str, listed: Sequence[Row], applied: Applied) -> None:
        """Creates before updates, and last what is sent again without the fields that were refused."""
        again: list[Row] = []
        for wanted in (True, False):
            rows_of_kind = [row for row in listed if (row.create is not None) is wanted]
            again += self._write_chunks(system, rows_of_kind, applied)
        for wanted in (True, False):
            self._write_chunks(system, [row for row in again if (row.create is not None) is wanted], applied)

    def _write_chunks(self, system: str, listed: Sequence[Row], applied: Applied) -> list[Row]:
        """Several calls at a time. Each is intended before it is sent and confirmed as it comes back; where one
        fails, no further one is begun, and those under way are still confirmed."""
        puller = self._pullers[system]

        def sizes(rows: int) -> list[int]:
            # An org that refuses a bulk job is asked for no other one.
            return puller.connector.limits.writes(rows)

        waiting = deque(_chunks(listed, sizes(len(listed))))
        under_way: deque[_Sent] = deque()
        again: list[Row] = []
        failed: ConnectorError | None = None
        with ThreadPoolExecutor(max_workers=self._in_flight) as threads:
            while True:
                while waiting and failed is None and len(under_way) < self._in_flight and not self._stop():
                    self._beat()
                    chunk = self._still_standing(puller, waiting.popleft())
                    if len(sizes(len(chunk))) != 1:
                        # Nothing is left of it, or too few rows for one bulk job.
                        waiting.extendleft(reversed(list(_chunks(chunk, sizes(len(chunk))))))
                        continue
                    ids = self._ledger.writes.intend(self._run_id, [_intent(row) for row in chunk])
                    jobs: list[str] = []
                    results = threads.submit(self._send, puller, chunk, jobs)
                    under_way.append(_Sent(chunk, ids, results, jobs))
                if not under_way:
                    break
                sent = under_way.popleft()
                try:
                    told = kept_alive(sent.results, self._beat)
                except ConnectorError as error:
                    # What became of these rows is not known; the next Run reads them back.
                    failed = failed or error
                else:
                    again += self._confirm(system, sent, told, applied)
                    if sent.jobs:
                        self._ledger.jobs.end(system, sent.jobs)
        if failed is not None:
            raise failed
        return again

    def _still_standing(self, puller: Puller, chunk: Sequence[Row]) -> Sequence[Row]:
        """Rows that were read a while ago, or whose write does not tell what stood there, are read again, and what is
        not as planned any more waits for the next Run. It makes the gap small; what slips through all the same is
        found out afterwards (``sync.covering``)."""
        long = len(chunk) > puller.connector.limits.write_batch
        if chunk[0].create is not None or (self._age() < _OLD and not long):
            return chunk
        now = puller.read_again(row.record_id for row in chunk if row.record_id is not None)
        kept = (
            row.without(frozenset(change.field for change in row.changes if not _stands(change, now)))
            for row in chunk
        )
        return [row for row in kept if row.changes]

    def _confirm(
        self, system: str, sent: _Sent, results: Sequence[WriteResult], applied: Applied
    ) -> list[Row]:
        """Store what became of the rows. Answers with those to send again, without the refused fields."""
        puller = self._pullers[system]
        known = self._ledger.accounts.records(
            system, [row.record_id for row in sent.rows if row.record_id is not None]
        )
        confirmations: list[Confirmation] = []
        records: list[Record] = []
        holds: list[Hold] = []
        again: list[Row] = []
        for write_id, row, result in zip(sent.write_ids, sent.rows, results, strict=True):
            if result.refusal is not None:
                state = WriteState.REFUSED
                holds.extend(_holds(row, result.refusal, puller))
                left = _left(row, result.refusal, puller)
                if left is not None:
                    again.append(left)
            else:
                state = WriteState.CONFIRMED
                record = self._after(puller, row, result, known)
                record = self._uncover(puller, row, result, record, applied)
                records.append(record)
                written = {change.field: record.current.get(change.field) for change in row.changes}
                applied.standing.setdefault((row.link_id, system), {}).update(written)
                applied.created[system] += result.created
                applied.written[system] += 1
            confirmations.append(
                Confirmation(
                    write_id=write_id,
                    state=state,
                    native_id=result.id,
                    refusal=result.refusal,
                    unchecked=result.refusal is None and result.before is None and _may_cover(row),
                )
            )
        wrote = {record.link_id or "": applied.standing[record.link_id or "", system] for record in records}
        events = [
            *self._covered_events(puller, sent.rows, records, applied),
            *self._settling.overruled(system, wrote, self._run_id),
        ]
        settlements = self._settling.confirmed(system, wrote, applied.standing, applied.covered)
        self._ledger.writes.confirm(confirmations, records=records, settlements=settlements, events=events)
        if holds:
            self._ledger.held.hold(_stored_holds(holds, sent.rows))
            applied.held.extend(holds)
        return again

    def _send(self, puller: Puller, chunk: Sequence[Row], jobs: list[str]) -> list[WriteResult]:
        """Write one chunk. A bulk job is stored before it may run, so that the next Run waits for its end should this
        one not live to see it."""
        account = puller.system.account_object

        def begun(job: str) -> None:
            self._ledger.jobs.begin(puller.name, job, self._run_id)
            jobs.append(job)

        if chunk[0].create is not None:
            key = puller.system.identity.external_id
            upserts = [RowUpsert(key=row.link_id, values=_native(row, puller)) for row in chunk]
            return puller.connector.upsert(account, key, upserts, begun=begun)
        updates = [RowUpdate(id=row.record_id or "", values=_native(row, puller)) for row in chunk]
        watch = {
            puller.system.fields[c.field].name for row in chunk for c in row.changes if c.field != TANDEM_ID
        }
        return puller.connector.update(account, updates, watch=sorted(watch), begun=begun)

    def _uncover(
        self, puller: Puller, row: Row, result: WriteResult, record: Record, applied: Applied
    ) -> Record:
        """Keep with the Record what the System says that this row covered."""
        if result.before is None:
            return record
        covered = seen_before(row.changes, result.before, puller.spelling)
        if not covered:
            return record
        applied.covered[row.link_id, row.system] = frozenset(covered)
        return replace(record, covered={**record.covered, **covered})

    def _covered_events(
        self, puller: Puller, chunk: Sequence[Row], records: Sequence[Record], applied: Applied
    ) -> list[Event]:
        wrote = {(row.link_id, change.field): change.value for row in chunk for change in row.changes}
        return [
            covered_event(
                record.link_id or "",
                record.system,
                self._run_id,
                name,
                record.covered[name],
                wrote[record.link_id or "", name],
                puller.directory,
            )
            for record in records
            for name in sorted(applied.covered.get((record.link_id or "", record.system), ()))
            if (record.link_id or "", name) in wrote
        ]

    def _after(self, puller: Puller, row: Row, result: WriteResult, known: Mapping[str, Record]) -> Record:
        """What is known of the Record now that the System confirmed the row."""
        spelling = puller.spelling
        shown = {
            change.field: spelling.shows(change.field, change.value)
            for change in row.changes
            if change.field != TANDEM_ID
        }
        told = spelling.translator.read(result.stored, spelling.users).values if result.stored else {}
        now_there = {name: told.get(name, value) for name, value in shown.items()}
        if result.created:
            # What we left blank is ours too: a default that the CRM puts there (the creator as owner) is no edit.
            blank = {name: spelling.shows(name, None) for name in puller.system.fields}
            now_there = {**blank, **now_there}
        record = known.get(row.record_id) if row.record_id is not None else None
        if record is None:
            create = row.create
            record = Record(
                system=row.system,
                id=result.id or "",
                link_id=row.link_id,
                name=create.name if create is not None else None,
                domain=create.domain if create is not None else None,
            )
        marked = row.create is not None or any(change.field == TANDEM_ID for change in row.changes)
        return replace(
            record,
            current={**record.current, **now_there},
            echo={**record.echo, **now_there},
            not_before=result.not_before or record.not_before,
            tandem_id=row.link_id if marked else record.tandem_id,
        )


def _stands(change: Change, now: Mapping[str, Record]) -> bool:
    """Does the record, as just read, hold what the Change expects to replace?"""
    record = now.get(change.record_id or "")
    if record is None:
        return False
    there = record.tandem_id if change.field == TANDEM_ID else record.current.get(change.field)
    return there == change.expected


def _may_cover(row: Row) -> bool:
    """Could somebody have edited what this row wrote? A record that it created was nobody's before."""
    return row.create is None and any(change.field != TANDEM_ID for change in row.changes)


def _intent(row: Row) -> Intent:
    return Intent(
        link_id=row.link_id,
        system=row.system,
        kind="update" if row.create is None else "create",
        native_id=row.record_id,
        fields={
            change.field: FieldWrite(
                value=change.value, expected=change.expected, reason=change.reason, rule=change.rule
            )
            for change in row.changes
        },
    )


def _native(row: Row, puller: Puller) -> dict[str, NativeValue]:
    """The row in the System's own words."""
    system, spelling = puller.system, puller.spelling
    values = {change.field: change.value for change in row.changes if change.field != TANDEM_ID}
    native = dict(spelling.translator.write(values, spelling.users).values)
    if row.create is not None:
        native[system.identity.name] = row.create.name
        if row.create.domain is not None:
            native[system.identity.domain] = row.create.domain
    elif len(values) < len(row.changes):
        native[system.identity.external_id] = row.link_id
    return native


def _refused_fields(row: Row, refusal: Refusal, puller: Puller) -> frozenset[str]:
    """Canonical names of the refused fields that this row carries."""
    names = {puller.system.canonical_name(native) for native in refusal.fields}
    if puller.system.identity.external_id in refusal.fields:
        names.add(TANDEM_ID)
    return frozenset(change.field for change in row.changes if change.field in names)


def _left(row: Row, refusal: Refusal, puller: Puller) -> Row | None:
    """The row without the fields that the System named; None where it named none or nothing is left."""
    fields = _refused_fields(row, refusal, puller)
    if not fields or refusal.gone or len(fields) == len(row.changes):
        return None
    return row.without(fields)


def _holds(row: Row, refusal: Refusal, puller: Puller) -> Iterator[Hold]:
    for name in sorted(_refused_fields(row, refusal, puller)) or [""]:
        yield Hold(
            link_id=row.link_id,
            label=row.create.label if row.create is not None else row.changes[0].label,
            system=row.system,
            field=name,
            code=refusal.code,
            message=refusal.message,
            remedy=refusal.remedy or f"Correct it in {row.system}; it is tried again by itself.",
        )


def digest(changes: Sequence[Change], name: str) -> str:
    """Names what was refused: with other values it is another matter and is tried at once."""
    values = sorted((c.field, c.value or "") for c in changes if name in {"", c.field})
    return hashlib.sha256(repr(values).encode()).hexdigest()[:16]


def _stored_holds(holds: Sequence[Hold], chunk: Sequence[Row]) -> Iterator[LedgerHold]:
    changes = {row.link_id: row.changes for row in chunk}
    for hold in holds:
        yield LedgerHold(
            link_id=hold.link_id,
            system=hold.system,
            field=hold.field,
            code=hold.code,
            message=hold.message,
            remedy=hold.remedy,
            digest=digest(changes[hold.link_id], hold.field),
        )


def _chunks(listed: Sequence[Row], sizes: Iterable[int]) -> Iterator[Sequence[Row]]:
    start = 0
    for size in sizes:
        yield listed[start : start + size]
        start += size
