"""The Plan as data: its order, fingerprint, price and its way through a file."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.base import Limits
from sync.core.conflicts import Conflict, Seen
from sync.core.diff import CONFLICTS, Why
from sync.core.hold import Hold
from sync.core.matching.grounds import Ground, grounds
from sync.core.matching.match import Proposal
from sync.core.matching.question import MatchQuestion
from sync.core.plan import Agreement, Change, Closure, Create, Merge, Plan, price
from sync.core.plan_file import from_json, to_json, to_text
from sync.errors import StalePlan
from sync.model.inbox import match_key
from sync.model.records import TANDEM_ID, Base, Link, LinkId, NativeId, Record, RecordKey, SystemName
from tests.ids import HUBSPOT, SALESFORCE
from tests.sync.core.desk import NOON

WHYS = sorted(set(Why) - CONFLICTS - {Why.QUIET, Why.MET})
TEXTS = st.one_of(st.none(), st.text(max_size=5))
CHANGES = st.builds(
    Change,
    link_id=st.sampled_from(["tdm1", "tdm2"]),
    label=st.sampled_from(["Acme", "acme", "Bölt & Söhne"]),
    system=st.sampled_from(["salesforce", "hubspot"]),
    record_id=TEXTS,
    field=st.sampled_from(["tier", "stage", TANDEM_ID]),
    expected=TEXTS,
    value=TEXTS,
    why=st.sampled_from(WHYS),
    led_by=st.lists(st.sampled_from(["salesforce", "hubspot"]), max_size=2, unique=True).map(tuple),
    overrules=st.booleans(),
    fills=st.booleans(),
    rule=st.sampled_from(["", "two_way, on_conflict manual"]),
)
CREATES = st.builds(
    Create,
    link_id=st.sampled_from(["tdm1", "tdm2"]),
    label=st.just("Acme"),
    system=st.sampled_from(["salesforce", "hubspot"]),
    name=st.text(max_size=3),
    domain=TEXTS,
)


def by_place(item: Change | Create) -> tuple[str, ...]:
    return item.sort_key


PLANS = st.builds(
    Plan,
    created_at=st.integers(0, 9).map(lambda hours: NOON + timedelta(hours=hours)),
    identities=st.just({"salesforce": "00D1", "hubspot": "42"}),
    changes=st.lists(CHANGES, max_size=4, unique_by=by_place).map(tuple),
    creates=st.lists(CREATES, max_size=2, unique_by=by_place).map(tuple),
)


def a_change(**more: Any) -> Change:
    given: dict[str, Any] = {
        "link_id": "tdm1",
        "label": "Acme",
        "system": "hubspot",
        "record_id": "9",
        "field": "tier",
        "expected": None,
        "value": "tier_1",
        "why": Why.EDITED,
        "led_by": ("salesforce",),
    }
    return Change(**{**given, **more})


def a_plan(**more: Any) -> Plan:
    given: dict[str, Any] = {
        "created_at": NOON,
        "identities": {"salesforce": "00D1", "hubspot": "42"},
        "changes": (a_change(), a_change(system="salesforce", record_id="1")),
        "creates": (
            Create(link_id=LinkId("tdm2"), label="Bolt", system=HUBSPOT, name="Bolt", domain="bolt.io"),
        ),
    }
    return Plan(**{**given, **more})


def saved(plan: Plan) -> str:
    return to_text(plan)


# -- the file -----------------------------------------------------------------------------------------------


@given(PLANS)
def test_a_saved_plan_reads_back_as_it_was(plan: Plan) -> None:
    found = from_json(saved(plan), name="plan.json")
    assert (found.changes, found.creates) == (plan.changes, plan.creates)
    assert (found.created_at, found.identities) == (plan.created_at, plan.identities)
    assert found.fingerprint == plan.fingerprint


@given(PLANS, st.randoms(use_true_random=False))
def test_the_order_in_which_a_plan_was_found_decides_nothing(plan: Plan, random: Any) -> None:
    changes, creates = list(plan.changes), list(plan.creates)
    random.shuffle(changes)
    random.shuffle(creates)
    again = replace(plan, changes=tuple(changes), creates=tuple(creates), created_at=NOON)
    assert (again.changes, again.creates) == (plan.changes, plan.creates)
    assert again.fingerprint == plan.fingerprint


def test_a_plan_that_undoes_a_run_says_so_in_its_file_and_in_its_fingerprint() -> None:
    plan = a_plan(undoes="run-7")
    assert from_json(to_text(plan), name="plan.json").undoes == "run-7"
    assert plan.fingerprint != a_plan().fingerprint
    turned = to_text(plan).replace('"run-7"', '"run-8"')
    with pytest.raises(StalePlan, match="edited"):
        from_json(turned, name="plan.json")


def leaves(data: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if isinstance(data, dict | list) and data:
        for key, value in data.items() if isinstance(data, dict) else enumerate(data):
            yield from leaves(value, (*path, key))
    else:
        yield path


PROMISED = [
    path
    for path in leaves(to_json(a_plan()))
    if path[0] in ("changes", "creates", "identities") and path[-1] not in {"reason", "url"}
]


@pytest.mark.parametrize("path", PROMISED, ids=lambda path: ".".join(map(str, path)))
@pytest.mark.parametrize("value", ["edited", None, 5, True, ["x"], {}], ids=str)
def test_a_file_with_any_edited_value_is_refused(path: tuple[Any, ...], value: Any) -> None:
    data = json.loads(saved(a_plan()))
    place = data
    for key in path[:-1]:
        place = place[key]
    if place[path[-1]] == value and type(place[path[-1]]) is type(value):
        return
    place[path[-1]] = value
    with pytest.raises(StalePlan, match="edited") as refused:
        from_json(json.dumps(data), name="plan.json")
    assert refused.value.remedy == "Make a new one with: tandem plan -o FILE"
    assert refused.value.exit_code == 5


def without(*path: Any) -> Callable[[dict[str, Any]], object]:
    def cut(data: dict[str, Any]) -> object:
        place: Any = data
        for key in path[:-1]:
            place = place[key]
        return place.pop(path[-1])

    return cut


@pytest.mark.parametrize(
    "harm",
    [
        without("changes", 0),
        without("creates", 0),
        without("changes", 0, "value"),
        without("changes"),
        without("identities"),
        without("fingerprint"),
        lambda data: data.update(changes="none"),
        lambda data: data.update(changes=[{"reason": "x"}]),
        lambda data: data.update(created_at="yesterday"),
        lambda data: data.update(identities=["salesforce"]),
        lambda data: data["changes"][0].update(why="because"),
        lambda data: data["changes"][0].update(surprise=1),
        lambda data: data["changes"].reverse(),
        lambda data: data["identities"].update(salesforce="00D2"),
    ],
)
def test_a_damaged_file_is_refused_by_name_with_the_remedy(harm: Callable[[dict[str, Any]], object]) -> None:
    data = json.loads(saved(a_plan()))
    harm(data)
    with pytest.raises(
        StalePlan, match=r"plan\.json (is damaged or )?was edited|plan\.json is damaged"
    ) as refused:
        from_json(json.dumps(data), name="plan.json")
    assert refused.value.remedy is not None
    assert "tandem plan" in refused.value.remedy


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is not a saved Plan: "),
        (saved(a_plan())[:-40], "is not a saved Plan: "),
        ("[]", "is not a saved Plan of this version"),
        ('{"hello": 1}', "is not a saved Plan of this version"),
        (saved(a_plan()).replace('"format": 1,', '"format": 2,'), "is not a saved Plan of this version"),
    ],
)
def test_a_foreign_or_cut_off_file_is_refused(text: str, said: str) -> None:
    with pytest.raises(StalePlan, match=rf"^plan\.json {said}") as refused:
        from_json(text, name="plan.json")
    assert refused.value.remedy == "Make a new one with: tandem plan -o FILE"


def test_everything_that_a_reviewer_needs_is_in_the_file() -> None:
    record = Record(
        system=HUBSPOT, id=NativeId("9"), name="Dyn", domain="dyn.com", current={"owner": "a@b.io"}
    )
    other = Record(system=SALESFORCE, id=NativeId("8"))
    plan = a_plan(
        conflicts=(
            Conflict(
                link_id=LinkId("tdm3"),
                label="Core",
                field="tier",
                why=Why.BOTH_EDITED,
                base=Base("tier_3"),
                sides={
                    "salesforce": Seen(value="tier_1", observed="tier_3", at=NOON, by="Ann"),
                    "hubspot": Seen(value="tier_2", observed="tier_3"),
                },
                proposals={"salesforce": "tier_1"},
                id=12,
            ),
        ),
        proposals=(
            Proposal(
                link=Link(id=LinkId("tdm4"), label="Dyn", domain=None, evidence="same domain"),
                members=(record,),
                grounds=grounds(Ground.ALONE, (record,), "only in hubspot"),
            ),
        ),
        ambiguous=(MatchQuestion(records=(record, other), kind="name", reason="the same name", score=0.9),),
        held=(
            Hold(
                link_id=LinkId("tdm1"),
                label="Acme",
                system=HUBSPOT,
                field="owner",
                code="unwritable",
                message="no user",
                remedy="Add one.",
                waits_until=NOON,
            ),
        ),
        merges=(
            Merge(
                link_id=LinkId("tdm6"),
                label="Old",
                system=HUBSPOT,
                record_id=NativeId("5"),
                survivor=NativeId("6"),
            ),
        ),
        closures=(
            Closure(
                link_id=LinkId("tdm5"),
                label="Gone",
                system=HUBSPOT,
                record_id=NativeId("7"),
                reason="deleted",
            ),
        ),
        price={"hubspot": 2},
        linked=40,
    )
    data = to_json(plan, page=lambda system, id: f"https://{system}/{id}")
    assert json.loads(to_text(plan, page=lambda system, id: f"https://{system}/{id}")) == data
    assert data["conflicts"][0]["sides"]["salesforce"] == {
        "value": "tier_1",
        "observed": "tier_3",
        "at": "2026-03-02T12:00:00+00:00",
        "by": "Ann",
        "evidence": "the record's stamp",
    }
    assert data["conflicts"][0]["sides"]["hubspot"]["at"] is None
    assert data["conflicts"][0]["reason"] == "edited differently since they last agreed"
    dyn = {
        "system": "hubspot",
        "id": "9",
        "name": "Dyn",
        "domain": "dyn.com",
        "website": None,
        "owner": "a@b.io",
        "url": "https://hubspot/9",
    }
    nameless = dict.fromkeys(("name", "domain", "website", "owner"))
    assert data["links"] == [
        {
            "id": "tdm4",
            "label": "Dyn",
            "evidence": "same domain",
            "records": [["hubspot", "9"]],
            "score": 1.0,
            "likeness": 0.0,
            "unlike": False,
            "joins": False,
            "members": [dyn],
        }
    ]
    assert data["ambiguous"] == [
        {
            "key": match_key([RecordKey(HUBSPOT, NativeId("9")), RecordKey(SALESFORCE, NativeId("8"))]),
            "kind": "name",
            "reason": "the same name",
            "score": 0.9,
            "waits": False,
            "records": [["hubspot", "9"], ["salesforce", "8"]],
            "members": [dyn, nameless | {"system": "salesforce", "id": "8", "url": "https://salesforce/8"}],
        }
    ]
    assert data["merges"] == [
        {
            "link_id": "tdm6",
            "label": "Old",
            "system": "hubspot",
            "record_id": "5",
            "survivor": "6",
            "url": "https://hubspot/6",
        }
    ]
    assert (data["closures"][0]["url"], data["changes"][0]["url"]) == (
        "https://hubspot/7",
        f"https://{data['changes'][0]['system']}/{data['changes'][0]['record_id']}",
    )
    assert data["held"][0]["waits_until"] == "2026-03-02T12:00:00+00:00"
    assert data["closures"][0]["reason"] == "deleted"
    assert (data["price"], data["linked"], data["format"]) == ({"hubspot": 2}, 40, 1)
    assert [change["reason"] for change in data["changes"]] == 2 * ["edited in salesforce"]


def test_a_hold_that_waits_for_no_time_says_so() -> None:
    hold = Hold(
        link_id=LinkId("t"), label="A", system=SystemName("s"), field="", code="c", message="m", remedy="r"
    )
    assert to_json(a_plan(held=(hold,)))["held"][0]["waits_until"] is None


# -- figures --------------------------------------------------------------------------------------------------


def test_updates_and_creates_are_priced_in_calls_of_their_own() -> None:
    changes = [a_change(link_id=f"tdm{n}") for n in range(201)]
    changes += [a_change(link_id="tdm0", field="stage"), a_change(link_id="new", record_id=None)]
    creates = [Create(link_id=LinkId("new"), label="N", system=HUBSPOT, name="N", domain=None)]
    limits = Limits(write_batch=100, read_batch=100, page=100)
    calls = {"hubspot": limits.calls, "salesforce": limits.calls}
    assert price(changes, creates, calls) == {"hubspot": 4, "salesforce": 0}


def test_rows_enough_for_a_bulk_job_are_priced_as_one_and_what_is_left_over_in_batches() -> None:
    limits = Limits(
        write_batch=800,
        read_batch=2000,
        page=2000,
        bulk_from=6000,
        bulk_update_from=11_000,
        bulk_batch=50_000,
    )
    assert limits.writes(5999, creating=True) == [800] * 7 + [399]
    assert limits.writes(51_000, creating=True) == [50_000, 800, 200]
    assert (limits.writes(0, creating=True), limits.writes(6000, creating=True)) == ([], [6000])
    assert limits.writes(10_999, creating=False) == [800] * 13 + [599]
    made = [limits.calls(creating=rows, updating=0) for rows in (0, 5999, 6000, 51_000)]
    assert made == [0, 8, 8, 10]
    # Rows to update are read again, 2,000 a call, before a job that does not tell what stood there.
    changed = [limits.calls(creating=0, updating=rows) for rows in (0, 6000, 10_999, 11_000, 50_000)]
    assert changed == [0, 8, 14, 14, 33]
    assert limits.calls(creating=10, updating=10) == 2


def test_records_to_be_written_are_counted_once_and_creates_with_them() -> None:
    plan = a_plan(changes=(a_change(), a_change(field="stage"), a_change(link_id="tdm2", record_id=None)))
    assert plan.rows() == {"hubspot": 2}
    assert a_plan(changes=()).rows() == {"hubspot": 1}


def test_a_plan_is_empty_when_it_writes_nothing() -> None:
    assert a_plan(changes=(), creates=()).empty
    assert not a_plan(changes=()).empty
    assert not a_plan(creates=()).empty


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (a_change(led_by=("salesforce", "emea")), "edited in salesforce and emea"),
        (a_change(led_by=()), "the edit was taken back"),
        (a_change(why=Why.AGREED, led_by=("salesforce", "emea")), "same edit in salesforce and emea"),
        (a_change(why=Why.FILLED), "blank here, filled from salesforce"),
        (a_change(why=Why.FILLED, led_by=()), "blank here, filled from the Base"),
        (a_change(why=Why.FILLED, expected="x"), "filled from salesforce"),
        (a_change(why=Why.FILLED, expected="false", fills=True), "blank here, filled from salesforce"),
        (a_change(why=Why.LEADS, overrules=True), "salesforce leads; the value here is overruled"),
        (a_change(why=Why.NEWEST), "newest edit is salesforce's"),
        (a_change(why=Why.FURTHEST), "furthest stage is salesforce's"),
        (a_change(why=Why.PREFERRED), "the rule prefers salesforce"),
        (a_change(why=Why.PUSHED), "computed score"),
        (a_change(why=Why.PUSHED, field=TANDEM_ID), "marks the Link"),
        (a_change(why=Why.DECIDED), "decided by a person"),
        (a_change(why=Why.UNDONE, rule="undo of run 7"), "put back: undo of run 7"),
    ],
)
def test_every_change_says_why_in_a_few_words(change: Change, reason: str) -> None:
    assert change.reason == reason


# -- what is settled --------------------------------------------------------------------------------------------

AGREEMENT = Agreement(
    link_id=LinkId("tdm1"),
    field="tier",
    base=Base("tier_1"),
    observed={"salesforce": "tier_1", "hubspot": "tier_1", "emea": "tier_1"},
    after=("hubspot", "emea"),
)


def test_a_decision_is_settled_when_all_its_writes_are_confirmed_with_what_really_stands_there() -> None:
    settled = AGREEMENT.settled({"hubspot": "Tier_1", "emea": "tier_1"})
    assert settled is not None
    assert settled.base == Base("tier_1")
    assert settled.observed == {"salesforce": "tier_1", "hubspot": "Tier_1", "emea": "tier_1"}


def test_a_decision_that_some_systems_refused_settles_only_those_that_needed_no_write() -> None:
    settled = AGREEMENT.settled({"hubspot": "tier_1"})
    assert settled is not None
    assert (settled.base, settled.observed) == (None, {"salesforce": "tier_1"})


def test_a_decision_that_nobody_took_over_settles_nothing() -> None:
    assert AGREEMENT.settled({}) is None


def test_a_decision_that_writes_nothing_is_settled_at_once() -> None:
    settled = replace(AGREEMENT, after=()).settled({})
    assert settled is not None
    assert settled.base == Base("tier_1")
