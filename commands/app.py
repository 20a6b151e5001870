"""What every command works with: settings, ledger, Connectors, and the terminal."""

from __future__ import annotations

import json
import select
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.console import Console
from rich.status import Status

from commands.calls import CallKeeper
from commands.exit_codes import Exit
from connector.base import Connector, Deployment
from connector.printable import harmless_json, printable
from connector.secrecy import scrub
from mappings.files.text_file import NoTextFile, read_text
from sync import local_time
from sync.core.identities import Mismatch
from sync.errors import LedgerError, SettingsError
from sync.ledger.ledger import Ledger
from sync.ledger.systems import KnownSystem
from sync.model.progress import Progress
from sync.private_file import write_private
from sync.settings.load import Settings, load
from sync.settings.systems import System

if TYPE_CHECKING:
    from sync.engine import Engine

#: Seconds between two renewals of the lease while a person is waited for.
_BEAT = 5.0
#: A Run of the service seldom takes longer.
_PATIENCE = timedelta(minutes=1)

#: Makes the Connectors of all configured Systems; handed in by ``cli``.
Connect = Callable[[Settings], dict[str, Connector]]
#: Definitions as files, path -> content, in one format; a format that is a single file has the path "".
Exporter = Callable[[System, Deployment], Mapping[str, bytes]]
#: The address of a record's page for people, from its System as configured, the id of the org or portal, the object
#: and the record's id; None where nothing tells it.
Page = Callable[[System, str, str, str], str | None]


def _nothing() -> None:
    pass


