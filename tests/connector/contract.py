"""What every Connector promises (``connector.base``), as tests that each real one passes against its emulator.

A connector joins by giving a fixture ``rig`` and a class ``Test…(ConnectorContract)`` in ``test_contract.py``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Protocol

import pytest

from connector.base import (
    Connector,
    FieldDefinition,
    FieldKind,
    NativeRecord,
    OptionDefinition,
    Page,
    RowUpdate,
    RowUpsert,
)
from connector.errors import Rejected, Unavailable, Unsupported


class Rig(Protocol):
    """A Connector, the CRM behind it, and what people there do."""

    connector: Connector
    #: The object that holds accounts, and the field with their name.
    object: str
    name: str

    def field(self, word: str) -> str:
        """A custom field's name in this CRM's manner: ``tier`` -> ``Tier__c``."""

    def settle(self) -> None:
        """Let time pass until indexes, caches and lags have caught up."""

    def create(self, name: str) -> str:
        """A person makes an account; its id."""

    def rename(self, id: str, name: str) -> None:
        """A person changes an account's name."""

    def delete(self, id: str) -> None:
        """A person deletes an account."""

    def merge(self, winner: str, loser: str) -> str:
        """A person merges two accounts; the id of what remains."""

    def load(self, number: int) -> Sequence[str]:
        """Many accounts at once, with one stamp; their ids."""

    def deal(self, name: str, stage: str, amount: float) -> str:
        """A person makes an opportunity or deal in a stage; its id."""

    def drop_deal(self, id: str) -> None:
        """A person deletes it."""

    def remember(self) -> None:
        """The CRM keeps the history of an account's name."""

    def down(self, times: int) -> None:
        """The CRM's edge answers the next calls with an HTML page and 503."""

    def counted(self) -> int:
        """API calls that the CRM has counted since the rig was made."""


def tier(rig: Rig, *values: str, label: str = "Tier") -> FieldDefinition:
    return FieldDefinition(
        name=rig.field("tier"),
        label=label,
        kind=FieldKind.ENUM,
        restricted=True,
        group="tandem",
        options=tuple(
            OptionDefinition(value=value, label=value.replace("_", " ").title(), order=order)
            for order, value in enumerate(values or ("tier_1", "tier_2"))
        ),
    )


def key(rig: Rig) -> FieldDefinition:
    return FieldDefinition(
        name=rig.field("key"),
        label="Key",
        kind=FieldKind.TEXT,
        length=80,
        unique=True,
        external_id=True,
        group="tandem",
    )


@pytest.fixture
def ready(rig: Rig) -> Rig:
    """The rig with a unique key and a restricted enumeration that the connected user may write."""
    for definition in (key(rig), tier(rig)):
        rig.connector.create_field(rig.object, definition)
    rig.connector.grant(rig.object, [rig.field("key"), rig.field("tier")])
    rig.settle()
    return rig


def pages(rig: Rig, position: str | None = None, **more: Any) -> list[Page]:
    return list(rig.connector.changes(rig.object, [rig.name], position, **more))


def names(rig: Rig, found: Sequence[Page]) -> dict[str, Any]:
    return {record.id: record.values[rig.name] for page in found for record in page.records}


def upsert(rig: Rig, **values: Mapping[str, str | None]) -> list[str]:
    """Make or change accounts by key; their ids."""
    rows = [RowUpsert(key=key_, values=value) for key_, value in values.items()]
    results = rig.connector.upsert(rig.object, rig.field("key"), rows)
    assert [result.refusal for result in results] == [None] * len(rows)
    return [str(result.id) for result in results]


def read(rig: Rig, id: str) -> NativeRecord:
    return rig.connector.read(rig.object, [rig.name, rig.field("tier")], [id])[id]


