from typing import Any

import pytest

from emulator.hubspot.portal import Portal
from tests.emulator.hubspot.judged import Judged, where

ROWS: list[dict[str, str]] = [
    {"name": "Acme Rockets", "domain": "acme.example", "numberofemployees": "9", "type": "PARTNER"},
    {"name": "ACME ANVILS", "domain": "anvils.acme.example", "numberofemployees": "100", "type": "PROSPECT"},
    {
        "name": "Zenith",
        "domain": "zenith.example",
        "numberofemployees": "1000.50",
        "closedate": "2026-01-31T00:00:00Z",
    },
    {"name": "Blank"},
]


@pytest.fixture
def ids(portal: Portal) -> list[str]:
    return portal.load("companies", ROWS)


def numbers(hubspot: Judged, ids: list[str], *filters: dict[str, Any], **request: Any) -> list[int]:
    return [ids.index(id) for id in hubspot.found(*filters, **request)]


@pytest.mark.parametrize(
    ("filters", "hits"),
    [
        ([where("name", "EQ", "acme anvils")], [1]),
        ([where("type", "EQ", "PARTNER")], [0]),
        ([where("type", "EQ", "partner")], []),
        ([where("name", "NEQ", "zenith")], [0, 1, 3]),
        ([where("domain", "NEQ", "zenith.example")], [0, 1]),
        ([where("numberofemployees", "LT", "100")], [0]),
        ([where("numberofemployees", "LTE", "100")], [0, 1]),
        ([where("numberofemployees", "GT", "100")], [2]),
        ([where("numberofemployees", "GTE", "1000.5")], [2]),
        ([where("numberofemployees", "EQ", "1000.5")], [2]),
        ([where("numberofemployees", "BETWEEN", "9", highValue="100")], [0, 1]),
        ([where("name", "IN", values=["zenith", "blank"])], [2, 3]),
        ([where("name", "IN", values=["Zenith"])], []),
        ([where("domain", "NOT_IN", values=["zenith.example"])], [0, 1]),
        ([where("type", "IN", values=["PARTNER", "PROSPECT"])], [0, 1]),
        ([where("domain", "HAS_PROPERTY")], [0, 1, 2]),
        ([where("domain", "NOT_HAS_PROPERTY")], [3]),
        ([where("name", "CONTAINS_TOKEN", "acme")], [0, 1]),
        ([where("domain", "CONTAINS_TOKEN", "*vils*")], [1]),
        ([where("name", "NOT_CONTAINS_TOKEN", "acme")], [2, 3]),
        ([where("closedate", "GTE", "1769817600000")], [2]),
        ([where("closedate", "LT", "2026-01-31")], []),
        ([where("name", "CONTAINS_TOKEN", "acme"), where("numberofemployees", "GT", "9")], [1]),
    ],
)
def test_operators(hubspot: Judged, ids: list[str], filters: list[dict[str, Any]], hits: list[int]) -> None:
    assert numbers(hubspot, ids, *filters) == hits


def test_groups_are_alternatives(hubspot: Judged, ids: list[str]) -> None:
    answer = hubspot.search(
        filterGroups=[
            {"filters": [where("name", "EQ", "Blank")]},
            {"filters": [where("type", "EQ", "PARTNER")]},
        ]
    ).json()
    assert ([ids.index(row["id"]) for row in answer["results"]], answer["total"]) == ([0, 3], 2)


def test_multi_select_values_are_matched_one_by_one(hubspot: Judged, portal: Portal) -> None:
    (contact,) = portal.load("contacts", [{"email": "a@b.example", "hs_buying_role": "CHAMPION;BLOCKER"}])
    assert hubspot.found(where("hs_buying_role", "EQ", "BLOCKER"), object_name="contacts") == [contact]
    assert hubspot.found(where("hs_buying_role", "NOT_IN", values=["BLOCKER"]), object_name="contacts") == []


def test_words_are_looked_for_in_the_searchable_properties(hubspot: Judged, ids: list[str]) -> None:
    assert numbers(hubspot, ids, query="acm rock") == [0]
    assert numbers(hubspot, ids, query="nothing") == []


def test_sorting_by_value_puts_blanks_last(hubspot: Judged, ids: list[str]) -> None:
    ascending = [{"propertyName": "numberofemployees", "direction": "ASCENDING"}]
    descending = [{"propertyName": "numberofemployees", "direction": "DESCENDING"}]
    assert numbers(hubspot, ids, sorts=ascending) == [0, 1, 2, 3]
    assert numbers(hubspot, ids, sorts=descending) == [2, 1, 0, 3]
    assert numbers(hubspot, ids, sorts=[{"propertyName": "hs_object_id", "direction": "DESCENDING"}]) == [
        3,
        2,
        1,
        0,
    ]
    assert numbers(hubspot, ids, sorts=["-name"]) == [2, 3, 0, 1]


def test_pages_are_numbered(hubspot: Judged, ids: list[str]) -> None:
    first = hubspot.search(limit=3).json()
    assert (first["total"], first["paging"]) == (4, {"next": {"after": "3"}})
    second = hubspot.search(limit=3, after="3").json()
    assert "paging" not in second
    assert [row["id"] for row in first["results"] + second["results"]] == ids


