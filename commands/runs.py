"""runs: the journal of what Tandem did."""

from __future__ import annotations

from datetime import datetime, timedelta

import click
from rich.text import Text

from commands.app import App, json_option, pass_app
from commands.filters import read_when, since
from commands.views.listing import Remark, show
from commands.views.runs import run_head, runs_listing, writes_listing
from insight.runs import run_json, run_story, run_story_json, running
from sync.errors import SettingsError


@click.group()
def runs() -> None:
    """The journal: every Run, and what each of them wrote."""


@runs.command("list", epilog="Example: tandem runs list --writes --since 7d")
@click.option("--writes", "wrote", is_flag=True, help="Only Runs that wrote to a CRM, or meant to.")
@click.option(
    "--since",
    "began",
    callback=read_when,
    metavar="WHEN",
    help="Only Runs since: 30m, 12h, 7d, or a date.",
)
@click.option(
    "--limit", type=click.IntRange(min=1), default=50, show_default=True, help="How many to list at the most."
)
@json_option
@pass_app
def list_(app: App, began: timedelta | datetime | None, limit: int, *, wrote: bool, as_json: bool) -> None:
    """Runs, newest first."""
    found = app.ledger.runs.find(since=since(began, app.clock()), wrote=wrote, limit=limit + 1)
    more, found = len(found) > limit, found[:limit]
    if as_json:
        app.json([run_json(run) for run in found])
        return
    if found:
        show(app.console, runs_listing(found, running(found, app.ledger.lease.current())))
    elif wrote or began is not None:
        show(app.console, Remark(Text("No such Run. All of them: tandem runs list", style="yellow")))
    else:
        show(app.console, Remark(Text("No Run yet. Begin with: tandem plan", style="yellow")))
    if more:
        show(
            app.console, Remark(Text(f"These are the newest {limit:,}; --limit lists more.", style="yellow"))
        )


@runs.command("show", epilog="Example: tandem runs show 260302-091500")
@click.argument("run", metavar="RUN")
@json_option
@pass_app
def show_(app: App, run: str, *, as_json: bool) -> None:
    """One Run and every value that it wrote, with what stood there before and what became of it."""
    found = app.ledger.runs.get(run)
    if found is None:
        raise SettingsError([f"There is no Run {run}."], remedy="See them with: tandem runs list")
    story = run_story(app.ledger, found)
    if as_json:
        app.json(run_story_json(story))
        return
    for line in run_head(story, running([found], app.ledger.lease.current())):
        show(app.console, Remark(line))
    if story.writes:
        show(app.console, writes_listing(story))
