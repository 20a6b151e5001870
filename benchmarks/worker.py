"""Tandem in a process of its own, so that its time and memory are nobody else's: ``python -m benchmarks.worker``.

Reads one order as JSON from standard input and answers with one line of JSON, the last of its output. It lives on
the emulators' clock: where Tandem waits, that clock is moved on.
"""

from __future__ import annotations

import contextlib
import io
import json
import resource
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from threading import Lock
from typing import Any

import requests
from rich.console import Console

import cli
import crms
from commands.app import App
from connector.base import RowUpdate
from connector.clock import Pace
from sync.settings.load import load


@dataclass(slots=True)
class EmulatorClock:
    """The emulators' clock, as this process knows it: nobody else moves it meanwhile."""

    url: str
    now: datetime
    lock: Lock

    @classmethod
    def of(cls, url: str) -> EmulatorClock:
        now = datetime.fromisoformat(door(url, "clock")["now"])
        return cls(url=url, now=now, lock=Lock())

    def advance(self, seconds: float) -> None:
        with self.lock:
            door(self.url, "clock", {"advance": seconds})
            self.now += timedelta(seconds=seconds)


def door(url: str, path: str, order: Mapping[str, Any] | None = None) -> Any:
    """Ask or tell an emulator by its control door."""
    if order is None:
        answer = requests.get(f"{url}/__emulator__/{path}", timeout=60)
    else:
        answer = requests.post(f"{url}/__emulator__/{path}", json=order, timeout=60)
    answer.raise_for_status()
    return answer.json()


def main() -> None:
    order = json.loads(sys.stdin.read())
    cli.spare_the_collector()
    clock = EmulatorClock.of(order["salesforce"])
    pace = Pace.virtual(lambda: clock.now, clock.advance)
    began, wall = time.process_time(), time.perf_counter()
    answer = _WORK[order["work"]](order, pace)
    answer |= {
        "cpu": time.process_time() - began,
        "wall": time.perf_counter() - wall,
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }
    print(json.dumps(answer))


def command(order: Mapping[str, Any], pace: Pace) -> dict[str, Any]:
    """One command, as a person or cron would start it."""
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        code = cli.run(["--config", order["config"], *order["arguments"]], pace=pace)
    return {"code": int(code), "out": out.getvalue()}


def look(order: Mapping[str, Any], pace: Pace) -> dict[str, Any]:
    """A Plan, and how many accounts were looked at to make it."""
    app = _app(order, pace)
    looked = app.engine.plan()
    answer = {"decided": len(looked.links), "changes": len(looked.plan.changes)}
    app.close()
    return answer


def cycles(order: Mapping[str, Any], pace: Pace) -> dict[str, Any]:
    """Runs in a row, as the service makes them; answers with the calls of each."""
    app = _app(order, pace)
    guard = app.settings.guard.guard()
    calls = [dict(app.engine.run(guard=guard).run.calls) for _ in range(order["times"])]
    app.close()
    return {"calls": calls}


def flood(order: Mapping[str, Any], pace: Pace) -> dict[str, Any]:
    """Write every company that the portal holds, as fast as HubSpot allows."""
    connectors = crms.connect(load(Path(order["config"])), pace)
    hubspot = connectors["hubspot"]
    ids = [record.id for page in hubspot.changes("companies", ["name"], None) for record in page.records]
    pace.sleep(60)
    door(order["hubspot"], "calls/reset", {})
    began = pace.now()
    size = hubspot.limits.write_batch
    refused = 0
    for start in range(0, len(ids), size):
        rows = [RowUpdate(id=id, values={"city": "Boston"}) for id in ids[start : start + size]]
        refused += sum(result.refusal is not None for result in hubspot.update("companies", rows))
    for connector in connectors.values():
        connector.close()
    return {"rows": len(ids), "refused": refused, "seconds": pace.now() - began}


def _app(order: Mapping[str, Any], pace: Pace) -> App:
    return App(
        config=Path(order["config"]),
        connect=lambda settings: crms.connect(settings, pace),
        console=Console(),
        clock=pace.wall,
    )


_WORK = {"command": command, "look": look, "cycles": cycles, "flood": flood}

if __name__ == "__main__":
    main()
