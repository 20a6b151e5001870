"""Many records in one call."""

from typing import Any

import pytest

from tests.emulator.salesforce.client import Api

PATH = "/composite/sobjects"


def _row(kind: str = "Account", **values: Any) -> dict[str, Any]:
    return {"attributes": {"type": kind}, **values}


def _errors(answered: Any) -> list[str | None]:
    return [None if row["success"] else row["errors"][0]["statusCode"] for row in answered.json()]


def test_rows_succeed_and_fail_alone_in_their_order_with_200(api: Api) -> None:
    rows = [_row(Name="One"), _row(Name=""), _row(Name="x", Foo=1), _row(Name="Two")]
    answered = api.post(PATH, {"records": rows})
    assert answered.status_code == 200
    assert _errors(answered) == [None, "REQUIRED_FIELD_MISSING", "INVALID_FIELD", None]
    failed = answered.json()[1]
    assert failed == {
        "success": False,
        "errors": [
            {
                "statusCode": "REQUIRED_FIELD_MISSING",
                "message": "Required fields are missing: [Name]",
                "fields": ["Name"],
            }
        ],
    }
    assert len(api.query("SELECT Id FROM Account")) == 2


def test_all_or_none_rolls_the_good_rows_back(api: Api) -> None:
    kept = api.account(Name="Kept")
    rows = [_row(Id=kept, Name="Changed"), _row(Id=kept[:-3] + "zz1", Name="x")]
    answered = api.patch(PATH, {"allOrNone": True, "records": rows})
    assert answered.status_code == 200
    assert _errors(answered)[0] == "ALL_OR_NONE_OPERATION_ROLLED_BACK"
    assert api.get(f"/sobjects/Account/{kept}").json()["Name"] == "Kept"
    bad_create = api.post(PATH, {"allOrNone": True, "records": [_row(Name="x"), _row()]})
    assert _errors(bad_create) == ["ALL_OR_NONE_OPERATION_ROLLED_BACK", "REQUIRED_FIELD_MISSING"]
    assert len(api.query("SELECT Id FROM Account")) == 1


def test_a_failed_row_has_no_id_even_in_an_update(api: Api) -> None:
    account = api.account()
    answered = api.patch(PATH, {"records": [_row(Id=account, Name=""), _row(id=account[:15], Phone="1")]})
    assert "id" not in answered.json()[0]


def test_an_update_without_an_id_and_a_twin_fail_alone(api: Api) -> None:
    account = api.account()
    rows = [_row(Name="x"), _row(Id=account, Name="first"), _row(id=account[:15], Name="second")]
    answered = api.patch(PATH, {"records": rows})
    assert _errors(answered) == ["MISSING_ARGUMENT", None, "INVALID_ID_FIELD"]
    assert answered.json()[0]["errors"][0]["message"] == "Id not specified in an update call"
    assert api.get(f"/sobjects/Account/{account}").json()["Name"] == "first"


def test_an_upsert_says_of_each_row_whether_it_was_created(abm: Api) -> None:
    known = abm.account(Ext__c="a")
    rows = [
        _row(Ext__c="A", Name="x"),
        _row(Ext__c="b", Name="y"),
        _row(Ext__c="B", Name="z"),
        _row(Name="no key"),
    ]
    answered = abm.patch(f"{PATH}/Account/Ext__c", {"records": rows})
    assert _errors(answered) == [None, None, "DUPLICATE_VALUE", "MISSING_ARGUMENT"]
    first, second, twin, _ = answered.json()
    assert (first["id"], first["created"]) == (known, False)
    assert second["created"] is True
    assert twin["errors"][0]["message"] == "Duplicate external id specified: B"


def test_an_upsert_by_id_creates_where_the_id_is_null(api: Api) -> None:
    known = api.account()
    rows = [_row(Id=None, Name="New"), _row(Id=known, Name="Old")]
    answered = api.patch(f"{PATH}/Account/Id", {"records": rows})
    assert [row["created"] for row in answered.json()] == [True, False]


def test_an_ambiguous_key_fails_its_row(abm: Api) -> None:
    for _ in range(2):
        abm.account(Loose__c="same")
    answered = abm.patch(f"{PATH}/Account/Loose__c", {"records": [_row(Loose__c="same", Name="x")]})
    assert _errors(answered) == ["DUPLICATE_EXTERNAL_ID"]


@pytest.mark.parametrize("body", [{"records": []}, {}])
def test_an_empty_list_is_refused(api: Api, body: dict[str, Any]) -> None:
    answered = api.post(PATH, body)
    assert answered.status_code == 400
    assert answered.json()[0]["errorCode"] == "REQUIRED_FIELD_MISSING"
    assert answered.json()[0]["message"] == "At least 1 record is required"


def test_more_than_200_records_are_refused(api: Api) -> None:
    answered = api.post(PATH, {"records": [_row(Name=str(place)) for place in range(201)]})
    assert answered.status_code == 400
    assert answered.json()[0]["errorCode"] == "EXCEEDED_ID_LIMIT"


def test_types_may_alternate_ten_times_and_no_more(api: Api) -> None:
    pair = [_row(Name="x"), _row("Contact", LastName="y")]
    assert api.post(PATH, {"records": pair * 5}).status_code == 200
    refused = api.post(PATH, {"records": [*(pair * 5), _row(Name="x")]})
    assert refused.status_code == 400
    assert "10 chunks" in refused.json()[0]["message"]


def test_a_value_of_the_wrong_type_refuses_the_whole_body(api: Api) -> None:
    answered = api.post(PATH, {"records": [_row(Name="good"), _row(Name="x", NumberOfEmployees="many")]})
    assert answered.status_code == 400
    assert answered.json()[0]["errorCode"] == "JSON_PARSER_ERROR"
    assert api.query("SELECT Id FROM Account") == []


def test_reading_gives_null_where_there_is_nothing(api: Api) -> None:
    account = api.account()
    ids = [account, "001000000000009AAA"]
    by_get = api.get(f"{PATH}/Account", params={"ids": ",".join(ids), "fields": "Name"}).json()
    by_post = api.post(f"{PATH}/Account", {"ids": ids, "fields": ["Name"]}).json()
    assert by_get == by_post
    assert by_get[0]["Name"] == "Acme"
    assert by_get[1] is None
    refused = api.post(f"{PATH}/Account", {"ids": [account] * 2001, "fields": ["Name"]})
    assert refused.json()[0]["errorCode"] == "EXCEEDED_ID_LIMIT"


def test_deleting_takes_ids_from_the_address(api: Api) -> None:
    ids = [api.account(), "001000000000009AAA"]
    answered = api.delete(PATH, params={"ids": ",".join(ids)})
    assert _errors(answered) == [None, "INVALID_CROSS_REFERENCE_KEY"]
    assert api.query("SELECT Id FROM Account") == []
