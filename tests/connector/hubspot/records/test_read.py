"""What changed, what is there, and what became of the rest."""

import json
import time
from bisect import bisect_right
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.base import NativeRecord, Page
from connector.errors import Unavailable, Unsupported
from connector.hubspot.api.bodies import (
    ModifiedWindow,
    Position,
    by_asked_id,
    instant,
    milliseconds,
    record_of,
    search_body,
    written,
)
from connector.hubspot.client import HubSpotConnector
from tests.connector.hubspot.stub import (
    START,
    Clock,
    Pool,
    Said,
    Sent,
    archived,
    batch,
    company,
    properties,
    refusal,
    results,
    stamp,
    stubbed,
)

LIST = "GET /crm/v3/objects/companies"
SEARCH = "POST /crm/v3/objects/companies/search"
READ = "POST /crm/v3/objects/companies/batch/read"
PROPERTIES = "GET /crm/v3/properties/companies"

LONG_AGO = START - timedelta(days=30)


class Companies:
    """A portal with companies in it, answering list, search and batch read as HubSpot would."""

    def __init__(self, pool: Pool) -> None:
        self.live: dict[str, dict[str, Any]] = {}
        self.index: dict[str, datetime] = {}
        self.order: list[int] = []
        self.archive: dict[str, dict[str, Any]] = {}
        pool.on(PROPERTIES, properties("name", "tandem_tier", "tandem_key"))
        pool.on(LIST, self.list)
        pool.on(SEARCH, self.search)
        pool.on(READ, self.read)

    def put(self, id: str, at: datetime, **values: str | None) -> None:
        self.live[id] = company(id, at, **{"name": None, "tandem_tier": None, "tandem_key": None, **values})
        self.index[id] = at

    def list(self, sent: Sent) -> Said:
        held = self.archive if sent.query["archived"] == "true" else self.live
        ids = sorted(held, key=int)
        after = int(sent.query.get("after", "0"))
        page = [id for id in ids if int(id) >= after][:100]
        rest = [id for id in ids if page and int(id) > int(page[-1])]
        return results(*(held[id] for id in page), after=rest[0] if rest else None)

    def search(self, sent: Sent) -> Said:
        (group,) = sent.body["filterGroups"]
        since, upper, last = (int(rule["value"]) for rule in group["filters"])
        ids = sorted(map(int, self.index)) if len(self.order) != len(self.index) else self.order
        self.order = ids
        later = (str(id) for id in islice(ids, bisect_right(ids, last), None))
        within = (id for id in later if since <= milliseconds(self.index[id]) <= upper)
        found = list(islice(within, 201))
        page = [{**company(id, self.index[id])} for id in found[:200]]
        paging = {"paging": {"next": {"after": "200"}}} if len(found) > 200 else {}
        return Said({"total": len(found), "results": page, **paging})

    def read(self, sent: Sent) -> Said:
        held = self.archive if sent.query.get("archived") == "true" else self.live
        asked = [entry["id"] for entry in sent.inputs]
        # Never in the order asked for: nothing promises it.
        found = [held[id] for id in reversed(asked) if id in held]
        if len(found) == len(asked):
            return batch(*found)
        missing = [id for id in asked if id not in held]
        error = {
            "status": "error",
            "category": "OBJECT_NOT_FOUND",
            "message": "Could not get some COMPANY objects",
            "context": {"ids": missing},
        }
        return batch(*found, errors=[error])


@pytest.fixture
def companies(pool: Pool) -> Companies:
    return Companies(pool)


def all_of(pages: list[Page]) -> list[str]:
    return [record.id for page in pages for record in page.records]


def at(moment: datetime) -> str:
    return Position(until=moment).text()


# -- the first read ------------------------------------------------------------------------------------------


def test_the_first_read_lists_everything_and_searches_nothing(
    hubspot: HubSpotConnector, pool: Pool, companies: Companies
) -> None:
    for number in range(1, 251):
        companies.put(str(number), LONG_AGO, name=f"Company {number}")
    pages = list(hubspot.changes("companies", ["name"], None))
    assert all_of(pages) == [str(number) for number in range(1, 251)]
    assert pages[0].records[0].values == {"name": "Company 1"}
    assert pool.to(SEARCH) == []
    assert Position.of(pages[-1].position) == Position(until=START)


