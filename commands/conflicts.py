"""conflicts: the inbox of what no rule could decide."""

from __future__ import annotations

import getpass
from collections.abc import Sequence
from typing import Any

import click
from rich.text import Text

from commands.app import App, Exit, end, json_option, pass_app, yes_option
from insight.inbox import conflict_view, conflicts_view
from insight.show import plural, value_text
from mappings.fields import CanonicalField, Value
from sync.errors import SettingsError
from sync.ledger.conflicts import ConflictState, StoredConflict
from sync.ledger.ledger import Ledger

#: Typed instead of a value: blank.
BLANK = ""


@click.group()
def conflicts() -> None:
    """The inbox: base, each side, who and when, and what each rule would do."""


_FIELD = click.option("--field", help="Only Conflicts of this canonical field.")
_SYSTEM = click.option("--system", help="Only Conflicts in which this System takes part.")


@conflicts.command("list", epilog="Example: tandem conflicts list --field tier")
@_FIELD
@_SYSTEM
@json_option
@pass_app
def list_(app: App, field: str | None, system: str | None, *, as_json: bool) -> None:
    """Open Conflicts, oldest first."""
    found = app.ledger.conflicts.list(field=field, system=system)
    labels = _labels(app.ledger, found)
    if as_json:
        app.json([_as_json(conflict, labels) for conflict in found])
    else:
        app.console.print(conflicts_view(found, labels))
    if found:
        end(Exit.CONFLICTS)


@conflicts.command(epilog="Example: tandem conflicts show 3")
@click.argument("number", type=int)
@json_option
@pass_app
def show(app: App, number: int, *, as_json: bool) -> None:
    """Everything that is known about one Conflict."""
    conflict = _get(app.ledger, number)
    labels = _labels(app.ledger, [conflict])
    if as_json:
        app.json(_as_json(conflict, labels))
    else:
        account = app.ledger.accounts.by_link(conflict.finding.link_id)
        app.console.print(conflict_view(conflict, account, labels))


@conflicts.command(epilog="Example: tandem conflicts resolve 3 --use hubspot")
@click.argument("numbers", type=int, nargs=-1)
@click.option("--value", help='Decide for this canonical value; "" for blank.')
@click.option(
    "--use", help="Decide for what this System holds, or for what this rule (newest, furthest) would do."
)
@click.option("--all", "every", is_flag=True, help="All open Conflicts that the filters leave.")
@_FIELD
@_SYSTEM
@click.option("--note", help="Why; kept with the decision.")
@yes_option
@pass_app
def resolve(
    app: App,
    numbers: tuple[int, ...],
    value: str | None,
    use: str | None,
    *,
    every: bool,
    field: str | None,
    system: str | None,
    note: str | None,
    yes: bool,
) -> None:
    """Decide Conflicts: one, several, or all that a filter leaves. The next Run carries it out."""
    if (value is None) == (use is None):
        raise SettingsError(["Say what to decide for."], remedy="Give either --value VALUE or --use SYSTEM.")
    if bool(numbers) == every:
        raise SettingsError(
            ["Say which Conflicts."], remedy="Give their numbers, or --all (with --field, --system)."
        )
    ledger = app.ledger
    found = (
        ledger.conflicts.list(field=field, system=system)
        if every
        else [_get(ledger, number) for number in numbers]
    )
    decisions = _decisions(app, found, value=value, use=use)
    if not decisions:
        app.console.print("No open Conflict fits.")
        return
    labels = _labels(ledger, found)
    for conflict, decided in decisions:
        app.console.print(
            Text.assemble(
                (f"{conflict.id} ", "bold"),
                f"{labels[conflict.finding.link_id]}  {conflict.finding.field}  → ",
                value_text(decided, "green"),
            )
        )
    app.confirm(f"Decide {plural(len(decisions), 'Conflict')}?", yes=yes)
    by = getpass.getuser()
    for conflict, decided in decisions:
        ledger.conflicts.decide(conflict.id, decided, by=by, note=note)
    app.console.print("Decided. Carry it out with: tandem apply")


def _get(ledger: Ledger, number: int) -> StoredConflict:
    conflict = ledger.conflicts.get(number)
    if conflict is None:
        raise SettingsError(
            [f"There is no Conflict {number}."], remedy="See them with: tandem conflicts list"
        )
    return conflict


def _decisions(
    app: App, found: Sequence[StoredConflict], *, value: str | None, use: str | None
) -> list[tuple[StoredConflict, Value]]:
    """What each Conflict is decided for. All problems at once, and then nothing is decided."""
    problems: list[str] = []
    decided: list[tuple[StoredConflict, Value]] = []
    for conflict in found:
        finding = conflict.finding
        if conflict.state is ConflictState.CLOSED:
            problems.append(f"Conflict {conflict.id} is closed: {conflict.close_reason}")
        elif use is None:
            spec = app.settings.mapping.fields.get(finding.field)
            problem = _unfit(spec, value) if spec is not None else f"{finding.field} is no longer mapped"
            if problem is not None:
                problems.append(f"Conflict {conflict.id}: {problem}")
            else:
                decided.append((conflict, value or None))
        elif use in finding.sides:
            decided.append((conflict, finding.sides[use].value))
        elif use in finding.proposals:
            decided.append((conflict, finding.proposals[use]))
        else:
            able = ", ".join(dict.fromkeys([*finding.sides, *finding.proposals]))
            problems.append(f"Conflict {conflict.id}: {use} cannot decide it; these can: {able}")
    if problems:
        raise SettingsError(
            problems, remedy="Nothing was decided. See the Conflicts with: tandem conflicts list"
        )
    return decided


def _unfit(spec: CanonicalField, value: str | None) -> str | None:
    """Why a typed value is none that this field can hold."""
    if not value or not spec.options:
        return None
    parts = value.split(";") if spec.type.value == "multi_enum" else [value]
    unknown = [part for part in parts if spec.option(part) is None]
    if not unknown:
        return None
    return f"{', '.join(unknown)} is no value of {spec.name}; use one of {', '.join(o.value for o in spec.options)}"


def _labels(ledger: Ledger, found: Sequence[StoredConflict]) -> dict[str, str]:
    links = ledger.accounts.links({conflict.finding.link_id for conflict in found})
    return {id: stored.link.label for id, stored in links.items()}


def _as_json(conflict: StoredConflict, labels: dict[str, str]) -> dict[str, Any]:
    finding = conflict.finding
    return {
        "id": conflict.id,
        "account": labels.get(finding.link_id),
        "link_id": finding.link_id,
        "field": finding.field,
        "reason": finding.reason,
        "state": conflict.state.value,
        "base": finding.base,
        "has_base": finding.has_base,
        "sides": {
            name: {"value": side.value, "at": side.at.isoformat() if side.at else None, "by": side.by}
            for name, side in finding.sides.items()
        },
        "proposals": dict(finding.proposals),
        "opened_at": conflict.opened_at.isoformat(),
    }
