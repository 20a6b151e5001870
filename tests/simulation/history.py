"""One history: people, faults and kills against a real engine, then quiet, then judgement."""

from __future__ import annotations

import traceback
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

from commands.app import App
from connector.errors import ConnectorError
from sync.errors import SyncError
from sync.guard import Guard
from sync.ledger.ledger import Ledger
from sync.ledger.scores import Score
from tests.simulation.book import meant, read_book
from tests.simulation.crms import Crms
from tests.simulation.fields import SYSTEMS, living
from tests.simulation.judge import judge
from tests.simulation.people import Decided, Diary, People
from tests.simulation.wire_tap import Killed, Tap, tapped

_GUARD = Guard(max_change_share=1.0, max_changes=10**6)
#: After so many quiet Runs everything must have come to rest.
_QUIET_RUNS = 12
#: Requests that a Run may take: one with nothing to write, by a new process, a day after the last, which asks both CRMs
#: who spoke last in open Conflicts; and any, whatever goes wrong in it. A history has a dozen accounts, so that writing
#: takes a call or two for each CRM.
_STILL_REQUESTS = 18
_REQUESTS = 60

#: What goes wrong on a bad day, by the ids of the emulators' catalogue.
FAULTS: Mapping[str, Sequence[Mapping[str, Any]]] = {
    "salesforce": (
        *({"fault": id} for id in ("F01", "F05", "F06", "F08", "F09", "F11", "F14", "F16", "F29")),
        *({"fault": id} for id in ("F33", "F36", "F37", "F38", "F39", "F40", "F41", "F42", "F43", "F44")),
        {"fault": "F07", "used": 98_000},
        *({"fault": "F45", "field": field, "rewrite": "upper"} for field in ("Territory__c", "Region__c")),
        {"drop": "before", "match": {"path": "/services/data/"}},
        {"drop": "after", "match": {"path": "/services/data/"}},
    ),
    "hubspot": (
        *({"fault": id} for id in ("F60", "F63", "F64", "F65", "F66", "F67", "F75", "F83")),
        {
            "fault": "F80",
            "field": "tandem_id",
            "match": {"method": "POST", "path": ".*batch/(create|update)"},
        },
        {"fault": "F71", "match": {"method": "POST", "path": ".*batch/update"}},
        {"fault": "F77", "match": {"method": "POST", "path": ".*batch/update"}},
        {"fault": "F68", "status": 502},
        {"fault": "F68", "status": 504, "work_done": True},
        {"drop": "before", "match": {"path": "/crm/"}},
        {"drop": "after", "match": {"path": "/crm/"}},
    ),
}


@dataclass(slots=True, kw_only=True)
class Told:
    """How a history went."""

    seed: int
    diary: Diary
    #: What is wrong at its end, a sentence each.
    faults: list[str] = field(default_factory=list)
    runs: int = 0
    kills: int = 0
    requests: int = 0

    def __str__(self) -> str:
        lines = [f"seed {self.seed}:", *self.faults, "", *self.diary.lines]
        return "\n".join(lines)


