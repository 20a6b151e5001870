# ruff: noqa: T201  (it prints what it found)
"""``python -m tests.mutation``: break the core in known ways, one at a time, in a copy of the tree; a test must notice.

What noticed must pass in a copy that is not broken: a test that always fails notices nothing.
Writes docs/contribute/mutations.md. Exit code 1 where a breaking went unnoticed, or does not fit the code any more.
"""

from __future__ import annotations

import argparse
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from tests import postgresql

ROOT = Path(__file__).resolve().parents[2]
_SETTLING = ("tests/sync/core/test_confirmations.py",)
_ABSORB = ("tests/sync/core/test_readings.py",)
_UNDO = ("tests/sync/core/test_undo.py",)
_LANDING = ("tests/sync/core/test_landing.py",)
_ORIGINS = ("tests/sync/core/test_origins.py",)
_EVIDENCE = ("tests/sync/reading/test_edit_times.py",)
_REUNION = ("tests/sync/model/test_reunion.py",)
_COVERING = ("tests/sync/reading/test_lost_updates.py",)
_WRITES = ("tests/sync/ledger/journal/test_writes.py",)
_CONFIRMING = ("tests/sync/ledger/test_confirming.py",)
_SESSION = ("tests/connector/salesforce/api/test_session.py",)
_RETRY = ("tests/connector/test_retry.py",)
_HUBSPOT_CALLS = ("tests/connector/hubspot/api/test_transport.py", "tests/connector/hubspot/test_errors.py")
_CORE = ("tests/sync/core/test_laws.py", "tests/sync/core/test_planner.py", "tests/sync/core/test_history.py")
_RACES = ("tests/simulation/test_races.py",)
_CRASH = (
    "tests/sync/core/test_readings.py",
    "tests/sync/ledger/journal/test_writes.py",
    "tests/e2e/test_crash.py",
)
_DEATHS = ("tests/simulation/test_crashes.py", "tests/e2e/test_crash.py")


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutation:
    """One deliberate breaking."""

    what: str
    file: str
    old: str
    new: str
    #: Where it should be noticed, the quickest first.
    tests: Sequence[str]
    #: Noticed only where a PostgreSQL server can be started.
    server: bool = False


