"""F93-F103: HubSpot's definitions, stages, owners, deals and associations."""

from __future__ import annotations

from typing import Any

import pytest

from tests.e2e.people import MARKETING
from tests.faults.scene import HS_STAGE, HS_TIER, STAGE, TIER, FiveAccounts

PROPERTIES = {"path": r"/crm/.*/properties"}


def definition(scene: FiveAccounts, name: str) -> dict[str, Any]:
    """A company property as the portal defines it."""
    doc: dict[str, Any] = scene.world.portal.shelf("companies").definitions.properties[name].doc
    return doc


def options(scene: FiveAccounts, name: str) -> list[str]:
    return [str(option["value"]) for option in definition(scene, name)["options"]]


def deal(scene: FiveAccounts, **values: str) -> str:
    """A deal of Acme's, made at the screen."""
    made = scene.people.hubspot("POST", "crm/v3/objects/deals", json={"properties": values})
    scene.people.hubspot(
        "PUT",
        f"crm/v4/objects/deals/{made['id']}/associations/default/companies/{scene.companies['Acme']}",
    )
    return str(made["id"])


def test_f93_a_lifecycle_stage_that_goes_back_is_cleared_first(scene: FiveAccounts) -> None:
    """A lifecycle stage is written backwards: 200, and the value stays.

    Where a field is mapped to the lifecycle, looks at what the answer says; a stage that did not go back is
    cleared, set, and read back.
    """
    folder = scene.world.folder / "mappings"
    folder.mkdir()
    (folder / "hubspot.yaml").write_text(
        "fields: {mqa_stage: {name: lifecyclestage, create: false, values: "
        "{identified: subscriber, awareness: lead, engaged: marketingqualifiedlead, evaluating: salesqualifiedlead, "
        "negotiating: opportunity, closed: customer}}}\n",
        encoding="utf-8",
    )
    (folder / "canonical.yaml").write_text(
        "fields: {mqa_stage: {rule: {direction: from_salesforce}}}\n", encoding="utf-8"
    )
    scene.world.configure("mapping: mappings/")
    scene.sales("Acme", MQA_Stage__c="negotiating")
    scene.later()
    ran = scene.sync()
    assert ran.code == 0, ran.text
    assert scene.company("Acme")["lifecyclestage"] == "opportunity"
    scene.sales("Acme", MQA_Stage__c="engaged")
    scene.later()
    ran = scene.sync()
    assert ran.code == 0, ran.text
    assert scene.company("Acme")["lifecyclestage"] == "marketingqualifiedlead"
    scene.later()
    scene.quiet()


@pytest.mark.sweep
def test_f94_owners_are_matched_by_e_mail_and_those_who_left_are_held(scene: FiveAccounts) -> None:
    """A user id is no owner id, and an owner who left is refused.

    Matches people by e-mail to the id of the *owner*; where the owner left, the field is held with the name,
    everything else is written, and it follows once somebody is there.
    """
    users = scene.people.users_of_salesforce()
    scene.people.door(
        "hubspot", "owners", {"email": "dev.rao@example.com", "first": "Dev", "last": "Rao", "archived": True}
    )
    scene.sales("Acme", OwnerId=users["dev.rao@example.com"], ABM_Tier__c="tier_1")
    scene.sales("Blume", OwnerId=users["chloe.park@example.com"])
    scene.later(25 * 3600)
    ran = scene.sync()
    assert ran.code == 0, ran.text
    chloe = scene.world.portal.owners.person("chloe.park@example.com")
    assert chloe is not None
    assert scene.company("Blume")["hubspot_owner_id"] == chloe["id"]
    assert scene.company("Acme")[HS_TIER] == "tier_1"
    assert [item.hold.field for item in scene.held()] == ["owner"]
    scene.people.door(
        "hubspot",
        "owners",
        {"email": "dev.rao@example.com", "first": "Dev", "last": "Rao", "archived": False},
    )
    scene.later(25 * 3600)
    scene.settled()
    dev = scene.world.portal.owners.person("dev.rao@example.com")
    assert dev is not None
    assert scene.company("Acme")["hubspot_owner_id"] == dev["id"]
    assert scene.held() == []


