from decimal import Decimal

import pytest

from mappings.errors import Unreadable, Unwritable
from mappings.fields import FieldType
from mappings.systems import SystemKind
from mappings.values.convert import holds, to_canonical, to_native
from tests.mappings.builders import HUBSPOT, NOBODY, SALESFORCE, STAGES, Users, a_field, spelled

BOTH = pytest.mark.parametrize("kind", [SALESFORCE, HUBSPOT])
JANE = Users({"005A": "Jane@Acme.com"})


def read(kind: SystemKind, type_: str, raw: object, **more: object) -> str | None:
    options = STAGES if "enum" in type_ else ()
    field = a_field(type_, options=options)
    return to_canonical(field, spelled(kind, field, **more), raw, NOBODY)


def write(kind: SystemKind, type_: str, value: str | None, **more: object) -> object:
    options = STAGES if "enum" in type_ else ()
    field = a_field(type_, options=options, **more)
    return to_native(field, spelled(kind, field), value, NOBODY)


@pytest.mark.parametrize(
    ("kind", "type_", "raw", "value"),
    [
        (SALESFORCE, "boolean", True, "true"),
        (SALESFORCE, "boolean", False, "false"),
        (SALESFORCE, "boolean", None, None),
        (HUBSPOT, "boolean", "true", "true"),
        (HUBSPOT, "boolean", "false", "false"),
        (HUBSPOT, "boolean", "", None),
        (HUBSPOT, "boolean", None, None),
        (SALESFORCE, "number", 72, "72"),
        (SALESFORCE, "number", 72.0, "72"),
        (SALESFORCE, "number", 72.1, "72.1"),
        (SALESFORCE, "number", 1.5e7, "15000000"),
        (SALESFORCE, "number", -0.0, "0"),
        (SALESFORCE, "number", Decimal("1.50"), "1.5"),
        (SALESFORCE, "currency", None, None),
        (HUBSPOT, "number", "1500.00", "1500"),
        (HUBSPOT, "number", "1.5E7", "15000000"),
        (HUBSPOT, "number", "", None),
        (HUBSPOT, "currency", "0.0", "0"),
        (SALESFORCE, "text", "  Acme ", "Acme"),
        (HUBSPOT, "text", "", None),
        (SALESFORCE, "enum", "engaged", "engaged"),
        (SALESFORCE, "enum", None, None),
        (HUBSPOT, "enum", "", None),
        (HUBSPOT, "enum", " engaged ", "engaged"),
        (HUBSPOT, "enum", "ENGAGED", "engaged"),
        (SALESFORCE, "enum", " Engaged", "engaged"),
        (SALESFORCE, "multi_enum", "engaged;awareness", "awareness;engaged"),
        (HUBSPOT, "multi_enum", ";engaged;awareness;engaged;", "awareness;engaged"),
        (HUBSPOT, "multi_enum", ";", None),
        (SALESFORCE, "date", "2024-09-10", "2024-09-10"),
        (HUBSPOT, "date", "2024-09-10", "2024-09-10"),
        (HUBSPOT, "date", "1725926400000", "2024-09-10"),
        (HUBSPOT, "date", 1725926400000, "2024-09-10"),
        (HUBSPOT, "date", "-86400000", "1969-12-31"),
        (SALESFORCE, "datetime", "2024-09-10T13:12:38.000+0000", "2024-09-10T13:12:38Z"),
        (HUBSPOT, "datetime", "2024-09-10T13:12:38Z", "2024-09-10T13:12:38Z"),
        (HUBSPOT, "datetime", "2024-09-10T13:12:38.632Z", "2024-09-10T13:12:38.632Z"),
        (HUBSPOT, "datetime", "1725973958632", "2024-09-10T13:12:38.632Z"),
        (HUBSPOT, "datetime", "", None),
        (SALESFORCE, "user", None, None),
        (HUBSPOT, "user", "", None),
    ],
)
def test_a_raw_value_is_read_as_what_it_means(
    kind: SystemKind, type_: str, raw: object, value: str | None
) -> None:
    assert read(kind, type_, raw) == value


