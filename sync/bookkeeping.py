"""What a Run leaves behind in the ledger beside the values: the inbox, what is held, what matching asks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from collections.abc import Set as AbstractSet

from sync.core.conflicts import Conflict
from sync.core.diff import Why
from sync.core.hold import Hold
from sync.core.matching.match import Proposal
from sync.core.plan import Closure, Plan
from sync.core.planner import MARKED
from sync.ledger.ledger import Ledger
from sync.model.inbox import MERGED, ConflictSide, Finding, HoldReason, Match, MatchState
from sync.model.journal import Event
from sync.model.records import LinkId, LinkSide, LinkSideField, RecordKey, RecordState, SystemName
from sync.planning.build import Look
from sync.writing.apply import Applied


def tidy(ledger: Ledger, looked: Look, applied: Applied, run_id: str, scored: AbstractSet[LinkId]) -> None:
    """Bring the ledger's lists to what the Run found and did. Links are put to rest last: a crash before that
    has them looked at once more. ``scored``: Links that got a score since the Plan was made."""
    plan = looked.plan
    ledger.conflicts.record(
        (_finding(conflict) for conflict in plan.conflicts), looked_at=looked.links, run_id=run_id
    )
    _close_decided(ledger, looked, applied)
    _hold(ledger, looked, applied)
    ledger.matches.record(
        Match(
            kind=pair.kind,
            members=(pair.records[0].key, pair.records[1].key),
            evidence=pair.reason,
            score=pair.score,
            waits=pair.waits,
        )
        for pair in plan.ambiguous
    )
    left_over = _drop_answered(ledger, looked)
    awake: set[str] = {*scored, *ledger.accounts.rename(now for _, now in looked.renamed)}
    ledger.events.append(_renamings(looked, run_id))
    ledger.events.append(_events(plan, applied, run_id))
    if not applied.errors and not applied.stopped:
        awake |= ledger.accounts.matched(looked.records) | looked.changed_since
        # What was refused is due again one day, also where no value of the account waits: a mark, a score.
        awake |= {hold.link_id for hold in _tried_again(plan, applied)}
        ledger.accounts.mark_for_decision(awake)
        ledger.accounts.rest(looked.links - awake)
    # Last, for matching may have looked at them while the other one was still there.
    ledger.accounts.unmatch(left_over)


def linked(proposal: Proposal, run_id: str) -> Iterator[Event]:
    """An event for each Record that comes to its Link."""
    for member in proposal.members:
        yield Event(
            kind="linked",
            link_id=proposal.link.id,
            system=member.system,
            run_id=run_id,
            new=member.id,
            note=proposal.link.evidence,
        )


def closed(closure: Closure, run_id: str) -> Event:
    """The event of a Link that ends."""
    return Event(
        kind="closed",
        link_id=closure.link_id,
        system=closure.system,
        run_id=run_id,
        old=closure.record_id,
        note=closure.reason,
    )


def _tried_again(plan: Plan, applied: Applied) -> Iterator[Hold]:
    """What a System refused, now or before, and what waits for a write of ours to another record."""
    yield from applied.held
    yield from (hold for hold in plan.held if hold.waits_until is not None or hold.code == MARKED)


def _renamings(looked: Look, run_id: str) -> Iterator[Event]:
    for before, now in looked.renamed:
        for kind, old, new in (
            ("renamed", before.label, now.label),
            ("domain changed", before.domain, now.domain),
        ):
            if old != new:
                sentence = f"{old or 'none'} → {new}"
                yield Event(kind=kind, link_id=now.id, run_id=run_id, note=sentence)


def _drop_answered(ledger: Ledger, looked: Look) -> set[RecordKey]:
    """Questions of matching that no longer arise: the Records are one account by now, or one of them is gone. Answers
    with those that are left over by it, whom nobody asks about any more: matching is to look at them again."""
    asked = {pair.key for pair in looked.plan.ambiguous}
    undecided = [
        stored.match
        for state in (MatchState.OPEN, MatchState.WAITING)
        for stored in ledger.matches.list(state)
        if stored.match.key not in asked
    ]
    if not undecided:
        return set()
    known = ledger.accounts.by_key(member for match in undecided for member in match.members)
    over: list[str] = []
    left_over: set[RecordKey] = set()
    looked_at = set(looked.records)
    for match in undecided:
        records = [known[member] for member in match.members if member in known]
        present = [record for record in records if record.state is RecordState.PRESENT]
        links = {record.link_id for record in present}
        # Matching has looked at all of them again, and asks no more: another domain, another name. What a merge has
        # left is no question of matching's.
        asked_no_more = match.kind != MERGED and looked_at.issuperset(record.key for record in present)
        if len(present) < 2 or asked_no_more or (None not in links and not _may_join(ledger, links)):
            over.append(match.key)
            if len(present) < 2 and match.kind != MERGED:
                left_over.update(record.key for record in present if record.link_id is None)
    ledger.matches.drop(over)
    return left_over


def _may_join(ledger: Ledger, ids: Iterable[LinkId | None]) -> bool:
    """May these accounts become one: is there no System in which several of them stand?"""
    several = {id for id in ids if id is not None}
    there = [system for systems in ledger.accounts.systems_of(several).values() for system in systems]
    return len(several) > 1 and len(there) == len(set(there))


def _finding(conflict: Conflict) -> Finding:
    return Finding(
        link_id=conflict.link_id,
        field=conflict.field,
        reason=conflict.reason,
        base=conflict.base,
        sides={
            name: ConflictSide(value=seen.value, at=seen.at, by=seen.by, evidence=seen.evidence)
            for name, seen in conflict.sides.items()
        },
        proposals=conflict.proposals,
    )


def _close_decided(ledger: Ledger, looked: Look, applied: Applied) -> None:
    """A decision is carried out when everything that it writes is confirmed; perhaps by a Run that died of it."""
    decided = ledger.conflicts.decisions(looked.links)
    if not decided:
        return
    planned = {(each.link_id, each.field): each for each in looked.plan.agreements}
    accounts = ledger.accounts.linked({link_id for link_id, _ in decided.keys() - planned.keys()})
    done: list[int] = []
    for (link_id, name), stored in decided.items():
        agreement = planned.get((link_id, name))
        if agreement is not None:
            carried_out = all(
                name in applied.confirmed.get(LinkSide(link_id, SystemName(system)), {})
                for system in agreement.after
            )
        else:
            carried_out = link_id in accounts and all(
                name in record.observed and record.current.get(name) == record.observed[name]
                for record in accounts[link_id].records.values()
                if name in record.current
            )
        if carried_out:
            done.append(stored.id)
    ledger.conflicts.close(done, "decided and carried out")


def _hold(ledger: Ledger, looked: Look, applied: Applied) -> None:
    """Keep what this Run could not decide; release what no longer stands in the way."""
    current = [hold for hold in looked.plan.held if hold.waits_until is None and hold.link_id]
    known = ledger.held.of_links(looked.links | {hold.link_id for hold in current})
    still = {(hold.link_id, hold.system, hold.field) for hold in (*looked.plan.held, *applied.held)}
    unsent = {change.side for change in looked.plan.changes} - set(applied.confirmed)
    ledger.held.release(
        key for key in known if key[0] in looked.links and key not in still and key[:2] not in unsent
    )
    # What people must fix is counted once, not once a Run: it has not been sent anywhere.
    news = [
        hold
        for hold in current
        if (item := known.get(LinkSideField(hold.link_id, hold.system, hold.field))) is None
        or (item.hold.code, item.hold.message) != (hold.code, hold.message)
    ]
    ledger.held.hold(
        HoldReason(
            link_id=hold.link_id,
            system=hold.system,
            field=hold.field,
            code=hold.code,
            message=hold.message,
            remedy=hold.remedy,
        )
        for hold in news
    )


def _events(plan: Plan, applied: Applied, run_id: str) -> Iterator[Event]:
    for agreement in plan.agreements:
        if agreement.why is Why.AGREED and not agreement.after:
            yield Event(
                kind="agreed",
                link_id=agreement.link_id,
                field=agreement.field,
                run_id=run_id,
                new=agreement.base.value if agreement.base else None,
                note=f"the same edit in {' and '.join(agreement.led_by)}",
            )
    if plan.undoes is not None:
        for change in plan.changes:
            if change.field in applied.confirmed.get(change.side, {}):
                yield Event(
                    kind="undone",
                    link_id=change.link_id,
                    system=change.system,
                    field=change.field,
                    run_id=run_id,
                    old=change.expected,
                    new=change.value,
                    note=change.rule,
                )
