from decimal import Decimal
from pathlib import Path

import pytest

from mappings.errors import MappingError
from mappings.fields import DirectionKind, FieldType, OnConflictKind
from mappings.files.load import default_files, load
from mappings.systems import BuyerStage

PAIR = {"salesforce": "salesforce", "hubspot": "hubspot"}


def write(folder: Path, **files: str) -> Path:
    for name, text in files.items():
        (folder / f"{name}.yaml").write_text(text, encoding="utf-8")
    return folder


def problems(folder: Path | None, systems: dict[str, str] | None = None) -> list[str]:
    """Each problem as `file:line: message. remedy`, without the folder."""
    with pytest.raises(MappingError) as refusal:
        load(folder, PAIR if systems is None else systems)
    return [str(problem).replace(f"{folder}/", "") for problem in refusal.value.problems]


# --- what is built in ------------------------------------------------------------------------


def test_the_built_in_mapping_has_the_five_fields_with_their_rules() -> None:
    fields = load(None, PAIR).fields
    rules = {
        name: (field.type, str(field.rule.direction), str(field.rule.on_conflict))
        for name, field in fields.items()
    }
    assert rules == {
        "target_account": (FieldType.BOOLEAN, "two_way", "manual"),
        "tier": (FieldType.ENUM, "two_way", "manual"),
        "owner": (FieldType.USER, "from_salesforce", "manual"),
        "engagement_score": (FieldType.NUMBER, "push", "manual"),
        "mqa_stage": (FieldType.ENUM, "two_way", "furthest"),
    }  # fmt: skip
    assert fields["owner"].rule.fill_blank
    assert fields["mqa_stage"].ladder
    assert all(option.description and option.owner for option in fields["mqa_stage"].options)
    assert fields["engagement_score"].minimum == Decimal(0)
    assert fields["engagement_score"].maximum == Decimal(100)


def test_the_built_in_names_are_those_that_administrators_were_promised() -> None:
    systems = load(None, PAIR).systems
    names = {
        system: {name: native.name for name, native in spelled.fields.items()}
        for system, spelled in systems.items()
    }
    assert names == {
        "salesforce": {
            "target_account": "Target_Account__c",
            "tier": "ABM_Tier__c",
            "owner": "OwnerId",
            "engagement_score": "Engagement_Score__c",
            "mqa_stage": "MQA_Stage__c",
        },
        "hubspot": {
            "target_account": "tandem_target_account",
            "tier": "tandem_tier",
            "owner": "hubspot_owner_id",
            "engagement_score": "tandem_engagement_score",
            "mqa_stage": "tandem_mqa_stage",
        },
    }
    assert systems["salesforce"].identity.external_id == "Tandem_Id__c"
    assert systems["hubspot"].identity.external_id == "tandem_id"


def test_the_files_that_an_administrator_gets_to_edit_load_as_they_are(tmp_path: Path) -> None:
    for name, text in default_files().items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    assert load(tmp_path, PAIR) == load(None, PAIR)


@pytest.mark.parametrize("systems", [{}, {"hubspot": "hubspot"}, {"crm": "salesforce"}])
def test_it_runs_with_one_crm_or_none(systems: dict[str, str]) -> None:
    mapping = load(None, systems)
    assert list(mapping.systems) == list(systems)
    rule = mapping.fields["owner"].rule
    if "crm" in systems:
        assert rule.direction.system == "crm"
        assert rule.fill_blank
    else:
        assert rule.direction.kind is DirectionKind.TWO_WAY
        assert not rule.fill_blank


# --- Systems by name -------------------------------------------------------------------------


def test_a_kinds_name_in_a_rule_means_the_only_system_of_that_kind() -> None:
    mapping = load(None, {"salesforce_emea": "salesforce", "hubspot": "hubspot"})
    assert str(mapping.fields["owner"].rule.direction) == "from_salesforce_emea"


