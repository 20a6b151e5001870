"""F68-F82: writing to HubSpot: pages from its edge, batches refused as a whole, unique values."""

from __future__ import annotations

import pytest

from tests.e2e.people import MARKETING, SALES
from tests.faults.scene import BEGINNING, HS_STAGE, HS_TIER, STAGE, TIER, FiveAccounts

UPDATES = {"method": "POST", "path": r"/crm/.*/companies/batch/update"}
UPSERTS = {"method": "POST", "path": r"/crm/.*/companies/batch/upsert"}


def only_in_salesforce(scene: FiveAccounts, *names: str) -> list[str]:
    """Accounts that HubSpot lacks and that Tandem is to create there."""
    return [
        scene.people.new_in_salesforce(SALES, Name=name, Website=f"{name.lower()}.net", **BEGINNING)
        for name in names
    ]


def held_codes(scene: FiveAccounts) -> list[tuple[str, str]]:
    """Field and code of everything that is held."""
    return [(item.hold.field, item.hold.code) for item in scene.held()]


@pytest.mark.sweep
@pytest.mark.parametrize("status", [502, 524])
def test_f68_a_page_from_the_edge_never_makes_a_second_company(scene: FiveAccounts, status: int) -> None:
    """502, 504 or 524 as HTML from the edge; the write may have happened.

    The company is looked for by Tandem's own unique property before anything is sent again: somebody may have edited it
    since. Where no answer ever comes, the Run ends with what it found there.
    """
    only_in_salesforce(scene, "Falk")
    scene.sales("Acme", ABM_Tier__c="tier_1")
    scene.later()
    scene.world.hubspot.fault(fault="F68", status=status, work_done=True, match=UPSERTS)
    ran = scene.sync()
    assert ran.code == 0, ran.text
    assert scene.living_companies().count("Falk") == 1
    only_in_salesforce(scene, "Gull")
    scene.later()
    scene.world.hubspot.fault(fault="F68", status=status, work_done=True, match=UPSERTS, times=20)
    ran = scene.sync()
    assert ran.code == 0, ran.text
    scene.settled()
    assert scene.living_companies().count("Gull") == 1
    assert scene.links() == 7


@pytest.mark.sweep
def test_f69_an_error_of_another_shape_is_still_understood(scene: FiveAccounts) -> None:
    """A body without `category`, its errors as JSON text in the message.

    Reads what there is: the property is held with HubSpot's words and its correlation id, the rest of the
    record is written.
    """
    scene.sales("Acme", ABM_Tier__c="tier_1", MQA_Stage__c="engaged")
    scene.later()
    scene.world.hubspot.fault(fault="F69", field=HS_TIER, match=UPDATES)
    ran = scene.sync()
    assert ran.code == 0, ran.text
    assert held_codes(scene) == [("tier", "INVALID_OPTION")]
    assert "correlation id" in scene.held()[0].hold.message
    assert scene.company("Acme")[HS_STAGE] == "engaged"
    scene.settled()
    assert scene.company("Acme")[HS_TIER] == "tier_1"


@pytest.mark.sweep
def test_f70_a_property_that_writes_do_not_know_yet_is_waited_for(scene: FiveAccounts) -> None:
    """400 PROPERTY_DOESNT_EXIST right after the property was created.

    Holds the property, writes the rest, and tries it again by its pauses until HubSpot's writes know it.
    """
    scene.world.portal.shelf("companies").definitions.archive(HS_STAGE, now=scene.now)
    scene.later(600)
    assert scene.world.run("provision", "apply", "--yes").code == 0
    scene.sales("Acme", ABM_Tier__c="tier_1", MQA_Stage__c="engaged")
    scene.later(30)
    scene.world.hubspot.fault(fault="F70", age=300, seconds=200)
    ran = scene.sync()
    assert ran.code == 0, ran.text
    assert held_codes(scene) == [("mqa_stage", "PROPERTY_DOESNT_EXIST")]
    assert scene.company("Acme")[HS_TIER] == "tier_1"
    scene.settled(400)
    assert scene.company("Acme")[HS_STAGE] == "engaged"
    assert scene.held() == []


def refused_property(scene: FiveAccounts, fault: str, code: str) -> None:
    scene.sales("Acme", ABM_Tier__c="tier_1", MQA_Stage__c="engaged")
    scene.sales("Blume", MQA_Stage__c="evaluating")
    scene.later()
    scene.world.hubspot.fault(fault=fault, field=HS_TIER, match=UPDATES)
    ran = scene.sync()
    assert ran.code == 0, ran.text
    assert held_codes(scene) == [("tier", code)]
    assert scene.company("Acme")[HS_STAGE] == "engaged"
    assert scene.company("Blume")[HS_STAGE] == "evaluating"
    scene.settled()
    assert scene.company("Acme")[HS_TIER] == "tier_1"
    assert scene.held() == []