@dataclass
class App:
    """One call of the command line. Nothing is opened before it is asked for."""

    config: Path
    connect: Connect
    console: Console
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    #: Waits so many seconds.
    wait: Callable[[float], object] = time.sleep
    stop: Callable[[], bool] = lambda: False
    #: Calls to one System at the same time.
    in_flight: int = 1
    #: Runs another command, given as its words, and returns its exit code; handed in by ``cli``.
    run: Callable[[list[str]], int] = lambda _words: int(Exit.FAILED)
    _beat: Callable[[], None] = _nothing
    #: Format -> who writes definitions in it; handed in by ``cli``.
    exporters: Callable[[], Mapping[str, Exporter]] = dict
    #: Kind of a System -> where its records' pages are; handed in by ``cli``.
    pages: Callable[[], Mapping[str, Page]] = dict
    #: What was finished, by System and kind, in the order in which it began.
    _finished: dict[tuple[str, str], Progress] = field(default_factory=dict)
    _working: str = ""
    _shown: Status | None = None
    #: Systems that the ledger sees for the first time were told of.
    _told_of_new: bool = False
    _open: list[Callable[[], None]] = field(default_factory=list)
    _keepers: list[CallKeeper] = field(default_factory=list)

    @cached_property
    def settings(self) -> Settings:
        return self._told_in(load(self.config))

    def settings_to_adopt(self, field: str) -> Settings:
        """The same where a field may lack its places in the Systems; what needs settings from then on has these."""
        self.settings = self._told_in(load(self.config, adopting=field))
        return self.settings

    def _told_in(self, settings: Settings) -> Settings:
        """From here on times are told in the zone of this configuration."""
        local_time.tell_in(settings.zone)
        return settings

    @property
    def folder(self) -> Path:
        """Where the configuration is, and what is kept of a ledger that is no file."""
        return self.settings.file.parent

    @cached_property
    def ledger(self) -> Ledger:
        """The ledger; where it knows other Systems than the configuration, that is told on standard error."""
        ledger = self.any_ledger
        for wrong in self._misnamed(ledger, ledger.systems.known()):
            click.echo(printable(f"{wrong.message} {wrong.remedy}"), err=True)
        return ledger

    @cached_property
    def any_ledger(self) -> Ledger:
        """The ledger, whatever Systems it knows."""
        ledger = Ledger.open(self.settings.ledger, self.clock, beside=self.folder)
        self._open.append(ledger.close)
        return ledger

    @cached_property
    def connectors(self) -> dict[str, Connector]:
        connectors = self.connected(self.settings)
        self._open.extend(connector.close for connector in connectors.values())
        return connectors

    def connected(self, settings: Settings) -> dict[str, Connector]:
        """Connectors that write with the lease alone, and whose calls are counted; the caller closes them."""
        connectors = self.connect(settings)
        for name, connector in connectors.items():
            connector.before_writes(self._look_at_lease)
            share = settings.systems[name].quota_share
            keeper = CallKeeper(connector=connector, share=share, ledger=self._ledger_if_any)
            connector.before_calls(keeper.before_call)
            self._keepers.append(keeper)
        return connectors

    def _look_at_lease(self, patience: float) -> None:
        """Whoever writes to a CRM holds the lease, until the answer is there."""
        self.any_ledger.lease.look(patience)

    def _ledger_if_any(self) -> Ledger | None:
        """The ledger, unless there is none yet or it cannot be used: that is told by whoever needs it."""
        if "any_ledger" in self.__dict__:
            return self.any_ledger
        try:
            # One of a former version is not brought up to date for this.
            Ledger.open(self.settings.ledger, self.clock, read_only=True).close()
            return self.any_ledger
        except LedgerError:
            return None

    @cached_property
    def engine(self) -> Engine:
        self._require_names()
        return self.engine_over(self.any_ledger)

    def engine_over(self, ledger: Ledger) -> Engine:
        """An Engine over another ledger than the configured one, such as a copy of it."""
        # Most commands only tell what the ledger knows; importing the engine would be most of what they do.
        from commands.engine import engine_over  # noqa: PLC0415

        engine = engine_over(
            ledger,
            self.settings,
            self.connectors,
            clock=self.clock,
            stop=self.stop,
            in_flight=self.in_flight,
            beat=self.keep_lease,
        )
        engine.report = self.report
        return engine

    def report(self, progress: Progress) -> None:
        """Show on a terminal how far something has come, and keep it for whoever stops the command."""
        self._finished[progress.system, progress.what] = progress
        if self._shown is not None:
            self._shown.update(f"{self._working} {progress.text}")

    def finished(self) -> str:
        """What the command has done so far, as a sentence."""
        told = "; ".join(progress.text for progress in self._finished.values())
        return f"Finished until then: {told}." if told else ""

    def keep_lease(self) -> None:
        """Renew whichever lease is held when this is called."""
        self._beat()

    @contextmanager
    def writer(self, holder: str, *, patient: bool = False) -> Iterator[Ledger]:
        """The ledger, with the lease of its one writer; ``LedgerHeld`` where another process has it. ``patient``: only
        after a minute, for what people decide between two Runs of the service."""
        patience = _PATIENCE if patient else timedelta()
        self._require_names()
        with self.any_ledger.lease.holding(holder, patience=patience, wait=self.wait) as beat:
            self._beat = beat
            try:
                yield self.any_ledger
            finally:
                self._beat = _nothing

    def _require_names(self) -> None:
        """``SettingsError`` where the ledger knows a System that the configuration does not name: what is known of it
        would be taken for gone, or read once more under another name."""
        known = self.any_ledger.systems.known()
        wrong = self._misnamed(self.any_ledger, known)
        if wrong:
            raise SettingsError(
                [*(one.message for one in wrong), "Nothing was read or written."],
                remedy="\n".join(one.remedy for one in wrong),
            )
        new = [name for name in self.settings.systems if known and name not in known]
        if new and not self._told_of_new:
            self._told_of_new = True
            click.echo(
                f"New to the ledger: {', '.join(new)}. It is read whole, and its accounts are matched with those of "
                f"{', '.join(known)}.",
                err=True,
            )

    def _misnamed(self, ledger: Ledger, known: Mapping[str, KnownSystem]) -> list[Mismatch]:
        if known.keys() <= self.settings.systems.keys():
            return []
        # Who a System is that the ledger does not know is asked only now, where one of its own is missing.
        from commands.missing_systems import misnamed  # noqa: PLC0415

        return misnamed(self.settings, ledger, self.connected)

    def close(self) -> None:
        for keeper in self._keepers:
            near = keeper.end()
            if near is not None:
                click.echo(printable(near), err=True)
        self._keepers.clear()
        for close in reversed(self._open):
            close()
        self._open.clear()

    # -- the terminal --------------------------------------------------------------------------------------

    @contextmanager
    def working(self, what: str) -> Iterator[None]:
        """Show on a terminal that something takes its time; a plain line on standard error elsewhere."""
        if self.console.is_terminal:
            self._working = what
            with self.console.status(what) as shown:
                self._shown = shown
                try:
                    yield
                finally:
                    self._shown = None
        else:
            click.echo(printable(what), err=True)
            yield

    def json(self, data: Any) -> None:
        """Print data for programs, and nothing else, on standard output."""
        self.json_text(json.dumps(data, indent=2, ensure_ascii=False, default=str))

    @staticmethod
    def json_text(text: str) -> None:
        """The same where it is text already, such as a plan's as it is saved."""
        click.echo(harmless_json(text.rstrip("\n")))

    def confirm(self, question: str, *, yes: bool) -> bool:
        """Go on only if a person says so, or ``--yes`` did. True where somebody was asked, which takes its time."""
        if yes:
            return False
        if not sys.stdin.isatty():
            raise SettingsError(
                ["This writes, and nobody is there to confirm it."],
                remedy="Add --yes to write without a question.",
            )
        while True:
            click.echo(f"{question} [y/N]: ", nl=False)
            self._await_line()
            answer = sys.stdin.readline()
            word = answer.strip().lower()
            if word in ("y", "yes"):
                return True
            if word in ("", "n", "no"):
                raise click.Abort
            click.echo("Type y or n.")

    def _await_line(self) -> None:
        """Wait until somebody has typed a line. Who thinks it over keeps the lease."""
        with suppress(OSError, ValueError, TypeError):  # no terminal, and no such wait
            while not select.select([sys.stdin], [], [], _BEAT)[0]:
                self.keep_lease()


def save(file: Path, text: str) -> None:
    """Put into a file what somebody wants to keep, for their eyes alone; ``SettingsError`` where that cannot be."""
    try:
        write_private(file, scrub(text).encode())
    except OSError as error:
        raise SettingsError(
            [f"{file} cannot be written: {error.strerror}."],
            remedy="Name a file in a folder that is there and that you may write to.",
        ) from error


def read_saved(file: Path, *, remedy: str) -> str:
    """What :func:`save` kept; ``SettingsError`` with ``remedy`` where it cannot be read."""
    try:
        return read_text(file)
    except NoTextFile as error:
        raise SettingsError([f"{file} {error}."], remedy=f"{error.remedy} {remedy}") from error


pass_app = click.make_pass_decorator(App)

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")
show_option = click.option(
    "--show",
    type=click.IntRange(min=0),
    default=12,
    show_default=True,
    help="How many accounts to show; the totals are always there.",
)
yes_option = click.option("--yes", "-y", is_flag=True, help="Write without asking.")
