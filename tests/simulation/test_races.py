"""Somebody edits a record between Tandem's reading and its writing. Named by what was once false."""

from __future__ import annotations

import pytest

from tests.simulation.acme import GUARD, Acme, write_to
from tests.simulation.crms import Crms


@pytest.mark.parametrize("guarded", [0, 10])
@pytest.mark.parametrize(("edited", "covered"), [("hubspot", "salesforce"), ("salesforce", "hubspot")])
def test_an_edit_that_our_write_covers_is_never_silently_gone(
    acme: Acme, edited: str, covered: str, guarded: int
) -> None:
    with acme.configured(guarded_up_to=guarded):
        acme.run()
        acme.edit(edited, "territory", "north")
        acme.run_while(write_to(covered), lambda: acme.edit(covered, "territory", "south"))
        acme.run()
    assert acme.conflict("territory") == {edited: "north", covered: "south"}
    acme.run()
    assert acme.conflict("territory") == {edited: "north", covered: "south"}


@pytest.mark.parametrize(("edited", "covered"), [("hubspot", "salesforce"), ("salesforce", "hubspot")])
def test_a_covered_edit_is_decided_by_the_rule_of_its_field(acme: Acme, edited: str, covered: str) -> None:
    acme.edit(edited, "mqa_stage", "engaged")
    acme.run_while(write_to(covered), lambda: acme.edit(covered, "mqa_stage", "negotiating"))
    for _ in range(2):
        acme.run()
    assert acme.values("mqa_stage") == {"salesforce": "negotiating", "hubspot": "negotiating"}
    assert acme.conflict("mqa_stage") is None


def test_a_covered_edit_that_the_rule_prefers_is_written_back_where_it_was_entered(acme: Acme) -> None:
    acme.edit("hubspot", "region", "north")
    acme.run_while(write_to("salesforce"), lambda: acme.edit("salesforce", "region", "south"))
    for _ in range(2):
        acme.run()
    assert acme.values("region") == {"salesforce": "south", "hubspot": "south"}


@pytest.mark.sweep
def test_an_edit_in_hubspot_that_a_dying_run_covered_is_found_by_the_next(acme: Acme) -> None:
    acme.edit("salesforce", "territory", "north")
    acme.run_while(write_to("hubspot"), lambda: acme.edit("hubspot", "territory", "south"), killed=True)
    for _ in range(2):
        acme.run()
    assert acme.conflict("territory") == {"salesforce": "north", "hubspot": "south"}


def test_an_edit_on_top_of_our_write_settles_what_it_covered(acme: Acme) -> None:
    acme.edit("salesforce", "territory", "north")
    acme.run_while(write_to("hubspot"), lambda: acme.edit("hubspot", "territory", "south"))
    acme.edit("hubspot", "territory", "west")
    for _ in range(2):
        acme.run()
    assert acme.values("territory") == {"salesforce": "west", "hubspot": "west"}
    assert acme.conflict("territory") is None


@pytest.mark.sweep
def test_an_account_that_somebody_makes_in_both_crms_is_not_made_once_more(crms: Crms, acme: Acme) -> None:
    def make_both() -> None:
        crms.salesforce("POST", "sobjects/Account", {"Name": "Beta", "Website": "beta.com"})
        crms.hubspot("POST", "objects/companies", {"properties": {"name": "Beta", "domain": "beta.com"}})

    crms.clock.advance(300)
    make_both()
    # HubSpot's search does not show the company yet.
    assert acme.app is not None
    acme.app.engine.run(guard=GUARD)
    for _ in range(2):
        acme.run()
    assert len([1 for record in crms.companies().values() if record.values.get("domain") == "beta.com"]) == 1
    assert len([1 for row in crms.accounts().values() if row.get("Website") == "beta.com"]) == 1


@pytest.mark.parametrize(("system", "other"), [("hubspot", "salesforce"), ("salesforce", "hubspot")])
def test_a_value_that_is_taken_away_while_a_conflict_is_open_is_not_filled_again(
    crms: Crms, acme: Acme, system: str, other: str
) -> None:
    """The accounts never agreed on the field, and yet the blank is somebody's word."""
    fields = {"Name": "Beta", "Website": "beta.com", "Territory__c": "north"}
    acme.ids["salesforce"] = str(crms.salesforce("POST", "sobjects/Account", fields)["id"])
    properties = {"name": "Beta", "domain": "beta.com", "tandem_territory": "south"}
    acme.ids["hubspot"] = str(crms.hubspot("POST", "objects/companies", {"properties": properties})["id"])
    acme.run()
    asked = acme.conflict("territory")
    assert asked == {"salesforce": "north", "hubspot": "south"}
    acme.edit(system, "territory", "")
    acme.run()
    assert acme.conflict("territory") == {system: None, other: asked[other]}
    acme.edit(system, "territory", asked[system] or "")
    acme.run()
    assert acme.conflict("territory") == asked


# -- a handful of accounts in Salesforce: each written only where nobody was faster ------------------------------