@pytest.mark.parametrize(
    ("kind", "type_", "raw", "reason"),
    [
        (HUBSPOT, "number", "abc", "'abc' is not a number"),
        (SALESFORCE, "number", True, "True is not a number"),
        (SALESFORCE, "number", float("nan"), "usable size"),
        (SALESFORCE, "number", ["1"], "is not a number"),
        (HUBSPOT, "boolean", "maybe", "'maybe' is neither true nor false"),
        (SALESFORCE, "boolean", 1, "1 is not true or false"),
        (SALESFORCE, "text", {"street": "x"}, "is not text"),
        (HUBSPOT, "enum", "Engages", "'Engages' is none of the options identified, awareness"),
        (SALESFORCE, "enum", 3, "3 is not an option"),
        (SALESFORCE, "enum", ["engaged"], "['engaged'] is not an option"),
        (SALESFORCE, "multi_enum", "engaged;hot;cold", "'hot;cold' is none of the options"),
        (SALESFORCE, "multi_enum", 3, "3 is not a list of options"),
        (HUBSPOT, "date", "1725973958632", "not midnight UTC"),
        (SALESFORCE, "date", "1725926400000", "is not a date like"),
        (SALESFORCE, "date", 5, "5 is not a date"),
        (SALESFORCE, "datetime", "2024-09-10T13:12:38", "without a time zone"),
        (SALESFORCE, "datetime", 1725973958632, "is not a time"),
        (HUBSPOT, "datetime", True, "True is not a time"),
        (HUBSPOT, "datetime", "9999999999999999", "outside the years"),
        (HUBSPOT, "datetime", "0001-01-01T00:00:00+14:00", "outside the years"),
        (SALESFORCE, "user", "00G000000000001", "00G000000000001 is no user"),
        (SALESFORCE, "user", 5, "5 is not a user's id"),
    ],
)
def test_a_raw_value_without_a_meaning_is_refused_with_its_reason(
    kind: SystemKind, type_: str, raw: object, reason: str
) -> None:
    with pytest.raises(Unreadable) as refusal:
        read(kind, type_, raw)
    assert reason in refusal.value.reason


@pytest.mark.parametrize(
    ("type_", "value", "salesforce", "hubspot"),
    [
        ("boolean", "true", True, "true"),
        ("boolean", "false", False, "false"),
        ("boolean", None, False, ""),
        ("number", "72.5", 72.5, "72.5"),
        ("number", "15000000", 15000000, "15000000"),
        ("number", "0", 0, "0"),
        ("number", None, None, ""),
        ("currency", "12.34", 12.34, "12.34"),
        ("text", "Acme", "Acme", "Acme"),
        ("text", None, None, ""),
        ("enum", "engaged", "engaged", "engaged"),
        ("enum", None, None, ""),
        ("multi_enum", "awareness;engaged", "awareness;engaged", "awareness;engaged"),
        ("multi_enum", None, None, ""),
        ("date", "2024-09-10", "2024-09-10", "2024-09-10"),
        ("datetime", "2024-09-10T13:12:38Z", "2024-09-10T13:12:38.000+0000", "2024-09-10T13:12:38Z"),
        (
            "datetime",
            "2024-09-10T13:12:38.632Z",
            "2024-09-10T13:12:38.000+0000",
            "2024-09-10T13:12:38.632Z",
        ),
        ("user", None, None, ""),
    ],
)
def test_a_canonical_value_is_written_in_each_dialect(
    type_: str, value: str | None, salesforce: object, hubspot: object
) -> None:
    for kind, raw in ((SALESFORCE, salesforce), (HUBSPOT, hubspot)):
        written = write(kind, type_, value)
        assert written == raw
        assert type(written) is type(raw)


