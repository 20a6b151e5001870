"""What the big lists rest on: few statements, and an index for each question that is asked often."""

from __future__ import annotations

import sqlite3

import pytest

from sync.ledger import Ledger
from sync.ledger.database import transactions
from sync.model.journal import Settlement
from tests.sync.ledger.makers import Statements, account, record


def test_ten_thousand_records_are_stored_in_one_statement(ledger: Ledger, statements: Statements) -> None:
    records = [record(id=f"{number}") for number in range(10 * transactions.CHUNK)]
    with statements() as sent:
        ledger.accounts.put(records)
    assert len(sent) == 1


def test_a_thousand_accounts_are_read_in_a_few_statements(ledger: Ledger, statements: Statements) -> None:
    links = [account(ledger, number) for number in range(1, 31)]
    ledger.accounts.mark_for_decision(links)
    with statements() as sent:
        assert len(list(ledger.accounts.dirty())) == 30
    assert len(sent) == 4  # ids, Records and Links of the one chunk, and the end
    with statements() as sent:
        ledger.accounts.settle(
            Settlement(link_id=link, base={"tier": "x"}, observed={"hubspot": {"tier": "x"}})
            for link in links
        )
    assert len(sent) == 4


@pytest.mark.parametrize("ledger", ["memory"], indirect=True)
@pytest.mark.parametrize(
    ("method", "index"),
    [
        (lambda ledger: list(ledger.accounts.dirty()), ["ix_records_dirty", "ix_links_wake"]),
        (lambda ledger: list(ledger.accounts.unmatched_groups()), ["ix_records_unmatched"]),
        (lambda ledger: ledger.accounts.lost(), ["ix_records_gone"]),
        (lambda ledger: ledger.accounts.by_link("tdm001"), ["uq_records_link_id_system"]),
        (lambda ledger: ledger.accounts.find("001000000000001AAA"), ["sqlite_autoindex_records_1"]),
        (lambda ledger: ledger.accounts.counts(), ["ix_records_system_state"]),
        (lambda ledger: ledger.writes.open(), ["ix_writes_open"]),
        (lambda ledger: ledger.writes.of_link("tdm001"), ["ix_writes_link_id"]),
        (lambda ledger: ledger.conflicts.list(), ["ix_conflicts_standing"]),
        (lambda ledger: ledger.conflicts.decisions(["tdm001"]), ["uq_conflicts_standing"]),
        (lambda ledger: ledger.events.of_link("tdm001"), ["ix_events_link_id_field"]),
        (lambda ledger: ledger.scores.of_links(["tdm001"]), ["ix_scores_link_id"]),
        (lambda ledger: ledger.outcomes.of_links(["tdm001"]), ["ix_outcomes_link_id"]),
    ],
    ids=lambda given: given[0] if isinstance(given, list) else "",
)
def test_a_question_that_is_asked_often_has_its_index(
    ledger: Ledger, statements: Statements, method: object, index: list[str]
) -> None:
    account(ledger)
    with statements() as sent:
        method(ledger)  # type: ignore[operator]
    with ledger._store.reading() as connection:
        driver: sqlite3.Connection = connection.connection.driver_connection  # type: ignore[assignment]
        plans = [
            " ".join(
                str(row[3]) for row in driver.execute(f"EXPLAIN QUERY PLAN {sql}", ["x"] * sql.count("?"))
            )
            for sql in sent
            if sql.startswith("SELECT")
        ]
    for name in index:
        assert any(name in plan for plan in plans), plans