def test_a_kinds_name_that_could_mean_two_systems_is_refused() -> None:
    systems = {"emea": "salesforce", "us": "salesforce", "hubspot": "hubspot"}
    [problem] = problems(None, systems)
    assert problem.startswith("built-in canonical.yaml:")
    assert "salesforce could be any of emea, us. Name one of them." in problem


def test_a_system_of_the_very_name_is_meant_before_its_kind() -> None:
    systems = {"salesforce": "salesforce", "salesforce_emea": "salesforce"}
    assert load(None, systems).fields["owner"].rule.direction.system == "salesforce"


def test_a_file_named_after_a_system_spells_that_system_alone(tmp_path: Path) -> None:
    write(
        tmp_path,
        salesforce="fields: {tier: {name: Tier_All__c}}\nstages: {Won: closed_won}\n",
        salesforce_emea="fields: {tier: {name: Tier_Emea__c}}\nidentity: {domain: Domain__c}\n",
    )
    systems = load(tmp_path, {"salesforce": "salesforce", "salesforce_emea": "salesforce"}).systems
    assert systems["salesforce"].fields["tier"].name == "Tier_All__c"
    assert systems["salesforce"].identity.domain == "Website"
    assert systems["salesforce_emea"].fields["tier"].name == "Tier_Emea__c"
    assert systems["salesforce_emea"].identity.domain == "Domain__c"
    assert systems["salesforce_emea"].identity.name == "Name"
    assert systems["salesforce_emea"].stages == {"Won": BuyerStage.CLOSED_WON}


@pytest.mark.parametrize(
    ("systems", "message"),
    [
        ({"Emea": "salesforce"}, "'Emea' is no name for a System"),
        ({"crm": "dynamics"}, "crm is of the unknown kind 'dynamics'. Use one of salesforce, hubspot"),
        ({"manual": "salesforce"}, "a System cannot be called manual"),
        ({"push": "salesforce"}, "a System cannot be called push"),
        ({"canonical": "salesforce"}, "a System cannot be called canonical"),
        ({"hubspot": "salesforce"}, "a System of kind salesforce is called hubspot"),
    ],
)
def test_a_system_whose_name_would_be_mistaken_is_refused(systems: dict[str, str], message: str) -> None:
    assert any(message in problem for problem in problems(None, systems))


# --- amending and extending ------------------------------------------------------------------


def test_a_field_without_a_type_amends_the_built_in_one(tmp_path: Path) -> None:
    write(
        tmp_path, canonical="fields:\n  mqa_stage:\n    label: Stage\n    rule: {direction: from_hubspot}\n"
    )
    field = load(tmp_path, PAIR).fields["mqa_stage"]
    assert field.label == "Stage"
    assert str(field.rule.direction) == "from_hubspot"
    assert field.rule.on_conflict.kind is OnConflictKind.FURTHEST
    assert field.rank("closed") == 5


def test_a_field_with_a_type_replaces_the_built_in_one(tmp_path: Path) -> None:
    write(
        tmp_path,
        canonical="fields: {tier: {type: enum, options: [{value: a, label: A}, {value: b, label: B}]}}\n",
    )
    field = load(tmp_path, PAIR).fields["tier"]
    assert [option.value for option in field.options] == ["a", "b"]
    assert (field.help, field.label) == ("", "Tier")


def test_options_may_give_way_to_a_ladder(tmp_path: Path) -> None:
    ladder = "[{value: low, label: Low}, {value: high, label: High}]"
    write(tmp_path, canonical=f"fields: {{tier: {{ladder: {ladder}, rule: {{on_conflict: furthest}}}}}}\n")
    tier = load(tmp_path, PAIR).fields["tier"]
    assert [tier.rank(value) for value in ("low", "high")] == [0, 1]


def test_a_native_field_without_a_name_amends_the_built_in_one(tmp_path: Path) -> None:
    write(tmp_path, hubspot="fields:\n  tier: {values: {tier_1: top}}\ngroup: {label: ABM}\n")
    hubspot = load(tmp_path, PAIR).systems["hubspot"]
    assert hubspot.fields["tier"].name == "tandem_tier"
    assert hubspot.fields["tier"].values == {"tier_1": "top", "tier_2": "tier_2", "tier_3": "tier_3"}
    assert hubspot.group is not None
    assert (hubspot.group.name, hubspot.group.label) == ("tandem", "ABM")


