"""Questions of matching as a terminal shows them: two records each, the evidence, and how much speaks for it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from rich.console import Group, RenderableType
from rich.text import Text

from commands.views.listing import Column, Listing, Remark
from commands.views.text import FAINT, line, plural
from sync.core.match_table import Records
from sync.core.matching.fit import fit_of_domain, fit_of_names
from sync.ledger.ledger import Ledger
from sync.model.inbox import DUPLICATE, MatchState, StoredMatch
from sync.model.records import NativeId, Record, RecordKey, SystemName

Page = Callable[[SystemName, NativeId], str | None]

_HINT = (
    "One at a time: tandem matches review. By key: tandem matches accept KEY (one account) or "
    "tandem matches reject KEY (two). Many: tandem matches export FILE.csv"
)
_COLUMNS = (
    Column(name="key", style="bold yellow"),
    Column(name="#", style=FAINT),
    Column(name="score"),
    Column(name="kind"),
    Column(name="evidence", style=FAINT),
    Column(name="System", least=8),
    Column(name="id", least=11, whole=True),
    Column(name="name", least=16),
    Column(name="domain", least=12),
    Column(name="linked", least=6, spare=1),
)
#: Of them so many are about both records.
_OF_BOTH = 5


def records_of(ledger: Ledger, questions: Sequence[StoredMatch]) -> Records:
    """What the ledger knows of the records that are asked about."""
    return ledger.accounts.by_key(member for stored in questions for member in stored.match.members)


def matches_view(
    found: Sequence[StoredMatch], records: Records, *, hints: bool = True, waiting: int = 0
) -> RenderableType:
    """One block per question, those for which most speaks first."""
    ranked = sorted(found, key=lambda stored: (-(stored.match.score or 0), stored.match.key))
    parts: list[RenderableType] = [
        matches_listing(ranked, records)
        if found
        else Remark(Text("No records wait for your answer.", style="green"))
    ]
    if hints and found:
        parts.append(Remark(Text(plural(len(found), "match", "matches"), style="yellow")))
    if waiting:
        told = f"{plural(waiting, 'more waits', 'more wait')} for these answers: tandem matches list --all"
        parts.append(Remark(Text(told, style=FAINT)))
    if hints and found:
        parts.append(Remark(Text(_HINT, style=FAINT)))
    return Group(*parts)


def matches_listing(found: Sequence[StoredMatch], records: Records) -> Listing:
    """One record a row, below its question."""
    return Listing(
        columns=_COLUMNS,
        rows=[row for stored in found for row in _question_rows(stored, records)],
        headings=_OF_BOTH,
    )


def _question_rows(stored: StoredMatch, records: Records) -> Iterator[tuple[str, ...]]:
    score = stored.match.score
    kind = stored.match.kind
    if stored.state is not MatchState.OPEN:
        kind += f", {stored.state.value}" + (f" by {stored.decided_by}" if stored.decided_by else "")
    question = (
        stored.match.key,
        str(stored.id),
        "" if score is None else f"{score:.2f}",
        kind,
        stored.match.evidence,
    )
    for system, id in stored.match.members:
        record = records.get(RecordKey(system, id))
        yield (
            *question,
            system,
            id,
            (record.name or "") if record is not None else "gone",
            (record.domain or "") if record is not None else "",
            "left alone"
            if (system, id) in stored.left_alone
            else "linked"
            if record is not None and record.link_id is not None
            else "",
        )


def _name(record: Record | None) -> str:
    if record is None:
        return "gone"
    return (record.name or "no name") + ("" if record.link_id is None else " (linked)")


def pair_view(stored: StoredMatch, records: Records, page: Page) -> RenderableType:
    """One question, the two records beneath each other."""
    lines = [Text(_question(stored), style="bold")]
    for system, id in stored.match.members:
        record = records.get(RecordKey(system, id))
        lines.append(
            Text.assemble(
                (f"  {system} {id}  ", FAINT),
                (line(_name(record)), "bold"),
                f"  {line(record.domain or 'no website')}" if record is not None else "",
            )
        )
        address = page(system, id)
        if address:
            lines.append(Text(f"    {address}", style=FAINT))
    score = "" if stored.match.score is None else f" (score {stored.match.score:.2f})"
    lines.append(Text(f"  {line(stored.match.evidence)}{score}", style="yellow"))
    return Group(*lines)


def _question(stored: StoredMatch) -> str:
    one, other = stored.match.members
    if one[0] == other[0]:
        return f"{stored.match.key}: does this company stand in {one[0]} twice?"
    return f"{stored.match.key}: are these one account?"


def why_view(stored: StoredMatch, records: Records) -> RenderableType:
    """What speaks for it and what against, in whole sentences."""
    found = [records[member] for member in stored.match.members if member in records]
    if len(found) < 2:
        return Text("One of the two is gone.", style="red")
    one, other = found
    names = fit_of_names(one.name, other.name)
    lines = [f"Names: {names.why} ({names.score:.2f})."]
    for mine, beside in ((one, other), (other, one)):
        if mine.domain is not None:
            fit = fit_of_domain(beside.name, mine.domain)
            lines.append(f"{beside.name or 'No name'} and {mine.domain}: {fit.why} ({fit.score:.2f}).")
    shared = sorted(
        name for name, value in one.current.items() if value is not None and other.current.get(name) == value
    )
    lines.append(f"Both have the same {', '.join(shared)}." if shared else "No value is the same in both.")
    if stored.match.kind == DUPLICATE or one.system == other.system:
        lines.append(
            "One account has one record of each System: the other one is left alone, or an account of its own."
        )
    return Group(*(Text(f"  {line(told)}") for told in lines))


def match_json(stored: StoredMatch, records: Records, page: Page) -> dict[str, Any]:
    """For programs."""
    return {
        "key": stored.match.key,
        "id": stored.id,
        "kind": stored.match.kind,
        "state": stored.state.value,
        "evidence": stored.match.evidence,
        "score": stored.match.score,
        "records": [_record_json(member, records, page) for member in stored.match.members],
        "left_alone": [":".join(key) for key in stored.left_alone],
        "opened_at": stored.opened_at.isoformat(),
        "decided_by": stored.decided_by,
        "decided_at": stored.decided_at.isoformat() if stored.decided_at is not None else None,
        "note": stored.note,
    }


def _record_json(member: RecordKey, records: Records, page: Page) -> dict[str, Any]:
    record = records.get(member)
    return {
        "system": member[0],
        "id": member[1],
        "name": record.name if record is not None else None,
        "domain": record.domain if record is not None else None,
        "link_id": record.link_id if record is not None else None,
        "url": page(*member),
    }
