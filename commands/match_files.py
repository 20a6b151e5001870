"""matches export and import: many questions answered in a spreadsheet."""

from __future__ import annotations

import getpass
import sys
from pathlib import Path

import click
from rich.text import Text

from commands.app import App, pass_app, read_saved, save, yes_option
from commands.exit_codes import Exit, end
from commands.match_answers import accept_all, after_rejection, check_answers, reject_all, tell_accepted
from commands.pages import page_of
from commands.views.listing import Remark, show
from commands.views.matches import records_of
from commands.views.text import plural
from sync.core.match_table import MatchAnswer, from_table, to_table
from sync.errors import SettingsError
from sync.ledger.ledger import Ledger
from sync.model.inbox import MatchState


@click.command(epilog="Example: tandem matches export questions.csv")
@click.argument("file", type=click.Path(path_type=Path, allow_dash=True))
@click.option("--min-score", type=click.FloatRange(0, 1), help="Only those for which so much speaks, 0 to 1.")
@pass_app
def export(app: App, file: Path, min_score: float | None) -> None:
    """Open matches into a CSV file (- for standard output), to be answered in its column answer: y, n, or nothing."""
    ledger = app.ledger
    found = [
        stored
        for stored in ledger.matches.list()
        if min_score is None or (stored.match.score or 0) >= min_score
    ]
    text = to_table(found, records_of(ledger, found), page=page_of(app, ledger), ledger=_which(ledger))
    if str(file) == "-":
        click.echo(text, nl=False)
        return
    # With its mark, or Excel takes accents for something else.
    save(file, f"\ufeff{text}")
    told = Text(f"{plural(len(found), 'match', 'matches')} in {file}. Fill in the column answer, then:")
    show(app.console, Remark(told))
    show(app.console, Remark(Text(f"  tandem matches import {file}", style="bold")))


@click.command("import", epilog="Example: tandem matches import questions.csv")
@click.argument("file", type=click.Path(path_type=Path, allow_dash=True))
@click.option("--leave-alone", is_flag=True, help="Make none of the rejected an account in another System.")
@click.option("--dry-run", is_flag=True, help="Say what would be decided, and decide nothing.")
@yes_option
@pass_app
def import_(app: App, file: Path, *, leave_alone: bool, dry_run: bool, yes: bool) -> None:
    """Take over the answers of an edited CSV file (- for standard input): all of them, or none."""
    text = _read(file)
    answers = _answers(app.ledger, text, file)
    if not answers:
        app.console.print(f"{file} answers nothing: its column answer is empty.")
        end(Exit.OK)
    accepted = [answer for answer in answers if answer.state is MatchState.ACCEPTED]
    rejected = [answer for answer in answers if answer.state is MatchState.REJECTED]
    app.console.print(
        f"{len(accepted):,} of {plural(len(answers), 'answer')} accept, {len(rejected):,} reject."
    )
    if not leave_alone:
        told = after_rejection(app.ledger, app.settings, [answer.stored for answer in rejected])
        for line in told[:_SHOWN]:
            app.console.print(line)
        if len(told) > _SHOWN:
            app.console.print(
                f"… and so for {len(told) - _SHOWN:,} more. --leave-alone creates none of them."
            )
    if dry_run:
        app.console.print("Nothing was decided.")
        return
    app.confirm(f"Decide {plural(len(answers), 'match', 'matches')}?", yes=yes)
    with app.writer("tandem matches import", patient=True) as ledger:
        by = getpass.getuser()
        # As they stand now: a person may have taken long over the question.
        for answer in _answers(ledger, text, file):
            if answer.state is MatchState.REJECTED:
                reject_all(ledger, [answer.stored], by=by, note=answer.note, leave_alone=leave_alone)
        done = [
            each
            for answer in accepted
            for each in accept_all(ledger, [answer.stored], by=by, note=answer.note)
        ]
    tell_accepted(app, done)
    if rejected:
        app.console.print(f"{plural(len(rejected), 'match', 'matches')} rejected: they are kept apart.")


#: Of what would be created so many are named.
_SHOWN = 5


def _answers(ledger: Ledger, text: str, file: Path) -> list[MatchAnswer]:
    known = ledger.matches.list(None)
    answers = from_table(
        text,
        file.name,
        {stored.match.key: stored for stored in known},
        records_of(ledger, known),
        _which(ledger),
    )
    check_answers(ledger, [(answer.stored, answer.state) for answer in answers])
    return answers


def _read(file: Path) -> str:
    if str(file) != "-":
        return read_saved(file, remedy="Begin with: tandem matches export FILE.csv")
    try:
        return sys.stdin.buffer.read().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise SettingsError(
            ["Standard input is not UTF-8."], remedy="Begin with: tandem matches export FILE.csv"
        ) from error


def _which(ledger: Ledger) -> str:
    """Tells this ledger from others: by the org and the portal that it knows."""
    known = ledger.systems.known().values()
    return " ".join(sorted(f"{system.name}={system.identity}" for system in known))
