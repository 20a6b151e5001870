"""A small world to run commands in: both emulators, one clock for all of them, a configuration, secrets.

``open_world(folder)`` gives a :class:`World`; ``world.run("plan", "--json")`` runs a command in this process. The
clock stands still until somebody sleeps, and sleeping takes no time: a Connector that must wait moves it on.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from unittest import mock

from starlette.applications import Starlette

import cli
import crms
from connector.base import Connector
from connector.clock import Pace
from emulator.hubspot.app import build as build_hubspot
from emulator.hubspot.portal import Portal
from emulator.hubspot.portal import Settings as PortalSettings
from emulator.kit.clock import Clock
from emulator.kit.state import StateFile
from emulator.salesforce.app import build as build_salesforce
from emulator.salesforce.org import Org
from emulator.salesforce.seed import Seed
from sync.ledger.ledger import Ledger
from sync.settings.load import load
from tests.line import answering

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
SECRETS: Mapping[str, str] = {
    "SF_CLIENT_ID": "emulator",
    "SF_CLIENT_SECRET": "emulator",
    "HUBSPOT_ACCESS_TOKEN": "pat-emulator",
}
BOTH = ("salesforce", "hubspot")

_SYSTEMS: Mapping[str, str] = {
    "salesforce": """\
  salesforce:
    kind: salesforce
    login_url: {url}
    auth: {{method: client_credentials, client_id: env:SF_CLIENT_ID, client_secret: env:SF_CLIENT_SECRET}}
""",
    "hubspot": """\
  hubspot:
    kind: hubspot
    base_url: {url}
    auth: {{method: access_token, access_token: env:HUBSPOT_ACCESS_TOKEN}}
""",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """What a command did."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Standard output, which holds JSON and nothing else."""
        return json.loads(self.out)

    @property
    def text(self) -> str:
        """Everything that a person would have seen, in one line, so that where it was wrapped makes no odds."""
        return " ".join(f"{self.out} {self.err}".split())


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """One emulator."""

    url: str
    app: Starlette

    def fault(self, **spec: Any) -> None:
        """Let it misbehave: ``status``, ``drop``, ``fault`` …, with ``match={"method": …, "path": …}``."""
        self.app.state.faults.add(spec)

    def calls(self) -> Any:
        """Every call that it was sent, by method and route."""
        return self.app.state.calls.as_json()


@dataclass(kw_only=True)
class World:
    """Two CRMs, one folder to work in, one clock."""

    folder: Path
    clock: Clock
    salesforce: Server
    hubspot: Server
    pace: Pace
    secrets: dict[str, str] = field(default_factory=lambda: dict(SECRETS))

    @property
    def config(self) -> Path:
        return self.folder / "tandem.yaml"

    @property
    def org(self) -> Org:
        """The Salesforce org itself, for setting a scene."""
        org: Org = self.salesforce.app.state.org
        return org

    @property
    def portal(self) -> Portal:
        """The HubSpot portal itself."""
        portal: Portal = self.hubspot.app.state.portal
        return portal

    def configure(
        self, *more: str, systems: Sequence[str] = BOTH, urls: Mapping[str, str] | None = None
    ) -> None:
        """Write tandem.yaml for these Systems; ``more`` are further lines, ``urls`` other addresses."""
        at = {"salesforce": self.salesforce.url, "hubspot": self.hubspot.url, **(urls or {})}
        parts = [_SYSTEMS[name].format(url=at[name]) for name in systems]
        self.config.write_text(
            "".join(["systems:\n", *parts, *(f"{line}\n" for line in more)]), encoding="utf-8"
        )

    def run(self, *arguments: str) -> Ran:
        """Run one ``tandem`` command in this process."""
        out, err = io.StringIO(), io.StringIO()
        environ = {**self.secrets, "TANDEM_CONFIG": str(self.config), "COLUMNS": "200"}
        missing = {name: "" for name in SECRETS if name not in self.secrets}
        with (
            mock.patch.dict(os.environ, {**missing, **environ}),
            contextlib.chdir(self.folder),
            contextlib.redirect_stdout(out),
            contextlib.redirect_stderr(err),
        ):
            code = cli.run(list(arguments), pace=self.pace)
        return Ran(code=int(code), out=out.getvalue(), err=err.getvalue())

    def connect(self) -> dict[str, Connector]:
        """Connectors as the commands would have them; the caller closes them."""
        with mock.patch.dict(os.environ, self.secrets):
            return crms.connect(load(self.config), self.pace)

    @contextlib.contextmanager
    def ledger(self) -> Iterator[Ledger]:
        """The ledger, to look into between two commands."""
        with Ledger.open(load(self.config).ledger, self.clock.now) as ledger:
            yield ledger


@contextlib.contextmanager
def open_world(
    folder: Path,
    *,
    clock: Clock | None = None,
    seed: Seed | None = None,
    portal: PortalSettings | None = None,
    systems: Sequence[str] = BOTH,
    serve: Callable[[Starlette], AbstractContextManager[str]] = answering,
) -> Iterator[World]:
    """Serve both emulators, empty but for their users, and write a tandem.yaml for ``systems`` into ``folder``.

    ``clock``: the emulators' (default: one that stands still). ``seed`` and ``portal``: how org and portal begin.
    ``serve``: how they are reached (default: without sockets, by ``tests/line.py``; ``emulator.kit.server.serve``:
    on loopback, which a process of its own needs, and the levels that hold the whole way to a CRM).
    """
    clock = clock or Clock.virtual(START)
    pace = Pace.virtual(clock.now, clock.advance) if clock.frozen else Pace.real()
    salesforce = build_salesforce(StateFile(), clock, seed)
    hubspot = build_hubspot(StateFile(), clock, settings=portal)
    with serve(salesforce) as salesforce_url, serve(hubspot) as hubspot_url:
        world = World(
            folder=folder,
            clock=clock,
            pace=pace,
            salesforce=Server(url=salesforce_url, app=salesforce),
            hubspot=Server(url=hubspot_url, app=hubspot),
        )
        world.configure(systems=systems)
        yield world