def test_a_native_field_with_a_name_replaces_the_built_in_one(tmp_path: Path) -> None:
    write(tmp_path, hubspot="fields: {tier: {name: icp, create: false}}\n")
    tier = load(tmp_path, PAIR).systems["hubspot"].fields["tier"]
    assert (tier.name, tier.builtin, tier.create) == ("icp", None, False)


@pytest.mark.parametrize("type_", FieldType)
def test_a_field_of_every_type_is_added_without_code(tmp_path: Path, type_: FieldType) -> None:
    options = ", options: [{value: x, label: X}]" if type_.has_options else ""
    write(
        tmp_path,
        canonical=f"fields: {{extra: {{type: {type_}{options}}}}}\n",
        salesforce="fields: {extra: {name: Extra__c}}\n",
        hubspot="fields: {extra: {name: tandem_extra}}\n",
    )
    mapping = load(tmp_path, PAIR)
    assert mapping.fields["extra"].label == "Extra"
    assert mapping.definitions("hubspot")[-1].type is type_
    assert mapping.translator("salesforce").keeps("extra")


def test_an_empty_file_and_empty_keys_amend_nothing(tmp_path: Path) -> None:
    write(tmp_path, canonical="# nothing yet\n", salesforce="fields:\nidentity:\n  name:\ngroup:\n")
    assert load(tmp_path, PAIR) == load(None, PAIR)


# --- problems --------------------------------------------------------------------------------

CANONICAL_PROBLEMS = [
    ("{X: {type: text}}", "'X' is no field name"),
    ("{domain: {type: text}}", "domain already is part of an account's identity"),
    ("{extra: {label: Extra}}", "extra is not one of the built-in fields. Say what it is: add a type."),
    ("{tier: {type: text}}", "tier is a text. It must stay an enum."),
    ("{mqa_stage: {type: enum, options: [{value: a, label: A}]}}", "mqa_stage has no ladder"),
    ("{extra: {type: enum}}", "extra has no options"),
    ("{extra: {type: enum, options: []}}", "extra has no options"),
    ("{extra: {type: text, options: [{value: a, label: A}]}}", "a text has no options"),
    ("{extra: {type: enum, options: [{value: a, label: A}], ladder: [{value: a, label: A}]}}", "Keep one of the two"),
    ("{extra: {type: multi_enum, ladder: [{value: a, label: A}]}}", "have no rung on a ladder"),
    ("{extra: {type: enum, options: [{value: a, label: A}, {value: a, label: B}]}}", "the value a is listed twice"),
    ("{extra: {type: enum, options: [{value: a, label: A}, {value: b, label: a}]}}", "the label 'a' is used twice"),
    ("{extra: {type: enum, options: [{value: 'a;b', label: A}]}}", "'a;b' contains ';'"),
    (f"{{extra: {{type: enum, options: [{{value: {'v' * 256}, label: A}}]}}}}", "this value has 256 characters"),
    ("{extra: {type: boolean, length: 5}}", "a boolean has no length"),
    ("{extra: {type: text, length: 70000}}", "HubSpot takes 65536"),
    ("{extra: {type: text, scale: 2}}", "a text has no scale"),
    ("{extra: {type: date, minimum: 2}}", "a date has no minimum"),
    ("{extra: {type: number, precision: 19}}", "precision is 19. Salesforce takes 18 digits"),
    ("{extra: {type: number, precision: 2, scale: 3}}", "scale is 3, more than all digits together"),
    ("{extra: {type: number, minimum: 5, maximum: 1}}", "minimum 5 is above maximum 1"),
    ("{tier: {rule: {direction: sideways}}}", "direction is 'sideways'. Use two_way, from_<System>, push or none."),
    ("{tier: {rule: {direction: from_dynamics}}}", "no System is called 'dynamics'. Use one of salesforce, hubspot."),
    ("{tier: {rule: {on_conflict: dynamics}}}", "no System is called 'dynamics'"),
    ("{tier: {rule: {on_conflict: furthest}}}", "furthest needs a ladder"),
    ("{tier: {rule: {fill_blank: true}}}", "fill_blank does nothing when direction is two_way"),
    ("{tier: {rule: {dead_band: 1}}}", "an enum has no dead_band"),
    ("{engagement_score: {rule: {dead_band: 0}}}", "dead_band is 0. Use a number above 0."),
    ("{tier: {lable: Tier}}", "unknown key fields.tier.lable. Did you mean label?"),
    ("{tier: {colour: red}}", "unknown key fields.tier.colour. Known here: type, label,"),
    ("{tier: {rule: {directions: push}}}", "unknown key fields.tier.rule.directions. Did you mean direction?"),
    ("{tier: {label: 3}}", "fields.tier.label is 3, which is no text. Put it in quotes."),
    ("{tier: null}", "fields.tier"),
    ("{engagement_score: {maximum: .inf}}", "fields.engagement_score.maximum is '.inf'"),
    ("{engagement_score: {maximum: true}}", "fields.engagement_score.maximum is True"),
    ("{extra: {type: enumeration}}", "fields.extra.type is 'enumeration'. Use one of 'text', 'number'"),
    ("{extra: {type: text, length: 0}}", "fields.extra.length is 0"),
    ("{extra: {type: enum, options: [{value: a}]}}", "fields.extra.options.0.label is missing. Add label."),
    ("{tier: {label: A}, tier: {label: B}}", "fields.tier stands here twice. Keep one of the two."),
    ("{[a, b]: {type: text}}", "a key is not a word"),
    ("&loop {tier: *loop}", "nested too deeply"),
]  # fmt: skip


