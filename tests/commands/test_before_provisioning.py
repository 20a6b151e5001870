"""What somebody is told who plans before the fields are there."""

import pytest

from tests.world import World


@pytest.mark.parametrize(
    ("system", "fields"),
    [
        ("salesforce", "Tandem_Id__c, Target_Account__c, ABM_Tier__c, Engagement_Score__c, MQA_Stage__c"),
        ("hubspot", "tandem_engagement_score, tandem_id, tandem_mqa_stage"),
    ],
)
@pytest.mark.parametrize("command", [("plan",), ("apply", "--yes")])
def test_before_provisioning_the_missing_fields_are_named_with_the_command(
    world: World, command: tuple[str, ...], system: str, fields: str
) -> None:
    world.configure(systems=[system])
    ran = world.run(*command)
    assert ran.code == 1
    assert fields in ran.text
    assert "tandem provision apply" in ran.text
