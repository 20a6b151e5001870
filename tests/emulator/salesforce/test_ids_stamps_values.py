"""The small pure parts: ids, stamps, and values on their way in."""

import pytest

from emulator.salesforce.data.ids import IdSource, checksum, long_id
from emulator.salesforce.data.stamps import parse_date, parse_datetime
from emulator.salesforce.data.values import Unreadable, take
from emulator.salesforce.schema.fields import number, of_type, picklist, reference, text, textarea
from emulator.salesforce.schema.model import Field

SCORE = number("double", "Score__c", "Score", 5, 2)


def test_an_id_of_15_characters_gets_its_case_checksum() -> None:
    # The id and its long form are an example of Salesforce's own documentation.
    assert long_id("0015000000Gv7qJ") == "0015000000Gv7qJ" + checksum("0015000000Gv7qJ")
    assert long_id("00D000000000001") == "00D000000000001EAA"


def test_an_id_whose_case_was_lost_finds_it_again() -> None:
    whole = long_id("001A0000006Vm9r")
    assert whole is not None
    assert long_id(whole.lower()) == whole


@pytest.mark.parametrize("text_", ["", "001", "0015000000Gv7q!", "0015000000Gv7qJX", "x" * 19])
def test_what_has_no_shape_of_an_id_is_none(text_: str) -> None:
    assert long_id(text_) is None


def test_ids_ascend_per_prefix() -> None:
    source = IdSource()
    made = [source.next("001") for _ in range(5)]
    assert made == sorted(made)
    assert len({*made, source.next("003")}) == 6


@pytest.mark.parametrize(
    ("sent", "stored"),
    [
        ("2024-09-10T13:12:38.000+0000", "2024-09-10T13:12:38.000+0000"),
        ("2024-09-10T13:12:38Z", "2024-09-10T13:12:38.000+0000"),
        ("2024-09-10T15:12:38+02:00", "2024-09-10T13:12:38.000+0000"),
        ("2024-09-10T13:12:38.987Z", "2024-09-10T13:12:38.000+0000"),
        ("2024-09-10", "2024-09-10T00:00:00.000+0000"),
        ("2024-13-10T00:00:00Z", None),
        ("soon", None),
    ],
)
def test_datetimes_are_kept_as_whole_seconds_of_utc(sent: str, stored: str | None) -> None:
    assert parse_datetime(sent) == stored


@pytest.mark.parametrize(
    ("sent", "stored"), [("2024-02-29", "2024-02-29"), ("2023-02-29", None), ("20240229", None)]
)
def test_dates_exist_in_the_calendar(sent: str, stored: str | None) -> None:
    assert parse_date(sent) == stored


@pytest.mark.parametrize(
    ("field", "sent", "stored"),
    [
        (text("A", "A", 20), "  trimmed ", "trimmed"),
        (text("A", "A", 20), "", None),
        (text("A", "A", 20), 7, "7"),
        (SCORE, 12.345, 12.35),
        (SCORE, "12.345", 12.35),
        (SCORE, 2.675, 2.68),
        (SCORE, "", None),
        (of_type("boolean", "B", "B"), "true", True),
        (of_type("boolean", "B", "B"), 0, False),
        (of_type("email", "E", "E"), "a@b.example", "a@b.example"),
        (of_type("url", "U", "U"), "not a url at all", "not a url at all"),
        (picklist("P", "P", ("one",)), "anything goes", "anything goes"),
        (
            Field(name="M", label="M", type="multipicklist", values=picklist("x", "x", ("a", "b")).values),
            "b;a;b",
            "a;b",
        ),
        (reference("R", "R", "Account", "X"), "001000000000001", "001000000000001AAA"),
    ],
)
def test_values_are_stored_as_the_org_keeps_them(field: Field, sent: object, stored: object) -> None:
    assert take(field, sent).value == stored


@pytest.mark.parametrize(
    ("field", "sent", "code", "message"),
    [
        (
            text("A", "Spoken Name", 3),
            "long",
            "STRING_TOO_LONG",
            "Spoken Name: data value too large: long (max length=3)",
        ),
        (textarea("A", "A", 255), "x" * 256, "STRING_TOO_LONG", None),
        (SCORE, 1000, "NUMBER_OUTSIDE_VALID_RANGE", None),
        (SCORE, 999.996, "NUMBER_OUTSIDE_VALID_RANGE", None),
        (
            of_type("boolean", "B", "B"),
            None,
            "INVALID_TYPE_ON_FIELD_IN_RECORD",
            "B: value not of required type: null",
        ),
        (of_type("email", "E", "E"), "nobody", "INVALID_EMAIL_ADDRESS", "E: invalid email address: nobody"),
        (
            picklist("P", "Tier", ("one",), restricted=True),
            "One",
            "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
            "Tier: bad value for restricted picklist field: One",
        ),
        (
            reference("R", "Owner ID", "User", "X"),
            "x",
            "MALFORMED_ID",
            "Owner ID: id value of incorrect type: x",
        ),
    ],
)
def test_refused_values_are_named_by_their_label(
    field: Field, sent: object, code: str, message: str | None
) -> None:
    problem = take(field, sent).problem
    assert problem is not None
    assert problem.code == code
    assert problem.fields == (field.name,)
    if message is not None:
        assert problem.message == message


@pytest.mark.parametrize(
    ("field", "sent"),
    [
        (SCORE, "many"),
        (SCORE, True),
        (of_type("date", "D", "D"), "31.12.2024"),
        (of_type("datetime", "D", "D"), 5),
        (of_type("boolean", "B", "B"), "perhaps"),
        (text("A", "A", 20), {"a": 1}),
    ],
)
def test_a_value_of_another_type_cannot_be_read_at_all(field: Field, sent: object) -> None:
    with pytest.raises(Unreadable, match="Cannot deserialize instance of"):
        take(field, sent)