@pytest.mark.parametrize(("fields", "message"), CANONICAL_PROBLEMS)
def test_a_canonical_field_that_cannot_be_is_refused_on_its_line(
    tmp_path: Path, fields: str, message: str
) -> None:
    write(tmp_path, canonical=f"# a comment\nfields: {fields}\n")
    found = problems(tmp_path)
    assert any(problem.startswith("canonical.yaml:2: ") and message in problem for problem in found), found


SYSTEM_PROBLEMS = [
    ("salesforce", "{tier: {name: Tier}}", "Tandem cannot create Tier: a custom field ends in __c"),
    ("salesforce", "{tier: {name: Tier, create: false}}", None),
    ("salesforce", "{tier: {name: ns__Tier__c, create: false}}", None),
    ("salesforce", "{tier: {name: My__Tier__c}}", "Salesforce refuses the name 'My__Tier__c'"),
    ("salesforce", "{tier: {name: 1Tier__c}}", "Salesforce refuses the name '1Tier__c'"),
    ("salesforce", "{tier: {name: Tier___c}}", "Salesforce refuses the name 'Tier___c'"),
    ("salesforce", f"{{tier: {{name: {'T' * 41}__c}}}}", "has 41 characters before __c"),
    ("salesforce", f"{{tier: {{name: {'T' * 40}__c}}}}", None),
    ("salesforce", "{tier: {name: Owner.Name, create: false}}", "Salesforce has no names like 'Owner.Name'"),
    ("salesforce", "{tier: {name: mqa_stage__C}}", "Tandem cannot create mqa_stage__C"),
    ("salesforce", "{tier: {name: mqa_STAGE__c}}", "is used for tier and for mqa_stage"),
    ("salesforce", "{tier: {name: Tandem_Id__c}}", "Tandem_Id__c of salesforce is used for the external id and"),
    ("salesforce", "{tier: {name: Website, create: false}}", "is used for the account's domain and for tier"),
    ("salesforce", f"{{tier: {{label: {'L' * 41}}}}}", "has 41 characters. Salesforce takes 40"),
    ("salesforce", f"{{tier: {{help: {'H' * 511}}}}}", "has 511 characters. Salesforce takes 510"),
    ("salesforce", "{tier: {unique: true}}", "an enum cannot be unique"),
    ("hubspot", "{tier: {name: Tier}}", "HubSpot refuses the name 'Tier'"),
    ("hubspot", f"{{tier: {{name: {'t' * 101}}}}}", "HubSpot refuses the name"),
    ("hubspot", "{tier: {name: hs_tier}}", "begins with hs_, which HubSpot keeps for itself"),
    ("hubspot", "{tier: {name: hs_tier, create: false}}", None),
    ("hubspot", "{tier: {name: tandem_id}}", "tandem_id of hubspot is used for the external id and for tier"),
    ("hubspot", "{tier: {name: tandem_mqa_stage}}", "is used for tier and for mqa_stage"),
    ("hubspot", "{tier: {name: t, builtin: hs_is_target_account}}", "is used for target_account and for tier"),
    ("hubspot", "{tiers: {name: t}}", "there is no canonical field tiers. Did you mean tier?"),
    ("hubspot", "{colour: {name: t}}", "there is no canonical field colour. Describe it in canonical.yaml."),
    ("hubspot", "{tier: {values: {tier_1: a, tier_2: a}}}", "tier_1 and tier_2 are both spelled 'a'"),
    ("hubspot", "{tier: {values: {tier_1: tier_2}}}", "tier_1 and tier_2 are both spelled 'tier_2'"),
    ("hubspot", "{tier: {values: {tier_9: a}}}", "tier has no value 'tier_9'. Its values are tier_1, tier_2, tier_3."),
    ("hubspot", "{tier: {values: {tier_1: 'a;b'}}}", "'a;b' contains ';'"),
    ("hubspot", "{owner: {values: {a: b}}}", "a user has no values to spell"),
    ("hubspot", "{tier: {labels: {tier_9: A}}}", "tier has no value 'tier_9' to label"),
    ("hubspot", "{tier: {labels: {tier_2: Tier 1}}}", "the label 'Tier 1' is used twice"),
    ("hubspot", "{tier: {stored_as_datetime: true}}", "tier is an enum, not a date"),
    ("hubspot", "{tier: {zone: UTC}}", "zone does nothing for a field that keeps no times"),
    ("hubspot", "{tier: {zone: Mars/Olympus}}", "there is no time zone 'Mars/Olympus'"),
    ("hubspot", "{tier: {length: 5}}", "an enum has no length"),
    ("hubspot", "{tier: {scale: 5}}", "an enum has no scale"),
    ("hubspot", "{engagement_score: {scale: 9}}", "scale is 9, more than all digits together"),
    ("hubspot", "{tier: {nmae: t}}", "unknown key fields.tier.nmae. Did you mean name?"),
]  # fmt: skip


