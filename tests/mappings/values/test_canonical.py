from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mappings.errors import Unreadable
from mappings.fields import FieldType
from mappings.values import canonical
from tests.mappings.builders import STAGES, a_field

decimals = st.decimals(
    allow_nan=False, allow_infinity=False, min_value=Decimal("-1e18"), max_value=Decimal("1e18"), places=6
)
moments = st.datetimes(
    min_value=datetime(2, 1, 1),  # noqa: DTZ001  # the zone is given below
    max_value=datetime(9998, 1, 1),  # noqa: DTZ001
    timezones=st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes))),
)


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        ("1.0", "1"),
        ("1500.00", "1500"),
        ("1.5E7", "15000000"),
        ("1.5e-3", "0.0015"),
        ("-0", "0"),
        ("-0.000", "0"),
        ("+7", "7"),
        (".5", "0.5"),
        ("5.", "5"),
        ("007", "7"),
        (" 72.50 ", "72.5"),
        ("100", "100"),
        ("0E10", "0"),
        ("", None),
        ("  ", None),
    ],
)
def test_a_number_has_one_text_however_it_is_spelled(raw: str, text: str | None) -> None:
    assert canonical.number_from_text(raw) == text


@pytest.mark.parametrize(
    "raw", ["abc", "1,000", "1_000", "NaN", "Infinity", "٣", "1 000", "0x10", "1E999999999"]
)
def test_what_is_no_plain_number_is_refused(raw: str) -> None:
    with pytest.raises(Unreadable) as refusal:
        canonical.number_from_text(raw)
    assert "number" in refusal.value.reason


@given(decimals, decimals)
def test_two_numbers_have_one_text_exactly_when_they_are_equal(one: Decimal, other: Decimal) -> None:
    assert (canonical.decimal_text(one) == canonical.decimal_text(other)) == (one == other)


@given(decimals, st.integers(0, 5))
def test_trailing_zeros_and_exponents_change_no_number(number: Decimal, zeros: int) -> None:
    text = canonical.decimal_text(number)
    assert Decimal(text) == number
    assert canonical.number_from_text(f"{number:E}") == text
    assert canonical.number_from_text(f"{number:f}{'0' * zeros}") == text


@given(st.floats(allow_nan=False, allow_infinity=False, min_value=-1e18, max_value=1e18))
def test_a_json_number_keeps_the_value_that_it_showed(number: float) -> None:
    try:
        text = canonical.number_from_float(number)
    except Unreadable:
        assert 0 < abs(number) < 1e-59  # smaller than any CRM keeps
        return
    assert float(text) == number


@given(moments, moments)
def test_two_times_have_one_text_exactly_when_their_milliseconds_are_equal(
    one: datetime, other: datetime
) -> None:
    def milliseconds(moment: datetime) -> int:
        return (moment - datetime(1, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)

    same = canonical.moment_text(one) == canonical.moment_text(other)
    assert same == (milliseconds(one) == milliseconds(other))


@given(moments)
def test_a_time_is_the_same_in_every_zone(moment: datetime) -> None:
    text = canonical.moment_text(moment)
    assert canonical.moment_text(moment.astimezone(UTC)) == text
    assert canonical.moment_text(canonical.moment_from_text(text)) == text


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        ("2024-09-10T13:12:38.000+0000", "2024-09-10T13:12:38Z"),
        ("2024-09-10T13:12:38Z", "2024-09-10T13:12:38Z"),
        ("2024-09-10T13:12:38.632Z", "2024-09-10T13:12:38.632Z"),
        ("2024-09-10T15:12:38.5+02:00", "2024-09-10T13:12:38.500Z"),
        ("2024-01-01T00:30:00+01:00", "2023-12-31T23:30:00Z"),
    ],
)
def test_times_are_told_in_utc_without_an_empty_fraction(raw: str, text: str) -> None:
    assert canonical.moment_text(canonical.moment_from_text(raw)) == text


@pytest.mark.parametrize("raw", ["2024-09-10T13:12:38", "2024-09-10", "yesterday", "2024-13-01T00:00:00Z"])
def test_a_time_that_could_mean_anything_is_refused(raw: str) -> None:
    with pytest.raises(Unreadable):
        canonical.moment_from_text(raw)


@pytest.mark.parametrize("raw", ["2024-02-30", "10.09.2024", "2024-9-1", "20240910", "2024-W01-1"])
def test_a_day_that_the_calendar_lacks_is_refused(raw: str) -> None:
    with pytest.raises(Unreadable, match="is not a date"):
        canonical.day_from_text(raw)


@given(st.text())
def test_text_is_trimmed_once_and_for_all(raw: str) -> None:
    text = canonical.text(raw)
    assert text is None or canonical.text(text) == text
    assert canonical.text(f" \t{raw}\r\n ") == text
    assert text != ""


def test_composed_and_decomposed_letters_are_one_text() -> None:
    assert canonical.text("Zu\u0308rich") == canonical.text("Z\u00fcrich")


def test_line_ends_of_both_crms_are_one_text() -> None:
    assert canonical.text("one\r\ntwo\rthree") == "one\ntwo\nthree"


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (" Jane.Doe@ACME.com ", "jane.doe@acme.com"),
        ("jane@acme.com.invalid", "jane@acme.com"),
        ("jane@host.invalid", "jane@host.invalid"),
        ("STRASSE@x.de", "strasse@x.de"),
        ("", None),
        ("   ", None),
    ],
)
def test_one_person_has_one_email(raw: str, text: str | None) -> None:
    assert canonical.email(raw) == text


@given(st.text(max_size=20))
def test_an_email_is_folded_once_and_for_all(raw: str) -> None:
    text = canonical.email(raw)
    assert text is None or canonical.email(text) == text


@pytest.mark.parametrize(
    ("type_", "raw", "text"),
    [
        ("text", " hello ", "hello"),
        ("number", "72.50", "72.5"),
        ("currency", "1E3", "1000"),
        ("boolean", "TRUE", "true"),
        ("date", "2024-09-10", "2024-09-10"),
        ("datetime", "2024-09-10T15:00:00+02:00", "2024-09-10T13:00:00Z"),
        ("user", "Jane@Acme.com", "jane@acme.com"),
        ("enum", "engaged", "engaged"),
        ("multi_enum", "engaged; awareness;engaged", "awareness;engaged"),
    ],
)
def test_what_a_person_types_becomes_the_canonical_value(type_: str, raw: str, text: str) -> None:
    field = a_field(type_, options=STAGES if "enum" in type_ else ())
    assert canonical.from_text(field, raw) == text
    assert canonical.from_text(field, "  ") is None


@pytest.mark.parametrize("type_", ["enum", "multi_enum"])
def test_a_typed_value_outside_the_options_names_the_options(type_: str) -> None:
    with pytest.raises(Unreadable, match=r"'hot' is none of the options identified, awareness"):
        canonical.from_text(a_field(type_, options=STAGES), "hot")


def test_every_type_can_be_typed() -> None:
    for type_ in FieldType:
        options = STAGES if type_.has_options else ()
        assert canonical.from_text(a_field(type_, options=options), "") is None
