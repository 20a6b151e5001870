"""A full compare of a million linked accounts: what the ledger finds, how long it takes, what memory it needs."""

from __future__ import annotations

import json
import resource
import sqlite3
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from sync.ledger.ledger import Ledger

_SYSTEMS = ("hubspot", "salesforce")
_FIELDS = ("engagement_score", "mqa_stage", "owner", "target_account", "tier")


def fill(path: Path, accounts: int, *, moved_every: int) -> int:
    """A ledger of quiet accounts, in which every ``moved_every``-th was edited in Salesforce. Returns how many."""
    with Ledger.open(f"sqlite:///{path}", lambda: datetime.now(UTC)):
        pass
    database = sqlite3.connect(path)
    # The columns are read from the table itself, so that a migration does not leave this behind.
    columns = [row[1] for row in database.execute("PRAGMA table_info(records)")]
    values = {name: f"{name}-value" for name in _FIELDS}
    quiet, moved = (
        json.dumps({**values, **more}, sort_keys=True, separators=(",", ":")) for more in ({}, {"tier": "x"})
    )
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    empty = {
        "unreadable": "{}",
        "echo": "{}",
        "covered": "{}",
        "state": "present",
        "seen_at": now,
        "first_seen_at": now,
    }

    def records() -> Iterator[list[str | bool | None]]:
        for number in range(accounts):
            for system in _SYSTEMS:
                edited = system == "salesforce" and number % moved_every == 0
                row: dict[str, str | bool] = {
                    **empty,
                    "system": system,
                    "id": f"{number:09d}",
                    "link_id": f"tdm{number:09d}",
                    "name": f"Account {number}",
                    "domain": f"account{number}.com",
                    "tandem_id": f"tdm{number:09d}",
                    "current": moved if edited else quiet,
                    "observed": quiet,
                    "dirty": edited,
                    "unmatched": False,
                    "stamp": now,
                }
                yield [row.get(name) for name in columns]

    with database:
        database.executemany(
            "INSERT INTO links (id, label, domain, evidence, base, wake, opened_at)"
            " VALUES (?, ?, ?, 'domain', ?, 0, ?)",
            ((f"tdm{n:09d}", f"Account {n}", f"account{n}.com", quiet, now) for n in range(accounts)),
        )
        marks = ", ".join("?" for _ in columns)
        database.executemany(f"INSERT INTO records ({', '.join(columns)}) VALUES ({marks})", records())  # noqa: S608
    database.close()
    return -(-accounts // moved_every)


def main() -> None:
    """Print seconds, megabytes and the number of accounts to decide as JSON."""
    accounts = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "tandem.db"
        expected = fill(path, accounts, moved_every=1000)
        with Ledger.open(f"sqlite:///{path}", lambda: datetime.now(UTC)) as ledger:
            before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
            began = time.perf_counter()
            found = sum(1 for _ in ledger.accounts.decision_candidates(len(_SYSTEMS)))
            seconds = time.perf_counter() - began
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(
        json.dumps(
            {
                "accounts": accounts,
                "candidates": found,
                "expected": expected,
                "seconds": round(seconds, 2),
                "peak_mb": round(peak / 1024, 1),
                "grown_mb": round((peak - before) / 1024, 1),
            }
        )
    )
    if found != expected:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
