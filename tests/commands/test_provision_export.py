"""provision export: what an administrator deploys is valid, loses nothing, and leaves nothing to plan."""

import io
import json
import zipfile
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import requests
from lxml import etree
from requests.adapters import HTTPAdapter
from simple_salesforce.api import Salesforce

from connector.salesforce.metadata.deployable import NAMESPACE
from emulator.salesforce import definitions
from emulator.salesforce.data import record_types
from emulator.salesforce.schema.model import Field, PicklistValue
from tests.sweep import sliced
from tests.world import World

XSD = "http://www.w3.org/2001/XMLSchema"
FIELDS = "force-app/main/default/objects/Account/fields"
OBJECT = "force-app/main/default/objects/Account/Account.object-meta.xml"
SET = "force-app/main/default/permissionsets/Tandem_Sync.permissionset-meta.xml"


class Plain(HTTPAdapter):
    """simple-salesforce insists on https: the last moment to say http."""

    def send(self, request: Any, *args: Any, **named: Any) -> requests.Response:
        request.url = str(request.url).replace("https://", "http://", 1)
        return super().send(request, *args, **named)


@cache
def wsdl(path: Path) -> etree.XMLSchema:
    """The schema of the metadata WSDL, in which a file's root is an element of its own. Compiling it takes seconds."""
    (found,) = etree.parse(str(path)).getroot().iter(f"{{{XSD}}}schema")
    schema = etree.Element(found.tag, dict(found.attrib), nsmap={"xsd": XSD, "tns": NAMESPACE})
    schema.extend(list(found))
    for name in ("CustomField", "CustomObject", "GlobalValueSet", "Package", "PermissionSet", "RecordType"):
        etree.SubElement(schema, f"{{{XSD}}}element", {"name": name, "type": f"tns:{name}"})
    return etree.XMLSchema(etree.fromstring(etree.tostring(schema)))


def administrator(world: World) -> Any:
    answer = requests.post(
        f"{world.salesforce.url}/services/oauth2/token",
        data={"grant_type": "client_credentials", "client_id": "emulator", "client_secret": "emulator"},
        timeout=5,
    ).json()
    session = requests.Session()
    session.mount("https://", Plain())
    client: Any = Salesforce(
        instance_url=answer["instance_url"],
        session_id=answer["access_token"],
        version="62.0",
        session=session,
    )
    client.mdapi._client.transport.session = session
    return client


def as_value(api: Any, type_name: str, element: Any) -> Any:
    """An element of a deployed file as simple-salesforce's Metadata API takes it."""
    kind = api._client.get_type(f"{{{NAMESPACE}}}{type_name}")
    return kind.parse_xmlelement(element, api._client.wsdl.types)


def deploy(world: World, files: dict[str, bytes]) -> None:
    """What `sf project deploy` does with a source project, over the same Metadata API."""
    client = administrator(world)
    api = client.mdapi
    if OBJECT in files:
        wanted = as_value(api, "CustomObject", etree.fromstring(files[OBJECT]))
        wanted.fullName = "Account"
        api.CustomObject.update([wanted])
    for path, content in sorted(files.items()):
        if path.startswith(FIELDS):
            field = as_value(api, "CustomField", etree.fromstring(content))
            field.fullName = f"Account.{field.fullName}"
            api.CustomField.upsert([field])
    permissions = as_value(api, "PermissionSet", etree.fromstring(files[SET]))
    permissions.fullName = "Tandem_Sync"
    api.PermissionSet.upsert([permissions])
    assign(client)


def assign(client: Any) -> None:
    """What `sf org assign permset` does."""
    (set_row,) = client.query("SELECT Id FROM PermissionSet WHERE Name = 'Tandem_Sync'")["records"]
    (user,) = client.query("SELECT Id FROM User WHERE Username = 'tandem@example.com'")["records"]
    client.PermissionSetAssignment.create({"AssigneeId": user["Id"], "PermissionSetId": set_row["Id"]})


