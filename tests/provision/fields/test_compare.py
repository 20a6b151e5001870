"""Every state in which a definition can stand, and what is said about it."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from mappings.fields import FieldType
from mappings.files.load import load
from mappings.model import Mapping as FieldMapping
from provision.fields.compare import compare, form_of, writes
from provision.fields.state import (
    Action,
    Standing,
    StandingField,
    StandingOption,
)
from tests.provision.fields.definitions import (
    BOTH,
    ID,
    MAPPING,
    OWNER,
    SCORE,
    TIER,
    findings,
    in_order,
    options,
    with_field,
    without,
)


@BOTH
def test_definitions_as_the_mapping_has_them_are_in_order(system: str) -> None:
    lines = compare(MAPPING, system, in_order(system))
    assert [line.action for line in lines] == [Action.KEEP] * 6
    assert [line.canonical for line in lines] == [None, *MAPPING.fields]


@BOTH
def test_everything_is_created_in_the_order_of_the_mapping_where_nothing_is_there(system: str) -> None:
    empty = in_order(system)
    for wanted in MAPPING.definitions(system):
        if wanted.create:
            empty = without(empty, wanted.name)
    lines = findings(system, empty)
    assert [line.action for line in lines] == [Action.CREATE] * 5
    assert [line.field for line in lines] == [w.name for w in MAPPING.definitions(system) if w.create]


#: state of the tier field -> (action, attribute, how it stands, how it should, blocks) of each line, for both CRMs
TIER_STATES: Mapping[str, tuple[dict[str, Any], list[tuple[Action, str, str, str, bool]]]] = {
    "relabelled": (
        {"label": "Account tier"},
        [(Action.CHANGE, "label", "Account tier", "ABM tier", False)],
    ),
    "helped otherwise": (
        {"help": "See the wiki."},
        [
            (
                Action.CHANGE,
                "help",
                "See the wiki.",
                "How much of both teams' time this account gets. Tier 1 gets the most.",
                False,
            )
        ],
    ),
    "an option missing": (
        {"options": options("tier_1", "tier_2")},
        [(Action.CHANGE, "options", "missing", "tier_3", False)],
    ),
    "an option retired": (
        {"options": options("tier_1", "tier_2", "tier_3", inactive=("tier_2",))},
        [(Action.CHANGE, "options", "inactive", "tier_2", False)],
    ),
    "reordered": (
        {"options": options("tier_3", "tier_1", "tier_2")},
        [(Action.CHANGE, "order", "tier_3, tier_1, tier_2", "tier_1, tier_2, tier_3", False)],
    ),
    "an option relabelled": (
        {
            "options": (
                StandingOption(value="tier_1", label="A"),
                *options("tier_2", "tier_3"),
            )
        },
        [(Action.CHANGE, "option labels", "A", "Tier 1", False)],
    ),
    "an option beyond the contract": (
        {"options": options("tier_1", "tier_2", "tier_3", "tier_4")},
        [(Action.WRONG, "options", "tier_4", "", False)],
    ),
    "an option beyond the contract, retired": (
        {"options": options("tier_1", "tier_2", "tier_3", "tier_4", inactive=("tier_4",))},
        [],
    ),
    "open to any value": (
        {"restricted": False},
        [(Action.WRONG, "restricted", "no", "yes", False)],
    ),
    "another type": (
        {"type": FieldType.TEXT, "native_type": "Text", "options": ()},
        [(Action.WRONG, "type", "Text", "enum", True)],
    ),
    "a type that no canonical field has": (
        {"type": None, "native_type": "Html", "options": ()},
        [(Action.WRONG, "type", "Html", "enum", True)],
    ),
    "many values instead of one": (
        {"type": FieldType.MULTI_ENUM, "native_type": "Multi"},
        [(Action.WRONG, "type", "Multi", "enum", True)],
    ),
    "computed": (
        {"writable": False, "grantable": False},
        [(Action.WRONG, "rights", "read only", "writable", True)],
    ),
    "seen and not writable": (
        {"writable": False, "grantable": True},
        [(Action.GRANT, "rights", "read only", "writable", False)],
    ),
    "in a managed package, relabelled": ({"changeable": False, "label": "Account tier"}, []),
    "in a managed package, an option missing": (
        {"changeable": False, "options": options("tier_1")},
        [(Action.WRONG, "options", "missing or inactive", "tier_2, tier_3", True)],
    ),
    "new records begin with a value": (
        {"default": "tier_3"},
        [(Action.CHANGE, "default", "tier_3", "none", False)],
    ),
    "values shared with other fields, an option missing": (
        {"value_set": "Tiers", "options": options("tier_1", "tier_2")},
        [(Action.WRONG, "options", "missing or inactive", "tier_3", True)],
    ),
    "values shared with other fields, reordered": (
        {"value_set": "Tiers", "options": options("tier_3", "tier_1", "tier_2")},
        [(Action.WRONG, "order", "tier_3, tier_1, tier_2", "tier_1, tier_2, tier_3", False)],
    ),
    "values shared with other fields, open to any value": (
        {"value_set": "Tiers", "restricted": False},
        [(Action.WRONG, "restricted", "no", "yes", False)],
    ),
    "two things at once": (
        {"label": "Account tier", "options": options("tier_1", "tier_2", "tier_4")},
        [
            (Action.CHANGE, "label", "Account tier", "ABM tier", False),
            (Action.CHANGE, "options", "missing", "tier_3", False),
            (Action.WRONG, "options", "tier_4", "", False),
        ],
    ),
}


@BOTH
@pytest.mark.parametrize("state", TIER_STATES)
def test_each_state_of_a_picklist_has_its_lines(system: str, state: str) -> None:
    changes, expected = TIER_STATES[state]
    lines = findings(system, with_field(in_order(system), TIER[system], **changes))
    told = [(line.action, line.attribute, line.stands, line.should, line.blocks) for line in lines]
    assert told == expected
    assert all(line.field == TIER[system] and line.reason for line in lines)
    assert all(line.remedy for line in lines if line.action is Action.WRONG)
    assert all(line.effect for line in lines if line.action in {Action.CHANGE, Action.GRANT})


@pytest.mark.parametrize(
    ("changes", "stands", "should"),
    [
        ({"precision": 3, "scale": 0}, "(3,0)", "(5,2)"),
        ({"precision": 5, "scale": 1}, "(5,1)", "(6,2)"),
        ({"precision": 5, "scale": 3}, "(5,3)", "(6,3)"),
    ],
)
def test_a_number_of_ours_with_too_few_digits_is_widened(
    changes: dict[str, int], stands: str, should: str
) -> None:
    (line,) = findings("salesforce", with_field(in_order("salesforce"), SCORE["salesforce"], **changes))
    assert (line.action, line.attribute, line.blocks) == (Action.CHANGE, "precision", False)
    assert (line.stands, line.should) == (stands, should)


@pytest.mark.parametrize(
    "changes", [{"precision": 3, "scale": 0, "changeable": False}, {"precision": 18, "scale": 16}]
)
def test_a_number_that_cannot_be_widened_stops_everything(changes: dict[str, int]) -> None:
    (line,) = findings("salesforce", with_field(in_order("salesforce"), SCORE["salesforce"], **changes))
    assert (line.action, line.attribute, line.blocks) == (Action.WRONG, "precision", True)
    assert line.should == "(5,2)"


@pytest.mark.parametrize("changes", [{"precision": 18, "scale": 2}, {"precision": 8, "scale": 4}])
def test_a_number_with_more_digits_is_told_and_left_alone(changes: dict[str, int]) -> None:
    (line,) = findings("salesforce", with_field(in_order("salesforce"), SCORE["salesforce"], **changes))
    assert (line.action, line.attribute, line.blocks) == (Action.WRONG, "precision", False)
    assert "tandem provision apply --allow-destructive Engagement_Score__c" in line.remedy


@BOTH
def test_a_currency_will_do_for_a_number(system: str) -> None:
    assert findings(system, with_field(in_order(system), SCORE[system], type=FieldType.CURRENCY)) == []


def test_a_text_of_ours_that_is_too_short_is_widened() -> None:
    (line,) = findings("salesforce", with_field(in_order("salesforce"), ID["salesforce"], length=36))
    assert (line.action, line.attribute, line.stands, line.should) == (Action.CHANGE, "length", "36", "64")
    assert findings("salesforce", with_field(in_order("salesforce"), ID["salesforce"], length=255)) == []


def test_a_text_in_a_managed_package_that_is_too_short_stops_everything() -> None:
    short = with_field(in_order("salesforce"), ID["salesforce"], length=36, changeable=False)
    (line,) = findings("salesforce", short)
    assert (line.action, line.blocks) == (Action.WRONG, True)
    assert "Widen it in Setup, Object Manager" in line.remedy


@pytest.mark.parametrize(
    ("system", "attribute", "remedy"),
    [
        ("salesforce", "unique and external id", "Tick Unique and External ID in Setup"),
        ("hubspot", "unique", "Name another field under `identity: external_id:`"),
    ],
)
def test_an_id_that_is_not_unique_stops_everything(system: str, attribute: str, remedy: str) -> None:
    (line,) = findings(system, with_field(in_order(system), ID[system], unique=False, external_id=False))
    assert (line.action, line.attribute, line.blocks) == (Action.WRONG, attribute, True)
    assert remedy in line.remedy


def test_an_eleventh_unique_property_is_not_tried() -> None:
    standing = without(in_order("hubspot"), "tandem_id")
    taken = {
        f"key_{n}": StandingField(name=f"key_{n}", label="Key", type=FieldType.TEXT, unique=True)
        for n in range(10)
    }
    (line,) = findings("hubspot", replace(standing, fields={**standing.fields, **taken}))
    assert (line.action, line.stands, line.blocks) == (Action.WRONG, "10 unique properties", True)
    less = {name: field for name, field in taken.items() if name != "key_0"}
    (line,) = findings("hubspot", replace(standing, fields={**standing.fields, **less}))
    assert line.action is Action.CREATE


@pytest.mark.parametrize("name", [TIER["salesforce"], OWNER["salesforce"]])
def test_a_field_that_the_connected_user_may_not_see_is_granted(name: str) -> None:
    hidden = without(in_order("salesforce"), name, invisible=frozenset({name}))
    (line,) = findings("salesforce", hidden)
    assert (line.action, line.stands, line.field) == (Action.GRANT, "hidden", name)


@BOTH
def test_a_vendors_field_that_is_not_there_is_not_created(system: str) -> None:
    (line,) = findings(system, without(in_order(system), OWNER[system]))
    assert (line.action, line.blocks) == (Action.WRONG, True)
    assert "create: false" in line.reason


@BOTH
def test_accounts_must_be_recognisable(system: str) -> None:
    domain = MAPPING.systems[system].identity.domain
    (line,) = findings(system, without(in_order(system), domain))
    assert (line.field, line.blocks) == (domain, True)
    assert "recognised" in line.reason


def test_a_name_in_other_capitals_is_told() -> None:
    standing = in_order("salesforce")
    held = replace(standing.fields[TIER["salesforce"]], name="Abm_Tier__c")
    standing = without(standing, TIER["salesforce"])
    (line,) = findings("salesforce", replace(standing, fields={**standing.fields, held.name: held}))
    assert line.blocks
    assert line.remedy == "Write `name: Abm_Tier__c` in the mapping."


def test_an_archived_name_comes_back_with_its_values() -> None:
    standing = in_order("hubspot")
    archived = {TIER["hubspot"]: standing.fields[TIER["hubspot"]]}
    (line,) = findings("hubspot", without(standing, TIER["hubspot"], archived=archived))
    assert (line.action, line.stands) == (Action.CREATE, "archived")
    assert "held when it was archived" in line.effect


def test_an_archived_name_of_another_type_stops_everything() -> None:
    standing = in_order("hubspot")
    archived = {
        TIER["hubspot"]: replace(
            standing.fields[TIER["hubspot"]], type=FieldType.TEXT, native_type="string/text"
        )
    }
    (line,) = findings("hubspot", without(standing, TIER["hubspot"], archived=archived))
    assert (line.action, line.stands, line.blocks) == (Action.WRONG, "archived, string/text", True)
    assert "retype" in line.reason


def _vendors_tier(**changes: Any) -> tuple[FieldMapping, Standing]:
    """A portal whose own tier property is in use, as HubSpot lets administrators change it."""
    mapping = MAPPING.with_builtin("hubspot", ["hs_ideal_customer_profile"])
    standing = in_order("hubspot", mapping)
    return mapping, with_field(
        standing, "hs_ideal_customer_profile", **{"changeable": True, "custom": False, **changes}
    )


def test_the_vendors_own_field_keeps_its_label_help_and_order() -> None:
    mapping, standing = _vendors_tier(
        label="Ideal Customer Profile Tier", help="", options=options("tier_3", "tier_1", "tier_2")
    )
    assert findings("hubspot", standing, mapping) == []


def test_the_vendors_own_field_is_given_the_options_that_it_lacks() -> None:
    mapping, standing = _vendors_tier(options=options("tier_1", "tier_2"))
    (line,) = findings("hubspot", standing, mapping)
    assert (line.action, line.attribute, line.should) == (Action.CHANGE, "options", "tier_3")


def test_a_user_field_may_be_a_list_of_people() -> None:
    people = with_field(
        in_order("hubspot"), OWNER["hubspot"], type=FieldType.ENUM, external_options=True, options=()
    )
    assert findings("hubspot", people) == []
    no_people = with_field(in_order("hubspot"), OWNER["hubspot"], type=FieldType.ENUM, external_options=False)
    (line,) = findings("hubspot", no_people)
    assert line.attribute == "type"


def _ruled(direction: str, tmp: Any) -> FieldMapping:
    (tmp / "canonical.yaml").write_text(f"fields: {{tier: {{rule: {{direction: {direction}}}}}}}\n")
    return load(tmp, {"salesforce": "salesforce", "hubspot": "hubspot"})


@pytest.mark.parametrize(
    ("direction", "salesforce", "hubspot"),
    [
        ("two_way", True, True),
        ("none", False, False),
        ("from_salesforce", False, True),
        ("from_hubspot", True, False),
    ],
)
def test_a_field_is_written_where_its_rule_says_so(
    direction: str, salesforce: bool, hubspot: bool, tmp_path: Any
) -> None:
    mapping = _ruled(direction, tmp_path)
    assert writes(mapping, "salesforce", "tier") is salesforce
    assert writes(mapping, "hubspot", "tier") is hubspot
    assert writes(mapping, "hubspot", None) is True


def test_a_formula_may_lead(tmp_path: Any) -> None:
    formula = {"writable": False, "grantable": False, "native_type": "Formula(Picklist)"}
    standing = with_field(in_order("salesforce"), TIER["salesforce"], **formula)
    assert findings("salesforce", standing, _ruled("from_salesforce", tmp_path)) == []
    (line,) = findings("salesforce", standing)
    assert "direction: from_salesforce" in line.remedy


def test_what_was_written_moments_ago_is_no_drift() -> None:
    standing = without(with_field(in_order("hubspot"), TIER["hubspot"], label="Old"), SCORE["hubspot"])
    lines = compare(MAPPING, "hubspot", standing, {TIER["hubspot"], SCORE["hubspot"], ID["hubspot"]})
    actions = {line.field: line.action for line in lines}
    assert actions[TIER["hubspot"]] is Action.SETTLING
    assert actions[SCORE["hubspot"]] is Action.SETTLING
    # What reads as it should needs no patience.
    assert actions[ID["hubspot"]] is Action.KEEP


def test_a_checkbox_is_false_and_a_hubspot_boolean_blank_to_begin_with() -> None:
    for system, name, effect in (
        ("salesforce", "Target_Account__c", "false on every record, and its history is kept from then on"),
        ("hubspot", "tandem_target_account", "blank on every record"),
    ):
        (line,) = findings(system, without(in_order(system), name))
        assert line.effect == effect


def test_a_form_is_told_in_a_few_words() -> None:
    forms = {wanted.canonical: form_of(wanted) for wanted in MAPPING.definitions("salesforce")}
    assert forms == {
        None: "text (64), unique",
        "target_account": "boolean",
        "tier": "enum tier_1, tier_2, tier_3",
        "owner": "user",
        "engagement_score": "number (5,2)",
        "mqa_stage": "enum identified, awareness, engaged, evaluating, negotiating, closed",
    }
