"""Custom fields through the Tooling API, and the definitions that it can be asked for."""

from typing import Any

import pytest

from tests.emulator.salesforce.client import Api

FIELD = "/tooling/sobjects/CustomField"
TEXT = {
    "FullName": "Account.Abm_Ext_Id__c",
    "Metadata": {
        "type": "Text",
        "label": "ABM External Id",
        "length": 100,
        "required": False,
        "unique": True,
        "caseSensitive": True,
        "externalId": True,
    },
}
CHECKBOX = {
    "FullName": "Account.Abm_Target__c",
    "Metadata": {"type": "Checkbox", "label": "ABM Target", "defaultValue": "false"},
}
NUMBER = {
    "FullName": "Account.Abm_Score__c",
    "Metadata": {
        "type": "Number",
        "label": "ABM Score",
        "precision": 5,
        "scale": 2,
        "required": False,
        "unique": False,
    },
}
DATETIME = {
    "FullName": "Account.Abm_Scored_At__c",
    "Metadata": {"type": "DateTime", "label": "ABM Scored At", "required": False},
}
PICKLIST = {
    "FullName": "Account.Abm_Tier__c",
    "Metadata": {
        "type": "Picklist",
        "label": "ABM Tier",
        "required": False,
        "valueSet": {
            "restricted": True,
            "valueSetDefinition": {
                "sorted": False,
                "value": [
                    {"fullName": "tier_1", "label": "Tier 1", "default": False},
                    {"fullName": "tier_2", "label": "Tier 2", "default": False},
                ],
            },
        },
    },
}


def made(api: Api, body: dict[str, Any]) -> str:
    answered = api.post(FIELD, body)
    assert answered.status_code == 201, answered.text
    assert answered.json() == {"id": answered.json()["id"], "success": True, "errors": []}
    return str(answered.json()["id"])


def described(api: Api, name: str) -> dict[str, Any] | None:
    fields = api.get("/sobjects/Account/describe").json()["fields"]
    return next((field for field in fields if field["name"] == name), None)


def granted(api: Api, name: str) -> None:
    grant = {
        "ParentId": api.profile_set(),
        "SobjectType": "Account",
        "Field": f"Account.{name}",
        "PermissionsRead": True,
        "PermissionsEdit": True,
    }
    answered = api.post("/sobjects/FieldPermissions", grant)
    assert answered.status_code == 201, answered.text


@pytest.mark.parametrize(
    ("body", "type_", "facts"),
    [
        (TEXT, "string", {"length": 100, "unique": True, "externalId": True, "caseSensitive": True}),
        (CHECKBOX, "boolean", {"defaultValue": False, "nillable": False}),
        (NUMBER, "double", {"precision": 5, "scale": 2, "unique": False}),
        (DATETIME, "datetime", {"nillable": True}),
        (PICKLIST, "picklist", {"restrictedPicklist": True, "length": 255}),
    ],
)
def test_a_new_field_is_invisible_until_it_is_granted(
    api: Api, body: dict[str, Any], type_: str, facts: dict[str, Any]
) -> None:
    name = body["FullName"].partition(".")[2]
    assert made(api, body).startswith("00N")
    query = {"q": f"SELECT {name} FROM Account"}
    assert api.get("/query", params=query).json()[0]["errorCode"] == "INVALID_FIELD"
    assert described(api, name) is None
    granted(api, name)
    assert api.get("/query", params=query).status_code == 200
    field = described(api, name)
    assert field is not None
    assert field["type"] == type_
    assert facts.items() <= field.items()


def test_a_required_field_is_visible_without_a_grant(api: Api) -> None:
    metadata = {"type": "Text", "label": "Key", "length": 20, "required": True}
    made(api, {"FullName": "Account.Key__c", "Metadata": metadata})
    assert described(api, "Key__c") is not None


def test_the_same_name_twice_is_a_duplicate(api: Api) -> None:
    made(api, TEXT)
    answered = api.post(FIELD, TEXT)
    assert (answered.status_code, answered.json()[0]["errorCode"]) == (400, "DUPLICATE_DEVELOPER_NAME")


