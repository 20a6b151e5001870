"""conflicts: shown, decided one by one or in a spreadsheet, remembered as a rule, dissolved by themselves."""

import csv
import io
from typing import Any

import pytest

from sync.core.resolutions import Resolution, check_as_seen, from_table, to_table
from sync.errors import StalePlan
from sync.model.inbox import ConflictState
from tests.scene import Scene


@pytest.fixture
def scene(scene: Scene) -> Scene:
    """An account whose tier both teams edited differently."""
    scene.sales(ABM_Tier__c="tier_1")
    scene.marketing(hs_ideal_customer_profile="tier_3")
    scene.sync()
    return scene


def conflict(scene: Scene) -> dict[str, Any]:
    found = scene.run("conflicts", "list", "--json").json
    return next(item for item in found if item["link_id"] == scene.link)


def exported(scene: Scene) -> list[dict[str, str]]:
    assert scene.run("conflicts", "export", "inbox.csv").code == 0
    text = (scene.world.folder / "inbox.csv").read_text(encoding="utf-8-sig")
    return list(csv.DictReader(io.StringIO(text)))


def write(scene: Scene, rows: list[dict[str, str]], *, delimiter: str = ",") -> None:
    text = io.StringIO()
    writer = csv.DictWriter(text, fieldnames=list(rows[0]), delimiter=delimiter)
    writer.writeheader()
    writer.writerows(rows)
    (scene.world.folder / "inbox.csv").write_text(text.getvalue(), encoding="utf-8-sig")


def state(scene: Scene, number: int) -> ConflictState:
    with scene.world.ledger() as ledger:
        stored = ledger.conflicts.get(number)
        assert stored is not None
        return stored.state


def test_a_conflict_shows_base_each_side_with_its_author_and_what_each_rule_would_do(scene: Scene) -> None:
    shown = scene.run("conflicts", "show", str(conflict(scene)["id"]))
    assert shown.code == 0
    for told in ("base", "tier_2", "by Ben Ortiz", "What each rule would do", "newest", "mqa_stage"):
        assert told in shown.out


def test_a_spreadsheet_decides(scene: Scene) -> None:
    number = conflict(scene)["id"]
    (row,) = (row for row in exported(scene) if row["id"] == str(number))
    assert (row["field"], row["base"], row["salesforce"], row["hubspot"]) == (
        "tier",
        "tier_2",
        "tier_1",
        "tier_3",
    )
    assert row["salesforce by"] == "Ben Ortiz"
    assert row["newest gives"] == "tier_3"
    write(scene, [{**row, "decision": "hubspot", "note": "agreed on Monday"}])
    ran = scene.run("conflicts", "import", "inbox.csv", "--yes")
    assert ran.code == 0, ran.text
    scene.sync()
    assert scene.tiers == ("tier_3", "tier_3")
    with scene.world.ledger() as ledger:
        stored = ledger.conflicts.get(number)
        assert stored is not None
        assert (stored.state, stored.note) == (ConflictState.CLOSED, "agreed on Monday")


@pytest.mark.parametrize(
    ("decision", "outcome"), [("tier_2", "tier_2"), ("(blank)", None), ("newest", "tier_3")]
)
def test_a_decision_is_a_value_a_blank_or_a_rule(scene: Scene, decision: str, outcome: str | None) -> None:
    (row,) = (row for row in exported(scene) if row["id"] == str(conflict(scene)["id"]))
    write(scene, [{**row, "decision": decision}], delimiter=";")
    assert scene.run("conflicts", "import", "inbox.csv", "--yes").code == 0
    scene.sync()
    assert scene.tiers == (outcome, outcome)


def test_lines_without_a_decision_decide_nothing(scene: Scene) -> None:
    write(scene, exported(scene))
    ran = scene.run("conflicts", "import", "inbox.csv", "--yes")
    assert ran.code == 0
    assert "decides nothing" in ran.text
    assert state(scene, conflict(scene)["id"]) is ConflictState.OPEN


