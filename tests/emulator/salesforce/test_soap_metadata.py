"""The SOAP Metadata API, spoken by zeep on Salesforce's own WSDL."""

from pathlib import Path
from typing import Any

import pytest
from zeep.exceptions import Fault

from tests.emulator.salesforce.client import Api
from tests.emulator.salesforce.soap import Soap, bare

PATH = "m/62.0"


@pytest.fixture(scope="session")
def metadata_client(contracts: Path) -> dict[str, Any]:
    """Reading the WSDL takes seconds: one client is made, and pointed at each test's org."""
    return {"wsdl": contracts / "salesforce" / "wsdl" / "metadata.wsdl"}


@pytest.fixture
def soap(api: Api, metadata_client: dict[str, Any]) -> Soap:
    if "soap" not in metadata_client:
        binding = "{http://soap.sforce.com/2006/04/metadata}MetadataBinding"
        metadata_client["soap"] = Soap(api, metadata_client["wsdl"], binding, PATH)
    made: Soap = metadata_client["soap"]
    made.header.sessionId = str(api.session.headers["Authorization"]).removeprefix("Bearer ")
    return made


def number(soap: Soap, name: str, **more: Any) -> Any:
    values = {"label": "Score", "type": "Number", "precision": 5, "scale": 2, **more}
    return soap.make("CustomField", fullName=f"Account.{name}", **values)


def tier(soap: Soap, *names: str) -> Any:
    choices = [soap.make("CustomValue", fullName=name, label=name.title(), default=False) for name in names]
    definition = soap.make("ValueSetValuesDefinition", sorted=False, value=choices)
    value_set = soap.make("ValueSet", restricted=True, valueSetDefinition=definition)
    return soap.make(
        "CustomField", fullName="Account.Tier__c", label="Tier", type="Picklist", valueSet=value_set
    )


def grants(soap: Soap, *fields: str, **more: Any) -> Any:
    permissions = [
        soap.make("PermissionSetFieldPermissions", field=field, editable=True, readable=True)
        for field in fields
    ]
    return soap.make("PermissionSet", fullName="Abm", label="ABM", fieldPermissions=permissions, **more)


def test_a_field_is_made_read_changed_and_deleted(api: Api, soap: Soap) -> None:
    (saved,) = soap.call("upsertMetadata", [number(soap, "Score__c")])
    assert (saved.fullName, saved.success, saved.created) == ("Account.Score__c", True, True)
    (again,) = soap.call("upsertMetadata", [number(soap, "Score__c", label="New")])
    assert (again.success, again.created) == (True, False)
    (read,) = soap.call("readMetadata", "CustomField", ["Account.Score__c"])
    assert (read.fullName, read.label, read.type, read.precision, read.scale) == (
        "Account.Score__c",
        "New",
        "Number",
        5,
        2,
    )
    (gone,) = soap.call("deleteMetadata", "CustomField", ["Account.Score__c"])
    assert gone.success
    assert api.org.sobject("Account").field("Score__c") is None


def test_components_succeed_and_fail_one_by_one(soap: Soap) -> None:
    checkbox = soap.make(
        "CustomField", fullName="Account.Flag__c", label="Flag", type="Checkbox", required=False
    )
    good, bad = soap.call("createMetadata", [number(soap, "A__c"), checkbox])
    assert (good.success, bad.success) == (True, False)
    assert bad.errors[0].statusCode == "FIELD_INTEGRITY_EXCEPTION"
    assert bad.errors[0].message == "Can not specify 'required' for a CustomField of type Checkbox"
    (twice,) = soap.call("createMetadata", [number(soap, "A__c")])
    assert twice.errors[0].statusCode == "DUPLICATE_DEVELOPER_NAME"
    (missing,) = soap.call("updateMetadata", [number(soap, "Nope__c")])
    assert missing.errors[0].statusCode == "INVALID_CROSS_REFERENCE_KEY"
    (deleted,) = soap.call("deleteMetadata", "CustomField", ["Account.Nope__c"])
    assert deleted.errors[0].message == "This custom field does not exist or is not accessible"


