"""What became of opportunities and deals."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from sync.ledger import Ledger, OutcomeCounts, OutcomesPut
from sync.ledger.abm import outcomes
from sync.model.abm import Outcome
from sync.model.records import NativeId, SystemName
from tests.ids import HUBSPOT, SALESFORCE
from tests.sync.ledger.makers import HandClock, Statements, account, record, salesforce_id

DEAL = Outcome(
    system=SALESFORCE,
    id=NativeId("006000000000001AAA"),
    account_id=salesforce_id(1),
    name="Acme: renewal",
    stage="Negotiation",
    stage_label="Negotiation/Review",
    buyer_stage="decision",
    pipeline=None,
    amount="1200.50",
    currency="EUR",
    close_date=date(2025, 6, 30),
    closed=False,
    won=False,
    probability=0.9,
    owner_email="ann@acme.com",
    created_at=datetime(2025, 1, 1, tzinfo=UTC),
    modified_at=datetime(2025, 2, 1, tzinfo=UTC),
)


def test_an_outcome_comes_back_as_it_was_put_with_its_account(ledger: Ledger) -> None:
    link = account(ledger)
    assert ledger.outcomes.put([DEAL]) == OutcomesPut(new=1)
    assert list(ledger.outcomes.all()) == [replace(DEAL, link_id=link)]
    assert ledger.outcomes.of_links([link, "other"]) == {link: [replace(DEAL, link_id=link)]}


@pytest.mark.every_database
def test_what_did_not_change_is_not_a_new_version(ledger: Ledger) -> None:
    ledger.outcomes.put([DEAL])
    assert ledger.outcomes.put([DEAL]) == OutcomesPut(same=1)
    renamed = replace(DEAL, name="Acme", modified_at=DEAL.modified_at + timedelta(days=1))
    assert ledger.outcomes.put([renamed]) == OutcomesPut(changed=1)
    assert len(ledger.outcomes.history(SALESFORCE, [DEAL.id])[DEAL.id]) == 1


def test_every_step_to_the_result_is_kept(ledger: Ledger) -> None:
    steps = [
        DEAL,
        replace(DEAL, amount="1300", modified_at=DEAL.modified_at + timedelta(days=1)),
        replace(DEAL, stage="Won", closed=True, won=True, modified_at=DEAL.modified_at + timedelta(days=2)),
    ]
    for step in steps:
        ledger.outcomes.put([step])
    versions = ledger.outcomes.history(SALESFORCE, [DEAL.id, "unknown"])
    assert [(v.at, v.stage, v.amount, v.close_date, v.closed, v.won) for v in versions[DEAL.id]] == [
        (s.modified_at, s.stage, s.amount, s.close_date, s.closed, s.won) for s in steps
    ]
    assert set(versions) == {DEAL.id}


def test_an_outcome_without_an_account_is_kept_and_counted(ledger: Ledger) -> None:
    link = account(ledger)
    ledger.outcomes.put(
        [
            DEAL,
            replace(DEAL, id=NativeId("2"), closed=True, won=True),
            replace(DEAL, id=NativeId("3"), closed=True, account_id=None),
            replace(DEAL, id=NativeId("4"), account_id="001000000000009AAA"),
            replace(DEAL, id=NativeId("5")),
            replace(DEAL, id=NativeId("6"), system=HUBSPOT, account_id=None),
        ]
    )
    ledger.outcomes.remove(SALESFORCE, ["5"])
    assert ledger.outcomes.counts() == {
        "hubspot": OutcomeCounts(open=1, without_account=1),
        "salesforce": OutcomeCounts(open=2, won=1, lost=1, without_account=1, unlinked=1, removed=1),
    }
    assert [found.id for found in ledger.outcomes.of_links([link])[link]] == [DEAL.id, "2"]


def test_an_outcome_finds_its_account_when_that_is_linked_later(ledger: Ledger) -> None:
    ledger.outcomes.put([DEAL])
    assert ledger.outcomes.resolve() == 0
    link = account(ledger)
    assert ledger.outcomes.resolve() == 1
    assert [found.link_id for found in ledger.outcomes.all()] == [link]
    ledger.accounts.close(link, "hubspot: deleted")
    assert ledger.outcomes.resolve() == 1
    assert [found.link_id for found in ledger.outcomes.all()] == [None]


def test_an_outcome_follows_its_account_through_a_merge(ledger: Ledger) -> None:
    link = account(ledger)
    ledger.outcomes.put([DEAL])
    ledger.accounts.move(SALESFORCE, salesforce_id(1), salesforce_id(2))
    ledger.outcomes.resolve()
    assert [found.link_id for found in ledger.outcomes.all()] == [link]


def test_an_outcome_that_moves_to_another_account_is_found_there(ledger: Ledger) -> None:
    account(ledger, 1)
    other = account(ledger, 2)
    ledger.outcomes.put([DEAL])
    ledger.outcomes.put([replace(DEAL, account_id=salesforce_id(2))])
    assert [found.link_id for found in ledger.outcomes.all()] == [other]


@pytest.mark.every_database
def test_an_outcome_that_is_gone_stays_marked_and_can_come_back(ledger: Ledger, clock: HandClock) -> None:
    ledger.outcomes.put([DEAL])
    ledger.outcomes.remove(SALESFORCE, [DEAL.id])
    removed_at = clock.now
    clock.wait(days=1)
    ledger.outcomes.remove(SALESFORCE, [DEAL.id])
    assert list(ledger.outcomes.all()) == []
    assert [found.removed_at for found in ledger.outcomes.all(removed=True)] == [removed_at]
    assert ledger.outcomes.put([DEAL]) == OutcomesPut(changed=1)
    assert list(ledger.outcomes.all()) == [DEAL]


def test_all_outcomes_are_read_in_chunks_each_once(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outcomes, "CHUNK", 2)
    ledger.outcomes.put(
        replace(DEAL, id=NativeId(f"{number}"), system=SystemName(system))
        for number in range(3)
        for system in ("b", "a")
    )
    assert [(found.system, found.id) for found in ledger.outcomes.all()] == [
        (system, f"{number}") for system in ("a", "b") for number in range(3)
    ]
    assert [found.id for found in ledger.outcomes.all(system=SystemName("b"))] == ["0", "1", "2"]


def test_a_pull_of_thousands_takes_a_few_statements_for_each_thousand(
    ledger: Ledger, statements: Statements
) -> None:
    ledger.accounts.put([record(id=salesforce_id(1))])
    deals = [replace(DEAL, id=NativeId(f"{number}")) for number in range(3000)]
    with statements() as sent:
        ledger.outcomes.put(deals)
    assert len(sent) <= 3 * 5
    with statements() as sent:
        assert ledger.outcomes.put(deals) == OutcomesPut(same=3000)
    assert len(sent) <= 3 * 2
