"""What a person says about Records that may be one account, carried out in the ledger. Nothing is written to a CRM;
the next Run marks, compares and carries over what follows from it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

from sync.core.matching.match import propose_link
from sync.errors import SettingsError
from sync.ledger.ledger import Ledger
from sync.model.inbox import Match, MatchState, StoredMatch
from sync.model.journal import Event
from sync.model.records import Account, Link, LinkId, Record, RecordKey, RecordState, link_id

_NEWS = (
    "Nothing was written. Read what stands now with: tandem plan --full; what is asked: tandem matches list"
)
_IN_PLACE = frozenset({RecordState.PRESENT, RecordState.INVISIBLE})


def accept(ledger: Ledger, stored: StoredMatch, *, by: str, note: str | None = None) -> Account | None:
    """Make one account of the two Records of a Match, and answer with it; of two of one System leave alone the one that
    has no account: there is nothing to link, and they are to be merged there."""
    problems = problems_of(ledger, stored, MatchState.ACCEPTED)
    if problems:
        raise SettingsError(problems, remedy=_NEWS)
    members = stored.match.members
    if is_duplicate(stored):
        alone = spare(ledger, stored)
        ledger.matches.decide(stored.id, MatchState.ACCEPTED, by=by, note=note, left_alone=[alone])
        ledger.accounts.unmatch(members)
        return None
    link = _link(ledger, members, evidence=f"accepted by {by}")
    ledger.matches.decide(stored.id, MatchState.ACCEPTED, by=by, note=note)
    # Whatever waits for this answer is asked about now.
    ledger.accounts.unmatch(members)
    return ledger.accounts.by_link(link.id)


def pin(ledger: Ledger, members: tuple[RecordKey, RecordKey], *, by: str, note: str | None = None) -> Link:
    """Make one account of Records that nothing else says are one."""
    link = _link(ledger, members, evidence=f"pinned by {by}")
    stored = _asked(ledger, members, "pin", f"pinned by {by}")
    ledger.matches.decide(stored.id, MatchState.ACCEPTED, by=by, note=note)
    ledger.accounts.unmatch(members)
    return link


def reject(
    ledger: Ledger, stored: StoredMatch, *, by: str, note: str | None = None, leave_alone: bool = False
) -> list[Account]:
    """Keep the Records of a Match apart for good. ``leave_alone``: those that have no account get none.

    Where the question was whether one more Record belongs to an account that stands, that account stays as it is, and
    is answered with; else what was one account is taken apart.
    """
    problems = problems_of(ledger, stored, MatchState.REJECTED)
    if problems:
        raise SettingsError(problems, remedy=_NEWS)
    records = records_in_place(ledger, stored)
    accounts = ledger.accounts.linked({record.link_id for record in records if record.link_id is not None})
    single = [record.key for record in records if record.link_id is None]
    ledger.matches.decide(
        stored.id, MatchState.REJECTED, by=by, note=note, left_alone=single if leave_alone else ()
    )
    several = [account for account in accounts.values() if len(account.records) > 1]
    together = len(accounts) == 1 and not single
    if together:
        for account in accounts.values():
            members = [record.key for record in account.records.values()]
            _take_apart(
                ledger, account.link.id, [key for key in members if key in stored.match.members], by=by
            )
    else:
        # Whoever is no part of an account is apart from all Records of it, whatever becomes of them.
        mine = [[record.key for record in account.records.values()] for account in several]
        others = [*mine, *([key] for key in single)]
        for first, other in combinations(others, 2):
            for pair in ((key, foe) for key in first for foe in other):
                if set(pair) != set(stored.match.members):
                    _keep_apart(ledger, pair, stored.match.evidence, by=by, note=note)
    ledger.accounts.unmatch(stored.match.members)
    return [] if together else several


def problems_of(ledger: Ledger, stored: StoredMatch, answer: MatchState) -> list[str]:
    """Why this answer cannot be given, in words; none where it can."""
    key = stored.match.key
    if stored.state is answer:
        at = stored.decided_at.date().isoformat() if stored.decided_at is not None else "before"
        return [f"{key} was {answer.value} already, by {stored.decided_by}, {at}."]
    if stored.state is MatchState.WAITING:
        return [f"{key} is asked when another question about one of its two records is answered."]
    if answer is MatchState.REJECTED:
        return []
    if is_duplicate(stored):
        linked = [record for record in records_in_place(ledger, stored) if record.link_id is not None]
        return [f"{key}: both records have accounts of their own."] if len(linked) > 1 else []
    return [f"{key}: {problem}" for problem in _obstacles(ledger, stored.match.members)]


def is_duplicate(stored: StoredMatch) -> bool:
    """Do both Records stand in one System?"""
    first, other = stored.match.members
    return first[0] == other[0]


def spare(ledger: Ledger, stored: StoredMatch) -> RecordKey:
    """Of two Records of one System the one that is left alone if they are one company: not the one with an account."""
    linked = [record.key for record in records_in_place(ledger, stored) if record.link_id is not None]
    return next((key for key in reversed(stored.match.members) if key not in linked), stored.match.members[1])


def records_in_place(ledger: Ledger, stored: StoredMatch) -> list[Record]:
    """Its Records that still stand."""
    known = ledger.accounts.by_key(stored.match.members)
    return [known[key] for key in stored.match.members if key in known and known[key].state in _IN_PLACE]


def part(ledger: Ledger, records: Sequence[Record], *, by: str, note: str | None = None) -> None:
    """Keep two Records apart for good that nobody asked about."""
    keys = [record.key for record in records]
    _keep_apart(ledger, keys, f"named by {by}", by=by, note=note)
    ledger.matches.release(keys)
    links = {record.link_id for record in records}
    if len(links) == 1 and (link_id := links.pop()) is not None:
        _take_apart(ledger, link_id, keys, by=by)
    ledger.accounts.unmatch(keys)


def _asked(ledger: Ledger, members: Sequence[RecordKey], kind: str, evidence: str) -> StoredMatch:
    first, second = sorted(members)
    (stored,) = ledger.matches.record([Match(kind=kind, members=(first, second), evidence=evidence)])
    return stored


def _keep_apart(
    ledger: Ledger, keys: Sequence[RecordKey], evidence: str, *, by: str, note: str | None = None
) -> None:
    stored = _asked(ledger, keys, "pair", evidence)
    ledger.matches.decide(stored.id, MatchState.REJECTED, by=by, note=note)


def _take_apart(ledger: Ledger, id: LinkId, keys: Sequence[RecordKey], *, by: str) -> None:
    """One Record of an account that was none keeps the Link, each other one gets its own: what it carries of the old
    one is replaced by the next Run."""
    # A Link made of a Record alone has the id that comes of it: it could not be made anew for that Record.
    kept = next((key for key in keys if link_id(*key) == id), min(keys))
    for key in sorted(keys):
        if key == kept:
            continue
        ledger.accounts.detach(*key)
        record = ledger.accounts.record(*key)
        if record is None:
            continue
        evidence = f"taken apart by {by}"
        ledger.events.append(_events("parted", id, [record], evidence))
        own = propose_link([record], evidence=evidence)
        stored = ledger.accounts.links([own.id]).get(own.id)
        if stored is None or stored.closed_at is not None:
            ledger.accounts.link([(own, [key])])
            ledger.events.append(_events("linked", own.id, [record], evidence))


def named_record(ledger: Ledger, text: str, systems: Sequence[str], *, hidden: bool = False) -> Record:
    """The Record that a person means by ``SYSTEM:ID`` or an id alone. ``SettingsError`` where it is none or several.
    ``hidden``: one that is out of sight will do."""
    system, colon, id = text.partition(":")
    qualified = bool(colon) and system in systems
    states = _IN_PLACE if hidden else {RecordState.PRESENT}
    records = [
        record
        for record in ledger.accounts.natives(id if qualified else text)
        if record.system in ([system] if qualified else systems) and record.state in states
    ]
    if len(records) != 1:
        said = "is in several Systems" if records else "is not known to the ledger"
        example = f"{min(systems, default='SYSTEM')}:12345"
        raise SettingsError(
            [f"{text} {said}."],
            remedy=f"Write SYSTEM:ID, such as {example}; a record that is new is read by: tandem plan",
        )
    return records[0]


def _obstacles(ledger: Ledger, members: Sequence[RecordKey]) -> list[str]:
    """Why these cannot become one account."""
    crowded = [system for system, count in Counter(system for system, _ in members).items() if count > 1]
    if crowded:
        return [
            f"These are several records of {system}; one account has one of each System."
            for system in crowded
        ]
    known = ledger.accounts.by_key(members)
    states = {key: known[key].state if key in known else RecordState.DELETED for key in members}
    gone = [
        f"{system} {id} is {'out of sight' if state is RecordState.INVISIBLE else 'gone'}"
        for (system, id), state in states.items()
        if state is not RecordState.PRESENT
    ]
    return gone or _bound(_joining(ledger, [known[key] for key in members]))


def _link(ledger: Ledger, members: Sequence[RecordKey], *, evidence: str) -> Link:
    problems = _obstacles(ledger, members)
    if problems:
        raise SettingsError(problems, remedy=_NEWS)
    known = ledger.accounts.by_key(members)
    records = [known[key] for key in members]
    joining = _joining(ledger, records)
    if joining is not None:
        for id in joining.ending:
            ledger.accounts.close(id, f"its records belong to {joining.kept.id} now")
    link = joining.kept if joining is not None else propose_link(records, evidence=evidence)
    coming = [record for record in records if record.link_id != link.id]
    ledger.matches.release(members)
    ledger.accounts.link([(link, [record.key for record in coming])])
    ledger.events.append(_events("linked", link.id, coming, evidence))
    return link


def _events(kind: str, link_id: LinkId, records: Sequence[Record], note: str) -> Iterator[Event]:
    return (
        Event(kind=kind, link_id=link_id, system=record.system, new=record.id, note=note)
        for record in records
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Joining:
    """Which of their Links these Records are to belong to."""

    kept: Link
    #: Links that hold nothing else.
    ending: tuple[LinkId, ...]
    #: Records that stand in the way.
    bound: tuple[Record, ...]


def _joining(ledger: Ledger, records: Sequence[Record]) -> _Joining | None:
    """None where none of them has a Link."""
    accounts = ledger.accounts.linked({record.link_id for record in records if record.link_id is not None})
    if not accounts:
        return None
    mine = {record.key for record in records}
    others = {
        id: [record for record in account.records.values() if record.key not in mine]
        for id, account in accounts.items()
    }
    kept = max(sorted(accounts), key=lambda id: (len(others[id]), len(accounts[id].records)))
    systems = {record.system for record in records if record.link_id != kept}
    taken = [record for record in others[kept] if record.system in systems]
    bound = [record for id, left in others.items() if id != kept for record in left]
    return _Joining(
        kept=accounts[kept].link,
        # Their Links are closed: they come as Records without one.
        ending=tuple(id for id in accounts if id != kept),
        bound=(*taken, *bound),
    )


def _bound(joining: _Joining | None) -> list[str]:
    return [
        f"{record.system} {record.id} ({record.name or 'no name'}) is linked with one of them already: take that "
        "account apart first: tandem matches reject RECORD RECORD"
        for record in (joining.bound if joining is not None else ())
    ]
