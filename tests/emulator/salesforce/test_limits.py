"""The daily limit, and what tells of it."""

from tests.emulator.salesforce.client import Api


def test_every_answer_tells_the_usage(api: Api) -> None:
    used = api.org.usage.used()
    assert api.get("/limits").headers["Sforce-Limit-Info"] == f"api-usage={used + 1}/100000"
    assert api.get("/sobjects/Nothing").headers["Sforce-Limit-Info"] == f"api-usage={used + 2}/100000"
    assert api.get("/limits").json()["DailyApiRequests"] == {"Max": 100_000, "Remaining": 100_000 - used - 3}


def test_the_daily_limit_rolls_over_24_hours(api: Api) -> None:
    api.door("settings", daily_calls=10, used_calls=9)
    assert api.get("/limits").status_code == 200
    refused = api.get("/limits")
    assert refused.status_code == 403
    assert refused.json() == [
        {"message": "TotalRequests Limit exceeded.", "errorCode": "REQUEST_LIMIT_EXCEEDED"}
    ]
    assert "Retry-After" not in refused.headers
    api.clock.advance(25 * 3600)
    api.log_in()
    assert api.get("/limits").status_code == 200


def test_logins_and_people_do_not_count(api: Api) -> None:
    used = api.org.usage.used()
    api.log_in()
    api.post("/__emulator__/as/ben.ortiz@example.com/services/data/v62.0/sobjects/Account", {"Name": "x"})
    assert api.org.usage.used() == used


def test_calls_are_counted_by_route(api: Api) -> None:
    api.call("POST", "/__emulator__/calls/reset")
    for place in range(3):
        api.account(Name=str(place))
    api.get("/query/", params={"q": "SELECT Id FROM Account"})
    calls = api.get("/__emulator__/calls").json()
    assert calls["routes"] == {
        "POST /services/data/{v}/sobjects/{object}": 3,
        "GET /services/data/{v}/query": 1,
    }
    assert calls["api"] == 4


def test_the_date_header_is_the_emulators_clock(api: Api) -> None:
    assert api.get("/limits").headers["Date"] == "Mon, 02 Mar 2026 09:00:00 GMT"


def test_record_counts_leave_empty_objects_out(api: Api) -> None:
    api.account()
    body = api.get("/limits/recordCount", params={"sObjects": "Account,Contact"}).json()
    assert body == {"sObjects": [{"count": 1, "name": "Account"}]}


def test_a_method_that_a_resource_lacks_is_405(api: Api) -> None:
    answered = api.call("PUT", "/sobjects/Account/001000000000001AAA")
    assert answered.status_code == 405
    assert answered.json()[0]["errorCode"] == "METHOD_NOT_ALLOWED"
    assert api.get("/nothing/here").status_code == 404
