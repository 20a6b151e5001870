"""Scores: computed outside the CRMs, kept by the key they came with, and found by Link."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    and_,
    bindparam,
    case,
    delete,
    func,
    literal_column,
    select,
    update,
)

from sync.ledger.database.tables import links, records, scores
from sync.ledger.database.transactions import Store, chunks, upsert
from sync.model.abm import DOMAIN, Score, StoredScore
from sync.model.records import SHORT_ID, TANDEM_ID, LinkId, RecordKey, SystemName, ids_by_system

_SURVIVOR = records.alias("survivor")
_MERGED = records.alias("merged")
#: Most ledgers hold no score at all.
_ANY: Select[tuple[int]] = select(literal_column("1")).select_from(scores).limit(1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """What an import brought."""

    new: int = 0
    changed: int = 0
    same: int = 0
    #: Left out: a newer score of the same key stands in the ledger.
    older: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreCounts:
    """How the scores stand."""

    total: int
    linked: int
    #: No account answers to the key, or more than one.
    unmatched: int
    #: Of the unmatched: more than one account answers to the key.
    ambiguous: int
    #: Older than the given time.
    stale: int


_OF_LINKS = (
    select(scores)
    .where(scores.c.link_id.in_(bindparam("ids", expanding=True)))
    .order_by(scores.c.as_of, scores.c.key.desc())
)
_LINKED = select(func.count(scores.c.link_id.distinct()))


class Scores:
    """The last score of each account."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def put(self, given: Iterable[Score], *, source: str) -> Imported:
        """Store scores and find their accounts; wakes the Links whose score is another one now.

        Of two scores of one key the one with the later ``as_of`` stands, whichever comes first.
        """
        now = self._store.clock()
        newest: dict[str, Score] = {}
        older = 0
        for score in given:
            if score.key in newest:
                older += 1
                if score.as_of < newest[score.key].as_of:
                    continue
            newest[score.key] = score
        new = changed = same = 0
        with self._store.writing() as connection:
            for chunk in chunks(sorted(newest)):
                known = {
                    row.key: row for row in connection.execute(select(scores).where(scores.c.key.in_(chunk)))
                }
                stale = {key for key, row in known.items() if row.as_of > newest[key].as_of}
                other = [
                    key
                    for key in chunk
                    if key not in stale
                    and (
                        key not in known
                        or _kind_and_score(known[key]) != (newest[key].key_kind, newest[key].score)
                    )
                ]
                fresh = [key for key in chunk if key not in stale]
                upsert(
                    connection,
                    scores,
                    [_row_of(newest[key], source, now) for key in fresh],
                    keep=("link_id",),
                )
                _resolve(connection, fresh)
                _mark_for_decision(connection, other)
                older += len(stale)
                new += sum(key not in known for key in other)
                changed += sum(key in known for key in other)
                same += len(fresh) - len(other)
        return Imported(new=new, changed=changed, same=same, older=older)

    def resolve(self) -> int:
        """Find the accounts of all scores anew; wakes those that got one, and returns how many scores moved.

        Whatever changes a Link takes its scores along (``following``); this is for a ledger that was written before
        it did.
        """
        with self._store.writing() as connection:
            return len(_resolve(connection, None))

    def accounts(self, keys: Iterable[str]) -> dict[str, LinkId]:
        """The accounts of these keys, where they have one."""
        accounts: dict[str, LinkId] = {}
        ready = sorted(set(keys))
        with self._store.reading() as connection:
            for chunk in chunks(ready):
                query = select(scores.c.key, scores.c.link_id).where(
                    scores.c.key.in_(chunk), scores.c.link_id.is_not(None)
                )
                accounts.update((row.key, row.link_id) for row in connection.execute(query))
        return accounts

    def in_other_case(self, system: SystemName, keys: Iterable[str]) -> dict[str, str]:
        """Of ids in their short form, which no Record of this System has: the whole id of one that differs in nothing
        but capitals. Both may exist, so nobody takes one for the other."""
        by_short_id = {key.lower(): key for key in keys if len(key) == SHORT_ID}
        if not by_short_id:
            return {}
        with self._store.reading() as connection:
            known = connection.scalars(
                select(records.c.id).where(
                    records.c.system == system, func.length(records.c.id) == SHORT_ID + 3
                )
            )
            return {
                by_short_id[id[:SHORT_ID].lower()]: id for id in known if id[:SHORT_ID].lower() in by_short_id
            }

    def forget(self, link_ids: Iterable[str]) -> None:
        """These accounts have no score until the next import."""
        ready = list(link_ids)
        with self._store.writing() as connection:
            for chunk in chunks(ready):
                connection.execute(delete(scores).where(scores.c.link_id.in_(chunk)))

    def of_links(self, link_ids: Iterable[str]) -> dict[str, StoredScore]:
        """The newest score of each Link that has one."""
        stored: dict[str, StoredScore] = {}
        ready = list(link_ids)
        with self._store.reading() as connection:
            for chunk in chunks(ready):
                rows = connection.execute(_OF_LINKS, {"ids": chunk})
                stored.update((row.link_id, _stored_of(row)) for row in rows)
        return stored

    def unmatched(self, limit: int = 100) -> list[StoredScore]:
        """Scores that belong to no account, by key."""
        query = select(scores).where(scores.c.link_id.is_(None)).order_by(scores.c.key).limit(limit)
        with self._store.reading() as connection:
            return [_stored_of(row) for row in connection.execute(query)]

    def linked(self) -> int:
        """Linked accounts that have a score."""
        with self._store.reading() as connection:
            return connection.scalars(_LINKED).one()

    def counts(self, *, stale_before: datetime) -> ScoreCounts:
        """How the scores stand; stale are those that speak of a time before ``stale_before``."""
        several = (
            select(func.count(records.c.link_id.distinct()))
            .where(records.c.domain == scores.c.key)
            .correlate(scores)
            .scalar_subquery()
        )
        with self._store.reading() as connection:
            row = connection.execute(
                select(
                    func.count().label("total"),
                    func.count(scores.c.link_id).label("linked"),
                    func.count(case((scores.c.as_of < stale_before, 1))).label("stale"),
                ).select_from(scores)
            ).one()
            ambiguous = connection.scalars(
                select(func.count()).where(
                    scores.c.link_id.is_(None), scores.c.key_kind == DOMAIN, several > 1
                )
            ).one()
        return ScoreCounts(
            total=row.total,
            linked=row.linked,
            unmatched=row.total - row.linked,
            ambiguous=ambiguous,
            stale=row.stale,
        )


