"""An apply that breaks off at any request, before or after it takes effect, is finished by the next one."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from emulator.salesforce.data import record_types
from tests.e2e.crms import Kept
from tests.sweep import sliced
from tests.world import World, open_world

#: Every so-many-th request is broken off by one test.
PARTS = 30
#: More than one CRM is sent in one apply.
MOST = 120
SETTLED = 600


@pytest.fixture(scope="module", params=["salesforce", "hubspot"])
def kept(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kept]:
    """One CRM in which something of every kind is to be done: made, changed, granted, tracked, offered, relabelled."""
    with open_world(tmp_path_factory.mktemp(request.param), systems=[request.param]) as world:
        assert world.run("provision", "apply", "--yes").code == 0
        world.clock.advance(SETTLED)
        if request.param == "salesforce":
            salesforce_in_disorder(world)
        else:
            hubspot_in_disorder(world)
        yield Kept.of(world)


def salesforce_in_disorder(world: World) -> None:
    org = world.org
    account = org.sobject("Account")
    org.schema.drop_field("Account", "ABM_Tier__c")
    for row in list(org.store.find("FieldPermissions", "Field", "Account.ABM_Tier__c")):
        org.store.remove("FieldPermissions", row["Id"])
    record_types.add(org, "Account", "Partner", {"MQA_Stage__c": ["identified"]})
    org.schema.put_field("Account", replace(account.fields["MQA_Stage__c"], label="Rank"))
    for row in list(org.store.find("FieldPermissions", "Field", "Account.Engagement_Score__c")):
        org.store.remove("FieldPermissions", row["Id"])
    org.configure(tracked=(), histories=())
    org.touch_definitions()


def hubspot_in_disorder(world: World) -> None:
    shelf = world.portal.shelf("companies")
    held = shelf.definitions
    held.archive("tandem_engagement_score", now=world.clock.now())
    held.properties.pop("tandem_id")
    stage = held.properties["tandem_mqa_stage"]
    stage.doc = {**stage.doc, "label": "Rank", "options": stage.doc["options"][:-1]}
    held.groups["tandem"]["label"] = "Somebody's"
    world.portal.keep_definitions(shelf)


def broken_off(world: World, when: str, done: int) -> bool:
    """Apply, and lose the connection for good at one request. False where it was done by then."""
    server = world.salesforce if "salesforce:" in world.config.read_text(encoding="utf-8") else world.hubspot
    server.fault(drop=when, match={"path": "(?!.*token).*"}, times=999, after=done)
    return world.run("provision", "apply", "--yes").code == 1


def finish(world: World) -> None:
    """What a person does after a break: clear the fault, apply again, look."""
    for server in (world.salesforce, world.hubspot):
        server.app.state.faults.clear()
    world.clock.advance(SETTLED)
    again = world.run("provision", "apply", "--yes")
    assert again.code in {0, 3}, again.text
    world.clock.advance(SETTLED)
    if again.code == 3:
        # What was hidden shows only now that it differs.
        assert world.run("provision", "apply", "--yes").code == 0
        world.clock.advance(SETTLED)
    planned = world.run("provision", "plan")
    assert (planned.code, "off the contract" in planned.text) == (0, False), planned.text


@pytest.mark.parametrize(
    ("when", "part"),
    sliced(
        [(when, part) for when in ("before", "after") for part in range(PARTS)],
        always=[("before", 0), ("before", 22), ("after", 11)],
    ),
)
def test_an_apply_that_breaks_off_at_any_request_is_finished_by_the_next(
    kept: Kept, when: str, part: int
) -> None:
    for done in range(part, MOST, PARTS):
        kept.bring_back()
        broke = broken_off(kept.world, when, done)
        finish(kept.world)
        if not broke:
            break
    else:
        pytest.fail(f"the apply sends more than {MOST} requests")
