"""HubSpot's own Python client, as strict as it gets, against the served portal.

`client_side_validation` makes the client refuse answers that lack what its models require.
"""

import warnings
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
import urllib3
from hubspot import HubSpot
from hubspot.crm import associations, companies, deals, objects, owners, pipelines, properties

from tests.emulator.hubspot.judged import Judged, where

pytestmark = [pytest.mark.client, pytest.mark.filterwarnings("ignore::DeprecationWarning:hubspot")]


@pytest.fixture
def version() -> str:
    """This client speaks the numbered paths alone."""
    return "v3"


@pytest.fixture
def official(hubspot: Judged) -> Iterator[Any]:
    """The client's families, each object kept: a new one would open a new connection pool."""
    client = HubSpot(access_token="pat-emulator", host=hubspot.base, client_side_validation=True)
    kept = SimpleNamespace(
        companies=client.crm.companies.basic_api,
        batch=client.crm.companies.batch_api,
        search=client.crm.companies.search_api,
        deals=client.crm.deals.basic_api,
        properties=client.crm.properties.core_api,
        groups=client.crm.properties.groups_api,
        property_batch=client.crm.properties.batch_api,
        pipelines=client.crm.pipelines.pipelines_api,
        stages=client.crm.pipelines.pipeline_stages_api,
        owners=client.crm.owners.owners_api,
        links=client.crm.associations.v4.basic_api,
        link_batch=client.crm.associations.v4.batch_api,
        labels=client.crm.associations.v4.schema.definitions_api,
        tokens=client.oauth.tokens_api,
        access_tokens=client.oauth.access_tokens_api,
    )
    yield kept
    for api in vars(kept).values():
        api.api_client.rest_client.pool_manager.clear()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            api.api_client.close()


def new(name: str, **values: str) -> Any:
    return companies.SimplePublicObjectInputForCreate(properties={"name": name} | values, associations=[])


def test_single_records(official: Any) -> None:
    made = official.companies.create(new("Acme", domain="acme.example"))
    found = official.companies.get_by_id(
        made.id, properties=["name", "city"], properties_with_history=["name"]
    )
    assert found.properties["name"] == "Acme"
    assert found.properties["city"] is None
    assert found.properties_with_history["name"][0].source_type == "INTEGRATION"
    changed = official.companies.update(
        made.id, companies.SimplePublicObjectInput(properties={"city": "Rome"})
    )
    assert changed.properties["city"] == "Rome"
    assert [one.id for one in official.companies.get_page().results] == [made.id]
    official.companies.archive(made.id)
    with pytest.raises(companies.ApiException) as caught:
        official.companies.get_by_id(made.id)
    assert caught.value.status == 404


def test_pages_are_followed(official: Any) -> None:
    inputs = [
        companies.SimplePublicObjectBatchInputForCreate(properties={"name": "x"}, associations=[])
    ] * 100
    for _ in range(2):
        official.batch.create(companies.BatchInputSimplePublicObjectBatchInputForCreate(inputs=inputs))
    seen: list[str] = []
    after = None
    while True:
        page = official.companies.get_page(limit=100, after=after)
        seen += [one.id for one in page.results]
        if page.paging is None:
            break
        after = page.paging.next.after
    assert len(set(seen)) == len(seen) == 200


def test_batches(official: Any) -> None:
    made = [official.companies.create(new(name)).id for name in "ab"]
    rows = [companies.SimplePublicObjectBatchInput(id=id, properties={"city": "Rome"}) for id in made]
    updated = official.batch.update(companies.BatchInputSimplePublicObjectBatchInput(inputs=rows))
    assert {row.id for row in updated.results} == set(made)
    ids = [companies.SimplePublicObjectId(id=id) for id in made]
    read = official.batch.read(
        companies.BatchReadInputSimplePublicObjectId(
            inputs=ids, properties=["city"], properties_with_history=[]
        )
    )
    assert {row.properties["city"] for row in read.results} == {"Rome"}
    official.batch.archive(companies.BatchInputSimplePublicObjectId(inputs=ids))
    assert official.companies.get_page().results == []


def test_an_upsert_by_a_property_made_through_the_client(official: Any) -> None:
    official.groups.create("companies", properties.PropertyGroupCreate(name="abm", label="ABM"))
    official.properties.create(
        "companies",
        properties.PropertyCreate(
            name="sf_account_id",
            label="Account",
            type="string",
            field_type="text",
            group_name="abm",
            has_unique_value=True,
        ),
    )
    row = companies.SimplePublicObjectBatchInputUpsert(
        id="001A", id_property="sf_account_id", properties={"name": "Acme"}
    )
    for expected in (True, False):
        answer = official.batch.upsert(companies.BatchInputSimplePublicObjectBatchInputUpsert(inputs=[row]))
        assert [result.new for result in answer.results] == [expected]


