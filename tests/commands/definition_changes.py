"""What people and packages do to the definitions in both CRMs: each is a step that a test takes before it looks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from emulator.salesforce import definitions
from emulator.salesforce.data import record_types
from emulator.salesforce.data.store import Row
from emulator.salesforce.schema.fields import of_type
from emulator.salesforce.schema.model import Field, PicklistValue
from tests.world import World

ACCOUNT = "Account"
TIER, STAGE, SCORE, ID, FLAG = (
    "ABM_Tier__c",
    "MQA_Stage__c",
    "Engagement_Score__c",
    "Tandem_Id__c",
    "Target_Account__c",
)
H_STAGE, H_SCORE, H_ID = "tandem_mqa_stage", "tandem_engagement_score", "tandem_id"
H_TIER = "hs_ideal_customer_profile"
SETTLED = 600


def field(name: str, **changes: Any) -> Callable[[World], None]:
    """A Salesforce field with something changed by hand."""

    def make(world: World) -> None:
        held = world.org.sobject(ACCOUNT).fields[name]
        world.org.schema.put_field(ACCOUNT, replace(held, **changes))
        world.org.touch_definitions()

    return make


def values(
    name: str, change: Callable[[list[PicklistValue]], list[PicklistValue]]
) -> Callable[[World], None]:
    """The values of a Salesforce picklist, changed by hand."""

    def make(world: World) -> None:
        held = world.org.sobject(ACCOUNT).fields[name]
        field(name, values=tuple(change(list(held.values))))(world)

    return make


def prop(name: str, **changes: Any) -> Callable[[World], None]:
    """A HubSpot property with something changed by hand, long ago."""

    def make(world: World) -> None:
        found = world.portal.shelf("companies").definitions.properties[name]
        found.doc = {**found.doc, **changes}

    return make


def options(
    name: str, change: Callable[[list[dict[str, Any]]], list[dict[str, Any]]]
) -> Callable[[World], None]:
    """The options of a HubSpot property, changed by hand."""

    def make(world: World) -> None:
        held = [
            dict(option)
            for option in world.portal.shelf("companies").definitions.properties[name].doc["options"]
        ]
        changed = [{**option, "displayOrder": place} for place, option in enumerate(change(held))]
        prop(name, options=changed)(world)

    return make


def dropped(name: str) -> Callable[[World], None]:
    return lambda world: definitions.delete_field(world.org, ACCOUNT, name)


def archived(name: str) -> Callable[[World], None]:
    def make(world: World) -> None:
        world.portal.shelf("companies").definitions.archive(name, now=world.clock.now())

    return make


def permissions(change: Callable[[World, Row], None], *names: str) -> Callable[[World], None]:
    """Rows of the permission set's field permissions, changed or removed."""

    def make(world: World) -> None:
        for name in names:
            for row in list(world.org.store.find("FieldPermissions", "Field", f"{ACCOUNT}.{name}")):
                change(world, row)
        world.org.touch_definitions()

    return make


def remove_permission(world: World, row: Row) -> None:
    world.org.store.remove("FieldPermissions", row["Id"])


def read_only(world: World, row: Row) -> None:
    world.org.store.put("FieldPermissions", {**row, "PermissionsEdit": False})


def shown_by_profile(name: str) -> Callable[[World], None]:
    """The connected user sees the field anyway; those who were given the permission set by hand do not."""

    def make(world: World) -> None:
        for row in list(world.org.store.find("PermissionSet", "Label", "00eSystem Administrator")):
            definitions.grant(world.org, str(row["Id"]), ACCOUNT, name)
        (made,) = world.org.store.find("PermissionSet", "Name", BUNDLE)
        for row in list(world.org.store.find("FieldPermissions", "ParentId", made["Id"])):
            if row["Field"] == f"{ACCOUNT}.{name}":
                world.org.store.remove("FieldPermissions", row["Id"])
        world.org.touch_definitions()

    return make


def required(world: World) -> None:
    """A field that everybody sees, so that no permission set can give it."""
    field(TIER, nillable=False, permissionable=False)(world)
    permissions(remove_permission, TIER)(world)


def unassigned(world: World) -> None:
    for row in list(world.org.store.rows("PermissionSetAssignment")):
        world.org.store.remove("PermissionSetAssignment", row["Id"])
    world.org.touch_definitions()


def no_permission_set(world: World) -> None:
    (row,) = world.org.store.find("PermissionSet", "Name", "Tandem_Sync")
    for kind in ("FieldPermissions", "PermissionSetAssignment"):
        column = "ParentId" if kind == "FieldPermissions" else "PermissionSetId"
        for item in list(world.org.store.find(kind, column, row["Id"])):
            world.org.store.remove(kind, item["Id"])
    world.org.store.remove("PermissionSet", row["Id"])
    world.org.touch_definitions()


def untracked(*names: str) -> Callable[[World], None]:
    def make(world: World) -> None:
        left = [name for name in world.org.settings.tracked if name.partition(".")[2] not in names]
        world.org.configure(tracked=tuple(left))

    return make


def nothing_tracked(world: World) -> None:
    world.org.configure(tracked=(), histories=())


