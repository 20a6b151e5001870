"""A System that goes by another name, or goes altogether: in every table, in one transaction."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Table, delete, func, or_, select, type_coerce, update

from sync.ledger.calls import move_calls
from sync.ledger.database.column_types import PLAIN
from sync.ledger.database.tables import (
    METADATA,
    conflicts,
    held,
    links,
    matches,
    outcomes,
    records,
    runs,
    scores,
    systems,
    writes,
)
from sync.ledger.database.transactions import Store, chunks
from sync.model.inbox import ConflictState, MatchState, match_key
from sync.model.journal import WriteState
from sync.model.records import NativeId, RecordKey, RecordState, SystemName

#: What was done stays told, whoever it was done to.
_JOURNAL = frozenset({"events", "writes"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Losses:
    """What a ledger loses that forgets a System."""

    #: Records of it that are present.
    records: int
    #: Accounts that stand nowhere else; their Links are closed.
    links: int
    #: Conflicts that stand and in which it takes part.
    conflicts: int
    held: int
    #: What people decided about which of its records are one account with which.
    decisions: int
    outcomes: int
    #: Scores that came by its ids.
    scores: int
    #: Writes to it of which nobody knows yet whether they landed.
    writes: int


def rename(store: Store, old: str, new: str) -> None:
    """Whatever is known of ``old`` is known of ``new``. The caller sees that nothing is known of that yet."""
    with store.writing() as connection:
        connection.execute(update(systems).where(systems.c.name == old).values(name=new))
        # To see who answers by the new name, a call or two were made by it already.
        move_calls(connection, old, new)
        for table in _with_system():
            connection.execute(update(table).where(table.c.system == old).values(system=new))
        connection.execute(update(scores).where(scores.c.key_kind == old).values(key_kind=new))

        def of_keys(values: Mapping[str, Any]) -> dict[str, Any]:
            return {_renamed(key, old, new): value for key, value in values.items()}

        _rewrite(connection, conflicts, old, {"sides": of_keys, "proposals": of_keys})
        _rewrite(connection, runs, old, {"counts": of_keys, "calls": of_keys})

        def of_members(members: Sequence[Sequence[str]]) -> list[list[str]]:
            return sorted([new if name == old else name, id] for name, id in members)

        _rewrite(
            connection,
            matches,
            old,
            {
                "members": of_members,
                "left_alone": lambda alone: None if alone is None else of_members(alone),
            },
        )
        for row in connection.execute(select(matches.c.id, matches.c.members)).all():
            if any(name == new for name, _ in row.members):
                key = match_key(RecordKey(SystemName(name), NativeId(id)) for name, id in row.members)
                connection.execute(update(matches).where(matches.c.id == row.id).values(key=key))


def losses(store: Store, name: str) -> Losses:
    """What would be lost with it."""

    def count(connection: Connection, table: Table, *conditions: ColumnElement[bool]) -> int:
        return connection.scalars(select(func.count()).select_from(table).where(*conditions)).one()

    with store.reading() as connection:
        return Losses(
            records=count(
                connection, records, records.c.system == name, records.c.state == RecordState.PRESENT.value
            ),
            links=count(connection, links, *_only_there(name)),
            conflicts=len(list(_conflicts_with(connection, name))),
            held=count(connection, held, held.c.system == name),
            decisions=sum(state in _DECIDED for _, state in _matches_with(connection, name)),
            outcomes=count(connection, outcomes, outcomes.c.system == name),
            scores=count(connection, scores, scores.c.key_kind == name),
            writes=count(connection, writes, writes.c.system == name, _UNSETTLED),
        )


def forget(store: Store, name: str) -> None:
    """Everything that is known of this System goes, but what was done: Runs, writes and events stay. Links that stand
    nowhere else are closed, the others looked at again."""
    reason = f"the ledger was told to forget {name}"
    with store.writing() as connection:
        now = store.clock()
        standing = list(_conflicts_with(connection, name))
        for chunk in chunks(standing):
            connection.execute(
                update(conflicts)
                .where(conflicts.c.id.in_(chunk))
                .values(state=ConflictState.CLOSED.value, closed_at=now, close_reason=reason)
            )
        for chunk in chunks([id for id, _ in _matches_with(connection, name)]):
            connection.execute(delete(matches).where(matches.c.id.in_(chunk)))
        its = select(records.c.link_id).where(records.c.system == name, records.c.link_id.is_not(None))
        connection.execute(
            update(links).where(*_only_there(name)).values(closed_at=now, close_reason=reason, wake=False)
        )
        connection.execute(
            update(links).where(links.c.id.in_(its), links.c.closed_at.is_(None)).values(wake=True)
        )
        connection.execute(
            update(writes)
            .where(writes.c.system == name, _UNSETTLED)
            .values(state=WriteState.SUPERSEDED.value, settled_at=now)
        )
        connection.execute(update(writes).where(writes.c.system == name).values(unchecked=False))
        connection.execute(delete(scores).where(scores.c.key_kind == name))
        for table in _with_system():
            if table.name not in _JOURNAL:
                connection.execute(delete(table).where(table.c.system == name))
        connection.execute(delete(systems).where(systems.c.name == name))


_DECIDED = frozenset({MatchState.ACCEPTED.value, MatchState.REJECTED.value})
_UNSETTLED = writes.c.state == WriteState.INTENDED.value


def _with_system() -> Iterator[Table]:
    return (table for table in METADATA.sorted_tables if "system" in table.c)


def _only_there(name: str) -> Sequence[ColumnElement[bool]]:
    """Open Links all of whose Records are of this System."""
    member = select(records.c.id).where(records.c.link_id == links.c.id)
    return (
        links.c.closed_at.is_(None),
        member.where(records.c.system == name).exists(),
        ~member.where(records.c.system != name).exists(),
    )


def _conflicts_with(connection: Connection, name: str) -> Iterator[int]:
    rows = connection.execute(
        select(conflicts.c.id, conflicts.c.sides).where(conflicts.c.state != ConflictState.CLOSED.value)
    )
    return (row.id for row in rows if name in row.sides)


def _matches_with(connection: Connection, name: str) -> Iterator[tuple[int, str]]:
    rows = connection.execute(select(matches.c.id, matches.c.members, matches.c.state))
    return ((row.id, row.state) for row in rows if any(member[0] == name for member in row.members))


def _rewrite(
    connection: Connection, table: Table, old: str, columns: Mapping[str, Callable[[Any], Any]]
) -> None:
    """Give these columns of every row in which the name stands other values."""
    texts = [type_coerce(table.c[name], PLAIN).contains(old, autoescape=True) for name in columns]
    ids = list(connection.scalars(select(table.c.id).where(or_(*texts))))
    for chunk in chunks(ids):
        rows = connection.execute(select(table).where(table.c.id.in_(chunk))).mappings().all()
        for row in rows:
            fresh = {name: made(row[name]) for name, made in columns.items()}
            if any(fresh[name] != row[name] for name in columns):
                connection.execute(update(table).where(table.c.id == row["id"]).values(fresh))


def _renamed(key: str, old: str, new: str) -> str:
    """``NAME`` and ``written.NAME``, and no name that only begins or ends so."""
    kind, dot, name = key.rpartition(".")
    return f"{kind}{dot}{new}" if name == old else key
