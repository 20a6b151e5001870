"""Whatever a client sends, the answer is Salesforce's and never a server error."""

from typing import Any

import pytest

from emulator.salesforce.app import surface
from tests.emulator.salesforce.client import Api

ACCOUNT = {"attributes": {"type": "Account"}}
BODIES: list[Any] = [
    None,
    [],
    "text",
    {"records": 5},
    {"records": [None]},
    {"records": [{"attributes": 5}]},
    {"records": [{**ACCOUNT, "Id": [], "Name": {}}]},
    {"records": [{**ACCOUNT, "OwnerId": True}]},
    {"Name": {"a": 1}},
    {"Name": "x", "AnnualRevenue": "1e999"},
    {"Owner": {"attributes": 3, "Id": [4]}},
    {"ids": 5, "fields": [None]},
    {"compositeRequest": [5], "batchRequests": [5]},
    {
        "compositeRequest": [{"referenceId": "a", "url": 5, "body": [1], "httpHeaders": []}],
        "batchRequests": [{}],
    },
    {"ParentId": 5, "SobjectType": 5, "Field": 5, "PermissionsRead": True},
]
WRITES = [
    endpoint for endpoint in surface().endpoints if endpoint.method in ("POST", "PATCH") and endpoint.secured
]


@pytest.mark.parametrize(
    "endpoint", WRITES, ids=lambda endpoint: f"{endpoint.method} {endpoint.template[19:]}"
)
def test_no_body_makes_a_server_error(api: Api, endpoint: Any) -> None:
    account = api.account()
    path = endpoint.template
    for name, value in (
        ("v", "v62.0"),
        ("object", "FieldPermissions" if "{id}" not in path else "Account"),
        ("id", account),
        ("field", "Id"),
        ("value:path", account),
        ("locator", "x-5"),
    ):
        path = path.replace(f"{{{name}}}", value)
    answered = [api.call(endpoint.method, path, json=body).status_code for body in BODIES]
    assert [status for status in answered if status >= 500] == []
