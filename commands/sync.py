"""plan, apply, sync: from a dry run to the CRMs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
from rich.text import Text

from commands.app import App, json_option, pass_app, read_saved, save, show_option, yes_option
from commands.exit_codes import Exit, end
from commands.guard import guard_for, guard_options
from commands.pages import page_of
from commands.pilot import out_of_reach, pilot_of, pilot_options, told
from commands.views.plan import holds_view, plan_view, run_view, waiting_view
from commands.views.scope import empty_scope_lines
from commands.views.text import harmless, plural
from insight.fields_held import fields_held
from insight.scope import empty_scope
from sync import local_time
from sync.core.guard import overrides
from sync.core.pilot import WHOLE, Pilot
from sync.core.plan import Change, Create, Plan
from sync.core.plan_file import SavedPlan, from_json, to_text
from sync.engine import Result
from sync.errors import SettingsError
from sync.ledger.ledger import Ledger
from sync.model.journal import OK, UNDO, Run
from sync.planning.promised import stale_lines

_FULL = click.option("--full", is_flag=True, help="Read and compare everything, not only what changed.")
_FAIL_ON_HELD = click.option(
    "--fail-on-held", is_flag=True, help="End with 1 where anything is held: tandem held list."
)
#: A Plan that asks nothing: what the ledger keeps is all there is.
_NOTHING = Plan(created_at=datetime.min.replace(tzinfo=UTC), identities={})


@click.command(epilog="Example: tandem plan -o monday.plan.json")
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), help="Save the Plan, to be applied as it is."
)
@click.option("--all", "show_all", is_flag=True, help="Show every account.")
@show_option
@pilot_options
@_FULL
@guard_options("max_change_share", "max_unlike_share")
@json_option
@pass_app
def plan(
    app: App,
    /,
    output: Path | None,
    show: int,
    accounts: tuple[str, ...],
    fields: tuple[str, ...],
    system: str | None,
    limit: int | None,
    *,
    show_all: bool,
    full: bool,
    as_json: bool,
    **limits: float | None,
) -> None:
    """Dry run: what would change in each System, why, and what it costs. Writes to no System."""
    guard = guard_for(app, limits)
    pilot = pilot_of(app, accounts, fields, system, limit)
    with app.writer("tandem plan") as ledger, app.working("Reading the CRMs …"):
        made = app.engine.plan(full=full, guard=guard, pilot=pilot).plan
        waiting = open_questions(ledger, made, pilot)
        text = to_text(made, page_of(app, ledger)) if as_json or output is not None else ""
    broken = guard.broken(made)
    if output is not None:
        save(output, text)
    if as_json:
        app.json_text(text)
    else:
        for line in told(pilot, made):
            app.console.print(line)
        app.console.print(
            plan_view(made, accounts=None if show_all else show, more="--all", part=not pilot.whole)
        )
        if broken:
            said = " ".join(limit.sentence for limit in broken)
            app.console.print(
                Text(f"The guard would stop it: {said} To let it through: {overrides(broken)}", style="red")
            )
        if output is not None:
            app.console.print(Text(f"Saved to {output}. Apply it with: tandem apply {output}", style="bold"))
    tell_empty_scope(app, made, as_json=as_json)
    _tell_out_of_reach(app, made)
    if waiting:
        end(Exit.CONFLICTS)
    if made.due:
        end(Exit.PENDING)


@click.command(epilog="Example: tandem apply monday.plan.json")
@click.argument("file", type=click.Path(path_type=Path), required=False)
@click.option(
    "--skip-stale", is_flag=True, help="Leave out what no longer stands as the saved Plan expects it."
)
@pilot_options
@_FULL
@guard_options()
@_FAIL_ON_HELD
@show_option
@yes_option
@json_option
@pass_app
def apply(
    app: App,
    /,
    file: Path | None,
    show: int,
    accounts: tuple[str, ...],
    fields: tuple[str, ...],
    system: str | None,
    limit: int | None,
    *,
    skip_stale: bool,
    full: bool,
    fail_on_held: bool,
    yes: bool,
    as_json: bool,
    **limits: float | None,
) -> None:
    """Carry out a saved Plan; without one, plan, confirm and apply."""
    guard = guard_for(app, limits)
    pilot = pilot_of(app, accounts, fields, system, limit)
    if file is not None and not (pilot.whole and not full):
        raise SettingsError(
            [
                "A saved Plan is carried out as it was reviewed, so nothing chooses a part of it or adds to it."
            ],
            remedy=f"tandem apply {file}; or save the part alone: tandem plan -o FILE with the same options.",
        )
    saved = None if file is None else _read_saved(file)
    with app.writer("tandem apply") as ledger:
        if saved is not None:
            before = ledger.runs.of_trigger(saved.name)
            if before is not None:
                _tell_applied_already(app, ledger, before, as_json=as_json)
            app.confirm(_question(saved.changes, saved.creates), yes=yes)
            with app.working("Writing …"):
                kind = "apply" if saved.undoes is None else UNDO
                result = app.engine.run(
                    kind=kind, trigger=saved.name, guard=guard, saved=saved, skip_stale=skip_stale
                )
        else:
            with app.working("Reading the CRMs …"):
                looked = app.engine.plan(full=full, guard=guard, pilot=pilot)
            if not yes:
                looked = app.engine.priced_for_a_question(looked)
            made = looked.plan
            if not as_json:
                for line in told(pilot, made):
                    app.console.print(line)
                app.console.print(plan_view(made, accounts=show, more="--show N", part=not pilot.whole))
            if not made.due and not made.agreements and not made.ambiguous:
                tell_empty_scope(app, made, as_json=as_json)
                if as_json:
                    report_nothing(app, ledger)
                _tell_out_of_reach(app, made)
                if fail_on_held:
                    _fail_on_held(app, ledger)
                end(Exit.CONFLICTS if open_questions(ledger, made, pilot) else Exit.OK)
            guard.check(made)
            # What only the ledger keeps, questions and values that agree, is nothing to be asked about.
            asked = made.due and app.confirm(_question(made.changes, made.creates), yes=yes)
            with app.working("Writing …"):
                result = app.engine.carry_out(looked, kind="apply", guard=guard, waited=asked)
        report_result(app, ledger, result, as_json=as_json, fail_on_held=fail_on_held, pilot=pilot)


def _question(changes: Sequence[Change], creates: Sequence[Create]) -> str:
    if not changes and not creates:
        return "Nothing to write; store Links and values that agree?"
    return f"Write {plural(len(changes), 'field value')}?"


@click.command(epilog="Example: tandem sync --max-changes 20000")
@pilot_options
@_FULL
@guard_options()
@_FAIL_ON_HELD
@json_option
@pass_app
def sync(
    app: App,
    /,
    accounts: tuple[str, ...],
    fields: tuple[str, ...],
    system: str | None,
    limit: int | None,
    *,
    full: bool,
    fail_on_held: bool,
    as_json: bool,
    **limits: float | None,
) -> None:
    """One full Run without questions, for cron. Obeys the guard."""
    guard = guard_for(app, limits)
    pilot = pilot_of(app, accounts, fields, system, limit)
    with app.writer("tandem sync") as ledger:
        with app.working("Syncing …"):
            if pilot.whole:
                result = app.engine.run(guard=guard, full=full)
            else:
                # A name that fits nothing ends this before there is a Run.
                looked = app.engine.plan(full=full, guard=guard, pilot=pilot)
                result = app.engine.carry_out(looked, kind="sync", guard=guard)
        if not as_json:
            for line in told(pilot, result.plan):
                app.console.print(line)
        report_result(
            app, ledger, result, as_json=as_json, planned=True, fail_on_held=fail_on_held, pilot=pilot
        )


def _read_saved(file: Path) -> SavedPlan:
    text = read_saved(file, remedy="Save a Plan with: tandem plan -o FILE")
    return from_json(text, name=str(file))


def tell_empty_scope(app: App, plan: Plan, *, as_json: bool) -> None:
    """Where nothing is linked and nothing comes of it, say why; beside the JSON on standard error."""
    if plan.linked or plan.proposals or plan.ambiguous or plan.waiting or plan.undoes is not None:
        return
    for line in empty_scope_lines(empty_scope(app.ledger, app.settings.scope, app.settings.mapping)):
        if as_json:
            click.echo(harmless(line.plain), err=True)
        else:
            app.console.print(line)


def open_questions(ledger: Ledger, plan: Plan, pilot: Pilot = WHOLE) -> int:
    """Conflicts, and questions of matching, that wait for a person: all of them, or those of a pilot."""
    if pilot.whole:
        conflicts = len(plan.conflicts) or sum(ledger.conflicts.count().values())
        return conflicts + len(plan.ambiguous) + len(ledger.matches.list())
    links = {account.link.id for name in pilot.accounts for account in ledger.accounts.find(name)}
    stored = [
        conflict
        for conflict in ledger.conflicts.list(system=pilot.system)
        if (not pilot.fields or conflict.finding.field in pilot.fields)
        and (not pilot.accounts or conflict.finding.link_id in links)
    ]
    return len(plan.conflicts) + len(plan.ambiguous) + (len(stored) if pilot.limit is None else 0)


def _tell_out_of_reach(app: App, plan: Plan) -> None:
    """Where an account was named that no Run keeps in step, say why; the filter matches nothing then."""
    lines = out_of_reach(app, plan)
    for line in lines:
        click.echo(harmless(line), err=True)
    if lines:
        end(Exit.USAGE)


def _tell_applied_already(app: App, ledger: Ledger, run: Run, *, as_json: bool) -> None:
    """A Plan is carried out once: say when that was, and end."""
    if as_json:
        report_nothing(app, ledger, applied_in=run.id)
    else:
        app.console.print(
            Text(
                f"Applied already in Run {run.id}, {local_time.in_words(run.started_at, local_time.MINUTES)}; "
                "nothing was written now. "
                f"What it wrote: tandem runs show {run.id}",
                style="green",
            )
        )
    end(Exit.CONFLICTS if open_questions(ledger, _NOTHING) else Exit.OK)


def _left_out(ledger: Ledger, result: Result) -> list[str]:
    """What no longer stood as planned, each piece of it; the next Run decides it anew."""
    return [*result.lapsed, *stale_lines(ledger, result.moved)]


def report_nothing(app: App, ledger: Ledger, *, applied_in: str | None = None) -> None:
    """As :func:`report_result` where the Plan holds nothing to carry out, for programs: they get JSON all the same.
    ``applied_in``: the Run that has carried it out before."""
    app.json(
        {
            "run": None,
            "outcome": OK,
            "counts": {},
            "calls": {name: connector.calls for name, connector in app.connectors.items()},
            "error": None,
            "skipped": 0,
            "stale": [],
            "applied_in": applied_in,
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
    pilot: Pilot = WHOLE,
    more: Mapping[str, Any] | None = None,
) -> None:
    """Show what a Run did; raises what stopped a System, ends with the exit code of open Conflicts.

    ``planned``: nobody has seen the Plan, so what it had to leave out is shown as well. ``fail_on_held``: what is held
    is a failure. ``pilot``: what part was meant. ``more``: what else JSON tells.
    """
    waiting = sum(ledger.conflicts.count().values())
    asked = len(ledger.matches.list())
    left_out = _left_out(ledger, result)
    if as_json:
        app.json(
            {
                "run": result.run.id,
                "outcome": result.run.outcome,
                "counts": dict(result.run.counts),
                "calls": dict(result.run.calls),
                "error": result.run.error,
                "skipped": len(result.moved) + len(result.lapsed),
                "stale": left_out,
                "applied_in": None,
                "open_conflicts": waiting,
                **(more or {}),
            }
        )
    else:
        app.console.print(run_view(result.run))
        everywhere = [hold for hold in result.plan.held if planned or not hold.link_id]
        for line in holds_view([*everywhere, *result.applied.held]):
            app.console.print(line)
        if left_out:
            what = plural(len(result.moved) + len(result.lapsed), "stale Change")
            app.console.print(Text(f"{what} left out, for the next Run:", style="yellow"))
            for sentence in left_out:
                app.console.print(Text(f"  {sentence}", style="yellow"))
        if planned:
            for text in waiting_view(result.plan):
                app.console.print(text)
        if waiting:
            app.console.print(
                Text(f"{plural(waiting, 'Conflict')} open: tandem conflicts list", style="yellow")
            )
        if asked:
            app.console.print(Text(f"{plural(asked, 'question')} open: tandem matches list", style="yellow"))
    tell_empty_scope(app, result.plan, as_json=as_json)
    _tell_out_of_reach(app, result.plan)
    if result.applied.errors:
        raise next(iter(result.applied.errors.values()))
    if fail_on_held:
        _fail_on_held(app, ledger)
    if open_questions(ledger, _NOTHING if pilot.whole else result.plan, pilot):
        end(Exit.CONFLICTS)


def _fail_on_held(app: App, ledger: Ledger) -> None:
    """End as failed where anything is held, whichever Run it was that could not write it."""
    count, whole = len(ledger.held.list()), len(fields_held(ledger, app.settings.mapping))
    told = [
        *([plural(count, "value")] if count else []),
        *([f"{plural(whole, 'field')} as a whole"] if whole else []),
    ]
    if told:
        click.echo(f"{' and '.join(told)} held: tandem held list", err=True)
        end(Exit.FAILED)
