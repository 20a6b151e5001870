"""Single writes, lifecycle, merges, archive and restore."""

import pytest

from tests.emulator.hubspot.judged import Judged

COMPANIES = "/crm/v3/objects/companies"
CONTACTS = "/crm/v3/objects/contacts"


def test_a_create_answers_201_with_its_place_and_what_is_set(hubspot: Judged) -> None:
    answer = hubspot("POST", COMPANIES, {"properties": {"domain": "acme.example", "phone": ""}})
    assert answer.status_code == 201
    body = answer.json()
    assert answer.headers["Location"].endswith(f"/{body['id']}")
    assert body["properties"]["website"] == "acme.example"
    assert None not in body["properties"].values()
    assert body["archived"] is False


def test_a_company_needs_a_name_or_a_domain(hubspot: Judged) -> None:
    assert hubspot("POST", COMPANIES, {"properties": {"city": "Paris"}}).status_code == 400
    assert hubspot("POST", COMPANIES, {"properties": {}}).status_code == 400


def test_a_second_company_of_one_domain_is_accepted(hubspot: Judged) -> None:
    assert hubspot.company(domain="acme.example") != hubspot.company(domain="acme.example")


def test_a_second_contact_of_one_email_is_a_conflict_with_the_id_in_the_text(hubspot: Judged) -> None:
    first = hubspot("POST", CONTACTS, {"properties": {"email": "Ann@acme.example"}}).json()["id"]
    answer = hubspot("POST", CONTACTS, {"properties": {"email": "ann@ACME.example"}})
    assert answer.status_code == 409
    body = answer.json()
    assert (body["message"], body["category"]) == (
        f"Contact already exists. Existing ID: {first}",
        "CONFLICT",
    )


def test_a_unique_value_has_one_holder(hubspot: Judged) -> None:
    hubspot.property(name="sf_account_id", hasUniqueValue=True)
    holder, other = hubspot.company(sf_account_id="001A"), hubspot.company()
    answer = hubspot("PATCH", f"{COMPANIES}/{other}", {"properties": {"sf_account_id": "001A"}})
    assert answer.status_code == 400
    message = answer.json()["message"]
    assert message.startswith("Cannot set PropertyValueCoordinates{portalId=24680135, ")
    assert message.endswith(
        f"propertyName=sf_account_id, value=001A}} on {other}. {holder} already has that value."
    )
    hubspot("PATCH", f"{COMPANIES}/{holder}", {"properties": {"sf_account_id": ""}})
    assert (
        hubspot("PATCH", f"{COMPANIES}/{other}", {"properties": {"sf_account_id": "001A"}}).status_code == 200
    )


def test_a_write_that_changes_nothing_still_moves_the_stamp(hubspot: Judged) -> None:
    company = hubspot.company(city="Paris")
    hubspot.advance(30)
    answer = hubspot("PATCH", f"{COMPANIES}/{company}", {"properties": {"city": "Paris"}})
    assert answer.status_code == 200
    assert answer.json()["updatedAt"] == "2026-10-05T12:00:30.250Z"


def test_the_body_must_be_an_object_with_properties(hubspot: Judged) -> None:
    assert hubspot("POST", COMPANIES, []).status_code == 400
    assert hubspot("POST", COMPANIES, {"properties": []}).status_code == 400
    answer = hubspot("POST", COMPANIES, data=b"{", headers={"content-type": "application/json"})
    assert answer.status_code == 400
    assert answer.json()["message"].startswith("Invalid input JSON")


def test_the_lifecycle_moves_forward_alone(hubspot: Judged) -> None:
    company = hubspot.company(lifecyclestage="customer")
    answer = hubspot("PATCH", f"{COMPANIES}/{company}", {"properties": {"lifecyclestage": "lead"}})
    assert answer.status_code == 200
    assert hubspot.values("companies", company, "lifecyclestage") == {"lifecyclestage": "customer"}
    hubspot("PATCH", f"{COMPANIES}/{company}", {"properties": {"lifecyclestage": ""}})
    hubspot("PATCH", f"{COMPANIES}/{company}", {"properties": {"lifecyclestage": "lead"}})
    assert hubspot.values("companies", company, "lifecyclestage", "hs_lifecyclestage_lead_date") == {
        "lifecyclestage": "lead",
        "hs_lifecyclestage_lead_date": "2026-10-05T12:00:00.250Z",
    }


