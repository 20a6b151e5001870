"""One record at a time: what is stored, and what is refused in which words."""

from typing import Any

import pytest

from tests.emulator.salesforce.client import Api


def _error(answered: Any) -> dict[str, Any]:
    assert answered.status_code >= 400, answered.text
    found: dict[str, Any] = answered.json()[0]
    return found


def test_a_created_record_reads_back_with_its_stamps(api: Api) -> None:
    made = api.post(
        "/sobjects/Account/", {"Name": " Acme ", "BillingCity": "Oslo", "NumberOfEmployees": "12"}
    )
    assert made.status_code == 201
    assert set(made.json()) == {"id", "success", "errors"}
    assert made.headers["Location"] == f"/services/data/v62.0/sobjects/Account/{made.json()['id']}"
    row = api.get(f"/sobjects/Account/{made.json()['id']}").json()
    assert row["Name"] == "Acme"
    assert row["NumberOfEmployees"] == 12
    assert row["BillingAddress"]["city"] == "Oslo"
    assert row["OwnerId"] == row["CreatedById"] == api.user("tandem@example.com")
    assert row["CreatedDate"] == row["SystemModstamp"] == "2026-03-02T09:00:00.000+0000"
    assert row["Website"] is None


def test_a_client_that_cannot_send_patch_names_it_in_a_post(api: Api) -> None:
    account = api.account()
    answered = api.post(f"/sobjects/Account/{account}?_HttpMethod=PATCH", {"Name": "Changed"})
    assert answered.status_code == 204
    assert api.get(f"/sobjects/Account/{account}").json()["Name"] == "Changed"


def test_fields_limit_what_is_read(api: Api) -> None:
    account = api.account()
    row = api.get(f"/sobjects/Account/{account}", params={"fields": "name,Website"}).json()
    assert set(row) == {"attributes", "Name", "Website", "Id"}
    assert _error(api.get(f"/sobjects/Account/{account}?fields=Nope"))["errorCode"] == "INVALID_FIELD"


def test_an_update_answers_204_without_a_body_and_moves_the_stamps(api: Api) -> None:
    account = api.account()
    api.clock.advance(61.4)
    answered = api.patch(f"/sobjects/Account/{account[:15]}", {"Name": "New", "Website": None})
    assert (answered.status_code, answered.content) == (204, b"")
    row = api.get(f"/sobjects/Account/{account}").json()
    assert row["LastModifiedDate"] == row["SystemModstamp"] == "2026-03-02T09:01:01.000+0000"
    assert row["CreatedDate"] == "2026-03-02T09:00:00.000+0000"


@pytest.mark.parametrize(
    ("body", "code", "message", "fields"),
    [
        ({}, "REQUIRED_FIELD_MISSING", "Required fields are missing: [Name]", ["Name"]),
        ({"Name": ""}, "REQUIRED_FIELD_MISSING", "Required fields are missing: [Name]", ["Name"]),
        ({"Name": "x", "Foo": 1}, "INVALID_FIELD", "No such column 'Foo' on sobject of type Account", None),
        (
            {"Name": "x", "MasterRecordId": "001000000000001AAA", "CreatedDate": "2020-01-01T00:00:00Z"},
            "INVALID_FIELD_FOR_INSERT_UPDATE",
            (
                "Unable to create/update fields: MasterRecordId, CreatedDate. Please check the security settings of"
                " this field and verify that it is read/write for your profile or permission set."
            ),
            ["MasterRecordId", "CreatedDate"],
        ),
        (
            {"Name": "x", "Sic": "y" * 21},
            "STRING_TOO_LONG",
            f"SIC Code: data value too large: {'y' * 21} (max length=20)",
            ["Sic"],
        ),
        (
            {"Name": "x", "CleanStatus": "Nope"},
            "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
            "Clean Status: bad value for restricted picklist field: Nope",
            ["CleanStatus"],
        ),
        (
            {"Name": "x", "ParentId": "001000000000009AAA"},
            "INVALID_CROSS_REFERENCE_KEY",
            "invalid cross reference id",
            [],
        ),
        (
            {"Name": "x", "OwnerId": "001000000000009AAA"},
            "FIELD_INTEGRITY_EXCEPTION",
            "Owner ID: id value of incorrect type: 001000000000009AAA",
            ["OwnerId"],
        ),
        (
            {"Name": "x", "RecordTypeId": "012000000000009AAA"},
            "INVALID_CROSS_REFERENCE_KEY",
            "Record Type ID: this ID value isn't valid for the user: 012000000000009AAA",
            ["RecordTypeId"],
        ),
        (
            {"Name": "x", "NumberOfEmployees": "many"},
            "JSON_PARSER_ERROR",
            (
                "Cannot deserialize instance of int from VALUE_STRING value many or request may be missing a required"
                " field at [line:1, column:2]"
            ),
            None,
        ),
    ],
)
def test_a_refused_create_says_why(
    api: Api, body: dict[str, Any], code: str, message: str, fields: list[str] | None
) -> None:
    answered = api.post("/sobjects/Account", body)
    error = _error(answered)
    assert answered.status_code == 400
    assert (error["errorCode"], error["message"], error.get("fields")) == (code, message, fields)
    assert api.query("SELECT Id FROM Account") == []


