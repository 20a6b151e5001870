"""One Run in order: who is there, what was left open, read, decide, guard, write, tidy.

The steps are the methods of :class:`Engine`, in the order in which a Run takes them; docs/contribute/lifecycle.md tells
the same story in words.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial

from connector.base import Connector
from mappings.model import Mapping as FieldMapping
from sync.bookkeeping import closed, linked, tidy
from sync.builtin_fields import with_builtin_fields
from sync.core.guard import EMPTIED_SHARE, Guard
from sync.core.pilot import WHOLE, Pilot
from sync.core.plan import Change, Merge, Plan
from sync.core.plan_file import SavedPlan
from sync.identify import identify
from sync.ledger.ledger import Ledger
from sync.model.journal import OK, Run
from sync.model.progress import Report, unwatched
from sync.model.records import TANDEM_ID, SystemName
from sync.outage import sentence
from sync.planning.build import Look, Rules, look, look_at_scores
from sync.planning.new_links import look_again
from sync.planning.promised import StillDue, keep_promised
from sync.planning.undo import Undo, require_run, touched, undo
from sync.reading import after_restore, edit_times, lost_updates
from sync.reading.mapping_changes import forget_remapped, try_redefined
from sync.reading.pull import Puller
from sync.system_session import SystemSession
from sync.writing import recovery
from sync.writing.apply import Applied, Applier
from sync.writing.bulk_jobs import finish_jobs
from sync.writing.freshness import calls_to_read_again, read_again


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What a Run did."""

    run: Run
    plan: Plan
    applied: Applied
    #: Changes that were planned and no longer stood; the next Run decides anew.
    moved: tuple[Change, ...] = ()
    #: Links, creations and closures of a saved Plan that no longer stood, in words.
    lapsed: tuple[str, ...] = ()


