"""Making fields and letting the connected user see them, in steps that may be repeated."""

import json
from pathlib import Path
from typing import Any

import pytest
import requests
from requests import PreparedRequest

from connector.base import FieldDefinition, FieldKind, OptionDefinition
from connector.errors import AuthFailed, Rejected, Unavailable, Unsupported
from tests.connector.salesforce.org import USER_ID, Org, Reply, fixture, page, sent

TIER = FieldDefinition(
    name="ABM_Tier__c",
    label="ABM Tier",
    kind=FieldKind.ENUM,
    options=tuple(OptionDefinition(value=f"tier_{n}", label=f"Tier {n}", order=n) for n in (1, 2, 3)),
)
MADE: Reply = (201, {"id": "00N000000000009AAA", "success": True, "errors": []})
TAKEN: Reply = (
    400,
    [{"message": "There is already a field named ABM_Tier", "errorCode": "DUPLICATE_DEVELOPER_NAME"}],
)


def custom(name: str, prefix: str | None = None, state: str = "unmanaged") -> dict[str, Any]:
    return {
        "Id": f"00N{''.join(filter(str.isalnum, name)):0>12}AAA",
        "DeveloperName": name,
        "NamespacePrefix": prefix,
        "ManageableState": state,
    }


def test_a_schema_tells_what_is_there_what_is_hidden_and_what_is_managed(org: Org) -> None:
    rows = [custom("ABM_Tier"), custom("MQA_Stage"), custom("Grade", "vendor", "installed")]
    tracked = [{"QualifiedApiName": "ABM_Tier__c", "IsFieldHistoryTracked": True}]
    org.on("GET", "/tooling/query", (200, page(rows)), (200, page(tracked)))
    connector = org.connect()
    schema = connector.schema("Account")
    assert [name for name, field in schema.fields.items() if field.tracked] == ["ABM_Tier__c"]
    assert {field.tracked for field in schema.fields.values()} == {True, False}
    assert schema.label == "Account"
    assert schema.fields["ABM_Tier__c"].kind is FieldKind.ENUM
    assert schema.invisible == frozenset({"MQA_Stage__c"})
    assert [name for name, field in schema.fields.items() if field.managed] == ["vendor__Grade__c"]
    assert connector.calls == 3


@pytest.mark.parametrize(
    ("recording", "theirs", "kinds"),
    [
        ("describe_Account", [], ["Household"]),
        (
            "describe_Account_PersonAccount",
            ["0125j000000bo4yAAA", "0125j000000bo53AAA"],
            ["HH_Account", "Organization"],
        ),
    ],
)
def test_the_record_types_of_a_real_org_are_those_of_companies(
    org: Org, contracts: Path, recording: str, theirs: list[str], kinds: list[str]
) -> None:
    described = json.loads((contracts / "salesforce" / "recordings" / f"{recording}.json").read_text())
    person = {"Name": "Person", "NamespacePrefix": None, "Description": None, "IsPersonType": True}
    people = [{**person, "Id": id} for id in theirs]
    org.on("GET", "/sobjects/Account/describe", (200, described))
    org.on("GET", "/tooling/query", (200, page([])))
    for kind in described["recordTypeInfos"]:
        path = f"/ui-api/object-info/Account/picklist-values/{kind['recordTypeId']}"
        org.on("GET", path, (200, {"picklistFieldValues": {}}))
    org.on("GET", "/query", (200, page(people)))
    schema = org.connect().schema("Account")
    assert list(schema.record_types) == kinds
    (asked,) = [request for request in org.requests if "FROM+RecordType" in str(request.url)]
    # Where there are no person accounts, there is no such column.
    assert ("IsPersonType" in str(asked.url)) is bool(theirs)


def test_an_org_without_field_history_tells_nothing_of_it(org: Org) -> None:
    no_column = [{"message": "No such column 'IsFieldHistoryTracked'", "errorCode": "INVALID_FIELD"}]
    org.on("GET", "/tooling/query", (200, page([])), (400, no_column))
    assert {field.tracked for field in org.connect().schema("Account").fields.values()} == {None}


