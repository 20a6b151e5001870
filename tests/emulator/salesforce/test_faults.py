"""Every fault of the catalogue that this server can be ordered to have."""

import re
from pathlib import Path
from typing import Any

import pytest
import requests

from emulator.salesforce.faults import RECIPES, STANDING
from tests.emulator.salesforce.client import Api
from tests.shared import needs_contracts

ORDERED = {recipe.id for recipe in RECIPES}


def test_every_salesforce_fault_is_ordered_or_stands() -> None:
    known = {f"F{number:02d}" for number in range(1, 59)}
    assert ORDERED | set(STANDING) == known
    assert not ORDERED & set(STANDING)


@pytest.mark.parametrize(
    ("fault", "status", "body"),
    [
        ("F01", 401, [{"message": "Session expired or invalid", "errorCode": "INVALID_SESSION_ID"}]),
        ("F05", 403, [{"message": "TotalRequests Limit exceeded.", "errorCode": "REQUEST_LIMIT_EXCEEDED"}]),
        (
            "F06",
            403,
            [
                {
                    "message": "ConcurrentRequests (Concurrent API Requests) Limit exceeded.",
                    "errorCode": "REQUEST_LIMIT_EXCEEDED",
                }
            ],
        ),
        ("F08", 503, [{"message": "Server Unavailable", "errorCode": "SERVER_UNAVAILABLE"}]),
    ],
)
def test_whole_answers_carry_the_catalogues_bodies_once(
    api: Api, fault: str, status: int, body: list[dict[str, str]]
) -> None:
    api.fault(fault)
    answered = api.get("/limits")
    assert (answered.status_code, answered.json()) == (status, body)
    assert api.get("/limits").status_code == 200


def test_a_maintenance_page_is_html(api: Api) -> None:
    api.fault("F09", code=420)
    answered = api.get("/limits")
    assert answered.status_code == 420
    assert answered.headers["Content-Type"].startswith("text/html")


@pytest.mark.parametrize(
    ("fault", "said"), [("F02", "expired access/refresh token"), ("F04", "assertion is expired")]
)
def test_token_faults_answer_an_object(api: Api, fault: str, said: str) -> None:
    api.fault(fault)
    form = {"grant_type": "client_credentials", "client_id": "emulator", "client_secret": "emulator"}
    answered = api.call("POST", "/services/oauth2/token", data=form)
    assert answered.status_code == 400
    assert answered.json() == {"error": "invalid_grant", "error_description": said}


def test_rotation_can_be_ordered_for_one_answer(api: Api) -> None:
    held = api.door("refresh_tokens", client_id="emulator", user="admin@example.com")["done"]["refresh_token"]
    api.fault("F03")
    form = {"grant_type": "refresh_token", "client_id": "emulator", "refresh_token": held}
    assert api.call("POST", "/services/oauth2/token", data=form).json()["refresh_token"] != held


def test_the_usage_header_can_be_near_the_limit(api: Api) -> None:
    api.fault("F07", used=98_000, extra="per-app-api-usage=17/250(appName=x)")
    header = api.get("/limits").headers["Sforce-Limit-Info"]
    assert header == "api-usage=98000/100000; per-app-api-usage=17/250(appName=x)"


def test_pages_can_be_short_and_locators_dead(api: Api) -> None:
    api.org.load("Account", [{"Name": str(place)} for place in range(300)])
    api.fault("F10", size=7)
    page = api.get("/query", params={"q": "SELECT Id FROM Account"}).json()
    assert (len(page["records"]), page["done"]) == (7, False)
    api.fault("F11")
    assert api.get(page["nextRecordsUrl"]).json()[0]["errorCode"] == "INVALID_QUERY_LOCATOR"
    assert len(api.get(page["nextRecordsUrl"]).json()["records"]) == 293


@pytest.mark.parametrize("code", [414, 431])
def test_a_query_can_be_too_long(api: Api, code: int) -> None:
    api.fault("F12", code=code)
    assert api.get("/query", params={"q": "SELECT Id FROM Account"}).status_code == code


def test_a_field_can_be_gone(api: Api) -> None:
    api.fault("F13", field="Rating")
    error = api.get("/query", params={"q": "SELECT Rating FROM Account"}).json()[0]
    assert error["errorCode"] == "INVALID_FIELD"
    assert "No such column 'Rating' on entity 'Account'" in error["message"]


def test_sharing_can_hide_records_for_a_while(api: Api) -> None:
    account = api.account()
    api.fault("F21", records=[account], times=2)
    # The integration user owns it here, so hide it from a page that the owner would see.
    api.org.store.put(
        "Account", {**(api.org.store.get("Account", account) or {}), "OwnerId": api.user("admin@example.com")}
    )
    assert api.query("SELECT Id FROM Account") == []
    assert api.get(f"/sobjects/Account/{account}").status_code == 404
    assert len(api.query("SELECT Id FROM Account")) == 1


def test_an_upsert_can_find_several(api: Api) -> None:
    api.fault("F26")
    answered = api.patch("/sobjects/Account/Ext__c/x", {"Name": "x"}, allow_redirects=False)
    assert answered.status_code == 300
    assert all(item.startswith("/services/data/v62.0/sobjects/Account/") for item in answered.json())


def test_a_key_can_be_falsely_unknown(abm: Api) -> None:
    abm.account(Ext__c="K")
    abm.fault("F27")
    assert abm.get("/sobjects/Account/Ext__c/K").status_code == 404
    assert abm.get("/sobjects/Account/Ext__c/K").status_code == 200