def test_the_first_read_too_leaves_out_what_was_seen(hubspot: HubSpotConnector, companies: Companies) -> None:
    companies.put("1", LONG_AGO)
    companies.put("2", START)
    pages = list(hubspot.changes("companies", ["name"], None, lambda versions: {"1"} & versions.keys()))
    assert all_of(pages) == ["2"]


def test_the_first_read_takes_up_where_it_was_broken_off(
    hubspot: HubSpotConnector, pool: Pool, companies: Companies, clock: Clock
) -> None:
    for number in range(1, 251):
        companies.put(str(number), LONG_AGO)
    first = next(iter(hubspot.changes("companies", ["name"], None)))
    clock.advance(3600)
    companies.put("7", clock.now() - timedelta(minutes=20), name="changed meanwhile")
    pages = list(hubspot.changes("companies", ["name"], first.position))
    assert all_of(pages) == [str(number) for number in range(101, 251)] + ["7"]
    assert Position.of(pages[-1].position).until == clock.now()


def test_names_too_long_for_an_address_are_asked_for_in_a_body(
    hubspot: HubSpotConnector, pool: Pool, companies: Companies
) -> None:
    names = [f"a_property_with_a_long_name_{number}" for number in range(200)]
    pool.on(PROPERTIES, properties(*names))
    companies.put("1", LONG_AGO, **dict.fromkeys(names))
    pages = list(hubspot.changes("companies", names, None))
    assert set(pages[0].records[0].values) == set(names)
    assert all(len(sent.query.get("properties", "")) < 4000 for sent in pool.to(LIST))
    assert len(pool.to(READ)) == 1


# -- later reads ---------------------------------------------------------------------------------------------


def test_an_idle_read_costs_two_calls_and_still_moves_the_position(
    hubspot: HubSpotConnector, pool: Pool, companies: Companies
) -> None:
    companies.put("1", LONG_AGO)
    list(hubspot.changes("companies", ["name"], at(LONG_AGO)))
    before = len(pool.sent)
    (page,) = hubspot.changes("companies", ["name"], at(START - timedelta(minutes=1)))
    assert len(pool.sent) - before == 2
    assert page.records == ()
    assert Position.of(page.position).until == START


def test_the_position_is_hubspots_time_at_the_start_and_never_later(
    hubspot: HubSpotConnector, companies: Companies, clock: Clock
) -> None:
    clock.at = START + timedelta(milliseconds=700)
    companies.put("1", clock.now() + timedelta(milliseconds=100), name="in this very second")
    (page,) = hubspot.changes("companies", ["name"], at(START - timedelta(minutes=1)))
    assert all_of([page]) == ["1"]
    assert Position.of(page.position).until == START


def test_a_later_read_looks_back_by_the_index_lag(
    hubspot: HubSpotConnector, pool: Pool, companies: Companies
) -> None:
    companies.put("1", START - timedelta(seconds=149), name="was not indexed then")
    companies.put("2", START - timedelta(seconds=151), name="was read then")
    assert all_of(list(hubspot.changes("companies", ["name"], at(START)))) == ["1"]


def test_what_was_seen_before_is_not_read_again(
    hubspot: HubSpotConnector, pool: Pool, companies: Companies
) -> None:
    companies.put("1", START - timedelta(seconds=10))
    companies.put("2", START - timedelta(seconds=20))
    asked: list[Mapping[str, datetime]] = []

    def seen(versions: Mapping[str, datetime]) -> set[str]:
        asked.append(versions)
        return {"1"}

    assert all_of(list(hubspot.changes("companies", ["name"], at(START), seen))) == ["2"]
    assert asked == [{"1": START - timedelta(seconds=10), "2": START - timedelta(seconds=20)}]


def test_values_are_read_from_the_record_and_never_from_the_index(
    hubspot: HubSpotConnector, companies: Companies
) -> None:
    companies.put("1", START - timedelta(seconds=5), name="new")
    companies.index["1"] = START - timedelta(seconds=60)
    (page,) = hubspot.changes("companies", ["name"], at(START))
    assert page.records[0].values["name"] == "new"
    assert page.records[0].modified_at == START - timedelta(seconds=5)


def test_the_oldest_stands_first_in_a_page(hubspot: HubSpotConnector, companies: Companies) -> None:
    companies.put("1", START - timedelta(seconds=5))
    companies.put("2", START - timedelta(seconds=50))
    assert all_of(list(hubspot.changes("companies", ["name"], at(START)))) == ["2", "1"]