def project(world: World, *more: str) -> dict[str, bytes]:
    ran = world.run("provision", "export", "--format", "sfdx", "project", "--system", "salesforce", *more)
    assert ran.code == 0, ran.err
    root = world.folder / "project"
    return {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()}


def test_a_project_holds_fields_rights_and_manifest(world: World) -> None:
    files = project(world)
    names = {path.removeprefix(f"{FIELDS}/").split(".")[0] for path in files if path.startswith(FIELDS)}
    assert names == {
        "Tandem_Id__c",
        "Target_Account__c",
        "ABM_Tier__c",
        "Engagement_Score__c",
        "MQA_Stage__c",
    }
    assert json.loads(files["sfdx-project.json"])["sourceApiVersion"] == "62.0"
    manifest = etree.fromstring(files["manifest/package.xml"])
    members = {element.text for element in manifest.iter(f"{{{NAMESPACE}}}members")}
    assert members == {*(f"Account.{name}" for name in names), "Tandem_Sync"}
    assert not {"ABM_Tier__c", "MQA_Stage__c"} & set(world.org.sobject("Account").fields)


@pytest.mark.sweep
def test_nothing_is_left_to_plan_for_salesforce_once_a_project_was_deployed(world: World) -> None:
    deploy(world, project(world))
    world.clock.advance(60)
    lines = world.run("provision", "plan", "--json").json["lines"]
    assert {line["action"] for line in lines if line["system"] == "salesforce"} == {"keep"}


def test_nothing_is_left_to_plan_for_hubspot_once_its_definitions_were_posted(world: World) -> None:
    ran = world.run("provision", "export", "--format", "hubspot", "properties.json")
    assert ran.code == 0, ran.err
    body = json.loads((world.folder / "properties.json").read_text())
    base = f"{world.hubspot.url}/crm/v3/properties/companies"
    headers = {"Authorization": "Bearer pat-emulator"}
    for group in body["groups"]:
        assert requests.post(f"{base}/groups", json=group, headers=headers, timeout=5).status_code == 201
    made = requests.post(f"{base}/batch/create", json=body["create"], headers=headers, timeout=5)
    assert made.status_code == 201, made.text
    world.clock.advance(600)
    lines = world.run("provision", "plan", "--json").json["lines"]
    assert {line["action"] for line in lines if line["system"] == "hubspot"} == {"keep"}

    again = world.run("provision", "export", "--format", "hubspot", "again.json")
    assert again.code == 0, again.err
    left = json.loads((world.folder / "again.json").read_text())
    assert (left["groups"], left["create"], left["update"]) == ([], {"inputs": []}, {})
    assert left["update_groups"] == {}


@pytest.mark.sweep
def test_an_archived_property_is_exported_with_the_options_that_records_may_hold(world: World) -> None:
    world.run("provision", "apply", "--yes")
    held = world.portal.shelf("companies").definitions
    stage = held.properties["tandem_mqa_stage"]
    more = {"label": "Parked", "value": "parked", "displayOrder": 99, "hidden": False}
    stage.doc = {**stage.doc, "options": [*stage.doc["options"], more]}
    held.archive("tandem_mqa_stage", now=world.clock.now())
    world.clock.advance(600)
    assert world.run("provision", "export", "--format", "hubspot", "properties.json").code == 0
    (made,) = json.loads((world.folder / "properties.json").read_text())["create"]["inputs"]
    assert made["name"] == "tandem_mqa_stage"
    assert [option["value"] for option in made["options"]][-2:] == ["closed", "parked"]


def test_what_a_hubspot_export_would_change_can_be_sent_as_it_is(world: World) -> None:
    world.run("provision", "apply", "--yes")
    world.clock.advance(600)
    held = world.portal.shelf("companies").definitions
    stage = held.properties["tandem_mqa_stage"]
    stage.doc = {**stage.doc, "label": "Rank", "fieldType": "radio", "groupName": "companyinformation"}
    held.groups["tandem"]["label"] = "Somebody's"
    assert world.run("provision", "export", "--format", "hubspot", "properties.json").code == 0
    body = json.loads((world.folder / "properties.json").read_text())
    base = f"{world.hubspot.url}/crm/v3/properties/companies"
    headers = {"Authorization": "Bearer pat-emulator"}
    changes = {f"groups/{name}": change for name, change in body["update_groups"].items()} | body["update"]
    assert set(changes) == {"groups/tandem", "tandem_mqa_stage"}
    for name, change in changes.items():
        answer = requests.patch(f"{base}/{name}", json=change, headers=headers, timeout=5)
        assert answer.status_code == 200, answer.text
    world.clock.advance(600)
    assert "off the contract" not in world.run("provision", "plan").text
    assert world.run("provision", "plan").code == 0