def test_an_unrestricted_picklist_takes_any_text(api: Api) -> None:
    account = api.account(Industry="Basket weaving")
    assert api.get(f"/sobjects/Account/{account}").json()["Industry"] == "Basket weaving"


def test_a_record_of_an_inactive_owner_cannot_be_saved_at_all(api: Api) -> None:
    emil = api.user("emil.voss@example.com")
    refused = _error(api.post("/sobjects/Account", {"Name": "x", "OwnerId": emil}))
    assert refused["errorCode"] == "INACTIVE_OWNER_OR_USER"
    assert refused["message"] == f"operation performed with inactive user [{emil}] as owner of [account]"
    account = api.org.load("Account", [{"Name": "His", "OwnerId": emil}])[0]
    assert (
        _error(api.patch(f"/sobjects/Account/{account}", {"Phone": "1"}))["errorCode"]
        == "INACTIVE_OWNER_OR_USER"
    )
    new_owner = api.user("ben.ortiz@example.com")
    assert api.patch(f"/sobjects/Account/{account}", {"OwnerId": new_owner}).status_code == 204


def test_several_bad_values_are_named_at_once(api: Api) -> None:
    answered = api.post("/sobjects/Account", {"Name": "x", "Sic": "y" * 21, "CleanStatus": "z"})
    assert [error["errorCode"] for error in answered.json()] == [
        "STRING_TOO_LONG",
        "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
    ]


def test_checkboxes_have_no_null(abm: Api) -> None:
    account = abm.account()
    assert abm.get(f"/sobjects/Account/{account}").json()["Target_Account__c"] is False
    refused = _error(abm.patch(f"/sobjects/Account/{account}", {"Target_Account__c": None}))
    assert refused["errorCode"] == "INVALID_TYPE_ON_FIELD_IN_RECORD"


def test_numbers_are_rounded_half_up_and_bounded(abm: Api) -> None:
    account = abm.account(Engagement_Score__c=87.655)
    assert abm.get(f"/sobjects/Account/{account}").json()["Engagement_Score__c"] == 87.66
    refused = _error(abm.patch(f"/sobjects/Account/{account}", {"Engagement_Score__c": 1000}))
    assert refused["errorCode"] == "NUMBER_OUTSIDE_VALID_RANGE"


def test_a_taken_unique_value_names_its_holder_in_15_characters(abm: Api) -> None:
    holder = abm.account(Ext__c="Key-1")
    refused = _error(abm.post("/sobjects/Account", {"Name": "x", "Ext__c": "KEY-1"}))
    assert refused["errorCode"] == "DUPLICATE_VALUE"
    message = f"duplicate value found: Ext__c duplicates value on record with id: {holder[:15]}"
    assert refused["message"] == message
    abm.delete(f"/sobjects/Account/{holder}")
    assert abm.account(Ext__c="Key-1")