def test_a_picklist_value_that_a_deploy_leaves_out_is_deactivated(soap: Soap) -> None:
    soap.call("upsertMetadata", [tier(soap, "one", "two")])
    soap.call("upsertMetadata", [tier(soap, "two", "three")])
    (read,) = soap.call("readMetadata", "CustomField", ["Account.Tier__c"])
    values = {value.fullName: value.isActive for value in read.valueSet.valueSetDefinition.value}
    assert values == {"two": None, "three": None, "one": False}


def test_upserting_a_permission_set_replaces_its_fields(api: Api, soap: Soap) -> None:
    soap.call("createMetadata", [number(soap, "A__c"), number(soap, "B__c")])
    (first,) = soap.call("upsertMetadata", [grants(soap, "Account.A__c", description="first")])
    assert (first.success, first.created) == (True, True), first.errors
    soap.call("upsertMetadata", [grants(soap, "Account.B__c")])
    (read,) = soap.call("readMetadata", "PermissionSet", ["Abm"])
    assert [item.field for item in read.fieldPermissions] == ["Account.B__c"]
    assert read.description is None
    (row,) = api.query("SELECT Id, Label, IsOwnedByProfile FROM PermissionSet WHERE Name = 'Abm'")
    assert (row["Label"], row["IsOwnedByProfile"]) == ("ABM", False)
    body = {"AssigneeId": api.user("tandem@example.com"), "PermissionSetId": row["Id"]}
    assert api.post("/sobjects/PermissionSetAssignment", body).status_code == 201
    assert api.get("/query", params={"q": "SELECT B__c FROM Account"}).status_code == 200
    assert api.get("/query", params={"q": "SELECT A__c FROM Account"}).status_code == 400
    (gone,) = soap.call("deleteMetadata", "PermissionSet", ["Abm"])
    assert gone.success
    assert api.query("SELECT Id FROM PermissionSetAssignment") == []


def test_a_permission_set_that_fails_changes_nothing(soap: Soap) -> None:
    soap.call("createMetadata", [number(soap, "A__c")])
    soap.call("upsertMetadata", [grants(soap, "Account.A__c")])
    (failed,) = soap.call("upsertMetadata", [grants(soap, "Account.Nope__c")])
    assert failed.errors[0].statusCode == "INVALID_CROSS_REFERENCE_KEY"
    (read,) = soap.call("readMetadata", "PermissionSet", ["Abm"])
    assert [item.field for item in read.fieldPermissions] == ["Account.A__c"]


def test_stages_are_read_and_replaced_as_a_standard_value_set(api: Api, soap: Soap) -> None:
    (stages,) = soap.call("readMetadata", "StandardValueSet", ["OpportunityStage"])
    won = next(value for value in stages.standardValue if value.won)
    assert (won.fullName, won.closed, won.probability) == ("Closed Won", True, 100)
    stages.standardValue = [value for value in stages.standardValue if value.fullName != "Prospecting"]
    won.label = "Signed"
    (saved,) = soap.call("updateMetadata", [stages])
    assert saved.success, saved.errors
    rows = {
        row["ApiName"]: row
        for row in api.query("SELECT ApiName, MasterLabel, IsActive FROM OpportunityStage")
    }
    assert rows["Closed Won"]["MasterLabel"] == "Signed"
    assert (rows["Prospecting"]["IsActive"], rows["Qualification"]["IsActive"]) == (False, True)


