"""Ladders and opportunity stages in every state in which they can stand, and what is said about each."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from connector.schemas import Stage
from mappings.files.load import load
from mappings.model import Mapping
from mappings.systems import BuyerStage
from provision.fields.compare import compare
from provision.fields.state import Action, Standing, StandingField, StandingOption, StandingRecordType
from provision.stages.findings import Counted, Kind, StageFinding
from provision.stages.ladders import Ladder, ladder_findings, ladders
from provision.stages.missing import Compared, compare_stages, stage_lines
from provision.stages.opportunity import agreed_names, opportunity_findings, propose_buyer_stage

PAIR = {"salesforce": "salesforce", "hubspot": "hubspot"}
MAPPING = load(None, PAIR)
RUNGS = ("identified", "awareness", "engaged", "evaluating", "negotiating", "closed")
BOTH = pytest.mark.parametrize("system", ["salesforce", "hubspot"])


def ladder(system: str, mapping: Mapping = MAPPING) -> Ladder:
    (found,) = ladders(mapping, system)
    return found


def standing_field(of: Ladder, options: Sequence[StandingOption] | None = None, **more: Any) -> StandingField:
    wanted = of.wanted
    right = tuple(StandingOption(value=option.value, label=option.label) for option in wanted.options)
    values: dict[str, Any] = {
        "label": wanted.label,
        "type": wanted.type,
        "help": wanted.help,
        "restricted": True,
        "custom": wanted.create,
        "options": right if options is None else tuple(options),
        **more,
    }
    return StandingField(name=wanted.name, native_type="Picklist", **values)


def judged(
    of: Ladder,
    field: StandingField | None,
    counted: Counted | None = None,
    *,
    mapping: Mapping = MAPPING,
    record_types: dict[str, StandingRecordType] | None = None,
) -> tuple[StageFinding, ...]:
    standing = Standing(
        object=of.object, fields={field.name: field} if field else {}, record_types=record_types or {}
    )
    lines = compare(mapping, of.system, standing)
    return ladder_findings(of, standing, lines, counted or Counted())


def options(of: Ladder, *values: str) -> list[StandingOption]:
    labels = {option.value: option.label for option in of.wanted.options}
    return [StandingOption(value=value, label=labels.get(value, value)) for value in values]


# -- a ladder ------------------------------------------------------------------------------------------------


@BOTH
def test_a_ladder_in_order_has_no_findings(system: str) -> None:
    assert judged(ladder(system), standing_field(ladder(system))) == ()


@BOTH
def test_each_way_of_drifting_is_a_finding_of_its_own(system: str) -> None:
    of = ladder(system)
    held = options(of, "awareness", "identified", "engaged", "negotiating", "closed", "prospect")
    held[3] = replace(held[3], active=False)
    held[4] = replace(held[4], label="Signed!")
    found = judged(of, standing_field(of, held), Counted(values={"prospect": 12}))
    told = {(finding.kind, finding.value, finding.stands, finding.should) for finding in found}
    assert told == {
        (Kind.MISSING, "evaluating", "missing", "Evaluating"),
        (Kind.INACTIVE, "negotiating", "inactive", "active"),
        (Kind.LABEL, "closed", "Signed!", "Closed"),
        (
            Kind.ORDER,
            "",
            "awareness, identified, engaged, negotiating, closed",
            "identified, awareness, engaged, negotiating, closed",
        ),
        (Kind.OFF_CONTRACT, "prospect", "can be chosen", ""),
    }
    assert all(finding.drift for finding in found)
    assert [finding.kind for finding in found if not finding.fixable] == [Kind.OFF_CONTRACT]


@BOTH
def test_a_value_beyond_the_contract_comes_with_its_records_and_what_it_most_likely_means(
    system: str,
) -> None:
    of = ladder(system)
    held = options(of, *RUNGS, "Demo Scheduled", "Verhandlung", "Zebra")
    found = judged(of, standing_field(of, held), Counted(values={"Verhandlung": 40, "Demo Scheduled": 3}))
    assert [(finding.value, finding.records, finding.proposal) for finding in found] == [
        ("Verhandlung", 40, "negotiating"),
        ("Demo Scheduled", 3, "evaluating"),
        ("Zebra", 0, "closed"),
    ]
    assert "in German" in found[0].because
    assert "stands behind closed" in found[2].because
    assert 'read_as: {"Demo Scheduled": evaluating}' in found[1].remedy


@BOTH
def test_a_retired_value_matters_only_while_records_carry_it(system: str) -> None:
    of = ladder(system)
    held = [*options(of, *RUNGS), StandingOption(value="old", label="Old", active=False)]
    assert judged(of, standing_field(of, held)) == ()
    (found,) = judged(of, standing_field(of, held), Counted(values={"old": 7}))
    assert (found.kind, found.stands, found.records) == (Kind.OFF_CONTRACT, "inactive", 7)


@BOTH
def test_a_value_that_records_carry_and_no_option_has_is_told(system: str) -> None:
    of = ladder(system)
    (found,) = judged(of, standing_field(of), Counted(values={"Negotiating ": 2}))
    assert (found.kind, found.stands, found.proposal) == (
        Kind.OFF_CONTRACT,
        "not among the options",
        "negotiating",
    )
    (found,) = judged(of, standing_field(of), Counted(others=31))
    assert (found.stands, found.records, found.drift) == ("further values", 31, True)


@BOTH
def test_a_value_that_is_read_as_a_rung_is_in_order(system: str, tmp_path: Path) -> None:
    (tmp_path / f"{system}.yaml").write_text("fields: {mqa_stage: {read_as: {Prospect: identified}}}\n")
    mapping = load(tmp_path, PAIR)
    of = ladder(system, mapping)
    assert of.meaning["Prospect"] == "identified"
    assert judged(of, standing_field(of, options(of, *RUNGS, "Prospect")), mapping=mapping) == ()


@BOTH
def test_a_field_that_is_missing_hidden_or_of_another_type_is_told_once_and_no_value_of_it(
    system: str,
) -> None:
    of = ladder(system)
    (missing,) = judged(of, None)
    assert (missing.kind, missing.stands, missing.fixable) == (Kind.FIELD, "missing", True)
    (wrong,) = judged(of, standing_field(of, type=None))
    assert (wrong.kind, wrong.label, wrong.fixable, wrong.drift) == (Kind.FIELD, "type", False, True)


@BOTH
def test_entry_criteria_that_nobody_can_read_there_are_drift(system: str) -> None:
    of = ladder(system)
    assert "A discovery call was held" in of.wanted.help
    (found,) = judged(of, standing_field(of, help="Stage."))
    assert (found.kind, found.label, found.stands, found.fixable) == (Kind.FIELD, "help", "Stage.", True)


def test_a_record_type_that_offers_a_part_of_the_ladder_is_drift_and_mended() -> None:
    of = ladder("salesforce")
    kinds = {
        "Partner": StandingRecordType(label="Partner", offers={of.wanted.name: frozenset(RUNGS[:4])}),
        "Customer": StandingRecordType(label="Customer", offers={of.wanted.name: frozenset(RUNGS)}),
    }
    (found,) = judged(of, standing_field(of), record_types=kinds)
    assert (found.kind, found.value, found.should) == (Kind.NOT_OFFERED, "Partner", "negotiating, closed")
    assert (found.drift, found.fixable) == (True, True)


def test_a_record_type_of_which_nobody_can_tell_is_told_and_no_drift() -> None:
    of = ladder("salesforce")
    hidden = {"Partner": StandingRecordType(label="Partner", offers={})}
    (found,) = judged(of, standing_field(of), record_types=hidden)
    assert (found.kind, found.stands, found.drift) == (Kind.NOTE, "Partner", False)


LIFECYCLE = """
fields:
  mqa_stage:
    name: lifecyclestage
    create: false
    values: {identified: subscriber, awareness: lead, engaged: marketingqualifiedlead, evaluating: salesqualifiedlead,
             negotiating: opportunity, closed: customer}
    labels: {engaged: MQL}
