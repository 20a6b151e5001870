"""Every statement that Tandem sends, by text, by property, and by Salesforce's own parser."""

import json
import subprocess
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.salesforce.api import soql

AT = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)
KEYS = [
    "plain",
    "o'neil",
    "back\\slash",
    "both\\'",
    "line\nbreak",
    "tab\there",
    'double"quote',
    "ü 漢 🎯",
    "",
    "%_*?",
]

STATEMENTS = [
    soql.scan("Account", ["Id", "Name"]),
    soql.scan("Account", ["Id", "Owner.Email"], since=AT),
    soql.scan("Account", ["Id"], after=(AT, "001000000000001AAA"), conditions=["IsPersonAccount = false"]),
    soql.scan("Account", ["Id"], since=AT, conditions=["IsPersonAccount = false"]),
    soql.by_values("Account", ["Id", "Name"], "Tandem_Key__c", KEYS),
    soql.by_values("Account", ["Id", "IsDeleted"], "Id", ["001000000000001AAA"], ["IsDeleted = true"]),
    soql.USERS,
    soql.STAGES,
    soql.ORGANIZATION,
    soql.user("005000000000001AAA"),
    soql.custom_fields("Account"),
    soql.custom_field("Account", "ABM_Tier__c"),
    soql.permission_set("Tandem_Sync"),
    soql.field_permissions("Tandem_Sync", "Account"),
    soql.all_field_permissions("Tandem_Sync"),
    soql.object_permissions("Tandem_Sync", ["PermissionsRead"]),
    soql.assignments("Tandem_Sync"),
    soql.latest("Account", 200),
    soql.counts_by_value("Account", "ABM_Tier__c", ["IsPersonAccount = false"]),
    soql.rights_of_profile("005000000000001AAA", ["PermissionsApiEnabled"]),
    soql.rights_of_sets("005000000000001AAA", ["PermissionsApiEnabled"]),
    soql.validation_rules("Account"),
    soql.flows("Account"),
    soql.triggers("Account"),
    soql.any_row("AccountHistory"),
    soql.record_types("Account", people=True),
    soql.tracked_fields("Account"),
    soql.count_where("Account", soql.filled("ABM_Tier__c", ["IsPersonAccount = false"])),
    soql.count_where("Account", soql.longer_than("ABM_Note__c", 40)),
    soql.count_where("Account", soql.as_large_as("Engagement_Score__c", 1000)),
    soql.validation_rule("03d000000000001AAA"),
    soql.duplicate_rules("Account"),
    soql.users_named("005000000000001AAA", ["ada@example.com"], ["System Administrator"]),
]

JUDGE = """
const { SOQLParser } = require('@salesforce/soql-common/lib/soql-parser');
const parser = SOQLParser({ isApex: false, isMultiCurrencyEnabled: true, apiVersion: 50.0 });
const statements = JSON.parse(require('fs').readFileSync(0, 'utf8'));
console.log(JSON.stringify(statements.map((text) => parser.parseQuery(text).getSuccess())));
"""


@pytest.mark.node
@pytest.mark.judge
def test_salesforces_own_parser_takes_every_statement(node_client_dir: Path) -> None:
    if not (node_client_dir / "node_modules" / "@salesforce" / "soql-common").is_dir():
        pytest.skip("@salesforce/soql-common is not installed; .ci/run installs it where npm is")
    # One that is wrong on purpose proves that the judge refuses at all.
    asked = [*STATEMENTS, "SELECT Id FROM Account WHERE Name = 'o'neil'"]
    done = subprocess.run(
        ["node", "-e", JUDGE],
        cwd=node_client_dir,
        input=json.dumps(asked),
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    judged = dict(zip(asked, json.loads(done.stdout), strict=True))
    assert [text for text, good in judged.items() if not good] == asked[-1:]


def test_every_statement_that_can_be_built_is_judged() -> None:
    makers = {
        name
        for name, thing in vars(soql).items()
        if callable(thing) and thing.__module__ == soql.__name__ and not name.startswith("_")
    }
    assert makers - {"name", "literal", "moment", "columns", "in_lists", "filled"} == {
        "scan",
        "by_values",
        "user",
        "custom_fields",
        "custom_field",
        "latest",
        "permission_set",
        "all_field_permissions",
        "object_permissions",
        "field_permissions",
        "assignments",
        "counts_by_value",
        "users_named",
        "rights_of_profile",
        "rights_of_sets",
        "validation_rules",
        "validation_rule",
        "duplicate_rules",
        "flows",
        "triggers",
        "any_row",
        "as_large_as",
        "count_where",
        "longer_than",
        "record_types",
        "tracked_fields",
    }


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")))
def test_a_literal_ends_where_it_should_and_holds_what_it_was_given(text: str) -> None:
    quoted = soql.literal(text)
    assert quoted[0] == quoted[-1] == "'"
    unescaped = []
    letters = iter(quoted[1:-1])
    back = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f"}
    for letter in letters:
        assert letter != "'"
        if letter == "\\":
            letter = next(letters)  # noqa: PLW2901 - an escape is two letters
            unescaped.append(back.get(letter, letter))
        else:
            unescaped.append(letter)
    assert "".join(unescaped) == text


@pytest.mark.parametrize(
    "bad", ["Name FROM User", "a'b", "", "1st", "Name;", "Na me", "Owner..Email", "Name--"]
)
def test_what_is_no_name_never_becomes_part_of_a_statement(bad: str) -> None:
    with pytest.raises(ValueError, match="not the API name"):
        soql.scan("Account", [bad])
    with pytest.raises(ValueError, match="not the API name"):
        soql.scan(bad, ["Id"])


def test_a_moment_is_bare_in_utc_and_must_have_a_zone() -> None:
    there = AT.astimezone(timezone(timedelta(hours=5)))
    assert soql.moment(there) == "2026-03-01T12:00:00.000Z"
    assert soql.moment(AT.replace(microsecond=987654)) == "2026-03-01T12:00:00.987Z"
    with pytest.raises(ValueError, match="time zone"):
        soql.moment(datetime(2026, 3, 1))  # noqa: DTZ001 - the missing zone is the point


def test_a_field_asked_for_twice_is_selected_once() -> None:
    text = soql.scan("Account", ["Id", "Name", "id", "NAME"])
    assert text == "SELECT Id, Name FROM Account ORDER BY SystemModstamp, Id"


@given(st.lists(st.text(min_size=1, max_size=4000), max_size=60), st.integers(1, 50))
def test_lists_lose_no_value_and_keep_within_their_size(values: list[str], most: int) -> None:
    chunks = list(soql.in_lists(values, most))
    assert [value for chunk in chunks for value in chunk] == values
    for chunk in chunks:
        assert 1 <= len(chunk) <= most
        assert len(chunk) == 1 or sum(len(soql.literal(value)) + 1 for value in chunk) <= 12_000