def test_a_keyset_over_ids_reads_everything(hubspot: Judged, portal: Portal) -> None:
    ids = portal.load("companies", ({"name": f"C{number}"} for number in range(450)))
    seen: list[str] = []
    while page := hubspot.found(
        where("hs_object_id", "GT", seen[-1] if seen else "0"),
        where("hs_lastmodifieddate", "GTE", "0"),
        sorts=[{"propertyName": "hs_object_id", "direction": "ASCENDING"}],
        limit=200,
    ):
        seen += page
    assert seen == ids


@pytest.mark.parametrize(
    "request_body",
    [
        {"filterGroups": [{"filters": [where("nmae", "EQ", "x")]}]},
        {"filterGroups": [{"filters": [where("name", "EQ", "")]}]},
        {"filterGroups": [{"filters": [where("name", "EQ")]}]},
        {"filterGroups": [{"filters": [where("name", "IN", values=[])]}]},
        {"filterGroups": [{"filters": [where("name", "LIKE", "x")]}]},
        {"filterGroups": [{"filters": [where("name", "HAS_PROPERTY", "x")]}]},
        {"filterGroups": [{"filters": [where("numberofemployees", "GT", "many")]}]},
        {"filterGroups": [{"filters": [where("numberofemployees", "BETWEEN", "1")]}]},
        {"filterGroups": [{"filters": [where("name", "EQ", "x")]}] * 6},
        {"filterGroups": [{"filters": [where("name", "EQ", "x")] * 7}]},
        {"filterGroups": [{"filters": [where("name", "EQ", "x")] * 5}] * 4},
        {"sorts": [{"propertyName": "name"}, {"propertyName": "domain"}]},
        {"sorts": [{"propertyName": "nmae"}]},
        {"limit": 201},
        {"limit": 0},
        {"after": "10000"},
        {"after": "NTI1Cg"},
        {"after": "27300000001"},
        {"query": "x" * 3000},
    ],
)
def test_what_search_refuses(hubspot: Judged, request_body: dict[str, Any]) -> None:
    answer = hubspot.search(**request_body)
    assert answer.status_code == 400
    assert answer.json()["category"] == "VALIDATION_ERROR"


def test_the_index_lags_behind_the_store(hubspot: Judged) -> None:
    company = hubspot.company(name="Fresh")
    assert hubspot.found(where("name", "EQ", "Fresh")) == []
    hubspot.advance(3)
    assert hubspot.found(where("name", "EQ", "Fresh")) == [company]
    hubspot("PATCH", f"/crm/v3/objects/companies/{company}", {"properties": {"name": "Stale"}})
    (row,) = hubspot.search(filterGroups=[{"filters": [where("name", "EQ", "Fresh")]}]).json()["results"]
    assert row["properties"]["name"] == "Fresh"
    hubspot.advance(3)
    assert hubspot.found(where("name", "EQ", "Fresh")) == []
    assert hubspot.found(where("name", "EQ", "Stale")) == [company]


def test_the_lag_is_a_setting(hubspot: Judged) -> None:
    hubspot("POST", "/__emulator__/portal", {"index_lag": 0})
    company = hubspot.company()
    assert hubspot.found() == [company]


def test_archived_and_merged_records_are_never_found(hubspot: Judged, portal: Portal) -> None:
    gone, primary, loser = portal.load("companies", [{"name": name} for name in "abc"])
    hubspot("DELETE", f"/crm/v3/objects/companies/{gone}")
    merge = {"primaryObjectId": primary, "objectIdToMerge": loser}
    survivor = hubspot("POST", "/crm/v3/objects/companies/merge", merge).json()["id"]
    assert hubspot.found() == []
    hubspot.advance(3)
    assert hubspot.found() == [survivor]


def test_deals_are_found_by_their_company(hubspot: Judged, portal: Portal) -> None:
    (company,) = portal.load("companies", [{"name": "Acme"}])
    first, _ = portal.load("deals", [{"dealname": "One"}, {"dealname": "Two"}])
    portal.associate("deals", first, "companies", company)
    assert hubspot.found(where("associations.company", "EQ", company), object_name="deals") == [first]
    assert hubspot.found(where("associations.butterfly", "EQ", company), object_name="deals") == []


def test_one_stamp_may_cover_more_than_ten_thousand_records(hubspot: Judged, portal: Portal) -> None:
    portal.load("companies", ({"name": "x"} for _ in range(10_050)))
    hubspot.advance(60)
    hubspot("POST", "/__emulator__/touch", {})
    hubspot.advance(3)
    answer = hubspot.search(
        filterGroups=[{"filters": [where("hs_lastmodifieddate", "EQ", "1791201660250")]}]
    ).json()
    assert answer["total"] == 10_050
    last = hubspot.search(limit=200, after="9900").json()
    assert (len(last["results"]), last["paging"]["next"]["after"]) == (100, "10000")
    assert hubspot.search(limit=200, after="10000").status_code == 400
