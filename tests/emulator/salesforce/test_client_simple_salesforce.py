"""simple-salesforce's Bulk 2.0 and Metadata clients against the emulator, unchanged but for the address."""

import csv
import io
from typing import Any

import pytest
import requests
from requests.adapters import HTTPAdapter
from simple_salesforce.api import Salesforce
from simple_salesforce.exceptions import SalesforceOperationError

from tests.emulator.salesforce.client import Api

pytestmark = pytest.mark.client


class Plain(HTTPAdapter):
    """The client insists on https: the last moment to say http."""

    def send(self, request: requests.PreparedRequest, *args: Any, **more: Any) -> requests.Response:
        request.url = str(request.url).replace("https://", "http://", 1)
        return super().send(request, *args, **{**more, "timeout": 30})


@pytest.fixture
def sf(api: Api) -> Any:
    session = requests.Session()
    session.trust_env = False
    session.mount("https://", Plain())
    token = str(api.session.headers["Authorization"]).removeprefix("Bearer ")
    return Salesforce(instance_url=api.server, session_id=token, version="62.0", session=session)


def test_bulk2_writes_rows_and_reads_them_back(abm: Api, sf: Any) -> None:
    records = [
        {"Ext__c": f"k{number}", "Name": f"Acme {number}", "ABM_Tier__c": "tier_1"} for number in range(5)
    ]
    records.append({"Ext__c": "bad", "Name": "Bad", "ABM_Tier__c": "gold"})
    (outcome,) = sf.bulk2.Account.upsert(records=records, external_id_field="Ext__c", wait=0.01)
    assert (outcome["numberRecordsProcessed"], outcome["numberRecordsFailed"]) == (6, 1)
    failed = list(csv.DictReader(io.StringIO(sf.bulk2.Account.get_failed_records(outcome["job_id"]))))
    assert [row["Ext__c"] for row in failed] == ["bad"]
    pages = list(sf.bulk2.Account.query("SELECT Ext__c FROM Account", max_records=2, wait=0.01))
    keys = [row["Ext__c"] for page in pages for row in csv.DictReader(io.StringIO(page))]
    assert (len(pages), sorted(keys)) == (3, ["k0", "k1", "k2", "k3", "k4"])


def test_bulk2_tells_of_a_job_that_failed(api: Api, sf: Any) -> None:
    with pytest.raises(SalesforceOperationError, match="InvalidBatch : Field name not found : Nope__c"):
        sf.bulk2.Account.insert(records=[{"Name": "Acme", "Nope__c": "x"}], wait=0.01)


def test_mdapi_provisions_a_field_and_its_grant(api: Api, sf: Any) -> None:
    metadata = sf.mdapi
    metadata._client.transport.session = sf.session
    choices = [
        metadata.CustomValue(fullName=name, label=name, default=False) for name in ("tier_1", "tier_2")
    ]
    value_set = metadata.ValueSet(
        restricted=True, valueSetDefinition=metadata.ValueSetValuesDefinition(sorted=False, value=choices)
    )
    field = metadata.CustomField(
        fullName="Account.Tier__c", label="Tier", type="Picklist", valueSet=value_set
    )
    metadata.CustomField.create([field])
    grant = metadata.PermissionSetFieldPermissions(field="Account.Tier__c", editable=True, readable=True)
    metadata.PermissionSet.upsert(
        [metadata.PermissionSet(fullName="Abm", label="Abm", fieldPermissions=[grant])]
    )
    read = metadata.CustomField.read(["Account.Tier__c"])
    assert [value.fullName for value in read.valueSet.valueSetDefinition.value] == ["tier_1", "tier_2"]
    assert metadata.PermissionSet.read(["Abm"]).fieldPermissions[0].field == "Account.Tier__c"
    names = [
        item.fullName for item in metadata.list_metadata([metadata.ListMetadataQuery(type="CustomField")])
    ]
    assert names == ["Account.Tier__c"]
    with pytest.raises(Exception, match="DUPLICATE_DEVELOPER_NAME"):
        metadata.CustomField.create([field])
    metadata.CustomField.delete(["Account.Tier__c"])
    assert metadata.PermissionSet.read(["Abm"]).fieldPermissions == []


def test_a_login_by_password_over_soap(api: Api) -> None:
    session = requests.Session()
    session.trust_env = False
    session.mount("https://", ToServer(api.server))
    sf = Salesforce(
        username="admin@example.com",
        password="right",
        security_token="token",
        session=session,
        version="62.0",
        domain="login",
    )
    assert sf.query("SELECT Username FROM User WHERE Username = 'admin@example.com'")["totalSize"] == 1


class ToServer(Plain):
    """Sends every address to the emulator: the client builds the login's own."""

    def __init__(self, server: str) -> None:
        super().__init__()
        self._server = server

    def send(self, request: requests.PreparedRequest, *args: Any, **more: Any) -> requests.Response:
        host = str(request.url).split("/", 3)[2]
        request.url = str(request.url).replace(f"https://{host}", self._server, 1)
        return super().send(request, *args, **more)
