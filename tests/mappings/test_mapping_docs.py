"""docs/reference/mapping.md is held to the code: its examples load, its tables name every key."""

import re
from pathlib import Path

import pytest
from pydantic import BaseModel

from mappings.fields import FieldType, OnConflictKind
from mappings.files import schema
from mappings.files.load import load
from mappings.model import Mapping
from mappings.values.convert import to_canonical
from tests.mappings.builders import NOBODY

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "reference" / "mapping.md").read_text(encoding="utf-8")
PAIR = {"salesforce": "salesforce", "hubspot": "hubspot"}

TABLES: list[tuple[str, str, type[BaseModel]]] = [
    ("Keys of canonical.yaml", "A field", schema.FieldWritten),
    ("Keys of canonical.yaml", "A rule", schema.RuleWritten),
    ("Keys of canonical.yaml", "An option or rung", schema.OptionWritten),
    ("Keys of canonical.yaml", "People", schema.PeopleWritten),
    ("Keys of a System's file", "The file", schema.SystemFile),
    ("Keys of a System's file", "A native field", schema.NativeWritten),
    ("Keys of a System's file", "Identity", schema.IdentityWritten),
    ("Keys of a System's file", "Group", schema.GroupWritten),
    ("Keys of a System's file", "Opportunity", schema.OpportunityWritten),
]


def section(title: str, within: str = PAGE) -> str:
    found = re.search(rf"^(#+) {re.escape(title)}\n(.*?)(?=^## |\Z)", within, re.MULTILINE | re.DOTALL)
    assert found is not None, title
    return found.group(2)


def keys(text: str) -> list[str]:
    return re.findall(r"^\| `(\w+)` \|", text, re.MULTILINE)


def loaded(title: str, folder: Path) -> Mapping:
    """The mapping that the section's examples, each headed by its file's name, make together."""
    examples = re.findall(r"^```yaml\n# (\S+\.yaml)\n(.*?)^```", section(title), re.MULTILINE | re.DOTALL)
    assert examples
    for name, text in examples:
        (folder / name).write_text(text, encoding="utf-8")
    return load(folder, PAIR)


@pytest.mark.parametrize(("chapter", "title", "model"), TABLES, ids=[table[1] for table in TABLES])
def test_every_key_is_documented_and_no_other(chapter: str, title: str, model: type[BaseModel]) -> None:
    part = section(chapter).split(f"### {title}\n")[1].split("\n### ")[0]
    assert keys(part) == list(dict.fromkeys(keys(part)))
    assert set(keys(part)) == set(model.model_fields)


def test_every_model_of_the_files_has_its_table() -> None:
    models = {
        model
        for model in vars(schema).values()
        if isinstance(model, type) and issubclass(model, schema._Written) and model is not schema._Written
    }
    assert models - {table[2] for table in TABLES} == {schema.CanonicalFile}


def test_every_type_is_documented() -> None:
    assert set(re.findall(r"`(\w+)`", section("Keys of canonical.yaml").split("\n| `label`")[0])) >= set(
        FieldType
    )


def test_the_five_fields_are_documented_as_they_are() -> None:
    mapping = load(None, PAIR)
    rows = re.findall(
        r"^\| `(\w+)` \| (\w+).*? \| (.*?) \| (.*?) \| (.*?) \|$", section("The five fields"), re.MULTILINE
    )
    assert [row[0] for row in rows] == list(mapping.fields)
    for name, type_, rule, salesforce, hubspot in rows:
        field = mapping.fields[name]
        assert type_ == field.type
        assert f"`{field.rule.direction}`" in rule
        assert (f"`{field.rule.on_conflict}`" in rule) or field.rule.direction.system or type_ == "number"
        assert ("fill_blank" in rule) == field.rule.fill_blank
        assert f"`{mapping.systems['salesforce'].fields[name].name}`" == salesforce
        native = mapping.systems["hubspot"].fields[name]
        assert hubspot.endswith(f"`{native.name}`")
        assert (f"`{native.builtin}` where the portal has it" in hubspot) == (native.builtin is not None)


def test_the_rules_of_the_example_load(tmp_path: Path) -> None:
    fields = loaded("Rules", tmp_path).fields
    assert fields["tier"].rule.on_conflict.system == "salesforce"
    assert fields["engagement_score"].rule.dead_band == 1


@pytest.mark.parametrize("rule", re.findall(r"^\| (`direction: .*?`) \|", section("Rules"), re.MULTILINE))
def test_every_rule_of_the_table_loads(tmp_path: Path, rule: str) -> None:
    body = rule.replace("`", "")
    field = f"{{type: enum, ladder: [{{value: a, label: A}}], rule: {{{body}}}}}"
    (tmp_path / "canonical.yaml").write_text(f"fields: {{extra: {field}}}\n")
    for kind, name in (("salesforce", "Extra__c"), ("hubspot", "extra")):
        (tmp_path / f"{kind}.yaml").write_text(f"fields: {{extra: {{name: {name}}}}}\n")
    assert str(load(tmp_path, PAIR).fields["extra"].rule.direction) in body


def test_the_fields_of_the_worked_example_are_kept_in_both_crms(tmp_path: Path) -> None:
    mapping = loaded("Add a field, without code", tmp_path)
    assert list(mapping.fields)[-3:] == ["renewal_date", "segment", "regions"]
    assert mapping.fields["segment"].rule.on_conflict.kind is OnConflictKind.NEWEST
    created = {
        system: [desired.name for desired in mapping.definitions(system)[-3:] if desired.create]
        for system in PAIR
    }
    assert created == {
        "salesforce": ["Segment__c", "Regions__c"],
        "hubspot": ["tandem_segment", "tandem_regions"],
    }
    renewal = mapping.fields["renewal_date"]
    native = mapping.systems["hubspot"].fields["renewal_date"]
    assert to_canonical(renewal, native, "2026-11-21T23:00:00Z", NOBODY) == "2026-11-22"


def test_the_problems_that_the_page_shows_are_told_in_these_words(tmp_path: Path) -> None:
    from mappings.errors import MappingError

    (tmp_path / "canonical.yaml").write_text("fields:\n  tier:\n    lable: x\n")
    (tmp_path / "salesforce.yaml").write_text("#\n" * 5 + "fields:\n  tier: {name: Tier}\n")
    with pytest.raises(MappingError) as refusal:
        load(tmp_path, PAIR)
    for problem in refusal.value.problems:
        assert str(problem).replace(str(tmp_path), "mappings") in " ".join(PAGE.split())
