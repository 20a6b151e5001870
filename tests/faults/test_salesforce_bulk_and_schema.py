"""F46-F59: Salesforce's Bulk API, its definitions, opportunities and change events."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from emulator.salesforce import definitions
from emulator.salesforce.schema.model import PicklistValue
from sync.model.records import NativeId
from tests.faults.scene import STAGE, TARGET, TIER, FiveAccounts
from tests.ids import SALESFORCE

ROOT = Path(__file__).resolve().parents[2]


def source_of(room: str) -> str:
    """All code of one room."""
    return "\n".join(file.read_text(encoding="utf-8") for file in sorted((ROOT / room).rglob("*.py")))


def a_full_run_of_everything(scene: FiveAccounts) -> None:
    """Whatever Tandem asks of Salesforce, it asks here: a full read, an update, a create, opportunities."""
    scene.marketing("Acme", hs_ideal_customer_profile="tier_1")
    scene.people.new_in_hubspot(
        name="Falk",
        domain="falk.net",
        hs_is_target_account="true",
        hubspot_owner_id=scene.company("Acme")["hubspot_owner_id"],
    )
    scene.later()
    assert scene.sync("--full").code == 0
    assert scene.world.run("outcomes", "pull").code == 0
    assert scene.account("Acme")[TIER] == "tier_1"
    assert "Falk" in scene.living_accounts()


def by_jobs(scene: FiveAccounts) -> None:
    """Two records are enough for a Bulk job."""
    file = scene.world.config
    text = file.read_text(encoding="utf-8")
    file.write_text(
        text.replace("    kind: salesforce\n", "    kind: salesforce\n    bulk_from: 2\n"), encoding="utf-8"
    )


def three_edits(scene: FiveAccounts) -> None:
    for name, tier in (("Acme", "tier_1"), ("Blume", "tier_3"), ("Corvid", "tier_3")):
        scene.marketing(name, hs_ideal_customer_profile=tier)
    scene.later()


@pytest.mark.sweep
def test_f46_every_row_of_a_job_is_looked_up(scene: FiveAccounts) -> None:
    """A Bulk job ends with JobComplete and failed rows.

    Reads the result files whatever the state says: each row that failed is held with its reason, the others are
    written.
    """
    by_jobs(scene)
    rule = {"sort": "validation", "field": TIER, "pattern": "tier_1", "message": "Not without a contract."}
    scene.people.door("salesforce", "rules", rule)
    three_edits(scene)
    ran = scene.sync()
    assert ran.code == 0, ran.text
    assert len(scene.sent("salesforce", "POST", "/jobs/ingest")) == 1
    assert [scene.account(name)[TIER] for name in ("Acme", "Blume", "Corvid")] == [
        "tier_2",
        "tier_3",
        "tier_3",
    ]
    assert [item.hold.code for item in scene.held()] == ["FIELD_CUSTOM_VALIDATION_EXCEPTION"]
    scene.world.org.rules.clear()
    scene.settled()
    assert scene.account("Acme")[TIER] == "tier_1"


@pytest.mark.sweep
def test_f47_a_job_that_failed_as_a_whole_wrote_nothing(scene: FiveAccounts) -> None:
    """A Bulk job fails with `InvalidBatch : Field name not found`.

    Nothing was written: says which field, and the work is done by the next Run that finds it.
    """
    by_jobs(scene)
    three_edits(scene)
    scene.world.salesforce.fault(
        status=200,
        body={
            "id": "7505e0000000001AAA",
            "state": "Failed",
            "errorMessage": f"InvalidBatch : Field name not found : {TIER}",
            "numberRecordsProcessed": 0,
        },
        match={"method": "GET", "path": r"/services/data/v\d+\.0/jobs/ingest/[^/]+$"},
    )
    # The job itself never ran.
    scene.world.salesforce.fault(
        status=200,
        body={"id": "7505e0000000001AAA", "state": "UploadComplete"},
        match={"method": "PATCH", "path": r".*/jobs/"},
    )
    ran = scene.sync()
    assert f"Field name not found : {TIER}" in ran.text + scene.world.run("status").text
    assert scene.account("Acme")[TIER] == "tier_2"
    scene.settled(600)
    assert scene.account("Acme")[TIER] == "tier_1"


@pytest.mark.sweep
def test_f48_a_row_in_no_result_file_is_not_taken_for_written(scene: FiveAccounts) -> None:
    """Bulk results come in another order, and some rows in no file.

    Matches rows by id or key, and counts all three files: a row that is in none is held and tried again.
    """
    by_jobs(scene)
    three_edits(scene)
    scene.world.salesforce.fault(fault="F48", rows=[0], seconds=300)
    ran = scene.sync()
    assert ran.code == 0, ran.text
    assert [item.hold.code for item in scene.held()] == ["UNPROCESSED"]
    scene.settled(600)
    assert [scene.account(name)[TIER] for name in ("Acme", "Blume", "Corvid")] == [
        "tier_1",
        "tier_3",
        "tier_3",
    ]
    assert scene.held() == []


@pytest.mark.sweep
def test_f49_a_blank_clears_and_a_text_is_a_text(scene: FiveAccounts) -> None:
    """In Bulk CSV an empty cell clears nothing, and a user's `#N/A` clears.

    Sends `#N/A` for a blank and for nothing else; a record with such a text goes by a collection instead, whose
    JSON needs no mark.
    """
    by_jobs(scene)
    for name in ("Acme", "Blume"):
        scene.marketing(name, hs_ideal_customer_profile="")
    for name, domain in (("#N/A", "falk.net"), ("Gull", "gull.net")):
        scene.people.new_in_hubspot(
            name=name,
            domain=domain,
            hs_is_target_account="true",
            hubspot_owner_id=scene.company("Acme")["hubspot_owner_id"],
        )
    scene.later()
    ran = scene.sync()
    assert ran.code == 0, ran.text
    assert scene.account("Acme").get(TIER) is None
    assert scene.account("Blume").get(TIER) is None
    # A company that is called so is known by its domain.
    assert {"falk.net", "Gull"} < set(scene.living_accounts())
    scene.settled()


@pytest.mark.sweep
def test_f50_no_locator_is_the_word_null(scene: FiveAccounts) -> None:
    """The last page of a Bulk query says `Sforce-Locator: null`.

    Cannot happen: Tandem reads by query, whose last page says `done: true`.
    """
    a_full_run_of_everything(scene)
    assert "Sforce-Locator" not in source_of("connector")


@pytest.mark.sweep
def test_f51_a_new_field_is_granted_before_it_is_used(scene: FiveAccounts) -> None:
    """A field was created, and nobody sees it: "No such column".

    Grants it by the permission set `Tandem_Sync`, assigns that, and reads the definitions back before it calls
    the field done.
    """
    definitions.delete_field(scene.world.org, "Account", STAGE)
    scene.later()
    plan = scene.world.run("provision", "plan")
    assert plan.code == 3
    assert STAGE in plan.text
    ran = scene.world.run("provision", "apply", "--yes")
    assert ran.code == 0, ran.text
    assert scene.world.run("provision", "plan").code == 0
    # The field is new, and blank: a first meeting with HubSpot's values, which fill it.
    scene.later()
    ran = scene.sync("--full", "--max-change-share", "1")
    assert ran.code in {0, 4}, ran.text


def test_f52_a_grant_that_failed_is_repeated(scene: FiveAccounts) -> None:
    """The field is there, and its grant failed.

    Every step may be repeated: the command ends with what is missing (exit code 1), and run again it does the
    rest.
    """
    definitions.delete_field(scene.world.org, "Account", STAGE)
    scene.later()
    scene.world.salesforce.fault(
        status=400,
        body=[{"message": "no access", "errorCode": "INSUFFICIENT_ACCESS_OR_READONLY"}],
        match={
            "method": "POST",
            "path": r"/services/data/v\d+\.0/(composite/sobjects|sobjects/FieldPermissions)",
        },
    )
    ran = scene.world.run("provision", "apply", "--yes")
    assert ran.code == 1, ran.text
    assert "tandem provision apply" in ran.text
    scene.well_again()
    ran = scene.world.run("provision", "apply", "--yes")
    assert ran.code == 0, ran.text
    assert scene.world.run("provision", "plan").code == 0


@pytest.mark.sweep
def test_f53_an_assignment_that_is_there_already_is_success(scene: FiveAccounts) -> None:
    """`Duplicate PermissionSetAssignment`.

    Takes it for done: an answer that was lost, or somebody who was faster.
    """
    assignments = scene.world.org.store.rows("PermissionSetAssignment")
    tandem = next(
        str(row["Id"])
        for row in scene.world.org.store.rows("User")
        if row["Username"] == "tandem@example.com"
    )
    for row in [row for row in assignments if row["AssigneeId"] == tandem]:
        scene.world.org.store.remove("PermissionSetAssignment", str(row["Id"]))
    scene.world.org.access.forget()
    scene.later()
    scene.world.salesforce.fault(
        drop="after", match={"method": "POST", "path": r".*/sobjects/PermissionSetAssignment"}
    )
    ran = scene.world.run("provision", "apply", "--yes")
    assert ran.code == 0, ran.text
    assert len(scene.sent("salesforce", "POST", "/sobjects/PermissionSetAssignment")) == 2
    assert scene.world.run("provision", "plan").code == 0
    scene.settled()


@pytest.mark.sweep
def test_f54_a_value_of_somebody_else_is_not_deactivated(scene: FiveAccounts) -> None:
    """A picklist that is deployed without a value deactivates it.

    Reads, merges and sends the full list: what the contract lacks is added, what somebody else added stays
    active.
    """
    field = scene.world.org.sobject("Account").fields[TIER]
    kept = tuple(value for value in field.values if value.value != "tier_3")
    custom = (*kept, PicklistValue(value="strategic", label="Strategic"))
    scene.world.org.schema.put_field("Account", replace(field, values=custom))
    scene.world.org.touch_definitions()
    scene.later()
    assert scene.world.run("provision", "apply", "--yes").code == 0
    mended = scene.world.org.sobject("Account").fields[TIER]
    assert {value.value for value in mended.values if value.active} == {
        "tier_1",
        "tier_2",
        "tier_3",
        "strategic",
    }


@pytest.mark.sweep
def test_f55_a_checkbox_is_created_without_required(scene: FiveAccounts) -> None:
    """A Checkbox with `required`: FIELD_INTEGRITY_EXCEPTION.

    Never sends `required` for a Checkbox.
    """
    definitions.delete_field(scene.world.org, "Account", TARGET)
    scene.later()
    ran = scene.world.run("provision", "apply", "--yes")
    assert ran.code == 0, ran.text
    assert scene.world.org.sobject("Account").fields[TARGET].type == "boolean"


def opportunity(scene: FiveAccounts, name: str, stage: str, **more: object) -> str:
    made = scene.people.salesforce(
        "POST",
        "sobjects/Opportunity",
        json={
            "Name": name,
            "StageName": stage,
            "CloseDate": "2026-04-30",
            "AccountId": scene.accounts["Acme"],
            **more,
        },
    )
    return str(made["id"])


@pytest.mark.sweep
def test_f56_won_and_closed_are_flags_and_not_names(scene: FiveAccounts) -> None:
    """A stage is renamed, and two stages are won.

    Reads IsWon and IsClosed; what a stage is called decides nothing.
    """
    scene.people.door("salesforce", "stages", {"rename": "Closed Won", "label": "Gewonnen"})
    one = opportunity(scene, "One", "Closed Won")
    two = opportunity(scene, "Two", "Prospecting")
    scene.later()
    assert scene.world.run("outcomes", "pull").code == 0
    with scene.world.ledger() as ledger:
        found = {item.id: item for item in ledger.outcomes.all()}
    assert (found[NativeId(one)].closed, found[NativeId(one)].won, found[NativeId(one)].stage_label) == (
        True,
        True,
        "Gewonnen",
    )
    assert found[NativeId(one)].buyer_stage == "closed_won"
    assert (found[NativeId(two)].closed, found[NativeId(two)].won) == (False, False)


@pytest.mark.sweep
def test_f57_an_opportunity_that_opens_again_is_open_again(scene: FiveAccounts) -> None:
    """Closed, then reopened; the amount changes after the close.

    Outcomes are kept with their history and worked out anew at each pull.
    """
    made = opportunity(scene, "One", "Closed Won", Amount=1000)
    scene.later()
    assert scene.world.run("outcomes", "pull").code == 0
    scene.later()
    scene.people.salesforce(
        "PATCH", f"sobjects/Opportunity/{made}", json={"StageName": "Negotiation/Review", "Amount": 1500}
    )
    scene.later()
    assert scene.world.run("outcomes", "pull").code == 0
    with scene.world.ledger() as ledger:
        (now,) = [item for item in ledger.outcomes.all() if item.id == made]
        versions = ledger.outcomes.history(SALESFORCE, [made])[made]
    assert (now.closed, now.won, now.amount) == (False, False, "1500")
    assert [(version.won, version.amount) for version in versions] == [(True, "1000"), (False, "1500")]


@pytest.mark.sweep
def test_f58_an_org_with_one_currency_is_asked_for_none(scene: FiveAccounts) -> None:
    """CurrencyIsoCode does not exist in an org with one currency.

    Looks into the describe first and asks only for what is there.
    """
    opportunity(scene, "One", "Prospecting", Amount=1000)
    scene.later()
    ran = scene.world.run("outcomes", "pull")
    assert ran.code == 0, ran.text
    asked = [
        call["query"] for call in scene.sent("salesforce", "GET", "/query") if "Opportunity" in call["query"]
    ]
    assert asked
    assert not [query for query in asked if "CurrencyIsoCode" in query]
    with scene.world.ledger() as ledger:
        (found,) = ledger.outcomes.all()
    assert (found.amount, found.currency) == ("1000", None)


@pytest.mark.sweep
def test_f59_no_change_event_is_missed(scene: FiveAccounts) -> None:
    """Change events with gaps, many ids, or an expired replay id.

    Cannot happen: Tandem subscribes to no change events; it reads by stamp from the Cursor, and compares
    everything once a day.
    """
    a_full_run_of_everything(scene)
    code = source_of("connector").lower()
    assert not [word for word in ("cometd", "changeevent", "replayid", "pubsub") if word in code]
    assert not [call for call in scene.world.salesforce.calls()["recent"] if "/cometd" in call["path"]]
