"""`people:` in the mapping: several addresses of one person, and who stands in for nobody."""

from __future__ import annotations

from pathlib import Path

import pytest

from mappings.errors import MappingError
from mappings.files.load import load
from mappings.people import People

PAIR = {"salesforce": "salesforce", "hubspot": "hubspot"}


def read(folder: Path, text: str, systems: dict[str, str] = PAIR) -> People:
    (folder / "canonical.yaml").write_text(text, encoding="utf-8")
    return load(folder, systems).people


def problems(folder: Path, text: str) -> list[str]:
    with pytest.raises(MappingError) as refused:
        read(folder, text)
    return [str(problem).replace(f"{folder}/", "") for problem in refused.value.problems]


def test_nothing_is_said_of_people_unless_somebody_does() -> None:
    assert load(None, PAIR).people == People()


def test_addresses_are_canonical_and_lead_to_the_first_one(tmp_path: Path) -> None:
    people = read(
        tmp_path,
        """\
people:
  addresses:
    - [Ann@ACME.com, ann.meyer@acme.de, "ann@acme.com.invalid"]
  fallback: {salesforce: Ops@acme.com}
""",
    )
    assert people.addresses == (("ann@acme.com", "ann.meyer@acme.de"),)
    assert people.called("ANN.MEYER@acme.de") == "ann@acme.com"
    assert people.called("bob@acme.com") == "bob@acme.com"
    assert people.called(None) is None
    assert people.fallback == {"salesforce": "ops@acme.com"}


def test_a_stand_in_may_be_named_by_the_kind_where_there_is_one_of_it(tmp_path: Path) -> None:
    systems = {"sales": "salesforce", "hubspot": "hubspot"}
    assert read(tmp_path, "people: {fallback: {salesforce: a@b.com}}\n", systems).fallback == {
        "sales": "a@b.com"
    }


def test_everything_that_is_wrong_is_told_with_its_line(tmp_path: Path) -> None:
    assert problems(
        tmp_path,
        """\
people:
  addresses:
    - [ann@acme.com, ann at acme]
    - [bob@acme.com, ANN@acme.com]
  fallback:
    hubspt: ops@acme.com
    hubspot: nobody
""",
    ) == [
        "canonical.yaml:3: 'ann at acme' is no e-mail address. Write one like ann@acme.com.",
        "canonical.yaml:4: ann@acme.com is two people's. Put all addresses of one person into one list.",
        "canonical.yaml:6: there is no System 'hubspt'. Use one of salesforce, hubspot.",
        "canonical.yaml:7: 'nobody' is no e-mail address. Write the address of a user of that System.",
    ]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("people:\n  adresses: []\n", "2"),
        ("people:\n  addresses:\n    - [one@acme.com]\n", "3"),
        ("people: [a, b]\n", "1"),
        ("people:\n  addresses: {a: b}\n", "2"),
    ],
)
def test_another_shape_is_told_with_its_line(tmp_path: Path, text: str, line: str) -> None:
    assert problems(tmp_path, text)[0].startswith(f"canonical.yaml:{line}: ")
