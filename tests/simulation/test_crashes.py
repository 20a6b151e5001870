"""A process dies in the middle of a write. Named by what must hold after the next one."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest

from tests.simulation.acme import Acme, write_to
from tests.simulation.wire_tap import Killed


def _states(acme: Acme) -> list[str]:
    with closing(sqlite3.connect(acme.ledger)) as database:
        return [
            state for (state,) in database.execute("SELECT state FROM writes WHERE fields LIKE '%territory%'")
        ]


@pytest.mark.parametrize(("edited", "written"), [("hubspot", "salesforce"), ("salesforce", "hubspot")])
def test_a_write_that_was_never_sent_is_not_taken_for_landed(acme: Acme, edited: str, written: str) -> None:
    def die() -> None:
        raise Killed

    acme.edit(edited, "territory", "north")
    acme.run_while(write_to(written), die, killed=True)
    assert _states(acme) == ["intended"]
    acme.run()
    assert _states(acme) == ["superseded", "confirmed"]
    assert acme.values("territory") == {"salesforce": "north", "hubspot": "north"}


def test_a_write_that_landed_before_the_crash_is_not_sent_again(acme: Acme) -> None:
    acme.edit("salesforce", "territory", "north")
    acme.run_while(write_to("hubspot"), lambda: None, killed=True)
    acme.run()
    assert _states(acme) == ["confirmed"]
    assert acme.values("territory") == {"salesforce": "north", "hubspot": "north"}
