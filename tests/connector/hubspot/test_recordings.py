"""Real answers of HubSpot, recorded by others, are understood."""

import json
from pathlib import Path
from typing import Any

import pytest

from connector.base import FieldKind
from connector.hubspot.api.bodies import record_of, result_of, stamps_of
from connector.hubspot.properties.bodies import definition_of
from tests import shared

pytestmark = [shared.needs_contracts, pytest.mark.judge]


def exchanges(contracts: Path, name: str) -> list[dict[str, Any]]:
    text = (contracts / "hubspot" / "recordings" / f"{name}.jsonl").read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines()]


@pytest.mark.parametrize("name", ["companies", "custom-object"])
def test_every_recorded_search_gives_ids_and_stamps(contracts: Path, name: str) -> None:
    found = 0
    for exchange in exchanges(contracts, f"hubspot-export-objects-export-records-{name}"):
        if exchange["path"].endswith("/search") and exchange["status"] == 200:
            stamps = stamps_of(exchange["response"])
            assert len(stamps) == len(exchange["response"]["results"])
            for item in exchange["response"]["results"]:
                record = record_of(item, ["name"])
                assert record.modified_at == stamps[record.id]
            found += len(stamps)
    assert found > 50


@pytest.mark.parametrize("name", ["companies", "custom-object"])
def test_every_recorded_update_tells_what_was_stored(contracts: Path, name: str) -> None:
    found = 0
    for exchange in exchanges(contracts, f"hubspot-export-objects-export-records-{name}"):
        if not exchange["path"].endswith("/batch/update"):
            continue
        sent = {row["id"]: row["properties"] for row in exchange["request"]["inputs"]}
        for item in exchange["response"]["results"]:
            result = result_of(item, sent[str(item["id"])])
            assert result.stored == sent[str(item["id"])]
            assert result.not_before is not None
            found += 1
    assert found > 10


def test_every_recorded_property_has_a_definition(contracts: Path) -> None:
    for exchange in exchanges(contracts, "hubspot-export-objects-destination-mapping-options"):
        definitions = [definition_of(item) for item in exchange["response"]["properties"]]
        assert len(definitions) > 5
        kinds = {definition.kind for definition in definitions}
        assert {FieldKind.TEXT, FieldKind.NUMBER, FieldKind.DATETIME} <= kinds
        odd = [definition.native_type for definition in definitions if definition.kind is FieldKind.OTHER]
        assert len(odd) < len(definitions) / 10
        stamp = next(one for one in definitions if one.name in {"hs_lastmodifieddate", "lastmodifieddate"})
        assert not stamp.writable
