"""One account in both CRMs, provisioned, synced and at rest: where most stories about the ledger begin."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from tests.e2e.crms import Kept
from tests.e2e.people import SETTLED, People
from tests.ids import SALESFORCE
from tests.world import Ran, World, open_world


@dataclass(kw_only=True)
class Scene:
    """Acme, and who works on it."""

    world: World
    people: People
    town: Town
    #: Acme's native id in Salesforce, and in HubSpot.
    account: str
    company: str
    #: As Salesforce writes it.
    name: str
    domain: str
    link: str = ""

    def run(self, *arguments: str) -> Ran:
        return self.world.run(*arguments)

    def sync(self) -> str:
        """One Run, ten minutes later; answers with its id. Conflicts may stay open."""
        self.world.clock.advance(SETTLED)
        ran = self.run("sync", "--json")
        assert ran.code in {0, 4}, ran.text
        return str(ran.json["run"])

    def pending(self) -> list[dict[str, Any]]:
        """What a full comparison would still do to this account."""
        planned = self.run("plan", "--full", "--json").json
        found = [*planned["changes"], *planned["creates"], *planned["conflicts"]]
        return [item for item in found if item["link_id"] == self.link]

    def sales(self, **values: Any) -> None:
        self.world.clock.advance(SETTLED)
        self.people.in_salesforce(self.account, **values)

    def marketing(self, **values: str) -> None:
        self.world.clock.advance(SETTLED)
        self.people.in_hubspot(self.company, **values)

    def in_salesforce(self, field: str) -> object:
        row = self.world.org.store.get("Account", self.account)
        assert row is not None
        return row.get(field)

    def in_hubspot(self, name: str) -> str | None:
        record = self.world.portal.shelf("companies").records.find(self.company)
        assert record is not None
        return record.values.get(name) or None

    @property
    def tiers(self) -> tuple[object, object]:
        """What Salesforce and HubSpot show as the tier."""
        return (self.in_salesforce("ABM_Tier__c"), self.in_hubspot("hs_ideal_customer_profile"))


@dataclass(kw_only=True)
class Town:
    """Both CRMs, provisioned; each :meth:`scene` adds an account of its own, so that tests can share them."""

    world: World
    people: People
    number: int = 0

    def scene(self) -> Scene:
        """An account that stands in both CRMs as tier_2, after one Run."""
        self.number += 1
        world, people, domain = self.world, self.people, f"acme{self.number}.com"
        name = f"Acme {self.number}"
        account = people.new_in_salesforce(Name=name, Website=f"https://www.{domain}", ABM_Tier__c="tier_2")
        company = people.new_in_hubspot(name=f"{name} Inc.", domain=domain)
        scene = Scene(
            world=world,
            people=people,
            town=self,
            account=account,
            company=company,
            name=name,
            domain=domain,
        )
        scene.sync()
        with world.ledger() as ledger:
            record = ledger.accounts.record(SALESFORCE, account)
            assert record is not None
            assert record.link_id is not None
            scene.link = record.link_id
        return scene


@contextmanager
def open_town(folder: Path) -> Iterator[Town]:
    """Provisioned CRMs without accounts."""
    with open_world(folder) as world:
        people = People(world)
        try:
            people.invite_the_team_to_hubspot()
            world.configure("scope: {accounts: all}")
            world.clock.advance(SETTLED)
            assert world.run("provision", "apply", "--yes").code == 0
            people.see_the_fields()
            yield Town(world=world, people=people)
        finally:
            people.close()


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptTown:
    """Provisioned CRMs without accounts, to begin many tests with."""

    town: Town
    kept: Kept

    def begin_anew(self) -> Town:
        self.kept.bring_back()
        self.town.number = 0
        return self.town


@contextmanager
def open_kept_town(folder: Path) -> Iterator[KeptTown]:
    """A town that each test finds as it was at first: to provision it takes longer than most tests."""
    with open_town(folder) as town:
        yield KeptTown(town=town, kept=Kept.of(town.world))


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptScene:
    """One account at rest, to begin many tests with."""

    scene: Scene
    kept: Kept

    def begin_anew(self) -> Scene:
        self.kept.bring_back()
        self.scene.town.number = 1
        return replace(self.scene)


@contextmanager
def open_kept_scene(folder: Path) -> Iterator[KeptScene]:
    """An account that each test finds as it was at first: its first Run takes longer than many tests."""
    with open_town(folder) as town:
        scene = town.scene()
        yield KeptScene(scene=scene, kept=Kept.of(town.world))