@pytest.mark.parametrize(
    ("metadata", "message"),
    [
        ({**CHECKBOX["Metadata"], "required": False}, "Can not specify 'required' for a CustomField of type Checkbox"),  # type: ignore[dict-item]
        ({"type": "Checkbox", "label": "X"}, "Must specify 'defaultValue' for a CustomField of type Checkbox"),
        ({"type": "Text", "label": "X"}, "Must specify 'length' for a CustomField of type Text"),
        ({"type": "Text", "label": "X", "length": 300}, "Length must be between 1 and 255: 300"),
        ({"type": "Number", "label": "X", "precision": 5}, "Must specify 'scale' for a CustomField of type Number"),
        ({"type": "Number", "label": "X", "precision": 5, "scale": 6}, "Scale must be between 0 and 5: 6"),
        ({"type": "Picklist", "label": "X"}, "Must specify 'valueSet' for a CustomField of type Picklist"),
        ({"type": "Text", "length": 5}, "Must specify a non-empty label for the CustomField"),
        ({"type": "Rubbish", "label": "X"}, "'Rubbish' is not a valid value for the enum 'FieldType'"),
        (
            {"type": "Lookup", "label": "X", "referenceTo": "Nope"},
            "referenceTo value of 'Nope' does not resolve to a valid sObject type",
        ),
    ],
)  # fmt: skip
def test_a_wrong_definition_is_refused_with_its_reason(
    api: Api, metadata: dict[str, Any], message: str
) -> None:
    answered = api.post(FIELD, {"FullName": "Account.X__c", "Metadata": metadata})
    assert answered.status_code == 400
    assert [(item["errorCode"], item["message"]) for item in answered.json()] == [
        ("FIELD_INTEGRITY_EXCEPTION", message)
    ]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"FullName": "Account.X__c"}, "REQUIRED_FIELD_MISSING"),
        ({**TEXT, "Metadata": "x"}, "JSON_PARSER_ERROR"),
        ({**TEXT, "Colour": "red"}, "INVALID_FIELD"),
        ({"FullName": "Account.X__c", "Metadata": {**TEXT["Metadata"], "colour": 1}}, "INVALID_FIELD"),  # type: ignore[dict-item]
        ({**TEXT, "FullName": "Account.X"}, "FIELD_INTEGRITY_EXCEPTION"),
        ({**TEXT, "FullName": "Nope.X__c"}, "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"),
    ],
)
def test_a_body_that_defines_no_field_is_refused(api: Api, body: dict[str, Any], code: str) -> None:
    answered = api.post(FIELD, body)
    assert (answered.status_code, answered.json()[0]["errorCode"]) == (400, code)


def test_a_field_reads_back_in_other_words_than_it_was_sent_in(api: Api) -> None:
    found = api.get(f"{FIELD}/{made(api, PICKLIST)}").json()
    assert (found["FullName"], found["DeveloperName"]) == ("Account.Abm_Tier__c", "Abm_Tier")
    assert found["attributes"]["url"].startswith("/services/data/v62.0/tooling/sobjects/CustomField/00N")
    value_set = found["Metadata"]["valueSet"]
    assert (value_set["valueSetName"], value_set["valueSettings"]) == (None, [])
    first = value_set["valueSetDefinition"]["value"][0]
    assert first == {
        "color": None,
        "default": False,
        "description": None,
        "isActive": None,
        "label": "Tier 1",
        "urls": None,
        "valueName": "tier_1",
    }


def test_a_value_left_out_of_a_patch_is_deactivated_and_records_keep_it(api: Api) -> None:
    field_id = made(api, PICKLIST)
    granted(api, "Abm_Tier__c")
    record_id = api.account(Abm_Tier__c="tier_1")
    metadata = api.get(f"{FIELD}/{field_id}").json()["Metadata"]
    values = metadata["valueSet"]["valueSetDefinition"]["value"]
    metadata["valueSet"]["valueSetDefinition"]["value"] = [
        *values[1:],
        {"valueName": "tier_3", "label": "Tier 3"},
    ]
    refused = api.patch(f"{FIELD}/{field_id}", {"Metadata": metadata})
    assert refused.json()[0]["errorCode"] == "FIELD_INTEGRITY_EXCEPTION", "null siblings must be dropped"
    for key in ("valueSetName", "valueSettings"):
        del metadata["valueSet"][key]
    changed = api.patch(f"{FIELD}/{field_id}", {"Metadata": metadata})
    assert (changed.status_code, changed.content) == (204, b"")
    field = described(api, "Abm_Tier__c")
    assert field is not None
    assert {value["value"]: value["active"] for value in field["picklistValues"]} == {
        "tier_2": True,
        "tier_3": True,
        "tier_1": False,
    }
    assert api.query("SELECT Abm_Tier__c FROM Account")[0]["Abm_Tier__c"] == "tier_1"
    again = api.patch(f"/sobjects/Account/{record_id}", {"Abm_Tier__c": "tier_1"})
    assert again.json()[0]["errorCode"] == "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"


def test_a_type_and_a_name_cannot_be_changed(api: Api) -> None:
    field_id = made(api, TEXT)
    for body in (DATETIME, {**TEXT, "FullName": "Account.Other__c"}):
        answered = api.patch(f"{FIELD}/{field_id}", {"FullName": TEXT["FullName"], **body})
        assert answered.json()[0]["errorCode"] == "FIELD_INTEGRITY_EXCEPTION"


