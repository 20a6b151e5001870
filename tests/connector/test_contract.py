"""Both real connectors keep the contract, each against its emulator, over real connections."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest
import requests

from connector import hubspot, salesforce
from connector.base import Connector
from connector.clock import Pace
from connector.network import Network
from connector.salesforce.api import errors
from emulator.hubspot import app as hubspot_app
from emulator.kit.clock import Clock
from emulator.kit.server import serve
from emulator.kit.state import StateFile
from emulator.salesforce import app as salesforce_app
from tests.connector.contract import ConnectorContract, Rig, ready

__all__ = ["ready"]

START = datetime(2026, 3, 2, 9, 0, 0, tzinfo=UTC)


@dataclass(kw_only=True)
class Emulated:
    """What both rigs have in common: a server, its clock and its control door."""

    connector: Connector
    url: str
    clock: Clock
    http: requests.Session
    #: Seconds after which everything has caught up, overlap windows included.
    settles: float

    def settle(self) -> None:
        self.clock.advance(self.settles)

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        answer = self.http.request(method, self.url + path, json=body, headers=headers, timeout=10)
        assert answer.ok, answer.text
        return answer.json() if answer.content else None

    def down(self, times: int) -> None:
        self.ask("DELETE", "/__emulator__/faults")
        order = {
            "match": {"path": "/(services/data|crm)/"},
            "status": 503,
            "body": "<html>maintenance</html>",
        }
        self.ask("POST", "/__emulator__/faults", {**order, "times": times})

    def counted(self) -> int:
        return int(self.ask("GET", "/__emulator__/calls")["api"])


# -- Salesforce --------------------------------------------------------------------------------------------

API = "/services/data/v62.0"


@dataclass(kw_only=True)
class SalesforceRig(Emulated):
    object: str = "Account"
    name: str = "Name"

    def field(self, word: str) -> str:
        return f"{word.title()}__c"

    def person(self, method: str, path: str, body: Any = None) -> Any:
        return self.ask(method, f"/__emulator__/as/ben.ortiz@example.com{API}{path}", body)

    def create(self, name: str) -> str:
        return str(self.person("POST", "/sobjects/Account", {"Name": name})["id"])

    def rename(self, id: str, name: str) -> None:
        self.person("PATCH", f"/sobjects/Account/{id}", {"Name": name})

    def delete(self, id: str) -> None:
        self.person("DELETE", f"/sobjects/Account/{id}")

    def merge(self, winner: str, loser: str) -> str:
        self.ask("POST", "/__emulator__/merge", {"master": winner, "losers": [loser]})
        return errors.to_18(winner)

    def load(self, number: int) -> Sequence[str]:
        rows = [{"Name": f"Account {n}"} for n in range(number)]
        done = self.ask("POST", "/__emulator__/load", {"object": "Account", "rows": rows})["done"]
        return [str(id) for id in done]

    def deal(self, name: str, stage: str, amount: float) -> str:
        body = {"Name": name, "StageName": stage, "Amount": amount, "CloseDate": "2026-06-30"}
        return str(self.person("POST", "/sobjects/Opportunity", body)["id"])

    def drop_deal(self, id: str) -> None:
        self.person("DELETE", f"/sobjects/Opportunity/{id}")

    def remember(self) -> None:
        self.ask("POST", "/__emulator__/settings", {"tracked": ["Account.Name"]})


@pytest.fixture(scope="module")
def org() -> Iterator[tuple[str, Clock]]:
    clock = Clock.virtual(START)
    with serve(salesforce_app.build(StateFile(None), clock)) as url:
        yield url, clock


class TestSalesforce(ConnectorContract):
    @pytest.fixture
    def rig(self, org: tuple[str, Clock]) -> Iterator[Rig]:
        url, clock = org
        settings = salesforce.SalesforceSettings(
            name="salesforce",
            login_url=url,
            auth=salesforce.ClientCredentials(client_id="emulator", client_secret="emulator"),
        )
        connector = salesforce.connect(
            settings, pace=Pace.virtual(clock.now, clock.advance), network=Network()
        )
        with requests.Session() as http:
            made = SalesforceRig(connector=connector, url=url, clock=clock, http=http, settles=400)
            made.ask("POST", "/__emulator__/reset")
            yield made
        connector.close()


# -- HubSpot -----------------------------------------------------------------------------------------------


@dataclass(kw_only=True)
class HubSpotRig(Emulated):
    portal: Any
    object: str = "companies"
    name: str = "name"

    def field(self, word: str) -> str:
        return f"tandem_{word}"

    def person(self, method: str, path: str, body: Any = None) -> Any:
        owner = next(iter(self.portal.owners.by_id.values()))["email"]
        return self.ask(method, f"/__emulator__/as/{owner}{path}", body)

    def create(self, name: str) -> str:
        made = self.person("POST", "/crm/v3/objects/companies", {"properties": {"name": name}})
        return str(made["id"])

    def rename(self, id: str, name: str) -> None:
        self.person("PATCH", f"/crm/v3/objects/companies/{id}", {"properties": {"name": name}})

    def delete(self, id: str) -> None:
        self.person("DELETE", f"/crm/v3/objects/companies/{id}")

    def merge(self, winner: str, loser: str) -> str:
        body = {"primaryObjectId": winner, "objectIdToMerge": loser}
        return str(self.person("POST", "/crm/v3/objects/companies/merge", body)["id"])

    def load(self, number: int) -> Sequence[str]:
        return [
            str(id) for id in self.portal.load("companies", ({"name": f"Company {n}"} for n in range(number)))
        ]

    def deal(self, name: str, stage: str, amount: float) -> str:
        values = {"dealname": name, "dealstage": stage, "amount": f"{amount:g}", "pipeline": "default"}
        return str(self.person("POST", "/crm/v3/objects/deals", {"properties": values})["id"])

    def drop_deal(self, id: str) -> None:
        self.person("DELETE", f"/crm/v3/objects/deals/{id}")

    def remember(self) -> None:
        """HubSpot always does."""


@pytest.fixture(scope="module")
def portal() -> Iterator[tuple[str, Clock, Any]]:
    clock = Clock.virtual(START)
    app = hubspot_app.build(StateFile(None), clock)
    with serve(app) as url:
        yield url, clock, app.state.portal


class TestHubSpot(ConnectorContract):
    @pytest.fixture
    def rig(self, portal: tuple[str, Clock, Any]) -> Iterator[Rig]:
        url, clock, store = portal
        settings = hubspot.HubSpotSettings(
            name="hubspot", base_url=url, auth=hubspot.AccessToken(access_token="pat-emulator")
        )
        connector = hubspot.connect(settings, pace=Pace.virtual(clock.now, clock.advance))
        with requests.Session() as http:
            made = HubSpotRig(connector=connector, url=url, clock=clock, http=http, settles=700, portal=store)
            made.ask("POST", "/__emulator__/reset", {"empty": True})
            made.ask("POST", "/__emulator__/owners", {"email": "left@example.com", "archived": True})
            yield made
        connector.close()
