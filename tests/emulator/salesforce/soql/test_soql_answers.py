"""What queries find, and how their answers look."""

import time

import pytest

from emulator.salesforce.soql import run
from tests.emulator.salesforce.soql.conftest import Asker, Memory, account, record_id

ACME = record_id("001", 1)


@pytest.mark.parametrize(
    ("where", "found"),
    [
        ("Name = 'ACME'", ["Acme"]),
        ("Name != 'acme' AND Website != null", ["dune_x"]),
        ("Website != 'acme.com'", ["Bolt", "cobra", "O'Neil", "dune_x"]),
        ("Website = ''", ["Bolt", "cobra", "O'Neil"]),
        ("Website = null AND Tier__c = 'tier_1'", ["Bolt"]),
        ("Name LIKE 'c%'", ["cobra"]),
        (r"Name LIKE '%100\%'", ["cobra"]),
        (r"Name LIKE 'dune\_x'", ["dune_x"]),
        (r"Name LIKE 'acm\_'", []),
        ("Name LIKE 'acm_'", ["Acme"]),
        (r"Name = 'O\'Neil \\ Sons'", ["O'Neil"]),
        (r"Name = '\u0041cme'", ["Acme"]),
        ("AnnualRevenue > 10", ["Acme", "O'Neil"]),
        ("AnnualRevenue = USD99", ["O'Neil"]),
        ("AnnualRevenue < 50 OR Tier__c = 'tier_3'", ["Acme", "O'Neil"]),
        ("AnnualRevenue != 99", ["Acme", "Bolt", "cobra", "dune_x"]),
        ("AnnualRevenue > null", []),
        ("Target__c = true", ["Acme"]),
        ("Target__c != null", ["Acme"]),
        ("Target__c = null AND Name < 'c'", ["Bolt"]),
        ("Target__c = false AND Name > 'c'", ["cobra", "O'Neil", "dune_x"]),
        ("Tier__c IN ('tier_1', 'TIER_3')", ["Bolt", "O'Neil", "dune_x"]),
        ("Tier__c IN ('tier_2', null)", ["Acme", "cobra"]),
        ("Tier__c NOT IN ('tier_1', 'tier_3')", ["Acme", "cobra"]),
        ("NOT (Tier__c = 'tier_1' OR Name = 'Acme')", ["cobra", "O'Neil"]),
        ("(NOT Name LIKE 'a%') AND Tier__c != null", ["Bolt", "O'Neil", "dune_x"]),
        ("Segments__c INCLUDES ('Retail')", ["Bolt"]),
        ("Segments__c INCLUDES ('Tech;Retail', 'Nothing')", ["Bolt"]),
        ("Segments__c EXCLUDES ('Retail') AND Segments__c != null", ["cobra"]),
        ("Segments__c = 'retail;tech'", ["Bolt"]),
        (f"Id = '{ACME[:15]}'", ["Acme"]),
        (f"Id = '{ACME.upper()}'", ["Acme"]),
        (f"Id IN ('{ACME}', '{record_id('001', 3)[:15]}')", ["Acme", "cobra"]),
        (f"Id > '{record_id('001', 3)}'", ["O'Neil", "dune_x"]),
        (f"Parent.Id = '{ACME}'", ["O'Neil"]),
        ("Owner.Email = 'bob@example.com'", ["cobra"]),
        ("Parent.Owner.Name = 'Ada'", ["O'Neil"]),
        ("Parent.Name != 'Acme'", ["Acme", "Bolt", "cobra", "dune_x"]),
        ("Account.Name = 'Bolt'", ["Bolt"]),
        ("Renewal__c = TODAY", ["cobra"]),
        ("Renewal__c = 2026-03-10", ["Bolt"]),
        ("Renewal__c IN (YESTERDAY, 2026-03-11)", ["Bolt", "cobra"]),
        ("CreatedDate = 2026-03-02T08:00:00Z", ["Bolt"]),
        ("CreatedDate >= 2026-03-04T09:00:00+01:00", ["O'Neil", "dune_x"]),
        ("CreatedDate < 2026-03-02T08:00:00.000+0000", ["Acme"]),
        ("CreatedDate = LAST_WEEK AND CreatedDate > LAST_N_DAYS:9", []),
        ("CreatedDate = LAST_WEEK", ["Acme", "Bolt", "cobra", "O'Neil", "dune_x"]),
        ("CreatedDate = LAST_N_DAYS:7", ["O'Neil", "dune_x"]),
        ("CreatedDate != THIS_MONTH", []),
        ("CreatedDate = N_DAYS_AGO:9", ["Bolt"]),
        ("DAY_ONLY(CreatedDate) = 2026-03-03", ["cobra"]),
        ("DAY_IN_MONTH(CreatedDate) > 4", ["dune_x"]),
        ("Id IN (SELECT AccountId FROM Opportunity WHERE IsWon = true)", ["Acme", "Bolt"]),
        ("Id NOT IN (SELECT AccountId FROM Opportunity)", ["cobra", "O'Neil", "dune_x"]),
    ],
)  # fmt: skip
def test_a_condition_finds_what_salesforce_would_find(ask: Asker, where: str, found: list[str]) -> None:
    assert ask.names(where) == found


