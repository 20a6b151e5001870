"""A ledger that forgets what it knows of the CRMs' records, and keeps what no CRM could tell it again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import delete, select, tuple_, update

from sync.ledger.accounts.rows import RECORD, record_of
from sync.ledger.database.tables import cursors, further_domains, links, records
from sync.ledger.database.transactions import CHUNK, Store
from sync.ledger.lease import free_all
from sync.model.records import Covered, LinkId, RecordKey, RecordState, Value


@dataclass(frozen=True, slots=True, kw_only=True)
class Before:
    """What a ledger knew of one Record."""

    link_id: LinkId | None
    observed: Mapping[str, Value]
    #: Values of ours that other Systems have not taken over yet.
    echo: Mapping[str, Value]
    #: Edits that our writes covered, and that are not decided yet.
    covered: Mapping[str, Covered]


def memory(store: Store) -> dict[RecordKey, Before]:
    """Which Link each Record belonged to, and what was settled there, by (System, native id)."""
    found: dict[RecordKey, Before] = {}
    last = ("", "")
    while True:
        with store.reading() as connection:
            rows = connection.execute(
                select(*RECORD)
                .where(tuple_(records.c.id, records.c.system) > last, records.c.link_id.is_not(None))
                .order_by(records.c.id, records.c.system)
                .limit(10 * CHUNK)
            ).all()
        if not rows:
            return found
        for row in rows:
            record = record_of(row)
            found[record.key] = Before(
                link_id=record.link_id,
                observed=record.observed,
                echo=record.echo,
                covered=record.covered,
            )
        last = (rows[-1].id, rows[-1].system)


def forget_records(store: Store, objects: Mapping[str, str]) -> None:
    """Forget every Record, and how far accounts (System -> object) were read. Links, Bases, Conflicts, what is held,
    writes, events, Runs, scores, Outcomes and what people said about matches stay."""
    with store.writing() as connection:
        connection.execute(delete(records))
        connection.execute(delete(further_domains))
        free_all(connection)
        connection.execute(update(links).where(links.c.closed_at.is_(None)).values(wake=True))
        for system, object in objects.items():
            connection.execute(delete(cursors).where(cursors.c.system == system, cursors.c.object == object))


def marks(store: Store) -> dict[RecordKey, tuple[LinkId | None, LinkId | None]]:
    """Of every present Record, by (System, native id): the Link that it carries in its external id, and its own."""
    with store.reading() as connection:
        rows = connection.execute(
            select(records.c.system, records.c.id, records.c.tandem_id, records.c.link_id).where(
                records.c.state == RecordState.PRESENT.value
            )
        )
        return {RecordKey(row.system, row.id): (row.tandem_id, row.link_id) for row in rows}


def empty_links(store: Store) -> list[LinkId]:
    """Open Links without a Record."""
    with store.reading() as connection:
        return list(
            connection.scalars(
                select(links.c.id)
                .where(
                    links.c.closed_at.is_(None),
                    ~select(records.c.id).where(records.c.link_id == links.c.id).exists(),
                )
                .order_by(links.c.id)
            )
        )
