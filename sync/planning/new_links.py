"""Which new Records are one account with which others: the ledger's part of matching. Asks no System."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace
from datetime import datetime

from mappings.identity.names import tells
from sync.core.matching.grounds import Ground, grounds
from sync.core.matching.match import Ambiguous, Apart, Proposal, match, propose_link
from sync.core.matching.names import namesakes
from sync.ledger.ledger import Ledger
from sync.model.records import Record, RecordKey, SystemName
from sync.settings.sections import Scope


def match_new(
    ledger: Ledger,
    scope: Scope,
    seen: list[RecordKey],
    renamed: set[str],
    settled_at: datetime,
    systems: AbstractSet[SystemName],
) -> tuple[list[Proposal], list[Ambiguous], int]:
    """New Links in scope, groups that only a person can decide, and how many Records are left alone. ``seen`` takes
    the Records that were looked at, ``renamed`` the Links of which a Record has another name or domain now.
    ``systems``: where an account is created that has no Record there; one that was saved after ``settled_at`` waits,
    for its counterpart may not be shown yet."""
    proposals: list[Proposal] = []
    ambiguous: list[Ambiguous] = []
    lonely: list[Record] = []
    young: set[RecordKey] = set()
    apart = ledger.matches.kept_apart()
    _ask_again(ledger)
    for group in ledger.accounts.unmatched_groups():
        seen.extend((record.system, record.id) for record in group)
        renamed.update(record.link_id for record in group if record.link_id is not None)
        matched = match(group, apart=apart)
        for found in matched.proposals:
            stands_in = {record.system for record in group if record.link_id == found.link.id}
            stands_in |= {record.system for record in found.members}
            fresh = {_key(record) for record in found.members if _is_young(record, settled_at)}
            if fresh and not systems <= stands_in:
                young.update(map(_key, found.members))
            elif found.link.stored or may_link(scope, found.members):
                proposals.append(found)
        ambiguous.extend(pair for pair in matched.ambiguous if may_link(scope, pair.records))
        lonely.extend(matched.alone)
    left = _ended(ledger, lonely)
    for pair in _namesakes(ledger, [record for record in lonely if _key(record) not in left], apart):
        if may_link(scope, pair.records):
            ambiguous.append(pair)
            left.update(map(_key, pair.records))
    wanted = [record for record in lonely if _key(record) not in left and in_scope(scope, (record,))]
    young.update(_key(record) for record in wanted if _is_young(record, settled_at))
    wanted = [record for record in wanted if _key(record) not in young]
    # They are looked at again, whether they change or not.
    seen[:] = [key for key in seen if key not in young]
    proposals.extend(_alone(record) for record in wanted)
    asked = ledger.matches.decided(pair.key for pair in ambiguous)
    open_ones = [pair for pair in ambiguous if asked.get(pair.key) != tuple(sorted(map(_key, pair.records)))]
    return proposals, open_ones, len(lonely) - len(wanted)


def _alone(record: Record) -> Proposal:
    why = f"only in {record.system}"
    return Proposal(
        link=propose_link((record,), evidence=why),
        members=(record,),
        grounds=grounds(Ground.ALONE, (record,), why),
    )


def look_again(ledger: Ledger, scope: Scope) -> None:
    """Have matching look once more at Records that it left alone and that are in scope now: the scope may be another
    than it was."""
    domains: dict[str, set[SystemName]] = {}
    if scope.accounts == "linked":
        for record in ledger.accounts.passed_over():
            if record.domain is not None:
                domains.setdefault(record.domain, set()).add(record.system)
    found = {
        _key(record)
        for record in ledger.accounts.passed_over()
        if scope.includes(record.current) or len(domains.get(record.domain or "", ())) > 1
    }
    # Whose Link has ended is left alone until somebody edits it.
    ledger.accounts.unmatch(found - ledger.events.ever_linked(found))


def _ask_again(ledger: Ledger) -> None:
    """Where one of the Records that wait for a person has changed or gone, the others may be waiting no longer."""
    waiting = [stored.match.members for stored in ledger.matches.list()]
    news = ledger.accounts.with_news(member for members in waiting for member in members)
    ledger.accounts.unmatch(
        {member for members in waiting if not news.isdisjoint(members) for member in members}
    )


def _is_young(record: Record, settled_at: datetime) -> bool:
    return record.stamp is not None and record.stamp > settled_at


def _key(record: Record) -> RecordKey:
    return (record.system, record.id)


def _namesakes(ledger: Ledger, lonely: Sequence[Record], apart: Apart) -> list[Ambiguous]:
    """Records that nothing but their name makes one account with another that lacks their System."""
    new = [record for record in lonely if tells(record.name)]
    if not new:
        return []
    without_domain = all(record.domain is not None for record in new)
    known = ledger.accounts.named(without_domain=without_domain)
    groups = namesakes(new, known, apart)
    links = {record.link_id for pair in groups for record in pair.records if record.link_id is not None}
    taken = {id: set(account.records) for id, account in ledger.accounts.linked(links).items()}
    open_groups: list[Ambiguous] = []
    for pair in groups:
        systems = {record.system for record in pair.records if record.link_id is None}
        # An account that stands in these Systems already is not the one that is looked for.
        kept = tuple(
            record
            for record in pair.records
            if record.link_id is None or not systems & taken.get(record.link_id, set())
        )
        if len(kept) > 1:
            open_groups.append(replace(pair, records=kept))
    return open_groups


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
    return {(marked[id].system, marked[id].id) for id in closed}
