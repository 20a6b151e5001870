"""A part of the whole: some accounts, fields, or one System, such as for a pilot on ten accounts. Pure.

What is left out is left to a later Run as if this one had not looked at it: a pilot and then the whole is the same as
the whole alone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, replace

from sync.core.conflicts import Conflict
from sync.core.draft import Draft, drop
from sync.core.plan import Change, Closure, Create, Plan
from sync.model.records import LinkId, LinkSide, SystemName


@dataclass(frozen=True, slots=True, kw_only=True)
class Pilot:
    """The part that a Run is to do."""

    #: Accounts as people name them; empty for all.
    accounts: tuple[str, ...] = ()
    #: Canonical fields; empty for all.
    fields: frozenset[str] = frozenset()
    #: The only System that is written to.
    system: SystemName | None = None
    #: Accounts at the most.
    limit: int | None = None

    @property
    def whole(self) -> bool:
        """Is nothing left out?"""
        return not self.accounts and not self.in_part and self.limit is None

    @property
    def in_part(self) -> bool:
        """Is only a part done of each account?"""
        return bool(self.fields) or self.system is not None


#: Everything.
WHOLE = Pilot()


def cut(plan: Plan, pilot: Pilot) -> Plan:
    """Of a Plan what is meant for the fields and the System of a pilot.

    A record is created whole or not at all, so a pilot of single fields creates none; and a Link is opened only for
    what is then written or asked.
    """
    if not pilot.in_part:
        return plan
    creates = [
        create for create in plan.creates if not pilot.fields and pilot.system in {None, create.system}
    ]
    made = {create.side for create in creates}
    draft = Draft(changes=list(plan.changes), creates=creates, agreements=list(plan.agreements))
    left_out = [change for change in plan.changes if not _meant(change, pilot, made)]
    drop(draft, {change.key for change in left_out})
    conflicts = [
        each
        for each in plan.conflicts
        if (not pilot.fields or each.field in pilot.fields) and pilot.system in {None, *each.sides}
    ]
    busy = {change.link_id for change in draft.changes} | {create.link_id for create in draft.creates}
    busy |= {conflict.link_id for conflict in conflicts}
    opened = {proposal.link.id for proposal in plan.proposals if not proposal.link.stored}
    return replace(
        plan,
        changes=tuple(draft.changes),
        creates=tuple(draft.creates),
        conflicts=tuple(conflicts),
        proposals=tuple(each for each in plan.proposals if each.link.id in busy),
        held=tuple(
            each
            for each in plan.held
            if (not pilot.fields or each.field in {"", *pilot.fields}) and pilot.system in {None, each.system}
        ),
        closures=tuple(
            each for each in plan.closures if not pilot.fields and pilot.system in {None, each.system}
        ),
        agreements=tuple(
            each
            for each in draft.agreements
            if (not pilot.fields or each.field in pilot.fields) and each.link_id not in opened - busy
        ),
    )


def _meant(change: Change, pilot: Pilot, made: Collection[LinkSide]) -> bool:
    if pilot.system not in {None, change.system}:
        return False
    if change.record_id is None and change.side not in made:
        return False
    return not pilot.fields or change.field in pilot.fields


def with_something_to_do(plan: Plan) -> list[LinkId]:
    """Links of which the Plan writes, opens, closes or asks something, by name."""
    named: dict[LinkId, str] = {}
    for proposal in plan.proposals:
        named[proposal.link.id] = proposal.link.label
    for item in _items(plan):
        named.setdefault(item.link_id, item.label)
    return sorted(named, key=lambda id: (named[id].casefold(), id))


def unfinished(whole: Plan, part: Plan) -> frozenset[LinkId]:
    """Accounts of which the whole Plan does more than its part."""
    done = _sizes(part)
    return frozenset(id for id, size in _sizes(whole).items() if done[id] < size)


def _sizes(plan: Plan) -> Counter[LinkId]:
    """How much a Plan does, by Link."""
    sizes: Counter[LinkId] = Counter(proposal.link.id for proposal in plan.proposals)
    sizes.update(item.link_id for item in _items(plan))
    return sizes


def _items(plan: Plan) -> Iterator[Change | Create | Closure | Conflict]:
    """What the Plan does beside opening Links."""
    yield from plan.creates
    yield from plan.changes
    yield from plan.closures
    yield from plan.conflicts


def without(plan: Plan, links: Iterable[str]) -> Plan:
    """The Plan without everything that concerns these Links."""
    out = frozenset(links)
    return replace(
        plan,
        changes=tuple(each for each in plan.changes if each.link_id not in out),
        creates=tuple(each for each in plan.creates if each.link_id not in out),
        conflicts=tuple(each for each in plan.conflicts if each.link_id not in out),
        proposals=tuple(each for each in plan.proposals if each.link.id not in out),
        held=tuple(each for each in plan.held if each.link_id not in out),
        closures=tuple(each for each in plan.closures if each.link_id not in out),
        agreements=tuple(each for each in plan.agreements if each.link_id not in out),
    )
