"""Accounts by what a person types or pastes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from sqlalchemy import ColumnElement, Connection, func, or_, select

from sync.ledger.accounts.rows import LINK, RECORD, link_of, load_accounts, record_of
from sync.ledger.database.tables import links, records
from sync.model.records import (
    SHORT_ID,
    Account,
    Link,
    Record,
    RecordState,
    SystemName,
    link_id,
    with_its_case,
)

#: A native id within the address of a record's page.
_ID_IN_ADDRESS = re.compile(r"/([0-9][0-9A-Za-z]{14}(?:[0-9A-Za-z]{3})?|[0-9]{5,})(?=[/?#]|$)")
_GONE = frozenset({RecordState.DELETED, RecordState.MERGED})


def find(connection: Connection, text: str, limit: int) -> list[Account]:
    """See ``Accounts.find``."""
    text_sought = text.strip()
    if not text_sought:
        return []
    exact = load_accounts(connection, [text_sought])
    if exact:
        return exact
    pasted = _ID_IN_ADDRESS.findall(text_sought)
    # A portal's id stands before that of the record.
    for id in [text_sought, *reversed(pasted)]:
        accounts = _by_id(connection, id, limit)
        if accounts:
            return accounts
    if pasted:
        # The address of a page in a CRM is nobody's website.
        return []
    for of_record, of_link in _conditions(text_sought):
        accounts = _accounts(connection, of_record, of_link, limit)
        if accounts:
            return accounts
    return []


def _conditions(text: str) -> Iterator[tuple[ColumnElement[bool], ColumnElement[bool]]]:
    """What fits the text, the best first: a domain, the whole name, a piece of it; of Records and of Links."""
    # The registry of domains is for who looks for one.
    from mappings.identity.domains import registrable_domain  # noqa: PLC0415

    domains = sorted({text.lower(), registrable_domain(text) or text.lower()})
    yield records.c.domain.in_(domains), links.c.domain.in_(domains)
    # SQLite knows the capitals of English alone.
    spellings = sorted({text, text.lower(), text.upper(), text.title()})
    whole = [spelling.lower() for spelling in spellings] + spellings
    yield (
        or_(records.c.name.in_(whole), func.lower(records.c.name).in_(whole)),
        or_(links.c.label.in_(whole), func.lower(links.c.label).in_(whole)),
    )
    yield (
        or_(*(records.c.name.icontains(spelling, autoescape=True) for spelling in spellings)),
        or_(*(links.c.label.icontains(spelling, autoescape=True) for spelling in spellings)),
    )


def _by_id(connection: Connection, id: str, limit: int) -> list[Account]:
    for of_record in _known_by(id):
        accounts = _accounts(connection, of_record, None, limit)
        if accounts:
            return accounts
    return []


def _known_by(id: str) -> Iterator[ColumnElement[bool]]:
    """What a Record may be known by that has this native id, or one that begins with its 15 characters."""
    yield records.c.id.in_(sorted({id, with_its_case(id)}))
    if len(id) == SHORT_ID and id.isalnum():
        yield (records.c.id > id) & (records.c.id < id + "~") & (func.length(records.c.id) == SHORT_ID + 3)


def natives(connection: Connection, id: str) -> list[Record]:
    """Records by native id (in its short form, too), in any state, with or without a Link; for one that
    was merged away the survivor."""
    for of_record in _known_by(id.strip()):
        linked = connection.execute(select(*RECORD).where(of_record, records.c.link_id.is_not(None)))
        natives_of = {(row.system, row.id): record_of(row) for row in linked}
        natives_of.update((record.key, record) for record in _alone(connection, of_record, 50))
        if natives_of:
            return list(natives_of.values())
    return []


def _accounts(
    connection: Connection, of_record: ColumnElement[bool], of_link: ColumnElement[bool] | None, limit: int
) -> list[Account]:
    """The Accounts of what fits: open Links, and Records without one; where nothing of it stands, what once did. A
    survivor stands for what was merged into it."""
    linked = set(
        connection.scalars(
            select(records.c.link_id)
            .where(of_record, records.c.link_id.is_not(None))
            .distinct()
            .order_by(records.c.link_id)
            .limit(limit)
        )
    )
    closed: list[str] = []
    if of_link is not None:
        fitting = select(links.c.id).where(of_link).order_by(links.c.id).limit(limit)
        linked.update(connection.scalars(fitting.where(links.c.closed_at.is_(None))))
        closed.extend(connection.scalars(fitting.where(links.c.closed_at.is_not(None))))
    alone = _alone(connection, of_record, limit)
    linked.update(record.link_id for record in alone if record.link_id is not None)
    unlinked = [record for record in alone if record.link_id is None and record.state not in _GONE]
    accounts = load_accounts(connection, sorted(linked)[:limit]) + _apart(connection, unlinked, ())
    if not accounts:
        accounts = _apart(connection, alone, closed)
    return accounts[:limit]


def _alone(connection: Connection, of_record: ColumnElement[bool], limit: int) -> list[Record]:
    """What fits and has no Link of its own; for a Record that was merged away the survivor, whatever it has."""
    rows = connection.execute(
        select(*RECORD, records.c.merged_into)
        .where(of_record, records.c.link_id.is_(None))
        .order_by(records.c.id, records.c.system)
        .limit(limit)
    ).all()
    by_key = {(row.system, row.id): record_of(row) for row in rows if row.merged_into is None}
    for system, id in sorted({(row.system, row.merged_into) for row in rows if row.merged_into is not None}):
        query = select(*RECORD).where(records.c.system == system, records.c.id == id)
        by_key.update(((row.system, row.id), record_of(row)) for row in connection.execute(query))
    return list(by_key.values())


def _apart(connection: Connection, given: Sequence[Record], closed: Iterable[str]) -> list[Account]:
    """Records without a Link, under the closed Link that they belonged to before, or each by itself; and closed Links,
    given by their ids."""
    former = {record.tandem_id for record in given if record.tandem_id is not None}
    rows = connection.execute(
        select(*LINK)
        .where(links.c.id.in_(sorted({*former, *closed})), links.c.closed_at.is_not(None))
        .order_by(links.c.id)
    )
    known = {row.id: link_of(row) for row in rows}
    members: dict[str, dict[SystemName, Record]] = {id: {} for id in known}
    single: list[Account] = []
    for record in given:
        of_former = members.get(record.tandem_id or "")
        if of_former is None or record.system in of_former:
            single.append(_by_itself(record))
        else:
            of_former[record.system] = record
    return [Account(link=known[id], records=members[id]) for id in known] + single


def _by_itself(record: Record) -> Account:
    label = record.name or record.domain or record.id
    link = Link(
        id=link_id(record.system, record.id), label=label, domain=record.domain, evidence="not linked"
    )
    return Account(link=link, records={record.system: record})
