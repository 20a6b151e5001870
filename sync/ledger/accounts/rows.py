"""Records and Links as rows: read, written and settled inside a transaction that the caller opened."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Connection,
    and_,
    bindparam,
    or_,
    select,
    text,
    update,
)

from sync.ledger.database.column_types import utc_text
from sync.ledger.database.executemany import execute_many
from sync.ledger.database.tables import further_domains, links, records
from sync.ledger.database.transactions import CHUNK, chunks, upsert
from sync.model.journal import Settlement
from sync.model.records import Account, Covered, Link, Record, RecordState, SystemName, Value

#: Columns of a Record, in the order that ``record_of`` reads.
RECORD = (
    records.c.system,
    records.c.id,
    records.c.link_id,
    records.c.name,
    records.c.domain,
    records.c.tandem_id,
    records.c.current,
    records.c.observed,
    records.c.unreadable,
    records.c.echo,
    records.c.stamp,
    records.c.not_before,
    records.c.modified_by,
    records.c.state,
    records.c.covered,
    records.c.more_domains,
    records.c.sites,
)
_STATES = {state.value: state for state in RecordState}

#: The condition of the index on Records that stand no longer, to the letter, or SQLite would not use it.
GONE = text("records.state <> 'present'")

#: Columns of a Record that settling reads.
_SETTLED = (
    records.c.system,
    records.c.id,
    records.c.link_id,
    records.c.current,
    records.c.observed,
    records.c.unreadable,
    records.c.state,
    records.c.covered,
)

LINK = (links.c.id, links.c.label, links.c.domain, links.c.evidence, links.c.base)

_IDS: BindParameter[Any] = bindparam("ids", expanding=True)
_RECORDS_BY_ID = select(*RECORD).where(records.c.system == bindparam("system"), records.c.id.in_(_IDS))
_MEMBERS = (
    select(*RECORD)
    .where(records.c.link_id.in_(_IDS), records.c.state == RecordState.PRESENT.value)
    .order_by(records.c.link_id, records.c.system)
)
_LINKS = select(*LINK).where(links.c.id.in_(_IDS)).order_by(links.c.id)
_BASES = select(links.c.id, links.c.base).where(links.c.id.in_(_IDS))
_TO_SETTLE = select(*_SETTLED).where(records.c.link_id.in_(_IDS))


def record_of(row: Sequence[Any]) -> Record:
    """A Record out of the columns ``RECORD``, and perhaps more behind them."""
    return Record(
        system=row[0],
        id=row[1],
        link_id=row[2],
        name=row[3],
        domain=row[4],
        tandem_id=row[5],
        current=row[6],
        observed=row[7],
        unreadable=row[8],
        echo=row[9],
        stamp=row[10],
        not_before=row[11],
        modified_by=row[12],
        state=_STATES[row[13]],
        covered={
            name: Covered(
                **{
                    **stored,
                    "at": datetime.fromisoformat(stored["at"]),
                    "copies": tuple(stored.get("copies", ())),
                }
            )
            for name, stored in row[14].items()
        },
        more_domains=tuple(row[15]),
        sites=tuple(row[16]),
    )


def covered_row(covered: Mapping[str, Covered]) -> dict[str, Any]:
    """Covered edits as they stand in their column."""
    return {
        name: {
            "value": each.value,
            "instead_of": each.instead_of,
            "at": utc_text(each.at),
            "by": each.by,
            "copies": list(each.copies),
            "undo": each.undo,
        }
        for name, each in covered.items()
    }


def link_of(row: Sequence[Any]) -> Link:
    """A Link out of the columns ``LINK``, and perhaps more behind them."""
    return Link(id=row[0], label=row[1], domain=row[2], evidence=row[3], base=row[4], stored=True)


def _waits(record: Record) -> bool:
    return record.link_id is not None and record.state is RecordState.PRESENT and not record.settled


def unsettled() -> ColumnElement[bool]:
    """A Record that stands, and of which a Link would have something to decide."""
    differs = or_(
        records.c.current != records.c.observed, records.c.unreadable != {}, records.c.covered != {}
    )
    return and_(records.c.state == RecordState.PRESENT.value, differs)


def waits() -> ColumnElement[bool]:
    """The same as ``_waits``, as a condition on ``records``."""
    return and_(records.c.link_id.is_not(None), unsettled())


def put_records(connection: Connection, given: Iterable[Record], now: datetime, *, seen: bool = True) -> int:
    """Store the Records as given, whole; returns how many.

    ``seen`` is False where they were not just read: the time of their last sight stays.

    A Record whose name, domain, external id or state is not what it was, or that lost its Link, is one that
    matching must look at; one that stands again where it did not is one that the diff must look at.
    """
    keep = ("first_seen_at",) if seen else ("first_seen_at", "seen_at")
    count = 0
    for chunk in chunks(given, 10 * CHUNK):
        rows = [
            {
                "system": record.system,
                "id": record.id,
                "link_id": record.link_id,
                "name": record.name,
                "domain": record.domain,
                "tandem_id": record.tandem_id,
                "current": record.current,
                "observed": record.observed,
                "unreadable": record.unreadable,
                "echo": record.echo,
                "stamp": record.stamp,
                "not_before": record.not_before,
                "modified_by": record.modified_by,
                "state": record.state.value,
                "covered": covered_row(record.covered),
                "more_domains": list(record.more_domains),
                "sites": list(record.sites),
                "seen_at": now,
                "first_seen_at": now,
                "dirty": _waits(record),
                "unmatched": record.state is RecordState.PRESENT,
            }
            for record in chunk
        ]
        upsert(connection, records, rows, keep=keep, change=_noticed)
        _put_further_domains(connection, chunk)
        count += len(rows)
    return count


def _put_further_domains(connection: Connection, given: Sequence[Record]) -> None:
    """Have Records found by all their domains. One that a Record names no longer may stand on: who is found by it and
    does not name it is passed over."""
    new_rows = [
        {"domain": domain, "system": record.system, "id": record.id}
        for record in given
        for domain in record.more_domains
    ]
    if new_rows:
        upsert(connection, further_domains, new_rows)


def _noticed(new: Any) -> dict[str, Any]:
    old = records.c
    stands = new.state == RecordState.PRESENT.value
    returns = and_(stands, old.state != RecordState.PRESENT.value)
    return {
        "dirty": or_(new.dirty, and_(returns, new.link_id.is_not(None))),
        "unmatched": and_(
            stands,
            or_(
                old.unmatched,
                returns,
                old.name.is_distinct_from(new.name),
                old.domain.is_distinct_from(new.domain),
                old.more_domains != new.more_domains,
                old.sites != new.sites,
                # the Link's own id, written there by us, is no news
                and_(
                    old.tandem_id.is_distinct_from(new.tandem_id),
                    new.tandem_id.is_distinct_from(new.link_id),
                ),
                and_(old.link_id.is_not(None), new.link_id.is_(None)),
                # its values may have brought it into scope
                and_(new.link_id.is_(None), old.current.is_distinct_from(new.current)),
            ),
        ),
    }


def load_records(connection: Connection, system: SystemName, ids: Iterable[str]) -> dict[str, Record]:
    """Known Records among the native ids, in any state."""
    loaded: dict[str, Record] = {}
    for chunk in chunks(ids):
        rows = connection.execute(_RECORDS_BY_ID, {"system": system, "ids": chunk})
        loaded.update((row.id, record_of(row)) for row in rows)
    return loaded


def load_accounts(connection: Connection, ids: Sequence[str]) -> list[Account]:
    """The Links that are known, each with its present Records, in the order of ids."""
    accounts: list[Account] = []
    for chunk in chunks(sorted(set(ids))):
        members: dict[str, dict[SystemName, Record]] = {}
        for row in connection.execute(_MEMBERS, {"ids": chunk}):
            members.setdefault(row.link_id, {})[row.system] = record_of(row)
        known = connection.execute(_LINKS, {"ids": chunk})
        accounts += [Account(link=link_of(row), records=members.get(row.id, {})) for row in known]
    return accounts


def settle(connection: Connection, updates: Iterable[Settlement]) -> None:
    """Bring Bases and Observed up to date, and with them what still waits for a decision."""
    for chunk in chunks(updates, CHUNK // 2):
        ids = sorted({update.link_id for update in chunk})
        bases: dict[str, dict[str, Value]] = {
            row.id: row.base for row in connection.execute(_BASES, {"ids": ids})
        }
        stored: dict[tuple[str, str], dict[str, Any]] = {
            (row.link_id, row.system): dict(row._mapping)  # noqa: SLF001  (SQLAlchemy's documented name)
            for row in connection.execute(_TO_SETTLE, {"ids": ids})
        }
        new_bases: dict[str, dict[str, Value]] = {}
        changed: dict[tuple[str, str], dict[str, Any]] = {}
        for item in chunk:
            if item.base and item.link_id in bases:
                bases[item.link_id].update(item.base)
                new_bases[item.link_id] = bases[item.link_id]
            for column, patches in (("observed", item.observed), ("current", item.current)):
                for system, patch in patches.items():
                    row = stored.get((item.link_id, system))
                    if row is not None:
                        row[column] = {**row[column], **patch}
                        gone = item.uncovered.get(system, ())
                        row["covered"] = {
                            name: old for name, old in row["covered"].items() if name not in gone
                        }
                        changed[item.link_id, system] = row
        _write_settled(connection, new_bases, changed.values())


def _write_settled(
    connection: Connection, bases: Mapping[str, Mapping[str, Value]], changed: Iterable[Mapping[str, Any]]
) -> None:
    execute_many(
        connection,
        "settle links",
        lambda: update(links).where(links.c.id == bindparam("_id")).values(base=bindparam("_base")),
        [{"_id": link_id, "_base": base} for link_id, base in bases.items()],
    )
    rows = [
        {
            "_system": row["system"],
            "_id": row["id"],
            "_observed": row["observed"],
            "_current": row["current"],
            "_covered": row["covered"],
            "_dirty": row["state"] == RecordState.PRESENT.value
            and (bool(row["unreadable"] or row["covered"]) or row["current"] != row["observed"]),
        }
        for row in changed
    ]
    execute_many(
        connection,
        "settle records",
        lambda: (
            update(records)
            .where(records.c.id == bindparam("_id"), records.c.system == bindparam("_system"))
            .values(
                observed=bindparam("_observed"),
                current=bindparam("_current"),
                covered=bindparam("_covered"),
                dirty=bindparam("_dirty"),
            )
        ),
        rows,
    )
