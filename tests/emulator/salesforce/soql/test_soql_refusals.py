"""How refused queries are answered: Salesforce's code, its place in the text, its words."""

import pytest

from emulator.salesforce.soql import SoqlError, parse
from tests.emulator.salesforce.soql.conftest import Asker

ADVICE = (
    "If you are attempting to use a custom {kind}, be sure to append the '{suffix}' after the {what} name."
    " Please reference your WSDL or the describe call for the appropriate names."
)


def refusal(ask: Asker, query: str) -> SoqlError:
    with pytest.raises(SoqlError) as caught:
        ask.answer(query)
    return caught.value


def test_a_missing_field_is_shown_with_a_caret_and_its_column(ask: Asker) -> None:
    error = refusal(ask, "SELECT Id, Foo__c FROM Account")
    assert error.code == "INVALID_FIELD"
    assert error.message == (
        "\nSELECT Id, Foo__c FROM Account\n           ^\nERROR at Row:1:Column:12\n"
        "No such column 'Foo__c' on entity 'Account'. "
        + ADVICE.format(kind="field", suffix="__c", what="custom field")
    )


def test_a_missing_object_is_an_invalid_type(ask: Asker) -> None:
    error = refusal(ask, "select count() from XYZZY")
    assert error.code == "INVALID_TYPE"
    assert error.message == (
        "\nselect count() from XYZZY\n                    ^\nERROR at Row:1:Column:21\n"
        "sObject type 'XYZZY' is not supported. " + ADVICE.format(kind="object", suffix="__c", what="entity")
    )


def test_a_long_line_is_cut_at_words_thirty_characters_around_the_place(ask: Asker) -> None:
    query = "SELECT Id, Name, Website, AnnualRevenue, Wrong__c, NumberOfEmployees, Target__c, Tier__c FROM Account"
    excerpt, caret, place = refusal(ask, query).message.split("\n")[1:4]
    assert excerpt == "Name, Website, AnnualRevenue, Wrong__c, NumberOfEmployees, Target__c"
    assert excerpt[caret.index("^") :].startswith("Wrong__c")
    assert place == f"ERROR at Row:1:Column:{query.index('Wrong__c') + 1}"


def test_the_row_is_counted_in_a_query_of_several_lines(ask: Asker) -> None:
    message = refusal(ask, "SELECT Id\nFROM Account\nWHERE Nope = 1").message
    assert message.startswith("\nWHERE Nope = 1\n      ^\nERROR at Row:3:Column:7\nNo such column 'Nope'")


