"""What people and other programs do in the CRMs while Tandem is not looking: each over the CRM's own API."""

from __future__ import annotations

import csv
import io
import itertools
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeVar

import requests

from tests.world import World

#: Users of the Salesforce emulator's org, and the owners that ``owners`` invites to HubSpot.
ADMIN = "admin@example.com"
SALES = "ben.ortiz@example.com"
MARKETING = "chloe.park@example.com"
TEAM = ("ada.marsh@example.com", "ben.ortiz@example.com", "chloe.park@example.com", "dev.rao@example.com")
#: Seconds after which HubSpot's search has caught up with what was written.
SETTLED = 600

_T = TypeVar("_T")
_REST = "services/data/v62.0"


class People:
    """Users of both CRMs, and scripts with a token of their own."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._http = requests.Session()
        self._token: str | None = None

    def close(self) -> None:
        self._http.close()

    # -- users at the screen -------------------------------------------------------------------------------

    def in_salesforce(self, account_id: str, user: str = SALES, **values: Any) -> None:
        """Somebody in sales changes an account."""
        self._as(self._world.salesforce.url, user, "PATCH", f"{_REST}/sobjects/Account/{account_id}", values)

    def in_hubspot(self, company_id: str, user: str = MARKETING, **values: str) -> None:
        """Somebody in marketing changes a company."""
        body = {"properties": values}
        self._as(self._world.hubspot.url, user, "PATCH", f"crm/v3/objects/companies/{company_id}", body)

    def edit_many_in_salesforce(self, ids: Sequence[str], user: str = SALES, **values: Any) -> None:
        """Somebody in sales changes many accounts with a tool for that."""
        for part in _parts(ids, 200):
            records = [{"attributes": {"type": "Account"}, "id": id, **values} for id in part]
            url = self._world.salesforce.url
            answers = self._as(url, user, "PATCH", f"{_REST}/composite/sobjects", {"records": records})
            assert all(answer["success"] for answer in answers), answers[0]

    def edit_many_in_hubspot(self, ids: Sequence[str], user: str = MARKETING, **values: str) -> None:
        for part in _parts(ids, 100):
            inputs = [{"id": id, "properties": values} for id in part]
            body = {"inputs": inputs}
            self._as(self._world.hubspot.url, user, "POST", "crm/v3/objects/companies/batch/update", body)

    def new_in_salesforce(self, user: str = SALES, **values: Any) -> str:
        made = self._as(self._world.salesforce.url, user, "POST", f"{_REST}/sobjects/Account", values)
        return str(made["id"])

    def new_in_hubspot(self, user: str = MARKETING, **values: str) -> str:
        body = {"properties": values}
        made = self._as(self._world.hubspot.url, user, "POST", "crm/v3/objects/companies", body)
        return str(made["id"])

    def deletes_in_salesforce(self, account_id: str, user: str = SALES) -> None:
        self._as(self._world.salesforce.url, user, "DELETE", f"{_REST}/sobjects/Account/{account_id}", None)

    def archives_in_hubspot(self, company_id: str, user: str = MARKETING) -> None:
        self._as(self._world.hubspot.url, user, "DELETE", f"crm/v3/objects/companies/{company_id}", None)

    def merges_in_hubspot(self, primary: str, other: str, user: str = MARKETING) -> str:
        """Two companies become one; the answer is the survivor's id."""
        body = {"primaryObjectId": primary, "objectIdToMerge": other}
        made = self._as(self._world.hubspot.url, user, "POST", "crm/v3/objects/companies/merge", body)
        return str(made["id"])

    def merges_in_salesforce(self, master: str, loser: str, user: str = SALES) -> None:
        self.door("salesforce", "merge", {"master": master, "losers": [loser], "user": user})

    def door(self, system: str, path: str, order: Mapping[str, Any]) -> Any:
        """What no API can do: the emulator's own door."""
        server = self._world.salesforce if system == "salesforce" else self._world.hubspot
        return self._send("POST", f"{server.url}/__emulator__/{path}", json=order)

    def invite_the_team_to_hubspot(self) -> None:
        """Whoever owns accounts in Salesforce can own companies too."""
        for email in TEAM:
            first, _, last = email.partition("@")[0].partition(".")
            self.door("hubspot", "owners", {"email": email, "first": first.title(), "last": last.title()})

    def owner_in_hubspot(self, email: str) -> str:
        """The owner's native id."""
        found = self._world.portal.owners.person(email)
        assert found is not None, email
        return str(found["id"])

    def see_the_fields(self) -> None:
        """An administrator gives the sales team the permission set that shows what was provisioned (Salesforce: a
        new field is visible to nobody)."""
        held = [row for row in self._world.org.store.rows("PermissionSet") if row["Name"] == "Tandem_Sync"]
        for email, id in self.users_of_salesforce().items():
            if email in TEAM:
                body = {"PermissionSetId": held[0]["Id"], "AssigneeId": id}
                url = self._world.salesforce.url
                self._as(url, ADMIN, "POST", f"{_REST}/sobjects/PermissionSetAssignment", body)

    def users_of_salesforce(self) -> dict[str, str]:
        """Native ids of the users, by e-mail."""
        return {str(row["Email"]): str(row["Id"]) for row in self._world.org.store.rows("User")}

    # -- programs with a token -----------------------------------------------------------------------------

    def collections(self, rows: Sequence[Mapping[str, Any]], object: str = "Account") -> list[str]:
        """Create records by sObject Collections, 200 a call."""
        ids: list[str] = []
        for part in _parts(rows, 200):
            records = [{"attributes": {"type": object}, **row} for row in part]
            answers = self.salesforce("POST", "composite/sobjects", json={"records": records})
            ids += [str(answer["id"]) for answer in answers]
        return ids

    def batches(self, rows: Sequence[Mapping[str, str]], object: str = "companies") -> list[str]:
        """Create records by HubSpot's batch create, 100 a call; the ids stand in the order of the rows."""
        ids: list[str] = []
        for part in _parts(rows, 100):
            inputs = [
                {"properties": dict(row), "objectWriteTraceId": str(number)}
                for number, row in enumerate(part)
            ]
            answer = self.hubspot("POST", f"crm/v3/objects/{object}/batch/create", json={"inputs": inputs})
            traced = {item["objectWriteTraceId"]: str(item["id"]) for item in answer["results"]}
            ids += [traced[str(number)] for number in range(len(part))]
        return ids

    def bulk(self, object: str, rows: Sequence[Mapping[str, str]]) -> Mapping[str, Any]:
        """Create records by one job of Bulk API 2.0, and answer with what the job says at its end."""
        job = self.salesforce(
            "POST", "jobs/ingest", json={"object": object, "operation": "insert", "contentType": "CSV"}
        )
        text = io.StringIO()
        writer = csv.DictWriter(text, fieldnames=list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
        path = f"jobs/ingest/{job['id']}"
        self.salesforce("PUT", f"{path}/batches", data=text.getvalue().encode(), kind="text/csv")
        self.salesforce("PATCH", path, json={"state": "UploadComplete"})
        for _ in range(50):
            self._world.clock.advance(10)
            job = self.salesforce("GET", path)
            if job["state"] not in {"UploadComplete", "InProgress"}:
                break
        return dict(job)

    def salesforce(
        self, method: str, path: str, *, json: Any = None, data: bytes | None = None, kind: str | None = None
    ) -> Any:
        """One call as a script would make it, with an app's token."""
        if self._token is None:
            form = {"grant_type": "client_credentials", "client_id": "emulator", "client_secret": "emulator"}
            said = self._http.post(f"{self._world.salesforce.url}/services/oauth2/token", data=form)
            self._token = str(said.json()["access_token"])
        headers = {"Authorization": f"Bearer {self._token}"} | ({"Content-Type": kind} if kind else {})
        url = f"{self._world.salesforce.url}/{_REST}/{path}"
        return self._send(method, url, json=json, data=data, headers=headers)

    def hubspot(self, method: str, path: str, *, json: Any = None) -> Any:
        headers = {"Authorization": "Bearer pat-emulator"}
        # Scripts obey the limit of calls too: here by letting the time pass that it takes.
        self._world.clock.advance(0.1)
        return self._send(method, f"{self._world.hubspot.url}/{path}", json=json, headers=headers)

    # -- sending -------------------------------------------------------------------------------------------

    def _as(self, base: str, user: str, method: str, path: str, body: Any) -> Any:
        return self._send(method, f"{base}/__emulator__/as/{user}/{path}", json=body)

    def _send(self, method: str, url: str, **more: Any) -> Any:
        answer = self._http.request(method, url, timeout=60, **more)
        assert answer.ok, f"{method} {url}: {answer.status_code} {answer.text[:500]}"
        return answer.json() if answer.content else None


def _parts(things: Sequence[_T], size: int) -> Iterator[list[_T]]:
    rest = iter(things)
    while part := list(itertools.islice(rest, size)):
        yield part
