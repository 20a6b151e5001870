"""A saved plan of definitions is applied as it is, or refused."""

import json

from tests.commands.provisioned import SALESFORCE_FIELDS
from tests.world import World


def test_a_saved_plan_is_applied_as_it_is(world: World) -> None:
    assert world.run("provision", "plan", "-o", "fields.json").code == 3
    saved = json.loads((world.folder / "fields.json").read_text())
    assert saved["counts"]["create"] == 8
    assert world.run("provision", "apply", "fields.json", "--yes").code == 0
    # Once more: all done, nothing has moved.
    assert world.run("provision", "apply", "fields.json", "--yes").code == 0


def test_a_plan_that_cannot_be_saved_is_told(world: World) -> None:
    ran = world.run("provision", "plan", "-o", "nowhere/fields.json")
    assert ran.code == 2
    assert "nowhere/fields.json cannot be written: No such file or directory." in ran.text


def test_a_plan_waits_for_a_run_that_is_under_way(world: World) -> None:
    with world.ledger() as other:
        held = other.lease.acquire("tandem run")
        before = world.clock.now()
        waits = world.run("provision", "plan")
        assert waits.code == 5
        assert "tandem run" in waits.text
        assert (world.clock.now() - before).total_seconds() >= 60
        other.lease.release(held)
    assert world.run("provision", "plan").code == 3


def test_a_saved_plan_is_refused_once_definitions_have_moved(world: World) -> None:
    world.run("provision", "plan", "-o", "fields.json")
    world.portal.define(
        "companies",
        {
            "name": "tandem_engagement_score",
            "label": "Their score",
            "type": "number",
            "fieldType": "number",
            "groupName": "companyinformation",
        },
    )
    ran = world.run("provision", "apply", "fields.json", "--yes")
    assert ran.code == 5
    assert "tandem_engagement_score: label" in ran.text
    assert not SALESFORCE_FIELDS & set(world.org.sobject("Account").fields)


def test_a_saved_plan_that_was_edited_is_refused(world: World) -> None:
    world.run("provision", "plan", "-o", "fields.json")
    file = world.folder / "fields.json"
    file.write_text(file.read_text().replace("tier_3", "tier_9"))
    assert world.run("provision", "apply", "fields.json", "--yes").code == 5


def test_a_saved_plan_that_is_not_there_is_told(world: World) -> None:
    ran = world.run("provision", "apply", "nowhere.json", "--yes")
    assert ran.code == 2
    assert "tandem provision plan -o FILE" in ran.text
