"""undo: what a Run overwrote goes back, and nothing else moves because of it."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from sync.model.journal import Event, FieldWrite, Write, WriteState
from sync.model.records import LinkId, NativeId
from sync.planning.undo import is_later
from tests.e2e.people import SETTLED
from tests.ids import HUBSPOT
from tests.scene import Scene


def carried(scene: Scene) -> str:
    """Sales lift the tier, and a Run carries it to HubSpot; answers with that Run."""
    scene.sales(ABM_Tier__c="tier_1")
    run = scene.sync()
    assert scene.tiers == ("tier_1", "tier_1")
    return run


def nothing_is_left_to_do(scene: Scene) -> None:
    assert not scene.pending()


def test_what_a_run_overwrote_goes_back_and_stays_back(scene: Scene) -> None:
    run = carried(scene)
    ran = scene.run("undo", run, "--yes")
    assert ran.code == 0, ran.text
    assert scene.tiers == ("tier_1", "tier_2")
    scene.sync()
    assert scene.tiers == ("tier_1", "tier_2")
    nothing_is_left_to_do(scene)
    with scene.world.ledger() as ledger:
        assert ledger.runs.latest(2)[1].kind == "undo"
        (event,) = [
            item for item in ledger.events.of_link(LinkId(scene.link), "tier") if item.kind == "undone"
        ]
        assert (event.system, event.old, event.new) == ("hubspot", "tier_1", "tier_2")
        assert not ledger.check()


def test_a_person_is_told_that_the_systems_differ_afterwards(scene: Scene) -> None:
    shown = scene.run("undo", carried(scene), "-o", "back.json")
    assert shown.code == 3
    assert "tier_1 → tier_2" in shown.out
    assert "1 value will differ between the Systems afterwards" in shown.text
    assert scene.tiers == ("tier_1", "tier_1")


@pytest.mark.parametrize("entered", ["tier_1", "tier_3"], ids=["the same as there", "another"])
def test_a_difference_that_an_undo_left_is_told_for_as_long_as_it_stands(scene: Scene, entered: str) -> None:
    def told() -> list[dict[str, Any]]:
        return [item for item in scene.run("status", "--json").json["apart"] if item["link_id"] == scene.link]

    run = carried(scene)
    assert told() == []
    undo = scene.run("undo", run, "--yes", "--json").json["run"]
    scene.sync()
    (said,) = told()
    assert (said["field"], said["run"]) == ("tier", undo)
    assert said["values"] == {"salesforce": "tier_1", "hubspot": "tier_2"}
    assert "since an undo put one back" in scene.run("status").text
    why = f"tier differs since the undo {undo} put a value back (tier_2 in hubspot, tier_1 in salesforce)"
    assert why in scene.run("explain", scene.link, "tier", "--no-live").text
    assert "differs since" not in scene.run("explain", scene.link, "owner", "--no-live").text
    # Whoever edits it has it decided by the next Run.
    scene.marketing(hs_ideal_customer_profile=entered)
    scene.world.clock.advance(SETTLED)
    scene.run("plan")
    assert told() == []
    scene.sync()
    assert told() == []


def test_a_difference_is_the_undos_no_longer_once_a_run_has_written_the_value(scene: Scene) -> None:
    run = carried(scene)
    assert scene.run("undo", run, "--yes").code == 0
    scene.marketing(hs_ideal_customer_profile="tier_3")
    scene.sync()
    assert scene.tiers == ("tier_3", "tier_3")
    scene.marketing(hs_ideal_customer_profile="tier_1")
    assert [
        item for item in scene.run("status", "--json").json["apart"] if item["link_id"] == scene.link
    ] == []


def test_a_saved_undo_is_applied_as_it_was_shown(scene: Scene) -> None:
    scene.run("undo", carried(scene), "-o", "back.json")
    applied = scene.run("apply", "back.json", "--yes")
    assert applied.code == 0, applied.text
    assert scene.tiers == ("tier_1", "tier_2")
    with scene.world.ledger() as ledger:
        assert ledger.runs.latest(1)[0].kind == "undo"
    nothing_is_left_to_do(scene)


def test_a_saved_undo_is_refused_once_somebody_edits_the_value(scene: Scene) -> None:
    scene.run("undo", carried(scene), "-o", "back.json")
    scene.marketing(hs_ideal_customer_profile="tier_3")
    applied = scene.run("apply", "back.json", "--yes")
    assert applied.code == 5, applied.text
    assert scene.tiers == ("tier_1", "tier_3")


def test_an_edit_after_an_undo_is_carried_as_ever(scene: Scene) -> None:
    scene.run("undo", carried(scene), "--yes")
    scene.marketing(hs_ideal_customer_profile="tier_3")
    scene.sync()
    assert scene.tiers == ("tier_3", "tier_3")
    nothing_is_left_to_do(scene)


def test_an_undo_is_undone(scene: Scene) -> None:
    first = scene.run("undo", carried(scene), "--yes", "--json").json
    scene.world.clock.advance(60)
    ran = scene.run("undo", first["run"], "--yes")
    assert ran.code == 0, ran.text
    assert scene.tiers == ("tier_1", "tier_1")
    nothing_is_left_to_do(scene)
    with scene.world.ledger() as ledger:
        account = ledger.accounts.by_link(LinkId(scene.link))
        assert account is not None
        assert account.link.base["tier"] == "tier_1"


def test_a_run_that_was_undone_cannot_be_undone_once_more(scene: Scene) -> None:
    run = carried(scene)
    undone = scene.run("undo", run, "--yes", "--json").json["run"]
    again = scene.run("undo", run, "--yes")
    assert again.code == 0
    assert f"written again since by Run {undone}" in again.text
    assert scene.tiers == ("tier_1", "tier_2")


def test_a_value_that_was_edited_since_is_left_alone_and_named(scene: Scene) -> None:
    run = carried(scene)
    scene.marketing(hs_ideal_customer_profile="tier_3")
    ran = scene.run("undo", run, "--yes")
    assert ran.code == 0
    assert f"hubspot tier: edited since: it is tier_3 now ({scene.name} Inc.)" in ran.text
    assert scene.tiers == ("tier_1", "tier_3")
    # The edit itself still travels.
    scene.sync()
    assert scene.tiers == ("tier_3", "tier_3")


def test_a_value_that_somebody_changed_and_changed_back_is_left_alone(scene: Scene) -> None:
    run = carried(scene)
    scene.world.clock.advance(600)
    scene.people.in_hubspot(scene.company, hs_ideal_customer_profile="tier_3")
    scene.world.clock.advance(60)
    scene.people.in_hubspot(scene.company, hs_ideal_customer_profile="tier_1")
    ran = scene.run("undo", run, "--json")
    assert ran.code == 0
    (left,) = ran.json["left"]
    assert (left["system"], left["field"], left["reason"]) == (
        "hubspot",
        "tier",
        "edited since, and set to tier_1 again",
    )
    assert scene.tiers == ("tier_1", "tier_1")


def test_the_same_in_salesforce_is_known_by_the_edits_that_runs_saw(scene: Scene) -> None:
    scene.marketing(hs_ideal_customer_profile="tier_1")
    run = scene.sync()
    scene.sales(ABM_Tier__c="tier_3")
    scene.run("plan")
    scene.sales(ABM_Tier__c="tier_1")
    ran = scene.run("undo", run, "--json")
    assert [item["reason"] for item in ran.json["left"]] == ["edited since, and set to tier_1 again"]
    assert ran.json["changes"] == []


def test_an_edit_that_the_run_replaced_is_none_that_came_since_whatever_the_crms_clock_says() -> None:
    at = datetime(2026, 3, 2, 9, tzinfo=UTC)
    value = FieldWrite(value="tier_1", expected="tier_3", reason="edited in salesforce")
    write = Write(
        id=1,
        run_id="r",
        link_id=LinkId("tdm1"),
        system=HUBSPOT,
        kind="update",
        native_id=NativeId("1"),
        fields={"tier": value},
        state=WriteState.CONFIRMED,
        intended_at=at,
        settled_at=at,
        refusal=None,
    )

    def edit(new: str, seconds: int) -> Event:
        return Event(kind="edited", old="tier_1", new=new, at=at + timedelta(seconds=seconds))

    assert not is_later(edit("tier_3", 30), write, value)
    assert is_later(edit("tier_3", 600), write, value)
    assert is_later(edit("tier_2", 30), write, value)
    assert not is_later(edit("tier_2", -30), write, value)


def test_what_is_left_is_told_to_programs_also_once_the_rest_went_back(scene: Scene) -> None:
    scene.sales(ABM_Tier__c="tier_1", MQA_Stage__c="engaged")
    run = scene.sync()
    scene.marketing(hs_ideal_customer_profile="tier_3")
    ran = scene.run("undo", run, "--yes", "--json")
    assert ran.code == 0, ran.text
    assert ran.json["counts"] == {"written.hubspot": 1}
    assert [(item["field"], item["reason"]) for item in ran.json["left"]] == [
        ("tier", "edited since: it is tier_3 now")
    ]
    assert (scene.tiers, scene.in_hubspot("tandem_mqa_stage")) == (("tier_1", "tier_3"), None)


def test_a_record_that_is_gone_is_left_alone(scene: Scene) -> None:
    run = carried(scene)
    scene.people.archives_in_hubspot(scene.company)
    scene.sync()
    ran = scene.run("undo", run, "--yes")
    assert ran.code == 0
    assert "the accounts are no longer linked" in ran.text


def test_records_that_a_run_created_stay_and_so_do_their_marks(scene: Scene) -> None:
    scene.people.new_in_salesforce(Name="Globex", Website="globex.com")
    run = scene.sync()
    before = len(scene.world.portal.shelf("companies").records)
    ran = scene.run("undo", run, "--json")
    assert [(item["system"], item["field"]) for item in ran.json["left"]] == [("hubspot", "")]
    assert "deletes nothing" in ran.json["left"][0]["reason"]
    assert ran.json["changes"] == []
    assert len(scene.world.portal.shelf("companies").records) == before


def test_an_undone_score_is_not_pushed_again_before_there_is_another(scene: Scene) -> None:
    def push(score: str) -> str:
        (scene.world.folder / "scores.csv").write_text(f"domain,score\n{scene.domain},{score}\n")
        scene.world.clock.advance(600)
        assert scene.run("scores", "import", "scores.csv").code == 0
        return scene.sync()

    push("40")
    run = push("70")
    assert scene.in_hubspot("tandem_engagement_score") == "70"
    assert scene.run("undo", run, "--yes").code == 0
    assert scene.in_hubspot("tandem_engagement_score") == "40"
    scene.sync()
    nothing_is_left_to_do(scene)
    assert (scene.in_hubspot("tandem_engagement_score"), scene.in_salesforce("Engagement_Score__c")) == (
        "40",
        40,
    )
    push("80")
    assert scene.in_hubspot("tandem_engagement_score") == "80"


def test_a_run_that_never_was_is_refused_before_anything_is_asked(scene: Scene) -> None:
    before = scene.world.hubspot.calls()
    ran = scene.run("undo", "990101-000000", "--yes")
    assert ran.code == 2
    assert "There is no Run 990101-000000." in ran.text
    assert "tandem runs list" in ran.text
    assert scene.world.hubspot.calls() == before
    with scene.world.ledger() as ledger:
        assert ledger.runs.latest(1)[0].kind == "sync"


def test_an_undo_that_would_touch_too_much_stops_at_the_guard(scene: Scene) -> None:
    scene.sales(ABM_Tier__c="tier_1", Target_Account__c=True)
    run = scene.sync()
    assert scene.run("undo", run, "--yes", "--max-changes", "1").code == 5
    assert scene.tiers == ("tier_1", "tier_1")


def test_nobody_is_there_to_confirm_so_nothing_is_written(scene: Scene) -> None:
    run = carried(scene)
    ran = scene.run("undo", run)
    assert ran.code == 2
    assert "--yes" in ran.text
    assert scene.tiers == ("tier_1", "tier_1")