def test_failed_rows_can_come_with_400_and_the_same_shape(api: Api) -> None:
    api.fault("F29")
    answered = api.post("/composite/sobjects", {"records": [{"attributes": {"type": "Account"}}]})
    assert answered.status_code == 400
    assert answered.json()[0]["success"] is False


ROWS = {
    "F24": "ENTITY_IS_DELETED",
    "F33": "UNABLE_TO_LOCK_ROW",
    "F34": "DUPLICATES_DETECTED",
    "F35": "DUPLICATES_DETECTED",
    "F36": "DUPLICATE_VALUE",
    "F37": "FIELD_CUSTOM_VALIDATION_EXCEPTION",
    "F38": "INVALID_FIELD_FOR_INSERT_UPDATE",
    "F39": "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
    "F40": "STRING_TOO_LONG",
    "F41": "INVALID_CROSS_REFERENCE_KEY",
    "F42": "INACTIVE_OWNER_OR_USER",
}


def _save(api: Api, ids: list[str]) -> Any:
    rows = [{"attributes": {"type": "Account"}, "Id": item, "Phone": "1"} for item in ids]
    return api.patch("/composite/sobjects", {"records": rows})


@pytest.mark.parametrize(("fault", "code"), ROWS.items())
def test_row_faults_hit_the_first_row_or_the_named_ones(api: Api, fault: str, code: str) -> None:
    ids = [api.account(Name=str(place)) for place in range(3)]

    def codes(answered: Any) -> list[str | None]:
        return [None if row["success"] else row["errors"][0]["statusCode"] for row in answered.json()]

    api.fault(fault)
    assert codes(_save(api, ids)) == [code, None, None]
    api.fault(fault, rows=[ids[1], 2])
    assert codes(_save(api, ids)) == [None, code, code]
    assert codes(_save(api, ids)) == [None, None, None]
    api.fault(fault)
    single = api.patch(f"/sobjects/Account/{ids[0]}", {"Phone": "2"})
    assert single.json()[0]["errorCode"] == code
    assert single.status_code == (404 if fault == "F24" else 400)


def test_row_faults_take_their_words_from_the_order(api: Api) -> None:
    account = api.account()
    api.fault("F39", field="Rating", value="tepid")
    error = _save(api, [account]).json()[0]["errors"][0]
    assert error["message"] == "Account Rating: bad value for restricted picklist field: tepid"
    api.fault("F38", fields=["A__c", "B__c"])
    assert (
        _save(api, [account])
        .json()[0]["errors"][0]["message"]
        .startswith("Unable to create/update fields: A__c, B__c.")
    )
    api.fault("F34", twin=account)
    error = _save(api, [account]).json()[0]["errors"][0]
    assert error["duplicateResut"]["matchResults"][0]["matchRecords"][0]["record"]["Id"] == account
    api.fault("F34")
    rows = [{"attributes": {"type": "Account"}, "Id": account, "Phone": "1"}]
    allow = {"Sforce-Duplicate-Rule-Header": "allowSave=true"}
    assert api.patch("/composite/sobjects", {"records": rows}, headers=allow).json()[0]["success"]


def test_a_precondition_can_fail(api: Api) -> None:
    account = api.account()
    api.fault("F43")
    assert api.patch(f"/sobjects/Account/{account}", {"Name": "x"}).status_code == 412
    assert api.get(f"/sobjects/Account/{account}").json()["Name"] == "Acme"


def test_an_answer_can_be_lost_after_the_write(api: Api) -> None:
    api.fault("F44")
    assert api.post("/sobjects/Account", {"Name": "Ghost"}).status_code == 504
    assert api.query("SELECT Name FROM Account")[0]["Name"] == "Ghost"
    api.door("faults", match={"method": "POST", "path": "/services/data"}, drop="after")
    with pytest.raises(requests.ConnectionError):
        api.post("/sobjects/Account", {"Name": "Second ghost"})
    assert len(api.query("SELECT Id FROM Account")) == 2


def test_a_trigger_can_rewrite_one_write(api: Api) -> None:
    api.fault("F45", field="Name", rewrite="upper")
    assert api.get(f"/sobjects/Account/{api.account(Name='quiet')}").json()["Name"] == "QUIET"


def test_a_grant_can_fail(api: Api) -> None:
    api.fault("F52")
    assert api.post("/sobjects/FieldPermissions", {}).json()[0]["errorCode"] == "UNABLE_TO_LOCK_ROW"


def test_an_unknown_fault_is_refused_with_the_list(api: Api) -> None:
    answered = api.post("/__emulator__/faults", {"fault": "F60"})
    assert answered.status_code == 400
    assert "F33" in answered.json()["problems"][0]
    assert set(api.get("/__emulator__/standing").json()["standing"]) == set(STANDING)


@needs_contracts
def test_every_error_code_is_one_of_the_partner_wsdls(contracts: Path) -> None:
    wsdl = (contracts / "salesforce/wsdl/partner.wsdl").read_text()
    known = set(re.findall(r'<enumeration value="(?:\w+:)?([A-Z_0-9]+)"', wsdl)) | set(
        re.findall(r'<xsd:enumeration value="(?:\w+:)?([A-Z_0-9]+)"', wsdl)
    )
    source = Path(__file__).resolve().parents[3] / "emulator" / "salesforce"
    said: set[str] = set()
    for file in source.rglob("*.py"):
        text = file.read_text()
        said |= set(
            re.findall(r'(?:refuse|reject|_bad|_error|SoqlError)\(\s*(?:field, |\d+, )?"([A-Z_]{6,})"', text)
        )
        said |= set(re.findall(r'code="([A-Z_]{6,})"', text))
    assert len(said) > 30
    assert said - known == set()
