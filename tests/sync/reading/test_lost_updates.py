"""What our write covered: as the call that wrote tells it, and as the field's history does."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from connector.base import NativeRecord, Version
from mappings.fields import CanonicalField, FieldType
from sync.core.diff import Why
from sync.core.landing import SKEW
from sync.core.plan import Change
from sync.model.journal import FieldWrite, Write, WriteState
from sync.model.records import TANDEM_ID, Covered, LinkId, NativeId, Record, RecordState, SystemName, Value
from sync.model.spelling import Spelling
from sync.reading.lost_updates import (
    _before_ours,
    _settled_elsewhere,
    _stands,
    _waits,
    seen_before,
    there_already,
)
from tests.sync.core.desk import NOON, TIERS, a_field, a_mapping, spellings

EMEA = SystemName("salesforce_emea")
FIELDS: dict[str, CanonicalField] = {
    "tier": a_field("tier", FieldType.ENUM, options=TIERS),
    "size": a_field("size", FieldType.NUMBER),
}
US, ANN = "005TANDEM", "005ANN"
#: No value at all, not even a blank.
NOTHING = object()
MEANT = NOON + timedelta(minutes=10)


def spelling() -> Spelling:
    """Whose numbers are whole."""
    return spellings(a_mapping(FIELDS, (EMEA,), scale={EMEA: 0}))[EMEA]


def a_change(field: str, expected: Value, value: Value) -> Change:
    return Change(
        link_id=LinkId("tdm1"),
        label="Acme",
        system=EMEA,
        record_id=NativeId("001"),
        field=field,
        expected=expected,
        value=value,
        why=Why.EDITED,
    )


def stood(**values: Any) -> NativeRecord:
    return NativeRecord(
        id="001",
        values={f"{name}__c": value for name, value in values.items()},
        modified_at=NOON,
        modified_by=ANN,
    )


# -- as the call that wrote tells it --------------------------------------------------------------------------


def test_what_stood_there_and_was_neither_expected_nor_written_was_covered() -> None:
    change = a_change("tier", "tier_2", "tier_1")
    assert seen_before([change], stood(tier="tier_3"), spelling(), US) == {
        "tier": Covered(value="tier_3", instead_of="tier_2", at=NOON, by=ANN)
    }
    assert seen_before([change], stood(tier=None), spelling(), US)["tier"].value is None


@pytest.mark.parametrize(
    ("change", "before"),
    [
        (a_change("tier", "tier_2", "tier_1"), stood(tier="tier_2")),
        (a_change("tier", "tier_2", "tier_1"), stood(tier="tier_1")),
        (a_change("size", "12", "40.4"), stood(size=40)),
        (a_change("size", "12", "40.4"), stood(size=40.4)),
        (a_change("tier", "tier_2", "tier_1"), stood(size=40)),
        (a_change(TANDEM_ID, None, "tdm1"), stood(tier="tier_3")),
    ],
    ids=["as expected", "as written", "as shown", "as sent", "not told", "the mark"],
)
def test_nothing_was_covered_where_nobody_entered_anything_else(change: Change, before: NativeRecord) -> None:
    assert seen_before([change], before, spelling(), US) == {}


@pytest.mark.parametrize(
    ("change", "before", "own"),
    [
        (a_change("tier", "tier_2", "tier_1"), stood(tier="tier_1"), True),
        (a_change("size", "12", "40.4"), stood(size=40), True),
        (a_change("size", "12", "40.4"), stood(size=40.4), True),
        (a_change("tier", "tier_2", "tier_1"), stood(tier="tier_2"), False),
        (a_change("tier", "tier_2", "tier_1"), stood(tier="tier_3"), False),
        (a_change("tier", "tier_1", "tier_1"), stood(tier="tier_1"), False),
        (a_change("tier", "tier_2", "tier_1"), stood(size=40), False),
        (a_change(TANDEM_ID, None, "tdm1"), stood(tier="tier_1"), False),
    ],
    ids=["written", "as shown", "as sent", "expected", "an edit", "was to stay", "not told", "the mark"],
)
def test_a_repeated_call_sees_itself_where_it_finds_what_it_was_to_bring(
    change: Change, before: NativeRecord, own: bool
) -> None:
    assert (change.field in there_already([change], before, spelling())) is own


def test_one_change_that_finds_its_own_value_is_enough_for_the_call_to_see_itself() -> None:
    changes = [a_change("tier", "tier_2", "tier_1"), a_change("size", "12", "40")]
    assert there_already(changes, stood(tier="tier_2", size=40), spelling())


def test_an_undo_that_finds_the_value_which_it_puts_back_has_found_somebodys_edit() -> None:
    change = replace(a_change("tier", "tier_2", "tier_1"), why=Why.UNDONE)
    assert seen_before([change], stood(tier="tier_1"), spelling(), US) == {
        "tier": Covered(value="tier_1", instead_of="tier_2", at=NOON, by=ANN, undo=True)
    }
    assert there_already([change], stood(tier="tier_1"), spelling()) == {}
    assert seen_before([change], stood(tier="tier_2"), spelling(), US) == {}
    ours = replace(stood(tier="tier_1"), modified_by=US)
    assert seen_before([change], ours, spelling(), US) == {}


# -- as the history tells it ----------------------------------------------------------------------------------


def a_write() -> Write:
    return Write(
        id=1,
        run_id="run",
        link_id=LinkId("tdm1"),
        system=EMEA,
        kind="update",
        native_id=NativeId("001"),
        fields={},
        state=WriteState.CONFIRMED,
        intended_at=MEANT,
        settled_at=None,
        refusal=None,
    )


def version(value: Value | object, *, by: str, at: datetime = MEANT) -> tuple[Version, Value | object]:
    return Version(value=None, at=at, by=by, by_app=by == US), value


def before_ours(
    *versions: tuple[Version, Value | object],
    shown: Value = "40",
    undo: bool = False,
    settled: Value | object = NOTHING,
) -> Covered | None:
    """Of a write of 40.4 over 12; the newest version first."""
    field = FieldWrite(value="40.4", expected="12")
    return _before_ours(a_write(), field, shown, versions, US, undo=undo, settled=settled)


STOOD = version("12", by=ANN, at=NOON)
EDIT = version("70", by=ANN, at=NOON + timedelta(minutes=5))
COVERED = Covered(value="70", instead_of="12", at=NOON + timedelta(minutes=5), by=ANN)


@pytest.mark.parametrize("wrote", ["40.4", "40"])
def test_an_edit_right_below_our_own_version_was_covered(wrote: Value) -> None:
    assert before_ours(version(wrote, by=US), EDIT, STOOD) == COVERED


def test_an_edit_is_found_below_later_versions_of_ours() -> None:
    later = version("99", by=US, at=MEANT + timedelta(minutes=1))
    assert before_ours(later, version("40", by=US), EDIT, STOOD) == COVERED


def test_what_the_write_meant_to_replace_or_had_brought_itself_was_no_edit() -> None:
    ours = version("40", by=US)
    assert before_ours(ours, STOOD) is None
    for same in ("40", "40.4"):
        assert before_ours(ours, version(same, by=ANN, at=NOON), STOOD) is None
    assert before_ours(ours, version("70", by=US, at=NOON), STOOD) is None


def test_an_edit_between_two_sendings_of_a_row_replaced_what_the_first_had_brought() -> None:
    first = version("40", by=US, at=MEANT)
    edit = version("70", by=ANN, at=MEANT + timedelta(seconds=5))
    second = version("40", by=US, at=MEANT + timedelta(seconds=9))
    found = before_ours(second, edit, first, STOOD)
    assert found == Covered(value="70", instead_of="40.4", at=edit[0].at, by=ANN)


def test_an_edit_of_somebody_who_knew_what_we_wrote_settles_what_we_had_covered() -> None:
    after = version("99", by=ANN, at=MEANT + timedelta(minutes=1))
    assert before_ours(after, version("40", by=US), EDIT, STOOD) is None


def test_a_version_of_ours_from_before_the_write_is_another_writes() -> None:
    assert before_ours(version("40", by=US, at=MEANT - SKEW), EDIT, STOOD) == COVERED
    too_old = MEANT - SKEW - timedelta(seconds=1)
    assert before_ours(version("40", by=US, at=too_old), EDIT, STOOD) is None


def test_a_blank_that_somebody_left_was_covered_and_a_value_without_a_meaning_was_not() -> None:
    blank = version(None, by=ANN, at=COVERED.at)
    found = before_ours(version("40", by=US), blank, STOOD)
    assert found == Covered(value=None, instead_of="12", at=COVERED.at, by=ANN)
    assert before_ours(version("40", by=US), version(object(), by=ANN, at=NOON), STOOD) is None


def test_a_history_that_knows_nothing_of_our_write_tells_of_no_edit() -> None:
    assert before_ours() is None
    assert before_ours(version("40", by=US)) is None
    assert before_ours(version("99", by=US), EDIT) is None


@pytest.mark.parametrize("ours", [(), (version("40", by=US),)], ids=["no version of ours", "on top of it"])
def test_what_somebody_entered_before_an_undo_put_the_same_back_is_an_edit(
    ours: tuple[tuple[Version, Value | object], ...],
) -> None:
    entered = version("40", by=ANN, at=NOON + timedelta(minutes=5))
    edit = Covered(value="40", instead_of="12", at=NOON + timedelta(minutes=5), by=ANN, undo=True)
    assert before_ours(*ours, entered, STOOD, undo=True) == edit
    assert before_ours(*ours, entered, STOOD) is None


def test_what_an_undo_put_back_is_not_the_edit_of_whoever_entered_it_long_before() -> None:
    ours, carried = version("40", by=US), version("12", by=US, at=NOON)
    assert before_ours(ours, carried, version("40", by=ANN, at=NOON), undo=True) is None
    # Nor of whoever came back to it, having seen it.
    back, other = version("40", by=ANN), version("70", by=ANN)
    assert before_ours(back, other, ours, carried, undo=True) is None


def test_an_edit_that_an_undo_covered_is_known_as_covered_by_one() -> None:
    assert before_ours(version("40", by=US), EDIT, STOOD, undo=True) == replace(COVERED, undo=True)


def test_what_somebody_entered_once_more_before_an_undo_replaced_it_is_an_edit() -> None:
    entered = version("12", by=ANN, at=NOON + timedelta(minutes=5))
    carried = version("12", by=US, at=NOON)
    edit = Covered(value="12", instead_of="40.4", at=entered[0].at, by=ANN, undo=True)
    assert before_ours(version("40", by=US), entered, EDIT, carried, undo=True) == edit
    assert before_ours(version("40", by=US), carried, undo=True) is None
    assert before_ours(version("40", by=US), entered, EDIT, carried) is None


# -- after a merge --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("by", [US, ANN])
def test_what_another_account_had_settled_was_covered_though_the_write_meant_to_replace_the_same(
    by: str,
) -> None:
    stood = version("12", by=by, at=NOON)
    found = Covered(value="12", instead_of="12", at=NOON, by=stood[0].author)
    assert before_ours(version("40", by=US), stood, settled="12") == found
    assert before_ours(version("40", by=US), stood, settled="40") is None
    assert before_ours(version("40", by=US), version("40", by=by, at=NOON), settled="40") is None


def test_only_a_write_that_was_meant_for_another_account_has_covered_what_this_one_had_settled() -> None:
    record = Record(
        system=EMEA,
        id=NativeId("001"),
        link_id=LinkId("tdm2"),
        observed={"size": "12", "tier": "tier_1"},
        echo={"tier": "tier_1"},
    )
    assert _settled_elsewhere(a_write(), record) == {"size": "12"}
    assert _settled_elsewhere(a_write(), replace(record, link_id=LinkId("tdm1"))) == {}


@pytest.mark.parametrize(("now", "stands"), [("40", True), ("40.4", True), ("70", False), (None, False)])
def test_an_edit_that_we_covered_in_a_record_that_a_merge_ended_is_over_where_the_merge_kept_another_value(
    now: Value, stands: bool
) -> None:
    write = replace(a_write(), fields={"size": FieldWrite(value="40.4", expected="12")})
    survivor = Record(system=EMEA, id=NativeId("002"), current={"size": now})
    assert _stands(write, survivor, "size", spelling()) is stands


def test_a_write_is_looked_up_again_until_the_record_that_a_merge_has_made_was_read() -> None:
    assert _waits(None, told=True)
    assert not _waits(None, told=False)


@pytest.mark.parametrize("state", RecordState)
def test_a_write_to_a_record_that_the_history_leaves_out_is_looked_up_again_while_the_record_is_there(
    state: RecordState,
) -> None:
    record = Record(system=EMEA, id=NativeId("001"), state=state)
    assert _waits(record, told=False) is (state is RecordState.PRESENT)
    assert not _waits(record, told=True)