@pytest.mark.sweep
def test_a_deployed_picklist_keeps_the_values_of_others(world: World) -> None:
    world.run("provision", "apply", "--yes")
    tier = world.org.sobject("Account").fields["ABM_Tier__c"]
    custom = (
        *tier.values,
        PicklistValue(value="strategic", label="Strategic"),
        PicklistValue(value="old", label="Old", active=False),
    )
    world.org.schema.put_field("Account", replace(tier, values=custom))
    world.org.touch_definitions()
    deploy_fields = project(world)
    api = administrator(world).mdapi
    field = as_value(
        api, "CustomField", etree.fromstring(deploy_fields[f"{FIELDS}/ABM_Tier__c.field-meta.xml"])
    )
    field.fullName = "Account.ABM_Tier__c"
    api.CustomField.upsert([field])
    after = {value.value: value.active for value in world.org.sobject("Account").fields["ABM_Tier__c"].values}
    assert after == {"tier_1": True, "tier_2": True, "tier_3": True, "strategic": True, "old": False}


def deploy_zip(world: World) -> None:
    assert world.run("provision", "export", "--format", "mdapi", "--force", "fields.zip").code == 0
    client = administrator(world)
    id = client.deploy(str(world.folder / "fields.zip"), sandbox=False)["asyncId"]
    done = client.checkDeployStatus(id)
    assert (done["state"], done["deployment_detail"]["errors"]) == ("Succeeded", [])


def test_what_administrators_said_of_a_field_and_gave_with_the_set_is_deployed_with_it(
    world: World, contracts: Path
) -> None:
    """A set that is deployed takes the place of the one that stands, and so does a field."""
    assert world.run("provision", "apply", "--yes").code == 0
    org = world.org
    score = org.sobject("Account").fields["Engagement_Score__c"]
    org.schema.put_field("Account", replace(score, description="Ask Jana.", precision=7))
    tier = org.sobject("Account").fields["ABM_Tier__c"]
    values = (*tier.values, PicklistValue(value="own", label="Own", translation="Eigene"))
    org.schema.put_field("Account", replace(tier, values=values, translation="Stufe", label="Tier of old"))
    (row,) = org.store.find("PermissionSet", "Name", "Tandem_Sync")
    definitions.grant(org, row["Id"], "Account", "Rating", edit=False)
    org.load(
        "ObjectPermissions",
        [{"ParentId": row["Id"], "SobjectType": "Account", "PermissionsRead": True, "PermissionsEdit": True}],
    )
    org.touch_definitions()
    valid(project(world), contracts)
    deploy_zip(world)

    score = org.sobject("Account").fields["Engagement_Score__c"]
    assert (score.description, score.precision, score.scale) == ("Ask Jana.", 7, 2)
    tier = org.sobject("Account").fields["ABM_Tier__c"]
    assert tier.label == "ABM tier"
    assert {value.value: value.label for value in tier.values}["own"] == "Own"
    given = {
        item["Field"]: item["PermissionsEdit"]
        for item in org.store.find("FieldPermissions", "ParentId", row["Id"])
    }
    assert given["Account.Rating"] is False
    assert given["Account.ABM_Tier__c"] is True
    (held,) = org.store.find("ObjectPermissions", "ParentId", row["Id"])
    assert (held["PermissionsRead"], held["PermissionsEdit"], held["PermissionsDelete"]) == (
        True,
        True,
        False,
    )


