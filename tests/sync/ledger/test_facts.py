"""What outlives a Run and belongs to no Record: the fields of each System, drift, the service, a restore."""

from __future__ import annotations

from datetime import timedelta

import pytest

from sync.ledger import Ledger
from sync.model.definitions import DefinitionsSeen, Drift, FieldsRead, ProbeMarks
from sync.model.service import ServiceState
from tests.ids import HUBSPOT, SALESFORCE
from tests.sync.ledger.makers import HandClock


def test_the_fields_that_were_read_take_the_place_of_those_before(ledger: Ledger) -> None:
    assert ledger.fields.read(HUBSPOT) == FieldsRead()
    ledger.fields.keep_read(SALESFORCE, FieldsRead(names=frozenset({"Name"})))
    ledger.fields.keep_read(
        HUBSPOT,
        FieldsRead(names=frozenset({"tier", "owner", "stage"}), hidden=frozenset({"tier", "owner"})),
    )
    assert ledger.fields.hidden() == {"hubspot": ["owner", "tier"]}
    after = FieldsRead(names=frozenset({"tier", "stage"}), hidden=frozenset({"stage"}))
    ledger.fields.keep_read(HUBSPOT, after)
    assert ledger.fields.read(HUBSPOT) == after
    assert ledger.fields.read(SALESFORCE).names == {"Name"}
    ledger.fields.keep_read(HUBSPOT, FieldsRead())
    assert ledger.fields.hidden() == {}


def test_a_field_that_is_not_mapped_for_a_while_keeps_its_place(ledger: Ledger) -> None:
    ledger.fields.keep_native_names(SALESFORCE, {"tier": "Tier__c", "owner": "OwnerId"})
    ledger.fields.keep_native_names(HUBSPOT, {"tier": "tandem_tier"})
    ledger.fields.keep_native_names(SALESFORCE, {"tier": "ABM_Tier__c"})
    ledger.fields.keep_native_names(SALESFORCE, {})
    assert ledger.fields.native_names(SALESFORCE) == {"tier": "ABM_Tier__c", "owner": "OwnerId"}


@pytest.mark.every_database
def test_a_system_without_any_field_of_the_vendors_is_not_one_that_was_never_asked(ledger: Ledger) -> None:
    assert ledger.fields.builtin(HUBSPOT) is None
    ledger.fields.keep_builtin(HUBSPOT, [])
    assert ledger.fields.builtin(HUBSPOT) == frozenset()
    ledger.fields.keep_builtin(HUBSPOT, ["hs_is_target_account", "domain"])
    assert ledger.fields.builtin(HUBSPOT) == frozenset({"domain", "hs_is_target_account"})


def test_definitions_are_known_as_they_were_last_seen(ledger: Ledger, clock: HandClock) -> None:
    assert ledger.fields.seen(HUBSPOT) is None
    for digest in ("one", "other"):
        seen = DefinitionsSeen(at=clock.wait(minutes=1), digest=digest)
        ledger.fields.keep_seen(HUBSPOT, seen)
        assert ledger.fields.seen(HUBSPOT) == seen
    assert ledger.fields.seen(SALESFORCE) is None


def test_a_definition_that_was_written_is_recent_for_its_own_while(ledger: Ledger, clock: HandClock) -> None:
    ledger.fields.keep_written(HUBSPOT, "tier", "old", clock.now)
    ledger.fields.keep_written(HUBSPOT, "owner", "first", clock.now)
    ledger.fields.keep_written(HUBSPOT, "tier", "new", clock.wait(minutes=4))
    now = clock.wait(minutes=2)
    assert ledger.fields.written(HUBSPOT, since=now - timedelta(minutes=10)) == {
        "owner": "first",
        "tier": "new",
    }
    assert ledger.fields.written(HUBSPOT, since=now - timedelta(minutes=5)) == {"tier": "new"}
    assert ledger.fields.written(HUBSPOT, since=now - timedelta(minutes=2)) == {}
    assert ledger.fields.written(SALESFORCE, since=now - timedelta(minutes=10)) == {}


def test_what_a_probe_leaves_is_known_until_it_was_taken_back(ledger: Ledger) -> None:
    marks = ProbeMarks(
        object="Account", record="001", marks={"A": 0, "B": None, "C": False, "D": "x", "E": 1.5}
    )
    ledger.fields.keep_marks(SALESFORCE, ProbeMarks(object="Account", record="000", marks={}))
    ledger.fields.keep_marks(SALESFORCE, marks)
    assert ledger.fields.marks(SALESFORCE) == marks
    assert ledger.fields.marks(HUBSPOT) is None
    ledger.fields.forget_marks(SALESFORCE)
    assert ledger.fields.marks(SALESFORCE) is None


def test_drift_is_looked_at_again_once_definitions_were_written(ledger: Ledger, clock: HandClock) -> None:
    ledger.drift.look_again()
    assert (ledger.drift.get(), ledger.drift.is_to_look_again()) == (None, False)
    drift = Drift(since=clock.now, lines=("tier label: Tier → ABM tier", "owner: läuft"))
    ledger.drift.set(drift)
    assert (ledger.drift.get(), ledger.drift.is_to_look_again()) == (drift, False)
    ledger.drift.look_again()
    assert (ledger.drift.get(), ledger.drift.is_to_look_again()) == (drift, True)
    other = Drift(since=clock.wait(days=1), lines=("gone",))
    ledger.drift.set(other)
    assert (ledger.drift.get(), ledger.drift.is_to_look_again()) == (other, False)
    ledger.drift.set(None)
    assert ledger.drift.get() is None


def test_there_is_one_service_and_it_says_last_how_it_stands(ledger: Ledger, clock: HandClock) -> None:
    assert ledger.service.get() is None
    for number in (1, 2):
        state = ServiceState(
            pid=4711 + number,
            host="crm-sync",
            since=clock.now,
            seen_at=clock.wait(minutes=1),
            next={"sync": clock.now + timedelta(seconds=30, microseconds=5)},
            troubles={"outcomes": "HubSpot does not answer"},
            doing="sync" if number == 1 else None,
        )
        ledger.service.set(state)
        assert ledger.service.get() == state
    ledger.service.clear()
    assert ledger.service.get() is None


@pytest.mark.every_database
def test_a_ledger_that_was_put_back_is_so_until_it_was_compared(ledger: Ledger, clock: HandClock) -> None:
    assert ledger.restored.as_of() is None
    ledger.restored.set(clock.now)
    ledger.restored.set(clock.wait(hours=1))
    assert ledger.restored.as_of() == clock.now
    ledger.restored.clear()
    assert ledger.restored.as_of() is None
