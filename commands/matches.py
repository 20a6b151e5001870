"""matches: pairs of records that may be one account, where only a person can tell."""

from __future__ import annotations

import getpass
from collections.abc import Sequence

import click

from commands.app import App, json_option, pass_app, yes_option
from commands.exit_codes import Exit, end
from commands.match_answers import (
    accept_all,
    after_rejection,
    check_answers,
    leave_alone_offered,
    reject_all,
    tell_accepted,
)
from commands.match_files import export, import_
from commands.match_names import named_matches, names_matches
from commands.match_review import review
from commands.pages import page_of
from commands.views.listing import show
from commands.views.matches import match_json, matches_view, records_of
from commands.views.text import line, plural
from sync.errors import SettingsError
from sync.ledger.ledger import Ledger
from sync.model.inbox import MatchState, StoredMatch
from sync.model.records import Record
from sync.planning.match_decisions import is_duplicate, named_record, part
from sync.planning.match_decisions import pin as pin_records

_NOTE = click.option("--note", help="Why; kept with the decision.")
_DRY_RUN = click.option("--dry-run", is_flag=True, help="Say what would be decided, and decide nothing.")


@click.group()
def matches() -> None:
    """Pairs of records that may be one account, where only you can tell."""


matches.add_command(export)
matches.add_command(import_)
matches.add_command(review)


@matches.command("list", epilog="Example: tandem matches list --all")
@click.option(
    "--all", "every", is_flag=True, help="Also those decided, and those that wait for another answer."
)
@json_option
@pass_app
def list_(app: App, *, every: bool, as_json: bool) -> None:
    """What waits for your answer: two records each, with the evidence and how much speaks for it (0 to 1)."""
    ledger = app.ledger
    waiting = ledger.matches.list(MatchState.WAITING)
    found = ledger.matches.list(None if every else MatchState.OPEN)
    records = records_of(ledger, found)
    if as_json:
        page = page_of(app, ledger)
        app.json([match_json(stored, records, page) for stored in found])
    else:
        show(app.console, matches_view(found, records, waiting=0 if every else len(waiting)))
    if any(stored.state is MatchState.OPEN for stored in found):
        end(Exit.CONFLICTS)


@matches.command(epilog="Example: tandem matches accept --all --min-score 0.95")
@click.argument("keys", metavar="KEY...", nargs=-1)
@click.option("--all", "every", is_flag=True, help="All that are open; of two records of one System none.")
@click.option(
    "--min-score",
    type=click.FloatRange(0, 1),
    help="With --all: only those for which so much speaks, 0 to 1.",
)
@_NOTE
@_DRY_RUN
@yes_option
@pass_app
def accept(
    app: App,
    keys: tuple[str, ...],
    min_score: float | None,
    note: str | None,
    *,
    every: bool,
    dry_run: bool,
    yes: bool,
) -> None:
    """The two records of each match are one account. KEY is what `tandem matches list` shows, or its beginning.

    Of two records of one System, one is left alone until they are merged there.
    """
    if every == bool(keys):
        raise SettingsError(
            ["Say which matches."], remedy="Give their keys, or --all (with --min-score 0.95)."
        )
    if min_score is not None and not every:
        raise SettingsError(["--min-score goes with --all."], remedy="Give --all, or no --min-score.")
    ledger = app.ledger
    if every:
        found = [
            stored
            for stored in ledger.matches.list()
            if not is_duplicate(stored) and (stored.match.score or 0) >= (min_score or 0)
        ]
    else:
        found = named_matches(ledger, keys)
    if not found:
        app.console.print(_none_to_accept(ledger, min_score))
        return
    check_answers(ledger, [(stored, MatchState.ACCEPTED) for stored in found])
    show(app.console, matches_view(found, records_of(ledger, found), hints=False))
    if dry_run:
        app.console.print(f"{plural(len(found), 'match', 'matches')} would be accepted. Nothing was decided.")
        return
    question = "Make them one account?" if len(found) == 1 else f"Accept {len(found):,} matches?"
    app.confirm(question, yes=yes)
    with app.writer("tandem matches accept", patient=True) as ledger:
        now = _still(ledger, found)
        check_answers(ledger, [(stored, MatchState.ACCEPTED) for stored in now])
        accepted = accept_all(ledger, now, by=getpass.getuser(), note=note)
    tell_accepted(app, accepted)


