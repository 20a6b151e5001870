"""What an administrator sets beside a field itself: whether its history is tracked, and which record types offer its
values."""

import base64
import io
import re
import zipfile
from typing import Any

import pytest

from emulator.salesforce.data import record_types
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
    partner = api.door("record_types", object="Account", name="Partner", offers={"Rating": ["Hot"]})["done"]
    assert offers(api, partner, "Rating") == ["Hot"]
    infos = api.get("/sobjects/Account/describe").json()["recordTypeInfos"]
    assert [(info["recordTypeId"], info["name"], info["master"]) for info in infos] == [
        (partner, "Partner", False),
        ("012000000000000AAA", "Master", True),
    ]


def test_a_record_type_that_is_not_there_is_not_found(api: Api) -> None:
    assert api.get("/ui-api/object-info/Account/picklist-values/012000000000009AAA").status_code == 404


ZIPPED = {
    "package.xml": """<Package xmlns="http://soap.sforce.com/2006/04/metadata">
        <types><members>Account.Note__c</members><name>CustomField</name></types>
        <types><members>Account</members><name>CustomObject</name></types><version>62.0</version></Package>""",
    "objects/Account.object": """<CustomObject xmlns="http://soap.sforce.com/2006/04/metadata">
        <enableHistory>true</enableHistory><fields><fullName>Note__c</fullName><label>Note</label>
        <length>{length}</length><trackHistory>true</trackHistory><type>Text</type></fields></CustomObject>""",
}


@pytest.mark.parametrize(("length", "status"), [(80, "Succeeded"), (999, "Failed")])
def test_a_zip_is_deployed_whole_or_not_at_all(api: Api, length: int, status: str) -> None:
    api.org.configure(histories=(), tracked=())
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, content in ZIPPED.items():
            archive.writestr(name, content.replace("{length}", str(length)))
    token = str(api.session.headers["Authorization"]).removeprefix("Bearer ")

    def ask(body: str) -> str:
        envelope = (
            '<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/" '
            'xmlns="http://soap.sforce.com/2006/04/metadata"><e:Header><SessionHeader>'
            f"<sessionId>{token}</sessionId></SessionHeader></e:Header><e:Body>{body}</e:Body></e:Envelope>"
        )
        return api.call("POST", "/services/Soap/m/62.0", data=envelope).text

    content = base64.b64encode(packed.getvalue()).decode()
    queued = ask(f"<deploy><ZipFile>{content}</ZipFile><DeployOptions/></deploy>")
    (id,) = re.findall("<id>(.*?)</id>", queued)
    done = ask(f"<checkDeployStatus><asyncProcessId>{id}</asyncProcessId></checkDeployStatus>")
    assert re.findall("<status>(.*?)</status>", done) == [status]
    made = api.org.sobject("Account").field("Note__c")
    assert (made is not None) == (status == "Succeeded")
    assert ("Account" in api.org.settings.histories) == (status == "Succeeded")
    assert ("Length must be between 1 and 255" in done) == (status == "Failed")
