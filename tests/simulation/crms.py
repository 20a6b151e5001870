"""The CRMs and one clock, set up once and put back to their beginning for every history."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any
from unittest import mock
from urllib.parse import urlencode

from rich.console import Console
from starlette.types import ASGIApp

import crms
from commands.app import App
from emulator.hubspot.data.records import Record as Company
from emulator.kit.state import StateFile
from emulator.salesforce.app import build
from emulator.salesforce.org import Org
from emulator.salesforce.seed import Seed
from sync.ledger.ledger import Ledger
from sync.settings.load import Settings, load
from tests.line import answering, call
from tests.world import SECRETS, Server, World, open_world

#: Fields of three further rules, with a value of its own for every edit, so that a lost one cannot hide.
_CANONICAL = """\
fields:
  territory:
    type: text
    label: Territory
    length: 80
    rule: {direction: two_way, on_conflict: manual}
  segment:
    type: text
    label: Segment
    length: 80
    rule: {direction: two_way, on_conflict: newest}
  region:
    type: text
    label: Region
    length: 80
    rule: {direction: two_way, on_conflict: salesforce}
  contract:
    type: text
    label: Contract
    length: 80
    rule: {direction: from_salesforce, fill_blank: true}
"""
_NAMES = ("territory", "segment", "region", "contract")
_SALESFORCE = "fields:\n" + "".join(f"  {name}: {{name: {name.title()}__c}}\n" for name in _NAMES)
_HUBSPOT = "fields:\n" + "".join(f"  {name}: {{name: tandem_{name}}}\n" for name in _NAMES)

SALES = "ben.ortiz@example.com"
MARKETING = "chloe.park@example.com"
ADMIN = "admin@example.com"
#: The user that Tandem is in Salesforce.
ACTING_AS = "tandem@example.com"
#: Who own accounts in both CRMs.
OWNERS = (SALES, MARKETING)
_REST = "/services/data/v62.0"
_PEOPLES_HEADERS = [(b"content-type", b"application/json"), (b"host", b"people")]

#: Whom most histories have, and the second org that some have beside them.
TWO = ("salesforce", "hubspot")
THREE = ("salesforce", "salesforce_emea", "hubspot")
_EMEA = """\
  salesforce_emea:
    kind: salesforce
    login_url: {url}
    auth: {{method: client_credentials, client_id: env:SF_CLIENT_ID, client_secret: env:SF_CLIENT_SECRET}}