@pytest.mark.parametrize(
    ("kind", "type_", "value", "limits", "reason"),
    [
        (SALESFORCE, "text", "abcdef", {"length": 5}, "6 characters, Something__c holds 5"),
        (SALESFORCE, "text", "x" * 256, {}, "holds 255"),
        (HUBSPOT, "text", "x" * 65_537, {}, "holds 65536"),
        (SALESFORCE, "number", "1000", {"precision": 5, "scale": 2}, "more digits"),
        (SALESFORCE, "number", "999.999", {"precision": 5, "scale": 2}, "more digits"),
        (HUBSPOT, "number", "-0.01", {"minimum": Decimal(0)}, "below the least allowed value, 0"),
        (HUBSPOT, "number", "100.01", {"maximum": Decimal(100)}, "above the greatest allowed value, 100"),
        (HUBSPOT, "number", "abc", {}, "'abc' is not a number"),
        (HUBSPOT, "number", " ", {}, "' ' is not a number"),
        (HUBSPOT, "boolean", "yes", {}, "neither true nor false"),
        (SALESFORCE, "enum", "hot", {}, "'hot' has no option in Something__c"),
        (HUBSPOT, "multi_enum", "engaged;hot", {}, "'hot' has no option"),
        (SALESFORCE, "date", "1699-12-31", {}, "1700 to 4000"),
        (SALESFORCE, "datetime", "4001-01-01T00:00:00Z", {}, "1700 to 4000"),
        (HUBSPOT, "date", "soon", {}, "is not a date"),
        (HUBSPOT, "datetime", "soon", {}, "is not a time"),
        (SALESFORCE, "user", "jo@acme.com", {}, "no active user has the e-mail jo@acme.com"),
    ],
)
def test_a_value_that_the_system_cannot_hold_is_refused_with_its_reason(
    kind: SystemKind, type_: str, value: str, limits: dict[str, object], reason: str
) -> None:
    with pytest.raises(Unwritable) as refusal:
        write(kind, type_, value, **limits)
    assert reason in refusal.value.reason


def test_a_character_that_takes_two_places_in_the_crm_counts_twice() -> None:
    assert write(SALESFORCE, "text", "\U0001f600" * 2, length=4) == "\U0001f600" * 2
    with pytest.raises(Unwritable):
        write(SALESFORCE, "text", "\U0001f600" * 3, length=5)


@BOTH
def test_a_user_is_matched_by_email_whatever_its_case(kind: SystemKind) -> None:
    field = a_field("user")
    native = spelled(kind, field)
    assert to_canonical(field, native, "005A", JANE) == "jane@acme.com"
    assert to_native(field, native, "jane@acme.com", JANE) == "005A"


def test_an_owner_that_the_system_demands_cannot_be_cleared() -> None:
    field = a_field("user")
    native = spelled(SALESFORCE, field, name="OwnerId", required=True)
    with pytest.raises(Unwritable, match="OwnerId cannot be blank"):
        to_native(field, native, None, JANE)
    with pytest.raises(Unwritable, match="OwnerId cannot be blank"):
        holds(field, native, None)


def test_values_that_differ_in_capitals_alone_are_never_guessed_at() -> None:
    field = a_field("enum", options=STAGES)
    native = spelled(HUBSPOT, field, values={"awareness": "x", "engaged": "X"})
    assert [to_canonical(field, native, raw, NOBODY) for raw in ("x", "X")] == ["awareness", "engaged"]


@BOTH
def test_options_are_spelled_as_the_system_calls_them(kind: SystemKind) -> None:
    field = a_field("multi_enum", options=("tier_1", "tier_2", "tier_3"))
    native = spelled(kind, field, values={"tier_1": "Z", "tier_2": "A"})
    assert to_native(field, native, "tier_1;tier_2", NOBODY) == "Z;A"
    assert to_canonical(field, native, "A;Z", NOBODY) == "tier_1;tier_2"
    with pytest.raises(Unwritable, match="'tier_3' has no option"):
        to_native(field, native, "tier_3", NOBODY)
    with pytest.raises(Unreadable, match="'tier_3' is none of the options Z, A"):
        to_canonical(field, native, "tier_3", NOBODY)


