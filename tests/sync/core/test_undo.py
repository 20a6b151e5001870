"""What of a Run goes back, what is left alone and why, and what is settled by it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from mappings.fields import CanonicalField, Direction, FieldType, SyncRule
from sync.core.diff import Why
from sync.core.undo import Made, Overwrite, TakenBack, UndoFacts, take_back
from sync.model.records import Account, Covered, LinkId, NativeId, Record, SystemName, Value
from tests.ids import HUBSPOT, SALESFORCE
from tests.sync.core.desk import TIERS, a_field, a_mapping, a_record, an_account, spellings

SYSTEMS = ("salesforce", "hubspot", "salesforce_emea")
FIELDS: dict[str, CanonicalField] = {
    "tier": a_field("tier", FieldType.ENUM, options=TIERS),
    "size": a_field("size", FieldType.NUMBER),
    "owner": a_field("owner", FieldType.USER),
    "score": a_field("score", FieldType.NUMBER, rule=SyncRule(direction=Direction.parse("push"))),
}
#: The Run carried tier_1 from salesforce to hubspot, where tier_2 stood.
WRITTEN = Overwrite(
    link_id=LinkId("tdm1"),
    system=HUBSPOT,
    record_id=NativeId("9"),
    field="tier",
    before="tier_2",
    written="tier_1",
)


def standing(
    account: Account | None,
    *,
    closed: Mapping[str, str] | None = None,
    fields: Mapping[str, CanonicalField] = FIELDS,
    lacks: Mapping[str, set[str]] | None = None,
    systems: tuple[str, ...] = SYSTEMS,
) -> UndoFacts:
    mapping = a_mapping(FIELDS, systems, scale={"salesforce_emea": 0}, lacks=lacks)
    return UndoFacts(
        accounts={} if account is None else {account.link.id: account},
        closed=closed or {},
        fields=fields,
        spellings=spellings(mapping),
    )


def there(system: str, value: Value, *, id: str = "9", field: str = "tier", **more: Any) -> Record:
    given = {"current": {field: value}, "observed": {field: value}, "link_id": "tdm1"}
    return a_record(system, id=id, **{**given, **more})


def undone(item: Overwrite, *records: Record, **more: Any) -> TakenBack:
    return take_back("run-7", [item], [], standing(an_account(*records), **more))


def reason(found: TakenBack) -> str:
    assert found.changes == []
    assert found.agreements == []
    (left,) = found.left
    assert (left.link_id, left.label, left.system) == ("tdm1", "Acme", "hubspot")
    return left.reason


# -- what goes back -------------------------------------------------------------------------------------------


def test_what_a_run_wrote_and_nobody_touched_goes_back() -> None:
    found = undone(WRITTEN, there("salesforce", "tier_1", id="1"), there("hubspot", "tier_1"))
    (change,) = found.changes
    assert (change.link_id, change.label, change.system, change.record_id) == ("tdm1", "Acme", "hubspot", "9")
    assert (change.field, change.expected, change.value) == ("tier", "tier_1", "tier_2")
    assert (change.why, change.rule) == (Why.UNDONE, "undo of Run run-7")
    assert found.left == []


def test_an_edit_that_the_run_had_covered_is_not_lost_to_its_undo() -> None:
    """The next Run decides it by the field's rule; what the undo knows of is older than that edit."""
    covered = Covered(value="tier_3", instead_of="tier_2", at=datetime(2026, 3, 2, tzinfo=UTC), by="9")
    found = undone(
        WRITTEN,
        there("salesforce", "tier_1", id="1"),
        there("hubspot", "tier_1", covered={"tier": covered}),
    )
    assert "the next Run decides" in reason(found)


def test_what_goes_back_is_settled_where_it_goes_once_it_is_confirmed_and_is_no_base() -> None:
    found = undone(WRITTEN, there("salesforce", "tier_1", id="1"), there("hubspot", "tier_1"))
    (agreement,) = found.agreements
    assert (agreement.link_id, agreement.field, agreement.why) == ("tdm1", "tier", Why.UNDONE)
    assert (agreement.base, agreement.observed) == (None, {"hubspot": "tier_2"})
    assert agreement.after == ("hubspot",)


def test_what_a_crm_respelled_after_the_run_goes_back_as_well() -> None:
    """What stands there was Observed, and nobody is known to have edited it."""
    found = undone(WRITTEN, there("hubspot", "tier_3"))
    assert [change.expected for change in found.changes] == ["tier_3"]


