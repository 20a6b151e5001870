"""A custom field does not exist for anybody until it is granted."""

from typing import Any

import pytest

from tests.emulator.salesforce.client import SCORE, TIER, Api


def _fields(api: Api) -> set[str]:
    return {field["name"] for field in api.get("/sobjects/Account/describe").json()["fields"]}


def _grant(api: Api, **rights: Any) -> Any:
    made = api.post(
        "/sobjects/PermissionSet", {"Name": "Abm_Sync_Fields", "Label": "ABM sync fields"}
    ).json()["id"]
    grant = {
        "ParentId": made,
        "SobjectType": "Account",
        "Field": f"Account.{TIER.name}",
        "PermissionsRead": True,
    }
    answered = api.post("/sobjects/FieldPermissions", {**grant, **rights})
    assert answered.status_code == 201, answered.text
    assignment = {"AssigneeId": api.user("tandem@example.com"), "PermissionSetId": made}
    return api.post("/sobjects/PermissionSetAssignment", assignment), assignment


def test_an_ungranted_field_is_invisible_even_to_an_administrator(api: Api) -> None:
    api.field(TIER, granted=False)
    account = api.account()
    assert TIER.name not in _fields(api)
    assert TIER.name not in api.get(f"/sobjects/Account/{account}").json()
    written = api.patch(f"/sobjects/Account/{account}", {TIER.name: "tier_1"})
    assert written.status_code == 400
    assert written.json()[0] == {
        "message": f"No such column '{TIER.name}' on sobject of type Account",
        "errorCode": "INVALID_FIELD",
    }
    asked = api.get("/query", params={"q": f"SELECT {TIER.name} FROM Account"})
    assert asked.json()[0]["errorCode"] == "INVALID_FIELD"
    assert f"No such column '{TIER.name}' on entity 'Account'" in asked.json()[0]["message"]


def test_three_plain_creates_make_it_visible(api: Api) -> None:
    api.field(TIER, granted=False)
    answered, _ = _grant(api, PermissionsEdit=True)
    assert answered.status_code == 201
    assert TIER.name in _fields(api)
    account = api.account(**{TIER.name: "tier_1"})
    assert api.query(f"SELECT {TIER.name} FROM Account WHERE Id = '{account}'")[0][TIER.name] == "tier_1"


def test_a_grant_to_read_does_not_let_write(api: Api) -> None:
    api.field(TIER, granted=False)
    _grant(api, PermissionsEdit=False)
    described = next(
        field
        for field in api.get("/sobjects/Account/describe").json()["fields"]
        if field["name"] == TIER.name
    )
    assert not described["updateable"]
    refused = api.post("/sobjects/Account", {"Name": "x", TIER.name: "tier_1"})
    assert refused.json()[0]["errorCode"] == "INVALID_FIELD_FOR_INSERT_UPDATE"
    assert refused.json()[0]["fields"] == [TIER.name]


def test_a_field_is_visible_only_to_those_who_were_assigned(api: Api) -> None:
    api.field(TIER, granted=False)
    _grant(api, PermissionsEdit=True)
    account = api.account()
    other = api.patch(
        f"/__emulator__/as/ben.ortiz@example.com/services/data/v62.0/sobjects/Account/{account}",
        {TIER.name: "tier_1"},
    )
    assert other.json()[0]["errorCode"] == "INVALID_FIELD"


def test_the_profiles_hidden_permission_set_shows_fields_too(api: Api) -> None:
    api.field(SCORE, granted=False)
    profile = api.query("SELECT ProfileId FROM User WHERE Username = 'tandem@example.com'")[0]["ProfileId"]
    hidden = api.query(f"SELECT Id, IsOwnedByProfile FROM PermissionSet WHERE ProfileId = '{profile}'")
    assert [row["IsOwnedByProfile"] for row in hidden] == [True]
    grant = {"SobjectType": "Account", "Field": f"Account.{SCORE.name}", "PermissionsRead": True}
    assert api.post("/sobjects/FieldPermissions", {**grant, "ParentId": hidden[0]["Id"]}).status_code == 201
    assert SCORE.name in _fields(api)


def test_assigning_twice_is_a_duplicate(api: Api) -> None:
    api.field(TIER, granted=False)
    _, assignment = _grant(api)
    again = api.post("/sobjects/PermissionSetAssignment", assignment)
    assert again.status_code == 400
    assert again.json()[0]["errorCode"] == "DUPLICATE_VALUE"
    assert again.json()[0]["message"].startswith("Duplicate PermissionSetAssignment. Assignee: 005")


def test_a_grant_that_reads_nothing_leaves_no_row(api: Api) -> None:
    api.field(TIER, granted=False)
    _grant(api)
    row = api.query(f"SELECT Id FROM FieldPermissions WHERE Field = 'Account.{TIER.name}'")[0]
    assert api.patch(f"/sobjects/FieldPermissions/{row['Id']}", {"PermissionsRead": False}).status_code == 204
    assert api.query(f"SELECT Id FROM FieldPermissions WHERE Field = 'Account.{TIER.name}'") == []
    assert TIER.name not in _fields(api)


@pytest.mark.parametrize(
    ("field", "code"),
    [
        ("Account.Missing__c", "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"),
        ("Account.Name", "FIELD_INTEGRITY_EXCEPTION"),
    ],
)
def test_what_cannot_be_granted_is_refused(api: Api, field: str, code: str) -> None:
    made = api.post("/sobjects/PermissionSet", {"Name": "S", "Label": "S"}).json()["id"]
    grant = {"ParentId": made, "SobjectType": "Account", "Field": field, "PermissionsRead": True}
    assert api.post("/sobjects/FieldPermissions", grant).json()[0]["errorCode"] == code


def test_a_person_without_setup_rights_cannot_grant(api: Api) -> None:
    as_ben = "/__emulator__/as/ben.ortiz@example.com/services/data/v62.0"
    answered = api.post(f"{as_ben}/sobjects/PermissionSet", {"Name": "S", "Label": "S"})
    assert answered.status_code == 403
    assert answered.json()[0]["errorCode"] == "INSUFFICIENT_ACCESS_OR_READONLY"


def test_a_standard_field_can_be_withdrawn(api: Api) -> None:
    api.account(Rating="Hot")
    api.door("fields", fields=["Account.Rating"])
    assert "Rating" not in _fields(api)
    assert (
        api.get("/query", params={"q": "SELECT Rating FROM Account"}).json()[0]["errorCode"]
        == "INVALID_FIELD"
    )
    api.door("fields", fields=["Account.Rating"], hidden=False)
    assert api.query("SELECT Rating FROM Account")[0]["Rating"] == "Hot"
