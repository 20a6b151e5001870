"""Describe, as the recordings of real orgs have it, and what follows from definitions."""

import gc
import json
import warnings
from pathlib import Path
from typing import Any

import pytest

from tests.emulator.salesforce.client import TIER, Api
from tests.shared import judge, needs_contracts

OBJECTS = (
    "Account",
    "Contact",
    "Opportunity",
    "OpportunityHistory",
    "OpportunityStage",
    "Task",
    "User",
    "Profile",
    "Organization",
    "PermissionSet",
    "FieldPermissions",
    "ObjectPermissions",
    "PermissionSetAssignment",
    "RecordType",
    "AccountHistory",
    "OpportunityFieldHistory",
)
#: never recorded, because no recorded object has history: its values are of any type
ANY_TYPE = "('anyType', 'xsd:anyType') never recorded"


@pytest.fixture(scope="module")
def describe_judge() -> Any:
    """The judge, its recordings read once: it leaves the files to the garbage collector."""
    module: Any = judge("describe_judge")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        recorded = module.load()
        gc.collect()
    module.load = lambda: recorded
    return module


@needs_contracts
@pytest.mark.parametrize("name", OBJECTS)
def test_describe_has_the_keys_and_types_of_real_orgs(abm: Api, describe_judge: Any, name: str) -> None:
    found = describe_judge.judge(abm.get(f"/sobjects/{name}/describe").json())
    assert [line for line in found if ANY_TYPE not in line] == []


@needs_contracts
def test_describe_global_has_the_keys_of_real_orgs(api: Api, contracts: Path) -> None:
    recorded = json.loads((contracts / "salesforce/recordings/describe_global.json").read_text())
    ours = api.get("/sobjects").json()
    assert ours.keys() == recorded.keys()
    keys = set(recorded["sobjects"][0])
    assert all(set(item) == keys for item in ours["sobjects"])
    assert {item["name"] for item in ours["sobjects"]} == set(OBJECTS)


@needs_contracts
@pytest.mark.parametrize("name", ["Account", "Contact", "Opportunity"])
def test_standard_fields_are_described_as_recorded(api: Api, contracts: Path, name: str) -> None:
    recorded = json.loads((contracts / f"salesforce/recordings/describe_{name}.json").read_text())
    theirs = {field["name"]: field for field in recorded["fields"] if not field["custom"]}
    compared = (
        "type",
        "soapType",
        "length",
        "byteLength",
        "precision",
        "scale",
        "digits",
        "nillable",
        "createable",
        "updateable",
        "defaultedOnCreate",
        "filterable",
        "sortable",
        "groupable",
        "nameField",
        "compoundFieldName",
        "relationshipName",
        "permissionable",
        "restrictedPicklist",
        "idLookup",
        "extraTypeInfo",
    )
    differences = [
        (field["name"], key, field[key], theirs[field["name"]][key])
        for field in api.get(f"/sobjects/{name}/describe").json()["fields"]
        if field["name"] in theirs
        for key in compared
        if field[key] != theirs[field["name"]][key]
    ]
    assert differences == []


def test_describe_answers_304_until_a_definition_changes(api: Api) -> None:
    first = api.get("/sobjects/Account/describe")
    known = {"If-Modified-Since": first.headers["Last-Modified"]}
    assert api.get("/sobjects/Account/describe", headers=known).status_code == 304
    api.clock.advance(5)
    api.field(TIER)
    again = api.get("/sobjects/Account/describe", headers=known)
    assert again.status_code == 200
    assert TIER.name in {field["name"] for field in again.json()["fields"]}


def test_describe_lists_labels_and_values_of_a_custom_picklist(abm: Api) -> None:
    fields: list[dict[str, Any]] = abm.get("/sobjects/Account/describe").json()["fields"]
    tier = next(field for field in fields if field["name"] == "ABM_Tier__c")
    assert tier["restrictedPicklist"]
    assert tier["custom"]
    assert [(value["value"], value["label"]) for value in tier["picklistValues"]] == [
        ("tier_1", "Tier 1"),
        ("tier_2", "Tier 2"),
    ]


def test_an_object_that_does_not_exist_is_not_found(api: Api) -> None:
    for path in ("/sobjects/Nothing", "/sobjects/Nothing/describe"):
        answered = api.get(path)
        assert answered.status_code == 404
        assert answered.json() == [
            {"message": "The requested resource does not exist", "errorCode": "NOT_FOUND"}
        ]
