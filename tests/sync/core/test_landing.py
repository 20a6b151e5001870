"""What proves that a write landed of which nobody heard. Named by what was once false."""

from __future__ import annotations

from datetime import datetime, timedelta

from connector.base import Version
from sync.core.landing import RowHistory, landed, names_us, put_back, versions_of_ours
from sync.core.readings import Reading
from sync.model.journal import FieldWrite, Write, WriteState
from sync.model.records import TANDEM_ID, LinkId, NativeId, Record, Value
from tests.ids import SALESFORCE
from tests.sync.core.desk import NOON

US, ANN = "005TANDEM", "005ANN"
MEANT = NOON + timedelta(seconds=10)
AFTER = MEANT + timedelta(seconds=5)

#: What the row was to bring, and what stood there.
SENT: dict[str, Value] = {"stage": "engaged", "tier": "tier_1"}
STOOD: dict[str, Value] = {"stage": "awareness", "tier": "tier_3"}


def a_write(*, marks: bool = False, brings: dict[str, Value] = SENT) -> Write:
    fields = {name: FieldWrite(value=value, expected=STOOD.get(name)) for name, value in brings.items()}
    return Write(
        id=1,
        run_id="run",
        link_id=LinkId("tdm1"),
        system=SALESFORCE,
        kind="update",
        native_id=NativeId("001"),
        fields={**fields, **({TANDEM_ID: FieldWrite(value="tdm1")} if marks else {})},
        state=WriteState.INTENDED,
        intended_at=MEANT,
        settled_at=None,
        refusal=None,
    )


def known(**more: object) -> Record:
    given: dict[str, object] = {"system": "salesforce", "id": "001", "link_id": "tdm1", "current": STOOD}
    return Record(**{**given, "stamp": NOON, **more})  # type: ignore[arg-type]


def read(
    values: dict[str, Value], *, by: str | None = ANN, at: datetime = AFTER, mark: str | None = None
) -> Reading:
    return Reading(
        system=SALESFORCE,
        id=NativeId("001"),
        name="Acme",
        domain="acme.com",
        tandem_id=mark,
        values=values,
        unreadable={},
        modified_at=at,
        modified_by=by,
    )


def fate(
    reading: Reading, history: RowHistory | None = None, *, marks: bool = False
) -> frozenset[str] | None:
    return landed(a_write(marks=marks), SENT, known(), reading, history or RowHistory(), US)


def test_one_value_of_a_row_does_not_tell_that_the_row_was_taken() -> None:
    assert fate(read({**STOOD, "tier": "tier_1"})) is None


def test_a_row_of_which_every_value_stands_as_written_was_taken() -> None:
    assert fate(read(SENT)) == frozenset({"stage", "tier"})


def test_a_row_whose_values_stood_there_before_was_not_taken_for_it() -> None:
    assert landed(a_write(), SENT, known(current=SENT), read(SENT), RowHistory(), US) is None


def test_values_that_a_history_knows_of_somebody_else_alone_are_not_ours() -> None:
    assert fate(read(SENT), RowHistory(others={"stage", "tier"})) is None


def test_a_history_that_names_us_in_one_field_tells_of_the_whole_row() -> None:
    """Somebody has edited both since."""
    assert fate(read({"stage": "closed", "tier": None}), RowHistory(ours={"stage"})) == frozenset(
        {"stage", "tier"}
    )


def test_a_field_whose_history_goes_on_without_us_did_not_take_what_the_row_brought() -> None:
    """HubSpot keeps a lifecycle stage that is further, and says nothing."""
    assert fate(read({**STOOD, "tier": "tier_1"}), RowHistory(ours={"tier"}, others={"stage"})) == frozenset(
        {"tier"}
    )


def test_a_record_that_we_saved_last_took_the_row_whatever_it_shows() -> None:
    """A trigger spells it in its own way."""
    assert fate(read({"stage": "ENGAGED", "tier": "tier_1"}, by=US)) == frozenset({"stage", "tier"})


def test_a_record_that_we_saved_before_the_row_was_meant_tells_nothing() -> None:
    assert fate(read(STOOD, by=US, at=NOON)) is None


def test_the_mark_of_the_link_tells_that_the_row_was_taken() -> None:
    assert fate(read({**STOOD, "tier": "tier_2"}, mark="tdm1"), marks=True) == frozenset({"stage", "tier"})


def test_a_row_without_its_mark_was_not_taken_though_its_values_stand() -> None:
    assert fate(read(SENT), marks=True) is None


def test_a_version_of_ours_that_stood_there_when_the_record_was_read_is_an_earlier_writes() -> None:
    def of_ours(at: datetime) -> Version:
        return Version(value="Engaged", at=at, by=US, by_app=True)

    now, then = of_ours(AFTER), of_ours(NOON)
    assert list(versions_of_ours([now, then], a_write(), known(), US)) == [now]


def test_a_record_that_carried_the_mark_before_does_not_tell_that_the_row_was_taken() -> None:
    marked = known(tandem_id="tdm1")
    there = read({**STOOD, "tier": "tier_2"}, mark="tdm1")
    assert landed(a_write(marks=True), SENT, marked, there, RowHistory(), US) is None


