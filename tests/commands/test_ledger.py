"""ledger: examined, copied, put back, and made anew from what the CRMs hold."""

import sqlite3
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sync.ledger.ledger import Ledger
from sync.model.inbox import ConflictState
from sync.model.records import Covered, LinkId
from tests.e2e.people import SETTLED
from tests.ids import HUBSPOT, SALESFORCE
from tests.scene import Scene
from tests.world import open_world


def at_odds(scene: Scene) -> int:
    """Both teams edit the tier differently; answers with the Conflict's number."""
    scene.sales(ABM_Tier__c="tier_1")
    scene.marketing(hs_ideal_customer_profile="tier_3")
    scene.sync()
    return int(scene.run("conflicts", "list", "--json").json[0]["id"])


def writes(scene: Scene) -> list[str]:
    """Calls that write to a CRM."""
    made = []
    for server in (scene.world.salesforce, scene.world.hubspot):
        made += [call for call in server.calls()["routes"] if call.startswith(("PATCH", "PUT", "DELETE"))]
        made += [call for call in server.calls()["routes"] if "/batch/" in call and "read" not in call]
    return made


def test_a_sound_ledger_tells_how_much_it_holds(scene: Scene) -> None:
    ran = scene.run("ledger", "check")
    assert ran.code == 0
    assert "The ledger is sound." in ran.out
    assert scene.run("ledger", "check", "--json").json["rows"]["links"] == 1


