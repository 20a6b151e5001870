"""Accounts: the Records of every System, and the Links that hold them together."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    CompoundSelect,
    Integer,
    Row,
    and_,
    bindparam,
    func,
    literal,
    or_,
    select,
    tuple_,
    union,
    update,
)

from sync.ledger.abm.scores import following
from sync.ledger.accounts import left_records, match_groups, rows, search
from sync.ledger.accounts import links as accounts_links
from sync.ledger.accounts.rows import (
    GONE,
    LINK,
    RECORD,
    link_of,
    load_accounts,
    load_records,
    put_records,
    record_of,
)
from sync.ledger.database.tables import links, records
from sync.ledger.database.transactions import CHUNK, Store, chunks
from sync.ledger.events import append
from sync.model.inbox import MovedLink, StoredLink
from sync.model.journal import Event, Settlement
from sync.model.records import (
    Account,
    Link,
    LinkId,
    LinkSide,
    NativeId,
    Record,
    RecordKey,
    RecordState,
    SystemName,
    ids_by_system,
)
from sync.model.reunion import Parting

#: Links of one chunk of the diff: small enough that a chunk is decided while the next process waits for the lock.
_LINKS = 500

_IDS: BindParameter[Any] = bindparam("ids", expanding=True)
_MOST: BindParameter[int] = bindparam("most", type_=Integer)
_VERSIONS = select(records.c.id, records.c.stamp).where(
    records.c.system == bindparam("system"),
    records.c.id.in_(_IDS),
    records.c.stamp.is_not(None),
    records.c.state == RecordState.PRESENT.value,
)
_UNSEEN = (
    select(records.c.id)
    .where(
        records.c.system == bindparam("system"),
        records.c.state == RecordState.PRESENT.value,
        records.c.seen_at < bindparam("since"),
        records.c.id > bindparam("last"),
    )
    .order_by(records.c.id)
    .limit(_MOST)
)
_DIRTY = (
    union(
        select(records.c.link_id.label("id")).where(records.c.dirty, records.c.link_id > bindparam("last")),
        select(links.c.id).where(links.c.wake, links.c.id > bindparam("last")),
    )
    .order_by("id")
    .limit(_MOST)
)
_ALL_LINKED = (
    union(select(links.c.id).where(links.c.closed_at.is_(None), links.c.id > bindparam("last")))
    .order_by("id")
    .limit(_MOST)
)
_LOST = (
    select(*LINK, *(column.label(f"record_{column.name}") for column in RECORD))
    .join_from(records, links, links.c.id == records.c.link_id)
    .where(GONE, links.c.closed_at.is_(None))
    .order_by(links.c.id, records.c.system)
)
_WITH_NEWS = select(records.c.system, records.c.id).where(
    records.c.id.in_(_IDS),
    or_(records.c.unmatched, records.c.state.in_([RecordState.DELETED.value, RecordState.MERGED.value])),
)
_MATCHED_BY = select(
    *(
        records.c[name]
        for name in ("system", "id", "link_id", "name", "domain", "more_domains", "tandem_id", "current")
    )
).where(records.c.state == RecordState.PRESENT.value)
_ANY_UNMATCHED = select(records.c.id).where(records.c.unmatched).limit(1)
_STANDS = records.c.state.in_([RecordState.PRESENT.value, RecordState.INVISIBLE.value])
_BY_STATE = select(records.c.system, records.c.state, func.count()).group_by(
    records.c.system, records.c.state
)
_BY_CONDITION = {
    name: select(records.c.system, func.count()).where(condition).group_by(records.c.system)
    for name, condition in (
        ("linked", records.c.link_id.is_not(None)),
        ("dirty", records.c.dirty),
        ("unmatched", records.c.unmatched),
    )
}
_OPEN_LINKS = select(func.count()).select_from(links).where(links.c.closed_at.is_(None))


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordCounts:
    """How many Records of one System stand how."""

    present: int = 0
    linked: int = 0
    #: Linked, present, and waiting for a decision.
    dirty: int = 0
    #: Present, and not looked at by matching since they changed.
    unmatched: int = 0
    deleted: int = 0
    merged: int = 0
    invisible: int = 0


class Accounts:
    """Records and Links in the ledger.

    Iterators that are given back read in chunks: between two of them nothing is locked. Iterables that are given are
    read to their end before the transaction begins, so that what they wait for holds up nobody.
    """

    def __init__(self, store: Store) -> None:
        self._store = store

    # -- records -----------------------------------------------------------------------------------------

    def records(self, system: SystemName, ids: Iterable[str]) -> dict[str, Record]:
        """Known Records among these native ids, in any state, by id."""
        ready = list(ids)
        with self._store.reading() as connection:
            return load_records(connection, system, ready)

    def by_key(self, keys: Iterable[RecordKey]) -> dict[RecordKey, Record]:
        """Known Records of several Systems, in any state."""
        return {
            record.key: record
            for system, ids in ids_by_system(keys).items()
            for record in self.records(system, ids).values()
        }

    def record(self, system: SystemName, id: str) -> Record | None:
        return self.records(system, [id]).get(id)

    def survivors(self, system: SystemName, ids: Iterable[str]) -> dict[str, str]:
        """Of these native ids those that were merged away, each with the id that stands for it now."""
        ready = list(ids)
        with self._store.reading() as connection:
            return accounts_links.survivors(connection, system, ready)

    def versions(self, system: SystemName, ids: Iterable[str]) -> dict[str, datetime]:
        """Stamps of the versions that are known of present Records, by native id."""
        versions: dict[str, datetime] = {}
        ready = list(ids)
        with self._store.reading() as connection:
            for chunk in chunks(ready):
                known = connection.execute(_VERSIONS, {"system": system, "ids": chunk})
                versions.update((row.id, row.stamp) for row in known)
        return versions

    def with_domain(self, system: SystemName, domains: Iterable[str]) -> set[tuple[str, NativeId]]:
        """Present Records of this System that have one of these domains, each as (domain, native id)."""
        present: set[tuple[str, NativeId]] = set()
        ready = sorted(set(domains))
        with self._store.reading() as connection:
            for chunk in chunks(ready):
                query = select(records.c.domain, records.c.id).where(
                    records.c.system == system,
                    records.c.domain.in_(chunk),
                    records.c.state == RecordState.PRESENT.value,
                )
                present.update((row.domain, row.id) for row in connection.execute(query))
        return present

    def put(self, given: Iterable[Record], *, events: Iterable[Event] = ()) -> int:
        """Store Records whole, as given, and what happened to them; returns how many Records.

        What waits for a decision (``dirty``) and what matching must look at (``unmatched``) is worked out here.
        """
        ready, happened = list(given), list(events)
        with self._store.writing() as connection:
            append(connection, happened, self._store.clock())
            return put_records(connection, ready, self._store.clock())

    def touch(self, system: SystemName, ids: Iterable[str]) -> None:
        """These Records were seen just now, unchanged."""
        now, ready = self._store.clock(), list(ids)
        with self._store.writing() as connection:
            for chunk in chunks(ready):
                connection.execute(
                    update(records)
                    .where(records.c.system == system, records.c.id.in_(chunk))
                    .values(seen_at=now)
                )

    def unseen(self, system: SystemName, since: datetime) -> Iterator[list[str]]:
        """Native ids, in chunks, of present Records that were last seen before ``since``."""
        last = ""
        while True:
            with self._store.reading() as connection:
                ids = list(
                    connection.scalars(
                        _UNSEEN, {"system": system, "since": since, "last": last, "most": CHUNK}
                    )
                )
            if not ids:
                return
            yield ids
            last = ids[-1]

    # -- accounts ----------------------------------------------------------------------------------------

    def dirty(self) -> Iterator[Account]:
        """Open Links that wait for a decision or were woken, by id, each with all its present Records."""
        return self._walk(_DIRTY)

    def all_linked(self) -> Iterator[Account]:
        """Every open Link, by id, each with all its present Records."""
        return self._walk(_ALL_LINKED)

    def latest(self, most: int) -> list[Account]:
        """Open Links whose Records changed last in their Systems, the newest first."""
        query = (
            select(records.c.link_id)
            .where(records.c.link_id.is_not(None), records.c.state == RecordState.PRESENT.value)
            .group_by(records.c.link_id)
            .order_by(func.max(records.c.stamp).desc(), records.c.link_id)
            .limit(most)
        )
        with self._store.reading() as connection:
            ids = list(connection.scalars(query))
            latest = {account.link.id: account for account in load_accounts(connection, ids)}
        return [latest[id] for id in ids if id in latest]

    def decision_candidates(self, systems: int) -> Iterator[Account]:
        """Open Links of which a full compare must look at the values, by id, each with all its present Records.

        They are found in SQL: a Record differs from what was settled or does not carry its Link's id, a Link lacks a
        Record in one of this many Systems, or was woken. A million quiet accounts are never brought into memory.
        """
        there = and_(records.c.link_id.is_not(None), records.c.state == RecordState.PRESENT.value)
        differs = or_(
            records.c.current != records.c.observed,
            records.c.unreadable != {},
            records.c.tandem_id.is_distinct_from(records.c.link_id),
        )
        query = union(
            select(records.c.link_id.label("id")).where(there, differs),
            select(records.c.link_id).where(there).group_by(records.c.link_id).having(func.count() < systems),
            select(links.c.id).where(links.c.wake),
        )
        with self._store.reading() as connection:
            ids = list(connection.scalars(query.order_by("id")))
        for chunk in chunks(ids, _LINKS):
            with self._store.reading() as connection:
                open_ids = [
                    id
                    for id, link in accounts_links.load_links(connection, chunk).items()
                    if link.closed_at is None
                ]
                yield from load_accounts(connection, open_ids)

    def touched_everywhere(self, since: datetime) -> Iterator[Account]:
        """Open Links, by id, of which every present Record, two at the least, was modified in its System after
        ``since``."""
        # Without a stamp it may have been touched at any time, and nothing says that it was.
        touched = func.coalesce(records.c.stamp, literal(since, records.c.stamp.type))
        query = (
            select(records.c.link_id)
            .where(records.c.link_id.is_not(None), records.c.state == RecordState.PRESENT.value)
            .group_by(records.c.link_id)
            .having(func.count() > 1, func.min(touched) > since)
            .order_by(records.c.link_id)
        )
        with self._store.reading() as connection:
            ids = list(connection.scalars(query))
        for chunk in chunks(ids, _LINKS):
            with self._store.reading() as connection:
                yield from load_accounts(connection, chunk)

    def _walk(self, after: CompoundSelect[str]) -> Iterator[Account]:
        last = ""
        while True:
            with self._store.reading() as connection:
                ids = list(connection.scalars(after, {"last": last, "most": _LINKS}))
                accounts = load_accounts(connection, ids)
            if not ids:
                return
            yield from accounts
            last = ids[-1]

    def lost(self) -> list[tuple[Link, Record]]:
        """Open Links with a Record that no longer stands in its System, by Link id."""
        with self._store.reading() as connection:
            rows = connection.execute(_LOST)
            return [(link_of(row[: len(LINK)]), record_of(row[len(LINK) :])) for row in rows]

    def linked(self, ids: Iterable[str]) -> dict[LinkId, Account]:
        """Open Links among these ids, each with all its present Records."""
        ready = list(ids)
        with self._store.reading() as connection:
            stored = accounts_links.load_links(connection, ready)
            open_ids = [id for id, link in stored.items() if link.closed_at is None]
            return {account.link.id: account for account in load_accounts(connection, open_ids)}

    def by_link(self, link_id: LinkId) -> Account | None:
        """The Link, open or closed, with its present Records."""
        with self._store.reading() as connection:
            return next(iter(load_accounts(connection, [link_id])), None)

    def links(self, ids: Iterable[str]) -> dict[LinkId, StoredLink]:
        """Links among these ids, closed ones included: whether they were closed before, and why."""
        ready = list(ids)
        with self._store.reading() as connection:
            return accounts_links.load_links(connection, ready)

    def find(self, text: str, limit: int = 50) -> list[Account]:
        """Accounts by Link id, native id (in its short form, too, and within a record page's address), domain,
        website or e-mail, name, or a piece of it.

        The first kind that finds something answers. A Record without a Link is given under the closed Link that it
        belonged to, else as an Account of its own whose Link is not ``stored``.
        """
        with self._store.reading() as connection:
            return search.find(connection, text, limit)

    def natives(self, text: str) -> list[Record]:
        """Records by native id (in its short form, too), in any state; a survivor stands for what was merged into
        it."""
        with self._store.reading() as connection:
            return search.natives(connection, text)

    def unmatched_groups(self) -> Iterator[list[Record]]:
        """What matching must look at: see :func:`sync.ledger.accounts.match_groups.groups`."""
        return match_groups.groups(self._store)

    def present(self) -> Iterator[Record]:
        """Present Records, with or without a Link."""
        return self._present()

    def passed_over(self) -> Iterator[Record]:
        """Present Records without a Link that matching has looked at, and will not look at again by itself."""
        return self._present(records.c.link_id.is_(None), records.c.unmatched.is_(False))

    def incomplete(self) -> Iterator[Record]:
        """Present Records without a Link, and those whose account is lacking in a System that others stand in.

        They come with what they are matched by, and with their values; what was settled of them is left out.
        """
        everywhere = select(func.count(records.c.system.distinct())).scalar_subquery()
        lacking = (
            select(records.c.link_id)
            .where(_STANDS, records.c.link_id.is_not(None))
            .group_by(records.c.link_id)
            .having(func.count() < everywhere)
            .order_by(records.c.link_id)
        )
        last = ("", "")
        while True:
            query = _MATCHED_BY.where(
                records.c.link_id.is_(None), tuple_(records.c.id, records.c.system) > last
            ).order_by(records.c.id, records.c.system)
            with self._store.reading() as connection:
                rows = connection.execute(query.limit(10 * CHUNK)).all()
            if not rows:
                break
            yield from map(_as_matched, rows)
            last = (rows[-1].id, rows[-1].system)
        with self._store.reading() as connection:
            links = list(connection.scalars(lacking))
        for chunk in chunks(links):
            with self._store.reading() as connection:
                rows = connection.execute(_MATCHED_BY.where(records.c.link_id.in_(chunk))).all()
            yield from map(_as_matched, rows)

    def systems_of(self, ids: Iterable[LinkId]) -> dict[LinkId, set[SystemName]]:
        """In which Systems the accounts of these Links stand, be it out of sight."""
        systems: dict[LinkId, set[SystemName]] = {}
        ready = sorted(set(ids))
        with self._store.reading() as connection:
            for chunk in chunks(ready):
                query = select(records.c.link_id, records.c.system).where(
                    records.c.link_id.in_(chunk), _STANDS
                )
                for row in connection.execute(query):
                    systems.setdefault(row.link_id, set()).add(row.system)
        return systems

    def has_unmatched(self) -> bool:
        """Is there a Record that matching has not looked at since it changed?"""
        with self._store.reading() as connection:
            return connection.execute(_ANY_UNMATCHED).first() is not None

    def _present(self, *conditions: ColumnElement[bool]) -> Iterator[Record]:
        last = ("", "")
        while True:
            with self._store.reading() as connection:
                rows = connection.execute(
                    select(*RECORD)
                    .where(
                        records.c.state == RecordState.PRESENT.value,
                        *conditions,
                        tuple_(records.c.id, records.c.system) > last,
                    )
                    .order_by(records.c.id, records.c.system)
                    .limit(10 * CHUNK)
                ).all()
            if not rows:
                return
            yield from (record_of(row) for row in rows)
            last = (rows[-1].id, rows[-1].system)

    def unmatch(self, keys: Iterable[RecordKey]) -> None:
        """Have matching look at these Records, given as (System, native id), once more."""
        ready = list(keys)
        with self._store.writing() as connection:
            for system, id in ready:
                connection.execute(
                    update(records)
                    .where(records.c.system == system, records.c.id == id)
                    .values(unmatched=records.c.state == RecordState.PRESENT.value)
                )

    def with_news(self, keys: Iterable[RecordKey]) -> set[RecordKey]:
        """Of these Records, given as (System, native id), those that matching has not looked at since they changed,
        and those that are deleted or merged away."""
        news: set[RecordKey] = set()
        ready = sorted(set(keys))
        with self._store.reading() as connection:
            for chunk in chunks(ready):
                known = connection.execute(_WITH_NEWS, {"ids": sorted({id for _, id in chunk})})
                news.update(RecordKey(row.system, row.id) for row in known)
        return news & set(ready)

    def matched(self, keys: Iterable[RecordKey]) -> set[LinkId]:
        """Matching has looked at these Records, given as (System, native id). Their websites may be others now:
        answers with the Links that got a score by it."""
        ready = list(keys)
        with self._store.writing() as connection, following(connection, records=ready) as scored:
            accounts_links.mark_matched(connection, ready)
        return scored

    # -- links -------------------------------------------------------------------------------------------

    def link(
        self, given: Iterable[tuple[Link, Sequence[RecordKey]]], *, events: Iterable[Event] = ()
    ) -> set[LinkId]:
        """Open Links, each over its Records given as (System, native id), and tell of it, in one transaction. Answers
        with the Links that got a score by it.

        A Link that is open stays as it is, and the Records join it; one that was closed is opened again as given. A
        Record that belongs to another Link, or a second Record of one System, is refused: a Record leaves a Link by
        ``detach``, ``close`` or ``move`` only.
        """
        ready, happened = list(given), list(events)
        link_ids = [link.id for link, _ in ready]
        with self._store.writing() as connection, following(connection, links=link_ids) as scored:
            accounts_links.open_links(connection, ready, self._store.clock())
            append(connection, happened, self._store.clock())
        return scored

    def close(self, link_id: LinkId, reason: str, *, events: Iterable[Event] = ()) -> set[LinkId]:
        """End a Link, and with it its Conflicts and what is held of it, and tell of it. Its Records stay, without it;
        what was settled there is kept should they meet again (``left``). Matching leaves them alone until they change.
        Answers with the Links to which its scores have gone."""
        with self._store.writing() as connection, following(connection, links=[link_id]) as scored:
            accounts_links.close(connection, link_id, reason, self._store.clock())
            append(connection, events, self._store.clock())
        return scored

    def left(self, keys: Iterable[RecordKey]) -> dict[RecordKey, Parting]:
        """What was known of these Records, given as (System, native id), within the Link that they left, of those that
        belong to none since."""
        ready = list(keys)
        with self._store.reading() as connection:
            return left_records.load(connection, ready)

    def forget_fields(self, system: SystemName, names: Collection[str]) -> None:
        """Of Records that left their Links nothing is known to have been settled in these fields of this System."""
        with self._store.writing() as connection:
            left_records.forget_fields(connection, system, names)

    def detach(self, system: SystemName, id: str) -> str | None:
        """Take one Record out of its Link, which stays open; returns the Link's id."""
        with (
            self._store.writing() as connection,
            following(connection, records=[RecordKey(system, NativeId(id))]),
        ):
            return accounts_links.detach(connection, system, id)

    def move(self, system: SystemName, old_id: str, new_id: NativeId) -> MovedLink:
        """A Record was merged into another: the Link follows to the survivor."""
        both = [RecordKey(system, NativeId(old_id)), RecordKey(system, new_id)]
        with self._store.writing() as connection, following(connection, records=both):
            return accounts_links.move(connection, system, old_id, new_id, self._store.clock())

    def settle(self, updates: Iterable[Settlement], *, events: Iterable[Event] = ()) -> None:
        """Bring Bases and Observed up to date, and tell what was decided with it, in one transaction."""
        ready, happened = list(updates), list(events)
        with self._store.writing() as connection:
            rows.settle(connection, ready)
            append(connection, happened, self._store.clock())

    def mark_for_decision(self, link_ids: Iterable[str]) -> None:
        """Have ``dirty`` give these open Links, although no Record of theirs changed."""
        ready = list(link_ids)
        with self._store.writing() as connection:
            accounts_links.mark_for_decision(connection, ready)

    def rest(self, link_ids: Iterable[str]) -> None:
        """These Links were looked at and dealt with: nothing but an unsettled Record brings them back.

        Call it last: a Link that is put to rest before its writes were intended is forgotten by a crash.
        """
        ready = list(link_ids)
        with self._store.writing() as connection:
            accounts_links.rest(connection, ready)

    # -- figures -----------------------------------------------------------------------------------------

    def marked_elsewhere(self, link_ids: Iterable[str]) -> dict[LinkSide, str]:
        """Records outside of these Links that carry the id of one all the same: (Link, System) -> native id."""
        ready = list(link_ids)
        with self._store.reading() as connection:
            return accounts_links.marked_elsewhere(connection, ready)

    def rename(self, given: Iterable[Link]) -> set[LinkId]:
        """People call these accounts otherwise now, or know them by another domain. Answers with the Links that got a
        score by it."""
        ready = list(given)
        with (
            self._store.writing() as connection,
            following(connection, links=[link.id for link in ready]) as scored,
        ):
            accounts_links.rename(connection, ready)
        return scored

    def counts(self) -> dict[str, RecordCounts]:
        """How many Records stand how, by System."""
        tally: dict[str, dict[str, int]] = {}
        with self._store.reading() as connection:
            for system, state, count in connection.execute(_BY_STATE):
                tally.setdefault(system, {})[state] = count
            for name, query in _BY_CONDITION.items():
                for system, count in connection.execute(query):
                    tally[system][name] = count
        return {system: RecordCounts(**tally[system]) for system in sorted(tally)}

    def open_links(self) -> int:
        """How many Links are open."""
        with self._store.reading() as connection:
            return connection.scalars(_OPEN_LINKS).one()


def _as_matched(row: Row[Any]) -> Record:
    values = dict(row._mapping)  # noqa: SLF001  (SQLAlchemy's documented name)
    return Record(**values | {"more_domains": tuple(row.more_domains)})