def test_a_record_names_its_type_and_address_and_a_blank_parent_is_null(ask: Asker) -> None:
    query = f"SELECT Id, Parent.Name, Owner.Email, Name FROM Account WHERE Id = '{ACME}'"
    assert ask.answer(query).records() == [
        {
            "attributes": {"type": "Account", "url": f"/services/data/v62.0/sobjects/Account/{ACME}"},
            "Id": ACME,
            "Parent": None,
            "Owner": {
                "attributes": {
                    "type": "User",
                    "url": f"/services/data/v62.0/sobjects/User/{record_id('005', 1)}",
                },
                "Email": "ada@example.com",
            },
            "Name": "Acme",
        }
    ]


def test_names_are_answered_in_the_schemas_case_whatever_was_asked(ask: Asker) -> None:
    assert ask.records("select NAME, owner.NAME from ACCOUNT limit 1") == [
        {"Name": "Acme", "Owner": {"Name": "Ada"}}
    ]


def test_a_parent_that_may_be_of_several_objects_is_shown_as_a_name(ask: Asker) -> None:
    (first, second) = ask.answer("SELECT What.Name FROM Task").records()
    assert first["What"]["attributes"] == {
        "type": "Name",
        "url": f"/services/data/v62.0/sobjects/Opportunity/{record_id('006', 2)}",
    }
    assert (first["What"]["Name"], second["What"]) == ("Two", None)


def test_children_are_listed_under_their_parent_and_an_empty_list_is_null(ask: Asker) -> None:
    query = (
        "SELECT Name, (SELECT Name, Account.Name FROM Opportunities WHERE Amount > 10 ORDER BY Amount LIMIT 1)"
        " FROM Account WHERE Tier__c IN ('tier_1', 'tier_2') ORDER BY Name LIMIT 2"
    )
    assert ask.records(query) == [
        {
            "Name": "Acme",
            "Opportunities": {
                "totalSize": 1,
                "done": True,
                "records": [{"Name": "Two", "Account": {"Name": "Acme"}}],
            },
        },
        {"Name": "Bolt", "Opportunities": None},
    ]


@pytest.mark.parametrize(
    ("clauses", "found"),
    [
        ("ORDER BY Name DESC", ["O'Neil", "dune_x", "cobra", "Bolt", "Acme"]),
        ("ORDER BY AnnualRevenue, Name", ["Bolt", "cobra", "dune_x", "Acme", "O'Neil"]),
        ("ORDER BY AnnualRevenue DESC NULLS LAST, Name", ["O'Neil", "Acme", "Bolt", "cobra", "dune_x"]),
        ("ORDER BY Tier__c DESC NULLS LAST, Name LIMIT 2", ["O'Neil", "Acme"]),
        ("ORDER BY Owner.Name DESC, CreatedDate DESC LIMIT 2 OFFSET 1", ["dune_x", "O'Neil"]),
        ("USING SCOPE mine ORDER BY Name LIMIT 2", ["Acme", "Bolt"]),
        ("LIMIT 0", []),
    ],
)
def test_rows_come_in_the_order_and_the_window_asked_for(ask: Asker, clauses: str, found: list[str]) -> None:
    records = ask.records(f"SELECT Name FROM Account {clauses}")
    assert [record["Name"].split()[0] for record in records] == found


@pytest.mark.parametrize(
    ("query", "records"),
    [
        ("SELECT COUNT(Id) FROM Opportunity", [{"expr0": 4}]),
        (
            "SELECT SUM(Amount) total, AVG(Amount), MIN(CloseDate), COUNT(AccountId) n FROM Opportunity",
            [{"total": 150.0, "expr0": 75.0, "expr1": "2025-12-31", "n": 3}],
        ),
        ("SELECT MAX(Amount) FROM Opportunity WHERE Name = 'none'", [{"expr0": None}]),
        ("SELECT COUNT_DISTINCT(StageName) n FROM Opportunity", [{"n": 2}]),
        (
            "SELECT Account.Name, COUNT(Id) n FROM Opportunity GROUP BY Account.Name ORDER BY COUNT(Id) DESC",
            [{"Name": "Acme", "n": 2}, {"Name": "Bolt", "n": 1}, {"Name": None, "n": 1}],
        ),
        (
            "SELECT AccountId a, SUM(Amount) FROM Opportunity GROUP BY AccountId HAVING SUM(Amount) >= 100",
            [{"a": ACME, "expr0": 150.0}],
        ),
        (
            "SELECT CALENDAR_YEAR(CloseDate) y FROM Opportunity GROUP BY CALENDAR_YEAR(CloseDate) LIMIT 1",
            [{"y": 2026}],
        ),
        (
            "SELECT StageName FROM Opportunity GROUP BY StageName HAVING StageName LIKE 'c%'",
            [{"StageName": "Closed Won"}],
        ),
    ],
)  # fmt: skip
def test_aggregates(ask: Asker, query: str, records: list[dict[str, object]]) -> None:
    assert ask.records(query) == records
    assert {record["attributes"]["type"] for record in ask.answer(query).records()} == {"AggregateResult"}


