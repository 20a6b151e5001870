"""Entries put into a mapping file, and nothing else changed in it."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ruamel.yaml import YAML

from mappings.errors import MappingError
from mappings.files.edit_entries import MappedLine, Section, keys_at, scalar, with_block, with_section
from mappings.files.load import default_files


def section(*path: str, **entries: str) -> Section:
    return Section(path=path, entries=[MappedLine(key=key, value=value) for key, value in entries.items()])


def data(text: str) -> object:
    return YAML(typ="safe", pure=True).load(text)


def test_a_new_entry_comes_behind_the_last_one_with_its_remark() -> None:
    text = "# ours\nstages:\n    Alpha: awareness   # first\n    # why Beta is here\n    Beta: decision\n\n# tail\n"
    given_ = Section(
        path=("stages",), entries=[MappedLine(key="Gamma Ray", value="decision", comment="DECIDE:\n guess")]
    )
    lines = with_section("x.yaml", text, given_).splitlines()
    assert lines[5] == f"{'    Gamma Ray: decision'.ljust(40)}  # DECIDE: guess"
    assert [*lines[:5], *lines[6:]] == text.splitlines()


def test_a_key_that_is_there_keeps_its_value_unless_told_otherwise() -> None:
    text = "stages:\n  Alpha: awareness   # ours\n"
    assert with_section("x.yaml", text, section("stages", Alpha="decision")) == text
    assert (
        with_section("x.yaml", text, section("stages", Alpha="decision"), replace=True)
        == "stages:\n  Alpha: decision   # ours\n"
    )


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("", ("stages",)),
        ("stages:\n", ("stages",)),
        ("stages: {}\n", ("stages",)),
        ("group: {name: abm}\n", ("stages",)),
        ("fields:\n  tier:\n    name: T__c\n", ("fields", "mqa_stage", "read_as")),
        (
            "fields:\n  mqa_stage:\n    name: S__c # x\n\nstages:\n  A: awareness\n",
            ("fields", "mqa_stage", "read_as"),
        ),
        ("fields:\n  mqa_stage:\n    read_as:\n      Old: closed\n", ("fields", "mqa_stage", "read_as")),
        ("fields:\n", ("fields", "mqa_stage", "read_as")),
        ("# nothing but words\n", ("fields", "mqa_stage", "read_as")),
    ],
)
def test_a_section_is_made_where_it_is_missing(text: str, path: tuple[str, ...]) -> None:
    made = with_section("x.yaml", text, section(*path, New="engaged"))
    inner: object = data(made)
    for name in path:
        assert isinstance(inner, dict)
        inner = inner[name]
    assert isinstance(inner, dict)
    assert inner["New"] == "engaged"
    assert "New" in (keys_at("x.yaml", made, path) or ())
    assert with_section("x.yaml", made, section(*path, New="closed")) == made
    kept = [line for line in text.splitlines() if line.strip() and "{}" not in line]
    assert [line for line in made.splitlines() if line in kept] == kept


@pytest.mark.parametrize("name", ["salesforce.yaml", "hubspot.yaml"])
def test_the_built_in_files_lose_nothing(name: str) -> None:
    text = default_files()[name]
    made = with_section(name, text, section("fields", "mqa_stage", "read_as", Warm="engaged"))
    made = with_section(name, made, section("stages", **{"41": "decision"}))
    lines = made.splitlines()
    added = [line for line in lines if line not in text.splitlines()]
    assert [line.strip() for line in added] == ["read_as:", "Warm: engaged", '"41": decision']
    assert [line for line in lines if line not in added] == text.splitlines()


def test_a_section_in_one_line_is_refused_with_its_line() -> None:
    with pytest.raises(MappingError) as refused:
        with_section("x.yaml", "a: 1\nstages: {A: awareness}\n", section("stages", B="decision"))
    (problem,) = refused.value.problems
    assert (problem.file, problem.line) == ("x.yaml", 2)


def test_what_is_no_yaml_is_refused() -> None:
    with pytest.raises(MappingError, match=r"x\.yaml"):
        keys_at("x.yaml", "stages: [", ["stages"])


def test_a_section_that_is_not_there_has_no_keys() -> None:
    assert keys_at("x.yaml", "fields:\n  tier:\n    name: T\n", ["stages"]) is None
    assert keys_at("x.yaml", "stages:\n  A: b\n", ["stages"]) == ("A",)


@given(
    st.lists(
        st.text(st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"]), min_size=1),
        min_size=1,
        unique=True,
    )
)
def test_any_stage_name_is_written_so_that_it_is_read_back(names: Sequence[str]) -> None:
    entries = [MappedLine(key=name, value=name, comment=name) for name in names]
    text = with_section("x.yaml", "", Section(path=("stages",), entries=entries))
    assert data(text) == {"stages": {name: name for name in names}}


@pytest.mark.parametrize(
    "word", ["yes", "No", "null", "true", "12", "1.5", "", "a: b", "- a", "#a", "a #b", " a", "2026-03-02"]
)
def test_words_that_yaml_would_take_for_something_else_are_quoted(word: str) -> None:
    assert scalar(word).startswith('"')
    assert data(f"key: {scalar(word)}") == {"key": word}


TIER = Section(
    path=("fields", "tier"),
    entries=[
        MappedLine(key="name", value="New__c"),
        MappedLine(key="create", value=False),
        MappedLine(key="values", value={"tier_1": "Yes", "tier_2": None, "1": "a: b"}),
    ],
)
WRITTEN = """\
  tier:
    name: New__c
    create: false
    values:
      tier_1: "Yes"
      tier_2: null
      "1": "a: b"
"""


@pytest.mark.parametrize(
    "held",
    [
        "  tier:\n    name: Old__c  # was\n    values: {tier_1: A}\n",
        "  tier: {name: Old__c, values: {tier_1: A}}\n",
        "  tier:\n",
    ],
)
def test_a_block_takes_the_place_of_what_was_said_and_its_neighbours_stay(held: str) -> None:
    before = "# ours\nfields:\n  stage:\n    name: S__c\n"
    after = "  owner:\n    name: OwnerId  # std\n\n# the end\nstages: {}\n"
    assert with_block("x.yaml", before + held + after, TIER) == before + WRITTEN + after


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", f"fields:\n{WRITTEN}"),
        ("# only words\n", f"# only words\n\nfields:\n{WRITTEN}"),
        ("fields: {}\n", f"fields:\n{WRITTEN}"),
        ("fields:\n  owner:\n    name: OwnerId\n", f"fields:\n  owner:\n    name: OwnerId\n{WRITTEN}"),
    ],
)
def test_a_block_that_is_new_comes_last(text: str, expected: str) -> None:
    assert with_block("x.yaml", text, TIER) == expected


def test_a_block_within_a_line_is_refused() -> None:
    with pytest.raises(MappingError, match="written in one line"):
        with_block("x.yaml", "fields: {tier: {name: A__c}}\n", TIER)