def test_search(official: Any, hubspot: Judged) -> None:
    made = official.companies.create(new("Acme")).id
    hubspot.advance(3)
    request = companies.PublicObjectSearchRequest(
        filter_groups=[{"filters": [where("name", "EQ", "acme")]}],
        sorts=[{"propertyName": "hs_object_id", "direction": "ASCENDING"}],
        properties=["name"],
        limit=200,
        after="0",
    )
    answer = official.search.do_search(request)
    assert (answer.total, answer.results[0].id) == (1, made)


def test_merging(official: Any) -> None:
    first, second = (official.companies.create(new(name)).id for name in "ab")
    merge = companies.PublicMergeInput(primary_object_id=first, object_id_to_merge=second)
    merged = official.companies.merge(merge)
    assert official.companies.get_by_id(second).id == merged.id


def test_definitions(official: Any) -> None:
    listed = {one.name: one for one in official.properties.get_all("companies").results}
    assert listed["hs_ideal_customer_profile"].options[0].value == "tier_1"
    assert listed["hs_lastmodifieddate"].modification_metadata.read_only_value is True
    official.groups.create("companies", properties.PropertyGroupCreate(name="abm", label="ABM"))
    spec = {"label": "x", "type": "string", "field_type": "text", "group_name": "abm"}
    rows = [properties.PropertyCreate(name=name, **spec) for name in ("one", "two")]
    made = official.property_batch.create("companies", properties.BatchInputPropertyCreate(inputs=rows))
    assert {one.name for one in made.results} == {"one", "two"}
    changed = official.properties.update("companies", "one", properties.PropertyUpdate(label="One"))
    assert changed.label == "One"
    official.properties.archive("companies", "one")
    with pytest.raises(properties.ApiException):
        official.properties.get_by_name("companies", "one")
    assert [group.name for group in official.groups.get_all("companies").results] == [
        "companyinformation",
        "abm",
    ]


def test_stages(official: Any) -> None:
    (pipeline,) = official.pipelines.get_all("deals").results
    won = next(stage for stage in pipeline.stages if stage.metadata["probability"] == "1.0")
    assert won.metadata["isClosed"] == "true"
    made = official.stages.create(
        "deals",
        "default",
        pipelines.PipelineStageInput(label="Legal", display_order=9, metadata={"probability": "0.95"}),
    )
    assert official.stages.get_by_id("deals", "default", made.id).label == "Legal"
    official.stages.archive("deals", "default", made.id)


def test_owners(official: Any) -> None:
    assert [owner.id for owner in official.owners.get_page(email="rep@example.com").results] == ["102"]
    (gone,) = official.owners.get_page(archived=True).results
    assert gone.user_id is None
    with pytest.raises(owners.ApiException):
        official.owners.get_by_id(4711)


def test_links(official: Any) -> None:
    company = official.companies.create(new("Acme")).id
    deal = official.deals.create(
        deals.SimplePublicObjectInputForCreate(properties={"dealname": "x"}, associations=[])
    ).id
    official.links.create_default("deals", deal, "companies", company)
    (row,) = official.links.get_page("deals", deal, "companies").results
    assert {kind.type_id for kind in row.association_types} == {5, 341}
    ids = [associations.v4.PublicFetchAssociationsBatchRequest(id=deal)]
    read = official.link_batch.get_page(
        "deals", "companies", associations.v4.BatchInputPublicFetchAssociationsBatchRequest(inputs=ids)
    )
    assert read.results[0].to[0].to_object_id == company
    assert {label.type_id for label in official.labels.get_all("deals", "companies").results} == {5, 341}
    official.links.archive("deals", deal, "companies", company)
    assert official.links.get_page("deals", deal, "companies").results == []


def test_tokens(official: Any) -> None:
    issued = official.tokens.create(
        grant_type="refresh_token",
        client_id="emulator",
        client_secret="emulator",
        refresh_token="emulator-refresh",
    )
    assert official.access_tokens.get(issued.access_token).hub_id == 24_680_135


def test_the_clients_own_retries_meet_a_burst(hubspot: Judged) -> None:
    hubspot.fault("F63", times=2)
    retry = urllib3.Retry(total=3, status_forcelist=(429,), allowed_methods=None, backoff_factor=0)
    client = HubSpot(access_token="pat-emulator", host=hubspot.base, retry=retry)
    api = client.crm.objects.basic_api
    made = api.create(
        "companies", objects.SimplePublicObjectInputForCreate(properties={"name": "x"}, associations=[])
    )
    assert made.id
    api.api_client.rest_client.pool_manager.clear()