def test_a_merge_makes_a_new_record_that_both_old_ids_lead_to(hubspot: Judged) -> None:
    primary = hubspot.company(name="Acme", city="Paris")
    loser = hubspot.company(name="Acme Ltd", phone="+33 1")
    answer = hubspot("POST", f"{COMPANIES}/merge", {"primaryObjectId": primary, "objectIdToMerge": loser})
    assert answer.status_code == 200
    survivor = answer.json()["id"]
    assert survivor not in (primary, loser)
    for old in (primary, loser):
        found = hubspot("GET", f"{COMPANIES}/{old}?properties=name,city,phone,hs_merged_object_ids").json()
        assert found["id"] == survivor
        assert found["properties"]["name"] == "Acme"
        assert found["properties"]["city"] == "Paris"
        assert found["properties"]["phone"] == "+33 1"
        assert found["properties"]["hs_merged_object_ids"] == f"{primary};{loser}"


def test_merged_ids_leave_the_list_without_being_archived(hubspot: Judged) -> None:
    primary, loser = hubspot.company(), hubspot.company()
    survivor = hubspot(
        "POST", f"{COMPANIES}/merge", {"primaryObjectId": primary, "objectIdToMerge": loser}
    ).json()["id"]
    assert [row["id"] for row in hubspot("GET", COMPANIES).json()["results"]] == [survivor]
    assert hubspot("GET", f"{COMPANIES}?archived=true").json()["results"] == []
    (row,) = hubspot(
        "POST",
        f"{COMPANIES}/batch/read",
        {"inputs": [{"id": loser}], "properties": [], "propertiesWithHistory": []},
    ).json()["results"]
    assert row["id"] == survivor


def test_a_merge_of_merged_records_keeps_every_old_id(hubspot: Judged) -> None:
    first, second, third = (hubspot.company() for _ in range(3))
    middle = hubspot(
        "POST", f"{COMPANIES}/merge", {"primaryObjectId": first, "objectIdToMerge": second}
    ).json()["id"]
    last = hubspot(
        "POST", f"{COMPANIES}/merge", {"primaryObjectId": middle, "objectIdToMerge": third}
    ).json()["id"]
    found = hubspot("GET", f"{COMPANIES}/{second}?properties=hs_merged_object_ids").json()
    assert found["id"] == last
    assert found["properties"]["hs_merged_object_ids"].split(";") == [first, second, middle, third]


def test_a_merge_frees_no_unique_value_to_others(hubspot: Judged) -> None:
    hubspot.property(name="sf_account_id", hasUniqueValue=True)
    primary, loser = hubspot.company(sf_account_id="001A"), hubspot.company(sf_account_id="001B")
    survivor = hubspot(
        "POST", f"{COMPANIES}/merge", {"primaryObjectId": primary, "objectIdToMerge": loser}
    ).json()["id"]
    assert hubspot("GET", f"{COMPANIES}/001A?idProperty=sf_account_id").json()["id"] == survivor
    assert hubspot("GET", f"{COMPANIES}/001B?idProperty=sf_account_id").status_code == 404


@pytest.mark.parametrize("missing", ["primaryObjectId", "objectIdToMerge"])
def test_a_merge_needs_two_live_records(hubspot: Judged, missing: str) -> None:
    body = {"primaryObjectId": hubspot.company(), "objectIdToMerge": hubspot.company()} | {missing: "4711"}
    assert hubspot("POST", f"{COMPANIES}/merge", body).status_code == 404


def test_an_archived_company_comes_back_with_the_same_id(hubspot: Judged) -> None:
    company = hubspot.company(name="Phoenix")
    hubspot("DELETE", f"{COMPANIES}/{company}")
    assert hubspot("DELETE", f"{COMPANIES}/{company}").status_code == 204
    assert hubspot("PATCH", f"{COMPANIES}/{company}", {"properties": {"city": "x"}}).status_code == 404
    assert hubspot("POST", "/__emulator__/restore", {"ids": [company]}).json() == {"restored": [company]}
    assert hubspot.values("companies", company, "name") == {"name": "Phoenix"}
    assert hubspot("POST", "/__emulator__/restore", {"ids": ["4711"]}).status_code == 400


def test_a_touch_moves_the_stamp_and_no_value(hubspot: Judged) -> None:
    company = hubspot.company(name="Acme")
    hubspot.advance(60)
    assert hubspot("POST", "/__emulator__/touch", {}).json() == {"touched": 1}
    found = hubspot("GET", f"{COMPANIES}/{company}?propertiesWithHistory=name").json()
    assert found["updatedAt"] == "2026-10-05T12:01:00.250Z"
    assert len(found["propertiesWithHistory"]["name"]) == 1


def test_a_record_is_updated_by_a_unique_property(hubspot: Judged) -> None:
    hubspot.property(name="sf_account_id", hasUniqueValue=True)
    company = hubspot.company(sf_account_id="001A")
    answer = hubspot("PATCH", f"{COMPANIES}/001A?idProperty=sf_account_id", {"properties": {"city": "Rome"}})
    assert (answer.status_code, answer.json()["id"]) == (200, company)