def test_a_mark_that_the_row_did_not_bring_tells_nothing_of_it() -> None:
    assert fate(read({**STOOD, "tier": "tier_2"}, mark="tdm1")) is None


def test_the_mark_of_another_link_tells_nothing() -> None:
    assert fate(read(SENT, mark="tdm2"), marks=True) is None


def test_values_that_stand_as_written_prove_nothing_where_one_of_them_is_somebody_elses() -> None:
    assert fate(read(SENT), RowHistory(others={"stage"})) is None


def test_a_row_of_which_a_value_is_not_told_was_not_taken_for_the_others() -> None:
    blank = {"stage": "engaged", "tier": None}
    write = a_write(brings=blank)
    assert landed(write, blank, known(), read({"stage": "engaged"}), RowHistory(), US) is None
    assert landed(write, blank, known(), read(blank), RowHistory(), US) == frozenset(blank)


def test_a_row_with_one_value_that_stood_before_was_taken_where_the_others_tell_of_it() -> None:
    before = known(current={**STOOD, "tier": "tier_1"})
    assert landed(a_write(), SENT, before, read(SENT), RowHistory(), US) == frozenset(SENT)


def test_a_row_that_only_marks_was_not_taken_where_the_mark_is_missing() -> None:
    assert landed(a_write(marks=True, brings={}), {}, known(), read(STOOD), RowHistory(), US) is None
    there = read(STOOD, mark="tdm1")
    assert landed(a_write(marks=True, brings={}), {}, known(), there, RowHistory(), US) == frozenset()


def saved_at(at: datetime, before: Record, acting_as: str | None = US) -> bool:
    """Does it prove that the row landed, that the user of our connection saved the record then?"""
    reading = read({**STOOD, "tier": "tier_2"}, by=acting_as, at=at)
    return landed(a_write(), SENT, before, reading, RowHistory(), acting_as) is not None


def test_our_saving_of_the_record_tells_of_the_row_only_where_it_came_after_it_and_after_what_was_known() -> (
    None
):
    earlier = known(stamp=MEANT - timedelta(hours=1))
    assert saved_at(MEANT - timedelta(minutes=2), earlier)
    assert not saved_at(MEANT - timedelta(minutes=2, seconds=1), earlier)
    assert not saved_at(AFTER, known(stamp=AFTER))
    assert not saved_at(AFTER, known(not_before=AFTER))
    assert saved_at(AFTER, known(stamp=AFTER - timedelta(seconds=1)))


def test_a_saving_tells_nothing_where_nobody_knows_who_we_are_or_when_the_record_was_read() -> None:
    assert not saved_at(AFTER, known(), acting_as=None)
    assert not saved_at(AFTER, known(stamp=None))


def test_a_version_is_this_writes_only_where_it_is_ours_and_not_older_than_the_row() -> None:
    def version(at: datetime, **more: object) -> Version:
        return Version(**{"value": "Engaged", "at": at, "by": US, "by_app": True, **more})  # type: ignore[arg-type]

    earlier = MEANT - timedelta(minutes=2, seconds=1)
    at_once = version(MEANT - timedelta(minutes=2))
    listed = [version(AFTER, by="another app"), version(AFTER, by_app=False), at_once, version(earlier)]
    assert list(versions_of_ours(listed, a_write(), None, US)) == [at_once]
    assert list(versions_of_ours(listed, a_write(), known(stamp=None), US)) == [at_once]
    assert list(versions_of_ours([version(AFTER, by="another app")], a_write(), None, None)) != []
    assert list(versions_of_ours([version(AFTER)], a_write(), known(not_before=AFTER), US)) == []


def test_a_row_that_marks_a_record_once_more_was_taken_where_all_of_it_stands() -> None:
    marked = known(tandem_id="tdm1")
    there = read(SENT, mark="tdm1")
    assert landed(a_write(marks=True), SENT, marked, there, RowHistory(), US) == frozenset(SENT)
    assert landed(a_write(marks=True), SENT, marked, read(SENT), RowHistory(), US) is None


def test_a_row_that_only_stands_there_whole_is_not_known_to_be_ours() -> None:
    def ours(reading: Reading, history: RowHistory | None = None, *, marks: bool = False) -> bool:
        return names_us(a_write(marks=marks), known(), reading, history or RowHistory(), US)

    assert not ours(read(SENT))
    assert ours(read(SENT, by=US))
    assert ours(read(SENT, mark="tdm1"), marks=True)
    assert ours(read(SENT), RowHistory(ours={"stage"}))
    assert not ours(read(SENT), RowHistory(others={"stage"}))


def test_what_stands_as_an_undo_was_to_put_it_back_is_no_edit_although_the_row_is_not_whole() -> None:
    half = read({"stage": "engaged", "tier": "tier_2"})
    assert put_back(SENT, known(), half, RowHistory()) == {"stage"}
    assert put_back(SENT, known(), half, RowHistory(others={"stage"})) == frozenset()
    assert put_back(SENT, known(current=SENT), read(SENT), RowHistory()) == frozenset()