@pytest.mark.sweep
def test_f94_an_owner_who_is_somebody_else_by_now_is_looked_up_by_the_next_run(scene: FiveAccounts) -> None:
    """A write names an owner whose place another one of the same e-mail has taken.

    Where HubSpot refuses the owner, the field is held, and the next Run reads who the owners are (once a day
    otherwise).
    """
    owners, address = scene.world.portal.owners, "chloe.park@example.com"
    before = owners.person(address)
    assert before is not None
    del owners.by_id[before["id"]]
    again = owners.add(
        email=address,
        first="Chloe",
        last="Park",
        at=before["createdAt"],
        owner_id="799000001",
        user_id=6499001,
    )
    scene.sales("Blume", OwnerId=scene.people.users_of_salesforce()[address], ABM_Tier__c="tier_1")
    scene.later()
    ran = scene.sync()
    assert ran.code == 0, ran.text
    assert [item.hold.field for item in scene.held()] == ["owner"]
    assert scene.company("Blume")[HS_TIER] == "tier_1"
    scene.settled()
    assert scene.company("Blume")["hubspot_owner_id"] == again["id"]
    assert scene.held() == []


@pytest.mark.sweep
def test_f95_an_option_of_somebody_else_survives(scene: FiveAccounts) -> None:
    """PATCH with options removes those that are not sent.

    Reads, merges and sends all of them: what is missing is added, what somebody else added stays.
    """
    kept = [
        {"value": "tier_1", "label": "Tier 1", "displayOrder": 0},
        {"value": "watch", "label": "Watch list", "displayOrder": 1},
    ]
    scene.world.portal.shelf("companies").definitions.change(
        HS_TIER, {"options": kept}, now=scene.now, user=None
    )
    scene.later(900)
    assert scene.world.run("provision", "plan").code == 3
    assert scene.world.run("provision", "apply", "--yes").code == 0
    assert set(options(scene, HS_TIER)) == {"tier_1", "tier_2", "tier_3", "watch"}
    scene.settled()


@pytest.mark.sweep
def test_f96_an_archived_property_comes_back_only_as_what_it_was(scene: FiveAccounts) -> None:
    """Creating the name of an archived property restores its values, and retypes them.

    Looks among the archived first: one of the same kind is brought back, with its values; one of another kind
    is refused, to be named otherwise.
    """
    definitions = scene.world.portal.shelf("companies").definitions
    definitions.archive(HS_STAGE, now=scene.now)
    scene.later(900)
    assert "archived" in scene.world.run("provision", "plan").text
    assert scene.world.run("provision", "apply", "--yes").code == 0
    assert scene.company("Acme")[HS_STAGE] == "awareness"
    scene.settled()
    definitions.archive(HS_STAGE, now=scene.now)
    definitions.properties[HS_STAGE].doc["type"] = "number"
    definitions.properties[HS_STAGE].doc["fieldType"] = "number"
    scene.later(900)
    ran = scene.world.run("provision", "apply", "--yes")
    assert ran.code != 0
    assert HS_STAGE in ran.text
    assert definitions.properties[HS_STAGE].archived


@pytest.mark.sweep
def test_f97_a_property_of_another_type_under_our_name_is_not_touched(scene: FiveAccounts) -> None:
    """409 PROPERTY_WITH_NAME_EXISTS, of another type.

    Compares type and options before it maps anything: a property of another kind is refused with both kinds
    named, and left as it is.
    """
    doc = definition(scene, HS_STAGE)
    doc["type"], doc["fieldType"], doc["options"] = "number", "number", []
    scene.later(900)
    ran = scene.world.run("provision", "apply", "--yes")
    assert ran.code != 0
    assert HS_STAGE in ran.text
    assert "number" in ran.text
    assert definition(scene, HS_STAGE)["type"] == "number"


@pytest.mark.sweep
def test_f98_an_old_definition_is_no_drift(scene: FiveAccounts) -> None:
    """The old definition is served for minutes after a write.

    For five minutes after its own write a difference is called settling, not drift; nothing is written twice.
    """
    definitions = scene.world.portal.shelf("companies").definitions
    definitions.archive(HS_STAGE, now=scene.now)
    scene.later(900)
    assert scene.world.run("provision", "apply", "--yes").code == 0
    scene.later(60)
    scene.world.hubspot.fault(fault="F98", seconds=200, match=PROPERTIES)
    ran = scene.world.run("provision", "plan", "--json")
    assert ran.code == 0, ran.text
    assert "create" not in {line["action"] for line in ran.json["lines"]}
    scene.later(900)
    assert scene.world.run("provision", "plan").code == 0
    scene.settled()


