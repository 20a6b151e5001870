from typing import Any

import pytest

from tests.emulator.hubspot.judged import Judged

BASE = "/crm/v3/properties/companies"
COMPANIES = "/crm/v3/objects/companies"


def option(value: str, order: int | None = None, **more: Any) -> dict[str, Any]:
    return (
        {"label": value.title(), "value": value, "hidden": False}
        | more
        | ({} if order is None else {"displayOrder": order})
    )


def test_a_new_property_is_complete_and_usable(hubspot: Judged) -> None:
    answer = hubspot.property(
        name="abm_tier",
        label="ABM tier",
        type="enumeration",
        fieldType="select",
        options=[option("gold", 0), option("silver", 1)],
    )
    assert answer.status_code == 201
    body = answer.json()
    assert [one["value"] for one in body["options"]] == ["gold", "silver"]
    assert body["modificationMetadata"] == {
        "archivable": True,
        "readOnlyDefinition": False,
        "readOnlyOptions": False,
        "readOnlyValue": False,
    }
    assert (body["hasUniqueValue"], body["calculated"], body["externalOptions"]) == (False, False, False)
    assert hubspot("GET", f"{BASE}/abm_tier").json() == body
    assert hubspot.values("companies", hubspot.company(abm_tier="gold"), "abm_tier") == {"abm_tier": "gold"}


@pytest.mark.parametrize(
    "spec",
    [
        {"name": "Upper"},
        {"name": "x", "type": "text"},
        {"name": "x", "type": "number", "fieldType": "text"},
        {"name": "x", "groupName": "nowhere"},
        {"name": "x", "label": ""},
        {
            "name": "x",
            "type": "enumeration",
            "fieldType": "select",
            "options": [option("a", 0), option("a", 1)],
        },
        {"name": "x", "type": "enumeration", "fieldType": "select", "options": [{"label": "a"}]},
    ],
)
def test_a_wrong_definition_is_refused(hubspot: Judged, spec: dict[str, Any]) -> None:
    answer = hubspot.property(**spec)
    assert answer.status_code == 400
    assert answer.json()["category"] == "VALIDATION_ERROR"


def test_a_boolean_has_exactly_true_and_false(hubspot: Judged) -> None:
    wrong = hubspot.property(
        name="flag", type="bool", fieldType="booleancheckbox", options=[option("yes", 0)]
    )
    assert wrong.status_code == 400
    assert wrong.json()["subCategory"] == "PropertyValidationError.INVALID_BOOLEAN_OPTION"
    right = [option("true", 0), option("false", 1)]
    assert (
        hubspot.property(name="flag", type="bool", fieldType="booleancheckbox", options=right).status_code
        == 201
    )


def test_a_name_that_exists_is_a_conflict(hubspot: Judged) -> None:
    hubspot.property(name="abm_score", type="number", fieldType="number")
    answer = hubspot.property(name="abm_score")
    assert answer.status_code == 409
    body = answer.json()
    assert body["category"] == "OBJECT_ALREADY_EXISTS"
    assert body["subCategory"] == "Properties.PROPERTY_WITH_NAME_EXISTS"
    assert body["message"] == "A property named 'abm_score' already exists."
    assert body["context"] == {"name": ["abm_score"]}


def test_a_patch_replaces_the_whole_option_list_or_none_of_it(hubspot: Judged) -> None:
    hubspot.property(
        name="stage", type="enumeration", fieldType="select", options=[option("a", 0), option("b", 1)]
    )
    assert len(hubspot("PATCH", f"{BASE}/stage", {"label": "New"}).json()["options"]) == 2
    patched = hubspot("PATCH", f"{BASE}/stage", {"options": [option("c", 0)]}).json()
    assert (patched["label"], [one["value"] for one in patched["options"]]) == ("New", ["c"])
    assert hubspot("POST", COMPANIES, {"properties": {"name": "x", "stage": "a"}}).status_code == 400


def test_an_option_without_an_order_goes_last(hubspot: Judged) -> None:
    made = hubspot.property(
        name="stage",
        type="enumeration",
        fieldType="select",
        options=[option("a"), option("b", 1), option("c", 2)],
    ).json()
    assert [(one["value"], one["displayOrder"]) for one in made["options"]] == [("b", 1), ("c", 2), ("a", 3)]


def test_uniqueness_is_fixed_at_birth_and_rare(hubspot: Judged) -> None:
    hubspot.property(name="key_0", hasUniqueValue=True)
    answer = hubspot("PATCH", f"{BASE}/key_0", {"label": "Key"} | {"hasUniqueValue": False})
    assert answer.status_code == 200
    assert answer.json()["hasUniqueValue"] is True
    for number in range(1, 10):
        assert hubspot.property(name=f"key_{number}", hasUniqueValue=True).status_code == 201
    assert hubspot.property(name="key_10", hasUniqueValue=True).status_code == 400