def test_a_schema_is_never_an_old_one(org: Org) -> None:
    org.on("GET", "/tooling/query", (200, page([])))
    connector = org.connect()
    connector.schema("Account")
    connector.schema("Account")
    assert org.paths().count("/sobjects/Account/describe") == 2


def test_a_user_who_may_not_look_into_setup_still_gets_a_schema(org: Org) -> None:
    refused = [{"message": "sObject type 'CustomField' is not supported.", "errorCode": "INVALID_TYPE"}]
    org.on("GET", "/tooling/query", (400, refused))
    schema = org.connect().schema("Account")
    assert schema.invisible == frozenset()
    assert "ABM_Tier__c" in schema.fields


def test_an_object_that_is_not_there_is_named(org: Org) -> None:
    org.on("GET", "/sobjects/Acount/describe", (404, [{"errorCode": "NOT_FOUND", "message": "not there"}]))
    with pytest.raises(Unsupported, match="Acount"):
        org.connect().schema("Acount")


# -- fields --------------------------------------------------------------------------------------------------


def test_a_field_is_made_under_its_full_name(org: Org) -> None:
    org.on("POST", "/tooling/sobjects/CustomField", MADE)
    org.connect().create_field("Account", TIER)
    (body,) = org.bodies()
    assert body["FullName"] == "Account.ABM_Tier__c"
    assert body["Metadata"]["type"] == "Picklist"


def test_a_field_that_is_there_in_the_same_form_is_a_success(org: Org) -> None:
    org.on("POST", "/tooling/sobjects/CustomField", TAKEN)
    org.on("GET", "/tooling/query", (200, page([{"Id": "00N000000000001AAA"}])))
    org.on("GET", "/tooling/sobjects/CustomField/00N000000000001AAA", (200, fixture("custom_field_tier")))
    org.connect().create_field("Account", TIER)
    assert len(org.requests) == 3


def test_a_field_that_is_there_in_another_form_is_refused_and_says_how_it_differs(org: Org) -> None:
    org.on("POST", "/tooling/sobjects/CustomField", TAKEN)
    org.on("GET", "/tooling/query", (200, page([{"Id": "00N000000000001AAA"}])))
    there = {"Id": "x", "FullName": "Account.ABM_Tier__c", "Metadata": {"type": "Text", "length": 80}}
    org.on("GET", "/tooling/sobjects/CustomField/00N000000000001AAA", (200, there))
    with pytest.raises(Rejected, match="it is a Text, not a Picklist") as refused:
        org.connect().create_field("Account", TIER)
    assert refused.value.fields == ("ABM_Tier__c",)


def test_a_creation_whose_answer_was_lost_is_looked_for_and_never_sent_again(org: Org) -> None:
    def lose(_: PreparedRequest) -> Reply:
        raise requests.exceptions.ReadTimeout

    org.on("POST", "/tooling/sobjects/CustomField", lose)
    org.on("GET", "/tooling/query", (200, page([{"Id": "00N000000000001AAA"}])))
    org.on("GET", "/tooling/sobjects/CustomField/00N000000000001AAA", (200, fixture("custom_field_tier")))
    org.connect().create_field("Account", TIER)
    assert [request.method for request in org.requests] == ["POST", "GET", "GET"]

    org.on("GET", "/tooling/query", (200, page([])))
    with pytest.raises(Unavailable):
        org.connect().create_field("Account", TIER)
    assert [request.method for request in org.requests].count("POST") == 2


def test_a_standard_field_is_neither_made_nor_changed(org: Org) -> None:
    owner = FieldDefinition(name="OwnerId", label="Owner", kind=FieldKind.USER)
    connector = org.connect()
    with pytest.raises(Rejected, match="standard field"):
        connector.create_field("Account", owner)
    with pytest.raises(Rejected, match="no custom field"):
        connector.update_field("Account", owner)
    assert connector.calls == 0


