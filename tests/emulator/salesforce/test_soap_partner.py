"""The partner API's login, merge and undelete, spoken by zeep on Salesforce's own WSDL."""

from pathlib import Path
from typing import Any

import pytest
from zeep.exceptions import Fault

from tests.emulator.salesforce.client import Api
from tests.emulator.salesforce.soap import Soap, bare

PATH = "u/62.0"
TYPES = "urn:partner.soap.sforce.com"
RECORDS = "urn:sobject.partner.soap.sforce.com"


@pytest.fixture(scope="session")
def partner_client(contracts: Path) -> dict[str, Any]:
    return {"wsdl": contracts / "salesforce" / "wsdl" / "partner.wsdl"}


@pytest.fixture
def soap(api: Api, partner_client: dict[str, Any]) -> Soap:
    if "soap" not in partner_client:
        partner_client["soap"] = Soap(api, partner_client["wsdl"], f"{{{TYPES}}}SoapBinding", PATH)
    made: Soap = partner_client["soap"]
    made.header.sessionId = str(api.session.headers["Authorization"]).removeprefix("Bearer ")
    return made


def merged(soap: Soap, master: str, *losers: str) -> Any:
    record = soap.make("sObject", RECORDS, type="Account", Id=master)
    request = soap.make("MergeRequest", masterRecord=record, recordToMergeIds=list(losers))
    (result,) = soap.call("merge", [request])
    return result


def test_a_login_opens_a_session(api: Api, soap: Soap) -> None:
    result = soap.service.login("admin@example.com", "any password")
    assert result.userId == api.user("admin@example.com")
    assert result.serverUrl == f"{api.server}/services/Soap/u/62.0/{api.org.id[:15]}"
    headers = {"Authorization": f"Bearer {result.sessionId}"}
    assert api.call("GET", "/limits", headers=headers).status_code == 200
    assert result.userInfo.organizationId == api.org.id


@pytest.mark.parametrize(
    ("username", "password"),
    [("nobody@example.com", "x"), ("admin@example.com", "wrong"), ("emil.voss@example.com", "x")],
)
def test_a_wrong_login_is_a_fault(soap: Soap, username: str, password: str) -> None:
    with pytest.raises(Fault, match="Invalid username, password, security token") as caught:
        soap.service.login(username, password)
    assert caught.value.code == "sf:INVALID_LOGIN"


def test_a_merge_leaves_the_loser_pointing_at_the_winner(api: Api, soap: Soap) -> None:
    winner, loser = api.account(Name="Winner"), api.account(Name="Loser")
    deal = {"Name": "D", "StageName": "Prospecting", "CloseDate": "2026-04-01", "AccountId": loser}
    deal_id = api.post("/sobjects/Opportunity", deal).json()["id"]
    result = merged(soap, winner, loser)
    assert (result.success, result.id, result.mergedRecordIds) == (True, winner, [loser])
    assert deal_id in result.updatedRelatedIds
    (gone,) = api.query(f"SELECT IsDeleted, MasterRecordId FROM Account WHERE Id = '{loser}'", deleted=True)
    assert (gone["IsDeleted"], gone["MasterRecordId"]) == (True, winner)
    assert api.get(f"/sobjects/Account/{loser}").json()[0]["errorCode"] == "ENTITY_IS_DELETED"


def test_a_merge_may_set_the_winners_values(api: Api) -> None:
    winner, loser = api.account(Name="Winner", Website="old.com", Phone="1"), api.account(Name="Loser")
    session = str(api.session.headers["Authorization"]).removeprefix("Bearer ")
    body = (
        f'<merge xmlns="{TYPES}" xmlns:s="{RECORDS}"><request><masterRecord><s:type>Account</s:type>'
        f"<s:fieldsToNull>Phone</s:fieldsToNull><s:Id>{winner}</s:Id><s:Website>new.com</s:Website></masterRecord>"
        f"<recordToMergeIds>{loser}</recordToMergeIds></request></merge>"
    )
    header = f'<SessionHeader xmlns="{TYPES}"><sessionId>{session}</sessionId></SessionHeader>'
    answered = bare(api, PATH, body, header)
    assert "<success>true</success>" in answered.text, answered.text
    (row,) = api.query("SELECT Website, Phone FROM Account")
    assert (row["Website"], row["Phone"]) == ("new.com", None)


def test_a_merge_that_cannot_be_says_why_and_moves_nothing(api: Api, soap: Soap) -> None:
    winner, gone = api.account(), api.account()
    api.delete(f"/sobjects/Account/{gone}")
    result = merged(soap, winner, gone)
    assert (result.success, result.errors[0].statusCode) == (False, "ENTITY_IS_DELETED")
    assert len(api.query("SELECT Id FROM Account")) == 1


def test_an_undelete_brings_a_record_back(api: Api, soap: Soap) -> None:
    record_id = api.account()
    api.delete(f"/sobjects/Account/{record_id}")
    back, never = soap.call("undelete", [record_id, "001000000000000AAA"])
    assert (back.success, back.id) == (True, record_id)
    assert (never.success, never.errors[0].statusCode) == (False, "INVALID_CROSS_REFERENCE_KEY")
    assert len(api.query("SELECT Id FROM Account")) == 1


def test_a_session_says_who_it_is_and_ends_by_logout(api: Api, soap: Soap) -> None:
    assert soap.call("getUserInfo").userName == "tandem@example.com"
    (usage,) = soap.headers.LimitInfoHeader.limitInfo
    assert (usage.limit, usage.type) == (100_000, "API REQUESTS")
    assert usage.current >= 1
    soap.call("logout")
    with pytest.raises(Fault) as caught:
        soap.call("getUserInfo")
    assert caught.value.code == "sf:INVALID_SESSION_ID"
    assert api.get("/limits").status_code == 401


def test_an_unknown_call_or_version_is_a_fault(api: Api) -> None:
    session = str(api.session.headers["Authorization"]).removeprefix("Bearer ")
    header = f'<SessionHeader xmlns="{TYPES}"><sessionId>{session}</sessionId></SessionHeader>'
    assert "sf:INVALID_OPERATION" in bare(api, PATH, f'<convertLead xmlns="{TYPES}"/>', header).text
    assert "sf:UNSUPPORTED_API_VERSION" in bare(api, "u/12.0", f'<getUserInfo xmlns="{TYPES}"/>', header).text
