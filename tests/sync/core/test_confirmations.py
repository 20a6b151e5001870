"""What each confirmation settles: of which agreement, in which Systems, and what it tells the history."""

from __future__ import annotations

from dataclasses import replace

from sync.core.confirmations import Settling
from sync.core.diff import Why
from sync.core.plan import Agreement, Create
from sync.model.journal import Event, Settlement
from sync.model.records import Base, LinkId, LinkSide, SystemName
from tests.ids import HUBSPOT, SALESFORCE

#: salesforce was edited; the two others are to take the edit over.
CARRIED = Agreement(
    link_id=LinkId("tdm1"),
    field="tier",
    base=Base("tier_1"),
    observed={"salesforce": "tier_1", "hubspot": "tier_1", "emea": "tier_1"},
    after=("hubspot", "emea"),
    why=Why.PREFERRED,
    led_by=("salesforce",),
)
#: Nobody has a value, and the record in hubspot is still to be made.
BLANK = Agreement(
    link_id=LinkId("tdm1"), field="owner", base=Base(None), observed={"salesforce": None, "hubspot": None}
)
QUIET = replace(CARRIED, after=(), observed={"salesforce": "tier_1", "hubspot": "tier_1"}, why=Why.AGREED)


def a_create(system: str = "hubspot", link_id: str = "tdm1") -> Create:
    return Create(
        link_id=LinkId(link_id), label="Acme", system=SystemName(system), name="Acme", domain="acme.com"
    )


def side(system: str, link_id: str = "tdm1") -> LinkSide:
    return LinkSide(LinkId(link_id), SystemName(system))


def settled(settlement: Settlement) -> tuple[LinkId, dict[str, object], dict[str, dict[str, object]]]:
    observed: dict[str, dict[str, object]] = {
        system: dict(values) for system, values in settlement.observed.items()
    }
    return settlement.link_id, dict(settlement.base), observed


# -- without a write ------------------------------------------------------------------------------------------


def test_what_needs_no_write_is_settled_at_once_and_nothing_else_is() -> None:
    other = replace(CARRIED, field="stage")
    settling = Settling([QUIET, other])
    assert [settled(found) for found in settling.at_once()] == [
        ("tdm1", {"tier": "tier_1"}, {"salesforce": {"tier": "tier_1"}, "hubspot": {"tier": "tier_1"}})
    ]
    assert settling.at_last() == []


def test_what_speaks_of_a_record_that_is_still_to_be_made_is_not_settled_at_once() -> None:
    settling = Settling([BLANK], [a_create()])
    assert settling.at_once() == []
    assert [settled(found) for found in settling.at_last()] == [
        ("tdm1", {"owner": None}, {"salesforce": {"owner": None}, "hubspot": {"owner": None}})
    ]


def test_a_record_that_is_made_for_another_account_or_in_another_system_delays_nothing() -> None:
    for create in (a_create(link_id="tdm2"), a_create("emea")):
        settling = Settling([BLANK], [create])
        assert [found.link_id for found in settling.at_once()] == ["tdm1"]
        assert settling.at_last() == []


def test_at_last_nothing_is_settled_that_still_waits_for_a_write() -> None:
    settling = Settling([BLANK, CARRIED], [a_create()])
    assert [settled(found)[1] for found in settling.at_last()] == [{"owner": None}]


# -- as writes are confirmed ----------------------------------------------------------------------------------


def test_the_first_confirmation_settles_only_where_no_write_is_needed_and_the_last_one_everything() -> None:
    settling = Settling([CARRIED])
    confirmed = {side("hubspot"): {"tier": "tier_1"}}
    (first,) = settling.confirmed(HUBSPOT, ["tdm1"], confirmed, {})
    assert settled(first) == ("tdm1", {}, {"salesforce": {"tier": "tier_1"}})
    confirmed[side("emea")] = {"tier": "Tier 1"}
    (last,) = settling.confirmed(SystemName("emea"), ["tdm1"], confirmed, {})
    assert settled(last) == (
        "tdm1",
        {"tier": "tier_1"},
        {"salesforce": {"tier": "tier_1"}, "hubspot": {"tier": "tier_1"}, "emea": {"tier": "Tier 1"}},
    )


def test_the_edit_that_a_half_way_decision_put_aside_is_what_stood_there_before_our_copy() -> None:
    """Not what was settled there before that edit: the leader that blanked a value does not want it back."""
    settling = Settling([replace(CARRIED, overruled={"hubspot": None, "emea": "tier_3"})])
    (first,) = settling.confirmed(HUBSPOT, ["tdm1"], {side("hubspot"): {"tier": "tier_1"}}, {})
    assert settled(first) == ("tdm1", {}, {"salesforce": {"tier": "tier_1"}, "hubspot": {"tier": None}})


