"""The command line: finds the command that is called, and turns errors into exit codes."""

from __future__ import annotations

import gc
import io
import os
import signal
import sys
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, TextIO, cast

import click
from rich.text import Text

from commands.exit_codes import Exit, Interrupted
from commands.lazy import LazyGroup, Named
from commands.views.terminal import Terminal
from commands.views.text import harmless
from connector.clock import Pace
from connector.errors import ConnectorError, Retryable, WrongIdentity
from connector.secrecy import ScrubbedStream
from mappings.errors import MappingError
from sync import local_time
from sync.errors import SyncError

if TYPE_CHECKING:
    from commands.app import Exporter, Page
    from connector.base import Connector
    from sync.settings.load import Settings

#: Calls to one System at the same time: what both CRMs take without a murmur.
_IN_FLIGHT = 6


class _Tandem(LazyGroup):
    """Tells whoever presses Ctrl-C what was finished, while that is still known."""

    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except (KeyboardInterrupt, click.exceptions.Abort) as error:
            if not _was_interrupted(error):
                raise
            told = getattr(ctx.obj, "finished", str)()
            raise Interrupted(f"Stopped. {told}".rstrip()) from error


def _was_interrupted(error: BaseException | None) -> bool:
    """A question that is answered with No ends in the same way as one that Ctrl-C ends, but for what it comes from."""
    return isinstance(error, KeyboardInterrupt) or (
        error is not None and any(map(_was_interrupted, (error.__cause__, error.__context__)))
    )


@click.group(cls=_Tandem, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--config",
    type=click.Path(path_type=Path),
    default=Path("tandem.yaml"),
    envvar="TANDEM_CONFIG",
    show_default=True,
    show_envvar=True,
    help="The configuration file.",
)
@click.version_option(package_name="tandem-sync")
@click.pass_context
def tandem(context: click.Context, config: Path) -> None:
    """Keep target accounts in step between Salesforce and HubSpot."""
    # Until a configuration is read; the command before, in the same process, may have had another one.
    local_time.tell_in(None)
    # Help, version and completion never come here, and have no use for settings and a ledger.
    from commands.app import App  # noqa: PLC0415

    # A clock that is handed in is a rehearsal's, where one call after the other tells the same story each time.
    in_flight = _IN_FLIGHT if context.obj is None else 1
    pace: Pace = context.obj or Pace.real()
    app = App(
        config=config,
        connect=partial(_connect, pace=pace),
        console=Terminal(),
        clock=pace.wall,
        wait=pace.sleep,
        run=partial(run, pace=pace),
        in_flight=in_flight,
        exporters=_exporters,
        pages=_pages,
    )
    context.obj = app
    context.call_on_close(app.close)


#: Each command in the words of its own help; a test compares them.
_COMMANDS = (
    Named(
        "demo",
        "commands.demo:demo",
        "The whole story on the local emulators: nothing to set up, nothing leaves this machine.",
    ),
    Named("init", "commands.init:init", "Write tandem.yaml and editable mappings."),
    Named(
        "doctor",
        "commands.doctor:doctor",
        "Check reach, identity, edition, rights, quotas, fields, rules, owners, second writers and "
        "ledger; each finding with a remedy.",
    ),
    Named(
        "plan",
        "commands.sync:plan",
        "Dry run: what would change in each System, why, and what it costs.",
    ),
    Named("apply", "commands.sync:apply", "Carry out a saved Plan; without one, plan, confirm and apply."),
    Named("sync", "commands.sync:sync", "One full Run without questions, for cron."),
    Named("undo", "commands.undo:undo", "Put back what a Run overwrote."),
    Named(
        "run",
        "commands.service:run",
        "The background service: syncs by its schedule until it is told to stop (SIGTERM finishes "
        "the batch in hand).",
    ),
    Named(
        "status",
        "commands.status:status",
        "Last Runs, Cursors, backlog, Conflicts, what is held, the next Run and, if there is none, why.",
    ),
    Named(
        "conflicts",
        "commands.conflicts:conflicts",
        "The inbox: base, each side, who and when, and what each rule would do.",
    ),
    Named(
        "matches",
        "commands.matches:matches",
        "Pairs of records that may be one account, where only you can tell.",
    ),
    Named(
        "runs",
        "commands.runs:runs",
        "The journal: every Run, and what each of them wrote.",
    ),
    Named(
        "held",
        "commands.held:held",
        "What could not be written: why, what to do, and when it is tried again.",
    ),
    Named(
        "systems",
        "commands.systems:systems",
        "The orgs and portals that the ledger knows, and what tandem.yaml calls them.",
    ),
    Named("ledger", "commands.ledger:ledger", "The database of everything that Tandem remembers."),
    Named(
        "explain",
        "commands.explain:explain",
        "One timeline of an account, or of one field of it: edits, rules, writes, Conflicts, in "
        "both CRMs and the ledger.",
    ),
    Named("scores", "commands.scores:scores", "Import computed scores and push them to the CRMs."),
    Named("outcomes", "commands.outcomes:outcomes", "Opportunities and deals into the ledger."),
    Named("report", "commands.report:report", "What both teams read."),
    Named(
        "emulator",
        "commands.emulator:emulator",
        "Local Salesforce and HubSpot servers that behave like the real ones.",
    ),
    Named(
        "provision",
        "commands.provision:provision",
        "Fields, options and rights: what is missing, wrong or off the contract.",
    ),
    Named(
        "stages",
        "commands.stages:stages",
        "The stage contract: ladders and opportunity stages, the same in every CRM.",
    ),
)
for command in _COMMANDS:
    tandem.add_command(command)


