"""What the ledger knows of each System: which org or portal it is, its users, and how far it was read."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import BindParameter, bindparam, delete, insert, select
from sqlalchemy.engine import Row

from connector.base import Identity, User
from sync.ledger.database.tables import METADATA, cursors, systems, users, users_read
from sync.ledger.database.transactions import Store, chunks, upsert
from sync.model.records import SystemName

_SYSTEM = select(systems).where(systems.c.name == bindparam("name"))
#: They tell the past, in which a System may have gone.
_JOURNAL = frozenset({"events", "writes"})
_OF_SYSTEM: BindParameter[Any] = bindparam("system")
_USERS = select(users).where(users.c.system == _OF_SYSTEM).order_by(users.c.id)
_FORGET_USERS = delete(users).where(users.c.system == _OF_SYSTEM)
_USERS_READ_AT = select(users_read.c.at).where(users_read.c.system == _OF_SYSTEM)
_CURSORS = select(cursors).order_by(cursors.c.system, cursors.c.object)


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownSystem:
    """A System as it was at first sight."""

    name: str
    kind: str
    #: Org or portal id.
    identity: str
    identity_name: str
    first_seen_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Cursor:
    """How far one object of one System has been read."""

    #: Opaque; only the Connector that made it can read it.
    position: str | None
    read_at: datetime
    #: When everything was last compared.
    full_at: datetime | None = None


class Systems:
    """Which org or portal stands behind each System's name."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def bind(self, name: str, kind: str, identity: Identity) -> KnownSystem:
        """Remember a System at first sight; later, what was remembered then, whatever ``identity`` says now.

        The caller compares: another org behind a known name must never be written to.
        """
        first = {
            "name": name,
            "kind": kind,
            "identity": identity.id,
            "identity_name": identity.name,
            "first_seen_at": self._store.clock(),
        }
        with self._store.writing() as connection:
            row = connection.execute(_SYSTEM, {"name": name}).one_or_none()
            if row is None:
                connection.execute(insert(systems), first)
                row = connection.execute(_SYSTEM, {"name": name}).one()
            return KnownSystem(**row._mapping)  # noqa: SLF001  (SQLAlchemy's documented name)

    def known(self) -> dict[str, KnownSystem]:
        with self._store.reading() as connection:
            rows = connection.execute(select(systems).order_by(systems.c.name))
            return {row.name: KnownSystem(**row._mapping) for row in rows}  # noqa: SLF001

    def mentioned(self) -> set[str]:
        """Every name of a System under which something is kept, known or not; what was done to one in the past does
        not count."""
        with self._store.reading() as connection:
            kept = [
                table
                for table in METADATA.sorted_tables
                if "system" in table.c and table.name not in _JOURNAL
            ]
            return {
                name
                for table in (systems, *kept)
                for name in connection.scalars(
                    select(table.c.name if table is systems else table.c.system).distinct()
                )
            }


class Users:
    """Who can own Records in each System."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def replace(self, system: SystemName, given: Iterable[User]) -> None:
        """These are all the users of the System, as read just now."""
        rows = [
            {
                "system": system,
                "id": user.id,
                "email": user.email,
                "name": user.name,
                "active": user.active,
                "writes_as": user.writes_as,
            }
            for user in given
        ]
        with self._store.writing() as connection:
            connection.execute(_FORGET_USERS, {"system": system})
            for chunk in chunks(rows):
                connection.execute(insert(users), chunk)
            upsert(connection, users_read, [{"system": system, "at": self._store.clock()}])

    def all(self, system: SystemName) -> list[User]:
        """By native id; inactive ones included."""
        with self._store.reading() as connection:
            rows = connection.execute(_USERS, {"system": system})
            return [
                User(id=row.id, email=row.email, name=row.name, active=row.active, writes_as=row.writes_as)
                for row in rows
            ]

    def doubt(self, system: SystemName) -> None:
        """Who they are is no longer sure: the next Run reads them again."""
        with self._store.writing() as connection:
            connection.execute(delete(users_read).where(users_read.c.system == system))

    def read_at(self, system: SystemName) -> datetime | None:
        """When the users were last read; None before the first time."""
        with self._store.reading() as connection:
            return connection.scalars(_USERS_READ_AT, {"system": system}).one_or_none()


class Cursors:
    """How far each object of each System has been read."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def get(self, system: SystemName, object: str) -> Cursor | None:
        return self.all().get((system, object))

    def all(self) -> dict[tuple[str, str], Cursor]:
        """By (System, object)."""
        with self._store.reading() as connection:
            rows = connection.execute(_CURSORS)
            return {(row.system, row.object): _cursor_of(row) for row in rows}

    def set(self, system: SystemName, object: str, position: str | None, *, full: bool = False) -> None:
        """Everything up to ``position`` has been read and stored; ``full``: and compared with everything there is."""
        now = self._store.clock()
        row = _cursor_row(system, object, position, now, now if full else None)
        with self._store.writing() as connection:
            upsert(connection, cursors, [row], keep=() if full else ("full_at",))

    def forget(self, system: SystemName, object: str) -> None:
        """The next read begins anew."""
        with self._store.writing() as connection:
            connection.execute(delete(cursors).where(cursors.c.system == system, cursors.c.object == object))


def _cursor_row(
    system: SystemName, object: str, position: str | None, read_at: datetime, full_at: datetime | None
) -> dict[str, str | datetime | None]:
    return {"system": system, "object": object, "position": position, "read_at": read_at, "full_at": full_at}


def _cursor_of(row: Row[tuple[str, str, str | None, datetime, datetime | None]]) -> Cursor:
    return Cursor(position=row.position, read_at=row.read_at, full_at=row.full_at)
