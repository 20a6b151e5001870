"""Somebody edits a record between Tandem's reading and its writing. Named by what was once false."""

from __future__ import annotations

import pytest

from tests.simulation.acme import GUARD, Acme, write_to
from tests.simulation.crms import Crms


@pytest.mark.parametrize(("edited", "covered"), [("hubspot", "salesforce"), ("salesforce", "hubspot")])
def test_an_edit_that_our_write_covers_is_never_silently_gone(acme: Acme, edited: str, covered: str) -> None:
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
