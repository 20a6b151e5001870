"""stages: the stage contract of all CRMs, checked, planned, applied; a first mapping of opportunity stages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click
from rich.text import Text

from commands import stage_files
from commands.app import App, json_option, pass_app, yes_option
from commands.definition_plans import approve, output_option, read_plan, tell_plan
from commands.exit_codes import Exit, end
from commands.filters import meant
from commands.stage_files import FOLDER, DraftFile, shown
from commands.views.stages import mapped_view, stages_view
from commands.views.text import plural
from provision.fields.plan import STAGES, to_text
from provision.stages.contract import CreateMissing, StageContract, StageReport
from provision.stages.first_mapping import DECIDE
from sync.errors import SettingsError

_VERBOSE = click.option(
    "-v", "--verbose", is_flag=True, help="Show notes too, and what is in order with what it means."
)
_CREATE = click.option(
    "--create-missing",
    "create_missing",
    multiple=True,
    metavar="SYSTEM",
    help="Also make the opportunity stages there that the other Systems have. May be given twice.",
)
_PIPELINE = click.option(
    "--pipeline",
    metavar="ID",
    help="The HubSpot pipeline that --create-missing means, by id or label; the first one unless told.",
)


@click.group()
def stages() -> None:
    """The stage contract: ladders and opportunity stages, the same in every CRM."""


@stages.command(epilog="Example: tandem stages check --json")
@_VERBOSE
@json_option
@pass_app
def check(app: App, *, verbose: bool, as_json: bool) -> None:
    """Compare every CRM's stages with the contract, and count what records carry beyond it. Writes nothing.

    Ends with 0 where the contract is kept, 3 where it has drifted.
    """
    with app.working("Reading stages and counting records …"):
        report = stage_files.with_places(app, _contract(app).check())
    undecided = stage_files.undecided(app)
    if as_json:
        app.json({**_as_json(report), "undecided": undecided})
    else:
        app.console.print(stages_view(report, verbose=verbose, undecided=undecided))
        if any(finding.fixable for finding in report.findings):
            app.console.print(Text("See what would be fixed with: tandem stages plan", style="bold"))
    if report.drift:
        end(Exit.PENDING)


@stages.command(epilog="Example: tandem stages plan --create-missing hubspot")
@output_option
@_CREATE
@_PIPELINE
@_VERBOSE
@json_option
@pass_app
def plan(
    app: App,
    output: Path | None,
    *,
    create_missing: Sequence[str],
    pipeline: str | None,
    verbose: bool,
    as_json: bool,
) -> None:
    """Show what `tandem stages apply` would fix. Writes to no CRM."""
    create = _create(app, create_missing, pipeline)
    with app.working("Reading definitions …"):
        made = _contract(app).plan(create)
    again = f"tandem stages apply {output}" if output is not None else _words(create)
    hint = f"Carry it out with: {again}" if made.steps and not made.problems else ""
    tell_plan(app, made, output=output, hint=hint, verbose=verbose, as_json=as_json)


@stages.command(epilog="Example: tandem stages apply --yes")
@click.argument("file", type=click.Path(path_type=Path), required=False)
@_CREATE
@_PIPELINE
@_VERBOSE
@yes_option
@json_option
@pass_app
def apply(
    app: App,
    file: Path | None,
    *,
    create_missing: Sequence[str],
    pipeline: str | None,
    verbose: bool,
    yes: bool,
    as_json: bool,
) -> None:
    """Mend ladders: missing and retired values, labels, order, entry criteria; with FILE what that plan says, for the
    Systems and the pipeline that it was made for.

    Nobody's value is removed, renamed to another meaning or deactivated. It may be run again at any time.
    """
    saved = read_plan(file, command=STAGES) if file is not None else None
    if saved is None:
        create = _create(app, create_missing, pipeline)
    else:
        if create_missing or pipeline is not None:
            raise click.UsageError(
                f"{file} says what it was made for: leave out --create-missing and --pipeline."
            )
        create = CreateMissing.from_asked(saved.asked)
    with app.writer("tandem stages apply"):
        contract = _contract(app)
        with app.working("Reading definitions …"):
            made = contract.plan(create)
        question = f"Carry out {plural(len(made.steps), 'step')}?"
        approve(app, made, saved, question=question, verbose=verbose, yes=yes, as_json=as_json)
        after = made
        if made.steps:
            with app.working("Writing definitions …"):
                after = contract.apply(made, create)
    if as_json:
        app.json_text(to_text(after))
    elif made.steps:
        app.console.print(
            Text.assemble(
                ("done ", "bold green"),
                f"{plural(len(made.steps), 'step')} carried out and read back in order.",
            )
        )
        app.console.print(Text("See what is left for you with: tandem stages check", style="bold"))


@stages.command(name="map", epilog="Example: tandem stages map --print")
@click.option("--force", is_flag=True, help="Propose anew, and replace what is mapped already.")
@click.option("--print", "only_print", is_flag=True, help="Show it, and write nothing.")
@json_option
@pass_app
def map_(app: App, *, force: bool, only_print: bool, as_json: bool) -> None:
    """Write a first mapping of opportunity stages, and of values beyond the ladder, into the mapping folder.

    What is mapped already stays. Lines that are guesses are marked DECIDE.
    """
    contract = _contract(app)
    with app.working("Reading stages and counting records …"):
        report = contract.check()
    found = stage_files.drafts(app, contract, report, force=force)
    if as_json:
        app.json({str(draft.file): [asdict(entry) for entry in draft.entries] for draft in found})
    else:
        app.console.print(mapped_view({shown(app, draft.file): draft.entries for draft in found}))
    if only_print:
        return
    changed = [draft for draft in found if draft.changed]
    if changed:
        stage_files.write(app, changed)
    if not as_json:
        _tell_written(app, changed)


# -- a first mapping -------------------------------------------------------------------------------------------


def _tell_written(app: App, drafts: Sequence[DraftFile]) -> None:
    if not drafts:
        app.console.print(Text("Everything is mapped already; nothing was written.", style="green"))
        return
    for draft in drafts:
        app.console.print(Text.assemble(("wrote ", "green"), shown(app, draft.file)))
    count = stage_files.guesses(drafts)
    if count:
        app.console.print(
            Text(
                f"{plural(count, 'line')} marked {DECIDE}: put {'it' if count == 1 else 'them'} right by hand."
            )
        )
    if app.settings.mapping_folder is None:
        app.console.print(Text(f"Add this line to {app.config}: mapping: {FOLDER}/", style="bold yellow"))
    app.console.print(Text("Then look again with: tandem stages check", style="bold"))


# -- what the commands share -----------------------------------------------------------------------------------


def _contract(app: App) -> StageContract:
    return StageContract(app.connectors, app.ledger, app.settings.mapping, clock=app.clock, report=app.report)


def _create(app: App, asked: Sequence[str], pipeline: str | None) -> CreateMissing:
    """The Systems by name; a kind's name stands for the only System of that kind."""
    systems = app.settings.mapping.systems
    chosen: set[str] = set()
    problems = []
    for word in asked:
        of_kind = [name for name, system in systems.items() if system.kind == word]
        if word in systems:
            chosen.add(word)
        elif len(of_kind) == 1:
            chosen.add(of_kind[0])
        else:
            problems.append(f"--create-missing: there is no System {word}{meant(word, systems)}")
    if problems:
        raise SettingsError(problems, remedy=f"Name one of {', '.join(systems)}.")
    if pipeline is not None and not chosen:
        raise click.UsageError(
            "--pipeline says where stages are made: name the System too, with --create-missing."
        )
    if chosen and len(systems) < 2:
        raise SettingsError(
            ["--create-missing needs a second System whose stages are to be matched."],
            remedy="Add it under systems: in tandem.yaml.",
        )
    return CreateMissing(systems=frozenset(chosen), pipeline=pipeline)


def _words(create: CreateMissing) -> str:
    options = [f" --create-missing {name}" for name in sorted(create.systems)]
    if create.pipeline is not None:
        options.append(f' --pipeline "{create.pipeline}"')
    return f"tandem stages apply{''.join(options)}"


def _as_json(report: StageReport) -> dict[str, Any]:
    return {
        "identities": dict(report.identities),
        "drift": len(report.drift),
        "rungs": report.rungs,
        "stages": report.stages,
        "findings": [asdict(finding) for finding in report.findings],
        "kept": [asdict(one) for one in report.kept],
    }
