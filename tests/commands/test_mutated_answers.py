"""Whatever an answer of a CRM is like, a command ends as it says, stores nothing foreign, and the next one heals."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from random import Random
from typing import Any
from unittest import mock

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from commands.exit_codes import Exit
from tests import line
from tests.commands.mutated import MARK, MARKED_NUMBER, mutated
from tests.e2e.crms import Kept
from tests.e2e.people import SETTLED
from tests.scene import Scene, Town, open_town
from tests.world import World, open_world

#: Other ways to log in and to write, which have answers of their own.
_OTHER_WAYS = {
    "    auth: {method: client_credentials, client_id: env:SF_CLIENT_ID, client_secret: env:SF_CLIENT_SECRET}": (
        "    bulk_from: 1\n    auth: {method: password, username: tandem@example.com, password: env:SF_CLIENT_SECRET}"
    ),
    "{method: access_token, access_token: env:HUBSPOT_ACCESS_TOKEN}": (
        "{method: refresh_token, client_id: env:SF_CLIENT_ID, client_secret: env:SF_CLIENT_SECRET, "
        "refresh_token: env:HS_REFRESH}"
    ),
}


@dataclass(kw_only=True)
class Wire:
    """Between Tandem and the emulators: counts answers, and changes one of them."""

    #: The answer to change, from 0; None: none.
    place: int | None = None
    seed: int = 0
    #: Every further answer of the same route is changed in the same way.
    lasting: bool = False
    answers: int = 0
    changed: str = ""
    _route: tuple[str, str] | None = None

    def call(self, real: Callable[..., line.Heard]) -> Callable[..., line.Heard]:
        def call(app: Any, method: str, url: str, *rest: Any, **more: Any) -> line.Heard:
            heard = real(app, method, url, *rest, **more)
            route = (method, url.partition("?")[0])
            if self.answers == self.place or (self.lasting and route == self._route):
                self._route = route
                heard, said = mutated(heard, Random(self.seed))
                self.changed = f"{method} {url[:120]}: {said}"
            self.answers += 1
            return heard

        return call


@contextmanager
def on_the_wire(wire: Wire) -> Iterator[None]:
    with mock.patch.object(line, "call", wire.call(line.call)):
        yield


@dataclass(kw_only=True)
class Stage:
    """Accounts in both CRMs with edits on both sides that no Run has seen yet."""

    kept: Kept
    world: World
    #: Command -> how many answers it gets where all goes well.
    answers: dict[str, int] = field(default_factory=dict)

    def begin_anew(self) -> None:
        self.kept.bring_back()
        self.world.secrets["HS_REFRESH"] = "emulator-refresh"

    def count(self, command: str) -> int:
        if command not in self.answers:
            wire = Wire()
            self.begin_anew()
            with on_the_wire(wire):
                code = self.world.run(*command.split()).code
            assert code in set(Exit), command
            self.answers[command] = wire.answers
        return self.answers[command]

    def heal(self) -> None:
        """What was broken off is done by the same and by further commands."""
        self.world.clock.advance(SETTLED)
        ran = self.world.run("provision", "apply", "--yes")
        assert ran.code == Exit.OK, ran.text
        self.world.clock.advance(SETTLED)
        self.world.run("sync", "--full")
        self.world.clock.advance(SETTLED)
        ran = self.world.run("sync", "--full")
        assert ran.code == Exit.OK, ran.text
        self.world.clock.advance(SETTLED)
        planned = self.world.run("plan", "--full", "--json")
        assert planned.code == Exit.OK, planned.text
        assert not planned.json["changes"], planned.text
        assert not planned.json["creates"], planned.text

    def stored(self) -> str:
        """All that is kept anywhere: in the ledger and in both CRMs."""
        with sqlite3.connect(self.world.folder / "tandem.db") as ledger:
            kept = "\n".join(ledger.iterdump())
        crms = [self.world.org.store.table(name).rows for name in ("Account", "Opportunity", "User")]
        companies = [record.as_doc() for record in self.world.portal.shelf("companies").records]
        return f"{kept}\n{crms}\n{companies}"


def _prepare(town: Town, **instead: str) -> Stage:
    """``instead``: what the configuration says in the place of what."""
    world, people = town.world, town.people
    scenes: list[Scene] = [town.scene() for _ in range(3)]
    renewal = {"Name": "Renewal", "AccountId": scenes[0].account, "StageName": "Prospecting"}
    world.org.load("Opportunity", [{**renewal, "CloseDate": "2026-05-01"}])
    world.clock.advance(SETTLED)
    assert world.run("sync", "--full").code == Exit.OK
    world.clock.advance(SETTLED)
    scenes[0].sales(Industry="Banking", ABM_Tier__c="tier_1")
    scenes[1].marketing(hs_ideal_customer_profile="tier_3")
    people.new_in_salesforce(Name="Newcomer", Website="https://newcomer.com", ABM_Tier__c="tier_2")
    people.new_in_hubspot(name="Another", domain="another.com", hs_ideal_customer_profile="tier_1")
    world.clock.advance(SETTLED)
    text = world.config.read_text(encoding="utf-8")
    for old, new in instead.items():
        assert old in text
        text = text.replace(old, new)
    world.config.write_text(text, encoding="utf-8")
    return Stage(kept=Kept.of(world), world=world)


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """Tokens by client credentials and of a private app; rows in collections."""
    with open_town(tmp_path_factory.mktemp("town")) as town:
        yield _prepare(town)


@pytest.fixture(scope="module")
def other_stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """A password over SOAP and a refresh token; rows by Bulk API."""
    with open_town(tmp_path_factory.mktemp("town")) as town:
        yield _prepare(town, **_OTHER_WAYS)


@pytest.fixture(scope="module")
def bare_stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """CRMs in which nothing was provisioned yet."""
    with open_world(tmp_path_factory.mktemp("world")) as world:
        world.configure("scope: {accounts: all}")
        assert world.run("status").code in set(Exit)
        yield Stage(kept=Kept.of(world), world=world)


COMMANDS = (
    "sync",
    "sync --full",
    "plan",
    "apply --yes",
    "doctor",
    "outcomes pull",
    "provision plan",
    "provision apply --yes",
    "provision apply --yes --probe",
    "stages plan",
    "explain acme1.com",
    "ledger rebuild --yes",
    "run --once",
)


def check(stage: Stage, command: str, place: int, seed: int, *, lasting: bool) -> None:
    """One command with one answer gone wrong."""
    count = stage.count(command)
    stage.begin_anew()
    wire = Wire(place=place % max(count, 1), seed=seed, lasting=lasting)
    with on_the_wire(wire):
        ran = stage.world.run(*command.split())
    drawn = f"{command} [{place % max(count, 1)}, {seed}, {lasting}]"
    told = f"{drawn} {wire.changed}: {ran.code} {ran.text}"
    assert ran.code in set(Exit) - {Exit.INTERRUPTED}, told
    assert "Traceback" not in ran.text, told
    stored = stage.stored()
    assert MARK not in stored, told
    assert str(MARKED_NUMBER) not in stored, told
    stage.heal()


_PROVISIONING = ("provision plan", "provision apply --yes")
_ANY = {"place": st.integers(0, 60), "seed": st.integers(0, 2**32), "lasting": st.booleans()}
_TRIED = settings(max_examples=300, suppress_health_check=list(HealthCheck))

#: What every run of the tests tries: command, answer, seed, whether it lasts.
_ALWAYS = (
    ("sync", 3, 1, False),
    ("sync", 7, 2, True),
    ("plan", 4, 3, True),
    ("doctor", 9, 4, False),
    ("outcomes pull", 5, 5, True),
    ("provision plan", 6, 6, False),
)


@pytest.mark.parametrize("drawn", _ALWAYS, ids=lambda drawn: f"{drawn[0]}-{drawn[1]}")
def test_an_answer_out_of_form_does_no_harm(stage: Stage, drawn: tuple[str, int, int, bool]) -> None:
    command, place, seed, lasting = drawn
    check(stage, command, place, seed, lasting=lasting)


@pytest.mark.sweep
@_TRIED
@given(command=st.sampled_from(COMMANDS), **_ANY)
def test_no_answer_makes_a_command_end_otherwise_than_it_says(
    stage: Stage, command: str, place: int, seed: int, lasting: bool
) -> None:
    check(stage, command, place, seed, lasting=lasting)


@pytest.mark.sweep
@_TRIED
@given(command=st.sampled_from(COMMANDS), **_ANY)
def test_no_answer_to_a_login_by_soap_or_of_a_bulk_job_does(
    other_stage: Stage, command: str, place: int, seed: int, lasting: bool
) -> None:
    check(other_stage, command, place, seed, lasting=lasting)


@pytest.mark.sweep
@_TRIED
@given(command=st.sampled_from(_PROVISIONING), **_ANY)
def test_no_answer_to_provisioning_does(
    bare_stage: Stage, command: str, place: int, seed: int, lasting: bool
) -> None:
    check(bare_stage, command, place, seed, lasting=lasting)
