"""How Records come to a Link, leave it, and follow a merge; inside a transaction that the caller opened."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection, Update, and_, bindparam, delete, or_, select, update

from sync.errors import LedgerError
from sync.ledger.accounts import left_records
from sync.ledger.accounts.rows import LINK, link_of, load_records, put_records, unsettled, waits
from sync.ledger.database.tables import conflicts, held, links, records
from sync.ledger.database.transactions import chunks, upsert
from sync.model.inbox import MovedLink, StoredLink
from sync.model.records import (
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
from sync.model.reunion import reunited

_LINKS = select(*LINK, links.c.opened_at, links.c.closed_at, links.c.close_reason).where(
    links.c.id.in_(bindparam("ids", expanding=True))
)


def load_links(connection: Connection, ids: Iterable[str]) -> dict[LinkId, StoredLink]:
    """Links that are known among these ids, open or closed."""
    stored: dict[LinkId, StoredLink] = {}
    for chunk in chunks(ids):
        for row in connection.execute(_LINKS, {"ids": chunk}):
            stored[row.id] = StoredLink(
                link=link_of(row),
                opened_at=row.opened_at,
                closed_at=row.closed_at,
                close_reason=row.close_reason,
            )
    return stored


def open_links(
    connection: Connection, given: Iterable[tuple[Link, Sequence[RecordKey]]], now: datetime
) -> None:
    """See ``Accounts.link``."""
    for chunk in chunks(given):
        stored = load_links(connection, (link.id for link, _ in chunk))
        open_ids = {id for id, known in stored.items() if known.closed_at is None}
        again = _reunite(connection, chunk, {id: stored[id].link for id in open_ids})
        upsert(
            connection,
            links,
            [
                {
                    "id": link.id,
                    "label": link.label,
                    "domain": link.domain,
                    "evidence": link.evidence,
                    "base": again[link.id].base if link.id in again else link.base,
                    "wake": True,
                    "opened_at": now,
                    "closed_at": None,
                    "close_reason": None,
                }
                for link, _ in chunk
                if link.id not in open_ids
            ],
        )
        mark_for_decision(connection, open_ids)
        members = {key: link.id for link, keys in chunk for key in keys}
        if len(members) != sum(len(keys) for _, keys in chunk):
            raise LedgerError("one record was given to two Links at once")
        _join(connection, members, open_ids)
        left_records.forget(connection, members)


def _reunite(
    connection: Connection,
    given: Sequence[tuple[Link, Sequence[RecordKey]]],
    open_links: Mapping[LinkId, Link],
) -> dict[LinkId, Link]:
    """Give Records that were one account before what was settled there; the Links that have a Base again by it."""
    left = left_records.load(connection, [key for _, keys in given for key in keys])
    if not left:
        return {}
    reunited_links: dict[LinkId, Link] = {}
    known = {
        record.key: record
        for system, ids in ids_by_system(left).items()
        for record in load_records(connection, system, ids).values()
        # One that is there already has gone on.
        if record.link_id is None
    }
    recalled: list[Record] = []
    for link, keys in given:
        members = [known[key] for key in keys if key in known]
        if members:
            there = open_links.get(link.id, replace(link, stored=False))
            reunited_links[link.id], joined = reunited(there, members, left)
            recalled.extend(joined)
    left_records.recall(connection, recalled)
    return reunited_links


def _join(connection: Connection, members: dict[RecordKey, LinkId], open_ids: set[LinkId]) -> None:
    for system, ids in ids_by_system(members).items():
        known = _links_of(connection, system, ids)
        for id in ids:
            link_id = members[RecordKey(system, id)]
            if id not in known:
                raise LedgerError(f"{system} record {id} is not known to the ledger and cannot be linked")
            if known[id] not in (None, link_id):
                raise LedgerError(f"{system} record {id} belongs to Link {known[id]} already")
    for chunk in chunks(members.items()):
        joining = [{"_system": system, "_id": id, "_link_id": link_id} for (system, id), link_id in chunk]
        to_open = [given for given in joining if given["_link_id"] in open_ids]
        if to_open:
            # What was deleted gives its place to the record under which the account stands there now.
            for given in to_open:
                gives_way = and_(
                    records.c.link_id == given["_link_id"],
                    records.c.system == given["_system"],
                    records.c.id != given["_id"],
                    records.c.state == RecordState.DELETED.value,
                )
                left_records.keep(connection, gives_way)
                connection.execute(_released().where(gives_way))
        connection.execute(
            update(records)
            .where(records.c.system == bindparam("_system"), records.c.id == bindparam("_id"))
            .values(link_id=bindparam("_link_id"), dirty=unsettled(), unmatched=False),
            joining,
        )


def marked_elsewhere(connection: Connection, link_ids: Iterable[str]) -> dict[LinkSide, str]:
    """See ``Accounts.marked_elsewhere``."""
    marked: dict[LinkSide, str] = {}
    for chunk in chunks(link_ids):
        query = select(records.c.tandem_id, records.c.system, records.c.id).where(
            records.c.tandem_id.in_(chunk),
            records.c.link_id.is_distinct_from(records.c.tandem_id),
            records.c.state.in_([RecordState.PRESENT.value, RecordState.INVISIBLE.value]),
        )
        marked.update((LinkSide(row.tandem_id, row.system), row.id) for row in connection.execute(query))
    return marked


def rename(connection: Connection, given: Iterable[Link]) -> None:
    """See ``Accounts.rename``."""
    for link in given:
        connection.execute(
            update(links).where(links.c.id == link.id).values(label=link.label, domain=link.domain)
        )


def survivors(connection: Connection, system: SystemName, ids: Iterable[str]) -> dict[str, str]:
    """See ``Accounts.survivors``."""
    survivors_of: dict[str, str] = {}
    for chunk in chunks(ids):
        query = select(records.c.id, records.c.merged_into).where(
            records.c.system == system, records.c.id.in_(chunk), records.c.merged_into.is_not(None)
        )
        survivors_of.update((row.id, row.merged_into) for row in connection.execute(query))
    return survivors_of


def _links_of(connection: Connection, system: SystemName, ids: Iterable[str]) -> dict[str, str | None]:
    """The Link of each of these Records that the ledger knows."""
    links_of: dict[str, str | None] = {}
    for chunk in chunks(ids):
        query = select(records.c.id, records.c.link_id).where(
            records.c.system == system, records.c.id.in_(chunk)
        )
        links_of.update((row.id, row.link_id) for row in connection.execute(query))
    return links_of


def mark_matched(connection: Connection, keys: Iterable[RecordKey]) -> None:
    """Matching has looked at these Records, given as (System, native id)."""
    for system, ids in ids_by_system(keys).items():
        for chunk in chunks(ids):
            connection.execute(
                update(records)
                .where(records.c.system == system, records.c.id.in_(chunk), records.c.unmatched)
                .values(unmatched=False)
            )


def _released() -> Update:
    # Observed is what was settled within a Link: outside of one it means nothing. ``left_records`` keeps it, should
    # these Records meet again. An edit that we wrote over is a person's all the same.
    return update(records).values(link_id=None, observed={}, echo={}, dirty=False)


def close(connection: Connection, link_id: LinkId, reason: str, now: datetime) -> None:
    """See ``Accounts.close``."""
    left_records.keep(connection, records.c.link_id == link_id)
    connection.execute(_released().values(unmatched=False).where(records.c.link_id == link_id))
    connection.execute(
        update(links)
        .where(links.c.id == link_id, links.c.closed_at.is_(None))
        .values(closed_at=now, close_reason=reason, wake=False)
    )
    # What was asked or held about it concerns nobody any more.
    connection.execute(
        update(conflicts)
        .where(conflicts.c.link_id == link_id, conflicts.c.state != "closed")
        .values(state="closed", closed_at=now, close_reason=f"the account is no longer linked: {reason}")
    )
    connection.execute(delete(held).where(held.c.link_id == link_id))


def detach(connection: Connection, system: SystemName, id: str) -> str | None:
    """See ``Accounts.detach``."""
    this = and_(records.c.system == system, records.c.id == id)
    link_id = connection.scalars(select(records.c.link_id).where(this)).one_or_none()
    if link_id is not None:
        left_records.keep(connection, this)
        connection.execute(_released().where(this))
        mark_for_decision(connection, [link_id])
    return link_id


def move(
    connection: Connection, system: SystemName, old_id: str, new_id: NativeId, now: datetime
) -> MovedLink:
    """See ``Accounts.move``."""
    known = load_records(connection, system, [old_id, new_id])
    old, new = known.get(old_id), known.get(new_id)
    if old is None:
        return MovedLink(link_id=None, survivor_link_id=new.link_id if new else None)
    put_records(
        connection,
        [replace(old, state=RecordState.MERGED, link_id=None, observed={}, echo={}, covered={})],
        now,
        seen=False,
    )
    connection.execute(
        update(records)
        .where(
            records.c.system == system,
            or_(records.c.id == old_id, records.c.merged_into == old_id),
        )
        .values(merged_into=new_id)
    )
    left_records.follow(connection, system, old_id, new_id, to_a_link=old.link_id is not None)
    if new is None:
        # Not read yet: until it is, it holds what the Record held that it took in. Without a stamp any read is news.
        survivor = replace(old, id=new_id, stamp=None, not_before=None, echo={})
    elif new.link_id is None:
        survivor = replace(new, link_id=old.link_id, observed=old.observed)
    else:
        survivor = new
    put_records(connection, [survivor], now, seen=False)
    mark_for_decision(connection, [id for id in (old.link_id, survivor.link_id) if id is not None])
    return MovedLink(link_id=old.link_id, survivor_link_id=survivor.link_id)


def mark_for_decision(connection: Connection, link_ids: Iterable[str]) -> None:
    """See ``Accounts.mark_for_decision``."""
    for chunk in chunks(link_ids):
        connection.execute(
            update(links).where(links.c.id.in_(chunk), links.c.closed_at.is_(None)).values(wake=True)
        )


def rest(connection: Connection, link_ids: Iterable[str]) -> None:
    """See ``Accounts.rest``."""
    for chunk in chunks(link_ids):
        connection.execute(update(links).where(links.c.id.in_(chunk), links.c.wake).values(wake=False))
        connection.execute(
            update(records).where(records.c.link_id.in_(chunk), records.c.dirty, ~waits()).values(dirty=False)
        )
