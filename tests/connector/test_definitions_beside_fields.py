"""What stands beside a field itself, in both CRMs: history, record types, shared values, groups, rights, and records
that would not fit."""

from collections.abc import Iterator

import pytest
import requests

from connector.base import Connector, FieldDefinition, FieldKind, OptionDefinition, Power
from connector.errors import Rejected
from emulator.hubspot.tokens import ALL_SCOPES, PRIVATE_APP, Token
from emulator.kit.server import serve
from emulator.salesforce import definitions
from emulator.salesforce.data import record_types
from emulator.salesforce.schema.fields import number, picklist, text
from emulator.salesforce.schema.model import Field, PicklistValue
from tests.world import World, open_world

ACCOUNT, COMPANIES = "Account", "companies"
TIER = picklist("Tier__c", "Tier", ("a|A", "b|B"), 255, metadata_type="Picklist", restricted=True)
NOTE = text("Note__c", "Note", 80, metadata_type="Text")
SIZE = number("double", "Size__c", "Size", 18, 2, metadata_type="Number")


@pytest.fixture(scope="module")
def begun(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[World, dict[str, Connector]]]:
    with open_world(tmp_path_factory.mktemp("beside"), serve=serve) as made:
        profile = made.org.store.find("Profile", "Name", "System Administrator")[0]["Id"]
        own = str(made.org.store.find("PermissionSet", "ProfileId", profile)[0]["Id"])
        for field in (TIER, NOTE, SIZE):
            definitions.create_field(made.org, ACCOUNT, field)
            definitions.grant(made.org, own, ACCOUNT, field.name)
        made.org.state.mark()
        made.portal.state.mark()
        connectors = made.connect()
        yield made, connectors
        for connector in connectors.values():
            connector.close()


@pytest.fixture
def world(begun: tuple[World, dict[str, Connector]]) -> World:
    """Both CRMs as they were begun."""
    world = begun[0]
    for server in (world.salesforce, world.hubspot):
        requests.post(f"{server.url}/__emulator__/reset", timeout=30).raise_for_status()
    return world


@pytest.fixture
def salesforce(world: World, begun: tuple[World, dict[str, Connector]]) -> Connector:
    assert world is begun[0]
    return begun[1]["salesforce"]


@pytest.fixture
def hubspot(world: World, begun: tuple[World, dict[str, Connector]]) -> Connector:
    assert world is begun[0]
    return begun[1]["hubspot"]


# -- history -------------------------------------------------------------------------------------------------


def test_an_objects_history_is_switched_on_with_standard_fields(world: World, salesforce: Connector) -> None:
    world.org.configure(tracked=(), histories=())
    for _ in range(2):
        salesforce.track_history(ACCOUNT, ["OwnerId"])
    assert world.org.settings.tracked == ("Account.OwnerId",)
    assert world.org.settings.histories == (ACCOUNT,)
    assert salesforce.schema(ACCOUNT).fields["OwnerId"].tracked
    assert not salesforce.schema(ACCOUNT).fields["Note__c"].tracked


def test_a_field_that_is_to_be_tracked_is_refused_where_the_object_is_not(
    world: World, salesforce: Connector
) -> None:
    world.org.configure(tracked=(), histories=())
    wanted = FieldDefinition(name="New__c", label="New", kind=FieldKind.TEXT, length=20, tracked=True)
    with pytest.raises(Rejected, match="does not have history tracking enabled"):
        salesforce.create_field(ACCOUNT, wanted)


# -- record types --------------------------------------------------------------------------------------------


def test_a_record_type_offers_more_and_loses_nothing(world: World, salesforce: Connector) -> None:
    record_types.add(world.org, ACCOUNT, "Partner", {"Tier__c": ["b"], "Rating": ["Hot"]})
    before = salesforce.schema(ACCOUNT).record_types["Partner"]
    assert (before.label, before.offers["Tier__c"]) == ("Partner", frozenset({"b"}))
    for _ in range(2):
        salesforce.offer_values(ACCOUNT, "Partner", {"Tier__c": ["a"]})
    after = salesforce.schema(ACCOUNT).record_types["Partner"].offers
    assert (after["Tier__c"], after["Rating"]) == (frozenset({"a", "b"}), frozenset({"Hot"}))