def test_more_records_than_a_search_can_show_carry_one_stamp_and_all_are_read(
    hubspot: HubSpotConnector, pool: Pool, companies: Companies
) -> None:
    # A month-end job of HubSpot's stamps many thousands of records with one and the same millisecond.
    for number in range(1, 10_402):
        companies.put(str(number), START - timedelta(seconds=30))
    pages = list(hubspot.changes("companies", ["name"], at(START)))
    assert sorted(all_of(pages), key=int) == [str(number) for number in range(1, 10_402)]
    assert all("after" not in sent.body for sent in pool.to(SEARCH))
    assert len(pool.to(SEARCH)) == 53
    assert {sent.body["filterGroups"][0]["filters"][1]["value"] for sent in pool.to(SEARCH)} == {
        str(milliseconds(START) + 1000)
    }


def test_a_read_that_was_broken_off_goes_on_within_its_bounds(
    hubspot: HubSpotConnector, pool: Pool, companies: Companies, clock: Clock
) -> None:
    for number in range(1, 301):
        companies.put(str(number), START - timedelta(seconds=30))
    first = next(iter(hubspot.changes("companies", ["name"], at(START))))
    clock.advance(600)
    known: set[str] = set()

    def seen(versions: Mapping[str, datetime]) -> set[str]:
        again = known & versions.keys()
        known.update(versions)
        return again

    pages = list(hubspot.changes("companies", ["name"], first.position, seen))
    assert sorted(all_of(pages), key=int) == [str(number) for number in range(1, 301)]
    assert [Position.of(page.position).window is None for page in pages] == [True, False, True]
    assert sorted(all_of(pages[:1]), key=int) == [str(number) for number in range(201, 301)]
    assert Position.of(pages[-1].position) == Position(until=clock.now())


def test_thirty_thousand_changes_meet_no_limit_and_cost_no_call_too_many(clock: Clock) -> None:
    with stubbed(clock) as (hubspot, pool):
        companies = Companies(pool)
        for number in range(1, 30_001):
            companies.put(str(number), START - timedelta(seconds=30))
        began = time.process_time()
        count = sum(len(page.records) for page in hubspot.changes("companies", ["name"], at(START)))
        spent = time.process_time() - began
        assert count == 30_000
        assert len(pool.to(SEARCH)) == 151
        assert len(pool.to(READ)) == 300
        assert clock.now() - START >= timedelta(seconds=37)
        # The stub's own work counts too; the budget of a record is 0.3 ms without it.
        assert spent < 30_000 * 0.0006


def test_a_position_of_another_connector_is_refused(hubspot: HubSpotConnector, companies: Companies) -> None:
    with pytest.raises(ValueError, match="is no position of a HubSpot object"):
        list(hubspot.changes("companies", ["name"], "2026-11-02T12:00:00Z"))


# -- archived and merged -------------------------------------------------------------------------------------


def test_companies_archived_since_are_told_as_removals(
    hubspot: HubSpotConnector, companies: Companies
) -> None:
    companies.archive = {
        "1": archived("1", START - timedelta(hours=2)),
        "2": archived("2", START - timedelta(seconds=20)),
    }
    (page,) = hubspot.changes("companies", ["name"], at(START - timedelta(minutes=5)))
    assert [(gone.id, gone.at, gone.merged_into) for gone in page.removals] == [
        ("2", START - timedelta(seconds=20), None)
    ]


def test_every_page_of_the_archive_is_looked_through(
    hubspot: HubSpotConnector, pool: Pool, companies: Companies
) -> None:
    companies.archive = {
        str(number): archived(str(number), START - timedelta(days=number)) for number in range(1, 301)
    }
    companies.archive["999"] = archived("999", START - timedelta(seconds=20))
    (page,) = hubspot.changes("companies", ["name"], at(START - timedelta(minutes=5)))
    assert [gone.id for gone in page.removals] == ["999"]
    assert len(pool.to(LIST)) == 4


def test_the_survivor_of_a_merge_names_the_ids_that_were_merged_into_it(
    hubspot: HubSpotConnector, companies: Companies
) -> None:
    companies.put("300", START - timedelta(seconds=5), hs_merged_object_ids="100;200")
    (page,) = hubspot.changes("companies", ["name"], at(START))
    assert page.records[0].merged_ids == ("100", "200")


