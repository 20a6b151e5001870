from pathlib import Path

import pytest

from mappings.fields import FieldType
from mappings.files.load import load
from mappings.model import DesiredField, Mapping

PAIR = {"salesforce": "salesforce", "hubspot": "hubspot"}


@pytest.fixture(scope="module", name="mapping")
def built_in() -> Mapping:
    return load(None, PAIR)


def by_name(mapping: Mapping, system: str) -> dict[str, DesiredField]:
    return {desired.name: desired for desired in mapping.definitions(system)}


@pytest.mark.parametrize(("system", "name"), [("salesforce", "Tandem_Id__c"), ("hubspot", "tandem_id")])
def test_the_external_id_comes_first_and_is_unique_text(mapping: Mapping, system: str, name: str) -> None:
    first = mapping.definitions(system)[0]
    assert (first.name, first.canonical, first.type) == (name, None, FieldType.TEXT)
    assert first.unique
    assert first.external_id
    assert first.create
    assert first.length is not None


def test_the_five_fields_are_defined_in_salesforce_as_agreed(mapping: Mapping) -> None:
    fields = by_name(mapping, "salesforce")
    assert list(fields) == [
        "Tandem_Id__c",
        "Target_Account__c",
        "ABM_Tier__c",
        "OwnerId",
        "Engagement_Score__c",
        "MQA_Stage__c",
    ]
    score = fields["Engagement_Score__c"]
    assert (score.type, score.precision, score.scale) == (FieldType.NUMBER, 5, 2)
    assert not fields["OwnerId"].create
    tier = fields["ABM_Tier__c"]
    assert tier.restricted
    assert [(option.value, option.label, option.order) for option in tier.options] == [
        ("tier_1", "Tier 1", 0),
        ("tier_2", "Tier 2", 1),
        ("tier_3", "Tier 3", 2),
    ]
    assert tier.group is None


def test_the_ladder_is_defined_rung_by_rung_with_its_criteria(mapping: Mapping) -> None:
    for system, name in (("salesforce", "MQA_Stage__c"), ("hubspot", "tandem_mqa_stage")):
        stage = by_name(mapping, system)[name]
        assert [option.value for option in stage.options] == [
            "identified",
            "awareness",
            "engaged",
            "evaluating",
            "negotiating",
            "closed",
        ]
        assert all(option.description for option in stage.options)


def test_hubspot_properties_stand_in_tandems_group(mapping: Mapping) -> None:
    for desired in mapping.definitions("hubspot"):
        assert desired.group is not None
        assert (desired.group.name, desired.group.label) == ("tandem", "Tandem")


def test_a_vendors_own_property_is_never_ours_to_create(mapping: Mapping) -> None:
    chosen = mapping.with_builtin("hubspot", {"hs_is_target_account"})
    assert not by_name(chosen, "hubspot")["hs_is_target_account"].create


def test_a_system_may_spell_labels_options_and_limits_its_own_way(tmp_path: Path) -> None:
    (tmp_path / "canonical.yaml").write_text(
        "fields:\n"
        "  summary: {type: text, help: Shared help}\n"
        "  renewal: {type: date}\n"
        "  revenue: {type: currency}\n"
        "  ratio: {type: number}\n"
    )
    (tmp_path / "salesforce.yaml").write_text(
        "fields:\n"
        "  tier: {values: {tier_1: T1, tier_3: null}, labels: {tier_1: Top}}\n"
        "  summary: {name: Summary__c, length: 80, unique: true, label: Short summary, help: Mine}\n"
        "  renewal: {name: Renewal__c, stored_as_datetime: true, zone: Europe/Berlin}\n"
        "  revenue: {name: Revenue__c}\n"
        "  ratio: {name: Ratio__c, precision: 4}\n"
    )
    (tmp_path / "hubspot.yaml").write_text("fields:\n  revenue: {name: tandem_revenue}\n")
    mapping = load(tmp_path, PAIR)
    fields = by_name(mapping, "salesforce")
    assert [(option.value, option.label, option.order) for option in fields["ABM_Tier__c"].options] == [
        ("T1", "Top", 0),
        ("tier_2", "Tier 2", 1),
    ]
    summary = fields["Summary__c"]
    assert (summary.label, summary.help, summary.length, summary.unique) == (
        "Short summary",
        "Mine",
        80,
        True,
    )
    assert fields["Renewal__c"].type is FieldType.DATETIME
    assert (fields["Revenue__c"].precision, fields["Revenue__c"].scale) == (18, 2)
    assert (fields["Ratio__c"].precision, fields["Ratio__c"].scale) == (4, 4)
    assert by_name(mapping, "hubspot")["tandem_revenue"].precision is None