def test_a_record_type_of_companies_is_told_beside_one_of_people_that_has_its_name(
    world: World, salesforce: Connector
) -> None:
    for object_, name in ((ACCOUNT, "IsPersonAccount"), ("RecordType", "IsPersonType")):
        world.org.schema.put_field(object_, Field(name=name, label=name, type="boolean"))
    ours = {"Description": "Firms.", "defaults": {"Tier__c": "b"}}
    record_types.add(world.org, ACCOUNT, "Member", {"Tier__c": ["b"]}, **ours)
    record_types.add(world.org, ACCOUNT, "Member", {"Tier__c": ["a"]}, IsPersonType=True)
    (found,) = salesforce.schema(ACCOUNT).record_types.values()
    assert found.offers["Tier__c"] == frozenset({"b"})
    assert (found.description, found.defaults) == ("Firms.", {"Tier__c": "b"})


def test_a_record_type_that_is_not_there_is_told(salesforce: Connector) -> None:
    with pytest.raises(Rejected, match=r"the record type Account\.Gone cannot be read"):
        salesforce.offer_values(ACCOUNT, "Gone", {"Tier__c": ["a"]})


# -- values, hidden fields -----------------------------------------------------------------------------------


def test_a_picklist_tells_the_set_that_it_shares_its_values_in(world: World, salesforce: Connector) -> None:
    assert salesforce.value_sets(ACCOUNT, ["Tier__c", "Rating"]) == {}
    values = (PicklistValue(value="a", label="A"), PicklistValue(value="z", label="Z", active=False))
    definitions.put_value_set(world.org, "Tiers", values)
    held = world.org.sobject(ACCOUNT).fields["Tier__c"]
    world.org.schema.put_field(ACCOUNT, held.from_doc({**held.to_doc(), "value_set": "Tiers"}))
    (found,) = salesforce.value_sets(ACCOUNT, ["Tier__c"]).values()
    assert (found.name, found.label) == ("Tiers", "Tiers")
    assert [(option.value, option.label, option.active) for option in found.options] == [
        ("a", "A", True),
        ("z", "Z", False),
    ]


def test_a_field_that_nobody_may_see_is_read_all_the_same(world: World, salesforce: Connector) -> None:
    for name in ("Tier__c", "Note__c", "Size__c"):
        for row in list(world.org.store.find("FieldPermissions", "Field", f"Account.{name}")):
            world.org.store.remove("FieldPermissions", row["Id"])
    world.org.touch_definitions()
    assert {"Tier__c", "Note__c", "Size__c"} <= salesforce.schema(ACCOUNT).invisible
    found = salesforce.stored_fields(ACCOUNT, ["Tier__c", "Note__c", "Size__c", "Gone__c"])
    assert {name: field.kind for name, field in found.items()} == {
        "Tier__c": FieldKind.ENUM,
        "Note__c": FieldKind.TEXT,
        "Size__c": FieldKind.NUMBER,
    }
    assert found["Tier__c"].restricted
    assert [option.value for option in found["Tier__c"].options] == ["a", "b"]
    assert (found["Note__c"].length, found["Size__c"].precision, found["Size__c"].scale) == (80, 18, 2)


# -- records that would not fit ------------------------------------------------------------------------------


def test_texts_and_numbers_that_would_not_fit_are_counted(world: World, salesforce: Connector) -> None:
    notes = ["x" * 10, "x" * 11, "x" * 40, None, "100% sure_"]
    sizes = [999.99, 1000.0, -1000.0, None, 5.0]
    world.org.load(
        ACCOUNT,
        [{"Name": "A", "Note__c": note, "Size__c": size} for note, size in zip(notes, sizes, strict=True)],
    )
    assert salesforce.count_beyond(ACCOUNT, "Note__c", length=10) == 2
    assert salesforce.count_beyond(ACCOUNT, "Note__c", length=40) == 0
    assert salesforce.count_beyond(ACCOUNT, "Size__c", size=1000) == 2
    assert salesforce.count_beyond(ACCOUNT, "Size__c") is None


