"""simple-salesforce, the Python client that most people use, driven against the org."""

from collections.abc import Iterator
from typing import Any

import pytest
import requests
from requests.adapters import HTTPAdapter
from simple_salesforce.api import Salesforce
from simple_salesforce.exceptions import (
    SalesforceAuthenticationFailed,
    SalesforceExpiredSession,
    SalesforceMalformedRequest,
    SalesforceMoreThanOneRecord,
    SalesforceResourceNotFound,
)

from tests.emulator.salesforce.client import Api

pytestmark = pytest.mark.client


class _Redirected(HTTPAdapter):
    """Sends what the client means for https://…salesforce.com to the local server, in plain HTTP."""

    def __init__(self, server: str) -> None:
        super().__init__()
        self._server = server

    def send(self, request: requests.PreparedRequest, *args: Any, **more: Any) -> requests.Response:
        assert request.url is not None
        path = request.url.split("://", 1)[1].split("/", 1)[1]
        request.url = f"{self._server}/{path}"
        return super().send(request, *args, **{**more, "timeout": 10})


@pytest.fixture
def session(anonymous: Api) -> Iterator[requests.Session]:
    with requests.Session() as made:
        made.mount("https://", _Redirected(anonymous.server))
        yield made


@pytest.fixture
def client(anonymous: Api, session: requests.Session) -> Any:
    return Salesforce(
        consumer_key="emulator", consumer_secret="emulator", domain="acme.my", version="62.0", session=session
    )


def test_it_logs_in_with_client_credentials(client: Any, anonymous: Api) -> None:
    assert client.sf_instance == anonymous.server.removeprefix("http://")
    assert client.query("SELECT Id FROM Organization")["records"][0]["Id"] == anonymous.org.id


def test_it_names_a_refused_login(anonymous: Api, session: requests.Session) -> None:
    with pytest.raises(SalesforceAuthenticationFailed, match="invalid client credentials"):
        Salesforce(
            consumer_key="emulator", consumer_secret="no", domain="acme.my", version="62.0", session=session
        )


def test_it_creates_reads_changes_and_deletes(client: Any) -> None:
    made: Any = client.Account.create({"Name": "Acme", "Website": "acme.com"})
    assert made["success"] is True
    assert client.Account.update(made["id"], {"Rating": "Hot"}) == 204
    read: Any = client.Account.get(made["id"])
    assert (read["Name"], read["Rating"]) == ("Acme", "Hot")
    assert client.Account.delete(made["id"]) == 204
    with pytest.raises(SalesforceResourceNotFound, match="entity is deleted"):
        client.Account.get(made["id"])
    deleted: Any = client.query_all("SELECT Id FROM Account WHERE IsDeleted = true", include_deleted=True)
    assert [row["Id"] for row in deleted["records"]] == [made["id"]]


def test_it_upserts_by_external_id(abm: Api, client: Any) -> None:
    assert client.Account.upsert("Ext__c/K-1", {"Name": "x"}) == 201
    assert client.Account.upsert("Ext__c/K-1", {"Name": "y"}) == 200
    assert client.Account.get_by_custom_id("Ext__c", "K-1")["Name"] == "y"
    for _ in range(2):
        abm.account(Loose__c="same")
    with pytest.raises(SalesforceMoreThanOneRecord):
        client.Account.upsert("Loose__c/same", {"Name": "x"})


def test_it_reads_page_by_page(anonymous: Api, client: Any) -> None:
    anonymous.org.load("Account", [{"Name": str(place)} for place in range(4500)])
    whole: Any = client.query_all("SELECT Id, Name, Owner.Email FROM Account")
    assert len(whole["records"]) == whole["totalSize"] == 4500
    assert whole["records"][0]["Owner"]["Email"] == "tandem@example.com"
    assert len(list(client.query_all_iter("SELECT Id FROM Account"))) == 4500


def test_it_describes_and_reads_limits(client: Any) -> None:
    names = {field["name"] for field in client.Account.describe()["fields"]}
    assert {"Id", "Name", "Website", "SystemModstamp"} <= names
    described = client.describe()
    assert described is not None
    assert "Opportunity" in {item["name"] for item in described["sobjects"]}
    limits: Any = client.limits()
    assert limits["DailyApiRequests"]["Max"] == 100_000
    assert client.api_usage["api-usage"].total == 100_000


def test_it_reads_changes_and_deletes(anonymous: Api, client: Any) -> None:
    account = anonymous.org.load("Account", [{"Name": "x"}])[0]
    start, end = anonymous.clock.now().replace(hour=1), anonymous.clock.now().replace(hour=23)
    assert client.Account.updated(start, end)["ids"] == [account]
    client.Account.delete(account)
    assert client.Account.deleted(start, end)["deletedRecords"][0]["id"] == account


def test_it_sends_composites_and_collections(client: Any) -> None:
    sub = {"method": "GET", "url": "/services/data/v62.0/limits", "referenceId": "l"}
    answered: Any = client.restful("composite", method="POST", json={"compositeRequest": [sub]})
    assert answered["compositeResponse"][0]["httpStatusCode"] == 200
    rows = [{"attributes": {"type": "Account"}, "Name": name} for name in ("a", "b")]
    saved: Any = client.restful("composite/sobjects", method="POST", json={"records": rows})
    assert [row["success"] for row in saved] == [True, True]


def test_it_tells_a_bad_query_and_a_dead_session(anonymous: Api, client: Any) -> None:
    with pytest.raises(SalesforceMalformedRequest, match="No such column 'Foo'"):
        client.query("SELECT Foo FROM Account")
    held = Salesforce(
        instance_url=anonymous.server, session_id=client.session_id, version="62.0", session=client.session
    )
    anonymous.door("expire_sessions")
    with pytest.raises(SalesforceExpiredSession):
        held.query("SELECT Id FROM Account")
