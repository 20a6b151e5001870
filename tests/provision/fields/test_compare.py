"""Every state in which a definition can stand, and what is said about it."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from mappings.definitions import DesiredField
from mappings.fields import FieldType
from mappings.files.load import load
from mappings.model import Mapping as FieldMapping
from provision.fields.compare import compare, form_of, writes
from provision.fields.compare_looks import group_key
from provision.fields.compare_rights import with_powers
from provision.fields.plan import DefinitionPlan, check_still_stands, from_text, to_text
from provision.fields.state import (
    Action,
    Line,
    Standing,
    StandingField,
    StandingOption,
    StandingRecordType,
)
from sync.errors import StalePlan

MAPPING = load(None, {"salesforce": "salesforce", "hubspot": "hubspot"})
TIER = {"salesforce": "ABM_Tier__c", "hubspot": "tandem_tier"}
STAGE = "tandem_mqa_stage"
SCORE = {"salesforce": "Engagement_Score__c", "hubspot": "tandem_engagement_score"}
ID = {"salesforce": "Tandem_Id__c", "hubspot": "tandem_id"}
OWNER = {"salesforce": "OwnerId", "hubspot": "hubspot_owner_id"}
NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)

BOTH = pytest.mark.parametrize("system", ["salesforce", "hubspot"])


def right(wanted: DesiredField) -> StandingField:
    """The field as it stands where all is well."""
    return StandingField(
        name=wanted.name,
        label=wanted.label,
        type=wanted.type,
        native_type=str(wanted.type),
        help=wanted.help,
        length=wanted.length,
        precision=wanted.precision,
        scale=wanted.scale,
        unique=wanted.unique,
        external_id=wanted.external_id,
        restricted=wanted.restricted,
        options=tuple(StandingOption(value=o.value, label=o.label) for o in wanted.options),
        external_options=wanted.type is FieldType.USER,
        custom=wanted.create,
        changeable=wanted.create,
        tracked=bool(wanted.tracked) if wanted.name.endswith(("__c", "Id")) else None,
        group=wanted.group.name if wanted.group is not None else "",
        shown_as=wanted.shown_as,
    )


def in_order(system: str, mapping: FieldMapping = MAPPING) -> Standing:
    identity = mapping.systems[system].identity
    plain = [
        StandingField(name=name, label=name, type=FieldType.TEXT, custom=False)
        for name in (identity.name, identity.domain)
    ]
    fields = [*plain, *(right(wanted) for wanted in mapping.definitions(system))]
    return Standing(object="Account", fields={field.name: field for field in fields})


def with_field(standing: Standing, name: str, **changes: Any) -> Standing:
    return replace(standing, fields={**standing.fields, name: replace(standing.fields[name], **changes)})


def without(standing: Standing, name: str, **more: Any) -> Standing:
    kept = {key: field for key, field in standing.fields.items() if key != name}
    return replace(standing, fields=kept, **more)


def findings(system: str, standing: Standing, mapping: FieldMapping = MAPPING) -> list[Line]:
    """What is not in order."""
    return [line for line in compare(mapping, system, standing) if line.action is not Action.KEEP]


def options(*values: str, inactive: tuple[str, ...] = ()) -> tuple[StandingOption, ...]:
    return tuple(
        StandingOption(value=v, label=v.replace("_", " ").capitalize(), active=v not in inactive)
        for v in values
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


# -- the plan as a file ------------------------------------------------------------------------------------------


def a_plan(*standings: Callable[[Standing], Standing], portal: str = "1") -> DefinitionPlan:
    standing = in_order("hubspot")
    for change in standings:
        standing = change(standing)
    return DefinitionPlan(
        created_at=NOW, identities={"hubspot": portal}, lines=compare(MAPPING, "hubspot", standing)
    )


def lose_tier(standing: Standing) -> Standing:
    return without(standing, TIER["hubspot"])


def relabel_score(standing: Standing) -> Standing:
    return with_field(standing, SCORE["hubspot"], label="Score")


def test_a_saved_plan_reads_back_as_it_was() -> None:
    plan = a_plan(lose_tier, relabel_score)
    assert from_text(to_text(plan), name="plan.json") == plan


def test_plans_that_write_the_same_have_one_fingerprint() -> None:
    beyond = a_plan(
        lose_tier, lambda s: with_field(s, SCORE["hubspot"], type=FieldType.TEXT, native_type="string/text")
    )
    assert a_plan(lose_tier).fingerprint == beyond.fingerprint
    assert a_plan(lose_tier).fingerprint != a_plan(relabel_score).fingerprint


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("no json", "not a saved plan"),
        ("[]", "not a plan of definitions"),
        ('{"format": 1, "changes": []}', "not a plan of definitions"),
        ('{"format": 1, "kind": "definitions"}', "damaged"),
        (to_text(a_plan(lose_tier)).replace("tier_3", "tier_9"), "edited after it was saved"),
    ],
)
def test_a_file_that_is_no_such_plan_is_refused(text: str, told: str) -> None:
    with pytest.raises(StalePlan, match=told) as caught:
        from_text(text, name="plan.json")
    assert "tandem provision plan -o FILE" in str(caught.value.remedy)


def test_a_saved_plan_stands_while_nothing_else_has_moved() -> None:
    check_still_stands(a_plan(lose_tier, relabel_score), a_plan(lose_tier, relabel_score))
    # Interrupted and begun again: what is done is not missed.
    check_still_stands(a_plan(lose_tier, relabel_score), a_plan(relabel_score))
    check_still_stands(a_plan(lose_tier), a_plan())


def test_a_saved_plan_whose_create_was_cut_short_still_stands() -> None:
    hidden = a_plan(lambda s: without(s, TIER["hubspot"], invisible=frozenset({TIER["hubspot"]})))
    assert [line.action for line in hidden.steps] == [Action.GRANT]
    check_still_stands(a_plan(lose_tier), hidden)


def test_a_saved_plan_is_refused_once_definitions_have_moved() -> None:
    with pytest.raises(StalePlan, match="tandem_engagement_score: label"):
        check_still_stands(a_plan(lose_tier), a_plan(lose_tier, relabel_score))


def test_a_saved_plan_is_refused_once_something_is_off_the_contract_of_which_it_says_nothing() -> None:
    def more(standing: Standing) -> Standing:
        held = standing.fields[STAGE].options
        return with_field(standing, STAGE, options=(*held, StandingOption(value="x", label="X")))

    with pytest.raises(StalePlan, match="tandem_mqa_stage: options, x"):
        check_still_stands(a_plan(relabel_score), a_plan(relabel_score, more))
    check_still_stands(a_plan(relabel_score, more), a_plan(relabel_score))


def test_a_saved_plan_stands_however_many_records_it_touches_by_now() -> None:
    saved = a_plan(relabel_score)
    lines = tuple(replace(line, effect="tier_4 on 7 records") for line in saved.lines)
    check_still_stands(saved, replace(saved, lines=lines))


def test_a_saved_plan_is_refused_for_another_portal() -> None:
    with pytest.raises(StalePlan, match="other orgs or portals"):
        check_still_stands(a_plan(lose_tier), a_plan(lose_tier, portal="2"))


# -- what else an administrator sets -------------------------------------------------------------------------


def told(lines: list[Line]) -> list[tuple[str, Action, str, str, str]]:
    return [(line.field, line.action, line.attribute, line.stands, line.should) for line in lines]


@pytest.mark.parametrize(
    ("attribute", "changes", "stands", "should"),
    [
        ("group", {"group": "companyinformation"}, "companyinformation", "tandem"),
        ("field type", {"shown_as": "radio"}, "radio", "select"),
    ],
)
def test_a_property_of_ours_stands_where_it_should_in_the_form_it_should(
    attribute: str, changes: dict[str, str], stands: str, should: str
) -> None:
    (line,) = findings("hubspot", with_field(in_order("hubspot"), TIER["hubspot"], **changes))
    assert (line.action, line.attribute, line.stands, line.should) == (
        Action.CHANGE,
        attribute,
        stands,
        should,
    )


def test_a_group_is_labelled_as_the_mapping_has_it() -> None:
    standing = replace(in_order("hubspot"), groups={"tandem": "Somebody's", "other": "Other"})
    assert told(findings("hubspot", standing)) == [("tandem", Action.CHANGE, "label", "Somebody's", "Tandem")]
    assert findings("hubspot", replace(standing, groups={"tandem": "Tandem"})) == []


def test_a_group_that_was_relabelled_moments_ago_is_no_drift() -> None:
    standing = replace(in_order("hubspot"), groups={"tandem": "Somebody's"})
    (line,) = [
        line
        for line in compare(MAPPING, "hubspot", standing, {group_key("tandem")})
        if line.action is not Action.KEEP
    ]
    assert (line.field, line.action) == ("tandem", Action.SETTLING)


def test_a_checkbox_of_ours_begins_unticked() -> None:
    ticked = with_field(in_order("salesforce"), "Target_Account__c", default="true")
    assert told(findings("salesforce", ticked)) == [
        ("Target_Account__c", Action.CHANGE, "default", "ticked", "unticked")
    ]


def test_an_option_is_described_as_agreed_where_the_crm_tells_descriptions() -> None:
    stage = next(wanted for wanted in MAPPING.definitions("hubspot") if wanted.canonical == "mqa_stage")
    held = [StandingOption(value=o.value, label=o.label, description=o.description) for o in stage.options]
    described = with_field(in_order("hubspot"), stage.name, options=tuple(held))
    assert findings("hubspot", described) == []
    held[0] = replace(held[0], description="")
    (line,) = findings("hubspot", with_field(described, stage.name, options=tuple(held)))
    assert (line.action, line.attribute) == (Action.CHANGE, "option descriptions")
    assert line.stands == f"{stage.options[0].value}: ∅"
    assert stage.options[0].description in line.should


OURS = ("Target_Account__c", "ABM_Tier__c", "MQA_Stage__c")


def test_fields_that_people_edit_are_tracked_and_what_tandem_alone_writes_need_not_be() -> None:
    wanted = {field.name: field.tracked for field in MAPPING.definitions("salesforce")}
    assert wanted == {
        "Tandem_Id__c": None,
        "Target_Account__c": True,
        "ABM_Tier__c": True,
        "OwnerId": True,
        "Engagement_Score__c": None,
        "MQA_Stage__c": True,
    }
    assert {field.tracked for field in MAPPING.definitions("hubspot")} == {None}


def test_the_history_of_an_object_is_switched_on_before_its_first_field_is_tracked() -> None:
    standing = in_order("salesforce")
    for name in (*OURS, "OwnerId"):
        standing = with_field(standing, name, tracked=False)
    (first, *others) = findings("salesforce", standing)
    assert (first.field, first.attribute, first.should) == ("Account", "history", "on")
    assert {(line.field, line.action, line.attribute) for line in others} == {
        (name, Action.CHANGE, "history") for name in (*OURS, "OwnerId")
    }


def test_an_edition_without_history_is_asked_for_none() -> None:
    standing = in_order("salesforce")
    for name in standing.fields:
        standing = with_field(standing, name, tracked=None)
    assert findings("salesforce", standing) == []


def test_what_does_not_fit_into_the_twenty_is_told_in_the_order_of_the_mapping() -> None:
    standing = in_order("salesforce")
    for name in (*OURS, "OwnerId"):
        standing = with_field(standing, name, tracked=False)
    others = {
        f"Other{n}": StandingField(name=f"Other{n}", label="x", type=FieldType.TEXT, tracked=True)
        for n in range(18)
    }
    standing = replace(standing, fields={**standing.fields, **others})
    lines = {line.field: line for line in findings("salesforce", standing)}
    assert [lines[name].action for name in ("Target_Account__c", "ABM_Tier__c")] == [Action.CHANGE] * 2
    assert [lines[name].action for name in ("OwnerId", "MQA_Stage__c")] == [Action.WRONG] * 2
    assert "18 fields of Account are tracked, and Salesforce allows 20" in lines["OwnerId"].reason
    assert "track_history: false" in lines["OwnerId"].remedy
    assert not any(line.blocks for line in lines.values())


def record_types(**offers: tuple[str, ...]) -> dict[str, StandingRecordType]:
    of = {name: frozenset(values) for name, values in offers.items()}
    return {"Partner": StandingRecordType(label="Partners", offers=of)}


def test_a_value_that_a_record_type_does_not_offer_is_drift() -> None:
    standing = replace(in_order("salesforce"), record_types=record_types(ABM_Tier__c=("tier_1", "other")))
    (line,) = findings("salesforce", standing)
    assert (line.field, line.action, line.attribute) == ("ABM_Tier__c", Action.CHANGE, "record types")
    assert (line.stands, line.should) == ("not offered by Partners", "tier_2, tier_3")


def test_of_a_picklist_that_nobody_can_see_nothing_is_said_of_record_types() -> None:
    assert findings("salesforce", replace(in_order("salesforce"), record_types=record_types())) == []


def test_a_field_that_is_yet_to_be_made_is_offered_by_no_record_type() -> None:
    standing = replace(without(in_order("salesforce"), "ABM_Tier__c"), record_types=record_types())
    assert [(line.action, line.attribute) for line in findings("salesforce", standing)] == [
        (Action.CREATE, ""),
        (Action.CHANGE, "record types"),
    ]


NARROWER: Mapping[str, tuple[str, dict[str, Any]]] = {
    "retire": (TIER["salesforce"], {"options": options("tier_1", "tier_2", "tier_3", "tier_4")}),
    "restricted": (TIER["salesforce"], {"restricted": False}),
    "precision": (SCORE["salesforce"], {"precision": 9}),
}


@pytest.mark.parametrize("attribute", NARROWER)
def test_a_field_is_made_smaller_only_where_it_is_named(attribute: str) -> None:
    name, changes = NARROWER[attribute]
    standing = with_field(in_order("salesforce"), name, **changes)
    (told_only,) = findings("salesforce", standing)
    assert (told_only.action, told_only.narrows, told_only.blocks) == (Action.WRONG, True, False)
    assert f"--allow-destructive {name}" in told_only.remedy
    (step,) = [
        line
        for line in compare(MAPPING, "salesforce", standing, destructive={name})
        if line.action is not Action.KEEP
    ]
    assert (step.action, step.attribute, step.narrows) == (Action.CHANGE, attribute, True)
    other = compare(MAPPING, "salesforce", standing, destructive={"MQA_Stage__c"})
    assert told_only in other


# -- rights --------------------------------------------------------------------------------------------------


POWERS = {
    "define": ("Customize Application", False),
    "administer": ("Modify Metadata", False),
    "grant": ("Manage Profiles", True),
}
LABEL = Line(
    system="salesforce",
    object="Account",
    field="A__c",
    canonical=None,
    action=Action.CHANGE,
    attribute="label",
)


def test_a_missing_right_is_named_with_the_fields_that_need_it_and_stops_everything() -> None:
    grant = replace(LABEL, field="B__c", action=Action.GRANT, attribute="")
    change, granted, right = with_powers("salesforce", POWERS, [LABEL, grant], tracked=True)
    assert (change, granted) == (LABEL, grant)
    assert (right.field, right.blocks) == ("Customize Application", True)
    assert right.reason.endswith("may not do what is planned for A__c")
    held = {name: (right, True) for name, (right, _) in POWERS.items()}
    assert with_powers("salesforce", held, [LABEL, grant], tracked=True) == (LABEL, grant)


@pytest.mark.parametrize(
    ("field", "attribute", "tracked", "left"),
    [
        ("OwnerId", "history", True, True),
        ("A__c", "history", False, True),
        ("A__c", "history", True, False),
        ("A__c", "record types", True, True),
    ],
)
def test_what_only_the_metadata_api_can_set_is_left_to_a_person_without_its_right(
    field: str, attribute: str, *, tracked: bool, left: bool
) -> None:
    powers = {**POWERS, "define": ("Customize Application", True)}
    step = replace(LABEL, field=field, attribute=attribute)
    (line,) = with_powers("salesforce", powers, [step], tracked=tracked)
    assert line.action is (Action.WRONG if left else Action.CHANGE)
    assert not line.blocks
    assert ("Modify Metadata" in line.remedy) is left