MUTATIONS: tuple[Mutation, ...] = (
    Mutation(
        what="the oldest edit wins instead of the newest",
        file="sync/core/diff.py",
        old="youngest = max(times.values())",
        new="youngest = min(times.values())",
        tests=_CORE,
    ),
    Mutation(
        what="the lowest rung wins instead of the furthest",
        file="sync/core/diff.py",
        old="highest = max(ranks.values())",
        new="highest = min(ranks.values())",
        tests=_CORE,
    ),
    Mutation(
        what="an overruled value leaves no trace",
        file="sync/core/diff.py",
        old="overruled={name: claim for name, claim in claims.items() if name in writes}",
        new="overruled={}",
        tests=_CORE,
    ),
    Mutation(
        what="what was written is not Observed, so our own write looks like an edit",
        file="sync/core/diff.py",
        old="name: side.shows(decision.value) if name in decision.writes else side.current",
        new="name: side.current",
        tests=_CORE,
    ),
    Mutation(
        what="every value that stands counts as an edit",
        file="sync/core/sides.py",
        old="return self.settled and not self.carried and self.current != self.observed",
        new="return self.settled and not self.carried",
        tests=_CORE,
    ),
    Mutation(
        what="a decision is settled although no System confirmed it",
        file="sync/core/plan.py",
        old="if missing and len(missing) == len(self.after):",
        new="if False:",
        tests=("tests/sync/core/test_plan.py", *_CORE),
    ),
    Mutation(
        what="a stale copy is believed",
        file="sync/core/readings.py",
        old="reading.modified_at < known for known in",
        new="reading.modified_at < known and False for known in",
        tests=("tests/sync/core/test_readings.py", *_CORE),
    ),
    Mutation(
        what="an intent is stored as if it were confirmed, and forgotten by a crash",
        file="sync/ledger/journal/writes.py",
        old='"state": WriteState.INTENDED.value',
        new='"state": WriteState.CONFIRMED.value',
        tests=_CRASH,
    ),
    Mutation(
        what="a refused write is confirmed",
        file="sync/writing/apply.py",
        old="state = WriteState.REFUSED",
        new="state = WriteState.CONFIRMED",
        tests=(
            "tests/faults/test_salesforce_writing.py",
            "tests/faults/test_hubspot_writing.py",
            "tests/simulation/test_histories.py",
        ),
    ),
    Mutation(
        what="after a crash every open write is taken for landed",
        file="sync/writing/recovery.py",
        old="if record is not None and write.id in sent.taken",
        new="if record is not None",
        tests=("tests/simulation/test_crashes.py",),
    ),
    Mutation(
        what="what landed right before a crash is taken for somebody's edit",
        file="sync/writing/recovery.py",
        old="if write is not None and known is not None and known.link_id == write.link_id:",
        new="if False:",
        tests=_DEATHS,
    ),
    Mutation(
        what="after a crash one value of a row tells that all of it landed",
        file="sync/core/landing.py",
        old="and all(name in reading.values",
        new="and any(name in reading.values",
        tests=("tests/sync/core/test_landing.py",),
    ),
    Mutation(
        what="what landed right before a crash settles nothing",
        file="sync/writing/recovery.py",
        old="settlements=_settlements(ledger, sessions, writes, outcome.arrived, outcome.taken),",
        new="settlements=(),",
        tests=_DEATHS,
    ),
    Mutation(
        what="a confirmation settles nothing",
        file="sync/writing/apply.py",
        old="settlements=settlements,",
        new="settlements=(),",
        tests=("tests/sync/core/test_history.py", "tests/simulation/test_crashes.py"),
    ),
    Mutation(
        what="an old backup is believed about what people did since",
        file="sync/reading/after_restore.py",
        old="if moved and stood and",
        new="if False and",
        tests=("tests/commands/test_ledger.py",),
    ),
    Mutation(
        what="a decision is taken over although the Systems have moved on since it was shown",
        file="sync/core/resolutions.py",
        old="or now.finding != answer.conflict.finding",
        new="",
        tests=("tests/commands/test_conflicts.py",),
    ),
    Mutation(
        what="a Conflict outlives the account that it is about",
        file="sync/ledger/accounts/links.py",
        old='.where(conflicts.c.link_id == link_id, conflicts.c.state != "closed")',
        new='.where(conflicts.c.link_id == "")',
        tests=("tests/sync/ledger/inbox/test_inbox.py",),
    ),
    Mutation(
        what="HubSpot is read from the Cursor on, without looking back for what the index showed late",
        file="connector/hubspot/records/read.py",
        old="since = until - self._overlap",
        new="since = until",
        tests=("tests/connector/hubspot/records/test_read.py",),
    ),
    Mutation(
        what="Salesforce is read from the Cursor on, without looking back for late commits",
        file="connector/salesforce/records/read.py",
        old="start.since - timedelta(seconds=self._session.settings.overlap)",
        new="start.since",
        tests=("tests/connector/salesforce/records/test_read.py",),
    ),
    Mutation(
        what="nobody asks HubSpot's history what our write covered",
        file="sync/reading/lost_updates.py",
        old="if value in {shown, field.value}:",
        new="if False:",
        tests=_RACES,
    ),
    Mutation(
        what="what Salesforce told of before the write is not looked at",
        file="sync/writing/apply.py",
        old="if result.before is None:\n            return record",
        new="if True:\n            return record",
        tests=_RACES,
    ),
    Mutation(
        what="a covered edit is decided against what covered it, not against what both replaced",
        file="sync/core/sides.py",
        old="observed=_stood_on(side, before, answered=answered),",
        new="observed=side.current,",
        tests=_RACES,
    ),
    Mutation(
        what="the planner leaves out one of the Systems that are to be written",
        file="sync/core/planner.py",
        old="for system in decision.writes:",
        new="for system in decision.writes[:1]:",
        tests=("tests/sync/core/test_one_decision.py",),
    ),
    Mutation(
        what="what was edited while a person was asked is written over",
        file="sync/engine.py",
        old="            if not waited:",
        new="            if waited:",
        tests=("tests/commands/test_apply.py",),
    ),
    Mutation(
        what="what came up after the review in an account that a saved Plan writes to is forgotten",
        file="sync/planning/promised.py",
        old="look=looked.in_part(part, left)",
        new="look=looked.in_part(part, frozenset())",
        tests=("tests/commands/test_saved_plans.py",),
    ),
    Mutation(
        what="a pilot puts accounts to rest of which it did a part",
        file="sync/planning/build.py",
        old="looked.in_part(plan, looked.links)",
        new="looked.in_part(plan, ())",
        tests=("tests/commands/test_pilot.py",),
    ),
    Mutation(
        what="an account that came up by itself while a person was asked is created once more",
        file="sync/writing/freshness.py",
        old="    left_out = other | arrived",
        new="    left_out = other",
        tests=("tests/commands/test_apply.py",),
    ),
    Mutation(
        what="an account that was made a moment ago is created in the other CRM at once",
        file="sync/engine.py",
        old="settling=lag + (self._clock() - self._read_at),",
        new="settling=timedelta(),",
        tests=_RACES,
    ),
    Mutation(
        what="a record's stamp decides which edit is the newest, whatever the field's history tells",
        file="sync/reading/edit_times.py",
        old="brought = next((",
        new="brought = None and next((",
        tests=("tests/simulation/test_newest.py",),
    ),
    Mutation(
        what="a value whose history knows no edit of it is as young as its record",
        file="sync/reading/edit_times.py",
        old="stamped[each.key] = Edited(at=at or each.record.stamp, evidence=Evidence.NO_EDIT_KNOWN)",
        new="stamped[each.key] = Edited(at=at or each.record.stamp)",
        tests=("tests/simulation/test_newest.py",),
    ),
    Mutation(
        what="a rule that can tell by now drops what a person decided",
        file="sync/core/diff.py",
        old="if verdict is None or not _fits(verdict, sides):",
        new="if verdict is None or not decision.is_conflict:",
        tests=_CORE,
    ),
    Mutation(
        what="a value that an earlier Run brought tells after a crash that the row landed",
        file="sync/core/landing.py",
        old="and (stood is None or each.at > stood)",
        new="",
        tests=_DEATHS,
    ),
    Mutation(
        what="an edit that is saved once more counts as a newer one",
        file="sync/core/origins.py",
        old="result[-1] = Entry(value=value, brought=version)",
        new="pass",
        tests=("tests/sync/core/test_origins.py", "tests/simulation/test_newest.py"),
    ),
    Mutation(
        what="what Tandem wrote back is as young as its writing",
        file="sync/reading/edit_times.py",
        old="if brought is not None and not is_ours(brought, each.session.acting_as):",
        new="if brought is not None:",
        tests=("tests/simulation/test_newest.py",),
    ),
    Mutation(
        what="an edit that nobody remembers is as young as our carrying of it",
        file="sync/model/records.py",
        old="in {Evidence.NO_EDIT_KNOWN, Evidence.CARRIED}",
        new="in {Evidence.NO_EDIT_KNOWN}",
        tests=("tests/sync/core/test_origins.py",),
    ),
    Mutation(
        what="a bulk job that outlives its process is not waited for",
        file="sync/writing/bulk_jobs.py",
        old="fates |= _finish(sessions[system].connector, job, beat)",
        new="pass",
        tests=("tests/simulation/test_jobs.py",),
    ),
    Mutation(
        what="a row that Salesforce did not write because somebody was faster is taken for written",
        file="connector/salesforce/records/conditional_update.py",
        old="before=before, overtaken=True",
        new="before=None",
        tests=_RACES,
    ),
    Mutation(
        what="a parked field is written again once a day has passed",
        file="sync/planning/flip_flop.py",
        old="parked=asked\n        | {",
        new="parked=frozenset()\n        | {",
        tests=("tests/commands/test_flip_flop.py",),
    ),
    Mutation(
        what="a ledger that is busy is rebuilt as if it were damaged, and its Conflicts are gone",
        file="sync/ledger/database/errors.py",
        old='frozenset({"malformed", "not a database"})',
        new='frozenset({"malformed", "not a database", "database is locked"})',
        tests=("tests/commands/test_ledger.py",),
    ),
    Mutation(
        what="two writers of a ledger on PostgreSQL go by what both of them read",
        file="sync/ledger/database/connections.py",
        old='f"SELECT pg_advisory_xact_lock({_WRITERS})"',
        new='"SELECT 1"',
        tests=("tests/sync/ledger/test_postgresql.py",),
        server=True,
    ),
    Mutation(
        what="a process whose lease was taken while it stood still goes on storing",
        file="sync/ledger/database/transactions.py",
        old="                self.fence.check(connection)\n",
        new="",
        tests=("tests/sync/ledger/test_lease.py",),
    ),
    Mutation(
        what="a process whose lease was taken while it stood still goes on writing to a CRM",
        file="sync/ledger/lease.py",
        old="            self._fence.check(connection)\n",
        new="            pass\n",
        tests=("tests/sync/ledger/test_lease.py",),
    ),
    Mutation(
        what="a holder in another container is taken for dead",
        file="sync/ledger/process.py",
        old="    if other.pid_space != me.pid_space:\n        return False\n",
        new="",
        tests=("tests/sync/ledger/test_lease.py",),
    ),
    Mutation(
        what="a rebuild gives the ledger back before the new one is in its place",
        file="commands/ledger.py",
        old="""                # Still held: whoever waits for the lease must find the new one.
                opened.close()
""",
        new="""                from sync.ledger.lease import RUN
                held = opened.lease.current(RUN)
                opened.lease.release(held)
                opened.close()
""",
        tests=("tests/commands/test_ledger.py",),
    ),
    Mutation(
        what="a blank is settled before every record is made that it speaks of",
        file="sync/core/confirmations.py",
        old="(agreement.link_id, system) in keys and keys <= values.keys()",
        new="(agreement.link_id, system) in keys",
        tests=_SETTLING,
    ),
    Mutation(
        what="what speaks of a record that is still to be made is settled at once",
        file="sync/core/confirmations.py",
        old="if agreement.after or of_made:",
        new="if agreement.after:",
        tests=_SETTLING,
    ),
    Mutation(
        what="what one System confirms settles what waits for another",
        file="sync/core/confirmations.py",
        old="return system in agreement.after",
        new="return True",
        tests=_SETTLING,
    ),
    Mutation(
        what="an edit that this very write covered is forgotten when the write is confirmed",
        file="sync/core/confirmations.py",
        old="held.keys() - frozenset(covered.get(LinkSide(link_id, SystemName(system)), ()))",
        new="held.keys()",
        tests=_SETTLING,
    ),
    Mutation(
        what="an edit is told as put aside by a row that went without its field",
        file="sync/core/confirmations.py",
        old="if agreement.field not in values or system not in agreement.after:",
        new="if system not in agreement.after:",
        tests=_SETTLING,
    ),
    Mutation(
        what="a System that has not confirmed a value is taken to hold it once another one has",
        file="sync/core/plan.py",
        old="for name, value in self.observed.items() if name not in self.after}",
        new="for name, value in self.observed.items()}",
        tests=("tests/sync/core/test_plan.py", *_SETTLING),
    ),
    Mutation(
        what="Observed becomes what was sent, not what the System made of it",
        file="sync/core/plan.py",
        old="stands = {name: confirmed.get(name, value) for",
        new="stands = {name: value for",
        tests=("tests/sync/core/test_plan.py", *_SETTLING),
    ),
    Mutation(
        what="what somebody emptied before it was ever settled passes for never filled",
        file="sync/core/readings.py",
        old="    observed |= _emptied(before, reading)\n",
        new="",
        tests=_ABSORB,
    ),
    Mutation(
        what="what an earlier write left and is settled passes off the next edit as the CRM's own spelling",
        file="sync/core/readings.py",
        old="echo={**waiting, **there},",
        new="echo={**record.echo, **there},",
        tests=_ABSORB,
    ),
    Mutation(
        what="a write forgets what other writes brought that is not settled yet",
        file="sync/core/readings.py",
        old="echo={**waiting, **there},",
        new="echo={**there},",
        tests=_ABSORB,
    ),
    Mutation(
        what="our own version counts as somebody's saving of the record",
        file="sync/core/readings.py",
        old="return record.modified_by != acting_as",
        new="return True",
        tests=_ABSORB,
    ),
    Mutation(
        what="a covered edit is forgotten once the CRM respells what covered it",
        file="sync/core/readings.py",
        old="if not before.covered or _is_ours(before, reading, acting_as):",
        new="if not before.covered:",
        tests=_ABSORB,
    ),
    Mutation(
        what="a write that was sent and not answered is not looked up by the next Run",
        file="sync/ledger/journal/writes.py",
        old="state IN ('intended', 'unknown')",
        new="state IN ('unknown')",
        tests=_WRITES,
    ),
    Mutation(
        what="a confirmation is stored without what it settles",
        file="sync/ledger/journal/writes.py",
        old="            settle(connection, settled)\n",
        new="",
        tests=_WRITES,
    ),
    Mutation(
        what="a confirmation forgets which record was written",
        file="sync/ledger/journal/writes.py",
        old='native_id=func.coalesce(bindparam("_native_id"), writes.c.native_id),',
        new='native_id=bindparam("_native_id"),',
        tests=_WRITES,
    ),
    Mutation(
        what="a call that may have been done is sent again although a second one does harm",
        file="connector/retry.py",
        old="isinstance(error, Retryable) and (idempotent or not error.maybe_done)",
        new="isinstance(error, Retryable)",
        tests=_RETRY,
    ),
    Mutation(
        what="a call is sent again before the CRM said it may be",
        file="connector/retry.py",
        old="return max(backoff, error.wait) *",
        new="return backoff *",
        tests=_RETRY,
    ),
    Mutation(
        what="a wait begins of which it is known that no try can follow it",
        file="connector/retry.py",
        old="pace.now() - began + state.upcoming_sleep > self.total",
        new="pace.now() - began > self.total",
        tests=_RETRY,
    ),
    Mutation(
        what="a call to HubSpot whose answer was lost is taken for one that was never sent",
        file="connector/hubspot/api/transport.py",
        old="code=type(error).__name__, maybe_done=True)",
        new="code=type(error).__name__)",
        tests=_HUBSPOT_CALLS,
    ),
    Mutation(
        what="a value goes back although a later Run has written it again",
        file="sync/core/undo.py",
        old="if item.again is not None:",
        new="if False:",
        tests=_UNDO,
    ),
    Mutation(
        what="a value goes back although somebody edited it and set it back to what the Run wrote",
        file="sync/core/undo.py",
        old="if written and item.edited:",
        new="if False:",
        tests=_UNDO,
    ),
    Mutation(
        what="what goes back is the Base again although an edit waits in another System",
        file="sync/core/undo.py",
        old="if system not in restored and record.current[name] != record.observed.get(name, object()):",
        new="if False:",
        tests=_UNDO,
    ),
    Mutation(
        what="an undone score is pushed once more",
        file="sync/core/undo.py",
        old="if not pushed and _agree(",
        new="if _agree(",
        tests=_UNDO,
    ),
    Mutation(
        what="an undo takes back what somebody may have typed, for nobody heard of the Run's own write",
        file="sync/core/undo.py",
        old="if item.unproven:",
        new="if False:",
        tests=_UNDO,
    ),
    Mutation(
        what="an undo takes back an edit that the Run had brought back",
        file="sync/core/undo.py",
        old="if item.brought_back:",
        new="if False:",
        tests=_UNDO,
    ),
    Mutation(
        what="a row that only stands there whole passes for one that the CRM knows as ours",
        file="sync/core/landing.py",
        old="bool(history.ours) or _marked(",
        new="True or _marked(",
        tests=_LANDING,
    ),
    Mutation(
        what="an undo's value that stood there before counts as put back by it",
        file="sync/core/landing.py",
        old="and reading.values[name] == value != known.current.get(name)",
        new="and reading.values[name] == value",
        tests=_LANDING,
    ),
    Mutation(
        what="the value of whoever stood still overrules an edit that an undo covered",
        file="sync/core/sides.py",
        old="carrying = [each for each in covered if not each.undo]",
        new="carrying = covered",
        tests=("tests/sync/core/test_sides.py",),
    ),
    Mutation(
        what="what somebody entered right before an undo put the same back is nobody's edit",
        file="sync/reading/lost_updates.py",
        old="or (change.why is Why.UNDONE and before.modified_by not in {None, acting_as})",
        new="",
        tests=("tests/sync/reading/test_lost_updates.py",),
    ),
    Mutation(
        what="a history tells of no edit that brought the very value of an undo",
        file="sync/reading/lost_updates.py",
        old="as_written = replaced in {shown, field.value} and not undo",
        new="as_written = replaced in {shown, field.value}",
        tests=("tests/sync/reading/test_lost_updates.py",),
    ),
    Mutation(
        what="what waits to be decided is told as a difference that stays",
        file="insight/apart.py",
        old="if record.current[name] != record.observed.get(name, object()):",
        new="if False:",
        tests=("tests/commands/test_undo.py",),
    ),
    Mutation(
        what="a full read that misses most records is believed",
        file="sync/core/guard.py",
        old="return max(EMPTIED_SHARE, self.max_change_share)",
        new="return 1.0",
        tests=("tests/sync/core/test_guard.py",),
    ),
    Mutation(
        what="a value that was carried here settles once somebody saves the record for another reason",
        file="sync/core/readings.py",
        old="if shown != written and not untouched:",
        new="if not untouched:",
        tests=_ABSORB,
    ),
    Mutation(
        what="a record that carried the mark of its Link before tells that a row landed",
        file="sync/core/landing.py",
        old="TANDEM_ID in write.fields and known.tandem_id != write.link_id == reading.tandem_id",
        new="TANDEM_ID in write.fields and write.link_id == reading.tandem_id",
        tests=_LANDING,
    ),
    Mutation(
        what="values that stand as written prove that a row landed, though one of them is somebody else's",
        file="sync/core/landing.py",
        old="        not history.others\n        and (TANDEM_ID",
        new="        (TANDEM_ID",
        tests=_LANDING,
    ),
    Mutation(
        what="values that stood there before prove that a row landed",
        file="sync/core/landing.py",
        old="        and any(known.current.get(name) != value for name, value in shown.items())\n",
        new="",
        tests=_LANDING,
    ),
    Mutation(
        what="one value that stands as written proves that the row landed",
        file="sync/core/landing.py",
        old="and all(name in reading.values and",
        new="and any(name in reading.values and",
        tests=_LANDING,
    ),
    Mutation(
        what="our saving of a record before the row was meant tells that the row landed",
        file="sync/core/landing.py",
        old="        and reading.modified_at >= write.intended_at - SKEW\n",
        new="",
        tests=_LANDING,
    ),
    Mutation(
        what="our saving of a record that was known already tells that the row landed",
        file="sync/core/landing.py",
        old="        and reading.modified_at > stood\n",
        new="",
        tests=_LANDING,
    ),
    Mutation(
        what="what we wrote back counts as somebody's edit",
        file="sync/core/origins.py",
        old=" and not is_ours(entry.brought, acting_as)",
        new="",
        tests=_ORIGINS,
    ),
    Mutation(
        what="an edit that came after we wrote is the one that we carried",
        file="sync/core/origins.py",
        old="if each.at <= written_at + SKEW and has(each.value)",
        new="if has(each.value)",
        tests=_ORIGINS,
    ),
    Mutation(
        what="of several edits the first was carried, not the last",
        file="sync/core/origins.py",
        old="last = max(earlier,",
        new="last = min(earlier,",
        tests=_ORIGINS,
    ),
    Mutation(
        what="what the call that wrote saw of its own first try passes for somebody's edit",
        file="sync/reading/lost_updates.py",
        old="values[change.field] not in {change.value, spelling.shows(change.field, change.value)}",
        new="True",
        tests=_COVERING,
    ),
    Mutation(
        what="a repeated call takes what it wrote itself for what stood there",
        file="sync/reading/lost_updates.py",
        old="and values[change.field] in {change.value, spelling.shows(change.field, change.value)}",
        new="and values[change.field] in set()",
        tests=_COVERING,
    ),
    Mutation(
        what="a later version of ours hides the edit that an earlier one had covered",
        file="sync/reading/lost_updates.py",
        old="in enumerate(pairwise(versions), 1):",
        new="in enumerate(list(pairwise(versions))[:1], 1):",
        tests=_COVERING,
    ),
    Mutation(
        what="our own earlier version passes for an edit that we covered",
        file="sync/reading/lost_updates.py",
        old=" or is_ours(earlier, acting_as)\n",
        new="\n",
        tests=_COVERING,
    ),
    Mutation(
        what="an edit that was covered in a record that a merge ended is put over what the merge kept",
        file="sync/reading/lost_updates.py",
        old="    return record.current.get(name, _NO_MEANING) in (wrote, spelling.shows(name, wrote))",
        new="    return True",
        tests=_COVERING,
    ),
    Mutation(
        what="a write to a record that a merge has just made is never looked up",
        file="sync/reading/lost_updates.py",
        old="    if record is None:\n        return told",
        new="    if record is None:\n        return False",
        tests=_COVERING,
    ),
    Mutation(
        what="a write that came after a merge is believed to have replaced what it meant to",
        file="sync/reading/lost_updates.py",
        old="(of_this_account and replaced != settled)",
        new="of_this_account",
        tests=_COVERING,
    ),
    Mutation(
        what="an undo may cover what somebody entered once more",
        file="sync/reading/lost_updates.py",
        old="(as_expected and not undo) or is_ours",
        new="as_expected or is_ours",
        tests=_COVERING,
    ),
    Mutation(
        what="what an undo covered was entered upon what the undo replaced",
        file="sync/reading/lost_updates.py",
        old="if sent_before or (undo and as_expected) else",
        new="if sent_before else",
        tests=_COVERING,
    ),
    Mutation(
        what="records that were one account before meet as strangers",
        file="sync/model/reunion.py",
        old="    if not bases:\n",
        new="    if True:\n",
        tests=_REUNION,
    ),
    Mutation(
        what="what two accounts agreed on differently while they were apart is settled when they meet again",
        file="sync/model/reunion.py",
        old="base = {name: value for name, value in first.items() if name not in moved}",
        new="base = dict(first)",
        tests=_REUNION,
    ),
    Mutation(
        what="a record from elsewhere goes on as if it had been part of the account",
        file="sync/model/reunion.py",
        old="return known is not None and known.link_id == link_id",
        new="return known is not None",
        tests=_REUNION,
    ),
    Mutation(
        what="where two Links could go on, one of them does",
        file="sync/model/reunion.py",
        old="if not ranked or (len(ranked) > 1 and ranked[0][1] == ranked[1][1]):",
        new="if not ranked:",
        tests=_REUNION,
    ),
    Mutation(
        what="an answer to what we had written before a Link ended is no edit",
        file="sync/model/reunion.py",
        old="            observed[name] = written\n",
        new="            pass\n",
        tests=_REUNION,
    ),
    Mutation(
        what="a copy of ours is somebody's word when the records meet again",
        file="sync/model/reunion.py",
        old="            echo[name] = written\n",
        new="            pass\n",
        tests=_REUNION,
    ),
    Mutation(
        what="a field that was emptied while the records were apart is filled again",
        file="sync/model/reunion.py",
        old="            observed[name] = stood\n",
        new="            pass\n",
        tests=_REUNION,
    ),
    Mutation(
        what="an old value of a record that returns passes for an edit of what its Link holds by now",
        file="sync/model/reunion.py",
        old="if link.stored and settled != _NONE and record.current.get(name) == settled:",
        new="if False:",
        tests=_REUNION,
    ),
    Mutation(
        what="the newest version of a field tells of a value that it does not hold",
        file="sync/reading/edit_times.py",
        old="entry.brought for entry in histories[each.key] if entry.value == each.value)",
        new="entry.brought for entry in histories[each.key])",
        tests=_EVIDENCE,
    ),
    Mutation(
        what="a write that was refused tells whose time a value carries",
        file="sync/reading/edit_times.py",
        old="        if write.state is WriteState.CONFIRMED\n",
        new="",
        tests=_EVIDENCE,
    ),
    Mutation(
        what="an edit that was read after we wrote the same value carries the time of our writing",
        file="sync/reading/edit_times.py",
        old="elif written_at is not None and (seen is None or seen.at < written_at):",
        new="elif written_at is not None:",
        tests=_EVIDENCE,
    ),
    Mutation(
        what="a value that was seen first long ago is as young as its record",
        file="sync/reading/edit_times.py",
        old="at = min(seen.at, record.stamp)",
        new="at = max(seen.at, record.stamp)",
        tests=_EVIDENCE,
    ),
    Mutation(
        what="a stamp that our own write left tells when a value was edited",
        file="sync/reading/edit_times.py",
        old="return Edited(at=None) if ours else None",
        new="return None",
        tests=_EVIDENCE,
    ),
    Mutation(
        what="a row that somebody overtook in the very field is sent again over the edit",
        file="sync/writing/apply.py",
        old="before is not None and not seen_before(\n"
        "                    row.changes, before, session.spelling, session.acting_as\n"
        "                ):",
        new="before is not None:",
        tests=_CONFIRMING,
    ),
    Mutation(
        what="a row that was overtaken is confirmed",
        file="sync/writing/apply.py",
        old="state = WriteState.SUPERSEDED",
        new="state = WriteState.CONFIRMED",
        tests=_CONFIRMING,
    ),
    Mutation(
        what="a repeated call that saw its own first try is not looked up later",
        file="sync/writing/apply.py",
        old="return result.before is None or bool(there_already(row.changes, result.before, session.spelling))",
        new="return result.before is None",
        tests=_CONFIRMING,
    ),
    Mutation(
        what="what was read a while ago is written without another look",
        file="sync/writing/apply.py",
        old="if chunk[0].create is not None or (self._age() < _OLD and not long):",
        new="if True:",
        tests=_CONFIRMING,
    ),
    Mutation(
        what="nothing is sent again of a row of which one field was refused",
        file="sync/writing/rows.py",
        old="if not fields or refusal.gone or len(fields) == len(row.changes):",
        new="if True:",
        tests=_CONFIRMING,
    ),
    Mutation(
        what="what a System made of a value that it was given is not what is known of it",
        file="sync/writing/apply.py",
        old="now_there = {name: as_stored.get(name, value) for name, value in shown.items()}",
        new="now_there = dict(shown)",
        tests=_CONFIRMING,
    ),
    Mutation(
        what="a call to Salesforce whose answer was lost is taken for one that was never sent",
        file="connector/salesforce/api/session.py",
        old="maybe_done=not (never_sent or secure or refused)",
        new="maybe_done=False",
        tests=_SESSION,
    ),
    Mutation(
        what="a call that never left counts as one that may have been done, and is not sent again",
        file="connector/salesforce/api/session.py",
        old="maybe_done=not (never_sent or secure or refused)",
        new="maybe_done=not (secure or refused)",
        tests=_SESSION,
    ),
    Mutation(
        what="a page in place of Salesforce's answer says that the call was not done",
        file="connector/salesforce/api/session.py",
        old="Unavailable(message, code=UNREADABLE, maybe_done=True)",
        new="Unavailable(message, code=UNREADABLE)",
        tests=_SESSION,
    ),
    Mutation(
        what="a failure of Salesforce's servers says that the call was not done",
        file="connector/salesforce/api/errors.py",
        old="code=str(status), maybe_done=True",
        new="code=str(status)",
        tests=_SESSION,
    ),
)