def all_tracked(world: World) -> None:
    """Others have taken all the room there is."""
    names = [
        name for name in world.org.sobject(ACCOUNT).fields if not name.endswith("__c") and name != "OwnerId"
    ]
    world.org.configure(tracked=tuple(f"{ACCOUNT}.{name}" for name in names[:20]))


def record_type(**offers: tuple[str, ...]) -> Callable[[World], None]:
    def make(world: World) -> None:
        record_types.add(world.org, ACCOUNT, "Partner", offers)

    return make


def translated(world: World) -> None:
    """The connected user speaks German, and somebody has translated the field and its values; sales added one."""
    held = world.org.sobject(ACCOUNT).fields[TIER]
    words = [replace(value, translation=f"Stufe {place}") for place, value in enumerate(held.values)]
    more = PicklistValue(value="tier_4", label="Tier 4", translation="Stufe 4")
    field(TIER, translation="ABM-Stufe", values=(*words, more))(world)


def translated_and_short(world: World) -> None:
    """The same, and a value of ours is missing besides."""
    translated(world)
    held = world.org.sobject(ACCOUNT).fields[TIER]
    field(TIER, values=held.values[1:])(world)


def with_people(world: World) -> None:
    """The org has person accounts, whose record types offer none of our values, and a package with a record type."""
    world.org.schema.put_field(ACCOUNT, of_type("boolean", "IsPersonAccount", "Is Person Account"))
    world.org.schema.put_field("RecordType", of_type("boolean", "IsPersonType", "Is Person Type"))
    record_types.add(world.org, ACCOUNT, "PersonAccount", {TIER: (), STAGE: ()}, IsPersonType=True)
    record_types.add(world.org, ACCOUNT, "Clinic", {TIER: ("tier_1",)}, NamespacePrefix="health")


def record_type_before(name: str) -> Callable[[World], None]:
    """A record type stands, and the field has yet to be made."""

    def make(world: World) -> None:
        record_type()(world)
        dropped(name)(world)

    return make


def shared_set(*names: str) -> Callable[[World], None]:
    """The tier takes its values from a global value set."""

    def make(world: World) -> None:
        made = tuple(PicklistValue(value=name, label=name.replace("_", " ").capitalize()) for name in names)
        world.org.schema.put_value_set("Tiers", made)
        field(TIER, value_set="Tiers", values=made)(world)

    return make


def holding(name: str, *held: object) -> Callable[[World], None]:
    """Accounts that hold these values."""
    return lambda world: (
        world.org.load(ACCOUNT, [{"Name": f"Holder {at}", name: value} for at, value in enumerate(held)]),
        None,
    )[1]


def both(*steps: Callable[[World], None]) -> Callable[[World], None]:
    def make(world: World) -> None:
        for step in steps:
            step(world)

    return make


def packaged(*values: str, **changes: Any) -> Callable[[World], None]:
    """The tier is a picklist of an installed package, with these values."""

    def make(world: World) -> None:
        made = tuple(PicklistValue(value=value, label=value.upper()) for value in values)
        id = "00N5e00000P0001AAA"
        world.org.schema.put_field(
            ACCOUNT, Field(name=PACKAGED, label="Grade", type="picklist", values=made, id=id, **changes)
        )
        for row in list(world.org.store.find("PermissionSet", "Name", BUNDLE)):
            definitions.grant(world.org, str(row["Id"]), ACCOUNT, PACKAGED)
        world.org.touch_definitions()
        mapped("salesforce", f"fields: {{tier: {{name: {PACKAGED}, create: false}}}}")(world)

    return make


def mapped(system: str, text: str) -> Callable[[World], None]:
    """The System's part of the mapping says this."""

    def make(world: World) -> None:
        folder = world.folder / "mappings"
        folder.mkdir()
        (folder / "canonical.yaml").write_text("fields: {}\n", encoding="utf-8")
        (folder / f"{system}.yaml").write_text(f"{text}\n", encoding="utf-8")
        world.configure("mapping: mappings/")

    return make


def purged(name: str) -> Callable[[World], None]:
    """Archived so long ago that HubSpot has forgotten it."""
    return lambda world: (world.portal.shelf("companies").definitions.properties.pop(name), None)[1]


def computed(world: World) -> None:
    """The portal computes the score itself."""
    prop(H_SCORE, calculated=True)(world)


def powerless(*rights: str) -> Callable[[World], None]:
    """Nobody has these rights."""

    def make(world: World) -> None:
        for kind in ("PermissionSet", "Profile"):
            for row in list(world.org.store.rows(kind)):
                lacking = {f"Permissions{name}": False for name in rights}
                world.org.store.put(kind, {**row, **lacking})

    return make


def group_relabelled(world: World) -> None:
    world.portal.shelf("companies").definitions.groups["tandem"]["label"] = "Somebody's"


def app(world: World) -> None:
    """Another user is to have the rights too."""
    world.configure("provision: {assign_to: {users: [ben.ortiz@example.com]}}")


PACKAGED = "grader__Grade__c"
FOUR = PicklistValue(value="tier_4", label="Tier 4")
BUNDLE = "Tandem_Sync"
