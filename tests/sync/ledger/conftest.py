"""A ledger in memory that must be sound at the end, one in a file, and a count of what is sent to the database."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event

from sync.ledger import Ledger
from sync.ledger.database.tables import METADATA
from tests.postgresql import Server
from tests.sweep import sliced
from tests.sync.ledger.makers import HandClock, Statements


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture(scope="session")
def server_url(postgres: Server) -> str:
    """A database of which every test that asks for ``on_server`` has all."""
    return postgres.make("ledger")


@pytest.fixture
def on_server(server_url: str, clock: HandClock) -> Iterator[Ledger]:
    """An empty ledger on PostgreSQL."""
    with Ledger.open(server_url, clock, machine=clock.machine) as opened:
        with opened._store.writing() as connection:
            names = ", ".join(table.name for table in METADATA.sorted_tables)
            connection.exec_driver_sql(f"TRUNCATE {names} RESTART IDENTITY")
        yield opened


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A test that asks for ``ledger`` is run on each kind of it, unless it names its own; on PostgreSQL in `make test`
    only where it says so."""
    named = any("ledger" in marker.args[0] for marker in metafunc.definition.iter_markers("parametrize"))
    if "ledger" in metafunc.fixturenames and not named:
        always = metafunc.definition.get_closest_marker("every_database") is not None
        kinds = sliced(["memory", "PostgreSQL"], always=["memory", "PostgreSQL"] if always else ["memory"])
        metafunc.parametrize("ledger", kinds, indirect=True)


@pytest.fixture
def ledger(request: pytest.FixtureRequest, clock: HandClock) -> Iterator[Ledger]:
    """An empty ledger, of each kind, that must be sound at the end."""
    if request.param == "PostgreSQL":
        opened: Ledger = request.getfixturevalue("on_server")
        yield opened
        assert opened.check() == []
        return
    with Ledger.open("sqlite://", clock, machine=clock.machine) as opened:
        yield opened
        assert opened.check() == []


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "tandem.db"


@pytest.fixture
def filed(path: Path, clock: HandClock) -> Iterator[Ledger]:
    with Ledger.open(f"sqlite:///{path}", clock, machine=clock.machine) as opened:
        yield opened


@pytest.fixture
def statements(ledger: Ledger) -> Statements:
    """Collects the SQL that a block sends, without what opens transactions."""

    @contextmanager
    def collect() -> Iterator[list[str]]:
        sent: list[str] = []

        def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
            if not statement.startswith(("BEGIN", "SELECT pg_advisory")):
                sent.append(statement)

        engine = ledger._store.engine
        event.listen(engine, "before_cursor_execute", note)
        try:
            yield sent
        finally:
            event.remove(engine, "before_cursor_execute", note)

    return collect