def test_a_text_that_records_outgrow_is_not_cut(world: World, salesforce: Connector) -> None:
    world.org.load(ACCOUNT, [{"Name": "A", "Note__c": "x" * 41}])
    shorter = FieldDefinition(name="Note__c", label="Note", kind=FieldKind.TEXT, length=40)
    with pytest.raises(Rejected, match="data would be lost"):
        salesforce.update_field(ACCOUNT, shorter, narrow=True)
    salesforce.update_field(ACCOUNT, shorter)
    assert world.org.sobject(ACCOUNT).fields["Note__c"].length == 80


# -- groups and forms ----------------------------------------------------------------------------------------

STAGE = FieldDefinition(
    name="abm_stage",
    label="Stage",
    kind=FieldKind.ENUM,
    options=(OptionDefinition(value="a", label="A", order=0),),
    group="abm",
    group_label="ABM fields",
)


def test_a_group_is_made_with_its_label_and_relabelled(hubspot: Connector) -> None:
    hubspot.create_field(COMPANIES, STAGE)
    assert hubspot.schema(COMPANIES).groups["abm"] == "ABM fields"
    for _ in range(2):
        hubspot.label_group(COMPANIES, "abm", "Accounts")
    assert hubspot.schema(COMPANIES).groups["abm"] == "Accounts"


def test_a_property_is_moved_to_its_group_and_shown_as_it_should(hubspot: Connector) -> None:
    hubspot.create_field(COMPANIES, STAGE)
    moved = FieldDefinition(
        name="abm_stage",
        label="Stage",
        kind=FieldKind.ENUM,
        options=STAGE.options,
        group="elsewhere",
        group_label="Else",
        shown_as="radio",
    )
    hubspot.update_field(COMPANIES, moved)
    held = hubspot.schema(COMPANIES)
    assert (held.fields["abm_stage"].group, held.fields["abm_stage"].shown_as) == ("elsewhere", "radio")
    assert held.groups["elsewhere"] == "Else"


# -- rights --------------------------------------------------------------------------------------------------


def test_rights_are_told_by_profile_or_permission_set(world: World, salesforce: Connector) -> None:
    assert all(held for _, held in salesforce.powers(ACCOUNT).values())
    for kind in ("Profile", "PermissionSet"):
        for row in list(world.org.store.rows(kind)):
            lacking = {"PermissionsCustomizeApplication": False, "PermissionsModifyMetadata": False}
            world.org.store.put(kind, {**row, **lacking})
    told = salesforce.powers(ACCOUNT)
    assert told[Power.DEFINE] == ("Customize Application", False)
    # Who may modify all data may use the Metadata API too.
    assert told[Power.ADMINISTER][1]
    assert told[Power.GRANT] == ("Manage Profiles and Permission Sets", True)


@pytest.mark.parametrize("held", [True, False])
def test_a_scope_to_write_definitions_is_told(world: World, *, held: bool) -> None:
    scope = "crm.schemas.companies.write"
    scopes = ALL_SCOPES if held else ALL_SCOPES - {scope}
    world.portal.tokens.add(Token(text="pat-other", app_id=PRIVATE_APP, scopes=frozenset(scopes)))
    world.secrets["HUBSPOT_ACCESS_TOKEN"] = "pat-other"
    connectors = world.connect()
    assert connectors["hubspot"].powers(COMPANIES) == {Power.DEFINE: (scope, held)}
    for connector in connectors.values():
        connector.close()


def test_what_hubspot_has_no_notion_of_is_nothing(hubspot: Connector) -> None:
    before = hubspot.calls
    hubspot.track_history(COMPANIES, ["name"])
    hubspot.offer_values(COMPANIES, "Partner", {"name": ["x"]})
    assert hubspot.value_sets(COMPANIES, ["name"]) == {}
    assert hubspot.stored_fields(COMPANIES, ["name"]) == {}
    assert hubspot.count_beyond(COMPANIES, "name", length=3) is None
    assert hubspot.calls == before