def test_a_system_that_confirmed_another_field_has_not_confirmed_this_one() -> None:
    settling = Settling([CARRIED])
    confirmed = {side("hubspot"): {"tier": "tier_1"}, side("emea"): {"stage": "engaged"}}
    (found,) = settling.confirmed(SystemName("emea"), ["tdm1"], confirmed, {})
    assert settled(found) == ("tdm1", {}, {"salesforce": {"tier": "tier_1"}})


def test_what_another_account_confirmed_settles_nothing_of_this_one() -> None:
    settling = Settling([CARRIED, replace(CARRIED, link_id=LinkId("tdm2"))])
    confirmed = {side(system, "tdm2"): {"tier": "tier_1"} for system in ("hubspot", "emea")}
    assert [found.link_id for found in settling.confirmed(SystemName("emea"), ["tdm2"], confirmed, {})] == [
        "tdm2"
    ]
    assert settling.confirmed(SystemName("emea"), ["tdm1", "tdm3"], confirmed, {}) == []


def test_what_a_system_confirms_settles_nothing_that_did_not_wait_for_it() -> None:
    settling = Settling([CARRIED])
    confirmed = {side(system): {"tier": "tier_1"} for system in ("salesforce", "hubspot")}
    assert settling.confirmed(SALESFORCE, ["tdm1"], confirmed, {}) == []


def test_a_blank_is_settled_once_every_record_is_made_that_it_speaks_of() -> None:
    both = replace(BLANK, observed={**BLANK.observed, "emea": None})
    settling = Settling([both], [a_create(), a_create("emea")])
    confirmed: dict[LinkSide, dict[str, str | None]] = {side("hubspot"): {}}
    assert settling.confirmed(HUBSPOT, ["tdm1"], confirmed, {}) == []
    confirmed[side("emea")] = {}
    (found,) = settling.confirmed(SystemName("emea"), ["tdm1"], confirmed, {})
    assert settled(found)[1:] == (
        {"owner": None},
        {"salesforce": {"owner": None}, "hubspot": {"owner": None}, "emea": {"owner": None}},
    )


def test_a_blank_does_not_wait_for_records_of_other_accounts_or_of_which_it_does_not_speak() -> None:
    settling = Settling([BLANK], [a_create(), a_create("emea"), a_create(link_id="tdm2")])
    (found,) = settling.confirmed(HUBSPOT, ["tdm1"], {side("hubspot"): {}}, {})
    assert settled(found)[1] == {"owner": None}


def test_a_write_to_a_record_that_stood_before_settles_no_blank_of_one_that_is_to_be_made() -> None:
    settling = Settling([BLANK], [a_create()])
    confirmed = {side(system): {"tier": "tier_1"} for system in ("salesforce", "hubspot")}
    assert settling.confirmed(SALESFORCE, ["tdm1"], confirmed, {}) == []


def test_all_fields_of_an_account_are_settled_in_one_piece_and_accounts_stand_in_order() -> None:
    agreements = [
        replace(CARRIED, link_id=LinkId(link_id), field=name, after=("hubspot",), observed={"hubspot": "x"})
        for link_id in ("tdm2", "tdm1")
        for name in ("tier", "stage")
    ]
    confirmed = {side("hubspot", link_id): {"tier": "x", "stage": "x"} for link_id in ("tdm1", "tdm2")}
    found = Settling(agreements).confirmed(HUBSPOT, ["tdm2", "tdm1"], confirmed, {})
    everything = ({"tier": "tier_1", "stage": "tier_1"}, {"hubspot": {"tier": "x", "stage": "x"}})
    assert [settled(each) for each in found] == [("tdm1", *everything), ("tdm2", *everything)]


def test_an_agreement_without_a_base_settles_what_stands_and_leaves_the_base_alone() -> None:
    put_back = replace(CARRIED, base=None, observed={"hubspot": "tier_2"}, after=("hubspot",), why=Why.UNDONE)
    (found,) = Settling([put_back]).confirmed(HUBSPOT, ["tdm1"], {side("hubspot"): {"tier": "2"}}, {})
    assert settled(found) == ("tdm1", {}, {"hubspot": {"tier": "2"}})