@pytest.mark.sweep
def test_no_right_is_deployed_on_a_field_that_shows_to_everybody(world: World) -> None:
    assert world.run("provision", "apply", "--yes").code == 0
    tier = world.org.sobject("Account").fields["ABM_Tier__c"]
    for item in list(world.org.store.find("FieldPermissions", "Field", "Account.ABM_Tier__c")):
        world.org.store.remove("FieldPermissions", item["Id"])
    world.org.schema.put_field("Account", replace(tier, nillable=False, permissionable=False))
    world.org.touch_definitions()
    given = project(world)[SET].decode()
    assert "Account.ABM_Tier__c" not in given
    assert "Account.MQA_Stage__c" in given
    deploy_zip(world)
    assert not world.org.sobject("Account").fields["ABM_Tier__c"].nillable


def test_a_shared_set_of_an_adopted_field_is_deployed_with_what_it_lacks(world: World) -> None:
    values = (PicklistValue(value="tier_1", label="Tier 1"), PicklistValue(value="tier_2", label="Tier 2"))
    world.org.schema.put_value_set("Tiers", values)
    field = Field(name="Class__c", label="Class", type="picklist", length=255, values=values, restricted=True)
    definitions.create_field(world.org, "Account", replace(field, value_set="Tiers"))
    folder = world.folder / "mappings"
    folder.mkdir()
    (folder / "salesforce.yaml").write_text("fields:\n  tier:\n    name: Class__c\n    create: false\n")
    world.configure("mapping: mappings/")
    deploy_zip(world)
    assert [one.value for one in world.org.schema.value_set("Tiers") or ()] == ["tier_1", "tier_2", "tier_3"]


@pytest.mark.sweep
def test_a_zip_holds_the_same_and_is_the_same_each_time(world: World) -> None:
    files = project(world)
    for name in ("one.zip", "two.zip"):
        assert world.run("provision", "export", "--format", "mdapi", name).code == 0
    packed = (world.folder / "one.zip").read_bytes()
    assert packed == (world.folder / "two.zip").read_bytes()
    with zipfile.ZipFile(io.BytesIO(packed)) as archive:
        assert sorted(archive.namelist()) == [
            "objects/Account.object",
            "package.xml",
            "permissionsets/Tandem_Sync.permissionset",
        ]
        inside = etree.fromstring(archive.read("objects/Account.object"))
        assert archive.read("package.xml") == files["manifest/package.xml"]
    listed = [element.findtext(f"{{{NAMESPACE}}}fullName") for element in inside]
    assert len(listed) == 5
    assert "ABM_Tier__c" in listed


def disorder(world: World) -> None:
    """What only an administrator may fix: a hidden field with somebody's value, a shared value set, histories, record
    types."""
    assert world.run("provision", "apply", "--yes").code == 0
    org = world.org
    tier = org.sobject("Account").fields["ABM_Tier__c"]
    values = (*tier.values[:2], PicklistValue(value="strategic", label="Strategic"))
    org.schema.put_value_set("Tiers", values)
    org.schema.put_field("Account", replace(tier, value_set="Tiers", values=values))
    stage = org.sobject("Account").fields["MQA_Stage__c"]
    others = (*stage.values, PicklistValue(value="parked", label="Parked"))
    org.schema.put_field("Account", replace(stage, values=others))
    for row in list(org.store.find("FieldPermissions", "Field", "Account.MQA_Stage__c")):
        org.store.remove("FieldPermissions", row["Id"])
    more = {"Description": "Resellers.", "defaults": {"ABM_Tier__c": "tier_1"}}
    record_types.add(org, "Account", "Partner", {"ABM_Tier__c": ["tier_1"]}, **more)
    org.configure(tracked=(), histories=())
    org.touch_definitions()


def told(world: World) -> set[tuple[str, str, str]]:
    lines = world.run("provision", "plan", "--json").json["lines"]
    return {
        (line["field"], line["action"], line["attribute"])
        for line in lines
        if line["system"] == "salesforce" and line["action"] != "keep"
    }