def test_a_bare_count_is_a_size_without_records(ask: Asker) -> None:
    answer = ask.answer("SELECT COUNT() FROM Account WHERE Tier__c = 'tier_1'")
    assert (answer.total_size, answer.records()) == (2, [])


def test_fields_stands_for_all_of_a_kind(ask: Asker) -> None:
    (record,) = ask.records("SELECT FIELDS(CUSTOM), Id FROM Account LIMIT 1")
    assert list(record) == ["Target__c", "Tier__c", "Segments__c", "Renewal__c", "Id"]
    (record,) = ask.records("SELECT FIELDS(ALL) FROM User ORDER BY Name DESC LIMIT 1")
    assert record["Name"] == "Bob"


def test_labels_are_shown_on_request(ask: Asker) -> None:
    assert ask.records("SELECT toLabel(Tier__c), Name FROM Account LIMIT 1") == [
        {"Tier__c": "Tier 2", "Name": "Acme"}
    ]


def test_an_answer_can_be_read_as_a_table_a_page_at_a_time(ask: Asker) -> None:
    answer = ask.answer("SELECT Id, owner.email FROM Account ORDER BY Name")
    assert answer.columns == ("Id", "Owner.Email")
    assert answer.cells(2, 3) == [[record_id("001", 3), "bob@example.com"]]
    assert [record["Id"] for record in answer.records(3)] == [record_id("001", 5), record_id("001", 4)]


@pytest.mark.parametrize(
    "where",
    [
        f"Id = '{ACME}'",
        f"Id IN ('{ACME}') AND Name = 'Acme'",
        "Website = 'ACME.com'",
        "Name = 'Acme' AND SystemModstamp > 2026-02-01T00:00:00Z",
        f"(SystemModstamp = 2026-03-01T09:00:00Z AND Id >= '{ACME}') OR SystemModstamp > 2027-03-01T00:00:00Z",
    ],
)
def test_an_index_spares_the_scan(indexed_org: Memory, where: str) -> None:
    found = run(indexed_org, f"SELECT Name FROM Account WHERE {where}").records()
    assert [record["Name"] for record in found] == ["Acme"]
    assert indexed_org.scanned == []


def test_an_index_is_not_used_where_it_would_lose_rows(indexed_org: Memory) -> None:
    text = f"SELECT Name FROM Account WHERE Id = '{ACME}' OR Name = 'Bolt'"
    assert run(indexed_org, text).total_size == 2
    assert indexed_org.scanned == ["Account"]


def test_a_row_that_two_branches_find_is_answered_once(indexed_org: Memory) -> None:
    text = f"SELECT Id FROM Account WHERE Id = '{ACME}' OR Website = 'acme.com'"
    assert run(indexed_org, text).total_size == 1


def test_a_limit_on_an_index_keeps_the_rows_that_tie_at_its_end() -> None:
    stamp = "2026-03-01T09:00:00.000+0000"
    rows = [account(2, Id=record_id("001", number), SystemModstamp=stamp) for number in (9, 8, 7)]
    later = account(3, Id=record_id("001", 1))
    org = Memory({"Account": [*rows, later]}, indexed=True)
    text = (
        "SELECT Id FROM Account WHERE SystemModstamp >= 2026-03-01T00:00:00Z"
        " ORDER BY SystemModstamp, Id LIMIT 1 OFFSET 1"
    )
    assert [record["Id"] for record in run(org, text).records()] == [record_id("001", 8)]
    assert org.scanned == []


@pytest.mark.slow
def test_a_hundred_thousand_rows_are_filtered_and_sorted_in_seconds() -> None:
    rows = [
        account(number % 28 + 1, Id=record_id("001", number), Name=f"Account {number}")
        for number in range(100_000)
    ]
    org = Memory({"Account": rows})
    began = time.perf_counter()
    text = (
        f"SELECT Id, Name, Owner.Email FROM Account WHERE (SystemModstamp = 2026-03-05T09:00:00Z AND Id > '{ACME}')"
        " OR SystemModstamp > 2026-03-05T09:00:00Z ORDER BY SystemModstamp, Id LIMIT 2000"
    )
    assert len(run(org, text).records()) == 2000
    assert time.perf_counter() - began < 10  # about half a second on an idle core
