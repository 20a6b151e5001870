"""Measure Tandem against the emulated CRMs, each in a process of its own; exit 1 where a target is missed."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import click
import requests

from benchmarks.report import report
from benchmarks.startup import measure_startup
from benchmarks.targets import CPU_MS, HUBSPOT_CALLS, IDLE_CALLS, PEAK_MB, Figure, writing_calls
from benchmarks.worker import door

_SECRETS = {
    "SF_CLIENT_ID": "emulator",
    "SF_CLIENT_SECRET": "emulator",
    "HUBSPOT_ACCESS_TOKEN": "pat-emulator",
}
_CONFIG = """\
systems:
  salesforce:
    kind: salesforce
    login_url: {salesforce}
    auth: {{method: client_credentials, client_id: env:SF_CLIENT_ID, client_secret: env:SF_CLIENT_SECRET}}
    quota_share: 1.0
  hubspot:
    kind: hubspot
    base_url: {hubspot}
    auth: {{method: access_token, access_token: env:HUBSPOT_ACCESS_TOKEN}}
scope: {{accounts: all}}
guard: {{max_changes: 1000000, max_change_share: 1.0}}
"""
#: Seconds after which HubSpot's search has caught up and no overlap reaches back.
_SETTLED = 1200
_ADMIN = "admin@example.com"
_SALES = "ben.ortiz@example.com"
_MARKETING = "chloe.park@example.com"


class Failed(Exception):
    """A measurement did not do what it is to measure."""


@dataclass(frozen=True, slots=True)
class Rig:
    """Both emulators, and a folder for Tandem."""

    folder: Path
    salesforce: str
    hubspot: str

    def work(self, name: str, **order: Any) -> dict[str, Any]:
        """One piece of work in a fresh process."""
        given = {
            "work": name,
            "config": str(self.folder / "tandem.yaml"),
            "salesforce": self.salesforce,
            "hubspot": self.hubspot,
            **order,
        }
        done = subprocess.run(
            [sys.executable, "-m", "benchmarks.worker"],
            input=json.dumps(given),
            capture_output=True,
            text=True,
            env=_SECRETS,
            check=False,
        )
        if done.returncode != 0:
            raise Failed(f"{name}: {done.stderr}")
        answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
        return answer

    def tandem(self, *arguments: str) -> dict[str, Any]:
        """One command; it must end well."""
        answer = self.work("command", arguments=arguments)
        if answer["code"] != 0:
            raise Failed(f"tandem {' '.join(arguments)} ended with {answer['code']}: {answer['out']}")
        return answer

    def wait(self) -> None:
        """Let time pass in both CRMs."""
        door(self.salesforce, "clock", {"advance": _SETTLED})

    def forget_calls(self) -> None:
        for url in (self.salesforce, self.hubspot):
            door(url, "calls/reset", {})

    def calls(self) -> dict[str, int]:
        """Calls that count against the CRMs' limits, as they have seen them."""
        return {
            "salesforce": door(self.salesforce, "calls")["api"],
            "hubspot": door(self.hubspot, "calls")["api"],
        }

    def show_the_fields(self) -> None:
        """An administrator lets sales see and edit the fields that were provisioned."""
        base = f"{self.salesforce}/__emulator__/as/{_ADMIN}/services/data/v62.0"

        def first(query: str) -> str:
            found = requests.get(f"{base}/query", params={"q": query}, timeout=60).json()["records"]
            return str(found[0]["Id"])

        assignment = {
            "PermissionSetId": first("SELECT Id FROM PermissionSet WHERE Name = 'Tandem_Sync'"),
            "AssigneeId": first("SELECT Id FROM User WHERE Username = 'ben.ortiz@example.com'"),
        }
        requests.post(
            f"{base}/sobjects/PermissionSetAssignment", json=assignment, timeout=60
        ).raise_for_status()

    def edit_in_salesforce(self, ids: Sequence[str], values: Mapping[str, Any]) -> None:
        """Somebody in sales changes these accounts with a tool for many at once."""
        url = f"{self.salesforce}/__emulator__/as/{_SALES}/services/data/v62.0/composite/sobjects"
        for part in _parts(ids, 200):
            records = [{"attributes": {"type": "Account"}, "id": id, **values} for id in part]
            answers = requests.patch(url, json={"records": records}, timeout=60).json()
            if not all(answer["success"] for answer in answers):
                raise Failed(f"an edit was refused: {answers[0]}")

    def edit_in_hubspot(self, ids: Sequence[str], values: Mapping[str, str]) -> None:
        url = f"{self.hubspot}/__emulator__/as/{_MARKETING}/crm/v3/objects/companies/batch/update"
        for part in _parts(ids, 100):
            inputs = [{"id": id, "properties": dict(values)} for id in part]
            answer = requests.post(url, json={"inputs": inputs}, timeout=60)
            if answer.status_code != 200:
                raise Failed(f"an edit was refused: {answer.text}")

    def ids(self) -> tuple[list[str], list[str]]:
        """Native ids of the accounts and of the companies."""
        base, query = f"{self.salesforce}/__emulator__/as/{_SALES}", "SELECT Id FROM Account ORDER BY Id"
        page = requests.get(f"{base}/services/data/v62.0/query", params={"q": query}, timeout=60).json()
        accounts = [row["Id"] for row in page["records"]]
        while not page["done"]:
            page = requests.get(f"{base}{page['nextRecordsUrl']}", timeout=60).json()
            accounts += [row["Id"] for row in page["records"]]
        url = f"{self.hubspot}/__emulator__/as/{_MARKETING}/crm/v3/objects/companies"
        companies: list[str] = []
        after: str | None = None
        while True:
            params = {"limit": "100"} | ({"after": after} if after else {})
            listed = requests.get(url, params=params, timeout=60).json()
            companies += [item["id"] for item in listed["results"]]
            after = listed.get("paging", {}).get("next", {}).get("after")
            if after is None:
                return accounts, companies


