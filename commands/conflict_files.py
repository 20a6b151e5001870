"""conflicts export and import: many Conflicts decided in a spreadsheet."""

from __future__ import annotations

import getpass
from pathlib import Path

import click
from rich.text import Text

from commands.app import App, pass_app, read_saved, save, yes_option
from commands.exit_codes import Exit, end
from commands.filters import named_filters, told_filters
from commands.views.conflicts import answer_line, labels_of
from commands.views.text import plural
from sync.core.resolutions import check_as_seen, from_table, to_table
from sync.errors import SettingsError
from sync.model.records import SystemName


@click.command(epilog="Example: tandem conflicts export inbox.csv --field tier")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--field", help="Only Conflicts of this canonical field.")
@click.option("--system", help="Only Conflicts in which this System takes part.")
@pass_app
def export(app: App, file: Path, field: str | None, system: SystemName | None) -> None:
    """Open Conflicts into a CSV file, to be decided in its last columns: decision and note.

    A decision is a System's name, a rule's name (newest, furthest), a value, or (blank).
    """
    field, system = named_filters(app, field, system)
    found = app.ledger.conflicts.list(field=field, system=system)
    asked = told_filters(field=field, system=system)
    if asked and not found:
        raise SettingsError(
            [f"No Conflict{asked} is open; {file} was not written."],
            remedy="See those that are with: tandem conflicts list",
        )
    # With its mark, or Excel takes accents for something else.
    save(file, f"\ufeff{to_table(found, labels_of(app.ledger, found))}")
    if not found:
        app.console.print(f"No Conflict is open, so {file} holds none.")
        return
    app.console.print(f"{plural(len(found), 'Conflict')} in {file}. Fill in the column decision, then:")
    app.console.print(Text(f"  tandem conflicts import {file}", style="bold"))


@click.command("import", epilog="Example: tandem conflicts import inbox.csv --yes")
@click.argument("file", type=click.Path(path_type=Path))
@yes_option
@pass_app
def import_(app: App, file: Path, *, yes: bool) -> None:
    """Take over the decisions of an edited CSV file: all of them, or none. The next Run carries them out."""
    text = read_saved(file, remedy="Begin with: tandem conflicts export FILE.csv")
    ledger = app.ledger
    known = {conflict.id: conflict for conflict in ledger.conflicts.list(state=None)}
    labels = labels_of(ledger, known.values())
    answers = from_table(text, known, app.settings.mapping.fields, labels)
    if not answers:
        app.console.print(f"{file} decides nothing: its column decision is empty.")
        end(Exit.OK)
    for answer in answers:
        app.console.print(answer_line(answer, labels))
    app.confirm(f"Decide {plural(len(answers), 'Conflict')}?", yes=yes)
    with app.writer("tandem conflicts import", patient=True) as ledger:
        check_as_seen(answers, ledger.conflicts.by_id(answer.conflict.id for answer in answers))
        ledger.conflicts.decide_all(
            [(answer.conflict.id, answer.value, answer.note) for answer in answers], by=getpass.getuser()
        )
    app.console.print("Decided. Carry it out with: tandem apply")
