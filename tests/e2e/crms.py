"""What stands in both CRMs, and a few accounts to begin with."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import requests

from sync.model.records import Account
from tests.e2e.people import SETTLED, TEAM, People
from tests.ids import HUBSPOT, SALESFORCE
from tests.world import SECRETS, World


@dataclass(frozen=True, slots=True)
class Standing:
    """Every account as it stands in both CRMs, and how many calls wrote any so far."""

    accounts: str
    companies: str
    writes: int


def standing(world: World) -> Standing:
    companies = world.portal.shelf("companies").records
    return Standing(
        accounts=json.dumps(world.org.store.table("Account").rows, sort_keys=True, default=str),
        companies=json.dumps([record.as_doc() for record in companies], sort_keys=True, default=str),
        writes=sum(writes(world).values()),
    )


def writes(world: World) -> dict[str, int]:
    """Calls that wrote accounts, by System, as the emulators have counted them.

    Salesforce's updates go as composites, as many reads do; those are not counted here.
    """
    salesforce, hubspot = world.salesforce.calls()["routes"], world.hubspot.calls()["routes"]
    base = "/services/data/{v}/composite/sobjects"
    return {
        "salesforce": salesforce.get(f"PATCH {base}", 0)
        + salesforce.get(f"PATCH {base}/{{object}}/{{field}}", 0),
        "hubspot": sum(
            count
            for route, count in hubspot.items()
            if route.rpartition("/")[2] in {"create", "update", "upsert", "archive"}
        ),
    }


def meet(
    world: World, people: People, count: int = 10, *more: str, scope: str = "all"
) -> list[dict[str, str]]:
    """``count`` accounts that both CRMs have, provisioned and synced once; answers with their native ids."""
    load(world, people, count)
    world.configure(f"scope: {{accounts: {scope}}}", *more)
    assert world.run("provision", "apply", "--yes").code == 0
    people.see_the_fields()
    world.clock.advance(SETTLED)
    ran = world.run("sync")
    assert ran.code == 0, ran.text
    world.clock.advance(SETTLED)
    ran = world.run("sync")
    assert (ran.code, "nothing to do" in ran.text) == (0, True), ran.text
    world.clock.advance(SETTLED)
    return [{name: record.id for name, record in account.records.items()} for account in accounts(world)]


@dataclass(frozen=True, slots=True)
class Kept:
    """A world as it once stood, to begin many tests with: setting it up takes longer than most of them."""

    world: World
    at: datetime
    ledger: bytes = field(repr=False)
    config: str

    @classmethod
    def of(cls, world: World) -> Kept:
        world.org.state.mark()
        world.portal.state.mark()
        return cls(
            world=world,
            at=world.clock.now(),
            ledger=(world.folder / "tandem.db").read_bytes(),
            config=world.config.read_text(encoding="utf-8"),
        )

    def bring_back(self) -> None:
        """Both CRMs, the clock, the folder and the secrets as they were."""
        world = self.world
        for server in (world.salesforce, world.hubspot):
            requests.post(f"{server.url}/__emulator__/reset", timeout=30).raise_for_status()
        world.clock.set(self.at)
        for path in world.folder.iterdir():
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        (world.folder / "tandem.db").write_bytes(self.ledger)
        (world.folder / "tandem.db").chmod(0o600)
        world.config.write_text(self.config, encoding="utf-8")
        world.secrets.clear()
        world.secrets.update(SECRETS)


def load(world: World, people: People, count: int) -> None:
    """Accounts with owners in Salesforce; the same companies with tiers in HubSpot."""
    users = people.users_of_salesforce()
    world.org.load(
        "Account",
        [
            {
                "Name": f"Company {number:02}",
                "Website": f"https://www.company{number:02}.com/",
                "OwnerId": users[TEAM[number % len(TEAM)]],
            }
            for number in range(count)
        ],
    )
    world.portal.load(
        "companies",
        [
            {
                "name": f"Company {number:02} Inc.",
                "domain": f"company{number:02}.com",
                "hs_ideal_customer_profile": f"tier_{number % 3 + 1}",
                "hs_is_target_account": "true",
            }
            for number in range(count)
        ],
    )


def accounts(world: World) -> list[Account]:
    """Open Links by their label."""
    with world.ledger() as ledger:
        return sorted(ledger.accounts.all_linked(), key=lambda account: account.link.label)


def company(world: World, id: str) -> dict[str, Any]:
    """The values of one company."""
    record = world.portal.shelf("companies").records.find(id)
    assert record is not None, id
    names = (
        *("hs_ideal_customer_profile", "hs_is_target_account", "hubspot_owner_id", "domain", "name"),
        *("tandem_id", "tandem_mqa_stage", "tandem_engagement_score"),
    )
    return {name: record.values.get(name) for name in names}


def account(world: World, id: str) -> dict[str, Any]:
    """The values of one Salesforce account."""
    row = world.org.store.get("Account", id)
    assert row is not None, id
    return dict(row)


def unclean(world: World) -> str:
    """What is wrong with the ledger, or between the CRMs; empty where all agree."""
    with world.ledger() as ledger:
        problems = [str(problem) for problem in ledger.check()]
        owners = {user.id: user.email for user in ledger.users.all(HUBSPOT)}
        users = {user.id: user.email for user in ledger.users.all(SALESFORCE)}
    for found in accounts(world):
        if len(found.records) < 2:
            continue
        there = account(world, found.records[SALESFORCE].id)
        here = company(world, found.records[HUBSPOT].id)
        pairs = {
            "tier": (there.get("ABM_Tier__c") or None, here["hs_ideal_customer_profile"] or None),
            "stage": (there.get("MQA_Stage__c") or None, here["tandem_mqa_stage"] or None),
            "owner": (users.get(there["OwnerId"]), owners.get(here["hubspot_owner_id"] or "")),
            "tandem id": (there.get("Tandem_Id__c"), here["tandem_id"]),
        }
        problems += [
            f"{found.link.label}: {name} is {one!r} in Salesforce and {other!r} in HubSpot"
            for name, (one, other) in pairs.items()
            if one != other
        ]
    return "\n".join(problems)
