"""Provisioning that is really killed, at each request that it sends and before each commit of its ledger."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from connector.clock import Pace
from emulator.hubspot.app import build as build_hubspot
from emulator.kit.clock import Clock
from emulator.kit.server import serve
from emulator.kit.state import StateFile
from emulator.salesforce.app import build as build_salesforce
from tests.e2e import nursery
from tests.e2e.crms import Kept
from tests.e2e.dying import DyingTandem
from tests.e2e.watching import Watch
from tests.sweep import sliced
from tests.world import Server, World

pytestmark = pytest.mark.slow

APPLY = ("provision", "apply", "--yes")
#: Places to die at are dealt out to so many tests.
SLICES = 24
#: Seconds after which every copy of a definition in a CRM is a new one.
SETTLED = 600


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DyingTandem]:
    """An org and a portal that have nothing of Tandem's."""
    watch, clock = Watch(), Clock()
    salesforce, hubspot = build_salesforce(StateFile(), clock), build_hubspot(StateFile(), clock)
    with ExitStack() as stack:
        world = World(
            folder=tmp_path_factory.mktemp("provision"),
            clock=clock,
            pace=Pace.real(),
            salesforce=Server(url=stack.enter_context(serve(watch.over(salesforce))), app=salesforce),
            hubspot=Server(url=stack.enter_context(serve(watch.over(hubspot))), app=hubspot),
        )
        world.configure()
        with world.ledger():
            pass
        yield DyingTandem(Kept.of(world), watch, [], stack.enter_context(nursery.opened(world.secrets)))


def picture(world: World) -> dict[str, Any]:
    """What there is of Tandem's in both CRMs."""
    store = world.org.store
    properties = world.portal.shelf("companies").definitions.properties
    return {
        "fields": sorted(name for name in world.org.sobject("Account").fields if name.endswith("__c")),
        "permission sets": sorted(row["Name"] for row in store.table("PermissionSet").rows.values()),
        "rights": sorted(
            (row["Field"], row["PermissionsRead"], row["PermissionsEdit"])
            for row in store.table("FieldPermissions").rows.values()
        ),
        "assignments": len(store.table("PermissionSetAssignment").rows),
        "properties": {
            name: (held.doc["type"], [option["value"] for option in held.doc.get("options", ())])
            for name, held in properties.items()
            if name.startswith("tandem_")
        },
    }


def finish(world: World) -> None:
    """The same command again, as often as it says that something is left to do."""
    for _ in range(3):
        world.clock.advance(SETTLED)
        ran = world.run(*APPLY)
        if ran.code == 0:
            break
        assert ran.code == 3, ran.text
    world.clock.advance(SETTLED)
    planned = world.run("provision", "plan")
    assert (planned.code, "off the contract" in planned.text) == (0, False), planned.text
    with world.ledger() as ledger:
        assert ledger.check() == []


@pytest.fixture(scope="module")
def undisturbed(bare: DyingTandem) -> tuple[dict[str, Any], list[tuple[str, int]]]:
    """What stands there where nobody is killed, and all places to die at."""
    bare.begin_anew()
    bare.watch.at = 0
    lived = bare.let_die(APPLY)
    assert lived.code in {0, 3}, lived.said
    places = [(moment, at + 1) for at in range(lived.requests) for moment in ("before", "after")]
    places += [("commit", at + 1) for at in range(lived.commits)]
    finish(bare.world)
    return picture(bare.world), places


@pytest.mark.parametrize("part", sliced(range(SLICES), always=[5]))
def test_provisioning_that_is_killed_anywhere_is_finished_by_the_same_command(
    bare: DyingTandem, undisturbed: tuple[dict[str, Any], list[tuple[str, int]]], part: int
) -> None:
    wanted, places = undisturbed
    assert len(wanted["fields"]) > 4
    assert len(places) > SLICES
    for moment, at in places[part::SLICES]:
        bare.begin_anew()
        bare.watch.at = 0 if moment == "commit" else at
        bare.watch.moment, bare.watch.signal, bare.watch.writes = moment, signal.SIGKILL, False
        died = bare.let_die(APPLY, fatal_commit=at if moment == "commit" else 0)
        assert died.code == -signal.SIGKILL, f"{moment} {at}: {died.said}"
        finish(bare.world)
        assert picture(bare.world) == wanted, f"{moment} {at}"
