"""Laws of the conversions, for all types and both dialects."""

import json
from dataclasses import dataclass
from datetime import date, datetime, timezone
from decimal import Decimal

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from mappings.errors import Unreadable, Unwritable
from mappings.fields import CanonicalField, FieldType, Value
from mappings.systems import NativeField, SystemKind
from mappings.values import canonical
from mappings.values.convert import holds, to_canonical, to_native
from tests.mappings.builders import HUBSPOT, SALESFORCE, STAGES, Users, a_field, spelled

EMAILS = ("jane@acme.com", "jo@acme.co.uk", "strasse@müller.de")
USERS = Users({f"005{number}": email for number, email in enumerate(EMAILS)})

NATIVE_OPTIONS = {stage: f"Stage {number}" for number, stage in enumerate(STAGES)}


@dataclass(frozen=True)
class Case:
    field: CanonicalField
    native: NativeField
    value: Value


def texts() -> st.SearchStrategy[Value]:
    return st.text(st.characters(codec="utf-8"), max_size=60).map(canonical.text)


def numbers() -> st.SearchStrategy[Value]:
    bound = Decimal("1e17")
    return st.decimals(min_value=-bound, max_value=bound, allow_nan=False, places=4).map(
        canonical.decimal_text
    )


VALUES: dict[FieldType, st.SearchStrategy[Value]] = {
    FieldType.TEXT: texts(),
    FieldType.NUMBER: numbers(),
    FieldType.CURRENCY: numbers(),
    FieldType.BOOLEAN: st.sampled_from(["true", "false"]),
    FieldType.ENUM: st.sampled_from(STAGES),
    FieldType.MULTI_ENUM: st.sets(st.sampled_from(STAGES)).map(canonical.key_set),
    FieldType.DATE: st.dates(min_value=date(1700, 1, 2), max_value=date(4000, 12, 30)).map(date.isoformat),
    FieldType.DATETIME: st.datetimes(
        min_value=datetime(1700, 1, 2),  # noqa: DTZ001  # the zone is given below
        max_value=datetime(4000, 12, 30),  # noqa: DTZ001
        timezones=st.just(timezone.utc),  # noqa: UP017  # hypothesis wants tzinfo or None alike
    ).map(canonical.moment_text),
    FieldType.USER: st.sampled_from(EMAILS),
}


@st.composite
def cases(draw: st.DrawFn, types: tuple[FieldType, ...] = tuple(FieldType)) -> Case:
    type_ = draw(st.sampled_from(types))
    kind = draw(st.sampled_from(SystemKind))
    digits = (
        draw(st.sampled_from([(None, None), (18, 0), (18, 2), (12, 4)])) if type_.is_numeric else (None, None)
    )
    field = a_field(type_, options=STAGES if type_.has_options else (), precision=digits[0], scale=digits[1])
    zoned = type_ is FieldType.DATE and draw(st.booleans())
    zone = draw(st.sampled_from(["UTC", "Europe/Berlin", "Pacific/Kiritimati", "America/Sao_Paulo"]))
    options = draw(st.sampled_from([NATIVE_OPTIONS, {stage: stage for stage in STAGES}]))
    native = spelled(
        kind,
        field,
        values=options if type_.has_options else {},
        create=draw(st.booleans()),
        stored_as_datetime=zoned,
        zone=zone if zoned else "UTC",
    )
    return Case(field, native, draw(st.none() | VALUES[type_]))


@given(cases())
def test_what_is_written_reads_back_as_what_the_system_holds(case: Case) -> None:
    try:
        raw = to_native(case.field, case.native, case.value, USERS)
    except Unwritable:
        assert case.field.type.is_numeric  # the only generated values that may be too large
        return
    over_the_wire = json.loads(json.dumps(raw))
    assert to_canonical(case.field, case.native, over_the_wire, USERS) == holds(
        case.field, case.native, case.value
    )


@given(cases())
def test_a_system_holds_what_it_already_holds(case: Case) -> None:
    try:
        held = holds(case.field, case.native, case.value)
    except Unwritable:
        assert case.field.type.is_numeric
    else:
        assert holds(case.field, case.native, held) == held


@given(cases((FieldType.TEXT, FieldType.ENUM, FieldType.MULTI_ENUM, FieldType.DATE, FieldType.USER)))
def test_everything_but_numbers_times_and_blank_boxes_is_held_exactly(case: Case) -> None:
    assert holds(case.field, case.native, case.value) == case.value


