"""Definitions of real orgs, as Salesforce described them to others, against the built-in mapping."""

import json
from pathlib import Path
from typing import Any

import pytest

from connector.base import ObjectSchema
from connector.salesforce.metadata.field_bodies import definition_from
from mappings.files.load import load
from provision.fields.adopt import refusals
from provision.fields.compare import compare
from provision.fields.state import Action, Standing
from provision.fields.translate import standing_of

MAPPING = load(None, {"salesforce": "salesforce"})
OURS = ["Tandem_Id__c", "Target_Account__c", "ABM_Tier__c", "Engagement_Score__c", "MQA_Stage__c"]

ORGS = pytest.mark.parametrize("recording", ["describe_Account", "describe_Account_PersonAccount"])


def described(contracts: Path, recording: str) -> Standing:
    body: dict[str, Any] = json.loads(
        (contracts / "salesforce" / "recordings" / f"{recording}.json").read_text(encoding="utf-8")
    )
    fields = {field["name"]: definition_from(field, frozenset(), {}) for field in body["fields"]}
    schema = ObjectSchema(object=body["name"], label=body["label"], fields=fields)
    return standing_of(schema, "salesforce")


@ORGS
def test_a_real_org_lacks_our_fields_and_nothing_stops_their_making(contracts: Path, recording: str) -> None:
    lines = compare(MAPPING, "salesforce", described(contracts, recording))
    assert [line.field for line in lines if line.action is Action.CREATE] == OURS
    assert not [line for line in lines if line.blocks]
    # Its history is switched on, and the one standard field of ours is tracked.
    changes = [(line.field, line.attribute) for line in lines if line.action is Action.CHANGE]
    assert changes == [("Account", "history"), ("OwnerId", "history")]


@ORGS
def test_every_read_only_field_of_a_real_org_is_refused_where_it_would_be_written(
    contracts: Path, recording: str
) -> None:
    standing = described(contracts, recording)
    spelled, score = MAPPING.systems["salesforce"], MAPPING.fields["engagement_score"]
    read_only = [field for field in standing.fields.values() if not field.writable]
    assert len(read_only) > 10
    for field in read_only:
        assert refusals(score, field, spelled, written=True, managed=False), field.name
    numbers = [
        field
        for field in standing.fields.values()
        if field.writable and field.native_type in {"Number", "Currency"} and (field.scale or 0) >= 2
    ]
    assert [refusals(score, field, spelled, written=True, managed=False) for field in numbers] == [
        [] for _ in numbers
    ]