@pytest.mark.sweep
def test_f99_a_stage_is_judged_by_its_flags_and_not_by_its_name(scene: FiveAccounts) -> None:
    """A stage called "Closed lost" has probability 0.8 and `isClosed: "false"`.

    Takes closed and won from the derived flags of the deal, never from a label.
    """
    stages = scene.world.portal.pipelines["deals"].by_id["default"]["stages"]
    stage = next(stage for stage in stages if stage["id"] == "closedlost")
    scene.people.hubspot(
        "PATCH",
        f"crm/v3/pipelines/deals/default/stages/{stage['id']}",
        json={"label": "Closed lost", "metadata": {"probability": "0.8"}},
    )
    made = deal(scene, dealname="Acme big", dealstage="closedlost", pipeline="default", amount="1000")
    scene.later()
    ran = scene.world.run("outcomes", "pull")
    assert ran.code == 0, ran.text
    with scene.world.ledger() as ledger:
        (found,) = [item for item in ledger.outcomes.all() if item.id == made]
    assert (found.closed, found.won) == (False, False)


@pytest.mark.sweep
def test_f100_a_close_date_of_hubspots_choosing_stays_in_hubspot(scene: FiveAccounts) -> None:
    """HubSpot rewrites `closedate` when a deal is closed.

    Outcomes are read and never written: the date is taken as HubSpot tells it, each version is kept, and
    nothing goes to Salesforce.
    """
    made = deal(
        scene,
        dealname="Acme big",
        dealstage="contractsent",
        pipeline="default",
        closedate="2026-06-30T00:00:00Z",
    )
    scene.later()
    assert scene.world.run("outcomes", "pull").code == 0
    scene.later(86_400)
    scene.people.hubspot(
        "PATCH", f"crm/v3/objects/deals/{made}", json={"properties": {"dealstage": "closedwon"}}
    )
    closed_on = scene.now.date()
    scene.later()
    calls = len(scene.sent("salesforce", "PATCH", "/"))
    assert scene.world.run("outcomes", "pull").code == 0
    with scene.world.ledger() as ledger:
        (found,) = [item for item in ledger.outcomes.all() if item.id == made]
    assert (found.won, found.close_date) == (True, closed_on)
    assert len(scene.sent("salesforce", "PATCH", "/")) == calls
    scene.quiet()


@pytest.mark.parametrize("trick", [{"duplicate": True, "shuffle": True}])
def test_f101_no_webhook_decides_anything(scene: FiveAccounts, trick: dict[str, bool]) -> None:
    """Webhooks come twice, in disorder, in batches, for a day.

    Cannot happen: Tandem takes no webhooks; it reads what changed by Cursor, and values by id.
    """
    scene.marketing("Acme", hs_ideal_customer_profile="tier_1")
    scene.people.door("hubspot", "webhooks", trick)
    scene.later()
    assert scene.sync().code == 0
    assert not scene.sent("hubspot", "PUT", "/webhooks/")
    assert scene.account("Acme")[TIER] == "tier_1"
    scene.settled()


@pytest.mark.sweep
def test_f102_no_old_webhook_is_let_in(scene: FiveAccounts) -> None:
    """A webhook with a valid signature is six minutes old.

    Cannot happen: Tandem opens no door for webhooks.
    """
    scene.people.door("hubspot", "webhooks", {"old_timestamp": True})
    scene.marketing("Acme", hs_ideal_customer_profile="tier_1")
    scene.later()
    assert scene.sync().code == 0
    assert not [call for call in scene.world.hubspot.calls()["recent"] if "/webhooks/v3" in call["path"]]
    assert scene.account("Acme")[TIER] == "tier_1"


@pytest.mark.sweep
def test_f103_a_deal_with_two_rows_for_one_company_counts_once(scene: FiveAccounts) -> None:
    """A primary and an unlabelled association for one link.

    Collapses them by company id: the deal belongs to that account once.
    """
    made = deal(scene, dealname="Acme big", dealstage="contractsent", pipeline="default", amount="1000")
    scene.people.new_in_hubspot(MARKETING, name="Falk", domain="falk.net")
    scene.later()
    assert scene.world.run("outcomes", "pull").code == 0
    with scene.world.ledger() as ledger:
        found = [item for item in ledger.outcomes.all() if item.id == made]
    assert [item.account_id for item in found] == [scene.companies["Acme"]]
    assert scene.account("Acme")[STAGE] == "awareness"
