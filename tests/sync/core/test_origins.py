"""Whose time an edit carries. Named by what was once false."""

from __future__ import annotations

from datetime import datetime, timedelta

from connector.base import Version
from sync.core.origins import Entry, Sighting, by_people, entries, origin
from sync.model.records import Edited, Evidence, SystemName, Value
from tests.ids import HUBSPOT
from tests.sync.core.desk import NOON

US, ANN = "12345", "77"


def at(minutes: int) -> datetime:
    return NOON + timedelta(minutes=minutes)


def version(value: str, minutes: int, *, by: str = ANN) -> Version:
    return Version(value=value, at=at(minutes), by=by, by_app=by == US)


def history(*versions: Version) -> list[Entry]:
    """The newest first."""
    return entries(versions, lambda each: (str(each.value),))


def seen(
    value: Value, minutes: int, *, system: str = "salesforce", evidence: Evidence = Evidence.STAMP
) -> Sighting:
    return Sighting(system=SystemName(system), value=value, at=at(minutes), by=ANN, evidence=evidence)


def traced(written: int, *sightings: Sighting) -> Edited:
    return origin(HUBSPOT, lambda value: value == "large", at(written), US, sightings)


def test_what_we_wrote_back_is_as_old_as_the_edit_that_it_goes_back_to() -> None:
    kept = history(version("large", 20, by=US), version("small", 10, by=US), version("large", 5))
    found = traced(20, *by_people(HUBSPOT, kept, US))
    assert found == Edited(at=at(5), by=ANN, evidence=Evidence.FIELD_HISTORY)


def test_what_we_carried_is_as_old_as_the_edit_in_the_system_that_it_came_from() -> None:
    """Its user has no name in the other System."""
    found = traced(20, seen("large", 8), seen("small", 12))
    assert found == Edited(at=at(8), by=US, evidence=Evidence.STAMP)


def test_an_edit_that_came_after_we_wrote_is_not_the_one_that_we_carried() -> None:
    assert traced(20, seen("large", 8), seen("large", 40)).at == at(8)


def test_of_several_edits_the_last_before_our_writing_was_carried() -> None:
    assert traced(20, seen("large", 3, system="hubspot"), seen("large", 8)).at == at(8)


def test_of_a_value_whose_edit_nobody_remembers_our_own_writing_tells_no_more_than_that_it_is_older() -> None:
    found = traced(20, seen("small", 8))
    assert found == Edited(at=at(20), by=US, evidence=Evidence.CARRIED)
    assert found.or_earlier


def test_a_value_that_is_entered_once_more_was_brought_by_its_first_version() -> None:
    kept = history(version("large", 20), version("large", 5), version("small", 3))
    assert [(entry.value, entry.brought.at) for entry in kept] == [("large", at(5)), ("small", at(3))]


def test_a_person_who_enters_what_we_had_carried_has_not_edited_it() -> None:
    kept = history(version("large", 20), version("large", 5, by=US), version("small", 3))
    assert [each.value for each in by_people(HUBSPOT, kept, US)] == ["small"]


def test_an_edit_counts_as_earlier_than_our_writing_as_far_as_clocks_may_differ() -> None:
    assert traced(20, seen("large", 22)).at == at(22)
    assert traced(20, seen("large", 23)).evidence is Evidence.CARRIED


def test_where_a_stamp_and_a_history_tell_of_the_same_time_the_history_is_believed() -> None:
    told = seen("large", 8, evidence=Evidence.FIELD_HISTORY)
    for listed in ((told, seen("large", 8)), (seen("large", 8), told)):
        assert traced(20, *listed).evidence is Evidence.FIELD_HISTORY


def test_who_edited_it_in_the_same_system_is_named() -> None:
    assert traced(20, seen("large", 8, system="hubspot")).by == ANN


def test_a_value_without_a_meaning_parts_two_entries_and_is_nobodys_sighting() -> None:
    listed = [version("large", 20), version("?", 10), version("??", 9), version("large", 5)]
    kept = entries(listed, lambda each: None if each.value in {"?", "??"} else (str(each.value),))
    assert [entry.brought.at for entry in kept] == [at(20), at(9), at(5)]
    assert [each.at for each in by_people(HUBSPOT, kept, US)] == [at(20), at(5)]


def test_a_blank_that_somebody_left_is_an_edit_of_theirs() -> None:
    kept = entries([version("", 20)], lambda each: (None,))
    (sighting,) = by_people(HUBSPOT, kept, US)
    assert (sighting.value, sighting.at, sighting.by) == (None, at(20), ANN)
    assert (sighting.system, sighting.evidence) == (HUBSPOT, Evidence.FIELD_HISTORY)