def main() -> int:
    """Try each; 1 where one went unnoticed."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutation", description=__doc__)
    parser.add_argument("--only", default="", help="those whose sentence holds this text")
    parser.add_argument("--jobs", type=int, default=2)
    given = parser.parse_args()
    if outdated := list(misfits()):
        print("\n".join(outdated), file=sys.stderr)
        return 1
    wanted = [mutation for mutation in MUTATIONS if given.only in mutation.what]
    if postgresql.programs() is None:
        for mutation in [mutation for mutation in wanted if mutation.server]:
            wanted.remove(mutation)
            print(f"not tried: {mutation.what}: {postgresql.WHY_SKIPPED}")
    with ThreadPoolExecutor(given.jobs) as workers:
        caught = list(workers.map(_tried, wanted))
    for mutation, by in zip(wanted, caught, strict=True):
        print(f"{'caught' if by else 'UNNOTICED'}: {mutation.what}" + (f"\n    by {by}" if by else ""))
    failing = _failing_anyway(sorted({by for by in caught if by is not None}))
    if failing:
        print(f"nothing is proven by tests that fail with nothing broken:\n{failing}", file=sys.stderr)
        return 1
    if wanted == list(MUTATIONS):
        (ROOT / "docs/contribute/mutations.md").write_text(
            "".join(_page(zip(wanted, caught, strict=True))), encoding="utf-8"
        )
    return 0 if all(caught) else 1


def misfits() -> Iterator[str]:
    """What in the list of mutations does not fit the code any more, a sentence each."""
    for mutation in MUTATIONS:
        path = ROOT / mutation.file
        held = path.read_text(encoding="utf-8").count(mutation.old) if path.is_file() else 0
        if held != 1:
            yield f"{mutation.file} holds {mutation.old!r} {held} times, not once: {mutation.what}"
        for test in mutation.tests:
            if not (ROOT / test).is_file():
                yield f"there is no {test}, which is to notice: {mutation.what}"


def _tried(mutation: Mutation) -> str | None:
    """The test that noticed; None where none did."""
    with tempfile.TemporaryDirectory() as folder:
        tree = Path(folder) / "tree"
        _copy(tree)
        path = tree / mutation.file
        text = path.read_text(encoding="utf-8")
        path.write_text(text.replace(mutation.old, mutation.new), encoding="utf-8")
        for test in mutation.tests:
            ran = _pytest(tree, "-x", test)
            found = re.search(r"^FAILED (\S+::\S+)", ran.stdout, re.MULTILINE)
            if ran.returncode == 1 and found is not None:
                return found.group(1).partition("[")[0]
            if ran.returncode != 0:
                print(f"{mutation.what}: no verdict by {test}\n{ran.stdout[-2000:]}", file=sys.stderr)
    return None


def _failing_anyway(tests: Sequence[str]) -> str:
    """What pytest says of those of these tests that fail in a copy that is not broken; empty where all pass."""
    if not tests:
        return ""
    with tempfile.TemporaryDirectory() as folder:
        tree = Path(folder) / "tree"
        _copy(tree)
        ran = _pytest(tree, "-n", "2", *tests)
        return ran.stdout[-4000:] if ran.returncode != 0 else ""


def _pytest(tree: Path, *given: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *given]
    return subprocess.run(command, cwd=tree, capture_output=True, text=True, check=False)


def _copy(tree: Path) -> None:
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    for name in listed.stdout.splitlines():
        if (ROOT / name).is_file():
            (tree / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, tree / name)


def _page(tried: Iterator[tuple[Mutation, str | None]]) -> Iterator[str]:
    yield "# Mutations\n\n"
    yield "Deliberate breakings of the code that merges, remembers and reads, and the test that notices each.\n"
    yield "`make mutate` tries them one at a time in a copy of the tree, and writes this page.\n\n"
    yield "| what is broken | where | noticed by |\n|---|---|---|\n"
    for mutation, by in tried:
        yield f"| {mutation.what} | `{mutation.file}` | {f'`{by}`' if by else '**nothing**'} |\n"


if __name__ == "__main__":
    sys.exit(main())
