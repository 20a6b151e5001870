"""A ledger that is not sound says what is wrong with it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from sync.errors import LedgerError
from sync.ledger import Ledger
from tests.sync.ledger.makers import HandClock, account


@pytest.fixture
def spoiled(clock: HandClock) -> Iterator[Ledger]:
    """A ledger in memory that nobody checks at the end."""
    with Ledger.open("sqlite://", clock) as ledger:
        account(ledger)
        assert ledger.check() == []
        yield ledger


@pytest.mark.parametrize(
    ("damage", "says"),
    [
        (
            "UPDATE records SET current = '{tier' WHERE system = 'hubspot'",
            "records.current: 1 rows hold no JSON",
        ),
        ("UPDATE links SET base = ''", "links.base: 1 rows hold no JSON"),
        ("DELETE FROM links", "records: 2 rows belong to links that do not exist"),
        ("UPDATE records SET observed = '{}'", "records: 2 wait for a decision and are not marked so"),
        ("UPDATE links SET closed_at = opened_at", "records: 2 belong to a Link that is closed"),
        ("UPDATE records SET dirty = 1, link_id = NULL", "records: 2 are merged away or without a Link"),
    ],
)
def test_what_is_wrong_is_said(spoiled: Ledger, damage: str, says: str) -> None:
    with spoiled._store.engine.connect() as connection:
        connection.exec_driver_sql("COMMIT")
        connection.exec_driver_sql("PRAGMA foreign_keys = OFF")
        connection.execute(text(damage))
    assert any(line.startswith(says) for line in spoiled.check()), spoiled.check()


def test_a_damaged_file_is_told_by_the_check_and_by_what_is_read(path: Path, clock: HandClock) -> None:
    with Ledger.open(f"sqlite:///{path}", clock) as ledger:
        for number in range(1, 40):
            account(ledger, number)
        with ledger._store.reading() as connection:
            root, size = (
                connection.exec_driver_sql(
                    "SELECT rootpage FROM sqlite_master WHERE name = 'records'"
                ).scalar_one(),
                connection.exec_driver_sql("PRAGMA page_size").scalar_one(),
            )
    spoiled = bytearray(path.read_bytes())
    spoiled[(root - 1) * size : root * size] = b"\xff" * size
    path.write_bytes(spoiled)
    with Ledger.open(f"sqlite:///{path}", clock) as ledger:
        found = ledger.check()
        assert found
        assert all("damaged" in line for line in found)
        with pytest.raises(LedgerError, match="the ledger is damaged") as caught:
            ledger.accounts.counts()
        assert "tandem ledger restore" in str(caught.value.remedy)
