"""What people are asked: pairs, all of which can be answered with yes."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mappings.identity.names import tells
from sync.core.matching.match import Ambiguous
from sync.core.matching.question import MatchQuestion
from sync.core.matching.questions import questions
from sync.model.records import LinkId, NativeId, Record, RecordKey, SystemName
from tests.ids import HUBSPOT, SALESFORCE

OTHER = SystemName("other")


def record(key: str, name: str | None, domain: str | None = None, link: str | None = None) -> Record:
    system, _, id = key.partition(":")
    return Record(
        system=SystemName(system),
        id=NativeId(id),
        name=name,
        domain=domain,
        link_id=LinkId(link) if link else None,
    )


def ask(
    *records: Record,
    apart: dict[RecordKey, frozenset[RecordKey]] | None = None,
    systems_of: dict[LinkId, set[SystemName]] | None = None,
) -> list[MatchQuestion]:
    return questions([], records, records, systems_of=systems_of or {}, apart=apart or {})


def pairs(found: list[MatchQuestion]) -> list[list[str]]:
    return [[":".join(one.key) for one in each.records] for each in found if not each.waits]


def group(*records: Record) -> list[MatchQuestion]:
    return questions(
        [Ambiguous(key="acme.com", records=records, reason="same domain acme.com", kind="duplicate")],
        (),
        (),
        systems_of={},
    )


# -- by name -------------------------------------------------------------------------------------------------


def test_the_same_name_without_a_domain_is_a_question() -> None:
    (found,) = ask(record("hubspot:1", "ACME, Inc."), record("salesforce:1", "Acme GmbH", "acme.com"))
    assert (found.kind, found.score) == ("name", 1.0)
    assert found.reason == "the same name, and no common domain"


def test_names_that_are_nearly_the_same_are_one_too() -> None:
    found = ask(record("hubspot:1", "Northwind Traders"), record("salesforce:1", "Northwind Trader", "n.com"))
    assert pairs(found) == [["hubspot:1", "salesforce:1"]]


@pytest.mark.parametrize("domain", ["acme.de", "acme-berlin.com"])
def test_the_same_name_under_another_domain_is_asked_about(domain: str) -> None:
    (found,) = ask(record("hubspot:1", "Acme", "acme.com"), record("salesforce:1", "Acme", domain))
    assert domain in found.reason


def test_another_name_under_another_domain_is_not() -> None:
    assert (
        ask(record("hubspot:1", "Acme Foods", "acme.com"), record("salesforce:1", "Acme", "acmes.de")) == []
    )


@pytest.mark.parametrize(
    "name", ["n/a", "N.A.", "Test", "self-employed", "Self Employed", "-", "unknown", "", None, "Freelancer"]
)
def test_junk_names_never_match(name: str | None) -> None:
    assert ask(record("hubspot:1", name), record("salesforce:1", name)) == []
    assert tells(name) == ""


def test_two_records_of_one_system_are_no_question_by_name() -> None:
    assert ask(record("hubspot:1", "Acme"), record("hubspot:2", "Acme")) == []


def test_pairs_that_a_person_keeps_apart_are_not_asked_about_again() -> None:
    one, other = RecordKey(HUBSPOT, NativeId("1")), RecordKey(SALESFORCE, NativeId("1"))
    apart = {one: frozenset({other}), other: frozenset({one})}
    assert ask(record("hubspot:1", "Acme"), record("salesforce:1", "Acme"), apart=apart) == []


def test_short_names_must_be_equal() -> None:
    assert ask(record("hubspot:1", "IBM"), record("salesforce:1", "IBN")) == []


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("SCHWAB CHARLES CORP", "Charles Schwab"),
        ("Müller GmbH", "Mueller"),
        ("SIA Lattelecom", "Lattelecom"),
        ("Zendesk", "zendesk.com"),
        ("Ixonos", "Digitalist (formerly Ixonos)"),
        ("Ромашка", "Romashka"),
        ("Infomaniak", "Infomaniak Networks"),
        ("International Business Machines", "IBM"),
        ("Bosch Rexroth Hydraulics", "Bosch Hydraulics"),
    ],
)
def test_another_spelling_of_a_name_is_a_question(one: str, other: str) -> None:
    for first, second in ((one, other), (other, one)):
        assert len(ask(record("hubspot:1", first), record("salesforce:1", second))) == 1


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("HuddleUp", "Huddle"),
        ("BioTelemetry", "Telemetry"),
        ("LinkedIn", "Linkedln"),
        ("Groupe SII", "SII Services"),
        ("J B Hunt", "HUNT JB TRANSPORT SERVICES INC"),
        ("PatientSky", "PasientSky AS"),
        ("Temboo", "Tembo"),
        ("kakaobank", "Kakao"),
        ("Truminds Software Systems", "Trumin"),
        ("BNY Mellon", "Bank of New York Mellon"),
    ],
)
def test_a_name_that_is_cut_glued_or_mistyped_is_found_among_many(one: str, other: str) -> None:
    words = ("Bolt", "Kanto", "Marble", "Orchard", "Ferry")
    crowd = [
        record(f"{system}:{number}", f"{word} {system}{number}")
        for system in ("salesforce", "hubspot")
        for number, word in enumerate(words)
    ]
    found = ask(*crowd, record("salesforce:s", one), record("hubspot:h", other))
    assert ["hubspot:h", "salesforce:s"] in pairs(found)


@pytest.mark.parametrize(
    ("short", "domain", "name"),
    [
        ("HUST", "hust.edu.cn", "Huazhong University of Science and Technology"),
        ("GS Lab", "gslab.com", "Great Software Laboratory"),
        ("ISCAS", "iscas.ac.cn", "Institute of Software, Chinese Academy of Sciences"),
    ],
)
def test_a_short_name_is_found_by_its_letters_or_by_the_label_of_a_domain(
    short: str, domain: str, name: str
) -> None:
    for one, other in ((short, name), (name, short)):
        found = ask(record("salesforce:s", one, domain), record("hubspot:h", other))
        assert pairs(found) == [["hubspot:h", "salesforce:s"]]


def test_every_domain_of_a_record_is_looked_at() -> None:
    first = replace(record("hubspot:1", "Montage View", "view.com"), more_domains=("mvista.com",))
    assert pairs(ask(first, record("salesforce:1", "MVista"))) == [["hubspot:1", "salesforce:1"]]
    (found,) = ask(first, record("salesforce:1", "Montage", "mvista.de"))
    assert "mvista.com and mvista.de differ in their suffix" in found.reason


def test_a_name_that_is_the_label_of_a_domain_is_a_question() -> None:
    (found,) = ask(record("hubspot:1", "Montage View", "mvista.com"), record("salesforce:1", "MVista"))
    assert "the domain is the name" in found.reason


def test_two_names_with_different_words_behind_them_are_no_question() -> None:
    assert (
        ask(record("hubspot:1", "Acme Group", "a.com"), record("salesforce:1", "Acme Holdings", "b.com"))
        == []
    )


def test_names_that_differ_in_a_number_are_no_question() -> None:
    assert ask(record("hubspot:1", "Studio Number 54"), record("salesforce:1", "Studio Number 55")) == []


def test_however_many_names_begin_alike_a_slip_among_them_is_found() -> None:
    crowd = [record(f"salesforce:{n}", f"American {_number(n)} Trust") for n in range(3_000)]
    slip = record("hubspot:1", f"American {_number(1_234)[:-1]} Trust")
    found = questions([], [slip], crowd, systems_of={})
    assert ["hubspot:1", "salesforce:1234"] in pairs(found)


def _number(n: int) -> str:
    """A word of its own for each number, of letters alone."""
    digits = "bdfgklmprs"
    return "".join(digits[int(each)] + "aeiou"[int(each) % 5] for each in f"{n * 7919 % 100_000:05}") + "n"


def test_however_many_bear_one_name_each_is_asked_about_once() -> None:
    here = [record(f"salesforce:{n:04}", "Starbucks", f"shop{n}.com") for n in range(150)]
    there = [record(f"hubspot:{n:04}", "Starbucks") for n in range(150)]
    found = [each for each in ask(*here, *there) if not each.waits]
    assert len({one.key for each in found for one in each.records}) == 300


# -- one for one ---------------------------------------------------------------------------------------------


def test_equal_names_come_first_and_what_is_left_over_waits() -> None:
    found = ask(
        record("salesforce:1", "Acme"),
        record("hubspot:1", "Acme Networks"),
        record("hubspot:2", "ACME Inc."),
    )
    assert pairs(found) == [["hubspot:2", "salesforce:1"]]
    (waiting,) = (each for each in found if each.waits)
    assert [one.id for one in waiting.records] == ["1", "1"]


def test_what_is_left_over_is_asked_when_the_answer_was_no() -> None:
    records = [
        record("salesforce:1", "Acme"),
        record("hubspot:1", "Acme Networks"),
        record("hubspot:2", "ACME Inc."),
    ]
    one, other = RecordKey(HUBSPOT, NativeId("2")), RecordKey(SALESFORCE, NativeId("1"))
    found = ask(*records, apart={one: frozenset({other}), other: frozenset({one})})
    assert pairs(found) == [["hubspot:1", "salesforce:1"]]


def test_of_two_that_fit_as_well_as_each_other_the_question_says_so() -> None:
    found = ask(record("salesforce:1", "Acme"), record("hubspot:1", "Acme"), record("hubspot:2", "Acme"))
    (asked,) = (each for each in found if not each.waits)
    assert asked.reason.endswith("hubspot 2 fits as well")
    assert asked.score <= 0.8


def test_an_account_that_stands_in_the_system_already_is_not_asked_about() -> None:
    linked = record("salesforce:1", "Acme", link="tdm1")
    systems_of = {LinkId("tdm1"): {SALESFORCE, HUBSPOT}}
    assert ask(linked, record("hubspot:2", "Acme"), systems_of=systems_of) == []


def test_two_links_that_lack_each_others_systems_may_be_one() -> None:
    systems_of = {LinkId("tdm1"): {SALESFORCE}, LinkId("tdm2"): {HUBSPOT}}
    found = ask(
        record("salesforce:1", "Acme", link="tdm1"),
        record("hubspot:1", "Acme", link="tdm2"),
        systems_of=systems_of,
    )
    assert pairs(found) == [["hubspot:1", "salesforce:1"]]


def test_duplicates_of_one_system_beside_one_record_are_one_pair_and_one_that_waits() -> None:
    found = group(
        record("salesforce:1", "Acme", "acme.com"),
        record("hubspot:1", "Acme Holding Berlin", "acme.com"),
        record("hubspot:2", "Acme Ltd", "acme.com"),
    )
    assert pairs(found) == [["hubspot:2", "salesforce:1"]]
    assert [each.records[0].id for each in found if each.waits] == ["1"]


def test_duplicates_that_no_other_system_knows_are_asked_about_beside_each_other() -> None:
    found = group(record("hubspot:1", "Acme", "acme.com"), record("hubspot:2", "Acme Ltd", "acme.com"))
    assert [(each.kind, pairs([each])) for each in found] == [("duplicate", [["hubspot:1", "hubspot:2"]])]


# -- laws ----------------------------------------------------------------------------------------------------

NAMES = (
    "Acme",
    "Acme Inc.",
    "Acme Networks",
    "ACME Networks",
    "Acmee",
    "Bosch Rexroth",
    "Rexroth Bosch",
    "Bosch",
)
DOMAINS = (None, None, "acme.com", "acme.de", "bosch.com")


@st.composite
def some_records(draw: st.DrawFn) -> list[Record]:
    count = draw(st.integers(2, 12))
    return [
        record(
            f"{draw(st.sampled_from((HUBSPOT, SALESFORCE, OTHER)))}:{n}",
            draw(st.sampled_from(NAMES)),
            draw(st.sampled_from(DOMAINS)),
        )
        for n in range(count)
    ]


@given(some_records(), st.randoms(use_true_random=False))
def test_the_order_of_the_records_decides_nothing(records: list[Record], chance: object) -> None:
    shuffled = list(records)
    chance.shuffle(shuffled)  # type: ignore[attr-defined]
    by_domain = [one for one in records if one.domain == "acme.com"]
    groups = [Ambiguous(key="acme.com", records=tuple(by_domain), reason="same domain", kind="ambiguous")]
    groups = groups if len(by_domain) > 1 else []
    alone = [one for one in records if not groups or one.domain != "acme.com"]
    mixed = [one for one in shuffled if one in alone]
    there = [one for one in shuffled if one in by_domain]
    turned = [Ambiguous(key="acme.com", records=tuple(there), reason="same domain", kind="ambiguous")]
    first = questions(groups, alone, records, systems_of={})
    second = questions(turned if groups else [], mixed, shuffled, systems_of={})
    assert first == second


@given(some_records())
def test_all_questions_can_be_answered_with_yes_at_once(records: list[Record]) -> None:
    accounts: dict[RecordKey, set[RecordKey]] = {one.key: {one.key} for one in records}
    for question in ask(*records):
        if question.waits:
            continue
        one, other = (record.key for record in question.records)
        joined = accounts[one] | accounts[other]
        assert accounts[one] is not accounts[other]
        assert len({system for system, _ in joined}) == len(joined)
        for key in joined:
            accounts[key] = joined


@given(some_records())
def test_nobody_who_fits_another_is_passed_over(records: list[Record]) -> None:
    """Whoever has the same name as one of another System is asked about, or waits."""
    met = {one.key for question in ask(*records) for one in question.records}
    for one in records:
        for other in records:
            if one.system != other.system and one.name == other.name and not (one.domain and other.domain):
                assert one.key in met