@pytest.mark.parametrize(("system", "fields", "message"), SYSTEM_PROBLEMS)
def test_a_native_field_that_cannot_be_is_refused_on_its_line(
    tmp_path: Path, system: str, fields: str, message: str | None
) -> None:
    write(tmp_path, **{system: f"# a comment\nfields: {fields}\n"})
    if message is None:
        assert load(tmp_path, PAIR).systems[system].fields["tier"].name
        return
    found = problems(tmp_path)
    assert any(problem.startswith(f"{system}.yaml:2: ") and message in problem for problem in found), found


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"hubspot": "stages: {closedwon: won}"}, "stages.closedwon is 'won'. Use one of 'awareness'"),
        ({"hubspot": "stages: {12345: decision}"}, "stages.12345"),
        ({"hubspot": "identity: {name: domain}"}, "used for the account's name and for the account's domain"),
        ({"salesforce": "identity: {external_id: Id}"}, "Tandem cannot create Id"),
        ({"salesforce": "group: {name: x, label: X}"}, "Salesforce fields have no group"),
        ({"hubspot": "group: {name: Tandem Group}"}, "HubSpot refuses the name 'Tandem Group'"),
        ({"hubspot": "identitty: {name: x}"}, "unknown key identitty. Did you mean identity?"),
        ({"canonical": "fields: ["}, "Fix the YAML here"),
        ({"canonical": "a: b: c"}, "Fix the YAML here"),
        ({"canonical": "\x00"}, "holds zero bytes, so it is no text. Save it as UTF-8 text."),
        ({"canonical": "- fields"}, "the file is not a set of keys. Start with one of fields, people."),
        ({"salesfroce": "fields: {}"}, "the file would be ignored. Rename it to one of canonical.yaml,"),
        (
            {"canonical": "fields: {extra: {type: text}}"},
            "a field that is there: tandem provision adopt extra SYSTEM NATIVE_NAME.",
        ),
        (
            {
                "canonical": "fields: {extra: {type: text, rule: {direction: from_salesforce}}}",
                "hubspot": "fields: {extra: {name: extra}}",
            },
            "salesforce does not keep extra. Give it a native name there, or name one of hubspot.",
        ),
        (
            {
                "canonical": "fields: {extra: {type: text}}",
                "hubspot": "fields: {extra: {label: Extra}}",
            },
            "extra has no name here",
        ),
    ],
)  # fmt: skip
def test_a_file_that_cannot_be_is_refused(tmp_path: Path, files: dict[str, str], message: str) -> None:
    write(tmp_path, **files)
    found = problems(tmp_path)
    assert any(message in problem for problem in found), found