def test_a_standard_picklists_values_are_its_value_set(api: Api, soap: Soap) -> None:
    (industries,) = soap.call("readMetadata", "StandardValueSet", ["Industry"])
    kept = industries.standardValue[:2]
    industries.standardValue = kept
    (saved,) = soap.call("updateMetadata", [industries])
    assert saved.success, saved.errors
    fields = api.get("/sobjects/Account/describe").json()["fields"]
    values = next(field for field in fields if field["name"] == "Industry")["picklistValues"]
    assert [value["value"] for value in values if value["active"]] == [value.fullName for value in kept]


def test_a_global_value_set_feeds_the_fields_that_use_it(api: Api, soap: Soap) -> None:
    def shared(*names: str) -> Any:
        values = [soap.make("CustomValue", fullName=name, label=name, default=False) for name in names]
        return soap.make(
            "GlobalValueSet", fullName="Regions", masterLabel="Regions", sorted=False, customValue=values
        )

    soap.call("createMetadata", [shared("emea", "apac")])
    value_set = soap.make("ValueSet", valueSetName="Regions")
    field = soap.make("CustomField", fullName="Account.R__c", label="R", type="Picklist", valueSet=value_set)
    (saved,) = soap.call("createMetadata", [field])
    assert saved.success, saved.errors
    soap.call("updateMetadata", [shared("emea", "amer")])
    info = api.org.sobject("Account").field("R__c")
    assert info is not None
    assert {value.value: value.active for value in info.values} == {"emea": True, "amer": True, "apac": False}
    (read,) = soap.call("readMetadata", "GlobalValueSet", ["Regions"])
    assert [value.fullName for value in read.customValue] == ["emea", "amer", "apac"]


def test_a_missing_component_reads_as_an_empty_record(soap: Soap) -> None:
    (read,) = soap.call("readMetadata", "PermissionSet", ["Nope"])
    assert read.fullName is None


def test_components_are_listed_and_described(soap: Soap) -> None:
    soap.call("createMetadata", [number(soap, "A__c")])
    (listed,) = soap.call("listMetadata", [soap.make("ListMetadataQuery", type="CustomField")], 62.0)
    assert (listed.fullName, listed.type, listed.id[:3]) == ("Account.A__c", "CustomField", "00N")
    described = soap.call("describeMetadata", 62.0)
    assert {"CustomObject", "PermissionSet"} <= {item.xmlName for item in described.metadataObjects}


def test_what_is_not_there_or_too_much_is_a_fault(soap: Soap) -> None:
    with pytest.raises(Fault, match="Layout") as caught:
        soap.call("readMetadata", "Layout", ["x"])
    assert caught.value.code == "sf:INVALID_TYPE"
    with pytest.raises(Fault, match="at most 10"):
        soap.call("deleteMetadata", "CustomField", [f"Account.F{number}__c" for number in range(11)])


def test_a_dead_session_is_a_fault_of_its_own(api: Api) -> None:
    answered = bare(api, PATH, '<describeMetadata xmlns="http://soap.sforce.com/2006/04/metadata"/>')
    assert answered.status_code == 500
    assert "<faultcode>sf:INVALID_SESSION_ID</faultcode>" in answered.text


def test_a_user_without_setup_rights_may_read_but_not_write(api: Api) -> None:
    session = api.org.sessions.open(api.user("ben.ortiz@example.com"))
    space = 'xmlns="http://soap.sforce.com/2006/04/metadata"'
    header = f"<SessionHeader {space}><sessionId>{session}</sessionId></SessionHeader>"
    assert bare(api, PATH, f"<describeMetadata {space}/>", header).status_code == 200
    answered = bare(api, PATH, f"<deleteMetadata {space}><type>CustomField</type></deleteMetadata>", header)
    assert "sf:INSUFFICIENT_ACCESS" in answered.text


@pytest.mark.parametrize("body", ["", "<not xml", "<a/>"])
def test_a_body_that_is_no_envelope_is_a_fault(api: Api, body: str) -> None:
    answered = api.call("POST", f"/services/Soap/{PATH}", data=body)
    assert answered.status_code == 500
    assert "sf:XML_PARSER_ERROR" in answered.text
