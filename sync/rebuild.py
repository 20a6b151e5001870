"""A ledger made anew out of what the CRMs hold: by the ids that Tandem wrote there, then by domains.

What no CRM can tell stays: Bases, open Conflicts and decisions, scores, matches, Runs, writes, events. Nothing is
written to any CRM, and the ledger stands as it was until the new one is whole.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from sync.core.guard import EMPTIED_SHARE
from sync.engine import Engine
from sync.errors import LedgerError, UnsafePlan
from sync.ledger.database.transactions import chunks
from sync.ledger.ledger import Ledger
from sync.ledger.lifecycle.rebuild import Before
from sync.model.records import LinkId, RecordKey, SystemName
from sync.reading.pull import EMPTIED_FLOOR

NOT_FOUND = "none of its records was found when the ledger was rebuilt"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rebuilt:
    """What a rebuilt ledger holds."""

    #: Records that were read, by System.
    read: Mapping[str, int]
    links: int
    #: Links that were found again by the ids in the CRMs, or that the old ledger knew.
    found_again: int
    #: Links that are new, by domain.
    matched: int
    #: Links none of whose Records was found, and the numbers of the Conflicts that were closed with them.
    closed: int
    conflicts_closed: Sequence[int]
    #: Conflicts that stand, open or decided.
    conflicts: int


def rebuild(engine: Engine) -> Rebuilt:
    """Rebuild the engine's ledger, which must be a copy: where this raises, it is worth nothing."""
    ledger = engine.ledger
    engine.identify()
    before = ledger.memory()
    put_back = ledger.restored.as_of()
    ledger.forget_records({name: system.account_object for name, system in engine.mapping.systems.items()})
    engine.pull(full=True)
    read = {name: counts.present for name, counts in ledger.accounts.counts().items()}
    _check_not_emptied(read, before)
    relinked = _link_again(ledger, before)
    look = engine.decide()
    together = [
        proposal
        for proposal in look.plan.proposals
        if proposal.link.stored or len({member.system for member in proposal.members}) > 1
    ]
    ledger.accounts.link(
        (proposal.link, [member.key for member in proposal.members]) for proposal in together
    )
    _settle_again(ledger, before)
    if put_back is not None:
        # Until now nothing was there to compare; the next Run does it.
        ledger.restored.set(put_back)
    lost = ledger.empty_links()
    closing = [
        conflict.id
        for link_id in lost
        for conflict in ledger.conflicts.list(state=None, link_id=link_id)
        if conflict.closed_at is None
    ]
    for link_id in lost:
        ledger.accounts.close(link_id, NOT_FOUND)
    problems = ledger.check()
    if problems:
        raise LedgerError(
            "the rebuilt ledger is not sound: " + "; ".join(problems), remedy="the old one stands as it was"
        )
    return Rebuilt(
        read=read,
        links=ledger.accounts.open_links(),
        found_again=relinked,
        matched=len(together),
        closed=len(lost),
        conflicts_closed=closing,
        conflicts=sum(1 for conflict in ledger.conflicts.list(state=None) if conflict.closed_at is None),
    )


def _check_not_emptied(read: Mapping[str, int], before: Mapping[RecordKey, Before]) -> None:
    """A CRM that suddenly shows almost nothing is not believed."""
    known: dict[SystemName, int] = {}
    for system, _ in before:
        known[system] = known.get(system, 0) + 1
    for system, count in known.items():
        if count >= EMPTIED_FLOOR and read.get(system, 0) < count * EMPTIED_SHARE:
            raise UnsafePlan(
                f"{system} showed {read.get(system, 0):,} accounts; the ledger knows {count:,} linked ones. "
                "The ledger stands as it was.",
                remedy="See whether the connected user lost its access or the credentials belong to another "
                "org: tandem doctor",
            )


def _link_again(ledger: Ledger, before: Mapping[RecordKey, Before]) -> int:
    """Give the Links that stand their Records: those that carry its id, then those that the ledger knew and that
    carry none. Returns how many Links have Records again."""
    present = ledger.marks()
    apart = ledger.matches.kept_apart()
    members: dict[LinkId, dict[SystemName, RecordKey]] = {}
    for key, (mark, _) in sorted(present.items()):
        if mark is not None and apart.get(key, frozenset()).isdisjoint(members.get(mark, {}).values()):
            members.setdefault(mark, {}).setdefault(key.system, key)
    for key, known in sorted(before.items()):
        if known.link_id is not None and present.get(key, ("", None))[0] is None:
            members.setdefault(known.link_id, {}).setdefault(key.system, key)
    stored = ledger.accounts.links(members)
    open_links = {id: stored[id].link for id in sorted(stored) if stored[id].closed_at is None}
    ledger.accounts.link((link, list(members[id].values())) for id, link in open_links.items())
    return len(open_links)


def _settle_again(ledger: Ledger, before: Mapping[RecordKey, Before]) -> None:
    """What was settled in a Record that is still in its Link: an edit that waits there still waits, and is one; so
    does one that a write of ours covered, and a value of ours on its way to others is still nobody's edit."""
    known = (
        (key, before[key])
        for key, (_, link_id) in ledger.marks().items()
        if link_id is not None and key in before and before[key].link_id == link_id
    )
    for chunk in chunks(known):
        records = ledger.accounts.by_key(key for key, _ in chunk)
        ledger.accounts.put(
            replace(
                record,
                observed={**record.observed, **memory.observed},
                echo={
                    name: value for name, value in memory.echo.items() if record.current.get(name) == value
                },
                covered={name: each for name, each in memory.covered.items() if name in record.current},
            )
            for key, memory in chunk
            for record in [records[key]]
        )
