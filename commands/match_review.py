"""matches review: one question at a time, on a terminal."""

from __future__ import annotations

import getpass
import sys

import click
from rich.text import Text

from commands.app import App, pass_app
from commands.match_answers import (
    accept_all,
    after_rejection,
    check_answers,
    leave_alone_offered,
    reject_all,
    tell_accepted,
)
from commands.pages import page_of
from commands.views.matches import pair_view, records_of, why_view
from commands.views.text import FAINT, plural
from sync.errors import SettingsError
from sync.model.inbox import MatchState, StoredMatch

_KEYS = "y: one account   n: two accounts   l: later   w: why   q: quit"
#: Also the end of the input, and Ctrl-C where a terminal hands it on.
_ANSWERS = {"y": "y", "n": "n", "l": "l", "q": "q", "\x04": "q", "\x03": "q", "": "q"}


@click.command(epilog="Example: tandem matches review")
@pass_app
def review(app: App) -> None:
    """Answer open matches one at a time: y (one account), n (two), l (later), w (why), q (quit).

    Each answer is kept at once.
    """
    if not (sys.stdin.isatty() and app.console.is_terminal):
        raise SettingsError(
            ["A review asks one question at a time, and nobody is there to answer."],
            remedy="Answer in a spreadsheet: tandem matches export FILE.csv, then tandem matches import FILE.csv",
        )
    found = sorted(app.ledger.matches.list(), key=lambda stored: -(stored.match.score or 0))
    if not found:
        app.console.print("No records wait for an answer.")
        return
    answered = 0
    for place, stored in enumerate(found, start=1):
        app.console.print(Text(f"{place:,} of {len(found):,}", style=FAINT))
        said = _ask(app, stored)
        if said == "q":
            break
        if said in "yn" and _decide(app, stored, accepted=said == "y"):
            answered += 1
    left = len(app.ledger.matches.list())
    app.console.print(f"{plural(answered, 'answer')} kept, {plural(left, 'match', 'matches')} left.")
    if answered:
        app.console.print("What waited for these answers is asked by the next Run: tandem plan")


def _ask(app: App, stored: StoredMatch) -> str:
    """``y``, ``n``, ``l`` or ``q``."""
    records = records_of(app.ledger, [stored])
    app.console.print(pair_view(stored, records, page_of(app, app.ledger)))
    while True:
        app.console.print(Text(_KEYS, style="bold"))
        said = click.getchar().casefold()
        if said == "w":
            app.console.print(why_view(stored, records))
            for line in after_rejection(app.ledger, app.settings, [stored]):
                app.console.print(f"If they are two: {line}")
        elif said in _ANSWERS:
            return _ANSWERS[said]


def _decide(app: App, stored: StoredMatch, *, accepted: bool) -> bool:
    """Keep one answer; False where it cannot be given, which is told."""
    state = MatchState.ACCEPTED if accepted else MatchState.REJECTED
    told = [] if accepted else after_rejection(app.ledger, app.settings, [stored])
    for said in told:
        app.console.print(said)
    alone = bool(told) and leave_alone_offered()
    by = getpass.getuser()
    with app.writer("tandem matches review", patient=True) as ledger:
        # An answer before it may have decided this one, too.
        now = ledger.matches.get(stored.id)
        try:
            if now is None:
                raise SettingsError([f"{stored.match.key} is asked no longer."])
            check_answers(ledger, [(now, state)])
            if accepted:
                tell_accepted(app, accept_all(ledger, [now], by=by))
            else:
                reject_all(ledger, [now], by=by, leave_alone=alone)
        except SettingsError as error:
            for problem in error.problems:
                app.console.print(Text(problem, style="red"))
            return False
    return True