def test_a_truncated_ledger_is_told_as_such_and_nothing_is_written(scene: Scene) -> None:
    path = scene.world.folder / "tandem.db"
    for companion in ("-wal", "-shm"):
        path.with_name(path.name + companion).unlink(missing_ok=True)
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 3])
    for command in (("ledger", "check"), ("plan",), ("status",)):
        ran = scene.run(*command)
        assert ran.code == 1, ran.text
        assert "tandem ledger restore" in ran.text
    assert path.read_bytes() == whole[: len(whole) // 3]


def test_a_backup_is_put_back_and_the_one_before_is_kept(scene: Scene) -> None:
    assert scene.run("ledger", "backup", "monday.db").code == 0
    number = at_odds(scene)
    ran = scene.run("ledger", "restore", "monday.db", "--yes")
    assert ran.code == 0, ran.text
    assert "The one before is kept" in ran.text
    with scene.world.ledger() as ledger:
        assert ledger.conflicts.get(number) is None
    # Both edits are still in the CRMs, and are found again.
    scene.sync()
    assert len(scene.run("conflicts", "list", "--json").json) == 1


def test_an_old_backup_does_not_overwrite_what_people_edited_since(scene: Scene) -> None:
    assert scene.run("ledger", "backup", "monday.db").code == 0
    scene.sales(ABM_Tier__c="tier_1")
    scene.sync()
    assert scene.tiers == ("tier_1", "tier_1")
    # Marketing takes it back. To Monday's ledger HubSpot stands as it did, and Salesforce alone has moved.
    scene.marketing(hs_ideal_customer_profile="tier_2")
    assert scene.run("ledger", "restore", "monday.db", "--yes").code == 0
    scene.sync()
    assert scene.tiers == ("tier_1", "tier_2")
    (found,) = scene.run("conflicts", "list", "--json").json
    assert {name: side["value"] for name, side in found["sides"].items()} == {
        "salesforce": "tier_1",
        "hubspot": "tier_2",
    }
    # From then on the ledger is like any other.
    assert scene.run("conflicts", "resolve", str(found["id"]), "--use", "hubspot", "--yes").code == 0
    scene.sync()
    assert scene.tiers == ("tier_2", "tier_2")
    scene.sales(ABM_Tier__c="tier_3")
    scene.sync()
    assert scene.tiers == ("tier_3", "tier_3")
    assert scene.pending() == []


def test_an_old_backup_does_not_push_an_old_score_over_a_newer_one(scene: Scene) -> None:
    def push(score: int) -> None:
        (scene.world.folder / "scores.csv").write_text(f"domain,score\n{scene.domain},{score}\n")
        assert scene.run("scores", "import", "scores.csv").code == 0
        scene.world.clock.advance(SETTLED)
        assert scene.run("scores", "push", "--yes").code == 0

    push(70)
    assert scene.run("ledger", "backup", "monday.db").code == 0
    push(80)
    assert scene.run("ledger", "restore", "monday.db", "--yes").code == 0
    scene.sync()
    assert (scene.in_salesforce("Engagement_Score__c"), scene.in_hubspot("tandem_engagement_score")) == (
        80,
        "80",
    )
    push(90)
    assert (scene.in_salesforce("Engagement_Score__c"), scene.in_hubspot("tandem_engagement_score")) == (
        90,
        "90",
    )


def test_an_edit_that_a_restored_ledger_does_not_know_is_carried(scene: Scene) -> None:
    assert scene.run("ledger", "backup", "monday.db").code == 0
    scene.sales(ABM_Tier__c="tier_1")
    scene.sync()
    scene.sales(MQA_Stage__c="engaged")
    assert scene.run("ledger", "restore", "monday.db", "--yes").code == 0
    scene.sync()
    assert scene.tiers == ("tier_1", "tier_1")
    assert scene.in_hubspot("tandem_mqa_stage") == "engaged"
    assert scene.run("conflicts", "list").code == 0


@pytest.mark.parametrize("name", ["run", "service"])
def test_a_ledger_that_somebody_works_with_is_neither_replaced_nor_rebuilt(scene: Scene, name: str) -> None:
    scene.run("ledger", "backup", "monday.db")
    with scene.world.ledger() as ledger, ledger.lease.holding("tandem run", name=name):
        for command in (("restore", "monday.db"), ("rebuild",)):
            ran = scene.run("ledger", *command, "--yes")
            assert ran.code == 5, ran.text
            assert "tandem run" in ran.text


def test_what_is_no_backup_is_refused(scene: Scene) -> None:
    (scene.world.folder / "notes.txt").write_text("buy milk")
    ran = scene.run("ledger", "restore", "notes.txt", "--yes")
    assert ran.code == 1
    assert scene.run("ledger", "check").code == 0
    again = scene.run("ledger", "backup", "notes.txt")
    assert again.code == 1
    assert "there is something already" in again.text


def test_a_rebuilt_ledger_knows_the_same_and_no_open_conflict_is_lost(scene: Scene) -> None:
    other = scene.town.scene()
    number = at_odds(scene)
    runs = len(scene.run("status", "--json").json["runs"])
    before = writes(scene)
    scene.world.clock.advance(SETTLED)
    ran = scene.run("ledger", "rebuild", "--yes", "--json")
    assert ran.code == 0, ran.text
    assert (ran.json["links"], ran.json["found_again"], ran.json["conflicts"]) == (2, 2, 1)
    assert ran.json["not_taken_over"] is None
    assert writes(scene) == before
    with scene.world.ledger() as ledger:
        assert not ledger.check()
        stored = ledger.conflicts.get(number)
        assert stored is not None
        assert stored.state is ConflictState.OPEN
        assert len(ledger.runs.latest()) == runs
    # The same Conflict still stands after a full comparison, and a person still decides it.
    scene.sync()
    (still,) = scene.run("conflicts", "list", "--json").json
    assert (still["id"], still["base"]) == (number, "tier_2")
    assert not other.pending()
    scene.run("conflicts", "resolve", str(number), "--use", "hubspot", "--yes")
    scene.sync()
    assert scene.tiers == ("tier_3", "tier_3")


def test_an_edit_that_waited_when_the_ledger_was_rebuilt_is_still_an_edit(scene: Scene) -> None:
    scene.sales(ABM_Tier__c=None)
    scene.world.clock.advance(SETTLED)
    assert scene.run("ledger", "rebuild", "--yes").code == 0
    scene.sync()
    # Without what was settled, the blank would have met HubSpot's value, and lost.
    assert scene.tiers == (None, None)


def test_a_pinned_match_a_hold_and_a_covered_edit_survive_a_rebuild(scene: Scene) -> None:
    people, world = scene.people, scene.world
    account = people.new_in_salesforce(Name="Umbrella", Website="umbrella.com")
    world.configure("scope: {accounts: linked, create: false}")
    company = people.new_in_hubspot(name="Parasol", domain="parasol.com")
    scene.sync()
    assert scene.run("matches", "pin", f"salesforce:{account}", f"hubspot:{company}", "--yes").code == 0
    stranger = people.users_of_salesforce()["tandem@example.com"]
    scene.sales(OwnerId=stranger)
    scene.sync()
    covered = Covered(value="tier_3", instead_of="tier_2", at=world.clock.now(), by="7")
    with world.ledger() as ledger:
        held = [(each.hold, each.attempts, each.first_at) for each in ledger.held.list()]
        record = ledger.accounts.record(HUBSPOT, scene.company)
        assert record is not None
        ledger.accounts.put([replace(record, covered={"tier": covered})])
    assert [hold.field for hold, *_ in held] == ["owner"]
    world.clock.advance(SETTLED)
    ran = scene.run("ledger", "rebuild", "--yes")
    assert ran.code == 0, ran.text
    with world.ledger() as ledger:
        assert [(each.hold, each.attempts, each.first_at) for each in ledger.held.list()] == held
        mine, theirs = (
            ledger.accounts.record(SALESFORCE, account),
            ledger.accounts.record(HUBSPOT, company),
        )
        assert mine is not None
        assert theirs is not None
        assert mine.link_id == theirs.link_id is not None
        again = ledger.accounts.record(HUBSPOT, scene.company)
        assert again is not None
        assert again.covered == {"tier": covered}
    (known,) = (
        each for each in scene.run("matches", "list", "--all", "--json").json if each["kind"] == "pin"
    )
    assert known["state"] == "accepted"


def test_a_decision_survives_a_rebuild(scene: Scene) -> None:
    number = at_odds(scene)
    scene.run("conflicts", "resolve", str(number), "--use", "salesforce", "--yes")
    scene.world.clock.advance(SETTLED)
    assert scene.run("ledger", "rebuild", "--yes").code == 0
    scene.sync()
    assert scene.tiers == ("tier_1", "tier_1")


def test_a_ledger_too_damaged_to_read_is_rebuilt_from_the_marks_in_the_crms(scene: Scene) -> None:
    path = scene.world.folder / "tandem.db"
    for companion in ("-wal", "-shm"):
        path.with_name(path.name + companion).unlink(missing_ok=True)
    path.write_bytes(path.read_bytes()[:5000])
    scene.world.clock.advance(SETTLED)
    ran = scene.run("ledger", "rebuild", "--yes")
    assert ran.code == 0, ran.text
    assert "Nothing could be taken over" in ran.text
    with scene.world.ledger() as ledger:
        account = ledger.accounts.by_link(LinkId(scene.link))
        assert account is not None
        assert set(account.records) == {"salesforce", "hubspot"}
    assert not scene.pending()


def test_a_ledger_that_contradicts_itself_about_a_record_still_gives_its_conflicts(scene: Scene) -> None:
    number = at_odds(scene)
    with sqlite3.connect(scene.world.folder / "tandem.db") as database:
        database.execute("UPDATE records SET dirty = 1, link_id = NULL WHERE system = 'hubspot'")
    assert scene.run("ledger", "check").code == 1
    scene.world.clock.advance(SETTLED)
    ran = scene.run("ledger", "rebuild", "--yes", "--json")
    assert ran.code == 0, ran.text
    assert (ran.json["conflicts"], ran.json["not_taken_over"]) == (1, None)
    (still,) = scene.run("conflicts", "list", "--json").json
    assert still["id"] == number


def test_a_ledger_that_is_only_busy_is_not_taken_for_a_damaged_one(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It would be made anew without its Conflicts, under the hands of whoever writes to it."""
    monkeypatch.setattr("sync.ledger.database.connections._BUSY", 0.01)
    number = at_odds(scene)
    path = scene.world.folder / "tandem.db"
    other = sqlite3.connect(path, isolation_level=None)
    try:
        other.execute("BEGIN IMMEDIATE")
        for command in (("rebuild",), ("restore", "monday.db")):
            if command[0] == "restore":
                scene.run("ledger", "backup", "monday.db")
            ran = scene.run("ledger", *command, "--yes")
            assert ran.code == 1, ran.text
            assert "the ledger is busy" in ran.text
    finally:
        other.close()
    with scene.world.ledger() as ledger:
        assert ledger.conflicts.get(number) is not None
    assert not list(scene.world.folder.glob("*.re*"))


def test_who_waits_while_the_ledger_is_rebuilt_decides_in_the_new_one(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = at_odds(scene)
    restore = Ledger.restore
    codes: list[int] = []

    def asked_meanwhile(*given: Any, **how: Any) -> Path | None:
        codes.append(scene.run("conflicts", "resolve", str(number), "--use", "hubspot", "--yes").code)
        return restore(*given, **how)

    monkeypatch.setattr(Ledger, "restore", asked_meanwhile)
    scene.world.clock.advance(SETTLED)
    assert scene.run("ledger", "rebuild", "--yes").code == 0
    # The ledger is held to the end: a decision that came in between would have been put aside with the old one.
    assert codes == [5]
    assert scene.run("conflicts", "resolve", str(number), "--use", "hubspot", "--yes").code == 0


def test_a_link_whose_records_are_gone_is_closed_with_its_conflicts(scene: Scene) -> None:
    number = at_odds(scene)
    scene.people.archives_in_hubspot(scene.company)
    scene.people.deletes_in_salesforce(scene.account)
    scene.world.clock.advance(SETTLED)
    ran = scene.run("ledger", "rebuild", "--yes")
    assert ran.code == 0, ran.text
    assert f"1 Link closed, for none of its records was found; with them Conflict {number}." in ran.text
    with scene.world.ledger() as ledger:
        assert ledger.accounts.open_links() == 0


def test_a_rebuild_that_fails_leaves_the_ledger_as_it_was(scene: Scene) -> None:
    scene.world.hubspot.fault(status=503, match={"path": ".*companies.*"}, times=1000)
    before = scene.run("ledger", "check", "--json").json
    ran = scene.run("ledger", "rebuild", "--yes")
    assert ran.code == 1, ran.text
    after = scene.run("ledger", "check", "--json").json
    # It was held alone for a while.
    before["rows"].pop("lease"), after["rows"].pop("lease")
    assert after == before
    assert not list(scene.world.folder.glob("*.rebuild*"))


def test_a_ledger_of_another_org_is_refused_before_anything_is_written(
    scene: Scene, tmp_path_factory: pytest.TempPathFactory
) -> None:
    scene.sales(ABM_Tier__c="tier_1")
    path = scene.world.folder / "tandem.db"
    with sqlite3.connect(path) as database:
        database.execute("UPDATE systems SET identity = '00D000000000009EAA' WHERE name = 'salesforce'")
    before = writes(scene)
    for command in (("sync",), ("ledger", "rebuild", "--yes")):
        ran = scene.run(*command)
        assert ran.code == 5, ran.text
        assert "00D000000000009EAA" in ran.text
    assert writes(scene) == before


def test_there_is_nothing_to_check_before_the_first_run(tmp_path: Path) -> None:
    with open_world(tmp_path) as world:
        ran = world.run("ledger", "check")
        assert ran.code == 1
        assert "there is no ledger yet" in ran.text
