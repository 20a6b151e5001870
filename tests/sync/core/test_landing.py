"""What proves that a write landed of which nobody heard. Named by what was once false."""

from __future__ import annotations

from datetime import datetime, timedelta

from connector.base import Version
from sync.absorb import Reading
from sync.landing import Told, landed, versions_of_ours
from sync.ledger.writes import FieldWrite, Write, WriteState
from sync.records import TANDEM_ID, LinkId, NativeId, Record, Value
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


def fate(reading: Reading, told: Told | None = None, *, marks: bool = False) -> frozenset[str] | None:
    return landed(a_write(marks=marks), SENT, known(), reading, told or Told(), US)


def test_one_value_of_a_row_does_not_tell_that_the_row_was_taken() -> None:
    assert fate(read({**STOOD, "tier": "tier_1"})) is None


def test_a_row_of_which_every_value_stands_as_written_was_taken() -> None:
    assert fate(read(SENT)) == frozenset({"stage", "tier"})


def test_a_row_whose_values_stood_there_before_was_not_taken_for_it() -> None:
    assert landed(a_write(), SENT, known(current=SENT), read(SENT), Told(), US) is None


def test_values_that_a_history_knows_of_somebody_else_alone_are_not_ours() -> None:
    assert fate(read(SENT), Told(others={"stage", "tier"})) is None


def test_a_history_that_names_us_in_one_field_tells_of_the_whole_row() -> None:
    """Somebody has edited both since."""
    assert fate(read({"stage": "closed", "tier": None}), Told(ours={"stage"})) == frozenset({"stage", "tier"})


def test_a_field_whose_history_goes_on_without_us_did_not_take_what_the_row_brought() -> None:
    """HubSpot keeps a lifecycle stage that is further, and says nothing."""
    assert fate(read({**STOOD, "tier": "tier_1"}), Told(ours={"tier"}, others={"stage"})) == frozenset(
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
