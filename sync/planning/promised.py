"""A saved Plan held against what a Run would do now: what it promised is done, and nothing else.

What somebody else has done meanwhile needs no doing. What no longer stands as it was reviewed is named piece by piece.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from sync.core.pilot import unfinished, without
from sync.core.plan import Change, Closure, Create, Plan, PromisedLink
from sync.core.plan_file import SavedPlan, only_saved
from sync.errors import StalePlan
from sync.ledger.ledger import Ledger
from sync.model.records import Account, LinkId, NativeId, SystemName, Value
from sync.planning.build import Look

_AGAIN = "Make a new one with: tandem plan -o FILE"


@dataclass(frozen=True, slots=True, kw_only=True)
class StillDue:
    """What of a saved Plan is carried out, and what is not."""

    look: Look
    #: Changes that no longer stand as they were reviewed.
    moved: tuple[Change, ...] = ()
    #: Links, creations and closures that no longer do, in words.
    lapsed: tuple[str, ...] = ()


def keep_promised(ledger: Ledger, looked: Look, saved: SavedPlan, *, skip_stale: bool) -> StillDue:
    """Of what was looked at only what the saved Plan promised. ``StalePlan`` where part of it no longer stands, unless
    ``skip_stale``."""
    if dict(saved.identities) != dict(looked.plan.identities):
        raise StalePlan(
            "The saved Plan was made for other orgs or portals than the ones that are configured.",
            remedy=_AGAIN,
        )
    plan = looked.plan
    accounts = ledger.accounts.linked(saved.concerned)
    # Nobody has seen what else came up: those accounts are left to the next Run.
    promised = {(link.id, frozenset(link.records)) for link in saved.links}
    unseen = {link.id for link in plan.promised_links if (link.id, frozenset(link.records)) not in promised}
    looked = looked.without(unseen)
    part, moved = only_saved(looked.plan, saved.changes, saved.creates)
    closing = {(closure.link_id, closure.record_id) for closure in saved.closures}
    part = replace(
        part, closures=tuple(each for each in part.closures if (each.link_id, each.record_id) in closing)
    )
    links = [link for link in saved.links if not _stands(link, part, accounts)]
    creates = [create for create in saved.creates if not _is_made(create, part, accounts)]
    closures = _open_still(ledger, saved.closures, part)
    part = without(part, {LinkId(link.id) for link in links})
    announced = {(LinkId(link.id), None) for link in links} | {create.side for create in creates}
    moved = tuple(
        change
        for change in moved
        if (change.link_id, None) not in announced
        and (change.record_id is not None or change.side not in announced)
        and not _holds(change, accounts)
    )
    lapsed = (
        *(f"{link.label}: is not to be linked as it was reviewed ({_records(link)})" for link in links),
        *(f"{each.label}: is not to be created in {each.system} any more" for each in creates),
        *(f"{each.label}: does not end any more; {each.system} {each.record_id} stands" for each in closures),
    )
    if (moved or lapsed) and not skip_stale:
        raise _stale([*lapsed, *stale_lines(ledger, moved)])
    left = unfinished(plan, part) | {change.link_id for change in moved}
    return StillDue(look=looked.in_part(part, left), moved=moved, lapsed=lapsed)


def _stands(link: PromisedLink, plan: Plan, accounts: dict[LinkId, Account]) -> bool:
    """Is it opened by the Plan, or open already with these Records?"""
    if any(promised.id == link.id for promised in plan.promised_links):
        return True
    account = accounts.get(LinkId(link.id))
    there = {record.key for record in account.records.values()} if account else set()
    return there.issuperset((SystemName(system), NativeId(id)) for system, id in link.records)


def _is_made(create: Create, plan: Plan, accounts: dict[LinkId, Account]) -> bool:
    """Is it created by the Plan, or there already?"""
    if any(each.side == create.side for each in plan.creates):
        return True
    account = accounts.get(create.link_id)
    return account is not None and create.system in account.records


def _open_still(ledger: Ledger, promised: Sequence[Closure], plan: Plan) -> list[Closure]:
    """Links that were to end, and neither have nor do."""
    ending = {closure.link_id for closure in plan.closures}
    stored = ledger.accounts.links({closure.link_id for closure in promised} - ending)
    return [
        closure
        for closure in promised
        if closure.link_id in stored and stored[closure.link_id].closed_at is None
    ]


def _holds(change: Change, accounts: dict[LinkId, Account]) -> bool:
    """Does the value stand there already?"""
    known, value = _now(change, accounts)
    return known and value == change.value


def _now(change: Change, accounts: dict[LinkId, Account]) -> tuple[bool, Value]:
    account = accounts.get(change.link_id)
    record = None if account is None else account.records.get(change.system)
    if record is None or change.field not in record.current:
        return False, None
    return True, record.current[change.field]


def _records(link: PromisedLink) -> str:
    return ", ".join(f"{system} {id}" for system, id in link.records)


def stale_lines(ledger: Ledger, moved: Sequence[Change]) -> Iterator[str]:
    """Each Change that does not stand as it was planned, with what stands there now."""
    accounts = ledger.accounts.linked({change.link_id for change in moved})
    for change in moved:
        known, value = _now(change, accounts)
        meant = f"{change.label}: {change.system} {change.field} {_shown(change.expected)} → {_shown(change.value)}"
        if not known:
            yield f"{meant} is not due any more"
        elif value == change.expected:
            yield f"{meant} is not due any more; {_shown(value)} stands there still"
        else:
            yield f"{meant} is not due any more; {_shown(value)} stands there now"


def _shown(value: Value) -> str:
    return "blank" if value is None else value


def _stale(lines: Sequence[str]) -> StalePlan:
    head = (
        "One thing in the saved Plan no longer stands; nothing was written."
        if len(lines) == 1
        else f"{len(lines):,} things in the saved Plan no longer stand; nothing was written."
    )
    return StalePlan(
        "\n".join([head, *(f"  {line}" for line in lines)]),
        remedy="Make a new Plan with: tandem plan -o FILE. Or apply the rest of this one with --skip-stale.",
    )
