"""Five accounts in step between both CRMs, and what a test does to them: the scene that every fault breaks into."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from emulator.hubspot.data.records import Record
from sync.model.inbox import Held
from sync.model.journal import Run
from sync.model.records import SystemName
from tests.e2e.people import MARKETING, SALES, People
from tests.world import Ran, World

#: Name of each account, and its domain. Each is owned by Ben in Salesforce.
ACCOUNTS: Mapping[str, str] = {
    "Acme": "acme.com",
    "Blume": "blume.de",
    "Corvid": "corvid.io",
    "Dunlin": "dunlin.co.uk",
    "Egret": "egret.fr",
}
#: What each of them holds at the beginning, in Salesforce's words.
BEGINNING: Mapping[str, Any] = {
    "Target_Account__c": True,
    "ABM_Tier__c": "tier_2",
    "MQA_Stage__c": "awareness",
}

TIER, STAGE, SCORE, TARGET = "ABM_Tier__c", "MQA_Stage__c", "Engagement_Score__c", "Target_Account__c"
HS_TIER, HS_STAGE, HS_SCORE = "hs_ideal_customer_profile", "tandem_mqa_stage", "tandem_engagement_score"
HS_TARGET = "hs_is_target_account"

#: The calls in which Tandem writes accounts (and some that read several things at once).
WRITES: Mapping[str, str] = {"path": r"/services/data/v\d+\.0/composite"}
#: The calls in which it creates them.
CREATES: Mapping[str, str] = {
    "method": "PATCH",
    "path": r"/services/data/v\d+\.0/composite/sobjects/Account/Tandem_Id__c",
}


@dataclass(kw_only=True)
class FiveAccounts:
    """The world, the people in it, and shorthands for what tests say again and again."""

    world: World
    people: People
    #: Name of an account -> its id in Salesforce, and in HubSpot.
    accounts: dict[str, str]
    companies: dict[str, str]

    # -- time and commands ---------------------------------------------------------------------------------

    @property
    def now(self) -> datetime:
        return self.world.clock.now()

    def later(self, seconds: float = 120) -> None:
        """Time passes."""
        self.world.clock.advance(seconds)

    def sync(self, *more: str) -> Ran:
        """One Run."""
        return self.world.run("sync", *more)

    def well_again(self) -> None:
        """Nothing goes wrong any more."""
        self.world.salesforce.app.state.faults.clear()
        self.world.hubspot.app.state.faults.clear()

    def settled(self, seconds: float = 120, *, again: bool = False) -> None:
        """All faults are gone: the next Run does what is left to do, and (``again``) one more finds nothing."""
        self.well_again()
        self.later(seconds)
        ran = self.sync()
        assert ran.code == self.at_rest, ran.text
        self.in_step()
        if again:
            self.later()
            self.quiet()

    @property
    def at_rest(self) -> int:
        """What a Run ends with that leaves nothing but questions to people: 4 where there are any."""
        with self.world.ledger() as ledger:
            return 4 if ledger.matches.list() or ledger.conflicts.list() else 0

    def quiet(self, *more: str) -> None:
        """A Run that writes nothing."""
        ran = self.sync(*more)
        assert ran.code == self.at_rest, ran.text
        assert "nothing to do" in ran.text, ran.text

    def refuse(self, fault: str, *rows: str | int, **options: Any) -> None:
        """Salesforce refuses these rows (record ids, Link ids, or places in a call) of every write of this second."""
        if "times" not in options:
            options = {"seconds": 1, **options}
        self.world.salesforce.fault(fault=fault, rows=list(rows), match=WRITES, **options)

    def log_in_by(self, system: str, auth: str) -> None:
        """Write another ``auth`` of one System into tandem.yaml."""
        file = self.world.config
        lines = file.read_text(encoding="utf-8").splitlines(keepends=True)
        at = lines.index(f"  {system}:\n")
        place = next(n for n in range(at, len(lines)) if lines[n].startswith("    auth:"))
        lines[place] = f"    auth: {auth}\n"
        file.write_text("".join(lines), encoding="utf-8")

    def secret(self, name: str, text: str) -> Path:
        """A secret in a file that its owner alone may read."""
        file = self.world.folder / name
        file.touch(mode=0o600)
        file.write_text(text, encoding="utf-8")
        return file

    # -- edits ---------------------------------------------------------------------------------------------

    def sales(self, name: str, **values: Any) -> None:
        """Ben edits an account in Salesforce."""
        self.people.in_salesforce(self.accounts[name], SALES, **values)

    def marketing(self, name: str, **values: str) -> None:
        """Chloe edits a company in HubSpot."""
        self.people.in_hubspot(self.companies[name], MARKETING, **values)

    # -- what stands there ---------------------------------------------------------------------------------

    def account(self, name: str) -> Mapping[str, Any]:
        """A row of Salesforce as the org holds it, by the account's name, whether or not anybody may see it."""
        return self.row(self.accounts[name])

    def row(self, id: str) -> Mapping[str, Any]:
        found = self.world.org.store.get("Account", id)
        assert found is not None
        return found

    def company(self, name: str) -> Mapping[str, str]:
        """Properties of a company as the portal holds them."""
        return self.record(self.companies[name]).values

    def record(self, id: str) -> Record:
        found = self.world.portal.shelf("companies").records.find(id)
        assert found is not None
        return found

    def living_accounts(self) -> list[str]:
        """Names of the accounts that are not deleted, sorted."""
        rows = self.world.org.store.rows("Account")
        return sorted(str(row["Name"]) for row in rows if not row.get("IsDeleted"))

    def living_companies(self) -> list[str]:
        """Names of the companies that are not archived or merged away, sorted."""
        records = self.world.portal.shelf("companies").records
        return sorted(record.values.get("name", "") for record in records if record.live)

    def in_step(self, names: Sequence[str] = tuple(ACCOUNTS)) -> None:
        """Both CRMs hold the same in every field that is kept in step, and nobody was made twice."""
        for name in names:
            row, values = self.account(name), self.company(name)
            assert (values.get(HS_TIER) or "") == (row.get(TIER) or ""), name
            assert (values.get(HS_STAGE) or "") == (row.get(STAGE) or ""), name
            assert (values.get(HS_TARGET) == "true") is bool(row.get(TARGET)), name
            assert float(values.get(HS_SCORE) or 0) == float(row.get(SCORE) or 0), name
        assert len(self.living_accounts()) == len(set(self.living_accounts()))
        assert len(self.living_companies()) == len(set(self.living_companies()))

    # -- what Tandem keeps ---------------------------------------------------------------------------------

    def held(self) -> list[Held]:
        """What Tandem holds back, oldest first."""
        with self.world.ledger() as ledger:
            return list(ledger.held.list())

    def last_run(self) -> Run:
        with self.world.ledger() as ledger:
            return ledger.runs.latest(1)[0]

    def conflicts(self) -> Mapping[str, int]:
        """Open Conflicts, by field."""
        with self.world.ledger() as ledger:
            return ledger.conflicts.count()

    def cursor(self, system: str) -> str:
        """How far a System's accounts have been read."""
        object = "Account" if system == "salesforce" else "companies"
        with self.world.ledger() as ledger:
            found = ledger.cursors.get(SystemName(system), object)
        assert found is not None
        assert found.position is not None
        return found.position

    def links(self) -> int:
        with self.world.ledger() as ledger:
            return ledger.accounts.open_links()

    # -- what was asked of the CRMs ------------------------------------------------------------------------

    def sent(self, system: str, method: str, path: str) -> list[Mapping[str, Any]]:
        """The last calls to a CRM whose path holds ``path``, oldest first."""
        server = self.world.salesforce if system == "salesforce" else self.world.hubspot
        return [
            call
            for call in server.calls()["recent"]
            if call["method"] == method and path in call["path"] and "/__emulator__/" not in call["path"]
        ]