@matches.command(
    epilog="Example: tandem matches reject m4kq2 --leave-alone --note 'two companies of one group'"
)
@click.argument("what", metavar="KEY... | RECORD RECORD", nargs=-1, required=True)
@click.option("--leave-alone", is_flag=True, help="And make neither of them an account in another System.")
@_NOTE
@_DRY_RUN
@yes_option
@pass_app
def reject(
    app: App, what: tuple[str, ...], note: str | None, *, leave_alone: bool, dry_run: bool, yes: bool
) -> None:
    """The two records of each match are different accounts, and stay apart for good. Says what the next Run creates for
    them. What was made one account is taken apart; an account that another record was asked to join stays as it is.

    Name matches by their KEYs, or two records that are linked, each by SYSTEM:ID.
    """
    ledger = app.ledger
    by = getpass.getuser()
    if len(what) == 2 and not names_matches(ledger, what):
        if leave_alone:
            raise SettingsError(
                ["--leave-alone goes with a match."], remedy="Name a match by its KEY, or leave it out."
            )
        records = _shown(app, ledger, what, hidden=True)
        if dry_run:
            app.console.print("They would be kept apart. Nothing was decided.")
            return
        app.confirm("Keep them apart?", yes=yes)
        with app.writer("tandem matches reject", patient=True) as ledger:
            part(ledger, records, by=by, note=note)
        app.console.print("They are kept apart.")
        return
    found = named_matches(ledger, what)
    check_answers(ledger, [(stored, MatchState.REJECTED) for stored in found])
    show(app.console, matches_view(found, records_of(ledger, found), hints=False))
    told = after_rejection(ledger, app.settings, found)
    for said in () if leave_alone else told:
        app.console.print(said)
    if dry_run:
        app.console.print(f"{plural(len(found), 'match', 'matches')} would be rejected. Nothing was decided.")
        return
    app.confirm("Keep them apart?", yes=yes)
    leave_alone = leave_alone or (bool(told) and not yes and leave_alone_offered())
    with app.writer("tandem matches reject", patient=True) as ledger:
        now = _still(ledger, found)
        check_answers(ledger, [(stored, MatchState.REJECTED) for stored in now])
        kept = reject_all(ledger, now, by=by, note=note, leave_alone=leave_alone)
    app.console.print("They are kept apart." + (" Neither is created anywhere else." if leave_alone else ""))
    if told and not leave_alone:
        app.console.print("See what the next Run creates with: tandem plan")
    for account in kept:
        records_there = [f"{record.system}:{record.id}" for record in account.records.values()]
        app.console.print(
            f"{account.link.label} stays one account. To take it apart: "
            f"tandem matches reject {' '.join(records_there[:2])}"
        )


@matches.command(epilog="Example: tandem matches pin salesforce:0015e0000000001AAA hubspot:27300000001")
@click.argument("first", metavar="RECORD")
@click.argument("second", metavar="RECORD")
@_NOTE
@yes_option
@pass_app
def pin(app: App, first: str, second: str, note: str | None, *, yes: bool) -> None:
    """Two records are one account although nothing says so. RECORD is SYSTEM:ID, or an id alone."""
    records = _shown(app, app.ledger, (first, second))
    app.confirm("Make them one account?", yes=yes)
    with app.writer("tandem matches pin", patient=True) as ledger:
        one, other = (record.key for record in records)
        link = pin_records(ledger, (one, other), by=getpass.getuser(), note=note)
    app.console.print(f"{link.label} is one account now. Bring it in step with: tandem apply")


def _none_to_accept(ledger: Ledger, min_score: float | None) -> str:
    """Why all that is open comes to nothing."""
    waiting = ledger.matches.list()
    if not waiting:
        return "No match is open; nothing was decided."
    duplicates = sum(map(is_duplicate, waiting))
    below = len(waiting) - duplicates
    told = [
        *([f"{plural(below, 'match', 'matches')} below {min_score:g}"] if below else []),
        *([f"{plural(duplicates, 'match', 'matches')} of two records of one System"] if duplicates else []),
    ]
    return f"Open are {' and '.join(told)}; nothing was decided. See them with: tandem matches list"


def _shown(app: App, ledger: Ledger, named: Sequence[str], *, hidden: bool = False) -> list[Record]:
    records = [named_record(ledger, text, list(app.settings.systems), hidden=hidden) for text in named]
    for record in records:
        app.console.print(line(f"{record.system} {record.id}  {record.name or ''}  {record.domain or ''}"))
    return records


def _still(ledger: Ledger, found: Sequence[StoredMatch]) -> list[StoredMatch]:
    """The same as they stand now: the lease is not held while a person thinks."""
    now = ledger.matches.by_keys(stored.match.key for stored in found)
    gone = [stored.match.key for stored in found if stored.match.key not in now]
    if gone:
        raise SettingsError(
            [f"{key} is asked no longer." for key in gone],
            remedy="Nothing was written. See what is asked with: tandem matches list",
        )
    return [now[stored.match.key] for stored in found]
