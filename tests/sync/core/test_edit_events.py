"""What a reading shows to have happened: each kind of event, and what is none."""

from dataclasses import replace
from datetime import UTC, datetime

from sync.core.edit_events import edits
from sync.model.records import LinkId, NativeId, Record
from tests.ids import HUBSPOT

AT = datetime(2026, 3, 2, 9, tzinfo=UTC)
BEFORE = Record(
    system=HUBSPOT,
    id=NativeId("1"),
    link_id=LinkId("tdm1"),
    current={"tier": "tier_1"},
    observed={"tier": "tier_1"},
    stamp=AT,
    modified_by="9",
)


def told(before: Record | None, after: Record) -> list[tuple[str, str | None, str | None, str | None]]:
    found = edits(before, after, lambda id: f"user {id}")
    return [(event.kind, event.old, event.new, event.by) for event in found]


def test_a_value_that_moved_was_edited_by_whom_the_crm_names() -> None:
    after = replace(BEFORE, current={"tier": "tier_2"})
    assert told(BEFORE, after) == [("edited", "tier_1", "tier_2", "user 9")]


def test_a_value_of_a_first_meeting_that_is_still_disputed_can_be_edited_too() -> None:
    disputed = replace(BEFORE, observed={})
    assert told(disputed, replace(disputed, current={"tier": "tier_2"})) == [
        ("edited", "tier_1", "tier_2", "user 9")
    ]


def test_first_sight_is_no_edit_and_neither_is_a_record_without_a_link() -> None:
    moved = replace(BEFORE, current={"tier": "tier_2"})
    assert told(None, BEFORE) == []
    assert told(replace(BEFORE, link_id=None), replace(moved, link_id=None)) == []
    assert told(replace(BEFORE, current={}), BEFORE) == []


def test_a_crms_own_spelling_of_what_was_written_is_told_as_such_and_names_nobody() -> None:
    written = replace(BEFORE, current={"name": "acme"}, observed={"name": "acme"}, echo={"name": "acme"})
    read = replace(written, current={"name": "ACME"}, observed={"name": "ACME"}, echo={})
    assert told(written, read) == [("respelled", "acme", "ACME", None)]


def test_a_value_that_means_nothing_any_more_is_told_once() -> None:
    unreadable = replace(BEFORE, unreadable={"tier": "Gold is no tier"})
    (event,) = edits(BEFORE, unreadable, lambda _id: "Ben")
    assert (event.kind, event.field, event.note, event.by) == ("unreadable", "tier", "Gold is no tier", "Ben")
    assert told(unreadable, unreadable) == []
