"""The conflict inbox as a terminal shows it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from rich.console import Group, RenderableType
from rich.text import Text

from commands.views.listing import Column, Listing, Names, Remark
from commands.views.text import FAINT, line, plural, value_text
from sync.core.resolutions import Resolution
from sync.ledger.ledger import Ledger
from sync.local_time import in_words
from sync.model.inbox import ConflictSide, StoredConflict
from sync.model.records import Account, Evidence


def labels_of(ledger: Ledger, found: Iterable[StoredConflict]) -> dict[str, str]:
    """Names of the accounts, by Link."""
    links = ledger.accounts.links({conflict.finding.link_id for conflict in found})
    return {id: stored.link.label for id, stored in links.items()}


def conflicts_view(
    found: Sequence[StoredConflict], labels: Mapping[str, str], asked: str = ""
) -> RenderableType:
    """One line per Conflict, by number. ``asked``: which of them, where not all are meant."""
    if not found:
        return Remark(Text(f"No open Conflicts{asked}.", style="green"))
    systems = sorted({system for conflict in found for system in conflict.finding.sides})
    listing = Listing(
        columns=(
            Column(name="#", least=4, style="bold yellow", right=True),
            Column(name="account", least=14, style="bold"),
            Column(name="field", least=6),
            Column(name="base", least=8),
            *(Column(name=system, least=10) for system in systems),
            Column(name="reason", least=14, style=FAINT, spare=1),
        ),
        rows=[
            (
                str(conflict.id),
                labels.get(conflict.finding.link_id, conflict.finding.link_id),
                conflict.finding.field,
                _base(conflict),
                *(
                    value_text(conflict.finding.sides[system].value, "bold")
                    if system in conflict.finding.sides
                    else ""
                    for system in systems
                ),
                conflict.finding.reason,
            )
            for conflict in found
        ],
    )
    hint = Text("Decide with: tandem conflicts resolve NUMBER --use SYSTEM (or --value VALUE)", style=FAINT)
    total = Text(f"{plural(len(found), 'Conflict')} open.", style="yellow")
    return Group(listing, Remark(total), Remark(hint))


def _base(conflict: StoredConflict) -> Text:
    base = conflict.finding.base
    return value_text(base.value) if base else Text("none", style=FAINT)


def conflict_view(
    conflict: StoredConflict, account: Account | None, labels: Mapping[str, str]
) -> RenderableType:
    """Base, each side with who and when, what each rule would do, and the account's other fields."""
    finding = conflict.finding
    head = Text.assemble(
        (f"Conflict {conflict.id}  ", "bold yellow"),
        (line(labels.get(finding.link_id, finding.link_id)), "bold"),
        f"  {finding.field}: {finding.reason}",
    )
    sides = Listing(
        columns=(
            Column(name="side", least=12),
            Column(name="value", least=12),
            Column(name="evidence", least=20, style=FAINT),
        ),
        rows=[
            ("  base", _base(conflict), ""),
            *(
                (f"  {system}", value_text(side.value, "bold"), _told(side))
                for system, side in finding.sides.items()
            ),
        ],
        names=Names.NOWHERE,
    )
    parts: list[RenderableType] = [head, sides]
    if finding.proposals:
        rules = Listing(
            columns=(Column(name="rule", least=16), Column(name="value", least=12)),
            rows=[(f"  {rule}", value_text(value, "green")) for rule, value in finding.proposals.items()],
            names=Names.NOWHERE,
        )
        parts += [Text("What each rule would do:", style=FAINT), rules]
    if account is not None:
        parts += [Text("The account's other fields:", style=FAINT), _others(account, finding.field)]
    if conflict.decided_by is not None:
        decided = Text.assemble(
            ("Decided by ", FAINT),
            line(conflict.decided_by),
            (": ", FAINT),
            value_text(conflict.decision, "green"),
        )
        parts.append(decided)
    return Group(*parts)


def answer_line(answer: Resolution, labels: Mapping[str, str]) -> Text:
    """What one Conflict is decided for."""
    finding = answer.conflict.finding
    return Text.assemble(
        (f"{answer.conflict.id} ", "bold"),
        f"{labels[finding.link_id]}  {finding.field}  → ",
        value_text(answer.value, "green"),
    )


def _others(account: Account, field: str) -> Listing:
    names = dict.fromkeys(name for record in account.records.values() for name in record.current)
    return Listing(
        columns=(
            Column(name="field", least=14),
            *(Column(name=system, least=14) for system in account.records),
        ),
        rows=[
            (f"  {name}", *(value_text(record.current.get(name)) for record in account.records.values()))
            for name in names
            if name != field
        ],
        names=Names.EVERYWHERE,
    )


def _told(side: ConflictSide) -> str:
    return " ".join(part for part in (f"by {line(side.by)}" if side.by else "", _when(side)) if part)


def _when(side: ConflictSide) -> str:
    if side.at is None:
        return ""
    what = "edited" if side.evidence is Evidence.FIELD_HISTORY else "record last changed"
    return f"{what} {in_words(side.at)} (by {side.evidence})"
