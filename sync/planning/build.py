"""From the ledger to a Plan: match what is new, decide what changed, leave out what is not due. Asks no System."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial

from mappings.fields import CanonicalField, DirectionKind
from sync.core.diff import Verdict
from sync.core.draft import Context, EditTimes
from sync.core.matching.match import Proposal
from sync.core.pilot import WHOLE, Pilot, cut, unfinished, with_something_to_do, without
from sync.core.plan import CallsFor, Plan, Waiting, price
from sync.core.planner import plan_accounts
from sync.ledger.ledger import Ledger
from sync.model.records import (
    Account,
    Link,
    LinkedField,
    LinkId,
    Record,
    RecordKey,
    RecordState,
    SystemName,
    Value,
)
from sync.model.reunion import reunited
from sync.planning.flip_flop import flipping
from sync.planning.holds import (
    count_newly_hidden,
    fields_lost,
    leave_out_what_waits,
    report_lost,
    without_domain,
)
from sync.planning.named_accounts import named
from sync.planning.new_links import in_scope, match_new
from sync.settings.sections import Scope
from sync.system_session import SystemSession

#: Asks when contested values, given as (Link, field) of these accounts, were edited.
Ask = Callable[[Mapping[LinkId, Account], Iterable[LinkedField]], EditTimes]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What deciding needs to know beside the ledger."""

    fields: Mapping[str, CanonicalField]
    scope: Scope
    #: The field that computed scores are pushed to.
    score_field: str = "engagement_score"
    #: Scores that speak of an older time are not pushed.
    score_max_age: timedelta = timedelta(days=7)


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """A Plan, and what was looked at to make it."""

    plan: Plan
    #: Links that were decided, new ones included.
    links: frozenset[str]
    #: Records that matching has looked at, as (System, native id).
    records: tuple[RecordKey, ...]
    #: Links whose account is called otherwise now, each as it was and as it is.
    renamed: tuple[tuple[Link, Link], ...] = ()
    #: Links of which a Record changed after this was made: the next Run looks at them, whatever this one settles.
    changed_since: frozenset[str] = frozenset()
    #: Links of which something is left undone on purpose: the next Run looks at them, whatever this one settles.
    unfinished: frozenset[str] = frozenset()

    def without(self, links: Collection[str]) -> Look:
        """Without what was planned of these accounts, as if matching had not looked at the Records either that were to
        become one of them."""
        if not links:
            return self
        joining = {
            member.key
            for proposal in self.plan.proposals
            if proposal.link.id in links
            for member in proposal.members
        }
        return replace(
            self,
            plan=without(self.plan, links),
            links=self.links - frozenset(links),
            records=tuple(key for key in self.records if key not in joining),
            renamed=tuple(pair for pair in self.renamed if pair[1].id not in links),
        )

    def in_part(self, plan: Plan, unfinished: Collection[str]) -> Look:
        """With this Plan, which does only a part of what was planned of the ``unfinished`` accounts: they are left to
        the next Run as if nobody had looked at them."""
        return replace(
            self, plan=plan, links=self.links - frozenset(unfinished), unfinished=frozenset(unfinished)
        )