class ConnectorContract:
    """One test per promise."""

    # -- who, where, how much ------------------------------------------------------------------------------

    def test_it_knows_where_it_is_and_keeps_the_answer(self, rig: Rig) -> None:
        first = rig.connector.identity()
        before = rig.connector.calls
        assert first.id
        assert first.name
        assert rig.connector.identity() == first
        assert rig.connector.calls == before

    def test_it_counts_its_calls_as_the_crm_does(self, ready: Rig) -> None:
        upsert(ready, one={ready.name: "One"})
        pages(ready)
        ready.connector.users()
        assert ready.connector.calls == ready.counted()

    def test_the_daily_allowance_is_known(self, rig: Rig) -> None:
        rig.connector.users()
        quota = rig.connector.quota()
        assert quota.limit is not None
        assert quota.used is not None
        assert 0 < quota.used < quota.limit

    # -- writing -------------------------------------------------------------------------------------------

    def test_an_upsert_creates_once_and_then_updates(self, ready: Rig) -> None:
        rows = [RowUpsert(key=f"k{n}", values={ready.name: f"Acme {n}"}) for n in range(3)]
        first = ready.connector.upsert(ready.object, ready.field("key"), rows)
        assert [result.created for result in first] == [True] * 3
        again = ready.connector.upsert(ready.object, ready.field("key"), rows[::-1])
        assert [result.created for result in again] == [False] * 3
        assert [result.id for result in again] == [result.id for result in first][::-1]

    def test_what_was_written_is_read_back_and_is_not_older_than_the_write_says(self, ready: Rig) -> None:
        (id,) = upsert(ready, one={ready.name: "One", ready.field("tier"): "tier_1"})
        row = RowUpdate(id=id, values={ready.name: "Eins", ready.field("tier"): "tier_2"})
        (result,) = ready.connector.update(ready.object, [row])
        found = read(ready, id)
        assert (found.values[ready.name], found.values[ready.field("tier")]) == ("Eins", "tier_2")
        assert result.id == id
        assert result.not_before is not None
        assert found.modified_at >= result.not_before

    def test_null_clears_a_value(self, ready: Rig) -> None:
        (id,) = upsert(ready, one={ready.name: "One", ready.field("tier"): "tier_1"})
        (result,) = ready.connector.update(
            ready.object, [RowUpdate(id=id, values={ready.field("tier"): None})]
        )
        assert result.refusal is None
        assert not read(ready, id).values[ready.field("tier")]

    def test_one_bad_row_is_refused_by_its_field_and_the_others_are_written(self, ready: Rig) -> None:
        ids = upsert(ready, **{f"k{n}": {ready.name: f"Acme {n}"} for n in range(5)})
        rows = [RowUpdate(id=id, values={ready.field("tier"): "tier_1"}) for id in ids]
        rows[2] = RowUpdate(id=ids[2], values={ready.field("tier"): "platinum"})
        results = ready.connector.update(ready.object, rows)
        refusals = [result.refusal for result in results]
        assert [refusal is None for refusal in refusals] == [True, True, False, True, True]
        bad = refusals[2]
        assert bad is not None
        assert bad.fields == (ready.field("tier"),)
        assert not bad.retryable
        assert not bad.gone
        assert bad.message
        assert [bool(read(ready, id).values[ready.field("tier")]) for id in ids] == [
            True,
            True,
            False,
            True,
            True,
        ]

    def test_a_row_that_was_deleted_says_that_it_is_gone(self, ready: Rig) -> None:
        one, two = upsert(ready, one={ready.name: "One"}, two={ready.name: "Two"})
        ready.delete(one)
        results = ready.connector.update(
            ready.object, [RowUpdate(id=id, values={ready.name: "New"}) for id in (one, two)]
        )
        gone = results[0].refusal
        assert gone is not None
        assert gone.gone
        assert results[1].refusal is None

    def test_no_rows_cost_no_call(self, ready: Rig) -> None:
        before = ready.connector.calls
        assert ready.connector.update(ready.object, []) == []
        assert ready.connector.upsert(ready.object, ready.field("key"), []) == []
        assert dict(ready.connector.read(ready.object, [ready.name], [])) == {}
        assert dict(ready.connector.fate(ready.object, [])) == {}
        assert ready.connector.calls == before

    # -- reading -------------------------------------------------------------------------------------------

    def test_a_first_read_finds_everything_and_the_next_finds_what_changed(self, ready: Rig) -> None:
        one, two = ready.create("One"), ready.create("Two")
        ready.settle()
        first = pages(ready)
        assert {one: "One", two: "Two"}.items() <= names(ready, first).items()
        ready.settle()
        ready.rename(two, "Zwei")
        ready.settle()
        assert names(ready, pages(ready, first[-1].position)) == {two: "Zwei"}

    def test_the_last_writer_is_told_or_left_out_but_never_wrong(self, ready: Rig) -> None:
        id = ready.create("One")
        ready.settle()
        (record,) = [record for page in pages(ready) for record in page.records if record.id == id]
        assert record.modified_by is None or record.modified_by != ready.connector.identity().acting_as

    def test_an_idle_read_yields_a_page_and_moves_on(self, ready: Rig) -> None:
        ready.create("One")
        ready.settle()
        position = pages(ready)[-1].position
        for _ in range(3):
            ready.settle()
            idle = pages(ready, position)
            assert names(ready, idle) == {}
            assert idle[-1].position != position
            position = idle[-1].position

    def test_a_version_is_left_out_only_where_it_was_seen_before(self, ready: Rig) -> None:
        """A connector may ask, and may read everything again; it may not leave out what nobody has seen."""
        position = pages(ready)[-1].position
        one, two = ready.create("One"), ready.create("Two")
        ready.settle()
        asked: list[str] = []

        def seen(versions: Mapping[str, Any]) -> set[str]:
            asked.extend(versions)
            return {one} & set(versions)

        found = names(ready, pages(ready, position, seen=seen))
        assert found[two] == "Two"
        assert (one not in found) == (one in asked)

    def test_a_read_that_was_broken_off_goes_on_where_it_was_stored(self, ready: Rig) -> None:
        ids = ready.load(ready.connector.limits.page + 50)
        ready.settle()
        reading = ready.connector.changes(ready.object, [ready.name], None)
        first = next(reading)
        rest = pages(ready, first.position)
        found = [record.id for page in (first, *rest) for record in page.records]
        assert set(ids) <= set(found)
        assert len(found) < 2 * len(ids)

    def test_records_are_read_by_id_and_by_key_and_the_others_are_absent(self, ready: Rig) -> None:
        odd = "o'neil & söhne/co"
        ids = upsert(ready, plain={ready.name: "Plain"}, **{odd: {ready.name: "Odd"}})
        by_id = ready.connector.read(ready.object, [ready.name], [*ids, missing(ids[0])])
        assert {id: record.values[ready.name] for id, record in by_id.items()} == {
            ids[0]: "Plain",
            ids[1]: "Odd",
        }
        by_key = ready.connector.read_by_key(
            ready.object, [ready.name], ready.field("key"), ["plain", odd, "none"]
        )
        assert {key_: record.id for key_, record in by_key.items()} == {"plain": ids[0], odd: ids[1]}

    def test_a_deletion_is_told_once_by_the_feed_and_on_demand(self, ready: Rig) -> None:
        one, two = ready.create("One"), ready.create("Two")
        ready.settle()
        position = pages(ready)[-1].position
        ready.settle()
        ready.delete(one)
        ready.settle()
        found = pages(ready, position)
        assert [gone.id for page in found for gone in page.removals] == [one]
        assert one not in names(ready, found)
        assert set(ready.connector.read(ready.object, [ready.name], [one, two])) == {two}
        fate = ready.connector.fate(ready.object, [one, two, missing(one)])
        assert set(fate) == {one}
        assert fate[one].merged_into is None

    def test_a_merged_record_leads_to_its_survivor(self, ready: Rig) -> None:
        winner, loser = ready.create("Winner"), ready.create("Loser")
        ready.settle()
        position = pages(ready)[-1].position
        ready.settle()
        survivor = ready.merge(winner, loser)
        ready.settle()
        found = pages(ready, position)
        by_removal = {gone.id: gone.merged_into for page in found for gone in page.removals}
        by_record = {old: record.id for page in found for record in page.records for old in record.merged_ids}
        assert {**by_removal, **by_record}[loser] == survivor
        fate = ready.connector.fate(ready.object, [loser])
        assert fate[loser].merged_into == survivor

    def test_a_field_that_is_not_there_is_named(self, ready: Rig) -> None:
        wrong = ready.field("nowhere")
        with pytest.raises(Unsupported, match=wrong) as refused:
            list(ready.connector.changes(ready.object, [ready.name, wrong], None))
        assert refused.value.system == ready.connector.name

    # -- bad days ------------------------------------------------------------------------------------------

    def test_a_passing_fault_is_waited_out(self, ready: Rig) -> None:
        (id,) = upsert(ready, one={ready.name: "One"})
        ready.down(2)
        assert read(ready, id).values[ready.name] == "One"

    def test_values_of_which_no_answer_tells_are_not_sent_again(self, ready: Rig) -> None:
        """Somebody may have edited the record since; whoever sends it reads it first."""
        (id,) = upsert(ready, one={ready.name: "One"})
        row = RowUpdate(id=id, values={ready.name: "Eins"})
        ready.down(1)
        with pytest.raises(Unavailable) as raised:
            ready.connector.update(ready.object, [row])
        assert raised.value.maybe_done
        assert read(ready, id).values[ready.name] == "One"
        (result,) = ready.connector.update(ready.object, [row])
        assert (result.refusal, result.lost) == (None, None)
        assert read(ready, id).values[ready.name] == "Eins"

    def test_a_fault_that_lasts_is_raised_with_the_systems_name(self, ready: Rig) -> None:
        ready.down(1000)
        with pytest.raises(Unavailable) as raised:
            ready.connector.users()
        assert raised.value.system == ready.connector.name

    # -- people and opportunities --------------------------------------------------------------------------

    def test_everybody_who_can_own_a_record_is_listed(self, rig: Rig) -> None:
        people = rig.connector.users()
        assert len({user.id for user in people}) == len(people) > 0
        assert any(user.active and user.email for user in people)

    def test_stages_say_which_of_them_end_a_deal_and_how(self, rig: Rig) -> None:
        stages = rig.connector.stages()
        assert any(stage.closed and stage.won for stage in stages)
        assert any(stage.closed and not stage.won for stage in stages)
        assert any(not stage.closed for stage in stages)
        assert all(0.0 <= stage.probability <= 1.0 for stage in stages)
        assert not any(stage.won and not stage.closed for stage in stages)

    def test_an_opportunity_comes_with_its_outcome_and_its_end(self, rig: Rig) -> None:
        stages = rig.connector.stages()
        won = next(stage for stage in stages if stage.won)
        open_ = next(stage for stage in stages if not stage.closed)
        one, two = rig.deal("Renewal", won.id, 1200.5), rig.deal("New", open_.id, 80000)
        rig.settle()
        first = list(rig.connector.opportunities(None))
        found = {deal.id: deal for page in first for deal in page.opportunities}
        assert (found[one].name, found[one].stage, found[one].amount) == ("Renewal", won.id, "1200.5")
        assert (found[one].closed, found[one].won) == (True, True)
        assert (found[two].closed, found[two].won, found[two].amount) == (False, False, "80000")
        rig.settle()
        rig.drop_deal(two)
        rig.settle()
        later = list(rig.connector.opportunities(first[-1].position))
        assert [gone.id for page in later for gone in page.removals] == [two]

    def test_values_that_records_hold_are_counted_but_for_those_that_are_known(self, ready: Rig) -> None:
        field = ready.field("tier")
        ready.connector.update_field(
            ready.object, tier(ready, "tier_1", "tier_2", *(f"old_{n}" for n in range(3)))
        )
        ready.settle()
        held = ["tier_1"] * 3 + ["tier_2"] * 2 + ["old_0"] * 4 + ["old_2"] + [None] * 2
        upsert(ready, **{f"k{n}": {ready.name: f"Acme {n}", field: value} for n, value in enumerate(held)})
        ready.settle()
        everything = ready.connector.value_counts(ready.object, field)
        assert dict(everything.values) == {"tier_1": 3, "tier_2": 2, "old_0": 4, "old_2": 1}
        before = ready.connector.calls
        others = ready.connector.value_counts(ready.object, field, besides=["tier_1", "tier_2", "nowhere"])
        assert (dict(others.values), others.others) == ({"old_0": 4, "old_2": 1}, 0)
        assert ready.connector.calls - before <= 3

    def test_counting_a_field_that_is_not_there_names_it(self, ready: Rig) -> None:
        wrong = ready.field("nowhere")
        with pytest.raises(Unsupported, match=wrong):
            ready.connector.value_counts(ready.object, wrong)

    def test_a_stage_that_is_missing_is_made_in_its_place_and_nobody_elses_changes(self, rig: Rig) -> None:
        before = [stage for stage in rig.connector.stages() if stage.active]
        wanted = replace(before[0], id="Signed at last", label="Signed at last", order=2, probability=0.55)
        for _ in range(2):
            rig.connector.create_stages([wanted])
            rig.settle()
            after = [stage for stage in rig.connector.stages() if stage.active]
            assert [stage.label for stage in after] == [
                *(stage.label for stage in before[:2]),
                "Signed at last",
                *(stage.label for stage in before[2:]),
            ]
            assert (after[2].closed, after[2].won, after[2].probability) == (False, False, 0.55)
            assert {replace(stage, order=0) for stage in after if stage.label != "Signed at last"} == {
                replace(stage, order=0) for stage in before
            }

    def test_a_stage_that_ends_a_deal_is_made_as_such(self, rig: Rig) -> None:
        model = rig.connector.stages()[0]
        ends = [
            replace(model, id=label, label=label, order=50, closed=True, won=won, probability=probability)
            for label, won, probability in (("Renewed", True, 1.0), ("Gave up", False, 0.0))
        ]
        rig.connector.create_stages(ends)
        rig.settle()
        made = {stage.label: (stage.closed, stage.won, stage.probability) for stage in rig.connector.stages()}
        assert made["Renewed"] == (True, True, 1.0)
        assert made["Gave up"] == (True, False, 0.0)

    # -- definitions ---------------------------------------------------------------------------------------

    def test_a_field_is_made_granted_and_then_described_as_it_was_asked_for(self, ready: Rig) -> None:
        schema = ready.connector.schema(ready.object)
        found = schema.fields[ready.field("tier")]
        assert (found.kind, found.label, found.custom, found.writable) == (FieldKind.ENUM, "Tier", True, True)
        assert [option.value for option in found.options if option.active] == ["tier_1", "tier_2"]
        unique = schema.fields[ready.field("key")]
        assert (unique.kind, unique.unique) == (FieldKind.TEXT, True)
        assert not {ready.field("tier"), ready.field("key")} & schema.invisible

    def test_making_and_granting_again_changes_nothing(self, ready: Rig) -> None:
        before = ready.connector.schema(ready.object)
        for definition in (key(ready), tier(ready)):
            ready.connector.create_field(ready.object, definition)
        ready.connector.grant(ready.object, [ready.field("key"), ready.field("tier")])
        ready.settle()
        assert ready.connector.schema(ready.object).fields == before.fields

    def test_a_field_of_another_form_under_the_same_name_is_refused(self, ready: Rig) -> None:
        number = FieldDefinition(
            name=ready.field("tier"), label="Tier", kind=FieldKind.NUMBER, precision=5, scale=2
        )
        with pytest.raises(Rejected) as refused:
            ready.connector.create_field(ready.object, number)
        assert ready.field("tier") in str(refused.value)

    def test_somebody_elses_option_survives_an_update_of_ours(self, ready: Rig) -> None:
        ready.connector.update_field(ready.object, tier(ready, "tier_1", "tier_2", "strategic"))
        ready.settle()
        ready.connector.update_field(
            ready.object, tier(ready, "tier_1", "tier_2", "tier_3", label="ABM tier")
        )
        ready.settle()
        found = ready.connector.schema(ready.object).fields[ready.field("tier")]
        assert found.label == "ABM tier"
        assert {option.value for option in found.options if option.active} == {
            "tier_1",
            "tier_2",
            "tier_3",
            "strategic",
        }

    def test_history_tells_each_value_of_a_field_and_who_gave_it(self, rig: Rig) -> None:
        rig.remember()
        id = rig.create("Acme")
        rig.settle()
        rig.rename(id, "Acme Ltd")
        rig.settle()
        rig.rename(id, "Acme Inc.")
        told = rig.connector.history(rig.object, [rig.name], [id])[id][rig.name]
        assert [version.value for version in told][:2] == ["Acme Inc.", "Acme Ltd"]
        assert all(version.by for version in told)
        assert not any(version.by_app for version in told)
        assert [version.at for version in told] == sorted((version.at for version in told), reverse=True)

    def test_history_of_what_is_not_there_is_empty(self, rig: Rig) -> None:
        id = rig.create("Acme")
        rig.delete(id)
        rig.settle()
        assert not rig.connector.history(rig.object, [rig.name], [id])


def missing(id: str) -> str:
    """An id of the same kind that no record has."""
    return f"{id[:3]}9{id[4:]}" if id.isdigit() else f"{id[:8]}zzzzzzz"
