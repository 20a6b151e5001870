"""Accounts by what a person types."""

from __future__ import annotations

from sqlalchemy import ColumnElement, Connection, func, or_, select

from sync.ledger.rows import RECORD, load_accounts, record_of
from sync.ledger.tables import links, records
from sync.records import Account, Link, Record, link_id

#: A Salesforce id without its last three characters, which only repeat its upper and lower case.
_SHORT_ID = 15


def find(connection: Connection, text: str, limit: int) -> list[Account]:
    """See ``Accounts.find``."""
    wanted = text.strip()
    if not wanted:
        return []
    exact = load_accounts(connection, [wanted])
    if exact:
        return exact
    whole = _accounts(connection, records.c.id == wanted, limit)
    if not whole and len(wanted) == _SHORT_ID and wanted.isalnum():
        whole = _accounts(
            connection,
            (records.c.id > wanted)
            & (records.c.id < wanted + "~")
            & (func.length(records.c.id) == _SHORT_ID + 3),
            limit,
        )
    if whole:
        return whole
    domain = wanted.lower()
    by_domain = _accounts(
        connection,
        or_(
            records.c.domain == domain,
            records.c.link_id.in_(select(links.c.id).where(links.c.domain == domain)),
        ),
        limit,
    )
    if by_domain:
        return by_domain
    return _accounts(
        connection,
        or_(
            records.c.name.icontains(wanted, autoescape=True),
            records.c.link_id.in_(select(links.c.id).where(links.c.label.icontains(wanted, autoescape=True))),
        ),
        limit,
    )


def _accounts(connection: Connection, condition: ColumnElement[bool], limit: int) -> list[Account]:
    """The Accounts of the Records that fit, Links first; a survivor stands for what was merged into it."""
    rows = connection.execute(
        select(*RECORD, records.c.merged_into)
        .where(condition)
        .order_by(records.c.link_id.is_(None), records.c.link_id, records.c.id, records.c.system)
        .limit(limit)
    ).all()
    survivors = {(row.system, row.merged_into) for row in rows if row.merged_into is not None}
    found = {(row.system, row.id): record_of(row) for row in rows if row.merged_into is None}
    for system, id in survivors:
        query = select(*RECORD).where(records.c.system == system, records.c.id == id)
        found.update(((row.system, row.id), record_of(row)) for row in connection.execute(query))
    linked = load_accounts(connection, [record.link_id for record in found.values() if record.link_id])
    return linked + [_alone(record) for record in found.values() if record.link_id is None]


def _alone(record: Record) -> Account:
    label = record.name or record.domain or record.id
    link = Link(
        id=link_id(record.system, record.id), label=label, domain=record.domain, evidence="not linked"
    )
    return Account(link=link, records={record.system: record})