def test_f71_an_option_that_is_not_there_holds_the_property_alone(scene: FiveAccounts) -> None:
    """400 INVALID_OPTION.

    Holds that property and says to add the option or map the value; the rest of the record, and all other
    records of the batch, are written.
    """
    refused_property(scene, "F71", "INVALID_OPTION")


@pytest.mark.sweep
def test_f72_a_read_only_property_is_left_out(scene: FiveAccounts) -> None:
    """400 READ_ONLY_VALUE: HubSpot computes the property.

    Holds that property and says to stop writing it in the mapping; the rest is written.
    """
    refused_property(scene, "F72", "READ_ONLY_VALUE")


@pytest.mark.sweep
def test_f73_a_rule_of_the_portal_holds_the_record(scene: FiveAccounts) -> None:
    """400 MISSING_CONDITIONAL_REQUIRED_PROPERTY (2026-09).

    Treated like a validation rule: the record is held with HubSpot's words, the others are written, and it is
    tried again by its pauses.
    """
    scene.sales("Acme", ABM_Tier__c="tier_1")
    scene.later()
    scene.world.hubspot.fault(fault="F73", match=UPDATES)
    ran = scene.sync()
    assert ran.code == 0, ran.text
    assert held_codes(scene) == [("", "MISSING_CONDITIONAL_REQUIRED_PROPERTY")]
    assert "closed_lost_reason" in scene.held()[0].hold.message
    scene.settled()
    assert scene.company("Acme")[HS_TIER] == "tier_1"


@pytest.mark.sweep
def test_f74_nothing_is_created_by_a_bare_batch_create(scene: FiveAccounts) -> None:
    """409 on a batch create names the first conflict only.

    Cannot happen: companies are created by upsert on Tandem's unique property, with a trace id per row.
    """
    only_in_salesforce(scene, "Falk", "Gull")
    scene.later()
    scene.world.hubspot.fault(fault="F74", seconds=600)
    ran = scene.sync()
    assert ran.code == 0, ran.text
    assert not scene.sent("hubspot", "POST", "/batch/create")
    assert {"Falk", "Gull"} < set(scene.living_companies())
    scene.settled()


@pytest.mark.sweep
def test_f75_rows_of_a_partial_answer_are_told_by_trace_id(scene: FiveAccounts) -> None:
    """207 with `errors`, fewer results than inputs, in no order.

    Matches rows by trace id or record id, never by place: the bad row is held, each other gets its own answer.
    """
    for name in ("Acme", "Blume", "Corvid"):
        scene.sales(name, ABM_Tier__c="tier_1")
    scene.later()
    scene.world.hubspot.fault(fault="F75", rows=[scene.companies["Blume"]], match=UPDATES)
    ran = scene.sync()
    assert ran.code == 0, ran.text
    assert [item.hold.system for item in scene.held()] == ["hubspot"]
    assert scene.company("Blume")[HS_TIER] == "tier_2"
    assert scene.company("Acme")[HS_TIER] == scene.company("Corvid")[HS_TIER] == "tier_1"
    scene.settled()
    assert scene.company("Blume")[HS_TIER] == "tier_1"


@pytest.mark.sweep
def test_f76_a_batch_never_repeats_a_record(scene: FiveAccounts) -> None:
    """400 "Duplicate IDs found in batch input".

    Cannot happen: all Changes of a record are one row. Should HubSpot say so all the same, the rows are halved
    until each is written.
    """
    scene.sales("Acme", ABM_Tier__c="tier_1")
    scene.sales("Acme", MQA_Stage__c="engaged")
    scene.sales("Blume", ABM_Tier__c="tier_3")
    scene.later()
    scene.world.hubspot.fault(fault="F76", match=UPDATES)
    ran = scene.sync()
    assert ran.code == 0, ran.text
    assert scene.company("Acme")[HS_STAGE] == "engaged"
    assert scene.company("Blume")[HS_TIER] == "tier_3"
    scene.settled()


@pytest.mark.sweep
def test_f77_one_bad_row_does_not_stop_its_batch(scene: FiveAccounts) -> None:
    """400 for a whole batch, naming no record.

    Finds the row by what the refusal quotes, or by halving the batch, and writes all others in the same Run.
    """
    for name in ("Acme", "Blume", "Corvid", "Dunlin"):
        scene.sales(name, ABM_Tier__c="tier_1")
    scene.sales("Egret", MQA_Stage__c="engaged")
    scene.later()
    scene.world.hubspot.fault(fault="F77", field=HS_STAGE, match=UPDATES)
    body = {"status": "error", "message": "Invalid input JSON", "category": "VALIDATION_ERROR"}
    scene.world.hubspot.fault(status=400, body=body, match=UPDATES)
    ran = scene.sync()
    assert ran.code == 0, ran.text
    assert [scene.company(name)[HS_TIER] for name in ("Acme", "Blume", "Corvid", "Dunlin")] == ["tier_1"] * 4
    assert held_codes(scene) == [("mqa_stage", "PROPERTY_DOESNT_EXIST")]
    scene.settled()
    assert scene.company("Egret")[HS_STAGE] == "engaged"


