"""scores import: what files people have, and what they are told of them."""

from __future__ import annotations

import pytest

from sync.model.records import NativeId, Record
from tests.ids import SALESFORCE
from tests.scene import Scene
from tests.world import World


def test_a_file_that_excel_saved_as_unicode_text_is_imported(scene: Scene) -> None:
    text = f"\tDomain\tScore \r\n1\t{scene.domain}\t57.5\r\n"
    (scene.world.folder / "scores.txt").write_bytes(text.encode("utf-16"))
    ran = scene.run("scores", "import", "scores.txt", "--json")
    assert (ran.code, ran.json["new"], ran.json["without_account"], ran.json["notes"]) == (0, 1, 0, []), (
        ran.text
    )


def test_rows_that_are_one_account_are_named_with_the_rule_also_where_their_keys_differ(scene: Scene) -> None:
    scene.marketing(domain=f"other-{scene.domain}")
    scene.sync()
    text = f"domain,score\n{scene.domain},10\nnobody.com,1\nother-{scene.domain},20\nWWW.{scene.domain},30\n"
    (scene.world.folder / "scores.csv").write_text(text)
    ran = scene.run("scores", "import", "scores.csv")
    assert ran.code == 0, ran.text
    assert "scores.csv: lines 2, 4, 5 are one account's; line 5 counts." in ran.text
    assert "Of several lines of one account the latest time counts" in ran.text
    assert scene.run("scores", "push", "--yes").code == 0
    assert scene.in_salesforce("Engagement_Score__c") == 30


def test_a_salesforce_id_in_small_letters_finds_its_account(scene: Scene) -> None:
    scene.world.configure("scope: {accounts: all}", "scores: {key: salesforce}")
    assert scene.account != scene.account.lower()
    (scene.world.folder / "scores.csv").write_text(f"salesforce,score\n{scene.account.lower()},70\n")
    assert scene.run("scores", "import", "scores.csv", "--json").json["without_account"] == 0
    assert scene.run("explain", scene.account.lower()).code == 0


def test_a_short_id_in_other_capitals_is_told_and_taken_for_nobody_s(scene: Scene) -> None:
    world = scene.world
    world.configure("scope: {accounts: all}", "scores: {key: salesforce}")
    with world.ledger() as ledger:
        ledger.accounts.put(
            [Record(system=SALESFORCE, id=NativeId("001aBcDeFgHiJkLMNO"), name="Case", domain=None)]
        )
    (world.folder / "scores.csv").write_text("salesforce,score\n001abcdefghijkl,70\n")
    ran = world.run("scores", "import", "scores.csv")
    assert (
        "scores.csv:2: no record is 001abcdefghijkl; 001aBcDeFgHiJkLMNO differs from it in capitals"
        in ran.text
    )
    assert "1 of 1 belong to no linked account" in ran.text


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"", "is empty. what to do Export the scores again"),
        (b"PK\x03\x04", "is an Excel workbook or a zip file, not a CSV file. what to do Save it as"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_with_the_cure(scene: Scene, data: bytes, told: str) -> None:
    (scene.world.folder / "scores.csv").write_bytes(data)
    ran = scene.run("scores", "import", "scores.csv")
    assert (ran.code, told in ran.text) == (2, True), ran.text


# -- the zone of the configuration ----------------------------------------------------------------------------


def test_a_zone_that_does_not_exist_is_refused_with_what_may_be_meant(world: World) -> None:
    world.configure("timezone: Europe/Berln")
    ran = world.run("status")
    assert ran.code == 2
    assert (
        "timezone cannot be used. There is no time zone 'Europe/Berln' (did you mean Europe/Berlin?)."
        in ran.text
    )


def test_what_is_shown_is_told_in_the_zone_of_the_configuration_and_json_in_utc(scene: Scene) -> None:
    scene.sales(ABM_Tier__c="tier_1")
    run = scene.sync()
    scene.world.configure("scope: {accounts: all}", "timezone: Asia/Tokyo")
    began = scene.run("runs", "show", run, "--json").json["started_at"]
    assert began.endswith("+00:00")
    hour = (int(began[11:13]) + 9) % 24
    told = scene.run("runs", "show", run)
    assert f" {hour:02}{began[13:19]} JST" in told.text, told.text
    assert f" {hour:02}{began[13:16]}" in scene.run("runs", "list").text
    story = scene.run("explain", scene.domain)
    assert "when (Asia/Tokyo)" in story.text
    assert f" {hour:02}{began[13:16]}" in story.text