def test_an_archived_name_comes_back_with_its_values_and_the_new_definition(hubspot: Judged) -> None:
    hubspot.property(name="note")
    company = hubspot.company(note="old")
    assert hubspot("DELETE", f"{BASE}/note").status_code == 204
    assert hubspot("DELETE", f"{BASE}/note").status_code == 404
    assert hubspot("GET", f"{BASE}/note").status_code == 404
    archived = hubspot("GET", f"{BASE}/note?archived=true").json()
    assert (archived["archived"], archived["archivedAt"]) == (True, "2026-10-05T12:00:00.250Z")
    assert [row["name"] for row in hubspot("GET", f"{BASE}?archived=true").json()["results"]] == ["note"]
    assert hubspot.values("companies", company, "note") == {}
    assert hubspot("PATCH", f"{COMPANIES}/{company}", {"properties": {"note": "x"}}).status_code == 400
    restored = hubspot.property(name="note", fieldType="textarea")
    assert (restored.status_code, restored.json()["fieldType"]) == (201, "textarea")
    found = hubspot("GET", f"{COMPANIES}/{company}?propertiesWithHistory=note").json()
    assert found["propertiesWithHistory"]["note"][0]["value"] == "old"


def test_a_property_in_use_cannot_be_deleted(hubspot: Judged) -> None:
    hubspot.property(name="note")
    hubspot("POST", "/__emulator__/uses", {"property": "note", "by": "Workflow 12"})
    answer = hubspot("DELETE", f"{BASE}/note")
    assert answer.status_code == 400
    assert answer.json()["subCategory"] == "PropertyValidationError.CANNOT_DELETE_PROPERTY_IN_USE"
    assert "Workflow 12" in answer.json()["message"]
    hubspot("POST", "/__emulator__/uses", {"property": "note"})
    assert hubspot("DELETE", f"{BASE}/note").status_code == 204


def test_hubspots_own_properties_are_fixed_but_some_options_are_not(hubspot: Judged) -> None:
    assert hubspot("DELETE", f"{BASE}/name").status_code == 400
    assert hubspot("PATCH", f"{BASE}/name", {"label": "Firm"}).status_code == 400
    tiers = [option(f"tier_{number}", number) for number in range(4)]
    assert hubspot("PATCH", f"{BASE}/hs_ideal_customer_profile", {"options": tiers}).status_code == 200
    assert hubspot("PATCH", f"{BASE}/hs_is_target_account", {"options": tiers}).status_code == 400


def test_read_only_and_outside_options_are_marked(hubspot: Judged) -> None:
    assert (
        hubspot("GET", f"{BASE}/hs_lastmodifieddate").json()["modificationMetadata"]["readOnlyValue"] is True
    )
    owner = hubspot("GET", f"{BASE}/hubspot_owner_id").json()
    assert (owner["externalOptions"], owner["options"]) == (True, [])
    deal = hubspot("GET", "/crm/v3/properties/deals/hs_is_closed_won").json()
    assert (deal["calculated"], deal["type"]) == (True, "bool")


def test_groups_hold_properties(hubspot: Judged) -> None:
    assert hubspot.property(name="note").status_code == 201
    assert hubspot("POST", f"{BASE}/groups", {"name": "abm", "label": "Again"}).status_code == 409
    assert hubspot("PATCH", f"{BASE}/groups/abm", {"label": "Accounts"}).json()["label"] == "Accounts"
    full = hubspot("DELETE", f"{BASE}/groups/abm")
    assert full.status_code == 400
    assert full.json()["subCategory"] == "PropertyGroupError.GROUP_WITH_ACTIVE_PROPERTIES"
    assert full.json()["message"].startswith('{"status":"error"')
    hubspot("DELETE", f"{BASE}/note")
    assert hubspot("DELETE", f"{BASE}/groups/abm").status_code == 204
    assert hubspot("GET", f"{BASE}/groups/abm").status_code == 404


def test_batches_of_definitions(hubspot: Judged) -> None:
    hubspot.property(name="one")
    row = {"groupName": "abm", "label": "x", "type": "string", "fieldType": "text"}
    made = hubspot("POST", f"{BASE}/batch/create", {"inputs": [row | {"name": "one"}, row | {"name": "two"}]})
    assert made.status_code == hubspot.partial(201)
    assert [one["name"] for one in made.json()["results"]] == ["two"]
    assert made.json()["errors"][0]["subCategory"] == "Properties.PROPERTY_WITH_NAME_EXISTS"
    read = hubspot(
        "POST", f"{BASE}/batch/read", {"archived": False, "inputs": [{"name": "two"}, {"name": "no"}]}
    )
    assert read.status_code == hubspot.partial()
    assert read.json()["errors"][0]["context"] == {"name": ["no"]}
    archived = hubspot("POST", f"{BASE}/batch/archive", {"inputs": [{"name": "two"}, {"name": "no"}]})
    assert archived.status_code == 204
    assert hubspot("GET", f"{BASE}/two").status_code == 404


def test_the_dated_path_is_the_same_family(hubspot: Judged) -> None:
    assert hubspot("GET", "/crm/properties/2026-03/companies/domain").json()["name"] == "domain"
    assert hubspot("GET", "/crm/properties/2026-09/0-2/groups").status_code == 200


def test_limits_and_schemas_count_what_is_there(hubspot: Judged) -> None:
    hubspot.property(name="one")
    limits = hubspot("GET", "/crm/v3/limits/custom-properties").json()
    assert (limits["overallUsage"], limits["byObjectType"][0]["usage"]) == (1, 1)
    schema = hubspot("GET", "/crm-object-schemas/v3/schemas/companies").json()
    assert "one" in [one["name"] for one in schema["properties"]]
    assert schema["primaryDisplayProperty"] == "name"
