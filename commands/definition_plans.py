"""What the commands share that plan definitions, ask, and carry them out: `provision` and `stages`."""

from __future__ import annotations

from pathlib import Path

import click
from rich.text import Text

from commands.app import App, read_saved, save
from commands.exit_codes import Exit, end
from commands.views.provision import provision_view
from provision.fields.plan import DefinitionPlan, check_still_stands, from_text, to_text
from provision.fields.provisioner import refuse_problems

output_option = click.option(
    "-o", "--output", type=click.Path(path_type=Path), help="Save the plan, to be applied as it is."
)


def read_plan(file: Path, *, command: str) -> DefinitionPlan:
    """A plan that ``command`` saved."""
    text = read_saved(file, remedy=f"Save a plan with: {command} plan -o FILE")
    return from_text(text, name=str(file), command=command)


def tell_plan(
    app: App, made: DefinitionPlan, *, output: Path | None, hint: str, verbose: bool, as_json: bool
) -> None:
    """Save the plan and show it, with what to type next; the exit code says whether anything is to be done."""
    text = to_text(made)
    if output is not None:
        save(output, text)
    if as_json:
        app.json_text(text)
    else:
        app.console.print(provision_view(made, verbose=verbose))
        if hint:
            app.console.print(Text(hint, style="bold"))
    if made.problems:
        end(Exit.FAILED)
    if made.steps:
        end(Exit.PENDING)


def approve(
    app: App,
    made: DefinitionPlan,
    saved: DefinitionPlan | None,
    *,
    question: str,
    verbose: bool,
    yes: bool,
    as_json: bool,
) -> None:
    """Show the plan and ask before anything is written. Raises where it is not as saved, or cannot be carried out."""
    if saved is not None:
        check_still_stands(saved, made)
    if not as_json:
        app.console.print(provision_view(made, verbose=verbose))
    refuse_problems(made)
    if made.steps:
        app.confirm(question, yes=yes)
