"""What a ladder may hold, what else is read as one of its rungs, and where its entry criteria are shown."""

from pathlib import Path

import pytest

from mappings.definitions import SALESFORCE_HELP_LENGTH, Rung, help_with_criteria
from mappings.errors import MappingError, Unreadable
from mappings.files.load import load
from mappings.model import Mapping
from tests.mappings.builders import NOBODY

PAIR = {"salesforce": "salesforce", "hubspot": "hubspot"}


def loaded(folder: Path, **files: str) -> Mapping:
    for name, text in files.items():
        (folder / f"{name}.yaml").write_text(text, encoding="utf-8")
    return load(folder, PAIR)


def problems(folder: Path, **files: str) -> list[tuple[str, int | None, str]]:
    with pytest.raises(MappingError) as refused:
        loaded(folder, **files)
    return [(Path(problem.file).name, problem.line, problem.message) for problem in refused.value.problems]


# -- further values ------------------------------------------------------------------------------------------


def test_a_further_value_is_read_as_a_rung_and_the_rung_is_written_as_its_own(tmp_path: Path) -> None:
    mapping = loaded(tmp_path, salesforce="fields:\n  mqa_stage:\n    read_as: {Warm: engaged}\n")
    translator = mapping.translator("salesforce")
    read = translator.read({"MQA_Stage__c": "Warm"}, NOBODY)
    assert (read.values, read.unreadable) == ({"mqa_stage": "engaged"}, {})
    assert translator.write({"mqa_stage": "engaged"}, NOBODY).values == {"MQA_Stage__c": "engaged"}
    hubspot = mapping.translator("hubspot").read({"tandem_mqa_stage": "Warm"}, NOBODY)
    assert "mqa_stage" in hubspot.unreadable
    assert mapping.definitions("salesforce")[-1].read_as == ("Warm",)


def test_what_cannot_be_read_as_anything_is_told_with_file_and_line(tmp_path: Path) -> None:
    text = """\
fields:
  mqa_stage:
    values: {awareness: Aware}
    read_as:
      Warm: hot
      Aware: engaged
      engaged: engaged
  engagement_score:
    read_as: {"100": closed}
"""
    assert problems(tmp_path, salesforce=text) == [
        ("salesforce.yaml", 5, "mqa_stage has no value 'hot'"),
        ("salesforce.yaml", 6, "'Aware' already means awareness"),
        ("salesforce.yaml", 9, "a number has no values to read"),
    ]


def test_a_value_that_nobody_mapped_stays_unreadable() -> None:
    mapping = load(None, PAIR)
    read = mapping.translator("salesforce").read({"MQA_Stage__c": "Warm"}, NOBODY)
    assert "Warm" in read.unreadable["mqa_stage"]
    assert issubclass(Unreadable, Exception)


# -- bad ladders ---------------------------------------------------------------------------------------------


def test_all_that_is_wrong_with_a_ladder_is_told_at_once_with_file_and_line(tmp_path: Path) -> None:
    long = "L" * 256
    text = f"""\
fields:
  mqa_stage:
    ladder:
      - {{value: one, label: One}}
      - {{value: one, label: Uno}}
      - {{value: two, label: {long}}}
      - {{value: three, label: one}}
"""
    assert problems(tmp_path, canonical=text) == [
        ("canonical.yaml", 5, "the value one is listed twice"),
        ("canonical.yaml", 6, "this label has 256 characters"),
        ("canonical.yaml", 7, "the label 'one' is used twice"),
    ]


def test_values_and_labels_of_one_system_are_judged_as_the_canonical_ones_are(tmp_path: Path) -> None:
    long = "L" * 256
    text = f"""\
fields:
  mqa_stage:
    labels: {{identified: {long}}}
    values: {{awareness: {long}}}
stages:
  Prospecting: awarenes
  Qualification: later
"""
    assert problems(tmp_path, salesforce=text) == [
        ("salesforce.yaml", 3, "this label has 256 characters"),
        ("salesforce.yaml", 4, "this value has 256 characters"),
        ("salesforce.yaml", 6, "stages.Prospecting is 'awarenes'"),
        ("salesforce.yaml", 7, "stages.Qualification is 'later'"),
    ]


def test_values_that_differ_in_capitals_alone_are_one_to_salesforce(tmp_path: Path) -> None:
    text = (
        "fields:\n  mqa_stage:\n    ladder:\n      - {value: won, label: A}\n      - {value: Won, label: B}\n"
    )
    told = problems(tmp_path, canonical=text)
    assert [message for _, _, message in told] == ["'won' and 'Won' differ in capitals alone"]


def test_more_values_than_a_crm_takes_are_refused(tmp_path: Path) -> None:
    rungs = "\n".join(f"      - {{value: r{n}, label: R{n}}}" for n in range(1001))
    told = problems(tmp_path, canonical=f"fields:\n  mqa_stage:\n    ladder:\n{rungs}\n")
    assert [message for _, _, message in told] == ["mqa_stage has 1,001 values"]


def test_closed_stages_need_no_mapping(tmp_path: Path) -> None:
    mapping = loaded(tmp_path, hubspot='stages:\n  "41000001": decision\n')
    system = mapping.systems["hubspot"]
    assert system.buyer_stage("closedwon", closed=True, won=True) == "closed_won"
    assert system.buyer_stage("closedwon", closed=False, won=False) is None


# -- entry criteria ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("system", ["salesforce", "hubspot"])
def test_the_help_of_a_ladder_carries_every_rungs_entry_criteria(system: str) -> None:
    mapping = load(None, PAIR)
    (ladder,) = [field for field in mapping.definitions(system) if field.canonical == "mqa_stage"]
    for option in mapping.fields["mqa_stage"].options:
        assert f"{option.label}" in ladder.help
        assert option.description in ladder.help
    assert len(ladder.help) <= SALESFORCE_HELP_LENGTH or system == "hubspot"


def test_a_help_for_one_system_alone_is_kept_word_for_word(tmp_path: Path) -> None:
    mapping = loaded(tmp_path, salesforce="fields:\n  mqa_stage:\n    help: Ask Jana.\n")
    (ladder,) = [field for field in mapping.definitions("salesforce") if field.canonical == "mqa_stage"]
    assert ladder.help == "Ask Jana."


def rungs(number: int, words: int) -> list[Rung]:
    return [Rung(label=f"Rung {n}", owner="sales", criteria=("word " * words).strip()) for n in range(number)]


def test_what_does_not_fit_goes_in_its_order() -> None:
    some = rungs(4, 10)
    whole = help_with_criteria("How far.", some, None)
    assert whole.startswith("How far. • Rung 0 (sales): word")
    no_owners = help_with_criteria("How far.", some, len(whole) - 1)
    assert "(sales)" not in no_owners
    assert no_owners.startswith("How far. • Rung 0: word")
    alone = help_with_criteria("How far.", some, len(no_owners) - 1)
    assert alone.startswith("Rung 0: word")
    cut = help_with_criteria("How far.", some, len(alone) - 1)
    assert "…" in cut
    assert len(cut) <= len(alone) - 1
    assert help_with_criteria("How far.", some, 60) == "How far."


@pytest.mark.parametrize("limit", range(0, 700, 23))
def test_the_help_never_exceeds_its_limit_where_the_text_itself_does_not(limit: int) -> None:
    text = "How far."[:limit]
    assert len(help_with_criteria(text, rungs(6, 30), limit)) <= limit


def test_a_ladder_without_criteria_keeps_its_help() -> None:
    assert help_with_criteria("How far.", [Rung(label="A", owner="sales", criteria="")], 510) == "How far."
