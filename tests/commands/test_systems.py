"""Systems come and go: a new name, one less, one more, another org, and what is told before anything is read."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sync.model.records import LinkId
from tests.e2e.people import SETTLED
from tests.ids import HUBSPOT
from tests.postgresql import Server
from tests.scene import KeptScene, Scene
from tests.world import Ran


@pytest.fixture
def on_server(kept_scene: KeptScene, postgres: Server) -> Scene:
    """The same over a ledger on PostgreSQL."""
    scene = kept_scene.begin_anew()
    text = scene.world.config.read_text(encoding="utf-8")
    scene.world.config.write_text(f"ledger: {postgres.make('systems')}\n{text}", encoding="utf-8")
    assert scene.run("ledger", "restore", "tandem.db", "--yes").code == 0
    for file in scene.world.folder.glob("tandem.db*"):
        file.unlink()
    scene.sync()
    return scene


def call_it(scene: Scene, old: str, new: str) -> None:
    """Rename a System in tandem.yaml."""
    text = scene.world.config.read_text(encoding="utf-8")
    assert f"  {old}:\n" in text
    scene.world.config.write_text(text.replace(f"  {old}:\n", f"  {new}:\n"), encoding="utf-8")


def take_out(scene: Scene) -> str:
    """Take HubSpot out of tandem.yaml; answers with the file as it was."""
    text = scene.world.config.read_text(encoding="utf-8")
    kept = [line for line in text.splitlines() if line.startswith("ledger:")]
    scene.world.configure(*kept, "scope: {accounts: all}", systems=("salesforce",))
    return text


def calls(scene: Scene) -> int:
    return sum(
        sum(routes.values()) for routes in (scene.world.salesforce.calls(), scene.world.hubspot.calls())
    )


WRITERS = (
    ("plan",),
    ("apply", "--yes"),
    ("sync",),
    ("scores", "push", "--yes"),
    ("outcomes", "pull"),
    ("held", "retry", "--all"),
    ("run", "--once"),
)
READERS = (
    ("status",),
    ("runs", "list"),
    ("held", "list"),
    ("conflicts", "list"),
    ("matches", "list"),
    ("report", "pipeline"),
    ("systems", "list"),
    ("ledger", "check"),
)


def test_a_renamed_system_is_named_with_the_command_before_anything_is_read(scene: Scene) -> None:
    call_it(scene, "hubspot", "hubspot_main")
    for words in WRITERS:
        ran = scene.run(*words)
        assert ran.code in {2, 5}, (words, ran.text)
        assert "hubspot_main is portal" in ran.text, (words, ran.text)
        assert "known as hubspot." in ran.text
        assert "tandem systems rename hubspot hubspot_main" in ran.text
    with scene.world.ledger() as ledger:
        assert set(ledger.systems.known()) == {"salesforce", "hubspot"}


@pytest.mark.parametrize("words", READERS, ids=" ".join)
def test_what_only_tells_tells_it_and_goes_on(scene: Scene, words: tuple[str, ...]) -> None:
    call_it(scene, "hubspot", "hubspot_main")
    ran = scene.run(*words)
    assert "Traceback" not in ran.text
    assert "hubspot" in ran.text
    assert ran.code in {0, 1}, ran.text


def rename_and_go_on(scene: Scene) -> None:
    call_it(scene, "hubspot", "hubspot_main")
    ran = scene.run("systems", "rename", "hubspot", "hubspot_main", "--yes")
    assert ran.code == 0, ran.text
    assert scene.run("ledger", "check").code == 0
    scene.sales(ABM_Tier__c="tier_1")
    scene.sync()
    assert scene.tiers == ("tier_1", "tier_1")
    scene.marketing(hs_ideal_customer_profile="tier_3")
    scene.sync()
    assert scene.tiers == ("tier_3", "tier_3")
    assert scene.pending() == []
    assert scene.run("status").code == 0


def test_after_the_ledger_follows_everything_goes_on(scene: Scene) -> None:
    rename_and_go_on(scene)


def test_after_the_ledger_follows_everything_goes_on_over_a_server(on_server: Scene) -> None:
    rename_and_go_on(on_server)


def test_a_rename_that_is_none_is_refused_with_all_that_is_wrong(scene: Scene) -> None:
    assert "did you mean hubspot?" in scene.run("systems", "rename", "hubspt", "hubspot_main", "--yes").text
    ran = scene.run("systems", "rename", "hubspot", "salesforce", "--yes")
    assert ran.code == 2
    assert "The ledger knows a System salesforce already." in ran.text
    assert "has a System hubspot" in ran.text
    call_it(scene, "hubspot", "hubspot_main")
    settings = scene.world.portal.settings
    scene.world.portal.settings = replace(settings, portal_id=777)
    ran = scene.run("systems", "rename", "hubspot", "hubspot_main", "--yes")
    scene.world.portal.settings = settings
    assert ran.code == 2, ran.text
    assert "and hubspot was portal" in ran.text


def without_hubspot(scene: Scene) -> None:
    before = take_out(scene)
    for words in WRITERS:
        ran = scene.run(*words)
        assert ran.code == 2, (words, ran.text)
        assert "is in the ledger and not in tandem.yaml" in ran.text
        assert "tandem systems forget hubspot" in ran.text
    check = scene.run("ledger", "check")
    assert (check.code, "is in the ledger and not in tandem.yaml" in check.text) == (1, True)
    told = scene.run("systems", "forget", "hubspot")
    assert (told.code, "1 record" in told.text) == (2, True), told.text
    ran = scene.run("systems", "forget", "hubspot", "--yes")
    assert ran.code == 0, ran.text
    assert "The ledger before is kept:" in ran.text
    assert scene.run("ledger", "check").code == 0
    scene.sales(ABM_Tier__c="tier_1")
    scene.sync()
    assert scene.run("status").code == 0
    # It comes back: the record is known again by the id that Tandem wrote there, and nothing is made twice.
    scene.world.config.write_text(before, encoding="utf-8")
    scene.world.clock.advance(SETTLED)
    ran = scene.run("plan", "--json")
    assert ran.json["creates"] == []
    scene.sync()
    with scene.world.ledger() as ledger:
        account = ledger.accounts.by_link(LinkId(scene.link))
        assert account is not None
        assert account.records[HUBSPOT].id == scene.company


def test_a_system_that_is_taken_out_is_told_forgotten_and_found_again(scene: Scene) -> None:
    without_hubspot(scene)


def test_a_system_is_forgotten_on_a_server_as_well(on_server: Scene) -> None:
    without_hubspot(on_server)


def test_a_run_that_wrote_to_a_forgotten_system_can_still_be_told_and_undone_elsewhere(scene: Scene) -> None:
    scene.sales(ABM_Tier__c="tier_1")
    run = scene.sync()
    take_out(scene)
    assert scene.run("systems", "forget", "hubspot", "--yes").code == 0
    assert scene.run("runs", "show", run).code == 0
    assert scene.run("explain", scene.domain).code == 0
    ran = scene.run("undo", run, "--yes")
    assert ran.code == 0, ran.text


def restored(scene: Scene, ran: Ran) -> None:
    kept = ran.out.split("The ledger before is kept: ")[1].split("\n")[0].strip()
    assert scene.run("ledger", "restore", kept, "--yes").code == 0


def test_what_was_forgotten_can_be_taken_back(scene: Scene) -> None:
    take_out(scene)
    ran = scene.run("systems", "forget", "hubspot", "--yes")
    restored(scene, ran)
    with scene.world.ledger() as ledger:
        assert set(ledger.systems.known()) == {"salesforce", "hubspot"}


def test_two_systems_that_are_the_same_portal_are_refused(scene: Scene) -> None:
    twin = f"""\
  hubspot_two:
    kind: hubspot
    base_url: {scene.world.hubspot.url}
    auth: {{method: access_token, access_token: env:HUBSPOT_ACCESS_TOKEN}}
