"""A ledger on PostgreSQL: reached, made, brought up to date with a backup, refused where it is not fit."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import URL, Connection, MetaData, inspect, text

from sync.errors import LedgerError, LedgerMissing
from sync.ledger.database.connections import memory_engine, server_engine
from sync.ledger.database.transactions import WRITES, Clock, Store
from sync.ledger.lease import RUN, refuse_if_held
from sync.ledger.lifecycle import file, migrate
from sync.ledger.lifecycle.copy import to_file
from sync.ledger.process import Machine

#: The driver, as SQLAlchemy names it; ``postgresql://`` alone means it too.
DRIVER = "psycopg"


def open_server(
    url: URL, clock: Clock, *, read_only: bool, beside: Path, machine: Machine | None = None
) -> Store:
    """See ``Ledger.open``. An older ledger is kept in a file in the folder ``beside`` before it is changed."""
    store = connect(url, clock, read_only=read_only, machine=machine)
    try:
        with store.reading() as connection:
            check_encoding(connection)
            found = migrate.revision(connection)
        if found != migrate.revisions()[-1]:
            if read_only:
                raise _not_for_readers(url, found)
            _bring_up_to_date(store, url, beside)
    except BaseException:
        store.engine.dispose()
        raise
    return store


def connect(url: URL, clock: Clock, *, read_only: bool = False, machine: Machine | None = None) -> Store:
    """The database, whatever is in it. Nothing is asked of it yet."""
    if url.drivername not in ("postgresql", f"postgresql+{DRIVER}"):
        raise LedgerError(
            f"PostgreSQL is not reached through {url.get_driver_name()} here",
            remedy="write `ledger: postgresql+psycopg://USER@HOST/DATABASE`",
        )
    if not url.database:
        raise LedgerError(
            "`ledger:` names no database on the server",
            remedy="write `ledger: postgresql+psycopg://USER@HOST/DATABASE`",
        )
    try:
        engine = server_engine(url.set(drivername=f"postgresql+{DRIVER}"))
    except ModuleNotFoundError as error:
        raise LedgerError(
            f"the driver for PostgreSQL is missing: {error.name}",
            remedy="pip install 'tandem-sync[postgres]'",
        ) from error
    return Store(engine=engine, clock=clock, read_only=read_only, machine=machine or Machine())


def check_encoding(connection: Connection) -> None:
    """Raise LedgerError where the database cannot hold every name that a CRM can."""
    encoding = connection.scalars(text("SHOW server_encoding")).one()
    if encoding != "UTF8":
        name = connection.engine.url.database
        raise LedgerError(
            f"the database {name} keeps text as {encoding}; a ledger needs UTF8",
            remedy="make another one and name it under `ledger:`: createdb --encoding=UTF8 --template=template0 NAME",
        )


def _not_for_readers(url: URL, found: str | None) -> LedgerError:
    if found is None:
        return LedgerMissing(
            f"there is no ledger yet in the database {url.database}",
            remedy="`tandem sync` or `tandem apply` makes it",
        )
    return migrate.too_old_to_read(found)


def _bring_up_to_date(store: Store, url: URL, beside: Path) -> None:
    """Make it, or keep a copy and migrate; all or nothing."""
    with store.writing() as connection:
        # Asked again: from here on nobody else changes it.
        found = migrate.revision(connection)
        if found == migrate.revisions()[-1]:
            return
        if found is not None:
            refuse_if_held(store, connection, RUN)
            keep(connection, beside / f"{url.database}.{found}.bak", replacing=True)
        migrate.upgrade(connection)


def keep(connection: Connection, path: Path, *, replacing: bool = False) -> None:
    """Store what the connection sees in a file: a ledger that ``tandem ledger restore`` puts back."""
    file.check_folder(path)
    with file.made_whole(path, replacing=replacing) as draft:
        to_file(connection, draft)


def forget_tables(connection: Connection) -> None:
    """Drop the tables that a ledger of this version has, and only those."""
    engine = memory_engine()
    with engine.connect().execution_options(**{WRITES: True}) as blank, blank.begin():
        migrate.upgrade(blank, migrate.revision(connection))
        names = inspect(blank).get_table_names()
    engine.dispose()
    found = MetaData()
    found.reflect(connection, only=names)
    found.drop_all(connection)