def test_two_stale_ids_of_one_survivor_are_one_record(
    hubspot: HubSpotConnector, companies: Companies
) -> None:
    companies.put("300", START - timedelta(days=1), hs_merged_object_ids="100;200")
    companies.live |= {"100": companies.live["300"], "200": companies.live["300"]}
    companies.index = {"100": START, "200": START}
    assert all_of(list(hubspot.changes("companies", ["name"], at(START)))) == ["300"]


# -- fields --------------------------------------------------------------------------------------------------


def test_an_unknown_field_is_named_before_anything_is_read(
    hubspot: HubSpotConnector, pool: Pool, companies: Companies
) -> None:
    with pytest.raises(Unsupported, match="tandem_teir"):
        list(hubspot.changes("companies", ["name", "tandem_teir"], None))
    assert pool.to(LIST) == []


def test_a_field_archived_while_the_service_runs_is_named(
    hubspot: HubSpotConnector, pool: Pool, companies: Companies
) -> None:
    companies.put("1", START - timedelta(seconds=5))
    list(hubspot.changes("companies", ["name", "tandem_tier"], at(START)))
    pool.on(PROPERTIES, properties("name"))
    del companies.live["1"]["properties"]["tandem_tier"]
    with pytest.raises(Unsupported, match="tandem_tier"):
        list(hubspot.changes("companies", ["name", "tandem_tier"], at(START)))


def test_a_field_that_was_never_set_may_be_left_out_of_an_answer(
    hubspot: HubSpotConnector, pool: Pool, companies: Companies
) -> None:
    companies.put("1", START - timedelta(seconds=5))
    del companies.live["1"]["properties"]["tandem_tier"]
    for _ in range(3):
        (page,) = hubspot.changes("companies", ["name", "tandem_tier"], at(START))
        assert page.records[0].values == {"name": None, "tandem_tier": None}
    assert len(pool.to(PROPERTIES)) == 1


# -- by id and key -------------------------------------------------------------------------------------------


def test_records_are_matched_by_id_and_absent_ones_are_left_out(
    hubspot: HubSpotConnector, companies: Companies
) -> None:
    for number in range(1, 251):
        companies.put(str(number), LONG_AGO, name=str(number))
    found = hubspot.read("companies", ["name"], [*map(str, range(1, 251)), "999"])
    assert len(found) == 250
    assert all(record.values["name"] == id for id, record in found.items())


def test_an_old_id_answers_with_the_survivor(
    hubspot: HubSpotConnector, pool: Pool, companies: Companies
) -> None:
    companies.put("300", LONG_AGO, name="survivor", hs_merged_object_ids="100;200")
    pool.on(READ, batch(companies.live["300"]))
    found = hubspot.read("companies", ["name"], ["100", "300", "5"])
    assert {id: record.id for id, record in found.items()} == {"100": "300", "300": "300"}


def test_records_are_found_by_a_unique_property(hubspot: HubSpotConnector, pool: Pool) -> None:
    pool.on(PROPERTIES, properties("name", "tandem_key"))
    pool.on(READ, batch(company("9", tandem_key="K-2", name="x"), company("8", tandem_key="k-1", name="y")))
    found = hubspot.read_by_key("companies", ["name"], "tandem_key", ["k-1", "k-2", "k-3"])
    assert {key: record.id for key, record in found.items()} == {"k-1": "8", "k-2": "9"}
    (sent,) = pool.to(READ)
    assert sent.body["idProperty"] == "tandem_key"
    assert sent.inputs == [{"id": "k-1"}, {"id": "k-2"}, {"id": "k-3"}]
    assert pool.to(SEARCH) == []


def test_a_key_that_is_not_unique_is_said_to_be_so(hubspot: HubSpotConnector, pool: Pool) -> None:
    pool.on(
        READ, refusal(400, "Unable to perform update/upsert by non-unique 0-2 property domain in portal ID 1")
    )
    with pytest.raises(Unsupported, match="non-unique"):
        hubspot.read_by_key("companies", ["name"], "domain", ["acme.example"])


@pytest.mark.parametrize("category", ["INTERNAL_ERROR", "VALIDATION_ERROR", "ANYTHING_NEW"])
def test_records_that_could_not_be_read_are_never_taken_for_missing(
    hubspot: HubSpotConnector, pool: Pool, category: str
) -> None:
    error = {"status": "error", "category": category, "message": "later", "context": {"ids": ["1"]}}
    pool.on(READ, batch(errors=[error]))
    with pytest.raises(Unavailable, match="later"):
        hubspot.read("companies", ["name"], ["1"])