@pytest.mark.parametrize("method", ["GET", "PATCH", "DELETE"])
def test_a_deleted_record_is_404_entity_is_deleted(api: Api, method: str) -> None:
    account = api.account()
    assert api.delete(f"/sobjects/Account/{account}").status_code == 204
    answered = api.call(method, f"/sobjects/Account/{account}", json={} if method == "PATCH" else None)
    assert answered.status_code == 404
    assert answered.json()[0] == {
        "message": "entity is deleted",
        "errorCode": "ENTITY_IS_DELETED",
        "fields": [],
    }


def test_a_record_that_never_was_is_404(api: Api) -> None:
    unknown = "/sobjects/Account/001000000000009AAA"
    assert _error(api.get(unknown))["errorCode"] == "NOT_FOUND"
    for answered in (api.patch(unknown, {"Name": "x"}), api.delete(unknown)):
        assert answered.status_code == 404
        assert _error(answered)["errorCode"] == "INVALID_CROSS_REFERENCE_KEY"
    malformed = api.get("/sobjects/Account/23foo")
    assert _error(malformed) == {
        "message": "Provided external ID field does not exist or is not accessible: 23foo",
        "errorCode": "NOT_FOUND",
    }


def test_the_id_does_not_belong_into_an_updates_body(api: Api) -> None:
    account = api.account()
    refused = _error(api.patch(f"/sobjects/Account/{account}", {"Id": account, "Name": "x"}))
    assert refused["message"] == "The Id field should not be specified in the sobject data."


def test_a_parent_may_be_named_by_its_external_id(abm: Api) -> None:
    account = abm.account(Ext__c="P")
    made = abm.post("/sobjects/Contact", {"LastName": "L", "Account": {"Ext__c": "p"}}).json()["id"]
    assert abm.get(f"/sobjects/Contact/{made}").json()["AccountId"] == account
    refused = _error(abm.post("/sobjects/Contact", {"LastName": "L", "Account": {"Ext__c": "no"}}))
    assert refused["message"] == "Foreign key external ID: no not found for field Ext__c in entity Account"


def test_read_only_objects_cannot_be_written(api: Api) -> None:
    refused = _error(api.post("/sobjects/OpportunityStage", {"MasterLabel": "x"}))
    assert refused["errorCode"] == "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY"


# -- conditional requests ----------------------------------------------------------------------------------------------


def test_if_match_guards_an_account_and_nothing_else(api: Api) -> None:
    account = api.account()
    path = f"/sobjects/Account/{account}"
    tag = api.get(path).headers["ETag"]
    assert api.patch(path, {"Name": "One"}, headers={"If-Match": tag}).status_code == 204
    stale = api.patch(path, {"Name": "Two"}, headers={"If-Match": tag})
    assert stale.status_code == 412
    assert api.get(path).json()["Name"] == "One"
    gzipped = api.get(path).headers["ETag"].removesuffix('"') + '-gzip"'
    assert api.patch(path, {"Name": "Three"}, headers={"If-Match": gzipped}).status_code == 204
    contact = api.post("/sobjects/Contact", {"LastName": "L"}).json()["id"]
    assert "ETag" not in api.get(f"/sobjects/Contact/{contact}").headers
    ignored = api.patch(f"/sobjects/Contact/{contact}", {"LastName": "M"}, headers={"If-Match": '"x"'})
    assert ignored.status_code == 204


def test_if_unmodified_since_compares_whole_seconds(api: Api) -> None:
    account = api.account()
    path = f"/sobjects/Account/{account}"
    known = {"If-Unmodified-Since": api.get(path).headers["Last-Modified"]}
    assert api.patch(path, {"Name": "One"}, headers=known).status_code == 204
    api.clock.advance(1)
    api.patch(path, {"Name": "Two"})
    assert api.patch(path, {"Name": "Three"}, headers=known).status_code == 412
    assert api.patch(path, {"Name": "x"}, headers={"If-Unmodified-Since": "yesterday"}).status_code == 400


