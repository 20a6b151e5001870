"""What stands in both CRMs after provisioning, and the lines of a plan."""

from typing import Any

from connector.hubspot.api.paths import DEFAULT_VERSION
from tests.hubspot_versions import dated
from tests.world import World

SALESFORCE_FIELDS = {
    "Tandem_Id__c",
    "Target_Account__c",
    "ABM_Tier__c",
    "Engagement_Score__c",
    "MQA_Stage__c",
}
HUBSPOT_FIELDS = {"tandem_id", "tandem_engagement_score", "tandem_mqa_stage"}
CUSTOM_FIELD = r".*/tooling/sobjects/CustomField"
PROPERTIES = dated("/crm/v3/properties/companies", DEFAULT_VERSION)


def lines(world: World, *arguments: str) -> list[dict[str, Any]]:
    """What is not in order."""
    found = world.run("provision", "plan", "--json", *arguments).json["lines"]
    return [line for line in found if line["action"] != "keep"]


def visible(world: World) -> dict[str, set[str]]:
    connectors = world.connect()
    objects = {"salesforce": "Account", "hubspot": "companies"}
    try:
        return {name: set(connector.schema(objects[name]).fields) for name, connector in connectors.items()}
    finally:
        for connector in connectors.values():
            connector.close()


def visible_in_portal(world: World) -> set[str]:
    return {found.name for found in world.portal.shelf("companies").definitions.listed()}


# -- rights, proof and what must be named ----------------------------------------------------------------------


def holders(world: World) -> set[str]:
    """Usernames of all who have the permission set."""
    store = world.org.store
    users = {row["Id"]: row["Username"] for row in store.rows("User")}
    (made,) = store.find("PermissionSet", "Name", "Tandem_Sync")
    return {
        users[row["AssigneeId"]]
        for row in store.find("PermissionSetAssignment", "PermissionSetId", made["Id"])
    }
