import pytest

from mappings.fields import Direction, DirectionKind, OnConflict, OnConflictKind
from mappings.files.load import load
from mappings.model import BuyerStage, Mapping
from tests.mappings.builders import STAGES, Users, a_field

PAIR = {"salesforce": "salesforce", "hubspot": "hubspot"}
USERS = Users({"005A": "jane@acme.com", "77": "jane@acme.com"})


@pytest.fixture(scope="module", name="mapping")
def built_in() -> Mapping:
    return load(None, PAIR)


LADDER = a_field("enum", options=STAGES, ladder=True)


def test_a_rank_is_the_rung_of_the_ladder() -> None:
    assert [LADDER.rank(stage) for stage in STAGES] == [0, 1, 2, 3, 4, 5]
    assert LADDER.rank(None) is None
    assert LADDER.rank("hot") is None
    assert a_field("enum", options=STAGES).rank("closed") is None


@pytest.mark.parametrize("text", ["two_way", "push", "none", "from_salesforce", "from_salesforce_emea"])
def test_a_direction_is_spelled_as_it_is_read(text: str) -> None:
    assert str(Direction.parse(text)) == text


@pytest.mark.parametrize("text", ["manual", "newest", "furthest", "salesforce_emea"])
def test_an_on_conflict_is_spelled_as_it_is_read(text: str) -> None:
    assert str(OnConflict.parse(text)) == text


def test_half_a_rule_cannot_be_made() -> None:
    for text in ("from_", "sideways", ""):
        with pytest.raises(ValueError, match="no direction"):
            Direction.parse(text)
    with pytest.raises(ValueError, match="empty"):
        OnConflict.parse("")
    with pytest.raises(ValueError, match="names a System"):
        Direction(kind=DirectionKind.FROM)
    with pytest.raises(ValueError, match="names a System"):
        OnConflict(kind=OnConflictKind.MANUAL, system="salesforce")


def test_a_record_is_read_field_by_field_and_keeps_each_reason(mapping: Mapping) -> None:
    read = mapping.translator("salesforce").read(
        {
            "Name": "Acme",
            "Target_Account__c": True,
            "ABM_Tier__c": "Platinum",
            "OwnerId": "00GQ",
            "Engagement_Score__c": 72.5,
        },
        USERS,
    )
    assert read.values == {"target_account": "true", "engagement_score": "72.5"}
    assert read.unreadable == {
        "tier": "'Platinum' is none of the options tier_1, tier_2, tier_3",
        "owner": "00GQ is no user with an e-mail that Tandem can see",
    }


def test_a_field_that_was_not_told_is_not_blank(mapping: Mapping) -> None:
    translator = mapping.translator("hubspot")
    assert translator.read({}, USERS) == ({}, {})
    assert translator.read({"tandem_tier": None}, USERS) == ({"tier": None}, {})


def test_a_record_is_written_in_native_names_and_keeps_each_reason(mapping: Mapping) -> None:
    translator = mapping.translator("hubspot")
    ready, unwritable = translator.write(
        {"owner": "jo@acme.com", "tier": None, "engagement_score": "101", "mqa_stage": "engaged"}, USERS
    )
    assert ready == {"tandem_tier": "", "tandem_mqa_stage": "engaged"}
    assert unwritable == {
        "owner": "no active user has the e-mail jo@acme.com",
        "engagement_score": "101 is above the greatest allowed value, 100",
    }
    assert translator.holds("engagement_score", "72.456") == "72.46"


def test_writing_a_field_that_the_system_does_not_keep_is_a_bug(mapping: Mapping) -> None:
    translator = mapping.translator("hubspot")
    assert translator.keeps("tier")
    assert not translator.keeps("colour")
    with pytest.raises(KeyError):
        translator.write({"colour": "red"}, USERS)


def test_a_system_tells_which_fields_to_read(mapping: Mapping) -> None:
    assert mapping.systems["salesforce"].native_names == (
        "Name",
        "Website",
        "Tandem_Id__c",
        "Target_Account__c",
        "ABM_Tier__c",
        "OwnerId",
        "Engagement_Score__c",
        "MQA_Stage__c",
    )
    assert mapping.systems["hubspot"].canonical_name("tandem_tier") == "tier"
    assert mapping.systems["hubspot"].canonical_name("domain") is None


@pytest.mark.parametrize(
    ("present", "target", "tier"),
    [
        (set(), "tandem_target_account", "tandem_tier"),
        ({"hs_is_target_account"}, "hs_is_target_account", "tandem_tier"),
        (
            {"hs_is_target_account", "hs_ideal_customer_profile"},
            "hs_is_target_account",
            "hs_ideal_customer_profile",
        ),
    ],
)
def test_hubspots_own_properties_are_used_where_the_portal_has_them(
    mapping: Mapping, present: set[str], target: str, tier: str
) -> None:
    fields = mapping.with_builtin("hubspot", present).systems["hubspot"].fields
    assert (fields["target_account"].name, fields["tier"].name) == (target, tier)
    assert fields["target_account"].create == (target == "tandem_target_account")
    assert mapping.systems["hubspot"].fields["tier"].name == "tandem_tier"


def test_a_property_in_use_is_not_left_when_hubspots_own_appears_later(mapping: Mapping) -> None:
    present = {"hs_is_target_account", "tandem_target_account"}
    fields = mapping.with_builtin("hubspot", present).systems["hubspot"].fields
    assert fields["target_account"].name == "tandem_target_account"


@pytest.mark.parametrize(
    ("stage", "closed", "won", "shared"),
    [
        ("Prospecting", False, False, BuyerStage.AWARENESS),
        ("Negotiation/Review", None, None, BuyerStage.DECISION),
        ("Closed Won", True, True, BuyerStage.CLOSED_WON),
        ("Closed Won", None, None, BuyerStage.CLOSED_WON),
        ("Closed Abandoned", True, False, BuyerStage.CLOSED_LOST),
        ("Signed", True, True, BuyerStage.CLOSED_WON),
        ("Closed Won", False, False, None),
        ("Pilot", False, False, None),
        (None, None, None, None),
    ],
)
def test_what_the_crm_says_about_closed_and_won_beats_the_name_of_the_stage(
    mapping: Mapping, stage: str | None, closed: bool | None, won: bool | None, shared: BuyerStage | None
) -> None:
    assert mapping.systems["salesforce"].buyer_stage(stage, closed=closed, won=won) is shared


def test_every_default_deal_stage_has_a_buyer_stage(mapping: Mapping) -> None:
    hubspot = mapping.systems["hubspot"]
    assert hubspot.buyer_stage("appointmentscheduled", closed=False, won=False) is BuyerStage.AWARENESS
    assert set(hubspot.stages.values()) == set(BuyerStage)
    assert set(mapping.systems["salesforce"].stages.values()) == set(BuyerStage)
    assert not BuyerStage.DECISION.is_closed
