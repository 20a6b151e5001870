"""Questions of matching as a terminal shows them: the records side by side, evidence, and how alike the names are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rich.console import Group, RenderableType
from rich.text import Text

from commands.views.listing import Column, Listing, Remark
from commands.views.text import FAINT, plural
from sync.core.matching.best_fit import Closest, closest
from sync.core.matching.names import likeness
from sync.ledger.ledger import Ledger
from sync.model.inbox import MERGED, StoredMatch
from sync.model.records import NativeId, Record, RecordKey, SystemName

#: Stands beside what fits best.
_MARK = "◂"
Records = Mapping[RecordKey, Record]


def records_of(ledger: Ledger, found: Sequence[StoredMatch]) -> Records:
    """What the ledger knows of the records that are asked about."""
    wanted: dict[SystemName, set[NativeId]] = {}
    for system, id in (member for stored in found for member in stored.match.members):
        wanted.setdefault(system, set()).add(id)
    return {
        (system, record.id): record
        for system, ids in wanted.items()
        for record in ledger.accounts.records(system, ids).values()
    }


def score(stored: StoredMatch, records: Records) -> int | None:
    """How alike the names are, 0 to 100: of the two that are least alike. None where one has no name."""
    names = [records[member].name for member in stored.match.members if member in records]
    if len(names) < 2 or not all(names):
        return None
    return round(min(likeness(names[0], name) for name in names[1:]))


def closest_of(stored: StoredMatch, records: Records) -> Closest:
    """Which of them fit best, and by what."""
    if stored.match.kind == MERGED:
        left = [
            f"{system} {id}" for system, id in stored.match.members if not _is_linked(records, (system, id))
        ]
        return Closest(why=f"merge {' and '.join(left)} there into the linked one, or keep it apart")
    return closest([records[member] for member in stored.match.members if member in records])


def _is_linked(records: Records, member: RecordKey) -> bool:
    return member in records and records[member].link_id is not None


def matches_view(found: Sequence[StoredMatch], records: Records) -> RenderableType:
    """One block per question: what is asked and why, and its records below."""
    if not found:
        return Remark(Text("No records wait for a decision.", style="green"))
    hint = Text(
        "Decide with: tandem matches accept NUMBER [ID …] (one account) or tandem matches reject NUMBER (never)\n"
        f"{_MARK} fits best, as far as can be told; of several in one System name the one that you accept.",
        style=FAINT,
    )
    return Group(
        matches_listing(found, records),
        Remark(Text(plural(len(found), "match", "matches"), style="yellow")),
        Remark(hint),
    )


def matches_listing(found: Sequence[StoredMatch], records: Records) -> Listing:
    """One record a row, below its question."""
    return Listing(
        columns=(
            Column(name="#", style="bold yellow"),
            Column(name="kind"),
            Column(name="names alike"),
            Column(name="evidence", style=FAINT),
            Column(name="fits best"),
            Column(name="System", least=8),
            Column(name="id", least=11, whole=True),
            Column(name="name", least=16),
            Column(name="domain", least=12),
            Column(name="linked", least=6, spare=1),
        ),
        rows=[row for stored in found for row in _question_rows(stored, records)],
        headings=5,
    )


def _question_rows(stored: StoredMatch, records: Records) -> Iterator[tuple[str, ...]]:
    alike = score(stored, records)
    best = closest_of(stored, records)
    fitting = {(record.system, record.id) for record in best.records}
    question = (
        str(stored.id),
        stored.match.kind if stored.decided_by is None else f"{stored.match.kind}, {stored.state.value}",
        f"names {alike}% alike" if alike is not None else "",
        stored.match.evidence,
        f"{_MARK} {best.why}" if fitting else best.why,
    )
    for system, id in stored.match.members:
        record = records.get((system, id))
        yield (
            *question,
            system,
            f"{id} {_MARK}" if (system, id) in fitting else id,
            (record.name or "") if record is not None else "gone",
            (record.domain or "") if record is not None else "",
            "yes" if record is not None and record.link_id is not None else "",
        )


def match_json(stored: StoredMatch, records: Records) -> dict[str, Any]:
    """For programs."""
    best = closest_of(stored, records)
    return {
        "id": stored.id,
        "kind": stored.match.kind,
        "state": stored.state.value,
        "evidence": stored.match.evidence,
        "names_alike": score(stored, records),
        "closest": {
            "records": [{"system": record.system, "id": record.id} for record in best.records],
            "why": best.why,
        },
        "records": [
            {
                "system": system,
                "id": id,
                "name": records[system, id].name if (system, id) in records else None,
                "domain": records[system, id].domain if (system, id) in records else None,
                "link_id": records[system, id].link_id if (system, id) in records else None,
            }
            for system, id in stored.match.members
        ],
        "opened_at": stored.opened_at.isoformat(),
        "decided_by": stored.decided_by,
        "note": stored.note,
    }
