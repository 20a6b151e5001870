"""scores: computed outside the CRMs, imported from a file, pushed to them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import click

from abm.scoring.decode import Decoded, NoText, decode
from abm.scoring.import_csv import ScoreFile, fold_lines, folds, lines, read_scores
from commands.app import App, json_option, pass_app, show_option, yes_option
from commands.exit_codes import Exit, end
from commands.guard import guard_for, guard_options
from commands.sync import open_questions, report_nothing, report_result, tell_empty_scope
from commands.views.plan import plan_view
from commands.views.text import plural
from mappings.files.text_file import NoTextFile, read_bytes
from sync.errors import SettingsError
from sync.ledger.ledger import Ledger
from sync.model.records import LinkId, SystemName


@click.group()
def scores() -> None:
    """Import computed scores and push them to the CRMs."""


@scores.command("import", epilog="Example: tandem scores import scores.csv")
@click.argument("file", type=click.Path(path_type=Path), required=False)
@click.option("--skip-bad", is_flag=True, help="Import valid rows and skip invalid ones.")
@json_option
@pass_app
def import_(app: App, file: Path | None, *, skip_bad: bool, as_json: bool) -> None:
    """Import scores from a CSV file; its columns are named in tandem.yaml (scores:). Writes to no System."""
    settings = app.settings.scores
    path = file or (app.settings.path(settings.path) if settings.path else None)
    if path is None:
        raise SettingsError(["No file of scores."], remedy="Name one: tandem scores import FILE.csv")
    decoded = _decoded(path)
    spec = app.settings.mapping.fields[settings.field]
    read = read_scores(decoded.text, settings, spec, now=app.clock(), zone=app.settings.zone)
    if read.bad and not (skip_bad and read.scores):
        remedy = "Nothing was imported. Fix these rows, or import the valid ones with --skip-bad."
        raise SettingsError(list(lines(read.bad, path.name)), remedy=remedy)
    # A Run that is under way puts Links to rest that it has looked at; a score that comes then would wait for long.
    with app.writer("tandem scores import", patient=True) as ledger:
        imported = ledger.scores.put(read.scores, source=path.name)
    accounts = ledger.scores.accounts(score.key for score in read.scores)
    folded = folds(read, accounts)
    notes = [
        *([f"{path.name} {decoded.note}"] if decoded.note else []),
        *_in_other_case(ledger, read, settings.key, accounts, path.name),
    ]
    counts = ledger.scores.counts(stale_before=app.clock() - settings.max_age)
    if as_json:
        app.json(
            {
                "new": imported.new,
                "changed": imported.changed,
                "same": imported.same,
                "older": imported.older,
                "bad": [{"line": row.line, "reason": row.reason} for row in read.bad],
                "without_account": counts.unmatched,
                "folded": [{"lines": fold.lines, "counts": fold.counts} for fold in folded],
                "notes": notes,
            }
        )
        return
    for line in (*lines(read.bad, path.name), *fold_lines(folded, path.name), *notes):
        app.console.print(line, style="yellow")
    app.console.print(
        f"{plural(len(read.scores), 'score')}: {imported.new:,} new, {imported.changed:,} changed, "
        f"{imported.same:,} the same, {imported.older:,} older than what stands; "
        f"{counts.unmatched:,} of {counts.total:,} belong to no linked account."
    )
    app.console.print("Write them to the CRMs with: tandem scores push")


def _decoded(path: Path) -> Decoded:
    try:
        return decode(read_bytes(path))
    except NoTextFile as error:
        raise SettingsError(
            [f"{path} {error}."], remedy=f"{error.remedy} So: tandem scores import FILE.csv"
        ) from error
    except NoText as error:
        raise SettingsError([f"{path} {error}."], remedy=error.remedy) from error


def _in_other_case(
    ledger: Ledger, read: ScoreFile, system: str, accounts: Mapping[str, LinkId], name: str
) -> Iterator[str]:
    """Short ids that no record has, while one differs from it in nothing but capitals."""
    line_of = {score.key: line for score, line in zip(read.scores, read.lines, strict=True)}
    unknown = [score.key for score in read.scores if score.key_kind == system and score.key not in accounts]
    for key, id in ledger.scores.in_other_case(SystemName(system), unknown).items():
        yield (
            f"{name}:{line_of[key]}: no record is {key}; {id} differs from it in capitals alone, which tell ids of 15 "
            "characters apart. Write all 18."
        )


@scores.command(epilog="Example: tandem scores push --yes")
@guard_options("max_changes", "max_swing_share")
@show_option
@yes_option
@json_option
@pass_app
def push(
    app: App,
    /,
    show: int,
    *,
    yes: bool,
    as_json: bool,
    **limits: float | None,
) -> None:
    """Write the scores to the CRMs, and nothing else."""
    guard = guard_for(app, limits)
    with app.writer("tandem scores push") as ledger:
        with app.working("Reading the CRMs …"):
            looked = app.engine.plan_scores()
        if not yes:
            looked = app.engine.priced_for_a_question(looked)
        if not as_json:
            app.console.print(plan_view(looked.plan, accounts=show, more="--show N"))
        if looked.plan.empty:
            if as_json:
                report_nothing(app, ledger)
            tell_empty_scope(app, looked.plan, as_json=as_json)
            end(Exit.CONFLICTS if open_questions(ledger, looked.plan) else Exit.OK)
        guard.check(looked.plan)
        asked = app.confirm(f"Write {plural(len(looked.plan.changes), 'score')}?", yes=yes)
        with app.working("Writing …"):
            result = app.engine.carry_out(looked, kind="scores", guard=guard, waited=asked)
        report_result(app, ledger, result, as_json=as_json)
