"""Whose value claims to win, where one was carried to some Systems only. Named by what was once false."""

from __future__ import annotations

from sync.core.sides import Side, claims_of, seen_in_time
from sync.model.records import Base, Covered, Value
from tests.sync.core.desk import NOON


def settled(current: Value, observed: Value, *, carried: bool = False) -> Side:
    return Side(current=current, observed=observed, settled=True, carried=carried)


def test_an_edit_of_what_was_agreed_on_before_does_not_stand_on_top_of_what_is_on_its_way() -> None:
    """HubSpot goes back to what all held once; Salesforce has taken it, and the third System was edited before."""
    sides = {
        "hubspot": settled("closed", "closed"),
        "salesforce": settled("closed", "awareness", carried=True),
        "salesforce_emea": settled("negotiating", "closed"),
    }
    assert claims_of(sides, Base("closed")) == {"hubspot": "closed", "salesforce_emea": "negotiating"}


def test_an_edit_on_top_of_what_was_carried_is_the_only_one_that_counts() -> None:
    sides = {
        "hubspot": settled("closed", "closed"),
        "salesforce": settled("closed", "awareness", carried=True),
        "salesforce_emea": settled("negotiating", "closed"),
    }
    assert claims_of(sides, Base("awareness")) == {"salesforce_emea": "negotiating"}


def test_a_copy_that_a_run_made_beside_the_one_that_covered_an_edit_is_nobodys_word() -> None:
    covered = Covered(value=None, instead_of="north", at=NOON, copies=("salesforce",))
    sides = {
        "hubspot": Side(current="south", observed="south", settled=True, covered=covered),
        "salesforce": settled("south", "south"),
        "salesforce_emea": settled("south", "south"),
    }
    assert claims_of(*seen_in_time(sides, Base("south"))) == {"hubspot": None, "salesforce_emea": "south"}


def test_an_edit_that_put_back_what_a_write_had_replaced_elsewhere_claims_to_win() -> None:
    """Salesforce had agreed on what was written to HubSpot over an edit, and went back to the value before it."""
    covered = Covered(value="engaged", instead_of="negotiating", at=NOON)
    sides = {
        "hubspot": Side(current="identified", observed="identified", settled=True, covered=covered),
        "salesforce": settled("negotiating", "identified"),
        "salesforce_emea": settled("evaluating", "identified"),
    }
    assert claims_of(*seen_in_time(sides, Base("identified"))) == {
        "hubspot": "engaged",
        "salesforce": "negotiating",
        "salesforce_emea": "evaluating",
    }


def test_what_somebody_replaced_where_it_was_carried_claims_nothing_where_it_came_from() -> None:
    """The third record was never made, so nothing was agreed on by all; who edited the copy has seen the value."""
    sides = {
        "salesforce_emea": settled("closed", "closed"),
        "hubspot": settled("awareness", "closed"),
        "salesforce": Side(current=None, new=True),
    }
    assert claims_of(sides, None) == {"hubspot": "awareness"}


def test_what_nobody_has_settled_or_replaced_claims_beside_an_edit_where_all_never_agreed() -> None:
    joins = {"salesforce_emea": Side(current="closed"), "hubspot": settled("awareness", "closed")}
    assert claims_of(joins, None) == {"salesforce_emea": "closed", "hubspot": "awareness"}
    other = {"salesforce_emea": settled("engaged", "engaged"), "hubspot": settled("awareness", "closed")}
    assert claims_of(other, None) == {"salesforce_emea": "engaged", "hubspot": "awareness"}


def test_an_edit_on_top_of_what_a_write_carried_over_another_one_is_no_copy_and_answers_its_source() -> None:
    covered = Covered(value="west", instead_of="north", at=NOON, copies=("hubspot",))
    sides = {
        "hubspot": settled("east", "south"),
        "salesforce": settled("south", "south"),
        "salesforce_emea": Side(current="south", observed="south", settled=True, covered=covered),
    }
    assert claims_of(*seen_in_time(sides, Base("south"))) == {"hubspot": "east", "salesforce_emea": "west"}


def test_what_an_undo_wrote_over_an_edit_is_not_the_word_of_whoever_holds_the_same() -> None:
    """Salesforce has stood still all the time; a Run would have carried its value, and an undo carries none."""
    covered = Covered(value="west", instead_of="north", at=NOON, copies=("salesforce_emea",), undo=True)
    sides = {
        "hubspot": Side(current="south", observed="south", settled=True, covered=covered),
        "salesforce": settled("south", "south"),
        "salesforce_emea": settled("south", "south"),
    }
    assert claims_of(*seen_in_time(sides, Base("south"))) == {"hubspot": "west"}
    carried = Covered(value="east", instead_of="north", at=NOON)
    sides["salesforce_emea"] = Side(current="south", observed="south", settled=True, covered=carried)
    assert claims_of(*seen_in_time(sides, Base("south"))) == {
        "hubspot": "west",
        "salesforce": "south",
        "salesforce_emea": "east",
    }
