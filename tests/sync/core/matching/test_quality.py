"""How well real companies are told apart and found again, without asking anybody who knows."""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Iterator, Mapping

import pytest

from mappings.identity.domains import company_domains
from sync.core.matching.match import match
from sync.core.matching.questions import questions
from sync.model.records import NativeId, Record
from tests.ids import HUBSPOT, SALESFORCE
from tests.shared import DATA, needs_data

pytestmark = needs_data

#: How people write one company's name, and one website.
NAMES = ("{}", "{}, Inc.", "The {}", "{} Holdings", "{} (US)")
WEBSITES = ("{}", "https://www.{}/", "HTTP://{}/en?utm=1", "info@{}", "www.{}:443")


def rows(path: str) -> list[Mapping[str, str]]:
    with (DATA / path).open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def fortune() -> list[Mapping[str, str]]:
    return rows("fortune1000_2022/fortune1000.csv")


def domain_of(website: str) -> str | None:
    return next(iter(company_domains(website)), None)


def in_salesforce(fortune: list[Mapping[str, str]]) -> list[Record]:
    return [
        Record(system=SALESFORCE, id=NativeId(str(n)), name=row["company"], domain=domain_of(row["Website"]))
        for n, row in enumerate(fortune)
    ]


def in_hubspot(fortune: list[Mapping[str, str]]) -> Iterator[Record]:
    """The same companies as marketing has them: every fifth without a website, every seventh with the name of another
    company, and every name and website spelled in some other way."""
    for n, row in enumerate(fortune):
        domain = domain_of(row["Website"])
        named = fortune[n - 1] if n % 7 == 0 else row
        website = WEBSITES[n % len(WEBSITES)].format(domain) if domain and n % 5 else ""
        yield Record(
            system=HUBSPOT,
            id=NativeId(str(n)),
            name=NAMES[n % len(NAMES)].format(named["company"]).swapcase(),
            domain=domain_of(website),
        )


def test_of_a_thousand_companies_none_is_linked_with_another_and_whoever_is_not_linked_is_asked_about(
    fortune: list[Mapping[str, str]],
) -> None:
    records = [*in_salesforce(fortune), *in_hubspot(fortune)]
    by_domain: dict[str | None, list[Record]] = defaultdict(list)
    for record in records:
        by_domain[record.domain].append(record)
    lonely = [*by_domain.pop(None)]
    linked, called_otherwise = 0, 0
    for group in by_domain.values():
        matched = match(group)
        lonely += matched.alone
        for proposal in matched.proposals:
            assert len({member.id for member in proposal.members}) == 1
            linked += 1
        for question in matched.ambiguous:
            (number,) = {record.id for record in question.records}
            called_otherwise += int(number) % 7 == 0
    # A holding is asked about, and so is whoever bears the name of another company.
    assert linked > 500
    assert called_otherwise > 100
    asked = [each for each in questions([], lonely, records, systems_of={}) if not each.waits]
    right = [pair for pair in asked if len({record.id for record in pair.records}) == 1]
    # The others are the companies that bear another one's name.
    assert len(right) > 160


def test_companies_of_another_list_are_found_by_name_and_nearly_no_other_is_asked_about(
    fortune: list[Mapping[str, str]],
) -> None:
    listed = rows("sp500/constituents.csv")
    by_ticker = {row["Ticker"]: str(n) for n, row in enumerate(fortune) if row["Ticker"]}
    same = {str(n): by_ticker[row["Symbol"]] for n, row in enumerate(listed) if row["Symbol"] in by_ticker}
    new = [Record(system=HUBSPOT, id=NativeId(str(n)), name=row["Security"]) for n, row in enumerate(listed)]
    found, other = set(), []
    for pair in questions([], new, in_salesforce(fortune), systems_of={}):
        one, account = pair.records
        if same.get(one.id) == account.id:
            found.add(one.id)
        elif one.id in same and not pair.waits:
            other.append((one.name, account.name))
    assert len(found) > 0.9 * len(same)
    # "Vertiv" and "Veritiv": a person sees it.
    assert len(other) <= 1
