"""emulator: local Salesforce and HubSpot servers to rehearse against."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from sync.errors import SyncError

SALESFORCE_PORT = 8701
HUBSPOT_PORT = 8702
#: What the extra ``emulator`` installs, as imported. A service that syncs does without.
LIBRARIES = frozenset({"lark", "multipart", "python_multipart", "starlette", "uvicorn"})

_SYSTEM = click.option(
    "--system",
    type=click.Choice(["salesforce", "hubspot", "both"]),
    default="both",
    show_default=True,
    help="Which emulator.",
)
_SALESFORCE_PORT = click.option("--salesforce-port", type=int, default=SALESFORCE_PORT, show_default=True)
_HUBSPOT_PORT = click.option("--hubspot-port", type=int, default=HUBSPOT_PORT, show_default=True)


@contextmanager
def needing_the_extra() -> Iterator[None]:
    """For the import of the servers: SyncError where the libraries that only they need are not installed."""
    try:
        yield
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in LIBRARIES:
            raise
        raise SyncError(
            f"The emulators are not installed here ({error.name} is missing).",
            remedy="They come with an extra: pip install 'tandem-sync[emulator]', or 'FILE.whl[emulator]' from a wheel",
        ) from error


@click.group()
def emulator() -> None:
    """Local Salesforce and HubSpot servers that behave like the real ones."""


@emulator.command(epilog="Example: tandem emulator serve --accounts 300 --seed 7")
@_SALESFORCE_PORT
@_HUBSPOT_PORT
@click.option(
    "--state", type=click.Path(path_type=Path, file_okay=False), help="Keep the servers' data in this folder."
)
@click.option("--empty", is_flag=True, help="Start without accounts.")
@click.option(
    "--accounts", type=click.IntRange(min=1), default=300, show_default=True, help="Accounts to make up."
)
@click.option("--seed", type=int, default=7, show_default=True, help="The same seed makes the same accounts.")
def serve(
    salesforce_port: int, hubspot_port: int, state: Path | None, *, empty: bool, accounts: int, seed: int
) -> None:
    """Serve both until Ctrl-C, on this machine only."""
    # The servers are a second program: no other command waits for its import.
    with needing_the_extra():
        from commands.emulators import build, run_forever  # noqa: PLC0415

    apps = build(state, accounts=None if empty else accounts, seed=seed)
    try:
        run_forever(tuple(zip(apps, (salesforce_port, hubspot_port), strict=True)), started=_say)
    except OSError as error:
        remedy = "Stop the other one, or choose ports: --salesforce-port, --hubspot-port"
        raise SyncError(str(error), remedy=remedy) from error


def _say(urls: Sequence[str]) -> None:
    salesforce, hubspot = urls
    click.echo(f"Salesforce emulator  {salesforce}")
    click.echo(f"HubSpot emulator     {hubspot}")
    click.echo("Credentials:")
    click.echo("  export SF_CLIENT_ID=emulator SF_CLIENT_SECRET=emulator HUBSPOT_ACCESS_TOKEN=pat-emulator")
    click.echo("Set up against them with: tandem init --emulator. Stop with Ctrl-C.")


@emulator.command(epilog="Example: tandem emulator reset --empty")
@_SYSTEM
@_SALESFORCE_PORT
@_HUBSPOT_PORT
@click.option("--empty", is_flag=True, help="Without any account, instead of as it was started.")
def reset(system: str, salesforce_port: int, hubspot_port: int, *, empty: bool) -> None:
    """Put the servers back to how they were started."""
    for name, base in _bases(system, salesforce_port, hubspot_port):
        _door(base, "POST", "reset", {"empty": empty})
        click.echo(f"{name} is as it was started{', but empty' if empty else ''}.")


@emulator.command(epilog="Example: tandem emulator fault F33 --system salesforce --path composite --times 2")
@click.argument("fault")
@_SYSTEM
@_SALESFORCE_PORT
@_HUBSPOT_PORT
@click.option(
    "--method",
    type=click.Choice(["GET", "POST", "PATCH", "PUT", "DELETE"], case_sensitive=False),
    help="Only calls of this HTTP method.",
)
@click.option("--path", help="Only calls whose path matches this regular expression.")
@click.option("--times", type=click.IntRange(min=1), default=1, show_default=True)
def fault(
    fault: str,
    system: str,
    salesforce_port: int,
    hubspot_port: int,
    method: str | None,
    path: str | None,
    times: int,
) -> None:
    """Have the servers misbehave: FAULT is an id of the fault catalogue (docs/contribute/emulator.md), or `clear`."""
    match = {name: value for name, value in (("method", method), ("path", path)) if value is not None}
    for name, base in _bases(system, salesforce_port, hubspot_port):
        if fault == "clear":
            _door(base, "DELETE", "faults")
            click.echo(f"{name} behaves again.")
        else:
            _door(base, "POST", "faults", {"match": match, "times": times, "fault": fault.upper()})
            click.echo(f"{name} will show {fault.upper()} {times} time{'s' if times > 1 else ''}.")


def _bases(system: str, salesforce_port: int, hubspot_port: int) -> list[tuple[str, str]]:
    both = [
        ("salesforce", f"http://127.0.0.1:{salesforce_port}"),
        ("hubspot", f"http://127.0.0.1:{hubspot_port}"),
    ]
    return [(name, base) for name, base in both if system in {name, "both"}]


def _door(base: str, method: str, path: str, body: dict[str, Any] | None = None) -> None:
    data = json.dumps(body).encode() if body is not None else None
    request = urllib.request.Request(  # noqa: S310  the address is built above and is this machine
        f"{base}/__emulator__/{path}", data=data, method=method, headers={"content-type": "application/json"}
    )
    try:
        with urllib.request.urlopen(request, timeout=10):  # noqa: S310
            return
    except urllib.error.HTTPError as error:
        said = json.loads(error.read() or b"{}")
        raise SyncError(" ".join(said.get("problems", [str(error)]))) from error
    except OSError as error:
        raise SyncError(
            f"No emulator answers at {base}.", remedy="Start it with: tandem emulator serve"
        ) from error