def look(
    ledger: Ledger,
    sessions: Mapping[SystemName, SystemSession],
    rules: Rules,
    *,
    now: datetime,
    everything: bool = False,
    settling: timedelta = timedelta(),
    ask: Ask | None = None,
    pilot: Pilot = WHOLE,
    promised: AbstractSet[str] = frozenset(),
) -> Look:
    """Make a Plan of what changed and waits; ``everything``: every Link is compared. A Record that some System lacks
    and that changed less than ``settling`` ago is left for the next Run: its counterpart may not be shown yet.
    ``ask``: tells when contested values were edited, better than the Records' stamps do. ``pilot``: what part of it is
    meant. ``promised``: new Links that a person has reviewed, and that have waited for their counterpart.
    """
    seen: list[RecordKey] = []
    renamed: set[str] = set()
    waiting: list[Record] = []
    creates_in = frozenset(sessions) if rules.scope.create else frozenset()
    proposals, ambiguous, alone = match_new(
        ledger, rules.scope, seen, renamed, now - settling, creates_in, waiting, promised
    )
    accounts = _accounts(ledger, proposals, renamed, len(sessions), everything=everything)
    lost = _lost(ledger, proposals)
    newly_hidden = count_newly_hidden(ledger, lost)
    beyond: tuple[Account, ...] = ()
    if pilot.accounts:
        meant = named(ledger, pilot.accounts, proposals, ambiguous, waiting)
        proposals = [proposal for proposal in proposals if proposal.link.id in meant.links]
        ambiguous = [question for question in ambiguous if meant.asks(question)]
        waiting = [record for record in waiting if record.key in meant.records]
        accounts = {id: account for id, account in accounts.items() if id in meant.links}
        lost = [(link, record) for link, record in lost if link.id in meant.links]
        beyond = meant.out_of_reach
    for link, _ in lost:
        accounts.pop(link.id, None)
    context = _context(ledger, accounts, sessions, rules, now)
    draft = plan_accounts(accounts.values(), context, partial(ask, accounts) if ask is not None else None)
    report_lost(lost, draft)
    draft.held.extend(without_domain(accounts.values(), sessions, rules.scope))
    draft.held.extend(fields_lost(sessions))
    leave_out_what_waits(ledger, draft, accounts, sessions, now)
    calls_for: dict[str, CallsFor] = {name: session.calls_for for name, session in sessions.items()}
    changes = tuple(sorted(draft.changes, key=lambda change: change.sort_key))
    creates = tuple(sorted(draft.creates, key=lambda create: (create.label, create.system)))
    plan = Plan(
        created_at=now,
        identities={name: session.identity.id for name, session in sessions.items()},
        changes=changes,
        creates=creates,
        conflicts=tuple(draft.conflicts),
        proposals=tuple(proposals),
        ambiguous=tuple(ambiguous),
        held=tuple(draft.held),
        closures=tuple(draft.closures),
        agreements=tuple(draft.agreements),
        price=price(changes, creates, calls_for),
        linked=ledger.accounts.open_links(),
        hidden=newly_hidden,
        scored=ledger.scores.linked(),
        alone=alone,
        out_of_reach=beyond,
        waiting=tuple(
            Waiting(
                label=record.name or record.domain or record.id,
                system=record.system,
                record_id=record.id,
                until=record.stamp + settling,
            )
            for record in waiting
            if record.stamp is not None
        ),
    )
    looked = Look(
        plan=plan,
        links=frozenset(accounts),
        records=tuple(seen),
        renamed=renamings(ledger, accounts, renamed),
    )
    return looked if pilot.whole else _only(looked, pilot, accounts, calls_for)


def _only(
    looked: Look, pilot: Pilot, accounts: Mapping[LinkId, Account], calls_for: Mapping[str, CallsFor]
) -> Look:
    """Of what was looked at the part that is meant. The rest is as if nobody had looked at it."""
    before = looked.plan
    plan = cut(before, pilot)
    if pilot.in_part:
        looked = replace(looked.in_part(plan, looked.links), renamed=())
    due = with_something_to_do(plan)
    if pilot.limit is not None:
        meant = set(due[: pilot.limit])
        looked = looked.without(accounts.keys() - meant | set(due[pilot.limit :]))
    plan = looked.plan
    joining = {member.key for proposal in plan.proposals for member in proposal.members}
    return replace(
        looked,
        plan=replace(
            plan, price=price(plan.changes, plan.creates, calls_for), left_out=len(unfinished(before, plan))
        ),
        records=tuple(key for key in looked.records if key in joining),
    )


def look_at_scores(
    ledger: Ledger, sessions: Mapping[SystemName, SystemSession], rules: Rules, *, now: datetime
) -> Look:
    """Make a Plan that brings computed scores to the accounts that wait for something, and does nothing else: no other
    field is decided, no Record is matched, created or marked, and nothing is put to rest."""
    name = rules.score_field
    only = replace(rules, fields={name: rules.fields[name]} if name in rules.fields else {})
    accounts = {account.link.id: account for account in ledger.accounts.dirty()}
    for link, _ in ledger.accounts.lost():
        accounts.pop(link.id, None)
    context = _context(ledger, accounts, sessions, only, now)
    draft = plan_accounts(accounts.values(), replace(context, creates_in=frozenset(), marks=False))
    draft.held.extend(hold for hold in fields_lost(sessions) if hold.field == name)
    leave_out_what_waits(ledger, draft, accounts, sessions, now)
    changes = tuple(draft.changes)
    plan = Plan(
        created_at=now,
        identities={system: session.identity.id for system, session in sessions.items()},
        changes=changes,
        held=tuple(draft.held),
        agreements=tuple(draft.agreements),
        price=price(changes, (), {system: session.calls_for for system, session in sessions.items()}),
        linked=ledger.accounts.open_links(),
        scored=ledger.scores.linked(),
    )
    return Look(plan=plan, links=frozenset(), records=())


