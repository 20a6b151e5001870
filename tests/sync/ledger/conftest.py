"""A ledger in memory that must be sound at the end, one in a file, and a count of what is sent to the database."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event

from sync.ledger import Ledger
from tests.sync.ledger.makers import HandClock, Statements


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def ledger(clock: HandClock) -> Iterator[Ledger]:
    with Ledger.open("sqlite://", clock) as opened:
        yield opened
        assert opened.check() == []


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "tandem.db"


@pytest.fixture
def filed(path: Path, clock: HandClock) -> Iterator[Ledger]:
    with Ledger.open(f"sqlite:///{path}", clock) as opened:
        yield opened


@pytest.fixture
def statements(ledger: Ledger) -> Statements:
    """Collects the SQL that a block sends, without what opens transactions."""

    @contextmanager
    def collect() -> Iterator[list[str]]:
        sent: list[str] = []

        def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
            if not statement.startswith("BEGIN"):
                sent.append(statement)

        engine = ledger._store.engine
        event.listen(engine, "before_cursor_execute", note)
        try:
            yield sent
        finally:
            event.remove(engine, "before_cursor_execute", note)

    return collect
