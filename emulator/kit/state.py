"""The emulator's memory: JSON documents in SQLite, written through before an answer leaves.

The servers work on Python dicts for speed. Everything they want to survive a kill goes through one `StateFile`
in one transaction per request.
"""

import json
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import RLock
from typing import Any

Doc = Any
"""Whatever `json.dumps` takes."""

_SCHEMA = """
CREATE TABLE IF NOT EXISTS doc (kind TEXT NOT NULL, key TEXT NOT NULL, doc TEXT NOT NULL,
                                PRIMARY KEY (kind, key)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS before (kind TEXT NOT NULL, key TEXT NOT NULL, doc TEXT,
                                   PRIMARY KEY (kind, key)) WITHOUT ROWID;
"""

_KEEP_BEFORE = (
    "INSERT OR IGNORE INTO before SELECT :kind, :key, (SELECT doc FROM doc WHERE kind = :kind AND key = :key)"
)


class StateFile:
    """JSON documents by (kind, key), kept in a SQLite file, or in memory alone when `path` is None.

    One server owns one file. `mark` names the present content as the one that `rewind` returns to.
    """

    def __init__(self, path: Path | str | None = None) -> None:
        self.path = Path(path) if path is not None else None
        self._lock = RLock()
        self._depth = 0
        self._pending: dict[tuple[str, str], Doc | None] = {}
        self._marked = False
        # Autocommit mode: BEGIN and COMMIT stand in `_write` alone, so that no statement opens one unseen.
        self._db = sqlite3.connect(
            str(path) if path is not None else ":memory:", check_same_thread=False, isolation_level=None
        )
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=NORMAL")
        self._db.executescript(_SCHEMA)

    def load(self, kind: str) -> dict[str, Doc]:
        """All documents of a kind by key, in key order; not those still inside an open transaction."""
        with self._lock:
            rows = self._db.execute("SELECT key, doc FROM doc WHERE kind = ? ORDER BY key", (kind,))
            return {key: json.loads(doc) for key, doc in rows}

    def is_empty(self) -> bool:
        """True when nothing was ever put, or all of it was deleted."""
        with self._lock:
            return self._db.execute("SELECT 1 FROM doc LIMIT 1").fetchone() is None

    def put(self, kind: str, key: str, doc: Doc) -> None:
        """Keep a document. The object is read when the transaction ends, so later edits in it count too."""
        with self.transaction():
            self._pending[kind, key] = doc

    def put_many(self, kind: str, docs: Iterable[tuple[str, Doc]]) -> None:
        """Keep many documents of one kind: the way to load a population."""
        with self.transaction():
            self._pending.update(((kind, key), doc) for key, doc in docs)

    def delete(self, kind: str, key: str) -> None:
        """Forget a document; no error when there is none."""
        with self.transaction():
            self._pending[kind, key] = None

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All puts and deletes inside are kept together, or, when the block raises, not at all. Nests."""
        with self._lock:
            self._depth += 1
            try:
                yield
            except BaseException:
                self._pending.clear()
                raise
            else:
                if self._depth == 1 and self._pending:
                    pending, self._pending = self._pending, {}
                    self._write(pending)
            finally:
                self._depth -= 1

    def _write(self, pending: dict[tuple[str, str], Doc | None]) -> None:
        kept = [
            (*place, json.dumps(doc, separators=(",", ":")))
            for place, doc in pending.items()
            if doc is not None
        ]
        gone = [place for place, doc in pending.items() if doc is None]
        self._db.execute("BEGIN IMMEDIATE")
        try:
            if self._marked:
                self._db.executemany(_KEEP_BEFORE, [{"kind": kind, "key": key} for kind, key in pending])
            self._db.executemany("INSERT OR REPLACE INTO doc VALUES (?, ?, ?)", kept)
            self._db.executemany("DELETE FROM doc WHERE kind = ? AND key = ?", gone)
            self._db.execute("COMMIT")
        except BaseException:
            self._db.execute("ROLLBACK")
            raise

    def mark(self) -> None:
        """Name the present content as the start: the server calls this once it is seeded."""
        with self._lock:
            self._db.execute("DELETE FROM before")
            self._marked = True

    def rewind(self) -> None:
        """Return to the content at the last `mark`."""
        with self._lock:
            self._db.execute("BEGIN IMMEDIATE")
            self._db.execute(
                "INSERT OR REPLACE INTO doc SELECT kind, key, doc FROM before WHERE doc IS NOT NULL"
            )
            self._db.execute(
                "DELETE FROM doc WHERE (kind, key) IN (SELECT kind, key FROM before WHERE doc IS NULL)"
            )
            self._db.execute("DELETE FROM before")
            self._db.execute("COMMIT")

    def clear(self) -> None:
        """Forget every document; `rewind` still returns to the mark."""
        with self._lock:
            self._db.execute("BEGIN IMMEDIATE")
            if self._marked:
                self._db.execute("INSERT OR IGNORE INTO before SELECT kind, key, doc FROM doc")
            self._db.execute("DELETE FROM doc")
            self._db.execute("COMMIT")

    def close(self) -> None:
        """Close the file; the object is of no use afterwards."""
        with self._lock:
            self._db.close()