@given(cases((FieldType.BOOLEAN,)))
def test_a_boolean_is_held_exactly_but_for_the_blank_box(case: Case) -> None:
    blank_box = case.value is None and case.native.kind is SALESFORCE
    assert holds(case.field, case.native, case.value) == ("false" if blank_box else case.value)


@given(cases((FieldType.DATETIME,)))
def test_a_time_loses_at_most_its_fraction(case: Case) -> None:
    held = holds(case.field, case.native, case.value)
    if case.value is None or case.native.kind is HUBSPOT:
        assert held == case.value
    else:
        assert held == f"{case.value[:19]}Z"


@given(cases((FieldType.NUMBER, FieldType.CURRENCY)))
def test_a_number_moves_by_no_more_than_half_a_step(case: Case) -> None:
    assume(case.value is not None)
    assert case.value is not None
    try:
        held = holds(case.field, case.native, case.value)
    except Unwritable:
        assert abs(Decimal(case.value)) >= Decimal(10) ** 8 - 1
        return
    assert held is not None
    scale = case.field.scale if case.field.scale is not None else 2
    # A float tells 15 digits apart for certain; that is what Salesforce keeps.
    float_step = abs(Decimal(case.value)) * Decimal("1e-15") if case.native.kind is SALESFORCE else 0
    assert abs(Decimal(held) - Decimal(case.value)) <= Decimal(1).scaleb(-scale) / 2 + float_step


@given(st.sets(st.sampled_from(STAGES)), st.sampled_from(SystemKind))
def test_a_list_of_options_never_begins_with_a_separator(keys: set[str], kind: SystemKind) -> None:
    field = a_field("multi_enum", options=STAGES)
    raw = to_native(field, spelled(kind, field), canonical.key_set(keys), USERS)
    assert raw is None or (isinstance(raw, str) and not raw.startswith(";"))


@given(st.lists(st.sampled_from(STAGES)), st.randoms(use_true_random=False))
def test_order_and_repeats_of_options_mean_nothing(keys: list[str], random: object) -> None:
    field = a_field("multi_enum", options=STAGES)
    shuffled = list(keys)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    values = {
        to_canonical(field, spelled(HUBSPOT, field), ";".join(order), USERS)
        for order in (keys, shuffled, shuffled + keys)
    }
    assert len(values) == 1


def read_or_reason(field: CanonicalField, native: NativeField, raw: object) -> tuple[Value, str | None]:
    try:
        return to_canonical(field, native, raw, USERS), None
    except Unreadable as refusal:
        return None, refusal.reason


@given(
    st.sampled_from(FieldType),
    st.sampled_from(SystemKind),
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=20)
    | st.lists(st.integers(), max_size=2),
)
def test_whatever_a_crm_answers_is_read_or_refused_with_a_reason(
    type_: FieldType, kind: SystemKind, raw: object
) -> None:
    field = a_field(type_, options=STAGES if type_.has_options else ())
    native = spelled(kind, field)
    value, reason = read_or_reason(field, native, raw)
    if reason is not None:
        assert reason
        return
    assert value is None or value
    if value is not None and type_ is not FieldType.USER:
        assert canonical.from_text(field, value) == value


@pytest.mark.parametrize("kind", SystemKind)
def test_the_same_meaning_from_both_dialects_is_one_text(kind: SystemKind) -> None:
    spellings: list[tuple[str, dict[SystemKind, object], str]] = [
        ("number", {SALESFORCE: 72.0, HUBSPOT: "72.00"}, "72"),
        ("boolean", {SALESFORCE: True, HUBSPOT: "true"}, "true"),
        (
            "datetime",
            {SALESFORCE: "2024-09-10T13:12:38.000+0000", HUBSPOT: "1725973958000"},
            "2024-09-10T13:12:38Z",
        ),
        ("date", {SALESFORCE: "2024-09-10", HUBSPOT: "1725926400000"}, "2024-09-10"),
        ("text", {SALESFORCE: None, HUBSPOT: ""}, ""),
    ]
    for type_, raws, value in spellings:
        field = a_field(type_)
        assert to_canonical(field, spelled(kind, field), raws[kind], USERS) == (value or None)
