"""A clock that is set by hand, and makers of Records and Links."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sync.ledger import Ledger
from sync.ledger.process import Machine
from sync.model.records import Link, LinkId, NativeId, Record, RecordKey
from tests.ids import HUBSPOT, SALESFORCE

#: Collects the SQL that a block sends.
Statements = Callable[[], AbstractContextManager[list[str]]]

ACME = Record(
    system=SALESFORCE,
    id=NativeId("001000000000001AAA"),
    name="Acme",
    domain="acme.com",
    current={"tier": "tier_1", "owner": None},
    observed={"tier": "tier_1", "owner": None},
    stamp=datetime(2025, 2, 1, tzinfo=UTC),
)


class HandClock:
    """Tells the time that it was set to."""

    def __init__(self) -> None:
        self.now = datetime(2025, 3, 1, 9, 30, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    @property
    def machine(self) -> Machine:
        """A machine and a server on which as much time passes."""
        return Machine(seconds=lambda: self().timestamp(), server_time=lambda _: self.now)

    def wait(self, **span: float) -> datetime:
        self.now += timedelta(**span)
        return self.now


def record(**change: Any) -> Record:
    """A Salesforce record of Acme, but for what is said."""
    return replace(ACME, **change)


def account(ledger: Ledger, number: int = 1, **change: Any) -> LinkId:
    """Opens a Link over a Salesforce and a HubSpot record that agree, puts it to rest, and gives its id."""
    link = Link(
        id=LinkId(f"tdm{number:03}"),
        label=f"Acme {number}",
        domain=f"acme{number}.com",
        evidence="same domain",
    )
    known: dict[str, Any] = {"name": link.label, "domain": link.domain, **change}
    salesforce = record(id=salesforce_id(number), **known)
    hubspot = record(system="hubspot", id=hubspot_id(number), **known)
    ledger.accounts.put([salesforce, hubspot])
    ledger.accounts.link([(link, [RecordKey(SALESFORCE, salesforce.id), RecordKey(HUBSPOT, hubspot.id)])])
    ledger.accounts.rest([link.id])
    return link.id


def salesforce_id(number: int) -> NativeId:
    return NativeId(f"0010000000{number:05}AAA")


def hubspot_id(number: int) -> NativeId:
    return NativeId(f"{9000 + number}")


def former_ledger(path: Path, version: str = "0003") -> None:
    """A ledger that an earlier version of Tandem wrote, as a new file. What stands in it is told in
    ``tests/e2e/test_upgrade.py``, which plays what it was made of; facts of every kind that Tandem kept between two
    Runs were put in beside that."""
    text = (Path(__file__).with_name("versions") / f"{version}.sql").read_text(encoding="utf-8")
    connection = sqlite3.connect(path)
    connection.executescript(text)
    connection.close()
    path.chmod(0o600)
