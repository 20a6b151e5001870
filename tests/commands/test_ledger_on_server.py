"""Commands over a ledger on PostgreSQL: a sync story, and the ledger's own commands."""

from __future__ import annotations

from pathlib import Path

import pytest

from sync.model.inbox import ConflictState
from tests.commands.test_ledger import at_odds
from tests.e2e.people import SETTLED
from tests.postgresql import Server
from tests.scene import KeptScene, KeptTown, Scene


@pytest.fixture
def scene(kept_scene: KeptScene, postgres: Server) -> Scene:
    """An account that was synced over a file, which then moved to a server."""
    scene = kept_scene.begin_anew()
    url = postgres.make("commands")
    config = scene.world.config.read_text(encoding="utf-8")
    scene.world.config.write_text(f"ledger: {url}\n{config}", encoding="utf-8")
    ran = scene.run("ledger", "restore", "tandem.db", "--yes")
    assert ran.code == 0, ran.text
    for file in scene.world.folder.glob("tandem.db*"):
        file.unlink()
    # What was put back is compared with the CRMs first.
    scene.sync()
    return scene


def files(scene: Scene) -> set[str]:
    return {path.name for path in scene.world.folder.iterdir()} - {"tandem.yaml", "scores.csv"}


def test_a_sync_story_goes_on_over_a_server(scene: Scene) -> None:
    assert "The ledger is sound." in scene.run("ledger", "check").out
    doctor = scene.run("doctor", "--json").json
    assert {each["name"] for each in doctor["checks"] if each["about"] == "ledger"} == {"opens", "sound"}
    scene.sales(ABM_Tier__c="tier_1")
    first = scene.sync()
    assert scene.tiers == ("tier_1", "tier_1")
    number = at_odds_again(scene)
    assert scene.run("plan").code == 4
    assert scene.run("conflicts", "resolve", str(number), "--use", "hubspot", "--yes").code == 0
    scene.sync()
    assert scene.tiers == ("tier_3", "tier_3")
    (scene.world.folder / "scores.csv").write_text(f"domain,score\n{scene.domain},70\n", encoding="utf-8")
    assert scene.run("scores", "import", "scores.csv").code == 0
    scene.world.clock.advance(SETTLED)
    assert scene.run("scores", "push", "--yes").code == 0
    assert scene.in_salesforce("Engagement_Score__c") == 70
    assert scene.run("outcomes", "pull").code == 0
    told = scene.run("explain", scene.domain, "tier")
    assert told.code == 0, told.text
    assert "tier_1" in told.out
    undone = scene.run("undo", first, "--yes")
    assert undone.code == 0, undone.text
    assert scene.run("status").code == 0
    assert scene.run("matches", "list").code == 0
    assert scene.pending() == []
    assert files(scene) == set()


def at_odds_again(scene: Scene) -> int:
    scene.sales(ABM_Tier__c="tier_2")
    scene.marketing(hs_ideal_customer_profile="tier_3")
    scene.sync()
    return int(scene.run("conflicts", "list", "--json").json[0]["id"])


@pytest.mark.sweep
def test_a_backup_of_a_server_is_put_back_and_the_ledger_before_is_kept(scene: Scene) -> None:
    assert scene.run("ledger", "backup", "monday.db").code == 0
    number = at_odds(scene)
    ran = scene.run("ledger", "restore", "monday.db", "--yes")
    assert ran.code == 0, ran.text
    (kept,) = files(scene) - {"monday.db"}
    assert kept.endswith(".replaced")
    assert f"The one before is kept: {scene.world.folder / kept}" in ran.text
    with scene.world.ledger() as ledger:
        assert ledger.conflicts.get(number) is None
    scene.sync()
    assert len(scene.run("conflicts", "list", "--json").json) == 1


@pytest.mark.sweep
def test_a_rebuilt_ledger_on_a_server_loses_no_open_conflict(scene: Scene) -> None:
    number = at_odds(scene)
    scene.world.clock.advance(SETTLED)
    ran = scene.run("ledger", "rebuild", "--yes", "--json")
    assert ran.code == 0, ran.text
    assert (ran.json["found_again"], ran.json["conflicts"], ran.json["not_taken_over"]) == (1, 1, None)
    assert files(scene) == {Path(ran.json["kept"]).name}
    with scene.world.ledger() as ledger:
        assert ledger.check() == []
        assert (ledger.lease.current(), ledger.lease.current("service")) == (None, None)
        stored = ledger.conflicts.get(number)
        assert stored is not None
        assert stored.state is ConflictState.OPEN
    assert scene.run("conflicts", "resolve", str(number), "--use", "hubspot", "--yes").code == 0
    scene.sync()
    assert scene.tiers == ("tier_3", "tier_3")


def test_a_ledger_on_a_server_that_cannot_be_read_is_rebuilt_from_the_crms(scene: Scene) -> None:
    with scene.world.ledger() as ledger, ledger._store.writing() as connection:
        connection.exec_driver_sql("UPDATE links SET base = '{tier'")
    told = scene.run("ledger", "check")
    assert told.code == 1
    assert "links.base: 1 rows hold no JSON" in told.text
    scene.world.clock.advance(SETTLED)
    ran = scene.run("ledger", "rebuild", "--yes", "--json")
    assert ran.code == 0, ran.text
    assert "hold no JSON" in ran.json["not_taken_over"]
    assert Path(ran.json["kept"]).exists()
    assert scene.run("ledger", "check").code == 0
    assert scene.pending() == []


@pytest.mark.sweep
def test_a_second_run_over_a_server_is_refused(scene: Scene) -> None:
    with scene.world.ledger() as ledger, ledger.lease.holding("tandem run"):
        for words in (("sync",), ("ledger", "rebuild", "--yes")):
            ran = scene.run(*words)
            assert ran.code == 5, ran.text
            assert "held by tandem run" in ran.text


@pytest.mark.parametrize(
    ("ledger", "says"),
    [
        ("postgresql+psycopg://tandem:hunter2@db/tandem", "PGPASSWORD or ~/.pgpass"),
        ("postgresql+psycopg://tandem@db/tandem?password=hunter2", "PGPASSWORD or ~/.pgpass"),
        ("mysql://db/tandem", "postgresql+psycopg://USER@HOST/DATABASE"),
        ("postgresql+psycopg2://db/tandem", "postgresql+psycopg://USER@HOST/DATABASE"),
    ],
)
def test_a_ledger_that_cannot_be_is_refused_without_repeating_a_password(
    standing: KeptTown, ledger: str, says: str
) -> None:
    world = standing.begin_anew().world
    world.config.write_text(f"ledger: {ledger}\n{world.config.read_text()}", encoding="utf-8")
    ran = world.run("status")
    assert ran.code == 2, ran.text
    assert "tandem.yaml:1" in ran.text
    assert says in ran.text
    assert "hunter2" not in ran.text
