"""Several requests in one."""

from typing import Any

from tests.emulator.salesforce.client import Api

BASE = "/services/data/v62.0"


def _sub(name: str, method: str, path: str, **more: Any) -> dict[str, Any]:
    return {"referenceId": name, "method": method, "url": BASE + path, **more}


def _send(api: Api, *subrequests: dict[str, Any], **more: Any) -> Any:
    return api.post("/composite", {"compositeRequest": list(subrequests), **more})


def _statuses(answered: Any) -> list[int]:
    return [item["httpStatusCode"] for item in answered.json()["compositeResponse"]]


def test_later_subrequests_use_earlier_results(api: Api) -> None:
    answered = _send(
        api,
        _sub("acme", "POST", "/sobjects/Account", body={"Name": "Acme"}),
        _sub("ann", "POST", "/sobjects/Contact", body={"LastName": "Ann", "AccountId": "@{acme.id}"}),
        _sub("found", "GET", "/query?q=SELECT Id, AccountId FROM Contact"),
        _sub("again", "GET", "/sobjects/Account/@{found.records[0].AccountId}?fields=Name"),
        _sub("gone", "DELETE", "/sobjects/Contact/@{ann.id}"),
    )
    assert answered.status_code == 200
    assert _statuses(answered) == [201, 201, 200, 200, 204]
    results = answered.json()["compositeResponse"]
    assert results[0]["httpHeaders"]["Location"].startswith("/services/data/v62.0/sobjects/Account/001")
    assert results[3]["body"]["Name"] == "Acme"
    assert results[4]["body"] is None
    assert [item["referenceId"] for item in results] == ["acme", "ann", "found", "again", "gone"]


def test_one_failure_leaves_the_others_standing_unless_all_or_none(api: Api) -> None:
    pair = (
        _sub("good", "POST", "/sobjects/Account", body={"Name": "x"}),
        _sub("bad", "PATCH", "/sobjects/Account/001000000000009AAA", body={"Name": "x"}),
        _sub("after", "GET", "/limits"),
    )
    alone = _send(api, *pair)
    assert _statuses(alone) == [201, 404, 200]
    assert alone.json()["compositeResponse"][1]["body"][0]["errorCode"] == "INVALID_CROSS_REFERENCE_KEY"
    together = _send(api, *pair, allOrNone=True)
    assert _statuses(together) == [400, 404, 400]
    assert together.json()["compositeResponse"][0]["body"][0]["errorCode"] == "PROCESSING_HALTED"
    assert len(api.query("SELECT Id FROM Account")) == 1


def test_a_reference_to_nothing_halts_its_subrequest(api: Api) -> None:
    answered = _send(api, _sub("x", "GET", "/sobjects/Account/@{none.id}"))
    assert _statuses(answered) == [400]
    assert answered.json()["compositeResponse"][0]["body"][0]["errorCode"] == "PROCESSING_HALTED"


def test_an_unknown_resource_is_not_found_inside(api: Api) -> None:
    answered = _send(
        api, _sub("x", "GET", "/sobjects/Foo"), {"referenceId": "y", "method": "GET", "url": "/x"}
    )
    assert _statuses(answered) == [404, 404]
    body = [{"message": "The requested resource does not exist", "errorCode": "NOT_FOUND"}]
    assert answered.json()["compositeResponse"][0]["body"] == body


def test_a_subrequest_carries_its_own_headers(api: Api) -> None:
    described = api.get("/sobjects/Account/describe").headers["Last-Modified"]
    sub = _sub("d", "GET", "/sobjects/Account/describe", httpHeaders={"If-Modified-Since": described})
    item = _send(api, sub).json()["compositeResponse"][0]
    assert (item["httpStatusCode"], item["body"]) == (304, None)
    assert item["httpHeaders"]["Last-Modified"] == described


def test_the_whole_counts_as_one_call(api: Api) -> None:
    before = api.org.usage.used()
    _send(api, *(_sub(f"r{place}", "GET", "/limits") for place in range(25)))
    assert api.org.usage.used() == before + 1


def test_25_subrequests_and_5_queries_are_the_most(api: Api) -> None:
    many = _send(api, *(_sub(f"r{place}", "GET", "/limits") for place in range(26)))
    assert many.status_code == 400
    query = "/query?q=SELECT Id FROM Account"
    assert _send(api, *(_sub(f"r{place}", "GET", query) for place in range(5))).status_code == 200
    heavy = _send(api, *(_sub(f"r{place}", "GET", query) for place in range(6)))
    assert heavy.status_code == 400
    assert heavy.json()[0]["errorCode"] == "LIMIT_EXCEEDED"


def test_a_composite_cannot_hold_another(api: Api) -> None:
    assert _statuses(_send(api, _sub("x", "POST", "/composite", body={}))) == [400]


def test_collections_work_inside(api: Api) -> None:
    body = {"records": [{"attributes": {"type": "Account"}, "Name": "x"}]}
    answered = _send(
        api,
        _sub("x", "POST", "/composite/sobjects", body=body),
        _sub("y", "GET", "/sobjects/Account/@{x[0].id}"),
    )
    assert _statuses(answered) == [200, 200]


def test_a_batch_answers_status_and_result(api: Api) -> None:
    requests = [
        {"method": "POST", "url": "v62.0/sobjects/Account", "richInput": {"Name": "x"}},
        {"method": "GET", "url": "v62.0/sobjects/Nothing"},
    ]
    body = api.post("/composite/batch", {"batchRequests": requests}).json()
    assert body["hasErrors"] is True
    assert [item["statusCode"] for item in body["results"]] == [201, 404]


def test_a_tree_plants_children_or_nothing(api: Api) -> None:
    contact = {"attributes": {"type": "Contact", "referenceId": "c"}, "LastName": "L"}
    account = {
        "attributes": {"type": "Account", "referenceId": "a"},
        "Name": "x",
        "Contacts": {"records": [contact]},
    }
    made = api.post("/composite/tree/Account", {"records": [account]})
    assert made.status_code == 201
    assert [item["referenceId"] for item in made.json()["results"]] == ["a", "c"]
    assert (
        api.query("SELECT Name, (SELECT LastName FROM Contacts) FROM Account")[0]["Contacts"]["totalSize"]
        == 1
    )
    del contact["LastName"]
    refused = api.post("/composite/tree/Account", {"records": [account]})
    assert refused.status_code == 400
    assert refused.json()["results"][0]["referenceId"] == "c"
    assert len(api.query("SELECT Id FROM Account")) == 1
