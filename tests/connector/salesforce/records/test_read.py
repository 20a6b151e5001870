"""Reading what changed without losing a row, and without reading the same rows for ever."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from requests import PreparedRequest

from connector.base import NativeRecord, Page
from connector.errors import Unavailable, Unsupported
from connector.salesforce.records import rows
from tests.connector.salesforce.org import START, Org, Reply, account, fixture, page, sent, stamp

LOST: Reply = (400, [{"message": "invalid query locator", "errorCode": "INVALID_QUERY_LOCATOR"}])
NO_COLUMN: Reply = (
    400,
    [
        {
            "message": "No such column 'MQA_Stage__c' on entity 'Account'. If you are attempting to use a custom field",
            "errorCode": "INVALID_FIELD",
        }
    ],
)
LOCATOR = "/services/data/v62.0/query/01gRO0000000001-2000"


def records(pages: list[Page]) -> list[NativeRecord]:
    return [record for piece in pages for record in piece.records]


# -- the first read, and those after it --------------------------------------------------------------------


def test_a_first_read_takes_everything_that_is_there_in_order(org: Org) -> None:
    org.on("GET", "/query", (200, page([account(1, Name="Acme"), account(2, Name=None)])))
    (piece,) = org.connect().changes("Account", ["Name"], None)
    assert [(record.id, record.values) for record in piece.records] == [
        ("001000000000001AAA", {"Name": "Acme"}),
        ("001000000000002AAA", {"Name": None}),
    ]
    assert piece.records[0].modified_at == START
    assert piece.records[0].modified_by == "005000000000009AAA"
    assert org.queries() == [
        "SELECT Id, SystemModstamp, LastModifiedById, Name FROM Account ORDER BY SystemModstamp, Id"
    ]


def test_what_changed_last_comes_first(org: Org) -> None:
    org.on("GET", "/query", (200, page([account(2, Name="New"), account(1, Name="Old")])))
    assert org.connect().latest("Account", 50) == ["001000000000002AAA", "001000000000001AAA"]
    assert org.queries() == ["SELECT Id FROM Account ORDER BY SystemModstamp DESC LIMIT 50"]


def test_an_idle_read_is_one_call_and_advances_to_the_servers_own_time(org: Org) -> None:
    org.ahead = timedelta(seconds=40)
    org.on("GET", "/query", (200, page([account(1, START - timedelta(days=9), Name="Acme")])))
    org.on("GET", "/queryAll", (200, page([])))
    connector = org.connect()
    (first,) = connector.changes("Account", ["Name"], None)
    before = connector.calls
    org.advance(600)
    (idle,) = connector.changes("Account", ["Name"], first.position)
    assert connector.calls - before == 1
    assert (idle.records, idle.removals) == ((), ())
    org.advance(60)
    (_,) = connector.changes("Account", ["Name"], idle.position)
    # Not the newest row's stamp, nine days old, but the server's time at the read before, less the overlap.
    assert "SystemModstamp >= 2026-03-01T12:05:40.000Z ORDER BY" in org.queries()[-1]


def test_a_version_whose_stamp_was_seen_is_read_again_because_its_second_may_not_have_been_over(
    org: Org,
) -> None:
    late = account(7, START - timedelta(minutes=3), Name="Late")
    before = account(1, START - timedelta(minutes=1), Name="Acme")
    after = account(1, START - timedelta(minutes=1), Name="Acme, edited in the same second")
    org.on("GET", "/query", (200, page([before])))
    gone = {"IsDeleted": False, "MasterRecordId": None}
    org.on("GET", "/queryAll", (200, page([{**late, **gone}, {**after, **gone}])))
    connector = org.connect()
    (first,) = connector.changes("Account", ["Name"], None)

    def seen(versions: Mapping[str, datetime]) -> set[str]:
        return set(versions)

    (again,) = connector.changes("Account", ["Name"], first.position, seen)
    assert [record.values["Name"] for record in again.records] == ["Late", "Acme, edited in the same second"]


def test_deleted_and_merged_rows_become_removals(org: Org) -> None:
    org.on("GET", "/query", (200, page([])))
    org.on(
        "GET",
        "/queryAll",
        (
            200,
            page(
                [
                    account(1, Name="there", IsDeleted=False, MasterRecordId=None),
                    account(2, Name="deleted", IsDeleted=True, MasterRecordId=None),
                    account(3, Name="merged", IsDeleted=True, MasterRecordId="001000000000001AAA"),
                ]
            ),
        ),
    )
    connector = org.connect()
    (first,) = connector.changes("Account", ["Name"], None)
    (piece,) = connector.changes("Account", ["Name"], first.position)
    assert [record.id for record in piece.records] == ["001000000000001AAA"]
    assert [(gone.id, gone.merged_into) for gone in piece.removals] == [
        ("001000000000002AAA", None),
        ("001000000000003AAA", "001000000000001AAA"),
    ]
    assert piece.removals[0].at == START
    assert ", IsDeleted, MasterRecordId FROM" in org.queries()[-1]


def test_person_accounts_are_left_out_where_there_are_such_and_not_asked_for_where_not(org: Org) -> None:
    org.on("GET", "/query", (200, page([])))
    list(org.connect().changes("Account", ["Name"], None))
    assert "IsPersonAccount" not in org.queries()[-1]
    described = fixture("describe_account")
    described["fields"].append({"name": "IsPersonAccount", "label": "Is Person Account", "type": "boolean"})
    org.on("GET", "/sobjects/Account/describe", (200, described))
    list(org.connect().changes("Account", ["Name"], None))
    assert " WHERE IsPersonAccount = false ORDER BY" in org.queries()[-1]


# -- pages -------------------------------------------------------------------------------------------------


def test_pages_are_followed_until_done_however_short_they_are(org: Org) -> None:
    further = [LOCATOR.replace("-2000", f"-{rows}") for rows in (2000, 4000, 6000)]
    answers = [page([account(1, Name="a")], further[0]), page([], further[1])]
    answers += [page([account(2, Name="b")], further[2]), page([account(3, Name="c")])]
    places = ["/query", *(f"/query/{url.rpartition('/')[2]}" for url in further)]
    for place, answer in zip(places, answers, strict=True):
        org.on("GET", place, (200, answer))
    pages = list(org.connect().changes("Account", ["Name"], None))
    assert [record.values["Name"] for record in records(pages)] == ["a", "b", "c"]


def test_pages_that_begin_anew_end_the_read(org: Org) -> None:
    both = account(1, Name="a", Email=None, IsActive=True)
    org.on("GET", "/query", (200, page([both], LOCATOR)))
    org.on("GET", "/query/01gRO0000000001-2000", (200, page([both], LOCATOR)))
    with pytest.raises(Unavailable, match="read already"):
        list(org.connect().changes("Account", ["Name"], None))
    with pytest.raises(Unavailable, match="read already"):
        org.connect().users()


def test_a_read_whose_pages_are_lost_goes_on_after_the_last_row_that_came(org: Org) -> None:
    org.on(
        "GET",
        "/query",
        (200, page([account(1, Name="a"), account(2, Name="b")], LOCATOR)),
        (200, page([account(3, Name="c")])),
    )
    org.on("GET", "/query/01gRO0000000001-2000", LOST)
    pages = list(org.connect().changes("Account", ["Name"], None))
    assert [record.values["Name"] for record in records(pages)] == ["a", "b", "c"]
    assert org.queries()[-1].endswith(
        "WHERE ((SystemModstamp = 2026-03-01T12:00:00.000Z AND Id > '001000000000002AAA') "
        "OR SystemModstamp > 2026-03-01T12:00:00.000Z) ORDER BY SystemModstamp, Id"
    )


def test_pages_that_are_lost_again_and_again_end_the_read(org: Org) -> None:
    org.on("GET", "/query", (200, page([], LOCATOR)))
    org.on("GET", "/query/01gRO0000000001-2000", LOST)
    with pytest.raises(Unsupported, match="locator"):
        list(org.connect().changes("Account", ["Name"], None))
    assert len(org.requests) < 12


def test_a_read_that_was_broken_off_resumes_after_its_last_stored_page(org: Org) -> None:
    org.on("GET", "/query", (200, page([account(1, Name="a")], LOCATOR)))
    org.on("GET", "/query/01gRO0000000001-2000", (503, "<html>down</html>"))
    connector = org.connect()
    reading = connector.changes("Account", ["Name"], None)
    stored = next(reading)
    with pytest.raises(Unavailable):
        next(reading)

    org.advance(86400)
    org.on("GET", "/query", (200, page([account(2, Name="b")])))
    org.on("GET", "/queryAll", (200, page([])))
    (rest,) = connector.changes("Account", ["Name"], stored.position)
    assert [record.values["Name"] for record in rest.records] == ["b"]
    assert "Id > '001000000000001AAA'" in org.queries()[-1]
    # What changed while the read lay broken off is read next: from the moment at which the read began.
    list(connector.changes("Account", ["Name"], rest.position))
    assert "SystemModstamp >= 2026-03-01T11:55:00.000Z ORDER BY" in org.queries()[-1]


def test_three_thousand_rows_with_one_stamp_are_all_read_and_none_twice(org: Org) -> None:
    table = [account(number, Name=f"n{number}") for number in range(3000)]

    def query(request: PreparedRequest) -> Reply:
        """A server of 1,000 rows a page whose further pages are always lost."""
        text = parse_qs(urlsplit(str(request.url)).query)["q"][0]
        after = text.partition("Id > '")[2][:18]
        left = [row for row in table if row["Id"] > after]
        return 200, page(left[:1000], LOCATOR if len(left) > 1000 else None)

    org.on("GET", "/query", query)
    org.on("GET", "/query/01gRO0000000001-2000", LOST)
    found = [record.id for record in records(list(org.connect().changes("Account", ["Name"], None)))]
    assert found == [row["Id"] for row in table]


# -- fields that are not there -----------------------------------------------------------------------------


def test_all_fields_that_are_missing_or_hidden_are_named_at_once(org: Org) -> None:
    org.on("GET", "/query", NO_COLUMN)
    with pytest.raises(Unsupported) as refused:
        list(org.connect().changes("Account", ["Name", "MQA_Stage__c", "Owner.Email", "Fit__c"], None))
    assert "MQA_Stage__c, Fit__c" in str(refused.value)
    assert refused.value.system == "salesforce"
    assert refused.value.remedy


def test_a_feature_switched_off_since_the_last_describe_does_no_harm(org: Org) -> None:
    described = fixture("describe_account")
    described["fields"].append({"name": "IsPersonAccount", "label": "Is Person Account", "type": "boolean"})
    org.on("GET", "/sobjects/Account/describe", (200, described), (200, fixture("describe_account")))
    org.on("GET", "/query", NO_COLUMN, (200, page([account(1, Name="a")])))
    pages = list(org.connect().changes("Account", ["Name"], None))
    assert len(records(pages)) == 1
    assert "IsPersonAccount" not in org.queries()[-1]


def test_a_describe_is_asked_for_once_an_hour(org: Org) -> None:
    org.on("GET", "/query", (200, page([])))
    connector = org.connect()
    for _ in range(3):
        list(connector.changes("Account", ["Name"], None))
    assert org.paths().count("/sobjects/Account/describe") == 1
    org.advance(3601)
    list(connector.changes("Account", ["Name"], None))
    assert org.paths().count("/sobjects/Account/describe") == 2


def test_a_field_is_answered_under_the_name_asked_for_related_ones_included(org: Org) -> None:
    row = account(1, ABM_Tier__c="tier_1", Owner={"attributes": {}, "Email": "jo@acme.com"}, Parent=None)
    org.on("GET", "/query", (200, page([row])))
    (piece,) = org.connect().changes("Account", ["abm_tier__c", "Owner.Email", "Parent.Name"], None)
    assert piece.records[0].values == {
        "abm_tier__c": "tier_1",
        "Owner.Email": "jo@acme.com",
        "Parent.Name": None,
    }


def test_a_position_of_another_connector_is_refused(org: Org) -> None:
    with pytest.raises(Unsupported, match="not a position"):
        list(org.connect().changes("Account", ["Name"], '{"after": "hubspot"}'))


@pytest.mark.parametrize("after", [None, (START, "001000000000001AAA")])
def test_a_position_survives_being_stored(after: tuple[datetime, str] | None) -> None:
    position = rows.Position(since=START, after=after, full=after is not None)
    assert rows.Position.parse(str(position)) == position


# -- single records ----------------------------------------------------------------------------------------


def test_records_are_read_by_id_2000_a_call_and_those_gone_are_absent(org: Org) -> None:
    def answer(request: PreparedRequest) -> Reply:
        ids = sent(request)["ids"]
        return 200, [
            None if id.startswith("001000000000007") else account(int(id[3:15]), Name="x") for id in ids
        ]

    org.on("POST", "/composite/sobjects/Account", answer)
    connector = org.connect()
    ids = [f"001{number:012d}" for number in range(2500)]
    found = connector.read("Account", ["Name"], ids)
    assert len(found) == 2499
    assert found["001000000000001"].id == "001000000000001AAA"
    assert "001000000000007" not in found
    assert [len(sent(request)["ids"]) for request in org.requests if request.method == "POST"] == [2000, 500]


def composite(request: PreparedRequest, answers: list[Any]) -> Reply:
    parts = sent(request)["compositeRequest"]
    assert len(parts) <= 5
    return 200, {"compositeResponse": [{"httpStatusCode": 200, "body": answers.pop(0)} for _ in parts]}


def test_records_are_read_by_key_whatever_characters_the_key_has(org: Org) -> None:
    rows_ = [account(1, Name="a", Tandem_Key__c="o'neil\\co"), account(2, Name="b", Tandem_Key__c="ACME.inc")]
    org.on("POST", "/composite", lambda request: composite(request, [page(rows_)]))
    found = org.connect().read_by_key(
        "Account", ["Name"], "Tandem_Key__c", ["o'neil\\co", "acme.inc", "none"]
    )
    assert {key: record.id for key, record in found.items()} == {
        "o'neil\\co": "001000000000001AAA",
        "acme.inc": "001000000000002AAA",
    }
    assert r"IN ('o\'neil\\co','acme.inc','none')" in org.queries()[-1]


def test_many_keys_are_cut_into_statements_five_to_a_call(org: Org) -> None:
    org.on("POST", "/composite", lambda request: composite(request, [page([])] * 5))
    connector = org.connect()
    connector.read_by_key("Account", ["Name"], "Tandem_Key__c", [f"key-{n:036d}" for n in range(2000)])
    lengths = [len(text) for text in org.queries()]
    assert max(lengths) < 16_000
    assert sum(text.count("key-") for text in org.queries()) == 2000
    assert org.paths().count("/composite") == 2


def test_the_fate_of_a_record_is_deleted_merged_or_unknown(org: Org) -> None:
    first = [
        account(1, IsDeleted=True, MasterRecordId=None),
        account(2, IsDeleted=True, MasterRecordId="001000000000003AAA"),
    ]
    second = [account(3, IsDeleted=True, MasterRecordId="001000000000004AAA")]
    answers = [page(first), page(second), page([])]
    org.on("POST", "/composite", lambda request: composite(request, [answers.pop(0)]))
    fates = org.connect().fate("Account", ["001000000000001", "001000000000002AAA", "001000000000009AAA"])
    assert fates["001000000000001"].merged_into is None
    # Merged into a record that was merged away itself.
    assert fates["001000000000002AAA"].merged_into == "001000000000004AAA"
    assert set(fates) == {"001000000000001", "001000000000002AAA"}


def test_a_part_that_is_down_is_asked_again(org: Org) -> None:
    down = {"httpStatusCode": 503, "body": [{"errorCode": "SERVER_UNAVAILABLE", "message": "x"}]}
    good = {"httpStatusCode": 200, "body": page([account(1, Name="a", Tandem_Key__c="a")])}
    org.on("POST", "/composite", (200, {"compositeResponse": [down]}), (200, {"compositeResponse": [good]}))
    assert set(org.connect().read_by_key("Account", ["Name"], "Tandem_Key__c", ["a"])) == {"a"}


# -- opportunities, stages, people -------------------------------------------------------------------------

OPPORTUNITY = {
    "Id": "006000000000001AAA",
    "SystemModstamp": stamp(START),
    "Name": "Acme renewal",
    "AccountId": "001000000000001AAA",
    "StageName": "Gewonnen",
    "Amount": 12345.5,
    "CloseDate": "2026-02-28",
    "IsClosed": True,
    "IsWon": True,
    "Probability": 100.0,
    "OwnerId": "005000000000001AAA",
    "CreatedDate": stamp(START - timedelta(days=30)),
}


def described(name: str) -> dict[str, Any]:
    return {"name": name, "label": name, "type": "string"}


def described_opportunity(*more: str) -> Reply:
    names = [name for name in OPPORTUNITY if name != "attributes"] + ["IsDeleted", *more]
    return 200, {"name": "Opportunity", "label": "Opportunity", "fields": [described(name) for name in names]}


def test_an_opportunity_is_won_by_its_flag_whatever_its_stage_is_called(org: Org) -> None:
    org.on("GET", "/sobjects/Opportunity/describe", described_opportunity())
    org.on("GET", "/query", (200, page([OPPORTUNITY])))
    (piece,) = org.connect().opportunities(None)
    (won,) = piece.opportunities
    assert (won.closed, won.won, won.stage, won.probability) == (True, True, "Gewonnen", 1.0)
    assert (won.amount, won.currency, won.close_date) == ("12345.5", None, date(2026, 2, 28))
    assert won.account_id == "001000000000001AAA"
    assert "CurrencyIsoCode" not in org.queries()[-1]


def test_the_currency_is_asked_for_only_in_orgs_that_have_it(org: Org) -> None:
    org.on("GET", "/sobjects/Opportunity/describe", described_opportunity("CurrencyIsoCode"))
    org.on("GET", "/query", (200, page([{**OPPORTUNITY, "CurrencyIsoCode": "EUR"}])))
    (piece,) = org.connect().opportunities(None)
    assert piece.opportunities[0].currency == "EUR"


def test_a_deleted_opportunity_is_a_removal(org: Org) -> None:
    org.on("GET", "/sobjects/Opportunity/describe", described_opportunity())
    org.on("GET", "/query", (200, page([])))
    org.on("GET", "/queryAll", (200, page([{**OPPORTUNITY, "IsDeleted": True, "MasterRecordId": None}])))
    connector = org.connect()
    (first,) = connector.opportunities(None)
    (piece,) = connector.opportunities(first.position)
    assert piece.opportunities == ()
    assert [gone.id for gone in piece.removals] == ["006000000000001AAA"]


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (None, None),
        (0, "0"),
        (12000000.0, "12000000"),
        (1e16, "10000000000000000"),
        (0.1, "0.1"),
        (-5.25, "-5.25"),
    ],
)
def test_an_amount_is_plain_decimal_text(number: float | None, text: str | None) -> None:
    assert rows.plain_decimal(number) == text


def test_stages_carry_what_the_crm_says_of_them(org: Org) -> None:
    stage = {
        "Id": "01J000000000001AAA", "ApiName": "Closed Won", "MasterLabel": "Gewonnen", "SortOrder": 9,
        "IsActive": True, "IsClosed": True, "IsWon": True, "DefaultProbability": 100.0,
    }  # fmt: skip
    org.on("GET", "/query", (200, page([stage])))
    (found,) = org.connect().stages()
    assert (found.id, found.label, found.order, found.probability) == ("Closed Won", "Gewonnen", 9, 1.0)
    assert found.won


def test_a_sandboxs_spoilt_addresses_are_read_as_the_people_know_them(org: Org) -> None:
    people = [
        {"Id": "005000000000001AAA", "Name": "Jo", "Email": "jo@acme.com.invalid", "IsActive": True},
        {"Id": "005000000000002AAA", "Name": "Al", "Email": "al=acme.com@example.com", "IsActive": False},
        {"Id": "005000000000003AAA", "Name": "Bo", "Email": "bo@example.com", "IsActive": True},
    ]
    org.on("GET", "/query", (200, page(people)))
    assert [(user.email, user.active) for user in org.connect().users()] == [
        ("jo@acme.com", True),
        ("al@acme.com", False),
        ("bo@example.com", True),
    ]


ORGANIZATION = {
    "Id": "00D000000000001", "Name": "Acme", "IsSandbox": True, "OrganizationType": "Enterprise Edition",
    "TimeZoneSidKey": "Europe/Berlin",
}  # fmt: skip
USER = {"Id": "005000000000001AAA", "Name": "Tandem Integration", "Username": "tandem@acme.com"}


def test_who_and_where_we_are_and_what_an_account_is_come_in_one_call(org: Org) -> None:
    answers = [
        page([ORGANIZATION]),
        page([USER]),
        fixture("describe_account"),
    ]
    org.on("POST", "/composite", lambda request: composite(request, answers))
    org.on("GET", "/query", (200, page([])))
    connector = org.connect()
    found = connector.identity()
    assert (found.id, found.environment, found.time_zone) == (
        "00D000000000001EAA",
        "sandbox",
        "Europe/Berlin",
    )
    assert (found.acting_as, found.acting_as_name) == ("005000000000001AAA", "Tandem Integration")
    assert found.features == frozenset()
    assert connector.identity() is found
    assert connector.calls == 1
    list(connector.changes("Account", ["Name"], None))
    assert connector.calls == 2


def test_whoever_may_not_see_accounts_is_told_so_when_asked_who_we_are(org: Org) -> None:
    hidden = [{"errorCode": "NOT_FOUND", "message": "The requested resource does not exist"}]
    bodies = [
        (200, page([ORGANIZATION])),
        (200, page([USER])),
        (404, hidden),
    ]
    parts = [{"httpStatusCode": status, "body": body} for status, body in bodies]
    org.on("POST", "/composite", (200, {"compositeResponse": parts}))
    org.on("GET", "/sobjects/Account/describe", (404, hidden))
    with pytest.raises(
        Unsupported, match="the object Account does not exist, or the connected user may not see it"
    ):
        org.connect().identity()
