from typing import Any

import pytest

from connector.hubspot.api.paths import VERSIONS
from tests.emulator.hubspot.judged import Judged

PAIR = "/crm/v4/associations/deals/companies"
HUBSPOT = "HUBSPOT_DEFINED"


def spec(type_id: int, category: str = HUBSPOT) -> dict[str, Any]:
    return {"associationCategory": category, "associationTypeId": type_id}


def types(hubspot: Judged, origin: str, record: str, goal: str) -> dict[str, list[int]]:
    # 2026-09 has no such list; what the links are is no matter of the version.
    path = f"/crm/v4/objects/{origin}/{record}/associations/{goal}"
    rows = hubspot("GET", path, version="v3").json()["results"]
    return {row["toObjectId"]: [kind["typeId"] for kind in row["associationTypes"]] for row in rows}


@pytest.fixture
def deal(hubspot: Judged) -> str:
    return hubspot.deal()


@pytest.fixture
def company(hubspot: Judged) -> str:
    return hubspot.company()


def test_the_first_company_is_the_primary_and_gives_two_rows(
    hubspot: Judged, deal: str, company: str
) -> None:
    answer = hubspot("PUT", f"/crm/v4/objects/deals/{deal}/associations/default/companies/{company}")
    assert answer.status_code == 200
    assert {row["associationSpec"]["associationTypeId"] for row in answer.json()["results"]} == {341, 342}
    assert types(hubspot, "deals", deal, "companies") == {company: [5, 341]}
    assert types(hubspot, "companies", company, "deals") == {deal: [6, 342]}
    found = hubspot("GET", f"/crm/v3/objects/deals/{deal}?associations=companies").json()
    assert found["associations"]["companies"]["results"] == [
        {"id": company, "type": "deal_to_company"},
        {"id": company, "type": "deal_to_company_unlabeled"},
    ]
    listed = hubspot("GET", "/crm/v3/objects/deals?associations=companies").json()["results"]
    assert listed[0]["associations"] == found["associations"]


def test_a_new_primary_replaces_the_old_one(hubspot: Judged, deal: str, company: str) -> None:
    other = hubspot.company()
    hubspot("PUT", f"/crm/v4/objects/deals/{deal}/associations/default/companies/{company}")
    answer = hubspot("PUT", f"/crm/v4/objects/deals/{deal}/associations/companies/{other}", [spec(5)])
    assert answer.status_code == 201
    assert types(hubspot, "deals", deal, "companies") == {company: [341], other: [5, 341]}


def test_a_create_may_bring_its_links(hubspot: Judged, company: str) -> None:
    links = [{"to": {"id": company}, "types": [spec(5)]}]
    body = {"properties": {"dealname": "x"}, "associations": links}
    deal = hubspot("POST", "/crm/v3/objects/deals", body).json()["id"]
    assert types(hubspot, "deals", deal, "companies") == {company: [5, 341]}
    assert (
        hubspot("POST", "/crm/v3/objects/companies", body | {"properties": {"name": "x"}}).status_code == 400
    )


def test_links_are_made_and_read_in_batches(hubspot: Judged, deal: str, company: str) -> None:
    row = {"from": {"id": deal}, "to": {"id": company}, "types": [spec(341)]}
    made = hubspot("POST", f"{PAIR}/batch/create", {"inputs": [row]})
    assert made.status_code == 201
    assert made.json()["results"][0] == {
        "fromObjectTypeId": "0-3",
        "fromObjectId": deal,
        "toObjectTypeId": "0-2",
        "toObjectId": company,
        "labels": [],
    }
    lonely = hubspot.deal()
    read = hubspot("POST", f"{PAIR}/batch/read", {"inputs": [{"id": deal}, {"id": lonely}]})
    assert read.status_code == hubspot.partial()
    assert read.json()["results"][0]["to"][0]["toObjectId"] == company
    assert read.json()["errors"][0]["subCategory"] == "crm.associations.NO_ASSOCIATIONS_FOUND"
    assert read.json()["errors"][0]["context"]["fromObjectId"] == [lonely]
    archive = {"inputs": [{"from": {"id": deal}, "to": [{"id": company}]}]}
    assert hubspot("POST", f"{PAIR}/batch/archive", archive).status_code == 204
    assert types(hubspot, "companies", company, "deals") == {}


def test_default_links_are_made_in_batches(hubspot: Judged, deal: str, company: str) -> None:
    body = {"inputs": [{"from": {"id": deal}, "to": {"id": company}}]}
    assert hubspot("POST", f"{PAIR}/batch/associate/default", body).status_code == 200
    assert types(hubspot, "deals", deal, "companies") == {company: [5, 341]}


def test_a_missing_record_or_a_wrong_direction_is_refused(hubspot: Judged, deal: str, company: str) -> None:
    path = f"/crm/v4/objects/deals/{deal}/associations/companies"
    missing = hubspot("PUT", f"{path}/4711", [spec(341)])
    assert missing.status_code == 400
    assert missing.json()["message"] == "One or more associations are invalid"
    wrong = hubspot("PUT", f"{path}/{company}", [spec(342)])
    assert wrong.status_code == 400
    assert wrong.json()["message"].startswith("invalid from object type deals for associations to be created")
    assert hubspot("PUT", f"{path}/{company}", [spec(9999)]).status_code == 400


