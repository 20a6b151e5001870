"""plan, apply, sync: from a dry run to the CRMs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import click
from rich.text import Text

from commands.app import App, json_option, pass_app, read_saved, save, show_option, yes_option
from commands.exit_codes import Exit, end
from commands.views.plan import holds_view, plan_view, run_view
from commands.views.scope import empty_scope_lines
from commands.views.text import plural
from insight.scope import empty_scope
from sync.core.guard import Guard, overrides
from sync.core.plan import Change, Create, Plan
from sync.core.plan_file import SavedPlan, from_json, to_text
from sync.engine import Result
from sync.ledger.ledger import Ledger
from sync.model.journal import OK, UNDO

_FULL = click.option("--full", is_flag=True, help="Read and compare everything, not only what changed.")
max_changes_option = click.option(
    "--max-changes", type=click.IntRange(min=1), help="Field writes this one Run may make at the most."
)
max_share_option = click.option(
    "--max-change-share",
    type=click.FloatRange(0, 1),
    help="Share of the linked accounts whose values this one Run may overwrite.",
)
max_swing_option = click.option(
    "--max-swing-share",
    type=click.FloatRange(0, 1),
    help="Share of the scores that this one Run may move by more than guard.score_swing points.",
)
_FAIL_ON_HELD = click.option(
    "--fail-on-held", is_flag=True, help="End with 1 where anything is held: tandem held list."
)


@click.command(epilog="Example: tandem plan -o monday.plan.json")
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), help="Save the Plan, to be applied as it is."
)
@click.option("--all", "show_all", is_flag=True, help="Show every account.")
@show_option
@_FULL
@max_share_option
@json_option
@pass_app
def plan(
    app: App,
    output: Path | None,
    show: int,
    *,
    show_all: bool,
    full: bool,
    max_change_share: float | None,
    as_json: bool,
) -> None:
    """Dry run: what would change in each System, why, and what it costs. Writes to no System."""
    guard = guard_for(app, max_change_share=max_change_share)
    with app.writer("tandem plan") as ledger, app.working("Reading the CRMs …"):
        made = app.engine.plan(full=full, guard=guard).plan
        waiting = _open_conflicts(ledger, made)
    broken = guard.broken(made)
    text = to_text(made)
    if output is not None:
        save(output, text)
    if as_json:
        click.echo(text)
    else:
        app.console.print(plan_view(made, accounts=None if show_all else show, more="--all"))
        if broken:
            said = " ".join(limit.sentence for limit in broken)
            app.console.print(
                Text(f"The guard would stop it: {said} To let it through: {overrides(broken)}", style="red")
            )
        if output is not None:
            app.console.print(Text(f"Saved to {output}. Apply it with: tandem apply {output}", style="bold"))
    _tell_empty_scope(app, made, as_json=as_json)
    if waiting:
        end(Exit.CONFLICTS)
    if not made.empty or made.closures:
        end(Exit.PENDING)


@click.command(epilog="Example: tandem apply monday.plan.json")
@click.argument("file", type=click.Path(path_type=Path), required=False)
@click.option(
    "--skip-stale", is_flag=True, help="Leave out what no longer stands as the saved Plan expects it."
)
@_FULL
@max_changes_option
@max_share_option
@max_swing_option
@_FAIL_ON_HELD
@show_option
@yes_option
@json_option
@pass_app
def apply(
    app: App,
    file: Path | None,
    show: int,
    *,
    skip_stale: bool,
    full: bool,
    max_changes: int | None,
    max_change_share: float | None,
    max_swing_share: float | None,
    fail_on_held: bool,
    yes: bool,
    as_json: bool,
) -> None:
    """Carry out a saved Plan; without one, plan, confirm and apply."""
    guard = guard_for(app, max_changes, max_change_share, max_swing_share)
    with app.writer("tandem apply") as ledger:
        if file is not None:
            saved = _read_saved(file)
            app.confirm(_question(saved.changes, saved.creates), yes=yes)
            with app.working("Writing …"):
                kind = "apply" if saved.undoes is None else UNDO
                result = app.engine.run(kind=kind, guard=guard, saved=saved, skip_stale=skip_stale)
        else:
            with app.working("Reading the CRMs …"):
                looked = app.engine.plan(full=full, guard=guard)
            made = looked.plan
            if not as_json:
                app.console.print(plan_view(made, accounts=show, more="--show N"))
            if made.empty and not made.proposals and not made.closures and not made.agreements:
                _tell_empty_scope(app, made, as_json=as_json)
                if as_json:
                    report_nothing(app, ledger)
                if fail_on_held:
                    _fail_on_held(ledger)
                end(Exit.CONFLICTS if _open_conflicts(ledger, made) else Exit.OK)
            guard.check(made)
            asked = app.confirm(_question(made.changes, made.creates), yes=yes)
            with app.working("Writing …"):
                result = app.engine.carry_out(looked, kind="apply", guard=guard, waited=asked)
        report_result(app, ledger, result, as_json=as_json, fail_on_held=fail_on_held)


def _question(changes: Sequence[Change], creates: Sequence[Create]) -> str:
    if not changes and not creates:
        return "Nothing to write; store Links and values that agree?"
    return f"Write {plural(len(changes), 'field value')}?"


@click.command(epilog="Example: tandem sync --max-changes 20000")
@_FULL
@max_changes_option
@max_share_option
@max_swing_option
@_FAIL_ON_HELD
@json_option
@pass_app
def sync(
    app: App,
    *,
    full: bool,
    max_changes: int | None,
    max_change_share: float | None,
    max_swing_share: float | None,
    fail_on_held: bool,
    as_json: bool,
) -> None:
    """One full Run without questions, for cron. Obeys the guard."""
    guard = guard_for(app, max_changes, max_change_share, max_swing_share)
    with app.writer("tandem sync") as ledger:
        with app.working("Syncing …"):
            result = app.engine.run(guard=guard, full=full)
        report_result(app, ledger, result, as_json=as_json, planned=True, fail_on_held=fail_on_held)


def guard_for(
    app: App,
    max_changes: int | None = None,
    max_change_share: float | None = None,
    max_swing_share: float | None = None,
) -> Guard:
    """The configured guard, with what was raised for this one Run."""
    guard = app.settings.guard.guard()
    if max_changes is not None:
        guard = replace(guard, max_changes=max_changes)
    if max_change_share is not None:
        guard = replace(guard, max_change_share=max_change_share)
    if max_swing_share is not None:
        guard = replace(guard, max_swing_share=max_swing_share)
    return guard


def _read_saved(file: Path) -> SavedPlan:
    text = read_saved(file, remedy="Save a Plan with: tandem plan -o FILE")
    return from_json(text, name=str(file))


def _tell_empty_scope(app: App, plan: Plan, *, as_json: bool) -> None:
    """Where nothing is linked and nothing comes of it, say why; beside the JSON on standard error."""
    if plan.linked or plan.proposals or plan.ambiguous or plan.undoes is not None:
        return
    for line in empty_scope_lines(empty_scope(app.ledger, app.settings.scope, app.settings.mapping)):
        if as_json:
            click.echo(line.plain, err=True)
        else:
            app.console.print(line)


def _open_conflicts(ledger: Ledger, plan: Plan) -> int:
    return len(plan.conflicts) or sum(ledger.conflicts.count().values())


def _left_out(moved: Sequence[Change]) -> Text:
    """What no longer stood as planned; the next Run decides it anew."""
    named = [f"{change.label}: {change.system} {change.field}" for change in moved[:3]]
    more = " …" if len(moved) > len(named) else ""
    return Text(
        f"{plural(len(moved), 'stale Change')} left out, for the next Run ({', '.join(named)}{more}).",
        style="yellow",
    )


def report_nothing(app: App, ledger: Ledger) -> None:
    """As :func:`report_result` where the Plan holds nothing to carry out, for programs: they get JSON all the same."""
    app.json(
        {
            "run": None,
            "outcome": OK,
            "counts": {},
            "calls": {name: connector.calls for name, connector in app.connectors.items()},
            "error": None,
            "skipped": 0,
            "open_conflicts": sum(ledger.conflicts.count().values()),
        }
    )


def report_result(
    app: App,
    ledger: Ledger,
    result: Result,
    *,
    as_json: bool,
    planned: bool = False,
    fail_on_held: bool = False,
    more: Mapping[str, Any] | None = None,
) -> None:
    """Show what a Run did; raises what stopped a System, ends with the exit code of open Conflicts.

    ``planned``: nobody has seen the Plan, so what it had to leave out is shown as well. ``fail_on_held``: what is held
    is a failure. ``more``: what else JSON tells.
    """
    waiting = sum(ledger.conflicts.count().values())
    if as_json:
        app.json(
            {
                "run": result.run.id,
                "outcome": result.run.outcome,
                "counts": dict(result.run.counts),
                "calls": dict(result.run.calls),
                "error": result.run.error,
                "skipped": len(result.moved),
                "open_conflicts": waiting,
                **(more or {}),
            }
        )
    else:
        app.console.print(run_view(result.run))
        everywhere = [hold for hold in result.plan.held if planned or not hold.link_id]
        for line in holds_view([*everywhere, *result.applied.held]):
            app.console.print(line)
        if result.moved:
            app.console.print(_left_out(result.moved))
        if waiting:
            app.console.print(
                Text(f"{plural(waiting, 'Conflict')} open: tandem conflicts list", style="yellow")
            )
    _tell_empty_scope(app, result.plan, as_json=as_json)
    if result.applied.errors:
        raise next(iter(result.applied.errors.values()))
    if fail_on_held:
        _fail_on_held(ledger)
    if waiting:
        end(Exit.CONFLICTS)


def _fail_on_held(ledger: Ledger) -> None:
    """End as failed where anything is held, whichever Run it was that could not write it."""
    count = len(ledger.held.list())
    if count:
        click.echo(f"{plural(count, 'value')} held: tandem held list", err=True)
        end(Exit.FAILED)