@pytest.mark.parametrize(
    ("query", "code", "words"),
    [
        ("SELECT Id FROM Account WHER Name = 'x'", "MALFORMED_QUERY", "unexpected token: 'Name'"),
        ("SELECT Id FROM Account WHERE", "MALFORMED_QUERY", "unexpected token: '<EOF>'"),
        ("SELECT Id FROM Account WHERE Name = 'x", "MALFORMED_QUERY", "mismatched character '<EOF>'"),
        ("SELECT * FROM Account", "MALFORMED_QUERY", "unexpected token: '*'"),
        ("", "MALFORMED_QUERY", "cannot be empty"),
        ("SELECT Id FROM Account WHERE Name = '" + "x" * 4001 + "'", "MALFORMED_QUERY", "4000 characters"),
        ("SELECT Id FROM Account" + " " * 100_000, "MALFORMED_QUERY", "100000 characters"),
        ("SELECT Id FROM Account ALL ROWS", "MALFORMED_QUERY", "unexpected token: 'ROWS'"),
        ("SELECT Id FROM Account WHERE CreatedDate = LAST_N_DAYS", "MALFORMED_QUERY", "unexpected token"),
        ("SELECT FIELDS(ALL) FROM Account", "MALFORMED_QUERY", "must have a LIMIT of at most 200"),
        ("SELECT FIELDS(CUSTOM) FROM Account LIMIT 201", "MALFORMED_QUERY", "must have a LIMIT of at most 200"),
        ("SELECT Id i FROM Account", "MALFORMED_QUERY", "only aggregate expressions use field aliasing"),
        ("SELECT Name, COUNT(Id) FROM Account", "MALFORMED_QUERY", "must be grouped or aggregated: Name"),
        ("SELECT COUNT(Id) FROM Account GROUP BY ROLLUP(Name)", "MALFORMED_QUERY", "ROLLUP"),
        ("SELECT TYPEOF What WHEN Account THEN Name END FROM Task", "MALFORMED_QUERY", "TYPEOF"),
        ("SELECT Id FROM Account LIMIT -1", "MALFORMED_QUERY", "LIMIT"),
        ("SELECT Id FROM Account WITH FOO", "MALFORMED_QUERY", "unexpected token: 'FOO'"),
        ("SELECT Id FROM Account WHERE Id IN (SELECT Name FROM Opportunity)", "MALFORMED_QUERY", "'Name'"),
        ("SELECT Id FROM Account WHERE Name IN (SELECT Id FROM Opportunity)", "MALFORMED_QUERY", "reference field"),
        (
            "SELECT Id FROM Account WHERE Name = 'x' OR Id IN (SELECT AccountId FROM Opportunity)",
            "MALFORMED_QUERY",
            "only allowed at the top level",
        ),
        (
            "SELECT Id FROM Account WHERE Id IN (SELECT Id FROM Task WHERE Id IN (SELECT Id FROM User))",
            "MALFORMED_QUERY",
            "Nesting of semi join",
        ),
        ("SELECT Id, Id FROM Account", "INVALID_FIELD", "duplicate field selected: Id"),
        ("SELECT Description FROM Account WHERE Description = 'x'", "INVALID_FIELD", "can not be filtered"),
        ("SELECT Id FROM Account ORDER BY Description", "INVALID_FIELD", "can not be sorted"),
        ("SELECT COUNT(Id) FROM Account GROUP BY Description", "INVALID_FIELD", "can not be grouped"),
        ("SELECT SUM(Name) FROM Account", "INVALID_FIELD", "does not support aggregate operator SUM"),
        ("SELECT Owner FROM Account", "INVALID_FIELD", "No such column 'Owner' on entity 'Account'"),
        ("SELECT Owner.Foo FROM Account", "INVALID_FIELD", "No such column 'Foo' on entity 'User'"),
        ("SELECT Boss.Name FROM Account", "INVALID_FIELD", "Didn't understand relationship 'Boss' in field path"),
        ("SELECT (SELECT Id FROM Foos) FROM Account", "INVALID_TYPE", "relationship 'Foos' in FROM part"),
        ("SELECT Id FROM Account WHERE Id = 'abc'", "INVALID_QUERY_FILTER_OPERATOR", "invalid ID field: abc"),
        ("SELECT Id FROM Account WHERE Target__c > true", "INVALID_QUERY_FILTER_OPERATOR", "invalid operator"),
        ("SELECT Id FROM Account WHERE Id LIKE '001%'", "INVALID_QUERY_FILTER_OPERATOR", "invalid operator"),
        ("SELECT Id FROM Account WHERE Name INCLUDES ('x')", "INVALID_QUERY_FILTER_OPERATOR", "invalid operator"),
        ("SELECT Id FROM Account OFFSET 2001", "NUMBER_OUTSIDE_VALID_RANGE", "Maximum SOQL offset allowed is 2000"),
        ("SELECT Id FROM Account USING SCOPE foo", "INVALID_QUERY_SCOPE", "'foo'"),
    ],
)  # fmt: skip
def test_a_refused_query_says_why(ask: Asker, query: str, code: str, words: str) -> None:
    error = refusal(ask, query)
    assert error.code == code
    assert words in error.message


@pytest.mark.parametrize(
    ("condition", "words"),
    [
        (
            "Renewal__c = '2026-01-31'",
            "'Renewal__c' must be of type date and should not be enclosed in quotes",
        ),
        ("Renewal__c = 2026-01-31T00:00:00Z", "'Renewal__c' must be of type date and should not be"),
        ("CreatedDate > '2026-01-31T10:00:00Z'", "'CreatedDate' must be of type dateTime and should not be"),
        (
            "CreatedDate > 2026-01-31",
            "'CreatedDate' must be of type dateTime and should not be enclosed in quotes",
        ),
        ("Target__c = 'true'", "'Target__c' must be of type boolean and should not be enclosed in quotes"),
        (
            "NumberOfEmployees = '5'",
            "'NumberOfEmployees' must be of type int and should not be enclosed in quotes",
        ),
        ("Name = 5", "'Name' must be of type string and should be enclosed in quotes"),
        ("Tier__c = true", "'Tier__c' must be of type string and should be enclosed in quotes"),
    ],
)
def test_a_value_of_another_type_is_told_how_to_be_written(ask: Asker, condition: str, words: str) -> None:
    error = refusal(ask, f"SELECT Id FROM Account WHERE {condition}")
    assert error.code == "INVALID_FIELD"
    assert f"value of filter criterion for field {words}" in error.message
    assert error.message.startswith("\n")


def test_more_than_two_semi_joins_are_too_many(ask: Asker) -> None:
    join = "Id IN (SELECT AccountId FROM Opportunity)"
    assert ask.answer(f"SELECT Id FROM Account WHERE {join} AND {join}").total_size == 2
    error = refusal(ask, f"SELECT Id FROM Account WHERE {join} AND {join} AND {join}")
    assert error.code == "EXCEEDED_MAX_SEMIJOIN_SUBSELECTS"


def test_the_same_text_is_parsed_once() -> None:
    assert parse("SELECT Id FROM Account") is parse("SELECT Id FROM Account")
