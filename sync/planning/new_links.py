"""Which new Records are one account with which others: the ledger's part of matching. Asks no System."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace
from datetime import datetime
from functools import partial

from sync.core.matching.grounds import Ground, grounds
from sync.core.matching.match import Ambiguous, Apart, Proposal, match, propose_link
from sync.core.matching.question import MatchQuestion
from sync.core.matching.questions import questions
from sync.ledger.ledger import Ledger
from sync.ledger.lifecycle.migrate import tandem_version
from sync.model.inbox import MatchState
from sync.model.records import Record, RecordKey, SystemName, link_id
from sync.settings.sections import Scope


def match_new(
    ledger: Ledger,
    scope: Scope,
    seen: list[RecordKey],
    renamed: set[str],
    settled_at: datetime,
    systems: AbstractSet[SystemName],
    waiting: list[Record],
    promised: AbstractSet[str] = frozenset(),
) -> tuple[list[Proposal], list[MatchQuestion], int]:
    """New Links in scope, what only a person can decide, and how many Records are left alone. ``seen`` takes
    the Records that were looked at, ``renamed`` the Links of which a Record has another name or domain now.
    ``systems``: where an account is created that has no Record there; one that was saved after ``settled_at`` waits,
    for its counterpart may not be shown yet. ``waiting`` takes those Records; Links that are
    ``promised`` have waited."""
    proposals: list[Proposal] = []
    lonely: list[Record] = []
    young: set[RecordKey] = set()
    groups: list[Ambiguous] = []
    apart, left_alone = ledger.matches.kept_apart(), ledger.matches.left_alone()
    _ask_again(ledger)
    for group in ledger.accounts.unmatched_groups():
        seen.extend(record.key for record in group)
        renamed.update(record.link_id for record in group if record.link_id is not None)
        matched = match(
            [record for record in group if record.link_id is not None or record.key not in left_alone],
            apart=apart,
        )
        for proposal in matched.proposals:
            stands_in = {record.system for record in group if record.link_id == proposal.link.id}
            stands_in |= {record.system for record in proposal.members}
            fresh = {record.key for record in proposal.members if _is_young(record, settled_at)}
            if fresh and not systems <= stands_in and proposal.link.id not in promised:
                young.update(record.key for record in proposal.members)
                waiting.extend(proposal.members)
            elif proposal.link.stored or may_link(scope, proposal.members):
                proposals.append(proposal)
        groups.extend(matched.ambiguous)
        lonely.extend(matched.alone)
    asked = _questions(ledger, scope, groups, lonely, proposals, apart, left_alone)
    about = {record.key for question in asked for record in question.records}
    # What could be one account with nobody after all is one of its own.
    lonely.extend(
        record
        for group in groups
        for record in group.records
        if record.link_id is None and record.key not in about
    )
    left = about | left_alone | _ended(ledger, lonely)
    in_scope_now = [record for record in lonely if record.key not in left and in_scope(scope, (record,))]
    unseen = [
        record
        for record in in_scope_now
        if _is_young(record, settled_at) and link_id(record.system, record.id) not in promised
    ]
    young.update(record.key for record in unseen)
    waiting.extend(unseen)
    in_scope_now = [record for record in in_scope_now if record.key not in young]
    # They are looked at again, whether they change or not.
    seen[:] = [key for key in seen if key not in young]
    proposals.extend(_alone(record) for record in in_scope_now)
    return proposals, asked, len(lonely) - len(in_scope_now)


def _alone(record: Record) -> Proposal:
    why = f"only in {record.system}"
    return Proposal(
        link=propose_link((record,), evidence=why),
        members=(record,),
        grounds=grounds(Ground.ALONE, (record,), why),
    )


def look_again(ledger: Ledger, scope: Scope) -> None:
    """Have matching look once more at Records that it left alone and that are in scope now, where the scope is another
    than it was, or Tandem is: a Record that changes is looked at anyway."""
    fingerprint = f"{tandem_version()} {scope.model_dump_json()}"
    digest = hashlib.sha256(fingerprint.encode()).hexdigest()
    if ledger.matches.matched_scope() == digest:
        return
    domains: dict[str, set[SystemName]] = {}
    if scope.accounts == "linked":
        for record in ledger.accounts.passed_over():
            if record.domain is not None:
                domains.setdefault(record.domain, set()).add(record.system)
    newly_in_scope = {
        record.key
        for record in ledger.accounts.passed_over()
        if scope.includes(record.current) or len(domains.get(record.domain or "", ())) > 1
    }
    # Whose Link has ended is left alone until somebody edits it.
    ledger.accounts.unmatch(newly_in_scope - ledger.events.ever_linked(newly_in_scope))
    ledger.matches.set_matched_scope(digest)


def _ask_again(ledger: Ledger) -> None:
    """Whoever comes, changes or goes may be the better counterpart of one that waits for a person: then all of them are
    looked at once more, as if they had come together."""
    asked = [*ledger.matches.list(MatchState.OPEN), *ledger.matches.list(MatchState.WAITING)]
    waiting = {member for stored in asked for member in stored.match.members}
    if waiting and (ledger.accounts.has_unmatched() or ledger.accounts.with_news(waiting)):
        ledger.accounts.unmatch(waiting)


def _is_young(record: Record, settled_at: datetime) -> bool:
    return record.stamp is not None and record.stamp > settled_at


def _questions(
    ledger: Ledger,
    scope: Scope,
    groups: Sequence[Ambiguous],
    lonely: Sequence[Record],
    proposals: Sequence[Proposal],
    apart: Apart,
    left_alone: AbstractSet[RecordKey],
) -> list[MatchQuestion]:
    """What a person is to be asked: about groups that cannot be decided, and where nothing but a name makes a Record
    one account with another that lacks its System."""
    ended = _ended(ledger, lonely)
    new = [record for record in lonely if record.key not in ended]
    if not new and not groups:
        return []
    # What this Plan links is one account already.
    linking = {member.key: proposal.link.id for proposal in proposals for member in proposal.members}
    known = [
        replace(record, link_id=linking.get(record.key, record.link_id))
        for record in (ledger.accounts.incomplete() if new else ())
        if record.key not in left_alone
    ]
    links = {record.link_id for record in known if record.link_id is not None}
    links |= {record.link_id for group in groups for record in group.records if record.link_id is not None}
    systems = ledger.accounts.systems_of(links)
    for proposal in proposals:
        systems.setdefault(proposal.link.id, set()).update(member.system for member in proposal.members)
    looked_for = {record.system for record in new}
    return questions(
        groups,
        new,
        # An account that stands in their Systems already is not the one that is looked for.
        [
            record
            for record in known
            if record.link_id is None or not looked_for <= systems.get(record.link_id, set())
        ],
        systems_of=systems,
        apart=apart,
        may_ask=partial(may_link, scope),
        leads=lambda record: scope.accounts == "linked" or scope.includes(record.current),
    )


def may_link(scope: Scope, records: Sequence[Record]) -> bool:
    """May these Records become one account, or be asked about? Under ``linked`` whatever stands in several Systems."""
    if scope.accounts == "linked":
        return len({record.system for record in records}) > 1
    return in_scope(scope, records)


def in_scope(scope: Scope, records: Iterable[Record]) -> bool:
    """Does one of these Records lie in the scope?"""
    return any(scope.includes(record.current) for record in records)


def _ended(ledger: Ledger, records: Iterable[Record]) -> set[RecordKey]:
    """Records whose Link was closed because their counterpart went: it is not made anew."""
    marked = {record.tandem_id: record for record in records if record.tandem_id is not None}
    closed = [id for id, stored in ledger.accounts.links(marked).items() if stored.closed_at is not None]
    return {RecordKey(marked[id].system, marked[id].id) for id in closed}