def test_a_picklist_is_read_merged_and_written_whole(org: Org) -> None:
    org.on("GET", "/tooling/query", (200, page([{"Id": "00N000000000001AAA"}])))
    org.on("GET", "/tooling/sobjects/CustomField/00N000000000001AAA", (200, fixture("custom_field_tier")))
    org.on("PATCH", "/tooling/sobjects/CustomField/00N000000000001AAA", (204, None))
    org.connect().update_field("Account", TIER)
    body = sent(org.requests[-1])
    names = [value["valueName"] for value in body["Metadata"]["valueSet"]["valueSetDefinition"]["value"]]
    assert names == ["tier_1", "tier_2", "tier_3", "strategic"]
    assert body["FullName"] == "Account.ABM_Tier__c"


def test_a_definition_that_stands_already_is_not_written(org: Org) -> None:
    there = fixture("custom_field_tier")
    org.on("GET", "/tooling/query", (200, page([{"Id": "00N000000000001AAA"}])))
    org.on("GET", "/tooling/sobjects/CustomField/00N000000000001AAA", (200, there))
    same = FieldDefinition(
        name="ABM_Tier__c",
        label="Tier",
        kind=FieldKind.ENUM,
        options=(OptionDefinition(value="strategic", label="Strategic", order=0),),
        default="tier_1",
    )
    org.connect().update_field("Account", same)
    assert [request.method for request in org.requests] == ["GET", "GET"]


# -- rights --------------------------------------------------------------------------------------------------


class Rights:
    """The rows of an org's permission sets, behind the calls that read and make them."""

    def __init__(self, org: Org) -> None:
        self.sets: list[dict[str, Any]] = []
        self.fields: list[dict[str, Any]] = []
        self.assigned: list[dict[str, Any]] = []
        self.break_at: str | None = None
        org.on("POST", "/composite", self._look)
        org.on("POST", "/sobjects/PermissionSet", self._make)
        org.on("POST", "/composite/sobjects", self._permit)
        org.on("PATCH", "/composite/sobjects", self._permit)
        org.on("POST", "/sobjects/PermissionSetAssignment", self._assign)

    def _look(self, _: PreparedRequest) -> Reply:
        answers = [page(self.sets), page(self.fields), page(self.assigned)]
        return 200, {"compositeResponse": [{"httpStatusCode": 200, "body": body} for body in answers]}

    def _make(self, _: PreparedRequest) -> Reply:
        self.sets.append({"Id": "0PS000000000001AAA"})
        return 201, {"id": "0PS000000000001AAA", "success": True, "errors": []}

    def _permit(self, request: PreparedRequest) -> Reply:
        if self.break_at == "fields":
            return 503, "<html>down</html>"
        for record in sent(request)["records"]:
            if "id" in record:
                next(row for row in self.fields if row["Id"] == record["id"]).update(record)
            else:
                self.fields.append({"Id": f"01k{len(self.fields):012d}AAA", **record})
        return 200, [{"id": row["Id"], "success": True, "errors": []} for row in self.fields]

    def _assign(self, request: PreparedRequest) -> Reply:
        assert sent(request) == {"AssigneeId": USER_ID, "PermissionSetId": "0PS000000000001AAA"}
        if self.assigned:
            message = "Duplicate PermissionSetAssignment. Assignee: 005; Permission Set: 0PS"
            return 400, [{"message": message, "errorCode": "DUPLICATE_VALUE"}]
        self.assigned.append({"Id": "0Pa000000000001AAA", "AssigneeId": USER_ID})
        return 201, {"id": "0Pa000000000001AAA", "success": True, "errors": []}

    def granted(self) -> dict[str, bool]:
        return {row["Field"]: row["PermissionsEdit"] for row in self.fields}


def test_a_grant_makes_the_set_the_permissions_and_the_assignment(org: Org) -> None:
    rights = Rights(org)
    connector = org.connect()
    connector.grant("Account", ["ABM_Tier__c", "MQA_Stage__c"])
    assert rights.granted() == {"Account.ABM_Tier__c": True, "Account.MQA_Stage__c": True}
    assert len(rights.assigned) == 1
    assert connector.calls == 5
    assert sent(org.requests[2])["Name"] == "Tandem_Sync"


def test_a_grant_that_stands_costs_one_look_and_changes_nothing(org: Org) -> None:
    rights = Rights(org)
    connector = org.connect()
    connector.grant("Account", ["ABM_Tier__c"])
    before = rights.granted()
    org.requests.clear()
    connector.grant("Account", ["ABM_Tier__c"])
    assert org.paths() == ["/sobjects/Account/describe", "/composite"]
    assert rights.granted() == before


