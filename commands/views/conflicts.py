"""The conflict inbox as a terminal shows it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from commands.views.text import plural, value_text
from sync.ledger.ledger import Ledger
from sync.local_time import told
from sync.model.inbox import ConflictSide, StoredConflict
from sync.model.records import Account, Evidence

_FAINT = "bright_black"


def labels_of(ledger: Ledger, found: Iterable[StoredConflict]) -> dict[str, str]:
    """Names of the accounts, by Link."""
    links = ledger.accounts.links({conflict.finding.link_id for conflict in found})
    return {id: stored.link.label for id, stored in links.items()}


def conflicts_view(found: Sequence[StoredConflict], labels: Mapping[str, str]) -> RenderableType:
    """One line per Conflict, by number."""
    if not found:
        return Text("No open Conflicts.", style="green")
    systems = sorted({system for conflict in found for system in conflict.finding.sides})
    table = Table(box=None, pad_edge=False, padding=(0, 3, 0, 0), header_style=_FAINT)
    table.add_column("#", justify="right", style="bold yellow")
    for name in ("account", "field", "base", *systems):
        table.add_column(name)
    table.add_column("reason", style=_FAINT)
    for conflict in found:
        finding = conflict.finding
        table.add_row(
            str(conflict.id),
            Text(labels.get(finding.link_id, finding.link_id), style="bold"),
            finding.field,
            value_text(finding.base.value) if finding.base else Text("none", style=_FAINT),
            *(
                value_text(finding.sides[system].value, "bold") if system in finding.sides else Text("")
                for system in systems
            ),
            finding.reason,
        )
    hint = Text("Decide with: tandem conflicts resolve NUMBER --use SYSTEM (or --value VALUE)", style=_FAINT)
    return Group(table, Text(f"{plural(len(found), 'Conflict')} open.", style="yellow"), hint)


def conflict_view(
    conflict: StoredConflict, account: Account | None, labels: Mapping[str, str]
) -> RenderableType:
    """Base, each side with who and when, what each rule would do, and the account's other fields."""
    finding = conflict.finding
    head = Text.assemble(
        (f"Conflict {conflict.id}  ", "bold yellow"),
        (labels.get(finding.link_id, finding.link_id), "bold"),
        f"  {finding.field}: {finding.reason}",
    )
    sides = Table(box=None, pad_edge=False, padding=(0, 3, 0, 0), show_header=False)
    sides.add_row(
        "  base", value_text(finding.base.value) if finding.base else Text("none", style=_FAINT), ""
    )
    for system, side in finding.sides.items():
        told = " ".join(part for part in (f"by {side.by}" if side.by else "", _when(side)) if part)
        sides.add_row(f"  {system}", value_text(side.value, "bold"), Text(told, style=_FAINT))
    parts: list[RenderableType] = [head, sides]
    if finding.proposals:
        rules = Table(box=None, pad_edge=False, padding=(0, 3, 0, 0), show_header=False)
        for rule, value in finding.proposals.items():
            rules.add_row(f"  {rule}", value_text(value, "green"))
        parts += [Text("What each rule would do:", style=_FAINT), rules]
    if account is not None:
        parts += [Text("The account's other fields:", style=_FAINT), _others(account, finding.field)]
    if conflict.decided_by is not None:
        decided = Text.assemble(
            ("Decided by ", _FAINT),
            conflict.decided_by,
            (": ", _FAINT),
            value_text(conflict.decision, "green"),
        )
        parts.append(decided)
    return Group(*parts)


def _others(account: Account, field: str) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 3, 0, 0), header_style=_FAINT)
    table.add_column("")
    for system in account.records:
        table.add_column(system)
    names = dict.fromkeys(name for record in account.records.values() for name in record.current)
    for name in names:
        if name != field:
            values = (value_text(record.current.get(name)) for record in account.records.values())
            table.add_row(f"  {name}", *values)
    return table


def _when(side: ConflictSide) -> str:
    if side.at is None:
        return ""
    what = "edited" if side.evidence is Evidence.FIELD_HISTORY else "record last changed"
    return f"{what} {told(side.at)} (by {side.evidence})"
