"""Drift of definitions: told once when it begins or changes, once when it is over, and shown in status meanwhile."""

import json
from dataclasses import replace

import pytest
from structlog.testing import capture_logs

from connector.errors import AuthFailed
from emulator.salesforce.data import record_types
from emulator.salesforce.schema.model import PicklistValue
from provision.fields.drift import watcher
from provision.fields.plan import DefinitionPlan
from tests.world import World


@pytest.fixture
def settled(world: World) -> World:
    """Provisioned, and in order."""
    world.run("provision", "apply", "--yes")
    world.clock.advance(600)
    return world


def relabel(world: World, label: str) -> None:
    tier = world.org.sobject("Account").fields["ABM_Tier__c"]
    world.org.schema.put_field("Account", replace(tier, label=label))
    world.org.touch_definitions()


def told(world: World) -> list[str]:
    """What the service logs about definitions after its next full compare."""
    world.clock.advance(90_000)
    ran = world.run("run", "--once")
    assert ran.code == 0, ran.err
    entries = [json.loads(line) for line in ran.err.splitlines() if line.startswith("{")]
    return [entry["action"] for entry in entries if entry["action"].startswith("drift")]


def test_definitions_in_order_are_no_drift(settled: World) -> None:
    ran = settled.run("provision", "drift")
    assert ran.code == 0
    assert "No drift" in ran.text
    assert settled.run("status", "--json").json["drift"] is None


def test_drift_ends_with_three_and_shows_old_and_new(settled: World) -> None:
    relabel(settled, "Account tier")
    ran = settled.run("provision", "drift", "--json")
    assert ran.code == 3
    (line,) = ran.json["drift"]
    assert (line["field"], line["stands"], line["should"]) == ("ABM_Tier__c", "Account tier", "ABM tier")


def test_drift_is_told_once_for_each_change_of_state(settled: World) -> None:
    assert told(settled) == []
    relabel(settled, "Account tier")
    assert told(settled) == ["drift"]
    assert told(settled) == []
    relabel(settled, "Another label")
    assert told(settled) == ["drift"]
    relabel(settled, "ABM tier")
    assert told(settled) == ["drift_over"]
    assert told(settled) == []


def test_the_service_looks_after_a_full_compare_and_status_shows_it(settled: World) -> None:
    relabel(settled, "Account tier")
    ran = settled.run("run", "--once")
    assert ran.code == 0, ran.err
    assert '"action": "drift"' in ran.err
    assert "salesforce Account.ABM_Tier__c label: Account tier → ABM tier" in settled.run("status").text
    relabel(settled, "ABM tier")
    settled.clock.advance(90_000)
    assert '"action": "drift_over"' in settled.run("run", "--once").err
    assert settled.run("status", "--json").json["drift"] is None


def test_a_drift_that_was_mended_by_hand_is_over_with_the_next_run(settled: World) -> None:
    relabel(settled, "Account tier")
    assert told(settled) == ["drift"]
    settled.clock.advance(60)
    assert settled.run("provision", "apply", "--yes").code == 0
    # No full compare is due for a day.
    settled.clock.advance(60)
    assert '"action": "drift_over"' in settled.run("run", "--once").err
    assert settled.run("status", "--json").json["drift"] is None
    settled.clock.advance(60)
    assert "drift" not in settled.run("run", "--once").err


def test_definitions_that_cannot_be_read_stop_no_run(settled: World) -> None:
    def unreadable() -> DefinitionPlan:
        raise AuthFailed("no right to read properties")

    with settled.ledger() as ledger, capture_logs() as entries:
        watcher(unreadable, ledger, settled.clock.now)()
        assert ledger.drift.get() is None
    assert [(entry["action"], entry["reason"]) for entry in entries] == [
        ("drift_unknown", "no right to read properties")
    ]


def test_whatever_an_administrator_sets_is_drift_in_both_crms(settled: World) -> None:
    org = settled.org
    org.configure(tracked=tuple(name for name in org.settings.tracked if name != "Account.ABM_Tier__c"))
    record_types.add(org, "Account", "Partner", {"MQA_Stage__c": ["identified"]})
    for row in list(org.store.find("FieldPermissions", "Field", "Account.Engagement_Score__c")):
        org.store.put("FieldPermissions", {**row, "PermissionsEdit": False})
    org.touch_definitions()
    held = settled.portal.shelf("companies").definitions
    stage = held.properties["tandem_mqa_stage"]
    stage.doc = {**stage.doc, "groupName": "companyinformation"}
    held.groups["tandem"]["label"] = "Somebody's"
    ran = settled.run("provision", "drift", "--json")
    assert ran.code == 3
    assert {(line["field"], line["attribute"]) for line in ran.json["drift"]} == {
        ("ABM_Tier__c", "history"),
        ("MQA_Stage__c", "record types"),
        ("Engagement_Score__c", "rights"),
        ("Tandem_Sync", "field permissions"),
        ("tandem_mqa_stage", "group"),
        ("tandem", "label"),
    }
    assert told(settled) == ["drift"]
    assert told(settled) == []


def test_records_that_come_and_go_are_no_change_of_a_drift(settled: World) -> None:
    tier = settled.org.sobject("Account").fields["ABM_Tier__c"]
    more = (*tier.values, PicklistValue(value="tier_4", label="Tier 4"))
    settled.org.schema.put_field("Account", replace(tier, values=more))
    settled.org.touch_definitions()
    assert told(settled) == ["drift"]
    settled.org.load("Account", [{"Name": "Acme", "ABM_Tier__c": "tier_4"}])
    assert told(settled) == []