@pytest.mark.parametrize("in_disorder", sliced([False, True], always=[False]))
def test_nothing_is_left_to_plan_once_a_zip_was_deployed(world: World, *, in_disorder: bool) -> None:
    if in_disorder:
        disorder(world)
    deploy_zip(world)
    if not in_disorder:
        assign(administrator(world))
    world.clock.advance(60)
    # Values that are somebody else's stand as they did, and are told.
    beyond = {(name, "wrong", "options") for name in ("ABM_Tier__c", "MQA_Stage__c")}
    assert told(world) == (beyond if in_disorder else set())
    if in_disorder:
        assert world.run("provision", "plan").code == 0
        held = {value.value: value.active for value in world.org.schema.value_set("Tiers") or ()}
        assert held == {"tier_1": True, "tier_2": True, "strategic": True, "tier_3": True}
        stages = {
            value.value: value.active for value in world.org.sobject("Account").fields["MQA_Stage__c"].values
        }
        assert stages["parked"]
        (partner,) = record_types.of(world.org, "Account")
        tier = world.org.sobject("Account").fields["ABM_Tier__c"]
        assert partner["Description"] == "Resellers."
        assert record_types.default(world.org, "Account", partner["Id"], tier) == "tier_1"


def test_a_project_holds_what_stands_hidden_shared_and_untracked(world: World, contracts: Path) -> None:
    disorder(world)
    files = project(world)
    valid(files, contracts)
    names = {path.rpartition("/")[2].split(".")[0] for path in files}
    assert names >= {"Tiers", "Partner", "OwnerId", "Account", "MQA_Stage__c", "Tandem_Sync"}
    manifest = etree.fromstring(files["manifest/package.xml"])
    assert world.run("provision", "export", "--format", "mdapi", "fields.zip").code == 0
    with zipfile.ZipFile(world.folder / "fields.zip") as archive:
        packed = {f"{name}.xml": archive.read(name) for name in archive.namelist()}
    assert {"objects/Account.object.xml", "globalValueSets/Tiers.globalValueSet.xml"} <= set(packed)
    valid(packed, contracts)
    kinds = {element.text for element in manifest.iter(f"{{{NAMESPACE}}}name")}
    assert kinds == {"CustomField", "CustomObject", "GlobalValueSet", "PermissionSet", "RecordType"}


@pytest.mark.sweep
def test_every_file_is_valid_against_the_metadata_wsdl(world: World, contracts: Path) -> None:
    valid(project(world), contracts)


def valid(files: dict[str, bytes], contracts: Path) -> None:
    schema = wsdl(contracts / "salesforce" / "wsdl" / "metadata.wsdl")
    for path, content in files.items():
        if path.endswith(".xml"):
            root = etree.fromstring(content)
            assert schema.validate(root), (path, schema.error_log)
            # That it refuses at all.
            root.insert(0, etree.Element(f"{{{NAMESPACE}}}zebra"))
            assert not schema.validate(root)


def test_what_stands_at_the_target_is_not_replaced_unasked(world: World) -> None:
    (world.folder / "fields.zip").write_text("mine")
    refused = world.run("provision", "export", "--format", "mdapi", "fields.zip")
    assert refused.code == 2
    assert "--force" in refused.text
    assert (world.folder / "fields.zip").read_text() == "mine"
    assert world.run("provision", "export", "--format", "mdapi", "--force", "fields.zip").code == 0


@pytest.mark.sweep
def test_a_format_of_a_crm_that_is_not_configured_is_refused(world: World) -> None:
    world.configure(systems=["salesforce"])
    refused = world.run("provision", "export", "--format", "hubspot", "fields.json")
    assert refused.code == 2
    assert "No System of kind hubspot is configured." in refused.text


def test_exporting_takes_no_right_to_change_definitions(world: World) -> None:
    world.run("provision", "export", "--format", "mdapi", "fields.zip")
    routes = world.salesforce.calls()["routes"]
    assert not [call for call in routes if "CustomField" in call or call.startswith(("PATCH", "DELETE"))]
    assert not world.org.store.find("PermissionSet", "Name", "Tandem_Sync")
