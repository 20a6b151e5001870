"""report: what both teams read."""

from __future__ import annotations

import click

from commands.app import App, json_option, pass_app
from commands.views.pipeline import pipeline_view
from insight.reports.pipeline import pipeline, pipeline_json


@click.group()
def report() -> None:
    """What both teams read."""


@report.command("pipeline", epilog="Example: tandem report pipeline --json")
@json_option
@pass_app
def pipeline_(app: App, *, as_json: bool) -> None:
    """Pipeline per account by tier: target accounts beside the rest, won, lost, win rate."""
    tier = app.settings.mapping.fields.get("tier")
    tiers = [(option.value, option.label) for option in tier.options] if tier is not None else []
    made = pipeline(app.ledger, tiers)
    if as_json:
        app.json(pipeline_json(made))
    else:
        app.console.print(pipeline_view(made))