@pytest.mark.sweep
def test_f78_success_without_a_write_is_found_out(scene: FiveAccounts) -> None:
    """200, and nothing changed.

    Compares the ids of the answer with those that were sent: what is not among them is held as not written, and
    tried again.
    """
    scene.sales("Acme", ABM_Tier__c="tier_1")
    scene.later()
    scene.world.hubspot.fault(fault="F78", match=UPDATES)
    ran = scene.sync()
    assert ran.code == 0, ran.text
    assert held_codes(scene) == [("", "NOT_WRITTEN")]
    assert scene.company("Acme")[HS_TIER] == "tier_2"
    scene.settled()
    assert scene.company("Acme")[HS_TIER] == "tier_1"


@pytest.mark.sweep
def test_f79_an_upsert_never_names_a_record_twice(scene: FiveAccounts) -> None:
    """An upsert with two inputs for one record is refused.

    Cannot happen: a Link is one row, and its id the key. Should HubSpot say so all the same, the rows are
    halved and written.
    """
    only_in_salesforce(scene, "Falk", "Gull")
    scene.later()
    scene.world.hubspot.fault(fault="F79", match=UPSERTS)
    ran = scene.sync()
    assert ran.code == 0, ran.text
    assert {"Falk", "Gull"} < set(scene.living_companies())
    scene.settled()


def test_f80_a_unique_value_that_another_company_holds_names_that_company(scene: FiveAccounts) -> None:
    """400 "Cannot set PropertyValueCoordinates{...} on A. B already has that value."

    Holds Tandem's mark alone with the words that name B, and writes the rest; a person merges the two or clears
    one. Nothing is linked unseen.
    """
    scene.people.new_in_salesforce(SALES, Name="Falk", Website="falk.net", **BEGINNING)
    falk = scene.people.new_in_hubspot(MARKETING, name="Falk", domain="falk.net")
    holder = scene.companies["Egret"]
    scene.later()
    scene.world.hubspot.fault(fault="F80", field="tandem_id", holder=holder, match=UPDATES)
    ran = scene.sync()
    assert ran.code == 0, ran.text
    assert held_codes(scene) == [("tandem_id", "UNIQUE_VALUE_CONFLICT")]
    assert holder in scene.held()[0].hold.message
    assert scene.record(falk).values[HS_TIER] == "tier_2"
    assert "tandem_id" not in scene.record(falk).values
    scene.settled()
    assert scene.record(falk).values["tandem_id"]
    assert scene.held() == []


@pytest.mark.sweep
def test_f81_a_second_company_of_one_domain_is_reported_and_left_alone(scene: FiveAccounts) -> None:
    """HubSpot accepts a second company with the same domain.

    Does not rely on domains: Tandem creates by its own unique id. Somebody else's second company is reported as
    an ambiguous match, and neither linked nor written.
    """
    twin = scene.people.new_in_hubspot(MARKETING, name="Acme again", domain="acme.com", **{HS_TIER: "tier_3"})
    scene.later()
    ran = scene.sync()
    assert ran.code == 4, ran.text
    assert "1 match waits for a person: tandem matches list" in scene.world.run("status").text
    assert scene.links() == 5
    scene.sales("Acme", ABM_Tier__c="tier_1")
    scene.later()
    assert scene.sync().code == 4
    assert scene.company("Acme")[HS_TIER] == "tier_1"
    assert scene.record(twin).values[HS_TIER] == "tier_3"
    assert scene.living_accounts() == sorted(scene.accounts)


@pytest.mark.sweep
def test_f82_no_contact_is_ever_created(scene: FiveAccounts) -> None:
    """409 "Contact already exists. Existing ID: N" after a search found nothing.

    Cannot happen: Tandem writes companies alone, never contacts.
    """
    only_in_salesforce(scene, "Falk")
    scene.later()
    scene.world.hubspot.fault(fault="F82", seconds=60, match={"path": r"/crm/.*/contacts"})
    assert scene.sync().code == 0
    assert not scene.sent("hubspot", "POST", "/contacts")
    assert "Falk" in scene.living_companies()
    scene.settled()
    assert scene.account("Acme")[TIER] == scene.company("Acme")[HS_TIER]
    assert scene.account("Acme")[STAGE] == scene.company("Acme")[HS_STAGE]