def test_a_deleted_field_is_gone_with_its_grant(api: Api) -> None:
    field_id = made(api, TEXT)
    granted(api, "Abm_Ext_Id__c")
    assert api.delete(f"{FIELD}/{field_id}").status_code == 204
    assert described(api, "Abm_Ext_Id__c") is None
    assert api.query("SELECT Id FROM FieldPermissions") == []
    for answered in (api.get(f"{FIELD}/{field_id}"), api.delete(f"{FIELD}/{field_id}")):
        assert answered.status_code == 404


def test_a_user_without_setup_rights_cannot_change_definitions(api: Api) -> None:
    answered = api.call(
        "POST", f"/__emulator__/as/ben.ortiz@example.com/services/data/v62.0{FIELD}", json=TEXT
    )
    assert (answered.status_code, answered.json()[0]["errorCode"]) == (403, "INSUFFICIENT_ACCESS_OR_READONLY")


def asked(api: Api, query: str) -> dict[str, Any]:
    answered = api.get("/tooling/query", params={"q": query})
    assert answered.status_code == 200, answered.text
    found: dict[str, Any] = answered.json()
    return found


def test_custom_fields_can_be_asked_for(api: Api) -> None:
    made(api, TEXT)
    made(api, NUMBER)
    answer = asked(api, "SELECT Id, DeveloperName, TableEnumOrId FROM CustomField ORDER BY DeveloperName")
    assert (answer["size"], answer["totalSize"], answer["entityTypeName"]) == (2, 2, "CustomField")
    assert [row["DeveloperName"] for row in answer["records"]] == ["Abm_Ext_Id", "Abm_Score"]
    assert "/tooling/sobjects/CustomField/" in answer["records"][0]["attributes"]["url"]


def test_metadata_is_shown_for_one_row_at_a_time(api: Api) -> None:
    made(api, TEXT)
    made(api, NUMBER)
    query = "SELECT Metadata, FullName FROM CustomField"
    one = asked(api, f"{query} WHERE DeveloperName = 'Abm_Score'")["records"][0]
    assert (one["FullName"], one["Metadata"]["precision"]) == ("Account.Abm_Score__c", 5)
    refused = api.get("/tooling/query", params={"q": query})
    assert refused.json()[0]["errorCode"] == "MALFORMED_QUERY"
    assert "no more than one row" in refused.json()[0]["message"]


def test_field_definitions_tell_setups_types_and_need_an_entity(api: Api) -> None:
    made(api, TEXT)
    made(api, NUMBER)
    query = (
        "SELECT QualifiedApiName, DataType FROM FieldDefinition"
        " WHERE EntityDefinition.QualifiedApiName = 'Account' AND QualifiedApiName LIKE 'Abm%'"
    )
    assert {row["QualifiedApiName"]: row["DataType"] for row in asked(api, query)["records"]} == {
        "Abm_Ext_Id__c": "Text(100) (External ID) (Unique Case Sensitive)",
        "Abm_Score__c": "Number(3, 2)",
    }
    refused = api.get("/tooling/query", params={"q": "SELECT QualifiedApiName FROM FieldDefinition"})
    assert "filter on a reified column is required" in refused.json()[0]["message"]


def test_entities_rules_and_people_can_be_asked_for(api: Api) -> None:
    api.door("rules", sort="validation", name="No_X", field="Name", pattern="^X", message="No X")
    api.door("rules", sort="duplicate", name="Twins", fields=["Website"])
    entity = asked(api, "SELECT KeyPrefix FROM EntityDefinition WHERE QualifiedApiName = 'Account'")[
        "records"
    ]
    rule = asked(api, "SELECT ValidationName, ErrorMessage FROM ValidationRule WHERE Active = true")[
        "records"
    ]
    twins = asked(api, "SELECT DeveloperName FROM DuplicateRule WHERE SobjectType = 'Account'")["records"]
    people = asked(api, "SELECT Id FROM User WHERE Username = 'admin@example.com'")["records"]
    assert entity[0]["KeyPrefix"] == "001"
    assert (rule[0]["ValidationName"], rule[0]["ErrorMessage"]) == ("No_X", "No X")
    assert (twins[0]["DeveloperName"], len(people)) == ("Twins", 1)


def test_rests_query_shows_some_definitions_too(api: Api) -> None:
    api.door("rules", sort="duplicate", name="Twins", fields=["Website"])
    (entity,) = api.query("SELECT DurableId, Label FROM EntityDefinition WHERE QualifiedApiName = 'Account'")
    assert (entity["DurableId"], entity["Label"]) == ("Account", "Account")
    field = "SELECT DataType FROM FieldDefinition WHERE EntityDefinitionId = 'Account' AND QualifiedApiName = 'Name'"
    assert [row["DataType"] for row in api.query(field)] == ["Text(255)"]
    assert [row["DeveloperName"] for row in api.query("SELECT DeveloperName FROM DuplicateRule")] == ["Twins"]
    refused = api.get("/query", params={"q": "SELECT Id FROM CustomField"})
    assert refused.json()[0]["errorCode"] == "INVALID_TYPE"
