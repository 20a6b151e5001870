"""outcomes: what became of opportunities and deals."""

from __future__ import annotations

import click
from rich.text import Text

from abm.outcomes.pull import run_outcomes
from commands.app import App, json_option, pass_app
from commands.views.text import plural


@click.group()
def outcomes() -> None:
    """Opportunities and deals into the ledger."""


@outcomes.command(epilog="Example: tandem outcomes pull")
@click.option("--full", is_flag=True, help="Read everything, not only what changed.")
@json_option
@pass_app
def pull(app: App, *, full: bool, as_json: bool) -> None:
    """Read opportunities and deals that changed: stage, amount, close date, won and closed, account."""
    with app.writer("tandem outcomes pull") as ledger:
        with app.working("Reading opportunities and deals …"):
            _, found = run_outcomes(app.engine, full=full)
        standing = ledger.outcomes.counts()
    if as_json:
        app.json(
            {
                name: {
                    "read": pulled.read,
                    "new": pulled.new,
                    "changed": pulled.changed,
                    "removed": pulled.removed,
                    "open": standing[name].open if name in standing else 0,
                    "won": standing[name].won if name in standing else 0,
                    "lost": standing[name].lost if name in standing else 0,
                    "without_account": standing[name].without_account if name in standing else 0,
                    "unlinked": standing[name].unlinked if name in standing else 0,
                }
                for name, pulled in found.items()
            }
        )
        return
    for name, pulled in found.items():
        app.console.print(
            Text.assemble(
                (name, "bold"), f"  read {pulled.read:,}: {pulled.new:,} new, {pulled.changed:,} changed"
            )
        )
        if name in standing:
            counts = standing[name]
            app.console.print(
                f"  now {counts.won:,} won, {counts.lost:,} lost, {counts.open:,} open; "
                f"{plural(counts.without_account, 'opportunity', 'opportunities')} without an account, "
                f"{counts.unlinked:,} with one that is not linked"
            )
