"""Which Records are one account.

Evidence in this order: the Link that the ledger holds, the external id that Tandem wrote, the registrable
domain. A pair is proposed only where each System offers exactly one candidate; everything else is reported
and waits for a person. Names propose nothing by themselves.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from sync.records import Link, Record, link_id


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """A new Link, or Records that join one that exists."""

    link: Link
    #: The Records that are linked by this proposal (those that already belong to the Link are not repeated).
    members: tuple[Record, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ambiguous:
    """Records that may be one account, where only a person can tell which."""

    #: What they share: a domain or an external id.
    key: str
    records: tuple[Record, ...]
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Matched:
    """What became of one group of Records."""

    proposals: tuple[Proposal, ...] = ()
    ambiguous: tuple[Ambiguous, ...] = ()
    #: Records that no other System knows.
    alone: tuple[Record, ...] = ()


def match(group: Iterable[Record]) -> Matched:
    """Match Records that share an external id or a domain; some may be linked already."""
    records = sorted(group, key=lambda record: (record.system, record.id))
    proposals: list[Proposal] = []
    ambiguous: list[Ambiguous] = []
    taken: set[tuple[str, str]] = {(r.system, r.id) for r in records if r.link_id is not None}

    def free(record: Record) -> bool:
        return (record.system, record.id) not in taken

    def settle(found: Proposal | Ambiguous | None) -> None:
        if isinstance(found, Proposal):
            proposals.append(found)
            taken.update((member.system, member.id) for member in found.members)
        elif found is not None:
            ambiguous.append(found)
            taken.update((record.system, record.id) for record in found.records)

    for key, sharing in _by(records, lambda record: record.link_id or record.tandem_id).items():
        if any(free(record) for record in sharing):
            settle(_pair(sharing, free, key=key, evidence="same Tandem id", linked_as=key))
    for domain, sharing in _by(records, lambda record: record.domain).items():
        if any(free(record) for record in sharing):
            settle(_pair(sharing, free, key=domain, evidence=f"same domain {domain}", linked_as=None))
    alone = tuple(record for record in records if free(record))
    return Matched(proposals=tuple(proposals), ambiguous=tuple(ambiguous), alone=alone)


def _by(records: Sequence[Record], key: Callable[[Record], str | None]) -> dict[str, list[Record]]:
    groups: dict[str, list[Record]] = defaultdict(list)
    for record in records:
        value = key(record)
        if value is not None:
            groups[value].append(record)
    return groups


def _pair(
    sharing: Sequence[Record],
    free: Callable[[Record], bool],
    *,
    key: str,
    evidence: str,
    linked_as: str | None,
) -> Proposal | Ambiguous | None:
    """One Link out of Records that share ``key``; Ambiguous where a System offers two; None where there is
    nothing to pair with."""
    links = {record.link_id for record in sharing if record.link_id is not None}
    candidates = [record for record in sharing if record.link_id is not None or free(record)]
    crowded = _crowded(candidates)
    newcomers = tuple(record for record in candidates if free(record))
    if crowded or len(links) > 1:
        where = ", ".join(f"{count} in {system}" for system, count in crowded.items()) or "two Links"
        return Ambiguous(key=key, records=tuple(candidates), reason=f"{evidence}, but {where}")
    if links:
        existing = next(iter(links))
        first = next(record for record in candidates if record.link_id == existing)
        link = Link(
            id=existing, label=_label(candidates), domain=first.domain, evidence=evidence, stored=True
        )
        return Proposal(link=link, members=newcomers)
    if len(candidates) < 2:
        return None
    return Proposal(link=propose_link(candidates, evidence=evidence, known_id=linked_as), members=newcomers)


def _crowded(records: Sequence[Record]) -> dict[str, int]:
    counts: dict[str, int] = defaultdict(int)
    for record in records:
        counts[record.system] += 1
    return {system: count for system, count in counts.items() if count > 1}


def propose_link(members: Sequence[Record], *, evidence: str, known_id: str | None = None) -> Link:
    """A Link for Records that are not linked yet, with an id derived from the first of them."""
    first = min(members, key=lambda record: (record.system, record.id))
    domain = next((record.domain for record in members if record.domain), None)
    return Link(
        id=known_id or link_id(first.system, first.id),
        label=_label(members),
        domain=domain,
        evidence=evidence,
    )


def _label(records: Sequence[Record]) -> str:
    named = [record.name for record in records if record.name]
    return named[0] if named else records[0].id