def _connect(settings: Settings, pace: Pace) -> dict[str, Connector]:
    # The CRMs' client libraries are most of what is imported here; only who talks to a CRM waits for them.
    from crms import connect  # noqa: PLC0415

    return connect(settings, pace)


def _exporters() -> Mapping[str, Exporter]:
    from crms import EXPORTERS  # noqa: PLC0415

    return EXPORTERS


def _pages() -> Mapping[str, Page]:
    from crms import PAGES  # noqa: PLC0415

    return PAGES


def _fail(message: str, remedy: str | None, code: int) -> int:
    console = Terminal(stderr=True)
    console.print(Text.assemble(("error ", "bold red"), message))
    if remedy:
        console.print(Text.assemble(("what to do  ", "bold"), remedy))
    return code


def run(arguments: list[str] | None = None, *, pace: Pace | None = None) -> int:
    """Run one command and return its exit code. ``pace``: clocks and chance; this machine's unless told."""
    try:
        code = tandem.main(args=arguments, prog_name="tandem", standalone_mode=False, obj=pace)
    except (KeyboardInterrupt, Interrupted, click.exceptions.Abort) as error:
        if not _was_interrupted(error):
            return _fail("Stopped; nothing more was written.", None, Exit.FAILED)
        said = str(error) or "Stopped."
        return _fail(said, "Run the same command again; what is done is not repeated.", Exit.INTERRUPTED)
    except click.ClickException as error:
        shown = io.StringIO()
        error.show(shown)
        # It repeats what was typed, or what a file held.
        click.echo(harmless(shown.getvalue()), err=True, nl=False)
        return Exit.USAGE
    except (SyncError, ConnectorError, MappingError) as error:
        return _fail(*_told(error))
    except OSError as error:
        return _out_of_place(error)
    return code if isinstance(code, int) else Exit.OK


def _out_of_place(error: OSError) -> int:
    """Tell of what the system refused, and raise it again where nobody can do anything about it."""
    if isinstance(error, BrokenPipeError):
        # Who read the pipe has seen enough, such as `head`. What is still to be flushed goes nowhere, in silence.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return Exit.FAILED
    if error.filename is None:
        raise error
    # A name too long, a link to itself, a disk that is full or gone.
    remedy = "See that the path is right and that you may use it."
    return _fail(f"{error.filename}: {error.strerror}.", remedy, Exit.USAGE)


def _told(error: SyncError | ConnectorError | MappingError) -> tuple[str, str | None, int]:
    """Message, remedy and exit code of an error that people are told of."""
    if isinstance(error, SyncError):
        return str(error), error.remedy, error.exit_code
    if isinstance(error, MappingError):
        return str(error), "Fix these and run the command again.", Exit.USAGE
    message, remedy = str(error), error.remedy
    if remedy is None and isinstance(error, Retryable):
        remedy = (
            "Run the same command again later; it goes on where it stopped. If it stays so: tandem doctor."
        )
    if error.system and not message.startswith(error.system):
        message = f"{error.system}: {message}"
    return message, remedy, Exit.REFUSED if isinstance(error, WrongIdentity) else Exit.FAILED


def spare_the_collector() -> None:
    """A large Run makes a few million small objects that live until it ends, and no circles worth looking for: with
    Python's own thresholds a tenth of its time would go into looking."""
    gc.set_threshold(50_000, 20, 20)


def main() -> None:
    """Entry point of the ``tandem`` command."""
    # Whatever writes there, a traceback included.
    sys.stdout, sys.stderr = (
        cast(TextIO, ScrubbedStream(sys.stdout)),
        cast(TextIO, ScrubbedStream(sys.stderr)),
    )
    spare_the_collector()
    signal.signal(signal.SIGTERM, _interrupt)
    code = run()
    if code == Exit.INTERRUPTED:
        # All is closed. What the interpreter does yet would take a second press of the key for a death.
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
    sys.exit(code)


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    main()