@contextmanager
def rig(accounts: int) -> Iterator[Rig]:
    """Serve both emulators with so many accounts while the block runs."""
    with tempfile.TemporaryDirectory() as folder:
        servers = subprocess.Popen(  # noqa: S603  this program's own module
            [sys.executable, "-m", "benchmarks.servers", str(accounts)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert servers.stdout is not None
        assert servers.stdin is not None
        try:
            urls = json.loads(servers.stdout.readline())
            (Path(folder) / "tandem.yaml").write_text(_CONFIG.format(**urls), encoding="utf-8")
            yield Rig(Path(folder), **urls)
        finally:
            servers.stdin.close()
            servers.wait(timeout=30)


def measure(accounts: int) -> Iterator[Figure]:
    """A first meeting of so many accounts, a mass edit on each side, a small one, and nothing."""
    with rig(accounts) as here:
        here.tandem("provision", "apply", "--yes")
        here.show_the_fields()
        here.forget_calls()
        met = here.tandem("sync")
        spent = here.calls()
        about = f"{accounts:,} accounts"
        yield Figure(what=f"{about} meet: Salesforce", figure=spent["salesforce"], unit="calls")
        yield Figure(what=f"{about} meet: HubSpot", figure=spent["hubspot"], unit="calls")
        yield from _costs(f"{about} meet", met, 2 * accounts)
        in_salesforce, in_hubspot = here.ids()
        yield from _echo(here, about)
        here.wait()
        here.edit_in_salesforce(in_salesforce, {"MQA_Stage__c": "engaged"})
        here.wait()
        here.forget_calls()
        done = here.tandem("sync")
        figure, target = here.calls()["hubspot"], writing_calls("hubspot", accounts)
        yield Figure(
            what=f"{about} edited in Salesforce: HubSpot", figure=figure, target=target, unit="calls"
        )
        yield from _costs(f"{about} edited in Salesforce", done, accounts)

        here.wait()
        here.edit_in_hubspot(
            in_hubspot, {"hs_ideal_customer_profile": "tier_2", "tandem_mqa_stage": "evaluating"}
        )
        here.wait()
        here.forget_calls()
        done = here.tandem("sync")
        figure, target = here.calls()["salesforce"], writing_calls("salesforce", accounts)
        yield Figure(
            what=f"{about} edited in HubSpot: Salesforce", figure=figure, target=target, unit="calls"
        )
        yield from _costs(f"{about} edited in HubSpot", done, accounts)

        here.wait()
        here.tandem("sync")
        here.wait()
        here.forget_calls()
        done = here.tandem("sync")
        for system, figure in here.calls().items():
            yield Figure(what=f"nothing new: {system}", figure=figure, target=IDLE_CALLS, unit="calls")
        yield Figure(what="nothing new", figure=done["wall"], unit="s")
        service = here.work("cycles", times=2)["calls"][-1]
        for system, figure in service.items():
            yield Figure(
                what=f"nothing new, in the service: {system}", figure=figure, target=IDLE_CALLS, unit="calls"
            )

        few = min(100, accounts // 10)
        here.wait()
        here.edit_in_salesforce(in_salesforce[:few], {"MQA_Stage__c": "negotiating"})
        here.edit_in_hubspot(in_hubspot[-few:], {"tandem_mqa_stage": "closed"})
        here.wait()
        here.forget_calls()
        looked = here.work("look")
        yield Figure(
            what=f"{few} edited on each side: accounts decided", figure=looked["decided"], target=2 * few
        )
        yield Figure(what=f"{few} edited on each side: a Plan", figure=looked["wall"], unit="s")
        for system, figure in here.calls().items():
            yield Figure(
                what=f"{few} edited on each side, read: {system}",
                figure=figure,
                target=IDLE_CALLS + 2,
                unit="calls",
            )


def _echo(here: Rig, about: str) -> Iterator[Figure]:
    """The Run after a large one reads once what that one wrote."""
    here.wait()
    here.forget_calls()
    here.tandem("sync")
    yield Figure(what=f"{about}: HubSpot's own echo", figure=here.calls()["hubspot"], unit="calls")


def _costs(what: str, done: Mapping[str, Any], rows: int) -> Iterator[Figure]:
    yield Figure(what=f"{what}: memory", figure=done["peak_mb"], target=PEAK_MB, unit="MB")
    yield Figure(
        what=f"{what}: own time a record", figure=done["cpu"] / rows * 1000, target=CPU_MS, unit="ms"
    )
    yield Figure(what=f"{what}: whole Run", figure=done["wall"], unit="s")


def measure_pace(companies: int) -> Iterator[Figure]:
    """So many companies written at once: HubSpot never says that it is too fast."""
    with rig(companies) as here:
        done = here.work("flood")
        recent = door(here.hubspot, "calls")["recent"]
        if done["rows"] != companies or done["refused"]:
            raise Failed(f"{done['refused']} of {done['rows']} companies were refused")
        refused = sum(call["status"] == 429 for call in recent)
        about = f"{companies:,} companies written"
        yield Figure(what=f"{about}: answers 429", figure=refused, target=0)
        yield Figure(
            what=f"{about}: most in 10 s", figure=_most_in(recent, 10.0), target=HUBSPOT_CALLS, unit="calls"
        )
        yield Figure(what=f"{about}: on HubSpot's clock", figure=done["seconds"], target=11, unit="s")
        yield Figure(what=f"{about}: own time a record", figure=done["cpu"] / companies * 1000, unit="ms")


def _yardstick() -> float:
    """Processor seconds of a plain loop, to compare the figures of two machines, or of a busy hour and a quiet one."""
    began = time.process_time()
    total = 0
    for number in range(10_000_000):
        total += number
    return time.process_time() - began


def _most_in(calls: Sequence[Mapping[str, Any]], seconds: float) -> int:
    times = sorted(datetime.fromisoformat(call["at"]).timestamp() for call in calls)
    assert all(first <= second for first, second in pairwise(times))
    most, start = 0, 0
    for end, at in enumerate(times):
        while at - times[start] >= seconds:
            start += 1
        most = max(most, end - start + 1)
    return most


def _parts(things: Sequence[str], size: int) -> Iterator[Sequence[str]]:
    for start in range(0, len(things), size):
        yield things[start : start + size]


@click.command()
@click.option(
    "--accounts", multiple=True, type=click.IntRange(min=100), default=(1_000, 10_000), show_default=True
)
@click.option("--companies", type=click.IntRange(min=100), default=30_000, show_default=True)
def main(accounts: tuple[int, ...], companies: int) -> None:
    """Measure, print the figures beside their targets, and end with 1 where one is missed."""
    machine = {"this machine: ten million additions": f"{_yardstick():.2g} s"}
    measured = (measure_startup(), *(measure(count) for count in accounts), measure_pace(companies))
    report((figure for figures in measured for figure in figures), beside=machine)


if __name__ == "__main__":
    main()
