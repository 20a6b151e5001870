"""runs: what was done, as a list, and one Run with every value that it wrote."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.scene import Scene


def listed(scene: Scene, *options: str) -> list[str]:
    ran = scene.run("runs", "list", *options, "--json")
    assert ran.code == 0, ran.text
    return [run["id"] for run in ran.json]


def test_runs_are_listed_newest_first_and_those_that_wrote_nothing_can_be_left_out(scene: Scene) -> None:
    scene.sales(ABM_Tier__c="tier_1")
    wrote = scene.sync()
    idle = scene.sync()
    assert listed(scene)[:2] == [idle, wrote]
    assert listed(scene, "--writes")[0] == wrote
    assert idle not in listed(scene, "--writes")
    assert listed(scene, "--limit", "1") == [idle]
    assert "--limit lists more" in scene.run("runs", "list", "--limit", "1").err


def test_runs_are_listed_since_a_span_or_a_date(scene: Scene) -> None:
    scene.sync()
    scene.world.clock.advance(timedelta(days=2).total_seconds())
    last = scene.sync()
    assert listed(scene, "--since", "12h") == [last]
    assert listed(scene, "--since", scene.world.clock.now().date().isoformat()) == [last]
    assert "No such Run" in scene.run("runs", "list", "--since", "2999-01-01").err


@pytest.mark.parametrize("when", ["yesterday", "12", "2026-13-01"])
def test_a_time_that_is_none_is_told(scene: Scene, when: str) -> None:
    ran = scene.run("runs", "list", "--since", when)
    assert ran.code == 2
    assert f"{when!r} is neither a span (30m, 12h, 7d) nor a date" in ran.text


def test_a_span_that_goes_back_beyond_all_time_is_told(scene: Scene) -> None:
    ran = scene.run("runs", "list", "--since", "999999w")
    assert (ran.code, "Nothing is that long ago" in ran.text) == (2, True)


def test_a_run_shows_what_stood_there_what_it_wrote_and_why(scene: Scene) -> None:
    scene.sales(ABM_Tier__c="tier_1")
    run = scene.sync()
    story = scene.run("runs", "show", run, "--json").json
    (write,) = [each for each in story["writes"] if each["link_id"] == scene.link]
    assert (write["account"], write["system"], write["state"]) == (
        f"{scene.name} Inc.",
        "hubspot",
        "confirmed",
    )
    assert write["fields"]["tier"] == {
        "before": "tier_2",
        "after": "tier_1",
        "reason": "edited in salesforce",
    }
    lines = scene.run("runs", "show", run).out.splitlines()
    wanted = (f"{scene.name} Inc.", "hubspot", scene.company, "tier", "tier_2", "tier_1", "confirmed")
    assert "\t".join((*wanted, "edited in salesforce")) in lines


def test_a_run_that_wrote_nothing_says_so(scene: Scene) -> None:
    ran = scene.run("runs", "show", scene.sync())
    assert (ran.code, ran.out) == (0, "")
    assert "It wrote nothing to a CRM." in ran.err


def test_a_run_that_never_was_is_told(scene: Scene) -> None:
    ran = scene.run("runs", "show", "990101-000000")
    assert ran.code == 2
    assert "There is no Run 990101-000000." in ran.text
    assert "tandem runs list" in ran.text
