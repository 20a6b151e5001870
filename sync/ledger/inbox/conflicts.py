"""Conflicts: what a rule could not decide, with every side's value, and what people decided about it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import islice
from typing import Any

from sqlalchemy import Connection, Row, bindparam, func, select, text, update

from sync.errors import LedgerError
from sync.ledger.accounts import links as accounts_links
from sync.ledger.database.column_types import utc_text
from sync.ledger.database.tables import conflicts
from sync.ledger.database.transactions import Store, chunks, insert_numbered
from sync.model.inbox import ConflictSide, ConflictState, Finding, StoredConflict
from sync.model.records import Base, Evidence, LinkedField, LinkId, SystemName, Value

#: The condition of the indexes on Conflicts that stand, to the letter, or SQLite would not use them.
_NOT_CLOSED = text("state <> 'closed'")
_OF_LINKS = select(conflicts).where(conflicts.c.link_id.in_(bindparam("ids", expanding=True)), _NOT_CLOSED)
_DECISIONS = _OF_LINKS.where(conflicts.c.state == bindparam("state"))
_FOR_REASON = select(conflicts.c.link_id, conflicts.c.field).where(
    conflicts.c.link_id.in_(bindparam("ids", expanding=True)),
    _NOT_CLOSED,
    conflicts.c.reason == bindparam("reason"),
)


class Conflicts:
    """The inbox."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def record(
        self, findings: Iterable[Finding], *, looked_at: Iterable[str], run_id: str | None = None
    ) -> tuple[int, ...]:
        """Bring the inbox to what a Plan found for the Links that it looked at, in one transaction.

        A Conflict keeps its id as long as it stands. An open one of a Link looked at that was not found again is
        dissolved. A decided one stays until it was carried out (``close``), unless it was found again: then the
        decision did not fit what the Systems say now, and it is open anew. Answers with the ids of those that are new.
        """
        by_field = {(finding.link_id, finding.field): finding for finding in findings}
        links = sorted({*looked_at, *(link for link, _ in by_field)})
        now = self._store.clock()
        with self._store.writing() as connection:
            stored = {
                (row.link_id, row.field): row
                for chunk in chunks(links)
                for row in connection.execute(_OF_LINKS, {"ids": chunk})
            }
            opened = _open(
                connection,
                [finding for key, finding in by_field.items() if key not in stored],
                run_id,
                now,
            )
            again = [(row, by_field[key]) for key, row in stored.items() if key in by_field]
            _refresh(connection, again)
            gone = tuple(
                row.id
                for key, row in stored.items()
                if key not in by_field and row.state == ConflictState.OPEN.value
            )
            _close(connection, gone, "dissolved: the Systems agree, or a rule decides", now)
        return opened

    def list(
        self,
        *,
        field: str | None = None,
        system: SystemName | None = None,
        state: ConflictState | None = ConflictState.OPEN,
        link_id: LinkId | None = None,
        limit: int | None = None,
    ) -> Sequence[StoredConflict]:
        """Conflicts, oldest first; ``state`` None: in any state. ``system``: those in which it takes part."""
        query = select(conflicts).order_by(conflicts.c.id)
        if state is not None:
            query = query.where(conflicts.c.state == state.value)
            if state is not ConflictState.CLOSED:
                query = query.where(_NOT_CLOSED)
        if field is not None:
            query = query.where(conflicts.c.field == field)
        if link_id is not None:
            query = query.where(conflicts.c.link_id == link_id)
        with self._store.reading() as connection:
            rows = (_conflict_of(row) for row in connection.execute(query))
            fitting = (row for row in rows if system is None or system in row.finding.sides)
            return list(islice(fitting, limit))

    def get(self, id: int) -> StoredConflict | None:
        with self._store.reading() as connection:
            row = connection.execute(select(conflicts).where(conflicts.c.id == id)).one_or_none()
            return None if row is None else _conflict_of(row)

    def count(self) -> dict[str, int]:
        """Open Conflicts, by field."""
        with self._store.reading() as connection:
            rows = connection.execute(
                select(conflicts.c.field, func.count().label("total"))
                .where(_NOT_CLOSED, conflicts.c.state == ConflictState.OPEN.value)
                .group_by(conflicts.c.field)
                .order_by(conflicts.c.field)
            )
            return {row.field: row.total for row in rows}

    def by_id(self, ids: Iterable[int]) -> dict[int, StoredConflict]:
        """Those of these Conflicts that there are, in any state."""
        ready = list(ids)
        with self._store.reading() as connection:
            return {
                row.id: _conflict_of(row)
                for chunk in chunks(ready)
                for row in connection.execute(select(conflicts).where(conflicts.c.id.in_(chunk)))
            }

    def decide(self, id: int, value: Value, *, by: str, note: str | None = None) -> StoredConflict:
        """A person decides; the Link is woken so that the next Run carries it out. May be called again until then.

        Raises LedgerError where there is no such Conflict or it is closed.
        """
        return self.decide_all([(id, value, note)], by=by)[0]

    def decide_all(
        self, answers: Iterable[tuple[int, Value, str | None]], *, by: str
    ) -> Sequence[StoredConflict]:
        """The same for several, given as (id, value, note): all of them, or none."""
        now, ready = self._store.clock(), list(answers)
        with self._store.writing() as connection:
            return [_decide(connection, id, value, note, by, now) for id, value, note in ready]

    def decisions(self, link_ids: Iterable[str]) -> dict[LinkedField, StoredConflict]:
        """Decided Conflicts that wait to be carried out, by (Link id, field)."""
        decided: dict[LinkedField, StoredConflict] = {}
        ready = sorted(link_ids)
        with self._store.reading() as connection:
            for chunk in chunks(ready):
                rows = connection.execute(_DECISIONS, {"ids": chunk, "state": ConflictState.DECIDED.value})
                decided.update((LinkedField(row.link_id, row.field), _conflict_of(row)) for row in rows)
        return decided

    def open_fields(self, link_ids: Iterable[str], *, reason: str) -> frozenset[LinkedField]:
        """Fields of these Links, as (Link, field), with a Conflict for this reason that is not closed."""
        fields: set[LinkedField] = set()
        with self._store.reading() as connection:
            for chunk in chunks(sorted(link_ids)):
                rows = connection.execute(_FOR_REASON, {"ids": chunk, "reason": reason})
                fields.update(LinkedField(row.link_id, row.field) for row in rows)
        return frozenset(fields)

    def close(self, ids: Iterable[int], reason: str) -> None:
        """These were carried out, or their Link is gone."""
        ready = list(ids)
        with self._store.writing() as connection:
            _close(connection, ready, reason, self._store.clock())


