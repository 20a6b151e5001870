"""Who spoke last: ``newest`` goes by what the CRMs remember of the field itself, and says what it went by."""

from __future__ import annotations

import pytest

from emulator.hubspot.data.stamps import instant
from sync.core.plan import Plan
from tests.simulation.acme import Acme, write_to
from tests.simulation.book import read_book
from tests.simulation.crms import Crms

NEWEST, OTHER = "segment", "territory"


@pytest.fixture
def untracked(crms: Crms, acme: Acme) -> None:
    """The org keeps no history of any field."""
    crms.door("salesforce", "settings", {"tracked": []})


@pytest.fixture
def tracked(crms: Crms, acme: Acme) -> None:
    """The org keeps the history of the field."""
    crms.door("salesforce", "settings", {"tracked": ["Account.Segment__c"]})


def planned(acme: Acme) -> Plan:
    acme.crms.clock.advance(300)
    assert acme.app is not None
    return acme.app.engine.plan().plan


def decided(acme: Acme) -> tuple[str, str]:
    """The System that leads, and why, of the one Change of the field."""
    (change,) = [change for change in planned(acme).changes if change.field == NEWEST]
    return change.led_by[0], change.reason


@pytest.mark.usefixtures("untracked")
def test_an_edit_of_another_field_in_hubspot_does_not_make_an_older_value_newer(acme: Acme) -> None:
    acme.edit("hubspot", NEWEST, "older")
    acme.edit("salesforce", NEWEST, "newer")
    acme.edit("hubspot", OTHER, "something else")
    known = "by field history in hubspot, by the record's stamp in salesforce"
    assert decided(acme) == (
        "salesforce",
        f"newest edit is salesforce's ({known}); the value here is overruled",
    )
    acme.run()
    assert acme.values(NEWEST) == {"salesforce": "newer", "hubspot": "newer"}


@pytest.mark.sweep
@pytest.mark.usefixtures("tracked")
def test_an_edit_of_another_field_in_salesforce_does_not_make_an_older_value_newer_where_history_is_tracked(
    acme: Acme,
) -> None:
    acme.edit("salesforce", NEWEST, "older")
    acme.edit("hubspot", NEWEST, "newer")
    acme.edit("salesforce", OTHER, "something else")
    assert decided(acme) == (
        "hubspot",
        "newest edit is hubspot's (by field history); the value here is overruled",
    )


@pytest.mark.sweep
@pytest.mark.usefixtures("untracked")
def test_where_salesforce_keeps_no_history_the_stamp_decides_and_the_plan_says_so(acme: Acme) -> None:
    acme.edit("salesforce", NEWEST, "older")
    acme.edit("hubspot", NEWEST, "newer")
    acme.edit("salesforce", OTHER, "something else")
    leader, reason = decided(acme)
    assert leader == "salesforce"
    assert "by the record's stamp in salesforce" in reason


@pytest.mark.sweep
@pytest.mark.usefixtures("untracked")
def test_the_stamp_that_counts_is_the_one_with_which_an_edit_was_first_read(acme: Acme) -> None:
    """Nothing is written in between, so that the edit waits while its record is edited further."""
    acme.edit("salesforce", NEWEST, "older")
    planned(acme)
    acme.edit("hubspot", NEWEST, "newer")
    planned(acme)
    acme.edit("salesforce", OTHER, "something else")
    assert decided(acme)[0] == "hubspot"


@pytest.mark.usefixtures("tracked")
def test_a_value_that_is_saved_once_more_is_no_newer_for_it(acme: Acme) -> None:
    acme.edit("salesforce", NEWEST, "older")
    acme.edit("hubspot", NEWEST, "newer")
    acme.edit("salesforce", NEWEST, "older")
    assert decided(acme)[0] == "hubspot"


@pytest.mark.sweep
@pytest.mark.usefixtures("tracked")
def test_a_value_that_a_history_tells_of_twice_counts_from_the_first_time(acme: Acme, crms: Crms) -> None:
    """As after a merge, which brings what stood in both companies."""
    acme.edit("hubspot", NEWEST, "older")
    acme.edit("salesforce", NEWEST, "newer")
    crms.clock.advance(1)
    kept = crms.world.portal.shelf("companies").records.find(acme.ids["hubspot"])
    assert kept is not None
    versions = kept.history["tandem_segment"]
    versions.append(versions[-1]._replace(at=instant(crms.clock.now())))
    assert decided(acme)[0] == "salesforce"


def meeting(crms: Crms, acme: Acme, *, apart: float = 60, region: str = "") -> None:
    """Another company, which the CRMs know with different values; HubSpot's was entered a minute after Salesforce's."""
    fields = {"Name": "Beta", "Website": "beta.com", "Segment__c": "older"}
    acme.ids["salesforce"] = str(crms.salesforce("POST", "sobjects/Account", fields)["id"])
    crms.clock.advance(apart)
    properties = {"name": "Beta", "domain": "beta.com", "tandem_segment": "newer", "tandem_region": region}
    acme.ids["hubspot"] = str(crms.hubspot("POST", "objects/companies", {"properties": properties})["id"])
    crms.clock.advance(60)