def test_a_value_goes_back_in_the_words_of_each_system() -> None:
    item = replace(WRITTEN, system=SystemName("salesforce_emea"), field="size", before="40.4", written="70.6")
    record = there("salesforce_emea", "71", field="size")
    found = undone(item, record)
    assert [(change.expected, change.value) for change in found.changes] == [("71", "40.4")]
    assert found.agreements[0].observed == {"salesforce_emea": "40"}


@pytest.mark.parametrize("now", ["71", "70.6"])
def test_what_the_run_wrote_goes_back_also_where_it_was_never_settled(now: Value) -> None:
    item = replace(WRITTEN, system=SystemName("salesforce_emea"), field="size", before="40", written="70.6")
    found = undone(item, there("salesforce_emea", now, field="size", observed={}))
    assert [change.value for change in found.changes] == ["40"]


# -- what is left alone ---------------------------------------------------------------------------------------


def test_what_stands_there_already_is_left_without_a_word() -> None:
    found = undone(WRITTEN, there("hubspot", "tier_2"))
    assert (found.changes, found.agreements, found.left) == ([], [], [])


@pytest.mark.parametrize(
    "more",
    [
        {"fields": {"size": FIELDS["size"]}},
        {"systems": ("salesforce",)},
        {"lacks": {"hubspot": {"tier"}}},
    ],
    ids=["not mapped", "no such System", "not kept there"],
)
def test_a_field_that_is_no_longer_kept_in_step_is_left_alone(more: dict[str, Any]) -> None:
    found = undone(WRITTEN, there("hubspot", "tier_1"), **more)
    assert reason(found) == "tier is no longer kept in step in hubspot"


def test_accounts_that_are_no_longer_linked_are_left_alone() -> None:
    found = undone(WRITTEN, there("hubspot", "tier_1"), closed={"tdm1": "deleted in salesforce"})
    assert reason(found) == "the accounts are no longer linked: deleted in salesforce"
    gone = take_back("run-7", [WRITTEN], [], standing(None))
    assert [(left.label, left.reason) for left in gone.left] == [
        ("tdm1", "the accounts are no longer linked: the Link is gone")
    ]


def test_a_record_that_is_gone_or_another_one_by_now_is_left_alone() -> None:
    assert reason(undone(WRITTEN, there("salesforce", "tier_1"))) == "the record is gone"
    found = undone(WRITTEN, there("hubspot", "tier_1", id="10"))
    assert reason(found) == "another record, 10, stands in its place"


def test_what_a_later_run_wrote_again_is_left_to_that_one() -> None:
    found = undone(replace(WRITTEN, again="run-9"), there("hubspot", "tier_1"))
    assert reason(found) == "written again since by Run run-9"


def test_what_cannot_be_read_any_more_is_left_alone() -> None:
    unreadable = there("hubspot", "tier_1", unreadable={"tier": "no such tier: Gold"})
    assert reason(undone(WRITTEN, unreadable)) == "edited since: no such tier: Gold"
    untold = there("hubspot", "x", field="size")
    assert reason(undone(WRITTEN, untold)) == "edited since: it could not be read"


@pytest.mark.parametrize(("now", "said"), [("tier_3", "tier_3"), (None, "blank")])
def test_what_somebody_edited_since_is_left_alone(now: Value, said: str) -> None:
    record = there("hubspot", now, observed={"tier": "tier_1"})
    assert reason(undone(WRITTEN, record)) == f"edited since: it is {said} now"
    # Also where a Run has settled that edit by now, or where it was never settled.
    settled = undone(replace(WRITTEN, edited=True), there("hubspot", now))
    assert reason(settled) == f"edited since: it is {said} now"
    assert reason(undone(WRITTEN, there("hubspot", now, observed={}))) == f"edited since: it is {said} now"


@pytest.mark.parametrize(("value", "said"), [("tier_1", "tier_1"), (None, "blank")])
def test_what_somebody_edited_and_set_back_to_what_the_run_wrote_is_left_alone(
    value: Value, said: str
) -> None:
    item = replace(WRITTEN, written=value, edited=True)
    assert reason(undone(item, there("hubspot", value))) == f"edited since, and set to {said} again"