def _decide(
    connection: Connection, id: int, value: Value, note: str | None, by: str, now: datetime
) -> StoredConflict:
    row = connection.execute(select(conflicts).where(conflicts.c.id == id)).one_or_none()
    if row is None or row.state == ConflictState.CLOSED.value:
        said = f"there is no Conflict {id}" if row is None else f"Conflict {id} is closed: {row.close_reason}"
        raise LedgerError(said, remedy="`tandem conflicts list` names those that stand")
    connection.execute(
        update(conflicts)
        .where(conflicts.c.id == id)
        .values(
            state=ConflictState.DECIDED.value,
            decision={"value": value, "note": note},
            decided_by=by,
            decided_at=now,
        )
    )
    accounts_links.mark_for_decision(connection, [row.link_id])
    return _conflict_of(connection.execute(select(conflicts).where(conflicts.c.id == id)).one())


def _open(
    connection: Connection, findings: Iterable[Finding], run_id: str | None, now: datetime
) -> tuple[int, ...]:
    ids: list[int] = []
    for chunk in chunks(findings):
        ids += insert_numbered(
            connection,
            conflicts,
            [
                {
                    "link_id": finding.link_id,
                    "field": finding.field,
                    **_said(finding),
                    "state": ConflictState.OPEN.value,
                    "opened_run": run_id,
                    "opened_at": now,
                }
                for finding in chunk
            ],
        )
    return tuple(ids)


def _refresh(connection: Connection, again: Iterable[tuple[Row[Any], Finding]]) -> None:
    changed = [
        {"_id": row.id, **{f"_{name}": value for name, value in _said(finding).items()}}
        for row, finding in again
        if _conflict_of(row).finding != finding or row.state != ConflictState.OPEN.value
    ]
    if changed:
        connection.execute(
            update(conflicts)
            .where(conflicts.c.id == bindparam("_id"))
            .values(
                **{
                    name: bindparam(f"_{name}")
                    for name in ("reason", "base", "has_base", "sides", "proposals")
                },
                state=ConflictState.OPEN.value,
                decision=None,
                decided_by=None,
                decided_at=None,
            ),
            changed,
        )


def _close(connection: Connection, ids: Iterable[int], reason: str, now: datetime) -> None:
    for chunk in chunks(ids):
        connection.execute(
            update(conflicts)
            .where(conflicts.c.id.in_(chunk), conflicts.c.state != ConflictState.CLOSED.value)
            .values(state=ConflictState.CLOSED.value, closed_at=now, close_reason=reason)
        )


def _said(finding: Finding) -> dict[str, Any]:
    return {
        "reason": finding.reason,
        "base": finding.base.value if finding.base else None,
        "has_base": finding.base is not None,
        "sides": {
            system: {
                "value": side.value,
                "at": side.at and utc_text(side.at),
                "by": side.by,
                "evidence": side.evidence.value,
            }
            for system, side in finding.sides.items()
        },
        "proposals": dict(finding.proposals),
    }


def _conflict_of(row: Row[Any]) -> StoredConflict:
    decision = row.decision or {}
    return StoredConflict(
        id=row.id,
        finding=Finding(
            link_id=row.link_id,
            field=row.field,
            reason=row.reason,
            base=Base(row.base) if row.has_base else None,
            sides={
                system: ConflictSide(
                    value=side["value"],
                    at=None if side["at"] is None else datetime.fromisoformat(side["at"]),
                    by=side["by"],
                    evidence=Evidence(side.get("evidence", Evidence.STAMP)),
                )
                for system, side in row.sides.items()
            },
            proposals=row.proposals,
        ),
        state=ConflictState(row.state),
        decision=decision.get("value"),
        decided_by=row.decided_by,
        decided_at=row.decided_at,
        note=decision.get("note"),
        opened_run=row.opened_run,
        opened_at=row.opened_at,
        closed_at=row.closed_at,
        close_reason=row.close_reason,
    )
