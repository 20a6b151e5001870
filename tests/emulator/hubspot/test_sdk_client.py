"""HubSpot's own client for the version of 2026-03, validating every answer, against the served portal.

Its models take no null for a property, which HubSpot answers for a blank one (recorded answers): only properties with
values are asked for here.
"""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from hubspot_sdk import BadRequestError, HubSpot, NotFoundError

from tests.emulator.hubspot.judged import Judged

pytestmark = pytest.mark.client


@pytest.fixture
def version() -> str:
    """This client speaks 2026-03 alone."""
    return "2026-03"


@pytest.fixture
def sdk(hubspot: Judged) -> Iterator[Any]:
    with (
        httpx.Client(trust_env=False, timeout=30) as http,
        HubSpot(
            access_token="pat-emulator",
            base_url=hubspot.base,
            max_retries=0,
            http_client=http,
            _strict_response_validation=True,
        ) as client,
    ):
        yield client


def filters(value: str) -> list[dict[str, Any]]:
    return [{"filters": [{"propertyName": "name", "operator": "EQ", "value": value}]}]


def test_a_company_is_made_read_changed_found_and_removed(sdk: Any, hubspot: Judged) -> None:
    companies = sdk.crm.objects.companies
    made = companies.create(associations=[], properties={"name": "Acme", "domain": "acme.example"})
    assert companies.get(made.id, properties=["name"]).properties["name"] == "Acme"
    companies.update(made.id, properties={"name": "Bolt"})
    told = companies.get(made.id, properties_with_history=["name"]).properties_with_history["name"]
    assert [each.value for each in told] == ["Bolt", "Acme"]
    assert [each.id for each in companies.list(limit=5)] == [made.id]
    hubspot.advance(60)
    found = companies.search(
        after="0", filter_groups=filters("Bolt"), limit=10, properties=["name"], sorts=[]
    )
    assert (found.total, [each.id for each in found.results]) == (1, [made.id])
    companies.delete(made.id)
    with pytest.raises(NotFoundError):
        companies.get(made.id)


def test_batches_tell_what_failed_beside_what_did_not(sdk: Any) -> None:
    batch = sdk.crm.objects.companies.batch
    made = batch.create(
        inputs=[{"associations": [], "properties": {"name": name}} for name in ("Acme", "Bolt")]
    )
    ids = [each.id for each in made.results]
    asked = [{"id": id} for id in (*ids, "999999")]
    read = batch.get(inputs=asked, properties=["name"], properties_with_history=[])
    assert {each.id for each in read.results} == set(ids)
    assert [error["context"]["ids"] for error in read.model_dump()["errors"]] == [["999999"]]
    changed = batch.update(inputs=[{"id": id, "properties": {"city": "Oslo"}} for id in ids])
    assert {each.properties["city"] for each in changed.results} == {"Oslo"}


def test_definitions_are_made_read_and_refused(sdk: Any) -> None:
    definitions = sdk.crm.properties
    definitions.groups.create("companies", name="abm", label="ABM")
    assert "abm" in {group.name for group in definitions.groups.list("companies").results}
    wanted = {"group_name": "abm", "label": "Tier", "name": "tier", "type": "string", "field_type": "text"}
    assert definitions.create("companies", **wanted).label == "Tier"
    assert definitions.get("tier", object_type="companies").group_name == "abm"
    assert "tier" in {each.name for each in definitions.list("companies").results}
    with pytest.raises(BadRequestError):
        definitions.create("companies", **{**wanted, "name": "No Good"})


def test_owners_pipelines_deals_and_the_account_are_read(sdk: Any, hubspot: Judged) -> None:
    deal = hubspot.deal(amount="100", closedate="2026-12-31", dealstage="closedwon", pipeline="default")
    assert {owner.email for owner in sdk.crm.owners.list()} >= {"admin@example.com", "rep@example.com"}
    (pipeline,) = sdk.crm.pipelines.list("deals").results
    assert "closedwon" in {stage.id for stage in pipeline.stages}
    assert [each.id for each in sdk.crm.objects.deals.list(limit=3)] == [deal]
    assert sdk.account.get().portal_id
