"""What a read makes of what was known: nothing, an echo, the CRM's spelling, or somebody's edit."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from sync.core.readings import Reading, absorb, after_write, edited_since
from sync.model.records import Covered, NativeId, Record, RecordState, Value
from tests.ids import SALESFORCE
from tests.sync.core.desk import NOON

US = "005TANDEM"
LATER = NOON + timedelta(seconds=5)


def a_reading(value: Value, *, by: str | None = "005ANN", at: datetime = LATER, **more: object) -> Reading:
    given: dict[str, object] = {
        "system": "salesforce",
        "id": "001",
        "name": "Acme",
        "domain": "acme.com",
        "tandem_id": None,
        "values": {"size": value},
        "unreadable": {},
        "modified_at": at,
        "modified_by": by,
    }
    return Reading(**{**given, **more})  # type: ignore[arg-type]


def known(settled_at: Value, **more: object) -> Record:
    given: dict[str, object] = {
        "system": "salesforce",
        "id": "001",
        "link_id": "tdm1",
        "name": "Acme",
        "domain": "acme.com",
        "current": {"size": settled_at},
        "observed": {"size": settled_at},
        "stamp": NOON,
    }
    return Record(**{**given, **more})  # type: ignore[arg-type]


def written(value: Value, **more: object) -> Record:
    """Known after our write of ``value``, settled."""
    return known(value, echo={"size": value}, not_before=NOON + timedelta(seconds=1), **more)


def test_a_record_that_was_never_read_is_taken_as_it_is() -> None:
    reading = a_reading("40", unreadable={"tier": "no such tier"}, tandem_id="tdm1")
    record = absorb(None, reading, acting_as=US)
    assert record == Record(
        system=SALESFORCE,
        id=NativeId("001"),
        name="Acme",
        domain="acme.com",
        tandem_id="tdm1",
        current={"size": "40"},
        unreadable={"tier": "no such tier"},
        stamp=LATER,
        modified_by="005ANN",
    )


def test_a_second_look_at_the_same_version_stores_nothing() -> None:
    reading = a_reading("40")
    record = absorb(None, reading, acting_as=US)
    assert record is not None
    assert absorb(record, reading, acting_as=US) is None


def test_an_edit_changes_current_and_leaves_observed() -> None:
    record = absorb(known("40"), a_reading("41"), acting_as=US)
    assert record is not None
    assert (record.current, record.observed) == ({"size": "41"}, {"size": "40"})
    assert (record.stamp, record.modified_by) == (LATER, "005ANN")


def test_what_an_account_is_called_and_marked_with_is_what_was_read_last() -> None:
    reading = a_reading("40", name="Acme Ltd", domain="acme.eu", tandem_id="tdm1")
    record = absorb(known("40"), reading, acting_as=US)
    assert record is not None
    assert (record.name, record.domain, record.tandem_id) == ("Acme Ltd", "acme.eu", "tdm1")


def test_a_read_that_does_not_know_our_last_write_is_ignored() -> None:
    before = known("41", not_before=LATER)
    assert absorb(before, a_reading("40", at=LATER - timedelta(seconds=1)), acting_as=US) is None


def test_a_read_that_is_older_than_the_last_one_is_ignored() -> None:
    assert absorb(known("41", stamp=LATER), a_reading("40", at=NOON), acting_as=US) is None


def test_our_own_write_read_back_is_no_edit() -> None:
    record = absorb(written("41"), a_reading("41", by=US), acting_as=US)
    assert record is not None
    assert (record.settled, record.echo, record.not_before) == (True, {}, None)


@pytest.mark.parametrize(
    ("acting_as", "by", "at"),
    [
        (US, US, LATER),
        (None, None, NOON + timedelta(seconds=1)),
        (US, None, NOON + timedelta(seconds=1)),
        (None, "005ANN", NOON + timedelta(seconds=1)),
    ],
    ids=["our name", "our very version", "our name, but no writer told", "our version, whoever we are"],
)
def test_the_crms_own_spelling_of_our_write_is_remembered_as_observed(
    acting_as: str | None, by: str | None, at: datetime
) -> None:
    record = absorb(written("40.44"), a_reading("40.4", by=by, at=at), acting_as=acting_as)
    assert record is not None
    assert (record.current, record.observed, record.echo) == ({"size": "40.4"}, {"size": "40.4"}, {})


def test_a_version_of_ours_is_not_told_by_its_stamp_where_its_writer_is_known() -> None:
    """Somebody else may have saved the record within the same second."""
    record = absorb(written("41"), a_reading("70", at=NOON + timedelta(seconds=1)), acting_as=US)
    assert record is not None
    assert (record.observed, record.echo) == ({"size": "41"}, {})


def test_a_version_of_which_no_time_of_ours_is_known_is_not_ours() -> None:
    before = written("41")
    record = absorb(replace(before, not_before=None), a_reading("70", by=None), acting_as=US)
    assert record is not None
    assert (record.observed, record.echo) == ({"size": "41"}, {})


def test_a_blank_that_we_wrote_first_is_ours_until_it_is_settled() -> None:
    """Never settled, and not known before: that is not the same as a blank that is settled."""
    before = known("40", current={}, observed={}, echo={"size": None}, not_before=NOON)
    record = absorb(before, a_reading(None, by=US), acting_as=US)
    assert record is not None
    assert (record.observed, record.echo) == ({}, {"size": None})


@pytest.mark.parametrize(("acting_as", "by"), [(US, "005ANN"), (None, "005ANN"), (None, None), (US, None)])
def test_a_persons_edit_after_our_write_is_an_edit(acting_as: str | None, by: str | None) -> None:
    record = absorb(written("41"), a_reading("70", by=by), acting_as=acting_as)
    assert record is not None
    assert (record.current, record.observed, record.echo) == ({"size": "70"}, {"size": "41"}, {})
    assert not record.settled


def test_a_value_that_was_carried_here_stays_known_as_ours_until_it_is_settled() -> None:
    carried = known("40", current={"size": "41"}, echo={"size": "41"}, not_before=NOON)
    record = absorb(carried, a_reading("41", by=US), acting_as=US)
    assert record is not None
    assert (record.observed, record.echo) == ({"size": "40"}, {"size": "41"})
    respelled = absorb(carried, a_reading("41.0", by=US), acting_as=US)
    assert respelled is not None
    assert (respelled.observed, respelled.echo) == ({"size": "40"}, {"size": "41.0"})


def test_a_value_that_was_carried_here_is_not_settled_because_somebody_saved_the_record() -> None:
    carried = known("40", current={"size": "41"}, echo={"size": "41"}, not_before=NOON)
    record = absorb(carried, a_reading("41"), acting_as=US)
    assert record is not None
    assert (record.observed, record.echo) == ({"size": "40"}, {"size": "41"})


def test_an_edit_back_to_what_stood_before_we_carried_a_value_here_is_an_edit() -> None:
    carried = known("40", current={"size": "41"}, echo={"size": "41"}, not_before=NOON)
    record = absorb(carried, a_reading("40"), acting_as=US)
    assert record is not None
    assert (record.current, record.observed, record.echo) == ({"size": "40"}, {"size": "41"}, {})


def test_a_field_that_this_read_does_not_tell_keeps_its_echo_and_its_value() -> None:
    record = absorb(written("41"), a_reading(None, values={"tier": "tier_1"}), acting_as=US)
    assert record is not None
    assert (record.current, record.echo) == ({"size": "41", "tier": "tier_1"}, {"size": "41"})


def test_what_was_unreadable_and_now_is_not_is_forgotten() -> None:
    record = absorb(known("40", unreadable={"size": "?"}), a_reading("40"), acting_as=US)
    assert record is not None
    assert record.unreadable == {}


def test_a_record_that_shows_again_is_present_again() -> None:
    record = absorb(known("40", state=RecordState.INVISIBLE), a_reading("40", at=NOON), acting_as=US)
    assert record is not None
    assert record.state is RecordState.PRESENT


COVERED = {"size": Covered(value="41", instead_of="40", at=NOON, by="005ANN")}


def test_an_edit_that_we_covered_is_kept_while_our_value_stands() -> None:
    respelled = a_reading("70.0", by=US)
    for reading in (a_reading("70", by=US), a_reading("70"), a_reading(None, values={}), respelled):
        record = absorb(written("70", covered=COVERED), reading, acting_as=US)
        assert record is not None
        assert record.covered == COVERED


def test_an_edit_that_we_covered_is_forgotten_once_somebody_replaced_what_covered_it() -> None:
    record = absorb(written("70", covered=COVERED), a_reading("71"), acting_as=US)
    assert record is not None
    assert record.covered == {}


# -- emptied before it was ever settled ----------------------------------------------------------------------


def unsettled(value: Value, **more: object) -> Record:
    return known(value, **{"observed": {}, **more})


@pytest.mark.parametrize("blank", [None, "false"])
def test_a_value_that_was_emptied_before_it_was_ever_settled_is_remembered(blank: Value) -> None:
    record = absorb(unsettled("true"), a_reading(blank), acting_as=US)
    assert record is not None
    assert (record.current, record.observed) == ({"size": blank}, {"size": "true"})


@pytest.mark.parametrize(
    ("before", "now"),
    [
        (unsettled("40"), "41"),
        (unsettled(None), "false"),
        (unsettled("40", link_id=None), None),
        (unsettled("40", echo={"size": "40"}), None),
        (unsettled("40", observed={"size": "70"}), None),
    ],
    ids=["another value", "a blank before", "no Link", "our own value", "settled before"],
)
def test_nothing_else_that_was_never_settled_is_remembered_as_emptied(before: Record, now: Value) -> None:
    record = absorb(before, a_reading(now, by=US), acting_as=US)
    assert record is not None
    assert record.observed == before.observed


# -- after our own write -------------------------------------------------------------------------------------


def test_after_a_write_what_it_left_stands_there_and_echoes_beside_what_still_waits() -> None:
    before = known(
        "40",
        current={"size": "40", "tier": "tier_1", "owner": "ann", "stage": "closed"},
        observed={"size": "40", "tier": "tier_2", "stage": "closed"},
        echo={"size": "40", "tier": "tier_1", "owner": "ann"},
        not_before=NOON,
    )
    after = after_write(before, {"size": "41", "owner": "bob"}, not_before=LATER)
    assert after.current == {"size": "41", "tier": "tier_1", "owner": "bob", "stage": "closed"}
    assert after.echo == {"size": "41", "tier": "tier_1", "owner": "bob"}
    assert after.not_before == LATER


def test_what_an_earlier_write_left_and_is_settled_echoes_no_longer_after_the_next_one() -> None:
    after = after_write(written("41"), {"tier": "tier_1"}, not_before=LATER)
    assert after.echo == {"tier": "tier_1"}


def test_a_write_whose_time_was_not_told_leaves_the_time_of_the_one_before() -> None:
    assert after_write(known("40", not_before=NOON), {}, not_before=None).not_before == NOON
    assert after_write(known("40"), {}, not_before=None).not_before is None


# -- saved since ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("record", "acting_as", "saved"),
    [
        (None, US, False),
        (known("40", stamp=None, modified_by="005ANN"), US, False),
        (known("40", stamp=NOON, modified_by="005ANN"), US, False),
        (known("40", stamp=LATER, modified_by="005ANN"), US, True),
        (known("40", stamp=LATER, modified_by=US), US, False),
        (known("40", stamp=LATER, modified_by=None), US, True),
        (known("40", stamp=LATER, modified_by=None, not_before=LATER), US, False),
        (known("40", stamp=LATER, modified_by="005ANN", not_before=LATER), None, False),
        (known("40", stamp=LATER, modified_by="005ANN", not_before=NOON), None, True),
        (known("40", stamp=LATER, modified_by="005ANN"), None, True),
    ],
)
def test_a_record_was_saved_since_where_it_is_younger_and_the_version_is_not_our_own(
    record: Record | None, acting_as: str | None, saved: bool
) -> None:
    assert edited_since(record, NOON, acting_as) is saved
