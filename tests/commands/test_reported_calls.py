"""What a command says that it took in API calls is what the CRMs counted: for every command that talks to them."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest

import crms
from connector.base import Connector
from connector.hubspot.api.paths import DEFAULT_VERSION, VERSIONS
from tests.commands.before import Before, both_edited, carried, edited, nothing
from tests.e2e.people import SETTLED
from tests.hubspot_versions import NUMBERED
from tests.scene import Scene
from tests.sweep import sliced


def came(scene: Scene) -> None:
    scene.people.new_in_salesforce(Name="Fresh", Website="https://www.fresh.com", ABM_Tier__c="tier_2")
    scene.world.clock.advance(SETTLED)


def scored(scene: Scene) -> None:
    (scene.world.folder / "scores.csv").write_text(f"domain,score\n{scene.domain},55\n")
    assert scene.run("scores", "import", "scores.csv").code == 0


def saved(scene: Scene) -> None:
    edited(scene)
    assert scene.run("plan", "-o", "it.json").code == 3


def definition_gone(scene: Scene) -> None:
    definitions = scene.world.portal.shelf("companies").definitions
    definitions.archive("tandem_mqa_stage", now=scene.world.clock.now())


def deal(scene: Scene) -> None:
    row = {"dealname": "Pilot", "dealstage": "closedwon", "pipeline": "default"}
    (id,) = scene.people.batches([row], "deals")
    scene.world.portal.associate("deals", id, "companies", scene.company, (5, 341))


#: Commands that are a Run, with what happened before.
RUNS: Mapping[str, tuple[tuple[str, ...], Before]] = {
    "idle sync": (("sync",), nothing),
    "sync": (("sync",), edited),
    "sync that creates": (("sync",), came),
    "sync of a Conflict": (("sync",), both_edited),
    "sync --full": (("sync", "--full"), edited),
    "apply": (("apply", "--yes"), edited),
    "apply FILE": (("apply", "it.json", "--yes"), saved),
    "scores push": (("scores", "push", "--yes"), scored),
    "undo": (("undo", "{run}", "--yes"), carried),
    "outcomes pull": (("outcomes", "pull"), deal),
    "outcomes pull --full": (("outcomes", "pull", "--full"), deal),
    "run --once": (("run", "--once"), edited),
}
#: Commands that are none.
OTHERS: Mapping[str, tuple[tuple[str, ...], Before]] = {
    "plan": (("plan",), edited),
    "doctor": (("doctor",), edited),
    "explain": (("explain", "{name}"), edited),
    "provision plan": (("provision", "plan"), nothing),
    "provision drift": (("provision", "drift"), nothing),
    "provision apply": (("provision", "apply", "--yes"), definition_gone),
    "provision apply --probe": (("provision", "apply", "--yes", "--probe"), nothing),
    "stages check": (("stages", "check"), nothing),
    "stages plan": (("stages", "plan", "--create-missing", "hubspot"), nothing),
    "stages apply": (("stages", "apply", "--yes", "--create-missing", "hubspot"), nothing),
    "ledger rebuild": (("ledger", "rebuild", "--yes"), nothing),
}


def counted(scene: Scene) -> dict[str, int]:
    """What the CRMs have counted."""
    world = scene.world
    return {"salesforce": world.salesforce.calls()["api"], "hubspot": world.hubspot.calls()["api"]}


def carry_out(scene: Scene, words: tuple[str, ...]) -> dict[str, int]:
    """Run the command; answers with the calls that the CRMs counted meanwhile."""
    with scene.world.ledger() as ledger:
        run = ledger.runs.latest(1)[0].id
    before = counted(scene)
    ran = scene.run(*(word.format(run=run, name=scene.name) for word in words))
    assert ran.code in {0, 3, 4}, ran.text
    return {name: count - before[name] for name, count in counted(scene).items()}


#: Whatever makes a call be made twice.
TROUBLES: Mapping[str, Callable[[Scene], None]] = {
    "a busy server": lambda scene: trouble(scene, status=503),
    "a burst in HubSpot": lambda scene: scene.world.hubspot.fault(fault="F63"),
    "a call that never arrived": lambda scene: trouble(scene, drop="before"),
    "an answer that got lost": lambda scene: trouble(scene, drop="after"),
    "a session that ended": lambda scene: trouble(scene, status=401),
}


def trouble(scene: Scene, **spec: object) -> None:
    """The second call of each System goes wrong, once."""
    for server in (scene.world.salesforce, scene.world.hubspot):
        server.fault(after=1, times=1, **spec)


@pytest.mark.parametrize("name", RUNS)
def test_a_run_says_the_calls_that_the_crms_counted(scene: Scene, name: str) -> None:
    words, before = RUNS[name]
    before(scene)
    with scene.world.ledger() as ledger:
        earlier = len(ledger.runs.latest(100))
    spent = carry_out(scene, words)
    with scene.world.ledger() as ledger:
        runs = ledger.runs.latest(len(ledger.runs.latest(100)) - earlier)
    assert {name: sum(run.calls[name] for run in runs) for name in spent} == spent
    assert sum(spent.values()) > 0


@pytest.mark.parametrize("name", [*RUNS, *OTHERS])
def test_a_command_counts_the_calls_that_the_crms_counted(
    scene: Scene, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    words, before = {**RUNS, **OTHERS}[name]
    before(scene)
    made: list[Connector] = []
    connect = crms.connect

    def watched(*arguments: object, **named: object) -> dict[str, Connector]:
        found = connect(*arguments, **named)  # type: ignore[arg-type]
        made.extend(found.values())
        return found

    monkeypatch.setattr(crms, "connect", watched)
    spent = carry_out(scene, words)
    said = {system: sum(each.calls for each in made if each.name == system) for system in spent}
    assert said == spent
    assert sum(spent.values()) > 0


@pytest.mark.parametrize("name", TROUBLES)
def test_calls_that_are_made_again_are_counted_as_the_crms_count_them(scene: Scene, name: str) -> None:
    edited(scene)
    TROUBLES[name](scene)
    spent = carry_out(scene, ("sync",))
    with scene.world.ledger() as ledger:
        assert dict(ledger.runs.latest(1)[0].calls) == spent


def test_a_run_whose_app_has_its_token_renewed_counts_the_refused_call(scene: Scene) -> None:
    edited(scene)
    scene.people.door("salesforce", "expire_sessions", {})
    spent = carry_out(scene, ("sync",))
    with scene.world.ledger() as ledger:
        assert dict(ledger.runs.latest(1)[0].calls) == spent


#: It never had a date (HubSpot: token-information); without an answer Tandem works on and knows less of itself.
NEVER_DATED = "/oauth/v2/private-apps/get/access-token-info"


@pytest.mark.parametrize("version", sliced(VERSIONS, always=[DEFAULT_VERSION]))
@pytest.mark.parametrize("name", [*RUNS, *OTHERS])
def test_a_command_calls_the_paths_of_the_version_that_is_configured(
    scene: Scene, name: str, version: str
) -> None:
    config = scene.world.config
    text = config.read_text(encoding="utf-8")
    config.write_text(
        text.replace("kind: hubspot", f"kind: hubspot\n    api_version: {version}"), encoding="utf-8"
    )
    words, before = {**RUNS, **OTHERS}[name]
    before(scene)
    scene.world.hubspot.app.state.calls.reset()
    carry_out(scene, words)
    called = {call["path"] for call in scene.world.hubspot.calls()["recent"]} - {NEVER_DATED}
    assert called
    if version == "v3":
        assert [path for path in called if not NUMBERED.search(path)] == []
    else:
        assert [path for path in called if NUMBERED.search(path) or version not in path] == []


def test_a_token_that_nothing_tells_about_is_good_enough(scene: Scene) -> None:
    """As it will be once HubSpot has given up the one path that never had a date."""
    scene.world.hubspot.fault(status=404, body="{}", match={"path": NEVER_DATED}, times=99)
    edited(scene)
    assert scene.run("sync").code == 0
    assert scene.pending() == []
    assert scene.run("doctor").code == 0