def sent(acme: Acme) -> list[str]:
    """Values that Salesforce was given for the field and that it remembers, oldest first."""
    rows = acme.crms.world.org.store.rows("AccountHistory")
    return [str(row["NewValue"]) for row in rows if row["Field"] == "Territory__c"]


def test_an_edit_that_was_faster_is_not_even_covered(acme: Acme) -> None:
    acme.edit("hubspot", "territory", "north")
    acme.run_while(write_to("salesforce"), lambda: acme.edit("salesforce", "territory", "south"))
    assert acme.values("territory") == {"salesforce": "south", "hubspot": "north"}
    assert sent(acme) == ["south"]
    acme.run()
    assert acme.conflict("territory") == {"hubspot": "north", "salesforce": "south"}


@pytest.mark.sweep
def test_an_edit_of_another_field_meanwhile_does_not_put_the_write_off(acme: Acme) -> None:
    acme.edit("hubspot", "territory", "north")
    acme.run_while(write_to("salesforce"), lambda: acme.edit("salesforce", "region", "south"))
    assert acme.values("territory") == {"salesforce": "north", "hubspot": "north"}
    acme.run()
    assert acme.values("region") == {"salesforce": "south", "hubspot": "south"}


def test_an_edit_within_the_second_that_a_condition_cannot_tell_is_put_back(acme: Acme) -> None:
    """The record was modified, read, edited and written all within one second."""
    acme.edit("hubspot", "territory", "north")
    acme.crms.clock.advance(300)
    acme.crms.salesforce("PATCH", f"sobjects/Account/{acme.ids['salesforce']}", {"Region__c": "east"})

    def edit() -> None:
        acme.crms.salesforce("PATCH", f"sobjects/Account/{acme.ids['salesforce']}", {"Territory__c": "south"})

    acme.run_while(write_to("salesforce"), edit, later=0)
    acme.run()
    assert acme.conflict("territory") == {"hubspot": "north", "salesforce": "south"}


@pytest.mark.sweep
def test_a_write_that_is_repeated_because_its_answer_was_lost_knows_its_own_first_try(acme: Acme) -> None:
    acme.crms.world.salesforce.fault(drop="after", match={"path": ".*/composite$"}, times=1)
    acme.edit("hubspot", "territory", "north")
    acme.run()
    assert acme.values("territory") == {"salesforce": "north", "hubspot": "north"}
    assert sent(acme) == ["north"]
    acme.run()
    assert acme.conflict("territory") is None
    assert sent(acme) == ["north"]


def test_in_collections_an_edit_that_a_repeated_call_covered_is_found_in_the_tracked_history(
    acme: Acme,
) -> None:
    with acme.configured(guarded_up_to=0):
        acme.edit("hubspot", "territory", "north")
        acme.run()
        acme.crms.world.salesforce.fault(drop="after", match={"path": ".*/composite$"}, times=1)
        acme.edit("hubspot", "territory", "west")
        acme.run_while(write_to("salesforce"), lambda: acme.edit("salesforce", "territory", "south"))
        acme.run()
    assert acme.conflict("territory") == {"hubspot": "west", "salesforce": "south"}


@pytest.mark.sweep
def test_an_edit_before_our_next_write_to_another_field_is_no_spelling_of_our_last_one(acme: Acme) -> None:
    acme.edit("salesforce", "territory", "north")
    acme.run()
    acme.edit("salesforce", "region", "west")
    # HubSpot's search does not show the last write yet, and when it does, ours is the last word on the record again.
    acme.run_while(write_to("hubspot"), lambda: acme.edit("hubspot", "territory", "south"), later=0)
    for _ in range(2):
        acme.run()
    assert acme.values("territory") == {"salesforce": "south", "hubspot": "south"}


def test_a_covered_edit_of_a_company_that_the_answer_left_out_is_looked_up_once_more(
    crms: Crms, acme: Acme
) -> None:
    acme.edit("salesforce", "territory", "north")
    acme.run_while(write_to("hubspot"), lambda: acme.edit("hubspot", "territory", "south"))
    crms.world.hubspot.fault(fault="F75", after=1, match={"method": "POST", "path": ".*/batch/read"})
    for _ in range(3):
        acme.run()
    assert acme.conflict("territory") == {"salesforce": "north", "hubspot": "south"}


@pytest.mark.sweep
def test_a_covered_edit_is_found_under_two_writes_of_ours(crms: Crms, acme: Acme) -> None:
    acme.edit("salesforce", "territory", "north")
    acme.run_while(write_to("hubspot"), lambda: acme.edit("hubspot", "territory", "south"))
    acme.edit("salesforce", "territory", "west")
    crms.world.hubspot.fault(fault="F75", after=1, match={"method": "POST", "path": ".*/batch/read"})
    acme.run()
    assert acme.values("territory") == {"salesforce": "west", "hubspot": "west"}
    for _ in range(2):
        acme.run()
    assert acme.conflict("territory") == {"salesforce": "west", "hubspot": "south"}