# -- accounts -----------------------------------------------------------------------------------------------


def _accounts(
    ledger: Ledger,
    proposals: Iterable[Proposal],
    renamed: Iterable[str],
    systems: int,
    *,
    everything: bool,
) -> dict[LinkId, Account]:
    """What is to be decided: accounts that changed or wait, and those of new Links."""
    walk = ledger.accounts.decision_candidates(systems) if everything else ledger.accounts.dirty()
    accounts = {account.link.id: account for account in walk}
    proposed = list(proposals)
    joined = {proposal.link.id for proposal in proposed if proposal.link.stored}
    accounts.update(ledger.accounts.linked({*joined, *renamed} - set(accounts)))
    left = ledger.accounts.left(member.key for proposal in proposed for member in proposal.members)
    for proposal in proposed:
        known = accounts.get(proposal.link.id)
        link, joining = reunited(proposal.link if known is None else known.link, proposal.members, left)
        members = {member.system: member for member in joining}
        accounts[link.id] = Account(
            link=link, records=members if known is None else {**known.records, **members}
        )
    return {id: as_called_now(account) for id, account in accounts.items()}


def _lost(ledger: Ledger, proposals: Iterable[Proposal]) -> list[tuple[Link, Record]]:
    """Records that a Link has lost. Not where the account stands there under another id and joins the Link now."""
    taken = {(proposal.link.id, member.system) for proposal in proposals for member in proposal.members}
    return [
        (link, record)
        for link, record in ledger.accounts.lost()
        if record.state is not RecordState.DELETED or (link.id, record.system) not in taken
    ]


# -- deciding ------------------------------------------------------------------------------------------------


def _context(
    ledger: Ledger,
    accounts: Mapping[LinkId, Account],
    sessions: Mapping[SystemName, SystemSession],
    rules: Rules,
    now: datetime,
) -> Context:
    scores = {
        link_id: stored.score.score
        for link_id, stored in ledger.scores.of_links(accounts).items()
        if now - stored.score.as_of <= rules.score_max_age
    }
    verdicts = {
        key: Verdict(
            value=stored.decision,
            seen={name: side.value for name, side in stored.finding.sides.items()},
            by=stored.decided_by or "",
        )
        for key, stored in ledger.conflicts.decisions(accounts).items()
    }

    def pushed(link_id: LinkId) -> Mapping[str, Value]:
        return {rules.score_field: scores[link_id]} if link_id in scores else {}

    def may_create(account: Account) -> bool:
        return in_scope(rules.scope, account.records.values())

    fights = flipping(
        ledger,
        accounts,
        now,
        pushed={n for n, spec in rules.fields.items() if spec.rule.direction.kind is DirectionKind.PUSH},
        pushed_within=rules.score_max_age,
    )
    return Context(
        fields=rules.fields,
        spellings={name: session.spelling for name, session in sessions.items()},
        creates_in=frozenset(sessions) if rules.scope.create else frozenset(),
        may_create=may_create,
        pushed=pushed,
        marked=ledger.accounts.marked_elsewhere(
            id
            for id, account in accounts.items()
            if account.link.stored and len(account.records) < len(sessions)
        ),
        lost=frozenset(name for session in sessions.values() for name in session.lost),
        parked=fights.parked,
        put_back=fights.given,
        verdicts=verdicts,
        who=lambda system, id: sessions[system].directory.writer(id),
    )


def as_called_now(account: Account) -> Account:
    """The account with a name and a domain that one of its Records still has."""
    link = account.link
    records = [record for _, record in sorted(account.records.items())]
    names = [record.name for record in records if record.name] or [link.label]
    domains: list[str | None] = [record.domain for record in records if record.domain is not None] or [
        link.domain
    ]
    called = replace(
        link,
        label=link.label if link.label in names else names[0],
        domain=link.domain if link.domain in domains else domains[0],
    )
    return account if called == link else replace(account, link=called)


def renamings(
    ledger: Ledger, accounts: Mapping[LinkId, Account], looked_at: Iterable[str]
) -> tuple[tuple[Link, Link], ...]:
    """Links, each as the ledger has it and as it is called now, where that differs."""
    before = ledger.accounts.links(sorted(accounts.keys() & set(looked_at)))
    now = {id: accounts[id].link for id in before}
    return tuple(
        (stored.link, now[id])
        for id, stored in before.items()
        if (stored.link.label, stored.link.domain) != (now[id].label, now[id].domain)
    )
