"""What a System refuses: kept with its reason, tried again, never in the way of others. Whole Runs over HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from sync.model.inbox import Held
from sync.model.records import LinkId
from tests.scene import Scene

TIER = "ABM_Tier__c"


@pytest.fixture
def scene(scene: Scene) -> Iterator[Scene]:
    """An account in an org whose picklist of tiers lacks tier_1."""
    before = scene.world.org.sobject("Account").fields[TIER]
    _define(scene, replace(before, values=tuple(one for one in before.values if one.value != "tier_1")))
    yield scene
    _define(scene, before)


def _define(scene: Scene, field: object) -> None:
    scene.world.org.schema.put_field("Account", field)  # type: ignore[arg-type]
    scene.world.org.touch_definitions()


def held(scene: Scene) -> list[Held]:
    with scene.world.ledger() as ledger:
        return list(ledger.held.of_links([scene.link]).values())


def tries(scene: Scene) -> int:
    """How often Salesforce was sent the tier."""
    with scene.world.ledger() as ledger:
        writes = ledger.writes.of_link(LinkId(scene.link))
    return len([write for write in writes if write.system == "salesforce" and "tier" in write.fields])


def run(scene: Scene, later: timedelta) -> None:
    scene.world.clock.advance(later.total_seconds())
    assert scene.run("sync").code == 0


def test_a_refused_field_is_tried_after_pauses_that_double_and_keeps_its_reason(scene: Scene) -> None:
    scene.marketing(hs_ideal_customer_profile="tier_1", tandem_mqa_stage="engaged")
    scene.sync()
    assert scene.in_salesforce("MQA_Stage__c") == "engaged"
    before = tries(scene)
    for minutes in (1, 2, 4, 8, 16):
        (item,) = held(scene)
        assert (item.hold.field, item.hold.code) == ("tier", "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST")
        assert "tier_1" in item.hold.message
        assert item.next_try_at - item.last_at == timedelta(minutes=minutes)
        run(scene, timedelta(minutes=minutes) - timedelta(seconds=30))
        assert tries(scene) == before
        run(scene, timedelta(minutes=1))
        assert tries(scene) == before + 1
        before += 1
    assert "bad value for restricted picklist field: tier_1" in scene.run("status").text


def test_a_refused_field_is_tried_once_as_soon_as_somebody_edits_the_record(scene: Scene) -> None:
    scene.marketing(hs_ideal_customer_profile="tier_1", tandem_mqa_stage="engaged")
    scene.sync()
    for _ in range(2):
        run(scene, timedelta(hours=1))
    before = tries(scene)
    run(scene, timedelta(minutes=1))
    assert tries(scene) == before
    # A rule may stand in the way that looks at fields of which Tandem knows nothing.
    scene.people.in_salesforce(scene.account, Description="Renewed for two years")
    for _ in range(3):
        run(scene, timedelta(minutes=1))
    assert tries(scene) == before + 1
    # Our own writes to the record are no such edit.
    scene.people.in_hubspot(scene.company, tandem_mqa_stage="evaluating")
    for _ in range(3):
        run(scene, timedelta(minutes=1))
    assert scene.in_salesforce("MQA_Stage__c") == "evaluating"
    assert tries(scene) == before + 1


def test_a_refused_field_is_tried_as_soon_as_its_definition_changes_however_long_its_pause(
    scene: Scene,
) -> None:
    scene.marketing(hs_ideal_customer_profile="tier_1")
    scene.sync()
    for _ in range(6):
        run(scene, timedelta(hours=1))
    (item,) = held(scene)
    assert item.next_try_at - scene.world.clock.now() > timedelta(minutes=45)
    before = tries(scene)
    run(scene, timedelta(minutes=16))
    assert tries(scene) == before
    field = scene.world.org.sobject("Account").fields[TIER]
    added = replace(field.values[0], value="tier_1", label="Tier 1")
    _define(scene, replace(field, values=(added, *field.values)))
    run(scene, timedelta(minutes=16))
    assert held(scene) == []
    assert scene.tiers == ("tier_1", "tier_1")


def test_definitions_are_not_looked_at_where_nothing_waits_for_long(scene: Scene) -> None:
    scene.marketing(hs_ideal_customer_profile="tier_1")
    scene.sync()
    scene.world.hubspot.app.state.calls.reset()
    scene.world.salesforce.app.state.calls.reset()
    run(scene, timedelta(seconds=20))
    routes = scene.world.salesforce.calls()["routes"]
    assert not any("tooling" in route for route in routes)
    assert not any("properties" in route for route in scene.world.hubspot.calls()["routes"])


def refused(scene: Scene) -> None:
    scene.marketing(hs_ideal_customer_profile="tier_1", tandem_mqa_stage="engaged")
    scene.sync()


def listed(scene: Scene, *options: str) -> list[dict[str, Any]]:
    ran = scene.run("held", "list", *options, "--json")
    assert ran.code == 0, ran.text
    return [item for item in ran.json if item["link_id"] == scene.link]


def test_what_is_held_is_listed_with_account_field_words_remedy_next_try_and_page(scene: Scene) -> None:
    refused(scene)
    (item,) = listed(scene)
    assert (item["account"], item["system"], item["field"]) == (f"{scene.name} Inc.", "salesforce", "tier")
    assert "bad value for restricted picklist field: tier_1" in item["message"]
    assert item["remedy"]
    assert (item["attempts"], item["record_id"]) == (1, scene.account)
    assert item["page"] == f"{scene.world.salesforce.url}/lightning/r/Account/{scene.account}/view"
    line = next(one for one in scene.run("held", "list").out.splitlines() if one.startswith(scene.name))
    for shown in (item["message"], item["remedy"], item["page"], scene.link):
        assert shown in line.split("\t")


def test_what_is_held_is_found_by_account_field_and_system(scene: Scene) -> None:
    refused(scene)
    for options in (
        ("--account", scene.domain),
        ("--account", scene.account),
        ("--field", "tier"),
        ("--field", TIER),
        ("--system", "salesforce"),
    ):
        assert len(listed(scene, *options)) == 1, options
    assert listed(scene, "--system", "hubspot") == []
    assert "Nothing in hubspot is held." in scene.run("held", "list", "--system", "hubspot").err


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("--field", "teir"), "There is no field teir; did you mean tier?"),
        (("--system", "hubspt"), "There is no System hubspt; did you mean hubspot?"),
        (("--account", "Nobody at all"), "No account fits 'Nobody at all'."),
    ],
)
@pytest.mark.parametrize("command", ["list", "retry"])
def test_a_filter_that_names_nothing_there_is_is_told(
    scene: Scene, command: str, options: tuple[str, ...], told: str
) -> None:
    ran = scene.run("held", command, *options)
    assert (ran.code, told in ran.text) == (2, True), ran.text


def test_what_is_held_is_tried_by_the_next_run_where_a_person_wants_it(scene: Scene) -> None:
    refused(scene)
    for _ in range(5):
        run(scene, timedelta(hours=1))
    before = tries(scene)
    run(scene, timedelta(minutes=1))
    assert tries(scene) == before
    assert "1 held value due now" in scene.run("held", "retry", "--account", scene.domain).text
    assert tries(scene) == before
    run(scene, timedelta(seconds=1))
    assert tries(scene) == before + 1


@pytest.mark.parametrize("options", [(), ("--all", "--system", "salesforce")])
def test_a_retry_says_which(scene: Scene, options: tuple[str, ...]) -> None:
    ran = scene.run("held", "retry", *options)
    assert (ran.code, "Say what is to be tried again." in ran.text) == (2, True)


def test_a_run_fails_on_what_is_held_where_it_is_told_to(scene: Scene) -> None:
    refused(scene)
    for command in (("sync",), ("apply", "--yes")):
        assert scene.run(*command).code == 0
        ran = scene.run(*command, "--fail-on-held")
        assert (ran.code, "held: tandem held list" in ran.err) == (1, True)
