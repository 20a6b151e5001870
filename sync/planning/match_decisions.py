"""What a person says about Records that may be one account, carried out in the ledger. Nothing is written to a CRM;
the next Run marks, compares and carries over what follows from it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import combinations

from sync.core.matching.match import propose_link
from sync.errors import SettingsError
from sync.ledger.ledger import Ledger
from sync.model.inbox import Match, MatchState, StoredMatch
from sync.model.journal import Event
from sync.model.records import Account, Link, LinkId, Record, RecordKey, RecordState, link_id, names_id

_Key = RecordKey
_STANDING = frozenset({RecordState.PRESENT, RecordState.INVISIBLE})


def accept(
    ledger: Ledger, stored: StoredMatch, chosen: Sequence[str], *, by: str, note: str | None = None
) -> Link:
    """Make one account of the Records of a Match, or of those that are chosen by native id."""
    members = stored.match.members
    if chosen:
        strange = [text for text in chosen if not any(_means(text, member) for member in members)]
        if strange:
            raise SettingsError(
                [f"{id} is not among the records of Match {stored.id}." for id in strange],
                remedy="See them with: tandem matches list",
            )
        members = tuple(member for member in members if any(_means(text, member) for text in chosen))
    link = _link(ledger, members, evidence=f"accepted by {by}")
    ledger.matches.decide(stored.id, MatchState.ACCEPTED, by=by, note=note)
    return link


def pin(ledger: Ledger, members: Sequence[_Key], *, by: str, note: str | None = None) -> Link:
    """Make one account of Records that nothing else says are one."""
    link = _link(ledger, members, evidence=f"pinned by {by}")
    told = tuple(sorted(members))
    (stored,) = ledger.matches.record(
        [
            Match(
                kind="pin",
                key="pin " + " ".join(":".join(member) for member in told),
                members=told,
                evidence=f"pinned by {by}",
            )
        ]
    )
    ledger.matches.decide(stored.id, MatchState.ACCEPTED, by=by, note=note)
    return link


def reject(ledger: Ledger, stored: StoredMatch, *, by: str, note: str | None = None) -> list[Account]:
    """Keep the Records of a Match apart for good.

    Where the question was whether more Records belong to accounts that stand, those accounts stay as they are, and
    they are answered with; else what was one account is taken apart.
    """
    known = (ledger.accounts.record(system, id) for system, id in stored.match.members)
    records = [record for record in known if record is not None and record.state in _STANDING]
    members: dict[LinkId, list[_Key]] = {}
    for record in records:
        if record.link_id is not None:
            members.setdefault(record.link_id, []).append((record.system, record.id))
    single = [(record.system, record.id) for record in records if record.link_id is None]
    several = {id: keys for id, keys in members.items() if len(keys) > 1}
    asked_of_more = stored.state is MatchState.OPEN and (single or len(members) > 1)
    if several and asked_of_more:
        for group in _between([*members.values(), *([key] for key in single)]):
            _keep_apart(ledger, group, stored.match.evidence, by=by, note=note)
        ledger.matches.drop([stored.match.key])
    else:
        ledger.matches.decide(stored.id, MatchState.REJECTED, by=by, note=note)
        for link_id, keys in several.items():
            _take_apart(ledger, link_id, keys, by=by)
    ledger.accounts.unmatch(stored.match.members)
    return list(ledger.accounts.linked(several).values()) if asked_of_more else []


def part(ledger: Ledger, records: Sequence[Record], *, by: str, note: str | None = None) -> None:
    """Keep two Records apart for good that nobody asked about."""
    keys = [(record.system, record.id) for record in records]
    _keep_apart(ledger, keys, f"named by {by}", by=by, note=note)
    links = {record.link_id for record in records}
    if len(links) == 1 and (link_id := links.pop()) is not None:
        _take_apart(ledger, link_id, keys, by=by)
    ledger.accounts.unmatch(keys)


def _between(accounts: Sequence[Sequence[_Key]]) -> Iterator[Sequence[_Key]]:
    """Groups of Records that keep these accounts apart whatever becomes of each, none with two Records of one of
    them."""
    single = [key for account in accounts if len(account) == 1 for key in account]
    several = [account for account in accounts if len(account) > 1]
    if single:
        yield from ([key, *single] for account in several for key in account)
    for one, other in combinations(several, 2):
        yield from ([key, foe] for key in one for foe in other)


def _keep_apart(
    ledger: Ledger, keys: Sequence[_Key], evidence: str, *, by: str, note: str | None = None
) -> None:
    told = tuple(sorted(keys))
    (stored,) = ledger.matches.record(
        [
            Match(
                kind="pair",
                key="pair " + " ".join(":".join(member) for member in told),
                members=told,
                evidence=evidence,
            )
        ]
    )
    ledger.matches.decide(stored.id, MatchState.REJECTED, by=by, note=note)


def _take_apart(ledger: Ledger, id: LinkId, keys: Sequence[_Key], *, by: str) -> None:
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
        ledger.events.append(_told("parted", id, [record], evidence))
        own = propose_link([record], evidence=evidence)
        stored = ledger.accounts.links([own.id]).get(own.id)
        if stored is None or stored.closed_at is not None:
            ledger.accounts.link([(own, [key])])
            ledger.events.append(_told("linked", own.id, [record], evidence))


def named_record(ledger: Ledger, text: str, systems: Sequence[str], *, hidden: bool = False) -> Record:
    """The Record that a person means by ``SYSTEM:ID`` or an id alone. ``SettingsError`` where it is none or several.
    ``hidden``: one that is out of sight will do."""
    system, colon, id = text.partition(":")
    told = bool(colon) and system in systems
    states = _STANDING if hidden else {RecordState.PRESENT}
    found = [
        record
        for record in ledger.accounts.natives(id if told else text)
        if record.system in ([system] if told else systems) and record.state in states
    ]
    if len(found) != 1:
        said = "is in several Systems" if found else "is not known to the ledger"
        example = f"{min(systems, default='SYSTEM')}:12345"
        raise SettingsError(
            [f"{text} {said}."],
            remedy=f"Write SYSTEM:ID, such as {example}; a record that is new is read by: tandem plan",
        )
    return found[0]


def _means(text: str, member: _Key) -> bool:
    """Does a person mean this Record by ``SYSTEM:ID``, or by an id alone?"""
    system, id = member
    return names_id(text.removeprefix(f"{system}:"), id)


def _link(ledger: Ledger, members: Sequence[_Key], *, evidence: str) -> Link:
    crowded = [system for system, count in Counter(system for system, _ in members).items() if count > 1]
    if crowded:
        raise SettingsError(
            [
                f"These are several records of {system}; one account has one of each System."
                for system in crowded
            ],
            remedy="Name the ones that belong together: tandem matches accept NUMBER ID ID",
        )
    if len(members) < 2:
        raise SettingsError(["One record alone is no match."], remedy="Name one of each System.")
    records = [ledger.accounts.record(system, id) for system, id in members]
    gone = [
        f"{system} {id} is {'out of sight' if hidden else 'gone'}"
        for (system, id), record in zip(members, records, strict=True)
        for hidden in [record is not None and record.state is RecordState.INVISIBLE]
        if record is None or record.state is not RecordState.PRESENT
    ]
    if gone:
        raise SettingsError(gone, remedy="Read what stands now with: tandem plan --full")
    standing = [record for record in records if record is not None]
    link = _joined(ledger, standing) or propose_link(standing, evidence=evidence)
    joining = [record for record in standing if record.link_id != link.id]
    ledger.accounts.link([(link, [(record.system, record.id) for record in joining])])
    ledger.events.append(_told("linked", link.id, joining, evidence))
    return link


def _told(kind: str, link_id: LinkId, records: Sequence[Record], note: str) -> Iterator[Event]:
    return (
        Event(kind=kind, link_id=link_id, system=record.system, new=record.id, note=note)
        for record in records
    )


def _joined(ledger: Ledger, records: Sequence[Record]) -> Link | None:
    """The Link that all of them are to belong to; a Link that holds nothing else is closed for it. None where none
    of them has one."""
    accounts = ledger.accounts.linked({record.link_id for record in records if record.link_id is not None})
    if not accounts:
        return None
    mine = {(record.system, record.id) for record in records}
    others = {
        id: [record for record in account.records.values() if (record.system, record.id) not in mine]
        for id, account in accounts.items()
    }
    kept = max(sorted(accounts), key=lambda id: (len(others[id]), len(accounts[id].records)))
    wanted = {record.system for record in records if record.link_id != kept}
    taken = [record for record in others[kept] if record.system in wanted]
    bound = [record for id, left in others.items() if id != kept for record in left]
    problems = [
        f"{record.system} {record.id} ({record.name or 'no name'}) is linked with one of them already"
        for record in (*taken, *bound)
    ]
    if problems:
        raise SettingsError(
            problems,
            remedy="Take that account apart first: tandem matches reject RECORD RECORD",
        )
    for id in accounts:
        if id != kept:
            ledger.accounts.close(id, f"its records belong to {kept} now")
    # Their Link is closed: they come as Records without one.
    return accounts[kept].link
