"""ledger: examined, backed up, put back, and made anew from the CRMs."""

from __future__ import annotations

from pathlib import Path

import click
from rich.text import Text
from sqlalchemy import make_url

from commands.app import App, json_option, pass_app, yes_option
from commands.exit_codes import Exit, end
from commands.missing_systems import misnamed_in
from commands.views.ledger import ledger_view
from commands.views.text import plural
from sync.errors import LedgerDamaged, LedgerError
from sync.ledger.lease import SERVICE
from sync.ledger.ledger import Ledger
from sync.rebuild import Rebuilt
from sync.rebuild import rebuild as rebuild_ledger


@click.group()
def ledger() -> None:
    """The database of everything that Tandem remembers."""


@ledger.command(epilog="Example: tandem ledger check")
@json_option
@pass_app
def check(app: App, *, as_json: bool) -> None:
    """Is it whole: integrity, references, JSON, contradictions; and how much it holds. Changes nothing."""
    configured = app.settings.systems
    with Ledger.open(app.settings.ledger, app.clock, read_only=True) as opened:
        problems = opened.check()
        strange = misnamed_in(opened, configured) if not problems else []
        counts = opened.sizes() if not problems else {}
    if as_json:
        app.json({"problems": [*problems, *(one.message for one in strange)], "rows": counts})
    elif problems:
        for problem in problems:
            app.console.print(Text(problem, style="red"))
        app.console.print(
            "Put a backup back with: tandem ledger restore FILE. Or make it anew: tandem ledger rebuild"
        )
    else:
        app.console.print(ledger_view(counts))
        for one in strange:
            app.console.print(Text(one.message, style="red"))
            app.console.print(Text.assemble(("what to do  ", "bold"), one.remedy))
    if problems or strange:
        end(Exit.FAILED)


@ledger.command(epilog="Example: tandem ledger backup /backups/tandem-monday.db")
@click.argument("file", type=click.Path(path_type=Path))
@pass_app
def backup(app: App, file: Path) -> None:
    """Copy the ledger, as it stands at one moment, to a new FILE. The service may go on meanwhile."""
    app.any_ledger.backup(file.absolute())
    app.console.print(f"Copied to {file}. Put it back with: tandem ledger restore {file}")


@ledger.command(epilog="Example: tandem ledger restore /backups/tandem-monday.db")
@click.argument("file", type=click.Path(path_type=Path))
@yes_option
@pass_app
def restore(app: App, file: Path, *, yes: bool) -> None:
    """Put a backup in the place of the ledger, which is kept beside it. Refused while a process works with it.

    A ledger on PostgreSQL is kept in the folder of tandem.yaml. So a ledger in a file moves to a server, and back.
    """
    app.confirm(f"Put {file} in the place of the ledger?", yes=yes)
    kept = Ledger.restore(app.settings.ledger, file.absolute(), app.clock, beside=app.folder)
    app.console.print(f"{file} is the ledger now.")
    if kept is not None:
        app.console.print(f"The one before is kept: {kept}")
    app.console.print("See what would follow from it: tandem plan --full")


@ledger.command(epilog="Example: tandem ledger rebuild")
@yes_option
@json_option
@pass_app
def rebuild(app: App, *, yes: bool, as_json: bool) -> None:
    """Make the ledger anew from what the CRMs hold. Writes to no CRM.

    Links come from the ids that Tandem wrote there and from domains. Bases, open Conflicts, decisions, scores,
    matches and Runs are taken over. The ledger stands as it was until the new one is whole, and is kept beside it.
    """
    url = app.settings.ledger
    draft = _draft(url, app.folder)
    app.confirm("Make the ledger anew?", yes=yes)
    _remove(draft)
    lost: str | None = None
    try:
        try:
            # No service may live meanwhile: it would go on with the ledger that is put aside.
            with (
                app.writer("tandem ledger rebuild") as opened,
                opened.lease.holding("tandem ledger rebuild", name=SERVICE),
            ):
                damage = opened.damage()
                if damage:
                    raise LedgerDamaged("; ".join(damage))
                opened.backup(draft)
                made = _made(app, draft)
                # Still held: whoever waits for the lease must find the new one.
                opened.close()
                kept = Ledger.restore(url, draft, app.clock, older=False, by_holder=True, beside=app.folder)
        except LedgerDamaged as error:
            if draft.exists():
                raise
            # Nothing can be taken over.
            lost = error.message
            made = _made(app, draft)
            kept = Ledger.restore(url, draft, app.clock, older=False, beside=app.folder)
    finally:
        _remove(draft)
    if as_json:
        app.json(
            {
                "read": dict(made.read),
                "links": made.links,
                "found_again": made.found_again,
                "matched": made.matched,
                "closed": made.closed,
                "conflicts": made.conflicts,
                "conflicts_closed": list(made.conflicts_closed),
                "not_taken_over": lost,
                "kept": str(kept) if kept else None,
            }
        )
        return
    _tell(app, made, lost, kept)


def _made(app: App, draft: Path) -> Rebuilt:
    with Ledger.open(f"sqlite:///{draft}", app.clock) as copy, app.working("Reading the CRMs …"):
        return rebuild_ledger(app.engine_over(copy))


def _tell(app: App, made: Rebuilt, lost: str | None, kept: Path | None) -> None:
    read = ", ".join(f"{system} {count:,}" for system, count in made.read.items())
    if lost is not None:
        app.console.print(
            Text(f"Nothing could be taken over from the old ledger: {lost}", style="bold yellow")
        )
    app.console.print(
        f"Rebuilt from {read}: {plural(made.links, 'Link')}, {made.found_again:,} of them found again and "
        f"{made.matched:,} matched anew; {plural(made.conflicts, 'Conflict')} taken over."
    )
    if made.closed:
        numbers = ", ".join(str(number) for number in made.conflicts_closed)
        said = f"{plural(made.closed, 'Link')} closed, for none of its records was found"
        app.console.print(
            Text(f"{said}; with them Conflict {numbers}." if numbers else f"{said}.", style="yellow")
        )
    if kept is not None:
        app.console.print(f"The one before is kept: {kept}")
    app.console.print("See what would follow from it: tandem plan --full")


def _draft(url: str, folder: Path) -> Path:
    """Where the new one is made: beside the ledger, or in the folder where that is no file."""
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite":
        return folder / f"{parsed.database}.rebuild"
    if parsed.database in (None, "", ":memory:"):
        raise LedgerError(
            "a ledger in memory is not rebuilt", remedy="name a file under `ledger:`: sqlite:///tandem.db"
        )
    path = Path(str(parsed.database)).expanduser().absolute()
    return path.with_name(f"{path.name}.rebuild")


def _remove(draft: Path) -> None:
    for suffix in ("", "-wal", "-shm"):
        draft.with_name(draft.name + suffix).unlink(missing_ok=True)
