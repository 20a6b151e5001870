"""matches: records that may be one account, where only a person can tell."""

from __future__ import annotations

import getpass
from collections.abc import Sequence

import click

from commands.app import App, json_option, pass_app, yes_option
from commands.exit_codes import Exit, end
from commands.views.listing import show as show_view
from commands.views.matches import match_json, matches_view, records_of
from sync.errors import SettingsError
from sync.ledger.ledger import Ledger
from sync.model.inbox import MatchState, StoredMatch
from sync.model.records import Record
from sync.planning.match_decisions import accept as accept_match
from sync.planning.match_decisions import named_record, part
from sync.planning.match_decisions import pin as pin_records
from sync.planning.match_decisions import reject as reject_match

_NOTE = click.option("--note", help="Why; kept with the decision.")


@click.group()
def matches() -> None:
    """Ambiguous groups, duplicates and namesakes: which records are one account."""


@matches.command("list", epilog="Example: tandem matches list --all")
@click.option("--all", "every", is_flag=True, help="Decided ones, too.")
@json_option
@pass_app
def list_(app: App, *, every: bool, as_json: bool) -> None:
    """What waits for a decision, with its evidence and how alike the names are."""
    ledger = app.ledger
    found = ledger.matches.list(None if every else MatchState.OPEN)
    records = records_of(ledger, found)
    if as_json:
        app.json([match_json(stored, records) for stored in found])
    else:
        show_view(app.console, matches_view(found, records))
    if any(stored.state is MatchState.OPEN for stored in found):
        end(Exit.CONFLICTS)


@matches.command(epilog="Example: tandem matches accept 3 0015e0000000001AAA 27300000001")
@click.argument("number", type=int)
@click.argument("ids", nargs=-1)
@_NOTE
@yes_option
@pass_app
def accept(app: App, number: int, ids: tuple[str, ...], note: str | None, *, yes: bool) -> None:
    """These records are one account. Where a System offers several, name the ones that belong together by their IDS."""
    with app.writer("tandem matches accept", patient=True) as ledger:
        stored = _get(ledger, number)
        show_view(app.console, matches_view([stored], records_of(ledger, [stored])))
        app.confirm("Make them one account?", yes=yes)
        link = accept_match(ledger, stored, ids, by=getpass.getuser(), note=note)
        account = ledger.accounts.by_link(link.id)
    app.console.print(f"{link.label} is one account now. Bring it in step with: tandem apply")
    members = account.records.values() if account is not None else ()
    joined = [f"{record.system}:{record.id}" for record in members]
    for other in (f"{system}:{id}" for system, id in stored.match.members):
        if joined and other not in joined:
            app.console.print(
                f"{other} is left alone. Merge it there; or make it an account of its own: "
                f"tandem matches reject {other} {joined[0]}"
            )


@matches.command(epilog="Example: tandem matches reject 3 --note 'two companies of one group'")
@click.argument("what", metavar="NUMBER | RECORD RECORD", nargs=-1, required=True)
@_NOTE
@yes_option
@pass_app
def reject(app: App, what: tuple[str, ...], note: str | None, *, yes: bool) -> None:
    """These records are different accounts, and stay apart for good. What was made one account is taken apart; an
    account that others were asked to join stays as it is.

    Name a match by its NUMBER, or two records that are linked, each by SYSTEM:ID.
    """
    with app.writer("tandem matches reject", patient=True) as ledger:
        by = getpass.getuser()
        if len(what) == 1 and what[0].isdecimal():
            stored = _get(ledger, int(what[0]))
            show_view(app.console, matches_view([stored], records_of(ledger, [stored])))
            app.confirm("Keep them apart?", yes=yes)
            kept = reject_match(ledger, stored, by=by, note=note)
        elif len(what) == 2:
            records = _shown(app, ledger, what, hidden=True)
            app.confirm("Keep them apart?", yes=yes)
            part(ledger, records, by=by, note=note)
            kept = []
        else:
            raise SettingsError(
                ["Name one match, or two records."], remedy="See the matches with: tandem matches list --all"
            )
    app.console.print("They are kept apart.")
    for account in kept:
        told = [f"{record.system}:{record.id}" for record in account.records.values()]
        app.console.print(
            f"{account.link.label} stays one account. To take it apart: tandem matches reject {' '.join(told[:2])}"
        )


@matches.command(epilog="Example: tandem matches pin salesforce:0015e0000000001AAA hubspot:27300000001")
@click.argument("first", metavar="RECORD")
@click.argument("second", metavar="RECORD")
@_NOTE
@yes_option
@pass_app
def pin(app: App, first: str, second: str, note: str | None, *, yes: bool) -> None:
    """Two records are one account although nothing says so. RECORD is SYSTEM:ID, or an id alone."""
    with app.writer("tandem matches pin", patient=True) as ledger:
        records = _shown(app, ledger, (first, second))
        app.confirm("Make them one account?", yes=yes)
        link = pin_records(
            ledger, [(record.system, record.id) for record in records], by=getpass.getuser(), note=note
        )
    app.console.print(f"{link.label} is one account now. Bring it in step with: tandem apply")


def _shown(app: App, ledger: Ledger, named: Sequence[str], *, hidden: bool = False) -> list[Record]:
    records = [named_record(ledger, text, list(app.settings.systems), hidden=hidden) for text in named]
    for record in records:
        app.console.print(f"{record.system} {record.id}  {record.name or ''}  {record.domain or ''}")
    return records


def _get(ledger: Ledger, number: int) -> StoredMatch:
    stored = ledger.matches.get(number)
    if stored is None:
        raise SettingsError(
            [f"There is no match {number}."], remedy="See them with: tandem matches list --all"
        )
    return stored