def test_if_none_match_and_if_modified_since_answer_304(api: Api) -> None:
    path = f"/sobjects/Account/{api.account()}"
    first = api.get(path)
    assert api.get(path, headers={"If-None-Match": first.headers["ETag"]}).status_code == 304
    assert api.get(path, headers={"If-Modified-Since": first.headers["Last-Modified"]}).status_code == 304


# -- people and rules --------------------------------------------------------------------------------------------------


def test_a_persons_edit_carries_that_persons_name(api: Api) -> None:
    account = api.account()
    as_chloe = "/__emulator__/as/chloe.park@example.com/services/data/v62.0"
    assert api.patch(f"{as_chloe}/sobjects/Account/{account}", {"Rating": "Hot"}).status_code == 204
    row = api.get(f"/sobjects/Account/{account}").json()
    assert row["LastModifiedById"] == api.user("chloe.park@example.com")
    assert row["CreatedById"] == api.user("tandem@example.com")
    assert (
        api.patch(f"/__emulator__/as/nobody/services/data/v62.0/sobjects/Account/{account}").status_code
        == 404
    )


def test_a_trigger_rewrites_what_was_written(api: Api) -> None:
    api.door("rules", sort="trigger", object="Account", field="Name", rewrite="upper")
    assert api.get(f"/sobjects/Account/{api.account(Name='quiet')}").json()["Name"] == "QUIET"


def test_a_validation_rule_speaks_its_admins_words(api: Api) -> None:
    message = "Nur Kunden dürfen hier stehen."
    api.door("rules", sort="validation", object="Account", field="Rating", pattern="^Hot$", message=message)
    refused = _error(api.post("/sobjects/Account", {"Name": "x", "Rating": "Hot"}))
    assert refused == {
        "message": message,
        "errorCode": "FIELD_CUSTOM_VALIDATION_EXCEPTION",
        "fields": ["Rating"],
    }


def test_a_duplicate_rule_can_be_overruled_only_when_it_is_an_alert(api: Api) -> None:
    twin = api.account(Website="acme.com")
    allow = {"Sforce-Duplicate-Rule-Header": "allowSave=true; includeRecordDetails=false"}
    again = {"Name": "Other", "Website": "ACME.com"}
    api.door("rules", name="r", sort="duplicate", object="Account", fields=["Website"], allow_save=True)
    refused = _error(api.post("/sobjects/Account", again))
    assert refused["errorCode"] == "DUPLICATES_DETECTED"
    result = refused["duplicateResut"]
    assert result["allowSave"] is True
    assert result["matchResults"][0]["matchRecords"][0]["record"]["Id"] == twin
    assert api.post("/sobjects/Account", again, headers=allow).status_code == 201
    api.door("rules", name="r", sort="duplicate", object="Account", fields=["Website"], allow_save=False)
    assert _error(api.post("/sobjects/Account", again, headers=allow))["duplicateResut"]["allowSave"] is False


def test_a_locked_record_cannot_be_written_until_the_lock_goes(api: Api) -> None:
    account = api.account()
    api.door("rules", sort="lock", records=[account])
    refused = _error(api.patch(f"/sobjects/Account/{account}", {"Name": "x"}))
    assert refused["errorCode"] == "UNABLE_TO_LOCK_ROW"
    assert refused["message"] == f"unable to obtain exclusive access to this record: {account}"
    api.call("DELETE", "/__emulator__/rules")
    assert api.patch(f"/sobjects/Account/{account}", {"Name": "x"}).status_code == 204


def test_a_badly_written_rule_is_refused_with_every_problem(api: Api) -> None:
    answered = api.post("/__emulator__/rules", {"sort": "trigger", "colour": "red"})
    assert answered.status_code == 400
    problem = answered.json()["problems"][0]
    assert "colour" in problem
    assert "field and rewrite" in problem