"""


def test_lifecycle_stages_are_compared_where_they_are_mapped_and_never_changed(tmp_path: Path) -> None:
    (tmp_path / "hubspot.yaml").write_text(LIFECYCLE)
    mapping = load(tmp_path, PAIR)
    of = ladder("hubspot", mapping)
    values = ["lead", "subscriber", "marketingqualifiedlead", "opportunity", "customer", "evangelist"]
    held = standing_field(of, options(of, *values), changeable=False)
    held = replace(
        held,
        options=tuple(
            replace(option, label="Marketing Qualified Lead")
            if option.value.startswith("marketing")
            else option
            for option in held.options
        ),
    )
    found = {finding.kind: finding for finding in judged(of, held, mapping=mapping)}
    assert set(found) == {Kind.MISSING, Kind.LABEL, Kind.ORDER, Kind.OFF_CONTRACT}
    assert found[Kind.MISSING].value == "salesqualifiedlead"
    assert (found[Kind.LABEL].stands, found[Kind.LABEL].should) == ("Marketing Qualified Lead", "MQL")
    assert not any(finding.fixable for finding in found.values())
    assert not found[Kind.ORDER].drift
    assert "the order of the contract" in found[Kind.ORDER].does


def test_a_ladder_of_57_rungs_is_judged_value_by_value(tmp_path: Path) -> None:
    rungs = "\n".join(
        f"      - {{value: r{n}, label: 'Rung {n}', owner: sales, description: 'Criterion number {n} is met by all.'}}"
        for n in range(57)
    )
    (tmp_path / "canonical.yaml").write_text(f"fields:\n  mqa_stage:\n    ladder:\n{rungs}\n")
    mapping = load(tmp_path, PAIR)
    of = ladder("salesforce", mapping)
    assert len(of.values) == 57
    assert len(of.wanted.help) <= 510
    (cut,) = judged(of, standing_field(of), mapping=mapping)
    assert (cut.kind, cut.stands, cut.drift) == (Kind.CRITERIA, "57 of 57 rungs", False)
    assert (
        judged(ladder("hubspot", mapping), standing_field(ladder("hubspot", mapping)), mapping=mapping) == ()
    )
    held = [option for option in standing_field(of).options if option.value not in {"r7", "r31"}]
    held[20], held[21] = held[21], held[20]
    found = judged(of, standing_field(of, held), mapping=mapping)
    assert [(finding.kind, finding.value) for finding in found] == [
        (Kind.CRITERIA, ""),
        (Kind.MISSING, "r7"),
        (Kind.MISSING, "r31"),
        (Kind.ORDER, ""),
    ]


# -- opportunity stages --------------------------------------------------------------------------------------


def stage(
    id: str,
    label: str | None = None,
    *,
    at: float = 0.5,
    ends: str = "",
    pipeline: str | None = None,
    active: bool = True,
    order: int = 0,
) -> Stage:
    return Stage(
        id=id,
        label=label or id,
        pipeline=pipeline,
        pipeline_label=f"Pipeline {pipeline}" if pipeline else None,
        order=order,
        closed=bool(ends),
        won=ends == "won",
        probability=at,
        active=active,
    )


WON, LOST = stage("Closed Won", at=1.0, ends="won"), stage("Closed Lost", at=0.0, ends="lost")


def told(
    *stages: Stage, system: str = "salesforce", counted: dict[str, int] | None = None, **mapped: str
) -> list[StageFinding]:
    """What is said of these stages beside one won and one lost; every open one is mapped unless told otherwise."""
    spelled = MAPPING.systems[system]
    given = {one.id: BuyerStage.DECISION for one in stages if not one.closed}
    given |= {key: BuyerStage(value) for key, value in mapped.items() if value}
    known = {key: value for key, value in given.items() if mapped.get(key, "x")}
    pipeline = stages[0].pipeline if stages else None
    ends = [replace(one, pipeline=pipeline) for one in (WON, LOST)]
    return list(
        opportunity_findings(
            replace(spelled, stages=known), [*stages, *ends], Counted(values=counted or {}), {}
        )
    )


def test_a_stage_that_is_mapped_or_closed_needs_nothing_more() -> None:
    assert told(stage("Proposal")) == []
    assert told() == []


def test_an_open_stage_that_nobody_mapped_is_drift_with_a_proposal() -> None:
    (found,) = told(stage("Proposal", at=0.75), counted={"Proposal": 9}, Proposal="")
    assert (found.kind, found.drift, found.proposal, found.records) == (Kind.UNMAPPED, True, "decision", 9)
    assert found.does == "gives its records no buyer stage"


def test_f56_a_renamed_stage_and_two_won_stages_go_by_their_flags() -> None:
    renamed = stage("Signed", "Unterschrieben und ins Archiv", at=1.0, ends="won")
    found = told(renamed)
    assert {(one.kind, one.value) for one in found} >= {
        (Kind.CONTRADICTION, "Signed"),
        (Kind.CONTRADICTION, "Closed Won"),
    }
    assert all("one of 2 won stages" in one.reason for one in found if one.kind is Kind.CONTRADICTION)
    assert all(
        one.does == "counts each of them as closed_won" for one in found if one.kind is Kind.CONTRADICTION
    )
    assert not any(one.drift for one in found)
    assert MAPPING.systems["salesforce"].buyer_stage("Signed", closed=True, won=True) is BuyerStage.CLOSED_WON


def test_f99_closed_lost_at_80_percent_that_is_not_closed_is_open() -> None:
    (found,) = told(stage("1234", "Closed lost", at=0.8, pipeline="default"), system="hubspot")[:1]
    assert found.value == "1234"
    assert (found.kind, found.drift) == (Kind.CONTRADICTION, False)
    assert found.reason == "its name says lost, and it is not closed"
    assert found.does == "counts it as decision: names decide nothing"


@pytest.mark.parametrize(
    ("odd", "system", "reason", "does"),
    [
        (stage("S", at=0.0, ends="won"), "salesforce", "won at 0 %", "counts it as closed_won"),
        (stage("L", at=0.3, ends="lost"), "salesforce", "lost at 30 %", "counts it as closed_lost"),
        (stage("C", at=1.0), "salesforce", "certain at 100 %, and not closed", "counts it as decision"),
        (
            stage("W", "Closed Won by partner"),
            "salesforce",
            "its name says won, and it is not closed",
            "counts it as decision",
        ),
        (
            stage("X", "Closed Won?", at=0.0, ends="lost"),
            "salesforce",
            "its name says won, and the CRM says lost",
            "counts it as closed_lost",
        ),
        (
            stage("N", "New inquiry", at=0.0, ends="lost", pipeline="p"),
            "hubspot",
            "0 % makes it lost, and its name does not say so",
            "counts it as closed_lost",
        ),
        (
            stage("I", "Invoice out", at=1.0, ends="won", pipeline="p"),
            "hubspot",
            "100 % makes it won, and its name does not say so",
            "counts it as closed_won",
        ),
        (
            stage("closed won", "CLOSED won", at=0.4),
            "salesforce",
            "named like 'CLOSED won' (closed won)",
            "tells the two apart by their ids",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_each_contradiction_is_told_with_what_tandem_does(
    odd: Stage, system: str, reason: str, does: str
) -> None:
    found = told(odd, system=system)
    assert any(one.reason == reason and one.does.startswith(does) for one in found), found
    assert all(one.remedy for one in found if one.kind is Kind.CONTRADICTION)
    assert not any(one.drift for one in found)


def test_an_inactive_stage_matters_only_while_records_stand_in_it() -> None:
    retired = stage("Stalled", active=False)
    assert told(retired) == []
    (found,) = told(retired, counted={"Stalled": 5})
    assert (found.kind, found.records, found.drift) == (Kind.LEFT_BEHIND, 5, False)
    unmapped = told(retired, counted={"Stalled": 5}, Stalled="")
    assert [(one.kind, one.drift) for one in unmapped] == [(Kind.UNMAPPED, True), (Kind.LEFT_BEHIND, False)]
    assert told(retired, Stalled="") == []


def test_records_in_a_stage_that_nobody_defines_are_told() -> None:
    (found,) = told(counted={"999": 4})
    assert (found.kind, found.stands, found.records, found.drift) == (
        Kind.LEFT_BEHIND,
        "not defined",
        4,
        True,
    )


def test_a_mapping_that_the_flags_overrule_is_drift_only_where_a_deal_would_lose_its_stage() -> None:
    (lost,) = told(stage("Handshake"), Handshake="closed_won")
    assert (lost.kind, lost.drift) == (Kind.OVERRULED, True)
    closed = told(stage("Zebra", at=0.0, ends="lost"), Zebra="decision")
    assert [(one.kind, one.drift, one.should) for one in closed] == [(Kind.OVERRULED, False, "closed_lost")]


def test_a_mapped_stage_that_is_gone_is_worth_a_note() -> None:
    (found,) = told(Prospecting="awareness")
    assert (found.kind, found.drift, found.value) == (Kind.GONE, False, "Prospecting")


def test_a_pipeline_in_which_nothing_can_be_won_is_told() -> None:
    system = replace(MAPPING.systems["hubspot"], stages={"a": BuyerStage.AWARENESS})
    (found,) = opportunity_findings(system, [stage("a", "Alpha", pipeline="p")], Counted(), {})
    assert (found.kind, found.pipeline) == (Kind.CONTRADICTION, "Pipeline p")
    assert "nothing can be" in found.reason


def test_labels_in_other_languages_need_no_translation() -> None:
    found = told(stage("Negotiation", "Verhandlung"), stage("P1", "Новая сделка"))
    assert [(one.kind, one.reason) for one in found] == [
        (Kind.NOTE, "named in German"),
        (Kind.NOTE, "named in another script"),
    ]
    assert "knows it by its id 'Negotiation'" in found[0].does


JAPANESE = [
    stage("s1", "新規開拓", at=0.1),
    stage("s2", "ニーズ分析", at=0.3),
    stage("s3", "見積", at=0.6),
    stage("s4", "受注", at=1.0, ends="won"),
    stage("s5", "失注", at=0.0, ends="lost"),
]


def test_a_ladder_in_another_language_is_proposed_stage_by_stage() -> None:
    found = [propose_buyer_stage(one, JAPANESE, {}).value for one in JAPANESE]
    assert found == ["awareness", "consideration", "decision", "closed_won", "closed_lost"]


def test_without_words_the_probability_and_then_the_place_decide() -> None:
    named = [stage(f"z{n}", f"Zebra {chr(65 + n)}", at=at) for n, at in enumerate((0.1, 0.4, 0.9))]
    assert [propose_buyer_stage(one, named, {}).value for one in named] == [
        "awareness",
        "consideration",
        "decision",
    ]
    flat = [replace(one, probability=0.0) for one in named]
    guesses = [propose_buyer_stage(one, flat, {}) for one in flat]
    assert [guess.value for guess in guesses] == ["awareness", "consideration", "decision"]
    assert guesses[0].reason == "by its place alone, 1 of 3"
    assert not any(guess.sure for guess in guesses)


def test_57_stages_of_one_org_are_all_placed_in_order() -> None:
    many = [stage(f"s{n}", f"Zebra {n:02} q", at=round(0.01 + n * 0.0175, 4)) for n in range(56)]
    ranks = ["awareness", "consideration", "decision"]
    places = [ranks.index(propose_buyer_stage(one, many, {}).value) for one in many]
    assert places == sorted(places)
    assert set(places) == {0, 1, 2}
    found = told(*many, counted=None, **{one.id: "" for one in many})
    assert [one.kind for one in found] == [Kind.UNMAPPED] * 56


def test_what_another_system_calls_the_same_is_mapped_the_same() -> None:
    salesforce = replace(MAPPING.systems["salesforce"], stages={"P9": BuyerStage.CONSIDERATION})
    agreed = agreed_names([(salesforce, [stage("P9", "Zebra Crossing")])], besides="hubspot")
    proposal = propose_buyer_stage(stage("17", "zebra crossing", at=0.9), [], agreed)
    assert (proposal.value, proposal.sure) == ("consideration", True)
    assert agreed_names([(salesforce, [stage("P9")])], besides="salesforce") == {}


# -- stages that one System lacks ----------------------------------------------------------------------------

HUBSPOT, SALESFORCE = MAPPING.systems["hubspot"], MAPPING.systems["salesforce"]


def missing(kind: str, have: Sequence[Stage], model: Sequence[Stage]) -> Compared:
    return compare_stages(MAPPING.systems[kind].kind, have, {"model": model})


def test_stages_that_are_missing_come_behind_those_that_they_stand_behind() -> None:
    have = [stage("a", "Alpha", at=0.2), stage("c", "Gamma", at=0.6), WON, LOST]
    model = [
        stage("x", "ALPHA", at=0.3),
        stage("y", "Beta", at=0.1),
        stage("z", "Gam ma", at=0.5),
        stage("v", "Delta", at=0.9),
        stage("w", "Signed", at=1.0, ends="won"),
        stage("u", "Renewed", at=1.0, ends="won"),
    ]
    found = missing("salesforce", have, model)
    assert [(one.stage.label, one.stage.order) for one in found.missing] == [
        ("Beta", 1),
        ("Delta", 3),
        ("Signed", 6),
        ("Renewed", 7),
    ]
    assert found.other == ()


def test_an_open_stage_is_never_made_at_a_probability_that_would_close_it_in_hubspot() -> None:
    have = [stage("closedwon", "Closed Won", at=1.0, ends="won", pipeline="default")]
    model = [stage("New", at=0.0), stage("Sure", at=1.0), stage("Gone", at=0.4, ends="lost")]
    found = missing("hubspot", have, model)
    assert [(one.stage.label, one.stage.probability, one.stage.pipeline) for one in found.missing] == [
        ("New", 0.01, "default"),
        ("Sure", 0.99, "default"),
        ("Gone", 0.0, "default"),
    ]
    lines = stage_lines(HUBSPOT, found, standing=1)
    assert [line.reason for line in lines] == [
        "model has it; 0 % would close it here",
        "model has it; 100 % would close it here",
        "model has it; lost is 0 % here",
    ]


def test_a_stage_of_the_same_name_and_another_meaning_is_told_and_left_alone() -> None:
    found = missing("salesforce", [stage("Signed", at=0.9)], [stage("9", "signed", at=1.0, ends="won")])
    (line,) = stage_lines(SALESFORCE, found, standing=1)
    assert (line.action, line.stands, line.should, line.blocks) == (
        Action.WRONG,
        "open at 90 %",
        "won",
        False,
    )


def test_a_retired_stage_comes_back_as_it_was_or_is_told_where_it_meant_something_else() -> None:
    have = [
        stage("Neg", "Negotiation", at=0.7, active=False),
        stage("Sent", at=0.0, ends="lost", active=False),
        WON,
    ]
    found = missing("salesforce", have, [stage("1", "Negotiation", at=0.9), stage("2", "Sent", at=0.8)])
    back, told = stage_lines(SALESFORCE, found, standing=1)
    assert (back.action, back.stands, back.should) == (Action.CREATE, "retired", "open at 70 %, place 1")
    assert "comes back as it was" in back.reason
    (one,) = found.missing
    assert (one.stage.id, one.stage.active) == ("Neg", True)
    assert (told.action, told.stands, told.should) == (Action.WRONG, "retired, lost", "open at 80 %")


def test_the_only_stage_of_a_system_that_is_won_or_lost_is_the_others_whatever_it_is_called() -> None:
    have = [stage("1", "Gewonnen", at=1.0, ends="won", pipeline="p"), stage("2", "Nein", at=0.0, ends="lost")]
    gone = stage("Abandoned", at=0.0, ends="lost")
    found = missing("hubspot", have, [WON, LOST])
    assert (found.missing, [held.label for _, held in found.same]) == ((), ["Gewonnen", "Nein"])
    lines = stage_lines(HUBSPOT, found, standing=2)
    assert {line.action for line in lines} == {Action.KEEP}
    # Where one of them tells several ends apart, nobody can say which is which.
    found = missing("hubspot", have, [WON, LOST, gone])
    assert [one.stage.label for one in found.missing] == [LOST.label, "Abandoned"]


def test_inactive_stages_are_no_model() -> None:
    assert missing("salesforce", [], [stage("Old", active=False)]) == Compared()


def test_more_than_a_hundred_stages_in_a_pipeline_are_refused_before_the_first_is_made() -> None:
    have = [stage(f"s{n}", f"S {n}", pipeline="p") for n in range(90)]
    found = missing("hubspot", have, [stage(f"t{n}", f"T {n}") for n in range(11)])
    (line,) = stage_lines(HUBSPOT, found, standing=90)
    assert line.blocks
    assert (line.stands, line.should) == ("90 stages", "101 stages")
