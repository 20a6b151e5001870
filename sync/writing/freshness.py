"""What of a Plan still stands after a person was asked: read again before anything is written over.

Only what is about to be written is read: the records whose values are replaced, and, of an account that is to be linked
or created somewhere, the records that it has. A record that is not there yet cannot be read; so a System that is to get
one tells what changed in it since, and whether the account has come up there by itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime

from connector.base import Limits
from sync.core.draft import Draft, drop
from sync.core.plan import Change, Create, Plan
from sync.ledger.ledger import Ledger
from sync.model.records import (
    LinkId,
    LinkSideField,
    NativeId,
    Record,
    RecordKey,
    RecordState,
    SystemName,
    by_system,
    ids_by_system,
)
from sync.planning.build import Look
from sync.reading.pull import Puller
from sync.writing.rows import stands


def calls_to_read_again(ledger: Ledger, limits: Mapping[SystemName, Limits], plan: Plan) -> dict[str, int]:
    """The calls that :func:`read_again` takes, by System: the records, and what came where some are to be created."""
    rows = ids_by_system(_to_read(plan, _members(ledger, plan)))
    calls = {system: limits[system].reads(len(ids)) for system, ids in rows.items()}
    for system in {create.system for create in plan.creates}:
        calls[system] = calls.get(system, 0) + limits[system].news
    return {str(system): count for system, count in calls.items()}


def read_again(
    ledger: Ledger, pullers: Mapping[SystemName, Puller], looked: Look
) -> tuple[Look, tuple[Change, ...]]:
    """The Plan without what no longer stands as it was planned, and the Changes that were left out; the next Run
    decides those accounts anew."""
    plan = looked.plan
    before = _members(ledger, plan)
    to_read = _to_read(plan, before)
    # What a System tells beside is news of all Records that matching has looked at.
    telling = {create.system for create in plan.creates}
    looked_at = {key for key in looked.records if key.system in telling}
    versions = {
        system: ledger.accounts.versions(system, ids)
        for system, ids in ids_by_system(to_read | looked_at).items()
    }
    arrived = _arrived(ledger, pullers, plan.creates)
    now = {system: pullers[system].read_again(ids) for system, ids in sorted(ids_by_system(to_read).items())}
    other = {
        link_id
        for (system, id), (link_id, record) in before.items()
        if _is_another(record, now[system].get(id), link_id)
    }
    left_out = other | arrived
    stale = {
        change.key
        for change in plan.changes
        if change.link_id not in left_out
        and change.record_id is not None
        and not stands(change, now[change.system])
    }
    moved = tuple(change for change in plan.changes if change.link_id in left_out or change.key in stale)
    return _with_news(ledger, _without_changes(looked.without(left_out), stale), versions), moved


def _to_read(plan: Plan, members: Iterable[RecordKey]) -> set[RecordKey]:
    """The Records that are written over, and those that an account is linked or created by."""
    changed = (
        RecordKey(change.system, change.record_id) for change in plan.changes if change.record_id is not None
    )
    return {*members, *changed}


def _members(ledger: Ledger, plan: Plan) -> dict[RecordKey, tuple[LinkId, Record]]:
    """The Records, as they were planned with, of accounts that are to be linked or created somewhere."""
    making = {create.link_id for create in plan.creates} | {proposal.link.id for proposal in plan.proposals}
    members = {
        record.key: (id, record)
        for id, account in ledger.accounts.linked(making).items()
        for record in account.records.values()
    }
    joining = ((each.link.id, member) for each in plan.proposals for member in each.members)
    return members | {member.key: (id, member) for id, member in joining}


def _is_another(before: Record, now: Record | None, link_id: LinkId) -> bool:
    """Does the record say anything else now that an account is linked or created by?"""
    return (
        now is None
        or now.state is not RecordState.PRESENT
        or now.link_id not in {None, link_id}
        or (now.domain, now.tandem_id, now.current) != (before.domain, before.tandem_id, before.current)
    )


def _arrived(ledger: Ledger, pullers: Mapping[SystemName, Puller], creates: Iterable[Create]) -> set[str]:
    """Accounts that were to be created where one of their domain, or with their mark, has come up meanwhile."""
    arrived: set[str] = set()
    for system, listed in by_system(creates).items():
        domains = [create.domain for create in listed if create.domain is not None]
        before = ledger.accounts.with_domain(system, domains)
        pullers[system].pull()
        new = {domain for domain, _ in ledger.accounts.with_domain(system, domains) - before}
        marked = ledger.accounts.marked_elsewhere(create.link_id for create in listed)
        arrived |= {
            create.link_id for create in listed if create.domain in new or (create.link_id, system) in marked
        }
    return arrived


def _without_changes(looked: Look, keys: set[LinkSideField]) -> Look:
    if not keys:
        return looked
    plan = looked.plan
    draft = Draft(changes=list(plan.changes), creates=list(plan.creates), agreements=list(plan.agreements))
    drop(draft, keys)
    kept = replace(
        plan,
        changes=tuple(draft.changes),
        creates=tuple(draft.creates),
        agreements=tuple(draft.agreements),
    )
    return replace(looked, plan=kept)


def _with_news(ledger: Ledger, looked: Look, versions: Mapping[SystemName, Mapping[str, datetime]]) -> Look:
    """What changed since is left to the next Run: its Records are matched again, and their accounts looked at."""
    news: set[RecordKey] = set()
    links: set[str] = set()
    for system, known in versions.items():
        now = ledger.accounts.versions(system, known)
        ids = [id for id, stamp in known.items() if now.get(id) != stamp]
        news.update(RecordKey(system, NativeId(id)) for id in ids)
        records = ledger.accounts.records(system, ids).values()
        links.update(record.link_id for record in records if record.link_id is not None)
    return replace(
        looked,
        records=tuple(key for key in looked.records if key not in news),
        changed_since=frozenset(links),
    )
