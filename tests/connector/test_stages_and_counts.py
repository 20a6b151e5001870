"""Counting values and adding stages where the CRMs make it hard: no grouping, long filters, SOAP, whole sets."""

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import requests

from connector.base import Connector, Stage
from connector.errors import AuthFailed, Rejected, Unavailable
from connector.hubspot.records.deal_bodies import placed_stages
from connector.hubspot.records.value_counts import MOST_NAMED, value_counts
from connector.salesforce.api import soql
from connector.salesforce.metadata.stages import create_stages
from emulator.kit.server import serve
from emulator.salesforce import definitions
from emulator.salesforce.schema.model import Field
from tests.world import World, open_world


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with open_world(tmp_path, serve=serve) as made:
        yield made


@pytest.fixture
def connectors(world: World) -> Iterator[dict[str, Connector]]:
    found = world.connect()
    yield found
    for connector in found.values():
        connector.close()


def stage(label: str, *, at: float = 0.5, order: int = 0, **more: Any) -> Stage:
    parts: dict[str, Any] = {"closed": False, "won": False, "pipeline": None, "pipeline_label": None, **more}
    return Stage(id=label, label=label, order=order, probability=at, **parts)


# -- HubSpot counts ------------------------------------------------------------------------------------------


def load(world: World, counts: dict[str, int]) -> None:
    rows = [{"name": "C", "industry": value} for value, count in counts.items() for _ in range(count)]
    world.portal.load("companies", iter(rows))
    world.clock.advance(60)


def test_values_on_more_records_than_a_page_are_counted_to_the_last(
    world: World, connectors: dict[str, Connector]
) -> None:
    counts = {"BANKING": 250, "COSMETICS": 201, "DAIRY": 3, "INSURANCE": 500}
    load(world, counts)
    found = connectors["hubspot"].value_counts("companies", "industry", besides=["INSURANCE"])
    assert dict(found.values) == {"BANKING": 250, "COSMETICS": 201, "DAIRY": 3}
    assert found.others == 0


def test_nothing_beyond_what_is_known_costs_one_search(
    world: World, connectors: dict[str, Connector]
) -> None:
    load(world, {"BANKING": 300})
    hubspot = connectors["hubspot"]
    hubspot.value_counts("companies", "industry", besides=["BANKING"])
    before = hubspot.calls
    assert not hubspot.value_counts("companies", "industry", besides=["BANKING"]).values
    assert hubspot.calls - before == 1


def test_a_filter_that_would_be_too_long_is_counted_by_elimination(
    world: World, connectors: dict[str, Connector]
) -> None:
    load(world, {"BANKING": 5, "DAIRY": 2})
    besides = ["BANKING", *(f"{'X' * 80}{n}" for n in range(50))]
    hubspot = connectors["hubspot"]
    hubspot.value_counts("companies", "industry", besides=["BANKING"])
    before = hubspot.calls
    found = hubspot.value_counts("companies", "industry", besides=besides)
    assert (dict(found.values), found.others) == ({}, 2)
    # All that hold something, and the 51 in two parts.
    assert hubspot.calls - before == 3


def test_no_more_values_are_named_than_was_said(world: World, connectors: dict[str, Connector]) -> None:
    industries = [
        option["value"]
        for option in world.portal.shelf("companies").definitions.properties["industry"].doc["options"]
    ][: MOST_NAMED + 5]
    load(world, dict.fromkeys(industries, 201))
    found = connectors["hubspot"].value_counts("companies", "industry")
    assert len(found.values) == MOST_NAMED
    assert found.others == 5 * 201


def test_a_text_on_more_records_than_a_page_is_counted_whatever_its_capitals(
    world: World, connectors: dict[str, Connector]
) -> None:
    counts = {"Gold": 150, "GOLD": 60, "Silver": 201, "Bronze": 3}
    world.portal.load("companies", iter([{"city": value} for value in counts for _ in range(counts[value])]))
    world.clock.advance(60)
    found = connectors["hubspot"].value_counts("companies", "city", besides=["silver"])
    assert (dict(found.values), found.others) == ({"Gold": 210, "Bronze": 3}, 0)


def test_a_late_index_that_goes_on_naming_a_value_is_not_asked_for_ever() -> None:
    page = {"total": 201, "results": [{"properties": {"city": "Gold"}}, {"properties": {"city": None}}]}
    transport: Any = SimpleNamespace(
        paths=SimpleNamespace(search=str), read=lambda *_, **__: SimpleNamespace(data=page)
    )
    found = value_counts(transport, "companies", "city", [], text=False)
    assert (dict(found.values), found.others) == ({"Gold": 201}, 201)


def test_salesforce_counts_no_value_that_is_known_in_other_capitals(
    world: World, connectors: dict[str, Connector]
) -> None:
    world.org.load("Account", [{"Name": "A", "BillingCity": "GOLD"}, {"Name": "B", "BillingCity": "Tin"}])
    found = connectors["salesforce"].value_counts("Account", "BillingCity", besides=["Gold"])
    assert dict(found.values) == {"Tin": 1}


