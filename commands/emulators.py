"""Both emulators as one rehearsal: for `tandem emulator serve` and for the demo."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from starlette.applications import Starlette

from emulator.hubspot.app import build as build_hubspot
from emulator.kit.clock import Clock
from emulator.kit.server import run_forever
from emulator.kit.server import serve as serve_app
from emulator.kit.state import StateFile
from emulator.population import populate
from emulator.salesforce.app import build as build_salesforce

__all__ = ["Rehearsal", "build", "rehearsal", "run_forever"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rehearsal:
    """Both servers, running in this process."""

    salesforce: str
    hubspot: str


@contextmanager
def rehearsal(
    state: Path, salesforce_port: int, hubspot_port: int, *, accounts: int, seed: int
) -> Iterator[Rehearsal]:
    """Serve both while the block runs; port 0 takes a free one."""
    salesforce, hubspot = build(state, accounts=accounts, seed=seed)
    with (
        serve_app(salesforce, port=salesforce_port) as first,
        serve_app(hubspot, port=hubspot_port) as second,
    ):
        yield Rehearsal(salesforce=first, hubspot=second)


def build(state: Path | None, *, accounts: int | None, seed: int) -> tuple[Starlette, Starlette]:
    """Both servers over the data in ``state`` (None: in memory); without ``accounts``, empty."""
    if state is not None:
        state.mkdir(parents=True, exist_ok=True)
    salesforce_state = StateFile(state / "salesforce.db" if state is not None else None)
    hubspot_state = StateFile(state / "hubspot.db" if state is not None else None)
    salesforce = build_salesforce(salesforce_state, Clock(salesforce_state))
    hubspot = build_hubspot(hubspot_state, Clock(hubspot_state))
    if accounts is not None:
        populate(salesforce.state.org, hubspot.state.portal, accounts=accounts, seed=seed)
    return salesforce, hubspot
