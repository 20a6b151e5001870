"""What an administrator sets beside a field itself: whether its history is tracked, and which record types offer its
values."""

from typing import Any

import pytest

from emulator.salesforce import record_types
from tests.emulator.salesforce.client import Api

FIELD = "/tooling/sobjects/CustomField"
SCORE: dict[str, Any] = {"type": "Number", "label": "Score", "precision": 5, "scale": 2, "trackHistory": True}


def tracked(api: Api) -> list[str]:
    query = "SELECT QualifiedApiName, IsFieldHistoryTracked FROM FieldDefinition WHERE EntityDefinitionId = 'Account'"
    rows = api.get("/tooling/query", params={"q": query}).json()["records"]
    return [row["QualifiedApiName"] for row in rows if row["IsFieldHistoryTracked"]]


def test_a_field_is_tracked_as_its_metadata_says(api: Api) -> None:
    assert tracked(api) == ["OwnerId"]
    made = api.post(FIELD, {"FullName": "Account.Score__c", "Metadata": SCORE}).json()["id"]
    assert tracked(api) == ["OwnerId", "Score__c"]
    shown = api.get(f"{FIELD}/{made}").json()["Metadata"]
    assert shown["trackHistory"] is True
    assert api.patch(f"{FIELD}/{made}", {"Metadata": SCORE | {"trackHistory": False}}).status_code == 204
    assert tracked(api) == ["OwnerId"]


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"histories": []}, "The entity: Account does not have history tracking enabled"),
        ({"most_tracked": 1}, "exceeded the allowed number of fields to track on a given entity"),
    ],
)
def test_a_field_that_may_not_be_tracked_is_not_made(api: Api, settings: dict[str, Any], told: str) -> None:
    api.door("settings", **settings)
    refused = api.post(FIELD, {"FullName": "Account.Score__c", "Metadata": SCORE})
    assert (refused.status_code, refused.json()[0]["message"]) == (400, told)
    assert api.org.sobject("Account").field("Score__c") is None


def offers(api: Api, record_type: str, field: str) -> list[str]:
    answer = api.get(f"/ui-api/object-info/Account/picklist-values/{record_type}").json()
    return [value["value"] for value in answer["picklistFieldValues"][field]["values"]]


def test_a_value_that_comes_over_the_api_is_offered_by_no_record_type(abm: Api) -> None:
    partner = record_types.add(abm.org, "Account", "Partner")
    assert offers(abm, partner, "Rating") == ["Hot", "Warm", "Cold"]
    field = abm.org.sobject("Account").fields["ABM_Tier__c"]
    held = [value.value for value in field.values]
    assert offers(abm, partner, field.name) == held
    values = [{"fullName": value, "default": False} for value in (*held, "tier_9")]
    metadata = {
        "type": "Picklist",
        "label": field.label,
        "valueSet": {"restricted": True, "valueSetDefinition": {"sorted": False, "value": values}},
    }
    assert abm.patch(f"{FIELD}/{field.id}", {"Metadata": metadata}).status_code == 204
    assert offers(abm, partner, field.name) == held
    assert offers(abm, "012000000000000AAA", field.name) == [*held, "tier_9"]


def test_describe_lists_the_record_types(api: Api) -> None:
    partner = record_types.add(api.org, "Account", "Partner")
    infos = api.get("/sobjects/Account/describe").json()["recordTypeInfos"]
    assert [(info["recordTypeId"], info["name"], info["master"]) for info in infos] == [
        (partner, "Partner", False),
        ("012000000000000AAA", "Master", True),
    ]


def test_a_record_type_that_is_not_there_is_not_found(api: Api) -> None:
    assert api.get("/ui-api/object-info/Account/picklist-values/012000000000009AAA").status_code == 404
