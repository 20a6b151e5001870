"""Puts the server together: the org, its REST API, the other APIs' routes, the control door and the gate."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from starlette.applications import Starlette
from starlette.routing import BaseRoute

from emulator.kit.calls import Call
from emulator.kit.clock import Clock
from emulator.kit.faults import FaultBook
from emulator.kit.gate import assemble
from emulator.kit.state import StateFile
from emulator.salesforce import control, faults
from emulator.salesforce.bulk import endpoints as bulk
from emulator.salesforce.org import Org
from emulator.salesforce.rest import (
    bridge,
    collections,
    composite,
    discovery,
    oauth,
    queries,
    records,
    replication,
)
from emulator.salesforce.rest.surface import Endpoint, Surface
from emulator.salesforce.seed import Seed, plant
from emulator.salesforce.soap import routes as soap
from emulator.salesforce.tooling import endpoints as tooling

#: endpoints of further APIs that behave like REST (token, daily limit, composite)
ENDPOINTS: list[Endpoint] = [*bulk.ENDPOINTS, *tooling.ENDPOINTS]
#: makers of routes of APIs that do not: each is given the org
ROUTERS: list[Callable[[Org], Sequence[BaseRoute]]] = [soap.routes]

#: paths whose calls the org's daily limit does not count
_FREE = ("/services/oauth2/token", "/services/oauth2/revoke", "/services/data")


def build(state: StateFile, clock: Clock, seed: Seed | None = None) -> Starlette:
    """Return the server. An empty state file is seeded; ``.state.org`` gives tests the org itself."""
    org = Org(state, clock)
    start = seed or Seed()
    if not org.store.table("Organization").rows:
        plant(org, start)
        org.reload()
    state.mark()

    def reset(empty: bool) -> None:  # noqa: FBT001 - the kit calls it so
        if empty:
            state.clear()
            org.reload()
            plant(org, start)
        else:
            state.rewind()
        org.reload()

    app = assemble(
        [*(route for make in ROUTERS for route in make(org)), *bridge.routes(org, surface())],
        state=state,
        clock=clock,
        faults=FaultBook(clock, faults.RECIPES),
        reset=reset,
        counts=_counts,
        extras=control.routes(org),
    )
    app.state.org = org
    return app


def surface() -> Surface:
    """Return every REST endpoint, the fixed paths before those with a name in them."""
    whole = Surface([])
    endpoints = [
        *oauth.ENDPOINTS,
        *composite.make(whole),
        *collections.ENDPOINTS,
        *queries.ENDPOINTS,
        *ENDPOINTS,
        *discovery.ENDPOINTS,
        *replication.ENDPOINTS,
        *records.ENDPOINTS,
    ]
    whole.extend(endpoints)
    return whole


def _counts(_call: Call, route: str) -> bool:
    return route not in _FREE