def test_a_base_on_which_all_agree_once_a_write_is_confirmed_is_settled_by_itself() -> None:
    """As where an undo puts a value back that the other Systems still hold."""
    agreed = replace(CARRIED, observed={}, after=("hubspot",), why=Why.UNDONE)
    (found,) = Settling([agreed]).confirmed(HUBSPOT, ["tdm1"], {side("hubspot"): {"tier": "1"}}, {})
    assert settled(found) == ("tdm1", {"tier": "tier_1"}, {})


# -- covered edits --------------------------------------------------------------------------------------------


def test_an_edit_that_was_covered_before_is_decided_by_what_settles_its_field() -> None:
    (found,) = Settling([QUIET]).at_once()
    assert {system: set(names) for system, names in found.uncovered.items()} == {
        "salesforce": {"tier"},
        "hubspot": {"tier"},
    }


def test_an_edit_that_this_very_write_covered_stays_to_be_decided() -> None:
    one = replace(CARRIED, after=("hubspot",), observed={"salesforce": "tier_1", "hubspot": "tier_1"})
    confirmed = {side("hubspot"): {"tier": "tier_1", "stage": "tier_1"}}
    covered = {side("hubspot"): {"tier"}, side("salesforce", "tdm2"): {"stage"}}
    settling = Settling([one, replace(one, field="stage")])
    (found,) = settling.confirmed(HUBSPOT, ["tdm1"], confirmed, covered)
    assert {system: set(names) for system, names in found.uncovered.items()} == {
        "salesforce": {"tier", "stage"},
        "hubspot": {"stage"},
    }


# -- the history of what was put aside ------------------------------------------------------------------------


def told(events: object) -> list[tuple[str | None, str | None, str | None, str | None]]:
    assert isinstance(events, list)
    assert all(isinstance(event, Event) and event.kind == "overruled" for event in events)
    assert {(event.run_id, event.rule) for event in events} <= {("run-7", "preferred")}
    return [(event.link_id, event.system, event.field, event.old) for event in events]


def test_an_edit_that_is_put_aside_is_told_when_the_write_over_it_is_confirmed_and_not_before() -> None:
    aside = replace(CARRIED, overruled={"hubspot": "tier_2", "emea": "tier_3"})
    settling = Settling([aside])
    assert settling.overruled_at_once("run-7") == []
    events = list(settling.overruled(HUBSPOT, {LinkId("tdm1"): {"tier": "tier_1"}}, "run-7"))
    assert told(events) == [("tdm1", "hubspot", "tier", "tier_2")]
    assert events[0].new == "tier_1"
    emea = list(settling.overruled(SystemName("emea"), {LinkId("tdm1"): {"tier": "tier_1"}}, "run-7"))
    assert told(emea) == [("tdm1", "emea", "tier", "tier_3")]


def test_an_edit_that_is_put_aside_where_nothing_is_written_is_told_once_with_the_first_write() -> None:
    """As in a System that already shows what covered it."""
    aside = replace(CARRIED, overruled={"salesforce": "tier_2"})
    settling = Settling([aside])
    assert told(list(settling.overruled(HUBSPOT, {LinkId("tdm1"): {"tier": "tier_1"}}, "run-7"))) == [
        ("tdm1", "salesforce", "tier", "tier_2")
    ]
    assert list(settling.overruled(SystemName("emea"), {LinkId("tdm1"): {"tier": "tier_1"}}, "run-7")) == []


def test_an_edit_is_not_told_as_put_aside_by_a_row_that_did_not_write_its_field() -> None:
    """Such as one that was sent again without it, because the System refused it."""
    settling = Settling([replace(CARRIED, overruled={"hubspot": "tier_2"})])
    assert list(settling.overruled(HUBSPOT, {LinkId("tdm1"): {"stage": "engaged"}}, "run-7")) == []
    assert list(settling.overruled(HUBSPOT, {LinkId("tdm2"): {"tier": "tier_1"}}, "run-7")) == []


def test_a_write_that_an_agreement_does_not_wait_for_puts_nothing_aside() -> None:
    one = replace(CARRIED, after=("emea",), overruled={"hubspot": "tier_2", "emea": "tier_3"})
    assert list(Settling([one]).overruled(HUBSPOT, {LinkId("tdm1"): {"tier": "tier_1"}}, "run-7")) == []


def test_an_edit_that_is_put_aside_without_a_write_is_told_at_once() -> None:
    aside = replace(QUIET, why=Why.PREFERRED, overruled={"hubspot": "tier_2"})
    assert told(Settling([aside]).overruled_at_once("run-7")) == [("tdm1", "hubspot", "tier", "tier_2")]
