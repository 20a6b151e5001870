"""Outcomes: what became of opportunities and deals, with how they came there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, case, func, insert, select, tuple_, update

from sync.ledger.database.tables import outcome_history, outcomes, records
from sync.ledger.database.transactions import CHUNK, Store, chunks, upsert
from sync.model.abm import Outcome, OutcomeVersion
from sync.model.records import RecordKey, SystemName, ids_by_system


@dataclass(frozen=True, slots=True, kw_only=True)
class OutcomesPut:
    """What a pull brought."""

    new: int = 0
    changed: int = 0
    same: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class OutcomeCounts:
    """How the Outcomes of one System stand; removed ones are counted only as such."""

    open: int = 0
    won: int = 0
    lost: int = 0
    #: Have no account in their CRM.
    without_account: int = 0
    #: Have an account, but one without a Link.
    unlinked: int = 0
    removed: int = 0


_NAMES = tuple(field.name for field in fields(Outcome))
_COLUMNS = tuple(outcomes.c[name] for name in _NAMES)
#: A version differs from the one before in at least one of these.
_TRACKED = ("stage", "amount", "close_date", "closed", "won")


class Outcomes:
    """Opportunities and deals, by System and native id."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def put(self, given: Iterable[Outcome]) -> OutcomesPut:
        """Store Outcomes whole, find their accounts, and keep a version of each whose result moved."""
        new = changed = same = 0
        ready = list(given)
        with self._store.writing() as connection:
            for chunk in chunks(ready):
                latest = {item.key: item for item in chunk}
                known = _known(connection, latest)
                other = [item for key, item in latest.items() if _content(item) != _content(known.get(key))]
                moved = [item for item in other if _result(item) != _result(known.get(item.key))]
                upsert(connection, outcomes, [_row_of(item) for item in other], keep=("link_id",))
                if moved:
                    connection.execute(insert(outcome_history), [_version_row(item) for item in moved])
                _resolve(connection, [item.key for item in other])
                fresh = sum((item.system, item.id) not in known for item in other)
                new, changed, same = (
                    new + fresh,
                    changed + len(other) - fresh,
                    same + len(latest) - len(other),
                )
        return OutcomesPut(new=new, changed=changed, same=same)

    def remove(self, system: SystemName, ids: Iterable[str], at: datetime | None = None) -> None:
        """These are gone from the CRM; they stay in the ledger, marked."""
        ready = list(ids)
        with self._store.writing() as connection:
            for chunk in chunks(ready):
                connection.execute(
                    update(outcomes)
                    .where(
                        outcomes.c.system == system, outcomes.c.id.in_(chunk), outcomes.c.removed_at.is_(None)
                    )
                    .values(removed_at=at or self._store.clock())
                )

    def resolve(self) -> int:
        """Find the accounts of all Outcomes anew, as Links come and go; returns how many changed."""
        with self._store.writing() as connection:
            return _resolve(connection, None)

    def all(self, *, system: SystemName | None = None, removed: bool = False) -> Iterator[Outcome]:
        """Outcomes by System and id, read in chunks; ``removed``: those that are gone from their CRM too."""
        last = ("", "")
        while True:
            query = select(*_COLUMNS).where(tuple_(outcomes.c.system, outcomes.c.id) > tuple_(*last))
            if system is not None:
                query = query.where(outcomes.c.system == system)
            if not removed:
                query = query.where(outcomes.c.removed_at.is_(None))
            with self._store.reading() as connection:
                rows = connection.execute(query.order_by(outcomes.c.system, outcomes.c.id).limit(CHUNK)).all()
            if not rows:
                return
            for row in rows:
                yield Outcome(**row._mapping)  # noqa: SLF001  (SQLAlchemy's documented name)
            last = (rows[-1].system, rows[-1].id)

    def of_links(self, link_ids: Iterable[str]) -> dict[str, list[Outcome]]:
        """Outcomes that still stand in their CRM, by Link, oldest first."""
        by_link: dict[str, list[Outcome]] = {}
        ready = list(link_ids)
        with self._store.reading() as connection:
            for chunk in chunks(ready):
                query = (
                    select(*_COLUMNS)
                    .where(outcomes.c.link_id.in_(chunk), outcomes.c.removed_at.is_(None))
                    .order_by(outcomes.c.created_at, outcomes.c.system, outcomes.c.id)
                )
                for row in connection.execute(query):
                    by_link.setdefault(row.link_id, []).append(Outcome(**row._mapping))  # noqa: SLF001
        return by_link

    def history(self, system: SystemName, ids: Iterable[str]) -> dict[str, list[OutcomeVersion]]:
        """Every version of these Outcomes, oldest first, by native id."""
        history: dict[str, list[OutcomeVersion]] = {}
        columns = [column for column in outcome_history.c if column.name != "number"]
        ready = list(ids)
        with self._store.reading() as connection:
            for chunk in chunks(ready):
                query = (
                    select(*columns)
                    .where(outcome_history.c.system == system, outcome_history.c.id.in_(chunk))
                    .order_by(outcome_history.c.id, outcome_history.c.at, outcome_history.c.number)
                )
                for row in connection.execute(query):
                    history.setdefault(row.id, []).append(OutcomeVersion(**row._mapping))  # noqa: SLF001
        return history

    def counts(self) -> dict[str, OutcomeCounts]:
        """How the Outcomes stand, by System."""
        c = outcomes.c
        stands = c.removed_at.is_(None)
        with self._store.reading() as connection:
            rows = connection.execute(
                select(
                    c.system,
                    _count(stands & ~c.closed).label("open"),
                    _count(stands & c.closed & c.won).label("won"),
                    _count(stands & c.closed & ~c.won).label("lost"),
                    _count(stands & c.account_id.is_(None)).label("without_account"),
                    _count(stands & c.account_id.is_not(None) & c.link_id.is_(None)).label("unlinked"),
                    _count(~stands).label("removed"),
                )
                .group_by(c.system)
                .order_by(c.system)
            )
            return {
                row.system: OutcomeCounts(
                    **{field.name: getattr(row, field.name) for field in fields(OutcomeCounts)}
                )
                for row in rows
            }


