"""Queries over HTTP: pages, cursors, the recycle bin, and what is not committed yet."""

from datetime import timedelta
from typing import Any

import pytest

from tests.emulator.salesforce.client import Api


def _page(api: Api, text: str = "SELECT Id FROM Account ORDER BY Id", **more: Any) -> Any:
    answered = api.get("/query", params={"q": text}, **more)
    assert answered.ok, answered.text
    return answered.json()


def _load(api: Api, count: int) -> None:
    api.org.load("Account", [{"Name": f"A{place}"} for place in range(count)])


def test_2001_rows_come_in_two_pages(api: Api) -> None:
    _load(api, 2001)
    first = _page(api)
    assert (first["totalSize"], first["done"], len(first["records"])) == (2001, False, 2000)
    rest = api.get(first["nextRecordsUrl"]).json()
    assert (rest["totalSize"], rest["done"], len(rest["records"])) == (2001, True, 1)
    assert "nextRecordsUrl" not in rest
    ids = [row["Id"] for row in first["records"] + rest["records"]]
    assert ids == sorted(set(ids))


def test_batch_size_is_a_wish_between_200_and_2000(api: Api) -> None:
    _load(api, 450)
    for asked, given in (("300", 300), ("1", 200), ("9999", 450)):
        page = _page(api, headers={"Sforce-Query-Options": f"batchSize={asked}"})
        assert len(page["records"]) == given


def test_a_cursor_dies_after_two_days(api: Api) -> None:
    _load(api, 2001)
    locator = _page(api)["nextRecordsUrl"]
    api.clock.advance(timedelta(days=2).total_seconds() - 60)
    api.log_in()
    assert api.get(locator).status_code == 200
    api.clock.advance(61)
    dead = api.get(locator)
    assert dead.status_code == 400
    assert dead.json() == [{"message": "invalid query locator", "errorCode": "INVALID_QUERY_LOCATOR"}]


@pytest.mark.parametrize("locator", ["01g000000000001AAA-2000", "nonsense", "01g-x"])
def test_an_unknown_locator_is_invalid(api: Api, locator: str) -> None:
    assert api.get(f"/query/{locator}").json()[0]["errorCode"] == "INVALID_QUERY_LOCATOR"


def test_a_page_shows_the_rows_as_they_were_when_the_query_ran(api: Api) -> None:
    _load(api, 2001)
    page = _page(api, "SELECT Id, Name FROM Account ORDER BY Id")
    last = api.org.store.table("Account").rows
    final = max(last)
    api.patch(f"/sobjects/Account/{final}", {"Name": "Changed"})
    assert api.get(page["nextRecordsUrl"]).json()["records"][0]["Name"] != "Changed"


def test_query_all_shows_the_bin_for_fifteen_days(api: Api) -> None:
    account = api.account()
    api.delete(f"/sobjects/Account/{account}")
    text = "SELECT Id, IsDeleted FROM Account"
    assert api.query(text) == []
    assert api.query(text, deleted=True)[0]["IsDeleted"] is True
    api.clock.advance(timedelta(days=15, seconds=1).total_seconds())
    api.log_in()
    assert api.query(text, deleted=True) == []


def test_count_has_a_size_and_no_records(api: Api) -> None:
    _load(api, 3)
    assert _page(api, "SELECT COUNT() FROM Account") == {"totalSize": 3, "done": True, "records": []}


def test_an_object_that_is_not_there_is_named_in_the_parsers_words(api: Api) -> None:
    answered = api.get("/query", params={"q": "select count() from XYZZY"})
    assert answered.status_code == 400
    assert answered.json()[0]["errorCode"] == "INVALID_TYPE"
    assert "sObject type 'XYZZY' is not supported." in answered.json()[0]["message"]


@pytest.mark.parametrize("text", ["SELECT", "SELECT Id FROM", "", "SELECT Id FROM Account WHERE"])
def test_a_malformed_query_is_refused(api: Api, text: str) -> None:
    assert api.get("/query", params={"q": text}).json()[0]["errorCode"] == "MALFORMED_QUERY"


def test_a_quoted_date_is_an_invalid_field(api: Api) -> None:
    answered = api.get("/query", params={"q": "SELECT Id FROM Opportunity WHERE CloseDate = '2026-01-31'"})
    assert answered.json()[0]["errorCode"] == "INVALID_FIELD"


def test_currency_codes_do_not_exist_in_a_single_currency_org(api: Api) -> None:
    answered = api.get("/query", params={"q": "SELECT CurrencyIsoCode FROM Opportunity"})
    assert answered.json()[0]["errorCode"] == "INVALID_FIELD"