def test_every_problem_of_every_file_is_told_at_once(tmp_path: Path) -> None:
    write(
        tmp_path,
        canonical=(
            "fields:\n"
            "  tier:\n"
            "    lable: Tier\n"
            "  mqa_stage:\n"
            "    rule:\n"
            "      direction: from_dynamics\n"
            "  extra:\n"
            "    type: enum\n"
            "    rule: {dead_band: 2}\n"
        ),
        salesforce="fields:\n  tier: {name: Tier}\n  extra:\n    name: Extra\n",
        hubspot="group: {name: x\n",
        typo="",
    )
    assert [problem.split(": ", 1)[0] for problem in problems(tmp_path)] == [
        "canonical.yaml:3",
        "canonical.yaml:6",
        "canonical.yaml:7",
        "canonical.yaml:9",
        "hubspot.yaml:2",
        "salesforce.yaml:2",
        "salesforce.yaml:4",
        "typo.yaml",
    ]


def test_a_problem_of_two_systems_of_one_kind_is_told_once(tmp_path: Path) -> None:
    write(tmp_path, salesforce="fields: {tier: {name: Tier}}\n")
    assert len(problems(tmp_path, {"salesforce": "salesforce", "salesforce_emea": "salesforce"})) == 1


def test_a_folder_without_a_mapping_is_refused(tmp_path: Path) -> None:
    assert "the folder holds no mapping" in problems(tmp_path)[0]
    assert "there is no such folder" in problems(tmp_path / "missing")[0]


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "canonical.yaml").write_bytes(b"\xff\xfe\xff")
    (tmp_path / "hubspot.yaml").mkdir()
    found = problems(tmp_path)
    assert [problem.split(":")[0] for problem in found] == ["canonical.yaml", "hubspot.yaml"]
    assert "is UTF-16. Save it as UTF-8 text." in found[0]
    assert "is a folder, not a file. Name a file." in found[1]


def test_a_broken_field_is_not_reported_again_as_a_missing_one(tmp_path: Path) -> None:
    write(
        tmp_path,
        canonical="fields: {extra: {type: text, lenght: 5}}\n",
        hubspot="fields: {extra: {name: extra}}\n",
    )
    [problem] = problems(tmp_path)
    assert "Did you mean length?" in problem


def test_the_error_itself_lists_every_problem(tmp_path: Path) -> None:
    write(tmp_path, canonical="fields: {tier: {colour: 1, size: 2}}\n")
    with pytest.raises(MappingError, match=r"the mapping has 2 problems\n.*colour.*\n.*size"):
        load(tmp_path, PAIR)