def _count(condition: ColumnElement[bool]) -> ColumnElement[int]:
    return func.count(case((condition, 1)))


def _known(connection: Connection, keys: Iterable[RecordKey]) -> dict[RecordKey, Outcome]:
    return {
        RecordKey(row.system, row.id): Outcome(**row._mapping)  # noqa: SLF001
        for system, ids in ids_by_system(keys).items()
        for row in connection.execute(
            select(*_COLUMNS).where(outcomes.c.system == system, outcomes.c.id.in_(ids))
        )
    }


def _resolve(connection: Connection, keys: Sequence[RecordKey] | None) -> int:
    record, survivor = records.alias("record"), records.alias("survivor")
    account = (
        select(func.coalesce(record.c.link_id, survivor.c.link_id))
        .select_from(
            record.outerjoin(
                survivor, (survivor.c.id == record.c.merged_into) & (survivor.c.system == record.c.system)
            )
        )
        .where(record.c.system == outcomes.c.system, record.c.id == outcomes.c.account_id)
        .correlate(outcomes)
        .scalar_subquery()
    )
    change = update(outcomes).values(link_id=account).where(outcomes.c.link_id.is_distinct_from(account))
    if keys is None:
        return connection.execute(change).rowcount
    return sum(
        connection.execute(change.where(outcomes.c.system == system, outcomes.c.id.in_(ids))).rowcount
        for system, ids in ids_by_system(keys).items()
    )


def _content(item: Outcome | None) -> dict[str, Any] | None:
    return (
        None if item is None else {name: value for name, value in _row_of(item).items() if name != "link_id"}
    )


def _result(item: Outcome | None) -> tuple[Any, ...] | None:
    return None if item is None else tuple(getattr(item, name) for name in _TRACKED)


def _row_of(item: Outcome) -> dict[str, Any]:
    row = {name: getattr(item, name) for name in _NAMES}
    return row | {"name": item.name, "owner_email": item.owner_email, "link_id": None}


def _version_row(item: Outcome) -> dict[str, Any]:
    return {"system": item.system, "id": item.id, "at": item.modified_at} | {
        name: getattr(item, name) for name in _TRACKED
    }
