"""undo: what a Run overwrote goes back, where nobody has touched it since."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import click
from rich.text import Text

from commands.app import App, json_option, pass_app, save, show_option, yes_option
from commands.exit_codes import Exit, end
from commands.guard import guard_for, guard_options
from commands.pages import page_of
from commands.sync import open_questions, report_result
from commands.views.text import plural
from commands.views.undo import left_json, undo_json, undo_view
from sync.core.plan_file import to_text
from sync.model.journal import UNDO
from sync.planning.undo import require_run


@click.command(epilog="Example: tandem undo 260302-091500 -o back.plan.json")
@click.argument("run", metavar="RUN")
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), help="Save the Plan, to be applied with tandem apply."
)
@click.option("--all", "show_all", is_flag=True, help="Show every account.")
@guard_options("max_changes", "max_change_share")
@show_option
@yes_option
@json_option
@pass_app
def undo(
    app: App,
    /,
    run: str,
    output: Path | None,
    show: int,
    *,
    show_all: bool,
    yes: bool,
    as_json: bool,
    **limits: float | None,
) -> None:
    """Put back what a Run overwrote. RUN is an id that tandem status shows.

    What was edited or written again since stays as it is, and so do records that the Run created.
    """
    require_run(app.ledger, run)
    guard = guard_for(app, limits)
    with app.writer("tandem undo") as ledger:
        with app.working("Reading the CRMs …"):
            found = app.engine.plan_undo(run)
        if not yes and output is None and not as_json:
            found = replace(found, look=app.engine.priced_for_a_question(found.look))
        plan, page = found.look.plan, page_of(app, ledger)
        if output is not None:
            save(output, to_text(plan, page))
        if as_json and (output is not None or plan.empty or not yes):
            app.json(undo_json(found, page))
        elif not as_json:
            app.console.print(undo_view(found, accounts=None if show_all else show))
        if plan.empty:
            end(Exit.CONFLICTS if open_questions(ledger, plan) else Exit.OK)
        if output is not None:
            if not as_json:
                app.console.print(
                    Text(f"Saved to {output}. Apply it with: tandem apply {output}", style="bold")
                )
            end(Exit.PENDING)
        if as_json and not yes:
            end(Exit.PENDING)
        guard.check(plan)
        asked = app.confirm(f"Put back {plural(len(plan.changes), 'field value')}?", yes=yes)
        with app.working("Writing …"):
            result = app.engine.carry_out(
                found.look, kind=UNDO, trigger=f"tandem undo {run}", guard=guard, waited=asked
            )
        report_result(app, ledger, result, as_json=as_json, more={"left": left_json(found)})
