"""Putting a backup in the place of a ledger, which is kept."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlalchemy import URL, Connection, func, make_url, select

from sync.errors import LedgerDamaged, LedgerError
from sync.ledger.database.connections import file_engine
from sync.ledger.database.errors import explained
from sync.ledger.database.tables import records, writes
from sync.ledger.database.transactions import Clock, Store
from sync.ledger.lease import RUN, SERVICE, Lease, Leases, free_all, refuse_if_held
from sync.ledger.lifecycle import file as lifecycle_file
from sync.ledger.lifecycle import migrate, server
from sync.ledger.lifecycle.copy import copy_rows
from sync.ledger.lifecycle.file_system import check_local
from sync.ledger.lifecycle.opening import migrate_file
from sync.ledger.lifecycle.restored import keep_restored


def restore(
    url: str,
    backup: Path,
    clock: Clock,
    *,
    older: bool = True,
    by_holder: bool = False,
    beside: Path = Path(),
) -> Path | None:
    """See ``Ledger.restore``."""
    parsed = make_url(url)
    if parsed.get_backend_name() == "postgresql":
        return _restore_on_server(parsed, backup, clock, older=older, by_holder=by_holder, beside=beside)
    if parsed.database in (None, "", ":memory:"):
        raise LedgerError(
            "a ledger in memory is not restored", remedy="name a file under `ledger:`: sqlite:///tandem.db"
        )
    path = Path(str(parsed.database)).expanduser().absolute()
    lifecycle_file.check_folder(path)
    check_local(path)
    _check_given(backup)
    if path.exists() and backup.samefile(path):
        raise LedgerError(
            "the backup is the ledger itself", remedy="name a file that `tandem ledger backup` made"
        )
    kept: Path | None = None
    with (
        lifecycle_file.made_whole(path, replacing=True) as draft,
        _nobody_at_work(path, clock, by_holder=by_holder),
    ):
        _copy(backup, draft)
        _check(draft, backup, clock, older=older)
        if path.exists():
            kept = _put_aside(path, clock)
    return kept


def _restore_on_server(
    url: URL, backup: Path, clock: Clock, *, older: bool, by_holder: bool, beside: Path
) -> Path | None:
    """In one transaction: what stood there stands until all of the backup does."""
    _check_given(backup)
    kept: Path | None = None
    with TemporaryDirectory(prefix="tandem-") as folder:
        draft = Path(folder) / "ledger.db"
        _copy(backup, draft)
        _check(draft, backup, clock, older=older)
        source, store = Store(engine=file_engine(draft), clock=clock), server.connect(url, clock)
        try:
            with source.reading() as given, store.writing() as connection:
                server.check_encoding(connection)
                if migrate.revision(connection) is not None:
                    for name in (SERVICE, RUN):
                        refuse_if_held(store, connection, name, but_ours=by_holder)
                    kept = beside / f"{url.database}.{clock():%y%m%d-%H%M%S}.replaced"
                    _check_free(kept)
                    server.keep(connection, kept)
                    server.forget_tables(connection)
                migrate.upgrade(connection, migrate.revision(given))
                copy_rows(given, connection)
                migrate.upgrade(connection)
        finally:
            source.engine.dispose()
            store.engine.dispose()
    return kept


def _check_given(backup: Path) -> None:
    if not backup.is_file():
        raise LedgerError(
            f"there is no such backup: {backup}", remedy="name a file that `tandem ledger backup` made"
        )
    lifecycle_file.check_whole(backup)


def _copy(backup: Path, draft: Path) -> None:
    # Nobody has it open where nothing lies beside it, and nothing is left beside it then.
    how = (
        "mode=ro"
        if any(file.exists() for file in lifecycle_file.companions(backup))
        else "mode=ro&immutable=1"
    )
    try:
        with (
            closing(sqlite3.connect(f"{backup.absolute().as_uri()}?{how}", uri=True)) as source,
            closing(sqlite3.connect(draft)) as copy,
        ):
            source.backup(copy)
    except sqlite3.Error as error:
        raise explained(error) from error


def _check(draft: Path, backup: Path, clock: Clock, *, older: bool) -> None:
    """Raise LedgerError where the copy is no sound ledger of a version that this Tandem knows; make it ready."""
    store = Store(engine=file_engine(draft), clock=clock)
    try:
        with store.reading() as connection:
            found = migrate.revision(connection)
            if found is None:
                raise LedgerError(f"the backup is no ledger: {backup}", remedy="name another backup")
            said = connection.exec_driver_sql("PRAGMA integrity_check(1)").scalar_one()
        if said == "ok":
            migrate_file(draft, clock, found)
            with store.writing() as connection:
                # Whoever held it when the backup was made does not hold this copy.
                free_all(connection)
                if older:
                    keep_restored(connection, _last_known(connection, clock))
        if said != "ok":
            raise LedgerError(f"the backup is damaged: {backup} ({said})", remedy="name another backup")
    finally:
        store.engine.dispose()


@contextmanager
def _nobody_at_work(path: Path, clock: Clock, *, by_holder: bool) -> Iterator[None]:
    """Hold the ledger that is to be replaced, unless this process does. Raises LedgerHeld where another process works
    with it, or a service lives that would go on with the file that is put aside."""
    if not path.exists():
        yield
        return
    held = _held(path, clock, by_holder=by_holder)
    try:
        yield
    except BaseException:
        if held is not None:
            store = Store(engine=file_engine(path), clock=clock)
            Leases(store).release(held)
            store.engine.dispose()
        raise


def _held(path: Path, clock: Clock, *, by_holder: bool) -> Lease | None:
    """The lease of a ledger that no connection is open to; None where it is held already, or too damaged for it."""
    store = Store(engine=file_engine(path), clock=clock)
    try:
        with store.reading() as connection:
            refuse_if_held(store, connection, SERVICE, but_ours=by_holder)
            former = migrate.revision(connection) != migrate.revisions()[-1]
            if former:
                # It has no room for a lease of ours, and is only put aside.
                refuse_if_held(store, connection, RUN)
        held = None if by_holder or former else Leases(store).acquire("tandem ledger restore")
        with closing(store.engine.raw_connection()) as pooled:
            # What is kept is whole by itself then.
            pooled.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)")
        return held
    except LedgerDamaged:
        return None  # that is why it is restored
    finally:
        # SQLite must not have a file open that is about to change its name (SQLite: howtocorrupt, 2.4).
        store.engine.dispose()


def _last_known(connection: Connection, clock: Clock) -> datetime:
    """The last time at which this ledger learnt anything of a CRM."""
    times = (
        connection.scalars(select(func.max(records.c.seen_at))).one(),
        connection.scalars(select(func.max(writes.c.settled_at))).one(),
    )
    return max((at for at in times if at is not None), default=clock())


def _put_aside(path: Path, clock: Clock) -> Path:
    kept = path.with_name(f"{path.name}.{clock():%y%m%d-%H%M%S}.replaced")
    _check_free(kept)
    # At every moment a ledger stands in its place: without one, the next command would begin with an empty one.
    lifecycle_file.name_also(path, kept)
    for file in lifecycle_file.companions(path):
        if file.exists():
            # A write-ahead log is worth nothing to what takes the place, and all to what is kept.
            file.rename(kept.with_name(kept.name + file.name.removeprefix(path.name)))
    return kept


def _check_free(kept: Path) -> None:
    if kept.exists():
        raise LedgerError(f"there is something already: {kept}", remedy="move it away, or wait a second")
