import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.hubspot.data.definitions import Definition, complete
from emulator.hubspot.data.stamps import from_ms, instant, read_moment, to_ms
from emulator.hubspot.data.values import kept_text
from emulator.hubspot.errors import BadValue
from tests.emulator.hubspot.judged import Judged, embedded

COMPANIES = "/crm/v3/objects/companies"


def define(kind: str, field: str, *values: str) -> Definition:
    spec = {"name": "p", "label": "P", "type": kind, "fieldType": field, "groupName": "g"}
    options = [{"label": value, "value": value} for value in values]
    return Definition(doc=complete({**spec, "options": options}), created=from_ms(0))


@pytest.mark.parametrize(
    ("kind", "field", "raw", "kept"),
    [
        ("string", "text", "  spaces stay ", "  spaces stay "),
        ("string", "text", True, "true"),
        ("number", "number", 87, "87"),
        ("number", "number", "1500.00", "1500.00"),
        ("number", "number", "1.5E7", "1.5E7"),
        ("bool", "booleancheckbox", False, "false"),
        ("date", "date", "2026-02-28", "2026-02-28"),
        ("date", "date", "1772236800000", "2026-02-28"),
        ("datetime", "date", "1772236800000", "2026-02-28T00:00:00Z"),
        ("datetime", "date", "2026-02-28T12:30:00.125+02:00", "2026-02-28T10:30:00.125Z"),
        ("datetime", "date", 1772236800, "1970-01-21T12:17:16.800Z"),
        ("number", "number", "", ""),
    ],
)
def test_a_good_value_is_kept_as_text(kind: str, field: str, raw: object, kept: str) -> None:
    assert kept_text(define(kind, field), raw, present=None) == kept


@pytest.mark.parametrize(
    ("kind", "field", "raw", "code"),
    [
        ("number", "number", "5 ", "INVALID_INTEGER"),
        ("number", "number", "many", "INVALID_INTEGER"),
        ("number", "number", "NaN", "INVALID_INTEGER"),
        ("bool", "booleancheckbox", "True", "INVALID_OPTION"),
        ("date", "date", "1772236800001", "INVALID_DATE"),
        ("date", "date", "28.02.2026", "INVALID_DATE"),
        ("datetime", "date", "yesterday", "INVALID_LONG"),
        ("enumeration", "select", "Tier_1", "INVALID_OPTION"),
        ("enumeration", "select", " tier_1", "INVALID_OPTION"),
        ("enumeration", "select", "tier_1;tier_2", "INVALID_OPTION"),
        ("string", "text", "x" * 65_537, "PROPERTY_VALUE_TOO_LONG"),
    ],
)
def test_a_bad_value_is_refused_by_code(kind: str, field: str, raw: str, code: str) -> None:
    refused = kept_text(define(kind, field, "tier_1", "tier_2"), raw, present=None)
    assert isinstance(refused, BadValue)
    assert refused.code == code


def test_a_leading_semicolon_appends() -> None:
    several = define("enumeration", "checkbox", "a", "b", "c")
    assert kept_text(several, "b;a", present="c") == "b;a"
    assert kept_text(several, ";b;c", present="c") == "c;b"
    assert kept_text(several, ";b", present=None) == "b"


@given(st.integers(min_value=-62_135_596_800_000, max_value=253_402_300_799_999))
def test_a_moment_survives_being_printed(ms: int) -> None:
    text = instant(from_ms(ms))
    assert to_ms(read_moment(text)) == ms
    assert ("." in text) == bool(ms % 1000)


def test_a_refusal_embeds_json_in_its_message_and_names_every_property(hubspot: Judged) -> None:
    answer = hubspot(
        "POST",
        COMPANIES,
        {
            "properties": {
                "name": "Acme",
                "hs_ideal_customer_profile": "gold",
                "hs_object_id": "5",
                "abm_teir": "tier_1",
            }
        },
    )
    assert answer.status_code == 400
    body = answer.json()
    assert body["category"] == "VALIDATION_ERROR"
    assert body["message"].startswith("Property values were not valid: [")
    told = {bad["name"]: bad["error"] for bad in embedded(body["message"])}
    assert told == {
        "hs_ideal_customer_profile": "INVALID_OPTION",
        "hs_object_id": "READ_ONLY_VALUE",
        "abm_teir": "PROPERTY_DOESNT_EXIST",
    }
    assert {error["context"]["propertyName"][0]: error["code"] for error in body["errors"]} == told
    assert "gold was not one of the allowed options: [tier_1, tier_2, tier_3]" in body["message"]
    assert '"hs_object_id" is a calculated property; its value cannot be set.' in body["errors"][1]["message"]
    assert embedded(body["message"])[0]["portalId"] == 24_680_135


def test_the_empty_text_clears_and_null_is_passed_over(hubspot: Judged) -> None:
    company = hubspot.company(name="Acme", city="Paris", hs_is_target_account=True)
    hubspot("PATCH", f"{COMPANIES}/{company}", {"properties": {"city": "", "hs_is_target_account": "false"}})
    assert hubspot.values("companies", company, "city", "hs_is_target_account") == {
        "city": None,
        "hs_is_target_account": "false",
    }
    hubspot.complaints.clear()


def test_fractions_are_kept_as_they_were_sent(hubspot: Judged) -> None:
    hubspot.property(name="score", type="number", fieldType="number")
    company = hubspot.company(score=87.5)
    assert hubspot.values("companies", company, "score") == {"score": "87.5"}


def test_a_bad_email_is_refused(hubspot: Judged) -> None:
    answer = hubspot("POST", "/crm/v3/objects/contacts", {"properties": {"email": "nobody"}})
    assert answer.json()["errors"][0]["code"] == "INVALID_EMAIL"


@pytest.mark.parametrize("owner", ["9002", "103", "999"])
def test_a_user_id_or_an_archived_owner_is_no_owner(hubspot: Judged, owner: str) -> None:
    answer = hubspot("POST", COMPANIES, {"properties": {"name": "Acme", "hubspot_owner_id": owner}})
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["code"] == "INVALID_OPTION"
    assert hubspot.values("companies", hubspot.company(hubspot_owner_id="102"), "hubspot_owner_id") == {
        "hubspot_owner_id": "102"
    }


def test_a_portal_without_abm_lacks_the_two_account_properties(hubspot: Judged) -> None:
    from datetime import UTC, datetime

    from emulator.hubspot.portal import Portal, Settings
    from emulator.kit.clock import Clock
    from emulator.kit.state import StateFile

    plain = Portal(StateFile(), Clock.virtual(datetime(2026, 1, 1, tzinfo=UTC)), Settings(abm=False))
    definitions = plain.shelves["companies"].definitions
    assert definitions.get("hs_is_target_account") is None
    assert definitions.get("hs_ideal_customer_profile") is None
    listed = {row["name"] for row in hubspot("GET", "/crm/v3/properties/companies").json()["results"]}
    assert {"hs_is_target_account", "hs_ideal_customer_profile"} <= listed