class Engine:
    """Runs over a set of Systems and one ledger. One Run at a time; the caller holds the lease."""

    def __init__(
        self,
        connectors: Mapping[str, Connector],
        ledger: Ledger,
        mapping: FieldMapping,
        rules: Rules,
        *,
        clock: Callable[[], datetime],
        stop: Callable[[], bool] = lambda: False,
        in_flight: int = 1,
        at_start: Callable[[Connector, Ledger], None] = lambda _connector, _ledger: None,
    ) -> None:
        """``at_start``: clears away in each System what something else than a Run may have left there."""
        self.connectors = {SystemName(name): connector for name, connector in connectors.items()}
        self.ledger = ledger
        self.mapping = mapping
        self.rules = rules
        self._clock = clock
        self._stop = stop
        #: Called between two steps of long work; whoever holds the ledger's lease renews it there.
        self.beat: Callable[[], None] = lambda: None
        #: Told how far reading and writing have come.
        self.report: Report = unwatched
        self._in_flight = in_flight
        self._at_start = at_start
        self._sessions: dict[SystemName, SystemSession] = {}
        self._pullers: dict[SystemName, Puller] = {}
        #: When the reading began that a Plan is made from.
        self._read_at = clock()
        #: What the last reading found merged.
        self._merges: list[Merge] = []

    # -- the whole -----------------------------------------------------------------------------------------

    def plan(
        self,
        *,
        full: bool = False,
        guard: Guard | None = None,
        pilot: Pilot = WHOLE,
        saved: SavedPlan | None = None,
    ) -> Look:
        """Read what changed and say what a Run would do. Nothing is written to any System. ``guard`` says how many
        of the accounts may be missing from a full read, ``pilot`` what part of it is meant. With ``saved`` the accounts
        of that Plan are looked at in any case."""
        began = self._calls()
        self._read(full=full, guard=guard)
        if full:
            look_again(self.ledger, self.rules.scope)
        if saved is not None:
            self.ledger.accounts.mark_for_decision(saved.concerned)
            self.ledger.accounts.unmatch(saved.joining)
        promised = frozenset(link.id for link in saved.links) if saved is not None else frozenset()
        return self._priced(self.decide(everything=full, pilot=pilot, promised=promised), began)

    def plan_scores(self) -> Look:
        """Read what changed and say which scores a Run would push, and nothing else."""
        began = self._calls()
        self._read()
        looked = look_at_scores(self.ledger, self._sessions, self._rules_now(), now=self._clock())
        return self._priced(looked, began)

    def plan_undo(self, run_id: str) -> Undo:
        """Read what changed and say what would put back what that Run overwrote. Nothing is written to any System."""
        require_run(self.ledger, run_id)
        began = self._calls()
        self._read()
        planned = undo(
            self.ledger,
            run_id,
            self._sessions,
            self.mapping.fields,
            now=self._clock(),
            touched=partial(touched, self._sessions),
        )
        return replace(planned, look=self._priced(planned.look, began))

    def _read(self, *, full: bool = False, guard: Guard | None = None) -> None:
        self.identify()
        self.settle_open_writes()
        self.pull(full=full, missing_share=(guard or Guard()).max_missing_share)
        self.look_up_covered_edits()

    def run(
        self,
        *,
        guard: Guard,
        kind: str = "sync",
        trigger: str = "command",
        full: bool = False,
        saved: SavedPlan | None = None,
        skip_stale: bool = False,
        afterwards: Callable[[], None] = lambda: None,
    ) -> Result:
        """One Run from its beginning. With ``saved`` only what that Plan says is written; ``StalePlan`` where part of
        it no longer stands, unless ``skip_stale``. Where it undoes a Run, so does this one. ``afterwards``: what else
        this Run does, once it has written."""

        def planned() -> StillDue:
            if saved is None:
                return StillDue(look=self.plan(full=full, guard=guard))
            undoes = saved.undoes
            looked = (
                self.plan(full=full, guard=guard, saved=saved)
                if undoes is None
                else self.plan_undo(undoes).look
            )
            return keep_promised(self.ledger, looked, saved, skip_stale=skip_stale)

        return self._finish(kind, trigger, guard, self._calls(), planned, afterwards)

    def carry_out(
        self, looked: Look, *, guard: Guard, kind: str, trigger: str = "command", waited: bool = False
    ) -> Result:
        """The Run of a Plan that this Engine has just made and nobody has carried out. Nothing is planned anew.
        ``waited``: a person was asked in between, so what is about to be written over is read again first; what no
        longer stands as planned is left for the next Run."""
        began = {name: calls - looked.plan.read_calls.get(name, 0) for name, calls in self._calls().items()}

        def planned() -> StillDue:
            if not waited:
                return StillDue(look=looked)
            self._keep_going()
            stands, moved = read_again(self.ledger, self._pullers, looked)
            self._read_at = self._clock()
            return StillDue(look=stands, moved=moved)

        return self._finish(kind, trigger, guard, began, planned)

    def priced_for_a_question(self, looked: Look) -> Look:
        """With the calls, too, that are made because a person is asked before it is carried out."""
        if not looked.plan.due:
            return looked
        limits = {name: session.limits for name, session in self._sessions.items()}
        more = calls_to_read_again(self.ledger, limits, looked.plan)
        price = {name: count + more.get(name, 0) for name, count in looked.plan.price.items()}
        return replace(looked, plan=replace(looked.plan, price=price))

    def _finish(
        self,
        kind: str,
        trigger: str,
        guard: Guard,
        began: Mapping[str, int],
        planned: Callable[[], StillDue],
        afterwards: Callable[[], None] = lambda: None,
    ) -> Result:
        """A Run in the journal, from its Plan to its end. ``began``: the calls that were made before it."""
        run = self.ledger.runs.start(kind, trigger)
        try:
            kept = planned()
            looked = kept.look
            guard.check(looked.plan)
            applied = self.apply(looked, run)
            afterwards()
        except BaseException as error:
            outcome = "stopped" if isinstance(error, KeyboardInterrupt) else "failed"
            message = sentence(error, self._clock())
            self.ledger.runs.finish(run.id, outcome, calls=self._spent(began), error=message)
            raise
        moved = (*kept.moved, *applied.moved)
        now = self._clock()
        failures = "; ".join(f"{system}: {sentence(error, now)}" for system, error in applied.errors.items())
        outcome = "failed" if failures else "stopped" if applied.stopped else OK
        run = self.ledger.runs.finish(
            run.id,
            outcome,
            counts=counts(looked.plan, applied, moved),
            calls=self._spent(began),
            error=failures or None,
        )
        return Result(run=run, plan=looked.plan, applied=applied, moved=moved, lapsed=kept.lapsed)

    # -- the steps -----------------------------------------------------------------------------------------

    def identify(self) -> None:
        """Ask every System who it is. ``WrongIdentity`` where it is not the one that the ledger belongs to."""
        identities = identify(self.connectors, self.ledger)
        self.mapping = with_builtin_fields(self.mapping, self.connectors, self.ledger)
        now = self._clock()
        self._sessions = {
            name: SystemSession.begin(connector, identities[name], self.ledger, self.mapping, now)
            for name, connector in self.connectors.items()
        }
        self._pullers = {
            name: Puller(session, self.ledger, now, beat=self._keep_going, report=self.report)
            for name, session in self._sessions.items()
        }

    def settle_open_writes(self) -> None:
        """Find out what became of writes whose Run died before it knew, and clear away what else was left."""
        for connector in self.connectors.values():
            self._at_start(connector, self.ledger)
        finish_jobs(self.ledger, self._sessions, beat=self._keep_going)
        recovery.settle_open_writes(self.ledger, self._sessions, self._pullers)

    def pull(self, *, full: bool = False, missing_share: float = EMPTIED_SHARE) -> None:
        """Read every System into the ledger; all of it where the fields that are kept in step have changed, or some
        that were hidden show again."""
        self._read_at = self._clock()
        self._merges.clear()
        put_back = self.ledger.restored.as_of()
        shown_again = False
        for session in self._sessions.values():
            forget_remapped(self.ledger, session.system)
            back = session.access.look_for_lost()
            whole = full or back or put_back is not None or not session.access.read_before
            pulled = self._pullers[session.name].pull(full=whole, missing_share=missing_share)
            self._merges.extend(pulled.merges)
            shown_again = shown_again or back
            try_redefined(self.ledger, session, self._clock())
        if shown_again:
            # Before it is forgotten that something was hidden, and whatever this Run then does.
            candidates = self.ledger.accounts.decision_candidates(len(self._sessions))
            self.ledger.accounts.mark_for_decision(account.link.id for account in candidates)
        for session in self._sessions.values():
            session.access.keep()
        if full:
            self.ledger.scores.resolve()
        if put_back is not None:
            after_restore.hear_both_sides(self.ledger, put_back, self.mapping.fields)

    def look_up_covered_edits(self) -> None:
        """Find edits that the last writes covered because they came between reading and writing."""
        lost_updates.look_up(self.ledger, self._sessions)

    def decide(
        self,
        *,
        everything: bool = False,
        pilot: Pilot = WHOLE,
        promised: AbstractSet[str] = frozenset(),
    ) -> Look:
        """The Plan out of what the ledger knows. No System is asked, but who edited last where they disagree."""
        # A record that its System does not show yet looks as if it were missing, and an account that somebody just made
        # in two CRMs must not be made once more. It is the same for every command and every reading.
        lag = max(
            (session.capabilities.search_lag for session in self._sessions.values()), default=timedelta()
        )
        looked = look(
            self.ledger,
            self._sessions,
            self._rules_now(),
            now=self._clock(),
            everything=everything,
            settling=lag + (self._clock() - self._read_at),
            ask=partial(edit_times.look_up, self.ledger, self._sessions, self.mapping.fields),
            pilot=pilot,
            promised=promised,
        )
        return replace(looked, plan=replace(looked.plan, merges=tuple(self._merges)))

    def apply(self, looked: Look, run: Run) -> Applied:
        """Carry the Plan out and bring the ledger's lists up to date."""
        plan = looked.plan
        self.ledger.accounts.mark_for_decision(looked.unfinished)
        scored = self.ledger.accounts.link(
            ((proposal.link, [member.key for member in proposal.members]) for proposal in plan.proposals),
            events=(event for proposal in plan.proposals for event in linked(proposal, run.id)),
        )
        for closure in plan.closures:
            reason = f"{closure.system}: {closure.reason}"
            scored |= self.ledger.accounts.close(closure.link_id, reason, events=[closed(closure, run.id)])
        applied = Applier(
            self.ledger,
            self._sessions,
            self._pullers,
            run.id,
            stop=self._stop,
            beat=self._keep_going,
            report=self.report,
            in_flight=self._in_flight,
            age=lambda: self._clock() - self._read_at,
        ).apply(plan)
        tidy(self.ledger, looked, applied, run.id, scored)
        return applied

    # -- details -------------------------------------------------------------------------------------------

    def _rules_now(self) -> Rules:
        """What a Plan is made by, with the fields as the Systems have them."""
        return replace(self.rules, fields=self.mapping.fields)

    def _priced(self, looked: Look, began: Mapping[str, int]) -> Look:
        """With the calls that it took to make the Plan."""
        return replace(looked, plan=replace(looked.plan, read_calls=self._spent(began)))

    def _keep_going(self) -> None:
        """What holds the lease may be set after the Pullers were made."""
        self.beat()

    def _calls(self) -> dict[str, int]:
        return {name: connector.calls for name, connector in self.connectors.items()}

    def _spent(self, began: Mapping[str, int]) -> dict[str, int]:
        return {name: calls - began[name] for name, calls in self._calls().items()}


def counts(plan: Plan, applied: Applied, moved: Sequence[Change] = ()) -> dict[str, int]:
    """The figures of a Run, as they are stored and shown."""
    figures: Counter[str] = Counter()
    for side, values in applied.confirmed.items():
        figures[f"written.{side.system}"] += sum(1 for name in values if name != TANDEM_ID)
    for system, count in applied.created.items():
        figures[f"created.{system}"] += count
    figures["linked"] = len(plan.proposals)
    figures["closed"] = len(plan.closures)
    figures["conflicts"] = len(plan.conflicts)
    figures["ambiguous"] = len(plan.asked)
    figures["held"] = len(plan.held) + len(applied.held)
    figures["stale"] = len(moved)
    return {name: count for name, count in sorted(figures.items()) if count}