def test_labels_are_listed_made_and_removed(hubspot: Judged, deal: str, company: str) -> None:
    labels = hubspot("GET", f"{PAIR}/labels").json()["results"]
    assert {(label["typeId"], label["label"]) for label in labels} == {(341, None), (5, "Primary")}
    made = hubspot("POST", f"{PAIR}/labels", {"name": "reseller", "label": "Reseller"}).json()["results"]
    type_id = made[0]["typeId"]
    body = {"from": {"id": deal}, "to": {"id": company}, "types": [spec(type_id, "USER_DEFINED")]}
    row = hubspot("POST", f"{PAIR}/batch/create", {"inputs": [body]}).json()["results"][0]
    assert row["labels"] == ["Reseller"]
    assert set(types(hubspot, "deals", deal, "companies")[company]) == {5, 341, type_id}
    change = {"associationTypeId": type_id, "label": "Partner", "inverseLabel": "Partner of"}
    assert hubspot("PUT", f"{PAIR}/labels", change).status_code == 204
    labels = {each["typeId"]: each["label"] for each in hubspot("GET", f"{PAIR}/labels").json()["results"]}
    assert labels[type_id] == "Partner"
    back = hubspot("GET", "/crm/v4/associations/companies/deals/labels").json()["results"]
    assert "Partner of" in {each["label"] for each in back}
    for wrong, status in (
        ({**change, "associationTypeId": 341}, 400),
        ({**change, "associationTypeId": 9}, 404),
    ):
        assert hubspot("PUT", f"{PAIR}/labels", wrong).status_code == status
    assert hubspot("POST", f"{PAIR}/batch/labels/archive", {"inputs": [body]}).status_code == 204
    assert set(types(hubspot, "deals", deal, "companies")[company]) == {5, 341}
    assert hubspot("DELETE", f"{PAIR}/labels/{type_id}").status_code == 204
    assert hubspot("DELETE", f"{PAIR}/labels/{type_id}").status_code == 404
    assert hubspot("DELETE", f"{PAIR}/labels/341").status_code == 400


def test_removing_the_unlabelled_type_removes_the_link(hubspot: Judged, deal: str, company: str) -> None:
    row = {"from": {"id": deal}, "to": {"id": company}, "types": [spec(341)]}
    hubspot("POST", f"{PAIR}/batch/create", {"inputs": [row]})
    hubspot("POST", f"{PAIR}/batch/labels/archive", {"inputs": [row]})
    assert types(hubspot, "deals", deal, "companies") == {}


def test_links_are_paged(hubspot: Judged, company: str) -> None:
    deals = [hubspot.deal() for _ in range(3)]
    body = {"inputs": [{"from": {"id": deal}, "to": {"id": company}} for deal in deals]}
    hubspot("POST", f"{PAIR}/batch/associate/default", body)
    path = f"/crm/v4/objects/companies/{company}/associations/deals"
    first = hubspot("GET", f"{path}?limit=2", version="v3").json()
    rest = hubspot("GET", f"{path}?limit=2&after={first['paging']['next']['after']}", version="v3").json()
    assert [row["toObjectId"] for row in first["results"] + rest["results"]] == deals


def test_a_link_does_not_move_the_stamp(hubspot: Judged, deal: str, company: str) -> None:
    before = hubspot("GET", f"/crm/v3/objects/deals/{deal}").json()["updatedAt"]
    hubspot.advance(60)
    hubspot("PUT", f"/crm/v4/objects/deals/{deal}/associations/default/companies/{company}")
    assert hubspot("GET", f"/crm/v3/objects/deals/{deal}").json()["updatedAt"] == before


def test_a_merge_takes_the_links_along(hubspot: Judged, deal: str, company: str) -> None:
    other = hubspot.company()
    hubspot("PUT", f"/crm/v4/objects/deals/{deal}/associations/default/companies/{other}")
    merge = {"primaryObjectId": company, "objectIdToMerge": other}
    survivor = hubspot("POST", "/crm/v3/objects/companies/merge", merge).json()["id"]
    assert types(hubspot, "deals", deal, "companies") == {survivor: [5, 341]}


def test_the_list_of_one_record_is_gone_since_2026_09(hubspot: Judged, deal: str) -> None:
    hubspot.judge = None  # the specification at hand knows the v4 spelling alone
    path = f"/crm/v4/objects/deals/{deal}/associations/companies"
    statuses = {name: hubspot("GET", path, version=name).status_code for name in VERSIONS}
    assert statuses == {"2026-09": 404, "2026-03": 200, "v3": 200}


def test_the_dated_paths_are_the_same_family(hubspot: Judged, deal: str, company: str) -> None:
    dated = f"/crm/objects/2026-03/deals/{deal}/associations/companies/{company}"
    judge, hubspot.judge = hubspot.judge, None  # the specification at hand knows the v4 spelling alone
    assert hubspot("PUT", dated, [spec(341)]).status_code == 201
    assert hubspot("GET", "/crm/associations/2026-03/deals/companies/labels").status_code == 200
    hubspot.judge = judge
    assert types(hubspot, "deals", deal, "companies") == {company: [5, 341]}
