"""run and status: the background service, and how things stand."""

from __future__ import annotations

import logging
import signal
import sys
import threading
from types import FrameType

import click
import structlog

from commands.app import App, Exit, end, json_option, pass_app
from commands.provision import provisioner
from insight.status import status as read_status
from insight.status import status_json, status_view
from sync.daemon import Service
from sync.drift import watcher
from sync.schedule import Intervals


@click.command(epilog="Example: tandem run --once")
@click.option("--once", is_flag=True, help="Do what is due, then end.")
@pass_app
def run(app: App, *, once: bool) -> None:
    """The background service: syncs by its schedule until it is told to stop (SIGTERM finishes the batch in hand)."""
    stop = threading.Event()

    def on_signal(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, on_signal)
        signal.signal(signal.SIGINT, on_signal)
    app.stop = stop.is_set
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    schedule = app.settings.schedule
    intervals = Intervals(sync=schedule.poll, full=schedule.full_compare, outcomes=schedule.outcomes)

    def wait(seconds: float) -> None:
        if once:
            stop.set()
        stop.wait(seconds)

    service = Service(
        app.engine,
        app.ledger,
        intervals,
        app.settings.guard.guard(),
        clock=app.clock,
        wait=wait,
        stopping=stop.is_set,
        watch=watcher(lambda: provisioner(app).plan(), app.ledger, app.clock),
    )
    service.run()
    if once and service.troubles:
        end(Exit.FAILED)


@click.command(epilog="Example: tandem status --json")
@json_option
@pass_app
def status(app: App, *, as_json: bool) -> None:
    """Last Runs, Cursors, backlog, Conflicts, what is held, the next Run and, if there is none, why."""
    found = read_status(app.ledger, app.clock())
    if as_json:
        app.json(status_json(found))
    else:
        app.console.print(status_view(found))
    if found.conflicts:
        end(Exit.CONFLICTS)
