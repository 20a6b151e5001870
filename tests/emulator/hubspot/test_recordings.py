"""The shapes of real answers, recorded at the service, beside ours."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.emulator.hubspot.judged import Judged

pytestmark = pytest.mark.judge


@pytest.fixture(scope="module")
def recorded(contracts: Path) -> list[dict[str, Any]]:
    """Exchanges of 2022 with companies: search, batch create, update, archive, and the refusals among them."""
    path = contracts / "hubspot" / "recordings" / "hubspot-export-objects-export-records-companies.jsonl"
    return [json.loads(line) for line in path.read_text().splitlines()]


def one(recorded: list[dict[str, Any]], tail: str, status: int, **response: Any) -> dict[str, Any]:
    """The first recorded exchange with this path's end and status whose answer has results, if it could."""
    return next(
        entry
        for entry in recorded
        if entry["path"].endswith(tail)
        and entry["status"] == status
        and (not response or entry["response"]["results"])
    )


def shape(value: Any) -> Any:
    """Keys and JSON types, without values; lists by their first member."""
    if isinstance(value, dict):
        return {key: shape(member) for key, member in sorted(value.items())}
    if isinstance(value, list):
        return [shape(value[0])] if value else []
    return type(value).__name__


def test_a_throttled_search_is_refused_with_the_recorded_body(
    hubspot: Judged, recorded: list[dict[str, Any]]
) -> None:
    hubspot("POST", "/__emulator__/portal", {"limits": {"search_per_second": 1}})
    hubspot.search()
    ours = hubspot.search().json()
    theirs = one(recorded, "/search", 429)["response"]
    assert ours | {"correlationId": ""} == theirs | {"correlationId": ""}
    hubspot.complaints.clear()


def test_a_recorded_create_gets_the_recorded_properties(
    hubspot: Judged, recorded: list[dict[str, Any]]
) -> None:
    theirs = one(recorded, "/batch/create", 201)
    ours = hubspot("POST", "/crm/v3/objects/COMPANY/batch/create", theirs["request"])
    assert ours.status_code == 201
    row, expected = ours.json()["results"][0], theirs["response"]["results"][0]
    added_since = {"hs_object_source", "hs_object_source_id", "hs_object_source_label"}
    assert set(row["properties"]) - added_since == set(expected["properties"])
    assert shape(row | {"properties": {}}) == shape(expected | {"properties": {}})
    assert shape(ours.json() | {"results": []}) == shape(theirs["response"] | {"results": []})
    hubspot.complaints.clear()


def test_a_recorded_update_gets_the_recorded_envelope(
    hubspot: Judged, recorded: list[dict[str, Any]]
) -> None:
    theirs = one(recorded, "/batch/update", 200)
    names = {name for row in theirs["request"]["inputs"] for name in row["properties"]}
    stock = {one["name"] for one in hubspot("GET", "/crm/v3/properties/companies").json()["results"]}
    for name in names - stock:
        hubspot.property(name=name)
    rows = [row | {"id": hubspot.company()} for row in theirs["request"]["inputs"]]
    ours = hubspot("POST", "/crm/v3/objects/COMPANY/batch/update", {"inputs": rows})
    assert ours.status_code == 200
    row, expected = ours.json()["results"][0], theirs["response"]["results"][0]
    assert set(row["properties"]) >= {*theirs["request"]["inputs"][0]["properties"], "hs_lastmodifieddate"}
    assert shape(row | {"properties": {}}) == shape(expected | {"properties": {}})
    hubspot.complaints.clear()


def test_recorded_searches_find_what_was_recorded(hubspot: Judged, recorded: list[dict[str, Any]]) -> None:
    theirs = one(recorded, "/search", 200, results=True)
    names = {name for row in theirs["response"]["results"] for name in row["properties"]} | set(
        theirs["request"]["properties"]
    )
    stock = {one["name"] for one in hubspot("GET", "/crm/v3/properties/companies").json()["results"]}
    for name in names - stock:
        hubspot.property(name=name)
    for row in theirs["response"]["results"]:
        read_only = {"createdate", "hs_lastmodifieddate", "hs_object_id"}
        hubspot.company(
            **{k: v for k, v in row["properties"].items() if k not in read_only and v is not None}
        )
    hubspot.advance(5)
    ours = hubspot("POST", "/crm/v3/objects/COMPANY/search", theirs["request"]).json()
    assert ours["total"] == theirs["response"]["total"]
    assert shape(ours["results"][0] | {"properties": {}}) == shape(
        theirs["response"]["results"][0] | {"properties": {}}
    )
    hubspot.complaints.clear()


def test_a_recorded_archive_is_answered_without_a_body(
    hubspot: Judged, recorded: list[dict[str, Any]]
) -> None:
    theirs = one(recorded, "/batch/archive", 204)
    answer = hubspot("POST", "/crm/v3/objects/COMPANY/batch/archive", theirs["request"])
    assert (answer.status_code, answer.text) == (204, theirs["response"])