scope: {{accounts: all}}"""
    scene.world.configure(twin)
    ran = scene.run("plan")
    assert ran.code == 5, ran.text
    assert "hubspot and hubspot_two are the same portal" in ran.text
    with scene.world.ledger() as ledger:
        assert set(ledger.systems.known()) == {"salesforce", "hubspot"}


def test_systems_are_listed_with_where_they_stand(scene: Scene) -> None:
    call_it(scene, "hubspot", "hubspot_main")
    rows = {
        row["system"]: (row["configured"], row["known"])
        for row in scene.run("systems", "list", "--json").json
    }
    assert rows == {"salesforce": (True, True), "hubspot_main": (True, False), "hubspot": (False, True)}
    assert "ledger alone" in scene.run("systems", "list").text


def test_a_system_that_is_added_is_named_before_it_is_read_whole(scene: Scene) -> None:
    before = take_out(scene)
    for file in scene.world.folder.glob("tandem.db*"):
        file.unlink()
    first = scene.run("plan")
    assert "New to the ledger" not in first.text
    scene.world.config.write_text(before, encoding="utf-8")
    ran = scene.run("plan", "--json")
    assert ran.err.count("New to the ledger: hubspot. It is read whole") == 1
    assert ran.json["creates"] == []
    scene.sync()
    assert "New to the ledger" not in scene.run("plan").text