def test_what_the_system_would_refuse_by_now_is_left_alone() -> None:
    item = replace(WRITTEN, field="owner", before="gone@example.com", written="ann@example.com")
    found = undone(item, there("hubspot", "ann@example.com", field="owner"))
    assert reason(found).startswith("what stood there before can no longer be written: ")


def test_a_record_that_the_run_created_stays_and_is_told() -> None:
    made = [
        Made(link_id=LinkId("tdm1"), system=HUBSPOT, record_id=NativeId("9")),
        Made(link_id=LinkId("tdm2"), system=HUBSPOT, record_id=NativeId("8")),
    ]
    found = take_back("run-7", [], made, standing(an_account(there("hubspot", "tier_1"))))
    assert found.changes == []
    assert [(left.label, left.field) for left in found.left] == [("Acme", ""), ("tdm2", "")]
    assert {left.reason for left in found.left} == {"the Run created this record; Tandem deletes nothing"}


# -- whether all agree again ----------------------------------------------------------------------------------


def base_after(*records: Record, item: Overwrite = WRITTEN, more: tuple[Overwrite, ...] = ()) -> list[Value]:
    found = take_back("run-7", [item, *more], [], standing(an_account(*records)))
    assert found.changes
    agreed = [agreement for agreement in found.agreements if agreement.base is not None]
    assert all(agreement.observed == {} and agreement.why is Why.UNDONE for agreement in agreed)
    assert all(set(agreement.after) == {change.system for change in found.changes} for agreement in agreed)
    return [agreement.base.value for agreement in agreed if agreement.base is not None]


def test_what_goes_back_is_the_base_again_where_all_systems_hold_it_then() -> None:
    assert base_after(there("hubspot", "tier_1")) == ["tier_2"]
    assert base_after(there("hubspot", "tier_1"), there("salesforce", "tier_2", id="1")) == ["tier_2"]
    both = replace(WRITTEN, system=SALESFORCE, record_id=NativeId("1"))
    assert base_after(there("hubspot", "tier_1"), there("salesforce", "tier_1", id="1"), more=(both,)) == [
        "tier_2"
    ]


def test_a_number_is_agreed_on_where_each_system_shows_it_as_it_can() -> None:
    item = replace(WRITTEN, field="size", before="40.4", written="70")
    hubspot = there("hubspot", "70", field="size")
    for shown in ("40", "40.4"):
        emea = there("salesforce_emea", shown, id="1", field="size")
        assert base_after(hubspot, emea, item=item) == ["40.4"]


def test_where_a_value_goes_back_to_no_edit_waits_any_more() -> None:
    assert base_after(there("hubspot", "tier_1", observed={})) == ["tier_2"]


@pytest.mark.parametrize(
    "other",
    [
        there("salesforce", "tier_3", id="1"),
        there("salesforce", "tier_2", id="1", observed={"tier": "tier_3"}),
        there("salesforce", "tier_2", id="1", observed={}),
        there("salesforce", "tier_2", id="1", unreadable={"tier": "?"}),
        there("salesforce", "x", id="1", field="size"),
    ],
    ids=["holds another value", "an edit waits", "never settled", "unreadable", "not told"],
)
def test_what_goes_back_is_no_base_where_another_system_does_not_agree(other: Record) -> None:
    assert base_after(there("hubspot", "tier_1"), other) == []


def test_systems_that_do_not_keep_the_field_have_no_say() -> None:
    records = (there("hubspot", "tier_1"), there("salesforce", "tier_3", id="1"))
    for more in ({"lacks": {"salesforce": {"tier"}}}, {"systems": ("hubspot",)}):
        found = undone(WRITTEN, *records, **more)
        assert [each.base.value for each in found.agreements if each.base is not None] == ["tier_2"]


def test_a_score_that_goes_back_is_no_base_or_it_would_be_pushed_once_more() -> None:
    item = replace(WRITTEN, field="score", before="40", written="70")
    assert base_after(there("hubspot", "70", field="score"), item=item) == []


@pytest.mark.parametrize(
    ("item", "said"),
    [
        (replace(WRITTEN, unproven=True), "no answer told whether the Run wrote it"),
        (replace(WRITTEN, brought_back=True), "somebody's edit"),
    ],
)
def test_what_may_be_somebodys_own_is_not_taken_back_with_what_the_run_wrote(
    item: Overwrite, said: str
) -> None:
    found = undone(item, there("salesforce", "tier_1", id="1"), there("hubspot", "tier_1"))
    assert said in reason(found)
