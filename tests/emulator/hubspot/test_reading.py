import pytest

from emulator.hubspot.portal import Portal
from tests.emulator.hubspot.judged import Judged

COMPANIES = "/crm/v3/objects/companies"


def test_a_list_is_paged_by_id_and_new_records_come_last(hubspot: Judged) -> None:
    ids = [hubspot.company(name=f"Company {number}") for number in range(5)]
    seen: list[str] = []
    after = ""
    for _ in range(3):
        page = hubspot("GET", f"{COMPANIES}?limit=2{after}").json()
        seen += [row["id"] for row in page["results"]]
        if "paging" not in page:
            break
        after = f"&after={page['paging']['next']['after']}"
    assert seen == ids


@pytest.mark.parametrize("limit", ["0", "101", "abc"])
def test_a_page_has_at_most_a_hundred_records(hubspot: Judged, limit: str) -> None:
    assert hubspot("GET", f"{COMPANIES}?limit={limit}").status_code == 400


def test_the_token_of_another_endpoint_is_refused(hubspot: Judged) -> None:
    answer = hubspot("GET", f"{COMPANIES}?after=NTI1Cg")
    assert answer.status_code == 400
    assert answer.json()["message"].startswith("Cannot deserialize value of type")


def test_unset_properties_are_null_and_unknown_ones_left_out(hubspot: Judged) -> None:
    company = hubspot.company(name="Acme")
    values = hubspot.values("companies", company, "name", "hs_is_target_account", "hs_is_target_acount")
    assert values == {"name": "Acme", "hs_is_target_account": None}


def test_the_default_properties_are_few(hubspot: Judged) -> None:
    company = hubspot.company(name="Acme", city="Paris")
    properties = hubspot("GET", f"{COMPANIES}/{company}").json()["properties"]
    assert set(properties) == {"createdate", "domain", "hs_lastmodifieddate", "hs_object_id", "name"}


def test_moments_lose_their_fraction_when_it_is_zero(hubspot: Judged) -> None:
    first = hubspot("GET", f"{COMPANIES}/{hubspot.company()}").json()
    assert first["createdAt"] == "2026-10-05T12:00:00.250Z"
    hubspot("POST", "/__emulator__/clock", {"set": "2026-11-03T23:36:13Z"})
    second = hubspot("GET", f"{COMPANIES}/{hubspot.company()}").json()
    assert second["createdAt"] == second["properties"]["createdate"] == "2026-11-03T23:36:13Z"


@pytest.mark.parametrize("name", ["companies", "company", "COMPANY", "0-2"])
def test_an_object_type_has_several_names(hubspot: Judged, name: str) -> None:
    company = hubspot.company()
    assert hubspot("GET", f"/crm/v3/objects/{name}/{company}").json()["id"] == company
    assert hubspot("GET", f"/crm/objects/2026-03/{name}/{company}").json()["id"] == company


def test_an_unknown_object_type_is_an_error_without_a_category(hubspot: Judged) -> None:
    body = hubspot("GET", "/crm/v3/objects/butterflies").json()
    assert body["message"] == "Unable to infer object type from: butterflies"
    assert "category" not in body


def test_a_missing_record_is_404_in_two_ways(hubspot: Judged) -> None:
    numeric, text = hubspot("GET", f"{COMPANIES}/4711"), hubspot("GET", f"{COMPANIES}/acme.com")
    assert numeric.status_code == text.status_code == 404
    assert {key: value for key, value in numeric.json().items() if key != "correlationId"} == {
        "status": "error",
        "message": "resource not found",
    }
    assert text.json()["message"] == "Object not found.  objectId are usually numeric."
    assert text.json()["category"] == "OBJECT_NOT_FOUND"


def test_a_record_is_found_by_a_unique_property_but_not_by_domain(hubspot: Judged) -> None:
    hubspot.property(name="sf_account_id", hasUniqueValue=True)
    company = hubspot.company(domain="acme.example", sf_account_id="001A")
    assert hubspot("GET", f"{COMPANIES}/001A?idProperty=sf_account_id").json()["id"] == company
    assert hubspot("GET", f"{COMPANIES}/001B?idProperty=sf_account_id").status_code == 404
    answer = hubspot("GET", f"{COMPANIES}/acme.example?idProperty=domain")
    assert answer.status_code == 400
    assert "non-unique 0-2 property domain" in answer.json()["message"]


