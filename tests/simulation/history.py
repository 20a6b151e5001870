"""One history: people, faults and kills against a real engine, then quiet, then judgement."""

from __future__ import annotations

import re
import traceback
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

from commands.app import App
from connector.errors import ConnectorError
from sync.core.guard import Guard
from sync.core.plan_file import from_json, to_text
from sync.engine import Result
from sync.errors import SyncError
from sync.ledger.ledger import Ledger
from sync.model.abm import Score
from tests.simulation.book import meant, read_links
from tests.simulation.crms import THREE, TWO, Crms, is_salesforce
from tests.simulation.diary import Decided, Diary, Ran, Restored
from tests.simulation.fields import FIELDS, living
from tests.simulation.judge import judge
from tests.simulation.people import RandomPeople
from tests.simulation.under_way import Row, rows_of
from tests.simulation.wire_tap import Killed, Tap, tapped
from tests.simulation.witness import Witness

_GUARD = Guard(max_change_share=1.0, max_changes=10**6)
#: How often somebody takes a Run back.
UNDOING = 0.2
#: After so many quiet Runs everything must have come to rest.
_QUIET_RUNS = 12
#: Requests for each System that a Run may take: one with nothing to write, by a new process, a day after the last,
#: which asks all CRMs who spoke last in open Conflicts; and any, whatever goes wrong in it. A history has a dozen
#: accounts, so that writing takes a call or two for each CRM.
_STILL_REQUESTS = 9
_REQUESTS = 30
#: A Bulk API job takes eight, and is asked for over and over where the org is slow. An undo reads twice.
_BULK_REQUESTS = 30
#: For a job that a Run before left behind: how it ended, and up to three files of what became of its rows.
_JOB_REQUESTS = 4

_JOB = re.compile(r"/jobs/ingest/(\w+)")

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


