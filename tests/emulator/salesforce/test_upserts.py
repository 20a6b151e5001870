"""Upserts by external id."""

from typing import Any
from urllib.parse import quote

import pytest

from tests.emulator.salesforce.client import Api

BY_KEY = "/sobjects/Account/Ext__c/"


def test_an_upsert_creates_then_updates_and_says_which(abm: Api) -> None:
    made = abm.patch(BY_KEY + "K-1", {"Name": "Acme"})
    assert made.status_code == 201
    assert made.json() == {"id": made.json()["id"], "success": True, "errors": [], "created": True}
    again = abm.patch(BY_KEY + "k-1", {"Name": "Acme 2"})
    assert again.status_code == 200
    assert again.json() == {**made.json(), "created": False}
    assert abm.get(BY_KEY + "K-1").json()["Name"] == "Acme 2"


def test_an_old_org_answers_204_for_an_update(abm: Api) -> None:
    abm.account(Ext__c="K-1")
    abm.fault("F28")
    assert abm.patch(BY_KEY + "K-1", {"Name": "x"}).status_code == 204


@pytest.mark.parametrize("key", ["a b", "a/b", "a?b", "a#b", "ü+%", "acme.com"])
def test_keys_with_special_characters_are_escaped_in_the_address(abm: Api, key: str) -> None:
    made = abm.patch(BY_KEY + quote(key, safe=""), {"Name": "Acme"})
    assert made.status_code == 201
    assert abm.get(f"/sobjects/Account/{made.json()['id']}").json()["Ext__c"] == key


def test_a_key_that_looks_like_a_file_is_not_found_falsely(abm: Api) -> None:
    abm.account(Ext__c="x@y.inc")
    assert abm.get(BY_KEY + "x@y.inc").status_code == 404
    assert abm.patch(BY_KEY + "x@y.inc", {"Name": "x"}).status_code == 404


def test_several_matches_answer_300_and_write_nothing(abm: Api) -> None:
    ids = [abm.account(Loose__c="same"), abm.account(Loose__c="same")]
    answered = abm.patch("/sobjects/Account/Loose__c/same", {"Name": "x"}, allow_redirects=False)
    assert answered.status_code == 300
    assert answered.json() == [f"/services/data/v62.0/sobjects/Account/{item}" for item in ids]
    assert {row["Name"] for row in abm.query("SELECT Name FROM Account")} == {"Acme"}


@pytest.mark.parametrize("body", [{"Ext__c": "K", "Name": "x"}, {"Id": "001000000000001AAA", "Name": "x"}])
def test_the_key_and_the_id_do_not_belong_into_the_body(abm: Api, body: dict[str, Any]) -> None:
    answered = abm.patch(BY_KEY + "K", body)
    assert answered.status_code == 400
    named = next(iter(body))
    assert answered.json()[0]["message"] == f"The {named} field should not be specified in the sobject data."


def test_update_only_does_not_create(abm: Api) -> None:
    assert abm.patch(BY_KEY + "K?updateOnly=true", {"Name": "x"}).status_code == 404
    assert abm.query("SELECT Id FROM Account") == []


@pytest.mark.parametrize("field", ["Namez", "Website"])
def test_a_field_that_is_no_external_id_is_not_found(abm: Api, field: str) -> None:
    answered = abm.patch(f"/sobjects/Account/{field}/x", {"Name": "x"})
    assert answered.status_code == 404
    message = f"Provided external ID field does not exist or is not accessible: {field}"
    assert answered.json() == [{"message": message, "errorCode": "NOT_FOUND"}]


def test_an_unknown_key_is_not_found(abm: Api) -> None:
    for answered in (abm.get(BY_KEY + "none"), abm.delete(BY_KEY + "none")):
        assert answered.status_code == 404
        assert answered.json()[0]["message"] == "The requested resource does not exist"


def test_an_upsert_never_finds_a_deleted_record(abm: Api) -> None:
    gone = abm.account(Ext__c="K-1")
    assert abm.delete(BY_KEY + "K-1").status_code == 204
    made = abm.patch(BY_KEY + "K-1", {"Name": "again"})
    assert made.status_code == 201
    assert made.json()["id"] != gone