def test_records_with_more_values_than_salesforce_tells_are_counted_among_the_others(
    world: World, connectors: dict[str, Connector], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(soql, "MOST_GROUPS", 2)
    cities = ["A", "A", "A", "B", "B", "C", "D", None]
    world.org.load("Account", [{"Name": "N", "BillingCity": city} for city in cities])
    found = connectors["salesforce"].value_counts("Account", "BillingCity", besides=["A"])
    assert (dict(found.values), found.others) == ({"B": 2}, 2)


def test_people_among_the_accounts_are_not_counted(world: World, connectors: dict[str, Connector]) -> None:
    flag = Field(name="IsPersonAccount", label="Is Person Account", type="boolean", nillable=False)
    world.org.schema.put_field("Account", flag)
    world.org.load(
        "Account",
        [{"Name": "A", "BillingCity": "Tin", "IsPersonAccount": person} for person in (True, True, False)],
    )
    assert dict(connectors["salesforce"].value_counts("Account", "BillingCity").values) == {"Tin": 1}


# -- HubSpot stages ------------------------------------------------------------------------------------------


def test_stages_are_placed_among_those_that_stand_and_none_twice() -> None:
    held = [stage("A"), stage("C", order=1)]
    wanted = [stage("B", order=1), stage(" a ", order=0), stage("D", order=99), stage("b", order=2)]
    assert [one.label for one in placed_stages(held, wanted)] == ["A", "B", "C", "D"]


def test_a_pipeline_that_is_not_there_is_refused(connectors: dict[str, Connector]) -> None:
    with pytest.raises(Rejected):
        connectors["hubspot"].create_stages([stage("A", pipeline="nowhere")])


# -- Salesforce stages ---------------------------------------------------------------------------------------


def test_a_retired_stage_comes_back_as_it_was(world: World, connectors: dict[str, Connector]) -> None:
    org = world.org
    before = {one.name: one for one in definitions.stages(org)}
    definitions.put_stages(org, [one for one in before.values() if one.name != "Needs Analysis"])
    connectors["salesforce"].create_stages([stage("Needs Analysis", at=0.9, order=2)])
    after = {one.name: one for one in definitions.stages(org)}
    assert after == before
    assert list(after) == list(before)


def test_a_stage_that_stands_costs_one_look_and_no_write(
    world: World, connectors: dict[str, Connector]
) -> None:
    salesforce = connectors["salesforce"]
    salesforce.identity()
    before = salesforce.calls
    salesforce.create_stages([stage("prospecting")])
    assert salesforce.calls - before == 1


def test_a_session_that_ended_is_renewed_in_the_middle_of_soap(
    world: World, connectors: dict[str, Connector]
) -> None:
    salesforce = connectors["salesforce"]
    salesforce.identity()
    requests.post(
        f"{world.salesforce.url}/__emulator__/expire_sessions", json={}, timeout=10
    ).raise_for_status()
    salesforce.create_stages([stage("Signed", order=3)])
    assert "Signed" in {one.name for one in definitions.stages(world.org)}


def test_the_crms_own_words_are_told_where_a_stage_is_refused(connectors: dict[str, Connector]) -> None:
    with pytest.raises(Rejected, match="won and must be closed") as refused:
        connectors["salesforce"].create_stages([stage("Odd", won=True)])
    assert refused.value.code == "FIELD_INTEGRITY_EXCEPTION"
    assert refused.value.system == "salesforce"


def test_without_the_right_to_customize_nothing_is_written_and_the_right_is_named(
    world: World, connectors: dict[str, Connector]
) -> None:
    org = world.org
    for row in list(org.store.rows("PermissionSet")):
        if row.get("PermissionsCustomizeApplication"):
            org.store.put("PermissionSet", {**row, "PermissionsCustomizeApplication": False})
    before = definitions.stages(org)
    with pytest.raises(AuthFailed, match="ModifyMetadata"):
        connectors["salesforce"].create_stages([stage("Signed")])
    assert definitions.stages(org) == before


def test_a_page_from_the_edge_in_place_of_soap_is_waited_out_and_then_told(
    world: World, connectors: dict[str, Connector]
) -> None:
    order = {"status": 503, "body": "<html>maintenance</html>", "match": {"path": "/services/Soap/"}}
    world.salesforce.fault(**order, times=2)
    connectors["salesforce"].create_stages([stage("Signed", order=3)])
    assert "Signed" in {one.name for one in definitions.stages(world.org)}
    world.salesforce.fault(**order, times=1000)
    with pytest.raises(Unavailable):
        connectors["salesforce"].create_stages([stage("Renewed", order=3)])


def test_f54_an_active_stage_that_a_read_leaves_out_is_written_all_the_same() -> None:
    """A set that is written without it would deactivate it."""
    sent: list[Any] = []

    def make(**parts: Any) -> Any:
        return SimpleNamespace(**{"isActive": None, **parts})

    class Api:
        StandardValue = staticmethod(make)

        class StandardValueSet(SimpleNamespace):
            @staticmethod
            def read(_names: list[str]) -> Any:
                held = [make(fullName="Prospecting"), make(fullName="Old", isActive=False)]
                return make(standardValue=held, sorted=False)

            @staticmethod
            def update(given: list[Any]) -> None:
                sent.extend(given)

    class Session:
        def metadata(self, work: Any, **_told: bool) -> Any:
            return work(Api())

    standing = [stage("Prospecting"), stage("Hidden", order=1), stage("Old", order=2, active=False)]
    create_stages(Session(), standing, [stage("New", at=0.25, order=1)])  # type: ignore[arg-type]
    (written,) = sent
    assert [value.fullName for value in written.standardValue] == ["Prospecting", "New", "Hidden", "Old"]
    new = written.standardValue[1]
    assert (new.probability, new.forecastCategory, new.closed) == (25, "Pipeline", False)
    assert written.standardValue[3].isActive is False
