"""What a person says about Records that may be one account, carried out in the ledger. Nothing is written to a CRM;
the next Run marks, compares and carries over what follows from it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from sync.errors import SettingsError
from sync.ledger.ledger import Ledger
from sync.ledger.matches import Match, MatchState, StoredMatch
from sync.match import propose_link
from sync.records import Link, Record, RecordState

_Key = tuple[str, str]


def accept(
    ledger: Ledger, stored: StoredMatch, chosen: Sequence[str], *, by: str, note: str | None = None
) -> Link:
    """Make one account of the Records of a Match, or of those that are chosen by native id."""
    members = stored.match.members
    if chosen:
        strange = [id for id in chosen if id not in {id for _, id in members}]
        if strange:
            raise SettingsError(
                [f"{id} is not among the records of Match {stored.id}." for id in strange],
                remedy="See them with: tandem matches list",
            )
        members = tuple(member for member in members if member[1] in chosen)
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


def reject(ledger: Ledger, stored: StoredMatch, *, by: str, note: str | None = None) -> None:
    """Keep the Records of a Match apart for good; where they were made one account before, they no longer are."""
    ledger.matches.decide(stored.id, MatchState.REJECTED, by=by, note=note)
    first: dict[str, _Key] = {}
    for system, id in stored.match.members:
        record = ledger.accounts.record(system, id)
        if record is not None and record.link_id is not None:
            if record.link_id in first:
                ledger.accounts.detach(system, id)
            else:
                first[record.link_id] = (system, id)
    ledger.accounts.unmatch(stored.match.members)


def part(ledger: Ledger, members: Sequence[_Key], *, by: str, note: str | None = None) -> None:
    """Keep two Records apart for good that nobody asked about."""
    told = tuple(sorted(members))
    (stored,) = ledger.matches.record(
        [
            Match(
                kind="pair",
                key="pair " + " ".join(":".join(member) for member in told),
                members=told,
                evidence=f"named by {by}",
            )
        ]
    )
    reject(ledger, stored, by=by, note=note)


def named_record(ledger: Ledger, text: str, systems: Sequence[str]) -> Record:
    """The Record that a person means by ``SYSTEM:ID`` or an id alone. ``SettingsError`` where it is none or several."""
    system, colon, id = text.partition(":")
    wanted = [system] if colon and system in systems else list(systems)
    native = id if colon and system in systems else text
    found = [
        record
        for account in ledger.accounts.find(native)
        for record in account.records.values()
        if record.system in wanted and record.id.startswith(native) and record.state is RecordState.PRESENT
    ]
    if len(found) != 1:
        said = "is in several Systems" if found else "is not known to the ledger"
        raise SettingsError(
            [f"{text} {said}."],
            remedy="Write SYSTEM:ID, such as hubspot:12345; a record that is new is read by: tandem plan",
        )
    return found[0]


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
        f"{system} {id} is gone"
        for (system, id), record in zip(members, records, strict=True)
        if record is None or record.state is not RecordState.PRESENT
    ]
    if gone:
        raise SettingsError(gone, remedy="Read what stands now with: tandem plan --full")
    standing = [record for record in records if record is not None]
    link = _joined(ledger, standing) or propose_link(standing, evidence=evidence)
    ledger.accounts.link(
        [(link, [(record.system, record.id) for record in standing if record.link_id != link.id])]
    )
    return link


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
