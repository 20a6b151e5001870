"""What was known of Records within the Link that they left; inside a transaction that the caller opened."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from sqlalchemy import ColumnElement, Connection, and_, bindparam, delete, exists, insert, select, update

from sync.ledger.database.executemany import execute_many
from sync.ledger.database.tables import left_records, links, records
from sync.ledger.database.transactions import chunks
from sync.model.records import LinkId, NativeId, Record, RecordKey, SystemName, ids_by_system
from sync.model.reunion import Parting

_KEPT = ("observed", "echo", "current")
_ANY = select(exists(select(left_records.c.id)))


def keep(connection: Connection, which: ColumnElement[bool]) -> None:
    """These Records, a condition on ``records``, are about to leave their Links."""
    leaving = and_(which, records.c.link_id.is_not(None))
    _forget(
        connection,
        exists(
            select(records.c.id).where(
                leaving, records.c.system == left_records.c.system, records.c.id == left_records.c.id
            )
        ),
    )
    connection.execute(
        insert(left_records).from_select(
            ["system", "id", "link_id", "base", *_KEPT],
            select(
                records.c.system,
                records.c.id,
                records.c.link_id,
                links.c.base,
                *(records.c[name] for name in _KEPT),
            )
            .join_from(records, links, links.c.id == records.c.link_id)
            .where(leaving),
        )
    )


def load(connection: Connection, keys: Collection[RecordKey]) -> dict[RecordKey, Parting]:
    """What is kept of these Records, given as (System, native id)."""
    # Mostly nothing is kept of any: a first meeting asks once, and not for each of a million Records.
    if not keys or not connection.scalars(_ANY).one():
        return {}
    partings: dict[RecordKey, Parting] = {}
    for system, ids in ids_by_system(keys).items():
        for chunk in chunks(ids):
            query = select(left_records).where(left_records.c.system == system, left_records.c.id.in_(chunk))
            for row in connection.execute(query):
                partings[RecordKey(SystemName(row.system), NativeId(row.id))] = Parting(
                    link_id=LinkId(row.link_id),
                    base=row.base,
                    observed=row.observed,
                    echo=row.echo,
                    current=row.current,
                )
    return partings


def recall(connection: Connection, given: Iterable[Record]) -> None:
    """Settle these Records as they are given."""
    execute_many(
        connection,
        "recall records",
        lambda: (
            update(records)
            .where(records.c.id == bindparam("_id"), records.c.system == bindparam("_system"))
            .values(observed=bindparam("_observed"), echo=bindparam("_echo"))
        ),
        [
            {"_system": each.system, "_id": each.id, "_observed": each.observed, "_echo": each.echo}
            for each in given
        ],
    )


def forget(connection: Connection, keys: Collection[RecordKey]) -> None:
    """These Records, given as (System, native id), belong to a Link again."""
    if not connection.scalars(_ANY).one():
        return
    for system, ids in ids_by_system(keys).items():
        for chunk in chunks(ids):
            _forget(connection, and_(left_records.c.system == system, left_records.c.id.in_(chunk)))


def follow(connection: Connection, system: SystemName, old_id: str, new_id: str, *, to_a_link: bool) -> None:
    """A Record was merged into another. ``to_a_link``: which takes its place in a Link."""
    old = and_(left_records.c.system == system, left_records.c.id == old_id)
    new = and_(left_records.c.system == system, left_records.c.id == new_id)
    if to_a_link:
        _forget(connection, new)
    elif not connection.scalars(select(exists(select(left_records.c.id).where(new)))).one():
        connection.execute(update(left_records).where(old).values(id=new_id))
    _forget(connection, old)


def forget_fields(connection: Connection, system: SystemName, names: Collection[str]) -> None:
    """Nothing was ever settled of these fields in this System."""
    rows = connection.execute(select(left_records).where(left_records.c.system == system)).all()
    for row in rows:
        kept = {
            name: {field: value for field, value in getattr(row, name).items() if field not in names}
            for name in _KEPT
        }
        connection.execute(
            update(left_records)
            .where(left_records.c.system == system, left_records.c.id == row.id)
            .values(kept)
        )


def _forget(connection: Connection, which: ColumnElement[bool]) -> None:
    connection.execute(delete(left_records).where(which))