def test_archived_records_are_a_list_of_their_own(hubspot: Judged) -> None:
    kept, gone = hubspot.company(), hubspot.company()
    assert hubspot("DELETE", f"{COMPANIES}/{gone}").status_code == 204
    assert [row["id"] for row in hubspot("GET", COMPANIES).json()["results"]] == [kept]
    (row,) = hubspot("GET", f"{COMPANIES}?archived=true").json()["results"]
    assert (row["id"], row["archived"], row["archivedAt"]) == (gone, True, "2026-10-05T12:00:00.250Z")
    assert hubspot("GET", f"{COMPANIES}/{gone}").status_code == 404
    assert hubspot("GET", f"{COMPANIES}/{gone}?archived=true").json()["id"] == gone


def test_an_address_of_many_properties_is_too_long(hubspot: Judged) -> None:
    names = ",".join(f"property_number_{number}" for number in range(500))
    answer = hubspot("GET", f"{COMPANIES}?properties={names}")
    assert answer.status_code == 414
    assert answer.headers["content-type"] == "text/html"


def test_history_is_newest_first_and_names_the_writer(hubspot: Judged) -> None:
    company = hubspot.company(city="Paris")
    hubspot.advance(60)
    hubspot(
        "PATCH", f"/__emulator__/as/rep@example.com{COMPANIES}/{company}", {"properties": {"city": "Lyon"}}
    )
    hubspot.advance(60)
    hubspot("PATCH", f"{COMPANIES}/{company}", {"properties": {"city": ""}})
    hubspot("PATCH", f"{COMPANIES}/{company}", {"properties": {"city": ""}})
    answer = hubspot("GET", f"{COMPANIES}/{company}?propertiesWithHistory=city,phone").json()
    assert answer["propertiesWithHistory"] == {
        "city": [
            {
                "value": "",
                "timestamp": "2026-10-05T12:02:00.250Z",
                "sourceType": "INTEGRATION",
                "sourceId": "19083857",
            },
            {
                "value": "Lyon",
                "timestamp": "2026-10-05T12:01:00.250Z",
                "sourceType": "CRM_UI",
                "sourceId": "userId:9002",
                "sourceLabel": "Rob Rep",
                "updatedByUserId": 9002,
            },
            {
                "value": "Paris",
                "timestamp": "2026-10-05T12:00:00.250Z",
                "sourceType": "INTEGRATION",
                "sourceId": "19083857",
            },
        ]
    }


def test_a_record_says_who_made_it(hubspot: Judged) -> None:
    names = ("hs_object_source", "hs_object_source_id", "hs_updated_by_user_id")
    assert hubspot.values("companies", hubspot.company(), *names) == {
        "hs_object_source": "INTEGRATION",
        "hs_object_source_id": "19083857",
        "hs_updated_by_user_id": None,
    }
    made = hubspot("POST", f"/__emulator__/as/9002{COMPANIES}", {"properties": {"name": "By hand"}}).json()
    assert hubspot.values("companies", made["id"], *names) == {
        "hs_object_source": "CRM_UI",
        "hs_object_source_id": "userId:9002",
        "hs_updated_by_user_id": "9002",
    }


def test_an_unknown_person_is_refused(hubspot: Judged) -> None:
    answer = hubspot("GET", f"/__emulator__/as/nobody@example.com{COMPANIES}")
    assert answer.status_code == 404
    assert "rep@example.com" in answer.json()["message"]


def test_seeded_records_are_read_like_any_other(hubspot: Judged, portal: Portal) -> None:
    (company,) = portal.load(
        "companies", [{"name": "Seed", "createdate": "2024-01-01T00:00:00Z", "city": ""}]
    )
    answer = hubspot("GET", f"{COMPANIES}/{company}?properties=name,city&propertiesWithHistory=name").json()
    assert (answer["createdAt"], answer["updatedAt"]) == ("2024-01-01T00:00:00Z", "2024-01-01T00:00:00Z")
    assert answer["properties"]["city"] is None
    assert answer["propertiesWithHistory"]["name"][0]["sourceType"] == "IMPORT"
