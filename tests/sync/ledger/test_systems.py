"""What the ledger knows of each System."""

from __future__ import annotations

import pytest

from connector.base import Identity, User
from sync.ledger import Cursor, KnownSystem, Ledger
from tests.ids import HUBSPOT, SALESFORCE
from tests.sync.ledger.makers import HandClock, Statements

ORG = Identity(id="00D000000000001EAA", name="Acme", environment="production", acting_as="005000000000001AAA")
ANN = User(id="1", email="ann@acme.com", name="Ann", active=True)
BOB = User(id="2", email=None, name="Bob", active=False, writes_as="70002")


def test_a_system_is_remembered_as_it_was_at_first_sight(ledger: Ledger, clock: HandClock) -> None:
    first = ledger.systems.bind("salesforce", "salesforce", ORG)
    assert first == KnownSystem(
        name="salesforce", kind="salesforce", identity=ORG.id, identity_name="Acme", first_seen_at=clock.now
    )
    clock.wait(days=1)
    other = Identity(id="00D000000000002EAA", name="Other", environment="sandbox", acting_as=None)
    assert ledger.systems.bind("salesforce", "salesforce", other) == first
    assert ledger.systems.known() == {"salesforce": first}


def test_users_are_replaced_as_a_whole(ledger: Ledger, clock: HandClock) -> None:
    assert ledger.users.read_at(HUBSPOT) is None
    ledger.users.replace(HUBSPOT, [ANN, BOB])
    ledger.users.replace(SALESFORCE, [ANN])
    assert ledger.users.all(HUBSPOT) == [ANN, BOB]
    clock.wait(hours=1)
    ledger.users.replace(HUBSPOT, [BOB])
    assert ledger.users.all(HUBSPOT) == [BOB]
    assert ledger.users.all(SALESFORCE) == [ANN]
    assert ledger.users.read_at(HUBSPOT) == clock.now


def test_a_system_without_users_was_read_nevertheless(ledger: Ledger, clock: HandClock) -> None:
    ledger.users.replace(HUBSPOT, [])
    assert ledger.users.read_at(HUBSPOT) == clock.now
    assert ledger.cursors.all() == {}


@pytest.mark.every_database
def test_a_cursor_tells_how_far_and_when_everything_was_compared(ledger: Ledger, clock: HandClock) -> None:
    assert ledger.cursors.get(HUBSPOT, "companies") is None
    ledger.cursors.set(HUBSPOT, "companies", "p1", full=True)
    full_at = clock.now
    clock.wait(minutes=1)
    ledger.cursors.set(HUBSPOT, "companies", "p2")
    assert ledger.cursors.get(HUBSPOT, "companies") == Cursor(
        position="p2", read_at=clock.now, full_at=full_at
    )
    ledger.cursors.set(SALESFORCE, "Account", None)
    assert set(ledger.cursors.all()) == {("hubspot", "companies"), ("salesforce", "Account")}
    ledger.cursors.forget(HUBSPOT, "companies")
    assert set(ledger.cursors.all()) == {("salesforce", "Account")}


def test_a_cursor_is_set_in_one_statement(ledger: Ledger, statements: Statements) -> None:
    with statements() as sent:
        ledger.cursors.set(HUBSPOT, "companies", "p1")
    assert len(sent) == 1