class History:
    """Plays one history."""

    def __init__(self, crms: Crms, seed: int) -> None:
        self.crms = crms
        self.rng = Random(seed)
        self.told = Told(seed=seed, diary=Diary())
        self.people = People(crms, self.rng, self.told.diary)
        self.tap = Tap(between=self._between, unanswered=self._unanswered)
        self.stormy = True
        self.busy = self.rng.choice((0.0, 0.1, 0.3, 0.6))
        self.deadly = self.rng.choice((0.0, 0.3, 0.6))
        self.faulty = self.rng.random() < 0.5
        self.ledger: Path = crms.begin_anew()
        self.told.diary.tracked = self.rng.random() < 0.5
        if not self.told.diary.tracked:
            crms.door("salesforce", "settings", {"tracked": []})
        self.app: App | None = None

    def play(self) -> Told:
        with tapped(self.tap):
            self.people.populate(self.rng.randint(2, 5))
            for _ in range(self.rng.choice((2, 2, 3))):
                self.crms.clock.advance(self.rng.choice((1, 30, 300, 4000)))
                for _ in range(self.rng.randint(0, 3)):
                    self.people.act()
                if self.rng.random() < 0.25:
                    self._take_scores()
                if self.rng.random() < 0.5:
                    self._decide()
                if self.faulty:
                    self._order_faults()
                self._one_run(full=self.rng.random() < 0.15)
            self._calm_down()
        self.told.requests = len(self.tap.sent)
        self._leave()
        return self.told

    def _take_scores(self) -> None:
        """Somebody imports what was computed, while no Run goes on."""
        now = self.crms.clock.now()
        scores = [
            Score(key=key, score=score, as_of=now) for key, score in self.people.compute_scores().items()
        ]
        with self.tap.looking_away(), Ledger.open(f"sqlite:///{self.ledger}", self.crms.clock.now) as ledger:
            ledger.scores.put(scores, source="history")

    def _decide(self) -> None:
        """Somebody settles a Conflict as one of the CRMs has it, while no Run goes on."""
        with self.tap.looking_away(), Ledger.open(f"sqlite:///{self.ledger}", self.crms.clock.now) as ledger:
            waiting = ledger.conflicts.list()
            if not waiting:
                return
            asked = self.rng.choice(waiting)
            sides = asked.finding.sides
            system = self.rng.choice(sorted(sides))
            ledger.conflicts.decide(asked.id, sides[system].value, by="somebody")
        members = read_book(self.ledger).links.get(asked.finding.link_id, {})
        name = asked.finding.field
        decided = Decided(
            at=self.crms.clock.now(),
            run=len(self.told.diary.began),
            members=members,
            seen={of: meant(name, side.value) for of, side in sides.items()},
            field=name,
            value=meant(name, sides[system].value),
        )
        self.told.diary.decided.append(decided)
        self.people.say(f"decide {decided.members} {name}: {decided.value} of {decided.seen}")

    # -- what goes wrong ---------------------------------------------------------------------------------------

    def _unanswered(self, method: str, path: str) -> None:
        if "/services/data/" in path and method in {"PATCH", "POST"}:
            self.told.diary.blind.append(self.crms.clock.now())

    def _order_faults(self) -> None:
        for _ in range(self.rng.choice((0, 0, 1, 2, 3))):
            system = self.rng.choice(("salesforce", "hubspot"))
            fault: dict[str, Any] = dict(self.rng.choice(FAULTS[system]))
            fault["after"] = self.rng.randrange(8)
            if fault.get("fault") == "F80":
                there = living(self.crms, "hubspot")
                if not there:
                    continue
                fault["holder"] = self.rng.choice(there)
            if "fault" in fault and self.rng.random() < 0.3:
                fault["times"] = self.rng.randint(2, 4)
            server = self.crms.world.salesforce if system == "salesforce" else self.crms.world.hubspot
            server.fault(**fault)
            self.people.say(f"fault {system} {fault}")

    # -- storm -------------------------------------------------------------------------------------------------

    def _between(self) -> None:
        self.crms.clock.advance(round(self.rng.uniform(0.05, 0.6), 3))
        if self.stormy and self.rng.random() < self.busy:
            self.people.act()
            self.crms.clock.advance(round(self.rng.uniform(0.0, 1.5), 3))

    def _one_run(self, *, full: bool = False) -> bool:
        """A Run, or as much of it as the process lives for. Tells whether it ended well."""
        if self.stormy and self.rng.random() < self.deadly:
            self.tap.fuse = self.rng.randrange(120)
        if self.app is not None and self.rng.random() < 0.25:
            self._leave()
        self.people.say(f"-- Run {'full ' if full else ''}fuse {self.tap.fuse}")
        self.told.runs += 1
        began, at = len(self.tap.sent), self.crms.clock.now()
        there = frozenset((system, record) for system in SYSTEMS for record in living(self.crms, system))
        try:
            self.app = self.app or self.crms.app(self.ledger)
            result = self.app.engine.run(guard=_GUARD, full=full)
        except Killed:
            self.people.say("-- killed")
            self.told.kills += 1
            self._leave()
            self.tap.revive()
            return False
        except (ConnectorError, SyncError) as error:
            self.people.say(f"-- failed: {type(error).__name__} {error}")
            return False
        except Exception:  # noqa: BLE001  (whatever it is, the history goes on and tells of it)
            stumbled = f"Tandem stumbled:\n{traceback.format_exc(limit=-6)}"
            self.told.faults += [stumbled] if stumbled not in self.told.faults else []
            self._leave()
            return False
        finally:
            self.tap.fuse = None
            self._count(len(self.tap.sent) - began, _REQUESTS)
        for change in result.plan.changes:
            self.people.say(
                f"   {change.system} {change.record_id} {change.field} {change.expected} -> {change.value} {change.why}"
            )
        for conflict in result.plan.conflicts:
            self.people.say(f"   conflict {conflict.label} {conflict.field} {conflict.reason}")
        for hold in result.plan.held:
            self.people.say(f"   held {hold.system} {hold.field} {hold.code} {hold.message}")
        self.people.say(f"-- {result.run.outcome} {result.run.counts}")
        if not self.stormy and result.plan.empty:
            self._count(len(self.tap.sent) - began, _STILL_REQUESTS)
        self.last = result
        self.told.diary.began.append(at)
        self.told.diary.bases.append((self.crms.clock.now(), read_book(self.ledger).bases))
        if not result.applied.errors:
            self.told.diary.settled.append((self.crms.clock.now(), there))
        return not result.applied.errors

    def _count(self, sent: int, bound: int) -> None:
        if sent > bound:
            self.told.faults.append(f"a Run took {sent} requests where {bound} are enough")

    def _leave(self) -> None:
        """The process is gone; the sockets of the next one are its own."""
        if self.app is not None:
            self.tap.dead = False
            self.app.close()
            self.app = None

    # -- quiet -------------------------------------------------------------------------------------------------

    def _calm_down(self) -> None:
        self.stormy = False
        self.tap.revive()
        self.crms.quiet()
        self.people.say("== quiet")
        still = 0
        for number in range(_QUIET_RUNS):
            self.crms.clock.advance(86_400)
            well = self._one_run(full=number % 3 == 1)
            done = {name.partition(".")[0] for name in self.last.run.counts} if well else {"written"}
            still = 0 if done & {"written", "created", "linked", "closed"} else still + 1
            # The last one found nothing to do, and one has compared everything.
            if still and number:
                break
        else:
            self.told.faults.append(f"it has not come to rest after {_QUIET_RUNS} quiet Runs")
        self.told.faults += judge(self.crms, self.ledger, self.told.diary, self.tap.sent)