@contextmanager
def following(
    connection: Connection, *, links: Iterable[str] = (), records: Iterable[RecordKey] = ()
) -> Iterator[set[LinkId]]:
    """Scores go along with what happens within to these Links and Records, in the same transaction: a score that is
    left behind would never be looked for again. Gives the Links that got a score, once it is over; they are woken."""
    followed: set[LinkId] = set()
    if connection.execute(_ANY).first() is None:
        yield followed
        return
    link_ids, record_keys = sorted(set(links)), sorted(set(records))
    before = _keys(connection, link_ids, record_keys)
    yield followed
    keys = before | _keys(connection, link_ids, record_keys)
    for chunk in chunks(sorted(keys)):
        moved = _resolve(connection, chunk)
        owners = select(scores.c.link_id).where(scores.c.key.in_(moved), scores.c.link_id.is_not(None))
        followed.update(connection.scalars(owners))


def _keys(connection: Connection, link_ids: Sequence[str], record_keys: Sequence[RecordKey]) -> set[str]:
    """Under which scores may name these Records, the Records of these Links, and whatever belongs to their Links."""
    chosen: list[ColumnElement[bool]] = [
        and_(records.c.system == system, records.c.id.in_(chunk))
        for system, ids in ids_by_system(record_keys).items()
        for chunk in chunks(ids)
    ]
    chosen += [records.c.link_id.in_(chunk) for chunk in chunks(link_ids)]
    names, owners = set(link_ids), set(link_ids)
    for condition in chosen:
        for row in connection.execute(
            select(records.c.id, records.c.domain, records.c.link_id).where(condition)
        ):
            names |= {row.id, row.id[:SHORT_ID], row.domain or row.id}
            owners.add(row.link_id or row.id)
        merged = select(_MERGED.c.id).join(
            records, and_(records.c.id == _MERGED.c.merged_into, records.c.system == _MERGED.c.system)
        )
        names.update(connection.scalars(merged.where(condition)))
    for chunk in chunks(sorted(owners)):
        names.update(connection.scalars(select(scores.c.key).where(scores.c.link_id.in_(chunk))))
        domains = select(links.c.domain).where(links.c.id.in_(chunk), links.c.domain.is_not(None))
        names.update(connection.scalars(domains))
    return names


