"""run: the background service."""

from __future__ import annotations

import logging
import signal
import sys
import threading
from types import FrameType

import click
import structlog

from commands.app import App, pass_app
from commands.exit_codes import Exit, end
from commands.provision import provisioner
from provision.fields.drift import watcher
from service.schedule import Intervals
from service.worker import Service


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
