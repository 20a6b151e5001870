"""A client whose every exchange is held against HubSpot's own specification."""

import re
import warnings
from typing import Any

import requests

from tests.hubspot_versions import dated, numbered

# What the specification says and the service does not do, or the other way round. Each line is documented behaviour.
KNOWN = tuple(
    re.compile(pattern)
    for pattern in (
        r"req sorts/\d+: .* is not of type 'string'",  # sorts are objects, the specification says text
        r"req (inputs/\d+/)?properties/\w+: .* is not of type 'string'",  # numbers and booleans are accepted
        r"resp207 errors/\d+: '(errors|links|context)' is a required property",  # rows of a 207 are shorter
        r"resp207 errors/\d+/subCategory: .* is not of type 'object'",  # it is text
        r"resp(400|401|404|423|429|477) \.: 'category' is a required property",  # several bodies have none
        r"resp\d+ .*label: None is not of type 'string'",  # an unlabelled association has a null label
        r"resp200 (results/\d+/)?userId: None is not of type 'integer'",  # a deactivated owner has no user
        r"query (dataSensitivity|validate\w+): not in spec",
    )
)
UNLISTED = re.compile(r"/crm/v3/schemas/|/__emulator__/|/crm/v3/objects/0-\d/merge")


class Judged:
    """Calls a served portal; `complaints` collects what the specification does not allow."""

    def __init__(
        self, base: str, judge: Any | None, token: str | None = "pat-emulator", *, version: str = "v3"
    ) -> None:
        self.base = base
        #: Numbered paths are asked for in this version.
        self.version = version
        self.judge = judge
        self.token = token
        self.complaints: list[str] = []
        self._session = requests.Session()
        self._session.trust_env = False

    def close(self) -> None:
        self._session.close()

    def __call__(self, method: str, path: str, body: Any = None, **more: Any) -> requests.Response:
        """`token=` replaces the bearer token, None leaves the header out; `version=` asks in another version; the rest
        goes to requests."""
        token = more.pop("token", self.token)
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        headers |= more.pop("headers", {})
        path = dated(path, more.pop("version", self.version))
        answer = self._session.request(
            method, self.base + path, json=body, headers=headers, timeout=30, allow_redirects=False, **more
        )
        if self.judge is not None and not UNLISTED.search(path):
            self._hold(method, path, body, answer)
        return answer

    def _hold(self, method: str, path: str, body: Any, answer: requests.Response) -> None:
        is_json = "json" in answer.headers.get("content-type", "")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found = self.judge.check(  # type: ignore[union-attr]
                method, numbered(path), body, answer.status_code, answer.json() if is_json else None
            )
        refused = 400 <= answer.status_code < 500
        for complaint in found:
            about_request = complaint.startswith(("req", "query"))
            if any(known.search(complaint) for known in KNOWN) or (refused and about_request):
                continue
            if refused and complaint.startswith("NO SUCH OPERATION"):
                continue
            self.complaints.append(f"{method} {path}: {complaint}")

    # -- shorthands --------------------------------------------------------------------------------------------

    def company(self, **properties: Any) -> str:
        """A new company's id."""
        properties.setdefault("name", "Acme")
        answer = self("POST", "/crm/v3/objects/companies", {"properties": properties})
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    def deal(self, **properties: Any) -> str:
        """A new deal's id."""
        properties.setdefault("dealname", "Big one")
        answer = self("POST", "/crm/v3/objects/deals", {"properties": properties})
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    def values(self, object_name: str, record_id: str, *names: str) -> dict[str, Any]:
        """The named properties of a record as a read answers them."""
        answer = self("GET", f"/crm/v3/objects/{object_name}/{record_id}?properties={','.join(names)}")
        assert answer.status_code == 200, answer.text
        properties = answer.json()["properties"]
        return {name: properties[name] for name in names if name in properties}

    def property(self, object_name: str = "companies", **spec: Any) -> requests.Response:
        """Create a property of the group `abm`, which is made when it is missing."""
        groups = self("GET", f"/crm/v3/properties/{object_name}/groups").json()["results"]
        if "abm" not in [group["name"] for group in groups]:
            self("POST", f"/crm/v3/properties/{object_name}/groups", {"name": "abm", "label": "ABM"})
        full = {"groupName": "abm", "label": spec.get("name"), "type": "string", "fieldType": "text"} | spec
        return self("POST", f"/crm/v3/properties/{object_name}", full)

    def search(self, object_name: str = "companies", **request: Any) -> requests.Response:
        return self("POST", f"/crm/v3/objects/{object_name}/search", request)

    def found(self, *filters: dict[str, Any], object_name: str = "companies", **request: Any) -> list[str]:
        """The ids of a search with one group of filters."""
        groups = [{"filters": list(filters)}] if filters else []
        answer = self.search(object_name, filterGroups=groups, **request)
        assert answer.status_code == 200, answer.text
        return [row["id"] for row in answer.json()["results"]]

    def advance(self, seconds: float) -> None:
        self("POST", "/__emulator__/clock", {"advance": seconds})

    def partial(self, good: int = 200) -> int:
        """The status of a batch of which some rows failed; ``good``: of one in which none did."""
        return 207 if self.version < "2026-09" or self.version == "v3" else good

    def fault(self, fault: str = "", **options: Any) -> None:
        if "path" in options.get("match", {}):
            options["match"] = {**options["match"], "path": dated(options["match"]["path"], self.version)}
        order = {"fault": fault, **options} if fault else options
        answer = self("POST", "/__emulator__/faults", order)
        assert answer.status_code == 201, answer.text


def embedded(message: str) -> list[dict[str, Any]]:
    """The JSON text inside a validation message."""
    import json

    found: list[dict[str, Any]] = json.loads(message.partition(": ")[2])
    return found


def where(name: str, operator: str, value: Any = None, **more: Any) -> dict[str, Any]:
    """A search filter."""
    return (
        {"propertyName": name, "operator": operator} | ({"value": value} if value is not None else {}) | more
    )