#: How the answer to a write can be unclear: it never comes, or is an error, and the work is done or not.
_UNCLEAR: Sequence[Mapping[str, Any]] = (
    {"drop": "before"},
    {"drop": "after"},
    {"status": 503, "body": {}},
    {"status": 503, "body": {}, "work_done": True},
    {"status": 504, "body": {}},
    {"status": 504, "body": {}, "work_done": True},
    # Longer than anybody waits; the work is done all the same.
    {"delay": 600},
)


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

    def __init__(self, crms: Crms, seed: int, *, undoing: float = UNDOING) -> None:
        """``undoing``: how often a Run is taken back."""
        self.crms = crms
        self.undoing = undoing
        self.rng = Random(seed)
        self.told = Told(seed=seed, diary=Diary())
        self.ledger: Path = crms.begin_anew(THREE if self.rng.random() < 0.2 else TWO)
        self.people = RandomPeople(crms, self.rng, self.told.diary)
        self.witness = Witness(crms, self.told.diary)
        self.tap = Tap(between=self._between, meanwhile=self._meanwhile, stored=self.witness.stored)
        self.stormy = True
        self.busy = self.rng.choice((0.0, 0.1, 0.3, 0.6))
        self.deadly = self.rng.choice((0.0, 0.3, 0.6))
        self.faulty = self.rng.random() < 0.5
        #: How often the answer to a write is unclear.
        self.unclear = self.rng.choice((0.0, 0.2, 0.2, 0.5))
        self.bulk_from = self.rng.choice((None, None, None, 1, 2))
        crms.settings = crms.among(
            crms.systems, bulk_from=self.bulk_from, guarded_up_to=self.rng.choice((10, 10, 0))
        )
        self._track()
        self.rows: list[Row] = []
        #: Bulk API jobs that no Run is known to have brought to an end.
        self.jobs: set[str] = set()
        self.app: App | None = None
        self.last: Result | None = None

    def _track(self) -> None:
        """In each Salesforce org all fields have their history tracked, or some, or none."""
        diary = self.told.diary
        for system in filter(is_salesforce, self.crms.systems):
            names = sorted(self.crms.tracked(system))
            keeps = self.rng.choice((len(names), 0, self.rng.randint(0, len(names))))
            tracked = self.rng.sample(names, keeps)
            self.crms.door(system, "settings", {"tracked": [f"Account.{name}" for name in tracked]})
            diary.tracked |= {(system, name) for name, field in FIELDS.items() if field.of(system) in tracked}
            self.people.say(f"{system} tracks {sorted(tracked)}")

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
                if self.rng.random() < self.undoing:
                    self._undo()
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
        members = read_links(self.ledger).get(asked.finding.link_id, {})
        name = asked.finding.field
        ended = [run for run in self.told.diary.runs if run.ended is not None]
        decided = Decided(
            moment=self.told.diary.tick(),
            shown=ended[-1].began if ended else 0,
            members=members,
            seen={of: meant(name, side.value) for of, side in sides.items()},
            field=name,
            value=meant(name, sides[system].value),
        )
        self.told.diary.decided.append(decided)
        self.people.say(f"decide {decided.members} {name}: {decided.value} of {decided.seen}")

    def _undo(self) -> None:
        """Somebody takes back what one of the last Runs overwrote."""
        with self.tap.looking_away(), Ledger.open(f"sqlite:///{self.ledger}", self.crms.clock.now) as ledger:
            found = ledger.runs.latest(3)
        if found:
            self.crms.clock.advance(self.rng.choice((1, 60, 600)))
            self._one_run(undo=self.rng.choice(found).id)

    # -- what goes wrong ---------------------------------------------------------------------------------------

    def _order_faults(self) -> None:
        for _ in range(self.rng.choice((0, 0, 1, 2, 3))):
            system = self.rng.choice(self.crms.systems)
            kind = "salesforce" if is_salesforce(system) else "hubspot"
            fault: dict[str, Any] = dict(self.rng.choice(FAULTS[kind]))
            fault["after"] = self.rng.randrange(8)
            if fault.get("fault") == "F80":
                there = living(self.crms, "hubspot")
                if not there:
                    continue
                fault["holder"] = self.rng.choice(there)
            if "fault" in fault and self.rng.random() < 0.3:
                fault["times"] = self.rng.randint(2, 4)
            self.crms.servers[system].fault(**fault)
            self.people.say(f"fault {system} {fault}")

    # -- storm -------------------------------------------------------------------------------------------------

    def _between(self) -> None:
        """A request is about to be sent."""
        self.crms.clock.advance(round(self.rng.uniform(0.05, 0.6), 3))
        request, system = self.tap.request, self.crms.system_at(self.tap.request.port)
        self.rows = [
            Row(
                system=system,
                record=record,
                values=values,
                stood=self.witness.stood(system, record) if record else {},
            )
            for record, values in rows_of(self.crms, system, request)
        ]
        if self.stormy:
            there = [row for row in self.rows if row.record]
            if there and self.rng.random() < self.people.aim / 2:
                self.people.interfere(there)
                self.crms.clock.advance(round(self.rng.uniform(0.0, 1.5), 3))
            elif self.rng.random() < self.busy:
                self.people.act()
                self.crms.clock.advance(round(self.rng.uniform(0.0, 1.5), 3))
            if self.rows and self.rng.random() < self.unclear:
                self._be_unclear(system)
        self.witness.look()

    def _be_unclear(self, system: str) -> None:
        fault = dict(self.rng.choice(_UNCLEAR))
        # Few of them outlast all that the connector tries by itself.
        fault["times"] = self.rng.choice((1, 1, 1, 2, 6))
        path = self.tap.request.url.partition("?")[0]
        fault["match"] = {"method": self.tap.request.method, "path": re.escape(path)}
        self.crms.servers[system].fault(**fault)
        self.people.say(f"unclear {system} {fault}")

    def _meanwhile(self, clear: bool) -> None:
        """The CRM is done, and Tandem does not know yet."""
        request = self.tap.request
        system = self.crms.system_at(request.port)
        made = self.witness.answered(system, clear=clear, request=request, rows=self.rows)
        if not self.stormy or not (self.rows or made):
            return
        new = [Row(system=system, record=id, values=self.witness.stood(system, id), stood={}) for id in made]
        # A row that makes a record does not know it; the record does.
        self.rows = [row for row in self.rows if row.record] + new
        self.people.written.extend(self.rows)
        if self.rows and self.rng.random() < (self.people.aim / 2 if clear else self.people.aim):
            self.crms.clock.advance(round(self.rng.uniform(0.0, 1.5), 3))
            self.people.interfere(self.rows)
            self.witness.look()
        if not clear and self.rng.random() < self.deadly / 2:
            self.tap.fuse = self.rng.randrange(3)

    def _one_run(self, *, full: bool = False, undo: str | None = None) -> bool:
        """A Run, or as much of it as the process lives for. Tells whether it ended well."""
        if self.stormy and self.rng.random() < self.deadly:
            self.tap.fuse = self.rng.randrange(120)
        if self.app is not None and self.rng.random() < 0.25:
            self._leave()
        what = "full " if full else f"undo of {undo} " if undo else ""
        self.people.say(f"-- Run {len(self.told.diary.runs)} {what}fuse {self.tap.fuse}")
        self.told.runs += 1
        began = len(self.tap.sent)
        this = Ran(began=self.told.diary.tick(), undo=undo is not None)
        self.told.diary.runs.append(this)
        there = frozenset(
            (system, record) for system in self.crms.systems for record in living(self.crms, system)
        )
        self.witness.look()
        try:
            self.app = self.app or self.crms.app(self.ledger)
            result = self._carry_out(self.app, undo, full=full)
        except Killed:
            self._die()
            return False
        except (ConnectorError, SyncError) as error:
            self.people.say(f"-- failed: {type(error).__name__} {error}")
            return False
        except Exception:  # noqa: BLE001  (whatever it is, the history goes on and tells of it)
            self._stumble(traceback.format_exc(limit=-6))
            return False
        finally:
            self.tap.fuse = None
            self.witness.died()
            more = _BULK_REQUESTS if self.bulk_from else 0
            self._count(len(self.tap.sent) - began, _REQUESTS * (2 if undo else 1) + more)
            asked = {job for _, url in self.tap.sent[began:] for job in _JOB.findall(url)}
            left = asked & self.jobs
            self.jobs |= asked
        self._tell(result)
        if not self.stormy and result.plan.empty:
            self._count(len(self.tap.sent) - began - _JOB_REQUESTS * len(left), _STILL_REQUESTS)
        self.last = result
        this.ended, this.at_end = self.told.diary.tick(), self.crms.clock.now()
        this.well = not result.applied.errors
        if this.well:
            self.jobs.clear()
        if undo:
            self._note_restored(result)
        # An undo has no account meet another.
        if this.well and not this.undo:
            self.told.diary.settled.append((this.ended, this.at_end, there))
        return this.well

    def _die(self) -> None:
        self.people.say("-- killed")
        self.told.kills += 1
        self._leave()
        self.tap.revive()

    def _stumble(self, trace: str) -> None:
        stumbled = f"Tandem stumbled:\n{trace}"
        self.told.faults += [stumbled] if stumbled not in self.told.faults else []
        self._leave()

    def _tell(self, result: Result) -> None:
        """In words, what a Run did."""
        for change in result.plan.changes:
            self.people.say(
                f"   {change.system} {change.record_id} {change.field} {change.expected} -> {change.value} {change.why}"
            )
        for conflict in result.plan.conflicts:
            self.people.say(f"   conflict {conflict.label} {conflict.field} {conflict.reason}")
        for hold in result.plan.held:
            self.people.say(f"   held {hold.system} {hold.field} {hold.code} {hold.message}")
        self.people.say(f"-- {result.run.outcome} {result.run.counts}")

    def _note_restored(self, result: Result) -> None:
        diary = self.told.diary
        diary.restored += [
            Restored(
                run=len(diary.runs) - 1,
                system=change.system,
                record=change.record_id,
                field=change.field,
                value=meant(change.field, change.value),
            )
            for change in result.plan.changes
            if change.record_id is not None and change.field in FIELDS
        ]

    def _carry_out(self, app: App, undo: str | None, *, full: bool) -> Result:
        """At once, or after somebody was shown a Plan, in the same process or as a file."""
        engine, shown = app.engine, self.stormy and self.rng.random() < 0.15
        if undo is None:
            if not shown:
                return engine.run(guard=_GUARD, full=full)
            looked = engine.plan(full=full, guard=_GUARD)
            self._wait()
            return engine.carry_out(looked, guard=_GUARD, kind="apply", waited=True)
        looked = engine.plan_undo(undo).look
        self._wait()
        if self.rng.random() < 0.5:
            return engine.carry_out(looked, guard=_GUARD, kind="undo", waited=True)
        saved = from_json(to_text(looked.plan), name="the Plan")
        return engine.run(kind="undo", guard=_GUARD, saved=saved, skip_stale=self.rng.random() < 0.5)

    def _wait(self) -> None:
        """Somebody looks at a Plan, and the others work on."""
        self.crms.clock.advance(self.rng.choice((1, 20, 600)))
        if self.rng.random() < self.busy:
            self.people.act()
            self.witness.look()

    def _count(self, sent: int, bound_for_each: int) -> None:
        bound = bound_for_each * len(self.crms.systems)
        if sent > bound:
            self.told.faults.append(f"a Run took {sent} requests where {bound} are enough")

    def _leave(self) -> None:
        """The process is gone; the sockets of the next one are its own. What it stores as it goes is no step of it."""
        if self.app is not None:
            self.tap.dead = False
            with self.tap.looking_away():
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
            counts = self.last.run.counts if well and self.last is not None else {"written": 1}
            done = {name.partition(".")[0] for name in counts}
            still = 0 if done & {"written", "created", "linked", "closed"} else still + 1
            # The last one found nothing to do, and one has compared everything.
            if still and number:
                break
        else:
            self.told.faults.append(f"it has not come to rest after {_QUIET_RUNS} quiet Runs")
        self.told.faults += judge(self.crms, self.ledger, self.told.diary, self.tap.sent)
