"""Scores by the key they came with, and by the account they belong to."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from sync.ledger import Imported, Ledger, ScoreCounts
from sync.model.abm import Score
from sync.model.records import TANDEM_ID, Link, RecordKey
from tests.ids import HUBSPOT, SALESFORCE
from tests.sync.ledger.makers import HandClock, account, hubspot_id, record, salesforce_id

MONDAY = datetime(2025, 2, 24, tzinfo=UTC)


def score(value: str = "41.5", *, key: str = "acme1.com", kind: str = "domain", days: int = 0) -> Score:
    return Score(key=key, key_kind=kind, score=value, as_of=MONDAY + timedelta(days=days))


def woken(ledger: Ledger) -> list[str]:
    return [found.link.id for found in ledger.accounts.dirty()]


def value(ledger: Ledger, link: str) -> str | None:
    found = ledger.scores.of_links([link]).get(link)
    return None if found is None else found.score.score


@pytest.mark.every_database
@pytest.mark.parametrize(
    ("key", "kind"),
    [
        ("acme1.com", "domain"),
        ("tdm001", TANDEM_ID),
        (salesforce_id(1), "salesforce"),
        (salesforce_id(1)[:15], "salesforce"),
        (hubspot_id(1), "hubspot"),
    ],
)
def test_a_score_finds_its_account_by_any_key_and_wakes_it(
    ledger: Ledger, clock: HandClock, key: str, kind: str
) -> None:
    link = account(ledger)
    account(ledger, 2)
    assert ledger.scores.put([score(key=key, kind=kind)], source="scores.csv") == Imported(new=1)
    found = ledger.scores.of_links([link, "tdm002"])
    assert set(found) == {link}
    assert found[link].score == score(key=key, kind=kind)
    assert (found[link].source, found[link].imported_at, found[link].link_id) == (
        "scores.csv",
        clock.now,
        link,
    )
    assert woken(ledger) == [link]


def test_a_score_of_a_record_that_was_merged_away_belongs_to_the_survivor(ledger: Ledger) -> None:
    link = account(ledger)
    ledger.accounts.move(HUBSPOT, hubspot_id(1), hubspot_id(9))
    ledger.scores.put([score(key=hubspot_id(1), kind="hubspot")], source="csv")
    assert value(ledger, link) == "41.5"


def test_a_score_that_did_not_change_wakes_nobody(ledger: Ledger) -> None:
    link = account(ledger)
    ledger.scores.put([score()], source="csv")
    ledger.accounts.rest([link])
    assert ledger.scores.put([score(days=1)], source="csv") == Imported(same=1)
    assert woken(ledger) == []
    assert ledger.scores.of_links([link])[link].score.as_of == MONDAY + timedelta(days=1)


def test_a_score_that_changed_wakes_its_account(ledger: Ledger) -> None:
    link = account(ledger)
    ledger.scores.put([score("1")], source="csv")
    ledger.accounts.rest([link])
    assert ledger.scores.put([score("2", days=1)], source="csv") == Imported(changed=1)
    assert woken(ledger) == [link]
    assert value(ledger, link) == "2"


def test_an_older_score_does_not_replace_a_newer_one(ledger: Ledger) -> None:
    link = account(ledger)
    ledger.scores.put([score("2", days=1)], source="csv")
    assert ledger.scores.put([score("1")], source="csv") == Imported(older=1)
    assert value(ledger, link) == "2"


@pytest.mark.every_database
@pytest.mark.parametrize("turn", [1, -1])
def test_of_two_scores_of_one_key_in_one_import_the_newer_counts(ledger: Ledger, turn: int) -> None:
    link = account(ledger)
    both = [score("1"), score("2", days=1)][::turn]
    assert ledger.scores.put(both, source="csv") == Imported(new=1, older=1)
    assert value(ledger, link) == "2"


def test_of_two_keys_of_one_account_the_newer_score_counts(ledger: Ledger) -> None:
    link = account(ledger)
    ledger.scores.put([score("1", days=1), score("2", key=hubspot_id(1), kind="hubspot")], source="csv")
    assert value(ledger, link) == "1"


def test_a_score_finds_its_account_when_that_is_linked_later(ledger: Ledger) -> None:
    ledger.scores.put([score()], source="csv")
    assert ledger.scores.counts(stale_before=MONDAY).unmatched == 1
    link = account(ledger)
    assert value(ledger, link) == "41.5"
    assert ledger.scores.counts(stale_before=MONDAY).unmatched == 0
    assert ledger.scores.resolve() == 0


def test_a_score_loses_its_account_when_the_link_is_closed(ledger: Ledger) -> None:
    link = account(ledger)
    ledger.scores.put([score(), score(key="tdm001", kind=TANDEM_ID)], source="csv")
    ledger.accounts.close(link, "hubspot: deleted")
    assert ledger.scores.of_links([link]) == {}
    assert ledger.scores.resolve() == 0


def test_a_link_keeps_its_domain_when_a_website_is_changed(ledger: Ledger) -> None:
    link = account(ledger)
    for system, id in (("salesforce", salesforce_id(1)), ("hubspot", hubspot_id(1))):
        ledger.accounts.put([record(system=system, id=id, link_id=link, domain="acme.de")])
    ledger.scores.put([score(), score("9", key="acme.de", days=-1)], source="csv")
    assert value(ledger, link) == "41.5"


@pytest.mark.every_database
def test_a_domain_that_two_accounts_share_is_nobodys(ledger: Ledger) -> None:
    account(ledger, 1, domain="acme.com")
    account(ledger, 2, domain="acme.com")
    ledger.scores.put(
        [score(key="acme.com"), score(key="nobody.com"), score(key="acme1.com", days=9)], source="csv"
    )
    assert ledger.scores.counts(stale_before=MONDAY + timedelta(days=1)) == ScoreCounts(
        total=3, linked=1, unmatched=2, ambiguous=1, stale=2
    )
    assert [found.score.key for found in ledger.scores.unmatched()] == ["acme.com", "nobody.com"]


@pytest.mark.every_database
def test_a_link_that_was_put_to_rest_is_woken_by_the_score_that_it_gets(ledger: Ledger) -> None:
    """The Run that stores a Link was planned without the score, and may die before it does anything else."""
    link = account(ledger)
    ledger.scores.put([score(key=salesforce_id(3), kind="salesforce")], source="csv")
    assert woken(ledger) == []
    ledger.accounts.detach(SALESFORCE, salesforce_id(1))
    ledger.accounts.rest([link])
    ledger.accounts.put([record(id=salesforce_id(3))])
    joined = Link(id=link, label="Acme 1", domain="acme1.com", evidence="same domain", stored=True)
    assert ledger.accounts.link([(joined, [RecordKey(SALESFORCE, salesforce_id(3))])]) == {link}
    assert value(ledger, link) == "41.5"
    assert woken(ledger) == [link]


def test_a_score_of_nobody_is_not_left_behind_when_a_record_moves_to_its_website(ledger: Ledger) -> None:
    link = account(ledger)
    ledger.scores.put([score(key="elsewhere.com")], source="csv")
    moved = record(id=salesforce_id(1), link_id=link, domain="elsewhere.com")
    ledger.accounts.put([moved])
    assert ledger.accounts.matched([moved.key]) == {link}
    assert value(ledger, link) == "41.5"


def test_a_score_that_two_accounts_claim_goes_to_the_one_that_is_left(ledger: Ledger) -> None:
    link, other = account(ledger), account(ledger, 2, domain="acme1.com")
    ledger.scores.put([score()], source="csv")
    assert value(ledger, link) is value(ledger, other) is None
    assert ledger.accounts.close(other, "gone") == {link}
    assert value(ledger, link) == "41.5"


def test_a_score_goes_with_a_link_that_is_known_by_another_domain(ledger: Ledger) -> None:
    link = account(ledger)
    ledger.scores.put([score(key="elsewhere.com")], source="csv")
    [stored] = ledger.accounts.links([link]).values()
    there = ledger.accounts.by_link(link)
    assert there is not None
    ledger.accounts.put(replace(each, domain=None) for each in there.records.values())
    assert ledger.accounts.rename([replace(stored.link, domain="elsewhere.com")]) == {link}
    assert value(ledger, link) == "41.5"


def test_a_score_of_a_record_that_joins_by_a_merge_is_not_left_behind(ledger: Ledger) -> None:
    link = account(ledger)
    ledger.scores.put([score(key=hubspot_id(9), kind="hubspot")], source="csv")
    ledger.accounts.move(HUBSPOT, hubspot_id(1), hubspot_id(9))
    assert value(ledger, link) == "41.5"


@pytest.mark.every_database
def test_the_accounts_of_keys_are_told_where_they_have_one(ledger: Ledger) -> None:
    link = account(ledger)
    ledger.scores.put([score(), score(key="nobody.com")], source="scores.csv")
    assert ledger.scores.accounts(["acme1.com", "nobody.com", "unheard.com"]) == {"acme1.com": link}


@pytest.mark.every_database
def test_a_short_id_that_differs_in_capitals_alone_is_told_and_no_account_is_taken_for_it(
    ledger: Ledger,
) -> None:
    account(ledger)
    ledger.accounts.put([record(id="001aBcDeFgHiJkLMNO")])
    wrong, unheard = "001abcdefghijkl", "001zzzzzzzzzzzz"
    ledger.scores.put([score(key=wrong, kind="salesforce")], source="scores.csv")
    assert ledger.scores.accounts([wrong]) == {}
    assert ledger.scores.in_other_case(SALESFORCE, [wrong, unheard]) == {wrong: "001aBcDeFgHiJkLMNO"}
    assert ledger.scores.in_other_case(HUBSPOT, [wrong]) == {}
