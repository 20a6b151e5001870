"""What people write wrongly, and what orgs hold that cannot be mended: all of it at once, before the first write."""

import pytest

from emulator.salesforce.schema.model import Field
from tests.world import World

CANONICAL = """\
fields:
  tier:
    options:
      - {value: tier_1, label: Tier 1}
      - {value: tier_1, label: Once more}
  mqa_stage:
    ladder:
      - {value: identified, label: Identified}
      - {value: engaged, label: Identified}
  target_account:
    label: A label that is a good deal longer than Salesforce takes
  reference: {type: text, length: 300}
  region:
    type: enum
    options:
"""
SALESFORCE = """\
fields:
  region: {name: Region-Code__c}
  reference: {name: Reference__c, unique: true}
"""
HUBSPOT = """\
fields:
  region: {name: Region}
  reference: {name: reference}
  tier: {track_history: true}
"""


def written(world: World) -> list[str]:
    """Calls that change something, but for log-ins."""
    routes = [*world.salesforce.calls()["routes"], *world.hubspot.calls()["routes"]]
    asking = ("token", "composite", "query", "search", "batch/read")
    return [
        route for route in routes if not route.startswith("GET") and not any(word in route for word in asking)
    ]


def test_a_mapping_is_judged_whole_with_file_and_line(world: World) -> None:
    folder = world.folder / "mappings"
    folder.mkdir()
    regions = "".join(f"      - {{value: r{n}, label: Region {n}}}\n" for n in range(1001))
    (folder / "canonical.yaml").write_text(CANONICAL + regions, encoding="utf-8")
    (folder / "salesforce.yaml").write_text(SALESFORCE, encoding="utf-8")
    (folder / "hubspot.yaml").write_text(HUBSPOT, encoding="utf-8")
    world.configure("mapping: mappings/")
    ran = world.run("provision", "apply", "--yes")
    assert ran.code == 2
    for told in (
        "canonical.yaml:5: the value tier_1 is listed twice",
        "canonical.yaml:9: the label 'Identified' is used twice",
        "the label 'A label that is a good deal longer than Salesforce takes' has 56 characters",
        "salesforce.yaml:2: Salesforce refuses the name 'Region-Code__c'",
        "salesforce.yaml:2: region has 1,001 values. Salesforce takes 1,000 in one field",
        "hubspot.yaml:2: HubSpot refuses the name 'Region'",
        "salesforce.yaml:3: reference holds 300 characters, and no two records the same. Salesforce takes 255",
        "hubspot.yaml:4: HubSpot keeps the history of every property",
    ):
        assert told in ran.text, told
    assert written(world) == []


def test_what_cannot_be_mended_is_told_of_both_crms_with_object_and_field(world: World) -> None:
    org = world.org
    org.schema.put_field(
        "Account",
        Field(name="ABM_Tier__c", label="Tier", type="double", precision=5, id="00N000000000001AAA"),
    )
    org.schema.put_field(
        "Account",
        Field(name="Tandem_Id__c", label="Id", type="string", length=64, id="00N000000000002AAA"),
    )
    for name in ("ABM_Tier__c", "Tandem_Id__c"):
        for row in list(org.store.find("PermissionSet", "Label", "00eSystem Administrator")):
            grant = {"ParentId": row["Id"], "SobjectType": "Account", "Field": f"Account.{name}"}
            org.load("FieldPermissions", [{**grant, "PermissionsRead": True, "PermissionsEdit": True}])
    for kind in ("PermissionSet", "Profile"):
        for row in list(org.store.rows(kind)):
            org.store.put(kind, {**row, "PermissionsCustomizeApplication": False})
    org.touch_definitions()
    held = world.portal.shelf("companies").definitions
    tier = held.properties["hs_ideal_customer_profile"]
    tier.doc = {**tier.doc, "calculated": True}
    ran = world.run("provision", "apply", "--yes")
    assert ran.code == 1
    for told in (
        "salesforce ABM_Tier__c (type: Number → enum): it is of another type",
        "salesforce Tandem_Id__c (unique and external id: no → yes): two accounts could hold the same value",
        "salesforce Customize Application: the connected user or app may not do what is planned for",
        "hubspot hs_ideal_customer_profile (rights: read only → writable)",
    ):
        assert told in ran.text, told
    assert written(world) == []


@pytest.mark.parametrize(
    ("system", "name", "told"),
    [
        ("salesforce", "IsDeleted", "read only: the System computes or locks it"),
        ("salesforce", "Name", "is used for the account's name already"),
        ("hubspot", "hs_object_id", "is of type"),
    ],
)
def test_a_field_that_cannot_be_adopted_is_refused_and_nothing_is_written(
    world: World, system: str, name: str, told: str
) -> None:
    folder = world.folder / "mappings"
    folder.mkdir()
    (folder / "canonical.yaml").write_text("fields: {}\n", encoding="utf-8")
    world.configure("mapping: mappings/")
    ran = world.run("provision", "adopt", "target_account", system, name, "--yes")
    assert ran.code == 1
    assert told in ran.text
    assert not (folder / f"{system}.yaml").exists()
    assert written(world) == []