"""


def is_salesforce(system: str) -> bool:
    return system != "hubspot"


class _Process(App):
    """A process of Tandem. One plays after the other, so none has to hold the lease, which has tests of its own."""

    def _look_at_lease(self, patience: float) -> None:
        pass


class Crms:
    """Emulators that begin anew on demand. People act in them without a network; Tandem has one."""

    def __init__(self, world: World, emea: Server) -> None:
        self.world = world
        self.servers = {"salesforce": world.salesforce, "salesforce_emea": emea, "hubspot": world.hubspot}
        #: The Systems that take part in the history that is played; the third stands idle in most.
        self.systems: Sequence[str] = TWO
        self.clock = world.clock
        self.folder = world.folder
        self._set_up()
        self._everybody: Settings = load(world.config)
        self.settings = self.among(TWO)
        self._blank = self.folder / "blank.db"
        Ledger.open(f"sqlite:///{self._blank}", self.clock.now).close()

    def _set_up(self) -> None:
        mapping = self.folder / "mapping"
        mapping.mkdir()
        for name, text in (("canonical", _CANONICAL), ("salesforce", _SALESFORCE), ("hubspot", _HUBSPOT)):
            (mapping / f"{name}.yaml").write_text(text, encoding="utf-8")
        emea = _EMEA.format(url=self.servers["salesforce_emea"].url)
        self.world.configure(f"{emea}mapping: mapping/", "scope: {accounts: all}")
        ran = self.world.run("provision", "apply", "--yes")
        assert ran.code == 0, ran.text
        for name in ("ada.marsh", "ben.ortiz", "chloe.park", "tandem"):
            first, _, last = name.partition(".")
            self.world.portal.add_owner(email=f"{name}@example.com", first=first.title(), last=last.title())
        #: System -> e-mail -> id of the user or owner there.
        self.owner_ids = {"hubspot": self._hubspot_owners()}
        for system in ("salesforce", "salesforce_emea"):
            self.owner_ids[system] = self._salesforce_users(system)
            self._let_people_see_the_fields(system)
        # What was just defined is not yet known everywhere; the histories begin the day after.
        self.clock.advance(86_400)
        self.began = self.clock.now()
        for system in ("salesforce", "salesforce_emea"):
            self.org(system).state.mark()
        self.world.portal.state.mark()

    def _let_people_see_the_fields(self, system: str) -> None:
        [shown] = self._query(system, "SELECT Id FROM PermissionSet WHERE Name = 'Tandem_Sync'")
        for name in (SALES, ADMIN):
            body = {"PermissionSetId": shown["Id"], "AssigneeId": self.owner_ids[system][name]}
            self.salesforce("POST", "sobjects/PermissionSetAssignment", body, user=ADMIN, system=system)

    def _query(self, system: str, soql: str) -> list[Mapping[str, Any]]:
        path = f"query?{urlencode({'q': soql})}"
        return list(self.salesforce("GET", path, user=ADMIN, system=system)["records"])

    def _salesforce_users(self, system: str) -> dict[str, str]:
        found = self._query(system, "SELECT Id, Username FROM User")
        return {row["Username"]: row["Id"] for row in found}

    def _hubspot_owners(self) -> dict[str, str]:
        return {owner["email"]: owner["id"] for owner in self.hubspot("GET", "owners")["results"]}

    def among(self, systems: Sequence[str], **salesforce: object) -> Settings:
        """The settings of a Tandem that keeps these Systems in step; ``salesforce``: keys of each Salesforce System."""
        there = {
            name: system.model_copy(update=salesforce) if is_salesforce(name) else system
            for name, system in self._everybody.systems.items()
            if name in systems
        }
        return self._everybody.model_copy(update={"systems": there})

    def begin_anew(self, systems: Sequence[str] = TWO) -> Path:
        """Empty CRMs with their definitions, no faults, the clock at its start; answers with a fresh ledger file."""
        self.clock.set(self.began)
        self.world.portal.reset(False)
        self.world.portal.index_lag = self.world.portal.settings.index_lag
        # A System that takes part in neither this history nor the last one is as it was.
        for name in filter(is_salesforce, {*systems, *self.systems}):
            self.org(name).state.rewind()
            self.org(name).reload()
        self.systems, self.settings = systems, self.among(systems)
        self.quiet()
        ledger = self.folder / "history.db"
        for left in self.folder.glob("history.db*"):
            left.unlink()
        ledger.write_bytes(self._blank.read_bytes())
        return ledger

    def quiet(self) -> None:
        """No fault waits any more."""
        for server in self.servers.values():
            server.app.state.faults.clear()

    def org(self, system: str) -> Org:
        """A Salesforce org itself."""
        org: Org = self.servers[system].app.state.org
        return org

    def system_at(self, port: int | None) -> str:
        """The System that listens there."""
        return next(name for name, server in self.servers.items() if server.url.endswith(f":{port}"))

    def app(self, ledger: Path) -> App:
        """Tandem as one process of it would be, with the ledger in this file."""
        app = _Process(
            config=self.world.config,
            connect=partial(crms.connect, pace=self.world.pace),
            console=Console(quiet=True),
            clock=self.clock.now,
        )
        app.__dict__["settings"] = self.settings.model_copy(update={"ledger": f"sqlite:///{ledger}"})
        return app

    # -- people ------------------------------------------------------------------------------------------------

    def salesforce(
        self, method: str, path: str, body: Any = None, *, user: str = SALES, system: str = "salesforce"
    ) -> Any:
        """A REST call as a person."""
        return self._as(self.servers[system], user, method, f"{_REST}/{path}", body)

    def hubspot(self, method: str, path: str, body: Any = None, *, user: str = MARKETING) -> Any:
        return self._as(self.world.hubspot, user, method, f"/crm/v3/{path}", body)

    def door(self, system: str, path: str, order: Mapping[str, Any]) -> Any:
        """What no API can do: the emulator's own door."""
        status, answer = self._call(self.servers[system].app, "POST", f"/__emulator__/{path}", order)
        assert status < 300, (path, order, status, answer)
        return answer

    def _as(self, server: Server, user: str, method: str, path: str, body: Any) -> Any:
        status, answer = self._call(server.app, method, f"/__emulator__/as/{user}{path}", body)
        if status >= 300:
            raise Refused(f"{method} {path} {body}: {status} {answer}")
        return answer

    def _call(self, app: ASGIApp, method: str, path: str, body: Any) -> tuple[int, Any]:
        data = b"" if body is None else json.dumps(body).encode()
        heard = call(app, method, path, _PEOPLES_HEADERS, data, client="people")
        return heard.status, json.loads(heard.body) if heard.body else None

    # -- what stands ------------------------------------------------------------------------------------------

    def accounts(self, system: str = "salesforce") -> dict[str, Mapping[str, Any]]:
        """Accounts of a Salesforce org by id, those in the recycle bin too."""
        return {str(row["Id"]): row for row in self.org(system).store.table("Account").rows.values()}

    def tracked(self, system: str) -> frozenset[str]:
        """Fields of an account whose history a Salesforce org keeps."""
        found = self.org(system).settings.tracked
        return frozenset(name.partition(".")[2] for name in found if name.startswith("Account."))

    def companies(self) -> dict[str, Company]:
        """HubSpot companies by id, archived and merged ones too."""
        return {record.id: record for record in self.world.portal.shelves["companies"].records}


class Refused(Exception):
    """A CRM refused what a person wanted to do."""


@contextlib.contextmanager
def open_crms(folder: Path) -> Iterator[Crms]:
    """The CRMs with Tandem's fields in them, in this process."""
    with mock.patch.dict(os.environ, SECRETS), open_world(folder, serve=answering) as world:
        emea = build(StateFile(), world.clock, Seed(organization_id="00D0000000000E2EAA", name="EMEA"))
        with answering(emea) as url:
            yield Crms(world, Server(url=url, app=emea))
