"""Which version a ledger has, and how it gets to today's."""

from __future__ import annotations

from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from sqlalchemy import Connection, column, inspect, select, table

from sync.errors import LedgerDamaged, LedgerError, LedgerTooNew
from sync.ledger.database.tables import meta
from sync.ledger.database.transactions import upsert

#: Where the steps are. A test puts another folder here to rehearse a step that does not exist yet.
SCRIPTS = Path(__file__).parents[1] / "migrations"

#: Key in ``meta``: the version of Tandem that brought the ledger to its present form.
WRITTEN_BY = "written_by"

#: Where Alembic keeps the version.
VERSION_TABLE = "alembic_version"


def revisions() -> tuple[str, ...]:
    """All versions that a ledger can have, oldest first; the last is today's."""
    return _steps_in(SCRIPTS)


@cache
def _steps_in(scripts: Path) -> tuple[str, ...]:
    """The steps stand in one line, and the name of a step's file begins with its version: 0002_bulk_jobs.py."""
    return tuple(sorted(step.stem.partition("_")[0] for step in (scripts / "versions").glob("[0-9]*_*.py")))


def revision(connection: Connection) -> str | None:
    """The version of the ledger; None where the database is empty.

    Raises LedgerError where it belongs to another program, LedgerTooNew where this Tandem does not know the version.
    """
    tables = set(inspect(connection).get_table_names())
    if not tables:
        return None
    if not {VERSION_TABLE, "meta", "links", "records"} <= tables:
        raise LedgerError(
            "the database belongs to another program: it has tables, but not those of a ledger",
            remedy="name another file or database under `ledger:`",
        )
    found: str | None = connection.scalars(
        select(column("version_num")).select_from(table(VERSION_TABLE))
    ).one_or_none()
    if found is None:
        raise LedgerDamaged(
            "the ledger does not say which version it has", remedy="run `tandem ledger restore` with a backup"
        )
    if found not in revisions():
        writer = connection.scalars(select(meta.c.value).where(meta.c.key == WRITTEN_BY)).one_or_none()
        raise LedgerTooNew(
            f"the ledger has version {found}, which this Tandem ({tandem_version()}) does not know: "
            f"Tandem {writer or 'of a later version'} wrote it",
            remedy=f"use Tandem {writer or 'in its latest version'} or newer; or run `tandem ledger restore` with the "
            "backup that was kept beside the ledger before it was changed (its name ends in .bak)",
        )
    return found


def too_old_to_read(found: str) -> LedgerError:
    """For who may not bring the ledger up to date."""
    return LedgerError(
        f"the ledger has the older version {found}, and was opened for reading only",
        remedy="run a command that may write, such as `tandem sync`: it brings the ledger up to date",
    )


def upgrade(connection: Connection, to: str | None = None) -> None:
    """Bring the ledger to a version, today's where none is named, inside the caller's transaction."""
    # Seldom needed, and slower to import than most commands take: a ledger is almost always of today's version.
    from alembic import command  # noqa: PLC0415
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(SCRIPTS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    command.upgrade(config, to or "head")
    upsert(connection, meta, [{"key": WRITTEN_BY, "value": tandem_version()}])


def tandem_version() -> str:
    """The version of this Tandem."""
    try:
        return version("tandem-sync")
    except PackageNotFoundError:  # run from a checkout that was not installed
        return "0"