def test_the_fate_of_ids_tells_archived_merged_and_invisible_apart(
    hubspot: HubSpotConnector, pool: Pool, companies: Companies
) -> None:
    companies.put("300", LONG_AGO, hs_merged_object_ids="100")
    companies.put("400", LONG_AGO)
    companies.archive = {"1": archived("1", START - timedelta(days=1))}
    pool.on("GET /crm/v3/objects/companies/100", Said(companies.live["300"]))
    pool.on("GET /crm/v3/objects/companies/5", refusal(404, "resource not found"))
    fate = hubspot.fate("companies", ["1", "100", "5", "400"])
    assert {id: (gone.at, gone.merged_into) for id, gone in fate.items()} == {
        "1": (START - timedelta(days=1), None),
        "100": (None, "300"),
    }


def test_the_fate_of_nothing_costs_nothing(hubspot: HubSpotConnector, pool: Pool) -> None:
    assert hubspot.fate("companies", []) == {}
    assert hubspot.read("companies", ["name"], []) == {}
    assert pool.sent == []


# -- spelling ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2025-11-03T23:36:13Z", datetime(2025, 11, 3, 23, 36, 13, tzinfo=UTC)),
        ("2025-11-03T23:36:13.632Z", datetime(2025, 11, 3, 23, 36, 13, 632000, tzinfo=UTC)),
        ("2025-11-03T23:36:13.000Z", datetime(2025, 11, 3, 23, 36, 13, tzinfo=UTC)),
        ("2025-11-04T01:36:13+02:00", datetime(2025, 11, 3, 23, 36, 13, tzinfo=UTC)),
        ("2025-11-03", datetime(2025, 11, 3, tzinfo=UTC)),
        ("1762212973632", datetime(2025, 11, 3, 23, 36, 13, 632000, tzinfo=UTC)),
        (1762212973632, datetime(2025, 11, 3, 23, 36, 13, 632000, tzinfo=UTC)),
        ("-1000", datetime(1969, 12, 31, 23, 59, 59, tzinfo=UTC)),
    ],
)
def test_stamps_are_read_in_each_of_their_forms(text: str | int, moment: datetime) -> None:
    assert instant(text) == moment


moments = st.integers(min_value=0, max_value=4_000_000_000_000).map(
    lambda count: datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=count)
)
windows = st.builds(
    ModifiedWindow, since=moments, upper=moments, after_id=st.from_regex(r"[0-9]{1,12}", fullmatch=True)
)


@given(moments)
def test_a_stamp_survives_printing_and_reading(moment: datetime) -> None:
    assert instant(stamp(moment)) == instant(str(milliseconds(moment))) == moment


@given(
    st.builds(Position, until=moments, list_after=st.none() | st.text(min_size=1), window=st.none() | windows)
)
def test_a_position_survives_being_stored(position: Position) -> None:
    assert Position.of(position.text()) == position


@pytest.mark.parametrize("text", ["", "{}", "[]", "5", '"x"', '{"until":"soon"}', '{"until":1,"since":2}'])
def test_a_text_that_is_no_position_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is no position"):
        Position.of(text)


@given(windows)
def test_a_search_keeps_within_what_hubspot_takes(window: ModifiedWindow) -> None:
    body = search_body(window)
    assert len(json.dumps(body)) < 3000
    assert len(body["filterGroups"][0]["filters"]) <= 6
    assert len(body["sorts"]) == 1


def test_values_are_written_as_text_and_a_blank_as_empty_text() -> None:
    assert written({"a": True, "b": False, "c": 3, "d": 1.5, "e": None, "f": "x"}) == {
        "a": "true",
        "b": "false",
        "c": "3",
        "d": "1.5",
        "e": "",
        "f": "x",
    }


def test_null_absent_and_false_stay_apart_from_each_other() -> None:
    item = company("1", is_target="false", tier=None)
    record = record_of(item, ["is_target", "tier", "absent"])
    assert record.values == {"is_target": "false", "tier": None, "absent": None}


def test_a_record_of_its_own_beats_a_survivor_that_names_its_id() -> None:
    alive = NativeRecord(id="1", values={}, modified_at=START)
    other = NativeRecord(id="2", values={}, modified_at=START, merged_ids=("1", "3"))
    assert by_asked_id([other, alive], ["1", "3"]) == {"1": alive, "3": other}