def test_unknown_ids_stale_values_and_senseless_decisions_are_named_by_line_and_nothing_is_decided(
    scene: Scene,
) -> None:
    number = conflict(scene)["id"]
    (row,) = (row for row in exported(scene) if row["id"] == str(number))
    write(
        scene,
        [
            {**row, "decision": "salesforce"},
            {**row, "id": "9999", "decision": "salesforce"},
            {**row, "id": "seven", "decision": "salesforce"},
            {**row, "decision": "tier_9"},
        ],
    )
    ran = scene.run("conflicts", "import", "inbox.csv", "--yes")
    assert ran.code == 2
    assert "line 3: there is no Conflict 9999" in ran.text
    assert "line 4: there is no Conflict seven" in ran.text
    assert f"line 5: Conflict {number}: it stands in the table twice" in ran.text
    assert "Nothing was decided" in ran.text
    assert state(scene, number) is ConflictState.OPEN
    write(scene, [{**row, "hubspot": "tier_1", "decision": "salesforce"}])
    ran = scene.run("conflicts", "import", "inbox.csv", "--yes")
    assert ran.code == 5
    assert f"line 2: Conflict {number}: hubspot holds tier_3 now, the table says tier_1" in ran.text
    # A table of another ledger, in which the number meant something else.
    write(scene, [{**row, "account": "Umbrella", "decision": "salesforce"}])
    ran = scene.run("conflicts", "import", "inbox.csv", "--yes")
    assert ran.code == 5
    assert f"it is about the account {row['account']}, the table says Umbrella" in ran.text
    write(scene, [{**row, "decision": "tier_9"}])
    ran = scene.run("conflicts", "import", "inbox.csv", "--yes")
    assert "line 2" in ran.text
    assert "tier_9 is no value of tier; use one of tier_1, tier_2, tier_3" in ran.text
    assert state(scene, number) is ConflictState.OPEN


def test_nothing_is_decided_while_a_run_is_under_way(scene: Scene) -> None:
    number = conflict(scene)["id"]
    (row,) = (row for row in exported(scene) if row["id"] == str(number))
    write(scene, [{**row, "decision": "salesforce"}])
    with scene.world.ledger() as ledger, ledger.lease.holding("tandem run (sync)"):
        for words in (
            ("conflicts", "resolve", str(number), "--use", "hubspot"),
            ("conflicts", "import", "inbox.csv"),
        ):
            ran = scene.run(*words, "--yes")
            assert ran.code == 5, ran.text
            assert "held by tandem run (sync)" in ran.text
            assert "wait for it to end" in ran.text
        assert state(scene, number) is ConflictState.OPEN
    assert scene.run("conflicts", "resolve", str(number), "--use", "hubspot", "--yes").code == 0


def test_a_conflict_that_moved_while_a_person_thought_about_it_is_not_decided(scene: Scene) -> None:
    number = conflict(scene)["id"]
    with scene.world.ledger() as ledger:
        shown = ledger.conflicts.get(number)
    assert shown is not None
    answer = Resolution(conflict=shown, value="tier_1")
    scene.marketing(hs_ideal_customer_profile="")
    scene.sync()
    with scene.world.ledger() as ledger:
        standing = ledger.conflicts.by_id([number])
    with pytest.raises(StalePlan, match=f"Conflict {number} is no longer as it was shown") as refused:
        check_as_seen([answer], standing)
    assert refused.value.exit_code == 5
    check_as_seen([Resolution(conflict=standing[number], value="tier_1")], standing)


def test_a_table_without_the_columns_says_which(scene: Scene) -> None:
    (scene.world.folder / "inbox.csv").write_text("number,answer\n1,hubspot\n")
    ran = scene.run("conflicts", "import", "inbox.csv", "--yes")
    assert ran.code == 2
    assert "The table has no column id." in ran.text
    assert "The table has no column decision." in ran.text


def test_a_name_that_a_spreadsheet_would_run_is_harmless(scene: Scene) -> None:
    with scene.world.ledger() as ledger:
        found = ledger.conflicts.list()
        labels: dict[str, str] = {item.finding.link_id: "=HYPERLINK(0)" for item in found}
        text = to_table(found, labels)
        assert ",'=HYPERLINK(0)," in text
        assert from_table(text, {item.id: item for item in found}, {}, {}) == []


