"""One row of a write: all Changes of one Record, its words in the System, and what a refusal leaves of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from connector.base import NativeValue, WriteResult
from connector.errors import Refusal
from sync.core.hold import Hold
from sync.core.plan import Change, Create, Plan, digest
from sync.model.inbox import HoldReason
from sync.model.journal import FieldWrite, Intent
from sync.model.records import TANDEM_ID, LinkId, LinkSide, NativeId, Record, RecordState, SystemName
from sync.system_session import SystemSession


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """All Changes of one Record: one row of a write."""

    link_id: LinkId
    system: SystemName
    #: None where the record is created.
    record_id: NativeId | None
    changes: tuple[Change, ...]
    create: Create | None = None
    #: Of the version that it is made from, where that is not the one in the ledger.
    stamp: datetime | None = None

    def without(self, fields: frozenset[str]) -> Row:
        return replace(self, changes=tuple(change for change in self.changes if change.field not in fields))


def rows(plan: Plan) -> dict[SystemName, list[Row]]:
    """The Plan's Changes by System, one row per record; creates first."""
    creates = {create.side: create for create in plan.creates}
    grouped: dict[LinkSide, list[Change]] = {key: [] for key in creates}
    for change in plan.changes:
        grouped.setdefault(change.side, []).append(change)
    rows_of: dict[SystemName, list[Row]] = defaultdict(list)
    for side, changes in grouped.items():
        create = creates.get(side)
        record_id = changes[0].record_id if create is None else None
        rows_of[side.system].append(
            Row(
                link_id=side.link_id,
                system=side.system,
                record_id=record_id,
                changes=tuple(changes),
                create=create,
            )
        )
    for listed in rows_of.values():
        listed.sort(key=lambda row: row.create is None)
    return rows_of


def stands(change: Change, now: Mapping[str, Record]) -> bool:
    """Does the record, as just read, hold what the Change expects to replace, as part of the same account?"""
    record = now.get(change.record_id or "")
    if record is None or record.state is not RecordState.PRESENT:
        return False
    if record.link_id not in {None, change.link_id}:
        return False
    there = record.tandem_id if change.field == TANDEM_ID else record.current.get(change.field)
    return there == change.expected


def may_cover(row: Row, result: WriteResult) -> bool:
    """Could somebody have edited what this row wrote? A record that the very call has made was nobody's before; one
    that was there already may have been made by an earlier sending of the row, and be somebody's by now."""
    return not result.created and any(change.field != TANDEM_ID for change in row.changes)


def intent(row: Row) -> Intent:
    """The row as the ledger keeps it before it is sent."""
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


def native(row: Row, session: SystemSession) -> dict[str, NativeValue]:
    """The row in the System's own words."""
    system, spelling = session.system, session.spelling
    values = {change.field: change.value for change in row.changes if change.field != TANDEM_ID}
    native = dict(spelling.translator.write(values, spelling.users).values)
    if row.create is not None:
        native[system.identity.name] = row.create.name
        if row.create.domain is not None:
            native[system.identity.domain] = row.create.domain
    elif len(values) < len(row.changes):
        native[system.identity.external_id] = row.link_id
    return native


def refused_fields(row: Row, refusal: Refusal, session: SystemSession) -> frozenset[str]:
    """Canonical names of the refused fields that this row carries."""
    names = {session.system.canonical_name(native) for native in refusal.fields}
    if session.system.identity.external_id in refusal.fields:
        names.add(TANDEM_ID)
    return frozenset(change.field for change in row.changes if change.field in names)


def names_nobody(row: Row, refusal: Refusal, session: SystemSession) -> bool:
    """Was the row refused for a person whom it names? Then those who are known may be others by now."""
    fields = (
        {change.field for change in row.changes} if refusal.nobody else refused_fields(row, refusal, session)
    )
    return session.names_people(fields)


def left_of(row: Row, refusal: Refusal, session: SystemSession) -> Row | None:
    """The row without the fields that the System named; None where it named none or nothing is left."""
    fields = refused_fields(row, refusal, session)
    if not fields or refusal.gone or len(fields) == len(row.changes):
        return None
    return row.without(fields)


def held_of(row: Row, refusal: Refusal, session: SystemSession) -> Iterator[Hold]:
    """What is held of the row: the fields that the System named, or all of it."""
    for name in sorted(refused_fields(row, refusal, session)) or [""]:
        yield Hold(
            link_id=row.link_id,
            label=row.create.label if row.create is not None else row.changes[0].label,
            system=row.system,
            field=name,
            code=refusal.code,
            message=refusal.message,
            remedy=refusal.remedy or f"Correct it in {row.system}; it is tried again by itself.",
        )


def to_hold(holds: Sequence[Hold], chunk: Sequence[Row]) -> Iterator[HoldReason]:
    """What is held, as the ledger keeps it."""
    changes = {row.link_id: row.changes for row in chunk}
    for hold in holds:
        yield HoldReason(
            link_id=hold.link_id,
            system=hold.system,
            field=hold.field,
            code=hold.code,
            message=hold.message,
            remedy=hold.remedy,
            digest=digest(changes[hold.link_id], hold.field),
        )


def chunks(listed: Sequence[Row], sizes: Iterable[int]) -> Iterator[Sequence[Row]]:
    """The rows in pieces of these sizes."""
    start = 0
    for size in sizes:
        yield listed[start : start + size]
        start += size