def test_a_user_who_cannot_have_the_rights_is_named_and_keeps_them_from_nobody_else(org: Org) -> None:
    Rights(org)
    connector = org.connect()
    connector.grant("Account", ["ABM_Tier__c"])
    licence = {
        "statusCode": "FIELD_INTEGRITY_EXCEPTION",
        "message": "The user license doesn't allow it",
        "fields": [],
    }
    asked: list[list[str]] = []

    def assign(request: PreparedRequest) -> Reply:
        asked.append([record["AssigneeId"] for record in sent(request)["records"]])
        bad = {"success": False, "errors": [licence]}
        made = (f"0Pa{number:012d}AAA" for number in range(len(asked[-1]) - 1))
        return 200, [bad, *({"id": id, "success": True, "errors": []} for id in made)]

    org.on("POST", "/composite/sobjects", assign)
    people = [f"005{n:012d}AAA" for n in range(100, 320)]
    with pytest.raises(Rejected, match="user 005000000000100AAA: The user license"):
        connector.grant("Account", ["ABM_Tier__c"], people)
    assert [len(part) for part in asked] == [200, 20]


def test_a_grant_that_broke_off_is_finished_by_the_next(org: Org) -> None:
    rights = Rights(org)
    rights.break_at = "fields"
    connector = org.connect()
    with pytest.raises(Unavailable):
        connector.grant("Account", ["ABM_Tier__c"])
    assert rights.sets
    assert not rights.assigned
    rights.break_at = None
    connector.grant("Account", ["ABM_Tier__c"])
    assert rights.granted() == {"Account.ABM_Tier__c": True}
    assert len(rights.sets) == 1
    assert len(rights.assigned) == 1


def test_an_assignment_that_somebody_else_just_made_is_a_success(org: Org) -> None:
    rights = Rights(org)
    org.on(
        "POST", "/composite", (200, {"compositeResponse": [{"httpStatusCode": 200, "body": page([])}] * 3})
    )
    rights.assigned.append({"Id": "0Pa000000000001AAA"})
    org.connect().grant("Account", ["ABM_Tier__c"])
    assert len(rights.assigned) == 1


def test_a_right_to_read_becomes_one_to_write(org: Org) -> None:
    rights = Rights(org)
    rights.sets.append({"Id": "0PS000000000001AAA"})
    rights.fields.append(
        {
            "Id": "01k000000000000AAA",
            "Field": "Account.ABM_Tier__c",
            "PermissionsRead": True,
            "PermissionsEdit": False,
        }
    )
    org.connect().grant("Account", ["ABM_Tier__c"])
    assert rights.granted() == {"Account.ABM_Tier__c": True}


def test_fields_that_everybody_sees_are_not_granted_and_formulas_only_to_read(org: Org) -> None:
    rights = Rights(org)
    org.connect().grant("Account", ["OwnerId", "Name", "Score_Band__c"])
    assert rights.granted() == {"Account.Score_Band__c": False}


def test_a_grant_that_meets_a_lock_is_tried_again(org: Org) -> None:
    rights = Rights(org)
    error = {"statusCode": "UNABLE_TO_LOCK_ROW", "message": "unable to obtain exclusive access", "fields": []}
    org.on("POST", "/composite/sobjects", (200, [{"success": False, "errors": [error]}]), rights._permit)
    org.connect().grant("Account", ["ABM_Tier__c"])
    assert rights.granted() == {"Account.ABM_Tier__c": True}


def test_a_refused_grant_says_which_right_we_lack(org: Org) -> None:
    Rights(org)
    error = {
        "statusCode": "INSUFFICIENT_ACCESS_OR_READONLY",
        "message": "insufficient access rights",
        "fields": [],
    }
    org.on("POST", "/composite/sobjects", (200, [{"success": False, "errors": [error]}]))
    with pytest.raises(AuthFailed) as refused:
        org.connect().grant("Account", ["ABM_Tier__c"])
    assert "Permission Sets" in str(refused.value.remedy)
