"""status: how things stand, told from the ledger alone."""

from __future__ import annotations

import click

from commands.app import App, json_option, pass_app
from commands.exit_codes import Exit, end
from commands.views.status import status_view
from insight.status import status as read_status
from insight.status import status_json


@click.command(epilog="Example: tandem status --json")
@json_option
@pass_app
def status(app: App, *, as_json: bool) -> None:
    """Last Runs, Cursors, backlog, Conflicts, what is held, the next Run and, if there is none, why."""
    found = read_status(app.ledger, app.settings.mapping, app.clock())
    if as_json:
        app.json(status_json(found))
    else:
        app.console.print(status_view(found))
    if found.conflicts or found.matches:
        end(Exit.CONFLICTS)
