"""The org over HTTP as tests speak to it, and the custom fields that they use."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import requests

from emulator.kit.clock import Clock
from emulator.salesforce import definitions
from emulator.salesforce.org import Org
from emulator.salesforce.parts import Caller
from emulator.salesforce.schema.fields import number, of_type, picklist, text
from emulator.salesforce.schema.model import Field

START = datetime(2026, 3, 2, 9, 0, 0, tzinfo=UTC)
VERSION = "v62.0"
TIER = picklist("ABM_Tier__c", "ABM Tier", ("tier_1|Tier 1", "tier_2|Tier 2"), 255, restricted=True)
TARGET = of_type("boolean", "Target_Account__c", "Target Account")
SCORE = number("double", "Engagement_Score__c", "Engagement Score", 5, 2)
KEY = text("Ext__c", "Ext", 100, unique=True, external_id=True)
LOOSE_KEY = text("Loose__c", "Loose", 100, external_id=True)


@dataclass(kw_only=True)
class Api:
    """The org over HTTP, as its integration user."""

    server: str
    org: Org
    clock: Clock
    session: requests.Session

    @property
    def base(self) -> str:
        return f"{self.server}/services/data/{VERSION}"

    def call(self, method: str, path: str, **more: Any) -> requests.Response:
        """Call a path under the version's, or a whole path that starts with /services, /id or the door's."""
        root = self.server if path.startswith(("/services", "/id", "/__emulator__")) else self.base
        return self.session.request(method, root + path, timeout=10, **more)

    def get(self, path: str, **more: Any) -> requests.Response:
        return self.call("GET", path, **more)

    def post(self, path: str, body: Any = None, **more: Any) -> requests.Response:
        return self.call("POST", path, json=body, **more)

    def patch(self, path: str, body: Any = None, **more: Any) -> requests.Response:
        return self.call("PATCH", path, json=body, **more)

    def delete(self, path: str, **more: Any) -> requests.Response:
        return self.call("DELETE", path, **more)

    def door(self, path: str, **body: Any) -> Any:
        answered = self.call("POST", f"/__emulator__/{path}", json=body)
        assert answered.ok, answered.text
        return answered.json() if answered.content else None

    def fault(self, fault: str, **more: Any) -> None:
        self.door("faults", fault=fault, **more)

    def query(self, text: str, *, deleted: bool = False) -> list[dict[str, Any]]:
        answered = self.get("/queryAll" if deleted else "/query", params={"q": text})
        assert answered.ok, answered.text
        found: list[dict[str, Any]] = answered.json()["records"]
        return found

    def account(self, **values: Any) -> str:
        """Create an account and return its id."""
        answered = self.post("/sobjects/Account", {"Name": "Acme", **values})
        assert answered.status_code == 201, answered.text
        return str(answered.json()["id"])

    def log_in(self) -> None:
        form = {"grant_type": "client_credentials", "client_id": "emulator", "client_secret": "emulator"}
        token = self.call("POST", "/services/oauth2/token", data=form).json()["access_token"]
        self.session.headers["Authorization"] = f"Bearer {token}"

    @property
    def caller(self) -> Caller:
        """The integration user inside the process."""
        return Caller(user_id=self.user("tandem@example.com"))

    def user(self, username: str) -> str:
        row = self.org.find_user(username)
        assert row is not None
        return str(row["Id"])

    def field(self, field: Field, *, object_name: str = "Account", granted: bool = True) -> None:
        """Make a custom field, and grant it to the administrators' profile."""
        definitions.create_field(self.org, object_name, field)
        if granted:
            definitions.grant(self.org, self.profile_set(), object_name, field.name)

    def profile_set(self) -> str:
        """The hidden permission set of the administrators' profile."""
        profile = self.org.store.find("Profile", "Name", "System Administrator")[0]["Id"]
        return str(self.org.store.find("PermissionSet", "ProfileId", profile)[0]["Id"])