@pytest.mark.parametrize(
    ("kind", "type_", "value", "shown"),
    [
        (SALESFORCE, "boolean", None, "false"),
        (HUBSPOT, "boolean", None, None),
        (SALESFORCE, "datetime", "2024-09-10T13:12:38.632Z", "2024-09-10T13:12:38Z"),
        (HUBSPOT, "datetime", "2024-09-10T13:12:38.632Z", "2024-09-10T13:12:38.632Z"),
        (SALESFORCE, "number", "0.1234567", "0.123457"),
        (HUBSPOT, "number", "0.1234567", "0.1234567"),
        (SALESFORCE, "currency", "0.125", "0.13"),
        (SALESFORCE, "user", "jane@acme.com", "jane@acme.com"),
    ],
)
def test_what_a_system_will_show_is_known_before_it_is_written(
    kind: SystemKind, type_: str, value: str | None, shown: str | None
) -> None:
    field = a_field(type_)
    assert holds(field, spelled(kind, field), value) == shown


@pytest.mark.parametrize(("value", "shown"), [("72.455", "72.46"), ("-0.004", "0"), ("99.999", "100")])
@BOTH
def test_a_score_is_rounded_half_up_to_its_scale_in_every_system(
    kind: SystemKind, value: str, shown: str
) -> None:
    field = a_field("number", precision=5, scale=2)
    assert holds(field, spelled(kind, field), value) == shown


def test_a_field_of_the_org_that_nobody_described_is_not_rounded() -> None:
    field = a_field("number")
    assert holds(field, spelled(SALESFORCE, field, create=False), "0.12345678") == "0.12345678"


@pytest.mark.parametrize(
    ("zone", "raw", "day"),
    [
        ("UTC", "2024-09-10T23:30:00Z", "2024-09-10"),
        ("Europe/Berlin", "2024-09-10T22:30:00Z", "2024-09-11"),
        ("America/Los_Angeles", "2024-09-10T06:59:59Z", "2024-09-09"),
        ("Europe/Berlin", "1726007400000", "2024-09-11"),
    ],
)
def test_a_day_kept_as_a_time_is_the_day_of_its_zone(zone: str, raw: str, day: str) -> None:
    assert read(HUBSPOT, "date", raw, stored_as_datetime=True, zone=zone) == day


@pytest.mark.parametrize(
    ("kind", "raw"), [(SALESFORCE, "2024-09-09T22:00:00.000+0000"), (HUBSPOT, "2024-09-09T22:00:00Z")]
)
def test_a_day_kept_as_a_time_is_written_at_its_midnight(kind: SystemKind, raw: str) -> None:
    field = a_field("date")
    native = spelled(kind, field, stored_as_datetime=True, zone="Europe/Berlin")
    assert to_native(field, native, "2024-09-10", NOBODY) == raw
    assert holds(field, native, "2024-09-10") == "2024-09-10"
    assert to_canonical(field, native, None, NOBODY) is None


def test_a_day_kept_as_a_time_refuses_what_is_no_time() -> None:
    for raw in (5.0, "2024-09-10"):
        with pytest.raises(Unreadable):
            read(SALESFORCE, "date", raw, stored_as_datetime=True)
    with pytest.raises(Unreadable, match="outside the years"):
        read(HUBSPOT, "date", "9999-12-31T23:30:00Z", stored_as_datetime=True, zone="Asia/Tokyo")
    field = a_field("date")
    native = spelled(HUBSPOT, field, stored_as_datetime=True, zone="Asia/Tokyo")
    with pytest.raises(Unwritable, match="outside the years"):
        to_native(field, native, "0001-01-01", NOBODY)


def test_every_type_has_its_conversions_in_every_dialect() -> None:
    for kind in SystemKind:
        for type_ in FieldType:
            field = a_field(type_, options=STAGES if type_.has_options else ())
            native = spelled(kind, field)
            assert to_canonical(field, native, None, NOBODY) is None
            assert to_native(field, native, None, NOBODY) in (None, "", False)
