"""What the ledger's database says when it fails, and what that means to people."""

from __future__ import annotations

from sqlalchemy.exc import DBAPIError

from sync.errors import LedgerDamaged, LedgerError

#: What the database says (lower case), and what that means to people.
_MEANINGS: tuple[tuple[str, str, str], ...] = (
    (
        "disk is full",
        "the disk that holds the ledger is full; nothing was stored by this step",
        "make room on that disk, then run the same command again: it goes on where it stopped",
    ),
    (
        # No room for the file by which processes tell each other what stands in the write-ahead log.
        "sqlite_ioerr_shmsize",
        "the disk that holds the ledger is full; nothing was stored by this step",
        "make room on that disk, then run the same command again: it goes on where it stopped",
    ),
    (
        "readonly database",
        "the ledger cannot be written to",
        "give the file and its folder to the user that Tandem runs as: chown, chmod u+w",
    ),
    (
        "database is locked",
        "the ledger is busy: another process has been writing to it for too long",
        "run the same command again; `tandem status` tells which process holds the ledger",
    ),
    (
        "malformed",
        "the ledger is damaged",
        "run `tandem ledger check`, then `tandem ledger restore` with the newest backup",
    ),
    (
        "not a database",
        "the ledger's file is no SQLite database",
        "run `tandem ledger restore` with the newest backup, or name another file under `ledger:`",
    ),
    (
        "unable to open",
        "the ledger's file cannot be opened",
        "check that it exists and that the user that Tandem runs as may read and write it and its folder",
    ),
    (
        "disk i/o error",
        "the disk that holds the ledger does not answer properly; nothing was stored by this step",
        "check the disk and its free space, then run `tandem ledger check`",
    ),
    (
        "no space left on device",
        "the disk that holds the ledger is full; nothing was stored by this step",
        "make room on the server's disk, then run the same command again: it goes on where it stopped",
    ),
    (
        "lock timeout",
        "the ledger is busy: another process has been writing to it for too long",
        "run the same command again; `tandem status` tells which process holds the ledger",
    ),
    (
        "read-only transaction",
        "the ledger cannot be written to: this server is a copy, or the database is set to reading only",
        "name the server that takes writes under `ledger:`",
    ),
    (
        "password",
        "the server that keeps the ledger does not let this user in",
        "give the password in PGPASSWORD or in ~/.pgpass (mode 600), and see that USER in `ledger:` is right",
    ),
    (
        "no pg_hba.conf entry",
        "the server that keeps the ledger lets nobody in from here",
        "have its administrator allow this machine and user in pg_hba.conf; `?sslmode=require` asks for TLS",
    ),
    (
        "permission denied",
        "the user that reaches the server may not do this there",
        "make the user the database's owner: ALTER DATABASE NAME OWNER TO USER",
    ),
    (
        'role "',
        "the server that keeps the ledger does not know this user",
        "make it there (createuser NAME), or put USER in `ledger:` right",
    ),
    (
        "no schema has been selected",
        "the schema for the ledger is not there",
        "make it (CREATE SCHEMA NAME), or put `search_path` in `ledger:` right",
    ),
    (
        "does not exist",
        "the server that keeps the ledger lacks something",
        "make the database (createdb --encoding=UTF8 --template=template0 NAME), or put `ledger:` right",
    ),
    (
        "too many clients",
        "the server that keeps the ledger has no connection left",
        "run the same command again, or raise max_connections there",
    ),
    (
        "remaining connection slots",
        "the server that keeps the ledger has no connection left",
        "run the same command again, or raise max_connections there",
    ),
    *(
        (
            words,
            "the server that keeps the ledger does not answer",
            "see that it runs and that `ledger:` names the right host and port, then run the same command again",
        )
        for words in (
            "connection refused",
            "connection failed",
            "connection timeout",
            "could not translate host",
            "failed to resolve host",
            "is the server running",
            "starting up",
            "shutting down",
            "terminating connection",
            "server closed the connection",
            "connection is lost",
            "connection is closed",
            "connection not open",
            "timeout expired",
        )
    ),
)

#: Of these, what no waiting and no room on a disk fixes.
_DAMAGED = frozenset({"malformed", "not a database"})


def explained(error: Exception) -> LedgerError:
    """The database's error as a sentence with a remedy; ``raise explained(error) from error``."""
    said = _words_of(error)
    kind_of_it = getattr(error.orig if isinstance(error, DBAPIError) else error, "sqlite_errorname", "")
    for words, meaning, remedy in _MEANINGS:
        if words in f"{said} {kind_of_it}".lower():
            kind = LedgerDamaged if words in _DAMAGED else LedgerError
            return kind(f"{meaning} ({said})", remedy=remedy)
    return LedgerError(f"the ledger refused a step: {said}", remedy="run `tandem ledger check`")


def _words_of(error: Exception) -> str:
    cause = error.orig if isinstance(error, DBAPIError) and error.orig is not None else error
    # PostgreSQL adds the statement, over several lines; what happened is in its first words.
    told = getattr(cause, "diag", None)
    return " ".join(str(getattr(told, "message_primary", None) or cause).split())
