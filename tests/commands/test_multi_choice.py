"""A value of a multi-choice that a CRM refuses holds its field and nothing else."""

from __future__ import annotations

from typing import Any

import pytest

from tests.scene import Scene

CANONICAL = """\
fields:
  regions:
    type: multi_enum
    label: Regions
    rule: {direction: two_way, on_conflict: manual}
    options:
      - {value: emea, label: EMEA}
      - {value: apac, label: APAC}
      - {value: latam, label: LATAM}
"""


@pytest.fixture
def regional(scene: Scene) -> Scene:
    """An account with a further field that takes several values at once."""
    folder = scene.world.folder / "mappings"
    folder.mkdir()
    (folder / "canonical.yaml").write_text(CANONICAL, encoding="utf-8")
    (folder / "salesforce.yaml").write_text("fields: {regions: {name: Regions__c}}\n", encoding="utf-8")
    (folder / "hubspot.yaml").write_text("fields: {regions: {name: tandem_regions}}\n", encoding="utf-8")
    scene.world.configure("scope: {accounts: all}", "mapping: mappings/")
    assert scene.run("provision", "apply", "--yes").code == 0
    scene.sales(Regions__c="emea;apac")
    scene.sync()
    assert scene.in_hubspot("tandem_regions") == "apac;emea"
    return scene


def held(scene: Scene) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = scene.run("held", "list", "--json").json
    return found


def test_hubspot_refuses_one_of_the_values(regional: Scene) -> None:
    definitions = regional.world.portal.shelf("companies").definitions
    options = [{"label": "EMEA", "value": "emea"}, {"label": "APAC", "value": "apac"}]
    definitions.change("tandem_regions", {"options": options}, now=regional.world.clock.now(), user=None)
    regional.sales(Regions__c="emea;latam", ABM_Tier__c="tier_1")
    regional.sync()
    assert regional.tiers == ("tier_1", "tier_1")
    assert regional.in_hubspot("tandem_regions") == "apac;emea"
    (item,) = held(regional)
    assert (item["system"], item["field"]) == ("hubspot", "regions")
    assert "latam" in item["message"]


def test_salesforce_refuses_one_of_the_values(regional: Scene) -> None:
    regional.world.salesforce.fault(
        fault="F39",
        rows=[regional.account],
        field="Regions__c",
        value="latam",
        times=2,
        match={"path": r"/services/data/v\d+\.0/composite"},
    )
    regional.marketing(tandem_regions="latam;emea", hs_ideal_customer_profile="tier_3")
    regional.sync()
    assert regional.tiers == ("tier_3", "tier_3")
    assert regional.in_salesforce("Regions__c") == "emea;apac"
    (item,) = held(regional)
    assert (item["system"], item["field"]) == ("salesforce", "regions")
