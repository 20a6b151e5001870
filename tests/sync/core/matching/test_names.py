"""Names propose; they never decide."""

import pytest

from mappings.identity.names import tells
from sync.core.matching.names import likeness, namesakes
from sync.model.records import NativeId, Record, SystemName
from tests.ids import HUBSPOT, SALESFORCE


def record(key: str, name: str | None, domain: str | None = None) -> Record:
    system, _, id = key.partition(":")
    return Record(system=SystemName(system), id=NativeId(id), name=name, domain=domain)


def groups(*records: Record) -> list[list[str]]:
    return [
        [f"{found.system}:{found.id}" for found in group.records] for group in namesakes(records, records)
    ]


def test_the_same_name_without_a_domain_is_a_question() -> None:
    (group,) = namesakes(
        [record("hubspot:1", "ACME, Inc.")], [record("salesforce:1", "Acme GmbH", "acme.com")]
    )
    assert group.kind == "name"
    assert group.reason == "the same name, and no common domain"


def test_names_that_are_nearly_the_same_are_one_too() -> None:
    assert groups(
        record("hubspot:1", "Northwind Traders"), record("salesforce:1", "Northwind Trader", "n.com")
    ) == [["hubspot:1", "salesforce:1"]]


def test_the_same_name_with_another_domain_never_matches() -> None:
    assert groups(record("hubspot:1", "Acme", "acme.com"), record("salesforce:1", "Acme", "acme.de")) == []


@pytest.mark.parametrize(
    "name", ["n/a", "N.A.", "Test", "self-employed", "Self Employed", "-", "unknown", "", None, "Freelancer"]
)
def test_junk_names_never_match(name: str | None) -> None:
    assert groups(record("hubspot:1", name), record("salesforce:1", name)) == []
    assert tells(name) == ""


def test_two_records_of_one_system_are_no_match_by_name() -> None:
    assert groups(record("hubspot:1", "Acme"), record("hubspot:2", "Acme")) == []


def test_pairs_that_a_person_keeps_apart_are_not_asked_about_again() -> None:
    records = [record("hubspot:1", "Acme"), record("salesforce:1", "Acme")]
    one, other = (HUBSPOT, NativeId("1")), (SALESFORCE, NativeId("1"))
    apart = {one: frozenset({other}), other: frozenset({one})}
    assert namesakes(records, records, apart) == []


def test_short_names_must_be_equal() -> None:
    assert groups(record("hubspot:1", "IBM"), record("salesforce:1", "IBN")) == []


def test_likeness_puts_legal_forms_and_accents_aside() -> None:
    assert likeness("Société Générale S.A.", "societe generale") == 100
    assert likeness("Acme", None) == 0


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("SCHWAB CHARLES CORP", "Charles Schwab"),
        ("Müller GmbH", "Mueller"),
        ("SIA Lattelecom", "Lattelecom"),
        ("Zendesk", "zendesk.com"),
        ("Ixonos", "Digitalist (formerly Ixonos)"),
        ("Ромашка", "Romashka"),
    ],
)
def test_another_spelling_of_a_name_is_a_question(one: str, other: str) -> None:
    mine, others = record("hubspot:1", one), record("salesforce:1", other)
    assert len(namesakes([mine], [others])) == len(namesakes([others], [mine])) == 1


def test_two_names_with_different_words_behind_them_are_no_question() -> None:
    assert groups(record("hubspot:1", "Acme Group"), record("salesforce:1", "Acme Holdings")) == []


def test_names_that_differ_in_a_number_are_no_question() -> None:
    assert groups(record("hubspot:1", "Studio Number 54"), record("salesforce:1", "Studio Number 55")) == []