@pytest.mark.sweep
@pytest.mark.usefixtures("tracked")
def test_a_value_that_was_never_edited_is_not_newer_for_an_edit_of_another_field(
    crms: Crms, acme: Acme
) -> None:
    """Salesforce's history does not tell of what was entered when the record was made."""
    meeting(crms, acme)
    acme.edit("salesforce", OTHER, "something else")
    acme.run()
    acme.run()
    assert acme.conflict(NEWEST) == {"salesforce": "older", "hubspot": "newer"}


@pytest.mark.sweep
@pytest.mark.usefixtures("tracked")
def test_an_edit_is_newer_than_a_value_of_a_record_that_nobody_has_saved_since(
    crms: Crms, acme: Acme
) -> None:
    meeting(crms, acme)
    leader, reason = decided(acme)
    assert leader == "hubspot"
    assert "by a history that knows no edit of it in salesforce" in reason


@pytest.mark.usefixtures("untracked")
def test_a_value_is_not_newer_because_tandem_wrote_another_field_of_its_record(
    crms: Crms, acme: Acme
) -> None:
    meeting(crms, acme, apart=0, region="north")
    acme.run()
    assert acme.values("region") == {"salesforce": "north", "hubspot": "north"}
    asked = acme.conflict(NEWEST)
    assert asked == {"salesforce": "older", "hubspot": "newer"}
    acme.run()
    assert acme.conflict(NEWEST) == asked


@pytest.mark.sweep
@pytest.mark.usefixtures("tracked")
def test_edits_within_one_second_are_a_question_for_a_person(acme: Acme) -> None:
    acme.edit("salesforce", NEWEST, "one")
    acme.crms.clock.advance(-1)
    acme.edit("hubspot", NEWEST, "other")
    acme.run()
    assert acme.conflict(NEWEST) == {"salesforce": "one", "hubspot": "other"}


@pytest.mark.sweep
def test_a_conflict_tells_who_edited_the_field_and_not_who_touched_the_record_last(
    crms: Crms, acme: Acme
) -> None:
    crms.door("salesforce", "settings", {"tracked": ["Account.Territory__c"]})
    acme.edit("salesforce", OTHER, "north")
    edited = crms.clock.now()
    acme.edit("hubspot", OTHER, "south")
    crms.clock.advance(60)
    account = f"sobjects/Account/{acme.ids['salesforce']}"
    crms.salesforce("PATCH", account, {"Segment__c": "x"}, user="admin@example.com")
    acme.run()
    assert acme.conflict(OTHER) == {"salesforce": "north", "hubspot": "south"}
    assert acme.app is not None
    (stored,) = acme.app.ledger.conflicts.list(field=OTHER)
    side = stored.finding.sides["salesforce"]
    assert (side.at, side.evidence) == (edited.replace(microsecond=0), "field history")
    assert side.by == "Ben Ortiz"
    assert stored.finding.proposals["newest"] == "south"


@pytest.mark.sweep
def test_nothing_is_asked_where_one_side_alone_was_edited(crms: Crms, acme: Acme) -> None:
    acme.run()
    acme.edit("salesforce", NEWEST, "one")
    crms.world.salesforce.app.state.calls.reset()
    crms.world.hubspot.app.state.calls.reset()
    (change,) = [change for change in planned(acme).changes if change.field == NEWEST]
    assert change.reason == "edited in salesforce"
    assert crms.world.salesforce.calls()["api"] == 1
    assert crms.world.hubspot.calls()["api"] == 2
    assert read_book(acme.ledger).conflicts == {}


@pytest.mark.parametrize("tracked", [[], ["Account.Segment__c"]])
def test_a_value_that_tandem_wrote_back_is_no_younger_than_the_edit_it_goes_back_to(
    acme: Acme, crms: Crms, tracked: list[str]
) -> None:
    """HubSpot's edit was covered and is put back, while somebody enters another value in Salesforce."""
    crms.door("salesforce", "settings", {"tracked": tracked})
    acme.edit("salesforce", NEWEST, "first")
    acme.run_while(write_to("hubspot"), lambda: acme.edit("hubspot", NEWEST, "second"))
    acme.run_while(write_to("salesforce"), lambda: acme.edit("salesforce", NEWEST, "third"))
    for _ in range(2):
        acme.run()
    assert acme.values(NEWEST) == {"salesforce": "third", "hubspot": "third"}
    assert acme.conflict(NEWEST) is None


@pytest.mark.usefixtures("untracked")
def test_an_edit_is_no_younger_because_tandem_saved_its_record_before_anybody_read_it(acme: Acme) -> None:
    """All that is known of it is that it came before that; HubSpot's may be the younger one, and a person is asked."""

    def edit_both() -> None:
        acme.edit("salesforce", NEWEST, "older")
        acme.edit("hubspot", NEWEST, "newer")

    with acme.configured(guarded_up_to=0):
        acme.run()
        acme.edit("hubspot", OTHER, "something else")
        acme.run_while(write_to("salesforce"), edit_both)
        acme.run()
    assert acme.conflict(NEWEST) == {"salesforce": "older", "hubspot": "newer"}