def _kind_and_score(row: Any) -> tuple[str, str]:
    return row.key_kind, row.score


def _only(column: ColumnElement[Any], condition: ColumnElement[bool]) -> ColumnElement[Any]:
    """The one value that fits, NULL where there are several."""
    return (
        select(case((func.min(column) == func.max(column), func.min(column))))
        .where(condition)
        .correlate(scores)
        .scalar_subquery()
    )


def _account() -> ColumnElement[Any]:
    """The Link that a score belongs to."""
    open_link = links.c.closed_at.is_(None)
    key, there = scores.c.key, records.c.system == scores.c.key_kind
    named = and_(there, records.c.id == key)
    # Without the System, or SQLite would go through all Records of it for each score.
    short = and_(records.c.id > key, records.c.id < key + "~", func.length(records.c.id) == SHORT_ID + 3)
    of_system = case((there, records.c.link_id))
    survives = and_(_SURVIVOR.c.id == records.c.merged_into, _SURVIVOR.c.system == records.c.system)
    return case(
        (
            scores.c.key_kind == DOMAIN,
            func.coalesce(
                _only(records.c.link_id, records.c.domain == scores.c.key),
                # a Link keeps its domain although a record's website was changed; but several Links are no answer
                case(
                    (
                        ~select(literal_column("1"))
                        .where(records.c.domain == scores.c.key, records.c.link_id.is_not(None))
                        .correlate(scores)
                        .exists(),
                        _only(links.c.id, and_(links.c.domain == scores.c.key, open_link)),
                    )
                ),
            ),
        ),
        (scores.c.key_kind == TANDEM_ID, _only(links.c.id, and_(links.c.id == scores.c.key, open_link))),
        else_=func.coalesce(
            _only(records.c.link_id, named),
            # Reports show ids in their short form.
            case((func.length(scores.c.key) == SHORT_ID, _only(of_system, short))),
            # What was merged away is known under the survivor's id now.
            _only(_SURVIVOR.c.link_id, and_(named, survives)),
        ),
    )


def _resolve(connection: Connection, keys: Sequence[str] | None) -> list[str]:
    """Find the accounts of these scores, or of all; answers with the keys of those that moved."""
    account = _account()
    query = select(scores.c.key, account.label("account")).where(scores.c.link_id.is_distinct_from(account))
    if keys is not None:
        query = query.where(scores.c.key.in_(keys))
    moved = [row.key for row in connection.execute(query)]
    for chunk in chunks(moved):
        connection.execute(update(scores).where(scores.c.key.in_(chunk)).values(link_id=account))
    _mark_for_decision(connection, moved)
    return moved


def _mark_for_decision(connection: Connection, keys: Iterable[str]) -> None:
    for chunk in chunks(keys):
        owners = select(scores.c.link_id).where(scores.c.key.in_(chunk), scores.c.link_id.is_not(None))
        connection.execute(
            update(links).where(links.c.id.in_(owners), links.c.closed_at.is_(None)).values(wake=True)
        )


def _row_of(score: Score, source: str, now: datetime) -> dict[str, Any]:
    return {
        "key": score.key,
        "key_kind": score.key_kind,
        "score": score.score,
        "as_of": score.as_of,
        "imported_at": now,
        "source": source,
        "link_id": None,
    }


def _stored_of(row: Any) -> StoredScore:
    return StoredScore(
        score=Score(key=row.key, key_kind=row.key_kind, score=row.score, as_of=row.as_of),
        source=row.source,
        imported_at=row.imported_at,
        link_id=row.link_id,
    )
