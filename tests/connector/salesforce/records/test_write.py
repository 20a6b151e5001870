"""Writing up to 1,000 rows a call, with an answer for each of them."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from requests import PreparedRequest

from connector.base import RowUpdate, RowUpsert
from connector.errors import QuotaSpent, Unavailable, Unsupported
from tests.connector.salesforce.org import START, Org, Reply, sent

Row = dict[str, Any]


def id_of(number: int) -> str:
    return f"001{number:012d}AAA"


def updates(number: int, **values: Any) -> list[RowUpdate]:
    return [RowUpdate(id=id_of(n), values={"Name": f"n{n}", **values}) for n in range(number)]


def good(row: Row) -> Row:
    return {"id": row.get("id", id_of(99)), "success": True, "errors": []}


def bad(code: str, message: str = "no", **more: Any) -> Row:
    return {"success": False, "errors": [{"statusCode": code, "message": message, "fields": [], **more}]}


class Collections:
    """Answers collections, alone or five in a composite call, by what ``judge`` says of each list of rows."""

    def __init__(
        self, org: Org, judge: Callable[[list[Row]], Reply], path: str = "/composite/sobjects"
    ) -> None:
        self.seen: list[list[list[Row]]] = []
        self._judge = judge
        org.on("PATCH", path, self._alone)
        org.on("POST", "/composite", self._together)

    def _alone(self, request: PreparedRequest) -> Reply:
        body = sent(request)
        assert body["allOrNone"] is False
        self.seen.append([body["records"]])
        return self._judge(body["records"])

    def _together(self, request: PreparedRequest) -> Reply:
        parts = sent(request)["compositeRequest"]
        assert 1 < len(parts) <= 5
        self.seen.append([part["body"]["records"] for part in parts])
        replies = [self._judge(part["body"]["records"]) for part in parts]
        return 200, {
            "compositeResponse": [{"httpStatusCode": reply[0], "body": reply[1]} for reply in replies]
        }


def each(judge: Callable[[Row], Row]) -> Callable[[list[Row]], Reply]:
    return lambda records: (200, [judge(row) for row in records])


def test_a_thousand_rows_are_one_call_of_five_collections(org: Org) -> None:
    crm = Collections(org, each(good))
    connector = org.connect()
    results = connector.update("Account", updates(1000))
    assert connector.calls == 1
    assert [len(records) for records in crm.seen[0]] == [200] * 5
    assert [result.id for result in results] == [id_of(n) for n in range(1000)]
    assert all(result.refusal is None for result in results)
    assert connector.limits.write_batch == 800  # a fifth part reads what stood there


def test_a_row_carries_its_type_id_and_values_and_a_null_clears(org: Org) -> None:
    crm = Collections(org, each(good))
    org.connect().update(
        "Account", [RowUpdate(id="001000000000001", values={"ABM_Tier__c": None, "Score__c": 4.5})]
    )
    assert crm.seen == [
        [[{"attributes": {"type": "Account"}, "id": id_of(1), "ABM_Tier__c": None, "Score__c": 4.5}]]
    ]


def test_no_rows_are_no_call(org: Org) -> None:
    connector = org.connect()
    assert connector.update("Account", []) == []
    assert connector.calls == 0


def test_more_rows_than_a_call_takes_and_the_same_row_twice_are_the_callers_mistakes(org: Org) -> None:
    connector = org.connect()
    with pytest.raises(ValueError, match="1001 rows"):
        connector.update("Account", updates(1001))
    with pytest.raises(ValueError, match="same id"):
        connector.update(
            "Account", [RowUpdate(id=id_of(1), values={}), RowUpdate(id=id_of(1)[:15], values={})]
        )
    with pytest.raises(ValueError, match="same key"):
        connector.upsert("Account", "Key__c", [RowUpsert(key="a", values={}), RowUpsert(key="A", values={})])
    assert connector.calls == 0


@pytest.mark.parametrize("status", [200, 400])
def test_each_row_has_its_own_result_whatever_the_status_says(org: Org, status: int) -> None:
    def judge(records: list[Row]) -> Reply:
        return status, [
            good(row) if row["Name"] != "n1" else bad("FIELD_CUSTOM_VALIDATION_EXCEPTION", "Bitte ausfüllen")
            for row in records
        ]

    Collections(org, judge)
    results = org.connect().update("Account", updates(3))
    assert [result.refusal is None for result in results] == [True, False, True]
    refusal = results[1].refusal
    assert refusal is not None
    assert (refusal.code, refusal.message, refusal.retryable) == (
        "FIELD_CUSTOM_VALIDATION_EXCEPTION",
        "Bitte ausfüllen",
        False,
    )
    assert results[1].id == id_of(1)


def test_an_upsert_names_its_key_once_and_tells_what_was_created(org: Org) -> None:
    def judge(row: Row) -> Row:
        is_new = row["Tandem_Key__c"] == "new"
        return {"id": id_of(5 if is_new else 6), "success": True, "errors": [], "created": is_new}

    crm = Collections(org, each(judge), "/composite/sobjects/Account/Tandem_Key__c")
    results = org.connect().upsert(
        "Account",
        "Tandem_Key__c",
        [
            RowUpsert(key="new", values={"Name": "New", "tandem_key__C": "other"}),
            RowUpsert(key="x@y.inc", values={"Name": "Old"}),
        ],
    )
    assert [result.created for result in results] == [True, False]
    assert crm.seen[0][0] == [
        {"attributes": {"type": "Account"}, "Tandem_Key__c": "new", "Name": "New"},
        {"attributes": {"type": "Account"}, "Tandem_Key__c": "x@y.inc", "Name": "Old"},
    ]


def test_a_write_is_not_older_than_the_second_in_which_it_was_sent(org: Org) -> None:
    org.ahead = timedelta(seconds=90, milliseconds=700)

    def judge(records: list[Row]) -> Reply:
        org.present += timedelta(seconds=3)  # the server took three seconds
        return 200, [good(row) for row in records]

    Collections(org, judge)
    (result,) = org.connect().update("Account", updates(1))
    assert result.not_before == START + timedelta(seconds=90)


# -- locks -------------------------------------------------------------------------------------------------


def test_locked_rows_are_sent_again_alone_after_a_pause(org: Org) -> None:
    locked = {"n3": 2, "n250": 1}

    def judge(row: Row) -> Row:
        if locked.get(row["Name"], 0) > 0:
            locked[row["Name"]] -= 1
            return bad("UNABLE_TO_LOCK_ROW", "unable to obtain exclusive access to this record")
        return good(row)

    crm = Collections(org, each(judge))
    results = org.connect().update("Account", updates(400))
    assert all(result.refusal is None for result in results)
    assert [[row["Name"] for records in call for row in records] for call in crm.seen[1:]] == [
        ["n3", "n250"],
        ["n3"],
    ]
    assert org.slept == [1.0, 2.0]


def test_a_row_that_stays_locked_is_refused_for_now_and_the_others_are_written(org: Org) -> None:
    Collections(org, each(lambda row: bad("UNABLE_TO_LOCK_ROW") if row["Name"] == "n1" else good(row)))
    results = org.connect().update("Account", updates(3))
    assert [result.refusal is None for result in results] == [True, False, True]
    refusal = results[1].refusal
    assert refusal is not None
    assert refusal.retryable
    assert sum(org.slept) <= 30


def test_a_second_try_that_fails_as_a_whole_does_not_hide_what_was_written(org: Org) -> None:
    tries = 0

    def judge(records: list[Row]) -> Reply:
        nonlocal tries
        tries += 1
        if tries > 1:
            return 403, [{"message": "TotalRequests Limit exceeded.", "errorCode": "REQUEST_LIMIT_EXCEEDED"}]
        return 200, [bad("UNABLE_TO_LOCK_ROW") if row["Name"] == "n0" else good(row) for row in records]

    Collections(org, judge)
    results = org.connect().update("Account", updates(2))
    assert results[0].refusal is not None
    assert results[0].refusal.code == "UNABLE_TO_LOCK_ROW"
    assert results[1].refusal is None


# -- one row that spoils its collection --------------------------------------------------------------------


def trigger(culprits: set[str]) -> Callable[[list[Row]], Reply]:
    """A trigger that throws for some rows, and so fails every row that shares their collection."""

    def judge(records: list[Row]) -> Reply:
        if any(row["Name"] in culprits for row in records):
            return 200, [bad("CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", "AccountTrigger: null") for _ in records]
        return 200, [good(row) for row in records]

    return judge


@pytest.mark.parametrize("culprits", [{"n0"}, {"n137"}, {"n5", "n199"}, {"n399"}])
def test_a_trigger_that_fails_a_whole_collection_is_traced_to_its_row(org: Org, culprits: set[str]) -> None:
    Collections(org, trigger(culprits))
    connector = org.connect()
    results = connector.update("Account", updates(400))
    failed = {f"n{number}" for number, result in enumerate(results) if result.refusal is not None}
    assert failed == culprits
    assert connector.calls <= 10


def test_the_search_for_culprits_has_an_end(org: Org) -> None:
    Collections(org, trigger({f"n{n}" for n in range(1000)}))
    connector = org.connect()
    results = connector.update("Account", updates(1000))
    assert all(result.refusal is not None for result in results)
    assert connector.calls <= 41


def test_a_value_of_the_wrong_type_does_not_cost_its_199_siblings(org: Org) -> None:
    def judge(records: list[Row]) -> Reply:
        if any(row["Name"] == "n150" for row in records):
            return 400, [
                {"message": "Cannot deserialize instance of double", "errorCode": "JSON_PARSER_ERROR"}
            ]
        return 200, [good(row) for row in records]

    Collections(org, judge)
    results = org.connect().update("Account", updates(200))
    assert [number for number, result in enumerate(results) if result.refusal is not None] == [150]


@pytest.mark.parametrize("rows", [50, 350])
def test_a_field_that_is_gone_holds_the_rows_that_carry_it_and_no_others(org: Org, rows: int) -> None:
    def judge(records: list[Row]) -> Reply:
        if any("Lost__c" in row for row in records):
            message = "No such column 'Lost__c' on sobject of type Account"
            return 400, [{"message": message, "errorCode": "INVALID_FIELD"}]
        return 200, [good(row) for row in records]

    Collections(org, judge)
    changes = [
        RowUpdate(id=id_of(n), values={"Name": f"n{n}", **({"Lost__c": 1} if n % 2 else {})})
        for n in range(rows)
    ]
    connector = org.connect()
    results = connector.update("Account", changes)
    assert [result.refusal is not None for result in results] == [n % 2 == 1 for n in range(rows)]
    refusal = results[1].refusal
    assert refusal is not None
    assert refusal.fields == ("Lost__c",)
    assert connector.calls <= 3


# -- whole calls that fail ---------------------------------------------------------------------------------


@pytest.mark.parametrize("rows", [10, 600])
def test_a_write_that_may_have_been_done_is_not_sent_again_unread(org: Org, rows: int) -> None:
    crm = Collections(
        org, lambda _: (503, [{"message": "Server Unavailable", "errorCode": "SERVER_UNAVAILABLE"}])
    )
    with pytest.raises(Unavailable) as lost:
        org.connect().update("Account", updates(rows))
    assert lost.value.maybe_done
    assert len(crm.seen) == 1


def test_of_one_collection_that_is_down_nobody_knows_while_the_others_are_written(org: Org) -> None:
    def judge(records: list[Row]) -> Reply:
        if records[0]["Name"] == "n200":
            return 503, [{"message": "Server Unavailable", "errorCode": "SERVER_UNAVAILABLE"}]
        return 200, [good(row) for row in records]

    Collections(org, judge)
    results = org.connect().update("Account", updates(600))
    assert [result.lost is None for result in results] == [True] * 200 + [False] * 200 + [True] * 200
    assert all(result.refusal is None for result in results)


def test_a_write_that_never_gets_through_raises(org: Org) -> None:
    Collections(org, lambda _: (503, "<html>down</html>"))
    with pytest.raises(Unavailable):
        org.connect().update("Account", updates(2))


@pytest.mark.parametrize("rows", [2, 300])
def test_an_unknown_object_or_a_spent_day_stops_the_run(org: Org, rows: int) -> None:
    Collections(
        org, lambda _: (400, [{"message": "sObject type 'X' is not supported.", "errorCode": "INVALID_TYPE"}])
    )
    with pytest.raises(Unsupported) as refused:
        org.connect().update("Account", updates(rows))
    assert refused.value.system == "salesforce"
    spent = [{"message": "TotalRequests Limit exceeded.", "errorCode": "REQUEST_LIMIT_EXCEEDED"}]
    Collections(org, lambda _: (403, spent))
    with pytest.raises(QuotaSpent):
        org.connect().update("Account", updates(rows))