def test_a_decision_is_remembered_as_a_rule_and_the_file_keeps_its_comments(scene: Scene) -> None:
    world = scene.world
    before = world.config.read_text()
    folder = world.folder / "mappings"
    folder.mkdir(exist_ok=True)
    mine = "# ours\nfields:\n  tier:      # agreed with sales\n    label: ABM tier\n"
    (folder / "canonical.yaml").write_text(mine)
    world.configure("scope: {accounts: all}", "mapping: mappings/")
    try:
        number = str(conflict(scene)["id"])
        ran = scene.run("conflicts", "resolve", number, "--use", "salesforce", "--remember", "--yes")
        assert ran.code == 0, ran.text
        assert (folder / "canonical.yaml").read_text() == mine + "    rule:\n      on_conflict: salesforce\n"
        scene.sync()
        assert scene.tiers == ("tier_1", "tier_1")
        # The next one of its kind decides itself.
        scene.sales(ABM_Tier__c="tier_2")
        scene.marketing(hs_ideal_customer_profile="tier_3")
        scene.sync()
        assert scene.tiers == ("tier_2", "tier_2")
    finally:
        world.config.write_text(before)
        (folder / "canonical.yaml").unlink()


def test_nothing_is_remembered_in_the_built_in_mapping(scene: Scene) -> None:
    number = conflict(scene)["id"]
    ran = scene.run("conflicts", "resolve", str(number), "--use", "salesforce", "--remember", "--yes")
    assert ran.code == 2
    assert "tandem init" in ran.text
    assert state(scene, number) is ConflictState.OPEN


def test_a_single_value_is_not_remembered(scene: Scene) -> None:
    number = conflict(scene)["id"]
    ran = scene.run("conflicts", "resolve", str(number), "--value", "tier_2", "--remember", "--yes")
    assert ran.code == 2
    assert "A single value is no rule." in ran.text
    assert state(scene, number) is ConflictState.OPEN


def test_a_conflict_that_dissolved_by_itself_closes_itself(scene: Scene) -> None:
    number = conflict(scene)["id"]
    scene.marketing(hs_ideal_customer_profile="tier_1")
    scene.sync()
    assert state(scene, number) is ConflictState.CLOSED
    with scene.world.ledger() as ledger:
        stored = ledger.conflicts.get(number)
        assert stored is not None
        assert "dissolved" in str(stored.close_reason)


def test_a_decision_that_the_systems_moved_away_from_is_asked_for_again(scene: Scene) -> None:
    number = conflict(scene)["id"]
    scene.run("conflicts", "resolve", str(number), "--use", "hubspot", "--yes")
    scene.marketing(hs_ideal_customer_profile="tier_1")
    scene.sales(ABM_Tier__c="tier_3")
    scene.sync()
    assert state(scene, number) is ConflictState.OPEN
    assert scene.tiers == ("tier_3", "tier_1")


def test_a_conflict_is_decided_for_the_label_of_a_value_as_for_the_value(scene: Scene) -> None:
    number = conflict(scene)["id"]
    ran = scene.run("conflicts", "resolve", str(number), "--value", "tier 1", "--yes")
    assert ran.code == 0, ran.text
    with scene.world.ledger() as ledger:
        stored = ledger.conflicts.get(number)
    assert stored is not None
    assert (stored.state, stored.decision) == (ConflictState.DECIDED, "tier_1")


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("--field", "teir"), "There is no field teir; did you mean tier?"),
        (("--system", "hubspt"), "There is no System hubspt; did you mean hubspot?"),
    ],
)
@pytest.mark.parametrize(
    "command", [("list",), ("resolve", "--all", "--use", "hubspot"), ("export", "x.csv")]
)
def test_a_filter_that_names_nothing_there_is_is_told(
    scene: Scene, command: tuple[str, ...], options: tuple[str, ...], told: str
) -> None:
    ran = scene.run("conflicts", *command, *options)
    assert (ran.code, told in ran.text) == (2, True), ran.text
    assert not (scene.world.folder / "x.csv").exists()


def test_conflicts_are_found_by_the_name_of_the_field_in_a_crm(scene: Scene) -> None:
    number = conflict(scene)["id"]
    ran = scene.run("conflicts", "list", "--field", "ABM_Tier__c", "--json")
    assert number in [item["id"] for item in ran.json]