def test_an_address_over_16_kilobytes_is_414_and_headers_over_it_431(api: Api) -> None:
    text = "SELECT Id FROM Account WHERE Id IN (" + ",".join(["'001000000000001AAA'"] * 700) + ")"
    assert api.get("/query", params={"q": text}).status_code == 414
    assert api.get("/limits", headers={"X-Long": "x" * 16_400}).status_code == 431
    body = {
        "compositeRequest": [
            {"referenceId": "q", "method": "GET", "url": f"/services/data/v62.0/query?q={text}"}
        ]
    }
    inside = api.post("/composite", body).json()["compositeResponse"][0]
    assert inside["httpStatusCode"] == 200


# -- what is not committed yet -----------------------------------------------------------------------------------------


def test_a_write_is_read_by_id_at_once_and_by_queries_when_it_is_committed(api: Api) -> None:
    api.door("settings", commit_lag=3)
    account = api.account(Name="Late")
    assert api.get(f"/sobjects/Account/{account}").json()["Name"] == "Late"
    assert api.query("SELECT Id FROM Account") == []
    api.clock.advance(3)
    row = api.query("SELECT Id, SystemModstamp FROM Account")[0]
    assert row["SystemModstamp"] == "2026-03-02T09:00:00.000+0000"


def test_until_then_queries_see_the_row_as_it_was(api: Api) -> None:
    account = api.account(Name="Old")
    api.fault("F16", lag=60, times=2)
    for name in ("Newer", "Newest"):
        api.patch(f"/sobjects/Account/{account}", {"Name": name})
        assert api.query(f"SELECT Name FROM Account WHERE Id = '{account}'")[0]["Name"] == "Old"
    api.delete(f"/sobjects/Account/{account}")
    api.clock.advance(60)
    assert api.query("SELECT Id FROM Account") == []


def test_a_row_can_turn_up_below_a_stamp_already_read(api: Api) -> None:
    api.fault("F14", lag=90)
    slow = api.account(Name="Slow")
    api.clock.advance(30)
    quick = api.account(Name="Quick")
    newest = api.query("SELECT Id, SystemModstamp FROM Account ORDER BY SystemModstamp DESC LIMIT 1")[0]
    assert newest["Id"] == quick
    api.clock.advance(60)
    late = api.query(f"SELECT Id FROM Account WHERE SystemModstamp < {newest['SystemModstamp'][:19]}Z")
    assert [row["Id"] for row in late] == [slow]


def test_the_keyset_walk_reads_three_thousand_ties_once(api: Api) -> None:
    _load(api, 3000)
    seen: list[str] = []
    stamp, last = "2000-01-01T00:00:00Z", ""
    while True:
        where = (
            f"(SystemModstamp = {stamp} AND Id > '{last}') OR SystemModstamp > {stamp}"
            if last
            else "Id != null"
        )
        page = _page(
            api,
            f"SELECT Id, SystemModstamp FROM Account WHERE {where} ORDER BY SystemModstamp, Id LIMIT 1100",
        )
        if not page["records"]:
            break
        seen += [row["Id"] for row in page["records"]]
        stamp, last = page["records"][-1]["SystemModstamp"].replace("+0000", "Z"), page["records"][-1]["Id"]
    assert len(seen) == len(set(seen)) == 3000


def test_sharing_hides_records_without_a_trace(api: Api) -> None:
    account = api.account()
    api.door("settings")
    api.org.store.put(
        "Account", {**(api.org.store.get("Account", account) or {}), "OwnerId": api.user("admin@example.com")}
    )
    api.door("sharing", ids=[account])
    assert api.query("SELECT Id FROM Account") == []
    assert api.query("SELECT Id FROM Account", deleted=True) == []
    assert api.get(f"/sobjects/Account/{account}").status_code == 404
    api.door("sharing", ids=[account], hidden=False)
    assert len(api.query("SELECT Id FROM Account")) == 1


def test_a_search_finds_words_in_names(api: Api) -> None:
    account = api.account(Name="Blue Heron")
    found = api.get(
        "/search", params={"q": "FIND {heron} IN NAME FIELDS RETURNING Account(Id, Name), Contact"}
    )
    assert [row["Id"] for row in found.json()["searchRecords"]] == [account]
    assert api.get("/search", params={"q": "FIND heron"}).json()[0]["errorCode"] == "MALFORMED_SEARCH"
