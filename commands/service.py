"""run: the background service."""

from __future__ import annotations

import logging
import signal
import sys
import threading
from collections.abc import Mapping
from datetime import UTC, datetime
from types import FrameType

import click
import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from commands.app import App, pass_app
from commands.exit_codes import Exit, end
from commands.provision import provisioner
from commands.views.text import line
from provision.fields.drift import watcher
from service.schedule import Intervals
from service.worker import Service
from sync.local_time import local


@click.command(epilog="Example: tandem run --once")
@click.option("--once", is_flag=True, help="Do what is due, then end.")
@pass_app
def run(app: App, *, once: bool) -> None:
    """The background service: syncs by its schedule until it is told to stop (SIGTERM finishes the batch in hand)."""
    stop = threading.Event()
    interrupted = threading.Event()

    def on_signal(number: int, _frame: FrameType | None) -> None:
        if number == signal.SIGINT:
            interrupted.set()
        stop.set()

    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, on_signal)
        signal.signal(signal.SIGINT, on_signal)
    app.stop = stop.is_set
    structlog.configure(
        processors=_for_people() if sys.stderr.isatty() else _for_programs(),
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
    if interrupted.is_set():
        end(Exit.INTERRUPTED)
    if once and service.troubles:
        end(Exit.FAILED)


def _for_programs() -> list[Processor]:
    """One JSON object a line."""
    return [
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.JSONRenderer(),
    ]


def _for_people() -> list[Processor]:
    """One sentence a line, with the time of the day in the zone of the configuration, and what else is known behind."""
    return [structlog.processors.add_log_level, _in_local_time, _readable]


def _in_local_time(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    return {**event, "timestamp": local(datetime.now(UTC), "%H:%M:%S")}


def _readable(_logger: WrappedLogger, _method: str, event: EventDict) -> str:
    """``09:00:00  run ended: job sync, written.salesforce 3``."""
    said, at, level = (str(event.pop(name, "")) for name in ("event", "timestamp", "level"))
    # What programs look for; its sentence says it already.
    event.pop("action", None)
    told = []
    for name, value in event.items():
        if isinstance(value, Mapping):
            told += [f"{key} {count}" for key, count in value.items()]
        else:
            told.append(f"{name} {value}")
    mark = "" if level == "info" else f"{level}: "
    return line(f"{at}  {mark}{said}{': ' if told else ''}{', '.join(told)}")
