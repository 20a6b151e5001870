"""What tells that two names are one company's, or that a name and a domain are."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mappings.identity.domains import registrable_domain
from sync.core.matching.fit import fit_of_domain, fit_of_names
from tests.shared import DATA, needs_data

WORDS = st.lists(
    st.text("abcdefghijklmnopqrstuvwxyzäöüéøł", min_size=3, max_size=9), min_size=1, max_size=4
).map(" ".join)


@pytest.mark.parametrize(
    ("one", "other", "why"),
    [
        ("Acme S.à r.l.", "ACME Inc.", "the same name"),
        ("Ørsted A/S", "Orsted", "the same name"),
        ("Ørsted", "Oersted", "the same name as others spell it"),
        ("Müller GmbH", "Mueller", "the same name as others spell it"),
        ("Ромашка", "Romashka LLC", "the same name as others spell it"),
        ("zendesk.com", "Zendesk", "the same name as others spell it"),
        ("Digitalist (formerly) Ixonos Plc", "Ixonos", "the same name as others spell it"),
        ("SIA Lattelecom", "Lattelecom", "the same name but for a legal form in front"),
        ("Altria Group", "Altria", "the same name but for words that people leave out"),
        ("SCHWAB CHARLES CORP", "Charles Schwab", "the same words in another order"),
        ("Infomaniak", "Infomaniak Networks", "words behind it are left out"),
        ("Capital One", "CAPITAL ONE FINANCIAL CORP", "common words with words behind them left out"),
        ("Banco Santander", "Santander", "some words are left out"),
        ("UBM Media Events", "UME", "the first letters of its words"),
        ("Northwind Traders", "Northwind Trader", "letters 97% alike"),
        ("AirMapInc.", "AirMap", "the same name as others spell it"),
        ("LinkedIn", "Linkedln", "the same name as others spell it"),
        ("Auth0", "AuthO", "the same name as others spell it"),
        ("TheTravel", "The Travel", "the same name as others spell it"),
        ("Magic Sandbox (MSB)", "MSB", "the same name as others spell it"),
        ("MSB (Magic Sandbox)", "Magic Sandbox", "the same name as others spell it"),
        ("HuddleUp", "Huddle", "words behind it are left out"),
        ("SiriusXM", "Sirius", "words behind it are left out"),
        ("BioTelemetry", "Telemetry", "some words are left out"),
        ("FPT Group", "FPT Software", "words behind it are left out"),
        ("Groupe SII", "SII Services", "words behind it are left out"),
        ("JSC VTB Bank", "VTB", "some words are left out"),
        ("New H3C Technologies", "H3C", "some words are left out"),
        ("J B Hunt", "HUNT JB TRANSPORT SERVICES INC", "some words are left out"),
        ("Sticker Mule", "Sticket Mule", "one letter differs"),
        ("PatientSky", "PasientSky AS", "one letter differs"),
        ("Temboo", "Tembo", "one letter differs"),
        (
            "BearingPoint GmbH",
            "BeringPoint Technology",
            "one letter differs, and words behind it are left out",
        ),
        ("Amplifi", "Amplifier", "the end of the name is left out"),
        ("kakaobank", "Kakao", "the end of the name is left out"),
        ("Elasticsearch", "Elastic", "the end of the name is left out"),
        ("Ocado", "ocadotechnology", "the end of the name is left out"),
        ("dominodatalab.com", "Domino Data", "the end of the name is left out"),
        ("Truminds Software Systems", "Trumin", "the end of the name is left out, and words behind it"),
        ("BNY Mellon", "Bank of New York Mellon", "the first letters of its first words"),
    ],
)
def test_names_of_one_company_are_alike_and_it_is_said_why(one: str, other: str, why: str) -> None:
    fit = fit_of_names(one, other)
    assert (fit.alike, fit.why) == (True, why)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Whole Foods Market", "Amazon Web Services"),
        ("National", "National Grid"),
        ("Acme", "Bolt"),
        ("Studio 54", "Studio 45"),
        ("Company 5", "Company 15"),
        ("IBM", "IBN"),
        ("Mars", "Marsh"),
        ("Intuit", "Inbuit"),
        ("Holis", "Holisticon"),
        ("Keen", "Keene State College"),
        ("Constellation Energy", "Constellation Brands"),
        ("PayPal", "Pay"),
        ("FedEx", "Fed"),
        ("MacLean", "Mac"),
        ("Motel 6", "Motel 16"),
        ("AutoScout24", "AutoScout"),
        ("Globalbank", "Global"),
        ("n/a", "n/a"),
        (None, "Acme"),
        ("", ""),
    ],
)
def test_names_of_two_companies_are_not_alike(one: str | None, other: str | None) -> None:
    assert not fit_of_names(one, other).alike


@pytest.mark.parametrize(
    ("name", "domain"),
    [
        ("Acme Inc.", "acme.com"),
        ("Müller", "mueller.de"),
        ("Müller", "xn--mller-kva.de"),
        ("Infomaniak Networks", "infomaniak.com"),
        ("Kroger", "thekrogerco.com"),
        ("International Business Machines", "ibm.com"),
        ("Johnson & Johnson", "jnj.com"),
        ("Dell Technologies", "delltechnologies.com"),
        ("Great Software Laboratory", "gslab.com"),
        ("Eli Lilly", "lilly.com"),
        ("Ромашка", "romashka.ru"),
        ("3M", "3m.com"),
    ],
)
def test_a_name_fits_the_label_of_its_domain(name: str, domain: str) -> None:
    assert fit_of_domain(name, domain).alike


@pytest.mark.parametrize(
    ("name", "domain"),
    [
        ("Whole Foods Market", "amazon.com"),
        ("Company 5", "company7.com"),
        ("First Bank of Ohio", "first.org"),
        ("Acme", None),
        (None, "acme.com"),
        ("n/a", "na.com"),
    ],
)
def test_a_name_does_not_fit_a_strangers_domain(name: str | None, domain: str | None) -> None:
    assert not fit_of_domain(name, domain).alike


@given(WORDS, WORDS)
def test_the_order_of_two_names_decides_nothing(one: str, other: str) -> None:
    assert fit_of_names(one, other) == fit_of_names(other, one)


@given(st.text(max_size=30), st.text(max_size=30))
def test_any_two_texts_fit_by_zero_to_one(one: str, other: str) -> None:
    assert 0 <= fit_of_names(one, other).score <= 1
    assert fit_of_names(one, other) == fit_of_names(other, one)


@given(WORDS, st.sampled_from(["GmbH", "S.A.", "OÜ", "Sp. z o.o.", "Ltd.", "A/S"]))
def test_case_and_legal_form_make_no_other_name(name: str, form: str) -> None:
    written = f"Qx{name}"
    assert fit_of_names(written, f"{written.upper()} {form}").score >= 0.95


@given(WORDS, st.integers(0, 999), st.integers(0, 999))
def test_names_with_different_numbers_are_never_alike(name: str, one: int, other: int) -> None:
    assert fit_of_names(f"Qx{name} {one}", f"Qx{name} {other}").alike == (one == other)


# -- real companies --------------------------------------------------------------------------------------------


def rows(path: str) -> list[Mapping[str, str]]:
    with (DATA / path).open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


@needs_data
def test_most_names_of_one_company_that_differ_in_their_words_are_found_alike() -> None:
    classes = json.loads((DATA / "company_pairs_missed.json").read_text(encoding="utf-8"))
    found = {
        kind: sum(
            fit_of_names(one, other).alike
            or (
                domain is not None and fit_of_domain(one, domain).alike and fit_of_domain(other, domain).alike
            )
            for _, one, domain, other in pairs
        )
        / len(pairs)
        for kind, pairs in classes.items()
    }
    assert found["prefix: words behind left out"] > 0.99
    assert found["subset: words left out"] > 0.9
    assert found["word order"] == 1


@needs_data
def test_few_names_of_different_companies_are_alike() -> None:
    names = sorted({row["Security"] for row in rows("sp500/constituents.csv")})
    alike = [pair for pair in combinations(names[::2], 2) if fit_of_names(*pair).alike]
    assert len(alike) <= 6, alike


@needs_data
def test_most_names_fit_their_own_domain_and_nearly_none_anothers() -> None:
    companies = [
        (row["company"], registrable_domain(row["Website"]))
        for row in rows("fortune1000_2022/fortune1000.csv")
    ]
    assert sum(fit_of_domain(*company).alike for company in companies) > 0.9 * len(companies)
    strangers = [
        (name, domain)
        for shift in (37, 101, 333)
        for (name, _), (_, domain) in zip(companies, companies[shift:] + companies[:shift], strict=True)
        if fit_of_domain(name, domain).alike
    ]
    assert len(strangers) <= 3, strangers
